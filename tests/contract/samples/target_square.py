"""Square with the two people of the simulated seller: E-1 with a number of ours, and one whom nobody numbered."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from taps.square.simulator import SquareSimulator, company
from targets._kit.writer import Verb
from tests.contract.samples.remote import Case, RemoteSample

PERSON = {
    "employee_number": "R-1",
    "first_name": "Zoë",
    "last_name": "Quill",
    "phone": "+353 1 555 0100",
    "location": "Harbour",
    "job_title": "Cook",
    "employment_status": "active",
}
LEFT = {"employment_status": "terminated", "termination_date": "2026-10-31"}
SECRETS = {
    "access_token": "square-access-1",
    "refresh_token": "square-refresh-1",
    "client_id": "square-app",
    "client_secret": "square-app-secret",
}


def simulator() -> SquareSimulator:
    return company(0)


def config(url: str) -> dict[str, Any]:
    return {"base_url": url, "private_network": True, "locations": {"Harbour": ["Newyork"], "Everywhere": ["L1NEWYORK", "L2LOSANGELES"]}}


def standing(simulator: Any, _case: str) -> int:
    """Team members beside the two."""
    return len(simulator.shop.team.rows) - 2


def sample() -> RemoteSample:
    return RemoteSample(
        target="square",
        simulator=simulator,
        config=config,
        secrets=SECRETS,
        wrong_secrets={
            "access_token": "square-access-wrong",
            "refresh_token": "wrong",
            "client_id": "square-app",
            "client_secret": "wrong",
        },
        standing=standing,
        batch=25,
        batches={"employee": 25},
        cases={
            "employee": Case(
                kind="employee",
                change=Verb.UPDATE,
                remove=Verb.VOID,
                first={"document": PERSON, "document_type": "employee"},
                changed={"document": PERSON | {"location": "Everywhere", "last_name": "Quill-Moss"} | LEFT, "document_type": "employee"},
                effect=Decimal(0),
                changed_effect=Decimal(0),
                unit="",
                unfit={"document": PERSON | {"location": "Moon"}},
                refused={"document": PERSON | {"work_email": "rosa@example.com"}},
            )
        },
    )
