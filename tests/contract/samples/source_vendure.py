"""A shop at Vendure with twenty orders in any state, read five at a time."""

from __future__ import annotations

from typing import Any

from taps._kit.simulator import Simulator
from taps.vendure.simulator import PASSWORD, USER, VendureSimulator
from taps.vendure.simulator.life import happen
from taps.vendure.simulator.world import Order, World
from tests.contract.samples.remote_tap import RemoteTapSample

CONFIG = {"private_network": True, "page_size": 5, "sweep_size": 10}


def _world(simulator: Simulator) -> World:
    assert isinstance(simulator, VendureSimulator)
    return simulator.world


def _order(simulator: Simulator, key: str) -> Order:
    return next(order for order in _world(simulator).orders if str(order.id) == key)


def _said(order: Order) -> str:
    money = [(each.id, each.state, each.amount, [(back.id, back.state, back.total) for back in each.refunds]) for each in order.payments]
    parcels = [(parcel.id, parcel.state) for parcel in order.parcels]
    return f"{order.state} {order.total} {[line.quantity for line in order.lines]} {money} {parcels}"


def version_of(body: dict[str, Any]) -> str:
    """State, total, units, money and parcels of an order's record: whatever changes of it."""

    def of(payment: dict[str, Any]) -> list[tuple[int, str, int]]:
        mine = [back for back in body["refunds"] if back["paymentId"] == payment["id"]]
        return sorted((int(back["id"]), back["state"], back["total"]) for back in mine)

    money = [(int(each["id"]), each["state"], each["amount"], of(each)) for each in body["payments"]]
    parcels = [(int(parcel["id"]), parcel["state"]) for parcel in body["fulfillments"]]
    return f"{body['state']} {body['totalWithTax']} {[line['quantity'] for line in body['lines']]} {money} {parcels}"


def _add(simulator: Simulator) -> str:
    world = _world(simulator)
    return str(world.place("ann1@example.com", [("TS-S", 2), ("MUG-1", 1)]).id)


def _change(simulator: Simulator, key: str) -> None:
    """The next thing that can happen to the order and leaves its clock alone; at the very end, it is cancelled."""
    world, order = _world(simulator), _order(simulator, key)
    before = _said(order)
    settled = [order.payments[0].refunds[0]] if order.payments[0].refunds else []
    for happens in (
        lambda: world.settle(order),
        lambda: world.refund(order, [], 100, reason="goodwill"),
        lambda: [world.settle_refund(order, each) for each in settled],
        lambda: world.cancel(order),
    ):
        happens()
        if _said(order) != before:
            return


def _future(state: dict[str, Any]) -> dict[str, Any]:
    return {**state, "swept": "2099-01-01T00:00:00+00:00", "marks": [*state["marks"], "000000000000", "000000000001"]}


def sample() -> RemoteTapSample:
    """Orders are the stream; a placed order is never deleted."""
    return RemoteTapSample(
        tap="vendure",
        stream="orders",
        simulator=lambda: VendureSimulator(20, seed=3),
        config=lambda url: {"base_url": url, **CONFIG},
        secrets={"username": USER, "password": PASSWORD},
        wrong_secrets={"username": USER, "password": "of-somebody-else"},
        truth=lambda simulator: {str(order.id): _said(order) for order in _world(simulator).orders if order.placed},
        version_of=version_of,
        add=_add,
        change=_change,
        delete=None,
        future=_future,
        personal="ann1@example.com",
        happen=lambda simulator, chance: happen(_world(simulator), chance),
    )
