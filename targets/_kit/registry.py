"""Which targets there are, found through entry points like the taps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from taps._kit.errors import Misconfigured
from taps._kit.facts import Facts
from targets._kit.writer import Writer


@dataclass(frozen=True, slots=True)
class TargetType:
    """One kind of destination. `kinds` are the representations it can write: invoice, credit_note, stock_movement, ..."""

    name: str
    title: str
    config: type[BaseModel]
    facts: Facts
    kinds: tuple[str, ...]
    build: Callable[[Any, Path], Writer]


def targets() -> dict[str, TargetType]:
    """Every target that is installed, by name, in the order of names."""
    found = {}
    for entry in sorted(entry_points(group="counterfoil.targets"), key=lambda entry: entry.name):
        found[entry.name] = entry.load()
    return found


def target(name: str) -> TargetType:
    """The target of that name. Raises Misconfigured with the names there are."""
    for entry in entry_points(group="counterfoil.targets", name=name):
        loaded: TargetType = entry.load()
        return loaded
    known = ", ".join(sorted(entry.name for entry in entry_points(group="counterfoil.targets")))
    raise Misconfigured(f"There is no target {name!r}. Installed targets: {known}.")
