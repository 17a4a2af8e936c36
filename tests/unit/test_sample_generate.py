"""The sample company's files are what their generator makes, and what it says of them ties in itself."""

from __future__ import annotations

import csv
import io
import json
from collections import defaultdict
from decimal import Decimal

import pytest
import yaml

from pipelines.sandbox.expected import expectation
from pipelines.sandbox.generate import SAMPLE, everything, sample_files


@pytest.fixture(scope="module")
def made():
    return everything()


@pytest.fixture(scope="module")
def expected():
    return yaml.safe_load((SAMPLE / "expected.yaml").read_text(encoding="utf-8"))


def test_the_shipped_files_are_what_the_generator_makes(made):
    assert {name: (SAMPLE / name).read_bytes() for name in made} == made
    shipped = {path.relative_to(SAMPLE).as_posix() for path in (SAMPLE / "files").rglob("*") if path.is_file()}
    assert shipped == {name for name in made if name.startswith("files/")} | {"files/.gitattributes"}
    assert sum(map(len, made.values())) < 1_000_000


def test_books_balance_and_the_worked_examples_are_in_them(expected):
    for when in ("accounts", "accounts_at_month_end"):
        assert sum(Decimal(amount) for amount in expected[when].values()) == 0
    _, _, web, _, _ = sample_files()
    assert [order.total for order in web.orders if order.pays in ("card", "gift_card")] == [
        Decimal("25.00"),
        Decimal("25.59"),
        Decimal("110.84"),
        Decimal("60.00"),
    ]


def test_clearing_is_what_the_processors_hold_but_for_the_refund_that_waits(expected):
    for gateway, held in expected["processor_balances"].items():
        booked = Decimal(expected["accounts"][f"Assets:Clearing:{gateway}"])
        waiting = sum(Decimal(amount) for amount in expected["clearing_differs_by"].get(gateway, {}).values())
        assert booked - waiting == Decimal(held), gateway


def test_receivables_are_what_is_open_between_orders_and_payments(expected):
    assert sum(Decimal(amount) for amount in expected["receivables"].values()) == Decimal(expected["accounts"]["Assets:Receivable"])
    assert len(expected["receivables"]) == 5


def test_in_transit_is_the_payouts_of_the_last_days(expected):
    _, _, web, till, _ = sample_files()
    late = [payout.net for payout in [*web.payouts, *till.settlements] if f"{payout.arrives:%Y-%m}" == "2026-02"]
    assert late
    assert sum(late) == Decimal(expected["accounts_at_month_end"]["Assets:PayoutsInTransit"])
    assert Decimal(expected["accounts"]["Assets:PayoutsInTransit"]) == 0


def test_cash_in_the_books_is_what_the_till_took_by_its_own_file(made, expected):
    """Read from the till's file alone: per store, what cash sales were paid in cash; without the four receipts that cannot be booked."""
    rows = csv.DictReader(io.StringIO(made["files/till/receipts_2026-01.csv"].decode("cp1252"), newline=""), delimiter=";")
    lost = {
        oddity["subject"] for oddity in expected["oddities"] if oddity["file"].startswith("till") and oddity["code"][:3] in ("MAP", "REA")
    }
    cash: dict[str, dict[str, Decimal]] = defaultdict(dict)
    for row in rows:
        if row["Tender"] == "cash" and row["Receipt"] not in lost and row["Store"] != "S90":
            due = Decimal(row["Total"].replace(",", ".")) + Decimal(row["Rounding"].replace(",", "."))
            cash[row["Store"]][row["Receipt"]] = due - Decimal(row["Gift card"].replace(",", "."))
    assert len(lost) == 4
    for store in ("S01", "S02"):
        assert sum(cash[store].values()) == Decimal(expected["accounts"][f"Assets:Cash:{store}"])
        assert all(amount % Decimal("0.05") == 0 for amount in cash[store].values())


def test_a_planted_oddity_is_really_there(made):
    orders, payments = made["files/web/orders.jsonl"].decode(), made["files/web/payments.jsonl"].decode().splitlines()
    with pytest.raises(json.JSONDecodeError):
        json.loads(orders.splitlines()[-1])
    whole = [json.loads(line) for line in orders.splitlines()[:-1]]
    assert len(whole) - len({order["id"] for order in whole}) == 5
    assert [order["currency"] for order in whole].count(None) == 1
    assert sum(order["test"] for order in whole) == 3
    assert len(payments) - len(set(payments)) == 2
    with pytest.raises(UnicodeDecodeError):
        made["files/crm/customers.csv"].decode("utf-8")
    assert "Café".encode("cp1252") in made["files/till/receipts_2026-01.csv"]


def test_every_person_is_invented(made):
    for row in csv.DictReader(io.StringIO(made["files/crm/customers.csv"].decode("utf-8", "replace"), newline="")):
        assert row["E-mail"].endswith("@example.org")
        assert row["Phone"].startswith(("+44 1632 960", "+1 607 555 01"))
    for row in csv.DictReader(io.StringIO(made["files/staff/employees.csv"].decode("utf-8"))):
        assert row["E-mail"].endswith("@meadowandmill.example")


def test_the_expectation_hangs_on_every_part_of_the_truth():
    """A penny more on one order, payment, receipt, settlement or shift changes what is expected: nothing is left out of the sums."""
    _, world, web, till, marks = sample_files()
    before = expectation(world, web, till, marks)
    web.orders[100].tip += 1
    assert expectation(world, web, till, marks)["accounts"]["Liabilities:Tips"] != before["accounts"]["Liabilities:Tips"]
    web.payments[100].fee += 1
    assert expectation(world, web, till, marks)["fates"] != before["fates"]
    cash = next(receipt for receipt in till.receipts if receipt.tender == "cash" and receipt.store == "S01")
    cash.rounding += Decimal("0.05")
    assert expectation(world, web, till, marks)["accounts"]["Assets:Cash:S01"] != before["accounts"]["Assets:Cash:S01"]


def test_the_docs_page_lists_every_oddity_and_every_balance(expected):
    page = (SAMPLE.parents[2] / "docs" / "sample-company.md").read_text(encoding="utf-8")
    for oddity in expected["oddities"]:
        code = f"`{oddity['code']}`" if oddity["code"] else ""
        assert f"| `{oddity['file']}` | {oddity['subject']} | {oddity['what']} | {code} | {oddity['outcome']} |" in page
    for account, amount in expected["accounts"].items():
        assert f"| {account} | {expected['accounts_at_month_end'][account]} | {amount} |" in page
    for stream, said in expected["streams"].items():
        assert f"| `{stream}` | {said['read']} | {said['translated']} | {said['damaged']} | {said['problem']} |" in page
