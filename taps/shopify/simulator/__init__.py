"""A simulated shop of Shopify that answers the reader's own queries.

token           another one than the shop's is 401                                          vendors.md, Shopify: base, auth
points          a bucket that fills with time; too fast is THROTTLED in a 200                limits; the 200 is unconfirmed
one query       at most 1,000 points, else MAX_COST_EXCEEDED before it is run                unconfirmed
pages           at most 250 rows, a cursor stands behind a row                               pages; 250 is unconfirmed
search          follows the shop by seconds; customers are searched by whole days            description of QueryRoot.customers
60 days         without read_all_orders older orders are not there, and nothing says so      the month's walk-through, 26
deletions       only as events, for a year                                                   description of QueryRoot.events
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from taps._kit.simulator import Clock, Request, Response, Simulator
from taps.shopify.facts import ALL_ORDERS, EVENTS_KEPT, HORIZON, MOST_POINTS, PATH, VERSION, VERSION_HEADER
from taps.shopify.simulator.company import found_company
from taps.shopify.simulator.execute import Bare, Executor, Refusal, Rows, Type, cost
from taps.shopify.simulator.language import Field, SyntaxFault, parse
from taps.shopify.simulator.search import since, stamp, terms
from taps.shopify.simulator.shop_views import SHOP_TYPES, Account, Item, item_type
from taps.shopify.simulator.things import Order, gid
from taps.shopify.simulator.views import TYPES
from taps.shopify.simulator.world import World

TOKEN = "shpat_simulated"  # noqa: S105 (of a shop that does not exist)
SCOPES = (
    "read_orders",
    ALL_ORDERS,
    "read_returns",
    "read_products",
    "read_customers",
    "read_locations",
    "read_inventory",
    "read_shopify_payments_payouts",
    "read_shopify_payments_disputes",
)
BUCKET, RESTORE = 2000, 100
"""Points of a shop on the Standard plan, and how many come back in a second. The bucket is unconfirmed."""


class _Root:
    """QueryRoot."""


class ShopifySimulator(Simulator):
    """One shop. `orders` are placed over the last `days` before the clock's now."""

    def __init__(
        self,
        orders: int = 40,
        *,
        seed: int = 1,
        days: int = 30,
        scopes: tuple[str, ...] = SCOPES,
        bucket: int = BUCKET,
        clock: Clock | None = None,
    ) -> None:
        super().__init__(clock=clock)
        self.world = World(self.clock)
        self.token = TOKEN
        self.scopes = scopes
        self.version = VERSION
        self._bucket = Decimal(bucket)
        self._left = self._bucket
        self._counted, self._seen = self.clock(), time.monotonic()
        self._parsed: dict[str, list[Field]] = {}
        found_company(self.world, self.clock, orders, seed, days)
        self._executor = Executor({**TYPES, **SHOP_TYPES, Item: item_type(self.world.places), _Root: self._root()})
        self.route("POST", PATH, self._graphql)

    def missing(self, _request: Request) -> Response:
        """A path that is not there."""
        return Response(404, {"errors": "Not Found"})

    def unauthorized(self, _request: Request) -> Response:
        """A token that is not good."""
        return Response(401, {"errors": "[API] Invalid API key or access token (unrecognized login or wrong password)"})

    def before(self, request: Request) -> Response | None:
        """The token."""
        return None if request.headers.get("x-shopify-access-token") == self.token else self.unauthorized(request)

    # ── points ──

    def _graphql(self, request: Request) -> Response:
        asked = request.body if isinstance(request.body, Mapping) else {}
        variables = asked.get("variables") or {}
        points = 0
        try:
            text = str(asked.get("query", ""))
            fields = self._parsed.get(text) or self._parsed.setdefault(text, parse(text))
            points = cost(fields, variables)
            self._require(points)
            data = self._executor.data(_Root(), fields, variables)
        except SyntaxFault as fault:
            return self._answer({"errors": [{"message": f"syntax error, {fault}"}]}, points, None)
        except Refusal as refusal:
            extensions = {"code": refusal.code, **refusal.detail}
            return self._answer({"errors": [{"message": refusal.message, "extensions": extensions}]}, points, None)
        self._left -= self._executor.points
        return self._answer({"data": data}, points, self._executor.points)

    def _require(self, points: int) -> None:
        # Time passes for whoever sleeps on the simulator's clock, and for whoever sleeps in earnest while that clock stands.
        passed = Decimal(str((self.clock() - self._counted).total_seconds() + time.monotonic() - self._seen))
        self._left, self._counted, self._seen = min(self._left + passed * RESTORE, self._bucket), self.clock(), time.monotonic()
        if points > MOST_POINTS:
            say = f"Query cost is {points}, which exceeds the single query max cost limit ({MOST_POINTS})."
            raise Refusal(say, "MAX_COST_EXCEEDED", cost=points, maxCost=MOST_POINTS)
        if points > self._left:
            raise Refusal("Throttled", "THROTTLED")

    def _answer(self, body: dict[str, Any], points: int, actual: int | None) -> Response:
        status = {"maximumAvailable": int(self._bucket), "currentlyAvailable": int(self._left), "restoreRate": RESTORE}
        told = {"requestedQueryCost": points, "actualQueryCost": actual, "throttleStatus": status}
        return Response(200, {**body, "extensions": {"cost": told}}, {VERSION_HEADER: self.version})

    # ── the root ──

    def _root(self) -> Type:
        world = self.world
        return Type(
            "QueryRoot",
            {
                "currentAppInstallation": lambda _r, _: Bare(
                    "AppInstallation", {"accessScopes": [Bare("AccessScope", {"handle": scope}) for scope in self.scopes]}
                ),
                "shop": lambda _r, _: _SHOP,
                "orders": lambda _r, given: self._orders(given),
                "products": lambda _r, given: self._found("Product", world.products, given),
                "customers": lambda _r, given: self._found("Customer", world.buyers, given, whole_days=True),
                "locations": lambda _r, _: _all(world.places),
                "inventoryItems": lambda _r, _: _all([Item(each) for product in world.products.values() for each in product.variants]),
                "shopifyPaymentsAccount": lambda _r, _: Account(self._payouts, self._entries, self._disputes),
                "events": lambda _r, given: self._events(given),
                "node": lambda _r, given: self._node(str(given["id"])),
            },
        )

    def _sees(self, order: Order) -> bool:
        return ALL_ORDERS in self.scopes or order.at >= self.clock() - HORIZON

    def _orders(self, given: Mapping[str, Any]) -> Rows:
        orders = self.world.orders
        if given.get("sortKey") == "CREATED_AT":
            keys = sorted((stamp(order.at), order.id) for order in orders.values() if self._sees(order))
            return Rows(keys, lambda key: orders[key[1]])
        rows = self._found("Order", orders, given)
        if ALL_ORDERS in self.scopes:
            return rows
        return Rows([key for key in rows.keys if self._sees(orders[key[1]])], rows.row)

    def _found(self, kind: str, rows: Mapping[int, Any], given: Mapping[str, Any], *, whole_days: bool = False) -> Rows:
        start = since(given.get("query"), "updated_at", whole_days=whole_days)
        return Rows(self.world.found[kind].keys(self.clock(), start), lambda key: rows[key[1]])

    def _payouts(self, given: Mapping[str, Any]) -> Rows:
        return _by_clock([(stamp(each.at), each) for each in self.world.payouts], since(given.get("query"), "issued_at"))

    def _entries(self, given: Mapping[str, Any]) -> Rows:
        return _by_clock([(stamp(each.at), each) for each in self.world.entries], since(given.get("query"), "processed_at"))

    def _disputes(self, given: Mapping[str, Any]) -> Rows:
        start = since(given.get("query"), "initiated_at")
        return _all([each for each in self.world.quarrels if stamp(each.at) >= start])

    def _events(self, given: Mapping[str, Any]) -> Rows:
        wanted = terms(given.get("query"))
        kind, start = wanted.get("subject_type", ("", ""))[1], since(given.get("query"), "created_at")
        oldest: datetime = self.clock() - EVENTS_KEPT
        kept = [each for each in self.world.events if each.at >= oldest and each.subject_type == kind and stamp(each.at) >= start]
        return _all(kept)

    def _node(self, wanted: str) -> Any:
        kind, _, number = wanted.removeprefix("gid://shopify/").partition("/")
        if kind == "Order":
            return self.world.orders.get(int(number))
        if kind == "Product":
            return self.world.products.get(int(number))
        if kind == "InventoryItem":
            variants = (each for product in self.world.products.values() for each in product.variants)
            return next((Item(each) for each in variants if each.id == int(number)), None)
        for order in self.world.orders.values():
            hanging: list[Any] = [*order.backs, *order.parcels, *order.returns]
            for each in hanging:
                if gid(_HANGING[type(each).__name__], each.id) == wanted:
                    return each
        return None


_HANGING = MappingProxyType({"Back": "Refund", "Parcel": "Fulfillment", "Homecoming": "Return"})
_SHOP = Bare(
    "Shop",
    {"name": "Harbour Goods", "myshopifyDomain": "harbour.myshopify.com", "currencyCode": "USD", "ianaTimezone": "America/New_York"},
)


def _all(rows: Any) -> Rows:
    """Rows in the order of their ids."""
    by = {row.of.id if isinstance(row, Item) else row.id: row for row in rows}
    return Rows([(number,) for number in sorted(by)], lambda key: by[key[0]])


def _by_clock(rows: list[tuple[str, Any]], start: str) -> Rows:
    by = {row.id: row for _, row in rows}
    return Rows(sorted((at, row.id) for at, row in rows if at >= start), lambda key: by[key[1]])
