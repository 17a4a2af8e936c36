"""The documents of Tryton that one attempt makes, how each is found again, and how it comes from a draft to its last state.

Each carries, in a text of its own, the number that people know and behind it our tag:

    1001 cf:LOOK-UP-KEY:ATTEMPT:1of2

so that a search for the key finds whatever any attempt left, and one for key and attempt what this one did. A draft is harmless: it is
found again by its tag and finished, or removed when another attempt takes over.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from taps.tryton.client import TrytonEdge, search
from targets._kit.writer import Intent

INVOICE, MOVE, STATEMENT, SHIPMENT = "account.invoice", "account.move", "account.statement", "stock.shipment.internal"
TOTAL = "Total: "
"""Before the text of each line of a move that counts for its total."""
_TAG = re.compile(r"^(.*) cf:([^:]+):([^:]+):(\d+)of(\d+)$", re.DOTALL)
_SHORT = 16


class Machine(NamedTuple):
    """One model: where the tag stands, what is read back, and by which actions it becomes final."""

    text: str
    fields: tuple[str, ...]
    actions: Mapping[str, str]
    """State → the action that leads on."""
    done: frozenset[str]


MACHINES = {
    INVOICE: Machine(
        "description",
        ("state", "total_amount", "number", "invoice_date"),
        {"draft": "post", "validated": "post"},
        frozenset(("posted", "paid")),
    ),
    MOVE: Machine(
        "description", ("state", "number", "lines.debit", "lines.credit", "lines.description"), {"draft": "post"}, frozenset(("posted",))
    ),
    STATEMENT: Machine("name", ("state", "lines.amount"), {"draft": "validate_statement", "validated": "post"}, frozenset(("posted",))),
    SHIPMENT: Machine(
        "reference",
        ("state", "moves.quantity", "moves.product", "moves.from_location.type", "moves.to_location.type"),
        {"request": "draft", "draft": "wait", "waiting": "assign_force", "assigned": "do"},
        frozenset(("done",)),
    ),
}


class Tag(NamedTuple):
    """What a document's text says of us."""

    number: str
    key: str
    attempt: str
    leg: int
    legs: int

    def text(self) -> str:
        """As it is written."""
        return f"{self.number} cf:{self.key}:{self.attempt}:{self.leg}of{self.legs}"


def attempt_of(idempotency_key: str) -> str:
    """The attempt as a tag names it: the end of its key."""
    return idempotency_key[-_SHORT:]


def tag(intent: Intent, leg: int, legs: int) -> Tag:
    """The tag of one document of an attempt."""
    return Tag(" ".join(intent.number.split()), intent.look_up_key, attempt_of(intent.idempotency_key), leg, legs)


def read_tag(text: str | None) -> Tag | None:
    """The tag of a text; None where it is not ours."""
    found = _TAG.match(text or "")
    return Tag(found[1], found[2], found[3], int(found[4]), int(found[5])) if found else None


class Step(NamedTuple):
    """One document to be there at the end of an attempt."""

    model: str
    tag: Tag
    values: Mapping[str, Any]
    """Of its creation, without the tag; may hold `{"walk_in": name}` and `{"address_of": party}`, which are looked up when it is sent."""
    pays: int | None = None
    """A statement: the invoice that it pays."""
    against: int | None = None
    """An invoice: the one that it takes back, with which it is reconciled."""


class Plan(NamedTuple):
    """All documents of an attempt, in their order, and what the receipt says beside what is read back."""

    steps: tuple[Step, ...]
    predicted: Decimal
    unit: str
    otherwise: str = ""
    """Remote id where there is no document to name: an attempt that has nothing to move."""


class Standing(NamedTuple):
    """A document that is there."""

    model: str
    id: int
    tag: Tag
    record: Mapping[str, Any]

    @property
    def done(self) -> bool:
        """Whether it is final."""
        return self.record["state"] in MACHINES[self.model].done

    @property
    def name(self) -> str:
        """As Tryton refers to it: account.invoice,12."""
        return f"{self.model},{self.id}"


def standing(edge: TrytonEdge, models: Iterable[str], keys: Sequence[str]) -> list[Standing]:
    """What is there of these look-up keys, oldest first; cancelled ones are not."""
    found: list[Standing] = []
    for model in models:
        machine = MACHINES[model]
        domain = [["state", "!=", "cancelled"], key_domain(model, keys)]
        for record in search(edge, model, domain, (machine.text, *machine.fields)) if keys else ():
            read = read_tag(record[machine.text])
            if read is not None and read.key in keys:
                found.append(Standing(model, record["id"], read, record))
    return found


def key_domain(model: str, keys: Sequence[str]) -> list[Any]:
    """Documents of a model that bear one of these look-up keys."""
    return ["OR", *([MACHINES[model].text, "like", f"%cf:{_literal(key)}:%"] for key in keys)]


def _literal(text: str) -> str:
    return re.sub(r"([\\%_])", r"\\\1", text)


def effect(document: Standing) -> Decimal:
    """What the document changes, as Tryton says it: signed as the journal's control lines; units are + out of stock."""
    record = document.record
    if document.model == INVOICE:
        return Decimal(record["total_amount"])
    if document.model == STATEMENT:
        return sum((Decimal(line["amount"]) for line in record["lines"]), Decimal(0))
    if document.model == SHIPMENT:
        return sum((Decimal(str(move["quantity"])) * _direction(move) for move in record["moves"]), Decimal(0))
    counted = [line for line in record["lines"] if (line["description"] or "").startswith(TOTAL)]
    return sum((line["debit"] - line["credit"] for line in counted), Decimal(0))


def _direction(move: Mapping[str, Any]) -> int:
    out, back = move["to_location"]["type"] == "lost_found", move["from_location"]["type"] == "lost_found"
    return int(out) - int(back)
