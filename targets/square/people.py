"""From an employee of ours to a team member of Square: what is written, when, and how a look-up knows it again."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from targets._kit.prints import Prints
from targets._kit.writer import Intent, Unpreparable, Verb, unpreparable

FIELDS = ("reference_id", "given_name", "family_name", "email_address", "phone_number", "status", "assigned_locations")
"""What is written. No job or wage, for Square wants pay with them; no permission, for those are given in its Dashboard only."""
_STATED = {"first_name": "given_name", "last_name": "family_name", "work_email": "email_address", "phone": "phone_number"}
EVERYWHERE = {"assignment_type": "ALL_CURRENT_AND_FUTURE_LOCATIONS"}
_E164 = re.compile(r"\+[1-9][0-9]{6,14}")


def _plain(name: str, value: Any) -> str:
    """As people read it: without blanks at the ends, addresses in small letters, telephones by their digits, places in any order."""
    if name == "assigned_locations":
        assigned = value or {}
        kind = assigned.get("assignment_type") or ""
        return json.dumps([kind, sorted(assigned.get("location_ids") or []) if kind == "EXPLICIT_LOCATIONS" else []])
    text = " ".join(str(value or "").split())
    if name == "email_address":
        return text.lower()
    return re.sub(r"\D", "", text) if name == "phone_number" else text


PRINTS = Prints(FIELDS, _plain)


def last_day(document: Mapping[str, Any]) -> date | None:
    """The last day of somebody who leaves, as far as the document says it."""
    said = document.get("termination_date")
    return date.fromisoformat(str(said)) if said else None


def ends(day: date, zone: str) -> datetime:
    """When a day is over at the seller's."""
    return datetime.combine(day + timedelta(days=1), time(0), ZoneInfo(zone)).astimezone(UTC)


def fields_of(intent: Intent, places: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """What is written, but for the status: only what the source states. Where absence is wanted nothing but that."""
    document = intent.document
    fields: dict[str, Any] = {"reference_id": intent.number}
    if intent.verb is Verb.VOID:
        return fields
    fields |= {theirs: " ".join(str(document[ours]).split()) for ours, theirs in _STATED.items() if document.get(ours)}
    if "phone_number" in fields:
        fields["phone_number"] = re.sub(r"[\s().-]", "", fields["phone_number"])
    assigned = places.get(str(document.get("location") or ""))
    if assigned:
        fields["assigned_locations"] = {"assignment_type": "EXPLICIT_LOCATIONS", "location_ids": sorted(assigned)}
    elif intent.verb is Verb.CREATE:
        fields["assigned_locations"] = EVERYWHERE
    return fields


def unfit(fields: Mapping[str, Any], intent: Intent, of: str, places: Mapping[str, Sequence[str]]) -> Unpreparable | None:
    """What Square would not take, or what it would take for something else."""
    if intent.verb is Verb.VOID:
        return None
    for theirs, ours in (("given_name", "first_name"), ("family_name", "last_name")):
        if not fields.get(theirs):
            return unpreparable("MAP-REQUIRED", f"Square takes {of} only with first and last name.", "Fill it in at the source.", ours)
    if "phone_number" in fields and not _E164.fullmatch(fields["phone_number"]):
        say = f"The telephone number of {of} does not begin with + and the country's code, and Square takes no other."
        return unpreparable("MAP-TYPE", say, "Write it as +353 1 555 0100 at the source, or leave it out in the mapping.", "phone")
    place = str(intent.document.get("location") or "")
    if places and place and place not in places:
        say = f"{of} works at {place!r}, and the connection does not say which locations of Square that is."
        return unpreparable("MAP-LOOKUP", say, f"Add {place!r} to locations of the connection.", "location")
    return None
