"""The search behind a list: it follows the shop by some seconds, some rows later than others, and answers in the order of what it knows."""

from __future__ import annotations

import re
from bisect import bisect_left, insort
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from heapq import heappop, heappush
from operator import eq, ge, gt, le, lt

_TERM = re.compile(r"(\w+):(>=|>|<=|<)?\s*(?:'([^']*)'|\"([^\"]*)\"|([^\s']+))")

_PACES = 4


class Search:
    """Keys (instant, id) in order. What is told now is found later: at the latest when the lag is over."""

    def __init__(self, lag: timedelta) -> None:
        self._lag = lag
        self._keys: list[tuple[str, int]] = []
        self._known: dict[int, str] = {}
        self._coming: list[tuple[datetime, int, str]] = []

    def tell(self, number: int, at: datetime, now: datetime) -> None:
        """A row is new or has changed."""
        heappush(self._coming, (now + self._lag * (number % _PACES + 1) / _PACES, number, stamp(at)))

    def drop(self, number: int) -> None:
        """A row is gone, at once."""
        self._coming = sorted(each for each in self._coming if each[1] != number)
        self._forget(number)

    def _forget(self, number: int) -> None:
        before = self._known.pop(number, None)
        if before is not None:
            del self._keys[bisect_left(self._keys, (before, number))]

    def keys(self, now: datetime, since: str = "") -> Sequence[tuple[str, int]]:
        """What is found now, from an instant on."""
        while self._coming and self._coming[0][0] <= now:
            _, number, at = heappop(self._coming)
            self._forget(number)
            self._known[number] = at
            if not self._keys or self._keys[-1] < (at, number):
                self._keys.append((at, number))
            else:
                insort(self._keys, (at, number))
        return self._keys[bisect_left(self._keys, (since, 0)) :]


def stamp(moment: datetime) -> str:
    """An instant as Shopify writes it: UTC, whole seconds."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def terms(query: str | None) -> dict[str, tuple[str, str]]:
    """Field → (comparison, value) of a search."""
    return {name: (sign, one or two or three) for name, sign, one, two, three in _TERM.findall(query or "")}


def since(query: str | None, field: str, *, whole_days: bool = False) -> str:
    """From which instant on a search wants rows; empty: from the first.

    Where it matches whole days, a day that has begun does not match: the worse of two readings of what Shopify says of customers.
    """
    sign, value = terms(query).get(field, ("", ""))
    if sign not in (">=", ">"):
        return ""
    if not whole_days or value.endswith("T00:00:00Z"):
        return value
    return stamp(datetime.fromisoformat(f"{value[:10]}T00:00:00Z") + timedelta(days=1))


def within(keys: Iterable[tuple[str, int]], query: str | None, fields: Sequence[str]) -> list[tuple[str, int]]:
    """The keys (instant, id) inside every bound that a search sets on these fields, which are one instant here."""
    bounds = [(sign, one or two or three) for name, sign, one, two, three in _TERM.findall(query or "") if name in fields]
    return [key for key in keys if all(_INSIDE[sign](key[0], value) for sign, value in bounds)]


def named(query: str | None) -> set[str]:
    """The names of a search that is for one name or another."""
    return {one or two or three for name, _sign, one, two, three in _TERM.findall(query or "") if name == "name"}


_INSIDE: dict[str, Callable[[str, str], bool]] = {"": eq, ">=": ge, ">": gt, "<=": le, "<": lt}
