"""The Gusto target over its API: how intents become calls, and what its answers mean."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from taps._kit.edge import Blocked, Edge, Lost, Reply
from taps._kit.surroundings import Surroundings
from taps.gusto import client
from taps.gusto.facts import ATTEMPT, FACTS, KEY, NUMBER
from targets._kit.bridge import bridge_of
from targets._kit.remote import Call, RemoteWriter, digest, refused, soon
from targets._kit.writer import (
    Answer,
    InDoubt,
    Intent,
    Metadata,
    NotSent,
    Payload,
    Period,
    Receipt,
    Sent,
    Unpreparable,
    Verb,
    unoffered,
    unpreparable,
)
from targets.gusto import people, sheets
from targets.gusto.config import GustoTargetConfig
from targets.gusto.people import Step

KINDS = ("employee", "time_entry")
_GONE = 404


class GustoWriter(RemoteWriter):
    """One Gusto connection in API mode."""

    facts = FACTS

    def __init__(self, config: GustoTargetConfig, home: Path) -> None:  # noqa: ARG002 (nothing of it lies in the home)
        super().__init__()
        self._config = config
        self._people: dict[str, dict[str, Any]] = {}
        self._departments: dict[str, str] = {}
        """uuid by title."""
        self._locations: list[str] = []
        self._periods: list[Period] = []

    def connect(self, around: Surroundings) -> Edge:
        """With tokens that are refreshed."""
        return client.connect(self._config, around)

    def hello(self) -> None:
        """Company, employees, departments and pay periods: what `prepare` needs of everything."""
        edge, company = self.edge, f"/companies/{self._config.company}"
        client.answered(edge.read(company), "the company")
        self._people = {each["uuid"]: each for page in client.employees(edge, self._config) for each in page.rows}
        self._departments = {
            each["title"]: each["uuid"] for each in client.answered(edge.read(f"{company}/departments"), "its departments")
        }
        locations = client.answered(edge.read(f"{company}/locations"), "its locations")
        self._locations = sorted(
            ", ".join(filter(None, (each.get("street_1"), each.get("city")))) for each in locations if each.get("active")
        )
        periods = client.answered(edge.read(f"{company}/pay_periods"), "its pay periods")
        self._periods = [
            Period(date.fromisoformat(each["start_date"]), date.fromisoformat(each["end_date"]), "locked" if done else "open")
            for each in periods
            for done in [bool((each.get("payroll") or {}).get("processed"))]
        ]

    def metadata(self) -> Metadata:
        """Departments and places of work that there are."""
        return Metadata({"departments": sorted(self._departments), "locations": self._locations})

    def periods(self) -> Sequence[Period]:
        """Pay periods; locked once their payroll was run."""
        return self._periods

    # ── prepare ──

    def prepare(self, intent: Intent) -> Payload | Unpreparable:
        """Reads what stands where something is changed, with its version."""
        of = f"{intent.subject.kind.replace('_', ' ')} {intent.number}"
        stopped = unoffered(FACTS, intent, of)
        if stopped is not None:
            return stopped
        if intent.verb is not Verb.CREATE and not (intent.booked and intent.remote_id):
            return unpreparable(
                "SEND-CHANGED", f"Nothing stands at Gusto for {of} that could be changed.", "Ask for a reconciliation of it."
            )
        return self._person(intent, of) if intent.subject.kind == "employee" else self._hours(intent, of)

    def _person(self, intent: Intent, of: str) -> Payload | Unpreparable:
        fields = people.wanted(intent)
        held = self._person_fault(intent, of, fields)
        if held is not None:
            return held
        person: Mapping[str, Any] | None = None
        if intent.remote_id:
            person = client.one(self.edge, f"/employees/{intent.remote_id}")
            if person is None and intent.verb is not Verb.VOID:
                say = f"{of} was deleted in Gusto since we wrote it."
                return unpreparable("SEND-CHANGED", say, "Enter the employee there again, or exclude it in the route.")
        elif known := people.same_email(self._people.values(), fields.get("work_email", "")):
            person = known[0]
        elif people.namesakes(self._people.values(), fields):
            say = f"Gusto has an employee of the same name as {of} already, and no work e-mail address tells whether it is the same person."
            return unpreparable("SEND-CHANGED", say, "Give both the same work e-mail address, or remove the double in Gusto.", "work_email")
        if intent.verb is Verb.VOID:
            made = people.removal(person, fields["leaves_on"])
        elif "leaves_on" in fields and not (person or {}).get("onboarded"):
            say = f"{of} has left, and never was onboarded in Gusto: there is nothing that could be ended."
            return unpreparable(
                "POST-RULE", say, "Exclude such leavers in the route; pay open hours in Gusto by hand.", "employment_status"
            )
        else:
            made = people.steps(fields, person, self._departments, self._config.company)
        body = {"id": person["uuid"] if person else intent.remote_id, "steps": made}
        return Payload(intent, body, people.print_of(fields, intent.number), Decimal(0), {})

    def _person_fault(self, intent: Intent, of: str, fields: Mapping[str, str]) -> Unpreparable | None:
        if intent.verb is Verb.VOID:
            return None
        for name in ("first_name", "last_name"):
            if name not in fields:
                return unpreparable("MAP-REQUIRED", f"Gusto takes {of} only with first and last name.", "Fill it in at the source.", name)
        department = fields.get("department")
        if department and department not in self._departments:
            say = f"{department!r} of {of} is no department of Gusto: {', '.join(sorted(self._departments)) or 'there is none'}."
            return unpreparable("MAP-LOOKUP", say, "Add it in Gusto, or correct it at the source.", "department")
        return None

    def _hours(self, intent: Intent, of: str) -> Payload | Unpreparable:
        standing = self._as_left(intent, of)
        if isinstance(standing, Unpreparable):
            return standing
        held = self._hours_fault(intent, of, first=not standing)
        if held is not None:
            return held
        synced = [sheet for sheet in standing if sheet.synced]
        open_ = next((sheet for sheet in standing if not sheet.synced), None)
        before = sheets.booked(intent.booked)
        if intent.verb is Verb.REVERSE and not standing and before:
            open_ = before[-1]  # gone already, of an attempt without an answer: to be told so is its answer
        desired = sheets.wanted(intent)
        left = sheets.rest(desired, synced)
        held = _payroll_took(of, left, nothing=not left and open_ is None and intent.verb is not Verb.CREATE)
        if held is not None:
            return held
        steps = [self._sheet_step(intent, left, open_, later=bool(synced))]
        predicted = sum(desired.values(), Decimal(0)) - sum((sheet.total for sheet in before), Decimal(0))
        body = {"steps": steps, "kept": [sheet.json() for sheet in synced]}
        return Payload(intent, body, digest([list(steps[0][:3]), intent.look_up_key]), predicted, bridge_of(intent))

    def _as_left(self, intent: Intent, of: str) -> list[sheets.Sheet] | Unpreparable:
        """Our sheets as they stand; a problem where somebody changed them."""
        found = []
        for left in sheets.booked(intent.booked):
            there = client.one(self.edge, f"/time_tracking/time_sheets/{left.uuid}")
            if there is None and intent.verb is Verb.REVERSE:
                continue  # what should be gone is gone
            if there is None or sheets.of(there).hours != left.hours:
                return _changed(of)
            found.append(sheets.of(there))
        return found

    def _hours_fault(self, intent: Intent, of: str, *, first: bool) -> Unpreparable | None:
        document = intent.document
        if intent.verb is Verb.REVERSE:
            return None
        if intent.document_type == "tip_payout" or "tips" in document:
            say = f"{of} is tips for payroll, which Gusto takes over its API only within a payroll."
            return unpreparable("POST-RULE", say, "Use file mode for tips, or enter them in Gusto as Paycheck Tips.")
        if document.get("status") == "open":
            return unpreparable("MAP-HELD", f"The hours of {of} are not approved yet.", "Approve them at the source.", "status")
        if "employee" not in intent.related:
            fix = "Send the employees to the same connection first, in a route with kind employee."
            return unpreparable("MAP-LOOKUP", f"The employee of {of} is not in Gusto.", fix, "employee_number")
        return self._first_fault(intent, of) if first else None

    def _first_fault(self, intent: Intent, of: str) -> Unpreparable | None:
        """What stands against hours that are not in Gusto yet."""
        if not sheets.wanted(intent):
            return unpreparable("POST-RULE", f"{of} has no hours.", "Exclude such documents in the route.", "regular_hours")
        day = date.fromisoformat(str(intent.document["business_date"]))
        if not any(each.status != "open" and each.start_on <= day <= each.end_on for each in self._periods):
            return None
        fix = "Pay these hours in the next payroll by hand, or date them into the open period."
        return unpreparable("POST-PERIOD", f"The payroll of the period of {of} ({day}) was run already.", fix, "business_date")

    def _sheet_step(self, intent: Intent, left: Mapping[str, Decimal], open_: sheets.Sheet | None, *, later: bool) -> Step:
        if not left and open_ is not None:
            return Step("DELETE", f"/time_tracking/time_sheets/{open_.uuid}", {"version": open_.version})
        employee = intent.related["employee"].remote_id if "employee" in intent.related else ""
        role = intent.document.get("role_code")
        jobs = (self._people.get(employee) or {}).get("jobs") or ()
        job = next((each["uuid"] for each in jobs if role and (each.get("title") or "").lower() == str(role).lower()), None)
        on = self._around.clock().astimezone(self._config.zone).date() if later else None
        body = sheets.body(intent, employee, job, left, open_.total if open_ else Decimal(0), on, self._config.zone)
        if open_ is None:
            return Step("POST", f"/companies/{self._config.company}/time_tracking/time_sheets", body)
        return Step("PUT", f"/time_tracking/time_sheets/{open_.uuid}", {"version": open_.version, **body})

    # ── send ──

    def calls(self, batch: Sequence[Payload]) -> Iterator[Call]:
        """The first call of each document; an employee's department and leaving follow when it was answered."""
        for payload in batch:
            yield self._call(payload, payload.body["steps"][0], payload.body.get("id") or "")

    def _call(self, payload: Payload, step: Step, remote_id: str) -> Call:
        if step.join:
            department = client.one(self.edge, f"/departments/{step.join}") or {}
            body = {"version": department.get("version", ""), "employees": [{"uuid": remote_id}]}
            return Call("PUT", f"/departments/{step.join}/add", (payload,), body)
        path = step.path.replace("{id}", remote_id)
        if step.method == "DELETE":
            return Call("DELETE", path, (payload,), None, step.body or {})
        return Call(step.method, path, (payload,), step.body)

    def judge(self, call: Call, reply: Reply) -> list[Answer]:
        """What somebody else changed meanwhile is prepared anew; what is gone already needs no deleting."""
        (payload,) = call.payloads
        refusal = self._refusal(call, reply, payload)
        if refusal is not None:
            return [refusal]
        if payload.intent.subject.kind == "time_entry":
            return [self._sheet_receipt(payload, reply)]
        return [self._person_receipt(payload, reply)]

    def _refusal(self, call: Call, reply: Reply, payload: Payload) -> Answer | None:
        if reply.good or (call.method == "DELETE" and reply.status == _GONE):
            return None
        intent = payload.intent
        if client.stale(reply):
            return NotSent(soon(self._around), f"{FACTS.title}: {intent.number} was changed at the same moment")
        return refused(FACTS.title, f"{intent.subject.kind.replace('_', ' ')} {intent.number}", client.reason(reply))

    def _person_receipt(self, payload: Payload, reply: Reply) -> Answer:
        """The further steps, and the employee as it stands then."""
        body = reply.body if isinstance(reply.body, Mapping) else {}
        remote_id = payload.body["id"] or body.get("uuid", "")
        for step in payload.body["steps"][1:]:
            call = self._call(payload, step, remote_id)
            outcome = self.edge.write(call.method, call.path, call.body, call.params)
            if isinstance(outcome, (Lost, Blocked)):
                return InDoubt(f"{FACTS.title}: {outcome.reason}")
            refusal = self._refusal(call, outcome, payload)
            if refusal is not None:
                return InDoubt(f"{FACTS.title}: half of it is written") if isinstance(refusal, NotSent) else refusal
        person = client.one(self.edge, f"/employees/{remote_id}")
        if person is None:
            self._people.pop(remote_id, None)
            return Receipt(remote_id, payload.intent.number, "", Decimal(0), {"version": ""})
        self._people[remote_id] = person
        return Receipt(remote_id, payload.intent.number, "", Decimal(0), {"version": person["version"]})

    def _sheet_receipt(self, payload: Payload, reply: Reply) -> Answer:
        intent = payload.intent
        key = (intent.booked or {}).get("key") or intent.look_up_key
        kept = payload.body["kept"]
        if isinstance(reply.body, Mapping) and "uuid" in reply.body:
            rows = [*kept, sheets.of(reply.body).json()]
            return _receipt(intent.remote_id or reply.body["uuid"], intent.number, key, rows, sheets.effect(reply.body))
        left = sum((sheet.total for sheet in sheets.booked({"sheets": kept})), Decimal(0))
        gone = sum((sheet.total for sheet in sheets.booked(intent.booked)), Decimal(0))
        return _receipt(intent.remote_id or "", intent.number, key, kept, left - gone)

    # ── look-up ──

    def look_up(self, sent: Sequence[Sent]) -> list[Receipt | None]:
        """Employees by their fields, time sheets by our marks among those that were changed since."""
        found: list[dict[str, Any]] = []
        if any(each.subject.kind == "employee" for each in sent):
            self._people = {each["uuid"]: each for page in client.employees(self.edge, self._config) for each in page.rows}
        if any(each.subject.kind == "time_entry" for each in sent):
            since = min(each.since for each in sent) - FACTS.cursor_overlap
            found = list(client.sheets(self.edge, self._config, since))
        return [self._person_found(each) if each.subject.kind == "employee" else self._sheet_found(each, found) for each in sent]

    def _person_found(self, sent: Sent) -> Receipt | None:
        for uuid, person in reversed(self._people.items()):
            if people.stands(person, sent.digest):
                return Receipt(uuid, str(person.get("employee_code") or ""), "", Decimal(0), {"version": person["version"]})
        return None

    def _sheet_found(self, sent: Sent, found: Sequence[dict[str, Any]]) -> Receipt | None:
        """A create by its key, a change by the attempt. A deleted sheet leaves no trace: absent, and deleting it again changes nothing."""
        for sheet in found:
            marks = sheet.get("metadata") or {}
            if marks.get(ATTEMPT) == sent.idempotency_key or (sent.verb is Verb.CREATE and marks.get(KEY) == sent.look_up_key):
                whole = sorted(self._ours(marks[KEY]), key=lambda each: (each["created_at"], each["uuid"]))
                rows = [sheets.of(each).json() for each in whole]
                return _receipt(whole[0]["uuid"], marks.get(NUMBER, ""), marks[KEY], rows, sheets.effect(sheet))
        return None

    def _ours(self, key: str) -> list[dict[str, Any]]:
        return [each for each in client.sheets(self.edge, self._config) if (each.get("metadata") or {}).get(KEY) == key]

    def read_back(self, since: datetime | None = None) -> Sequence[Receipt]:
        """Every employee (Gusto does not tell which ones are ours), and our time sheets by the thing they belong to."""
        receipts = [
            Receipt(each["uuid"], str(each.get("employee_code") or ""), "", Decimal(0), {"version": each["version"]})
            for page in client.employees(self.edge, self._config)
            for each in page.rows
        ]
        groups: dict[str, list[dict[str, Any]]] = {}
        for sheet in client.sheets(self.edge, self._config):
            if KEY in (sheet.get("metadata") or {}):
                groups.setdefault(sheet["metadata"][KEY], []).append(sheet)
        for key, group in groups.items():
            if since is None or max(datetime.fromisoformat(each["updated_at"]) for each in group) >= since:
                whole = sorted(group, key=lambda each: (each["created_at"], each["uuid"]))
                total = sum((sheets.of(each).total for each in whole), Decimal(0))
                rows = [sheets.of(each).json() for each in whole]
                receipts.append(_receipt(whole[0]["uuid"], whole[0]["metadata"].get(NUMBER, ""), key, rows, total))
        return receipts


def _receipt(remote_id: str, number: str, key: str, rows: list[Any], effect: Decimal) -> Receipt:
    return Receipt(remote_id, number, "HUR", effect, {"key": key, "sheets": rows})


def _payroll_took(of: str, left: Mapping[str, Decimal], *, nothing: bool) -> Unpreparable | None:
    """What can no longer be written because payroll took the hours."""
    fewer = " and ".join(f"{-amount} {kind.lower()}" for kind, amount in left.items() if amount < 0)
    if fewer:
        say = f"Payroll took {of} already, and {fewer} hours of it are to be taken back: Gusto takes no negative hours."
        return unpreparable("POST-PERIOD", say, "Correct it in Gusto's next payroll by hand, or use file mode.", "regular_hours")
    if nothing:
        say = f"Payroll took {of} already, and what was changed since then is not its hours."
        return unpreparable("POST-PERIOD", say, "Nothing can be written; correct it in Gusto by hand.")
    return None


def _changed(of: str) -> Unpreparable:
    say = f"The hours of {of} were changed or deleted in Gusto since we wrote them."
    return unpreparable("SEND-CHANGED", say, "Nothing is overwritten: put back in Gusto what was changed, or correct the source.")
