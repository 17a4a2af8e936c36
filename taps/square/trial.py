"""Square in the sandbox: a till in two American towns, and a payout on its way to the bank."""

from __future__ import annotations

from datetime import UTC, datetime

from taps._kit.simulator import Clock
from taps._kit.trial import Trial
from taps.square.simulator import SquareSimulator, company
from taps.square.simulator.seed import history

_EVER = datetime(2009, 1, 1, tzinfo=UTC)
_PAID_OUT = 200
"""Payments of the newest payout."""


def _make(clock: Clock, seed: int, orders: int) -> SquareSimulator:
    made = company(orders, seed=seed, clock=clock)
    shop = made.shop
    for place in shop.locations:
        newest = [shop.payments.get(key) for _at, key in shop.payments.since("created_at", _EVER, place)[-_PAID_OUT:]]
        cards = [payment for payment in newest if payment and payment["source_type"] == "CARD"]
        if cards:
            shop.settle(cards, place)
    return made


TRIAL = Trial(
    make=_make,
    config=lambda url: {"base_url": url, "private_network": True},
    secrets={
        "access_token": "square-access-1",
        "refresh_token": "square-refresh-1",
        "client_id": "square-app",
        "client_secret": "square-app-secret",
    },
    happen=lambda simulator, chance: history(simulator.shop, chance),
)
