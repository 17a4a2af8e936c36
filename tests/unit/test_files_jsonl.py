"""JSON Lines: exact numbers, and every way in which a line is no sound record."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from tests.unit._files import read, reader, write


def test_numbers_keep_their_digits(tmp_path: Path) -> None:
    write(tmp_path / "a.jsonl", '{"a": 12.10, "b": 9007199254740993, "c": 1e400, "d": {"e": [0.1]}, "f": null}\n')
    (row,) = read(tmp_path, path="a.jsonl").rows
    assert row == {"a": Decimal("12.10"), "b": 9007199254740993, "c": Decimal("1E+400"), "d": {"e": [Decimal("0.1")]}, "f": None}
    assert str(row["a"]) == "12.10"
    assert type(row["b"]) is int


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ('{"id": 2, "x": 1, "x": 2}', "READ-DAMAGED: Row 2 of a.jsonl names the same field twice in column x."),
        ('{"id": 2, "x": {"y": 1, "y": 1}}', "READ-DAMAGED: Row 2 of a.jsonl names the same field twice in column y."),
        ('{"id": 2, "x": NaN}', "READ-NAN: Row 2 of a.jsonl holds NaN or infinity instead of a number in column x."),
        ('{"id": 2, "x": -Infinity}', "READ-NAN: Row 2 of a.jsonl holds NaN or infinity instead of a number in column x."),
        ('{"id": 2, "x": "\\ud800"}', "READ-DAMAGED: Row 2 of a.jsonl holds half a character (a lone surrogate) in column x."),
        ('{"id": 2, "\\udc00": 1}', "READ-DAMAGED: Row 2 of a.jsonl holds half a character (a lone surrogate) in column ?."),
        ('{"id": 2, "x": "a\\u0000b"}', "READ-DAMAGED: Row 2 of a.jsonl holds a NUL character in column x."),
        ('{"id": 2, "x": "cut o', "READ-DAMAGED: Row 2 of a.jsonl is not JSON from character 16 on (it may be cut off)."),
        ("[1, 2]", "READ-DAMAGED: Row 2 of a.jsonl is not an object with named fields."),
        ("[" * 100_000, "READ-DAMAGED: Row 2 of a.jsonl is nested deeper than 64 levels."),
        ('{"x":' * 500 + "1" + "}" * 500, "READ-DAMAGED: Row 2 of a.jsonl is nested deeper than 64 levels in column x."),
        ('{"x": ' + "9" * 5000 + "}", "READ-DAMAGED: Row 2 of a.jsonl holds a number of more digits than can be read."),
        ('{"x": 1e99999999999999999999}', "READ-DAMAGED: Row 2 of a.jsonl holds a number beyond all bounds."),
    ],
)
def test_an_unsound_line_is_damaged_and_the_rest_flows(tmp_path: Path, line: str, says: str) -> None:
    write(tmp_path / "a.jsonl", f'{{"id": 1}}\n{line}\n{{"id": 3}}\n')
    seen = read(tmp_path, path="a.jsonl")
    assert [row["id"] for row in seen.rows] == [1, 3]
    assert seen.says == [says]
    assert seen.state.read == 3


def test_bytes_that_are_no_text_are_damaged(tmp_path: Path) -> None:
    write(tmp_path / "a.jsonl", b'{"id": 1, "x": "\xc3\xa9\xc3\xa9\xc3\xa9"}\n{"id": 2, "x": "\xff"}\n{"id": 3}\n')
    seen = read(tmp_path, path="a.jsonl")
    assert [row["id"] for row in seen.rows] == [1, 3]
    assert seen.says == ["READ-DAMAGED: Row 2 of a.jsonl holds bytes that are not utf-8."]
    assert seen.damaged[0].raw.encode()


def test_a_whole_pair_of_surrogates_is_a_character(tmp_path: Path) -> None:
    write(tmp_path / "a.jsonl", '{"x": "\\ud83d\\ude00"}\n')
    assert read(tmp_path, path="a.jsonl").rows == [{"x": "😀"}]


def test_a_cut_off_last_line_is_damaged(tmp_path: Path) -> None:
    write(tmp_path / "a.jsonl", '{"id": 1}\n{"id": 2, "total": 12')
    seen = read(tmp_path, path="a.jsonl")
    assert seen.rows == [{"id": 1}]
    assert seen.damaged[0].where == "a.jsonl, row 2"


def test_sixty_three_levels_pass(tmp_path: Path) -> None:
    write(tmp_path / "a.jsonl", '{"x":' * 63 + "1" + "}" * 63 + "\n")
    assert len(read(tmp_path, path="a.jsonl").rows) == 1


def test_a_field_of_ten_megabytes_passes(tmp_path: Path) -> None:
    write(tmp_path / "a.jsonl", '{"id": 1, "x": "' + "x" * 10_000_000 + '"}\n{"id": 2}\n')
    assert [row["id"] for row in read(tmp_path, path="a.jsonl").rows] == [1, 2]


def test_batches_are_bounded_by_text_too(tmp_path: Path) -> None:
    """Forty rows of one megabyte: a State comes at least every eight megabytes or so, long before 2,000 rows."""
    write(tmp_path / "a.jsonl", ('{"x": "' + "x" * 1_000_000 + '"}\n') * 40)
    seen = read(tmp_path, path="a.jsonl")
    states = [message for message in seen.messages if not isinstance(message, tuple) or type(message).__name__ == "State"]
    assert len(states) >= 5


def test_ids_become_digits(tmp_path: Path) -> None:
    write(tmp_path / "a.jsonl", '{"id": 17850.0}\n{"id": 17850}\n{"id": "17850.0"}\n{"id": null}\n{"id": 1.5}\n')
    seen = read(tmp_path, path="a.jsonl", ids=["id"])
    assert [row["id"] for row in seen.rows] == ["17850", "17850", "17850", None]
    assert seen.says == ["READ-DAMAGED: Row 5 of a.jsonl holds a number with decimals where an id is declared in column id."]


def test_types_of_the_first_rows_make_the_schema(tmp_path: Path) -> None:
    write(tmp_path / "a.jsonl", '{"a": 1, "b": "x"}\n{"a": 1.5, "c": [1]}\n')
    (stream,) = reader(tmp_path, path="a.jsonl").streams()
    assert stream.schema["properties"] == {
        "a": {"type": ["integer", "number", "null"]},
        "b": {"type": ["string", "null"]},
        "c": {"type": ["array", "null"]},
    }


def test_a_new_field_is_told_of_once(tmp_path: Path) -> None:
    write(tmp_path / "a.jsonl", '{"id": 1, "total": 5}\n')
    first = read(tmp_path, path="a.jsonl")
    write(tmp_path / "a.jsonl", '{"id": 1, "total": 5}\n{"id": 2, "gross": 6}\n')
    second = read(tmp_path, first, path="a.jsonl")
    assert second.notices == ["READ-SCHEMA: The columns of a.jsonl are not the ones that were read before; added: gross."]


@pytest.mark.parametrize(
    ("key", "says"),
    [
        ('{"a": 1}', "Row 2 of a.jsonl has an object or a list in its key column id."),
        ("[1]", "Row 2 of a.jsonl has an object or a list in its key column id."),
        ('""', "Row 2 of a.jsonl has nothing in its key column id."),
        (f'"{"k" * 501}"', "Row 2 of a.jsonl has more than 500 characters in its key column id."),
    ],
)
def test_a_key_that_tells_no_row_apart_is_damaged(tmp_path: Path, key: str, says: str) -> None:
    write(tmp_path / "a.jsonl", f'{{"id": 1}}\n{{"id": {key}}}\n{{"id": "{"k" * 500}"}}\n')
    seen = read(tmp_path, path="a.jsonl", key=["id"])
    assert [len(str(row["id"])) for row in seen.rows] == [1, 500]
    assert seen.says == [f"READ-DAMAGED: {says}"]
