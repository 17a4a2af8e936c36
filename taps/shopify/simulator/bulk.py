"""Bulk operations: a query over everything, answered in a file of JSON lines.

five at once        of one app in one shop, since 2026-01; one more is LIMIT_REACHED       changelog: faster bulk operations
access              since 7 November 2026 an app must have been given it first             changelog: apps must enable bulk operations
a query             one to five lists, at most two deep                                    description of bulkOperationRunQuery
lists in lists      a list with pages inside a plain list is refused                       refusals that apps have met
groupObjects        false unless asked for: what hangs on a row then stands anywhere       schema: groupObjects
the file            is given out for seven days, by its address alone                      description of BulkOperation.url
the speed           1,000 objects a second                                                 unconfirmed: nobody promises one
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count, islice
from pathlib import Path
from typing import Any

import msgspec

from taps._kit.graphql_text import Field, SyntaxFault, parse, valued
from taps._kit.simulator import Response
from taps.shopify.simulator.execute import Bare, Executor, Refusal, Rows, node_fields
from taps.shopify.simulator.search import stamp
from taps.shopify.simulator.things import gid

MOST_AT_ONCE, MOST_LISTS, DEEPEST = 5, 5, 2
KEPT = timedelta(days=7)
A_SECOND = 1_000
_PLAIN_LISTS = ("refunds", "fulfillments", "transactions", "taxLines", "discountAllocations", "duties", "additionalFees")
_SPREAD = 100
"""Rows that stand before what hangs on them, where nothing is grouped."""
_encode = msgspec.json.Encoder(decimal_format="number").encode


@dataclass(slots=True)
class Operation:
    """One bulk operation."""

    number: int
    query: str
    grouped: bool
    began: datetime
    due: datetime
    seen: float
    """Of the machine's own clock: it counts too, for whoever waits in earnest while the shop's clock stands."""
    status: str = "RUNNING"
    error: str | None = None
    file: Path | None = None
    objects: int = 0
    roots: int = 0
    address: str = ""


@dataclass
class Bulk:
    """The bulk operations of one shop."""

    clock: Callable[[], datetime]
    executor: Executor
    """One of its own: what is done in bulk costs no points."""
    rows: Callable[[Field], Rows]
    """The rows of a list at the root."""
    allowed: bool = True
    fails: list[str] = field(default_factory=list)
    """What becomes of the next operations instead of COMPLETED: an error code each."""
    operations: dict[int, Operation] = field(default_factory=dict)
    _numbers: Iterator[int] = field(default_factory=lambda: count(7_000_001))
    _folder: tempfile.TemporaryDirectory[str] | None = None

    def run(self, given: Mapping[str, Any], address: str) -> Bare:
        """Begin one; what is wrong with it is a user error."""
        if not self.allowed:
            raise Refusal("Access denied for bulkOperationRunQuery field.", "ACCESS_DENIED")
        wrong, code = self._wrong(str(given["query"]))
        if wrong:
            told = Bare("BulkOperationUserError", {"field": ["query"], "message": wrong, "code": code})
            return Bare("BulkOperationRunQueryPayload", {"bulkOperation": None, "userErrors": [told]})
        now, number = self.clock(), next(self._numbers)
        [root] = parse(str(given["query"]))
        due = now + timedelta(seconds=1 + len(self.rows(root).keys) / A_SECOND)
        made = Operation(
            number,
            str(given["query"]),
            bool(given.get("groupObjects")),
            now,
            due,
            time.monotonic(),
            address=f"{address}/bulk/{number}.jsonl",
        )
        self.operations[number] = made
        return Bare("BulkOperationRunQueryPayload", {"bulkOperation": self.told(made), "userErrors": []})

    def told(self, operation: Operation | None) -> Bare | None:
        """The operation as it stands now."""
        if operation is None:
            return None
        self._advance(operation)
        done = operation.status == "COMPLETED"
        address = operation.address if operation.file else None
        known = {
            "id": gid("BulkOperation", operation.number),
            "status": operation.status,
            "errorCode": operation.error,
            "createdAt": stamp(operation.began),
            "completedAt": stamp(operation.due) if done else None,
            "objectCount": str(operation.objects),
            "rootObjectCount": str(operation.roots),
            "fileSize": str(operation.file.stat().st_size) if done and operation.file else None,
            "url": address if done else None,
            "partialDataUrl": address if operation.error else None,
        }
        return Bare("BulkOperation", known)

    def node(self, number: int) -> Bare | None:
        """By its number."""
        return self.told(self.operations.get(number))

    def file(self, number: int) -> Response:
        """The file, for whoever has its address."""
        operation = self.operations.get(number)
        if operation is None or operation.file is None or self.clock() > operation.due + KEPT:
            return Response(403, b"<Error><Code>ExpiredToken</Code></Error>", {"content-type": "application/xml"})
        return Response(200, operation.file, {"content-type": "application/jsonl"})

    def _wrong(self, query: str) -> tuple[str, str]:
        try:
            wrong = _unfit(parse(query))
        except SyntaxFault as fault:
            wrong = f"Invalid bulk query: {fault}"
        if wrong:
            return wrong, "INVALID"
        for each in self.operations.values():
            self._advance(each)
        if sum(each.status == "RUNNING" for each in self.operations.values()) >= MOST_AT_ONCE:
            return "Bulk operations limit reached. Please try again later.", "LIMIT_REACHED"
        return "", ""

    def _advance(self, operation: Operation) -> None:
        now = self.clock() + timedelta(seconds=time.monotonic() - operation.seen)
        if operation.status == "RUNNING":
            [root] = parse(operation.query)
            if now < operation.due:
                passed = (now - operation.began).total_seconds()
                operation.roots = operation.objects = min(int(passed * A_SECOND), len(self.rows(root).keys))
                return
            operation.error = self.fails.pop(0) if self.fails else None
            operation.status = "FAILED" if operation.error else "COMPLETED"
            self._write(operation, root)
        elif operation.status == "COMPLETED" and now > operation.due + KEPT:
            operation.status, operation.file = "EXPIRED", None

    def _write(self, operation: Operation, root: Field) -> None:
        self._folder = self._folder or tempfile.TemporaryDirectory(prefix="counterfoil-bulk-")
        operation.file = Path(self._folder.name) / f"{operation.number}.jsonl"
        rows, fields, executor = self.rows(root), node_fields(root), self.executor
        operation.objects = operation.roots = 0
        half = len(rows.keys) // 2 if operation.error else None
        with operation.file.open("wb") as out:
            groups = (executor.lines(rows.row(key), fields) for key in islice(rows.keys, half))
            for line in _grouped(groups) if operation.grouped else _spread(groups):
                out.write(_encode(line) + b"\n")
                operation.objects += 1
                operation.roots += "__parentId" not in line


def _unfit(roots: list[Field]) -> str:
    """Why a query is none for a bulk operation; empty: it is one."""
    lists, deepest, inside = _shape(roots)
    rules = (
        (len(roots) != 1 or roots[0].name in ("node", "nodes"), "Bulk queries cannot contain a top level `node` field."),
        (inside, "Queries that contain a connection field within a list field are not currently supported."),
        (not lists, "Bulk queries must contain at least one connection."),
        (deepest > DEEPEST, f"Bulk queries cannot contain connections with a nesting depth greater than {DEEPEST}."),
        (lists > MOST_LISTS, f"Bulk queries cannot contain more than {MOST_LISTS} connections."),
    )
    return next((say for broken, say in rules if broken), "")


def _grouped(groups: Iterator[Iterator[Any]]) -> Iterator[Any]:
    for lines in groups:
        yield from lines


def _spread(groups: Iterator[Iterator[Any]]) -> Iterator[Any]:
    """Rows first, what hangs on them after: some rows at a time, so that memory is theirs alone."""
    while some := [list(lines) for lines in islice(groups, _SPREAD)]:
        yield from (lines[0] for lines in some)
        yield from (line for lines in reversed(some) for line in lines[1:])


def _shape(fields: Sequence[Field], depth: int = -1, *, listed: bool = False) -> tuple[int, int, bool]:
    """How many lists there are, how deep they lie below the first one, and whether one lies inside a plain list."""
    lists, deepest, inside = 0, depth, False
    for asked in fields:
        nodes = node_fields(asked) if asked.fields else []
        paged = bool(nodes)
        below = _shape(nodes or asked.fields, depth + paged, listed=listed or asked.name in _PLAIN_LISTS)
        lists += below[0] + paged
        deepest = max(deepest, below[1])
        inside |= below[2] or (paged and listed)
    return lists, deepest, inside


def filter_of(root: Field) -> dict[str, Any]:
    """The arguments of the list at the root."""
    return {name: json.loads(json.dumps(valued(value, {}))) for name, value in root.arguments.items()}
