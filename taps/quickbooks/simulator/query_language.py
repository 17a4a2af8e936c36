r"""The query language of QuickBooks Online, as far as anybody here speaks it.

    SELECT * | COUNT(*) FROM Entity [WHERE a = 'x' AND b IN ('y', 'z') …] [ORDERBY a [DESC]] [STARTPOSITION n] [MAXRESULTS m]

No OR, no joins; a quote in a text is written \' (developer.intuit.com, data queries). MAXRESULTS is at most 1000 (unconfirmed).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from taps.quickbooks.simulator.refusals import Refusal

_TEXT = r"'(?:[^'\\]|\\.)*'"
_VALUE = rf"(?:{_TEXT}|true|false|-?[0-9.]+)"
_STATEMENT = re.compile(
    r"\s*select\s+(?P<what>.+?)\s+from\s+(?P<entity>\w+)"
    r"(?:\s+where\s+(?P<where>.+?))?(?:\s+order\s*by\s+(?P<order>[\w.]+)(?P<down>\s+desc)?(?:\s+asc)?)?"
    r"(?:\s+startposition\s+(?P<start>\d+))?(?:\s+maxresults\s+(?P<most>\d+))?\s*",
    re.IGNORECASE | re.DOTALL,
)
_CONDITION = re.compile(
    rf"\s*(?P<field>[\w.]+)\s*(?:(?P<sign><=|>=|=|<|>|like)\s*(?P<value>{_VALUE})|in\s*\((?P<list>\s*{_VALUE}(?:\s*,\s*{_VALUE})*\s*)\))"
    r"\s*(?:and\b|$)",
    re.IGNORECASE,
)
_UNASKABLE = ("PrivateNote", "Notes", "CustomerMemo", "Line", "Description", "PurchaseDesc")
"""Not filterable, by the property tables of the API reference."""
_MOST = 1000
_SIGNS: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": lambda a, b: a == b,
    "<": lambda a, b: a < b,
    ">": lambda a, b: a > b,
    "<=": lambda a, b: a <= b,
    ">=": lambda a, b: a >= b,
}


@dataclass(frozen=True, slots=True)
class Statement:
    """A parsed statement."""

    entity: str
    conditions: tuple[tuple[str, str, tuple[str, ...]], ...]
    """(field, sign, values); `in` has several."""
    order: str
    descending: bool
    start: int
    most: int
    counts: bool

    def fits(self, row: Mapping[str, Any]) -> bool:
        """Whether an object is asked for. Objects that are not active are, only if the statement speaks of it."""
        if row.get("Active") is False and not any(field == "Active" for field, _, _ in self.conditions):
            return False
        return all(_fits(at(row, field), sign, values) for field, sign, values in self.conditions)


def parse(text: str) -> Statement:
    """The statement; Refusal for what QuickBooks would not take."""
    match = _STATEMENT.fullmatch(text)
    if match is None:
        raise Refusal("4000", f"QueryParserError: {text[:80]}")
    most = int(match["most"] or 100)
    if most > _MOST:
        raise Refusal("4001", f"QueryValidationError: MAXRESULTS {most} is more than {_MOST}")
    return Statement(
        match["entity"],
        tuple(_conditions(match["where"] or "")),
        match["order"] or "",
        bool(match["down"]),
        int(match["start"] or 1),
        most,
        "count(" in match["what"].lower(),
    )


def _conditions(text: str) -> list[tuple[str, str, tuple[str, ...]]]:
    found, place = [], 0
    while place < len(text.rstrip()):
        match = _CONDITION.match(text, place)
        if match is None:
            raise Refusal("4000", f"QueryParserError: {text[place : place + 60]}")
        if match["field"] in _UNASKABLE:
            raise Refusal("4001", f"QueryValidationError: property '{match['field']}' is not queryable")
        values = tuple(_bare(value) for value in re.findall(_VALUE, match["list"] or match["value"]))
        found.append((match["field"], (match["sign"] or "in").lower(), values))
        place = match.end()
    return found


def _bare(value: str) -> str:
    return re.sub(r"\\(.)", r"\1", value[1:-1]) if value.startswith("'") else value


def at(row: Mapping[str, Any], path: str) -> Any:
    """A field of an object by its path; of a reference its id."""
    value: Any = row
    for name in path.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value.get("value") if isinstance(value, Mapping) else value


def _fits(value: Any, sign: str, wanted: tuple[str, ...]) -> bool:
    if value is None:
        return False
    if sign == "in":
        return any(_fits(value, "=", (each,)) for each in wanted)
    if sign == "like":
        pattern = ".*".join(re.escape(part) for part in wanted[0].split("%"))
        return re.fullmatch(pattern, str(value), re.IGNORECASE) is not None
    return _SIGNS[sign](*_comparable(value, wanted[0]))


def _comparable(value: Any, wanted: str) -> tuple[Any, Any]:
    if isinstance(value, bool):
        return value, wanted.lower() == "true"
    if isinstance(value, (int, Decimal)):
        return Decimal(value), Decimal(wanted)
    if re.match(r"\d{4}-\d\d-\d\dT", value) and "T" in wanted:
        return datetime.fromisoformat(value), datetime.fromisoformat(wanted)
    return value.casefold(), wanted.casefold()
