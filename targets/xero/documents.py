"""What each kind of ours becomes at Xero. Pure: from an intent and the chart to one element of a call, or the reason why not."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any, NamedTuple, TypeAlias

from mappings.problem import Problem
from targets._kit.writer import Intent
from targets.xero import foreign, lines
from targets.xero.chart import Account, Chart
from targets.xero.config import XeroTargetConfig
from targets.xero.lines import missing_account

NOTHING = Decimal(0)
_LONGEST_NAME = 255


class Made(NamedTuple):
    """One element, and what its mark must say."""

    resource: str
    element: Mapping[str, Any]
    about: tuple[str, ...] = ()


Build: TypeAlias = Callable[[Intent, Chart, XeroTargetConfig], Made | Problem]


# ── invoices and credit notes ──


def invoice(intent: Intent, chart: Chart, config: XeroTargetConfig) -> Made | Problem:
    """An ACCREC invoice, tax on top."""
    built = _owed(intent, chart, config)
    if isinstance(built, Problem):
        return built
    due = {"DueDate": (intent.date + timedelta(days=config.due_days)).isoformat()}
    return Made("Invoices", {"Type": "ACCREC", "InvoiceNumber": intent.number, **built, **due})


def credit_note(intent: Intent, chart: Chart, config: XeroTargetConfig) -> Made | Problem:
    """An ACCRECCREDIT credit note; to be set against its invoice, where that stands."""
    built = _owed(intent, chart, config)
    if isinstance(built, Problem):
        return built
    parent = intent.related.get("parent")
    about = (parent.remote_id,) if parent is not None and parent.kind == "invoice" and not config.draft_first else ()
    return Made("CreditNotes", {"Type": "ACCRECCREDIT", "CreditNoteNumber": intent.number, **built}, about)


def bill(intent: Intent, chart: Chart, config: XeroTargetConfig) -> Made | Problem:
    """An ACCPAY invoice, tax on top: what the supplier bills, for somebody to approve."""
    built = _owed(intent, chart, config)
    if isinstance(built, Problem):
        return built
    due = intent.document.get("due_date")
    return Made("Invoices", {"Type": "ACCPAY", "InvoiceNumber": intent.number, **built, **({"DueDate": str(due)} if due else {})})


def bill_credit(intent: Intent, chart: Chart, config: XeroTargetConfig) -> Made | Problem:
    """An ACCPAYCREDIT credit note; whoever approves it sets it against a bill."""
    built = _owed(intent, chart, config)
    return (
        built if isinstance(built, Problem) else Made("CreditNotes", {"Type": "ACCPAYCREDIT", "CreditNoteNumber": intent.number, **built})
    )


def _owed(intent: Intent, chart: Chart, config: XeroTargetConfig) -> Mapping[str, Any] | Problem:
    party = _supplier(intent) if intent.subject.kind in lines.BOUGHT_KINDS else _customer(intent)
    built = party if isinstance(party, Problem) else lines.built(intent, chart, config)
    if isinstance(party, Problem) or isinstance(built, Problem):
        return built  # type: ignore[return-value]
    if built.total < 0 or not built.elements:
        return Problem(
            "POST-RULE",
            f"{intent.number} amounts to {built.total}; Xero takes no such invoice or credit note.",
            "Represent it the other way round (a credit note instead of an invoice), or correct it at the source.",
        )
    if abs(_control(intent)) != built.total:
        say = f"The lines of {intent.number} sum to {built.total}, its entry to {abs(_control(intent))}."
        return Problem("POST-UNBALANCED", say, "Correct the posting of this document.")
    return {
        "Contact": party,
        "Date": intent.date.isoformat(),
        "LineAmountTypes": "Exclusive",
        **(foreign.named(intent.own) if intent.own else {"CurrencyCode": chart.currency}),
        "LineItems": built.elements,
    }


def _customer(intent: Intent) -> Mapping[str, str] | Problem:
    """The buyer as he stands there; a name that is not there yet is made by Xero with the document."""
    customer = intent.related.get("customer")
    if customer is not None:
        return {"ContactID": customer.remote_id}
    if intent.walk_in:
        return {"Name": intent.walk_in[:_LONGEST_NAME]}
    return Problem(
        "POST-RULE", f"{intent.number} names no customer that stands in Xero.", "Send customers first, or set `walk_in` of the posting."
    )


def _supplier(intent: Intent) -> Mapping[str, str] | Problem:
    """The supplier as it stands there, else by the name that the bill says."""
    supplier, name = intent.related.get("supplier"), str(intent.document.get("supplier_name") or "")
    if supplier is not None:
        return {"ContactID": supplier.remote_id}
    if name:
        return {"Name": name[:_LONGEST_NAME]}
    return Problem(
        "POST-RULE",
        f"{intent.number} names no supplier that stands in Xero, and says no name of one.",
        "Read suppliers through the same connection and send them (`supplier: {as: supplier}`), or map the supplier's name.",
        "supplier_number",
    )


def _control(intent: Intent) -> Decimal:
    return sum((line.amount for line in intent.lines if line.control), NOTHING)


# ── receipts: paid at once ──


def sales_receipt(intent: Intent, chart: Chart, config: XeroTargetConfig) -> Made | Problem:
    """Money received on the account that took it; what a gift card paid is a negative line."""
    return _receipt(intent, chart, config, 1)


def refund_receipt(intent: Intent, chart: Chart, config: XeroTargetConfig) -> Made | Problem:
    """Money spent from the account that gave it back."""
    return _receipt(intent, chart, config, -1)


def _receipt(intent: Intent, chart: Chart, config: XeroTargetConfig, sense: int) -> Made | Problem:
    paid: dict[str, Decimal] = defaultdict(Decimal)
    for line in intent.lines:
        if line.control:
            paid[line.account] += line.amount
    bank = _the_bank(intent, paid, chart, config)
    customer = _customer(intent)
    if isinstance(bank, Problem) or isinstance(customer, Problem):
        return bank if isinstance(bank, Problem) else customer  # type: ignore[return-value]
    sign = -1 if paid.get(bank.code, NOTHING) * sense < 0 else 1  # an exchange may cost the shop more than the buyer
    built = lines.built(intent, chart, config, sign)
    if isinstance(built, Problem):
        return built
    others = {code: amount for code, amount in paid.items() if code != bank.code}
    extra = [lines.plain(code, f"Paid on {chart.accounts[code].name}", -sense * sign * amount) for code, amount in others.items()]
    total = built.total - sense * sign * sum(others.values(), NOTHING)
    if total != abs(paid.get(bank.code, NOTHING)):
        say = f"The lines of {intent.number} leave {total} to be paid on {bank.code}, its entry {abs(paid.get(bank.code, NOTHING))}."
        return Problem("POST-UNBALANCED", say, "Correct the posting of this document.")
    kind = "RECEIVE" if sense * sign > 0 else "SPEND"
    return _bank_transaction(intent, chart, kind, bank, customer, [*built.elements, *extra], "Exclusive", tuple(paid) or (bank.code,))


def _the_bank(intent: Intent, paid: Mapping[str, Decimal], chart: Chart, config: XeroTargetConfig) -> Account | Problem:
    """The one bank account that was paid on."""
    accounts = {code: chart.accounts.get(code) for code in paid}
    missing = next((code for code, account in accounts.items() if account is None), None)
    if missing is not None:
        return missing_account(intent, missing)
    banks = [account for account in accounts.values() if account and account.is_bank]
    control = next((account for account in accounts.values() if account and account.is_control), None)
    if control is not None or len(banks) > 1:
        what = f"on account {control.code}, which buyers owe" if control else f"on {' and '.join(each.code for each in banks)}"
        return Problem(
            "POST-RULE",
            f"{intent.number} is paid {what}; a bank transaction of Xero has one bank account.",
            "Represent such orders as an invoice with its payments.",
        )
    if banks:
        return banks[0]
    named = chart.accounts.get(config.clearing_account) if not paid else None
    if named is not None and named.is_bank:
        return named
    if not paid:
        say = f"Nothing was paid in money for {intent.number}, so no bank account is known for it."
        return Problem("POST-ACCOUNT", say, "Set `clearing_account` of the connection.", "clearing_account")
    return not_bank(intent, next(account for account in accounts.values() if account))


def not_bank(intent: Intent, account: Account) -> Problem:
    """An account that ought to be a bank account."""
    return Problem(
        "POST-ACCOUNT",
        f"{intent.number} moves money on account {account.code} ({account.name}), which is of type {account.type} in Xero, not BANK.",
        "Make the clearing, cash and in-transit accounts bank accounts in Xero, and name those in the posting.",
    )


def _bank_transaction(
    intent: Intent,
    chart: Chart,
    kind: str,
    bank: Account,
    contact: Mapping[str, str],
    items: list[Any],
    amounts: str,
    about: tuple[str, ...],
) -> Made:
    element = {
        "Type": kind,
        "Contact": contact,
        "BankAccount": {"Code": bank.code},
        "Date": intent.date.isoformat(),
        "LineAmountTypes": amounts,
        "CurrencyCode": chart.currency,
        "Status": "AUTHORISED",
        "LineItems": items,
    }
    return Made("BankTransactions", element, about)


# ── entries without rows ──


def spend(intent: Intent, chart: Chart, config: XeroTargetConfig) -> Made | Problem:
    """Fees: money spent from the account that paid them. What moves no bank account (a dispute that is lost) is a manual journal."""
    return _entry(intent, chart, config, (0, 1))


def transfer(intent: Intent, chart: Chart, config: XeroTargetConfig) -> Made | Problem:
    """A payout, or its leg: money from one bank account to another."""
    return _entry(intent, chart, config, (2,))


def journal(intent: Intent, chart: Chart, config: XeroTargetConfig) -> Made | Problem:
    """By the bank accounts it moves: none gives a manual journal, one a bank transaction, two a transfer."""
    return _entry(intent, chart, config, (0, 1, 2))


def cost_journal(intent: Intent, chart: Chart, config: XeroTargetConfig) -> Made | Problem:
    """A manual journal: cost of goods moves no money."""
    return _entry(intent, chart, config, (0,))


def _entry(intent: Intent, chart: Chart, config: XeroTargetConfig, allowed: tuple[int, ...]) -> Made | Problem:
    fault = _unfit(intent, chart)
    if fault is not None:
        return fault
    counted = tuple(dict.fromkeys(line.account for line in intent.lines if line.control))
    banks = list(dict.fromkeys(line.account for line in intent.lines if chart.accounts[line.account].is_bank))
    others = [line for line in intent.lines if line.account not in banks]
    if len(banks) not in allowed or (len(banks) == 2 and others) or len(banks) > 2:  # noqa: PLR2004 (from and to)
        return _wrong_banks(intent, chart, banks, allowed)
    if not banks:
        return _manual(intent, counted)
    moved = sum((line.amount for line in intent.lines if line.account == banks[0]), NOTHING)
    if not others:
        source, goal = (banks[1], banks[0]) if moved > 0 else (banks[0], banks[1])
        accounts = {"FromBankAccount": {"Code": source}, "ToBankAccount": {"Code": goal}}
        return Made("BankTransfers", {**accounts, "Amount": abs(moved), "Date": intent.date.isoformat()}, counted)
    sign = -1 if moved > 0 else 1
    items = [lines.plain(line.account, _words(intent, line.component), sign * line.amount) for line in others]
    contact = {"Name": config.counterparty}
    kind = "RECEIVE" if moved > 0 else "SPEND"
    return _bank_transaction(intent, chart, kind, chart.accounts[banks[0]], contact, list(items), "NoTax", counted)


def _unfit(intent: Intent, chart: Chart) -> Problem | None:
    for line in intent.lines:
        account = chart.accounts.get(line.account)
        if account is None:
            return missing_account(intent, line.account)
        if account.is_control:
            return Problem(
                "POST-RULE",
                f"{intent.number} posts to {account.code} ({account.name}), which Xero moves by invoices, credit notes and payments only.",
                "Represent it as an invoice, a credit note or a payment.",
            )
    counted = {line.account for line in intent.lines if line.control}
    both = next((line.account for line in intent.lines if not line.control and line.account in counted), None)
    if both is not None or not intent.lines:
        say = f"{intent.number} counts account {both} and does not, at once." if both else f"{intent.number} has no lines."
        return Problem("POST-RULE", say, "Use different accounts for the roles of this posting.")
    return None


def _wrong_banks(intent: Intent, chart: Chart, banks: list[str], allowed: tuple[int, ...]) -> Problem:
    if len(banks) < min(allowed):
        return not_bank(intent, next(chart.accounts[line.account] for line in intent.lines if not chart.accounts[line.account].is_bank))
    return Problem(
        "POST-RULE",
        f"{intent.number} moves {len(banks)} bank accounts ({', '.join(banks)}) and others; Xero has no document for that.",
        "Split it, or give a role another account: a manual journal moves no bank account, a transfer two and nothing else.",
    )


def _manual(intent: Intent, counted: tuple[str, ...]) -> Made:
    entries = [
        {"LineAmount": line.amount, "AccountCode": line.account, "Description": _words(intent, line.component), "TaxType": "NONE"}
        for line in intent.lines
    ]
    element = {"Date": intent.date.isoformat(), "LineAmountTypes": "NoTax", "Status": "POSTED", "JournalLines": entries}
    return Made("ManualJournals", element, counted)


def _words(intent: Intent, component: str) -> str:
    return f"{intent.number} {component.replace('_', ' ')}"


# ── payments ──


def payment(intent: Intent, chart: Chart, config: XeroTargetConfig) -> Made | Problem:  # noqa: ARG001 (needs no setting)
    """A payment of an invoice, or money back for a credit note, on the account that took or gave it."""
    amount, parent = _control(intent), intent.related.get("parent")
    codes = list(dict.fromkeys(line.account for line in intent.lines if line.control))
    wanted = "credit_note" if amount < 0 else "invoice"
    if parent is None or parent.kind != wanted:
        return Problem(
            "POST-RULE",
            f"{intent.number} pays {amount}, and no {wanted.replace('_', ' ')} of its order stands in Xero.",
            "Send the invoice or credit note first; an order that was entered as a receipt is paid with it.",
        )
    account = chart.accounts.get(codes[0]) if len(codes) == 1 else None
    if account is None:
        return missing_account(intent, " and ".join(codes))
    if not account.is_bank and not account.takes_payments:
        return Problem(
            "POST-ACCOUNT",
            f"{intent.number} is paid on account {account.code} ({account.name}), which takes no payments in Xero.",
            "Tick “Enable payments to this account” in Xero, or name a bank account in the posting.",
        )
    if parent.remote_id in chart.drafts:
        return Problem(
            "POST-RULE",
            f"{intent.number} waits: the {wanted.replace('_', ' ')} that it pays is still a draft in Xero, and a draft takes no payment.",
            "Approve the draft in Xero; the payment follows at the next run.",
        )
    rate = {"CurrencyRate": foreign.rate_of(intent.own)} if intent.own else {}
    of = {"Invoice": {"InvoiceID": parent.remote_id}} if wanted == "invoice" else {"CreditNote": {"CreditNoteID": parent.remote_id}}
    return Made("Payments", {**of, "Account": {"Code": account.code}, "Date": intent.date.isoformat(), "Amount": abs(amount), **rate})
