"""The files of file mode: one pair a pay period, a list of entries that is ours and the import that Gusto takes.

    hours/2026-11-02_2026-11-15.entries.csv   one line for each attempt and day: the truth, only ever added to
    hours/2026-11-02_2026-11-15.csv           the sums by employee and job: made of it, to be imported
    hours/2026-11-02_2026-11-15.exported      made by whoever imported it: from then on both files stand still

An upload to Gusto replaces what was entered for the period before, so the import holds sums and never differences; a person who imports it
twice pays once. Columns are those of Gusto's template; those that are not ours are left out, which leaves what stands there alone.
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

from taps._kit.disk import is_full, no_room
from taps._kit.errors import Misconfigured, Tampered
from targets.gusto.config import GustoTargetConfig

IMPORT = ("last_name", "first_name", "title", "gusto_employee_id", "regular_hours", "overtime_hours", "paycheck_tips", "cash_tips")
_HALF = 16
_CENTS = Decimal("0.01")


class Amounts(NamedTuple):
    """What one line adds."""

    regular: Decimal = Decimal(0)
    overtime: Decimal = Decimal(0)
    paycheck_tips: Decimal = Decimal(0)
    cash_tips: Decimal = Decimal(0)

    def plus(self, other: Amounts, sign: int = 1) -> Amounts:
        """Sum, or difference."""
        return Amounts(*(one + sign * two for one, two in zip(self, other, strict=True)))

    @property
    def hours(self) -> Decimal:
        """Hours of both kinds."""
        return self.regular + self.overtime


class Slot(NamedTuple):
    """Whose, when, in which job."""

    employee: str
    day: str
    title: str


class Entry(NamedTuple):
    """One line of the entries."""

    number: str
    slot: Slot
    amounts: Amounts
    key: str
    attempt: str
    parts: int
    """How many lines the attempt has, in whatever files: with fewer it was torn by a crash."""


class PayPeriod(NamedTuple):
    """First and last day."""

    start: date
    end: date

    @property
    def name(self) -> str:
        """As its files are called."""
        return f"{self.start}_{self.end}"


def period_of(day: date, config: GustoTargetConfig) -> PayPeriod:
    """The pay period of a day."""
    if config.pay_period in ("weekly", "biweekly"):
        length = 7 if config.pay_period == "weekly" else 14
        start = day - timedelta(days=(day - config.pay_period_start).days % length)
        return PayPeriod(start, start + timedelta(days=length - 1))
    last = (day.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
    if config.pay_period == "monthly":
        return PayPeriod(day.replace(day=1), last)
    return PayPeriod(day.replace(day=1), day.replace(day=_HALF - 1)) if day.day < _HALF else PayPeriod(day.replace(day=_HALF), last)


_ENTRY = ("number", "employee_number", "date", "title", *Amounts._fields, "key", "attempt", "parts")


def entries(path: Path) -> list[Entry]:
    """The lines of an entries file; none where there is none. Raises Tampered where one cannot be read."""
    if not path.is_file():
        return []
    found = []
    for line, row in enumerate(csv.reader(io.StringIO(path.read_text(encoding="utf-8"))), 1):
        if line == 1 and tuple(row) == _ENTRY:
            continue
        try:
            number, employee, day, title, *rest = row
            *amounts, key, attempt, parts = rest
            found.append(Entry(number, Slot(employee, day, title), Amounts(*map(Decimal, amounts)), key, attempt, int(parts)))
        except (ValueError, ArithmeticError, TypeError) as wrong:
            raise Tampered(f"Line {line} of {path} is not as we wrote it. Bring the file back from a backup.") from wrong
    return found


def entries_text(rows: Iterable[Entry]) -> str:
    """An entries file."""
    return _csv([_ENTRY, *((row.number, *row.slot, *map(_plain, row.amounts), row.key, row.attempt, str(row.parts)) for row in rows)])


def import_text(rows: Iterable[Entry], roster: Mapping[str, Mapping[str, str]], ids: Mapping[str, str]) -> str:
    """The import of a period: one line for each employee and job that has anything, by name. What is nothing is left blank."""
    sums: dict[tuple[str, str], Amounts] = {}
    for row in rows:
        place = (row.slot.employee, row.slot.title)
        sums[place] = sums.get(place, Amounts()).plus(row.amounts)
    lines = []
    for (employee, title), amounts in sums.items():
        person = roster.get(employee, {})
        shown = [_plain(amount) if amount else "" for amount in amounts[:2]]
        shown += [str(amount.quantize(_CENTS)) if amount else "" for amount in amounts[2:]]
        if any(amounts):
            lines.append((person.get("last_name", ""), person.get("first_name", ""), title, ids.get(employee, ""), *shown, employee))
    return _csv([IMPORT, *(line[:-1] for line in sorted(lines))])


def _csv(rows: Sequence[Sequence[str]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def _plain(amount: Decimal) -> str:
    return f"{amount.normalize():f}" if amount else "0"


def write(path: Path, text: str) -> None:
    """Replace a file as a whole, durably: who is killed meanwhile leaves the old one. Raises Retryable on a full disk."""
    data = text.encode()
    if path.is_file() and path.read_bytes() == data:
        return
    fresh = path.with_name(f".{path.name}.new")
    try:
        with fresh.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        if is_full(error):
            raise no_room(f"the files for Gusto in {path.parent}") from error
        raise Misconfigured(f"{path} cannot be written: {error.strerror}.") from error
