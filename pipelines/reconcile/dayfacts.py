"""What the hub knows of a day beside reconciliations: drawers, statements of the bank, what was typed by hand, what is due."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from pipelines.home.load import Home
from pipelines.home.settings import TapConnection
from pipelines.hub import cursors
from pipelines.hub.ledger_tables import closing, crosswalk, sign_off
from pipelines.hub.tables import document
from pipelines.hub.words import Origin
from pipelines.reconcile.ageing import working_day
from pipelines.reconcile.closing import bounds
from pipelines.reconcile.corners.bank import SHOWN
from pipelines.reconcile.mail import Drawer, Due, Flow, Statement
from pipelines.reconcile.report import ZERO
from pipelines.reconcile.words import BreakClass, Stage
from pipelines.reconcile.work import Work
from taps.bank.account import Known

_DRAWER = "cash_drawer_session"
_DECEMBER = 12
_decode = msgspec.json.decode


# ── drawers ──


def drawers(tx: Connection, home: Home, company: str, day: date) -> Iterator[Drawer]:
    """Each store's drawers of the day: what they were over or short together, and shifts that nobody has counted yet."""
    sums: dict[tuple[str, str], Decimal] = defaultdict(lambda: ZERO)
    uncounted: dict[tuple[str, str], int] = defaultdict(int)
    for row, body in _sessions(tx, home, company, day):
        place = (_place(tx, row.connection_id, body), row.currency)
        if body.get("status", "closed") == "closed":
            sums[place] += Decimal(body.get("over_short", 0))
        else:
            uncounted[place] += 1
    for place in sorted({*sums, *uncounted}):
        yield Drawer(*place, sums.get(place), uncounted[place])


def _sessions(tx: Connection, home: Home, company: str, day: date) -> Iterator[tuple[Any, Mapping[str, Any]]]:
    for connection in home.taps.values():
        streams = [stream for stream, name in connection.mappings.items() if _DRAWER in home.mappings[name].document_types]
        if streams:
            wanted = sa.select(document.c.connection_id, document.c.currency, document.c.body).where(
                document.c.connection_id == connection.name, document.c.stream.in_(streams), document.c.type == _DRAWER,
                document.c.company_id == company, document.c.business_date == day, document.c.current, document.c.deleted.is_(False),
            )  # fmt: skip
            yield from ((row, _decode(row.body)) for row in tx.execute(wanted))


def _place(tx: Connection, connection: str, body: Mapping[str, Any]) -> str:
    """The store's name where the source tells it, else what it calls it."""
    place = str(body.get("location") or body.get("register_number") or connection)
    wanted = sa.select(document.c.body).where(
        document.c.connection_id == connection, document.c.type == "location", document.c.source_id == place, document.c.current
    )
    found = tx.execute(wanted).scalar()
    return str(_decode(found).get("name") or place) if found else place


# ── the bank ──


def statements(tx: Connection, banks: Iterable[TapConnection]) -> Iterator[Statement]:
    """The newest closing balance of each account, or why there is none."""
    for bank in banks:
        known = [Known.of(each) for stream in bank.mappings for each in cursors.load(tx, bank.name, stream).value.get("statements", ())]
        newest: dict[tuple[str, str], Known] = {}
        for each in sorted(known, key=lambda each: each.closed_on or date.min):
            newest[each.account, each.currency] = each
        for (account, unit), each in sorted(newest.items()):
            name = f"{bank.name} …{account[-SHOWN:]}"
            yield Statement(name, unit, each.closed_on, each.closing, "" if each.closing is not None else "its statements state no balance")
        if not newest:
            yield Statement(bank.name, "", None, None, "no statement was read yet")


# ── typed by hand ──


def typed(works: Iterable[Work], since: datetime) -> Iterator[Flow]:
    """What no source knows and a run has seen for the first time since then, by place and unit."""
    found: dict[tuple[str, str], list[Decimal]] = defaultdict(list)
    for each in works:
        if each.break_class == BreakClass.MISSING_IN_SOURCE and each.opened_at >= since:
            found[each.sheet, each.unit].append(abs(each.difference))
    for (sheet, unit), amounts in sorted(found.items()):
        yield Flow(f"not known at any source, {sheet}", unit, len(amounts), sum(amounts, ZERO))


def adopted(tx: Connection, home: Home, company: str, since: datetime | None = None) -> int:
    """Writes whose answer was lost, and that a look-up found at the target instead of sending them twice."""
    targets = {each.target for route in home.routes.values() for each in route.posting if each.company in (None, company)}
    wanted = sa.select(sa.func.count()).where(crosswalk.c.origin == Origin.ADOPTED, crosswalk.c.connection_id.in_(sorted(targets)))
    return int(tx.execute(wanted if since is None else wanted.where(crosswalk.c.valid_from >= since)).scalar_one())


# ── what is due ──


@dataclass(frozen=True, slots=True)
class Month:
    """A month of a company's books: when its certificate is due, and when it was signed; None while it is not."""

    period: str
    due: date
    certified_at: datetime | None


def months(tx: Connection, home: Home, company: str, today: date) -> Iterator[Month]:
    """Every month since the first route to the company's books began, up to this one."""
    starts = [route.start.business_date for route in home.routes.values() if any(each.company in (None, company) for each in route.posting)]
    certified = _certified(tx, company)
    within = home.installation.companies[company].close.due
    month = min(starts, default=today).replace(day=1)
    while month <= today:
        period = f"{month:%Y-%m}"
        yield Month(period, working_day(bounds(period)[1], within), certified.get(period))
        month = date(month.year + month.month // _DECEMBER, month.month % _DECEMBER + 1, 1)


def next_due(found: Iterable[Month]) -> Due | None:
    """The first month that is not certified."""
    return next((Due(each.period, each.due) for each in found if each.certified_at is None), None)


def _certified(tx: Connection, company: str) -> dict[str, datetime]:
    """When each period was certified that is so now."""
    wanted = (
        sa.select(closing.c.period, sign_off.c.signed_at)
        .join(sign_off, sign_off.c.closing_id == closing.c.closing_id)
        .where(closing.c.company_id == company, closing.c.stage == Stage.CERTIFIED, sign_off.c.stage == Stage.CERTIFIED)
    )
    return {row.period: row.signed_at for row in tx.execute(wanted)}
