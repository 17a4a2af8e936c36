"""Cash drawers: what was in them, what should have been, and what went in and out beside the sales."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, ClassVar, Literal, Self

from pydantic import model_validator
from pydantic_core import PydanticCustomError

from mappings.model.base import PII, ZERO, Amount, Currency, Day, Document, Instant, Rate, Text


class CashDrawerSession(Document):
    """A shift of a cash drawer, counted at its end. Signed: + more cash than sales and refunds explain, − less.

    Sales and refunds in cash are documents of their own; the session counts only what they do not: cash paid in and out, and what the
    count differs by.
    """

    type: ClassVar[str] = "cash_drawer_session"
    title: ClassVar[str] = "Cash drawer session"

    business_date: Day
    """The day on which it was opened."""
    register_number: Text | None = None
    location: Text | None = None
    opened_by: Text | None = None
    """Who opened it, and below who closed it, as the source calls its staff."""
    closed_by: Text | None = None
    opened_at: Instant | None = None
    closed_at: Instant | None = None
    status: Literal["open", "ended", "closed"] = "closed"
    """Only a closed one was counted, and only that counts."""
    currency: Currency
    exchange_rate: Rate | None = None
    opening_float: Amount = ZERO
    cash_sales: Amount = ZERO
    cash_refunds: Amount = ZERO
    paid_in: Amount = ZERO
    paid_out: Amount = ZERO
    expected_cash: Amount
    """What should be in it at the end, as the source works it out."""
    counted_cash: Amount | None = None
    over_short: Amount = ZERO
    """Counted less expected: − is missing."""
    deposit_reference: Text | None = None
    note: Annotated[Text | None, PII] = None

    @model_validator(mode="after")
    def _counted(self) -> Self:
        if self.status == "closed" and self.counted_cash is None:
            raise PydanticCustomError("count_missing", "the session is closed, and nobody counted the cash")
        if self.counted_cash is not None and self.over_short != self.counted_cash - self.expected_cash:
            raise PydanticCustomError("total_mismatch", "over or short is not what was counted less what was expected")
        return self

    def amount(self) -> tuple[Decimal, str]:
        """Over or short, and what was paid in less what was paid out; nothing before it was counted."""
        if self.status != "closed":
            return ZERO, self.currency
        return self.over_short + self.paid_in - self.paid_out, self.currency
