"""Bills of suppliers from a purchasing tool's export to a real Tryton and back: drafts there, posted by people, and tied to the cent."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
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
from taps._kit.surroundings import utc_now
from tests._kit.tryton import Books, Erp, amount
from tests._kit.worked import broken
from tests.journeys.test_bills import BILLS, CONTROL, HEAD, SUPPLIERS, falls
from tests.unit.test_steps_related import component, write

pytestmark = pytest.mark.tryton
ACCOUNTS = {
    "GRNI": "2.2.4", "PurchaseVariance": "5.2.1", "SupplierClaims": "1.4.2", "Freight": "5.1.3", "PurchaseExpense": "5.1.1",
    "InputTax": "6.3.6", "Payable": "2.1.1", "Rounding": "6.2.4",
}  # fmt: skip
AS_OF = datetime(2026, 3, 1, tzinfo=UTC)
EURO = [row.replace("USD", "EUR") for row in BILLS]


class Desk:
    """A home with a purchasing tool's export and one copy of the seeded company."""

    def __init__(self, path: Path, books: Books) -> None:
        self.path, self.books = path, books
        for folder in ("connections", "routes", "files", "controls"):
            (path / folder).mkdir(parents=True)
        legal = {"legal_name": "Nordwind", "base_currency": "EUR", "timezone": "Europe/Dublin"}
        write(path / "counterfoil.yaml", {"companies": {"acme": legal}})
        self.export(*EURO)
        (path / "files/suppliers.csv").write_text("\n".join(SUPPLIERS).replace("USD", "EUR") + "\n")
        (path / "controls/tool.yaml").write_text(CONTROL.replace("USD", "EUR"))
        streams = {
            "bills": {"path": "files/bills.csv", "key": ["supplier", "bill", "line"]},
            "suppliers": {"path": "files/suppliers.csv", "key": ["supplier"]},
        }
        mappings = {"bills": "purchasing/bills", "suppliers": "purchasing/suppliers"}
        tool = {"tap": "files", "company": "acme", "timezone": "Europe/Dublin", "config": {"streams": streams}, "mappings": mappings}
        component(path / "connections/tool.yaml", "Connection", tool)
        config = {"base_url": books.erp.url, "database": books.database, "private_network": True}
        component(path / "connections/erp.yaml", "Connection", {"target": "tryton", "config": config})
        kinds = {"supplier": {"as": "supplier"}, "bill": {"as": "bill"}, "vendor_credit": {"as": "bill_credit"}}
        posting = {"name": "books", "target": "erp", "company": "acme", "books": {"base_currency": "EUR", "accounts": ACCOUNTS}, **kinds}
        route = {"sources": ["tool"], "start": {"business_date": "2026-01-01"}, "mode": "auto", "posting": [posting]}
        component(path / "routes/bills.yaml", "Route", route)
        self.hub = Hub(f"sqlite:///{path}.db", utc_now)
        migrate(self.hub)
        Vault(self.hub, keys.load(path)).store("erp", "key", books.erp.key)

    def export(self, *rows: str) -> None:
        """What the tool exports."""
        (self.path / "files/bills.csv").write_text("\n".join((HEAD, *rows)) + "\n")

    def run(self) -> dict[str, int]:
        """One run; what was written. Fails where an equation does not hold."""
        home = loading.load(self.path)
        report = running.run(home, self.hub, list(home.routes.values()))
        with self.hub.read() as tx:
            assert all(each.balanced for each in equations.intake(tx))
            assert all(each.balanced for each in equations.route(tx, "bills", ["tool"], [("bills", "books")]))
            assert [row.say for row in tx.exec_driver_sql("SELECT say FROM problem WHERE closed_at IS NULL").all()] == []
        return {name: count for name, count in report.written.items() if count}

    def reconcile(self) -> Report:
        """What every corner says."""
        return reconcile(loading.load(self.path), self.hub, as_of=AS_OF)

    # ── what people do in Tryton ──

    def bills(self) -> dict[tuple[str, str], tuple[int, str]]:
        """Id and state by supplier and number, from the tables."""
        rows = self.books.sql(
            "SELECT p.name, i.reference, i.id, i.state FROM account_invoice i JOIN party_party p ON p.id = i.party WHERE i.type = 'in'"
        )
        return {(name, reference): (number, state) for name, reference, number, state in rows}

    def press(self, supplier: str, number: str, *buttons: str) -> None:
        """Validate, post or cancel a bill."""
        for button in buttons:
            self.books.ask("POST", f"account.invoice/{self.bills()[supplier, number][0]}/{button}", {})


@pytest.fixture
def desk(tryton_erp: Erp, tmp_path: Path) -> Iterator[Desk]:
    with tryton_erp.copy() as books:
        made = Desk(tmp_path / "home", books)
        yield made
        made.hub.close()


def moved(books: Books) -> dict[str, Decimal]:
    """The trial balance of what is posted, from the tables."""
    rows: list[tuple[Any, ...]] = books.sql(
        "SELECT a.code, sum(l.debit - l.credit) FROM account_move_line l JOIN account_move m ON m.id = l.move "
        "JOIN account_account a ON a.id = l.account JOIN account_invoice i ON m.id IN (i.move, i.cancel_move) "
        "WHERE m.state = 'posted' AND i.type = 'in' GROUP BY a.code"
    )
    return {code: Decimal(total) for code, total in rows if total}


def test_bills_are_drafts_that_tie_and_go_on_to_tie_when_people_post_change_and_take_back(desk):
    assert desk.run() == {"erp": 4}
    assert {key: state for key, (_number, state) in desk.bills().items()} == {
        ("Clay & Sons", "17"): "draft",
        ("Paper Ltd", "17"): "draft",
        ("Clay & Sons", "C4"): "draft",
    }
    assert moved(desk.books) == {}
    report = desk.reconcile()
    assert broken(report) == []
    assert falls(report)["erp/money", "purchases"] == [
        ("Source: bill", Decimal("-1310.00")),
        ("Source: vendor credit", Decimal("24.48")),
        ("Expected at the target", Decimal("-1285.52")),
        ("At the target", Decimal("-1285.52")),
        ("Unexplained", Decimal(0)),
    ]
    assert desk.run() == {}, "nothing is sent twice"

    desk.press("Clay & Sons", "17", "validate_invoice")
    assert broken(desk.reconcile()) == []
    for name, number in (("Clay & Sons", "17"), ("Clay & Sons", "C4")):
        desk.press(name, number, "post")
    assert broken(desk.reconcile()) == []
    assert moved(desk.books) == {
        "2.1.1": Decimal("-1235.52"),
        "2.2.4": Decimal("980.00"),
        "5.2.1": Decimal("19.60"),
        "5.1.3": Decimal("30.00"),
        "6.3.6": Decimal("205.92"),
    }

    desk.export(*EURO[:2], EURO[2].replace("50.00", "55.00"), EURO[3])
    assert desk.run() == {"erp": 1}
    assert broken(desk.reconcile()) == []
    assert falls(desk.reconcile())["erp/money", "purchases"][-2] == ("At the target", Decimal("-1290.52"))

    number = desk.bills()["Paper Ltd", "17"][0]
    (line,) = desk.books.search("account.invoice.line", [["invoice", "=", number]], "unit_price")
    desk.books.ask("PUT", f"account.invoice.line/{line['id']}", {"unit_price": amount("60.00")})
    assert [each[1:] for each in broken(desk.reconcile())] == [("bill", "17", "-5.00")]
    desk.press("Paper Ltd", "17", "cancel")
    assert [each[1:] for each in broken(desk.reconcile())] == [("bill", "17", "55.00")]
