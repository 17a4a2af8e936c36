"""The sums that every export shows, worked out in one place, so that they agree to the cent; ageing, names of files, numbers as text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from pipelines.reconcile.report import ZERO, Break, Report

BUCKETS = (("0 to 1", 1), ("2 to 7", 7), ("8 to 30", 30), ("31 to 60", 60), ("61 to 90", 90), ("over 90", None))
"""Ageing, in business days: what a bucket is called, and its last day."""


@dataclass(frozen=True, slots=True)
class Total:
    """One unit of a report. Units are never added to each other."""

    unit: str
    breaks: int
    expected: Decimal
    actual: Decimal
    gross: Decimal
    """Σ |difference| of the breaks."""
    net: Decimal
    """Σ difference of the breaks."""
    matched_pairs: int
    matched: Decimal
    """Of exact and tolerated pairs; suggestions are not matched."""
    unexplained: Decimal


@dataclass(frozen=True, slots=True)
class Aged:
    """Breaks of one unit and one bucket of ageing."""

    unit: str
    bucket: str
    count: int
    gross: Decimal
    net: Decimal


def totals(report: Report) -> tuple[Total, ...]:
    """One for each unit that the report knows, by unit."""
    unexplained = report.unexplained
    found = []
    for unit in units(report):
        breaks = [each for each in report.breaks if each.unit == unit]
        matched = [each for each in report.matched if each.unit == unit and each.state != "suggested"]
        found.append(
            Total(
                unit,
                len(breaks),
                sum((each.expected for each in breaks), ZERO),
                sum((each.actual for each in breaks), ZERO),
                gross(breaks),
                net(breaks),
                sum(each.pairs for each in matched),
                sum((each.amount for each in matched), ZERO),
                unexplained.get(unit, ZERO),
            )
        )
    return tuple(found)


def units(report: Report) -> list[str]:
    """Every unit of a report, sorted."""
    return sorted({each.unit for part in (report.corners, report.waterfalls, report.breaks, report.matched, report.rates) for each in part})


def gross(breaks: Iterable[Break]) -> Decimal:
    """Σ |difference|."""
    return sum((abs(each.difference) for each in breaks), ZERO)


def net(breaks: Iterable[Break]) -> Decimal:
    """Σ difference."""
    return sum((each.difference for each in breaks), ZERO)


def bucket(age: int) -> str:
    """The bucket of ageing for an age in business days."""
    return next(name for name, last in BUCKETS if last is None or age <= last)


def ageing(report: Report) -> Iterator[Aged]:
    """Every bucket of every unit that has a break, by unit, the youngest first."""
    for unit in sorted({each.unit for each in report.breaks}):
        for name, _last in BUCKETS:
            found = [each for each in report.breaks if each.unit == unit and bucket(each.age) == name]
            yield Aged(unit, name, len(found), gross(found), net(found))


def plain(amount: Decimal) -> str:
    """A number as text, the same for equal numbers: no exponent, at least two decimals, no zeros beyond. −12.5 → -12.50."""
    if not amount:
        return "0.00"
    whole, _, fraction = f"{amount:f}".partition(".")
    return f"{whole}.{fraction.rstrip('0').ljust(2, '0')}"


def spoken(amount: Decimal) -> str:
    """A number as people read it: thousands apart, a true minus. −1234.5 → −1,234.50."""
    whole, _, fraction = plain(amount).partition(".")
    return f"−{int(whole[1:]):,}.{fraction}" if whole.startswith("-") else f"{int(whole):,}.{fraction}"


def path(report: Report, folder: Path, suffix: str) -> Path:
    """Where an export of this report goes: reconciliation-COMPANY-PERIOD-RUN.suffix. The folder is made."""
    folder.mkdir(parents=True, exist_ok=True)
    company = re.sub(r"[^\w.-]+", "_", report.company)
    return folder / f"reconciliation-{company}-{report.period or 'all'}-{report.run}.{suffix}"
