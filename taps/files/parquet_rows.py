"""Parquet: batch by batch, a column at a time; what memory holds is one batch and the pages that it lies in.

Binary floats become the shortest decimal that means the same float. NaN is no number, and a damaged row; in a column that is declared
as an id it is an absent id, as pandas writes it. Times without a zone stay times without a zone.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from taps._kit.errors import Misconfigured
from taps._kit.folder import corrupt
from taps.files.config import FileStream
from taps.files.rows import BATCH, BATCH_CHARACTERS, Bad, Item, Layout, digits, distinct, keyed

_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 (a local time has no zone)
_UNITS = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}
_EXPORT = "Have the file exported again with this value as text, or empty."


class Parquet:
    """Columns of a warehouse or of pandas."""

    def layout(self, path: Path, name: str, stream: FileStream) -> Layout:
        """Columns and types from the file's own schema."""
        with _open(path, name) as file:
            columns = _columns(file.schema_arrow, stream)
            rows, groups = file.metadata.num_rows, file.metadata.num_row_groups
        floats = [column for column, schema in columns.items() if schema.get("x-binary-float")]
        notes = [f"{name}: {len(columns)} columns, {rows} rows in {groups} row groups."]
        if floats:
            notes.append(f"{name}: {', '.join(floats)} are binary floats; each is read as the shortest decimal that means the same.")
        return Layout(columns, tuple(notes))

    def batches(self, path: Path, name: str, stream: FileStream, skip: int) -> Iterator[list[Item]]:
        """Rows with Decimal, date and ISO text; whole row groups before `skip` are not opened."""
        arrow, _parquet = _pyarrow()
        with _open(path, name) as file:
            columns = list(_columns(file.schema_arrow, stream))
            group, first = 0, 0
            while group < file.metadata.num_row_groups and first + file.metadata.row_group(group).num_rows <= skip:
                first += file.metadata.row_group(group).num_rows
                group += 1
            groups = range(group, file.metadata.num_row_groups)
            try:
                for batch in file.iter_batches(batch_size=_batch_size(file.metadata), row_groups=groups, use_threads=False):
                    last = first + batch.num_rows
                    if last > skip:
                        start = max(skip - first, 0)
                        yield _rows(batch.slice(start), columns, stream, first + start)
                    first = last
            except (arrow.ArrowException, OSError) as error:
                raise corrupt(name, "Parquet", error) from None


