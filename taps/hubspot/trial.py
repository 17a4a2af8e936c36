"""HubSpot in the sandbox: firms, people and deals with their line items; deals are won while somebody looks."""

from __future__ import annotations

import random
from typing import Any

from taps._kit.trial import Trial
from taps.hubspot.simulator import company

_LINE = {"name": "Mug", "hs_sku": "MUG-1", "quantity": "2", "price": "14.50"}


def _happen(simulator: Any, chance: random.Random) -> None:
    portal = simulator.portal
    deal = portal.create("deals", {"dealname": f"Mugs {chance.randrange(10_000)}", "dealstage": "closedwon"})
    portal.create("line_items", _LINE, {"deals": [deal.id]})


TRIAL = Trial(
    make=lambda clock, seed, orders: company(orders, seed=seed, clock=clock),
    config=lambda url: {"base_url": url, "private_network": True},
    secrets={"access_token": "pat-na1-hubspot-1"},
    happen=_happen,
)
