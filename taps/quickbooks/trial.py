"""QuickBooks Online in the sandbox: the empty books of an American company."""

from __future__ import annotations

from typing import Any

from taps._kit.simulator import Clock
from taps._kit.trial import Trial
from taps.quickbooks.simulator import QuickBooksSimulator

CHART = {
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
    "Payable": ("Accounts Payable", "Accounts Payable"),
    "GRNI": ("2040", "Other Current Liability"),
    "InputTax": ("1060", "Other Current Asset"),
    "SupplierClaims": ("1070", "Other Current Asset"),
    "PurchaseVariance": ("5010", "Cost of Goods Sold"),
    "Freight": ("5020", "Cost of Goods Sold"),
    "PurchaseExpense": ("6060", "Expense"),
}
"""By role of the posting table: the code by which the posting names the account, and QuickBooks' type."""
CODES = {role: code for role, (code, _kind) in CHART.items()}
LINES_ON = ("TipsPayable", "GiftCardLiability", "Sales", "SalesReturns", "Discounts", "ShippingIncome", "CashRounding", "Rounding")
"""Roles that lines of sales are booked to: QuickBooks wants an item for each."""
_ALSO_ON = ("Fees",)
"""Those that the web shop's lines are booked to besides: fees that are passed on."""
SECRETS = {"client_id": "app", "client_secret": "app-secret", "refresh_token": "refresh-1", "access_token": "access-1"}
WRITES: dict[str, Any] = {
    "tax": "us",
    "items": {CODES[role]: f"{role} line" for role in LINES_ON},
    "item_accounts": {"goods": CODES["Sales"], "service": CODES["ShippingIncome"]},
}
"""Settings of the target for this chart."""


def chart(made: QuickBooksSimulator) -> dict[str, str]:
    """The company with these accounts and items; QuickBooks' id of each account by its role."""
    known = {each["Name"]: each["Id"] for each in made.books.objects["Account"].values()}
    accounts = {role: known[code] if code in known else made.seeds.account(role, kind, code) for role, (code, kind) in CHART.items()}
    for role in LINES_ON:
        made.seeds.item(f"{role} line", accounts[role])
    return accounts


def config(url: str) -> dict[str, object]:
    """A connection to the company under that address."""
    token_url = f"{url}/oauth2/v1/tokens/bearer"
    return {"base_url": url, "token_url": token_url, "private_network": True, "realm_id": "4620816365000000001"}


def _make(clock: Clock, _seed: int, _orders: int) -> QuickBooksSimulator:
    made = QuickBooksSimulator(clock=clock)
    accounts = chart(made)
    for role in _ALSO_ON:
        made.seeds.item(f"{role} line", accounts[role])
    return made


_ALSO = {"items": WRITES["items"] | {CODES[role]: f"{role} line" for role in _ALSO_ON}}
_ALSO |= {"item_accounts": WRITES["item_accounts"] | {"gift_card": CODES["GiftCardLiability"]}}
TRIAL = Trial(make=_make, config=config, secrets=SECRETS, writes=WRITES | _ALSO, accounts=CODES)
