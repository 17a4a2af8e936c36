"""Landed rows and the current version of each key.

A row without a key of its own is keyed by its hash and the number of its occurrence in the read, so that equal rows count as often as
they stand in the source, in whatever order they come.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from mappings.problem import Problem
from pipelines.hub import bulk, problems
from pipelines.hub.bulk import among
from pipelines.hub.erase import suppressed
from pipelines.hub.store import allocate
from pipelines.hub.tables import landed, lineage, source_head
from pipelines.hub.words import Outcome
from taps._kit.reader import Tombstone

_GONE = ""
"""Content hash of a deleted head: whatever comes next differs from it."""


class Row(NamedTuple):
    """One row as ingest hands it over."""

    key: str | None
    digest: str
    version: str | None
    scope: str
    group: str | None
    body: str | None
    location: str | None
    problem: Problem | None
    raw: str | None
    """Text of a damaged row, kept for the person who looks at it."""


class Landed(NamedTuple):
    """What one batch put into `landed`."""

    rows: int
    damaged: int


class _Head(NamedTuple):
    seq: int
    content_hash: str
    source_version: str | None
    seen_in: int
    occurrences: int
    deleted: bool


@dataclass(slots=True)
class _Writes:
    """Rows for executemany, gathered over one batch."""

    landed: list[dict[str, Any]]
    new_heads: dict[str, dict[str, Any]]
    moved_heads: dict[str, dict[str, Any]]
    seen: list[str]
    replaced: list[int]
    damaged: list[tuple[str, Row]]


def land(tx: Connection, now: datetime, connection_id: str, stream: str, read_no: int, rows: Sequence[Row]) -> Landed:
    """Put the rows whose content differs from their head's, and make them heads."""
    if not rows:
        return Landed(0, 0)
    keyed, occurrences = _keys(tx, connection_id, stream, read_no, rows)
    heads = _load(tx, connection_id, stream, [key for key, _row in keyed])
    writes = _Writes([], {}, {}, [], [], [])
    erased = suppressed(tx, connection_id, stream, (name for key, row in keyed for name in (key, row.group) if name is not None))
    for key, row in keyed:
        if key in erased or row.group in erased:
            writes.seen.append(key)  # it is still there at the source, and nothing of it lands again
        else:
            _decide(writes, heads, key, row, read_no)
    _write(tx, now, connection_id, stream, read_no, writes)
    _count_occurrences(tx, connection_id, stream, read_no, occurrences)
    return Landed(len(writes.landed), len(writes.damaged))


def _keys(tx: Connection, connection_id: str, stream: str, read_no: int, rows: Sequence[Row]) -> tuple[list[tuple[str, Row]], Counter[str]]:
    """Each row with its key; and for rows without one, how often each hash was seen in this read so far."""
    bases = list({f"{_base(stream, row)}.1" for row in rows if row.key is None})
    seen: Counter[str] = Counter()
    for first, head in _load(tx, connection_id, stream, bases).items():
        if head.seen_in == read_no:
            seen[first] = head.occurrences
    keyed: list[tuple[str, Row]] = []
    for row in rows:
        if row.key is not None:
            keyed.append((_own(row.key), row))
            continue
        base = _base(stream, row)
        seen[f"{base}.1"] += 1
        keyed.append((f"{base}.{seen[f'{base}.1']}", row))
    return keyed, seen


def _base(stream: str, row: Row) -> str:
    """Key of a row that has none of its own, but for its occurrence: `!` for a damaged row, `#` for a good one."""
    mark = "!" if row.body is None else "#"
    return f"{mark}{row.digest}" if row.scope in ("", stream) else f"{mark}{row.scope}:{row.digest}"


def _own(key: str) -> str:
    """A source's own key, kept apart from those that we make."""
    return f"={key}" if key[:1] in ("!", "#", "=") else key


def _load(tx: Connection, connection_id: str, stream: str, keys: Sequence[str]) -> dict[str, _Head]:
    if not keys:
        return {}
    found = tx.execute(
        sa.select(
            source_head.c.key,
            source_head.c.seq,
            source_head.c.content_hash,
            source_head.c.source_version,
            source_head.c.seen_in,
            source_head.c.occurrences,
            source_head.c.deleted,
        ).where(source_head.c.connection_id == connection_id, source_head.c.stream == stream, among(tx, source_head.c.key, keys))
    )
    return {row[0]: _Head(*row[1:]) for row in found}


