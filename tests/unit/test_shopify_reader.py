"""What is particular to Shopify: lists that overflow, points, sixty days, deletions by events, rows without a clock."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from taps._kit.edge import Throttled
from taps._kit.errors import Fatal, Misconfigured
from taps._kit.reader import Complete, Record, Start, State, Tombstone
from taps._kit.simulator import Response, serve
from taps._kit.surroundings import Pocket, Surroundings
from taps.shopify.config import ShopifyConfig
from taps.shopify.facts import ALL_ORDERS
from taps.shopify.kinds import KINDS
from taps.shopify.reader import ShopifyReader
from taps.shopify.simulator import SCOPES, TOKEN, ShopifySimulator
from taps.shopify.simulator.company import line_of, place
from taps.shopify.simulator.things import gid

SIXTY = tuple(scope for scope in SCOPES if scope != ALL_ORDERS)


class Visit:
    """A reader before a simulated shop; it remembers each stream's state as the hub does."""

    def __init__(self, simulator: ShopifySimulator, url: str) -> None:
        self.simulator = simulator
        self.url = url
        self.states: dict[str, Any] = {}
        self.slept = timedelta(0)
        self.around = Surroundings(clock=simulator.clock, safe=Pocket({"access_token": TOKEN}), sleep=self._sleep)

    def _sleep(self, seconds: float) -> None:
        self.slept += timedelta(seconds=seconds)
        self.simulator.clock.sleep(seconds)

    def reader(self, **config: Any) -> ShopifyReader:
        return ShopifyReader(ShopifyConfig(base_url=self.url, private_network=True, **config), Path())

    def read(self, stream: str, **config: Any) -> list[Any]:
        messages = list(self.reader(**config).read(stream, self.states.get(stream), self.around))
        self.states[stream] = json.loads(json.dumps(messages[-1].value))
        return messages

    def keys(self, stream: str, **config: Any) -> list[str]:
        return [each.key for each in self.read(stream, **config) if isinstance(each, Record)]

    def calls(self) -> int:
        return len(self.simulator.log)


def visiting(simulator: ShopifySimulator) -> Iterator[Visit]:
    simulator.clock.forward(minutes=10)
    with serve(simulator) as url:
        yield Visit(simulator, url)


@pytest.fixture
def visit() -> Iterator[Visit]:
    yield from visiting(ShopifySimulator(30, seed=4))


@pytest.fixture
def sixty_days() -> Iterator[Visit]:
    """A shop with orders of the last 100 days, before an app without read_all_orders."""
    yield from visiting(ShopifySimulator(50, seed=4, days=100, scopes=SIXTY))


def bodies(messages: list[Any]) -> list[Any]:
    return [each.body for each in messages if isinstance(each, Record)]


# ── lists that overflow ──


def test_an_order_with_300_lines_is_whole_and_so_is_its_refund(visit):
    world = visit.simulator.world
    order = place(world, random.Random(1), 300)
    for _ in range(4):
        world.pay(order, "shopify_payments", 100)
    world.fulfil(order, world.places[0])
    world.refund(order, [(line, 1) for line in order.lines], keep=100)
    visit.simulator.clock.forward(minutes=1)
    [body] = [each for each in bodies(visit.read("orders")) if each["id"] == gid("Order", order.id)]
    assert [line["id"] for line in body["lineItems"]] == [gid("LineItem", line.id) for line in order.lines]
    assert len(body["allTaxLines"]) == sum(len(line.taxes) for line in order.lines) + sum(len(each.taxes) for each in order.shipping)
    [back] = [each for each in bodies(visit.read("refunds")) if each["order"]["id"] == gid("Order", order.id)]
    assert len(back["refundLineItems"]) == 300
    [parcel] = [each for each in bodies(visit.read("fulfillments")) if each["order"]["id"] == gid("Order", order.id)]
    assert len(parcel["fulfillmentLineItems"]) == sum(1 for line in order.lines if line.quantity)
    mine = [each for each in bodies(visit.read("transactions")) if each["order"]["id"] == gid("Order", order.id)]
    assert [each["kind"] for each in mine] == ["SALE"] * 4


