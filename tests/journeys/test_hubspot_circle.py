"""A deal is won, its invoice is booked in Xero, paid there, and the deal is told; and that ends it: nothing goes round in a circle."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipelines.home.load import load
from pipelines.hub import equations, keys
from pipelines.hub.schema import migrate
from pipelines.hub.store import Hub
from pipelines.hub.vault import Vault
from pipelines.steps.run import Report, run
from taps._kit.simulator import serve
from taps.hubspot.simulator import HubSpotSimulator, company
from taps.xero.simulator import XeroSimulator
from taps.xero.simulator.moves import settle
from tests.contract.samples import xero_company

TOKEN = {"access_token": "pat-na1-hubspot-1"}
OURS = ("invoice_number", "invoice_status", "invoice_balance", "invoice_due_on", "invoice_paid_on")
ACCOUNTS = {**xero_company.ROLES, "ManualSales": "260"}


class Circle:
    """A home with a CRM that is read and told, and books that are written and read back."""

    def __init__(self, home: Path, crm: HubSpotSimulator, crm_url: str, books: XeroSimulator, books_url: str) -> None:
        self.home, self.crm, self.books = home, crm, books
        for folder in ("connections", "routes"):
            (home / folder).mkdir()
        acme = {"legal_name": "Acme Ltd", "base_currency": "USD", "timezone": "America/New_York"}
        self._put("counterfoil", {"hub": f"sqlite:///{home / 'hub.db'}", "companies": {"acme": acme}})
        hubspot = {"base_url": crm_url, "private_network": True}
        read = {"company": "acme", "timezone": "America/New_York"}
        deals = {stream: f"hubspot/{stream}" for stream in ("companies", "contacts", "deals")}
        self._component("connections/crm", "Connection", {"tap": "hubspot", **read, "config": hubspot, "mappings": deals})
        self._component("connections/crm_told", "Connection", {"target": "hubspot", "config": {**hubspot, "create_properties": True}})
        xero = xero_company.config(books_url)
        self._component("connections/books", "Connection", {"target": "xero", "config": {**xero, "due_days": 30}})
        invoices = {"invoices": "xero/invoices"}
        self._component("connections/books_read", "Connection", {"tap": "xero", **read, "config": xero, "mappings": invoices})
        posting = {"name": "books", "target": "books", "books": {"base_currency": "USD", "accounts": ACCOUNTS}}
        self._route("sales", "crm", {**posting, "order": {"as": "invoice"}, "customer": {"as": "contact"}})
        self._route("told", "books_read", {"name": "deals", "target": "crm_told", "invoice": {"as": "deal_invoice"}})
        self.hub = Hub(f"sqlite:///{home / 'hub.db'}", books.clock)
        migrate(self.hub)
        vault = Vault(self.hub, keys.load(home))
        for connection, secrets in (
            ("crm", TOKEN),
            ("crm_told", TOKEN),
            ("books", xero_company.SECRETS),
            ("books_read", xero_company.SECRETS),
        ):
            for name, value in secrets.items():
                vault.store(connection, name, value)

    def _put(self, name: str, content: Any) -> None:
        (self.home / f"{name}.yaml").write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")

    def _component(self, name: str, kind: str, attributes: dict[str, Any]) -> None:
        self._put(name, {"type": f"pipelines.components.{kind}", "attributes": attributes})

    def _route(self, name: str, source: str, posting: dict[str, Any]) -> None:
        given = {"sources": [source], "start": {"business_date": "2026-01-01"}, "mode": "auto", "posting": [posting]}
        self._component(f"routes/{name}", "Route", given)

    def run(self) -> Report:
        """One run of both routes, an hour after the last one."""
        self.books.clock.forward(hours=1)
        home = load(self.home)
        return run(home, self.hub, [home.routes["sales"], home.routes["told"]])

    def unbalanced(self) -> list[Any]:
        home = load(self.home)
        with self.hub.read() as tx:
            found: list[Any] = [each for each in equations.intake(tx) if not each.balanced]
            for each in home.routes.values():
                postings = [(posting.name, posting.effect) for posting in each.posting]
                found += [balance for balance in equations.route(tx, each.name, each.sources, postings) if not balance.balanced]
        return found

    def ask(self, sql: str) -> Any:
        """One value out of the hub."""
        with self.hub.read() as tx:
            return tx.exec_driver_sql(sql).scalar_one()

    def told(self, deal: int) -> dict[str, str]:
        """What stands on the deal of ours."""
        row = self.crm.portal["deals"].get(deal)
        assert row is not None
        return {name: row.properties[f"counterfoil_{name}"] for name in OURS if f"counterfoil_{name}" in row.properties}

    def pay(self, number: str, amount: str) -> None:
        """A person in the books says that money came."""
        invoices = self.books.books.documents["Invoices"]
        [key] = [key for key, each in invoices.items() if each.get("InvoiceNumber") == number]
        made = {"PaymentID": f"pay-{number}-{amount}", "Invoice": {"InvoiceID": key}, "Amount": Decimal(amount), "Date": date(2026, 11, 20)}
        settle(self.books.books, made, 1)


@pytest.fixture
def circle(tmp_path: Path) -> Iterator[Circle]:
    books = xero_company.simulator()
    crm = company(6, clock=books.clock)
    with serve(crm) as crm_url, serve(books) as books_url:
        made = Circle(tmp_path, crm, crm_url, books, books_url)
        yield made
        made.hub.close()


def test_the_deal_is_told_and_nothing_comes_of_our_own_write(circle):
    deals = [row.id for row in circle.crm.portal["deals"].truth()]
    first = circle.run()
    assert first.problems == 0
    second = circle.run()  # by now the books show the invoices
    assert first.written["crm_told"] + second.written["crm_told"] == len(deals)
    amount = circle.crm.portal["deals"].get(deals[0]).properties["amount"]
    told = {"invoice_number": f"HS-{deals[0]}", "invoice_status": "open", "invoice_balance": amount, "invoice_due_on": "2026-12-02"}
    assert circle.told(deals[0]) == told

    touched = [row.updated for row in circle.crm.portal["deals"].truth()]
    assert min(touched) > max(row.created for row in circle.crm.portal["deals"].truth())  # our write moved every deal
    again = circle.run()
    assert circle.ask("SELECT COUNT(*) FROM landed WHERE connection_id = 'crm' AND stream = 'deals'") == 2 * len(deals)
    assert circle.ask("SELECT MAX(revision) FROM document WHERE connection_id = 'crm' AND type = 'order'") == 1
    assert sum(again.written.values()) == 0
    assert circle.unbalanced() == []

    circle.pay(f"HS-{deals[0]}", amount)
    circle.pay(f"HS-{deals[1]}", "1.00")
    paid = circle.run()
    assert paid.written == {"books": 0, "crm_told": 2}
    assert circle.told(deals[0]) == told | {"invoice_status": "paid", "invoice_balance": "0", "invoice_paid_on": "2026-11-20"}
    assert circle.told(deals[1])["invoice_status"] == "open"
    for _ in range(2):
        assert sum(circle.run().written.values()) == 0
    assert circle.unbalanced() == []


def test_a_deal_that_goes_back_takes_its_invoice_back_and_is_told(circle):
    circle.run()
    circle.run()
    deal = circle.crm.portal["deals"].truth()[0].id
    circle.crm.portal.update("deals", deal, {"dealstage": "contractsent"})
    circle.run()
    circle.run()
    assert circle.told(deal)["invoice_status"] == "voided"
    assert circle.told(deal)["invoice_balance"] == "0"
    assert sum(circle.run().written.values()) == 0
    assert circle.unbalanced() == []
