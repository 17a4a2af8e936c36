"""What a document counts on a posting: its amount in the unit of the posting's effect."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from pipelines.hub.tables import document

PIECES = "C62"
HOURS = "HUR"
"""Units of measure by UN/ECE recommendation 20, beside the currencies of ISO 4217."""


def measured(row: Any, effect: str, part: str = "") -> tuple[Decimal, str]:
    """Amount and unit of a leg of a document row: money in its currency, stock in pieces, time in hours; a record counts 0.

    Of a document of several legs the first counts the whole amount, the others nothing, as `mappings.posting.post` books them.
    """
    amount, unit = _whole(row, effect)
    return (amount if not row.parts or row.parts[0][0] == part else Decimal(0)), unit


def _whole(row: Any, effect: str) -> tuple[Decimal, str]:
    match effect:
        case "money":
            return row.amount, row.currency
        case "stock":
            return row.units, PIECES
        case "reserve":
            return row.reserved, PIECES
        case "hours":
            return row.hours, HOURS
        case "cost":
            return row.cost, row.currency
        case _:
            return Decimal(0), ""


def moves(row: Any, effect: str) -> bool:
    """Whether the document does anything at all in that effect."""
    match effect:
        case "money":
            return bool(row.moves_money)
        case "stock":
            return bool(row.moves_stock)
        case "reserve":
            return bool(row.reserved)
        case "hours":
            return bool(row.hours)
        case "cost":
            return bool(row.cost)
        case _:
            return True


COLUMNS: tuple[sa.Column[Any], ...] = (
    document.c.amount,
    document.c.currency,
    document.c.units,
    document.c.hours,
    document.c.cost,
    document.c.parts,
    document.c.moves_money,
    document.c.moves_stock,
    document.c.reserved,
)
"""What `measured` and `moves` read."""
