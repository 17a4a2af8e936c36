"""A home folder whose only source is a simulated shop or till, with a route into a ledger and a stock database."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml

from pipelines.home.load import load
from pipelines.hub import equations, keys
from pipelines.hub.schema import migrate
from pipelines.hub.store import Hub
from pipelines.hub.vault import Vault
from pipelines.reconcile.report import Report
from pipelines.reconcile.run import reconcile
from pipelines.steps.run import Report as Run
from pipelines.steps.run import run

ACME = {"legal_name": "Acme Ltd", "base_currency": "USD", "timezone": "America/New_York"}


class Front:
    """The folder, its hub on the simulator's clock, and what a test asks of them."""

    def __init__(
        self,
        home: Path,
        source: Mapping[str, Any],
        *,
        clock: Callable[[], datetime],
        secrets: Mapping[str, str],
        posting: Sequence[Mapping[str, Any]],
        lookups: Mapping[str, Any] | None = None,
        company: Mapping[str, str] = ACME,
    ) -> None:
        self.home = home
        for folder in ("connections", "routes", "lookups"):
            (home / folder).mkdir()
        self._put("counterfoil.yaml", {"hub": f"sqlite:///{home / 'hub.db'}", "companies": {"acme": dict(company)}})
        for name, table in (lookups or {}).items():
            self._put(f"lookups/{name}.yaml", table)
        self._component("connections/front", "Connection", {"company": "acme", "timezone": company["timezone"], **source})
        books = {"path": "books", "operating_currency": company["base_currency"]}
        self._component("connections/ledger", "Connection", {"target": "ledger", "config": books})
        self._component("connections/stock", "Connection", {"target": "database", "config": {"url": "sqlite:///stock.db"}})
        given = {"sources": ["front"], "start": {"business_date": "2026-01-01"}, "mode": "auto", "posting": list(posting)}
        self._component("routes/sales", "Route", given)
        self.hub = Hub(f"sqlite:///{home / 'hub.db'}", clock)
        migrate(self.hub)
        vault = Vault(self.hub, keys.load(home))
        for name, value in secrets.items():
            vault.store("front", name, value)

    def target(self, name: str, target: str, config: Mapping[str, Any], secrets: Mapping[str, str]) -> None:
        """A further connection that is written to."""
        self._component(f"connections/{name}", "Connection", {"target": target, "config": dict(config)})
        vault = Vault(self.hub, keys.load(self.home))
        for each, value in secrets.items():
            vault.store(name, each, value)

    def _put(self, name: str, content: Any) -> None:
        (self.home / name).write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")

    def _component(self, name: str, kind: str, attributes: Mapping[str, Any]) -> None:
        self._put(f"{name}.yaml", {"type": f"pipelines.components.{kind}", "attributes": dict(attributes)})

    def run(self) -> Run:
        """One run of the route."""
        home = load(self.home)
        return run(home, self.hub, list(home.routes.values()))

    def unbalanced(self) -> list[Any]:
        """What either equation does not explain."""
        home = load(self.home)
        with self.hub.read() as tx:
            found: list[Any] = [each for each in equations.intake(tx) if not each.balanced]
            for each in home.routes.values():
                postings = [(posting.name, posting.effect) for posting in each.posting]
                found += [balance for balance in equations.route(tx, each.name, each.sources, postings) if not balance.balanced]
        return found

    def reconciled(self) -> Report:
        """The books beside the source as both are now."""
        return reconcile(load(self.home), self.hub, as_of=self.hub.clock())

    def booked(self, account: str) -> list[Decimal]:
        """Every amount on an account of the books, from the text of the journal."""
        text = (self.home / "books/entries.beancount").read_text(encoding="utf-8")
        return [Decimal(amount) for amount in re.findall(rf"^  {account}\s+(-?[\d.]+) USD", text, re.MULTILINE)]
