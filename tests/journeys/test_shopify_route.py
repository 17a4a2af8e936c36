"""A shop at Shopify flows through the hub into books and stock: both equations hold, and a second run writes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from pipelines.cli.main import run as counterfoil
from taps._kit.simulator import serve
from taps.shopify.facts import ALL_ORDERS, SCOPES
from taps.shopify.simulator import TOKEN, ShopifySimulator
from taps.shopify.simulator.things import back_total
from tests._kit.front import Front

STREAMS = (
    *("locations", "customers", "products", "inventory", "orders", "refunds", "transactions", "fulfillments"),
    *("payouts", "balance_transactions", "disputes"),
)
ACCOUNTS = {
    "Receivable": "Assets:Receivable",
    "Clearing": "Assets:Clearing:{gateway}",
    "Cash": "Assets:Cash",
    "Bank": "Assets:Bank",
    "PayoutsInTransit": "Assets:PayoutsInTransit",
    "DisputesReceivable": "Assets:Disputes",
    "SalesTaxPayable": "Liabilities:SalesTax",
    "TipsPayable": "Liabilities:Tips",
    "GiftCardLiability": "Liabilities:GiftCards",
    "Sales": "Income:Sales",
    "SalesReturns": "Income:Returns",
    "ManualSales": "Income:Manual",
    "ShippingIncome": "Income:Shipping",
    "Discounts": "Income:Discounts",
    "Fees": "Expenses:Fees",
    "DisputeFees": "Expenses:DisputeFees",
    "ChargebackLoss": "Expenses:Chargebacks",
    "CashRounding": "Expenses:CashRounding",
    "Rounding": "Expenses:Rounding",
}
BOOKS = {
    "name": "books",
    "target": "ledger",
    "books": {
        "base_currency": "USD",
        "accounts": ACCOUNTS,
        "gift_cards_taken": "with_payment",
        "decisions": {"gift_cards": "multi_purpose", "chargebacks_lost": "loss"},
    },
    "order": {"as": "invoice"},
    "refund": {"as": "credit_note"},
    "payment": {"as": "payment"},
    "fee": {"as": "spend"},
    "payout": {"as": "transfer"},
    "dispute": {"as": "spend"},
    "test_order": {"exclude": "test orders are not sales"},
    "*": {"exclude": "no money"},
}
SHELF = {
    "name": "shelf",
    "target": "stock",
    "order": {"as": "stock_removal"},
    "refund": {"as": "stock_return", "when": "restocked"},
    "test_order": {"exclude": "test orders take nothing off the shelf"},
    "*": {"exclude": "moves no stock"},
}


class Shop(Front):
    """The simulated shop's home."""

    def __init__(self, home: Path, url: str, simulator: ShopifySimulator) -> None:
        source = {
            "tap": "shopify",
            "config": {"base_url": url, "private_network": True},
            "mappings": {stream: f"shopify/{stream}" for stream in STREAMS},
        }
        gateways = {"shopify_gateways": {"Klarna": "wallet"}}
        secrets = {"access_token": TOKEN}
        super().__init__(home, source, clock=simulator.clock, secrets=secrets, posting=[BOOKS, SHELF], lookups=gateways)

    def account(self, name: str) -> int:
        """The balance of an account in the books, in cents."""
        return int(sum(self.booked(name), Decimal(0)) * 100)


@pytest.fixture
def simulator() -> ShopifySimulator:
    # The hub's clock is the shop's, and nobody moves it in a run: points must not run out.
    return ShopifySimulator(60, seed=11, bucket=10**9)


@pytest.fixture
def shop(tmp_path: Path, simulator: ShopifySimulator) -> Iterator[Shop]:
    with serve(simulator) as url:
        shop = Shop(tmp_path, url, simulator)
        yield shop
        shop.hub.close()


def _books_are_the_shop(shop: Shop, simulator: ShopifySimulator) -> None:
    """What the books say is owed, held and given, against the shop's own state."""
    world = simulator.world
    orders = [order for order in world.orders.values() if not order.test]
    money = [each for order in orders for each in order.movements if each.kind in ("SALE", "CAPTURE", "REFUND")]
    signed = {each.id: (-1 if each.kind == "REFUND" else 1) * (each.cents + each.rounding) for each in money}
    owed = sum(order.total + order.rounding - sum(back_total(back) for back in order.backs) for order in orders)
    assert shop.account("Assets:Receivable") == owed - sum(signed.values())
    assert shop.account("Assets:Cash") == sum(signed[each.id] for each in money if each.gateway == "cash")
    assert shop.account("Assets:Clearing:ShopifyPayments") == sum(
        entry.cents - entry.fee for entry in world.entries if not entry.payout or entry.payout.status == "SCHEDULED"
    )
    passed_on = sum(fee.price - (fee.tax if order.inclusive else 0) for order in orders for fee in order.fees)
    passed_on += sum(line.duty for order in orders for line in order.lines)
    assert passed_on > 0
    assert shop.account("Expenses:Fees") == sum(entry.fee for entry in world.entries if entry.source != "DISPUTE") - passed_on
    assert shop.account("Expenses:DisputeFees") == sum(entry.fee for entry in world.entries if entry.source == "DISPUTE")


def test_a_shop_flows_into_books_and_stock_and_a_second_run_writes_nothing(shop, simulator):
    simulator.clock.forward(minutes=10)
    first = shop.run()
    assert first.problems == 0
    assert first.written["ledger"] > 150
    assert first.written["stock"] > 50
    assert shop.unbalanced() == []
    _books_are_the_shop(shop, simulator)
    again = shop.run()
    assert (again.written, again.problems) == ({"ledger": 0, "stock": 0}, 0)


def test_what_happens_to_orders_later_is_booked_once(shop, simulator):
    """A refund, an edit, a dispute that is won and a payout: the books follow, with a run after each."""
    world = simulator.world
    simulator.clock.forward(minutes=10)
    shop.run()
    paid = [order for order in world.orders.values() if order.received and not order.backs and not order.test]
    quarrel = world.quarrel(paid[1])
    for happens in (
        lambda: world.refund(paid[0], [(paid[0].lines[0], 1)], keep=100),
        lambda: world.edit(paid[2], remove=paid[2].lines[0]),
        lambda: world.settle(quarrel, won=True),
        world.pay_out,
        world.pay_out,
    ):
        happens()
        simulator.clock.forward(hours=2)
        report = shop.run()
        assert report.problems == 0
        assert report.written["ledger"] > 0
        assert shop.unbalanced() == []
        _books_are_the_shop(shop, simulator)
    assert shop.run().written == {"ledger": 0, "stock": 0}


def test_connect_says_that_sixty_days_are_all_that_is_seen(tmp_path, capsys):
    """Without read_all_orders nothing is read either, until somebody says that it is enough."""
    scopes = tuple(scope for scope in SCOPES if scope != ALL_ORDERS)
    simulator = ShopifySimulator(30, seed=3, days=100, scopes=scopes, bucket=10**9)
    simulator.clock.forward(minutes=10)
    with serve(simulator) as url:
        shop = Shop(tmp_path, url, simulator)
        assert counterfoil(["connect", "front", "--home", str(tmp_path)]) == 2
        said = " ".join(capsys.readouterr().out.split())
        assert "60 days" in said
        assert ALL_ORDERS in said
        assert counterfoil(["run", "--home", str(tmp_path)]) == 2
        assert "60 days" in capsys.readouterr().err
        with shop.hub.read() as tx:
            assert tx.exec_driver_sql("SELECT count(*) FROM landed WHERE stream = 'orders'").scalar() == 0
        shop.hub.close()
