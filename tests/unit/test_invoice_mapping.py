"""What the books say of an invoice, from Xero and from QuickBooks: the one document that the front office is told from."""

from __future__ import annotations

import json
from datetime import time
from typing import Any

import pytest

from mappings.engine import Context
from mappings.model import pack
from mappings.shipped import find
from taps.quickbooks.rows import STREAMS as QUICKBOOKS
from taps.xero.rows import STREAMS as XERO

CONTEXT = Context("books", timezone="America/New_York", day_cutoff=time(0), company="acme")
XERO_ROW = {
    "id": "8b1f",
    "type": "ACCREC",
    "number": "INV-0042",
    "our_number": "HS-77",
    "date": "2026-11-02",
    "due_date": "2026-12-02",
    "paid_on": None,
    "total": "119.00",
    "open_amount": "119.00",
    "currency": "USD",
    "status": "AUTHORISED",
    "updated_at": "2026-11-03T09:00:00Z",
}
QUICKBOOKS_ROW = {
    "id": "9",
    "number": "INV-0042",
    "our_number": "HS-77",
    "document_date": "2026-11-02",
    "due_on": "2026-12-02",
    "total": "119.00",
    "balance": "119.00",
    "currency": "USD",
    "status": "posted",
    "created_at": "2026-11-02T10:00:00Z",
    "updated_at": "2026-11-03T09:00:00Z",
}
ROWS = {"xero": XERO_ROW, "quickbooks": QUICKBOOKS_ROW}
INVOICE = {
    "source_number": "INV-0042",
    "source_updated_at": "2026-11-03T09:00:00Z",
    "order_number": "HS-77",
    "invoice_number": "INV-0042",
    "business_date": "2026-11-02",
    "due_date": "2026-12-02",
    "currency": "USD",
    "grand_total": "119.00",
    "balance": "119.00",
}


def made(system: str, **changed: Any) -> dict[str, Any]:
    """The stored fields."""
    found = find(f"{system}/invoices").translate([{**ROWS[system], **changed}], CONTEXT)
    assert found.problems == []
    [document] = found.documents
    assert (document.type, document.number(), document.amount()) == ("invoice", "HS-77", None)
    fields: dict[str, Any] = json.loads(pack(document).body)
    fields.pop("company", None)
    return fields


def test_an_open_invoice_of_xero():
    assert made("xero") == {"source_id": "8b1f", **INVOICE}


def test_an_open_invoice_of_quickbooks():
    assert made("quickbooks") == {"source_id": "9", "source_created_at": "2026-11-02T10:00:00Z", **INVOICE}


@pytest.mark.parametrize(
    ("system", "changed", "told"),
    [
        ("xero", {"status": "DRAFT"}, ("draft", "119.00", None)),
        ("xero", {"status": "SUBMITTED"}, ("draft", "119.00", None)),
        ("xero", {"status": "PAID", "open_amount": "0.00", "paid_on": "2026-11-20"}, ("paid", "0", "2026-11-20")),
        ("xero", {"status": "VOIDED"}, ("voided", "0", None)),
        ("xero", {"status": "DELETED", "open_amount": "119.00"}, ("voided", "0", None)),
        ("quickbooks", {"status": "paid", "balance": "0"}, ("paid", "0", None)),
        ("quickbooks", {"status": "voided", "balance": "0"}, ("voided", "0", None)),
    ],
)
def test_what_became_of_it(system, changed, told):
    invoice = made(system, **changed)
    assert (invoice["status"], invoice["balance"], invoice.get("paid_on")) == told


@pytest.mark.parametrize("system", ROWS)
def test_what_somebody_typed_is_left_out(system):
    found = find(f"{system}/invoices").translate([{**ROWS[system], "our_number": None}], CONTEXT)
    assert found.excluded == "somebody typed it, it bills no sale of ours"


def test_a_bill_is_left_out():
    assert find("xero/invoices").translate([{**XERO_ROW, "type": "ACCPAY"}], CONTEXT).excluded == "a bill, not an invoice"


@pytest.mark.parametrize(("system", "streams"), [("xero", XERO), ("quickbooks", QUICKBOOKS)])
def test_every_field_that_is_read_is_one_of_the_tap(system, streams):
    assert set(find(f"{system}/invoices").reads()) <= set(streams["invoices"].fields)
