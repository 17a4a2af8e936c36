"""Closing a period: draft → prepared → reviewed → certified, by two people, over figures that are bound by their hash.

    prepare     a preparer says that the newest reconciliation is complete; what is still open is accepted, or named
    review      a reviewer, never the preparer, has looked at the same figures
    certify     a reviewer signs the statement; the period is locked
    unlock      with a role and a reason; the certificate falls, its signatures stay as they are

The database keeps the two people apart by itself (a check on each signature against the preparer of its closing), lets a period have one
closing that is alive, and refuses any change of a signature.
"""

from __future__ import annotations

import calendar
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row
from sqlalchemy.exc import IntegrityError

from pipelines.home.settings import Close, Company, Person
from pipelines.hub.audit import Audit
from pipelines.hub.ledger_tables import audit as audit_table
from pipelines.hub.ledger_tables import closing, sign_off
from pipelines.hub.ledger_tables import period as period_table
from pipelines.hub.store import Hub, allocate
from pipelines.hub.words import PeriodStatus
from pipelines.reconcile import store
from pipelines.reconcile.canonical import bound_hash, canonical, digest
from pipelines.reconcile.report import Report
from pipelines.reconcile.rights import Actor, Refused
from pipelines.reconcile.statement import Standing, figures, open_sentences, standing_of, statement
from pipelines.reconcile.words import Stage, Status
from taps._kit.errors import Misconfigured

