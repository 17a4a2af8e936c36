"""What QuickBooks' answers mean, within one round of calls: receipts, refusals, and what is worth a second try."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mappings.problem import Problem
from taps._kit.edge import Reply
from taps._kit.errors import CounterfoilError
from taps._kit.surroundings import Surroundings
from taps.quickbooks.client import Company, code, faults, mark_of, sentence
from taps.quickbooks.facts import FACTS
from taps.quickbooks.marks import into
from targets._kit.remote import Call, refused, soon
from targets._kit.writer import Answer, InDoubt, NotSent, Payload, Receipt, Refused
from targets.quickbooks.answers import PEOPLE, RECORDS, is_gone, print_of, receipt
from targets.quickbooks.chart import Chart
from targets.quickbooks.held import name
from targets.quickbooks.prepared import BOUGHT, Prepared, apart, key_field, note_field
from targets.quickbooks.records import numbered

_CLOSED, _TAKEN, _SAME_NUMBER, _STALE, _MISSING = ("6200", "6210"), "6240", "6140", "5010", "610"
_TOO_FAST = ("3001",)
_BROKEN = ("10000", "10100", "10200")
"""Something failed on their side: nobody knows how far it came."""


class Round:
    """One send: its answers, and the bodies that changed within it."""

    def __init__(self, company: Company, chart: Chart, around: Surroundings) -> None:
        self._company = company
        self._chart = chart
        self._around = around
        self._bodies: dict[int, Mapping[str, Any]] = {}
        self.again: list[tuple[Payload, bool]] = []
        """What goes a second time, and whether together with others."""
        self._tried: set[tuple[int, str]] = set()

    def body(self, payload: Payload) -> Mapping[str, Any]:
        """What is sent for a payload now."""
        made: Prepared = payload.body
        body = self._bodies.get(id(payload), made.body)
        if made.party.name:
            return {**body, made.party.reference: {"value": self._chart.party(*made.party[:2])}}
        buyer = self._chart.buyer_of(*made.parent) if any(made.parent) else None
        return {**body, "CustomerRef": {"value": buyer}} if buyer else body

    def rename(self, payload: Payload) -> None:
        """Put the number behind the name, before QuickBooks says that the name is taken."""
        self._tried.add((id(payload), "named"))
        self._bodies[id(payload)] = numbered(payload.body.body, payload.intent.number)

    def judge(self, call: Call, reply: Reply) -> list[Answer]:
        """One answer per payload of the call."""
        body = reply.body if isinstance(reply.body, dict) else {}
        errors = faults(body)
        if not call.payloads:
            self._learn(call, body)
            return []
        if len(call.payloads) == 1:
            entity = call.payloads[0].body.entity
            return [self._one(call.payloads[0], body.get(entity), errors, reply.status)]
        if errors or not reply.good:
            return self._apart(call, errors, reply.status)
        said = {str(item.get("bId")): item for item in body.get("BatchItemResponse", [])}
        return [
            self._one(payload, said.get(str(place), {}).get(payload.body.entity), faults(said.get(str(place), {})), reply.status)
            for place, payload in enumerate(call.payloads)
        ]

    def _learn(self, call: Call, body: Mapping[str, Any]) -> None:
        """Who was made because nobody is named; if that went wrong, the documents wait for the next round."""
        for entity in ("Customer", "Vendor"):
            if entity in body:
                self._chart.remember_party(entity, str(call.body["DisplayName"]), str(body[entity]["Id"]))

    def _apart(self, call: Call, errors: Sequence[Mapping[str, Any]], status: int) -> list[Answer]:
        """A batch that was refused as a whole did nothing: each goes by itself, so that a bad one harms no other."""
        if any(code(error) in _BROKEN for error in errors):
            return [InDoubt(f"QuickBooks: {sentence(errors)}")] * len(call.payloads)
        return [self._once_more(payload, f"a batch that was refused ({status})", "apart", together=False) for payload in call.payloads]

    def _once_more(self, payload: Payload, reason: str, why: str, *, together: bool = True) -> NotSent:
        """Put it into the next call of this round; the answer stands only if that call is never made."""
        self._tried.add((id(payload), why))
        self.again.append((payload, together))
        return NotSent(self._around.clock(), f"QuickBooks: {reason}")

    def _one(self, payload: Payload, document: Any, errors: Sequence[Mapping[str, Any]], status: int) -> Answer:
        made: Prepared = payload.body
        if errors:
            return self._refusal(payload, errors)
        if not isinstance(document, dict):
            return InDoubt(f"QuickBooks answers with {status} and says nothing of it")
        return self._receipt(made, document)

    def _receipt(self, made: Prepared, document: Mapping[str, Any]) -> Receipt:
        return receipt(made.entity, document, mark_of(made.entity, document) or made.mark, made.before, self._chart.currency)

    def _refusal(self, payload: Payload, errors: Sequence[Mapping[str, Any]]) -> Answer:
        codes = {code(error) for error in errors}
        said = sentence(errors, personal=payload.body.entity in PEOPLE)
        if codes & {_STALE, _MISSING} and payload.body.operation != "create":
            return self._looked_at_again(payload, said)
        if _TAKEN in codes and payload.body.entity in RECORDS:
            return self._name_taken(payload, said)
        if _SAME_NUMBER in codes and (payload.body.operation == "create" or payload.body.entity in BOUGHT):
            return self._same_number(payload, said)
        if codes & set(_TOO_FAST):
            return NotSent(soon(self._around), f"QuickBooks: {said}")
        return InDoubt(f"QuickBooks: {said}") if codes & set(_BROKEN) else _no(payload, codes, said)

    def _looked_at_again(self, payload: Payload, said: str) -> Answer:
        """Somebody was there since: ourselves in an attempt whose answer was lost, QuickBooks, or a person."""
        made: Prepared = payload.body
        try:
            current = self._company.one(made.entity, str(made.body["Id"]))
        except CounterfoilError as error:
            return InDoubt(f"QuickBooks: {error.say}")
        if current is None:
            gone = {"status": "Deleted", "Id": made.body["Id"]}
            return self._receipt(made, gone) if made.removes else _changed(payload, "was deleted in QuickBooks")
        mark = mark_of(made.entity, current)
        if (mark and mark.attempt == made.mark.attempt) or (made.removes and is_gone(made.entity, current)):
            return self._receipt(made, current)
        if current["SyncToken"] == made.body["SyncToken"]:
            return refused("QuickBooks", name(payload.intent), said)
        if print_of(current) != made.booked_print or (id(payload), "stale") in self._tried:
            return _changed(payload, "was changed in QuickBooks by somebody else")
        body = {**self.body(payload), "SyncToken": current["SyncToken"]}
        if note_field(made.entity) in body:  # what a person added to the note stays
            body[note_field(made.entity)] = into(current.get(note_field(made.entity)), made.mark)
        self._bodies[id(payload)] = body
        return self._once_more(payload, "its version moved", "stale")

    def _name_taken(self, payload: Payload, said: str) -> Answer:
        """By ourselves in an attempt whose answer was lost; by the item of the same SKU, which then is it; or by somebody else."""
        made: Prepared = payload.body
        field = "DisplayName" if made.entity in PEOPLE else "Name"
        named = [str(self.body(payload).get(field, ""))]
        try:
            holders = list(self._company.among(made.entity, field, named, " AND Active IN (true, false)"))
        except CounterfoilError as error:
            return InDoubt(f"QuickBooks: {error.say}")
        for each in holders if made.operation == "create" else []:
            mark = mark_of(made.entity, each)
            same_item = (
                mark is None and made.entity == "Item" and each.get("Sku") == made.body.get("Sku") and each.get("Active") is not False
            )
            if (mark and mark.key == made.mark.key) or same_item:
                return self._receipt(made, each)
        if (id(payload), "named") in self._tried:
            return refused(
                "QuickBooks", name(payload.intent), said, "Rename the other one in QuickBooks, or this one at the source.", field
            )
        self._bodies[id(payload)] = numbered(self.body(payload), payload.intent.number)
        return self._once_more(payload, "its name is taken", "named")

    def _same_number(self, payload: Payload, said: str) -> Answer:
        """It is this document, from an attempt whose answer was lost; or one of the supplier, or of another one who counts like him."""
        made: Prepared = payload.body
        field = key_field(made.entity) or "DocNumber"
        body = self.body(payload)
        try:
            rows = list(self._company.among(made.entity, field, [str(body[field])]))
        except CounterfoilError as error:
            return InDoubt(f"QuickBooks: {error.say}")
        for each in rows:
            mark = mark_of(made.entity, each)
            if mark and mark.key == made.mark.key:
                return self._receipt(made, each)
        if made.entity not in BOUGHT or (id(payload), "number") in self._tried:
            return refused("QuickBooks", name(payload.intent), said)
        if any(each["VendorRef"]["value"] == body["VendorRef"]["value"] for each in rows):
            return refused(
                "QuickBooks",
                name(payload.intent),
                "a document of that number of the same supplier stands there already",
                "Compare both. If it is the same bill, delete one of them, or exclude this one.",
                "bill_number",
            )
        self._bodies[id(payload)] = {**body, field: apart(str(body[field]), made.mark.key)}
        return self._once_more(payload, "another supplier's has its number", "number")


def _no(payload: Payload, codes: set[str], said: str) -> Refused:
    """For good, until somebody changes something."""
    if not codes & set(_CLOSED):
        return refused("QuickBooks", name(payload.intent), said)
    return Refused(
        Problem(
            "POST-PERIOD",
            f"{name(payload.intent)} of {payload.intent.date} falls into closed books of QuickBooks: {said.rstrip('.')}.",
            "Open the books in QuickBooks, or let the posting move or adjust what comes late.",
            "business_date",
        )
    )


def _changed(payload: Payload, what: str) -> Refused:
    return Refused(
        Problem(
            "SEND-CHANGED",
            f"{name(payload.intent)} {what}, so {FACTS.title} was not told of the change.",
            "Compare both. To have ours, change it back there or undo it here, then `counterfoil retry`; to keep theirs, leave it.",
        )
    )
