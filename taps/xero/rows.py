"""What each stream hands out: plain names, dates as dates, our key where it is ours. Lines as they are booked, and of people only ids."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from taps.xero.client import day, instant
from taps.xero.marks import Mark, is_bought, mark_of

_TEXT: Mapping[str, Any] = {"type": ["string", "null"]}
_DATE: Mapping[str, Any] = {"type": ["string", "null"], "format": "date"}
_MOMENT: Mapping[str, Any] = {"type": ["string", "null"], "format": "date-time"}
_AMOUNT: Mapping[str, Any] = {"type": ["number", "null"]}
_LINE = {"account": _TEXT, "net": _AMOUNT, "tax": _AMOUNT, "gross": _AMOUNT, "tax_type": _TEXT, "quantity": _AMOUNT}
DOCUMENT: Mapping[str, Mapping[str, Any]] = {
    "id": _TEXT,
    "type": _TEXT,
    "number": _TEXT,
    "our_number": _TEXT,
    "date": _DATE,
    "due_date": _DATE,
    "paid_on": _DATE,
    "total": _AMOUNT,
    "tax": _AMOUNT,
    "open_amount": _AMOUNT,
    "currency": _TEXT,
    "currency_rate": _AMOUNT,
    "status": _TEXT,
    "account": _TEXT,
    "to_account": _TEXT,
    "contact_id": _TEXT,
    "pays_id": _TEXT,
    "pays_number": _TEXT,
    "lines": {"type": "array", "items": {"type": "object", "properties": _LINE}},
    "our_key": _TEXT,
    "our_attempt": _TEXT,
    "our_before": _AMOUNT,
    "last_editor": _TEXT,
    "updated_at": _MOMENT,
}
"""`last_editor` is always empty: Xero tells it in the history of single documents only. `our_key` is empty where a person typed it;
`currency_rate` is units of `currency` for one of base, six decimals; of a payment that of its day, whose currency is that of what it pays.
`our_before` is what stood of the thing before that attempt, on documents of its own where it was appended to."""
RECORD: Mapping[str, Mapping[str, Any]] = {
    "id": _TEXT,
    "number": _TEXT,
    "name": _TEXT,
    "type": _TEXT,
    "status": _TEXT,
    "rate": _AMOUNT,
    "our_key": _TEXT,
    "our_attempt": _TEXT,
    "updated_at": _MOMENT,
}


@dataclass(frozen=True, slots=True)
class Kind:
    """One stream: the list it comes from, and how a row is made of a document."""

    resource: str
    id_of: str
    fields: Mapping[str, Mapping[str, Any]]
    row: Callable[[str, Mapping[str, Any]], dict[str, Any]]
    changes: bool = True
    """Whether the list can be asked for what changed since; the others are read whole each time."""


def _document(resource: str, each: Mapping[str, Any]) -> dict[str, Any]:
    mark = mark_of(resource, each)
    pays = each.get("Invoice") or each.get("CreditNote") or {}
    return {
        "id": each[_ID[resource]],
        "type": each.get("Type") or each.get("PaymentType") or resource,
        "number": _number(each, mark),
        "our_number": mark.number or None if mark else None,
        "date": day(each.get("Date")),
        "due_date": day(each.get("DueDate")),
        "paid_on": day(each.get("FullyPaidOnDate")),
        "total": _total(each),
        "tax": each.get("TotalTax"),
        "open_amount": each.get("AmountDue", each.get("RemainingCredit")),
        "currency": each.get("CurrencyCode") or pays.get("CurrencyCode"),
        "currency_rate": each.get("CurrencyRate"),
        "status": each.get("Status"),
        "account": _account(each.get("BankAccount") or each.get("Account") or each.get("FromBankAccount")),
        "to_account": _account(each.get("ToBankAccount")),
        "contact_id": (each.get("Contact") or {}).get("ContactID"),
        "pays_id": pays.get("InvoiceID") or pays.get("CreditNoteID"),
        "pays_number": _number(pays, mark_of("Invoices" if "InvoiceID" in pays else "CreditNotes", pays)) if pays else None,
        "lines": _lines(each),
        "our_key": mark.key if mark else None,
        "our_attempt": mark.attempt if mark else None,
        "our_before": mark.before if mark else None,
        "last_editor": None,
        "updated_at": changed(each),
    }


def _number(each: Mapping[str, Any], mark: Mark | None) -> str | None:
    """As people know it; a supplier's number without our mark."""
    if mark is not None and is_bought(each):
        return mark.number or None
    return each.get("InvoiceNumber") or each.get("CreditNoteNumber") or (mark.number if mark else each.get("Reference")) or None


