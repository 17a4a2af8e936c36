"""What a compiled mapping is handed and what it gives, and what its code uses while it runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import time
from functools import cached_property
from typing import Any, NamedTuple, NoReturn
from zoneinfo import ZoneInfo

from mappings.model.base import Document
from mappings.problem import Problem

_NO_TABLES: Mapping[str, Mapping[str, Any]] = {}


@dataclass(frozen=True)
class Context:
    """What a mapping is told about the connection whose records it translates."""

    connection: str
    timezone: str = "UTC"
    """IANA zone in which the source writes local times and counts its days."""
    day_cutoff: time = time(0)
    """What happens before this local time belongs to the business day before."""
    company: str | Mapping[str, str] | None = None
    """The legal entity of its documents, or one by location."""
    lookups: Mapping[str, Mapping[str, Any]] = field(default_factory=lambda: _NO_TABLES)
    """Lookup tables by name; keys are texts."""

    @cached_property
    def zone(self) -> ZoneInfo:
        """The zone itself."""
        return ZoneInfo(self.timezone)


@dataclass(slots=True)
class Translation:
    """What became of one record, or of the rows of one group. With problems there are no documents: it is held whole."""

    documents: list[Document] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    excluded: str = ""
    """Why there is no document on purpose; else empty."""
    rows: frozenset[int] = frozenset()
    """Which of the rows have a problem of their own, from 0; empty where the problems are about the whole."""


class Draft(NamedTuple):
    """A document as the compiled code makes it, before the model has seen it."""

    entry: int
    """Which entry of `documents`."""
    fields: dict[str, Any]
    places: tuple[int, ...]
    """Which element of the entry's `each` it is; () without."""
    positions: Mapping[str, list[int]]
    """For lists whose `when` left elements out: where the kept ones stood."""


class Failure(NamedTuple):
    """What went wrong where: the number of the site, the element, and the positions in the lists around it."""

    error: Exception
    site: int
    element: Any
    places: tuple[int, ...]


class Broken:
    """Stands in a variable for a value that could not be worked out."""

    __slots__ = ("cause",)

    def __init__(self, cause: Failure | None) -> None:
        self.cause = cause
        """The failure, if it was not told yet: a `let` tells only when it is used."""


class Again(Exception):
    """Something broken was used."""

    def __init__(self, broken: Broken) -> None:
        super().__init__()
        self.broken = broken


def again(broken: Broken) -> NoReturn:
    """Use a broken value."""
    raise Again(broken)


def in_order(keys: Sequence[Any]) -> list[int]:
    """The places of rows by their keys, those without a key first; equal ones stay as they were."""
    return sorted(range(len(keys)), key=lambda place: (keys[place] is not None, keys[place] if keys[place] is not None else 0))
