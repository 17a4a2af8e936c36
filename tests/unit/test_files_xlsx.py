"""Excel workbooks: stored results of formulas, dates as dates, cells with errors, and files that are something else."""

from __future__ import annotations

import zipfile
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest
import xlsxwriter

from tests.unit._files import read, reader, write


def workbook(path: Path, *rows: list[object], sheet: str = "Orders") -> Path:
    book = openpyxl.Workbook()
    book.active.title = sheet
    for row in rows:
        book.active.append(row)
    book.save(path)
    return path


def empty_text(path: Path, old: bytes, new: bytes) -> None:
    """Put the result "" as Excel stores it; xlsxwriter cannot."""
    with zipfile.ZipFile(path) as book:
        parts = {name: book.read(name) for name in book.namelist()}
    sheet = "xl/worksheets/sheet1.xml"
    assert old in parts[sheet]
    parts[sheet] = parts[sheet].replace(old, new)
    with zipfile.ZipFile(path, "w") as book:
        for name, content in parts.items():
            book.writestr(name, content)


def test_numbers_dates_and_texts(tmp_path: Path) -> None:
    workbook(
        tmp_path / "a.xlsx",
        ["id", "total", "day", "at", "hour", "flag", "note"],
        [17850.0, 0.1, date(2026, 1, 5), datetime(2026, 1, 5, 8, 30), time(9, 15), True, "x"],  # noqa: DTZ001
        [2, 3, None, None, None, None, None],
    )
    seen = read(tmp_path, path="a.xlsx", ids=["id"])
    assert seen.rows[0] == {
        "id": "17850",
        "total": Decimal("0.1"),
        "day": date(2026, 1, 5),
        "at": "2026-01-05T08:30:00",
        "hour": "09:15:00",
        "flag": True,
        "note": "x",
    }
    assert seen.rows[1] == {"id": "2", "total": 3, "day": None, "at": None, "hour": None, "flag": None, "note": None}
    assert type(seen.rows[0]["day"]) is date
    (stream,) = reader(tmp_path, path="a.xlsx").streams()
    assert stream.schema["properties"]["total"] == {"type": ["number", "null"], "x-binary-float": True}
    assert stream.schema["properties"]["day"] == {"type": ["string", "null"], "format": "date"}


def test_a_formula_gives_its_stored_result_and_the_notes_say_so(tmp_path: Path) -> None:
    with xlsxwriter.Workbook(tmp_path / "a.xlsx") as book:
        sheet = book.add_worksheet("Orders")
        sheet.write_row(0, 0, ["net", "gross", "note"])
        sheet.write(1, 0, 10)
        sheet.write_formula(1, 1, "=A2*1.2", value=12)
    empty_text(tmp_path / "a.xlsx", b"<v>12</v></c>", b'<v>12</v></c><c r="C2" t="str"><f>""</f><v></v></c>')
    seen = read(tmp_path, path="a.xlsx")
    assert seen.damaged == []
    assert seen.rows == [{"net": 10, "gross": 12, "note": None}]
    (stream,) = reader(tmp_path, path="a.xlsx").streams()
    assert "has formulas; the result stored with each is taken" in stream.notes[1]


def test_a_formula_without_a_stored_result_is_damaged(tmp_path: Path) -> None:
    """openpyxl writes formulas and calculates nothing."""
    workbook(tmp_path / "a.xlsx", ["net", "gross"], [10, "=A2*1.2"], [11, 13])
    seen = read(tmp_path, path="a.xlsx")
    assert seen.rows == [{"net": 11, "gross": 13}]
    assert seen.says == ["READ-DAMAGED: Row 2 of a.xlsx has a formula whose result is not stored in column gross (cell B2)."]
    assert seen.damaged[0].where == "a.xlsx, row 2, column gross"


