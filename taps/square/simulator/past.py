"""A long past that is made when somebody asks: a million orders take the room of their number.

Nothing of it is stored. A row's id, instant and place follow from its number; its body is made at each look. What changes later is stored
as any other row, and its number is then no longer alive.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, MutableMapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, overload

Body = dict[str, Any]
_EVER = datetime(1970, 1, 1, tzinfo=UTC)
Place = tuple[str, str]
"""Instant and id of a row in a list."""


def _nothing(_number: int) -> Body:
    return {}


@dataclass(slots=True)
class Row:
    """One thing in its newest state, and the state before it while the newest is not visible yet. A state may be made when asked for."""

    now: Body | Callable[[], Body]
    visible_at: datetime
    before: Body | None = None

    def body(self) -> Body:
        """The newest state."""
        return self.now() if callable(self.now) else self.now


@dataclass(frozen=True, slots=True)
class Past:
    """So many rows of long ago, in the order of their instants."""

    count: int = 0
    prefix: str = ""
    at: Callable[[int], str] = str
    """The instant of a number, as `written` gives it; never earlier than that of the number before."""
    make: Callable[[int], Body] = _nothing
    places: tuple[str, ...] = ("",)
    """Locations, which take turns."""

    def key(self, number: int) -> str:
        """The id of a number."""
        return f"{self.prefix}{number:07d}"

    def number(self, key: str) -> int | None:
        """The number of an id; None where it is none of the past."""
        digits = key.removeprefix(self.prefix)
        number = int(digits) if self.count and key.startswith(self.prefix) and digits.isdigit() else self.count
        return number if number < self.count and self.key(number) == key else None


@dataclass(slots=True)
class Rows(MutableMapping[str, Row]):
    """Rows by id: those of the past that nothing has happened to since, and those that are stored."""

    past: Past = field(default_factory=Past)
    own: dict[str, Row] = field(default_factory=dict)
    touched: dict[int, None] = field(default_factory=dict)
    """Numbers of the past that are stored by now, or deleted."""
    _alive: dict[str | None, Sequence[int]] = field(default_factory=dict)

    def __getitem__(self, key: str) -> Row:
        found = self.own.get(key)
        if found is not None:
            return found
        number = self.past.number(key)
        if number is None or number in self.touched:
            raise KeyError(key)
        return Row(lambda: self.past.make(number), _EVER)

    def __setitem__(self, key: str, row: Row) -> None:
        self._touch(key)
        self.own[key] = row

    def __delitem__(self, key: str) -> None:
        if key not in self:
            raise KeyError(key)
        self._touch(key)
        self.own.pop(key, None)

    def __iter__(self) -> Iterator[str]:
        yield from (self.past.key(number) for number in self.alive())
        yield from self.own

    def __len__(self) -> int:
        return self.past.count - len(self.touched) + len(self.own)

    def __contains__(self, key: object) -> bool:
        number = self.past.number(key) if isinstance(key, str) else None
        return key in self.own or (number is not None and number not in self.touched)

    def _touch(self, key: str) -> None:
        number = self.past.number(key)
        if number is not None and number not in self.touched:
            self.touched[number] = None
            self._alive.clear()

    def alive(self, place: str | None = None) -> Sequence[int]:
        """Numbers of the past, at one place or all, that nothing has happened to since; in their order."""
        if place not in self._alive:
            every = len(self.past.places)
            first = 0 if place is None else self.past.places.index(place) if place in self.past.places else self.past.count
            numbers: Sequence[int] = range(first, self.past.count, 1 if place is None else every)
            self._alive[place] = [number for number in numbers if number not in self.touched] if self.touched else numbers
        return self._alive[place]


@dataclass(frozen=True, slots=True)
class Listing(Sequence[Place]):
    """What lists show from an instant on: the past without making it, then what is stored."""

    past: Past
    numbers: Sequence[int]
    stored: list[Place]

    @classmethod
    def of(cls, past: Past, numbers: Sequence[int], stored: list[Place], start: str, past_start: str) -> Sequence[Place]:
        """From an instant on (the past from one of its own); one list where something stored is older than the newest of the past."""
        alive = numbers[bisect_left(numbers, past_start, key=past.at) :]
        later = stored[bisect_left(stored, (start, "")) :]
        if alive and later and later[0][0] < past.at(alive[-1]):
            return sorted([(past.at(number), past.key(number)) for number in alive] + later)
        return cls(past, alive, later)

    def __len__(self) -> int:
        return len(self.numbers) + len(self.stored)

    @overload
    def __getitem__(self, index: int) -> Place: ...
    @overload
    def __getitem__(self, index: slice) -> list[Place]: ...
    def __getitem__(self, index: int | slice) -> Place | list[Place]:
        """One place, or some."""
        if isinstance(index, slice):
            return [self[each] for each in range(*index.indices(len(self)))]
        each = index if index >= 0 else len(self) + index
        if each < len(self.numbers):
            number = self.numbers[each]
            return self.past.at(number), self.past.key(number)
        return self.stored[each - len(self.numbers)]
