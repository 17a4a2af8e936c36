"""Reading a list in the order of an instant so that nothing is lost while rows move.

A cursor of Square says nothing of what happens when a row that was read moves to the end: the ones behind it may slip over the page
border. So each page is asked for anew from the last instant of the one before, less a millisecond, for a lower bound may or may not
include its own instant. Only where a whole page is of one instant the cursor is followed, again and again until nothing new shows.

What becomes visible late is read by the next sweep: it starts at the newest instant seen, or at the clock when the sweep began,
whichever is earlier, less the overlap of the facts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from taps._kit.facts import Facts
from taps.square.client import Body, Page
from taps.square.moments import instant, written

STEP = timedelta(milliseconds=1)
_DISBELIEF = timedelta(days=1)
"""An instant that lies further ahead of our clock is not believed."""

Ask = Callable[[datetime, str | None], Page]
"""One page from an instant on, in its order."""
Moment = Callable[[Body], datetime]
"""The instant of a row."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a sweep came; texts as `written` gives them."""

    mark: str | None = None
    """Everything before it was read, but for what became visible late. None: never swept."""
    at: str | None = None
    """Where a sweep goes on that was interrupted. None: none is going on."""
    began: str | None = None
    """Our clock when it began."""
    top: str | None = None
    """The newest change it has seen."""

    @staticmethod
    def of(value: Mapping[str, Any] | None, now: datetime) -> Progress:
        """From a State. One of the future, of a restored hub or a wrong clock, is not believed: it starts from the first row."""
        found = Progress(**(value or {}))
        known = [instant(text) for text in (found.mark, found.at, found.top) if text]
        return Progress() if known and max(known) > now + _DISBELIEF else found

    def start(self, facts: Facts, earliest: datetime) -> datetime:
        """From where a new sweep reads."""
        return max(earliest, instant(self.mark) - facts.cursor_overlap) if self.mark else earliest

    def on(self, at: datetime, top: datetime | None) -> Progress:
        """A page further."""
        newest = max(filter(None, (self.top, written(top) if top else None)), default=None)
        return replace(self, at=written(at), top=newest)

    def done(self) -> Progress:
        """The sweep reached its end."""
        seen = min(filter(None, (self.top, self.began)), default=None) if self.top else None
        return Progress(mark=max(filter(None, (self.mark, seen)), default=None))

    def value(self) -> dict[str, Any]:
        """For a State."""
        return {name: text for name, text in asdict(self).items() if text}


class Step(NamedTuple):
    """Rows, and where to go on; None at the end."""

    rows: list[Body]
    next: datetime | None


def sweep(ask: Ask, moment: Moment, start: datetime) -> Iterator[Step]:
    """All rows from an instant on, page by page; some twice."""
    go_on: datetime | None = start
    while go_on is not None:
        page = ask(go_on, None)
        further = _further(page, moment, go_on)
        if further is not None or not page.cursor:
            yield Step(page.rows, further)
            go_on = further
        else:
            for step in _crowd(ask, moment, go_on, page):
                yield step
                go_on = step.next


def _further(page: Page, moment: Moment, start: datetime) -> datetime | None:
    """Where the next page starts; None where this is the last one or does not lead on."""
    if not page.cursor or not page.rows:
        return None
    last = moment(page.rows[-1]) - STEP
    return last if last > start else None


def _crowd(ask: Ask, moment: Moment, start: datetime, page: Page) -> Iterator[Step]:
    """More rows of one instant than a page holds: by cursor, until a pass shows nothing new. Then on behind them."""
    seen: set[str] = set()
    while True:
        fresh = 0
        while True:
            rows = [row for row in page.rows if str(row.get("id")) not in seen]
            fresh += len(rows)
            seen |= {str(row.get("id")) for row in rows}
            further = _further(page, moment, start)
            if not page.cursor or further is not None:
                break
            yield Step(rows, start)
            page = ask(start, page.cursor)
        if not fresh:
            yield Step(rows, further)
            return
        yield Step(rows, start)
        page = ask(start, None)
