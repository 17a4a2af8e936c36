"""What files say of themselves: every row once more, by another reader than the one that feeds the hub.

CSV is read by Python's csv module from the first byte to the last, where the reader cuts lines by itself; JSON Lines line by line; an Excel
workbook from its XML, where the reader goes by openpyxl. A file that was written since the hub last read it is left out: what is new in it
was not read yet.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType
from typing import Any

from taps._kit.folder import untouched
from taps._kit.reader import Record
from taps._kit.surroundings import Surroundings
from taps._kit.totals import ANY, Asked, Found, Statement
from taps.files.config import FilesConfig, FileStream
from taps.files.csv_rows import conversions
from taps.files.detect import dialect_of, head
from taps.files.found import File, find, format_of
from taps.files.reading import version_of
from taps.files.xlsx_again import rows as sheet_rows


class FilesTotals:
    """The files of one connection, read again."""

    silent: Mapping[str, str] = MappingProxyType({})

    def __init__(self, config: FilesConfig, home: Path) -> None:
        self._config = config
        self._home = home
        self.states: Mapping[str, str] = dict.fromkeys(config.streams, ANY)

    def ask(self, stream: str, asked: Asked, around: Surroundings) -> Statement:  # noqa: ARG002 (files need nothing from the hub)
        """Every row of the files that are as the hub last read them."""
        configured = self._config.streams[stream]
        known = asked.state.get("files", {})
        files = [file for files in find(stream, configured, self._home).scopes.values() for file in files]
        same = [file for file in files if file.name in known and untouched(file.path, known[file.name])]
        if not same:
            return Statement("", None, (), why=f"No file of {stream} is as it was when it was last read.")
        other = {format_of(file.path, configured) for file in same} - _READ.keys()
        if other:
            return Statement("", None, (), why=f"There is no second reader of {', '.join(sorted(map(str, other)))} files.")
        left = f"; {len(files) - len(same)} written since are left out" if len(same) < len(files) else ""
        told = f"{', '.join(file.name for file in same)}, read again from the first byte to the last{left}"
        return Statement(told, None, (), _again(same, configured))

    def fetch(
        self, stream: str, keys: Sequence[str], streams: Sequence[str], around: Surroundings
    ) -> Iterator[tuple[str, Record]]:  # pragma: no cover
        """Files have no ids to ask for."""
        del stream, keys, streams, around
        return iter(())

    def numbers(self, stream: str, numbers: Sequence[str], around: Surroundings) -> Iterator[Found]:
        """Files say nothing of what is not in them."""
        del stream, numbers, around
        return iter(())


def _again(files: Sequence[File], stream: FileStream) -> Iterator[Record]:
    for file in files:
        for row in _READ[str(format_of(file.path, stream))](file, stream):
            key = "\x1f".join(str(row.get(column)) for column in stream.key) if stream.key else None
            yield Record(row, key, version_of(row.get(stream.version)) if stream.version else None, where=file.name)


def _csv(file: File, stream: FileStream) -> Iterator[dict[str, Any]]:
    dialect = dialect_of(file.path, file.name, stream)
    if dialect is None:
        return
    width, converted = len(dialect.names), conversions(dialect, stream)
    with file.path.open(encoding=dialect.encoding, errors="surrogateescape", newline="") as text:
        if dialect.quote:
            rows = csv.reader(text, delimiter=dialect.delimiter, quotechar=dialect.quote)
        else:
            rows = csv.reader(text, delimiter=dialect.delimiter, quoting=csv.QUOTE_NONE)
        header = dialect.header
        for row in rows:
            if not any(map(str.strip, row)):
                continue
            if header:
                header = False
            elif len(row) == width:
                for place, convert in converted:
                    row[place] = convert(row[place])
                yield dict(zip(dialect.names, row, strict=True))


def _lines(file: File, stream: FileStream) -> Iterator[dict[str, Any]]:
    encoding, _sample = head(file.path, stream)
    with file.path.open(encoding=encoding, errors="surrogateescape") as text:
        for line in text:
            try:
                row = json.loads(line, parse_float=Decimal)
            except ValueError:
                continue  # a damaged row: the reader tells of it
            if isinstance(row, dict):
                yield row


_READ: Mapping[str, Callable[[File, FileStream], Iterator[dict[str, Any]]]] = {
    "csv": _csv,
    "jsonl": _lines,
    "xlsx": lambda file, stream: sheet_rows(file.path, stream),
}
"""The second reader of each format."""
