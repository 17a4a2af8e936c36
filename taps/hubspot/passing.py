"""One pass over a stream: all of it, or what changed since the last one.

A whole pass goes through the list in the order of the ids, which never change; it comes first, and again after some days, because
nothing else shows what was deleted for good. The others search for what was changed, read that by id (a search shows old values for
some seconds), and look into the recycle bin. A deal has changed too when one of its line items has.

A pass begins before the one before it began: by the overlap, because the search is late, and by what two clocks may differ.

    State   since   when the last whole or finished pass began      after   the page of the list that a whole pass stands at
            whole   when the last whole pass began                  count   records of this whole pass
            going   when this pass began                            at      by object type, the instant that a search goes on from
            read    records of the whole life
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from taps._kit.points import at
from taps._kit.reader import Complete, Message, Record, Start, State, Tombstone
from taps.hubspot.client import Body, Portal
from taps.hubspot.facts import CLOCKS_DIFFER, FACTS
from taps.hubspot.kinds import DEALS, LINE_ITEMS, MERGED, OWNERS, Kind
from taps.hubspot.records import Records, merged
from taps.hubspot.sweep import changed, instant, written

_AT_ONCE = 1_000
"""Records of a whole pass that are put together at once, and between two States; so batches of line items are full."""
_DISBELIEF = timedelta(days=1)


class Pass:
    """A pass over one stream of CRM records."""

    def __init__(self, portal: Portal, kind: Kind, state: Mapping[str, Any]) -> None:
        self._portal = portal
        self._kind = kind
        self._records = Records(portal, kind)
        self._now = portal.edge.around.clock()
        self._state = dict(state) if _believable(state, self._now) else {"read": state.get("read", 0)}
        self._state.setdefault("read", 0)

    def messages(self) -> Iterator[Message]:
        """Everything that is new or may be; deletions last."""
        yield from self._whole() if self._due() else self._changes()

    def _due(self) -> bool:
        """Whether all of it is read."""
        if self._state.get("going"):
            return "count" in self._state
        last = self._state.get("whole")
        return last is None or instant(last) + timedelta(days=self._portal.config.whole_every_days) <= self._now

    # ── all of it ──

    def _whole(self) -> Iterator[Message]:
        if not self._state.get("going"):
            self._state |= {"going": written(self._now), "after": None, "count": 0}
            yield Start(self._kind.name)
        more = True
        while more:
            rows: list[Body] = []
            while more and len(rows) < _AT_ONCE:
                page, after = self._records.listed(self._state["after"])
                rows += page
                self._state["after"], more = after, after is not None
            at("L1")
            for message in self._handed(self._records.whole(rows)):
                self._state["count"] += isinstance(message, Record)
                yield message
            if more:
                yield self._said()
        yield Complete(self._kind.name, self._state.pop("count"))
        began = self._state.pop("going")
        self._state |= {"since": began, "whole": began}
        self._state.pop("after")
        yield self._said()

    # ── what changed ──

    def _changes(self) -> Iterator[Message]:
        if not self._state.get("going"):
            self._state |= {"going": written(self._now), "at": {}}
        since = instant(self._state["since"]) - FACTS.cursor_overlap - CLOCKS_DIFFER
        handed: set[str] = set()
        for ids in self._found(self._kind, since):
            handed |= set(ids)
            yield from self._handed(self._records.of(ids))
            yield self._said()
        if self._kind is DEALS:
            for lines in self._found(LINE_ITEMS, since):
                sold = self._portal.associated(LINE_ITEMS.name, DEALS.name, lines) if lines else {}
                ids = sorted({deal for deals in sold.values() for deal in deals} - handed, key=int)
                handed |= set(ids)
                yield from self._handed(self._records.of(ids))
                yield self._said()
        yield from self._archived(since)
        self._state["since"] = self._state.pop("going")
        self._state.pop("at")
        yield self._said()

    def _found(self, kind: Kind, since: datetime) -> Iterator[list[str]]:
        """Ids of what changed, page by page; a pass that was interrupted goes on where it stood."""
        reached: dict[str, str | None] = self._state["at"]
        if kind.name in reached:
            since = instant(reached[kind.name] or written(self._now))
        for step in changed(self._portal, kind.name, kind.modified, since):
            at("L1")
            # the end is reached only as far as the search was current: an interrupted pass looks there again
            reached[kind.name] = written(step.next or since)
            since = step.next or since
            yield step.ids

    def _archived(self, since: datetime) -> Iterator[Message]:
        """What was put into the recycle bin since; the list of it cannot be asked by date."""
        after: str | None = None
        while True:
            page = self._portal.listed(self._kind.name, [MERGED], after, archived=True)
            for row in page.rows:
                if row.get("archivedAt") and instant(row["archivedAt"]) >= since:
                    yield from map(Tombstone, [str(row["id"]), *merged(row)])
            after = page.after
            if after is None:
                return

    # ── messages ──

    def _handed(self, records: list[Body]) -> Iterator[Message]:
        for record in records:
            self._state["read"] += 1
            # what hangs on a deal has clocks of its own: the newest reading counts
            yield Record(record, str(record["id"]), None if self._kind is DEALS else record.get("updatedAt"), self._kind.name)
            yield from map(Tombstone, merged(record))

    def _said(self) -> State:
        return State({**self._state, **({"at": dict(self._state["at"])} if "at" in self._state else {})}, self._state["read"])


def owners(portal: Portal, state: Mapping[str, Any]) -> Iterator[Message]:
    """Everybody who may own a record, who left too: whole each time, for owners cannot be asked by change."""
    read, count = int(state.get("read", 0)), 0
    yield Start(OWNERS)
    for archived in (False, True):
        after: str | None = None
        while True:
            page = portal.owners(after, archived=archived)
            at("L1")
            for row in page.rows:
                read, count = read + 1, count + 1
                yield Record(row, str(row["id"]), row.get("updatedAt"), OWNERS)
            after = page.after
            if after is None:
                break
    yield Complete(OWNERS, count)
    yield State({"read": read}, read)


def _believable(state: Mapping[str, Any], now: datetime) -> bool:
    """A clock of tomorrow was never ours: such a state is of a restored hub or a wrong clock, and everything is read anew."""
    known = [instant(state[name]) for name in ("since", "whole", "going") if state.get(name)]
    return all(each <= now + _DISBELIEF for each in known)
