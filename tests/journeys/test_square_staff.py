"""Staff typed once: from HR into the tills, a leaver without a till, and nobody who comes back through the tap is sent round again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipelines.home.load import load
from pipelines.hub import equations, keys
from pipelines.hub.schema import migrate
from pipelines.hub.store import Hub
from pipelines.hub.vault import Vault
from pipelines.steps.run import run
from taps._kit.errors import Misconfigured
from taps._kit.simulator import Clock, serve
from taps.bamboohr.simulator import BambooSimulator
from taps.square.simulator import SquareSimulator, company, floor

TILL = {
    "access_token": "square-access-1",
    "refresh_token": "square-refresh-1",
    "client_id": "square-app",
    "client_secret": "square-app-secret",
}
PLACES = {"Dublin": ["Newyork"], "Cork": ["Losangeles"]}


class Firm:
    """HR at BambooHR, tills at Square, and a home that carries staff both ways."""

    def __init__(self, home: Path, hr: str, till: str, clock: Clock) -> None:
        self.home = home
        for folder in ("connections", "routes"):
            (home / folder).mkdir()
        acme = {"legal_name": "Acme", "base_currency": "USD", "timezone": "America/New_York"}
        self.put("counterfoil", {"hub": f"sqlite:///{home / 'hub.db'}", "companies": {"acme": acme}})
        about = {"company": "acme", "timezone": "America/New_York"}
        hr_at = {"base_url": f"{hr}/api/v1", "private_network": True}
        till_at = {"base_url": till, "private_network": True}
        self.connection("hr", {"tap": "bamboohr", "config": hr_at, "mappings": {"employees": "bamboohr/employees"}, **about})
        self.connection("till", {"tap": "square", "config": till_at, "mappings": {"team_members": "square/team_members"}, **about})
        self.connection("hr_staff", {"target": "bamboohr", "config": hr_at, "same_account": "hr"})
        self.connection("till_staff", {"target": "square", "config": {**till_at, "locations": PLACES}, "same_account": "till"})
        self.route("hire", ["hr", "till"], "till_staff")
        self.route("report", ["till"], "hr_staff")
        self.hub = Hub(f"sqlite:///{home / 'hub.db'}", clock)
        migrate(self.hub)
        vault = Vault(self.hub, keys.load(home))
        for connection in ("hr", "hr_staff"):
            vault.store(connection, "key", "bamboo-key")
        for connection in ("till", "till_staff"):
            for name, value in TILL.items():
                vault.store(connection, name, value)

    def put(self, name: str, content: Any) -> None:
        (self.home / f"{name}.yaml").write_text(yaml.safe_dump(content))

    def connection(self, name: str, attributes: dict[str, Any]) -> None:
        self.put(f"connections/{name}", {"type": "pipelines.components.Connection", "attributes": attributes})

    def route(self, name: str, sources: list[str], target: str) -> None:
        posting = {"name": "staff", "target": target, "employee": {"as": "employee"}}
        attributes = {"sources": sources, "start": {"business_date": "2026-01-01"}, "mode": "auto", "posting": [posting]}
        self.put(f"routes/{name}", {"type": "pipelines.components.Route", "attributes": attributes})

    def run(self) -> dict[str, int]:
        """Run both routes; what was written, by target. Both equations hold."""
        home = load(self.home)
        written = dict(run(home, self.hub, list(home.routes.values())).written)
        with self.hub.read() as tx:
            assert all(each.balanced for each in equations.intake(tx))
            for route in home.routes.values():
                postings = [(posting.name, posting.effect) for posting in route.posting]
                assert all(each.balanced for each in equations.route(tx, route.name, route.sources, postings))
        return {name: count for name, count in written.items() if count}

    def why(self) -> set[tuple[str, str, str]]:
        """Route, number and reason of what was left out."""
        query = (
            "SELECT d.route, n.number, d.reason FROM disposition d JOIN document n ON n.document_id = d.document_id "
            "WHERE n.current AND d.fate = 'excluded'"
        )
        with self.hub.read() as tx:
            return {(row.route, row.number, row.reason) for row in tx.exec_driver_sql(query)}


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def hr(clock: Clock) -> BambooSimulator:
    return BambooSimulator(clock=clock)


@pytest.fixture
def till(clock: Clock) -> SquareSimulator:
    made = company(0, clock=clock)
    for member in list(made.shop.team.rows):
        made.shop.team.drop(member)
    return made


@pytest.fixture
def firm(tmp_path: Path, hr: BambooSimulator, till: SquareSimulator, clock: Clock) -> Iterator[Firm]:
    with serve(hr) as hr_url, serve(till) as till_url:
        made = Firm(tmp_path, hr_url, till_url, clock)
        yield made
        made.hub.close()


def member(till: SquareSimulator, number: str) -> dict[str, Any]:
    (found,) = (row for row in till.shop.team.truth() if row.get("reference_id") == number)
    return found


def test_a_new_hire_is_typed_once_and_a_leaver_loses_the_till_when_the_last_day_is_over(firm, hr, till, clock):
    zoe = hr.seed_employee(employeeNumber="7", firstName="Zoë", lastName="Quill", location="Dublin", workPhone="+353 1 555 0100")
    assert firm.run() == {"till_staff": 1}
    made = member(till, "7")
    assert (made["given_name"], made["status"], made["phone_number"]) == ("Zoë", "ACTIVE", "+35315550100")
    assert made["assigned_locations"]["location_ids"] == ["L1NEWYORK"]

    clock.forward(hours=1)
    assert firm.run() == {}  # who was written comes back through the tap, and goes nowhere
    assert firm.why() == {("hire", "7", "it was read from there"), ("report", "7", "we wrote it into till")}
    assert len(hr.employees) == 1

    hr.edit_employee(zoe, location="Cork", terminationDate="2026-11-30")
    clock.forward(hours=1)
    assert firm.run() == {"till_staff": 1}
    assert (member(till, "7")["status"], member(till, "7")["assigned_locations"]["location_ids"]) == ("ACTIVE", ["L2LOSANGELES"])

    hr.edit_employee(zoe, status="Inactive")  # told beforehand
    clock.forward(hours=1)
    assert firm.run() == {}
    assert member(till, "7")["status"] == "ACTIVE"
    clock.now = clock.now.replace(month=12, day=1, hour=4)  # midnight in New York is at five
    assert firm.run() == {}
    clock.forward(hours=2)
    assert firm.run() == {"till_staff": 1}
    assert member(till, "7")["status"] == "INACTIVE"
    clock.forward(hours=1)
    assert firm.run() == {}
    assert len(till.shop.team.rows) == len(hr.employees) == 1


def test_who_was_hired_at_the_till_is_reported_and_not_sent_back(firm, hr, till, clock):
    floor.hire(till.shop, "Alan", "Turing", "8")
    hr.lists["location"].append("L1NEWYORK")
    hr.lists["jobTitle"].append("Cashier")
    assert firm.run() == {"hr_staff": 1}
    (found,) = hr.employees.values()
    assert (found["employeeNumber"], found["firstName"]) == ("8", "Alan")
    clock.forward(hours=1)
    assert firm.run() == {}
    assert ("hire", "8", "we wrote it into hr") in firm.why()
    assert len(till.shop.team.rows) == 1


def test_an_account_that_is_none_is_told(firm):
    attributes = {"target": "square", "config": {"base_url": "http://127.0.0.1:1"}, "same_account": "hr"}
    firm.connection("till_staff", attributes)
    with pytest.raises(Misconfigured, match="'hr' is no tap connection of square"):
        load(firm.home)
