"""Bad input through the whole route, from the file to ledger and stock: told in a sentence, nothing lost, nothing half written.

What the tests see is what `docs/bad-input.md` promises: every sentence and every remedy here stands on that page.
"""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import xlsxwriter

from tests._kit.bad_input import COLUMNS, Office, in_a_program, on_page, sale

MEGABYTES = "x" * 10_000_000

AT_SOURCE = "Correct it at the source, or change the field in the mapping shop/orders."
IN_FILE = "Correct the row in the file, or have the file exported again."
IN_CELL = "Correct the cell in a spreadsheet program, save the file (which stores the results of formulas), and copy it again."
AS_TEXT = "Have the file exported again with this value as text, or empty."
KEY = "Correct the key in the file, or name other columns as key."
TOO_LONG = "cannot be taken: string should have at most 10000 characters."


def line(number: int) -> str:
    return f"Correct it at the source, or change line {number} of the mapping shop/orders."


class Bad(NamedTuple):
    """A bad row: the order that it should have been, what stands in the file, and what is said of it."""

    number: str
    row: Any
    code: str
    says: dict[str, str]
    """Sentence → remedy."""


def json_line(number: str, total: str = '"119.00"', note: str = '""') -> str:
    return f'{{"id": "{number}", "date": "2026-01-05", "currency": "EUR", "sku": "mug", "units": "1", "total": {total}, "note": {note}}}'


