"""What a document does to stock, and the calls that do it.

A plan says what shall stand of a thing: units by part and place, + out of stock. What already stands of it is read from InvenTree's own
history, by our mark in the notes. The difference is done in as few calls as there are directions: one removes, one adds, one counts, one
transfers. Each call is all or nothing; a thing that needs two is finished from its history if something comes between them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple, TypeAlias

from taps._kit.edge import Edge
from taps.inventree import client
from taps.inventree.facts import FACTS
from taps.inventree.mark import ITEMS, Mark, Spot
from targets._kit.remote import refused
from targets._kit.writer import Payload, Receipt, Refused, Verb
from targets.inventree.shelves import Item, Shelves

Places: TypeAlias = Mapping[tuple[int, int], Decimal]
"""Units by part and location, + out of stock; no zeros."""
ZERO = Decimal(0)


class Leg(NamedTuple):
    """One call: add, remove, count or transfer."""

    action: str
    items: tuple[tuple[Item, Decimal], ...]
    to: int | None = None

    def spots(self) -> dict[int, Spot]:
        """As the mark tells them."""
        counted = self.action == "count"
        return {
            item.pk: Spot(item.location, item.quantity if counted else quantity if self.action == "transfer" else None)
            for item, quantity in self.items
        }

    @property
    def opposite(self) -> Leg:
        """What undoes it."""
        return self._replace(action="add" if self.action == "remove" else "remove")


@dataclass(frozen=True, slots=True)
class Standing:
    """What the history tells of one thing of ours."""

    entries: tuple[tuple[Mapping[str, Any], Mark], ...] = ()

    @property
    def places(self) -> dict[tuple[int, int], Decimal]:
        """Units by part and location."""
        sums: dict[tuple[int, int], Decimal] = defaultdict(Decimal)
        for entry, mark in self.entries:
            for location, units in mark.moved(entry):
                sums[entry["part"], location] += units
        return {place: units for place, units in sums.items() if units}

    @property
    def units(self) -> Decimal:
        """Units in all."""
        return sum(self.places.values(), ZERO)

    def of(self, attempt: str) -> list[Mark]:
        """The marks of one attempt, one for each call that went through."""
        return list({(mark.leg, mark.legs, tuple(mark.at)): mark for _entry, mark in self.entries if mark.attempt == attempt}.values())

    def receipt(self, thing: str, number: str, was: Decimal) -> Receipt:
        """What stands now, and how it differs from what was booked."""
        first = min((entry["pk"] for entry, _mark in self.entries), default=thing)
        places = [[part, location, str(units)] for (part, location), units in sorted(self.places.items())]
        return Receipt(str(first), number, "C62", self.units - was, {"key": thing, "places": places})


def standings(edge: Edge, params: Mapping[str, Any], size: int) -> dict[str, Standing]:
    """By thing, what the history tells; oldest entries first."""
    found: dict[str, list[tuple[Mapping[str, Any], Mark]]] = {}
    for entry in client.rows(edge, "/api/stock/track/", {"ordering": "date", **params}, size):
        mark = Mark.of(entry.get("notes"))
        if mark is not None:
            found.setdefault(mark.thing, []).append((entry, mark))
    return {thing: Standing(tuple(sorted(entries, key=lambda each: each[0]["pk"]))) for thing, entries in found.items()}


def standing(edge: Edge, thing: str, size: int) -> Standing:
    """What the history tells of one thing."""
    return standings(edge, {"search": thing}, size).get(thing, Standing())


def booked(body: Mapping[str, Any] | None) -> dict[tuple[int, int], Decimal]:
    """The places of the newest receipt."""
    return {(part, location): Decimal(units) for part, location, units in (body or {}).get("places", ())}


def difference(wanted: Places, there: Places) -> dict[tuple[int, int], Decimal]:
    """What is still to be done."""
    made = {place: wanted.get(place, ZERO) - there.get(place, ZERO) for place in dict.fromkeys((*wanted, *there))}
    return {place: units for place, units in made.items() if units}


class Bare(NamedTuple):
    """A place where a part has no stock item yet that units could be put into."""

    part: int
    location: int


def legs(payload: Payload, todo: Places, shelves: Shelves, names: Names) -> list[Leg] | Refused | Bare:
    """The calls for a difference; a refusal where there is not as much on the shelf; a place that needs a stock item first."""
    special = payload.body["how"] if payload.intent.verb is Verb.CREATE else ""
    out = {place: units for place, units in todo.items() if units > 0}
    into = {place: -units for place, units in todo.items() if units < 0}
    taken: list[tuple[Item, Decimal]] = []
    for (part, location), units in out.items():
        found = shelves.take(part, location, units)
        if found is None:
            there = sum((item.quantity for item in shelves.at(part, location)), ZERO)
            return _short(payload, names.of(part, location), units, there)
        taken += found
    if special == "transfer" and len(out) == len(into) == 1 and list(out.values()) == list(into.values()):
        return list(_legs("transfer", taken, next(iter(into))[1]))
    given: list[tuple[Item, Decimal]] = []
    for (part, location), units in into.items():
        home = shelves.home(part, location)
        if home is None:
            return Bare(part, location)
        given.append((home, units))
    if special == "count" and len(todo) == len([*taken, *given]) == 1:
        item, units = (*taken, *given)[0]
        return [Leg("count", ((item, item.quantity - sum(todo.values(), ZERO)),))]
    return [*_legs("remove", taken), *_legs("add", given)]


def _legs(action: str, items: list[tuple[Item, Decimal]], to: int | None = None) -> Iterator[Leg]:
    for start in range(0, len(items), ITEMS):
        yield Leg(action, tuple(items[start : start + ITEMS]), to)


class Names:
    """How people know parts and locations, for sentences."""

    def __init__(self, parts: Mapping[int, str], locations: Mapping[int, str]) -> None:
        self._parts = parts
        self._locations = locations

    def of(self, part: int, location: int) -> str:
        """`MUG at Store`."""
        return f"{self._parts.get(part, f'part {part}')} at {self._locations.get(location, f'location {location}')}"

    def at(self, location: int) -> str:
        """`Store`."""
        return self._locations.get(location, f"location {location}")


def _short(payload: Payload, what: str, units: Decimal, there: Decimal) -> Refused:
    number = payload.intent.number
    said = f"it takes {plain(units)} of {what}, where {plain(there)} are"
    return refused(
        FACTS.title,
        number,
        said,
        "Count the stock there, or book the receipt that is missing; then send it again with `counterfoil retry`.",
    )


def plain(number: Decimal) -> str:
    """Without needless zeros and exponents."""
    return f"{number.normalize():f}"


def notes(payload: Payload, leg: Leg, place: int, of: int) -> str:
    """The mark of one call."""
    body = payload.body
    mark = Mark(payload.intent.number, body["key"], body["attempt"], body["thing"], Decimal(body["was"]), place, of, leg.spots(), leg.to)
    return mark.notes(payload.intent.date.isoformat())


def written(leg: Leg, mark: str) -> dict[str, Any]:
    """The body of one call."""
    items = [{"pk": item.pk, "quantity": plain(quantity)} for item, quantity in leg.items]
    return {"items": items, "notes": mark, **({"location": leg.to} if leg.to is not None else {})}


def units_by_place(moves: Iterable[tuple[tuple[int, int], Decimal]]) -> dict[tuple[int, int], Decimal]:
    """Summed, without zeros."""
    sums: dict[tuple[int, int], Decimal] = defaultdict(Decimal)
    for place, units in moves:
        sums[place] += units
    return {place: units for place, units in sums.items() if units}
