"""Kinds that are replaced as they change (customers, items, employees, any document): one row a thing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple, TypeAlias

import sqlalchemy as sa

from targets._kit.writer import Intent, Payload, Receipt, Verb
from targets.database.facts import RECORDS
from targets.database.tables import METADATA, document
from targets.database.values import Unfit, as_json, column_value, digest, exact, text

Row: TypeAlias = dict[str, Any]
_OURS = frozenset(("local_id", "active", "receipt_key"))


class Replaced(NamedTuple):
    """What one attempt makes of a row."""

    table: sa.Table
    values: Row
    effect: Decimal
    """How its amount changes: 0 for records, which have none."""

    @property
    def digest(self) -> str:
        """Hash of the row."""
        return fingerprint(self.table, self.values)


def replaced(intent: Intent) -> Replaced:
    """create, update: the row as the document has it. void: the same row, no longer active. Raises Unfit."""
    subject = intent.subject
    table = METADATA.tables[RECORDS[subject.kind]]
    if subject.part and table is not document:
        raise Unfit("part", "has no place in this table")
    values: Row = {"local_id": subject.local_id, "active": intent.verb is not Verb.VOID, "receipt_key": intent.idempotency_key}
    values |= _document(intent) if table is document else _columns(table, intent)
    before = Decimal((intent.booked or {}).get("amount", 0)) if intent.verb is not Verb.CREATE else Decimal(0)
    return Replaced(table, values, values.get("amount", Decimal(0)) - before)


def _columns(table: sa.Table, intent: Intent) -> Row:
    names = (column.name for column in table.columns if column.name not in _OURS)
    return {name: column_value(table.c[name], intent.document.get(name), name) for name in names}


def _document(intent: Intent) -> Row:
    return {
        "document_type": text(intent.document_type, "document_type"),
        "part": text(intent.subject.part, "part"),
        "number": text(intent.number, "number"),
        "dated_on": None if intent.date == date.min else intent.date,
        "amount": exact(intent.amount, "amount") if intent.verb is not Verb.VOID else Decimal(0),
        "unit": text(intent.unit, "unit"),
        "body": as_json(intent.document, "document"),
    }


def fingerprint(table: sa.Table, row: Mapping[Any, Any]) -> str:
    """Hash of what the row says, without who wrote it. Equal before and after storing."""
    stored = [row[column.name] for column in table.columns if column.name != "receipt_key"]
    return digest(str(table.name), [f"{value.normalize():f}" if isinstance(value, Decimal) else value for value in stored])


Stored: TypeAlias = dict[tuple[str, ...], Row]
"""Rows as they are in the database, by table and primary key."""


def stored(tx: sa.Connection, batch: Iterable[Replaced]) -> Stored:
    """The rows that these attempts write, as they are now."""
    found: Stored = {}
    wanted: dict[sa.Table, list[str]] = {}
    for each in batch:
        wanted.setdefault(each.table, []).append(each.values["local_id"])
    for table, local_ids in wanted.items():
        for row in tx.execute(sa.select(table).where(table.c.local_id.in_(local_ids))).mappings():
            found[_id(table, row)] = dict(row)
    return found


def row_of(each: Replaced, rows: Stored) -> Row | None:
    """The stored row of the thing that this attempt writes."""
    return rows.get(_id(each.table, each.values))


def _id(table: sa.Table, row: Mapping[Any, Any]) -> tuple[str, ...]:
    return (table.name, *(row[column.name] for column in table.primary_key))


def put(tx: sa.Connection, batch: Sequence[Replaced], there: Stored) -> None:
    """Insert what is new, update what is there. Each thing at most once."""
    for table in dict.fromkeys(each.table for each in batch):
        wanted = [each for each in batch if each.table is table]
        new = [each.values for each in wanted if row_of(each, there) is None]
        old = [each.values for each in wanted if row_of(each, there) is not None]
        if new:
            tx.execute(sa.insert(table), new)
        if old:
            ids = [column.name for column in table.primary_key]
            names = [column.name for column in table.columns if column.name not in ids]
            change = sa.update(table).where(*(table.c[name] == sa.bindparam(f"is_{name}") for name in ids))
            change = change.values({name: sa.bindparam(f"to_{name}") for name in names})
            tx.execute(change, [{f"is_{name}": row[name] for name in ids} | {f"to_{name}": row[name] for name in names} for row in old])


def receipts(tx: sa.Connection, batch: Sequence[Payload], there: Stored) -> dict[str, Receipt]:
    """What the rows of this batch say now, by idempotency key. `there`: as they were before."""
    now = stored(tx, [payload.body for payload in batch])
    found = {}
    for payload in batch:
        intent, row, before = payload.intent, row_of(payload.body, now), row_of(payload.body, there)
        if row is None:
            continue
        amount = row.get("amount", Decimal(0))
        body = {"fingerprint": fingerprint(payload.body.table, row), "active": row["active"], "amount": f"{amount.normalize():f}"}
        effect = amount - (before or {}).get("amount", Decimal(0))
        remote_id = "/".join(part for part in _id(payload.body.table, row)[1:] if part)
        found[intent.idempotency_key] = Receipt(remote_id, row.get("number", intent.number), row.get("unit", ""), effect, body)
    return found


def bodies(tx: sa.Connection, document_type: str, local_ids: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Local id → the attempt that wrote the row, and its body as JSON."""
    columns = (document.c.local_id, document.c.receipt_key, document.c.body)
    rows = tx.execute(sa.select(*columns).where(document.c.document_type == document_type, document.c.local_id.in_(local_ids)))
    return {local_id: (receipt_key, body) for local_id, receipt_key, body in rows}
