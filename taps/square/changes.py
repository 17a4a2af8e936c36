"""Streams that Square can list by the time of their last change: orders, payments, refunds, buyers, and gift card activities."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

from taps._kit.reader import Complete, Message, Start
from taps.square import bodies
from taps.square.client import Body, Page
from taps.square.facts import FACTS, LOCATIONS_PER_SEARCH
from taps.square.moments import instant, written
from taps.square.reading import Reading
from taps.square.sweep import Ask

_NEAR = timedelta(days=1)
"""Locations whose marks lie no further apart are searched together."""
_WHOLE_AGAIN = timedelta(days=7)


def _moment(field: str) -> Callable[[Body], datetime]:
    return lambda row: instant(row[field])


_updated, _created = _moment("updated_at"), _moment("created_at")


# ── orders ──


def orders(reading: Reading) -> Iterator[Message]:
    """Every order of every location, ten locations a search, with the SKUs of its lines."""
    articles = bodies.Articles(reading.square)
    for group in _groups(reading):
        for found in reading.swept(group, _search_orders(reading, group), _updated):
            if isinstance(found, list):
                articles.learn(bodies.variations(found))
                for row in found:
                    yield reading.record(row["id"], bodies.order(reading.square, articles, row))
            else:
                yield found


def _groups(reading: Reading) -> list[list[str]]:
    """Locations that are searched together: those in the middle of the same sweep, and those that came about as far."""
    going: dict[str, list[str]] = {}
    idle: list[tuple[datetime, str]] = []
    for name in reading.square.locations:
        progress = reading.progress(name)
        if progress.at:
            going.setdefault(repr(progress), []).append(name)
        else:
            idle.append((instant(progress.mark) if progress.mark else reading.earliest, name))
    groups = [
        names[start : start + LOCATIONS_PER_SEARCH] for names in going.values() for start in range(0, len(names), LOCATIONS_PER_SEARCH)
    ]
    first: datetime | None = None
    for mark, name in sorted(idle):  # the one that came least far comes first: its mark is the group's
        if first is None or mark - first > _NEAR or len(groups[-1]) == LOCATIONS_PER_SEARCH:
            groups.append([])
            first = mark
        groups[-1].append(name)
    return groups


def _search_orders(reading: Reading, group: list[str]) -> Ask:
    def ask(start: datetime, cursor: str | None) -> Page:
        asked = {
            "location_ids": sorted(group),
            "limit": reading.square.config.orders_per_page,
            "query": {
                "filter": {"date_time_filter": {"updated_at": {"start_at": written(start)}}},
                "sort": {"sort_field": "UPDATED_AT", "sort_order": "ASC"},
            },
        }
        return reading.square.searched("/v2/orders/search", "orders", asked, cursor)

    return ask


# ── money ──


def payments(reading: Reading) -> Iterator[Message]:
    """Every payment; Square lists one location at a time."""
    for name in reading.square.locations:
        yield from _money(reading, name, "/v2/payments", "payments", {"location_id": name})


def refunds(reading: Reading) -> Iterator[Message]:
    """Every refund, of all locations at once."""
    yield from _money(reading, "", "/v2/refunds", "refunds", {})


def _money(reading: Reading, part: str, path: str, field: str, also: dict[str, Any]) -> Iterator[Message]:
    def ask(start: datetime, cursor: str | None) -> Page:
        asked = {
            **also,
            "begin_time": written(reading.earliest),  # without it Square goes back one year
            "updated_at_begin_time": written(start),
            "sort_field": "UPDATED_AT",
            "sort_order": "ASC",
            "limit": reading.square.config.rows_per_page,
        }
        return reading.square.listed(path, field, asked, cursor)

    for found in reading.swept([part], ask, _updated):
        if isinstance(found, list):
            for row in found:
                yield reading.record(row["id"], bodies.payment(reading.square, row))
        else:
            yield found


def gift_card_activities(reading: Reading) -> Iterator[Message]:
    """Every change of a gift card; none is ever changed afterwards."""

    def ask(start: datetime, cursor: str | None) -> Page:
        asked = {"begin_time": written(start), "sort_order": "ASC", "limit": reading.square.config.rows_per_page}
        return reading.square.listed("/v2/gift-cards/activities", "gift_card_activities", asked, cursor)

    for found in reading.swept([""], ask, _created, changed="created_at"):
        if isinstance(found, list):
            for row in found:
                yield reading.record(row["id"], bodies.timed(reading.square, row, created_local="created_at"), "created_at")
        else:
            yield found


# ── buyers ──


def customers(reading: Reading) -> Iterator[Message]:
    """Buyers that changed; once a week all of them, because Square does not say which ones were deleted or merged."""
    now = reading.now()
    last = reading.extra.get("whole")
    going = reading.extra.get("going")
    interrupted = bool(reading.progress("").at)
    whole = going if interrupted else last is None or not now - _WHOLE_AGAIN < instant(last) <= now + timedelta(days=1)
    if whole and not interrupted:
        reading.extra |= {"going": written(now), "count": 0}
        reading.parts = {}
        yield Start("customers")
    since = None if whole else reading.progress("").mark
    for found in reading.swept([""], _search_customers(reading, since), _created, first=reading.earliest):
        if isinstance(found, list):
            for row in found:
                yield reading.record(row["id"], row, scope="customers")
            if whole:
                reading.extra["count"] += len(found)
            continue
        if whole and not reading.progress("").at:
            yield Complete("customers", reading.extra.pop("count"))
            reading.extra["whole"] = reading.extra.pop("going")
            yield reading.state()
        else:
            yield found


def _search_customers(reading: Reading, since: str | None) -> Ask:
    """Pages in the order of creation, which never changes; of those that changed since the mark, where there is one."""
    begin = reading.progress("").start(FACTS, reading.earliest) if since else None

    def ask(start: datetime, cursor: str | None) -> Page:
        wanted: dict[str, Any] = {"created_at": {"start_at": written(start)}}
        if begin is not None:
            wanted["updated_at"] = {"start_at": written(begin)}
        asked = {
            "limit": reading.square.config.rows_per_page,
            "query": {"filter": wanted, "sort": {"field": "CREATED_AT", "order": "ASC"}},
        }
        return reading.square.searched("/v2/customers/search", "customers", asked, cursor)

    return ask
