"""What every tap over HTTP must do, against its simulator: after each run the heads are what the system holds, whatever happened."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from taps._kit.edge import Throttled
from taps._kit.errors import CounterfoilError, Misconfigured, Retryable
from taps._kit.reader import Reader, Record
from taps._kit.registry import tap
from taps._kit.simulator import Simulator, serve
from taps._kit.surroundings import Surroundings
from tests._kit.histories import SAMPLES, Heads, live_through, settle, surroundings, until_done
from tests.contract.samples.remote_tap import RemoteTapSample

SYSTEMS = sorted(SAMPLES)
HISTORIES = 12
"""Histories of each system here; 200 are in tests/real."""


@pytest.fixture
def sample(name: str) -> RemoteTapSample:
    return SAMPLES[name]


@pytest.fixture
def simulator(sample: RemoteTapSample) -> Simulator:
    return sample.simulator()


@pytest.fixture
def url(simulator: Simulator) -> Iterator[str]:
    with serve(simulator) as address:
        yield address


@pytest.fixture
def reader(sample: RemoteTapSample, url: str, tmp_path: Path) -> Reader:
    kind = tap(sample.tap)
    return kind.build(kind.config.model_validate(sample.config(url)), tmp_path)


@pytest.fixture
def around(sample: RemoteTapSample, simulator: Simulator) -> Surroundings:
    return surroundings(simulator, sample.secrets)


@pytest.fixture
def heads(sample: RemoteTapSample) -> Heads:
    return Heads(sample)


pytestmark = pytest.mark.parametrize("name", SYSTEMS)


# ── log-in and discovery ──


def test_a_good_log_in_passes_the_check(reader, around):
    assert reader.check(around) == []


def test_a_wrong_log_in_is_told_without_its_secret(sample, simulator, reader):
    wrong = surroundings(simulator, sample.wrong_secrets)
    try:
        said = " ".join(problem.say + problem.fix for problem in reader.check(wrong))
    except Misconfigured as told:
        said = told.say
    assert said
    assert all(value not in said for value in sample.wrong_secrets.values())
    with pytest.raises(Misconfigured):
        list(reader.read(sample.stream, None, wrong))


def test_it_discovers_its_streams_and_hands_out_what_they_say(sample, reader, around):
    streams = {stream.name: stream for stream in reader.streams()}
    columns = set(streams[sample.stream].schema["properties"])
    bodies = [message.body for message in reader.read(sample.stream, None, around) if isinstance(message, Record)]
    assert bodies
    assert {column for body in bodies for column in body} <= columns


def test_a_stream_that_is_not_there_is_refused(reader, around):
    with pytest.raises(Misconfigured):
        list(reader.read("nonsense", None, around))


# ── full and incremental ──


def test_a_full_read_is_what_the_system_holds(sample, simulator, reader, around, heads):
    settle(simulator)
    heads.take(reader, around)
    assert heads.versions == sample.truth(simulator)


def test_a_second_read_finds_what_was_added_changed_and_deleted(sample, simulator, reader, around, heads):
    settle(simulator)
    heads.take(reader, around)
    first, second = sorted(heads.bodies)[:2]
    simulator.clock.forward(hours=1)
    sample.add(simulator)
    sample.change(simulator, first)
    if sample.delete:
        sample.delete(simulator, second)
    settle(simulator)
    heads.take(reader, around)
    assert heads.versions == sample.truth(simulator)


def test_a_quiet_read_changes_nothing_and_costs_few_calls(sample, simulator, reader, around, heads):
    settle(simulator)
    heads.take(reader, around)
    full = len(simulator.log)
    before = dict(heads.bodies)
    simulator.clock.forward(hours=1)
    heads.take(reader, around)
    assert heads.bodies == before
    assert len(simulator.log) - full <= full


def test_killed_anywhere_it_goes_on_and_ends_right(sample, simulator, reader, around, heads):
    settle(simulator)
    for most in (1, 2, 5, 9, 14):
        heads.take(reader, around, most)
        sample.add(simulator)
        simulator.clock.forward(seconds=1)
    settle(simulator)
    heads.take(reader, around)
    heads.take(reader, around)
    assert heads.versions == sample.truth(simulator)


def test_equal_instants_across_pages_and_runs_lose_nothing(sample, simulator, reader, around, heads):
    keys = [sample.add(simulator) for _ in range(7)]
    heads.take(reader, around)
    keys += [sample.add(simulator) for _ in range(7)]
    for key in keys[:3]:
        sample.change(simulator, key)
    settle(simulator)
    heads.take(reader, around)
    settle(simulator)
    heads.take(reader, around)
    assert heads.versions == sample.truth(simulator)


def test_rows_that_move_between_pages_are_not_lost(sample, simulator, reader, around, heads):
    settle(simulator)
    keys = sorted(sample.truth(simulator))
    moved: list[str] = []

    def move(request: Any) -> None:
        if len(moved) < 4 and len(simulator.log) > 1:
            moved.append(keys[len(moved)])
            simulator.clock.forward(seconds=1)
            sample.change(simulator, moved[-1])

    simulator.interludes.append(move)
    heads.take(reader, around)
    simulator.interludes.clear()
    settle(simulator)
    heads.take(reader, around)
    assert moved
    assert heads.versions == sample.truth(simulator)


def test_a_state_from_the_future_loses_nothing(sample, simulator, reader, around, heads):
    settle(simulator)
    heads.take(reader, around)
    heads.state = sample.future(heads.state or {})
    sample.add(simulator)
    settle(simulator)
    with contextlib.suppress(CounterfoilError):  # it may also say that it does not believe such a state
        heads.take(reader, around)
        assert heads.versions == sample.truth(simulator)


# ── faults ──


@pytest.mark.parametrize(
    ("fault", "how"),
    [
        ("drop_before", {}),
        ("drop_after", {}),
        ("truncate", {}),
        ("html", {}),
        ("status_before", {"status": 503, "times": 2}),
        ("throttle", {"retry_after": "7"}),
        ("throttle", {"retry_after": ""}),
        ("unauthorized", {}),
    ],
)
@pytest.mark.parametrize("page", [0, 1, 2])
def test_a_fault_while_paging_is_got_over(fault, how, page, sample, simulator, reader, around, heads):
    settle(simulator)
    simulator.faults.add(fault, skip=page, **how)
    try:
        until_done(heads, reader, around)
    except Misconfigured:
        assert fault == "unauthorized"  # a key that does not change: a person must look
        heads.take(reader, around)
    settle(simulator)
    heads.take(reader, around)
    assert heads.versions == sample.truth(simulator)


def test_a_limit_of_eighteen_hours_ends_the_run_and_tells_when(sample, simulator, reader, around):
    simulator.faults.add("throttle", retry_after="66975", times=50)
    before = simulator.clock()
    with pytest.raises(Throttled) as told:
        list(reader.read(sample.stream, None, around))
    assert told.value.not_before >= before + timedelta(seconds=66_975)
    assert simulator.clock() - before < timedelta(minutes=2)


def test_no_personal_value_in_an_error(sample, simulator, reader, around):
    simulator.faults.add("status_before", status=500, times=99)
    with pytest.raises(Retryable) as told:
        list(reader.read(sample.stream, None, around))
    for value in (sample.personal, *sample.secrets.values()):
        assert not value or value not in str(told.value)


# ── histories ──


@pytest.mark.parametrize("seed", range(HISTORIES))
def test_after_each_run_of_any_history_the_heads_are_what_the_system_holds(seed, sample, tmp_path):
    live_through(sample, seed, tmp_path)
