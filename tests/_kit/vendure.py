"""A real Vendure for the tests: installed once from npm, seeded once, each server on a copy of the seeded database.

Vendure is GPL-3: it lives in a folder of its own under build/, runs as a process of its own, and is spoken to over HTTP. What is installed,
how it is configured and what its shop sells come from the shared folder. Its database is our PostgreSQL, so that nothing is compiled.
"""

from __future__ import annotations

import ctypes
import fcntl
import hashlib
import json
import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests._kit import postgres

_STARTS_WITHIN = 120.0
_INSTALLS_WITHIN = 900.0
_PARTS = ("package.json", "package-lock.json", "config.js", "seed.js", "index.js", "products.csv")
_CONFIG = """
const shared = require('./shared.js');
exports.config = {
  ...shared.config,
  apiOptions: { ...shared.config.apiOptions, port: +process.env.PORT },
  authOptions: { ...shared.config.authOptions, tokenMethod: ['bearer', 'api-key'] },
  dbConnectionOptions: {
    type: 'postgres', host: process.env.PGHOST, username: 'postgres', database: process.env.PGDATABASE,
    synchronize: process.env.SYNC === '1', logging: false,
  },
};
"""
"""Of the shared configuration, what is other here: where the data lies, and that API keys are taken."""


class NoVendure(Exception):
    """The server cannot be had on this machine; the message says why."""


class Shops:
    """An installation with a seeded database; `shop` starts a server on a copy."""

    def __init__(self, folder: Path, cluster: postgres.Server) -> None:
        self._folder = folder
        self._cluster = cluster
        self._template = cluster.create()
        self._run("seed.js", self._template, "products.csv")

    @contextmanager
    def serve(self) -> Iterator[str]:
        """A server on a copy of its own; its base URL."""
        name = f"v_{os.urandom(6).hex()}"
        with self._cluster.connect() as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {self._template} STRATEGY file_copy".encode())
        try:
            with self._served(name) as url:
                yield url
        finally:
            self._cluster.drop(name)

    def _environment(self, database: str, port: int) -> dict[str, str]:
        place = {"PGHOST": str(self._cluster.folder), "PGDATABASE": database, "PORT": str(port)}
        return {**os.environ, **place, "TZ": "UTC"}

    def _run(self, script: str, database: str, *arguments: str) -> None:
        command = ["node", script, *arguments]
        environment = self._environment(database, _free_port())
        done = subprocess.run(
            command, cwd=self._folder, env=environment, capture_output=True, text=True, timeout=_STARTS_WITHIN, check=False
        )
        with self._cluster.connect(database) as connection:
            made = connection.execute("SELECT to_regclass('product_variant')").fetchone()
            count = connection.execute("SELECT count(*) FROM product_variant").fetchone() if made and made[0] else None
        if done.returncode or not count or not count[0]:  # it logs some errors in place of throwing
            raise NoVendure(f"{script} failed: {(done.stderr or done.stdout).strip()[-600:]}")

    @contextmanager
    def _served(self, database: str) -> Iterator[str]:
        port = _free_port()
        log = self._folder / f"{database}.log"
        with log.open("wb") as out:
            process = subprocess.Popen(
                ["node", "index.js"],
                cwd=self._folder,
                env=self._environment(database, port),
                stdout=out,
                stderr=out,
                preexec_fn=_die_with_parent,  # noqa: PLW1509
            )
        try:
            url = f"http://127.0.0.1:{port}"
            _wait(process, url, log)
            yield url
        finally:
            process.kill()  # it holds nothing that must be kept
            process.wait(10)
            log.unlink(missing_ok=True)


@contextmanager
def shops(shared: Path, cache: Path) -> Iterator[Shops]:
    """An installed and seeded Vendure. Raises NoVendure, and NoPostgres."""
    folder = _installed(shared / "vendure", cache / "vendure")
    with postgres.server() as cluster:
        yield Shops(folder, cluster)


def _installed(source: Path, cache: Path) -> Path:
    """The folder with the locked packages, made once for each lock and each Node."""
    if not (source / "package-lock.json").exists():
        raise NoVendure(f"{source} has no package-lock.json")
    missing = [name for name in ("node", "npm") if not shutil.which(name)]
    if missing:
        raise NoVendure(f"{' and '.join(missing)} is not on the path")
    node = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout
    parts = b"".join((source / part).read_bytes() for part in _PARTS)
    cache.mkdir(parents=True, exist_ok=True)
    made = cache / hashlib.sha256(parts + node.encode() + _CONFIG.encode()).hexdigest()[:12]
    with (cache / "lock").open("w") as alone:
        fcntl.flock(alone, fcntl.LOCK_EX)
        if not (made / "ready").exists():
            shutil.rmtree(made, ignore_errors=True)
            made.mkdir()
            for part in _PARTS:
                shutil.copyfile(source / part, made / ("shared.js" if part == "config.js" else part))
            (made / "config.js").write_text(_CONFIG)
            _install(made)
            (made / "ready").touch()
    return made


def _install(made: Path) -> None:
    command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    try:
        done = subprocess.run(command, cwd=made, capture_output=True, text=True, timeout=_INSTALLS_WITHIN, check=False)
    except subprocess.TimeoutExpired:
        raise NoVendure(f"npm ci takes longer than {_INSTALLS_WITHIN:.0f} s") from None
    if done.returncode:
        raise NoVendure(f"npm ci failed: {done.stderr.strip()[-400:]}")


def _die_with_parent() -> None:
    os.setpgid(0, 0)
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


def _wait(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    end = time.monotonic() + _STARTS_WITHIN
    while True:
        try:
            with urllib.request.urlopen(f"{url}/health", timeout=5) as answer:
                if json.loads(answer.read())["status"] == "ok":
                    return
        except OSError:
            pass
        if process.poll() is not None or time.monotonic() > end:
            raise NoVendure(f"the server does not answer: {log.read_text(errors='replace').strip()[-400:]}")
        time.sleep(0.1)


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])
