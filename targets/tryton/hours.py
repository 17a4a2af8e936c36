"""Hours: one line of the time sheet for each work of an entry, found by its uuid, which the database of Tryton keeps unique.

Tryton takes no negative hours, so a correction changes the line. What it said before stands in its text beside the attempt: so the
change of an attempt that was lost can be read back.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from mappings.problem import Problem
from taps.tryton.client import TrytonEdge, search
from taps.tryton.values import seconds
from targets._kit.remote import refused
from targets._kit.writer import Answer, Intent, Receipt, Refused, Verb
from targets.tryton.catalogue import Catalogue, Unfit
from targets.tryton.config import TrytonTargetConfig
from targets.tryton.sending import Rejected, Sender
from targets.tryton.steps import attempt_of

LINE = "timesheet.line"
UNIT = "HUR"
_READ = ("uuid", "duration", "description", "employee", "date", "work")
_TEXT = re.compile(r"^(.*) cf:([^:]+):(\d+) was ([\d.]+) s$", re.DOTALL)
_PER_HOUR = Decimal(3600)


class Entry(NamedTuple):
    """The lines of one time entry."""

    key: str
    attempt: str
    number: str
    lines: tuple[tuple[str, int, Decimal], ...]
    """Bucket, work, hours."""
    fixed: Mapping[str, Any]
    """Employee and date."""


class Line(NamedTuple):
    """A line that is there."""

    id: int
    key: str
    bucket: str
    hours: Decimal
    number: str
    attempt: str
    lines: int
    was: Decimal


def entry(intent: Intent, config: TrytonTargetConfig, catalogue: Catalogue, of: str) -> Entry:
    """What should stand. Raises Unfit."""
    body, employee = intent.document, intent.related.get("employee")
    if employee is None or not employee.remote_id.startswith("company.employee,"):
        say = f"The employee of {of} is not in Tryton."
        raise Unfit("SEND-REFUSED", say, "Send employees to Tryton too, in a posting of the route.", "employee_number")
    regular, overtime = (Decimal(str(body.get(name) or 0)) for name in ("regular_hours", "overtime_hours"))
    work = catalogue.named("work", catalogue.works, config.work, of, "work")
    over = catalogue.named("work", catalogue.works, config.overtime_work, of, "overtime_work") if config.overtime_work else work
    by_bucket = {"regular": (work, regular), "overtime": (over, overtime)}
    if over == work:
        by_bucket = {"regular": (work, regular + overtime)}
    if intent.verb is Verb.VOID:
        by_bucket = {bucket: (each, Decimal(0)) for bucket, (each, _hours) in by_bucket.items()}
    lines = tuple((bucket, each, hours) for bucket, (each, hours) in by_bucket.items())
    fixed = {"company": catalogue.company, "employee": int(employee.remote_id.partition(",")[2]), "date": intent.date}
    key = "" if intent.verb is Verb.CREATE else str((intent.booked or {}).get("key", ""))
    return Entry(key or intent.look_up_key, attempt_of(intent.idempotency_key), " ".join(intent.number.split()), lines, fixed)


def booked(intent: Intent) -> Decimal:
    """Hours that stand."""
    return Decimal(str((intent.booked or {}).get("hours", 0)))


def total(wanted: Entry) -> Decimal:
    """Hours of all its lines."""
    return sum((hours for _bucket, _work, hours in wanted.lines), Decimal(0))


def there(edge: TrytonEdge, keys: Sequence[str]) -> dict[str, list[Line]]:
    """Lines by look-up key, oldest first."""
    found: dict[str, list[Line]] = {}
    domain = ["OR", *(["uuid", "like", f"cf:{key}:%"] for key in keys)]
    for record in search(edge, LINE, [domain], _READ) if keys else ():
        _cf, key, bucket = record["uuid"].split(":")
        text = _TEXT.match(record["description"] or "")
        number, attempt, lines, was = text.groups() if text else ("", "", "0", "0")
        hours = record["duration"] / _PER_HOUR
        found.setdefault(key, []).append(Line(record["id"], key, bucket, hours, number, attempt, int(lines), Decimal(was) / _PER_HOUR))
    return found


def attempted(edge: TrytonEdge, attempts: Sequence[str]) -> dict[str, list[Line]]:
    """All lines of each thing, by the attempt that wrote one of them last."""
    domain = ["OR", *(["description", "like", f"% cf:{attempt}:%"] for attempt in attempts)]
    uuids = [record["uuid"] for record in search(edge, LINE, [domain], ("uuid",)) if record["uuid"]] if attempts else []
    things = there(edge, sorted({uuid.split(":")[1] for uuid in uuids})).values()
    return {line.attempt: lines for lines in things for line in lines if line.attempt in attempts}


def deliver(sender: Sender, intent: Intent, wanted: Entry, found: Sequence[Line]) -> Answer:
    """Write each line once. Raises Doubtful, Halted."""
    of = f"time entry {intent.number}"
    stands = {line.bucket: line for line in found}
    before = sum((line.was if line.attempt == wanted.attempt else line.hours for line in found), Decimal(0))
    if before != booked(intent):
        say = f"{of} stands with {before.normalize():f} hours in Tryton, and not as Counterfoil left it."
        return Refused(Problem("SEND-CHANGED", say, "Take the change over in the front office; then have it sent anew."))
    try:
        for bucket, work, hours in wanted.lines:
            _line(sender, wanted, (bucket, work, hours), stands.get(bucket))
    except Rejected as no:
        after = there(sender.edge, [wanted.key]).get(wanted.key, []) if no.fault else []
        if not written(after, wanted.attempt):
            return refused("Tryton", of, no.said)
    return receipt(there(sender.edge, [wanted.key])[wanted.key], wanted.attempt)


def _line(sender: Sender, wanted: Entry, line: tuple[str, int, Decimal], stands: Line | None) -> None:
    bucket, work, hours = line
    was = stands.hours if stands else Decimal(0)
    if stands is not None and stands.attempt == wanted.attempt:
        return
    text = f"{wanted.number} cf:{wanted.attempt}:{len(wanted.lines)} was {(was * _PER_HOUR).normalize():f} s"
    values: dict[str, Any] = {"work": work, "duration": seconds(hours), "description": text}
    if stands is None:
        sender.create(LINE, {**wanted.fixed, **values, "uuid": f"cf:{wanted.key}:{bucket}"}, ("id",))
    else:
        sender.change(LINE, stands.id, values | {"employee": wanted.fixed["employee"], "date": wanted.fixed["date"]}, ("id",))


def written(lines: Sequence[Line], attempt: str) -> bool:
    """Whether all lines of the attempt are there."""
    mine = [line for line in lines if line.attempt == attempt]
    return bool(mine) and len(mine) == mine[0].lines


def receipt(lines: Sequence[Line], attempt: str) -> Receipt:
    """Hours as they stand, and what the attempt changed."""
    mine = [line for line in lines if line.attempt == attempt]
    change = sum((line.hours - line.was for line in mine), Decimal(0))
    body = {"hours": f"{sum((line.hours for line in lines), Decimal(0)).normalize():f}", "key": lines[0].key}
    return Receipt(f"{LINE},{lines[0].id}", (mine or lines)[0].number, UNIT, change, body)
