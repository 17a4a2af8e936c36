"""A QuickBooks company as a customer has it before the first sync: chart, items, tax codes, a buyer, an invoice to pay."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from taps.quickbooks.simulator import QuickBooksSimulator
from taps.quickbooks.trial import CHART as ACCOUNTS
from taps.quickbooks.trial import CODES, LINES_ON, SECRETS, WRITES, chart
from taps.quickbooks.trial import config as plain_config
from targets._kit.writer import Related

__all__ = ["ACCOUNTS", "CODES", "LINES_ON", "SECRETS"]
CLOSED = date(2026, 9, 30)
OPEN = Decimal(60000)
"""Of the invoice that is there to be paid."""


class Company(QuickBooksSimulator):
    """With what the tests know of it. `there` counts the objects of the start."""

    def __init__(self, country: str = "US", **more: Any) -> None:
        super().__init__(country=country, **more)
        self.accounts = chart(self)
        self.mug = self.seeds.item("Mug", self.accounts["Sales"], Sku="MUG")
        self.buyer = self.seeds.customer("Berg, Ann")
        self.supplier = self.seeds.vendor("Potter & Co")
        self.tax_codes = {name: self.seeds.tax_code(name, *rates) for name, rates in (("Twelve", ["12"]), ("Twenty", ["20"]), ("None", []))}
        self.invoice = self.seeds.by_hand("Invoice", self.typed(OPEN))["Id"]
        self.books.closed_until = CLOSED
        self.there = {entity: len(objects) for entity, objects in self.books.objects.items()}

    def typed(self, amount: Decimal, **more: Any) -> dict[str, Any]:
        """An invoice as a person types it: one line without tax."""
        detail: dict[str, Any] = {"ItemRef": {"value": self.mug}}
        if self.books.country != "US":
            detail["TaxCodeRef"] = {"value": self.tax_codes["None"]}
        line = {"Amount": amount, "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": detail}
        return {"CustomerRef": {"value": self.buyer}, "TxnDate": "2026-10-20", "Line": [line]} | more

    def made(self, *entities: str) -> int:
        """How many there are that were not there from the start."""
        return sum(len(self.books.objects[entity]) - self.there[entity] for entity in entities)

    @property
    def related(self) -> dict[str, Related]:
        """What a document may name."""
        return {
            "customer": Related("contact", self.buyer, "C-1"),
            "supplier": Related("supplier", self.supplier, "S-1"),
            "item:MUG": Related("item", self.mug, "MUG"),
            "parent": Related("invoice", self.invoice, "R-0"),
        }


def config(url: str, **more: Any) -> dict[str, Any]:
    """The connection to a company under that URL."""
    return plain_config(url) | WRITES | {"bills": "posted"} | more
