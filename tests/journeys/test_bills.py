"""Bills of suppliers from a purchasing tool's export to Xero and back: drafts there, approved and paid by people, and tied to the cent."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
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
from taps._kit.simulator import serve
from taps.xero.simulator import moves
from taps.xero.trial import BOUGHT
from tests._kit.worked import broken
from tests.contract.samples import xero_company
from tests.unit.test_steps_related import component, write

HEAD = "supplier,supplier_name,bill,line,credit,date,due,currency,kind,sku,description,quantity,unit_price,net,tax,tax_rate"
HEAD += ",order,ordered_price,received"
BILLS = [
    "S1,Clay,17,1,,2026-01-30,2026-02-28,USD,goods,MUG,Mugs,100,10.20,1020.00,204.00,0.2,PO-9,10.00,98",
    "S1,Clay,17,2,,2026-01-30,2026-02-28,USD,freight,,Carriage,,,30.00,6.00,0.2,PO-9,,",
    "S2,Paper Ltd,17,1,,2026-01-31,,USD,expense,,Paper,,,50.00,,,,,",
    "S1,Clay,C4,1,yes,2026-01-31,,USD,goods,MUG,Mugs that did not come,2,10.20,20.40,4.08,0.2,PO-9,,0",
]
SUPPLIERS = ["supplier,name,country,currency", "S1,Clay & Sons,IE,USD"]
CONTROL = """
version: 1
money:
  bill: >
    WITH rows AS (SELECT body->>'supplier' || '/' || (body->>'bill') AS id, body->>'bill' AS number, CAST(body->>'date' AS DATE) AS on_day,
                         body->>'supplier' AS party,
                         money(body->>'net') AS net, coalesce(money(body->>'tax'), 0) AS tax, body->>'kind' AS kind
                  FROM bills WHERE coalesce(body->>'credit', '') <> 'yes')
    SELECT id, number, on_day, 'USD' AS unit, party, -sum(net + tax) AS amount, -sum(tax) AS tax,
           -sum(CASE kind WHEN 'freight' THEN net ELSE 0 END) AS shipping
    FROM rows GROUP BY ALL
  vendor_credit: >
    WITH rows AS (SELECT body->>'supplier' || '/' || (body->>'bill') AS id, body->>'bill' AS number, CAST(body->>'date' AS DATE) AS on_day,
                         body->>'supplier' AS party,
                         money(body->>'net') AS net, coalesce(money(body->>'tax'), 0) AS tax
                  FROM bills WHERE body->>'credit' = 'yes')
    SELECT id, number, on_day, 'USD' AS unit, party, sum(net + tax) AS amount, sum(tax) AS tax FROM rows GROUP BY ALL
