"""The functions of expressions that are about days, moments and hours."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeVar

from mappings.values import ROUNDED, Unfit, small, to_places

if TYPE_CHECKING:
    from mappings.engine import Context

_T = TypeVar("_T")
_TIME_OF_DAY = ("%H", "%I", "%c", "%X")


def day(context: Context, value: Any, pattern: str | None = None) -> date | None:
    """The business date of a moment in the connection's zone: before the cut-off it is still the day before. A bare date is itself."""
    if value is None or value == "":
        return None
    if _is_day(value, pattern):
        return date_of(value, pattern)
    local = _moment(value, pattern)
    local = local.replace(tzinfo=context.zone) if local.tzinfo is None else local.astimezone(context.zone)
    return local.date() - timedelta(days=1) if local.time() < context.day_cutoff else local.date()


def instant(context: Context, value: Any, pattern: str | None = None) -> datetime | None:
    """The moment in UTC; one without an offset is local time of the connection's zone."""
    if value is None or value == "":
        return None
    if _is_day(value, pattern):
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
    return to_places(ROUNDED.divide(Decimal(seconds), Decimal(3600)), places)


def days_after(value: Any, days: Any) -> date | None:
    """The date so many days later (a due date)."""
    start = date_of(value)
    return None if start is None or days is None else start + timedelta(days=int(small(Decimal(days))))


def _is_day(value: Any, pattern: str | None) -> bool:
    """Whether a value has no time of day."""
    if isinstance(value, str):
        if pattern is not None:
            return not any(part in pattern for part in _TIME_OF_DAY)
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


def _try_iso(parse: Callable[[str], _T], value: str) -> _T:
    try:
        return parse(value)
    except ValueError:
        raise Unfit("is not a date or a time as ISO 8601 writes it", value) from None
