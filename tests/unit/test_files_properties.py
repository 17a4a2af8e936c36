"""Whatever a table holds, it comes back from each format as it was written, from whichever State the read goes on."""

from __future__ import annotations

import csv
import json
import tempfile
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taps._kit.reader import State
from tests.unit._files import read

NAMES = ["id", "name", "note"]
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12) | st.sampled_from(
    ['"', '""', "a;b", "a,b", "a\tb", "a\nb", "a\r\nb", '"\n', "\r", " ", "'", "\ufeff", "é", "😀", "\u2028", "\x0b", "\x85"]
)
tables = st.lists(st.tuples(st.integers(1, 9).map(str), texts, texts), min_size=1, max_size=12)


def read_in_two(home: Path, rows: list[dict[str, Any]], **stream: Any) -> None:
    """The whole, and the rest after each State."""
    whole = read(home, **stream)
    assert whole.rows == rows
    for state in whole.messages:
        if isinstance(state, State):
            assert read(home, state, **stream).rows == rows[state.read :]


@given(tables, st.sampled_from(";,\t|"), st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]), st.sampled_from(["\n", "\r\n"]))
def test_csv(table: list[tuple[str, str, str]], delimiter: str, encoding: str, end: str) -> None:
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr("taps.files.csv_rows.BATCH", 3)
        with (Path(folder) / "a.csv").open("w", encoding=encoding, newline="") as file:
            quoting = csv.QUOTE_ALL if any("\r" in part for row in table for part in row) else csv.QUOTE_MINIMAL  # it writes a bare CR bare
            csv.writer(file, delimiter=delimiter, lineterminator=end, quoting=quoting).writerows([NAMES, *table])
        read_in_two(
            Path(folder),
            [dict(zip(NAMES, row, strict=True)) for row in table],
            path="a.csv",
            delimiter=delimiter,
            encoding=encoding,
            header=True,
        )


numbers = st.decimals(allow_nan=False, allow_infinity=False, places=3) | st.integers() | st.none() | st.booleans()


@given(
    st.lists(
        st.fixed_dictionaries({"id": st.integers(0, 9)}, optional={"a": texts, "n": numbers, "l": st.lists(texts)}), max_size=12, min_size=1
    )
)
def test_json_lines(rows: list[dict[str, Any]]) -> None:
    def line(row: dict[str, Any]) -> str:
        parts = (f"{json.dumps(name)}: {value if isinstance(value, Decimal) else json.dumps(value)}" for name, value in row.items())
        return "{" + ", ".join(parts) + "}\n"

    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr("taps.files.jsonl_rows.BATCH", 3)
        (Path(folder) / "a.jsonl").write_text("".join(map(line, rows)), encoding="utf-8", newline="")
        read_in_two(Path(folder), rows, path="a.jsonl")


@given(
    st.lists(
        st.tuples(texts, st.floats(allow_nan=False, allow_infinity=False) | st.none(), st.integers(-(2**63), 2**63 - 1)),
        min_size=1,
        max_size=12,
    )
)
def test_parquet(table: list[tuple[str, float | None, int]]) -> None:
    text, floats, whole = (list(column) for column in zip(*table, strict=True))
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr("taps.files.parquet_rows.BATCH", 3)
        columns = {"t": text, "f": pa.array(floats, pa.float64()), "n": pa.array(whole, pa.int64())}
        pq.write_table(pa.table(columns), Path(folder) / "a.parquet", row_group_size=5)
        rows = [{"t": t, "f": None if f is None else Decimal(repr(f)), "n": n} for t, f, n in table]
        read_in_two(Path(folder), rows, path="a.parquet")
        again = [float(row["f"]) for row in read(Path(folder), path="a.parquet").rows if row["f"] is not None]
        assert again == [value for value in floats if value is not None], "the shortest decimal means the same float"
