"""One document of each kind that the Tryton target writes: as it is first, as it is changed, what is unfit and what only Tryton refuses."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from mappings.posting.entry import Line, Move
from mappings.posting.rows import Row
from targets._kit.writer import Intent, Receipt, Related, Subject, Verb

DAY = date(2026, 11, 2)
RECEIVABLE, BANK, CASH, SALES, TAX, TIPS, FEES, COGS, STOCK = (
    "1.2.1", "1.1.2.B", "1.1.1", "4.1.1", "6.3.6", "2.2.4", "5.2.2", "5.2.1", "1.3.1",
)  # fmt: skip
PAYABLE, COSTS, GRNI = "2.1.1", "5.1.1", "2.2.4"


@dataclass(frozen=True)
class Case:
    """Fields are those of `Intent`; effects as the hub predicts them."""

    kind: str
    change: Verb
    remove: Verb
    first: dict[str, Any]
    changed: dict[str, Any]
    effect: str
    changed_effect: str
    unit: str
    unfit: dict[str, Any]
    refused: dict[str, Any]
    late: dict[str, Any] | None = None


def line(account: str, amount: str, component: str, *, control: bool = False) -> Line:
    return Line(account, Decimal(amount), "EUR", component, control)


def row(account: str, net: str, tax: str = "0", *, quantity: str = "1", rate: str | None = None, text: str = "Mug", sku: str = "") -> Row:
    share = None if rate is None else Decimal(rate)
    return Row("goods", account, text, sku, Decimal(quantity), Decimal(net), Decimal(tax), share, "", "")


def sale(net: str, tax: str, *, tip: str = "0", sign: int = 1, owed: str = RECEIVABLE, goods: str = SALES) -> dict[str, Any]:
    """Lines and rows of an invoice or credit note: three mugs at 20 %, and a tip, which Tryton does not take as a line."""
    parts = [Decimal(net), Decimal(tax), Decimal(tip)]
    lines = [line(owed, str(sign * sum(parts)), "receivable", control=True)]
    named = ((goods, "goods"), (TAX, "tax"), (TIPS, "tip"))
    lines += [line(account, str(-sign * part), name) for part, (account, name) in zip(parts, named, strict=True) if part]
    rows = [row(goods, net, tax, quantity="3", rate="0.2", sku="MUG-01")] + ([row(TIPS, tip, text="Tip")] if Decimal(tip) else [])
    return {"lines": tuple(lines), "rows": tuple(rows), "amount": sign * sum(parts)}


def billed(net: str, tax: str, *, goods: str = "0", sign: int = 1, owed: str = PAYABLE, costs: str = COSTS) -> dict[str, Any]:
    """Lines and rows of a supplier's bill or credit: an expense at 20 %, and goods that clear what was received, untaxed."""
    parts = [Decimal(net), Decimal(tax), Decimal(goods)]
    lines = [line(owed, str(-sign * sum(parts)), "payable", control=True)]
    named = ((costs, "expense"), (TAX, "tax"), (GRNI, "goods"))
    lines += [line(account, str(sign * part), name) for part, (account, name) in zip(parts, named, strict=True) if part]
    rows = [row(costs, net, tax, quantity="3", rate="0.2", text="Paper")] + ([row(GRNI, goods, text="Mugs")] if Decimal(goods) else [])
    document = {"due_date": "2026-12-02", "supplier_name": "Potter & Co"}
    return {"lines": tuple(lines), "rows": tuple(rows), "amount": -sign * sum(parts), "document": document, "document_type": "bill"}


def two(debit: str, credit: str, amount: str, *, total: str = "debit") -> dict[str, Any]:
    """A journal of two lines; which of them counts for the total."""
    lines = (line(debit, amount, "paid", control=total == "debit"), line(credit, f"-{amount}", "other", control=total == "credit"))
    return {"lines": lines, "amount": lines[0].amount if total == "debit" else lines[1].amount}


