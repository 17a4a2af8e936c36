"""What a search finds: groups of filters of which one must fit, sorted by one property, page by page up to the window.

Rules: a page has at most 200 rows, a search gives at most 10,000 in all [K], values of instants are milliseconds [K].
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from itertools import islice
from typing import Any, NamedTuple

from taps.hubspot.simulator.table import Properties, Table
from taps.hubspot.sweep import instant

MOST_ROWS, MOST_GROUPS, MOST_FILTERS = 200, 5, 18
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_KNOWN = ("EQ", "NEQ", "LT", "LTE", "GT", "GTE", "BETWEEN", "IN", "NOT_IN", "HAS_PROPERTY", "NOT_HAS_PROPERTY", "CONTAINS_TOKEN")


class Bad(Exception):
    """A question that HubSpot refuses, in its words."""


class Result(NamedTuple):
    """How many fit, one page of them, and where the next one begins."""

    total: int
    rows: list[tuple[int, Properties]]
    after: int | None


class _Filter(NamedTuple):
    name: str
    operator: str
    value: str
    high: str
    values: tuple[str, ...]


def search(table: Table, asked: Mapping[str, Any], known: Mapping[str, Mapping[str, Any]], window: int) -> Result:
    """One page. Raises Bad."""
    limit, start = int(asked.get("limit") or 10), int(asked.get("after") or 0)
    if not 1 <= limit <= MOST_ROWS:
        raise Bad(f"limit must be between 1 and {MOST_ROWS}")
    if start + limit > window:
        raise Bad(f"the search gives at most {window} results")
    groups = _groups(asked, known)
    sort, falling = sort_of(asked, known)
    fits = _fits(groups, str(asked.get("query") or ""))
    since = _since(groups, table.modified)
    if sort == table.modified and not falling:
        rows: Iterator[tuple[int, Properties]] = ((each, seen) for _, each, seen in table.index(since) if fits(seen))
        plain = since is not None and len(groups) == 1 and len(groups[0]) == 1 and groups[0][0].operator == "GTE"
        if plain:  # counted without making every row of a long past
            total = table.found(since)
            return Result(total, list(islice(rows, start, start + limit)), start + limit if total > start + limit else None)
    else:
        found = [(each, seen) for _, each, seen in table.index(since) if fits(seen)]
        rows = iter(sorted(found, key=lambda each: _comparable(each[1].get(sort, "")), reverse=falling))
    everything = list(rows)
    page = everything[start : start + limit]
    return Result(len(everything), page, start + limit if len(everything) > start + limit else None)


def _groups(asked: Mapping[str, Any], known: Mapping[str, Any]) -> list[list[_Filter]]:
    given = asked.get("filterGroups") or []
    groups = [[_filter(each, known) for each in group.get("filters") or []] for group in given]
    if len(groups) > MOST_GROUPS or sum(map(len, groups)) > MOST_FILTERS:
        raise Bad("too many filters")
    return groups


def _filter(given: Mapping[str, Any], known: Mapping[str, Any]) -> _Filter:
    name, operator = str(given.get("propertyName")), str(given.get("operator"))
    if name not in known:
        raise Bad(f"There is no property {name}")
    if operator not in _KNOWN:
        raise Bad(f"There is no operator {operator}")
    values = tuple(str(each) for each in given.get("values") or ())
    return _Filter(name, operator, str(given.get("value") or ""), str(given.get("highValue") or ""), values)


def sort_of(asked: Mapping[str, Any], known: Mapping[str, Any]) -> tuple[str, bool]:
    """The property that a search is sorted by, and whether falling. Raises Bad."""
    given = asked.get("sorts") or [{"propertyName": "createdate", "direction": "ASCENDING"}]
    if len(given) > 1:
        raise Bad("Only one sort is allowed")
    (one,) = given
    name = one["propertyName"] if isinstance(one, Mapping) else str(one).removeprefix("-")
    falling = one.get("direction") == "DESCENDING" if isinstance(one, Mapping) else str(one).startswith("-")
    if name not in known:
        raise Bad(f"There is no property {name}")
    return str(name), falling


def _since(groups: list[list[_Filter]], modified: str) -> datetime | None:
    """The earliest instant that any group allows; None where one group has no lower bound."""
    lows = [[_instant(each.value) for each in group if each.name == modified and each.operator in ("GTE", "GT", "EQ")] for group in groups]
    return min(max(low) for low in lows) if lows and all(lows) else None


def _instant(value: str) -> datetime:
    return _EPOCH + timedelta(milliseconds=int(value))


def _fits(groups: list[list[_Filter]], query: str) -> Callable[[Properties], bool]:
    def fits(seen: Properties) -> bool:
        if query and not any(query.lower() in value.lower() for value in seen.values()):
            return False
        return not groups or any(all(_one(each, seen.get(each.name, "")) for each in group) for group in groups)

    return fits


def _one(wanted: _Filter, value: str) -> bool:
    if wanted.operator in ("HAS_PROPERTY", "NOT_HAS_PROPERTY"):
        return bool(value) == (wanted.operator == "HAS_PROPERTY")
    if wanted.operator == "CONTAINS_TOKEN":
        return wanted.value.strip("*").lower() in value.lower()
    if wanted.operator in ("IN", "NOT_IN"):
        return (value in wanted.values) == (wanted.operator == "IN")
    if not value:
        return wanted.operator == "NEQ"
    mine, low = _comparable(value), _comparable(wanted.value)
    if wanted.operator == "BETWEEN":
        return low <= mine <= _comparable(wanted.high)
    less, same = mine < low, mine == low
    return {"EQ": same, "NEQ": not same, "LT": less, "LTE": less or same, "GT": not less and not same, "GTE": not less}[wanted.operator]


def _comparable(value: str) -> tuple[int, Decimal, str]:
    """Instants as their milliseconds, numbers as numbers, texts as texts."""
    try:
        return 0, Decimal(value), ""
    except InvalidOperation:
        pass
    try:
        return 0, Decimal((instant(value) - _EPOCH) // timedelta(milliseconds=1)), ""
    except ValueError:
        return 1, Decimal(0), value
