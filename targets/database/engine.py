"""The target's own engine, and the two belts that keep it away from the hub's database."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import URL, Connection, Engine, make_url

from taps._kit.disk import is_full, no_room
from taps._kit.errors import Misconfigured, Retryable
from targets.database.config import DatabaseConfig
from targets.database.tables import METADATA

_BUSY_SECONDS = 10
_LOCK = 0x0C0F01
_HUB_TABLES = frozenset(("landed", "operation", "attempt", "crosswalk"))


def address(config: DatabaseConfig, home: Path) -> URL:
    """The URL with password and absolute file. Raises Misconfigured for what is no address or cannot keep anything."""
    try:
        url = make_url(config.url)
    except sa.exc.ArgumentError as wrong:
        raise Misconfigured("The database's url is not an address. Write for example url: sqlite:///stock.db") from wrong
    if config.password is not None:
        url = url.set(password=config.password.get_secret_value())
    if url.get_backend_name() != "sqlite":
        return url.set(drivername="postgresql+psycopg") if url.drivername == "postgresql" else url
    if config.table_schema:
        raise Misconfigured("SQLite has no schemas: leave out `schema`, or give the tables a file of their own.")
    if not url.database or url.database == ":memory:":
        raise Misconfigured("The database must be a file: what is only in memory is lost. Write for example url: sqlite:///stock.db")
    return url.set(database=str((home / url.database).resolve()))


def folder_takes(url: URL) -> bool:
    """Whether a file can be made where a SQLite URL points."""
    folder = Path(str(url.database)).parent
    while not folder.exists():
        folder = folder.parent
    return folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)


def refuse_same(url: str | URL, hub_url: str | URL) -> None:
    """Raise Misconfigured if a target's URL is the hub's own database. Relative files must have been made absolute."""
    ours, hub = make_url(url), make_url(hub_url)
    if ours.get_backend_name() != hub.get_backend_name():
        return
    if ours.get_backend_name() == "sqlite":
        same = bool(ours.database and hub.database) and Path(str(ours.database)).resolve() == Path(str(hub.database)).resolve()
    else:
        same = _place(ours) == _place(hub)
    if same:
        raise Misconfigured("The target is the hub's own database. Give the target a database of its own.")


def _place(url: URL) -> tuple[Any, ...]:
    default = {"postgresql": 5432, "mysql": 3306}.get(url.get_backend_name())
    host = url.query.get("host") or url.host or "localhost"
    return ("localhost" if host in ("127.0.0.1", "::1") else host, url.port or default, url.database)


def engine_of(url: URL, schema: str | None) -> Engine:
    """An engine whose transactions may write at once and whose errors never show a value. Raises Misconfigured for a missing driver."""
    sqlite = url.get_backend_name() == "sqlite"
    try:
        engine = sa.create_engine(
            url,
            hide_parameters=True,
            pool_pre_ping=not sqlite,
            connect_args={"timeout": _BUSY_SECONDS} if sqlite else {},
            execution_options={"schema_translate_map": {None: schema}} if schema else {},
        )
    except ModuleNotFoundError as missing:
        extra = "pip install 'counterfoil[postgres]'" if url.get_backend_name() == "postgresql" else f"install {missing.name}"
        raise Misconfigured(f"The driver of this database is missing: {extra}") from missing
    except sa.exc.NoSuchModuleError as unknown:
        raise Misconfigured(f"{url.drivername!r} is no kind of database that is known here.") from unknown
    if sqlite:
        _prepare_sqlite(engine)
    return engine


def _prepare_sqlite(engine: Engine) -> None:
    @sa.event.listens_for(engine, "connect")
    def connect(raw: Any, _record: Any) -> None:
        raw.isolation_level = None  # we say BEGIN ourselves
        raw.execute("PRAGMA synchronous=FULL")

    @sa.event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # A deferred transaction that read first fails at once when another writer came between, whatever the timeout.
        connection.exec_driver_sql("BEGIN IMMEDIATE")


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """One transaction that no other writer of this target runs beside.

    So a look-up that comes after a dead writer's send sees that send's end, committed or not. Raises Retryable where the database
    cannot be reached, is busy or full: whether the transaction was committed is then unknown.
    """
    try:
        with engine.begin() as tx:
            if engine.dialect.name == "postgresql":
                tx.exec_driver_sql(f"SET LOCAL lock_timeout = '{_BUSY_SECONDS}s'")
                tx.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
            yield tx
    except (sa.exc.OperationalError, sa.exc.InterfaceError) as gone:
        file = Path(str(engine.url.database)) if engine.dialect.name == "sqlite" else None
        if is_full(gone, file.parent if file else None):
            raise no_room(f"the target's database {file or engine.url.database}") from gone
        if file and fault_of(gone).endswith(("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_READONLY_DIRECTORY")):
            raise Misconfigured(
                f"The target's database {file} may not be written by the account that Counterfoil runs under. "
                "Give that account the right to write the file and its folder, or set another url."
            ) from gone
        raise Retryable(f"The database of the target does not answer: {fault_of(gone)}.", log=str(gone)) from gone


def fault_of(error: sa.exc.SQLAlchemyError) -> str:
    """The database's own name of an error, without the values that it quotes."""
    original = getattr(error, "orig", None)
    code = getattr(original, "sqlite_errorname", None) or getattr(original, "sqlstate", None)
    return f"{type(original or error).__name__} {code}" if code else type(original or error).__name__


def make_tables(engine: Engine, schema: str | None) -> None:
    """Make the tables that are missing. Raises Misconfigured as `refuse_foreign` does."""
    with writing(engine) as tx:
        refuse_foreign(tx, schema)
        if schema:
            tx.execute(sa.schema.CreateSchema(schema, if_not_exists=True))
        METADATA.create_all(tx)


def refuse_foreign(tx: Connection, schema: str | None) -> None:
    """Raise Misconfigured if one of our tables' names is taken by another program, or the database is the hub's."""
    seen = sa.inspect(tx)
    names = set(seen.get_table_names(schema=schema))
    if names >= _HUB_TABLES:
        raise Misconfigured("The target is the hub's own database. Give the target a database of its own.")
    for table in METADATA.sorted_tables:
        if table.name not in names:
            continue
        missing = {column.name for column in table.columns} - {column["name"] for column in seen.get_columns(table.name, schema)}
        if missing:
            raise Misconfigured(
                f"The database has a table {table.name!r} of another program's (it has no {min(missing)!r}). "
                "Give Counterfoil a database or a schema of its own."
            )
