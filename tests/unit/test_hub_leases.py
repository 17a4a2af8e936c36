"""One worker at a time: numbers rise, an expired lease changes hands, and a worker that wakes late changes nothing."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from pipelines.hub import schema
from pipelines.hub.leases import LeaseLost, fence, live_numbers, release, renew, take
from pipelines.hub.ledger_tables import lease as table
from pipelines.hub.store import Hub, allocate
from pipelines.hub.tables import entity
from taps._kit.errors import Retryable

FORK = multiprocessing.get_context("fork")
MINUTE = timedelta(minutes=1)
START = datetime(2026, 3, 29, 0, 59, tzinfo=UTC)


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


def test_the_second_worker_gets_none_until_the_first_lets_go(hub: Hub) -> None:
    first = take(hub, "deliver books", "worker a", MINUTE)
    assert first
    assert (first.number, first.expires_at) == (1, START + MINUTE)
    assert take(hub, "deliver books", "worker b", MINUTE) is None
    other = take(hub, "deliver stock", "worker b", MINUTE)
    assert other
    assert other.number > first.number
    release(hub, first)
    third = take(hub, "deliver books", "worker b", MINUTE)
    assert third
    assert third.number > other.number


def test_an_expired_lease_changes_hands_under_a_higher_number(hub: Hub, clock: Clock) -> None:
    first = take(hub, "deliver books", "worker a", MINUTE)
    assert first
    clock.now += MINUTE - timedelta(microseconds=1)
    assert take(hub, "deliver books", "worker b", MINUTE) is None
    clock.now += timedelta(microseconds=1)
    second = take(hub, "deliver books", "worker b", MINUTE)
    assert second
    assert second.number > first.number
    with pytest.raises(LeaseLost):
        renew(hub, first)
    assert renew(hub, second).number == second.number


def test_an_expired_lease_that_nobody_took_goes_on(hub: Hub, clock: Clock) -> None:
    first = take(hub, "deliver books", "worker a", MINUTE)
    assert first
    clock.now += 10 * MINUTE
    assert renew(hub, first).expires_at == clock.now + MINUTE
    assert take(hub, "deliver books", "worker b", MINUTE) is None


def test_each_fence_extends_the_lease(hub: Hub, clock: Clock) -> None:
    first = take(hub, "deliver books", "worker a", MINUTE)
    assert first
    clock.now += timedelta(seconds=50)
    with hub.begin() as tx:
        assert fence(tx, first) == clock.now + MINUTE
    clock.now += timedelta(seconds=50)
    assert take(hub, "deliver books", "worker b", MINUTE) is None


def test_a_worker_that_wakes_late_changes_nothing(hub: Hub, clock: Clock) -> None:
    asleep = take(hub, "deliver books", "worker a", MINUTE)
    assert asleep
    clock.now += 2 * MINUTE
    assert take(hub, "deliver books", "worker b", MINUTE)

    def late() -> None:
        with hub.begin() as tx:
            tx.execute(sa.insert(entity).values(entity_id=uuid.uuid4(), type="party", created_at=clock.now))
            allocate(tx, "attempt", 5)
            fence(tx, asleep)

    with pytest.raises(LeaseLost, match="Another worker has taken over 'deliver books'"):
        late()
    with hub.begin() as tx:
        assert tx.execute(sa.select(sa.func.count()).select_from(entity)).scalar() == 0
        assert allocate(tx, "attempt", 1) == 1


def test_losing_a_lease_is_retryable() -> None:
    assert issubclass(LeaseLost, Retryable)


def test_nobody_takes_over_while_a_fenced_transaction_is_open(hub: Hub, clock: Clock) -> None:
    """The fence locks the lease's row (SQLite: the file): who wants to take over waits, and then finds it extended."""
    first = take(hub, "deliver books", "worker a", MINUTE)
    assert first
    clock.now += 2 * MINUTE
    answers: list[object] = []
    with hub.begin() as tx:
        fence(tx, first)
        taker = threading.Thread(target=lambda: answers.append(take(hub, "deliver books", "worker b", MINUTE)))
        taker.start()
        taker.join(timeout=0.3)
        assert taker.is_alive()
    taker.join(timeout=30)
    assert answers == [None]


def test_live_numbers_are_those_of_leases_that_run(hub: Hub, clock: Clock) -> None:
    early = take(hub, "a", "worker a", MINUTE)
    clock.now += timedelta(seconds=30)
    running, released = take(hub, "b", "worker b", MINUTE), take(hub, "c", "worker c", MINUTE)
    assert early
    assert running
    assert released
    release(hub, released)
    clock.now += timedelta(seconds=31)
    with hub.read() as tx:
        assert live_numbers(tx, clock.now) == {running.number}


def test_dead_leases_do_not_pile_up(hub: Hub) -> None:
    for _ in range(5):
        lease = take(hub, "deliver books", "worker a", MINUTE)
        assert lease
        release(hub, lease)
    with hub.read() as tx:
        assert tx.execute(sa.select(sa.func.count()).select_from(table)).scalar() == 1


def test_of_many_processes_exactly_one_gets_it(hub_url: str, hub: Hub) -> None:
    start, answers = FORK.Barrier(4), FORK.Queue()

    def child() -> None:
        own = Hub(hub_url)
        start.wait()
        lease = take(own, "deliver books", f"process {os.getpid()}", MINUTE)
        answers.put(lease.number if lease else 0)

    children = [FORK.Process(target=child) for _ in range(4)]
    for process in children:
        process.start()
    numbers = sorted(answers.get(timeout=60) for _ in children)
    for process in children:
        process.join()
    assert numbers[:3] == [0, 0, 0]
    assert numbers[3] > 0


def test_a_stopped_process_finds_its_lease_gone_when_it_goes_on(hub_url: str, hub: Hub) -> None:
    """SIGSTOP for longer than the lease, take-over, SIGCONT (faults.md, row 3)."""
    ready_r, ready_w = os.pipe()
    go_r, go_w = os.pipe()
    worker = os.fork()
    if worker == 0:
        own = Hub(hub_url)
        lease = take(own, "deliver books", "stopped", timedelta(milliseconds=50))
        assert lease
        os.write(ready_w, b"1")
        os.read(go_r, 1)
        try:
            with own.begin() as tx:
                allocate(tx, "attempt", 7)
                fence(tx, lease)
        except LeaseLost:
            os._exit(23)
        os._exit(0)
    os.read(ready_r, 1)
    os.kill(worker, signal.SIGSTOP)
    os.waitpid(worker, os.WUNTRACED)
    own = Hub(hub_url)
    taken = None
    while taken is None:
        taken = take(own, "deliver books", "taker", MINUTE)
    os.write(go_w, b"1")
    os.kill(worker, signal.SIGCONT)
    _, status = os.waitpid(worker, 0)
    assert os.waitstatus_to_exitcode(status) == 23
    with own.begin() as tx:
        assert fence(tx, taken)
        assert allocate(tx, "attempt", 1) == 1
    own.close()
