"""Breaks are planted in every corner of a finished month before it is read: each is found, in its class, to the cent, and none besides."""

from __future__ import annotations

import os
import random
import shutil
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipelines.home.load import load
from pipelines.hub.store import Hub
from pipelines.reconcile.report import Report
from pipelines.reconcile.run import reconcile
from pipelines.reconcile.words import Status
from pipelines.sandbox import demo
from tests._kit.planting import AS_OF_DAY, BACK, LEDGER, SHOP, TWO, Month, bank, twin, with_costs

SEEDS = range(50 if os.environ.get("COUNTERFOIL_SIZE") == "nightly" else 8)
EACH = 3


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample company's month, delivered; the shop says what its goods cost."""
    home = tmp_path_factory.mktemp("month") / "home"
    demo.lay_out("sample", home)
    with_costs(home)
    demo.demo("sample", home)
    return home


def look(home: Path) -> Report:
    loaded = load(home)
    hub = Hub(loaded.hub_url)
    try:
        return reconcile(loaded, hub, as_of=datetime.fromisoformat(f"{AS_OF_DAY}T23:00:00+00:00").astimezone(UTC))
    finally:
        hub.close()


def told(report: Report, without: Counter[object]) -> Counter[object]:
    """What a report says beyond what another says: sheet, number, classes with amounts."""
    said = Counter(
        (each.sheet, each.number, frozenset((cause.kind.value, cause.amount) for cause in each.causes)) for each in report.breaks
    )
    return said - without


@pytest.fixture(scope="module")
def before(finished: Path) -> Report:
    return look(finished)


@pytest.fixture
def home(finished: Path, tmp_path: Path) -> Path:
    return shutil.copytree(finished, tmp_path / "home")


@pytest.mark.parametrize("seed", SEEDS)
def test_every_planted_break_is_found_and_nothing_else(seed, home, before):
    month = Month(home, seed, frozenset(each.number for each in before.breaks))
    plan = [plant for plant in (*LEDGER, *SHOP, *BACK) for _ in range(EACH)] + [plant for plant in (*TWO, twin) for _ in range(12)]
    month.dice.shuffle(plan)
    for plant in plan:
        plant(month)
    month.write()
    at_bank = bank(home, random.Random(seed))
    report = look(home)
    assert report.status is Status.BREAKS
    assert set(report.unexplained.values()) == {0}
    expected = Counter((each.sheet, each.number, frozenset(each.causes.items())) for each in month.planted)
    found = told(report, told(before, Counter()))
    in_books = Counter({key: count for key, count in found.items() if key[0] != "bank/payouts"})
    assert in_books - expected == Counter(), "found what was not planted"
    assert expected - in_books == Counter(), "planted and not found"
    of_bank = Counter(causes for (sheet, _number, causes), count in found.items() if sheet == "bank/payouts" for _ in range(count))
    assert of_bank == Counter(frozenset(each.causes.items()) for each in at_bank)


def test_before_anything_is_planted_only_what_is_held_or_under_way_is_told(before):
    assert {cause.kind.value for each in before.breaks for cause in each.causes} == {"MAPPING", "TIMING"}


def test_equal_inputs_give_an_equal_report(finished, before):
    assert look(finished) == before
