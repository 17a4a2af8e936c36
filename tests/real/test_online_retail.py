"""The main job on real input: 541,909 lines of a real shop through the command line, judged by SQL that knows nothing of the mapping."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from tests.real import variants
from tests.real.online_retail_judge import judge
from tests.real.online_retail_ties import FLOOR, judge_ties

pytestmark = [pytest.mark.long, pytest.mark.shared, pytest.mark.timeout(7200 if os.environ.get("COUNTERFOIL_SIZE") == "nightly" else 1800)]

BUNDLED = Path(__file__).parents[2] / "pipelines/sandbox/online_retail"
MAPPING = Path(__file__).parents[2] / "mappings/online_retail/lines.yaml"
ACCOUNTS = {
    "goods": "Income:Sales",
    "shipping": "Income:Shipping",
    "gift_card": "Liabilities:GiftCards",
    "fees": "Expenses:Fees",
    "manual": "Income:Manual",
    "samples": "Expenses:Samples",
    "discount": "Expenses:Discounts",
    "donation": "Liabilities:Donations",
    "bad_debt": "Expenses:BadDebt",
    "receivable": "Assets:Receivable",
    "rounding": "Expenses:Rounding",
}
MOST_MB = 400
NIGHTLY = os.environ.get("COUNTERFOIL_SIZE") == "nightly"


@dataclass
class Shop:
    """One home folder of the demo, and what the last run of it printed."""

    home: Path
    hub: str
    last: dict[str, Any]

    def run(self, source: Path | None = None) -> dict[str, Any]:
        """`counterfoil demo online-retail` in a process of its own, as another program would call it."""
        given = ["--input", str(source)] if source else []
        command = [str(Path(sys.executable).with_name("counterfoil")), "demo", "online-retail", *given, "--home", str(self.home), "--json"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=3600 if NIGHTLY else 900, check=False)
        assert done.returncode in (0, 1), done.stderr[-4000:]
        self.last = json.loads(done.stdout)
        assert self.last["balanced"] == {"intake": True, "route": True}
        return self.last

    def judged(self, source: Path) -> list[str]:
        """Differences that the independent judge finds."""
        return judge(Path(self.last["ledger"]), self.last["database"], ACCOUNTS, source)

    def ask(self, sql: str) -> list[Any]:
        """Rows of the hub."""
        engine = sa.create_engine(self.hub)
        with engine.connect() as tx:
            rows = tx.execute(sa.text(sql)).all()
        engine.dispose()
        return [tuple(row) for row in rows]


def open_shop(home: Path, hub: str | None = None) -> Shop:
    """A home laid out as the demo does it, on another hub where one is given."""
    shutil.copytree(BUNDLED, home)
    if hub is not None:
        config = home / "counterfoil.yaml"
        config.write_text(config.read_text(encoding="utf-8").replace("sqlite:///hub.db", hub), encoding="utf-8")
    return Shop(home, hub or f"sqlite:///{home / 'hub.db'}", {})


@pytest.fixture(scope="module")
def source(shared: Path) -> Path:
    return shared / "data/online_retail/online_retail.parquet"


@pytest.fixture(scope="module")
def full(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """The whole file, once, on SQLite."""
    shop = open_shop(tmp_path_factory.mktemp("full") / "home")
    shop.run(source)
    return shop


def books_hash(shop: Shop) -> str:
    """One hash over every file of the journal."""
    digest = hashlib.sha256()
    for path in sorted(Path(shop.last["ledger"]).parent.glob("*.beancount")):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()


def entries(shop: Shop) -> int:
    """How many transactions the journal has."""
    lines = Path(shop.last["ledger"]).with_name("entries.beancount").read_text(encoding="utf-8").splitlines()
    return sum(line[:2] in ("19", "20") and " * " in line for line in lines)


def check_totals(shop: Shop, source: Path) -> None:
    """Everything that the issue's list says of the whole file."""
    last = shop.last
    assert (last["landed"], last["documents"], last["problems"]) == (541_909, 25_900, 0)
    books, stock = last["postings"]["online_retail/books"], last["postings"]["online_retail/stock"]
    assert books["excluded"]["count"] == 2_102
    assert books["delivered"] == {"count": 23_798, "amount": {"GBP": "9747747.934"}}
    assert Decimal(stock["delivered"]["amount"]["C62"]) == 5_166_141 - 59
    assert set(last["operations"]) == {"delivered"}
    assert last["written"] == {"ledger": 23_798, "stock": stock["delivered"]["count"]}
    assert shop.judged(source) == []


def check_ties(shop: Shop, source: Path) -> None:
    """Credits are tied to sales that exist, never beyond what was sold."""
    bodies = {number: json.loads(body) for number, body in shop.ask("SELECT number, body FROM document WHERE current AND type = 'refund'")}
    ties = shop.ask(
        "SELECT r.number, t.line, t.units, s.number FROM tie t JOIN document r ON r.document_id = t.document_id AND r.current"
        " JOIN document s ON s.document_id = t.sale_id AND s.current"
    )
    scale = Decimal(10**6) if shop.hub.startswith("sqlite") else Decimal(1)
    found = []
    for credit, number, units, sale in ties:
        line = next(line for line in bodies[credit]["lines"] if line["line_number"] == number)
        found.append((credit, line["sku"], bodies[credit]["customer_number"], line["unit_price"], Decimal(units) / scale, sale))
    verdict = judge_ties(found, source)
    assert verdict.wrong == []
    assert verdict.lines_tied >= FLOOR


def test_the_whole_file_on_sqlite(full: Shop, source: Path) -> None:
    check_totals(full, source)
    check_ties(full, source)
    assert full.last["peak_mb"] < MOST_MB


