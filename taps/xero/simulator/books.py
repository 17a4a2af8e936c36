"""What the simulated organisation holds, and what a person would have set up or typed there before the first call."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from taps._kit.simulator import Clock

_NAMESPACE = uuid.UUID("5a3c9e0e-6a52-4d0b-8f2f-3f6d0c0b9a11")
ID_OF = {
    "Invoices": "InvoiceID",
    "CreditNotes": "CreditNoteID",
    "BankTransactions": "BankTransactionID",
    "BankTransfers": "BankTransferID",
    "Payments": "PaymentID",
    "ManualJournals": "ManualJournalID",
    "Contacts": "ContactID",
    "Items": "ItemID",
}
_CLASSES = {"SALES": "REVENUE", "REVENUE": "REVENUE", "BANK": "ASSET", "CURRENT": "ASSET", "INVENTORY": "ASSET", "CURRLIAB": "LIABILITY"}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
Document = dict[str, Any]


def ticks(moment: datetime) -> str:
    """An instant as Xero writes it."""
    return f"/Date({int((moment - _EPOCH).total_seconds() * 1000)}+0000)/"


def day_ticks(on: date) -> str:
    """A date as Xero writes it."""
    return ticks(datetime(on.year, on.month, on.day, tzinfo=UTC))


@dataclass(slots=True)
class Books:
    """One organisation. Documents are kept as they are answered; `Date` and the like are dates, `_updated` is the last change."""

    clock: Clock
    base_currency: str = "USD"
    currencies: set[str] = field(default_factory=set)
    """Those that the organisation added besides."""
    accounts: dict[str, Document] = field(default_factory=dict)
    """By code."""
    tax_rates: dict[str, Document] = field(default_factory=dict)
    tracking: dict[str, Document] = field(default_factory=dict)
    documents: dict[str, dict[str, Document]] = field(default_factory=lambda: {resource: {} for resource in ID_OF})
    typed: set[str] = field(default_factory=set)
    """Ids of what was there before we wrote, or was typed by hand."""
    period_lock: date | None = None
    year_lock: date | None = None
    _count: int = 0

    def new_id(self) -> str:
        """The next identifier: random-looking, and the same in every run."""
        self._count += 1
        return str(uuid.uuid5(_NAMESPACE, str(self._count)))

    # ── what an organisation sets up ──

    def account(self, code: str, name: str, kind: str, *, system: str = "", payments: bool = False, currency: str = "") -> None:
        """An account of the chart."""
        self.accounts[code] = {
            "AccountID": self.new_id(),
            "Code": code,
            "Name": name,
            "Type": kind,
            "Status": "ACTIVE",
            "Class": _CLASSES.get(kind, "EXPENSE"),
            "EnablePaymentsToAccount": payments,
            "_updated": self.now(),
        } | ({"SystemAccount": system} if system else {})
        if kind == "BANK":
            self.accounts[code] |= {"BankAccountType": "BANK", "CurrencyCode": currency or self.base_currency}

    def tax_rate(self, tax_type: str, percent: str, name: str = "") -> None:
        """A tax rate."""
        rate = Decimal(percent)
        self.tax_rates[tax_type] = {
            "Name": name or tax_type,
            "TaxType": tax_type,
            "Status": "ACTIVE",
            "DisplayTaxRate": rate,
            "EffectiveRate": rate,
            "TaxComponents": [{"Name": name or tax_type, "Rate": rate, "IsCompound": False, "IsNonRecoverable": False}],
        }

    def category(self, name: str, *options: str) -> None:
        """A tracking category."""
        category = self.new_id()
        made = [{"TrackingOptionID": self.new_id(), "Name": option, "Status": "ACTIVE"} for option in options]
        self.tracking[name] = {"TrackingCategoryID": category, "Name": name, "Status": "ACTIVE", "Options": made}

    def contact(self, name: str, **more: Any) -> str:
        """A contact that a person made; its id."""
        return self.add("Contacts", {"Name": name, "ContactStatus": "ACTIVE", **more}, by_hand=True)

    # ── documents ──

    def add(self, resource: str, document: Document, *, by_hand: bool = False) -> str:
        """Keep a document as it is, unchecked; its id."""
        identity = self.new_id()
        self.documents[resource][identity] = {ID_OF[resource]: identity, **document, "_updated": self.now(), "_created": self.now()}
        if by_hand:
            self.typed.add(identity)
        return identity

    def now(self) -> datetime:
        """The instant of a change, in whole milliseconds."""
        now = self.clock()
        return now.replace(microsecond=now.microsecond // 1000 * 1000)

    def touch(self, document: Document, **changes: Any) -> Document:
        """Change a document now."""
        document.update(changes, _updated=self.now())
        return document

    def get(self, resource: str, identity: object) -> Document | None:
        """A document by its id."""
        return self.documents[resource].get(str(identity)) if identity else None

    def ours(self, resource: str) -> list[Document]:
        """What was written through the API."""
        return [each for identity, each in self.documents[resource].items() if identity not in self.typed]

    def find_account(self, named: object) -> Document | None:
        """An account by the code or id that an element names."""
        if not isinstance(named, dict):
            return None
        by_id = (each for each in self.accounts.values() if each["AccountID"] == named.get("AccountID"))
        found: Document | None = self.accounts.get(str(named.get("Code"))) or next(by_id, None)
        return found if found and found["Status"] == "ACTIVE" else None

    def locked(self, on: date) -> bool:
        """Whether a date lies in a closed period."""
        return any(lock is not None and on <= lock for lock in (self.period_lock, self.year_lock))
