"""A simulated shop of Shopify that answers the reader's own queries.

token           another one than the shop's is 401; see tokens.py for those that run out     reference of the Admin API
points          a bucket that fills with time; too fast is THROTTLED in a 200                limits; the 200 is unconfirmed
one query       at most 1,000 points, else MAX_COST_EXCEEDED before it is run                unconfirmed
pages           at most 250 rows, a cursor stands behind a row                               pages; 250 is unconfirmed
search          follows the shop by seconds; customers are searched by whole days            description of QueryRoot.customers
60 days         without read_all_orders older orders are not there, and nothing says so      the month's walk-through, 26
deletions       only as events, for a year                                                   description of QueryRoot.events
bulk            see bulk.py
lists           orders by CREATED_AT and money by ID know what a clock's index may have lost     sort keys of QueryRoot.orders
stock           see stock.py
old orders      of a big shop: see archive.py
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from taps._kit.graphql_text import Field, SyntaxFault, is_mutation, parse
from taps._kit.simulator import Clock, Request, Response, Simulator
from taps.shopify.facts import ALL_ORDERS, EVENTS_KEPT, HORIZON, MOST_POINTS, PATH, SCOPES, VERSION, VERSION_HEADER
from taps.shopify.simulator.archive import Joined
from taps.shopify.simulator.bulk import Bulk, filter_of
from taps.shopify.simulator.company import found_company
from taps.shopify.simulator.execute import Bare, Executor, Refusal, Resolver, Rows, Type, cost
from taps.shopify.simulator.search import named, since, stamp, terms, within
from taps.shopify.simulator.shop_views import SHOP_TYPES, Account, Item, item_type
from taps.shopify.simulator.stock import Stock
from taps.shopify.simulator.things import Order, gid
from taps.shopify.simulator.tokens import TOKEN_PATH, Tokens
from taps.shopify.simulator.views import TYPES
from taps.shopify.simulator.world import World

TOKEN = "shpat_simulated"  # noqa: S105 (of a shop that does not exist)
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
        self.archive = found_company(self.world, self.clock, orders, seed, days)
        types = {**TYPES, **SHOP_TYPES, Item: item_type(self.world.places), _Root: self._root()}
        self._executor = Executor(types)
        self.tokens = Tokens(self.clock)
        self.stock = Stock(self.world)
        self.bulk = Bulk(self.clock, Executor(types), lambda root: self._lists[root.name](filter_of(root)))
        self._address = ""
        self.passed_over: set[int] = set()
        """Ids that lists in the order of their clock leave out, as an index that has lost them does; other orders have them."""
        self.route("POST", PATH, self._graphql)
        self.route("POST", TOKEN_PATH, self.tokens.answer)
        self.route("GET", "/bulk/{number}.jsonl", lambda _request, number: self.bulk.file(int(number)))

    def missing(self, _request: Request) -> Response:
        """A path that is not there."""
        return Response(404, {"errors": "Not Found"})

    def unauthorized(self, _request: Request) -> Response:
        """A token that is not good."""
        return Response(401, {"errors": "[API] Invalid API key or access token (unrecognized login or wrong password)"})

    def before(self, request: Request) -> Response | None:
        """The token; a file of a bulk operation is given to whoever has its address."""
        if request.path.startswith("/bulk/") or request.path == TOKEN_PATH:
            return None
        given = request.headers.get("x-shopify-access-token", "")
        return None if given == self.token or self.tokens.good(given) else self.unauthorized(request)

    # ── points ──

    def refill(self) -> None:
        """Let so much time have passed that every point is there again."""
        self._left, self._counted, self._seen = self._bucket, self.clock(), time.monotonic()

    def _graphql(self, request: Request) -> Response:
        self._address = f"http://{request.headers.get('host', 'localhost')}"
        asked = request.body if isinstance(request.body, Mapping) else {}
        variables = asked.get("variables") or {}
        points = 0
        try:
            text = str(asked.get("query", ""))
            fields = self._parsed.get(text) or self._parsed.setdefault(text, parse(text))
            points = cost(fields, variables) + (10 if is_mutation(text) else 0)
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
        self._lists: dict[str, _Listed] = {
            "orders": self._orders,
            "products": lambda given: self._found("Product", world.products, given),
            "customers": lambda given: self._found("Customer", world.buyers, given, whole_days=True),
        }
        return Type(
            "QueryRoot",
            {
                "currentAppInstallation": lambda _r, _: Bare(
                    "AppInstallation", {"accessScopes": [Bare("AccessScope", {"handle": scope}) for scope in self.scopes]}
                ),
                "shop": lambda _r, _: _SHOP,
                **{name: _listing(rows) for name, rows in self._lists.items()},
                **{f"{name}Count": _counting(rows) for name, rows in self._lists.items()},
                "locations": lambda _r, _: _all(world.places),
                "inventoryItems": lambda _r, given: _all(self._items(given)),
                "inventorySetQuantities": lambda _r, given: self.stock.set_quantities(given, self.scopes),
                "shopifyPaymentsAccount": lambda _r, _: Account(self._payouts, self._entries, self._disputes),
                "events": lambda _r, given: self._events(given),
                "node": lambda _r, given: self._node(str(given["id"])),
                "nodes": lambda _r, given: [self._node(str(each)) for each in given["ids"]],
                "bulkOperation": lambda _r, given: self._node(str(given["id"])),
                "bulkOperationRunQuery": lambda _r, given: self.bulk.run(given, self._address),
            },
        )

    def _sees(self, order: Order) -> bool:
        return ALL_ORDERS in self.scopes or order.at >= self.clock() - HORIZON

    def _orders(self, given: Mapping[str, Any]) -> Rows:
        orders = self.world.orders
        wanted = terms(given.get("query"))
        if given.get("sortKey") == "CREATED_AT" or wanted.keys() & {"created_at", "processed_at", "name"}:
            living = sorted((stamp(order.at), order.id) for order in orders.values() if self._sees(order))
            keys = Joined(self.archive.keys("" if ALL_ORDERS in self.scopes else stamp(self.clock() - HORIZON)), living)
            # An order is processed when it is created here; one that was imported would have been processed before.
            listed: Any = within(keys, given.get("query"), ("created_at", "processed_at")) if wanted else keys
            if "name" in wanted:
                listed = [key for key in keys if f"#{orders[key[1]].number}" in named(given.get("query"))]
            return Rows(listed, lambda key: orders[key[1]])
        found = self._found("Order", orders, given)
        known = [key for key in found.keys if key[1] not in self.passed_over] if self.passed_over else found.keys
        rows = Rows(Joined(self.archive.keys(since(given.get("query"), "updated_at")), known), found.row)
        if ALL_ORDERS in self.scopes:
            return rows
        return Rows([key for key in rows.keys if self._sees(orders[key[1]])], rows.row)

    def _found(self, kind: str, rows: Mapping[int, Any], given: Mapping[str, Any], *, whole_days: bool = False) -> Rows:
        start = since(given.get("query"), "updated_at", whole_days=whole_days)
        return Rows(self.world.found[kind].keys(self.clock(), start), lambda key: rows[key[1]])

    def _items(self, given: Mapping[str, Any]) -> list[Item]:
        sku = terms(given.get("query")).get("sku", ("", ""))[1]
        found = (each for product in self.world.products.values() for each in product.variants)
        return [Item(each) for each in found if not sku or each.sku.startswith(sku)]  # the beginning is enough for a search

    def _payouts(self, given: Mapping[str, Any]) -> Rows:
        return self._paid(self.world.payouts, "issued_at", given)

    def _entries(self, given: Mapping[str, Any]) -> Rows:
        return self._paid(self.world.entries, "processed_at", given)

    def _paid(self, rows: Sequence[Any], term: str, given: Mapping[str, Any]) -> Rows:
        query = given.get("query")
        if given.get("sortKey") == "ID":
            keys = {key[1] for key in within([(stamp(each.at), each.id) for each in rows], query, (term,))}
            return _all([each for each in rows if each.id in keys])
        return _by_clock([(stamp(each.at), each) for each in rows if each.id not in self.passed_over], since(query, term))

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
        if kind in ("Order", "Product"):
            return (self.world.orders if kind == "Order" else self.world.products).get(int(number))
        if kind == "InventoryItem":
            variants = (each for product in self.world.products.values() for each in product.variants)
            return next((Item(each) for each in variants if each.id == int(number)), None)
        if kind in ("ShopifyPaymentsPayout", "ShopifyPaymentsBalanceTransaction"):
            paid: Sequence[Any] = self.world.payouts if kind == "ShopifyPaymentsPayout" else self.world.entries
            return next((each for each in paid if each.id == int(number)), None)
        if kind == "BulkOperation":
            return self.bulk.node(int(number))
        old = self.archive.number_of(int(number))
        for order in self.world.orders.values() if old is None else [self.archive.order(old)]:
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


_Listed = Callable[[Mapping[str, Any]], Rows]


def _listing(rows: _Listed) -> Resolver:
    return lambda _root, given: rows(given)


def _counting(rows: _Listed) -> Resolver:
    return lambda _root, given: _counted(rows(given), given)


def _counted(rows: Rows, given: Mapping[str, Any]) -> Bare:
    """How many there are, as far as somebody wants to know (10,000 unless they say otherwise)."""
    limit = given.get("limit", 10_000)
    least = len(rows.keys) if limit is None else min(len(rows.keys), limit)
    return Bare("Count", {"count": least, "precision": "EXACT" if least == len(rows.keys) else "AT_LEAST"})


def _all(rows: Any) -> Rows:
    """Rows in the order of their ids."""
    by = {row.of.id if isinstance(row, Item) else row.id: row for row in rows}
    return Rows([(number,) for number in sorted(by)], lambda key: by[key[0]])


def _by_clock(rows: list[tuple[str, Any]], start: str) -> Rows:
    by = {row.id: row for _, row in rows}
    return Rows(sorted((at, row.id) for at, row in rows if at >= start), lambda key: by[key[1]])
