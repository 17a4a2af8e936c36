"""Reads a company back: every document of a kind with total, status and last editor, ours and what was typed by hand.

A first read goes by pages in the order of the last change, from instant to instant and not by position: a document that changes while we
read would otherwise push another one over the edge of a page. Later reads ask change data capture, one call that tells of deletions too;
where it does not reach (30 days, 1,000 objects), pages again. Each read begins a little before the last one began, and passes over what
was handed out already.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Any

from mappings.problem import Problem
from taps._kit.errors import CounterfoilError, Misconfigured
from taps._kit.points import at
from taps._kit.reader import Complete, Message, Notice, Record, Start, State, Stream, Tombstone
from taps._kit.surroundings import Surroundings
from taps.quickbooks.client import Company, connect, instant, moment, quoted
from taps.quickbooks.config import QuickBooksConfig
from taps.quickbooks.facts import CDC_REACHES_BACK, FACTS, MOST_CHANGES
from taps.quickbooks.rows import STREAMS, Kind, version

_LAYOUT = 1
_ORDER = "MetaData.LastUpdatedTime"


@dataclass(slots=True)
class _Place:
    """Where a read stands."""

    newest: datetime
    """Last change of what was handed out."""
    whole_at: datetime | None = None
    """When the last read began that was finished; None until there is one."""
    began: datetime | None = None
    """When the read began that is not finished."""
    seen: dict[str, str] = field(default_factory=dict)
    """Id → version, of what changed within the overlap before `newest`."""
    count: int = 0

    def take(self, each: Mapping[str, Any]) -> bool:
        """Whether this version was not handed out yet."""
        stamp = version(each)
        if self.seen.get(each["Id"]) == stamp:
            return False
        self.seen[each["Id"]] = stamp
        self.newest = max(self.newest, moment(each["MetaData"]["LastUpdatedTime"]))
        self.count += 1
        return True

    def finish(self) -> None:
        """Everything up to the begin of this read was handed out."""
        self.whole_at, self.began = self.began, None

    def state(self) -> State:
        """For the hub."""
        floor = self.newest - FACTS.cursor_overlap
        self.seen = {key: value for key, value in self.seen.items() if moment(value.split()[0]) >= floor}
        value = {"layout": _LAYOUT, "newest": self.newest.isoformat(), "seen": dict(self.seen), "count": self.count}
        for name, instant_ in (("whole_at", self.whole_at), ("began", self.began)):
            value[name] = instant_.isoformat() if instant_ else None
        return State(value, self.count)


def _place(state: Mapping[str, Any] | None, config: QuickBooksConfig) -> _Place:
    if state is None:
        return _Place(datetime.combine(config.read_from, time(), UTC))
    if state.get("layout") != _LAYOUT:
        raise Misconfigured("The state of this QuickBooks stream was written by another version of Counterfoil, or is not of this stream.")
    whole_at, began = (datetime.fromisoformat(state[name]) if state[name] else None for name in ("whole_at", "began"))
    return _Place(datetime.fromisoformat(state["newest"]), whole_at, began, dict(state["seen"]), state["count"])


class QuickBooksReader:
    """One company."""

    facts = FACTS

    def __init__(self, config: QuickBooksConfig, home: Path) -> None:  # noqa: ARG002 (needs no folder)
        self._config = config

    def streams(self) -> list[Stream]:
        """What there is to read; the same for each company."""
        return [
            Stream(name, {"type": "object", "properties": {key: dict(value) for key, value in kind.fields.items()}}, ("id",))
            for name, kind in STREAMS.items()
        ]

    def read(self, stream: str, state: Mapping[str, Any] | None, around: Surroundings) -> Iterator[Message]:
        """Read on from `state`. Raises Misconfigured for a stream that is not there or a state that is not ours."""
        kind = STREAMS.get(stream)
        if kind is None:
            raise Misconfigured(f"QuickBooks has no stream {stream!r}. There are: {', '.join(STREAMS)}.")
        place = _place(state, self._config)
        if place.newest > around.clock() + FACTS.cursor_overlap:  # a restored hub or a wrong clock: what is known is passed over
            place.newest, place.whole_at = datetime.combine(self._config.read_from, time(), UTC), None
        edge = connect(self._config, around)
        try:
            company = Company(edge, self._config.realm_id, self._config.page_size)
            yield from _messages(company, stream, kind, place, around, whole=state is None)
        finally:
            edge.close()

    def check(self, around: Surroundings | None = None) -> list[Problem]:
        """Whether the company answers; nothing is asked without surroundings."""
        if around is None:
            return []
        edge = connect(self._config, around)
        try:
            Company(edge, self._config.realm_id).query("SELECT * FROM Preferences")
        except CounterfoilError as error:
            return [Problem("CONNECT-DENIED", error.say, "Connect the company again, or correct realm_id.", "realm_id")]
        finally:
            edge.close()
        return []


def _messages(company: Company, stream: str, kind: Kind, place: _Place, around: Surroundings, *, whole: bool) -> Iterator[Message]:
    place.began = place.began or around.clock()
    if whole:
        yield Start(stream)
    before = place.count
    if place.whole_at is None or not kind.told:
        yield from _paged(company, stream, kind, place)
    else:
        yield from _told(company, stream, kind, place, place.whole_at)
    if whole and place.count > before:
        yield Complete(stream, place.count - before)
    place.finish()
    yield place.state()


def _told(company: Company, stream: str, kind: Kind, place: _Place, since: datetime) -> Iterator[Message]:
    """What changed since then, deletions too; by pages where there is more than one answer tells."""
    if place.began and place.began - since > CDC_REACHES_BACK - FACTS.cursor_overlap:
        yield _unheard(kind, "the last read is more than 30 days ago")
        yield from _paged(company, stream, kind, place)
        return
    changed = company.changes([kind.entity], since - FACTS.cursor_overlap)[kind.entity]
    at("L1")
    for each in changed:
        if each.get("status") == "Deleted":
            place.seen.pop(each["Id"], None)
            yield Tombstone(each["Id"])
    if len(changed) >= MOST_CHANGES:
        yield _unheard(kind, f"more than {MOST_CHANGES} changed since the last read")
        yield from _paged(company, stream, kind, place)
        return
    for each in changed:
        if each.get("status") != "Deleted" and place.take(each):
            yield Record(kind.row(kind.entity, each), each["Id"], version(each), stream)


def _paged(company: Company, stream: str, kind: Kind, place: _Place) -> Iterator[Message]:
    """Pages from a little before the newest change that was handed out."""
    for page in _pages(company, kind, place.newest - FACTS.cursor_overlap):
        at("L1")
        for each in page:
            if place.take(each):
                yield Record(kind.row(kind.entity, each), each["Id"], version(each), stream)
        yield place.state()


def _pages(company: Company, kind: Kind, since: datetime) -> Iterator[list[dict[str, Any]]]:
    """By the instant of the last change; only where a whole page changed in one second, by position."""
    start = 1
    inactive = "" if kind.transaction else "Active IN (true, false) AND "
    while True:
        page = company.page(kind.entity, f"{inactive}{_ORDER} >= {quoted(instant(since))}", _ORDER, start)
        if page:
            yield page
        if len(page) < company.page_size:
            return
        last = moment(page[-1]["MetaData"]["LastUpdatedTime"])
        since, start = (last, 1) if last > since else (since, start + len(page))


def _unheard(kind: Kind, reason: str) -> Notice:
    return Notice(
        Problem(
            "READ-ABSENT",
            f"QuickBooks may not tell of every {kind.entity} that was deleted: {reason}.",
            "Look at the audit log of the company for that time, and read more often.",
        )
    )
