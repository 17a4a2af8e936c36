"""Payments, expenses, transfers and journals.

What has no document of its own in QuickBooks becomes a journal entry with the same lines: money paid back on account, a gift card that
pays an invoice (a deposit goes to a bank account only), a fee that was given back, an expense from an account that is no bank account.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from mappings.posting.entry import Line
from targets.quickbooks.chart import HOLDS_MONEY, PAYABLE, RECEIVABLE, Account
from targets.quickbooks.draft import Desk, Draft, plain
from targets.quickbooks.held import control, held, name

TOTAL = " [total]"
"""Ends the description of a journal line that counts for the document's total."""
_PAID_FROM = {"Bank": "Cash", "Credit Card": "CreditCard"}
_PAYABLE_PARENTS = ("invoice",)


def payment(desk: Desk) -> Draft:
    """Money received on account, applied to its invoice where that stands in QuickBooks."""
    into = _control_account(desk)
    amount = control(desk.intent)
    if amount <= 0 or into.kind not in HOLDS_MONEY:
        return journal(desk)
    parent = desk.intent.related.get("parent")
    if parent is not None and parent.kind not in _PAYABLE_PARENTS:
        raise held(
            desk.intent,
            "SEND-REFUSED",
            f"pays a document that stands in QuickBooks as a {parent.kind.replace('_', ' ')}, which takes no payment",
            "Exclude these payments from the posting, or book the sale as an invoice.",
            "order_id",
        )
    body = desk.head() | {"TotalAmt": plain(amount), "DepositToAccountRef": {"value": into.remote_id}}
    if parent is not None:
        body["Line"] = [{"Amount": plain(amount), "LinkedTxn": [{"TxnId": parent.remote_id, "TxnType": "Invoice"}]}]
    return desk.addressed(Draft("Payment", body, amount))


def spend(desk: Desk) -> Draft:
    """Money that left an account, as an expense with a line for each account it went to."""
    source = _control_account(desk)
    amount = control(desk.intent)
    paid = _PAID_FROM.get(source.kind)
    if amount >= 0 or paid is None:
        return journal(desk)
    lines = [
        {
            "Amount": plain(line.amount),
            "Description": _text(desk, line),
            "DetailType": "AccountBasedExpenseLineDetail",
            "AccountBasedExpenseLineDetail": {"AccountRef": {"value": desk.account(line.account).remote_id}},
        }
        for line in desk.intent.lines
        if not line.control and line.amount
    ]
    body = desk.head() | {"AccountRef": {"value": source.remote_id}, "PaymentType": paid, "Line": lines}
    if desk.config.tax == "global":
        body["GlobalTaxCalculation"] = "NotApplicable"
    return Draft("Purchase", body, amount)


def transfer(desk: Desk) -> Draft:
    """From one account to another. QuickBooks knows amounts above zero only: which way it went is which account it went to."""
    lines = [line for line in desk.intent.lines if line.amount]
    if len(lines) != 2 or sum((line.amount for line in lines), Decimal(0)):  # noqa: PLR2004 (one account to another)
        raise held(
            desk.intent,
            "POST-UNBALANCED",
            "does not go from one account to one other, which is all that a transfer can say in QuickBooks",
            "Book it as a journal.",
        )
    ends = {line.amount > 0: desk.account(line.account) for line in lines}
    counted = next((desk.account(line.account) for line in lines if line.control), ends[True])
    amount = abs(lines[0].amount)
    body = desk.head() | {
        "Amount": plain(amount),
        "FromAccountRef": {"value": ends[False].remote_id},
        "ToAccountRef": {"value": ends[True].remote_id},
    }
    return Draft("Transfer", body, amount if counted == ends[True] else -amount, control=counted.remote_id)


def journal(desk: Desk) -> Draft:
    """The entry as it is. Lines on receivables name the buyer, as QuickBooks wants."""
    if not desk.intent.lines or sum((line.amount for line in desk.intent.lines), Decimal(0)):
        raise held(
            desk.intent, "POST-UNBALANCED", "has no lines, or they do not balance", "Correct the posting rule or the document.", "lines"
        )
    return Draft("JournalEntry", desk.head() | {"Line": [_line(desk, line) for line in desk.intent.lines]}, control(desk.intent))


def cost_journal(desk: Desk) -> Draft:
    """Cost of goods, unless QuickBooks books it already."""
    if desk.config.item_type == "Inventory":
        raise held(
            desk.intent,
            "POST-DECISION",
            "books a cost that QuickBooks books by itself, since its items are inventory items",
            "Decide who values the stock: `cost_owner: target`, or items that are not of type Inventory.",
            "cost_owner",
        )
    return journal(desk)


def _line(desk: Desk, line: Line) -> Mapping[str, Any]:
    account = _of_the_line(desk, line)
    detail: dict[str, Any] = {"PostingType": "Debit" if line.amount >= 0 else "Credit", "AccountRef": {"value": account.remote_id}}
    if account.kind in (RECEIVABLE, PAYABLE):
        entity, remote_id = _party(desk, account)
        detail["Entity"] = {"Type": entity, "EntityRef": {"value": remote_id}}
    place = desk.config.classes.get(str(desk.intent.document.get("location") or ""))
    if place:
        detail["ClassRef"] = {"value": place}
    text = _text(desk, line) + (TOTAL if line.control else "")
    return {
        "Amount": plain(abs(line.amount)),
        "Description": text,
        "DetailType": "JournalEntryLineDetail",
        "JournalEntryLineDetail": detail,
    }


def _of_the_line(desk: Desk, line: Line) -> Account:
    """The account of a line; of what is owed in another currency the one that QuickBooks keeps for it."""
    account, own = desk.account(line.account), desk.intent.own
    if own is None or account.kind != RECEIVABLE or account.currency == own.currency:
        return account
    found = desk.chart.receivable(own.currency)
    if found is None:
        say = f"is owed in {own.currency}, and QuickBooks has no receivable account in that currency"
        raise held(
            desk.intent, "POST-ACCOUNT", say, f"QuickBooks makes one with its first customer in {own.currency}: send the sale first."
        )
    return found


def _party(desk: Desk, account: Account) -> tuple[str, str]:
    """Kind and id of the buyer of a receivable line or the supplier of a payable one, who must stand in QuickBooks already."""
    if account.kind == PAYABLE:
        entity, whom, supplier = "Vendor", "supplier", desk.intent.related.get("supplier")
        known = supplier.remote_id if supplier else None
    else:
        entity, whom, parent = "Customer", "customer", desk.parent()
        known = (desk.chart.buyer_of(*parent) if any(parent) else None) or desk.customer()[0]
    if known is None:
        raise held(
            desk.intent,
            "POST-ACCOUNT",
            f"has a journal line on {account.label}, for which QuickBooks wants a {whom} that stands there",
            f"Send the {whom} first, or book to another account.",
            whom,
        )
    return entity, known


def _control_account(desk: Desk) -> Account:
    accounts = sorted({line.account for line in desk.intent.lines if line.control and line.amount})
    if len(accounts) != 1:
        raise held(
            desk.intent,
            "POST-UNBALANCED",
            f"moves money on {len(accounts)} accounts, and one is needed",
            "Book it as a journal, or correct the posting rule.",
        )
    return desk.account(accounts[0])


def _text(desk: Desk, line: Line) -> str:
    return f"{name(desk.intent)}: {line.component.replace('_', ' ')}"
