"""The writer's side of the hub: what deliver asks of a target, and what the target may answer.

The order of a delivery, which no writer may change: `prepare` (pure or reading only) → the hub commits the attempt as in doubt →
`send` → the hub commits the receipt. What was found in doubt goes through `find` before it is ever sent again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, NamedTuple, Protocol, TypeAlias

from mappings.posting.entry import Line, Move
from mappings.posting.own import Own
from mappings.posting.rows import Row
from mappings.problem import Problem
from taps._kit.facts import Facts
from taps._kit.surroundings import Surroundings


class Verb(StrEnum):
    """What one attempt does at the target."""

    CREATE = "create"
    UPDATE = "update"
    """The desired state in place of what is booked. Targets that may not edit append a reversal and a new entry at once."""
    VOID = "void"
    REVERSE = "reverse"
    """Take back what is booked: absence is wanted."""
    ADJUST = "adjust"
    """Append only the difference between desired and booked (stock, hours)."""


class Subject(NamedTuple):
    """The thing at the target: one crosswalk row, one operation at a time."""

    connection: str
    kind: str
    """How it is represented there: invoice, credit_note, bill, journal, stock_movement, contact, ..."""
    local_id: str
    part: str = ""


class Related(NamedTuple):
    """Another thing at the same target."""

    kind: str
    remote_id: str
    number: str
    """Ours: the number of the document, the SKU of the item."""


@dataclass(frozen=True, slots=True)
class Intent:
    """One operation, ready to be prepared."""

    subject: Subject
    verb: Verb
    look_up_key: str
    """hash(connection, kind, local id, part, incarnation, leg): the same for every try of the same thing. Never the revision."""
    idempotency_key: str
    """look-up key + revision + request."""
    document: Mapping[str, Any]
    """The canonical body of the desired revision (personal fields included), or of the booked one where absence is wanted."""
    document_type: str
    number: str
    """The document's number as people know it; for texts and references."""
    date: date
    lines: tuple[Line, ...] = ()
    moves: tuple[Move, ...] = ()
    amount: Decimal = Decimal(0)
    """What the document counts in the route's equation, signed, in `unit`; 0 where absence is wanted."""
    unit: str = ""
    """Currency code; for stock `C62` (pieces), for time `HUR` (hours), for records ``."""
    booked: Mapping[str, Any] | None = None
    """`Receipt.body` of the newest receipt: what stands at the target now. None for create."""
    bridge: Mapping[str, Decimal] = field(default_factory=dict)
    """`Entry.bridge` of the desired entry; empty where absence is wanted."""
    booked_amount: Decimal = Decimal(0)
    """Sum of the controls of all receipts so far."""
    booked_bridge: Mapping[str, Decimal] = field(default_factory=dict)
    """Sum of the bridges of all receipts so far, by component."""
    remote_id: str | None = None
    links: tuple[str, ...] = ()
    """Numbers of documents that this one belongs to (a credit note's sales)."""
    rows: tuple[Row, ...] = ()
    """Only for a target whose facts say `linked`: the lines of an invoice or a bill. In its own sense Σ (net + tax) = Σ control lines."""
    related: Mapping[str, Related] = field(default_factory=dict)
    """Only for a `linked` target, and only what stands there: `customer`, `supplier`, `employee`, `parent` (what is paid, credited,
    refunded), and `item:SKU` for each item of the lines."""
    walk_in: str = ""
    """The name of the buyer whom the source does not name."""
    own: Own | None = None
    """The document in its own currency, where it is to be written so; `lines`, `rows` and `bridge` stay those of the base currency."""


class Payload(NamedTuple):
    """A prepared intent. Its hash, bridge and predicted effect are committed before the send."""

    intent: Intent
    body: Any
    """What `send` needs; opaque to the hub. Must be equal for equal intents: no clock, no random value."""
    digest: str
    """Hash of what will be written."""
    predicted: Decimal
    """The effect that the read-back must show: total for create, new − old for update, −total for reverse, the delta for adjust."""
    bridge: dict[str, Decimal]
    """By component, what effect and document's amount differ by: effect − Σ bridge = the change of the document's amount."""


