"""The HubSpot target: five properties of a deal, written a hundred deals a call and read back from the answer.

Our own write moves the instant of the deal's last change, so the tap reads the deal again; no mapping reads the five properties, so nothing
comes of it. That is the guard against going round in circles, and a test holds it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from taps._kit.edge import Edge, Reply
from taps._kit.errors import Misconfigured
from taps._kit.surroundings import Surroundings
from taps.hubspot.client import Portal, category, connect
from taps.hubspot.facts import FACTS
from taps.hubspot.kinds import DEALS
from taps.hubspot.sweep import changed
from targets._kit.remote import Call, RemoteWriter, refused
from targets._kit.writer import Answer, Intent, Metadata, Payload, Receipt, Sent, Unpreparable, Verb, unoffered, unpreparable
from targets.hubspot import fields
from targets.hubspot.config import HubSpotTargetConfig

KINDS = ("deal_invoice",)
_BEGINNING = datetime(2006, 1, 1, tzinfo=UTC)
_BAD_REQUEST, _NOT_FOUND = 400, 404
_DEALS = f"/crm/v3/objects/{DEALS.name}"
_PROPERTIES = f"/crm/v3/properties/{DEALS.name}"


class HubSpotWriter(RemoteWriter):
    """One account of HubSpot."""

    facts = FACTS

    def __init__(self, config: HubSpotTargetConfig, home: Path) -> None:  # noqa: ARG002 (nothing of it lies in the home)
        super().__init__()
        self._config = config
        self._names = fields.names(config.property_prefix)
        self._number = re.compile(re.escape(config.number_prefix) + r"([1-9][0-9]{0,14})")

    def connect(self, around: Surroundings) -> Edge:
        """Over https, logged in."""
        return connect(self._config, around)

    @property
    def _portal(self) -> Portal:
        return Portal(self.edge, self._config)

    def hello(self) -> None:
        """Whether our five properties are there. Raises Misconfigured where they are not and may not be made."""
        there = {str(each["name"]) for each in self._portal.answer("GET", _PROPERTIES).get("results") or []}
        lacking = [name for name in self._names if name not in there]
        if not lacking:
            return
        if not self._config.create_properties:
            raise Misconfigured(
                f"Deals of HubSpot have no property {', '.join(lacking)}. Make them there, or say create_properties: true and give the "
                "app the scope crm.schemas.deals.write."
            )
        for name in lacking:
            outcome = self.edge.write("POST", _PROPERTIES, fields.definition(name, self._config.property_prefix))
            if not isinstance(outcome, Reply) or not outcome.good:
                said = category(outcome) if isinstance(outcome, Reply) else outcome.reason
                raise Misconfigured(f"HubSpot does not let us make the property {name}: {said}.")

    def metadata(self) -> Metadata:
        """The names of our properties."""
        return Metadata({"properties": self._names})

    # ── prepare ──

    def prepare(self, intent: Intent) -> Payload | Unpreparable:
        """Looks whether the deal still stands where something was written to it before."""
        of = f"the invoice of {intent.number}"
        stopped = unoffered(FACTS, intent, of)
        if stopped is not None:
            return stopped
        found = self._number.fullmatch(intent.number)
        if found is None:
            say = f"{intent.number} is no deal of HubSpot: its number does not read {self._config.number_prefix} and an id."
            return unpreparable("MAP-RULE", say, "Leave it out in the mapping of the invoices, or correct number_prefix.", "order_number")
        deal = found[1]
        if not intent.document.get("order_number") and intent.verb is not Verb.VOID:
            return unpreparable("MAP-REQUIRED", f"{of} does not say which sale it bills.", "Correct the mapping.", "order_number")
        if intent.verb is not Verb.CREATE:
            gone = self._gone(deal)
            if gone:
                return unpreparable("SEND-CHANGED", f"Nothing is told about {of}: {gone}.", "Nothing is to be done if that was meant.")
        written = fields.values(intent, self._config.property_prefix)
        printed = fields.print_of(deal, written, self._config.property_prefix)
        return Payload(intent, {"id": deal, "properties": written}, printed, Decimal(0), {})

    def _gone(self, deal: str) -> str:
        """Why the deal cannot be written to; '' where it can. A merged one is answered with the record that took its place."""
        reply = self.edge.read(f"{_DEALS}/{deal}", {"properties": self._names[0]})
        if reply.status == _NOT_FOUND:
            return "the deal is no longer in HubSpot"
        now = str(reply.body.get("id")) if reply.good and isinstance(reply.body, dict) else deal
        return f"the deal was merged into {now}" if now != deal else ""

    # ── send ──

    def calls(self, batch: Sequence[Payload]) -> Iterator[Call]:
        """As many deals a call as HubSpot takes; a deal stands once in each."""
        left = list(batch)
        while left:
            some: dict[str, Payload] = {}
            later: list[Payload] = []
            for payload in left:
                room = len(some) < self._config.batch and payload.body["id"] not in some
                if room:
                    some[payload.body["id"]] = payload
                else:
                    later.append(payload)
            yield Call("POST", f"{_DEALS}/batch/update", tuple(some.values()), {"inputs": [each.body for each in some.values()]})
            left = later

    def judge(self, call: Call, reply: Reply) -> list[Answer]:
        """By deal what HubSpot answers; a batch that it refuses as a whole, for one of them, is sent deal by deal."""
        if reply.status == _BAD_REQUEST and len(call.payloads) > 1:
            return [answer for payload in call.payloads for answer in self.send([payload])]
        body = reply.body if isinstance(reply.body, dict) else {}
        made = {str(row["id"]): row for row in body.get("results") or []} if reply.good else {}
        return [self._answer(payload, made.get(payload.body["id"]), reply) for payload in call.payloads]

    def _answer(self, payload: Payload, row: Mapping[str, Any] | None, reply: Reply) -> Answer:
        if row is not None:
            return self._receipt(row)
        said = "there is no such deal" if reply.good else category(reply)
        return refused(FACTS.title, f"the invoice of {payload.intent.number}", said)

    def _receipt(self, deal: Mapping[str, Any]) -> Receipt:
        """Our five values as they stand on the deal."""
        standing = {name: deal["properties"].get(name) for name in self._names}
        printed = fields.print_of(str(deal["id"]), standing, self._config.property_prefix)
        number = f"{self._config.number_prefix}{deal['id']}"
        return Receipt(str(deal["id"]), number, "", Decimal(0), {"print": printed, "standing": standing})

    # ── look-up ──

    def look_up(self, sent: Sequence[Sent]) -> list[Receipt | None]:
        """The deals by their ids, which is not late: what stands there is what the attempt wrote, or it is not."""
        deals = list(dict.fromkeys(fields.deal_of(each.digest) for each in sent))
        found = {str(row["id"]): self._receipt(row) for row in self._portal.read(DEALS.name, deals, self._names)}
        receipts = [(each, found.get(fields.deal_of(each.digest))) for each in sent]
        return [receipt if receipt and receipt.body["print"] == each.digest else None for each, receipt in receipts]

    def read_back(self, since: datetime | None = None) -> Sequence[Receipt]:
        """Deals on which our number stands, changed since then, if said."""
        portal, filled = self._portal, {"propertyName": self._names[0], "operator": "HAS_PROPERTY"}
        ids: dict[str, None] = {}
        for step in changed(portal, DEALS.name, DEALS.modified, since or _BEGINNING, [filled]):
            ids |= dict.fromkeys(step.ids)
        return [self._receipt(row) for row in portal.read(DEALS.name, list(ids), self._names)]
