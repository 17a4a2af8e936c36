"""The writer of InvenTree: records one by one, stock documents as differences, sales orders step by step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path

from mappings.problem import Problem
from taps._kit.edge import Blocked, Edge, Lost, Reply
from taps._kit.points import at
from taps._kit.surroundings import Surroundings
from taps.inventree import client
from taps.inventree.facts import FACTS
from taps.inventree.mark import CALLED_OFF, HANDED_OVER, SEARCHED, attempt_of, key_of
from targets._kit.remote import Call, RemoteWriter, digest, refused
from targets._kit.writer import Answer, InDoubt, Intent, Metadata, NotSent, Partly, Payload, Receipt, Refused, Sent, Unpreparable, Verb
from targets.inventree import moves, orders, records
from targets.inventree.carrier import Carrier
from targets.inventree.config import InvenTreeTargetConfig
from targets.inventree.keeping import Keeper
from targets.inventree.places import Missing, Places
from targets.inventree.shelves import Shelves

KINDS = tuple(FACTS.verbs)
ORDER = "sales_order"
_MOST_DECIMALS, _MOST_DIGITS = 5, 10


class InvenTreeWriter(RemoteWriter):
    """One InvenTree connection."""

    facts = FACTS

    def __init__(self, config: InvenTreeTargetConfig, home: Path) -> None:  # noqa: ARG002 (nothing of it lies in the home)
        super().__init__()
        self._config = config
        self._places = Places(config)

    def connect(self, around: Surroundings) -> Edge:
        """The edge of this connection."""
        return client.connect(self._config, around)

    def hello(self) -> None:
        """Who is there, who we are, and which locations there are."""
        client.hello(self.edge)
        self._places.open(self.edge)
        self._shelves = Shelves(self.edge, self._config.page_size)
        self._keeper = Keeper(self.edge, self._shelves, self._places.names(), self._config)
        self._carrier = Carrier(self.edge, self._shelves, self._places.names(), self._config.page_size)

    # ── before sending ──

    def prepare(self, intent: Intent) -> Payload | Unpreparable:
        """Reads at most the parts that it names, once each."""
        kind = intent.subject.kind
        if intent.verb not in FACTS.verbs.get(kind, ()):
            return Unpreparable(
                Problem(
                    "POST-RULE",
                    f"{FACTS.title} cannot {intent.verb} the {kind.replace('_', ' ')} of {intent.number}.",
                    "Choose another representation in the route's posting.",
                )
            )
        if kind in records.KINDS:
            return records.prepare(intent, self._config.part_category)
        try:
            return self._order(intent) if kind == ORDER else self._stock(intent)
        except Missing as missing:
            return Unpreparable(missing.problem)

    def _order(self, intent: Intent) -> Payload:
        summed, was = self._summed(intent), Decimal((intent.booked or {}).get("kept", 0))
        buyer = intent.related.get("customer")
        body = {
            "customer": int(buyer.remote_id) if buyer and buyer.kind == "contact" else intent.walk_in,
            "wanted": [[part, location, moves.plain(units)] for (part, location), units in summed.items() if units],
            "end": _end(intent, summed),
            "was": moves.plain(was),
            "pk": intent.remote_id,
            "key": (intent.booked or {}).get("key") or key_of(intent.look_up_key),
            "attempt": intent.idempotency_key,
            "number": intent.number,
            "date": intent.date.isoformat(),
        }
        return Payload(intent, body, digest(body), sum(summed.values(), Decimal(0)) - was, {})

    def _summed(self, intent: Intent) -> dict[tuple[int, int | str], Decimal]:
        """Units by part and place."""
        summed: dict[tuple[int, int | str], Decimal] = {}
        for move in intent.moves if intent.verb not in (Verb.REVERSE, Verb.VOID) else ():
            place = self._places.part(self.edge, intent, move.item), self._places.location(intent, move.location)
            summed[place] = summed.get(place, Decimal(0)) + _countable(intent, move.units)
        return summed

    def _stock(self, intent: Intent) -> Payload:
        there = moves.booked(intent.booked)
        summed = self._summed(intent)
        wanted = [[part, location, moves.plain(units)] for (part, location), units in summed.items() if units]
        was = sum(there.values(), Decimal(0))
        body = {
            "wanted": wanted,
            "booked": [[part, location, moves.plain(units)] for (part, location), units in there.items()],
            "was": moves.plain(was),
            "thing": (intent.booked or {}).get("key") or key_of(intent.look_up_key),
            "key": key_of(intent.look_up_key),
            "attempt": attempt_of(intent.idempotency_key),
            "how": intent.document.get("movement_type", ""),
            "number": intent.number,
            "date": intent.date.isoformat(),
        }
        return Payload(intent, body, digest(body), sum(summed.values(), Decimal(0)) - was, {})

    def calls(self, batch: Sequence[Payload]) -> Iterator[Call]:
        """As far as they are known without a look at the shelves: a rehearsal counts them."""
        for payload in batch:
            if payload.intent.subject.kind in records.KINDS:
                yield records.nominal(payload)
                continue
            if payload.intent.subject.kind == ORDER:
                pk = payload.body["pk"]
                yield Call("PATCH" if pk else "POST", f"{orders.ORDERS}{pk}/" if pk else orders.ORDERS, (payload,), payload.body)
                continue
            there = {(part, location): Decimal(units) for part, location, units in payload.body["booked"]}
            todo = moves.difference({(p, place): Decimal(units) for p, place, units in payload.body["wanted"]}, there)
            for action in sorted({"remove" if units > 0 else "add" for units in todo.values()}, reverse=True):
                yield Call("POST", f"/api/stock/{action}/", (payload,), payload.body)

    # ── sending ──

    def send(self, batch: Sequence[Payload]) -> list[Answer]:
        """One answer per payload. Stock needs looks between its calls, so that the calls are made here one after the other."""
        answers: list[Answer] = []
        blocked: Blocked | None = None
        if any(payload.intent.subject.kind not in records.KINDS for payload in batch):
            self._shelves.refresh()
        for payload in batch:
            if blocked is not None:
                answers.append(NotSent(blocked.not_before, f"{FACTS.title}: {blocked.reason}"))
                continue
            answer, blocked = self._one(payload)
            answers.append(answer)
            at("B1")
        return answers

    def _one(self, payload: Payload) -> tuple[Answer, Blocked | None]:
        if payload.intent.subject.kind not in records.KINDS:
            outcome = self._places.settle(self.edge, payload)
            if isinstance(outcome, Payload):
                return self._carried(outcome)
        else:
            call = records.call(self.edge, payload)
            if isinstance(call, Refused):
                return call, None
            outcome = self.edge.write(call.method, call.path, call.body)
            at("H1")
            if isinstance(outcome, Reply):
                return self.judge(call, outcome)[0], None
        if isinstance(outcome, Blocked):
            return NotSent(outcome.not_before, f"{FACTS.title}: {outcome.reason}"), outcome
        if isinstance(outcome, Lost):
            return InDoubt(f"{FACTS.title}: {outcome.reason}"), None
        return refused(FACTS.title, payload.intent.number, client.reason(outcome)), None

    def _carried(self, payload: Payload) -> tuple[Answer, Blocked | None]:
        if payload.intent.subject.kind == ORDER:
            answer, halted = self._keeper.carry(payload)
            return answer, Blocked(halted.not_before, halted.reason) if halted else None
        carried = self._carrier.carry(payload)
        return carried.answer, carried.blocked

    def judge(self, call: Call, reply: Reply) -> list[Answer]:
        """The answer to a record."""
        (payload,) = call.payloads
        if not reply.good:
            return [refused(FACTS.title, payload.intent.number, client.reason(reply))]
        return [records.receipt(payload, reply)]

    # ── afterwards ──

    def look_up(self, sent: Sequence[Sent]) -> list[Receipt | Partly | None]:
        """By our marks: the attempt must be the one that was made, and whole, or for an order the beginning of it."""
        return [self._find(each) for each in sent]

    def _find(self, sent: Sent) -> Receipt | Partly | None:
        if sent.subject.kind in records.KINDS:
            return records.find(self.edge, sent)
        if sent.subject.kind == ORDER:
            return orders.find(self.edge, sent, self._config.page_size)
        attempt = attempt_of(sent.idempotency_key)
        for thing in moves.standings(self.edge, {"search": attempt}, self._config.page_size):
            found = moves.standing(self.edge, thing, self._config.page_size)
            last = next((mark for mark in found.of(attempt) if mark.last), None)
            if last is not None:
                return found.receipt(thing, last.number, last.was)
        return None

    def read_back(self, since: datetime | None = None) -> Sequence[Receipt]:
        """What carries our marks: parts, companies, orders, and every thing that the history of stock tells of."""
        day = {"min_date": since.date().isoformat()} if since else {}
        found = moves.standings(self.edge, {"search": SEARCHED, **day}, self._config.page_size)
        stock = [each.receipt(thing, each.entries[0][1].number, Decimal(0)) for thing, each in found.items()]
        kept = orders.all_ours(self.edge, self._config.page_size)
        return [*records.all_ours(self.edge, self._config.page_size), *stock, *kept]

    def metadata(self) -> Metadata:
        """Its locations: a document that was held for one goes on when it is there."""
        return Metadata({"locations": self._places.known()})

    def check(self) -> list[Problem]:
        """Locations of the configuration that are not there."""
        return self._places.check() if self._opened is not None else []


def _end(intent: Intent, summed: Mapping[tuple[int, int | str], Decimal]) -> str:
    """How an order ends that is to keep nothing any more; '' for one that keeps something."""
    if any(summed.values()):
        return ""
    handed = intent.document.get("status") != "cancelled" and intent.document.get("fulfillment_status") in ("fulfilled", "partly_fulfilled")
    return HANDED_OVER if handed and intent.verb is not Verb.VOID else CALLED_OFF


def _countable(intent: Intent, units: Decimal) -> Decimal:
    """Units as InvenTree can hold them [S]. Raises Missing."""
    exponent = units.normalize().as_tuple().exponent
    if (isinstance(exponent, int) and -exponent > _MOST_DECIMALS) or abs(units) >= Decimal(10) ** _MOST_DIGITS:
        say = f"{intent.number} moves {units} units; {FACTS.title} keeps {_MOST_DIGITS} digits and {_MOST_DECIMALS} decimals."
        raise Missing(Problem("POST-RULE", say, "Correct the quantity at the source.", "quantity"))
    return units
