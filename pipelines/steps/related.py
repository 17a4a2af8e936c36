"""What a document names at the same target: buyer or supplier, employee, what it pays or credits, and items of its lines. Reads only."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from mappings.model import Document
from pipelines.hub.bulk import among
from pipelines.hub.ledger_tables import crosswalk
from pipelines.hub.tables import document, member
from targets._kit.writer import Related


class Named(NamedTuple):
    """A stored document, with what its row alone tells."""

    seq: int
    connection: str
    made: Document


class _Name(NamedTuple):
    """Another document, as people number it."""

    connection: str
    type: str
    number: str


def at_target(tx: Connection, target: str, documents: Sequence[Named]) -> dict[int, Mapping[str, Related]]:
    """By document seq: `customer`, `supplier`, `employee`, `parent` and `item:SKU`, as far as they stand at the target."""
    named = {each.seq: dict(_names(each)) for each in documents}
    locals_of = _locals(tx, {name for names in named.values() for name in names.values()})
    standing = _standing(tx, target, {*locals_of.values(), *(parent for each in documents for parent in each.made.parents())})
    found: dict[int, Mapping[str, Related]] = {}
    for each in documents:
        mine: dict[str, Related] = {}
        for role, name in named[each.seq].items():
            there = standing.get(locals_of[name]) if name in locals_of else None
            if there is not None:
                mine[role] = there._replace(number=name.number)
        first = next((standing[parent] for parent in each.made.parents() if parent in standing), None)
        if first is not None:
            mine["parent"] = first
        found[each.seq] = mine
    return found


def _names(document: Named) -> Iterator[tuple[str, _Name]]:
    connection, made = document.connection, document.made
    party = made.party()
    if party is not None:
        yield party[0], _Name(connection, *party)
    number = getattr(made, "employee_number", None)
    if number and made.type != "employee":
        yield "employee", _Name(connection, "employee", number)
    skus = {getattr(line, "sku", None) for line in getattr(made, "lines", ())}
    skus |= {getattr(made, "sku", None)} if made.type != "product" else set()
    for sku in sorted(sku for sku in skus if sku):
        yield f"item:{sku}", _Name(connection, "product", sku)


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
