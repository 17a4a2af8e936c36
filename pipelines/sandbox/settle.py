# ruff: noqa: PLR2004 - the dice of an invented company need no names
"""Money of the web shop: payments, refunds, one dispute, and what the two processors pay out."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from decimal import Decimal

from pipelines.sandbox.trade import FIRST_MOMENT, ZERO, Dispute, Order, Payment, Payout, Refund, Returned, Web, in_gbp, rate_on
from pipelines.sandbox.world import DAYS, GIFT_CARD, cents, dice

CARD_VALUE = Decimal("25.00")
DISPUTE_FEE = Decimal("15.00")
FEES = {("card", "GBP"): (Decimal("0.015"), Decimal("0.20"))}
DEARER = (Decimal("0.029"), Decimal("0.25"))
"""Share and fixed part that a processor keeps of a charge; wallets and foreign cards cost more."""
SPREAD = Decimal("0.0040")
"""By how much a processor's rate is worse than the one at which the shop books a sale in USD."""
PAYOUT_DAYS = {"cardwell": (1, 4), "pursey": (2,)}
"""Weekdays (0 is Monday) on which each processor pays out."""
LAST_MOMENT = FIRST_MOMENT + timedelta(days=DAYS)


def web_month(orders: list[Order]) -> Web:
    """What the orders brought in, gave back and paid out."""
    web = Web(orders=orders, payments=_payments(orders))
    web.refunds = _refunds(orders, web.payments)
    web.refunds.append(_november(len(web.refunds)))
    web.disputes = [_dispute(web)]
    web.payouts = _payouts(web)
    return web


def fee_of(method: str, currency: str, settled: Decimal) -> Decimal:
    """What the processor keeps of a charge. It comes with the processor's export; the product never computes a fee."""
    share, fixed = FEES.get((method, currency), DEARER)
    return cents(settled * share) + fixed


def bank_days(day: datetime, ahead: int) -> datetime:
    """The day so many working days later."""
    while ahead:
        day += timedelta(days=1)
        ahead -= day.weekday() < 5
    return day.replace(hour=0, minute=0, second=0)


def _payments(orders: list[Order]) -> list[Payment]:
    """Each order is paid as it is placed; gift cards sold before pay a part of some."""
    rng, made, cards = dice("web payments"), list[Payment](), {"GBP": 0, "USD": 0}
    for order in orders:
        left = order.total
        if order.pays == "gift_card" or (not order.pays and cards[order.currency] and _splits_well(order) and rng.random() < 0.12):
            cards[order.currency] -= 1
            made.append(_payment(order, "gift_card", CARD_VALUE, len(made)))
            left -= CARD_VALUE
        if left and order.pays != "nothing":
            method = {"": "wallet" if rng.random() < 0.2 else "card", "seashells": "seashells"}.get(order.pays, "card")
            made.append(_payment(order, method, left, len(made)))
        if not order.test and order.placed >= FIRST_MOMENT:
            cards[order.currency] += sum(line.quantity for line in order.lines if line.sku == GIFT_CARD)
    return made


def _splits_well(order: Order) -> bool:
    """Whether the order is dear enough for a gift card, and its two payments make its total in GBP too, to the penny."""
    parts = in_gbp(CARD_VALUE, order.rate) + in_gbp(order.total - CARD_VALUE, order.rate)
    return order.total > 30 and parts == in_gbp(order.total, order.rate)


def _payment(order: Order, method: str, amount: Decimal, n: int) -> Payment:
    gateway = {"card": "cardwell", "wallet": "pursey"}.get(method, "")
    settled = in_gbp(amount, order.rate - SPREAD if order.rate else None) if gateway else Decimal(0)
    fee = fee_of(method, order.currency, settled) if gateway else Decimal(0)
    at = order.placed + timedelta(seconds=4)
    return Payment(f"pay_{n + 1:05}", order.id, method, gateway, amount, order.currency, at, order.rate, settled, fee)


