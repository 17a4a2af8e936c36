"""What the books of the sample company must hold, added up from the truth: no mapping, no engine and no posting table is read here."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from pipelines.sandbox.oddities import Marks
from pipelines.sandbox.settle import LAST_MOMENT
from pipelines.sandbox.tally import Tally
from pipelines.sandbox.trade import FIRST_MOMENT, ZERO, Line, Order, Payment, Payout, Receipt, Refund, Settlement, Till, Web, in_gbp
from pipelines.sandbox.world import GIFT_CARD, UK_STANDARD, cents

OWN_STORES = ("S01", "S02")


@dataclass(slots=True)
class Books:
    """Balances by account, debit +, credit -; all of it in GBP."""

    ever: dict[str, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    at_month_end: dict[str, Decimal] = field(default_factory=lambda: defaultdict(Decimal))

    def book(self, at: datetime, lines: dict[str, Decimal], control: str, rate: Decimal | None = None) -> None:
        """One entry: all lines but `control`, which takes what balances them. In USD each line is converted by itself."""
        owed = -sum(lines.values(), ZERO)
        booked = {account: in_gbp(amount, rate) for account, amount in lines.items() if amount}
        total = in_gbp(owed, rate)
        lacking = -total - sum(booked.values(), ZERO)
        if lacking:
            booked[max(booked, key=lambda account: abs(booked[account]))] += lacking
        for account, amount in (booked | {control: total}).items():
            self.ever[account] += amount
            if at < LAST_MOMENT:
                self.at_month_end[account] += amount


def without_tax(line: Line) -> tuple[Decimal, Decimal]:
    """Goods before discount and the discount, both net of the tax inside the price (its share of the discount rounded half-up)."""
    if not line.inclusive:
        return line.gross, line.discount
    after = line.gross - line.discount
    discount = line.discount - (cents(line.discount * line.tax / after) if after else ZERO)
    return after - line.tax + discount, discount


def _goods(lines: Iterable[Line], sales: str) -> dict[str, Decimal]:
    """The lines of a sale, credit being negative."""
    found: dict[str, Decimal] = defaultdict(Decimal)
    for line in lines:
        if line.sku == GIFT_CARD:
            found["Liabilities:GiftCards"] -= line.total
            continue
        gross, discount = without_tax(line)
        found[sales] -= gross
        found["Income:Discounts"] += discount
        found["Liabilities:SalesTax"] -= line.tax
    return found


def web_books(books: Books, tally: Tally, web: Web, marks: Marks) -> None:
    """The web shop's part of the books."""
    for order in web.orders:
        if order.id not in marks.lost_orders:
            _web_order(books, tally, order)
    for payment in web.payments:
        if payment.id not in marks.lost_payments:
            _web_payment(books, tally, payment)
    known = {order.id for order in web.orders}
    for refund in web.refunds:
        _web_refund(books, tally, refund, known=refund.order in known)
    for dispute in web.disputes:
        tally.add("dispute", "delivered", -dispute.amount - dispute.fee, dispute.currency)
        tally.add("dispute", "delivered", ZERO, dispute.currency)  # its second leg: lost
        clearing, claim = f"Assets:Clearing:{dispute.gateway.title()}", "Assets:DisputesReceivable"
        books.book(dispute.opened, {claim: dispute.amount, "Expenses:DisputeFees": dispute.fee}, clearing, dispute.rate)
        books.book(dispute.lost, {"Expenses:ChargebackLoss": dispute.amount}, claim, dispute.rate)
    for payout in web.payouts:
        _payout(books, tally, payout, payout.gateway)


def _web_order(books: Books, tally: Tally, order: Order) -> None:
    if order.test or order.placed < FIRST_MOMENT:
        tally.add("order", "excluded: test orders are not sales" if order.test else "excluded: before start", order.total, order.currency)
        return
    tally.add("order", "delivered", order.total, order.currency)
    lines = _goods(order.lines, "Income:Sales:WEB")
    lines["Income:Shipping"] -= order.shipping - (order.shipping_tax if order.inclusive else ZERO)
    lines["Liabilities:SalesTax"] -= order.shipping_tax
    lines["Liabilities:Tips"] -= order.tip
    books.book(order.placed, lines, "Assets:Receivable", order.rate)


def _web_payment(books: Books, tally: Tally, payment: Payment) -> None:
    before = payment.at < FIRST_MOMENT
    fate = "excluded: before start" if before else "delivered"
    tally.add("payment", fate, payment.amount, payment.currency)
    difference = in_gbp(payment.amount, payment.rate) - payment.settled
    if payment.gateway and payment.currency == "GBP":
        tally.add("fee", fate, -payment.fee, "GBP")
    elif payment.gateway:
        tally.add("balance_transaction", fate, -difference - payment.fee, "GBP")
    if before:
        return
    into = f"Assets:Clearing:{payment.gateway.title()}" if payment.gateway else "Liabilities:GiftCards"
    books.book(payment.at, {"Assets:Receivable": -payment.amount}, into, payment.rate)
    if payment.gateway:
        costs = {f"Expenses:Fees:{payment.gateway.title()}": payment.fee}
        if payment.currency != "GBP":
            costs["Expenses:ExchangeDifferences"] = difference
        books.book(payment.at, costs, into)


