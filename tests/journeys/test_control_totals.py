"""What a source states of itself, apart from the cursor: a record that no read has brought is found, with class, day and amount."""

from __future__ import annotations

import random
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from pipelines.reconcile.report import Report
from taps._kit.simulator import serve
from taps.hubspot.simulator import HubSpotSimulator
from taps.hubspot.simulator import company as portal
from taps.shopify.simulator import ShopifySimulator
from taps.shopify.simulator.company import place
from taps.shopify.simulator.shop_views import payout_net
from taps.shopify.simulator.things import Order
from taps.square.simulator import company as seller
from taps.vendure.simulator import VendureSimulator
from tests._kit.front import Front
from tests.journeys.test_hubspot_route import Crm
from tests.journeys.test_shopify_route import BOOKS, Shop
from tests.journeys.test_square_route import Till, day
from tests.journeys.test_vendure_and_hubspot_reconciled import METHODS, SECRETS, SHELF
from tests.journeys.test_vendure_and_hubspot_reconciled import STREAMS as OF_VENDURE


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


# ── Square, Vendure, HubSpot ──


def told(report: Report) -> set[tuple[str, str, str, str, Decimal]]:
    """Sheet, kind, number, class and difference of every break."""
    return {(each.sheet, each.kind, each.number, cause.kind.value, each.difference) for each in report.breaks for cause in each.causes}


def counted(report: Report, kind: str, sheet: str = "ledger/money") -> tuple[int, int]:
    """How many of a kind the source states, and how many of them the hub has received."""
    of = [each for each in report.completeness if each.kind == kind and each.sheet == sheet and each.asked]
    return sum(each.stated for each in of), sum(each.received for each in of)


@pytest.fixture
def till(tmp_path: Path) -> Iterator[Till]:
    simulator = seller(15)
    day(simulator, 12, seed=3)
    with serve(simulator) as url:
        made = Till(tmp_path, url, simulator)
        made.simulator = simulator  # type: ignore[attr-defined]
        yield made
        made.hub.close()


def test_a_sale_and_its_money_that_no_cursor_saw_at_square_are_found(till):
    shop = till.simulator.shop
    cash = [each for each in shop.payments.truth() if each["status"] == "COMPLETED" and not each.get("processing_fee")]
    payment = next(each for each in cash if not each.get("refund_ids"))
    order = shop.orders.get(payment["order_id"])
    till.simulator.passed_over |= {order["id"], payment["id"]}
    till.run()
    report = till.reconciled()
    found = {(sheet, kind): (number, why, amount) for sheet, kind, number, why, amount in told(report)}
    total = Decimal(order["total_money"]["amount"]) / 100
    assert found.pop(("ledger/money", "order")) == (order["id"], "MISSING_IN_TARGET", -total)
    paid = Decimal(payment["total_money"]["amount"]) / 100
    assert found.pop(("ledger/money", "payment")) == (payment["id"], "MISSING_IN_TARGET", -paid)
    assert found.pop(("stock/stock", "order"))[:2] == (order["id"], "MISSING_IN_TARGET")
    assert found == {}
    stated, received = counted(report, "order")
    assert (stated - received, len(list(shop.orders.truth()))) == (1, stated)


def test_a_payout_that_no_cursor_saw_at_square_is_found(till):
    shop = till.simulator.shop
    place = next(iter(shop.locations))
    settled = [each for each in shop.payments.truth() if each["location_id"] == place and each["status"] == "COMPLETED"]
    payout = shop.settle(settled, place, [])
    till.simulator.clock.forward(hours=2)
    till.simulator.passed_over.add(payout["id"])
    till.run()
    found = told(till.reconciled())
    assert {each[1:] for each in found} == {("payout", payout["id"], "MISSING_IN_TARGET", -Decimal(payout["amount_money"]["amount"]) / 100)}


@pytest.fixture
def vendure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    simulator = VendureSimulator(20, seed=3)
    simulator.clock.forward(hours=1)
    with serve(simulator) as url:
        source = {"tap": "vendure", "mappings": {stream: f"vendure/{stream}" for stream in OF_VENDURE}}
        source["config"] = {"base_url": url, "private_network": True}
        made = Front(
            tmp_path_factory.mktemp("vendure"), source, clock=simulator.clock, secrets=SECRETS, posting=[BOOKS, SHELF], lookups=METHODS
        )
        made.simulator = simulator  # type: ignore[attr-defined]
        yield made
        made.hub.close()


def test_an_order_that_the_sweep_at_vendure_lost_is_found(vendure):
    world = vendure.simulator.world
    placed = world.place("ann1@example.com", [("TS-S", 2)])
    world.settle(placed)
    vendure.simulator.clock.forward(hours=1)
    vendure.simulator.passed_over.add(str(placed.id))
    vendure.run()
    report = vendure.reconciled()
    total = -Decimal(placed.total) / 100
    assert {(sheet, kind): (why, amount) for sheet, kind, _number, why, amount in told(report)} == {
        ("ledger/money", "order"): ("MISSING_IN_TARGET", total),
        ("ledger/money", "payment"): ("MISSING_IN_TARGET", total),
        ("stock/stock", "order"): ("MISSING_IN_TARGET", Decimal(-2)),
    }
    stated, received = counted(report, "order")
    assert (stated, received) == (sum(order.placed is not None for order in world.orders), stated - 1)


def test_a_won_deal_that_the_list_at_hubspot_lost_is_found(tmp_path):
    simulator: HubSpotSimulator = portal(25)
    simulator.clock.forward(hours=2)
    with serve(simulator) as url:
        crm = Crm(tmp_path, url, simulator)
        deals = simulator.portal["deals"]
        won = [each for each in deals.truth() if each.properties.get("hs_is_closed_won") == "true" and each.properties.get("amount")]
        simulator.portal.passed_over.add(won[0].id)
        crm.run()
        report = crm.reconciled()
        ((_sheet, kind, number, why, amount),) = told(report)
        assert (kind, number, why) == ("order", f"HS-{won[0].id}", "MISSING_IN_TARGET")
        assert amount < 0
        assert counted(report, "order")[0] - counted(report, "order")[1] == 1
        crm.hub.close()


def test_what_is_sold_after_the_last_read_is_nobodys_loss(till, vendure):
    """Counts that are taken while orders still arrive: nothing is called missing that could not have been read."""
    for front in (till, vendure):
        front.run()
    placed = vendure.simulator.world.place("ann1@example.com", [("MUG-1", 1)])
    vendure.simulator.world.settle(placed)
    day(till.simulator, 4, seed=9)
    for front in (till, vendure):
        report = front.reconciled()
        stated, received = counted(report, "order")
        assert stated == received
        assert "no read has brought it" not in " ".join(each.causes[0].say for each in report.breaks)
