"""Gaps in runs of numbers, asked about: each is explained by its source, or by what the hub had read of it, or is a break.

Which kinds share a run of numbers without gaps, the control says (`numbered`). A number that is missing between two others is asked for by
its name: the source may know it (a test; something that no read has brought), the hub may have read it before it was deleted there. What
neither knows is a break of 0.00, for nobody can say what was on it: somebody looks, and accepts it with a reason.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple

import sqlalchemy as sa

from pipelines.home.settings import TapConnection
from pipelines.hub.store import Hub
from pipelines.hub.tables import document
from pipelines.reconcile import finding
from pipelines.reconcile.ageing import business_days
from pipelines.reconcile.bench import Bench
from pipelines.reconcile.causes import Window
from pipelines.reconcile.controls import Control
from pipelines.reconcile.corners.totals import Asking
from pipelines.reconcile.report import Break, Cause, Gap, Side
from pipelines.reconcile.words import BreakClass, Corner
from taps._kit.totals import Found

ZERO = Decimal(0)
_MOST = 200
"""Missing numbers of one run that are asked about."""
_NOTHING = "The source has no document of this number, and none was read: it was deleted before, or the number never used."


class _Said(NamedTuple):
    explained: bool
    says: str
    key: str = ""


def asked(table: Bench, asking: Asking, window: Window, controls: Mapping[str, Control]) -> Iterator[tuple[Gap, Break | None]]:
    """Every gap of the window with what is said of it, and the break that it is where nothing explains it."""
    for row in table.rows(
        "SELECT DISTINCT sheet, connection, kind FROM item WHERE corner = 'source' AND sheet LIKE '%/money' ORDER BY ALL"
    ):
        runs = controls[row["connection"]].numbered if row["connection"] in controls else ()
        kinds = next((kinds for kinds in runs if kinds[0] == row["kind"]), None)
        if kinds is not None:
            found = [run for run in finding.gaps(table, row["sheet"], row["connection"], kinds) if window.holds(run.on)]
            yield from _of(row["sheet"], kinds, found, asking, window, asking.home.taps[row["connection"]])


def _of(
    sheet: str, kinds: Sequence[str], found: Sequence[finding.Run], asking: Asking, window: Window, connection: TapConnection
) -> Iterator[tuple[Gap, Break | None]]:
    few = [run for run in found if len(run) <= _MOST]
    numbers = [number for run in few for number in run.numbers][:_MOST]
    if not found:
        return
    told = asking.numbers(connection, kinds[0], numbers) if numbers else None
    known = {each.number: each for each in told or ()}
    deleted = _deleted(asking.hub, connection.name, kinds, numbers)
    for run in found:
        if told is None or not set(run.numbers) <= set(numbers):
            why = "The source cannot be asked for a number." if told is None else "So many numbers are not asked for one by one."
            yield Gap(sheet, connection.name, kinds[0], run.name, run.on, explained=False, says=f"Not asked. {why}"), None
            continue
        for number in run.numbers:
            said = _said(known.get(number), deleted.get(number), asking, connection, run.on)
            gap = Gap(sheet, connection.name, kinds[0], number, run.on, said.explained, said.says)
            yield gap, None if said.explained else _break(gap, run.unit, said.key, window)


def _said(found: Found | None, deleted: str | None, asking: Asking, connection: TapConnection, on: date | None) -> _Said:
    """What is said of one number."""
    if deleted is not None:
        return _Said(explained=True, says=deleted)
    if found is None:
        return _Said(explained=False, says=_NOTHING)
    start = asking.start(connection)
    if found.explains:
        return _Said(explained=True, says=f"At the source it is {found.say}.")
    if found.at and datetime.fromisoformat(found.at) > asking.until(connection):
        return _Said(explained=True, says=f"At the source it is {found.say}, which came after the last read.")
    if start is not None and on is not None and on < start:
        return _Said(explained=True, says=f"At the source it is {found.say}, before the start of every route.")
    return _Said(explained=False, says=f"At the source it is {found.say}, and no read has brought it.", key=found.key)


def _deleted(hub: Hub, connection: str, kinds: Sequence[str], numbers: Sequence[str]) -> dict[str, str]:
    """By number, what the hub had read before it was deleted at the source."""
    wanted = sa.select(document.c.number, document.c.type, document.c.business_date, document.c.amount, document.c.currency).where(
        document.c.connection_id == connection, document.c.type.in_(kinds), document.c.current, document.c.deleted.is_(True)
    )
    with hub.read() as tx:
        rows = list(tx.execute(wanted.where(document.c.number.in_(numbers)))) if numbers else []
    return {row.number: f"Deleted at the source after it was read: {row.type} of {row.business_date}." for row in rows}


def _break(gap: Gap, unit: str, key: str, window: Window) -> Break:
    kind = BreakClass.MISSING_IN_TARGET if key else BreakClass.MISSING_IN_SOURCE
    digest = hashlib.sha256("\x1f".join((gap.sheet, "number", gap.connection, gap.kind, gap.numbers)).encode()).hexdigest()[:16]
    say = f"Number {gap.numbers} is missing in the run of numbers. {gap.says}"
    side = Side(Corner.SOURCE, gap.connection, key, gap.numbers, gap.on, unit, ZERO)
    return Break(
        digest, gap.sheet, gap.kind, "", gap.numbers, unit, gap.on, business_days(gap.on, window.today), ZERO, ZERO,
        (Cause(kind, ZERO, say),), (side,),
    )  # fmt: skip
