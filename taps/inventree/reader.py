"""What stands in InvenTree, read back.

Stock, parts, companies and locations are read whole, since none of them tells what was deleted, and parts and companies do not even tell
what was changed. The history of stock only grows and is read on from its newest day. Orders are read where they changed, and as long as
they are open, for a line that was received does not always touch its order [K].
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from mappings.problem import Problem
from taps._kit.edge import Edge
from taps._kit.errors import Misconfigured, Retryable
from taps._kit.points import at
from taps._kit.reader import Complete, Message, Record, Start, State, Stream
from taps._kit.surroundings import Surroundings
from taps.inventree import client, shapes
from taps.inventree.config import InvenTreeConfig
from taps.inventree.facts import FACTS, RECEIVED

_TRIES = 3
_MOST_PRICELESS = 500
_WITH_ITEM = {"user_detail": "true", "item_detail": "true"}


class _Whole(NamedTuple):
    """A stream that is read from its first to its last row."""

    path: str
    params: Mapping[str, Any]


_WHOLE = {
    # Ordered by what does not change, so that a row that moves while we page moves nothing else.
    "stock_items": _Whole("/api/stock/", {"ordering": "creation_date", "location_detail": "true", "part_detail": "true"}),
    "parts": _Whole("/api/part/", {"ordering": "id"}),
    "companies": _Whole("/api/company/", {"ordering": "name"}),
    "locations": _Whole("/api/stock/location/", {"ordering": "lft"}),
}
_ORDERS = {"purchase_orders": ("/api/order/po/", "/api/order/po-line/"), "sales_orders": ("/api/order/so/", "/api/order/so-line/")}


class InvenTreeReader:
    """One InvenTree connection."""

    facts = FACTS

    def __init__(self, config: InvenTreeConfig, home: Path) -> None:  # noqa: ARG002 (nothing of it lies in the home)
        self._config = config

    def streams(self) -> list[Stream]:
        """Eight: what there is, what happened to it, and what was ordered."""
        return [
            Stream(name, {"type": "object", "properties": dict(shapes.PROPERTIES[name])}, ("pk",), snapshot=name in _WHOLE)
            for name in (*_WHOLE, "stock_tracking", "receipts", *_ORDERS)
        ]

    def read(self, stream: str, state: Mapping[str, Any] | None, around: Surroundings) -> Iterator[Message]:
        """Read on from `state`. Raises Misconfigured for a stream that is not there, or a log-in that is refused."""
        if stream not in shapes.PROPERTIES:
            raise Misconfigured(f"InvenTree has no stream {stream!r}. There are {', '.join(shapes.PROPERTIES)}.")
        edge = client.connect(self._config, around)
        try:
            if stream in _WHOLE:
                yield from self._whole(edge, stream, state or {})
            elif stream in _ORDERS:
                yield from self._orders(edge, stream, state or {}, around)
            elif stream == "receipts":
                yield from self._receipts(edge, state or {}, around)
            else:
                yield from self._tracking(edge, state or {}, around)
        finally:
            edge.close()

    def check(self, around: Surroundings | None = None) -> list[Problem]:
        """Whether it is an InvenTree that lets us in. Raises Misconfigured where it is not."""
        if around is not None:
            edge = client.connect(self._config, around)
            try:
                client.hello(edge)
            finally:
                edge.close()
        return []

    def _whole(self, edge: Edge, stream: str, state: Mapping[str, Any]) -> Iterator[Message]:
        """Every row, once. A row that is deleted while we page pulls one of the next page in front of our place: then it is begun anew."""
        count = int(state.get("read", 0))
        path, params = _WHOLE[stream]
        for _ in range(_TRIES):
            yield Start(stream)
            seen: set[str] = set()
            totals: list[int] = []
            for total, page in client.pages(edge, path, params, self._config.page_size):
                at("L1")
                totals.append(total)
                for body in page:
                    row = shapes.row(stream, body)
                    if str(row["pk"]) not in seen:
                        seen.add(str(row["pk"]))
                        yield Record(row, str(row["pk"]), scope=stream)
                        count += 1
                yield State({"read": count}, count)
            if totals == sorted(totals) and totals[-1] == len(seen):
                yield Complete(stream, len(seen))
                yield State({"read": count}, count)
                return
        raise Retryable(f"InvenTree's {stream.replace('_', ' ')} change faster than they can be read; they are read anew in the next run.")

    def _tracking(self, edge: Edge, state: Mapping[str, Any], around: Surroundings) -> Iterator[Message]:
        count = int(state.get("read", 0))
        since = _since(state, around)
        params = {"ordering": "date", "user_detail": "true", **({"min_date": since} if since else {})}
        for _total, page in client.pages(edge, "/api/stock/track/", params, self._config.page_size):
            at("L1")
            for body in page:
                row = shapes.row("stock_tracking", body)
                yield Record(row, str(row["pk"]), scope="stock_tracking")
                count += 1
                since = _later(since, row["date"])
            yield State({"since": since, "read": count}, count)
        yield State({"since": since, "read": count}, count)

    def _receipts(self, edge: Edge, state: Mapping[str, Any], around: Surroundings) -> Iterator[Message]:
        """What the history tells of goods that came for a purchase order, each entry once, with what its order says of it.

        Those without a price are read again until they have one: that it was entered touches no entry.
        """
        count, since = int(state.get("read", 0)), _since(state, around)
        come = _Come(edge, self._config.page_size)
        priceless: set[int] = set()
        params = {"ordering": "date", **_WITH_ITEM, **({"min_date": since} if since else {})}
        for _total, page in client.pages(edge, "/api/stock/track/", params, self._config.page_size):
            at("L1")
            for body in page:
                since = _later(since, body["date"])
                if body.get("tracking_type") == RECEIVED:
                    count += 1
                    yield come.record(body, priceless)
            yield State({"since": since, "read": count, "priceless": [*state.get("priceless", ()), *sorted(priceless)]}, count)
        for pk in state.get("priceless", ()):
            entry = client.one(edge, f"/api/stock/track/{pk}/", _WITH_ITEM) if pk not in come.seen else None
            if entry is not None:
                count += 1
                yield come.record(entry, priceless)
        yield State({"since": since, "read": count, "priceless": sorted(priceless)}, count)

    def _lines(self, edge: Edge, lines: str) -> dict[int, list[dict[str, Any]]]:
        """The lines of all orders, where all of them are read: a call for each page instead of one for each order."""
        found: dict[int, list[dict[str, Any]]] = {}
        for line in client.rows(edge, lines, {"ordering": "order"}, self._config.page_size):
            found.setdefault(line["order"], []).append(line)
        return {order: sorted(each, key=lambda line: int(line["pk"])) for order, each in found.items()}

    def _orders(self, edge: Edge, stream: str, state: Mapping[str, Any], around: Surroundings) -> Iterator[Message]:
        count = int(state.get("read", 0))
        since = _since(state, around)
        newest, seen = since, set[int]()
        orders, lines = _ORDERS[stream]
        whole = None if since else self._lines(edge, lines)
        for params in [{"outstanding": "true"}, {"updated_after": since}] if since else [{}]:
            for body in client.rows(edge, orders, {**params, "ordering": "creation_date"}, self._config.page_size):
                if body["pk"] in seen:
                    continue
                seen.add(body["pk"])
                if whole is None:
                    body["lines"] = list(client.rows(edge, lines, {"order": body["pk"]}, self._config.page_size))
                else:
                    body["lines"] = whole.get(body["pk"], [])
                row = shapes.row(stream, body)
                yield Record(row, str(row["pk"]), row.get("updated_at"), scope=stream)
                count += 1
                newest = _later(newest, row.get("updated_at") or "")
                if not count % self._config.page_size:
                    yield State({"since": since, "read": count}, count)
        yield State({"since": newest, "read": count}, count)


class _Come:
    """What came for purchase orders; each order, part and place is asked for once in a run."""

    def __init__(self, edge: Edge, size: int) -> None:
        self._edge = edge
        self._size = size
        self._orders: dict[int, dict[str, Any]] = {}
        self._fields: dict[str, str] = {}
        self.seen: set[int] = set()

    def record(self, body: Mapping[str, Any], priceless: set[int]) -> Record:
        """The row of an entry of the history; one without a price is noted."""
        deltas = body.get("deltas") or {}
        more = {
            "order": self._order(deltas.get("purchaseorder")),
            "sku": self._field("/api/part/", body.get("part"), "IPN"),
            "location_name": self._field("/api/stock/location/", deltas.get("location"), "name"),
        }
        row = shapes.row("receipts", {**body, **more})
        self.seen.add(row["pk"])
        if row["unit_price"] is None and len(priceless) < _MOST_PRICELESS:
            priceless.add(row["pk"])
        return Record(row, str(row["pk"]), scope="receipts")

    def _order(self, order: Any) -> dict[str, Any]:
        """A purchase order with its lines; nothing of one that is gone."""
        if not isinstance(order, int):
            return {}
        if order not in self._orders:
            body = client.one(self._edge, f"/api/order/po/{order}/") or {}
            lines = client.rows(self._edge, "/api/order/po-line/", {"order": order}, self._size) if body else ()
            self._orders[order] = {**body, "lines": list(lines)}
        return self._orders[order]

    def _field(self, path: str, pk: Any, name: str) -> str | None:
        """One field of a thing; None of one that is gone."""
        if not isinstance(pk, int):
            return None
        where = f"{path}{pk}/"
        if where not in self._fields:
            self._fields[where] = (client.one(self._edge, where) or {}).get(name) or ""
        return self._fields[where] or None


def _since(state: Mapping[str, Any], around: Surroundings) -> str:
    """The day to read on from, a day earlier than the newest that was seen: whether the filters count the day itself in is not said."""
    last = state.get("since") or ""
    if not last or last > (around.clock() + timedelta(days=1)).date().isoformat():  # of a restored hub, or of a clock that was wrong
        return ""
    return (date.fromisoformat(last) - FACTS.cursor_overlap).isoformat()


def _later(since: str, instant: str) -> str:
    return max(since, instant[:10])
