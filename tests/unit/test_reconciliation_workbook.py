"""The workbook: true numbers and dates, texts that stay text, sums that agree with the run, equal bytes for equal reports."""

from __future__ import annotations

import builtins
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import openpyxl
import pytest
from hypothesis import Phase, given, settings

from pipelines.reconcile.exports import sheets, xlsx
from pipelines.reconcile.exports.extras import AuditLine, Carried, Extras, RollLine, SignOff, Work
from pipelines.reconcile.exports.totals import totals
from pipelines.reconcile.kpis import StoredRun, kpis, summary
from pipelines.reconcile.words import WorkState
from taps._kit.errors import Misconfigured
from tests.unit._reconciliation import AS_OF, FORMULA, any_pairs, month, pairs, reports

NAMES = [
    "Summary", "Waterfall", "Breaks", "Ageing", "Matched", "Suggested", "Carried forward", "Payouts", "Tax", "Clearing", "Audit log",
    "Rules", "Parameters",
]  # fmt: skip
EXTRAS = Extras(
    sign_offs=(
        SignOff("preparer", "Aoife Byrne", "I compared.", datetime(2026, 2, 2, 9, 0, tzinfo=UTC), "c" * 64),
        SignOff("reviewer", "Tom Kelly", "I reviewed.", datetime(2026, 2, 2, 11, 0, tzinfo=UTC), "c" * 64, frozen="a balance changed"),
    ),
    statement="The balances are supported.",
    audit=(AuditLine(AS_OF, "aoife", "recon-prepare", "meadow_mill 2026-01"),),
    work=(Work("a1", WorkState.ASSIGNED, "Aoife", comment="=asked the shop"),),
    carried=(Carried(month().breaks[0], date(2026, 1, 19), WorkState.OPEN, "Aoife", "asked"),),
    roll_forward=(RollLine("Open at the start", "EUR", 1, Decimal("412.50"), Decimal("-412.50")),),
    parameters={"gift_cards": "multi_purpose"},
    legal_name="Meadow & Mill Ltd",
    link="https://console.example/breaks/{key}",
)


def opened(written, *, values=True):
    return openpyxl.load_workbook(written.path, data_only=values)


def records(sheet):
    """The rows of a sheet's table, by the heads that its filter stands on."""
    top = int("".join(filter(str.isdigit, sheet.auto_filter.ref.split(":")[0])))
    heads = [cell.value for cell in sheet[top]]
    return [dict(zip(heads, row, strict=True)) for row in sheet.iter_rows(min_row=top + 1)]


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    return xlsx.write(month(), pairs(), tmp_path_factory.mktemp("book"), EXTRAS)


def test_sheets_with_frozen_header_filter_and_print(book):
    found = opened(book)
    assert found.sheetnames == NAMES
    for name in ("Breaks", "Ageing", "Matched", "Suggested", "Carried forward", "Audit log", "Rules", "Parameters"):
        sheet = found[name]
        header = sheet.auto_filter.ref.split(":")[0].strip("A")
        assert sheet.freeze_panes == f"A{int(header) + 1}"
        assert sheet.print_title_rows == f"${header}:${header}"
    for sheet in found:
        assert (sheet.page_setup.orientation, sheet.page_setup.fitToWidth or 1, sheet.page_setup.fitToHeight) == ("landscape", 1, 0)
        assert sheet.sheet_properties.pageSetUpPr.fitToPage
        assert "run 1f2e3d4c5b6a" in sheet["A2"].value
        assert sheet.oddFooter.left.text == "Meadow && Mill Ltd, run 1f2e3d4c5b6a"


