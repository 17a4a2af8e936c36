"""A warehouse's stock in InvenTree stands in a Shopify shop: set by compare and swap, once, and what comes back goes no second round."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from pipelines.home.load import load
from pipelines.hub import keys
from pipelines.hub.schema import migrate
from pipelines.hub.store import Hub
from pipelines.hub.vault import Vault
from pipelines.steps.run import Report, run
from taps._kit.simulator import Clock, serve
from taps.inventree.simulator import InvenTreeSimulator
from taps.inventree.simulator.tables import instant
from taps.shopify.facts import SCOPES
from taps.shopify.simulator import TOKEN, ShopifySimulator
from taps.shopify.simulator.things import Variant
from tests.contract.samples.target_shopify import writes


class House:
    """A warehouse, a shop, and a home between them whose shop is read too."""

    def __init__(self, home: Path, warehouse: InvenTreeSimulator, shop: ShopifySimulator, addresses: tuple[str, str]) -> None:
        self.home, self.warehouse, self.shop = home, warehouse, shop
        stock_url, shop_url = addresses
        for folder in ("connections", "routes"):
            (home / folder).mkdir()
        acme = {"legal_name": "Acme Ltd", "base_currency": "USD", "timezone": "America/New_York"}
        self._put("counterfoil.yaml", {"hub": f"sqlite:///{home / 'hub.db'}", "companies": {"acme": acme}})
        source = {"company": "acme", "timezone": "America/New_York"}
        config = {"base_url": stock_url, "private_network": True}
        mapped = {"stock_items": "inventree/stock_items"}
        self._component("connections/warehouse", "Connection", source | {"tap": "inventree", "config": config, "mappings": mapped})
        config = {"base_url": shop_url, "private_network": True}
        self._component(
            "connections/shop", "Connection", source | {"tap": "shopify", "config": config, "mappings": {"inventory": "shopify/inventory"}}
        )
        self._component(
            "connections/shop_stock", "Connection", {"target": "shopify", "config": config | {"places": {"Shelf": "Warehouse"}}}
        )
        posting = {
            "name": "levels",
            "target": "shop_stock",
            "inventory_level": {"as": "stock_level"},
            "*": {"exclude": "no level of stock"},
        }
        given = {"sources": ["warehouse"], "start": {"business_date": "2026-01-01"}, "mode": "auto", "posting": [posting]}
        self._component("routes/stock", "Route", given)
        self.hub = Hub(f"sqlite:///{home / 'hub.db'}", shop.clock)
        migrate(self.hub)
        vault = Vault(self.hub, keys.load(home))
        vault.store("warehouse", "token", "inventree-token")
        for name in ("shop", "shop_stock"):
            vault.store(name, "access_token", TOKEN)

    def _put(self, name: str, content: object) -> None:
        (self.home / name).write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")

    def _component(self, name: str, kind: str, attributes: object) -> None:
        self._put(f"{name}.yaml", {"type": f"pipelines.components.{kind}", "attributes": attributes})

    def sources(self, *names: str) -> None:
        """Let the route be fed from these."""
        path = self.home / "routes/stock.yaml"
        route = yaml.safe_load(path.read_text(encoding="utf-8"))
        route["attributes"]["sources"] = list(names)
        self._put("routes/stock.yaml", route)

    def run(self) -> Report:
        home = load(self.home)
        return run(home, self.hub, list(home.routes.values()))

    def sent(self) -> int:
        """Mutations that reached the shop."""
        return sum(writes(each.request) for each in self.shop.log)

    def at_shop(self, sku: str) -> int:
        return self.variant(sku).stock[self.shop.world.places[0].id]

    def variant(self, sku: str) -> Variant:
        found = (each for product in self.shop.world.products.values() for each in product.variants)
        return next(each for each in found if each.sku == sku)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    clock = Clock()
    warehouse = InvenTreeSimulator(clock=clock)
    shelf = warehouse.seed_location("Shelf")
    shop = ShopifySimulator(5, seed=2, bucket=10**9, scopes=(*SCOPES, "write_inventory"), clock=clock)
    for number, sku in enumerate(_skus(shop)[:3]):
        part = warehouse.seed_part(sku, sku)
        warehouse.seed_item(part, shelf, str(40 + number))
        warehouse.seed_item(part, shelf, "2")
    clock.forward(minutes=10)
    with serve(warehouse) as stock_url, serve(shop) as shop_url:
        made = House(tmp_path, warehouse, shop, (stock_url, shop_url))
        yield made
        made.hub.close()


def _skus(shop: ShopifySimulator) -> list[str]:
    return [each.sku for product in shop.world.products.values() for each in product.variants if each.tracked]


def test_the_warehouses_stock_stands_in_the_shop_and_another_run_writes_nothing(house):
    first = house.run()
    assert (first.written, first.problems) == ({"shop_stock": 3}, 0)
    skus = _skus(house.shop)[:3]
    assert [house.at_shop(sku) for sku in skus] == [42, 43, 44]
    assert house.sent() == 3
    house.shop.clock.forward(hours=1)
    assert house.run().written == {"shop_stock": 0}
    assert house.sent() == 3


def test_a_change_is_set_against_what_stands_there(house):
    house.run()
    sku = _skus(house.shop)[0]
    place = house.shop.world.places[0].id
    house.variant(sku).stock[place] = 17  # the shop sold some
    item = next(iter(house.warehouse.tables.items.values()))
    item["quantity"] += 10
    item["updated"] = instant(house.warehouse.clock())
    house.shop.clock.forward(hours=1)
    assert house.run().written == {"shop_stock": 1}
    assert house.at_shop(sku) == 52


def test_a_level_that_moves_between_reading_and_writing_is_read_again(house):
    skus = _skus(house.shop)[:3]
    place = house.shop.world.places[0].id
    moved = iter([True])

    def sells(request):
        if writes(request) and next(moved, False):
            for sku in skus:
                house.variant(sku).stock[place] -= 1

    house.shop.interludes.append(sells)
    first = house.run().written["shop_stock"]
    house.shop.clock.forward(minutes=5)
    assert first + house.run().written["shop_stock"] == 3
    assert [house.at_shop(sku) for sku in skus] == [42, 43, 44]


def test_what_we_wrote_comes_back_and_has_no_further_effect(house):
    """The shop's own levels are read, and even named as a source of the route that writes them."""
    house.run()
    house.sources("warehouse", "shop")
    house.shop.clock.forward(hours=1)
    again = house.run()
    assert again.landed > 3
    assert again.written == {"shop_stock": 0}
    assert house.sent() == 3
    house.shop.clock.forward(hours=1)
    assert house.run().written == {"shop_stock": 0}
    assert house.sent() == 3


def test_a_level_that_stands_already_is_not_written(house):
    sku = _skus(house.shop)[0]
    house.variant(sku).stock[house.shop.world.places[0].id] = 42
    assert house.run().written == {"shop_stock": 3}
    assert house.sent() == 2
