"""The work on breaks: what is stored of each, and how a new report is folded into it.

A break keeps its key from run to run. A new one opens, one that vanished closes by itself, and one that returns opens again with its whole
history. What a person accepted or wrote off stays settled for as long as its difference stays the same to the cent.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from pipelines.hub.ledger_tables import break_event, break_work
from pipelines.hub.store import allocate
from pipelines.hub.types import SCALE, plain
from pipelines.reconcile.exports.totals import spoken
from pipelines.reconcile.report import ZERO, Break, Report
from pipelines.reconcile.words import SETTLING, BreakClass, WorkState

OPEN = (WorkState.OPEN, WorkState.ASSIGNED, WorkState.IN_PROGRESS, WorkState.PENDING_APPROVAL)
"""States in which somebody has something to do."""
_STEP = Decimal(1).scaleb(-SCALE)


@dataclass(frozen=True, slots=True)
class Work:
    """What is known of a break, and where the work on it stands."""

    company: str
    key: str
    period: str
    sheet: str
    kind: str
    subject: str
    number: str
    break_class: str
    """Its largest cause."""
    unit: str
    on: date | None
    expected: Decimal
    actual: Decimal
    suggested: str
    state: WorkState
    owner: str
    resolution: str
    reason: str
    settled: Decimal | None
    """The difference that was accepted or written off."""
    proposer: str
    approver: str
    first_run: int
    last_run: int
    opened_at: datetime
    closed_at: datetime | None
    reopened: int
    """How often it came back."""

    @property
    def difference(self) -> Decimal:
        """Actual − expected."""
        return self.actual - self.expected

    @property
    def explained(self) -> bool:
        """Whether somebody has taken it on as it is, and it still is so."""
        return self.state is WorkState.RESOLVED and self.resolution in SETTLING and self.settled == self.difference


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a break, or that somebody said of it."""

    number: int
    key: str
    at: datetime
    actor: str
    what: str
    """opened, changed, closed, reopened, assigned, commented, resolved, proposed, approved, declined, fixed."""
    say: str
    difference: Decimal
    unit: str
    run: int
    audit: int
    """The row of the audit log that proves it."""


@dataclass(frozen=True, slots=True)
class Change:
    """What a new report, or a person, makes of one break."""

    what: str
    work: Work
    say: str = ""


# ── what a new report makes of it ──


def fold(known: Mapping[str, Work], report: Report, run: int, now: datetime) -> list[Change]:
    """What a report changes in the work that is known of its company, by key. Pure: nothing is written.

    A report of one period says nothing of the breaks of others; one without a period speaks of all.
    """
    found = {each.key: each for each in (*report.breaks, *report.late)}
    changes = [_met(known.get(each.key), each, report, run, now) for each in found.values()]
    for key, work in known.items():
        if key not in found and work.state is not WorkState.CLOSED and report.period in ("", work.period):
            changes.append(Change("closed", replace(work, state=WorkState.CLOSED, closed_at=now, last_run=run), "the difference is gone"))
    return changes


def _met(known: Work | None, found: Break, report: Report, run: int, now: datetime) -> Change:
    """What to do with a break that the report holds."""
    if known is None:
        return Change("opened", _new(found, report, run, now), _causes(found))
    seen = _seen(known, found, run)
    if known.state is WorkState.CLOSED:
        period = report.period or known.period
        return Change("reopened", _opened_again(replace(seen, period=period, closed_at=None)), "the difference has returned")
    if known.state is WorkState.RESOLVED:
        return _resolved(known, seen)
    if seen.difference != known.difference and known.state is WorkState.PENDING_APPROVAL:
        return Change("reopened", _opened_again(seen), f"it differs by another amount than was proposed ({_plus(known.difference)})")
    same = (known.difference, known.break_class) == (seen.difference, seen.break_class)
    return Change("" if same else "changed", seen, "" if same else f"was {_plus(known.difference)}, {known.break_class}")


def _resolved(known: Work, seen: Work) -> Change:
    if known.resolution in SETTLING:
        if seen.difference == known.settled:
            return Change("", seen)
        was = _plus(known.settled or ZERO)
        return Change("reopened", _opened_again(seen), f"{known.resolution.replace('_', ' ')} was {was}, now it differs by another amount")
    return Change("reopened", _opened_again(seen), f"{known.resolution.replace('_', ' ')}, they said, but it still differs")


def _opened_again(work: Work) -> Work:
    state = WorkState.ASSIGNED if work.owner else WorkState.OPEN
    return replace(
        work, state=state, resolution="", reason="", settled=None, proposer="", approver="", reopened=work.reopened + 1, closed_at=None
    )


def _new(found: Break, report: Report, run: int, now: datetime) -> Work:
    period = report.period or (f"{found.on:%Y-%m}" if found.on else "")
    return Work(
        company=report.company, key=found.key, period=period, sheet=found.sheet, kind=found.kind, subject=found.subject,
        number=found.number, break_class=main_class(found), unit=found.unit, on=found.on, expected=fit(found.expected),
        actual=fit(found.actual), suggested=found.suggested, state=WorkState.OPEN, owner="", resolution="", reason="", settled=None,
        proposer="", approver="", first_run=run, last_run=run, opened_at=now, closed_at=None, reopened=0,
    )  # fmt: skip


