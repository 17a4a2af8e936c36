"""What a system's simulator tells the sandbox: how it is made with a past, how it is logged in to, and what may happen there.

The sandbox finds it without being told: for a tap whose entry point is `some.package:CONNECTOR` it looks for `some.package.trial:TRIAL`.
So a new connector, ours or a third party's, joins by having one; a tap without a simulator has none.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from taps._kit.registry import installed
from taps._kit.simulator import Clock, Simulator

_GROUP = "counterfoil.taps"


@dataclass(frozen=True, slots=True)
class Trial:
    """One system of the sandbox."""

    make: Callable[[Clock, int, int], Simulator]
    """From a clock, a seed and a number of orders, with a past that the seed decides. A system without orders has no use for the number."""
    config: Callable[[str], dict[str, Any]]
    """The configuration of the tap for a simulator under that address."""
    secrets: Mapping[str, str]
    """What one logs in with. They open nothing but the simulator, and are shown."""
    writes: Mapping[str, Any] = field(default_factory=dict)
    """Settings that the target of the same system wants besides, where it has one."""
    accounts: Mapping[str, str] = field(default_factory=dict)
    """For a system that keeps books: its account for each role of the posting table."""
    lookups: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Lookup tables that its shipped mappings want of a home folder, by name."""
    happen: Callable[[Any, random.Random], None] | None = None
    """One event of that system's life, now: somebody buys, somebody is hired. None where everything that happens there is ours."""


def trials() -> dict[str, Trial]:
    """Every system that can be tried, by the name of its tap, in the order of names."""
    found: dict[str, Trial] = {}
    for name, entry in installed(_GROUP).items():
        module = f"{entry.module}.trial"
        if find_spec(module) is not None:
            found[name] = import_module(module).TRIAL
    return found


class Going(Clock):
    """A clock that goes as ours does, and may be moved like the one that stands."""

    def __init__(self) -> None:
        self._ahead = timedelta(0)

    @property
    def now(self) -> datetime:
        """The time, as far ahead as it was moved."""
        return datetime.now(UTC) + self._ahead

    @now.setter
    def now(self, moment: datetime) -> None:
        self._ahead = moment - datetime.now(UTC)

    def __call__(self) -> datetime:
        return self.now

    def sleep(self, seconds: float) -> None:
        """Nobody waits for a simulated system."""
        self.forward(seconds=seconds)

    def as_ours(self) -> None:
        """Back to our time, once a past has been made."""
        self._ahead = timedelta(0)
