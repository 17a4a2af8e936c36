"""Pages of a list, so that nothing slips over a border.

Lists are cut by skip and take: a row that goes moves all behind it forward, and one would be passed over. So each page begins with the
last row of the one before it; where it does not, something moved, and the list is read from its start again.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from taps._kit.errors import Retryable
from taps.vendure.client import Client, TooMany
from taps.vendure.queries import page_of

Row = Mapping[str, Any]


class Moved(Exception):
    """The list is not what it was a page ago."""


class Page(NamedTuple):
    """Rows, the place behind them, and whether more follow."""

    rows: list[dict[str, Any]]
    at: int
    more: bool


class Listing:
    """One list in a fixed order."""

    def __init__(self, client: Client, field: str, selection: str, size: int, options: Mapping[str, Any] | None = None) -> None:
        self.size = size
        self._client = client
        self._field = field
        self._query = page_of(field, selection)
        self._options = {"sort": {"id": "ASC"}, **(options or {})}

    def page(self, at: int = 0, last: str | None = None) -> Page:
        """The rows behind place `at`, whose row before is `last`. Raises Moved where it is another one."""
        overlap = 1 if at else 0
        while True:
            options = {**self._options, "skip": at - overlap, "take": self.size + overlap}
            try:
                found = self._client.ask(self._query, {"options": options})[self._field]
            except TooMany as told:
                self.size = _fewer(self.size, told.most)
                continue
            rows = [_in_order(row) for row in found["items"]]
            if overlap and (not rows or str(rows[0]["id"]) != last):
                raise Moved
            there = at - overlap + len(rows)
            more = there < found["totalItems"]
            if more and len(rows) == overlap:
                raise Moved
            return Page(rows[overlap:], there, more)

    def pages(self, at: int = 0, last: str | None = None) -> Iterator[Page]:
        """All pages from a place on. Raises Moved."""
        more = True
        while more:
            page = self.page(at, last)
            at, more = page.at, page.more
            last = str(page.rows[-1]["id"]) if page.rows else last
            yield page


def _in_order(value: Any) -> Any:
    """The same with its lists in one order: Vendure gives those inside a row as the database has them, which an update changes."""
    if isinstance(value, dict):
        return {name: _in_order(each) for name, each in value.items()}
    if isinstance(value, list):
        return sorted((_in_order(each) for each in value), key=_rank)
    return value


def _rank(value: Any) -> tuple[int, str]:
    if isinstance(value, dict):
        return (len(value["id"]), value["id"]) if "id" in value else (0, json.dumps(value, sort_keys=True, default=str))
    return (0, str(value))


def _fewer(size: int, most: int) -> int:
    if most <= 1 or size < most:
        raise Retryable(f"Vendure gives {most} rows at once, which is too few to read it.")
    return most - 1
