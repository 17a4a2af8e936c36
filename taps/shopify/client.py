"""Calls to the Admin API: one query in, its data out, or the error that says what helps.

An answer with errors is never taken, not even the part of it that is there. Points are Shopify's budget: every answer says what the query
cost and what is left, and the next call waits until there is enough.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

from taps._kit import graphql
from taps._kit.edge import Edge, Throttled
from taps._kit.errors import Fatal, Misconfigured, Retryable
from taps._kit.surroundings import Surroundings
from taps.shopify.config import ShopifyLogin
from taps.shopify.facts import FACTS, MOST_POINTS, PATH, VERSION, VERSION_HEADER
from taps.shopify.login import login

_TRIES = 6
_LONGEST_WAIT = 60
_PASSING = ("INTERNAL_SERVER_ERROR", "TIMEOUT", "SERVICE_UNAVAILABLE")
_FROZEN = {402: "the shop's bill is not paid", 404: "there is no such shop", 423: "the shop is locked"}


class TooCostly(Exception):
    """The query would cost more than one query may: `cost` of at most `most` points."""

    def __init__(self, cost: int, most: int) -> None:
        super().__init__(f"{cost} of {most} points")
        self.cost = cost
        self.most = most


class BadCursor(Exception):
    """Shopify no longer takes the place where a page ended."""


class Client:
    """One shop behind an edge."""

    def __init__(self, config: ShopifyLogin, around: Surroundings) -> None:
        self.edge = Edge(FACTS, config.base_url, login(config, around), around, private_network=config.private_network)
        self.around = around
        self.answered_by = VERSION
        """The version that answered last."""
        self._left: Decimal | None = None
        self._rate = Decimal(50)
        self._costs: dict[str, Decimal] = {}

    def close(self) -> None:
        """Let go of the connection."""
        self.edge.close()

    def ask(self, query: str, variables: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The data of one query.

        Raises TooCostly, BadCursor, Throttled beyond a minute, Retryable where Shopify keeps failing, Misconfigured where the log-in may
        not see what is asked, Fatal where Shopify does not understand the query.
        """
        for attempt in range(_TRIES):
            self._wait_for(self._costs.get(query, Decimal(0)))
            told = graphql.ask(self.edge, PATH, query, variables)
            body = self._sound(told)
            self._count(query, body)
            if told.data is not None:
                return told.data
            self._judge(told, body, attempt)
        raise Retryable("Shopify keeps answering that something went wrong on its side.")

    def _sound(self, told: graphql.Told) -> dict[str, Any]:
        reply = told.reply
        self.answered_by = reply.headers.get(VERSION_HEADER, VERSION)
        if reply.good and isinstance(reply.body, dict):
            return reply.body
        if reply.status in _FROZEN:
            raise Misconfigured(f"Shopify answers with {reply.status}: {_FROZEN[reply.status]}. Correct base_url, or ask the shop's owner.")
        raise Retryable(f"Shopify answers with {reply.status} and nothing that could be used.")

    def _count(self, query: str, body: Mapping[str, Any]) -> None:
        """Remember what is left, and what this query asks for before it is run."""
        cost = (body.get("extensions") or {}).get("cost") or {}
        status = cost.get("throttleStatus") or {}
        if status:
            self._left = Decimal(str(status["currentlyAvailable"]))
            self._rate = max(Decimal(str(status["restoreRate"])), Decimal(1))
        if cost.get("actualQueryCost") is not None:  # a refused query says what it would have cost, in a size that is not asked again
            self._costs[query] = Decimal(str(cost["requestedQueryCost"]))

    def _wait_for(self, cost: Decimal) -> None:
        """Sleep until the shop has this many points for us again. Others that use the shop may take them: then the answer is THROTTLED."""
        if self._left is not None and self._left < cost:
            self._rest((cost - self._left) / self._rate)
            self._left = None

    def _rest(self, seconds: Decimal) -> None:
        wait = max(float(seconds), 0.1)
        if wait > _LONGEST_WAIT:
            not_before = self.around.clock() + timedelta(seconds=wait)
            self.around.hold(not_before)
            raise Throttled(f"Shopify: the points of this shop are used up; not before {not_before:%Y-%m-%d %H:%M} UTC.", not_before)
        self.around.sleep(wait)

    def _judge(self, told: graphql.Told, body: Mapping[str, Any], attempt: int) -> None:
        """Wait where that helps; else raise what does."""
        codes, said = told.codes, told.said
        if not told.errors or any(code in _PASSING for code in codes):
            self._rest(Decimal(2**attempt))
        elif "THROTTLED" in codes:
            self._rest(self._missing(body) / self._rate)
        elif "MAX_COST_EXCEEDED" in codes:
            detail = told.errors[codes.index("MAX_COST_EXCEEDED")]["extensions"]
            raise TooCostly(int(detail.get("cost", 2 * MOST_POINTS)), int(detail.get("maxCost", MOST_POINTS)))
        elif "ACCESS_DENIED" in codes:
            raise Misconfigured(f"Shopify does not let this app read that: {said} Give the app the scope and install it again.")
        elif "cursor" in said.lower():
            raise BadCursor(said)
        else:
            raise Fatal(f"Shopify does not understand what we ask: {said}")

    def _missing(self, body: Mapping[str, Any]) -> Decimal:
        cost = (body.get("extensions") or {}).get("cost") or {}
        asked = Decimal(str(cost.get("requestedQueryCost") or MOST_POINTS))
        return max(asked - (self._left or Decimal(0)), self._rate)
