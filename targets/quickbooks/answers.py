"""From what QuickBooks answers to receipts: totals, versions and the print by which a change of somebody else is seen."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from taps.quickbooks.client import mark_of
from taps.quickbooks.marks import Mark
from taps.quickbooks.rows import is_voided
from targets._kit.remote import digest
from targets._kit.writer import Receipt
from targets.quickbooks.foreign import in_home
from targets.quickbooks.money import TOTAL
from targets.quickbooks.prepared import VOIDED

PEOPLE = ("Customer", "Vendor")
RECORDS = (*PEOPLE, "Item")
_AWAY = ("CreditMemo", "RefundReceipt", "Purchase", "Bill")
_HEAD = (
    "TxnDate",
    "DueDate",
    "TotalAmt",
    "Amount",
    "PaymentType",
    "DisplayName",
    "GivenName",
    "FamilyName",
    "CompanyName",
    "Name",
    "Sku",
    "UnitPrice",
)
_REFERENCES = (
    "CustomerRef",
    "VendorRef",
    "APAccountRef",
    "DepositToAccountRef",
    "AccountRef",
    "FromAccountRef",
    "ToAccountRef",
    "DepartmentRef",
    "IncomeAccountRef",
)
_DETAILS = ("ItemRef", "AccountRef", "TaxCodeRef", "ClassRef")


def effect_of(entity: str, document: Mapping[str, Any]) -> Decimal:
    """What the document counts as it stands, in home currency; 0 for a record and for what is deleted."""
    if entity in RECORDS or document.get("status") == "Deleted":
        return Decimal(0)
    if entity == "JournalEntry":
        counted = (_signed(line) for line in document.get("Line", []) if str(line.get("Description", "")).endswith(TOTAL))
        return _in_home(document, sum(counted, Decimal(0)))
    if entity == "Transfer":
        mark = mark_of(entity, document)
        amount = Decimal(document.get("Amount") or 0)
        return amount if mark is None or document["ToAccountRef"]["value"] == mark.control else -amount
    total = _in_home(document, Decimal(document.get("TotalAmt") or 0), document.get("HomeTotalAmt"))
    return -total if entity in _AWAY else total


def _in_home(document: Mapping[str, Any], amount: Decimal, stated: Any = None) -> Decimal:
    """As QuickBooks states it, else by its rate; a document that was voided counts nothing whatever it states."""
    rate = Decimal(document.get("ExchangeRate") or 1)
    if rate == 1 or not amount:
        return amount
    return in_home(amount, rate) if stated is None else Decimal(stated)


def _signed(line: Mapping[str, Any]) -> Decimal:
    amount = Decimal(line.get("Amount") or 0)
    return amount if line["JournalEntryLineDetail"]["PostingType"] == "Debit" else -amount


def is_gone(entity: str, document: Mapping[str, Any]) -> bool:
    """Whether it counts no longer: deleted, no longer active, or voided, which is at zero although we wrote an amount."""
    if document.get("status") == "Deleted" or document.get("Active") is False:
        return True
    mark = mark_of(entity, document)
    return entity in VOIDED and (is_voided(document) or bool(mark and mark.after and not document.get("TotalAmt")))


def print_of(document: Mapping[str, Any]) -> str:
    """Hash of what we write in a document, as QuickBooks shows it. What QuickBooks itself changes (balances, versions) is not in it."""
    tax = (document.get("TxnTaxDetail") or {}).get("TotalTax")
    email = (document.get("PrimaryEmailAddr") or {}).get("Address")
    seen = [_plain(document.get(field)) for field in _HEAD] + [_value(document.get(field)) for field in _REFERENCES]
    lines = [_line(line) for line in document.get("Line", []) if line.get("DetailType") != "SubTotalLineDetail"]
    seen += [_plain(document["ExchangeRate"])] if document.get("ExchangeRate") not in (None, 1) else []  # prints of documents in base stay
    return digest([*seen, _plain(tax), email, document.get("Active"), lines])[:16]


def _line(line: Mapping[str, Any]) -> list[Any]:
    detail: Mapping[str, Any] = line.get(str(line.get("DetailType"))) or {}
    links = [[link["TxnType"], link["TxnId"]] for link in line.get("LinkedTxn", [])]
    return [_plain(line.get("Amount")), [_value(detail.get(field)) for field in _DETAILS], detail.get("PostingType"), links]


def _plain(value: Any) -> str | None:
    return f"{Decimal(value).normalize():f}" if isinstance(value, (int, Decimal)) and not isinstance(value, bool) else value


def _value(reference: Any) -> str | None:
    return str(reference.get("value")) if isinstance(reference, Mapping) else None


def receipt(entity: str, document: Mapping[str, Any], mark: Mark, before: Decimal, currency: str) -> Receipt:
    """What stands now, and what it changed: effect now less what stood before."""
    now = effect_of(entity, document)
    stands_in = (document.get("CurrencyRef") or {}).get("value") or currency
    body = {
        "entity": entity,
        "id": document["Id"],
        "token": document.get("SyncToken", ""),
        "effect": f"{now:f}",
        "print": print_of(document),
        "gone": is_gone(entity, document),
    }
    body |= {"currency": stands_in} if entity not in RECORDS and stands_in != currency else {}
    return Receipt(str(document["Id"]), mark.number, "" if entity in RECORDS else currency, now - before, body)
