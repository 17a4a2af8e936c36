"""What happens in a shop by chance."""

from __future__ import annotations

import random
from collections.abc import Callable

from taps.vendure.simulator.world import Order, World

_FEW = 3
_NEW, _LEFT = 0.35, 0.1
"""How many events are a new cart, and how many of these carts are never placed."""


def _refunded(world: World, order: Order) -> None:
    for refund in order.payments[0].refunds[:1]:
        world.settle_refund(order, refund)


def _forwarded(world: World, order: Order, state: str) -> None:
    for parcel in order.parcels[-1:]:
        world.forward(order, parcel, state)


_EVENTS: tuple[Callable[[World, Order, random.Random, int], object], ...] = (
    lambda world, order, _chance, _place: world.settle(order),
    lambda world, order, _chance, _place: world.settle(order),
    lambda world, order, chance, place: world.refund(order, [(place, 1)], shipping=chance.choice((0, 500)), reason="damaged"),
    lambda world, order, chance, _place: world.refund(order, [], chance.choice((100, 777)), reason="goodwill"),
    lambda world, order, _chance, _place: _refunded(world, order),
    lambda world, order, _chance, place: world.fulfil(order, [(place, 1)]),
    lambda world, order, _chance, _place: _forwarded(world, order, "Shipped"),
    lambda world, order, _chance, _place: _forwarded(world, order, "Delivered"),
    lambda world, order, _chance, place: world.cancel(order, [(place, 1)], shipping=False),
    lambda world, order, _chance, _place: world.cancel(order),
    lambda world, order, _chance, _place: world.note(order),
)
"""Money is taken and given back, goods leave, orders are cancelled in part and as a whole."""


def happen(world: World, chance: random.Random) -> None:
    """One event of a shop's life."""
    placed = [order for order in world.orders if order.placed]
    if len(placed) < _FEW or chance.random() < _NEW:
        wanted = [(sku, chance.randint(1, 3)) for sku in chance.sample(sorted(world.variants), chance.randint(1, 3))]
        email = f"ann{chance.randint(1, 5)}@example.com"
        (world.cart if chance.random() < _LEFT else world.place)(email, wanted)
    else:
        order = chance.choice(placed)
        chance.choice(_EVENTS)(world, order, chance, chance.randrange(len(order.lines)))
