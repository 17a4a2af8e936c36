"""From a canonical body to column values, and what no database could take."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from hashlib import sha256
from typing import Any

import msgspec
import sqlalchemy as sa

from targets.database.tables import LARGEST, Exact

_JSON = msgspec.json.Encoder(decimal_format="number", order="sorted")
_SIX_PLACES = Decimal("0.000001")
_NUL = "\0"


class Unfit(ValueError):
    """A value that cannot be stored. `field` names it; the value itself may be personal and is not repeated."""

    def __init__(self, field: str, why: str) -> None:
        super().__init__(f"{field} {why}")
        self.field = field
        self.why = why


def exact(value: Any, field: str) -> Decimal:
    """A number that is stored digit for digit. Raises Unfit."""
    if isinstance(value, bool | float) or not isinstance(value, Decimal | int | str):
        raise Unfit(field, "is not an exact number")
    try:
        number = Decimal(value)
        fits = number.is_finite() and abs(number) < LARGEST and number == number.quantize(_SIX_PLACES)
    except InvalidOperation:
        raise Unfit(field, "is not a number that can be stored") from None
    if not fits:
        raise Unfit(field, "has more than 6 decimals or 12 digits before the point")
    return number


def text(value: Any, field: str) -> str:
    """A text that every database takes. Raises Unfit."""
    shown = value if isinstance(value, str) else str(value)
    if _NUL in shown:
        raise Unfit(field, "holds a NUL character")
    if not shown.isascii():
        try:
            shown.encode()
        except UnicodeEncodeError:
            raise Unfit(field, "holds half a character (a lone surrogate)") from None
    return shown


def as_json(value: Any, field: str) -> str:
    """JSON with sorted keys; decimals digit for digit. Raises Unfit."""
    try:
        return _JSON.encode(value).decode()
    except (TypeError, ValueError):
        raise Unfit(field, "cannot be written as JSON") from None


def column_value(column: sa.Column[Any], value: Any, field: str) -> Any:
    """The value as the column takes it; None stays None. Raises Unfit."""
    if value is None:
        return None
    kind = column.type
    if isinstance(kind, Exact):
        return exact(value, field)
    if isinstance(kind, sa.Boolean):
        if not isinstance(value, bool):
            raise Unfit(field, "is neither true nor false")
        return value
    if isinstance(kind, sa.Date):
        return day(value, field)
    return as_json(value, field) if isinstance(value, list | tuple | Mapping) else text(value, field)


def day(value: Any, field: str) -> date:
    """A calendar day. Raises Unfit."""
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError):
        raise Unfit(field, "is not a day such as 2026-01-31") from None


def digest(*parts: Any) -> str:
    """Hash over values as they are stored."""
    return sha256(as_json(parts, "").encode()).hexdigest()
