"""Goods that move: shipped for a sale, or moved, counted and corrected without one."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import ClassVar, Literal, Self
from uuid import UUID

from pydantic import model_validator
from pydantic_core import PydanticCustomError

from mappings.model.base import ZERO, Amount, Currency, Day, Document, Instant, Key, Quantity, StockLine, Text, Value, Whole, cost_of


class FulfillmentLine(Value):
    """Units of one line of the sale that were shipped."""

    order_line: Whole | None = None
    sku: Key
    quantity: Quantity
    unit_cost: Amount | None = None
    earned_amount: Amount = ZERO
    """Revenue that was a deposit until now: only for sales that were booked as kind `deposit`."""


class Fulfillment(Document):
    """Goods handed over for a sale. Positive units leave the stock."""

    type: ClassVar[str] = "fulfillment"
    title: ClassVar[str] = "Fulfilment"

    business_date: Day
    order_id: UUID | None = None
    order_number: Text | None = None
    location: Text | None = None
    status: Literal["pending", "shipped", "cancelled"] = "shipped"
    shipped_at: Instant | None = None
    tracking_numbers: tuple[Text, ...] = ()
    currency: Currency | None = None
    """Of costs and earned amounts; needed where a line has one."""
    lines: tuple[FulfillmentLine, ...]

    @model_validator(mode="after")
    def _names_currency(self) -> Self:
        if self.currency is None and any(line.unit_cost is not None or line.earned_amount for line in self.lines):
            raise PydanticCustomError("currency_missing", "lines have amounts, and the document names no currency")
        return self

    def amount(self) -> tuple[Decimal, str] | None:
        """Deposits that became revenue; None where there is none."""
        if self.currency is None or self.status != "shipped":
            return None
        return sum((line.earned_amount for line in self.lines), ZERO), self.currency

    def cost(self) -> tuple[Decimal, str] | None:
        """Cost of what was shipped."""
        return cost_of(self.stock(), self.currency)

    def stock(self) -> Iterator[StockLine]:
        """All lines, once shipped."""
        if self.status == "shipped":
            for line in self.lines:
                yield StockLine(line.sku, self.location or "", line.quantity, line.unit_cost)

    def parents(self) -> tuple[UUID, ...]:
        """The sale."""
        return (self.order_id,) if self.order_id else ()


class StockMovement(Document):
    """Stock that changes without a sale. Signed: + the location has more, − it has less."""

    type: ClassVar[str] = "stock_movement"
    title: ClassVar[str] = "Stock movement"

    business_date: Day
    movement_type: Literal["receipt", "transfer", "adjustment", "count", "assembly", "return"]
    sku: Key
    location: Text | None = None
    quantity: Quantity
    from_location: Text | None = None
    """For a transfer: the place that has so much less."""
    unit_cost: Amount | None = None
    currency: Currency | None = None
    """Of the unit cost."""
    reason: Text | None = None
    moved_at: Instant | None = None

    @model_validator(mode="after")
    def _names_currency(self) -> Self:
        if self.currency is None and self.unit_cost is not None:
            raise PydanticCustomError("currency_missing", "there is a unit cost, and the document names no currency")
        return self

    def cost(self) -> tuple[Decimal, str] | None:
        """Cost of what left (+) or came in (−)."""
        return cost_of(self.stock(), self.currency)

    def stock(self) -> Iterator[StockLine]:
        """One line, two for a transfer."""
        yield StockLine(self.sku, self.location or "", -self.quantity, self.unit_cost)
        if self.movement_type == "transfer":
            yield StockLine(self.sku, self.from_location or "", self.quantity, self.unit_cost)


class InventoryLevel(Document):
    """How much of one item is at one place now. It moves nothing: what moved is told by sales, returns and stock movements."""

    type: ClassVar[str] = "inventory_level"
    title: ClassVar[str] = "Stock level"

    sku: Key
    location: Text | None = None
    on_hand: Quantity
    """What lies there, promised or not."""
    available: Quantity | None = None
    """On hand and not promised to anybody."""
    committed: Quantity | None = None
    incoming: Quantity | None = None
    as_of: Instant | None = None
