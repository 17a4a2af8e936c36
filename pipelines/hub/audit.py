"""The audit log: who did what, in a chain that shows any change of it.

Each row carries an HMAC over itself and over the row before it; the key is not in the database. What was done is stored as a digest only:
personal data can be erased without breaking the chain, and who holds the content can still prove that it is the one. Triggers refuse UPDATE
and DELETE; whoever removes them is found by `Audit.verify`, and a tail that was cut off by an anchor kept elsewhere.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from pipelines.hub.keys import Keys
from pipelines.hub.ledger_tables import audit as table
from pipelines.hub.store import Hub, allocate

_canonical = msgspec.json.Encoder(order="sorted", decimal_format="string")
_BATCH = 2_000


@dataclass(frozen=True, slots=True)
class Anchor:
    """How long the log is and what its last row says; kept outside the database (close pack, mail, file)."""

    count: int
    chain: str


class Audit:
    """The audit log of a hub."""

    def __init__(self, hub: Hub, keys: Keys) -> None:
        self._hub = hub
        self._keys = list(keys.derived("counterfoil audit").values())  # newest first

    def record(self, tx: Connection, actor: str, action: str, subject: str, content: object) -> int:
        """Append one row inside the transaction of what it tells of; its number.

        `subject` and `actor` are ids, never personal fields. `content` is what JSON can hold, Decimal, date and UUID included; only its
        keyed digest is stored.
        """
        number = allocate(tx, "audit", 1)  # the counter's row stays locked, so rows are chained in their order
        before = tx.execute(sa.select(table.c.chain).where(table.c.audit_id == number - 1)).scalar() or ""
        at, digest = self._hub.clock(), self.digest(content)
        chain = _link(self._keys[0], number, at, actor, action, subject, digest, before)
        row = {"audit_id": number, "at": at, "actor": actor, "action": action, "subject": subject, "digest": digest, "chain": chain}
        tx.execute(sa.insert(table).values(row))
        return number

    def digest(self, content: object) -> str:
        """The keyed digest of a content: whoever has the content and the key can compare it with a row."""
        return hmac.new(self._keys[0], _canonical.encode(content), hashlib.sha256).hexdigest()

    def anchor(self) -> Anchor:
        """The log's end as it is now."""
        with self._hub.read() as tx:
            last = tx.execute(sa.select(table.c.audit_id, table.c.chain).order_by(table.c.audit_id.desc()).limit(1)).first()
        return Anchor(*last) if last else Anchor(0, "")

    def verify(self, anchor: Anchor | None = None) -> int | None:
        """The number of the first row that is not what was written, or is missing; None if all is well.

        Without an anchor a tail that was cut off cannot be seen.
        """
        keys, before, expected = list(reversed(self._keys)), "", 0
        with self._hub.read() as tx:
            for row in _rows(tx):
                expected += 1
                while keys and not hmac.compare_digest(
                    _link(keys[0], row.audit_id, row.at, row.actor, row.action, row.subject, row.digest, before), row.chain
                ):
                    keys.pop(0)  # from here on a newer key must have signed: an older one never signs again
                if not keys or (anchor and anchor.count == expected and anchor.chain != row.chain):
                    return expected
                before = row.chain
        return expected + 1 if anchor and anchor.count > expected else None


def _rows(tx: Connection) -> Iterator[Any]:
    columns = (table.c.audit_id, table.c.at, table.c.actor, table.c.action, table.c.subject, table.c.digest, table.c.chain)
    return iter(tx.execution_options(yield_per=_BATCH).execute(sa.select(*columns).order_by(table.c.audit_id)))


def _link(key: bytes, number: int, at: datetime, actor: str, action: str, subject: str, digest: str, before: str) -> str:
    return hmac.new(key, _canonical.encode([number, at, actor, action, subject, digest, before]), hashlib.sha256).hexdigest()
