"""The ledger's own corner of Beancount's syntax: what is written is valid there and reads back as it was."""

from __future__ import annotations

import subprocess
import sys
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from targets.ledger.text import (
    FIRST_SUM,
    Entry,
    Malformed,
    Posting,
    account_fault,
    digest,
    entry_text,
    link,
    quoted,
    read_entry,
    sealed,
    torn_fault,
    written,
)

ENTRY = Entry(
    date=date(2010, 12, 1),
    kind="invoice",
    number="536365",
    reversal=False,
    links=("536365",),
    key="key",
    ref="key:1",
    doc="doc",
    verb="create",
    postings=(
        Posting("Assets:Receivable", Decimal("139.12"), "GBP", "receivable", control=True),
        Posting("Income:Sales", Decimal("-139.12"), "GBP", "goods", control=False),
    ),
)
TEXT = """\
2010-12-01 * "invoice" "536365" ^536365
  cf-key: "key"
  cf-ref: "key:1"
  cf-doc: "doc"
  cf-verb: "create"
  cf-sum: "2b8044104cf73eaf"
  Assets:Receivable  139.12 GBP
    component: "receivable"
    control: TRUE
  Income:Sales  -139.12 GBP
    component: "goods"

"""


def test_an_entry_looks_like_this():
    text, _seal = sealed(entry_text(ENTRY, {"GBP": 2}), FIRST_SUM)
    assert text == TEXT
    read, body, _seal = read_entry(TEXT, FIRST_SUM)
    assert read == ENTRY
    assert digest([body]) == digest([entry_text(ENTRY, {"GBP": 2})])


BEAN = Path(sys.executable).with_name("bean-check")
NASTY = ['quote " and \\ backslash', "new\nline\r\ttab", "\ud800 half", "; comment", "€ 漢字 \u2028 \x00", "x" * 5_000, '\\"', "", "\\"]


def test_beancount_accepts_every_text_and_name(tmp_path):
    """The judge is Beancount itself, in a process of its own."""
    accounts = ["Assets:Bank", "Income:Übrige:1Kasse", "Expenses:A-b-", "Liabilities:漢字".replace("漢字", "Ä漢字"), "Equity:9"]
    assert [account_fault(account) for account in accounts] == [""] * len(accounts)
    lines = [f"1970-01-01 open {account}\n" for account in accounts]
    seal = FIRST_SUM
    for n, text in enumerate(NASTY):
        postings = (
            Posting(accounts[n % 5], Decimal(n), "KWD", text, control=True),
            Posting(accounts[(n + 1) % 5], Decimal(-n), "KWD", "x", control=False),
        )
        entry = Entry(date(2026, 2, 28), text, text, n % 2 == 0, (link(text),) if link(text) else (), "k", f"r{n}", "d", "create", postings)
        block, seal = sealed(entry_text(entry, {"KWD": 3}), seal)
        lines.append(block)
    path = tmp_path / "x.beancount"
    path.write_text("".join(lines), encoding="utf-8")
    checked = subprocess.run([BEAN, path], capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")


@pytest.mark.parametrize(
    ("account", "fault"),
    [
        ("assets:Bank", "must start with one of"),
        ("Assets", "needs a part after"),
        ("Assets:", "'' must start"),
        ("Assets:bank", "'bank' must start"),
        ("Assets:Bank Account", "'Bank Account' may hold"),
        ("Assets:Bank:\n", "must start"),
        ("Assets:A_b", "'A_b' may hold"),
    ],
)
def test_names_that_beancount_refuses_are_refused(account, fault):
    assert fault in account_fault(account)


@pytest.mark.parametrize(
    ("amount", "places", "text"),
    [
        ("1", 2, "1.00"),
        ("-0.00", 2, "0.00"),
        ("1E+3", 0, "1000"),
        ("0.0005", 4, "0.0005"),
        ("-12345678901234567890.12", 2, "-12345678901234567890.12"),
    ],
)
def test_numbers_have_the_currencys_decimals(amount, places, text):
    assert written(Decimal(amount), places) == text


@pytest.mark.parametrize("amount", ["0.001", "NaN", "Infinity", "-1.005"])
def test_numbers_that_would_lose_a_digit_are_refused(amount):
    with pytest.raises(ValueError, match=r"has more than 2 decimals|is not a number"):
        written(Decimal(amount), 2)


@given(text=st.text(max_size=300))
def test_any_text_stays_on_its_line(text):
    shown = quoted(text)
    assert "\n" not in shown
    shown.encode()
    block, _seal = sealed(entry_text(ENTRY._replace(number=text, kind=text), {"GBP": 2}), FIRST_SUM)
    read, _text, _seal = read_entry(block, FIRST_SUM)
    assert quoted(read.number) == quoted(read.kind) == shown


@given(at=st.integers(0, len(TEXT) - 1), letter=st.sampled_from('x9 \n"\\;~'))
def test_any_changed_letter_is_noticed(at, letter):
    changed = TEXT[:at] + letter + TEXT[at + 1 :]
    if changed != TEXT:
        with pytest.raises(Malformed):
            read_entry(changed, FIRST_SUM)


def test_the_line_that_is_not_ours_is_named():
    for line, text in enumerate(TEXT.split("\n")[1:11], start=1):
        with pytest.raises(Malformed) as found:
            read_entry(TEXT.replace(f"{text}\n", "  ; a note\n", 1), FIRST_SUM)
        assert found.value.line == line


def test_an_entry_after_another_than_it_was_written_after_is_noticed():
    with pytest.raises(Malformed, match="changed, moved or removed"):
        read_entry(TEXT, "1" * 16)


def test_every_beginning_of_an_entry_counts_as_torn_and_other_text_does_not():
    assert [torn_fault(TEXT[:cut]) for cut in range(len(TEXT))] == [None] * len(TEXT)
    assert torn_fault(TEXT[:40] + "; mine\n") == 1
    assert torn_fault("hello\n") == 0


@pytest.mark.parametrize(("number", "shown"), [("C536379", "C536379"), ("INV/2026 #7", "INV/2026-7"), ("漢字", ""), ("a" * 300, "a" * 200)])
def test_links_are_what_beancount_takes(number, shown):
    assert link(number) == shown
