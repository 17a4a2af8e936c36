"""A shop whose orders keep their goods in InvenTree: exports, a home, and one shelf of mugs."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

from pipelines.home.load import load
from pipelines.hub import equations, keys
from pipelines.hub.schema import migrate
from pipelines.hub.store import Hub
from pipelines.hub.vault import Vault
from pipelines.steps.run import Report, run
from taps.inventree.simulator import InvenTreeSimulator
from tests.unit.test_steps_related import component, write

LINE = "{line_number: 1, kind: \"'item'\", sku: sku, quantity: number(units), net_amount: number(total), open_quantity: number(left)}"
MAPPINGS = {
    "orders": f"""
mapping: t/orders
version: 1
documents:
  - type: order
    id: id
    fields:
      business_date: day
      currency: "'EUR'"
      order_number: id
      status: status
      fulfillment_status: fulfilled
      cancelled_at: null
      grand_total: number(total)
      lines: [{{fields: {LINE}}}]
""",
    "parcels": """
mapping: t/parcels
version: 1
documents:
  - type: fulfillment
    id: id
    fields:
      business_date: day
      order_id: ref('order', order)
      order_number: order
      lines: [{fields: {sku: sku, quantity: number(units)}}]
""",
}


def order(number: str, units: int, *, status: str = "open", fulfilled: str = "unfulfilled", left: int | None = None) -> dict[str, Any]:
    made = {"id": number, "day": "2026-01-05", "sku": "MUG", "units": units, "left": units if left is None else left}
    return made | {"total": "10.00", "status": status, "fulfilled": fulfilled}


class Storehouse:
    """A shop's exports, a route, and an InvenTree with one shelf of mugs."""

    def __init__(self, home: Path, simulator: InvenTreeSimulator, url: str) -> None:
        self.home, self.simulator = home, simulator
        for folder in ("connections", "routes", "mappings/t", "files"):
            (home / folder).mkdir(parents=True)
        acme = {"legal_name": "Acme Ltd", "base_currency": "EUR", "timezone": "Europe/Dublin"}
        write(home / "counterfoil.yaml", {"hub": f"sqlite:///{home / 'hub.db'}", "companies": {"acme": acme}})
        for name, text in MAPPINGS.items():
            (home / f"mappings/t/{name}.yaml").write_text(text, encoding="utf-8")
            self.export(name)
        streams = {name: {"path": f"files/{name}.jsonl", "key": ["id"], "snapshot": True} for name in MAPPINGS}
        shop = {"tap": "files", "company": "acme", "timezone": "Europe/Dublin", "config": {"streams": streams}}
        component(home / "connections/shop.yaml", "Connection", shop | {"mappings": {name: f"t/{name}" for name in MAPPINGS}})
        config = {"base_url": url, "private_network": True, "location": "Shelf"}
        component(home / "connections/stock.yaml", "Connection", {"target": "inventree", "config": config})
        self.route({"order": {"as": "sales_order"}, "fulfillment": {"as": "stock_removal"}})
        self.hub = Hub(f"sqlite:///{home / 'hub.db'}", simulator.clock)
        migrate(self.hub)
        Vault(self.hub, keys.load(home)).store("stock", "token", "inventree-token")

    def route(self, *kinds: dict[str, Any]) -> None:
        postings = [{"name": f"stock{n}", "target": "stock", "*": {"exclude": "no stock"}, **each} for n, each in enumerate(kinds)]
        given = {"sources": ["shop"], "start": {"business_date": "2026-01-01"}, "mode": "auto", "posting": postings}
        component(self.home / "routes/stock.yaml", "Route", given)

    def export(self, stream: str, *rows: dict[str, Any]) -> None:
        (self.home / f"files/{stream}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))

    def run(self, *, minutes: int = 30) -> Report:
        self.simulator.clock.forward(minutes=minutes)
        home = load(self.home)
        report = run(home, self.hub, list(home.routes.values()))
        with self.hub.read() as tx:
            assert all(each.balanced for each in equations.intake(tx))
            balances = equations.route(tx, "stock", ["shop"], [("stock0", "stock")])
        assert [each for each in balances if not each.balanced] == []
        return report

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        with self.hub.read() as tx:
            return [tuple(row) for row in tx.exec_driver_sql(sql).all()]

    @property
    def stands(self) -> tuple[Decimal, Decimal, list[int]]:
        """Mugs on the shelf, mugs that are kept, the states of the orders."""
        tables = self.simulator.tables
        kept = sum((each["quantity"] for each in tables.allocations.values()), Decimal(0))
        lying = sum((each["quantity"] for each in tables.items.values()), Decimal(0))
        return lying, kept, [row["status"] for row in tables.sales_orders.values()]

    def fates(self) -> list[tuple[Any, ...]]:
        return self.ask("SELECT representation, fate, reason FROM disposition ORDER BY representation, document_id")
