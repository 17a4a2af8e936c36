"""Sales orders: what a sale keeps of the stock until it is handed over.

An order is made by several calls: the order, its lines, its issue, the allocations. None of them moves stock, and none hangs on a
shipment: what leaves the shelves leaves by our stock movements alone, so that nothing leaves twice. Whatever an attempt left is found
again by the mark in the order's description and gone on with: each call makes good a difference between what stands and what is wanted,
and none is made twice.

What is not on the shelf cannot be kept. The order stands, keeps what there is, and waits for the rest with a reason.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from taps._kit.edge import Blocked, Edge
from taps._kit.points import at
from taps.inventree import client
from taps.inventree.facts import CANCELLED, COMPLETE, FACTS, SALE_OPEN, SHIPPED
from taps.inventree.mark import CALLED_OFF, Label, Promise
from targets._kit.stepwise import Rejected, replied
from targets._kit.writer import Partly, Receipt, Sent, Verb

ORDERS, LINES, KEPT = "/api/order/so/", "/api/order/so-line/", "/api/order/so-allocation/"
PIECES = "C62"
ZERO = Decimal(0)
_TOKEN = 16
_ENDED = (SHIPPED, COMPLETE)


def token(digest: str) -> str:
    """An attempt as a mark names it: by all that it wants and by what was kept before, so that no two are taken for one another."""
    return digest[:_TOKEN]


@dataclass(frozen=True, slots=True)
class Standing:
    """An order that is there."""

    row: Mapping[str, Any]
    lines: Sequence[Mapping[str, Any]]
    """Those of ours."""
    allocations: Sequence[Mapping[str, Any]]
    """All of them."""

    @property
    def pk(self) -> int:
        """Its id."""
        return int(self.row["pk"])

    @property
    def status(self) -> int:
        """Its status."""
        return int(self.row["status"])

    @property
    def open(self) -> bool:
        """Whether it can still keep something."""
        return self.status in SALE_OPEN

    @property
    def kept(self) -> Decimal:
        """Pieces that it keeps from others; nothing any more once it is closed."""
        return sum((_number(each["quantity"]) for each in self.allocations), ZERO) if self.open else ZERO

    def of(self, line: int) -> list[Mapping[str, Any]]:
        """The allocations of a line, the largest first."""
        mine = [each for each in self.allocations if each["line"] == line]
        return sorted(mine, key=lambda each: (-_number(each["quantity"]), each["pk"]))

    def places(self) -> dict[tuple[int, int], Mapping[str, Any]]:
        """Our lines by part and location; of two for one place the first."""
        found: dict[tuple[int, int], Mapping[str, Any]] = {}
        for line in self.lines:
            found.setdefault((line["part"], place_of(line)), line)
        return found

    def receipt(self, key: str, number: str, was: Decimal) -> Receipt:
        """What it keeps now, and how that differs from what was kept by our receipts."""
        lines = [
            [
                line["part"],
                place_of(line),
                _plain(_number(line["quantity"])),
                _plain(sum((_number(e["quantity"]) for e in self.of(line["pk"])), ZERO)),
            ]
            for line in self.lines
        ]
        return Receipt(
            str(self.pk), number, PIECES, self.kept - was, {"key": key, "status": self.status, "kept": _plain(self.kept), "lines": lines}
        )


def place_of(line: Mapping[str, Any]) -> int:
    """The location that a line of ours keeps its units at."""
    label = Label.of(line.get("notes"))
    return int(label.attempt, 16) if label else 0


def by_key(edge: Edge, key: str, size: int) -> Mapping[str, Any] | None:
    """The order with our key, open ones before closed ones; one that was cancelled is none: a new one takes its place."""
    found = [row for row in client.rows(edge, ORDERS, {"search": key}, size) if _key(row) == key and row["status"] != CANCELLED]
    return min(found, key=lambda row: (row["status"] not in SALE_OPEN, row["pk"]), default=None)


def look(edge: Edge, row: Mapping[str, Any], key: str, size: int) -> Standing:
    """An order with its lines and what they keep."""
    lines = [line for line in client.rows(edge, LINES, {"order": row["pk"]}, size) if _key(line, "notes") == key]
    kept = list(client.rows(edge, KEPT, {"order": row["pk"]}, size))
    return Standing(row, sorted(lines, key=lambda line: int(line["pk"])), kept)


def find(edge: Edge, sent: Sent, size: int) -> Receipt | Partly | None:
    """The order, if this attempt was the last to write its mark: whole, or a beginning that can be gone on with."""
    wanted = token(sent.digest)
    for row in client.rows(edge, ORDERS, {"search": wanted}, size):
        promise = Promise.of(row.get("description"))
        if promise is None or promise.label.attempt != wanted:
            continue
        there = look(edge, row, promise.label.key, size)
        receipt = there.receipt(promise.label.key, promise.number, promise.kept)
        if promise.end:
            return receipt if there.status in ((CANCELLED,) if promise.end == CALLED_OFF else _ENDED) else None
        if there.kept == promise.keeps:
            return receipt
        if sent.verb is Verb.VOID:
            return None
        return Partly(receipt, edge.around.clock(), f"{FACTS.title}: it was broken off, and is gone on with")
    return None


def all_ours(edge: Edge, size: int) -> Iterator[Receipt]:
    """Every order with our mark, with what it keeps."""
    kept: dict[int, list[Mapping[str, Any]]] = {}
    for each in client.rows(edge, KEPT, {}, size):
        kept.setdefault(each["order"], []).append(each)
    for row in client.rows(edge, ORDERS, {"search": "cf:"}, size):
        promise = Promise.of(row.get("description"))
        if promise is not None:
            yield Standing(row, (), kept.get(row["pk"], ())).receipt(promise.label.key, promise.number, ZERO)


class Calls:
    """The calls of one document, in order. `begun` tells whether one of them may have done something."""

    def __init__(self, edge: Edge) -> None:
        self._edge = edge
        self.begun = False

    def make(self, path: str, body: Any) -> Any:
        """POST. Raises Doubtful, Halted, Rejected."""
        return self._call("POST", path, body)

    def change(self, path: str, body: Any) -> Any:
        """PATCH."""
        return self._call("PATCH", path, body)

    def remove(self, path: str, body: Any = None) -> None:
        """DELETE."""
        self._call("DELETE", path, body)

    def _call(self, method: str, path: str, body: Any) -> Any:
        outcome = self._edge.write(method, path, body)
        at("H1")
        self.begun |= not isinstance(outcome, Blocked)
        reply = replied(outcome)
        if not reply.good:
            raise Rejected(client.reason(reply))
        return reply.body


def _key(row: Mapping[str, Any], name: str = "description") -> str:
    label = Label.of(row.get(name))
    return label.key if label else ""


def _number(value: Any) -> Decimal:
    return Decimal(str(value or 0))


def _plain(number: Decimal) -> str:
    return f"{number.normalize():f}"
