"""Opening the hub's database, and the one way to change it: a short write transaction.

SQLite runs in WAL with `synchronous=FULL`; each write transaction starts with BEGIN IMMEDIATE, since a deferred one that read first
fails at once when another writer came between, whatever the timeout. PostgreSQL runs at its default, read committed.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine, make_url

from pipelines.hub.tables import counter
from taps._kit.disk import is_full, no_room
from taps._kit.errors import CounterfoilError, Fatal, Misconfigured, Retryable
from taps._kit.surroundings import utc_now

_BUSY_MILLISECONDS = 5_000
_READING = "counterfoil_reading"
_HOT = ("landed", "source_head", "document", "lineage", "operation", "disposition", "attempt", "receipt", "crosswalk")
_FIRST_REFRESH = 2_000
_open: ContextVar[int] = ContextVar("hub_transactions", default=0)


def open_engine(url: str) -> Engine:
    """An engine for a hub URL: `sqlite:///path` or `postgresql+psycopg://…`. Raises Misconfigured for any other.

    Parameters stay hidden: bodies hold personal fields, and an exception's text goes to logs.
    """
    refuse_no_hub(url)
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite" and parsed.database:
        _make_folder(Path(parsed.database).parent)
        engine = sa.create_engine(parsed, hide_parameters=True, connect_args={"timeout": _BUSY_MILLISECONDS / 1000})
        _prepare_sqlite(engine)
        return engine
    try:
        return sa.create_engine(parsed.set(drivername="postgresql+psycopg"), pool_pre_ping=True, hide_parameters=True)
    except ModuleNotFoundError as missing:
        raise Misconfigured("PostgreSQL needs its driver: pip install 'counterfoil[postgres]'") from missing


def refuse_no_hub(url: str) -> None:
    """Raise Misconfigured for an address at which no hub can be."""
    try:
        parsed = make_url(url)
    except sa.exc.ArgumentError:
        raise Misconfigured("This is no address of a database. Write for example hub: sqlite:///hub.db") from None
    if parsed.get_backend_name() not in ("sqlite", "postgresql"):
        raise Misconfigured(f"The hub runs on SQLite or PostgreSQL, not on {parsed.get_backend_name()!r}.")
    if parsed.get_backend_name() == "sqlite" and (not parsed.database or parsed.database == ":memory:"):
        raise Misconfigured("The hub needs a file: several processes share it. Write hub: sqlite:///hub.db")


def resolve_sqlite(url: str, home: Path) -> str:
    """A database URL whose SQLite file, where relative, starts at the home folder."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite" and parsed.database and not Path(parsed.database).is_absolute():
        return str(parsed.set(database=str((home / parsed.database).resolve())))
    return parsed.render_as_string(hide_password=False)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Misconfigured(f"The folder of the hub's database, {folder}, cannot be made: {error.strerror}.") from error


def _prepare_sqlite(engine: Engine) -> None:
    @sa.event.listens_for(engine, "connect")
    def connect(raw: Any, _record: Any) -> None:
        raw.isolation_level = None  # we say BEGIN ourselves, so that DDL is transactional too
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            f"busy_timeout={_BUSY_MILLISECONDS}",
            "foreign_keys=ON",
            "cache_size=-4096",
            "wal_autocheckpoint=8192",  # 32 MB: rows keyed by hashes touch the same pages again and again
            "temp_store=FILE",  # a sort over all rows may not fill the memory
        ):
            raw.execute(f"PRAGMA {pragma}")

    @sa.event.listens_for(engine, "begin")
    def begin(conn: Connection) -> None:
        conn.exec_driver_sql("BEGIN" if conn.get_execution_options().get(_READING) else "BEGIN IMMEDIATE")


class Busy(Retryable):
    """Another program kept the database for too long."""


