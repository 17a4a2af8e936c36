"""Every real bank file of the shared data: what it must give, or the sentence that says what is wrong with it.

`entries` is what must be read: how many, their sum, and how many are damaged. `notices` are the codes of what is told of the file as a
whole, and `says` what the sentences must name. Several files of public test data do not add up (entries were cut out of them, or balances
made up); there the difference is computed here by hand.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from tests.unit._bank import read

BALANCE, GAP, DAMAGED, EMPTY = "READ-BALANCE", "READ-GAP", "READ-DAMAGED", "READ-EMPTY"


@dataclass(frozen=True)
class Expected:
    """The outcome of one file."""

    entries: int
    total: str
    damaged: int = 0
    notices: tuple[str, ...] = ()
    says: tuple[str, ...] = ()


FILES = {
    # 1.01 + 8.85 = 9.86, and the closing balance among the ten balances is 4.04
    "camt053/camt053.v2.all-balance-types.xml": Expected(1, "8.85", 0, (BALANCE,), ("CAMT0532015012200001", "a difference of -5.82")),
    # opens in EUR, closes in SEK
    "camt053/camt053.v2.minimal.xml": Expected(1, "8.85", 0, (BALANCE,), ("253EURNL26VAYB8060476890", "EUR", "SEK", "cannot tie")),
    # right: 18.15 + 8.85 = 27.00, and 27.00 - 7.00 = 20.00
    "camt053/camt053.v2.multi.statement.xml": Expected(2, "1.85"),
    "camt053/camt053.v2.wrong.xml": Expected(0, "0", 0, (DAMAGED,), ("camt053.v2.wrong.xml", "without a statement")),
    "camt053/camt053.v4.xml": Expected(1, "8.85", 0, (BALANCE,), ("EUR", "SEK")),
    # entries were cut out: -321.44 of -2359.44, then -24.49 of -1027.09; and 2000.00 are missing between the two pages
    "mt940/abnamro.sta": Expected(
        10, "-345.93", 0, (BALANCE, BALANCE, GAP), ("19321/1", "-2038.00", "19322/1", "-1002.60", "together 2000.00 are missing")
    ),
    # a value day that does not exist; the entry is right otherwise, and 1200.00 - 6.00 = 1194.00
    "mt940/february_30.sta": Expected(1, "-6.00", 0, (DAMAGED,), ("Entry 1", "no calendar has", "2016-02-29")),
    # 0.00 - 45.59 is not 3.47 (the statement itself says D25,24 C28,71)
    "mt940/ing.sta": Expected(7, "-45.59", 0, (BALANCE,), ("MPBZ", "a difference of 49.06")),
    # the first and the third of four statements do not tie, and two do not open with what the one before closed with
    "mt940/rabobank.sta": Expected(
        5, "-1589.09", 0, (BALANCE, BALANCE, GAP, GAP), ("940A110615", "1135.93", "940A110617", "236.56", "605.07", "294.93")
    ),
    # right: 26 statements of 20 accounts with pages, reversals and collective entries; every one of them ties
    "mt940/sepa_mt9401.sta": Expected(97, "-9269135.90"),
    "ofx/bank_medium.ofx": Expected(3, "-345.27"),
    "ofx/bank_small.ofx": Expected(0, "0", 0, (EMPTY,), ("without a statement",)),
    "ofx/checking.ofx": Expected(3, "-59.50"),
    "ofx/date_missing.ofx": Expected(0, "0", 3, (), ("184997056", "has no booking day", "20120231")),
    "ofx/decimal_error.ofx": Expected(0, "0", 1, (), ("2000957249", "201120000000", "$120")),
    # right: two accounts with a balance each and no entries
    "ofx/multiple_accounts.ofx": Expected(0, "0"),
}


def test_every_file_has_its_outcome_here(shared: Path) -> None:
    there = {path.relative_to(shared / "data/bank").as_posix() for path in (shared / "data/bank").rglob("*") if path.is_file()}
    assert {name for name in there if not name.endswith("LICENSE.upstream")} == set(FILES)


@pytest.mark.parametrize("name", FILES)
def test_the_file_is_read_right_or_says_what_is_wrong(shared: Path, name: str) -> None:
    expected = FILES[name]
    seen = read(shared / "data/bank", name)
    assert len(seen.records) == expected.entries
    assert sum((row["amount"] for row in seen.rows), Decimal(0)) == Decimal(expected.total)
    assert len(set(seen.keys)) == expected.entries
    assert len(seen.damaged) == expected.damaged
    assert tuple(seen.codes) == expected.notices
    told = " ".join(seen.notices + seen.says)
    assert [words for words in expected.says if words not in told] == []
    assert all(name in notice for notice in seen.notices + seen.says)


def test_all_of_them_in_one_connection_give_each_entry_once(shared: Path) -> None:
    """One account is in three CAMT files, with the same entry of 8.85 under different references; one entry is in two of them."""
    seen = read(shared / "data/bank", "camt053/*.xml", "mt940/*.sta", "ofx/*.ofx")
    alone = {key for name in FILES for key in read(shared / "data/bank", name).keys}
    assert set(seen.keys) == alone
    again = read(shared / "data/bank", "camt053/*.xml", "mt940/*.sta", "ofx/*.ofx", after=seen)
    assert again.records == again.damaged == []
    assert again.notices == seen.notices, "what is wrong is told until it is mended"


def one(shared: Path, name: str, **having: object) -> dict[str, object]:
    """The one entry with these values."""
    (found,) = [row for row in read(shared / "data/bank", name).rows if having.items() <= row.items()]
    return {key: value for key, value in found.items() if key != "id"}


def test_a_camt_entry_with_all_it_tells(shared: Path) -> None:
    assert one(shared, "camt053/camt053.v4.xml") == {
        "account": "NL26VAYB8060476890",
        "statement": "253EURNL26VAYB8060476890",
        "status": "booked",
        "booked_on": date(2014, 12, 31),
        "value_on": date(2015, 1, 2),
        "amount": Decimal("8.85"),  # the entry's; its one transaction says 0 SEK
        "currency": "EUR",
        "reference": "AAAASESS-FP-CN_98765/01",
        "counterparty_name": "NAME NAME",
        "counterparty_account": "NL56AGDH9619008421",
        "code": "PAYM/0001/0005",
        "remittance_reference": "4654654654654654",
    }


def test_an_mt940_entry_with_all_it_tells(shared: Path) -> None:
    assert one(shared, "mt940/sepa_mt9401.sta", reference="0724710290658244") == {
        "account": "50880050/0194778300888",
        "statement": "00004/00001",
        "status": "booked",
        "booked_on": date(2007, 9, 4),
        "value_on": date(2007, 9, 4),
        "amount": Decimal("50.05"),
        "currency": "EUR",
        "reference": "0724710290658244",
        "end_to_end_id": "EndToEndIdTFNR5200100001",
        "counterparty_name": "Richter Renate 70 Zeichen Beginn Fuellzeichen xxxxxxxx",
        "counterparty_account": "DE42100100100043921105",
        "counterparty_bank": "PBNKDEFF100",
        "code": "NTRF/166",
        "text": "Keine Buchung zu: TO13 TF52001 MINT",
        "additional": "GUTSCHRIFT Dora Damm 70 Zeichen Beginn Fuellzeichen xxxxxxxxxxxxx",
    }


def test_a_reversal_of_a_credit_leaves_the_account(shared: Path) -> None:
    entry = one(shared, "mt940/sepa_mt9401.sta", amount=Decimal("-204.88"), code="NRTI/079")
    assert entry["reversal"] is True


def test_the_name_behind_the_account_of_an_old_rabobank_file(shared: Path) -> None:
    entry = one(shared, "mt940/rabobank.sta", amount=Decimal("-1213.28"))
    assert (entry["counterparty_account"], entry["counterparty_name"]) == ("0121470966", "W.P. Jansen")
    assert entry["text"] == "Terugboeking NIET AKKOORD MET AFSCHRIJVING KOSTEN KINDEROPVANG JUNI 20095731"


def test_an_ofx_entry_with_all_it_tells(shared: Path) -> None:
    assert one(shared, "ofx/checking.ofx", reference="0000488") == {
        "account": "1452687~7",
        "status": "booked",
        "booked_on": date(2011, 4, 7),
        "amount": Decimal("-25.00"),
        "currency": "USD",
        "reference": "0000488",
        "customer_reference": "319",
        "counterparty_name": "RETURNED CHECK FEE, CHECK # 319",
        "code": "CHECK",
        "text": "RETURNED CHECK FEE, CHECK # 319 FOR $45.33 ON 04/07/11",
    }
