"""What stands in BambooHR, read back: employees as they change, hours of the last weeks, and the values of the lists.

BambooHR does not say who changed something. Hours that carry our mark have `ours`; others were typed or clocked there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from mappings.problem import Problem
from taps._kit.edge import Edge
from taps._kit.errors import Misconfigured
from taps._kit.reader import Complete, Message, Record, Start, State, Stream, Tombstone
from taps._kit.surroundings import Surroundings
from taps.bamboohr import client
from taps.bamboohr.config import BambooConfig
from taps.bamboohr.facts import FACTS
from taps.bamboohr.mark import Mark

_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
_TEXT = {"type": ["string", "null"]}
_EMPLOYEES = {"id": {"type": "string"}, **dict.fromkeys(client.FIELDS, _TEXT), "lastChanged": {"type": "string", "format": "date-time"}}
_HOURS = {
    "id": {"type": "integer"},
    "employeeId": {"type": "integer"},
    "type": _TEXT,
    "date": {"type": "string", "format": "date"},
    "start": _TEXT,
    "end": _TEXT,
    "timezone": _TEXT,
    "hours": {"type": ["number", "null"]},
    "note": _TEXT,
    "projectInfo": {"type": ["object", "null"]},
    "approved": {"type": ["boolean", "null"]},
    "approvedAt": _TEXT,
    "createdAt": _TEXT,
    "updatedAt": _TEXT,
    "ours": {"type": ["string", "null"], "description": "Our look-up key, where Counterfoil wrote the entry."},
}
_VALUES = {"list": {"type": "string"}, "value": {"type": "string"}}


class BambooReader:
    """One BambooHR connection."""

    facts = FACTS

    def __init__(self, config: BambooConfig, home: Path) -> None:  # noqa: ARG002 (nothing of it lies in the home)
        self._config = config

    def streams(self) -> list[Stream]:
        """Employees, time entries, and list values."""
        return [
            Stream("employees", _schema(_EMPLOYEES), ("id",), notes=("Changed and deleted employees since the last run.",)),
            Stream("time_entries", _schema(_HOURS), ("id",), snapshot=True, notes=(f"The last {self._config.days} days, day by day.",)),
            Stream("list_values", _schema(_VALUES), ("list", "value"), snapshot=True),
        ]

    def read(self, stream: str, state: Mapping[str, Any] | None, around: Surroundings) -> Iterator[Message]:
        """Read on from `state`. Raises Misconfigured for a stream that is not there, or a log-in that is refused."""
        readers = {"employees": self._employees, "time_entries": self._hours, "list_values": self._values}
        if stream not in readers:
            raise Misconfigured(f"BambooHR has no stream {stream!r}. There are {', '.join(readers)}.")
        edge = client.connect(self._config, around)
        try:
            yield from readers[stream](edge, state or {}, around)
        finally:
            edge.close()

    def check(self, around: Surroundings | None = None) -> list[Problem]:
        """Whether the log-in is good. Raises Misconfigured where it is not."""
        if around is not None:
            edge = client.connect(self._config, around)
            try:
                client.lists(edge)
            finally:
                edge.close()
        return []

    def _employees(self, edge: Edge, state: Mapping[str, Any], around: Surroundings) -> Iterator[Message]:
        since = datetime.fromisoformat(state["since"]) if state.get("since") else _BEGINNING
        if since > around.clock() + timedelta(minutes=5):  # of a restored hub, or of a clock that was wrong
            since = _BEGINNING
        count = int(state.get("read", 0))
        changes = client.changed(edge, since - FACTS.cursor_overlap if since > _BEGINNING else since)
        for key, action, at in changes:  # before the first State: who is killed behind one is told nothing older again
            if action == "Deleted":
                yield Tombstone(key, at)
        rows = [row for row in changes if row[1] != "Deleted"]
        for start in range(0, len(rows), self._config.page_size):
            page = {row[0]: row[2] for row in rows[start : start + self._config.page_size]}
            for body in client.report(edge, client.FIELDS, page, self._config.page_size):
                key = str(body["id"])
                kept = {name: body.get(name) or None for name in client.FIELDS}
                yield Record({"id": key, **kept, "lastChanged": page[key]}, key, page[key])
                count += 1
            yield State({"since": _later(since, max(page.values())), "read": count}, count)
        latest = max((row[2] for row in changes), default="")
        yield State({"since": _later(since, latest), "read": count}, count)

    def _hours(self, edge: Edge, state: Mapping[str, Any], around: Surroundings) -> Iterator[Message]:
        today = around.clock().date()
        count = int(state.get("read", 0))
        by_day: dict[str, list[dict[str, Any]]] = {}
        start = today - timedelta(days=self._config.days)
        for row in client.entries(edge, start, today):
            by_day.setdefault(row["date"], []).append(row)
        for place in range(self._config.days + 1):
            day = (start + timedelta(days=place)).isoformat()
            yield Start(day)
            for row in by_day.get(day, ()):
                mark = Mark.of(row.get("note"))
                yield Record(
                    {**row, "ours": mark.key if mark else None}, str(row["id"]), row.get("updatedAt") or row.get("createdAt"), scope=day
                )
                count += 1
            yield Complete(day, len(by_day.get(day, ())))
            yield State({"read": count}, count)

    def _values(self, edge: Edge, state: Mapping[str, Any], _around: Surroundings) -> Iterator[Message]:
        rows = [{"list": name, "value": value} for name, values in client.lists(edge).items() for value in values]
        yield Start("lists")
        yield from (Record(row, f"{row['list']}/{row['value']}", scope="lists") for row in rows)
        yield Complete("lists", len(rows))
        count = int(state.get("read", 0)) + len(rows)
        yield State({"read": count}, count)


def _schema(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": dict(properties)}


def _later(since: datetime, latest: str) -> str:
    return max(since, datetime.fromisoformat(latest)).isoformat() if latest else since.isoformat()
