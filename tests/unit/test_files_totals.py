"""Files read by a second reader: a row that the first one loses is found, and a file that was written since is left alone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from taps._kit.reader import Record
from taps._kit.simulator import serve
from taps.files import formats
from taps.files.config import FilesConfig
from taps.files.csv_rows import Csv
from taps.files.found import find
from taps.files.reader import FilesReader
from taps.files.totals import _again
from taps.files.xlsx_again import rows
from tests.contract.samples import target_inventree
from tests.unit.test_reconciliation_stock_and_hours import Till, found


class Lossy(Csv):
    """A reader that loses the row of sale S2."""

    def batches(self, path: Path, name: str, stream: Any, skip: int) -> Iterator[list[Any]]:
        for batch in super().batches(path, name, stream, skip):
            yield [row for row in batch if not (isinstance(row, dict) and row.get("id") == "S2")]


@pytest.fixture
def till(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Till]:
    monkeypatch.setitem(formats._FORMATS, "csv", Lossy())
    there = target_inventree.simulator()
    with serve(there) as url:
        target = {"target": "inventree", "config": target_inventree.config(url)}
        kinds = {"order": {"as": "stock_removal"}, "refund": {"as": "stock_return"}}
        made = Till(tmp_path / "home", target, kinds, {"token": "inventree-token"}, there.clock)
        yield made
        made.hub.close()


def test_a_row_that_the_reader_loses_is_found_by_the_second_reader(till):
    """2 mugs left and 1 came back; of the 3 teas the reader knows nothing."""
    report = till.report()
    assert found(report) == (["stock 1.00 0.00"], [("MISSING_IN_TARGET", "S2", "-3.00")])
    (day,) = [each for each in report.completeness if each.missing]
    assert (day.kind, str(day.on), day.stated, day.received, day.missing) == ("order", "2026-11-02", 2, 1, ("S2",))
    assert "files/sales.csv" in day.asked


def test_a_file_that_was_written_since_is_left_alone(till):
    sales = till.path / "files/sales.csv"
    sales.write_text(sales.read_text() + "S9,no,2026-11-02T12:00:00Z,MUG,4\n")
    report = till.report()
    assert "S9" in {each.number for each in report.breaks}  # by the read anew, and on its way
    assert {each.why for each in report.completeness} == {"No file of sales is as it was when it was last read."}


def test_the_second_reader_of_workbooks_gives_the_same_rows(tmp_path):
    """Texts, numbers, days, instants, an id that became a number, an empty row, a formula, a value beyond the names."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append([])
    sheet.append(["id", "sold", "at", "total", "note"])
    sheet.append([17850.0, date(2026, 1, 14), datetime(2026, 1, 14, 9, 30), 12.5, "a & <b>"])  # noqa: DTZ001 (a cell has no zone)
    sheet.append([])
    sheet.append([17851, date(2026, 1, 15), None, 1234567.1, True])
    sheet.append([17852, None, None, "=D3*2", "no result is stored"])
    sheet.append([17853, None, None, 1, "x", "beyond"])
    sheet.append(["A-7", None, None, -0.001, " "])
    book.save(tmp_path / "sales.xlsx")
    config = FilesConfig.model_validate({"streams": {"sales": {"path": "sales.xlsx", "ids": ["id"]}}})
    first = [message.body for message in FilesReader(config, tmp_path).read("sales", None, None) if isinstance(message, Record)]
    assert len(first) == 3
    assert list(rows(tmp_path / "sales.xlsx", config.streams["sales"])) == first


def test_the_second_reader_gives_the_same_rows(tmp_path):
    lines = 'id;text;total\n1;"two\nlines";1.234,50\n\n;;\n2;"a ""quoted"" one";7,00\n3;plain;x\n4;too;many;cells\n'
    (tmp_path / "a.csv").write_text(lines)
    (tmp_path / "b.jsonl").write_text('{"id": 1, "total": 1.10}\nbroken\n{"id": 2, "total": 2}\n')
    format_ = {"decimal": ",", "thousands": "."}
    config = FilesConfig.model_validate({"streams": {"a": {"path": "a.csv", "number_format": format_}, "b": {"path": "b.jsonl"}}})
    reader = FilesReader(config, tmp_path)
    for name, stream in config.streams.items():
        first = [message.body for message in reader.read(name, None, None) if isinstance(message, Record)]
        files = [file for files in find(name, stream, tmp_path).scopes.values() for file in files]
        assert [record.body for record in _again(files, stream)] == first
        assert len(first) == {"a": 3, "b": 2}[name]
