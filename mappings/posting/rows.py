"""The lines of an invoice or a bill, with the account and the tax of each, in the books' currency.

An entry sums by account; an accounting system wants lines. Both come from the same document and table, and they agree: per account and
component the rows' nets sum to the entry's line, their taxes to its tax line, and Σ (net + tax) is the document's total less what the
entry's bridges take out of it (a gift card that was redeemed at the sale is a negative row on its liability). A billed line is split as
the three-way match says, and its tax in proportion.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal
from typing import NamedTuple

from mappings.model.base import ZERO
from mappings.model.money import exponent, round_half_up
from mappings.model.order import Line, TaxLine, Trade
from mappings.model.purchase import Purchase, PurchaseLine
from mappings.posting import amounts
from mappings.posting.amounts import Item
from mappings.posting.assembly import Occasion
from mappings.posting.books import Books
from mappings.posting.entry import Entry
from mappings.posting.rules import by_rule
from mappings.posting.table import ROUNDING

TAX = "tax"
_NO_ITEM = frozenset({"price_variance", "short_delivery"})
"""Parts of a billed line that are claims or costs, and no goods on stock."""


class Row(NamedTuple):
    """One line. `net` and `tax` raise the document's total where they are positive: a refund's goods are positive in the refund."""

    component: str
    account: str
    description: str
    sku: str
    quantity: Decimal
    net: Decimal
    """Without tax; in whole minor units of the books' currency."""
    tax: Decimal
    rate: Decimal | None
    """0.2 for 20 %; None where the source states no rate."""
    tax_code: str
    """As the source calls it; '' where it does not."""
    location: str


class _Draft(NamedTuple):
    account: str
    component: str
    line: Line | PurchaseLine | None
    description: str
    net: Decimal
    tax: Decimal
    quantity: Decimal | None = None
    """Where it is not the line's."""
    item: bool = True
    """Whether it stands for the line's item; what an item was billed too dear does not."""


def rows(document: Trade | Purchase, *, representation: str, books: Books, entry: Entry) -> tuple[Row, ...]:
    """The rows of a document whose entry was made without a problem. The order is that of its lines."""
    day = entry.date
    total, currency = document.amount()
    occasion = Occasion(document, books, day, total, currency)
    rate = books.rate(currency, day, document.exchange_rate) or Decimal(1)
    drafts = list(
        _billed(document, representation, occasion)
        if isinstance(document, Purchase)
        else _drafts(document, representation, books, occasion)
    )
    drafts += _rounding(books, occasion)
    sense = -document.sign
    nets = _fitted(
        [(draft.account, draft.component) for draft in drafts],
        [draft.net * rate for draft in drafts],
        {key: sense * amount for key, amount in _by_account(entry).items()},
        books.base_currency,
    )
    wanted_tax = sense * sum((line.amount for line in entry.lines if line.component == TAX), ZERO)
    taxes = _fitted([("", TAX)] * len(drafts), [draft.tax * rate for draft in drafts], {("", TAX): wanted_tax}, books.base_currency)
    made = [_row(document, draft, net, tax) for draft, net, tax in zip(drafts, nets, taxes, strict=True)]
    return tuple(row for row in made if row.net or row.tax)


def _by_account(entry: Entry) -> dict[tuple[str, str], Decimal]:
    sums: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for line in entry.lines:
        if not line.control and line.component != TAX:
            sums[line.account, line.component] += line.amount
    return sums


def _drafts(document: Trade, representation: str, books: Books, occasion: Occasion) -> Iterator[_Draft]:
    """Lines with their discounts, then cash rounding and our own cards."""
    for line in document.lines:
        gross, discount = amounts.gross_and_discount(document, line)
        tax_off = _share(line.tax_amount, discount, gross - discount, _taxed(document, line)[0], document.currency)
        for what, amount, tax in ((line.kind, gross, line.tax_amount + tax_off), ("discount_given", discount, -tax_off)):
            found = _placed(document, Item(what, amount), representation, occasion) if amount or tax else None
            if found:
                name = line.description or line.sku or found[1].replace("_", " ").capitalize()
                yield _Draft(found[0], found[1], line, f"Discount on {name}" if what == "discount_given" else name, found[2], tax)
    others = [Item("cash_rounding", document.rounding_total)]
    others += [
        item for item in amounts.settled(document, representation, books) if item.what.removeprefix("paid_") in amounts.CARDS_OF_OURS
    ]
    for item in others:
        found = _placed(document, item, representation, occasion) if item.amount else None
        if found:
            yield _Draft(found[0], found[1], None, found[1].replace("_", " ").capitalize(), found[2], ZERO)


