"""The functions that a mapping's expressions may call: small, pure, and bounded whatever a record holds."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from functools import reduce
from typing import TYPE_CHECKING, Any, NamedTuple

from mappings.identity import document_id
from mappings.model import money as money_math
from mappings.model.money import exponent
from mappings.moments import date_of, day, days_after, hours, instant, time_of
from mappings.values import (
    DIGITS,
    EXACT,
    MAX_TEXT,
    MISSING,
    ROUNDED,
    ZERO,
    Disagree,
    NotFound,
    Unfit,
    add,
    bounded,
    cut,
    filled,
    get,
    item,
    listing,
    number,
    text,
    texted,
    to_places,
    too_long,
)

if TYPE_CHECKING:
    from uuid import UUID

    from mappings.engine import Context


class Function(NamedTuple):
    """One function of the dialect and how it may be called."""

    call: Callable[..., Any]
    least: int
    most: int
    keywords: tuple[str, ...] = ()
    context: bool = False
    """Whether the context is handed in as the first argument."""
    constants: tuple[int, ...] = ()
    """Arguments that must be texts written in the mapping itself."""
    walks: bool = False
    """Whether it goes through a whole list, so that it may not be called once for each element on an outer list."""


def money(amount: Any, currency: Any) -> Decimal | None:
    """Round half up to the decimals of the currency."""
    return None if amount is None else to_places(amount, exponent(texted(currency)))


def round_half_up(amount: Any, places: int) -> Decimal | None:
    """Round half up (away from zero) to a number of decimals."""
    return None if amount is None else to_places(amount, places)


def minor(amount: Any, currency: Any) -> Decimal | None:
    """The amount that a whole number of minor units stands for: 1999 in EUR is 19.99."""
    if amount is None:
        return None
    units = number(amount)
    if units is None or units != units.to_integral_value():
        raise Unfit("is not a whole number of minor units", amount)
    return EXACT.scaleb(EXACT.plus(units.to_integral_value()), -exponent(texted(currency)))


def allocate(amount: Any, weights: Any, places: int = 2) -> list[Decimal]:
    """Share an amount out by weights, exactly: the largest remainders take what is left over, earlier ones first."""
    return money_math.allocate(EXACT.plus(amount), [EXACT.plus(weight) for weight in listing(weights)], places)


def lookup(table: Mapping[str, Any] | None, name: str, value: Any, default: Any = MISSING) -> Any:
    """What a lookup table holds for a value (compared as text)."""
    if table is None:
        raise NotFound(f"needs the lookup table {name!r}, which this connection does not have")
    key = value if type(value) is str else text(value)
    found = table.get(key, default) if key is not None else default
    if found is MISSING:
        raise NotFound(f"has no row in the lookup table {name!r}" if key is not None else f"is empty; the lookup {name!r} needs one", value)
    return found


def ref(context: Context, document_type: str, source_id: Any) -> UUID | None:
    """The id of the document of this connection with that type and source id; None stays None."""
    key = text(source_id)
    return document_id(context.connection, document_type, key) if key else None


def total(rows: Any, field: str) -> Decimal:
    """The exact sum of one field over a list of objects; an empty field counts as nothing."""
    return reduce(EXACT.add, [value for row in listing(rows) if (value := get(row, field)) is not None], ZERO)


def sum_of(values: Any) -> Decimal:
    """The exact sum of a list of numbers."""
    return reduce(EXACT.add, listing(values), ZERO)


def first(values: Any) -> Any:
    """The first element of a list; None where it is empty."""
    return next(iter(listing(values)), None)


def coalesce(*values: Any) -> Any:
    """The first value that is not None."""
    return next((value for value in values if value is not None), None)


def not_none(value: Any) -> bool:
    """Whether there is a value."""
    return value is not None


def join(separator: Any, *parts: Any) -> str | None:
    """The texts put together, blank ones left out; None where nothing is left."""
    kept = [kept for part in parts if (kept := filled(part)) is not None]
    if sum(map(len, kept)) + len(kept) * len(texted(separator)) > MAX_TEXT:
        too_long()
    return separator.join(kept) or None


def sha(*parts: Any) -> str:
    """Sixteen hex digits that stand for these values: an id where the source has none."""
    return hashlib.sha256("\x1f".join("" if part is None else texted(text(part)) for part in parts).encode()).hexdigest()[:16]


def length(value: Any) -> int:
    """How many elements a list has, or characters a text; None has none."""
    return 0 if value is None else len(value)


def tax_inside(gross: Any, rate: Any, currency: Any) -> Decimal | None:
    """The tax that a price holds, rounded once: 120.00 at 0.2 is 20.00."""
    if gross is None or rate is None:
        return None
    return money_math.tax_inside(EXACT.plus(gross), EXACT.plus(rate), exponent(texted(currency)))


def ordered(values: Any) -> list[Any]:
    """The list in ascending order."""
    return sorted(listing(values))


def same(rows: Sequence[Any], name: str) -> Any:
    """The value of a head field on which all rows of a group agree."""
    values = [row.get(name) for row in rows]
    head = values[0]
    if values.count(head) != len(values):
        other = next(place for place, value in enumerate(values) if value != head)
        raise Disagree(name, other)
    return head


def least(rows: Sequence[Any], name: str) -> Any:
    """The smallest value of a head field; rows without one do not count."""
    return min((value for row in rows if (value := row.get(name)) is not None), default=None)


def greatest(rows: Sequence[Any], name: str) -> Any:
    """The largest value of a head field; rows without one do not count."""
    return max((value for row in rows if (value := row.get(name)) is not None), default=None)


def from_first(rows: Sequence[Any], name: str) -> Any:
    """The value of a head field in the group's first row."""
    return rows[0].get(name)


