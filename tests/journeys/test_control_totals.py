"""What a source states of itself, apart from the cursor: a record that no read has brought is found, with class, day and amount."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from importlib.resources import files
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from pipelines.home.load import load
from pipelines.reconcile.report import Report
from pipelines.reconcile.run import reconcile
from taps._kit.simulator import serve
from taps.hubspot.simulator import HubSpotSimulator
from taps.hubspot.simulator import company as portal
from taps.shopify.simulator import ShopifySimulator
from taps.shopify.simulator.company import place
from taps.shopify.simulator.shop_views import payout_net
from taps.shopify.simulator.things import Order
from taps.shopify.totals import ShopifyTotals
from taps.square.simulator import company as seller
from taps.vendure.simulator import VendureSimulator
from tests._kit.front import Front
from tests._kit.vendure_front import METHODS, SHELF, source
from tests.journeys.test_hubspot_route import Crm
from tests.journeys.test_shopify_route import BOOKS, Shop
from tests.journeys.test_square_route import Till, day
from tests.journeys.test_vendure_and_hubspot_reconciled import SECRETS


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
        made = Front(
            tmp_path_factory.mktemp("vendure"), source(url), clock=simulator.clock, secrets=SECRETS, posting=[BOOKS, SHELF], lookups=METHODS
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


# ── numbers, sums, days ──


def _numbers(report: Report) -> list[tuple[str, bool]]:
    return [(each.numbers, each.explained) for each in report.numbers if each.sheet == "ledger/money"]


def test_a_number_that_was_read_and_deleted_is_explained_and_one_that_nobody_read_is_a_break(shop):
    world = shop.simulator.world
    orders = [order for order in world.orders.values() if not order.test]
    read, never = orders[5], orders[9]
    world.delete(never)
    shop.run()
    world.delete(read)
    shop.simulator.clock.forward(hours=2)
    shop.run()
    report = shop.reconciled()
    assert sorted(_numbers(report)) == sorted([(f"#{read.number}", True), (f"#{never.number}", False)])
    money = [each for each in report.breaks if each.sheet == "ledger/money" and each.kind == "order"]
    assert [(each.number, each.causes[0].kind, each.difference) for each in money] == [(f"#{never.number}", "MISSING_IN_SOURCE", 0)]
    assert "it was deleted before, or the number never used" in money[0].causes[0].say


def test_a_number_that_the_source_has_after_all_is_no_explained_gap(shop, monkeypatch):
    """Neither the reader nor the list has it; asked by its name the shop knows it."""
    order = list(shop.simulator.world.orders.values())[12]
    shop.simulator.passed_over.add(order.id)
    asked = ShopifyTotals.ask

    def blind(self: ShopifyTotals, stream: str, *more: Any) -> Any:
        told = asked(self, stream, *more)
        return told._replace(rows=[row for row in told.rows if row.number != f"#{order.number}"])

    monkeypatch.setattr(ShopifyTotals, "ask", blind)
    shop.run()
    report = shop.reconciled()
    assert _numbers(report) == [(f"#{order.number}", False)]
    assert "no read has brought it" in next(each.says for each in report.numbers)
    assert ("MISSING_IN_TARGET", f"#{order.number}", 0) in {(each.causes[0].kind, each.number, each.difference) for each in report.breaks}
    (count,) = [each for each in report.completeness if each.on is None and each.asked and each.sheet == "ledger/money"]
    assert count.stated - count.received == 1  # the shop's own count is one more than its list is long


def _heads(shop: HiddenShop) -> None:
    shipped = files("mappings.shopify").joinpath("control.yaml").read_text(encoding="utf-8")
    (shop.home / "controls").mkdir()
    (shop.home / "controls/front.yaml").write_text(shipped.replace("asks: fresh", "asks: heads"), encoding="utf-8")


def test_where_the_hubs_own_rows_stand_in_a_hidden_order_and_a_hidden_edit_are_found(shop):
    """`asks: heads`: the source is not read anew. An edit that no index shows is a difference of its day's sum."""
    _heads(shop)
    world, order = shop.simulator.world, _plain(shop.simulator)
    other = next(each for each in world.orders.values() if each.received and each is not order and not each.test and not each.backs)
    shop.simulator.passed_over.add(order.id)
    shop.run()
    before = other.total
    world.edit(other, add=replace(other.lines[0], id=world.number(), quantity=1, discount=0, taxes=(), removed=0))
    shop.simulator.passed_over.add(other.id)
    shop.simulator.clock.forward(hours=2)
    shop.run()
    found = {(each.number, each.causes[0].kind, each.difference) for each in shop.reconciled().breaks if each.kind == "order"}
    money = {each for each in found if each[0] == f"#{order.number}" and each[2] == -Decimal(order.total + order.rounding) / 100}
    assert {why for _number, why, _amount in money} == {"MISSING_IN_TARGET"}
    edited = {each for each in found if each[0].startswith("total of")}
    assert {(why, amount) for _number, why, amount in edited} == {("AMOUNT", Decimal(before - other.total) / 100)}


def test_a_period_asks_for_its_own_days(shop):
    order = _plain(shop.simulator)
    shop.simulator.passed_over.add(order.id)
    shop.run()
    home, now = load(shop.home), shop.hub.clock()
    day = order.at.astimezone(ZoneInfo("America/New_York")).date()
    inside = reconcile(home, shop.hub, as_of=now, period=day.isoformat())
    assert {(each.kind, each.number) for each in inside.breaks if each.sheet == "ledger/money"} == {
        ("order", f"#{order.number}"),
        ("payment", f"#{order.number}"),
    }
    assert {each.on for each in inside.completeness if each.asked} == {day}
    orders = next(each.asked for each in inside.completeness if each.kind == "order" and each.asked)
    for each in (day, day + timedelta(days=1)):
        midnight = datetime.combine(each, time(0), ZoneInfo("America/New_York")).astimezone(UTC)
        assert f"'{midnight:%Y-%m-%dT%H:%M:%SZ}'" in orders
    other = reconcile(home, shop.hub, as_of=now, period=(day + timedelta(days=1)).isoformat())
    assert other.breaks == ()
