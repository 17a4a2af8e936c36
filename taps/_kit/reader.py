"""The reader's side of the hub: what a tap hands over, and what it is handed.

A reader is a generator over one stream. It keeps no state of its own: it is given the value of its last `State`, and what it yields
before the next `State` is landed in one transaction with that `State`. Yield a `State` at least every 2,000 records.

    Start       a scope is read from its first row from here on; what was handed out of it before counts for no absence
    Record      an upsert of one row
    Damaged     a row that is there but cannot be read; it counts as read
    Tombstone   the source itself says that a key is gone
    State       where to go on, and how many rows the reader has handed out over its whole life
    Complete    the scope was read from its first to its last row; only then may an absence mean anything
    Mended      a part was read anew from its first to its last row: damaged rows of it that did not come again were mended
    Notice      a sentence about the source as a whole (a file is gone, nothing was there); nothing is counted
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, TypeAlias

from mappings.problem import Problem
from taps._kit.facts import Facts
from taps._kit.surroundings import Surroundings

Json: TypeAlias = bool | int | str | list["Json"] | dict[str, "Json"] | None
"""What a landed body holds. Never a binary float: a reader turns it into Decimal, and Decimal is written as a string or a number
literal by the hub, digit for digit."""


class Start(NamedTuple):
    """A whole new read of `scope` begins: every file or page of it follows. Not sent when a read goes on after a kill."""

    scope: str


class Record(NamedTuple):
    """One row as the source has it. `body` values are Json, Decimal, date or datetime; never float."""

    body: Mapping[str, Any]
    key: str | None = None
    """The source's own key; None where rows have none (the hub then uses row hash and occurrence)."""
    version: str | None = None
    """Grows with each change at the source (sorted as text); None where the source has none."""
    scope: str = ""
    """What a later Complete may speak of; stable across file names."""
    where: str = ""
    """Where it stands, for people: the file, where a stream may be many files. It may change without the row being another."""


class Damaged(NamedTuple):
    """A row that cannot be read. `raw` is its text as far as it can be had, `where` names file, row and column."""

    raw: str
    where: str
    problem: Problem
    scope: str = ""


class Tombstone(NamedTuple):
    """The source says that this key is gone."""

    key: str
    version: str | None = None


class State(NamedTuple):
    """`value` is handed back to `read`; `read` counts the Records and Damaged of the reader's whole life, by its own counting."""

    value: dict[str, Any]
    read: int


class Complete(NamedTuple):
    """The whole of `scope` was handed out in this read: `count` rows. Follows the last row, comes before the last State."""

    scope: str
    count: int  # type: ignore[assignment]  # hides tuple.count, which nobody calls on a message


class Mended(NamedTuple):
    """A part of the source was read anew, whole: what was Damaged under this scope and was not handed out again is damaged no more.

    Says nothing of absent records. For a reader that reads one changed file of many, with a scope of its own for that file's damaged rows.
    """

    scope: str


class Notice(NamedTuple):
    """A sentence about the source as a whole, shown to people; opens a problem until a later read of the stream goes well."""

    problem: Problem


Message: TypeAlias = Start | Record | Damaged | Tombstone | State | Complete | Mended | Notice


@dataclass(frozen=True, slots=True)
class Stream:
    """What a reader offers under one name."""

    name: str
    schema: dict[str, Any]
    """JSON Schema of a record body. A property from a binary float carries `"x-binary-float": true`."""
    key_properties: tuple[str, ...] = ()
    snapshot: bool = False
    """Whether one full read shows everything there is, so that an absence is a delete. Off unless the configuration says so."""
    notes: tuple[str, ...] = ()
    """What was detected (dialect, encoding, sheet), one sentence each, shown by preview and check."""


class Reader(Protocol):
    """One configured source. Errors that stop a run are subclasses of `taps._kit.errors.ConnectorError`; data problems are messages."""

    facts: Facts

    def streams(self) -> list[Stream]:
        """What there is to read, discovered now."""
        ...

    def read(self, stream: str, state: Mapping[str, Any] | None, around: Surroundings) -> Iterator[Message]:
        """Read on from `state` (None: from the start)."""
        ...

    def check(self, around: Surroundings | None = None) -> list[Problem]:
        """What would stop a read, found without reading everything. A system behind a log-in is only asked with `around`."""
        ...