LATE = {"date": date(2025, 1, 15)}
NOWHERE = {"lines": (line("9.9.9", "10.00", "paid", control=True), line(SALES, "-10.00", "goods"))}
UNBALANCED = {"lines": (line(CASH, "10.00", "paid", control=True), line(SALES, "-9.00", "goods"))}
POSTED: dict[str, Any] = {
    "change": Verb.UPDATE,
    "remove": Verb.REVERSE,
    "unit": "EUR",
    "unfit": NOWHERE,
    "refused": UNBALANCED,
    "late": LATE,
}


def entry(kind: str, first: dict[str, Any], changed: dict[str, Any], effect: str, changed_effect: str) -> Case:
    return Case(kind=kind, first=first, changed=changed, effect=effect, changed_effect=changed_effect, **POSTED)


def moves(*given: tuple[str, str, str]) -> dict[str, Any]:
    made = tuple(Move(item, place, Decimal(units)) for item, place, units in given)
    return {"moves": made, "amount": sum((move.units for move in made), Decimal(0))}


UNKNOWN_ITEM, HALF_AN_ITEM = moves(("NO-SUCH", "", "1")), moves(("MUG-01", "", "0.5"))


def stock(kind: str, first: dict[str, Any], changed: dict[str, Any], effect: str, changed_effect: str) -> Case:
    return Case(kind, Verb.ADJUST, Verb.REVERSE, first, changed, effect, changed_effect, "C62", UNKNOWN_ITEM, HALF_AN_ITEM)


def record(kind: str, first: dict[str, Any], changed: dict[str, Any], unfit: dict[str, Any], refused: dict[str, Any]) -> Case:
    return Case(kind, Verb.UPDATE, Verb.VOID, {"document": first}, {"document": changed}, "0", "0", "", unfit, refused)


def hours(regular: str, overtime: str) -> dict[str, Any]:
    return {"document": {"regular_hours": regular, "overtime_hours": overtime}, "amount": Decimal(regular) + Decimal(overtime)}


_ADA = {
    "display_name": "Ada Lovelace",
    "emails": ["ada@example.com"],
    "addresses": [{"line1": "1 Main St", "city": "Berlin", "postal_code": "10115"}],
}
_LAMP = {"sku": "LAMP", "name": "Lamp", "list_price": "29.90", "currency": "EUR"}
_GRACE = {"first_name": "Grace", "last_name": "Hopper", "hire_date": "2026-01-01", "work_email": "grace@example.com"}

