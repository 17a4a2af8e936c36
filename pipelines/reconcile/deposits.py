"""Payouts and drawer deposits against sums of bank lines, both ways: bounded, exact, and told only where one sum alone explains them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from pipelines.reconcile.bench import Bench
from pipelines.reconcile.causes import Window
from pipelines.reconcile.corners.bank import LATEST, SHEET
from pipelines.reconcile.proposals import adding_up
from pipelines.reconcile.report import Side, Suggestion
from pipelines.reconcile.words import Corner

_SCORE = Decimal("0.7")
_SENT = f"""
    SELECT connection, l_ref AS ref, l_number AS number, l_on_day AS on_day, l_unit AS unit, l_amount AS amount FROM joined
    WHERE starts_with(sheet, '{SHEET}') AND has_left AND NOT has_right AND l_amount <> 0 ORDER BY on_day, amount, ref
    """  # noqa: S608 (our own names)
_CAME = "SELECT connection, ref, number, on_day, unit, amount FROM elsewhere WHERE amount <> 0 ORDER BY on_day, amount, ref"


@dataclass(frozen=True, slots=True)
class _Sum:
    """One item on one side and several on the other that add up to it."""

    rule: str
    left: tuple[Side, ...]
    right: tuple[Side, ...]


def suggestions(bench: Bench, window: Window) -> Iterator[Suggestion]:
    """A payout that the bank paid in several lines, and several payouts that it paid in one."""
    sent = _sides(bench, Corner.SOURCE, _SENT)
    came = _sides(bench, Corner.BANK, _CAME)
    found = [
        _Sum("payout_in_lines@1", (one,), chosen)
        for one in sent
        for chosen in adding_up(one.amount, [each for each in came if _alike(one, each) and _arrives(one, each)])
    ]
    for one in came:
        fitting = [each for each in sent if _alike(one, each) and _arrives(each, one)]
        senders = dict.fromkeys(each.connection for each in fitting)
        for sender in senders:
            of_one = [each for each in fitting if each.connection == sender]
            found += [_Sum("payouts_in_line@1", chosen, (one,)) for chosen in adding_up(one.amount, of_one)]
    for each in found:
        if not any(_shares(each, other) for other in found if other is not each) and any(window.holds(side.on) for side in each.right):
            count = max(len(each.left), len(each.right))
            reasons = (f"{count} amounts add up exactly", f"within {LATEST} days", "only one way to explain it")
            yield Suggestion(SHEET, each.rule, _SCORE, reasons, each.left, each.right)


def _sides(bench: Bench, corner: Corner, sql: str) -> list[Side]:
    rows = bench.rows(sql)
    return [
        Side(corner, row["connection"], row["ref"], row["number"] or "", row["on_day"], row["unit"], row["amount"])
        for row in rows
        if row["on_day"]
    ]


def _alike(one: Side, other: Side) -> bool:
    return one.unit == other.unit and (one.amount > 0) == (other.amount > 0)


def _arrives(sent: Side, came: Side) -> bool:
    """Whether the bank may have booked it on that day."""
    return -1 <= _days(sent.on, came.on) <= LATEST


def _days(first: date | None, last: date | None) -> int:
    return (last - first).days if first and last else LATEST + 1


def _shares(one: _Sum, other: _Sum) -> bool:
    return bool({*one.left, *one.right} & {*other.left, *other.right})
