"""What the four formats hand to the reader: rows, damaged rows, the layout of a file, and trouble with a file as a whole."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple, Protocol, TypeAlias

from taps._kit.folder import RAW_LIMIT
from taps.files.config import FileStream

BATCH = 2_000
"""Rows fetched at once at most, and so the distance between two States."""

BATCH_CHARACTERS = 1 << 23
"""Text fetched at once at most, one row more or less: two thousand rows of ten megabytes are no batch."""

KEY_LIMIT = 500
"""Characters that the key of a row may have: what every database can index, whatever they are."""

_EXACT = 2**53
_WHOLE = re.compile(r"(-?\d+)\.0+")


class Bad(NamedTuple):
    """A row that is there and cannot be read. `why` ends the sentence "Row 7 of orders.csv …"."""

    row: int
    raw: str
    why: str
    fix: str
    column: str = ""
    code: str = "READ-DAMAGED"


Item: TypeAlias = dict[str, Any] | Bad


def keyed(row: int, body: dict[str, Any], key: tuple[str, ...]) -> Item:
    """The row, or that it is damaged because its key is empty, no plain value, or too long: nobody could tell it from another."""
    length = 0
    for column in key:
        value = body.get(column)
        if value is None or value == "":
            return _without_key(row, body, f"has nothing in its key column {column}", column)
        if isinstance(value, dict | list):
            return _without_key(row, body, f"has an object or a list in its key column {column}", column)
        length += len(value) if isinstance(value, str) else 0
        if length > KEY_LIMIT:
            return _without_key(row, body, f"has more than {KEY_LIMIT} characters in its key column {column}", column)
    return body


def _without_key(row: int, body: dict[str, Any], why: str, column: str) -> Bad:
    raw = ", ".join(f"{name}={str(value)[:RAW_LIMIT]}" for name, value in body.items())
    return Bad(row, raw, why, "Correct the key in the file, or name other columns as key.", column)


@dataclass(frozen=True, slots=True)
class Layout:
    """The head of one file."""

    columns: dict[str, dict[str, Any]]
    """JSON Schema by column, in the file's order."""
    notes: tuple[str, ...] = ()
    fixed: bool = True
    """Whether a row has these columns and no others; JSON Lines has rows of their own."""


class Format(Protocol):
    """One way to write rows into a file."""

    def layout(self, path: Path, name: str, stream: FileStream) -> Layout:
        """Read the head. Raises FileTrouble, OSError, or Misconfigured where an extra is not installed."""
        ...

    def batches(self, path: Path, name: str, stream: FileStream, skip: int) -> Iterator[list[Item]]:
        """The rows after the first `skip`, at most BATCH at once. Raises as `layout`, at any batch."""
        ...


def digits(value: Any) -> str | None:
    """An id as text: 17850, 17850.0 and "17850.0" are all "17850". None for null and NaN. ValueError where no id can be told."""
    if value is None or isinstance(value, str):
        found = _WHOLE.fullmatch(value) if value else None
        return found.group(1) if found else value
    if isinstance(value, bool):
        raise ValueError("holds true or false where an id is declared")  # noqa: TRY004 (a data problem, not a caller's mistake)
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return _float_digits(value)
    if isinstance(value, Decimal):
        if value != value.to_integral_value():
            raise ValueError("holds a number with decimals where an id is declared")
        return f"{value.to_integral_value():f}"
    raise ValueError("holds neither text nor a number where an id is declared")


def _float_digits(value: float) -> str | None:
    if value != value:  # noqa: PLR0124 (NaN is how pandas writes an absent id)
        return None
    if not value.is_integer():
        raise ValueError("holds a number with decimals where an id is declared")
    if abs(value) > _EXACT:
        raise ValueError("holds an id that is too long for a binary number: its last digits are lost")
    return str(int(value))


def distinct(names: list[str]) -> list[str]:
    """Column names without blanks and repeats: column_3 for an empty one, total_2 for the second total."""
    taken: dict[str, None] = {}
    for place, given in enumerate(names, 1):
        base = given.strip() or f"column_{place}"
        name, n = base, 1
        while name in taken:
            n += 1
            name = f"{base}_{n}"
        taken[name] = None
    return list(taken)
