"""Gusto over its API with seven employees, read three at a time."""

from __future__ import annotations

from typing import Any

from taps._kit.simulator import Simulator
from taps.gusto.simulator import COMPANY, GustoSimulator
from tests.contract.samples.remote_tap import RemoteTapSample
from tests.contract.samples.target_gusto import SECRETS, WRONG


def simulator() -> GustoSimulator:
    made = GustoSimulator()
    for number in range(7):
        made.seed_employee("Ann", f"Berg {number}", work_email=f"ann{number}@example.com")
    return made


def _change(simulator: Simulator, key: str) -> None:
    made: Any = simulator
    made.edit_employee(key, preferred_first_name=f"{made.employees[key]['preferred_first_name'] or ''}+")


def sample() -> RemoteTapSample:
    return RemoteTapSample(
        tap="gusto",
        stream="employees",
        simulator=simulator,
        config=lambda url: {"mode": "api", "company": COMPANY, "base_url": f"{url}/v1", "private_network": True, "page_size": 3},
        secrets=SECRETS,
        wrong_secrets=SECRETS | WRONG,
        truth=lambda simulator: {uuid: person["version"] for uuid, person in simulator.employees.items()},  # type: ignore[attr-defined]
        version_of=lambda body: str(body["version"]),
        add=lambda simulator: str(simulator.seed_employee("New", "Hire")),  # type: ignore[attr-defined]
        change=_change,
        delete=lambda simulator, key: simulator.remove_employee(key),  # type: ignore[attr-defined]
        future=lambda state: {**state, "since": "2031-01-01T00:00:00+00:00"},
        personal="ann0@example.com",
    )
