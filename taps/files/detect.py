"""What a text file does not say of itself: its encoding, its delimiter, and whether the first row names the columns."""

from __future__ import annotations

import codecs
import csv
import re
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from taps._kit.text_lines import SAMPLE, encoding_of
from taps.files.config import FileStream
from taps.files.rows import distinct

_DELIMITERS = {";": "semicolon", "\t": "tab", "|": "bar", ",": "comma"}
"""In this order where two fit equally: a comma may stand in numbers and text."""
_ROWS = 200
_VALUE = re.compile(r"[-+]?[\d.,' \u00a0\u202f]*\d%?|\d{1,4}[-./]\d{1,2}[-./]\d{1,4}([T ].*)?|true|false", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Dialect:
    """How one text file is written."""

    encoding: str
    delimiter: str
    quote: str
    header: bool
    names: tuple[str, ...]
    end: str
    note: str


def head(path: Path, stream: FileStream) -> tuple[str, str]:
    """The encoding of a text file, and its first part decoded."""
    with path.open("rb") as content:
        sample = content.read(SAMPLE)
    encoding = stream.encoding or encoding_of(sample)
    if codecs.lookup(encoding).name == "utf-8" and sample.startswith(codecs.BOM_UTF8):
        encoding = "utf-8-sig"
    return encoding, codecs.getincrementaldecoder(encoding)("replace").decode(sample)


def dialect_of(path: Path, name: str, stream: FileStream) -> Dialect | None:
    """How a CSV file is written, as configured or else as detected. None if there is nothing in it."""
    encoding, text = head(path, stream)
    end = "\r" if "\n" not in text and "\r" in text else "\n"
    lines = [line for line in text.split(end) if line.strip("\r\ufeff ")][: _ROWS + 1]
    if not lines:
        return None
    if len(lines) > 1 and len(lines) <= _ROWS and len(text) >= SAMPLE:
        lines.pop()  # the sample ends within it
    quote = '"' if stream.quote is None else stream.quote
    delimiter = stream.delimiter or _delimiter(lines, quote, default="\t" if path.suffix.lower() == ".tsv" else ",")
    rows = _parse(lines, delimiter, quote)
    first = rows[0]
    header = _is_header(first) if stream.header is None else stream.header
    names = tuple(distinct(first if header else [""] * max(len(row) for row in rows[:1])))
    detected = "" if stream.header is not None else ", detected"
    top = f"row 1 names {len(names)} columns" if header else f"no row of names, so the {len(names)} columns are numbered"
    note = f"{name}: encoding {encoding}, columns parted by {_DELIMITERS[delimiter]}, {top}{detected}."
    return Dialect(encoding, delimiter, quote, header, names, end, note)


def _delimiter(lines: list[str], quote: str, default: str) -> str:
    """The delimiter that gives the most rows the width of the first one."""
    best, best_share = default, 0.0
    for candidate in _DELIMITERS:
        widths = [len(row) for row in _parse(lines, candidate, quote)]
        if not widths or widths[0] < 2:  # noqa: PLR2004 (one column is what any text has)
            continue
        share = Counter(widths)[widths[0]] / len(widths)
        if share > best_share:
            best, best_share = candidate, share
    return best


def _parse(lines: list[str], delimiter: str, quote: str) -> list[list[str]]:
    feed = (line + "\n" for line in lines)
    reader = (
        csv.reader(feed, delimiter=delimiter, quotechar=quote) if quote else csv.reader(feed, delimiter=delimiter, quoting=csv.QUOTE_NONE)
    )
    rows: list[list[str]] = []
    with suppress(csv.Error):  # a field without end: what came before tells enough
        rows.extend(row for row in reader if row)
    return rows or [lines[0].split(delimiter)]


def _is_header(first: list[str]) -> bool:
    """Names are text, no two alike, and no value among them: no number, no date."""
    given = [cell.strip() for cell in first if cell.strip()]
    return bool(given) and len(set(given)) == len(given) and not any(_VALUE.fullmatch(cell) for cell in given)