def _refunds(orders: list[Order], payments: list[Payment]) -> list[Refund]:
    """One order in a dozen comes back, in part or whole, to the means that paid most of it."""
    rng, made = dice("web refunds"), list[Refund]()
    paid = {p.order: p for p in payments if p.method != "gift_card"}
    for order in orders:
        back = order.placed + timedelta(days=rng.randrange(3, 12), hours=rng.randrange(9))
        wanted = rng.random() < 0.08 and order.id in paid and not order.pays
        if wanted and FIRST_MOMENT <= back < LAST_MOMENT:
            refund = _refund(rng, order, paid[order.id], back, len(made))
            if 0 < refund.total <= paid[order.id].amount:
                made.append(refund)
    return made


def _refund(rng: random.Random, order: Order, payment: Payment, at: datetime, n: int) -> Refund:
    goods = [i for i, line in enumerate(order.lines, 1) if line.sku != GIFT_CARD]
    lines = []
    for i in goods if rng.random() < 0.4 else goods[:1]:
        line = order.lines[i - 1]
        units = rng.randrange(1, line.quantity + 1)
        share = Decimal(units) / line.quantity
        lines.append(Returned(i, units, line.price * units, cents(line.discount * share), cents(line.tax * share), line.sku))
    restock, rate = rng.random() < 0.75, None if order.inclusive else rate_on(at)
    return Refund(
        f"rf_{n + 1:04}", order.id, lines, order.currency, order.inclusive, payment.method, payment.gateway, at, restock=restock, rate=rate
    )


def _november(n: int) -> Refund:
    """A refund of an order of November, which no export of this month holds."""
    at = FIRST_MOMENT + timedelta(days=9, hours=10)
    line = Returned(1, 1, Decimal("34.95"), ZERO, Decimal("5.83"), "KIT-004")
    return Refund(f"rf_{n + 1:04}", "4711", [line], "GBP", inclusive=True, method="card", gateway="cardwell", at=at, restock=True)


def _dispute(web: Web) -> Dispute:
    """The card order of 60.00 is charged back after four days and lost twelve days later."""
    order = next(o for o in web.orders if o.pays == "card" and o.total == Decimal("60.00"))
    payment = next(p for p in web.payments if p.order == order.id)
    opened = order.placed + timedelta(days=4)
    lost = opened + timedelta(days=12)
    return Dispute("dp_0001", payment.id, order.id, payment.amount, DISPUTE_FEE, "USD", payment.gateway, opened, lost, rate_on(opened))


def _payouts(web: Web) -> list[Payout]:
    """December's charges were paid out in December, so each processor's balance is 0.00 on the first of January."""
    made = list[Payout]()
    for gateway, weekdays in PAYOUT_DAYS.items():
        for day in range(DAYS):
            issued = FIRST_MOMENT + timedelta(days=day, hours=6)
            if issued.weekday() in weekdays and (payout := _payout(web, gateway, issued)):
                made.append(payout)
    return sorted(made, key=lambda p: (p.issued, p.id))


def _payout(web: Web, gateway: str, issued: datetime) -> Payout | None:
    """What was charged, refunded and disputed up to two days before and not paid out yet."""
    until = issued - timedelta(days=2)

    def due(at: datetime, item: Payment | Refund | Dispute) -> bool:
        return FIRST_MOMENT <= at < until and not item.payout and item.gateway == gateway

    charges = [p for p in web.payments if due(p.at, p)]
    refunds = [r for r in web.refunds if due(r.at, r)]
    disputes = [d for d in web.disputes if due(d.opened, d)]
    items: list[Payment | Refund | Dispute] = [*charges, *refunds, *disputes]
    if not items:
        return None
    payout = Payout(
        id=f"po_{gateway[0]}{issued:%m%d}",
        gateway=gateway,
        issued=issued,
        arrives=bank_days(issued, 2),
        gross=sum((p.settled for p in charges), ZERO),
        fees=sum((p.fee for p in charges), ZERO),
        refunds=sum((r.settled for r in refunds), ZERO),
        disputes=sum((d.settled for d in disputes), ZERO),
    )
    for item in items:
        item.payout = payout.id
    return payout
