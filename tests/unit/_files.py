"""What the tests of the files tap share: a reader over a folder, and its messages sorted by kind."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from taps._kit.reader import Complete, Damaged, Message, Notice, Reader, Record, Start, State
from taps._kit.surroundings import Surroundings
from taps.files import CONNECTOR


@dataclass
class Seen:
    """One read, sorted."""

    messages: list[Message]
    records: list[Record] = field(init=False)
    damaged: list[Damaged] = field(init=False)
    notices: list[str] = field(init=False)
    completes: list[Complete] = field(init=False)
    starts: list[str] = field(init=False)

    def __post_init__(self) -> None:
        self.records = [m for m in self.messages if isinstance(m, Record)]
        self.damaged = [m for m in self.messages if isinstance(m, Damaged)]
        self.notices = [f"{m.problem.code}: {m.problem.say}" for m in self.messages if isinstance(m, Notice)]
        self.completes = [m for m in self.messages if isinstance(m, Complete)]
        self.starts = [m.scope for m in self.messages if isinstance(m, Start)]

    @property
    def rows(self) -> list[dict[str, Any]]:
        return [dict(record.body) for record in self.records]

    @property
    def says(self) -> list[str]:
        return [f"{bad.problem.code}: {bad.problem.say}" for bad in self.damaged]

    @property
    def state(self) -> State:
        last = self.messages[-1]
        assert isinstance(last, State), "a read ends with a State"
        return last

    @property
    def handed(self) -> int:
        return len(self.records) + len(self.damaged)


def reader(home: Path, **stream: Any) -> Reader:
    """A reader of one stream, `s`."""
    return CONNECTOR.build(CONNECTOR.config.model_validate({"streams": {"s": stream}}), home)


def read(home: Path, after: Seen | State | None = None, **stream: Any) -> Seen:
    """Read the stream on, from a state that went through JSON as the hub stores it."""
    state = after.state if isinstance(after, Seen) else after
    value = json.loads(json.dumps(state.value)) if state else None
    return Seen(list(reader(home, **stream).read("s", value, Surroundings())))


def write(path: Path, content: str | bytes) -> Path:
    """Write a file of any encoding."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path