def test_the_rounding_of_four_documents_is_shown(full: Shop) -> None:
    shown = full.ask("SELECT number, bridge FROM receipt WHERE target = 'ledger' AND bridge <> '{}' ORDER BY number")
    assert [(number, Decimal(json.loads(bridge)["rounding"])) for number, bridge in shown] == [
        (number, Decimal("-0.001")) for number in ("550193", "561226", "568200", "568375")
    ]


def test_bean_check_passes(full: Shop) -> None:
    program = Path(sys.executable).with_name("bean-check")
    assert subprocess.run([program, "--no-cache", full.last["ledger"]], capture_output=True, check=False).returncode == 0


def test_the_same_rows_in_another_order_write_nothing(full: Shop, source: Path, tmp_path: Path) -> None:
    before = books_hash(full)
    assert set(full.run(variants.shuffled(source, tmp_path))["written"].values()) == {0}
    assert books_hash(full) == before


def test_edits_give_exactly_the_expected_entries(full: Shop, source: Path, tmp_path: Path) -> None:
    full.run(source)
    before = entries(full)
    changed, edits = variants.edited(source, tmp_path)
    written = full.run(changed)["written"]
    assert written == {"ledger": len(edits), "stock": len(edits)}
    assert entries(full) - before == sum(edit.entries for edit in edits)
    for edit in edits:
        bodies = full.ask(
            "SELECT a.verb, r.effect FROM receipt r JOIN attempt a ON a.attempt_id = r.attempt_id"
            " JOIN document d ON d.document_id = r.document_id AND d.current"
            f" WHERE d.number = '{edit.invoice}' AND r.target = 'stock' ORDER BY r.attempt_id"
        )
        assert [verb for verb, _units in bodies] == ["create", "reverse" if edit.what == "emptied" else "adjust"]
        assert Decimal(bodies[-1][1]) / 10**6 == edit.units
    deltas = _new_moves(full, edits)
    assert deltas == {(edit.invoice, edit.code): Decimal(edit.units) for edit in edits}
    assert full.judged(changed) == []


def _new_moves(shop: Shop, edits: list[variants.Edit]) -> dict[tuple[str, str], Decimal]:
    """The stock rows beyond the first document of each edited invoice."""
    engine = sa.create_engine(shop.last["database"])
    with engine.connect() as tx:
        rows = tx.execute(
            sa.text(
                "SELECT m.document_number, m.item, m.units, m.receipt_key FROM stock_movement m"
                " JOIN counterfoil_receipt r ON r.idempotency_key = m.receipt_key ORDER BY r.seq, m.line"
            )
        ).all()
    engine.dispose()
    first: dict[str, str] = {}
    found: dict[tuple[str, str], Decimal] = {}
    for number, item, units, key in rows:
        if first.setdefault(number, key) != key and number in {edit.invoice for edit in edits}:
            found[number, item] = Decimal(units) / 10**6
    return found


@pytest.mark.postgres
def test_the_whole_file_on_postgresql(source: Path, postgres_url: str, tmp_path: Path, full: Shop) -> None:
    shop = open_shop(tmp_path / "home", postgres_url)
    shop.run(source)
    check_totals(shop, source)
    check_ties(shop, source)
    assert shop.last["peak_mb"] < MOST_MB
    assert set(shop.run(variants.shuffled(source, tmp_path))["written"].values()) == {0}


WRONG = {
    "fees as sales": ("fee", "item"),
    "gifts as revenue": ("gift_card", "item"),
}


@pytest.fixture(scope="module")
def part(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first 50,000 rows; the right mapping satisfies the judge on them."""
    folder = tmp_path_factory.mktemp("part")
    some = variants.first_rows(source, folder, 50_000)
    good = open_shop(folder / "good")
    good.run(some)
    assert good.judged(some) == []
    return some


@pytest.mark.parametrize("which", [*WRONG, "a month shifted"])
def test_a_wrong_mapping_turns_the_judge_red(part: Path, tmp_path: Path, which: str) -> None:
    bad = open_shop(tmp_path / "bad")
    (bad.home / "mappings/online_retail").mkdir(parents=True)
    text = MAPPING.read_text(encoding="utf-8")
    wrong = _shift(text) if which == "a month shifted" else _rename_kind(text, *WRONG[which])
    assert wrong != text
    (bad.home / "mappings/online_retail/lines.yaml").write_text(wrong, encoding="utf-8")
    bad.run(part)
    assert bad.judged(part)


def _rename_kind(text: str, kind: str, instead: str) -> str:
    head, tables, rest = text.partition("\ntables:")
    body, documents, tail = rest.partition("\ndocuments:")
    return head + tables + body.replace(kind, instead) + documents + tail


def _shift(text: str) -> str:
    return text.replace("business_date: day(InvoiceDate)", "business_date: days_after(day(InvoiceDate), 31)")


def test_memory_does_not_grow_with_the_rows(source: Path, tmp_path: Path) -> None:
    """Five times the rows in hardly more memory; nightly the whole file five times, in row groups of 100,000."""
    rows, group = (541_909, 100_000) if NIGHTLY else (50_000, 50_000)
    peaks = []
    for count in (1, 5):
        shop = open_shop(tmp_path / f"times{count}")
        shop.run(variants.copies(source, tmp_path, rows, count, group=group))
        peaks.append(shop.last["peak_mb"])
        shutil.rmtree(shop.home)
    print(f"peak memory {peaks[0]} MB for {rows} rows, {peaks[1]} MB for five times as many")
    assert peaks[1] <= peaks[0] * Decimal("1.1")
    assert peaks[1] < MOST_MB