def _web_refund(books: Books, tally: Tally, refund: Refund, *, known: bool) -> None:
    tally.add("refund", "delivered" if known else "waiting", -refund.total, refund.currency)
    if not known:
        return
    lines: dict[str, Decimal] = defaultdict(Decimal)
    for back in refund.lines:
        line = Line(back.sku, "", 1, back.gross, back.discount, UK_STANDARD, back.tax, refund.inclusive)
        gross, discount = without_tax(line)
        lines["Income:Returns:WEB"] += gross
        lines["Income:Discounts"] -= discount
        lines["Liabilities:SalesTax"] += back.tax
    books.book(refund.at, lines, f"Assets:Clearing:{refund.gateway.title()}", refund.rate)


def _payout(books: Books, tally: Tally, payout: Payout | Settlement, gateway: str) -> None:
    tally.add("payout", "delivered", payout.net, "GBP")
    tally.add("payout", "delivered", ZERO, "GBP")  # its second leg: at the bank
    books.book(payout.issued, {f"Assets:Clearing:{gateway.title()}": -payout.net}, "Assets:PayoutsInTransit")
    books.book(payout.arrives, {"Assets:PayoutsInTransit": -payout.net}, "Assets:Bank")


def till_books(books: Books, tally: Tally, till: Till, marks: Marks) -> None:
    """The shops' part of the books."""
    for receipt in till.receipts:
        if receipt.number in marks.lost_receipts:
            continue
        own = receipt.store in OWN_STORES
        fate = "delivered" if own else "excluded: other company"
        due = receipt.total + receipt.rounding
        order_fate = "held: no account for donations" if receipt.donation else fate
        tally.add("order" if receipt.kind == "SALE" else "refund", order_fate, due if receipt.kind == "SALE" else -due, "GBP")
        if receipt.kind == "SALE":
            for amount in (receipt.paid, receipt.by_gift_card):
                if amount:
                    tally.add("payment", fate, amount, "GBP")
        if own:
            _receipt(books, receipt)
    for day in till.settlements:
        tally.add("fee", "delivered", -day.fees, "GBP")
        books.book(day.issued, {"Expenses:Fees:Terminal": day.fees}, "Assets:Clearing:Terminal")
        _payout(books, tally, day, "terminal")


def _receipt(books: Books, receipt: Receipt) -> None:
    tender = "Assets:Clearing:Terminal" if receipt.tender == "card" else f"Assets:Cash:{receipt.store}"
    sales = f"Income:Sales:{receipt.store}" if receipt.kind == "SALE" else f"Income:Returns:{receipt.store}"
    lines = _goods(receipt.lines, sales)
    lines["Liabilities:Tips"] -= receipt.tip
    lines["Liabilities:GiftCards"] -= 25 * receipt.gift_cards
    lines["Expenses:CashRounding"] -= receipt.rounding
    if receipt.kind == "RETURN":
        books.book(receipt.at, {account: -amount for account, amount in lines.items()}, tender)
        return
    if not receipt.donation:
        books.book(receipt.at, lines, "Assets:Receivable")
    books.book(receipt.at, {"Assets:Receivable": -receipt.paid}, tender)
    books.book(receipt.at, {"Assets:Receivable": -receipt.by_gift_card}, "Liabilities:GiftCards")


def processor_balances(web: Web, till: Till) -> dict[str, Decimal]:
    """What each processor holds for the company at the end of the month, counted on its side."""
    held: dict[str, Decimal] = defaultdict(Decimal)
    for payment in web.payments:
        if payment.gateway and payment.at >= FIRST_MOMENT:
            held[payment.gateway.title()] += payment.settled - payment.fee
    for refund in web.refunds:
        held[refund.gateway.title()] -= refund.settled
    for dispute in web.disputes:
        held[dispute.gateway.title()] -= dispute.settled
    for payout in web.payouts:
        held[payout.gateway.title()] -= payout.net
    for receipt in till.receipts:
        if receipt.tender == "card" and receipt.store in OWN_STORES:
            held["Terminal"] += receipt.paid if receipt.kind == "SALE" else -receipt.paid
    for day in till.settlements:
        held["Terminal"] -= day.gross - day.refunds
    return held


def open_receivables(web: Web, till: Till, marks: Marks) -> dict[str, Decimal]:
    """What stays open between orders and payments, by order: paid and not understood (-), or booked and not paid (+)."""
    found = {receipt.number: -receipt.paid for receipt in till.receipts if receipt.donation}
    paid: dict[str, Decimal] = defaultdict(Decimal)
    for payment in web.payments:
        if payment.id not in marks.lost_payments:
            paid[payment.order] += in_gbp(payment.amount, payment.rate)
    for order in web.orders:
        booked = in_gbp(order.total, order.rate) if order.id not in marks.lost_orders else ZERO
        if not order.test and order.placed >= FIRST_MOMENT and booked != paid[order.id]:
            found[order.id] = booked - paid[order.id]
    return found
