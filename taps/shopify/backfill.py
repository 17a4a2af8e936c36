"""A first read as a bulk operation, inside a pass: what it hands over, and where it goes on after a kill.

    State   bulk       the operation: id, at (when Shopify began), rows (how many were counted), tries (since it went on)
            done       rows of its file, or of those it names, that were handed over

Shopify does not read everything at one instant: what changed after it began is read page by page, from there on, by the next pass or, where
it was long ago, by this one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from taps._kit.errors import Retryable
from taps._kit.reader import Message, Record, State
from taps.shopify import bulk, queries
from taps.shopify.bulk import Done, Unfit
from taps.shopify.client import Client
from taps.shopify.kinds import Kind
from taps.shopify.pages import Pages

Admit = Callable[[set[str]], None]
"""Given the scopes of the app; raises Misconfigured where the stream may not begin."""
_EVERY = 500
"""Rows between two States."""
_MOST_TRIES = 6


class Backfill:
    """The bulk operation of one pass. `state` is the pass's own, and is changed in place."""

    def __init__(
        self,
        client: Client,
        kind: Kind,
        pages: Pages,
        state: dict[str, Any],
        records: Callable[[dict[str, Any]], Iterator[Record]],
    ) -> None:
        self._client = client
        self._kind = kind
        self._pages = pages
        self._state = state
        self._records = records

    @property
    def begun(self) -> bool:
        """Whether an operation is remembered."""
        return "bulk" in self._state

    def worth(self, search: str | None, least: int | None, admit: Admit | None) -> bool:
        """Whether there are more than `least` rows to read; asks Shopify, in one call with what the app may see, which `admit` judges."""
        if not self._kind.bulk or (least is None and admit is None):
            return False
        found = self._client.ask(queries.how_many(self._kind.path[-1]), {"filter": search})
        if admit is not None:
            admit({str(scope["handle"]) for scope in found["currentAppInstallation"]["accessScopes"]})
        rows = int(found[f"{self._kind.path[-1]}Count"]["count"])
        if least is None or rows <= least:
            return False
        self._state["bulk"] = {"rows": rows, "tries": 0}
        return True

    def messages(self, search: str | None) -> Iterator[Message]:
        """Every row, and a State at least every minute. Raises Unfit where it must be read page by page, Retryable as its parts do."""
        while True:
            under_way = self._state["bulk"]
            if "id" not in under_way:
                under_way |= bulk.begin(self._client, self._kind.in_bulk(search))
                self._state["done"] = 0
                yield self._now()
                self._client.around.sleep(float(bulk.pause(under_way["rows"])))
            try:
                done = bulk.asked_after(self._client, under_way["id"], under_way["rows"])
                if done is not None:
                    self._try_once_more()
                yield self._now()
                if done is None:
                    continue
                yield from self._rows(done)
            except bulk.RunOut:
                under_way.pop("id", None)
            else:
                self._state["high"] = under_way["at"]
                del self._state["bulk"], self._state["done"]
                return

    def _try_once_more(self) -> None:
        """A file that is never whole, or runs out again and again, is not asked for for ever."""
        self._state["bulk"]["tries"] += 1
        if self._state["bulk"]["tries"] > _MOST_TRIES:
            say = "The file of the bulk operation was not whole, several times."
            raise Unfit(say, "Nothing: what it would have brought is read page by page.")

    def _now(self) -> State:
        kept = dict(self._state)
        kept["bulk"] = dict(kept["bulk"])
        return State(kept, self._state["read"])

    def _rows(self, done: Done) -> Iterator[Message]:
        if done.roots < self._state["done"]:
            raise Retryable("The file of the bulk operation is shorter than it was.")
        rows = enumerate(bulk.rows_of(self._client, done), start=1)
        if self._kind.bulk == "rows":
            for number, row in rows:
                if number > self._state["done"]:
                    yield from self._handed(row | {name: row.get(name, []) for name in self._kind.lists})
                    if number % _EVERY == 0:
                        yield self._reached(number)
        else:  # the file is read to its end first: a connection does not stay open for the hours that these calls take
            yield from self._owners([str(row["id"]) for _, row in rows if row.get(self._kind.child)])

    def _owners(self, ids: list[str]) -> Iterator[Message]:
        """Rows by the ids that the file names, whole."""
        while self._state["done"] < len(ids):
            first, size = self._state["done"], self._pages.size
            for row in self._pages.these(ids[first : first + size]):
                yield from self._handed(row)
            yield self._reached(first + min(size, self._pages.size))

    def _reached(self, number: int) -> State:
        self._state |= {"done": number, "size": self._pages.size}
        self._state["bulk"]["tries"] = 0
        return self._now()

    def _handed(self, row: Mapping[str, Any]) -> Iterator[Record]:
        for record in self._records(dict(row)):
            self._state["read"] += 1
            self._state["count"] = self._state.get("count", 0) + 1
            yield record
