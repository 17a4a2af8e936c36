"""The receipt table: one row an attempt, written in the transaction of its effect."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from targets._kit.writer import Payload, Receipt, Subject
from targets.database.moves import HOURS, STOCK
from targets.database.tables import receipt


def stored(tx: sa.Connection, keys: Sequence[str]) -> dict[str, Receipt]:
    """The receipts of these attempts, as far as there are any."""
    rows = tx.execute(sa.select(receipt).where(receipt.c.idempotency_key.in_(keys)))
    return {row.idempotency_key: _receipt(row) for row in rows}


def taken(tx: sa.Connection, look_up_keys: Sequence[str]) -> set[str]:
    """Those of the look-up keys under which something has been written."""
    if not look_up_keys:
        return set()
    return set(tx.execute(sa.select(receipt.c.look_up_key).where(receipt.c.look_up_key.in_(look_up_keys))).scalars())


def standing(tx: sa.Connection, subjects: Sequence[Subject]) -> dict[Subject, Mapping[str, Any]]:
    """What stands of each thing: the body of its newest receipt."""
    if not subjects:
        return {}
    wanted = {(subject.kind, subject.local_id, subject.part): subject for subject in subjects}
    rows = tx.execute(
        sa.select(receipt.c.kind, receipt.c.local_id, receipt.c.part, receipt.c.body)
        .where(
            receipt.c.kind.in_({subject.kind for subject in subjects}), receipt.c.local_id.in_({subject.local_id for subject in subjects})
        )
        .order_by(receipt.c.seq)
    )
    found: dict[Subject, Mapping[str, Any]] = {}
    for kind, local_id, part, body in rows:
        if (kind, local_id, part) in wanted:
            found[wanted[kind, local_id, part]] = json.loads(body)
    return found


def keep(tx: sa.Connection, batch: Sequence[Payload], found: Mapping[str, Receipt]) -> None:
    """Write the receipts of what was read back."""
    if not batch:
        return
    last = tx.execute(sa.select(sa.func.max(receipt.c.seq))).scalar() or 0
    tx.execute(sa.insert(receipt), [_row(payload, found, seq) for seq, payload in enumerate(batch, start=last + 1)])


def _row(payload: Payload, found: Mapping[str, Receipt], seq: int) -> dict[str, Any]:
    intent = payload.intent
    read = found[intent.idempotency_key]
    return {
        "idempotency_key": intent.idempotency_key,
        "seq": seq,
        "look_up_key": intent.look_up_key,
        "kind": intent.subject.kind,
        "local_id": intent.subject.local_id,
        "part": intent.subject.part,
        "remote_id": read.remote_id,
        "number": read.number,
        "unit": read.unit,
        "effect": f"{read.effect.normalize():f}",
        "body": json.dumps(read.body),
    }


def _receipt(row: Any) -> Receipt:
    return Receipt(row.remote_id, row.number, row.unit, Decimal(row.effect), json.loads(row.body))


def all_of(tx: sa.Connection) -> list[Receipt]:
    """Every receipt, oldest first; the effect of stock and hours is summed anew from their rows."""
    sums: dict[str, Decimal] = {}
    for how in (STOCK, HOURS):
        key, quantity = how.table.c.receipt_key, how.table.c[how.quantity]
        sums |= dict(tx.execute(sa.select(key, sa.func.sum(quantity, type_=quantity.type)).group_by(key)).all())
    rows = tx.execute(sa.select(receipt).order_by(receipt.c.seq))
    moving = {STOCK.unit, HOURS.unit}
    return [
        _receipt(row)._replace(effect=sums.get(row.idempotency_key, Decimal(0))) if row.unit in moving else _receipt(row) for row in rows
    ]
