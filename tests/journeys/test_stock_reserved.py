"""Orders of a shop keep their goods in InvenTree until they are handed over: through the hub, with both equations after each run."""

from __future__ import annotations

import json
from collections.abc import Iterator
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
from pipelines.steps.run import Report, run
from taps._kit.errors import Misconfigured
from taps._kit.simulator import serve
from taps.inventree.facts import CANCELLED, IN_PROGRESS, SHIPPED
from taps.inventree.simulator import InvenTreeSimulator

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
        self._put("counterfoil.yaml", {"hub": f"sqlite:///{home / 'hub.db'}", "companies": {"acme": acme}})
        for name, text in MAPPINGS.items():
            (home / f"mappings/t/{name}.yaml").write_text(text, encoding="utf-8")
            self.export(name)
        streams = {name: {"path": f"files/{name}.jsonl", "key": ["id"], "snapshot": True} for name in MAPPINGS}
        shop = {"tap": "files", "company": "acme", "timezone": "Europe/Dublin", "config": {"streams": streams}}
        self._component("connections/shop", "Connection", shop | {"mappings": {name: f"t/{name}" for name in MAPPINGS}})
        config = {"base_url": url, "private_network": True, "location": "Shelf"}
        self._component("connections/stock", "Connection", {"target": "inventree", "config": config})
        self.route({"order": {"as": "sales_order"}, "fulfillment": {"as": "stock_removal"}})
        self.hub = Hub(f"sqlite:///{home / 'hub.db'}", simulator.clock)
        migrate(self.hub)
        Vault(self.hub, keys.load(home)).store("stock", "token", "inventree-token")

    def _put(self, name: str, content: object) -> None:
        (self.home / name).write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")

    def _component(self, name: str, kind: str, attributes: object) -> None:
        self._put(f"{name}.yaml", {"type": f"pipelines.components.{kind}", "attributes": attributes})

    def route(self, *kinds: dict[str, Any]) -> None:
        postings = [{"name": f"stock{n}", "target": "stock", "*": {"exclude": "no stock"}, **each} for n, each in enumerate(kinds)]
        given = {"sources": ["shop"], "start": {"business_date": "2026-01-01"}, "mode": "auto", "posting": postings}
        self._component("routes/stock", "Route", given)

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


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Storehouse]:
    simulator = InvenTreeSimulator()
    shelf = simulator.seed_location("Shelf")
    simulator.seed_item(simulator.seed_part("MUG", "Mug"), shelf, "10")
    with serve(simulator) as url:
        made = Storehouse(tmp_path, simulator, url)
        yield made
        made.hub.close()


def test_an_order_is_kept_then_handed_over_piece_by_piece_and_nothing_leaves_twice(house):
    house.export("orders", order("1001", 5))
    house.run()
    assert house.stands == (10, 5, [IN_PROGRESS])
    house.export("orders", order("1001", 5, fulfilled="partly_fulfilled", left=3))
    house.export("parcels", {"id": "P1", "day": "2026-01-06", "order": "1001", "sku": "MUG", "units": 2})
    house.run()
    assert house.stands == (8, 3, [IN_PROGRESS])
    house.export("orders", order("1001", 5, fulfilled="fulfilled", left=0))
    parcels = [{"id": f"P{n}", "day": "2026-01-06", "order": "1001", "sku": "MUG", "units": units} for n, units in ((1, 2), (2, 3))]
    house.export("parcels", *parcels)
    house.run()
    assert house.stands == (5, 0, [SHIPPED])
    writes = len([each for each in house.simulator.log if each.request.method != "GET"])
    house.run()
    assert len([each for each in house.simulator.log if each.request.method != "GET"]) == writes
    assert house.fates() == [("sales_order", "delivered", ""), ("stock_removal", "delivered", ""), ("stock_removal", "delivered", "")]
    assert house.ask("SELECT sum(effect) FROM receipt WHERE kind = 'sales_order'") == [(0,)]


@pytest.mark.parametrize("status", ["cancelled", "gone"])
def test_what_is_called_off_or_vanishes_is_cancelled(status, house):
    house.export("orders", order("1001", 5), order("1002", 1))
    house.run()
    left = [order("1002", 1)] if status == "gone" else [order("1001", 5, status="cancelled"), order("1002", 1)]
    house.export("orders", *left)
    house.run()
    assert house.stands == (10, 1, [CANCELLED, IN_PROGRESS])


def test_a_sale_that_promises_nothing_makes_no_order(house):
    house.export("orders", order("1001", 5, fulfilled="fulfilled", left=0))
    house.run()
    assert house.stands == (10, 0, [])
    assert house.fates() == [("sales_order", "excluded", "nothing left to hand over")]


def test_what_is_not_there_waits_in_plain_sight_and_is_kept_when_it_arrives(house):
    house.export("orders", order("1001", 8), order("1002", 5))
    house.run()
    assert house.stands == (10, 10, [IN_PROGRESS, IN_PROGRESS])
    waiting = ("sales_order", "waiting", "InvenTree: it keeps 2 of 5 MUG at Shelf, where no more is free")
    assert sorted(house.fates()) == [("sales_order", "delivered", ""), waiting]
    before = len([each for each in house.simulator.log if each.request.path.startswith("/api/order")])
    house.run(minutes=1)
    assert len([each for each in house.simulator.log if each.request.path.startswith("/api/order")]) == before, (
        "it is not asked again at once"
    )
    house.run()
    assert waiting in house.fates()
    mug = next(iter(house.simulator.tables.parts))
    house.simulator.seed_item(mug, next(iter(house.simulator.tables.locations)), "4")
    house.run()
    assert house.stands == (14, 13, [IN_PROGRESS, IN_PROGRESS])
    assert {fate for _kind, fate, _reason in house.fates()} == {"delivered"}
    assert house.ask("SELECT effect FROM receipt ORDER BY effect") == [(0,), (2_000_000,), (3_000_000,), (8_000_000,)]


def test_what_waits_and_is_called_off_meanwhile_frees_what_it_kept(house):
    house.export("orders", order("1001", 8), order("1002", 5))
    house.run()
    house.export("orders", order("1001", 8))
    house.run()
    assert house.stands == (10, 8, [IN_PROGRESS, CANCELLED])
    assert [fate for _kind, fate, _reason in house.fates()].count("waiting") == 0


@pytest.mark.parametrize("nth", range(5))
def test_what_was_broken_off_and_then_vanishes_leaves_nothing(nth, house):
    """The answer of one call is lost; before the next run the order is gone at the source: what the attempt had begun is cancelled."""
    left = [nth]

    def breaks(request):
        if request.method != "GET" and left:
            if left[0] == 0:
                left.clear()
                house.simulator.faults.add("drop_after", method=request.method)
            else:
                left[0] -= 1

    house.simulator.interludes.append(breaks)
    house.export("orders", order("1001", 5), order("1002", 1))
    house.run()
    house.export("orders", order("1002", 1))
    house.run()
    house.run()
    begun = [CANCELLED] if nth else []  # the first call makes the company of the walk-in customer
    assert (house.stands[1], sorted(house.stands[2])) == (1, [IN_PROGRESS, *begun])


def test_keeping_and_removing_the_same_sale_is_refused_by_check(house):
    house.route({"order": {"as": "sales_order"}}, {"order": {"as": "stock_removal"}})
    with pytest.raises(Misconfigured, match="counts it twice"):
        load(house.home)
    house.route({"order": {"as": "stock_removal"}})
    load(house.home)
