"""Vendure in the sandbox: a web shop with orders in every state."""

from __future__ import annotations

from taps._kit.simulator import Clock
from taps._kit.trial import Trial
from taps.vendure.simulator import PASSWORD, USER, VendureSimulator
from taps.vendure.simulator.life import happen


def _make(clock: Clock, seed: int, orders: int) -> VendureSimulator:
    clock.forward(days=-30)  # its past goes on by a second for each event, and may not end after now
    return VendureSimulator(orders, seed=seed, clock=clock)


TRIAL = Trial(
    make=_make,
    config=lambda url: {"base_url": url, "private_network": True},
    secrets={"username": USER, "password": PASSWORD},
    lookups={"vendure_payment_methods": {"card-payment": "card", "standard-payment": "card"}},
    happen=lambda simulator, chance: happen(simulator.world, chance),
)
