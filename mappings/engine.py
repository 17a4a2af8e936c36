"""Running a compiled mapping: what it is handed, what it gives, and the sentences for what goes wrong."""

from __future__ import annotations

import decimal
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, time
from decimal import Decimal
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from mappings.codegen import Site
from mappings.functions import DIGITS, MISSING, Disagree, NotFound, Unfit
from mappings.model.base import Document
from mappings.problem import Problem

GROUP_COMPANY = "group"
GROUP_WIDE = frozenset({"customer", "supplier", "product", "contact"})
"""Document types that belong to all companies together: parties and items."""
_LONGEST_QUOTE = 60
_EMPTY: Mapping[str, Mapping[str, Any]] = {}
_CODE_OF_ERROR = {
    "missing": "MAP-REQUIRED",
    "item_missing": "MAP-REQUIRED",
    "extra_forbidden": "MAP-UNKNOWN",
    "total_mismatch": "MAP-TOTAL",
}


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
    lookups: Mapping[str, Mapping[str, Any]] = field(default_factory=lambda: _EMPTY)
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


class Broken:
    """Stands in a variable for a value that could not be worked out."""

    __slots__ = ("cause",)

    def __init__(self, cause: tuple[Exception, int, Any, tuple[int, ...]] | None) -> None:
        self.cause = cause
        """What went wrong where, if that was not told yet: a `let` tells only when it is used."""


class Again(Exception):  # noqa: N818 - not an error of its own
    """Something broken was used."""

    def __init__(self, broken: Broken) -> None:
        super().__init__()
        self.broken = broken


def again(broken: Broken) -> Any:
    """Use a broken value."""
    raise Again(broken)


def in_order(rows: Sequence[Any], keys: Sequence[Any]) -> list[Any]:
    """Rows by their keys, those without a key first; equal ones stay as they were."""
    places = sorted(range(len(rows)), key=lambda place: (keys[place] is not None, keys[place] if keys[place] is not None else 0))
    return [rows[place] for place in places]


@dataclass(frozen=True)
class Names:
    """What a report's sentences call things."""

    mapping: str
    sites: Sequence[Site]
    documents: Sequence[type[Document] | None]
    """By entry of `documents`; None for an exclusion."""
    lists: Sequence[Mapping[str, str]]
    what: Callable[[], str]
    """Names the record where no document has a number yet."""


class Report:
    """Collects the problems of one record or group."""

    __slots__ = ("_names", "_told", "number", "problems")

    def __init__(self, names: Names) -> None:
        self.problems: list[Problem] = []
        self.number: Any = None
        self._names = names
        self._told: set[tuple[int, tuple[int, ...]]] = set()

    def keep(self, error: Exception, site: int, element: Any, places: tuple[int, ...]) -> Broken:
        """A value failed that may never be used: tell when it is."""
        return error.broken if isinstance(error, Again) else Broken((error, site, element, places))

    def fail(self, error: Exception, site: int, element: Any, places: tuple[int, ...]) -> Broken:
        """A value failed: tell, unless it only follows from another failure."""
        if isinstance(error, Again):
            if error.broken.cause is not None:
                self._tell(*error.broken.cause)
        elif not (self.problems and self._names.sites[site].follows):
            self._tell(error, site, element, places)
        return Broken(None)

    def _tell(self, error: Exception, number: int, element: Any, places: tuple[int, ...]) -> None:
        if (number, places) in self._told:
            return
        self._told.add((number, places))
        site = self._names.sites[number]
        code, say = _explain(error, site, element)
        path = site.path.format(*places)
        what = _spoken(site.path.rpartition(".")[2].replace("{}", "")) or "it"
        fix = f"Correct it at the source, or change line {site.line} of the mapping {self._names.mapping}."
        if isinstance(error, Disagree):
            fix = f"Correct it at the source, or say under group.head of the mapping {self._names.mapping} which value counts."
        elif isinstance(error, NotFound):
            fix = "Add a row for it to the lookup table, or correct it at the source."
        where = self._where(site.document, site.words, places)
        self.problems.append(Problem(code, f"{where}: {what} {say}.", fix, path))

    def invalid(self, number: int, fields: dict[str, Any], positions: Mapping[str, list[int]], error: ValidationError) -> None:
        """The model refuses a document: one problem for each field, none for fields that failed before."""
        model = self._names.documents[number]
        assert model is not None
        for each in error.errors(include_url=False):
            path, value = each["loc"], each.get("input")
            if isinstance(value, Broken) or _holds_broken(fields, path) or (not path and self.problems):
                continue
            self.problems.append(self._refused(number, model, path, each["type"], each["msg"], value, positions))

    def _refused(
        self,
        number: int,
        model: type[Document],
        path: tuple[int | str, ...],
        kind: str,
        said: str,
        value: Any,
        positions: Mapping[str, list[int]],
    ) -> Problem:
        code, why = _CODE_OF_ERROR.get(kind, "MAP-TYPE"), said[:1].lower() + said[1:]
        if value is None and path and code != "MAP-UNKNOWN":
            code, why = "MAP-REQUIRED", "is empty, and the document needs it"
        elif path:
            quoted = "" if str(path[0]) in model.personal else _quoted(value)
            why = f"{quoted}cannot be taken: {why}"
        places = [part for part in path if isinstance(part, int)]
        names = [str(part) for part in path if not isinstance(part, int)]
        if places and (kept := positions.get(names[0])):
            places[0] = kept[places[0]]
        words = [self._names.lists[number].get(names[0], names[0]) if place == 0 else name for place, name in enumerate(names)]
        counted = iter(places)
        dotted = ".".join(str(next(counted)) if isinstance(part, int) else part for part in path)
        say = f"{_spoken(names[-1])} {why}" if names else why
        fix = f"Correct it at the source, or change the field in the mapping {self._names.mapping}."
        return Problem(code, f"{self._where(number, tuple(words), tuple(places))}: {say}.", fix, dotted)

    def add(self, code: str, document: int, say: str, fix: str, path: str = "") -> None:
        """A problem of a whole document, or of the record (-1)."""
        self.problems.append(Problem(code, f"{self._where(document, (), ())}: {say}.", fix, path))

    def _where(self, document: int, words: tuple[str, ...], places: tuple[int, ...]) -> str:
        model = self._names.documents[document] if document >= 0 else None
        number = self.number if isinstance(self.number, str) and document >= 0 else None
        start = f"{model.title} {number}" if model is not None and number else self._names.what()
        return "".join([start, *(f", {_counted(word)} {place + 1}" for word, place in zip(words, places, strict=False))])


