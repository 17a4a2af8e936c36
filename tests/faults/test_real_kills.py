"""One run of 50,000 real rows, killed at random instants and started again until it ends: the ledger is that of an undisturbed run.

The instants are drawn by seed in CPU seconds of the killed process, so that a busy machine changes nothing, and so spread that the last
one still hits the run: after each kill the rest of the way is judged by what is committed.
"""

from __future__ import annotations

import hashlib
import os
import random
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pipelines.home.load import load
from pipelines.hub import equations
from pipelines.hub.schema import migrate
from pipelines.hub.store import Hub
from pipelines.sandbox.demo import lay_out
from tests.faults.checker import ask, hub_faults
from tests.faults.tally import Tally
from tests.faults.trial import Zygote
from tests.real.variants import first_rows

ROWS = 50_000
_TICKS = os.sysconf("SC_CLK_TCK")
_POLL_SECONDS = 0.004
_STAGES = (  # how far the run has come, as shares of the whole, and what share of the work each stage is
    ("read", 0.35, f"SELECT count(*) * 1.0 / {ROWS} FROM landed"),
    ("translated", 0.3, f"SELECT count(*) * 1.0 / {ROWS} FROM landed WHERE outcome IS NOT NULL"),
    ("delivered", 0.35, "SELECT coalesce(avg(CASE WHEN state = 'delivered' THEN 1.0 ELSE 0.0 END), 0) FROM operation"),
)


@dataclass(frozen=True)
class Undisturbed:
    """The file, and what a run of it comes to that nobody disturbs."""

    file: Path
    cpu: float
    outcome: tuple[str, str]


@pytest.fixture(scope="module")
def undisturbed(shared: Path, zygote: Zygote, tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    folder = tmp_path_factory.mktemp("undisturbed")
    file = first_rows(shared / "data/online_retail/online_retail.parquet", folder, ROWS)
    home, hub = laid_out(folder / "home", file, f"sqlite:///{folder / 'hub.sqlite'}")
    found = zygote.wait(zygote.start(home, hub))
    assert found["end"] == "finished", found
    return Undisturbed(file, found["cpu"], outcome(home))


def laid_out(home: Path, file: Path, hub_url: str) -> tuple[Path, str]:
    lay_out("online-retail", home, file)
    hub = Hub(hub_url)
    migrate(hub)
    hub.close()
    return home, hub_url


def outcome(home: Path) -> tuple[str, str]:
    """Hash of every file of the ledger, and of all that moved."""
    books = hashlib.sha256()
    for path in sorted((home / "books").iterdir()):
        if path.name != ".lock":
            books.update(path.name.encode() + path.read_bytes())
    moved = ask(f"sqlite:///{home / 'stock.db'}", "SELECT * FROM stock_movement ORDER BY receipt_key, line")
    assert moved
    return books.hexdigest(), hashlib.sha256(repr(moved).encode()).hexdigest()


def come(hub_url: str) -> tuple[str, float]:
    """The stage that is under way, and how much of the whole is done."""
    under_way, done = "", 0.0
    for stage, share, sql in _STAGES:
        part = float(ask(hub_url, sql)[0][0])
        done += share * part
        if part < 1 and not under_way:
            under_way = stage
    return under_way or "end", done


def spent(pid: int) -> float | None:
    """CPU seconds of a process; None once it has ended."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return None if fields[0] == "Z" else (int(fields[11]) + int(fields[12])) / _TICKS


def killed_after(zygote: Zygote, home: Path, hub_url: str, cpu: float) -> dict[str, Any]:
    """A run that is killed from outside when it has spent so many CPU seconds, wherever it then is."""
    pid = zygote.start(home, hub_url)
    while (so_far := spent(pid)) is not None and so_far < cpu:
        time.sleep(_POLL_SECONDS)
    os.kill(pid, signal.SIGKILL)  # the zygote has not yet waited for it, so the number is still this process's
    return zygote.wait(pid)


def sound(home: Path, hub_url: str) -> None:
    """Both equations and the hub's rules."""
    loaded, hub = load(home), Hub(hub_url)
    route = loaded.routes["online_retail"]
    try:
        with hub.read() as tx:
            broken = [each for each in equations.intake(tx) if not each.balanced]
            postings = [(posting.name, posting.effect) for posting in route.posting]
            broken += [each for each in equations.route(tx, route.name, route.sources, postings) if not each.balanced]
    finally:
        hub.close()
    assert not broken
    assert not hub_faults(hub_url)


def killed_often(zygote: Zygote, home: Path, hub_url: str, kills: int, cpu: float, seed: int) -> list[str]:
    """Kill one run that often, then let it end; the stages in which it was hit."""
    rng = random.Random(seed)
    hit = []
    for left in range(kills, 0, -1):
        stage, done = come(hub_url)
        found = killed_after(zygote, home, hub_url, rng.uniform(0.1, 2) * cpu * (1 - done) / (left + 1))
        assert (found["end"], found["signal"]) == ("killed", signal.SIGKILL), (stage, done, found)
        hit.append(come(hub_url)[0])
        sound(home, hub_url)
    found = zygote.wait(zygote.start(home, hub_url))
    assert found["end"] == "finished", found
    sound(home, hub_url)
    return hit


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("hub_kind", "kills"), [("sqlite", 20), pytest.param("postgres", 3, marks=pytest.mark.postgres)], ids=["sqlite", "postgres"]
)
def test_the_ledger_of_a_run_that_was_killed_often_is_that_of_one_that_was_not(
    undisturbed: Undisturbed,
    zygote: Zygote,
    tally: Tally,
    request: pytest.FixtureRequest,
    tmp_path: Path,
    hub_kind: str,
    kills: int,
) -> None:
    url = request.getfixturevalue("postgres_url") if hub_kind == "postgres" else f"sqlite:///{tmp_path / 'hub.sqlite'}"
    home, hub_url = laid_out(tmp_path / "home", undisturbed.file, url)
    hit = killed_often(zygote, home, hub_url, kills, undisturbed.cpu, seed=kills)
    tally.kills = len(hit)
    assert outcome(home) == undisturbed.outcome
    assert len(set(hit)) >= min(kills, len(_STAGES)) - (hub_kind == "postgres"), f"all kills hit {set(hit)}"
