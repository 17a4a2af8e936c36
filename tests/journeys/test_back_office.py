"""The sample company's month into an accounting system over HTTP: what its own trial balance says is what the embedded ledger says.

The two targets share the posting table and nothing behind it: documents, calls, receipts and the books themselves are each one's own.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from pipelines.home.load import load
from pipelines.reconcile.run import reconcile
from pipelines.reconcile.words import BreakClass
from taps._kit.simulator import Clock
from taps.quickbooks.simulator.accounts import trial_balance
from taps.xero.simulator import XeroSimulator
from taps.xero.simulator.books import Books as XeroBooks
from tests._kit.books_month import CURRENCY, XERO_ROLES, Month, at_quickbooks, at_xero, month
from tests._kit.by_hand import ByHand, judge, look
from tests._kit.by_hand_quickbooks import PLAN as QUICKBOOKS_PLAN
from tests._kit.by_hand_quickbooks import AtQuickBooks
from tests._kit.by_hand_xero import PLAN as XERO_PLAN
from tests._kit.by_hand_xero import AtXero
from tests.contract.samples import quickbooks_company, xero_company

CUT_OFF = datetime(2026, 2, 3, tzinfo=UTC)
Ledger = tuple[dict[str, Decimal], dict[str, int], Any]


def of_the_ledger(path: Path) -> dict[str, Decimal]:
    """Balances of a Beancount journal, by account; written here anew, from the text alone."""
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for line in (path / "books/entries.beancount").read_text().splitlines():
        found = re.match(r"^\s+([A-Z]\w+(?::[\w-]+)+)\s+(-?[\d.]+) " + CURRENCY, line)
        if found:
            sums[found[1]] += Decimal(found[2])
    return {account: amount for account, amount in sums.items() if amount}


NAMES = {role: f"Assets:{role}" for role in {**quickbooks_company.ACCOUNTS, **xero_company.ROLES, "DonationPayable": ""}}


def reconciled(there: Month) -> tuple[dict[tuple[str, str], str], set[Any]]:
    """By waterfall what is unexplained of what the target holds; and the breaks, with what each class takes."""
    report = reconcile(load(there.path), there.hub, as_of=CUT_OFF, period="2026-01")
    why = {each.key: tuple((cause.kind, cause.amount) for cause in each.causes) for each in report.breaks}
    paid_or_not = {each.key for each in report.breaks if {cause.kind for cause in each.causes} == {BreakClass.STATUS}}  # a ledger has none
    broken = {(each.kind, each.number, each.expected, each.actual, why[each.key]) for each in report.breaks if each.key not in paid_or_not}
    return {(fall.name, fall.unit): f"{fall.unexplained:.2f} of {fall.lines[-2].amount}" for fall in report.waterfalls}, broken


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Ledger:
    """Balance by role in the embedded ledger, documents by fate, and its reconciliation: one run for all that is compared with it."""
    with month(tmp_path_factory.mktemp("own") / "ledger") as own:
        own.accounts(NAMES)
        own.run()
        return (
            {account.removeprefix("Assets:"): amount for account, amount in of_the_ledger(own.path).items()},
            own.fates(),
            reconciled(own),
        )


def ran(there: Month, fates: dict[str, int]) -> None:
    """Compare the fates, and run again, which writes nothing."""
    refused = there.ask("SELECT code, say FROM problem WHERE operation_id IS NOT NULL AND closed_at IS NULL LIMIT 5")
    assert there.fates() == fates, refused
    assert sum(there.run().written.values()) == 0


@pytest.fixture(scope="module")
def quickbooks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[quickbooks_company.Company, Month, dict[str, Decimal], int]]:
    """A company with the month in it, its home, its balances before, and how many documents were written."""
    with at_quickbooks(tmp_path_factory.mktemp("quickbooks") / "home") as (company, there):
        before = trial_balance(company.books)
        yield company, there, before, sum(there.run().written.values())


@pytest.fixture(scope="module")
def xero(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[XeroSimulator, Month]]:
    """An organisation with the month in it, and its home."""
    with at_xero(tmp_path_factory.mktemp("xero") / "home") as (organisation, there):
        there.run()
        yield organisation, there


def test_quickbooks_ends_with_the_balances_of_the_ledger(ledger: Ledger, quickbooks: Any) -> None:
    balances, fates, report = ledger
    company, there, before, written = quickbooks
    ran(there, fates)
    assert reconciled(there) == report, "read back from QuickBooks, the month reconciles as the ledger does"
    found = {account: amount - before.get(account, Decimal(0)) for account, amount in trial_balance(company.books).items()}
    names = {"Accounts Receivable": "Receivable", "Sales Tax Payable": "SalesTaxPayable"}
    assert {names.get(account, account): amount for account, amount in found.items() if amount} == balances
    calls = len([each for each in company.log if each.request.method == "POST" and "token" not in each.request.path])
    assert calls < 1.5 * written / 25, "thirty to a batch"


def test_xero_ends_with_the_balances_of_the_ledger(ledger: Ledger, xero: Any) -> None:
    balances, fates, report = ledger
    organisation, there = xero
    ran(there, fates)
    assert reconciled(there) == report, "read back from Xero, the month reconciles as the ledger does"
    roles = {code: role for role, code in XERO_ROLES.items()}
    assert {roles[code]: amount for code, amount in of_xero(organisation.books).items() if amount} == balances


def test_what_a_person_did_in_xero_is_found_and_nothing_else(xero: Any) -> None:
    """Of every class that can come to be there; more seeds in `tests/real/test_planted_at_vendors.py`."""
    organisation, there = xero
    planted(there, organisation.clock, AtXero(there, 0, look(there), organisation.books), XERO_PLAN)


def test_what_a_person_did_in_quickbooks_is_found_and_nothing_else(quickbooks: Any) -> None:
    company, there, _before, _written = quickbooks
    planted(there, company.clock, AtQuickBooks(there, 0, look(there), company), QUICKBOOKS_PLAN)


def planted(there: Month, clock: Clock, hand: ByHand, plan: Mapping[str, int]) -> None:
    told = {cause.kind for each in hand.before.breaks if each.number not in ("INV-0001", "") for cause in each.causes}
    assert told == {"MAPPING", "TIMING", "STATUS"}, "nothing else before it"
    clock.forward(minutes=10)
    hand.all(plan)
    judge(hand, look(there))


def of_xero(books: XeroBooks) -> dict[str, Decimal]:
    """The organisation's balances by account code, from its documents alone; what was there before the first sync is left out."""
    sums: dict[str, Decimal] = defaultdict(Decimal)
    ours = {
        resource: [each for identity, each in documents.items() if identity not in books.typed and _stands(each)]
        for resource, documents in books.documents.items()
    }
    for where, sign, documents in (("610", 1, ours["Invoices"]), ("610", -1, ours["CreditNotes"])):
        for each in documents:
            _trade(sums, each, where, sign)
    for each in ours["BankTransactions"]:
        _trade(sums, each, _code(books, each["BankAccount"]), 1 if each["Type"] == "RECEIVE" else -1)
    _moves(sums, books, ours)
    return sums


