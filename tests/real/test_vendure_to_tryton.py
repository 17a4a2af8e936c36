"""A real shop flows into real books and stock, with nothing simulated between: once, to the cent and the unit."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests._kit.front import Front
from tests._kit.tryton import Books, Erp, amount, day
from tests._kit.vendure import Shops
from tests._kit.vendure_front import METHODS, source
from tests._kit.vendure_shop import Shop
from tests.real.test_tryton_month import CODES
from tests.real.test_vendure import SECRETS, owed_and_held

pytestmark = [pytest.mark.vendure, pytest.mark.tryton]
EURO = {"legal_name": "Acme GmbH", "base_currency": "EUR", "timezone": "Europe/Vienna"}
POSTING = [
    {
        "name": "books",
        "target": "tryton",
        "books": {"base_currency": "EUR", "accounts": {**CODES, "ManualSales": CODES["Sales"]}, "gift_cards_taken": "with_payment"},
        "order": {"as": "invoice"},
        "refund": {"as": "credit_note"},
        "payment": {"as": "payment"},
        "customer": {"as": "contact"},
        "product": {"exclude": "the shelf brings them"},
        "*": {"exclude": "no money"},
    },
    {
        "name": "shelf",
        "target": "tryton",
        "order": {"as": "stock_removal"},
        "stock_movement": {"as": "stock_movement"},
        "product": {"as": "item"},
        "*": {"exclude": "moves no stock"},
    },
]


@pytest.fixture(scope="module")
def books(tryton_erp: Erp) -> Iterator[Books]:
    """A company's Tryton as its accountants set it up: a journal where card money waits, the reduced tax, a place for what is sold."""
    with tryton_erp.copy() as made:
        ids = made.ids
        made.ask("POST", "stock.location", {"name": "Sold", "code": "SOLD", "type": "lost_found"})
        accounts = {each["code"]: each["id"] for each in made.search("account.account", [["type", "!=", None]], "code")}
        till = {"name": "Cards", "journal": ids["journal"]["STA"], "account": accounts[CODES["Clearing"]], "validation": "amount"}
        made.ask("POST", "account.statement.journal", till | {"company": 1, "currency": ids["currency"]["EUR"]})
        tax = {"name": "VAT 10%", "description": "VAT 10%", "type": "percentage", "rate": amount("0.1"), "company": 1}
        made.ask("POST", "account.tax", tax | {"invoice_account": accounts["6.3.6"], "credit_note_account": accounts["6.3.6"]})
        yield made


@pytest.fixture(scope="module")
def shop(vendure_shops: Shops) -> Iterator[Shop]:
    """A small shop that sold for a while: paid, refunded, shipped, cancelled, counted."""
    with vendure_shops.serve() as url:
        made = Shop(url)
        made.trade_in("EUR")
        first = made.place("ann@example.com", [("TS-S", 3), ("MUG-1", 2)])
        made.settle(first)
        made.settle_refund(first, made.refund(first, [(0, 1)], reason="damaged"))
        made.forward(first, made.fulfil(first, [(0, 3)]), "Shipped")
        second = made.place("bob@example.com", [("TOTE-1", 2)], name="Bob")
        made.settle(second)
        made.cancel(second, [(0, 1)], shipping=False)
        made.settle_refund(second, made.refund(second, [], 2388))
        made.place("cid@example.com", [("TS-M", 1)], name="Cid")
        made.count("TS-M", 33)
        yield made


