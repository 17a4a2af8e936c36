"""A real Tryton for the tests: the seeded company of the shared folder on a PostgreSQL of our own, and one server over all its copies.

Tryton is GPL: it lives in a virtual environment of its own under build/, runs as a process of its own, and is spoken to over HTTP. The
shared bootstrap seeds one database; each test copies it, which takes a quarter of a second.
"""

from __future__ import annotations

import base64
import ctypes
import fcntl
import hashlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests._kit import postgres

_ANSWERS_WITHIN = 60.0
_DRIVER = """
import importlib.util, pathlib, subprocess, sys
spec = importlib.util.spec_from_file_location("bootstrap", sys.argv.pop(1))
bootstrap = importlib.util.module_from_spec(spec)
spec.loader.exec_module(bootstrap)
def start_postgres(run, port):  # the cluster is there already
    subprocess.run(["createdb", "-h", "127.0.0.1", "-p", str(port), "-U", "tryton", "erp"], check=True)
bootstrap.start_postgres = start_postgres
bootstrap.main()
"""


class NoTryton(Exception):
    """The server cannot be had on this machine; the message says why."""


@dataclass(frozen=True)
class Erp:
    """The running server. `state` is what the bootstrap tells of its seeded company: ids by name, the REST key."""

    url: str
    state: dict[str, Any]
    cluster: postgres.Server

    @property
    def key(self) -> str:
        """The REST key; a copy of the database has the same."""
        return str(self.state["rest_key"])

    @contextmanager
    def copy(self) -> Iterator[Books]:
        """A copy of the seeded database, dropped afterwards."""
        name = f"t_{os.urandom(6).hex()}"
        with self.cluster.connect() as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE erp OWNER tryton STRATEGY file_copy".encode())
        try:
            yield Books(self, name)
        finally:
            self.cluster.drop(name)


