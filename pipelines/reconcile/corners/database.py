"""The database target's tables as they stand: stock that moved and hours that were worked, summed by document and article."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

from pipelines.reconcile.bench import ITEM, Bench
from pipelines.reconcile.controls import UNITS
from targets.database.tables import receipt, stock_movement, time_entry

_BATCH = 5_000
_SQLITE_PLACES = -6
"""Millionths times millionths: SQLite's product is read as millionths once."""


def load(bench: Bench, url: str, sheet: str, connection: str, effect: str) -> list[str]:
    """Put the rows of an effect into `item`. `url` is the target's own database."""
    engine = sa.create_engine(url)
    try:
        with engine.connect() as tx:
            if not sa.inspect(tx).has_table(receipt.name):
                return [f"{connection}: nothing was ever written there."]
            bench.load(ITEM, _rows(tx, sheet, connection, effect))
    finally:
        engine.dispose()
    return []


def _rows(tx: sa.Connection, sheet: str, connection: str, effect: str) -> Iterator[dict[str, Any]]:
    """A row without a receipt of ours was written by somebody else: it has no subject."""
    statement = _stock() if effect == "stock" else _hours()
    for row in tx.execute(statement).yield_per(_BATCH):
        yield {
            "corner": "target",
            "sheet": sheet,
            "connection": connection,
            "kind": row.kind or "",
            "subject": (f"{row.local_id}/{row.part}" if row.part else row.local_id) if row.local_id else None,
            "article": row.article,
            "ref": row.remote_id or f"{row.number}/{row.article or ''}",
            "number": row.number,
            "on_day": str(row.on_day),
            "unit": UNITS[effect],
            "amount": row.amount,
            "party": row.party,
            "cost": row.cost.scaleb(_SQLITE_PLACES) if row.cost is not None and tx.dialect.name == "sqlite" else row.cost,
            "overtime": row.overtime,
        }


def _stock() -> sa.Select[Any]:
    table = stock_movement
    return (
        sa.select(
            receipt.c.local_id,
            receipt.c.part,
            sa.func.min(receipt.c.remote_id).label("remote_id"),
            sa.func.min(table.c.kind).label("kind"),
            table.c.item.label("article"),
            table.c.document_number.label("number"),
            sa.func.max(table.c.moved_on).label("on_day"),
            sa.func.sum(table.c.units, type_=table.c.units.type).label("amount"),
            sa.null().label("party"),
            sa.func.sum(table.c.units * table.c.unit_cost, type_=table.c.units.type).label("cost"),
            sa.null().label("overtime"),
        )
        .select_from(table.outerjoin(receipt, receipt.c.idempotency_key == table.c.receipt_key))
        .group_by(receipt.c.local_id, receipt.c.part, table.c.item, table.c.document_number)
    )


def _hours() -> sa.Select[Any]:
    table = time_entry
    overtime = sa.case((table.c.pay == "overtime", table.c.hours), else_=sa.literal(0, table.c.hours.type))
    return (
        sa.select(
            receipt.c.local_id,
            receipt.c.part,
            sa.func.min(receipt.c.remote_id).label("remote_id"),
            sa.func.min(receipt.c.kind).label("kind"),
            sa.null().label("article"),
            table.c.document_number.label("number"),
            sa.func.max(table.c.worked_on).label("on_day"),
            sa.func.sum(table.c.hours, type_=table.c.hours.type).label("amount"),
            table.c.employee_number.label("party"),
            sa.null().label("cost"),
            sa.func.sum(overtime, type_=table.c.hours.type).label("overtime"),
        )
        .select_from(table.outerjoin(receipt, receipt.c.idempotency_key == table.c.receipt_key))
        .group_by(receipt.c.local_id, receipt.c.part, table.c.document_number, table.c.employee_number)
    )
