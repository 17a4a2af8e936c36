"""Tryton's typed JSON: decimals, dates, instants and spans are objects with a class; domains, orders and contexts are base64 of JSON."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

_CLASS = "__class__"


def encode(value: Any) -> Any:
    """Python values as Tryton writes them; a datetime must be aware, and is sent in UTC."""
    if isinstance(value, Mapping):
        if _CLASS in value:
            return value
        return {str(name): encode(each) for name, each in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [encode(each) for each in value]
    return _typed(value)


def _typed(value: Any) -> Any:
    match value:
        case Decimal():
            return {_CLASS: "Decimal", "decimal": f"{value:f}"}
        case datetime():
            at = value.astimezone(UTC)
            parts = ("year", "month", "day", "hour", "minute", "second", "microsecond")
            return {_CLASS: "datetime"} | {part: getattr(at, part) for part in parts}
        case date():
            return {_CLASS: "date", "year": value.year, "month": value.month, "day": value.day}
        case _:
            return value


_PLAIN: dict[str, Callable[[dict[str, Any]], Any]] = {
    "Decimal": lambda parts: Decimal(str(parts["decimal"])),
    "date": lambda parts: date(parts["year"], parts["month"], parts["day"]),
    "datetime": lambda parts: datetime(**parts, tzinfo=UTC),
    "timedelta": lambda parts: Decimal(str(parts["seconds"])),
}


def decode(value: Any) -> Any:
    """Tryton's values as Python's: Decimal, date, datetime in UTC; a span of time as Decimal seconds."""
    if isinstance(value, list):
        return [decode(each) for each in value]
    if not isinstance(value, dict):
        return value
    plain = {name: decode(each) for name, each in value.items() if name != _CLASS}
    made = _PLAIN.get(value.get(_CLASS, ""))
    return made(plain) if made else plain


def seconds(hours: Decimal) -> dict[str, Any]:
    """A span of so many hours; Tryton keeps it to the microsecond."""
    return {_CLASS: "timedelta", "seconds": quantity(hours * 3600)}


def quantity(value: Decimal) -> float:
    """A number of a field that Tryton itself keeps as a binary float: quantities and seconds, never money."""
    return float(value)


def packed(value: Any) -> str:
    """A domain, order or context as it stands in a query or header."""
    return base64.urlsafe_b64encode(json.dumps(encode(value)).encode()).decode()


def text_of(value: Any) -> Any:
    """A decoded value as JSON can hold it: what a stream hands out."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    return value.isoformat() if isinstance(value, date) else value
