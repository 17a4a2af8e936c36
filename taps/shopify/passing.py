"""One pass over a stream, from where the last one ended.

Rows come in the order of their clock, which only grows: a row that changes while we page moves behind us and comes again. The next pass
begins before the newest clock that was seen, by the overlap: what Shopify's search shows late, and equal instants, are inside it. Rows
without a clock of their own (payouts, balance transactions, disputes) are read again from the oldest that may still change.

    State   since      where this pass began                 after   the page it stands at, inside a pass
            high       newest clock seen                     gone    up to when deletions are known
            unsettled  oldest row that may still change      size    rows that a page affords
            count      rows of this pass                     read    rows of the whole life
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from mappings.problem import Problem
from taps._kit.errors import Fatal
from taps._kit.reader import Complete, Message, Notice, Record, Start, State, Tombstone
from taps.shopify import queries
from taps.shopify.backfill import Admit, Backfill
from taps.shopify.bulk import Unfit
from taps.shopify.client import BadCursor, Client
from taps.shopify.config import ShopifyConfig
from taps.shopify.facts import EVENTS_KEPT, FACTS, MOST_ROWS
from taps.shopify.kinds import Kind
from taps.shopify.pages import Pages

_MOST_WITH_CHILDREN = 100
"""Rows a page whose children are the records: a State stands after at most so many of them."""
_CLOCKS_DIFFER = timedelta(days=1)


class Pass:
    """A pass over one stream."""

    def __init__(self, client: Client, kind: Kind, config: ShopifyConfig, state: dict[str, Any], admit: Admit | None = None) -> None:
        self._client = client
        self._admit = admit
        self._kind = kind
        self._now = client.around.clock()
        self._state = state if _believable(state, self._now) else {"read": state.get("read", 0)}
        self._state.setdefault("read", 0)
        self._floor = config.read_from
        size = min(config.page_size, self._state.get("size", config.page_size), _MOST_WITH_CHILDREN if kind.child else MOST_ROWS)
        self._pages = Pages(client, kind, size, config.nested_page_size, config.page_size)
        self._least = config.bulk_from
        self._backfill = Backfill(client, kind, self._pages, self._state, self._records)

    def messages(self) -> Iterator[Message]:
        """Everything that is new or may be, deletions last."""
        if not self._state.get("after") and not self._backfill.begun:
            self._begin()
            if not self._state.get("high"):
                self._backfill.worth(self._search(), self._least, self._admit)
            if self._kind.whole:
                yield Start(self._kind.name)
        if not self._backfill.begun:
            yield from self._paged()
        else:
            try:
                yield from self._backfill.messages(self._search())
            except Unfit as told:
                del self._state["bulk"]
                yield Notice(Problem("READ-BULK", f"{self._kind.name}: {told.say} It is read page by page: slower, and whole.", told.fix))
                yield from self._paged()
            else:
                if self._client.around.clock() - (_instant(self._state["high"]) or self._now) > self._kind.overlap:
                    self._begin()  # what changed while Shopify worked, or while nobody came for the file
                    yield from self._paged()
        yield from self._deletions()
        self._state |= {"after": None, "count": 0}
        yield State(dict(self._state), self._state["read"])

    def _paged(self) -> Iterator[Message]:
        count = self._state.get("count", 0)
        more = True
        while more:
            try:
                page = self._pages.page(self._state.get("after"), self._search())
            except BadCursor as told:
                self._start_over(told)
                if self._kind.whole:
                    count = 0
                    yield Start(self._kind.name)
                continue
            for row in page.rows:
                self._see(row)
                for record in self._records(row):
                    self._state["read"] += 1
                    count += 1
                    yield record
            more = page.more
            self._state |= {"after": page.end, "size": self._pages.size, "count": count}
            if more:
                yield State(dict(self._state), self._state["read"])
        if self._kind.whole:
            yield Complete(self._kind.name, count)

    # ── where to begin ──

    def _begin(self) -> None:
        """A new pass: from the newest clock, or the oldest row that may still change, less the overlap."""
        high = _instant(self._state.get("high"))
        begin = None
        if high is not None:
            begin = min(high, self._now) - self._kind.overlap
            still_open = _instant(self._state.get("unsettled"))
            if still_open is not None:
                begin = min(begin, max(still_open, begin - self._kind.patience))
        elif self._floor is not None:
            begin = datetime(self._floor.year, self._floor.month, self._floor.day, tzinfo=UTC)
        self._state |= {"since": _text(begin) if begin else None, "unsettled": None, "after": None, "count": 0}
        self._state.setdefault("gone", _text(self._now - _CLOCKS_DIFFER))

    def _start_over(self, told: BadCursor) -> None:
        if not self._state.get("after"):
            raise Fatal(f"Shopify refuses a first page for its cursor: {told}")
        self._state |= {"after": None, "count": 0}

    def _search(self) -> str | None:
        return f"{self._kind.term}:>='{self._state['since']}'" if self._state.get("since") and self._kind.clock else None

    # ── rows ──

    def _see(self, row: Mapping[str, Any]) -> None:
        if not self._kind.clock:
            return
        at = str(row[self._kind.clock])
        self._state["high"] = max(self._state.get("high") or at, at)
        if not self._kind.final(row):
            self._state["unsettled"] = min(self._state.get("unsettled") or at, at)

    def _records(self, row: dict[str, Any]) -> Iterator[Record]:
        return records(self._kind, row)

    # ── deletions ──

    def _deletions(self) -> Iterator[Tombstone]:
        """What Shopify's events tell of; asked again from before the newest one."""
        if not self._kind.deleted_as:
            return
        since = max(_instant(self._state["gone"]) or self._now, self._now - EVENTS_KEPT)
        search = f"action:destroy AND subject_type:{self._kind.deleted_as} AND created_at:>='{_text(since)}'"
        after, newest, more = None, since, True
        while more:
            found = self._client.ask(queries.DELETED, {"filter": search, "first": MOST_ROWS, "after": after})["events"]
            for event in found["nodes"] if found else []:
                newest = max(newest, _instant(event["createdAt"]) or newest)
                yield Tombstone(str(event["subjectId"]))
            more = bool(found) and found["pageInfo"]["hasNextPage"]
            after = found["pageInfo"]["endCursor"] if found else None
        self._state["gone"] = _text(max(since, newest - FACTS.cursor_overlap))


