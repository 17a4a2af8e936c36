"""The simulator's tables: rows that become visible late, sorted by an instant, and pages with cursors.

A cursor here is a place in the list as it stands when the next page is asked for. Square says nothing of what its cursors do when rows
move; this is the worst they may do: a row that moved to the end takes the ones behind it over the page border.
"""

from __future__ import annotations

import base64
import hashlib
import json
from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from taps.square.client import Body
from taps.square.moments import instant, written


@dataclass(slots=True)
class Row:
    """One thing in its newest state, and the state before it while the newest is not visible yet. A state may be made when asked for."""

    now: Body | Callable[[], Body]
    visible_at: datetime
    before: Body | None = None
    gone: bool = False

    def body(self) -> Body:
        """The newest state."""
        return self.now() if callable(self.now) else self.now


@dataclass(slots=True)
class Table:
    """Rows of one kind by id."""

    clock: Callable[[], datetime]
    order: str
    """Field that lists are in the order of, unless they say another."""
    late: timedelta = timedelta(0)
    """How long a change stays invisible in lists (vendors.md: payments and refunds by seconds)."""
    rows: dict[str, Row] = field(default_factory=dict)
    _fresh: set[str] = field(default_factory=set)
    _sorted: dict[str, list[tuple[str, str]]] = field(default_factory=dict)

    def put(self, body: Body) -> Body:
        """Add or change a row now."""
        key = body["id"]
        old = self.rows.get(key)
        before = None if old is None else old.before if old.visible_at > self.clock() else old.body()
        self.rows[key] = Row(body, self.clock() + self.late, before)
        self._fresh.add(key)
        self._sorted.clear()
        return body

    def lazy(self, key: str, moment: str, make: Callable[[], Body]) -> None:
        """A row of long ago that is made when it is asked for: a hundred thousand orders take little room."""
        self.rows[key] = Row(make, self.clock() - timedelta(days=1))
        self._sorted.setdefault(self.order, []).append((written(instant(moment)), key))

    def settle(self) -> None:
        """After lazy rows: put them into order."""
        for listed in self._sorted.values():
            listed.sort()

    def drop(self, key: str) -> None:
        """Delete a row."""
        del self.rows[key]
        self._fresh.discard(key)
        self._sorted.clear()

    def truth(self) -> Iterator[Body]:
        """Every row in its newest state, visible or not."""
        return (row.body() for row in self.rows.values())

    def get(self, key: str) -> Body | None:
        """One row as a look-up by id sees it: at once."""
        row = self.rows.get(key)
        return row.body() if row else None

    def shown(self, key: str) -> Body | None:
        """One row as a list shows it now."""
        row = self.rows[key]
        return row.body() if row.visible_at <= self.clock() else row.before

    def since(self, field_name: str, start: datetime) -> list[tuple[str, str]]:
        """(instant, id) of what lists show from an instant on, in order."""
        settled = {key for key in self._fresh if self.rows[key].visible_at <= self.clock()}
        if settled:
            self._fresh -= settled
            self._sorted.clear()
        if field_name not in self._sorted:
            keys = ((key, self.shown(key)) for key in self.rows)
            self._sorted[field_name] = sorted((written(instant(body[field_name])), key) for key, body in keys if body is not None)
        found = self._sorted[field_name]
        return found[bisect_left(found, (written(start), "")) :]


class BadCursor(Exception):
    """A cursor that is none of this question's."""


class Slice(NamedTuple):
    """One page."""

    keys: list[Any]
    cursor: str | None


def page(listed: list[Any], question: Any, cursor: str | None, limit: int) -> Slice:
    """A page of a list. Raises BadCursor where the cursor is of another question (Square: use the original query)."""
    mark = _mark(question)
    place = 0
    if cursor:
        try:
            said, place = json.loads(base64.urlsafe_b64decode(cursor))
        except ValueError:
            raise BadCursor from None
        if said != mark:
            raise BadCursor
    end = place + limit
    more = base64.urlsafe_b64encode(json.dumps([mark, end]).encode()).decode() if end < len(listed) else None
    return Slice(listed[place:end], more)


def _mark(question: Any) -> str:
    return hashlib.sha256(json.dumps(question, sort_keys=True, default=str).encode()).hexdigest()[:16]
