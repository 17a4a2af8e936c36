"""The streams: what is asked for each, by which clock it is followed, and what ends the following."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

from taps.shopify import queries
from taps.shopify.facts import FACTS

Node = Mapping[str, Any]
_HEAD = "id legacyResourceId name updatedAt currencyCode presentmentCurrencyCode taxesIncluded test"
_MONTH = timedelta(days=30)


def _always(_node: Node) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Kind:
    """One stream."""

    name: str
    owner: str
    """The type of a row in Shopify's schema."""
    path: tuple[str, ...]
    selection: str
    scope: str
    """What the app must be allowed to see."""
    arguments: str = ""
    clock: str = "updatedAt"
    """The field that grows as rows change; empty: each read is a whole one."""
    term: str = "updated_at"
    """Its name in a search."""
    child: str = ""
    """The list of a row whose elements are the records; their row is handed over as `order`."""
    overlap: timedelta = FACTS.cursor_overlap
    final: Callable[[Node], bool] = _always
    """Whether a row will not change any more; where rows have no clock of their own, those that may change are read again."""
    patience: timedelta = timedelta(0)
    """How long a row that is not final is read again."""
    deleted_as: str = ""
    """Subject of the events that tell of deletions; empty: nothing tells."""
    orders: bool = False
    """Whether the horizon of orders counts."""
    bulk: Literal["rows", "owners", ""] = ""
    """What a bulk operation gives: whole rows, or the ids of the orders that have a child with a list of its own, which Shopify does not
    give in bulk ("a connection field within a list field"); empty: nothing."""

    @property
    def whole(self) -> bool:
        """Whether each read shows everything there is."""
        return not self.clock

    @property
    def query(self) -> str:
        """The query for a page."""
        return queries.page_of(self.path, self.selection, self.arguments)

    def in_bulk(self, search: str | None) -> str:
        """The query of a bulk operation."""
        selection = self.selection if self.bulk == "rows" else f"id {_ids_of(self.child)}"
        return queries.in_bulk(self.path[-1], selection, search)

    @property
    def lists(self) -> list[str]:
        """The lists of a row that are paged."""
        return re.findall(r"(\w+)\(first:", self.selection)

    @property
    def these(self) -> str:
        """The query for rows by their ids."""
        return queries.these(self.owner, self.selection)

    @property
    def nested(self) -> bool:
        """Whether rows bring lists of their own."""
        return "$nested" in self.selection

    @property
    def columns(self) -> dict[str, str]:
        """The fields of a record, and what each is in JSON."""
        if not self.child:
            return queries.columns(self.selection) | ({"allTaxLines": "array", "allDuties": "array"} if self.owner == "Order" else {})
        return queries.columns(_CHILDREN[self.child][1]) | {"order": "object"}


_SORTED = ", sortKey: UPDATED_AT, query: $filter"
_CHILDREN = {
    "refunds": ("Refund", queries.REFUND),
    "fulfillments": ("Fulfillment", queries.FULFILLMENT),
    "transactions": ("OrderTransaction", queries.TRANSACTION),
    "returns": ("Return", queries.RETURN),
}
CHILD_OWNERS = {child: owner for child, (owner, _) in _CHILDREN.items()}


def _ids_of(child: str) -> str:
    """The ids alone of an order's children."""
    return "returns { edges { node { id } } }" if child == "returns" else f"{child} {{ id }}"


def _of_orders(child: str, scope: str = "read_orders", bulk: Literal["rows", "owners"] = "owners") -> Kind:
    inner = _CHILDREN[child][1]
    listed = queries.some("Order", child, "2") if child == "returns" else f"{child} {{ {inner} }}"
    selection = f"{_HEAD} {listed}"
    return Kind(child, "Order", ("orders",), selection, scope, _SORTED, child=child, orders=True, bulk=bulk)


def _payout_final(node: Node) -> bool:
    return node["status"] in ("PAID", "CANCELED", "FAILED")


def _balance_final(node: Node) -> bool:
    return node["associatedPayout"]["status"] in ("PAID", "CANCELED")


def _dispute_final(node: Node) -> bool:
    return node["finalizedOn"] is not None


_PAYMENTS = "shopifyPaymentsAccount"
_ALL = (
    Kind("orders", "Order", ("orders",), queries.ORDER, "read_orders", _SORTED, deleted_as="ORDER", orders=True, bulk="rows"),
    _of_orders("refunds"),
    _of_orders("transactions", bulk="rows"),
    _of_orders("fulfillments"),
    _of_orders("returns", "read_returns"),
    Kind("products", "Product", ("products",), queries.PRODUCT, "read_products", _SORTED, deleted_as="PRODUCT", bulk="rows"),
    # A search for customers by updated_at matches whole days (description of its filter): the overlap is longer than one.
    Kind(
        "customers",
        "Customer",
        ("customers",),
        queries.CUSTOMER,
        "read_customers",
        _SORTED,
        overlap=timedelta(hours=25),
        deleted_as="CUSTOMER",
        bulk="rows",
    ),
    Kind(
        "locations",
        "Location",
        ("locations",),
        queries.LOCATION,
        "read_locations",
        ", sortKey: ID, includeInactive: true, includeLegacy: true",
        "",
    ),
    # The clock of an item stands still when its stock moves: only a whole read is sure.
    Kind("inventory", "InventoryItem", ("inventoryItems",), queries.INVENTORY_ITEM, "read_inventory", clock=""),
    # A payout that is paid may still come back from the bank for some days.
    Kind(
        "payouts",
        "ShopifyPaymentsPayout",
        (_PAYMENTS, "payouts"),
        queries.PAYOUT,
        "read_shopify_payments_payouts",
        ", sortKey: ISSUED_AT, query: $filter",
        "issuedAt",
        "issued_at",
        overlap=timedelta(days=10),
        final=_payout_final,
        patience=_MONTH,
    ),
    Kind(
        "balance_transactions",
        "ShopifyPaymentsBalanceTransaction",
        (_PAYMENTS, "balanceTransactions"),
        queries.BALANCE,
        "read_shopify_payments_payouts",
        ", sortKey: PROCESSED_AT, query: $filter",
        "transactionDate",
        "processed_at",
        final=_balance_final,
        patience=_MONTH,
    ),
    Kind(
        "disputes",
        "ShopifyPaymentsDispute",
        (_PAYMENTS, "disputes"),
        queries.DISPUTE,
        "read_shopify_payments_disputes",
        ", query: $filter",
        "initiatedAt",
        "initiated_at",
        overlap=_MONTH,
        final=_dispute_final,
        patience=timedelta(days=365),
    ),
)
KINDS = {kind.name: kind for kind in _ALL}
