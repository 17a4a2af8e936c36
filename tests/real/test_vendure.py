"""A real web shop is driven through its life: after each run the hub holds what the server says, and the books follow to the cent."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests._kit.front import Front
from tests._kit.vendure import Shops
from tests._kit.vendure_front import METHODS, SHELF, source
from tests._kit.vendure_shop import PASSWORD, USER, Shop, said
from tests.contract.samples.source_vendure import version_of
from tests.journeys.test_shopify_route import BOOKS

pytestmark = pytest.mark.vendure
SECRETS = {"username": USER, "password": PASSWORD}


def heads(front: Front, stream: str) -> dict[str, dict[str, Any]]:
    """What the hub holds of a stream now."""
    sql = (
        "SELECT h.key, l.body FROM source_head h JOIN landed l ON l.seq = h.seq"
        f" WHERE h.connection_id = 'front' AND h.stream = '{stream}' AND NOT h.deleted"
    )
    with front.hub.read() as tx:
        return {key: body if isinstance(body, dict) else json.loads(body) for key, body in tx.exec_driver_sql(sql)}


def owed_and_held(shop: Shop) -> tuple[int, int]:
    """What buyers owe and what the processor holds, in cents, from the server's own state alone."""
    owed = held = 0
    for order in shop.orders():
        paid = sum(each["amount"] for each in order["payments"] if each["state"] == "Settled")
        refunds = [back for each in order["payments"] for back in each["refunds"] if back["state"] != "Failed"]
        given = sum(back["total"] for back in refunds if back["state"] == "Settled")
        credit = max(sum(back["total"] for back in refunds) - max(paid - order["totalWithTax"], 0), 0)
        owed += order["totalWithTax"] - credit - paid + given
        held += paid - given
    return owed, held


def balance(front: Front, account: str) -> int:
    return int(sum(front.booked(account), Decimal(0)) * 100)


def shelf(front: Front) -> dict[str, int]:
    """What is there to be sold, by SKU, in the stock database."""
    with sqlite3.connect(front.home / "stock.db") as database:
        gone = database.execute("SELECT item, SUM(units) FROM stock_movement GROUP BY item").fetchall()
    return {sku: -int(units) // 1_000_000 for sku, units in gone}


def agree(front: Front, shop: Shop) -> None:
    """Hub, books and server say the same."""
    assert {key: version_of(body) for key, body in heads(front, "orders").items()} == {each["id"]: said(each) for each in shop.orders()}
    assert shelf(front) == {sku: on_hand - promised for sku, (on_hand, promised) in shop.stock().items()}
    assert front.unbalanced() == []
    assert (balance(front, "Assets:Receivable"), balance(front, "Assets:Clearing:StandardPayment")) == owed_and_held(shop)


@pytest.fixture(scope="module")
def shop(vendure_shops: Shops) -> Iterator[Shop]:
    with vendure_shops.serve() as url:
        yield Shop(url)


@pytest.fixture
def front(shop: Shop, tmp_path: Path) -> Iterator[Front]:
    made = Front(tmp_path, source(shop.url), clock=lambda: datetime.now(UTC), secrets=SECRETS, posting=[BOOKS, SHELF], lookups=METHODS)
    yield made
    made.hub.close()


def test_after_each_event_of_a_shops_life_the_hub_is_the_server_and_the_books_follow(front, shop):
    shop.coupon("TEN", 10)
    first = shop.place("ann@example.com", [("TS-S", 3), ("MUG-1", 2)])
    second = shop.place("bob@example.com", [("TOTE-1", 2), ("MUG-1", 1)], coupon="TEN")
    third = shop.place("cid@example.com", [("TS-M", 1)])
    made: dict[str, Any] = {}

    def keep(name: str, thing: Any) -> None:
        made[name] = thing

    events: tuple[Callable[[], Any], ...] = (
        lambda: None,
        lambda: [shop.settle(each) for each in (first, second, third)],
        lambda: keep("damaged", shop.refund(first, [(0, 1)], reason="damaged")),
        lambda: shop.settle_refund(first, made["damaged"]),
        lambda: keep("parcel", shop.fulfil(first, [(0, 3), (1, 2)])),
        lambda: shop.forward(first, made["parcel"], "Shipped"),
        lambda: shop.forward(first, made["parcel"], "Delivered"),
        lambda: shop.cancel(second, [(0, 1)], shipping=False),
        lambda: keep("half", shop.refund(second, [], 2149)),
        lambda: shop.settle_refund(second, made["half"]),
        lambda: shop.cancel(third),
        lambda: shop.settle_refund(third, shop.refund(third, [], 3500)),
        lambda: keep("late", shop.refund(first, [], 777, reason="goodwill, long after")),
        lambda: shop.settle_refund(first, made["late"]),
        lambda: shop.count("TS-M", 77),
    )
    for number, happens in enumerate(events):
        happens()
        report = front.run()
        assert report.problems == 0, number
        agree(front, shop)
    assert {order["state"] for order in shop.orders()} == {"Delivered", "PaymentSettled", "Cancelled"}
    assert front.run().written == {"ledger": 0, "stock": 0}


def test_a_customer_that_is_deleted_is_gone_in_the_hub(front, shop):
    front.run()
    (key,) = [key for key, body in heads(front, "customers").items() if body["emailAddress"] == "cid@example.com"]
    shop.forget(key)
    front.run()
    assert key not in heads(front, "customers")
    assert len(heads(front, "customers")) == 2
