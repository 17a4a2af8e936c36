"""What an answer of Xero says: its elements in the order of what was sent, and refusals in words for finance."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from taps._kit.edge import Reply
from taps.xero.client import said, sentences
from taps.xero.marks import mark_of
from targets._kit.remote import Call, refused
from targets._kit.writer import Intent, Refused, Verb
from targets.xero.plans import Step

_FIXES = (
    ("payment or credit note allocated", "Remove the payments and allocations from it in Xero, then send it again: counterfoil retry."),
    ("not of valid status", "Somebody voided, deleted or paid it in Xero. Undo that there, or exclude the document here."),
    (
        "must be unique",
        "A document of that number is in Xero already. If somebody typed this one there, exclude it here; else give it another number.",
    ),
    ("lock date", "Open the period in Xero, or let the route date late documents anew (`period_locked`)."),
    ("already assigned to another contact", "Rename one of them, in Xero or at the source."),
    ("amount outstanding", "Somebody entered a payment of it in Xero already, or it is paid twice at the source: compare both."),
    ("Authorised documents", "Approve the invoice in Xero, then send the payment again: counterfoil retry."),
    ("archived", "Restore it in Xero, then send the document again: counterfoil retry."),
)


def elements_of(call: Call, reply: Reply) -> list[Mapping[str, Any]] | None:
    """One element for each payload, with `ValidationErrors` where it was not taken. None: the answer does not fit the question."""
    body = reply.body if isinstance(reply.body, dict) else {}
    if not reply.good:  # refused as a whole, of one document: a call of several is taken apart before
        return [{"ValidationErrors": [{"Message": text} for text in said(reply)]} for _payload in call.payloads]
    resource = call.path.split("/")[1]
    if "/Allocations" in call.path:  # the answer speaks of the allocation
        return [{} for _payload in call.payloads]
    found = body.get(resource)
    if not isinstance(found, list) or len(found) != len(call.payloads):
        return None
    sent = (call.body or {}).get(resource) if isinstance(call.body, dict) else None
    for element, wanted in zip(found, sent or [], strict=False):
        ours, theirs = mark_of(resource, wanted), mark_of(resource, element)
        if ours is not None and theirs != ours and not sentences(element):
            return None
    return found


def is_taken(element: Mapping[str, Any]) -> bool:
    """Whether an element was refused because its name or number is taken. Of a voided invoice's number Xero says either."""
    words = " ".join(sentences(element))
    return any(part in words for part in ("already assigned to another contact", "must be unique", "not of valid status"))


def refusal(intent: Intent, step: Step, element: Mapping[str, Any]) -> Refused | None:
    """What Xero has against one document; None where it took it."""
    texts = sentences(element)
    errors = element.get("HasErrors") or element.get("HasValidationErrors") or element.get("StatusAttributeString") == "ERROR"
    if not texts and not errors:
        return None
    if texts and element.get("StatusAttributeString") == "OK":  # remarks on what it took
        return None
    what = {Verb.CREATE: "", Verb.VOID: "the removal of "}.get(intent.verb, "the change of ")
    words = "; ".join(text.rstrip(".") for text in texts) or "it does not say why"
    fix = next((fix for part, fix in _FIXES if part in words), "")
    return refused("Xero", f"{what}{intent.number} ({step.resource})", words, fix)
