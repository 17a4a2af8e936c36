"""Rate budgets: a token bucket in the hub, shared by all processes of a connection, which survives a restart.

Nothing here waits. Who gets no token is told the instant before which not to ask again, stores it as `not_before` of its rows and goes on
with other work: a vendor may say "in 18 hours".
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection

from pipelines.hub.ledger_tables import budget as table
from pipelines.hub.store import Hub

_KEPT = Decimal("0.000001")  # what the hub keeps of a token


@dataclass(frozen=True, slots=True)
class Budget:
    """One bucket of a connection: at most `capacity` calls at once, `per_second` new ones. A changed limit counts from the next take."""

    hub: Hub
    connection: str
    bucket: str
    capacity: Decimal
    per_second: Decimal

    def take(self, tokens: int = 1) -> datetime | None:
        """Take `tokens`, all or none: None is "go ahead", an instant is "not before". Raises ValueError beyond the capacity."""
        if not 0 < tokens <= self.capacity or self.per_second <= 0:
            raise ValueError(f"{tokens} of {self.capacity} tokens at {self.per_second} a second can never be taken")
        with self.hub.begin() as tx:
            now = self.hub.clock()
            row = self._row(tx, now)
            if row.not_before is not None and row.not_before > now:
                return row.not_before  # type: ignore[no-any-return]
            start = self._start(row, now)
            available = self._available(row, start, now)
            if available < tokens:
                if start != row.refilled_at:
                    self._write(tx, refilled_at=start)
                return now + _seconds((tokens - available) / self.per_second)
            left = (available - tokens).quantize(_KEPT, ROUND_FLOOR)
            self._write(tx, tokens=left, refilled_at=max(now, start))
            return None

    def hold_until(self, instant: datetime) -> None:
        """Let nobody call before `instant`, as a vendor's Retry-After says. An earlier instant than the one in force changes nothing."""
        with self.hub.begin() as tx:
            row = self._row(tx, self.hub.clock())
            if row.not_before is None or row.not_before < instant:
                self._write(tx, not_before=instant)

    def _row(self, tx: Connection, now: datetime) -> Any:
        """The bucket's row, locked until the transaction ends; made full at its first use."""
        found = tx.execute(sa.select(table).where(*self._mine).with_for_update()).first()
        if found is None:
            tx.execute(self._insert(tx.dialect.name, now))
            found = tx.execute(sa.select(table).where(*self._mine).with_for_update()).one()
        return found

    def _insert(self, dialect: str, now: datetime) -> Any:
        insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
        full = {"capacity": self.capacity, "refill_per_second": self.per_second, "tokens": self.capacity, "refilled_at": now}
        return insert(table).values(connection_id=self.connection, bucket=self.bucket, **full).on_conflict_do_nothing()

    def _available(self, row: Any, start: datetime, now: datetime) -> Decimal:
        elapsed = Decimal((now - start) // timedelta(microseconds=1)).scaleb(-6)
        grown: Decimal = row.tokens + max(elapsed, Decimal(0)) * self.per_second
        return min(grown, self.capacity)

    def _start(self, row: Any, now: datetime) -> datetime:
        """From when on tokens grow. An instant so far ahead that the bucket would be full by then is a clock that was put back."""
        ahead = row.refilled_at - now > _seconds(self.capacity / self.per_second)
        return now if ahead else row.refilled_at

    def _write(self, tx: Connection, **values: Any) -> None:
        limits = {"capacity": self.capacity, "refill_per_second": self.per_second}
        tx.execute(sa.update(table).where(*self._mine).values(**limits, **values))

    @property
    def _mine(self) -> tuple[sa.ColumnElement[bool], ...]:
        return table.c.connection_id == self.connection, table.c.bucket == self.bucket


def _seconds(value: Decimal) -> timedelta:
    """Rounded up to what a clock can show, so that at this instant the tokens are there."""
    return timedelta(microseconds=int(value.scaleb(6).to_integral_value(ROUND_CEILING)))