CASES: dict[str, Case] = {
    "contact": record(
        "contact",
        _ADA,
        _ADA | {"display_name": "Ada King", "emails": ["king@example.com"], "phone_numbers": ["+49301234567"]},
        {"number": " "},
        {"document": _ADA | {"display_name": "A\0da"}},  # a fault inside the server, which it tells with a page instead of a sentence
    ),
    "supplier": record(
        "supplier",
        _ADA | {"display_name": "Potter & Co"},
        _ADA | {"display_name": "Potter & Sons", "emails": ["bills@example.com"]},
        {"number": " "},
        {"document": _ADA | {"display_name": "A\0da"}},
    ),
    "item": record(
        "item",
        _LAMP,
        _LAMP | {"name": "Head lamp", "list_price": "31.50"},
        {"document": _LAMP | {"sku": ""}},
        {"document": _LAMP | {"list_price": "1.123456"}},  # more decimals than Tryton keeps
    ),
    "employee": record(
        "employee", _GRACE, _GRACE | {"termination_date": "2026-03-31"}, {"number": " "},
        {"document": _GRACE | {"termination_date": "2025-01-01"}},
    ),
    "invoice": Case(
        "invoice", Verb.UPDATE, Verb.REVERSE, sale("50.00", "10.00", tip="5.00"), sale("40.01", "8.01"), "65.00", "-16.98", "EUR", NOWHERE,
        sale("10.00", "2.00", goods=RECEIVABLE), LATE,
    ),
    "credit_note": Case(
        "credit_note", Verb.UPDATE, Verb.REVERSE, sale("10.00", "2.00", sign=-1), sale("20.00", "4.00", sign=-1), "-12.00", "-12.00", "EUR",
        NOWHERE, sale("10.00", "2.00", sign=-1, goods=RECEIVABLE), LATE,
    ),
    "bill": Case(
        "bill", Verb.UPDATE, Verb.VOID, billed("50.00", "10.00", goods="5.00"), billed("40.01", "8.01"), "-65.00", "16.98", "EUR", NOWHERE,
        billed("10.00", "2.001"), LATE,
    ),
    "bill_credit": Case(
        "bill_credit", Verb.UPDATE, Verb.VOID, billed("10.00", "2.00", sign=-1), billed("20.00", "4.00", sign=-1), "12.00", "12.00", "EUR",
        NOWHERE, billed("10.00", "2.001", sign=-1), LATE,
    ),
    "sales_receipt": entry("sales_receipt", two(CASH, SALES, "10.00"), two(CASH, SALES, "12.50"), "10.00", "2.50"),
    "refund_receipt": entry(
        "refund_receipt", two(SALES, CASH, "4.00", total="credit"), two(SALES, CASH, "3.00", total="credit"), "-4.00", "1.00"
    ),
    "payment": replace(
        entry("payment", two(BANK, RECEIVABLE, "6.00"), two(BANK, RECEIVABLE, "7.00"), "6.00", "1.00"),
        refused=two(BANK, RECEIVABLE, "6.001"),
    ),
    "spend": entry("spend", two(FEES, BANK, "1.03", total="credit"), two(FEES, BANK, "2.03", total="credit"), "-1.03", "-1.00"),
    "transfer": entry("transfer", two(BANK, CASH, "72.14"), two(BANK, CASH, "70.00"), "72.14", "-2.14"),
    "journal": entry("journal", two(FEES, CASH, "5.00"), two(FEES, CASH, "6.00"), "5.00", "1.00"),
    "cost_journal": entry("cost_journal", two(COGS, STOCK, "44.00"), two(COGS, STOCK, "22.00"), "44.00", "-22.00"),
    "stock_removal": stock(
        "stock_removal", moves(("MUG-01", "", "3"), ("TENT-2P", "back", "1")), moves(("MUG-01", "", "2"), ("TENT-2P", "", "1")), "4", "-1"
    ),
    "stock_return": stock("stock_return", moves(("MUG-01", "", "-2")), moves(("MUG-01", "", "-3")), "-2", "-1"),
    "stock_movement": stock(
        "stock_movement",
        moves(("MUG-01", "back", "-5"), ("MUG-01", "", "5")),
        moves(("MUG-01", "back", "-2"), ("MUG-01", "", "3")),
        "0",
        "1",
    ),
    "time_entry": Case(
        "time_entry", Verb.UPDATE, Verb.VOID, hours("7.5", "0.333333"), hours("8", "0"), "7.833333", "0.166667", "HUR",
        {"nobody": True}, hours("-1", "0"),
    ),
}  # fmt: skip


def intent(
    case: Case,
    n: int,
    related: dict[str, Related],
    revision: int = 1,
    verb: Verb = Verb.CREATE,
    booked: Receipt | None = None,
    **other: Any,
) -> Intent:
    """The n-th document of the case in a revision."""
    fields: dict[str, Any] = {
        "subject": Subject("erp", case.kind, f"00000000-0000-4000-8000-{n:012d}"),
        "verb": verb,
        "look_up_key": f"{n:040x}",
        "idempotency_key": f"{n * 1000 + revision:040x}",
        "document": {},
        "document_type": "order",
        "number": f"R-{n}",
        "date": DAY,
        "unit": case.unit,
        "booked": json.loads(json.dumps(booked.body)) if booked else None,
        "remote_id": booked.remote_id if booked else None,
        "related": {} if case.kind == "time_entry" and other.pop("nobody", False) else related,
        "walk_in": "Walk-in customer",
    }
    made = fields | (case.first if revision == 1 else case.changed) | other
    if case.kind == "item" and made["document"].get("sku"):
        made["document"] = made["document"] | {"sku": f"{made['document']['sku']}-{n}"}
    return Intent(**made)
