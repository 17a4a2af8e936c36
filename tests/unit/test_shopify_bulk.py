"""A first read as a bulk operation: what is asked, what is believed, what happens where Shopify does not do it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from taps._kit.edge import Throttled
from taps._kit.errors import Misconfigured, Retryable
from taps._kit.reader import Notice, Record, State
from taps._kit.simulator import Response, serve
from taps._kit.surroundings import Pocket, Surroundings
from taps.shopify import queries
from taps.shopify.config import ShopifyConfig
from taps.shopify.kinds import KINDS
from taps.shopify.reader import ShopifyReader
from taps.shopify.simulator import TOKEN, ShopifySimulator
from taps.shopify.simulator.bulk import MOST_AT_ONCE
from taps.shopify.simulator.things import gid

IN_BULK = [name for name, kind in KINDS.items() if kind.bulk]


class Visit:
    """A reader before a shop of 40 orders; everything is many enough for bulk."""

    def __init__(self, simulator: ShopifySimulator, url: str) -> None:
        self.simulator = simulator
        self.url = url
        self.around = Surroundings(clock=simulator.clock, safe=Pocket({"access_token": TOKEN}), sleep=simulator.clock.sleep)
        self.state: Any = None

    def messages(self, stream: str, **config: Any) -> Iterator[Any]:
        """They are read one by one; the state is kept as the hub keeps it, through JSON."""
        shop = ShopifyConfig.model_validate({"base_url": self.url, "private_network": True, "bulk_from": 0, **config})
        for message in ShopifyReader(shop, Path()).read(stream, self.state, self.around):
            if isinstance(message, State):
                self.state = json.loads(json.dumps(message.value))
            yield message

    def read(self, stream: str, **config: Any) -> dict[str, Any]:
        return {each.key: each.body for each in self.messages(stream, **config) if isinstance(each, Record)}

    def asked(self) -> list[str]:
        """What was called, in order."""
        calls = [each.request for each in self.simulator.log]
        return [call.body["query"].split()[1].partition("(")[0] if call.body else "file" for call in calls]


@pytest.fixture
def visit() -> Iterator[Visit]:
    simulator = ShopifySimulator(40, seed=4)
    order = next(order for order in simulator.world.orders.values() if order.parcels)
    simulator.world.come_home(order)
    simulator.clock.forward(minutes=10)
    with serve(simulator) as url:
        yield Visit(simulator, url)


@pytest.mark.parametrize("stream", IN_BULK)
def test_in_bulk_comes_what_comes_page_by_page(visit, stream):
    in_bulk = visit.read(stream)
    assert "RunInBulk" in visit.asked()
    visit.state = None
    assert in_bulk
    assert in_bulk == visit.read(stream, bulk_from=None)


def test_a_small_shop_is_paged_and_a_later_read_too(visit):
    visit.read("orders", bulk_from=40)
    assert "RunInBulk" not in visit.asked()
    visit.simulator.clock.forward(hours=1)
    assert len(visit.read("orders")) == 1  # the newest, inside the overlap
    assert "RunInBulk" not in visit.asked()


def test_the_calls_are_those_that_the_facts_state(visit):
    """A question, the operation, its standing, its file, the deletions; a quiet run after it: a page, and the deletions.

    The first quiet run learns how many rows a page affords.
    """
    visit.read("orders")
    assert visit.asked() == ["HowMany", "RunInBulk", "BulkStands", "file", "Deleted"]
    for calls in (["Page", "Page", "Deleted"], ["Page", "Deleted"], ["Page", "Deleted"]):
        visit.simulator.clock.forward(hours=1)
        visit.simulator.log.clear()
        visit.read("orders")
        assert visit.asked() == calls


def test_what_changes_while_shopify_works_is_read_by_the_next_run(visit):
    world = visit.simulator.world
    order = next(iter(world.orders.values()))
    read = visit.messages("orders")
    next(each for each in read if isinstance(each, State))
    before = list(read)
    visit.simulator.clock.forward(seconds=30)
    order.note = "later"
    world.touch(order)
    visit.simulator.clock.forward(minutes=2)
    assert before
    assert visit.read("orders")[gid("Order", order.id)]["note"] == "later"


@pytest.mark.parametrize("stream", ["orders", "refunds"])
def test_killed_at_any_state_it_goes_on_with_the_same_operation(visit, stream, monkeypatch):
    monkeypatch.setattr("taps.shopify.backfill._EVERY", 7)
    got: dict[str, Any] = {}
    kills = 0
    while visit.state is None or "bulk" in visit.state:
        kills += 1
        states = 0
        for message in visit.messages(stream, page_size=3):
            if isinstance(message, Record):
                assert message.key not in got
                got[message.key] = message.body
            states += isinstance(message, State)
            if states == 2:
                break
    assert kills > 3
    assert len(visit.simulator.bulk.operations) == 1
    visit.state = None
    assert got == visit.read(stream, bulk_from=None)


# ── what is not believed ──


def _cut(visit: Visit, text: bytes) -> None:
    """Let the file be another one than the operation says."""
    answer = visit.simulator.bulk.file
    visit.simulator.bulk.file = lambda number: Response(200, text) if answer(number).status == 200 else answer(number)


def _file(visit: Visit) -> bytes:
    visit.read("orders")
    [operation] = visit.simulator.bulk.operations.values()
    visit.state = None
    visit.simulator.bulk.operations.clear()
    return operation.file.read_bytes()


@pytest.mark.parametrize("how", ["without its last row", "in the middle of a line", "empty", "with a row more"])
def test_a_file_that_is_not_what_shopify_says_is_never_whole(visit, how):
    whole = _file(visit)
    lines = whole.splitlines(keepends=True)
    last = max(number for number, line in enumerate(lines) if b"__parentId" not in line)
    other = {
        "without its last row": b"".join(lines[:last]),
        "in the middle of a line": whole[:-30],
        "empty": b"",
        "with a row more": whole + lines[0].replace(b"Order/", b"Order/9"),
    }[how]
    right = visit.simulator.bulk.file
    _cut(visit, other)
    with pytest.raises(Retryable):
        visit.read("orders")
    assert visit.state["bulk"]["id"]
    assert "high" not in visit.state
    visit.simulator.bulk.file = right
    visit.read("orders")
    assert visit.state["high"]
    assert "Page" not in visit.asked()


def test_a_file_that_is_never_whole_is_given_up_for_pages(visit):
    _cut(visit, b"")
    for _ in range(12):
        try:
            messages = list(visit.messages("orders"))
            break
        except Retryable:
            continue
    assert [each.problem.code for each in messages if isinstance(each, Notice)] == ["READ-BULK"]
    assert len([each for each in messages if isinstance(each, Record)]) == 40


def test_a_file_that_ran_out_is_made_anew(visit):
    read = visit.messages("orders")
    next(each for each in read if isinstance(each, State))
    read.close()
    visit.simulator.clock.forward(days=8)
    assert len(visit.read("orders")) == 40
    assert len(visit.simulator.bulk.operations) == 2


def test_a_file_that_runs_out_between_its_address_and_its_fetch_is_made_anew(visit):
    answer, gone = visit.simulator.bulk.file, iter([True])
    visit.simulator.bulk.file = lambda number: Response(403, b"<Error/>") if next(gone, False) else answer(number)
    assert len(visit.read("orders")) == 40
    assert visit.asked().count("RunInBulk") == 2


@pytest.mark.parametrize("code", ["TIMEOUT", "INTERNAL_SERVER_ERROR", "ACCESS_DENIED"])
def test_of_an_operation_that_failed_nothing_is_taken(visit, code):
    visit.simulator.bulk.fails.append(code)
    messages = list(visit.messages("orders"))
    [notice] = [each.problem for each in messages if isinstance(each, Notice)]
    assert (notice.code, code in notice.say) == ("READ-BULK", True)
    assert "file" not in visit.asked()
    assert len([each for each in messages if isinstance(each, Record)]) == 40


def test_a_file_at_a_strange_host_is_not_fetched(visit):
    answer = visit.simulator.bulk.told

    def elsewhere(operation: Any) -> Any:
        told = answer(operation)
        return told and type(told)(told.kind, dict(told.values) | {"url": told.values["url"] and "http://127.0.0.1:1/bulk/1.jsonl"})

    visit.simulator.bulk.told = elsewhere
    messages = list(visit.messages("orders"))
    [notice] = [each.problem for each in messages if isinstance(each, Notice)]
    assert "127.0.0.1" in notice.say
    assert len([each for each in messages if isinstance(each, Record)]) == 40


def test_a_file_that_is_not_grouped_is_not_guessed_at(visit, monkeypatch):
    monkeypatch.setattr("taps.shopify.queries.RUN_IN_BULK", _ungrouped())
    messages = list(visit.messages("orders"))
    [notice] = [each.problem for each in messages if isinstance(each, Notice)]
    assert "does not follow" in notice.say
    assert {each.key for each in messages if isinstance(each, Record)} == {
        gid("Order", order.id) for order in visit.simulator.world.orders.values()
    }


def _ungrouped() -> str:
    return queries.RUN_IN_BULK.replace(", groupObjects: true", "")


# ── what is not allowed ──


def test_an_app_without_access_reads_page_by_page_and_says_so(visit):
    visit.simulator.bulk.allowed = False
    messages = list(visit.messages("orders"))
    [notice] = [each.problem for each in messages if isinstance(each, Notice)]
    assert "Partner Dashboard" in notice.fix
    assert len([each for each in messages if isinstance(each, Record)]) == 40
    visit.simulator.clock.forward(hours=1)
    assert not [each for each in visit.messages("orders") if isinstance(each, Notice)]


def test_a_sixth_operation_waits_for_another_run(visit):
    for _ in range(MOST_AT_ONCE):
        visit.simulator.bulk.run({"query": "{ products { edges { node { id } } } }"}, "")
    with pytest.raises(Throttled) as told:
        visit.read("orders")
    assert told.value.not_before == visit.simulator.clock() + timedelta(minutes=5)
    visit.simulator.clock.forward(minutes=5)
    assert len(visit.read("orders")) == 40


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("{ orders { edges { node { id refunds { id refundLineItems { edges { node { id } } } } } } } }", "within a list"),
        ("{ shop { name } }", "at least one"),
        ("{ node(id: 1) { id } }", "top level"),
        (
            "{ orders { edges { node { id a { edges { node { id b { edges { node { id c { edges { node { id } } } } } } } } } } } } }",
            "depth",
        ),
        ("{ orders { edges { node { id " + " ".join(f"l{n} {{ edges {{ node {{ id }} }} }}" for n in range(5)) + " } } } }", "more than 5"),
        ("{ orders { edges { node { id } }", "Invalid"),
    ],
)
def test_the_simulator_refuses_what_shopify_refuses(visit, query, says):
    answer = visit.simulator.bulk.run({"query": query}, "")
    assert answer.values["bulkOperation"] is None
    assert says in answer.values["userErrors"][0].values["message"]


def test_with_sixty_days_a_bulk_operation_is_not_begun_either(visit):
    visit.simulator.scopes = tuple(scope for scope in visit.simulator.scopes if scope != "read_all_orders")
    with pytest.raises(Misconfigured, match="60 days"):
        visit.read("orders")
    assert visit.asked() == ["HowMany", "Oldest"]


# ── big shops ──


def test_a_company_of_a_million_is_there_at_once_and_always_the_same():
    one, other = (ShopifySimulator(1_000_000, seed=9, days=700) for _ in range(2))
    keys = one.archive.keys()
    assert len(keys) + len(one.world.orders) == 1_000_000
    for number in (0, 1, 499_999, len(keys) - 1):
        here, there = one.world.orders[keys[number][1]], other.world.orders[keys[number][1]]
        assert (here.total, here.at, [line.id for line in here.lines]) == (there.total, there.at, [line.id for line in there.lines])
    assert all(earlier < later for earlier, later in pairwise(keys[1000:1100]))


def test_an_old_order_that_is_touched_or_deleted_is_no_longer_in_the_archive():
    simulator = ShopifySimulator(2_010, seed=9)
    keys = simulator.archive.keys()
    old = [simulator.world.orders[key[1]] for key in keys]
    assert len(old) == 10
    simulator.clock.forward(minutes=1)
    simulator.world.touch(old[3])
    simulator.world.delete(old[5])
    simulator.clock.forward(minutes=1)
    with serve(simulator) as url:
        visit = Visit(simulator, url)
        found = visit.read("orders")
    assert len(found) == 2_009
    assert gid("Order", old[5].id) not in found
    assert list(found)[-1] == gid("Order", old[3].id)
