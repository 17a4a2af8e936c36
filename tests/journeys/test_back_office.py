"""The sample company's month into an accounting system over HTTP: what its own trial balance says is what the embedded ledger says.

The two targets share the posting table and nothing behind it: documents, calls, receipts and the books themselves are each one's own.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipelines.home.load import load
from pipelines.hub import equations, keys
from pipelines.hub.schema import migrate
from pipelines.hub.store import Hub
from pipelines.hub.vault import Vault
from pipelines.reconcile.run import reconcile
from pipelines.sandbox.demo import lay_out
from pipelines.steps.run import Report, run
from taps._kit.simulator import serve
from taps._kit.surroundings import utc_now
from taps.quickbooks.simulator.accounts import trial_balance
from taps.xero.simulator.books import Books as XeroBooks
from tests.contract.samples import quickbooks_company, xero_company

CURRENCY = "GBP"
CUT_OFF = datetime(2026, 2, 3, tzinfo=UTC)
Ledger = tuple[dict[str, Decimal], dict[str, int], Any]


class Month:
    """One home with the sample's routes into the books alone."""

    def __init__(self, path: Path, hub_url: str, clock: Callable[[], datetime] = utc_now) -> None:
        lay_out("sample", path)
        for other in ("people", "shop_stock", "till_stock"):
            (path / f"routes/{other}.yaml").unlink()
        for other in ("backoffice", "staff", "crm"):
            (path / f"connections/{other}.yaml").unlink()
        self.path = path
        _tie_payments(path / "mappings/sample")
        self.hub = Hub(hub_url, clock)
        migrate(self.hub)

    def edit(self, name: str, **attributes: Any) -> None:
        """Replace attributes of a connection or route."""
        file = self.path / f"{name}.yaml"
        content = yaml.safe_load(file.read_text())
        content["attributes"] |= attributes
        file.write_text(yaml.safe_dump(content, sort_keys=False))

    def accounts(self, named: dict[str, str]) -> None:
        """Book to these accounts, by role."""
        file = self.path / "routes/books.yaml"
        content = yaml.safe_load(file.read_text())
        content["attributes"]["posting"][0]["books"]["accounts"] = named
        file.write_text(yaml.safe_dump(content, sort_keys=False))

    def keep(self, secrets: dict[str, str]) -> None:
        """Seal what the connection `ledger` logs in with."""
        vault = Vault(self.hub, keys.load(self.path))
        for name, value in secrets.items():
            vault.store("ledger", name, value)

    def run(self) -> Report:
        home = load(self.path)
        return run(home, self.hub, list(home.routes.values()))

    def fates(self) -> dict[str, int]:
        """Documents by fate; fails where an equation does not hold."""
        home = load(self.path)
        with self.hub.read() as tx:
            balances = [
                balance
                for route in home.routes.values()
                for balance in equations.route(tx, route.name, route.sources, [(posting.name, posting.effect) for posting in route.posting])
            ]
            assert all(each.balanced for each in equations.intake(tx))
        assert [each for each in balances if not each.balanced] == []
        return {fate: sum(tally.count for tally in units.values()) for fate, units in equations.fates(balances).items()}

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        with self.hub.read() as tx:
            return [tuple(row) for row in tx.exec_driver_sql(sql)]


def _tie_payments(mappings: Path) -> None:
    """An accounting system applies a payment to its invoice: so here each names its order by id, and waits for it. The demo's need not."""
    for name, number, order in (
        ("payments", "order_number: join('-', 'MM', order)", "order"),
        ("receipts", "order_number: Receipt", "Receipt"),
    ):
        file = mappings / f"{name}.yaml"
        head, payments = file.read_text().split("  - type: payment", 1)
        payments = payments.replace(f"      {number}\n", f"      order_id: ref('order', {order})\n      {number}\n")
        file.write_text(f"{head}  - type: payment{payments}")


@contextmanager
def month(path: Path, clock: Callable[[], datetime] = utc_now) -> Iterator[Month]:
    made = Month(path, f"sqlite:///{path}.db", clock)
    try:
        yield made
    finally:
        made.hub.close()


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
    broken = {(each.kind, each.number, each.expected, each.actual, why[each.key]) for each in report.breaks}
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


def twice(there: Month, fates: dict[str, int]) -> int:
    """Run, compare the fates, and run again, which writes nothing; how many documents were written."""
    first = there.run()
    refused = there.ask("SELECT code, say FROM problem WHERE operation_id IS NOT NULL AND closed_at IS NULL LIMIT 5")
    assert there.fates() == fates, refused
    assert sum(there.run().written.values()) == 0
    return sum(first.written.values())


def test_quickbooks_ends_with_the_balances_of_the_ledger(ledger: Ledger, tmp_path: Path) -> None:
    balances, fates, report = ledger
    company = quickbooks_company.Company(currency=CURRENCY)
    company.books.closed_until = None
    company.seeds.item("Donation line", company.seeds.account("DonationPayable", "Other Current Liability", "2040"))
    company.interludes.append(lambda _call: company.clock.forward(seconds=1.5))  # forty batches a minute, and no test waits for it
    before = trial_balance(company.books)
    with serve(company) as url, month(tmp_path / "quickbooks", company.clock) as there:
        settings = quickbooks_company.config(url)
        there.edit("connections/ledger", target="quickbooks", config=settings | {"items": settings["items"] | {"2040": "Donation line"}})
        there.accounts(quickbooks_company.CODES | {"DonationPayable": "2040"})
        there.keep(quickbooks_company.SECRETS)
        written = twice(there, fates)
        assert reconciled(there) == report, "read back from QuickBooks, the month reconciles as the ledger does"
    found = {account: amount - before.get(account, Decimal(0)) for account, amount in trial_balance(company.books).items()}
    names = {"Accounts Receivable": "Receivable", "Sales Tax Payable": "SalesTaxPayable"}
    assert {names.get(account, account): amount for account, amount in found.items() if amount} == balances
    calls = len([each for each in company.log if each.request.method == "POST" and "token" not in each.request.path])
    assert calls < 1.5 * written / 25, "thirty to a batch"


def test_xero_ends_with_the_balances_of_the_ledger(ledger: Ledger, tmp_path: Path) -> None:
    named = xero_company.ROLES | {"DonationPayable": "885"}
    balances, fates, report = ledger
    organisation = xero_company.simulator()
    books = organisation.books
    books.period_lock, books.base_currency = None, CURRENCY
    for account in books.accounts.values():
        if account["Type"] == "BANK":
            account["CurrencyCode"] = CURRENCY
    books.account("885", "DonationPayable", "CURRLIAB")
    organisation.interludes.append(lambda _call: organisation.clock.forward(seconds=1.2))  # sixty a minute, and no test waits for it
    codes = {"standard": "OUTPUT20", "zero": "NONE", "us_ny": "OUTPUT8"}
    with serve(organisation) as url, month(tmp_path / "xero", organisation.clock) as there:
        there.edit("connections/ledger", target="xero", config=xero_company.config(url, tax_types=codes | xero_company.TAX_TYPES))
        there.accounts(named)
        there.keep(xero_company.SECRETS)
        twice(there, fates)
        assert reconciled(there) == report, "read back from Xero, the month reconciles as the ledger does"
    roles = {code: role for role, code in named.items()}
    assert {roles[code]: amount for code, amount in of_xero(books).items() if amount} == balances


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
