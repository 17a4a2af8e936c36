"""The sentences for what goes wrong with a record: which document, which row, which field, why, and what to do."""

from __future__ import annotations

import decimal
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from mappings.codegen import Site
from mappings.engine import Again, Broken, Draft, Failure
from mappings.model.base import Document
from mappings.problem import Problem
from mappings.values import DIGITS, MISSING, Disagree, NotFound, Unfit

_LONGEST_QUOTE = 60
_CODE_OF_ERROR = {
    "missing": "MAP-REQUIRED",
    "item_missing": "MAP-REQUIRED",
    "extra_forbidden": "MAP-UNKNOWN",
    "total_mismatch": "MAP-TOTAL",
    "count_missing": "MAP-REQUIRED",
}
_OF_ARITHMETIC: tuple[tuple[type[Exception], str, str], ...] = (
    (decimal.DivisionByZero, "MAP-RULE", "would be divided by zero"),
    (decimal.Overflow, "MAP-TYPE", f"would have more than {DIGITS} digits"),
    (decimal.Inexact, "MAP-TYPE", f"would have more than {DIGITS} digits"),
    (decimal.InvalidOperation, "MAP-TYPE", "is worked out from something that is not a finite number"),
    (UnicodeError, "MAP-TYPE", "holds a character that is none (half of a surrogate pair)"),
)


@dataclass(frozen=True)
class Names:
    """What the sentences of one mapping call things."""

    mapping: str
    sites: Sequence[Site]
    documents: Sequence[type[Document] | None]
    """By entry of `documents`; None for an exclusion."""
    elements: Sequence[str]
    """By entry: what the elements of its own `each` are called; '' without."""
    lists: Sequence[Mapping[str, str]]
    """By entry: path of a list → what its elements are called."""


