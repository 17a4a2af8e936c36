"""CSV: dialects, encodings, and rows that cannot be read while the others flow."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from taps._kit import text_lines as lines_module
from tests.unit._files import read, reader, write


@pytest.mark.parametrize(
    ("written", "encoding", "shown"),
    [
        ("id;name\n1;Zoë\n", "utf-8", "encoding utf-8, columns parted by semicolon, row 1 names 2 columns"),
        ("id,name\n1,Zoë\n", "utf-8-sig", "encoding utf-8-sig, columns parted by comma"),
        ("id\tname\r\n1\tZoë\r\n", "cp1252", "encoding cp1252, columns parted by tab"),
        ("id|name\n1|Zoë\n", "utf-16", "encoding utf-16, columns parted by bar"),
        ("id|name\n1|Zoë\n", "utf-16-le", "encoding utf-16-le, columns parted by bar"),
        ("id;name\r1;Zoë\r", "utf-8", "encoding utf-8, columns parted by semicolon"),
    ],
)
def test_dialect_and_encoding_are_detected_and_shown(tmp_path: Path, written: str, encoding: str, shown: str) -> None:
    write(tmp_path / "a.csv", written.encode(encoding))
    assert read(tmp_path, path="a.csv").rows == [{"id": "1", "name": "Zoë"}]
    (stream,) = reader(tmp_path, path="a.csv").streams()
    assert shown in stream.notes[0]
    assert list(stream.schema["properties"]) == ["id", "name"]


def test_a_delimiter_fits_the_most_rows(tmp_path: Path) -> None:
    write(tmp_path / "a.csv", "id,from;to,total\n1,x,2\n2,y,3\n")
    assert read(tmp_path, path="a.csv").rows[0] == {"id": "1", "from;to": "x", "total": "2"}


def test_a_byte_order_mark_is_no_part_of_a_name(tmp_path: Path) -> None:
    write(tmp_path / "a.csv", b"\xef\xbb\xbfid,total\n1,2\n")
    for encoding in ("utf-8", None):
        assert read(tmp_path, path="a.csv", encoding=encoding, header=True, key=["id"]).rows == [{"id": "1", "total": "2"}]


def test_configuration_goes_before_detection(tmp_path: Path) -> None:
    write(tmp_path / "a.txt", "1,5;'a;b'\n2,5;c\n".encode("cp1252"))
    seen = read(tmp_path, path="a.txt", delimiter=";", quote="'", header=False, encoding="cp1252")
    assert seen.rows == [{"column_1": "1,5", "column_2": "a;b"}, {"column_1": "2,5", "column_2": "c"}]


def test_a_first_row_with_values_names_no_columns(tmp_path: Path) -> None:
    write(tmp_path / "a.csv", "2026-01-05;12.50\n2026-01-06;13.00\n")
    assert read(tmp_path, path="a.csv").rows[0] == {"column_1": "2026-01-05", "column_2": "12.50"}


def test_all_values_stay_text_and_empty_stays_empty(tmp_path: Path) -> None:
    write(tmp_path / "a.csv", "id,total,note\n007,1.50,\n")
    assert read(tmp_path, path="a.csv").rows == [{"id": "007", "total": "1.50", "note": ""}]


def test_blank_and_repeated_names_are_told_apart(tmp_path: Path) -> None:
    write(tmp_path / "a.csv", "id,,total,total\n1,x,2,3\n")
    assert read(tmp_path, path="a.csv", header=True).rows == [{"id": "1", "column_2": "x", "total": "2", "total_2": "3"}]


def test_empty_lines_are_no_rows(tmp_path: Path) -> None:
    write(tmp_path / "a.csv", "\nid,total\n\n1,2\n,\n3,4\n\n")
    seen = read(tmp_path, path="a.csv")
    assert [row["id"] for row in seen.rows] == ["1", "3"]
    assert seen.handed == seen.state.read == 2


def test_a_quoted_field_may_run_over_lines(tmp_path: Path) -> None:
    write(tmp_path / "a.csv", 'id,note\n1,"two\nlines, and a ""quote"""\n2,5" pipe\n')
    assert read(tmp_path, path="a.csv").rows == [{"id": "1", "note": 'two\nlines, and a "quote"'}, {"id": "2", "note": '5" pipe'}]


