"""A report as one CSV for other programs: RFC 4180, UTF-8, one row a fact; `record` says of what kind.

Numbers and dates stand bare in columns of their own (`count`, `expected`, `actual`, `amount`, `age`, `date`): −12.50 is `-12.50` and stays
a number. Every other column is text, and no text can run as a formula in a spreadsheet: one that begins with = + - @, their full-width
twins, an apostrophe, or white space before any of these, gets an apostrophe in front, and `read` takes it off again. So a reference `-5`
is `'-5` in the file.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from datetime import UTC, date
from decimal import Decimal
from pathlib import Path
from typing import Any

from pipelines.reconcile.exports.keep import beside
from pipelines.reconcile.exports.totals import path, plain
from pipelines.reconcile.report import Break, Pair, Report, Side
from pipelines.reconcile.words import MEANINGS

STARTS = "=+-@＝＋－＠'"  # noqa: RUF001 (the full-width twins, which spreadsheets take for the same)
_NUMBERS = ("expected", "actual", "amount")
_COUNTS = ("count", "age")


@dataclass(frozen=True, slots=True)
class Row:
    """One row. What a kind of record has no use for is empty."""

    record: str
    """corner, gap, stated, number, line, unexplained, break, cause, side, late, matched, suggestion, rate, pair or note."""
    sheet: str = ""
    name: str = ""
    """Of a waterfall, a corner, a class, a rule or a rate."""
    role: str = ""
    """Of a line: total, step, break or check. Of a match: exact, tolerance or suggested."""
    key: str = ""
    """Of a break; the rows of its causes and sides carry it too."""
    kind: str = ""
    connection: str = ""
    reference: str = ""
    """The corner's own id; of a break the document's."""
    number: str = ""
    date: date | None = None
    unit: str = ""
    count: int | None = None
    expected: Decimal | None = None
    actual: Decimal | None = None
    amount: Decimal | None = None
    """Of a break its difference, actual − expected; of a cause its share of it."""
    age: int | None = None
    text: str = ""


FIELDS = tuple(field.name for field in fields(Row))
HEAD = ("run", "company", "period", "as_of", *FIELDS)


def write(report: Report, pairs: Iterable[Pair], folder: Path) -> Path:
    """Write the report with its pairs; the path of the file."""
    whole = path(report, folder, "csv")
    every = [guarded(report.run), guarded(report.company), guarded(report.period), report.as_of.astimezone(UTC).isoformat()]
    with beside(whole) as new, new.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file, lineterminator="\r\n")
        out.writerow(HEAD)
        out.writerows([*every, *(_cell(getattr(row, name)) for name in FIELDS)] for row in rows(report, pairs))
    return whole


def read(file: Path) -> Iterator[Row]:
    """The rows of a file that `write` wrote, numbers as Decimal, dates as date, texts as they were."""
    with file.open(encoding="utf-8", newline="") as lines:
        for found in csv.DictReader(lines):
            yield Row(**{name: _value(name, found[name]) for name in FIELDS})


def guarded(text: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    first = text.lstrip()[:1]
    return f"'{text}" if (first and first in STARTS) or text[:1] in ("\t", "\r", "\n") else text


def rows(report: Report, pairs: Iterable[Pair]) -> Iterator[Row]:
    """Everything in the order of the workbook's sheets."""
    yield from _tables(report)
    for record, breaks in (("break", report.breaks), ("late", report.late)):
        for each in breaks:
            yield from _break(record, each)
    for pair in pairs:
        yield Row(
            "pair", pair.sheet, pair.rule, kind=pair.kind, number=pair.number, date=pair.on, unit=pair.unit,
            expected=pair.expected, actual=pair.actual, amount=pair.actual - pair.expected,
        )  # fmt: skip
    yield from (Row("note", text=note) for note in report.notes)


def _tables(report: Report) -> Iterator[Row]:
    for corner in report.corners:
        yield Row(
            "corner", corner.sheet, corner.corner.value, kind=corner.kind, connection=corner.connection, unit=corner.unit,
            count=corner.items, amount=corner.amount, text=corner.asked,
        )  # fmt: skip
        for gap in corner.gaps:
            yield Row("gap", corner.sheet, corner.corner.value, kind=corner.kind, connection=corner.connection, number=gap)
    yield from _stated(report)
    for fall in report.waterfalls:
        for line in fall.lines:
            label = f"{line.label}: {line.note}" if line.note else line.label
            yield Row("line", fall.sheet, fall.name, line.role, unit=fall.unit, count=line.count, amount=line.amount, text=label)
        yield Row("unexplained", fall.sheet, fall.name, unit=fall.unit, amount=fall.unexplained, text=fall.title)
    for match in report.matched:
        yield Row("matched", match.sheet, match.rule, match.state, unit=match.unit, count=match.pairs, amount=match.amount)
    for number, suggestion in enumerate(report.suggestions, 1):
        text = "; ".join(suggestion.reasons)
        yield Row("suggestion", suggestion.sheet, suggestion.rule, key=str(number), amount=suggestion.score, text=text)
        for role, sides in (("left", suggestion.left), ("right", suggestion.right)):
            yield from (_side(suggestion.sheet, str(number), side, role) for side in sides)
    for rate in report.rates:
        for name in ("matched_count", "matched_value", "classified_value", "open_gross", "open_net"):
            yield Row("rate", name=name, unit=rate.unit, amount=getattr(rate, name))


def _stated(report: Report) -> Iterator[Row]:
    """What the sources state of themselves, and of numbers that are missing."""
    for stated in report.completeness:
        yield Row(
            "stated", stated.sheet, kind=stated.kind, connection=stated.connection, number=", ".join(stated.missing), date=stated.on,
            unit=stated.unit, count=stated.stated, expected=stated.stated_amount, actual=stated.compared_amount,
            text=stated.why or f"{stated.received} received, {stated.compared} compared: {stated.asked}",
        )  # fmt: skip
    for run in report.numbers:
        role = "explained" if run.explained else "open"
        yield Row("number", run.sheet, role=role, kind=run.kind, connection=run.connection, number=run.numbers, date=run.on, text=run.says)


def _break(record: str, each: Break) -> Iterator[Row]:
    yield Row(
        record, each.sheet, key=each.key, kind=each.kind, reference=each.subject, number=each.number, date=each.on, unit=each.unit,
        expected=each.expected, actual=each.actual, amount=each.difference, age=each.age, text=each.suggested,
    )  # fmt: skip
    for cause in each.causes:
        title = MEANINGS[cause.kind].title
        yield Row("cause", each.sheet, cause.kind.value, key=each.key, unit=each.unit, amount=cause.amount, text=f"{title}: {cause.say}")
    yield from (_side(each.sheet, each.key, side) for side in each.sides)


def _side(sheet: str, key: str, side: Side, role: str = "") -> Row:
    parts = [f"{name} {plain(amount)}" for name, amount in side.components]
    return Row(
        "side", sheet, side.corner.value, role, key, connection=side.connection, reference=side.reference, number=side.number,
        date=side.on, unit=side.unit, amount=side.amount, text="; ".join(filter(None, (side.status, side.party, *parts))),
    )  # fmt: skip


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return plain(value)
    return value.isoformat() if isinstance(value, date) else str(value) if isinstance(value, int) else guarded(str(value))


def _value(name: str, cell: str) -> Any:
    if name in (*_NUMBERS, *_COUNTS, "date") and not cell:
        return None
    if name in _NUMBERS:
        return Decimal(cell)
    if name in _COUNTS:
        return int(cell)
    if name == "date":
        return date.fromisoformat(cell)
    return cell.removeprefix("'")
