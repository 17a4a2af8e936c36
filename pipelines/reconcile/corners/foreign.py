"""A document of a target in another currency than the books': its accounts in base, at the rate that the target states of it.

Amounts are exact until each is rounded once, half-up, to the coin of the base currency. Cents that this leaves go to the largest line that
does not make up the total; what legs of two rates leave is the exchange difference that the target realises by itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from mappings.model.money import round_half_up, rounded
from pipelines.reconcile.roles import Posting, Roles

ZERO = Decimal(0)
_SAME = (Decimal(1), Decimal(1))
_PLACES = 12
"""Decimals that the bench keeps of a rate."""


class InBase(NamedTuple):
    """A document's accounts in base, and what it states itself, as columns of `item`."""

    moved: list[Posting]
    stated: dict[str, Any]


def in_base(counted: Sequence[Posting], legs: Sequence[Mapping[str, Any]], roles: Roles, base: str) -> InBase:
    """The accounts as they are, with nothing stated, where the document is in base or states no rate of every leg."""
    known = [_of(leg) for leg in legs]
    rates = [rate for rate in known if rate is not None]
    if not base or len(rates) < len(legs) or all(rate == _SAME for rate in rates):
        return InBase(list(counted), {})
    made = [
        each._replace(amount=rounded(each.amount * up / down, base), currency=base) for each, (up, down) in zip(counted, rates, strict=True)
    ]
    left = -sum((each.amount for each in made), ZERO) if not sum((each.amount for each in counted), ZERO) else ZERO
    realised = left if len(set(rates)) > 1 else ZERO
    if realised:
        made.append(Posting("", realised, base, control=False, role="FXGainLoss"))
    elif left:
        largest = max((place for place, each in enumerate(made) if not each.control), key=lambda place: abs(made[place].amount), default=0)
        made[largest] = made[largest]._replace(amount=made[largest].amount + left)
    up, down = next((rate for each, rate in zip(counted, rates, strict=True) if each.control), rates[0])
    total = roles.measured(counted, ours=True)["amount"]
    unit = legs[0]["unit"] or None
    return InBase(made, {"stated_unit": unit, "stated_amount": total, "realised": realised, "rate": round_half_up(up / down, _PLACES)})


def _of(leg: Mapping[str, Any]) -> tuple[Decimal, Decimal] | None:
    """What an amount is multiplied with and divided by; None where no rate is stated."""
    if leg["rate"]:
        return leg["rate"], Decimal(1)
    return (Decimal(1), leg["per_base"]) if leg["per_base"] else None
