"""The five properties of a deal that are ours, and how a look-up knows what an attempt wrote.

HubSpot has no key for a write. The digest that is stored with an attempt names the deal and holds a hash of the five values, so that it can
be worked out again from what stands there. Values are compared as they mean: numbers without needless zeros, days without a time.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from targets._kit.remote import digest
from targets._kit.writer import Intent, Verb

_OURS = {
    "invoice_number": ("invoice_number", "string", "text", "Invoice number"),
    "invoice_status": ("status", "string", "text", "Invoice status"),
    "invoice_balance": ("balance", "number", "number", "Invoice balance"),
    "invoice_due_on": ("due_date", "date", "date", "Invoice due on"),
    "invoice_paid_on": ("paid_on", "date", "date", "Invoice paid on"),
}
"""Name without its prefix → our field, HubSpot's type, how it is typed in, label."""
_HASH, _DAY = 24, 10


def names(prefix: str) -> list[str]:
    """The five names, in their order."""
    return [f"{prefix}{name}" for name in _OURS]


def definition(name: str, prefix: str) -> dict[str, str]:
    """What HubSpot is told to make a property."""
    _field, kind, typed, label = _OURS[name.removeprefix(prefix)]
    return {"name": name, "label": label, "type": kind, "fieldType": typed, "groupName": "dealinformation"}


def values(intent: Intent, prefix: str) -> dict[str, str]:
    """What is written; nothing in each of the five where absence is wanted. HubSpot takes a property away by an empty text."""
    if intent.verb is Verb.VOID:
        return dict.fromkeys(names(prefix), "")
    document = intent.document
    said = {f"{prefix}{name}": document.get(field) for name, (field, *_rest) in _OURS.items()}
    # a field with the model's default is not stored: an open invoice with nothing left to pay has neither of these
    said[f"{prefix}invoice_status"] = said[f"{prefix}invoice_status"] or "open"
    said[f"{prefix}invoice_balance"] = said[f"{prefix}invoice_balance"] or "0"
    return {name: str(value) if value else "" for name, value in said.items()}


def print_of(deal: str, properties: Mapping[str, Any], prefix: str) -> str:
    """The digest of these values of a deal."""
    return f"{deal}.{digest([_plain(name, properties.get(name)) for name in names(prefix)])[:_HASH]}"


def deal_of(printed: str) -> str:
    """The deal that a digest is about."""
    return printed.partition(".")[0]


def _plain(name: str, value: Any) -> str:
    text = str(value or "").strip()
    if name.endswith("_on"):
        return text[:_DAY]
    if name.endswith("_balance"):
        try:
            return f"{Decimal(text).normalize():f}"
        except InvalidOperation:
            return text
    return text
