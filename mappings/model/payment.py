"""Money that moves for a sale: payments, fees, disputes, and the ledger of gift cards."""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar, Literal
from uuid import UUID

from mappings.model.base import ZERO, Amount, Currency, Day, Document, Instant, Part, Rate, Text
from mappings.model.order import TenderType


class Payment(Document):
    """Money received for a sale, or paid back. Positive amount; a payment of type refund counts −."""

    type: ClassVar[str] = "payment"
    title: ClassVar[str] = "Payment"

    business_date: Day
    order_id: UUID | None = None
    order_number: Text | None = None
    customer_number: Text | None = None
    payment_type: Literal["authorization", "capture", "sale", "void", "refund"] = "sale"
    """An authorization and a void move no money."""
    tender_type: TenderType = "card"
    gateway: Text | None = None
    gateway_reference: Text | None = None
    location: Text | None = None
    currency: Currency
    exchange_rate: Rate | None = None
    amount_paid: Amount
    tip_amount: Amount = ZERO
    """Contained in `amount_paid`."""
    status: Literal["pending", "success", "failed"] = "success"
    processed_at: Instant | None = None
    payout_id: UUID | None = None

    def amount(self) -> tuple[Decimal, str]:
        """+ received, − paid back, 0 for an authorization, a void and what did not succeed."""
        if self.payment_type in ("authorization", "void") or self.status != "success":
            return ZERO, self.currency
        return (-self.amount_paid if self.payment_type == "refund" else self.amount_paid), self.currency

    def party(self) -> tuple[str, str] | None:
        """The buyer."""
        return ("customer", self.customer_number) if self.customer_number else None

    def parents(self) -> tuple[UUID, ...]:
        """The sale that is paid."""
        return (self.order_id,) if self.order_id else ()


class Fee(Document):
    """What a processor or marketplace keeps. Positive: we pay it; counts −."""

    type: ClassVar[str] = "fee"
    title: ClassVar[str] = "Fee"

    business_date: Day
    fee_type: Literal["processing", "dispute", "subscription", "advertising", "bank"] = "processing"
    """`bank`: a bank kept it of money that came in; the others are taken from a processor's balance."""
    gateway: Text | None = None
    payment_id: UUID | None = None
    order_id: UUID | None = None
    payout_id: UUID | None = None
    currency: Currency
    exchange_rate: Rate | None = None
    fee_amount: Amount

    def amount(self) -> tuple[Decimal, str]:
        """− what we pay."""
        return -self.fee_amount if self.fee_amount else ZERO, self.currency

    def parents(self) -> tuple[UUID, ...]:
        """The payment that it was taken from."""
        return tuple(parent for parent in (self.payment_id, self.order_id) if parent)


class Dispute(Document):
    """A payment that the buyer's bank takes back for now. Positive amounts; counts − when opened, later legs count nothing more."""

    type: ClassVar[str] = "dispute"
    title: ClassVar[str] = "Dispute"

    business_date: Day
    """The day it was opened."""
    dispute_type: Literal["inquiry", "chargeback"] = "chargeback"
    """An inquiry moves no money."""
    payment_id: UUID | None = None
    order_id: UUID | None = None
    reason: Text | None = None
    gateway: Text | None = None
    currency: Currency
    exchange_rate: Rate | None = None
    disputed_amount: Amount
    fee_amount: Amount = ZERO
    fee_returned: Amount = ZERO
    """Where it was won: what of the fee came back."""
    status: Literal["open", "won", "lost"] = "open"
    due_on: Day | None = None
    resolved_on: Day | None = None

    def amount(self) -> tuple[Decimal, str]:
        """− (disputed amount + fee)."""
        if self.dispute_type == "inquiry":
            return ZERO, self.currency
        return ZERO - self.disputed_amount - self.fee_amount, self.currency

    def parts(self) -> tuple[Part, ...]:
        """`opened`, then `won` or `lost` on the day of the decision."""
        opened = Part("opened", self.business_date)
        return (opened,) if self.status == "open" else (opened, Part(self.status, self.resolved_on or self.business_date))

    def parents(self) -> tuple[UUID, ...]:
        """The payment, and the sale behind it."""
        return tuple(parent for parent in (self.payment_id, self.order_id) if parent)


class GiftCard(Document):
    """A gift card and what it is worth now. It counts nothing: each change of its balance is a gift card entry."""

    type: ClassVar[str] = "gift_card"
    title: ClassVar[str] = "Gift card"

    card: Text | None = None
    """Its masked code."""
    status: Literal["pending", "active", "blocked", "deactivated"] = "active"
    currency: Currency
    initial_value: Amount | None = None
    balance: Amount
    """What we owe to whoever holds it."""
    expires_on: Day | None = None
    customer_id: UUID | None = None

    def parents(self) -> tuple[UUID, ...]:
        """The buyer to whom it is linked."""
        return (self.customer_id,) if self.customer_id else ()


class GiftCardEntry(Document):
    """One change of a gift card's balance. Signed: + the card is worth more (issued, refunded to it), − it is worth less."""

    type: ClassVar[str] = "gift_card_entry"
    title: ClassVar[str] = "Gift card entry"

    business_date: Day
    entry_type: Literal["issue", "redeem", "refund", "expire", "adjust"]
    card: Text | None = None
    """The card's masked code."""
    order_id: UUID | None = None
    currency: Currency
    exchange_rate: Rate | None = None
    balance_change: Amount

    def amount(self) -> tuple[Decimal, str]:
        """The change of the balance, as signed."""
        return self.balance_change, self.currency

    def parents(self) -> tuple[UUID, ...]:
        """The sale that issued or took the card."""
        return (self.order_id,) if self.order_id else ()
