"""Carries a plan of stock out: looks, writes, looks again."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from taps._kit.edge import Blocked, Edge, Lost, Outcome, Reply
from taps._kit.points import at
from taps.inventree import client
from taps.inventree.facts import FACTS
from targets._kit.remote import refused, soon
from targets._kit.writer import Answer, InDoubt, NotSent, Payload, Refused
from targets.inventree.moves import Bare, Leg, Names, Standing, difference, legs, notes, standing, units_by_place, written
from targets.inventree.shelves import Item, Shelves

_ROUNDS = 3
_GONE = "object does not exist"


class Carried(NamedTuple):
    """The answer to a payload, and whether the system let the call in: if not, what comes after it is not sent either."""

    answer: Answer
    blocked: Blocked | None = None


class Carrier:
    """For one open connection."""

    def __init__(self, edge: Edge, shelves: Shelves, names: Names, size: int) -> None:
        self._edge = edge
        self._shelves = shelves
        self._names = names
        self._size = size

    def carry(self, payload: Payload) -> Carried:
        """Make what stands of a thing what is wanted of it."""
        body = payload.body
        wanted = units_by_place(((part, location), Decimal(units)) for part, location, units in body["wanted"])
        known = units_by_place(((part, location), Decimal(units)) for part, location, units in body["booked"])
        todo = difference(wanted, known)
        if len({units > 0 for units in todo.values()}) > 1:  # more than one call: one of them may have been made by an attempt before
            known = standing(self._edge, body["thing"], self._size).places
        for _ in range(_ROUNDS):
            carried, made = self._once(payload, difference(wanted, known))
            if carried is not None:
                return carried
            now = standing(self._edge, body["thing"], self._size)
            if not _shown(made, now, body["attempt"]):
                return Carried(InDoubt(f"{FACTS.title} does not show yet what it took"))
            known = now.places
            if known == wanted or not made:
                break
        return Carried(now.receipt(body["thing"], payload.intent.number, Decimal(body["was"])))

    def _once(self, payload: Payload, todo: dict[tuple[int, int], Decimal]) -> tuple[Carried | None, list[Leg]]:
        """The calls for a difference; what stopped them, if something did."""
        planned = legs(payload, todo, self._shelves, self._names)
        while isinstance(planned, Bare):
            stopped = self._new_item(payload, *planned)
            if stopped is not None:
                return stopped, []
            planned = legs(payload, todo, self._shelves, self._names)
        if isinstance(planned, Refused):
            return Carried(planned), []
        for place, leg in enumerate(planned, 1):
            stopped = self._keep(payload, leg) or self._leg(payload, self._fresh(leg), place, len(planned), planned[: place - 1])
            if stopped is not None:
                return stopped, []
        return None, planned

    def _leg(self, payload: Payload, leg: Leg, place: int, of: int, before: Sequence[Leg]) -> Carried | None:
        outcome = self._write(f"/api/stock/{leg.action}/", written(leg, notes(payload, leg, place, of)))
        if isinstance(outcome, Reply) and outcome.good:
            self._moved(leg)
            return None
        for item, _quantity in leg.items:
            self._shelves.forget(item.part)
        if before and not isinstance(outcome, Lost):
            undone = self._undo(payload, before) if isinstance(outcome, Reply) else False
            if not undone:
                return Carried(
                    InDoubt("one of its calls went through and another did not"), outcome if isinstance(outcome, Blocked) else None
                )
        return self._stopped(payload, outcome)

    def _stopped(self, payload: Payload, outcome: Outcome) -> Carried:
        if isinstance(outcome, Blocked):
            return Carried(NotSent(outcome.not_before, f"{FACTS.title}: {outcome.reason}"), outcome)
        if isinstance(outcome, Lost):
            return Carried(InDoubt(f"{FACTS.title}: {outcome.reason}"))
        said = client.reason(outcome)
        if _GONE in said:  # somebody deleted the stock item since we looked
            return Carried(NotSent(soon(self._edge.around), f"{FACTS.title}: {said}"))
        return Carried(refused(FACTS.title, payload.intent.number, said))

    def _undo(self, payload: Payload, done: Sequence[Leg]) -> bool:
        """Take back the calls before one that was refused. Leg 0 of 1: no look-up takes it for the attempt's end."""
        for leg in done:
            back = leg.opposite
            outcome = self._write(f"/api/stock/{back.action}/", written(back, notes(payload, back, 0, 1)))
            if not (isinstance(outcome, Reply) and outcome.good):
                return False
            self._moved(back)
        return True

    def _keep(self, payload: Payload, leg: Leg) -> Carried | None:
        """Tell items to stay when they are used up: InvenTree deletes the others, and with them the entry that proves what we did [C]."""
        for item in [item for item, _quantity in leg.items if not item.stays]:
            outcome = self._write(f"/api/stock/{item.pk}/", {"delete_on_deplete": False}, "PATCH")
            if not (isinstance(outcome, Reply) and outcome.good):
                return self._stopped(payload, outcome)
            item.stays = True
        return None

    def _new_item(self, payload: Payload, part: int, location: int) -> Carried | None:
        """An empty stock item for a part in a place where it has none: harmless, and found again by its place."""
        body = {"part": part, "location": location, "quantity": 0, "delete_on_deplete": False}
        outcome = self._write("/api/stock/", body)
        if not (isinstance(outcome, Reply) and outcome.good):
            self._shelves.forget(part)
            return self._stopped(payload, outcome)
        for row in outcome.body:
            self._shelves.add(row)
        return None

    def _fresh(self, leg: Leg) -> Leg:
        """A count says what shall lie there, so it starts from what lies there at this moment."""
        if leg.action != "count":
            return leg
        ((item, quantity),) = leg.items
        row = client.one(self._edge, f"/api/stock/{item.pk}/")
        found = Item.of(row) if row else None
        if found is None:
            return leg
        return leg._replace(items=((found, found.quantity + quantity - item.quantity),))

    def _moved(self, leg: Leg) -> None:
        for item, quantity in leg.items:
            if leg.action in ("count", "transfer"):
                self._shelves.forget(item.part)
            else:
                item.quantity += quantity if leg.action == "add" else -quantity

    def _write(self, path: str, body: Any, method: str = "POST") -> Outcome:
        outcome = self._edge.write(method, path, body)
        at("H1")
        return outcome


def _shown(made: Sequence[Leg], now: Standing, attempt: str) -> bool:
    """Whether the history tells of every call that was answered."""
    touched = {pk for mark in now.of(attempt) for pk in mark.at}
    return all(item.pk in touched for leg in made for item, _quantity in leg.items)
