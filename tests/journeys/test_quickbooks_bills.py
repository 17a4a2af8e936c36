"""Bills of suppliers from a purchasing tool's export to QuickBooks and back: owed there at once, paid by people, and tied to the cent."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from pipelines.home import load as loading
from pipelines.hub import equations, keys
from pipelines.hub.schema import migrate
from pipelines.hub.store import Hub
from pipelines.hub.vault import Vault
from pipelines.reconcile.report import Report
from pipelines.reconcile.run import reconcile
from pipelines.steps import run as running
from taps._kit.simulator import Clock, serve
from taps.quickbooks.simulator.accounts import trial_balance
from tests._kit.worked import broken
from tests.contract.samples.quickbooks_company import CODES, SECRETS, Company, config
from tests.journeys.test_bills import BILLS, CONTROL, HEAD, SUPPLIERS, falls
from tests.unit.test_steps_related import component, write

ROLES = ("GRNI", "PurchaseVariance", "SupplierClaims", "Freight", "PurchaseExpense", "InputTax", "Payable", "Rounding")
AS_OF = datetime(2026, 3, 1, tzinfo=UTC)


class Desk:
    """A home with a purchasing tool's export, QuickBooks, and the embedded ledger for what QuickBooks says was paid."""

    def __init__(self, path: Path, url: str) -> None:
        self.path = path
        self.there = Company(clock=Clock(datetime(2026, 2, 25, 9, 0, tzinfo=UTC)))
        self.there.books.closed_until = None
        self.there.books.delete("Invoice", {"Id": self.there.invoice, "SyncToken": "0"})
        self.hub = Hub(url, self.there.clock)
        migrate(self.hub)

    def make(self, url: str) -> None:
        """The home's files."""
        for folder in ("connections", "routes", "files", "controls"):
            (self.path / folder).mkdir(parents=True)
        legal = {"legal_name": "Acme", "base_currency": "USD", "timezone": "Europe/Dublin"}
        write(self.path / "counterfoil.yaml", {"companies": {"acme": legal}})
        self.export()
        (self.path / "files/suppliers.csv").write_text("\n".join(SUPPLIERS) + "\n")
        (self.path / "controls/tool.yaml").write_text(CONTROL)
        common = {"company": "acme", "timezone": "Europe/Dublin"}
        streams = {
            "bills": {"path": "files/bills.csv", "key": ["supplier", "bill", "line"]},
            "suppliers": {"path": "files/suppliers.csv", "key": ["supplier"]},
        }
        mappings = {"bills": "purchasing/bills", "suppliers": "purchasing/suppliers"}
        self._component("connections/tool", {"tap": "files", **common, "config": {"streams": streams}, "mappings": mappings})
        self._component("connections/books", {"target": "quickbooks", "config": config(url)})
        read = {name: value for name, value in config(url).items() if name in ("base_url", "token_url", "private_network", "realm_id")}
        paid = {"tap": "quickbooks", **common, "config": read, "mappings": {"bill_payments": "quickbooks/bill_payments"}}
        self._component("connections/books_paid", paid)
        self._component("connections/ledger", {"target": "ledger", "config": {"operating_currency": "USD"}})
        kinds = {"supplier": "supplier", "bill": "bill", "vendor_credit": "bill_credit"}
        accounts = {role: CODES[role] for role in ROLES}
        self._route("bills", "tool", "books", accounts, {kind: {"as": made} for kind, made in kinds.items()})
        accounts = {"Bank": "Assets:Bank", "Payable": "Liabilities:Payable"}
        self._route("paid", "books_paid", "ledger", accounts, {"bill_payment": {"as": "journal"}})
        for connection in ("books", "books_paid"):
            for name, value in SECRETS.items():
                Vault(self.hub, keys.load(self.path)).store(connection, name, value)

    def _component(self, file: str, attributes: dict[str, Any]) -> None:
        component(self.path / f"{file}.yaml", "Connection", attributes)

    def _route(self, name: str, source: str, target: str, accounts: dict[str, str], kinds: dict[str, Any]) -> None:
        books = {"base_currency": "USD", "accounts": accounts}
        posting = {"name": "books", "target": target, "company": "acme", "books": books, **kinds}
        route = {"sources": [source], "start": {"business_date": "2026-01-01"}, "mode": "auto", "posting": [posting]}
        component(self.path / f"routes/{name}.yaml", "Route", route)

    def export(self, *rows: str) -> None:
        """What the tool exports."""
        (self.path / "files/bills.csv").write_text("\n".join((HEAD, *(rows or BILLS))) + "\n")

    def run(self) -> dict[str, int]:
        """One run of everything; what was written. Fails where an equation does not hold."""
        self._later()
        home = loading.load(self.path)
        report = running.run(home, self.hub, list(home.routes.values()))
        with self.hub.read() as tx:
            assert all(each.balanced for each in equations.intake(tx))
            for name, source in (("bills", "tool"), ("paid", "books_paid")):
                assert all(each.balanced for each in equations.route(tx, name, [source], [(name, "books")]))
        return {name: count for name, count in report.written.items() if count}

    def _later(self) -> None:
        self.there.clock.forward(minutes=10)
        for token in self.there.access:
            self.there.access[token] = self.there.clock() + timedelta(hours=1)

    def reconcile(self) -> Report:
        """What every corner says."""
        self._later()
        return reconcile(loading.load(self.path), self.hub, as_of=AS_OF)

    def problems(self) -> list[str]:
        """What a person would have to look at."""
        with self.hub.read() as tx:
            return [row.say for row in tx.exec_driver_sql("SELECT say FROM problem WHERE closed_at IS NULL").all()]

    # ── what people do in QuickBooks ──

    def find(self, number: str, supplier: str, entity: str = "Bill") -> dict[str, Any]:
        """The document of that supplier's number."""
        vendors = {each["Id"]: each["DisplayName"] for each in self.there.books.objects["Vendor"].values()}
        rows = self.there.books.objects[entity].values()
        (found,) = (each for each in rows if each["DocNumber"].split("-")[0] == number and vendors[each["VendorRef"]["value"]] == supplier)
        return found

    def pay(self, bill: dict[str, Any], amount: str, day: str = "2026-02-20") -> dict[str, Any]:
        """Pay a part of a bill from the bank."""
        line = {"Amount": Decimal(amount), "LinkedTxn": [{"TxnId": bill["Id"], "TxnType": "Bill"}]}
        check = {"PayType": "Check", "CheckPayment": {"BankAccountRef": {"value": self.there.accounts["Bank"]}}}
        body = {"VendorRef": bill["VendorRef"], "TxnDate": day, "TotalAmt": Decimal(amount), "Line": [line]} | check
        return self.there.seeds.by_hand("BillPayment", body)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path / "home", f"sqlite:///{tmp_path / 'hub.db'}")
    with serve(made.there) as url:
        made.make(url)
        yield made
    made.hub.close()


