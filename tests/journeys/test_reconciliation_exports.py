"""From a shop's file to the files that finance reads: four of them, one run, the same sums."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pypdf

from pipelines.reconcile.exports import csv, json
from pipelines.reconcile.exports.totals import totals
from tests._kit.bad_input import Office, sale


def test_reconcile_writes_four_files_that_agree(tmp_path):
    office = Office(tmp_path / "home", "csv")
    office.write([sale("1001"), sale("1002", "1.00")])
    office("run")
    said = office("reconcile", "--export", str(tmp_path / "files"), "--as-of", "2026-01-07", "--json")
    told = said.json
    paths = {ending: Path(path) for ending, path in told["exports"].items()}
    assert {path.name for path in paths.values()} == {
        f"reconciliation-acme-all-{told['run']}.{end}" for end in ("xlsx", "pdf", "csv", "json")
    }
    report = json.from_json(paths["json"].read_bytes())
    assert report.run == told["run"]
    rows = list(csv.read(paths["csv"]))
    assert {row.number for row in rows if row.record == "pair" and row.unit == "EUR"} == {"1001", "1002"}
    found = {each.unit: each for each in totals(report)}
    assert found["EUR"].matched == 120
    for each in found.values():
        mine = [row for row in rows if row.record == "break" and row.unit == each.unit]
        assert (len(mine), sum(abs(row.amount) for row in mine)) == (each.breaks, each.gross)
        matched = [row.amount for row in rows if row.record == "matched" and row.unit == each.unit]
        assert sum(matched) == each.matched
    summary = openpyxl.load_workbook(paths["xlsx"], data_only=True)["Summary"]
    assert [row[4].value for row in summary.iter_rows() if row[0].value == "All checks"] == [0]
    paper = "".join(page.extract_text() for page in pypdf.PdfReader(paths["pdf"]).pages)
    assert "Acme" in paper
    assert told["run"] in paper
    assert "120.00" in paper


def test_the_files_go_where_they_are_told_to(tmp_path):
    office = Office(tmp_path / "home", "csv")
    office.write([sale("1001")])
    office("run")
    assert office("reconcile", "--no-export", "--json").json["exports"] == {}
    assert str(tmp_path / "files") in office("reconcile", "--export", str(tmp_path / "files")).out.replace("\n", "")
    told = office("reconcile", "--json").json
    assert {Path(path).parent for path in told["exports"].values()} == {tmp_path / "home/reconciliation" / f"acme-all-{told['run']}"}
