"""InvenTree with seven stock items, read three at a time."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from taps._kit.simulator import Simulator
from taps.inventree.simulator import InvenTreeSimulator
from taps.inventree.simulator.tables import instant
from tests.contract.samples.remote_tap import RemoteTapSample


def simulator() -> InvenTreeSimulator:
    made = InvenTreeSimulator()
    part, place = made.seed_part("MUG", "Mug"), made.seed_location("Store")
    assert (part, place) == (2, 3)
    for number in range(7):
        made.seed_item(part, place, str(number + 1))
        made.clock.forward(seconds=1)
    return made


def _of(body: dict[str, Any]) -> str:
    return f"{Decimal(str(body['quantity'])).normalize():f}|{body['location']}"


def _change(simulator: Simulator, key: str) -> None:
    made: Any = simulator
    item = made.tables.items[int(key)]
    item["quantity"] += 10
    item["updated"] = instant(made.clock())


def _delete(simulator: Simulator, key: str) -> None:
    made: Any = simulator
    del made.tables.items[int(key)]


def sample() -> RemoteTapSample:
    return RemoteTapSample(
        tap="inventree",
        stream="stock_items",
        simulator=simulator,
        config=lambda url: {"base_url": url, "private_network": True, "page_size": 3},
        secrets={"token": "inventree-token"},
        wrong_secrets={"token": "no-such-token"},
        truth=lambda simulator: {str(pk): _of(row) for pk, row in simulator.tables.items.items()},  # type: ignore[attr-defined]
        version_of=_of,
        add=lambda simulator: str(simulator.seed_item(2, 3, "50")),  # type: ignore[attr-defined]
        change=_change,
        delete=_delete,
        future=lambda state: {**state, "read": 10**9},
        personal="counterfoil@example.com",
    )
