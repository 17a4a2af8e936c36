"""Stock in InvenTree and hours in BambooHR, read back: what was moved and worked is what the till says, and what a person does is told."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipelines.home.load import load
from pipelines.hub import keys
from pipelines.hub.schema import migrate
from pipelines.hub.store import Hub
from pipelines.hub.vault import Vault
from pipelines.reconcile.report import Report
from pipelines.reconcile.run import reconcile
from pipelines.steps.run import run
from taps._kit.simulator import serve
from taps.bamboohr.simulator import BambooSimulator
from taps.gusto.facts import NUMBER
from taps.gusto.simulator import COMPANY, GustoSimulator
from tests.contract.samples import target_inventree

AS_OF = datetime(2026, 12, 1, tzinfo=UTC)
_FIELDS = """
    id: record.id
    fields:
      order_number: record.id
      business_date: day(date)
      currency: "'EUR'"
      lines:
        - fields: {line_number: 1, sku: sku, quantity: number(units), net_amount: "0"}
      grand_total: "0"
"""
SALES = f"""
mapping: tests/sales
version: 1
documents:
  - type: order
    when: back == 'no'{_FIELDS}
  - type: refund
    when: back == 'yes'{_FIELDS}
"""
SHIFTS = """
mapping: tests/shifts
version: 1
documents:
  - type: time_entry
    id: record.id
    fields:
      employee_number: person
      employee_id: ref('employee', person)
      business_date: day(date)
      regular_hours: number(record.hours)
"""
PEOPLE = """
mapping: tests/people
version: 1
documents:
  - type: employee
    id: number
    fields: {employee_number: number, first_name: "'Ann'", last_name: "'Berg'"}
"""
CONTROL = {
    "version": 1,
    "stock": {
        kind: f"SELECT body->>'id' AS id, day(body->>'date') AS on_day, body->>'sku' AS item, {sign}money(body->>'units') AS amount "
        f"FROM sales WHERE body->>'back' = '{back}'"
        for kind, sign, back in (("order", "", "no"), ("refund", "-", "yes"))
    },
    "hours": {
        "time_entry": "SELECT body->>'id' AS id, day(body->>'date') AS on_day, money(body->>'hours') AS amount, body->>'person' AS party, "
        "0 AS overtime FROM shifts"
    },
}
NOON = "2026-11-02T12:00:00Z"
FILES = {
    "sales": f"id,back,date,sku,units\nS1,no,{NOON},MUG,2\nS2,no,{NOON},TEA,3\nB1,yes,{NOON},MUG,1\n",
    "shifts": f"id,date,person,hours\nT1,{NOON},7,7.5\nT2,{NOON},7,4.25\n",
    "people": "number\n7\n",
}


class Till:
    """A home with a till's files and one target."""

    def __init__(self, path: Path, target: dict[str, Any], kinds: dict[str, Any], secrets: dict[str, str], clock: Any) -> None:
        self.path = path
        for folder in ("connections", "routes", "mappings/tests", "files", "controls"):
            (path / folder).mkdir(parents=True)
        acme = {"legal_name": "Acme", "base_currency": "EUR", "timezone": "UTC"}
        self._put("counterfoil", {"hub": f"sqlite:///{path / 'hub.db'}", "companies": {"acme": acme}})
        for name, text in (("sales", SALES), ("shifts", SHIFTS), ("people", PEOPLE)):
            (path / f"mappings/tests/{name}.yaml").write_text(text)
            (path / f"files/{name}.csv").write_text(FILES[name])
        streams = {name: {"path": f"files/{name}.csv", "key": ["number" if name == "people" else "id"]} for name in FILES}
        tap = {"tap": "files", "company": "acme", "timezone": "UTC", "config": {"streams": streams}}
        self._component("connections/till", "Connection", tap | {"mappings": {name: f"tests/{name}" for name in FILES}})
        self._component("connections/there", "Connection", target)
        posting = {"name": "there", "target": "there", **kinds, "*": {"exclude": "elsewhere"}}
        route = {"sources": ["till"], "start": {"business_date": "2026-01-01"}, "mode": "auto", "posting": [posting]}
        self._component("routes/there", "Route", route)
        self._put("controls/till", CONTROL)
        self.hub = Hub(f"sqlite:///{path / 'hub.db'}", clock)
        migrate(self.hub)
        vault = Vault(self.hub, keys.load(path))
        for name, value in secrets.items():
            vault.store("there", name, value)
        home = load(path)
        run(home, self.hub, list(home.routes.values()))
        with self.hub.read() as tx:
            assert list(tx.exec_driver_sql("SELECT code, say FROM problem WHERE closed_at IS NULL")) == []

    def _put(self, name: str, content: Any) -> None:
        (self.path / f"{name}.yaml").write_text(yaml.safe_dump(content))

    def _component(self, name: str, kind: str, attributes: dict[str, Any]) -> None:
        self._put(name, {"type": f"pipelines.components.{kind}", "attributes": attributes})

    def report(self) -> Report:
        """As it is now."""
        return reconcile(load(self.path), self.hub, as_of=AS_OF)


