"""Hours as entries of a time sheet: one for each bucket of a day, with our mark in its note.

While a sheet is open, its entries are changed in place, in one call. Once it is approved it stands: what changes then is written as
differences on the day of the correction, negative ones where hours fall away.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from taps.bamboohr.mark import Mark, attempt_of, key_of
from targets._kit.writer import Intent, Verb
from targets.bamboohr.config import Job

BUCKETS = ("regular", "overtime")


class Slot(NamedTuple):
    """Where hours stand: whose, when, which pay, which job."""

    employee: int
    day: str
    bucket: str
    project: int | None
    task: int | None


class Standing(NamedTuple):
    """One of our entries as it stands."""

    id: int
    slot: Slot
    hours: Decimal

    def json(self) -> list[Any]:
        """As a receipt keeps it."""
        return [self.id, *self.slot, str(self.hours)]


def standing(booked: Mapping[str, Any] | None) -> list[Standing]:
    """Our entries, from the body of a receipt."""
    return [Standing(row[0], Slot(*row[1:6]), Decimal(row[6])) for row in (booked or {}).get("entries", ())]


def wanted(intent: Intent, employee: int, jobs: Mapping[str, Job]) -> dict[Slot, Decimal]:
    """The hours by slot; none where absence is wanted."""
    document = intent.document
    if intent.verb in (Verb.REVERSE, Verb.VOID):
        return {}
    job = jobs.get(document.get("role_code") or "")
    found: dict[Slot, Decimal] = {}
    for bucket in BUCKETS:
        hours = Decimal(str(document.get(f"{bucket}_hours") or 0))
        if hours:
            found[Slot(employee, document["business_date"], bucket, *_place(job, bucket))] = hours
    return found


def _place(job: Job | None, bucket: str) -> tuple[int | None, int | None]:
    if job is None:
        return None, None
    return job.project, (job.overtime_task or job.task) if bucket == "overtime" else job.task


def changes(intent: Intent, desired: Mapping[Slot, Decimal], booked: Sequence[Standing], correct_on: date | None) -> list[dict[str, Any]]:
    """The entries to store. `correct_on` is the day for differences where the sheet is approved; None where it is open."""
    if correct_on is not None:
        return _differences(intent, desired, booked, correct_on)
    left = dict(desired)
    rows = []
    for one in booked:
        hours = left.pop(one.slot, Decimal(0))
        if hours != one.hours:
            rows.append(_row(intent, one.slot, hours, one.hours, one.id))
    return rows + [_row(intent, slot, hours, Decimal(0)) for slot, hours in left.items()]


def _differences(intent: Intent, desired: Mapping[Slot, Decimal], booked: Sequence[Standing], on: date) -> list[dict[str, Any]]:
    """By employee, bucket and job, whatever the day: what is desired less what stands."""
    off: dict[Slot, Decimal] = {}
    for slot, hours in [*desired.items(), *((one.slot, -one.hours) for one in booked)]:
        place = slot._replace(day=on.isoformat())
        off[place] = off.get(place, Decimal(0)) + hours
    return [_row(intent, slot, hours, Decimal(0)) for slot, hours in off.items() if hours]


def _row(intent: Intent, slot: Slot, hours: Decimal, was: Decimal, entry: int | None = None) -> dict[str, Any]:
    key = (intent.booked or {}).get("key") or key_of(intent.look_up_key)
    row: dict[str, Any] = {
        "employeeId": slot.employee,
        "date": slot.day,
        "hours": hours,
        "note": Mark(slot.bucket, key, attempt_of(intent.idempotency_key), was).note(intent.number),
    }
    row |= {"id": entry} if entry is not None else {}
    row |= {"projectId": slot.project} if slot.project is not None else {}
    return row | ({"taskId": slot.task} if slot.task is not None else {})


def read(rows: Sequence[Mapping[str, Any]]) -> list[Standing]:
    """Our entries among those that the system shows; entries of others are left out."""
    found = []
    for row in rows:
        mark = Mark.of(row.get("note"))
        if mark is None:
            continue
        info = row.get("projectInfo") or {}
        project, task = (info.get("project") or {}).get("id"), (info.get("task") or {}).get("id")
        slot = Slot(row["employeeId"], row["date"], mark.bucket, project, task)
        found.append(Standing(row["id"], slot, Decimal(str(row["hours"]))))
    return found


def effect(rows: Sequence[Mapping[str, Any]]) -> Decimal:
    """What these entries changed: their hours as they stand, less what stood there before them."""
    marks = [(Mark.of(row.get("note")), row) for row in rows]
    return sum((Decimal(str(row["hours"])) - mark.was for mark, row in marks if mark), Decimal(0))
