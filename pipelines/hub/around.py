"""What a connector is handed: the hub's clock, its connection's secrets, and its share of the system's call limits."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_DOWN, Decimal
from functools import cached_property
from pathlib import Path

from pipelines.hub import keys
from pipelines.hub.budget import Budget
from pipelines.hub.store import Hub
from pipelines.hub.vault import Vault, credential_lock
from taps._kit.facts import Facts, Limit
from taps._kit.surroundings import Surroundings


class ConnectionSafe:
    """The secrets of one connection in the hub's vault. The master key is asked for when the first secret is."""

    def __init__(self, hub: Hub, home: Path, connection: str) -> None:
        self._hub = hub
        self._home = home
        self._connection = connection

    @cached_property
    def _vault(self) -> Vault:
        return Vault(self._hub, keys.load(self._home))

    def lock(self) -> AbstractContextManager[object]:
        """The one right to refresh."""
        return credential_lock(self._hub, self._connection)

    def secrets(self) -> Mapping[str, str]:
        """The newest value of each."""
        return {name: secret.reveal() for name, secret in self._vault.secrets(self._connection).items()}

    def store(self, name: str, value: str) -> None:
        """Seal a new version; committed when this returns."""
        self._vault.store(self._connection, name, value)


_KEPT = Decimal("0.000001")
"""What the hub keeps of a rate."""
_NONE_STATED = (Limit(1_000, timedelta(seconds=1)),)
"""For a system that names no limit: its bucket is there for the day when it says "not before"."""


@dataclass(frozen=True, slots=True)
class Share:
    """All limits of a system, shared by every process of the connection: a call must fit into each that counts it."""

    budgets: tuple[tuple[Limit, Budget], ...]
    """At least one."""

    def __call__(self, path: str) -> datetime | None:
        """Take one call to that path: None is "go ahead", an instant is "not before"."""
        for limit, budget in self.budgets:
            not_before = budget.take() if limit.counts(path) else None
            if not_before is not None:
                return not_before
        return None

    def hold(self, not_before: datetime) -> None:
        """Let nobody call before an instant that the system named."""
        _limit, first = self.budgets[0]
        first.hold_until(not_before)


def surroundings(hub: Hub, home: Path, connection: str, facts: Facts) -> Surroundings:
    """Clock, secrets and limits of one connection."""
    share = Share(tuple((limit, _budget(hub, connection, place, limit)) for place, limit in enumerate(facts.limits or _NONE_STATED)))
    return Surroundings(clock=hub.clock, safe=ConnectionSafe(hub, home, connection), budget=share, hold=share.hold)


def _budget(hub: Hub, connection: str, place: int, limit: Limit) -> Budget:
    per_second = (Decimal(limit.calls) / Decimal(str(limit.window.total_seconds()))).quantize(_KEPT, ROUND_DOWN)
    return Budget(hub, connection, f"limit {place}", Decimal(limit.calls), per_second)
