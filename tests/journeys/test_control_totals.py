"""What a source states of itself, apart from the cursor: a record that no read has brought is found, with class, day and amount."""

from __future__ import annotations

import random
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from taps._kit.simulator import serve
from taps.shopify.simulator import ShopifySimulator
from taps.shopify.simulator.company import place
from taps.shopify.simulator.shop_views import payout_net
from taps.shopify.simulator.things import Order
from tests.journeys.test_shopify_route import Shop


class HiddenShop(Shop):
    """With the simulator behind it."""

    simulator: ShopifySimulator


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[HiddenShop]:
    simulator = ShopifySimulator(40, seed=11, bucket=10**9)
    simulator.clock.forward(minutes=10)
    with serve(simulator) as url:
        made = HiddenShop(tmp_path, url, simulator)
        made.simulator = simulator
        yield made
        made.hub.close()


def _plain(simulator: ShopifySimulator) -> Order:
    """An order that was paid, with goods, and that nothing else happened to."""
    paid = (order for order in simulator.world.orders.values() if order.received and not order.test)
    return next(order for order in paid if not order.backs and not order.parcels and not order.returns and not order.fees)


def test_an_order_that_no_cursor_saw_is_found_with_all_that_hangs_on_it(shop):
    order = _plain(shop.simulator)
    shop.simulator.passed_over.add(order.id)
    shop.run()
    report = shop.reconciled()
    total = Decimal(order.total + order.rounding) / 100
    units = sum(line.quantity for line in order.lines if line.variant and not line.variant.product.gift_card)
    found = {(each.sheet, each.kind): (each.number, each.causes[0].kind, each.difference) for each in report.breaks}
    assert found == {
        ("ledger/money", "order"): (f"#{order.number}", "MISSING_IN_TARGET", -total),
        ("ledger/money", "payment"): (f"#{order.number}", "MISSING_IN_TARGET", -total),
        ("stock/stock", "order"): (f"#{order.number}", "MISSING_IN_TARGET", -units),
    }
    assert all("no read has brought it" in each.causes[0].say for each in report.breaks)
    assert set(report.unexplained.values()) == {Decimal(0)}
    (day,) = [each for each in report.completeness if each.missing and each.sheet == "ledger/money"]
    assert (day.kind, day.missing, day.stated - day.received) == ("order", (f"#{order.number}",), 1)
    assert day.stated_amount == day.compared_amount  # what was passed over stands in the source's corner now
    whole = [each for each in report.completeness if each.kind == "order" and each.sheet == "ledger/money"]
    assert sum(each.stated for each in whole) == len(shop.simulator.world.orders)
    assert {each.kind for each in report.completeness if each.why} == {"refund", "payment", "dispute"}


def test_what_arrives_while_the_reconciliation_runs_is_no_break(shop):
    """Orders of the last minutes are not asked for: the hub cannot have read them."""
    shop.run()
    world = shop.simulator.world
    place(world, random.Random(1))
    report = shop.reconciled()
    assert report.breaks == ()
    assert (
        sum(each.stated for each in report.completeness if each.kind == "order" and each.sheet == "ledger/money") == len(world.orders) - 1
    )


def test_money_that_no_cursor_saw_is_found(shop):
    payout, entry = shop.simulator.world.payouts[1], next(each for each in shop.simulator.world.entries if each.fee)
    shop.simulator.passed_over |= {payout.id, entry.id}
    shop.run()
    found = {(each.kind, each.number, each.causes[0].kind, each.difference) for each in shop.reconciled().breaks}
    assert found == {
        ("payout", str(payout.id), "MISSING_IN_TARGET", -Decimal(payout_net(payout)) / 100),
        ("fee", str(entry.id), "FEE", Decimal(entry.fee) / 100),
    }
