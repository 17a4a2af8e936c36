"""The sample of the Xero target: one case for each kind that it writes."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from mappings.posting import Line, Row
from taps._kit.simulator import Simulator
from targets._kit.writer import Related, Verb
from tests.contract.samples import xero_company as company
from tests.contract.samples.remote import Case, RemoteSample

_RESOURCES = {
    "invoice": "Invoices",
    "credit_note": "CreditNotes",
    "bill": "Invoices",
    "bill_credit": "CreditNotes",
    "sales_receipt": "BankTransactions",
    "refund_receipt": "BankTransactions",
    "spend": "BankTransactions",
    "payment": "Payments",
    "transfer": "BankTransfers",
    "journal": "ManualJournals",
    "cost_journal": "ManualJournals",
    "contact": "Contacts",
    "supplier": "Contacts",
    "item": "Items",
}
_SEEDED = company.simulator()
"""Ids are the same in every fresh simulator."""
CUSTOMER = Related("contact", _SEEDED.customer, "C-1")  # type: ignore[attr-defined]
SUPPLIER = Related("supplier", _SEEDED.supplier, "S-1")  # type: ignore[attr-defined]
ARCHIVED = Related("contact", _SEEDED.archived, "C-9")  # type: ignore[attr-defined]
PARENT = Related("invoice", _SEEDED.parent, "")  # type: ignore[attr-defined]
LATE = {"date": date(2026, 9, 15)}


def line(account: str, amount: str, component: str = "goods", *, control: bool = False) -> Line:
    return Line(account, Decimal(amount), "USD", component, control)


def row(net: str, tax: str = "0", account: str = "200", rate: str | None = "0.2", **more: Any) -> Row:
    fields: dict[str, Any] = {
        "component": "goods",
        "account": account,
        "description": "Mug",
        "sku": "",
        "quantity": Decimal(1),
        "net": Decimal(net),
        "tax": Decimal(tax),
        "rate": Decimal(rate) if rate else None,
        "tax_code": "",
        "location": "",
    }
    return Row(**(fields | more))


def _owed(net: str, tax: str, sign: int, settle: str = "610") -> dict[str, Any]:
    """Goods and tax, owed or paid; the rows are positive in the document's own sense."""
    total = Decimal(net) + Decimal(tax)
    return {
        "rows": (row(net, tax, quantity=Decimal(2)),),
        "lines": (
            line(settle, str(sign * total), "receivable", control=True),
            line("200", str(-sign * Decimal(net))),
            line("820", str(-sign * Decimal(tax)), "tax"),
        ),
    }


def _billed(net: str, tax: str, sign: int) -> dict[str, Any]:
    """What a supplier bills (−) or credits (+)."""
    total = Decimal(net) + Decimal(tax)
    return {
        "document_type": "bill" if sign < 0 else "vendor_credit",
        "document": {"due_date": "2026-12-02"},
        "rows": (row(net, tax, "801", quantity=Decimal(2)),),
        "lines": (
            line("800", str(sign * total), "payable", control=True),
            line("801", str(-sign * Decimal(net))),
            line("820", str(-sign * Decimal(tax)), "tax"),
        ),
    }


def _card(net: str, tax: str, sign: int) -> dict[str, Any]:
    """Of which 25.00 by gift card: the total is what was paid in money."""
    made = _owed(net, tax, sign, "091")
    paid = made["lines"][0]._replace(amount=made["lines"][0].amount - sign * 25, component="paid")
    card = row("-25", "0", "830", None, component="gift_card", description="Gift card")
    return {"rows": (*made["rows"], card), "lines": (paid, line("830", str(sign * 25), "gift_card"), *made["lines"][1:])}


def _trade(kind: str, sign: int, first: dict[str, Any], changed: dict[str, Any], effect: str, delta: str) -> Case:
    no_account = {"rows": (first["rows"][0]._replace(account="999"),)}
    archived = {"related": dict.fromkeys(("customer", "supplier"), ARCHIVED)}
    return Case(
        kind, Verb.UPDATE, Verb.VOID, first, changed, Decimal(effect) * sign, Decimal(delta) * sign, "USD", no_account, archived, LATE
    )


def _entry(kind: str, first: tuple[Line, ...], changed: tuple[Line, ...], change: Verb, refused: tuple[Line, ...], **more: Any) -> Case:
    effect, later = (sum((each.amount for each in lines if each.control), Decimal(0)) for lines in (first, changed))
    unfit = {"lines": tuple(each._replace(account="999") for each in first)}
    return Case(
        kind,
        change,
        Verb.VOID,
        {"lines": first, **more},
        {"lines": changed, **more},
        effect,
        later - effect,
        "USD",
        unfit,
        {"lines": refused},
        LATE,
    )


def _pair(debit: str, credit: str, amount: str, *, control: int) -> tuple[Line, ...]:
    one, two = line(debit, amount, "one", control=control == 0), line(credit, f"-{amount}", "two", control=control == 1)
    return one, two


