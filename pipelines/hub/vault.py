"""Secrets of connections, sealed in the hub: AES-GCM under a key that is not in the database.

A sealed row is bound to its connection, name and version, so that rows cannot be swapped. A new value is committed before it is used first
and never takes the place of the last good one. Who refreshes a token holds `credential_lock` around the call to the other system.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy.engine import Connection

from pipelines.hub.keys import Keys
from pipelines.hub.secret import Secret
from pipelines.hub.store import Hub
from pipelines.hub.tables import credential as table
from taps._kit.errors import Misconfigured, Retryable, Tampered

_NONCE = 12
_KEPT = 5
"""Versions that stay once a new one is stored: a vendor may accept the previous refresh token for some time."""
_TRIES = 5
_POLL_SECONDS = 0.05


class Kept(NamedTuple):
    """That a secret is there; never what it is."""

    connection: str
    name: str
    version: int
    stored_at: datetime


def kept(tx: Connection) -> list[Kept]:
    """The newest version of every secret, by connection and name."""
    rows = tx.execute(
        sa.select(table.c.connection_id, table.c.name, table.c.version, table.c.stored_at).order_by(
            table.c.connection_id, table.c.name, table.c.version
        )
    )
    return list({(row[0], row[1]): Kept(*row) for row in rows}.values())


class Vault:
    """The secrets of a hub's connections."""

    def __init__(self, hub: Hub, keys: Keys) -> None:
        self._hub = hub
        self._keys = keys.derived("counterfoil vault")
        self._newest = next(iter(self._keys))

    def store(self, connection: str, name: str, value: str) -> int:
        """Seal a new version in a transaction of its own; its number. It is committed when this returns: use the value only then."""
        for left in reversed(range(_TRIES)):
            try:
                with self._hub.begin() as tx:
                    return self._store(tx, connection, name, value)
            except sa.exc.IntegrityError:  # PostgreSQL: another process stored this version; a rotated token must not be lost to that
                if not left:
                    raise
        raise AssertionError

    def secrets(self, connection: str) -> dict[str, Secret]:
        """The newest version of each secret of a connection.

        Raises Misconfigured if one is sealed under a key that is not here, Tampered if its row is not what was stored.
        """
        mine = sa.select(table).where(table.c.connection_id == connection).order_by(table.c.version)
        with self._hub.read() as tx:
            newest = {row.name: row for row in tx.execute(mine)}
        return {name: self._open(row) for name, row in newest.items()}

    def reseal(self) -> int:
        """Seal everything anew that is not under the newest key; how many versions. Run it after `keys.add`."""
        with self._hub.begin() as tx:
            rows = tx.execute(sa.select(table).where(table.c.key_id != self._newest).with_for_update()).all()
            for row in rows:
                sealed = self._seal(row.connection_id, row.name, row.version, self._open(row))
                tx.execute(sa.update(table).where(*_is(row)).values(key_id=self._newest, sealed=sealed))
        return len(rows)

    def _store(self, tx: Connection, connection: str, name: str, value: str) -> int:
        mine = (table.c.connection_id == connection, table.c.name == name)
        version = (tx.execute(sa.select(sa.func.max(table.c.version)).where(*mine)).scalar() or 0) + 1
        sealed = self._seal(connection, name, version, value)
        row = {"connection_id": connection, "name": name, "version": version, "key_id": self._newest, "sealed": sealed}
        tx.execute(sa.insert(table).values(**row, stored_at=self._hub.clock()))
        tx.execute(sa.delete(table).where(*mine, table.c.version <= version - _KEPT))
        return int(version)

    def _seal(self, connection: str, name: str, version: int, value: str) -> bytes:
        nonce = os.urandom(_NONCE)
        return nonce + AESGCM(self._keys[self._newest]).encrypt(nonce, value.encode(), _bound(connection, name, version))

    def _open(self, row: Any) -> Secret:
        where = f"The secret {row.name!r} of connection {row.connection_id!r}"
        key = self._keys.get(row.key_id)
        if key is None:
            raise Misconfigured(f"{where} is sealed under the key {row.key_id}, which is not among the keys here. Bring that key back.")
        try:
            value = AESGCM(key).decrypt(row.sealed[:_NONCE], row.sealed[_NONCE:], _bound(row.connection_id, row.name, row.version))
        except InvalidTag:
            raise Tampered(
                f"{where} (version {row.version}) is not what was stored: its row in the table credential was changed."
            ) from None
        return Secret(value.decode())


def _is(row: Any) -> tuple[sa.ColumnElement[bool], ...]:
    return table.c.connection_id == row.connection_id, table.c.name == row.name, table.c.version == row.version


def _bound(connection: str, name: str, version: int) -> bytes:
    return "\x1f".join((connection, name, str(version))).encode()


@contextlib.contextmanager
def credential_lock(hub: Hub, connection: str, *, wait: float = 120.0) -> Iterator[None]:
    """Hold the one right to refresh a connection's credential; the kernel frees it at death, and no transaction is open meanwhile.

    It has no time limit while held: a lock that expires during a slow call lets two processes spend one refresh token. Read the secrets
    again inside, another process may just have stored new ones. Raises Retryable if the lock cannot be had within `wait` seconds.
    """
    digest = hashlib.sha256(f"credential\x1f{connection}".encode()).digest()
    end = time.monotonic() + wait
    with (_file_lock if hub.sqlite else _server_lock)(hub, digest[:8]) as take:
        while not take():
            if time.monotonic() >= end:
                raise Retryable(f"Another process has been refreshing the credential of {connection!r} for {wait:.0f} seconds.")
            time.sleep(_POLL_SECONDS)
        yield


@contextlib.contextmanager
def _file_lock(hub: Hub, name: bytes) -> Iterator[Callable[[], bool]]:
    """A flock on a file beside the database; closing the file frees it."""
    handle = os.open(f"{hub.engine.url.database}.lock-{name.hex()}", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def take() -> bool:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    try:
        yield take
    finally:
        os.close(handle)


@contextlib.contextmanager
def _server_lock(hub: Hub, name: bytes) -> Iterator[Callable[[], bool]]:
    """A session advisory lock of PostgreSQL on a connection of its own, in autocommit; closing the connection frees it."""
    number = int.from_bytes(name, signed=True)
    with hub.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as session:
        try:
            yield lambda: bool(session.execute(sa.select(sa.func.pg_try_advisory_lock(number))).scalar())
        finally:
            session.detach()  # closed, not given back to the pool: a lock must not live on there
