"""Plan: each new revision gets a fate on every posting of the route, and an operation where something is to be done.

Reads the documents in the order of their seq, from the route's mark on. Nothing is sent here; what plan decides rests on columns
alone, so that a million documents can be planned again without opening one of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from mappings.language import GROUP_COMPANY
from mappings.posting import EFFECTS
from pipelines.home.settings import Policy, Posting, Route
from pipelines.hub import echoes, marks, outbox, periods
from pipelines.hub.leases import Lease, fence
from pipelines.hub.measures import COLUMNS, moves
from pipelines.hub.store import Hub
from pipelines.hub.tables import document, member
from pipelines.hub.words import Fate, OperationState, Want
from pipelines.steps import resolve
from pipelines.steps.ingest import Count

STEP = "plan"
_RECORD_TYPES = resolve.ENTITY_TYPES
_IDLE = {
    "money": "no money",
    "stock": "moves no stock",
    "reserve": "nothing left to hand over",
    "hours": "no hours",
    "cost": "no cost",
    "record": "nothing to do",
}
_OPEN = (Fate.READY, Fate.WAITING, Fate.HELD, Fate.REFUSED, Fate.IN_DOUBT)


class _Decision(NamedTuple):
    fate: Fate
    reason: str = ""
    want: Want = Want.PRESENT
    parent: UUID | None = None


@dataclass(slots=True)
class _Posted:
    """What a batch of documents gets on one posting."""

    operations: list[dict[str, Any]] = field(default_factory=list)
    dispositions: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _View:
    """What plan knows of a batch before it decides: all of it read in few statements."""

    standing: Mapping[tuple[UUID, str], outbox.Standing]
    elsewhere: Mapping[tuple[UUID, str, str], str]
    parents: Mapping[UUID, Fate | None]
    entities: Mapping[UUID, UUID]
    closed: periods.Closed
    echoes: Mapping[UUID, str]


def plan(hub: Hub, route: Route, lease: Lease, same_account: Mapping[str, Sequence[str]] | None = None, limit: int = 2_000) -> Count:
    """Plan the next revisions of the route's sources on all of its postings.

    `same_account` names, by source, the target connections that write into the account which it reads.
    """
    with hub.begin() as tx:
        fence(tx, lease)
        done, _digest = marks.mark(tx, STEP, route.name)
        ceiling, _digest = marks.mark(tx, resolve.STEP)
        rows = _next(tx, route, done, ceiling, limit)
        if not rows:
            if ceiling > done:
                marks.put(tx, STEP, route.name, ceiling)
            return Count()
        newest = [row for row in rows if row.current]
        for posting in route.posting:
            # first, so that what deliver claims meanwhile is seen as in doubt and what it has not claimed can no longer be
            outbox.supersede(tx, hub.clock(), route.name, posting.name, [row.document_id for row in newest])
            _write(tx, _plan_posting(tx, route, posting, newest, hub.clock(), same_account or {}))
        marks.put(tx, STEP, route.name, rows[-1].seq)
        return Count(worked=len(rows))


def open_periods(hub: Hub, route: Route, lease: Lease) -> None:
    """What waited for a period that is open again is ready."""
    with hub.begin() as tx:
        fence(tx, lease)
        outbox.open_periods(tx, hub.clock(), route.name, periods.closed(tx))


def _next(tx: Connection, route: Route, done: int, ceiling: int, limit: int) -> Sequence[Any]:
    return tx.execute(
        sa.select(
            document.c.seq,
            document.c.document_id,
            document.c.revision,
            document.c.current,
            document.c.type,
            document.c.company_id,
            document.c.number,
            document.c.business_date,
            document.c.parent_id,
            document.c.test,
            document.c.deleted,
            document.c.content_hash,
            document.c.connection_id,
            document.c.source_id,
            *COLUMNS,
        )
        .where(document.c.seq > done, document.c.seq <= ceiling, document.c.connection_id.in_(route.sources))
        .order_by(document.c.seq)
        .limit(limit)
    ).all()


def _plan_posting(
    tx: Connection, route: Route, posting: Posting, rows: Sequence[Row[Any]], now: datetime, same_account: Mapping[str, Sequence[str]]
) -> _Posted:
    identities = [row.document_id for row in rows]
    view = _View(
        standing=outbox.standing(tx, route.name, posting.name, identities),
        elsewhere=outbox.elsewhere(tx, posting.target, route.name, posting.name, identities),
        parents=outbox.fates(tx, route.name, posting.name, [row.parent_id for row in rows if row.parent_id]),
        entities=_entities(tx, [row.document_id for row in rows if row.type in _RECORD_TYPES]),
        closed=periods.closed(tx),
        echoes=echoes.echoes(tx, posting.target, [row for row in rows if row.type in _RECORD_TYPES], same_account),
    )
    posted = _Posted()
    made: dict[UUID, Fate | None] = dict(view.parents)
    for row in rows:
        for part, day in _parts(row):
            standing = view.standing.get((row.document_id, part))
            policy = posting.policy(row.type)
            decision = _decide(route, posting, policy, row, part, day, standing, view, made)
            made[row.document_id] = decision.fate
            _put(posted, route, posting, policy, row, part, standing, decision, view, now)
    return posted


def _parts(row: Row[Any]) -> Iterable[tuple[str, date | None]]:
    if row.parts is None:
        return [("", row.business_date)]
    return [(name, date.fromisoformat(day) if day else None) for name, day in row.parts]


def _decide(
    route: Route,
    posting: Posting,
    policy: Policy | None,
    row: Row[Any],
    part: str,
    day: date | None,
    standing: outbox.Standing | None,
    view: _View,
    made: Mapping[UUID, Fate | None],
) -> _Decision:
    """The fate of one part of a document, by the first rule that speaks."""
    booked = standing is not None and (standing.booked or standing.in_doubt)  # what is in doubt may be there: its absence is wanted too
    reason = exclusion(route, posting, policy, row, day) or (None if booked else view.echoes.get(row.document_id))
    if booked and reason == _IDLE["reserve"]:
        reason = None  # handed over or called off: its reservation is brought to that end, and not taken back as if it had never been
    if reason is not None:
        return _Decision(Fate.READY, reason, Want.ABSENT, row.parent_id) if booked else _Decision(Fate.EXCLUDED, reason)
    effect = EFFECTS[policy.as_] if policy and policy.as_ else posting.effect
    taken = view.elsewhere.get((row.document_id, part, effect))
    if taken is not None:
        return _Decision(Fate.EXCLUDED, f"already booked there by {taken}")
    if standing is not None and standing.booked_hash == row.content_hash and not standing.in_doubt:
        return _Decision(Fate.DELIVERED)
    if view.closed.covers(row.company_id, day) and not booked:  # what is booked may be as it is wanted already: deliver sees that
        return _Decision(Fate.HELD, periods.closed_on(day))
    if row.parent_id is not None and _waits(made.get(row.parent_id, None), known=row.parent_id in made):
        return _Decision(Fate.WAITING, "its sale is not booked yet", parent=row.parent_id)
    return _Decision(Fate.READY)


def exclusion(route: Route, posting: Posting, policy: Policy | None, row: Any, day: date | None) -> str | None:
    """Why a document is left out of a posting, on purpose; None where it is not. `row` has the columns of a document that plan reads."""
    test = posting.kinds.get("test_order")
    reasons = (
        (row.deleted, "deleted at the source"),
        (posting.company is not None and row.company_id not in (posting.company, GROUP_COMPANY), "other company"),
        (row.test and test is not None, test.exclude if test else None),
        (policy is None, f"the route says nothing of {row.type}"),
        (policy is not None and policy.exclude is not None, policy.exclude if policy else None),
        (day is not None and day < route.start.business_date, "before start"),
    )
    first = next((reason for applies, reason in reasons if applies), None)
    if first is not None or policy is None or policy.as_ is None:
        return first
    effect = EFFECTS[policy.as_]
    if moves(row, effect):
        return None
    return "not restocked" if policy.when == "restocked" else _IDLE[effect]


def _waits(fate: Fate | None, *, known: bool) -> bool:
    """A child waits while its parent is unseen or unfinished; it stands alone where the parent was excluded or summarised."""
    return not known or fate in _OPEN or fate is None


def _put(
    posted: _Posted,
    route: Route,
    posting: Posting,
    policy: Policy | None,
    row: Row[Any],
    part: str,
    standing: outbox.Standing | None,
    decision: _Decision,
    view: _View,
    now: datetime,
) -> None:
    representation = standing.representation if standing and standing.representation else (policy.as_ if policy else None) or ""
    effect = EFFECTS.get(representation, posting.effect)
    disposition = {
        "route": route.name,
        "posting": posting.name,
        "document_id": row.document_id,
        "part": part,
        "target": posting.target,
        "effect": effect,
        "representation": representation,
        "revision": row.revision,
        "fate": decision.fate,
        "reason": decision.reason,
        "standing": standing is not None,
    }
    posted.dispositions.append(disposition)
    if decision.fate in (Fate.EXCLUDED, Fate.DELIVERED):
        disposition["operation"] = None
        return
    disposition["operation"] = len(posted.operations)
    posted.operations.append(
        {
            "route": route.name,
            "posting": posting.name,
            "target": posting.target,
            "company_id": row.company_id,
            "kind": representation,
            "local_id": view.entities.get(row.document_id, row.document_id),
            "part": part,
            "document_id": row.document_id,
            "document_seq": row.seq,
            "revision": row.revision,
            "request": 0,
            "want": decision.want,
            "effect": effect,
            "state": OperationState(decision.fate),
            "reason": decision.reason,
            "fingerprint": outbox.PERIOD if decision.fate is Fate.HELD else "",
            "parent_id": decision.parent,
            "planned_at": now,
            "changed_at": now,
        }
    )


def _entities(tx: Connection, identities: Sequence[UUID]) -> dict[UUID, UUID]:
    if not identities:
        return {}
    found = tx.execute(
        sa.select(member.c.document_id, member.c.entity_id).where(member.c.document_id.in_(identities), member.c.valid_to.is_(None))
    )
    return {row.document_id: row.entity_id for row in found}


def _write(tx: Connection, posted: _Posted) -> None:
    first = outbox.add(tx, posted.operations)
    outbox.dispose(tx, posted.dispositions, first)