"""
ROLES = ("GRNI", "PurchaseVariance", "SupplierClaims", "Freight", "PurchaseExpense", "InputTax", "Payable", "Rounding")
ACCOUNTS = {role: BOUGHT[role] for role in ROLES}
AS_OF = datetime(2026, 3, 1, tzinfo=UTC)


class Desk:
    """A home with a purchasing tool's export, Xero, and the embedded ledger for what Xero says was paid."""

    def __init__(self, path: Path, url: str) -> None:
        self.path = path
        self.there: Any = xero_company.simulator()
        self.hub = Hub(url, self.there.clock)
        migrate(self.hub)
        self.there.books.period_lock = None
        for resource in ("Invoices", "CreditNotes"):
            self.there.books.documents[resource].clear()
        self.there.interludes.append(lambda _call: self.there.clock.forward(seconds=1.5))

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
        self._component("connections/tool", "Connection", {"tap": "files", **common, "config": {"streams": streams}, "mappings": mappings})
        config = xero_company.config(url)
        self._component("connections/xero", "Connection", {"target": "xero", "config": config | xero_company.TAXES})
        paid = {"tap": "xero", **common, "config": config, "mappings": {"payments": "xero/bill_payments"}}
        self._component("connections/xero_paid", "Connection", paid)
        self._component("connections/ledger", "Connection", {"target": "ledger", "config": {"operating_currency": "USD"}})
        kinds = {"supplier": "supplier", "bill": "bill", "vendor_credit": "bill_credit"}
        self._route("bills", "tool", "xero", ACCOUNTS, {kind: {"as": made} for kind, made in kinds.items()})
        accounts = {"Bank": "Assets:Bank", "Payable": "Liabilities:Payable"}
        self._route("paid", "xero_paid", "ledger", accounts, {"bill_payment": {"as": "journal"}})
        for connection in ("xero", "xero_paid"):
            for name, value in xero_company.SECRETS.items():
                Vault(self.hub, keys.load(self.path)).store(connection, name, value)

    def _component(self, file: str, kind: str, attributes: dict[str, Any]) -> None:
        component(self.path / f"{file}.yaml", kind, attributes)

    def _route(self, name: str, source: str, target: str, accounts: dict[str, str], kinds: dict[str, Any]) -> None:
        books = {"base_currency": "USD", "accounts": accounts}
        posting = {"name": "books", "target": target, "company": "acme", "books": books, **kinds}
        route = {"sources": [source], "start": {"business_date": "2026-01-01"}, "mode": "auto", "posting": [posting]}
        self._component(f"routes/{name}", "Route", route)

    def export(self, *rows: str) -> None:
        """What the tool exports."""
        (self.path / "files/bills.csv").write_text("\n".join((HEAD, *(rows or BILLS))) + "\n")

    def run(self) -> dict[str, int]:
        """One run of everything; what was written. Fails where an equation does not hold."""
        self.there.clock.forward(minutes=10)
        home = loading.load(self.path)
        report = running.run(home, self.hub, list(home.routes.values()))
        with self.hub.read() as tx:
            assert all(each.balanced for each in equations.intake(tx))
            for name, source in (("bills", "tool"), ("paid", "xero_paid")):
                assert all(each.balanced for each in equations.route(tx, name, [source], [(name, "books")]))
        return {name: count for name, count in report.written.items() if count}

    def reconcile(self) -> Report:
        """What every corner says."""
        return reconcile(loading.load(self.path), self.hub, as_of=AS_OF)

    def problems(self) -> list[str]:
        """What a person would have to look at."""
        with self.hub.read() as tx:
            return [row.say for row in tx.exec_driver_sql("SELECT say FROM problem WHERE closed_at IS NULL").all()]

    # ── what people do in Xero ──

    def find(self, number: str, supplier: str, resource: str = "Invoices") -> dict[str, Any]:
        """The document of that supplier's number."""
        field = {"Invoices": "InvoiceNumber", "CreditNotes": "CreditNoteNumber"}[resource]
        rows = self.there.books.documents[resource].values()
        (found,) = (each for each in rows if each[field].startswith(f"{number} cf-") and each["Contact"]["Name"] == supplier)
        made: dict[str, Any] = found
        return made

    def pay(self, bill: dict[str, Any], amount: str) -> None:
        """Approve a bill and pay a part of it."""
        books = self.there.books
        books.touch(bill, Status="AUTHORISED")
        element = {"Invoice": {"InvoiceID": bill["InvoiceID"]}, "Account": {"Code": "090"}, "Amount": amount, "Date": "2026-02-20"}
        made, wrong = moves.payment(books, element)
        assert wrong == []
        identity = books.add("Payments", made, by_hand=True)
        moves.settle(books, books.documents["Payments"][identity], 1)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path / "home", f"sqlite:///{tmp_path / 'hub.db'}")
    with serve(made.there) as url:
        made.make(url)
        yield made
    made.hub.close()


def falls(report: Report) -> dict[tuple[str, str], list[tuple[str, Decimal]]]:
    """Waterfalls by sheet and name: the lines that say something."""
    return {(each.sheet, each.name): [(line.label, line.amount) for line in each.lines] for each in report.waterfalls}