def test_an_order_with_many_returns_and_a_return_with_an_exchange_are_whole(visit):
    world = visit.simulator.world
    order = place(world, random.Random(1), 8)
    world.fulfil(order, world.places[0])
    for _ in range(5):
        world.come_home(order, line_of(world, order, random.Random(2)))
    visit.simulator.clock.forward(minutes=1)
    returns = [each for each in bodies(visit.read("returns")) if each["order"]["id"] == gid("Order", order.id)]
    assert len(returns) == 5
    assert all(len(each["returnLineItems"]) == 1 and len(each["exchangeLineItems"]) == 1 for each in returns)


# ── points ──


def test_a_page_that_costs_too_much_is_asked_for_in_smaller_ones_and_the_size_is_remembered(visit):
    visit.read("orders")
    assert visit.states["orders"]["size"] < 20
    refused = [each for each in visit.simulator.log if each.request.body["variables"].get("first") == 250]
    before = visit.calls()
    visit.simulator.clock.forward(hours=1)
    visit.read("orders")
    assert len(refused) == 2  # the first page, and the deletions, which cost little
    assert [each.request.body["variables"]["first"] for each in visit.simulator.log[before:]] == [visit.states["orders"]["size"], 250]


def test_it_waits_for_points_before_it_asks_and_is_never_told_that_it_is_too_fast(visit):
    told: list[Any] = []
    answer = visit.simulator.handle
    visit.simulator.handle = lambda request: told.append(answer(request)) or told[-1]
    assert len(visit.keys("orders")) == 30
    assert visit.slept > timedelta(seconds=5)
    codes = Counter(error["extensions"]["code"] for each in told for error in each.body.get("errors", []))
    assert codes == {"MAX_COST_EXCEEDED": 1}


def test_points_that_others_took_are_waited_for(visit):
    simulator, answer = visit.simulator, visit.simulator.handle
    stolen = iter([True, False])

    def handle(request: Any) -> Response:
        if next(stolen, False):
            simulator._left, simulator._counted = simulator._left * 0, simulator.clock()
        return answer(request)

    simulator.handle = handle
    assert len(visit.keys("locations")) == 3
    assert visit.calls() == 2
    assert visit.slept > timedelta(seconds=1)


def test_points_that_take_longer_than_a_minute_are_given_back(visit):
    told = {"requestedQueryCost": 900, "throttleStatus": {"maximumAvailable": 1000, "currentlyAvailable": 0, "restoreRate": 1}}
    errors = [{"message": "Throttled", "extensions": {"code": "THROTTLED"}}]
    visit.simulator.handle = lambda _request: Response(200, {"errors": errors, "extensions": {"cost": told}})
    with pytest.raises(Throttled) as raised:
        visit.read("locations")
    assert raised.value.not_before == visit.simulator.clock() + timedelta(seconds=900)


# ── what is not an answer ──


@pytest.mark.parametrize(
    ("answer", "error", "says"),
    [
        (
            {"errors": [{"message": "Access denied for orders field.", "extensions": {"code": "ACCESS_DENIED"}}]},
            Misconfigured,
            "orders field",
        ),
        ({"errors": [{"message": "Field 'x' doesn't exist"}], "data": {"locations": None}}, Fatal, "does not understand"),
    ],
)
def test_an_answer_with_errors_is_not_taken(visit, answer, error, says):
    visit.simulator.handle = lambda _request: Response(200, answer)
    with pytest.raises(error, match=says):
        visit.read("locations")


def test_an_error_inside_shopify_passes(visit):
    answer, broken = visit.simulator.handle, iter([True, True])
    failed = {"errors": [{"message": "Internal error", "extensions": {"code": "INTERNAL_SERVER_ERROR"}}]}
    visit.simulator.handle = lambda request: Response(200, failed) if next(broken, False) else answer(request)
    assert len(visit.keys("locations")) == 3


@pytest.mark.parametrize(("status", "says"), [(402, "bill"), (423, "locked"), (404, "no such shop")])
def test_a_shop_that_is_closed_is_said(visit, status, says):
    visit.simulator.handle = lambda _request: Response(status, {"errors": "Unavailable Shop"})
    with pytest.raises(Misconfigured, match=says):
        visit.read("locations")


def test_a_cursor_that_is_no_longer_taken_begins_the_pass_anew(visit):
    whole = set(visit.keys("orders"))
    first = next(each for each in visit.reader().read("orders", None, visit.around) if isinstance(each, State))
    visit.states["orders"] = first.value | {"after": "of another day"}
    assert set(visit.keys("orders")) == whole


# ── sixty days ──


