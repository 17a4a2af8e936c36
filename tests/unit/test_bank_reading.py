"""How statement files are read: each entry once, balances and gaps, what is read again, and what a damaged file may do."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taps._kit.reader import Complete, Mended, Message, Record, Start, State
from taps._kit.surroundings import Surroundings
from taps.bank import CONNECTOR
from tests.unit._bank import CSV, Line, Sheet, camt, csv_export, mt940, ofx, read

TEN = Decimal("10.00")
JANUARY = Sheet((Line(date(2026, 1, 5), TEN, "rent"), Line(date(2026, 1, 30), -TEN * 3, "goods")), number="1")
FEBRUARY = Sheet(
    (Line(date(2026, 2, 3), TEN * 2, "rent"),),
    opening=JANUARY.closing,
    opened_on=date(2026, 1, 31),
    closed_on=date(2026, 2, 28),
    number="2",
)
MARCH = Sheet((), opening=FEBRUARY.closing, opened_on=date(2026, 2, 28), closed_on=date(2026, 3, 31), number="3")


def put(home: Path, **files: bytes) -> None:
    for name, content in files.items():
        (home / name).write_bytes(content)


# ── the same entry in two files ──


def test_a_copy_of_a_file_gives_the_same_records(tmp_path: Path) -> None:
    twice = replace(JANUARY, lines=JANUARY.lines * 2)
    put(tmp_path, a=camt(twice))
    first = read(tmp_path)
    put(tmp_path, b=camt(replace(twice, number="another download")))
    second = read(tmp_path, after=first)
    assert second.keys == first.keys
    assert len(set(first.keys)) == 4
    assert second.notices == []


def test_camt_and_mt940_of_one_account_give_the_same_records(tmp_path: Path) -> None:
    sheet = replace(JANUARY, lines=tuple(replace(line, reference=f"R{line.day}") for line in JANUARY.lines))
    old = replace(sheet, account="12030000/20251", lines=tuple(replace(line, text="shortened") for line in sheet.lines))
    put(tmp_path, a=camt(sheet), b=mt940(old))
    seen = read(tmp_path, accounts={"12030000/20251": sheet.account})
    assert len(seen.records) == 4
    assert seen.keys[:2] == seen.keys[2:]
    assert {row["account"] for row in seen.rows} == {sheet.account}


def test_without_a_reference_the_text_tells_entries_apart_and_with_one_it_does_not(tmp_path: Path) -> None:
    def keys(text: str, reference: str | None) -> list[str]:
        put(tmp_path, a=camt(replace(JANUARY, lines=(Line(date(2026, 1, 5), TEN, text, reference),))))
        return read(tmp_path).keys

    assert keys("rent", None) == keys("rent ", None) != keys("goods", None)
    assert keys("rent", "R1") == keys("goods", "R1") != keys("rent", "R2")
    assert keys("rent", "NONREF") == keys("rent", None)


def test_a_reference_that_a_bank_uses_twice_makes_two_records(tmp_path: Path) -> None:
    lines = (
        Line(date(2026, 1, 5), TEN, reference="CARD"),
        Line(date(2026, 1, 5), TEN, reference="CARD"),
        Line(date(2026, 1, 6), TEN, reference="CARD"),
    )
    put(tmp_path, a=camt(replace(JANUARY, lines=lines)))
    assert len(set(read(tmp_path).keys)) == 3


def test_equal_entries_on_two_pages_of_one_day_are_two_records(tmp_path: Path) -> None:
    """Nothing tells them apart but that the second page opens with what the first one closed with."""
    fee = (Line(date(2026, 1, 5), Decimal("-1.50"), "card fee"),)
    day = date(2026, 1, 5)
    first = Sheet(fee, opened_on=date(2026, 1, 4), closed_on=day, number="1/1")
    second = Sheet(fee, opening=first.closing, opened_on=day, closed_on=day, number="1/2")
    put(tmp_path, a=mt940(first), b=mt940(second))
    assert len(set(read(tmp_path).keys)) == 2
    (tmp_path / "c").write_bytes(mt940(first, second))
    assert len(set(read(tmp_path).keys)) == 2, "and once more in one file they are the same two"


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0)])
@pytest.mark.parametrize("at_once", [True, False])
def test_equal_entries_on_three_pages_are_three_records_whichever_comes_first(
    tmp_path: Path, order: tuple[int, ...], *, at_once: bool
) -> None:
    fee, day = Line(date(2026, 1, 5), Decimal("-1.50"), "card fee"), date(2026, 1, 5)
    pages = [
        Sheet((fee,), opening=TEN - Decimal("1.50") * place, opened_on=day if place else date(2026, 1, 4), closed_on=day)
        for place in range(3)
    ]
    keys: set[str] = set()
    seen = None
    for name, place in zip("abc", order, strict=True):
        put(tmp_path, **{name: camt(pages[place])})
        if not at_once:
            seen = read(tmp_path, after=seen)
            keys |= {*seen.keys}
    assert len({*read(tmp_path).keys} if at_once else keys) == 3


def test_statements_of_the_same_days_that_follow_each_other_are_no_copies(tmp_path: Path) -> None:
    """Some banks date all balances of a day alike."""
    fee = (Line(date(2026, 1, 5), Decimal("-1.50"), "card fee"),)
    first = Sheet(fee, opened_on=date(2026, 1, 4), closed_on=date(2026, 1, 5), number="1")
    put(tmp_path, a=camt(first, replace(first, opening=first.closing, number="2")))
    seen = read(tmp_path)
    assert len(set(seen.keys)) == 2
    assert seen.notices == []


def test_a_part_of_a_statement_whose_entries_cancel_out_is_no_page_before_it(tmp_path: Path) -> None:
    there_and_back = (Line(date(2026, 1, 1), TEN, "in"), Line(date(2026, 1, 1), -TEN, "out"))
    whole = Sheet((*there_and_back, Line(date(2026, 1, 2), TEN, "rent")))
    put(tmp_path, a=camt(whole), b=camt(replace(whole, lines=there_and_back, closed_on=date(2026, 1, 1))))
    assert len(set(read(tmp_path).keys)) == 3


# ── balances and gaps ──


def test_entries_that_do_not_give_the_closing_balance_are_told_with_the_difference(tmp_path: Path) -> None:
    put(tmp_path, a=camt(JANUARY).replace(b'<Amt Ccy="EUR">30.00</Amt>', b'<Amt Ccy="EUR">29.00</Amt>'))
    seen = read(tmp_path)
    assert len(seen.records) == 2, "its entries are read as they stand"
    [notice] = seen.notices
    assert notice == (
        f"READ-BALANCE: In statement 1 of account {JANUARY.account} in a the opening balance 100.00 and 2 entries of together -19.00 give "
        "81.00, but the closing balance is 80.00 EUR: a difference of -1.00."
    )
    assert read(tmp_path, after=seen).notices == seen.notices, "it is told until it is mended"
    put(tmp_path, a=camt(JANUARY))
    assert read(tmp_path, after=seen).notices == []


def test_a_missing_statement_is_told_until_it_comes(tmp_path: Path) -> None:
    put(tmp_path, a=camt(JANUARY), c=camt(MARCH))
    first = read(tmp_path)
    [notice] = first.notices
    assert notice == (
        f"READ-GAP: Account {JANUARY.account}: statement 1 in a closes on 2026-01-31 with 80.00 EUR, and the next one that is there, "
        "3 in c, opens on 2026-02-28 with 100.00: entries of together 20.00 are missing between them."
    )
    again = read(tmp_path, after=first)
    assert again.notices == first.notices
    put(tmp_path, b=camt(FEBRUARY))
    assert read(tmp_path, after=again).notices == []


def test_statements_that_went_to_an_archive_are_remembered(tmp_path: Path) -> None:
    put(tmp_path, a=camt(JANUARY))
    first = read(tmp_path)
    (tmp_path / "a").unlink()
    put(tmp_path, c=camt(MARCH))
    assert read(tmp_path, after=first).codes == ["READ-GAP"]
    put(tmp_path, c=camt(FEBRUARY))
    assert read(tmp_path, after=first).codes == []


def test_a_gap_before_a_statement_that_was_taken_away_is_told_no_more(tmp_path: Path) -> None:
    put(tmp_path, a=camt(JANUARY), c=camt(MARCH))
    first = read(tmp_path)
    (tmp_path / "c").unlink()
    assert (first.codes, read(tmp_path, after=first).codes) == (["READ-GAP"], [])


def test_other_accounts_and_currencies_are_no_gaps(tmp_path: Path) -> None:
    put(tmp_path, a=camt(JANUARY), b=camt(replace(MARCH, account="DE99")), c=camt(replace(MARCH, currency="CHF")))
    assert read(tmp_path).notices == []


def test_pending_entries_are_handed_out_and_count_for_no_balance(tmp_path: Path) -> None:
    pending = camt(JANUARY).replace(b"</Stmt>", b'<Ntry><Amt Ccy="EUR">5.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>PDNG</Sts></Ntry></Stmt>')
    put(tmp_path, a=pending.replace(b"<Sts>PDNG</Sts>", b"<Sts>PDNG</Sts><BookgDt><Dt>2026-01-31</Dt></BookgDt>"))
    seen = read(tmp_path)
    assert [row["status"] for row in seen.rows] == ["booked", "booked", "pending"]
    assert seen.notices == []


# ── what is read again ──


def test_an_unchanged_file_is_not_read_again_and_a_changed_one_is_read_whole(tmp_path: Path) -> None:
    put(tmp_path, a=camt(JANUARY), b=camt(FEBRUARY))
    first = read(tmp_path)
    assert read(tmp_path, after=first).records == []
    put(tmp_path, b=camt(replace(FEBRUARY, lines=(*FEBRUARY.lines, Line(date(2026, 2, 4), TEN, "new")))))
    second = read(tmp_path, after=first)
    assert [row["text"] for row in second.rows] == ["rent", "new"]
    assert second.keys[0] == first.keys[2]


def test_an_entry_that_was_mended_is_said_to_be(tmp_path: Path) -> None:
    put(tmp_path, a=camt(JANUARY).replace(b"30.00</Amt>", b"thirty</Amt>"))
    first = read(tmp_path)
    assert first.says == ["Entry 2 of statement 1 in a has the amount 'thirty', which is no number."]
    put(tmp_path, a=camt(JANUARY))
    messages = read(tmp_path, after=first).messages
    assert [type(message) for message in messages] == [Start, Record, Record, Complete, State]
    put(tmp_path, a=camt(replace(JANUARY, lines=())))
    assert [type(message) for message in read(tmp_path, after=first).messages] == [Mended, State]


def test_small_files_share_a_state_and_large_ones_do_not(tmp_path: Path) -> None:
    many = replace(JANUARY, lines=tuple(Line(date(2026, 1, 5), TEN, f"{place}") for place in range(1_500)))
    put(tmp_path, a=camt(JANUARY), b=camt(FEBRUARY), c=camt(many), d=camt(replace(many, account="DE99")))
    kinds = [type(message) for message in read(tmp_path).messages if not isinstance(message, Record)]
    assert kinds == [Start, Complete, Start, Complete, Start, Complete, State, Start, Complete, State]


def test_a_file_that_is_written_to_while_it_is_read_is_read_again(tmp_path: Path) -> None:
    many = replace(JANUARY, lines=tuple(Line(date(2026, 1, 5), TEN, f"{place}") for place in range(2_100)))
    put(tmp_path, a=camt(many))
    config = CONNECTOR.config.model_validate({"files": [{"path": "a"}]})
    messages: list[Message] = []
    for message in CONNECTOR.build(config, tmp_path).read("entries", None, Surroundings()):
        messages.append(message)
        if len(messages) == 2_050:
            with (tmp_path / "a").open("ab") as file:
                file.write(b"<!-- more -->")
    assert "was written to while it was read" in " ".join(str(message) for message in messages if not isinstance(message, Record))
    assert not [message for message in messages if isinstance(message, Complete)]


def test_a_file_in_two_places_is_read_once(tmp_path: Path) -> None:
    put(tmp_path, a=camt(JANUARY))
    assert len(read(tmp_path, "a", "*").records) == 2


def test_a_large_number_of_statements_is_remembered_as_far_as_it_helps(tmp_path: Path) -> None:
    sheets = [
        Sheet((), opened_on=date(2020, 1, 1), closed_on=date(2020, 1, 2), number=str(place), opening=TEN * place) for place in range(450)
    ]
    put(tmp_path, a=camt(*sheets))
    assert len(read(tmp_path).state["statements"]) == 400


# ── files that are not what they should be ──

LAUGHS = (
    b'<!DOCTYPE lolz [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">'
    b'<!ENTITY d "&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;"><!ENTITY e "&d;&d;&d;&d;&d;&d;&d;&d;&d;&d;"><!ENTITY f "&e;&e;&e;&e;&e;&e;&e;&e;">]>'
)
OUTSIDE = b'<!DOCTYPE Document [<!ENTITY secret SYSTEM "file:///etc/passwd">]>'
ROOT = b'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.02">'


@pytest.mark.parametrize("declared", [LAUGHS, OUTSIDE, b'<!DOCTYPE Document SYSTEM "http://example.com/x.dtd">', b"<!-- one -->" + OUTSIDE])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_document_type_is_refused_before_anything_is_read(tmp_path: Path, declared: bytes, encoding: str) -> None:
    text = camt(replace(JANUARY, lines=(Line(date(2026, 1, 5), TEN, "XX"),)), encoding=encoding).decode(encoding)
    text = text.replace(ROOT.decode(), (declared + ROOT).decode()).replace("XX", "&f;" if declared is LAUGHS else "&secret;")
    put(tmp_path, a=text.encode(encoding))
    seen = read(tmp_path)
    assert seen.records == []
    assert seen.notices == ["READ-DAMAGED: a declares a document type (DOCTYPE), which no bank statement has: it is not read."]


@pytest.mark.parametrize("version", [1, 2])
def test_ofx_with_a_document_type_is_refused(tmp_path: Path, version: int) -> None:
    put(tmp_path, a=ofx(JANUARY, sgml=version == 1).replace(b"<OFX>", LAUGHS + b"<OFX>"))
    seen = read(tmp_path)
    assert seen.records == []
    assert "declares a document type or an entity" in seen.notices[0]


def test_elements_within_elements_without_end_are_refused(tmp_path: Path) -> None:
    put(tmp_path, a=camt(JANUARY).replace(b"</Stmt>", b"<a>" * 100_000))
    assert "nested deeper than 64" in read(tmp_path).notices[0]


WRONG = {
    "cut off": (camt(JANUARY)[:-60], "a cannot be read as CAMT.053: it is cut off"),
    "cut off in the middle": (camt(JANUARY)[:700], "a cannot be read as CAMT.053: it is cut off"),
    "two files in one": (camt(JANUARY) * 2, "a cannot be read as CAMT.053"),
    "an encoding that does not exist": (camt(JANUARY).replace(b'"utf-8"', b'"klingon"'), "a cannot be read as CAMT.053"),
    "bytes of another encoding": (camt(JANUARY).replace(b"rent", b"\xe9\xe9"), "a cannot be read as CAMT.053"),
    "another XML": (b'<?xml version="1.0"?><html></html>', "a is a CAMT.053 message without a statement"),
    "a report of the day": (camt(JANUARY).replace(b"camt.053", b"camt.052"), "a is a report of the day or an advice"),
    "no account": (camt(JANUARY).replace(b"IBAN", b"NBAI"), "Statement 1 in a does not say which account it is of"),
    "a balance without a day": (
        camt(JANUARY).replace(b"<Dt><Dt>2026-01-01</Dt></Dt>", b"", 1),
        "The balance OPBD of statement 1 in a has no day",
    ),
    "MT940 cut off": (mt940(JANUARY).partition(b":62F:")[0], "statement 7 has no closing balance (:62F:)".replace("7", "1")),
    "MT940 without a beginning": (mt940(JANUARY).replace(b":60F:", b":64:"), "entries before its opening balance"),
    "MT940 without an account": (mt940(JANUARY).replace(b":25:", b":21:"), "does not name its account"),
    "MT940 with a broken balance": (mt940(JANUARY).replace(b":62F:C", b":62F:X"), "has the balance"),
    "CAMT of two accounts": (
        camt(JANUARY).replace(b"</Acct>", b"</Acct><Acct><Id><IBAN>DE9</IBAN></Id></Acct>"),
        "statement 1 has two accounts",
    ),
    "MT940 that opens twice": (mt940(JANUARY).replace(b":62F:", b":60F:C260101EUR1,00\r\n:62F:"), "has two opening balances"),
    "OFX of two accounts": (
        ofx(JANUARY).replace(b"</BANKACCTFROM>", b"</BANKACCTFROM><BANKACCTFROM><ACCTID>9</BANKACCTFROM>"),
        "a statement has two accounts",
    ),
    "OFX with NUL": (ofx(JANUARY).replace(b"rent", b"re\0nt"), "there is a NUL in it"),
    "OFX cut off": (ofx(JANUARY)[:-6], "there is no </OFX> at its end"),
    "OFX that says no": (ofx(JANUARY).replace(b"INFO", b"ERROR<MESSAGE>locked"), "the bank answers with error 0 locked"),
    "OFX of no account": (ofx(JANUARY).replace(b"<ACCTID>", b"<OTHER>"), "does not say which account"),
    "a picture": (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "is neither CAMT.053 nor MT940 nor OFX"),
    "nothing": (b" \n", "a is empty"),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_file_that_is_not_a_whole_statement_gives_nothing_and_says_why(tmp_path: Path, what: str) -> None:
    content, says = WRONG[what]
    put(tmp_path, a=content, b=camt(FEBRUARY))
    seen = read(tmp_path)
    assert [row["text"] for row in seen.rows] == ["rent"], "the other file is read"
    assert len(seen.notices) == 1
    assert says in seen.notices[0]
    assert read(tmp_path, after=seen).notices == seen.notices


def test_what_was_read_of_a_file_stays_when_it_is_cut_off(tmp_path: Path) -> None:
    put(tmp_path, a=camt(JANUARY))
    first = read(tmp_path)
    put(tmp_path, a=camt(JANUARY)[:-60])
    second = read(tmp_path, after=first)
    assert second.codes == ["READ-DAMAGED"]
    put(tmp_path, a=camt(JANUARY))
    third = read(tmp_path, after=second)
    assert third.keys == first.keys
    assert third.notices == []


def test_the_check_and_the_stream_tell_what_the_files_are(tmp_path: Path) -> None:
    put(tmp_path, a=camt(JANUARY), b=mt940(JANUARY), c=ofx(JANUARY), d=csv_export(JANUARY), e=b"hello")
    files = [{"path": name} for name in "abce"] + [{"path": "d", "csv": CSV, "encoding": "cp1252"}]
    reader = CONNECTOR.build(CONNECTOR.config.model_validate({"files": files}), tmp_path)
    (stream,) = reader.streams()
    assert stream.notes == ("a: CAMT.053.", "b: MT940.", "c: OFX.", "e is neither CAMT.053 nor MT940 nor OFX.", "d: CSV.")
    assert [problem.code for problem in reader.check()] == ["READ-DAMAGED"]


SOUND = (camt(FEBRUARY, version=8), camt(JANUARY, encoding="utf-16"), mt940(JANUARY), ofx(JANUARY), ofx(JANUARY, sgml=False))
PIECES = (b"<", b"\0", b"\xff", b"\n:61:", b"\n:60F:", b"\n:20:", b"<Stmt>", b"<STMTTRN>", b"</STMTRS>", b"&#0;", b"9" * 30)


@given(
    st.sampled_from(SOUND),
    st.lists(
        st.tuples(st.integers(0, 10_000), st.integers(0, 40), st.sampled_from(PIECES) | st.binary(max_size=4)), min_size=1, max_size=4
    ),
)
def test_whatever_happened_to_a_file_it_is_told_and_stops_nothing(content: bytes, damage: list[tuple[int, int, bytes]]) -> None:
    """Bytes replaced, lost or put in: entries, damaged entries and sentences, never an error, and nothing that cannot be stored."""
    for place, length, piece in damage:
        at = place % len(content)
        content = content[:at] + piece + content[at + length :]
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        put(home, a=content, b=camt(MARCH, replace(JANUARY, account="DE99")))
        seen = read(home)
    texts = [value for row in seen.rows for value in row.values() if isinstance(value, str)]
    for text in texts + seen.notices + seen.says + [bad.raw for bad in seen.damaged]:
        assert "\0" not in text
        assert text.encode().decode() == text
    assert [row["amount"] for row in seen.rows if row["account"] == "DE99"] == [TEN, -TEN * 3]
