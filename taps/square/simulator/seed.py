"""Sellers with a past, made from a seed: a few articles, buyers and people, and as many orders as asked for."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

from taps._kit.simulator import Clock
from taps.square.moments import instant, written
from taps.square.simulator.floor import hire
from taps.square.simulator.past import Past
from taps.square.simulator.service import SquareSimulator
from taps.square.simulator.shop import Shop
from taps.square.simulator.tickets import Item, Ticket, rung_up

Body = dict[str, Any]

_ARTICLES = (("Mug", 1450, "MUG-1"), ("Marble tray", 8900, "TRAY-1"), ("Moss lamp", 12500, "LAMP-1"), ("Postcard", 150, None))
_EVER = datetime(2009, 1, 1, tzinfo=UTC)
_RECENT = 200
"""Orders that something may still happen to."""
_BUYERS = (("Ada", "Lovelace"), ("Grace", "Hopper"), ("Mary", "Shelley"))


def company(orders: int = 10, *, seed: int = 0, clock: Clock | None = None, country: str = "US") -> SquareSimulator:
    """A seller with so many paid orders, the last of them an hour ago, one each forty seconds and each tenth at the same instant."""
    simulator = SquareSimulator(clock=clock, country=country)
    shop = simulator.shop
    for name, price, sku in _ARTICLES:
        shop.article(name, price, sku, 2 if sku == "MUG-1" else 1)
    for given, family in _BUYERS:
        shop.buyer(given, family)
    hire(shop, "Rosa", "Parks", "E-1")
    hire(shop, "Alan", "Turing")
    if orders:
        _past(shop, orders, seed)
    return simulator


def _past(shop: Shop, orders: int, seed: int) -> None:
    variations = [(each["id"], each["item_variation_data"]) for each in shop.variations()]
    places, buyers = tuple(shop.locations), tuple(shop.customers.rows)
    end = shop.clock() - timedelta(hours=1)
    shop.count += 2 * orders

    def at(number: int) -> str:
        return written(end - timedelta(seconds=40 * ((orders - 1 - number) // 10 * 10)))

    def sale(number: int) -> tuple[Body, Body]:
        return _sale(shop, random.Random(f"{seed}/{number}"), number, at(number), variations, places[number % len(places)], buyers)  # noqa: S311

    shop.orders.remember(Past(orders, "ORDP", at, lambda number: sale(number)[0], places))
    shop.payments.remember(Past(orders, "PAYP", at, lambda number: sale(number)[1], places))


def _sale(
    shop: Shop, chance: random.Random, number: int, at: str, variations: list[tuple[str, Body]], place: str, buyers: tuple[str, ...]
) -> tuple[Body, Body]:
    """An order of long ago and its payment."""
    chosen = chance.choices(variations, k=chance.randrange(1, 4))
    items = [Item(data["name"], data["price_money"]["amount"], chance.randrange(1, 3), key) for key, data in chosen]
    cash = number % 5 == 4  # noqa: PLR2004 (each fifth)
    ticket = Ticket(
        items,
        shop.currency,
        shop.tax,
        discount_percentage="10" if number % 7 == 3 else "",  # noqa: PLR2004
        service_charge_percentage="5" if number % 11 == 5 else "",  # noqa: PLR2004
        tip=0 if cash else chance.choice((0, 0, 200, 500)),
        cash_rounding=shop.coin if cash else 0,
    )
    order: Body = {"id": f"ORDP{number:07d}", "location_id": place, "source": {"name": "Square Point of Sale"}}
    if number % 3 == 0:
        order["customer_id"] = buyers[number % len(buyers)]
    order |= rung_up(ticket)
    payment = shop.paid(order, "CASH" if cash else "CARD", f"PAYP{number:07d}", at)
    order |= {"tenders": [shop.tender(order, payment)], "created_at": at, "updated_at": at, "closed_at": at, "state": "COMPLETED"}
    return {**order, "version": 1, "net_amount_due_money": shop.money(0)}, payment


def history(shop: Shop, chance: random.Random) -> None:
    """One random event at the till: a sale, a change of an order, goods that come back, an exchange."""
    recent = [shop.orders.rows[key].body() for _at, key in shop.orders.since("created_at", _EVER)[-_RECENT:]]
    sold = [order for order in recent if order.get("tenders") and order.get("line_items") and not order.get("returns")]
    what = chance.choice(("sell", "sell", "touch", "touch", "back", "exchange")) if sold else "sell"
    place = chance.choice(list(shop.locations))
    if what == "sell":
        shop.sell(shop.ticket(chance, tip=chance.choice((0, 300))), place, source=chance.choice(("CARD", "CASH")))
        return
    order = chance.choice(sold)
    if what == "touch":
        shop.touch(order["id"])
    else:
        shop.take_back(order["id"], [0], exchange=shop.ticket(chance) if what == "exchange" else None)


def paid_before(shop: Shop, hours: int) -> list[Body]:
    """Card payments older than so many hours: those that a payout would settle."""
    until = shop.clock() - timedelta(hours=hours)
    return [row for row in shop.payments.truth() if row["source_type"] == "CARD" and instant(row["created_at"]) <= until]
