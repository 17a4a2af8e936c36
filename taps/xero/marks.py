"""The mark that Counterfoil leaves in a document: our key, which attempt wrote it, and what it counts.

    cf-4a1f09c2d1e87b3360aa51cd-9b1d20c4e7:0:610 R-1001
       key                      attempt    before:about number

It begins the Reference of invoices, credit notes, bank transactions, payments and transfers, the Narration of manual journals (they have
no reference) and the PurchaseDescription of items; of contacts it is the ContactNumber, without what follows the attempt. A search for
what begins with `cf-` and the key finds the document and nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from hashlib import sha256
from typing import Any, NamedTuple

KEY, ATTEMPT = 24, 10
PREFIX = "cf-"
_MARK = re.compile(
    rf"{PREFIX}(?P<key>[0-9a-f]{{{KEY}}})-(?P<attempt>[0-9a-f]{{{ATTEMPT}}})"
    r"(?::(?P<before>-?[0-9.]+):(?P<about>[^ ]*))?(?: (?P<number>.*))?"
)
FIELD = {"ManualJournals": "Narration", "Items": "PurchaseDescription", "Contacts": "ContactNumber"}
"""Where the mark stands, if not in Reference."""


class Mark(NamedTuple):
    """What a document of ours says of itself."""

    key: str
    """Stands for the look-up key; see `key_of`."""
    attempt: str
    """Stands for the idempotency key; see `attempt_of`."""
    before: Decimal = Decimal(0)
    """What stood of the thing before this attempt: 0 for a create."""
    about: tuple[str, ...] = ()
    """Codes of the accounts whose movement is what the document counts, where its total does not say it; of a credit note the id of the
    invoice that it is to be set against."""
    number: str = ""
    """As people know the document."""

    def text(self) -> str:
        """As it is written."""
        return f"{PREFIX}{self.key}-{self.attempt}:{self.before:f}:{','.join(self.about)} {self.number}".rstrip()

    def short(self) -> str:
        """For a field of fifty characters."""
        return f"{PREFIX}{self.key}-{self.attempt}"


def field_of(resource: str) -> str:
    """The name of the field that holds the mark."""
    return FIELD.get(resource, "Reference")


def key_of(look_up_key: str) -> str:
    """Twenty-four characters (96 bits) that stand for the look-up key."""
    return sha256(look_up_key.encode()).hexdigest()[:KEY]


def attempt_of(idempotency_key: str) -> str:
    """Ten characters that stand for the attempt; compared within one key only."""
    return sha256(idempotency_key.encode()).hexdigest()[:ATTEMPT]


def begins(look_up_key: str) -> str:
    """What the mark of that key begins with, whoever wrote it."""
    return f"{PREFIX}{key_of(look_up_key)}"


def find(text: object) -> Mark | None:
    """The mark in a text; None where the document is not ours."""
    found = _MARK.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        return None
    about = tuple(word for word in (found["about"] or "").split(",") if word)
    return Mark(found["key"], found["attempt"], Decimal(found["before"] or 0), about, found["number"] or "")


def mark_of(resource: str, document: Mapping[str, Any]) -> Mark | None:
    """The mark of a document as Xero answers it."""
    return find(document.get(field_of(resource)))
