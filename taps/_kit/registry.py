"""Which connectors there are: entry points, so that a third party's distribution is found like our own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from mappings.nearest import did_you_mean
from taps._kit.errors import Misconfigured
from taps._kit.facts import Facts
from taps._kit.oauth import OAuth
from taps._kit.reader import Reader
from taps._kit.totals import Totals

_GROUP = "counterfoil.taps"


@dataclass(frozen=True, slots=True)
class TapType:
    """One kind of source. `build` takes the validated configuration and the home folder (relative paths start there)."""

    name: str
    title: str
    config: type[BaseModel]
    facts: Facts
    build: Callable[[Any, Path], Reader]
    oauth: Callable[[Any], OAuth | None] | None = None
    """From the configuration, where a person must give consent in a browser first; None where this configuration needs none."""
    totals: Callable[[Any, Path], Totals] | None = None
    """What the system says of itself apart from the cursor, built as the reader is; None where nobody could ask it."""


@cache
def installed(group: str) -> Mapping[str, EntryPoint]:
    """Entry points of a group by name, in the order of names. Read once: each reading opens the metadata of every distribution."""
    return {entry.name: entry for entry in sorted(entry_points(group=group), key=lambda entry: entry.name)}


def meant(name: str, known: Iterable[str], what: str) -> str:
    """The end of a sentence about a name that is not there: the one that was probably meant, else all there are."""
    hint = did_you_mean(name, known)
    return f"; {hint}" if hint else f". Installed {what}: {', '.join(known)}."


def taps() -> dict[str, TapType]:
    """Every tap that is installed, by name, in the order of names."""
    return {name: entry.load() for name, entry in installed(_GROUP).items()}


def tap(name: str) -> TapType:
    """The tap of that name. Raises Misconfigured with the names there are."""
    found = installed(_GROUP)
    if name not in found:
        raise Misconfigured(f"There is no tap {name!r}{meant(name, found, 'taps')}")
    loaded: TapType = found[name].load()
    return loaded