def records(kind: Kind, row: dict[str, Any]) -> Iterator[Record]:
    """The records of a row: itself, or its children with it as their `order`."""
    version = str(row[kind.clock]) if kind.clock == "updatedAt" else None
    if not kind.child:
        body = _with_lists(row) if kind.owner == "Order" else row
        yield Record(body, str(row["id"]), version, kind.name if kind.whole else "")
        return
    # The row's clock moves with every change of the order; the record stays what it is, so that nothing lands anew.
    head = {name: value for name, value in row.items() if name not in (kind.child, "updatedAt")}
    for child in row[kind.child]:
        yield Record({**child, "order": head}, str(child["id"]), version)


def _with_lists(order: dict[str, Any]) -> dict[str, Any]:
    """The order with its duties and tax lines in one list each, numbered as the lines of a document are.

    1 … the goods, then shipping, duties, fees. Two levels of lists become one: a mapping reads these.
    """
    lines, shipping, fees = order["lineItems"], order["shippingLines"], order["additionalFees"]
    duties = [] if order["dutiesIncluded"] else [duty | {"lineItem": line["id"]} for line in lines for duty in line["duties"]]
    taxes = [
        tax | {"lineNumber": number}
        for number, line in enumerate([*lines, *shipping, *duties, *fees], start=1)
        for tax in line.get("taxLines", [])
    ]
    return order | {"allDuties": duties, "allTaxLines": taxes}


def _believable(state: Mapping[str, Any], now: datetime) -> bool:
    """A clock of tomorrow was never Shopify's: such a state is not ours, and everything is read anew."""
    newest = _instant(state.get("high"))
    return newest is None or newest <= now + _CLOCKS_DIFFER


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text).astimezone(UTC) if text else None


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
