# ruff: noqa: PLR2004 - the dice of an invented company need no names
"""The shops' January: 600 receipts of two stores, and a few of a franchise that uses the same till system."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

from pipelines.sandbox.settle import bank_days
from pipelines.sandbox.trade import FIRST_MOMENT, ZERO, Line, Receipt, Settlement, Till, line_of
from pipelines.sandbox.world import DAYS, GIFT_CARD, World, cents, dice, moment

RECEIPTS = 600
FRANCHISE = "S90"
FIVE_PENCE = Decimal("0.05")
TERMINAL_SHARE = Decimal("0.012")


def till_month(world: World) -> Till:
    """Receipts in the order of their numbers, and the terminal's settlements of the company's own stores."""
    rng = dice("till")
    times = sorted(moment(rng, rng.randrange(DAYS), 9, 18) for _ in range(RECEIPTS))
    till = Till()
    for at in times:
        till.receipts.append(_receipt(rng, world, till, at))
    giver = next(r for r in till.receipts[200:] if r.tender == "cash" and r.store == "S01" and not r.by_gift_card)
    giver.donation = Decimal("2.00")
    till.settlements = _settlements(till)
    return till


def _receipt(rng: random.Random, world: World, till: Till, at: datetime) -> Receipt:
    number = f"R{len(till.receipts) + 1:05}"
    store = FRANCHISE if len(till.receipts) % 50 == 49 else f"S0{rng.randrange(1, 3)}"
    cashier = rng.choice(world.staff).number
    before = [r for r in till.receipts if r.kind == "SALE" and r.store == store and r.lines and not r.original]
    if len(before) > 10 and rng.random() < 0.03:
        return _return(rng.choice(before), number, cashier, at)
    lines = _basket(rng, world)
    tip = Decimal(rng.choice(("1.00", "2.00"))) if rng.random() < 0.04 else ZERO
    customer = rng.choice(world.customers).number if rng.random() < 0.3 else ""
    cards = 1 if rng.random() < 0.03 else 0
    receipt = Receipt(number, "SALE", store, f"{store}-{rng.randrange(1, 3)}", cashier, at, lines, tip, cards, "card", ZERO, ZERO, customer)
    _take(rng, receipt, till)
    return receipt


def _basket(rng: random.Random, world: World) -> list[Line]:
    """One to six things; now and then the same thing is scanned twice and gives two rows that are alike."""
    goods = [p for p in world.products if p.sku != GIFT_CARD]
    lines = []
    for product in rng.sample(goods, rng.choice((1, 1, 2, 2, 3, 4, 6))):
        quantity = rng.choice((1, 1, 1, 2))
        off = cents(product.gbp * quantity / 5) if rng.random() < 0.08 else ZERO
        line = line_of(product, quantity, product.gbp, off, inclusive=True)
        lines += [line] * (2 if rng.random() < 0.03 else 1)
    return lines


def _take(rng: random.Random, receipt: Receipt, till: Till) -> None:
    """Cash is rounded to five pence, which is the shops' own rule; a gift card sold before may pay a part."""
    sold = sum(r.gift_cards for r in till.receipts) - sum(r.by_gift_card > 0 for r in till.receipts)
    if sold and receipt.total > 30 and receipt.store != FRANCHISE and rng.random() < 0.1:
        receipt.by_gift_card = Decimal("25.00")
    if rng.random() < 0.35:
        receipt.tender = "cash"
        due = receipt.total - receipt.by_gift_card
        receipt.rounding = (due / FIVE_PENCE).quantize(Decimal(1), ROUND_HALF_UP) * FIVE_PENCE - due


def _return(sale: Receipt, number: str, cashier: str, at: datetime) -> Receipt:
    """The first line of an earlier receipt comes back, to the card."""
    return Receipt(
        number, "RETURN", sale.store, sale.register, cashier, at, sale.lines[:1], ZERO, 0, "card", ZERO, ZERO, sale.customer, sale.number
    )


def _settlements(till: Till) -> list[Settlement]:
    """Each day's card takings, issued the next morning, at the bank one working day later."""
    made = []
    for day in range(DAYS - 1):
        start = FIRST_MOMENT + timedelta(days=day)
        today = [r for r in till.receipts if start <= r.at < start + timedelta(days=1) and r.tender == "card" and r.store != FRANCHISE]
        gross = sum((r.paid for r in today if r.kind == "SALE"), ZERO)
        back = sum((r.paid for r in today if r.kind == "RETURN"), ZERO)
        issued = start + timedelta(days=1, hours=5)
        made.append(Settlement(f"TS-{start:%Y%m%d}", issued, bank_days(issued, 1), gross, back, cents(gross * TERMINAL_SHARE)))
    return made
