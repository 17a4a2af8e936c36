"""What the reader adds to Square's own objects, so that a mapping needs nothing but the record."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from taps.square.client import Body, Square
from taps.square.moments import instant, local, written


class Articles:
    """SKUs by the id of a variation: lines of an order name only the id. Each id is asked for once a read."""

    def __init__(self, square: Square) -> None:
        self._square = square
        self._known: dict[str, str | None] = {}

    def learn(self, ids: Iterable[str | None]) -> None:
        """Ask for the ids that are not known yet, all in one call."""
        wanted = sorted({each for each in ids if each} - self._known.keys())
        if wanted:
            found = {row["id"]: (row.get("item_variation_data") or {}).get("sku") for row in self._square.catalog_objects(wanted).rows}
            self._known |= {each: found.get(each) for each in wanted}

    def sku(self, variation: str | None) -> str | None:
        """The article's number: its SKU, or Square's id where nobody gave it one."""
        return (self._known.get(variation) or variation) if variation else None

    def with_sku(self, row: Body) -> Body:
        """A line that names its article."""
        return {**row, "sku": self.sku(row.get("catalog_object_id"))}


def place(square: Square, location_id: str | None) -> Body:
    """What a mapping needs of a location."""
    found = square.locations.get(location_id or "", {})
    address = found.get("address") or {}
    return {
        "name": found.get("name"),
        "timezone": found.get("timezone"),
        "country": found.get("country"),
        "region": address.get("administrative_district_level_1"),
        "currency": found.get("currency"),
    }


def zone(square: Square, location_id: str | None) -> str | None:
    """The zone whose clock hangs there."""
    name: str | None = square.locations.get(location_id or "", {}).get("timezone")
    return name


def _lines(order: Body) -> list[Body]:
    lines = list(order.get("line_items") or [])
    for back in order.get("returns") or []:
        lines += back.get("return_line_items") or []
    return lines


def variations(orders: Iterable[Body]) -> list[str | None]:
    """The articles on the lines of these orders, sold and returned."""
    return [line.get("catalog_object_id") for order in orders for line in _lines(order)]


def order(square: Square, articles: Articles, row: Body) -> Body:
    """An order with its place, local times and SKUs. `paid_local` is the first tender's time."""
    clock = zone(square, row.get("location_id"))
    paid = min((tender["created_at"] for tender in row.get("tenders") or [] if tender.get("created_at")), default=None, key=instant)
    added: Body = {
        "location": place(square, row.get("location_id")),
        "created_local": local(row.get("created_at"), clock),
        "closed_local": local(row.get("closed_at"), clock),
        "paid_local": local(paid, clock),
    }
    if row.get("line_items"):
        added["line_items"] = [articles.with_sku(line) for line in row["line_items"]]
    if row.get("returns"):
        added["returns"] = [_return(articles, back) for back in row["returns"]]
    if row.get("fulfillments"):
        added["fulfillments"] = [_fulfillment(articles, row, each, clock) for each in row["fulfillments"]]
    return {**row, **added}


def _return(articles: Articles, back: Body) -> Body:
    return {**back, "return_line_items": [articles.with_sku(line) for line in back.get("return_line_items") or []]}


def _fulfillment(articles: Articles, row: Body, each: Body, clock: str | None) -> Body:
    """A fulfilment with the goods it hands over, whether it names them or means all lines."""
    details = each.get("shipment_details") or each.get("pickup_details") or each.get("delivery_details") or {}
    done = details.get("shipped_at") or details.get("picked_up_at") or details.get("delivered_at") or details.get("completed_at")
    named = {entry["line_item_uid"]: entry["quantity"] for entry in each.get("entries") or []}
    goods = [
        {"line_number": number, "sku": articles.sku(line["catalog_object_id"]), "quantity": named.get(line.get("uid"), line["quantity"])}
        for number, line in enumerate(row.get("line_items") or [], 1)
        if line.get("catalog_object_id") and line.get("item_type", "ITEM") == "ITEM" and (not named or line.get("uid") in named)
    ]
    return {**each, "details": details, "done_at": done, "done_local": local(done, clock), "goods": goods}


def payment(square: Square, row: Body) -> Body:
    """A payment or refund with its place, its local time, and the local time of each fee."""
    clock = zone(square, row.get("location_id"))
    added: Body = {"location": place(square, row.get("location_id")), "created_local": local(row.get("created_at"), clock)}
    if row.get("processing_fee"):
        added["processing_fee"] = [{**fee, "effective_local": local(fee.get("effective_at"), clock)} for fee in row["processing_fee"]]
    return {**row, **added}


def timed(square: Square, row: Body, **fields: str) -> Body:
    """A row with local times: each added field from one of Square's."""
    clock = zone(square, row.get("location_id"))
    return {**row, **{added: local(row.get(field), clock) for added, field in fields.items()}}


def payout(square: Square, row: Body, entries: Iterable[Body]) -> Body:
    """A payout with its place, local times, and what its entries make by kind."""
    clocked = timed(square, row, created_local="created_at", updated_local="updated_at")
    return {**clocked, "location": place(square, row.get("location_id")), "totals": totals(entries)}


def totals(entries: Iterable[Body]) -> list[dict[str, Any]]:
    """Gross, fee and net of a payout's entries by kind, in minor units."""
    found: dict[str, dict[str, Any]] = {}
    for entry in entries:
        kind = found.setdefault(entry.get("type") or "", {"type": entry.get("type"), "count": 0, "gross": 0, "fee": 0, "net": 0})
        kind["count"] += 1
        for name in ("gross", "fee", "net"):
            kind[name] += units(entry.get(f"{name}_amount_money"))
    return [found[kind] for kind in sorted(found)]


def units(money: Body | None) -> int:
    """Minor units of an amount; none is zero."""
    return int((money or {}).get("amount") or 0)


def entry(square: Square, payout: Body, row: Body) -> Body:
    """An entry of a payout; what Square keeps under a name for each kind is under `details`."""
    detail = next((value for name, value in row.items() if name.startswith("type_") and value), None)
    own = {name: value for name, value in row.items() if not name.startswith("type_")}
    clock = zone(square, payout.get("location_id"))
    added = {"location_id": payout.get("location_id"), "effective_local": local(row.get("effective_at"), clock), "details": detail}
    return {**own, **added}


def article(variation: Body, item: Body, categories: dict[str, str]) -> Body:
    """A variation with what it shares with its sisters."""
    data = item.get("item_data") or {}
    category = (data.get("reporting_category") or {}).get("id") or next((each.get("id") for each in data.get("categories") or []), None)
    shared = {
        "id": item.get("id"),
        "name": data.get("name"),
        "description": data.get("description_plaintext") or data.get("description"),
        "product_type": data.get("product_type"),
        "is_archived": data.get("is_archived", False),
        "category": categories.get(category or ""),
        "tax_ids": data.get("tax_ids") or [],
    }
    changed = max(filter(None, (variation.get("updated_at"), item.get("updated_at"))), default=None, key=instant)
    return {**variation, "updated_at": written(instant(changed)) if changed else None, "item": shared}