class Report:
    """Collects the problems of one record or group. `name` names the record where no document has a number yet."""

    __slots__ = ("_name", "_names", "_told", "number", "order", "problems", "rows")

    def __init__(self, names: Names, name: Callable[[], str]) -> None:
        self.problems: list[Problem] = []
        self.number: Any = None
        """The source id of the document at hand; the compiled code sets it."""
        self.order: Sequence[int] | None = None
        """Where the rows of a group stood before they were put in order."""
        self.rows: set[int] = set()
        """Which rows have a problem of their own, from 0."""
        self._names = names
        self._name = name
        self._told: set[tuple[int, tuple[int, ...]]] = set()

    def keep(self, error: Exception, site: int, element: Any, places: tuple[int, ...]) -> Broken:
        """A value failed that may never be used: tell when it is."""
        return error.broken if isinstance(error, Again) else Broken(Failure(error, site, element, places))

    def fail(self, error: Exception, site: int, element: Any, places: tuple[int, ...]) -> Broken:
        """A value failed: tell, unless it only follows from another failure."""
        if isinstance(error, Again):
            if error.broken.cause is not None:
                self._tell(error.broken.cause)
        elif not (self.problems and self._names.sites[site].follows):
            self._tell(Failure(error, site, element, places))
        return Broken(None)

    def add(self, code: str, entry: int, say: str, fix: str, path: str = "") -> None:
        """A problem of a whole document, or of the record (entry −1)."""
        self.problems.append(Problem(code, f"{self._where(entry, (), ())}: {say}.", fix, path))

    def invalid(self, draft: Draft, error: ValidationError) -> None:
        """The model refuses a document: one problem for each field, none for fields that had failed before."""
        for each in error.errors(include_url=False):
            path = each["loc"]
            if not _holds_broken(draft.fields, path) and (path or not self.problems):
                self._refused(draft, each)

    def _tell(self, failure: Failure) -> None:
        if (failure.site, failure.places) in self._told:
            return
        self._told.add((failure.site, failure.places))
        site, mapping = self._names.sites[failure.site], self._names.mapping
        fix = f"Correct it at the source, or change line {site.line} of the mapping {mapping}."
        code, why = _explain(failure, site)
        if isinstance(failure.error, Disagree):
            fix = f"Correct it at the source, or say under group.head of the mapping {mapping} which value counts."
            other = self._row(failure.error.place)
            why = f"differs between row {self._row(0) + 1} and row {other + 1}"
            self.rows.add(other)
        elif isinstance(failure.error, NotFound):
            fix = "Add a row for it to the lookup table, or correct it at the source."
        places = self._stood(site.words, failure.places)
        inner = places[len(places) - site.path.count("{}") :]
        where = self._where(site.entry, site.words, places)
        what = _spoken(site.path.rpartition(".")[2].replace("{}", "")) or "it"
        self.problems.append(Problem(code, f"{where}: {what} {why}.", fix, site.path.format(*inner)))

    def _refused(self, draft: Draft, error: ErrorDetails) -> None:
        path, value = error["loc"], error.get("input")
        code, why = _CODE_OF_ERROR.get(error["type"], "MAP-TYPE"), error["msg"][:1].lower() + error["msg"][1:]
        model = self._names.documents[draft.entry]
        if value is None and path and code != "MAP-UNKNOWN":
            code, why = "MAP-REQUIRED", "is empty, and the document needs it"
        elif path:
            quoted = "" if model is None or path[0] in model.personal else _quoted(value)
            why = f"{quoted}cannot be taken: {why}"
        names = [part for part in path if isinstance(part, str)]
        places = [part for part in path if isinstance(part, int)]
        if places and (kept := draft.positions.get(names[0])):
            places[0] = kept[places[0]]
        own = (self._names.elements[draft.entry],) if draft.places else ()
        words = (*own, *(self._names.lists[draft.entry].get(name, name) for name in names[: len(places)]))
        stood = self._stood(words, (*draft.places, *places))
        counted = iter(stood[len(own) :])
        dotted = ".".join(str(next(counted)) if isinstance(part, int) else part for part in path)
        say = f"{_spoken(names[-1])} {why}" if names else why
        fix = f"Correct it at the source, or change the field in the mapping {self._names.mapping}."
        where = self._where(draft.entry, words, stood)
        self.problems.append(Problem(code, f"{where}: {say}.", fix, dotted))

    def _stood(self, words: Sequence[str], places: Sequence[int]) -> tuple[int, ...]:
        """The places in the lists of the source, where rows may have been put in order; takes note of the row."""
        if not words or words[0] != "row" or not places:
            return tuple(places)
        self.rows.add(self._row(places[0]))
        return (self._row(places[0]), *places[1:])

    def _row(self, place: int) -> int:
        """Where a row stood before the rows were put in order."""
        return self.order[place] if self.order is not None else place

    def _where(self, entry: int, words: Sequence[str], places: Sequence[int]) -> str:
        model = self._names.documents[entry] if entry >= 0 else None
        number = self.number if isinstance(self.number, str) and len(self.number) <= _LONGEST_QUOTE and self.number.isprintable() else ""
        start = f"{model.title} {number}" if model is not None and number else self._name()
        counted = (
            f", {'row' if word == 'row' else _spoken(word) + ' no.'} {place + 1}" for word, place in zip(words, places, strict=False)
        )
        return start + "".join(counted)


def _explain(failure: Failure, site: Site) -> tuple[str, str]:
    """The code of a failure, and how the sentence about it goes on."""
    error, element = failure.error, failure.element
    if isinstance(error, Unfit):
        quoted = _quoted(error.value) if site.may_quote() and error.value is not MISSING else ""
        return "MAP-LOOKUP" if isinstance(error, NotFound) else "MAP-TYPE", quoted + error.why
    if isinstance(error, Disagree):
        return "MAP-HEAD", "differs between rows"
    for kind, code, why in _OF_ARITHMETIC:
        if isinstance(error, kind):
            return code, why
    empty = [name for name in site.reads if isinstance(element, dict) and element.get(name) is None]
    if empty and isinstance(error, TypeError | AttributeError):
        return "MAP-RULE", f"cannot be worked out, because {' and '.join(empty)} {'is' if len(empty) == 1 else 'are'} empty"
    if not isinstance(element, dict) and isinstance(error, AttributeError):
        return "MAP-TYPE", "is not an object with named fields"
    needed = f" from {' and '.join(site.reads)}" if site.reads else ""
    return "MAP-RULE", f"cannot be worked out{needed}: a value in it is empty or of the wrong kind"


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
    """A short value in brackets; nothing for a long one or an object."""
    if isinstance(value, str):
        return f"('{value}') " if len(value) <= _LONGEST_QUOTE and value.isprintable() else ""
    small = isinstance(value, bool | date) or (isinstance(value, int) and abs(value) < 10**_LONGEST_QUOTE)
    return f"({value}) " if small or (isinstance(value, Decimal) and len(value.as_tuple().digits) <= _LONGEST_QUOTE) else ""


def _spoken(name: str) -> str:
    return name.replace("_", " ")
