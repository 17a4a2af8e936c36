"""From a document to the amounts that the posting table knows: (what, amount) pairs in the document's own currency, unrounded.

Only the arithmetic is here; which account and which side is the table's business.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Any, NamedTuple, TypeAlias

from mappings.model.base import ZERO, Document
from mappings.model.books import JournalEntry
from mappings.model.cash import CashDrawerSession
from mappings.model.money import rounded
from mappings.model.order import Line, Order, Refund, Trade
from mappings.model.payment import Dispute, Fee, GiftCardEntry, Payment
from mappings.model.payout import BalanceTransaction, Payout
from mappings.model.people import TipPayout
from mappings.model.purchase import BillPayment, Purchase, PurchaseLine
from mappings.model.stock import Fulfillment
from mappings.model.supply import GoodsReceipt
from mappings.posting.books import Books

ON_ACCOUNT = frozenset({"invoice", "credit_note"})
"""Representations whose payments are documents of their own."""
CARDS_OF_OURS = frozenset({"gift_card", "store_credit"})


class Item(NamedTuple):
    """One amount of an event, positive in the document's own sense."""

    what: str
    amount: Decimal
    gateway: str = ""


Items: TypeAlias = Iterator[Item]


def gross_and_discount(document: Trade, line: Line) -> tuple[Decimal, Decimal]:
    """A line before discount, and the discount; both without the tax that a tax-inclusive line holds."""
    discount = line.discount_amount
    if not document.tax_inclusive:
        return line.net_amount + discount, discount
    net = line.net_amount - line.tax_amount
    if discount and line.net_amount:
        discount -= rounded(discount * line.tax_amount / line.net_amount, document.currency)
    return net + discount, discount


def trade(document: Trade, representation: str, books: Books) -> Items:
    """Lines by kind, discounts, tax and cash rounding; then how it is settled."""
    sums: dict[str, Decimal] = {}
    discounts = taxes = ZERO
    for line in document.lines:
        gross, discount = gross_and_discount(document, line)
        sums[line.kind] = sums.get(line.kind, ZERO) + gross
        discounts += discount
        taxes += line.tax_amount
    for kind, amount in sums.items():
        yield Item(kind, amount)
    yield Item("discount_given", discounts)
    yield Item("tax", taxes)
    yield Item("cash_rounding", document.rounding_total)
    yield from settled(document, representation, books)


def settled(document: Trade, representation: str, books: Books) -> Items:
    """How the total was paid; what no tender covers is owed. On account only our own cards count, and only if the sale books them."""
    open_amount = document.grand_total
    tenders = document.tenders if isinstance(document, Order | Refund) else ()
    for tender in tenders:
        if representation in ON_ACCOUNT and (tender.tender_type not in CARDS_OF_OURS or books.gift_cards_taken == "with_payment"):
            continue
        open_amount -= tender.amount
        yield Item(f"paid_{tender.tender_type}", tender.amount, tender.gateway or "")
    yield Item("owed", open_amount)


def payment(document: Payment, _representation: str, books: Books) -> Items:
    """Money for an invoice; a gift card only where the invoice did not book it."""
    if document.tender_type in CARDS_OF_OURS and books.gift_cards_taken == "with_sale":
        return
    amount, _ = document.amount()
    yield Item(f"paid_{document.tender_type}", amount, document.gateway or "")
    yield Item("settled", amount)


def fee(document: Fee, _representation: str, _books: Books) -> Items:
    """A fee and what it is taken from: a processor's balance, or our bank account."""
    yield Item(document.fee_type, document.fee_amount)
    yield Item("from_bank" if document.fee_type == "bank" else "balance", document.fee_amount)


def payout(document: Payout, part: str) -> Items:
    """One leg: both sides are the net amount."""
    yield Item("in_transit", document.net_amount)
    yield Item("bank" if part in ("arrival", "returned") else "balance", document.net_amount)


def dispute(document: Dispute, part: str) -> Items:
    """Opened: amount and fee leave the balance. Won: both come back as far as they do. Lost: the claim becomes a loss."""
    yield Item("disputed", document.disputed_amount)
    if part == "lost":
        yield Item("loss", document.disputed_amount)
        return
    charge = document.fee_amount if part == "opened" else document.fee_returned
    yield Item("fee", charge)
    yield Item("balance", document.disputed_amount + charge)


def balance_transaction(document: BalanceTransaction, _representation: str, _books: Books) -> Items:
    """The fee, and what the settlement differs from the booking."""
    difference = document.booked_amount - document.settled_amount
    yield Item("fee", document.fee_amount)
    yield Item("difference", difference)
    yield Item("balance", document.fee_amount + difference)


