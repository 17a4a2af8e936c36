"""Keeping a reconciliation: the run and its hashes, the work on its breaks, and what it means for a certificate. One transaction.

    run_id = store(hub, audit, report)

The same report again changes nothing. Reports of older runs are let go (their hashes stay) unless somebody signed them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from pipelines.hub.audit import Audit
from pipelines.hub.ledger_tables import closing, configuration, recon_item, recon_run
from pipelines.hub.store import Hub, allocate
from pipelines.reconcile import work
from pipelines.reconcile.canonical import canonical, digest, figures_hash
from pipelines.reconcile.changed import what_changed
from pipelines.reconcile.exports.json import from_json, to_json
from pipelines.reconcile.kpis import summary
from pipelines.reconcile.report import Break, Report
from pipelines.reconcile.words import Stage, Status

SYSTEM = "counterfoil"
"""Who acts where no person does."""
_BATCH = 500


@dataclass(frozen=True, slots=True)
class Run:
    """A stored reconciliation, without its report."""

    run_id: int
    company: str
    period: str
    run: str
    rules: str
    as_of: datetime
    status: Status
    inputs_hash: str
    books_hash: str
    result_hash: str
    figures_hash: str
    configuration: str
    """Digest of the home folder as it was; empty where nobody handed it in."""
    stored_at: datetime


def store(hub: Hub, audit: Audit, report: Report, *, files: Mapping[str, str] | None = None, actor: str = SYSTEM) -> int:
    """Keep a report, fold its breaks into the work, and let a certificate fall if the period's books have changed. The run's number.

    `files`: the home folder as it is, secrets masked (`pipelines.home.masked`). A report that is INVALID is kept, and changes no work.
    """
    body = to_json(report)
    hashed, now = digest(body), hub.clock()
    with hub.begin() as tx:
        run_id = allocate(tx, "recon_run", 1)  # from here on one report is stored at a time
        before = newest(tx, report.company, report.period)
        if before is not None and before.result_hash == hashed:
            return before.run_id
        config = _keep_configuration(tx, files, now)
        tx.execute(sa.insert(recon_run), [_row(run_id, report, body, hashed, config, now)])
        if items := _items(run_id, report):
            tx.execute(sa.insert(recon_item), items)
        _let_go(tx, report.company, report.period, run_id)
        told = {"run": report.run, "status": report.status, "results": hashed, "configuration": config}
        changes = _changes(tx, report, run_id, now)
        counts = {what: sum(change.what == what for change in changes) for what in ("opened", "reopened", "changed", "closed")}
        row = audit.record(tx, actor, "reconciled", _subject(report), told | counts)
        known = frozenset(change.work.key for change in changes if change.what == "opened")
        work.write(tx, changes, actor=actor, audit=row, run=run_id, now=now, new=known)
        _let_fall(tx, audit, report, actor, now)
    hub.worked(len(changes))
    return run_id


def _changes(tx: Connection, report: Report, run_id: int, now: datetime) -> list[work.Change]:
    if report.status is Status.INVALID:
        return []
    known = work.works(tx, report.company, open_only=True, lock=True)
    gone = sorted({each.key for each in (*report.breaks, *report.late)} - known.keys())
    for start in range(0, len(gone), _BATCH):
        known |= work.works(tx, report.company, keys=gone[start : start + _BATCH], lock=True)
    return work.fold(known, report, run_id, now)


def _subject(report: Report) -> str:
    return f"{report.company} {report.period or 'all'}"


def _row(run_id: int, report: Report, body: bytes, hashed: str, config: str, now: datetime) -> dict[str, Any]:
    return {
        "recon_run_id": run_id, "company_id": report.company, "period": report.period, "run": report.run, "rules": report.rules,
        "as_of": report.as_of, "status": report.status, "inputs_hash": report.inputs_hash, "books_hash": report.books_hash,
        "result_hash": hashed, "figures_hash": figures_hash(report), "configuration": config, "summary": summary(report),
        "report": body.decode(), "stored_at": now,
    }  # fmt: skip


def _items(run_id: int, report: Report) -> list[dict[str, Any]]:
    found = {each.key: each for each in (*report.late, *report.breaks)}
    return [
        {
            "recon_run_id": run_id,
            "key": each.key,
            "class": work.main_class(each),
            "unit": each.unit,
            "difference": work.fit(each.difference),
        }
        for each in found.values()
    ]


def _keep_configuration(tx: Connection, files: Mapping[str, str] | None, now: datetime) -> str:
    if files is None:
        return ""
    hashed = digest(canonical(dict(files)))
    if not tx.execute(sa.select(configuration.c.digest).where(configuration.c.digest == hashed)).first():
        tx.execute(sa.insert(configuration).values(digest=hashed, files=dict(files), stored_at=now))
    return hashed


def _let_go(tx: Connection, company: str, period: str, newest_id: int) -> None:
    """Older reports of the period go, unless somebody signed them."""
    signed = sa.select(closing.c.recon_run_id)
    old = (
        sa.select(recon_run.c.recon_run_id)
        .where(recon_run.c.company_id == company, recon_run.c.period == period, recon_run.c.recon_run_id < newest_id)
        .where(recon_run.c.report.is_not(None), recon_run.c.recon_run_id.not_in(signed))
    )
    numbers = list(tx.execute(old).scalars())
    tx.execute(sa.update(recon_run).where(recon_run.c.recon_run_id.in_(numbers)).values(report=None))
    tx.execute(sa.delete(recon_item).where(recon_item.c.recon_run_id.in_(numbers)))


def _let_fall(tx: Connection, audit: Audit, report: Report, actor: str, now: datetime) -> None:
    """Decertify where the books or the evidence of a certified period are no longer those that were signed."""
    found = certified(tx, report.company, report.period)
    if found is None or report.status is Status.INVALID:
        return
    number, bound = found
    if bound.books_hash == report.books_hash:
        return
    reason = what_changed(report_of(tx, bound.run_id), report)
    tx.execute(sa.update(closing).where(closing.c.closing_id == number).values(stage=Stage.DECERTIFIED, reason=reason, ended_at=now))
    audit.record(tx, actor, "decertified", _subject(report), {"closing": number, "reason": reason, "books": report.books_hash})


# ── reading ──


def newest(tx: Connection, company: str, period: str) -> Run | None:
    """The last run of a company and period."""
    wanted = (
        sa.select(*_COLUMNS)
        .where(recon_run.c.company_id == company, recon_run.c.period == period)
        .order_by(recon_run.c.recon_run_id.desc())
        .limit(1)
    )
    row = tx.execute(wanted).first()
    return _run(row) if row else None


def run_of(tx: Connection, run_id: int) -> Run:
    """The run with this number, which must be there."""
    return _run(tx.execute(sa.select(*_COLUMNS).where(recon_run.c.recon_run_id == run_id)).one())


def report_of(tx: Connection, run_id: int) -> Report:
    """The report of a run that still has it: the newest of its period, or a signed one. Raises Tampered if it is not what was stored."""
    body = tx.execute(sa.select(recon_run.c.report).where(recon_run.c.recon_run_id == run_id)).scalar_one()
    return from_json(body.encode())


def keys_of(tx: Connection, run_id: int) -> frozenset[str]:
    """The keys of the breaks of a run whose report is kept."""
    return frozenset(tx.execute(sa.select(recon_item.c.key).where(recon_item.c.recon_run_id == run_id)).scalars())


def certified(tx: Connection, company: str, period: str) -> tuple[int, Run] | None:
    """The closing by which a period is certified now, and the run that it binds."""
    row = tx.execute(
        sa.select(closing.c.closing_id, closing.c.recon_run_id).where(
            closing.c.company_id == company, closing.c.period == period, closing.c.stage == Stage.CERTIFIED
        )
    ).first()
    return (row.closing_id, run_of(tx, row.recon_run_id)) if row else None


def files_of(tx: Connection, digests: Sequence[str]) -> dict[str, dict[str, str]]:
    """The home folder at runs, by the digests that they name."""
    rows = tx.execute(sa.select(configuration.c.digest, configuration.c.files).where(configuration.c.digest.in_(digests)))
    return {row.digest: row.files for row in rows}


def with_late(hub: Hub, report: Report) -> Report:
    """The report with its post-close list: what came from a source after its period was certified, while the books stayed as they were.

    Call it before the report is stored or exported. The breaks stay where they are, so that the waterfall still adds up.
    """
    with hub.read() as tx:
        found = certified(tx, report.company, report.period)
        if found is None or found[1].books_hash != report.books_hash:
            return report
        known = keys_of(tx, found[1].run_id)
    fresh: list[Break] = [each for each in report.breaks if each.key not in known]
    already = {each.key for each in fresh}
    return replace(report, late=(*fresh, *(each for each in report.late if each.key not in already)))


_COLUMNS = [column for column in recon_run.c if column.name not in ("summary", "report")]


def _run(row: Row[Any]) -> Run:
    return Run(
        row.recon_run_id, row.company_id, row.period, row.run, row.rules, row.as_of, Status(row.status), row.inputs_hash, row.books_hash,
        row.result_hash, row.figures_hash, row.configuration, row.stored_at,
    )  # fmt: skip
