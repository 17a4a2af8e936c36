"""How far a step has worked through the documents, as one number per step and scope."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from pipelines.hub.tables import progress


def mark(tx: Connection, step: str, scope: str = "") -> tuple[int, str]:
    """The last document.seq that the step has worked, and the digest of the configuration it worked under."""
    row = tx.execute(sa.select(progress.c.seq, progress.c.digest).where(progress.c.step == step, progress.c.scope == scope)).one_or_none()
    return (int(row.seq), row.digest) if row else (0, "")


def put(tx: Connection, step: str, scope: str, seq: int, digest: str = "") -> None:
    """Move the mark, in the transaction of the work it stands for."""
    changed = tx.execute(
        sa.update(progress).where(progress.c.step == step, progress.c.scope == scope).values(seq=seq, digest=digest)
    ).rowcount
    if not changed:
        tx.execute(sa.insert(progress).values(step=step, scope=scope, seq=seq, digest=digest))