def _cases() -> dict[str, Case]:
    parent = {"related": {"customer": CUSTOMER, "parent": PARENT}}
    person = {"display_name": "Grace Hopper", "emails": ["grace@example.com"], "customer_type": "person"}
    return {
        "invoice": _trade("invoice", 1, _owed("91.70", "18.34", 1), _owed("100.00", "20.00", 1), "110.04", "9.96"),
        "credit_note": _trade("credit_note", -1, _owed("45.00", "9.00", -1), _owed("40.00", "8.00", -1), "54.00", "-6.00"),
        "bill": _trade("bill", -1, _billed("91.70", "18.34", -1), _billed("100.00", "20.00", -1), "110.04", "9.96"),
        "bill_credit": _trade("bill_credit", 1, _billed("45.00", "9.00", 1), _billed("40.00", "8.00", 1), "54.00", "-6.00"),
        "sales_receipt": _trade("sales_receipt", 1, _card("91.70", "18.34", 1), _card("100.00", "20.00", 1), "85.04", "9.96"),
        "refund_receipt": _trade("refund_receipt", -1, _card("45.00", "9.00", -1), _card("40.00", "8.00", -1), "29.00", "-6.00"),
        "payment": _entry(
            "payment",
            _pair("091", "610", "85.84", control=0),
            _pair("091", "610", "90.00", control=0),
            Verb.ADJUST,
            _pair("091", "610", "99999.00", control=0),
            **parent,
        ),
        "spend": _entry(
            "spend",
            _pair("400", "091", "2.79", control=1),
            _pair("400", "091", "2.50", control=1),
            Verb.UPDATE,
            _pair("820", "091", "2.79", control=1),
        ),
        "transfer": _entry(
            "transfer",
            _pair("092", "091", "72.14", control=0),
            _pair("092", "091", "70.00", control=0),
            Verb.ADJUST,
            _pair("092", "091", "0.00", control=0),
        ),
        "journal": _entry(
            "journal",
            _pair("840", "850", "5.00", control=1),
            _pair("840", "850", "6.00", control=1),
            Verb.UPDATE,
            _pair("820", "850", "5.00", control=1),
        ),
        "cost_journal": _entry(
            "cost_journal",
            _pair("310", "630", "44.00", control=0),
            _pair("310", "630", "22.00", control=0),
            Verb.UPDATE,
            _pair("310", "820", "44.00", control=0),
        ),
        "contact": Case(
            "contact",
            Verb.UPDATE,
            Verb.VOID,
            {"document": person, "document_type": "customer"} | {"lines": ()},
            {"document": {**person, "display_name": "Grace B. Hopper"}, "document_type": "customer"},
            Decimal(0),
            Decimal(0),
            "",
            {"document": {}},
            {"document": {**person, "display_name": "Taken"}},
        ),
        "supplier": Case(
            "supplier",
            Verb.UPDATE,
            Verb.VOID,
            {"document": {**person, "display_name": "Paper Ltd"}, "document_type": "supplier"},
            {"document": {**person, "display_name": "Paper & Ink Ltd"}, "document_type": "supplier"},
            Decimal(0),
            Decimal(0),
            "",
            {"document": {}},
            {"document": {**person, "display_name": "Taken"}},
        ),
        "item": Case(
            "item",
            Verb.UPDATE,
            Verb.VOID,
            {"document": {"name": "Mug", "sku": "R-1", "list_price": "12.5"}, "document_type": "product"},
            {"document": {"name": "Large mug", "sku": "R-1", "list_price": "14"}, "document_type": "product"},
            Decimal(0),
            Decimal(0),
            "",
            {"number": "R-1 with a number that is too long for Xero"},
            {"document": {"name": "Mug", "list_price": "-1"}},
        ),
    }


def standing(simulator: Simulator, case: str) -> int:
    """Documents of the case's list that were written and stand."""
    books = simulator.books  # type: ignore[attr-defined]
    gone = ("VOIDED", "DELETED", "ARCHIVED")
    rows = books.ours(_RESOURCES[case])
    return sum(each.get("Status") not in gone and each.get("ContactStatus") not in gone and each.get("IsSold", True) for each in rows)


def sample() -> RemoteSample:
    """For the contract suite."""
    return RemoteSample(
        target="xero",
        simulator=company.simulator,
        config=lambda url: company.config(url, **company.TAXES),
        secrets=company.SECRETS,
        wrong_secrets=company.WRONG,
        cases=_cases(),
        standing=standing,
        batch=50,
        # Transfers go one by one: Xero would refuse a list of them as a whole. The contacts of this case have one name: all but the first
        # are sent again, each under another.
        batches=dict.fromkeys(
            (
                *("invoice", "credit_note", "bill", "bill_credit", "sales_receipt", "refund_receipt", "payment"),
                *("spend", "journal", "cost_journal", "item"),
            ),
            50,
        ),
        extra={"related": {"customer": CUSTOMER, "supplier": SUPPLIER}, "walk_in": "Walk-in customer"},
        names=frozenset({"invoice", "credit_note", "bill", "bill_credit", "sales_receipt", "refund_receipt", "payment"}),
    )
