"""Stock of the simulated server: adjustments, all or nothing within one call, each with an entry in the history [C]."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from decimal import Decimal
from typing import Any

from taps._kit.simulator import Clock
from taps.inventree.simulator.rules import Invalid, known, quantity_of, required
from taps.inventree.simulator.tables import Row, Tables, instant

CREATED, COUNTED, ADDED, REMOVED, MOVED, SPLIT, SPLIT_CHILD = 1, 10, 11, 12, 20, 40, 42
_LONGEST_NOTE = 512


class Stock:
    """The rules of stock."""

    def __init__(self, tables: Tables, clock: Clock) -> None:
        self._tables = tables
        self._clock = clock

    def create(self, body: Any, user: int) -> Row:
        """A new stock item."""
        part = known(self._tables.parts, "part", required(body, "part"))
        if part["virtual"]:
            raise Invalid({"part": ["Stock item cannot be created for virtual parts"]})
        place = body.get("location")
        if place is not None and known(self._tables.locations, "location", place)["structural"]:
            raise Invalid({"location": ["Stock items cannot be located into structural stock locations!"]})
        item = self.put(part["pk"], place, quantity_of(required(body, "quantity")), **_chosen(body))
        self.track(item, CREATED, user, str(body.get("notes") or ""), {"quantity": item["quantity"], "location": place})
        return item

    def put(self, part: int, place: int | None, quantity: Decimal, **fields: Any) -> Row:
        """A stock item without a word in the history."""
        now = instant(self._clock())
        blank = dict.fromkeys(("serial", "batch", "customer", "belongs_to", "consumed_by", "sales_order", "purchase_order"))
        more = {"status": 10, "is_building": False, "delete_on_deplete": True, "creation_date": now, "updated": now, "notes": None}
        return self._tables.put(self._tables.items, {"part": part, "location": place, "quantity": quantity, **blank, **more, **fields})

    def adjust(self, action: str, body: Any, user: int) -> Row:
        """add, remove, count or transfer. A wrong item undoes the whole call: it is one transaction."""
        items = required(body, "items")
        if not items:
            raise Invalid({"items": ["A list of stock items must be provided"]})
        notes = str(body.get("notes") or "")
        if len(notes) > _LONGEST_NOTE:
            raise Invalid({"notes": [f"Ensure this field has no more than {_LONGEST_NOTE} characters."]})
        place = known(self._tables.locations, "location", required(body, "location"))["pk"] if action == "transfer" else None
        wanted = self._wanted(items)
        before = deepcopy((self._tables.items, self._tables.tracking, self._tables.last))
        try:
            for item, quantity in wanted:
                self._one(action, item, quantity, user, notes, place)
        except Invalid:
            self._tables.items, self._tables.tracking, self._tables.last = before
            raise
        return {
            "items": [{"pk": item["pk"], "quantity": f"{quantity:.5f}"} for item, quantity in wanted],
            "notes": notes,
            **({"location": place} if action == "transfer" else {}),
        }

    def _wanted(self, items: Any) -> list[tuple[Row, Decimal]]:
        made: list[tuple[Row, Decimal]] = []
        errors: list[Row] = []
        for each in items:
            try:
                made.append((self._there(required(each, "pk")), quantity_of(required(each, "quantity"))))
                errors.append({})
            except Invalid as wrong:
                errors.append(wrong.errors)
        if any(errors):
            raise Invalid({"items": errors})
        return made

    def _there(self, pk: Any) -> Row:
        item = known(self._tables.items, "pk", pk)
        if item["customer"] is not None or item["belongs_to"] is not None:
            raise Invalid({"pk": ["Stock item is not in stock"]})
        return item

    def _one(self, action: str, item: Row, quantity: Decimal, user: int, notes: str, place: int | None) -> None:
        if action == "transfer" and place is not None:
            self._transfer(item, quantity, place, user, notes)
        elif item["serial"]:
            return  # a serialized item is passed over without a word [C]
        elif action == "count":
            if self._set(item, quantity):
                self.track(item, COUNTED, user, notes, {"quantity": item["quantity"]})
        elif quantity > 0:
            sign, code, word = (1, ADDED, "added") if action == "add" else (-1, REMOVED, "removed")
            if self._set(item, item["quantity"] + sign * quantity):
                self.track(item, code, user, notes, {word: quantity, "quantity": item["quantity"]})

    def _set(self, item: Row, quantity: Decimal) -> bool:
        """Less than nothing becomes nothing without a word; an item that may go when it is used up goes with its history [C]."""
        item["quantity"] = max(quantity, Decimal(0))
        item["updated"] = instant(self._clock())
        if item["quantity"] == 0 and item["delete_on_deplete"]:
            del self._tables.items[item["pk"]]
            return False
        return True

    def _transfer(self, item: Row, quantity: Decimal, place: int, user: int, notes: str) -> None:
        if quantity <= 0:
            return
        if quantity >= item["quantity"]:  # the whole item moves; more than there is counts as all [C]
            item["location"], item["updated"] = place, instant(self._clock())
            self.track(item, MOVED, user, notes, {"location": place})
            return
        child = self.put(item["part"], place, quantity, delete_on_deplete=item["delete_on_deplete"], status=item["status"])
        self.track(child, SPLIT, user, notes, {"stockitem": item["pk"], "quantity": quantity, "location": place})
        self._set(item, item["quantity"] - quantity)
        more = {"removed": quantity, "quantity": item["quantity"], "location": place, "stockitem": child["pk"]}
        self.track(item, SPLIT_CHILD, user, notes, more)

    def track(self, item: Row, code: int, user: int, notes: str, deltas: Mapping[str, Any]) -> Row:
        """An entry in the history."""
        at = instant(self._clock())
        entry = {"item": item["pk"], "part": item["part"], "date": at, "deltas": dict(deltas), "notes": notes, "tracking_type": code}
        return self._tables.put(self._tables.tracking, entry | {"user": user})


def _chosen(body: Mapping[str, Any]) -> Row:
    names = ("batch", "delete_on_deplete", "status", "purchase_price", "purchase_price_currency", "notes")
    return {name: body[name] for name in names if body.get(name) is not None}
