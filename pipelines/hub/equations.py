"""The two equations, as queries. Neither can balance by construction: one side is counted by the reader or read back from the target.

Intake, per connection and stream, in counts: read = translated + excluded + problem + held + repeated + replaced + untranslated;
deletes by absence: landed = worked + untranslated.

Route, per posting, unit and business date, counts and signed amounts: in scope = Σ over fates. A document that is done counts the
controls of its receipts, an open one its current amount.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from pipelines.hub import marks
from pipelines.hub.cursors import CHECKPOINT
from pipelines.hub.ledger_tables import disposition, operation, receipt
from pipelines.hub.measures import COLUMNS, HOURS, PIECES, measured
from pipelines.hub.tables import cursor, document, landed, problem
from pipelines.hub.types import Amount
from pipelines.hub.words import Fate

_ZERO = Decimal(0)
_NOTHING = sa.literal(_ZERO, Amount())
UNTRANSLATED = "untranslated"


@dataclass(frozen=True, slots=True)
class Intake:
    """One stream's equation."""

    connection: str
    stream: str
    read: int
    """Counted by the reader itself."""
    repeated: int
    upserts: dict[str, int]
    """Landed rows by outcome, `untranslated` for none."""
    deletes: dict[str, int]

    @property
    def accounted(self) -> int:
        """The right-hand side."""
        return self.repeated + sum(self.upserts.values())

    @property
    def balanced(self) -> bool:
        """Whether every row that the reader handed out is accounted for."""
        return self.read == self.accounted and not set(self.deletes) - {"worked", "replaced", UNTRANSLATED}


@dataclass(slots=True)
class Tally:
    """Documents and their signed amount."""

    count: int = 0
    amount: Decimal = _ZERO

    def add(self, amount: Decimal, count: int = 1) -> None:
        """More documents that are worth `amount` together."""
        self.count += count
        self.amount += amount


@dataclass(slots=True)
class Balance:
    """The route equation of one posting, unit and business date."""

    route: str
    posting: str
    unit: str
    day: date | None
    in_scope: Tally = field(default_factory=Tally)
    fates: dict[str, Tally] = field(default_factory=lambda: defaultdict(Tally))

    @property
    def difference(self) -> Decimal:
        """Σ over fates − in scope: 0 where the equation holds."""
        return sum((tally.amount for tally in self.fates.values()), _ZERO) - self.in_scope.amount

    @property
    def balanced(self) -> bool:
        """Whether counts and amounts agree to the last digit."""
        return not self.difference and sum(tally.count for tally in self.fates.values()) == self.in_scope.count


def intake(tx: Connection, connections: Iterable[str] | None = None) -> list[Intake]:
    """The equation of every stream that was ever read (of these connections)."""
    chosen = None if connections is None else set(connections)
    outcomes: dict[tuple[str, str], dict[str, dict[str, int]]] = defaultdict(lambda: {"upsert": {}, "delete": {}})
    for row in tx.execute(
        sa.select(landed.c.connection_id, landed.c.stream, landed.c.op, landed.c.outcome, sa.func.count().label("rows")).group_by(
            landed.c.connection_id, landed.c.stream, landed.c.op, landed.c.outcome
        )
    ):
        outcomes[row.connection_id, row.stream][row.op][row.outcome or UNTRANSLATED] = row.rows
    found = []
    for row in tx.execute(sa.select(cursor).where(cursor.c.stream != CHECKPOINT).order_by(cursor.c.connection_id, cursor.c.stream)):
        if chosen is None or row.connection_id in chosen:
            ops = outcomes[row.connection_id, row.stream]
            found.append(Intake(row.connection_id, row.stream, row.read_count, row.repeated_count, ops["upsert"], ops["delete"]))
    return found


def route(tx: Connection, name: str, sources: Iterable[str], postings: Iterable[tuple[str, str]]) -> list[Balance]:
    """The equation of a route: `postings` as (name, effect). Covers the documents up to the route's plan mark."""
    mark, _digest = marks.mark(tx, "plan", name)
    connections = sorted(sources)
    balances: list[Balance] = []
    for posting, effect in postings:
        sheet: dict[tuple[str, date | None], Balance] = {}
        for unit, day, fate, count, scope, counted in (
            *_whole_documents(tx, name, posting, effect, connections, mark),
            *_legs(tx, name, posting, effect, connections, mark),
        ):
            balance = sheet.setdefault((unit, day), Balance(name, posting, unit, day))
            balance.in_scope.add(scope, count)
            balance.fates[fate].add(counted, count)
        balances.extend(sheet[key] for key in sorted(sheet, key=lambda key: (key[0], key[1] or date.min)))
    return balances


_Sum = tuple[str, date | None, str, int, Decimal, Decimal]
"""Unit, business date, fate, count, amount in scope, amount as the fate counts it."""


