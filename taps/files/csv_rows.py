"""CSV: every value stays text, and an empty one stays empty; what the mapping makes of it is the mapping's business.

A row that is damaged costs that row alone. A quote that is never closed would swallow what follows: its line is damaged, and reading
goes on with the next one.
"""

from __future__ import annotations

import csv
import re
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from taps._kit.text_lines import LONGEST, TooLong, text_lines, undecoded
from taps.files.config import FileStream, NumberFormat
from taps.files.detect import Dialect, dialect_of
from taps.files.rows import BATCH, BATCH_CHARACTERS, Bad, Item, Layout, digits, keyed

csv.field_size_limit(max(csv.field_size_limit(), LONGEST))  # for the whole process: Python keeps one limit

_TEXT: dict[str, Any] = {"type": ["string", "null"]}
_CORRECT = "Correct the row in the file, or have the file exported again."


class Csv:
    """Comma-separated values, and those separated by semicolon, tab or bar."""

    def layout(self, path: Path, name: str, stream: FileStream) -> Layout:
        """The names of the columns, and how the file is written."""
        dialect = dialect_of(path, name, stream)
        if dialect is None:
            return Layout({})
        return Layout(dict.fromkeys(dialect.names, _TEXT), (dialect.note,))

    def batches(self, path: Path, name: str, stream: FileStream, skip: int) -> Iterator[list[Item]]:
        """Rows as texts by column."""
        dialect = dialect_of(path, name, stream)
        if dialect is None:
            return
        rows = _Rows(path, dialect, conversions(dialect, stream), stream.key)
        batch: list[Item] = []
        begun = 0
        for place, row in enumerate(rows):
            if place < skip:
                continue
            batch.append(row)
            if len(batch) == BATCH or rows.characters - begun > BATCH_CHARACTERS:
                yield batch
                batch, begun = [], rows.characters
        if batch:
            yield batch


Conversion = tuple[int, Callable[[str], str]]


class _Rows:
    """The rows of one file after its header, each a dictionary or what is wrong with it."""

    def __init__(self, path: Path, dialect: Dialect, conversions: list[Conversion], key: tuple[str, ...]) -> None:
        self._lines = text_lines(path, dialect.encoding, dialect.end)
        self._again: deque[str] = deque()
        """Lines that a quote without end had swallowed."""
        self._dialect = dialect
        self._conversions = conversions
        self._key = key
        self._width = len(dialect.names)
        self.characters = 0
        """How many were taken up so far."""

    def __iter__(self) -> Iterator[Item]:
        names, delimiter, quote = self._dialect.names, self._dialect.delimiter, self._dialect.quote
        width, conversions, header = self._width, self._conversions, self._dialect.header
        row = 0
        while (line := self._take()) is not None:
            row += 1
            self.characters += len(line)
            wrong = None
            if isinstance(line, TooLong) or not quote or quote not in line:
                if line[-1:] == "\r":
                    line = line[:-1]  # a file from Windows
                fields = line.split(delimiter)
            else:
                fields, line, wrong = self._quoted(line)
            if wrong is None and not (len(fields) == width and line.isascii() and "\0" not in line and not isinstance(line, TooLong)):
                wrong = self._examine(fields, line)
            if wrong is None and not fields[0] and line.strip() != quote * 2 and not any(map(str.strip, fields)):
                continue  # an empty line, or one of delimiters only
            if header:
                header = False
            elif wrong is not None:
                yield Bad(row, line, *wrong)
            else:
                for place, convert in conversions:
                    fields[place] = convert(fields[place])
                body = dict(zip(names, fields, strict=True))
                yield keyed(row, body, self._key) if self._key else body

    def _take(self) -> str | None:
        return self._again.popleft() if self._again else next(self._lines, None)

    def _quoted(self, line: str) -> tuple[list[str], str, tuple[str, str, str] | None]:
        """The fields of a row with quotes, its whole text, and what is wrong with it."""
        taken = [line]
        reader = csv.reader(
            self._following(taken), delimiter=self._dialect.delimiter, quotechar=self._dialect.quote, doublequote=True, strict=True
        )
        try:
            fields = next(reader)
        except csv.Error as error:
            fields, trouble = [], str(error)
        else:
            trouble = "" if len(taken) == 1 or len(fields) == self._width else "runs on"
        if not trouble:
            return fields, "\n".join(taken), None
        self._again.extendleft(reversed(taken[1:]))
        place = line.count(self._dialect.delimiter, 0, line.rfind(self._dialect.quote))
        column = self._dialect.names[min(place, self._width - 1)]
        why = "has text after a closing quote" if "expected after" in trouble else "opens a quote and does not close it"
        return [], line, (f"{why} in column {column}", "Close the quote, or double it where it belongs to the text.", column)

    def _following(self, taken: list[str]) -> Iterator[str]:
        yield taken[0] + "\n"
        size = len(taken[0])
        while size < LONGEST and (line := self._take()) is not None:
            taken.append(line)
            size += len(line)
            yield line + "\n"

    def _examine(self, fields: list[str], line: str) -> tuple[str, str, str] | None:
        """What is wrong with a row: too long, NUL, bytes of another encoding, or not as many columns as the first row."""
        names, width = self._dialect.names, self._width
        if isinstance(line, TooLong):
            return f"is longer than {LONGEST:,} characters", _CORRECT, ""
        broken = undecoded(line, self._dialect.encoding)
        nul = line.find("\0")
        if broken is not None or nul >= 0:
            place = nul if broken is None else broken
            column = names[min(line.count(self._dialect.delimiter, 0, place), width - 1)]
            if broken is None:
                return f"holds a NUL byte in column {column}", _CORRECT, column
            encoding = self._dialect.encoding
            fix = f"If the file is not in {encoding}, say `encoding` in the connection. Otherwise have it exported again."
            return f"holds bytes in column {column} that are not {encoding}", fix, column
        if len(fields) == width or not line.strip():
            return None
        column = names[len(fields)] if len(fields) < width else ""
        there = "1 column" if len(fields) == 1 else f"{len(fields)} columns"
        return f"has {there} where the file has {width}", _CORRECT, column


def conversions(dialect: Dialect, stream: FileStream) -> list[Conversion]:
    """What the configuration makes of columns, by place: ids, and numbers as the file writes them."""
    ids = {*stream.ids}
    kept = {*ids, *stream.key, stream.version}
    found: list[Conversion] = [(place, _id) for place, column in enumerate(dialect.names) if column in ids]
    if stream.number_format is not None:
        plain = _plain_number(stream.number_format)
        found += [(place, plain) for place, column in enumerate(dialect.names) if column not in kept]
    return found


def _id(text: str) -> str:
    return digits(text) or ""


def _plain_number(written: NumberFormat) -> Callable[[str], str]:
    """Turns a number as the file writes it into a plain one, and leaves all other text alone."""
    thousands, decimal = re.escape(written.thousands), re.escape(written.decimal)
    groups = rf"(?:[1-9]\d{{0,2}}(?:{thousands}\d{{3}})+|0|[1-9]\d*)" if thousands else r"(?:0|[1-9]\d*)"
    number = re.compile(rf"\s*([-+]?{groups})(?:{decimal}(\d+))?\s*")

    def plain(text: str) -> str:
        found = number.fullmatch(text)
        if found is None:
            return text
        whole = found.group(1).replace(written.thousands, "") if written.thousands else found.group(1)
        return f"{whole}.{found.group(2)}" if found.group(2) else whole

    return plain
