"""What posting gives: the lines of one journal entry and the moves of one stock document. Values only; targets write them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import NamedTuple


class Line(NamedTuple):
    """One posting of a journal, account already looked up. `amount` is signed: debit +, credit −."""

    account: str
    amount: Decimal
    currency: str
    component: str
    """Which part of the document it stands for: goods, shipping, tax, receivable, rounding, ..."""
    control: bool
    """Whether the line counts for the entry's total (money owed, received or paid)."""


class Move(NamedTuple):
    """One stock line. `units` is signed: + out of stock (a sale), − into stock (a return)."""

    item: str
    location: str
    units: Decimal
    unit_cost: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One document as the books take it. Balanced per currency: Σ amount of lines = 0."""

    date: date
    lines: tuple[Line, ...]
    bridge: Mapping[str, Decimal] = field(default_factory=dict)
    """By component, what the entry's total and the document's amount differ by: Σ control lines − Σ bridge = document's amount."""
    adjusted: Mapping[str, Decimal] = field(default_factory=dict)
    """By account, what was put on a line because lines that were converted one by one did not balance."""

    @property
    def total(self) -> Decimal:
        """Sum of the control lines, in the entry's currency."""
        return sum((line.amount for line in self.lines if line.control), Decimal(0))