class Unpreparable(NamedTuple):
    """The intent cannot be sent as it is: held with this problem for a person."""

    problem: Problem


def unpreparable(code: str, say: str, fix: str, where: str = "") -> Unpreparable:
    """The intent is held with this problem; `where` is the field that is wrong."""
    return Unpreparable(Problem(code, say, fix, where))


def unoffered(facts: Facts, intent: Intent, of: str) -> Unpreparable | None:
    """Held where the facts do not name the verb for this kind; `of` is how people call the document."""
    if intent.verb.value in facts.verbs.get(intent.subject.kind, ()):
        return None
    return unpreparable(
        "POST-RULE", f"{facts.title} cannot {intent.verb} {of}.", f"Choose a kind that {facts.title}'s page lists, in the route."
    )


class Receipt(NamedTuple):
    """The target has it. Everything here was read back from the target, nothing was copied from the payload."""

    remote_id: str
    number: str
    unit: str
    effect: Decimal
    body: Mapping[str, Any]
    """What stands at the target now, as the next update needs it. JSON; without personal fields."""


class Refused(NamedTuple):
    """The target said no, for good, to this one document."""

    problem: Problem


class InDoubt(NamedTuple):
    """Sent, and nobody knows."""

    reason: str


class NotSent(NamedTuple):
    """Never left this machine (limit reached, target unreachable before the first byte). May be sent from `not_before` on."""

    not_before: datetime
    reason: str


class Partly(NamedTuple):
    """The target holds a part of it, as the receipt says, and the rest waits for something that is not there yet.

    The operation waits with this reason and is tried again from `not_before` on, as a change of what stands.
    """

    receipt: Receipt
    not_before: datetime
    reason: str


Answer: TypeAlias = Receipt | Partly | Refused | InDoubt | NotSent


class Sent(NamedTuple):
    """An attempt that was found in doubt."""

    subject: Subject
    verb: Verb
    look_up_key: str
    idempotency_key: str
    digest: str
    since: datetime


class Found(NamedTuple):
    """The target has what the attempt wrote."""

    receipt: Receipt


class Absent(NamedTuple):
    """The target certainly does not have it, and never will from that attempt."""


class Unknown(NamedTuple):
    """No answer yet; ask again from `until` on."""

    until: datetime
    reason: str


Whereabouts: TypeAlias = Found | Partly | Absent | Unknown


class Period(NamedTuple):
    """A period of the target's books."""

    start_on: date
    end_on: date
    status: str
    """open, locked or closed."""


@dataclass(frozen=True, slots=True)
class Metadata:
    """What the target offers: accounts, tax codes, locations; its hash is part of a refused operation's fingerprint."""

    values: Mapping[str, Any] = field(default_factory=dict)


class Writer(Protocol):
    """One configured target. Used by one thread at a time; opened and closed by deliver.

    `checkpoint` is the target's own mark (for a ledger: length and hash of each file), stored by the hub in the transaction of the
    receipts it covers and handed back at the next `open`.
    """

    facts: Facts

    def open(self, checkpoint: Mapping[str, Any] | None, around: Surroundings | None = None) -> None:
        """Take what one writer needs (locks, log-in), verify that the target is as we left it.

        Raises Tampered, Misconfigured, Retryable.
        """
        ...

    def close(self) -> None: ...

    def checkpoint(self) -> dict[str, Any]:
        """The mark after the last `send`; {} where the target needs none."""
        ...

    def prepare(self, intent: Intent) -> Payload | Unpreparable: ...

    def send(self, batch: Sequence[Payload]) -> list[Answer]:
        """One answer per payload, in order. An exception means: the whole batch is in doubt."""
        ...

    def find(self, sent: Sequence[Sent]) -> list[Whereabouts]:
        """One answer per attempt, in order."""
        ...

    def read_back(self, since: datetime | None = None) -> Sequence[Receipt]:
        """What the target holds of ours, oldest first, from `since` on."""
        ...

    def periods(self) -> Sequence[Period]: ...

    def metadata(self) -> Metadata: ...

    def check(self) -> list[Problem]: ...