def _packed(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode()


def amount(value: Any) -> Any:
    """A decimal as Tryton writes it."""
    return {"__class__": "Decimal", "decimal": str(value)}


def day(iso: str) -> dict[str, Any]:
    """A date as Tryton writes it."""
    year, month, number = map(int, iso.split("-"))
    return {"__class__": "date", "year": year, "month": month, "day": number}


@dataclass(frozen=True)
class Books:
    """One database, spoken to without any of the product's code: the judge's side, and a person at the keyboard."""

    erp: Erp
    database: str

    @property
    def ids(self) -> dict[str, Any]:
        """Ids of what the bootstrap seeded, by name."""
        ids: dict[str, Any] = self.erp.state["ids"]
        return ids

    def ask(self, method: str, path: str, body: Any = None, *, fields: tuple[str, ...] = (), context: Any = None, **query: Any) -> Any:
        """One call; its JSON. HTTPError where it is refused."""
        pairs = [f"f={name}" for name in fields] + [f"{name}={_packed(value)}" for name, value in query.items()]
        url = f"{self.erp.url}/{self.database}/rest/model/{path}?{'&'.join(pairs)}"
        headers = {"Authorization": f"bearer {self.erp.key}", "Content-Type": "application/json"}
        headers["X-Tryton-Context"] = _packed({"company": 1, **(context or {})})
        data = None if body is None else json.dumps(body).encode()
        with urllib.request.urlopen(urllib.request.Request(url, data, headers, method=method), timeout=60) as answer:
            return json.loads(answer.read() or b"null")

    def search(self, model: str, domain: Any, *fields: str, context: Any = None, order: Any = (("id", "ASC"),)) -> list[dict[str, Any]]:
        """Records of a model."""
        found: list[dict[str, Any]] = self.ask("GET", model, fields=fields, context=context, d=domain, o=order)
        return found

    def sql(self, query: str) -> list[tuple[Any, ...]]:
        """Rows straight from its tables: what no program in between can embellish."""
        import psycopg

        cluster = self.erp.cluster
        with psycopg.connect(host=str(cluster.folder), port=cluster.port, user="postgres", dbname=self.database) as connection:
            return connection.execute(query.encode()).fetchall()


# ── starting it ──


@contextmanager
def erp(shared: Path, build: Path) -> Iterator[Erp]:
    """Install where needed, seed, serve. Raises NoTryton, NoPostgres."""
    source = shared / "tryton"
    if not (source / "bootstrap.py").is_file():
        raise NoTryton("the shared folder has no tryton/bootstrap.py")
    python = _venv(source, build / "tryton")
    port = _free_port()
    with postgres.server(port) as cluster:
        run = cluster.folder / "tryton"
        with cluster.connect() as connection:
            connection.execute("CREATE ROLE tryton SUPERUSER LOGIN")
        state = _seed(source, python, run, port)
        with cluster.connect() as connection:
            connection.execute("ALTER DATABASE erp IS_TEMPLATE true")  # the server lists, and opens, every other database
        with _served(python, run, port) as url:
            yield Erp(url, state, cluster)


def _venv(source: Path, folder: Path) -> Path:
    """The Python of a virtual environment with the locked releases, made once."""
    lock = source / "requirements.lock.txt"
    name = hashlib.sha256(lock.read_bytes() + sys.version.encode()).hexdigest()[:12]
    folder.mkdir(parents=True, exist_ok=True)
    made, ready = folder / name, folder / name / "ready"
    with (folder / "lock").open("w") as alone:
        fcntl.flock(alone, fcntl.LOCK_EX)
        if not ready.exists():
            base = getattr(sys, "_base_executable", sys.executable)
            steps = ([base, "-m", "venv", "--clear", made], [made / "bin/pip", "install", "-qq", "--disable-pip-version-check", "-r", lock])
            for step in steps:
                done = subprocess.run([str(part) for part in step], capture_output=True, text=True, check=False)
                if done.returncode:
                    raise NoTryton(f"{step[1]} {step[2]} failed: {done.stderr.strip()[-400:]}")
            ready.touch()
    return made / "bin/python"


def _environment() -> dict[str, str]:
    """The PostgreSQL programs on the path."""
    path = f"{postgres.binaries()}{os.pathsep}{os.environ.get('PATH', '')}"
    return {**os.environ, "PATH": path, "TZ": "UTC"}


def _seed(source: Path, python: Path, run: Path, port: int) -> dict[str, Any]:
    command = [python, "-c", _DRIVER, source / "bootstrap.py", "--backend", "postgresql", "--no-serve", "--run", run]
    command += ["--pg-port", port]
    done = subprocess.run([str(part) for part in command], env=_environment(), capture_output=True, text=True, check=False)
    if done.returncode:
        raise NoTryton(f"the bootstrap failed: {(done.stderr or done.stdout).strip()[-600:]}")
    state: dict[str, Any] = json.loads((run / "state.json").read_text())
    return state


@contextmanager
def _served(python: Path, run: Path, port: int) -> Iterator[str]:
    web = _free_port()
    conf = run / "server.conf"
    # session.timeout is also how long a list of databases is believed
    conf.write_text(f"[database]\nuri = postgresql://tryton@127.0.0.1:{port}/\n[web]\nlisten = 127.0.0.1:{web}\n[session]\ntimeout = 0\n")
    log = run / "server.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [str(python.parent / "trytond"), "-c", str(conf)],
            stdout=out,
            stderr=out,
            env=_environment(),
            preexec_fn=_die_with_parent,  # noqa: PLW1509
        )
    try:
        url = f"http://127.0.0.1:{web}"
        _wait(process, url, log)
        yield url
    finally:
        process.kill()  # it holds nothing that must be kept, and takes eight seconds to say goodbye
        process.wait(10)
        shutil.rmtree(run, ignore_errors=True)


def _die_with_parent() -> None:
    os.setpgid(0, 0)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)


def _wait(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    body = json.dumps({"id": 0, "method": "common.server.version", "params": []}).encode()
    ask = urllib.request.Request(f"{url}/rpc/", body, {"Content-Type": "application/json"})
    end = time.monotonic() + _ANSWERS_WITHIN
    while True:
        try:
            urllib.request.urlopen(ask, timeout=5).close()
        except OSError:
            if process.poll() is not None or time.monotonic() > end:
                raise NoTryton(f"trytond does not answer: {log.read_text(errors='replace').strip()[-400:]}") from None
            time.sleep(0.1)
        else:
            return


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])