JSONL = [
    Bad("wrong-type", sale("wrong-type", units="many"), "MAP-TYPE", {"Order wrong-type: quantity ('many') is not a number.": line(12)}),
    Bad("no-day", sale("no-day", date="2026-02-30"), "MAP-TYPE",
        {"Order no-day: business date ('2026-02-30') is not a date or a time as ISO 8601 writes it.": line(9)}),
    Bad("missing", {name: value for name, value in sale("missing").items() if name != "currency"}, "MAP-REQUIRED",
        {"Order missing: currency is empty, and the document needs it.": AT_SOURCE}),
    Bad("object", sale("object", note={"to": "Ann"}), "MAP-TYPE",
        {"Order object: note cannot be taken: input should be a valid string.": AT_SOURCE}),
    Bad("nan", json_line("nan", total="NaN"), "READ-NAN",
        {"Row 6 of files/orders.jsonl holds NaN or infinity instead of a number in column total.": IN_FILE}),
    Bad("1e400", json_line("1e400", total="1e400"), "MAP-TYPE",
        {"Order 1e400: net amount has more than 50 digits.": line(12), "Order 1e400: grand total has more than 50 digits.": line(13)}),
    Bad("too-much", sale("too-much", "1000000000000"), "MAP-TYPE",
        {"Order too-much: its amount (1000000000000.00) cannot be: 1,000,000,000,000 and more is not counted.":
         "Correct it at the source."}),
    Bad("10-megabytes", sale("10-megabytes", note=MEGABYTES), "MAP-TYPE", {f"Order 10-megabytes: note {TOO_LONG}": AT_SOURCE}),
    Bad("long-key", sale(MEGABYTES), "READ-DAMAGED",
        {"Row 10 of files/orders.jsonl has more than 500 characters in its key column id.": KEY}),
    Bad("surrogate", json_line("surrogate", note=r'"\ud800"'), "READ-DAMAGED",
        {"Row 11 of files/orders.jsonl holds half a character (a lone surrogate) in column note.": IN_FILE}),
    Bad("raw-surrogate", json_line("raw-surrogate", note='"\ud800"').encode("utf-8", "surrogatepass"), "READ-DAMAGED",
        {"Row 12 of files/orders.jsonl holds bytes that are not utf-8.": IN_FILE}),
    Bad("twice", '{"id": "twice", "total": "1.00", "total": "2.00"}', "READ-DAMAGED",
        {"Row 13 of files/orders.jsonl names the same field twice in column total.": IN_FILE}),
    Bad("cut-off", json_line("cut-off")[:60], "READ-DAMAGED",
        {"Row 14 of files/orders.jsonl is not JSON from character 60 on (it may be cut off).": IN_FILE}),
    Bad("no-key", sale(""), "READ-DAMAGED", {"Row 15 of files/orders.jsonl has nothing in its key column id.": KEY}),
]  # fmt: skip
CSV = [
    Bad("wrong-type", sale("wrong-type", "12,50 EUR"), "READ-DAMAGED",
        {"Row 3 of files/orders.csv has 8 columns where the file has 7.": IN_FILE}),
    Bad("no-number", sale("no-number", units="many"), "MAP-TYPE", {"Order no-number: quantity ('many') is not a number.": line(12)}),
    Bad("missing", sale("missing", currency=""), "MAP-TYPE",
        {"Order missing: currency ('') cannot be taken: string should match pattern '^[A-Z]{3}$'.": AT_SOURCE}),
    Bad("nan", sale("nan", "NaN"), "MAP-TYPE",
        {"Order nan: net amount ('NaN') is not a number.": line(12), "Order nan: grand total ('NaN') is not a number.": line(13)}),
    Bad("1e400", sale("1e400", "1e400"), "MAP-TYPE",
        {"Order 1e400: net amount ('1e400') is not a number.": line(12), "Order 1e400: grand total ('1e400') is not a number.": line(13)}),
    Bad("10-megabytes", sale("10-megabytes", note=MEGABYTES), "MAP-TYPE", {f"Order 10-megabytes: note {TOO_LONG}": AT_SOURCE}),
    Bad("surrogate", b"surrogate,2026-01-05,EUR,mug,1,5.00,\xed\xa0\x80", "READ-DAMAGED",
        {"Row 9 of files/orders.csv holds bytes in column note that are not utf-8.":
         "If the file is not in utf-8, say `encoding` in the connection. Otherwise have it exported again."}),
    Bad("cut-off", "cut-off,2026-01-05,EUR", "READ-DAMAGED", {"Row 10 of files/orders.csv has 3 columns where the file has 7.": IN_FILE}),
    Bad("quote", '"quote,2026-01-05,EUR,mug,1,5.00,', "READ-DAMAGED",
        {"Row 11 of files/orders.csv opens a quote and does not close it in column id.":
         "Close the quote, or double it where it belongs to the text."}),
]  # fmt: skip
PARQUET = [
    Bad("nan", sale("nan", float("nan")), "READ-NAN",
        {"Row 2 of files/orders.parquet holds NaN or infinity instead of a number in column total.": AS_TEXT}),
    Bad("infinite", sale("infinite", float("inf")), "READ-NAN",
        {"Row 3 of files/orders.parquet holds NaN or infinity instead of a number in column total.": AS_TEXT}),
    Bad("wrong-type", sale("wrong-type", 1.0, units="many"), "MAP-TYPE",
        {"Order wrong-type: quantity ('many') is not a number.": line(12)}),
    Bad("missing", sale("missing", 1.0, currency=None), "MAP-REQUIRED",
        {"Order missing: currency is empty, and the document needs it.": AT_SOURCE}),
    Bad("10-megabytes", sale("10-megabytes", 1.0, note=MEGABYTES), "MAP-TYPE", {f"Order 10-megabytes: note {TOO_LONG}": AT_SOURCE}),
    Bad("surrogate", sale("surrogate", 1.0, note=b"\xed\xa0\x80"), "READ-DAMAGED",
        {"Row 7 of files/orders.parquet holds bytes that are no text in column note.": AS_TEXT}),
]  # fmt: skip
XLSX = [
    Bad("no-result", sale("no-result", "=1+1"), "READ-DAMAGED",
        {"Row 3 of files/orders.xlsx has a formula whose result is not stored in column total (cell F3).": IN_CELL}),
    Bad("error", sale("error", "#DIV/0!"), "READ-DAMAGED",
        {"Row 4 of files/orders.xlsx has the error #DIV/0! in column total (cell F4).": IN_CELL}),
    Bad("wrong-type", sale("wrong-type", units="many"), "MAP-TYPE", {"Order wrong-type: quantity ('many') is not a number.": line(12)}),
    Bad("infinite", sale("infinite", 777.25), "READ-NAN",
        {"Row 6 of files/orders.xlsx holds NaN or infinity instead of a number in column total (cell F6).": IN_CELL}),
    Bad("missing", sale("missing", currency=None), "MAP-REQUIRED",
        {"Order missing: currency is empty, and the document needs it.": AT_SOURCE}),
]  # fmt: skip
WITHOUT_FIELD = (("jsonl", "raw-surrogate"), ("jsonl", "cut-off"), ("csv", "wrong-type"))
"""Where what is left of the row does not tell."""
ROWS = {"jsonl": JSONL, "csv": CSV, "parquet": PARQUET, "xlsx": XLSX}


