"""What stops a document before it is sent, told while it is being built."""

from __future__ import annotations

from decimal import Decimal

from mappings.problem import Problem
from targets._kit.writer import Intent


class Held(Exception):
    """The document cannot be built as it is."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.say)
        self.problem = problem


def held(intent: Intent, code: str, say: str, fix: str, field: str = "") -> Held:
    """With the document's name before the sentence."""
    return Held(Problem(code, f"{name(intent)} {say}.", fix, field))


def name(intent: Intent) -> str:
    """How people call it: `Order 1001`."""
    return f"{intent.document_type.replace('_', ' ').capitalize()} {intent.number}"


def control(intent: Intent) -> Decimal:
    """What the entry's control lines sum to."""
    return sum((line.amount for line in intent.lines if line.control), Decimal(0))
