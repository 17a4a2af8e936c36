"""The calls of BambooHR that reader and writer share; each gives plain JSON, and nothing is remembered."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

from taps._kit.edge import Edge, Reply
from taps._kit.errors import Misconfigured, Retryable
from taps._kit.login import PasswordLogin
from taps._kit.surroundings import Surroundings
from taps.bamboohr.config import BambooConfig
from taps.bamboohr.facts import FACTS

FIELDS = (
    "employeeNumber",
    "firstName",
    "lastName",
    "preferredName",
    "workEmail",
    "workPhone",
    "status",
    "hireDate",
    "terminationDate",
    "department",
    "location",
    "jobTitle",
)
"""Fields of an employee that are read and written. Their order is part of the digests that are stored: add at the end only."""

LISTS = ("department", "location", "jobTitle")
"""Fields whose values come from a list of the company."""


def connect(config: BambooConfig, around: Surroundings) -> Edge:
    """The edge of a connection. The key is the user name of a Basic log-in."""
    return Edge(FACTS, config.address, PasswordLogin(around.safe, "key"), around, private_network=config.private_network)


def answered(reply: Reply, what: str) -> Any:
    """The JSON of a good reply. Raises Misconfigured with the system's own words for another one."""
    if reply.good:
        return reply.body
    raise Misconfigured(f"{FACTS.title} does not give us {what}: {reason(reply)}.")


def reason(reply: Reply) -> str:
    """Why it refuses: from the header, for many of its errors have no body, or from the problem's own fields."""
    header = reply.headers.get("x-bamboohr-error-message", "").strip()
    body = reply.body
    if header or not body:
        return header or f"it answers {reply.status} without a word"
    if not isinstance(body, Mapping):
        return str(body)
    error = body.get("error")
    said = error.get("message") if isinstance(error, Mapping) else body.get("detail") or body.get("title") or body.get("message")
    fields = body.get("fields")
    more = "; ".join(f"{name}: {text}" for name, text in fields.items()) if isinstance(fields, Mapping) else ""
    return " ".join(each for each in (str(said or f"it answers {reply.status}"), more) if each)


def lists(edge: Edge) -> dict[str, tuple[str, ...]]:
    """The values that are offered now for department, location and job title, by field."""
    found = answered(edge.read("/meta/lists", {"format": "json"}), "its lists")
    options = {each.get("alias"): each.get("options", ()) for each in found}
    return {name: tuple(sorted(one["name"] for one in options.get(name, ()) if one.get("archived") != "yes")) for name in LISTS}


def changed(edge: Edge, since: datetime) -> list[tuple[str, str, str]]:
    """(id, Inserted, Updated or Deleted, instant) of every employee who was changed since then, oldest change first."""
    at = since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    found = answered(edge.read("/employees/changed", {"since": at}), "the changed employees")["employees"]
    rows = found.values() if isinstance(found, Mapping) else found  # an empty map comes as an empty list
    return sorted(((row["id"], row["action"], row["lastChanged"]) for row in rows), key=lambda row: (row[2], int(row[0])))


def report(edge: Edge, fields: Sequence[str], ids: Iterable[str] | None = None, size: int = 500) -> Iterator[dict[str, Any]]:
    """One row for each employee, active or not, with `id` and the fields; of these ids only, in calls of `size`.

    The custom report is deprecated in favour of datasets, whose names of fields are not in the specification; it has no end date yet.
    """
    for some in [None] if ids is None else batched_ids(ids, size):
        body: dict[str, Any] = {"title": "Counterfoil", "fields": list(fields), "filterDuplicates": "no"}
        if some is not None:
            body["filters"] = {"employeeIds": some}
        reply = edge.read("/reports/custom", {"format": "json", "onlyCurrent": "false"}, method="POST", body=body)
        yield from answered(reply, "its employees")["employees"]


def batched_ids(ids: Iterable[str], size: int) -> list[list[int]]:
    """Ids as numbers, so many at a time."""
    whole = [int(each) for each in ids]
    return [whole[start : start + size] for start in range(0, len(whole), size)]


def employee(edge: Edge, remote_id: str) -> dict[str, Any] | None:
    """The fields of one employee; None where there is no such one."""
    reply = edge.read(f"/employees/{remote_id}", {"fields": ",".join(FIELDS), "onlyCurrent": "false"})
    if reply.status == 404:  # noqa: PLR2004
        return None
    found: dict[str, Any] = answered(reply, "an employee")
    return found


def entries(edge: Edge, start: date, end: date, employees: Iterable[str] = ()) -> list[dict[str, Any]]:
    """The hours of these days, clocked or written, by id."""
    params = {"start": start.isoformat(), "end": end.isoformat()}
    named = ",".join(sorted(set(employees), key=int))
    found = answered(edge.read("/time_tracking/timesheet_entries", params | ({"employeeIds": named} if named else {})), "its hours")
    if not isinstance(found, list):
        raise Retryable(f"{FACTS.title} gives its hours in another form than it says.")
    return sorted(found, key=lambda row: int(row["id"]))
