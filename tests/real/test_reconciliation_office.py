"""The workbook in a real office program: LibreOffice opens it, works every formula out again, and every check is zero."""

from __future__ import annotations

import shutil
import subprocess
from decimal import Decimal

import openpyxl
import pytest

from pipelines.reconcile.exports import csv, xlsx
from pipelines.reconcile.exports.totals import totals
from tests.unit._reconciliation import FORMULA, month, pairs

pytestmark = pytest.mark.office

ALWAYS_CALCULATE = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry" xmlns:xs="http://www.w3.org/2001/XMLSchema"
 xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
<item oor:path="/org.openoffice.Office.Calc/Formula/Load"><prop oor:name="OOXMLRecalcMode" oor:op="fuse"><value>0</value></prop></item>
</oor:items>
"""


@pytest.fixture(scope="module")
def office(tmp_path_factory):
    """Opens a file in LibreOffice, which works every formula out anew, and gives what it saved as a workbook."""
    program = shutil.which("soffice")
    if program is None:
        pytest.skip("LibreOffice is not installed: no soffice on the path (Debian: libreoffice-calc-nogui)")
    profile = tmp_path_factory.mktemp("profile")
    (profile / "user").mkdir()
    (profile / "user" / "registrymodifications.xcu").write_text(ALWAYS_CALCULATE)

    def convert(path):
        out = path.parent / "saved"
        command = [program, f"-env:UserInstallation={profile.as_uri()}", "--headless", "--convert-to", "xlsx", "--outdir", out, path]
        subprocess.run(command, check=True, capture_output=True, timeout=240)
        return openpyxl.load_workbook(out / f"{path.stem}.xlsx", data_only=True)

    return convert


def checks(book):
    """The column of checks on the first sheet, by what it checks."""
    rows = [[cell.value for cell in row] for row in book["Summary"].iter_rows(max_col=5)]
    start = next(at for at, row in enumerate(rows) if row[0] == "What")
    end = next(at for at, row in enumerate(rows) if row[0] == "All checks")
    return {(row[0], row[1]): row[4] for row in rows[start + 1 : end + 1]}


def sums(book, sheet, head):
    """The sums over the rows that are shown, by unit."""
    rows = [[cell.value for cell in row] for row in book[sheet].iter_rows()]
    heads = next(row for row in rows if head in row)
    return {row[heads.index("Unit")]: row[heads.index(head)] for row in rows if row[0] == "Rows shown"}


def without_values(path, change=lambda book: None):
    """The workbook without what its formulas gave, and perhaps changed: every value of a formula is the office program's own."""
    book = openpyxl.load_workbook(path)
    change(book)
    book.save(path)
    assert openpyxl.load_workbook(path, data_only=True)["Summary"]["E40"].value is None
    return path


def test_every_check_is_zero_once_it_is_worked_out_again(office, tmp_path):
    book = office(without_values(xlsx.write(month(), pairs(), tmp_path).path))
    found = checks(book)
    assert len(found) > 20
    assert {name: value for name, value in found.items() if value != 0} == {}
    for total in totals(month()):
        assert round(Decimal(str(sums(book, "Breaks", "Difference")[total.unit])), 4) == total.net
    assert round(Decimal(str(sums(book, "Matched", "Expected")["EUR"])), 4) == Decimal("277.30")


def test_a_cell_that_somebody_changed_is_seen(office, tmp_path):
    def change(book):
        cell = next(cell for row in book["Breaks"].iter_rows() for cell in row if cell.value == 119 and cell.column_letter == "I")
        cell.value = 124
        refunds = next(row for row in book["Waterfall"].iter_rows() if row[0].value == "Refunds")
        refunds[2].value -= 1

    found = checks(office(without_values(xlsx.write(month(), pairs(), tmp_path).path, change)))
    assert {name: value for name, value in found.items() if value} == {
        ("Breaks: Difference", "EUR"): 5,
        ("Waterfall: Sales: Shopify EU to Xero, sales", "EUR"): 1,
        ("All checks", None): 6,
    }


def test_texts_from_data_stay_text(office, tmp_path):
    book = office(xlsx.write(month(), pairs(), tmp_path).path)
    values = {cell.value for row in book["Breaks"].iter_rows() for cell in row}
    assert {FORMULA, "-12.50", -12.5} <= values


def test_the_csv_opens_with_numbers_as_numbers_and_no_formula(office, tmp_path):
    book = office(csv.write(month(), pairs(), tmp_path))
    rows = [[cell.value for cell in row] for row in book.active.iter_rows()]
    heads = rows[0]
    broken = {row[heads.index("key")]: row for row in rows if row[heads.index("record")] == "break"}
    assert broken["a3"][heads.index("amount")] == -12.5
    assert broken["a3"][heads.index("number")].endswith(FORMULA)
    assert str(broken["a4"][heads.index("number")]).lstrip("'") == "-12.50"
    assert isinstance(broken["a4"][heads.index("number")], str)
