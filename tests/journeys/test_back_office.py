"""The sample company's month into an accounting system over HTTP: what its own trial balance says is what the embedded ledger says.

The two targets share the posting table and nothing behind it: documents, calls, receipts and the books themselves are each one's own.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
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
from pipelines.sandbox.demo import lay_out
from pipelines.steps.run import Report, run
from taps._kit.simulator import serve
from taps.quickbooks.simulator.accounts import trial_balance
from tests.contract.samples import quickbooks_company

CURRENCY = "GBP"


class Month:
    """One home with the sample's routes into the books alone."""

    def __init__(self, path: Path, hub_url: str) -> None:
        lay_out("sample", path)
        for other in ("people", "shop_stock", "till_stock"):
            (path / f"routes/{other}.yaml").unlink()
        for other in ("backoffice", "staff", "crm"):
            (path / f"connections/{other}.yaml").unlink()
        self.path = path
        self.hub = Hub(hub_url)
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

    def keep(self, secrets: dict[str, str]) -> None:
        """Seal what the connection `ledger` logs in with."""
        vault = Vault(self.hub, keys.load(self.path))
        for name, value in secrets.items():
            vault.store("ledger", name, value)

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


@contextmanager
def month(path: Path, hub_url: str) -> Iterator[Month]:
    made = Month(path, hub_url)
    try:
        yield made
    finally:
        made.hub.close()


def of_the_ledger(path: Path) -> dict[str, Decimal]:
    """Balances of a Beancount journal, by account; written here anew, from the text alone."""
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for line in (path / "books/entries.beancount").read_text().splitlines():
        found = re.match(r"^\s+([A-Z]\w+(?::[\w-]+)+)\s+(-?[\d.]+) " + CURRENCY, line)
        if found:
            sums[found[1]] += Decimal(found[2])
    return {account: amount for account, amount in sums.items() if amount}


def test_quickbooks_ends_with_the_balances_of_the_ledger(tmp_path: Path) -> None:
    roles = quickbooks_company.ACCOUNTS
    with month(tmp_path / "ledger", f"sqlite:///{tmp_path}/ledger.db") as own:
        own.accounts({role: f"Assets:{role}" for role in roles})
        own.run()
        expected = {account.removeprefix("Assets:"): amount for account, amount in of_the_ledger(own.path).items()}
        fates = own.fates()

    company = quickbooks_company.Company(currency=CURRENCY)
    company.books.closed_until = None
    before = trial_balance(company.books)
    with serve(company) as url, month(tmp_path / "quickbooks", f"sqlite:///{tmp_path}/quickbooks.db") as there:
        config = quickbooks_company.config(url)
        there.edit("connections/ledger", target="quickbooks", config=config)
        there.accounts(dict(quickbooks_company.CODES))
        there.keep(quickbooks_company.SECRETS)
        first = there.run()
        refused = there.ask("SELECT code, say FROM problem WHERE operation_id IS NOT NULL AND closed_at IS NULL LIMIT 5")
        assert there.fates() == fates, refused
        second = there.run()
        calls = len([each for each in company.log if each.request.method == "POST" and "token" not in each.request.path])
    assert sum(second.written.values()) == 0
    found = {account: amount - before.get(account, Decimal(0)) for account, amount in trial_balance(company.books).items()}
    names = {"Accounts Receivable": "Receivable", "Sales Tax Payable": "SalesTaxPayable"}
    assert {names.get(account, account): amount for account, amount in found.items() if amount} == expected
    assert calls < 1.5 * sum(first.written.values()) / 25, "thirty to a batch"


@pytest.mark.parametrize("role", ["Sales", "Receivable"])
def test_the_comparison_sees_a_wrong_account(role: str, tmp_path: Path) -> None:
    """A judge that finds nothing wrong with anything is none: the same month, one role booked elsewhere."""
    with month(tmp_path / "ledger", f"sqlite:///{tmp_path}/ledger.db") as own:
        accounts = {each: f"Assets:{each}" for each in quickbooks_company.ACCOUNTS}
        own.accounts(accounts)
        own.run()
        right = of_the_ledger(own.path)
    with month(tmp_path / "other", f"sqlite:///{tmp_path}/other.db") as other:
        other.accounts(accounts | {role: "Assets:Wrong"})
        other.run()
        assert of_the_ledger(other.path) != right
