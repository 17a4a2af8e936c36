"""The bank tap: entries of bank statements, CAMT.053, MT940, OFX or QFX and CSV."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from mappings.problem import Problem
from taps._kit.errors import Misconfigured
from taps._kit.facts import Facts
from taps._kit.folder import FileTrouble, unreadable
from taps._kit.reader import Message, Stream
from taps._kit.surroundings import Surroundings
from taps.bank.config import BankConfig
from taps.bank.csv_statement import columns
from taps.bank.formats import format_of
from taps.bank.reading import File, Reading, find
from taps.bank.statement import FIELDS

FACTS = Facts(system="bank", title="Bank statements: CAMT.053, MT940, OFX, CSV")

ENTRIES = "entries"
"""The one stream: a record is one movement on an account."""

_HEADS = 50
"""Files whose format is looked at for `streams` and `check`."""


class BankReader:
    """Statements of one or more accounts."""

    facts = FACTS

    def __init__(self, config: BankConfig, home: Path) -> None:
        self._config = config
        self._home = home

    def streams(self) -> list[Stream]:
        """The stream of entries, with a sentence for each file about its format."""
        files, troubles = find(self._config, self._home)
        notes = [trouble.say for trouble in troubles]
        properties = dict(FIELDS)
        for file in files[:_HEADS]:
            found = _look(file)
            if isinstance(found, Problem):
                notes.append(found.say)
            else:
                notes.append(f"{file.name}: {found[0]}.")
                named = file.files.csv.named() if file.files.csv else ()
                properties |= {column: {"type": ["string", "null"]} for column in found[1] if column not in (*named, *FIELDS) and column}
        if len(files) > _HEADS:
            notes.append(f"{len(files) - _HEADS} more files were not looked into.")
        schema = {"type": "object", "properties": properties, "additionalProperties": True}
        return [Stream(ENTRIES, schema, ("id",), notes=tuple(notes))]

    def read(self, stream: str, state: Mapping[str, Any] | None, around: Surroundings) -> Iterator[Message]:  # noqa: ARG002 (files need nothing from the hub)
        """Read on from `state`. Raises Misconfigured at once for a stream that is not there or a state that is not ours."""
        if stream != ENTRIES:
            raise Misconfigured(f"There is no stream {stream!r} in a bank connection; it has {ENTRIES}.")
        return Reading(self._config, self._home, state).messages()

    def check(self, around: Surroundings | None = None) -> list[Problem]:  # noqa: ARG002 (files need no log-in)
        """What is missing, unreadable, of no known format or without the columns that the configuration names."""
        files, problems = find(self._config, self._home)
        return problems + [found for file in files[:_HEADS] if isinstance(found := _look(file), Problem)]


def _look(file: File) -> tuple[str, list[str]] | Problem:
    """The name of the format and the columns of a CSV file, or why it cannot be read."""
    try:
        kind = type(format_of(file.path, file.name, file.files)).__name__
        return {"Camt": "CAMT.053", "Ofx": "OFX"}.get(kind, kind.upper()), columns(file.path, file.name, file.files)
    except FileTrouble as trouble:
        return trouble.problem
    except OSError as error:
        return unreadable(file.name, error)
