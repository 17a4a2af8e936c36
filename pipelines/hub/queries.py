"""What people ask the hub: how things stand, what needs somebody, and the story of one document. Reads only, and never without a limit.

Command line and console come through here, so that both tell the same. Personal fields are in none of the answers.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection, make_url

from pipelines.hub.cursors import CHECKPOINT
from pipelines.hub.ledger_tables import operation, receipt
from pipelines.hub.tables import cursor, document, problem, tie
from pipelines.hub.words import OperationState

STUCK = (OperationState.HELD, OperationState.REFUSED)
"""States out of which a person may send an operation on its way again."""
_NOT_DELIVERED = operation.c.state != OperationState.DELIVERED.value
"""As the partial index says it, so that a million delivered operations are not looked at."""


@dataclass(frozen=True, slots=True)
class LastRead:
    """Where the reading of one stream stands."""

    connection: str
    stream: str
    rows: int
    """Counted by the reader over its whole life."""
    at: datetime
    reading: bool
    """A read was begun and has not come to its end."""


@dataclass(frozen=True, slots=True)
class CodeCount:
    """Open problems of one code; `say` and `fix` are those of the first."""

    code: str
    count: int
    say: str
    fix: str


@dataclass(frozen=True, slots=True)
class OpenProblem:
    """One problem that nobody has solved yet."""

    number: int
    code: str
    say: str
    fix: str
    field: str
    connection: str
    stream: str
    """Of a source; the kind of document where a target is meant."""
    subject: str
    """Key of the row or group; number of the operation at a target; `(stream)` for a source as a whole."""
    location: str | None
    """File, row and column, where the reader knows them."""
    operation: int | None
    opened_at: datetime


@dataclass(frozen=True, slots=True)
class OperationLine:
    """One operation as a list shows it."""

    number: int
    route: str
    posting: str
    target: str
    kind: str
    want: str
    state: str
    reason: str
    document: str
    """The document's number as people know it."""
    document_id: UUID
    company: str
    business_date: date | None
    planned_at: datetime
    changed_at: datetime
    not_before: datetime | None


@dataclass(frozen=True, slots=True)
class Trouble:
    """What came up from an instant on."""

    problems: int
    held: int
    refused: int

    @property
    def any(self) -> bool:
        """Whether anything came up at all."""
        return bool(self.problems or self.held or self.refused)


@dataclass(frozen=True, slots=True)
class DocumentLine:
    """A document in its newest revision, as a list shows it."""

    document_id: UUID
    type: str
    number: str
    source_id: str
    connection: str
    stream: str
    company: str
    revision: int
    business_date: date | None
    amount: Decimal
    currency: str
    deleted: bool


def hub_file(url: str) -> Path | None:
    """The file of a SQLite hub; None where a server keeps it. Opening a hub makes the file, so whoever only looks asks here first."""
    parsed = make_url(url)
    return Path(parsed.database) if parsed.get_backend_name() == "sqlite" and parsed.database else None


def spoken_url(url: str) -> str:
    """A database URL as people may see it, without its password."""
    return make_url(url).render_as_string(hide_password=True)


def reads(tx: Connection) -> list[LastRead]:
    """Every stream that was ever read, by connection and name."""
    rows = tx.execute(sa.select(cursor).where(cursor.c.stream != CHECKPOINT).order_by(cursor.c.connection_id, cursor.c.stream))
    return [LastRead(row.connection_id, row.stream, row.read_count, row.updated_at, row.reading) for row in rows]


def problem_codes(tx: Connection) -> list[CodeCount]:
    """Open problems by code, the most frequent first."""
    counted = sa.select(problem.c.code, sa.func.count().label("count"), sa.func.min(problem.c.problem_id).label("first"))
    each = counted.where(problem.c.closed_at.is_(None)).group_by(problem.c.code).subquery()
    rows = tx.execute(
        sa.select(each.c.code, each.c.count, problem.c.say, problem.c.fix)
        .join(problem, problem.c.problem_id == each.c.first)
        .order_by(each.c.count.desc(), each.c.code)
    )
    return [CodeCount(*row) for row in rows]


