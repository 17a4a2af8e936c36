"""Shopify in the sandbox: a month of a web shop, with what buyers do to their orders."""

from __future__ import annotations

import random
from typing import Any

from taps._kit.trial import Trial
from taps.shopify.simulator import TOKEN, ShopifySimulator
from taps.shopify.simulator.company import live, place

_ENOUGH = 10**9
"""Points of the bucket: in a trial nobody waits for them."""


def _happen(simulator: Any, chance: random.Random) -> None:
    world = simulator.world
    if world.orders and chance.random() < 0.5:  # noqa: PLR2004 (as often as not)
        live(world, world.orders[chance.choice(sorted(world.orders)[-200:])], chance)
    else:
        live(world, place(world, chance), chance)


TRIAL = Trial(
    make=lambda clock, seed, orders: ShopifySimulator(orders, seed=seed, bucket=_ENOUGH, clock=clock),
    config=lambda url: {"base_url": url, "private_network": True},
    secrets={"access_token": TOKEN},
    lookups={"shopify_gateways": {"Klarna": "wallet"}},
    happen=_happen,
)
