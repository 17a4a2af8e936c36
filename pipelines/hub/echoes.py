"""What comes back through a tap because we wrote it: a person, buyer or item that is the source's own only by sight.

Without this two systems that are both source and target would hand each other the same person for ever. Where a system keeps no mark of
ours, the crosswalk knows: the source's id is the id under which we wrote.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from pipelines.hub.bulk import among
from pipelines.hub.ledger_tables import crosswalk

_KINDS = {"employee": ("employee",), "customer": ("contact", "customer"), "supplier": ("supplier",), "product": ("item", "part")}
"""Records by document type: the kinds under which targets hold them."""


def echoes(tx: Connection, target: str, rows: Sequence[Row[Any]], same_account: Mapping[str, Sequence[str]]) -> dict[UUID, str]:
    """Which of these documents are left out of a posting to that target, and why.

    A record goes never into the account that it was read from; and one that we wrote there goes nowhere.
    """
    found: dict[UUID, str] = {}
    for source, writers in same_account.items():
        mine = [row for row in rows if row.connection_id == source and row.type in _KINDS] if writers else []
        if not mine:
            continue
        ours = _written(tx, writers, [row.source_id for row in mine])
        for row in mine:
            if target in writers:
                found[row.document_id] = "it was read from there"
            elif any((kind, row.source_id) in ours for kind in _KINDS[row.type]):
                found[row.document_id] = f"we wrote it into {source}"
    return found


def _written(tx: Connection, writers: Sequence[str], ids: Sequence[str]) -> set[tuple[str, str]]:
    """Kind and remote id of what stands under these ids."""
    rows = tx.execute(
        sa.select(crosswalk.c.kind, crosswalk.c.remote_id).where(
            crosswalk.c.connection_id.in_(writers), among(tx, crosswalk.c.remote_id, ids), crosswalk.c.valid_to.is_(None)
        )
    )
    return {(row.kind, row.remote_id) for row in rows}
