"""A company by seed: places, goods, buyers, and orders over some weeks with all that happens to orders."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from decimal import Decimal

from taps._kit.simulator import Clock
from taps.shopify.simulator.archive import Archive
from taps.shopify.simulator.things import UK, US, Buyer, Carriage, Line, Order, Place, Product, Variant, part
from taps.shopify.simulator.world import PAYMENTS, World

_FIRST = ("Ada", "Ben", "Cleo", "Dan", "Eve", "Finn", "Gwen", "Hugo", "Iris", "Jon")
_LAST = ("Archer", "Baker", "Cole", "Dyer", "Ellis", "Frost", "Glover", "Hale", "Ives", "Judd")
_GOODS = ("Kettle", "Lantern", "Mug", "Blanket", "Candle", "Tray", "Clock", "Basket", "Vase", "Hook")
_SIZES = ("Small", "Large")
_US_TAXES, _UK_TAXES = (("NY State Tax", "0.04"), ("Albany County Tax", "0.04")), (("UK VAT", "0.2"),)


LIVING = 2_000
"""So many orders of a company live; older ones lie in its archive, however many they are."""


def found_company(world: World, clock: Clock, orders: int, seed: int, days: int) -> Archive:
    """Fill an empty shop, with 10 orders or 1,000,000; the clock ends where it stood. The archive holds all but the last of them."""
    chance = random.Random(seed)  # noqa: S311 (chance to be repeated, not secrecy)
    end = clock.now
    clock.now = start = end - timedelta(days=days)
    _people_and_goods(world, clock.now, chance, max(min(orders // 5, 2000), 6))
    step = timedelta(days=days) / max(orders, 1)
    archive = Archive(world, max(orders - LIVING, 0), seed, start, step, _lived)
    world.orders.old, world.orders.taken = archive.by_id, archive.take_out
    for number in range(archive.size, orders):
        clock.now = max(clock.now, start + step * number)
        live(world, place(world, chance), chance)
        if clock.now.date() != (clock.now - step).date():
            world.pay_out()
    clock.now = end
    return archive


def _lived(world: World, chance: random.Random) -> Order:
    order = place(world, chance)
    live(world, order, chance)
    return order


def _people_and_goods(world: World, now: datetime, chance: random.Random, buyers: int) -> None:
    world.places += [
        Place(world.number(), "Warehouse", US, now, now, online=True),
        Place(world.number(), "Harbour Store", US, now, now),
        Place(world.number(), "Bristol Store", UK, now, now),
    ]
    for index, title in enumerate((*_GOODS, "Gift Card")):
        gift = title == "Gift Card"
        product = Product(world.number(), title, "Harbour", title, now, now, gift, description=f"A {title.lower()}.")
        for place_in, size in enumerate(_SIZES):
            sku = f"{title[:3].upper()}-{index:02d}{size[0]}"
            price = 5000 if gift else chance.randrange(400, 9000)
            made = Variant(world.number(), product, sku, size, price + 300 * place_in, 0 if gift else price // 2, now, not gift)
            if not gift:
                made.stock = {place.id: 10_000 for place in world.places}
            product.variants.append(made)
        world.add_product(product)
    for index in range(buyers):
        first, last = _FIRST[index % 10], _LAST[index // 10 % 10]
        company = f"{last} Ltd" if index % 7 == 6 else ""  # noqa: PLR2004 (one in seven)
        country = UK if index % 3 == 2 else US  # noqa: PLR2004 (one in three)
        world.add_buyer(Buyer(world.number(), first, last, f"{first}.{last}.{index}@example.com".lower(), country, now, now, company))


def place(world: World, chance: random.Random, lines: int | None = None) -> Order:
    """A new order: over the counter, or on the web in the shop's currency or the buyer's."""
    now = world.clock()
    over_counter = chance.random() < 0.2  # noqa: PLR2004 (one in five)
    buyer = None if over_counter and chance.random() < 0.7 else chance.choice(list(world.buyers.values()))  # noqa: PLR2004 (most)
    british = buyer is not None and buyer.country == UK and not over_counter
    currency, rate = ("GBP", Decimal("0.79")) if british else ("USD", Decimal(1))
    shop = world.places[1] if over_counter else None
    order = Order(0, 0, now, now, buyer, shop, currency, rate, british, "pos" if over_counter else "web")
    for _ in range(lines or chance.choice((1, 1, 2, 3, 4))):
        order.lines.append(line_of(world, order, chance))
    if chance.random() < 0.25:  # noqa: PLR2004 (one in four)
        order.code, order.percent = "WELCOME10", "10"
        for line in order.lines:
            line.discount = part(line.quantity * line.price, 10, 100)
            line.taxes = taxes(order, line.net) if line.taxes else ()
    if not over_counter:
        order.shipping = [Carriage(world.number(), order, "Standard", 595, 0, taxes(order, 595))]
    if over_counter and chance.random() < 0.3:  # noqa: PLR2004 (some tip)
        order.tip = 200
    if british and chance.random() < 0.2:  # noqa: PLR2004 (some goods pay duty)
        order.lines[0].duty = 310
    if chance.random() < 0.05:  # noqa: PLR2004 (a few)
        order.fees = [Carriage(world.number(), order, "Recycling fee", 45, 0, taxes(order, 45))]
    order.test = chance.random() < 0.02  # noqa: PLR2004 (a few)
    return world.place_order(order)


def line_of(world: World, order: Order, chance: random.Random) -> Line:
    """Some units of some variant, with their taxes."""
    product = chance.choice(list(world.products.values()))
    variant = chance.choice(product.variants)
    line = Line(
        world.number(), order, variant, product.title, variant.sku, chance.randrange(1, 4), variant.price, gift_card=product.gift_card
    )
    if not product.gift_card:
        line.taxes = taxes(order, line.net)
    return line


def taxes(order: Order, net: int) -> tuple[tuple[str, str, int], ...]:
    """What an amount bears: inside it, or on top."""
    if order.inclusive:
        return tuple((title, rate, net - part(net, 100, 100 + int(Decimal(rate) * 100))) for title, rate in _UK_TAXES)
    return tuple((title, rate, part(net, int(Decimal(rate) * 1000), 1000)) for title, rate in _US_TAXES)


def live(world: World, order: Order, chance: random.Random) -> None:
    """What becomes of an order in its first days: paid, shipped, sometimes taken back."""
    fate = chance.random()
    if fate < 0.05:  # noqa: PLR2004 (not paid yet)
        return
    _paid(world, order, chance)
    if fate < 0.09:  # noqa: PLR2004 (cancelled)
        world.cancel(order)
        return
    if order.place is None and fate < 0.85:  # noqa: PLR2004 (most are shipped)
        world.fulfil(order, world.places[0])
    if 0.75 < fate < 0.85:  # noqa: PLR2004 (one in ten comes back)
        world.refund(order, [(order.lines[0], 1)], shipping=fate > 0.8, keep=100 if fate > 0.83 else 0)  # noqa: PLR2004 (some whole, some less)
    elif 0.85 < fate < 0.9:  # noqa: PLR2004 (edited before it is shipped)
        world.edit(order, remove=order.lines[-1])
    elif fate > 0.98:  # noqa: PLR2004 (a few are disputed)
        world.quarrel(order)


def _paid(world: World, order: Order, chance: random.Random) -> None:
    if order.place is not None and chance.random() < 0.4:  # noqa: PLR2004 (cash)
        order.rounding = -(order.total % 5)
        world.pay(order, "cash")
        return
    if chance.random() < 0.1:  # noqa: PLR2004 (a gift card pays a part)
        world.pay(order, "gift_card", min(1000, order.total))
    if order.total > order.received:
        gateway = "paypal" if chance.random() < 0.1 else PAYMENTS  # noqa: PLR2004 (a few)
        world.pay(order, gateway, authorize=chance.random() < 0.5)  # noqa: PLR2004 (half)
