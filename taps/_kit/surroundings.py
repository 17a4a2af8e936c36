"""What a connector is handed from outside: clock, secrets, budget. Nothing else of the hub reaches it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol


def utc_now() -> datetime:
    """The clock of production; tests hand in another."""
    return datetime.now(UTC)


def unlimited(_path: str) -> datetime | None:
    """The budget of a system without limits: every call may go at once."""
    return None


def forgotten(_not_before: datetime) -> None:
    """What becomes of a limit that nobody shares: the one call that met it knows."""


class Safe(Protocol):
    """The secrets of one connection, where they are kept."""

    def lock(self) -> AbstractContextManager[object]:
        """Held around a refresh: one process at a time, freed by the kernel when its holder dies."""
        ...

    def secrets(self) -> Mapping[str, str]:
        """The newest value of each."""
        ...

    def store(self, name: str, value: str) -> None:
        """Keep a new value; it is committed when this returns."""
        ...


@dataclass(slots=True)
class Pocket:
    """Secrets that live as long as the process: for tests and for Singer runs, which no hub watches."""

    values: dict[str, str] = field(default_factory=dict, repr=False)

    def lock(self) -> AbstractContextManager[object]:
        """Nobody else is here."""
        return nullcontext()

    def secrets(self) -> Mapping[str, str]:
        """All of them."""
        return dict(self.values)

    def store(self, name: str, value: str) -> None:
        """Keep a new value."""
        self.values[name] = value


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a connector needs from the hub."""

    clock: Callable[[], datetime] = utc_now
    safe: Safe = field(default_factory=Pocket)
    """Secrets of the connection, by name; never logged."""
    budget: Callable[[str], datetime | None] = unlimited
    """Asked before each call, with its path: None is "go ahead", an instant is "not before"."""
    hold: Callable[[datetime], None] = forgotten
    """Told when the system says "not before": nobody of this connection calls until then."""
    sleep: Callable[[float], None] = time.sleep
    """Seconds."""
