"""The mark that Counterfoil leaves in a document: our key, what it stands for, and which attempt wrote it.

It stands at the end of the private note (of a customer's notes, of an item's purchase description):

    R-1001 - Counterfoil CF-4XK2… M5QA… 7RTB… 0 85.84 35
    number               key      subject attempt before after account

`key` is DocNumber or PaymentRefNum too, where a document has one: these can be searched, notes cannot.
"""

from __future__ import annotations

import base64
import re
from decimal import Decimal
from hashlib import sha256
from typing import NamedTuple

_VOIDED = "Voided - "  # what QuickBooks is seen to put before the note of a document that is voided; unconfirmed
_SHORT = "[A-Z2-7]{16}"
_MARK = re.compile(
    r"(?P<number>[^\n]*?) - Counterfoil "
    rf"(?P<key>CF-{_SHORT}) (?P<subject>{_SHORT}) (?P<attempt>{_SHORT}) (?P<before>-?[0-9.]+) (?P<after>-?[0-9.]+) (?P<control>\w+|-)"
)


class Mark(NamedTuple):
    """What we know of a document of ours from the document itself."""

    number: str
    """As people know the document: the order's number."""
    key: str
    subject: str
    attempt: str
    before: Decimal
    """Effect that stood before this attempt: 0 for a create."""
    after: Decimal
    """Effect that this attempt was to leave."""
    control: str = ""
    """Id of the account whose movement is the document's total, where the document does not say which it is."""

    def text(self) -> str:
        """As it is written."""
        values = (self.key, self.subject, self.attempt, f"{self.before:f}", f"{self.after:f}", self.control or "-")
        return f"{self.number} - Counterfoil {' '.join(values)}"


def short(*parts: str) -> str:
    """Sixteen characters (80 bits) that stand for these texts."""
    return base64.b32encode(sha256("\n".join(parts).encode()).digest()[:10]).decode()


def key_of(look_up_key: str) -> str:
    """Our key as a document number: 19 of the 21 characters that QuickBooks takes."""
    return f"CF-{short(look_up_key)}"


def find(text: str | None) -> Mark | None:
    """The mark in a note; None where the document is not ours."""
    found = _MARK.search(text or "")
    if found is None:
        return None
    number = found["number"].removeprefix(_VOIDED)
    control = "" if found["control"] == "-" else found["control"]
    return Mark(number, found["key"], found["subject"], found["attempt"], Decimal(found["before"]), Decimal(found["after"]), control)


def into(text: str | None, mark: Mark) -> str:
    """The note with this mark in place of an older one; what a person wrote stays."""
    if text and _MARK.search(text):
        return _MARK.sub(lambda _: mark.text(), text, count=1)
    return f"{text.rstrip()}\n{mark.text()}" if text and text.strip() else mark.text()
