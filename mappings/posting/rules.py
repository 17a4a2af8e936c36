"""Posting: a document, the way it is represented and a company's books give one balanced entry, or the problems that stand against it.

The table (`rules.yaml`) says which account role and side; `amounts` says how much; `assembly` looks up, converts and rounds.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from types import MappingProxyType

from mappings.model.base import ZERO, Document, Part
from mappings.model.books import JournalEntry
from mappings.model.purchase import Purchase
from mappings.model.stock import StockMovement
from mappings.model.supply import GoodsReceipt
from mappings.posting import amounts
from mappings.posting.assembly import Occasion, Share, assemble
from mappings.posting.books import Books
from mappings.posting.entry import Entry
from mappings.posting.table import SETTLEMENT, Rule, table
from mappings.problem import Problem

EFFECTS: MappingProxyType[str, str] = MappingProxyType(
    {
        "invoice": "money",
        "sales_receipt": "money",
        "credit_note": "money",
        "refund_receipt": "money",
        "bill": "money",
        "bill_credit": "money",
        "journal": "money",
        "payment": "money",
        "spend": "money",
        "transfer": "money",
        "cost_journal": "cost",
        "stock_removal": "stock",
        "stock_return": "stock",
        "stock_movement": "stock",
        "sales_order": "reserve",
        "contact": "record",
        "supplier": "record",
        "item": "record",
        "part": "record",
        "stock_level": "record",
        "employee": "record",
        "deal_invoice": "record",
        "time_entry": "hours",
    }
)
"""What a representation does at its target. Of one document and target each effect happens once."""
OF_SUPPLIERS: MappingProxyType[str, str] = MappingProxyType({"supplier": "supplier", "bill": "bill", "vendor_credit": "bill_credit"})
"""The representation that each document of a supplier has, and nothing else has."""


def fits(kind: str, representation: str) -> bool:
    """Whether a document type may be so represented: a bill is no invoice of ours, an order no bill, and only an order keeps goods."""
    if EFFECTS[representation] == "reserve":
        return kind == "order"
    if representation in OF_SUPPLIERS.values():
        return OF_SUPPLIERS.get(kind) == representation
    own_money = kind in (*OF_SUPPLIERS, "bill_payment") and EFFECTS[representation] == "money"
    return not own_money or representation == "journal"


def post(document: Document, *, representation: str, books: Books, part: str = "") -> tuple[Entry | None, list[Problem]]:
    """The entry of one leg of a document, or why there is none.

    (None, []) means that there is nothing to book. `part` is one of `document.parts()`; '' is the first. Every problem of the document
    is returned at once. The entry is balanced in the books' base currency, and Σ control lines − Σ bridge is what the leg counts of
    `document.amount()` (of `document.cost()` for a cost journal): the whole amount for a first leg, nothing for a later one.
    """
    effect = EFFECTS[representation]
    leg = _leg(document, part)
    if leg is None or leg.business_date is None or effect not in ("money", "cost"):
        return None, []
    occasion = _occasion(document, leg, books, effect)
    if occasion is None:
        return None, []
    shares = list(_cost_shares(occasion) if effect == "cost" else _money_shares(occasion, leg, representation))
    if occasion.problems or not shares:
        return None, occasion.problems
    entry = assemble(occasion, _telling(shares))
    return entry, occasion.problems


def _telling(shares: list[Share]) -> list[Share]:
    """Without the shares of nothing; where all are nothing, one and the control, so that the document is booked."""
    other = [share for share in shares if share.amount]
    if other:
        return other
    control = [share for share in shares if share.control][:1]
    return [share for share in shares if not share.control][:1] + control


def measure(document: Document, effect: str, part: str = "") -> tuple[Decimal, str]:
    """What a leg counts for an effect, signed, with its unit: a currency, C62 (pieces), HUR (hours), or '' for a record."""
    first = part in ("", *(leg.name for leg in document.parts()[:1]))
    if effect == "stock":
        return document.units(), "C62"
    if effect == "reserve":
        return document.units_reserved(), "C62"
    if effect == "hours":
        return document.hours() or ZERO, "HUR"
    known = {"money": document.amount, "cost": document.cost}[effect]() if effect in ("money", "cost") else None
    if known is None:
        return ZERO, ""
    return (known[0] if first else ZERO), known[1]


def _leg(document: Document, part: str) -> Part | None:
    legs = document.parts()
    if not part:
        return legs[0] if legs else None
    found = [leg for leg in legs if leg.name == part]
    if not found:
        raise ValueError(f"{document.title} {document.number()} has no part {part!r}")
    return found[0]


def _occasion(document: Document, leg: Part, books: Books, effect: str) -> Occasion | None:
    """What the entry is about; None where the document moves nothing of the kind."""
    day = leg.business_date
    if day is None or not (document.moves_stock() if effect == "cost" else document.moves_money()):
        return None
    amount, currency = measure(document, effect, leg.name)
    later = leg != document.parts()[0]
    return Occasion(document, books, day, amount, currency or books.base_currency, rest=leg.name if later else "")


def _cost_shares(occasion: Occasion) -> Iterator[Share]:
    """Cost of goods, if it is ours to book."""
    document, books = occasion.document, occasion.books
    if isinstance(document, StockMovement) and document.movement_type == "transfer":
        return  # what one place loses the other gains: nothing to book, whatever it costs
    owner = books.decisions.get("cost_owner")
    if owner is None:
        occasion.problems.append(_undecided(occasion, "cost_owner"))
    if owner != "hub":
        return
    for line in document.stock():
        if line.unit_cost is None:
            occasion.problems.append(
                Problem(
                    "POST-COST",
                    f"{occasion.name()} moves {line.units} of {line.item}, and nobody says what one costs.",
                    "Give the item a cost at the source that values the stock, or name another cost_owner.",
                    "unit_cost",
                )
            )
    counted = isinstance(document, StockMovement) and document.movement_type in ("adjustment", "count")
    event = "cost/count" if counted else "cost/stock" if isinstance(document, StockMovement) else "cost/goods"
    yield from by_rule(occasion, event, amounts.cost(document), "")


def _money_shares(occasion: Occasion, leg: Part, representation: str) -> Iterator[Share]:
    """The shares of one leg, by the table."""
    document, books = occasion.document, occasion.books
    kind = document.type
    if isinstance(document, JournalEntry):
        yield from _journal(document)
    elif kind in amounts.LEGS:
        yield from by_rule(occasion, f"{kind}/{leg.name}", amounts.LEGS[kind](document, leg.name), representation)
    elif isinstance(document, Purchase):
        found = amounts.match(document)
        _limited(occasion, document, found)
        yield from by_rule(occasion, kind, amounts.purchase(document, found), representation)
    elif kind in amounts.WHOLE:
        if isinstance(document, GoodsReceipt):
            _priced(occasion, document)
        yield from by_rule(occasion, kind, amounts.WHOLE[kind](document, representation, books), representation)
    else:
        occasion.problems.append(_no_rule(occasion, kind, "amount"))


def _limited(occasion: Occasion, document: Purchase, found: amounts.Match) -> None:
    """A problem where a bill differs from what was ordered and received by more than the books allow without a person."""
    limit = occasion.books.bill_difference_limit
    price, short = found.price_variance, found.short_delivery
    if limit is not None and price + short > limit:
        occasion.problems.append(
            Problem(
                "POST-MATCH",
                f"{occasion.name()} differs from order and receipt by {price} in price and {short} of goods that did not come; "
                f"the limit is {limit} {document.currency}.",
                "Have the supplier correct it, or mend order and receipt; to accept it, raise `bill_difference_limit` of the books.",
                "lines",
            )
        )


def _priced(occasion: Occasion, document: GoodsReceipt) -> None:
    """A problem for each line of which nobody says what one costs: it would stand on stock for nothing."""
    for line in document.lines:
        if line.unit_price is None and line.quantity:
            occasion.problems.append(
                Problem(
                    "POST-COST",
                    f"{occasion.name()} brings {line.quantity} of {line.sku}, and the purchase order has no price for it.",
                    "Enter the price in the purchase order or on the stock item.",
                    "unit_price",
                )
            )


def _journal(document: JournalEntry) -> Iterator[Share]:
    """As written; the debits are the total."""
    for line in document.lines:
        if line.debit:
            yield Share(line.role, line.debit, "debit", control=True)
        if line.credit:
            yield Share(line.role, -line.credit, "credit")


def by_rule(occasion: Occasion, event: str, items: amounts.Items, representation: str) -> Iterator[Share]:
    """Each amount with the role and side that the table gives it; a problem for what it does not know."""
    rules = table().events.get(event, {})
    for what, amount, gateway in items:
        rule = rules.get(what)
        if rule is None:
            if amount:
                occasion.problems.append(_no_rule(occasion, event, what))
            continue
        role = rule.role or (_decided(occasion, event, what, rule) if amount else "")
        if role == SETTLEMENT:
            role = occasion.books.settles_on(representation) or SETTLEMENT
        if role:
            yield Share(role, rule.sign * amount, rule.component, rule.control, rule.bridge, gateway)


def _decided(occasion: Occasion, event: str, what: str, rule: Rule) -> str:
    """The role that the recorded decision chooses; a problem, and '', where it is open or has no rule yet."""
    answer = occasion.books.decisions.get(rule.decision)
    if answer is None:
        occasion.problems.append(_undecided(occasion, rule.decision))
        return ""
    if answer not in rule.answers:
        occasion.problems.append(_no_rule(occasion, event, f"{what}, {rule.decision}: {answer}"))
        return ""
    return rule.answers[answer]


def _undecided(occasion: Occasion, name: str) -> Problem:
    decision = table().decisions[name]
    return Problem(
        "POST-DECISION",
        f"{occasion.name()} waits for a decision: {decision.question}",
        f"Record `{name}` under the posting's decisions as one of {', '.join(decision.answers)}.",
        name,
    )


def _no_rule(occasion: Occasion, event: str, what: str) -> Problem:
    return Problem(
        "POST-RULE",
        f"{occasion.name()} has an amount that the posting table does not know: {what} of {event}.",
        "Exclude such documents from the posting, or ask for a rule.",
        what,
    )
