"""Bills and credits of suppliers: what is owed on the payable account, line by line.

QuickBooks knows no draft of a bill, so what is written is posted at once: only where the connection says `bills: posted`. The number is
the supplier's own, under which people look for a bill; our mark stands in the private note.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from mappings.posting.rows import TAX, Row
from targets.quickbooks.chart import PAYABLE, RECEIVABLE, TaxCode
from targets.quickbooks.config import QuickBooksTargetConfig
from targets.quickbooks.draft import Desk, Draft, Party, detailed
from targets.quickbooks.held import control, held
from targets.quickbooks.prepared import document_number
from targets.quickbooks.sales import computed, memo, require_rounding, tax_code_name

KINDS = ("bill", "bill_credit")


def unwilling(config: QuickBooksTargetConfig, kind: str) -> str:
    """Why a bill is not written with this configuration; '' where it is."""
    if kind not in KINDS or config.bills == "posted":
        return ""
    return "QuickBooks has no draft of a bill, and a bill that is written there is owed at once; say `bills: posted` to have that"


def bought(desk: Desk) -> Draft:
    """The document. A total on the other side than usual makes it the opposite document: QuickBooks takes no negative totals."""
    intent = desk.intent
    why = unwilling(desk.config, intent.subject.kind)
    if why:
        raise held(intent, "POST-DECISION", f"is not sent: {why}", "Decide it in the connection, or exclude bills there.", "bills")
    total, owed = sum((row.net + row.tax for row in intent.rows), Decimal(0)), control(intent)
    if not intent.rows or abs(total) != abs(owed):
        raise held(
            intent,
            "POST-UNBALANCED",
            f"has lines of {total} and a total of {owed}",
            "Correct the posting rule or the document.",
            "lines",
        )
    forward = owed < 0 or (not owed and intent.subject.kind == "bill")
    lines, tax = _lines(desk, -1 if total < 0 else 1)
    body = desk.head() | {"DocNumber": document_number(intent), "Memo": memo(intent), "Line": lines} | tax | _payable(desk)
    due = intent.document.get("due_date")
    if forward and due:
        body["DueDate"] = str(due)
    return _from(desk, Draft("Bill" if forward else "VendorCredit", body, owed))


def _from(desk: Desk, draft: Draft) -> Draft:
    """With its supplier, as that stands there, else by the name that the bill says."""
    known, name = desk.intent.related.get("supplier"), " ".join(str(desk.intent.document.get("supplier_name") or "").split())
    if known is None and not name:
        raise held(
            desk.intent,
            "POST-ACCOUNT",
            "names no supplier who stands in QuickBooks, and says no name of one",
            "Read suppliers through the same connection and send them (`supplier: {as: supplier}`), or map the supplier's name.",
            "supplier_number",
        )
    return draft.of(Party("Vendor", name), known.remote_id if known else desk.chart.party("Vendor", name))


def _payable(desk: Desk) -> dict[str, Any]:
    """The account where it is owed."""
    codes = sorted({line.account for line in desk.intent.lines if line.control and line.amount})
    for account in (desk.account(code) for code in codes):
        if account.kind != PAYABLE:
            raise held(
                desk.intent,
                "POST-ACCOUNT",
                f"is owed on {account.label}, which is no payable account in QuickBooks",
                "Give the role Payable an account of the type Accounts Payable.",
            )
    return {"APAccountRef": {"value": desk.account(codes[0]).remote_id}} if codes else {}


def _lines(desk: Desk, sense: int) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The lines, and how the tax of the whole is told."""
    rows = [row._replace(net=sense * row.net, tax=sense * row.tax) for row in desk.intent.rows]
    if desk.config.tax == "us":
        return [_line(desk, row, None) for row in (*rows, *_tax_as_a_line(desk, rows))], {}
    codes = [desk.chart.tax_code(tax_code_name(desk, row)) for row in rows]
    lines = [_line(desk, row, code) for row, code in zip(rows, codes, strict=True)]
    off = sum((row.tax for row in rows), Decimal(0)) - computed([row.net for row in rows], [code.bought for code in codes])
    if off:
        lines.append(_line(desk, require_rounding(desk, rows, off), desk.chart.tax_code(desk.config.untaxed)))
    return lines, {"GlobalTaxCalculation": "TaxExcluded"}


def _tax_as_a_line(desk: Desk, rows: Sequence[Row]) -> list[Row]:
    """In the US QuickBooks has no tax on purchases: it goes where the posting books it, on a line of its own."""
    tax = sum((row.tax for row in rows), Decimal(0))
    accounts = sorted({line.account for line in desk.intent.lines if line.component == TAX})
    return [Row(TAX, accounts[0], "Tax", "", Decimal(1), tax, Decimal(0), None, "", "")] if tax and accounts else []


def _line(desk: Desk, row: Row, tax_code: TaxCode | None) -> dict[str, Any]:
    account = desk.account(row.account)
    if account.kind in (PAYABLE, RECEIVABLE):
        raise held(
            desk.intent,
            "POST-ACCOUNT",
            f"has a line on {account.label}, and QuickBooks takes none there",
            "Give the role of the line another account.",
        )
    detail: dict[str, Any] = {"AccountRef": {"value": account.remote_id}}
    if tax_code is not None:
        detail["TaxCodeRef"] = {"value": tax_code.remote_id}
    return detailed(desk, row, "AccountBasedExpenseLineDetail", detail)