def test_errors_and_cells_beyond_the_names_are_damaged(tmp_path: Path) -> None:
    workbook(tmp_path / "a.xlsx", ["net", "gross"], ["#DIV/0!", 1], [1, 2, "left over"], [3, 4])
    seen = read(tmp_path, path="a.xlsx")
    assert seen.rows == [{"net": 3, "gross": 4}]
    assert seen.says == [
        "READ-DAMAGED: Row 2 of a.xlsx has the error #DIV/0! in column net (cell A2).",
        "READ-DAMAGED: Row 3 of a.xlsx has a value in cell C3, beyond the last named column.",
    ]


def test_a_sheet_by_name_and_rows_above_the_names(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.title = "Cover"
    orders = book.create_sheet("Orders")
    orders["A3"], orders["B3"] = "id", "total"
    orders["A5"], orders["B5"] = 1, 2
    book.save(tmp_path / "a.xlsx")
    seen = read(tmp_path, path="a.xlsx", sheet="Orders")
    assert seen.rows == [{"id": 1, "total": 2}]
    assert read(tmp_path, path="a.xlsx", sheet="Order").notices == [
        "READ-MISSING: a.xlsx has no sheet 'Order'; its sheets are Cover, Orders."
    ]


def test_without_names_columns_are_numbered(tmp_path: Path) -> None:
    workbook(tmp_path / "a.xlsx", [1, 2], [3, 4])
    assert read(tmp_path, path="a.xlsx", header=False).rows == [{"column_1": 1, "column_2": 2}, {"column_1": 3, "column_2": 4}]


def test_a_wrong_size_in_the_file_loses_no_rows(tmp_path: Path) -> None:
    """Some programs write <dimension ref="A1"/> whatever the sheet holds."""
    workbook(tmp_path / "whole.xlsx", ["id"], [1], [2])
    with zipfile.ZipFile(tmp_path / "whole.xlsx") as whole, zipfile.ZipFile(tmp_path / "a.xlsx", "w") as wrong:
        for name in whole.namelist():
            wrong.writestr(name, whole.read(name).replace(b'ref="A1:A3"', b'ref="A1"'))
    assert [row["id"] for row in read(tmp_path, path="a.xlsx").rows] == [1, 2]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"PK\x03\x04 cut off", "READ-DAMAGED: a.xlsx cannot be read as an Excel workbook"),
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600,
            "READ-DAMAGED: a.xlsx is an Excel file with a password, or of the old kind (.xls).",
        ),
        (b"", "READ-EMPTY: a.xlsx is empty."),
    ],
)
def test_a_file_that_is_no_workbook_is_told_of(tmp_path: Path, content: bytes, says: str) -> None:
    write(tmp_path / "a.xlsx", content)
    seen = read(tmp_path, path="a.xlsx")
    assert len(seen.notices) == 1
    assert seen.notices[0].startswith(says)
    assert seen.completes == []


def test_rows_go_on_after_any_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("taps.files.xlsx_rows.BATCH", 3)
    workbook(tmp_path / "a.xlsx", ["n"], *[[n] for n in range(10)])
    whole = read(tmp_path, path="a.xlsx")
    for state in [message for message in whole.messages if type(message).__name__ == "State"]:
        assert [row["n"] for row in read(tmp_path, state, path="a.xlsx").rows] == list(range(state.read, 10))


def test_a_number_beyond_all_bounds_is_damaged(tmp_path: Path) -> None:
    """1e400 is no double: it is read as infinity, which no JSON holds."""
    workbook(tmp_path / "a.xlsx", ["id", "total"], [1, 777.25], [2, 5])
    empty_text(tmp_path / "a.xlsx", b"<v>777.25</v>", b"<v>1e400</v>")
    seen = read(tmp_path, path="a.xlsx")
    assert seen.rows == [{"id": 2, "total": 5}]
    assert seen.says == ["READ-NAN: Row 2 of a.xlsx holds NaN or infinity instead of a number in column total (cell B2)."]
