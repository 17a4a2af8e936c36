"""What suppliers bill us, what they give back, and what we paid them.

Amounts are positive and mean what the document's type says: a bill is owed by us and counts −, a vendor credit counts +, a payment −.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, ClassVar, Literal, Self, TypeAlias
from uuid import UUID

from pydantic import model_validator

from mappings.model.base import PII, ZERO, Amount, Currency, Day, Document, Quantity, Rate, Text, Value, Whole
from mappings.model.order import TaxLine, check_taxes, mismatch

PurchaseKind: TypeAlias = Literal["goods", "freight", "expense"]


class PurchaseLine(Value):
    """One line of a bill or a vendor credit. total = net + tax."""

    line_number: Whole
    kind: PurchaseKind = "expense"
    """Goods were received before they were billed; freight and expenses are costs at once."""
    sku: Text | None = None
    description: Text | None = None
    quantity: Quantity = Decimal(1)
    """Billed."""
    unit_price: Amount | None = None
    net_amount: Amount
    tax_amount: Amount = ZERO
    total_amount: Amount | None = None
    ordered_price: Amount | None = None
    """Of goods: what the purchase order says that one costs; the billed price where nobody says."""
    received_quantity: Quantity | None = None
    """Of goods: what arrived of what is billed; all of it where nobody says."""
    purchase_order_number: Text | None = None


class Purchase(Document):
    """What bills and vendor credits share."""

    business_date: Day
    bill_number: Text | None = None
    """The supplier's own number."""
    supplier_number: Text | None = None
    """Our number of the supplier."""
    supplier_name: Annotated[Text | None, PII] = None
    due_date: Day | None = None
    currency: Currency
    exchange_rate: Rate | None = None
    lines: tuple[PurchaseLine, ...]
    tax_lines: tuple[TaxLine, ...] = ()
    tax_total: Amount | None = None
    grand_total: Amount

    sign: ClassVar[int] = -1
    """Whether a positive total counts + or −."""

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        net = tax = ZERO
        for line in self.lines:
            net += line.net_amount
            tax += line.tax_amount
            if line.total_amount is not None and line.net_amount + line.tax_amount != line.total_amount:
                raise mismatch(f"line {line.line_number}, total", line.total_amount, line.net_amount + line.tax_amount)
        if net + tax != self.grand_total:
            raise mismatch("grand total", self.grand_total, net + tax)
        check_taxes(tax, self.tax_total, self.tax_lines)
        return self

    def number(self) -> str:
        """The supplier's number, else what the source calls it."""
        return self.bill_number or super().number()

    def party(self) -> tuple[str, str] | None:
        """The supplier."""
        return ("supplier", self.supplier_number) if self.supplier_number else None

    def amount(self) -> tuple[Decimal, str]:
        """The grand total: − for a bill, + for a vendor credit."""
        return self.sign * self.grand_total, self.currency

    def moves_money(self) -> bool:
        """Whether any line or tax is other than zero."""
        return bool(self.grand_total) or any(line.net_amount or line.tax_amount for line in self.lines)


class Bill(Purchase):
    """What a supplier bills us. Positive amounts; counts −."""

    type = "bill"
    title = "Bill"


class VendorCredit(Purchase):
    """What a supplier takes off our bills. Positive amounts; counts +."""

    type = "vendor_credit"
    title = "Vendor credit"
    sign = 1


class BillPayment(Document):
    """What we paid a supplier, or what he paid back. Positive amount; a payment counts −, a refund +."""

    type = "bill_payment"
    title = "Bill payment"

    business_date: Day
    bill_id: UUID | None = None
    """Only where the same connection tells of the bill too."""
    bill_number: Text | None = None
    """The supplier's own number of the bill or credit that is paid."""
    supplier_number: Text | None = None
    payment_type: Literal["payment", "refund"] = "payment"
    """A refund is what the supplier paid back of a credit."""
    reference: Text | None = None
    payment_account: Text | None = None
    """The account that it left or reached, as the source calls it."""
    currency: Currency
    exchange_rate: Rate | None = None
    amount_paid: Amount

    def party(self) -> tuple[str, str] | None:
        """The supplier."""
        return ("supplier", self.supplier_number) if self.supplier_number else None

    def amount(self) -> tuple[Decimal, str]:
        """− paid, + paid back."""
        return (self.amount_paid if self.payment_type == "refund" else -self.amount_paid), self.currency

    def parents(self) -> tuple[UUID, ...]:
        """The bill that is paid."""
        return (self.bill_id,) if self.bill_id else ()
