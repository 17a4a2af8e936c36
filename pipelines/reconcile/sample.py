"""An auditor's sample: documents of a period chosen by value and a seed, the same ones each time.

Monetary-unit sampling, currency by currency: whatever is at least as large as the interval is taken for certain; of the rest each unit of
money has the same chance, by a fixed step through the documents from a start that the seed gives. Equal documents, count and seed give an
equal sample.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from pipelines.hub.tables import document
from pipelines.hub.types import SCALE
from pipelines.reconcile.closing import bounds

_FACTOR = 10**SCALE
_BATCH = 2_000


@dataclass(frozen=True, slots=True)
class Chosen:
    """One document of a sample, and why it is in it."""

    document_id: UUID
    number: str
    kind: str
    currency: str
    amount: Decimal
    certain: bool
    """It is so large that it is taken for certain."""


@dataclass(frozen=True, slots=True)
class Population:
    """What a sample is taken from, of one currency."""

    currency: str
    documents: int
    gross: int
    """Σ |amount| in millionths."""


def populations(tx: Connection, company: str, period: str, kind: str | None = None) -> list[Population]:
    """The documents of a period that moved money, by currency."""
    gross = sa.func.sum(sa.func.abs(document.c.amount))
    wanted = sa.select(document.c.currency, sa.func.count(), sa.type_coerce(gross, document.c.amount.type)).group_by(document.c.currency)
    rows = tx.execute(wanted.where(*_there(company, period, kind)).order_by(document.c.currency)).all()
    return [Population(currency, count, _whole(amount)) for currency, count, amount in rows]


def shares(found: list[Population], count: int) -> Mapping[str, int]:
    """How many of `count` each currency gives: by its documents, at least one where there is room, the largest remainder first."""
    total = sum(each.documents for each in found)
    if not total:
        return {}
    count = min(count, total)
    exact = {each.currency: divmod(count * each.documents, total) for each in found}
    given = {currency: whole for currency, (whole, _rest) in exact.items()}
    for currency in sorted(exact, key=lambda one: (given[one] > 0, -exact[one][1], one))[: count - sum(given.values())]:
        given[currency] += 1
    return given


def choose(tx: Connection, company: str, period: str, *, count: int, seed: int, kind: str | None = None) -> list[Chosen]:
    """The sample, by currency and size."""
    found = populations(tx, company, period, kind)
    given, chosen = shares(found, count), list[Chosen]()
    for each in found:
        if given.get(each.currency):
            chosen += _of_currency(tx, company, period, kind, each, given[each.currency], seed)
    return sorted(chosen, key=lambda one: (one.currency, -abs(one.amount), str(one.document_id)))


def _of_currency(
    tx: Connection, company: str, period: str, kind: str | None, whole: Population, count: int, seed: int
) -> Iterator[Chosen]:  # fmt: skip
    certain, left = _certain(tx, company, period, kind, whole, count), count
    rest = whole.gross
    for row in certain:
        rest, left = rest - _whole(abs(row.amount)), left - 1
        yield Chosen(row.document_id, row.number, row.type, row.currency, row.amount, certain=True)
    if not left:
        return
    # Positions are rest/left apart. Everything is multiplied by `left`, so that no step is ever rounded.
    taken = {row.document_id for row in certain}
    start = int(hashlib.sha256(f"{seed} {whole.currency}".encode()).hexdigest(), 16) % rest
    passed, at = 0, start
    for row in _rows(tx, company, period, kind, whole.currency):
        if row.document_id in taken:
            continue
        passed += _whole(abs(row.amount)) * left
        if at < passed:
            at += rest
            yield Chosen(row.document_id, row.number, row.type, row.currency, row.amount, certain=False)


def _certain(tx: Connection, company: str, period: str, kind: str | None, whole: Population, count: int) -> list[sa.Row[Any]]:
    """The largest, for as long as each is at least the interval that the rest would have."""
    largest = sa.func.abs(document.c.amount).desc()
    wanted = _columns().where(*_there(company, period, kind), document.c.currency == whole.currency)
    found: list[sa.Row[Any]] = []
    rest = whole.gross
    for row in tx.execute(wanted.order_by(largest, document.c.document_id).limit(count)):
        size = _whole(abs(row.amount))
        if size * (count - len(found)) < rest:
            break
        found.append(row)
        rest -= size
    return found


def _rows(tx: Connection, company: str, period: str, kind: str | None, currency: str) -> Iterator[sa.Row[Any]]:
    wanted = _columns().where(*_there(company, period, kind), document.c.currency == currency).order_by(document.c.document_id)
    yield from tx.execution_options(yield_per=_BATCH).execute(wanted)


def _columns() -> sa.Select[Any]:
    return sa.select(document.c.document_id, document.c.number, document.c.type, document.c.currency, document.c.amount)


def _there(company: str, period: str, kind: str | None) -> list[sa.ColumnElement[bool]]:
    start, end = bounds(period)
    wanted = [
        document.c.company_id == company, document.c.current, sa.not_(document.c.deleted), sa.not_(document.c.test),
        document.c.moves_money, document.c.amount != Decimal(0), document.c.business_date.between(start, end),
    ]  # fmt: skip
    return wanted if kind is None else [*wanted, document.c.type == kind]


def _whole(amount: Decimal) -> int:
    return int(amount * _FACTOR)
