"""The exports for programs: CSV and JSON hold the whole report, the same for equal reports, and nothing in them can run."""

from __future__ import annotations

import csv as stdlib_csv
from dataclasses import replace
from datetime import timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import Phase, given, settings

from pipelines.reconcile.exports import csv, json
from pipelines.reconcile.exports.totals import ageing, bucket, plain, spoken, totals
from taps._kit.errors import Tampered
from tests.unit._reconciliation import FORMULA, any_pairs, month, pairs, reports


def written(report, found, folder):
    return list(csv.read(csv.write(report, found, folder)))


# ── sums ──


def test_the_sums_of_a_month():
    stock, euro = totals(month())
    assert (stock.unit, stock.breaks, stock.gross, stock.net, stock.unexplained) == ("C62", 1, 3, -3, 0)
    assert (euro.breaks, euro.gross, euro.net) == (5, Decimal("616.15"), Decimal("-378.13"))
    assert (euro.matched_pairs, euro.matched) == (199, Decimal("16981.60"))


@pytest.mark.parametrize(
    ("age", "name"), [(0, "0 to 1"), (1, "0 to 1"), (2, "2 to 7"), (8, "8 to 30"), (31, "31 to 60"), (90, "61 to 90"), (91, "over 90")]
)
def test_buckets(age, name):
    assert bucket(age) == name


def test_ageing_holds_every_break_once():
    found = list(ageing(month()))
    assert {(each.unit, each.bucket, each.count, each.gross) for each in found if each.count} == {
        ("EUR", "0 to 1", 2, Decimal("72.15")),
        ("EUR", "2 to 7", 1, Decimal("119.00")),
        ("EUR", "8 to 30", 1, Decimal("412.50")),
        ("EUR", "61 to 90", 1, Decimal("12.50")),
        ("C62", "31 to 60", 1, Decimal(3)),
    }
    assert len(found) == 12


@pytest.mark.parametrize(
    ("amount", "text", "said"),
    [("-12.5", "-12.50", "−12.50"), ("1E+3", "1000.00", "1,000.00"), ("-0.00", "0.00", "0.00"), ("0.0050", "0.005", "0.005"),
     ("-1234567.891", "-1234567.891", "−1,234,567.891"), ("-0.5", "-0.50", "−0.50")],
)  # fmt: skip
def test_numbers_as_text(amount, text, said):
    assert (plain(Decimal(amount)), spoken(Decimal(amount))) == (text, said)


# ── JSON ──


@settings(max_examples=40, phases=[Phase.generate])
@given(reports)
def test_json_gives_the_report_back(report):
    assert json.from_json(json.to_json(report)) == report


def test_equal_reports_are_equal_bytes():
    told = month()
    other = month(
        as_of=told.as_of.astimezone(timezone(timedelta(hours=5))),
        breaks=tuple(replace(each, expected=each.expected * Decimal("1.000")) for each in told.breaks),
    )
    assert other == told
    assert json.to_json(other) == json.to_json(told)


def test_a_changed_file_is_refused():
    content = json.to_json(month())
    with pytest.raises(Tampered, match="changed since it was written"):
        json.from_json(content.replace(b'"412.50"', b'"412.51"', 1))
    with pytest.raises(Tampered, match="no reconciliation of ours"):
        json.from_json(b"{}")


def test_the_file_is_named_by_company_period_and_run(tmp_path):
    assert json.write(month(), tmp_path / "pack").name == "reconciliation-meadow_mill-2026-01-1f2e3d4c5b6a.json"
    assert json.write(month(company="../a b", period=""), tmp_path).name == "reconciliation-.._a_b-all-1f2e3d4c5b6a.json"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["pack", "reconciliation-.._a_b-all-1f2e3d4c5b6a.json"]


# ── CSV ──


def test_csv_sums_to_the_totals(tmp_path):
    found = written(month(), pairs(), tmp_path)
    for each in totals(month()):
        mine = [row for row in found if row.unit == each.unit]
        breaks = [row for row in mine if row.record == "break"]
        assert sum(abs(row.amount) for row in breaks) == each.gross
        assert sum(row.actual - row.expected for row in breaks) == each.net
        assert sum(row.amount for row in mine if row.record == "cause") == each.net
        assert sum(row.amount for row in mine if row.record == "matched" and row.role != "suggested") == each.matched
    assert [row.amount for row in found if row.record == "unexplained"] == [0] * 5
    assert [row.number for row in found if row.record == "pair"] == ["2000", "2001", "9007199254740993"]
    assert [row.number for row in found if row.record == "gap"] == ["1007 to 1009"]


@settings(max_examples=40, phases=[Phase.generate])
@given(reports, any_pairs)
def test_csv_gives_every_row_back(tmp_path_factory, report, found):
    assert written(report, found, tmp_path_factory.mktemp("csv")) == list(csv.rows(report, found))


def test_texts_cannot_run_and_numbers_stay_numbers(tmp_path):
    text = csv.write(month(), pairs(), tmp_path).read_bytes().decode()
    assert "\n" not in text.replace("\r\n", "")
    cells = [row for row in stdlib_csv.DictReader(text.splitlines()) if row["record"] == "break"]
    assert f"'{FORMULA}" in [row["number"] for row in cells]
    assert ("'-12.50", "0.01") in [(row["number"], row["amount"]) for row in cells]
    assert "-12.50" in [row["amount"] for row in cells]


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@x", "\tx", "\r=1", "\n=1", " =1", "＝1", "＋1", "－1", "＠x", "'x", "' =1"])  # noqa: RUF001
def test_what_a_spreadsheet_may_run_is_guarded(text):
    assert csv.guarded(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", " ", "1042", "a=1", "O'Neill", "−12.50"])
def test_what_it_may_not_run_is_left_alone(text):
    assert csv.guarded(text) == text


def test_equal_reports_are_equal_csv(tmp_path):
    first = csv.write(month(), pairs(), tmp_path / "a").read_bytes()
    assert csv.write(month(), iter(pairs()), tmp_path / "b").read_bytes() == first
