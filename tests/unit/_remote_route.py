"""A small shop whose sales go by one route to an accounting system over HTTP: home, hub and simulator share one clock."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pipelines.home import load as loading
from pipelines.hub import equations, keys
from pipelines.hub.schema import migrate
from pipelines.hub.store import Hub
from pipelines.hub.vault import Vault
from pipelines.steps import run as running
from taps._kit.simulator import Simulator, serve
from tests.contract.samples import quickbooks_company, xero_company
from tests.unit.test_steps_related import MAPPINGS, ROWS, component, write

KINDS = {"order": "invoice", "payment": "payment", "refund": "credit_note", "customer": "contact", "product": "item"}
_STREAMS = {name: rows for name, rows in ROWS.items() if MAPPINGS[name]["type"] in KINDS}


class RemoteRoute:
    """One home; `run` is one run of all of it."""

    def __init__(self, path: Path, simulator: Simulator, hub: Hub) -> None:
        self.path = path
        self.simulator = simulator
        self.hub = hub

    def put(self, name: str, rows: list[dict[str, Any]]) -> None:
        """What the shop exports of one stream."""
        (self.path / f"files/{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))

    def run(self) -> running.Report:
        """Everything that is to be done, some time after the run before."""
        self.simulator.clock.forward(minutes=10)
        home = loading.load(self.path)
        return running.run(home, self.hub, list(home.routes.values()))

    def fates(self) -> dict[str, dict[str, int]]:
        """By kind, how many documents have which fate. Fails where an equation does not hold."""
        with self.hub.read() as tx:
            assert all(each.balanced for each in equations.intake(tx))
            balances = equations.route(tx, "sales", ["shop"], [("sales", "books")])
            rows = tx.exec_driver_sql("SELECT representation, fate, count(*) FROM disposition GROUP BY representation, fate").all()
        assert balances
        assert [each for each in balances if not each.balanced] == []
        found: dict[str, dict[str, int]] = {}
        for kind, fate, count in rows:
            found.setdefault(kind, {})[fate] = count
        return found

    def problems(self) -> list[tuple[str, str]]:
        """What a person would have to look at."""
        with self.hub.read() as tx:
            return [tuple(row) for row in tx.exec_driver_sql("SELECT code, say FROM problem WHERE closed_at IS NULL").all()]


def quickbooks() -> tuple[Simulator, Callable[[str], dict[str, Any]], dict[str, str], Mapping[str, str]]:
    """A company in euros: simulator, settings under a URL, secrets, accounts by role."""
    company = quickbooks_company.Company(currency="EUR")
    company.books.closed_until = None
    return company, quickbooks_company.config, quickbooks_company.SECRETS, quickbooks_company.CODES


def xero() -> tuple[Simulator, Callable[[str], dict[str, Any]], dict[str, str], Mapping[str, str]]:
    """An organisation in euros."""
    made = xero_company.simulator()
    made.books.period_lock, made.books.base_currency = None, "EUR"
    for account in made.books.accounts.values():
        if account["Type"] == "BANK":
            account["CurrencyCode"] = "EUR"
    return made, xero_company.config, xero_company.SECRETS, xero_company.ROLES


SYSTEMS = {"quickbooks": quickbooks, "xero": xero}


@contextmanager
def opened(system: str, path: Path, hub_url: str = "") -> Iterator[RemoteRoute]:
    """A shop with its first day's exports and a route to a fresh system; nothing has run yet."""
    for folder in ("connections", "routes", "mappings/t", "files"):
        (path / folder).mkdir(parents=True)
    simulator, config, secrets, accounts = SYSTEMS[system]()
    simulator.interludes.append(lambda _call: simulator.clock.forward(seconds=1.5))  # limits pass, and no test waits for them
    hub = Hub(hub_url or f"sqlite:///{path / 'hub.sqlite'}", simulator.clock)
    migrate(hub)
    companies = {"acme": {"legal_name": "Acme", "base_currency": "EUR", "timezone": "Europe/Berlin"}}
    write(path / "counterfoil.yaml", {"companies": companies})
    streams = {name: {"path": f"files/{name}.jsonl", "key": ["id"]} for name in _STREAMS}
    shop = {"tap": "files", "company": "acme", "timezone": "Europe/Berlin", "config": {"streams": streams}}
    component(path / "connections/shop.yaml", "Connection", shop | {"mappings": {name: f"t/{name}" for name in _STREAMS}})
    made = RemoteRoute(path, simulator, hub)
    for name, rows in _STREAMS.items():
        made.put(name, rows)
        write(path / f"mappings/t/{name}.yaml", {"mapping": f"t/{name}", "version": 1, "documents": [{**MAPPINGS[name], "id": "id"}]})
    posting = {
        "name": "books",
        "target": "books",
        "company": "acme",
        "walk_in": "Somebody",
        "books": {"base_currency": "EUR", "accounts": dict(accounts)},
        **{kind: {"as": each} for kind, each in KINDS.items()},
    }
    route = {"sources": ["shop"], "start": {"business_date": "2026-01-01"}, "mode": "auto", "posting": [posting]}
    component(path / "routes/sales.yaml", "Route", route)
    try:
        with serve(simulator) as url:
            component(path / "connections/books.yaml", "Connection", {"target": system, "config": config(url)})
            for name, value in secrets.items():
                Vault(hub, keys.load(path)).store("books", name, value)
            yield made
    finally:
        hub.close()
