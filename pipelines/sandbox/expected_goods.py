"""What stock and staff of the sample company must show, added up from the truth: units by article, hours, and the fates of each posting.

Units are counted in pieces (C62), hours in HUR; a record that moves neither counts nothing.
"""

from __future__ import annotations

from collections import Counter
from decimal import Decimal

from pipelines.sandbox.expected_books import OWN_STORES
from pipelines.sandbox.oddities import Marks
from pipelines.sandbox.tally import Tally
from pipelines.sandbox.trade import FIRST_MOMENT, ZERO, Line, Order, Receipt, Refund, Till, Web
from pipelines.sandbox.world import GIFT_CARD, World

PIECES, HOURS = "C62", "HUR"
NO_STOCK = "excluded: moves no stock"


def not_for_the_books(tally: Tally, world: World, web: Web, marks: Marks) -> None:
    """Documents of the route `books` that its posting leaves out."""
    for _ in world.products:
        tally.add("product", "excluded: the books keep no articles")
    for order in _translated(web, marks):
        if order.shipped:
            tally.add("fulfillment", "excluded: the sale is booked when it is placed")


def shop_stock(tally: Tally, world: World, web: Web, marks: Marks) -> Counter[str]:
    """The route `shop_stock`: units that left the warehouse, less those that went back on the shelf."""
    units: Counter[str] = Counter()
    for _ in world.products:
        tally.add("product", "delivered")
    for order in _translated(web, marks):
        tally.add("order", "excluded: goods leave when they are shipped", _pieces(order.lines), PIECES)
        _shipped(units, tally, order)
    known = {order.id for order in web.orders}
    for refund in web.refunds:
        _returned(units, tally, refund, known=refund.order in known)
    for payment in web.payments:
        if payment.id not in marks.lost_payments:
            tally.add("payment", NO_STOCK, ZERO, PIECES)
            if payment.gateway:
                tally.add("fee" if payment.currency == "GBP" else "balance_transaction", NO_STOCK, ZERO, PIECES)
    for kind, things in (("dispute", web.disputes), ("payout", web.payouts)):
        for _ in range(2 * len(things)):  # both legs
            tally.add(kind, NO_STOCK, ZERO, PIECES)
    return units


def till_stock(tally: Tally, till: Till, marks: Marks) -> Counter[str]:
    """The route `till_stock`: units that were handed over, less returns, which all go back on the shelf."""
    units: Counter[str] = Counter()
    for receipt in till.receipts:
        if receipt.number not in marks.lost_receipts:
            _handed_over(units, tally, receipt)
    return units


def staff_and_contacts(tally: Tally, world: World, marks: Marks) -> Decimal:
    """The route `people`: records, and the paid hours as far as the time clock was used as it should."""
    worked = ZERO
    for _ in world.staff:
        tally.add("employee", "delivered")
    for person in world.customers:
        if person.number not in marks.lost_customers:
            tally.add("customer", "delivered")
    for shift in world.shifts:
        if shift.number not in marks.lost_shifts:
            tally.add("time_entry", "delivered", shift.hours, HOURS)
            worked += shift.hours
    return worked


def _translated(web: Web, marks: Marks) -> list[Order]:
    return [order for order in web.orders if order.id not in marks.lost_orders]


def _pieces(lines: list[Line]) -> Decimal:
    return Decimal(sum(line.quantity for line in lines if line.sku != GIFT_CARD))


def _shipped(units: Counter[str], tally: Tally, order: Order) -> None:
    if order.shipped is None:
        return
    pieces = _pieces(order.lines)
    if order.shipped < FIRST_MOMENT:
        tally.add("fulfillment", "excluded: before start", pieces, PIECES)
    elif not pieces:
        tally.add("fulfillment", NO_STOCK, ZERO, PIECES)
    else:
        tally.add("fulfillment", "delivered", pieces, PIECES)
        for line in order.lines:
            if line.sku != GIFT_CARD:
                units[line.sku] += line.quantity


def _returned(units: Counter[str], tally: Tally, refund: Refund, *, known: bool) -> None:
    pieces = sum(line.units for line in refund.lines)
    if not refund.restock:
        tally.add("refund", "excluded: not restocked", ZERO, PIECES)
    elif not known:
        tally.add("refund", "waiting", Decimal(-pieces), PIECES)
    else:
        tally.add("refund", "delivered", Decimal(-pieces), PIECES)
        for line in refund.lines:
            units[line.sku] -= line.units


def _handed_over(units: Counter[str], tally: Tally, receipt: Receipt) -> None:
    sign = 1 if receipt.kind == "SALE" else -1
    own = receipt.store in OWN_STORES
    tally.add("order" if sign > 0 else "refund", "delivered" if own else "excluded: other company", sign * _pieces(receipt.lines), PIECES)
    if sign > 0:
        for amount in (receipt.paid, receipt.by_gift_card):
            if amount:
                tally.add("payment", NO_STOCK if own else "excluded: other company", ZERO, PIECES)
    for line in receipt.lines if own else ():
        units[line.sku] += sign * line.quantity
