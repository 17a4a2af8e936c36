"""Erasure of one person's records, on request: the contents go, the books and the chain stay.

Personal fields live in landed bodies and in document.private only, so these are overwritten; then the freed pages are wiped (SQLite) or the
tables written anew (PostgreSQL). Digests of the keys stay as suppressions, so that neither the next read nor a restored backup brings the
contents back. Amounts, numbers, receipts and the audit log hold references only and stay as the law wants them.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from pipelines.hub.bulk import among
from pipelines.hub.ledger_tables import suppression
from pipelines.hub.store import Hub
from pipelines.hub.tables import document, landed, lineage, member, problem
from pipelines.hub.words import Outcome
from taps._kit.errors import Retryable

_LOCK = 0x6572617365  # "erase" in bytes: PostgreSQL advisory locks are numbers
_SAY = "This record was erased at its person's request."


class Subject(NamedTuple):
    """A record to be erased, as the source names it: its key, or the key of the group that makes one document."""

    connection: str
    stream: str
    key: str


@dataclass(slots=True)
class Erased:
    """What one erasure overwrote, and what it could not reach."""

    landed: int = 0
    documents: int = 0
    problems: int = 0
    copies: tuple[Path, ...] = ()
    """Copies of the database that were made before a migration and still hold the contents: a person must delete them."""


def erase(hub: Hub, subjects: Collection[Subject]) -> Erased:
    """Erase these records, every version of them, and what was made of them. Doing it again does no harm and wipes again.

    Raises Retryable if other programs kept the database busy while the freed pages were to be wiped: the contents are overwritten then,
    and the same call finishes the rest.
    """
    done = Erased()
    with hub.begin() as tx:
        _alone(tx)
        for connection, stream, keys in _by_stream(subjects):
            _suppress(tx, hub, connection, stream, keys)
            _overwrite(tx, hub, connection, stream, keys, done)
    wipe(hub)
    if hub.sqlite:
        file = Path(hub.engine.url.database or "")
        done.copies = tuple(sorted(file.parent.glob(f"{file.name}.before-*")))
    return done


def erase_again(hub: Hub) -> Erased:
    """Erase what the suppressions name and the database holds all the same: run it on a restored backup."""
    found: list[Subject] = []
    with hub.read() as tx:
        for connection, stream in tx.execute(sa.select(suppression.c.connection_id, suppression.c.stream).distinct()).all():
            mine = (landed.c.connection_id == connection, landed.c.stream == stream, landed.c.body.is_not(None))
            keys = {key for row in tx.execute(sa.select(landed.c.key, landed.c.group_key).where(*mine)) for key in row if key is not None}
            found += [Subject(connection, stream, key) for key in suppressed(tx, connection, stream, keys)]
    return erase(hub, found)


def suppressed(tx: Connection, connection: str, stream: str, keys: Iterable[str]) -> set[str]:
    """Which of these keys were erased and must not land again. Until the transaction ends no erasure begins."""
    hold_off(tx)
    mine = (suppression.c.connection_id == connection, suppression.c.stream == stream)
    if tx.execute(sa.select(suppression.c.key_digest).where(*mine).limit(1)).first() is None:
        return set()  # the usual answer, before any key is looked at
    digests = {_digest(connection, stream, key): key for key in keys}
    found = tx.execute(sa.select(suppression.c.key_digest).where(*mine, among(tx, suppression.c.key_digest, list(digests)))).scalars()
    return {digests[digest] for digest in found}


def hold_off(tx: Connection) -> None:
    """Let no erasure begin before this transaction ends: what it has read of a person would be written after it. One writer needs none."""
    if tx.dialect.name == "postgresql":
        tx.execute(sa.select(sa.func.pg_advisory_xact_lock_shared(_LOCK)))


def wipe(hub: Hub) -> None:
    """Leave no freed page with old contents in the database's files. PostgreSQL's write-ahead log ends with its own retention."""
    if not hub.sqlite:
        with hub.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as session:
            session.exec_driver_sql("VACUUM FULL landed, document, problem")
        return
    with hub.engine.connect() as session:
        raw = _raw(session)
        try:
            for statement in ("PRAGMA wal_checkpoint(TRUNCATE)", "VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)"):
                answer = raw.execute(statement).fetchone()
                if answer and answer[0]:
                    raise Retryable("The records are erased, but another program reads the hub: run the erasure again to wipe its files.")
        except sqlite3.OperationalError as trouble:
            raise Retryable(
                "The records are erased, but another program uses the hub: run the erasure again to wipe its files."
            ) from trouble


def _raw(session: Connection) -> Any:
    """The driver's connection: these statements stand outside any transaction."""
    return session.connection.dbapi_connection


