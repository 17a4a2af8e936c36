"""BambooHR with seven employees, read three at a time."""

from __future__ import annotations

from typing import Any

from taps._kit.simulator import Simulator
from taps.bamboohr.simulator import BambooSimulator
from tests.contract.samples.remote_tap import RemoteTapSample


def simulator() -> BambooSimulator:
    made = BambooSimulator()
    for number in range(7):
        made.seed_employee(employeeNumber=str(number), firstName="Ann", lastName=f"Berg {number}", workEmail=f"ann{number}@example.com")
        made.clock.forward(seconds=1)
    return made


def _of(body: dict[str, Any]) -> str:
    return f"{body.get('firstName')}|{body.get('lastName')}|{body.get('jobTitle')}"


def _change(simulator: Simulator, key: str) -> None:
    made: Any = simulator
    person = made.employees[int(key)]
    made.edit_employee(int(key), jobTitle=f"{person.get('jobTitle') or ''}+")


def sample() -> RemoteTapSample:
    return RemoteTapSample(
        tap="bamboohr",
        stream="employees",
        simulator=simulator,
        config=lambda url: {"base_url": f"{url}/api/v1", "private_network": True, "page_size": 3},
        secrets={"key": "bamboo-key"},
        wrong_secrets={"key": "no-such-key"},
        truth=lambda simulator: {str(number): _of(person) for number, person in simulator.employees.items()},  # type: ignore[attr-defined]
        version_of=_of,
        add=lambda simulator: str(simulator.seed_employee(employeeNumber="n", firstName="New", lastName="Hire")),  # type: ignore[attr-defined]
        change=_change,
        delete=lambda simulator, key: simulator.remove_employee(int(key)),  # type: ignore[attr-defined]
        future=lambda state: {**state, "since": "2031-01-01T00:00:00+00:00"},
        personal="ann0@example.com",
    )
