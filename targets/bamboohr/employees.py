"""From an employee of ours to the fields of BambooHR, and how a look-up knows what an attempt wrote.

BambooHR has no field for a key of ours. An employee is matched on our number; an attempt on its fields: the digest that is stored with it
says which fields it wrote (its first three digits) and a hash of them, so that it can be computed again from what stands there. Fields
are compared as people read them: without blanks at the ends, addresses in small letters, telephone numbers by their digits.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from taps.bamboohr.client import FIELDS
from targets._kit.remote import digest
from targets._kit.writer import Intent, Verb

_STATED = {
    "first_name": "firstName",
    "last_name": "lastName",
    "preferred_name": "preferredName",
    "work_email": "workEmail",
    "phone": "workPhone",
    "hire_date": "hireDate",
    "termination_date": "terminationDate",
    "department": "department",
    "location": "location",
    "job_title": "jobTitle",
}
"""Ours → theirs. No national id, birthday, address or pay is ever sent, whatever the source has."""


def fields_of(intent: Intent) -> dict[str, str]:
    """What is written: only what the source states; a leaver's status, and where absence is wanted nothing but that."""
    document = intent.document
    fields = {"employeeNumber": intent.number}
    if intent.verb in (Verb.VOID, Verb.REVERSE):
        fields["status"] = "Inactive"
        if document.get("termination_date"):
            fields["terminationDate"] = document["termination_date"]
        return fields
    fields |= {theirs: str(document[ours]) for ours, theirs in _STATED.items() if document.get(ours)}
    fields["status"] = "Active" if document.get("employment_status", "active") == "active" else "Inactive"
    return fields


def print_of(fields: Mapping[str, Any]) -> str:
    """The digest of these fields, with the fields that it is of."""
    mask = sum(1 << place for place, name in enumerate(FIELDS) if name in fields)
    return f"{mask:03x}" + digest([_plain(name, fields[name]) for name in FIELDS if name in fields])[:37]


def stands(person: Mapping[str, Any], wanted: str) -> bool:
    """Whether these fields of an employee are those of that digest."""
    return standing_print(person, wanted) == wanted


def standing_print(person: Mapping[str, Any], wanted: str) -> str:
    """The digest of what stands in the fields that another digest is of."""
    mask = int(wanted[:3], 16)
    return print_of({name: person.get(name) for place, name in enumerate(FIELDS) if mask >> place & 1})


def _plain(name: str, value: Any) -> str:
    text = " ".join(str(value or "").split())
    if name == "workEmail":
        return text.lower()
    return re.sub(r"\D", "", text) if name == "workPhone" else text
