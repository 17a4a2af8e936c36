"""From an employee of ours to the fields of BambooHR, and how a look-up knows what an attempt wrote.

BambooHR has no field for a key of ours: an employee is matched on our number, an attempt on the fields that it wrote. They are compared
without blanks at the ends, addresses in small letters, telephone numbers by their digits.
"""

from __future__ import annotations

import re
from typing import Any

from taps.bamboohr.client import FIELDS
from targets._kit.prints import Prints
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


def _plain(name: str, value: Any) -> str:
    text = " ".join(str(value or "").split())
    if name == "workEmail":
        return text.lower()
    return re.sub(r"\D", "", text) if name == "workPhone" else text


_PRINTS = Prints(FIELDS, _plain)
print_of, stands, standing_print = _PRINTS.of, _PRINTS.stands, _PRINTS.standing
"""The digest of fields, whether they stand, and the digest of what stands."""
