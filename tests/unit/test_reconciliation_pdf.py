"""The PDF and its chart: what stands on the page, that nothing in the data runs, equal bytes; and all four exports with the same sums."""

from __future__ import annotations

import builtins
import hashlib
import re
from dataclasses import replace
from decimal import Decimal
from xml.etree import ElementTree as ET

import openpyxl
import pypdf
import pytest
from hypothesis import Phase, given, settings

from pipelines.reconcile.exports import chart, csv, export_all, json, pdf
from pipelines.reconcile.exports.extras import Extras
from pipelines.reconcile.exports.totals import ends, shown, totals
from pipelines.reconcile.kpis import StoredRun, kpis, summary
from pipelines.reconcile.report import Line
from pipelines.reconcile.words import Status
from tests.unit._reconciliation import AS_OF, any_pairs, month, pairs, reports, waterfalls
from tests.unit.test_reconciliation_workbook import EXTRAS, records

SVG = "{http://www.w3.org/2000/svg}"


def pages(path):
    return [page.extract_text() for page in pypdf.PdfReader(path).pages]


def words(path):
    """The text of all pages, white space and places to break taken out."""
    return re.sub(r"[\s\u200b]+", "", "".join(pages(path)))


# ── the page ──


def test_the_page_has_figures_breaks_signatures_and_the_hash_of_the_data(tmp_path):
    written = pdf.write(month(), tmp_path, EXTRAS)
    found = pages(written.path)
    text = words(written.path)
    assert written.notes == ()
    assert [f"page {number} of {len(found)}" in page for number, page in enumerate(found, 1)] == [True] * len(found)
    assert "Meadow&MillLtd" in text
    assert "ReconciliationJanuary2026" in text
    for amount in ("18,420.55", "(378.13)", "616.15", "(412.50)", "(15,800.13)"):
        assert amount in text
    for said in ("AoifeByrne", "2026-02-0209:00:00UTC", "Nolongercounts:abalancechanged", "notsigned", "Squarewasnotasked"):
        assert said in text
    assert hashlib.sha256(json.to_json(month())).hexdigest() in text


def test_key_figures_stand_before_the_signatures(tmp_path):
    stored = [StoredRun(month().period, AS_OF, summary(month()))]
    found = kpis(stored, now=AS_OF, documents=250, minutes_by_hand=Decimal(3))
    text = words(pdf.write(month(), tmp_path, replace(EXTRAS, kpis=found)).path)
    assert "Keyfigures" in text
    assert "Hourssaved12.5hours" in text
    assert "2026-01EUR98.0%97.4%100.0%5616.15(378.13)70" in text
    assert "Keyfigures" not in words(pdf.write(month(), tmp_path / "without", EXTRAS).path)


def test_nothing_in_the_data_is_markup(tmp_path):
    hostile = '#panic("x") *bold* $x$ <label> @ref `raw` \\u{41} // gone /* gone */ \x0b#read("/etc/passwd")'
    broken = replace(month().breaks[0], number=hostile, causes=(replace(month().breaks[0].causes[0], say=hostile),))
    fall = replace(month().waterfalls[0], title=hostile, lines=(Line(hostile, Decimal(1), role="total", note=hostile),))
    text = words(pdf.write(month(breaks=(broken,), waterfalls=(fall,), notes=(hostile,), rules=hostile), tmp_path).path)
    assert text.count(re.sub(r"\s", "", hostile)) >= 5


def test_equal_reports_are_equal_bytes(tmp_path):
    first = pdf.write(month(), tmp_path / "a", EXTRAS).path.read_bytes()
    again = pdf.write(month(), tmp_path / "b", EXTRAS).path
    assert again.read_bytes() == first
    assert pypdf.PdfReader(again).metadata.creation_date.date() == AS_OF.date()  # not the moment of writing
    assert pdf.write(month(run="0" * 12), tmp_path / "c", EXTRAS).path.read_bytes() != first


def test_only_the_largest_breaks_are_on_paper_and_it_says_so(tmp_path):
    many = tuple(replace(month().breaks[0], key=f"{number:012x}", number=f"N{number:04}") for number in range(60))
    text = words(pdf.write(month(breaks=many), tmp_path).path)
    assert "the50largestof60" in text
    assert {f"N{number:04}" in text for number in range(50)} == {True}
    assert "N0050" not in text


@pytest.mark.parametrize(
    ("status", "verdict"), [(Status.TIES, "TIES"), (Status.BREAKS, "OPENBREAKS"), (Status.INVALID, "INVALID")]
)  # fmt: skip
def test_the_verdict(tmp_path, status, verdict):
    assert verdict in words(pdf.write(month(status=status), tmp_path).path)


def test_signs_without_a_font_are_named(tmp_path, monkeypatch):
    import typst

    real = typst.compile
    monkeypatch.setattr(typst, "compile", lambda *given, **named: real(*given, **{**named, "ignore_system_fonts": True}))
    broken = replace(month().breaks[0], number="中文 ё Ω ş 1042")
    written = pdf.write(month(breaks=(broken,)), tmp_path)
    assert "(U+4E2D U+6587)" in written.notes[0]
    text = words(written.path)
    assert "��ёΩş1042" in text
    assert "2ofthesigns" in text


def test_late_events_are_told(tmp_path):
    assert "afterthisperiodwascertified:2." in words(pdf.write(month(late=month().breaks[:2]), tmp_path).path)


