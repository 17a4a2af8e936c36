"""A person at InvenTree's shelves: takes pieces, notes somebody else's sale, copies, deletes and edits the history of what was sold.

What was done for one thing is added up by its mark, so that an entry made once more with it is other pieces, not a second document. The
history has no amounts and no customers: of two causes there are a day and pieces.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from pipelines.hub.schema import migrate
from pipelines.hub.store import Hub
from pipelines.reconcile.report import Report
from pipelines.sandbox.demo import lay_out
from taps._kit.simulator import serve
from taps.inventree.mark import Mark
from taps.inventree.simulator import InvenTreeSimulator
from tests._kit.books_month import Month
from tests._kit.by_hand import ByHand

Entry = dict[str, Any]


class Shelves(Month):
    """One home with the goods of the sample's web shop alone."""

    def __init__(self, path: Path, clock: Any, config: dict[str, Any]) -> None:
        lay_out("sample", path)
        for folder in ("routes", "connections"):
            for file in (path / folder).iterdir():
                if file.stem not in ("shop_stock", "backoffice", "web"):
                    file.unlink()
        self.path = path
        self.edit("connections/backoffice", target="inventree", config=config)
        kinds = {
            "fulfillment": {"as": "stock_removal"},
            "refund": {"as": "stock_return", "when": "restocked"},
            "*": {"exclude": "no stock"},
        }
        self.edit("routes/shop_stock", posting=[{"name": "stock", "target": "backoffice", "company": "meadow_uk", **kinds}])
        self.hub = Hub(f"sqlite:///{path}.db", clock)
        migrate(self.hub)
        self.keep({"token": "inventree-token"}, "backoffice")
        self.run()


@contextmanager
def at_inventree(path: Path, products: Path) -> Iterator[tuple[InvenTreeSimulator, Shelves]]:
    """An InvenTree with a warehouse full of the shop's goods, and what it sold taken from there."""
    there = InvenTreeSimulator()
    warehouse = there.seed_location("WH1")
    for row in map(json.loads, products.read_text().splitlines()):
        there.seed_item(there.seed_part(row["sku"], row["title"]), warehouse, "100000")
    with serve(there) as url:
        made = Shelves(path, there.clock, {"base_url": url, "private_network": True, "location": "WH1"})
        yield there, made
        made.hub.close()


class AtInvenTree(ByHand):
    """Over the history of a warehouse."""

    sheet = "backoffice/stock"

    def __init__(self, month: Month, seed: int, before: Report, there: InvenTreeSimulator) -> None:
        super().__init__(month, seed, before)
        self.there = there

    def _pick(self, *, alone: bool = False) -> Entry:
        """Pieces that were sold in January, of a document of which nothing was touched; `alone`: that are all of it."""
        entries = [(each, Mark.of(each["notes"])) for each in self.there.tables.tracking.values()]
        things = Counter(mark.thing for _each, mark in entries if mark)
        mine = [(each, mark.number) for each, mark in entries if mark and not (alone and things[mark.thing] > 1)]
        sold = [(each, number) for each, number in mine if each["deltas"].get("removed") and " of 2026-01" in each["notes"]]
        return self.one((each for each, number in sold if number not in self.left), _number)

    def _track(self, like: Entry, **fields: Any) -> str:
        row = {key: deepcopy(value) for key, value in like.items() if key != "pk"} | fields
        return str(self.there.tables.put(self.there.tables.tracking, row)["pk"])

    def pieces_taken(self) -> None:
        """By the screen for adjustments."""
        item = self.dice.choice([each for each in self.there.tables.items.values() if each["quantity"] > 10])
        self.there.stock.adjust("remove", {"items": [{"pk": item["pk"], "quantity": "2"}], "notes": "broken"}, 1)
        self.must(str(self.there.tables.last), MISSING_IN_SOURCE=2)

    def twin_noted(self) -> None:
        """With the pieces and the day of a sale that is booked: it is not that sale."""
        entry = self._pick()
        pieces = Decimal(str(entry["deltas"]["removed"]))
        number = self._track(entry, notes="typed", date=f"{_day(entry)}T12:00:00.000000Z")
        self.twins.add(number)
        self.must(number, MISSING_IN_SOURCE=pieces)

    def entry_deleted(self) -> None:
        entry = self._pick(alone=True)
        del self.there.tables.tracking[entry["pk"]]
        self.must(_number(entry), MISSING_IN_TARGET=-Decimal(str(entry["deltas"]["removed"])))

    def entry_made_again(self) -> None:
        entry = self._pick()
        self._track(entry)
        self.must(_number(entry), QTY=Decimal(str(entry["deltas"]["removed"])))

    def day_edited(self) -> None:
        entry = self._pick(alone=True)
        entry["notes"] = self._on_another_day(entry)
        self.must(_number(entry), DATE=0)

    def day_edited_and_made_again(self) -> None:
        entry = self._pick(alone=True)
        entry["notes"] = self._on_another_day(entry)
        self._track(entry)
        self.must(_number(entry), DATE=0, QTY=Decimal(str(entry["deltas"]["removed"])))

    def _on_another_day(self, entry: Entry) -> str:
        day = _day(entry)
        return str(entry["notes"].replace(f" of {day} ", f" of {self.moved(date.fromisoformat(day))} "))


def _number(entry: Entry) -> str:
    mark = Mark.of(entry["notes"])
    assert mark is not None
    return mark.number


def _day(entry: Entry) -> str:
    return str(entry["notes"].partition(" · cf ")[0].rpartition(" of ")[2])


INVENTREE = {
    **dict.fromkeys(("pieces_taken", "entry_deleted", "entry_made_again", "day_edited"), 3),
    "day_edited_and_made_again": 5,
    "twin_noted": 3,
}
"""How often each is done in one month."""
