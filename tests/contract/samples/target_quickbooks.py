"""QuickBooks Online with a US company: every representation that the target writes."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from mappings.posting.entry import Line
from mappings.posting.rows import Row
from targets._kit.writer import Related, Verb
from tests.contract.samples.quickbooks_company import CODES, SECRETS, Company, config
from tests.contract.samples.remote import Case, RemoteSample

_COMPANY = Company()
"""Ids are the same in every fresh one."""
HUGE = "999999999999"
NOBODY = {"customer": Related("contact", "999", "C-9"), "supplier": Related("supplier", "999", "S-9")}
LATE = date(2026, 9, 30)


def entry(*lines: tuple[str, str, str, bool]) -> tuple[Line, ...]:
    """(role, amount, component, control) each."""
    return tuple(Line(CODES.get(role, role), Decimal(amount), "USD", component, control) for role, amount, component, control in lines)


def row(role: str, net: str, tax: str = "0", sku: str = "", quantity: str = "1") -> Row:
    rate = Decimal("0.08") if Decimal(tax) else None
    return Row("goods", CODES.get(role, role), f"{role} row", sku, Decimal(quantity), Decimal(net), Decimal(tax), rate, "", "")


def sold(owed: str, net: str, tax: str, sign: int = 1, **other: Any) -> dict[str, Any]:
    """A sale of mugs with tax, owed on the role; negative for what goes back."""
    total = sign * (Decimal(net) + Decimal(tax))
    lines = entry((owed, str(total), "paid", True), ("Sales", str(-sign * Decimal(net)), "goods", False))
    lines += entry(("SalesTaxPayable", str(-sign * Decimal(tax)), "tax", False))
    rows = (row("Sales", net, tax, "MUG", "2"),)
    return {"lines": lines, "rows": rows, "amount": total, "unit": "USD", "document_type": "order" if sign > 0 else "refund"} | other


def booked(*lines: tuple[str, str, str, bool], document_type: str) -> dict[str, Any]:
    made = entry(*lines)
    total = sum((line.amount for line in made if line.control), Decimal(0))
    return {"lines": made, "rows": (), "amount": total, "unit": "USD", "document_type": document_type}


def billed(net: str, tax: str, sign: int = -1) -> dict[str, Any]:
    """What a supplier bills (−) or credits (+): two mugs and the tax on them."""
    total = sign * (Decimal(net) + Decimal(tax))
    lines = entry(("Payable", str(total), "payable", True), ("GRNI", str(-sign * Decimal(net)), "goods", False))
    lines += entry(("InputTax", str(-sign * Decimal(tax)), "tax", False))
    document = {"due_date": "2026-12-02"}
    made = {"lines": lines, "rows": (row("GRNI", net, tax, "MUG", "2"),), "amount": total, "unit": "USD", "document": document}
    return made | {"document_type": "bill" if sign < 0 else "vendor_credit"}


def _bill(kind: str, sign: int) -> Case:
    return Case(
        kind=kind,
        change=Verb.UPDATE,
        remove=Verb.VOID,
        first=billed("50.00", "4.00", sign),
        changed=billed("60.00", "4.80", sign),
        effect=sign * Decimal("54.00"),
        changed_effect=sign * Decimal("10.80"),
        unit="USD",
        unfit={"rows": (row("9999", "50.00", "4.00"),)},
        refused={"related": NOBODY},
        late={"date": LATE},
    )


def _sale(kind: str, owed: str, sign: int) -> Case:
    return Case(
        kind=kind,
        change=Verb.UPDATE,
        remove=Verb.VOID,
        first=sold(owed, "50.00", "4.00", sign),
        changed=sold(owed, "60.00", "4.80", sign),
        effect=sign * Decimal("54.00"),
        changed_effect=sign * Decimal("10.80"),
        unit="USD",
        unfit={"rows": (row("9999", "50.00", "4.00"),)},
        refused={"related": NOBODY},
        late={"date": LATE},
    )


def _money(kind: str, first: dict[str, Any], changed: dict[str, Any], refused: dict[str, Any], bad: dict[str, Any]) -> Case:
    def total(state: dict[str, Any]) -> Decimal:
        return sum((line.amount for line in state["lines"] if line.control), Decimal(0))

    return Case(
        kind=kind,
        change=Verb.UPDATE,
        remove=Verb.VOID,
        first=first,
        changed=changed,
        effect=total(first),
        changed_effect=total(changed) - total(first),
        unit="USD",
        unfit=bad,
        refused=refused,
        late={"date": LATE},
    )


def _of(document_type: str, source: str, target: str, control: str, wrong: str = "9999") -> Any:
    """Makes states that move an amount from one role to another; one of them is what counts."""

    def made(amount: str, at: str = target) -> dict[str, Any]:
        sides = ((at, amount, "in", control == target), (source, f"-{amount}", "out", control == source))
        return booked(*sides, document_type=document_type)

    return made


def _moving(kind: str, document_type: str, source: str, target: str, control: str) -> Case:
    made = _of(document_type, source, target, control)
    first = made("48.60")
    bad = {"lines": made("48.60", at="9999")["lines"]}
    return _money(kind, first, made("50.10"), {"lines": made(HUGE)["lines"]}, bad)


def _payment() -> Case:
    made = _of("payment", "Receivable", "Clearing", "Clearing")
    return _money("payment", made("48.60"), made("50.10"), {"related": NOBODY}, {"lines": made("48.60", at="9999")["lines"]})


def _record(kind: str, first: dict[str, Any], changed: dict[str, Any], unfit: dict[str, Any], refused: dict[str, Any]) -> Case:
    def state(document: dict[str, Any]) -> dict[str, Any]:
        return {"document": document, "document_type": {"contact": "customer", "item": "product"}.get(kind, kind)}

    return Case(
        kind=kind,
        change=Verb.UPDATE,
        remove=Verb.VOID,
        first=state(first),
        changed=state(first | changed),
        effect=Decimal(0),
        changed_effect=Decimal(0),
        unit="",
        unfit=state(first | unfit),
        refused=state(first | refused),
    )


ANN = {
    "display_name": "Ann Berg",
    "first_name": "Ann",
    "last_name": "Berg",
    "emails": ["ann@example.com"],
    "phone_numbers": ["+1 555 0100"],
    "addresses": [{"type": "billing", "line1": "1 Main St", "city": "Reno", "region": "NV", "postal_code": "89501", "country": "US"}],
    "currency": "USD",
    "status": "active",
}
POTTER = {name: value for name, value in ANN.items() if name not in ("first_name", "last_name")} | {"display_name": "Potter Ltd"}
CUP = {"sku": "CUP", "name": "Cup", "description": "A cup", "product_type": "goods", "list_price": "9.50", "currency": "USD"}

CASES = {
    "invoice": _sale("invoice", "Receivable", 1),
    "sales_receipt": _sale("sales_receipt", "Clearing", 1),
    "credit_note": _sale("credit_note", "Receivable", -1),
    "refund_receipt": _sale("refund_receipt", "Clearing", -1),
    "bill": _bill("bill", -1),
    "bill_credit": _bill("bill_credit", 1),
    "payment": _payment(),
    "spend": _moving("spend", "fee", "Clearing", "Fees", "Clearing"),
    "transfer": _moving("transfer", "payout", "Clearing", "PayoutsInTransit", "PayoutsInTransit"),
    "journal": _moving("journal", "dispute", "Clearing", "DisputesReceivable", "Clearing"),
    "cost_journal": _moving("cost_journal", "fulfillment", "Inventory", "COGS", "COGS"),
    "contact": _record("contact", ANN, {"emails": ["ann.berg@example.com"]}, {"currency": "EUR"}, {"emails": ["nonsense"]}),
    "supplier": _record("supplier", POTTER, {"emails": ["potter@example.com"]}, {"currency": "EUR"}, {"emails": ["nonsense"]}),
    "item": _record("item", CUP, {"list_price": "10.00"}, {"product_type": "gift_card"}, {"list_price": HUGE}),
}
ENTITY = {
    "invoice": ("Invoice",),
    "sales_receipt": ("SalesReceipt",),
    "credit_note": ("CreditMemo",),
    "refund_receipt": ("RefundReceipt",),
    "bill": ("Bill",),
    "bill_credit": ("VendorCredit",),
    "payment": ("Payment",),
    "spend": ("Purchase",),
    "transfer": ("Transfer",),
    "journal": ("JournalEntry",),
    "cost_journal": ("JournalEntry",),
    "contact": ("Customer",),
    "supplier": ("Vendor",),
    "item": ("Item",),
}


def standing(simulator: Any, case: str) -> int:
    """What stands beside what was there."""
    made: int = simulator.made(*ENTITY[case])
    return made


def sample() -> RemoteSample:
    return RemoteSample(
        target="quickbooks",
        simulator=Company,
        config=config,
        secrets=SECRETS,
        wrong_secrets=SECRETS | {"access_token": "not-this-access", "refresh_token": "not-this-refresh"},
        cases=CASES,
        standing=standing,
        batch=30,
        batches=dict.fromkeys(CASES, 30),
        extra={"related": _COMPANY.related, "walk_in": "Walk-in"},
        names=frozenset({"invoice", "credit_note", "bill", "bill_credit", "payment"}),
    )
