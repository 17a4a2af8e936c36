"""A worker that is stopped past its lease and wakes when another has done its work; and two that start together.

What the late one writes into the hub hits no row, and the database target refuses or answers what it sends again. The ledger is not
among the targets here: its kernel lock stays with the paused process, so that the second worker cannot write at all and says so.
"""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.faults.checker import ask
from tests.faults.conftest import Born
from tests.faults.planted import FENCELESS, plant
from tests.faults.tally import Tally
from tests.faults.trial import Caught, Life, Zygote

POINTS = {"L1": None, "O1": "stock", "O2": "stock", "H2": "stock"}
"""Where it stands still, outside every transaction, and in the delivery to what."""
_RETRYABLE = ("Busy", "LeaseLost", "Retryable")
_HUB = "landed source_head cursor document disposition operation attempt receipt crosswalk lease progress counter problem"
_STOCK = "counterfoil_receipt stock_movement"


def rows(url: str, tables: str) -> dict[str, list[tuple[object, ...]]]:
    """All that stands in these tables."""
    return {table: sorted(ask(url, f"SELECT * FROM {table}"), key=repr) for table in tables.split()}


def overtaken(life: Life, point: str, *, changed: bool) -> None:
    """Stop a worker at the point, let another one overtake it, wake the first. Raises Caught if that changed a single row."""
    life.trade()
    life.finish()
    life.trade()
    passing = 2 if point == "L1" else 1
    pid = life.begin(point, POINTS[point], passing, how="stop")
    found = life.zygote.wait(pid)
    assert (found["end"], found["fired"]) == ("stopped", True), found
    try:
        if changed:
            life.trade(touch=life.unfinished("stock"))
        life.company.clock.pass_(minutes=5)
        life.finish()
        before = rows(life.company.hub_url, _HUB), rows(life.stock_url, _STOCK)
    finally:
        life.zygote.wake(pid)
        found = life.zygote.wait(pid)
    after = rows(life.company.hub_url, _HUB), rows(life.stock_url, _STOCK)
    found_nothing_to_do = point == "O1" and found["end"] == "finished" and not found["written"]["stock"]
    if not found_nothing_to_do and not (found["error"] or "").startswith("LeaseLost"):
        raise Caught("the run", f"the late worker was not stopped: {found}")
    different = [table for then, now in zip(before, after, strict=True) for table in then if then[table] != now[table]]
    if different:
        raise Caught("the tables", f"the late worker changed {', '.join(different)}")
    life.judge()
    life.rest()


@pytest.mark.long
@pytest.mark.parametrize("changed", [False, True], ids=["same", "changed"])
@pytest.mark.parametrize("point", POINTS)
def test_a_worker_that_wakes_late_changes_nothing(
    zygote: Zygote, born: Born, tally: Tally, hub_kind: str, point: str, *, changed: bool
) -> None:
    life = born(zygote, 1, hub_kind)
    try:
        overtaken(life, point, changed=changed)
    except Caught as caught:
        pytest.fail(str(caught), pytrace=False)
    finally:
        tally.duplicates, tally.lost = life.verdict.duplicates, life.verdict.lost


@pytest.mark.long
def test_a_fence_that_lets_everybody_through_is_found(tmp_path: Path, born: Born, tally: Tally) -> None:
    tally.planted[FENCELESS.name] = ""
    with Zygote(plant(FENCELESS, tmp_path / "broken")) as zygote, pytest.raises(Caught) as caught:
        overtaken(born(zygote, 1), "L1", changed=False)
    tally.planted[FENCELESS.name] = str(caught.value)[:300]


@pytest.mark.long
def test_two_workers_that_start_together_double_nothing(zygote: Zygote, born: Born, tally: Tally, hub_kind: str, tmp_path: Path) -> None:
    life = born(zygote, 2, hub_kind)
    try:
        for turn in range(4):
            life.trade()
            gate = tmp_path / f"gate-{turn}"
            pids = [life.begin(gate=gate) for _ in range(2)]
            time.sleep(0.05)  # both stand at the gate by now; if not, they meet a little later
            gate.touch()
            for pid in pids:
                found = life.zygote.wait(pid)
                assert found["end"] == "finished" or found["error"].startswith(_RETRYABLE), found
            life.look("after two workers")
            life.finish()
        life.rest()
    except Caught as caught:
        pytest.fail(str(caught), pytrace=False)
    finally:
        tally.duplicates, tally.lost = life.verdict.duplicates, life.verdict.lost