def _decide(writes: _Writes, heads: dict[str, _Head], key: str, row: Row, read_no: int) -> None:
    head = heads.get(key)
    if head is not None and head.content_hash == row.digest:
        writes.seen.append(key)
        return
    older = head is not None and row.version is not None and head.source_version is not None and row.version < head.source_version
    position = len(writes.landed)
    writes.landed.append(_landing(key, row, replaced=older))
    if row.problem is not None:
        writes.damaged.append((key, row))
    if older:
        writes.seen.append(key)
        return
    if head is not None and not head.deleted:
        writes.replaced.append(head.seq)
    values = {"position": position, "content_hash": row.digest, "source_version": row.version, "scope": row.scope}
    (writes.new_heads if head is None or key in writes.new_heads else writes.moved_heads)[key] = values
    # the same key may come again in this batch: it then meets this row as its head; its seq is negative until ids are handed out
    heads[key] = _Head(-1 - position, row.digest, row.version, read_no, 1, deleted=False)


def _landing(key: str, row: Row, *, replaced: bool) -> dict[str, Any]:
    outcome = Outcome.REPLACED if replaced else Outcome.PROBLEM if row.problem is not None else None
    return {
        "key": key,
        # a row without key or group is a group of its own: its document is that of its content
        "group_key": row.group if row.group is not None or row.problem is not None else key,
        "op": "upsert",
        "scope": row.scope,
        "source_version": row.version,
        "content_hash": row.digest,
        "body": row.body if row.body is not None else row.raw,
        "location": row.location,
        "outcome": outcome,
    }


def _write(tx: Connection, now: datetime, connection_id: str, stream: str, read_no: int, writes: _Writes) -> None:
    same = {"connection_id": connection_id, "stream": stream}
    if writes.landed:
        first = allocate(tx, "landed", len(writes.landed))
        for position, values in enumerate(writes.landed):
            values.update(same, seq=first + position, landed_at=now)
        within = [first + (-1 - seq) for seq in writes.replaced if seq < 0]
        for seq in within:
            writes.landed[seq - first]["outcome"] = writes.landed[seq - first]["outcome"] or Outcome.REPLACED
        bulk.insert(tx, landed, writes.landed)
        _heads(tx, same, read_no, first, writes)
        older = [seq for seq in writes.replaced if seq >= 0]
        if older:
            tx.execute(sa.update(landed).where(among(tx, landed.c.seq, older)).values(outcome=Outcome.REPLACED))
    if writes.seen:
        tx.execute(_of(same).where(among(tx, source_head.c.key, writes.seen)).values(seen_in=read_no))
    for key, row in writes.damaged:
        problems.open_one(tx, now, connection_id, stream, key, row.problem, location=row.location)


def _of(same: dict[str, str]) -> sa.Update:
    return sa.update(source_head).where(source_head.c.connection_id == same["connection_id"], source_head.c.stream == same["stream"])


def _heads(tx: Connection, same: dict[str, str], read_no: int, first: int, writes: _Writes) -> None:
    def values(key: str, head: dict[str, Any]) -> dict[str, Any]:
        rest = {name: value for name, value in head.items() if name != "position"}
        return {"key": key, "seq": first + head["position"], "seen_in": read_no, "deleted": False, **rest}

    if writes.new_heads:
        bulk.insert(tx, source_head, [{**same, **values(key, head)} for key, head in writes.new_heads.items()])
    if writes.moved_heads:
        statement = _of(same).where(source_head.c.key == sa.bindparam("this_key"))
        moved = [values(key, head) for key, head in writes.moved_heads.items()]
        tx.execute(statement, [{"this_key": row.pop("key"), **row} for row in moved])


def _count_occurrences(tx: Connection, connection_id: str, stream: str, read_no: int, occurrences: Counter[str]) -> None:
    """Remember on the first of equal rows how many of them this read has seen; 1 is what a head starts with."""
    same = {"connection_id": connection_id, "stream": stream}
    ones = [first for first, count in occurrences.items() if count == 1]
    if ones:
        tx.execute(_of(same).where(among(tx, source_head.c.key, ones), source_head.c.occurrences != 1).values(occurrences=1))
    many = [{"this_key": first, "count": count} for first, count in occurrences.items() if count > 1]
    if many:
        tx.execute(
            _of(same).where(source_head.c.key == sa.bindparam("this_key")).values(occurrences=sa.bindparam("count"), seen_in=read_no), many
        )


