"""Our mark in the note of an hour entry: which thing it belongs to, which attempt wrote it, and what stood there before.

    T-1 regular · cf 00112233445566778899 00112233445566 was 0

The key is found exactly after a crash; the attempt tells whether a change went through; and `was` is what the change's effect is
computed from, for the system itself keeps no history that could be read.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import NamedTuple

_MARK = re.compile(r"(regular|overtime) · cf ([0-9a-f]{24}) ([0-9a-f]{16}) was (-?\d+(?:\.\d+)?)$")
_NUMBER = 40


class Mark(NamedTuple):
    """What the note says."""

    bucket: str
    key: str
    """The last 24 digits of the look-up key."""
    attempt: str
    """The last 16 digits of the idempotency key."""
    was: Decimal

    @staticmethod
    def of(note: str | None) -> Mark | None:
        """The mark in a note; None for a note of somebody else."""
        found = _MARK.search(note or "")
        return Mark(found[1], found[2], found[3], Decimal(found[4])) if found else None

    def note(self, number: str) -> str:
        """As it is written, behind the number that people know."""
        return f"{number[:_NUMBER]} {self.bucket} · cf {self.key} {self.attempt} was {self.was}"


def key_of(look_up_key: str) -> str:
    """As it stands in a note."""
    return look_up_key[-24:]


def attempt_of(idempotency_key: str) -> str:
    """As it stands in a note."""
    return idempotency_key[-16:]