def test_without_read_all_orders_it_says_so_and_does_not_begin(sixty_days):
    [problem] = sixty_days.reader().check(sixty_days.around)
    assert "last 60 days" in problem.say
    oldest = min(
        order.at for order in sixty_days.simulator.world.orders.values() if order.at > sixty_days.simulator.clock() - timedelta(days=60)
    )
    assert f"{oldest:%Y-%m-%d}" in problem.say
    with pytest.raises(Misconfigured, match=ALL_ORDERS):
        sixty_days.read("orders")
    assert len(sixty_days.keys("products")) == 11


def test_sixty_days_are_read_by_whoever_says_that_they_are_enough(sixty_days):
    assert sixty_days.reader(history="visible").check(sixty_days.around) == []
    assert 25 < len(sixty_days.keys("orders", history="visible")) < 35
    earlier = date(2026, 8, 1)
    with pytest.raises(Misconfigured, match="2026-08-01"):
        list(sixty_days.reader(history="visible", read_from=earlier).read("orders", None, sixty_days.around))
    sixty_days.read("orders", history="visible", read_from=earlier)  # begun before: what it sees has moved on, and that is no mistake


def test_read_from_is_the_first_day(visit):
    day = (visit.simulator.clock() - timedelta(days=10)).date()
    wanted = {
        gid("Order", order.id)
        for order in visit.simulator.world.orders.values()
        if order.updated >= datetime(*day.timetuple()[:3], tzinfo=UTC)
    }
    assert set(visit.keys("orders", read_from=day)) == wanted
    assert 0 < len(wanted) < 30


def test_a_scope_that_is_missing_names_its_streams(visit):
    visit.simulator.scopes = tuple(scope for scope in SCOPES if scope not in ("read_customers", "read_shopify_payments_payouts"))
    problems = visit.reader().check(visit.around)
    assert [(problem.field, problem.code) for problem in problems] == [
        ("read_customers", "CONNECT-DENIED"),
        ("read_shopify_payments_payouts", "CONNECT-DENIED"),
    ]
    assert "payouts, balance_transactions" in problems[1].say


def test_another_version_of_the_api_is_told(visit):
    visit.simulator.version = "2027-01"
    [problem] = visit.reader().check(visit.around)
    assert "2027-01" in problem.say


# ── what the search shows late ──


def test_what_the_search_shows_late_is_not_behind_us(visit):
    """One order is found at an older instant than it says of itself; another, changed before that, is not found yet."""
    world, clock = visit.simulator.world, visit.simulator.clock
    quick, slow = sorted(world.orders.values(), key=lambda order: order.id % 4)[:: len(world.orders) - 1]
    visit.read("orders")
    clock.forward(hours=1)
    world.touch(quick)
    clock.forward(seconds=2)
    slow.note = "late"
    world.touch(slow)
    clock.forward(seconds=1)
    world.touch(quick)
    clock.forward(seconds=1)
    assert [each["note"] for each in bodies(visit.read("orders")) if each["id"] == gid("Order", slow.id)] != ["late"] or slow is quick
    clock.forward(hours=1)
    assert [each["note"] for each in bodies(visit.read("orders")) if each["id"] == gid("Order", slow.id)] == ["late"]


def test_customers_are_found_although_their_search_knows_days_only(visit):
    world = visit.simulator.world
    one, other = list(world.buyers.values())[:2]
    for buyer in (one, other):
        visit.simulator.clock.forward(hours=3)
        world.touch(buyer)
        visit.simulator.clock.forward(minutes=1)
        assert gid("Customer", buyer.id) in visit.keys("customers")


# ── what is gone, and what may still change ──


@pytest.mark.parametrize(("stream", "held"), [("orders", "orders"), ("products", "products"), ("customers", "buyers")])
def test_what_was_deleted_is_told_once_and_a_little_longer(visit, stream, held):
    world = visit.simulator.world
    visit.read(stream)
    gone = next(iter(getattr(world, held).values()))
    world.delete(gone)
    visit.simulator.clock.forward(hours=1)
    buried = [each for each in visit.read(stream) if isinstance(each, Tombstone)]
    assert [each.key for each in buried] == [gid(KINDS[stream].owner, gone.id)]
    visit.simulator.clock.forward(hours=1)
    visit.read(stream)
    assert visit.states[stream]["gone"] > "2026-11-02T"  # asked from the newest on, not from the first day


