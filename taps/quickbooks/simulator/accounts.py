"""What the documents of the simulated company do to its accounts: a trial balance from the documents alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

from taps.quickbooks.simulator.arithmetic import money, to_cent
from taps.quickbooks.simulator.books import BOUGHT, SALES, Books, Object

_BACK = ("CreditMemo", "RefundReceipt")


def trial_balance(books: Books) -> dict[str, Decimal]:
    """Balance of each account by name, debit +; accounts that are at nothing are left out.

    In home currency, each document at its own rate: what a payment at another rate leaves stays on the receivable.
    """
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for entity, objects in books.objects.items():
        for each in objects.values():
            rate = Fraction(each.get("ExchangeRate") or 1)
            for account, value in _movements(books, entity, each):
                sums[books.objects["Account"][account]["Name"]] += value if rate == 1 else money(to_cent(Fraction(value) * rate))
    return {name: value for name, value in sums.items() if value}


def _movements(books: Books, entity: str, each: Object) -> Iterator[tuple[str, Decimal]]:
    if entity in SALES:
        yield from _sale(books, entity, each)
    elif entity in BOUGHT:
        yield from _bought(books, entity, each)
    elif entity == "BillPayment":
        paid_from = (each.get("CheckPayment") or {}).get("BankAccountRef") or each["CreditCardPayment"]["CCAccountRef"]
        yield paid_from["value"], -each["TotalAmt"]
        yield _payable(books, each), each["TotalAmt"]
    elif entity == "Payment":
        yield _money_account(books, each), each["TotalAmt"]
        yield _special(books, "Accounts Receivable"), -each["TotalAmt"]
    elif entity == "Purchase":
        yield each["AccountRef"]["value"], -each["TotalAmt"]
        for line in each["Line"]:
            yield line["AccountBasedExpenseLineDetail"]["AccountRef"]["value"], line["Amount"]
    elif entity == "Transfer":
        yield each["ToAccountRef"]["value"], each["Amount"]
        yield each["FromAccountRef"]["value"], -each["Amount"]
    elif entity == "JournalEntry":
        for line in each["Line"]:
            detail = line["JournalEntryLineDetail"]
            yield detail["AccountRef"]["value"], line["Amount"] if detail["PostingType"] == "Debit" else -line["Amount"]


def _sale(books: Books, entity: str, each: Object) -> Iterator[tuple[str, Decimal]]:
    """What the buyer owes or pays against the income account of each line's item, and tax against the tax account."""
    sign = -1 if entity in _BACK else 1
    owed = _special(books, "Accounts Receivable") if entity in ("Invoice", "CreditMemo") else _money_account(books, each)
    yield owed, sign * each["TotalAmt"]
    for line in each["Line"]:
        item = (line.get("SalesItemLineDetail") or {}).get("ItemRef")
        if item:
            yield books.objects["Item"][item["value"]]["IncomeAccountRef"]["value"], -sign * line["Amount"]
    tax: Mapping[str, Any] = each.get("TxnTaxDetail") or {}
    yield _special(books, "Sales Tax Payable"), -sign * Decimal(tax.get("TotalTax", 0))


def _bought(books: Books, entity: str, each: Object) -> Iterator[tuple[str, Decimal]]:
    """What is owed to the supplier against the account of each line, and tax against the tax account, which holds both directions."""
    sign = 1 if entity == "Bill" else -1
    yield _payable(books, each), -sign * each["TotalAmt"]
    for line in each["Line"]:
        yield line["AccountBasedExpenseLineDetail"]["AccountRef"]["value"], sign * line["Amount"]
    tax: Mapping[str, Any] = each.get("TxnTaxDetail") or {}
    yield _special(books, "Sales Tax Payable"), sign * Decimal(tax.get("TotalTax", 0))


def _payable(books: Books, each: Object) -> str:
    named = each.get("APAccountRef")
    return str(named["value"]) if named else _special(books, "Accounts Payable")


def _money_account(books: Books, each: Object) -> str:
    """Where money goes that no account is named for: undeposited funds."""
    named = each.get("DepositToAccountRef")
    return str(named["value"]) if named else _special(books, "Undeposited Funds")


def _special(books: Books, name: str) -> str:
    """The account that QuickBooks keeps for itself."""
    return str(next(each["Id"] for each in books.objects["Account"].values() if name in (each["Name"], each["AccountType"])))
