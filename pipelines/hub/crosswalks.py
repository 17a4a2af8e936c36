"""The crosswalk: which local thing is which record in which connection, and in which incarnation."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from pipelines.hub import bulk
from pipelines.hub.bulk import among
from pipelines.hub.ledger_tables import crosswalk
from pipelines.hub.store import allocate
from pipelines.hub.words import Origin
from targets._kit.writer import Receipt


class Proof(Protocol):
    """A receipt and the operation that it is of."""

    @property
    def operation(self) -> Row[Any]:
        """The operation row."""
        ...

    @property
    def receipt(self) -> Receipt:
        """As read back."""
        ...

    @property
    def adopted(self) -> bool:
        """Whether it was found, not written by this worker."""
        ...


def incarnations(tx: Connection, target: str, operations: Sequence[Row[Any]]) -> dict[tuple[str, UUID, str], int]:
    """Which incarnation of each subject is meant: the standing one, or the next where its crosswalk row was closed."""
    rows = tx.execute(
        sa.select(
            crosswalk.c.kind, crosswalk.c.local_id, crosswalk.c.part, crosswalk.c.incarnation, crosswalk.c.valid_to.is_(None).label("open")
        )
        .where(crosswalk.c.connection_id == target, among(tx, crosswalk.c.local_id, [row.local_id for row in operations]))
        .order_by(crosswalk.c.incarnation)
    )
    return {(row.kind, row.local_id, row.part): row.incarnation if row.open else row.incarnation + 1 for row in rows}


def link(tx: Connection, now: datetime, present: Sequence[Proof]) -> None:
    """Open a crosswalk row for each subject that has none."""
    if not present:
        return
    target = present[0].operation.target
    rows = tx.execute(
        sa.select(crosswalk.c.kind, crosswalk.c.local_id, crosswalk.c.part, crosswalk.c.incarnation, crosswalk.c.valid_to).where(
            crosswalk.c.connection_id == target, among(tx, crosswalk.c.local_id, [each.operation.local_id for each in present])
        )
    ).all()
    open_ones = {(row.kind, row.local_id, row.part) for row in rows if row.valid_to is None}
    last = {(row.kind, row.local_id, row.part): row.incarnation for row in sorted(rows, key=lambda row: row.incarnation)}
    new = [each for each in present if (each.operation.kind, each.operation.local_id, each.operation.part) not in open_ones]
    if not new:
        return
    first = allocate(tx, "crosswalk", len(new))
    bulk.insert(
        tx,
        crosswalk,
        [
            {
                "crosswalk_id": first + place,
                "connection_id": target,
                "kind": each.operation.kind,
                "local_id": each.operation.local_id,
                "part": each.operation.part,
                "remote_id": each.receipt.remote_id,
                "origin": Origin.ADOPTED if each.adopted else Origin.OURS,
                "incarnation": last.get((each.operation.kind, each.operation.local_id, each.operation.part), 0) + 1,
                "valid_from": now,
            }
            for place, each in enumerate(new)
        ],
    )


def close(tx: Connection, now: datetime, row: Row[Any]) -> None:
    """The subject's remote record is gone: its row ends, and what comes next is another incarnation."""
    tx.execute(
        sa.update(crosswalk)
        .where(
            crosswalk.c.connection_id == row.target,
            crosswalk.c.kind == row.kind,
            crosswalk.c.local_id == row.local_id,
            crosswalk.c.part == row.part,
            crosswalk.c.valid_to.is_(None),
        )
        .values(valid_to=now)
    )
