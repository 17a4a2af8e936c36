"""What we order from suppliers, and what arrives of it before anybody bills it."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Annotated, ClassVar, Literal
from uuid import UUID

from mappings.model.base import PII, ZERO, Amount, Currency, Day, Document, Instant, Quantity, Rate, StockLine, Text, Value, Whole


class PurchaseOrderLine(Value):
    """Units of one item that were ordered."""

    line_number: Whole
    sku: Text | None = None
    quantity: Quantity
    received_quantity: Quantity = ZERO
    unit_price: Amount | None = None
    """In the order's currency; nothing where it was agreed in another one."""


class PurchaseOrder(Document):
    """What we ordered from a supplier. It books nothing: what arrives and what is billed does."""

    type: ClassVar[str] = "purchase_order"
    title: ClassVar[str] = "Purchase order"

    business_date: Day
    supplier_number: Text | None = None
    supplier_name: Annotated[Text | None, PII] = None
    supplier_reference: Text | None = None
    """The supplier's own number of it."""
    status: Literal["draft", "open", "closed", "cancelled"] = "open"
    expected_on: Day | None = None
    currency: Currency
    lines: tuple[PurchaseOrderLine, ...]


class GoodsReceiptLine(Value):
    """Units of one item that arrived."""

    sku: Text
    quantity: Quantity
    unit_price: Amount | None = None
    """What one costs by the purchase order. Needed to book it."""


class GoodsReceipt(Document):
    """Goods that a supplier delivered. Positive units came; counts + what they cost by the order, which is owed once it is billed."""

    type: ClassVar[str] = "goods_receipt"
    title: ClassVar[str] = "Goods receipt"

    business_date: Day
    purchase_order_id: UUID | None = None
    purchase_order_number: Text | None = None
    supplier_number: Text | None = None
    supplier_name: Annotated[Text | None, PII] = None
    location: Text | None = None
    currency: Currency
    exchange_rate: Rate | None = None
    received_at: Instant | None = None
    lines: tuple[GoodsReceiptLine, ...]

    def amount(self) -> tuple[Decimal, str]:
        """Units times price, as far as the prices are known."""
        return sum((line.quantity * (line.unit_price or ZERO) for line in self.lines), ZERO), self.currency

    def moves_money(self) -> bool:
        """Whether anything arrived: goods without a price are a problem and not nothing."""
        return any(line.quantity for line in self.lines)

    def stock(self) -> Iterator[StockLine]:
        """All lines, into the stock."""
        for line in self.lines:
            yield StockLine(line.sku, self.location or "", -line.quantity, line.unit_price)
