"""CSV statements, whose columns the connection names. A running balance, where there is one, is checked from row to row."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from mappings.problem import Problem
from taps._kit.folder import FileTrouble, corrupt
from taps._kit.text_lines import SAMPLE, TooLong, encoding_of, text_lines, undecoded
from taps.bank.config import CsvColumns, StatementFiles
from taps.bank.statement import (
    BOOKED,
    FIELDS,
    Bad,
    Entry,
    Item,
    Statement,
    Unreadable,
    amount_of,
    body_of,
    currency_of,
    gathered,
    reference_of,
)


class Csv:
    """Rows of one file; each account in it is one statement."""

    def items(self, path: Path, name: str, files: StatementFiles) -> Iterator[Item]:
        """A statement at its account's first row, then the rows in the file's order."""
        if files.csv is None:
            raise RuntimeError("a CSV statement is read without its columns")
        statements: dict[tuple[str, str], _Running] = {}
        header, rows = _rows(path, name, files, files.csv)
        named = {*files.csv.named()}
        others = [column for column in header if column and column not in named and column not in FIELDS]
        for number, values in rows:
            row = _Row(files.csv, dict(zip(header, values, strict=False)))
            key = (row.account, row.currency)
            if key not in statements:
                statements[key] = _Running(Statement(row.account, row.currency, name))
                yield statements[key].statement
            running = statements[key]
            try:
                body = row.body(len(values), len(header), others)
                if files.csv.balance:
                    running.take(number, body, row.number(files.csv.balance, "balance"))
            except Unreadable as trouble:
                raw = files.csv.delimiter.join(values)
                yield Bad(running.statement, f"row {number}", raw, str(trouble), "Correct the row in the file, or have it exported again.")
            else:
                yield Entry(running.statement, {**body, "account": running.statement.account})
        for running in statements.values():
            running.close(name)


def columns(path: Path, name: str, files: StatementFiles) -> list[str]:
    """The names of the columns. FileTrouble where one is missing that the connection names."""
    if files.csv is None:
        return []
    return _rows(path, name, files, files.csv)[0]


def _rows(path: Path, name: str, files: StatementFiles, shape: CsvColumns) -> tuple[list[str], Iterator[tuple[int, list[str]]]]:
    with path.open("rb") as content:
        encoding = files.encoding or encoding_of(content.read(SAMPLE))
    rows = _read(_lines(path, name, encoding, shape.skip_rows), name, shape)
    _number, header = next(rows, (0, []))
    header = [column.strip() for column in header]
    missing = [column for column in shape.named() if column not in header]
    if missing:
        say = f"{name} has no column {', '.join(missing)}; it has {', '.join(header) or 'none'}."
        raise FileTrouble(Problem("READ-SCHEMA", say, "Correct `csv` in the connection, or have the file exported as before."))
    return header, rows


def _lines(path: Path, name: str, encoding: str, skip: int) -> Iterator[str]:
    for place, line in enumerate(text_lines(path, encoding)):
        if isinstance(line, TooLong) or undecoded(line, encoding) is not None or "\0" in line:
            raise corrupt(name, "CSV", f"line {place + 1} is too long or holds bytes that are not {encoding}")
        if place >= skip:
            yield line.removeprefix("\ufeff") + "\n"


def _read(lines: Iterator[str], name: str, shape: CsvColumns) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(lines, delimiter=shape.delimiter, strict=True)
    try:
        for values in reader:
            if any(value.strip() for value in values):
                yield reader.line_num + shape.skip_rows, values
    except csv.Error as error:
        raise corrupt(name, "CSV", f"line {reader.line_num + shape.skip_rows}: {error}") from None


class _Row:
    """One row, by the names of the columns."""

    def __init__(self, shape: CsvColumns, cells: dict[str, str]) -> None:
        self._shape = shape
        self._cells = cells
        self.account = shape.account or "".join(self._cell(shape.account_column).split())
        self.currency = shape.currency or self._cell(shape.currency_column).upper()

    def _cell(self, column: str | None) -> str:
        return self._cells.get(column, "").strip() if column else ""

    def body(self, there: int, wanted: int, others: list[str]) -> dict[str, Any]:
        """The row as a body. `others` are the columns that the connection does not name: they come along."""
        shape = self._shape
        if there != wanted:
            raise Unreadable(f"has {there} columns where the file has {wanted}")
        if not self.account:
            raise Unreadable("has no account")
        made = gathered(
            booked_on=lambda: self._day(shape.booked_on, "booking day"),
            value_on=lambda: self._day(shape.value_on, "value day") if self._cell(shape.value_on) else None,
            amount=self._amount,
            currency=lambda: currency_of(self.currency),
        )
        return body_of(**{
            **{column: self._cells[column] for column in others},
            "account": self.account,
            "status": BOOKED,
            **made,
            "reference": reference_of(self._cell(shape.reference)),
            "end_to_end_id": reference_of(self._cell(shape.end_to_end_id)),
            "counterparty_name": self._cell(shape.counterparty_name),
            "counterparty_account": "".join(self._cell(shape.counterparty_account).split()),
            "text": " ".join(filter(None, (" ".join(self._cell(column).split()) for column in shape.text))),
        })  # fmt: skip

    def _day(self, column: str | None, what: str) -> date:
        text = self._cell(column)
        try:
            return datetime.strptime(text, self._shape.date_format).date()  # noqa: DTZ007 (a day has no zone)
        except ValueError:
            raise Unreadable(f"has the {what} {text[:40]!r}, which is not written as {self._shape.date_format}") from None

    def _amount(self) -> Decimal:
        shape = self._shape
        if shape.amount is None:
            came = self._cell(shape.money_in), self._cell(shape.money_out)
            if bool(came[0]) == bool(came[1]) and self._zero(came[0]) == self._zero(came[1]):
                raise Unreadable("has money in and money out at once" if came[0] else "has neither money in nor money out")
            there = shape.money_in if came[0] and not self._zero(came[0]) else shape.money_out
            return self.number(there, "amount").copy_abs() * (1 if there == shape.money_in else -1)
        amount = self.number(shape.amount, "amount")
        if shape.direction is None:
            return amount
        way = self._cell(shape.direction)
        if way not in (*shape.direction_in, *shape.direction_out):
            raise Unreadable(f"has the direction {way[:40]!r}, which the connection does not name")
        return amount if way in shape.direction_in else -amount

    def _zero(self, text: str) -> bool:
        return not text.strip("0.,+- ")

    def number(self, column: str | None, what: str) -> Decimal:
        """A number as the bank writes it: thousands are taken out where they stand between groups of three."""
        text, shape = self._cell(column), self._shape
        if shape.thousands:
            grouped = rf"[-+]?\d{{1,3}}(?:{re.escape(shape.thousands)}\d{{3}})+(?:{re.escape(shape.decimal)}\d*)?"
            text = text.replace(shape.thousands, "") if re.fullmatch(grouped, text) else text
        if shape.decimal == ",":
            text = text.replace(",", ".") if "." not in text else f"{text}?"
        return amount_of(text, what)


class _Running:
    """A running balance, upwards or downwards: whichever fits better."""

    def __init__(self, statement: Statement) -> None:
        self.statement = statement
        self._first: tuple[Decimal, Decimal, date] | None = None
        self._last: tuple[Decimal, Decimal, date] | None = None
        self._wrong: dict[bool, list[int]] = {True: [], False: []}
        """Row numbers that do not fit, by whether the newest entry stands below."""

    def take(self, number: int, body: dict[str, Any], balance: Decimal) -> None:
        """One row with the balance after it."""
        amount, day = body["amount"], body["booked_on"]
        if self._last is not None:
            before, balance_before, _day = self._last
            if balance_before + amount != balance:
                self._wrong[True].append(number)
            if balance + before != balance_before:
                self._wrong[False].append(number)
        self._first = self._first or (amount, balance, day)
        self._last = (amount, balance, day)

    def close(self, name: str) -> None:
        """The balances of the statement, and where a row does not fit."""
        if self._first is None or self._last is None:
            return
        now = self.statement
        upwards = len(self._wrong[True]) <= len(self._wrong[False])
        oldest, newest = (self._first, self._last) if upwards else (self._last, self._first)
        now.opening, now.opened_on = oldest[1] - oldest[0], oldest[2]
        now.closing, now.closed_on, now.closing_currency = newest[1], newest[2], now.currency
        wrong = self._wrong[upwards]
        if wrong:
            say = f"In {name} the balance of row {wrong[0]} does not follow from the row before it" + (
                f", and {len(wrong) - 1} more do not either." if len(wrong) > 1 else "."
            )
            now.notes.append(Problem("READ-BALANCE", say, "Look whether rows are missing; have the file exported again."))
