"""Where each stream stands: Singer state, the reader's own count, and the number of the read that is going on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from pipelines.hub.tables import cursor
from taps._kit.reader import State

CHECKPOINT = "(delivered)"
"""The stream name under which a target's checkpoint is kept."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """One row of `cursor`; an absent row is a stream that was never read."""

    value: dict[str, Any]
    read_count: int
    repeated_count: int
    read_no: int
    reading: bool
    known: bool


def load(tx: Connection, connection_id: str, stream: str) -> Cursor:
    """The stream's cursor."""
    row = tx.execute(sa.select(cursor).where(cursor.c.connection_id == connection_id, cursor.c.stream == stream)).one_or_none()
    if row is None:
        return Cursor({}, 0, 0, 0, reading=False, known=False)
    return Cursor(row.state, row.read_count, row.repeated_count, row.read_no, row.reading, known=True)


def read_number(current: Cursor, *, fresh: bool) -> int:
    """The number of the read that a batch belongs to: the one going on, or the next where the reader starts the scope anew."""
    return current.read_no if current.reading and not fresh else current.read_no + 1


def store(
    tx: Connection, now: datetime, connection_id: str, stream: str, state: State, *, repeated: int, read_no: int, reading: bool
) -> None:
    """Put the reader's state and count, in the transaction of the rows they stand for."""
    before = load(tx, connection_id, stream)
    _put(
        tx,
        now,
        connection_id,
        stream,
        known=before.known,
        state=state.value,
        read_count=state.read,
        repeated_count=before.repeated_count + repeated,
        read_no=read_no,
        reading=reading,
    )


def checkpoint(tx: Connection, now: datetime, target: str, value: dict[str, Any]) -> None:
    """Put a target's checkpoint, in the transaction of the receipts it covers."""
    _put(tx, now, target, CHECKPOINT, known=load(tx, target, CHECKPOINT).known, state=value)


def rest(tx: Connection, connection_id: str, stream: str) -> None:
    """The read came to its end."""
    tx.execute(sa.update(cursor).where(cursor.c.connection_id == connection_id, cursor.c.stream == stream).values(reading=False))


def _put(tx: Connection, now: datetime, connection_id: str, stream: str, *, known: bool, **values: Any) -> None:
    if known:
        tx.execute(
            sa.update(cursor).where(cursor.c.connection_id == connection_id, cursor.c.stream == stream).values(updated_at=now, **values)
        )
    else:
        tx.execute(sa.insert(cursor).values(connection_id=connection_id, stream=stream, updated_at=now, **values))
