"""Old orders of a big shop, made when somebody looks at them: the same seed and number always make the same order.

They were placed, paid and shipped long ago; Shopify Payments' records and the shelves begin after them. An order that is touched or deleted
leaves the archive and lives on in the world.
"""

from __future__ import annotations

import random
from bisect import bisect_left
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from itertools import count
from typing import Any, overload

from taps.shopify.simulator.search import stamp
from taps.shopify.simulator.things import Order, Place, Variant
from taps.shopify.simulator.world import World

_BASE, _SPAN = 10**12, 10_000
"""Ids: the order's own, and room for everything that hangs on it."""
Key = tuple[str, int]


class _Annex(World):
    """Where one old order happens: the goods and people of the shop, and nothing that it changes of them."""

    def __init__(self, shop: World, at: datetime, number: int) -> None:
        super().__init__(lambda: at, shop.currency)
        self.places, self.products, self.buyers = shop.places, shop.products, shop.buyers
        self._number = number
        self._numbers = count(_BASE + number * _SPAN + 1)

    def _stock(self, variant: Variant | None, place: Place | None, units: int) -> None:
        """Whatever it took off the shelf was put back long ago."""

    def place_order(self, order: Order) -> Order:
        """It has its number already, and nobody searches for it here."""
        order.id, order.number = _BASE + self._number * _SPAN, 1001 + self._number
        return order


class Archive:
    """`size` orders, `step` apart, from `start` on."""

    def __init__(
        self, shop: World, size: int, seed: int, start: datetime, step: timedelta, live: Callable[[World, random.Random], Order]
    ) -> None:
        self.size = size
        self._shop = shop
        self._seed = seed
        self._start = start
        self._step = step
        self._live = live
        self._gone: list[int] = []

    def at(self, number: int) -> datetime:
        """When an order was placed, and changed last."""
        return self._start + self._step * number

    def number_of(self, thing_id: int) -> int | None:
        """Of an order, or of what hangs on one; None where it is none of the archive's."""
        number = (thing_id - _BASE) // _SPAN
        return number if 0 <= number < self.size and number not in self._gone else None

    def by_id(self, order_id: int) -> Order | None:
        """The order with this id, if it lies here."""
        number = self.number_of(order_id)
        return self.order(number) if number is not None and order_id == _BASE + number * _SPAN else None

    def order(self, number: int) -> Order:
        """The order, made anew."""
        chance = random.Random(f"{self._seed}/{number}")  # noqa: S311 (chance to be repeated, not secrecy)
        return self._live(_Annex(self._shop, self.at(number), number), chance)

    def take_out(self, order_id: int) -> None:
        """It is no old order any more."""
        number = self.number_of(order_id)
        if number is not None:
            self._gone.insert(bisect_left(self._gone, number), number)

    def keys(self, since: str = "") -> ArchiveKeys:
        """Keys of the search, from an instant on."""
        first = bisect_left(range(self.size), since, key=lambda number: stamp(self.at(number))) if since else 0
        return ArchiveKeys(self, first, [number for number in self._gone if number >= first])


class ArchiveKeys(Sequence[Key]):
    """(instant, id) of the old orders, each worked out when it is asked for."""

    def __init__(self, archive: Archive, first: int, gone: list[int]) -> None:
        self._archive = archive
        self._first = first
        self._gone = gone

    def __len__(self) -> int:
        return self._archive.size - self._first - len(self._gone)

    @overload
    def __getitem__(self, index: int) -> Key: ...
    @overload
    def __getitem__(self, index: slice) -> list[Key]: ...
    def __getitem__(self, index: int | slice) -> Key | list[Key]:
        if isinstance(index, slice):
            return [self[each] for each in range(*index.indices(len(self)))]
        if not 0 <= index < len(self):
            raise IndexError(index)
        number = self._first + index
        for gone in self._gone:
            if gone > number:
                break
            number += 1
        return stamp(self._archive.at(number)), _BASE + number * _SPAN


class Joined(Sequence[Any]):
    """Two sequences behind each other, neither copied."""

    def __init__(self, first: Sequence[Any], second: Sequence[Any]) -> None:
        self._first = first
        self._second = second

    def __len__(self) -> int:
        return len(self._first) + len(self._second)

    @overload
    def __getitem__(self, index: int) -> Any: ...
    @overload
    def __getitem__(self, index: slice) -> list[Any]: ...
    def __getitem__(self, index: int | slice) -> Any:
        if isinstance(index, slice):
            return [self[each] for each in range(*index.indices(len(self)))]
        if index < len(self._first):
            return self._first[index]
        return self._second[index - len(self._first)]
