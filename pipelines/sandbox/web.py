"""The web shop's January: orders of two stores, one in GBP with the tax inside the price, one in USD with the tax on top."""

from __future__ import annotations

def _spread(rng: random.Random, lines: list[Line], off: Decimal) -> None:
    """A fixed amount off the order, shared by largest remainder in line order."""
    del rng
    whole = sum((line.gross for line in lines), ZERO)
    exact = [off * line.gross / whole for line in lines]
    shares = [value.quantize(CENT, "ROUND_DOWN") for value in exact]
    left = int((off - sum(shares, ZERO)) / CENT)
    for n in sorted(range(len(lines)), key=lambda i: (shares[i] - exact[i], i))[:left]:
        shares[n] += CENT
    for line, share in zip(lines, shares, strict=True):
        line.discount = share


def _basket(rng: random.Random, world: World, store: str, *, inclusive: bool) -> list[Line]:
    goods = [p for p in world.products if p.sku != GIFT_CARD]
    picks = rng.sample(goods, rng.choice((1, 1, 2, 2, 3, 4, 5)))
    return [_web_line(p, rng.choice((1, 1, 1, 2, 3)), ZERO, store, inclusive=inclusive) for p in picks]


def _web_line(product: Product, quantity: int, discount: Decimal, store: str, *, inclusive: bool) -> Line:
    price = product.gbp if store == "uk" else product.usd
    taxed = product.tax if store == "uk" or product.sku == GIFT_CARD else US_STATE
    return line_of(product, quantity, price, discount, inclusive=inclusive, tax_code=taxed)


def _discounted(rng: random.Random, lines: list[Line]) -> str:
    """Perhaps a voucher code; taxes are computed again."""
    code = rng.choice(("", "", "", "JAN10", "FIVER"))
    if code == "JAN10":
        for line in lines:
            line.discount = cents(line.gross / 10)
    elif code == "FIVER" and sum((line.gross for line in lines), ZERO) > 5:
        _spread(rng, lines, Decimal("5.00"))
    else:
        return ""
    for line in lines:
        line.tax = tax_of(line.gross - line.discount, line.tax_code, inclusive=line.inclusive)
    return code


def _order(rng: random.Random, world: World, number: int, placed: datetime) -> Order:
    store = "uk" if rng.random() < 0.7 else "us"
    inclusive = store == "uk"
    buyers = [c for c in world.customers if (c.country == "GB") == inclusive]
    order = Order(str(number), store, placed, rng.choice(buyers) if rng.random() < 0.85 else None, [])
    order.lines = _basket(rng, world, store, inclusive=inclusive)
    order.code = _discounted(rng, order.lines)
    if rng.random() < 0.06:
        order.lines.append(_web_line(_gift(world), 1, ZERO, store, inclusive=inclusive))
    if sum((line.total for line in order.lines), ZERO) < 60:
        order.shipping = Decimal("3.99") if inclusive else Decimal("8.00")
        order.shipping_tax = tax_of(order.shipping, UK_STANDARD if inclusive else US_STATE, inclusive=inclusive)
    if rng.random() < (0.03 if inclusive else 0.2):
        order.tip = Decimal(rng.choice((1, 2, 3, 5)))
    order.rate = None if inclusive else rate_on(placed)
    shipped = placed + timedelta(hours=rng.randrange(6, 80))
    order.shipped = shipped if shipped < FIRST_MOMENT + timedelta(days=DAYS) else None
    return order


def _gift(world: World) -> Product:
    return next(p for p in world.products if p.sku == GIFT_CARD)


def _orders(world: World) -> list[Order]:
    """400 of the month after a few of December; ids follow time, as a shop gives them."""
    rng = dice("web orders")
    times = sorted(moment(rng, -rng.randrange(1, 9)) for _ in range(10)) + sorted(moment(rng, rng.randrange(DAYS), 6, 24) for _ in range(400))
    return [_order(rng, world, 5001 + n, at) for n, at in enumerate(times)]


def _worked_examples(world: World, orders: list[Order]) -> None:
    """The documentation's worked examples are orders of this month too: 110.84 with tip and gift card, 60.00 disputed, 25.59 with VAT."""
    january = [o for o in orders if o.placed >= FIRST_MOMENT]
    us, uk = [o for o in january if o.store == "us"], [o for o in january if o.store == "uk"]
    gift, tipped, disputed, vat = us[0], us[3], us[5], uk[4]
    product = world.products[0]
    gift.lines, gift.shipping, gift.shipping_tax, gift.tip, gift.code = [_web_line(_gift(world), 1, ZERO, "us", inclusive=False)], ZERO, ZERO, ZERO, ""
    tipped.lines = [line_of(product, 2, Decimal("50.00"), Decimal("10.00"), inclusive=False, tax_code=US_STATE)]
    tipped.shipping, tipped.shipping_tax, tipped.tip, tipped.code = Decimal("8.00"), Decimal("0.64"), Decimal("5.00"), "TENOFF"
    disputed.lines = [line_of(world.products[20], 1, Decimal("55.56"), ZERO, inclusive=False, tax_code=US_STATE)]
    disputed.shipping, disputed.shipping_tax, disputed.tip, disputed.code = ZERO, ZERO, ZERO, ""
    vat.lines = [line_of(product, 1, Decimal("24.00"), Decimal("2.40"), inclusive=True, tax_code=UK_STANDARD)]
    vat.shipping, vat.shipping_tax, vat.tip, vat.code = Decimal("3.99"), Decimal("0.67"), ZERO, "JAN10"


def edited(order: Order, world: World) -> Order:
    """The same order as it was first exported: its last line had one piece more."""
    first = replace(order, earlier=[], version=1)
    last = order.lines[-1]
    more = replace(last, quantity=last.quantity + 1)
    more.tax = tax_of(more.gross - more.discount, more.tax_code, inclusive=more.inclusive)
    first.lines = [*order.lines[:-1], more]
    del world
    return first


def web_month(world: World) -> Web:
    """The month, without anything wrong in it; `oddities` plants what is wrong."""
    web = Web(orders=_orders(world))
    _worked_examples(world, web.orders)
    web.payments = _payments(web.orders)
    web.refunds = _refunds(web.orders, web.payments)
    web.disputes = [_dispute(web)]
    web.payouts = _payouts(web)
    return web