def test_bills_of_an_export_stand_in_xero_as_drafts_and_tie_to_the_cent(desk):
    assert desk.run() == {"xero": 4}
    bill = desk.find("17", "Clay & Sons")
    assert (bill["Status"], bill["Total"], bill["DueDate"]) == ("DRAFT", Decimal("1260.00"), date(2026, 2, 28))
    names = {code: role for role, code in BOUGHT.items()}
    assert [(names[line["AccountCode"]], line["LineAmount"], line["TaxAmount"]) for line in bill["LineItems"]] == [
        ("GRNI", Decimal("980.00"), Decimal("196.00")),
        ("PurchaseVariance", Decimal("19.60"), Decimal("3.92")),
        ("SupplierClaims", Decimal("20.40"), Decimal("4.08")),
        ("Freight", Decimal("30.00"), Decimal("6.00")),
    ]
    assert desk.find("17", "Paper Ltd")["Total"] == Decimal("50.00"), "named by the bill: no supplier was exported"
    assert desk.find("C4", "Clay & Sons", "CreditNotes")["Total"] == Decimal("24.48")
    report = desk.reconcile()
    assert broken(report) == []
    assert falls(report)["xero/money", "purchases"] == [
        ("Source: bill", Decimal("-1310.00")),
        ("Source: vendor credit", Decimal("24.48")),
        ("Expected at the target", Decimal("-1285.52")),
        ("At the target", Decimal("-1285.52")),
        ("Unexplained", Decimal(0)),
    ]
    assert falls(report)["xero/money", "tax_owed"][-2:] == [("At the target", Decimal("205.92")), ("Unexplained", Decimal(0))]
    assert desk.run() == {}, "nothing is sent twice"


def test_what_is_paid_in_xero_is_read_and_booked_and_a_payment_that_is_deleted_is_taken_back(desk):
    desk.run()
    bill = desk.find("17", "Clay & Sons")
    desk.pay(bill, "500.00")
    assert desk.run() == {"ledger": 1}
    with desk.hub.read() as tx:
        (row,) = tx.exec_driver_sql("SELECT amount, body FROM document WHERE type = 'bill_payment' AND current").all()
    assert '"bill_number":"17"' in row.body
    report = desk.reconcile()
    assert broken(report) == []
    assert falls(report)["ledger/money", "payments"][-2:] == [("At the target", Decimal("-500.00")), ("Unexplained", Decimal(0))]
    payment = next(iter(desk.there.books.documents["Payments"].values()))
    desk.there.books.touch(payment, Status="DELETED")
    assert desk.run() == {"ledger": 1}
    assert broken(desk.reconcile()) == []


def test_a_bill_that_changes_is_changed_while_it_is_a_draft_and_held_once_it_is_approved(desk):
    desk.run()
    dearer = BILLS[2].replace("50.00", "55.00")
    desk.export(*BILLS[:2], dearer, BILLS[3])
    assert desk.run() == {"xero": 1}
    assert desk.find("17", "Paper Ltd")["Total"] == Decimal("55.00")
    desk.pay(desk.find("17", "Paper Ltd"), "20.00")
    desk.export(*BILLS[:2], BILLS[2].replace("50.00", "60.00"), BILLS[3])
    assert desk.run() == {"ledger": 1}
    (said,) = desk.problems()
    assert "it is no draft any more" in said
    report = desk.reconcile()
    assert [each[1:] for each in broken(report)] == [("bill", "17", "5.00")]
    (found,) = report.breaks
    assert "20.00 of 55.00 paid" in [side.status for side in found.sides]


def test_a_copied_and_a_typed_bill_are_told_and_the_rent_is_not_our_business(desk):
    desk.run()
    bill = desk.find("17", "Paper Ltd")
    copy = {key: value for key, value in bill.items() if key != "InvoiceID"}
    desk.there.books.add("Invoices", copy, by_hand=True)
    typed = {**copy, "InvoiceNumber": "99", "Contact": {"ContactID": bill["Contact"]["ContactID"], "Name": "Paper Ltd"}}
    rent = {**typed, "InvoiceNumber": "rent", "LineItems": [{**copy["LineItems"][0], "AccountCode": "400"}]}
    for each in (typed, rent):
        desk.there.books.add("Invoices", each, by_hand=True)
    assert broken(desk.reconcile()) == [("DUPLICATE_TARGET", "bill", "17", "-50.00"), ("MISSING_IN_SOURCE", "bill", "99", "-50.00")]


def test_a_bill_that_stands_for_another_supplier_is_told(desk):
    """Whoever is paid must be who billed it."""
    desk.run()
    bill = desk.find("17", "Clay & Sons")
    other = desk.there.books.contact("Clay and Sons", AccountNumber="S9")
    desk.there.books.touch(bill, Contact={"ContactID": other, "Name": "Clay and Sons"})
    assert broken(desk.reconcile()) == [("PARTY", "bill", "17", "0.00")]
