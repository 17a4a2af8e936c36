"""The auditor's pack: one ZIP with what was signed, on what evidence, under which configuration, and a program that checks it.

The pack of a closing is the same bytes each time: it holds what was there at its last signature, files are sorted, stored as they are, and
carry one fixed time. Two things in it can be compared with what is outside: the hash of the pack, and the anchor of the audit log.
"""

from __future__ import annotations

import csv
import difflib
import io
import json
import tempfile
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from pipelines.hub.ledger_tables import audit as audit_table
from pipelines.hub.ledger_tables import closing as closing_table
from pipelines.hub.store import Hub
from pipelines.reconcile import pack_verify, store
from pipelines.reconcile.canonical import digest
from pipelines.reconcile.closing import Closing, Signature, closings
from pipelines.reconcile.exports import csv as csv_export
from pipelines.reconcile.exports import json as json_export
from pipelines.reconcile.exports import pdf, xlsx
from pipelines.reconcile.exports.csv import guarded
from pipelines.reconcile.exports.extras import AuditLine, Extras, SignOff
from pipelines.reconcile.exports.extras import Work as WorkLine
from pipelines.reconcile.exports.totals import plain
from pipelines.reconcile.report import Report
from pipelines.reconcile.rights import Refused
from pipelines.reconcile.words import SETTLING, Resolution, Stage
from pipelines.reconcile.work import Work, events

_TIME = (1980, 1, 1, 0, 0, 0)
_ABOUT = """Auditor's pack: {legal_name} ({company}), {period}, {stage}

closing.json         what was signed: the run with its hashes, each signature with its statement, closings that fell before
reconciliation/      the reconciliation itself; its JSON file is the result that the signatures bind
completeness.csv     what each side holds: its own count and total, what it was asked, numbers that are missing
{totals}breaks.csv           each difference, and how the work on it stood at the last signature
overrides.csv        what people accepted, wrote off or adjusted: who, why, who approved
history.csv          everything that happened to these differences, and what was said
people.csv           who had which role
decisions.json       what the company has decided about its books
configuration/       the settings as they were, secrets masked; changes.diff: what changed since the period closed before
evidence.json        the same as data, as the last signature binds it
audit.jsonl          the log since the close before, up to the last signature
SHA256SUMS           hashes of all files: sha256sum -c SHA256SUMS
verify.py            checks hashes, signatures and log: python verify.py PACK.zip

Anchor of the log: {anchor}
Compare it with what you were given at the close. The company proves the log behind it with its own key:
counterfoil close verify PACK.zip --home HOME
"""
_TOTALS = "control_totals.csv   what each source states of itself, asked apart from the cursor, by day; why, where it was not asked\n"
_NUMBERS = "numbers.csv          gaps in runs of numbers: what the source says of each, or what the hub had read of it\n"


def choose(tx: Connection, company: str, period: str, number: int | None = None) -> Closing:
    """The closing that a pack is made of: the one with this number, else the newest that was signed to the end. Raises Refused."""
    found = [each for each in closings(tx, company, period) if number in (None, each.number)]
    whole = [each for each in found if any(signature.stage is Stage.CERTIFIED for signature in each.signatures)]
    if not whole:
        raise Refused(f"{period} of {company} was never certified{f' by closing {number}' if number else ''}; there is nothing to pack.")
    return whole[-1]


def build(hub: Hub, company: str, legal_name: str, period: str, number: int | None = None) -> tuple[str, bytes]:
    """Name and bytes of the pack. Raises Refused where the period was never certified, Misconfigured where an export's extra is missing."""
    with hub.read() as tx:
        chosen = choose(tx, company, period, number)
        files = _files(tx, chosen, legal_name)
    files["verify.py"] = Path(pack_verify.__file__).read_bytes()
    sums = "".join(f"{digest(content)}  {name}\n" for name, content in sorted(files.items()))
    files[pack_verify.SUMS] = sums.encode()
    return f"audit-pack-{company}-{period}-{chosen.number}.zip", _zip(files)


