"""What a seller's account says of itself apart from the cursor. Square has no counts, so each is a list in another order than the reader's.

orders       SearchOrders by CREATED_AT               the reader goes by UPDATED_AT
payments     ListPayments by CREATED_AT               the reader goes by UPDATED_AT
refunds      ListPaymentRefunds by CREATED_AT         the reader goes by UPDATED_AT
payouts      ListPayouts, newest first                the reader goes from the oldest that may change

An order counts to the day on which somebody paid, and is asked for by its creation: one that stayed open for longer than a week before
the period began is not among those that are listed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType

from mappings.model.money import exponent
from taps._kit.reader import Record
from taps._kit.surroundings import Surroundings
from taps._kit.totals import Asked, Found, Listed, Statement
from taps.square import bodies
from taps.square.client import Body, Page, Square
from taps.square.config import SquareConfig
from taps.square.facts import LOCATIONS_PER_SEARCH
from taps.square.moments import instant, local, version, written

ORDERS_PER_CALL = 100
"""BatchRetrieveOrders takes no more."""
_OPEN = timedelta(days=7)
_Row = tuple[str, str, Body]
"""Stream, key and body."""
_STARTS, _AT = datetime(1970, 1, 1, tzinfo=UTC), "created_at"


class SquareTotals:
    """One seller, listed."""

    states: Mapping[str, str] = MappingProxyType({"orders": "order", "payments": "payment", "refunds": "payment", "payouts": "payout"})
    silent: Mapping[str, str] = MappingProxyType(
        {
            "refund": "Square has neither a count nor a list of what came back: it hangs on its order.",
            "fee": "Square has neither a count nor a list of fees: they hang on their payment or payout.",
            "dispute": "Square has no count of disputes, and one list of them, which the reader goes by.",
            "time_entry": "Square has no count of timecards, and each read of the last months of them is a whole one.",
        }
    )

    def __init__(self, config: SquareConfig, home: Path) -> None:  # noqa: ARG002 (nothing of it lies in the home folder)
        self._config = config

    def ask(self, stream: str, asked: Asked, around: Surroundings) -> Statement:
        """The list of a stream."""
        square = Square(self._config, around)
        try:
            floor = datetime.combine(self._config.read_from, time(0), UTC)
            begin = max(asked.begin or _STARTS, floor)
            list_of, told = _LISTS[stream]
            span = (max(begin - _OPEN, floor) if stream == "orders" else begin, min(filter(None, (asked.end, asked.until))))
            rows = [_row(square, stream, row) for row in list_of(square, *span) if instant(row[_AT]) <= asked.until]
            inside = [row for row, at in rows if begin <= at and (asked.end is None or at < asked.end)]
            return Statement(f"{told}, {written(span[0])} to {written(span[1])}", None, inside)
        finally:
            square.close()

    def fetch(self, stream: str, keys: Sequence[str], streams: Sequence[str], around: Surroundings) -> Iterator[tuple[str, Record]]:
        """Rows by their ids, as the reader would have handed them over; with a payout its entries."""
        square = Square(self._config, around)
        try:
            for name, key, body in _FETCH[stream](square, keys):
                if name in streams:
                    yield name, Record(body, key, version(body, "updated_at", "effective_at"))
        finally:
            square.close()

    def numbers(self, stream: str, numbers: Sequence[str], around: Surroundings) -> Iterator[Found]:
        """Orders have no numbers that people would miss."""
        del stream, numbers, around
        return iter(())


# ── lists ──


def _paged(ask: Callable[[str | None], Page]) -> Iterator[Body]:
    page = ask(None)
    yield from page.rows
    while page.cursor:
        page = ask(page.cursor)
        yield from page.rows


def _orders(square: Square, begin: datetime, end: datetime) -> Iterator[Body]:
    places = list(square.locations)
    for start in range(0, len(places), LOCATIONS_PER_SEARCH):
        span = {"start_at": written(begin), "end_at": written(end)}
        asked = {
            "location_ids": places[start : start + LOCATIONS_PER_SEARCH],
            "limit": square.config.orders_per_page,
            "query": {"filter": {"date_time_filter": {_AT: span}}, "sort": {"sort_field": "CREATED_AT", "sort_order": "ASC"}},
        }
        yield from _paged(lambda cursor, asked=asked: square.searched("/v2/orders/search", "orders", asked, cursor))  # type: ignore[misc]


def _money(path: str, field: str) -> Callable[[Square, datetime, datetime], Iterator[Body]]:
    def rows(square: Square, begin: datetime, end: datetime) -> Iterator[Body]:
        span = {"begin_time": written(begin), "end_time": written(end), "limit": square.config.rows_per_page}
        sort = {"sort_order": "DESC"} if field == "payouts" else {"sort_field": "CREATED_AT", "sort_order": "ASC"}
        for place in [None] if field == "refunds" else list(square.locations):
            asked = {**span, **sort, "location_id": place}
            yield from _paged(lambda cursor, asked=asked: square.listed(path, field, asked, cursor))  # type: ignore[misc]

    return rows


_LISTS: Mapping[str, tuple[Callable[[Square, datetime, datetime], Iterable[Body]], str]] = {
    "orders": (_orders, "SearchOrders by CREATED_AT"),
    "payments": (_money("/v2/payments", "payments"), "ListPayments by CREATED_AT"),
    "refunds": (_money("/v2/refunds", "refunds"), "ListPaymentRefunds by CREATED_AT"),
    "payouts": (_money("/v2/payouts", "payouts"), "ListPayouts, newest first"),
}


# ── rows ──


def _row(square: Square, stream: str, row: Body) -> tuple[Listed, datetime]:
    """What is listed, and the instant that counts."""
    at = instant(_moment(row))
    clock = local(written(at), bodies.zone(square, row.get("location_id"))) or written(at)
    unit, amount = _amount(stream, row)
    return Listed(row["id"], row["id"], clock, unit, amount, local=True, changed=row.get("updated_at") or ""), at


def _moment(row: Body) -> str:
    """When it counts: of an order the first tender, else when it was closed; of anything else when it was created."""
    tenders = [tender["created_at"] for tender in row.get("tenders") or [] if tender.get("created_at")]
    return min(tenders, key=instant) if tenders else row.get("closed_at") or str(row[_AT])


def _amount(stream: str, row: Body) -> tuple[str, Decimal | None]:
    """Currency and amount; none of what is no sale, or money that did not go through."""
    money = row.get(_MONEY[stream]) or {}
    counts = row.get("state") not in ("DRAFT", "CANCELED") and row.get("status") in (None, "COMPLETED")
    if stream == "orders":
        back = row.get("returns") and not row.get("line_items") and not row.get("service_charges")
        counts = counts and not back and (row.get("state") != "OPEN" or bool(row.get("tenders")))
    if stream == "payouts":
        counts = True
    unit = str(money.get("currency") or "")
    if not money or not counts:
        return unit, None
    amount = Decimal(int(money.get("amount") or 0)).scaleb(-exponent(unit))
    return unit, -amount if stream == "refunds" else amount


_MONEY = {"orders": "total_money", "payments": "total_money", "refunds": "amount_money", "payouts": "amount_money"}


# ── by id ──


def _orders_by_id(square: Square, keys: Sequence[str]) -> Iterator[_Row]:
    articles = bodies.Articles(square)
    for start in range(0, len(keys), ORDERS_PER_CALL):
        asked = {"order_ids": list(keys[start : start + ORDERS_PER_CALL])}
        rows = square.answer("POST", "/v2/orders/batch-retrieve", body=asked).get("orders") or []
        articles.learn(bodies.variations(rows))
        yield from (("orders", row["id"], bodies.order(square, articles, row)) for row in rows)


def _money_by_id(stream: str) -> Callable[[Square, Sequence[str]], Iterator[_Row]]:
    def rows(square: Square, keys: Sequence[str]) -> Iterator[_Row]:
        for key in keys:
            row = square.answer("GET", f"/v2/{stream}/{key}")[stream.removesuffix("s")]
            yield stream, key, bodies.payment(square, row)

    return rows


def _payouts_by_id(square: Square, keys: Sequence[str]) -> Iterator[_Row]:
    for key in keys:
        row = square.answer("GET", f"/v2/payouts/{key}")["payout"]
        asked = {"sort_order": "ASC", "limit": square.config.rows_per_page}
        entries = square.all_of(f"/v2/payouts/{key}/payout-entries", "payout_entries", asked)
        yield "payouts", key, bodies.payout(square, row, entries)
        yield from (("payout_entries", entry["id"], bodies.entry(square, row, entry)) for entry in entries)


_FETCH: Mapping[str, Callable[[Square, Sequence[str]], Iterator[_Row]]] = {
    "orders": _orders_by_id,
    "payments": _money_by_id("payments"),
    "refunds": _money_by_id("refunds"),
    "payouts": _payouts_by_id,
}
