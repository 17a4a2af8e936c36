"""JSON Lines: one object a line, numbers as the digits that are written. A line that is not one sound object is a damaged row."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from taps._kit.text_lines import LONGEST, SAMPLE, TooLong, text_lines, undecoded
from taps.files.config import FileStream
from taps.files.detect import head
from taps.files.rows import BATCH, BATCH_CHARACTERS, Bad, Item, Layout, digits, keyed

DEEPEST = 64
"""Levels of nesting that a record may have."""

_SAMPLE_ROWS = 1_000
_CORRECT = "Correct the row in the file, or have the file exported again."
_SURROGATE = re.compile("[\ud800-\udfff]")
_ESCAPED = re.compile(r"\\u(?:0000|[dD][89a-fA-F])")
_NAN = re.compile(r'"([^"\\]*)"\s*:\s*-?(?:NaN|Infinity)')
_BRACKETS = re.compile(r"[\[{]")


class _Unsound(ValueError):
    """A line that is JSON, or nearly, and still no record."""

    def __init__(self, why: str, column: str = "", code: str = "READ-DAMAGED") -> None:
        super().__init__(why)
        self.why, self.column, self.code = why, column, code


class JsonLines:
    """One JSON object a line."""

    def layout(self, path: Path, name: str, stream: FileStream) -> Layout:
        """Columns and types as the first 1,000 rows have them."""
        encoding, text = head(path, stream)
        types: dict[str, set[str]] = {}
        lines = text.split("\n")
        whole = lines if path.stat().st_size <= SAMPLE else lines[:-1]
        rows = 0
        for line in whole[:_SAMPLE_ROWS]:
            item = _item(line.lstrip("\ufeff"), 0, encoding, stream) if line.strip() else None
            if isinstance(item, dict):
                rows += 1
                for column, value in item.items():
                    types.setdefault(column, set()).add(_TYPES[type(value)])
        columns = {column: {"type": [*sorted(found - {"null"}), "null"]} for column, found in types.items()}
        return Layout(columns, (f"{name}: encoding {encoding}, {len(columns)} columns in the first {rows} rows.",), fixed=False)

    def batches(self, path: Path, name: str, stream: FileStream, skip: int) -> Iterator[list[Item]]:  # noqa: ARG002 (as each format)
        """Rows as objects; numbers with a point are Decimal."""
        encoding, _text = head(path, stream)
        batch: list[Item] = []
        place = size = 0
        for row, line in enumerate(text_lines(path, encoding), 1):
            if not line or line.isspace():
                continue
            place += 1
            if place <= skip:
                continue
            batch.append(_item(line, row, encoding, stream))
            size += len(line)
            if len(batch) == BATCH or size > BATCH_CHARACTERS:
                yield batch
                batch, size = [], 0
        if batch:
            yield batch


def _item(line: str, row: int, encoding: str, stream: FileStream) -> Item:
    try:
        body = _record(line, encoding)
        for column in body.keys() & stream.ids:
            try:
                body[column] = digits(body[column])
            except ValueError as error:
                raise _Unsound(str(error), column) from None
    except _Unsound as error:
        where = f" in column {error.column}" if error.column else ""
        return Bad(row, line, f"{error.why}{where}", _CORRECT, error.column, error.code)
    return keyed(row, body, stream.key)


def _record(line: str, encoding: str) -> dict[str, Any]:
    if isinstance(line, TooLong):
        raise _Unsound(f"is longer than {LONGEST:,} characters")
    if undecoded(line, encoding) is not None:
        raise _Unsound(f"holds bytes that are not {encoding}")
    value = _decoded(line)
    if not isinstance(value, dict):
        raise _Unsound("is not an object with named fields")
    if _ESCAPED.search(line) or len(_BRACKETS.findall(line)) > DEEPEST:
        _walk(value)
    return value


def _decoded(line: str) -> Any:
    try:
        return _decoder.decode(line)
    except json.JSONDecodeError as error:
        raise _Unsound(f"is not JSON from character {error.pos + 1} on (it may be cut off)") from None
    except _Unsound as error:
        if error.code == "READ-NAN" and (named := _NAN.search(line)):
            error.column = named.group(1)
        raise
    except RecursionError:
        raise _Unsound(f"is nested deeper than {DEEPEST} levels") from None
    except InvalidOperation:
        raise _Unsound("holds a number beyond all bounds") from None
    except ValueError:
        raise _Unsound("holds a number of more digits than can be read") from None


def _walk(record: dict[str, Any]) -> None:
    """Find nesting too deep, and characters that no database takes, without recursion."""
    todo: list[tuple[str, Any, int]] = [(column, part, 1) for column, value in record.items() for part in (column, value)]
    while todo:
        column, value, depth = todo.pop()
        if isinstance(value, str):
            if "\0" in value:
                raise _Unsound("holds a NUL character", _named(column))
            if _SURROGATE.search(value):
                raise _Unsound("holds half a character (a lone surrogate)", _named(column))
        elif isinstance(value, dict | list):
            if depth >= DEEPEST:
                raise _Unsound(f"is nested deeper than {DEEPEST} levels", _named(column))
            parts = [*value, *value.values()] if isinstance(value, dict) else value
            todo += [(column, part, depth + 1) for part in parts]


def _named(column: str) -> str:
    return _SURROGATE.sub("?", column.replace("\0", "?"))


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        double = next(name for name, _value in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]
        raise _Unsound("names the same field twice", _named(double))
    return found


def _constant(_text: str) -> Any:
    raise _Unsound("holds NaN or infinity instead of a number", code="READ-NAN")


_decoder = json.JSONDecoder(object_pairs_hook=_unique, parse_float=Decimal, parse_constant=_constant)


_TYPES: dict[type, str] = {
    type(None): "null",
    bool: "boolean",
    int: "integer",
    Decimal: "number",
    str: "string",
    list: "array",
    dict: "object",
}
