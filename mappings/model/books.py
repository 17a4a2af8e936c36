"""What comes from the books themselves, or is written for them by hand."""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar, Literal, Self

from pydantic import model_validator

from mappings.model.base import ZERO, Amount, Currency, Day, Document, Key, Rate, Text, Value
from mappings.model.order import mismatch


class JournalLine(Value):
    """One side of one account role. Exactly one of debit and credit is other than zero, or none."""

    role: Key
    """An account role of the posting table, such as PayrollClearing."""
    debit: Amount = ZERO
    credit: Amount = ZERO
    description: Text | None = None


class Invoice(Document):
    """What the books say of an invoice of ours: read back, and told to the front office. Counts nothing: the sale it bills does."""

    type: ClassVar[str] = "invoice"
    title: ClassVar[str] = "Invoice"

    order_number: Key
    """The sale that it bills, by the number under which it was sent."""
    invoice_number: Text | None = None
    """As the books number it."""
    business_date: Day
    """Its date in the books."""
    due_date: Day | None = None
    paid_on: Day | None = None
    """When nothing was left to pay; None while something is, and where the books do not say."""
    currency: Currency | None = None
    grand_total: Amount
    balance: Amount
    """What is left to pay."""
    status: Literal["draft", "open", "paid", "voided"] = "open"

    def number(self) -> str:
        """The number of the sale: the front office knows it by that."""
        return self.order_number


class JournalEntry(Document):
    """An entry that is booked as it is written. Counts its debits."""

    type: ClassVar[str] = "journal_entry"
    title: ClassVar[str] = "Journal entry"

    business_date: Day
    memo: Text | None = None
    currency: Currency
    exchange_rate: Rate | None = None
    gateway: Text | None = None
    location: Text | None = None
    reversal_of: Text | None = None
    lines: tuple[JournalLine, ...]

    @model_validator(mode="after")
    def _balances(self) -> Self:
        debit = sum((line.debit for line in self.lines), ZERO)
        credit = sum((line.credit for line in self.lines), ZERO)
        if debit != credit:
            raise mismatch("debits and credits", debit, credit)
        return self

    def amount(self) -> tuple[Decimal, str]:
        """Sum of the debits."""
        return sum((line.debit for line in self.lines), ZERO), self.currency

    def moves_money(self) -> bool:
        """Whether any side is other than zero."""
        return any(line.debit or line.credit for line in self.lines)
