"""From an employee of ours to the calls that bring Gusto there, and how a look-up knows what an attempt wrote.

Gusto has no field for our number or key. What an attempt wrote is told by its fields: the digest that is stored with it says which ones
(two digits), a hash of their values (26), and a hash of the number (12), which Gusto cannot show. Whoever stands there already is taken
on by the work e-mail address.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Any, NamedTuple

from targets._kit.remote import digest
from targets._kit.writer import Intent, Verb

_STATED = {"first_name": "first_name", "last_name": "last_name", "preferred_name": "preferred_first_name", "work_email": "work_email"}
"""Ours → theirs. Birthday, social security number, address and pay are the employee's and the payroll's own business."""
FIELDS = (*_STATED.values(), "department", "leaves_on")
"""What is compared. The order is part of stored digests: add at the end only."""


class Step(NamedTuple):
    """One call. `{id}` in the path is the employee's uuid; `join` is a department, whose version is read just before."""

    method: str
    path: str
    body: dict[str, Any] | None
    join: str = ""


def wanted(intent: Intent) -> dict[str, str]:
    """What should stand: only what the source states."""
    document = intent.document
    fields = {theirs: str(document[ours]) for ours, theirs in _STATED.items() if document.get(ours)}
    if intent.verb is Verb.VOID or document.get("employment_status") == "terminated":
        fields["leaves_on"] = str(document.get("termination_date") or intent.date)
    if document.get("department") and intent.verb is not Verb.VOID:
        fields["department"] = str(document["department"])
    return fields


def standing(person: Mapping[str, Any]) -> dict[str, str | None]:
    """The same fields, as they stand."""
    leaving = [each.get("effective_date") for each in person.get("terminations") or ()]
    return {
        **{name: person.get(name) for name in _STATED.values()},
        "department": person.get("department"),
        "leaves_on": (leaving or [None])[-1],
    }


def print_of(fields: Mapping[str, Any], number: str) -> str:
    """The digest of these fields and that number."""
    mask = sum(1 << place for place, name in enumerate(FIELDS) if name in fields)
    plain = [_plain(name, fields[name]) for name in FIELDS if name in fields]
    return f"{mask:02x}{digest(plain)[:26]}{sha256(number.encode()).hexdigest()[:12]}"


def stands(person: Mapping[str, Any], said: str) -> bool:
    """Whether an employee's fields are those of that digest."""
    mask = int(said[:2], 16)
    there = standing(person)
    fields = {name: there[name] for place, name in enumerate(FIELDS) if mask >> place & 1}
    return print_of(fields, "")[:28] == said[:28]


def _plain(name: str, value: Any) -> str:
    text = " ".join(str(value or "").split())
    return text.lower() if name == "work_email" else text


def same_email(people: Iterable[Mapping[str, Any]], email: str) -> list[Mapping[str, Any]]:
    """Who has that work e-mail address."""
    return [each for each in people if email and _plain("work_email", each.get("work_email")) == _plain("work_email", email)]


def namesakes(people: Iterable[Mapping[str, Any]], fields: Mapping[str, str]) -> list[Mapping[str, Any]]:
    """Who is called the same and has not left, unless two addresses tell them apart."""
    name = (fields.get("first_name"), fields.get("last_name"))
    same = [each for each in people if (each.get("first_name"), each.get("last_name")) == name and not each.get("terminated")]
    return [each for each in same if not (fields.get("work_email") and each.get("work_email"))]


def removal(person: Mapping[str, Any] | None, leaves_on: str) -> list[Step]:
    """An employee whom the source no longer has: terminated; or deleted, for who was never onboarded cannot be terminated."""
    if person is None or not person.get("onboarded"):
        return [Step("DELETE", "/employees/{id}", None)]
    return steps({"leaves_on": leaves_on}, person, {}, "")


def steps(fields: Mapping[str, str], person: Mapping[str, Any] | None, departments: Mapping[str, str], company: str) -> list[Step]:
    """The calls from what stands to what is wanted, the first one for certain; only what differs is written."""
    plain = {name: value for name, value in fields.items() if name not in ("department", "leaves_on")}
    there = standing(person) if person else {}
    made: list[Step] = []
    if person is None:
        made.append(Step("POST", f"/companies/{company}/employees", {**plain, "self_onboarding": False}))
    leaving = fields.get("leaves_on")
    if person and any(there[name] != value for name, value in plain.items()):
        made.append(Step("PUT", "/employees/{id}", {"version": person["version"], **plain}))
    if fields.get("department") and there.get("department") != fields["department"]:
        made.append(Step("PUT", "", None, departments[fields["department"]]))
    if leaving and not there.get("leaves_on"):
        made.append(Step("POST", "/employees/{id}/terminations", {"effective_date": leaving, "run_termination_payroll": False}))
    if not made and person:
        made.append(Step("PUT", "/employees/{id}", {"version": person["version"], **plain}))
    return made