def problems(
    tx: Connection,
    *,
    code: str | None = None,
    operations_of: Sequence[int] | None = None,
    subjects: Sequence[tuple[str, str, str]] | None = None,
    key: str | None = None,
    limit: int = 50,
) -> list[OpenProblem]:
    """Open problems, the oldest first: of one code, of a key anywhere, of these operations or subjects (connection, stream, key)."""
    wanted = sa.select(problem).where(problem.c.closed_at.is_(None)).order_by(problem.c.problem_id).limit(limit)
    if code is not None:
        wanted = wanted.where(problem.c.code == code)
    if key is not None:
        wanted = wanted.where(problem.c.subject == key)
    about: list[sa.ColumnElement[bool]] = []
    if operations_of is not None:
        about.append(problem.c.operation_id.in_(list(operations_of)[:limit]))
    if subjects is not None:
        about += [
            sa.and_(problem.c.connection_id == connection, problem.c.stream == stream, problem.c.subject == subject)
            for connection, stream, subject in subjects[:limit]
        ]
    if operations_of is not None or subjects is not None:
        wanted = wanted.where(sa.or_(sa.false(), *about))
    return [
        OpenProblem(
            number=row.problem_id,
            code=row.code,
            say=row.say,
            fix=row.fix,
            field=row.field,
            connection=row.connection_id,
            stream=row.stream,
            subject=row.subject,
            location=row.location,
            operation=row.operation_id,
            opened_at=row.opened_at,
        )
        for row in tx.execute(wanted)
    ]


def operations(
    tx: Connection, *, states: Iterable[str] | None = None, numbers: Sequence[int] | None = None, unsaid: bool = False, limit: int = 50
) -> list[OperationLine]:
    """Operations in these states or with these numbers, the oldest first; `unsaid`: only those of which no open problem tells."""
    wanted = (
        sa.select(operation, document.c.number.label("called"), document.c.business_date)
        .join(document, document.c.seq == operation.c.document_seq)
        .order_by(operation.c.operation_id)
        .limit(limit)
    )
    if states is not None:
        wanted = wanted.where(operation.c.state.in_(list(states)))
    if numbers is not None:
        wanted = wanted.where(operation.c.operation_id.in_(list(numbers)))
    if unsaid:
        wanted = wanted.where(~sa.exists().where(problem.c.operation_id == operation.c.operation_id, problem.c.closed_at.is_(None)))
    return [
        OperationLine(
            row.operation_id, row.route, row.posting, row.target, row.kind, row.want, row.state, row.reason, row.called, row.document_id,
            row.company_id, row.business_date, row.planned_at, row.changed_at, row.not_before,
        )
        for row in tx.execute(wanted)
    ]  # fmt: skip


def trouble(tx: Connection, since: datetime | None = None) -> Trouble:
    """Open problems and stuck operations; with `since`, those that came up from that instant on."""
    opened = sa.select(sa.func.count()).select_from(problem).where(problem.c.closed_at.is_(None))
    stuck = sa.select(operation.c.state, sa.func.count()).where(_NOT_DELIVERED, operation.c.state.in_(STUCK)).group_by(operation.c.state)
    if since is not None:
        opened = opened.where(problem.c.opened_at >= since)
        stuck = stuck.where(operation.c.changed_at >= since)
    states = {row[0]: int(row[1]) for row in tx.execute(stuck)}
    return Trouble(
        problems=int(tx.execute(opened).scalar_one()),
        held=states.get(OperationState.HELD, 0),
        refused=states.get(OperationState.REFUSED, 0),
    )


def find(tx: Connection, number: str, *, type_: str | None = None, connection: str | None = None, limit: int = 20) -> list[DocumentLine]:
    """Documents that people may mean by this number: by number, by the source's id, or by document id."""
    named = [document.c.number == number, document.c.source_id == number]
    with contextlib.suppress(ValueError):  # a number that is a document id is the rare case
        named.append(document.c.document_id == UUID(number))
    wanted = sa.select(document).where(document.c.current, sa.or_(*named))
    if type_ is not None:
        wanted = wanted.where(document.c.type == type_)
    if connection is not None:
        wanted = wanted.where(document.c.connection_id == connection)
    return [
        DocumentLine(
            row.document_id, row.type, row.number, row.source_id, row.connection_id, row.stream, row.company_id, row.revision,
            row.business_date, row.amount, row.currency, row.deleted,
        )
        for row in tx.execute(wanted.order_by(document.c.seq).limit(limit))
    ]  # fmt: skip


def worth_telling(tx: Connection) -> str | None:
    """The number of a document whose story is a good example: a sale that was taken back, else the first that was delivered."""
    taken_back = tx.execute(sa.select(tie.c.sale_id).limit(1)).scalar_one_or_none()
    delivered = tx.execute(sa.select(receipt.c.document_id).order_by(receipt.c.attempt_id).limit(1)).scalar_one_or_none()
    identity = taken_back or delivered
    if identity is None:
        return None
    return str(tx.execute(sa.select(document.c.number).where(document.c.document_id == identity, document.c.current)).scalar_one())
