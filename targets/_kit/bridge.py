"""The bridge of one attempt: by component, what its effect and the change of the document's amount differ by."""

from __future__ import annotations

from decimal import Decimal

from targets._kit.writer import Intent, Verb


def bridge_of(intent: Intent) -> dict[str, Decimal]:
    """create: the entry's bridge. update, adjust: the entry's less what is booked. reverse, void: less what is booked. No zeros."""
    wanted = {} if intent.verb in (Verb.REVERSE, Verb.VOID) else dict(intent.bridge)
    booked = {} if intent.verb is Verb.CREATE else intent.booked_bridge
    for component, amount in booked.items():
        wanted[component] = wanted.get(component, Decimal(0)) - amount
    return {component: amount for component, amount in wanted.items() if amount}