@pytest.mark.parametrize(
    ("row", "says", "where"),
    [
        (b"2,b", "READ-DAMAGED: Row 3 of a.csv has 2 columns where the file has 3.", "a.csv, row 3, column total"),
        (b"2,b,c,d", "READ-DAMAGED: Row 3 of a.csv has 4 columns where the file has 3.", "a.csv, row 3"),
        (b'2,"b,c', "READ-DAMAGED: Row 3 of a.csv opens a quote and does not close it in column name.", "a.csv, row 3, column name"),
        (b'2,"b"x,c', "READ-DAMAGED: Row 3 of a.csv has text after a closing quote in column name.", "a.csv, row 3, column name"),
        (b"2,b\x00,c", "READ-DAMAGED: Row 3 of a.csv holds a NUL byte in column name.", "a.csv, row 3, column name"),
        (b"2,\xe9\xff,c", "READ-DAMAGED: Row 3 of a.csv holds bytes in column name that are not utf-8.", "a.csv, row 3, column name"),
    ],
)
def test_a_damaged_row_is_named_and_the_rest_flows(tmp_path: Path, row: bytes, says: str, where: str) -> None:
    good = "éé".encode() * 3  # more that is utf-8 than not: the file is utf-8 with a damaged row
    write(tmp_path / "a.csv", b"id,name,total\n1," + good + b",5\n" + row + b"\n3,c,7\n4,d,8\n")
    seen = read(tmp_path, path="a.csv")
    assert [r["id"] for r in seen.rows] == ["1", "3", "4"]
    assert seen.says == [says]
    assert seen.damaged[0].where == where
    assert seen.damaged[0].raw.encode().find(b"\x00") == -1
    assert seen.damaged[0].scope == "s"
    assert seen.state.read == 4
    assert seen.completes[0].count == 4


def test_a_quote_that_is_never_closed_costs_one_row_each_time(tmp_path: Path) -> None:
    """Row 3 opens a quote; the next one stands in row 5, and text follows it."""
    write(tmp_path / "a.csv", 'id,name\n1,a\n2,"b\n3,c\n4,"d, e"\n5,f\n6,"g\n')
    seen = read(tmp_path, path="a.csv")
    assert [row["id"] for row in seen.rows] == ["1", "3", "4", "5"]
    assert [bad.where for bad in seen.damaged] == ["a.csv, row 3, column name", "a.csv, row 7, column name"]


def test_a_quote_that_is_closed_by_a_later_stray_one_swallows_no_rows(tmp_path: Path) -> None:
    """From row 3 to row 5 it could be one field over three lines, but then the row would have three columns."""
    write(tmp_path / "a.csv", 'id,name\n1,a\n2,"b\n3,c\n4,d",x\n5,e\n')
    seen = read(tmp_path, path="a.csv")
    assert [row["id"] for row in seen.rows] == ["1", "3", "5"]
    assert [bad.where for bad in seen.damaged] == ["a.csv, row 3, column name", "a.csv, row 5"]


def test_a_file_of_another_encoding_than_configured_says_so(tmp_path: Path) -> None:
    write(tmp_path / "a.csv", "id,name\n1,Zoë\n".encode("cp1252"))
    seen = read(tmp_path, path="a.csv", encoding="utf-8")
    assert "encoding" in seen.damaged[0].problem.fix


def test_undecodable_utf_16_is_damaged(tmp_path: Path) -> None:
    write(tmp_path / "a.csv", "id,name\n1,a\n".encode("utf-16") + b"\x00\xd8" + "2,b\n3,c\n".encode("utf-16-le"))
    seen = read(tmp_path, path="a.csv")
    assert [row["id"] for row in seen.rows] == ["1", "3"]
    assert "not utf-16" in seen.says[0]


def test_a_field_of_ten_megabytes_passes(tmp_path: Path) -> None:
    big = "x" * 10_000_000
    write(tmp_path / "a.csv", f'id,name\n1,{big}\n2,"{big}"\n3,c\n')
    seen = read(tmp_path, path="a.csv")
    assert [len(row["name"]) for row in seen.rows] == [10_000_000, 10_000_000, 1]


def test_a_line_without_end_is_one_damaged_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines_module, "LONGEST", 500_000)
    write(tmp_path / "a.csv", "id,name\n1,a\n2," + "x" * 2_000_000 + "\n3,c\n")
    seen = read(tmp_path, path="a.csv")
    assert [row["id"] for row in seen.rows] == ["1", "3"]
    assert len(seen.damaged) == 1
    assert "is longer than" in seen.says[0]
    assert len(seen.damaged[0].raw) <= 4000


def test_ids_and_number_format(tmp_path: Path) -> None:
    write(tmp_path / "a.csv", "customer;total;sku;day\n17850.0;1.234,50;1.234;05.01.2026\n;-12,5;007;\n12583;1.000.000;0;\n")
    seen = read(tmp_path, path="a.csv", key=["sku"], ids=["customer"], number_format={"decimal": ",", "thousands": "."})
    assert seen.rows == [
        {"customer": "17850", "total": "1234.50", "sku": "1.234", "day": "05.01.2026"},
        {"customer": "", "total": "-12.5", "sku": "007", "day": ""},
        {"customer": "12583", "total": "1000000", "sku": "0", "day": ""},
    ]


@pytest.mark.parametrize(
    ("stream", "word"),
    [
        ({"path": "a.csv", "delimeter": ";"}, "delimeter"),
        ({"path": "a.csv", "encoding": "utf-9"}, "utf-9"),
        ({"path": "a.csv", "scope_from": "(a)(b)"}, "exactly one group"),
        ({"path": "a.csv", "number_format": {"decimal": ",", "thousands": ","}}, "must differ"),
    ],
)
def test_a_typo_in_the_configuration_is_refused(tmp_path: Path, stream: dict[str, object], word: str) -> None:
    with pytest.raises(ValidationError, match=word.replace("(", r"\(")):
        reader(tmp_path, **stream)
