"""InvenTree in the sandbox: the goods of the till and of the web shop on the shelves of a store and a warehouse."""

from __future__ import annotations

from taps._kit.simulator import Clock
from taps._kit.trial import Trial
from taps.inventree.simulator import InvenTreeSimulator

_GOODS = (("MUG-1", "Mug"), ("MUG-1-1", "Mug, large"), ("TRAY-1", "Marble tray"), ("LAMP-1", "Moss lamp"))


def _make(clock: Clock, _seed: int, _orders: int) -> InvenTreeSimulator:
    made = InvenTreeSimulator(clock=clock)
    places = [made.seed_location(name) for name in ("Store", "Warehouse")]
    for number, name in _GOODS:
        part = made.seed_part(number, name)
        for place in places:
            made.seed_item(part, place, "100000")
    return made


TRIAL = Trial(
    make=_make,
    config=lambda url: {"base_url": url, "private_network": True},
    secrets={"token": "inventree-token"},
    writes={"location": "Store"},
)
