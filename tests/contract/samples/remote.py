"""What a target over HTTP tells the contract suite. Each brings `tests/contract/samples/target_NAME.py` with `sample() -> RemoteSample`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from taps._kit.simulator import Request, Simulator
from targets._kit.writer import Verb


@dataclass(frozen=True)
class Case:
    """One kind of document at that target. Fields are those of `Intent`."""

    kind: str
    change: Verb
    remove: Verb
    first: dict[str, Any]
    changed: dict[str, Any]
    """The desired state in a later revision."""
    effect: Decimal
    changed_effect: Decimal
    """New − old."""
    unit: str
    unfit: dict[str, Any]
    """Replaces fields of `first` with something that `prepare` must hold: a missing account, an item or parent that is not there."""
    refused: dict[str, Any]
    """Replaces fields of `first` with something that only the system itself can refuse, for ever."""
    late: dict[str, Any] | None = None
    """Replaces fields of `first` with a date in the closed period; None where the system closes none for this kind."""


@dataclass(frozen=True)
class RemoteSample:
    """One target with its simulator."""

    target: str
    simulator: Callable[[], Simulator]
    """A fresh one, with what a customer has before the first sync: accounts, tax codes, items, a parent to pay."""
    config: Callable[[str], dict[str, Any]]
    """The connection's configuration for a simulator under that URL."""
    secrets: dict[str, str]
    wrong_secrets: dict[str, str]
    cases: dict[str, Case]
    standing: Callable[[Simulator, str], int]
    """How many things of a kind (a case's name) stand in the simulator that were not there from the start; read from its state."""
    batch: int = 1
    """The largest number of documents of the first case that one call carries."""
    batches: dict[str, int] = field(default_factory=dict)
    """By case, how many documents one call of that system carries, where it is more than one; for the bench of calls."""
    steps: dict[str, int] = field(default_factory=dict)
    """By case, how many calls one document takes at the least, where that system wants several."""
    writes: Callable[[Request], bool] = lambda request: request.method != "GET"
    """Whether a call changes something."""
    numbered: Callable[[dict[str, Any], int], dict[str, Any]] = lambda document, _n: document
    """The n-th document of a case, where its number alone does not tell it from the others."""
    extra: dict[str, Any] = field(default_factory=dict)
    """Intent fields for every case: `related`, `walk_in`."""
    names: frozenset[str] | None = None
    """Cases that cannot be written while the customer, employee, item or parent that they name does not stand there. None: not stated."""


REAL = {"tryton": "tests/real/test_tryton.py"}
"""Targets without a simulator: the same points are asked of the real server by this file, in `make prove`. A simulator of ours would
only repeat what we believe of a system that anybody can run."""
