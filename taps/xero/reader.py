"""Reads an organisation back: every document of a kind with total and status, ours and what was typed by hand.

Pages go by the instant of the last change: after a page the next one is asked for from the instant of its last row on, as page 1 again, so
that a document that changes while we read pushes no other one over the edge of a page. Only where one second fills a page is it followed
by page 2; such a second is read until a pass shows nothing new. The next run begins a little before this one, by Xero's clock.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from mappings.problem import Problem
from taps._kit.errors import CounterfoilError, Misconfigured
from taps._kit.points import at
from taps._kit.reader import Complete, Message, Record, Start, State, Stream
from taps._kit.surroundings import Surroundings
from taps.xero.client import Organisation, connect
from taps.xero.config import XeroConfig
from taps.xero.facts import FACTS
from taps.xero.rows import STREAMS, Kind, changed

_LAYOUT = 1
_BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)
_STATE_EVERY = 1_000


@dataclass(slots=True)
class _Place:
    """Where a read stands."""

    newest: datetime
    count: int = 0

    def state(self) -> State:
        return State({"layout": _LAYOUT, "newest": self.newest.isoformat(), "count": self.count}, self.count)


class XeroReader:
    """One organisation."""

    facts = FACTS

    def __init__(self, config: XeroConfig, home: Path) -> None:  # noqa: ARG002 (needs no folder)
        self._config = config

    def streams(self) -> list[Stream]:
        """What there is to read; the same for each organisation."""
        return [
            Stream(
                name, {"type": "object", "properties": {key: dict(value) for key, value in kind.fields.items()}}, ("id",), not kind.changes
            )
            for name, kind in STREAMS.items()
        ]

    def read(self, stream: str, state: Mapping[str, Any] | None, around: Surroundings) -> Iterator[Message]:
        """Read on from `state`. Raises Misconfigured for a stream that is not there or a state that is not ours."""
        kind = STREAMS.get(stream)
        if kind is None:
            raise Misconfigured(f"Xero has no stream {stream!r}. There are: {', '.join(STREAMS)}.")
        place = _place(state, around)
        edge = connect(self._config, around)
        try:
            organisation = Organisation(edge, self._config.page_size)
            yield from _changed(organisation, kind, place) if kind.changes else _whole(organisation, stream, kind, place)
        finally:
            edge.close()

    def check(self, around: Surroundings | None = None) -> list[Problem]:
        """Whether the organisation answers; nothing is asked without surroundings."""
        if around is None:
            return []
        edge = connect(self._config, around)
        try:
            Organisation(edge).itself()
        except CounterfoilError as error:
            return [Problem("CONNECT-DENIED", error.say, "Connect the organisation again, or correct tenant_id.", "tenant_id")]
        finally:
            edge.close()
        return []


def _place(state: Mapping[str, Any] | None, around: Surroundings) -> _Place:
    if state is None:
        return _Place(_BEGINNING)
    if state.get("layout") != _LAYOUT:
        raise Misconfigured("The state of this Xero stream was written by another version of Counterfoil, or is not of this stream.")
    newest = datetime.fromisoformat(state["newest"])
    if newest > around.clock() + FACTS.cursor_overlap:  # a restored hub or a wrong clock: all is read again
        newest = _BEGINNING
    return _Place(newest, state["count"])


def _whole(organisation: Organisation, stream: str, kind: Kind, place: _Place) -> Iterator[Message]:
    """A list without pages: all of it each time, so that what is gone is seen."""
    found = list(organisation.rows(kind.resource))
    at("L1")
    yield Start(stream)
    for number, each in enumerate(found, 1):
        place.count += 1
        yield _record(kind, each, stream)
        if not number % _STATE_EVERY:
            yield place.state()
    if found:
        yield Complete(stream, len(found))
    yield place.state()


def _record(kind: Kind, each: Mapping[str, Any], scope: str = "") -> Record:
    moment = changed(each)
    return Record(kind.row(kind.resource, each), str(each[kind.id_of]), moment.isoformat() if moment else None, scope)


def _changed(organisation: Organisation, kind: Kind, place: _Place) -> Iterator[Message]:
    seen: dict[str, str] = {}
    began: datetime | None = None
    for page in _pages(organisation, kind, place.newest - FACTS.cursor_overlap):
        at("L1")
        for each in page:
            record = _record(kind, each)
            if seen.get(record.key or "") == record.version:
                continue
            seen[record.key or ""] = record.version or ""
            place.newest = max(place.newest, changed(each) or place.newest)
            place.count += 1
            yield record
        began = began or organisation.told
        yield place.state()
    if began is not None:  # by Xero's clock: what changed until shortly before the first page has been seen
        place.newest = max(place.newest, began - FACTS.cursor_overlap)
    yield place.state()


def _pages(organisation: Organisation, kind: Kind, since: datetime) -> Iterator[list[dict[str, Any]]]:
    """Pages by the instant of the last change; see above."""
    while True:
        page = organisation.page(kind.resource, 1, since, order="UpdatedDateUTC ASC")
        yield page
        if len(page) < organisation.page_size:
            return
        last = _second(page[-1])
        if last > since:
            since = last
            continue
        yield from _crowded(organisation, kind, since)
        since += timedelta(seconds=1)


def _crowded(organisation: Organisation, kind: Kind, second: datetime) -> Iterator[list[dict[str, Any]]]:
    """The pages of a second in which more changed than a page holds, until a pass shows no document that was not seen before."""
    known: set[str] = set()
    fresh = True
    while fresh:
        fresh, number, full = False, 1, True
        while full:
            page = organisation.page(kind.resource, number, second, order="UpdatedDateUTC ASC")
            here = [str(each[kind.id_of]) for each in page if _second(each) <= second]
            fresh = fresh or not known.issuperset(here)
            known.update(here)
            yield page
            full, number = len(here) == organisation.page_size, number + 1


def _second(each: Mapping[str, Any]) -> datetime:
    moment: datetime = changed(each)
    return moment.replace(microsecond=0)
