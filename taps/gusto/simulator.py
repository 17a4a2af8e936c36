"""A Gusto of our own: tokens that rotate, employees, departments, time sheets, payrolls. [K] marks a rule that nobody has confirmed."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from taps._kit.simulator import Clock, Request, Response, Simulator
from taps.gusto.facts import FACTS

COMPANY = "c0000000-0000-4000-8000-000000000001"
_V1 = "/v1"
_LIFE = timedelta(hours=2)
_LEAST = Decimal("0.001")
_FIELDS = ("first_name", "middle_initial", "last_name", "email", "work_email", "preferred_first_name")


class GustoSimulator(Simulator):
    """One company. `seed_…` is what people enter by hand; `process` runs the payroll of a period and closes its time sheets."""

    def __init__(self, *, clock: Clock | None = None) -> None:
        super().__init__(clock=clock)
        self.refresh_token = "refresh-1"  # noqa: S105 (a simulator's)
        self.client = ("app", "app-secret")
        self._access = {"access-0": self.clock() + _LIFE}
        self._calls: deque[datetime] = deque()
        self._next = 0
        self.employees: dict[str, dict[str, Any]] = {}
        self.departments: dict[str, dict[str, Any]] = {}
        self.sheets: dict[str, dict[str, Any]] = {}
        self.payrolls: dict[str, dict[str, Any]] = {}
        for method, path, handler in (
            ("GET", "/companies/{company}", self._company),
            ("GET", "/companies/{company}/employees", self._employees),
            ("POST", "/companies/{company}/employees", self._hire),
            ("GET", "/employees/{uuid}", self._employee),
            ("PUT", "/employees/{uuid}", self._change),
            ("DELETE", "/employees/{uuid}", self._unhire),
            ("POST", "/employees/{uuid}/terminations", self._terminate),
            ("GET", "/companies/{company}/departments", self._departments),
            ("GET", "/departments/{uuid}", self._department),
            ("GET", "/companies/{company}/locations", self._locations),
            ("PUT", "/departments/{uuid}/add", self._join),
            ("GET", "/companies/{company}/pay_periods", self._pay_periods),
            ("GET", "/companies/{company}/payrolls", self._payrolls),
            ("GET", "/companies/{company}/payrolls/{uuid}", self._payroll),
            ("GET", "/companies/{company}/time_tracking/time_sheets", self._sheets),
            ("POST", "/companies/{company}/time_tracking/time_sheets", self._enter),
            ("GET", "/time_tracking/time_sheets/{uuid}", self._sheet),
            ("PUT", "/time_tracking/time_sheets/{uuid}", self._correct),
            ("DELETE", "/time_tracking/time_sheets/{uuid}", self._drop),
        ):
            self.route(method, _V1 + path, handler)
        self.route("POST", "/oauth/token", self._token)

    # ── what people do by hand ──

    def seed_employee(self, first: str, last: str, *, work_email: str | None = None, jobs: tuple[str, ...] = ("Cook",)) -> str:
        """Somebody enters an employee who has finished onboarding; the uuid."""
        uuid = self._uuid("e")
        made = self._new_employee(uuid, {"first_name": first, "last_name": last, "work_email": work_email})
        made["onboarded"], made["onboarding_status"] = True, "onboarding_completed"
        made["jobs"] = [{"uuid": self._uuid("a"), "title": title, "primary": place == 0} for place, title in enumerate(jobs)]
        return uuid

    def edit_employee(self, uuid: str, **fields: Any) -> None:
        """Somebody changes an employee."""
        self._touch(self.employees[uuid] | fields, self.employees)

    def remove_employee(self, uuid: str) -> None:
        """Somebody deletes an employee who never started."""
        del self.employees[uuid]

    def seed_department(self, title: str) -> str:
        """Somebody makes a department; the uuid."""
        uuid = self._uuid("d")
        self._touch({"uuid": uuid, "company_uuid": COMPANY, "title": title, "employees": [], "contractors": []}, self.departments)
        return uuid

    def seed_payroll(self, start: date, end: date, check: date) -> str:
        """A pay period with its payroll, not run yet; the uuid."""
        uuid = self._uuid("b")
        self.payrolls[uuid] = {"start": start, "end": end, "check": check, "processed": False, "rows": []}
        return uuid

    def process(self, uuid: str, rows: list[dict[str, Any]] | None = None) -> None:
        """Run a payroll: its time sheets are synced and stand still."""
        payroll = self.payrolls[uuid]
        payroll["processed"], payroll["rows"] = True, rows or []
        for sheet in list(self.sheets.values()):
            if payroll["start"].isoformat() <= sheet["shift_started_at"][:10] <= payroll["end"].isoformat():
                self._touch({**sheet, "synced_to_payroll_at": _instant(self.clock())}, self.sheets)

    def edit_sheet(self, uuid: str, hours: str) -> None:
        """Somebody corrects the regular hours of a time sheet."""
        entries = [{**entry, "hours_worked": _hours(Decimal(hours))} for entry in self.sheets[uuid]["entries"][:1]]
        self._touch({**self.sheets[uuid], "entries": entries, "updated_at": _instant(self.clock())}, self.sheets)

    # ── the door ──

    def before(self, request: Request) -> Response | None:
        """A bearer token of at most two hours, the version of the API (406), 200 calls a minute (429)."""
        if request.path == "/oauth/token":
            return None
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        if self._access.get(token, self.clock()) <= self.clock():
            return self.unauthorized(request)
        if request.headers.get("x-gusto-api-version", "") < FACTS.api_version:
            return _error(406, "version", "not_acceptable", "This API version is not supported.")
        limit = FACTS.limits[0]
        while self._calls and self._calls[0] <= self.clock() - limit.window:
            self._calls.popleft()
        if len(self._calls) >= limit.calls:
            wait = (self._calls[0] + limit.window - self.clock()).total_seconds()
            return Response(429, {"message": "rate limit"}, {"retry-after": str(int(wait) + 1)})
        self._calls.append(self.clock())
        return None

    def unauthorized(self, request: Request) -> Response:
        """The token is gone from here on."""
        self._access.pop(request.headers.get("authorization", "").removeprefix("Bearer "), None)
        return _error(401, "base", "unauthorized", "The access token is invalid.")

    def missing(self, _request: Request) -> Response:
        """Not-Found-Error-Object."""
        return _error(404, "request", "not_found", "The requested resource was not found.")

    def _token(self, request: Request) -> Response:
        """A refresh gives a new refresh token; the old one is refused from then on (Refresh-Token-Authentication)."""
        body = request.body if isinstance(request.body, dict) else {}
        if (body.get("client_id"), body.get("client_secret")) != self.client or body.get("refresh_token") != self.refresh_token:
            return Response(401, {"error": "invalid_grant"})
        self._next += 1
        access, self.refresh_token = f"access-{self._next}", f"refresh-{self._next + 1}"
        self._access[access] = self.clock() + _LIFE
        seconds = int(self.clock().timestamp())
        answer = {"access_token": access, "token_type": "Bearer", "expires_in": 7200, "created_at": seconds}
        return Response(200, {**answer, "refresh_token": self.refresh_token, "scope": "public"})

    def _company(self, _request: Request, company: str) -> Response:
        return Response(200, {"uuid": company, "name": "Acme"}) if company == COMPANY else self.missing(_request)

    # ── employees ──

    def _employees(self, request: Request, company: str) -> Response:
        return self._paged(request, list(self.employees.values()) if company == COMPANY else [])

    def _employee(self, request: Request, uuid: str) -> Response:
        return Response(200, self.employees[uuid]) if uuid in self.employees else self.missing(request)

    def _hire(self, request: Request, company: str) -> Response:  # noqa: ARG002 (one company)
        wrong = self._invalid(request.body, None)
        return wrong or Response(201, self._new_employee(self._uuid("e"), request.body))

    def _change(self, request: Request, uuid: str) -> Response:
        """409 where `version` is not the current one (idempotency guide); only what is named is changed."""
        if uuid not in self.employees:
            return self.missing(request)
        if request.body.get("version") != self.employees[uuid]["version"]:
            return _error(409, "version", "invalid_resource_version", "The version is not the latest one.")
        wrong = self._invalid({**self.employees[uuid], **request.body}, uuid)
        changed = {name: value for name, value in request.body.items() if name != "version"}
        return wrong or Response(200, self._touch({**self.employees[uuid], **changed}, self.employees))

    def _unhire(self, request: Request, uuid: str) -> Response:
        """Only an employee who is still onboarding can be deleted."""
        if uuid not in self.employees:
            return self.missing(request)
        if self.employees[uuid]["onboarded"]:
            return _error(422, "base", "invalid_operation", "An onboarded employee cannot be deleted.")
        del self.employees[uuid]
        return Response(204)

    def _terminate(self, request: Request, uuid: str) -> Response:
        """One termination at a time; somebody who never was onboarded cannot be terminated [K]."""
        person = self.employees.get(uuid)
        if person is None:
            return self.missing(request)
        if person["terminations"] or not person["onboarded"]:
            said = "already has a termination" if person["terminations"] else "has not completed onboarding"
            return _error(422, "base", "invalid_operation", f"This employee {said}.")
        made = {"uuid": self._uuid("f"), "version": "1", "employee_uuid": uuid, "active": False, "cancelable": True}
        made |= {"effective_date": request.body["effective_date"], "run_termination_payroll": False}
        self._touch({**person, "terminations": [made], "terminated": True}, self.employees)
        return Response(201, made)

    def _new_employee(self, uuid: str, fields: Mapping[str, Any]) -> dict[str, Any]:
        empty: dict[str, Any] = dict.fromkeys(_FIELDS)
        made = {"uuid": uuid, "company_uuid": COMPANY, **empty, **{name: fields[name] for name in _FIELDS if name in fields}}
        made |= {"department": None, "department_uuid": None, "terminated": False, "onboarded": False, "jobs": [], "terminations": []}
        made |= {"onboarding_status": "admin_onboarding_incomplete", "employee_code": f"{self._next:06x}", "phone": None}
        return self._touch(made, self.employees)

    def _invalid(self, fields: Mapping[str, Any], own: str | None) -> Response | None:
        """422 with nested errors, as Unprocessable-Entity-Error-Object has them."""
        for name in ("first_name", "last_name"):
            if not any(letter.isalpha() for letter in fields.get(name) or ""):  # [K]: that a name must have letters
                return _error(422, name, "invalid_attribute_value", f"{name} is required")
        email = fields.get("work_email")
        if email and any(person["work_email"] == email for uuid, person in self.employees.items() if uuid != own):
            inner = {"error_key": "work_email", "category": "invalid_attribute_value", "message": "work_email is already in use"}
            return Response(422, {"errors": [{"error_key": "employee", "category": "nested_errors", "errors": [inner]}]})
        return None

    # ── departments ──

    def _departments(self, _request: Request, company: str) -> Response:
        return Response(200, list(self.departments.values()) if company == COMPANY else [])

    def _locations(self, _request: Request, company: str) -> Response:
        place = {"street_1": "1 Main Street", "city": "Portland", "state": "OR", "zip": "97201", "country": "USA", "active": True}
        return Response(200, [{"uuid": "10000000-0000-4000-8000-000000000001", "version": "1", "company_uuid": company, **place}])

    def _department(self, request: Request, uuid: str) -> Response:
        return Response(200, self.departments[uuid]) if uuid in self.departments else self.missing(request)

    def _join(self, request: Request, uuid: str) -> Response:
        """An employee has one department; the department has a version of its own."""
        if uuid not in self.departments:
            return self.missing(request)
        if request.body.get("version") != self.departments[uuid]["version"]:
            return _error(422, "version", "invalid_resource_version", "The version is not the latest one.")
        new = [each["uuid"] for each in request.body.get("employees", ())]
        for other in list(self.departments.values()):
            kept = [each for each in other["employees"] if each["uuid"] not in new]
            if len(kept) != len(other["employees"]):
                self._touch({**other, "employees": kept}, self.departments)
        joined = [*self.departments[uuid]["employees"], *({"uuid": each} for each in new)]
        for each in new:
            title = self.departments[uuid]["title"]
            self._touch({**self.employees[each], "department": title, "department_uuid": uuid}, self.employees)
        return Response(200, self._touch({**self.departments[uuid], "employees": joined}, self.departments))

    # ── payrolls ──

    def _pay_periods(self, request: Request, company: str) -> Response:  # noqa: ARG002 (one company)
        start, end = request.query.get("start_date", ""), request.query.get("end_date", "9999")
        rows = [
            {
                "start_date": each["start"].isoformat(),
                "end_date": each["end"].isoformat(),
                "pay_schedule_uuid": COMPANY,
                "payroll": {
                    "payroll_uuid": uuid,
                    "check_date": each["check"].isoformat(),
                    "processed": each["processed"],
                    "payroll_deadline": _instant(datetime(each["check"].year, each["check"].month, each["check"].day, tzinfo=UTC)),
                    "payroll_type": "regular",
                },
            }
            for uuid, each in self.payrolls.items()
            if each["end"].isoformat() >= start and each["start"].isoformat() <= end
        ]
        return Response(200, rows)

    def _payrolls(self, request: Request, company: str) -> Response:  # noqa: ARG002 (one company)
        return self._paged(request, [self._shown(uuid) for uuid, each in self.payrolls.items() if each["processed"]])

    def _payroll(self, request: Request, company: str, uuid: str) -> Response:  # noqa: ARG002 (one company)
        if uuid not in self.payrolls:
            return self.missing(request)
        return Response(200, {**self._shown(uuid), "employee_compensations": self.payrolls[uuid]["rows"]})

    def _shown(self, uuid: str) -> dict[str, Any]:
        each = self.payrolls[uuid]
        period = {"start_date": each["start"].isoformat(), "end_date": each["end"].isoformat(), "pay_schedule_uuid": COMPANY}
        shown = {"uuid": uuid, "payroll_uuid": uuid, "company_uuid": COMPANY, "processed": each["processed"]}
        return {**shown, "check_date": each["check"].isoformat(), "pay_period": period}

    # ── time sheets ──

    def _sheets(self, request: Request, company: str) -> Response:  # noqa: ARG002 (one company)
        name, backwards = request.query.get("sort_by", "created_at"), request.query.get("sort_order") == "desc"
        rows = sorted(self.sheets.values(), key=lambda sheet: (sheet[name] or "", sheet["uuid"]), reverse=backwards)
        return self._paged(request, rows)

    def _sheet(self, request: Request, uuid: str) -> Response:
        return Response(200, self.sheets[uuid]) if uuid in self.sheets else self.missing(request)

    def _enter(self, request: Request, company: str) -> Response:  # noqa: ARG002 (one company)
        wrong = self._wrong_sheet(request.body)
        if wrong:
            return wrong
        uuid, now = self._uuid("5"), _instant(self.clock())
        made = {"uuid": uuid, "status": "pending", "company_uuid": COMPANY, "created_at": now, "synced_to_payroll_at": None}
        return Response(201, self._filled(made, request.body))

    def _correct(self, request: Request, uuid: str) -> Response:
        """A synced sheet stands still [K]; a wrong version is told with 422, the only refusal that the specification names here."""
        standing = self.sheets.get(uuid)
        if standing is None:
            return self.missing(request)
        return (
            self._frozen(standing, request.body.get("version"))
            or self._wrong_sheet(request.body)
            or Response(200, self._filled(standing, request.body))
        )

    def _drop(self, request: Request, uuid: str) -> Response:
        standing = self.sheets.get(uuid)
        if standing is None:
            return self.missing(request)
        frozen = self._frozen(standing, request.query.get("version"))
        if frozen is None:
            del self.sheets[uuid]
        return frozen or Response(204)

    def _frozen(self, sheet: Mapping[str, Any], version: str | None) -> Response | None:
        if version != sheet["version"]:
            return _error(422, "version", "invalid_resource_version", "The version is not the latest one.")
        if sheet["synced_to_payroll_at"]:
            return _error(422, "base", "invalid_operation", "The time sheet was synced to payroll.")
        return None

    def _wrong_sheet(self, body: Mapping[str, Any]) -> Response | None:
        """Hours of at least 0.001 (Time-Sheet-Create-Body): a negative correction cannot be written."""
        person = self.employees.get(body.get("entity_uuid", ""))
        if person is None:
            return _error(422, "entity_uuid", "invalid_attribute_value", "The employee does not exist")
        if body.get("job_uuid") and body["job_uuid"] not in [job["uuid"] for job in person["jobs"]]:
            return _error(422, "job_uuid", "invalid_attribute_value", "The job is not one of the employee")
        if any(Decimal(entry["hours_worked"]) < _LEAST for entry in body.get("entries", ())):
            return _error(422, "entries", "invalid_attribute_value", "hours_worked must be at least 0.001")
        return None

    def _filled(self, sheet: dict[str, Any], body: Mapping[str, Any]) -> dict[str, Any]:
        names = ("entity_uuid", "entity_type", "time_zone", "shift_started_at", "shift_ended_at", "metadata")
        entries = [
            {"uuid": self._uuid("7"), "hours_worked": _hours(entry["hours_worked"]), "pay_classification": entry["pay_classification"]}
            for entry in body.get("entries", ())
        ]
        made = {**sheet, **{name: body[name] for name in names if name in body}, "entries": entries}
        made |= {"job_uuid": body["job_uuid"]} if "job_uuid" in body else {}
        return self._touch({**made, "updated_at": _instant(self.clock())}, self.sheets)

    # ── small parts ──

    def _paged(self, request: Request, rows: list[dict[str, Any]]) -> Response:
        """Page and per, 25 if left out; what there is in X- headers."""
        page, size = int(request.query.get("page", 1)), int(request.query.get("per", 25))
        count = -(-len(rows) // size) or 1
        headers = {"x-page": str(page), "x-per-page": str(size), "x-total-count": str(len(rows)), "x-total-pages": str(count)}
        return Response(200, rows[(page - 1) * size : page * size], headers)

    def _touch(self, thing: dict[str, Any], place: dict[str, dict[str, Any]]) -> dict[str, Any]:
        """Keep a thing with a new version."""
        self._next += 1
        place[thing["uuid"]] = {**thing, "version": hashlib.sha256(f"{thing['uuid']}{self._next}".encode()).hexdigest()[:32]}
        return place[thing["uuid"]]

    def _uuid(self, kind: str) -> str:
        self._next += 1
        return f"{kind}0000000-0000-4000-8000-{self._next:012d}"


def _error(status: int, key: str, category: str, message: str) -> Response:
    return Response(status, {"errors": [{"error_key": key, "category": category, "message": message}]})


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _hours(hours: Decimal | float) -> str:
    return f"{Decimal(str(hours)):.3f}"
