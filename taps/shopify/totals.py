"""What a shop says of itself apart from the cursor: Shopify's own count of orders, and lists in another order than the reader's.

orders                  ordersCount of the period, and a list by CREATED_AT       the reader goes by UPDATED_AT, or by a bulk operation
payouts                 a list by ID                                              the reader goes by ISSUED_AT
balance_transactions    a list by ID                                              the reader goes by PROCESSED_AT

Of payouts and balance transactions Shopify has no count. Of refunds and payments it has neither a count nor a list of their own: they
hang on their order, and come with it where an order was passed over.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType
from typing import Any

from taps._kit.errors import Fatal
from taps._kit.reader import Record
from taps._kit.surroundings import Surroundings
from taps._kit.totals import Asked, Found, Listed, Statement
from taps.shopify import queries
from taps.shopify.client import Client, TooCostly
from taps.shopify.config import ShopifyConfig
from taps.shopify.kinds import KINDS, Kind
from taps.shopify.pages import Pages
from taps.shopify.passing import records

_SIZE = 100
_NUMBERS = 20
"""Numbers that one query asks for."""


class ShopifyTotals:
    """One shop, counted."""

    states: Mapping[str, str] = MappingProxyType({"orders": "order", "payouts": "payout", "balance_transactions": "fee"})

    silent: Mapping[str, str] = MappingProxyType(
        {
            "refund": "Shopify has neither a count nor a list of refunds: they hang on their order.",
            "payment": "Shopify has neither a count nor a list of payments: they hang on their order.",
            "dispute": "Shopify has no count of disputes, and one list of them, which the reader goes by.",
        }
    )

    def __init__(self, config: ShopifyConfig, home: Path) -> None:  # noqa: ARG002 (nothing of it lies in the home folder)
        self._config = config

    def ask(self, stream: str, asked: Asked, around: Surroundings) -> Statement:
        """Count and list of a stream."""
        client = Client(self._config, around)
        try:
            if stream == "orders":
                search = _search("processed_at", asked, "created_at") + self._floor("updated_at")
                count = client.ask(queries.COUNTED, {"filter": search})["ordersCount"]["count"]
                told = f"ordersCount and orders by CREATED_AT, {search}"
                return Statement(told, int(count), [_order(node) for node in _listed(client, queries.LISTED_ORDERS, search, "orders")])
            query, term, field, row = _OF_PAYMENTS[stream]
            search = _search(term, asked) + self._floor(term)
            nodes = _listed(client, query, search, "shopifyPaymentsAccount", field)
            return Statement(f"{field} by ID, {search}", None, [row(node) for node in nodes])
        finally:
            client.close()

    def _floor(self, term: str) -> str:
        """What the reader leaves out by its configuration, nobody misses."""
        return f" AND {term}:>='{self._config.read_from}T00:00:00Z'" if self._config.read_from else ""

    def fetch(self, stream: str, keys: Sequence[str], streams: Sequence[str], around: Surroundings) -> Iterator[tuple[str, Record]]:
        """Rows by their ids; with an order its refunds, transactions and whatever else of it is read."""
        client = Client(self._config, around)
        try:
            for name in streams:
                if KINDS[name].owner == KINDS[stream].owner:
                    for row in _whole(client, KINDS[name], keys):
                        yield from ((name, record) for record in records(KINDS[name], row))
        finally:
            client.close()

    def numbers(self, stream: str, numbers: Sequence[str], around: Surroundings) -> Iterator[Found]:
        """Whether there is an order of that name after all, and what it is."""
        if stream != "orders":
            return
        client = Client(self._config, around)
        try:
            for start in range(0, len(numbers), _NUMBERS):
                some = numbers[start : start + _NUMBERS]
                search = " OR ".join(f"name:'{number}'" for number in some)
                nodes = client.ask(queries.NAMED, {"filter": search, "first": 5 * _NUMBERS})["orders"]["nodes"]
                for node in nodes:
                    if node["name"] in some:  # a search may find more than it was asked for
                        yield Found(node["name"], _said(node), str(node["id"]), str(node["createdAt"]), explains=bool(node["test"]))
        finally:
            client.close()


def _search(term: str, asked: Asked, made: str = "") -> str:
    made = made or term
    bounds = [f"{term}:>='{_text(asked.begin)}'"] if asked.begin else []
    bounds += [f"{term}:<'{_text(asked.end)}'"] if asked.end else []
    return " AND ".join([*bounds, f"{made}:<='{_text(asked.until)}'"])


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _listed(client: Client, query: str, search: str, *path: str) -> Iterator[dict[str, Any]]:
    """The nodes of a list, page after page; an account that the shop does not have is an empty one."""
    after, size, more = None, _SIZE, True
    while more:
        try:
            found: Any = client.ask(query, {"first": size, "after": after, "filter": search})
        except TooCostly as told:
            if size == 1:
                raise Fatal(f"A single row of a list costs {told.cost} points, and Shopify allows {told.most}.") from told
            size = max(size * told.most // max(told.cost, size), 1) if told.cost > told.most else size // 2
            continue
        for name in path:
            found = found[name] if found else None
        if found is None:
            return
        yield from found["nodes"]
        after, more = found["pageInfo"]["endCursor"], found["pageInfo"]["hasNextPage"]


def _order(node: Mapping[str, Any]) -> Listed:
    rounded = (node["totalCashRoundingAdjustment"] or {}).get("paymentSet")
    amount = Decimal(node["totalPriceSet"]["shopMoney"]["amount"]) + (Decimal(rounded["shopMoney"]["amount"]) if rounded else 0)
    return Listed(node["id"], node["name"], node["processedAt"], node["currencyCode"], amount, changed=node["updatedAt"])


def _payout(node: Mapping[str, Any]) -> Listed:
    return Listed(node["id"], node["legacyResourceId"], node["issuedAt"], node["net"]["currencyCode"], Decimal(node["net"]["amount"]))


def _entry(node: Mapping[str, Any]) -> Listed:
    number = str(node["id"]).rpartition("/")[2]
    return Listed(node["id"], number, node["transactionDate"], node["fee"]["currencyCode"], -Decimal(node["fee"]["amount"]))


_OF_PAYMENTS = {
    "payouts": (queries.LISTED_PAYOUTS, "issued_at", "payouts", _payout),
    "balance_transactions": (queries.LISTED_ENTRIES, "processed_at", "balanceTransactions", _entry),
}


def _whole(client: Client, kind: Kind, keys: Sequence[str]) -> Iterator[dict[str, Any]]:
    pages = Pages(client, kind, _NUMBERS, 5, _SIZE)
    left = list(keys)
    while left:
        yield from pages.these(left)
        left = left[pages.size :]


def _said(node: Mapping[str, Any]) -> str:
    if node["test"]:
        return "a test order"
    if node["cancelledAt"]:
        return f"cancelled on {node['cancelledAt'][:10]}"
    return f"an order of {node['processedAt'][:10]}"
