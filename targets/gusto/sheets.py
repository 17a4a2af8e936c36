"""Hours as time sheets of Gusto: one a document, with our key, the attempt, and what stood before in its metadata.

A sheet that was synced to payroll stands still. What a document gains after that goes into a sheet of its own on the day of the correction;
what it loses cannot be written, for Gusto takes no negative hours.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from taps.gusto.client import hours
from taps.gusto.facts import ATTEMPT, BUCKETS, CASH_TIPS, KEY, NUMBER, WAS
from targets._kit.writer import Intent, Verb

_BEGINS = time(9)
"""When a shift begins whose source states no instant."""


class Sheet(NamedTuple):
    """One of our time sheets as it stood at the last receipt."""

    uuid: str
    version: str
    hours: dict[str, Decimal]
    synced: bool

    @property
    def total(self) -> Decimal:
        """All its hours."""
        return sum(self.hours.values(), Decimal(0))

    def json(self) -> list[Any]:
        """As a receipt keeps it."""
        return [self.uuid, self.version, {kind: str(amount) for kind, amount in self.hours.items()}]


def of(sheet: Mapping[str, Any]) -> Sheet:
    """From Gusto's own."""
    return Sheet(sheet["uuid"], sheet["version"], hours(sheet), bool(sheet.get("synced_to_payroll_at")))


def booked(body: Mapping[str, Any] | None) -> list[Sheet]:
    """From the body of a receipt."""
    rows = (body or {}).get("sheets", ())
    return [Sheet(uuid, version, {kind: Decimal(amount) for kind, amount in by.items()}, synced=False) for uuid, version, by in rows]


def wanted(intent: Intent) -> dict[str, Decimal]:
    """The hours by pay classification; none where absence is wanted."""
    if intent.verb in (Verb.REVERSE, Verb.VOID):
        return {}
    amounts = {theirs: Decimal(str(intent.document.get(f"{ours}_hours") or 0)) for ours, theirs in BUCKETS.items()}
    return {kind: amount for kind, amount in amounts.items() if amount}


def rest(desired: Mapping[str, Decimal], synced: Sequence[Sheet]) -> dict[str, Decimal]:
    """What is still to be paid: desired less what payroll took. Negative where it took too much."""
    left = dict(desired)
    for sheet in synced:
        for kind, amount in sheet.hours.items():
            left[kind] = left.get(kind, Decimal(0)) - amount
    return {kind: amount for kind, amount in left.items() if amount}


def body(
    intent: Intent, employee: str, job: str | None, left: Mapping[str, Decimal], was: Decimal, on: date | None, zone: ZoneInfo
) -> dict[str, Any]:
    """The sheet to write; `on` is the day of a correction, None for the day of the work."""
    begin, end = _shift(intent, sum(left.values(), Decimal(0)), on, zone)
    key = (intent.booked or {}).get("key") or intent.look_up_key
    metadata = {KEY: key, ATTEMPT: intent.idempotency_key, WAS: str(was), NUMBER: intent.number[:500]}
    if Decimal(str(intent.document.get("declared_tips") or 0)):
        metadata[CASH_TIPS] = str(intent.document["declared_tips"])
    made: dict[str, Any] = {
        "entity_uuid": employee,
        "entity_type": "Employee",
        "time_zone": str(zone),
        "shift_started_at": begin.isoformat(),
        "shift_ended_at": end.isoformat(),
        "metadata": metadata,
        "entries": [{"hours_worked": amount, "pay_classification": kind} for kind, amount in left.items()],
    }
    return made | ({"job_uuid": job} if job else {})


def _shift(intent: Intent, total: Decimal, on: date | None, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """From clock to clock where the source states both; else from nine o'clock, as long as the hours and the unpaid break."""
    document = intent.document
    if on is None and document.get("clock_in") and document.get("clock_out"):
        clocks = (datetime.fromisoformat(str(document[name])).astimezone(zone) for name in ("clock_in", "clock_out"))
        return next(clocks), next(clocks)
    begin = datetime.combine(on or date.fromisoformat(str(document["business_date"])), _BEGINS, zone)
    away = Decimal(0) if on else Decimal(str(document.get("unpaid_break_hours") or 0))
    return begin, begin + timedelta(minutes=float((total + away) * 60))


def effect(sheet: Mapping[str, Any]) -> Decimal:
    """What the last write of a sheet changed: its hours as they stand, less what stood there before."""
    return sum(hours(sheet).values(), Decimal(0)) - Decimal((sheet.get("metadata") or {}).get(WAS, "0"))
