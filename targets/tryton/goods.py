"""Goods: internal shipments between a store's location and the one where sold goods go; only differences are ever moved.

Tryton moves stock by shipments or inventories only (a bare move out of a storage is refused). A shipment to customers wants an address
and six steps; an inventory is an absolute count, which would undo what moved meanwhile. An internal shipment is a delta: it goes to a
location of type Lost and Found that stands for "sold", and back from it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, NamedTuple, Protocol, TypeAlias

from taps.tryton.values import quantity
from targets._kit.writer import Intent, Verb
from targets.tryton.catalogue import Catalogue, Unfit
from targets.tryton.config import TrytonTargetConfig

PIECES = "C62"
Key: TypeAlias = tuple[int, int]
"""Product and location, by their ids in Tryton."""


class Product(NamedTuple):
    """A product as documents need it."""

    id: int
    unit: int


class Shelf(Protocol):
    """Where products are found."""

    def product(self, sku: str, intent: Intent) -> Product:
        """The product of a SKU. Raises Unfit."""
        ...


class Shipping(NamedTuple):
    """What all shipments of a connection share."""

    config: TrytonTargetConfig
    catalogue: Catalogue
    shelf: Shelf


def difference(intent: Intent, how: Shipping, of: str) -> dict[Key, Decimal]:
    """What must be moved so that the wanted units stand, + out of stock; no zeros. Raises Unfit."""
    change: dict[Key, Decimal] = {}
    if intent.verb is not Verb.REVERSE:
        for move in intent.moves:
            key = (how.shelf.product(move.item, intent).id, _place(move.location, how, of))
            change[key] = change.get(key, Decimal(0)) + move.units
    for product, place, units in (intent.booked or {}).get("moves", ()):
        change[product, place] = change.get((product, place), Decimal(0)) - Decimal(units)
    return {key: units for key, units in sorted(change.items()) if units}


def _place(name: str, how: Shipping, of: str) -> int:
    return how.catalogue.place(how.config.locations.get(name) or name or how.config.location or "", of, "locations").id


def shipments(intent: Intent, change: Mapping[Key, Decimal], how: Shipping, units: Mapping[int, int], of: str) -> list[dict[str, Any]]:
    """One shipment for each pair of places; a transfer goes from the one to the other at once. Raises Unfit."""
    if how.config.sold_location is None:
        raise Unfit(
            "SEND-REFUSED", f"{of} moves goods, and no location for sold ones is configured.", "Set sold_location.", "sold_location"
        )
    sold = how.catalogue.place(how.config.sold_location, of, "sold_location")
    if sold.type != "lost_found":
        say = f"{of} cannot be sent: the location {how.config.sold_location} is of type {sold.type}."
        raise Unfit("SEND-REFUSED", say, "Name one of type Lost and Found.", "sold_location")
    routes: dict[tuple[int, int], list[tuple[int, Decimal]]] = {}
    for product, start, end, each in _ways(change, sold.id):
        routes.setdefault((start, end), []).append((product, each))
    return [_shipment(intent, how.catalogue, pair, moves, units) for pair, moves in sorted(routes.items())]


def _ways(change: Mapping[Key, Decimal], sold: int) -> list[tuple[int, int, int, Decimal]]:
    """Product, from, to and units."""
    if len(change) == 2:  # noqa: PLR2004 (out of one place and into the other)
        (one, units), (other, back) = sorted(change.items(), key=lambda each: -each[1])
        if one[0] == other[0] and units == -back:
            return [(one[0], one[1], other[1], units)]
    return [(product, place, sold, units) if units > 0 else (product, sold, place, -units) for (product, place), units in change.items()]


def _shipment(
    intent: Intent, catalogue: Catalogue, pair: tuple[int, int], moves: Iterable[tuple[int, Decimal]], units: Mapping[int, int]
) -> dict[str, Any]:
    dates = ("planned_start_date", "planned_date", "effective_start_date", "effective_date")
    between = {"company": catalogue.company, "from_location": pair[0], "to_location": pair[1]}
    made = [between | {"product": product, "unit": units[product], "quantity": quantity(each)} for product, each in moves]
    return between | dict.fromkeys(dates, intent.date) | {"moves": [["create", made]]}


def moved(documents: Iterable[Any]) -> list[list[Any]]:
    """What shipments moved, as a receipt's body keeps it: [product, location, units out of it]; no zeros."""
    sums: dict[Key, Decimal] = {}
    for document in documents:
        for move in document.record.get("moves", ()):
            out = Decimal(str(move["quantity"]))
            for place, units in ((move["from_location"], out), (move["to_location"], -out)):
                if place["type"] != "lost_found":
                    key = (move["product"], place["id"])
                    sums[key] = sums.get(key, Decimal(0)) + units
    return [[product, place, f"{units.normalize():f}"] for (product, place), units in sorted(sums.items()) if units]
