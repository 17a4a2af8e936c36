"""The sample company's month into an accounting system over HTTP: a home with the routes into the books alone, and the systems there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml

from pipelines.home.load import load
from pipelines.hub import equations, keys
from pipelines.hub.schema import migrate
from pipelines.hub.store import Hub
from pipelines.hub.vault import Vault
from pipelines.sandbox.demo import lay_out
from pipelines.steps.run import Report, run
from taps._kit.simulator import serve
from taps._kit.surroundings import utc_now
from taps.xero.simulator import XeroSimulator
from tests.contract.samples import quickbooks_company, xero_company

CURRENCY = "GBP"
XERO_ROLES = xero_company.ROLES | {"DonationPayable": "885"}


class Month:
    """One home with the sample's routes into the books alone."""

    def __init__(self, path: Path, hub_url: str, clock: Callable[[], datetime] = utc_now) -> None:
        lay_out("sample", path)
        for other in ("people", "shop_stock", "till_stock"):
            (path / f"routes/{other}.yaml").unlink()
        for other in ("backoffice", "staff", "crm"):
            (path / f"connections/{other}.yaml").unlink()
        self.path = path
        _tie_payments(path / "mappings/sample")
        self.hub = Hub(hub_url, clock)
        migrate(self.hub)

    def edit(self, name: str, **attributes: Any) -> None:
        """Replace attributes of a connection or route."""
        file = self.path / f"{name}.yaml"
        content = yaml.safe_load(file.read_text())
        content["attributes"] |= attributes
        file.write_text(yaml.safe_dump(content, sort_keys=False))

    def accounts(self, named: dict[str, str]) -> None:
        """Book to these accounts, by role."""
        file = self.path / "routes/books.yaml"
        content = yaml.safe_load(file.read_text())
        content["attributes"]["posting"][0]["books"]["accounts"] = named
        file.write_text(yaml.safe_dump(content, sort_keys=False))

    def with_buyers(self) -> None:
        """The web shop's customers become contacts: its orders name them."""
        shop = yaml.safe_load((self.path / "connections/web.yaml").read_text())["attributes"]
        streams = {"customers": {"path": "files/crm/customers.csv", "encoding": "utf-8", "key": ["Contact"], "version": "Changed"}}
        mappings = {"customers": "sample/customers"}
        self.edit("connections/web", config={"streams": streams | shop["config"]["streams"]}, mappings=mappings | shop["mappings"])
        books = yaml.safe_load((self.path / "routes/books.yaml").read_text())["attributes"]["posting"]
        self.edit("routes/books", posting=[books[0] | {"customer": {"as": "contact"}}])

    def keep(self, secrets: dict[str, str], connection: str = "ledger") -> None:
        """Seal what a connection logs in with."""
        vault = Vault(self.hub, keys.load(self.path))
        for name, value in secrets.items():
            vault.store(connection, name, value)

    def run(self) -> Report:
        home = load(self.path)
        return run(home, self.hub, list(home.routes.values()))

    def fates(self) -> dict[str, int]:
        """Documents by fate; fails where an equation does not hold."""
        home = load(self.path)
        with self.hub.read() as tx:
            balances = [
                balance
                for route in home.routes.values()
                for balance in equations.route(tx, route.name, route.sources, [(posting.name, posting.effect) for posting in route.posting])
            ]
            assert all(each.balanced for each in equations.intake(tx))
        assert [each for each in balances if not each.balanced] == []
        return {fate: sum(tally.count for tally in units.values()) for fate, units in equations.fates(balances).items()}

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        with self.hub.read() as tx:
            return [tuple(row) for row in tx.exec_driver_sql(sql)]


def _tie_payments(mappings: Path) -> None:
    """An accounting system applies a payment to its invoice: so here each names its order by id, and waits for it. The demo's need not."""
    for name, number, order in (
        ("payments", "order_number: join('-', 'MM', order)", "order"),
        ("receipts", "order_number: Receipt", "Receipt"),
    ):
        file = mappings / f"{name}.yaml"
        head, payments = file.read_text().split("  - type: payment", 1)
        payments = payments.replace(f"      {number}\n", f"      order_id: ref('order', {order})\n      {number}\n")
        file.write_text(f"{head}  - type: payment{payments}")


@contextmanager
def month(path: Path, clock: Callable[[], datetime] = utc_now) -> Iterator[Month]:
    made = Month(path, f"sqlite:///{path}.db", clock)
    try:
        yield made
    finally:
        made.hub.close()


@contextmanager
def at_quickbooks(path: Path) -> Iterator[tuple[quickbooks_company.Company, Month]]:
    """A company of QuickBooks that the month goes to."""
    company = quickbooks_company.Company(currency=CURRENCY)
    company.books.closed_until = None
    company.seeds.item("Donation line", company.seeds.account("DonationPayable", "Other Current Liability", "2040"))
    company.interludes.append(lambda _call: company.clock.forward(seconds=1.5))  # forty batches a minute, and no test waits for it
    with serve(company) as url, month(path, company.clock) as there:
        settings = quickbooks_company.config(url)
        there.edit("connections/ledger", target="quickbooks", config=settings | {"items": settings["items"] | {"2040": "Donation line"}})
        there.accounts(quickbooks_company.CODES | {"DonationPayable": "2040"})
        there.keep(quickbooks_company.SECRETS)
        yield company, there


@contextmanager
def at_xero(path: Path) -> Iterator[tuple[XeroSimulator, Month]]:
    """An organisation of Xero that the month goes to."""
    organisation = xero_company.simulator()
    books = organisation.books
    books.period_lock, books.base_currency = None, CURRENCY
    for account in books.accounts.values():
        if account["Type"] == "BANK":
            account["CurrencyCode"] = CURRENCY
    books.account(XERO_ROLES["DonationPayable"], "DonationPayable", "CURRLIAB")
    organisation.interludes.append(lambda _call: organisation.clock.forward(seconds=1.2))  # sixty a minute, and no test waits for it
    codes = {"standard": "OUTPUT20", "zero": "NONE", "us_ny": "OUTPUT8"}
    with serve(organisation) as url, month(path, organisation.clock) as there:
        there.edit("connections/ledger", target="xero", config=xero_company.config(url, tax_types=codes | xero_company.TAX_TYPES))
        there.accounts(XERO_ROLES)
        there.keep(xero_company.SECRETS)
        yield organisation, there
