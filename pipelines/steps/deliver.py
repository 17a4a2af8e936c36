"""Deliver: ready operations go to their target, in doubt first and proved afterwards.

    1  what was found in doubt is looked up: adopted, or free to be sent again
    2  claim            one transaction: operations in doubt, attempts written      O2
    3  send             no transaction open                                         H1 B1
    4  receipts         one transaction: receipts, crosswalk, fates, checkpoint     H2 H3
    5  release          what was never sent goes back

An exception out of `send` leaves the batch in doubt; the next call begins with 1.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy.engine import Connection, Row

from mappings.problem import Problem
from pipelines.home.settings import Posting
from pipelines.hub import cursors, delivery, periods
from pipelines.hub.leases import Lease, fence
from pipelines.hub.outbox import PERIOD
from pipelines.hub.store import Hub, outside_transactions
from pipelines.hub.words import AttemptState, OperationState, Want
from pipelines.steps.ingest import Count
from pipelines.steps.intents import Desired, build
from taps._kit.points import at
from taps._kit.surroundings import Surroundings
from targets._kit.writer import (
    Absent,
    Answer,
    Found,
    InDoubt,
    NotSent,
    Partly,
    Payload,
    Receipt,
    Refused,
    Sent,
    Subject,
    Unknown,
    Unpreparable,
    Verb,
    Whereabouts,
    Writer,
)

_MOST_TRIES = 10
_PAUSE = timedelta(seconds=60)
_CHARACTERS = 1 << 19
"""Text of the documents of a batch: five hundred of the largest invoice would be most of the memory."""


@dataclass(frozen=True, slots=True)
class Destination:
    """One target connection with the postings that lead to it."""

    connection: str
    writer: Writer
    postings: Mapping[tuple[str, str], Posting]
    """(route, posting) → settings, of the routes that may send now."""

    def fingerprint(self, route: str, posting: str) -> str:
        """What an operation was held or refused under: it is tried again when the posting's settings or the target's metadata change."""
        metadata = repr(sorted(self.writer.metadata().values.items()))
        return delivery.digest(self.postings[route, posting].model_dump_json(), metadata)

    @property
    def routes(self) -> list[str]:
        """The routes that may send now."""
        return sorted({route for route, _posting in self.postings})


def open_target(hub: Hub, destination: Destination, around: Surroundings) -> None:
    """Open the writer where the last receipts left it."""
    with hub.read() as tx:
        mark = cursors.load(tx, destination.connection, cursors.CHECKPOINT)
    outside_transactions()
    destination.writer.open(mark.value or None, around)


def look_up(hub: Hub, destination: Destination, lease: Lease, limit: int = 10_000) -> Count:
    """Find out what became of attempts in doubt. Nothing is sent to a subject before this is done."""
    with hub.read() as tx:
        doubtful = delivery.in_doubt(tx, hub.clock(), destination.connection, lease, limit)
    outside_transactions()
    answers = destination.writer.find([_sent(row) for row in doubtful])
    with hub.begin() as tx:
        fence(tx, lease)
        found = [
            delivery.Arrival(
                row.attempt_id,
                _operation(row),
                _decimals(row.bridge),
                _due_of(answer, row.predicted),
                row.digest,
                answer.receipt,
                adopted=True,
            )
            for row, answer in zip(doubtful, answers, strict=True)
            if isinstance(answer, Found | Partly)
        ]
        delivery.arrive(tx, hub.clock(), found)
        for row, answer in zip(doubtful, answers, strict=True):
            _not_found(tx, hub, row, answer)
        cursors.checkpoint(tx, hub.clock(), destination.connection, destination.writer.checkpoint())
    return Count(worked=len(doubtful), landed=len(found))


def _sent(row: Row[Any]) -> Sent:
    subject = Subject(row.target, row.op_kind, str(row.op_local_id), row.op_part)
    return Sent(subject, Verb(row.verb), row.look_up_key, row.idempotency_key, row.digest, row.written_at)


class _Operation:
    """The operation columns of an attempt row, by their own names."""

    def __init__(self, row: Row[Any]) -> None:
        self._row = row

    def __getattr__(self, name: str) -> Any:
        return getattr(self._row, f"op_{name}")


def _operation(row: Row[Any]) -> Any:
    return _Operation(row)


def _decimals(bridge: Mapping[str, Any]) -> dict[str, Decimal]:
    return {component: Decimal(amount) for component, amount in bridge.items()}


def _due_of(answer: object, predicted: Decimal) -> Decimal:
    """What the receipt must show: of a part just what it shows, for the rest waits and is told as waiting."""
    return answer.receipt.effect if isinstance(answer, Partly) else predicted


def _rest_waits(tx: Connection, hub: Hub, operation: Any, answer: Partly) -> None:
    """The receipt is written; the operation goes on waiting for the rest, unless a newer revision goes instead."""
    if delivery.newer_exists(tx, operation):
        return
    delivery.settle(tx, hub.clock(), operation, None, OperationState.WAITING, reason=answer.reason, not_before=answer.not_before)


def _not_found(tx: Connection, hub: Hub, row: Row[Any], answer: Whereabouts) -> None:
    """The target has it not, or not whole, or will not say yet. Where a newer revision waits, that one goes instead."""
    now = hub.clock()
    operation = _operation(row)
    if isinstance(answer, Partly):
        _rest_waits(tx, hub, operation, answer)
    elif isinstance(answer, Absent):
        stale = delivery.newer_exists(tx, operation)
        state = OperationState.SUPERSEDED if stale else OperationState.READY
        delivery.settle(tx, now, operation, row.attempt_id, state, reason="", attempt_state=AttemptState.ABSENT)
    elif isinstance(answer, Unknown):
        delivery.settle(tx, now, operation, None, OperationState.IN_DOUBT, reason=answer.reason, not_before=answer.until)


def reopen(hub: Hub, destination: Destination, lease: Lease) -> None:
    """Try again what was held or refused under other settings. Periods are plan's business."""
    outside_transactions()
    current = {names: destination.fingerprint(*names) for names in destination.postings}
    with hub.begin() as tx:
        fence(tx, lease)
        for (route, posting), fingerprint in current.items():
            delivery.reopen(tx, hub.clock(), destination.connection, route, posting, fingerprint)


