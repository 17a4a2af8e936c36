"""The suite proves itself: bugs planted into copies of the source are found, and the same lives without a bug find nothing.

Each bug has its own copy of the packages and its own zygote; the kills are those that bring it to light, in up to five lives.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.conftest import Born
from tests.faults.planted import BUGS, KEYED, NAIVE, Bug, plant
from tests.faults.tally import Tally
from tests.faults.trial import Caught, Life, Zygote

LIVES = range(5)


def chase(life: Life, bug: Bug) -> None:
    life.batches = {"target": 100} if bug.whole else {}
    for _ in range(2):
        life.chase(bug.kills, bug.target, trade_after=bug.trade_after)


def found(bug: Bug, zygote: Zygote, born: Born) -> tuple[Life, Caught] | None:
    """The first life in which the bug is caught."""
    for seed in LIVES:
        life = born(zygote, seed)
        try:
            chase(life, bug)
        except Caught as caught:
            return life, caught
    return None


@pytest.mark.long
@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name.replace(" ", "-"))
def test_a_planted_bug_is_found(bug: Bug, tmp_path: Path, born: Born, tally: Tally) -> None:
    tally.planted[bug.name] = ""
    with Zygote(plant(bug, tmp_path / "broken")) as zygote:
        seen = found(bug, zygote, born)
    assert seen, f"nobody noticed: {bug.name}"
    tally.planted[bug.name] = str(seen[1])[:300]


@pytest.mark.long
@pytest.mark.parametrize("target", NAIVE)
def test_the_naive_worker_doubles(target: str, tmp_path: Path, born: Born, tally: Tally) -> None:
    bug = NAIVE[target]
    tally.planted[f"{target}: {bug.name}"] = ""
    with Zygote(plant(bug, tmp_path / "broken")) as zygote:
        seen = found(bug, zygote, born)
    assert seen, "the naive worker doubled nothing"
    life, caught = seen
    assert caught.by == "the checker", caught
    assert life.verdict.doubled[{"ledger": "the ledger", "stock": "the stock"}[target]] >= 1, caught
    tally.planted[f"{target}: {bug.name}"] = str(caught)[:300]


@pytest.mark.long
def test_the_database_alone_stops_a_naive_worker_that_keeps_its_keys(tmp_path: Path, born: Born) -> None:
    with Zygote(plant(KEYED, tmp_path / "broken")) as zygote:
        assert found(KEYED, zygote, born) is None


@pytest.mark.long
def test_the_same_kills_without_the_bugs_find_nothing(zygote: Zygote, born: Born, tally: Tally) -> None:
    life = born(zygote, 0)
    try:
        for kills, target, trade_after in sorted({(bug.kills, bug.target, bug.trade_after or False) for bug in BUGS}):
            life.chase(kills, target, trade_after=trade_after)
    except Caught as caught:
        pytest.fail(f"{caught}\nthe company is in {life.company.path}", pytrace=False)
    finally:
        tally.kills = life.all_kills
        tally.duplicates, tally.lost = life.verdict.duplicates, life.verdict.lost
