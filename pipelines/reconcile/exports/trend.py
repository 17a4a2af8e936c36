"""Key figures as people read them, the same for terminal, workbook and PDF."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pipelines.reconcile.kpis import Kpis, Point

HISTORY = (
    "Period", "Cut-off (UTC)", "Unit", "Matched, count", "Matched, value", "Classified, count", "Classified, value", "Breaks",
    "Open, gross", "Open, net", "Oldest",
)  # fmt: skip
"""Heads of the history: a row for each point."""


class Figure(NamedTuple):
    """One figure. `value` is None where it cannot be told, and `why` says so."""

    name: str
    value: Decimal | int | None
    unit: str
    """%, days, hours, or nothing for a count. A value in % is a part of a whole, 0 to 1."""
    why: str = ""

    def __str__(self) -> str:
        if self.value is None:
            return f"not known: {self.why}"
        if self.unit == "%":
            return percent(Decimal(self.value))
        return f"{self.value:,} {self.unit}".rstrip()


def figures(found: Kpis) -> Iterator[Figure]:
    """The figures of a company, in their order."""
    nothing = "nothing was reconciled yet"
    yield Figure("Oldest break, business days", found.oldest, "", nothing)
    yield Figure("Mean time to resolve a break", found.days_to_resolve, "days", "no break was resolved yet")
    yield Figure("Certified on time", found.certified_on_time, "%", "no month is due yet, or nobody stands under `people`")
    yield Figure("Duplicates prevented", found.duplicates_prevented, "", "nobody counted them")
    yield Figure("Entries typed by hand", found.hand_entries, "", nothing)
    yield Figure("Hours saved", found.hours_saved, "hours", "nobody counted the documents")
    yield Figure("Freshness", found.freshness_hours, "hours", nothing)


def cells(point: Point, rate: Callable[[Decimal], object], money: Callable[[Decimal, str], object]) -> list[object]:
    """A point in the order of HISTORY, its rates and amounts as a reader wants them; None where a run did not say it."""
    rates = [
        each if each is None else rate(each)
        for each in (point.matched_count, point.matched_value, point.classified_count, point.classified)
    ]
    amounts = [money(each, point.unit) for each in (point.gross, point.net)]
    return [point.period or "everything", f"{point.as_of:%Y-%m-%d %H:%M}", point.unit, *rates, point.breaks, *amounts, point.oldest]


def percent(share: Decimal) -> str:
    """A part of a whole as people read it."""
    return f"{share * 100:.1f} %"