def deliver(hub: Hub, destination: Destination, lease: Lease, limit: int | None = None) -> Count:
    """Send the next ready operations. The writer is open and what was in doubt has been looked up."""
    writer = destination.writer
    with hub.begin() as tx:
        fence(tx, lease)
        delivery.wake(tx, hub.clock(), destination.connection)
    at("O1")
    with hub.read() as tx:
        due = _due(tx, hub, destination, limit or writer.facts.batch)
        wanted = build(tx, destination.connection, due, destination.postings, writer.facts)
        closed = periods.closed(tx)
    if not due:
        return Count()
    outside_transactions()
    prepared = _prepare(writer, wanted, closed)
    with hub.begin() as tx:
        fence(tx, lease)
        _set_aside(tx, hub, destination, prepared)
        claimed = delivery.claim(tx, hub.clock(), lease, prepared.claims)
    at("O2")
    outside_transactions()
    answers = writer.send([each.payload for _attempt_id, each in claimed]) if claimed else []
    at("H2")
    count = _receive(hub, destination, lease, claimed, answers)
    at("H3")
    count.worked = len(due)
    return count


def _due(tx: Connection, hub: Hub, destination: Destination, limit: int) -> Sequence[Row[Any]]:
    """What goes next. Where documents name customers and items by the target's ids, these records go before all else."""
    for effect in ("record", "") if destination.writer.facts.linked else ("",):
        rows = delivery.due(tx, hub.clock(), destination.connection, destination.routes, limit, _CHARACTERS, effect)
        if rows:
            return rows
    return []


@dataclass(slots=True)
class _Prepared:
    """What is to become of a batch."""

    claims: list[delivery.Claim] = field(default_factory=list)
    held: list[tuple[Row[Any], Problem]] = field(default_factory=list)
    needless: list[Row[Any]] = field(default_factory=list)
    unchanged: list[Row[Any]] = field(default_factory=list)
    closed: list[tuple[Row[Any], str]] = field(default_factory=list)
    """A change of what is booked in a period that is closed by now, with the reason."""


