"""The worked examples J1 to J7 from a shop's export through Xero and QuickBooks and back: every line of every waterfall as written by hand.

    J1   25.00 for a gift card            J2   110.84, of which 25.00 by gift card: 85.84 by card    J3   48.60 given back
    J4   60.00, charged back in J5: 60.00 and a fee of 15.00, lost: 60.00                            fees 1.03 + 2.79 + 2.04
    J6   GBP 25.59 at 1.27: 32.50, settled at 31.99 less 1.23                                        J7   72.14 issued, 72.14 arrived

As receipts, a sale's total is what the card paid of it; as invoices, it is the whole, and the gift card is a payment beside the card's.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from taps._kit.simulator import serve
from tests._kit.worked import Examples, broken, told
from tests.contract.samples import quickbooks_company, xero_company

AS_OF = datetime(2026, 3, 1, tzinfo=UTC)
SYSTEMS = ("xero", "quickbooks")
AS_RECEIPTS = """
sales
    Source: order in GBP                32.50
    Source: order                      195.84
    Source: refund                     -48.60
    Gift cards redeemed inside sales   -25.00
    Expected at the target             154.74
    At the target                      154.74
    Unexplained                          0.00
payments
    Source: payment in GBP              32.50
    Source: payment                    195.84
    Excluded: paid with its sale      -228.34
    Expected at the target               0.00
    At the target                        0.00
    Unexplained                          0.00
clearing
    Source: balance transaction         -1.74
    Source: dispute (opened)           -75.00
    Source: fee                         -5.86
    Source: order                      203.34
    Source: payout (issue)             -72.14
    Source: refund                     -48.60
    Expected at the target               0.00
    At the target                        0.00
    Unexplained                          0.00
cards_owed
    Source: order                        0.00
    Expected at the target               0.00
    At the target                        0.00
    Unexplained                          0.00
"""
AS_INVOICES = """
sales
    Source: order in GBP                32.50
    Source: order                      195.84
    Source: refund                     -48.60
    Expected at the target             179.74
    At the target                      179.74
    Unexplained                          0.00
payments
    Source: payment in GBP              32.50
    Source: payment                    195.84
    Expected at the target             228.34
    At the target                      228.34
    Unexplained                          0.00
clearing
    Source: balance transaction         -1.74
    Source: dispute (opened)           -75.00
    Source: fee                         -5.86
    Source: payment                    203.34
    Source: payout (issue)             -72.14
    Source: refund                     -48.60
    Expected at the target               0.00
    At the target                        0.00
    Unexplained                          0.00
cards_owed
    Source: order                      -25.00
    Source: payment                     25.00
    Expected at the target               0.00
    At the target                        0.00
    Unexplained                          0.00
"""
EITHER = """
payouts
    Source: payout                     144.28
    Expected at the target             144.28
    At the target                      144.28
    Unexplained                          0.00
charges
    Source: balance transaction         -1.74
    Source: dispute                   -135.00
    Source: fee                         -5.86
    Expected at the target            -142.60
    At the target                     -142.60
    Unexplained                          0.00
in_transit
    Source: payout (arrival)           -72.14
    Source: payout (issue)              72.14
    Expected at the target               0.00
    At the target                        0.00
    Unexplained                          0.00
tax_owed
    Source: order                      -17.70
    Source: refund                       3.60
    Expected at the target             -14.10
    At the target                      -14.10
    Unexplained                          0.00
"""


def written(*texts: str) -> dict[str, list[tuple[str, str]]]:
    """Waterfalls as written above: the name, then a line a step."""
    found: dict[str, list[tuple[str, str]]] = {}
    name = ""
    for line in "".join(texts).splitlines():
        if line.startswith(" "):
            label, _, amount = line.strip().rpartition(" ")
            found[name].append((label.strip(), amount))
        elif line:
            name = line
            found[name] = []
    return found


@contextmanager
def examples(system: str, path: Path, *, invoices: bool = False) -> Iterator[tuple[Examples, Any]]:
    """The examples' home into a simulated company that holds nothing else, after one run."""
    if system == "xero":
        there: Any = xero_company.simulator()
        there.books.period_lock = None
        for resource in ("Invoices", "CreditNotes"):
            there.books.documents[resource].clear()
        kit, accounts = xero_company, xero_company.ROLES
        more: dict[str, Any] = {"tax_types": xero_company.TAX_TYPES, "clearing_account": "091"}
    else:
        there = quickbooks_company.Company()
        there.books.closed_until = None
        there.books.objects["Invoice"].clear()
        kit, accounts, more = quickbooks_company, quickbooks_company.CODES, {}
    there.interludes.append(lambda _call: there.clock.forward(seconds=1.5))
    with serve(there) as url:
        made = Examples(path, {"target": system, "config": kit.config(url, **more)}, accounts, there.clock, invoices=invoices)
        made.keep(kit.SECRETS)
        try:
            made.run()
            yield made, there
        finally:
            made.hub.close()


@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize(("invoices", "text"), [(False, AS_RECEIPTS), (True, AS_INVOICES)], ids=["receipts", "invoices"])
def test_every_waterfall_is_the_one_written_by_hand(system, invoices, text, tmp_path):
    with examples(system, tmp_path / "home", invoices=invoices) as (home, _there):
        report = home.reconcile(AS_OF)
    assert broken(report) == []
    assert told(report) == written(text, EITHER)


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_payout_issued_in_january_is_in_transit_at_its_end(system, tmp_path):
    """The clearing account agrees with the processor on 31 January although the bank has nothing yet: 72.14 is on its way."""
    with examples(system, tmp_path / "home") as (home, _there):
        falls = told(home.reconcile(AS_OF, "2026-01"))
    assert falls["payouts"][0] == ("Source: payout", "72.14")
    assert (
        falls["in_transit"]
        == written("in_transit\n Source: payout (issue) 72.14\n Expected at the target 72.14\n At the target 72.14\n Unexplained 0.00")[
            "in_transit"
        ]
    )
    assert falls["clearing"][-2:] == [("At the target", "0.00"), ("Unexplained", "0.00")]


