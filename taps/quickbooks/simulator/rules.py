"""What QuickBooks makes of a document that it is given, and when it says no. One function for each kind of object.

Rules without a source are common knowledge of QuickBooks and stand as unconfirmed on the connector's page.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from taps.quickbooks.simulator.arithmetic import cents, money
from taps.quickbooks.simulator.books import BOUGHT, LISTS, NAMES, SALES, Books, Object
from taps.quickbooks.simulator.multicurrency import denominated, keep, totalled
from taps.quickbooks.simulator.purchases import bill_payment, purchase
from taps.quickbooks.simulator.refusals import Refusal
from taps.quickbooks.simulator.sales import sale

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")
_TOO_LONG = {"DocNumber": 21, "PaymentRefNum": 21, "PrivateNote": 4000, "Sku": 100, "DisplayName": 500, "Name": 100, "Notes": 2000}
_MONEY_ACCOUNTS = ("Bank", "Other Current Asset")
_PARTY_ACCOUNTS = {"Accounts Receivable": "Customer", "Accounts Payable": "Vendor"}


def judge(books: Books) -> Callable[[str, Object, Object | None], Object]:
    """The rules of these books."""
    known: Mapping[str, Callable[[Books, Object, Object | None], Object]] = {
        "Customer": _name,
        "Vendor": _name,
        "Employee": _name,
        "Item": _item,
        "Payment": _payment,
        "Purchase": _purchase,
        "Transfer": _transfer,
        "JournalEntry": _journal,
        "BillPayment": bill_payment,
    }

    def completed(entity: str, new: Object, old: Object | None) -> Object:
        for field, most in _TOO_LONG.items():
            if len(str(new.get(field) or "")) > most:
                raise Refusal("2050", f"String length specified does not match the supported length. {field} takes {most}", field)
        if entity not in LISTS:
            _transaction(books, entity, new, old)
        if entity in SALES:
            made = sale(books, entity, new)
        elif entity in BOUGHT:
            made = purchase(books, entity, new)
        else:
            made = known[entity](books, new, old) if entity in known else new
        return totalled(books, entity, made)

    return completed


def _transaction(books: Books, entity: str, new: Object, old: Object | None) -> None:
    """Date, number and currency of any transaction."""
    new.setdefault("TxnDate", books.clock().date().isoformat())
    date.fromisoformat(new["TxnDate"])
    books.require_open(new["TxnDate"])
    if old is not None:
        books.require_open(old["TxnDate"])
    number = new.get("DocNumber")
    taken = [each for each in books.objects[entity].values() if number and each.get("DocNumber") == number]
    if books.own_numbers and any(old is None or each["Id"] != old["Id"] for each in taken):
        detail = f"You must specify a different number. This number has already been used. DocNumber={number}"
        raise Refusal("6140", f"Duplicate Document Number Error : {detail} is assigned to TxnType={entity}", "DocNumber")
    denominated(books, entity, new)
    if new.get("DepartmentRef"):
        books.named("Department", new["DepartmentRef"], "DepartmentRef")


def amount(value: Any, element: str = "Amount") -> int:
    """Cents of an amount; 2140 where it is none."""
    found = cents(value)
    if found is None:
        raise Refusal("2140", f"Invalid amount : {element} {value} is not supported", element)
    return found


def _name(books: Books, new: Object, old: Object | None) -> Object:
    """A name stands once among customers, vendors and employees: 6240 (API reference, Customer.DisplayName)."""
    name = str(new.get("DisplayName") or " ".join(str(new[part]) for part in ("GivenName", "FamilyName") if new.get(part)))
    if not name.strip() or any(character in name for character in ":\t\n"):
        raise Refusal("2040", "Name must not be empty and takes no colon, tab or new line", "DisplayName")
    for entity in NAMES:
        for each in books.objects[entity].values():
            if each["DisplayName"].casefold() == name.casefold() and (old is None or each["Id"] != old["Id"]):
                raise Refusal("6240", f"The name supplied already exists. : Id={each['Id']}", "DisplayName")
    email = (new.get("PrimaryEmailAddr") or {}).get("Address")
    if email and not _EMAIL.fullmatch(email):
        raise Refusal("2210", f"Email Address does not conform to the syntax rules of RFC 822. Supplied value:{email}", "PrimaryEmailAddr")
    new.setdefault("Active", True)
    keep(books, new, old)
    return new | {"DisplayName": name, "FullyQualifiedName": name}


def _item(books: Books, new: Object, old: Object | None) -> Object:
    """Names stand once; a thing that is sold names its income account."""
    name = str(new.get("Name") or "")
    if not name or ":" in name:
        raise Refusal("2040", "Name must not be empty and takes no colon", "Name")
    for each in books.objects["Item"].values():
        if each["Name"].casefold() == name.casefold() and (old is None or each["Id"] != old["Id"]):
            raise Refusal("6240", f"The name supplied already exists. : Id={each['Id']}", "Name")
    kind = new.get("Type", "Service")
    if not new.get("IncomeAccountRef"):
        raise Refusal("2020", "Required parameter IncomeAccountRef is missing in the request", "IncomeAccountRef")
    books.named("Account", new["IncomeAccountRef"], "IncomeAccountRef")
    if kind == "Inventory":
        for field in ("AssetAccountRef", "ExpenseAccountRef", "InvStartDate", "QtyOnHand"):
            if new.get(field) is None:
                raise Refusal("2020", f"Required parameter {field} is missing in the request", field)
    if new.get("UnitPrice") is not None:
        amount(new["UnitPrice"], "UnitPrice")
    new.setdefault("Active", True)
    return new | {"Type": kind, "FullyQualifiedName": name}


def _payment(books: Books, new: Object, _old: Object | None) -> Object:
    """Money from a customer, applied to what its lines link (API reference, Payment)."""
    if not new.get("CustomerRef"):
        raise Refusal("2020", "Required parameter CustomerRef is missing in the request", "CustomerRef")
    books.named("Customer", new["CustomerRef"], "CustomerRef")
    total = amount(new.get("TotalAmt"), "TotalAmt")
    if total < 0:
        raise Refusal("2140", "Transaction amount must be 0 or greater", "TotalAmt")
    _money_account(books, new)
    applied = 0
    for line in new.get("Line", []):
        applied += amount(line.get("Amount"))
        for link in line.get("LinkedTxn", []):
            _apply(books, new, line, link, _old)
    if applied > total:
        raise Refusal("6000", "The amount applied is more than the amount of the payment", "Line")
    return new | {"UnappliedAmt": money(total - applied), "ProcessPayment": False}


def _apply(books: Books, new: Object, line: Object, link: Object, old: Object | None) -> None:
    if link.get("TxnType") != "Invoice" or link.get("TxnId") not in books.objects["Invoice"]:
        raise Refusal("2500", f"Invalid Reference Id : LinkedTxn {link.get('TxnType')} {link.get('TxnId')} not found", "LinkedTxn")
    invoice = books.objects["Invoice"][link["TxnId"]]
    if invoice["CustomerRef"]["value"] != new["CustomerRef"]["value"]:
        raise Refusal("6000", "The payment and the invoice that it pays name different customers", "CustomerRef")
    before = [
        each["Amount"] for each in (old or {}).get("Line", []) for other in each.get("LinkedTxn", []) if other["TxnId"] == link["TxnId"]
    ]
    if line["Amount"] > invoice["Balance"] + sum(before):
        raise Refusal("6000", f"You cannot apply more than the open balance {invoice['Balance']} of the invoice", "Line")


def _money_account(books: Books, new: Object) -> None:
    if new.get("DepositToAccountRef"):
        found = books.named("Account", new["DepositToAccountRef"], "DepositToAccountRef")
        if found["AccountType"] not in _MONEY_ACCOUNTS:
            raise Refusal("6430", f"Invalid account type: {found['AccountType']} takes no deposit", "DepositToAccountRef")


def _purchase(books: Books, new: Object, _old: Object | None) -> Object:
    """An expense paid at once: from a bank account, or by credit card."""
    paid_from = books.named("Account", new.get("AccountRef"), "AccountRef")
    wanted = "Credit Card" if new.get("PaymentType") == "CreditCard" else "Bank"
    if paid_from["AccountType"] != wanted:
        raise Refusal("6430", f"Invalid account type: {paid_from['AccountType']}, where {wanted} is needed", "AccountRef")
    total = 0
    for line in new.get("Line") or []:
        books.named("Account", line["AccountBasedExpenseLineDetail"].get("AccountRef"), "AccountRef")
        total += amount(line.get("Amount"))
    if not new.get("Line") or total < 0:
        raise Refusal("6000", "Transaction amount must be 0 or greater", "TotalAmt")
    return new | {"Line": numbered(new["Line"]), "TotalAmt": money(total)}


def _transfer(books: Books, new: Object, _old: Object | None) -> Object:
    """Between two different accounts of the balance sheet, not receivable or payable."""
    if new.get("DocNumber"):
        raise Refusal("2040", "A transfer has no DocNumber", "DocNumber")
    if amount(new.get("Amount")) <= 0:
        raise Refusal("2140", "Transfer amount must be more than 0", "Amount")
    ends = [books.named("Account", new.get(name), name) for name in ("FromAccountRef", "ToAccountRef")]
    if ends[0]["Id"] == ends[1]["Id"]:
        raise Refusal("6000", "A transfer needs two different accounts")
    for end in ends:
        if end["Classification"] not in ("Asset", "Liability", "Equity") or end["AccountType"] in _PARTY_ACCOUNTS:
            raise Refusal("6430", f"Invalid account type: {end['AccountType']}")
    return new


def _journal(books: Books, new: Object, _old: Object | None) -> Object:
    """Debits equal credits (2300); receivable and payable lines name whom (6000)."""
    sides = {"Debit": 0, "Credit": 0}
    for line in new.get("Line") or []:
        detail = line["JournalEntryLineDetail"]
        account = books.named("Account", detail.get("AccountRef"), "AccountRef")
        value = amount(line.get("Amount"))
        if value < 0:
            raise Refusal("2140", "Negative amounts are not supported on journal lines", "Amount")
        sides[detail["PostingType"]] += value
        needed = _PARTY_ACCOUNTS.get(account["AccountType"])
        entity = detail.get("Entity")
        if needed and (not entity or entity.get("Type") != needed):
            raise Refusal("6000", f"When you use {account['AccountType']}, you must choose a {needed.lower()} in the Name field", "Entity")
        if entity:
            books.named(entity["Type"], entity.get("EntityRef"), "EntityRef")
    if not new.get("Line") or sides["Debit"] != sides["Credit"]:
        raise Refusal("2300", f"Debits {money(sides['Debit'])} and credits {money(sides['Credit'])} differ", "Line")
    return new | {"Line": numbered(new["Line"]), "TotalAmt": money(sides["Debit"]), "Adjustment": bool(new.get("Adjustment", False))}


def numbered(lines: list[Object]) -> list[Object]:
    """Lines with the ids that QuickBooks gives them."""
    return [line | {"Id": str(place)} for place, line in enumerate(lines, 1)]
