"""A shop at Shopify and a till at Square, asked in their own figures: books and stock reconcile, and what changes there shows at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from taps._kit.simulator import serve
from taps.shopify.simulator import ShopifySimulator
from taps.square.simulator import SquareSimulator, company
from taps.square.simulator.seed import paid_before
from tests.journeys.test_shopify_route import Shop
from tests.journeys.test_square_route import Till, day


class OwnShop(Shop):
    """With the simulator behind it."""

    simulator: ShopifySimulator


class OwnTill(Till):
    """With the simulator behind it."""

    simulator: SquareSimulator


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[OwnShop]:
    simulator = ShopifySimulator(60, seed=11, bucket=10**9)
    with serve(simulator) as url:
        made = OwnShop(tmp_path, url, simulator)
        made.simulator = simulator
        yield made
        made.hub.close()


@pytest.fixture
def till(tmp_path: Path) -> Iterator[OwnTill]:
    simulator = company(25)
    with serve(simulator) as url:
        made = OwnTill(tmp_path, url, simulator)
        made.simulator = simulator
        yield made
        made.hub.close()


def test_a_shop_reconciles_by_its_own_figures_and_an_edit_shows_before_the_next_run(shop):
    """Refund, edit, dispute and payouts are booked: nothing is unexplained. Then an order gets a line more, and nobody runs."""
    simulator = shop.simulator
    world = simulator.world
    simulator.clock.forward(minutes=10)
    paid = [order for order in world.orders.values() if order.received and not order.backs and not order.test]
    quarrel = world.quarrel(paid[1])
    world.refund(paid[0], [(paid[0].lines[0], 1)], keep=100)
    world.edit(paid[2], remove=paid[2].lines[0])
    world.settle(quarrel, won=True)
    world.pay_out()
    simulator.clock.forward(hours=2)
    shop.run()
    report = shop.reconciled()
    assert report.breaks == ()
    assert report.notes == ()
    totals = {(fall.sheet, fall.name): fall.lines[-2].amount for fall in report.waterfalls}
    assert totals["ledger/money", "clearing"] == Decimal(shop.account("Assets:Clearing:ShopifyPayments")) / 100 + sum(
        Decimal(shop.account(f"Assets:Clearing:{name}")) / 100 for name in ("Klarna", "Paypal", "Bogus")
    )
    each = {fall.title: (fall.lines[-2].amount, fall.unexplained) for fall in report.waterfalls if fall.name == "clearing_of"}
    assert each == {
        f"Clearing account: {name}": (Decimal(shop.account(f"Assets:Clearing:{account}")) / 100, 0)
        for name, account in (("shopify payments", "ShopifyPayments"), ("paypal", "Paypal"))
    }  # nothing was paid by the others in these minutes
    assert totals["ledger/money", "tax_owed"] == Decimal(shop.account("Liabilities:SalesTax")) / 100

    before = paid[3].total
    world.edit(paid[3], add=replace(paid[3].lines[0], id=world.number(), quantity=1, discount=0, taxes=(), removed=0))
    simulator.clock.forward(hours=2)
    (broken,) = [each for each in shop.reconciled().breaks if each.sheet == "ledger/money"]
    assert (broken.kind, broken.number, [cause.kind for cause in broken.causes]) == ("order", f"#{paid[3].number}", ["STALE"])
    assert broken.difference == Decimal(before - paid[3].total) / 100
    shop.run()
    assert shop.reconciled().breaks == ()


def test_a_till_reconciles_by_its_own_figures_and_a_changed_fee_shows_before_the_next_run(till):
    """Sales, returns, fees and a payout that arrived: nothing is unexplained. Then Square takes 0.10 more of a payment, and nobody runs."""
    simulator = till.simulator
    shop = simulator.shop
    day(simulator, 20, seed=1)
    place = next(iter(shop.locations))
    settled = [payment for payment in paid_before(shop, 0) if payment["location_id"] == place]
    payout = shop.settle(settled, place, [each for each in shop.refunds.truth() if each["location_id"] == place], deposit_fee=75)
    simulator.clock.forward(hours=24)
    shop.payout_becomes(payout["id"], "PAID")
    day(simulator, 5, seed=2)
    till.run()
    report = till.reconciled()
    assert report.breaks == ()
    assert report.notes == ()
    totals = {(fall.sheet, fall.name): fall.lines[-2].amount for fall in report.waterfalls}
    assert totals["ledger/money", "clearing"] == till.account("Assets:Clearing:Square")
    assert totals["ledger/money", "tax_owed"] == till.account("Liabilities:SalesTax")

    payment = next(each for each in shop.payments.truth() if each.get("processing_fee"))
    (fee,) = payment["processing_fee"]
    dearer = {**fee, "amount_money": {**fee["amount_money"], "amount": fee["amount_money"]["amount"] + 10}}
    shop.payments.put({**payment, "processing_fee": [dearer], "updated_at": shop.now()})
    simulator.clock.forward(hours=1)
    (broken,) = till.reconciled().breaks
    assert (broken.kind, broken.difference, [cause.kind for cause in broken.causes]) == ("fee", Decimal("0.10"), ["STALE"])
    till.run()
    assert till.reconciled().breaks == ()
