"""Which connectors there are: entry points, so that a third party's distribution is found like our own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from taps._kit.errors import Misconfigured
from taps._kit.facts import Facts
from taps._kit.reader import Reader


@dataclass(frozen=True, slots=True)
class TapType:
    """One kind of source. `build` takes the validated configuration and the home folder (relative paths start there)."""

    name: str
    title: str
    config: type[BaseModel]
    facts: Facts
    build: Callable[[Any, Path], Reader]


def taps() -> dict[str, TapType]:
    """Every tap that is installed, by name, in the order of names."""
    found = {}
    for entry in sorted(entry_points(group="counterfoil.taps"), key=lambda entry: entry.name):
        found[entry.name] = entry.load()
    return found


def tap(name: str) -> TapType:
    """The tap of that name. Raises Misconfigured with the names there are."""
    for entry in entry_points(group="counterfoil.taps", name=name):
        loaded: TapType = entry.load()
        return loaded
    known = ", ".join(sorted(entry.name for entry in entry_points(group="counterfoil.taps")))
    raise Misconfigured(f"There is no tap {name!r}. Installed taps: {known}.")
