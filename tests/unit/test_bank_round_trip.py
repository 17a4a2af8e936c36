"""Random statements, written in each format and read back, are the same entries; and files that overlap give each entry once."""

from __future__ import annotations

import tempfile
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.unit._bank import CSV, Line, Sheet, camt, csv_export, mt940, ofx, read

FIRST = date(2026, 1, 1)
FEWER = settings(max_examples=max(25, settings().max_examples // 3))
"""Files are written and read: a third of the usual number shows as much."""
WORDS = "abcdefgXYZ019äéßÆ.,()/&<>\"'+"
PLAIN = st.text("ABCDEFGHJKMNPQRSTUVWXYZ23456789", min_size=4, max_size=14)
words = st.lists(st.text(WORDS, min_size=1, max_size=12), min_size=1, max_size=6).map(" ".join)
cents = st.integers(1, 10**9).map(lambda whole: Decimal(whole) / 100)


@st.composite
def lines(draw: st.DrawFn) -> Line:
    """Any entry; few days, texts and amounts, so that many are equal."""
    amount = draw(st.one_of(st.sampled_from([Decimal("1.00"), Decimal("2.50")]), cents)) * draw(st.sampled_from([1, -1]))
    day = FIRST + timedelta(days=draw(st.integers(0, 5)))
    return Line(
        day=day,
        amount=amount,
        text=draw(st.one_of(st.just("card fee"), words)),
        reference=draw(st.one_of(st.none(), PLAIN)),
        value_on=draw(st.one_of(st.none(), st.integers(-40, 40).map(lambda days: day + timedelta(days=days)))),
        end_to_end_id=draw(st.one_of(st.none(), PLAIN)),
        name=draw(st.one_of(st.none(), st.text("abcÄÖ &'", min_size=1, max_size=50).map(lambda text: " ".join(text.split()) or None))),
        account=draw(st.one_of(st.none(), PLAIN)),
        reversal=draw(st.booleans()),
    )


@st.composite
def sheets(draw: st.DrawFn) -> Sheet:
    """Any statement, its entries in the order of days as banks write them."""
    entries = draw(st.lists(lines(), max_size=8))
    return Sheet(tuple(sorted(entries, key=lambda line: line.day)), opening=draw(cents) * draw(st.sampled_from([1, -1])))


def told(line: Line, sheet: Sheet, *, without: tuple[str, ...] = ()) -> dict[str, Any]:
    """What a reader must say of an entry."""
    found = {
        "account": sheet.account,
        "status": "booked",
        "booked_on": line.day,
        "value_on": line.value_on,
        "amount": line.amount,
        "currency": sheet.currency,
        "reversal": line.reversal or None,
        "reference": line.reference,
        "end_to_end_id": line.end_to_end_id,
        "counterparty_name": line.name,
        "counterparty_account": line.account,
        "text": line.text,
    }
    return {name: value for name, value in found.items() if value is not None and name not in without}


FORMATS: dict[str, tuple[Any, Any, tuple[str, ...]]] = {
    "camt v2": (camt, "a", ()),
    "camt v4 utf-16": (lambda sheet: camt(sheet, version=4, encoding="utf-16"), "a", ()),
    "camt v8 latin-1": (lambda sheet: camt(sheet, version=8, encoding="iso-8859-1"), "a", ()),
    "camt v13 cp1252": (lambda sheet: camt(sheet, version=13, encoding="cp1252"), "a", ()),
    "mt940": (mt940, {"path": "a", "encoding": "cp1252"}, ()),
    "mt940 with blanks": (lambda sheet: mt940(sheet, strip=False), {"path": "a", "encoding": "cp1252"}, ()),
    "mt940 utf-8": (lambda sheet: mt940(sheet, encoding="utf-8"), "a", ()),
    "ofx sgml": (ofx, "a", ("end_to_end_id", "reversal")),
    "ofx xml": (lambda sheet: ofx(sheet, sgml=False), "a", ("end_to_end_id", "reversal")),
    "csv": (csv_export, {"path": "a", "encoding": "cp1252", "csv": CSV}, ("reversal",)),
    "csv downwards": (lambda sheet: csv_export(sheet, newest_first=True), {"path": "a", "encoding": "cp1252", "csv": CSV}, ("reversal",)),
}


@pytest.mark.parametrize("form", FORMATS)
@FEWER
@given(sheet=sheets())
def test_what_was_written_is_read(form: str, sheet: Sheet) -> None:
    write, place, without = FORMATS[form]
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "a").write_bytes(write(sheet))
        seen = read(Path(folder), place)
    wanted = [told(line, sheet, without=without) for line in sheet.lines]
    if form.startswith("mt940"):  # :61: always has a value day
        wanted = [{"value_on": entry["booked_on"], **entry} for entry in wanted]
    extra = {"id", "statement", "code", "additional"}
    found = [{name: value for name, value in row.items() if name not in extra} for row in seen.rows]
    assert found == (wanted[::-1] if form == "csv downwards" else wanted)
    assert len(set(seen.keys)) == len(sheet.lines)
    assert not seen.damaged
    assert not seen.notices


def cut(sheet: Sheet, borders: list[int]) -> list[Sheet]:
    """The statement in pieces, each opening with what the one before closed with."""
    pieces = []
    places = [0, *sorted(borders), len(sheet.lines)]
    for number, (start, end) in enumerate(pairwise(places)):
        before = sum((line.amount for line in sheet.lines[:start]), Decimal(0))
        opened = sheet.lines[start - 1].day if start else sheet.opened_on
        closed = sheet.lines[end - 1].day if end > start else opened
        inside = sheet.lines[start:end]
        pieces.append(Sheet(inside, opening=sheet.opening + before, opened_on=opened, closed_on=closed, number=str(number)))
    return pieces


@given(sheet=sheets(), data=st.data())
def test_pieces_of_a_statement_give_the_entries_of_the_whole(sheet: Sheet, data: st.DataObject) -> None:
    """However it is cut, in the middle of a day too, and whichever piece is read first: no entry is lost, and none comes twice."""
    borders = data.draw(st.lists(st.integers(0, len(sheet.lines)), max_size=3, unique=True))
    pieces = [piece for piece in cut(sheet, borders) if piece.lines]
    assume(len({sheet.closing, *(piece.opening for piece in pieces)}) == len(pieces) + 1)  # else balances cannot tell what follows what
    write = data.draw(st.sampled_from([camt, lambda sheet: mt940(sheet, encoding="utf-8")]))
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        (home / "whole").write_bytes(write(sheet))
        whole = read(home, "whole")
        for place, piece in enumerate(pieces[::-1] if data.draw(st.booleans()) else pieces):
            (home / f"piece_{place}").write_bytes(write(piece))
        if data.draw(st.booleans()):
            seen = [read(home, "piece_*")]
        else:
            seen = [read(home, "piece_0")]
            seen.append(read(home, "piece_*", after=seen[0])) if len(pieces) > 1 else None
        keys = [key for one in seen for key in one.keys]
        assert sorted(keys) == sorted(whole.keys)
        both = read(home, "whole", "piece_*")
    assert set(both.keys) == set(whole.keys)
    assert not [notice for notice in both.notices if "GAP" in notice]


@given(sheet=sheets(), data=st.data())
def test_downloads_that_overlap_give_each_entry_once(sheet: Sheet, data: st.DataObject) -> None:
    """Two downloads by days, which share some: what both show is one record."""
    days = sorted({line.day for line in sheet.lines})
    first, last = (data.draw(st.integers(0, len(days))) for _ in range(2))
    windows = [(days[: max(first, last)]), days[min(first, last) :]]
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        (home / "whole").write_bytes(camt(sheet))
        for place, window in enumerate(windows):
            inside = tuple(line for line in sheet.lines if line.day in window)
            before = sum((line.amount for line in sheet.lines if window and line.day < window[0]), Decimal(0))
            opened = window[0] - timedelta(days=1) if window else sheet.opened_on
            closed = window[-1] if window else sheet.opened_on
            piece = Sheet(inside, opening=sheet.opening + before, opened_on=opened, closed_on=closed, number=f"d{place}")
            (home / f"window_{place}").write_bytes(camt(piece))
        assert set(read(home, "window_*").keys) == set(read(home, "whole").keys)
