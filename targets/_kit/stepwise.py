"""How one call of several ends that make one document: nobody knows, nothing was done, or no."""

from __future__ import annotations

from datetime import datetime

from taps._kit.edge import Blocked, Lost, Outcome, Reply


class Doubtful(Exception):
    """Sent, and nobody knows."""


class Halted(Exception):
    """The call certainly did nothing, and no other will get through before an instant."""

    def __init__(self, not_before: datetime, reason: str) -> None:
        super().__init__(reason)
        self.not_before = not_before
        self.reason = reason


class Rejected(Exception):
    """The system said no. `fault`: not in a sentence of its own but with a page, as where something broke inside it."""

    def __init__(self, said: str, *, fault: bool = False) -> None:
        super().__init__(said)
        self.said = said
        self.fault = fault


def replied(outcome: Outcome) -> Reply:
    """What the system said to a call. Raises Halted, Doubtful."""
    if isinstance(outcome, Blocked):
        raise Halted(outcome.not_before, outcome.reason)
    if isinstance(outcome, Lost):
        raise Doubtful(outcome.reason)
    return outcome
