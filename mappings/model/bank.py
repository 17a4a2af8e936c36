"""What the bank says: entries of our accounts, as it booked them."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, ClassVar

from mappings.model.base import PII, Amount, Currency, Day, Document, Key, Part, Text, Value, YesNo


class BankDetail(Value):
    """One transaction of a batch that the bank booked as one entry. Personal as a whole."""

    amount: Amount | None = None
    """Signed as the entry; None where the bank does not tell it."""
    currency: Currency | None = None
    reference: Text | None = None
    end_to_end_id: Text | None = None
    counterparty_name: Text | None = None
    counterparty_account: Text | None = None
    description: Text | None = None
    remittance_reference: Text | None = None


class BankTransaction(Document):
    """One entry of a bank account. Signed: + came into our account, − left it. It books nothing: others are reconciled with it."""

    type: ClassVar[str] = "bank_transaction"
    title: ClassVar[str] = "Bank transaction"

    bank_account_id: Key
    """Our account, as the connection calls it: IBAN, or number with bank code."""
    posted_on: Day
    """The day on which the bank booked it."""
    value_on: Day | None = None
    """The day from which the bank counts interest."""
    booked_amount: Amount
    currency: Currency
    reversal: YesNo = False
    """Whether it takes an earlier entry back; the amount is signed as it is booked."""
    reference: Text | None = None
    """The bank's own."""
    customer_reference: Text | None = None
    end_to_end_id: Text | None = None
    """As the payer gave it, passed on from bank to bank."""
    remittance_reference: Text | None = None
    """Of a structured remittance: invoice or creditor reference."""
    transaction_code: Text | None = None
    """What kind of entry it is, in the bank's code."""
    description: Annotated[Text | None, PII] = None
    """What it was for. Free text of payers: it names people."""
    counterparty_name: Annotated[Text | None, PII] = None
    counterparty_account: Annotated[Text | None, PII] = None
    counterparty_bank: Text | None = None
    details: Annotated[tuple[BankDetail, ...], PII] = ()
    """The transactions of a batch, where the bank tells of more than one."""

    def amount(self) -> tuple[Decimal, str]:
        """As signed."""
        return self.booked_amount, self.currency

    def parts(self) -> tuple[Part, ...]:
        """It happens on the bank's day."""
        return (Part("", self.posted_on),)
