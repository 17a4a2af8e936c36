"""How long work tells of itself: whoever starts it hands in something to be called."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[str, str, int], None]
"""Told (step, of what, how many so far) as work goes on."""


def silent(_step: str, _what: str, _count: int) -> None:
    """For callers that show nothing."""
