"""A QuickBooks company as a customer has it before the first sync: chart, items, tax codes, a buyer, an invoice to pay."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from taps.quickbooks.simulator import QuickBooksSimulator
from targets._kit.writer import Related

ACCOUNTS = {
    "Receivable": ("Accounts Receivable", "Accounts Receivable"),
    "Bank": ("1000", "Bank"),
    "Clearing": ("1010", "Bank"),
    "Cash": ("1020", "Bank"),
    "PayoutsInTransit": ("1030", "Other Current Asset"),
    "DisputesReceivable": ("1040", "Other Current Asset"),
    "Inventory": ("1050", "Other Current Asset"),
    "SalesTaxPayable": ("Sales Tax Payable", "Other Current Liability"),
    "TipsPayable": ("2010", "Other Current Liability"),
    "GiftCardLiability": ("2020", "Other Current Liability"),
    "PayrollClearing": ("2030", "Other Current Liability"),
    "Sales": ("4000", "Income"),
    "SalesReturns": ("4010", "Income"),
    "Discounts": ("4020", "Income"),
    "ShippingIncome": ("4030", "Income"),
    "Fees": ("6000", "Expense"),
    "DisputeFees": ("6010", "Expense"),
    "ChargebackLoss": ("6020", "Expense"),
    "FXGainLoss": ("6030", "Expense"),
    "CashRounding": ("6040", "Expense"),
    "Rounding": ("6050", "Expense"),
    "COGS": ("5000", "Cost of Goods Sold"),
}
"""By role, the code by which the posting names the account, and its type."""
CODES = {role: code for role, (code, _) in ACCOUNTS.items()}
LINES_ON = (
    "TipsPayable",
    "GiftCardLiability",
    "Sales",
    "SalesReturns",
    "Discounts",
    "ShippingIncome",
    "CashRounding",
    "Rounding",
)
"""Roles that lines of sales are booked to."""
CLOSED = date(2026, 9, 30)
OPEN = Decimal(60000)
"""Of the invoice that is there to be paid."""
SECRETS = {"client_id": "app", "client_secret": "app-secret", "refresh_token": "refresh-1", "access_token": "access-1"}


class Company(QuickBooksSimulator):
    """With what the tests know of it. `there` counts the objects of the start."""

    def __init__(self, country: str = "US", **more: Any) -> None:
        super().__init__(country=country, **more)
        self.accounts = {}
        for role, (code, kind) in ACCOUNTS.items():
            own = not code.isdigit()
            known = next((each["Id"] for each in self.books.objects["Account"].values() if each["Name"] == code), None)
            self.accounts[role] = known if own else self.seeds.account(role, kind, code)
        for role in LINES_ON:
            self.seeds.item(f"{role} line", self.accounts[role])
        self.mug = self.seeds.item("Mug", self.accounts["Sales"], Sku="MUG")
        self.buyer = self.seeds.customer("Berg, Ann")
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
            "item:MUG": Related("item", self.mug, "MUG"),
            "parent": Related("invoice", self.invoice, "R-0"),
        }


def config(url: str, **more: Any) -> dict[str, Any]:
    """The connection to a company under that URL."""
    return {
        "base_url": url,
        "token_url": f"{url}/oauth2/v1/tokens/bearer",
        "private_network": True,
        "realm_id": "4620816365000000001",
        "tax": "us",
        "items": {CODES[role]: f"{role} line" for role in LINES_ON},
        "item_accounts": {"goods": CODES["Sales"], "service": CODES["ShippingIncome"]},
    } | more