def test_breaks_are_numbers_dates_and_texts(book):
    rows = {row["Key"].value: row for row in records(opened(book)["Breaks"])}
    first = rows["a1"]
    assert (first["Difference"].value, first["Difference"].number_format) == (-412.5, "#,##0.00_);[Red](#,##0.00)")
    assert first["Date"].value == datetime(2026, 1, 18)  # noqa: DTZ001 (a day, as openpyxl gives it)
    assert (first["Unit"].value, first["State"].value, first["Owner"].value) == ("EUR", "assigned", "Aoife")
    assert first["Number"].hyperlink.target == "https://console.example/breaks/a1"
    assert (rows["a6"]["Difference"].value, rows["a6"]["Difference"].number_format) == (-3, "#,##0_);[Red](#,##0)")
    assert [row["Age, days"].value for row in rows.values()] == [12, 4, 1, 70, 33, 1]


def test_nothing_from_data_is_a_formula(book):
    own = ("=SUBTOTAL(", "=SUMPRODUCT(", "=ROUND(", "=ABS(", "=C", "=D")
    found = opened(book, values=False)
    formulas = [cell.value for sheet in found for row in sheet.iter_rows() for cell in row if cell.data_type == "f"]
    assert formulas
    assert [formula for formula in formulas if not formula.startswith(own)] == []
    rows = {row["Key"].value: row for row in records(found["Breaks"])}
    for cell, text in ((rows["a3"]["At the source"], f"shopify_eu/{FORMULA}"), (rows["a1"]["Comment"], "=asked the shop")):
        assert (cell.value, cell.data_type) == (text, "s" if cell.data_type == "s" else "inlineStr")
    assert rows["a1"]["Comment"].quotePrefix
    assert rows["a4"]["Number"].value == "-12.50"


def test_a_text_like_a_formula_stays_text_when_it_is_edited(tmp_path):
    rows = {row["Key"].value: row for row in records(opened(xlsx.write(month(), pairs(), tmp_path), values=False)["Breaks"])}
    for key, text in (("a3", FORMULA), ("a4", "-12.50")):
        assert (rows[key]["Number"].value, rows[key]["Number"].quotePrefix) == (text, True)
        assert rows[key]["Number"].data_type != "f"
    assert not rows["a1"]["Number"].quotePrefix


def test_ids_keep_their_digits(book):
    assert [row["Number"].value for row in records(opened(book)["Matched"])] == ["2000", "2001", "9007199254740993"]


def test_the_sums_are_those_of_the_run(book):
    found = opened(book)
    for total in totals(month()):
        mine = [row for row in records(found["Breaks"]) if row["Unit"].value == total.unit]
        assert Decimal(str(round(sum(row["Difference"].value for row in mine), 4))) == total.net
        aged = [row for row in records(found["Ageing"]) if row["Unit"].value == total.unit]
        assert Decimal(str(round(sum(row["Gross: Σ |difference|"].value for row in aged), 4))) == total.gross
    checks = [[cell.value for cell in row] for row in found["Summary"].iter_rows(max_col=5)]
    start = next(at for at, row in enumerate(checks) if row[0] == "What")
    end = next(at for at, row in enumerate(checks) if row[0] == "All checks")
    assert end - start == 29
    assert {row[4] for row in checks[start + 1 : end + 1]} == {0}


def test_who_signed_what_was_done_and_what_is_carried(book):
    found = opened(book)
    summary = "\n".join(str(cell.value) for row in found["Summary"].iter_rows() for cell in row if cell.value is not None)
    assert "Aoife Byrne\npreparer\n2026-02-02 09:00:00\nyes" in summary
    assert "no: a balance changed" in summary
    assert "Reviewer\nnot signed" in summary  # a frozen signature no longer counts
    assert [row["Did"].value for row in records(found["Audit log"])] == ["recon-prepare"]
    assert [row["Difference"].value for row in records(found["Carried forward"])] == [-412.5]
    assert ("gift_cards", "multi_purpose") in [(row[0].value, row[1].value) for row in found["Parameters"].iter_rows(max_col=2)]


