"""What every registered tap must do, whatever its source: the reader protocol, held to its word.

A tap that is registered and has no sample (`tests/contract/samples/tap_NAME.py`) fails.
"""

from __future__ import annotations

import dataclasses
import importlib
import json
from collections import Counter
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from pydantic import ValidationError

from mappings.problem import CODES, Problem
from taps._kit import points
from taps._kit.errors import Misconfigured
from taps._kit.facts import Evidence, Facts
from taps._kit.reader import Complete, Damaged, Message, Notice, Reader, Record, Start, State
from taps._kit.registry import TapType, taps
from tests.contract.samples.tap_sample import TapSample

TAPS = {name: kind for name, kind in taps().items() if "private_network" not in kind.config.model_fields}
"""Those that read what lies here; what is spoken to over HTTP has its contract in test_remote_taps_contract.py."""
ROOT = Path(__file__).parents[2]
MOST = 2_000
"""Rows between two States."""


@pytest.fixture(params=sorted(TAPS))
def tap(request: pytest.FixtureRequest) -> TapType:
    """Each registered tap."""
    return TAPS[request.param]


@pytest.fixture
def source(tap: TapType, tmp_path: Path) -> TapSample:
    """Its sample, in a home folder of its own."""
    sample: TapSample = importlib.import_module(f"tests.contract.samples.tap_{tap.name}").sample(tmp_path)
    return sample


def built(tap: TapType, source: TapSample, config: dict[str, Any] | None = None) -> Reader:
    return tap.build(tap.config.model_validate(config or source.config), source.home)


def read(tap: TapType, source: TapSample, state: State | None = None) -> list[Message]:
    """Read on from a state as the hub gives it back: through JSON, to a reader that knows nothing else."""
    value = json.loads(json.dumps(state.value)) if state else None
    return list(built(tap, source).read(source.stream, value, source.around))


def handed(messages: list[Message]) -> list[Record | Damaged]:
    return [message for message in messages if isinstance(message, Record | Damaged)]


def states(messages: list[Message]) -> list[State]:
    return [message for message in messages if isinstance(message, State)]


def of(message: Record | Damaged) -> str:
    """A row as text that can be counted."""
    return repr(sorted(message.body.items())) if isinstance(message, Record) else f"damaged {message.where}"


def is_said(problem: Problem) -> bool:
    return problem.code in CODES and problem.say.strip().endswith(".") and problem.fix.strip().endswith(".")


# ── what it says of itself ──


def test_it_is_named_and_its_facts_are_complete(tap: TapType) -> None:
    assert tap.name == tap.facts.system
    assert tap.title == tap.facts.title != ""
    fields = {field.name for field in dataclasses.fields(Facts)}
    assert set(tap.facts.evidence) <= fields
    assert all(isinstance(evidence, Evidence) for evidence in tap.facts.evidence.values())
    assert tap.facts.batch >= 1
    assert (ROOT / "docs" / "connectors" / f"{tap.name}.md").is_file(), "each connector has a page"


def test_its_configuration_is_strict_and_described(tap: TapType, source: TapSample) -> None:
    assert tap.config.model_config.get("extra") == "forbid"
    tap.config.model_validate(source.config)
    for config in source.refused:
        with pytest.raises(ValidationError):
            tap.config.model_validate(config)
    Draft202012Validator.check_schema(tap.config.model_json_schema())


def test_it_discovers_its_streams(tap: TapType, source: TapSample) -> None:
    streams = {stream.name: stream for stream in built(tap, source).streams()}
    stream = streams[source.stream]
    Draft202012Validator.check_schema(stream.schema)
    assert stream.schema["properties"], "a stream without columns tells a mapping nothing"
    assert set(stream.key_properties) <= set(stream.schema["properties"])
    assert all(note.endswith(".") for note in stream.notes)
    seen = {column for row in handed(read(tap, source)) if isinstance(row, Record) for column in row.body}
    assert seen <= set(stream.schema["properties"])


def test_a_good_configuration_passes_the_check(tap: TapType, source: TapSample) -> None:
    assert built(tap, source).check() == []


def test_a_bad_configuration_is_found_by_the_check(tap: TapType, source: TapSample) -> None:
    for config, code in source.broken:
        problems = built(tap, source, config).check()
        assert code in [problem.code for problem in problems]
        assert all(is_said(problem) for problem in problems)


def test_a_stream_that_is_not_there_is_refused(tap: TapType, source: TapSample) -> None:
    with pytest.raises(Misconfigured):
        list(built(tap, source).read("no_such_stream", None, source.around))


# ── what it hands out ──


def test_the_count_is_what_was_handed_out(tap: TapType, source: TapSample) -> None:
    messages = read(tap, source)
    rows = 0
    for message in messages:
        rows += isinstance(message, Record | Damaged)
        if isinstance(message, State):
            assert message.read == rows
    assert rows == source.rows


def test_a_read_ends_with_a_state_and_has_one_every_2000_rows(tap: TapType, source: TapSample) -> None:
    messages = read(tap, source)
    assert isinstance(messages[-1], State)
    since = 0
    for message in messages:
        since = 0 if isinstance(message, State) else since + isinstance(message, Record | Damaged)
        assert since <= MOST


