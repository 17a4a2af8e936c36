"""Brings a sales order to what is wanted of it, call by call, from whatever stands there."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from mappings.problem import Problem
from taps._kit.edge import Edge, Throttled
from taps._kit.errors import Retryable
from taps.inventree import client
from taps.inventree.facts import COMPLETE, FACTS, PENDING, SHIPPED
from taps.inventree.mark import CALLED_OFF, LONGEST_DESCRIPTION, Label, Promise
from targets._kit.remote import refused, soon
from targets._kit.stepwise import Doubtful, Halted, Rejected
from targets._kit.writer import Answer, InDoubt, NotSent, Partly, Payload, Receipt, Refused
from targets.inventree.config import InvenTreeTargetConfig
from targets.inventree.moves import Names
from targets.inventree.orders import KEPT, LINES, ORDERS, PIECES, Calls, Standing, by_key, look, place_of, token
from targets.inventree.shelves import Shelves

ZERO = Decimal(0)
_AGAIN = 900
"""Seconds until an order that lacks something is looked at anew."""
_TRIES = 3
_TAKEN = re.compile(r"reference", re.IGNORECASE)
_SHIPMENTS = "/api/order/so/shipment/"
_PLACE, _CUSTOMERS_NUMBER = 100, 64


class Keeper:
    """For one open connection."""

    def __init__(self, edge: Edge, shelves: Shelves, names: Names, config: InvenTreeTargetConfig) -> None:
        self._edge = edge
        self._shelves = shelves
        self._names = names
        self._config = config
        self._size = config.page_size
        self._walk_ins: dict[str, int] = {}

    def carry(self, payload: Payload) -> tuple[Answer, Halted | None]:
        """The answer to a payload, and what stopped it if nothing after it will get through either."""
        calls = Calls(self._edge)
        try:
            return self._answer(calls, payload), None
        except Doubtful as doubt:
            return InDoubt(f"{FACTS.title}: {doubt}"), None
        except Halted as halted:
            said = f"{FACTS.title}: {halted.reason}"
            return (InDoubt(said) if calls.begun else NotSent(halted.not_before, said)), halted
        except Retryable as unanswered:  # a look between two calls
            if calls.begun:
                return InDoubt(unanswered.say), None
            later = unanswered.not_before if isinstance(unanswered, Throttled) else soon(self._edge.around)
            return NotSent(later, unanswered.say), Halted(later, unanswered.say)

    def _answer(self, calls: Calls, payload: Payload) -> Answer:
        body = payload.body
        row = client.one(self._edge, f"{ORDERS}{body['pk']}/") if body["pk"] else by_key(self._edge, body["key"], self._size)
        there = look(self._edge, row, body["key"], self._size) if row else None
        if body["end"]:
            return self._end(calls, payload, there)
        if body["pk"] and there is None:
            return _changed(payload, "was deleted", "Make the reservation anew with `counterfoil retry` once the hub has forgotten it")
        if there is not None and not there.open:
            return _changed(
                payload,
                "was completed" if there.status in (SHIPPED, COMPLETE) else "was closed",
                "Hand the goods over in the shop, or call the sale off",
            )
        try:
            return self._keep(calls, payload, there)
        except Rejected as no:
            if there is None:
                self._withdraw(calls, body["key"])
            return refused(FACTS.title, payload.intent.number, no.said)

    # ── what is kept ──

    def _keep(self, calls: Calls, payload: Payload, there: Standing | None) -> Answer:
        body = payload.body
        wanted = {(part, location): Decimal(units) for part, location, units in body["wanted"]}
        if there is None:
            there = self._order(calls, payload)
        elif there.row["description"] != self._mark(payload):
            there = self._marked(calls, payload, there)
        there = self._lines(calls, body["key"], there, wanted)
        if there.status == PENDING:
            calls.make(f"{ORDERS}{there.pk}/issue/", None)
        self._free_too_much(calls, there, wanted)
        there = look(self._edge, there.row, body["key"], self._size)
        for _ in range(_TRIES):
            if not self._allocate(calls, there, wanted):
                break
            there = look(self._edge, there.row, body["key"], self._size)
        row = client.one(self._edge, f"{ORDERS}{there.pk}/")
        there = replace(there, row=row or there.row)
        receipt = there.receipt(body["key"], payload.intent.number, Decimal(body["was"]))
        lacking = "; ".join(self._lacking(there, wanted))
        return Partly(receipt, soon(self._edge.around, _AGAIN), f"{FACTS.title}: {lacking}") if lacking else receipt

    def _order(self, calls: Calls, payload: Payload) -> Standing:
        """A new order. Its reference is the next one of the server's own row of numbers, which somebody else may take meanwhile."""
        body = payload.body
        fields: dict[str, Any] = {
            "customer": body["customer"] if isinstance(body["customer"], int) else self._walk_in(calls, body["customer"]),
            "customer_reference": payload.intent.number[:_CUSTOMERS_NUMBER],
            "creation_date": body["date"],
            "description": self._mark(payload),
        }
        newest = next(client.rows(self._edge, ORDERS, {"ordering": "-reference"}, 1), None)
        number = 1 + int((re.findall(r"\d+", newest["reference"]) or ["0"])[-1] if newest else 0)
        for more in range(_TRIES):
            try:
                reference = self._config.order_reference.format(ref=number + more)
                row = calls.make(ORDERS, fields | {"reference": reference})
            except Rejected as no:
                if more == _TRIES - 1 or not ("exists" in no.said and _TAKEN.search(no.said)):
                    raise
            else:
                return Standing(row, (), ())
        raise Rejected("no reference is free")

    def _marked(self, calls: Calls, payload: Payload, there: Standing) -> Standing:
        buyer = payload.body["customer"]
        fields = {"description": self._mark(payload)} | ({"customer": buyer} if isinstance(buyer, int) else {})
        return replace(there, row=calls.change(f"{ORDERS}{there.pk}/", fields))

    def _mark(self, payload: Payload) -> str:
        body = payload.body
        keeps = sum((Decimal(units) for _part, _location, units in body["wanted"]), ZERO)
        label = Label(body["key"], token(payload.digest))
        return Promise(payload.intent.number, body["end"], keeps, Decimal(body["was"]), label).text()

    def _walk_in(self, calls: Calls, name: str) -> int | None:
        """The company that stands for a buyer whom nobody names."""
        if not name:
            return None
        if name not in self._walk_ins:
            params = {"name": name, "is_customer": "true"}
            found = next((row for row in client.rows(self._edge, "/api/company/", params, self._size) if row["name"] == name), None)
            made = found or calls.make("/api/company/", {"name": name, "is_customer": True})
            self._walk_ins[name] = made["pk"]
        return self._walk_ins[name]

    def _lines(self, calls: Calls, key: str, there: Standing, wanted: Mapping[tuple[int, int], Decimal]) -> Standing:
        """A line for each part and place; what is there too much goes, with what it keeps."""
        standing = there.places()
        for line in there.lines:
            if standing.get((line["part"], place_of(line))) is not line or (line["part"], place_of(line)) not in wanted:
                calls.remove(f"{LINES}{line['pk']}/")
        for (part, location), units in wanted.items():
            there_already = standing.get((part, location))
            if there_already is None:
                notes = Label(key, f"{location:016x}").onto("", LONGEST_DESCRIPTION)
                fields = {
                    "order": there.pk,
                    "part": part,
                    "quantity": units,
                    "reference": self._names.at(location)[:_PLACE],
                    "notes": notes,
                }
                calls.make(LINES, fields)
            elif Decimal(str(there_already["quantity"])) != units:
                calls.change(f"{LINES}{there_already['pk']}/", {"quantity": units})
        return look(self._edge, there.row, key, self._size)

    def _free_too_much(self, calls: Calls, there: Standing, wanted: Mapping[tuple[int, int], Decimal]) -> None:
        """Allocations beyond what is wanted of a line: whole ones go, and what is missing then is kept anew."""
        surplus: list[int] = []
        for place, line in there.places().items():
            rest = wanted[place]
            for each in there.of(line["pk"]):
                if Decimal(str(each["quantity"])) <= rest:
                    rest -= Decimal(str(each["quantity"]))
                else:
                    surplus.append(each["pk"])
        if surplus:
            calls.remove(KEPT, {"items": surplus})

    def _allocate(self, calls: Calls, there: Standing, wanted: Mapping[tuple[int, int], Decimal]) -> bool:
        """Keep of what is missing as much as is free: one call for the whole order. Whether there was anything to do."""
        items = []
        for (part, location), line in there.places().items():
            missing = wanted[part, location] - sum((Decimal(str(each["quantity"])) for each in there.of(line["pk"])), ZERO)
            if missing > 0:
                self._shelves.forget(part)  # what is kept for others does not touch the item's own instant
                found = self._shelves.free(part, location, missing)
                items += [{"line_item": line["pk"], "stock_item": item.pk, "quantity": f"{units.normalize():f}"} for item, units in found]
        if not items:
            return False
        try:
            calls.make(f"{ORDERS}{there.pk}/allocate/", {"items": items})
        except Rejected as no:
            if "exceeded" not in no.said and "does not exist" not in no.said:  # somebody took it since we looked
                raise
        return True

    def _lacking(self, there: Standing, wanted: Mapping[tuple[int, int], Decimal]) -> Sequence[str]:
        kept = {place: sum((Decimal(str(e["quantity"])) for e in there.of(line["pk"])), ZERO) for place, line in there.places().items()}
        return [
            f"it keeps {_plain(kept.get(place, ZERO))} of {_plain(units)} {self._names.of(*place)}, where no more is free"
            for place, units in wanted.items()
            if kept.get(place, ZERO) < units
        ]

    def _withdraw(self, calls: Calls, key: str) -> None:
        """Cancel what was begun and then refused. Raises Doubtful, Halted: the next attempt finds it."""
        row = by_key(self._edge, key, self._size)
        if row is not None:
            calls.make(f"{ORDERS}{row['pk']}/cancel/", None)

    # ── its end ──

    def _end(self, calls: Calls, payload: Payload, there: Standing | None) -> Answer:
        """Called off: cancelled, which frees what it keeps. Handed over: freed, and completed though no shipment shipped its lines."""
        body = payload.body
        was = Decimal(body["was"])
        if there is None:
            return Receipt(
                payload.intent.remote_id or "none", payload.intent.number, PIECES, -was, {"key": body["key"], "kept": "0", "lines": []}
            )
        if not there.open:
            return there.receipt(body["key"], payload.intent.number, was)
        try:
            there = self._marked(calls, payload, there)
            if body["end"] == CALLED_OFF:
                calls.make(f"{ORDERS}{there.pk}/cancel/", None)
            else:
                self._hand_over(calls, there)
        except Rejected as no:
            return refused(FACTS.title, payload.intent.number, no.said)
        row = client.one(self._edge, f"{ORDERS}{there.pk}/")
        there = look(self._edge, row or there.row, body["key"], self._size)
        if there.open:
            return refused(FACTS.title, payload.intent.number, f"its order {there.row['reference']} stays open", "Close it in InvenTree.")
        return there.receipt(body["key"], payload.intent.number, was)

    def _hand_over(self, calls: Calls, there: Standing) -> None:
        if there.status == PENDING:
            calls.make(f"{ORDERS}{there.pk}/issue/", None)
        loose = [each["pk"] for each in there.allocations if each.get("shipment") is None]
        if loose:
            calls.remove(KEPT, {"items": loose})
        used = {each["shipment"] for each in there.allocations}
        for shipment in client.rows(self._edge, _SHIPMENTS, {"order": there.pk}, self._size):
            if shipment.get("shipment_date") is None and shipment["pk"] not in used:  # the server made it with the order, if it is set so
                calls.remove(f"{_SHIPMENTS}{shipment['pk']}/")
        calls.make(f"{ORDERS}{there.pk}/complete/", {"accept_incomplete": True})


def _changed(payload: Payload, what: str, fix: str) -> Refused:
    say = f"The sales order of {payload.intent.number} {what} in InvenTree since we wrote it."
    return Refused(Problem("SEND-CHANGED", say, f"{fix}.", ""))


def _plain(number: Decimal) -> str:
    return f"{number.normalize():f}"
