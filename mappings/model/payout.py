"""What the processor pays out, and what it counts for each payment on the way there."""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar, Literal, Self
from uuid import UUID

from pydantic import model_validator

from mappings.model.base import ZERO, Amount, Currency, Day, Document, Part, Rate, Text
from mappings.model.order import mismatch


class Payout(Document):
    """Money on its way between processor and bank. Signed: + goes to our bank, − is taken from it."""

    type: ClassVar[str] = "payout"
    title: ClassVar[str] = "Payout"

    business_date: Day
    """The day it was issued."""
    gateway: Text | None = None
    gateway_account: Text | None = None
    status: Literal["scheduled", "in_transit", "paid", "failed", "canceled"] = "paid"
    arrival_on: Day | None = None
    """The bank's day."""
    failed_on: Day | None = None
    reissue_of: Text | None = None
    """Source id of the failed payout that this one repeats."""
    bank_reference: Text | None = None
    currency: Currency
    exchange_rate: Rate | None = None
    gross_amount: Amount | None = None
    """Payments in it. Where given, gross − refunds − fees + adjustment − reserve = net."""
    refund_amount: Amount = ZERO
    fee_amount: Amount = ZERO
    adjustment_amount: Amount = ZERO
    """Signed: + we get more."""
    reserve_amount: Amount = ZERO
    """Signed: + is held back, − is released."""
    net_amount: Amount

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        if self.gross_amount is None:
            return self
        found = self.gross_amount - self.refund_amount - self.fee_amount + self.adjustment_amount - self.reserve_amount
        if found != self.net_amount:
            raise mismatch("net amount", self.net_amount, found)
        return self

    def amount(self) -> tuple[Decimal, str]:
        """The net amount, as signed."""
        return self.net_amount, self.currency

    def moves_money(self) -> bool:
        """Not while it is only scheduled, and not when it was called off."""
        return self.status not in ("scheduled", "canceled") and self.net_amount != 0

    def parts(self) -> tuple[Part, ...]:
        """`issue`, `arrival` at the bank's day; a failed one is taken back leg by leg: `returned` (had it arrived) and `failed`."""
        if self.status in ("scheduled", "canceled"):
            return ()
        legs = [Part("issue", self.business_date)]
        if self.status in ("paid", "failed") and self.arrival_on:
            legs.append(Part("arrival", self.arrival_on))
        if self.status == "failed":
            day = self.failed_on or self.business_date
            legs += [Part("returned", day)] if self.arrival_on else []
            legs.append(Part("failed", day))
        return tuple(legs)


class BalanceTransaction(Document):
    """How the processor settled a payment made in another currency than it pays out. Counts what our balance loses against the sale."""

    type: ClassVar[str] = "balance_transaction"
    title: ClassVar[str] = "Settlement of a payment"

    business_date: Day
    payment_id: UUID | None = None
    order_id: UUID | None = None
    payout_id: UUID | None = None
    gateway: Text | None = None
    charged_amount: Amount
    """As the buyer paid it, in the buyer's currency."""
    charged_currency: Currency
    booked_amount: Amount
    """As the sale was booked, in the currency of settlement."""
    currency: Currency
    """Of settlement; `booked_amount`, `settled_amount` and `fee_amount` are in it."""
    settled_amount: Amount
    """What the processor credited, before its fee."""
    fee_amount: Amount = ZERO
    exchange_rate: Rate | None = None

    def amount(self) -> tuple[Decimal, str]:
        """Settled − fee − booked: negative where less came in than was booked."""
        return self.settled_amount - self.fee_amount - self.booked_amount, self.currency

    def moves_money(self) -> bool:
        """Whether there is a fee or a difference."""
        return bool(self.fee_amount or self.settled_amount - self.booked_amount)

    def parents(self) -> tuple[UUID, ...]:
        """The payment, and the sale behind it."""
        return tuple(parent for parent in (self.payment_id, self.order_id) if parent)
