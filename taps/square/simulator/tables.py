"""The simulator's tables: rows that become visible late, sorted by an instant, and pages with cursors.

A cursor here is a place in the list as it stands when the next page is asked for. Square says nothing of what its cursors do when rows
move; this is the worst they may do: a row that moved to the end takes the ones behind it over the page border.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from taps.square.client import Body
from taps.square.moments import instant, written
from taps.square.simulator.past import Listing, Past, Place, Row, Rows


@dataclass(slots=True)
class Table:
    """Rows of one kind by id."""

    clock: Callable[[], datetime]
    order: str
    """Field that lists are in the order of, unless they say another."""
    late: timedelta = timedelta(0)
    """How long a change stays invisible in lists (vendors.md: payments and refunds by seconds)."""
    rows: Rows = field(default_factory=Rows)
    _fresh: set[str] = field(default_factory=set)
    _sorted: dict[tuple[str, str | None], list[Place]] = field(default_factory=dict)

    def put(self, body: Body) -> Body:
        """Add or change a row now."""
        key = body["id"]
        old = self.rows.get(key)
        before = None if old is None else old.before if old.visible_at > self.clock() else old.body()
        self.rows[key] = Row(body, self.clock() + self.late, before)
        self._fresh.add(key)
        self._sorted.clear()
        return body

    def remember(self, past: Past) -> None:
        """Rows of long ago, made when they are asked for. Every instant of one is that of its number."""
        self.rows.past = past

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

    def since(
        self, field_name: str, start: datetime, place: str | None = None, also: tuple[str, datetime] | None = None
    ) -> Sequence[Place]:
        """(instant, id) of what lists show from an instant on, in order.

        At one location, where one is named; and with `also` another field from an instant on.
        """
        settled = {key for key in self._fresh if self.rows.own[key].visible_at <= self.clock()}
        if settled:
            self._fresh -= settled
            self._sorted.clear()
        if (field_name, place) not in self._sorted:
            bodies = ((key, self.shown(key)) for key in self.rows.own)
            shown = ((key, body) for key, body in bodies if body is not None and place in (None, body.get("location_id")))
            self._sorted[field_name, place] = sorted((written(instant(body[field_name])), key) for key, body in shown)
        past, alive, stored = self.rows.past, self.rows.alive(place), self._sorted[field_name, place]
        if also is None:
            return Listing.of(past, alive, stored, written(start), written(start))
        name, bound = also
        stored = [each for each in stored if instant((self.shown(each[1]) or {})[name]) >= bound]
        return Listing.of(past, alive, stored, written(start), written(max(start, bound)))


class BadCursor(Exception):
    """A cursor that is none of this question's."""


class Slice(NamedTuple):
    """One page."""

    keys: list[Any]
    cursor: str | None


def page(listed: Sequence[Any], question: Any, cursor: str | None, limit: int) -> Slice:
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
    return Slice(list(listed[place:end]), more)


def _mark(question: Any) -> str:
    return hashlib.sha256(json.dumps(question, sort_keys=True, default=str).encode()).hexdigest()[:16]
