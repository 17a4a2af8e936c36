"""The outbox as plan sees it: what stands for a document on a posting, and what takes its place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from pipelines.hub import bulk
from pipelines.hub.bulk import among
from pipelines.hub.ledger_tables import disposition, operation, receipt
from pipelines.hub.periods import Closed
from pipelines.hub.store import allocate
from pipelines.hub.tables import document
from pipelines.hub.words import Fate, OperationState, Want

PERIOD = "period"
"""Fingerprint of what is held for a closed period."""
SUPERSEDABLE = (OperationState.READY, OperationState.WAITING, OperationState.HELD, OperationState.REFUSED)
"""An operation in doubt is never superseded: nobody knows what it did."""


@dataclass(slots=True)
class Standing:
    """What a document's part has on a posting before it is planned again."""

    fate: Fate
    representation: str
    """Stamped at the first planning; never changes."""
    booked: bool = False
    """Whether the target holds something of it, by the newest receipt."""
    booked_hash: str | None = None
    """Content of the revision that the target holds."""
    in_doubt: bool = False
    """Whether something was sent of which nobody knows the end yet: the target may hold it, whatever the receipts say."""


def standing(tx: Connection, route: str, posting: str, documents: Sequence[UUID]) -> dict[tuple[UUID, str], Standing]:
    """What stands for these documents on the posting, by (document, part)."""
    if not documents:
        return {}
    found = {
        (row.document_id, row.part): Standing(Fate(row.fate), row.representation)
        for row in tx.execute(
            sa.select(disposition.c.document_id, disposition.c.part, disposition.c.fate, disposition.c.representation).where(
                disposition.c.route == route, disposition.c.posting == posting, among(tx, disposition.c.document_id, documents)
            )
        )
    }
    if found:
        _add_doubts(tx, route, posting, found)  # before the receipts: what arrives meanwhile is then seen in one of the two
        _add_bookings(tx, route, posting, found)
    return found


def _add_doubts(tx: Connection, route: str, posting: str, found: Mapping[tuple[UUID, str], Standing]) -> None:
    rows = tx.execute(
        sa.select(operation.c.document_id, operation.c.part).where(
            operation.c.route == route,
            operation.c.posting == posting,
            operation.c.state == OperationState.IN_DOUBT,
            among(tx, operation.c.document_id, {identity for identity, _part in found}),
        )
    )
    for row in rows:
        each = found.get((row.document_id, row.part))
        if each is not None:
            each.in_doubt = True


def _add_bookings(tx: Connection, route: str, posting: str, found: Mapping[tuple[UUID, str], Standing]) -> None:
    rows = tx.execute(
        sa.select(receipt.c.document_id, receipt.c.part, receipt.c.want, document.c.content_hash)
        .join(document, sa.and_(document.c.document_id == receipt.c.document_id, document.c.revision == receipt.c.revision))
        .where(
            receipt.c.route == route,
            receipt.c.posting == posting,
            receipt.c.document_id.in_({identity for identity, _part in found}),
        )
        .order_by(receipt.c.attempt_id)
    )
    for row in rows:
        each = found.get((row.document_id, row.part))
        if each is not None:
            each.booked = row.want == Want.PRESENT
            each.booked_hash = row.content_hash if each.booked else None


def elsewhere(tx: Connection, target: str, route: str, posting: str, documents: Sequence[UUID]) -> dict[tuple[UUID, str, str], str]:
    """Which of these documents another posting has already taken to the same target: (document, part, effect) → its name."""
    if not documents:
        return {}
    rows = tx.execute(
        sa.select(disposition.c.document_id, disposition.c.part, disposition.c.effect, disposition.c.route, disposition.c.posting).where(
            disposition.c.target == target,
            among(tx, disposition.c.document_id, documents),
            disposition.c.fate.not_in((Fate.EXCLUDED, Fate.MERGED)),
            sa.or_(disposition.c.route != route, disposition.c.posting != posting),
        )
    )
    return {(row.document_id, row.part, row.effect): f"{row.route}/{row.posting}" for row in rows}


def fates(tx: Connection, route: str, posting: str, documents: Iterable[UUID]) -> dict[UUID, Fate | None]:
    """The fate of each of these documents on the posting; of one with several parts, any."""
    wanted = set(documents)
    if not wanted:
        return {}
    rows = tx.execute(
        sa.select(disposition.c.document_id, disposition.c.fate).where(
            disposition.c.route == route, disposition.c.posting == posting, among(tx, disposition.c.document_id, wanted)
        )
    )
    return {row.document_id: Fate(row.fate) for row in rows}


def supersede(tx: Connection, now: datetime, route: str, posting: str, documents: Sequence[UUID]) -> None:
    """What was planned for older revisions of these documents, and has not been sent, gives way; what is in doubt is resolved first."""
    if documents:
        tx.execute(
            sa.update(operation)
            .where(
                operation.c.route == route,
                operation.c.posting == posting,
                operation.c.document_id.in_(documents),
                operation.c.state.in_(SUPERSEDABLE),
            )
            .values(state=OperationState.SUPERSEDED, changed_at=now)
        )


def open_periods(tx: Connection, now: datetime, route: str, closed: Closed) -> int:
    """What was held for a closed period is ready again where the period is open. Gives how many."""
    held = tx.execute(
        sa.select(operation.c.operation_id, operation.c.company_id, operation.c.part, document.c.business_date, document.c.parts)
        .join(document, document.c.seq == operation.c.document_seq)
        .where(operation.c.route == route, operation.c.state == OperationState.HELD, operation.c.fingerprint == PERIOD)
    ).all()
    free = [row.operation_id for row in held if not closed.covers(row.company_id, leg_date(row, row.part))]
    if free:
        ready = {"state": OperationState.READY, "reason": "", "fingerprint": "", "changed_at": now}
        tx.execute(sa.update(operation).where(among(tx, operation.c.operation_id, free)).values(**ready))
        tx.execute(sa.update(disposition).where(among(tx, disposition.c.operation_id, free)).values(fate=Fate.READY, reason=""))
    return len(free)


def leg_date(row: Any, part: str) -> date | None:
    """Business date of one leg of a document row."""
    for name, day in row.parts or ():
        if name == part:
            return date.fromisoformat(day) if day else None
    day_of_all: date | None = row.business_date
    return day_of_all


def add(tx: Connection, operations: Sequence[dict[str, Any]]) -> int:
    """Put operations; gives the id of the first, the others follow in order."""
    if not operations:
        return 0
    first = allocate(tx, "operation", len(operations))
    bulk.insert(tx, operation, [{**row, "operation_id": first + place} for place, row in enumerate(operations)])
    return first


def dispose(tx: Connection, dispositions: Sequence[dict[str, Any]], first_operation: int) -> None:
    """Put the fates that plan decided. `operation` is a place in the list that `add` was given, or None."""
    new: list[dict[str, Any]] = []
    changed: list[dict[str, Any]] = []
    for given in dispositions:
        row = {key: value for key, value in given.items() if key not in ("standing", "operation")}
        row["operation_id"] = None if given["operation"] is None else first_operation + given["operation"]
        (changed if given["standing"] else new).append(row)
    if new:
        bulk.insert(tx, disposition, new)
    if changed:
        keys = ("route", "posting", "document_id", "part")
        statement = sa.update(disposition).where(*(disposition.c[key] == sa.bindparam(f"this_{key}") for key in keys))
        tx.execute(statement, [{**{f"this_{key}": row.pop(key) for key in keys}, **row} for row in changed])
