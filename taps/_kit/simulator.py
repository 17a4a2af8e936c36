"""What the simulators of vendors share: a small ASGI application with routes, a movable clock, a log of every call, and faults by script.

A simulator is state and rules; each rule cites the vendor's fact that it stands for. It needs the extra `sandbox` (uvicorn) to be served,
and nothing to be called in process.

Faults, as FaultScript knows them; "before" means that nothing was done, "after" that it was:

    drop_before, drop_after     the connection ends without an answer
    truncate                    done, and half of the answer
    html                        a page of HTML with status 200, nothing done
    status_before, status_after a status of choice (500, 502, 503)
    throttle                    429, with Retry-After as given: seconds, a date, or nothing
    unauthorized                401 although the token is good
"""

from __future__ import annotations

import json
import random
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, unquote

import msgspec

from taps._kit.errors import Misconfigured

_encode = msgspec.json.Encoder(decimal_format="number").encode
_ERROR = 400
_PIECE = 1 << 16


class Request(NamedTuple):
    """One call as a simulator sees it. `body` is its JSON with Decimals, form fields as a mapping, or text."""

    method: str
    path: str
    query: dict[str, str]
    """A name that comes several times has its values with commas between them."""
    headers: dict[str, str]
    """Names in small letters."""
    body: Any


@dataclass(slots=True)
class Response:
    """An answer. Of `body` JSON is made, unless it is bytes, or the path of a file that is sent piece by piece."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)


class Exchange(NamedTuple):
    """What the log keeps of a call, in order: the checker reads it."""

    at: datetime
    request: Request
    status: int
    """0 where the connection was dropped."""
    fault: str


@dataclass(slots=True)
class Clock:
    """A simulator's time: stands until it is moved."""

    now: datetime = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **by: float) -> None:
        """Move on: `forward(minutes=5)`."""
        self.now += timedelta(**by)

    def sleep(self, seconds: float) -> None:
        """What a client's sleep does here."""
        self.forward(seconds=seconds)


@dataclass(slots=True)
class Fault:
    """One planned fault: the next `times` calls that fit get it."""

    kind: str
    method: str = ""
    path: str = ""
    """Regular expression that the path must contain; empty: any."""
    times: int = 1
    status: int = 500
    retry_after: str = ""
    skip: int = 0
    """So many fitting calls go well before it."""


@dataclass(slots=True)
class FaultScript:
    """Planned faults, and faults by chance from a seed."""

    planned: list[Fault] = field(default_factory=list)
    chance: float = 0.0
    spared: str = "token"
    """Paths with this in them have no fault by chance: an answer of a log-in server that is lost may need a person."""
    kinds: tuple[str, ...] = ("drop_before", "drop_after", "truncate", "html", "status_before", "status_after", "throttle")
    random: random.Random = field(default_factory=lambda: random.Random(0))  # noqa: S311 (chance to be repeated, not secrecy)

    def add(self, kind: str, **how: Any) -> None:
        """Plan a fault; see Fault."""
        self.planned.append(Fault(kind, **how))

    def pick(self, request: Request) -> Fault | None:
        """The fault of this call."""
        for fault in self.planned:
            if fault.times and fault.method in ("", request.method) and re.search(fault.path, request.path):
                if fault.skip:
                    fault.skip -= 1
                    continue
                fault.times -= 1
                return fault
        if self.chance and self.spared not in request.path and self.random.random() < self.chance:
            return Fault(self.random.choice(self.kinds), retry_after="1", status=self.random.choice((500, 502, 503)))
        return None


Handler = Callable[..., Response]


