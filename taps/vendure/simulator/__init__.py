"""A simulated Vendure that answers the reader's own queries. What it does was seen on a real server (3.7.3), which runs the same tests.

log-in          a session for a name and a password, in a header of the reply; an API key in a header
no log-in       FORBIDDEN with status 200, never 401
lists           at most 1,000 rows (USER_INPUT_ERROR with status 200), cut by skip and take
unknown field   GRAPHQL_VALIDATION_FAILED with status 400
clocks          an order's stands still when it is paid, shipped, refunded or noted; an article's when its stock moves
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from taps._kit.graphql_text import Field, SyntaxFault, parse, valued
from taps._kit.simulator import Clock, Request, Response, Simulator
from taps.vendure.facts import KEY_HEADER, MOST_ROWS, SESSION_HEADER
from taps.vendure.simulator.life import happen
from taps.vendure.simulator.views import Tree, buyer_view, exact, location_view, order_view, variant_view
from taps.vendure.simulator.world import World

USER, PASSWORD, KEY = "superadmin", "simulated", "key-simulated"
CHANNEL = "channel-simulated"
PATH = "/admin-api"
_WRONG = {"__typename": "InvalidCredentialsError", "errorCode": "INVALID_CREDENTIALS_ERROR", "message": "The credentials are invalid"}
_GOODS = (("TOTE-1", "Canvas Tote", 1990, 20, 100), ("TS-S", "T-Shirt S", 2500, 20, 400), ("MUG-1", "Mug", 1250, 10, 600))


class Refusal(Exception):
    """What is said instead of data."""

    def __init__(self, message: str, code: str, status: int = 200) -> None:
        super().__init__(message)
        self.code = code
        self.status = status


class VendureSimulator(Simulator):
    """One shop, with so many orders in any state."""

    def __init__(self, orders: int = 20, *, seed: int = 1, most: int = MOST_ROWS, clock: Clock | None = None) -> None:
        super().__init__(clock=clock)
        self.world = World(self.clock)
        self.most = most
        for good in _GOODS:
            self.world.offer(*good)
        chance = random.Random(seed)  # noqa: S311 (chance to be repeated, not secrecy)
        while sum(order.placed is not None for order in self.world.orders) < orders:
            happen(self.world, chance)
            self.clock.forward(seconds=1)
        self._parsed: dict[str, list[Field]] = {}
        self.passed_over: set[str] = set()
        """Ids of orders that a list in the order of their placing leaves out, as one that lost a row at the border of a page does."""
        self.route("POST", PATH, self._graphql)

    def missing(self, request: Request) -> Response:
        """A path that is not there."""
        return Response(404, {"message": f"Cannot {request.method} {request.path}", "error": "Not Found", "statusCode": 404})

    def unauthorized(self, _request: Request) -> Response:
        """A session that is not known."""
        return _refused(_denied())

    def _graphql(self, request: Request) -> Response:
        asked = request.body if isinstance(request.body, Mapping) else {}
        variables = asked.get("variables") or {}
        try:
            text = str(asked.get("query", ""))
            fields = self._parsed.get(text) or self._parsed.setdefault(text, parse(text))
            if fields[0].name == "login":
                return self._log_in(fields[0], variables)
            session = request.headers.get("authorization", "").removeprefix("Bearer ")
            if session not in self.world.sessions and request.headers.get(KEY_HEADER) != KEY:
                raise _denied()
            return Response(200, {"data": _shown(self._root(), fields, variables)})
        except SyntaxFault as fault:
            return _refused(Refusal(f"Syntax Error: {fault}", "GRAPHQL_PARSE_FAILED", 400))
        except Refusal as refusal:
            return _refused(refusal)

    def _log_in(self, asked: Field, variables: Mapping[str, Any]) -> Response:
        given = {name: valued(value, variables) for name, value in asked.arguments.items()}
        if (given.get("username"), given.get("password")) != (USER, PASSWORD):
            said = {
                "__typename": "InvalidCredentialsError",
                "errorCode": "INVALID_CREDENTIALS_ERROR",
                "message": "The credentials are invalid",
            }
            return Response(200, {"data": {"login": said}})
        session = f"session-{len(self.world.sessions) + 1}"
        self.world.sessions.add(session)
        return Response(200, {"data": {"login": {"__typename": "CurrentUser"}}}, {SESSION_HEADER: session})

    # ── the root ──

    def _root(self) -> Tree:
        world = self.world
        alive = [variant for variant in world.variants.values() if not variant.gone]
        buyers = [buyer for buyer in world.buyers.values() if not buyer.gone]
        return {
            "activeChannel": {"code": "__default_channel__", "token": CHANNEL},
            "globalSettings": {"serverConfig": {"moneyStrategyPrecision": 2}},
            "me": {"channels": [{"token": CHANNEL, "permissions": ["Authenticated", "SuperAdmin"]}]},
            "orders": lambda given: self._list([order_view(order) for order in world.orders], given),
            "customers": lambda given: self._list([buyer_view(buyer) for buyer in buyers], given),
            "productVariants": lambda given: self._list([variant_view(variant) for variant in alive], given),
            "productVariant": lambda given: next((variant_view(each) for each in alive if str(each.id) == given["id"]), None),
            "stockLocations": lambda given: self._list([location_view(world)], given),
        }

    def _list(self, rows: list[Tree], given: Mapping[str, Any]) -> Tree:
        options = given.get("options") or {}
        take = options.get("take", self.most)
        if take > self.most:
            raise Refusal(f"Cannot take more than {self.most} results from a list query", "USER_INPUT_ERROR")
        found = [row for row in rows if _fits(row, options.get("filter") or {})]
        for name in reversed(list(options.get("sort") or {"id": "ASC"})):
            found.sort(key=lambda row, by=name: int(row[by]) if by == "id" else str(row[by]))  # type: ignore[misc]  # the default only binds
        if "orderPlacedAt" in (options.get("sort") or {}):
            found = [row for row in found if row["id"] not in self.passed_over]
        skip = options.get("skip") or 0
        return {"totalItems": len(found), "items": found[skip : skip + take]}


def _fits(row: Tree, wanted: Mapping[str, Any]) -> bool:
    both = wanted.get("_and", ())
    return all(_fits(row, part) for part in both) and all(_matches(row[name], each) for name, each in wanted.items() if name != "_and")


def _matches(value: Any, condition: Mapping[str, Any]) -> bool:
    tests: dict[str, Callable[[Any], bool]] = {
        "isNull": lambda given: bool((value is None) == given),
        "in": lambda given: bool(value in given),
        "before": lambda given: value is not None and value < _instant(given),
        "after": lambda given: value is not None and value > _instant(given),
    }
    return all(tests[name](given) for name, given in condition.items())


def _instant(text: str) -> str:
    return exact(datetime.fromisoformat(text))


def _shown(value: Any, fields: Sequence[Field], variables: Mapping[str, Any]) -> Any:
    """As much of a tree as was asked for."""
    if isinstance(value, list):
        return [_shown(each, fields, variables) for each in value]
    if not isinstance(value, dict) or not fields:
        return value
    found: Tree = {}
    for asked in fields:
        if asked.on and asked.on != value.get("__typename"):
            continue
        if asked.name not in value:
            raise Refusal(f'Cannot query field "{asked.name}".', "GRAPHQL_VALIDATION_FAILED", 400)
        inner = value[asked.name]
        if callable(inner):
            inner = inner({name: valued(given, variables) for name, given in asked.arguments.items()})
        found[asked.alias] = _shown(inner, asked.fields, variables)
    return found


def _denied() -> Refusal:
    return Refusal("You are not currently authorized to perform this action", "FORBIDDEN")


def _refused(refusal: Refusal) -> Response:
    return Response(refusal.status, {"errors": [{"message": str(refusal), "extensions": {"code": refusal.code}}]})
