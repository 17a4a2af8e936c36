"""What every stream's reading shares: the connection, the State, and the count of rows over the reader's whole life."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, time
from typing import Any

from taps._kit.reader import Message, Record, State
from taps._kit.surroundings import Surroundings
from taps.square.client import Body, Square
from taps.square.facts import FACTS
from taps.square.moments import instant, version, written
from taps.square.sweep import Ask, Moment, Progress, sweep


@dataclass(slots=True)
class Reading:
    """One read of one stream."""

    square: Square
    around: Surroundings
    parts: dict[str, Any]
    """What the State keeps for each part of the stream: a location, or '' for the whole."""
    read: int
    earliest: datetime
    """What lies before it is not asked for."""
    extra: dict[str, Any] = field(default_factory=dict)
    """What the State keeps beside the parts."""

    @classmethod
    def of(cls, square: Square, around: Surroundings, state: Mapping[str, Any] | None) -> Reading:
        """From a State's value."""
        kept = dict(state or {})
        earliest = datetime.combine(square.config.read_from, time(0), UTC)
        return cls(square, around, dict(kept.pop("parts", {})), kept.pop("read", 0), earliest, kept)

    def now(self) -> datetime:
        """Our clock."""
        return self.around.clock()

    def record(self, key: str, body: Body, *changed: str, scope: str = "") -> Record:
        """One row, counted. `changed` names the fields that may say when it was last changed."""
        self.read += 1
        return Record(body, key, version(body, *(changed or ("updated_at",))), scope)

    def state(self) -> State:
        """Where to go on."""
        return State({**self.extra, "parts": dict(self.parts), "read": self.read}, self.read)

    def progress(self, part: str) -> Progress:
        """How far a part came."""
        return Progress.of(self.parts.get(part), self.now())

    def swept(
        self, parts: Iterable[str], ask: Ask, moment: Moment, changed: str = "updated_at", first: datetime | None = None
    ) -> Iterator[list[Body] | Message]:
        """Rows of parts that are read as one, page by page; after each page's rows a State.

        `changed` is the field that the mark follows; `first` is where a sweep begins that is not in the order of that field.
        """
        names = list(parts)
        before = self.progress(names[0])
        start = instant(before.at) if before.at else first or before.start(FACTS, self.earliest)
        going = before if before.at else Progress(mark=before.mark, began=written(self.now()))
        for step in sweep(ask, moment, start):
            yield step.rows
            top = max((instant(row[changed]) for row in step.rows if row.get(changed)), default=None)
            going = going.on(step.next or start, top)
            self.parts |= dict.fromkeys(names, (going.done() if step.next is None else going).value())
            yield self.state()
