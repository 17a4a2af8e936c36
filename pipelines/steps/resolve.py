"""Resolve: who is who, and which sale a credit takes back. Works the documents in the order of their seq.

Entities are 1:1 with their documents until matching is built; the indirection is here from the start so that nothing above has to
change then. A credited line is tied to earlier sales of the same buyer, item and price, oldest first, and never beyond what was sold.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from mappings.identity import entity_id
from pipelines.hub import bulk, marks
from pipelines.hub.bulk import among
from pipelines.hub.leases import Lease, fence
from pipelines.hub.store import Hub
from pipelines.hub.tables import document, entity, member, tie
from pipelines.steps.ingest import Count

ENTITY_TYPES = ("customer", "supplier", "product", "employee")
STEP = "resolve"
_decoder = msgspec.json.Decoder()
_Offer = tuple[str, Decimal]
"""Item and unit price: what a credited line and a sold line must agree on, apart from the buyer."""


@dataclass(slots=True)
class _Sold:
    """What is left of one sold line."""

    sale_id: UUID
    line: int
    at: str
    left: Decimal


def resolve(hub: Hub, lease: Lease, limit: int = 2_000) -> Count:
    """Resolve the next documents."""
    with hub.begin() as tx:
        fence(tx, lease)
        done, _digest = marks.mark(tx, STEP)
        rows = tx.execute(
            sa.select(
                document.c.seq,
                document.c.document_id,
                document.c.type,
                document.c.revision,
                document.c.current,
                document.c.connection_id,
                document.c.party,
                document.c.deleted,
            )
            .where(document.c.seq > done)
            .order_by(document.c.seq)
            .limit(limit)
        ).all()
        if not rows:
            return Count()
        _entities(tx, hub.clock(), [row for row in rows if row.type in ENTITY_TYPES])
        _ties(tx, [row for row in rows if row.current])
        marks.put(tx, STEP, "", rows[-1].seq)
        return Count(worked=len(rows))


def _entities(tx: Connection, now: datetime, rows: Sequence[Any]) -> None:
    wanted = {row.document_id: row.type for row in rows}
    if not wanted:
        return
    known = set(tx.execute(sa.select(member.c.document_id).where(member.c.document_id.in_(wanted), member.c.valid_to.is_(None))).scalars())
    new = [(identity, kind) for identity, kind in wanted.items() if identity not in known]
    if new:
        tx.execute(sa.insert(entity), [{"entity_id": entity_id(each), "type": kind, "created_at": now} for each, kind in new])
        tx.execute(
            sa.insert(member),
            [
                {"entity_id": entity_id(each), "document_id": each, "rule": "alone", "score": Decimal(1), "valid_from": now}
                for each, _kind in new
            ],
        )


def _ties(tx: Connection, rows: Sequence[Any]) -> None:
    """Tie the credits among these documents, and those again whose sale among them has changed."""
    credits = {row.document_id for row in rows if row.type == "refund"}
    changed = [row.document_id for row in rows if row.type == "order" and row.revision > 1]
    if changed:
        credits.update(tx.execute(sa.select(tie.c.document_id).where(among(tx, tie.c.sale_id, changed))).scalars())
    if not credits:
        return
    tx.execute(sa.delete(tie).where(among(tx, tie.c.document_id, credits)))
    found = tx.execute(
        sa.select(document.c.document_id, document.c.connection_id, document.c.party, document.c.body)
        .where(among(tx, document.c.document_id, credits), document.c.current, document.c.deleted.is_(False), document.c.party.is_not(None))
        .order_by(document.c.seq)
    ).all()
    by_connection: dict[str, list[Any]] = defaultdict(list)
    for row in found:
        by_connection[row.connection_id].append(row)
    for connection_id, group in by_connection.items():
        new = list(_tie_all(tx, connection_id, group))
        if new:
            bulk.insert(tx, tie, new)


def _tie_all(tx: Connection, connection_id: str, credits: Sequence[Any]) -> Iterable[dict[str, Any]]:
    bodies = [(row.document_id, row.party, _decoder.decode(row.body)) for row in credits]
    wanted: dict[str, set[_Offer]] = defaultdict(set)
    for _identity, party, body in bodies:
        wanted[party].update(_offer(line) for line in _priced(body))
    stock = _sold(tx, connection_id, wanted)
    for identity, party, body in bodies:
        for line in _priced(body):
            yield from _take(stock.get((party, *_offer(line)), []), identity, line, _moment(body))


def _priced(body: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    """The lines that a tie can be made of: those of a numbered item at a price."""
    return (line for line in body.get("lines", ()) if line.get("sku") and line.get("unit_price") is not None)


def _moment(body: Mapping[str, Any]) -> str:
    """When it happened, as text that sorts; the day alone where the source tells no time."""
    return str(body.get("processed_at") or body.get("placed_at") or body.get("business_date") or "")


def _units(line: Mapping[str, Any]) -> Decimal:
    """Stored bodies leave out what is as the model presumes; it presumes one unit."""
    return Decimal(line.get("quantity", "1"))


def _offer(line: Mapping[str, Any]) -> _Offer:
    return (line["sku"], Decimal(line["unit_price"]))


def _sold(tx: Connection, connection_id: str, wanted: Mapping[str, set[_Offer]]) -> dict[tuple[str, str, Decimal], list[_Sold]]:
    """What those buyers bought of those offers and have not yet given back, oldest first."""
    rows = tx.execute(
        sa.select(document.c.document_id, document.c.party, document.c.body).where(
            document.c.connection_id == connection_id,
            among(tx, document.c.party, list(wanted)),
            document.c.type == "order",
            document.c.current,
            document.c.deleted.is_(False),
        )
    )
    stock: dict[tuple[str, str, Decimal], list[_Sold]] = defaultdict(list)
    sales: dict[tuple[UUID, int], _Sold] = {}
    for identity, party, text in rows:
        body = _decoder.decode(text)
        for line in _priced(body):
            units = _units(line)
            if units > 0 and _offer(line) in wanted[party]:
                sold = _Sold(identity, line["line_number"], _moment(body), units)
                stock[(party, *_offer(line))].append(sold)
                sales[(identity, line["line_number"])] = sold
    _subtract_ties(tx, sales)
    for lines in stock.values():
        lines.sort(key=lambda sold: (sold.at, str(sold.sale_id), sold.line))
    return stock


def _subtract_ties(tx: Connection, sales: Mapping[tuple[UUID, int], _Sold]) -> None:
    identities = list({identity for identity, _line in sales})
    for start in range(0, len(identities), 2_000):
        part = identities[start : start + 2_000]
        for row in tx.execute(sa.select(tie.c.sale_id, tie.c.sale_line, tie.c.units).where(among(tx, tie.c.sale_id, part))):
            sold = sales.get((row.sale_id, row.sale_line))
            if sold is not None:
                sold.left -= row.units


def _take(offers: list[_Sold], credit_id: UUID, line: Mapping[str, Any], at: str) -> list[dict[str, Any]]:
    """Take the credited units from the oldest sales; all of them or none, since half a tie explains nothing."""
    open_units = _units(line)
    earlier = [sold for sold in offers if sold.left > 0 and sold.at <= at]
    if open_units <= 0 or sum(sold.left for sold in earlier) < open_units:
        return []
    taken = []
    for sold in earlier:
        units = min(sold.left, open_units)
        sold.left -= units
        open_units -= units
        taken.append(
            {"document_id": credit_id, "line": line["line_number"], "sale_id": sold.sale_id, "sale_line": sold.line, "units": units}
        )
        if not open_units:
            break
    return taken
