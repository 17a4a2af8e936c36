"""What a simulated InvenTree holds, and how its rows look when they are asked for: the fields that the specification requires, and more."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeAlias

from taps.inventree.facts import AVAILABLE

Row: TypeAlias = dict[str, Any]
LABELS = {
    1: "Stock item created",
    10: "Stock counted",
    11: "Stock manually added",
    12: "Stock manually removed",
    20: "Location changed",
    40: "Split from parent item",
    42: "Split child item",
    70: "Received against purchase order",
}
"""Tracking types of the server's source [C]."""
_STATUS = {10: "OK", 50: "Attention needed", 55: "Damaged", 60: "Destroyed", 65: "Rejected", 70: "Lost", 75: "Quarantined", 85: "Returned"}


@dataclass(slots=True)
class Tables:
    """The rows by table and primary key."""

    parts: dict[int, Row] = field(default_factory=dict)
    companies: dict[int, Row] = field(default_factory=dict)
    locations: dict[int, Row] = field(default_factory=dict)
    items: dict[int, Row] = field(default_factory=dict)
    tracking: dict[int, Row] = field(default_factory=dict)
    users: dict[int, Row] = field(default_factory=dict)
    purchase_orders: dict[int, Row] = field(default_factory=dict)
    purchase_lines: dict[int, Row] = field(default_factory=dict)
    sales_orders: dict[int, Row] = field(default_factory=dict)
    sales_lines: dict[int, Row] = field(default_factory=dict)
    allocations: dict[int, Row] = field(default_factory=dict)
    shipments: dict[int, Row] = field(default_factory=dict)
    last: int = 0

    def put(self, table: dict[int, Row], row: Mapping[str, Any]) -> Row:
        """A new row with a primary key that no other row of any table has: what is mixed up shows."""
        self.last += 1
        table[self.last] = {"pk": self.last, **row}
        return table[self.last]

    def kept_of(self, item: int) -> Decimal:
        """What orders keep of a stock item."""
        return sum((each["quantity"] for each in self.allocations.values() if each["item"] == item), Decimal(0))


def instant(moment: datetime) -> str:
    """As the server writes it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def in_stock(item: Row) -> bool:
    """Whether an item counts as in stock [C]."""
    return item["quantity"] > 0 and item["customer"] is None and item["belongs_to"] is None and item["status"] in AVAILABLE


class Shapes:
    """Rows as JSON."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def part(self, row: Row, _query: Mapping[str, str] | None = None) -> Row:
        """A part."""
        stock = [item["quantity"] for item in self._tables.items.values() if item["part"] == row["pk"] and in_stock(item)]
        return {
            **row,
            "barcode_hash": "",
            "category_name": "",
            "full_name": f"{row['IPN']} | {row['name']}" if row["IPN"] else row["name"],
            "starred": False,
            "thumbnail": "/static/img/blank_image.thumbnail.png",
            "in_stock": sum(stock, Decimal(0)),
            "total_in_stock": sum(stock, Decimal(0)),
        }

    def company(self, row: Row, _query: Mapping[str, str] | None = None) -> Row:
        """A company."""
        return {**row, "parts_manufactured": 0, "parts_supplied": 0}

    def location(self, row: Row, _query: Mapping[str, str] | None = None) -> Row:
        """A location."""
        items = sum(1 for item in self._tables.items.values() if item["location"] == row["pk"])
        return {**row, "barcode_hash": "", "icon": "", "items": items, "level": 0, "pathstring": row["name"], "sublocations": 0}

    def item(self, row: Row, query: Mapping[str, str] | None = None) -> Row:
        """A stock item, with part and location where they are asked for."""
        wanted = query or {}
        more: Row = {}
        if wanted.get("part_detail") == "true":
            part = self.part(self._tables.parts[row["part"]])
            more["part_detail"] = {name: part[name] for name in ("pk", "IPN", "barcode_hash", "name", "full_name", "thumbnail", "active")}
        if wanted.get("location_detail") == "true":
            place = self._tables.locations.get(row["location"] or 0)
            more["location_detail"] = {"pk": place["pk"], "name": place["name"], "pathstring": place["name"]} if place else None
        return {
            **row,
            **more,
            "barcode_hash": "",
            "in_stock": in_stock(row),
            "status_text": _STATUS[row["status"]],
            "allocated": self._tables.kept_of(row["pk"]),
        }

    def entry(self, row: Row, query: Mapping[str, str] | None = None) -> Row:
        """A tracking entry, with the user where it is asked for."""
        wanted = query or {}
        more: Row = {"user_detail": self.user(self._tables.users[row["user"]])} if wanted.get("user_detail") == "true" else {}
        item = self._tables.items.get(row["item"])
        if wanted.get("item_detail") == "true":
            more["item_detail"] = self.item(item) if item else None
        return {**row, **more, "label": LABELS[row["tracking_type"]]}

    def user(self, row: Row) -> Row:
        """A user as others see it."""
        return {name: row[name] for name in ("pk", "username", "first_name", "last_name", "email")}

    def order(self, row: Row, _query: Mapping[str, str] | None = None) -> Row:
        """An order; of a purchase order with its supplier's name."""
        made = {**row, "barcode_hash": "", "created_by": self.user(self._tables.users[row["created_by"]])}
        if "supplier" in row:
            made["supplier_name"] = self._tables.companies[row["supplier"]]["name"]
        return made

    def purchase_line(self, row: Row, _query: Mapping[str, str] | None = None) -> Row:
        """A line of a purchase order."""
        part = self._tables.parts[row["internal_part"]]
        return {**row, "internal_part_name": part["name"], "ipn": part["IPN"]}

    def sales_line(self, row: Row, _query: Mapping[str, str] | None = None) -> Row:
        """A line of a sales order."""
        none = dict.fromkeys(("available_stock", "available_variant_stock", "building", "on_order"), Decimal(0))
        kept = sum((each["quantity"] for each in self._tables.allocations.values() if each["line"] == row["pk"]), Decimal(0))
        return {**row, **none, "allocated": kept}

    def allocation(self, row: Row, _query: Mapping[str, str] | None = None) -> Row:
        """What a line keeps of a stock item."""
        item = self._tables.items[row["item"]]
        return {**row, "part": item["part"], "location": item["location"], "serial": item["serial"] or ""}

    def shipment(self, row: Row, _query: Mapping[str, str] | None = None) -> Row:
        """A shipment of a sales order."""
        return dict(row)


Shape: TypeAlias = Callable[[Row, Mapping[str, str] | None], Row]