def _by_stream(subjects: Iterable[Subject]) -> Iterator[tuple[str, str, list[str]]]:
    grouped: dict[tuple[str, str], set[str]] = {}
    for subject in subjects:
        grouped.setdefault((subject.connection, subject.stream), set()).add(subject.key)
    for (connection, stream), keys in sorted(grouped.items()):
        yield connection, stream, sorted(keys)


def _alone(tx: Connection) -> None:
    """Wait for the steps that hold off, and have SQLite overwrite what it frees."""
    if tx.dialect.name == "postgresql":
        tx.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
    else:
        tx.exec_driver_sql("PRAGMA secure_delete=ON")


def _suppress(tx: Connection, hub: Hub, connection: str, stream: str, keys: Sequence[str]) -> None:
    new = set(keys) - suppressed(tx, connection, stream, keys)
    rows = [{"connection_id": connection, "stream": stream, "key_digest": _digest(connection, stream, key)} for key in sorted(new)]
    if rows:
        tx.execute(sa.insert(suppression).values(erased_at=hub.clock()), rows)


def _digest(connection: str, stream: str, key: str) -> str:
    return hashlib.sha256(f"{connection}\x1f{stream}\x1f{key}".encode()).hexdigest()


def _overwrite(tx: Connection, hub: Hub, connection: str, stream: str, keys: Sequence[str], done: Erased) -> None:
    mine = (landed.c.connection_id == connection, landed.c.stream == stream)
    named = sa.or_(among(tx, landed.c.key, keys), among(tx, landed.c.group_key, keys))
    rows = tx.execute(sa.select(landed.c.seq, landed.c.key, landed.c.group_key).where(*mine, named)).all()
    seqs = [row.seq for row in rows]
    erased = sa.update(landed).where(among(tx, landed.c.seq, seqs))
    open_ones = sa.or_(landed.c.outcome.is_(None), landed.c.outcome.in_((Outcome.PROBLEM, Outcome.HELD)))
    done.landed += tx.execute(erased.where(landed.c.body.is_not(None)).values(body=None)).rowcount
    tx.execute(erased.where(open_ones).values(outcome=Outcome.EXCLUDED))  # nothing is left to translate
    _forget(tx, _documents(tx, seqs), done)
    subjects = {*keys, *(row.key for row in rows), *(row.group_key for row in rows if row.group_key is not None)}
    about = (problem.c.connection_id == connection, problem.c.stream == stream, among(tx, problem.c.subject, list(subjects)))
    closed = sa.func.coalesce(problem.c.closed_at, sa.literal(hub.clock(), problem.c.closed_at.type))
    done.problems += tx.execute(sa.update(problem).where(*about).values(say=_SAY, fix="", closed_at=closed)).rowcount


def _documents(tx: Connection, seqs: Sequence[int]) -> list[Any]:
    """The documents that were made of these rows, and the golden records that they went into."""
    made = sa.select(document.c.document_id).join(lineage, lineage.c.document_seq == document.c.seq)
    ids = set(tx.execute(made.where(among(tx, lineage.c.landed_seq, seqs))).scalars())
    ids |= set(tx.execute(sa.select(member.c.entity_id).where(among(tx, member.c.document_id, list(ids)))).scalars())
    return sorted(ids)


def _forget(tx: Connection, documents: Sequence[Any], done: Erased) -> None:
    """Overwrite the personal part of every revision."""
    theirs = among(tx, document.c.document_id, documents)
    done.documents += tx.execute(sa.update(document).where(theirs, document.c.private.is_not(None)).values(private=None)).rowcount