OWED = {
    "Accounts Payable": Decimal("-1285.52"),
    "GRNI": Decimal("980.00"),
    "PurchaseVariance": Decimal("19.60"),
    "Freight": Decimal("30.00"),
    "PurchaseExpense": Decimal("50.00"),
    "InputTax": Decimal("205.92"),
}
"""The claim of 20.40 is settled by the credit; the tax of the bill is 210.00, that of the credit 4.08."""


def test_bills_of_an_export_stand_in_quickbooks_and_tie_to_the_cent(desk):
    done = desk.run()
    assert done == {"books": 4}, desk.problems()
    assert trial_balance(desk.there.books) == OWED
    assert {desk.find("17", name)["TotalAmt"] for name in ("Clay & Sons", "Paper Ltd")} == {Decimal("1260.00"), Decimal("50.00")}
    assert desk.find("C4", "Clay & Sons", "VendorCredit")["TotalAmt"] == Decimal("24.48")
    report = desk.reconcile()
    assert broken(report) == []
    assert falls(report)["books/money", "purchases"] == [
        ("Source: bill", Decimal("-1310.00")),
        ("Source: vendor credit", Decimal("24.48")),
        ("Expected at the target", Decimal("-1285.52")),
        ("At the target", Decimal("-1285.52")),
        ("Unexplained", Decimal(0)),
    ]
    assert falls(report)["books/money", "tax_owed"][-2:] == [("At the target", Decimal("205.92")), ("Unexplained", Decimal(0))]
    assert desk.run() == {}, "nothing is sent twice"


def test_what_is_paid_in_quickbooks_is_read_and_booked_and_a_payment_that_is_voided_is_taken_back(desk):
    desk.run()
    payment = desk.pay(desk.find("17", "Clay & Sons"), "500.00")
    assert desk.run() == {"ledger": 1}
    report = desk.reconcile()
    assert broken(report) == []
    assert falls(report)["ledger/money", "payments"][-2:] == [("At the target", Decimal("-500.00")), ("Unexplained", Decimal(0))]
    desk.there.books.void("BillPayment", {"Id": payment["Id"], "SyncToken": "0"})
    assert desk.run() == {"ledger": 1}
    assert broken(desk.reconcile()) == []
    assert trial_balance(desk.there.books) == OWED


def test_a_bill_that_changes_is_changed_and_says_how_much_of_it_is_paid(desk):
    desk.run()
    desk.pay(desk.find("17", "Paper Ltd"), "20.00")
    desk.export(*BILLS[:2], BILLS[2].replace("50.00", "55.00"), BILLS[3])
    assert desk.run() == {"books": 1, "ledger": 1}
    assert desk.find("17", "Paper Ltd")["Balance"] == Decimal("35.00")
    assert broken(desk.reconcile()) == []
    desk.there.seeds.edit_by_hand("Bill", desk.find("17", "Paper Ltd")["Id"], DueDate="2026-03-01", Line=_lines(desk, "58.00"))
    report = desk.reconcile()
    assert [each[1:] for each in broken(report)] == [("bill", "17", "-3.00")]
    (found,) = report.breaks
    assert "20.00 of 58.00 paid" in [side.status for side in found.sides]


def _lines(desk: Desk, amount: str) -> list[dict[str, Any]]:
    (line,) = desk.find("17", "Paper Ltd")["Line"]
    return [{name: line[name] for name in ("DetailType", "AccountBasedExpenseLineDetail")} | {"Amount": Decimal(amount)}]


def test_a_copied_and_a_typed_bill_are_told(desk):
    desk.run()
    bill = desk.find("17", "Paper Ltd")
    copy = {name: bill[name] for name in ("VendorRef", "TxnDate", "PrivateNote", "APAccountRef")} | {"Line": _lines(desk, "50.00")}
    desk.there.seeds.by_hand("Bill", copy | {"DocNumber": "17 again"})
    desk.there.seeds.by_hand("Bill", {name: copy[name] for name in copy if name != "PrivateNote"} | {"DocNumber": "99"})
    assert broken(desk.reconcile()) == [("DUPLICATE_TARGET", "bill", "17", "-50.00"), ("MISSING_IN_SOURCE", "bill", "99", "-50.00")]
