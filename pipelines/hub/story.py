"""The story of one document: its rows, revisions, operations, attempts and receipts, as events in the order in which they happened."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from pipelines.hub import queries
from pipelines.hub.ledger_tables import attempt, disposition, operation, receipt
from pipelines.hub.measures import measured
from pipelines.hub.queries import DocumentLine, OpenProblem
from pipelines.hub.tables import document, landed, lineage, problem, tie
from pipelines.hub.words import Want


class Event(NamedTuple):
    """Something that happened to the document."""

    at: datetime
    what: str
    """landed, translated, problem, solved, planned, sent, receipt, settled."""
    say: str
    rank: int
    """Order among events of the same instant."""
    amount: Decimal | None = None
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """What became of one part of the document on one posting."""

    route: str
    posting: str
    part: str
    target: str
    representation: str
    fate: str
    reason: str
    operation: int | None
    booked: Decimal
    """Sum of what its receipts count."""
    unit: str


@dataclass(frozen=True, slots=True)
class Story:
    """All that the hub knows of one document."""

    document: DocumentLine
    events: tuple[Event, ...]
    standings: tuple[Standing, ...]
    problems: tuple[OpenProblem, ...]
    ties: tuple[str, ...]
    """Numbers of sales that it takes back, or of credits that take it back."""
    cut: bool
    """There was more than `limit`; the oldest are shown."""


def tell(tx: Connection, found: DocumentLine, limit: int = 200) -> Story:
    """The story of a document that `queries.find` gave, with at most `limit` rows of each kind."""
    revisions = tx.execute(
        sa.select(document).where(document.c.document_id == found.document_id).order_by(document.c.revision).limit(limit)
    ).all()
    operations = tx.execute(
        sa.select(operation).where(operation.c.document_id == found.document_id).order_by(operation.c.operation_id).limit(limit)
    ).all()
    numbers = [row.operation_id for row in operations]
    attempts = tx.execute(sa.select(attempt).where(attempt.c.operation_id.in_(numbers)).order_by(attempt.c.attempt_id).limit(limit)).all()
    receipts = tx.execute(sa.select(receipt).where(receipt.c.operation_id.in_(numbers)).order_by(receipt.c.attempt_id).limit(limit)).all()
    troubles = _problems(tx, revisions[-1] if revisions else None, numbers, limit)
    events = [
        *_landings(tx, [row.seq for row in revisions], limit),
        *(_revision(row) for row in revisions),
        *_operations(operations, {row.operation_id for row in receipts}),
        *(_attempt(row) for row in attempts),
        *(_receipt(row) for row in receipts),
        *_problem_events(troubles),
    ]
    open_numbers = [row.problem_id for row in troubles if row.closed_at is None]
    return Story(
        document=found,
        events=tuple(sorted(events, key=lambda event: (event.at, event.rank))),
        standings=tuple(_standings(tx, found.document_id, receipts)),
        problems=tuple(
            each
            for each in queries.problems(tx, operations_of=numbers, subjects=_subject(revisions), limit=limit)
            if each.number in open_numbers
        ),
        ties=tuple(_ties(tx, found.document_id, limit)),
        cut=limit in map(len, (revisions, operations, attempts, receipts)),
    )


def _landings(tx: Connection, revisions: Sequence[int], limit: int) -> Iterator[Event]:
    """Rows that landed together are one event; a revision may rest on thousands of them."""
    rows = tx.execute(
        sa.select(
            landed.c.landed_at,
            landed.c.connection_id,
            landed.c.stream,
            landed.c.op,
            sa.func.count(sa.distinct(landed.c.seq)).label("rows"),
            sa.func.min(landed.c.seq).label("first"),
        )
        .join(lineage, lineage.c.landed_seq == landed.c.seq)
        .where(lineage.c.document_seq.in_(revisions))
        .group_by(landed.c.landed_at, landed.c.connection_id, landed.c.stream, landed.c.op)
        .order_by(landed.c.landed_at)
        .limit(limit)
    )
    for row in rows:
        count = "1 row" if row.rows == 1 else f"{row.rows:,} rows"
        verb = "landed from" if row.op == "upsert" else "vanished from"
        yield Event(row.landed_at, "landed", f"{count} {verb} {row.connection_id}/{row.stream} (landed row {row.first:,} on)", 0)


def _revision(row: Row[Any]) -> Event:
    if row.deleted:
        return Event(row.translated_at, "translated", f"revision {row.revision}: its rows are gone at the source", 1)
    day = f", business date {row.business_date}" if row.business_date else ""
    return Event(
        row.translated_at,
        "translated",
        f"revision {row.revision} by the mapping {row.mapping} v{row.mapping_version}{day}",
        1,
        row.amount if row.currency else None,
        row.currency,
    )


def _operations(rows: Sequence[Row[Any]], delivered: set[int]) -> Iterator[Event]:
    for row in rows:
        what = "take back what is booked" if row.want == Want.ABSENT else f"as {row.kind}"
        yield Event(
            row.planned_at,
            "planned",
            f"operation {row.operation_id}: revision {row.revision} to {row.target} ({row.route}/{row.posting}), {what}",
            2,
        )
        if row.operation_id not in delivered and row.changed_at > row.planned_at:
            reason = f": {row.reason}" if row.reason else ""
            yield Event(row.changed_at, "settled", f"operation {row.operation_id} is {row.state.replace('_', ' ')}{reason}", 6)


def _attempt(row: Row[Any]) -> Event:
    return Event(
        row.written_at, "sent", f"operation {row.operation_id}, attempt {row.n}: {row.verb} at {row.target}, committed before the send", 3
    )


def _receipt(row: Row[Any]) -> Event:
    bridge = "".join(f", of it {component} {amount}" for component, amount in sorted(row.bridge.items()))
    say = f"{row.target} has {row.kind} {row.number} as {row.remote_id}, read back{bridge}"
    return Event(row.written_at, "receipt", say, 4, row.effect if row.unit else None, row.unit)


def _subject(revisions: Sequence[Row[Any]]) -> list[tuple[str, str, str]]:
    return [(row.connection_id, row.stream, row.group_key) for row in revisions[-1:]]


def _problems(tx: Connection, newest: Row[Any] | None, operations: Sequence[int], limit: int) -> Sequence[Row[Any]]:
    """Open and solved ones, of its rows and of its operations."""
    about: list[sa.ColumnElement[bool]] = [problem.c.operation_id.in_(operations)]
    if newest is not None:
        about.append(
            sa.and_(
                problem.c.connection_id == newest.connection_id,
                problem.c.stream == newest.stream,
                problem.c.subject == newest.group_key,
            )
        )
    return tx.execute(sa.select(problem).where(sa.or_(*about)).order_by(problem.c.problem_id).limit(limit)).all()


def _problem_events(rows: Sequence[Row[Any]]) -> Iterator[Event]:
    for row in rows:
        yield Event(row.opened_at, "problem", f"{row.code}: {row.say}", 5)
        if row.closed_at is not None:
            yield Event(row.closed_at, "solved", f"{row.code}: {row.say}", 5)


def _standings(tx: Connection, identity: UUID, receipts: Sequence[Row[Any]]) -> Iterator[Standing]:
    newest = tx.execute(sa.select(document).where(document.c.document_id == identity, document.c.current)).one()
    rows = tx.execute(
        sa.select(disposition)
        .where(disposition.c.document_id == identity)
        .order_by(disposition.c.route, disposition.c.posting, disposition.c.part)
    )
    for row in rows:
        booked = sum(
            (each.control for each in receipts if (each.route, each.posting, each.part) == (row.route, row.posting, row.part)), Decimal(0)
        )
        _amount, unit = measured(newest, row.effect, row.part)
        yield Standing(
            row.route, row.posting, row.part, row.target, row.representation, row.fate, row.reason, row.operation_id, booked, unit
        )


def _ties(tx: Connection, identity: UUID, limit: int) -> Iterator[str]:
    other = document.alias()
    for mine, theirs, words in ((tie.c.document_id, tie.c.sale_id, "takes back"), (tie.c.sale_id, tie.c.document_id, "is taken back by")):
        rows = tx.execute(
            sa.select(other.c.type, other.c.number, sa.func.sum(tie.c.units).label("units"))
            .join(other, sa.and_(other.c.document_id == theirs, other.c.current))
            .where(mine == identity)
            .group_by(other.c.type, other.c.number)
            .order_by(other.c.number)
            .limit(limit)
        )
        for row in rows:
            yield f"{words} {row.type} {row.number}"
