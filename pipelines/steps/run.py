"""One run of one or more routes: every step until nothing is left to do. People, cron and Dagster all come through here.

Interrupted anywhere, the next run goes on: the hub alone knows what is left.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from mappings.engine import Context
from pipelines.home.load import Home
from pipelines.home.settings import ByLocation, Mode, Route, TapConnection
from pipelines.hub import delivery, leases, workers
from pipelines.hub.around import surroundings
from pipelines.hub.binding import require_bound
from pipelines.hub.leases import Lease
from pipelines.hub.progress import Progress, silent
from pipelines.hub.store import Hub
from pipelines.steps import deliver as delivering
from pipelines.steps.ingest import Count, Source, ingest
from pipelines.steps.plan import open_periods, plan
from pipelines.steps.resolve import resolve
from pipelines.steps.translate import reopen, translate
from taps._kit.errors import Retryable
from taps._kit.reader import Reader
from taps._kit.registry import tap
from targets._kit.registry import target

LEASE = timedelta(minutes=2)
"""Longer than any one transaction and any one batch at a target; renewed by each transaction."""


class Busy(Retryable):
    """Another worker holds this piece of work; it will be done by that one."""


@dataclass(slots=True)
class Report:
    """What one run did."""

    landed: int = 0
    """Rows that the readers handed out."""
    written: dict[str, int] = field(default_factory=dict)
    """Per target connection, documents written in this run."""
    adopted: int = 0
    problems: int = 0


@contextmanager
def held(hub: Hub, name: str) -> Iterator[Lease]:
    """Hold the lease of a piece of work. Raises Busy where somebody live has it."""
    lease = leases.take(hub, name, workers.me(), LEASE, workers.is_gone)
    if lease is None:
        raise Busy(f"Another worker is busy with {name}; it ends within two minutes or gives it up.")
    try:
        yield lease
    finally:
        leases.release(hub, lease)


def run(home: Home, hub: Hub, routes: Sequence[Route], progress: Progress = silent) -> Report:
    """Read, translate, resolve, plan and deliver everything these routes need."""
    report = Report()
    for name in sorted({source for route in routes for source in route.sources}):
        connection = home.taps[name]
        for stream in connection.mappings:
            report.landed += read_stream(home, hub, connection, stream, progress).worked
            report.problems += translate_stream(home, hub, connection, stream, progress).problems
    resolve_all(hub, progress)
    for route in routes:
        plan_route(hub, route, progress, home.same_account)
    for name in sorted({posting.target for route in routes for posting in route.posting}):
        count = deliver_target(home, hub, name, routes, progress)
        report.written[name] = count.landed
        report.problems += count.problems
    return report


def read_stream(home: Home, hub: Hub, connection: TapConnection, stream: str, progress: Progress = silent) -> Count:
    """Ingest one stream to its end."""
    reader = _reader(home, connection)
    source = source_of(home, connection, stream, reader)
    with held(hub, f"ingest/{connection.name}/{stream}") as lease:
        last = 0

        def seen(rows: int) -> None:
            nonlocal last
            hub.worked(rows - last)
            last = rows
            progress("read", f"{connection.name}/{stream}", rows)

        return ingest(hub, source, reader, surroundings(hub, home.path, connection.name, reader.facts), lease, seen)


def translate_stream(home: Home, hub: Hub, connection: TapConnection, stream: str, progress: Progress = silent) -> Count:
    """Translate what is untranslated of one stream."""
    source = source_of(home, connection, stream, None)
    context = context_of(home, connection)
    with held(hub, f"translate/{connection.name}/{stream}") as lease:
        reopen(hub, source, delivery.digest(source.mapping.digest, repr(sorted(context.lookups.items()))), lease)
        return _until_done(hub, lambda: translate(hub, source, context, lease), "translated", f"{connection.name}/{stream}", progress)


def resolve_all(hub: Hub, progress: Progress = silent) -> Count:
    """Resolve what is translated."""
    with held(hub, "resolve") as lease:
        return _until_done(hub, lambda: resolve(hub, lease), "resolved", "documents", progress)


def plan_route(hub: Hub, route: Route, progress: Progress = silent, same_account: Mapping[str, Sequence[str]] | None = None) -> Count:
    """Plan what is resolved; `same_account` as the home folder says it."""
    with held(hub, f"plan/{route.name}") as lease:
        open_periods(hub, route, lease)
        return _until_done(hub, lambda: plan(hub, route, lease, same_account), "planned", route.name, progress)


def deliver_target(home: Home, hub: Hub, name: str, routes: Sequence[Route], progress: Progress = silent) -> Count:
    """Deliver what is ready for one target, of these routes, unless they only shadow. Raises Misconfigured from a hub that was moved."""
    postings = {
        (route.name, posting.name): posting
        for route in routes
        for posting in route.posting
        if posting.target == name and route.mode is Mode.AUTO
    }
    if not postings:
        return Count()
    require_bound(hub)
    connection = home.targets[name]
    kind = target(connection.target)
    writer = kind.build(kind.config.model_validate(connection.config), home.path)
    destination = delivering.Destination(name, writer, postings)
    with held(hub, f"deliver/{name}") as lease:
        delivering.open_target(hub, destination, surroundings(hub, home.path, name, kind.facts))
        try:
            delivering.reopen(hub, destination, lease)
            total = _until_done(hub, lambda: delivering.look_up(hub, destination, lease), "looked up", name, progress)
            total.worked = 0
            total.add(_until_done(hub, lambda: delivering.deliver(hub, destination, lease), "delivered", name, progress))
            return total
        finally:
            writer.close()


def _until_done(hub: Hub, step: Callable[[], Count], verb: str, what: str, progress: Progress) -> Count:
    total = Count()
    while True:
        count = step()
        if not count.worked:
            return total
        total.add(count)
        hub.worked(count.worked)
        progress(verb, what, total.worked)
        if count.blocked:
            return total


def _reader(home: Home, connection: TapConnection) -> Reader:
    kind = tap(connection.tap)
    return kind.build(kind.config.model_validate(connection.config), home.path)


def source_of(home: Home, connection: TapConnection, stream: str, reader: Reader | None) -> Source:
    """The stream as ingest and translate need it; `snapshot` matters to ingest alone."""
    snapshot = bool(reader) and any(each.name == stream and each.snapshot for each in _streams(reader))
    return Source(connection.name, stream, home.mappings[connection.mappings[stream]], snapshot)


def _streams(reader: Any) -> list[Any]:
    return list(reader.streams())


def context_of(home: Home, connection: TapConnection) -> Context:
    """What the mapping engine is told of the connection."""
    company = connection.company
    return Context(
        connection=connection.name,
        timezone=connection.timezone,
        day_cutoff=connection.day_cutoff,
        company=company.table if isinstance(company, ByLocation) else company,
        lookups=home.lookups,
    )
