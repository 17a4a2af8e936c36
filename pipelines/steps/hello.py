"""Saying hello to a connection: whether it can be used, and what it offers. Reads from the other system; writes nothing there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mappings.problem import Problem
from pipelines.home.load import Home
from pipelines.hub.around import surroundings
from pipelines.hub.store import Hub
from taps._kit.errors import CounterfoilError
from taps._kit.facts import Facts
from taps._kit.registry import tap
from taps._kit.surroundings import Surroundings
from targets._kit.registry import target


@dataclass(frozen=True, slots=True)
class Greeting:
    """What came back. `offers` is the system's own list of accounts, tax codes, locations; empty for a source."""

    problems: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()
    offers: Mapping[str, Any] = field(default_factory=dict)


def greet(home: Home, hub: Hub | None, name: str) -> Greeting:
    """Greet the connection of that name. Without a hub there are no secrets: a system behind a log-in then says which to set."""
    try:
        return _greet_tap(home, hub, name) if name in home.taps else _greet_target(home, hub, name)
    except CounterfoilError as wrong:
        problem = Problem("CONNECT-DENIED", wrong.say, f"See the page of its connector, then ask again: counterfoil connect {name}")
        return Greeting((problem,))


def around(home: Home, hub: Hub | None, name: str, facts: Facts) -> Surroundings:
    """What the connection is handed, from the hub where there is one."""
    return surroundings(hub, home.path, name, facts) if hub is not None else Surroundings()


def _greet_tap(home: Home, hub: Hub | None, name: str) -> Greeting:
    connection = home.taps[name]
    kind = tap(connection.tap)
    reader = kind.build(kind.config.model_validate(connection.config), home.path)
    problems = reader.check(around(home, hub, name, kind.facts))
    notes = [f"{each.name}: {note}" for each in reader.streams() for note in each.notes] if not problems else []
    return Greeting(tuple(problems), tuple(notes))


def _greet_target(home: Home, hub: Hub | None, name: str) -> Greeting:
    connection = home.targets[name]
    kind = target(connection.target)
    writer = kind.build(kind.config.model_validate(connection.config), home.path)
    if not kind.facts.linked:
        return Greeting(tuple(writer.check()))
    writer.open(None, around(home, hub, name, kind.facts))
    try:
        return Greeting(tuple(writer.check()), offers=writer.metadata().values)
    finally:
        writer.close()
