"""A small company for tests: one or more shops that export orders as CSV, a ledger and a stock database, in a home folder of its own."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
import yaml

from pipelines.home.load import Home, load
from pipelines.hub import equations
from pipelines.hub.equations import Balance, Intake
from pipelines.hub.schema import migrate
from pipelines.hub.store import Hub
from pipelines.steps.run import Report, run

MAPPING = """
mapping: tests/orders
version: 1
documents:
  - type: order
    when: type == 'order'
    id: id
    fields:
      order_number: id
      business_date: day(date)
      placed_at: instant(date + 'T12:00:00Z')
      currency: currency
      lines:
        - fields:
            line_number: 1
            kind: "'item'"
            sku: sku
            quantity: number(units)
            net_amount: number(total)
            total_amount: number(total)
      grand_total: number(total)
  - type: refund
    id: id
    fields:
      order_id: ref('order', order)
      business_date: day(date)
      processed_at: instant(date + 'T12:00:00Z')
      currency: currency
      lines:
        - fields:
            line_number: 1
            kind: "'item'"
            sku: sku
            quantity: number(units)
            net_amount: number(total)
            total_amount: number(total)
      grand_total: number(total)
"""
HEAD = "id,type,version,date,currency,sku,units,total,order"
ACCOUNTS = {"Receivable": "Assets:Receivable", "Sales": "Income:Sales", "SalesReturns": "Income:Returns", "Rounding": "Expenses:Rounding"}


def order(number: str, total: str, *, version: str = "1", units: str = "1", date: str = "2026-01-05", currency: str = "EUR") -> str:
    """One CSV row of a sale."""
    return f"{number},order,{version},{date},{currency},mug,{units},{total},"


def refund(number: str, of: str, total: str, *, version: str = "1", date: str = "2026-01-06") -> str:
    """One CSV row of a refund."""
    return f"{number},refund,{version},{date},EUR,mug,1,{total},{of}"


@dataclass
class Clock:
    """Time that tests move."""

    now: datetime = datetime(2026, 2, 1, 8, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def pass_(self, **span: float) -> None:
        self.now += timedelta(**span)


@dataclass
class Company:
    """The home folder and what a test does with it."""

    path: Path
    hub_url: str
    shops: tuple[str, ...] = ("shop",)
    snapshot: bool = False
    routes: dict[str, dict[str, Any]] = field(default_factory=dict)
    clock: Clock = field(default_factory=Clock)

    def __post_init__(self) -> None:
        for folder in ("connections", "routes", "mappings/tests", "files"):
            (self.path / folder).mkdir(parents=True, exist_ok=True)
        self._yaml("counterfoil.yaml", {"hub": self.hub_url, "companies": {"acme": _ACME}})
        (self.path / "mappings/tests/orders.yaml").write_text(MAPPING, encoding="utf-8")
        for shop in self.shops:
            stream = {"path": f"files/{shop}.csv", "key": ["id"], "version": "version", "snapshot": self.snapshot}
            self._component(f"connections/{shop}", "Connection", _tap(stream))
        self._component("connections/ledger", "Connection", {"target": "ledger", "config": {"path": "books", "operating_currency": "EUR"}})
        self._component("connections/stock", "Connection", {"target": "database", "config": {"url": "sqlite:///stock.db"}})
        for name, given in (self.routes or {"sales": route(self.shops)}).items():
            self._component(f"routes/{name}", "Route", given)
        self.hub = Hub(self.hub_url, self.clock)
        migrate(self.hub)

    def _yaml(self, name: str, content: Any) -> None:
        (self.path / name).write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")

    def _component(self, name: str, kind: str, attributes: dict[str, Any]) -> None:
        self._yaml(f"{name}.yaml", {"type": f"pipelines.components.{kind}", "attributes": attributes})

    def export(self, *rows: str, shop: str = "shop") -> None:
        """Write the shop's export anew."""
        (self.path / f"files/{shop}.csv").write_text("\n".join((HEAD, *rows)) + "\n", encoding="utf-8")

    @property
    def home(self) -> Home:
        """The home as it is configured now."""
        return load(self.path)

    def run(self) -> Report:
        """One run of every route."""
        home = self.home
        return run(home, self.hub, list(home.routes.values()))

    def ask(self, sql: str, **values: Any) -> list[Any]:
        """Rows of the hub."""
        with self.hub.read() as tx:
            return [tuple(row) if len(row) > 1 else row[0] for row in tx.execute(sa.text(sql), values)]

    def intake(self) -> list[Intake]:
        """The intake equation."""
        with self.hub.read() as tx:
            return equations.intake(tx)

    def balances(self) -> list[Balance]:
        """The route equations."""
        home = self.home
        with self.hub.read() as tx:
            return [
                balance
                for each in home.routes.values()
                for balance in equations.route(tx, each.name, each.sources, [(posting.name, posting.effect) for posting in each.posting])
            ]

    def both_balance(self) -> bool:
        """Whether both equations hold."""
        return all(each.balanced for each in self.intake()) and all(each.balanced for each in self.balances())

    def entries(self) -> list[str]:
        """Head lines of the journal's entries."""
        path = self.path / "books/entries.beancount"
        return [line for line in path.read_text(encoding="utf-8").splitlines() if line[:2] == "20"] if path.exists() else []


_ACME = {"legal_name": "Acme Ltd", "base_currency": "EUR", "timezone": "Europe/Dublin"}


def _tap(stream: dict[str, Any]) -> dict[str, Any]:
    return {
        "tap": "files",
        "company": "acme",
        "timezone": "Europe/Dublin",
        "config": {"streams": {"orders": stream}},
        "mappings": {"orders": "tests/orders"},
    }


def route(shops: tuple[str, ...] = ("shop",), *, stock: bool = True, **settings: Any) -> dict[str, Any]:
    """A route from the shops to books, and to stock unless it is left out."""
    books = {
        "name": "books",
        "target": "ledger",
        "books": {"base_currency": "EUR", "accounts": ACCOUNTS},
        "order": {"as": "invoice"},
        "refund": {"as": "credit_note"},
    }
    shelf = {"name": "shelf", "target": "stock", "order": {"as": "stock_removal"}, "refund": {"as": "stock_return"}}
    return {
        "sources": list(shops),
        "start": {"business_date": "2026-01-01"},
        "mode": "auto",
        "posting": [books, shelf] if stock else [books],
        **settings,
    }
