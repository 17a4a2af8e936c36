"""Every simulated system at once: each on a loopback port, with a past from one seed, on a clock that goes as ours does."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from taps._kit.registry import installed
from taps._kit.simulator import Simulator, serve
from taps._kit.trial import Going, Trial, trials

_TARGETS = "counterfoil.targets"
_MOST_AT_ONCE = 50
_AGO = 10
"""Minutes since everything has been there: what some systems show late is shown by now."""


@dataclass(frozen=True)
class System:
    """One simulated system that is being served."""

    name: str
    trial: Trial
    simulator: Simulator
    url: str

    def facts(self) -> dict[str, Any]:
        """What another program needs to connect. The secrets open nothing but this simulator."""
        config = self.trial.config(self.url)
        written = {"target": self.name, "config": config | dict(self.trial.writes)} if self.name in installed(_TARGETS) else None
        return {
            "name": self.name,
            "url": self.url,
            "reads": {"tap": self.name, "config": config},
            "writes": written,
            "secrets": dict(self.trial.secrets),
        }


@dataclass(frozen=True, slots=True)
class Wishes:
    """How the sandbox is to be."""

    orders: int = 300
    seed: int = 0
    port_base: int = 0
    """The port of the first system; the others follow. 0: any that are free."""
    faults: float = 0.0
    """The chance that a call goes wrong: 0 to 1."""
    live: float = 0.0
    """Seconds from one event to the next in each system where something happens by itself. 0: nothing does."""


@contextmanager
def served(wishes: Wishes, chosen: Mapping[str, Trial] | None = None) -> Iterator[list[System]]:
    """Serve every system that can be tried, in the order of names, until the block ends. Raises Misconfigured without uvicorn."""
    with ExitStack() as stack:
        made = []
        for place, (name, trial) in enumerate((trials() if chosen is None else chosen).items()):
            simulator = _made(name, trial, wishes)
            port = wishes.port_base + place if wishes.port_base else 0
            made.append(System(name, trial, simulator, stack.enter_context(serve(simulator, port))))
        yield made


def _made(name: str, trial: Trial, wishes: Wishes) -> Simulator:
    clock = Going()
    clock.forward(minutes=-_AGO)
    simulator = trial.make(clock, wishes.seed, wishes.orders)
    clock.as_ours()
    chance = random.Random(f"{wishes.seed}/{name}")  # noqa: S311 (events that can be repeated)
    simulator.faults.chance, simulator.faults.random = wishes.faults, chance
    if wishes.live and trial.happen is not None:
        life = Life(clock(), timedelta(seconds=wishes.live))
        happen = partial(trial.happen, simulator, chance)
        simulator.interludes.append(lambda _request: life.go_on(clock(), happen))
    return simulator


class Life:
    """What happens by itself: so many events as are due are made up for when somebody next looks."""

    def __init__(self, now: datetime, every: timedelta) -> None:
        self._next = now + every
        self._every = every

    def go_on(self, now: datetime, happen: Callable[[], None]) -> None:
        """Let happen what is due; at most fifty at once, for whoever looks again after a pause."""
        due = min(int((now - self._next) / self._every) + 1, _MOST_AT_ONCE) if now >= self._next else 0
        for _ in range(due):
            happen()
        if due:
            self._next = now + self._every
