"""The stock items of the parts that we move: what lies where, kept as fresh as one call a round can."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from taps._kit.edge import Edge
from taps.inventree import client
from taps.inventree.facts import AVAILABLE

_DAY = 10


@dataclass(slots=True)
class Item:
    """One stock item."""

    pk: int
    part: int
    location: int
    quantity: Decimal
    stays: bool
    """False: InvenTree deletes it, history and all, when it is used up [C]."""
    status: int
    batch: str
    allocated: Decimal
    """Kept for orders."""

    @staticmethod
    def of(row: Mapping[str, Any]) -> Item | None:
        """A row of InvenTree; None for what is not there for a sale: serialized, installed, with a customer, in production, lost."""
        elsewhere = any(row.get(name) for name in ("serial", "customer", "belongs_to", "consumed_by", "sales_order", "is_building"))
        if elsewhere or row.get("location") is None or row.get("status", 10) not in AVAILABLE:
            return None
        quantity = Decimal(str(row["quantity"]))
        stays = row.get("delete_on_deplete") is False
        allocated = Decimal(str(row.get("allocated") or 0))
        return Item(row["pk"], row["part"], row["location"], quantity, stays, row.get("status", 10), row.get("batch") or "", allocated)


class Shelves:
    """By part; a part is read when it is first needed."""

    def __init__(self, edge: Edge, size: int) -> None:
        self._edge = edge
        self._size = size
        self._items: dict[int, dict[int, Item]] = {}
        self._newest = ""
        """The newest `updated` that was seen, by InvenTree's own clock."""

    def refresh(self) -> None:
        """Take in what others changed: items from the last change on, newest first, until they are as old as what we know."""
        known = self._newest
        day = known[:_DAY] or self._edge.around.clock().date().isoformat()
        since = (date.fromisoformat(day) - timedelta(days=1)).isoformat()
        params = {"ordering": "-updated", "updated_after": since}
        for row in client.rows(self._edge, "/api/stock/", params, self._size):
            updated = row.get("updated") or ""
            self._newest = max(self._newest, updated)
            if not known or updated < known:
                break
            self._take_in(row)

    def _take_in(self, row: Mapping[str, Any]) -> None:
        if row["part"] in self._items:
            found = Item.of(row)
            self._items[row["part"]].pop(row["pk"], None)
            if found is not None:
                self._items[row["part"]][found.pk] = found

    def at(self, part: int, location: int) -> list[Item]:
        """The items of a part in a place, in the order in which they are used: good ones first, older ones first."""
        if part not in self._items:
            params = {"part": part, "include_variants": "false"}
            found = [Item.of(row) for row in client.rows(self._edge, "/api/stock/", params, self._size)]
            self._items[part] = {item.pk: item for item in found if item is not None}
        here = [item for item in self._items[part].values() if item.location == location]
        return sorted(here, key=lambda item: (AVAILABLE.index(item.status), item.pk))

    def take(self, part: int, location: int, units: Decimal) -> list[tuple[Item, Decimal]] | None:
        """Which items so many units come from: the first that has them all, else one after the other; None where there are not as many."""
        here = self.at(part, location)
        whole = next((item for item in here if item.quantity >= units), None)
        if whole is not None:
            return [(whole, units)]
        taken: list[tuple[Item, Decimal]] = []
        for item in here:
            part_of_it = min(item.quantity, units)
            if part_of_it > 0:
                taken.append((item, part_of_it))
                units -= part_of_it
        return None if units > 0 else taken

    def free(self, part: int, location: int, units: Decimal) -> list[tuple[Item, Decimal]]:
        """As many of so many units as are kept for nobody: of the first item that has them all, else of one after the other."""
        here = [(item, item.quantity - item.allocated) for item in self.at(part, location) if item.quantity > item.allocated]
        whole = next((item for item, free in here if free >= units), None)
        if whole is not None:
            return [(whole, units)]
        taken: list[tuple[Item, Decimal]] = []
        for item, free in here:
            if units > 0:
                taken.append((item, min(free, units)))
                units -= min(free, units)
        return taken

    def home(self, part: int, location: int) -> Item | None:
        """The item that units are put back into: a good one of no batch."""
        return next((item for item in self.at(part, location) if item.status == AVAILABLE[0] and not item.batch), None)

    def add(self, row: Mapping[str, Any]) -> None:
        """An item that was made just now."""
        self._take_in(row)

    def forget(self, part: int) -> None:
        """Read a part anew when it is needed next."""
        self._items.pop(part, None)