def _total(each: Mapping[str, Any]) -> Any:
    """A journal has no total: what it debits."""
    if "JournalLines" in each:
        return sum((line["LineAmount"] for line in each["JournalLines"] if line["LineAmount"] > 0), Decimal("0.00"))
    return each.get("Total", each.get("Amount"))


def _lines(each: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Account, amount before tax, and tax of each line; a journal's lines + debit, − credit. `gross` where its price holds the tax."""
    inclusive = each.get("LineAmountTypes") == "Inclusive"
    found = []
    for line in each.get("LineItems") or each.get("JournalLines") or ():
        amount, tax = line.get("LineAmount") or Decimal(0), line.get("TaxAmount") or Decimal(0)
        found.append(
            {
                "account": line.get("AccountCode"),
                "net": amount - tax if inclusive else amount,
                "tax": tax,
                "gross": amount if inclusive else None,
                "tax_type": line.get("TaxType"),
                "quantity": line.get("Quantity"),
            }
        )
    return found


def _account(account: Mapping[str, Any] | None) -> str | None:
    return (account.get("Code") or account.get("AccountID")) if account else None


def _record(resource: str, each: Mapping[str, Any]) -> dict[str, Any]:
    mark = mark_of(resource, each)
    return {
        "id": each[_ID[resource]],
        "number": each.get("Code") or each.get("AccountNumber") or each.get("ContactNumber") or None,
        "name": each.get("Name") if resource != "Contacts" else None,
        "type": each.get("Type"),
        "status": each.get("ContactStatus") or each.get("Status"),
        "rate": each.get("EffectiveRate"),
        "our_key": mark.key if mark else None,
        "our_attempt": mark.attempt if mark else None,
        "updated_at": changed(each),
    }


def changed(each: Mapping[str, Any]) -> Any:
    """The instant of the last change, of a transfer that of its making."""
    text = each.get("UpdatedDateUTC") or each.get("CreatedDateUTC")
    return instant(text) if text else None


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
"""What each kind of thing that we write calls its id."""
_ID = {**ID_OF, "Accounts": "AccountID", "TaxRates": "TaxType"}
STREAMS: Mapping[str, Kind] = {
    "invoices": Kind("Invoices", _ID["Invoices"], DOCUMENT, _document),
    "credit_notes": Kind("CreditNotes", _ID["CreditNotes"], DOCUMENT, _document),
    "bank_transactions": Kind("BankTransactions", _ID["BankTransactions"], DOCUMENT, _document),
    "payments": Kind("Payments", _ID["Payments"], DOCUMENT, _document),
    "manual_journals": Kind("ManualJournals", _ID["ManualJournals"], DOCUMENT, _document),
    "contacts": Kind("Contacts", _ID["Contacts"], RECORD, _record),
    "bank_transfers": Kind("BankTransfers", _ID["BankTransfers"], DOCUMENT, _document, changes=False),
    "items": Kind("Items", _ID["Items"], RECORD, _record, changes=False),
    "accounts": Kind("Accounts", _ID["Accounts"], RECORD, _record, changes=False),
    "tax_rates": Kind("TaxRates", _ID["TaxRates"], RECORD, _record, changes=False),
}
