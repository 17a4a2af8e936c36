"""One object type of a simulated account: rows of long ago that are made when somebody looks, and rows that were made or changed since.

A list is read from the records themselves; a search from an index that follows them late, and shows what was there before until then.
"""

from __future__ import annotations

import heapq
from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import groupby

from taps.hubspot.sweep import instant, written

Properties = dict[str, str]
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(slots=True)
class Row:
    """One record. Every property is a text, as HubSpot has it."""

    id: int
    properties: Properties
    created: datetime
    updated: datetime
    archived_at: datetime | None = None
    gone: bool = False
    """Merged into another, or deleted for good."""
    shown: Properties | None = None
    """What a search shows until `visible_at`; None: nothing."""
    visible_at: datetime = LONG_AGO

    @property
    def there(self) -> bool:
        """Whether lists show it."""
        return self.archived_at is None and not self.gone

    def indexed(self, now: datetime) -> Properties | None:
        """What a search finds of it now."""
        if now < self.visible_at:
            return self.shown
        return self.properties if self.there else None


@dataclass(slots=True)
class Table:
    """The records of one object type."""

    name: str
    modified: str
    """The property that holds the instant of the last change."""
    clock: Callable[[], datetime]
    lag: timedelta
    first: int
    """Id of the first record of long ago."""
    past: int = 0
    """How many records of long ago there are."""
    make: Callable[[int], Properties] = lambda _number: {}
    """The properties of a record of long ago, by its number from 0."""
    changed_at: Callable[[int], datetime] = lambda _number: LONG_AGO
    """When it was made and last changed; never falls with the number."""
    rows: dict[int, Row] = field(default_factory=dict)
    """What was made or changed since."""
    _fresh: list[int] = field(default_factory=list)

    def ids(self, above: int = -1) -> Iterator[int]:
        """Every id above another one, archived ones too, in order."""
        start = max(above + 1, self.first)
        yield from range(start, self.first + self.past)
        yield from self._fresh[bisect_left(self._fresh, above + 1) :]

    def get(self, record_id: int) -> Row | None:
        """A record in any state, made where it is one of long ago; a change of it must go through `change`."""
        row = self.rows.get(record_id)
        if row is None and self.first <= record_id < self.first + self.past:
            number = record_id - self.first
            at = self.changed_at(number)
            row = Row(record_id, self.make(number), at, at)
            row.properties |= self._stamps(row)
        return row

    def add(self, record_id: int, properties: Properties) -> Row:
        """A new record, at the clock's time."""
        now = self.clock()
        row = Row(record_id, dict(properties), now, now, visible_at=now + self.lag)
        row.properties |= self._stamps(row)
        self.rows[record_id] = row
        self._fresh.append(record_id)
        return row

    def change(self, record_id: int, properties: Properties | None = None) -> Row:
        """Change properties, or only the instant of the last change. An empty text takes a property away."""
        row = self._held(record_id)
        row.properties |= properties or {}
        for name in [name for name, value in row.properties.items() if not value]:
            del row.properties[name]
        row.updated = self.clock()
        row.properties |= self._stamps(row)
        return row

    def archive(self, record_id: int) -> Row:
        """Into the recycle bin."""
        row = self._held(record_id)
        row.archived_at = self.clock()
        return row

    def restore(self, record_id: int) -> Row:
        """Out of the recycle bin."""
        row = self.change(record_id)
        row.archived_at = None
        return row

    def drop(self, record_id: int) -> Row:
        """Neither in lists nor in the recycle bin any more."""
        row = self._held(record_id)
        row.gone = True
        return row

    def _held(self, record_id: int) -> Row:
        """The record, kept from now on; the index shows it as it was until it has followed."""
        row = self.get(record_id)
        if row is None:
            raise KeyError(record_id)
        now = self.clock()
        if now >= row.visible_at:
            row.shown = dict(row.properties) if row.there else None
        row.visible_at = now + self.lag
        self.rows[record_id] = row
        return row

    def _stamps(self, row: Row) -> Properties:
        return {"createdate": written(row.created), self.modified: written(row.updated), "hs_object_id": str(row.id)}

    # ── what lists and searches show ──

    def listed(self, above: int, *, archived: bool) -> Iterator[Row]:
        """Records above an id, in order."""
        for record_id in self.ids(above) if not archived else sorted(each for each in self.rows if each > above):
            row = self.get(record_id)
            if row is not None and not row.gone and (row.archived_at is not None) == archived:
                yield row

    def index(self, since: datetime | None = None) -> Iterator[tuple[datetime, int, Properties]]:
        """What a search sees, changed at or after an instant, in the order of the last change; those of one instant in none to rely on."""
        now = self.clock()
        touched = [(instant(seen[self.modified]), -each, seen) for each, row in self.rows.items() if (seen := row.indexed(now)) is not None]
        kept = sorted((each for each in touched if since is None or each[0] >= since), key=lambda each: each[:2])
        for at, negative, seen in heapq.merge(self._old(since), kept, key=lambda each: each[:2]):
            yield at, -negative, seen

    def _old(self, since: datetime | None) -> Iterator[tuple[datetime, int, Properties]]:
        start = bisect_left(range(self.past), since, key=self.changed_at) if since is not None else 0
        untouched = (number for number in range(start, self.past) if self.first + number not in self.rows)
        for at, numbers in groupby(untouched, key=self.changed_at):
            for number in sorted(numbers, reverse=True):
                yield at, -(self.first + number), self._of(number)

    def _of(self, number: int) -> Properties:
        row = self.get(self.first + number)
        assert row is not None
        return row.properties

    def found(self, since: datetime | None) -> int:
        """How many `index` would give, without making any."""
        now = self.clock()
        start = bisect_left(range(self.past), since, key=self.changed_at) if since is not None else 0
        touched = sum(self.first + start <= each < self.first + self.past for each in self.rows)
        views = (row.indexed(now) for row in self.rows.values())
        return (
            self.past
            - start
            - touched
            + sum(seen is not None and (since is None or instant(seen[self.modified]) >= since) for seen in views)
        )

    def truth(self) -> list[Row]:
        """Every record that lists show."""
        return list(self.listed(-1, archived=False))
