"""What stands in Tryton of ours: one receipt for each thing, from all documents that any of its attempts left."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from taps.tryton.client import TrytonEdge, search
from targets._kit.writer import Receipt
from targets.tryton import documents, hours, records
from targets.tryton.goods import PIECES
from targets.tryton.steps import INVOICE, MACHINES, SHIPMENT, Standing, read_tag

_MARK = "cf:"


def touched(since: datetime | None) -> list[Any]:
    """The domain of what was made or written from an instant on."""
    return [] if since is None else [["OR", ["create_date", ">=", since], ["write_date", ">=", since]]]


def documents_of(edge: TrytonEdge, since: datetime | None, currency: str) -> list[Receipt]:
    """Documents in their last state, by model."""
    receipts = []
    for model, machine in MACHINES.items():
        domain = [
            [machine.text, "like", f"% {_MARK}%"],
            ["state", "in", sorted(machine.done)],
            ["company", "=", edge.company],
            *([["type", "=", "out"]] if model == INVOICE else []),  # of bills see bills
            *touched(since),
        ]
        by_key: dict[str, list[Standing]] = defaultdict(list)
        for record in search(edge, model, domain, (machine.text, *machine.fields)):
            tag = read_tag(record[machine.text])
            if tag is not None:
                by_key[tag.key].append(Standing(model, record["id"], tag, record))
        unit = PIECES if model == SHIPMENT else currency
        receipts += [documents.receipt(each[0].tag.number, unit, each, (), "") for each in by_key.values()]
    return receipts


def hours_of(edge: TrytonEdge, since: datetime | None) -> list[Receipt]:
    """Time entries: their hours as they stand."""
    found = search(edge, hours.LINE, [["uuid", "like", f"{_MARK}%"], *touched(since)], ("uuid",))
    things = hours.there(edge, sorted({each["uuid"].split(":")[1] for each in found}))
    receipts = [(hours.receipt(lines, lines[0].attempt), lines) for lines in things.values()]
    return [receipt._replace(effect=sum((line.hours for line in lines), records.NOTHING)) for receipt, lines in receipts]


def records_of(edge: TrytonEdge, since: datetime | None) -> list[Receipt]:
    """Parties, employees and products with our mark."""
    working = search(
        edge,
        records.EMPLOYEE,
        [["party.code", "like", f"%/{_MARK}%"], ["company", "=", edge.company], *touched(since)],
        ("party.code",),
        inactive=True,
    )
    people = {each["party"]["code"].rpartition("/")[2] for each in working}
    parties = search(edge, records.PARTY, [["code", "like", f"%/{_MARK}%"], *touched(since)], ("code",), inactive=True)
    buyers = {each["code"].rpartition("/")[2] for each in parties} - people
    products = search(
        edge, records.PRODUCT, [["identifiers.code", "like", f"{_MARK}%"], *touched(since)], ("identifiers.code",), inactive=True
    )
    items = {each["code"] for product in products for each in product["identifiers"] if each["code"].startswith(_MARK)}
    wanted: Sequence[tuple[str, set[str]]] = (("contact", buyers), ("employee", people), ("item", items))
    return [records.receipt(found) for kind, marks in wanted if marks for found in records.there(edge, kind, sorted(marks)).values()]
