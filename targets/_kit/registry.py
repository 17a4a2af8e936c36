"""Which targets there are, found through entry points like the taps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from taps._kit.errors import Misconfigured
from taps._kit.facts import Facts
from taps._kit.oauth import OAuth
from taps._kit.registry import installed, meant
from targets._kit.writer import Writer

_GROUP = "counterfoil.targets"


@dataclass(frozen=True, slots=True)
class TargetType:
    """One kind of destination. `kinds` are the representations it can write: invoice, credit_note, stock_movement, ..."""

    name: str
    title: str
    config: type[BaseModel]
    facts: Facts
    kinds: tuple[str, ...]
    build: Callable[[Any, Path], Writer]
    oauth: Callable[[Any], OAuth | None] | None = None
    """From the configuration, where a person must give consent in a browser first."""
    unwilling: Callable[[Any, str], str] | None = None
    """From the configuration and one of `kinds`: why such a thing is not written as configured; '' where it is."""


def targets() -> dict[str, TargetType]:
    """Every target that is installed, by name, in the order of names."""
    return {name: entry.load() for name, entry in installed(_GROUP).items()}


def target(name: str) -> TargetType:
    """The target of that name. Raises Misconfigured with the names there are."""
    found = installed(_GROUP)
    if name not in found:
        raise Misconfigured(f"There is no target {name!r}{meant(name, found, 'targets')}")
    loaded: TargetType = found[name].load()
    return loaded
