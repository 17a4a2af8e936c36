"""What a document does to stock: one move for each item and place."""

from __future__ import annotations

from decimal import Decimal

from mappings.model.base import ZERO, Document
from mappings.posting.entry import Move


def moves(document: Document) -> tuple[Move, ...]:
    """Net units by item and place, + out of stock, − into it, in the order in which the document first names them.

    Goods move whatever they cost, samples only with a price, nothing else does (`mappings.model.order.MOVES_STOCK`); what was refunded
    comes back if it was restocked. Items and places whose units cancel out do not move. The cost is that of the first line that has one.
    """
    net: dict[tuple[str, str], Decimal] = {}
    costs: dict[tuple[str, str], Decimal | None] = {}
    for item, location, units, unit_cost in document.stock():
        place = (item, location)
        net[place] = net.get(place, ZERO) + units
        if costs.get(place) is None:
            costs[place] = unit_cost
    return tuple(Move(*place, units, costs[place]) for place, units in net.items() if units)