def test_bodies_hold_no_binary_float_and_nothing_else_that_cannot_be_stored(tap: TapType, source: TapSample) -> None:
    def sound(value: Any) -> bool:
        if isinstance(value, dict):
            return all(isinstance(name, str) and sound(part) for name, part in value.items())
        if isinstance(value, list):
            return all(map(sound, value))
        if isinstance(value, str):
            return "\0" not in value and value.encode().decode() == value
        return value is None or type(value) in (bool, int, Decimal, date, datetime)

    records = [message for message in read(tap, source) if isinstance(message, Record)]
    assert records
    for record in records:
        assert sound(dict(record.body)), record


def test_damaged_rows_are_counted_and_named(tap: TapType, source: TapSample) -> None:
    damaged = [message for message in read(tap, source) if isinstance(message, Damaged)]
    assert len(damaged) == source.damaged
    for bad in damaged:
        assert is_said(bad.problem)
        assert bad.where
        assert "\0" not in bad.raw
        assert bad.raw.encode()


def test_equal_rows_are_each_handed_out(tap: TapType, source: TapSample) -> None:
    rows = Counter(of(row) for row in handed(read(tap, source)) if isinstance(row, Record) and row.key is None)
    assert sum(count - 1 for count in rows.values()) == source.twice


def test_what_is_called_whole_was_handed_out(tap: TapType, source: TapSample) -> None:
    rows: Counter[str] = Counter()
    started: set[str] = set()
    for message in read(tap, source):
        match message:
            case Start(scope):
                assert rows[scope] == 0, "a scope starts before its first row"
                started.add(scope)
            case Record() | Damaged():
                rows[message.scope] += 1
            case Complete(scope, count):
                assert scope in started
                assert count == rows[scope] > 0
    assert started


# ── reading on ──


def test_nothing_new_gives_no_rows(tap: TapType, source: TapSample) -> None:
    first = read(tap, source)
    again = read(tap, source, states(first)[-1])
    assert handed(again) == []
    assert not [message for message in again if isinstance(message, Complete | Start)]
    assert states(again)[-1].read == source.rows


def test_what_is_new_is_read_and_the_count_goes_on(tap: TapType, source: TapSample) -> None:
    first = read(tap, source)
    added = [repr(sorted(body.items())) for body in source.add()]
    second = read(tap, source, states(first)[-1])
    assert not Counter(added) - Counter(of(row) for row in handed(second))
    assert states(second)[-1].read == source.rows + len(handed(second))


def test_it_goes_on_after_every_state(tap: TapType, source: TapSample) -> None:
    """Killed after any State, a new reader hands out what is left: each row once, in the same order, and the same may be called whole."""
    whole = read(tap, source)
    rows = [of(row) for row in handed(whole)]
    complete = [message for message in whole if isinstance(message, Complete)]
    points_on_the_way = states(whole)
    assert len(points_on_the_way) > 1, "the sample is longer than one State"
    for state in points_on_the_way:
        rest = read(tap, source, state)
        assert [of(row) for row in handed(rest)] == rows[state.read :]
        assert states(rest)[-1].read == source.rows
        told = [message for message in whole[: whole.index(state)] if isinstance(message, Complete)]
        assert told + [message for message in rest if isinstance(message, Complete)] == complete


def test_a_state_that_was_handed_out_does_not_change(tap: TapType, source: TapSample) -> None:
    then: list[tuple[State, str]] = []
    for message in built(tap, source).read(source.stream, None, source.around):
        then += [(message, repr(message))] if isinstance(message, State) else []
    assert all(repr(state) == text for state, text in then)


def test_a_state_is_plain_json(tap: TapType, source: TapSample) -> None:
    for state in states(read(tap, source)):
        assert json.loads(json.dumps(state.value)) == state.value


def test_a_state_from_the_future_stops_with_a_sentence(tap: TapType, source: TapSample) -> None:
    last = states(read(tap, source))[-1]
    with pytest.raises(Misconfigured) as stopped:
        read(tap, source, State(source.future(last.value), last.read))
    assert stopped.value.say.endswith(".")


def test_garbage_for_a_state_stops_with_a_sentence(tap: TapType, source: TapSample) -> None:
    with pytest.raises(Misconfigured):
        read(tap, source, State({"something": "else"}, 0))


def test_new_columns_are_told_of_and_the_rows_flow(tap: TapType, source: TapSample) -> None:
    first = read(tap, source)
    column = source.drift()
    second = read(tap, source, states(first)[-1])
    told = [message.problem for message in second if isinstance(message, Notice)]
    assert "READ-SCHEMA" in [problem.code for problem in told]
    assert column in " ".join(problem.say for problem in told)
    assert all(is_said(problem) for problem in told)
    assert any(column in row.body for row in handed(second) if isinstance(row, Record))


def test_each_page_passes_the_crash_point_before_it_is_handed_out(tap: TapType, source: TapSample) -> None:
    passed = 0

    def count() -> None:
        nonlocal passed
        passed += 1

    points.arm("L1", count)
    try:
        for message in built(tap, source).read(source.stream, None, source.around):
            if isinstance(message, Record | Damaged):
                assert passed > 0
        assert passed >= source.rows / MOST
    finally:
        points.disarm()
