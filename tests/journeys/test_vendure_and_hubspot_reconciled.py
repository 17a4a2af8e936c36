"""A shop at Vendure and won deals at HubSpot, asked in their own figures: the books reconcile, and an edit shows at once."""

from __future__ import annotations

import random
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from taps._kit.simulator import serve
from taps.hubspot.simulator import HubSpotSimulator, company
from taps.vendure.simulator import PASSWORD, USER, VendureSimulator
from taps.vendure.simulator.life import happen
from tests._kit.front import Front
from tests._kit.vendure_front import METHODS, SHELF, source
from tests.journeys.test_hubspot_route import Crm, opened
from tests.journeys.test_shopify_route import BOOKS

SECRETS = {"username": USER, "password": PASSWORD}


@pytest.fixture
def vendure() -> VendureSimulator:
    return VendureSimulator(20, seed=3)


@pytest.fixture
def shop(tmp_path: Path, vendure: VendureSimulator) -> Iterator[Front]:
    with serve(vendure) as url:
        made = Front(tmp_path, source(url), clock=vendure.clock, secrets=SECRETS, posting=[BOOKS, SHELF], lookups=METHODS)
        yield made
        made.hub.close()


@pytest.fixture
def simulator() -> HubSpotSimulator:
    return company(25)


@pytest.fixture
def crm(tmp_path: Path, simulator: HubSpotSimulator) -> Iterator[Crm]:
    with opened(tmp_path, simulator) as made:
        yield made


def test_a_shop_at_vendure_reconciles_by_its_own_figures_and_what_is_sold_shows_before_the_next_run(shop, vendure):
    """Paid, refunded, shipped, cancelled in any order: nothing is unexplained. Then an order is placed and paid, and nobody runs."""
    chance = random.Random(5)
    for _ in range(60):
        happen(vendure.world, chance)
        vendure.clock.forward(minutes=7)
    shop.run()
    report = shop.reconciled()
    assert report.breaks == ()
    assert report.notes == ()
    assert {each.kind for each in report.corners if each.corner == "source"} == {"order", "refund", "payment", "stock_movement"}
    placed = vendure.world.place("ann1@example.com", [("TS-S", 2)])
    vendure.world.settle(placed)
    vendure.clock.forward(hours=1)
    found = {(each.sheet, each.kind): each for each in shop.reconciled().breaks}
    assert found["ledger/money", "order"].difference == -Decimal(placed.total) / 100
    assert found["ledger/money", "payment"].difference == -Decimal(placed.total) / 100
    assert found["stock/stock", "order"].difference == -2
    shop.run()
    assert shop.reconciled().breaks == ()


def test_won_deals_reconcile_by_their_line_items_and_a_dearer_line_shows_before_the_next_run(crm, simulator):
    simulator.clock.forward(hours=2)
    crm.run()
    report = crm.reconciled()
    assert report.breaks == ()
    assert report.notes == ()
    portal = simulator.portal
    deal = next(
        each
        for each in portal["deals"].truth()
        if each.properties.get("hs_is_closed_won") == "true" and portal.links("deals", each.id).get("line_items")
    )
    line = min(portal.links("deals", deal.id)["line_items"])
    price = Decimal(portal["line_items"].get(line).properties["price"])
    units = Decimal(portal["line_items"].get(line).properties["quantity"])
    portal.update("line_items", line, {"price": str(price + 10)})
    simulator.clock.forward(hours=2)
    (broken,) = crm.reconciled().breaks
    assert (broken.number, broken.difference, [cause.kind for cause in broken.causes]) == (f"HS-{deal.id}", -10 * units, ["STALE"])
    simulator.clock.forward(seconds=5)  # nobody moves it in a run, and searches are few in a second
    crm.run()
    assert crm.reconciled().breaks == ()