def bury(tx: Connection, now: datetime, connection_id: str, stream: str, tombstones: Iterable[Tombstone]) -> int:
    """Land a delete for each key that the source itself declares gone. An older version than the head's deletes nothing."""
    given = {_own(stone.key): stone for stone in tombstones}
    heads = _load(tx, connection_id, stream, list(given))
    gone = [
        key
        for key, head in heads.items()
        if not head.deleted and not (given[key].version and head.source_version and str(given[key].version) < head.source_version)
    ]
    _delete(tx, now, connection_id, stream, gone)
    return len(gone)


def absent(tx: Connection, connection_id: str, stream: str, scope: str, read_no: int) -> tuple[int, int]:
    """How many keys of the scope are known, and how many of them were not seen in this read. Damaged rows do not count."""
    known, gone = tx.execute(
        sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(sa.case((source_head.c.seen_in != read_no, 1), else_=0)), 0)).where(
            *_scope(connection_id, stream, scope), ~source_head.c.key.like("!%")
        )
    ).one()
    return int(known), int(gone)


def delete_absent(tx: Connection, now: datetime, connection_id: str, stream: str, scope: str, read_no: int) -> int:
    """Land a delete for each key of the scope that was not seen in this read."""
    keys = list(
        tx.execute(
            sa.select(source_head.c.key).where(
                *_scope(connection_id, stream, scope), source_head.c.seen_in != read_no, ~source_head.c.key.like("!%")
            )
        ).scalars()
    )
    _delete(tx, now, connection_id, stream, sorted(keys))
    return len(keys)


def forget_mended(tx: Connection, now: datetime, connection_id: str, stream: str, scope: str, read_no: int) -> None:
    """Rows that a whole read no longer met and that never came into a document were mended at the source: their problems close.

    These are damaged rows, and rows without a key in which translating found a problem: corrected, they are other rows.
    """
    in_problem = sa.exists().where(landed.c.seq == source_head.c.seq, landed.c.outcome == Outcome.PROBLEM)
    in_document = sa.exists().where(lineage.c.landed_seq == source_head.c.seq)
    untold = sa.and_(source_head.c.key.like("#%"), in_problem, ~in_document)
    keys = list(
        tx.execute(
            sa.select(source_head.c.key).where(
                *_scope(connection_id, stream, scope),
                source_head.c.seen_in != read_no,
                sa.or_(source_head.c.key.like("!%"), untold),
            )
        ).scalars()
    )
    _delete(tx, now, connection_id, stream, sorted(keys))
    for key in keys:
        if key[0] == "!":  # translating closes the others, with their group
            problems.close(tx, now, connection_id, stream, key)


def _scope(connection_id: str, stream: str, scope: str) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        source_head.c.connection_id == connection_id,
        source_head.c.stream == stream,
        source_head.c.scope == scope,
        source_head.c.deleted.is_(False),
    )


def _delete(tx: Connection, now: datetime, connection_id: str, stream: str, keys: Sequence[str]) -> None:
    if not keys:
        return
    same = {"connection_id": connection_id, "stream": stream}
    for start in range(0, len(keys), 500):
        part = keys[start : start + 500]
        rows = tx.execute(
            sa.select(source_head.c.key, source_head.c.seq, source_head.c.scope, landed.c.group_key, landed.c.outcome)
            .join(landed, landed.c.seq == source_head.c.seq)
            .where(source_head.c.connection_id == connection_id, source_head.c.stream == stream, source_head.c.key.in_(part))
            .order_by(source_head.c.key)
        ).all()
        first = allocate(tx, "landed", len(rows))
        tx.execute(
            sa.insert(landed),
            [
                {
                    **same,
                    "seq": first + place,
                    "key": row.key,
                    "group_key": row.group_key,
                    "op": "delete",
                    "scope": row.scope,
                    "content_hash": _GONE,
                    "outcome": Outcome.WORKED if row.group_key is None else None,
                    "landed_at": now,
                }
                for place, row in enumerate(rows)
            ],
        )
        untouched = [row.seq for row in rows if row.outcome is None]
        if untouched:
            tx.execute(sa.update(landed).where(landed.c.seq.in_(untouched)).values(outcome=Outcome.REPLACED))
        tx.execute(
            _of(same)
            .where(source_head.c.key == sa.bindparam("this_key"))
            .values(seq=sa.bindparam("new_seq"), content_hash=_GONE, deleted=True),
            [{"this_key": row.key, "new_seq": first + place} for place, row in enumerate(rows)],
        )
