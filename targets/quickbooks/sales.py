"""Sales documents: invoices, sales receipts, credit memos, refund receipts, and the total that QuickBooks will make of them.

QuickBooks books a line through its item, so each line goes by an item whose income account is the row's: the SKU's own where that is so,
else the one that the configuration names for the account. Discounts, redeemed gift cards and cash rounding are negative lines of their
own. Tax goes to QuickBooks' own tax account whatever the entry says.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from mappings.model.money import round_half_up
from mappings.posting.rows import Row
from taps.quickbooks.facts import ROUNDING
from targets._kit.rounding import is_rounding, line_amount, taxes
from targets._kit.writer import Intent
from targets.quickbooks.chart import RECEIVABLE, Item
from targets.quickbooks.draft import Desk, Draft, detailed, plain
from targets.quickbooks.held import control, held, name

_ENTITIES = {
    ("invoice", True): "Invoice",
    ("invoice", False): "CreditMemo",
    ("receipt", True): "SalesReceipt",
    ("receipt", False): "RefundReceipt",
}
_FAMILY = {"invoice": "invoice", "credit_note": "invoice", "sales_receipt": "receipt", "refund_receipt": "receipt"}
_FORWARD = ("invoice", "sales_receipt")
_PRICE_PLACES = 7


def sale(desk: Desk) -> Draft:
    """The document. A total on the other side than usual makes it the opposite document: QuickBooks takes no negative totals."""
    intent = desk.intent
    total, owed = sum((row.net + row.tax for row in intent.rows), Decimal(0)), control(intent)
    if not intent.rows or abs(total) != abs(owed):
        raise held(
            intent,
            "POST-UNBALANCED",
            f"has lines of {total} and a total of {owed}",
            "Book it as a journal, or correct the posting rule.",
            "lines",
        )
    family = _FAMILY[intent.subject.kind]
    forward = owed > 0 or (not owed and intent.subject.kind in _FORWARD)
    sense = -1 if total < 0 else 1
    lines, tax = _lines(desk, sense)
    body = desk.head() | {"CustomerMemo": {"value": memo(intent)}, "Line": lines} | tax
    body |= _deposit(desk) if family == "receipt" else _require_receivable(desk)
    return desk.addressed(Draft(_ENTITIES[family, forward], body, owed), needed=family == "invoice")


def memo(intent: Intent) -> str:
    """What it says it is."""
    links = f" for {', '.join(intent.links)}" if intent.links else ""
    return f"{name(intent)}{links}"[:1000]


def _deposit(desk: Desk) -> dict[str, Any]:
    """The one account where the money of a receipt lies."""
    accounts = sorted({line.account for line in desk.intent.lines if line.control and line.amount})
    if len(accounts) > 1:
        raise held(
            desk.intent,
            "POST-ACCOUNT",
            f"was paid into {' and '.join(accounts)}, and a receipt in QuickBooks goes into one account",
            "Book such sales as invoices with payments or as journals, or let these payments share an account.",
            "tenders",
        )
    return {"DepositToAccountRef": {"value": desk.account(accounts[0]).remote_id}} if accounts else {}


def _require_receivable(desk: Desk) -> dict[str, Any]:
    """QuickBooks puts an invoice on its receivable account by itself: the posting must mean the same."""
    for line in desk.intent.lines:
        account = desk.account(line.account) if line.control else None
        if account is not None and account.kind != RECEIVABLE:
            raise held(
                desk.intent,
                "POST-ACCOUNT",
                f"is owed on {account.label}, and QuickBooks puts it on its receivable account",
                "Give the role Receivable QuickBooks' own receivable account.",
            )
    return {}


# ── lines ──


def _lines(desk: Desk, sense: int) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The lines, and what is said of the tax of the whole."""
    rows = [row._replace(net=sense * row.net, tax=sense * row.tax) for row in desk.intent.rows]
    if desk.config.tax == "us":
        lines = [_line(desk, row, "TAX" if row.tax else "NON") for row in rows]
        code = {"TxnTaxCodeRef": {"value": desk.config.us_tax_code}} if desk.config.us_tax_code else {}
        return lines, {"TxnTaxDetail": {"TotalTax": plain(sum((row.tax for row in rows), Decimal(0)))} | code}
    codes = [desk.chart.tax_code(tax_code_name(desk, row)) for row in rows]
    lines = [_line(desk, row, code.remote_id) for row, code in zip(rows, codes, strict=True)]
    off = sum((row.tax for row in rows), Decimal(0)) - computed([row.net for row in rows], [code.rates for code in codes])
    if off:
        row = require_rounding(desk, rows, off)
        lines.append(_line(desk, row, desk.chart.tax_code(desk.config.untaxed).remote_id))
    return lines, {"GlobalTaxCalculation": "TaxExcluded"}


