"""Translate: dirty groups of landed rows become canonical revisions, in the order of their group keys; one transaction a batch.

A group is translated whole or not at all: one bad row holds its document, and each of its problems is named. A later good version of
the group closes them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from mappings.engine import Context
from mappings.identity import document_id
from mappings.model import Document, pack
from mappings.problem import Problem
from pipelines.hub import bulk, cursors, marks, problems
from pipelines.hub.bulk import among, length
from pipelines.hub.erase import hold_off
from pipelines.hub.leases import Lease, fence
from pipelines.hub.store import Hub, allocate
from pipelines.hub.tables import document, landed, lineage, source_head
from pipelines.hub.types import LARGEST
from pipelines.hub.words import Cause, Outcome
from pipelines.steps import twins
from pipelines.steps.ingest import Count, Source
from pipelines.steps.twins import Current
from taps._kit.points import at

STEP = "translate"
_CHARACTERS = 1 << 24
"""Text of a batch, one group more or less: two thousand rows of ten megabytes would fill the memory."""
_FILES = 3
"""Files that a problem names."""
_decoder = msgspec.json.Decoder(float_hook=Decimal)


@dataclass(slots=True)
class _Row:
    seq: int
    op: str
    outcome: str | None
    body: str | None
    location: str | None


@dataclass(slots=True)
class _Writes:
    documents: list[dict[str, Any]] = field(default_factory=list)
    sources: list[list[int]] = field(default_factory=list)
    replaced: list[int] = field(default_factory=list)
    outcomes: dict[Outcome, list[int]] = field(default_factory=dict)
    good: list[str] = field(default_factory=list)
    bad: list[tuple[str, list[Problem], str | None]] = field(default_factory=list)
    given_up: bool = False
    """Whether a group no longer makes a document that it made before."""


@dataclass(slots=True)
class _Group:
    """Rows that make documents together, and what they mean now."""

    key: str
    live: list[_Row]
    gone: list[_Row]
    """Deletes that nobody has worked on."""
    made: dict[UUID, Document] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    bad: set[int] = field(default_factory=set)
    """Which live rows have a problem of their own; none named: all of them."""
    outcome: Outcome | None = None
    """Set where nothing is made of the rows, whatever they hold."""

    @property
    def settled(self) -> bool:
        """Whether it is known what the group makes."""
        return self.outcome is None and not self.problems


def translate(hub: Hub, source: Source, context: Context, lease: Lease, limit: int = 2_000) -> Count:
    """Translate up to about `limit` dirty rows. Groups that are complete only at the end of a read wait until the read is over."""
    with hub.begin() as tx:
        fence(tx, lease)
        hold_off(tx)
        if source.mapping.complete_when == "end_of_read" and cursors.load(tx, source.connection, source.stream).reading:
            return Count()
        keys = _dirty(tx, source, limit)
        if not keys:
            return Count()
        writes = _Writes()
        now = hub.clock()
        groups = [_translated(source, context, key, rows) for key, rows in _groups(tx, source, keys)]
        _put_groups(tx, writes, source, context, groups, _current(tx, source, keys), now)
        _write(tx, source, writes, now)
        at("M1")
        worked = sum(len(seqs) for seqs in writes.outcomes.values())
        return Count(worked=max(worked, len(keys)), landed=len(writes.documents), problems=len(writes.bad))


def reopen(hub: Hub, source: Source, digest: str, lease: Lease) -> None:
    """Where mapping or lookups are no longer those of the last time, what they held back is tried again.

    What was translated stays: a document that is booked is not booked anew because a mapping changed.
    """
    scope = f"{source.connection}/{source.stream}"
    with hub.begin() as tx:
        fence(tx, lease)
        _seq, before = marks.mark(tx, STEP, scope)
        if before == digest:
            return
        stuck = (Outcome.PROBLEM, Outcome.HELD)
        tx.execute(sa.update(landed).where(*_of(source), landed.c.outcome.in_(stuck), landed.c.group_key.is_not(None)).values(outcome=None))
        marks.put(tx, STEP, scope, 0, digest)


def _dirty(tx: Connection, source: Source, limit: int) -> list[str]:
    """The first group keys with untranslated rows, so many that their rows are about `limit` and not too long; at least one."""
    found = tx.execute(
        sa.select(landed.c.group_key, sa.func.count(), sa.func.coalesce(sa.func.sum(length(tx, landed.c.body)), 0))
        .where(*_of(source), landed.c.outcome.is_(None))
        .group_by(landed.c.group_key)
        .order_by(landed.c.group_key)
        .limit(limit)
    )
    keys: list[str] = []
    rows = characters = 0
    for key, count, size in found:
        if keys and (rows + count > limit or characters + size > _CHARACTERS):
            break
        keys.append(key)
        rows += count
        characters += size
    return keys


def _of(source: Source) -> tuple[sa.ColumnElement[bool], ...]:
    return (landed.c.connection_id == source.connection, landed.c.stream == source.stream)


def _groups(tx: Connection, source: Source, keys: Sequence[str]) -> Iterator[tuple[str, list[_Row]]]:
    """Each group with its heads and whatever of it is still untranslated, in the order of landing."""
    is_head = sa.exists().where(
        source_head.c.connection_id == landed.c.connection_id,
        source_head.c.stream == landed.c.stream,
        source_head.c.key == landed.c.key,
        source_head.c.seq == landed.c.seq,
    )
    found = tx.execute(
        sa.select(landed.c.group_key, landed.c.seq, landed.c.op, landed.c.outcome, landed.c.body, landed.c.location)
        .where(*_of(source), among(tx, landed.c.group_key, keys), sa.or_(landed.c.outcome.is_(None), is_head))
        .order_by(landed.c.group_key, landed.c.seq)
    )
    group: list[_Row] = []
    name: str | None = None
    for key, *rest in found:
        if name is not None and key != name:
            yield name, group
            group = []
        name = key
        group.append(_Row(*rest))
    if name is not None:
        yield name, group


def _current(tx: Connection, source: Source, keys: Sequence[str]) -> dict[str, list[Current]]:
    found: dict[str, list[Current]] = {}
    for row in tx.execute(
        sa.select(
            document.c.group_key, document.c.document_id, document.c.revision, document.c.content_hash, document.c.deleted, document.c.seq
        ).where(
            document.c.connection_id == source.connection,
            document.c.stream == source.stream,
            among(tx, document.c.group_key, keys),
            document.c.current,
        )
    ):
        found.setdefault(row[0], []).append(Current(*row[1:]))
    return found


def _translated(source: Source, context: Context, key: str, rows: list[_Row]) -> _Group:
    """What a group means now; nothing is written yet."""
    group = _Group(key, [row for row in rows if row.op == "upsert"], [row for row in rows if row.op != "upsert"])
    if any(row.body is None for row in group.live):
        group.outcome = Outcome.EXCLUDED  # erased: what was made of these rows stays as it is
        return group
    bodies = [_decoder.decode(row.body or "") for row in group.live]
    if bodies and source.mapping.complete_when == "expression" and not source.mapping.complete(bodies, context):
        group.outcome = Outcome.HELD  # until a row comes that completes the group and makes it dirty again
        return group
    result = source.mapping.translate(bodies, context)
    group.made = {document_id(context.connection, each.type, each.source_id): each for each in result.documents}
    group.problems = [*result.problems, *(problem for made in result.documents for problem in _too_large(made))]
    group.bad = set(result.rows)
    for row in group.live:
        row.body = None  # a batch holds documents, not their sources too
    return group


def _too_large(made: Document) -> Iterator[Problem]:
    """What no database can count: rather a typing error than a sale."""
    money, cost = made.amount(), made.cost()
    measures = {
        "amount": money and money[0],
        "cost": cost and cost[0],
        "units": made.units(),
        "hours": made.hours(),
        "reserved": made.units_reserved(),
    }
    for name, value in measures.items():
        if value is not None and abs(value) >= LARGEST:
            say = f"{made.title} {made.number()}: its {name} ({value:f}) cannot be: {LARGEST:,} and more is not counted."
            yield Problem("MAP-TYPE", say, "Correct it at the source.", name)


def _put_groups(
    tx: Connection,
    writes: _Writes,
    source: Source,
    context: Context,
    groups: Sequence[_Group],
    current: Mapping[str, list[Current]],
    now: datetime,
) -> None:
    """Decide on each group, with an eye on documents that two of them make."""
    sound = {group.key: list(group.made) for group in groups if group.settled}
    owned = twins.owners(tx, source.connection, source.stream, sound, current)
    revised: set[UUID] = set()
    for group in groups:
        _mark(writes, Outcome.WORKED, group.gone)
        group.problems += [twins.twin(made, source.stream) for each, made in group.made.items() if (group.key, each) in owned.twins]
        if group.outcome is not None:
            _mark(writes, group.outcome, [row for row in group.live if row.outcome is None or group.outcome is Outcome.HELD])
        elif group.problems:
            bad = group.bad or set(range(len(group.live)))
            _mark(writes, Outcome.PROBLEM, [row for place, row in enumerate(group.live) if place in bad])
            _mark(writes, Outcome.HELD, [row for place, row in enumerate(group.live) if place not in bad])
            writes.bad.append((group.key, group.problems, _files(row for place, row in enumerate(group.live) if place in bad)))
        else:
            _mark(writes, Outcome.TRANSLATED if group.made else Outcome.EXCLUDED, group.live)
            writes.good.append(group.key)
            own = {each.document_id: each for each in current.get(group.key, ())}
            for identity, made in group.made.items():
                known = own.get(identity) or owned.taken_over.get(identity)
                _revise(writes, source, context, group, made, identity, known, now)
            revised |= group.made.keys()
    for group in groups:
        if group.settled:
            _vanish(writes, current.get(group.key, []), revised, now)


def _files(rows: Iterable[_Row]) -> str | None:
    """The files that these rows stand in, the first three of them; None where the source has none."""
    named = list(dict.fromkeys(row.location for row in rows if row.location))
    return ", ".join(named[:_FILES]) + (f" and {len(named) - _FILES} more" if len(named) > _FILES else "") if named else None


def _mark(writes: _Writes, outcome: Outcome, rows: list[_Row]) -> None:
    writes.outcomes.setdefault(outcome, []).extend(row.seq for row in rows if row.outcome != outcome)


def _revise(
    writes: _Writes, source: Source, context: Context, group: _Group, made: Document, identity: UUID, known: Current | None, now: datetime
) -> None:
    """Put the document as a new revision, unless it is what the newest one is."""
    body, private, digest = pack(made)
    if known is not None and known.content_hash == digest and known.deleted == made.source_deleted:
        return
    money, cost = made.amount(), made.cost()
    parents, party = made.parents(), made.party()
    if known is not None:
        writes.replaced.append(known.seq)
    writes.documents.append(
        {
            "document_id": identity,
            "revision": known.revision + 1 if known else 1,
            "current": True,
            "type": made.type,
            "connection_id": context.connection,
            "company_id": made.company or "group",
            "stream": source.stream,
            "group_key": group.key,
            "source_id": made.source_id,
            "number": made.number(),
            "body": body.decode(),
            "private": private.decode() if private else None,
            "content_hash": digest,
            "mapping": source.mapping.name,
            "mapping_version": source.mapping.version,
            "mapping_digest": source.mapping.digest,
            "cause": Cause.SOURCE,
            "business_date": made.business_date,
            "currency": money[1] if money else cost[1] if cost else "",
            "amount": money[0] if money else Decimal(0),
            "moves_money": made.moves_money(),
            "units": made.units(),
            "moves_stock": made.moves_stock(),
            "reserved": made.units_reserved(),
            "hours": made.hours() or Decimal(0),
            "cost": cost[0] if cost else Decimal(0),
            "parent_id": parents[0] if parents else None,
            "party": party[1] if party else None,
            "parts": _legs(made),
            "test": bool(getattr(made, "is_test", False)),
            "deleted": made.source_deleted,
            "translated_at": now,
        }
    )
    writes.sources.append([row.seq for row in group.live])


def _legs(made: Document) -> list[list[Any]] | None:
    """Legs with a business date of their own, as [name, date]; None for the usual document of one leg."""
    legs = made.parts()
    if len(legs) == 1 and not legs[0].name:
        return None
    return [[leg.name, leg.business_date.isoformat() if leg.business_date else None] for leg in legs]


def _vanish(writes: _Writes, before: list[Current], made: set[UUID], now: datetime) -> None:
    """A document whose rows are gone gets a last revision that says so; its body stays for the reversal."""
    for known in before:
        if known.document_id not in made and not known.deleted:
            writes.replaced.append(known.seq)
            writes.documents.append({"vanished": known, "translated_at": now})
            writes.sources.append([])
            writes.given_up = True


def _write(tx: Connection, source: Source, writes: _Writes, now: datetime) -> None:
    for outcome, seqs in writes.outcomes.items():
        if seqs:
            tx.execute(sa.update(landed).where(among(tx, landed.c.seq, seqs)).values(outcome=outcome))
    problems.close_many(tx, now, source.connection, source.stream, writes.good)
    for key, found, location in writes.bad:
        problems.replace(tx, now, source.connection, source.stream, key, found, location=location)
    if not writes.documents:
        return
    first = allocate(tx, "document", len(writes.documents))
    rows = [{**_whole(tx, values), "seq": first + place} for place, values in enumerate(writes.documents)]
    if writes.replaced:
        tx.execute(sa.update(document).where(among(tx, document.c.seq, writes.replaced)).values(current=False))
    bulk.insert(tx, document, rows)
    if writes.given_up:
        twins.try_again(tx, source.connection)
    pairs = [{"document_seq": first + place, "landed_seq": seq} for place, seqs in enumerate(writes.sources) for seq in seqs]
    if pairs:
        bulk.insert(tx, lineage, pairs)


def _whole(tx: Connection, values: dict[str, Any]) -> Mapping[str, Any]:
    """The values of a revision; for a vanished document those of its newest one, without money, stock and time."""
    known: Current | None = values.pop("vanished", None)
    if known is None:
        return values
    last = tx.execute(sa.select(document).where(document.c.seq == known.seq)).one()._asdict()
    nothing = {
        "amount": Decimal(0),
        "units": Decimal(0),
        "reserved": Decimal(0),
        "hours": Decimal(0),
        "cost": Decimal(0),
        "moves_money": False,
        "moves_stock": False,
    }
    return {**last, **nothing, **values, "revision": known.revision + 1, "deleted": True, "current": True}