def found(report: Report) -> tuple[list[str], list[tuple[str, str, str]]]:
    """Each waterfall's expected and actual, and the causes of its breaks."""
    causes = [(cause.kind.value, each.number, f"{cause.amount:.2f}") for each in report.breaks for cause in each.causes]
    return [f"{fall.name} {fall.lines[-2].amount:.2f} {fall.unexplained:.2f}" for fall in report.waterfalls], sorted(causes)


@pytest.fixture
def inventory(tmp_path: Path) -> Iterator[tuple[Till, Any]]:
    there = target_inventree.simulator()
    with serve(there) as url:
        target = {"target": "inventree", "config": target_inventree.config(url)}
        kinds = {"order": {"as": "stock_removal"}, "refund": {"as": "stock_return"}}
        made = Till(tmp_path / "home", target, kinds, {"token": "inventree-token"}, there.clock)
        yield made, there
        made.hub.close()


@pytest.fixture
def people(tmp_path: Path) -> Iterator[tuple[Till, Any]]:
    there = BambooSimulator()
    with serve(there) as url:
        target = {"target": "bamboohr", "config": {"base_url": f"{url}/api/v1", "private_network": True}}
        kinds = {"employee": {"as": "employee"}, "time_entry": {"as": "time_entry"}}
        made = Till(tmp_path / "home", target, kinds, {"key": "bamboo-key"}, there.clock)
        yield made, there
        made.hub.close()


@pytest.fixture
def payroll(tmp_path: Path) -> Iterator[tuple[Till, Any]]:
    there = GustoSimulator()
    with serve(there) as url:
        config = {"mode": "api", "company": COMPANY, "base_url": f"{url}/v1", "private_network": True}
        kinds = {"employee": {"as": "employee"}, "time_entry": {"as": "time_entry"}}
        secrets = {"client_id": "app", "client_secret": "app-secret", "refresh_token": "refresh-1", "access_token": "access-0"}
        made = Till(tmp_path / "home", {"target": "gusto", "config": config}, kinds, secrets, there.clock)
        yield made, there
        made.hub.close()


def test_units_in_inventree_are_those_of_the_till(inventory):
    """2 mugs and 3 teas left, 1 mug came back: 4."""
    till, _there = inventory
    assert found(till.report()) == (["stock 4.00 0.00"], [])


def test_a_control_that_was_changed_changes_the_rules_of_the_report(inventory):
    """A signature binds the rules: whoever reads a target back by other SQL does not sign the same."""
    till, _there = inventory
    before = till.report().rules
    assert before == till.report().rules
    shipped = files("mappings.inventree").joinpath("control.yaml").read_text(encoding="utf-8")
    (till.path / "controls/there.yaml").write_text(f"{shipped}# looked at\n", encoding="utf-8")
    assert till.report().rules != before


