"""Crash points: named places where the fault suite stops the process. In production each is one dictionary look-up."""

from __future__ import annotations

from collections.abc import Callable

POINTS = ("L1", "L2", "M1", "O1", "O2", "H1", "H2", "H3", "B1", "G1", "T1")
"""L1 page fetched, not landed. L2 landed, before commit. M1 mapped, before the outbox commits. O1 outbox committed, unclaimed.
O2 claimed and in doubt, before the send. H1 sent, no answer (files and databases: written, not yet durable). H2 answered, before the
receipt commits. H3 receipt committed. B1 inside a batch. G1 inside a migration. T1 new token answered, not stored."""

_armed: dict[str, Callable[[], None]] = {}


def at(point: str) -> None:
    """Pass a crash point. Does nothing unless a test armed it."""
    action = _armed.get(point)
    if action is not None:
        action()


def arm(point: str, action: Callable[[], None]) -> None:
    """Make `at(point)` call `action`, in this process, from now on."""
    if point not in POINTS:
        raise ValueError(f"no crash point {point!r}; there are {', '.join(POINTS)}")
    _armed[point] = action


def disarm() -> None:
    """Make every point a no-op again."""
    _armed.clear()
