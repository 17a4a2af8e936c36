"""Xero in the sandbox: the empty books of an American shop; clearing, cash and money in transit are bank accounts."""

from __future__ import annotations

from taps._kit.simulator import Clock
from taps._kit.trial import Trial
from taps.xero.simulator import ROOT, TENANT, XeroSimulator

CHART = {
    "090": ("Bank", "BANK"),
    "091": ("Clearing", "BANK"),
    "092": ("PayoutsInTransit", "BANK"),
    "093": ("Cash", "BANK"),
    "200": ("Sales", "SALES"),
    "205": ("SalesReturns", "SALES"),
    "210": ("Discounts", "SALES"),
    "260": ("ShippingIncome", "REVENUE"),
    "310": ("COGS", "DIRECTCOSTS"),
    "320": ("PurchaseExpense", "EXPENSE"),
    "321": ("PurchaseVariance", "DIRECTCOSTS"),
    "325": ("Freight", "DIRECTCOSTS"),
    "400": ("Fees", "OVERHEADS"),
    "401": ("DisputeFees", "OVERHEADS"),
    "402": ("ChargebackLoss", "OVERHEADS"),
    "403": ("FXGainLoss", "OVERHEADS"),
    "404": ("CashRounding", "OVERHEADS"),
    "620": ("DisputesReceivable", "CURRENT"),
    "625": ("SupplierClaims", "CURRENT"),
    "630": ("Inventory", "INVENTORY"),
    "801": ("GRNI", "CURRLIAB"),
    "830": ("GiftCardLiability", "CURRLIAB"),
    "840": ("TipsPayable", "CURRLIAB"),
    "850": ("PayrollClearing", "CURRLIAB"),
    "860": ("Rounding", "REVENUE"),
    "870": ("StoreCredit", "CURRLIAB"),
    "880": ("CustomerDeposits", "CURRLIAB"),
}
"""By code: the role of the posting table, and Xero's type."""
OWED, PAYABLE, TAX = "610", "800", "820"
"""Accounts that Xero makes itself: what buyers owe, what we owe suppliers, and the tax of either."""
ROLES = {name: code for code, (name, _kind) in CHART.items()} | {"Receivable": OWED, "Payable": PAYABLE, "SalesTaxPayable": TAX}
BOUGHT = ROLES | {"InputTax": TAX}
"""With the tax of what is bought, which is on the account of the tax of what is sold."""
_MORE = {"265": ("ServiceCharges", "REVENUE"), "270": ("ManualSales", "REVENUE")}
_TAXES = {"8.875": "TAX001", "8": "TAX002", "20": "TAX003"}
SECRETS = {"client_id": "client", "client_secret": "client-secret", "refresh_token": "refresh-1", "access_token": "access-1"}


def chart(made: XeroSimulator, accounts: dict[str, tuple[str, str]] = CHART) -> XeroSimulator:
    """The organisation with these accounts."""
    for code, (name, kind) in accounts.items():
        made.books.account(code, name, kind, payments=code == ROLES["GiftCardLiability"])
    made.books.account(OWED, "Accounts Receivable", "CURRENT", system="DEBTORS")
    made.books.account(PAYABLE, "Accounts Payable", "CURRLIAB", system="CREDITORS")
    made.books.account(TAX, "Sales Tax", "CURRLIAB", system="GST")
    return made


def config(url: str) -> dict[str, object]:
    """A connection to the simulator under that address."""
    return {"tenant_id": TENANT, "base_url": f"{url}{ROOT}", "token_url": f"{url}/connect/token", "private_network": True}


def _make(clock: Clock, _seed: int, _orders: int) -> XeroSimulator:
    made = chart(XeroSimulator(clock=clock), CHART | _MORE)
    for percent, code in _TAXES.items():
        made.books.tax_rate(code, percent)
    return made


TRIAL = Trial(
    make=_make,
    config=config,
    secrets=SECRETS,
    writes={
        **{setting: {f"{percent}%": code for percent, code in _TAXES.items()} for setting in ("tax_types", "purchase_tax_types")},
        "clearing_account": ROLES["Clearing"],
    },
    accounts=BOUGHT | {name: code for code, (name, _kind) in _MORE.items()},
)
