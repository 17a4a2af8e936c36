"""Calls to the Admin API: one query in, its data out, or the error that says what helps.

An answer with errors is never taken, not even the part of it that is there. Points are Shopify's budget: every answer says what the query
cost and what is left, and the next call waits until there is enough. Waits and tries are the edge's; here stands only what an answer means.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from taps._kit import graphql
from taps._kit.edge import Blocked, Edge, Lost, Outcome, Reply
from taps._kit.errors import Fatal, Misconfigured, Retryable
from taps._kit.surroundings import Surroundings
from taps.shopify.config import ShopifyLogin
from taps.shopify.facts import FACTS, MOST_POINTS, PATH, VERSION, VERSION_HEADER
from taps.shopify.login import login

_SHORTEST_WAIT = Decimal("0.1")
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
        pointed = replace(around, budget=self._admit)
        self.edge = Edge(FACTS, config.base_url, login(config, around), pointed, private_network=config.private_network, judge=self._judge)
        self.around = around
        self.answered_by = VERSION
        """The version that answered last."""
        self._left: Decimal | None = None
        self._counted = around.clock()
        self._rate = Decimal(50)
        self._asking = ""
        """The query under way; empty: something else, as a target's write."""
        self._costs: dict[str, Decimal] = {}

    def close(self) -> None:
        """Let go of the connection."""
        self.edge.close()

    def ask(self, query: str, variables: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The data of one query.

        Raises what `Edge.read` raises, and TooCostly, BadCursor, Misconfigured where the log-in may not see what is asked, Fatal where
        Shopify does not understand the query.
        """
        self._asking = query
        try:
            told = graphql.ask(self.edge, PATH, query, variables)
        finally:
            self._asking = ""
        return self._sound(told)

    # ── points ──

    def _admit(self, path: str) -> datetime | None:
        """The budget of a call: the shop's points first. Others that use the shop may take them: then the answer is THROTTLED."""
        if self._left is not None:
            grown = Decimal((self.around.clock() - self._counted) // timedelta(microseconds=1)).scaleb(-6) * self._rate
            missing = self._costs.get(self._asking, Decimal(0)) - self._left - grown
            if missing > 0:
                return self._in(missing / self._rate)
        return self.around.budget(path)

    def _in(self, seconds: Decimal) -> datetime:
        return self.around.clock() + timedelta(seconds=float(max(seconds, _SHORTEST_WAIT)))

    def _count(self, cost: Mapping[str, Any]) -> None:
        """Remember what is left, and what this query asks for before it is run."""
        status = cost.get("throttleStatus") or {}
        if status:
            self._left = Decimal(str(status["currentlyAvailable"]))
            self._counted = self.around.clock()
            self._rate = max(Decimal(str(status["restoreRate"])), Decimal(1))
        if cost.get("actualQueryCost") is not None:  # a refused query says what it would have cost, in a size that is not asked again
            self._costs[self._asking] = Decimal(str(cost["requestedQueryCost"]))

    # ── what an answer means ──

    def _judge(self, reply: Reply) -> Outcome:
        """The judge of answers: too fast and nothing done, something inside that may go better, or as it stands."""
        told = graphql.told(reply)
        cost = (reply.body.get("extensions") or {}).get("cost") or {} if isinstance(reply.body, dict) else {}
        self.answered_by = reply.headers.get(VERSION_HEADER, VERSION)
        self._count(cost)
        if "THROTTLED" in told.codes:
            asked = Decimal(str(cost.get("requestedQueryCost") or MOST_POINTS))
            missing = max(asked - (self._left or Decimal(0)), self._rate)
            return Blocked(self._in(missing / self._rate), "the points of this shop are used up")
        if not told.usable or any(code in _PASSING for code in told.codes):
            return Lost("it keeps saying that something went wrong on its side")
        return reply

    @staticmethod
    def _sound(told: graphql.Told) -> dict[str, Any]:
        """The data, or what helps."""
        status, codes, said = told.reply.status, told.codes, told.said
        if told.data is not None:
            return told.data
        if status in _FROZEN:
            raise Misconfigured(f"Shopify answers with {status}: {_FROZEN[status]}. Correct base_url, or ask the shop's owner.")
        if not told.reply.good:
            raise Retryable(f"Shopify answers with {status} and nothing that could be used.")
        if "MAX_COST_EXCEEDED" in codes:
            detail = told.errors[codes.index("MAX_COST_EXCEEDED")]["extensions"]
            raise TooCostly(int(detail.get("cost", 2 * MOST_POINTS)), int(detail.get("maxCost", MOST_POINTS)))
        if "ACCESS_DENIED" in codes:
            raise Misconfigured(f"Shopify does not let this app read that: {said} Give the app the scope and install it again.")
        if "cursor" in said.lower():
            raise BadCursor(said)
        raise Fatal(f"Shopify does not understand what we ask: {said}")
