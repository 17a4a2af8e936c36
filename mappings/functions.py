"""The functions that a mapping's expressions may call: small, pure, and bounded whatever a record holds.

Numbers are exact: adding and multiplying never round (`EXACT` traps it), dividing gives fifty digits. Whatever does not fit raises
`Unfit`, whose sentence never holds the value; the engine adds the value where the field is not a personal one.
"""

from __future__ import annotations

import decimal
import hashlib
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import reduce
from typing import TYPE_CHECKING, Any, NamedTuple

from mappings.identity import document_id
from mappings.model import money as money_math
from mappings.model.money import exponent

if TYPE_CHECKING:
    from uuid import UUID

    from mappings.engine import Context

DIGITS = 50
MAX_TEXT = 100_000
"""Longest text that a growing or cutting function takes or makes."""
MAX_PLACES = 12
_TRAPS = [decimal.InvalidOperation, decimal.DivisionByZero, decimal.Overflow]
EXACT = decimal.Context(prec=DIGITS, Emin=-60, Emax=60, rounding=decimal.ROUND_HALF_EVEN, traps=[*_TRAPS, decimal.Inexact])
ROUNDED = decimal.Context(prec=DIGITS, Emin=-60, Emax=60, rounding=decimal.ROUND_HALF_EVEN, traps=_TRAPS)
ZERO = Decimal(0)
MISSING: Any = object()


class Unfit(Exception):  # noqa: N818 - it is about a value, and is caught where the value came from
    """A value that an expression cannot take. `why` completes "the value ..."; `value` is kept apart because it may be personal."""

    def __init__(self, why: str, value: object = MISSING) -> None:
        super().__init__(why)
        self.why = why
        self.value = value


class NotFound(Unfit):
    """A lookup table without a row for the value."""


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


def add(left: Any, right: Any) -> Any:
    """Add two numbers exactly, or put two texts together."""
    if type(left) is str and type(right) is str:
        return _bounded(left + right) if len(left) + len(right) <= MAX_TEXT else _too_long()
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


def text(value: Any) -> str | None:
    """The text of a value: a number in plain digits, None stays None."""
    if value is None or type(value) is str:
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(_small(Decimal(value)))
    if isinstance(value, Decimal):
        return format(_small(value), "f")
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
        return _small(value)
    if not isinstance(value, str) or len(value) > MAX_TEXT:
        raise Unfit("is not a number", value)
    digits = value.strip()
    if not digits:
        return None
    if thousands:
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
    return _text(text(value)).strip() or None


def money(amount: Any, currency: Any) -> Decimal | None:
    """Round half up to the decimals of the currency."""
    return None if amount is None else _round(amount, exponent(_text(currency)))


def round_half_up(amount: Any, places: int) -> Decimal | None:
    """Round half up (away from zero) to a number of decimals."""
    return None if amount is None else _round(amount, places)


def minor(amount: Any, currency: Any) -> Decimal | None:
    """The amount that a whole number of minor units stands for: 1999 in EUR is 19.99."""
    if amount is None:
        return None
    units = number(amount)
    if units is None or units != units.to_integral_value():
        raise Unfit("is not a whole number of minor units", amount)
    return EXACT.scaleb(EXACT.plus(units.to_integral_value()), -exponent(_text(currency)))


def allocate(amount: Any, weights: Any, places: int = 2) -> list[Decimal]:
    """Share an amount out by weights, exactly: the largest remainders take what is left over, earlier ones first."""
    return money_math.allocate(EXACT.plus(amount), [EXACT.plus(weight) for weight in listing(weights)], _places(places))


def day(context: Context, value: Any, pattern: str | None = None) -> date | None:
    """The business date of a moment in the connection's zone: before the cut-off it is still the day before. A bare date is itself."""
    if value is None or value == "":
        return None
    if _is_day(value) and pattern is None:
        return date_of(value)
    local = _moment(value, pattern)
    local = local.replace(tzinfo=context.zone) if local.tzinfo is None else local.astimezone(context.zone)
    return local.date() - timedelta(days=1) if local.time() < context.day_cutoff else local.date()


def instant(context: Context, value: Any, pattern: str | None = None) -> datetime | None:
    """The moment in UTC; one without an offset is local time of the connection's zone."""
    if value is None or value == "":
        return None
    if _is_day(value) and pattern is None:
        raise Unfit("is a date without a time of day", value)
    local = _moment(value, pattern)
    return (local.replace(tzinfo=context.zone) if local.tzinfo is None else local).astimezone(UTC)


def date_of(value: Any, pattern: str | None = None) -> date | None:
    """The calendar date that a text or a moment shows, without any change of zone."""
    if value is None or value == "":
        return None
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    return _moment(value, pattern).date()


def time_of(value: Any, pattern: str | None = None) -> time | None:
    """The time of day that a text or a moment shows."""
    if value is None or value == "":
        return None
    if isinstance(value, str) and pattern is None and "T" not in value and " " not in value:
        return _try_iso(time.fromisoformat, value)
    return _moment(value, pattern).time()


