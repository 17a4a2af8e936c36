"""Trade: what was sold, what was taken back, and what was corrected.

Amounts of orders and refunds are positive and mean what the document's type says; an adjustment is signed (+ the buyer owes more).
Shipping, tips, gift cards and charges are lines of their own kind, so that every cent of a total stands on exactly one line.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from types import MappingProxyType
from typing import Annotated, ClassVar, Literal, Self, TypeAlias
from uuid import UUID

from pydantic import model_validator
from pydantic_core import PydanticCustomError

from mappings.model.base import (
    PII,
    ZERO,
    Amount,
    Country,
    Currency,
    Day,
    Document,
    Instant,
    Quantity,
    Rate,
    StockLine,
    Text,
    Value,
    Whole,
    YesNo,
    cost_of,
)

LineKind: TypeAlias = Literal[
    "item",
    "gift_card",
    "tip",
    "shipping",
    "fee",
    "service_charge",
    "deposit",
    "exchange",
    "manual",
    "sample",
    "discount",
    "donation",
    "bad_debt",
]
TenderType: TypeAlias = Literal["card", "cash", "gift_card", "store_credit", "bank_transfer", "wallet", "on_account"]

MOVES_STOCK: MappingProxyType[str, str] = MappingProxyType(
    {
        "item": "always: goods given away at no price leave the shelf too",
        "exchange": "always: the goods that come back, as negative units",
        "sample": "with a price: a sample at no price was never on stock",
    }
)
"""Which kinds of line move stock, and when. No other kind does."""


class Line(Value):
    """One line of a trade document. net = gross − discount; total = net + tax, or net where the price holds the tax."""

    line_number: Whole
    kind: LineKind = "item"
    sku: Text | None = None
    """The item's number. Needed on each line that moves stock."""
    item_id: UUID | None = None
    description: Text | None = None
    quantity: Quantity = Decimal(1)
    unit_price: Amount | None = None
    gross_amount: Amount | None = None
    """Before discount; net + discount where the source does not say."""
    discount_amount: Amount = ZERO
    """Positive: what was taken off."""
    net_amount: Amount
    """After discount; holds the tax where the document is tax-inclusive."""
    tax_amount: Amount = ZERO
    total_amount: Amount | None = None
    location: Text | None = None
    """Where the goods leave or come back; the document's location where empty."""
    unit_cost: Amount | None = None


class OrderLine(Line):
    """A line of a sale."""

    open_quantity: Quantity | None = None
    """Units that are still to be handed over; all of them where the source does not say."""


class RefundLine(Line):
    """A line of a refund, in positive amounts and units; may be tied to the sale that it takes back."""

    restocked: YesNo = True
    """Whether the goods went back on the shelf."""
    order_id: UUID | None = None
    order_number: Text | None = None
    order_line: Whole | None = None


class TaxLine(Value):
    """One tax of a document or of one of its lines."""

    line_number: Whole | None = None
    scheme: Literal["domestic", "oss", "ioss", "import", "us_state", "reverse_charge", "export"] = "domestic"
    country: Country | None = None
    region: Text | None = None
    tax_code: Text | None = None
    title: Text | None = None
    rate: Rate | None = None
    """0.2 for 20 %."""
    taxable_amount: Amount | None = None
    amount: Amount


class Discount(Value):
    """Why something is cheaper. The amounts themselves stand on the lines."""

    line_number: Whole | None = None
    code: Text | None = None
    type: Literal["percentage", "fixed"] = "fixed"
    level: Literal["order", "line", "shipping"] = "order"
    amount: Amount


class Tender(Value):
    """How a part of a total was paid, net of change."""

    tender_type: TenderType
    gateway: Text | None = None
    reference: Text | None = None
    amount: Amount


class Trade(Document):
    """What orders, refunds and adjustments share."""

    business_date: Day
    currency: Currency
    exchange_rate: Rate | None = None
    """Base currency for one unit of `currency`, where the source fixes it."""
    tax_inclusive: YesNo = False
    customer_id: UUID | None = None
    customer_number: Text | None = None
    """The buyer's number at the source; no personal field."""
    country: Country | None = None
    cost_currency: Currency | None = None
    """Of the lines' unit costs; `currency` where empty."""
    location: Text | None = None
    channel: Text | None = None
    employee_number: Text | None = None
    note: Annotated[Text | None, PII] = None
    lines: tuple[Line, ...]
    tax_lines: tuple[TaxLine, ...] = ()
    discounts: tuple[Discount, ...] = ()
    discount_total: Amount | None = None
    tax_total: Amount | None = None
    rounding_total: Amount = ZERO
    """Cash rounding, signed: + the buyer pays more than the lines say."""
    grand_total: Amount

    sign: ClassVar[int] = 1
    """Whether a positive total counts + or −."""

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        net = tax = discount = ZERO
        for line in self.lines:
            net += line.net_amount
            tax += line.tax_amount
            discount += line.discount_amount
            _check_line(line, tax_inclusive=self.tax_inclusive)
        found = net + self.rounding_total if self.tax_inclusive else net + tax + self.rounding_total
        if found != self.grand_total:
            raise mismatch("grand total", self.grand_total, found)
        check_taxes(tax, self.tax_total, self.tax_lines)
        if self.discount_total is not None and self.discount_total != discount:
            raise mismatch("discount total", self.discount_total, discount)
        if self.discounts and (listed := sum((each.amount for each in self.discounts), ZERO)) != discount:
            raise mismatch("discounts", listed, discount)
        return self

    def party(self) -> tuple[str, str] | None:
        """The buyer."""
        return ("customer", self.customer_number) if self.customer_number else None

    def amount(self) -> tuple[Decimal, str]:
        """The grand total: + for a sale, − for a refund, as signed for an adjustment."""
        return self.sign * self.grand_total, self.currency

    def moves_money(self) -> bool:
        """Whether any line, tax or rounding is other than zero."""
        return bool(self.grand_total or self.rounding_total) or any(
            line.net_amount or line.tax_amount or line.discount_amount for line in self.lines
        )

    def cost(self) -> tuple[Decimal, str] | None:
        """Cost of the goods on its lines, where the lines know it."""
        return cost_of(self.stock(), self.cost_currency or self.currency)

    def stock(self) -> Iterator[StockLine]:
        """Lines whose kind moves stock (`MOVES_STOCK`)."""
        for line in self.lines:
            if line.kind in MOVES_STOCK and self._on_shelf(line):
                yield StockLine(line.sku or "", line.location or self.location or "", self.sign * line.quantity, line.unit_cost)

    def _on_shelf(self, line: Line) -> bool:
        return line.kind != "sample" or bool(line.unit_price or line.net_amount)