def gift_card_entry(document: GiftCardEntry, _representation: str, _books: Books) -> Items:
    """Only what no sale books: expiry and correction."""
    if document.entry_type in ("expire", "adjust"):
        yield Item("expired", -document.balance_change)
        yield Item("breakage", -document.balance_change)


def fulfillment(document: Fulfillment, _representation: str, _books: Books) -> Items:
    """Deposits that became revenue."""
    earned = sum((line.earned_amount for line in document.lines), ZERO)
    yield Item("deposit", earned)
    yield Item("earned", earned)


def tip_payout(document: TipPayout, _representation: str, _books: Books) -> Items:
    """Tips handed to payroll."""
    yield Item("tip", document.tips)
    yield Item("payroll", document.tips)


def cash_drawer_session(document: CashDrawerSession, _representation: str, _books: Books) -> Items:
    """What the count differs by, and cash that went in and out beside the sales; nothing before it was counted."""
    if document.status == "closed":
        yield Item("over_short", document.over_short)
        yield Item("paid_in", document.paid_in)
        yield Item("paid_out", document.paid_out)
        yield Item("cash", document.amount()[0])


class Match(NamedTuple):
    """The lines of a bill or credit, goods matched with order and receipt."""

    sums: Mapping[str, Decimal]
    """By what they are."""
    price_variance: Decimal
    """Of all lines, whatever the sign; so is the next."""
    short_delivery: Decimal


def match(document: Purchase) -> Match:
    """Each line matched once."""
    sums: dict[str, Decimal] = {}
    apart = {"price_variance": ZERO, "short_delivery": ZERO}
    for line in document.lines:
        for what, amount in matched(line, document.currency) if line.kind == "goods" else ((line.kind, line.net_amount),):
            sums[what] = sums.get(what, ZERO) + amount
            if line.kind == "goods" and what in apart:
                apart[what] += abs(amount)
    return Match(sums, **apart)


def purchase(document: Purchase, found: Match) -> Items:
    """Lines by kind, goods as they were matched; tax; and what is owed."""
    yield from (Item(what, amount) for what, amount in found.sums.items())
    yield Item("tax", sum((line.tax_amount for line in document.lines), ZERO))
    yield Item("owed", document.grand_total)


def bill_payment(document: BillPayment, _representation: str, _books: Books) -> Items:
    """Money that left for a bill, or came back for a credit."""
    amount, _ = document.amount()
    yield Item("paid", -amount)
    yield Item("settled", -amount)


def matched(line: PurchaseLine, currency: str) -> Iterator[tuple[str, Decimal]]:
    """Billed goods against what was ordered and received: received at the ordered price, the rest of the price, and what did not come.

    Goods that arrived and are not billed yet stay as they are. The three sum to the line's net.
    """
    billed, net = line.quantity, line.net_amount
    received = billed if line.received_quantity is None else min(line.received_quantity, billed)
    short = rounded(net * (billed - received) / billed, currency) if billed else ZERO
    goods = net - short if line.ordered_price is None else received * line.ordered_price
    yield "goods", goods
    yield "price_variance", net - short - goods
    yield "short_delivery", short


def goods_receipt(document: GoodsReceipt, _representation: str, _books: Books) -> Items:
    """What arrived, at the ordered price, and that nobody has billed it yet."""
    yield Item("inventory", document.amount()[0])
    yield Item("received", document.amount()[0])


def cost(document: Document) -> Items:
    """Cost of what left the stock; nothing where nothing moved."""
    known = document.cost()
    if known is not None:
        yield Item("cost", known[0])
        yield Item("inventory", known[0])


WHOLE: MappingProxyType[str, Callable[[Any, str, Books], Items]] = MappingProxyType(
    {
        "order": trade,
        "refund": trade,
        "adjustment": trade,
        "payment": payment,
        "fee": fee,
        "balance_transaction": balance_transaction,
        "gift_card_entry": gift_card_entry,
        "fulfillment": fulfillment,
        "tip_payout": tip_payout,
        "cash_drawer_session": cash_drawer_session,
        "goods_receipt": goods_receipt,
        "bill_payment": bill_payment,
    }
)
"""Documents of one leg."""
LEGS: MappingProxyType[str, Callable[[Any, str], Items]] = MappingProxyType({"payout": payout, "dispute": dispute})
"""Documents of several legs: the second argument is the part."""
JOURNAL = JournalEntry.type
