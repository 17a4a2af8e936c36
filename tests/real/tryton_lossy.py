"""A proxy between writer and server that loses what the test tells it to: the answer after the server acted, or the request before."""

from __future__ import annotations

import http.client
import re
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import urlsplit


class Lossy:
    """What is lost: the next calls that fit, after so many that go well."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.url = ""
        self.writes: list[str] = []
        """Method and path of every call that changes something and reached the server."""
        self._planned: list[dict[str, Any]] = []

    def lose(self, what: str, path: str = "", *, skip: int = 0, status: int = 0) -> None:
        """`answer`: done, and nobody hears of it. `request`: never arrives. `page`: done, and a page of HTML with this status comes."""
        self._planned.append({"what": what, "path": path, "skip": skip, "status": status})

    def fate(self, method: str, path: str) -> dict[str, Any] | None:
        for plan in self._planned:
            if method != "GET" and re.search(plan["path"], path):
                if plan["skip"]:
                    plan["skip"] -= 1
                    continue
                self._planned.remove(plan)
                return plan
        return None


@contextmanager
def lossy(url: str) -> Iterator[Lossy]:
    """A proxy before this server, on a port of its own."""
    proxy = Lossy(urlsplit(url).netloc)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.0"  # a connection for each call: when the proxy is gone, nothing goes through

        def log_message(self, *_args: Any) -> None:
            """Say nothing."""

        def forward(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            fate = proxy.fate(self.command, self.path)
            if fate and fate["what"] == "request":
                self.close_connection = True
                return
            upstream = http.client.HTTPConnection(proxy.address, timeout=60)
            upstream.request(self.command, self.path, body, {name: value for name, value in self.headers.items() if name != "Host"})
            answer = upstream.getresponse()
            data = answer.read()
            if self.command != "GET":
                proxy.writes.append(f"{self.command} {urlsplit(self.path).path.split('/model/')[-1]}")
            if fate and fate["what"] == "answer":
                self.close_connection = True
                return
            status, headers = answer.status, answer.getheaders()
            if fate:
                status, data, headers = fate["status"], b"<title>400 Bad Request</title>", [("Content-Type", "text/html")]
            self.send_response(status)
            for name, value in headers:
                if name.lower() not in ("transfer-encoding", "connection", "content-length", "date", "server"):
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)
            upstream.close()

        do_GET = do_POST = do_PUT = do_DELETE = forward  # noqa: N815 (http.server's names)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        proxy.url = f"http://127.0.0.1:{server.server_address[1]}"
        try:
            yield proxy
        finally:
            server.shutdown()
            thread.join(5)
