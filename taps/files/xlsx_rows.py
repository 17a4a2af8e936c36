"""Excel workbooks: one sheet, the first row that is not empty names the columns. A formula gives the result that is stored with it.

Every number in a workbook is a binary float; it is read as the shortest decimal that means the same.
"""

from __future__ import annotations

import math
import re
import warnings
import zipfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError
from zlib import error as ZlibError  # noqa: N812 (that module names its error in small letters)

from mappings.problem import Problem
from taps._kit.errors import Misconfigured
from taps._kit.folder import FileTrouble, corrupt
from taps.files.config import FileStream
from taps.files.rows import BATCH, Bad, Item, Layout, digits, distinct, keyed

_FORMULA = re.compile(rb"<(?:\w+:)?f[ />]")
_OLD = b"\xd0\xcf\x11\xe0"
_SAMPLE_ROWS = 200
_BROKEN = (zipfile.BadZipFile, ParseError, ZlibError, KeyError, ValueError, TypeError, IndexError, EOFError, AttributeError)
"""What openpyxl lets through where a workbook is not whole."""


class Xlsx:
    """A sheet of an Excel workbook."""

    def layout(self, path: Path, name: str, stream: FileStream) -> Layout:
        """Columns, and the types of the first 200 rows."""
        with _Sheet.open(path, name, stream) as sheet:
            columns: dict[str, dict[str, Any]] = {column: {"type": ["string", "null"]} for column in sheet.names}
            types: dict[str, set[str]] = {}
            for _n, item in zip(range(_SAMPLE_ROWS), sheet.items(), strict=False):
                if isinstance(item, dict):
                    for column, value in item.items():
                        types.setdefault(column, set()).add(_type(value))
            for column, found in types.items():
                columns[column] = _schema(found - {"null"})
            notes = [
                f"{name}: sheet {sheet.title!r}, {len(columns)} columns named in row {sheet.header_row}."
                if sheet.header_row
                else f"{name}: sheet {sheet.title!r}, {len(columns)} columns without names, numbered."
            ]
            if sheet.has_formulas:
                notes.append(f"{name}: sheet {sheet.title!r} has formulas; the result stored with each is taken, nothing is calculated.")
        return Layout(columns, tuple(notes))

    def batches(self, path: Path, name: str, stream: FileStream, skip: int) -> Iterator[list[Item]]:
        """Rows with Decimal, date and ISO text."""
        with _Sheet.open(path, name, stream) as sheet:
            batch: list[Item] = []
            for place, item in enumerate(sheet.items()):
                if place < skip:
                    continue
                batch.append(item)
                if len(batch) == BATCH:
                    yield batch
                    batch = []
            if batch:
                yield batch


