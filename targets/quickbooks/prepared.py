"""What a payload carries to the send: the object, what is done with it, and what stood before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from taps.quickbooks.client import NOTE
from taps.quickbooks.facts import LONGEST_NUMBER
from taps.quickbooks.marks import Mark, key_of, short
from targets._kit.writer import Intent, Subject, Verb
from targets.quickbooks.draft import NOBODY, Party

VOIDED = ("Invoice", "SalesReceipt", "Payment")
"""What QuickBooks voids: it stays, at zero. Other transactions are deleted and stay in its audit log."""
KEYED = {"Payment": "PaymentRefNum"}
BOUGHT = ("Bill", "VendorCredit")
"""Their number is the supplier's, not ours."""
UNKEYED = ("Transfer", "Customer", "Vendor", "Item", *BOUGHT)
"""Without a field of ours that can be searched: found by what changed since the attempt, and the mark in the note."""
ENTITIES: Mapping[str, tuple[str, ...]] = {
    "contact": ("Customer",),
    "supplier": ("Vendor",),
    "item": ("Item",),
    "invoice": ("Invoice", "CreditMemo"),
    "credit_note": ("CreditMemo", "Invoice"),
    "sales_receipt": ("SalesReceipt", "RefundReceipt"),
    "refund_receipt": ("RefundReceipt", "SalesReceipt"),
    "bill": ("Bill", "VendorCredit"),
    "bill_credit": ("VendorCredit", "Bill"),
    "payment": ("Payment", "JournalEntry"),
    "spend": ("Purchase", "JournalEntry"),
    "transfer": ("Transfer",),
    "journal": ("JournalEntry",),
    "cost_journal": ("JournalEntry",),
}
"""What each representation may stand as."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """Opaque to the hub."""

    entity: str
    operation: str
    """create, update, void or delete."""
    body: Mapping[str, Any]
    mark: Mark
    before: Decimal
    booked_print: str = ""
    party: Party = NOBODY
    parent: tuple[str, str] = ("", "")

    @property
    def removes(self) -> bool:
        """Whether absence is wanted."""
        return self.operation in ("void", "delete") or self.body.get("Active") is False


def key_field(entity: str) -> str:
    """Where our key can be searched; '' where it cannot."""
    return "" if entity in UNKEYED else KEYED.get(entity, "DocNumber")


def document_number(intent: Intent) -> str:
    """The number under which people look for it, as far as there is room."""
    return " ".join(intent.number.split())[:LONGEST_NUMBER]


def apart(number: str, key: str) -> str:
    """The same number, told from another supplier's by four characters of our key."""
    return f"{number[: LONGEST_NUMBER - 5]}-{key.removeprefix('CF-')[:4]}"


def note_field(entity: str) -> str:
    """Where our mark stands."""
    return NOTE.get(entity, "PrivateNote")


def subject_of(subject: Subject) -> str:
    """The subject in a mark: it stays the same where the look-up key of a removal differs from that of its create."""
    return short(*subject)


def mark_for(intent: Intent, before: Decimal, after: Decimal, control: str = "") -> Mark:
    """The mark of this attempt."""
    return Mark(
        " ".join(intent.number.split()),
        key_of(intent.look_up_key),
        subject_of(intent.subject),
        short(intent.idempotency_key),
        before,
        after,
        control,
    )


def removal(entity: str) -> str:
    """How a transaction is taken away."""
    return "void" if entity in VOIDED else "delete"


def is_removal(verb: Verb) -> bool:
    """Whether absence is wanted."""
    return verb in (Verb.VOID, Verb.REVERSE)
