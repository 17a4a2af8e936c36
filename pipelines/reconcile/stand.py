"""How a company's period stands: its report, the work on its breaks, what is carried over or came late, signatures and stage.

standing = stand(hub, report)          what a command or a page shows beside the report
extras(standing, legal_name)           the same for workbook and PDF
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from pipelines.hub.ledger_tables import audit as audit_table
from pipelines.hub.ledger_tables import recon_run
from pipelines.hub.store import Hub
from pipelines.reconcile import store
from pipelines.reconcile.ageing import business_days
from pipelines.reconcile.closing import Closing, closings
from pipelines.reconcile.exports.extras import AuditLine, Carried, Extras, RollLine, SignOff
from pipelines.reconcile.exports.extras import Work as WorkLine
from pipelines.reconcile.report import ZERO, Break, Report
from pipelines.reconcile.statement import standing_of
from pipelines.reconcile.words import Stage, WorkState
from pipelines.reconcile.work import Event, Work, events, is_open, works

_FALLEN = (Stage.DECERTIFIED, Stage.WITHDRAWN)
_ROLES = {Stage.PREPARED: "preparer", Stage.REVIEWED: "reviewer", Stage.CERTIFIED: "reviewer"}


@dataclass(frozen=True, slots=True)
class Stand:
    """One period of one company."""

    report: Report
    run: store.Run | None
    """The run under which the report is stored; None where it is not."""
    stage: Stage
    closings: tuple[Closing, ...]
    """The oldest first; those that fell keep their signatures."""
    work: tuple[Work, ...]
    """Of the report's breaks, in its order."""
    carried: tuple[Work, ...]
    late: tuple[Break, ...]
    events: tuple[Event, ...]
    """Of the breaks above, in the order in which they happened."""
    roll_forward: tuple[RollLine, ...]
    audit: tuple[AuditLine, ...]

    def age(self, each: Work) -> int:
        """Business days from the document's own date to the cut-off."""
        return business_days(each.on, self.report.as_of.astimezone(ZoneInfo(self.report.timezone)).date())

    @property
    def closing(self) -> Closing | None:
        """The newest closing, alive or fallen."""
        return self.closings[-1] if self.closings else None


def stand(hub: Hub, report: Report) -> Stand:
    """How things stand beside a report that is stored."""
    with hub.read() as tx:
        return stand_within(tx, report)


def stand_within(tx: Connection, report: Report, *, until_audit: int | None = None) -> Stand:
    """The same inside a transaction; `until_audit`: events and log up to that row of the audit log."""
    found = standing_of(tx, report)
    run = store.newest(tx, report.company, report.period)
    known = [*closings(tx, report.company, report.period)] if report.period else []
    shown = [each.key for each in (*found.work, *found.carried)]
    told = events(tx, report.company, shown, until_audit=until_audit)
    return Stand(
        report=report, run=run if run is not None and run.run == report.run else None, stage=known[-1].stage if known else Stage.DRAFT,
        closings=tuple(known), work=found.work, carried=found.carried, late=report.late, events=tuple(told),
        roll_forward=tuple(_roll(tx, report)), audit=tuple(_log(tx, report, until_audit)),
    )  # fmt: skip


def last_report(tx: Connection, company: str, period: str) -> Report | None:
    """The report of the newest run of a period."""
    run = store.newest(tx, company, period)
    return store.report_of(tx, run.run_id) if run else None


def extras(found: Stand, legal_name: str = "") -> Extras:
    """What the exports show beside the report."""
    comments: dict[str, Event] = {each.key: each for each in found.events if each.what in ("commented", "resolved", "proposed", "approved")}
    signed = [(closing, each) for closing in found.closings for each in closing.signatures]
    return Extras(
        sign_offs=tuple(
            SignOff(_ROLES[each.stage], each.person, each.statement, each.signed_at, each.bound_hash,
                    f"{closing.stage}: {closing.reason}" if closing.stage in _FALLEN else "")
            for closing, each in signed
        ),
        audit=found.audit,
        work=tuple(_line(each, comments.get(each.key)) for each in found.work),
        carried=tuple(
            Carried(_as_break(each, found.age(each)), each.opened_at.date(), each.state, each.owner, _say(comments.get(each.key)))
            for each in found.carried
        ),
        roll_forward=found.roll_forward,
        legal_name=legal_name,
    )  # fmt: skip


def _line(each: Work, last: Event | None) -> WorkLine:
    reason = f"{each.resolution}: {each.reason}" if each.resolution else ""
    return WorkLine(each.key, each.state, each.owner, reason, _say(last), last.at if last else each.opened_at)


def _say(last: Event | None) -> str:
    return last.say if last else ""


def _as_break(each: Work, age: int) -> Break:
    return Break(
        each.key, each.sheet, each.kind, each.subject, each.number, each.unit, each.on, age, each.expected, each.actual, (), (),
        each.suggested,
    )  # fmt: skip


def _log(tx: Connection, report: Report, until: int | None) -> Iterable[AuditLine]:
    """The rows of the audit log about this company and period."""
    wanted = (
        sa.select(audit_table.c.at, audit_table.c.actor, audit_table.c.action, audit_table.c.subject)
        .where(audit_table.c.subject == f"{report.company} {report.period or 'all'}")
        .order_by(audit_table.c.audit_id)
    )
    if until is not None:
        wanted = wanted.where(audit_table.c.audit_id <= until)
    return [AuditLine(*row) for row in tx.execute(wanted)]


def _roll(tx: Connection, report: Report) -> Iterable[RollLine]:
    """Open at the start + new − closed − explained = open at the end, by unit."""
    if not report.period:
        return
    began = _began(tx, report)
    known = works(tx, report.company).values()
    earlier = [each for each in known if each.period and each.period < report.period and _was_open(each, began)]
    new = [each for each in known if each.period == report.period]
    both = [*earlier, *new]
    parts = (
        ("Open from earlier periods", earlier, 1),
        ("New in the period", new, 1),
        ("Closed, the difference is gone", [each for each in both if each.state is WorkState.CLOSED], -1),
        ("Accepted or written off", [each for each in both if each.explained], -1),
        ("Open at the end", [each for each in both if is_open(each)], 1),
    )
    for unit in sorted({each.unit for each in both}):
        for label, group, sign in parts:
            amounts = [each.difference for each in group if each.unit == unit]
            yield RollLine(label, unit, sign * len(amounts), sign * sum(map(abs, amounts), ZERO), sign * sum(amounts, Decimal(0)))


def _began(tx: Connection, report: Report) -> datetime | None:
    """When the period was first reconciled."""
    mine = (recon_run.c.company_id == report.company) & (recon_run.c.period == report.period)
    found: datetime | None = tx.execute(sa.select(recon_run.c.stored_at).where(mine).order_by(recon_run.c.recon_run_id).limit(1)).scalar()
    return found


def _was_open(each: Work, began: datetime | None) -> bool:
    """Whether it was still somebody's when the period began to be reconciled."""
    if each.state is WorkState.CLOSED:
        return began is not None and each.closed_at is not None and each.closed_at >= began
    return is_open(each)
