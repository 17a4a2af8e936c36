"""What an accepted receipt books, and whether the routes can book all of it: payments, and a discount, a charge, a credit beside them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

from mappings.posting import EFFECTS
from pipelines.home.load import Home
from pipelines.home.settings import Posting, Route
from pipelines.reconcile.decided import FILE
from pipelines.reconcile.proposals import ZERO, Discounted, Line, Received, Solution, discounted, told
from pipelines.reconcile.rights import Refused

ADJUSTMENTS = "desk/adjustments"
"""The mapping that makes documents of what is booked beside payments."""
_KINDS = {"discount": "refund", "bank_charge": "fee", "customer_credit": "journal_entry"}
"""What is booked beside payments, and as which kind of document."""
_AS = {"refund": "credit_note", "fee": "spend", "journal_entry": "journal"}
_ROLES = {
    "discount": ("Discounts",), "discount_tax": ("SalesTaxPayable",), "bank_charge": ("Fees", "Bank"),
    "customer_credit": ("Bank", "CustomerDeposits"),
}  # fmt: skip


def bookable(home: Home, company: str, parts: AbstractSet[str]) -> None:
    """Raise Refused, with what to add, where a posting could not book all parts of a receipt: nothing is booked by halves."""
    needed = {kind for what, kind in _KINDS.items() if what in parts}
    if not needed:
        return
    said = f"This receipt takes more than payments ({', '.join(sorted(what.replace('_', ' ') for what in parts - {'invoice'}))})"
    reading = {each.name for each in home.taps.values() if ADJUSTMENTS in each.mappings.values()}
    postings = [(route, posting) for route in home.routes.values() if reading & set(route.sources) for posting in _of(route, company)]
    if not postings:
        raise Refused(
            f"{said}, and no route reads them. Add a stream over {FILE} with the mapping {ADJUSTMENTS} to the connection of the decisions; "
            "docs/receipts.md shows it."
        )
    for route, posting in postings:
        if lacking := [*_lacking(posting, needed, parts)]:
            raise Refused(f"{said}. Add to the posting {posting.name} of the route {route.name}: {', '.join(lacking)}.")


def _of(route: Route, company: str) -> Iterator[Posting]:
    return (each for each in route.posting if each.effect == "money" and each.company in (None, company))


def _lacking(posting: Posting, needed: AbstractSet[str], parts: AbstractSet[str]) -> Iterator[str]:
    for kind in sorted(needed):
        policy = posting.policy(kind)
        if policy is None or policy.as_ is None or EFFECTS[policy.as_] != "money":
            yield f"{kind}: {{as: {_AS[kind]}}}"
    known = posting.books.accounts if posting.books else {}
    yield from (f"an account for {role}" for role in sorted({role for what in parts for role in _ROLES.get(what, ())} - set(known)))


def booked(solution: Solution, paid: Sequence[Line], orders: Mapping[str, str], line: Received) -> dict[str, Any]:
    """What a row says is to be booked: payments of invoices, less what was taken off; discounts by rate; a bank's charge; a credit."""
    taken = dict.fromkeys(orders, ZERO)
    for each in solution.lines:
        if each.what in ("discount", "discount_tax"):
            taken[each.number] -= each.amount
    discounts = [
        {"order": orders[invoice.number], "number": invoice.number, "total": told(taken[invoice.number], line.unit), "lines": parts}
        for invoice in solution.invoices
        if solution.terms and (parts := [_part(each, line.unit) for each in discounted(invoice, solution.terms, line.on)])
    ]
    other = {
        name: [{"amount": told(abs(each.amount), line.unit)} for each in solution.lines if each.what == what]
        for name, what in (("charges", "bank_charge"), ("credits", "customer_credit"))
    }
    payments = [
        {"order": orders[each.number], "number": each.number, "amount": told(each.amount - taken[each.number], line.unit)}
        for each in paid
        if each.what == "invoice"
    ]
    return {"payments": payments, **{name: rows_ for name, rows_ in (("discounts", discounts), *other.items()) if rows_}}


def _part(each: Discounted, unit: str) -> dict[str, Any]:
    return {"net": told(each.net, unit), "tax": told(each.tax, unit), "rate": f"{each.rate:f}" if each.rate is not None else None}
