"""The simulator's own arithmetic, in whole cents and fractions; it shares no code with the prediction that it is to judge.

Outside the US: tax per line on the line's amount, half-up to the cent (quickbooks community 306952: 31 lines of 1.59, two of them
eleven times, give 9.71 at 12 %). In the US the tax that is sent counts (TxnTaxDetail.TotalTax, manage-sales-tax-for-us-locales).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any, NamedTuple

_MOST = 9_999_999_999_999  # 99,999,999,999.99; unconfirmed


class TaxPart(NamedTuple):
    """What one rate gives in one document."""

    rate_id: str
    percent: Decimal
    net: int
    tax: int


def cents(amount: Any) -> int | None:
    """Whole cents; None where it is no amount that QuickBooks takes."""
    if isinstance(amount, bool) or not isinstance(amount, (int, Decimal)):
        return None
    exact = Fraction(amount) * 100
    return int(exact) if exact.denominator == 1 and abs(exact) <= _MOST else None


def money(amount: int) -> Decimal:
    """Cents as they are written."""
    return Decimal(amount) / 100


def to_cent(exact: Fraction) -> int:
    """Half away from zero."""
    whole = int(abs(exact) * 100 + Fraction(1, 2))
    return whole if exact >= 0 else -whole


def product(quantity: Any, price: Any) -> int:
    """Quantity × unit price to the cent."""
    return to_cent(Fraction(quantity) * Fraction(price))


def tax_parts(lines: Sequence[tuple[int, str]], codes: Mapping[str, Sequence[tuple[str, Decimal]]]) -> list[TaxPart]:
    """Tax of (cents, tax code) lines, summed by rate; each line is rounded by itself."""
    sums: dict[str, TaxPart] = {}
    for amount, code in lines:
        for rate_id, percent in codes[code]:
            tax = to_cent(Fraction(amount, 100) * Fraction(percent) / 100)
            known = sums.get(rate_id, TaxPart(rate_id, percent, 0, 0))
            sums[rate_id] = known._replace(net=known.net + amount, tax=known.tax + tax)
    return list(sums.values())
