"""The outbox as deliver sees it: claim, in doubt, receipt, release. Each function is one part of one short transaction."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from hashlib import sha256
from itertools import accumulate
from typing import Any, NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from mappings.problem import Problem
from pipelines.hub import bulk, crosswalks, leases, problems
from pipelines.hub.bulk import among, length
from pipelines.hub.ledger_tables import attempt, disposition, operation, receipt
from pipelines.hub.outbox import PERIOD
from pipelines.hub.store import allocate
from pipelines.hub.tables import document
from pipelines.hub.words import DONE, AttemptState, Fate, OperationState, Want
from targets._kit.writer import Payload, Receipt, Verb

UNCHANGED = "the target holds just this already"
"""Why an operation of a newer revision ended without a send."""


class Booked(NamedTuple):
    """What stands at the target for a subject, from its receipts."""

    body: Mapping[str, Any]
    remote_id: str
    amount: Decimal
    bridge: Mapping[str, Decimal]
    document_seq: int
    operation_id: int
    """Of the newest receipt."""


class Claim(NamedTuple):
    """One attempt about to be made."""

    operation: Row[Any]
    verb: Verb
    payload: Payload


def digest(*parts: object) -> str:
    """A key over parts whose borders cannot be shifted."""
    return sha256("\x1f".join(str(part) for part in parts).encode()).hexdigest()[:40]


def wake(tx: Connection, now: datetime, target: str) -> None:
    """Children whose parent is done are ready, and so is what waited at the target and may be asked again."""
    parent = disposition.alias()
    parent_is_done = sa.exists().where(
        parent.c.route == operation.c.route,
        parent.c.posting == operation.c.posting,
        parent.c.document_id == operation.c.parent_id,
        parent.c.fate.in_(DONE),
    )
    its_time = operation.c.parent_id.is_(None) & (operation.c.not_before <= now)
    woken = list(
        tx.execute(
            sa.update(operation)
            .where(operation.c.target == target, operation.c.state == OperationState.WAITING, parent_is_done | its_time)
            .values(state=OperationState.READY, reason="", changed_at=now)
            .returning(operation.c.operation_id)
        ).scalars()
    )
    _fate(tx, woken, Fate.READY, "")


def due(
    tx: Connection, now: datetime, target: str, routes: Sequence[str], limit: int, characters: int, effect: str = ""
) -> Sequence[Row[Any]]:
    """The next ready operations, oldest first, up to `limit` and to about `characters` of documents; none whose subject is in doubt.

    A document is taken back after what hangs on it: no system voids an invoice that is paid. With `effect`, of that effect only.
    """
    doubtful = operation.alias()
    in_doubt = sa.exists().where(
        doubtful.c.target == operation.c.target,
        doubtful.c.kind == operation.c.kind,
        doubtful.c.local_id == operation.c.local_id,
        doubtful.c.part == operation.c.part,
        doubtful.c.state == OperationState.IN_DOUBT,
    )
    child = operation.alias()
    leaving = sa.select(child.c.parent_id).where(  # read once, and only if something is to be taken back
        child.c.target == target,
        child.c.state.in_((OperationState.READY, OperationState.IN_DOUBT)),
        child.c.want == Want.ABSENT,
        child.c.parent_id.is_not(None),
    )
    rows = tx.execute(
        sa.select(operation, length(tx, document.c.body).label("characters"))
        .join(document, document.c.seq == operation.c.document_seq)
        .where(
            operation.c.target == target,
            operation.c.state == OperationState.READY,
            operation.c.route.in_(routes),
            sa.or_(operation.c.not_before.is_(None), operation.c.not_before <= now),
            ~in_doubt,
            sa.or_(operation.c.want == Want.PRESENT, operation.c.document_id.not_in(leaving)),
            *([operation.c.effect == effect] if effect else []),
        )
        .order_by(operation.c.operation_id)
        .limit(limit)
    ).all()
    total = list(accumulate(row.characters for row in rows))
    return rows[: max(1, bisect_right(total, characters))]


def booked(tx: Connection, target: str, operations: Sequence[Row[Any]]) -> dict[tuple[str, UUID, str], Booked]:
    """What the target holds of these subjects, by (kind, local id, part); a subject whose absence was delivered is not in it."""
    found: dict[tuple[str, UUID, str], Booked] = {}
    for kind in {row.kind for row in operations}:
        rows = tx.execute(
            sa.select(
                receipt.c.kind,
                receipt.c.local_id,
                receipt.c.part,
                receipt.c.want,
                receipt.c.body,
                receipt.c.remote_id,
                receipt.c.control,
                receipt.c.bridge,
                operation.c.document_seq,
                operation.c.operation_id,
            )
            .join(operation, operation.c.operation_id == receipt.c.operation_id)
            .where(
                receipt.c.target == target,
                receipt.c.kind == kind,
                among(tx, receipt.c.local_id, [row.local_id for row in operations if row.kind == kind]),
            )
            .order_by(receipt.c.attempt_id)
        )
        for row in rows:
            _fold(found, row)
    return found


def _fold(found: dict[tuple[str, UUID, str], Booked], row: Any) -> None:
    subject = (row.kind, row.local_id, row.part)
    if row.want == Want.ABSENT:
        found.pop(subject, None)
        return
    before = found.get(subject)
    bridge: dict[str, Decimal] = dict(before.bridge) if before else {}
    for component, amount in row.bridge.items():
        bridge[component] = bridge.get(component, Decimal(0)) + Decimal(amount)
    amount = (before.amount if before else Decimal(0)) + row.control
    found[subject] = Booked(row.body, row.remote_id, amount, bridge, row.document_seq, row.operation_id)


def claim(tx: Connection, now: datetime, lease: leases.Lease, claims: Sequence[Claim]) -> list[tuple[int, Claim]]:
    """Mark operations as in doubt and write their attempts, before anything is sent. Gives (attempt id, claim) of those still ready."""
    wanted = {each.operation.operation_id: each for each in claims}
    ready = sa.select(operation.c.operation_id).where(
        among(tx, operation.c.operation_id, wanted), operation.c.state == OperationState.READY
    )
    if tx.dialect.name == "postgresql":
        ready = ready.with_for_update(skip_locked=True)
    taken = sorted(
        tx.execute(
            sa.update(operation)
            .where(operation.c.operation_id.in_(ready))
            .values(state=OperationState.IN_DOUBT, tries=operation.c.tries + 1, reason="", not_before=None, changed_at=now)
            .returning(operation.c.operation_id, operation.c.tries)
        ).all()
    )
    if not taken:
        return []
    first = allocate(tx, "attempt", len(taken))
    numbered = [(first + place, wanted[number], tries) for place, (number, tries) in enumerate(taken)]
    bulk.insert(tx, attempt, [_attempt(each, attempt_id, tries, lease, now) for attempt_id, each, tries in numbered])
    _fate(tx, [number for number, _tries in taken], Fate.IN_DOUBT, None)
    return [(attempt_id, each) for attempt_id, each, _tries in numbered]


def _attempt(each: Claim, attempt_id: int, n: int, lease: leases.Lease, now: datetime) -> dict[str, Any]:
    intent = each.payload.intent
    return {
        "attempt_id": attempt_id,
        "operation_id": each.operation.operation_id,
        "n": n,
        "target": each.operation.target,
        "verb": each.verb,
        "look_up_key": intent.look_up_key,
        "idempotency_key": intent.idempotency_key,
        "digest": each.payload.digest,
        "predicted": each.payload.predicted,
        "bridge": each.payload.bridge,
        "lease": lease.number,
        "state": AttemptState.IN_DOUBT,
        "written_at": now,
    }


def in_doubt(tx: Connection, now: datetime, target: str, lease: leases.Lease, limit: int) -> Sequence[Row[Any]]:
    """Attempts that nobody works on any more and nobody knows the end of, oldest first: (attempt columns, operation columns as op_…)."""
    live = leases.live_numbers(tx, now) - {lease.number}
    return tx.execute(
        sa.select(attempt, *(column.label(f"op_{column.name}") for column in operation.c))
        .join(operation, operation.c.operation_id == attempt.c.operation_id)
        .where(
            attempt.c.target == target,
            attempt.c.state == sa.literal_column("'in_doubt'"),  # as the partial index says it
            attempt.c.lease.not_in(live),
            sa.or_(operation.c.not_before.is_(None), operation.c.not_before <= now),
        )
        .order_by(attempt.c.attempt_id)
        .limit(limit)
    ).all()


class Arrival(NamedTuple):
    """A receipt and the attempt that it is of."""

    attempt_id: int
    operation: Row[Any]
    bridge: Mapping[str, Decimal]
    predicted: Decimal
    digest: str
    receipt: Receipt
    adopted: bool


def arrive(tx: Connection, now: datetime, arrivals: Sequence[Arrival]) -> None:
    """Receipts, crosswalk, fates: one transaction, so that a document is either proved or still in doubt."""
    if not arrivals:
        return
    tx.execute(
        sa.update(attempt)
        .where(among(tx, attempt.c.attempt_id, [each.attempt_id for each in arrivals]))
        .values(state=AttemptState.DELIVERED)
    )
    numbers = [each.operation.operation_id for each in arrivals]
    tx.execute(
        sa.update(operation)
        .where(among(tx, operation.c.operation_id, numbers))
        .values(state=OperationState.DELIVERED, reason="", changed_at=now)
    )
    bulk.insert(tx, receipt, [_receipt(each, now) for each in arrivals])
    present = [each for each in arrivals if each.operation.want == Want.PRESENT]
    absent = [each for each in arrivals if each.operation.want == Want.ABSENT]
    _fate(tx, [each.operation.operation_id for each in present], Fate.DELIVERED, "")
    _fate(tx, [each.operation.operation_id for each in absent], Fate.EXCLUDED, None)
    crosswalks.link(tx, now, present)
    for each in absent:
        crosswalks.close(tx, now, each.operation)
    for each in arrivals:
        if each.receipt.effect != each.predicted:
            _total(tx, now, each)


def _receipt(each: Arrival, now: datetime) -> dict[str, Any]:
    row = each.operation
    return {
        "attempt_id": each.attempt_id,
        "operation_id": row.operation_id,
        "route": row.route,
        "posting": row.posting,
        "target": row.target,
        "kind": row.kind,
        "local_id": row.local_id,
        "part": row.part,
        "document_id": row.document_id,
        "revision": row.revision,
        "want": row.want,
        "remote_id": each.receipt.remote_id,
        "number": each.receipt.number,
        "unit": each.receipt.unit,
        "effect": each.receipt.effect,
        "bridge": each.bridge,
        "control": each.receipt.effect - sum(each.bridge.values(), Decimal(0)),
        "digest": each.digest,
        "body": each.receipt.body,
        "written_at": now,
    }


def _total(tx: Connection, now: datetime, each: Arrival) -> None:
    row = each.operation
    found = Problem(
        "SEND-TOTAL",
        f"{row.kind} {each.receipt.number} was predicted to change the books by {each.predicted} {each.receipt.unit}; "
        f"read back it is {each.receipt.effect}.",
        "Compare the document at the target with its source; the route's equation stays red by the difference until it is mended.",
    )
    problems.open_one(tx, now, row.target, row.kind, str(row.operation_id), found, operation_id=row.operation_id)


def settle(
    tx: Connection,
    now: datetime,
    row: Row[Any],
    attempt_id: int | None,
    state: OperationState,
    *,
    reason: str,
    found: Problem | None = None,
    not_before: datetime | None = None,
    attempt_state: AttemptState | None = None,
    fingerprint: str = "",
) -> None:
    """End an attempt without a receipt, or hold an operation before its first: refused, held, or ready again."""
    if attempt_id is not None and attempt_state is not None:
        tx.execute(sa.update(attempt).where(attempt.c.attempt_id == attempt_id).values(state=attempt_state))
    tx.execute(
        sa.update(operation)
        .where(operation.c.operation_id == row.operation_id)
        .values(state=state, reason=reason, not_before=not_before, changed_at=now, fingerprint=fingerprint)
    )
    if state in (OperationState.SUPERSEDED, OperationState.CANCELLED):
        return
    _fate(tx, [row.operation_id], Fate(state), reason)
    problems.replace(tx, now, row.target, row.kind, str(row.operation_id), [found] if found else [], operation_id=row.operation_id)


def reopen(tx: Connection, now: datetime, target: str, route: str, posting: str, fingerprint: str) -> None:
    """What was held or refused under other settings or other metadata of the target is tried again."""
    stuck = (OperationState.HELD, OperationState.REFUSED)
    again = list(
        tx.execute(
            sa.update(operation)
            .where(
                operation.c.target == target,
                operation.c.route == route,
                operation.c.posting == posting,
                operation.c.state.in_(stuck),
                operation.c.fingerprint.not_in(("", PERIOD, fingerprint)),
            )
            .values(state=OperationState.READY, reason="", fingerprint="", changed_at=now)
            .returning(operation.c.operation_id)
        ).scalars()
    )
    _fate(tx, again, Fate.READY, "")
    problems.close_operations(tx, now, again)


def needless(tx: Connection, now: datetime, row: Row[Any]) -> None:
    """Absence is wanted of what the target never had: nothing is sent, and the document is excluded for the planned reason."""
    tx.execute(
        sa.update(operation).where(operation.c.operation_id == row.operation_id).values(state=OperationState.CANCELLED, changed_at=now)
    )
    _fate(tx, [row.operation_id], Fate.EXCLUDED, None)


def unchanged(tx: Connection, now: datetime, rows: Sequence[Row[Any]]) -> None:
    """The target holds what is wanted, written for an older revision: nothing is sent, and the older receipts prove the newer one."""
    if not rows:
        return
    ended = list(
        tx.execute(
            sa.update(operation)
            .where(among(tx, operation.c.operation_id, [row.operation_id for row in rows]), operation.c.state == OperationState.READY)
            .values(state=OperationState.CANCELLED, reason=UNCHANGED, changed_at=now)
            .returning(operation.c.operation_id)
        ).scalars()
    )
    _fate(tx, ended, Fate.DELIVERED, "")
    problems.close_operations(tx, now, ended)


def newer_exists(tx: Connection, row: Row[Any]) -> bool:
    """Whether a later operation of the same subject has been planned."""
    return (
        tx.execute(
            sa.select(operation.c.operation_id)
            .where(
                operation.c.target == row.target,
                operation.c.kind == row.kind,
                operation.c.local_id == row.local_id,
                operation.c.part == row.part,
                operation.c.operation_id > row.operation_id,
            )
            .limit(1)
        ).first()
        is not None
    )


def _fate(tx: Connection, operations: Sequence[int], fate: Fate, reason: str | None) -> None:
    """Carry the state of operations over to the documents they stand for. Documents already planned anew are left alone."""
    if operations:
        values: dict[str, Any] = {"fate": fate}
        if reason is not None:
            values["reason"] = reason
        tx.execute(sa.update(disposition).where(among(tx, disposition.c.operation_id, operations)).values(**values))
