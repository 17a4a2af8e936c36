"""Rate budgets: shared by processes, never over the limit, honest about when to ask again."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.hub import schema
from pipelines.hub.around import surroundings
from pipelines.hub.budget import Budget
from pipelines.hub.store import Hub
from taps._kit.facts import Facts, Limit
from taps._kit.simulator import Response
from taps._kit.surroundings import Pocket
from taps.quickbooks.facts import FACTS as QUICKBOOKS
from taps.shopify import queries
from taps.shopify.client import Client
from taps.shopify.config import ShopifyConfig
from taps.shopify.facts import FACTS as SHOPIFY
from taps.shopify.simulator import TOKEN, ShopifySimulator
from tests._kit.histories import straight

FORK = multiprocessing.get_context("fork")
START = datetime(2026, 3, 29, 0, 59, tzinfo=UTC)
SECOND = timedelta(seconds=1)


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def hub(hub_url: str, clock: Clock) -> Iterator[Hub]:
    opened = Hub(hub_url, clock)
    schema.migrate(opened)
    yield opened
    opened.close()


def minute(hub: Hub, connection: str = "xero", calls: str = "3") -> Budget:
    """Three calls at once, then one each two seconds."""
    return Budget(hub, connection, "minute", Decimal(calls), Decimal("0.5"))


def test_a_limit_counts_the_calls_that_it_is_of(hub: Hub, clock: Clock, tmp_path: Path) -> None:
    facts = Facts("acme", "Acme", limits=(Limit(100, SECOND), Limit(2, 60 * SECOND, of="/batch")))
    budget = surroundings(hub, tmp_path, "acme", facts).budget
    assert [budget("/v3/batch"), budget("/v3/batch")] == [None, None]
    late = budget("/v3/batch")
    assert late is not None
    assert late - START >= 29 * SECOND, "two a minute"
    assert [budget("/v3/query") for _ in range(50)] == [None] * 50
    clock.now = late
    assert budget("/v3/batch") is None


def test_quickbooks_batches_have_a_limit_of_their_own() -> None:
    (batches,) = [limit for limit in QUICKBOOKS.limits if limit.of]
    assert (batches.calls, batches.window) == (40, 60 * SECOND)
    assert batches.counts("/v3/company/1/batch")
    assert not batches.counts("/v3/company/1/query")


def test_a_full_bucket_gives_its_capacity_and_then_an_instant(hub: Hub, clock: Clock) -> None:
    budget = minute(hub)
    assert [budget.take() for _ in range(4)] == [None, None, None, START + 2 * SECOND]
    clock.now = START + 2 * SECOND - timedelta(microseconds=1)
    assert budget.take() == START + 2 * SECOND
    clock.now = START + 2 * SECOND
    assert [budget.take(), budget.take()] == [None, START + 4 * SECOND]


def test_tokens_survive_a_restart_and_do_not_grow_beyond_the_capacity(hub: Hub, clock: Clock, hub_url: str) -> None:
    assert [minute(hub).take(3), minute(Hub(hub_url, clock)).take()] == [None, START + 2 * SECOND]
    clock.now += timedelta(days=1)
    assert [minute(hub).take(3), minute(hub).take()] == [None, clock.now + 2 * SECOND]


def test_several_tokens_are_taken_whole_or_not_at_all(hub: Hub) -> None:
    budget = minute(hub)
    assert [budget.take(2), budget.take(2), budget.take(1)] == [None, START + 2 * SECOND, None]


def test_retry_after_holds_everybody_of_the_connection_and_nobody_else(hub: Hub, clock: Clock, hub_url: str) -> None:
    in_18_hours = START + timedelta(seconds=66_975)
    minute(hub).hold_until(in_18_hours)
    minute(hub).hold_until(START + SECOND)  # an earlier one does not shorten it
    assert minute(Hub(hub_url, clock)).take() == in_18_hours
    assert minute(hub, "square").take() is None
    clock.now = in_18_hours
    assert minute(hub).take() is None


def test_a_limit_that_changed_counts_from_now_on(hub: Hub) -> None:
    assert minute(hub).take(3) is None
    assert minute(hub, calls="1").take() == START + 2 * SECOND
    assert Budget(hub, "xero", "minute", Decimal(9), Decimal(4)).take() == START + timedelta(milliseconds=250)


def test_a_clock_that_was_put_back_does_not_stop_the_bucket_for_ever(hub: Hub, clock: Clock) -> None:
    clock.now = START + timedelta(days=1)
    assert minute(hub).take(3) is None
    clock.now = START
    assert minute(hub).take() == START + 2 * SECOND
    clock.now = START + 2 * SECOND
    assert minute(hub).take() is None


def test_clocks_three_seconds_apart_make_no_tokens_of_the_difference(hub: Hub, clock: Clock) -> None:
    assert minute(hub).take(3) is None
    clock.now = START - 3 * SECOND
    assert minute(hub).take() is not None
    clock.now = START
    assert minute(hub).take() == START + 2 * SECOND


@pytest.mark.parametrize(("tokens", "rate"), [(4, "0.5"), (0, "0.5"), (1, "0")])
def test_what_can_never_be_had_is_refused(hub: Hub, tokens: int, rate: str) -> None:
    with pytest.raises(ValueError, match="can never be taken"):
        Budget(hub, "xero", "minute", Decimal(3), Decimal(rate)).take(tokens)


def test_processes_together_stay_within_the_budget(hub_url: str, hub: Hub, clock: Clock) -> None:
    start, answers = FORK.Barrier(3), FORK.Queue()

    def child() -> None:
        own = Hub(hub_url, clock)
        start.wait()
        answers.put(sum(Budget(own, "xero", "day", Decimal(10), Decimal(1)).take() is None for _ in range(8)))

    children = [FORK.Process(target=child) for _ in range(3)]
    for process in children:
        process.start()
    granted = [answers.get(timeout=60) for _ in children]
    for process in children:
        process.join()
    assert sum(granted) == 10


@pytest.fixture(scope="module")
def quick_hub(tmp_path_factory: pytest.TempPathFactory) -> Hub:
    hub = Hub(f"sqlite:///{tmp_path_factory.mktemp('budget') / 'hub.db'}")
    sa.event.listen(hub.engine, "connect", lambda raw, _record: raw.execute("PRAGMA synchronous=OFF"))
    schema.migrate(hub)
    return hub


@settings(max_examples=30)
@given(
    rate=st.decimals("0.01", "50", places=3),
    capacity=st.integers(1, 20),
    steps=st.lists(st.tuples(st.integers(0, 5_000_000), st.integers(1, 20)), max_size=15),
)
def test_never_more_than_capacity_and_growth_and_always_at_the_instant_named(
    quick_hub: Hub, rate: Decimal, capacity: int, steps: list[tuple[int, int]]
) -> None:
    clock = quick_hub.clock = Clock()
    with quick_hub.begin() as tx:
        tx.exec_driver_sql("DELETE FROM budget")
    budget, granted = Budget(quick_hub, "xero", "minute", Decimal(capacity), rate), 0
    for wait, wanted in steps:
        clock.now += timedelta(microseconds=wait)
        tokens = min(wanted, capacity)
        answer = budget.take(tokens)
        if answer is not None:
            assert answer > clock.now
            clock.now = answer
            assert budget.take(tokens) is None
        granted += tokens
        elapsed = Decimal((clock.now - START) // timedelta(microseconds=1)).scaleb(-6)
        assert granted <= capacity + elapsed * rate


def test_a_limit_that_is_told_with_status_200_holds_every_process_of_the_connection(
    hub: Hub, clock: Clock, hub_url: str, tmp_path: Path
) -> None:
    shop = ShopifySimulator(1)
    answer = shop.handle
    cost = {"requestedQueryCost": 900, "throttleStatus": {"maximumAvailable": 1000, "currentlyAvailable": 0, "restoreRate": 30}}
    fast = [Response(200, {"errors": [{"message": "Throttled", "extensions": {"code": "THROTTLED"}}], "extensions": {"cost": cost}})]
    shop.handle = lambda request: fast.pop() if fast else answer(request)  # type: ignore[method-assign]
    slept: list[float] = []
    met: list[datetime | None] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        other = Hub(hub_url, clock)
        met.append(surroundings(other, tmp_path, "shop", SHOPIFY).budget("/graphql"))
        other.close()
        clock.now += timedelta(seconds=seconds)

    around = replace(surroundings(hub, tmp_path, "shop", SHOPIFY), safe=Pocket({"access_token": TOKEN}), sleep=sleep)
    with straight(shop) as url:
        client = Client(ShopifyConfig(base_url=url, private_network=True), around)
        assert client.ask(queries.WRITABLE)["locations"]["nodes"]
    assert slept[0] == 30
    assert met[0] == START + 30 * SECOND
