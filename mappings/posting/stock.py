"""What a document does to stock, and what it keeps of it: one move for each item and place."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from mappings.model.base import ZERO, Document, StockLine
from mappings.posting.entry import Move


def moves(document: Document) -> tuple[Move, ...]:
    """Net units by item and place, + out of stock, − into it, in the order in which the document first names them.

    Goods move whatever they cost, samples only with a price, nothing else does (`mappings.model.order.MOVES_STOCK`); what was refunded
    comes back if it was restocked. Items and places whose units cancel out do not move. The cost is that of the first line that has one.
    """
    return _net(document.stock())


def reservations(document: Document) -> tuple[Move, ...]:
    """Units by item and place that an order promises and that have not left yet, in the order in which it first names them."""
    return _net(document.reserved())


def kept_or_moved(document: Document, effect: str) -> tuple[Move, ...]:
    """The moves of a document for an effect: none but for `stock` and `reserve`."""
    return {"stock": moves, "reserve": reservations}[effect](document) if effect in ("stock", "reserve") else ()


def _net(lines: Iterable[StockLine]) -> tuple[Move, ...]:
    net: dict[tuple[str, str], Decimal] = {}
    costs: dict[tuple[str, str], Decimal | None] = {}
    for item, location, units, unit_cost in lines:
        place = (item, location)
        net[place] = net.get(place, ZERO) + units
        if costs.get(place) is None:
            costs[place] = unit_cost
    return tuple(Move(*place, units, costs[place]) for place, units in net.items() if units)
