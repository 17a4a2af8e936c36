"""What a document names at the same target: its buyer, its employee, what it pays or credits, and the items of its lines. Reads only."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from pipelines.hub.bulk import among
from pipelines.hub.ledger_tables import crosswalk
from pipelines.hub.tables import document, member
from targets._kit.writer import Related

_PARENTS = ("order_id", "payment_id", "parent_id", "supervisor_id")
_PEOPLE = "employee"


class _Name(NamedTuple):
    """Another document, as people number it."""

    connection: str
    type: str
    number: str


def at_target(tx: Connection, target: str, documents: Sequence[Row[Any]]) -> dict[int, Mapping[str, Related]]:
    """By document seq: `customer`, `employee`, `parent` and `item:SKU`, as far as they stand at the target."""
    named = {row.seq: dict(_names(row)) for row in documents}
    parents = {row.seq: _parents(row) for row in documents}
    locals_of = _locals(tx, {name for names in named.values() for name in names.values()})
    wanted = set(locals_of.values()) | {parent for found in parents.values() for parent in found}
    standing = _standing(tx, target, wanted)
    found: dict[int, Mapping[str, Related]] = {}
    for row in documents:
        mine: dict[str, Related] = {}
        for role, name in named[row.seq].items():
            there = standing.get(locals_of[name]) if name in locals_of else None
            if there is not None:
                mine[role] = there._replace(number=name.number)
        first = next((standing[parent] for parent in parents[row.seq] if parent in standing), None)
        if first is not None:
            mine["parent"] = first
        found[row.seq] = mine
    return found


def _names(row: Row[Any]) -> list[tuple[str, _Name]]:
    body = msgspec.json.decode(row.body)
    names = [("customer", _Name(row.connection_id, "customer", row.party))] if row.party else []
    if body.get("employee_number") and row.type != _PEOPLE:
        names.append((_PEOPLE, _Name(row.connection_id, _PEOPLE, body["employee_number"])))
    skus = {line["sku"] for line in body.get("lines", ()) if isinstance(line, dict) and line.get("sku")}
    skus |= {body["sku"]} if body.get("sku") and row.type != "product" else set()
    names.extend((f"item:{sku}", _Name(row.connection_id, "product", sku)) for sku in sorted(skus))
    return names


def _parents(row: Row[Any]) -> list[UUID]:
    body = msgspec.json.decode(row.body)
    own = [body.get(name) for name in _PARENTS]
    own += [line.get("order_id") for line in body.get("lines", ()) if isinstance(line, dict)]
    return [UUID(each) for each in dict.fromkeys(own) if each]


def _locals(tx: Connection, names: set[_Name]) -> dict[_Name, UUID]:
    """The entity behind each name: what a number of that connection stands for now."""
    groups: dict[tuple[str, str], list[str]] = defaultdict(list)
    for name in names:
        groups[name.connection, name.type].append(name.number)
    found: dict[_Name, UUID] = {}
    for (connection, kind), numbers in groups.items():
        rows = tx.execute(
            sa.select(document.c.number, member.c.entity_id)
            .join(member, sa.and_(member.c.document_id == document.c.document_id, member.c.valid_to.is_(None)))
            .where(
                document.c.connection_id == connection,
                document.c.type == kind,
                document.c.current,
                document.c.deleted.is_(False),
                among(tx, document.c.number, numbers),
            )
            .order_by(document.c.seq)
        )
        for number, entity_id in rows:
            found.setdefault(_Name(connection, kind, number), entity_id)
    return found


def _standing(tx: Connection, target: str, wanted: set[UUID]) -> dict[UUID, Related]:
    if not wanted:
        return {}
    rows = tx.execute(
        sa.select(crosswalk.c.local_id, crosswalk.c.kind, crosswalk.c.remote_id)
        .where(crosswalk.c.connection_id == target, among(tx, crosswalk.c.local_id, list(wanted)), crosswalk.c.valid_to.is_(None))
        .order_by(crosswalk.c.crosswalk_id.desc())
    )
    return {row.local_id: Related(row.kind, row.remote_id, "") for row in rows}
