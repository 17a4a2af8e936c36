"""Goods that are received in InvenTree stand in the books until they are billed: GRNI is 0.00 when everything came and was billed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from beancount import loader
from beancount.core import data

from pipelines.home.load import load
from pipelines.hub import equations, keys
from pipelines.hub.schema import migrate
from pipelines.hub.store import Hub
from pipelines.hub.vault import Vault
from pipelines.reconcile.run import reconcile
from pipelines.steps.run import Report, run
from taps._kit.simulator import serve
from taps.inventree.facts import RECEIVED
from taps.inventree.simulator import InvenTreeSimulator
from tests.unit.test_steps_related import component, write

BILLS = """
mapping: t/bills
version: 1
documents:
  - type: bill
    id: id
    fields:
      business_date: day
      bill_number: id
      currency: "'EUR'"
      grand_total: number(net)
      lines:
        - fields:
            line_number: 1
            kind: "'goods'"
            sku: sku
            quantity: number(billed)
            net_amount: number(net)
            ordered_price: number(ordered_price)
            received_quantity: number(received)
            purchase_order_number: order
"""
ACCOUNTS = {
    "Inventory": "Assets:Inventory",
    "GRNI": "Liabilities:Received",
    "Payable": "Liabilities:Payable",
    "PurchaseVariance": "Expenses:Variance",
    "SupplierClaims": "Assets:Claims",
    "Rounding": "Expenses:Rounding",
}


class Firm:
    """An InvenTree that is read, a supplier's bills, and the embedded ledger."""

    def __init__(self, home: Path, simulator: InvenTreeSimulator, url: str) -> None:
        self.home, self.simulator = home, simulator
        for folder in ("connections", "routes", "mappings/t", "files"):
            (home / folder).mkdir(parents=True)
        acme = {"legal_name": "Acme Ltd", "base_currency": "EUR", "timezone": "Europe/Dublin"}
        write(home / "counterfoil.yaml", {"hub": f"sqlite:///{home / 'hub.db'}", "companies": {"acme": acme}})
        source = {"company": "acme", "timezone": "Europe/Dublin"}
        mapped = {name: f"inventree/{name}" for name in ("receipts", "purchase_orders")}
        config = {"base_url": url, "private_network": True}
        component(home / "connections/warehouse.yaml", "Connection", source | {"tap": "inventree", "config": config, "mappings": mapped})
        (home / "mappings/t/bills.yaml").write_text(BILLS, encoding="utf-8")
        streams = {"bills": {"path": "files/bills.jsonl", "key": ["id"]}}
        component(
            home / "connections/post.yaml",
            "Connection",
            source | {"tap": "files", "config": {"streams": streams}, "mappings": {"bills": "t/bills"}},
        )
        component(
            home / "connections/ledger.yaml", "Connection", {"target": "ledger", "config": {"path": "books", "operating_currency": "EUR"}}
        )
        books = {"name": "books", "target": "ledger", "books": {"base_currency": "EUR", "accounts": ACCOUNTS}}
        kinds = {"goods_receipt": {"as": "journal"}, "bill": {"as": "journal"}, "purchase_order": {"exclude": "an order books nothing"}}
        given = {"sources": ["warehouse", "post"], "start": {"business_date": "2026-01-01"}, "mode": "auto", "posting": [books | kinds]}
        component(home / "routes/purchases.yaml", "Route", given)
        self.bill()
        self.hub = Hub(f"sqlite:///{home / 'hub.db'}", simulator.clock)
        migrate(self.hub)
        Vault(self.hub, keys.load(home)).store("warehouse", "token", "inventree-token")

    def bill(self, *rows: dict[str, Any]) -> None:
        (self.home / "files/bills.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))

    def run(self) -> Report:
        self.simulator.clock.forward(hours=1)
        home = load(self.home)
        report = run(home, self.hub, list(home.routes.values()))
        with self.hub.read() as tx:
            assert all(each.balanced for each in equations.intake(tx))
            balances = equations.route(tx, "purchases", ["warehouse", "post"], [("books", "money")])
        assert [each for each in balances if not each.balanced] == []
        return report

    def balances(self) -> dict[str, Decimal]:
        """By account, what the ledger's own reader makes of the journal."""
        entries, errors, _options = loader.load_file(str(self.home / "books/main.beancount"))
        assert errors == []
        sums: dict[str, Decimal] = {}
        for entry in entries:
            for posting in entry.postings if isinstance(entry, data.Transaction) else ():
                sums[posting.account] = sums.get(posting.account, Decimal(0)) + posting.units.number
        return {account: amount for account, amount in sums.items() if amount}

    def documents(self, kind: str) -> list[dict[str, Any]]:
        with self.hub.read() as tx:
            rows = tx.exec_driver_sql(f"SELECT body FROM document WHERE type = '{kind}' AND current ORDER BY seq").all()
        return [json.loads(row[0]) for row in rows]


@pytest.fixture
def firm(tmp_path: Path) -> Iterator[Firm]:
    simulator = InvenTreeSimulator()
    simulator.shelf, simulator.mug = simulator.seed_location("Shelf"), simulator.seed_part("MUG", "Mug")
    supplier = simulator.seed_company("Mugs Ltd", is_supplier=True)
    simulator.order = simulator.seed_order("PO-0001", supplier, [(simulator.mug, "100", "10.00")])
    simulator.line = next(pk for pk, row in simulator.tables.purchase_lines.items() if row["order"] == simulator.order)
    with serve(simulator) as url:
        made = Firm(tmp_path, simulator, url)
        yield made
        made.hub.close()


def _bill(number: str, billed: str, net: str, received: str, price: str = "10.00") -> dict[str, Any]:
    made = {"id": number, "day": "2026-11-20", "sku": "MUG", "billed": billed, "net": net, "received": received, "order": "PO-0001"}
    return made | {"ordered_price": price}


def test_what_is_received_and_billed_leaves_nothing_at_grni(firm):
    firm.simulator.receive(firm.simulator.line, "60", firm.simulator.shelf)
    firm.run()
    assert firm.balances() == {"Assets:Inventory": 600, "Liabilities:Received": -600}
    (ordered,) = firm.documents("purchase_order")
    assert "status" not in ordered, "open, which is usual"
    assert (ordered["lines"][0]["quantity"], ordered["lines"][0]["received_quantity"]) == ("100", "60")
    firm.simulator.receive(firm.simulator.line, "40", firm.simulator.shelf)
    firm.bill(_bill("B-1", "100", "1000.00", "100"))
    firm.run()
    assert firm.balances() == {"Assets:Inventory": 1000, "Liabilities:Payable": -1000}
    (ordered,) = firm.documents("purchase_order")
    assert (ordered["status"], ordered["lines"][0]["received_quantity"]) == ("closed", "100")
    received = firm.documents("goods_receipt")
    assert [each["lines"][0]["quantity"] for each in received] == ["60", "40"]
    assert {each["purchase_order_number"] for each in received} == {"PO-0001"}
    assert firm.run().written == {"ledger": 0}


def test_ordered_received_and_billed_differ_as_the_worked_example_says(firm):
    """Ordered 100 at 10.00, received 98, billed 100 at 10.20: 980.00 clears GRNI, 19.60 is price, 20.40 did not come."""
    firm.simulator.receive(firm.simulator.line, "98", firm.simulator.shelf)
    firm.bill(_bill("B-1", "100", "1020.00", "98"))
    firm.run()
    assert firm.balances() == {
        "Assets:Inventory": 980,
        "Expenses:Variance": Decimal("19.60"),
        "Assets:Claims": Decimal("20.40"),
        "Liabilities:Payable": -1020,
    }


def test_goods_without_a_price_are_held_and_go_on_once_it_is_entered(firm):
    line = firm.simulator.tables.purchase_lines[firm.simulator.line]
    line["purchase_price"] = None
    item = firm.simulator.receive(firm.simulator.line, "5", firm.simulator.shelf)
    firm.run()
    assert firm.balances() == {}
    with firm.hub.read() as tx:
        ((say,),) = tx.exec_driver_sql("SELECT say FROM problem WHERE closed_at IS NULL AND code = 'POST-COST'").all()
    assert "brings 5 of MUG" in say
    firm.simulator.clock.forward(days=9)
    firm.simulator.seed_item(firm.simulator.mug, firm.simulator.shelf, "1")
    firm.run()  # the history is read from here on
    firm.simulator.tables.items[item]["purchase_price"] = "9.50"
    firm.run()
    assert firm.balances() == {"Assets:Inventory": Decimal("47.50"), "Liabilities:Received": Decimal("-47.50")}


def test_a_stock_item_that_was_used_up_is_still_worth_its_orders_price(firm):
    item = firm.simulator.receive(firm.simulator.line, "7", firm.simulator.shelf)
    del firm.simulator.tables.items[item]
    firm.run()
    assert firm.balances() == {"Assets:Inventory": 70, "Liabilities:Received": -70}


def test_what_arrived_is_reconciled_with_the_books_by_document(firm):
    """60 and 38 arrive; then the second is changed by hand in the journal's place: here, in the history that the control reads."""
    firm.simulator.receive(firm.simulator.line, "60", firm.simulator.shelf)
    firm.simulator.receive(firm.simulator.line, "38", firm.simulator.shelf)
    firm.run()
    assert _breaks(firm) == []
    received = [row for row in firm.simulator.tables.tracking.values() if row["tracking_type"] == RECEIVED]
    received[1]["deltas"]["quantity"] = Decimal(40)
    ((kind, number, amount),) = _breaks(firm)
    assert (kind, amount) == ("STALE", -20)
    assert number.startswith("PO-0001/")
    del firm.simulator.tables.tracking[received[0]["pk"]]
    assert {(kind, amount) for kind, _number, amount in _breaks(firm)} == {("STALE", -20), ("MISSING_IN_SOURCE", 600)}


def _breaks(firm):
    report = reconcile(load(firm.home), firm.hub, as_of=datetime(2026, 12, 1, tzinfo=UTC))
    assert {fall.unexplained for fall in report.waterfalls} <= {0}
    return [(cause.kind.value, each.number, int(cause.amount)) for each in report.breaks for cause in each.causes if cause.amount]