def good(number: str) -> dict[str, Any]:
    return sale(number, 119.0)


def patched(book: Path, old: bytes, new: bytes) -> None:
    """Put into a workbook what no program here writes."""
    with zipfile.ZipFile(book) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    sheet = "xl/worksheets/sheet1.xml"
    assert old in parts[sheet]
    parts[sheet] = parts[sheet].replace(old, new)
    with zipfile.ZipFile(book, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)


def test_the_page_says_of_every_bad_row_what_is_said():
    sentences = [text for cases in ROWS.values() for bad in cases for pair in bad.says.items() for text in pair]
    assert on_page(*sentences)


@pytest.mark.parametrize(
    ("form", "hub_url"),
    [*((form, "sqlite") for form in ROWS), *(pytest.param(form, "postgres", marks=pytest.mark.postgres) for form in ("jsonl", "csv"))],
    indirect=["hub_url"],
)
def test_bad_rows_are_told_and_the_good_ones_beside_them_arrive(tmp_path, hub_url, form):
    """First order 1001, then every bad row, then order 1002. Afterwards the same file with all of them mended."""
    bad = ROWS[form]
    office = Office(tmp_path / "home", form, hub_url, stream={"encoding": "utf-8"} if form == "csv" else {})
    office.write([good("1001"), *(each.row for each in bad), good("1002")])
    if form == "xlsx":
        patched(office.export, b"<v>777.25</v>", b"<v>1e400</v>")

    report = office.run(code=1)
    assert office.told() == {(each.code, say, fix) for each in bad for say, fix in each.says.items()}
    for told in office.problems():
        assert (told["connection"], told["stream"]) == ("shop", "orders")
        number = next(each.number for each in bad if told["say"] in each.says)
        assert (told["location"] or "").startswith(f"{office.files}, row ") or told["subject"] == number, "it names the row, or the record"
        assert told["field"] or (form, number) in WITHOUT_FIELD
    assert report["rows"] == {"read": len(bad) + 2, "problem": len(bad), "translated": 2, "repeated": 0}
    assert office.delivered() == ["1001", "1002"]
    assert report["operations"] == {"delivered": 4}

    assert office.run(code=0)["written"] == {"ledger": 0, "stock": 0}, "what is known is not told twice"
    assert len(office.told()) == sum(len(each.says) for each in bad)

    office.write([good("1001"), *(good(each.number) for each in bad), good("1002")])
    mended = office.run(code=0)
    assert office.told() == set()
    assert mended["written"] == {"ledger": len(bad), "stock": len(bad)}
    assert office.delivered() == sorted(["1001", "1002", *(each.number for each in bad)])
    assert office.run(code=0)["written"] == {"ledger": 0, "stock": 0}