def _batch_size(metadata: Any) -> int:
    """Rows to fetch at once: 2,000, or fewer where rows are so large that as many would not fit into memory."""
    size = BATCH
    for group in (metadata.row_group(place) for place in range(metadata.num_row_groups)):
        size = min(size, BATCH_CHARACTERS * group.num_rows // max(group.total_byte_size, 1))
    return max(size, 1)


def _pyarrow() -> tuple[Any, Any]:
    try:
        import pyarrow  # noqa: ICN001, PLC0415 (an extra: imported when the first Parquet file is met)
        import pyarrow.parquet  # noqa: PLC0415
    except ImportError:
        raise Misconfigured("Reading Parquet files needs one more package: pip install 'counterfoil[parquet]'.") from None
    return pyarrow, pyarrow.parquet


def _open(path: Path, name: str) -> Any:
    arrow, parquet = _pyarrow()
    try:
        return parquet.ParquetFile(path, pre_buffer=False, buffer_size=1 << 16, memory_map=False)
    except PermissionError:
        raise
    except (arrow.ArrowException, OSError) as error:
        if isinstance(error, FileNotFoundError):
            raise
        raise corrupt(name, "Parquet", error) from None


def _columns(schema: Any, stream: FileStream) -> dict[str, dict[str, Any]]:
    names = distinct(list(schema.names))
    return {
        column: {"type": ["string", "null"]} if column in stream.ids else _schema(field.type)
        for column, field in zip(names, schema, strict=True)
    }


_TYPES: tuple[tuple[str, dict[str, Any]], ...] = (
    ("is_boolean", {"type": ["boolean", "null"]}),
    ("is_integer", {"type": ["integer", "null"]}),
    ("is_floating", {"type": ["number", "null"], "x-binary-float": True}),
    ("is_decimal", {"type": ["number", "null"]}),
    ("is_date", {"type": ["string", "null"], "format": "date"}),
    ("is_struct", {"type": ["object", "null"]}),
    ("is_nested", {"type": ["array", "null"]}),
)
"""Arrow's own questions about a type, in this order, and what a value is in a record."""


def _schema(kind: Any) -> dict[str, Any]:
    types = _pyarrow()[0].types
    if types.is_dictionary(kind):
        return _schema(kind.value_type)
    if types.is_timestamp(kind) and kind.tz is not None:
        return {"type": ["string", "null"], "format": "date-time"}
    return next((schema for asks, schema in _TYPES if getattr(types, asks)(kind)), {"type": ["string", "null"]})


def _rows(batch: Any, columns: list[str], stream: FileStream, first: int) -> list[Item]:
    """The batch as rows; those that hold a value that cannot be are damaged, for the first such column."""
    wrong: dict[int, tuple[str, str, str]] = {}
    values = [_column(array, column, column in stream.ids, wrong) for column, array in zip(columns, batch.columns, strict=True)]
    rows: list[Item] = [dict(zip(columns, row, strict=True)) for row in zip(*values, strict=True)]
    for place, (why, column, code) in wrong.items():
        row = rows[place]
        shown = ", ".join(f"{name}={value}" for name, value in row.items() if value is not _BROKEN) if isinstance(row, dict) else ""
        rows[place] = Bad(first + place + 1, shown, f"{why} in column {column}", _EXPORT, column, code)
    if stream.key:
        return [row if isinstance(row, Bad) else keyed(first + n, row, stream.key) for n, row in enumerate(rows, 1)]
    return rows


_BROKEN = object()


def _column(array: Any, column: str, is_id: bool, wrong: dict[int, tuple[str, str, str]]) -> list[Any]:  # noqa: FBT001
    """One column's values. Equal values are converted once: prices, days and customers repeat."""
    types = _pyarrow()[0].types
    kind = array.type
    convert = digits if is_id else _converter(kind)
    if convert is None:
        values = _values(array, column, wrong)
        if types.is_string(kind) or types.is_large_string(kind):
            _without_nul(array, values, column, wrong)
        return values
    if types.is_nested(kind):
        return [_tried(convert, value, place, column, wrong) for place, value in enumerate(_values(array, column, wrong))]
    encoded = array if types.is_dictionary(kind) else array.dictionary_encode()
    bad: dict[int, tuple[str, str, str]] = {}
    plain = encoded.dictionary.cast("int64") if types.is_timestamp(kind) else encoded.dictionary
    known = [_tried(convert, value, place, column, bad) for place, value in enumerate(_values(plain, column, bad))]
    codes = encoded.indices.to_pylist()
    if bad:
        wrong.update((place, bad[code]) for place, code in enumerate(codes) if code in bad and place not in wrong)
    return [None if code is None else known[code] for code in codes]


def _values(array: Any, column: str, wrong: dict[int, tuple[str, str, str]]) -> list[Any]:
    """The column as Python's values. Arrow hands bytes that are no UTF-8 through until they are asked for: then each is tried alone."""
    try:
        return array.to_pylist()  # type: ignore[no-any-return]
    except UnicodeDecodeError:
        return [_decoded(each, place, column, wrong) for place, each in enumerate(array)]


def _decoded(value: Any, place: int, column: str, wrong: dict[int, tuple[str, str, str]]) -> Any:
    try:
        return value.as_py()
    except UnicodeDecodeError:
        wrong.setdefault(place, ("holds bytes that are no text", column, "READ-DAMAGED"))
        return _BROKEN


def _tried(convert: Callable[[Any], Any], value: Any, place: int, column: str, wrong: dict[int, tuple[str, str, str]]) -> Any:
    if value is _BROKEN:
        return value
    try:
        return convert(value)
    except _NoNumber:
        wrong.setdefault(place, ("holds NaN or infinity instead of a number", column, "READ-NAN"))
    except (ValueError, OverflowError) as error:
        why = str(error) if isinstance(error, _Unfit) or convert is digits else "holds a value that cannot be read"
        wrong.setdefault(place, (why, column, "READ-DAMAGED"))
    return _BROKEN


class _NoNumber(ValueError):
    """NaN or infinity."""


class _Unfit(ValueError):
    """A value that has no place in a record; the text says why."""


def _without_nul(array: Any, values: list[Any], column: str, wrong: dict[int, tuple[str, str, str]]) -> None:
    import pyarrow.compute as calculate  # noqa: PLC0415 (an extra)

    if calculate.any(calculate.match_substring(array, "\0")).as_py():
        for place, value in enumerate(values):
            if isinstance(value, str) and "\0" in value:
                values[place] = _BROKEN
                wrong.setdefault(place, ("holds a NUL character", column, "READ-DAMAGED"))


def _converter(kind: Any) -> Callable[[Any], Any] | None:
    """How a value of this type becomes one of a record; None where it already is."""
    types = _pyarrow()[0].types
    if types.is_dictionary(kind):
        return _converter(kind.value_type) or _same
    if types.is_floating(kind):
        return _decimal if types.is_float64(kind) else _short_decimal
    if types.is_timestamp(kind):
        return _instant_of(_UNITS[kind.unit], local=kind.tz is None)
    as_it_is = (types.is_boolean, types.is_integer, types.is_decimal, types.is_date, types.is_string, types.is_large_string, types.is_null)
    return None if any(asks(kind) for asks in as_it_is) else _plain


def _same(value: Any) -> Any:
    return value


def _decimal(value: float) -> Decimal:
    if not math.isfinite(value):
        raise _NoNumber
    return Decimal(repr(value))


def _short_decimal(value: float) -> Decimal:
    """A 32-bit float as the fewest digits that mean it: 2.55, not 2.549999952316284."""
    if not math.isfinite(value):
        raise _NoNumber
    return Decimal(next(text for digits_ in range(1, 18) if _as_single(float(text := f"{value:.{digits_}g}")) == value))


def _as_single(value: float) -> float:
    import struct  # noqa: PLC0415 (only 32-bit columns need it)

    return float(struct.unpack("f", struct.pack("f", value))[0])


def _text(value: bytes) -> str:
    try:
        text = value.decode()
    except UnicodeDecodeError:
        raise _Unfit("holds bytes that are no text") from None
    if "\0" in text:
        raise _Unfit("holds a NUL character")
    return text


def _instant_of(per_second: int, *, local: bool) -> Callable[[int | None], str | None]:
    def instant(value: int | None) -> str | None:
        if value is None:
            return None
        seconds, rest = divmod(value, per_second)
        moment = _EPOCH + timedelta(seconds=seconds)
        fraction = f".{rest:0{len(str(per_second)) - 1}d}".rstrip("0") if rest else ""
        return f"{moment.isoformat()}{fraction}{'' if local else '+00:00'}"

    return instant


def _plain(value: Any) -> Any:
    """Nested values, times and spans, down to what a record may hold."""
    for kind, convert in _PLAIN.items():
        if isinstance(value, kind):
            return convert(value)
    return value


_PLAIN: dict[type | tuple[type, ...], Callable[[Any], Any]] = {
    float: _decimal,
    datetime: lambda value: (value if value.tzinfo is None else value.astimezone(UTC)).isoformat(),
    time: time.isoformat,
    timedelta: lambda value: Decimal(value // timedelta(microseconds=1)) / 1_000_000,
    bytes: _text,
    dict: lambda value: {name: _plain(part) for name, part in value.items()},
    (list, tuple): lambda value: [_plain(part) for part in value],
}
