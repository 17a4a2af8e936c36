"""Entries of the journal and bank statements.

A sale that is paid at once, a refund of one, a fee, a payout or a journal is one account.move from the balanced lines of the posting:
one document, atomic, to the cent, with every tender on its own account. An invoice with statements for each tender would be several, and
the sale could stand there half made. What counts for the total says so at the beginning of its line.

A payment of an invoice is a bank statement of one line on the statement journal of the account that took the money: Tryton then books
it, ties it to the invoice and closes the invoice.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from mappings.posting.entry import Line
from taps.tryton.client import TrytonEdge, search
from targets._kit.writer import Intent
from targets.tryton.catalogue import Catalogue, Unfit
from targets.tryton.config import TrytonTargetConfig
from targets.tryton.invoices import gone
from targets.tryton.steps import INVOICE, MACHINES, MOVE, STATEMENT, TOTAL


def move(intent: Intent, config: TrytonTargetConfig, catalogue: Catalogue, of: str) -> dict[str, Any]:
    """The body of the entry. Whether it balances is Tryton's to judge. Raises Unfit."""
    if not intent.lines:
        raise Unfit("POST-RULE", f"{of} has no lines to book.", "Exclude such documents in the route.")
    customer = intent.related.get("customer")
    party = int(customer.remote_id.partition(",")[2]) if customer else {"walk_in": intent.walk_in}
    return {
        "company": catalogue.company,
        "journal": catalogue.named("journal", catalogue.journals, config.general_journal, of, "general_journal"),
        "period": catalogue.span(intent.date, of).id,
        "date": intent.date,
        "lines": [["create", [_line(line, intent.number, catalogue, party, of) for line in intent.lines]]],
    }


def _line(line: Line, number: str, catalogue: Catalogue, party: Any, of: str) -> dict[str, Any]:
    account = catalogue.account(line.account, of)
    made = {
        "account": account.id,
        "debit": max(line.amount, Decimal(0)),
        "credit": max(-line.amount, Decimal(0)),
        "description": f"{TOTAL if line.control else ''}{number} {line.component.replace('_', ' ')}",
    }
    return made | ({"party": party} if account.party_required else {})


def payment(intent: Intent, catalogue: Catalogue, party: int, of: str) -> dict[str, Any]:
    """The body of a statement that pays. Raises Unfit where the money's account has no statement journal."""
    control = [line for line in intent.lines if line.control]
    others = {line.account for line in intent.lines if not line.control}
    if len(control) != 1 or len(others) != 1:
        raise Unfit("POST-RULE", f"{of} pays from {len(control)} accounts on {len(others)}.", "Book it as journal in the route.", "lines")
    till = catalogue.statement_journals.get(control[0].account)
    if till is None:
        raise Unfit(
            "POST-ACCOUNT",
            f"{of} is paid on the account {control[0].account}, and Tryton has no statement journal for it.",
            "Make one in Tryton (Financial, Configuration, Statements), or book payments as journal in the route.",
            "account",
        )
    catalogue.span(intent.date, of)
    settled = catalogue.account(others.pop(), of)
    amount = control[0].amount
    return {
        "company": catalogue.company,
        "journal": till.id,
        "date": intent.date,
        "start_balance": Decimal(0),
        "end_balance": amount,
        "total_amount": amount,
        "number_of_lines": 1,
        "lines": [
            {
                "number": intent.number,
                "date": intent.date,
                "amount": amount,
                "party": party,
                "account": settled.id,
                "description": intent.number,
            }
        ],
    }


def paying(values: Mapping[str, Any], invoice: Mapping[str, Any] | None) -> dict[str, Any]:
    """The statement with its line tied to the invoice, as far as that is still open; the rest stays on the customer's account."""
    (line,) = values["lines"]
    amount, due = line["amount"], Decimal(0)
    if invoice is not None and invoice["state"] == "posted" and invoice["account"] == line["account"]:
        due = invoice["amount_to_pay"]
    tied = min(amount, due) if amount > 0 else max(amount, due)
    if not tied or (tied > 0) != (amount > 0):
        return {**values, "lines": [["create", [line]]]}
    parts = [line | {"amount": tied, "party": invoice["party"], "related_to": f"{INVOICE},{invoice['id']}"}] if invoice else []
    if amount != tied:
        parts.append(line | {"amount": amount - tied})
    return {**values, "lines": [["create", parts]]}


# ── taking back ──

_MOVE_LINES = ("account", "account.party_required", "party", "debit", "credit", "description")


def opposite(edge: TrytonEdge, model: str, number: int, config: TrytonTargetConfig, catalogue: Catalogue, of: str) -> dict[str, Any]:
    """An entry that takes back an entry, or the entry of a statement, on its date. Raises Unfit where it stands no more."""
    way = "lines.move." if model == STATEMENT else ""
    fields = ["state", "date", *(f"{way}lines.{name}" for name in _MOVE_LINES), *((f"{way}id", "journal.account") if way else ())]
    found = search(edge, model, [["id", "=", number]], fields)
    if not found or found[0]["state"] not in MACHINES[model].done:
        raise gone(of, found[0]["state"] if found else "deleted")
    stood = found[0]
    lines = _of_statement(stood) if way else stood["lines"]
    return {
        "company": catalogue.company,
        "journal": catalogue.named("journal", catalogue.journals, config.general_journal, of, "general_journal"),
        "period": catalogue.span(stood["date"], of).id,
        "date": stood["date"],
        "lines": [["create", [_turned(line) for line in lines]]],
    }


def _of_statement(stood: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The lines of its moves, each once; what went through the statement's own account counts for the total."""
    own = stood["journal"]["account"]
    own = own["id"] if isinstance(own, dict) else own
    moves = {line["move"]["id"]: line["move"]["lines"] for line in stood["lines"] if line["move"]}
    return [
        line | {"description": f"{TOTAL if line['account']['id'] == own else ''}{line['description'] or 'payment'}"}
        for lines in moves.values()
        for line in lines
    ]


def _turned(line: Mapping[str, Any]) -> dict[str, Any]:
    kept = {"account": line["account"]["id"], "debit": line["credit"], "credit": line["debit"], "description": line["description"]}
    return kept | ({"party": line["party"]} if line["party"] else {})


MODELS = {
    "invoice": (INVOICE,),
    "credit_note": (INVOICE,),
    "payment": (STATEMENT, MOVE),
    **dict.fromkeys(("sales_receipt", "refund_receipt", "spend", "transfer", "journal", "cost_journal"), (MOVE,)),
}
"""Where documents of a kind are to be looked for; the first is what a new one becomes."""
