"""The sweep over all orders: an order's own clock stands still when it is paid, shipped or refunded, so each is looked at for a sign.

Orders are listed in the order in which they were placed, which never changes, with everything that moves when they change. So many of
them make a part; of each part the State keeps a mark. Where a mark is another one than before, the orders of the part are read whole, and
the hub lands those that differ. What was done before a kill has its marks, so a read that begins again is quick.

    State   marks   one for each part, in order       part    orders of a part
            swept   when every order was looked at    read    rows of the whole life
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from taps._kit.errors import Retryable
from taps._kit.reader import Message, Record, State
from taps.vendure import queries
from taps.vendure.bodies import whole_order
from taps.vendure.client import Client
from taps.vendure.config import VendureConfig
from taps.vendure.pages import Listing, Moved, Row

_TRIES = 5
_PLACED: Mapping[str, Any] = {"isNull": False}
_IN_ORDER = {"orderPlacedAt": "ASC", "id": "ASC"}


class Sweep:
    """One read of the orders."""

    def __init__(self, client: Client, config: VendureConfig, state: dict[str, Any], extra: Mapping[str, Any]) -> None:
        self._client = client
        self._config = config
        self._extra = extra
        self._now = client.around.clock()
        self._size = config.page_size
        known = state.get("part") == self._size
        self._marks: list[str] = list(state.get("marks", [])) if known else []
        self._swept: str | None = state.get("swept") if known else None
        self._read: int = state.get("read", 0)

    def messages(self) -> Iterator[Message]:
        """Every order that is new or shows another sign."""
        begin = self._begin()
        for _ in range(_TRIES):
            try:
                yield from self._parts(begin)
            except Moved:
                continue
            if begin == 0:
                self._swept = self._now.isoformat()
            yield self._state()
            return
        raise Retryable("The orders at Vendure change faster than they can be read.")

    def _state(self) -> State:
        value = {"marks": list(self._marks), "part": self._size, "swept": self._swept, "read": self._read}
        return State(value, self._read)

    # ── where to begin ──

    def _begin(self) -> int:
        """The part to begin with: the first, or that of the look-back where all were looked at not long ago."""
        swept = datetime.fromisoformat(self._swept) if self._swept else None
        patience = timedelta(hours=self._config.whole_sweep_hours)
        if swept is None or not timedelta(0) <= self._now - swept < patience:
            return 0
        cut = (self._now - timedelta(days=self._config.look_back_days)).isoformat()
        before = self._placed({"before": cut})
        older: int = self._client.ask(_COUNT, {"options": {"take": 1, "filter": before}})["orders"]["totalItems"]
        return min(older // self._size, len(self._marks))

    def _placed(self, also: Mapping[str, Any] | None = None) -> dict[str, Any]:
        conditions: list[dict[str, Any]] = [{"orderPlacedAt": _PLACED}]
        if self._config.read_from:
            conditions.append({"orderPlacedAt": {"after": _instant_before(self._config.read_from)}})
        if also:
            conditions.append({"orderPlacedAt": also})
        return conditions[0] if len(conditions) == 1 else {"_and": conditions}

    # ── the sweep ──

    def _parts(self, begin: int) -> Iterator[Message]:
        look = max(self._config.sweep_size // self._size, 1) * self._size
        options = {"sort": _IN_ORDER, "filter": self._placed()}
        listing = Listing(self._client, "orders", queries.SIGNS, look, options)
        rows: list[Row] = []
        part, last = begin, None
        at = begin * self._size
        if at:  # the row before it, so that the first page has something to follow
            found = self._client.ask(_IDS, {"options": {**options, "skip": at - 1, "take": 1}})["orders"]["items"]
            last = str(found[0]["id"]) if found else None
        for page in listing.pages(at, last):
            rows += page.rows
            while len(rows) >= self._size or (rows and not page.more):
                yield from self._part(part, rows[: self._size])
                del rows[: self._size]
                part += 1
        del self._marks[part:]

    def _part(self, number: int, rows: list[Row]) -> Iterator[Message]:
        mark = _mark(rows)
        if number < len(self._marks) and self._marks[number] == mark:
            return
        listing = Listing(self._client, "orders", queries.ORDER, len(rows), {"filter": {"id": {"in": [row["id"] for row in rows]}}})
        for page in listing.pages():
            for order in page.rows:
                self._read += 1
                yield Record({**whole_order(order), **self._extra}, str(order["id"]))
        self._marks[number : number + 1] = [mark]
        yield self._state()


_IDS = "query Before($options: OrderListOptions) { orders(options: $options) { items { id } } }"
_COUNT = "query Older($options: OrderListOptions) { orders(options: $options) { totalItems } }"


def _mark(rows: list[Row]) -> str:
    """Twelve hex digits that stand for everything that these rows show."""
    return hashlib.sha256(json.dumps(rows, sort_keys=True, default=str).encode()).hexdigest()[:12]


def _instant_before(day: date) -> str:
    """`after` leaves out its own instant."""
    return (datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(milliseconds=1)).isoformat()
