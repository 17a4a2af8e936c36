"""A person says so: refused and held operations go on their way again, without waiting for something about them to change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from pipelines.hub import periods
from pipelines.hub.ledger_tables import disposition, operation
from pipelines.hub.outbox import leg_date
from pipelines.hub.queries import STUCK
from pipelines.hub.tables import document, problem
from pipelines.hub.words import Fate, OperationState


@dataclass(frozen=True, slots=True)
class Retried:
    """What became of the wish."""

    ready: tuple[int, ...]
    """Operations that the next run sends."""
    in_closed_period: tuple[int, ...]
    """Left as they are: their period is still closed."""
    others: tuple[int, ...]
    """Asked for by number, but neither refused nor held now, or not there."""


def retry(tx: Connection, now: datetime, numbers: Sequence[int] | None = None) -> Retried:
    """Make stuck operations ready: these, or all of them. Their problems close; what is refused again opens a new one."""
    wanted = (
        sa.select(operation.c.operation_id, operation.c.company_id, operation.c.part, document.c.business_date, document.c.parts)
        .join(document, document.c.seq == operation.c.document_seq)
        .where(operation.c.state.in_(STUCK))
        .order_by(operation.c.operation_id)
    )
    if numbers is not None:
        wanted = wanted.where(operation.c.operation_id.in_(numbers))
    stuck = tx.execute(wanted).all()
    closed = periods.closed(tx)
    shut = tuple(row.operation_id for row in stuck if closed.covers(row.company_id, leg_date(row, row.part)))
    ready = tuple(row.operation_id for row in stuck if row.operation_id not in shut)
    for start in range(0, len(ready), 500):
        _ready(tx, now, ready[start : start + 500])
    found = {row.operation_id for row in stuck}
    return Retried(ready, shut, tuple(number for number in numbers or () if number not in found))


def _ready(tx: Connection, now: datetime, numbers: Sequence[int]) -> None:
    tx.execute(
        sa.update(operation)
        .where(operation.c.operation_id.in_(numbers), operation.c.state.in_(STUCK))
        .values(state=OperationState.READY, reason="", not_before=None, fingerprint="", changed_at=now)
    )
    tx.execute(sa.update(disposition).where(disposition.c.operation_id.in_(numbers)).values(fate=Fate.READY, reason=""))
    tx.execute(sa.update(problem).where(problem.c.operation_id.in_(numbers), problem.c.closed_at.is_(None)).values(closed_at=now))
