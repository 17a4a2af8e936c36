"""Figures over time, from stored summaries alone."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from pipelines.reconcile.kpis import Closing, Resolved, StoredRun, kpis, summary
from pipelines.reconcile.words import BreakClass
from tests.unit._reconciliation import broken, month

NOW = datetime(2026, 2, 2, 8, 30, tzinfo=UTC)
D = Decimal


def run(report, **changes):
    """A run as it comes back from a JSON column."""
    return StoredRun(report.period, changes.get("as_of", report.as_of), json.loads(json.dumps(summary(report))))


def test_a_summary_keeps_what_the_figures_need():
    found = json.loads(json.dumps(summary(month())))
    assert found["units"]["EUR"] == {
        "breaks": 5, "gross": "616.15", "net": "-378.13", "matched_pairs": 199, "matched": "16981.60", "unexplained": "0.00",
        "matched_count": "0.980296", "matched_value": "0.974208", "classified_value": "1.00", "classified_count": "1.00", "oldest": 70,
    }  # fmt: skip
    assert (found["oldest"], found["hand_entries"], found["late"], found["notes"]) == (70, 0, 0, 1)


def test_history_is_by_unit_and_in_order():
    earlier = run(month(breaks=month().breaks[:1]), as_of=datetime(2026, 1, 31, 5, tzinfo=UTC))
    found = kpis([run(month()), earlier], now=NOW).history
    assert [(point.unit, point.as_of.day, point.breaks, point.gross) for point in found] == [
        ("C62", 31, 0, 0),
        ("C62", 1, 1, 3),
        ("EUR", 31, 1, D("412.50")),
        ("EUR", 1, 5, D("616.15")),
    ]
    assert (found[-1].matched_count, found[-1].classified) == (D("0.980296"), 1)


def test_the_newest_run_of_each_period_counts():
    typed = month(period="2025-12", breaks=(broken(BreakClass.MISSING_IN_SOURCE, "0", "5", key="t", age=90),))
    old = run(month(breaks=(broken(BreakClass.MISSING_IN_SOURCE, "0", "5", key="u", age=300),)), as_of=datetime(2026, 1, 1, tzinfo=UTC))
    found = kpis([old, run(typed), run(month())], now=NOW)
    assert (found.oldest, found.hand_entries) == (90, 1)


def test_a_break_without_a_class_lowers_the_rate_by_count():
    unknown = broken(BreakClass.UNKNOWN, "0", "5", key="u", age=300)
    (point,) = (point for point in kpis([run(month(breaks=(*month().breaks[:2], unknown)))], now=NOW).history if point.unit == "EUR")
    assert (point.classified_count, point.oldest) == (D("0.666667"), 300)


def test_the_newest_run_of_each_period_stands_for_it():
    earlier = run(month(breaks=()), as_of=datetime(2026, 1, 31, 5, tzinfo=UTC))
    other = run(month(period="2025-12"), as_of=datetime(2026, 1, 2, 5, tzinfo=UTC))
    found = kpis([run(month()), earlier, other], now=NOW)
    assert [(point.period, point.breaks) for point in found.newest() if point.unit == "EUR"] == [("2025-12", 5), ("2026-01", 5)]
    assert len(found.history) == 6


def test_times():
    opened = datetime(2026, 1, 10, tzinfo=UTC)
    done = [Resolved(opened, opened + timedelta(days=1)), Resolved(opened, opened + timedelta(days=2, hours=12))]
    found = kpis([run(month())], done, now=NOW)
    assert (found.days_to_resolve, found.freshness_hours) == (D("1.8"), D("27.5"))


@pytest.mark.parametrize(
    ("closings", "share"),
    [
        ([], None),
        ([Closing("2026-02", date(2026, 3, 10), None)], None),  # not due yet
        ([Closing("2025-12", date(2026, 1, 10), datetime(2026, 1, 10, 23, tzinfo=UTC))], D(1)),
        ([Closing("2025-12", date(2026, 1, 10), datetime(2026, 1, 11, tzinfo=UTC)), Closing("2025-11", date(2025, 12, 10), None)], D(0)),
        ([Closing("2025-12", date(2026, 1, 10), datetime(2026, 1, 9, tzinfo=UTC)), Closing("2025-11", date(2025, 12, 10), None)], D("0.5")),
    ],
)
def test_certified_on_time(closings, share):
    assert kpis([], closings=closings, now=NOW).certified_on_time == share


def test_hours_saved():
    found = kpis([], now=NOW, documents=250, minutes_by_hand=D("3"), duplicates_prevented=2)
    assert (found.hours_saved, found.duplicates_prevented) == (D("12.5"), 2)


def test_what_nobody_counted_is_not_zero():
    found = kpis([StoredRun("2026-01", NOW, {"units": {"EUR": {"breaks": 1, "gross": "1", "net": "1"}}})], now=NOW)
    assert (found.oldest, found.days_to_resolve, found.certified_on_time, found.duplicates_prevented) == (None, None, None, None)
    assert (found.hand_entries, found.hours_saved, found.freshness_hours) == (None, None, 0)
    assert found.history[0].matched_value is None
    assert kpis([], now=NOW).freshness_hours is None
