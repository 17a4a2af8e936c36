"""Payments, allocations and bank transfers of the simulated organisation: made and deleted, never changed."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from taps.xero.simulator.books import Books, Document
from taps.xero.simulator.lines import exact, half_up

_TYPES = {
    "ACCREC": "ACCRECPAYMENT",
    "ACCRECCREDIT": "ARCREDITPAYMENT",
    "ACCPAY": "ACCPAYPAYMENT",
    "ACCPAYCREDIT": "APCREDITPAYMENT",
}
"""PaymentType by what is paid (Payment.PaymentType in the OpenAPI file)."""
_EXCEEDS = "Payment amount exceeds the amount outstanding on this document"  # the example of PUT /Payments in the OpenAPI file


def payment(books: Books, element: Document) -> tuple[Document, list[str]]:
    """A payment of an invoice, or money back for a credit note; what is wrong with it."""
    wrong: list[str] = []
    of, paid = _paid(books, element)
    account = books.find_account(element.get("Account"))
    amount = half_up(exact(element.get("Amount", 0)), 2)
    on = _date(element.get("Date"), books, wrong)
    if paid is None:
        wrong.append("A payment must name an invoice or a credit note")
    elif paid["Status"] != "AUTHORISED":
        # A draft takes no payment; nor does what is paid or voided.
        wrong.append("Payments can only be made against Authorised documents" if paid["Status"] != "PAID" else _EXCEEDS)
    elif amount > paid["AmountDue" if of == "Invoice" else "RemainingCredit"]:
        wrong.append(_EXCEEDS)
    if amount <= 0:
        wrong.append("Payment amount must be greater than zero")
    if account is None or not (account["Type"] == "BANK" or account["EnablePaymentsToAccount"]):
        wrong.append("The account of a payment must be a bank account or have payments enabled")
    rate, banked = _rate(books, element, paid, account, amount, wrong)
    document = {
        "Amount": amount,
        "BankAmount": banked,
        "CurrencyRate": rate,
        "Date": on,
        "Reference": element.get("Reference", ""),
        "Status": "AUTHORISED",
        "PaymentType": _TYPES[paid["Type"]] if paid else "ACCRECPAYMENT",
        "IsReconciled": False,
        "HasAccount": True,
        "HasValidationErrors": False,
    }
    if account is not None:
        document["Account"] = {name: account[name] for name in ("AccountID", "Code", "Name")}
    if paid is not None:
        number = {"InvoiceNumber": paid.get("InvoiceNumber")} if of == "Invoice" else {"CreditNoteNumber": paid.get("CreditNoteNumber")}
        document[of] = {f"{of}ID": paid[f"{of}ID"], "Type": paid["Type"], "CurrencyCode": paid["CurrencyCode"], **number}
    return document, wrong


def _rate(
    books: Books, element: Document, paid: Document | None, account: Document | None, amount: Decimal, wrong: list[str]
) -> tuple[Decimal, Decimal]:
    """The rate of a payment ("Exchange rate when payment is received"), and its amount in the currency of the bank account."""
    unit = (paid or {}).get("CurrencyCode") or books.base_currency
    into = (account or {}).get("CurrencyCode") or books.base_currency
    rate = half_up(exact(element.get("CurrencyRate", 0)), 6) if unit != books.base_currency else Decimal(1)
    if into not in (unit, books.base_currency):  # not confirmed in these words
        wrong.append("The currency of the bank account must be that of the document or the base currency")
    if rate <= 0:
        wrong.append("The simulator knows no day rate: state CurrencyRate")
        return rate, amount
    return rate, amount if into == unit else half_up(exact(amount) / exact(rate), 2)


def _paid(books: Books, element: Document) -> tuple[str, Document | None]:
    for of in ("Invoice", "CreditNote"):
        named = element.get(of)
        if isinstance(named, dict):
            return of, books.get(f"{of}s", named.get(f"{of}ID"))
    return "Invoice", None


def _date(said: object, books: Books, wrong: list[str]) -> date:
    on = date.fromisoformat(str(said)[:10]) if said else books.clock().date()
    if books.locked(on):
        wrong.append("The payment date cannot be before the period lock date")
    return on


def settle(books: Books, made: Document, sign: int) -> None:
    """What a payment does to what it pays; −1 when it is deleted."""
    for of, due in (("Invoice", "AmountDue"), ("CreditNote", "RemainingCredit")):
        paid = books.get(f"{of}s", made.get(of, {}).get(f"{of}ID"))
        if paid is None:
            continue
        amount = sign * made["Amount"]
        changes: Document = {due: paid[due] - amount}
        if of == "Invoice":
            changes["AmountPaid"] = paid["AmountPaid"] + amount
        kept = [each for each in paid["Payments"] if each["PaymentID"] != made["PaymentID"]]
        changes["Payments"] = [*kept, {"PaymentID": made["PaymentID"], "Amount": made["Amount"]}] if sign > 0 else kept
        books.touch(paid, **changes, Status="PAID" if not changes[due] else "AUTHORISED")
        _paid_on(paid, made)


def _paid_on(paid: Document, made: Document) -> None:
    """The day on which nothing was left to pay; none while something is."""
    paid.pop("FullyPaidOnDate", None)
    if paid["Status"] == "PAID":
        paid["FullyPaidOnDate"] = made["Date"]


def allocation(books: Books, credit: Document, element: Document) -> tuple[Document, list[str]]:
    """A part of a credit note set against an invoice."""
    invoice = books.get("Invoices", (element.get("Invoice") or {}).get("InvoiceID"))
    amount = half_up(exact(element.get("Amount", 0)), 2)
    wrong: list[str] = []
    on = _date(element.get("Date"), books, wrong)
    if credit["Status"] != "AUTHORISED":
        wrong.append("The credit note must be authorised and have credit left")
    if invoice is not None and (invoice["Type"] == "ACCPAY") is not (credit["Type"] == "ACCPAYCREDIT"):
        wrong.append("A credit note of a supplier can be set against bills only, and one to a buyer against invoices only")  # not confirmed
    if invoice is None or invoice["Status"] != "AUTHORISED":
        wrong.append("The invoice must be authorised and have an amount due")
    elif amount <= 0 or amount > credit["RemainingCredit"] or amount > invoice["AmountDue"]:
        wrong.append("The amount exceeds what is due on the invoice or left of the credit note")
    return {"Amount": amount, "Date": on, "Invoice": {"InvoiceID": invoice["InvoiceID"]} if invoice else {}}, wrong


def apply(books: Books, credit: Document, made: Document, sign: int) -> None:
    """What an allocation does to both; −1 when it is deleted."""
    invoice = books.documents["Invoices"][made["Invoice"]["InvoiceID"]]
    amount = sign * made["Amount"]
    due, left = invoice["AmountDue"] - amount, credit["RemainingCredit"] - amount
    books.touch(invoice, AmountDue=due, AmountCredited=invoice["AmountCredited"] + amount, Status="AUTHORISED" if due else "PAID")
    _paid_on(invoice, made)
    kept = [each for each in credit["Allocations"] if each["AllocationID"] != made["AllocationID"]]
    books.touch(credit, RemainingCredit=left, Allocations=[*kept, made] if sign > 0 else kept, Status="AUTHORISED" if left else "PAID")


def transfer(books: Books, element: Document) -> tuple[Document, list[str]]:
    """Money from one bank account to another."""
    wrong: list[str] = []
    source, goal = (books.find_account(element.get(name)) for name in ("FromBankAccount", "ToBankAccount"))
    for account, name in ((source, "From"), (goal, "To")):
        if account is None or account["Type"] != "BANK":  # BankTransfer names bank accounts only
            wrong.append(f"{name}BankAccount must be an active account of type BANK")
    if source is not None and source is goal:
        wrong.append("The accounts of a transfer must differ")
    amount = half_up(exact(element.get("Amount", 0)), 2)
    if amount <= 0:
        wrong.append("The amount of a transfer must be greater than zero")
    on = _date(element.get("Date"), books, wrong)
    named = {
        name: {key: account[key] for key in ("AccountID", "Code", "Name")}
        for name, account in (("FromBankAccount", source), ("ToBankAccount", goal))
        if account
    }
    return {**named, "Amount": amount, "Date": on, "Reference": element.get("Reference", ""), "Status": "AUTHORISED"}, wrong
