"""Asking QuickBooks what it has of ours: for attempts in doubt, and for everything since an instant.

By key where one can be searched; otherwise by the mark of what was changed since the attempt began, a little early for clocks that differ.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from taps.quickbooks.client import Company, instant, mark_of, quoted
from taps.quickbooks.facts import FACTS
from taps.quickbooks.marks import Mark, key_of, short
from targets._kit.writer import Receipt, Sent, Verb
from targets.quickbooks.answers import RECORDS, is_gone, receipt
from targets.quickbooks.prepared import ENTITIES, is_removal, key_field, subject_of

_CLOCKS_DIFFER = timedelta(minutes=10)


def whereabouts(company: Company, sent: Sequence[Sent], currency: str) -> list[Receipt | None]:
    """What stands of each attempt, in order."""
    wanted: dict[str, list[Sent]] = {}
    for attempt in sent:
        for entity in ENTITIES[attempt.subject.kind]:
            wanted.setdefault(entity, []).append(attempt)
    found: dict[str, Receipt] = {}
    for entity, attempts in wanted.items():
        documents = [(each, mark) for each in _candidates(company, entity, attempts) if (mark := mark_of(entity, each))]
        for attempt in attempts:
            for each, mark in documents:
                if _is_it(entity, each, mark, attempt):
                    before = mark.after if is_removal(attempt.verb) else mark.before
                    found.setdefault(attempt.idempotency_key, receipt(entity, each, mark, before, currency))
    return [found.get(attempt.idempotency_key) for attempt in sent]


def _candidates(company: Company, entity: str, attempts: Sequence[Sent]) -> Iterator[dict[str, Any]]:
    field = key_field(entity)
    keyed = [attempt for attempt in attempts if field and not is_removal(attempt.verb)]
    if keyed:
        yield from company.among(entity, field, sorted({key_of(attempt.look_up_key) for attempt in keyed}))
    others = [attempt.since for attempt in attempts if not field or is_removal(attempt.verb)]
    if others:
        yield from changed(company, entity, min(others) - _CLOCKS_DIFFER)


def _is_it(entity: str, each: Mapping[str, Any], mark: Mark, attempt: Sent) -> bool:
    """A create by its key; a change by its attempt; a removal by its subject, gone: an attempt that voids leaves no word of its own."""
    if is_removal(attempt.verb):
        return mark.subject == subject_of(attempt.subject) and is_gone(entity, each)
    if attempt.verb is Verb.CREATE:
        return mark.key == key_of(attempt.look_up_key)
    return mark.attempt == short(attempt.idempotency_key)


def changed(company: Company, entity: str, since: datetime | None) -> Iterator[dict[str, Any]]:
    """What changed since then, of lists what is not active too."""
    conditions = ["Active IN (true, false)"] if entity in RECORDS else []
    conditions += [f"MetaData.LastUpdatedTime >= {quoted(instant(since))}"] if since else []
    return company.rows(entity, " AND ".join(conditions), "MetaData.LastUpdatedTime")


def standing(company: Company, since: datetime | None, currency: str) -> list[Receipt]:
    """Everything of ours, oldest change first. An effect is the whole of what stands."""
    found: list[tuple[datetime, Receipt]] = []
    for entity in dict.fromkeys(entity for kind in FACTS.verbs for entity in ENTITIES[kind]):
        for each in changed(company, entity, since):
            mark = mark_of(entity, each)
            if mark is not None:
                updated = datetime.fromisoformat(each["MetaData"]["LastUpdatedTime"]).astimezone(UTC)
                found.append((updated, receipt(entity, each, mark, Decimal(0), currency)))
    return [each for _, each in sorted(found, key=lambda pair: pair[0])]
