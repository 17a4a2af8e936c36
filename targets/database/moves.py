"""Kinds that add up (stock, hours): rows are only ever appended, and what stands is their sum."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple, TypeAlias

import sqlalchemy as sa

from targets._kit.writer import Intent, Payload, Receipt, Verb
from targets.database.tables import stock_movement, time_entry
from targets.database.values import Unfit, day, digest, exact, text

Key: TypeAlias = tuple[str, ...]
Sums: TypeAlias = dict[Key, Decimal]


class Moving(NamedTuple):
    """How a kind of thing that adds up is kept."""

    table: sa.Table
    keys: tuple[str, ...]
    """Columns that a sum is kept for."""
    quantity: str
    unit: str


STOCK = Moving(stock_movement, ("item", "location"), "units", "C62")
HOURS = Moving(time_entry, ("employee_number", "worked_on", "pay"), "hours", "HUR")


class Appended(NamedTuple):
    """What one attempt appends."""

    how: Moving
    rows: tuple[dict[str, Any], ...]
    standing: Sums
    """What must stand before it, by key."""

    @property
    def effect(self) -> Decimal:
        """Sum of what it appends."""
        return sum((row[self.how.quantity] for row in self.rows), Decimal(0))

    @property
    def digest(self) -> str:
        """Hash of the rows."""
        return digest(str(self.how.table.name), self.rows)


def moving(kind: str) -> Moving:
    """How that kind is kept."""
    return HOURS if kind == "time_entry" else STOCK


def appended(intent: Intent) -> Appended:
    """create: all rows. adjust: per key, the difference. reverse: what is booked, negated. Raises Unfit."""
    how = moving(intent.subject.kind)
    standing = sums_of(intent.booked)
    rows = _hours(intent) if how is HOURS else _stock(intent)
    if intent.verb is Verb.CREATE:
        wanted, standing = rows, {}
    elif intent.verb is Verb.ADJUST:
        wanted = _difference(how, rows, standing, intent)
    else:
        wanted = _difference(how, [], standing, intent)
    return Appended(how, tuple({"receipt_key": intent.idempotency_key, "line": line, **row} for line, row in enumerate(wanted)), standing)


def _difference(how: Moving, rows: Sequence[dict[str, Any]], standing: Sums, intent: Intent) -> list[dict[str, Any]]:
    wanted: Sums = {}
    first: dict[Key, dict[str, Any]] = {}
    for row in rows:
        key = tuple(str(row[name]) for name in how.keys)
        wanted[key] = wanted.get(key, Decimal(0)) + row[how.quantity]
        first.setdefault(key, row)
    found = []
    for key in sorted(wanted.keys() | standing.keys()):
        change = wanted.get(key, Decimal(0)) - standing.get(key, Decimal(0))
        if change:
            row = first.get(key) or _bare(how, key, intent)
            found.append({**row, how.quantity: change})
    return found


def _bare(how: Moving, key: Key, intent: Intent) -> dict[str, Any]:
    """A row for something that is booked and no longer wanted."""
    row: dict[str, Any] = dict(zip(how.keys, key, strict=True))
    number = text(intent.number, "number")
    if how is STOCK:
        return {**row, "unit_cost": None, "moved_on": intent.date, "document_number": number, "kind": intent.subject.kind}
    return {**row, "worked_on": day(row["worked_on"], "business_date"), "location": None, "role_code": None, "document_number": number}


def _stock(intent: Intent) -> list[dict[str, Any]]:
    number = text(intent.number, "number")
    return [
        {
            "item": text(move.item, f"lines.{at}.item"),
            "location": text(move.location, f"lines.{at}.location"),
            "units": exact(move.units, f"lines.{at}.units"),
            "unit_cost": None if move.unit_cost is None else exact(move.unit_cost, f"lines.{at}.unit_cost"),
            "moved_on": intent.date,
            "document_number": number,
            "kind": intent.subject.kind,
        }
        for at, move in enumerate(intent.moves)
    ]


def _hours(intent: Intent) -> list[dict[str, Any]]:
    if intent.verb is Verb.REVERSE:
        return []
    body = intent.document
    regular = exact(body.get("regular_hours") or 0, "regular_hours")
    overtime = exact(body.get("overtime_hours") or 0, "overtime_hours")
    if regular + overtime != intent.amount:
        raise Unfit("regular_hours", f"and overtime_hours are {regular + overtime} together, the document counts {intent.amount}")
    head = {
        "employee_number": text(body.get("employee_number") or "", "employee_number"),
        "worked_on": day(body.get("business_date") or intent.date, "business_date"),
        "location": None if body.get("location") is None else text(body["location"], "location"),
        "role_code": None if body.get("role_code") is None else text(body["role_code"], "role_code"),
        "document_number": text(intent.number, "number"),
    }
    return [{**head, "pay": pay, "hours": hours} for pay, hours in (("regular", regular), ("overtime", overtime)) if hours]


# ── what stands ──


def sums_of(body: Mapping[str, Any] | None) -> Sums:
    """What stands, from the body of a receipt: {"moves": [[item, location, "units"], …]}."""
    return {tuple(key): Decimal(units) for *key, units in (body or {}).get("moves", ())}


def body_of(sums: Sums) -> dict[str, Any]:
    """The body of a receipt; what adds up to nothing is left out."""
    return {"moves": [[*key, f"{units.normalize():f}"] for key, units in sorted(sums.items()) if units]}


def append(tx: sa.Connection, batch: Sequence[Appended]) -> None:
    """Insert the rows."""
    for how in (STOCK, HOURS):
        rows = [row for each in batch if each.how is how for row in each.rows]
        if rows:
            tx.execute(sa.insert(how.table), rows)


def written(tx: sa.Connection, how: Moving, keys: Sequence[str]) -> dict[str, tuple[Sums, Decimal]]:
    """Read back: per receipt key, the sums of its rows and their total."""
    columns = [how.table.c[name] for name in how.keys]
    rows = tx.execute(sa.select(how.table.c.receipt_key, how.table.c[how.quantity], *columns).where(how.table.c.receipt_key.in_(keys)))
    found: dict[str, tuple[Sums, Decimal]] = {key: ({}, Decimal(0)) for key in keys}
    for receipt_key, units, *key in rows:
        sums, total = found[receipt_key]
        name = tuple(str(part) for part in key)
        sums[name] = sums.get(name, Decimal(0)) + units
        found[receipt_key] = (sums, total + units)
    return found


def receipts(tx: sa.Connection, batch: Sequence[Payload]) -> dict[str, Receipt]:
    """What the rows of this batch say, by idempotency key. What stands is what stood before (judged) and these rows."""
    found: dict[str, Receipt] = {}
    for how in (STOCK, HOURS):
        ours = [payload for payload in batch if payload.body.how is how]
        rows = written(tx, how, [payload.intent.idempotency_key for payload in ours]) if ours else {}
        for payload in ours:
            intent = payload.intent
            sums, total = rows[intent.idempotency_key]
            standing = dict(payload.body.standing)
            for key, units in sums.items():
                standing[key] = standing.get(key, Decimal(0)) + units
            remote_id = intent.remote_id or intent.look_up_key
            found[intent.idempotency_key] = Receipt(remote_id, intent.number, how.unit, total, body_of(standing))
    return found
