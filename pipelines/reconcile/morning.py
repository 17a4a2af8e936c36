"""What the hub knows for the mail of the morning: the newest reconciliations of a company, what became of its day, who works on what."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from pipelines.home.load import Home
from pipelines.hub import equations
from pipelines.hub.ledger_tables import closing, recon_run
from pipelines.hub.store import Hub
from pipelines.hub.words import Fate
from pipelines.reconcile import dayfacts
from pipelines.reconcile.exports.extras import Work as WorkLine
from pipelines.reconcile.lapses import lapses
from pipelines.reconcile.mail import DayFacts, Flow
from pipelines.reconcile.report import Report
from pipelines.reconcile.store import report_of
from pipelines.reconcile.words import Stage
from pipelines.reconcile.work import works

FRESH = timedelta(hours=36)
"""An older reconciliation is none for this morning."""
SOON = timedelta(days=30)
"""What ends later is none of this morning's business."""
_FLOWS = {
    "posted": (Fate.DELIVERED, Fate.SUMMARISED),
    "waiting": (Fate.READY, Fate.WAITING),
    "held or refused": (Fate.HELD, Fate.REFUSED),
    "in doubt": (Fate.IN_DOUBT,),
}


def gather(home: Home, hub: Hub, company: str) -> tuple[list[Report], DayFacts]:
    """The reports of the last 36 hours, the newest of each period, and the facts of yesterday."""
    legal = home.installation.companies[company]
    now, zone = hub.clock(), ZoneInfo(legal.timezone)
    day = (now.astimezone(zone) - timedelta(days=1)).date()
    begun = datetime.combine(day, time(0), zone)
    with hub.read() as tx:
        newest = _newest(tx, company)
        reports = [report_of(tx, run_id) for run_id, stored_at in newest if stored_at >= now - FRESH]
        last = max((stored_at for _run_id, stored_at in newest), default=None)
        known = works(tx, company, open_only=True).values()
        banks = [each for each in home.taps.values() if each.tap == "bank" and each.company == company]
        today = now.astimezone(zone).date()
        facts = DayFacts(
            legal.legal_name,
            day,
            flow=tuple(_flow(tx, home, company, day)),
            closed=tuple(_fallen(tx, company, begun)),
            duplicates_prevented=dayfacts.adopted(tx, home, company, begun),
            hand_typed=tuple(dayfacts.typed(known, begun)) if newest else None,
            drawers=tuple(dayfacts.drawers(tx, home, company, day)),
            ending=tuple(each for each in lapses(tx, home, company) if each.on <= today + SOON),
            statements=tuple(dayfacts.statements(tx, banks)),
            next_lock=dayfacts.next_due(dayfacts.months(tx, home, company, today)) if home.installation.people else None,
            last_run=f"The last reconciliation was stored on {last:%Y-%m-%d %H:%M} UTC." if last else "",
            work={each.key: WorkLine(each.key, each.state, each.owner, each.reason) for each in known},
        )
    months = [report for report in reports if report.period]
    return months or reports, facts


def _newest(tx: Connection, company: str) -> list[tuple[int, datetime]]:
    """The newest run of each period: number, and when it was stored."""
    last = (
        sa.select(sa.func.max(recon_run.c.recon_run_id))
        .where(recon_run.c.company_id == company, recon_run.c.report.is_not(None))
        .group_by(recon_run.c.period)
    )
    wanted = sa.select(recon_run.c.recon_run_id, recon_run.c.stored_at).where(recon_run.c.recon_run_id.in_(last))
    return [(row.recon_run_id, row.stored_at) for row in tx.execute(wanted.order_by(recon_run.c.period.desc()))]


def _flow(tx: Connection, home: Home, company: str, day: date) -> Iterator[Flow]:
    """What the day's documents came to, where money is booked."""
    balances = [
        balance
        for route in home.routes.values()
        for balance in equations.route(tx, route.name, route.sources, _postings(home, company, route.name))
        if balance.day == day
    ]
    found = equations.fates(balances)
    for unit in sorted({balance.unit for balance in balances}):
        mine = [balance.in_scope for balance in balances if balance.unit == unit]
        yield Flow("arrived", unit, sum(each.count for each in mine), sum((each.amount for each in mine), Decimal(0)))
        for what, fates in _FLOWS.items():
            tallies = [found[fate][unit] for fate in fates]
            yield Flow(what, unit, sum(each.count for each in tallies), sum((each.amount for each in tallies), Decimal(0)))


def _postings(home: Home, company: str, route: str) -> list[tuple[str, str]]:
    found = home.routes[route].posting
    return [(each.name, each.effect) for each in found if each.effect == "money" and each.company in (None, company)]


def _fallen(tx: Connection, company: str, since: datetime) -> Iterator[str]:
    """Certificates that fell."""
    wanted = sa.select(closing.c.period, closing.c.reason).where(
        closing.c.company_id == company, closing.c.stage == Stage.DECERTIFIED, closing.c.ended_at >= since
    )
    for row in tx.execute(wanted.order_by(closing.c.period)):
        yield f"{row.period}: no longer certified. {row.reason}".strip()