def computed(nets: Sequence[Decimal], rates: Sequence[Sequence[Decimal]]) -> Decimal:
    """The tax that QuickBooks makes of lines, from the rates of each one's code; each rounded by itself (unconfirmed for several rates)."""
    most = max((len(each) for each in rates), default=0)
    return sum(
        (taxes(nets, [each[place] if place < len(each) else None for each in rates], ROUNDING) for place in range(most)),
        Decimal(0),
    )


def tax_code_name(desk: Desk, row: Row) -> str:
    """The tax code by the source's, else by rate; lines without tax have one of their own."""
    config = desk.config
    by_rate = f"{plain(row.rate * 100):f}%" if row.rate is not None else ""
    for key in (row.tax_code, by_rate):
        if key and key in config.tax_codes:
            return config.tax_codes[key]
    if not row.tax and not row.rate:
        return config.untaxed
    what = row.tax_code or by_rate or "tax without a rate"
    raise held(
        desk.intent,
        "MAP-LOOKUP",
        f"has a line with {what}, and the connection names no tax code of QuickBooks for it",
        "Add it to tax_codes of the connection.",
        "tax_lines",
    )


def _line(desk: Desk, row: Row, tax_code: str) -> dict[str, Any]:
    item, own = _item(desk, row)
    detail: dict[str, Any] = {"ItemRef": {"value": item.remote_id}, "TaxCodeRef": {"value": tax_code}}
    if own:
        detail |= _priced(row)
    return detailed(desk, row, "SalesItemLineDetail", detail)


def _item(desk: Desk, row: Row) -> tuple[Item, bool]:
    """The SKU's own item if its lines are booked to the row's account, else the account's; and whether it is the SKU's own."""
    account = desk.account(row.account)
    related = desk.intent.related.get(f"item:{row.sku}") if row.sku else None
    own = desk.chart.item(related.remote_id) if related else None
    if own is not None and own.account_id == account.remote_id:
        return own, True
    found = desk.chart.item_of(account)
    if isinstance(found, str):
        fix = f"Make an item in QuickBooks that is booked to {account.label}, and add it to items of the connection."
        raise held(desk.intent, "POST-ACCOUNT", f"has a line on {account.label}, and {found}", fix, "items")
    return found, False


def _priced(row: Row) -> Mapping[str, Decimal]:
    """Quantity, and the unit price if quantity × price is the amount to the cent: otherwise QuickBooks refuses both (6070)."""
    if not row.quantity:
        return {}
    price = round_half_up(row.net / row.quantity, _PRICE_PLACES)
    exact = line_amount(row.quantity, price) == row.net
    return {"Qty": plain(row.quantity)} | ({"UnitPrice": plain(price)} if exact else {})


def require_rounding(desk: Desk, rows: Sequence[Row], off: Decimal) -> Row:
    """The row that makes the total what the buyer paid, where QuickBooks rounds tax otherwise than the source did."""
    if not is_rounding(rows, off, ROUNDING):
        raise held(
            desk.intent,
            "SEND-TOTAL",
            f"has tax that differs by {off} from what QuickBooks computes at its rates: more than rounding",
            "Correct tax_codes of the connection, or the rates in QuickBooks.",
            "tax_lines",
        )
    if not desk.config.rounding_account:
        raise held(
            desk.intent,
            "SEND-TOTAL",
            f"has tax that QuickBooks rounds otherwise, by {off}, and the connection names no account for that",
            "Set rounding_account of the connection.",
            "rounding_account",
        )
    account = desk.account(desk.config.rounding_account)
    return Row("rounding", account.label, "Rounding", "", Decimal(1), off, Decimal(0), None, "", "")
