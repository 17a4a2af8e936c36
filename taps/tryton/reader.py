"""The read-back tap: every document of the books, stock and people, ours and those typed by hand, with what it says now.

A read goes on at the instant of its last record, less five minutes: a transaction that takes long is written with the instant at which
it began. What comes again unchanged is nothing new to the hub. Tryton leaves no trace of a deletion (drafts can be deleted).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from mappings.problem import Problem
from taps._kit.errors import Misconfigured
from taps._kit.facts import Facts
from taps._kit.reader import Message, Record, State, Stream
from taps._kit.surroundings import Surroundings
from taps.tryton.client import TrytonEdge, connect, hello, search
from taps.tryton.config import TrytonConfig
from taps.tryton.facts import FACTS
from taps.tryton.streams import SOURCES, Source, column
from taps.tryton.values import text_of

_ANY = ["null", "string", "number", "boolean", "array"]
_CREATED = "create_date"
_INSTANTS = (_CREATED, "write_date")
"""Tryton leaves write_date empty until a record is written a second time."""


class TrytonReader:
    """One company of a Tryton server."""

    facts: Facts = FACTS

    def __init__(self, config: TrytonConfig, home: Path) -> None:  # noqa: ARG002 (nothing of it lies in the home folder)
        self._config = config

    def streams(self) -> list[Stream]:
        """The same for every server."""
        return [
            Stream(
                name,
                {
                    "type": "object",
                    "properties": {
                        each: {"type": "integer"}
                        if each == "id"
                        else {"type": ["string", "null"]}
                        if each == "updated_at"
                        else {"type": _ANY}
                        for each in source.columns
                    },
                },
                ("id",),
            )
            for name, source in SOURCES.items()
        ]

    def check(self, around: Surroundings | None = None) -> list[Problem]:
        """Whether key, database and company are good. Raises Misconfigured where they are not."""
        if around is not None:
            edge = connect(self._config, around)
            try:
                hello(edge, self._config.company)
            finally:
                edge.close()
        return []

    def read(self, stream: str, state: Mapping[str, Any] | None, around: Surroundings) -> Iterator[Message]:
        """Records in the order of their last change, from five minutes before the last one on."""
        if stream not in SOURCES:
            raise Misconfigured(f"Tryton has no stream {stream!r}; there are {', '.join(SOURCES)}.")
        edge = connect(self._config, around)
        try:
            hello(edge, self._config.company)
            yield from self._pages(edge, SOURCES[stream], dict(state or {}))
        finally:
            edge.close()

    def _pages(self, edge: TrytonEdge, source: Source, state: dict[str, Any]) -> Iterator[Message]:
        """First what was never written after its creation, then what was: a record that is written meanwhile comes with the second."""
        count = int(state.get("read", 0))
        for instant in _INSTANTS:
            since = datetime.fromisoformat(state[instant]) if state.get(instant) else None
            after: tuple[datetime, int] | None = None
            full = True
            while full:
                page = self._page(edge, source, instant, after, since - FACTS.cursor_overlap if since else None)
                yield from (_record(source, record) for record in page)
                count += len(page)
                if page:
                    after = (page[-1][instant], page[-1]["id"])
                    state[instant] = max(after[0], since or after[0]).isoformat()
                state["read"] = count
                yield State(dict(state), count)
                full = len(page) == self._config.page_size

    def _page(
        self, edge: TrytonEdge, source: Source, instant: str, after: tuple[datetime, int] | None, since: datetime | None
    ) -> list[dict[str, Any]]:
        domain: list[Any] = [["write_date", "=" if instant == _CREATED else "!=", None]]
        if source.company:
            domain.append([source.company, "=", self._config.company])
        if after is not None:
            at, number = after
            domain.append(["OR", [instant, ">", at], [[instant, "=", at], ["id", ">", number]]])
        elif since is not None:
            domain.append([instant, ">=", since])
        fields = sorted({*_INSTANTS, *source.columns.values()})
        return search(
            edge, source.model, domain, fields, order=((instant, "ASC"), ("id", "ASC")), most=self._config.page_size, inactive=True
        )


def _record(source: Source, record: dict[str, Any]) -> Record:
    body = {name: _flat(column(record, field)) for name, field in source.columns.items()}
    return Record(body, key=str(record["id"]), version=text_of(record["write_date"] or record["create_date"]))


def _flat(value: Any) -> Any:
    """A record that is only referred to is its id; instants and dates are texts."""
    if isinstance(value, list):
        return [_flat(each) for each in value]
    return value.get("id") if isinstance(value, dict) else text_of(value)