class Order(Trade):
    """A sale, paid or not."""

    type = "order"
    title = "Order"

    order_number: Text | None = None
    register_number: Text | None = None
    placed_at: Instant | None = None
    status: Literal["open", "closed", "cancelled"] = "open"
    payment_status: Literal["unpaid", "partly_paid", "paid", "refunded"] | None = None
    fulfillment_status: Literal["unfulfilled", "partly_fulfilled", "fulfilled"] | None = None
    cancelled_at: Instant | None = None
    is_test: YesNo = False
    email: Annotated[Text | None, PII] = None
    shipping_address: Annotated[Text | None, PII] = None
    lines: tuple[OrderLine, ...]
    tenders: tuple[Tender, ...] = ()
    """How it was paid at the sale. Empty where payments come as documents of their own."""

    def number(self) -> str:
        """The order number, else what the source calls it."""
        return self.order_number or super().number()

    def reserved(self) -> Iterator[StockLine]:
        """What is still to be handed over, once the source says that something is. A sale at a till promises nothing."""
        if self.status != "open" or self.fulfillment_status not in ("unfulfilled", "partly_fulfilled"):
            return
        for line in self.lines:
            units = line.quantity if line.open_quantity is None else line.open_quantity
            if line.kind in MOVES_STOCK and self._on_shelf(line) and units > 0:
                yield StockLine(line.sku or "", line.location or self.location or "", units, line.unit_cost)


class Refund(Trade):
    """Goods or money given back. Positive amounts; counts −."""

    type = "refund"
    title = "Refund"
    sign = -1

    order_id: UUID | None = None
    order_number: Text | None = None
    """The sale it takes back, where it is one sale; else see the lines."""
    reason: Text | None = None
    status: Literal["pending", "success", "failed"] = "success"
    processed_at: Instant | None = None
    lines: tuple[RefundLine, ...]
    tenders: tuple[Tender, ...] = ()
    """How the money went back. Empty: to where the sale was settled."""

    def parents(self) -> tuple[UUID, ...]:
        """The sales it takes back, each once, in order."""
        known = (self.order_id, *(line.order_id for line in self.lines))
        return tuple(dict.fromkeys(order for order in known if order is not None))

    def _on_shelf(self, line: Line) -> bool:
        return isinstance(line, RefundLine) and line.restocked and super()._on_shelf(line)


class Adjustment(Trade):
    """A signed correction of what a buyer owes, such as a bad debt written off. Negative: the buyer owes less."""

    type = "adjustment"
    title = "Adjustment"

    order_id: UUID | None = None
    reason: Text | None = None
    lines: tuple[OrderLine, ...]

    def parents(self) -> tuple[UUID, ...]:
        """The sale it corrects, where known."""
        return (self.order_id,) if self.order_id else ()


def _check_line(line: Line, *, tax_inclusive: bool) -> None:
    """Refuse a line whose own amounts do not add up, or that moves stock of no item."""
    if line.kind in MOVES_STOCK and not line.sku:
        raise PydanticCustomError(
            "item_missing", "line {line} is of kind {kind} and names no item", {"line": line.line_number, "kind": line.kind}
        )
    if line.gross_amount is not None and line.gross_amount - line.discount_amount != line.net_amount:
        raise mismatch(f"line {line.line_number}, gross less discount", line.net_amount, line.gross_amount - line.discount_amount)
    if line.total_amount is not None:
        found = line.net_amount if tax_inclusive else line.net_amount + line.tax_amount
        if found != line.total_amount:
            raise mismatch(f"line {line.line_number}, total", line.total_amount, found)


def check_taxes(tax: Decimal, stated: Decimal | None, listed: Iterable[TaxLine]) -> None:
    """Refuse a document whose lines hold another tax than it states in all, or tax by tax."""
    if stated is not None and stated != tax:
        raise mismatch("tax total", stated, tax)
    each = [line.amount for line in listed]
    if each and sum(each, ZERO) != tax:
        raise mismatch("tax lines", sum(each, ZERO), tax)


def mismatch(what: str, stated: Decimal, found: Decimal) -> PydanticCustomError:
    """The error that translating shows as MAP-TOTAL: pydantic type `total_mismatch`, context what, stated, found."""
    return PydanticCustomError(
        "total_mismatch", "{what}: {stated} is stated, {found} is the sum", {"what": what, "stated": str(stated), "found": str(found)}
    )
