"""InvenTree with two parts on the shelves of two places, as a shop has them before the first sync."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from mappings.posting.entry import Move
from taps.inventree.facts import CANCELLED
from taps.inventree.mark import Mark
from taps.inventree.simulator import InvenTreeSimulator
from targets._kit.writer import Related, Verb
from tests.contract.samples.remote import Case, RemoteSample

PRODUCT = {"name": "Water jug", "description": "A jug of one litre.", "product_type": "goods", "status": "active"}
CUSTOMER = {
    "display_name": "Zoë Quill",
    "emails": ["zoe@example.com"],
    "phone_numbers": ["+353 1 555 0100"],
    "tax_number": "IE1234567T",
    "currency": "EUR",
    "status": "active",
}


def simulator() -> InvenTreeSimulator:
    """MUG (part 3) and TEA (part 4) at Store (location 5) and Warehouse (location 6); one mug only at Kiosk (location 7)."""
    made = InvenTreeSimulator()
    made.seed_user("ann", "ann-token")
    mug, tea = made.seed_part("MUG", "Mug"), made.seed_part("TEA", "Green tea")
    store, warehouse, kiosk = (made.seed_location(name) for name in ("Store", "Warehouse", "Kiosk"))
    assert (mug, tea, store, warehouse, kiosk) == (3, 4, 5, 6, 7)
    for part in (mug, tea):
        made.seed_item(part, store, "100000")
        made.seed_item(part, warehouse, "100000")
    made.seed_item(mug, kiosk, "1")
    made.seed_part("SCREW", "Screw", salable=False)
    return made


def config(url: str) -> dict[str, Any]:
    return {"base_url": url, "private_network": True, "location": "Store", "locations": {"shop": "Store"}}


def standing(simulator: Any, case: str) -> int:
    """Records with our mark; things that the history tells of."""
    if case in ("part", "contact"):
        table, name = {"part": ("parts", "keywords"), "contact": ("companies", "description")}[case]
        return sum("cf:" in str(row[name]) for row in getattr(simulator.tables, table).values())
    if case == "sales_order":
        return sum("cf:" in row["description"] and row["status"] != CANCELLED for row in simulator.tables.sales_orders.values())
    marks = [Mark.of(entry["notes"]) for entry in simulator.tables.tracking.values()]
    return len({mark.thing for mark in marks if mark is not None})


def stock(*moves: Move, **document: Any) -> dict[str, Any]:
    return {"moves": moves, "document": document, "amount": sum((move.units for move in moves), Decimal(0))}


def product(**other: Any) -> dict[str, Any]:
    return {"document": PRODUCT | other, "document_type": "product"}


def customer(**other: Any) -> dict[str, Any]:
    return {"document": CUSTOMER | other, "document_type": "customer"}


def sample() -> RemoteSample:
    few, more = Decimal(2), Decimal(5)
    return RemoteSample(
        target="inventree",
        simulator=simulator,
        config=config,
        secrets={"token": "inventree-token"},
        wrong_secrets={"token": "no-such-token"},
        standing=standing,
        extra={"related": {"item:MUG": Related("part", "3", "MUG")}},
        steps={"sales_order": 5},  # the order, its two lines, its issue, what is kept for it
        names=frozenset(),  # parts are found by their IPN; one that is not there is the unfit case
        cases={
            "stock_removal": Case(
                kind="stock_removal",
                change=Verb.ADJUST,
                remove=Verb.REVERSE,
                first=stock(Move("MUG", "Store", few), Move("TEA", "shop", Decimal(1))),
                changed=stock(Move("MUG", "Store", more), Move("TEA", "Store", Decimal(1))),
                effect=Decimal(3),
                changed_effect=Decimal(3),
                unit="C62",
                unfit=stock(Move("NO-SUCH", "Store", few)),
                refused=stock(Move("MUG", "Kiosk", few)),
            ),
            "stock_return": Case(
                kind="stock_return",
                change=Verb.ADJUST,
                remove=Verb.REVERSE,
                first=stock(Move("MUG", "", -few)),
                changed=stock(Move("MUG", "", -Decimal(1))),
                effect=-few,
                changed_effect=Decimal(1),
                unit="C62",
                unfit=stock(Move("MUG", "Nowhere", -few)),
                refused=stock(Move("MUG", "Kiosk", few)),
            ),
            "stock_movement": Case(
                kind="stock_movement",
                change=Verb.ADJUST,
                remove=Verb.REVERSE,
                first=stock(Move("TEA", "Warehouse", -more), movement_type="count"),
                changed=stock(Move("TEA", "Warehouse", -few), movement_type="count"),
                effect=-more,
                changed_effect=Decimal(3),
                unit="C62",
                unfit=stock(Move("TEA", "Store", Decimal("0.1234567"))),
                refused=stock(Move("MUG", "Kiosk", few), movement_type="adjustment"),
            ),
            "sales_order": Case(
                kind="sales_order",
                change=Verb.UPDATE,
                remove=Verb.VOID,
                first=stock(Move("MUG", "Store", few), Move("TEA", "shop", Decimal(1))),
                changed=stock(Move("MUG", "Store", more), Move("TEA", "Warehouse", Decimal(1))),
                effect=Decimal(3),
                changed_effect=Decimal(3),
                unit="C62",
                unfit=stock(Move("NO-SUCH", "Store", few)),
                refused=stock(Move("SCREW", "Store", few)),
            ),
            "part": Case(
                kind="part",
                change=Verb.UPDATE,
                remove=Verb.VOID,
                first=product(),
                changed=product(name="Water jug, glass"),
                effect=Decimal(0),
                changed_effect=Decimal(0),
                unit="",
                unfit=product(name=""),
                refused=product(name="<b>Water jug</b>"),
            ),
            "contact": Case(
                kind="contact",
                change=Verb.UPDATE,
                remove=Verb.VOID,
                first=customer(),
                changed=customer(display_name="Zoë Quill-Moss"),
                effect=Decimal(0),
                changed_effect=Decimal(0),
                unit="",
                unfit=customer(display_name=None),
                refused=customer(emails=["no address"]),
            ),
        },
    )