def test_a_field_that_nobody_knows_is_kept_and_harms_nothing(tmp_path):
    office = Office(tmp_path / "home", "jsonl")
    office.write([sale("1001", colour="red", tags=["a", {"b": [1.10]}])])
    office.run(code=0)
    assert office.delivered() == ["1001"]
    assert office.raw() == [sale("1001", colour="red", tags=["a", {"b": [1.10]}])]
    office.write([sale("1001", colour="red", tags=["a", {"b": [1.10]}]), sale("1002", size="XL")])
    office.run(code=1)
    ((code, say, fix),) = office.told()
    assert code == "READ-SCHEMA"
    assert on_page(say, fix)
    assert office.delivered() == ["1001", "1002"]
    office.run(code=0)
    assert office.told() == set(), "it was said; nobody has to mend anything"


def test_fields_of_ten_megabytes_do_not_fill_the_memory(tmp_path):
    """60 MB of text, a third of it in a field that the model bounds, the rest in one that nobody reads; one such field takes 130 MB."""
    office = Office(tmp_path / "home", "jsonl")
    office.write([*(sale(f"note-{n}", note=MEGABYTES) for n in range(2)), *(sale(f"else-{n}", other=MEGABYTES) for n in range(4))])
    said = in_a_program(office.path, "run", "--json")
    assert said.code == 1, said.err
    assert said.json["peak_mb"] < 220
    assert len(office.told()) == 2
    assert office.delivered() == sorted(f"else-{n}" for n in range(4))


def test_a_formula_counts_as_its_stored_result_and_that_is_said(tmp_path):
    office = Office(tmp_path / "home", "xlsx")
    with xlsxwriter.Workbook(office.export) as book:
        sheet = book.add_worksheet("Orders")
        sheet.write_row(0, 0, COLUMNS)
        sheet.write_row(1, 0, list(sale("1001").values()))
        sheet.write_formula(1, 5, "=100*1.19", value=119)
    said = office("check").out
    told = "files/orders.xlsx: sheet 'Orders' has formulas; the result stored with each is taken, nothing is calculated."
    assert told in " ".join(said.split())
    assert on_page(told)
    assert office.run(code=0)["fates"]["delivered"]["amount"]["EUR"] == "119"


# ── files ──

CUT = (
    "READ-DAMAGED",
    "files/orders.{form} cannot be read as {kind}: it is cut off, or something else under this name",
    "Have the file exported or copied again; what was read of it before stays, and nothing counts as deleted.",
)
EMPTY = ("READ-EMPTY", "files/orders.{form} is empty.", "Look whether the export went wrong. What was read before stays as it is.")
NO_ROWS = ("READ-EMPTY", "files/orders.{form} has a header and no rows.", EMPTY[2])
GONE = (
    "READ-MISSING",
    "files/orders.{form} is not there.",
    "Put it back, or correct `path` in the connection. What was read from it before stays as it is.",
)
KINDS = {"parquet": "Parquet", "xlsx": "an Excel workbook"}


def truncate(file: Path) -> None:
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2])


def no_rows(file: Path) -> None:
    file.write_bytes(file.read_bytes().splitlines(keepends=True)[0])


FILES = {
    "truncated": (truncate, CUT, ("parquet", "xlsx")),
    "empty": (lambda file: file.write_bytes(b""), EMPTY, ("csv", "jsonl", "parquet", "xlsx")),
    "header-only": (no_rows, NO_ROWS, ("csv",)),
    "missing": (Path.unlink, GONE, ("csv", "parquet")),
}


@pytest.mark.parametrize(("what", "form"), [(what, form) for what, (_do, _told, forms) in FILES.items() for form in forms])
def test_a_bad_file_after_a_good_one_changes_nothing_until_it_is_mended(tmp_path, what, form):
    damage, (code, say, fix), _forms = FILES[what]
    office = Office(tmp_path / "home", form)
    office.write([good("1001"), good("1002")])
    office.run()
    before = office.export.read_bytes()
    office.write([good("1001"), good("1002"), good("1003")])
    whole = office.export.read_bytes()
    damage(office.export)

    report = office.run(code=1)
    ((found, sentence, remedy),) = office.told()
    assert (found, remedy) == (code, fix)
    assert sentence.startswith(say.format(form=form, kind=KINDS.get(form, "")))
    assert on_page(say.format(form=form, kind=KINDS.get(form, "")), fix)
    assert report["written"] == {"ledger": 0, "stock": 0}
    assert report["rows"]["read"] == 2
    assert office.delivered() == ["1001", "1002"]
    assert office.run(code=0)["written"] == {"ledger": 0, "stock": 0}
    assert len(office.told()) == 1, "it stays until it is mended"

    assert before != whole
    office.export.write_bytes(whole)
    assert office.run(code=0)["written"] == {"ledger": 1, "stock": 1}
    assert office.told() == set()
    assert office.delivered() == ["1001", "1002", "1003"]