# ── the chart ──


def drawn(fall):
    root = ET.fromstring(chart.svg(fall))
    return root, list(root.iter(f"{SVG}rect"))


def test_bars_stand_where_the_amounts_say():
    root, bars = drawn(month().waterfalls[0])
    assert [bar.get("class") for bar in bars][:6] == ["total", "down", "down", "up", "down", "total"]
    left, width = ([Decimal(bar.get(name)) for bar in bars] for name in ("x", "width"))
    assert width[1] / width[2] == pytest.approx(Decimal("310.00") / Decimal("648.60"), rel=Decimal("0.001"))
    assert left[0] + width[0] == pytest.approx(left[1] + width[1], abs=Decimal("0.02"))  # a step hangs where the total ended
    assert width[11] == 3  # 0.01 of 18,420.55 is still there
    assert "The axis begins at 16,600.00 EUR." in "".join(root.itertext())


def test_a_small_waterfall_begins_at_zero():
    root, bars = drawn(month().waterfalls[1])
    assert "axis" not in "".join(root.itertext())
    assert {bar.get("x") for bar in bars if bar.get("class") == "total"} == {"262.00"}


def test_what_several_corners_hold_adds_up():
    stock = month().waterfalls[4]
    _, bars = drawn(stock)
    north, south, expected = ((Decimal(bar.get("x")), Decimal(bar.get("width"))) for bar in bars[:3])
    assert [bar.get("class") for bar in bars] == ["total", "total", "total", "break", "total"]
    assert sum(north) == pytest.approx(south[0], abs=Decimal("0.02"))
    assert sum(south) == pytest.approx(sum(expected), abs=Decimal("0.02"))
    assert ends(stock) == (412, 409)


@settings(max_examples=60)
@given(waterfalls)
def test_any_chart_is_well_formed_inert_and_within_its_frame(fall):
    root, bars = drawn(fall)
    assert len(bars) == sum(line.role != "check" for line in fall.lines)
    for bar in bars:
        assert 262 <= Decimal(bar.get("x")) <= Decimal(bar.get("x")) + Decimal(bar.get("width")) <= Decimal("606.01")
    assert {tag.tag.removeprefix(SVG) for tag in root.iter()} <= {"svg", "title", "desc", "text", "rect", "line"}
    assert not any(name == "style" or name.startswith("on") or "href" in name for tag in root.iter() for name in tag.attrib)


# ── all four ──


def test_the_same_totals_and_run_on_all_four(tmp_path):
    found = export_all(month(), iter(pairs()), tmp_path, EXTRAS)
    assert found.notes == ()
    assert {path.name.rpartition(".")[0] for path in (found.xlsx, found.pdf, found.csv, found.json)} == {
        "reconciliation-meadow_mill-2026-01-1f2e3d4c5b6a"
    }
    paper = words(found.pdf)
    book = openpyxl.load_workbook(found.xlsx, data_only=True)
    table = list(csv.read(found.csv))
    assert "Run1f2e3d4c5b6a" in paper
    for total in totals(json.from_json(found.json.read_bytes())):
        assert sum(row.amount for row in table if row.record == "break" and row.unit == total.unit) == total.net
        cells = [row["Difference"].value for row in records(book["Breaks"]) if row["Unit"].value == total.unit]
        assert (round(sum(Decimal(str(cell)) for cell in cells), 6)) == total.net
        amounts = (shown(amount, total.unit) for amount in (total.gross, total.net, total.unexplained))
        assert f"{total.breaks:,}{''.join(amounts)}" in paper
    lines = [(row.text.partition(":")[0], row.amount) for row in table if row.record == "line" and row.name == "sales"]
    falls = [[cell.value for cell in row] for row in book["Waterfall"].iter_rows(max_col=3)]
    for line in month().waterfalls[0].lines:
        assert (line.label, line.amount) in lines
        assert line.label.replace(" ", "") in paper
        assert [line.label, float(line.amount)] in [[row[0], row[2]] for row in falls]


@settings(max_examples=8, phases=[Phase.generate])
@given(reports, any_pairs)
def test_all_four_of_any_report(tmp_path_factory, report, found):
    made = export_all(report, found, tmp_path_factory.mktemp("four"))
    assert json.from_json(made.json.read_bytes()) == report
    paper = words(made.pdf)
    table = list(csv.read(made.csv))
    for total in totals(report):
        assert sum(abs(row.amount) for row in table if row.record == "break" and row.unit == total.unit) == total.gross
        if total.breaks or total.matched_pairs or total.unexplained:
            assert "".join(shown(amount, total.unit) for amount in (total.gross, total.net, total.unexplained)) in paper


@pytest.mark.parametrize(("module", "extra"), [("xlsxwriter", "reconcile"), ("typst", "pdf")])
def test_a_missing_extra_is_named_and_the_others_are_written(tmp_path, monkeypatch, module, extra):
    real = builtins.__import__

    def without(name, *more, **named):
        if name == module:
            raise ImportError(name)
        return real(name, *more, **named)

    monkeypatch.setattr(builtins, "__import__", without)
    made = export_all(month(), pairs(), tmp_path, Extras())
    assert [f"counterfoil[{extra}]" in note for note in made.notes] == [True]
    assert (made.xlsx is None, made.pdf is None) == (module == "xlsxwriter", module == "typst")
    assert made.csv.exists()
    assert made.json.exists()
