"""A real shop's lines in the ledger, and five hundred differences planted in its text: all are found, and nothing is unexplained."""

from __future__ import annotations

import random
from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from pipelines.home.load import load
from pipelines.hub.store import Hub
from pipelines.reconcile.report import Report
from pipelines.reconcile.run import reconcile
from pipelines.reconcile.words import Status
from pipelines.sandbox import demo
from tests._kit.planting import Entry
from tests.real import variants

pytestmark = [pytest.mark.long, pytest.mark.shared]

ROWS = 100_000
EACH = 125


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, shared: Path) -> Path:
    folder = tmp_path_factory.mktemp("shop")
    source = variants.first_rows(shared / "data/online_retail/online_retail.parquet", folder, ROWS)
    demo.demo("online-retail", folder / "home", source)
    return folder / "home"


def look(home: Path) -> Report:
    loaded = load(home)
    hub = Hub(loaded.hub_url)
    try:
        return reconcile(loaded, hub, as_of=datetime(2012, 1, 1, tzinfo=UTC))
    finally:
        hub.close()


def test_as_it_was_booked_it_ties(home):
    report = look(home)
    assert [(each.number, each.causes) for each in report.breaks] == []
    assert report.status is Status.TIES
    assert report.notes == ()


def test_five_hundred_planted_differences(home):
    dice = random.Random(500)
    journal = home / "books/entries.beancount"
    whole = journal.read_text()
    entries = [Entry(block.split("\n")) for block in whole.rstrip("\n").split("\n\n")]
    chosen = dice.sample(
        [each for each in entries if each.kind == "invoice" and each.account("Income:Sales") and each.total() > 0], 3 * EACH
    )
    gone, changed, doubled = chosen[:EACH], chosen[EACH : 2 * EACH], chosen[2 * EACH :]
    expected: Counter[tuple[str, str, Decimal]] = Counter()
    for entry in gone:
        entries.remove(entry)
        expected[entry.number, "MISSING_IN_TARGET", -entry.total()] += 1
    for entry in changed:
        more = Decimal(dice.randint(1, 5000)) / 100
        entry.add(entry.account("Receivable"), more)  # type: ignore[arg-type]
        entry.add(entry.account("Income:Sales"), -more)  # type: ignore[arg-type]
        expected[entry.number, "AMOUNT", more] += 1
    for entry in doubled:
        entries.append(Entry(list(entry.lines)))
        expected[entry.number, "DUPLICATE_TARGET", entry.total()] += 1
    for place, entry in enumerate(dice.sample(entries, EACH)):  # typed by hand, with the amount and the day of a real one
        amount = entry.total() or Decimal("0.01")
        head = f'{entry.lines[0][:10]} * "invoice" "HAND-{place}"'
        entries.append(Entry([head, f"  Assets:Receivable  {amount} GBP", f"  Income:Sales  {-amount} GBP"]))
        expected[f"HAND-{place}", "MISSING_IN_SOURCE", amount] += 1
    journal.write_text("\n\n".join("\n".join(entry.lines) for entry in entries) + "\n\n")
    report = look(home)
    journal.write_text(whole)
    found = Counter((each.number, cause.kind.value, cause.amount) for each in report.breaks for cause in each.causes)
    assert sum(expected.values()) == 4 * EACH
    assert found - expected == Counter(), "found what was not planted"
    assert expected - found == Counter(), "planted and not found"
    assert set(report.unexplained.values()) == {0}
    assert report.status is Status.BREAKS
