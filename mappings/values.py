"""What a value of a record may be in an expression, and the bounds that hold whatever it is.

Numbers are exact: adding and multiplying never round (`EXACT` traps it), dividing gives fifty digits. Whatever does not fit raises
`Unfit`, whose sentence never holds the value; the engine adds the value where the field is not a personal one.
"""

from __future__ import annotations

import decimal as decimals
from datetime import date, time
from decimal import Decimal
from typing import Any, NoReturn

from mappings.model.money import round_half_up

DIGITS = 50
MAX_TEXT = 100_000
"""Longest text that a growing or cutting function takes or makes."""
_TRAPS = [decimals.InvalidOperation, decimals.DivisionByZero, decimals.Overflow]
EXACT = decimals.Context(prec=DIGITS, Emin=-60, Emax=60, rounding=decimals.ROUND_HALF_EVEN, traps=[*_TRAPS, decimals.Inexact])
ROUNDED = decimals.Context(prec=DIGITS, Emin=-60, Emax=60, rounding=decimals.ROUND_HALF_EVEN, traps=_TRAPS)
ZERO = Decimal(0)
MISSING: Any = object()


class Unfit(Exception):
    """A value that an expression cannot take. `why` completes "the value ..."; `value` is kept apart because it may be personal."""

    def __init__(self, why: str, value: object = MISSING) -> None:
        super().__init__(why)
        self.why = why
        self.value = value


class NotFound(Unfit):
    """A lookup table without a row for the value."""


class Disagree(Exception):
    """Two rows of one group differ on a field of their head. `place` is the later one's, from 0."""

    def __init__(self, name: str, place: int) -> None:
        super().__init__(name)
        self.name = name
        self.place = place


def add(left: Any, right: Any) -> Any:
    """Add two numbers exactly, or put two texts together."""
    if type(left) is str and type(right) is str:
        return bounded(left + right) if len(left) + len(right) <= MAX_TEXT else too_long()
    return EXACT.add(left, right)


def get(value: Any, name: str) -> Any:
    """A field of an object; None where there is no object or no such field."""
    if value is None:
        return None
    if isinstance(value, dict):
        return value.get(name)
    raise Unfit(f"has no field {name!r}: it is not an object")


def item(value: Any, place: int) -> Any:
    """An element of a list or a character of a text; None where there is none."""
    if value is None:
        return None
    if not isinstance(value, list | str):
        raise Unfit("is not a list")
    return value[place] if -len(value) <= place < len(value) else None


def cut(value: Any, start: int | None, stop: int | None) -> Any:
    """A part of a list or a text."""
    if value is None:
        return None
    if not isinstance(value, list | str):
        raise Unfit("is not a list or a text")
    return value[start:stop]


def listing(value: Any) -> list[Any]:
    """A list to walk; None is an empty one."""
    if value is None:
        return []
    if not isinstance(value, list):
        raise Unfit("is not a list")
    return value


def text(value: Any) -> str | None:
    """The text of a value: a number in plain digits, None stays None."""
    if value is None or type(value) is str:
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(small(Decimal(value)))
    if isinstance(value, Decimal):
        return format(small(value), "f")
    if isinstance(value, date | time):
        return value.isoformat()
    raise Unfit("is not a text or a number")


def number(value: Any, decimal: str = ".", thousands: str = "") -> Decimal | None:
    """The number that a text writes; a blank text is None, a number stays as it is."""
    if value is None:
        return None
    if isinstance(value, int) and not isinstance(value, bool):
        value = Decimal(value)
    if isinstance(value, Decimal):
        return small(value)
    if not isinstance(value, str) or len(value) > MAX_TEXT:
        raise Unfit("is not a number", value)
    digits = value.strip()
    if not digits:
        return None
    if thousands and thousands in digits:
        first, *groups = digits.partition(decimal)[0].split(thousands)
        if not first or any(len(group) != 3 for group in groups):  # noqa: PLR2004 - three digits make a thousand
            raise Unfit("is not a number with thousands set apart by " + thousands, value)
        digits = digits.replace(thousands, "")
    if decimal != ".":
        digits = digits.replace(".", "x").replace(decimal, ".")
    sign, body = (digits[0], digits[1:]) if digits[0] in "+-" else ("", digits)
    if len(body) > DIGITS or not body.isascii() or not body.replace(".", "", 1).isdigit():
        raise Unfit("is not a number", value)
    return Decimal(sign + body)


def filled(value: Any) -> str | None:
    """The text without blanks around it; None where nothing is left."""
    if value is None:
        return None
    return texted(text(value)).strip() or None


def small(value: Decimal) -> Decimal:
    """Bound what writing a number out in digits may cost."""
    if not value.is_finite():
        raise Unfit("is not a finite number", value)
    exponent_digits = value.as_tuple()
    if len(exponent_digits.digits) > DIGITS or abs(int(exponent_digits.exponent)) > DIGITS:
        raise Unfit(f"has more than {DIGITS} digits")
    return value


def to_places(amount: Any, places: Any) -> Decimal:
    """The number rounded half up to so many decimals, at most twelve."""
    return round_half_up(ROUNDED.plus(amount), places)


def bounded(value: Any) -> str:
    """A text that is not too long to be cut or put together."""
    return texted(value) if len(texted(value)) <= MAX_TEXT else too_long()


def texted(value: Any) -> str:
    """A text, or Unfit."""
    if not isinstance(value, str):
        raise Unfit("is empty; a text is needed" if value is None else "is not a text")
    return value


def too_long() -> NoReturn:
    """Refuse a text that would be too long."""
    raise Unfit(f"is a text of more than {MAX_TEXT:,} characters")
