"""Preparing a close without a person, where a company has chosen so: at most that. Review and certificate are people's, always.

What a preparer may sign with a look, the program signs only where there is nothing to look at: every break is settled or carried over, and
the month before is certified. What a person has prepared or reviewed is never touched.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy.engine import Connection

from pipelines.home.load import Home
from pipelines.home.settings import Role
from pipelines.hub.audit import Audit
from pipelines.hub.store import Hub
from pipelines.reconcile import dayfacts, store
from pipelines.reconcile.closing import Books, Closing, bounds, live_closing
from pipelines.reconcile.rights import Actor
from pipelines.reconcile.statement import standing_of
from pipelines.reconcile.store import SYSTEM
from pipelines.reconcile.words import Stage
from taps._kit.errors import Misconfigured


class Outcome(NamedTuple):
    """What became of one month."""

    period: str
    prepared: bool
    """Whether it was prepared now."""
    say: str


def prepare_due(hub: Hub, audit: Audit, home: Home, company: str, account: str) -> list[Outcome]:
    """Prepare each month that is over and of which nothing waits for a person; what was done, or why not, month by month.

    Raises Misconfigured where the company has not chosen it.
    """
    legal = home.installation.companies[company]
    if legal.close.auto != "prepare":
        raise Misconfigured(f"{company} prepares by people only. To let the program prepare: close: {{auto: prepare}} in counterfoil.yaml.")
    books = Books(hub, audit, company, legal, home.installation.people)
    today = hub.clock().astimezone(ZoneInfo(legal.timezone)).date()
    with hub.read() as tx:
        over = [each.period for each in dayfacts.months(tx, home, company, today) if bounds(each.period)[1] < today]
        waiting = list(_months(tx, books, over, company))
    actor = Actor(SYSTEM, (Role.PREPARER,), account)
    return [_done(books, actor, period, why) for period, why in waiting]


def _months(tx: Connection, books: Books, periods: list[str], company: str) -> Iterator[tuple[str, str]]:
    """Months that are not certified, each with what keeps the program from preparing it; '' where nothing does."""
    before = ""
    for period in periods:
        live = live_closing(tx, company, period)
        if live is not None and live.stage is Stage.CERTIFIED:
            before = ""
            continue
        why = _why_not(tx, books, company, period, live)
        yield period, why or (f"{before} is not certified yet" if before else "")
        before = period if store.newest(tx, company, period) is not None else ""


def _why_not(tx: Connection, books: Books, company: str, period: str, live: Closing | None) -> str:
    run = store.newest(tx, company, period)
    if run is None:
        return f"it has not been reconciled yet: counterfoil reconcile --period {period}"
    if live is not None and (live.preparer != SYSTEM or live.stage is not Stage.PREPARED):
        return f"it is {live.stage} already (by {live.signed_by})"
    if live is not None and store.run_of(tx, live.run_id).figures_hash == run.figures_hash:
        return "it is prepared already, and waits for a reviewer"
    report = store.report_of(tx, run.run_id)
    open_ = len(standing_of(tx, report).unsettled(books.policy))
    listed = [f"{open_} open break{'s wait' if open_ > 1 else ' waits'} for a person"] if open_ else []
    return " ".join(books.why_not(tx, report) or listed)


def _done(books: Books, actor: Actor, period: str, why: str) -> Outcome:
    if why:
        return Outcome(period, prepared=False, say=f"{period} is not prepared: {why.rstrip('.')}.")
    done = books.prepare(actor, period)
    return Outcome(
        period, prepared=True, say=f"{period} is {done.stage}. A reviewer must look at it: counterfoil close review --period {period}"
    )
