# ruff: noqa: PLR2004 - the dice of an invented company need no names
"""The web shop's January: orders of two stores, one in GBP with the tax inside the price, one in USD with the tax on top."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import ROUND_DOWN, Decimal

from pipelines.sandbox.trade import FIRST_MOMENT, ZERO, Line, Order, line_of, rate_on, tax_of
from pipelines.sandbox.world import CENT, DAYS, GIFT_CARD, UK_STANDARD, US_STATE, Product, World, cents, dice, moment

BEFORE, DURING = 10, 400
"""Orders of December (known, never booked) and of January."""


def web_orders(world: World) -> list[Order]:
    """All orders as they stand at the end of the month; ids follow time, as a shop gives them."""
    rng = dice("web orders")
    times = sorted(moment(rng, -rng.randrange(1, 9)) for _ in range(BEFORE)) + sorted(
        moment(rng, rng.randrange(DAYS), 6) for _ in range(DURING)
    )
    orders = [_order(rng, world, 5001 + n, at) for n, at in enumerate(times)]
    _worked_examples(world, orders)
    _oddly_paid(orders)
    return orders


def as_first_exported(order: Order) -> Order:
    """The order before its customer changed it: the last line had one piece more."""
    last = order.lines[-1]
    more = replace(last, quantity=last.quantity + 1)
    more.tax = tax_of(more.gross - more.discount, more.tax_code, inclusive=more.inclusive)
    return replace(order, lines=[*order.lines[:-1], more])


def _order(rng: random.Random, world: World, number: int, placed: datetime) -> Order:
    store = "uk" if rng.random() < 0.7 else "us"
    inclusive = store == "uk"
    buyers = [c for c in world.customers if (c.country == "GB") == inclusive]
    order = Order(str(number), store, placed, rng.choice(buyers) if rng.random() < 0.85 else None, _basket(rng, world, store))
    order.code = _discounted(rng, order.lines)
    if rng.random() < 0.06:
        order.lines.append(_line(_gift_card(world), 1, store))
    if sum((line.total for line in order.lines), ZERO) < 60:
        order.shipping = Decimal("3.99") if inclusive else Decimal("8.00")
        order.shipping_tax = tax_of(order.shipping, UK_STANDARD if inclusive else US_STATE, inclusive=inclusive)
    if rng.random() < (0.03 if inclusive else 0.2):
        order.tip = Decimal(rng.choice(("1.00", "2.00", "3.00", "5.00")))
    order.rate = None if inclusive else rate_on(placed)
    shipped = placed + timedelta(hours=rng.randrange(6, 80))
    order.shipped = shipped if shipped < FIRST_MOMENT + timedelta(days=DAYS) else None
    return order


def _basket(rng: random.Random, world: World, store: str) -> list[Line]:
    goods = [p for p in world.products if p.sku != GIFT_CARD]
    picks = rng.sample(goods, rng.choice((1, 1, 2, 2, 3, 4, 5)))
    return [_line(p, rng.choice((1, 1, 1, 2, 3)), store) for p in picks]


def _line(product: Product, quantity: int, store: str) -> Line:
    price = product.gbp if store == "uk" else product.usd
    code = product.tax if store == "uk" or product.sku == GIFT_CARD else US_STATE
    return line_of(product, quantity, price, ZERO, inclusive=store == "uk", tax_code=code)


def _gift_card(world: World) -> Product:
    return next(p for p in world.products if p.sku == GIFT_CARD)


def _discounted(rng: random.Random, lines: list[Line]) -> str:
    """Perhaps a voucher code, a tenth off each line or five off the order; then the taxes are computed again."""
    code = rng.choice(("", "", "", "JAN10", "FIVER"))
    if code == "FIVER" and sum((line.gross for line in lines), ZERO) <= 5:
        return ""
    if code == "JAN10":
        for line in lines:
            line.discount = cents(line.gross / 10)
    if code == "FIVER":
        _share_out(lines, Decimal("5.00"))
    for line in lines:
        line.tax = tax_of(line.gross - line.discount, line.tax_code, inclusive=line.inclusive)
    return code


def _share_out(lines: list[Line], off: Decimal) -> None:
    """An amount off the order, shared by largest remainder; ties go to the earlier line."""
    whole = sum((line.gross for line in lines), ZERO)
    exact = [off * line.gross / whole for line in lines]
    shares = [value.quantize(CENT, ROUND_DOWN) for value in exact]
    left = int((off - sum(shares, ZERO)) / CENT)
    for n in sorted(range(len(lines)), key=lambda i: (shares[i] - exact[i], i))[:left]:
        shares[n] += CENT
    for line, share in zip(lines, shares, strict=True):
        line.discount = share


def _worked_examples(world: World, orders: list[Order]) -> None:
    """The worked examples of the posting rules are orders of this month too.

    110.84 with discount, tip and gift card; 60.00, charged back later; 25.59 with the tax inside. The gift card is sold first.
    """
    january = [o for o in orders if o.placed >= FIRST_MOMENT]
    us, uk = [o for o in january if o.store == "us"], [o for o in january if o.store == "uk"]
    board, lamp = world.products[0], world.products[20]
    gift, tipped, disputed, vat = us[0], us[3], us[5], uk[4]
    for order in (gift, tipped, disputed, vat):
        order.shipping, order.shipping_tax, order.tip, order.code, order.pays = ZERO, ZERO, ZERO, "", "card"
    gift.lines = [_line(_gift_card(world), 1, "us")]
    tipped.lines = [line_of(board, 2, Decimal("50.00"), Decimal("10.00"), inclusive=False, tax_code=US_STATE)]
    tipped.shipping, tipped.shipping_tax, tipped.tip = Decimal("8.00"), Decimal("0.64"), Decimal("5.00")
    tipped.code, tipped.pays = "TENOFF", "gift_card"
    disputed.lines = [line_of(lamp, 1, Decimal("55.56"), ZERO, inclusive=False, tax_code=US_STATE)]
    vat.lines = [line_of(board, 1, Decimal("24.00"), Decimal("2.40"), inclusive=True, tax_code=UK_STANDARD)]
    vat.shipping, vat.shipping_tax, vat.code = Decimal("3.99"), Decimal("0.67"), "JAN10"


def _oddly_paid(orders: list[Order]) -> None:
    """Three orders of the shop's testers, one that a voucher makes free, one paid by a means that nobody mapped."""
    january = [o for o in orders if o.placed >= FIRST_MOMENT and not o.pays]
    for order in (january[60], january[180], january[300]):
        order.test, order.pays, order.shipped = True, "nothing", None
    goods = [o for o in january[90:] if o.store == "uk" and not o.pays and all(line.sku != GIFT_CARD for line in o.lines)]
    free, barter = goods[0], goods[40]
    barter.pays = "seashells"
    free.code, free.pays, free.tip, free.shipping, free.shipping_tax = "FREEBIE", "nothing", ZERO, ZERO, ZERO
    for line in free.lines:
        line.discount, line.tax = line.gross, ZERO