T = TypeVar("T")
LOCK = "close"
"""`period.lock_source` of what a certificate locked."""
_LIVE = (Stage.PREPARED, Stage.REVIEWED, Stage.CERTIFIED)
_ALREADY = "{period} of {company} is {stage} already (by {who}). Look with: counterfoil close status --period {period}"


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature, as it was given; it never changes."""

    number: int
    closing: int
    stage: Stage
    person: str
    actor: str
    """The person with the account that was used."""
    statement: str
    bound_hash: str
    evidence: str
    """JSON: the work on breaks, people and decisions as they were."""
    audit: int
    signed_at: datetime


@dataclass(frozen=True, slots=True)
class Closing:
    """One way of a period towards its certificate."""

    number: int
    company: str
    period: str
    run_id: int
    preparer: str
    stage: Stage
    reason: str
    """Why it fell or was withdrawn."""
    opened_at: datetime
    ended_at: datetime | None
    signatures: tuple[Signature, ...]

    @property
    def signed_by(self) -> str:
        """Who has signed, in order."""
        return ", ".join(each.person for each in self.signatures)


def bounds(period: str) -> tuple[date, date]:
    """First and last day of a period YYYY-MM. Raises Misconfigured for text that is none."""
    try:
        first = date.fromisoformat(f"{period}-01")
    except ValueError:
        raise Misconfigured(f"{period!r} is no period; write it as 2026-01.") from None
    return first, first.replace(day=calendar.monthrange(first.year, first.month)[1])


class Books:
    """The closing of one company's periods."""

    def __init__(self, hub: Hub, audit: Audit, name: str, company: Company, people: Mapping[str, Person]) -> None:
        self._hub = hub
        self._audit = audit
        self._name = name
        self._company = company
        self._people = people

    @property
    def policy(self) -> Close:
        """How the company closes."""
        return self._company.close

    def prepare(self, actor: Actor, period: str) -> Closing:
        """Sign as preparer over the newest reconciliation of the period. An earlier closing that is not certified is withdrawn."""
        actor.require("prepare")
        bounds(period)

        def act(tx: Connection) -> Closing:
            run, report = self._newest(tx, period)
            live = live_closing(tx, self._name, period, lock=True)
            if live is not None and live.stage is Stage.CERTIFIED:
                raise Refused(self._already(live))
            self._refuse(tx, report)
            now = self._hub.clock()
            if live is not None:
                _end(tx, live.number, Stage.WITHDRAWN, f"prepared anew by {actor.name}", now)
            number = allocate(tx, "closing", 1)
            tx.execute(
                sa.insert(closing).values(
                    closing_id=number, company_id=self._name, period=period, recon_run_id=run.run_id, preparer=actor.name,
                    stage=Stage.PREPARED, opened_at=now,
                )
            )  # fmt: skip
            self._sign(tx, actor, number, actor.name, Stage.PREPARED, run, report)
            return closing_of(tx, number)

        return self._do(act, period)

    def review(self, actor: Actor, period: str) -> Closing:
        """Sign as reviewer: another person than the preparer, over the same figures."""
        actor.require("review")
        return self._do(lambda tx: self._next(tx, actor, period, Stage.PREPARED, Stage.REVIEWED), period)

    def certify(self, actor: Actor, period: str) -> Closing:
        """Sign the certificate, and lock the period."""
        actor.require("certify")

        def act(tx: Connection) -> Closing:
            done = self._next(tx, actor, period, Stage.REVIEWED, Stage.CERTIFIED)
            self._lock(tx, period, PeriodStatus.LOCKED)
            return done

        return self._do(act, period)

    def unlock(self, actor: Actor, period: str, reason: str) -> Closing | None:
        """Open a locked period again; the certificate falls, and new signatures are needed. The closing that fell, if there was one."""
        actor.require("unlock")
        if not reason.strip():
            raise Refused("Say why with --reason: the certificate of the period falls by it.")

        def act(tx: Connection) -> Closing | None:
            live = live_closing(tx, self._name, period, lock=True)
            certified = live is not None and live.stage is Stage.CERTIFIED
            if not certified and not _locked(tx, self._name, period):
                raise Refused(f"{period} of {self._name} is neither certified nor locked.")
            now, said = self._hub.clock(), f"unlocked by {actor.name}: {reason.strip()}"
            if live is not None and certified:
                _end(tx, live.number, Stage.DECERTIFIED, said, now)
            self._lock(tx, period, PeriodStatus.OPEN)
            self._audit.record(tx, actor.signature, "unlock", f"{self._name} {period}", {"reason": reason.strip()})
            return closing_of(tx, live.number) if live is not None and certified else None

        return self._do(act, period)

    # ── inside ──

    def _next(self, tx: Connection, actor: Actor, period: str, before: Stage, after: Stage) -> Closing:
        live = live_closing(tx, self._name, period, lock=True)
        if live is None or (live.stage, after) == (Stage.PREPARED, Stage.CERTIFIED):
            missing, command = ("prepared", "prepare") if live is None else ("reviewed", "review")
            raise Refused(f"{period} of {self._name} is not {missing} yet: counterfoil close {command} --period {period}")
        if live.stage is not before:
            raise Refused(self._already(live))
        if live.preparer == actor.name:
            raise Refused(f"{actor.name} prepared {period} and cannot sign it as {after}: a second person must.")
        bound = store.run_of(tx, live.run_id)
        newest, report = self._newest(tx, period)
        if newest.figures_hash != bound.figures_hash:
            raise Refused(
                f"The figures of {period} are not those that {live.preparer} prepared any more (run {bound.run}, now {newest.run})."
                f" They must be prepared anew: counterfoil close prepare --period {period}"
            )
        self._refuse(tx, report)
        self._sign(tx, actor, live.number, live.preparer, after, bound, store.report_of(tx, live.run_id))
        tx.execute(sa.update(closing).where(closing.c.closing_id == live.number).values(stage=after))
        return closing_of(tx, live.number)

    def _newest(self, tx: Connection, period: str) -> tuple[store.Run, Report]:
        run = store.newest(tx, self._name, period)
        if run is None:
            raise Refused(f"{period} of {self._name} has not been reconciled yet: counterfoil reconcile --period {period}")
        return run, store.report_of(tx, run.run_id)

    def _refuse(self, tx: Connection, report: Report) -> None:
        """Raise Refused with everything that forbids a signature, a line each."""
        found = self.why_not(tx, report)
        if found:
            raise Refused("\n".join([f"{report.period} of {self._name} cannot be signed:", *(f" - {each}" for each in found)]))

    def why_not(self, tx: Connection, report: Report) -> list[str]:
        """What forbids a signature under this report, as sentences."""
        found: list[str] = []
        if report.status is Status.INVALID or any(report.unexplained.values()):
            rest = ", ".join(figures({unit: amount}) for unit, amount in report.unexplained.items() if amount) or "its status is invalid"
            found.append(f"Unexplained is not 0.00 ({rest}): that is a fault of the reconciliation itself. Report it; nobody can sign it.")
        last = bounds(report.period)[1]
        if report.as_of.astimezone(ZoneInfo(self._company.timezone)).date() <= last:
            found.append(f"The period runs until {last}, and the cut-off is {report.as_of:%Y-%m-%d %H:%M} UTC: reconcile again after it.")
        return found + open_sentences(standing_of(tx, report), self.policy)

    def _sign(self, tx: Connection, actor: Actor, number: int, preparer: str, stage: Stage, run: store.Run, report: Report) -> None:
        bound = bound_hash(run.inputs_hash, run.rules, run.result_hash)
        stands = standing_of(tx, report)
        said = statement(stage, actor.name, preparer, self._company, stands, bound)
        evidence = canonical(_evidence(stands, self._people, self._company, run))
        content = {"stage": stage, "run": run.run, "bound": bound, "statement": said, "evidence": digest(evidence), "closing": number}
        row = self._audit.record(tx, actor.signature, f"close {stage}", f"{self._name} {report.period}", content)
        at = tx.execute(sa.select(audit_table.c.at).where(audit_table.c.audit_id == row)).scalar_one()  # one instant for both
        tx.execute(
            sa.insert(sign_off).values(
                sign_off_id=allocate(tx, "sign_off", 1), closing_id=number, stage=stage, person=actor.name, preparer=preparer,
                actor=actor.signature, statement=said, bound_hash=bound, evidence=evidence, audit_id=row, signed_at=at,
            )
        )  # fmt: skip

    def _lock(self, tx: Connection, period: str, status: PeriodStatus) -> None:
        start, end = bounds(period)
        mine = (period_table.c.company_id == self._name) & (period_table.c.start_on == start)
        values = {"status": status, "lock_source": LOCK if status is PeriodStatus.LOCKED else ""}
        if not tx.execute(sa.update(period_table).where(mine).values(**values)).rowcount:
            tx.execute(sa.insert(period_table).values(company_id=self._name, start_on=start, end_on=end, **values))

    def _do(self, act: Callable[[Connection], T], period: str) -> T:
        """Run it in one transaction. Where another was quicker, and the database itself refused, say so."""
        try:
            with self._hub.begin() as tx:
                return act(tx)
        except IntegrityError as trouble:
            raise Refused(
                f"Somebody else signed {period} of {self._name} at the same moment, or the database keeps the two people apart."
                f" Look again with: counterfoil close status --period {period}"
            ) from trouble

    def _already(self, live: Closing) -> str:
        return _ALREADY.format(period=live.period, company=self._name, stage=live.stage, who=live.signed_by)


