"""The Singer program hands on what the reader read, digit for digit."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest

from taps.files.singer import TapFiles
from tests.unit._files import write


def test_exact_numbers_dates_and_late_columns_pass(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """singer-sdk's own conversion would make null of 1E+400, and drop a column that the first 1,000 rows do not have."""
    rows = ['{"id": 1, "total": 12.10, "big": 1e400, "deep": {"x": [0.1]}}\n'] * 1000
    path = write(tmp_path / "a.jsonl", "".join(rows) + '{"id": 2, "late": 9007199254740993.01}\n')
    TapFiles(config={"streams": {"s": {"path": str(path)}}}).sync_all()
    messages = [json.loads(line, parse_float=Decimal) for line in capsys.readouterr().out.splitlines()]
    records = [message["record"] for message in messages if message["type"] == "RECORD"]
    assert records[0] == {"id": 1, "total": Decimal("12.10"), "big": Decimal("1E+400"), "deep": {"x": [Decimal("0.1")]}}
    assert str(records[0]["total"]) == "12.10"
    assert records[-1] == {"id": 2, "late": Decimal("9007199254740993.01")}


def test_a_full_table_read_starts_from_the_first_row(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path / "a.csv", "id,total\n1,2\n")
    config = {"streams": {"s": {"path": str(path)}}}
    first = TapFiles(config=config)
    first.sync_all()
    state = json.loads(json.dumps(first.state))
    catalog = first.catalog_dict
    TapFiles(config=config, state=state, catalog=catalog).sync_all()
    assert capsys.readouterr().out.count('"RECORD"') == 1, "nothing is new"
    catalog["streams"][0]["replication_method"] = "FULL_TABLE"
    TapFiles(config=config, state=state, catalog=catalog).sync_all()
    assert capsys.readouterr().out.count('"RECORD"') == 1
