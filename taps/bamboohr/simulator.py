"""A BambooHR of our own: employees, lists, time sheets, as its specification tells. [K] marks a rule that nobody has confirmed."""

from __future__ import annotations

import base64
import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from taps._kit.simulator import Clock, Request, Response, Simulator
from taps.bamboohr.client import LISTS

_API = "/api/v1"
_WINDOW = timedelta(days=365)
_DAY = Decimal(24)


class BambooSimulator(Simulator):
    """One company. `seed_employee` and `seed_hours` are what people typed by hand; `approve` closes time sheets."""

    def __init__(self, *, key: str = "bamboo-key", clock: Clock | None = None) -> None:
        super().__init__(clock=clock)
        self._key = key
        self.employees: dict[int, dict[str, Any]] = {}
        self.history: dict[int, tuple[str, datetime]] = {}
        """By id: Inserted, Updated or Deleted, and when."""
        self.entries: dict[int, dict[str, Any]] = {}
        self.lists: dict[str, list[str]] = {
            "department": ["Bar", "Kitchen"],
            "location": ["Dublin", "Cork"],
            "jobTitle": ["Cook", "Waiter"],
        }
        self.projects: dict[int, set[int]] = {12: {3, 4}}
        """Projects with their tasks."""
        self._next = 100
        for method, path, handler in (
            ("GET", "/meta/lists", self._lists),
            ("GET", "/employees/changed", self._changed),
            ("POST", "/reports/custom", self._report),
            ("POST", "/employees", self._hire),
            ("GET", "/employees/{id}", self._employee),
            ("POST", "/employees/{id}", self._change),
            ("GET", "/time_tracking/timesheet_entries", self._timesheets),
            ("POST", "/time_tracking/hour_entries/store", self._store),
            ("POST", "/time_tracking/hour_entries/delete", self._delete),
        ):
            self.route(method, _API + path, handler)

    # ── what people do by hand ──

    def seed_employee(self, **fields: Any) -> int:
        """Somebody types an employee; the id."""
        number = self._id()
        self.employees[number] = {"status": "Active", **fields}
        self._touch(number, "Inserted")
        return number

    def edit_employee(self, number: int, **fields: Any) -> None:
        """Somebody changes an employee."""
        self.employees[number].update(fields)
        self._touch(number, "Updated")

    def remove_employee(self, number: int) -> None:
        """Somebody deletes an employee for good."""
        del self.employees[number]
        self._touch(number, "Deleted")

    def seed_hours(self, employee: int, day: date, hours: str, note: str = "") -> int:
        """Somebody types hours; the id."""
        number = self._id()
        self.entries[number] = self._entry(number, employee, day, Decimal(hours), note, None)
        return number

    def approve(self, day: date) -> None:
        """A manager approves everything of that day."""
        for entry in self.entries.values():
            if entry["date"] == day.isoformat():
                entry.update(approved=True, approvedAt=_instant(self.clock()), updatedAt=_instant(self.clock()))

    # ── the door ──

    def before(self, request: Request) -> Response | None:
        """Basic log-in with the key as its user (basic: the only scheme that every one of these calls allows)."""
        expected = base64.b64encode(f"{self._key}:x".encode()).decode()
        return None if request.headers.get("authorization") == f"Basic {expected}" else self.unauthorized(request)

    def unauthorized(self, _request: Request) -> Response:
        """As ProblemDetailsResponse."""
        return _problem(401, "Unauthorized", "Invalid API credentials.")

    def missing(self, _request: Request) -> Response:
        """As ProblemDetailsResponse."""
        return _problem(404, "Not Found", "There is no such address.")

    # ── employees ──

    def _lists(self, _request: Request) -> Response:
        return Response(
            200,
            [
                {
                    "fieldId": str(place),
                    "name": name.capitalize(),
                    "alias": name,
                    "manageable": "yes",
                    "multiple": "no",
                    "options": [{"id": at, "name": value, "archived": "no"} for at, value in enumerate(self.lists[name], 1)],
                }
                for place, name in enumerate(LISTS, 4)
            ],
        )

    def _changed(self, request: Request) -> Response:
        """ISO 8601 only; deleted ones too (get-changed-employee-ids)."""
        try:
            since = datetime.fromisoformat(request.query["since"])
        except (KeyError, ValueError):
            return _wordless(400, "The since parameter is no ISO 8601 date.")
        found = {
            str(number): {"id": str(number), "action": action, "lastChanged": _instant(at)}
            for number, (action, at) in self.history.items()
            if at.replace(microsecond=0) >= since
        }
        return Response(200, {"latest": max((row["lastChanged"] for row in found.values()), default=_instant(since)), "employees": found})

    def _report(self, request: Request) -> Response:
        """All employees whatever their status; unknown fields are left out without a word (request-custom-report)."""
        if request.headers.get("content-type") != "application/json":
            return _wordless(400, "Malformed XML")
        ids = (request.body.get("filters") or {}).get("employeeIds")
        rows = [
            {"id": str(number), **{name: person.get(name) or "" for name in request.body["fields"]}}
            for number, person in sorted(self.employees.items())
            if ids is None or number in ids
        ]
        fields = [{"id": name, "type": "text", "name": name} for name in request.body["fields"]]
        return Response(200, {"title": request.body.get("title", ""), "fields": fields, "employees": rows})

    def _hire(self, request: Request) -> Response:
        """201 without a body, the id in Location; errors without a body and the reason in a header (create-employee)."""
        body = request.body if isinstance(request.body, dict) else {}
        if not body.get("firstName") or not body.get("lastName"):
            return _wordless(400, "First and last name are required")
        wrong = self._invalid(body, None)
        if wrong:
            return _wordless(409, wrong)
        number = self._id()
        self.employees[number] = {"status": "Active", **body}
        self._touch(number, "Inserted")
        return Response(201, None, {"location": f"https://acme.bamboohr.com/employees/employee.php?id={number}"})

    def _employee(self, request: Request, id: str) -> Response:  # noqa: A002 (the vendor's own name)
        person = self.employees.get(int(id))
        if person is None:
            return _wordless(404, "Employee not found")
        names = request.query.get("fields", "firstName,lastName").split(",")
        return Response(200, {"id": id, **{name: person.get(name) for name in names}})

    def _change(self, request: Request, id: str) -> Response:  # noqa: A002
        """Only what is named is changed; no body in the answer (update-employee)."""
        if int(id) not in self.employees:
            return _wordless(404, "Employee not found")
        wrong = self._invalid(request.body, int(id))
        if wrong:
            return _wordless(409, wrong)
        self.employees[int(id)].update(request.body)
        self._touch(int(id), "Updated")
        return Response(200)

    def _invalid(self, body: dict[str, Any], own: int | None) -> str:
        """409: a field was given an invalid value, e.g. an e-mail address that another employee has (update-employee)."""
        for name in LISTS:
            if body.get(name) and body[name] not in self.lists[name]:
                return f"{body[name]} is no value of {name}"
        email = body.get("workEmail")
        taken = email and any(person.get("workEmail") == email for number, person in self.employees.items() if number != own)
        return "The work email is used by another employee" if taken else ""

    # ── hours ──

    def _timesheets(self, request: Request) -> Response:
        """Dates must fall within the last 365 days (list-timesheet-entries)."""
        start, end = date.fromisoformat(request.query["start"]), date.fromisoformat(request.query["end"])
        if self._too_old(start) or end < start:
            return _problem(400, "Bad Request", "Dates must fall within the last 365 days.")
        wanted = {int(each) for each in request.query.get("employeeIds", "").split(",") if each}
        rows = [
            entry
            for entry in self.entries.values()
            if start.isoformat() <= entry["date"] <= end.isoformat() and (not wanted or entry["employeeId"] in wanted)
        ]
        return Response(200, rows)

    def _store(self, request: Request) -> Response:
        """Creates without, changes with an id; all or nothing [K]. Negative hours correct an earlier day, 0 empties an entry [K]."""
        hours = request.body.get("hours", []) if isinstance(request.body, dict) else []
        for each in hours:
            refusal = self._hour_refusal(each)
            if refusal:
                return refusal
        answer = []
        for each in hours:
            number = each.get("id") or self._id()
            before = self.entries.get(number)
            made = self._entry(
                number, each["employeeId"], date.fromisoformat(each["date"]), each["hours"], each.get("note", ""), each.get("projectId")
            )
            if before:
                made.update(createdAt=before["createdAt"], updatedAt=_instant(self.clock()))
            if each.get("projectId") and each.get("taskId"):
                made["projectInfo"]["task"] = {"id": each["taskId"], "name": f"Task {each['taskId']}"}
            self.entries[number] = made
            shown = ("id", "employeeId", "type", "date", "start", "end", "timezone", "hours", "note", "projectInfo")
            answer.append({name: made[name] for name in shown} | {"breakInfo": None})
        return Response(201, answer)

    def _hour_refusal(self, each: dict[str, Any]) -> Response | None:
        standing = self.entries.get(each.get("id", 0))
        if each.get("employeeId") not in self.employees:
            return _problem(404, "Not Found", "Employee not found.")
        if each.get("id") and standing is None:
            return _problem(404, "Not Found", "Timesheet entry not found.")
        if standing and standing["approved"]:  # [K]: that an approved sheet stands still
            return _problem(409, "Conflict", "The timesheet is approved.")
        if self._too_old(date.fromisoformat(each["date"])):
            return _problem(400, "Bad Request", "Dates must fall within the last 365 days.")
        project, task = each.get("projectId"), each.get("taskId")
        if (project and project not in self.projects) or (task and task not in self.projects.get(project or 0, ())):
            return _problem(400, "Bad Request", "Invalid project or task.")
        too_many = abs(Decimal(each["hours"])) > _DAY
        return _problem(400, "Bad Request", "A day has 24 hours.", hours="must be at most 24") if too_many else None

    def _delete(self, request: Request) -> Response:
        """Idempotent: what is gone already is no error (delete-timesheet-hour-entries-via-post)."""
        ids = request.body.get("hourEntryIds") if isinstance(request.body, dict) else None
        if not ids:
            return _problem(400, "Bad Request", "hourEntryIds is missing.")
        if any(self.entries[each]["approved"] for each in ids if each in self.entries):
            return _problem(409, "Conflict", "The timesheet is approved.")
        for each in ids:
            self.entries.pop(each, None)
        return Response(204)

    # ── small parts ──

    def _entry(self, number: int, employee: int, day: date, hours: Decimal, note: str, project: int | None) -> dict[str, Any]:
        return {
            "id": number,
            "employeeId": employee,
            "type": "hour",
            "date": day.isoformat(),
            "start": None,
            "end": None,
            "timezone": None,
            "hours": hours,
            "note": note,
            "projectInfo": {"project": {"id": project, "name": f"Project {project}"}, "task": None} if project else None,
            "approvedAt": None,
            "approved": False,
            "createdAt": _instant(self.clock()),
            "updatedAt": None,
        }

    def _too_old(self, day: date) -> bool:
        return day <= self.clock().date() - _WINDOW

    def _id(self) -> int:
        self._next += 1
        return self._next

    def _touch(self, number: int, action: str) -> None:
        self.history[number] = (action, self.clock())


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S+00:00")


def _problem(status: int, title: str, detail: str, **fields: str) -> Response:
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    return Response(status, body | ({"fields": fields} if fields else {}))


def _wordless(status: int, said: str) -> Response:
    """No body; the reason stands in a header (vendors.md: 400 may have an empty body with x-bamboohr-error-message)."""
    return Response(status, None, {"x-bamboohr-error-message": re.sub(r"\s+", " ", said)})
