"""Reading a shop at Vendure, whose clocks stand still: nothing is missed, and a quiet read costs what the facts say."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from taps._kit.errors import Fatal, Misconfigured, Retryable
from taps._kit.reader import Complete, Message, Record, Start, State
from taps._kit.simulator import serve
from taps._kit.surroundings import Pocket, Surroundings
from taps.vendure import CONNECTOR
from taps.vendure.facts import quiet_calls
from taps.vendure.simulator import CHANNEL, KEY, PASSWORD, USER, VendureSimulator
from tests.contract.samples.source_vendure import version_of


class Shop:
    """The simulated shop and a reader of it."""

    def __init__(self, simulator: VendureSimulator, url: str) -> None:
        self.simulator, self.url = simulator, url
        self.world = simulator.world
        self.pocket = Pocket({"username": USER, "password": PASSWORD})
        self.around = Surroundings(clock=simulator.clock, safe=self.pocket, sleep=simulator.clock.sleep)
        self.kept: dict[str, Any] = {}

    def read(self, stream: str = "orders", state: Any = None, **config: Any) -> list[Message]:
        given = {"base_url": self.url, "private_network": True, "page_size": 5, "sweep_size": 10, **config}
        messages = list(CONNECTOR.build(CONNECTOR.config.model_validate(given), Path()).read(stream, state, self.around))
        self.kept = messages[-1].value if isinstance(messages[-1], State) else {}
        return messages

    def again(self, stream: str = "orders", **config: Any) -> dict[str, dict[str, Any]]:
        """What a further read hands over."""
        return bodies(self.read(stream, self.kept, **config))

    def calls(self) -> int:
        return len(self.simulator.log)


def bodies(messages: list[Message]) -> dict[str, dict[str, Any]]:
    return {message.key or "": dict(message.body) for message in messages if isinstance(message, Record)}


@pytest.fixture
def shop() -> Iterator[Shop]:
    simulator = VendureSimulator(23, seed=5)
    with serve(simulator) as url:
        yield Shop(simulator, url)


def placed(shop: Shop) -> int:
    return sum(order.placed is not None for order in shop.world.orders)


# ── orders ──


@pytest.mark.parametrize("sweep", [10, 20, 900])
def test_a_quiet_read_costs_the_calls_that_the_facts_state(shop, sweep):
    shop.read(sweep_size=sweep)
    before = shop.calls()
    assert shop.again(sweep_size=sweep) == {}
    assert shop.calls() - before == quiet_calls(placed(shop), sweep)


def test_a_cart_that_was_not_placed_is_no_order(shop):
    cart = shop.world.cart("ann1@example.com", [("TS-S", 1)])
    assert str(cart.id) not in bodies(shop.read())


def test_a_payment_a_refund_and_a_parcel_leave_the_clock_alone_and_are_read(shop):
    order = shop.world.place("ann1@example.com", [("TS-S", 2)])
    shop.read()
    before = order.moved
    for happens in (
        lambda: shop.world.settle(order),
        lambda: shop.world.refund(order, [(0, 1)]),
        lambda: shop.world.settle_refund(order, order.payments[0].refunds[0]),
        lambda: shop.world.fulfil(order, [(0, 1)]),
        lambda: shop.world.forward(order, order.parcels[0], "Shipped"),
        lambda: shop.world.forward(order, order.parcels[0], "Delivered"),
    ):
        shop.simulator.clock.forward(hours=1)
        happens()
        found = shop.again()
        assert str(order.id) in found
        assert order.moved == before
        assert shop.again() == {}
    assert found[str(order.id)]["refunds"][0]["settledAt"]
    assert found[str(order.id)]["fulfillments"][0]["shippedAt"]


def test_a_refund_of_an_order_that_was_finished_a_year_ago_is_read(shop):
    order = shop.world.orders[0]
    order.payments[0].refunds.clear()
    order.payments[0].state = "Settled"
    order.state = "Delivered"
    shop.read()
    shop.simulator.clock.forward(days=366)
    shop.world.refund(order, [], 100, reason="warranty")
    assert version_of(shop.again()[str(order.id)]).count("100") == 1


def test_with_a_look_back_old_orders_are_looked_at_once_a_day(shop):
    slow = {"whole_sweep_hours": 24, "look_back_days": 30}
    old = shop.world.orders[0]
    old.payments[0].refunds.clear()
    old.payments[0].state = "Settled"
    shop.read(**slow)
    shop.simulator.clock.forward(days=60)
    new = [shop.world.place("ann2@example.com", [("MUG-1", 1)]) for _ in range(7)]
    assert set(shop.again(**slow)) >= {str(order.id) for order in new}
    before = shop.calls()
    shop.simulator.clock.forward(hours=1)
    shop.world.refund(old, [], 100)
    shop.world.settle(new[3])
    found = shop.again(**slow)
    assert str(new[3].id) in found
    assert str(old.id) not in found
    assert shop.calls() - before <= 8
    shop.simulator.clock.forward(hours=24)
    assert str(old.id) in shop.again(**slow)


def test_an_order_that_vanishes_while_the_list_is_read_takes_no_other_with_it(shop):
    done: list[int] = []

    def vanish(_request: Any) -> None:
        if len(shop.simulator.log) > 4 and not done:
            done.append(shop.world.orders.index(shop.world.orders[0]))
            del shop.world.orders[0]

    shop.simulator.interludes.append(vanish)
    found = bodies(shop.read())
    assert done
    assert set(found) >= {str(order.id) for order in shop.world.orders if order.placed}


def test_orders_before_the_day_it_reads_from_are_left_out(shop):
    shop.simulator.clock.forward(days=3)
    order = shop.world.place("ann1@example.com", [("TS-S", 1)])
    assert set(bodies(shop.read(read_from=shop.simulator.clock().date()))) == {str(order.id)}


def test_a_server_that_gives_fewer_rows_is_asked_for_fewer(shop):
    shop.simulator.most = 4
    assert len(bodies(shop.read())) == placed(shop)
    shop.simulator.most = 1
    with pytest.raises(Retryable, match="too few"):
        shop.read()


# ── what a refund takes back ──


def refunds_of(shop: Shop, order: Any) -> list[tuple[int, int]]:
    return [(each["total"], each["takesBack"]) for each in bodies(shop.read())[str(order.id)]["refunds"]]


def test_a_refund_of_what_stays_in_the_order_takes_back_the_sale_and_one_of_what_was_cancelled_does_not(shop):
    """
    two shirts at 30.00 and shipping 5.00: 65.00 paid
    refund of a shirt 30.00                     takes back 30.00
    the other shirt is cancelled, and refunded  the order is 30.00 smaller, its refund takes back nothing
    goodwill 1.00                               takes back 1.00
    """
    order = shop.world.place("ann1@example.com", [("TS-S", 2)])
    shop.world.settle(order)
    shop.world.refund(order, [(0, 1)])
    assert refunds_of(shop, order) == [(3000, 3000)]
    shop.world.cancel(order, [(0, 1)], shipping=False)
    assert refunds_of(shop, order) == [(3000, 0)]
    shop.world.refund(order, [], 3000)
    assert refunds_of(shop, order) == [(3000, 0), (3000, 3000)]
    shop.world.refund(order, [], 100)
    assert refunds_of(shop, order) == [(3000, 0), (3000, 3000), (100, 100)]
    shop.world.cancel(order)
    assert refunds_of(shop, order) == [(3000, 0), (3000, 0), (100, 0)]


def test_what_is_taken_back_has_goods_shipping_and_the_rest_by_tax_rate(shop):
    order = shop.world.place("ann1@example.com", [("TS-S", 2), ("MUG-1", 4)])
    shop.world.settle(order)
    shop.world.refund(order, [(0, 1)], shipping=500, reason="damaged")
    shop.world.refund(order, [], 1000, reason="goodwill")
    first, second = bodies(shop.read())[str(order.id)]["refunds"]
    assert [(each["kind"], each["net"], each["tax"]) for each in first["takes"]] == [("item", 2500, 500), ("shipping", 500, 0)]
    assert [(str(each["taxRate"]), each["gross"]) for each in second["takes"]] == [("10", 458), ("20", 500), ("0", 42)]
    assert sum(each["net"] + each["tax"] for each in second["takes"]) == 1000


# ── the other streams ──


@pytest.mark.parametrize("stream", ["customers", "product_variants", "stock_levels", "stock_movements", "stock_locations"])
def test_the_others_are_read_whole_each_time_for_the_calls_that_the_facts_state(shop, stream):
    rows = {"customers": len(shop.world.buyers), "stock_locations": 1}.get(stream, len(shop.world.variants))
    before = shop.calls()
    first = bodies(shop.read(stream, page_size=2))
    assert shop.calls() - before == quiet_calls(rows, 2) + 1  # the log-in
    before = shop.calls()
    assert bodies(shop.read(stream, shop.kept, page_size=2)) == first
    assert shop.calls() - before == quiet_calls(rows, 2)


def test_a_phone_number_and_the_stock_change_without_a_clock_and_are_read(shop):
    shop.world.place("ann1@example.com", [("TS-S", 1)])
    shop.read("customers")
    shop.world.buyers["ann1@example.com"].phone = "+43 1"
    assert "+43 1" in str(shop.again("customers"))
    shop.world.count("TOTE-1", 55)
    assert "55" in str(shop.again("stock_levels"))


def test_a_customer_that_was_deleted_is_absent_from_a_whole_read(shop):
    for number in range(7):
        shop.world.buyer(f"more{number}@example.com")
    shop.read("customers")
    gone = shop.world.buyers["more0@example.com"]
    gone.gone = True
    messages = shop.read("customers", shop.kept)
    assert str(gone.id) not in bodies(messages)
    assert Start("customers") in messages
    assert Complete("customers", len(bodies(messages))) in messages


def test_a_customer_deleted_while_the_list_is_read_takes_no_other_with_it(shop):
    for number in range(12):
        shop.world.buyer(f"more{number}@example.com")
    first = next(iter(shop.world.buyers.values()))
    calls = shop.calls()

    def vanish(_request: Any) -> None:
        first.gone = first.gone or shop.calls() - calls == 3

    shop.simulator.interludes.append(vanish)
    messages = shop.read("customers")
    alive = {str(buyer.id) for buyer in shop.world.buyers.values() if not buyer.gone}
    assert first.gone
    began = len(messages) - messages[::-1].index(Start("customers"))
    assert set(bodies(messages[began:])) == alive
    assert Complete("customers", len(alive)) in messages


def test_stock_that_moves_without_an_order_is_a_movement_and_what_an_order_moves_is_none(shop):
    order = shop.world.place("ann1@example.com", [("TOTE-1", 1)])
    shop.world.settle(order)
    shop.world.fulfil(order, [(0, 1)])
    there = shop.world.variants["TOTE-1"].on_hand
    shop.world.count("TOTE-1", there - 4)
    found = [each["quantity"] for each in bodies(shop.read("stock_movements")).values() if each["sku"] == "TOTE-1"]
    assert found == [100, -4]


def test_a_page_of_movements_that_is_not_all_is_read_on(shop, monkeypatch):
    monkeypatch.setitem(__import__("taps.vendure.queries", fromlist=["OPTIONS"]).OPTIONS["adjustments"][1], "take", 2)
    for units in range(7):
        shop.world.count("TOTE-1", units)
    found = [each["quantity"] for each in bodies(shop.read("stock_movements")).values() if each["sku"] == "TOTE-1"]
    assert found == [units for _, _, what, units in shop.world.variants["TOTE-1"].moves if what == "ADJUSTMENT"]
    assert len(found) == 8


# ── log-in ──


def test_one_session_serves_all_reads_and_is_replaced_when_the_server_forgets_it(shop):
    shop.read()
    session = shop.pocket.values["session"]
    shop.again()
    assert shop.pocket.values["session"] == session
    shop.simulator.world.sessions.clear()
    shop.again("customers")
    assert shop.world.sessions == {shop.pocket.values["session"]}


def test_an_api_key_needs_no_session_and_a_wrong_one_is_told(shop):
    shop.pocket.values.clear()
    shop.pocket.values["api_key"] = KEY
    assert bodies(shop.read())
    assert "session" not in shop.pocket.values
    shop.pocket.values["api_key"] = "nonsense"
    with pytest.raises(Misconfigured, match="does not let this log-in read") as told:
        shop.read()
    assert "nonsense" not in str(told.value)


def test_a_channel_that_is_not_there_is_told_because_the_server_answers_for_another(shop):
    assert bodies(shop.read(channel=CHANNEL))
    with pytest.raises(Misconfigured, match="No channel"):
        shop.read(channel="nonsense")


def test_a_role_that_may_not_read_a_stream_is_told_by_check(shop, monkeypatch):
    tree = shop.simulator._root()
    tree["me"] = {"channels": [{"token": CHANNEL, "permissions": ["ReadOrder", "ReadCatalog"]}]}
    monkeypatch.setattr(shop.simulator, "_root", lambda: tree)
    config = CONNECTOR.config.model_validate({"base_url": shop.url, "private_network": True})
    problems = CONNECTOR.build(config, Path()).check(shop.around)
    assert [problem.field for problem in problems] == ["customers"]


def test_a_question_that_the_server_does_not_understand_stops_the_run(shop, monkeypatch):
    monkeypatch.setattr("taps.vendure.queries.ABOUT", "query About { activeChannel { colour } }")
    with pytest.raises(Fatal, match="colour"):
        shop.read()


def test_a_fault_inside_the_server_is_waited_out_and_then_told(shop, monkeypatch):
    fault = {"errors": [{"message": "database is locked"}]}
    answer = shop.simulator.handle
    left = [2]

    def locked(request: Any) -> Any:
        done = answer(request)
        if left[0] and "orders" in str(request.body):
            left[0] -= 1
            done.body = fault
        return done

    monkeypatch.setattr(shop.simulator, "handle", locked)
    assert len(bodies(shop.read())) == placed(shop)
    left[0] = 99
    began = shop.simulator.clock()
    with pytest.raises(Retryable, match="keeps saying"):
        shop.read()
    assert shop.simulator.clock() - began < timedelta(minutes=2)