@pytest.fixture(scope="module")
def front(shop: Shop, books: Books, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    home: Path = tmp_path_factory.mktemp("route")
    made = Front(home, source(shop.url), clock=lambda: datetime.now(UTC), secrets=SECRETS, posting=POSTING, lookups=METHODS, company=EURO)
    config: dict[str, Any] = {"base_url": books.erp.url, "database": books.database, "private_network": True}
    config |= {"taxes": {"0.2": "VAT 20%", "0.1": "VAT 10%"}, "location": "STO", "sold_location": "SOLD"}
    made.target("tryton", "tryton", config, {"key": books.erp.key})
    yield made
    made.hub.close()


def account(books: Books, role: str) -> Decimal:
    """Debit less credit of everything that is posted on an account."""
    sql = (
        "SELECT coalesce(sum(l.debit - l.credit), 0) FROM account_move_line l JOIN account_account a ON a.id = l.account"
        f" JOIN account_move m ON m.id = l.move WHERE a.code = '{CODES[role]}' AND m.state = 'posted'"
    )
    return Decimal(str(books.sql(sql)[0][0]))


def cents(value: Decimal) -> int:
    return int(value * 100)


def agree(books: Books, shop: Shop) -> None:
    """Books and stock in Tryton against the shop's own state."""
    assert (cents(account(books, "Receivable")), cents(account(books, "Clearing"))) == owed_and_held(shop)
    sold = sum(order["totalWithTax"] for order in shop.orders())
    credits_given = sum(
        max(sum(back["total"] for each in order["payments"] for back in each["refunds"]) - max(paid(order) - order["totalWithTax"], 0), 0)
        for order in shop.orders()
    )
    revenue = account(books, "Sales") + account(books, "ShippingIncome") + account(books, "SalesTaxPayable")
    revenue += account(books, "SalesReturns") + account(books, "Discounts")
    assert cents(-revenue) == sold - credits_given
    assert found_stock(books) == {sku: on_hand - promised for sku, (on_hand, promised) in shop.stock().items()}


def paid(order: dict[str, Any]) -> int:
    return sum(each["amount"] for each in order["payments"] if each["state"] == "Settled")


def found_stock(books: Books) -> dict[str, int]:
    """What lies at the shop's place in Tryton, by SKU: what left it lies at Sold, with the sign turned."""
    sold = books.search("stock.location", [["code", "=", "SOLD"]])[0]["id"]
    context = {"locations": [sold], "with_childs": False, "stock_date_end": day("2099-12-31")}
    skus = ("TOTE-1", "TS-S", "TS-M", "MUG-1")
    found = books.search("product.product", [["code", "in", list(skus)]], "code", "quantity", context=context)
    return {each["code"]: -int(each["quantity"]) for each in found}


def test_the_shop_arrives_in_tryton_once_and_the_totals_are_its_own(front, books, shop):
    report = front.run()
    with front.hub.read() as tx:
        told = [tuple(row) for row in tx.exec_driver_sql("SELECT code, say FROM problem WHERE closed_at IS NULL")]
    assert told == []
    assert report.written["tryton"] > 10
    assert front.unbalanced() == []
    agree(books, shop)
    assert {each["name"] for each in books.search("party.party", [["name", "like", "% Buyer"]], "name")} == {
        *("Ann Buyer", "Bob Buyer", "Cid Buyer"),
    }
    again = front.run()
    assert set(again.written.values()) == {0}


def test_what_happens_in_the_shop_later_arrives_too(front, books, shop):
    """The open order is paid, then cancelled and refunded; a shipped one gets a late refund; somebody counts the mugs."""
    orders = {each["payments"][0]["state"]: each for each in shop.orders()}
    shop.settle(orders["Authorized"])
    paid_now = front.run()
    assert (paid_now.problems, paid_now.written["tryton"]) == (0, 1), "the payment; the sale is not booked anew"
    agree(books, shop)
    third = next(each for each in shop.orders() if each["id"] == orders["Authorized"]["id"])
    shop.cancel(third)
    shop.settle_refund(third, shop.refund(third, [], 3500))
    first = shop.orders()[0]
    shop.settle_refund(first, shop.refund(first, [], 500, reason="late"))
    shop.count("MUG-1", 50)
    assert front.run().problems == 0
    assert front.unbalanced() == []
    agree(books, shop)
    assert set(front.run().written.values()) == {0}


def causes(front: Front) -> list[tuple[str, str, str, str]]:
    """Sheet, kind, class and amount of each cause; nothing is unexplained."""
    report = front.reconciled()
    assert {fall.unexplained for fall in report.waterfalls} == {0}
    assert report.notes == ()
    return sorted((each.sheet, each.kind, cause.kind.value, f"{cause.amount:.2f}") for each in report.breaks for cause in each.causes)


def typed(books: Books, like: dict[str, Any], text: str, lines: list[dict[str, Any]]) -> None:
    """A move that somebody enters and posts in Tryton."""
    values = {"journal": like["journal"], "period": like["period"], "date": like["date"], "description": text, "company": 1}
    made = books.ask("POST", "account.move", {**values, "lines": [["create", lines]]})
    books.ask("POST", f"account.move/{made['id']}/post", {})


def test_what_people_do_in_tryton_and_in_the_shop_is_told_apart(front, books, shop):
    """An invoice is cancelled, one is copied with its mark, 12.00 are typed, and in the shop an order loses a piece that was booked."""
    for name in ("Dan", "Eve", "Fay"):
        shop.settle(shop.place(f"{name.lower()}@example.com", [("TOTE-1", 2)], name=name))
    shop.place("gus@example.com", [("TS-S", 1)], name="Gus")
    assert front.run().problems == 0
    assert causes(front) == []
    placed = {each["code"]: each for each in shop.orders()}
    gus, edited, copied = (placed[code] for code in (list(placed)[-1], list(placed)[-2], list(placed)[-3]))

    fields = ("description", "move.journal", "move.period", "move.date", "move.lines.account", "move.lines.debit")
    fields += ("move.lines.credit", "move.lines.party")
    invoices = books.search("account.invoice", [["state", "in", ["posted", "paid"]]], *fields)
    of = {code: next(each for each in invoices if each["description"].startswith(f"{code} ")) for code in placed}
    move = of[copied["code"]]["move"]
    kept = ("account", "debit", "credit", "party")
    typed(books, move, of[copied["code"]]["description"], [{name: line[name] for name in kept} for line in move["lines"]])
    accounts = {each["code"]: each["id"] for each in books.search("account.account", [["type", "!=", None]], "code")}
    twelve = [("Clearing", "12", "0"), ("Sales", "0", "12")]
    typed(books, move, "typed", [{"account": accounts[CODES[r]], "debit": amount(d), "credit": amount(c)} for r, d, c in twelve])
    books.ask("PUT", "company.company/1", {"cancel_invoice_out": True})  # else Tryton lets nobody cancel a customer's invoice
    books.ask("POST", f"account.invoice/{of[gus['code']]['id']}/cancel", {})
    shop.cancel(edited, [(0, 1)], shipping=False)
    less = next(each for each in shop.orders() if each["id"] == edited["id"])

    found = causes(front)
    money = [each[1:] for each in found if each[0] == "tryton/money"]
    euros = {
        name: Decimal(cents) / 100
        for name, cents in (
            ("gus", gus["totalWithTax"]),
            ("copy", copied["totalWithTax"]),
            ("less", edited["totalWithTax"] - less["totalWithTax"]),
        )
    }
    assert ("order", "MISSING_IN_TARGET", f"{-euros['gus']:.2f}") in money
    assert ("invoice", "DUPLICATE_TARGET", f"{euros['copy']:.2f}") in money
    assert ("order", "STALE", f"{euros['less']:.2f}") in money
    assert [kind for _what, kind, _amount in money if kind == "MISSING_IN_SOURCE"] == ["MISSING_IN_SOURCE"]
    assert len(money) == 4
    assert [each[1:] for each in found if each[0] == "tryton/stock"] == [("order", "QTY", "1.00")], (
        "an article: the hub knows the units of a document"
    )
