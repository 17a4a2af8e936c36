"""Pages: aligned, exact, and deaf to what a source may have put into its texts."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from pipelines.cli.page import Page, amount, as_json, clean


@pytest.fixture
def page():
    return Page(io.StringIO())


def text(page) -> str:
    return page.console.file.getvalue()


@pytest.mark.parametrize(
    ("value", "unit", "written"),
    [
        ("1234.5", "EUR", "1,234.50 EUR"),
        ("-0.001", "GBP", "-0.001 GBP"),
        ("0", "EUR", "0.00 EUR"),
        ("3", "C62", "3 units"),
        ("7.25", "HUR", "7.25 hours"),
        ("9007199254740993", "EUR", "9,007,199,254,740,993.00 EUR"),
    ],
)
def test_an_amount_keeps_every_digit(value, unit, written):
    assert amount(Decimal(value), unit) == written


def test_amounts_stand_below_each_other(page):
    page.table(("fate", "amount"), [("held", "5.00 EUR"), ("delivered", "1,205.00 EUR")], right=["amount"])
    _head, first, second = text(page).splitlines()
    assert len(first) == len(second)
    assert first.endswith("    5.00 EUR")


def test_only_the_last_column_wraps(page):
    page.table(("key", "say"), [("a" * 90, "word " * 60)])
    lines = text(page).splitlines()
    assert len(lines) > 3
    assert sum("aaa" in line for line in lines) == 1


def test_no_line_ends_in_blanks(page):
    page.table(("a", "b"), [("x", ""), ("longer", "y")])
    page.beside({"source": ["a: 1", "b: 2"], "document": ["c"]})
    page.item("One.", "Two, which is longer.")
    assert [line for line in text(page).splitlines() if line != line.rstrip()] == []


def test_what_a_source_writes_cannot_move_the_cursor_or_format(page):
    assert clean("ok\x1b[2J\u202egnp.exe\ud800") == "ok·[2J·gnp.exe·"
    page.say("[red]paid[/red] :smile: \x1b[31m")
    page.table(("a",), [("[bold]x[/bold]\x07",)])
    assert "[red]paid[/red] :smile: ·[31m" in text(page)
    assert "[bold]x[/bold]·" in text(page)


def test_lines_and_letters_of_all_scripts_stay():
    assert clean("Zoë\n茶 ₤\tñ") == "Zoë\n茶 ₤\tñ"


def test_json_has_words_for_our_values():
    assert as_json(Decimal("1E+2")) == "100"
    assert as_json(timedelta.max) is None
    assert as_json(timedelta(minutes=2)) == 120
    assert as_json(datetime(2026, 1, 2, tzinfo=UTC)) == "2026-01-02T00:00:00+00:00"
