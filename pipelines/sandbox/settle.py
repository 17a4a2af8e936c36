"""Money of the web shop: payments, refunds, one dispute, and what the two processors pay out."""

from __future__ import annotations

def fee_of(method: str, store: str, amount: Decimal) -> Decimal:
    """What the processor keeps of a charge. Fees come from the processor's export; nothing else in the product computes them."""
    if method == "gift_card":
        return ZERO
    share, fixed = (Decimal("0.015"), Decimal("0.20")) if (method, store) == ("card", "uk") else (Decimal("0.029"), Decimal("0.30"))
    return cents(amount * share) + fixed


def _payments(orders: list[Order]) -> list[Payment]:
    """Each order is paid as it is placed; gift cards that were sold earlier pay a part of some."""
    rng, made, cards = dice("web payments"), [], {"GBP": 0, "USD": 0}
    for order in orders:
        left = order.total
        if cards[order.currency] and left > 30 and rng.random() < 0.15:
            cards[order.currency] -= 1
            made.append(_payment(order, "gift_card", Decimal("25.00"), len(made)))
            left -= Decimal("25.00")
        if left:
            made.append(_payment(order, "wallet" if rng.random() < 0.2 else "card", left, len(made)))
        cards[order.currency] += sum(line.quantity for line in order.lines if line.sku == GIFT_CARD)
    return made


def _payment(order: Order, method: str, amount: Decimal, n: int) -> Payment:
    gateway = {"card": "cardwell", "wallet": "pursey", "gift_card": ""}[method]
    at = order.placed + timedelta(seconds=4)
    return Payment(f"pay_{n + 1:05}", order.id, method, gateway, amount, order.currency, fee_of(method, order.store, amount), at, order.rate)


def _refunds(orders: list[Order], payments: list[Payment]) -> list[Refund]:
    """One in fifteen orders comes back, in part or whole, to the means that paid most of it."""
    rng, made = dice("web refunds"), []
    paid = {p.order: p for p in payments if p.method != "gift_card"}
    for order in orders:
        back = order.placed + timedelta(days=rng.randrange(3, 12), hours=rng.randrange(9))
        if rng.random() > 0.08 or order.id not in paid or not FIRST_MOMENT <= back < FIRST_MOMENT + timedelta(days=DAYS):
            continue
        refund = _refund(rng, order, paid[order.id], back, len(made))
        if 0 < refund.total <= paid[order.id].amount:
            made.append(refund)
    return made


def _refund(rng: random.Random, order: Order, payment: Payment, at: datetime, n: int) -> Refund:
    goods = [i for i, line in enumerate(order.lines, 1) if line.sku != GIFT_CARD]
    picked = goods if rng.random() < 0.4 else goods[:1]
    lines = []
    for i in picked:
        line = order.lines[i - 1]
        units = rng.randrange(1, line.quantity + 1)
        share = Decimal(units) / line.quantity
        lines.append((i, units, line.price * units, cents(line.discount * share), cents(line.tax * share)))
    rate = None if order.inclusive else rate_on(at)
    return Refund(
        f"rf_{n + 1:04}", order.id, lines, order.currency, order.inclusive, payment.method, payment.gateway, at, rng.random() < 0.75, rate
    )


def _bank_days(day: datetime, ahead: int) -> datetime:
    while ahead:
        day += timedelta(days=1)
        ahead -= day.weekday() < 5
    return day.replace(hour=0, minute=0, second=0)


_PAYOUT_DAYS = {("cardwell", "GBP"): (1, 4), ("cardwell", "USD"): (4,), ("pursey", "GBP"): (2,), ("pursey", "USD"): (2,)}
"""Weekdays (0 is Monday) on which each processor pays out."""


def _payouts(web: Web) -> list[Payout]:
    """What was charged up to two days before, less fees, refunds and disputes; December's charges were paid out in December."""
    made: list[Payout] = []
    for (gateway, currency), weekdays in _PAYOUT_DAYS.items():
        for day in range(DAYS):
            issued = FIRST_MOMENT + timedelta(days=day, hours=6)
            if issued.weekday() in weekdays:
                payout = _payout(web, gateway, currency, issued, len(made))
                if payout:
                    made.append(payout)
    return sorted(made, key=lambda p: (p.issued, p.id))


def _payout(web: Web, gateway: str, currency: str, issued: datetime, n: int) -> Payout | None:
    until = issued - timedelta(days=2)

    def due(at: datetime, item: Payment | Refund | Dispute) -> bool:
        return FIRST_MOMENT <= at < until and not item.payout and (item.gateway, item.currency) == (gateway, currency)

    charges = [p for p in web.payments if due(p.at, p)]
    refunds = [r for r in web.refunds if due(r.at, r)]
    disputes = [d for d in web.disputes if due(d.opened, d)]
    if not charges and not refunds and not disputes:
        return None
    rate = rate_on(issued) - Decimal("0.0040") if currency == "USD" else None
    payout = Payout(
        f"po_{n + 1:03}", gateway, currency, issued, _bank_days(issued, 2),
        sum((p.amount for p in charges), ZERO), sum((p.fee for p in charges), ZERO), sum((r.total for r in refunds), ZERO),
        sum((d.amount + d.fee for d in disputes), ZERO), rate,
    )  # fmt: skip
    for item in [*charges, *refunds, *disputes]:
        item.payout = payout.id
    return payout


def _dispute(web: Web) -> Dispute:
    order = next(o for o in web.orders if o.store == "us" and o.total == Decimal("60.00"))
    payment = next(p for p in web.payments if p.order == order.id)
    opened = order.placed + timedelta(days=4)
    lost = opened + timedelta(days=12)
    return Dispute("dp_0001", payment.id, order.id, payment.amount, DISPUTE_FEE, "USD", payment.gateway, opened, lost, rate_on(opened))