def _prepare(writer: Writer, wanted: Sequence[Desired], closed: periods.Closed) -> _Prepared:
    found = _Prepared()
    for each in wanted:
        row, intent = each.operation, each.intent
        if intent is None:
            found.held.extend((row, problem) for problem in each.problems[:1])
            found.needless.extend([row] if each.needless else [])
            continue
        prepared = writer.prepare(intent)
        if isinstance(prepared, Payload) and _stands(writer, each, prepared):
            found.unchanged.append(row)
        elif row.want == Want.PRESENT and closed.covers(row.company_id, intent.date):
            found.closed.append((row, periods.closed_on(intent.date)))
        elif isinstance(prepared, Unpreparable):
            found.held.append((row, prepared.problem))
        else:
            found.claims.append(delivery.Claim(row, intent.verb, prepared))
    return found


def _stands(writer: Writer, each: Desired, prepared: Payload) -> bool:
    """Whether the target would write of the booked revision what it would write of the desired one."""
    if each.standing is None:
        return False
    standing = writer.prepare(each.standing)
    return isinstance(standing, Payload) and (standing.digest, standing.predicted) == (prepared.digest, prepared.predicted)


def _set_aside(tx: Connection, hub: Hub, destination: Destination, prepared: _Prepared) -> None:
    """What is not sent: held for a person or a period; absences of what was never there, and what stands already, without a word."""
    for row, problem in prepared.held:
        delivery.settle(
            tx,
            hub.clock(),
            row,
            None,
            OperationState.HELD,
            reason=problem.code,
            found=problem,
            fingerprint=destination.fingerprint(row.route, row.posting),
        )
    for row, reason in prepared.closed:
        delivery.settle(tx, hub.clock(), row, None, OperationState.HELD, reason=reason, fingerprint=PERIOD)
    for row in prepared.needless:
        delivery.needless(tx, hub.clock(), row)
    delivery.unchanged(tx, hub.clock(), prepared.unchanged)


def _receive(
    hub: Hub, destination: Destination, lease: Lease, claimed: Sequence[tuple[int, delivery.Claim]], answers: Sequence[Answer]
) -> Count:
    with hub.begin() as tx:
        fence(tx, lease)
        arrivals = [
            delivery.Arrival(
                attempt_id,
                each.operation,
                each.payload.bridge,
                _due_of(answer, each.payload.predicted),
                each.payload.digest,
                answer.receipt if isinstance(answer, Partly) else answer,
                adopted=False,
            )
            for (attempt_id, each), answer in zip(claimed, answers, strict=True)
            if isinstance(answer, Receipt | Partly)
        ]
        delivery.arrive(tx, hub.clock(), arrivals)
        for (attempt_id, each), answer in zip(claimed, answers, strict=True):
            _answered(tx, hub, destination, attempt_id, each.operation, answer)
        cursors.checkpoint(tx, hub.clock(), destination.connection, destination.writer.checkpoint())
    later = any(isinstance(answer, NotSent) and answer.not_before > hub.clock() for answer in answers)
    return Count(landed=len(arrivals), problems=len(claimed) - len(arrivals), blocked=later)


def _answered(tx: Connection, hub: Hub, destination: Destination, attempt_id: int, row: Row[Any], answer: Answer) -> None:
    """An answer that is no receipt."""
    now = hub.clock()
    if isinstance(answer, Refused):
        delivery.settle(
            tx,
            now,
            row,
            attempt_id,
            OperationState.REFUSED,
            reason=answer.problem.code,
            found=answer.problem,
            attempt_state=AttemptState.REFUSED,
            fingerprint=destination.fingerprint(row.route, row.posting),
        )
    elif isinstance(answer, Partly):
        _rest_waits(tx, hub, row, answer)
    elif isinstance(answer, InDoubt):
        delivery.settle(tx, now, row, None, OperationState.IN_DOUBT, reason=answer.reason, not_before=now + _PAUSE)
    elif isinstance(answer, NotSent):
        tired = row.tries + 1 >= _MOST_TRIES
        delivery.settle(
            tx,
            now,
            row,
            attempt_id,
            OperationState.HELD if tired else OperationState.READY,
            reason=answer.reason,
            not_before=answer.not_before,
            attempt_state=AttemptState.ABSENT,
        )
