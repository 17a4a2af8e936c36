"""Parquet: exact decimals from binary floats, ids, NaN, times, and files that are cut off."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from taps.files import rows as rows_module
from tests.unit._files import read, reader, write


def table(path: Path, columns: dict[str, Any], **options: Any) -> Path:
    pq.write_table(pa.table(columns), path, **options)
    return path


def test_binary_floats_become_the_shortest_decimal_and_are_flagged(tmp_path: Path) -> None:
    table(
        tmp_path / "a.parquet",
        {"price": [2.55, 0.1 + 0.2, None], "single": pa.array([2.55, 0.1, 16777216.0], pa.float32()), "n": [1, 2, 3]},
    )
    rows = read(tmp_path, path="a.parquet").rows
    assert [row["price"] for row in rows] == [Decimal("2.55"), Decimal("0.30000000000000004"), None]
    assert [row["single"] for row in rows] == [Decimal("2.55"), Decimal("0.1"), Decimal(16777216)]
    (stream,) = reader(tmp_path, path="a.parquet").streams()
    assert stream.schema["properties"]["price"] == {"type": ["number", "null"], "x-binary-float": True}
    assert stream.schema["properties"]["n"] == {"type": ["integer", "null"]}
    assert "price, single are binary floats" in stream.notes[1]


def test_ids_become_digits_and_an_absent_id_is_none(tmp_path: Path) -> None:
    """pandas turns a column of whole numbers with gaps into floats, and writes the gaps as NaN."""
    table(tmp_path / "a.parquet", {"id": [17850.0, float("nan"), None, 1.5, 2.0**60], "code": [7, 8, 9, 10, 11]})
    seen = read(tmp_path, path="a.parquet", ids=["id", "code"])
    assert seen.rows == [{"id": "17850", "code": "7"}, {"id": None, "code": "8"}, {"id": None, "code": "9"}]
    assert seen.says == [
        "READ-DAMAGED: Row 4 of a.parquet holds a number with decimals where an id is declared in column id.",
        "READ-DAMAGED: Row 5 of a.parquet holds an id that is too long for a binary number: its last digits are lost in column id.",
    ]


def test_nan_in_a_column_of_numbers_is_damaged(tmp_path: Path) -> None:
    table(tmp_path / "a.parquet", {"id": ["a", "b", "c"], "price": [1.5, float("nan"), float("inf")]})
    seen = read(tmp_path, path="a.parquet")
    assert seen.rows == [{"id": "a", "price": Decimal("1.5")}]
    assert seen.says == [f"READ-NAN: Row {row} of a.parquet holds NaN or infinity instead of a number in column price." for row in (2, 3)]
    assert [bad.where for bad in seen.damaged] == ["a.parquet, row 2, column price", "a.parquet, row 3, column price"]
    assert seen.damaged[0].raw == "id=b"


def test_times_without_a_zone_stay_without_one(tmp_path: Path) -> None:
    naive = [datetime(2010, 12, 1, 8, 26), datetime(2010, 12, 1, 8, 26, 0, 500_000)]  # noqa: DTZ001
    aware = [datetime(2010, 12, 1, 8, 26, tzinfo=UTC)] * 2
    columns = {
        "s": pa.array(naive, pa.timestamp("ns")),
        "ns": pa.array([1_000_000_001, None], pa.timestamp("ns")),
        "utc": pa.array(aware, pa.timestamp("us", "Europe/Dublin")),
        "day": [date(2026, 1, 5), None],
        "at": pa.array([3_600_000_000, 1], pa.time64("us")),
    }
    table(tmp_path / "a.parquet", columns)
    assert read(tmp_path, path="a.parquet").rows == [
        {
            "s": "2010-12-01T08:26:00",
            "ns": "1970-01-01T00:00:01.000000001",
            "utc": "2010-12-01T08:26:00+00:00",
            "day": date(2026, 1, 5),
            "at": "01:00:00",
        },
        {"s": "2010-12-01T08:26:00.5", "ns": None, "utc": "2010-12-01T08:26:00+00:00", "day": None, "at": "00:00:00.000001"},
    ]


def test_other_types(tmp_path: Path) -> None:
    columns = {
        "money": pa.array([Decimal("1.50")], pa.decimal128(10, 2)),
        "flag": [True],
        "kind": pa.array(["a"]).dictionary_encode(),
        "floats": pa.array([1.5]).dictionary_encode(),
        "raw": pa.array([b"text"], pa.binary()),
        "nested": pa.array([{"x": 1.5, "y": [0.1]}]),
        "nothing": pa.nulls(1),
    }
    table(tmp_path / "a.parquet", columns)
    assert read(tmp_path, path="a.parquet").rows == [
        {
            "money": Decimal("1.50"),
            "flag": True,
            "kind": "a",
            "floats": Decimal("1.5"),
            "raw": "text",
            "nested": {"x": Decimal("1.5"), "y": [Decimal("0.1")]},
            "nothing": None,
        }
    ]


def test_text_that_no_database_takes_is_damaged(tmp_path: Path) -> None:
    table(
        tmp_path / "a.parquet",
        {"x": ["a\0b", "c", "d"], "raw": pa.array([b"a", b"\xff", b"c"], pa.binary()), "far": pa.array([0, 0, 2**62], pa.timestamp("ms"))},
    )
    seen = read(tmp_path, path="a.parquet")
    assert seen.rows == []
    assert [bad.where for bad in seen.damaged] == [
        "a.parquet, row 1, column x",
        "a.parquet, row 2, column raw",
        "a.parquet, row 3, column far",
    ]


@pytest.mark.parametrize("damage", ["cut", "garbage", "middle"])
def test_a_broken_file_is_told_of_and_the_others_are_read(tmp_path: Path, damage: str) -> None:
    whole = table(tmp_path / "in" / "b.parquet" if (tmp_path / "in").mkdir() is None else tmp_path, {"x": list(range(5000))}).read_bytes()
    table(tmp_path / "in" / "c.parquet", {"x": [1]})
    broken = {"cut": whole[: len(whole) // 2], "garbage": b"no parquet at all", "middle": whole[:50] + b"\xff" * 2000 + whole[2050:]}[
        damage
    ]
    write(tmp_path / "in" / "b.parquet", broken)
    seen = read(tmp_path, path="in")
    assert seen.rows[-1] == {"x": 1}
    assert len(seen.notices) == 1
    assert seen.notices[0].startswith("READ-DAMAGED: in/b.parquet cannot be read as Parquet: it is cut off")
    assert seen.completes == []
    assert seen.handed == seen.state.read
    again = read(tmp_path, seen, path="in")
    assert (again.handed, again.notices) == (0, seen.notices), "a broken file that nobody mended is not read again, and not forgotten"


def test_rows_come_in_batches_and_go_on_in_any_row_group(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table(tmp_path / "a.parquet", {"x": list(range(25))}, row_group_size=10)
    monkeypatch.setattr("taps.files.parquet_rows.BATCH", 4)
    assert rows_module.BATCH == 2000
    whole = read(tmp_path, path="a.parquet")
    assert [row["x"] for row in whole.rows] == list(range(25))
    states = [message for message in whole.messages if type(message).__name__ == "State"]
    for state in states:
        rest = read(tmp_path, state, path="a.parquet")
        assert [row["x"] for row in rest.rows] == list(range(state.read, 25))
        assert rest.state.read == 25


def text_column(*values: bytes) -> pa.Array:
    """A column that says it is text, whatever its bytes are."""
    return pa.array(values, pa.binary()).view(pa.string())


def test_bytes_that_are_no_utf_8_in_a_column_of_text_are_damaged(tmp_path: Path) -> None:
    """A lone surrogate, as other programs write it. Arrow hands it through unseen."""
    texts = text_column(b"good", b"\xed\xa0\x80", b"good")
    struct = pa.StructArray.from_arrays([text_column(b"\xed\xa0\x80", b"b", b"c")], ["inner"])
    table(tmp_path / "a.parquet", {"x": texts, "coded": text_column(b"a", b"b", b"\xff").dictionary_encode(), "nested": struct})
    seen = read(tmp_path, path="a.parquet")
    assert seen.rows == []
    assert [bad.where for bad in seen.damaged] == [
        "a.parquet, row 1, column nested",
        "a.parquet, row 2, column x",
        "a.parquet, row 3, column coded",
    ]
    assert seen.says[1] == "READ-DAMAGED: Row 2 of a.parquet holds bytes that are no text in column x."
