"""A sheet of an Excel workbook, read from its XML: a second reader beside openpyxl, which feeds the hub.

What the first reader calls damaged (a value beyond the named columns, an error, a formula without a result) is left out here too. XML is
read by the same parser as there, which refuses entities that grow out of bounds.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple
from xml.etree import ElementTree as ET

from taps.files.config import FileStream
from taps.files.rows import digits, distinct

_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_LINK = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_PLACE = re.compile(r"[A-Z]+")
_DATES = {*range(14, 23), *range(45, 48), *range(27, 37), *range(50, 59)}
"""Number formats that are built in and show a date or time."""
_QUOTED = re.compile(r'"[^"]*"|\[[^\]]*\]|\\.')
_SHARED, _STYLES = "xl/sharedStrings.xml", "xl/styles.xml"


class _Book(NamedTuple):
    """What cells refer to."""

    texts: list[str]
    formats: list[str]
    """Of each style, its number format as text; '' where it shows no date."""
    epoch: datetime


class _Unread(Exception):
    """A row that the first reader does not hand out either."""


def rows(path: Path, stream: FileStream) -> Iterator[dict[str, Any]]:
    """The rows below the names, empty ones left out. Raises KeyError, zipfile.BadZipFile or ParseError for what is no workbook."""
    with zipfile.ZipFile(path) as files:
        book, ids = _book(files), frozenset(stream.ids)
        names: list[str] | None = None
        for cells in _rows(files, _sheet(files, stream), book):
            if all(value is None for value in cells.values()):
                continue
            if names is None:
                width = max(place for place, value in cells.items() if _shown(value)) + 1
                header = stream.header is not False
                names = distinct([_shown(cells.get(place)) for place in range(width)] if header else [""] * width)
                if header:
                    continue
            row = _row(cells, names, ids)
            if row is not None:
                yield row


def _row(cells: Mapping[int, Any], names: list[str], ids: frozenset[str]) -> dict[str, Any] | None:
    body: dict[str, Any] = dict.fromkeys(names)
    for place, value in cells.items():
        if value is not None and place >= len(names):
            return None
        if isinstance(value, _Unread):
            return None
        if place < len(names):
            try:
                body[names[place]] = digits(value) if names[place] in ids else value
            except ValueError:
                return None
    return body


def _shown(value: Any) -> str:
    return "" if value is None else str(value)


# ── parts of the file ──


def _book(files: zipfile.ZipFile) -> _Book:
    texts = [_text(item) for item in _tree(files, _SHARED).iter(f"{_MAIN}si")] if _SHARED in files.namelist() else []
    kind = _tree(files, "xl/workbook.xml").find(f"{_MAIN}workbookPr")
    later = kind is not None and kind.get("date1904") in ("1", "true")
    return _Book(texts, _formats(files), datetime(1904, 1, 1) if later else datetime(1899, 12, 30))  # noqa: DTZ001 (a cell has no zone)


def _formats(files: zipfile.ZipFile) -> list[str]:
    if _STYLES not in files.namelist():
        return []
    styles = _tree(files, _STYLES)
    own = {int(each.get("numFmtId", 0)): each.get("formatCode", "") for each in styles.iter(f"{_MAIN}numFmt")}
    found = []
    for each in styles.iterfind(f"{_MAIN}cellXfs/{_MAIN}xf"):
        number = int(each.get("numFmtId", 0))
        code = _QUOTED.sub("", own.get(number, "yyyy-mm-dd" if number in range(14, 18) else "hh" if number in _DATES else "")).lower()
        found.append(code if re.search(r"[ymdhs]", code) and "general" not in code else "")
    return found


def _sheet(files: zipfile.ZipFile, stream: FileStream) -> str:
    """The name of the part that holds the sheet."""
    links = {
        each.get("Id"): each.get("Target", "") for each in _tree(files, "xl/_rels/workbook.xml.rels") if "worksheet" in each.get("Type", "")
    }
    for each in _tree(files, "xl/workbook.xml").iter(f"{_MAIN}sheet"):
        target = links.get(each.get(_LINK))
        if target is not None and stream.sheet in (None, each.get("name")):
            return target.removeprefix("/") if target.startswith("/") else f"xl/{target}"
    raise KeyError(stream.sheet)


def _rows(files: zipfile.ZipFile, part: str, book: _Book) -> Iterator[dict[int, Any]]:
    with files.open(part) as content:
        for _event, element in ET.iterparse(content):  # noqa: S314 (see above: of the file that the first reader has read)
            if element.tag == f"{_MAIN}row":
                cells: dict[int, Any] = {}
                for cell in element.iterfind(f"{_MAIN}c"):
                    cells[_column(cell.get("r"), len(cells))] = _value(cell, book)
                yield cells
                element.clear()


def _column(name: str | None, otherwise: int) -> int:
    found = _PLACE.match(name or "")
    if found is None:
        return otherwise
    number = 0
    for letter in found.group():
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1


def _value(cell: ET.Element, book: _Book) -> Any:
    kind, stored = cell.get("t", "n"), cell.find(f"{_MAIN}v")
    if kind == "inlineStr":
        return _text(cell)
    if stored is None or stored.text is None:
        return None if cell.find(f"{_MAIN}f") is None or kind == "str" else _Unread()
    if kind == "n":
        return _number(stored.text, int(cell.get("s", 0)), book)
    return _Unread() if kind == "e" else _KINDS[kind](stored.text, book)


_KINDS: Mapping[str, Callable[[str, _Book], Any]] = {
    "s": lambda text, book: book.texts[int(text)],
    "str": lambda text, _book: text,
    "b": lambda text, _book: text == "1",
    "d": lambda text, _book: text,
}
"""What a cell's value means, by its type."""


def _number(text: str, style: int, book: _Book) -> Any:
    shown = book.formats[style] if style < len(book.formats) else ""
    number = Decimal(text)
    if shown:
        moment = book.epoch + timedelta(milliseconds=round(number * 86_400_000))
        timed = re.search("[hs]", shown) or number % 1
        return moment.isoformat() if timed else moment.date()
    if re.fullmatch(r"-?\d+", text):
        return int(text)
    return Decimal(repr(float(text)))  # a cell holds a binary number, whatever its text: as the first reader, the shortest that means it


def _text(element: ET.Element) -> str:
    """Its runs of text one after another; how they are pronounced is none of it."""
    spoken = {each for phonetic in element.iter(f"{_MAIN}rPh") for each in phonetic.iter(f"{_MAIN}t")}
    return "".join(each.text or "" for each in element.iter(f"{_MAIN}t") if each not in spoken)


def _tree(files: zipfile.ZipFile, part: str) -> ET.Element:
    return ET.fromstring(files.read(part))  # noqa: S314 (see above: of the file that the first reader has read)
