"""From an intent to the documents of an attempt, and from these to their last state.

A change of what is posted is a new document and one that takes the old one back, both of one attempt: whichever of them is already
there is found by its tag and not made again. All are drafts before the first is made final, and the new one, which alone may be
refused, is the first: a refusal leaves what stood.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from decimal import Decimal
from typing import Any

from mappings.problem import Problem
from taps.tryton.client import TrytonEdge, search
from targets._kit.remote import refused
from targets._kit.writer import Answer, Payload, Receipt, Refused, Verb
from targets.tryton.entries import paying
from targets.tryton.goods import PIECES, moved
from targets.tryton.parties import Parties
from targets.tryton.sending import Rejected, Sender
from targets.tryton.steps import INVOICE, MACHINES, MOVE, SHIPMENT, STATEMENT, Plan, Standing, Step, Tag, effect, read_tag, standing

_NUMBERED = ("invoice_date", "accounting_date")


def deliver(sender: Sender, payload: Payload, found: Sequence[Standing], parties: Parties) -> Answer:
    """Bring every document of the attempt to its end. `found`: what is there of its key. Raises Doubtful, Halted."""
    plan: Plan = payload.body
    of = f"{payload.intent.subject.kind} {payload.intent.number}"
    mine = {each.tag.leg: each for each in found if each.tag.attempt == plan.steps[0].tag.attempt} if plan.steps else {}
    others = [each for each in found if plan.steps and each.tag.attempt != plan.steps[0].tag.attempt]
    if payload.intent.verb is Verb.CREATE and any(each.done for each in others):
        say = f"{of} stands in Tryton already, by another attempt than Counterfoil knows of."
        return Refused(Problem("SEND-CHANGED", say, "Ask for a reconciliation of this document."))
    drafts: list[Standing] = []
    try:
        for other in others:
            if other.record["state"] == "draft":
                sender.remove(other.model, other.id)
        for step in plan.steps:
            drafts.append(mine.get(step.tag.leg) or _created(sender, step, parties))  # noqa: PERF401 (kept when the next is refused)
        made = [_finished(sender, draft) for draft in drafts]
    except Rejected as no:
        for draft in drafts:
            _withdraw(sender, draft)
        return refused("Tryton", of, no.said)
    for step, document in zip(plan.steps, made, strict=True):
        if step.against is not None:
            _reconcile(sender, step.against, document.id)
    before = [each for each in others if each.done]
    made_receipt = receipt(payload.intent.number, plan.unit, made, before, payload.intent.remote_id or "")
    return made_receipt if made_receipt.remote_id else made_receipt._replace(remote_id=plan.otherwise)


def _finished(sender: Sender, document: Standing) -> Standing:
    """The document in its last state. Raises Doubtful, Halted, Rejected."""
    while not document.done:
        action = MACHINES[document.model].actions.get(document.record["state"])
        if action is None:
            raise Rejected(f"{document.name} is {document.record['state']}", fault=False)
        document = _advanced(sender, document, action)
    return document


def _created(sender: Sender, step: Step, parties: Parties) -> Standing:
    rules = MACHINES[step.model]
    values = _filled(sender, step, parties) | {rules.text: step.tag.text()}
    try:
        record = sender.create(step.model, values, rules.fields)
    except Rejected as no:
        return _in_spite(sender.edge, step.model, step.tag.key, step.tag, no)
    return Standing(step.model, record["id"], step.tag, record)


def _advanced(sender: Sender, document: Standing, action: str) -> Standing:
    rules = MACHINES[document.model]
    try:
        record = sender.act(document.model, document.id, action, rules.fields)
    except Rejected as no:
        if no.fault:
            after = _in_spite(sender.edge, document.model, document.tag.key, document.tag, no)
            if after.record["state"] != document.record["state"]:
                return after
        if document.model == INVOICE and _redated(sender, document):
            return Standing(document.model, document.id, document.tag, sender.act(document.model, document.id, action, rules.fields))
        raise
    return Standing(document.model, document.id, document.tag, record)


def _in_spite(edge: TrytonEdge, model: str, key: str, tag: Tag, no: Rejected) -> Standing:
    """A page in place of a sentence may come after the work was done: only what a search does not find was refused."""
    there = [each for each in standing(edge, [model], [key]) if each.tag == tag] if no.fault else []
    if not there:
        raise no
    return there[0]


def _redated(sender: Sender, document: Standing) -> bool:
    """Tryton numbers invoices in the order of their dates. One that comes late is issued on the date of the last one and booked on its own.

    Whether that was the reason of the refusal is seen from the dates, not from the sentence, which is translated.
    """
    (mine,) = search(sender.edge, INVOICE, [["id", "=", document.id]], ("invoice_date", "lines.amount", "total_amount"))
    credit = mine["total_amount"] < 0 and all(line["amount"] <= 0 for line in mine["lines"])
    day = mine["invoice_date"]
    domain = [
        ["type", "=", "out"],
        ["sequence_type_cache", "=", "credit_note" if credit else "invoice"],
        ["move.period.fiscalyear.start_date", "<=", day],
        ["move.period.fiscalyear.end_date", ">=", day],
        ["invoice_date", ">", day],
    ]
    later = search(sender.edge, INVOICE, domain, ("invoice_date",), order=(("invoice_date", "DESC"),), most=1)
    if later:
        sender.change(INVOICE, document.id, dict(zip(_NUMBERED, (later[0]["invoice_date"], day), strict=True)), ("state",))
    return bool(later)


def _reconcile(sender: Sender, invoice: int, against: int) -> None:
    """Close what two invoices that cancel each other leave open. What is paid already stays as it is, for a person to decide."""
    fields = [f"lines_to_pay.{name}" for name in ("debit", "credit", "reconciliation")]
    found = search(sender.edge, INVOICE, [["id", "in", [invoice, against]]], ("company", "invoice_date", *fields))
    open_lines = [line for each in found for line in each["lines_to_pay"] if not line["reconciliation"]]
    if len(open_lines) > 1 and sum(line["debit"] - line["credit"] for line in open_lines) == 0:
        last = max(each["invoice_date"] for each in found)
        values = {"company": found[0]["company"], "date": last, "lines": [["add", [line["id"] for line in open_lines]]]}
        with suppress(Rejected):  # the books are right without it
            sender.create("account.move.reconciliation", values, ("id",))


def _withdraw(sender: Sender, document: Standing) -> None:
    """Remove what cannot be finished. What is posted cannot be removed; a draft that stays is found by the next attempt."""
    if document.done:
        return
    try:
        if document.model in (STATEMENT, SHIPMENT):
            sender.act(document.model, document.id, "cancel", ("state",))
        sender.remove(document.model, document.id)
    except Rejected:
        return


# ── what is looked up when it is sent ──


def _filled(sender: Sender, step: Step, parties: Parties) -> dict[str, Any]:
    def replaced(value: Any) -> Any:
        if isinstance(value, Mapping):
            if set(value) == {"walk_in"}:
                return parties.walk_in(sender, value["walk_in"])
            return {name: replaced(each) for name, each in value.items()}
        return [replaced(each) for each in value] if isinstance(value, list) else value

    values: dict[str, Any] = replaced(step.values)
    if step.model == INVOICE and "invoice_address" not in values:
        values["invoice_address"] = parties.address(values["party"])
    if step.model == STATEMENT:
        values = paying(values, _open_invoice(sender.edge, step.pays) if step.pays is not None else None)
    return values


def _open_invoice(edge: TrytonEdge, number: int) -> dict[str, Any] | None:
    """The invoice as it stands now: where it was changed since, the newest that took its place."""
    fields = ("description", "state", "amount_to_pay", "account", "party")
    found = search(edge, INVOICE, [["id", "=", number]], fields)
    tag = read_tag(found[0]["description"]) if found else None
    if tag is not None:
        same = search(edge, INVOICE, [["description", "like", f"%cf:{tag.key}:%"], ["state", "in", ["posted", "paid"]]], fields)
        found = [each for each in same if (read_tag(each["description"]) or tag).leg == 1] or found  # a second leg takes back
    return found[-1] if found else None


# ── receipts ──


def receipt(number: str, unit: str, attempt: Sequence[Standing], before: Sequence[Standing], remote_id: str) -> Receipt:
    """What the documents of an attempt say, with those of the same thing before it. The remote id is the thing's first document."""
    total = sum((effect(each) for each in attempt), Decimal(0))
    body: dict[str, Any] = {"documents": [each.name for each in attempt[:1]], "amount": f"{effect(attempt[0]) if attempt else 0}"}
    if any(each.model == SHIPMENT for each in (*attempt, *before)) or unit == PIECES:
        body = {"moves": moved([*before, *attempt])}
    first = min((*attempt, *before), key=lambda each: (each.model == MOVE, each.id), default=None)
    return Receipt(remote_id or (first.name if first else ""), number, unit, total, body)
