"""Accounts with a past, made from a seed: companies, contacts, products, and as many deals as asked for, each with two line items."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import partial
from typing import Any

from taps._kit.simulator import Clock
from taps.hubspot.simulator.portal import LOST, WON
from taps.hubspot.simulator.service import HubSpotSimulator
from taps.hubspot.simulator.table import Properties
from taps.hubspot.sweep import written

_PRODUCTS = (
    ("Marble tray", "TRAY-1", "89.00"),
    ("Moss lamp", "LAMP-1", "125.00"),
    ("Mug", "MUG-1", "14.50"),
    ("Fitting, an hour", "FIT-1", "60.00"),
)
_FIRST, _LAST = ("Ada", "Grace", "Mary", "Alan", "Emmy"), ("Lovelace", "Hopper", "Shelley", "Turing", "Noether")
_CITIES = (("New York", "NY", "10001"), ("Chicago", "IL", "60601"), ("Boston", "MA", "02108"))
_OPEN, _BEATEN = 9, 8
_CENT = Decimal("0.01")
_FEW = 3


def company(deals: int = 10, *, seed: int = 0, clock: Clock | None = None, **how: Any) -> HubSpotSimulator:
    """An account with so many deals, the last of them two hours ago, one each forty seconds and each tenth at the same instant.

    Seven of ten are won. Records of the past are made when somebody looks, so a million cost what is looked at. `how` is for the
    simulator: its window, its limits.
    """
    simulator = HubSpotSimulator(clock=clock, **how)
    portal = simulator.portal
    past = _Past(seed, deals, simulator.clock() - timedelta(hours=2))
    owners = [portal.hire("Rosa", "Parks", "rosa@example.com"), portal.hire("Ida", "Wells", "ida@example.com")]
    makes = {"companies": past.company, "contacts": past.contact, "products": past.product, "line_items": past.line, "deals": past.deal}
    for kind, make in makes.items():
        table = portal[kind]
        table.past, table.make = past.counts[kind], make
        table.changed_at = partial(past.at, kind)
    past.firsts = {kind: portal[kind].first for kind in makes}
    past.owners = owners
    portal.old_links = past.links
    return simulator


class _Past:
    """What was there before anybody looked."""

    def __init__(self, seed: int, deals: int, end: datetime) -> None:
        self._seed = seed
        self._end = end
        parties = max(_FEW, deals // 5) if deals else 0
        self.counts = {
            "companies": parties,
            "contacts": 2 * parties,
            "products": len(_PRODUCTS),
            "line_items": 2 * deals,
            "deals": deals,
        }
        self.firsts: dict[str, int] = {}
        self.owners: list[str] = []

    def at(self, kind: str, number: int) -> datetime:
        """When the record of that number was made and last changed."""
        return self._end - timedelta(seconds=40 * ((self.counts[kind] - number) // 10 * 10))

    def _chance(self, kind: str, number: int) -> random.Random:
        return random.Random(f"{self._seed}/{kind}/{number}")  # noqa: S311 (a past that can be repeated)

    def company(self, number: int) -> Properties:
        city, state, code = _CITIES[number % len(_CITIES)]
        return {
            "name": f"Firm {number + 1} Inc.",
            "domain": f"firm{number + 1}.example.com",
            "phone": f"+1555{number:07d}",
            "address": f"{number + 1} Elm Street",
            "city": city,
            "state": state,
            "zip": code,
            "country": "United States",
            "num_associated_deals": str(len(range(number, self.counts["deals"], self.counts["companies"]))),
        }

    def contact(self, number: int) -> Properties:
        chance = self._chance("contacts", number)
        first, last = chance.choice(_FIRST), chance.choice(_LAST)
        return {
            "firstname": first,
            "lastname": last,
            "email": f"{first}.{last}.{number}@example.com".lower(),
            "phone": f"+1556{number:07d}",
            "num_associated_deals": str(len(range(number, self.counts["deals"], self.counts["contacts"]))),
            "associatedcompanyid": str(self.firsts["companies"] + number % self.counts["companies"]),
        }

    def product(self, number: int) -> Properties:
        name, sku, price = _PRODUCTS[number]
        kind = "service" if sku == "FIT-1" else "inventory"
        return {"name": name, "hs_sku": sku, "price": price, "hs_product_type": kind, "description": f"{name}, as sold"}

    def line(self, number: int) -> Properties:
        name, sku, price = _PRODUCTS[number % len(_PRODUCTS)]
        quantity = 1 + number % _FEW
        off = Decimal(10 if number % 5 == _FEW else 0)
        found = {
            "name": name,
            "hs_sku": sku,
            "hs_product_id": str(self.firsts["products"] + number % len(_PRODUCTS)),
            "quantity": str(quantity),
            "price": price,
            "hs_position_on_quote": str(number % 2),
            "amount": str((Decimal(price) * quantity * (100 - off) / 100).quantize(_CENT, ROUND_HALF_UP)),
        }
        return found | ({"hs_discount_percentage": str(off)} if off else {})

    def deal(self, number: int) -> Properties:
        stage = {_OPEN: "contractsent", _BEATEN: LOST}.get(number % 10, WON)
        return {
            "dealname": f"Fitting out {number + 1}",
            "amount": str(sum(Decimal(self.line(2 * number + each)["amount"]) for each in (0, 1))),
            "deal_currency_code": "USD",
            "pipeline": "default",
            "dealstage": stage,
            "closedate": written(self.at("deals", number)),
            "hubspot_owner_id": self.owners[number % 2],
            "hs_is_closed": "false" if stage == "contractsent" else "true",
            "hs_is_closed_won": "true" if stage == WON else "false",
            "hs_num_of_associated_line_items": "2",
            "hs_primary_associated_company": str(self.firsts["companies"] + number % self.counts["companies"]),
        }

    def links(self, kind: str, record_id: int) -> dict[str, list[int]]:
        """What a record of the past hangs on; nothing for one of later."""
        number = record_id - self.firsts[kind]
        if not 0 <= number < self.counts[kind]:
            return {}
        parties, people, deals = self.counts["companies"], self.counts["contacts"], self.counts["deals"]
        found = {
            "deals": {"companies": [number % parties], "contacts": [number % people], "line_items": [2 * number, 2 * number + 1]},
            "line_items": {"deals": [number // 2]},
            "contacts": {"companies": [number % parties], "deals": list(range(number, deals, people))},
            "companies": {"contacts": list(range(number, people, parties)), "deals": list(range(number, deals, parties))},
        } if parties else {}  # fmt: skip
        return {other: [self.firsts[other] + each for each in numbers] for other, numbers in found.get(kind, {}).items()}
