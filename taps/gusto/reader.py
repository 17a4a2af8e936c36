"""What stands in Gusto, read back over its API: employees, time sheets, departments, and the results of payrolls.

Gusto does not say who changed something. Time sheets of ours carry our key in their metadata; others were entered there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from mappings.problem import Problem
from taps._kit.edge import Edge
from taps._kit.errors import Misconfigured
from taps._kit.reader import Complete, Message, Record, Start, State, Stream
from taps._kit.surroundings import Surroundings
from taps.gusto import client
from taps.gusto.config import GustoConfig
from taps.gusto.exports import RESULT
from taps.gusto.facts import FACTS, KEY

_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
_MOST = 2_000
_TEXT = {"type": ["string", "null"]}
_FIELDS = ("first_name", "last_name", "preferred_first_name", "work_email", "phone", "department", "title", "hired_at", "employee_code")
_EMPLOYEE = {
    "uuid": {"type": "string"},
    "version": {"type": "string"},
    **dict.fromkeys(_FIELDS, _TEXT),
    "terminated": {"type": ["boolean", "null"]},
    "onboarded": {"type": ["boolean", "null"]},
    "termination_date": _TEXT,
    "employee_number": {**_TEXT, "description": "From a custom field of that name, where the company has one."},
}
_SHEET_FIELDS = (
    "uuid",
    "version",
    "status",
    "entity_uuid",
    "entity_type",
    "job_uuid",
    "time_zone",
    "shift_started_at",
    "shift_ended_at",
    "created_at",
    "updated_at",
    "synced_to_payroll_at",
)
_SHEET = {
    **dict.fromkeys(_SHEET_FIELDS, _TEXT),
    "regular_hours": {"type": "string"},
    "overtime_hours": {"type": "string"},
    "double_overtime_hours": {"type": "string"},
    "ours": {**_TEXT, "description": "Our look-up key, where Counterfoil wrote the sheet."},
}


class GustoReader:
    """One Gusto connection in API mode."""

    facts = FACTS

    def __init__(self, config: GustoConfig, home: Path) -> None:  # noqa: ARG002 (nothing of it lies in the home)
        self._config = config

    def streams(self) -> list[Stream]:
        """Employees, departments, time sheets, payroll results."""
        return [
            Stream("employees", _schema(_EMPLOYEE), ("uuid",), snapshot=True),
            Stream("departments", _schema({"uuid": _TEXT, "title": _TEXT, "version": _TEXT}), ("uuid",), snapshot=True),
            Stream("time_sheets", _schema(_SHEET), ("uuid",), notes=("Changed since the last run; a deleted sheet is not told.",)),
            Stream("payroll_results", _schema(RESULT), ("payroll", "employee"), notes=("Processed payrolls of the last year.",)),
        ]

    def read(self, stream: str, state: Mapping[str, Any] | None, around: Surroundings) -> Iterator[Message]:
        """Read on from `state`. Raises Misconfigured for a stream that is not there, or a log-in that is refused."""
        readers = {
            "employees": self._employees,
            "departments": self._departments,
            "time_sheets": self._sheets,
            "payroll_results": self._results,
        }
        if stream not in readers:
            raise Misconfigured(f"Gusto has no stream {stream!r}. There are {', '.join(readers)}.")
        edge = client.connect(self._config, around)
        try:
            yield from readers[stream](edge, state or {}, around)
        finally:
            edge.close()

    def check(self, around: Surroundings | None = None) -> list[Problem]:
        """Whether log-in and company are good. Raises Misconfigured where they are not."""
        if around is not None:
            edge = client.connect(self._config, around)
            try:
                client.answered(edge.read(f"/companies/{self._config.company}"), "the company")
            finally:
                edge.close()
        return []

    def _employees(self, edge: Edge, state: Mapping[str, Any], _around: Surroundings) -> Iterator[Message]:
        """All of them each time, for there is no cursor. Who is deleted while we page pushes another one out of sight.

        So a second pass is made where their number changed, and an absence counts only where the last pass saw everybody.
        """
        count = int(state.get("read", 0))
        yield Start("employees")
        seen: set[str] = set()
        totals: set[str] = set()
        for _try in range(2):
            totals.clear()
            for page in client.employees(edge, self._config):
                totals.add(page.total)
                fresh = [person for person in page.rows if person["uuid"] not in seen]
                seen |= {person["uuid"] for person in fresh}
                count += len(fresh)
                yield from (Record(_person(person), person["uuid"], scope="employees") for person in fresh)
                if count % _MOST < len(fresh):
                    yield State({"read": count}, count)
            if len(totals) == 1:
                break
        if totals == {str(len(seen))}:
            yield Complete("employees", len(seen))
        yield State({"read": count}, count)

    def _departments(self, edge: Edge, state: Mapping[str, Any], _around: Surroundings) -> Iterator[Message]:
        rows = client.answered(edge.read(f"/companies/{self._config.company}/departments"), "its departments")
        yield Start("departments")
        for row in rows:
            yield Record({name: row.get(name) for name in ("uuid", "title", "version")}, row["uuid"], scope="departments")
        yield Complete("departments", len(rows))
        count = int(state.get("read", 0)) + len(rows)
        yield State({"read": count}, count)

    def _sheets(self, edge: Edge, state: Mapping[str, Any], around: Surroundings) -> Iterator[Message]:
        """The newest change first: a sheet that moves while we page moves to the front, and is younger than the cursor that is kept."""
        since = datetime.fromisoformat(state["since"]) if state.get("since") else _BEGINNING
        if since > around.clock() + FACTS.cursor_overlap:  # of a restored hub, or of a clock that was wrong
            since = _BEGINNING
        count, newest = int(state.get("read", 0)), since
        for sheet in client.sheets(edge, self._config, since - FACTS.cursor_overlap if since > _BEGINNING else since):
            newest = max(newest, datetime.fromisoformat(sheet["updated_at"]))
            count += 1
            yield Record(_sheet(sheet), sheet["uuid"], sheet["updated_at"])
            if count % _MOST == 0:
                yield State({"since": since.isoformat(), "read": count}, count)
        yield State({"since": newest.isoformat(), "read": count}, count)

    def _results(self, edge: Edge, state: Mapping[str, Any], around: Surroundings) -> Iterator[Message]:
        """Processed payrolls do not change; a reversal is a payroll of its own."""
        count, known = int(state.get("read", 0)), set(state.get("payrolls", ()))
        today = around.clock().date()
        asked = {"processing_statuses": "processed", "payroll_types": "regular,off_cycle", "start_date": str(today - timedelta(days=364))}
        departments = {person["uuid"]: person.get("department") for page in client.employees(edge, self._config) for person in page.rows}
        for page in client.pages(edge, f"/companies/{self._config.company}/payrolls", self._config.page_size, asked):
            for payroll in page.rows:
                if payroll["payroll_uuid"] in known:
                    continue
                path = f"/companies/{self._config.company}/payrolls/{payroll['payroll_uuid']}"
                whole = client.answered(edge.read(path, {"include": "taxes,benefits,deductions"}), "a payroll")
                for body in _paid(whole, departments):
                    count += 1
                    yield Record(body, f"{body['payroll']}/{body['employee']}")
                known.add(payroll["payroll_uuid"])
                yield State({"payrolls": sorted(known), "read": count}, count)
        yield State({"payrolls": sorted(known), "read": count}, count)


def _person(person: Mapping[str, Any]) -> dict[str, Any]:
    leaving = [each.get("effective_date") for each in person.get("terminations") or ()]
    numbers = [each["value"] for each in person.get("custom_fields") or () if each["name"].lower() in ("employee number", "employee #")]
    return {
        "uuid": person["uuid"],
        "version": person.get("version"),
        **{name: person.get(name) for name in _FIELDS},
        "terminated": person.get("terminated"),
        "onboarded": person.get("onboarded"),
        "termination_date": leaving[-1] if leaving else None,
        "employee_number": numbers[0] if numbers else None,
    }


def _sheet(sheet: Mapping[str, Any]) -> dict[str, Any]:
    hours = client.hours(sheet)
    return {
        **{name: sheet.get(name) for name in _SHEET_FIELDS},
        "regular_hours": str(hours.get("Regular", Decimal(0))),
        "overtime_hours": str(hours.get("Overtime", Decimal(0))),
        "double_overtime_hours": str(hours.get("Double overtime", Decimal(0))),
        "ours": (sheet.get("metadata") or {}).get(KEY),
    }


def _paid(payroll: Mapping[str, Any], departments: Mapping[str, str | None]) -> Iterator[dict[str, Any]]:
    """One row for each employee who was paid; money as text, to the cent."""
    period = payroll["pay_period"]
    for row in payroll["employee_compensations"]:
        if row.get("excluded"):
            continue
        taxes = row.get("taxes") or ()
        fixed = {each["name"]: Decimal(str(each["amount"])) for each in row.get("fixed_compensations") or ()}
        amounts = {
            "gross": row.get("gross_pay"),
            "employee_taxes": sum((each["amount"] for each in taxes if not each["employer"]), Decimal(0)),
            "employer_taxes": sum((each["amount"] for each in taxes if each["employer"]), Decimal(0)),
            "deductions": sum((each["amount"] for each in row.get("deductions") or ()), Decimal(0)),
            "benefits": sum((each.get("company_contribution") or 0 for each in row.get("benefits") or ()), Decimal(0)),
            "reimbursements": sum((Decimal(str(each["amount"])) for each in row.get("reimbursements") or ()), Decimal(0)),
            "paycheck_tips": fixed.get("Paycheck Tips"),
            "cash_tips": fixed.get("Cash Tips"),
            "net": row.get("net_pay"),
        }
        yield {
            "payroll": payroll["payroll_uuid"],
            "employee": row["employee_uuid"],
            "department": departments.get(row["employee_uuid"]),
            "period_start": period["start_date"],
            "period_end": period["end_date"],
            "check_date": payroll["check_date"],
            **{name: f"{Decimal(str(amount or 0)):.2f}" for name, amount in amounts.items()},
        }


def _schema(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": dict(properties)}
