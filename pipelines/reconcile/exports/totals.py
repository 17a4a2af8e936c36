"""The sums that every export shows, worked out in one place, so that they agree to the cent; ageing, names of files, numbers as text."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

from mappings.model.money import exponent
from pipelines.reconcile.exports.extras import Extras
from pipelines.reconcile.report import ZERO, Break, Report, Waterfall
from pipelines.reconcile.words import BreakClass

MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December")
BUCKETS = (("0 to 1", 1), ("2 to 7", 7), ("8 to 30", 30), ("31 to 60", 60), ("61 to 90", 90), ("over 90", None))
"""Ageing, in business days: what a bucket is called, and its last day."""


class Written(NamedTuple):
    """A file, and what a reader of it must be told."""

    path: Path
    notes: tuple[str, ...]


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


@dataclass(frozen=True, slots=True)
class ByClass:
    """Causes of one unit and one class."""

    unit: str
    kind: BreakClass
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


def classes(report: Report) -> Iterator[ByClass]:
    """The causes of the breaks, summed by class: by unit, the largest first."""
    found: dict[tuple[str, BreakClass], list[Decimal]] = defaultdict(list)
    for each in report.breaks:
        for cause in each.causes:
            found[each.unit, cause.kind].append(cause.amount)
    summed = [ByClass(unit, kind, len(parts), sum(map(abs, parts), ZERO), sum(parts, ZERO)) for (unit, kind), parts in found.items()]
    yield from sorted(summed, key=lambda each: (each.unit, -each.gross, each.kind))


def ends(fall: Waterfall) -> tuple[Decimal, Decimal]:
    """Where a waterfall begins and where it ends."""
    corners = [line.amount for line in fall.lines if line.role == "corner"]
    found = [line.amount for line in fall.lines if line.role == "total"] or [ZERO]
    return (sum(corners, ZERO) if corners else found[0]), found[-1]


def plain(amount: Decimal) -> str:
    """A number as text, the same for equal numbers: no exponent, at least two decimals, no zeros beyond. −12.5 → -12.50."""
    if not amount:
        return "0.00"
    whole, _, fraction = f"{amount:f}".partition(".")
    return f"{whole}.{fraction.rstrip('0').ljust(2, '0')}"


def shown(amount: Decimal, unit: str) -> str:
    """A number as finance writes it: thousands apart, as many decimals as its unit has or it needs, negative in parentheses."""
    whole, _, fraction = plain(abs(amount)).partition(".")
    fraction = fraction.rstrip("0").ljust(decimals(unit), "0")
    text = f"{int(whole):,}" + (f".{fraction}" if fraction else "")
    return f"({text})" if amount < 0 else text


def decimals(unit: str) -> int:
    """Decimals that are always shown: of the currency's smallest coin, two of hours, none of pieces."""
    return {"C62": 0, "HUR": 2}.get(unit, exponent(unit))


def spoken(amount: Decimal) -> str:
    """A number as people read it: thousands apart, a true minus. −1234.5 → −1,234.50."""
    whole, _, fraction = plain(amount).partition(".")
    return f"−{int(whole[1:]):,}.{fraction}" if whole.startswith("-") else f"{int(whole):,}.{fraction}"


def path(report: Report, folder: Path, suffix: str) -> Path:
    """Where an export of this report goes: reconciliation-COMPANY-PERIOD-RUN.suffix. The folder is made."""
    folder.mkdir(parents=True, exist_ok=True)
    company = re.sub(r"[^\w.-]+", "_", report.company)
    return folder / f"reconciliation-{company}-{report.period or 'all'}-{report.run}.{suffix}"


def month(period: str) -> str:
    """2026-01 → January 2026; a report without a period is since the beginning."""
    year, _, number = period.partition("-")
    return f"{MONTHS[int(number) - 1]} {year}" if number else "since the beginning"


def head(report: Report, extras: Extras) -> Iterator[tuple[str, str]]:
    """The strip at the top of every export for people: names and values."""
    here = report.as_of.astimezone(ZoneInfo(report.timezone))
    yield "Company", extras.legal_name or report.company
    yield "Period", month(report.period)
    yield "Systems", ", ".join(dict.fromkeys(corner.connection for corner in report.corners)) or "none"
    yield (
        "Cut-off",
        f"{report.as_of.astimezone(UTC):%Y-%m-%d %H:%M} UTC ({here.day} {MONTHS[here.month - 1]} {here:%H:%M} in {report.timezone})",
    )
    yield "Run", report.run
    yield "Rules", report.rules
    for role in ("preparer", "reviewer"):
        signed = [each for each in extras.sign_offs if each.role == role and not each.frozen]
        yield role.capitalize(), ", ".join(each.person for each in signed) or "not signed"