def _zip(files: Mapping[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as pack:
        for name, content in sorted(files.items()):
            entry = zipfile.ZipInfo(name, _TIME)
            entry.create_system, entry.external_attr = 3, 0o644 << 16
            pack.writestr(entry, content)
    return out.getvalue()


def _files(tx: Connection, chosen: Closing, legal_name: str) -> dict[str, bytes]:
    run, report = store.run_of(tx, chosen.run_id), store.report_of(tx, chosen.run_id)
    last = chosen.signatures[-1]
    evidence = json.loads(last.evidence)
    work = msgspec.convert([*evidence["work"], *evidence["carried"]], list[Work], strict=False)
    history = events(tx, chosen.company, [each.key for each in work], until_audit=last.audit)
    rows = _log(tx, _before(tx, chosen), last.audit)
    anchor = f"{rows[-1]['number']}:{rows[-1]['chain']}"
    files = _exports(report, _extras(chosen, work, rows, legal_name))
    name = next(name for name in files if name.endswith(".json"))
    told = _closing(chosen, run, name, legal_name, anchor) | {"before": _fallen(tx, chosen)}
    files |= {
        "closing.json": _json(told),
        "evidence.json": last.evidence.encode(),
        "decisions.json": _json(evidence["decisions"]),
        "completeness.csv": _completeness(report),
        "breaks.csv": _table(_WORK, (_work(each) for each in work)),
        "overrides.csv": _table(_OVERRIDE, (_override(each) for each in work if each.resolution in (*SETTLING, Resolution.ADJUSTED))),
        "history.csv": _table(_EVENT, ([each.number, each.at.isoformat(), each.actor, each.key, each.what, plain(each.difference),
                                        each.unit, each.say, each.audit] for each in history)),
        "people.csv": _table(("person", "roles"), ([person, ", ".join(roles)] for person, roles in sorted(evidence["people"].items()))),
        "audit.jsonl": "".join(json.dumps(row, ensure_ascii=False, sort_keys=True) + "\n" for row in rows).encode(),
        "README.txt": _ABOUT.format(
            legal_name=legal_name, company=chosen.company, period=chosen.period, stage=chosen.stage, anchor=anchor,
            totals=(_TOTALS if report.completeness else "") + (_NUMBERS if report.numbers else ""),
        ).encode(),
    }  # fmt: skip
    if report.completeness:
        files["control_totals.csv"] = _control_totals(report)
    if report.numbers:
        files["numbers.csv"] = _numbers(report)
    return files | _configuration(tx, chosen, run)


# ── parts ──


def _exports(report: Report, extras: Extras) -> dict[str, bytes]:
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        json_export.write(report, folder)
        csv_export.write(report, (), folder)
        xlsx.write(report, (), folder, extras)
        pdf.write(report, folder, extras)
        return {f"reconciliation/{file.name}": file.read_bytes() for file in sorted(folder.iterdir())}


def _extras(chosen: Closing, work: Sequence[Work], rows: Sequence[Mapping[str, Any]], legal_name: str) -> Extras:
    roles = {Stage.PREPARED: "preparer", Stage.REVIEWED: "reviewer", Stage.CERTIFIED: "reviewer"}
    fallen = f"{chosen.stage}: {chosen.reason}" if chosen.stage is not Stage.CERTIFIED else ""
    about = f"{chosen.company} {chosen.period}"
    log = [msgspec.convert({**row, "at": row["at"]}, AuditLine, strict=False) for row in rows if row["subject"] == about]
    return Extras(
        sign_offs=tuple(
            SignOff(roles[each.stage], each.person, each.statement, each.signed_at, each.bound_hash, fallen) for each in chosen.signatures
        ),
        audit=tuple(log),
        work=tuple(
            WorkLine(each.key, each.state, each.owner, f"{each.resolution}: {each.reason}" if each.resolution else "", "", each.opened_at)
            for each in work
        ),
        legal_name=legal_name,
    )


def _closing(chosen: Closing, run: store.Run, file: str, legal_name: str, anchor: str) -> dict[str, Any]:
    return {
        "format": "counterfoil audit pack 1", "company": chosen.company, "legal_name": legal_name, "period": chosen.period,
        "closing": chosen.number, "stage": chosen.stage, "reason": chosen.reason, "preparer": chosen.preparer, "anchor": anchor,
        "run": {"run": run.run, "rules": run.rules, "as_of": run.as_of.isoformat(), "inputs": run.inputs_hash, "books": run.books_hash,
                "results": run.result_hash, "configuration": run.configuration, "file": file},
        "signatures": [_signature(each) for each in chosen.signatures],
    }  # fmt: skip


def _signature(each: Signature) -> dict[str, Any]:
    return {
        "stage": each.stage, "person": each.person, "actor": each.actor, "signed_at": each.signed_at.isoformat(),
        "statement": each.statement, "bound": each.bound_hash, "evidence": digest(each.evidence), "audit": each.audit,
    }  # fmt: skip


def _fallen(tx: Connection, chosen: Closing) -> list[dict[str, Any]]:
    """Closings of the period before this one, with their signatures as they were."""
    return [
        {"closing": each.number, "stage": each.stage, "reason": each.reason, "signatures": [_signature(one) for one in each.signatures]}
        for each in closings(tx, chosen.company, chosen.period)
        if each.number < chosen.number
    ]


def _completeness(report: Report) -> bytes:
    head = ("sheet", "corner", "connection", "kind", "unit", "items", "amount", "asked", "missing numbers")
    rows = [[each.sheet, each.corner, each.connection, each.kind, each.unit, each.items, plain(each.amount), each.asked,
             ", ".join(each.gaps)] for each in report.corners]  # fmt: skip
    return _table(head, [*rows, *(["", "", "", "", "", "", "", note, ""] for note in report.notes)])


def _control_totals(report: Report) -> bytes:
    head = ("sheet", "connection", "kind", "date", "unit", "stated", "stated amount", "received", "compared", "compared amount",
            "not received", "asked", "until", "why not asked")  # fmt: skip
    rows = [[each.sheet, each.connection, each.kind, each.on, each.unit, each.stated, _plain(each.stated_amount), each.received,
             each.compared, _plain(each.compared_amount), ", ".join(each.missing), each.asked,
             each.until.isoformat() if each.until else "", each.why] for each in report.completeness]  # fmt: skip
    return _table(head, rows)


def _numbers(report: Report) -> bytes:
    head = ("sheet", "connection", "kind", "numbers", "after", "explained", "what the source says")
    rows = [[each.sheet, each.connection, each.kind, each.numbers, each.on, "yes" if each.explained else "no", each.says]
            for each in report.numbers]  # fmt: skip
    return _table(head, rows)


def _plain(amount: Decimal | None) -> str:
    return "" if amount is None else plain(amount)


_WORK = ("key", "sheet", "kind", "number", "date", "class", "expected", "actual", "difference", "unit", "state", "owner", "resolution",
         "reason")  # fmt: skip
_OVERRIDE = ("key", "kind", "number", "difference", "unit", "resolution", "reason", "proposed by", "approved by")
_EVENT = ("event", "at", "by", "key", "what", "difference", "unit", "said", "row of the log")


def _work(each: Work) -> list[Any]:
    return [each.key, each.sheet, each.kind, each.number, each.on, each.break_class, plain(each.expected), plain(each.actual),
            plain(each.difference), each.unit, each.state, each.owner, each.resolution, each.reason]  # fmt: skip


def _override(each: Work) -> list[Any]:
    return [each.key, each.kind, each.number, plain(each.difference), each.unit, each.resolution, each.reason, each.proposer, each.approver]


def _table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    """RFC 4180; no text in it runs as a formula in a spreadsheet."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(head)
    writer.writerows([_cell(cell) for cell in row] for row in rows)
    return out.getvalue().encode()


def _cell(value: Any) -> Any:
    text = "" if value is None else str(value)
    number = text.removeprefix("-").replace(".", "", 1)
    return text if number.isascii() and number.isdigit() else guarded(text)


def _configuration(tx: Connection, chosen: Closing, run: store.Run) -> dict[str, bytes]:
    before = _last_configuration(tx, chosen)
    known = store.files_of(tx, [each for each in (run.configuration, before) if each])
    now, then = known.get(run.configuration, {}), known.get(before, {})
    lines: list[str] = []
    for name in sorted(now.keys() | then.keys()):
        old, new = then.get(name, "").splitlines(), now.get(name, "").splitlines()
        lines += difflib.unified_diff(old, new, f"before/{name}", f"now/{name}", lineterm="")
    first = "No period before this one was certified with a configuration on record.\n"
    changes = first if not then else "".join(f"{line}\n" for line in lines) or "Nothing changed.\n"
    return {f"configuration/{name}": text.encode() for name, text in now.items()} | {"configuration/changes.diff": changes.encode()}


def _last_configuration(tx: Connection, chosen: Closing) -> str:
    """Digest of the configuration of the newest period before this one that was certified before it."""
    earlier = sa.select(closing_table.c.recon_run_id).where(
        closing_table.c.company_id == chosen.company, closing_table.c.period < chosen.period, closing_table.c.closing_id < chosen.number,
        closing_table.c.stage.in_((Stage.CERTIFIED, Stage.DECERTIFIED)),
    )  # fmt: skip
    number = tx.execute(earlier.order_by(closing_table.c.period.desc(), closing_table.c.closing_id.desc()).limit(1)).scalar()
    return store.run_of(tx, number).configuration if number else ""


def _before(tx: Connection, chosen: Closing) -> int:
    """The row of the log at which the pack of the closing before ended; 0 for the first."""
    earlier = [each for each in closings(tx, chosen.company) if each.number < chosen.number]
    return max((each.signatures[-1].audit for each in earlier if each.stage in (Stage.CERTIFIED, Stage.DECERTIFIED)), default=0)


def _log(tx: Connection, after: int, until: int) -> list[dict[str, Any]]:
    columns = audit_table.c
    wanted = sa.select(audit_table).where(columns.audit_id > after, columns.audit_id <= until).order_by(columns.audit_id)
    return [
        {"number": row.audit_id, "at": row.at.isoformat(), "actor": row.actor, "action": row.action, "subject": row.subject,
         "digest": row.digest, "chain": row.chain}
        for row in tx.execute(wanted)
    ]  # fmt: skip


def _json(value: Any) -> bytes:
    return (json.dumps(value, ensure_ascii=False, sort_keys=True, indent=1) + "\n").encode()
