"""The whole way: the sample company's home is laid out and run, and targets are read without any of the product's own code.

What ledger and database hold, and each fate of each posting, must be what the generator added up from the truth.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
import yaml
from beancount import loader
from beancount.core.data import Transaction

from pipelines.sandbox.demo import demo
from pipelines.sandbox.generate import SAMPLE


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("sample") / "home"


@pytest.fixture(scope="module")
def report(home):
    return demo("sample", home)


@pytest.fixture(scope="module")
def expected() -> dict[str, Any]:
    return yaml.safe_load((SAMPLE / "expected.yaml").read_text(encoding="utf-8"))


def test_every_row_that_was_read_is_accounted_for(report, expected):
    assert report["balanced"] == {"intake": True, "route": True}
    assert report["landed"] == sum(said["read"] for said in expected["streams"].values())
    for each in report["intake"]:
        said = expected["streams"][each["stream"]]
        assert (each["read"], each["repeated"]) == (said["read"], said["repeated"])
        assert each["translated"] == said["translated"]
        assert each.get("excluded", 0) == said["excluded"]
        assert each.get("replaced", 0) == said["replaced"]
        assert each.get("problem", 0) + each.get("held", 0) == said["problem"] + said["damaged"]
    assert len(report["intake"]) == len(expected["streams"])


def test_every_document_has_the_fate_that_the_generator_says(report, expected):
    """Summed over kinds and reasons, as the report sums them; nothing is ready, refused or in doubt."""
    said: dict[str, Any] = {}
    for posting, kinds in expected["fates"].items():
        sums = said.setdefault(posting, {})
        for fates in kinds.values():
            for fate, tally in fates.items():
                mine = sums.setdefault(fate.partition(":")[0], {"count": 0, "amount": defaultdict(Decimal)})
                mine["count"] += tally["count"]
                for unit, amount in tally["amount"].items():
                    mine["amount"][unit] += Decimal(amount)
    found = {
        posting: {
            fate: {"count": tally["count"], "amount": {unit: Decimal(amount) for unit, amount in tally["amount"].items()}}
            for fate, tally in fates.items()
        }
        for posting, fates in report["postings"].items()
    }
    assert found == said


def test_each_kind_of_trouble_that_was_planted_is_open_and_no_other(home, report, expected):
    with sqlite3.connect(home / "hub.db") as hub:
        found = {code for (code,) in hub.execute("SELECT code FROM problem WHERE closed_at IS NULL")}
    assert report["problems"]
    assert found == {oddity["code"] for oddity in expected["oddities"] if oddity["code"]}


def test_the_ledger_passes_beancount_and_every_account_holds_what_it_must(report, expected):
    entries, errors, _ = loader.load_file(report["ledger"])
    assert not errors
    for when, until in (("accounts", date.max), ("accounts_at_month_end", date(2026, 1, 31))):
        balances: dict[str, Decimal] = defaultdict(Decimal)
        for entry in entries:
            if isinstance(entry, Transaction) and entry.date <= until:
                for posting in entry.postings:
                    assert posting.units.currency == "GBP"
                    balances[posting.account] += posting.units.number
        said = {account: Decimal(amount) for account, amount in expected[when].items() if Decimal(amount)}
        assert {account: amount for account, amount in balances.items() if amount} == said


def test_the_database_holds_stock_hours_and_people(report, expected):
    with sqlite3.connect(report["database"].removeprefix("sqlite:///")) as back_office:
        millionths = dict(back_office.execute("SELECT item, SUM(units) FROM stock_movement GROUP BY item"))
        hours = back_office.execute("SELECT SUM(hours) FROM time_entry").fetchone()[0]
        records = {
            table: back_office.execute(f"SELECT COUNT(*) FROM {table} WHERE active").fetchone()[0]
            for table in ("customer", "employee", "item")
        }
    said = {item: units for item, units in expected["units"].items() if units}  # + is out of stock
    assert {item: Decimal(units) / 1_000_000 for item, units in millionths.items() if units} == said
    assert Decimal(hours) / 1_000_000 == Decimal(expected["hours"])
    assert records == {"customer": 118, "employee": 15, "item": 60}


def test_a_second_run_writes_nothing(report, home):
    again = demo("sample", home)
    assert set(again["written"].values()) == {0}
    assert again["landed"] == 0
    assert again["postings"] == report["postings"]


def test_a_row_in_a_lookup_closes_a_problem_and_books_one_order(report, home, expected):
    """What docs/sample-company.md says under `Try it`: the old tax code is mapped, and one of the five open items is gone."""
    before = report["problems"]
    lookup = home / "lookups" / "sample_tax_codes.yaml"
    lookup.write_text(lookup.read_text(encoding="utf-8") + "UK-OLD: standard\n", encoding="utf-8")
    again = demo("sample", home)
    assert again["problems"] == before - 1
    assert again["written"]["ledger"] == 1
    entries, errors, _ = loader.load_file(again["ledger"])
    assert not errors
    owed = sum(p.units.number for e in entries if isinstance(e, Transaction) for p in e.postings if p.account == "Assets:Receivable")
    [order] = [oddity["subject"] for oddity in expected["oddities"] if "UK-OLD" in oddity["what"]]
    assert owed == Decimal(expected["accounts"]["Assets:Receivable"]) - Decimal(expected["receivables"][order])
