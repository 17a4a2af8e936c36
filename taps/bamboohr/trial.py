"""BambooHR in the sandbox: a few people, one of whom leaves or joins now and then."""

from __future__ import annotations

import random
from typing import Any

from taps._kit.simulator import Clock
from taps._kit.trial import Trial
from taps.bamboohr.simulator import BambooSimulator

_PEOPLE = (("Rosa", "Parks"), ("Alan", "Turing"), ("Grace", "Hopper"), ("Mary", "Seacole"), ("Ada", "Lovelace"), ("Emmy", "Noether"))


def _hire(simulator: Any, chance: random.Random) -> None:
    number = len(simulator.employees) + 1
    first, last = _PEOPLE[(number - 1) % len(_PEOPLE)]
    simulator.seed_employee(
        employeeNumber=f"E-{number}",
        firstName=first,
        lastName=last if number <= len(_PEOPLE) else f"{last} {number}",
        workEmail=f"{first}.{last}.{number}@example.com".lower(),
        hireDate=str(simulator.clock().date()),
        department=chance.choice(simulator.lists["department"]),
        location=chance.choice(simulator.lists["location"]),
        jobTitle=chance.choice(simulator.lists["jobTitle"]),
    )


def _make(clock: Clock, seed: int, _orders: int) -> BambooSimulator:
    made = BambooSimulator(clock=clock)
    chance = random.Random(seed)  # noqa: S311 (a past that can be repeated)
    for _ in _PEOPLE:
        _hire(made, chance)
    return made


def _happen(simulator: Any, chance: random.Random) -> None:
    if chance.random() < 0.5:  # noqa: PLR2004 (as often as not)
        _hire(simulator, chance)
    else:
        number = chance.choice(sorted(simulator.employees))
        simulator.edit_employee(number, jobTitle=chance.choice(simulator.lists["jobTitle"]))


TRIAL = Trial(
    make=_make,
    config=lambda url: {"base_url": f"{url}/api/v1", "private_network": True},
    secrets={"key": "bamboo-key"},
    happen=_happen,
)