def _whole_documents(tx: Connection, name: str, posting: str, effect: str, connections: list[str], mark: int) -> Iterator[_Sum]:
    """Documents of one leg, summed by the database: their number does not matter to our memory."""
    standing, controls = _standing(name, posting, document.c.document_id, sa.literal(""))
    scope, unit = _measure(sa.func.coalesce(disposition.c.effect, effect))
    fate = _fate()
    counted = sa.case((fate == Fate.DELIVERED, sa.func.coalesce(controls, _NOTHING)), else_=scope)
    statement = (
        sa.select(
            unit.label("unit"),
            document.c.business_date.label("day"),
            fate.label("fate"),
            sa.func.count(),
            sa.func.sum(scope, type_=Amount()),
            sa.func.sum(counted, type_=Amount()),
        )
        .select_from(document.outerjoin(disposition, standing))
        .where(document.c.connection_id.in_(connections), document.c.current, document.c.seq <= mark, document.c.parts.is_(None))
        .group_by(sa.text("1"), sa.text("2"), sa.text("3"))
    )
    for row in tx.execute(statement):
        yield row[0], row[1], row[2], int(row[3]), row[4], row[5]


def _legs(tx: Connection, name: str, posting: str, effect: str, connections: list[str], mark: int) -> Iterator[_Sum]:
    """Documents of several legs, each leg with a date and a fate of its own."""
    rows = tx.execute(
        sa.select(document.c.document_id, *COLUMNS).where(
            document.c.connection_id.in_(connections), document.c.current, document.c.seq <= mark, document.c.parts.is_not(None)
        )
    ).all()
    for row in rows:
        for part, day in row.parts:
            standing, controls = _standing(name, posting, sa.literal(row.document_id), sa.literal(part))
            found = tx.execute(sa.select(_fate(), disposition.c.effect, controls).where(standing)).one_or_none()
            fate, own_effect, control = found if found is not None else (Fate.READY, effect, None)
            amount, unit = measured(row, own_effect, part)
            counted = (control or _ZERO) if fate == Fate.DELIVERED else amount
            yield unit, date.fromisoformat(day) if day else None, fate, 1, amount, counted


def _standing(
    name: str, posting: str, identity: sa.ColumnElement[Any], part: sa.ColumnElement[str]
) -> tuple[sa.ColumnElement[bool], sa.ScalarSelect[Decimal]]:
    """How a document's part meets its fate, and the sum of its receipts' controls."""
    join = sa.and_(
        disposition.c.route == name, disposition.c.posting == posting, disposition.c.document_id == identity, disposition.c.part == part
    )
    controls = (
        sa.select(sa.func.sum(receipt.c.control, type_=Amount()))
        .where(receipt.c.route == name, receipt.c.posting == posting, receipt.c.document_id == identity, receipt.c.part == part)
        .scalar_subquery()
    )
    return join, controls


def _fate() -> sa.ColumnElement[str]:
    """The fate; a document that plan has not reached is ready to be planned."""
    return sa.func.coalesce(disposition.c.fate, sa.literal(Fate.READY.value))


def _measure(effect: sa.ColumnElement[str]) -> tuple[sa.ColumnElement[Decimal], sa.ColumnElement[str]]:
    """`measures.measured` in SQL."""
    amount = sa.case(
        (effect == "money", document.c.amount),
        (effect == "stock", document.c.units),
        (effect == "reserve", document.c.reserved),
        (effect == "hours", document.c.hours),
        (effect == "cost", document.c.cost),
        else_=_NOTHING,
    )
    unit = sa.case(
        (effect.in_(("money", "cost")), document.c.currency),
        (effect.in_(("stock", "reserve")), PIECES),
        (effect == "hours", HOURS),
        else_="",
    )
    return amount, unit


def operations(tx: Connection, routes: Iterable[str] | None = None) -> dict[str, int]:
    """Operations by state."""
    statement = sa.select(operation.c.state, sa.func.count()).group_by(operation.c.state)
    if routes is not None:
        statement = statement.where(operation.c.route.in_(list(routes)))
    return {row[0]: int(row[1]) for row in tx.execute(statement)}


def fates(balances: Iterable[Balance]) -> dict[str, dict[str, Tally]]:
    """Fate → unit → tally, over the given balances."""
    found: dict[str, dict[str, Tally]] = defaultdict(lambda: defaultdict(Tally))
    for balance in balances:
        for fate, tally in balance.fates.items():
            sums = found[fate][balance.unit]
            sums.count += tally.count
            sums.amount += tally.amount
    return found


@dataclass(frozen=True, slots=True)
class Counts:
    """How much stands in the hub."""

    documents: int
    """Canonical documents in their newest revision, deleted ones apart."""
    problems: int
    """Open ones."""


def counts(tx: Connection) -> Counts:
    """Documents and open problems."""
    documents = tx.execute(sa.select(sa.func.count()).where(document.c.current, document.c.deleted.is_(False))).scalar_one()
    problems = tx.execute(sa.select(sa.func.count()).select_from(problem).where(problem.c.closed_at.is_(None))).scalar_one()
    return Counts(int(documents), int(problems))
