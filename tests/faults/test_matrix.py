"""`kill -9` at every point of a run, for each target on each hub; judged by a checker that knows nothing of the product.

A cell is point × target × hub. Each seed is a company's life with at least one kill in every cell of its target and hub that fired while
an operation of that target was in flight; five seeds make five in each cell. At L1, L2, M1 and O1 something is in doubt from a kill
before, and its source has changed since. After every kill both equations and the hub's own rules must hold.
"""

from __future__ import annotations

import os

import pytest

from tests.faults.conftest import Born
from tests.faults.tally import Tally
from tests.faults.trial import POINTS, TARGETS, Caught, Life, Zygote

SEEDS = range(50 if os.environ.get("COUNTERFOIL_SIZE") == "nightly" else 5)


def killed_everywhere(life: Life, target: str, points: tuple[str, ...], hub: str, tally: Tally) -> None:
    """Strike at each of the points in an order of the seed; count and judge."""
    order = list(points)
    life.rng.shuffle(order)
    try:
        for point in order:
            life.strike(point, target)
        life.rest()
    except Caught as caught:
        pytest.fail(f"{caught}\nthe company is in {life.company.path}", pytrace=False)
    finally:
        tally.kills = life.all_kills
        tally.cells.update({f"{point}/{where}/{hub}": kills for (point, where), kills in life.kills.items()})
        tally.duplicates, tally.lost = life.verdict.duplicates, life.verdict.lost
    assert all(life.kills[point, target] for point in points), life.kills


@pytest.mark.long
@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("seed", SEEDS)
def test_every_point_on_each_target_and_hub(zygote: Zygote, born: Born, tally: Tally, hub_kind: str, target: str, seed: int) -> None:
    killed_everywhere(born(zygote, seed, hub_kind), target, POINTS, hub_kind, tally)


@pytest.mark.parametrize("target", TARGETS)
def test_the_two_points_where_most_may_go_wrong(zygote: Zygote, born: Born, tally: Tally, hub_kind: str, target: str) -> None:
    """The same in small, for every run of the tests: sent and unanswered, and answered but not committed."""
    killed_everywhere(born(zygote, 100, hub_kind), target, ("H1", "H2"), hub_kind, tally)
