"""The rows of the tap: which fields of InvenTree's own are handed on, and what is made of its history."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from taps.inventree.mark import Label, Mark

_ID = {"type": ["integer", "null"]}
_TEXT = {"type": ["string", "null"]}
_NUMBER = {"type": ["number", "null"]}
_MONEY = {"type": ["string", "null"], "description": "A decimal as text."}
_FLAG = {"type": ["boolean", "null"]}
_OURS = {"type": ["string", "null"], "description": "Our look-up key, where Counterfoil wrote it."}

_ORDER = {
    "pk": _ID,
    "reference": _TEXT,
    "description": _TEXT,
    "status": _ID,
    "status_text": _TEXT,
    "creation_date": _TEXT,
    "issue_date": _TEXT,
    "target_date": _TEXT,
    "order_currency": _TEXT,
    "total_price": _MONEY,
    "created_by": {"type": ["string", "null"], "description": "User name."},
    "updated_at": _TEXT,
}
_PO_LINE = ("pk", "ipn", "sku", "internal_part", "quantity", "received", "purchase_price", "purchase_price_currency", "destination")
_SO_LINE = ("pk", "part", "quantity", "allocated", "shipped", "sale_price", "sale_price_currency")
_LINES = {"lines": {"type": "array", "items": {"type": "object"}}}

PROPERTIES: dict[str, dict[str, Any]] = {
    "stock_items": {
        "pk": _ID,
        "part": _ID,
        "sku": _TEXT,
        "location": _ID,
        "location_name": _TEXT,
        "quantity": _NUMBER,
        "allocated": _NUMBER,
        "serial": _TEXT,
        "batch": _TEXT,
        "status": _ID,
        "status_text": _TEXT,
        "purchase_order": _ID,
        "purchase_price": _MONEY,
        "purchase_price_currency": _TEXT,
        "updated": _TEXT,
    },
    "parts": {
        "pk": _ID,
        "IPN": _TEXT,
        "name": _TEXT,
        "description": _TEXT,
        "active": _FLAG,
        "virtual": _FLAG,
        "total_in_stock": _NUMBER,
        "creation_date": _TEXT,
        "ours": _OURS,
    },
    "companies": {
        "pk": _ID,
        "name": _TEXT,
        "email": _TEXT,
        "phone": _TEXT,
        "tax_id": _TEXT,
        "currency": _TEXT,
        "active": _FLAG,
        "is_customer": _FLAG,
        "is_supplier": _FLAG,
        "ours": _OURS,
    },
    "locations": {"pk": _ID, "name": _TEXT, "pathstring": _TEXT, "parent": _ID, "structural": _FLAG, "external": _FLAG},
    "stock_tracking": {
        "pk": _ID,
        "item": _ID,
        "part": _ID,
        "date": _TEXT,
        "tracking_type": _ID,
        "label": _TEXT,
        "added": _NUMBER,
        "removed": _NUMBER,
        "quantity": _NUMBER,
        "location": _ID,
        "purchase_order": {**_ID, "description": "The order that goods were received against (tracking type 70)."},
        "sales_order": _ID,
        "notes": _TEXT,
        "user": {**_TEXT, "description": "Who did it."},
        "ours": _OURS,
        "number": {**_TEXT, "description": "Of the document that we wrote it for."},
        "for_day": {**_TEXT, "description": "The day of that document."},
        "units_out": {**_NUMBER, "description": "Units that left the shelves by it; those that came are negative."},
    },
    "receipts": {
        "pk": _ID,
        "date": _TEXT,
        "order": _ID,
        "order_reference": _TEXT,
        "supplier": _ID,
        "supplier_name": _TEXT,
        "part": _ID,
        "sku": _TEXT,
        "item": {**_ID, "description": "The stock item that it went into; none where that was used up and deleted."},
        "quantity": _NUMBER,
        "location_name": _TEXT,
        "unit_price": {**_MONEY, "description": "Of the stock item, else of the one line of the order for this part."},
        "currency": _TEXT,
        "order_currency": _TEXT,
        "user": {**_TEXT, "description": "Who received it."},
        "notes": _TEXT,
    },
    "purchase_orders": {**_ORDER, "supplier": _ID, "supplier_name": _TEXT, "supplier_reference": _TEXT, "complete_date": _TEXT, **_LINES},
    "sales_orders": {**_ORDER, "customer": _ID, "customer_reference": _TEXT, "shipment_date": _TEXT, "ours": _OURS, **_LINES},
}
"""By stream; `pk` is the key of each."""


def row(stream: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """The row of one thing as InvenTree has it; raises KeyError for a stream that is not there."""
    made = {name: body.get(name) for name in PROPERTIES[stream]}
    return made | _MORE.get(stream, _nothing)(body)


def _nothing(_body: Mapping[str, Any]) -> dict[str, Any]:
    return {}


def _stock_item(body: Mapping[str, Any]) -> dict[str, Any]:
    return {"sku": (body.get("part_detail") or {}).get("IPN"), "location_name": (body.get("location_detail") or {}).get("name")}


def _part(body: Mapping[str, Any]) -> dict[str, Any]:
    label = Label.of(body.get("keywords"))
    return {"ours": label.key if label else None}


def _company(body: Mapping[str, Any]) -> dict[str, Any]:
    label = Label.of(body.get("description"))
    return {"ours": label.key if label else None}


def _tracking(body: Mapping[str, Any]) -> dict[str, Any]:
    deltas = body.get("deltas") or {}
    mark = Mark.of(body.get("notes"))
    return {
        **{name: deltas.get(name) for name in ("added", "removed", "quantity", "location")},
        "purchase_order": deltas.get("purchaseorder"),
        "sales_order": deltas.get("salesorder"),
        "user": (body.get("user_detail") or {}).get("username"),
        "ours": mark.thing if mark else None,
        "number": mark.number if mark else None,
        "for_day": (body.get("notes") or "").partition(" · cf ")[0].rpartition(" of ")[2] if mark else None,
        "units_out": _units_out(body, mark),
    }


def _units_out(body: Mapping[str, Any], mark: Mark | None) -> Decimal:
    if mark is not None:
        return sum((units for _location, units in mark.moved(body)), Decimal(0))
    deltas = body.get("deltas") or {}
    return Decimal(str(deltas.get("removed") or 0)) - Decimal(str(deltas.get("added") or 0))


def _order(names: tuple[str, ...]) -> Callable[[Mapping[str, Any]], dict[str, Any]]:
    def made(body: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "created_by": (body.get("created_by") or {}).get("username"),
            "lines": [{name: line.get(name) for name in names} for line in body.get("lines", ())],
        }

    return made


def _receipt(body: Mapping[str, Any]) -> dict[str, Any]:
    """A tracking entry with its `item_detail`, its order as `order`, and the order's lines."""
    deltas, item, order = body.get("deltas") or {}, body.get("item_detail") or {}, body.get("order") or {}
    lines = [line for line in order.get("lines", ()) if line.get("internal_part") == body.get("part")]
    line = lines[0] if len({(each.get("purchase_price"), each.get("purchase_price_currency")) for each in lines}) == 1 else {}
    priced = ("purchase_price", "purchase_price_currency")
    price, currency = (item.get(name) for name in priced) if item.get("purchase_price") is not None else (line.get(name) for name in priced)
    return {
        "order": deltas.get("purchaseorder"),
        "order_reference": order.get("reference"),
        "order_currency": order.get("order_currency"),
        "supplier": order.get("supplier"),
        "supplier_name": order.get("supplier_name"),
        "sku": body.get("sku"),
        "quantity": deltas.get("quantity"),
        "location_name": body.get("location_name"),
        "unit_price": price,
        "currency": currency if price is not None else None,
        "user": (body.get("user_detail") or {}).get("username"),
    }


def _sales_order(body: Mapping[str, Any]) -> dict[str, Any]:
    label = Label.of(body.get("description"))
    return {**_order(_SO_LINE)(body), "ours": label.key if label else None}


_MORE: dict[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
    "stock_items": _stock_item,
    "parts": _part,
    "companies": _company,
    "stock_tracking": _tracking,
    "receipts": _receipt,
    "purchase_orders": _order(_PO_LINE),
    "sales_orders": _sales_order,
}
