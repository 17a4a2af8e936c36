"""The key figures of a company from its hub: every run that is stored, what became of breaks and closings, what nobody had to type."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from pipelines.home.load import Home
from pipelines.hub.ledger_tables import break_event, break_work, operation, recon_run
from pipelines.hub.store import Hub
from pipelines.hub.words import OperationState
from pipelines.reconcile import dayfacts
from pipelines.reconcile.kpis import Closing, Kpis, Resolved, StoredRun, kpis
from pipelines.reconcile.words import WorkState

_ENDS = ("resolved", "approved", "closed")
_BY_HAND = ("money", "stock", "reserve", "hours")
"""Effects that somebody would have to enter."""


def trend(hub: Hub, home: Home, company: str, *, at: datetime | None = None) -> Kpis:
    """The figures now; or at a cut-off, so that an export of equal runs is equal whenever it is written."""
    legal, now = home.installation.companies[company], at or hub.clock()
    today = now.astimezone(ZoneInfo(legal.timezone)).date()
    with hub.read() as tx:
        months = [Closing(each.period, each.due, each.certified_at) for each in dayfacts.months(tx, home, company, today)]
        return kpis(
            [run for run in _runs(tx, company) if run.as_of <= now],
            list(_resolved(tx, company)),
            months if home.installation.people else (),
            now=now,
            duplicates_prevented=dayfacts.adopted(tx, home, company),
            documents=_entered(tx, company),
            minutes_by_hand=legal.minutes_by_hand,
        )


def _runs(tx: Connection, company: str) -> list[StoredRun]:
    wanted = sa.select(recon_run.c.period, recon_run.c.as_of, recon_run.c.summary).where(recon_run.c.company_id == company)
    return [StoredRun(*row) for row in tx.execute(wanted.order_by(recon_run.c.recon_run_id))]


def _resolved(tx: Connection, company: str) -> Iterator[Resolved]:
    """Breaks that are done: from the run that saw them first to when they were resolved for good, or closed by themselves."""
    done: dict[str, datetime] = {}
    told = sa.select(break_event.c.key, break_event.c.what, break_event.c.at).where(break_event.c.company_id == company)
    for key, what, at in tx.execute(told.order_by(break_event.c.break_event_id)):
        if what in _ENDS:
            done.setdefault(key, at)
        elif what == "reopened":
            done.pop(key, None)
    settled = break_work.c.state.in_((WorkState.RESOLVED, WorkState.CLOSED))
    opened = sa.select(break_work.c.key, break_work.c.opened_at).where(break_work.c.company_id == company, settled)
    for key, opened_at in tx.execute(opened):
        if key in done:
            yield Resolved(opened_at, done[key])


def _entered(tx: Connection, company: str) -> int:
    """Entries that stand at a target and that nobody typed."""
    found = (
        sa.select(operation.c.target, operation.c.document_id, operation.c.part)
        .where(operation.c.company_id == company, operation.c.state == OperationState.DELIVERED, operation.c.effect.in_(_BY_HAND))
        .distinct()
    )
    return int(tx.execute(sa.select(sa.func.count()).select_from(found.subquery())).scalar_one())