def test_what_is_not_there_is_said(tmp_path):
    found = opened(xlsx.write(month(waterfalls=(), breaks=(), suggestions=(), matched=(), rates=()), (), tmp_path))
    assert found["Tax"]["A4"].value == "No account of tax was compared in this run."
    assert "Not part of this export." in [cell.value for cell in found["Audit log"]["A"]]
    assert "There is no break: everything ties." in [cell.value for cell in found["Breaks"]["A"]]


def test_more_pairs_than_a_sheet_takes_are_said(tmp_path, monkeypatch):
    monkeypatch.setattr(sheets, "MOST_PAIRS", 2)
    written = xlsx.write(month(), iter(pairs(5)), tmp_path)
    assert written.notes == ("2 of 5 matched pairs are on this sheet; the CSV holds them all.",)
    assert len(records(opened(written)["Matched"])) == 2


def test_late_events_have_a_sheet_of_their_own(tmp_path):
    assert "Post-close" in opened(xlsx.write(month(late=month().breaks[:1]), (), tmp_path)).sheetnames


def test_what_excel_cannot_keep_is_said(tmp_path):
    big = replace(month().breaks[0], expected=Decimal("12345678901234567.89"), number="x" * 40_000)
    written = xlsx.write(month(breaks=(big,)), (), tmp_path)
    assert any("12345678901234567.89 has more digits than Excel keeps" in note for note in written.notes)
    row = records(opened(written)["Breaks"])[0]
    assert row["Expected"].value == "12345678901234567.89"
    assert row["Number"].value.endswith("(cut; the JSON holds all of it)")


def test_equal_reports_are_equal_bytes(tmp_path):
    first = xlsx.write(month(), pairs(), tmp_path / "a", EXTRAS).path.read_bytes()
    again = xlsx.write(month(), iter(pairs()), tmp_path / "b", EXTRAS)
    assert again.path.read_bytes() == first
    assert opened(again).properties.created.replace(tzinfo=UTC) == AS_OF  # not the moment of writing


@settings(max_examples=6, phases=[Phase.generate])
@given(reports, any_pairs)
def test_a_report_of_any_shape(tmp_path_factory, report, found):
    written = opened(xlsx.write(report, found, tmp_path_factory.mktemp("any")), values=False)
    rows = records(written["Breaks"]) if report.breaks else []
    assert [row["Number"].value or "" for row in rows] == [each.number for each in report.breaks]
    assert [Decimal(str(row["Difference"].value)) for row in rows] == [each.difference for each in report.breaks]


def test_a_missing_extra_is_named(tmp_path, monkeypatch):
    real = builtins.__import__

    def without(name, *more, **named):
        if name == "xlsxwriter":
            raise ImportError(name)
        return real(name, *more, **named)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(Misconfigured, match=r"counterfoil\[reconcile\]"):
        xlsx.write(month(), (), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_key_figures_are_numbers_and_every_run_has_its_row(tmp_path):
    stored = [
        StoredRun(each.period, each.as_of, summary(each)) for each in (month(), month(period="2025-12", as_of=AS_OF.replace(month=1)))
    ]
    found = kpis(stored, now=AS_OF, documents=250, minutes_by_hand=Decimal(3), duplicates_prevented=2)
    sheet = opened(xlsx.write(month(), (), tmp_path, replace(EXTRAS, kpis=found)))["Key figures"]
    figures = {row[0].value: row[1].value for row in sheet.iter_rows(min_row=4, max_row=10)}
    assert (figures["Oldest break, business days"], figures["Hours saved"], figures["Duplicates prevented"]) == (70, 12.5, 2)
    assert figures["Mean time to resolve a break"] == "not known: no break was resolved yet"
    rows = [(row["Period"].value, row["Unit"].value, row["Matched, value"].value, row["Open, gross"].value) for row in records(sheet)]
    assert [row for row in rows if row[1] == "EUR"] == [("2025-12", "EUR", 0.974208, 616.15), ("2026-01", "EUR", 0.974208, 616.15)]