class _Sheet:
    """One open sheet: its names, and its rows below them."""

    def __init__(self, values: Any, formulas: Any, stream: FileStream) -> None:
        self.title: str = values.title
        self.has_formulas = formulas is not None
        self._ids = frozenset(stream.ids)
        self._key = stream.key
        self._rows = self._numbered(values, formulas)
        self.names: list[str] = []
        self.header_row = 0
        self._first: tuple[int, list[Any], tuple[Any, ...]] | None = next(self._rows, None)
        if self._first is not None:
            row, cells, _formulas = self._first
            texts = ["" if cell.value is None else str(cell.value) for cell in cells]
            while texts and not texts[-1].strip():
                texts.pop()
            header = stream.header is not False
            self.names = distinct(texts if header else [""] * len(texts))
            if header:
                self.header_row, self._first = row, None

    @classmethod
    @contextmanager
    def open(cls, path: Path, name: str, stream: FileStream) -> Iterator[_Sheet]:
        """Open the workbook, and turn what a broken one raises into FileTrouble."""
        openpyxl = _openpyxl()
        with path.open("rb") as content:
            start = content.read(4)
        if start == _OLD:
            say = f"{name} is an Excel file with a password, or of the old kind (.xls)."
            raise FileTrouble(Problem("READ-DAMAGED", say, "Save it as .xlsx without a password."))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # openpyxl tells of styles and extensions that no value depends on
            try:
                with closing(openpyxl.load_workbook(path, read_only=True, data_only=True)) as book:
                    values = _sheet(book, name, stream)
                    if not _mentions_formulas(values):
                        yield cls(values, None, stream)
                        return
                    with closing(openpyxl.load_workbook(path, read_only=True)) as same:
                        yield cls(values, _sheet(same, name, stream), stream)
            except _BROKEN as error:
                raise corrupt(name, "an Excel workbook", error) from None

    def items(self) -> Iterator[Item]:
        """The rows; empty ones are passed over."""
        if self._first is not None:
            yield self._item(*self._first)
        for row, cells, formulas in self._rows:
            yield self._item(row, cells, formulas)

    @staticmethod
    def _numbered(values: Any, formulas: Any) -> Iterator[tuple[int, list[Any], tuple[Any, ...]]]:
        for sheet in (values, formulas):
            if sheet is not None:
                sheet.reset_dimensions()  # some programs write them wrong, and rows would be lost
        also = iter(formulas.iter_rows()) if formulas is not None else None
        for row, cells in enumerate(values.iter_rows(), 1):
            beside = next(also, ()) if also is not None else ()
            if any(cell.value is not None for cell in cells) or any(cell.data_type == "f" for cell in beside):
                yield row, list(cells), beside

    def _item(self, row: int, cells: list[Any], formulas: tuple[Any, ...]) -> Item:
        width = len(self.names)
        body: dict[str, Any] = dict.fromkeys(self.names)
        for place, cell in enumerate(cells):
            is_formula = place < len(formulas) and formulas[place].data_type == "f"
            if cell.value is None and not is_formula:
                continue
            if place >= width:
                return Bad(
                    row,
                    _shown(cells),
                    f"has a value in cell {cell.coordinate}, beyond the last named column",
                    "Name the column, or empty the cell.",
                )
            try:
                body[self.names[place]] = self._value(cell, self.names[place], is_formula=is_formula)
            except ValueError as error:
                fix = "Correct the cell in a spreadsheet program, save the file (which stores the results of formulas), and copy it again."
                column = self.names[place]
                coordinate = formulas[place].coordinate if is_formula else cell.coordinate
                code = "READ-NAN" if isinstance(error, _NoNumber) else "READ-DAMAGED"
                return Bad(row, _shown(cells), f"{error} in column {column} (cell {coordinate})", fix, column, code)
        return keyed(row, body, self._key)

    def _value(self, cell: Any, column: str, *, is_formula: bool) -> Any:
        value = cell.value
        if is_formula and value is None and cell.data_type != "str":
            raise ValueError("has a formula whose result is not stored")
        if cell.data_type == "e":
            raise ValueError(f"has the error {value}")
        if column in self._ids:
            return digits(value)
        if isinstance(value, float):
            return _number(value)
        if isinstance(value, datetime):
            return value.date() if _is_day(cell, value) else value.isoformat()
        if isinstance(value, time):
            return value.isoformat()
        if isinstance(value, timedelta):
            hours, rest = divmod(int(value.total_seconds()), 3600)
            return f"{hours:02d}:{rest // 60:02d}:{rest % 60:02d}"
        return value


class _NoNumber(ValueError):
    """NaN or infinity."""


def _number(value: float) -> Decimal:
    if not math.isfinite(value):
        raise _NoNumber("holds NaN or infinity instead of a number")
    return Decimal(repr(value))


def _openpyxl() -> Any:
    try:
        import openpyxl  # noqa: PLC0415 (an extra: imported when the first workbook is met)
    except ImportError:
        raise Misconfigured("Reading Excel files needs one more package: pip install 'counterfoil[xlsx]'.") from None
    return openpyxl


def _sheet(book: Any, name: str, stream: FileStream) -> Any:
    titles = [sheet.title for sheet in book.worksheets]
    if stream.sheet is None and titles:
        return book.worksheets[0]
    if stream.sheet in titles:
        return book[stream.sheet]
    say = f"{name} has no sheet {stream.sheet!r}; its sheets are {', '.join(titles) or 'none'}."
    raise FileTrouble(Problem("READ-MISSING", say, "Correct `sheet` in the connection, or the name of the sheet."))


def _mentions_formulas(sheet: Any) -> bool:
    """Whether the sheet's text has a formula anywhere; read in pieces, without parsing."""
    tail = b""
    with sheet._get_source() as source:  # noqa: SLF001 (openpyxl shows a formula or its result, never whether there is one)
        while block := source.read(1 << 20):
            if _FORMULA.search(tail + block):
                return True
            tail = block[-16:]
    return False


def _is_day(cell: Any, value: datetime) -> bool:
    """Whether the cell shows a day and no time of it."""
    from openpyxl.styles.numbers import is_datetime  # noqa: PLC0415 (an extra)

    return value.time() == time(0) and is_datetime(cell.number_format or "") == "date"


def _shown(cells: list[Any]) -> str:
    return ", ".join("" if cell.value is None else str(cell.value) for cell in cells)


def _type(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int() | Decimal():
            return "number"
        case date():
            return "date"
    return "string"


def _schema(found: set[str]) -> dict[str, Any]:
    if found == {"number"}:
        return {"type": ["number", "null"], "x-binary-float": True}
    if found == {"date"}:
        return {"type": ["string", "null"], "format": "date"}
    if found <= {"string", "date"}:
        return {"type": ["string", "null"]}
    kinds = sorted({"string" if kind == "date" else kind for kind in found})
    return {"type": [*kinds, "null"], **({"x-binary-float": True} if "number" in kinds else {})}
