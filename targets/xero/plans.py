"""What is to be done for one document: steps, each one element of a call. Most documents need one; two need more.

    credit note of an invoice   make it, then set it against the invoice. The second may be refused (the invoice is paid): the credit stays.
    a payment or transfer that becomes smaller, or another one: delete it, then make the new one. If that is refused, the old one is
    made again.

A step is taken only after Xero said yes to the one before it.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from targets._kit.remote import digest

NEW = "{id}"
"""Stands in a path for the id of what the main step made."""


class Step(NamedTuple):
    """One element of a call on a list, or a call of its own where it has a path below the list."""

    method: str
    resource: str
    element: Mapping[str, Any]
    path: str = ""


class Plan(NamedTuple):
    """The steps of one payload. `main` is the one whose answer is the document; what follows it may be refused without harm."""

    steps: tuple[Step, ...]
    main: int = 0
    instead: Step | None = None
    """The main step under another name, where the first is taken: of a contact, or of an invoice whose number a voided one has."""
    restore: Step | None = None
    """Makes again what the steps before the main one deleted, where the main one is refused."""
    gone: Decimal = Decimal(0)
    """Of what is to be taken back, the part that Xero shows as deleted already."""
    content: str = ""
    """Hash of the document without our mark: an equal one need not be written again."""

    def digest(self) -> str:
        """Hash of what will be written."""
        return digest([list(step) for step in self.steps])


def one(step: Step, content: str = "") -> Plan:
    """A plan of one step."""
    return Plan((step,), content=content)
