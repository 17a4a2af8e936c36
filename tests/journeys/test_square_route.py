"""A till at Square flows through the hub into books and stock: both equations hold, and a second run writes nothing."""

from __future__ import annotations

import random
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from taps._kit.simulator import serve
from taps.square.simulator import SquareSimulator, company
from taps.square.simulator.seed import history, paid_before
from tests._kit.front import Front

STREAMS = ("locations", "customers", "catalog", "orders", "payments", "refunds", "payouts", "payout_entries", "disputes")
ACCOUNTS = {
    "Receivable": "Assets:Receivable",
    "Clearing": "Assets:Clearing:{gateway}",
    "Cash": "Assets:Cash",
    "Bank": "Assets:Bank",
    "PayoutsInTransit": "Assets:PayoutsInTransit",
    "SalesTaxPayable": "Liabilities:SalesTax",
    "TipsPayable": "Liabilities:Tips",
    "ServiceCharges": "Income:ServiceCharges",
    "Sales": "Income:Sales",
    "SalesReturns": "Income:Returns",
    "Discounts": "Income:Discounts",
    "Fees": "Expenses:Fees",
    "Rounding": "Expenses:Rounding",
}
BOOKS = {
    "name": "books",
    "target": "ledger",
    "books": {
        "base_currency": "USD",
        "accounts": ACCOUNTS,
        "gift_cards_taken": "with_payment",
        "decisions": {"service_charges": "revenue"},
    },
    "order": {"as": "invoice"},
    "refund": {"as": "credit_note"},
    "payment": {"as": "payment"},
    "fee": {"as": "spend"},
    "payout": {"as": "transfer"},
    "*": {"exclude": "no money"},
}
SHELF = {
    "name": "shelf",
    "target": "stock",
    "order": {"as": "stock_removal"},
    "refund": {"as": "stock_return"},
    "*": {"exclude": "moves no stock"},
}


class Till(Front):
    """The simulated seller's home."""

    def __init__(self, home: Path, url: str, simulator: SquareSimulator) -> None:
        source = {
            "tap": "square",
            "day_cutoff": "04:00",
            "config": {"base_url": url, "private_network": True},
            "mappings": {stream: f"square/{stream}" for stream in STREAMS},
        }
        secrets = {"access_token": "square-access-1", "refresh_token": "square-refresh-1"}
        app = {"client_id": "square-app", "client_secret": "square-app-secret"}
        super().__init__(home, source, clock=simulator.clock, secrets=secrets | app, posting=[BOOKS, SHELF])

    def account(self, name: str) -> Decimal:
        """The balance of an account in the books."""
        found = self.booked(name)
        assert found, f"nothing is booked on {name}"
        return sum(found, Decimal(0))


@pytest.fixture
def simulator() -> SquareSimulator:
    return company(25)


@pytest.fixture
def till(tmp_path: Path, simulator: SquareSimulator) -> Iterator[Till]:
    with serve(simulator) as url:
        till = Till(tmp_path, url, simulator)
        yield till
        till.hub.close()


def day(simulator: SquareSimulator, events: int, seed: int) -> None:
    """A day at the till, and in the evening a payout of all card payments there are."""
    shop, chance = simulator.shop, random.Random(seed)
    for _ in range(events):
        simulator.clock.forward(minutes=3)
        history(shop, chance)
    simulator.clock.forward(hours=3)


def test_a_till_flows_into_books_and_stock_and_a_second_run_writes_nothing(till, simulator):
    shop = simulator.shop
    day(simulator, 20, seed=1)
    first = till.run()
    assert first.problems == 0
    assert first.written["ledger"] > 60
    assert first.written["stock"] > 25
    assert till.unbalanced() == []
    simulator.clock.forward(hours=1)
    again = till.run()
    assert again.written == {"ledger": 0, "stock": 0}

    place = next(iter(shop.locations))
    settled = [payment for payment in paid_before(shop, 0) if payment["location_id"] == place]
    payout = shop.settle(settled, place, [each for each in shop.refunds.truth() if each["location_id"] == place], deposit_fee=75)
    simulator.clock.forward(hours=24)
    shop.payout_becomes(payout["id"], "PAID")
    day(simulator, 10, seed=2)
    second = till.run()
    assert second.problems == 0
    assert till.unbalanced() == []

    simulator.clock.forward(hours=1)
    assert till.run().written == {"ledger": 0, "stock": 0}
    assert till.account("Assets:Receivable") == 0  # every sale was paid, everything given back was paid back
    held = sum(_kept(payment) for payment in shop.payments.truth()) - sum(_kept(refund) for refund in shop.refunds.truth())
    paid_out = payout["amount_money"]["amount"]
    assert till.account("Assets:Clearing:Square") == Decimal(held - paid_out - 75) / 100
    assert till.account("Assets:Bank") == Decimal(paid_out) / 100


def _kept(row: dict[str, Any]) -> int:
    """What Square holds of a payment, or takes back for a refund, in cents; cash never reaches it."""
    if "CASH" in (row.get("source_type"), row.get("destination_type")):
        return 0
    fee = sum(each["amount_money"]["amount"] for each in row.get("processing_fee") or [])
    if "payment_id" in row:
        return int(row["amount_money"]["amount"] + fee)
    return int(row["total_money"]["amount"] - fee)
