"""What each format says in its own way: signs, reversals, batches, sub-fields, character sets, columns."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from taps.bank.config import CsvColumns
from tests.unit._bank import CSV, Line, Seen, Sheet, camt, csv_export, mt940, ofx, read

DAY = date(2026, 1, 5)
TEN = Decimal("10.00")
ONE = Sheet((Line(DAY, TEN),))


def of(home: Path, content: bytes, **place: Any) -> Seen:
    (home / "a").write_bytes(content)
    return read(home, {"path": "a", **place})


def row(home: Path, content: bytes, **place: Any) -> dict[str, Any]:
    seen = of(home, content, **place)
    assert seen.says == []
    [found] = seen.rows
    return found


# ── CAMT.053 ──

PARTIES = "<RltdPties><Dbtr><Nm>Payer</Nm></Dbtr><Cdtr><Nm>Payee</Nm></Cdtr></RltdPties>"


@pytest.mark.parametrize(
    ("way", "reversal", "amount", "other"),
    [
        ("CRDT", "false", "10.00", "Payer"),
        ("DBIT", "false", "-10.00", "Payee"),
        ("CRDT", "true", "10.00", "Payee"),  # what we had paid comes back
        ("DBIT", "true", "-10.00", "Payer"),
    ],
)
def test_the_sign_is_that_of_the_booking_and_a_reversal_keeps_its_parties(
    tmp_path: Path, way: str, reversal: str, amount: str, other: str
) -> None:
    text = camt(ONE).decode().replace("<RltdPties></RltdPties>", PARTIES)
    start = text.index("<Ntry>")
    entry = text[start:].replace("CRDT</CdtDbtInd>", f"{way}</CdtDbtInd><RvslInd>{reversal}</RvslInd>")
    found = row(tmp_path, (text[:start] + entry).encode())
    assert (found["amount"], found["counterparty_name"]) == (Decimal(amount), other)
    assert found.get("reversal", False) == (reversal == "true")


def batch(*transactions: str) -> bytes:
    text = camt(ONE).decode()
    start, end = text.index("<TxDtls>"), text.index("</NtryDtls>")
    return (text[:start] + "".join(f"<TxDtls>{each}</TxDtls>" for each in transactions) + text[end:]).encode()


def test_a_batch_is_one_entry_with_its_transactions(tmp_path: Path) -> None:
    first = (
        "<Refs><EndToEndId>A</EndToEndId></Refs><AmtDtls><TxAmt><Amt Ccy='EUR'>4.00</Amt></TxAmt></AmtDtls>"  # version 2
        "<RltdPties><Dbtr><Nm>Ann</Nm></Dbtr><DbtrAcct><Id><IBAN>DE1</IBAN></Id></DbtrAcct></RltdPties><RmtInf><Ustrd>one</Ustrd></RmtInf>"
    )
    second = (
        "<Refs><EndToEndId>NOTPROVIDED</EndToEndId></Refs><Amt Ccy='EUR'>6.00</Amt><CdtDbtInd>CRDT</CdtDbtInd>"  # version 4
        "<RltdPties><Dbtr><Pty><Nm>Bob</Nm></Pty></Dbtr></RltdPties><RmtInf><Strd><CdtrRefInf><Ref>RF18</Ref></CdtrRefInf></Strd></RmtInf>"
    )
    found = row(tmp_path, batch(first, second))
    assert found["amount"] == TEN
    assert found["details"] == [
        {
            "amount": Decimal("4.00"),
            "currency": "EUR",
            "end_to_end_id": "A",
            "counterparty_name": "Ann",
            "counterparty_account": "DE1",
            "text": "one",
        },
        {"amount": Decimal("6.00"), "currency": "EUR", "counterparty_name": "Bob", "remittance_reference": "RF18"},
    ]
    assert "end_to_end_id" not in found, "which one's it would be, nobody can tell"


def test_a_transaction_that_went_the_other_way_is_signed_so(tmp_path: Path) -> None:
    found = row(tmp_path, batch("<Amt Ccy='EUR'>12</Amt>", "<Amt Ccy='EUR'>2</Amt><CdtDbtInd>DBIT</CdtDbtInd>"))
    assert [detail["amount"] for detail in found["details"]] == [Decimal(12), Decimal(-2)]


def test_instants_count_by_the_day_that_is_written(tmp_path: Path) -> None:
    text = camt(ONE).replace(b"<BookgDt><Dt>2026-01-05</Dt>", b"<BookgDt><DtTm>2026-01-05T23:30:00-05:00</DtTm>")
    assert row(tmp_path, text)["booked_on"] == DAY


def test_an_entry_of_nothing_is_an_entry(tmp_path: Path) -> None:
    assert row(tmp_path, camt(Sheet((Line(DAY, Decimal("0.00")),))))["amount"] == 0


@pytest.mark.parametrize("currency", ["", "euro"])
def test_an_entry_without_a_currency_is_damaged(tmp_path: Path, currency: str) -> None:
    text = ofx(ONE).replace(b"<CURDEF>EUR", f"<CURDEF>{currency}".encode())
    assert of(tmp_path, text).says == [
        f"Entry 1 of account {ONE.account} in a has {f'the currency {currency!r}' if currency else 'no currency'}."
    ]


def test_an_entry_without_a_booking_day_has_its_value_day(tmp_path: Path) -> None:
    assert row(tmp_path, camt(ONE).replace(b"BookgDt", b"ValDt"))["booked_on"] == DAY


def test_everything_that_is_wrong_with_an_entry_is_told_at_once(tmp_path: Path) -> None:
    text = camt(ONE).decode()
    start = text.index("<Ntry>")
    wrong = text[start:].replace("10.00", "1e5").replace("2026-01-05", "2026-02-30")
    seen = of(tmp_path, (text[:start] + wrong).encode())
    [says] = seen.says
    assert says == (
        "Entry 1 of statement 7 in a has the amount '1e5', which is no number, and has the booking day '2026-02-30', which is no day of "
        "the calendar."
    )
    assert "<Ntry>" in seen.damaged[0].raw


@pytest.mark.parametrize(
    ("codes", "opening", "closing"), [(("PRCD", "CLBD"), 100, 110), (("OPBD", "ITBD"), 100, 110), (("ITBD", "ITBD"), 100, 110)]
)
def test_pages_and_banks_name_their_balances_otherwise(tmp_path: Path, codes: tuple[str, str], opening: int, closing: int) -> None:
    text = camt(ONE).replace(b"OPBD", codes[0].encode(), 1).replace(b"CLBD", codes[1].encode(), 1)
    seen = of(tmp_path, text)
    assert seen.notices == []
    [known] = seen.state["statements"]
    assert (Decimal(known["opening"]), Decimal(known["closing"])) == (opening, closing)


# ── MT940 ──


def field61(line: str, *about: str) -> bytes:
    """One statement with this entry, whatever it does to the balance."""
    fields = [
        ":20:X",
        ":25:1",
        ":28C:5/1",
        ":60F:C251231EUR100,00",
        f":61:{line}",
        *(f":86:{text}" for text in about),
        ":62F:C260131EUR90,00",
        "-",
    ]
    return "\n".join(fields).encode()


@pytest.mark.parametrize(
    ("line", "amount", "booked_on", "reference", "customer"),
    [
        ("2601050105D10,NTRFNONREF", "-10", date(2026, 1, 5), None, None),
        ("2601050105RC10,NTRFNONREF", "-10", date(2026, 1, 5), None, None),  # the reversal of a credit
        ("2601050105RD10,NTRFNONREF", "10", date(2026, 1, 5), None, None),
        ("2601050105RCR10,NTRFNONREF", "-10", date(2026, 1, 5), None, None),  # R of EUR, as funds code
        ("2601050105DR10,NTRFNONREF", "-10", date(2026, 1, 5), None, None),
        ("260105D0000000010,50NMSCINV 7//B1", "-10.50", date(2026, 1, 5), "B1", "INV 7"),
        ("2601021231C,5S202NONREF//B2", "0.5", date(2025, 12, 31), "B2", None),  # booked in the old year, valued in the new one
        ("2512310102C1,NTRFKREF+//B3", "1", date(2026, 1, 2), "B3", None),
    ],
)
def test_field_61(tmp_path: Path, line: str, amount: str, booked_on: date, reference: str | None, customer: str | None) -> None:
    found = row(tmp_path, field61(line))
    assert (found["amount"], found["booked_on"]) == (Decimal(amount), booked_on)
    assert (found.get("reference"), found.get("customer_reference")) == (reference, customer)
    assert found.get("reversal", False) == ("R" in line[10:12] and line[10] == "R")


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("2613050105D10,NTRFNONREF", "has the value day 261305, which is no day of the calendar"),
        ("2601050432D10,NTRFNONREF", "has the booking day 0432, which is no day of the calendar"),
        ("2602310105D10,NTRFNONREF", "has the value day 260231, which is no day of the calendar"),
        ("2601050105D10.50NTRFNONREF", "has a field :61: that is not made as it should be"),
        ("2601050105X10,NTRFNONREF", "has a field :61: that is not made as it should be"),
    ],
)
def test_an_entry_that_cannot_be_read_says_why(tmp_path: Path, line: str, says: str) -> None:
    seen = of(tmp_path, field61(line, "rent"))
    assert seen.says == [f"Entry 1 of statement 5/1 in a {says}."]
    assert seen.damaged[0].raw == f":61:{line}\n:86:rent"
    assert "1 more cannot be read." in seen.notices[0]


def test_30_february_is_its_last_day_and_is_told(tmp_path: Path) -> None:
    seen = of(tmp_path, field61("2402300301D10,NTRFNONREF"))
    assert seen.rows[0]["value_on"] == date(2024, 2, 29)
    assert "has a value day in February that no calendar has; it is taken for 2024-02-29" in seen.notices[0]


@pytest.mark.parametrize(
    ("about", "told"),
    [
        (["RENT  OF\nJANUARY"], {"text": "RENT OF JANUARY"}),
        (["RENT", "OF JANUARY"], {"text": "RENT OF JANUARY"}),  # several fields :86:
        (["166?00GUT?20one?21two"], {"text": "onetwo", "code": "NTRF/166", "additional": "GUT"}),
        (["166?00GUT?20EREF+E1?21SVWZ+for ?22you?32Ann?33 Smith?31DE1?30BIC1"],
         {"text": "for you", "end_to_end_id": "E1", "counterparty_name": "Ann Smith", "counterparty_account": "DE1"}),
        (["166?00GUT?20" + "x" * 46 + "y?2\n1z"], {"text": "x" * 46 + "yz"}),  # wrapped at 65 with the tag, 61 without
        (["166?00GUT?20" + "x" * 40 + "\ny"], {"text": "x" * 40 + " y"}),  # a shorter line lost its blanks
        (["166<00GUT<20one"], {"text": "one"}),  # another separator
        (["177?20EREF+NOTPROVIDED?21KREF+K1?22SVWZ+x"], {"text": "x", "customer_reference": "K1"}),
        (["/TRTP/SEPA/IBAN/NL1/BIC/INGB/NAME/Ann/REMI/rent and\n more/EREF/E1"],
         {"text": "rent and more", "end_to_end_id": "E1", "counterparty_name": "Ann", "counterparty_bank": "INGB"}),
    ],
)  # fmt: skip
def test_field_86(tmp_path: Path, about: list[str], told: dict[str, str]) -> None:
    found = row(tmp_path, field61("2601050105D10,NTRFNONREF", *about))
    assert {name: found.get(name) for name in told} == told


def test_envelopes_and_account_endings_are_taken_off(tmp_path: Path) -> None:
    content = b"{1:F01BANKDEFFABCD}{2:O940}{4:\r\n" + mt940(replace(ONE, account="12 34EUR")).replace(b"\r\n-\r\n", b"\r\n-}{5:}\r\n")
    assert row(tmp_path, content)["account"] == "1234"
    assert row(tmp_path, b"{4:" + mt940(ONE))["amount"] == TEN


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "iso-8859-1", "utf-8-sig"])
def test_mt940_comes_in_any_character_set(tmp_path: Path, encoding: str) -> None:
    assert row(tmp_path, mt940(Sheet((Line(DAY, TEN, "Müllabfuhr für Größe 2"),)), encoding=encoding))["text"] == "Müllabfuhr für Größe 2"


def test_a_character_set_that_is_not_the_configured_one_is_told(tmp_path: Path) -> None:
    seen = of(tmp_path, mt940(Sheet((Line(DAY, TEN, "Müll"),)), encoding="cp1252"), encoding="utf-8")
    assert "bytes in it that are not utf-8" in seen.notices[0]


# ── OFX ──


def entry(**values: str) -> bytes:
    known = {"TRNTYPE": "OTHER", "DTPOSTED": "20260105", "TRNAMT": "10.00", "FITID": "1", **values}
    inside = "".join(f"<{name}>{value}\n" for name, value in known.items()).encode()
    text = ofx(ONE)
    return text[: text.index(b"<STMTTRN>")] + b"<STMTTRN>" + inside + text[text.index(b"</STMTTRN>") :]


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"TRNAMT": "-1234,5"}, {"amount": Decimal("-1234.5")}),
        ({"TRNAMT": "+.50"}, {"amount": Decimal("0.50")}),
        ({"MEMO": "Q&amp;A &lt;1&gt; &#233;&#x20AC; &unknown; AT&T"}, {"text": "Q&A <1> é€ &unknown; AT&T"}),
        ({"MEMO": "<![CDATA[a < b & c]]>"}, {"text": "a < b & c"}),
        ({"NAME": "Shop"}, {"counterparty_name": "Shop", "text": "Shop"}),
        ({"DTPOSTED": "20260105233000.000[-5:EST]"}, {"booked_on": DAY}),
        ({"CURRENCY": "<CURRATE>1.1<CURSYM>USD</CURRENCY>"}, {"currency": "USD"}),
        ({"ORIGCURRENCY": "<CURRATE>1.1<CURSYM>USD</ORIGCURRENCY>"}, {"currency": "EUR"}),
        ({"PAYEE": "<NAME>Ann<CITY>Cork</PAYEE>"}, {"counterparty_name": "Ann"}),
        ({"CHECKNUM": "319"}, {"customer_reference": "319"}),
    ],
)
def test_values_of_ofx(tmp_path: Path, values: dict[str, str], told: dict[str, Any]) -> None:
    found = row(tmp_path, entry(**values))
    assert {name: found.get(name) for name in told} == told


def test_an_entry_that_corrects_another_is_not_booked_as_a_new_one(tmp_path: Path) -> None:
    assert "takes back or replaces an earlier entry" in of(tmp_path, entry(CORRECTFITID="7", CORRECTACTION="DELETE")).says[0]


def test_pending_entries_of_ofx_are_passed_over(tmp_path: Path) -> None:
    text = ofx(ONE)
    pending = text[text.index(b"<STMTTRN>") : text.index(b"</BANKTRANLIST>")]
    assert row(tmp_path, text.replace(b"</STMTRS>", b"<BANKTRANLISTP>" + pending + b"</BANKTRANLISTP></STMTRS>"))


def test_a_credit_card_is_an_account(tmp_path: Path) -> None:
    text = ofx(Sheet((Line(DAY, -TEN),))).replace(b"STMTRS", b"CCSTMTRS").replace(b"BANKACCTFROM", b"CCACCTFROM")
    assert row(tmp_path, text)["amount"] == -TEN


# ── CSV ──

PLAIN: dict[str, Any] = {"account": "DE1", "currency": "EUR", "booked_on": "Date", "amount": "Amount", "text": ["Text"]}


def csv(home: Path, text: str, **columns: Any) -> Seen:
    return of(home, text.encode(), csv={**{name: value for name, value in PLAIN.items() if name not in columns}, **columns})


def test_two_columns_of_amounts(tmp_path: Path) -> None:
    rows = ["a,10.00,", "b,,10.00", "c,0.00,3", "d,,", "e,1,2", "f,,-4"]
    text = "Date,Text,In,Out\n" + "".join(f"2026-01-05,{row}\n" for row in rows)
    shape = {**PLAIN, "money_in": "In", "money_out": "Out"}
    del shape["amount"]
    seen = of(tmp_path, text.encode(), csv=shape)
    assert [str(row["amount"]) for row in seen.rows] == ["10.00", "-10.00", "-3", "-4"]
    assert seen.says == [
        "Row 5 of account DE1 in a has neither money in nor money out.",
        "Row 6 of account DE1 in a has money in and money out at once.",
    ]


def test_a_column_that_tells_the_direction(tmp_path: Path) -> None:
    text = "Date,Text,Amount,Af Bij\n2026-01-05,a,10.00,Bij\n2026-01-05,b,10.00,Af\n2026-01-05,c,1,?\n"
    seen = csv(tmp_path, text, direction="Af Bij", direction_in=["Bij"], direction_out=["Af"])
    assert [row["amount"] for row in seen.rows] == [TEN, -TEN]
    assert seen.says == ["Row 4 of account DE1 in a has the direction '?', which the connection does not name."]


@pytest.mark.parametrize(
    ("decimal", "thousands", "written", "amount"),
    [
        (",", ".", "-1.234,50", "-1234.50"), (",", ".", "1234,5", "1234.5"), (".", ",", "1,234,567.00", "1234567.00"),
        (".", "'", "1'234.00", "1234.00"), (",", " ", "1 234,00", "1234.00"), (",", ".", "1.23", None), (".", "", "1,234.00", None),
        (".", "", "EUR 5", None), (",", "", "1.50", None), (".", "", "", None),
    ],
)  # fmt: skip
def test_numbers_as_the_bank_writes_them(tmp_path: Path, decimal: str, thousands: str, written: str, amount: str | None) -> None:
    seen = csv(tmp_path, f'Date,Text,Amount\n2026-01-05,a,"{written}"\n', decimal=decimal, thousands=thousands)
    assert [str(row["amount"]) for row in seen.rows] == ([amount] if amount else [])
    assert len(seen.damaged) == (amount is None)


def test_a_row_that_is_missing_breaks_the_running_balance(tmp_path: Path) -> None:
    lines = tuple(Line(date(2026, 1, day), TEN, f"{day}") for day in range(2, 9))
    whole = csv_export(Sheet(lines)).decode("cp1252").splitlines(keepends=True)
    place = {"csv": CSV, "encoding": "cp1252"}
    assert of(tmp_path, "".join(whole).encode("cp1252"), **place).notices == []
    del whole[5]
    seen = of(tmp_path, "".join(whole).encode("cp1252"), **place)
    assert len(seen.records) == 6
    assert seen.notices[0] == "READ-BALANCE: In a the balance of row 6 does not follow from the row before it."
    assert "a difference of 10.00" in seen.notices[1]


def test_two_exports_with_a_running_balance_show_what_lies_between(tmp_path: Path) -> None:
    lines = tuple(Line(date(2026, 1, day), TEN, f"{day}") for day in range(2, 9))
    (tmp_path / "b").write_bytes(csv_export(Sheet(lines[:2])))
    (tmp_path / "c").write_bytes(csv_export(Sheet(lines[4:], opening=Decimal("140.00")), newest_first=True))
    seen = read(tmp_path, {"path": "[bc]", "csv": CSV, "encoding": "cp1252"})
    assert "entries of together 20.00 are missing between them" in seen.notices[0]


def test_rows_of_several_accounts_and_columns_that_nobody_named(tmp_path: Path) -> None:
    rows = ["a,1,DE1,EUR,Leipzig,x", "b,2,DE2,CHF,Bern,y", "c,3,,EUR,,", "d,4,DE1,?,,"]
    text = "Date,Text,Amount,Konto,Whr,Branch,status\n" + "".join(f"2026-01-05,{row}\n" for row in rows)
    columns = {**PLAIN, "account_column": "Konto", "currency_column": "Whr"}
    del columns["account"], columns["currency"]
    seen = of(tmp_path, text.encode(), csv=columns)
    assert [(row["account"], row["currency"], row["Branch"], row["status"]) for row in seen.rows] == [
        ("DE1", "EUR", "Leipzig", "booked"),
        ("DE2", "CHF", "Bern", "booked"),
    ]
    assert [bad.problem.say.partition(" in a ")[2] for bad in seen.damaged] == ["has no account.", "has the currency '?'."]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("Date,Text\n2026-01-05,a\n", "a has no column Amount; it has Date, Text."),
        ('Date,Text,Amount\n2026-01-05,"a,1\n2026-01-05,b,2\n', "a cannot be read as CSV"),
        ("Date,Text,Amount\n2026-01-05,a\0,1\n", "line 2 is too long or holds bytes that are not utf-8"),
    ],
)
def test_a_csv_file_that_cannot_be_read(tmp_path: Path, text: str, says: str) -> None:
    seen = csv(tmp_path, text)
    assert seen.records == []
    assert says in seen.notices[0]


@pytest.mark.parametrize(
    "wrong",
    [
        {"account_column": "X"}, {"currency_column": "X"}, {"currency": "euro"}, {"money_in": "X", "money_out": "Y"}, {"direction": "X"},
        {"direction_in": ["C"]}, {"decimal": ",", "thousands": ","}, {"text": []}, {"skip_rows": -1}, {"colour": "X"},
    ],
)  # fmt: skip
def test_columns_that_contradict_each_other_are_refused(wrong: dict[str, Any]) -> None:
    CsvColumns.model_validate(PLAIN)
    with pytest.raises(ValidationError):
        CsvColumns.model_validate({**PLAIN, **wrong})
