"""How old differences are: in business days from the document's own date, not from the day on which somebody noticed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

BUCKETS: tuple[tuple[str, int | None], ...] = (("0-1", 1), ("2-7", 7), ("8-30", 30), ("31-60", 60), ("61-90", 90), ("over 90", None))
"""Name and the last day that belongs to it."""
_WEEK, _WORKING = 7, 5


@dataclass(frozen=True, slots=True)
class AgeRow:
    """The open differences of one age and unit."""

    unit: str
    bucket: str
    count: int
    gross: Decimal
    """Σ |difference|."""
    net: Decimal


def business_days(start: date | None, end: date) -> int:
    """Days from Monday to Friday after `start` up to and with `end`; 0 where there is no date, or it lies ahead."""
    if start is None or end <= start:
        return 0
    weeks, rest = divmod((end - start).days, _WEEK)
    return weeks * _WORKING + sum((start + timedelta(days=day)).weekday() < _WORKING for day in range(1, rest + 1))


def bucket(age: int) -> str:
    """The name of the bucket that an age falls into."""
    return next(name for name, last in BUCKETS if last is None or age <= last)


def ageing(open_ones: Iterable[tuple[str, int, Decimal]]) -> tuple[AgeRow, ...]:
    """Rows by unit and bucket, youngest first, of (unit, age, difference); buckets without a difference are left out."""
    found: dict[tuple[str, str], list[Decimal]] = {}
    for unit, age, difference in open_ones:
        found.setdefault((unit, bucket(age)), []).append(difference)
    order = [name for name, _ in BUCKETS]
    return tuple(
        AgeRow(unit, name, len(each), sum(map(abs, each), Decimal(0)), sum(each, Decimal(0)))
        for (unit, name), each in sorted(found.items(), key=lambda item: (item[0][0], order.index(item[0][1])))
    )
