"""Orders of a shop keep their goods in InvenTree until they are handed over: through the hub, with both equations after each run."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipelines.home.load import load
from pipelines.reconcile.run import reconcile
from taps._kit.errors import Misconfigured
from taps._kit.simulator import serve
from taps.inventree.facts import CANCELLED, IN_PROGRESS, SHIPPED
from taps.inventree.simulator import InvenTreeSimulator
from tests._kit.storehouse import Storehouse, order


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


# ── reconciled ──


def _breaks(house):
    report = reconcile(load(house.home), house.hub, as_of=datetime(2026, 12, 1, tzinfo=UTC))
    kept = [fall for fall in report.waterfalls if fall.sheet == "stock/reserve"]
    assert {fall.unexplained for fall in kept} <= {0}
    assert {fall.name for fall in kept} <= {"reserve"}
    return {(cause.kind.value, each.number, int(cause.amount)) for each in report.breaks for cause in each.causes}


def test_what_is_kept_is_what_is_promised_and_each_break_is_told(house):
    """Kept 5 of 1001 and 3 of 1002; handed over 1003; waiting 9 of 1004 of which 2 are kept; then people free, cancel and keep more."""
    house.export("orders", order("1001", 5), order("1002", 3), order("1003", 2, fulfilled="fulfilled", left=0))
    house.run()
    assert _breaks(house) == set()
    tables = house.simulator.tables
    of = {row["customer_reference"]: pk for pk, row in tables.sales_orders.items()}
    mine = {row["order"]: pk for pk, row in tables.allocations.items()}
    freed = tables.allocations.pop(mine[of["1001"]])
    assert _breaks(house) == {("RESERVE", "1001", -5)}
    tables.allocations[mine[of["1001"]]] = freed | {"quantity": freed["quantity"] + 1}
    assert _breaks(house) == {("RESERVE", "1001", 1)}
    tables.sales_orders[of["1002"]]["status"] = SHIPPED  # by a shipment of theirs, whose allocations stay on the lines
    assert _breaks(house) == {("RESERVE", "1001", 1), ("RESERVE", "1002", -3)}
    tables.sales_orders[of["1002"]]["status"] = IN_PROGRESS
    house.simulator.sales.cancel(tables.sales_orders[of["1002"]])
    assert _breaks(house) == {("RESERVE", "1001", 1), ("RESERVE", "1002", -3)}
    del tables.sales_orders[of["1001"]]
    assert _breaks(house) == {("MISSING_IN_TARGET", "1001", -5), ("RESERVE", "1002", -3)}


def test_what_waits_for_goods_is_a_matter_of_time_and_an_order_of_others_is_theirs(house):
    house.export("orders", order("1001", 12))
    house.run()
    assert _breaks(house) == {("TIMING", "1001", -2)}
    company = house.simulator.seed_company("By hand Ltd", is_customer=True)
    house.simulator.seed_sale("SO-9000", company, [(next(iter(house.simulator.tables.parts)), "4", "1.00")])
    assert _breaks(house) == {("TIMING", "1001", -2)}
