"""Products as parts, customers as companies.

InvenTree lets an IPN stand twice and knows no key of ours, so a part is looked for before it is made, and so is a company. What people
typed there before us is taken over: it gets our mark, and from then on our fields.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from mappings.problem import Problem
from taps._kit.edge import Edge, Reply
from taps.inventree import client
from taps.inventree.facts import FACTS
from taps.inventree.mark import Label, attempt_of, key_of, without
from targets._kit.remote import Call, digest, refused
from targets._kit.writer import Intent, Payload, Receipt, Refused, Sent, Unpreparable, Verb

_NAME, _IPN = 100, 100
_CUSTOMER = "Customer"
_WRITTEN = {
    "part": ("IPN", "name", "description", "active", "virtual"),
    "contact": ("name", "email", "phone", "tax_id", "active"),
}
"""What a person could change of what we wrote. Their order is part of the prints that are stored: add at the end only."""


class Kind(NamedTuple):
    """Where a kind of ours stands there, and which of its texts carries our mark."""

    path: str
    marked: str
    longest: int
    words: str


KINDS: Mapping[str, Kind] = {
    "part": Kind("/api/part/", "keywords", 250, "part"),
    "contact": Kind("/api/company/", "description", 500, "company"),
}


def prepare(intent: Intent, category: int | None) -> Payload | Unpreparable:
    """The fields of a record; held where what InvenTree needs is missing."""
    fields: dict[str, Any] | Problem = {"active": False}
    if intent.verb is not Verb.VOID:
        fields = _part(intent, category) if intent.subject.kind == "part" else _company(intent)
    if isinstance(fields, Problem):
        return Unpreparable(fields)
    body = {
        "fields": fields,
        "key": key_of(intent.look_up_key) if intent.verb is Verb.CREATE else (intent.booked or {}).get("key", key_of(intent.look_up_key)),
        "attempt": attempt_of(intent.idempotency_key),
        "pk": intent.remote_id,
        "stood": (intent.booked or {}).get("print", ""),
    }
    return Payload(intent, body, digest(body), Decimal(0), {})


def _part(intent: Intent, category: int | None) -> dict[str, Any] | Problem:
    document = intent.document
    sku = intent.number  # a product's number is its sku
    name = str(document.get("name") or "")
    if not sku or len(sku) > _IPN or not name:
        what = "no sku" if not sku else "no name" if not name else f"a sku of more than {_IPN} characters, which is the longest IPN"
        return Problem("MAP-REQUIRED", f"Product {intent.number} has {what}.", "Give it one at the source.", "name" if sku else "sku")
    kept = document.get("product_type", "goods") in ("goods", "bundle") and document.get("tracked", True)
    made = {
        "IPN": sku,
        "name": name[:_NAME],
        "description": str(document.get("description") or "")[:250],
        "active": document.get("status", "active") == "active",
        "salable": True,
        "virtual": not kept,
    }
    return made | ({"category": category} if category is not None and intent.verb is Verb.CREATE else {})


def _company(intent: Intent) -> dict[str, Any] | Problem:
    document = intent.document
    person = " ".join(str(document[name]) for name in ("first_name", "last_name") if document.get(name))
    name = str(document.get("display_name") or document.get("company_name") or person)
    if not name:
        return Problem("MAP-REQUIRED", f"Customer {intent.number} has no name.", "Give one at the source.", "display_name")
    made = {
        "name": name[:_NAME],
        "email": next(iter(document.get("emails") or ()), None),
        "phone": next(iter(document.get("phone_numbers") or ()), ""),
        "tax_id": document.get("tax_number") or "",
        "currency": document.get("currency"),
        "is_customer": True,
        "active": document.get("status", "active") == "active",
    }
    return {name: value for name, value in made.items() if value is not None}


def nominal(payload: Payload) -> Call:
    """The call as far as it is known without a look: for a rehearsal."""
    kind = KINDS[payload.intent.subject.kind]
    pk = payload.body["pk"]
    return Call("PATCH" if pk else "POST", f"{kind.path}{pk}/" if pk else kind.path, (payload,), payload.body["fields"])


def call(edge: Edge, payload: Payload) -> Call | Refused:
    """The call that writes a record, after a look at what stands there. Raises Retryable, Misconfigured."""
    kind = KINDS[payload.intent.subject.kind]
    fields = dict(payload.body["fields"])
    label = Label(payload.body["key"], payload.body["attempt"])
    found: Mapping[str, Any] | Refused | None = None
    if payload.body["pk"]:
        found = client.one(edge, f"{kind.path}{payload.body['pk']}/")
        if found is None:
            return _gone(payload, kind)
        if payload.body["stood"] not in ("", _print(payload.intent.subject.kind, found)) and not _is(found, fields):
            return _changed(payload, kind)
    elif payload.intent.subject.kind == "part":
        found = _same_part(edge, payload)
    else:
        found = _same_company(edge, payload, fields)
    if isinstance(found, Refused):
        return found
    text = (found or {}).get(kind.marked) or (f"{_CUSTOMER} {payload.intent.number}" if kind.marked == "description" else "")
    fields[kind.marked] = label.onto(text, kind.longest)
    if found is not None:
        return Call("PATCH", f"{kind.path}{found['pk']}/", (payload,), fields)
    return Call("POST", kind.path, (payload,), fields)


def _same_part(edge: Edge, payload: Payload) -> Mapping[str, Any] | Refused | None:
    """The one part with this IPN, whoever made it."""
    sku = payload.body["fields"]["IPN"]
    rows = [row for row in client.rows(edge, KINDS["part"].path, {"IPN": sku}, 10) if row["IPN"] == sku]
    if len(rows) > 1:
        return refused(FACTS.title, f"product {sku}", f"{len(rows)} parts have this IPN", "Leave the IPN to one part in InvenTree.")
    if rows and _of_another(rows[0], "part", payload):
        return refused(FACTS.title, f"product {sku}", "its IPN stands for another product of ours", "Give each product a sku of its own.")
    return rows[0] if rows else None


def _same_company(edge: Edge, payload: Payload, fields: dict[str, Any]) -> Mapping[str, Any] | None:
    """A company of the same name and e-mail that is nobody else's of ours; a namesake gets its number: the pair is unique there [C]."""
    for row in client.rows(edge, KINDS["contact"].path, {"name": fields["name"]}, 10):
        if row["name"] == fields["name"] and (row.get("email") or None) == fields.get("email"):
            if not _of_another(row, "contact", payload):
                return row
            number = f" ({payload.intent.number})"
            fields["name"] = fields["name"][: _NAME - len(number)] + number
    return None


