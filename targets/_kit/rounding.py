"""Rounding profiles: how a system computes the tax of a document, so that its total is known before the document is sent.

Xero: tax per line on the rounded line amount, half-up, two places (developer.xero.com, Rounding in Xero): 25.06, 25.61 and 25.63 at 15 %
give 3.76 + 3.84 + 3.84 = 11.44. QuickBooks outside the US: the same per line (community 306952). Per document: once, on the sum.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal

from mappings.model.money import round_half_up
from mappings.posting.rows import Row
from taps._kit.facts import RoundingProfile


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


def rate_of(net: Decimal, tax: Decimal, known: Iterable[Decimal], profile: RoundingProfile) -> Decimal | None:
    """The one known rate at which this net gives this tax, for a source that states amounts and no rate; None where none or several do."""
    fitting = {rate for rate in known if rate and _fits(net, tax, rate, profile)}
    return fitting.pop() if len(fitting) == 1 else None


def _fits(net: Decimal, tax: Decimal, rate: Decimal, profile: RoundingProfile) -> bool:
    """Whether rounding alone explains the line's tax.

    Half a unit of the tax, the tax on half a unit of the net (where prices hold the tax, the net is rounded too), and half a unit where a
    discount or another currency split the line: its parts are rounded apart.
    """
    return abs(tax - net * rate) <= profile.most_per_line * (2 + rate)


def difference(rows: Sequence[Row], profile: RoundingProfile) -> Decimal:
    """Tax as the source stated it less tax as the system would compute it."""
    return sum((row.tax for row in rows), Decimal(0)) - taxes([row.net for row in rows], [row.rate for row in rows], profile)


def is_rounding(rows: Sequence[Row], off: Decimal, profile: RoundingProfile) -> bool:
    """Whether a difference can come from rounding alone: of each line for itself, or of the document as a whole."""
    each = all(_fits(row.net, row.tax, row.rate or Decimal(0), profile) for row in rows)
    return abs(off) <= (profile.most if each else min(profile.most, profile.most_per_line * max(1, len(rows))))