def test_units_that_a_person_takes_off_the_shelf_are_told(inventory):
    """5 teas more, out of the storekeeper's own hand. Sale S1, whose note is wiped out, is still known by its number there."""
    till, there = inventory
    entries = there.tables.tracking
    mugs = next(entry for entry in entries.values() if (entry["notes"] or "").startswith("S1 "))
    teas = next(entry for entry in entries.values() if (entry["notes"] or "").startswith("S2 "))
    mine = {**teas, "notes": "broken", "deltas": {**teas["deltas"], "removed": 5}}
    there.tables.put(entries, {key: value for key, value in mine.items() if key != "pk"})
    mugs["notes"] = ""
    falls, causes = found(till.report())
    assert falls == ["stock 9.00 0.00"]
    assert [(kind, amount) for kind, _number, amount in causes] == [("MISSING_IN_SOURCE", "5.00")]


def test_hours_in_bamboohr_are_those_of_the_clock(people):
    """7.50 and 4.25."""
    till, _there = people
    assert found(till.report()) == (["hours 11.75 0.00"], [])


def test_hours_that_a_person_types_changes_and_deletes_are_told_apart(people):
    """2.00 typed by hand, 7.50 made 8.00, 4.25 deleted."""
    till, there = people
    first, second = (next(key for key, each in there.entries.items() if each["note"].startswith(name)) for name in ("T1 ", "T2 "))
    there.clock.forward(hours=1)
    there.seed_hours(there.entries[first]["employeeId"], date(2026, 11, 2), "2")
    there.entries[first] |= {"hours": Decimal(8), "updatedAt": f"{there.clock():%Y-%m-%dT%H:%M:%SZ}"}
    del there.entries[second]
    falls, causes = found(till.report())
    assert falls == ["hours 10.00 0.00"]
    assert [(kind, amount) for kind, _number, amount in causes] == [
        ("MISSING_IN_SOURCE", "2.00"),
        ("MISSING_IN_TARGET", "-4.25"),
        ("STALE", "0.50"),
    ]


def test_hours_of_another_person_and_overtime_are_told(people):
    """7.50 are somebody else's; of 4.25 two are overtime."""
    till, there = people
    first, second = (next(each for each in there.entries.values() if each["note"].startswith(name)) for name in ("T1 ", "T2 "))
    first["employeeId"] = there.seed_employee(firstName="Bea", lastName="Moor", employeeNumber="8")
    second["hours"] -= 2
    there.seed_hours(second["employeeId"], date.fromisoformat(second["date"]), "2", second["note"].replace(" regular ", " overtime "))
    assert found(till.report()) == (["hours 11.75 0.00"], [("PARTY", "T1", "0.00"), ("RATE", "T2", "0.00")])


def test_hours_in_gusto_are_those_of_the_clock_and_what_a_person_does_is_told(payroll):
    """7.50 are copied and made somebody else's, 4.25 overtime; then 4.25 are made 4.00 and the copy is deleted."""
    till, there = payroll
    assert found(till.report()) == (["hours 11.75 0.00"], [])
    there.clock.forward(hours=1)
    first, second = (next(each for each in there.sheets.values() if each["metadata"][NUMBER] == name) for name in ("T1", "T2"))
    there.sheets["copy"] = {**first, "uuid": "copy", "updated_at": second["updated_at"]}
    there.sheets[first["uuid"]] |= {"entity_uuid": there.seed_employee("Bea", "Moor")}
    there.sheets[second["uuid"]] |= {"entries": [{**each, "pay_classification": "Overtime"} for each in second["entries"]]}
    falls, causes = found(till.report())
    assert falls == ["hours 19.25 0.00"]
    assert causes == [("DUPLICATE_TARGET", "copy", "7.50"), ("PARTY", "T1", "0.00"), ("RATE", "T2", "0.00")]
    del there.sheets["copy"]
    there.edit_sheet(second["uuid"], "4.00")
    assert found(till.report()) == (["hours 11.50 0.00"], [("PARTY", "T1", "0.00"), ("RATE", "T2", "0.00"), ("STALE", "T2", "-0.25")])
