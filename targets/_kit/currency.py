"""A document that is written in its own currency: what the target's conversion makes of it is told in the bridge, as fx."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

from targets._kit.writer import Intent


def turned(intent: Intent, in_base: Callable[[Decimal], Decimal]) -> Intent:
    """The intent with its lines and rows in its own currency, and its bridge with what the target's rate makes otherwise than its entry.

    `in_base` is the target's own arithmetic: from a total in the document's currency to base.
    """
    own = intent.own
    if own is None:
        return intent
    entered, booked = (sum((line.amount for line in some if line.control), Decimal(0)) for some in (own.lines, intent.lines))
    bridge = {**intent.bridge, "fx": intent.bridge.get("fx", Decimal(0)) + in_base(entered) - booked}
    return replace(intent, lines=own.lines, rows=own.rows, bridge=bridge)
