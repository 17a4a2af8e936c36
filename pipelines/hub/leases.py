"""Who may work on what: leases with rising numbers, so that a worker that was paused and wakes late changes nothing.

A lock with a time limit is not a lock. Hence the number: each write transaction of a worker begins with `fence`, which changes exactly one
row or stops the transaction. A taker-over marks the old row dead in a transaction of its own, so one of the two comes too late.

Instants are those of the hub's clock. Clocks of workers on several hosts must agree to well under a lease's length; if they do not, a lease
may change hands early, and the fence still holds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from pipelines.hub.ledger_tables import lease as table
from pipelines.hub.store import Hub, allocate
from taps._kit.errors import Retryable

_LIVE = table.c.live == sa.true()  # as the partial index says it


class LeaseLost(Retryable):
    """Another worker has taken over; what this transaction did is rolled back."""


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to work on `name` until `expires_at`. `number` is higher than that of every earlier lease."""

    number: int
    name: str
    holder: str
    expires_at: datetime
    ttl: timedelta
    clock: Callable[[], datetime] = field(repr=False, compare=False)


def take(hub: Hub, name: str, holder: str, ttl: timedelta, is_gone: Callable[[str], bool] = lambda _holder: False) -> Lease | None:
    """A new lease on `name` for `ttl`, or None while somebody else holds it. Takes over one that has expired or whose holder is gone."""
    with hub.read() as tx:
        before = _held(tx, name, hub.clock())
        gone = before is not None and is_gone(before[1])
        if before is not None and not gone:  # the usual answer, without waiting for the counter
            return None
    with hub.begin() as tx:
        number = allocate(tx, "lease", 1)  # its row stays locked: takers come one after the other
        now = hub.clock()
        tx.execute(sa.delete(table).where(table.c.name == name, ~_LIVE))
        tx.execute(sa.update(table).where(table.c.name == name, _LIVE, table.c.expires_at <= now).values(live=False))
        if before is not None and gone:
            tx.execute(sa.update(table).where(table.c.number == before[0]).values(live=False))
        if _held(tx, name, now) is not None:
            return None
        tx.execute(sa.insert(table).values(number=number, name=name, holder=holder, expires_at=now + ttl, live=True))
        return Lease(number, name, holder, now + ttl, ttl, hub.clock)


def fence(tx: Connection, lease: Lease) -> datetime:
    """Prove, inside a write transaction, that the lease is still ours, and extend it by its length; its new end.

    Raises LeaseLost if another worker has taken over or it was released. Until the transaction ends nobody can take over.
    """
    end = lease.clock() + lease.ttl
    changed = tx.execute(sa.update(table).where(table.c.number == lease.number, _LIVE).values(expires_at=end)).rowcount
    if changed != 1:
        raise LeaseLost(
            f"Another worker has taken over {lease.name!r}; this one stops.", log=f"lease {lease.number} of {lease.name} is lost"
        )
    return end


def renew(hub: Hub, lease: Lease) -> Lease:
    """The same lease with a later end. Raises LeaseLost."""
    with hub.begin() as tx:
        return replace(lease, expires_at=fence(tx, lease))


def release(hub: Hub, lease: Lease) -> None:
    """Let others in at once. Nothing happens if the lease was lost meanwhile."""
    with hub.begin() as tx:
        tx.execute(sa.update(table).where(table.c.number == lease.number, _LIVE).values(live=False))


def live_numbers(tx: Connection, now: datetime) -> set[int]:
    """The numbers under which somebody may be working at this moment: live and not expired."""
    return set(tx.execute(sa.select(table.c.number).where(_LIVE, table.c.expires_at > now)).scalars())


def _held(tx: Connection, name: str, now: datetime) -> tuple[int, str] | None:
    """Number and holder of the lease in force."""
    row = tx.execute(sa.select(table.c.number, table.c.holder).where(table.c.name == name, _LIVE, table.c.expires_at > now)).first()
    return (row.number, row.holder) if row else None