def test_a_deletion_is_not_lost_while_the_first_read_is_interrupted(visit):
    states = (each for each in visit.reader(page_size=5).read("orders", None, visit.around) if isinstance(each, State))
    visit.states["orders"] = next(states).value
    states.close()
    gone = next(iter(visit.simulator.world.orders.values()))
    visit.simulator.world.delete(gone)
    visit.simulator.clock.forward(minutes=1)
    assert gid("Order", gone.id) in [each.key for each in visit.read("orders", page_size=5) if isinstance(each, Tombstone)]


@pytest.mark.parametrize("stream", ["locations", "inventory"])
def test_what_has_no_clock_is_read_whole_each_time(visit, stream):
    for _ in range(2):
        first, *rows, complete, _state = visit.read(stream)
        assert (first, complete) == (Start(stream), Complete(stream, len(rows)))
        assert {row.scope for row in rows} == {stream}
        visit.simulator.clock.forward(hours=1)


def test_stock_is_told_by_place(visit):
    items = bodies(visit.read("inventory"))
    [level, *_] = next(each for each in items if each["tracked"])["inventoryLevels"]
    assert {each["name"] for each in level["quantities"]} == {"available", "committed", "incoming", "on_hand", "reserved", "safety_stock"}
    assert level["location"]["name"] == "Warehouse"


def test_a_payout_is_followed_until_it_is_paid(visit):
    world = visit.simulator.world
    world.pay_out()
    visit.read("payouts")
    seen: dict[str, str] = {}
    for _ in range(3):
        visit.simulator.clock.forward(days=12)
        world.pay_out()
        seen |= {each["id"]: each["status"] for each in bodies(visit.read("payouts"))}
    assert {key: status for key, status in seen.items() if key == gid("ShopifyPaymentsPayout", world.payouts[-1].id)}
    late = [payout for payout in world.payouts if payout.status != "PAID"]
    assert {gid("ShopifyPaymentsPayout", each.id): each.status for each in late}.items() <= seen.items()


def test_a_balance_transaction_comes_again_when_its_payout_is_paid(visit):
    world = visit.simulator.world
    order = place(world, random.Random(3))
    world.pay(order, "shopify_payments")
    visit.simulator.clock.forward(minutes=1)
    entry = gid("ShopifyPaymentsBalanceTransaction", world.entries[-1].id)
    statuses = []
    for _ in range(4):
        rows = {each["id"]: each["associatedPayout"]["status"] for each in bodies(visit.read("balance_transactions"))}
        statuses.append(rows.get(entry))
        visit.simulator.clock.forward(days=1)
        world.pay_out()
    assert statuses == ["PENDING", "SCHEDULED", "IN_TRANSIT", "PAID"]


def test_a_dispute_is_followed_for_months_whatever_came_after_it(visit):
    world = visit.simulator.world
    first, second, third = [order for order in world.orders.values() if order.received][:3]
    for settled in world.quarrels:
        world.settle(settled, won=True)
    quarrel = world.quarrel(first)
    visit.read("disputes")
    visit.simulator.clock.forward(days=60)
    world.quarrel(second)
    visit.simulator.clock.forward(days=40)
    world.settle(world.quarrel(third), won=True)
    visit.read("disputes")
    visit.simulator.clock.forward(days=1)
    world.settle(quarrel, won=False)
    assert [each["status"] for each in bodies(visit.read("disputes")) if each["id"] == gid("ShopifyPaymentsDispute", quarrel.id)] == [
        "LOST"
    ]
    visit.simulator.clock.forward(days=1)
    assert len(visit.keys("disputes")) == 2  # the first one has come to its end


def test_a_shop_without_shopify_payments_has_no_payouts(visit):
    answer = visit.simulator.handle

    def handle(request: Any) -> Response:
        return Response(200, {"data": {"shopifyPaymentsAccount": None}}) if "shopifyPayments" in request.body["query"] else answer(request)

    visit.simulator.handle = handle
    assert [type(each) for each in visit.read("payouts")] == [State]


def test_a_change_of_the_order_lands_no_refund_anew(visit):
    before = {each["id"]: each for each in bodies(visit.read("refunds"))}
    for order in visit.simulator.world.orders.values():
        visit.simulator.world.touch(order)
    visit.simulator.clock.forward(minutes=10)
    assert {each["id"]: each for each in bodies(visit.read("refunds"))} == before
    assert before
