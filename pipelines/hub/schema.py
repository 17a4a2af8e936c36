"""Bringing a hub's database to the schema of this version: all of it or nothing, by one process while the others wait."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from pipelines.hub.binding import bind_within
from pipelines.hub.store import Hub
from taps._kit.errors import Fatal, Misconfigured, Retryable

NEWEST = "0004"
"""The newest revision. A constant, so that a start on a current database needs no alembic (2 s to import)."""
FOLDER = Path(__file__).parent / "migrations"
VERSION_TABLE = "hub_version"
"""Not alembic's usual name: other programs, Dagster among them, may keep their tables in the same database."""

_WAIT_SECONDS = 60
_LOCK = 0x636F756E746572  # "counter" in bytes: PostgreSQL advisory locks are numbers


def migrate(hub: Hub, *, progress: Callable[[str], None] | None = None) -> bool:
    """Bring an empty or older database to the newest revision; False if there was nothing to do.

    One transaction: a killed migration leaves nothing behind. A second process waits up to a minute for the first and then finds nothing to
    do. Before an existing SQLite hub is changed, a copy is written beside it (`hub.db.before-REVISION`). `progress` is called with one
    sentence for each revision.

    Raises Misconfigured if the database was written by a newer version, or holds tables of another program under the hub's names.
    """
    if at_revision(hub) == NEWEST:
        return False
    with _alone(hub) as tx:
        found = _revision(tx)
        if found == NEWEST:
            return False
        _refuse_foreign(tx, found)
        if found is not None and hub.sqlite:
            _copy(hub)
        _upgrade(tx, progress or (lambda _sentence: None))
        if found is None:
            bind_within(tx, hub, "first start")
    return True


def at_revision(hub: Hub) -> str | None:
    """The revision of the database; None while it has no hub."""
    with hub.read() as tx:
        return _revision(tx)


def require_current(hub: Hub) -> None:
    """Raise Misconfigured unless the database has exactly the schema of this version."""
    found = at_revision(hub)
    if found == NEWEST:
        return
    if found is None:
        raise Misconfigured("This database holds no hub yet. Run `counterfoil init` or `counterfoil run` once.")
    if found > NEWEST:
        raise Misconfigured(_newer(found))
    raise Misconfigured(
        f"The hub's schema is {found}, this version needs {NEWEST}. Start `counterfoil run` once: it brings the hub up to date."
    )


def _newer(found: str) -> str:
    return f"This hub was written by a newer version of Counterfoil (its schema is {found}, this one knows {NEWEST}): install that version."


def _revision(tx: Connection) -> str | None:
    if not sa.inspect(tx).has_table(VERSION_TABLE):
        return None
    return tx.execute(sa.select(sa.column("version_num")).select_from(sa.table(VERSION_TABLE))).scalar()


def _refuse_foreign(tx: Connection, found: str | None) -> None:
    if found is not None:
        if found > NEWEST:
            raise Misconfigured(_newer(found))
        return
    taken = {"document", "operation", "counter"} & set(sa.inspect(tx).get_table_names())
    if taken:
        raise Misconfigured(f"This database already has a table {min(taken)!r} that is not a hub's. Give the hub a database of its own.")


@contextlib.contextmanager
def _alone(hub: Hub) -> Iterator[Connection]:
    """A write transaction that no other process migrates beside."""
    try:
        with hub.spoken(busy=False), hub.engine.connect() as tx, _patient(hub, tx), tx.begin():
            if not hub.sqlite:
                tx.exec_driver_sql(f"SET LOCAL lock_timeout = '{_WAIT_SECONDS}s'")
                tx.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
            yield tx
    except sa.exc.OperationalError as trouble:
        if "locked" in str(trouble.orig) or "lock timeout" in str(trouble.orig):
            raise Retryable(f"Another program kept the hub's database busy for {_WAIT_SECONDS} seconds; it was not migrated.") from trouble
        raise


@contextlib.contextmanager
def _patient(hub: Hub, tx: Connection) -> Iterator[None]:
    """Let SQLite wait as long for BEGIN IMMEDIATE as PostgreSQL does for its lock."""
    raw: Any = tx.connection.dbapi_connection
    if not hub.sqlite:
        yield
        return
    usual = raw.execute("PRAGMA busy_timeout").fetchone()[0]
    raw.execute(f"PRAGMA busy_timeout={_WAIT_SECONDS * 1000}")
    try:
        yield
    finally:
        raw.execute(f"PRAGMA busy_timeout={usual}")


def _copy(hub: Hub) -> None:
    """Copy the database as it is: we hold the write lock and have changed nothing, so a second connection sees the state before."""
    path = Path(hub.engine.url.database or "")
    copy = path.with_name(f"{path.name}.before-{NEWEST}")
    unfinished = copy.with_name(f"{copy.name}.part")
    unfinished.unlink(missing_ok=True)
    try:
        with hub.engine.connect() as other:
            raw: Any = other.connection.dbapi_connection
            raw.execute("VACUUM INTO ?", (str(unfinished),))
        with unfinished.open("rb") as written:
            os.fsync(written.fileno())
        unfinished.replace(copy)
    except Exception as trouble:
        unfinished.unlink(missing_ok=True)
        raise Fatal(f"The hub was not migrated: no copy of it could be written to {copy} ({trouble}).") from trouble


def _upgrade(tx: Connection, progress: Callable[[str], None]) -> None:
    from alembic.config import Config  # noqa: PLC0415 (only a database that is not current pays for alembic)
    from alembic.runtime.environment import EnvironmentContext  # noqa: PLC0415
    from alembic.script import ScriptDirectory  # noqa: PLC0415

    script = ScriptDirectory(str(FOLDER))

    def steps(revision: Any, _context: Any) -> Any:
        for step in script._upgrade_revs(NEWEST, revision):  # noqa: SLF001 (what alembic's own documentation uses here)
            progress(f"The hub's schema goes to {step.revision.revision}: {step.revision.doc}")
            yield step

    with EnvironmentContext(Config(), script) as environment:
        environment.configure(connection=tx, transactional_ddl=True, version_table=VERSION_TABLE, fn=steps)
        environment.run_migrations()
