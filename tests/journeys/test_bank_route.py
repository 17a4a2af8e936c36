"""Bank statements flow through the hub beside a till: every entry is a document, no route books one, and nothing comes twice."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import yaml

from pipelines.home.load import load
from pipelines.hub import equations
from pipelines.hub.schema import migrate
from pipelines.hub.store import Hub
from pipelines.hub.tables import document, problem
from pipelines.steps.run import Report, run
from tests.unit._bank import Line, Sheet, camt, mt940

JANUARY = Sheet(
    (Line(date(2026, 1, 5), Decimal("35.00"), "payout 17", "B1"), Line(date(2026, 1, 30), Decimal("-9.99"), "card fee")), number="1"
)
OVERLAP = replace(
    JANUARY, lines=(*JANUARY.lines, Line(date(2026, 2, 2), Decimal("-35.00"), "payout 17 back", "B2")), closed_on=date(2026, 2, 2)
)
BOOKS = {
    "name": "books",
    "target": "ledger",
    "books": {"base_currency": "EUR", "accounts": {}},
    "bank_transaction": {"exclude": "reconciled, not booked"},
    "*": {"exclude": "nothing else here"},
}


class Company:
    """A home folder with a bank, and books that take nothing from it."""

    def __init__(self, home: Path) -> None:
        self.home = home
        for folder in ("connections", "routes", "bank"):
            (home / folder).mkdir()
        acme = {"legal_name": "Acme Ltd", "base_currency": "EUR", "timezone": "Europe/Berlin"}
        self._put("counterfoil.yaml", {"hub": f"sqlite:///{home / 'hub.db'}", "companies": {"acme": acme}})
        source = {
            "tap": "bank",
            "company": "acme",
            "timezone": "Europe/Berlin",
            "config": {"files": [{"path": "bank/"}]},
            "mappings": {"entries": "bank/entries"},
        }
        self._component("connections/bank", "Connection", source)
        self._component("connections/ledger", "Connection", {"target": "ledger", "config": {"path": "books", "operating_currency": "EUR"}})
        given = {"sources": ["bank"], "start": {"business_date": "2026-01-01"}, "mode": "auto", "posting": [BOOKS]}
        self._component("routes/bank", "Route", given)
        self.hub = Hub(f"sqlite:///{home / 'hub.db'}", lambda: datetime(2026, 2, 3, tzinfo=UTC))
        migrate(self.hub)

    def _put(self, name: str, content: Any) -> None:
        (self.home / name).write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")

    def _component(self, name: str, kind: str, attributes: dict[str, Any]) -> None:
        self._put(f"{name}.yaml", {"type": f"pipelines.components.{kind}", "attributes": attributes})

    def run(self) -> Report:
        home = load(self.home)
        return run(home, self.hub, list(home.routes.values()))

    def amounts(self) -> list[Decimal]:
        """Of the bank transactions that stand now."""
        with self.hub.read() as tx:
            rows = tx.execute(sa.select(document.c.type, document.c.amount).where(document.c.current)).all()
        assert {row.type for row in rows} <= {"bank_transaction"}
        return sorted(Decimal(row.amount) for row in rows)

    def open_problems(self) -> list[str]:
        with self.hub.read() as tx:
            return sorted(tx.execute(sa.select(problem.c.code).where(problem.c.closed_at.is_(None))).scalars())

    def unbalanced(self) -> list[Any]:
        """What either equation does not explain."""
        route = load(self.home).routes["bank"]
        with self.hub.read() as tx:
            found: list[Any] = [each for each in equations.intake(tx) if not each.balanced]
            postings = [(posting.name, posting.effect) for posting in route.posting]
            return found + [each for each in equations.route(tx, route.name, route.sources, postings) if not each.balanced]


@pytest.fixture
def company(tmp_path: Path) -> Any:
    made = Company(tmp_path)
    yield made
    made.hub.close()


def test_statements_become_documents_once_and_nothing_is_booked(company: Company) -> None:
    folder = company.home / "bank"
    (folder / "january.xml").write_bytes(camt(JANUARY))
    first = company.run()
    assert (first.problems, company.amounts()) == (0, [Decimal("-9.99"), Decimal("35.00")])
    (folder / "february.sta").write_bytes(mt940(OVERLAP))
    second = company.run()
    assert (second.problems, company.amounts()) == (0, [Decimal("-35.00"), Decimal("-9.99"), Decimal("35.00")])
    assert company.open_problems() == []
    third = company.run()
    assert sum(first.written.values()) + sum(second.written.values()) + sum(third.written.values()) == 0
    assert company.unbalanced() == []


def test_what_is_wrong_with_a_statement_is_an_open_problem_until_it_is_mended(company: Company) -> None:
    bad = company.home / "bank/january.xml"
    bad.write_bytes(camt(JANUARY).replace(b"35.00", b"thirty"))
    company.run()
    assert company.open_problems() == ["READ-BALANCE", "READ-DAMAGED"]
    company.run()
    assert company.open_problems() == ["READ-BALANCE", "READ-DAMAGED"], "a quiet run says it again"
    bad.write_bytes(camt(JANUARY))
    company.run()
    assert company.open_problems() == []
    assert company.amounts() == [Decimal("-9.99"), Decimal("35.00")]
    assert company.unbalanced() == []
