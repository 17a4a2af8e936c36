"""The files tap: CSV, Excel, Parquet and JSON Lines, as a file, a folder or a pattern."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from mappings.problem import Problem
from taps._kit.errors import Misconfigured
from taps._kit.facts import Facts
from taps._kit.folder import FileTrouble, empty, unreadable
from taps._kit.reader import Damaged, Message, Record, Stream
from taps._kit.surroundings import Surroundings
from taps.files.config import FilesConfig, FileStream
from taps.files.formats import format_for
from taps.files.found import File, Found, find
from taps.files.reading import Reading
from taps.files.rows import Layout

FACTS = Facts(system="files", title="Files: CSV, Excel, Parquet, JSON Lines")

_HEADS = 50
"""Files of one stream whose heads are read to learn its columns."""


class FilesReader:
    """One files connection."""

    facts = FACTS

    def __init__(self, config: FilesConfig, home: Path) -> None:
        self._config = config
        self._home = home

    def streams(self) -> list[Stream]:
        """Each configured stream with the columns of its files, and a sentence for all that was detected."""
        return [self._stream(name, stream) for name, stream in self._config.streams.items()]

    def read(self, stream: str, state: Mapping[str, Any] | None, around: Surroundings) -> Iterator[Message]:  # noqa: ARG002 (files need nothing from the hub)
        """Read on from `state`. Raises Misconfigured at once for a stream that is not there or a state that is not ours."""
        return Reading(stream, self._configured(stream), self._home, state).messages()

    def check(self, around: Surroundings | None = None) -> list[Problem]:  # noqa: ARG002 (files need no log-in)
        """What is missing, unreadable, empty or without the columns that the configuration names."""
        problems: list[Problem] = []
        for name, stream in self._config.streams.items():
            found = find(name, stream, self._home)
            if found.trouble is not None:
                problems.append(found.trouble)
            for file in _heads(found):
                layout = _layout(file, stream)
                problems += [layout] if isinstance(layout, Problem) else self._columns(file, stream, layout)
        return problems

    def preview(self, stream: str, rows: int = 20) -> list[Record | Damaged]:
        """The first rows as a read would hand them out; nothing is remembered."""
        first: list[Record | Damaged] = []
        if rows > 0:
            for message in self.read(stream, None, Surroundings()):
                if isinstance(message, Record | Damaged):
                    first.append(message)
                    if len(first) == rows:
                        break
        return first

    def _configured(self, stream: str) -> FileStream:
        if stream not in self._config.streams:
            raise Misconfigured(f"There is no stream {stream!r} in this connection; it has {', '.join(self._config.streams)}.")
        return self._config.streams[stream]

    def _stream(self, name: str, stream: FileStream) -> Stream:
        found = find(name, stream, self._home)
        notes = [] if found.trouble is None else [found.trouble.say]
        columns: dict[str, dict[str, Any]] = {}
        heads = _heads(found)
        for file in heads:
            layout = _layout(file, stream)
            if isinstance(layout, Problem):
                notes.append(layout.say)
            else:
                notes += layout.notes
                for column, schema in layout.columns.items():
                    columns[column] = _both(columns[column], schema) if column in columns else schema
        more = sum(map(len, found.scopes.values())) - len(heads)
        if more:
            notes.append(f"{more} more files were not looked into.")
        schema = {"type": "object", "properties": columns, "additionalProperties": True}
        return Stream(name, schema, stream.key, stream.snapshot, tuple(notes))

    @staticmethod
    def _columns(file: File, stream: FileStream, layout: Layout) -> list[Problem]:
        if not layout.columns:
            return [empty(file.name)]
        named = dict.fromkeys([*stream.key, *stream.ids, *([stream.version] if stream.version else [])])
        return [
            Problem(
                "READ-SCHEMA", f"{file.name} has no column {column}; it has {', '.join(layout.columns)}.", "Correct the connection.", column
            )
            for column in named
            if column not in layout.columns
        ]


def _heads(found: Found) -> list[File]:
    return [file for files in found.scopes.values() for file in files][:_HEADS]


def _layout(file: File, stream: FileStream) -> Layout | Problem:
    try:
        if not file.path.stat().st_size:
            return empty(file.name)
        return format_for(file.path, file.name, stream).layout(file.path, file.name, stream)
    except FileTrouble as trouble:
        return trouble.problem
    except OSError as error:
        return unreadable(file.name, error)


def _both(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """A schema that takes the values of two files."""
    if one == other:
        return one
    types = sorted({*one["type"], *other["type"]} - {"null"})
    floats = {"x-binary-float": True} if "x-binary-float" in one or "x-binary-float" in other else {}
    return {"type": [*types, "null"], **floats}
