"""The mark that Counterfoil leaves in a document: our key, which attempt wrote it, and what it counts.

    cf-4a1f09c2d1e87b3360aa51cd-9b1d20c4e7:0:610 R-1001
       key                      attempt    before:about number

It begins the Reference of invoices, credit notes, bank transactions, payments and transfers, the Narration of manual journals (they have
no reference) and the PurchaseDescription of items; of contacts it is the ContactNumber, without what follows the attempt. A search for
what begins with `cf-` and the key finds the document and nothing else.

Bills and credits of suppliers have no Reference ("ACCREC only - additional reference number"), and their number need not be the only one
("ACCPAY - non-unique alpha numeric code identifying invoice"; both in the OpenAPI file). There the mark follows the supplier's own number,
which people look for: `17 cf-4a1f09c2d1e87b3360aa51cd-9b1d20c4e7:0:`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from hashlib import sha256
from typing import Any, NamedTuple

KEY, ATTEMPT = 24, 10
PREFIX = "cf-"
_CORE = rf"{PREFIX}(?P<key>[0-9a-f]{{{KEY}}})-(?P<attempt>[0-9a-f]{{{ATTEMPT}}})(?::(?P<before>-?[0-9.]+):(?P<about>[^ ]*))?"
_MARK = re.compile(rf"{_CORE}(?: (?P<number>.*))?")
_AT_THE_END = re.compile(rf"(?:(?P<number>.*) )?{_CORE}")
FIELD = {"ManualJournals": "Narration", "Items": "PurchaseDescription", "Contacts": "ContactNumber"}
"""Where the mark stands, if not in Reference."""
BOUGHT = {"Invoices": "ACCPAY", "CreditNotes": "ACCPAYCREDIT"}
"""What bills and credits of suppliers are called in lists that hold ours too."""
NUMBERS = {"Invoices": "InvoiceNumber", "CreditNotes": "CreditNoteNumber"}
_LONGEST_NUMBER = 180
"""Of a field of 255 characters, what the mark leaves."""


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

    def last(self) -> str:
        """After the number of a supplier's document."""
        return f"{self.number[:_LONGEST_NUMBER]} {PREFIX}{self.key}-{self.attempt}:{self.before:f}:".lstrip()

    def short(self) -> str:
        """For a field of fifty characters."""
        return f"{PREFIX}{self.key}-{self.attempt}"


class Search(NamedTuple):
    """Where marks are looked for: a field, how it is searched, and among what."""

    field: str
    call: str = "StartsWith"
    among: str = ""


def is_bought(document: Mapping[str, Any]) -> bool:
    """Whether it is a bill or a credit of a supplier."""
    return document.get("Type") in BOUGHT.values()


def field_of(resource: str, document: Mapping[str, Any]) -> str:
    """The name of the field that holds the mark of such a document."""
    return NUMBERS[resource] if is_bought(document) else FIELD.get(resource, "Reference")


def searches(resource: str) -> tuple[Search, ...]:
    """How marks are looked for in a list."""
    sold = Search(FIELD.get(resource, "Reference"))
    if resource not in BOUGHT:
        return (sold,)
    return sold, Search(NUMBERS[resource], "Contains", f'Type=="{BOUGHT[resource]}"')


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
    return _read(_MARK.fullmatch(text)) if isinstance(text, str) else None


def _read(found: re.Match[str] | None) -> Mark | None:
    if found is None:
        return None
    about = tuple(word for word in (found["about"] or "").split(",") if word)
    return Mark(found["key"], found["attempt"], Decimal(found["before"] or 0), about, found["number"] or "")


def mark_of(resource: str, document: Mapping[str, Any]) -> Mark | None:
    """The mark of a document as Xero answers it."""
    text = document.get(field_of(resource, document))
    return _read(_AT_THE_END.fullmatch(text)) if is_bought(document) and isinstance(text, str) else find(text)
