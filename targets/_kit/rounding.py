"""Rounding profiles: how a system computes the tax of a document, so that its total is known before the document is sent.

Xero: tax per line on the rounded line amount, half-up, two places (developer.xero.com, Rounding in Xero): 25.06, 25.61 and 25.63 at 15 %
give 3.76 + 3.84 + 3.84 = 11.44. QuickBooks outside the US: the same per line (community 306952). Per document: once, on the sum.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from mappings.model.money import round_half_up
from mappings.posting.rows import Row


@dataclass(frozen=True, slots=True)
class RoundingProfile:
    """One system's arithmetic."""

    tax: Literal["line", "document", "given"]
    """Where it rounds; `given`: it takes the tax it is told."""
    places: int = 2
    most_per_line: Decimal = Decimal("0.005")
    """A difference of more than this for each line is no rounding but another tax."""


def line_amount(quantity: Decimal, unit_price: Decimal, places: int = 2) -> Decimal:
    """Quantity × unit price as the systems round it."""
    return round_half_up(quantity * unit_price, places)


def taxes(nets: Sequence[Decimal], rates: Sequence[Decimal | None], profile: RoundingProfile) -> Decimal:
    """The tax that the system computes of these lines at these rates; None counts as no tax."""
    exact = [net * (rate or Decimal(0)) for net, rate in zip(nets, rates, strict=True)]
    if profile.tax == "line":
        return sum((round_half_up(each, profile.places) for each in exact), Decimal(0))
    by_rate: dict[Decimal | None, Decimal] = {}
    for rate, each in zip(rates, exact, strict=True):
        by_rate[rate] = by_rate.get(rate, Decimal(0)) + each
    return sum((round_half_up(each, profile.places) for each in by_rate.values()), Decimal(0))


def difference(rows: Sequence[Row], profile: RoundingProfile) -> Decimal:
    """Tax as the source stated it less tax as the system would compute it; 0 where the system takes what it is told."""
    stated = sum((row.tax for row in rows), Decimal(0))
    if profile.tax == "given":
        return Decimal(0)
    return stated - taxes([row.net for row in rows], [row.rate for row in rows], profile)


def is_rounding(rows: Sequence[Row], off: Decimal, profile: RoundingProfile) -> bool:
    """Whether a difference can come from rounding alone: at most half a minor unit a line."""
    return abs(off) <= profile.most_per_line * max(1, len(rows))
