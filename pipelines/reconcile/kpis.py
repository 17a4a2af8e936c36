"""How reconciliation goes over time, from what was stored of each run. Pure: no SQL, no clock, and no figure that nobody counted.

    summary(report)                → what `recon_run.summary` keeps of a report, as JSON
    kpis(runs, work, closings, …)  → the figures, with their history by unit

What cannot be told is None and never 0: a company that has resolved nothing has no mean time to resolve.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from pipelines.reconcile.exports.totals import plain, totals
from pipelines.reconcile.report import Break, Report
from pipelines.reconcile.words import BreakClass

_HOUR = 3600
_DAY = 24 * _HOUR
_PLACES = Decimal("0.000001")
_TENTH = Decimal("0.1")
_RATES = ("matched_count", "matched_value", "classified_count", "classified_value")
"""As a summary names them, in the order of a point."""


class StoredRun(NamedTuple):
    """A run as the hub keeps it."""

    period: str
    as_of: datetime
    summary: Mapping[str, Any]


class Resolved(NamedTuple):
    """A break that is done: when a run saw it first, and when it was resolved or closed by itself."""

    opened_at: datetime
    ended_at: datetime


class Closing(NamedTuple):
    """A period, the day on which it is due, and when it was certified (UTC); None while it is not."""

    period: str
    due: date
    certified_at: datetime | None


@dataclass(frozen=True, slots=True)
class Point:
    """One unit of one run. Rates are 0 to 1."""

    period: str
    as_of: datetime
    unit: str
    breaks: int
    gross: Decimal
    """Σ |difference| of open breaks."""
    net: Decimal
    matched_count: Decimal | None
    matched_value: Decimal | None
    classified_count: Decimal | None
    """Of breaks."""
    classified: Decimal | None
    """Of Σ |difference|."""
    oldest: int | None
    """Age of the unit's oldest break, in business days."""


@dataclass(frozen=True, slots=True)
class Kpis:
    """The figures of one company."""

    history: tuple[Point, ...]
    """By unit, then by cut-off."""
    oldest: int | None
    """Age of the oldest open break in business days, over the newest run of each period."""
    days_to_resolve: Decimal | None
    """Mean, in days of 24 hours, one decimal."""
    certified_on_time: Decimal | None
    """Of the periods that are due, 0 to 1."""
    duplicates_prevented: int | None
    hand_entries: int | None
    """What no source knows, over the newest run of each period."""
    hours_saved: Decimal | None
    """Documents that nobody typed × minutes for one by hand ÷ 60, one decimal."""
    freshness_hours: Decimal | None
    """From the newest cut-off to now, one decimal."""

    def newest(self) -> tuple[Point, ...]:
        """The history with one point for each unit and period, that of its newest run."""
        return tuple({(point.unit, point.period): point for point in self.history}.values())


def summary(report: Report) -> dict[str, Any]:
    """What is kept of a run when its report is let go: counts as numbers, amounts and rates as texts."""
    rates = {each.unit: each for each in report.rates}
    units: dict[str, dict[str, Any]] = {}
    by_unit: dict[str, list[Break]] = {}
    for each in report.breaks:
        by_unit.setdefault(each.unit, []).append(each)
    for total in totals(report):
        found: dict[str, Any] = {"breaks": total.breaks, "gross": plain(total.gross), "net": plain(total.net)}
        found |= {"matched_pairs": total.matched_pairs, "matched": plain(total.matched), "unexplained": plain(total.unexplained)}
        if rate := rates.get(total.unit):
            found |= {name: plain(getattr(rate, name)) for name in ("matched_count", "matched_value", "classified_value")}
        units[total.unit] = found | _named(by_unit.get(total.unit, []))
    by_hand = sum(any(cause.kind is BreakClass.MISSING_IN_SOURCE for cause in each.causes) for each in report.breaks)
    return {
        "units": units,
        "unexplained": {unit: plain(amount) for unit, amount in report.unexplained.items()},
        "oldest": max((each.age for each in report.breaks), default=0),
        "hand_entries": by_hand,
        "late": len(report.late),
        "notes": len(report.notes),
    }


def _named(breaks: Sequence[Break]) -> dict[str, Any]:
    """How many of a unit's breaks have a class, and how old the oldest is."""
    if not breaks:
        return {"oldest": 0}
    known = sum(all(cause.kind is not BreakClass.UNKNOWN for cause in each.causes) and bool(each.causes) for each in breaks)
    return {"oldest": max(each.age for each in breaks), "classified_count": plain((Decimal(known) / len(breaks)).quantize(_PLACES))}


def kpis(
    runs: Sequence[StoredRun],
    resolved: Sequence[Resolved] = (),
    closings: Sequence[Closing] = (),
    *,
    now: datetime,
    duplicates_prevented: int | None = None,
    documents: int | None = None,
    minutes_by_hand: Decimal | None = None,
) -> Kpis:
    """The figures at `now`. `documents`: how many were booked without a person; `minutes_by_hand`: what one would have taken."""
    ordered = sorted(runs, key=lambda run: run.as_of)
    newest = {run.period: run for run in ordered}
    saved = None if documents is None or minutes_by_hand is None else (documents * minutes_by_hand / 60).quantize(_TENTH)
    return Kpis(
        history=tuple(sorted(_points(ordered), key=lambda point: (point.unit, point.as_of, point.period))),
        oldest=max(_told(newest, "oldest"), default=None),
        days_to_resolve=_mean_days(resolved),
        certified_on_time=_on_time(closings, now),
        duplicates_prevented=duplicates_prevented,
        hand_entries=sum(told) if (told := _told(newest, "hand_entries")) else None,
        hours_saved=saved,
        freshness_hours=_seconds(ordered[-1].as_of, now, _HOUR) if ordered else None,
    )


def _points(runs: Sequence[StoredRun]) -> Iterator[Point]:
    for run in runs:
        for unit, found in run.summary.get("units", {}).items():
            by_count, by_value, named, named_value = (_decimal(found.get(name)) for name in _RATES)
            gross, net = Decimal(found["gross"]), Decimal(found["net"])
            yield Point(
                run.period, run.as_of, unit, found["breaks"], gross, net, by_count, by_value, named, named_value, found.get("oldest")
            )  # fmt: skip


def _decimal(value: Any) -> Decimal | None:
    return None if value is None else Decimal(value)


def _told(newest: Mapping[str, StoredRun], name: str) -> list[int]:
    """What the newest run of each period says; runs that do not say it are left out."""
    return [run.summary[name] for run in newest.values() if name in run.summary]


def _mean_days(resolved: Sequence[Resolved]) -> Decimal | None:
    if not resolved:
        return None
    whole = sum((_seconds(each.opened_at, each.ended_at, _DAY, _PLACES) for each in resolved), Decimal(0))
    return (whole / len(resolved)).quantize(_TENTH)


def _on_time(closings: Sequence[Closing], now: datetime) -> Decimal | None:
    today = now.astimezone(UTC).date()
    due = [each for each in closings if each.due < today or each.certified_at is not None]
    if not due:
        return None
    kept = sum(each.certified_at is not None and each.certified_at.astimezone(UTC).date() <= each.due for each in due)
    return (Decimal(kept) / len(due)).quantize(_PLACES)


def _seconds(start: datetime, end: datetime, unit: int, places: Decimal = _TENTH) -> Decimal:
    gone = end - start
    return (Decimal(gone.days * _DAY + gone.seconds) / unit).quantize(places)