class Simulator:
    """Base of a vendor's simulator: subclasses register handlers with `route` in `__init__`; one call at a time."""

    def __init__(self, *, clock: Clock | None = None) -> None:
        self.clock = clock or Clock()
        self.faults = FaultScript()
        self.log: list[Exchange] = []
        self.interludes: list[Callable[[Request], None]] = []
        """What happens in the world just before each call is answered: a row moves while somebody pages."""
        self._routes: list[tuple[str, re.Pattern[str], Handler]] = []
        self._lock = threading.Lock()

    def route(self, method: str, pattern: str, handler: Handler) -> None:
        """Answer `method` on paths that match `pattern` as a whole; `{name}` stands for one segment and is handed over by name."""
        expression = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", pattern)
        self._routes.append((method, re.compile(expression + r"/?"), handler))

    def missing(self, _request: Request) -> Response:
        """The vendor's answer to a path that is not there."""
        return Response(404, {"message": "not found"})

    def unauthorized(self, _request: Request) -> Response:
        """The vendor's answer to a token that is not good."""
        return Response(401, {"message": "unauthorized"})

    def before(self, _request: Request) -> Response | None:
        """What is asked of every call before its handler: tokens, limits. None: go on."""
        return None

    def handle(self, request: Request) -> Response:
        """The answer without faults."""
        early = self.before(request)
        if early is not None:
            return early
        for method, pattern, handler in self._routes:
            match = pattern.fullmatch(request.path)
            if match and method == request.method:
                return handler(request, **{name: unquote(value) for name, value in match.groupdict().items()})
        return self.missing(request)

    def answer(self, request: Request) -> tuple[Response | None, str]:
        """The answer with faults, and the fault; None: the connection ends without one."""
        with self._lock:
            for happens in self.interludes:
                happens(request)
            fault = self.faults.pick(request)
            response = self._faulty(request, fault) if fault else self.handle(request)
            self.log.append(Exchange(self.clock(), request, response.status if response else 0, fault.kind if fault else ""))
            return response, fault.kind if fault else ""

    def _faulty(self, request: Request, fault: Fault) -> Response | None:
        if fault.kind in ("drop_after", "status_after", "truncate"):
            done = self.handle(request)
            half = None if done.body is None else done  # of an answer without a body, half is a connection that broke in its head
            return {"drop_after": None, "status_after": Response(fault.status, {"message": "fault"}), "truncate": half}[fault.kind]
        instead = {
            "drop_before": None,
            "html": Response(200, b"<html><body>Down for maintenance</body></html>", {"content-type": "text/html"}),
            "status_before": Response(fault.status, {"message": "fault"}),
            "throttle": Response(429, {"message": "too fast"}, {"retry-after": fault.retry_after} if fault.retry_after else {}),
            "unauthorized": self.unauthorized(request),
        }
        return instead[fault.kind]

    # ── ASGI ──

    async def __call__(self, scope: Mapping[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        data = b""
        while True:
            message = await receive()
            data += message.get("body", b"")
            if not message.get("more_body"):
                break
        response, fault = self.answer(_request(scope, data))
        if response is None:
            # Headers that promise more than comes: the server then ends the connection, and the client has nothing it could believe.
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"1000000")]})
            return
        size, pieces = _pieces(response.body)
        headers = {"content-type": "application/json", **response.headers, "content-length": str(size)}
        raw = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": response.status, "headers": raw})
        left = size // 2 if fault == "truncate" else size
        for piece in pieces:
            await send({"type": "http.response.body", "body": piece[:left], "more_body": True})
            left -= len(piece)
            if left <= 0:
                break
        if fault != "truncate":
            await send({"type": "http.response.body", "body": b""})


def _pieces(body: Any) -> tuple[int, Iterator[bytes]]:
    """The size of an answer's body, and the body in pieces."""
    if isinstance(body, Path):
        return body.stat().st_size, _of_file(body)
    data = body if isinstance(body, bytes) else b"" if body is None else _encode(body)
    return len(data), iter([data])


def _of_file(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            yield piece


def _request(scope: Mapping[str, Any], data: bytes) -> Request:
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
    query = query_of(scope["query_string"].decode("latin-1"))
    return Request(scope["method"], scope["path"], query, headers, body_of(headers.get("content-type", ""), data))


def query_of(text: str) -> dict[str, str]:
    """The query of an address; what stands there several times is one value with commas."""
    query: dict[str, str] = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        query[name] = f"{query[name]},{value}" if name in query else value
    return query


def body_of(kind: str, data: bytes) -> Any:
    """What a simulator sees of a body of this content type."""
    if not data:
        return None
    text = data.decode("utf-8", "replace")
    if "x-www-form-urlencoded" in kind:
        return dict(parse_qsl(text, keep_blank_values=True))
    try:
        return json.loads(text, parse_float=Decimal)
    except ValueError:
        return text


@contextmanager
def serve(simulator: Simulator, port: int = 0) -> Iterator[str]:
    """Serve on a loopback port, 0 for one of the system's choice, in a thread of this process; its base URL.

    Raises Misconfigured without uvicorn, and where the port cannot be had.
    """
    try:
        from taps._kit.serving import Serving  # noqa: PLC0415 (the extra `sandbox`)
    except ImportError:
        raise Misconfigured("Simulators need the extra `sandbox`: pip install 'counterfoil[sandbox]'.") from None
    server = Serving(simulator, port)
    thread = threading.Thread(target=server.run, name=f"simulator {type(simulator).__name__}", daemon=True)
    thread.start()
    try:
        while not server.started:
            if not thread.is_alive():
                raise Misconfigured(f"The simulator could not be started: {f'port {port} is taken' if port else 'there is no free port'}.")
            thread.join(0.005)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.leave()
        thread.join(10)