@pytest.mark.parametrize("what", FILES)
def test_a_bad_file_from_the_first_day_on_is_told_too(tmp_path, what):
    damage, (code, _say, _fix), forms = FILES[what]
    office = Office(tmp_path / "home", forms[0])
    office.write([good("1001")])
    damage(office.export)
    office.run(code=1)
    assert [told[0] for told in office.told()] == [code]
    office.write([good("1001")])
    office.run(code=0)
    assert office.told() == set()
    assert office.delivered() == ["1001"]


def test_a_damaged_row_of_one_file_among_many_is_mended_by_that_file_alone(tmp_path):
    office = Office(tmp_path / "home", "csv", files="files/drop")
    office.write([good("1001"), "1002,2026-01-05"], office.export / "a.csv")
    office.write([good("1003")], office.export / "b.csv")
    office.run(code=1)
    assert [told[1] for told in office.told()] == ["Row 3 of files/drop/a.csv has 2 columns where the file has 7."]
    office.write([good("1001"), good("1002")], office.export / "a.csv")
    office.run(code=0)
    assert office.told() == set()
    assert office.delivered() == ["1001", "1002", "1003"]


# ── rights ──

DENIED = "may not be read by the account that Counterfoil runs under."


@pytest.mark.parametrize("closed", ["files/orders.csv", "files"])
def test_a_file_or_folder_without_rights_is_told_and_read_once_it_is_open(tmp_path, closed):
    office = Office(tmp_path / "home", "csv")
    office.write([good("1001")])
    (office.path / closed).chmod(0)
    said = office.denied("run", "--json")
    (office.path / closed).chmod(0o755)
    assert said.code == 1, said.err
    ((code, say, fix),) = office.told()
    assert (code, say) == ("READ-DENIED", f"files/orders.csv {DENIED}")
    assert on_page(say, fix)
    said = office.denied("run", "--json")
    assert said.code == 0, said.err
    assert office.told() == set()
    assert office.delivered() == ["1001"]


@pytest.mark.parametrize(
    ("closed", "sentence"),
    [
        ("books", "The ledger in HOME/books cannot be written: Permission denied."),
        ("stock.db", "The target's database HOME/stock.db may not be written by the account that Counterfoil runs under."),
        ("hub.db", "The hub's database HOME/hub.db may not be opened or written by the account that Counterfoil runs under."),
        ("connections", "HOME/connections: cannot be read: Permission denied"),
        ("connections/shop.yaml", "HOME/connections/shop.yaml: cannot be read: Permission denied"),
        ("mappings/shop", "HOME/mappings/shop/orders.yaml: cannot be read: Permission denied"),
    ],
)
def test_without_the_right_to_write_or_to_read_its_settings_a_run_ends_with_2(tmp_path, closed, sentence):
    office = Office(tmp_path / "home", "csv")
    office.write([good("1001")])
    place = office.path / closed
    if closed == "books":
        place.mkdir()
    elif not place.exists():
        place.touch()
    usual = place.stat().st_mode
    place.chmod(0o555 if closed == "books" else 0o444 if closed.endswith(".db") else 0)
    said = office.denied("run", "--json")
    assert (said.code, said.out) == (2, "")
    assert sentence.replace("HOME", str(office.path)) in said.err
    assert on_page(sentence)
    place.chmod(usual | 0o700)
    assert office.denied("run").code == 0
    assert office.delivered() == ["1001"]
    office.run(code=0)