def _stands(document: dict[str, Any]) -> bool:
    return document.get("Status", "AUTHORISED") in ("AUTHORISED", "PAID", "POSTED")


def _code(books: XeroBooks, named: dict[str, Any]) -> str:
    by_id = {account["AccountID"]: code for code, account in books.accounts.items()}
    return str(named["Code"]) if "Code" in named else by_id[named["AccountID"]]


def _trade(sums: dict[str, Decimal], document: dict[str, Any], where: str, sign: int) -> None:
    sums[where] += sign * document["Total"]
    for line in document["LineItems"]:
        sums[line["AccountCode"]] -= sign * line["LineAmount"]
        sums["820"] -= sign * line["TaxAmount"]


def _moves(sums: dict[str, Decimal], books: XeroBooks, ours: dict[str, list[dict[str, Any]]]) -> None:
    for each in ours["Payments"]:
        sign = 1 if each["PaymentType"] == "ACCRECPAYMENT" else -1
        sums[_code(books, each["Account"])] += sign * each["Amount"]
        sums["610"] -= sign * each["Amount"]
    for each in ours["BankTransfers"]:
        sums[_code(books, each["FromBankAccount"])] -= each["Amount"]
        sums[_code(books, each["ToBankAccount"])] += each["Amount"]
    for line in (line for each in ours["ManualJournals"] for line in each["JournalLines"]):
        sums[line["AccountCode"]] += line["LineAmount"]


def test_the_comparison_sees_wrong_accounts(ledger: Ledger, tmp_path: Path) -> None:
    """A judge that finds nothing wrong with anything is none: the same month, two roles booked elsewhere."""
    with month(tmp_path / "other") as other:
        other.accounts(NAMES | {"Sales": "Assets:Wrong", "Receivable": "Assets:Worse"})
        other.run()
        found = {account.removeprefix("Assets:"): amount for account, amount in of_the_ledger(other.path).items()}
    right, _fates, _report = ledger
    assert found == {{"Sales": "Wrong", "Receivable": "Worse"}.get(role, role): amount for role, amount in right.items()}
    assert found != right