def _of_another(row: Mapping[str, Any], kind: str, payload: Payload) -> bool:
    """Whether it stands for another thing of ours. What was put away may be taken up again, under whatever key."""
    label = Label.of(row.get(KINDS[kind].marked))
    return label is not None and label.key != payload.body["key"] and bool(row.get("active"))


def _gone(payload: Payload, kind: Kind) -> Refused:
    say = f"The {kind.words} of {payload.intent.number} was deleted in InvenTree."
    return Refused(Problem("SEND-CHANGED", say, "Make it again there with the same name, or forget it with `counterfoil retry`.", ""))


def _changed(payload: Payload, kind: Kind) -> Refused:
    say = f"The {kind.words} of {payload.intent.number} was changed in InvenTree since we wrote it."
    fix = "Nothing is overwritten: put back in InvenTree what was changed, or bring the change to the source; then `counterfoil retry`."
    return Refused(Problem("SEND-CHANGED", say, fix, ""))


def _is(row: Mapping[str, Any], fields: Mapping[str, Any]) -> bool:
    """Whether the source says what stands there anyway."""
    return all((row.get(name) or "") == (value or "") for name, value in fields.items())


def _print(kind: str, row: Mapping[str, Any]) -> str:
    """A hash of what we write of a record; tells that a person changed it, and nothing about whom it is of."""
    return digest([row.get(name) or "" for name in _WRITTEN[kind]])


def receipt(payload: Payload, reply: Reply) -> Receipt:
    """From the record that came back."""
    stands = {"key": payload.body["key"], "print": _print(payload.intent.subject.kind, reply.body)}
    return Receipt(str(reply.body["pk"]), payload.intent.number, "", Decimal(0), stands)


def find(edge: Edge, sent: Sent) -> Receipt | None:
    """The record with our mark, if this attempt was the last to write it."""
    kind = KINDS[sent.subject.kind]
    wanted = Label(key_of(sent.look_up_key), attempt_of(sent.idempotency_key))
    for row in client.rows(edge, kind.path, {"search": wanted.attempt}, 10):
        label = Label.of(row.get(kind.marked))
        if label is not None and label.attempt == wanted.attempt:
            return _standing(row, sent.subject.kind, label)
    return None


def all_ours(edge: Edge, size: int) -> Iterator[Receipt]:
    """Every record with our mark."""
    for name, kind in KINDS.items():
        for row in client.rows(edge, kind.path, {"search": "cf:"}, size):
            label = Label.of(row.get(kind.marked))
            if label is not None:
                yield _standing(row, name, label)


def _standing(row: Mapping[str, Any], kind: str, label: Label) -> Receipt:
    number = str(row["IPN"]) if kind == "part" else without(row["description"]).removeprefix(_CUSTOMER).strip()
    return Receipt(str(row["pk"]), number, "", Decimal(0), {"key": label.key, "print": _print(kind, row)})
