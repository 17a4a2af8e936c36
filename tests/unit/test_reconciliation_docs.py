"""The page for finance says what the code does: classes, ageing, the records of the CSV."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pipelines.reconcile.exports import csv
from pipelines.reconcile.exports.totals import BUCKETS
from pipelines.reconcile.mail import LATE_DAYS
from pipelines.reconcile.words import MEANINGS, BreakClass, Corner, Status
from tests.unit._reconciliation import month, pairs
from tests.unit.test_reconciliation_workbook import NAMES

PAGE = (Path(__file__).parents[2] / "docs" / "reconciliation.md").read_text(encoding="utf-8")
RECORDS = {
    "corner": "what a corner holds: `count` documents, `amount`; `text` is what was asked",
    "gap": "numbers that are missing at a corner, in `number`",
    "stated": "what a source states of a day: `count`, its sum in `expected`, ours in `actual`; `number` is what was not received",
    "number": "a gap in a run of numbers that was asked about; `role` is explained or open",
    "line": "a line of a waterfall (`name`, `role`), with `count` and `amount`",
    "unexplained": "what a waterfall leaves, in `amount`",
    "matched": "how many pairs a rule made (`count`), and their value (`amount`)",
    "suggestion": "a match to be confirmed; `amount` is its score, `key` joins its sides",
    "rate": "a rate of a unit, in `amount`",
    "break": "a break: `expected`, `actual`, and the difference in `amount`; `text` is what would mend it",
    "cause": "a part of a break (`key`) that one class explains; `name` is the class",
    "side": "a document of a break or suggestion as one corner has it",
    "late": "as break: an event that came after the period was certified",
    "pair": "a matched pair",
    "note": "what could not be asked",
}


def table(*rows):
    head, *rest = rows
    return "".join("| " + " | ".join(row) + " |\n" for row in (head, ["---"] * len(head), *rest))


EXPECTED = {
    "classes": lambda: table(
        ("class", "title", "means", "what to do", "who"),
        *((f"`{kind}`", each.title, each.means, each.do, each.owner) for kind, each in MEANINGS.items()),
    ),
    "ageing": lambda: table(("bucket, in business days",), *((name,) for name, _ in BUCKETS)),
    "records": lambda: table(("record", "is"), *((f"`{name}`", said) for name, said in RECORDS.items())),
}


@pytest.mark.parametrize("part", EXPECTED)
def test_the_page_holds_the_table_as_it_is(part):
    """Where this fails: put what it expects between the two comments of docs/reconciliation.md."""
    assert re.search(rf"<!-- {part} -->\n(.*?)<!-- /{part} -->", PAGE, re.DOTALL)[1] == EXPECTED[part]()


def test_every_class_has_a_meaning_that_says_what_to_do():
    assert list(MEANINGS) == list(BreakClass)
    assert {each.owner for each in MEANINGS.values()} == {"finance", "IT", "store"}
    assert [each for each in MEANINGS.values() if not (each.means.endswith(".") and each.do.endswith("."))] == []


def test_the_records_of_the_csv_are_those_of_the_page():
    report = month(late=month().breaks[:1])
    assert {row.record for row in csv.rows(report, pairs())} == set(RECORDS)


def test_every_sheet_corner_and_status_is_on_the_page():
    assert [name for name in NAMES if f"*{name}*" not in PAGE] == []
    for word in (*Corner, *Status):
        assert f"| {word} |" in PAGE
    assert f"at most {('zero', 'one', 'two', 'three')[LATE_DAYS]} business days" in PAGE
