"""A route into QuickBooks through the hub: customers, items, orders, payments and refunds, booked, changed and found again."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipelines.home import load as loading
from pipelines.hub import equations, keys
from pipelines.hub.schema import migrate
from pipelines.hub.store import Hub
from pipelines.hub.vault import Vault
from pipelines.steps import run as running
from taps._kit.errors import Misconfigured
from taps._kit.simulator import serve
from taps.quickbooks.simulator.accounts import trial_balance
from tests.contract.samples.quickbooks_company import CODES, SECRETS, Company, config
from tests.unit.test_steps_related import MAPPINGS, ROWS, component, write

KINDS = {"order": "invoice", "payment": "payment", "refund": "credit_note", "customer": "contact", "product": "item"}
POSTING = ("sales", "books")


@pytest.fixture
def company() -> Iterator[Company]:
    """A company in euros that takes the tax that it is told."""
    made = Company(currency="EUR")
    made.clock.now = datetime.now(UTC)
    made.access["access-1"] = made.clock.now + timedelta(hours=1)
    made.books.closed_until = None
    made.books.delete("Invoice", {"Id": made.invoice, "SyncToken": "0"})
    return made


@pytest.fixture
def home(tmp_path: Path, company: Company) -> Iterator[Path]:
    for folder in ("connections", "routes", "mappings/t", "files"):
        (tmp_path / folder).mkdir(parents=True)
    for name, rows in ROWS.items():
        put(tmp_path, name, rows)
        write(tmp_path / f"mappings/t/{name}.yaml", {"mapping": f"t/{name}", "version": 1, "documents": [{**MAPPINGS[name], "id": "id"}]})
    companies = {"acme": {"legal_name": "Acme", "base_currency": "EUR", "timezone": "Europe/Berlin"}}
    write(tmp_path / "counterfoil.yaml", {"companies": companies})
    streams = {name: {"path": f"files/{name}.jsonl", "key": ["id"]} for name in ROWS}
    shop = {"tap": "files", "company": "acme", "timezone": "Europe/Berlin", "config": {"streams": streams}}
    component(tmp_path / "connections/shop.yaml", "Connection", shop | {"mappings": {name: f"t/{name}" for name in ROWS}})
    with serve(company) as url:
        component(tmp_path / "connections/books.yaml", "Connection", {"target": "quickbooks", "config": config(url)})
        posting = {
            "name": "books",
            "target": "books",
            "company": "acme",
            "walk_in": "Somebody",
            "books": {"base_currency": "EUR", "accounts": CODES},
            **{kind: {"as": made} for kind, made in KINDS.items()},
        }
        route = {"sources": ["shop"], "start": {"business_date": "2026-01-01"}, "mode": "auto", "posting": [posting]}
        component(tmp_path / "routes/sales.yaml", "Route", route)
        yield tmp_path


def put(home: Path, name: str, rows: list[dict[str, Any]]) -> None:
    (home / f"files/{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


@pytest.fixture
def go(home: Path, tmp_path: Path) -> Iterator[Callable[..., Hub]]:
    ahead = timedelta(0)
    hub = Hub(f"sqlite:///{tmp_path / 'hub.sqlite'}", lambda: datetime.now(UTC) + ahead)
    migrate(hub)
    for name, value in SECRETS.items():
        Vault(hub, keys.load(home)).store("books", name, value)

    def run(later: timedelta = timedelta(0)) -> Hub:
        nonlocal ahead
        ahead += later
        loaded = loading.load(home)
        running.run(loaded, hub, list(loaded.routes.values()))
        return hub

    yield run
    hub.close()


def balanced(hub: Hub) -> bool:
    with hub.read() as tx:
        found = equations.route(tx, "sales", ["shop"], [POSTING])
    assert found
    return all(balance.balanced for balance in found)


BOOKED = {"Accounts Receivable": Decimal(2), "Clearing": Decimal(12), "SalesReturns": Decimal(3), "Sales": Decimal(-17)}
"""12.00 and 5.00 sold, 12.00 paid, 3.00 credited."""


def test_a_day_is_booked_once_and_nothing_is_left_to_do(company, go):
    hub = go()
    assert trial_balance(company.books) == BOOKED
    assert balanced(hub)
    made = {entity: company.made(entity) for entity in ("Customer", "Item", "Invoice", "Payment", "CreditMemo")}
    assert made == {"Customer": 2, "Item": 0, "Invoice": 1, "Payment": 1, "CreditMemo": 1}, "the mug was typed by hand; one invoice is gone"
    invoices = {each["CustomerMemo"]["value"]: each for each in company.books.objects["Invoice"].values()}
    assert invoices["Order 1001"]["Balance"] == 0
    ann, nobody = (company.books.objects["Customer"][invoices[f"Order {n}"]["CustomerRef"]["value"]] for n in (1001, 1002))
    assert (ann["DisplayName"], nobody["DisplayName"]) == ("Ann", "Somebody")
    mug = invoices["Order 1001"]["Line"][0]["SalesItemLineDetail"]["ItemRef"]["value"]
    assert company.books.objects["Item"][mug]["Sku"] == "MUG"
    writes = [exchange for exchange in company.log if exchange.request.method == "POST"]
    go()
    assert [exchange for exchange in company.log if exchange.request.method == "POST"] == writes


def test_an_order_that_changed_is_changed_there_although_it_was_paid(company, go, home):
    go()
    put(home, "orders", [row | {"total": "13.00"} if row["id"] == "1001" else row for row in ROWS["orders"]])
    hub = go(timedelta(minutes=1))
    assert trial_balance(company.books) == BOOKED | {"Accounts Receivable": Decimal(3), "Sales": Decimal(-18)}
    assert balanced(hub)


@pytest.mark.parametrize("fault", ["drop_after", "status_after", "truncate"])
def test_a_lost_answer_is_found_and_nothing_is_booked_twice(fault, company, go):
    """Each write loses its answer once; a later run asks, adopts what is there, and goes on."""
    company.faults.add(fault, method="POST", path="company", times=1)
    company.faults.add(fault, method="POST", path="company", times=1, skip=1)
    for _ in range(6):
        hub = go(timedelta(minutes=10))
        company.clock.forward(minutes=10)
        company.access["access-1"] = company.clock() + timedelta(hours=1)
    assert trial_balance(company.books) == BOOKED
    assert balanced(hub)
    assert company.made("Invoice", "Payment", "CreditMemo", "Item") == 3


@pytest.mark.parametrize("kind", ["bill", "vendor_credit"])
def test_check_refuses_bills_where_the_connection_does_not_say_that_they_are_posted(kind, home):
    """QuickBooks has no draft of one: a route that writes them must not raise payables by surprise."""
    route, books = home / "routes/sales.yaml", home / "connections/books.yaml"
    told = yaml.safe_load(route.read_text())
    told["attributes"]["posting"][0][kind] = {"as": {"bill": "bill", "vendor_credit": "bill_credit"}[kind]}
    write(route, told)
    assert loading.load(home).routes
    connection = yaml.safe_load(books.read_text())
    del connection["attributes"]["config"]["bills"]
    write(books, connection)
    with pytest.raises(Misconfigured, match=f"books does not write `{kind}` as .*: QuickBooks has no draft of a bill.*`bills: posted`"):
        loading.load(home)
