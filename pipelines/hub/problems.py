"""Problems as rows: opened once, closed by the next good revision, never deleted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from mappings.problem import Problem
from pipelines.hub.bulk import among
from pipelines.hub.store import allocate
from pipelines.hub.tables import problem

STREAM = "(stream)"
"""Subject of what a reader says of its source as a whole."""
ABSENCES = "(absences)"
"""Subject of deletes that are held."""


def open_one(
    tx: Connection,
    now: datetime,
    connection_id: str,
    stream: str,
    subject: str,
    found: Problem | None,
    *,
    location: str | None = None,
    operation_id: int | None = None,
) -> None:
    """Open one problem, unless the very same is open already."""
    if found is not None:
        replace(tx, now, connection_id, stream, subject, [found], location=location, operation_id=operation_id, close_others=False)


def replace(
    tx: Connection,
    now: datetime,
    connection_id: str,
    stream: str,
    subject: str,
    found: Sequence[Problem],
    *,
    location: str | None = None,
    operation_id: int | None = None,
    close_others: bool = True,
) -> int:
    """Make `found` the open problems of this subject: new ones open, those that are gone close. Gives the number of new ones."""
    standing = tx.execute(
        sa.select(problem.c.problem_id, problem.c.code, problem.c.field, problem.c.say).where(*_subject(connection_id, stream, subject))
    ).all()
    wanted = {(one.code, one.field, one.say): one for one in found}
    known = {(row.code, row.field, row.say): row.problem_id for row in standing}
    stale = [number for key, number in known.items() if key not in wanted]
    if close_others and stale:
        tx.execute(sa.update(problem).where(problem.c.problem_id.in_(stale)).values(closed_at=now))
    new = [one for key, one in wanted.items() if key not in known]
    if new:
        first = allocate(tx, "problem", len(new))
        tx.execute(
            sa.insert(problem),
            [
                {
                    "problem_id": first + place,
                    "connection_id": connection_id,
                    "stream": stream,
                    "subject": subject,
                    "operation_id": operation_id,
                    "code": one.code,
                    "field": one.field,
                    "say": one.say,
                    "fix": one.fix,
                    "location": location,
                    "opened_at": now,
                }
                for place, one in enumerate(new)
            ],
        )
    return len(new)


def close(tx: Connection, now: datetime, connection_id: str, stream: str, subject: str) -> None:
    """Close what is open on this subject."""
    tx.execute(sa.update(problem).where(*_subject(connection_id, stream, subject)).values(closed_at=now))


def close_many(tx: Connection, now: datetime, connection_id: str, stream: str, subjects: Sequence[str]) -> None:
    """Close what is open on these subjects."""
    if subjects:
        tx.execute(
            sa.update(problem)
            .where(
                problem.c.connection_id == connection_id,
                problem.c.stream == stream,
                problem.c.subject.in_(subjects),
                problem.c.closed_at.is_(None),
            )
            .values(closed_at=now)
        )


def close_operations(tx: Connection, now: datetime, operations: Sequence[int]) -> None:
    """Close what is open on operations that are tried again: what is still wrong is opened anew."""
    if operations:
        tx.execute(
            sa.update(problem).where(among(tx, problem.c.operation_id, operations), problem.c.closed_at.is_(None)).values(closed_at=now)
        )


def notices(tx: Connection, now: datetime, connection_id: str, stream: str, found: Iterable[Problem]) -> None:
    """Open problems about the source as a whole."""
    for one in found:
        open_one(tx, now, connection_id, stream, STREAM, one)


def _subject(connection_id: str, stream: str, subject: str) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        problem.c.connection_id == connection_id,
        problem.c.stream == stream,
        problem.c.subject == subject,
        problem.c.closed_at.is_(None),
    )