def _billed(document: Purchase, representation: str, occasion: Occasion) -> Iterator[_Draft]:
    """Each line by the parts of the match; the last part takes what the division of the tax leaves."""
    for line in document.lines:
        parts = list(amounts.matched(line, document.currency)) if line.kind == "goods" else [(line.kind, line.net_amount)]
        parts = [part for part in parts if part[1]] or parts[:1]
        left = line.tax_amount
        for place, (what, amount) in enumerate(parts, 1):
            share = line.tax_amount * amount / line.net_amount if line.net_amount else ZERO
            tax = left if place == len(parts) else round_half_up(share, exponent(document.currency))
            left -= tax
            found = _placed(document, Item(what, amount), representation, occasion) if amount or tax else None
            if found:
                account, component, net = found
                name = line.description or line.sku or component.replace("_", " ").capitalize()
                shown = f"{component.replace('_', ' ').capitalize()}: {name}" if place > 1 else name
                yield _Draft(account, component, line, shown, net, tax, _units(line, what), what not in _NO_ITEM)


def _units(line: PurchaseLine, what: str) -> Decimal | None:
    """How many units a part of a billed line stands for: of goods those that arrived, or those that did not."""
    if line.kind != "goods" or line.received_quantity is None:
        return Decimal(1) if what == "price_variance" else None
    received = min(line.received_quantity, line.quantity)
    return {"goods": received, "short_delivery": line.quantity - received}.get(what, Decimal(1))


def _rounding(books: Books, occasion: Occasion) -> Iterator[_Draft]:
    """What the entry calls rounding."""
    account = books.account(ROUNDING, occasion.setting(""))
    if account:
        yield _Draft(account, "rounding", None, "Rounding", ZERO, ZERO)


def _placed(document: Trade | Purchase, item: Item, representation: str, occasion: Occasion) -> tuple[str, str, Decimal] | None:
    """Account, component and amount of one item, in the document's own sense; None where it is a control line."""
    for share in by_rule(occasion, document.type, iter([item]), representation):
        if not share.control:
            return occasion.account(share.role, share.gateway), share.component, -document.sign * share.amount
    return None


def _share(tax: Decimal, discount: Decimal, net: Decimal, rate: Decimal | None, currency: str) -> Decimal:
    """The tax that the discount saved: the line's tax is on what remains; where nothing remains, at the line's rate."""
    if not discount:
        return ZERO
    if not net:
        return round_half_up(discount * (rate or ZERO), exponent(currency))
    return round_half_up(tax * discount / net, exponent(currency)) if tax else ZERO


def _fitted(keys: list[tuple[str, str]], values: list[Decimal], wanted: dict[tuple[str, str], Decimal], currency: str) -> list[Decimal]:
    """Each value in whole minor units, so that those of one key sum to what is wanted; what is lacking goes on the largest."""
    made = [round_half_up(value, exponent(currency)) for value in values]
    for key in dict.fromkeys(keys):
        places = [place for place, each in enumerate(keys) if each == key]
        lacking = wanted.get(key, ZERO) - sum((made[place] for place in places), ZERO)
        if lacking:
            largest = max(places, key=lambda place: (abs(made[place]), -place))
            made[largest] += lacking
    return made


def _row(document: Trade | Purchase, draft: _Draft, net: Decimal, tax: Decimal) -> Row:
    line = draft.line
    rate, code = _taxed(document, line) if line else (None, "")
    return Row(
        draft.component,
        draft.account,
        draft.description,
        (line.sku or "") if line and draft.item else "",
        draft.quantity or (line.quantity if line and line.quantity else Decimal(1)),
        net,
        tax,
        rate,
        code,
        (getattr(line, "location", None) or getattr(document, "location", None) or ""),
    )


def _taxed(document: Trade | Purchase, line: Line | PurchaseLine) -> tuple[Decimal | None, str]:
    """Rate and code of a line's taxes: its own, else the document's where it has only one kind."""
    own = [tax for tax in document.tax_lines if tax.line_number == line.line_number]
    if not own:
        whole = [tax for tax in document.tax_lines if tax.line_number is None]
        own = whole if len({(tax.rate, tax.tax_code) for tax in whole}) == 1 and line.tax_amount else []
        own = own[:1]
    rates = [tax.rate for tax in own if tax.rate is not None]
    return (sum(rates, ZERO) if rates else None), "+".join(dict.fromkeys(_code(tax) for tax in own if _code(tax)))


def _code(tax: TaxLine) -> str:
    return tax.tax_code or tax.title or ""
