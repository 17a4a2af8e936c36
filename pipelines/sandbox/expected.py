"""What the product must say of the sample company, added up from the truth: no mapping, no engine and no posting table is read here.

Streams: what becomes of each row that is read. Fates: per posting and kind of document, how many and how much. Accounts: what each must
hold at the end, and at the end of the month (a payout of 30 January is at the bank in February). Units and hours: stock and staff.
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from pipelines.sandbox.expected_books import Books, open_receivables, processor_balances, till_books, web_books
from pipelines.sandbox.expected_goods import not_for_the_books, shop_stock, staff_and_contacts, till_stock
from pipelines.sandbox.exports import receipt_rows
from pipelines.sandbox.oddities import Marks
from pipelines.sandbox.tally import Tally
from pipelines.sandbox.trade import Till, Web
from pipelines.sandbox.world import CENT, World


def streams(world: World, web: Web, till: Till, marks: Marks) -> dict[str, Any]:
    """Per stream: rows read and what became of them; documents made, by type.

    `problem` counts every row of a record or receipt that has a problem, damaged rows apart.
    """
    return {
        "web/products": _stream(len(world.products), product=len(world.products)),
        "web/orders": _web_orders(web, marks),
        "web/payments": _web_payments(web, marks),
        "web/refunds": _stream(len(web.refunds), refund=len(web.refunds)),
        "web/disputes": _stream(2, {"replaced": 1}, dispute=1),
        "web/payouts": _stream(len(web.payouts), payout=len(web.payouts)),
        "till/receipts": _receipts(till, marks),
        "terminal/settlements": _stream(len(till.settlements), payout=len(till.settlements), fee=len(till.settlements)),
        "crm/customers": _stream(len(world.customers), {"damaged": 1, "excluded": 1}, customer=len(world.customers) - 2),
        "staff/employees": _stream(len(world.staff), employee=len(world.staff)),
        "staff/hours": _stream(len(world.shifts), {"problem": 1}, time_entry=len(world.shifts) - 1),
    }


def _stream(read: int, others: dict[str, int] | None = None, **documents: int) -> dict[str, Any]:
    found = dict.fromkeys(("damaged", "problem", "repeated", "replaced", "excluded"), 0) | (others or {})
    return {"read": read, "translated": read - sum(found.values())} | found | {"documents": documents}


def _web_orders(web: Web, marks: Marks) -> dict[str, Any]:
    good = [order for order in web.orders if order.id not in marks.lost_orders]
    twice = sum(oddity.what.startswith("exported twice") for oddity in marks.oddities)
    fates = {"damaged": 1, "problem": len(marks.lost_orders) - 1, "replaced": twice}
    return _stream(len(web.orders) + twice, fates, order=len(good), fulfillment=sum(order.shipped is not None for order in good))


def _web_payments(web: Web, marks: Marks) -> dict[str, Any]:
    good = [payment for payment in web.payments if payment.id not in marks.lost_payments]
    by_currency = Counter(payment.currency for payment in good if payment.gateway)
    fates = {"problem": len(marks.lost_payments), "repeated": 2}
    made = {"payment": len(good), "fee": by_currency["GBP"], "balance_transaction": by_currency["USD"]}
    return _stream(len(web.payments) + fates["repeated"], fates, **made)


def _receipts(till: Till, marks: Marks) -> dict[str, Any]:
    rows = {receipt.number: len(receipt_rows(receipt)) for receipt in till.receipts}
    good = [receipt for receipt in till.receipts if receipt.number not in marks.lost_receipts]
    sales = [receipt for receipt in good if receipt.kind == "SALE"]
    fates = {"damaged": 1, "problem": sum(rows[number] for number in marks.lost_receipts) - 1}
    payments = sum((receipt.paid != 0) + (receipt.by_gift_card != 0) for receipt in sales)
    return _stream(sum(rows.values()), fates, order=len(sales), refund=len(good) - len(sales), payment=payments)


def expectation(world: World, web: Web, till: Till, marks: Marks) -> dict[str, Any]:
    """Everything, as `expected.yaml` holds it: amounts are text, so that nobody reads them as binary floats."""
    books, ledger = Books(), Tally()
    web_books(books, ledger, web, marks)
    till_books(books, ledger, till, marks)
    shop, shops, people = Tally(), Tally(), Tally()
    units = shop_stock(shop, world, web, marks) + till_stock(shops, till, marks)
    worked = staff_and_contacts(people, world, marks)
    not_for_the_books(ledger, world, web, marks)
    held = processor_balances(web, till)
    waiting = {r.id: r for r in web.refunds if r.order not in {order.id for order in web.orders}}
    return {
        "as_of": f"{datetime(2026, 1, 31, tzinfo=UTC):%Y-%m-%d}",
        "streams": streams(world, web, till, marks),
        "accounts": _texts(books.ever),
        "accounts_at_month_end": _texts(books.at_month_end),
        "processor_balances": _texts(held),
        "clearing_differs_by": {r.gateway.title(): {r.id: f"{r.settled:.2f}"} for r in waiting.values()},
        "receivables": _texts(open_receivables(web, till, marks)),
        "fates": {
            "books/ledger": ledger.plain(),
            "shop_stock/stock": shop.plain(),
            "till_stock/stock": shops.plain(),
            "people/people": people.plain(),
        },
        "units": dict(sorted(units.items())),
        "hours": f"{worked:.2f}",
        "oddities": [oddity._asdict() for oddity in marks.oddities],
    }


def _texts(amounts: dict[str, Decimal]) -> dict[str, str]:
    return {name: f"{amount.quantize(CENT)}" for name, amount in sorted(amounts.items())}
