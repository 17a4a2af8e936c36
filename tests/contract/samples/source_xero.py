"""The sample of the Xero tap: invoices, most of them typed by hand in the same second."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from taps._kit.simulator import Simulator
from tests.contract.samples import xero_company as company
from tests.contract.samples.remote_tap import RemoteTapSample

_PERSONAL = "Ada Lovelace"


def _simulator() -> Simulator:
    made = company.simulator()
    for _ in range(10):
        _add(made)
    return made


def _add(simulator: Simulator) -> str:
    books = simulator.books  # type: ignore[attr-defined]
    number = f"INV-{len(books.documents['Invoices']) + 1:04d}"
    amount = Decimal("12.00")
    return str(
        books.add(
            "Invoices",
            {
                "Type": "ACCREC",
                "InvoiceNumber": number,
                "Contact": {"ContactID": simulator.customer, "Name": _PERSONAL},  # type: ignore[attr-defined]
                "Date": date(2026, 11, 2),
                "Status": "AUTHORISED",
                "LineAmountTypes": "Exclusive",
                "CurrencyCode": "USD",
                "SubTotal": amount,
                "TotalTax": Decimal("0.00"),
                "Total": amount,
                "AmountDue": amount,
            },
            by_hand=True,
        )
    )


def _change(simulator: Simulator, key: str) -> None:
    books = simulator.books  # type: ignore[attr-defined]
    document = books.documents["Invoices"][key]
    books.touch(document, Total=document["Total"] + 1)


def _truth(simulator: Simulator) -> dict[str, str]:
    rows = simulator.books.documents["Invoices"].items()  # type: ignore[attr-defined]
    return {key: f"{each['Total']} {each['_updated']}" for key, each in rows}


def _future(value: dict[str, Any]) -> dict[str, Any]:
    return {**value, "newest": (company.Clock().now + timedelta(days=400)).isoformat()}


def sample() -> RemoteTapSample:
    """For the contract suite."""
    return RemoteTapSample(
        tap="xero",
        stream="invoices",
        simulator=_simulator,
        config=lambda url: company.config(url, page_size=3),
        secrets=company.SECRETS,
        wrong_secrets=company.WRONG,
        truth=_truth,
        version_of=lambda body: f"{body['total']} {body['updated_at']}",
        add=_add,
        change=_change,
        delete=None,
        future=_future,
        personal=_PERSONAL,
    )
