"""What an accepted receipt says is to be booked, row by row, and the documents that its mapping makes of it."""

from __future__ import annotations

from datetime import date, time
from decimal import Decimal
from pathlib import Path

import pytest

from mappings.engine import Context
from mappings.posting import Books, post, suggested_accounts
from mappings.shipped import find
from pipelines.reconcile.booking import booked
from pipelines.reconcile.policy import Terms, rules
from pipelines.reconcile.proposals import OpenInvoice, Received, proposals

D = Decimal
BOOKS = Books(base_currency="EUR", accounts=suggested_accounts())
CONTEXT = Context("desk", "Europe/Dublin", time(0), "acme", {})
AS = {"payment": "payment", "refund": "credit_note", "fee": "spend", "journal_entry": "journal"}
DAY = date(2026, 1, 15)
TWO_RATES = ((D("120.00"), D("20.00")), (D("55.00"), D("5.00")))


def invoice(number, total, **more):
    return OpenInvoice("office", number, number, date(2026, 1, 10), "EUR", D(total), D(total), **more)


def row(amount, text, *invoices):
    """The row that a receipt becomes that names these invoices."""
    changed = {"terms": (Terms(percent=D(2), days=14),), "bank_charge_cap": {"EUR": D("5.00")}}
    line = Received("bank", "B1", DAY, "EUR", D(amount), (text,))
    (found,) = proposals([line], invoices, rules(Path("/nowhere")).model_copy(update=changed))
    orders = {each.number: f"00000000-0000-0000-0000-0000000000{place:02}" for place, each in enumerate(invoices, 1)}
    made = booked(found.solutions[0], found.solutions[0].lines, orders, line)
    return {"id": "bank:B1", "entry": "B1", "decision": "accepted", "booked_on": "2026-01-15", "currency": "EUR", **made}


def documents(made):
    """What both mappings make of a row, without a problem."""
    found = []
    for name in ("desk/receipts", "desk/adjustments"):
        translated = find(name).translate([made], CONTEXT)
        assert translated.problems == []
        found += translated.documents
    return found


def accounts(made):
    """What the posting table books of all of them, by account."""
    sums = {}
    for each in documents(made):
        entry, problems = post(each, representation=AS[each.type], books=BOOKS)
        assert problems == []
        assert sum(line.amount for line in entry.lines) == 0
        for line in entry.lines:
            name = line.account.rpartition(":")[2]
            sums[name] = sums.get(name, D(0)) + line.amount
    return {name: amount for name, amount in sums.items() if amount}


def test_a_discount_of_two_rates_is_a_credit_note_with_the_tax_of_each():
    made = row("171.50", "R-1001", invoice("R-1001", "175.00", taxes=TWO_RATES, rates=(D("0.2"), D("0.1"))))
    assert [each["amount"] for each in made["payments"]] == ["171.50"]
    (discount,) = made["discounts"]
    assert (discount["number"], discount["total"]) == ("R-1001", "3.50")
    assert discount["lines"] == [{"net": "2.00", "tax": "0.40", "rate": "0.2"}, {"net": "1.00", "tax": "0.10", "rate": "0.1"}]
    assert accounts(made) == {
        "Bank": D("171.50"), "Receivable": D("-175.00"), "Discounts": D("3.00"), "SalesTaxPayable": D("0.50"),
    }  # fmt: skip
    (refund,) = [each for each in documents(made) if each.type == "refund"]
    assert [(line.rate, line.amount) for line in refund.tax_lines] == [(D("0.2"), D("0.40")), (D("0.1"), D("0.10"))]


def test_a_discount_without_tax_and_of_two_invoices():
    first, second = invoice("R-1001", "100.00"), invoice("R-1002", "50.00")
    made = row("147.00", "R-1001 R-1002", first, second)
    assert [(each["number"], each["amount"]) for each in made["payments"]] == [("R-1001", "98.00"), ("R-1002", "49.00")]
    assert [(each["number"], each["total"]) for each in made["discounts"]] == [("R-1001", "2.00"), ("R-1002", "1.00")]
    assert accounts(made) == {"Bank": D("147.00"), "Receivable": D("-150.00"), "Discounts": D("3.00")}


@pytest.mark.parametrize(
    ("amount", "expected"),
    [
        ("95.50", {"Bank": D("95.50"), "Receivable": D("-100.00"), "Fees": D("4.50")}),
        ("101.25", {"Bank": D("101.25"), "Receivable": D("-100.00"), "CustomerDeposits": D("-1.25")}),
        ("100.00", {"Bank": D("100.00"), "Receivable": D("-100.00")}),
        ("40.00", {"Bank": D("40.00"), "Receivable": D("-40.00")}),
    ],
)
def test_the_bank_gets_what_it_booked_and_every_entry_balances(amount, expected):
    assert accounts(row(amount, "R-1001", invoice("R-1001", "100.00"))) == expected


@pytest.mark.parametrize("decision", ["taken_back", "dismissed"])
def test_what_was_taken_back_or_dismissed_makes_nothing(decision):
    for amount in ("95.50", "101.25", "98.00"):
        assert documents({**row(amount, "R-1001", invoice("R-1001", "100.00")), "decision": decision}) == []
