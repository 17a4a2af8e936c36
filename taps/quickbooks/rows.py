"""From an object of QuickBooks to a row: what reconciliation and people ask of it, whoever made it. No names of customers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date
from decimal import Decimal
from types import MappingProxyType
from typing import Any, NamedTuple

from taps.quickbooks.client import mark_of, moment

_TEXT: Mapping[str, Any] = {"type": ["string", "null"]}
_NUMBER: Mapping[str, Any] = {"type": ["number", "null"]}
_DAY: Mapping[str, Any] = {"type": ["string", "null"], "format": "date"}
_INSTANT: Mapping[str, Any] = {"type": ["string", "null"], "format": "date-time"}
_IDS: Mapping[str, Any] = {"type": "array", "items": {"type": "string"}}
_FLAG: Mapping[str, Any] = {"type": ["boolean", "null"]}
_HEAD = {"id": _TEXT, "created_at": _INSTANT, "updated_at": _INSTANT, "updated_by": _TEXT, "our_key": _TEXT, "our_number": _TEXT}
_DOCUMENT = _HEAD | {
    "number": _TEXT,
    "document_date": _DAY,
    "due_on": _DAY,
    "total": _NUMBER,
    "tax": _NUMBER,
    "balance": _NUMBER,
    "currency": _TEXT,
    "exchange_rate": _NUMBER,
    "home_total": _NUMBER,
    "status": {"type": "string", "enum": ["posted", "paid", "voided"]},
    "party_id": _TEXT,
    "account_id": _TEXT,
    "to_account_id": _TEXT,
    "lines": {"type": "array", "items": {"type": "object"}},
}
_THING = _HEAD | {"name": _TEXT, "number": _TEXT, "active": _FLAG, "kind": _TEXT, "account_id": _TEXT, "percent": _NUMBER, "rate_ids": _IDS}


class Kind(NamedTuple):
    """One stream."""

    entity: str
    fields: Mapping[str, Any]
    row: Callable[[str, Mapping[str, Any]], dict[str, Any]]
    transaction: bool
    told: bool = True
    """Whether change data capture tells of it."""


def _reference(value: Any) -> str | None:
    return str(value["value"]) if isinstance(value, Mapping) and value.get("value") is not None else None


def _head(entity: str, each: Mapping[str, Any]) -> dict[str, Any]:
    stamps = each.get("MetaData") or {}
    mark = mark_of(entity, each)
    return {
        "id": each["Id"],
        "created_at": moment(stamps["CreateTime"]) if stamps.get("CreateTime") else None,
        "updated_at": moment(stamps["LastUpdatedTime"]) if stamps.get("LastUpdatedTime") else None,
        "updated_by": _reference(stamps.get("LastModifiedByRef")),
        "our_key": mark.key if mark else None,
        "our_number": mark.number if mark else None,
    }


def is_voided(each: Mapping[str, Any]) -> bool:
    """Whether a transaction was voided: QuickBooks keeps it at zero and says so in the note (unconfirmed)."""
    return str(each.get("PrivateNote") or "").startswith("Voided") and not each.get("TotalAmt")


def _status(each: Mapping[str, Any]) -> str:
    if is_voided(each):
        return "voided"
    return "paid" if each.get("Balance") == 0 and each.get("TotalAmt") else "posted"


def _document(entity: str, each: Mapping[str, Any]) -> dict[str, Any]:
    party = next((each[name] for name in ("CustomerRef", "VendorRef", "EntityRef") if each.get(name)), None)
    account = next((each[name] for name in ("DepositToAccountRef", "AccountRef", "FromAccountRef") if each.get(name)), None)
    account = account or _paid_from(each) or each.get("APAccountRef")
    return _head(entity, each) | {
        "number": each.get("DocNumber") or each.get("PaymentRefNum"),
        "document_date": _day(each.get("TxnDate")),
        "due_on": _day(each.get("DueDate")),
        "total": _decimal(each.get("TotalAmt", each.get("Amount"))),
        "tax": _decimal((each.get("TxnTaxDetail") or {}).get("TotalTax")),
        "balance": _decimal(each.get("Balance")),
        "currency": _reference(each.get("CurrencyRef")),
        "exchange_rate": _decimal(each.get("ExchangeRate")),
        "home_total": _decimal(each.get("HomeTotalAmt")),
        "status": _status(each),
        "party_id": _reference(party),
        "account_id": _reference(account),
        "to_account_id": _reference(each.get("ToAccountRef")),
        "lines": [_line(line) for line in each.get("Line", []) if line.get("DetailType") != "SubTotalLineDetail"],
    }


def _paid_from(each: Mapping[str, Any]) -> Any:
    """Of a payment of bills: the bank or card account."""
    return (each.get("CheckPayment") or {}).get("BankAccountRef") or (each.get("CreditCardPayment") or {}).get("CCAccountRef")


def _line(line: Mapping[str, Any]) -> dict[str, Any]:
    detail: Mapping[str, Any] = line.get(str(line.get("DetailType"))) or {}
    return {
        "amount": _decimal(line.get("Amount")),
        "description": line.get("Description"),
        "item_id": _reference(detail.get("ItemRef")),
        "account_id": _reference(detail.get("AccountRef")),
        "side": detail.get("PostingType"),
        "tax_code": _reference(detail.get("TaxCodeRef")),
        "quantity": _decimal(detail.get("Qty")),
        "pays": [f"{link['TxnType']} {link['TxnId']}" for link in line.get("LinkedTxn", [])],
    }


def _thing(entity: str, each: Mapping[str, Any]) -> dict[str, Any]:
    """An account, item, tax code or rate; of a customer only that it is there."""
    person = entity in ("Customer", "Vendor")
    return _head(entity, each) | {
        "name": None if person else each.get("FullyQualifiedName") or each.get("Name"),
        "number": each.get("AcctNum") or each.get("Sku"),
        "active": each.get("Active"),
        "kind": each.get("AccountType") or each.get("Type"),
        "account_id": _reference(each.get("IncomeAccountRef")),
        "percent": _decimal(each.get("RateValue")),
        "rate_ids": [str(rate["TaxRateRef"]["value"]) for rate in (each.get("SalesTaxRateList") or {}).get("TaxRateDetail", [])],
    }


def _day(text: Any) -> date | None:
    return date.fromisoformat(text[:10]) if text else None


def _decimal(value: Any) -> Decimal | None:
    return None if value is None else Decimal(value)


def version(each: Mapping[str, Any]) -> str:
    """Grows with each change."""
    updated = (each.get("MetaData") or {}).get("LastUpdatedTime")
    stamp = moment(updated).astimezone(UTC).isoformat() if updated else ""
    return f"{stamp} {int(each.get('SyncToken') or 0):08}"


def _documents(**entities: str) -> dict[str, Kind]:
    return {name: Kind(entity, _DOCUMENT, _document, transaction=True) for name, entity in entities.items()}


def _things(*, told: bool, **entities: str) -> dict[str, Kind]:
    return {name: Kind(entity, _THING, _thing, transaction=False, told=told) for name, entity in entities.items()}


STREAMS: Mapping[str, Kind] = MappingProxyType(
    _documents(
        invoices="Invoice",
        sales_receipts="SalesReceipt",
        credit_memos="CreditMemo",
        refund_receipts="RefundReceipt",
        payments="Payment",
        purchases="Purchase",
        transfers="Transfer",
        journal_entries="JournalEntry",
        deposits="Deposit",
        bills="Bill",
        vendor_credits="VendorCredit",
        bill_payments="BillPayment",
    )
    | _things(told=True, accounts="Account", items="Item", customers="Customer", vendors="Vendor")
    | _things(told=False, tax_codes="TaxCode", tax_rates="TaxRate")
)
"""By name, what there is to read."""
