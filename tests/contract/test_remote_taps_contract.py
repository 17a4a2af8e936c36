"""What every tap over HTTP must do, against its simulator: after each run the heads are what the system holds, whatever happened.

The hub's part is played by `Heads`: it keeps the newest record of each key, forgets what is told to be gone, and hands the last State back.
"""

from __future__ import annotations

import contextlib
import json
import random
from collections.abc import Callable, Iterator
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from taps._kit.edge import Throttled
from taps._kit.errors import CounterfoilError, Misconfigured, Retryable
from taps._kit.reader import Complete, Damaged, Reader, Record, State, Tombstone
from taps._kit.registry import tap
from taps._kit.simulator import Simulator, serve
from taps._kit.surroundings import Pocket, Surroundings
from tests.contract.samples.remote_tap import RemoteTapSample

FOLDER = Path(__file__).parent / "samples"
SAMPLES: dict[str, RemoteTapSample] = {
    path.stem.removeprefix("source_"): import_module(f"tests.contract.samples.{path.stem}").sample() for path in FOLDER.glob("source_*.py")
}
SYSTEMS = sorted(SAMPLES)
HISTORIES = 12
EVENTS = 30


class Heads:
    """What the hub holds of one stream."""

    def __init__(self, sample: RemoteTapSample) -> None:
        self._sample = sample
        self.bodies: dict[str, dict[str, Any]] = {}
        self.state: dict[str, Any] | None = None
        self.read = 0
        self._seen: set[str] = set()

    def take(self, reader: Reader, around: Surroundings, most: int | None = None) -> int:
        """Read on; stop after `most` messages as a killed process does: what came after the last State is forgotten."""
        kept, seen, count = dict(self.bodies), set(self._seen), 0
        for message in reader.read(self._sample.stream, json.loads(json.dumps(self.state)), around):
            if most is not None and count >= most:
                return count
            count += 1
            match message:
                case Record():
                    kept[message.key or ""] = json.loads(json.dumps(message.body, default=str))
                    seen.add(message.key or "")
                case Tombstone():
                    kept.pop(message.key, None)
                case Complete():
                    kept = {key: body for key, body in kept.items() if key in seen}
                    seen = set()
                case Damaged():
                    raise AssertionError(message.problem.say)
                case State():
                    assert message.read >= self.read, "a reader counts over its whole life"
                    self.bodies, self.state, self.read, self._seen = dict(kept), message.value, message.read, set(seen)
        return count

    @property
    def versions(self) -> dict[str, str]:
        return {key: self._sample.version_of(body) for key, body in self.bodies.items()}


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


def surroundings(simulator: Simulator, secrets: dict[str, str]) -> Surroundings:
    return Surroundings(clock=simulator.clock, safe=Pocket(dict(secrets)), sleep=simulator.clock.sleep)


@pytest.fixture
def heads(sample: RemoteTapSample) -> Heads:
    return Heads(sample)


def settle(simulator: Simulator) -> None:
    """Let what the system shows late become visible."""
    simulator.clock.forward(minutes=10)


def until_done(heads: Heads, reader: Reader, around: Surroundings) -> None:
    """Run as a scheduler does: again, when it failed in a way that may go better."""
    for _ in range(20):
        try:
            heads.take(reader, around)
        except Throttled as told:
            around.clock.now = max(around.clock(), told.not_before) + timedelta(seconds=1)  # type: ignore[attr-defined]
        except Retryable:
            around.clock.forward(minutes=1)  # type: ignore[attr-defined]
        else:
            return
    raise AssertionError("it never gets through")


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
def test_after_each_run_of_any_history_the_heads_are_what_the_system_holds(seed, sample, simulator, reader, around, heads):
    chance = random.Random(seed)
    happen = sample.happen or _events(sample)
    if seed % 4 == 0:
        simulator.faults.chance, simulator.faults.random = 0.15, random.Random(seed)
    for _ in range(6):
        for _ in range(chance.randrange(1, EVENTS // 3)):
            happen(simulator, chance)
            simulator.clock.forward(seconds=chance.choice((0, 0, 1, 30)))
        settle(simulator)
        until_done(heads, reader, around)
        assert heads.versions == sample.truth(simulator)


def _events(sample: RemoteTapSample) -> Callable[[Simulator, random.Random], None]:
    def happen(simulator: Simulator, chance: random.Random) -> None:
        keys = sorted(sample.truth(simulator))
        what = chance.choice(("add", "change", "change", "delete"))
        if what == "add" or len(keys) < 3:
            sample.add(simulator)
        elif what == "delete" and sample.delete:
            sample.delete(simulator, chance.choice(keys))
        else:
            sample.change(simulator, chance.choice(keys))

    return happen