def hours(start: Any, end: Any, places: int = 2) -> Decimal | None:
    """Hours between two moments, rounded half up. Give both the same way: both with an offset (use instant) or both without."""
    if start is None or end is None:
        return None
    seconds = (_moment(end, None) - _moment(start, None)) // timedelta(seconds=1)
    return _round(ROUNDED.divide(Decimal(seconds), Decimal(3600)), places)


def days_after(value: Any, days: Any) -> date | None:
    """The date so many days later (a due date)."""
    start = date_of(value)
    return None if start is None or days is None else start + timedelta(days=int(_small(Decimal(days))))


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
    if sum(map(len, kept)) + len(kept) * len(_text(separator)) > MAX_TEXT:
        _too_long()
    return separator.join(kept) or None


def sha(*parts: Any) -> str:
    """Sixteen hex digits that stand for these values: an id where the source has none."""
    return hashlib.sha256("\x1f".join("" if part is None else _text(text(part)) for part in parts).encode()).hexdigest()[:16]


def length(value: Any) -> int:
    """How many elements a list has, or characters a text; None has none."""
    return 0 if value is None else len(value)


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


class Disagree(Exception):  # noqa: N818 - as Unfit
    """Two rows of one group differ on a field of their head. `place` is the later one's, from 0."""

    def __init__(self, name: str, place: int) -> None:
        super().__init__(name)
        self.name = name
        self.place = place


def _replace(value: str, old: str, new: str) -> str:
    if old == "" or len(value) + str.count(value, old) * (len(new) - len(old)) > MAX_TEXT:
        _too_long()
    return str.replace(value, old, new)


def _split(value: str, separator: str | None = None, most: int = -1) -> list[str]:
    return str.split(_bounded(value), separator, most)


def _rsplit(value: str, separator: str | None = None, most: int = -1) -> list[str]:
    return str.rsplit(_bounded(value), separator, most)


def _splitlines(value: str) -> list[str]:
    return str.splitlines(_bounded(value))


def _zfill(value: str, width: int) -> str:
    if width > DIGITS:
        _too_long()
    return str.zfill(value, width)


def _join(separator: str, parts: Any) -> str:
    pieces = [_text(part) for part in listing(parts)]
    if sum(map(len, pieces)) + len(pieces) * len(separator) > MAX_TEXT:
        _too_long()
    return str.join(separator, pieces)


def _bounded(value: Any) -> str:
    return value if len(_text(value)) <= MAX_TEXT else _too_long()


def _too_long() -> Any:
    raise Unfit(f"is a text of more than {MAX_TEXT:,} characters")


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise Unfit("is empty; a text is needed" if value is None else "is not a text")
    return value


def listing(value: Any) -> list[Any]:
    """A list to walk; None is an empty one."""
    if value is None:
        return []
    if not isinstance(value, list):
        raise Unfit("is not a list")
    return value


def _small(value: Decimal) -> Decimal:
    """Bound what writing a number out in digits may cost."""
    if not value.is_finite():
        raise Unfit("is not a finite number", value)
    exponent_digits = value.as_tuple()
    if len(exponent_digits.digits) > DIGITS or abs(int(exponent_digits.exponent)) > DIGITS:
        raise Unfit(f"has more than {DIGITS} digits")
    return value


def _places(places: Any) -> int:
    if not isinstance(places, int) or not 0 <= places <= MAX_PLACES:
        raise Unfit(f"cannot be rounded: the number of decimals is not between 0 and {MAX_PLACES}")
    return places


def _round(amount: Any, places: Any) -> Decimal:
    return money_math.round_half_up(ROUNDED.plus(amount), _places(places))


def _is_day(value: Any) -> bool:
    if isinstance(value, str):
        return len(value) <= len("2010-12-01")
    return isinstance(value, date) and not isinstance(value, datetime)


def _moment(value: Any, pattern: str | None) -> datetime:
    if isinstance(value, datetime):
        return value
    if not isinstance(value, str):
        raise Unfit("is not a date or a time", value)
    if len(value) > len("2010-12-01T08:26:00.000000000+00:00[Europe/London]"):
        raise Unfit("is not a date or a time")
    if pattern is None:
        return _try_iso(datetime.fromisoformat, value)
    try:
        return datetime.strptime(value, pattern)  # noqa: DTZ007 - the connection's zone is added by who asks
    except ValueError:
        raise Unfit(f"is not a date written as {pattern}", value) from None


def _try_iso(parse: Callable[[str], Any], value: str) -> Any:
    try:
        return parse(value)
    except ValueError:
        raise Unfit("is not a date or a time as ISO 8601 writes it", value) from None


FUNCTIONS: dict[str, Function] = {
    "text": Function(text, 1, 1),
    "number": Function(number, 1, 1, ("decimal", "thousands")),
    "filled": Function(filled, 1, 1),
    "money": Function(money, 2, 2),
    "round_half_up": Function(round_half_up, 2, 2),
    "minor": Function(minor, 2, 2),
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
    "join": Function(_join, 1, 1),
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