def _replace(value: str, old: str, new: str) -> str:
    if old == "" or len(value) + str.count(value, old) * (len(new) - len(old)) > MAX_TEXT:
        too_long()
    return str.replace(value, old, new)


def _split(value: str, separator: str | None = None, most: int = -1) -> list[str]:
    return str.split(bounded(value), separator, most)


def _rsplit(value: str, separator: str | None = None, most: int = -1) -> list[str]:
    return str.rsplit(bounded(value), separator, most)


def _splitlines(value: str) -> list[str]:
    return str.splitlines(bounded(value))


def _zfill(value: str, width: int) -> str:
    if width > DIGITS:
        too_long()
    return str.zfill(value, width)


def _join(separator: str, parts: Any) -> str:
    pieces = [texted(part) for part in listing(parts)]
    if sum(map(len, pieces)) + len(pieces) * len(separator) > MAX_TEXT:
        too_long()
    return str.join(separator, pieces)


FUNCTIONS: dict[str, Function] = {
    "text": Function(text, 1, 1),
    "number": Function(number, 1, 1, ("decimal", "thousands")),
    "filled": Function(filled, 1, 1),
    "money": Function(money, 2, 2),
    "round_half_up": Function(round_half_up, 2, 2),
    "minor": Function(minor, 2, 2),
    "tax_inside": Function(tax_inside, 3, 3),
    "allocate": Function(allocate, 2, 3, ("places",), walks=True),
    "day": Function(day, 1, 2, context=True, constants=(1,)),
    "instant": Function(instant, 1, 2, context=True, constants=(1,)),
    "date": Function(date_of, 1, 2, constants=(1,)),
    "time_of": Function(time_of, 1, 2, constants=(1,)),
    "hours": Function(hours, 2, 3, ("places",)),
    "days_after": Function(days_after, 2, 2),
    "lookup": Function(lookup, 2, 2, ("default",), constants=(0,)),
    "ref": Function(ref, 2, 2, context=True, constants=(0,)),
    "total": Function(total, 2, 2, constants=(1,), walks=True),
    "sum": Function(sum_of, 1, 1, walks=True),
    "len": Function(length, 1, 1),
    "min": Function(min, 1, 20, walks=True),
    "max": Function(max, 1, 20, walks=True),
    "abs": Function(EXACT.abs, 1, 1),
    "sorted": Function(ordered, 1, 1, walks=True),
    "first": Function(first, 1, 1),
    "coalesce": Function(coalesce, 1, 20),
    "not_none": Function(not_none, 1, 1),
    "join": Function(join, 2, 20, constants=(0,)),
    "sha": Function(sha, 1, 20),
}
"""What an expression may call, by name. docs/mapping-language.md lists them; a test compares."""

METHODS: dict[str, Function] = {
    "startswith": Function(str.startswith, 1, 1),
    "endswith": Function(str.endswith, 1, 1),
    "strip": Function(str.strip, 0, 1),
    "lstrip": Function(str.lstrip, 0, 1),
    "rstrip": Function(str.rstrip, 0, 1),
    "upper": Function(str.upper, 0, 0),
    "lower": Function(str.lower, 0, 0),
    "title": Function(str.title, 0, 0),
    "casefold": Function(str.casefold, 0, 0),
    "removeprefix": Function(str.removeprefix, 1, 1),
    "removesuffix": Function(str.removesuffix, 1, 1),
    "isdigit": Function(str.isdigit, 0, 0),
    "isalpha": Function(str.isalpha, 0, 0),
    "isalnum": Function(str.isalnum, 0, 0),
    "count": Function(str.count, 1, 1),
    "find": Function(str.find, 1, 1),
    "split": Function(_split, 0, 2),
    "rsplit": Function(_rsplit, 0, 2),
    "splitlines": Function(_splitlines, 0, 0),
    "replace": Function(_replace, 2, 2),
    "zfill": Function(_zfill, 1, 1),
    "join": Function(_join, 1, 1, walks=True),
}
"""The methods of texts that an expression may use. Each fails on anything that is not a text."""

OPERATORS: dict[str, Callable[..., Any]] = {
    "add": add,
    "sub": EXACT.subtract,
    "mul": EXACT.multiply,
    "div": ROUNDED.divide,
    "floordiv": ROUNDED.divide_int,
    "mod": ROUNDED.remainder,
    "neg": EXACT.minus,
    "pos": EXACT.plus,
    "get": get,
    "item": item,
    "cut": cut,
    "listing": listing,
    "same": same,
    "least": least,
    "greatest": greatest,
    "from_first": from_first,
}
"""What the operators of an expression become in the compiled code."""
