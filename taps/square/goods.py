"""Goods: the catalogue with what was deleted, how much is there, and what changed it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any

from taps._kit.reader import Message, Tombstone
from taps.square import bodies
from taps.square.client import Body, Page
from taps.square.facts import FACTS
from taps.square.moments import instant, local, written
from taps.square.reading import Reading

_PASSES = 4
"""How often a catalogue is read that somebody changes all the while."""
_DISBELIEF = timedelta(days=1)


def _mark(reading: Reading) -> str | None:
    """The State's mark, unless it is of the future: then all is read again."""
    mark: str | None = reading.extra.get("mark")
    return mark if mark and instant(mark) <= reading.now() + _DISBELIEF else None


def _since(reading: Reading) -> str | None:
    mark = _mark(reading)
    return written(instant(mark) - FACTS.cursor_overlap) if mark else None


# ── catalogue ──


def catalog(reading: Reading) -> Iterator[Message]:
    """One record for each variation, with its item; deleted ones are told as gone.

    Square does not say in which order it lists what changed. So where the catalogue changed while it was read, it is read again.
    """
    since = _since(reading)
    for _ in range(_PASSES):
        first = last = None
        cursor: str | None = None
        while True:
            page = _changed(reading, since, cursor)
            first, last = first or page.body.get("latest_time"), page.body.get("latest_time")
            yield from _variations(reading, page, whole=since is None)
            cursor = page.cursor
            if not cursor:
                break
            yield reading.state()
        if first == last:
            break
        yield reading.state()
    reading.extra["mark"] = max(filter(None, (_mark(reading), written(instant(first)) if first else None)), default=None)
    yield reading.state()


def _changed(reading: Reading, since: str | None, cursor: str | None) -> Page:
    """A page of what changed. From the start items are enough: they hold their variations."""
    asked: dict[str, Any] = {
        "object_types": ["ITEM", "ITEM_VARIATION"] if since else ["ITEM"],
        "limit": reading.square.config.goods_per_page,
    }
    if since:
        asked |= {"begin_time": since, "include_deleted_objects": True}
    else:
        asked["include_related_objects"] = True
    return reading.square.searched("/v2/catalog/search", "objects", asked, cursor)


def _variations(reading: Reading, page: Page, *, whole: bool) -> Iterator[Message]:
    gone = {row["id"] for row in page.rows if row.get("is_deleted")}
    for row in page.rows:
        if row.get("is_deleted"):
            nested = (row.get("item_data") or {}).get("variations") or []
            for variation in [row] if row["type"] == "ITEM_VARIATION" else nested:
                yield Tombstone(variation["id"], written(instant(row["updated_at"])) if row.get("updated_at") else None)
    items, related = [row for row in page.rows if row["type"] == "ITEM" and row["id"] not in gone], page.body.get("related_objects") or []
    if not whole:
        touched = {
            row["id"] if row["type"] == "ITEM" else (row.get("item_variation_data") or {}).get("item_id") for row in page.rows
        } - gone
        now = reading.square.catalog_objects(sorted(each for each in touched if each), related=True)
        items, related = [row for row in now.rows if not row.get("is_deleted")], now.body["related_objects"]
    categories = {row["id"]: (row.get("category_data") or {}).get("name") or "" for row in related if row.get("type") == "CATEGORY"}
    yield from _articles(reading, items, categories)


def _articles(reading: Reading, items: Iterable[Body], categories: dict[str, str]) -> Iterator[Message]:
    rows = 0
    for item in items:
        for variation in (item.get("item_data") or {}).get("variations") or []:
            if not variation.get("is_deleted"):
                yield reading.record(variation["id"], bodies.article(variation, item, categories))
                rows += 1
                if rows % 1000 == 0:  # an item may have 250 variations: a page of items is many rows
                    yield reading.state()


# ── stock ──


def inventory_changes(reading: Reading) -> Iterator[Message]:
    """Adjustments and counts, in the order in which they occurred. None is ever changed, so none can slip over a page border."""
    articles = bodies.Articles(reading.square)
    for rows in _stock(reading, "/v2/inventory/changes/batch-retrieve", "changes", {"types": ["ADJUSTMENT", "PHYSICAL_COUNT"]}):
        if not isinstance(rows, list):
            yield rows
            continue
        articles.learn(_inner(row).get("catalog_object_id") for row in rows)
        for row in rows:
            inner = _inner(row)
            clock = bodies.zone(reading.square, inner.get("location_id"))
            added = {
                "id": inner["id"],
                "sku": articles.sku(inner.get("catalog_object_id")),
                "occurred_local": local(inner.get("occurred_at"), clock),
                "created_at": inner.get("created_at"),
            }
            yield reading.record(inner["id"], {**row, **added}, "created_at")


def inventory_counts(reading: Reading) -> Iterator[Message]:
    """How much is where in which state, of what changed since; newest first, so that what moves meanwhile is met twice."""
    articles = bodies.Articles(reading.square)
    for rows in _stock(reading, "/v2/inventory/counts/batch-retrieve", "counts", {}):
        if not isinstance(rows, list):
            yield rows
            continue
        articles.learn(row.get("catalog_object_id") for row in rows)
        for row in rows:
            key = "/".join(str(row.get(name) or "") for name in ("catalog_object_id", "location_id", "state"))
            yield reading.record(key, articles.with_sku(row), "calculated_at")


def _inner(change: Body) -> Body:
    """What a change is about: Square keeps it under a name for each type."""
    return change.get("adjustment") or change.get("physical_count") or change.get("transfer") or {}


def _stock(reading: Reading, path: str, field: str, also: dict[str, Any]) -> Iterator[list[Body] | Message]:
    """Pages of rows, each with a State; the mark moves at the end only, for the cursor may not outlive this read."""
    asked = {**also, "limit": reading.square.config.goods_per_page, "updated_after": _since(reading) or written(reading.earliest)}
    began, cursor = written(reading.now()), None
    tops = [mark] if (mark := _mark(reading)) else []
    while True:
        page = reading.square.searched(path, field, asked, cursor)
        yield page.rows
        found = [row.get("calculated_at") or _inner(row).get("created_at") for row in page.rows]
        tops = [max([*tops, *(written(instant(text)) for text in found if text)])] if tops or any(found) else []
        cursor = page.cursor
        if not cursor:
            break
        yield reading.state()
    reading.extra["mark"] = min(tops[0], began) if tops else None
    yield reading.state()