def _explain(error: Exception, site: Site, element: Any) -> tuple[str, str]:
    """The code of a failure, and how the sentence about it goes on."""
    if isinstance(error, Unfit):
        quoted = _quoted(error.value) if site.may_quote() and error.value is not MISSING else ""
        return "MAP-LOOKUP" if isinstance(error, NotFound) else "MAP-TYPE", quoted + error.why
    if isinstance(error, Disagree):
        return "MAP-HEAD", f"differs between row 1 and row {error.place + 1}"
    if isinstance(error, decimal.DivisionByZero):
        return "MAP-RULE", "would be divided by zero"
    if isinstance(error, decimal.Inexact | decimal.Overflow):
        return "MAP-TYPE", f"would have more than {DIGITS} digits"
    if isinstance(error, decimal.InvalidOperation):
        return "MAP-TYPE", "is worked out from something that is not a finite number"
    if isinstance(error, UnicodeError):
        return "MAP-TYPE", "holds a character that is none (half of a surrogate pair)"
    empty = [name for name in site.reads if isinstance(element, dict) and element.get(name) is None]
    if empty and isinstance(error, TypeError | AttributeError):
        return "MAP-RULE", f"cannot be worked out, because {' and '.join(empty)} {'is' if len(empty) == 1 else 'are'} empty"
    if not isinstance(element, dict) and isinstance(error, AttributeError):
        return "MAP-TYPE", "is not an object with named fields"
    return "MAP-RULE", "cannot be worked out: a value in it is empty or of the wrong kind"


def _holds_broken(fields: Any, path: tuple[int | str, ...]) -> bool:
    """Whether the model met a value that had failed already."""
    for part in path:
        if isinstance(fields, Broken):
            return True
        try:
            fields = fields[part]
        except (KeyError, IndexError, TypeError):
            return False
    return isinstance(fields, Broken)


def _quoted(value: Any) -> str:
    """A short value in brackets and quotes; nothing for a long one or an object."""
    if isinstance(value, str):
        return f"('{value}') " if len(value) <= _LONGEST_QUOTE and value.isprintable() else ""
    if isinstance(value, bool | date):
        return f"({value}) "
    if isinstance(value, int):
        return f"({value}) " if abs(value) < 10**_LONGEST_QUOTE else ""
    return f"({value}) " if isinstance(value, Decimal) and len(value.as_tuple().digits) <= _LONGEST_QUOTE else ""


def _spoken(name: str) -> str:
    return name.replace("_", " ")


def _counted(word: str) -> str:
    return "row" if word == "row" else f"{_spoken(word)} no."
