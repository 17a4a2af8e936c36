"""How the Square tap misses nothing, stream by stream, against the simulator's own state."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from taps._kit.edge import Edge
from taps._kit.errors import Misconfigured
from taps._kit.reader import Complete, Message, Reader, Record, Start, State, Tombstone
from taps._kit.registry import tap
from taps._kit.simulator import Request, Response, serve
from taps._kit.surroundings import Pocket, Surroundings
from taps.square.client import Page
from taps.square.facts import QUIET_CALLS
from taps.square.simulator import SquareSimulator, company, floor
from taps.square.simulator.everything import one_of_each
from taps.square.simulator.seed import history
from taps.square.simulator.service import error
from taps.square.simulator.tickets import Item, Ticket
from taps.square.sweep import sweep

SECRETS = {
    "access_token": "square-access-1",
    "refresh_token": "square-refresh-1",
    "client_id": "square-app",
    "client_secret": "square-app-secret",
}
SMALL = {"orders_per_page": 3, "rows_per_page": 3, "goods_per_page": 3, "staff_per_page": 3}


@dataclass
class Account:
    """A simulated seller with a reader on it, and what the hub would hold of each stream."""

    simulator: SquareSimulator
    url: str
    home: Path
    heads: dict[str, dict[str, Any]] = field(default_factory=dict)
    states: dict[str, Any] = field(default_factory=dict)
    around: Surroundings = field(init=False)

    def __post_init__(self) -> None:
        self.around = Surroundings(clock=self.simulator.clock, safe=Pocket(dict(SECRETS)), sleep=self.simulator.clock.sleep)

    @property
    def shop(self) -> Any:
        return self.simulator.shop

    def reader(self, **settings: Any) -> Reader:
        kind = tap("square")
        return kind.build(kind.config.model_validate({"base_url": self.url, "private_network": True, **SMALL, **settings}), self.home)

    def read(self, stream: str, **settings: Any) -> list[Message]:
        """Read on as a run does; what it handed out."""
        heads, seen, out = self.heads.setdefault(stream, {}), {}, []
        for message in self.reader(**settings).read(stream, self.states.get(stream), self.around):
            out.append(message)
            match message:
                case Record():
                    heads[message.key or ""] = json.loads(json.dumps(dict(message.body), default=str))
                    seen[message.key or ""] = message.scope
                case Tombstone():
                    heads.pop(message.key, None)
                case Complete():
                    gone = [key for key in heads if key not in seen and self.scopes(stream).get(key) == message.scope]
                    for key in gone:
                        del heads[key]
                case State():
                    self.states[stream] = json.loads(json.dumps(message.value))
        self._scopes = {**getattr(self, "_scopes", {}), stream: {**self.scopes(stream), **seen}}
        return out

    def scopes(self, stream: str) -> dict[str, str]:
        found: dict[str, str] = getattr(self, "_scopes", {}).get(stream, {})
        return found

    def asked(self, path: str) -> int:
        """How often a path was asked for."""
        return sum(exchange.request.path.startswith(path) for exchange in self.simulator.log)

    def pass_(self, **span: float) -> None:
        self.simulator.clock.forward(**span)


def opened(simulator: SquareSimulator, tmp_path: Path) -> Iterator[Account]:
    with serve(simulator) as url:
        yield Account(simulator, url, tmp_path)


@pytest.fixture
def account(tmp_path: Path) -> Iterator[Account]:
    """A seller who has sold nothing yet."""
    yield from opened(company(0), tmp_path)


def mug(shop: Any) -> Ticket:
    return Ticket([Item("Mug", 1450, 1, shop.variations()[0]["id"])], shop.currency, shop.tax)


# ── sweeps ──


def test_rows_that_leave_an_instant_while_its_pages_are_read_take_no_other_with_them(account):
    """Ten orders of one instant, three a page: two of them change after the first page, and the others move up over the page border."""
    orders = [account.shop.sell(mug(account.shop))["id"] for _ in range(10)]
    account.pass_(minutes=1)
    moved: list[str] = []

    def move(request: Request) -> None:
        if request.path == "/v2/orders/search" and request.body.get("cursor") and len(moved) < 2:
            moved.append(orders[len(moved)])
            account.shop.touch(moved[-1])

    account.simulator.interludes.append(move)
    account.read("orders")
    assert moved == orders[:2]
    assert {key: row["version"] for key, row in account.heads["orders"].items()} == dict.fromkeys(orders, 1) | dict.fromkeys(moved, 2)


def test_what_is_shown_late_is_read_by_the_next_run(account):
    """Payments are shown ten seconds late: the first of two is seen, and the one before it, at another till, is not yet."""
    shop = account.shop
    late = shop.sell(mug(shop))
    account.pass_(seconds=2)
    seen = shop.sell(mug(shop))
    shop.payments.rows[seen["tenders"][0]["id"]].visible_at = account.simulator.clock()
    account.read("payments")
    assert set(account.heads["payments"]) == {seen["tenders"][0]["id"]}
    account.pass_(hours=1)
    account.read("payments")
    assert set(account.heads["payments"]) == {late["tenders"][0]["id"], seen["tenders"][0]["id"]}


def test_a_long_sweep_does_not_leave_behind_what_was_shown_late_while_it_went_on(account):
    """While pages are read payments go on coming in; one of them is shown after the sweep has gone past its place."""
    shop = account.shop
    for _ in range(6):
        shop.sell(mug(shop))
    account.pass_(minutes=1)
    late: list[str] = []

    def trade(request: Request) -> None:
        if request.path != "/v2/payments" or account.asked("/v2/payments") > 8:
            return
        order = shop.sell(mug(shop))
        payment = order["tenders"][0]["id"]
        shop.payments.rows[payment].visible_at = account.simulator.clock() + (timedelta(hours=2) if not late else timedelta(0))
        late.append(payment)
        account.pass_(minutes=4)

    account.simulator.interludes.append(trade)
    account.read("payments")
    assert late[0] not in account.heads["payments"]
    account.simulator.interludes.clear()
    account.pass_(hours=3)
    account.read("payments")
    assert late[0] in account.heads["payments"]


@pytest.mark.parametrize("inclusive", [True, False])
def test_a_sweep_needs_not_know_whether_a_lower_bound_includes_its_instant(inclusive):
    """Seven rows at two instants, three a page: the instant at a page's end is met again whole."""
    first = datetime(2026, 11, 2, tzinfo=UTC)
    rows = [{"id": str(number), "at": first + timedelta(seconds=number // 4)} for number in range(7)]

    def ask(start: datetime, cursor: str | None) -> Page:
        found = [row for row in rows if row["at"] > start or (inclusive and row["at"] == start)]
        place = int(cursor or 0)
        return Page(found[place : place + 3], str(place + 3) if place + 3 < len(found) else None, {})

    steps = list(sweep(ask, lambda row: row["at"], first - timedelta(hours=1)))
    assert {row["id"] for step in steps for row in step.rows} == {str(number) for number in range(7)}
    assert steps[-1].next is None


# ── places ──


def test_ten_locations_go_into_one_search_and_a_new_one_brings_its_history(account):
    shop = account.shop
    for number in range(11):
        shop.open_location(f"LX{number:02d}", "America/Chicago", "IL")
    places = list(shop.locations)
    for place in places[:-1]:
        shop.sell(mug(shop), place)
    account.pass_(hours=1)
    account.read("orders", orders_per_page=1000)
    assert len(account.heads["orders"]) == len(places) - 1
    assert all(len(exchange.request.body["location_ids"]) <= 10 for exchange in account.simulator.log if "search" in exchange.request.path)
    account.pass_(days=400)
    shop.open_location("LNEW", "Europe/Dublin", "D")
    old = shop.orders.put({**shop.orders.get(next(iter(shop.orders.rows))), "id": "OLD", "location_id": "LNEW"})
    account.pass_(hours=1)
    account.read("orders", orders_per_page=1000)
    assert old["id"] in account.heads["orders"]
    before = account.asked("/v2/orders/search")
    account.pass_(hours=1)
    account.read("orders", orders_per_page=1000)
    assert account.asked("/v2/orders/search") - before <= 3


def test_payments_of_every_location_are_read_however_old(account):
    shop = account.shop
    for place in shop.locations:
        shop.sell(mug(shop), place)
    account.pass_(days=800)
    account.read("payments")
    account.read("refunds")
    assert {row["location_id"] for row in account.heads["payments"].values()} == set(shop.locations)


def test_an_order_tells_the_local_times_and_the_articles_of_its_lines(account):
    order = account.shop.sell(mug(account.shop), "L2LOSANGELES")
    account.read("orders")
    row = account.heads["orders"][order["id"]]
    assert (row["created_at"], row["created_local"]) == ("2026-11-02T09:00:00.000Z", "2026-11-02T01:00:00")
    assert (row["location"]["name"], row["line_items"][0]["sku"]) == ("Losangeles", "MUG-1")


def test_a_quiet_read_makes_exactly_the_calls_that_the_facts_state(tmp_path):
    for account in opened(company(5), tmp_path):
        one_of_each(account.shop)
        account.pass_(hours=2)
        roomy = {"orders_per_page": 1000, "rows_per_page": 100, "goods_per_page": 1000, "staff_per_page": 200}
        made = {}
        for stream in QUIET_CALLS:
            account.read(stream, **roomy)
            account.pass_(hours=1)
            before = len(account.simulator.log)
            account.read(stream, **roomy)
            made[stream] = len(account.simulator.log) - before
        places = len(account.shop.locations)
        assert made == {stream: fixed + each * places for stream, (fixed, each) in QUIET_CALLS.items()}


def test_the_page_promises_the_calls_of_the_facts():
    page = (Path(__file__).parents[2] / "docs/connectors/square.md").read_text(encoding="utf-8")
    told = dict(re.findall(r"^\| `(\w+)` \|.*\| ([^|]+) \|$", page, re.MULTILINE))
    stated = {stream: f"{fixed}, and {each} a location" if each else str(fixed) for stream, (fixed, each) in QUIET_CALLS.items()}
    assert {stream: told[stream] for stream in stated} == stated


# ── buyers ──


def test_an_old_buyer_who_changed_is_read_and_a_deleted_one_is_noticed_within_a_week(account):
    customers = account.shop.customers
    account.pass_(minutes=5)
    first = account.read("customers")
    assert isinstance(first[0], Start)
    assert any(isinstance(message, Complete) for message in first)
    ada, grace, mary = sorted(customers.rows)
    account.pass_(hours=2)
    customers.put({**customers.get(ada), "note": "VIP", "updated_at": account.shop.now()})
    customers.drop(mary)
    account.pass_(minutes=5)
    second = account.read("customers")
    assert ada in {message.key for message in second if isinstance(message, Record)}
    assert not any(isinstance(message, (Start, Complete)) for message in second)
    assert set(account.heads["customers"]) == {ada, grace, mary}
    customers.put({**customers.get(ada), "note": "Shy", "updated_at": account.shop.now()})
    account.pass_(minutes=5)
    account.read("customers")
    assert account.heads["customers"][ada]["note"] == "Shy"  # created long before the last mark
    account.pass_(days=7)
    account.read("customers")
    assert set(account.heads["customers"]) == {ada, grace}
    assert account.heads["customers"][ada]["note"] == "Shy"


# ── goods ──


def prices(account: Account) -> dict[str, int]:
    return {key: row["item_variation_data"]["price_money"]["amount"] for key, row in account.heads["catalog"].items()}


def test_the_catalogue_follows_new_changed_and_deleted_variations(account):
    shop = account.shop
    account.read("catalog")
    assert len(account.heads["catalog"]) == len(shop.variations()) == 5
    assert {row["item"]["category"] for row in account.heads["catalog"].values()} == {"House"}
    account.pass_(hours=1)
    items = [row["id"] for row in shop.catalog.truth() if row["type"] == "ITEM"]
    shop.reprice(items[0], 1999)  # only the variation says that it changed
    shop.delist(items[1])
    shop.article("Candle", 700, "CANDLE-1")
    account.pass_(hours=1)
    account.read("catalog")
    assert prices(account) == {each["id"]: each["item_variation_data"]["price_money"]["amount"] for each in shop.variations()}
    before = dict(account.heads["catalog"])
    account.pass_(hours=1)
    account.read("catalog")
    assert account.heads["catalog"] == before


def test_a_catalogue_that_changes_while_it_is_read_is_read_again(account):
    shop = account.shop
    for number in range(9):
        shop.article(f"Bowl {number}", 900, f"BOWL-{number}")
    account.pass_(hours=3)
    shop.article("Vase", 2900, "VASE-1")
    account.pass_(hours=1)
    deleted: list[str] = []

    def delete(request: Request) -> None:
        if request.path == "/v2/catalog/search" and request.body.get("cursor") and not deleted:
            deleted.append(min(row["id"] for row in shop.catalog.truth() if row["type"] == "ITEM"))
            shop.delist(deleted[0])

    account.simulator.interludes.append(delete)
    account.read("catalog")
    account.simulator.interludes.clear()
    account.pass_(hours=1)
    account.read("catalog")
    assert deleted
    assert set(prices(account)) == {each["id"] for each in shop.variations()}


def test_stock_changes_are_read_once_and_counts_follow(account):
    variation = account.shop.variations()[0]["id"]
    for number in range(5):
        floor.adjust(account.shop, variation, "L1NEWYORK", str(number), "NONE", "IN_STOCK")
        account.pass_(minutes=10)
    for stream in ("inventory_changes", "inventory_counts"):
        account.read(stream)
    floor.adjust(account.shop, variation, "L1NEWYORK", "77", "NONE", "IN_STOCK")
    account.pass_(minutes=10)
    for stream in ("inventory_changes", "inventory_counts"):
        account.read(stream)
    assert set(account.heads["inventory_changes"]) == set(account.shop.changes.rows)
    assert [(row["quantity"], row["sku"]) for row in account.heads["inventory_counts"].values()] == [("77", "MUG-1")]


# ── payouts, drawers, hours ──


def test_a_payout_is_read_again_when_it_arrives_and_asked_for_in_detail_only_then(account):
    shop = account.shop
    payments = [shop.payments.get(shop.sell(mug(shop))["tenders"][0]["id"]) for _ in range(4)]
    old, new = shop.settle(payments[:3], "L1NEWYORK", deposit_fee=75), shop.settle(payments[3:], "L1NEWYORK")
    shop.payout_becomes(old["id"], "PAID")
    account.read("payouts")
    row = account.heads["payouts"][old["id"]]
    assert sum(each["net"] for each in row["totals"]) == row["amount_money"]["amount"]
    asked = account.asked(f"/v2/payouts/{old['id']}"), account.asked(f"/v2/payouts/{new['id']}")
    account.pass_(days=90)
    shop.payout_becomes(new["id"], "FAILED")
    account.read("payouts")
    assert account.heads["payouts"][new["id"]]["status"] == "FAILED"
    assert account.asked(f"/v2/payouts/{old['id']}") == asked[0]
    assert account.asked(f"/v2/payouts/{new['id']}") == asked[1] + 1


def test_a_payout_whose_entries_do_not_add_up_yet_is_asked_for_again(account):
    shop = account.shop
    payout = shop.settle([shop.payments.get(shop.sell(mug(shop))["tenders"][0]["id"])], "L1NEWYORK", deposit_fee=75)
    last = shop.entries[payout["id"]].pop()
    account.read("payouts")
    shop.entries[payout["id"]].append(last)
    account.pass_(hours=1)
    account.read("payouts")
    assert [each["type"] for each in account.heads["payouts"][payout["id"]]["totals"]] == ["CHARGE", "DEPOSIT_FEE"]
    account.read("payout_entries")
    assert len(account.heads["payout_entries"]) == 2


def test_a_drawer_shift_comes_with_its_count_and_its_events(account):
    shift = floor.drawer(account.shop, "L2LOSANGELES", opened=20000, sales=84530, paid_out=1250, counted=103005)
    account.read("cash_drawer_shifts")
    row = account.heads["cash_drawer_shifts"][shift["id"]]
    assert (row["cash_payment_money"]["amount"], row["closed_cash_money"]["amount"]) == (84530, 103005)
    assert [event["event_type"] for event in row["events"]] == ["PAID_OUT"]
    before = len(account.simulator.log)
    account.read("cash_drawer_shifts")
    assert len(account.simulator.log) - before == 1 + len(account.shop.locations)


def test_a_timecard_that_was_deleted_or_edited_is_noticed(account):
    shop = account.shop
    member = next(iter(shop.team.truth()))
    cards = []
    for _ in range(40):
        account.pass_(days=2)
        cards.append(floor.work(shop, member, "L1NEWYORK", 8, tips=100))
    account.read("timecards")
    assert len(account.heads["timecards"]) == 40
    shop.timecards.drop(cards[-1]["id"])
    shop.timecards.put({**cards[-3], "declared_cash_tip_money": shop.money(900)})
    messages = account.read("timecards")
    assert cards[-1]["id"] not in account.heads["timecards"]
    assert account.heads["timecards"][cards[-3]["id"]]["declared_cash_tip_money"]["amount"] == 900
    assert {row["employee_number"] for row in account.heads["timecards"].values()} == {"E-1"}
    assert len(account.heads["timecards"]) == 39  # older months were not read, and nothing of them was taken for deleted
    assert len({message.key for message in messages if isinstance(message, Record)}) < 30


def test_gift_cards_disputes_and_staff_are_read(account):
    shop = account.shop
    floor.activity(shop, "ACTIVATE", "L1NEWYORK", 5000, 5000)
    account.read("gift_card_activities")
    account.pass_(days=500)
    floor.activity(shop, "REDEEM", "L1NEWYORK", 1000, 4000)
    payment = shop.payments.get(shop.sell(mug(shop))["tenders"][0]["id"])
    dispute = floor.dispute(shop, payment)
    account.pass_(minutes=5)
    for stream in ("gift_card_activities", "disputes", "team_members", "locations"):
        account.read(stream)
    floor.dispute_becomes(shop, dispute["id"], "LOST")
    account.read("disputes")
    assert set(account.heads["gift_card_activities"]) == set(shop.activities.rows)
    account.read("gift_cards")
    assert [row["balance_money"]["amount"] for row in account.heads["gift_cards"].values()] == [4000]
    assert account.heads["disputes"][dispute["id"]]["state"] == "LOST"
    assert set(account.heads["team_members"]) == set(shop.team.rows)
    assert set(account.heads["locations"]) == set(shop.locations)


# ── log-in and errors ──


def test_a_token_that_ran_out_is_renewed_and_the_refresh_token_stays(account):
    account.pass_(days=31)
    account.read("locations")
    kept = account.around.safe.secrets()
    assert kept["access_token"] == "square-access-2"
    assert kept["refresh_token"] == "square-refresh-1"
    assert [exchange.status for exchange in account.simulator.log] == [401, 200, 200]


def test_a_personal_access_token_needs_nothing_else(account):
    account.around.safe.values = {"access_token": "square-access-1"}  # type: ignore[attr-defined]
    account.read("locations")
    assert account.reader().check(account.around) == []


def test_an_error_is_told_by_its_code_and_never_by_its_sentence(account):
    refused = error("INVALID_VALUE", "query.filter", 400)
    refused.body["errors"][0]["detail"] = "ida.wells@example.com is none"
    account.simulator.handle = lambda _request: refused
    with pytest.raises(Misconfigured) as told:
        account.read("orders")
    assert "INVALID_VALUE query.filter" in told.value.say
    assert "ida.wells" not in told.value.say + told.value.log


def test_a_right_that_is_missing_is_named(account):
    account.simulator.handle = lambda _request: Response(403, {"errors": [{"category": "AUTHENTICATION_ERROR", "code": "FORBIDDEN"}]})
    with pytest.raises(Misconfigured, match="/v2/locations"):
        account.read("orders")


def test_it_speaks_to_square_alone(tmp_path):
    kind = tap("square")
    for url in ("http://connect.squareup.com", "https://squareup.example.com"):
        reader = kind.build(kind.config.model_validate({"base_url": url}), tmp_path)
        with pytest.raises(Misconfigured):
            list(reader.read("orders", None, Surroundings(safe=Pocket(dict(SECRETS)))))


@pytest.mark.parametrize(
    ("stream", "path", "rows", "limit"), [("orders", "/v2/orders/search", 5000, 500), ("payments", "/v2/payments", 2000, 100)]
)
def test_a_back_fill_makes_at_most_a_tenth_more_calls_than_its_pages_hold(stream, path, rows, limit, tmp_path):
    """Ten of each instant: each page begins with the instant at which the one before ended. Fifty thousand are read in `make prove`."""
    for account in opened(company(rows), tmp_path):
        account.read(stream, orders_per_page=limit, rows_per_page=min(limit, 100), goods_per_page=1000)
        assert len(account.heads[stream]) == rows
        assert rows // limit <= account.asked(path) <= rows // limit * 1.1


def test_a_long_past_takes_the_room_of_its_number_and_lets_itself_be_changed(tmp_path):
    simulator = company(1_000_000)
    orders, place = simulator.shop.orders, next(iter(simulator.shop.locations))
    assert len(orders.rows) == 1_000_000
    last = orders.since("updated_at", datetime(2009, 1, 1, tzinfo=UTC))[-1][1]
    assert orders.get(last) == orders.get(last)
    assert (last, orders.get(last)["location_id"] == place) == ("ORDP0999999", False)
    simulator.clock.forward(minutes=1)
    simulator.shop.touch("ORDP0000007")
    orders.drop("ORDP0000008")
    listed = orders.since("updated_at", datetime(2009, 1, 1, tzinfo=UTC))
    assert len(listed) == len(orders.rows) == 999_999
    assert (listed[7][1], listed[-1][1]) == ("ORDP0000009", "ORDP0000007")
    assert [key in orders.rows for key in ("ORDP0000007", "ORDP0000008", "ORDP9", "ORDP1000000")] == [True, False, False, False]
    assert [orders.get(key)["location_id"] for _, key in orders.since("updated_at", datetime(2009, 1, 1, tzinfo=UTC), place)[:3]] == [
        place
    ] * 3


def test_state_comes_at_least_every_two_thousand_rows(tmp_path):
    for account in opened(company(2500), tmp_path):
        since = 0
        for message in account.reader(orders_per_page=1000).read("orders", None, account.around):
            since = 0 if isinstance(message, State) else since + 1
            assert since <= 2000


def test_any_history_of_refunds_and_payments_ends_as_square_has_it(account):
    chance = random.Random(3)
    for _ in range(6):
        for _ in range(chance.randrange(1, 9)):
            history(account.shop, chance)
            account.pass_(seconds=chance.choice((0, 1, 20)))
        for stream in ("payments", "refunds"):
            account.read(stream)
    account.pass_(minutes=10)
    for stream, table in (("payments", account.shop.payments), ("refunds", account.shop.refunds)):
        account.read(stream)
        assert {key: row["updated_at"] for key, row in account.heads[stream].items()} == {
            row["id"]: row["updated_at"] for row in table.truth()
        }


def test_the_edge_is_let_go_of(account, monkeypatch):
    closed: list[bool] = []
    monkeypatch.setattr(Edge, "close", lambda _self: closed.append(True))
    account.read("locations")
    assert closed == [True]
