"""Shopify for the contract of taps: orders, with every event of their life."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from taps._kit.simulator import Simulator
from taps.shopify.simulator import TOKEN, ShopifySimulator
from taps.shopify.simulator.company import line_of, live, place
from taps.shopify.simulator.search import stamp
from taps.shopify.simulator.things import Order, gid
from taps.shopify.simulator.world import World
from tests.contract.samples.remote_tap import RemoteTapSample

PAGE = 5


def _order(simulator: Simulator, key: str) -> Order:
    assert isinstance(simulator, ShopifySimulator)
    return simulator.world.orders[int(key.rpartition("/")[2])]


def _add(simulator: Simulator) -> str:
    assert isinstance(simulator, ShopifySimulator)
    return gid("Order", place(simulator.world, random.Random(len(simulator.world.orders))).id)


def _change(simulator: Simulator, key: str) -> None:
    assert isinstance(simulator, ShopifySimulator)
    order = _order(simulator, key)
    order.note = f"{len(order.note) + 1}{order.note}"
    simulator.world.touch(order)


def _delete(simulator: Simulator, key: str) -> None:
    assert isinstance(simulator, ShopifySimulator)
    simulator.world.delete(_order(simulator, key))


def _said(order: Order) -> str:
    taken = [(line.quantity, line.quantity - line.removed) for line in sorted(order.lines, key=lambda line: line.id)]
    return f"{stamp(order.updated)} {order.note} {order.total - order.returned} {bool(order.cancelled)} {taken}"


def _truth(simulator: Simulator) -> dict[str, str]:
    assert isinstance(simulator, ShopifySimulator)
    return {gid("Order", order.id): _said(order) for order in simulator.world.orders.values()}


def _version(body: dict[str, Any]) -> str:
    taken = [(line["quantity"], line["currentQuantity"]) for line in body["lineItems"]]
    cents = round(float(body["currentTotalPriceSet"]["shopMoney"]["amount"]) * 100)
    return f"{body['updatedAt']} {body['note'] or ''} {cents} {bool(body['cancelledAt'])} {taken}"


def _future(state: dict[str, Any]) -> dict[str, Any]:
    return {**state, "high": "2099-01-01T00:00:00Z", "since": "2099-01-01T00:00:00Z"}


def _cancel(world: World, order: Order) -> None:
    if not order.cancelled:
        world.cancel(order)


def _noted(world: World, order: Order, chance: random.Random) -> None:
    order.note = f"{chance.random()}"
    world.touch(order)


LIFE: tuple[Callable[[World, Order, random.Random], Any], ...] = (
    lambda world, _order, chance: place(world, chance, chance.choice((1, 2, 7))),
    live,
    lambda world, order, _chance: world.fulfil(order, world.places[0]),
    lambda world, order, chance: world.refund(order, [(chance.choice(order.lines), 1)], restock=chance.choice(("RETURN", "NO_RESTOCK"))),
    lambda world, order, chance: world.edit(order, remove=chance.choice(order.lines)),
    lambda world, order, chance: world.edit(order, add=line_of(world, order, chance)),
    lambda world, order, _chance: _cancel(world, order),
    _noted,
    lambda world, order, _chance: world.delete(order),
    lambda world, order, _chance: world.quarrel(order),
    lambda world, order, chance: world.come_home(order, line_of(world, order, chance)),
    lambda world, _order, _chance: world.pay_out(),
)
"""Orders are placed, paid, shipped, taken back, edited, cancelled, noted, deleted, disputed, exchanged; the processor pays out."""


def _happen(simulator: Simulator, chance: random.Random) -> None:
    assert isinstance(simulator, ShopifySimulator)
    world = simulator.world
    what = LIFE[0] if len(world.orders) < 5 else chance.choice(LIFE)
    what(world, chance.choice(list(world.orders.values())), chance)


def sample() -> RemoteTapSample:
    return RemoteTapSample(
        tap="shopify",
        stream="orders",
        simulator=lambda: ShopifySimulator(23, seed=7, days=20, bucket=10**9),
        config=lambda url: {"base_url": url, "private_network": True, "page_size": PAGE, "nested_page_size": 2},
        secrets={"access_token": TOKEN},
        wrong_secrets={"access_token": "shpat_of_somebody_else"},
        truth=_truth,
        version_of=_version,
        add=_add,
        change=_change,
        delete=_delete,
        future=_future,
        personal="ada.archer.0@example.com",
        happen=_happen,
    )
