"""One cent in one of 100,000 documents: delivered by the real path into the ledger's files, one of them changed there, and found."""

from __future__ import annotations

import random
import re
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipelines.home.load import load
from pipelines.hub.schema import migrate
from pipelines.hub.store import Hub
from pipelines.reconcile.run import reconcile
from pipelines.reconcile.words import Status
from pipelines.steps.run import run

pytestmark = pytest.mark.long

DOCUMENTS = 100_000
AS_OF = datetime(2026, 3, 1, tzinfo=UTC)
MAPPING = """
mapping: tests/sales
version: 1
documents:
  - type: order
    id: record.id
    fields:
      order_number: record.id
      business_date: date
      currency: "'EUR'"
      lines:
        - fields: {line_number: 1, sku: "'TEA'", quantity: 1, net_amount: number(total)}
      grand_total: number(total)
"""
CONTROL = "SELECT body->>'id' AS id, CAST(body->>'date' AS DATE) AS on_day, 'EUR' AS unit, money(body->>'total') AS amount FROM sales"
ACCOUNTS = {"Receivable": "Assets:Receivable", "Sales": "Income:Sales"}


def lay_out(home: Path, documents: int) -> None:
    """A shop's list of sales, and the books they go to."""
    for folder in ("connections", "routes", "mappings/tests", "files", "controls"):
        (home / folder).mkdir(parents=True)
    dice = random.Random(documents)
    with (home / "files/sales.csv").open("w") as file:
        file.write("id,date,total\n")
        for place in range(documents):
            cents = dice.randint(1, 99_999)
            file.write(f"S{place:06},2026-01-{place % 31 + 1:02},{cents // 100}.{cents % 100:02}\n")
    (home / "mappings/tests/sales.yaml").write_text(MAPPING)
    company = {"legal_name": "Acme", "base_currency": "EUR", "timezone": "UTC"}
    tap = {"tap": "files", "company": "acme", "timezone": "UTC", "mappings": {"sales": "tests/sales"}}
    books = {"base_currency": "EUR", "accounts": ACCOUNTS}
    posting = {"name": "books", "target": "ledger", "company": "acme", "books": books, "order": {"as": "invoice"}}
    _put(home, "counterfoil", {"hub": f"sqlite:///{home / 'hub.db'}", "companies": {"acme": company}})
    _put(home, "controls/shop", {"version": 1, "money": {"order": CONTROL}})
    _component(home, "connections/shop", "Connection", tap | {"config": {"streams": {"sales": {"path": "files/sales.csv", "key": ["id"]}}}})
    _component(home, "connections/ledger", "Connection", {"target": "ledger", "config": {"path": "books", "operating_currency": "EUR"}})
    route = {"sources": ["shop"], "start": {"business_date": "2026-01-01"}, "mode": "auto", "posting": [posting]}
    _component(home, "routes/books", "Route", route)


def _put(home: Path, name: str, content: Any) -> None:
    (home / f"{name}.yaml").write_text(yaml.safe_dump(content))


def _component(home: Path, name: str, kind: str, attributes: dict[str, Any]) -> None:
    _put(home, name, {"type": f"pipelines.components.{kind}", "attributes": attributes})


def one_cent_more(journal: Path, number: str) -> None:
    """In the text of the journal, on both sides of one entry."""
    head, entry, rest = re.split(rf'(?m)(^[^\n]*"invoice" "{number}".*?\n\n)', journal.read_text(), maxsplit=1, flags=re.DOTALL)
    changed, count = re.subn(r"(-?)(\d+\.\d\d) EUR", lambda found: f"{found[1]}{Decimal(found[2]) + Decimal('0.01')} EUR", entry)
    assert count == 2
    journal.write_text(head + changed + rest)


def test_one_cent_in_one_of_a_hundred_thousand_documents_is_found(tmp_path: Path) -> None:
    home = tmp_path / "home"
    lay_out(home, DOCUMENTS)
    loaded = load(home)
    hub = Hub(loaded.hub_url)
    try:
        migrate(hub)
        written = run(loaded, hub, list(loaded.routes.values())).written
        assert sum(written.values()) == DOCUMENTS
        before = reconcile(loaded, hub, as_of=AS_OF)
        assert before.status is Status.TIES
        one_cent_more(home / "books/entries.beancount", f"S{DOCUMENTS // 3:06}")
        after = reconcile(loaded, hub, as_of=AS_OF)
    finally:
        hub.close()
    (broken,) = after.breaks
    assert (broken.number, [(cause.kind.value, cause.amount) for cause in broken.causes]) == (
        f"S{DOCUMENTS // 3:06}",
        [("AMOUNT", Decimal("0.01"))],
    )
    assert set(after.unexplained.values()) == {0}
