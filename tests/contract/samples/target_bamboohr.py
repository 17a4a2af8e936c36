"""BambooHR with one employee who is there from the start: whoever works hours must be known."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from taps.bamboohr.simulator import BambooSimulator
from targets._kit.writer import Related, Verb
from tests.contract.samples.remote import Case, RemoteSample

OLD = 1
PERSON = {
    "employee_number": "R-1",
    "first_name": "Zoë",
    "last_name": "Quill",
    "preferred_name": "Zo",
    "phone": "+353 1 555 0100",
    "hire_date": "2026-11-02",
    "department": "Kitchen",
    "location": "Dublin",
    "job_title": "Cook",
    "employment_status": "active",
}
HOURS = {
    "business_date": "2026-11-02",
    "employee_number": "7",
    "role_code": "WAITER",
    "regular_hours": "8",
    "overtime_hours": "1.5",
    "status": "approved",
}
LEFT = {"employment_status": "terminated", "termination_date": "2026-11-30"}


def simulator() -> BambooSimulator:
    """Ann (number 7, id 101) works here."""
    made = BambooSimulator()
    assert made.seed_employee(employeeNumber="7", firstName="Ann", lastName="Berg", workEmail="ann@example.com") == 101
    return made


def config(url: str) -> dict[str, Any]:
    return {"base_url": f"{url}/api/v1", "private_network": True, "jobs": {"WAITER": {"project": 12, "task": 3, "overtime_task": 4}}}


def standing(simulator: Any, case: str) -> int:
    """Employees beside Ann; things whose hours stand, by the key in the note."""
    if case == "employee":
        return len(simulator.employees) - OLD
    return len({entry["note"].split(" · cf ")[1][:24] for entry in simulator.entries.values() if " · cf " in entry["note"]})


def hours(regular: str, overtime: str = "0", **other: Any) -> dict[str, Any]:
    document = HOURS | {"regular_hours": regular, "overtime_hours": overtime} | other
    return {"document": document, "document_type": "time_entry", "amount": Decimal(regular) + Decimal(overtime), "unit": "HUR"}


def sample() -> RemoteSample:
    return RemoteSample(
        target="bamboohr",
        simulator=simulator,
        config=config,
        secrets={"key": "bamboo-key"},
        wrong_secrets={"key": "no-such-key"},
        standing=standing,
        extra={"related": {"employee": Related("employee", "101", "7")}},
        names=frozenset({"time_entry"}),
        cases={
            "employee": Case(
                kind="employee",
                change=Verb.UPDATE,
                remove=Verb.VOID,
                first={"document": PERSON, "document_type": "employee"},
                changed={"document": PERSON | {"department": "Bar", "last_name": "Quill-Moss"} | LEFT, "document_type": "employee"},
                effect=Decimal(0),
                changed_effect=Decimal(0),
                unit="",
                unfit={"document": PERSON | {"department": "Cellar"}},
                refused={"document": PERSON | {"work_email": "ann@example.com"}},
            ),
            "time_entry": Case(
                kind="time_entry",
                change=Verb.ADJUST,
                remove=Verb.REVERSE,
                first=hours("8", "1.5"),
                changed=hours("7.25"),
                effect=Decimal("9.5"),
                changed_effect=Decimal("-2.25"),
                unit="HUR",
                unfit={"document": HOURS | {"status": "open"}},
                refused={"related": {"employee": Related("employee", "999", "9")}},
                late={"document": HOURS | {"business_date": "2025-10-31"}},
            ),
        },
    )
