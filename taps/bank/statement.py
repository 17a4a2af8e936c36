"""What a statement file gives, whatever its format: statements, their entries, and entries that cannot be read."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple, Protocol, TypeAlias

from mappings.problem import Problem
from taps.bank.config import StatementFiles

BOOKED, PENDING = "booked", "pending"

NO_REFERENCE = frozenset({"", "NONREF", "NOTPROVIDED", "NOT PROVIDED", "NOREF", "KREF+", "0"})
"""What banks write where they have no reference, or have it elsewhere (KREF+)."""

_CURRENCY = re.compile("[A-Z]{3}")
_AMOUNT = re.compile(r"[-+]?(?:\d{1,20}(?:\.\d{0,6})?|\.\d{1,6})")


@dataclass(slots=True, eq=False)
class Statement:
    """One statement of one account. Balances are signed: + is ours. What its file says below the entries is known after the last one."""

    account: str
    currency: str = ""
    number: str = ""
    """As people know it; says which one it is in a sentence."""
    opening: Decimal | None = None
    opened_on: date | None = None
    closing: Decimal | None = None
    closing_currency: str = ""
    closed_on: date | None = None
    notes: list[Problem] = field(default_factory=list)
    """What there is to say of it that no sum shows."""


class Entry(NamedTuple):
    """One movement on the account."""

    statement: Statement
    body: dict[str, Any]
    """Fields as `FIELDS` names them; those without a value are left out."""


class Bad(NamedTuple):
    """An entry that is there and cannot be read. `why` ends the sentence "Entry 3 of statement 5 in FILE …"."""

    statement: Statement
    place: str
    raw: str
    why: str
    fix: str = "Have the bank send the statement again, or correct the entry in the file."


Item: TypeAlias = Statement | Entry | Bad


class Format(Protocol):
    """One way to write statements into a file."""

    def items(self, path: Path, name: str, files: StatementFiles) -> Iterator[Item]:
        """Each statement, then its entries in the file's order. Raises FileTrouble where the file is not what it should be."""
        ...


class Unreadable(Exception):
    """A value of an entry cannot be read; the text ends the sentence "Entry 3 …"."""


def amount_of(text: str, what: str = "amount") -> Decimal:
    """A decimal with a point. Unreadable for anything else: no currency signs, no exponents, no words."""
    bare = text.strip()
    if not _AMOUNT.fullmatch(bare):
        raise Unreadable(f"has the {what} {bare[:40]!r}, which is no number" if bare else f"has no {what}")
    return Decimal(bare)


def day_of(text: str, what: str = "booking day") -> date:
    """An ISO day, or the day of an ISO instant as it is written there. Unreadable for anything else."""
    bare = text.strip()
    try:
        return date.fromisoformat(bare[:10])
    except ValueError:
        raise Unreadable(f"has the {what} {bare[:40]!r}, which is no day of the calendar" if bare else f"has no {what}") from None


def gathered(**made: Callable[[], Any]) -> dict[str, Any]:
    """Each field made; Unreadable tells of all that cannot be, not of the first."""
    fields, wrong = {}, []
    for name, make in made.items():
        try:
            fields[name] = make()
        except Unreadable as trouble:
            wrong.append(str(trouble))
    if wrong:
        raise Unreadable(", and ".join(wrong))
    return fields


def currency_of(text: str) -> str:
    """Three capitals. Unreadable for anything else."""
    if not _CURRENCY.fullmatch(text):
        raise Unreadable(f"has the currency {text[:10]!r}" if text else "has no currency")
    return text


def reference_of(text: str | None) -> str | None:
    """A reference, unless it is the bank's way to say that there is none."""
    bare = " ".join((text or "").split())
    return None if bare.upper() in NO_REFERENCE else bare


def body_of(**fields: Any) -> dict[str, Any]:
    """A body without what has no value. A false `reversal` says nothing."""
    return {name: value for name, value in fields.items() if not (value is None or value is False or value in ("", []))}


_TEXT: dict[str, Any] = {"type": ["string", "null"]}
_DAY: dict[str, Any] = {"type": ["string", "null"], "format": "date"}
_NUMBER: dict[str, Any] = {"type": ["number", "null"]}
_PERSONAL = {**_TEXT, "x-pii": True}

DETAIL: dict[str, dict[str, Any]] = {
    "amount": _NUMBER,
    "currency": _TEXT,
    "reference": _TEXT,
    "end_to_end_id": _TEXT,
    "counterparty_name": _PERSONAL,
    "counterparty_account": _PERSONAL,
    "text": _PERSONAL,
    "remittance_reference": _TEXT,
}
"""One transaction of a batch that the bank booked as one entry."""

FIELDS: dict[str, dict[str, Any]] = {
    "id": {"type": "string", "description": "The same for the same entry in every file."},
    "account": {"type": "string"},
    "statement": _TEXT,
    "status": {"type": "string", "description": "booked; pending, future or information are not."},
    "booked_on": _DAY,
    "value_on": _DAY,
    "amount": {**_NUMBER, "description": "Signed: + came into the account."},
    "currency": _TEXT,
    "reversal": {"type": ["boolean", "null"], "description": "The entry takes an earlier one back; the amount is signed as it is booked."},
    "reference": {**_TEXT, "description": "The bank's own reference."},
    "customer_reference": _TEXT,
    "end_to_end_id": _TEXT,
    "counterparty_name": _PERSONAL,
    "counterparty_account": _PERSONAL,
    "counterparty_bank": _TEXT,
    "code": {**_TEXT, "description": "What kind of entry it is, in the bank's code."},
    "text": {**_PERSONAL, "description": "What it was for, as the payer or the bank wrote it."},
    "remittance_reference": {**_TEXT, "description": "Reference in a structured remittance: an invoice or creditor reference."},
    "additional": _PERSONAL,
    "details": {
        "type": ["array", "null"],
        "items": {"type": "object", "properties": DETAIL, "additionalProperties": False},
        "description": "The transactions of a batch, where the bank tells of more than one.",
    },
}
"""The columns of the stream; a CSV file adds its own that the configuration does not name."""
