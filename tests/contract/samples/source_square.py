"""A seller at Square with thirty orders at two locations, read in pages of seven."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

from taps._kit.simulator import Simulator
from taps.square.moments import instant, written
from taps.square.simulator import SquareSimulator, company
from taps.square.simulator.seed import history
from tests.contract.samples.remote_tap import RemoteTapSample


def sample() -> RemoteTapSample:
    """Orders are the stream; nothing at Square deletes one."""

    def shop(simulator: Simulator) -> Any:
        assert isinstance(simulator, SquareSimulator)
        return simulator.shop

    def add(simulator: Simulator) -> str:
        order: dict[str, Any] = shop(simulator).sell(shop(simulator).ticket(random.Random(len(simulator.log))))
        return str(order["id"])

    def future(state: dict[str, Any]) -> dict[str, Any]:
        ahead = {
            part: {name: written(instant(text) + timedelta(days=400)) for name, text in progress.items()}
            for part, progress in state["parts"].items()
        }
        return {**state, "parts": ahead}

    return RemoteTapSample(
        tap="square",
        stream="orders",
        simulator=lambda: company(30),
        config=lambda url: {"base_url": url, "private_network": True, "orders_per_page": 7},
        secrets={
            "access_token": "square-access-1",
            "refresh_token": "square-refresh-1",
            "client_id": "square-app",
            "client_secret": "square-app-secret",
        },
        wrong_secrets={
            "access_token": "square-access-wrong",
            "refresh_token": "square-refresh-wrong",
            "client_id": "square-app",
            "client_secret": "square-app-wrong",
        },
        truth=lambda simulator: {order["id"]: str(order["version"]) for order in shop(simulator).orders.truth()},
        version_of=lambda body: str(body["version"]),
        add=add,
        change=lambda simulator, key: shop(simulator).touch(key),
        delete=None,
        future=future,
        happen=lambda simulator, chance: history(shop(simulator), chance),
    )
