"""Ingest: what a reader hands over is landed together with the state that it stands for, one transaction a batch.

A row lands when its hash differs from its head's, not from history: A, then B, then A again are three landings. Rows without a key get
one: hash of the row and its occurrence number among equal rows of the same read.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from hashlib import blake2b

import msgspec
from sqlalchemy.engine import Connection

from mappings.language import Mapping as StreamMapping
from mappings.problem import Problem
from pipelines.hub import cursors, heads, problems
from pipelines.hub.leases import Lease, fence
from pipelines.hub.store import Hub
from taps._kit.errors import Fatal
from taps._kit.points import at
from taps._kit.reader import Complete, Damaged, Mended, Message, Notice, Reader, Record, Start, State, Tombstone
from taps._kit.surroundings import Surroundings

_encoder = msgspec.json.Encoder(decimal_format="number", order="sorted", enc_hook=str)
_DELETE_FLOOR = 10
_DELETE_SHARE = Decimal("0.01")


@dataclass(slots=True)
class Count:
    """What one call of a step did. `worked` is 0 when nothing was left."""

    worked: int = 0
    landed: int = 0
    repeated: int = 0
    problems: int = 0
    blocked: bool = False
    """The target lets nobody in for now: what is left waits for another run."""

    def add(self, other: Count) -> None:
        """Take up what another call did."""
        self.worked += other.worked
        self.landed += other.landed
        self.repeated += other.repeated
        self.problems += other.problems
        self.blocked |= other.blocked


@dataclass(slots=True)
class _Batch:
    """Messages between two States."""

    rows: list[heads.Row] = field(default_factory=list)
    tombstones: list[Tombstone] = field(default_factory=list)
    complete: list[Complete] = field(default_factory=list)
    mended: list[Mended] = field(default_factory=list)
    notices: list[Problem] = field(default_factory=list)
    fresh: bool = False


@dataclass(frozen=True, slots=True)
class Source:
    """One stream of one connection, as ingest and translate need it."""

    connection: str
    stream: str
    mapping: StreamMapping
    snapshot: bool = False


def ingest(
    hub: Hub, source: Source, reader: Reader, around: Surroundings, lease: Lease, seen: Callable[[int], None] = lambda _rows: None
) -> Count:
    """Read the stream to its end. `seen` is told the rows handed over so far. Interrupted anywhere, the next call goes on from there."""
    with hub.read() as tx:
        state = cursors.load(tx, source.connection, source.stream)
    total = Count()
    batch, said = _Batch(), 0
    for message in reader.read(source.stream, state.value or None, around):
        if isinstance(message, State):
            total.add(_commit(hub, source, batch, message, lease))
            batch, said = _Batch(), said + len(batch.notices)
            seen(total.worked)
        else:
            _collect(source, batch, message)
    _finish(hub, source, batch, said, lease)
    return total


def _collect(source: Source, batch: _Batch, message: Message) -> None:
    match message:
        case Record():
            batch.rows.append(_row(source, message))
        case Damaged():
            raw = message.raw.encode("utf-8", "replace")
            batch.rows.append(
                heads.Row(
                    None, _digest(raw), None, message.scope, None, None, message.where, message.problem, raw.decode("utf-8", "replace")
                )
            )
        case Tombstone():
            batch.tombstones.append(message)
        case Complete():
            batch.complete.append(message)
        case Mended():
            batch.mended.append(message)
        case Notice():
            batch.notices.append(message.problem)
        case Start():
            batch.fresh = True


def _row(source: Source, record: Record) -> heads.Row:
    body = _encoder.encode(record.body)
    digest = _digest(body)
    group = source.mapping.group_key(record.body) if source.mapping.grouped else record.key
    where = record.where or None
    if isinstance(group, Problem):
        return heads.Row(record.key, digest, record.version, record.scope, None, None, where, group, body.decode())
    return heads.Row(record.key, digest, record.version, record.scope, group, body.decode(), where, None, None)


def _digest(body: bytes) -> str:
    return blake2b(body, digest_size=16).hexdigest()


def _commit(hub: Hub, source: Source, batch: _Batch, state: State, lease: Lease) -> Count:
    with hub.begin() as tx:
        fence(tx, lease)
        cursor = cursors.load(tx, source.connection, source.stream)
        read_no = cursors.read_number(cursor, fresh=batch.fresh)
        landed = heads.land(tx, hub.clock(), source.connection, source.stream, read_no, batch.rows)
        heads.bury(tx, hub.clock(), source.connection, source.stream, batch.tombstones)
        for complete in batch.complete:
            _absences(tx, hub, source, complete, read_no)
        for mended in batch.mended:
            heads.forget_mended(tx, hub.clock(), source.connection, source.stream, mended.scope, read_no)
        problems.notices(tx, hub.clock(), source.connection, source.stream, batch.notices)
        at("L2")
        cursors.store(
            tx,
            hub.clock(),
            source.connection,
            source.stream,
            state,
            repeated=len(batch.rows) - landed.rows,
            read_no=read_no,
            reading=not batch.complete,
        )
    return Count(worked=len(batch.rows), landed=landed.rows, repeated=len(batch.rows) - landed.rows, problems=landed.damaged)


def _finish(hub: Hub, source: Source, batch: _Batch, said: int, lease: Lease) -> None:
    """The reader came to its end: what it said of the source as a whole stands, and where it said nothing, nothing stands any more."""
    if batch.rows or batch.tombstones:
        raise Fatal(f"The reader of {source.connection}/{source.stream} ended without a State for its last records.")
    with hub.begin() as tx:
        fence(tx, lease)
        problems.notices(tx, hub.clock(), source.connection, source.stream, batch.notices)
        if not said + len(batch.notices):
            problems.close(tx, hub.clock(), source.connection, source.stream, problems.STREAM)
        cursors.rest(tx, source.connection, source.stream)


def _absences(tx: Connection, hub: Hub, source: Source, complete: Complete, read_no: int) -> None:
    """Deletes by absence: only of a snapshot, only after a whole read that found something, and only few at once."""
    if complete.count <= 0:
        return
    now = hub.clock()
    heads.forget_mended(tx, now, source.connection, source.stream, complete.scope, read_no)
    if not source.snapshot:
        return
    known, gone = heads.absent(tx, source.connection, source.stream, complete.scope, read_no)
    many = gone > max(_DELETE_FLOOR, int(known * _DELETE_SHARE))
    held = [_too_many(source, known, gone)] if many else []
    problems.replace(tx, now, source.connection, source.stream, problems.ABSENCES, held)
    if not many:
        heads.delete_absent(tx, now, source.connection, source.stream, complete.scope, read_no)


def _too_many(source: Source, known: int, gone: int) -> Problem:
    return Problem(
        "READ-ABSENT",
        f"{gone} of {known} records are no longer in {source.stream}; that is too many at once to be taken as deleted.",
        "Look whether the source is whole; export it again where it is not.",
    )