class Hub:
    """One hub database. Hand it around; open a transaction only where rows are read or written, never around a call to another system."""

    def __init__(self, url: str, clock: Callable[[], datetime] = utc_now) -> None:
        self.url = url
        self.engine = open_engine(url)
        self.clock = clock
        self.sqlite = self.engine.dialect.name == "sqlite"
        self._worked = 0
        self._refresh_at = _FIRST_REFRESH

    @contextlib.contextmanager
    def begin(self) -> Iterator[Connection]:
        """A write transaction: all or nothing.

        Raises Retryable when another writer kept the database for more than five seconds, or the disk is full, and Misconfigured when the
        file may not be written.
        """
        token = _open.set(_open.get() + 1)
        try:
            with self.spoken(), self.engine.begin() as tx:
                yield tx
        finally:
            _open.reset(token)

    @contextlib.contextmanager
    def read(self) -> Iterator[Connection]:
        """A consistent view of the database; writes nothing."""
        token = _open.set(_open.get() + 1)
        try:
            options = {_READING: True} if self.sqlite else {"isolation_level": "REPEATABLE READ"}
            with self.spoken(), self.engine.connect().execution_options(**options) as tx:
                yield tx
        finally:
            _open.reset(token)

    @contextlib.contextmanager
    def spoken(self, *, busy: bool = True) -> Iterator[None]:
        """Turn what the database itself says of disk and rights (and of locks, if `busy`) into errors that a person understands."""
        try:
            yield
        except self._errors as trouble:
            told = self._told(trouble)
            if told is None or (isinstance(told, Busy) and not busy):
                raise
            raise told from trouble

    @property
    def _errors(self) -> tuple[type[Exception], ...]:
        """SQLAlchemy's, and the driver's own: rows that are copied go past SQLAlchemy."""
        return (sa.exc.OperationalError, self.engine.dialect.loaded_dbapi.OperationalError)

    def _told(self, trouble: Exception) -> CounterfoilError | None:
        original = getattr(trouble, "orig", None) or trouble
        file = Path(self.engine.url.database or "") if self.sqlite else None
        if is_full(original, file.parent if file else None):
            return no_room(f"the hub's database{f' {file}' if file else ''}")
        text = str(original).lower()
        if any(word in text for word in ("locked", "deadlock", "could not serialize", "lock timeout")):
            return Busy("The hub's database is in use by another program; the step will be done again.")
        if file and any(word in text for word in ("unable to open", "readonly", "read-only")):
            return Misconfigured(
                f"The hub's database {file} may not be opened or written by the account that Counterfoil runs under. "
                "Give that account the right to write the file and its folder, or set another `hub` in counterfoil.yaml."
            )
        return None

    def worked(self, rows: int) -> None:
        """Be told of work done, in rows; refreshes PostgreSQL's statistics whenever four times as much has been worked as at the last time.

        PostgreSQL plans by statistics, and a first run makes its tables grow a thousandfold before its own daemon looks.
        """
        self._worked += rows
        if self.sqlite or self._worked < self._refresh_at:
            return
        self._refresh_at = 4 * self._worked
        with self.begin() as tx:
            for name in _HOT:
                tx.exec_driver_sql(f"ANALYZE {name}")

    def close(self) -> None:
        """Give the connections back; the hub may be opened again."""
        self.engine.dispose()


def outside_transactions() -> None:
    """Raise Fatal inside a hub transaction: nothing talks to another system while one is open."""
    if _open.get():
        raise Fatal("A call to another system was about to be made inside a hub transaction.")


def allocate(tx: Connection, name: str, count: int) -> int:
    """The first of `count` consecutive ids of table `name`. The counter's row stays locked until the transaction ends."""
    taken = tx.execute(
        sa.update(counter).where(counter.c.name == name).values(next=counter.c.next + count).returning(counter.c.next)
    ).scalar_one_or_none()
    if taken is None:
        raise Fatal(f"The hub has no counter {name!r}: its schema is not the one of this version.")
    return int(taken) - count
