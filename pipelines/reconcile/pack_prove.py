"""Whether the hub itself stands behind a pack: its log, proved with its key, and the signatures that the log holds."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import sqlalchemy as sa

from pipelines.hub.audit import Anchor, Audit
from pipelines.hub.ledger_tables import audit as audit_table
from pipelines.hub.store import Hub
from pipelines.reconcile import pack_verify


def prove(path: Path, hub: Hub, audit: Audit) -> list[str]:
    """Sentences of what the hub does not confirm; none where it confirms all. The pack must have passed `pack_verify.check`."""
    with zipfile.ZipFile(path) as pack:
        closing = json.loads(pack.read("closing.json"))
        rows = [json.loads(line) for line in pack.read("audit.jsonl").splitlines()]
        program = pack.read("verify.py")
    found = []
    if program != Path(pack_verify.__file__).read_bytes():
        found.append("verify.py in the pack is not the one of this version: trust this check, not that one")
    count, _, chain = closing["anchor"].partition(":")
    broken = audit.verify(Anchor(int(count), chain))
    if broken is not None:
        found.append(f"the hub's own log is not what was written, or is another one: row {broken}")
    with hub.read() as tx:
        numbers = [row["number"] for row in rows]
        wanted = sa.select(audit_table).where(audit_table.c.audit_id.between(min(numbers), max(numbers)))
        ours = {row.audit_id: (row.action, row.actor, row.digest, row.chain) for row in tx.execute(wanted)}
    found += [
        f"row {row['number']} of the log is another one in the hub"
        for row in rows
        if ours.get(row["number"]) != (row["action"], row["actor"], row["digest"], row["chain"])
    ]
    for each in closing["signatures"]:
        content = {"stage": each["stage"], "run": closing["run"]["run"], "bound": each["bound"], "statement": each["statement"],
                   "evidence": each["evidence"], "closing": closing["closing"]}  # fmt: skip
        if ours.get(each["audit"], ("", "", "", ""))[2] != audit.digest(content):
            found.append(f"the hub did not record this signature of {each['person']} ({each['stage']})")
    return found
