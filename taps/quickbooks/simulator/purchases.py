"""Bills and credits of suppliers, and payments of bills: lines, tax, total and what is still open, as QuickBooks makes them.

Every bill stands on the payable account from the moment it is written: the schema knows no draft of one (`TxnStatus` is for sales and
estimates, `TxnApprovalInfo.ApprovalStatus` is read only).
"""

from __future__ import annotations

from decimal import Decimal

from taps.quickbooks.simulator.arithmetic import cents, money
from taps.quickbooks.simulator.books import BOUGHT, Books, Object
from taps.quickbooks.simulator.refusals import Refusal
from taps.quickbooks.simulator.sales import global_tax

_PAYABLE = "Accounts Payable"
_NOT_ON_LINES = ("Accounts Receivable", _PAYABLE)
_PAID_FROM = {"Check": ("CheckPayment", "BankAccountRef", "Bank"), "CreditCard": ("CreditCardPayment", "CCAccountRef", "Credit Card")}
"""By PayType: the part that is needed, its account, and the account's type (API reference, BillPayment)."""


def purchase(books: Books, entity: str, new: Object) -> Object:
    """A Bill or VendorCredit with total and balance; Refusal where a line or reference is not good."""
    _supplier(books, new)
    payable = new.get("APAccountRef")
    if payable and books.named("Account", payable, "APAccountRef")["AccountType"] != _PAYABLE:
        raise Refusal("6430", f"Invalid account type: a bill is owed on an account of type {_PAYABLE}", "APAccountRef")
    lines = new.get("Line") or []
    if not lines:
        raise Refusal("2020", "Required parameter Line is missing in the request", "Line")
    amounts = [_line(books, line) for line in lines]
    total = sum(amounts) + _tax(books, new, amounts)
    settled = _settled(books, entity, new)
    if total < 0:  # unconfirmed code, as with sales
        raise Refusal("6000", "Transaction amount must be 0 or greater", "TotalAmt")
    if money(total) < settled:  # unconfirmed
        raise Refusal("6000", f"The total may not be less than {settled}, which is paid or applied already", "TotalAmt")
    kept = [line | {"Id": str(place), "LineNum": place} for place, line in enumerate(lines, 1)]
    return new | {"Line": kept, "TotalAmt": money(total), "Balance": money(total) - settled}


def _supplier(books: Books, new: Object) -> str:
    if not new.get("VendorRef"):
        raise Refusal("2020", "Required parameter VendorRef is missing in the request", "VendorRef")
    return str(books.named("Vendor", new["VendorRef"], "VendorRef")["Id"])


def _line(books: Books, line: Object) -> int:
    """Cents of a line that is booked to an account; lines of items are not simulated."""
    detail = line.get("AccountBasedExpenseLineDetail")
    value = cents(line.get("Amount"))
    if value is None:
        raise Refusal("2140", f"Invalid amount : {line.get('Amount')}", "Amount")
    if line.get("DetailType") != "AccountBasedExpenseLineDetail" or not isinstance(detail, dict):
        raise Refusal("5030", f"{line.get('DetailType')} is not simulated", "DetailType")
    account = books.named("Account", detail.get("AccountRef"), "AccountRef")
    if account["AccountType"] in _NOT_ON_LINES:  # unconfirmed
        raise Refusal("6430", f"Invalid account type: {account['AccountType']} on a line", "AccountRef")
    if detail.get("ClassRef"):
        books.named("Class", detail["ClassRef"], "ClassRef")
    return value


def _tax(books: Books, new: Object, amounts: list[int]) -> int:
    """Per line from the purchase rates of its code. In the US nothing: sales tax is for sales (manage-sales-tax-for-us-locales)."""
    details = [line["AccountBasedExpenseLineDetail"] for line in new["Line"]]
    if books.country == "US":
        if new.get("TxnTaxDetail") or any(detail.get("TaxCodeRef", {}).get("value", "NON") != "NON" for detail in details):
            raise Refusal("6170", "Tax is not supported on purchases in this locale", "TxnTaxDetail")  # unconfirmed code
        return 0
    codes = [(detail.get("TaxCodeRef") or {}).get("value", "NON") for detail in details]
    return global_tax(books, new, codes, amounts, "PurchaseTaxRateList")


def _settled(books: Books, entity: str, new: Object) -> Decimal:
    """What payments and credits took off a bill that is changed, or off a credit."""
    known = books.objects[entity].get(str(new.get("Id")), {})
    return Decimal(known["TotalAmt"] - known["Balance"]) if known else Decimal(0)


def bill_payment(books: Books, new: Object, old: Object | None) -> Object:
    """Money to a supplier for bills, less credits that are set against them (API reference, BillPayment)."""
    supplier = _supplier(books, new)
    part, account, kind = _PAID_FROM.get(str(new.get("PayType")), ("", "", ""))
    if not part or not new.get(part):
        raise Refusal(
            "2020", "Required parameter PayType, with its CheckPayment or CreditCardPayment, is missing in the request", "PayType"
        )
    if books.named("Account", new[part].get(account), account)["AccountType"] != kind:
        raise Refusal("6430", f"Invalid account type: {kind} is needed", account)
    total = cents(new.get("TotalAmt"))
    lines = new.get("Line") or []
    if total is None or total < 0:
        raise Refusal("2140", f"Invalid amount : TotalAmt {new.get('TotalAmt')}", "TotalAmt")
    applied = sum(_applied(books, supplier, line, old) for line in lines)
    if applied != total:  # unconfirmed: the sum of the bills less the credits
        raise Refusal("6000", f"The amount {money(total)} is not what is applied: {money(applied)}", "TotalAmt")
    return new


def _applied(books: Books, supplier: str, line: Object, old: Object | None) -> int:
    """Cents that a line pays of its bill (+), or takes of its credit (−)."""
    value = cents(line.get("Amount"))
    link = (line.get("LinkedTxn") or [{}])[0]
    paid = books.objects[link["TxnType"]].get(link.get("TxnId")) if link.get("TxnType") in BOUGHT else None
    if paid is None:
        raise Refusal("2500", f"Invalid Reference Id : LinkedTxn {link.get('TxnType')} {link.get('TxnId')} not found", "LinkedTxn")
    if paid["VendorRef"]["value"] != supplier:
        raise Refusal("6000", "The payment and the bill that it pays name different vendors", "VendorRef")
    before = sum(each["Amount"] for each in (old or {}).get("Line", []) if each.get("LinkedTxn") == [link])
    if value is None or not 0 < money(value) <= paid["Balance"] + before:
        raise Refusal("6000", f"You cannot apply more than the open balance {paid['Balance']}", "Line")
    return value if link["TxnType"] == "Bill" else -value
