"""Money: an exact amount with its currency, and the four calculations that everybody must do alike.

Rounding is half-up (away from zero at the half), never half-even: that is what the books do.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Context, Decimal
from types import MappingProxyType

from mappings.model.base import Amount, Currency, Value

_CONTEXT = Context(prec=60, rounding=ROUND_HALF_UP)

_OTHER_EXPONENTS = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}
EXPONENTS = MappingProxyType({code: exponent for exponent, codes in _OTHER_EXPONENTS.items() for code in codes.split()})
"""ISO 4217: currencies whose minor unit is not 1/100."""
_STEPS = {exponent: Decimal(1).scaleb(-exponent) for exponent in range(13)}


def exponent(currency: str) -> int:
    """Decimals of the currency's minor unit: 2 for most, 0 for JPY, 3 for KWD."""
    return EXPONENTS.get(currency, 2)


def round_half_up(value: Decimal, decimals: int = 2) -> Decimal:
    """The nearest number with so many decimals, a half goes away from zero: 0.125 → 0.13, −0.125 → −0.13. Zero has no sign."""
    rounded = _CONTEXT.quantize(value, _STEPS[decimals])
    return rounded or abs(rounded)


def rounded(value: Decimal, currency: str) -> Decimal:
    """The value in whole minor units of the currency, half-up."""
    return round_half_up(value, EXPONENTS.get(currency, 2))


def allocate(total: Decimal, weights: Sequence[Decimal], decimals: int = 2) -> list[Decimal]:
    """Split `total` in proportion to the weights so that the shares add up to it exactly.

    Largest remainder, ties go to the earlier share: 10.00 over three equal weights gives 3.34, 3.33, 3.33. Weights must be of one
    sign and not all zero; `total` must have no more than `decimals` decimals. ValueError otherwise.
    """
    whole = sum(weights, Decimal(0))
    if not whole or any(weight * whole < 0 for weight in weights):
        raise ValueError("the weights must be of one sign and not all zero")
    step = _STEPS[decimals]
    units = _CONTEXT.divide(total, step)
    if units != units.to_integral_value():
        raise ValueError(f"{total} has more than {decimals} decimals")
    sign = -1 if units < 0 else 1
    exact = [_CONTEXT.divide(abs(units) * abs(weight), abs(whole)) for weight in weights]
    shares = [int(share) for share in exact]
    missing = int(abs(units)) - sum(shares)
    order = sorted(range(len(shares)), key=lambda index: (shares[index] - exact[index], index))
    for index in order[:missing]:
        shares[index] += 1
    return [_CONTEXT.multiply(Decimal(sign * share), step) for share in shares]


def tax_inside(gross: Decimal, rate: Decimal, decimals: int = 2) -> Decimal:
    """The tax that a price holds: gross × rate / (1 + rate), rounded once. Net is gross − tax, never rounded on its own."""
    return round_half_up(_CONTEXT.divide(_CONTEXT.multiply(gross, rate), 1 + rate), decimals)


class Money(Value):
    """An exact amount in a currency."""

    amount: Amount
    currency: Currency

    def __add__(self, other: Money) -> Money:
        if self.currency != other.currency:
            raise ValueError(f"{self.currency} and {other.currency} cannot be added")
        return Money(amount=self.amount + other.amount, currency=self.currency)

    def __neg__(self) -> Money:
        return Money(amount=-self.amount, currency=self.currency)

    def __sub__(self, other: Money) -> Money:
        return self + -other

    def rounded(self) -> Money:
        """In whole minor units, half-up."""
        return Money(amount=rounded(self.amount, self.currency), currency=self.currency)

    def allocate(self, weights: Sequence[Decimal]) -> tuple[Money, ...]:
        """Split by weights, see `allocate`."""
        return tuple(Money(amount=share, currency=self.currency) for share in allocate(self.amount, weights, exponent(self.currency)))

    def __str__(self) -> str:
        return f"{self.amount} {self.currency}"
