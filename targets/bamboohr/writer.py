"""The BambooHR target: how intents become calls, and what its answers mean."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from taps._kit.edge import Edge, Reply
from taps._kit.surroundings import Surroundings
from taps.bamboohr import client
from taps.bamboohr.facts import FACTS, WINDOW
from taps.bamboohr.mark import Mark, attempt_of, key_of
from targets._kit.bridge import bridge_of
from targets._kit.remote import Call, RemoteWriter, digest, refused
from targets._kit.writer import Answer, Intent, Metadata, Payload, Period, Receipt, Sent, Unpreparable, Verb, unoffered, unpreparable
from targets.bamboohr import employees, hours
from targets.bamboohr.config import BambooTargetConfig

KINDS = ("employee", "time_entry")
_BEFORE_ALL = date(1970, 1, 1)
_EARLIER = timedelta(minutes=2)
"""How much earlier than an attempt its change is looked for: two clocks are never the same."""


class BambooWriter(RemoteWriter):
    """One BambooHR connection."""

    facts = FACTS

    def __init__(self, config: BambooTargetConfig, home: Path) -> None:  # noqa: ARG002 (nothing of it lies in the home)
        super().__init__()
        self._config = config
        self._lists: dict[str, tuple[str, ...]] = {}
        self._numbers: dict[str, list[str]] = {}
        """Ids by our number."""

    def connect(self, around: Surroundings) -> Edge:
        """Over https, with the key of the connection."""
        return client.connect(self._config, around)

    def hello(self) -> None:
        """The lists, and who has which number: what `prepare` needs of every employee."""
        self._lists = client.lists(self.edge)
        self._numbers = {}
        for row in client.report(self.edge, ("employeeNumber",)):
            if row.get("employeeNumber"):
                self._numbers.setdefault(row["employeeNumber"], []).append(str(row["id"]))

    def metadata(self) -> Metadata:
        """Departments, locations and job titles that there are."""
        shown = {"department": "departments", "location": "locations", "jobTitle": "job_titles"}
        return Metadata({shown[name]: list(values) for name, values in self._lists.items()})

    def periods(self) -> Sequence[Period]:
        """Hours of more than a year ago are closed."""
        return [Period(_BEFORE_ALL, self._oldest() - timedelta(days=1), "closed")]

    def _oldest(self) -> date:
        return self._around.clock().date() - WINDOW

    # ── prepare ──

    def prepare(self, intent: Intent) -> Payload | Unpreparable:
        """Reads what stands where something is changed: who finds it otherwise than it was left changes nothing."""
        of = f"{intent.subject.kind.replace('_', ' ')} {intent.number}"
        stopped = unoffered(FACTS, intent, of)
        if stopped is not None:
            return stopped
        if intent.verb is not Verb.CREATE and not (intent.booked and intent.remote_id):
            return unpreparable(
                "SEND-CHANGED", f"Nothing stands at BambooHR for {of} that could be changed.", "Ask for a reconciliation of it."
            )
        return self._person(intent, of) if intent.subject.kind == "employee" else self._hours(intent, of)

    def _person(self, intent: Intent, of: str) -> Payload | Unpreparable:
        fields = employees.fields_of(intent)
        if intent.verb is not Verb.VOID:
            for name, ours in (("firstName", "first_name"), ("lastName", "last_name")):
                if not fields.get(name):
                    return unpreparable(
                        "MAP-REQUIRED", f"BambooHR takes {of} only with first and last name.", "Fill it in at the source.", ours
                    )
            for name in client.LISTS:
                if fields.get(name) and self._lists[name] and fields[name] not in self._lists[name]:
                    say = f"{fields[name]!r} of {of} is no {name} of BambooHR: {', '.join(self._lists[name])}."
                    return unpreparable("MAP-LOOKUP", say, "Add it to the list in BambooHR, or correct it at the source.", name)
        found = [intent.remote_id] if intent.remote_id else self._numbers.get(intent.number, [])
        if len(found) > 1:
            say = f"BambooHR has {len(found)} employees with the number {intent.number}."
            return unpreparable("SEND-CHANGED", say, "Give each of them a number of its own in BambooHR.", "employee_number")
        if intent.booked:
            person = client.employee(self.edge, str(found[0]))
            if person is None or not employees.stands(person, intent.booked["print"]):
                say = f"{of} was changed or deleted in BambooHR since we wrote it."
                return unpreparable(
                    "SEND-CHANGED", say, "Nothing is overwritten: put back in BambooHR what was changed, or correct the source."
                )
        return Payload(intent, {"id": found[0] if found else None, "fields": fields}, employees.print_of(fields), Decimal(0), {})

    def _hours(self, intent: Intent, of: str) -> Payload | Unpreparable:
        held = self._hours_fault(intent, of)
        if held:
            return held
        booked = hours.standing(intent.booked)
        approved = False
        if booked:
            shown = self._shown({one.slot.day for one in booked}, {str(one.slot.employee) for one in booked})
            if any(row is None or Decimal(str(row["hours"])) != one.hours for one, row in ((one, shown.get(one.id)) for one in booked)):
                say = f"The hours of {of} were changed or deleted in BambooHR since we wrote them."
                return unpreparable(
                    "SEND-CHANGED", say, "Nothing is overwritten: put back in BambooHR what was changed, or correct the source."
                )
            approved = any(shown[one.id].get("approved") for one in booked)
        employee = int(intent.related["employee"].remote_id) if "employee" in intent.related else 0
        desired = hours.wanted(intent, employee, self._config.jobs)
        if intent.verb is Verb.REVERSE and not approved:
            body: dict[str, Any] = {"delete": [one.id for one in booked]}
        else:
            body = {"store": hours.changes(intent, desired, booked, self._around.clock().date() if approved else None)}
        predicted = sum(desired.values(), Decimal(0)) - sum((one.hours for one in booked), Decimal(0))
        return Payload(intent, body, digest([body, intent.look_up_key]), predicted, bridge_of(intent))

    def _hours_fault(self, intent: Intent, of: str) -> Unpreparable | None:
        if intent.verb is Verb.REVERSE:
            days = [date.fromisoformat(one.slot.day) for one in hours.standing(intent.booked)]
            return self._too_old(of, min(days)) if days and min(days) < self._oldest() else None
        if intent.document.get("status") == "open":
            return unpreparable("MAP-HELD", f"The hours of {of} are not approved yet.", "Approve them at the source.", "status")
        if "employee" not in intent.related:
            say = f"The employee of {of} is not in BambooHR."
            return unpreparable(
                "MAP-LOOKUP", say, "Send the employees to the same connection first, in a route with kind employee.", "employee_number"
            )
        day = date.fromisoformat(str(intent.document["business_date"]))
        return self._too_old(of, day) if day < self._oldest() else None

    def _too_old(self, of: str, day: date) -> Unpreparable:
        say = f"{of} is of {day}, and BambooHR takes hours of the last 365 days only."
        return unpreparable("POST-PERIOD", say, "Settle the difference in payroll by hand.", "business_date")

    def _shown(self, days: set[str], people: set[str]) -> dict[int, dict[str, Any]]:
        """Entries of these days and people, by id; nothing of what is too old to be shown."""
        start = max(date.fromisoformat(min(days)), self._oldest())
        end = date.fromisoformat(max(days))
        return {row["id"]: row for row in client.entries(self.edge, start, end, people)} if start <= end else {}

    # ── send ──

    def calls(self, batch: Sequence[Payload]) -> Iterator[Call]:
        """One for each document: a refusal of many does not say whom it means."""
        for payload in batch:
            body = payload.body
            if "fields" in body:
                yield Call("POST", f"/employees/{body['id']}" if body["id"] else "/employees", (payload,), body["fields"])
            elif "delete" in body:
                yield Call("POST", "/time_tracking/hour_entries/delete", (payload,), {"hourEntryIds": body["delete"]})
            else:
                yield Call("POST", "/time_tracking/hour_entries/store", (payload,), {"hours": body["store"]})

    def judge(self, call: Call, reply: Reply) -> list[Answer]:
        """Good answers are read back: an employee by its id, hours from the answer itself, deleted ones by what is left."""
        (payload,) = call.payloads
        intent = payload.intent
        if not reply.good:
            of = f"{intent.subject.kind.replace('_', ' ')} {intent.number}"
            return [refused(FACTS.title, of, client.reason(reply))]
        if "fields" in payload.body:
            return [self._hired(payload, reply)]
        if "delete" in payload.body:
            return [self._deleted(intent)]
        touched = {row["id"]: row for row in reply.body}
        kept = [one for one in hours.standing(intent.booked) if one.id not in touched]
        key = (intent.booked or {}).get("key") or key_of(intent.look_up_key)
        return [_hours_receipt(intent.number, key, [*kept, *hours.read(reply.body)], hours.effect(reply.body))]

    def _hired(self, payload: Payload, reply: Reply) -> Answer:
        number = payload.intent.number
        remote_id = payload.body["id"] or _last_number(reply.headers.get("location", ""))
        person = client.employee(self.edge, remote_id) or {}
        self._numbers[number] = sorted({*self._numbers.get(number, ()), remote_id})
        return _person_receipt(remote_id, person, payload.digest)

    def _deleted(self, intent: Intent) -> Answer:
        booked = hours.standing(intent.booked)
        shown = self._shown({one.slot.day for one in booked}, {str(one.slot.employee) for one in booked})
        left = [one._replace(hours=Decimal(str(shown[one.id]["hours"]))) for one in booked if one.id in shown]
        effect = sum((one.hours for one in left), Decimal(0)) - sum((one.hours for one in booked), Decimal(0))
        receipt = _hours_receipt(intent.number, (intent.booked or {})["key"], left, effect)
        return receipt._replace(remote_id=intent.remote_id or "")

    # ── look-up ──

    def look_up(self, sent: Sequence[Sent]) -> list[Receipt | None]:
        """Employees among those that were changed since, by their fields; hours by our mark."""
        people = [each for each in sent if each.subject.kind == "employee"]
        changed: dict[str, dict[str, Any]] = {}
        if people:
            since = min(each.since for each in people) - _EARLIER
            ids = [row[0] for row in client.changed(self.edge, since) if row[1] != "Deleted"]
            found = ((each, client.employee(self.edge, each)) for each in ids)
            changed = {each: person for each, person in found if person is not None}
        rows = self._ours() if len(people) < len(sent) else []
        return [_person_found(each, changed) if each.subject.kind == "employee" else _hours_found(each, rows) for each in sent]

    def _ours(self) -> list[dict[str, Any]]:
        """Every entry with our mark that can still be seen."""
        rows = client.entries(self.edge, self._oldest(), self._around.clock().date() + timedelta(days=1))
        return [row for row in rows if Mark.of(row.get("note"))]

    def read_back(self, since: datetime | None = None) -> Sequence[Receipt]:
        """Employees with a number, and hours with our mark by the thing they belong to; changed since then, if said."""
        instants = {row[0]: datetime.fromisoformat(row[2]) for row in client.changed(self.edge, since)} if since else None
        people = [
            _person_receipt(str(row["id"]), row, "")
            for row in client.report(self.edge, client.FIELDS, instants and list(instants))
            if row.get("employeeNumber")
        ] if instants is None or instants else []  # fmt: skip
        groups: dict[str, list[dict[str, Any]]] = {}
        for row in self._ours():
            groups.setdefault(Mark.of(row["note"]).key, []).append(row)  # type: ignore[union-attr]
        for key, rows in groups.items():
            newest = max(datetime.fromisoformat(row.get("updatedAt") or row["createdAt"]) for row in rows)
            if since is None or newest >= since:
                standing = hours.read(rows)
                people.append(_hours_receipt(_number(rows), key, standing, sum((one.hours for one in standing), Decimal(0))))
        return people


def _person_receipt(remote_id: str, person: Mapping[str, Any], wanted: str) -> Receipt:
    """An employee as it stands; of its fields only a hash is kept."""
    number = str(person.get("employeeNumber") or "")
    return Receipt(remote_id, number, "", Decimal(0), {"print": employees.standing_print(person, wanted or "001")})


def _hours_receipt(number: str, key: str, standing: Sequence[hours.Standing], effect: Decimal) -> Receipt:
    first = min((one.id for one in standing), default=0)
    total = sum((one.hours for one in standing), Decimal(0))
    body = {"key": key, "entries": [one.json() for one in standing], "hours": str(total)}
    return Receipt(str(first), number, "HUR", effect, body)


def _person_found(sent: Sent, changed: Mapping[str, Mapping[str, Any]]) -> Receipt | None:
    for remote_id, person in changed.items():
        if employees.stands(person, sent.digest):
            return _person_receipt(remote_id, person, sent.digest)
    return None


def _hours_found(sent: Sent, rows: Sequence[dict[str, Any]]) -> Receipt | None:
    """A create by its key, so that no earlier try is missed; a change by the attempt.

    Deleted hours leave no trace: they are absent, and deleting them again changes nothing.
    """
    attempt, key = attempt_of(sent.idempotency_key), key_of(sent.look_up_key)
    mine = [
        row
        for row in rows
        if (mark := Mark.of(row["note"])) and (mark.attempt == attempt or (sent.verb is Verb.CREATE and mark.key == key))
    ]
    if not mine:
        return None
    own = Mark.of(mine[0]["note"]).key  # type: ignore[union-attr]
    whole = [row for row in rows if (mark := Mark.of(row["note"])) and mark.key == own]
    return _hours_receipt(_number(mine), own, hours.read(whole), hours.effect(mine))


def _number(rows: Sequence[Mapping[str, Any]]) -> str:
    return str(rows[0]["note"]).rsplit(" · cf ", 1)[0].rsplit(" ", 1)[0]


def _last_number(location: str) -> str:
    """The id at the end of the address of a new employee."""
    found: list[str] = re.findall(r"\d+", location)
    return found[-1] if found else ""
