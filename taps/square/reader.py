"""The reader of a Square account: which stream is read how, and whether the account lets us in."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from mappings.problem import Problem
from taps._kit.errors import CounterfoilError, Misconfigured
from taps._kit.reader import Message, Stream
from taps._kit.surroundings import Surroundings
from taps.square import changes, goods, recent, rosters
from taps.square.client import Square
from taps.square.config import SquareConfig
from taps.square.facts import FACTS
from taps.square.reading import Reading
from taps.square.streams import STREAMS

_READ: dict[str, Callable[[Reading], Iterator[Message]]] = {
    "locations": rosters.locations,
    "customers": changes.customers,
    "catalog": goods.catalog,
    "inventory_counts": goods.inventory_counts,
    "inventory_changes": goods.inventory_changes,
    "orders": changes.orders,
    "payments": changes.payments,
    "refunds": changes.refunds,
    "disputes": rosters.disputes,
    "payouts": recent.payouts,
    "payout_entries": recent.payout_entries,
    "gift_cards": rosters.gift_cards,
    "gift_card_activities": changes.gift_card_activities,
    "team_members": rosters.team_members,
    "timecards": recent.timecards,
    "cash_drawer_shifts": recent.cash_drawer_shifts,
}


class SquareReader:
    """One Square account."""

    facts = FACTS

    def __init__(self, config: SquareConfig, _home: Path) -> None:
        self._config = config

    def streams(self) -> list[Stream]:
        """What there is to read, in an order in which documents come after those that they name."""
        return list(STREAMS.values())

    def read(self, stream: str, state: Mapping[str, Any] | None, around: Surroundings) -> Iterator[Message]:
        """Read on from `state`. Raises Misconfigured for a stream that is not there or a log-in that is refused."""
        if stream not in _READ:
            raise Misconfigured(f"There is no stream {stream!r} in Square; there are {', '.join(_READ)}.")
        square = Square(self._config, around)
        try:
            yield from _READ[stream](Reading.of(square, around, state))
        finally:
            square.close()

    def check(self, around: Surroundings | None = None) -> list[Problem]:
        """Whether the account lets us in and has a location."""
        if around is None:
            return []
        square = Square(self._config, around)
        try:
            if square.locations:
                return []
            return [Problem("READ-EMPTY", "The Square account has no location.", "Log in with the account that holds the tills.")]
        except CounterfoilError as refused:
            return [Problem("CONNECT-DENIED", refused.say, "Set the access token anew, or connect the account again.")]
        finally:
            square.close()