class Xero:
    """What a person does in Xero, on the simulator's state."""

    def __init__(self, home: Examples, there: Any) -> None:
        self._books = there.books
        self._home = home

    def edit(self, number: str) -> None:
        """Another price: 10.00 more."""
        receipt = self._books.documents["BankTransactions"][self._home.remote(number, "sales_receipt")]
        first, *others = receipt["LineItems"]
        dearer = {**first, "LineAmount": first["LineAmount"] + 10, "UnitAmount": first["UnitAmount"] + 10}
        changes = {"LineItems": [dearer, *others], "SubTotal": receipt["SubTotal"] + 10, "Total": receipt["Total"] + 10}
        self._books.touch(receipt, **changes)

    def delete(self, number: str) -> None:
        """Deleted in Xero: it stays there, with that status."""
        self._books.touch(self._books.documents["BankTransactions"][self._home.remote(number, "refund_receipt")], Status="DELETED")

    def copy(self, number: str) -> None:
        """The same once more, reference and all."""
        spent = self._books.documents["BankTransactions"][self._home.remote(number, "spend")]
        self._books.add("BankTransactions", {key: value for key, value in spent.items() if key != "BankTransactionID"}, by_hand=True)

    def type(self) -> None:
        """12.00 received into clearing for something sold."""
        other = self._books.documents["BankTransactions"][self._home.remote("1002", "sales_receipt")]
        line = {**other["LineItems"][0], "LineAmount": Decimal(12), "UnitAmount": Decimal(12), "TaxAmount": Decimal(0)}
        amounts = {"LineItems": [line], "SubTotal": Decimal(12), "TotalTax": Decimal(0), "Total": Decimal(12), "Reference": "by hand"}
        self._books.add("BankTransactions", {**other, **amounts, "BankTransactionID": self._books.new_id()}, by_hand=True)


class QuickBooks:
    """What a person does in QuickBooks, through the simulator's own rules."""

    def __init__(self, home: Examples, there: Any) -> None:
        self._there = there
        self._home = home

    def edit(self, number: str) -> None:
        """Another price: 10.00 more."""
        remote = self._home.remote(number, "sales_receipt")
        lines = [
            dict(line) for line in self._there.books.objects["SalesReceipt"][remote]["Line"] if line["DetailType"] != "SubTotalLineDetail"
        ]
        detail = {name: value for name, value in lines[0]["SalesItemLineDetail"].items() if name not in ("Qty", "UnitPrice")}
        lines[0] = {**lines[0], "Amount": lines[0]["Amount"] + 10, "SalesItemLineDetail": detail}
        self._there.seeds.edit_by_hand("SalesReceipt", remote, Line=lines)

    def delete(self, number: str) -> None:
        """Gone."""
        remote = self._home.remote(number, "refund_receipt")
        self._there.books.delete("RefundReceipt", self._there.books.objects["RefundReceipt"][remote])

    def copy(self, number: str) -> None:
        """The same once more, note and all, under a number of its own: QuickBooks takes none twice."""
        spent = self._there.books.objects["Purchase"][self._home.remote(number, "spend")]
        self._there.seeds.by_hand(
            "Purchase", {key: value for key, value in spent.items() if key not in ("Id", "SyncToken", "MetaData", "DocNumber")}
        )

    def type(self) -> None:
        """12.00 received into clearing for something sold."""
        other = self._there.books.objects["SalesReceipt"][self._home.remote("1002", "sales_receipt")]
        line = {**other["Line"][0], "Amount": Decimal(12), "SalesItemLineDetail": {"ItemRef": {"value": self._there.mug}}}
        body = {"TxnDate": other["TxnDate"], "DepositToAccountRef": other["DepositToAccountRef"], "Line": [line], "DocNumber": "by hand"}
        self._there.seeds.by_hand("SalesReceipt", body)


@pytest.mark.parametrize(("system", "person"), [("xero", Xero), ("quickbooks", QuickBooks)], ids=SYSTEMS)
def test_an_edit_a_delete_a_copy_and_a_hand_made_document_are_told_apart(system, person, tmp_path):
    """Order 1002 edited by +10.00, refund R1001 of 48.60 deleted, fee ch1 of 2.79 copied, 12.00 typed by hand: four breaks and no other."""
    with examples(system, tmp_path / "home") as (home, there):
        there.clock.forward(minutes=10)
        by_hand = person(home, there)
        by_hand.edit("1002")
        by_hand.delete("R1001")
        by_hand.copy("ch1")
        by_hand.type()
        report = home.reconcile(AS_OF)
    assert [(kind, amount) for kind, _of, _number, amount in broken(report)] == [
        ("DUPLICATE_TARGET", "-2.79"),
        ("MISSING_IN_SOURCE", "12.00"),
        ("REFUND_MISSING", "48.60"),
        ("STALE", "10.00"),
    ]
    assert [number for kind, _of, number, _amount in broken(report) if kind in ("STALE", "REFUND_MISSING")] == ["R1001", "1002"]
    assert {fall.name: fall.unexplained for fall in report.waterfalls if fall.unexplained} == {}
    clearing = dict(told(report)["clearing"])
    assert clearing["At the target"] == "67.81"  # 10.00 + 48.60 − 2.79 + 12.00
