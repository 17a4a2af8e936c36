"""Two rows that make one document: nothing is overwritten in silence, and a row that replaces another takes its document over.

A document belongs to the group of rows that made it. Where another group makes it too, that group
    takes it over    if the first one no longer makes it, or its rows are gone: a row without a key that was corrected
    has a problem    if both are there: two rows with one id, or a key that does not tell what the id does

The problem closes by itself once the first one gives the document up.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from mappings.model import Document
from mappings.problem import Problem
from pipelines.hub.bulk import among
from pipelines.hub.tables import document, landed, problem, source_head
from pipelines.hub.words import Outcome

CODE = "MAP-TWIN"


class Current(NamedTuple):
    """The newest revision of a document."""

    document_id: UUID
    revision: int
    content_hash: str
    deleted: bool
    seq: int


class _Head(NamedTuple):
    key: str
    scope: str
    seen_in: int


@dataclass(slots=True)
class Owners:
    """Whose the documents of one batch are."""

    taken_over: dict[UUID, Current] = field(default_factory=dict)
    """Of another group that no longer makes it."""
    twins: set[tuple[str, UUID]] = field(default_factory=set)
    """(group, document) where another group has the document and keeps it."""


def owners(
    tx: Connection, connection_id: str, stream: str, made: Mapping[str, Sequence[UUID]], own: Mapping[str, Sequence[Current]]
) -> Owners:
    """Judge the documents of a batch: those that each sound group makes now, and those that each group made before."""
    found = Owners()
    strange = [(group, each) for group, identities in made.items() for each in identities if not _has(own.get(group, ()), each)]
    standing = _standing(tx, connection_id, {identity for _group, identity in strange}) if strange else {}
    groups = {(stream, group) for group, identity in strange if identity in standing}
    heads = _heads(tx, connection_id, groups | {(where, group) for where, group, _current in standing.values()}) if standing else {}
    first: dict[UUID, str] = {}
    for group, identity in strange:
        if first.setdefault(identity, group) != group:
            found.twins.add((group, identity))
        elif identity in standing:
            where, other, current = standing[identity]
            given_up = where == stream and other in made and identity not in made[other]
            mine = heads.get((stream, group), []) if where == stream else []
            if current.deleted or given_up or not _still_there(heads.get((where, other), []), mine):
                found.taken_over[identity] = current
            else:
                found.twins.add((group, identity))
    return found


def try_again(tx: Connection, connection_id: str) -> None:
    """A document was given up: rows that make it too are translated once more."""
    waiting = tx.execute(
        sa.select(problem.c.stream, problem.c.subject)
        .where(problem.c.connection_id == connection_id, problem.c.code == CODE, problem.c.closed_at.is_(None))
        .distinct()
    ).all()
    for stream in {row.stream for row in waiting}:
        tx.execute(
            sa.update(landed)
            .where(
                landed.c.connection_id == connection_id,
                landed.c.stream == stream,
                among(tx, landed.c.group_key, [row.subject for row in waiting if row.stream == stream]),
                landed.c.outcome.in_((Outcome.PROBLEM, Outcome.HELD)),
            )
            .values(outcome=None)
        )


def _has(before: Sequence[Current], identity: UUID) -> bool:
    return any(each.document_id == identity for each in before)


def twin(made: Document, stream: str) -> Problem:
    """What a person is told of it."""
    return Problem(
        CODE,
        f"{made.title} {made.number()}: another row makes this document already, and only one of them can be right.",
        f"Correct the id at the source; if one row replaces the other, name what tells rows apart as `key` of {stream} in the connection.",
        "source_id",
    )


def _standing(tx: Connection, connection_id: str, identities: set[UUID]) -> dict[UUID, tuple[str, str, Current]]:
    """The documents that are there already, with the stream and group that made them."""
    rows = tx.execute(
        sa.select(
            document.c.stream,
            document.c.group_key,
            document.c.document_id,
            document.c.revision,
            document.c.content_hash,
            document.c.deleted,
            document.c.seq,
        ).where(document.c.connection_id == connection_id, among(tx, document.c.document_id, identities), document.c.current)
    )
    return {row.document_id: (row.stream, row.group_key, Current(*row[2:])) for row in rows}


def _heads(tx: Connection, connection_id: str, groups: set[tuple[str, str]]) -> dict[tuple[str, str], list[_Head]]:
    """The rows of these groups (stream, group) that are there at the source, as far as is known."""
    found: dict[tuple[str, str], list[_Head]] = defaultdict(list)
    for stream in {stream for stream, _group in groups}:
        rows = tx.execute(
            sa.select(landed.c.group_key, source_head.c.key, source_head.c.scope, source_head.c.seen_in)
            .join(
                source_head,
                sa.and_(
                    source_head.c.connection_id == landed.c.connection_id,
                    source_head.c.stream == landed.c.stream,
                    source_head.c.key == landed.c.key,
                    source_head.c.seq == landed.c.seq,
                ),
            )
            .where(
                landed.c.connection_id == connection_id,
                landed.c.stream == stream,
                among(tx, landed.c.group_key, {group for where, group in groups if where == stream}),
                source_head.c.deleted.is_(False),
            )
        )
        for row in rows:
            found[stream, row.group_key].append(_Head(*row[1:]))
    return found


def _still_there(others: list[_Head], mine: list[_Head]) -> bool:
    """Whether any row of the other group still counts. One without a key does not, once its scope was read whole without it."""
    latest: dict[str, int] = {}
    for head in mine:
        latest[head.scope] = max(latest.get(head.scope, 0), head.seen_in)
    return any(not (head.key.startswith("#") and head.seen_in < latest.get(head.scope, 0)) for head in others)
