"""What the hub reads of a shop: streams, check, and one pass over a stream."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Any

from mappings.problem import Problem
from taps._kit.errors import Misconfigured
from taps._kit.reader import Message, Stream
from taps._kit.surroundings import Surroundings
from taps.shopify import queries
from taps.shopify.client import Client
from taps.shopify.config import ShopifyConfig
from taps.shopify.facts import ALL_ORDERS, FACTS, HORIZON, VERSION
from taps.shopify.kinds import KINDS, Kind
from taps.shopify.passing import Pass


class ShopifyReader:
    """One shop."""

    facts = FACTS

    def __init__(self, config: ShopifyConfig, home: Path) -> None:  # noqa: ARG002 (nothing of it lies in the home folder)
        self._config = config

    def streams(self) -> list[Stream]:
        """Every stream; Shopify is not asked."""
        return [_stream(kind) for kind in KINDS.values()]

    def read(self, stream: str, state: Mapping[str, Any] | None, around: Surroundings) -> Iterator[Message]:
        """Read on from `state`. Raises Misconfigured for a stream that is not there and for a history that the log-in cannot see."""
        if stream not in KINDS:
            raise Misconfigured(f"There is no stream {stream!r} in Shopify; there are {', '.join(KINDS)}.")
        client = Client(self._config, around)
        admit = partial(self._require_history, client, around.clock()) if KINDS[stream].orders and not state else None
        try:
            yield from Pass(client, KINDS[stream], self._config, dict(state or {}), admit).messages()
        finally:
            client.close()

    def check(self, around: Surroundings | None = None) -> list[Problem]:
        """What the app may not see, and a history that is shorter than the one that is asked for."""
        if around is None:
            return []
        client = Client(self._config, around)
        try:
            scopes = _scopes(client)
            problems = [_missing(scope, kinds) for scope, kinds in _needed().items() if not _covers(scopes, scope)]
            if ALL_ORDERS not in scopes and self._config.history == "all":
                problems.append(Problem("CONNECT-DENIED", *_short(client), "history"))
            if client.answered_by != VERSION:
                say = f"Shopify answers in version {client.answered_by} of its API; this tap was written for {VERSION}."
                problems.append(Problem("CONNECT-DENIED", say, "Install a newer version of Counterfoil."))
            return problems
        finally:
            client.close()

    def _require_history(self, client: Client, now: datetime, scopes: set[str]) -> None:
        """A first read shows all that was asked for, or does not begin."""
        if ALL_ORDERS in scopes:
            return
        if self._config.history == "all":
            raise Misconfigured(" ".join(_short(client)))
        if self._config.read_from and _midnight(self._config.read_from) < now - HORIZON:
            raise Misconfigured(
                f"read_from is {self._config.read_from}, and this log-in sees orders of the last {HORIZON.days} days only. "
                f"Choose a later day, or have Shopify grant {ALL_ORDERS}."
            )


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _scopes(client: Client) -> set[str]:
    asked = client.ask(queries.ABOUT)
    return {str(scope["handle"]) for scope in asked["currentAppInstallation"]["accessScopes"]}


def _short(client: Client) -> tuple[str, str]:
    """That orders are missing, with the oldest that is seen, and what to do."""
    oldest = client.ask(queries.OLDEST)["orders"]["nodes"]
    seen = f"the oldest that it sees is of {oldest[0]['createdAt'][:10]}" if oldest else "it sees none"
    return (
        f"This log-in sees orders of the last {HORIZON.days} days only; {seen}. Older ones would be missing without a word.",
        f"Have Shopify grant the scope {ALL_ORDERS}, or say history: visible if {HORIZON.days} days are enough.",
    )


def _needed() -> dict[str, list[str]]:
    """The streams by the scope that they need."""
    needed: dict[str, list[str]] = {}
    for kind in KINDS.values():
        needed.setdefault(kind.scope, []).append(kind.name)
    return needed


def _covers(scopes: set[str], scope: str) -> bool:
    """Whoever may write may read."""
    broad = {"read_shopify_payments"} if scope.startswith("read_shopify_payments") else set()
    return bool(scopes & {scope, scope.replace("read_", "write_", 1), *broad})


def _missing(scope: str, kinds: list[str]) -> Problem:
    return Problem(
        "CONNECT-DENIED",
        f"The app may not read {', '.join(kinds)}: it has no scope {scope}.",
        "Give the app the scope and install it again, or leave these streams out.",
        scope,
    )


def _stream(kind: Kind) -> Stream:
    properties = {name: {"type": [what, "null"]} for name, what in kind.columns.items()}
    schema = {"type": "object", "properties": properties, "additionalProperties": True}
    return Stream(kind.name, schema, ("id",), kind.whole)
