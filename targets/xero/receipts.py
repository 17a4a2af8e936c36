"""What a document at Xero proves: its effect and what the next change needs, read from what Xero answered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from taps.xero.marks import NUMBERS, Mark, is_bought, mark_of
from taps.xero.rows import ID_OF
from targets._kit.writer import Receipt, Verb
from targets.xero.chart import Chart
from targets.xero.foreign import in_base

RECORDS = ("Contacts", "Items")
RESOURCES: Mapping[str, tuple[str, ...]] = {
    "contact": ("Contacts",),
    "supplier": ("Contacts",),
    "item": ("Items",),
    "invoice": ("Invoices",),
    "credit_note": ("CreditNotes",),
    "bill": ("Invoices",),
    "bill_credit": ("CreditNotes",),
    "sales_receipt": ("BankTransactions",),
    "refund_receipt": ("BankTransactions",),
    "spend": ("BankTransactions",),
    "transfer": ("BankTransfers",),
    "payment": ("Payments",),
    "journal": ("ManualJournals", "BankTransactions", "BankTransfers"),
    "cost_journal": ("ManualJournals",),
}
"""What each kind may have become."""
RECEIVED = ("ACCRECPAYMENT", "APCREDITPAYMENT")
"""Payments that bring money in: of an invoice, or what a supplier pays back."""
_NONE = Decimal(0)


def is_gone(resource: str, document: Mapping[str, Any]) -> bool:
    """Whether it counts no more: voided, deleted, archived, or taken off sale."""
    if resource == "Items":
        return document.get("IsSold") is False
    return document.get("ContactStatus" if resource == "Contacts" else "Status") in ("VOIDED", "DELETED", "ARCHIVED")


def stands(resource: str, document: Mapping[str, Any], mark: Mark, chart: Chart) -> Decimal:
    """What the document counts in base, in the sense of an entry's control lines."""
    if resource in RECORDS:
        return _NONE
    rate = Decimal(document.get("CurrencyRate") or 1)
    if resource in NUMBERS:  # what buyers owe is +, what we owe suppliers is −, and a credit note turns either round
        owed_to_us = (resource == "Invoices") is not is_bought(document)
        return in_base(Decimal(document["Total"]), rate) * (1 if owed_to_us else -1)
    if resource == "Payments":
        return in_base(Decimal(document["Amount"]), rate) * (1 if document.get("PaymentType", "ACCRECPAYMENT") in RECEIVED else -1)
    return sum((_moved(resource, document, code, chart) for code in mark.about), _NONE)


def _moved(resource: str, document: Mapping[str, Any], code: str, chart: Chart) -> Decimal:
    """What the document moves on one account: debit +, credit −."""
    if resource == "ManualJournals":
        return sum((Decimal(line["LineAmount"]) for line in document.get("JournalLines") or () if line.get("AccountCode") == code), _NONE)
    if resource == "BankTransfers":
        goal, source = (_is(document.get(name), code, chart) for name in ("ToBankAccount", "FromBankAccount"))
        return Decimal(document["Amount"]) * (goal - source)
    way = 1 if str(document["Type"]).startswith("RECEIVE") else -1
    items = (Decimal(line["LineAmount"]) for line in document.get("LineItems") or () if line.get("AccountCode") == code)
    return way * (Decimal(document["Total"]) * _is(document.get("BankAccount"), code, chart) - sum(items, _NONE))


def _is(named: Mapping[str, Any] | None, code: str, chart: Chart) -> int:
    account = chart.account_of(named)
    return int(account is not None and account.code == code)


def receipt(resource: str, document: Mapping[str, Any], verb: Verb, chart: Chart, content: str = "") -> Receipt:
    """The receipt of one document as it stands there now, after an attempt with that verb."""
    mark = mark_of(resource, document) or Mark("", "")
    amount = stands(resource, document, mark, chart)
    effect = -amount if verb is Verb.VOID else amount - mark.before
    return Receipt(
        remote_id=str(document[ID_OF[resource]]),
        number=_number(resource, document, mark),
        unit="" if resource in RECORDS else chart.currency,
        effect=effect,
        body=_body(resource, document, _NONE if verb is Verb.VOID else amount, content)
        | {"mark": mark.text() if mark.key else ""}
        | ({"currency": document["CurrencyCode"]} if document.get("CurrencyCode", chart.currency) != chart.currency else {}),
    )


def together(resource: str, documents: Sequence[Mapping[str, Any]], chart: Chart) -> Receipt:
    """What stands of a thing that was appended to: the receipts of its documents as one."""
    made = [receipt(resource, each, Verb.CREATE, chart) for each in documents]
    marks = [mark_of(resource, each) or Mark("", "") for each in documents]
    total = sum((stands(resource, each, mark, chart) for each, mark in zip(documents, marks, strict=True)), _NONE)
    return made[0]._replace(effect=total, body={**made[0].body, "standing": str(total)})


def _number(resource: str, document: Mapping[str, Any], mark: Mark) -> str:
    """As people know it; a supplier's number without our mark."""
    if is_bought(document):
        return mark.number
    own = {**NUMBERS, "Items": "Code", "Contacts": "AccountNumber"}
    return str(document.get(own.get(resource, "")) or mark.number)


def _body(resource: str, document: Mapping[str, Any], standing: Decimal, content: str) -> dict[str, Any]:
    body: dict[str, Any] = {
        "resource": resource,
        "status": document.get("ContactStatus") or document.get("Status") or "",
        "standing": str(standing),
        "content": content,
    }
    if resource in NUMBERS and not is_bought(document):
        body["number"] = {NUMBERS[resource]: document[NUMBERS[resource]]}
    if resource == "BankTransactions":
        body |= {"type": document["Type"], "bank": (document.get("BankAccount") or {}).get("AccountID", "")}
        body["lines"] = [line["LineItemID"] for line in document.get("LineItems") or () if line.get("LineItemID")]
    return body
