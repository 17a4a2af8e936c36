"""The organisation that the samples of Xero write to and read: a chart with clearing, cash and in-transit as bank accounts."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from taps._kit.simulator import Clock
from taps.xero.simulator import XeroSimulator
from taps.xero.trial import CHART as ACCOUNTS
from taps.xero.trial import ROLES, SECRETS, chart
from taps.xero.trial import config as plain_config

__all__ = ["ACCOUNTS", "ROLES", "SECRETS"]

WRONG = {"client_id": "client", "client_secret": "wrong-secret", "refresh_token": "wrong-refresh", "access_token": "wrong-access"}
LOCKED_UNTIL = date(2026, 9, 30)
TAX_TYPES = {"20%": "OUTPUT20", "15%": "OUTPUT15", "8%": "OUTPUT8", "5%": "OUTPUT5"}
PURCHASE_TAX_TYPES = {"20%": "INPUT20"}
TAXES = {"tax_types": TAX_TYPES, "purchase_tax_types": PURCHASE_TAX_TYPES}


def simulator() -> XeroSimulator:
    """A fresh organisation with contacts, an item, and an invoice and a credit note that can be paid, all made by hand."""
    made = XeroSimulator(clock=Clock())
    books = made.books
    chart(made)
    for percent, tax_type in (*TAX_TYPES.items(), *PURCHASE_TAX_TYPES.items()):
        books.tax_rate(tax_type, percent.removesuffix("%"))
    books.category("Region", "Dublin", "Cork")
    books.period_lock = LOCKED_UNTIL
    made.customer = books.contact("Ada Lovelace", EmailAddress="ada@example.com")  # type: ignore[attr-defined]
    made.supplier = books.contact("Potter & Co", AccountNumber="S-1")  # type: ignore[attr-defined]
    made.archived = books.contact("Gone", ContactStatus="ARCHIVED")  # type: ignore[attr-defined]
    for name in ("Taken", "Taken (R-2)"):
        books.contact(name)
    owed = {"Contact": {"ContactID": made.customer, "Name": "Ada Lovelace"}, "Date": date(2026, 11, 1), "Status": "AUTHORISED"}  # type: ignore[attr-defined]
    made.parent = books.add(  # type: ignore[attr-defined]
        "Invoices", {**owed, "Type": "ACCREC", "InvoiceNumber": "INV-0001", **_amounts("10000.00"), **_due("10000.00")}, by_hand=True
    )
    made.credit = books.add(  # type: ignore[attr-defined]
        "CreditNotes",
        {
            **owed,
            "Type": "ACCRECCREDIT",
            "CreditNoteNumber": "CN-0001",
            **_amounts("500.00"),
            "RemainingCredit": Decimal("500.00"),
            "Allocations": [],
            "Payments": [],
        },
        by_hand=True,
    )
    return made


def _amounts(total: str) -> dict[str, Any]:
    return {
        "LineAmountTypes": "Exclusive",
        "CurrencyCode": "USD",
        "SubTotal": Decimal(total),
        "TotalTax": Decimal("0.00"),
        "Total": Decimal(total),
        "LineItems": [],
    }


def _due(total: str) -> dict[str, Any]:
    zero = Decimal("0.00")
    return {"AmountDue": Decimal(total), "AmountPaid": zero, "AmountCredited": zero, "Payments": []}


def config(url: str, **more: Any) -> dict[str, Any]:
    """A connection to the simulator under that URL."""
    return plain_config(url) | more
