"""Invoices, credit notes, bank transactions and manual journals: what the simulated organisation takes, keeps and refuses.

Messages are Xero's where the OpenAPI file or its community shows them; the others are ours in the same manner.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from taps.xero.simulator.books import Books, Document
from taps.xero.simulator.lines import computed, exact, half_up, totals

NUMBER = {"Invoices": "InvoiceNumber", "CreditNotes": "CreditNoteNumber"}
_TYPES = {
    "Invoices": ("ACCREC", "ACCPAY"),
    "CreditNotes": ("ACCRECCREDIT", "ACCPAYCREDIT"),
    "BankTransactions": ("SPEND", "RECEIVE"),
}
_BOUGHT = ("ACCPAY", "ACCPAYCREDIT")
_LONGEST_NUMBER = 255
_DONE = ("VOIDED", "DELETED")
_NOT_MODIFIABLE = "{} not of valid status for modification"
_TAKES_NO_JOURNAL = ("DEBTORS", "CREDITORS")
_COPIED = ("Reference", "Url", "SentToContact")
_TITLES = {"Invoices": "Invoice", "CreditNotes": "Credit note", "BankTransactions": "Bank transaction", "ManualJournals": "Manual journal"}


def written(books: Books, resource: str, element: Document, old: Document | None, places: int) -> tuple[Document, list[str]]:
    """The document as it would stand after this element, and what is wrong with it."""
    wrong: list[str] = []
    if old is not None:
        wrong += _unchangeable(books, resource, old)
        if element.get("Status") in _DONE:
            return dict(old) | {"Status": element["Status"]}, wrong or _removal(resource, element["Status"], old)
    document = {**_defaults(resource, books), **(old or {})}
    document["Date"] = _date(element.get("Date"), document.get("Date") or books.clock().date(), wrong)
    if books.locked(document["Date"]):  # lock dates: Organisation.PeriodLockDate, EndOfYearLockDate
        wrong.append("The document date cannot be before the period lock date")
    if resource == "ManualJournals":
        _journal(books, element, document, wrong)
    else:
        _trade(books, resource, element, document, places, wrong)
        if (
            old is not None
            and resource == "BankTransactions"
            and (old["Type"], old["BankAccount"]) != (document["Type"], document["BankAccount"])
        ):
            wrong.append("The type and the bank account of a bank transaction cannot be changed")
    document["Status"] = _status(resource, element.get("Status"), document.get("Status"), wrong)
    return document, wrong


def _defaults(resource: str, books: Books) -> Document:
    if resource == "ManualJournals":
        return {"Status": "DRAFT", "LineAmountTypes": "NoTax", "ShowOnCashBasisReports": True}
    amounts = {"LineAmountTypes": "Exclusive", "CurrencyCode": books.base_currency, "CurrencyRate": Decimal(1)}
    if resource == "BankTransactions":
        return {**amounts, "Status": "AUTHORISED", "IsReconciled": False}
    return {**amounts, "Status": "DRAFT"}


def _date(said: Any, otherwise: date, wrong: list[str]) -> date:
    if said is None:
        return otherwise
    try:
        return date.fromisoformat(str(said)[:10])
    except ValueError:
        wrong.append(f"{said} is not a valid date")
        return otherwise


def _unchangeable(books: Books, resource: str, old: Document) -> list[str]:
    """Why what stands there may not be touched any more."""
    title = _TITLES[resource]
    if old["Status"] in _DONE:
        return [_NOT_MODIFIABLE.format(title)]
    if old.get("AmountPaid") or old.get("AmountCredited") or old.get("Allocations") or old.get("Payments"):
        return ["This document cannot be edited as it has a payment or credit note allocated to it."]
    if old.get("IsReconciled"):
        return ["This bank transaction has been reconciled and cannot be edited."]
    if books.locked(old["Date"]):
        return ["The document date cannot be before the period lock date"]
    return []


def _removal(resource: str, status: str, old: Document) -> list[str]:
    """Drafts are deleted, what was approved is voided; bank transactions are only deleted (their status codes)."""
    if resource == "BankTransactions":
        return [] if status == "DELETED" else [_NOT_MODIFIABLE.format(_TITLES[resource])]
    draft = old["Status"] in ("DRAFT", "SUBMITTED")
    return [] if (status == "DELETED") is draft else [_NOT_MODIFIABLE.format(_TITLES[resource])]


def _status(resource: str, wanted: Any, now: Any, wrong: list[str]) -> Any:
    if wanted is None or wanted == now:
        return now
    approved = "POSTED" if resource == "ManualJournals" else "AUTHORISED"
    if wanted in ("DRAFT", "SUBMITTED", approved) and now in ("DRAFT", "SUBMITTED"):
        return wanted
    wrong.append(_NOT_MODIFIABLE.format(_TITLES[resource]))
    return now


def _trade(books: Books, resource: str, element: Document, document: Document, places: int, wrong: list[str]) -> None:
    document["Type"] = element.get("Type", document.get("Type"))
    if document["Type"] not in _TYPES[resource]:
        wrong.append("Type is mandatory")
    document["Contact"] = _contact(books, element.get("Contact"), document.get("Contact"), wrong)
    # "ACCREC only - additional reference number" (Invoice.Reference, CreditNote.Reference in the OpenAPI file)
    copied = [name for name in _COPIED if name != "Reference" or document["Type"] not in _BOUGHT]
    document |= {name: element[name] for name in copied if name in element}
    if len(str(document.get("Reference", ""))) > 255:  # noqa: PLR2004 (not confirmed)
        wrong.append("Reference must not be longer than 255 characters")
    _currency(books, resource, element, document, wrong)
    document["LineAmountTypes"] = element.get("LineAmountTypes", document["LineAmountTypes"])
    if "LineItems" in element:
        document["LineItems"] = computed(books, element["LineItems"], document["LineAmountTypes"], places, wrong)
    document |= totals(document.get("LineItems") or [], document["LineAmountTypes"])
    if not document.get("LineItems"):
        wrong.append("One or more line items must be specified")
    if document["Total"] < 0:
        wrong.append("The document total must not be negative")  # not confirmed in these words
    if resource == "BankTransactions":
        _bank_account(books, element, document, wrong)
    else:
        document["DueDate"] = _date(element.get("DueDate"), document.get("DueDate") or document["Date"], wrong)
        _numbered(books, resource, element, document, wrong)
        _owed(resource, document)


def _currency(books: Books, resource: str, element: Document, document: Document, wrong: list[str]) -> None:
    currency = element.get("CurrencyCode", document["CurrencyCode"])
    if currency not in (books.base_currency, *books.currencies):
        wrong.append("Organisation is not subscribed to currency " + str(currency))
    elif resource == "BankTransactions" and currency != books.base_currency:  # "Setting currency is only supported on overpayments"
        wrong.append("The currency of a bank transaction is that of its bank account")  # not confirmed in these words
    document["CurrencyCode"] = currency
    if currency != books.base_currency:
        # "If no rate is specified, the XE.com day rate is used. (max length = [18].[6])"; there is no day rate here
        if "CurrencyRate" not in element and document["CurrencyRate"] == 1:
            wrong.append("The simulator knows no day rate: state CurrencyRate")
        document["CurrencyRate"] = half_up(exact(element.get("CurrencyRate", document["CurrencyRate"])), 6)


def _contact(books: Books, named: Any, before: Any, wrong: list[str]) -> Any:
    """A contact by id, by number, or by a name: one that is not there yet is made with the document."""
    if named is None and before is not None:
        return before
    named = named if isinstance(named, dict) else {}
    contacts = books.documents["Contacts"].values()
    found = books.get("Contacts", named.get("ContactID"))
    if found is None and named.get("ContactNumber"):
        found = next((each for each in contacts if each.get("ContactNumber") == named["ContactNumber"]), None)
    if found is None and named.get("Name"):
        same = (each for each in contacts if each["Name"].casefold() == named["Name"].casefold() and each["ContactStatus"] == "ACTIVE")
        found = next(same, None) or books.documents["Contacts"][books.contact(named["Name"])]
    if found is None:
        text = "The Contact must contain at least 1 of the following elements to identify the contact: Name, ContactID, ContactNumber"
        wrong.append("The contact was not found" if named.get("ContactID") else text)
        return {}
    if found["ContactStatus"] != "ACTIVE":
        wrong.append("The Contact is archived. It must be restored before it can be used.")  # not confirmed in these words
    return {"ContactID": found["ContactID"], "Name": found["Name"]}


def _numbered(books: Books, resource: str, element: Document, document: Document, wrong: list[str]) -> None:
    """A number is used once, by a voided or deleted document too (support.servicem8.com; of credit notes it is not known).

    That of a bill or a supplier's credit is the supplier's: any text, often used, or none ("non-unique alpha numeric code", OpenAPI file).
    """
    field = NUMBER[resource]
    if len(str(element.get(field) or "")) > _LONGEST_NUMBER:
        wrong.append(f"{field} must not be longer than {_LONGEST_NUMBER} characters")
    if document["Type"] in _BOUGHT:
        document[field] = element.get(field, document.get(field, ""))
        return
    number = (
        element.get(field) or document.get(field) or f"{'INV' if resource == 'Invoices' else 'CN'}-{len(books.documents[resource]) + 1:04d}"
    )
    mine = document.get("InvoiceID") or document.get("CreditNoteID")
    for each in books.documents[resource].values():
        other = each.get("InvoiceID") or each.get("CreditNoteID")
        if each.get(field) == number and each["Type"] == document["Type"] and other != mine:
            wrong.append("Invoice # must be unique." if resource == "Invoices" else "Credit Note # must be unique.")
            break
    document[field] = number


def _owed(resource: str, document: Document) -> None:
    if resource == "Invoices":
        document |= {"AmountDue": document["Total"], "AmountPaid": Decimal("0.00"), "AmountCredited": Decimal("0.00"), "Payments": []}
    else:
        document |= {"RemainingCredit": document["Total"], "Allocations": [], "Payments": []}


def _bank_account(books: Books, element: Document, document: Document, wrong: list[str]) -> None:
    account = books.find_account(element.get("BankAccount")) if "BankAccount" in element else None
    if account is not None and account["Type"] == "BANK":
        document["BankAccount"] = {name: account[name] for name in ("AccountID", "Code", "Name")}
    elif "BankAccount" in element or "BankAccount" not in document:
        wrong.append("BankAccount must be an active account of type BANK")
        document.setdefault("BankAccount", {})


def _journal(books: Books, element: Document, document: Document, wrong: list[str]) -> None:
    document |= {name: element[name] for name in ("Narration", "Url", "LineAmountTypes", "ShowOnCashBasisReports") if name in element}
    if not document.get("Narration"):
        wrong.append("Narration is mandatory")
    if "JournalLines" in element:
        document["JournalLines"] = [_journal_line(books, each, wrong) for each in element["JournalLines"]]
    lines: Sequence[Document] = document.get("JournalLines") or []
    if len(lines) < 2:  # noqa: PLR2004 (a journal has two sides)
        wrong.append("A manual journal must have at least two lines")
    debits = sum((line["LineAmount"] for line in lines if line["LineAmount"] > 0), Decimal("0.00"))
    credits_ = sum((line["LineAmount"] for line in lines if line["LineAmount"] < 0), Decimal("0.00"))
    if debits + credits_:  # message as the example of PUT /ManualJournals in the OpenAPI file
        wrong.append(f"The total debits ({debits}) must equal total credits ({credits_})")


def _journal_line(books: Books, element: Document, wrong: list[str]) -> Document:
    code = str(element.get("AccountCode", ""))
    account = books.find_account({"Code": code})
    if account is None:
        wrong.append(f"Account code '{code}' has been removed as it does not match a recognised account.")
        return {"LineAmount": Decimal("0.00"), "AccountCode": code}
    # Manual journals post to no bank account and to no control account (help.xero.com, Add a manual journal).
    if account["Type"] == "BANK" or account.get("SystemAccount") in (*_TAKES_NO_JOURNAL, "GST"):
        wrong.append(f"Account code '{code}' is a bank or system account. Manual journals cannot be posted to it.")
    return {
        "LineAmount": half_up(exact(element.get("LineAmount", 0)), 2),
        "AccountCode": code,
        "AccountID": account["AccountID"],
        "Description": element.get("Description", ""),
        "TaxType": "NONE",
        "TaxAmount": Decimal("0.00"),
        "Tracking": [],
        "IsBlank": False,
    }
