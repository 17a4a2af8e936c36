"""From an intent to a payload: what is to be written, under which mark, and what it will change. Reads where a change needs it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from mappings.problem import Problem
from taps.xero.client import Organisation, day
from taps.xero.marks import NUMBERS, Mark, attempt_of, begins, field_of, is_bought, key_of, mark_of
from taps.xero.rows import ID_OF
from targets._kit.bridge import bridge_of
from targets._kit.remote import digest
from targets._kit.writer import Intent, Payload, Unpreparable, Verb
from targets.xero import documents, foreign, records
from targets.xero.chart import Chart
from targets.xero.config import XeroTargetConfig
from targets.xero.documents import Build, Made
from targets.xero.plans import NEW, Plan, Step, one
from targets.xero.receipts import RESOURCES, is_gone, stands

BUILDERS: Mapping[str, Build] = {
    "contact": records.contact,
    "supplier": records.contact,
    "item": records.item,
    "invoice": documents.invoice,
    "credit_note": documents.credit_note,
    "bill": documents.bill,
    "bill_credit": documents.bill_credit,
    "sales_receipt": documents.sales_receipt,
    "refund_receipt": documents.refund_receipt,
    "spend": documents.spend,
    "payment": documents.payment,
    "transfer": documents.transfer,
    "journal": documents.journal,
    "cost_journal": documents.cost_journal,
}
APPENDED = ("Payments", "BankTransfers")
"""What Xero makes and deletes, and never changes."""
_NONE = Decimal(0)


@dataclass(frozen=True, slots=True)
class Desk:
    """What preparing needs."""

    organisation: Organisation
    chart: Chart
    config: XeroTargetConfig
    verbs: Mapping[str, tuple[str, ...]]


def prepared(intent: Intent, desk: Desk) -> Payload | Unpreparable:
    """The payload, or why there is none."""
    kind = intent.subject.kind
    if intent.verb not in desk.verbs.get(kind, ()):
        known = ", ".join(desk.verbs.get(kind, ())) or "no such kind"
        say = f"{intent.number} ({kind}) cannot be written with {intent.verb}: Xero knows {known}."
        return Unpreparable(Problem("POST-RULE", say, "Choose another representation in the posting."))
    fault = _foreign(intent, desk.chart) or foreign.unknown(intent, desk.chart)
    if fault is not None:
        return Unpreparable(fault)
    intent = _turned(intent, desk)
    found = _void(intent, desk) if intent.verb is Verb.VOID else _wanted(intent, desk)
    if isinstance(found, Problem):
        return Unpreparable(found)
    plan, predicted = found
    return Payload(intent, plan, plan.digest(), predicted, bridge_of(intent))


def _wanted(intent: Intent, desk: Desk) -> tuple[Plan, Decimal] | Problem:
    made = BUILDERS[intent.subject.kind](intent, desk.chart, desk.config)
    if isinstance(made, Problem):
        return made
    fault = _other_document(intent, desk, made) if intent.verb is Verb.UPDATE else None
    if fault is not None:
        return fault
    total = sum((line.amount for line in intent.lines if line.control), _NONE)
    total = foreign.in_base(total, foreign.rate_of(intent.own) if intent.own else None)
    if intent.verb is Verb.CREATE:
        return _create(intent, desk, made), total
    return _append(intent, desk, made, total) if made.resource in APPENDED else _update(intent, desk, made, total)


def _turned(intent: Intent, desk: Desk) -> Intent:
    """In its own currency, where it is to stand so: a payment or credit follows what it pays or credits."""
    parent = intent.related.get("parent")
    first = intent.verb is Verb.CREATE or intent.subject.kind == "payment"
    if intent.own is not None and intent.own.currency not in desk.chart.currencies:
        return replace(intent, own=None)
    if intent.own is not None and first and parent is not None:
        resource = "CreditNotes" if parent.kind == "credit_note" else "Invoices"
        paid = desk.organisation.one(resource, parent.remote_id) or {}
        if paid.get("CurrencyCode") != intent.own.currency:
            return replace(intent, own=None)
    return foreign.turned(intent)


def _foreign(intent: Intent, chart: Chart) -> Problem | None:
    others = {line.currency for line in intent.lines} - {chart.currency}
    if not others:
        return None
    say = f"{intent.number} is booked in {', '.join(sorted(others))}; this Xero organisation keeps its books in {chart.currency}."
    return Problem("POST-RATE", say, "Set the base currency of the company to that of its books.")


def marked(intent: Intent, made: Made, before: Decimal = _NONE) -> dict[str, Any]:
    """The element with our mark."""
    mark = Mark(key_of(intent.look_up_key), attempt_of(intent.idempotency_key), before, made.about, intent.number)
    text = mark.last() if is_bought(made.element) else mark.short() if made.resource == "Contacts" else mark.text()
    return {**made.element, field_of(made.resource, made.element): text}


def _create(intent: Intent, desk: Desk, made: Made) -> Plan:
    element = marked(intent, made)
    if made.resource in NUMBERS:
        element["Status"] = "DRAFT" if desk.config.draft_first or is_bought(element) else "AUTHORISED"
    # An item of that code that is there already is taken over, so POST; everything else must be new.
    first = Step("POST" if made.resource == "Items" else "PUT", made.resource, element)
    return Plan((first, *_allocations(made, intent)), instead=_instead(intent, first), content=digest(made.element))


def _instead(intent: Intent, first: Step) -> Step | None:
    """The same under another name."""
    if first.resource == "Contacts":
        return first._replace(element={**first.element, "Name": records.with_number(first.element["Name"], intent.number)})
    name = NUMBERS.get(first.resource)
    if name is None or is_bought(first.element):
        return None
    return first._replace(element={**first.element, name: f"{intent.number}-{key_of(intent.look_up_key)[:4]}"})


def _allocations(made: Made, intent: Intent) -> tuple[Step, ...]:
    if made.resource != "CreditNotes" or not made.about:
        return ()
    total = abs(sum((line.amount for line in intent.lines if line.control), _NONE))
    return (allocation(NEW, made.about[0], total, intent.date.isoformat()),) if total else ()


def allocation(credit_note: str, invoice: str, amount: Decimal, on: str) -> Step:
    """Set a credit note against an invoice."""
    element = {"Amount": amount, "Date": on, "Invoice": {"InvoiceID": invoice}}
    return Step("PUT", "CreditNotes", {"Allocations": [element]}, f"/{credit_note}/Allocations")


def _update(intent: Intent, desk: Desk, made: Made, total: Decimal) -> tuple[Plan, Decimal] | Problem:
    """In place. A credit note is taken off its invoice first, and set against it again."""
    booked, content = intent.booked or {}, digest(made.element)
    before = Decimal(booked.get("standing", "0"))
    if booked.get("content") == content and before == total:
        return one(Step("GET", made.resource, {}, f"/{intent.remote_id}"), content), _NONE
    if is_bought(made.element):
        return _still_a_draft(intent, desk, made, before) or (one(_redrafted(intent, made, before), content), total - before)
    element = {ID_OF[made.resource]: intent.remote_id, **marked(intent, made, before), **_kept(booked)}
    released = _releases(intent, desk) if made.resource == "CreditNotes" else ()
    step = Step("POST", made.resource, element)
    instead = _instead(intent, step) if made.resource == "Contacts" else None
    plan = Plan((*released, step, *_allocations(made, intent)), main=len(released), instead=instead, content=content)
    return plan, total - before


def _redrafted(intent: Intent, made: Made, before: Decimal) -> Step:
    """A draft with other contents. It says that it is one, so that Xero refuses it where somebody approved it meanwhile."""
    return Step("POST", made.resource, {ID_OF[made.resource]: intent.remote_id, **marked(intent, made, before), "Status": "DRAFT"})


def _still_a_draft(intent: Intent, desk: Desk, made: Made, before: Decimal) -> Problem | None:
    """What a person approved, we do not change: the bill is approved as it stood."""
    found = desk.organisation.one(made.resource, str(intent.remote_id)) or {}
    status = str(found.get("Status", "gone"))
    if status in ("DRAFT", "SUBMITTED"):
        return None
    return Problem(
        "SEND-CHANGED",
        f"{intent.number} changed at the source, and in Xero it is {status.lower()} with {abs(before):.2f}: it is no draft any more.",
        "Undo it here (it is voided, and sent anew as a draft), or correct it in Xero and exclude it here.",
    )


def _kept(booked: Mapping[str, Any]) -> dict[str, str]:
    """The number under which it was entered, where that was not our first choice."""
    return dict(booked.get("number") or {})


def _releases(intent: Intent, desk: Desk) -> tuple[Step, ...]:
    found = desk.organisation.one("CreditNotes", str(intent.remote_id))
    standing = [each for each in (found or {}).get("Allocations") or () if each.get("AllocationID") and not each.get("IsDeleted")]
    return tuple(Step("DELETE", "CreditNotes", {}, f"/{intent.remote_id}/Allocations/{each['AllocationID']}") for each in standing)


def _other_document(intent: Intent, desk: Desk, made: Made) -> Problem | None:
    """A change that would need another document at Xero than the one that stands."""
    booked = intent.booked or {}
    same = booked.get("resource", made.resource) == made.resource
    if made.resource == "BankTransactions" and same:
        bank = desk.chart.account_of(made.element["BankAccount"])
        same = booked.get("type") == made.element["Type"] and (bank is None or booked.get("bank") == bank.identity)
    if same:
        return None
    return Problem(
        "SEND-CHANGED",
        f"{intent.number} would become another document in Xero: another kind, or another bank account.",
        "Undo the document first; it is then sent anew.",
    )


# ── payments and transfers: appended, or made anew ──


def _standing(intent: Intent, desk: Desk, resource: str) -> list[dict[str, Any]]:
    """What stands there under our key."""
    return [each for each in _under_our_key(intent, desk, resource) if not is_gone(resource, each)]


def _under_our_key(intent: Intent, desk: Desk, resource: str) -> list[dict[str, Any]]:
    return list(desk.organisation.marked(resource, [begins(intent.look_up_key)]))


def _append(intent: Intent, desk: Desk, made: Made, total: Decimal) -> tuple[Plan, Decimal] | Problem:
    """One more document for the difference where Xero takes it; otherwise the old ones are deleted and one is made anew."""
    old = _standing(intent, desk, made.resource)
    booked = Decimal((intent.booked or {}).get("standing", "0"))
    if not old:  # deleted, by the first step of an attempt that came no further or by a person: it is wanted, so it is made anew
        return one(Step("PUT", made.resource, marked(intent, made, booked))), total - booked
    mark = Mark("", "", _NONE, made.about)
    before = sum((stands(made.resource, each, mark, desk.chart) for each in old), _NONE)
    change = total - before
    alike = all(_alike(made, each, desk.chart) for each in old)
    if alike and not change:
        return one(Step("GET", made.resource, {}, f"/{old[0][ID_OF[made.resource]]}")), _NONE
    if alike and intent.own is None and (made.resource == "BankTransfers" or (change > 0) == (total > 0)):
        return one(Step("PUT", made.resource, marked(intent, made._replace(element=_of(made, change, total))))), change
    new = Step("PUT", made.resource, marked(intent, made, before))
    removed = tuple(_removal(made.resource, each) for each in old)
    again = Step("PUT", made.resource, _again(made.resource, old[0])) if len(old) == 1 else None
    return Plan((*removed, new), main=len(removed), restore=again), change


def _of(made: Made, change: Decimal, total: Decimal) -> Mapping[str, Any]:
    """The document for a difference: a transfer goes back where it becomes less."""
    element = {**made.element, "Amount": abs(change)}
    if made.resource == "BankTransfers" and (change > 0) != (total > 0):
        element |= {"FromBankAccount": made.element["ToBankAccount"], "ToBankAccount": made.element["FromBankAccount"]}
    return element


def _alike(made: Made, old: Mapping[str, Any], chart: Chart) -> bool:
    """Whether date, accounts and what is paid are those that are wanted."""
    named = ("Account",) if made.resource == "Payments" else ("FromBankAccount", "ToBankAccount")
    wanted = {account.code for name in named if (account := chart.account_of(made.element[name]))}
    found = {account.code for name in named if (account := chart.account_of(old.get(name)))}
    paid = made.element.get("Invoice") or made.element.get("CreditNote") or {}
    there = old.get("Invoice") or old.get("CreditNote") or {}
    date = day(old.get("Date"))
    return (
        wanted == found
        and date is not None
        and date.isoformat() == made.element["Date"]
        and all(there.get(key) == paid[key] for key in paid)
    )


def _again(resource: str, old: Mapping[str, Any]) -> dict[str, Any]:
    """What stood there, to be made once more."""
    names = ("FromBankAccount", "ToBankAccount") if resource == "BankTransfers" else ("Account", "Invoice", "CreditNote")
    keys = ("AccountID", "InvoiceID", "CreditNoteID")
    parts = {name: {key: old[name][key] for key in keys if key in old[name]} for name in names if old.get(name)}
    date = day(old.get("Date"))
    rate = {"CurrencyRate": old["CurrencyRate"]} if old.get("CurrencyRate", 1) != 1 else {}
    return {**parts, **rate, "Amount": old["Amount"], "Date": date.isoformat() if date else None, "Reference": old.get("Reference")}


def _removal(resource: str, old: Mapping[str, Any]) -> Step:
    if resource == "Payments":
        return Step("POST", resource, {"Status": "DELETED"}, f"/{old['PaymentID']}")
    return Step("POST", resource, {"BankTransferID": old["BankTransferID"], "Status": "DELETED"})


# ── taking back ──


def _void(intent: Intent, desk: Desk) -> tuple[Plan, Decimal] | Problem:
    booked = intent.booked or {}
    resource = str(booked.get("resource") or RESOURCES[intent.subject.kind][0])
    before = Decimal(booked.get("standing", "0"))
    if resource in APPENDED:
        return _void_all(intent, desk, resource, before)
    released = _releases(intent, desk) if intent.subject.kind == "credit_note" else ()  # a supplier's was allocated by a person
    step = Step("POST", resource, {ID_OF[resource]: intent.remote_id, **_ending(intent, desk, resource, booked)})
    return Plan((*released, step), main=len(released)), -before


def _void_all(intent: Intent, desk: Desk, resource: str, before: Decimal) -> tuple[Plan, Decimal] | Problem:
    """Each document of the thing that stands; where none does any more, the last one is only read."""
    found = _under_our_key(intent, desk, resource)
    old = [each for each in found if not is_gone(resource, each)]
    if not found:
        return Problem(
            "SEND-CHANGED", f"Xero does not show {intent.number} any more.", "Look for it there, then exclude the document here."
        )
    left = sum((stands(resource, each, mark_of(resource, each) or Mark("", ""), desk.chart) for each in old), _NONE)
    steps = tuple(_removal(resource, each) for each in old) or (Step("GET", resource, {}, f"/{found[-1][ID_OF[resource]]}"),)
    return Plan(steps, main=len(steps) - 1, gone=before - left), -before


def _ending(intent: Intent, desk: Desk, resource: str, booked: Mapping[str, Any]) -> dict[str, Any]:
    """What ends a document: archived, off sale, deleted where it was a draft, voided where it was approved."""
    if resource == "Contacts":
        return {"ContactStatus": "ARCHIVED"}
    if resource == "Items":
        return {"Code": intent.number, "IsSold": False}
    if resource == "BankTransactions":
        lines = [{"LineItemID": identity} for identity in booked.get("lines") or ()]
        return {"Type": booked["type"], "BankAccount": {"AccountID": booked["bank"]}, "LineItems": lines, "Status": "DELETED"}
    status = booked.get("status")
    if status in ("DRAFT", "SUBMITTED"):  # somebody may have approved it since
        status = (desk.organisation.one(resource, str(intent.remote_id)) or {}).get("Status", status)
    ended = {"Status": "DELETED" if status in ("DRAFT", "SUBMITTED") else "VOIDED"}
    return {**ended, "Narration": booked.get("mark") or intent.number} if resource == "ManualJournals" else ended
