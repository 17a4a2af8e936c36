"""Gusto over its API, with one employee who works there, one department, and a payroll that was run for October."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from taps.gusto.simulator import COMPANY, GustoSimulator
from targets._kit.writer import Related, Verb
from tests.contract.samples.remote import Case, RemoteSample

ANN = "e0000000-0000-4000-8000-000000000001"
SECRETS = {"client_id": "app", "client_secret": "app-secret", "refresh_token": "refresh-1", "access_token": "access-0"}
WRONG = {"refresh_token": "no-such-token", "access_token": "no-such-access"}
PERSON = {"first_name": "Zoë", "last_name": "Quill", "preferred_name": "Zo", "employment_status": "active"}
HOURS = {
    "business_date": "2026-11-02",
    "employee_number": "7",
    "role_code": "Waiter",
    "regular_hours": "8",
    "overtime_hours": "1.5",
    "declared_tips": "12.50",
    "currency": "USD",
    "status": "approved",
}


def simulator() -> GustoSimulator:
    made = GustoSimulator()
    assert made.seed_employee("Ann", "Berg", work_email="ann@example.com", jobs=("Cook", "Waiter")) == ANN
    made.seed_department("Bar")
    october = made.seed_payroll(date(2026, 10, 19), date(2026, 11, 1), date(2026, 11, 6))
    made.process(october)
    made.seed_payroll(date(2026, 11, 2), date(2026, 11, 15), date(2026, 11, 20))
    return made


def config(url: str) -> dict[str, Any]:
    return {"mode": "api", "company": COMPANY, "base_url": f"{url}/v1", "private_network": True}


def standing(simulator: Any, case: str) -> int:
    """Employees beside Ann; time sheets."""
    return len(simulator.employees) - 1 if case == "employee" else len(simulator.sheets)


def hours(regular: str, overtime: str = "0", **other: Any) -> dict[str, Any]:
    document = HOURS | {"regular_hours": regular, "overtime_hours": overtime} | other
    return {"document": document, "document_type": "time_entry", "amount": Decimal(regular) + Decimal(overtime), "unit": "HUR"}


def sample() -> RemoteSample:
    return RemoteSample(
        target="gusto",
        simulator=simulator,
        config=config,
        secrets=SECRETS,
        wrong_secrets=SECRETS | WRONG,
        standing=standing,
        extra={"related": {"employee": Related("employee", ANN, "7")}},
        names=frozenset({"time_entry"}),
        cases={
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
                refused={"related": {"employee": Related("employee", "e0000000-0000-4000-8000-000000000999", "9")}},
                late={"document": HOURS | {"business_date": "2026-10-31"}},
            ),
            "employee": Case(
                kind="employee",
                change=Verb.UPDATE,
                remove=Verb.VOID,
                first={"document": PERSON, "document_type": "employee"},
                changed={"document": PERSON | {"last_name": "Quill-Moss", "work_email": "zoe@example.com"}, "document_type": "employee"},
                effect=Decimal(0),
                changed_effect=Decimal(0),
                unit="",
                unfit={"document": PERSON | {"department": "Cellar"}},
                refused={"document": PERSON | {"first_name": "\u200b"}},
            ),
        },
    )