def _seen(known: Work, found: Break, run: int) -> Work:
    return replace(
        known, number=found.number, break_class=main_class(found), on=found.on, expected=fit(found.expected), actual=fit(found.actual),
        suggested=found.suggested, last_run=run,
    )  # fmt: skip


def main_class(found: Break) -> str:
    """The cause that explains most of it."""
    largest = max(found.causes, key=lambda cause: abs(cause.amount), default=None)
    return str(largest.kind if largest else BreakClass.UNKNOWN)


def _causes(found: Break) -> str:
    return "; ".join(cause.say for cause in found.causes)


def fit(amount: Decimal) -> Decimal:
    """An amount as the hub stores it, so that what is read back is equal."""
    return plain(amount.quantize(_STEP))


def _plus(amount: Decimal) -> str:
    return f"{'+' if amount > 0 else ''}{spoken(amount)}"


# ── rows ──


def works(
    tx: Connection, company: str, *, keys: Sequence[str] | None = None, open_only: bool = False, lock: bool = False
) -> dict[str, Work]:
    """The work of a company by key: all of it, some keys, or what is not closed. `lock`: nobody else changes it meanwhile."""
    wanted = sa.select(break_work).where(break_work.c.company_id == company).order_by(break_work.c.key)
    if open_only:
        wanted = wanted.where(sa.text("state <> 'closed'"))  # as the partial index says it
    if keys is not None:
        wanted = wanted.where(break_work.c.key.in_(keys))
    return {row.key: _work(row) for row in tx.execute(wanted.with_for_update() if lock else wanted)}


def events(tx: Connection, company: str, keys: Iterable[str] | None = None, *, until_audit: int | None = None) -> list[Event]:
    """What happened to breaks, in its order; `until_audit`: up to that row of the audit log."""
    wanted = sa.select(break_event).where(break_event.c.company_id == company).order_by(break_event.c.break_event_id)
    if until_audit is not None:
        wanted = wanted.where(break_event.c.audit_id <= until_audit)
    chosen = None if keys is None else set(keys)
    if chosen is not None and len(chosen) == 1:
        wanted = wanted.where(break_event.c.key == next(iter(chosen)))
    return [
        Event(
            row.break_event_id, row.key, row.at, row.actor, row.what, row.say, row.difference, row.unit, row.recon_run_id, row.audit_id
        )
        for row in tx.execute(wanted)
        if chosen is None or row.key in chosen
    ]  # fmt: skip


def write(tx: Connection, changes: Sequence[Change], *, actor: str, audit: int, run: int, now: datetime, new: frozenset[str]) -> None:
    """Store changes, and an event for each that says something. `new`: keys that have no row yet."""
    rows = [(change.work.key in new, _row(change.work)) for change in changes]
    if inserted := [row for is_new, row in rows if is_new]:
        tx.execute(sa.insert(break_work), inserted)
    if updated := [{f"b_{name}": value for name, value in row.items()} for is_new, row in rows if not is_new]:
        tx.execute(_UPDATE, updated)
    telling = [change for change in changes if change.what]
    if not telling:
        return
    first = allocate(tx, "break_event", len(telling))
    tx.execute(
        sa.insert(break_event),
        [
            {
                "break_event_id": number, "company_id": change.work.company, "key": change.work.key, "at": now, "actor": actor,
                "what": change.what, "say": change.say, "difference": change.work.difference, "unit": change.work.unit,
                "recon_run_id": run, "audit_id": audit,
            }
            for number, change in enumerate(telling, first)
        ],
    )  # fmt: skip


_RENAMED = {"company": "company_id", "break_class": "class", "on": "business_date"}
_ID = ("company_id", "key")
_UPDATE = (
    sa.update(break_work)
    .where(*(break_work.c[name] == sa.bindparam(f"b_{name}") for name in _ID))
    .values({column.name: sa.bindparam(f"b_{column.name}") for column in break_work.c if column.name not in _ID})
)


def _row(work: Work) -> dict[str, Any]:
    return {_RENAMED.get(name, name): getattr(work, name) for name in Work.__slots__}


def _work(row: Row[Any]) -> Work:
    found = row._mapping  # noqa: SLF001 (the public way to read a column that is called class)
    values = {name: found[_RENAMED.get(name, name)] for name in Work.__slots__}
    return Work(**(values | {"state": WorkState(found["state"])}))


def carried(known: Mapping[str, Work], period: str) -> Iterator[Work]:
    """Open work of earlier periods, the oldest first; none for a report without a period."""
    earlier = [work for work in known.values() if period and work.period and work.period < period and is_open(work)]
    yield from sorted(earlier, key=lambda work: (work.on or date.min, work.key))


def is_open(work: Work) -> bool:
    """Whether somebody has something to do: it is open, or was called resolved and has not been seen to be gone."""
    return work.state in OPEN or (work.state is WorkState.RESOLVED and not work.explained)