def _evidence(stands: Standing, people: Mapping[str, Person], company: Company, run: store.Run) -> dict[str, Any]:
    return {
        "work": [_told(each) for each in stands.work],
        "carried": [_told(each) for each in stands.carried],
        "people": {name: sorted(person.roles) for name, person in people.items()},
        "decisions": company.decisions,
        "policy": company.close.model_dump(mode="json"),
        "configuration": run.configuration,
    }


def _told(each: Any) -> dict[str, Any]:
    return {name: getattr(each, name) for name in type(each).__slots__}


# ── reading ──


def live_closing(tx: Connection, company: str, period: str, *, lock: bool = False) -> Closing | None:
    """The closing of a period that is prepared, reviewed or certified."""
    wanted = sa.select(closing).where(closing.c.company_id == company, closing.c.period == period, closing.c.stage.in_(_LIVE))
    row = tx.execute(wanted.with_for_update() if lock else wanted).first()
    return _closing(tx, row) if row else None


def closing_of(tx: Connection, number: int) -> Closing:
    """The closing with this number, which must be there."""
    return _closing(tx, tx.execute(sa.select(closing).where(closing.c.closing_id == number)).one())


def closings(tx: Connection, company: str, period: str | None = None) -> list[Closing]:
    """Every closing of a company, or of one period, the oldest first: those that fell keep their signatures."""
    wanted = sa.select(closing).where(closing.c.company_id == company).order_by(closing.c.closing_id)
    if period is not None:
        wanted = wanted.where(closing.c.period == period)
    return [_closing(tx, row) for row in tx.execute(wanted).all()]


def _closing(tx: Connection, row: Row[Any]) -> Closing:
    signed = tx.execute(sa.select(sign_off).where(sign_off.c.closing_id == row.closing_id).order_by(sign_off.c.sign_off_id))
    signatures = tuple(
        Signature(
            each.sign_off_id, each.closing_id, Stage(each.stage), each.person, each.actor, each.statement, each.bound_hash,
            each.evidence, each.audit_id, each.signed_at,
        )
        for each in signed
    )  # fmt: skip
    return Closing(
        row.closing_id, row.company_id, row.period, row.recon_run_id, row.preparer, Stage(row.stage), row.reason, row.opened_at,
        row.ended_at, signatures,
    )  # fmt: skip


def _end(tx: Connection, number: int, stage: Stage, reason: str, now: datetime) -> None:
    tx.execute(sa.update(closing).where(closing.c.closing_id == number).values(stage=stage, reason=reason, ended_at=now))


def _locked(tx: Connection, company: str, period: str) -> bool:
    start, _end_on = bounds(period)
    wanted = sa.select(period_table.c.status).where(period_table.c.company_id == company, period_table.c.start_on == start)
    return tx.execute(wanted).scalar_one_or_none() not in (None, PeriodStatus.OPEN)
