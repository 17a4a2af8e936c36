"""Dagster components: a Connection owns what is read and translated, a Route what is planned and delivered, a Company what is reconciled.

Dagster decides when; the hub alone knows what is left to do. Every asset here works the rows that are ready, so a lost run, a lost
Dagster database or a killed daemon loses nothing. Nothing here holds a transaction or a secret.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import dagster as dg

from pipelines.home import news
from pipelines.home.load import Home, load
from pipelines.home.settings import Route as RouteSettings
from pipelines.home.settings import TapConnection
from pipelines.hub import equations
from pipelines.hub.schema import migrate
from pipelines.hub.store import Hub
from pipelines.hub.words import Fate
from pipelines.reconcile import run as reconciling
from pipelines.reconcile.words import Status
from pipelines.steps import run as running

_CRON = {"hourly": "0 * * * *", "daily": "0 5 * * *"}
_FRESH = {"hourly": timedelta(hours=3), "daily": timedelta(hours=30)}
_MORNING = 6
"""Hour of the company's own day at which the day before is reconciled."""
_LISTEN = 30
"""Seconds between two looks for news."""
_RETRIES = dg.RetryPolicy(max_retries=3, delay=30, backoff=dg.Backoff.EXPONENTIAL)
_OPEN = (Fate.READY, Fate.WAITING, Fate.HELD, Fate.REFUSED, Fate.IN_DOUBT)


@contextmanager
def opened(home: Path) -> Iterator[tuple[Home, Hub]]:
    """The home as it is configured now and its hub, brought to the newest schema; closed at the end."""
    loaded = load(home)
    hub = Hub(loaded.hub_url)
    try:
        migrate(hub)
        yield loaded, hub
    finally:
        hub.close()


class Connection(dg.Component, dg.Model, dg.Resolvable):
    """A configured account of a system: for a tap the assets CONNECTION/STREAM and canonical/CONNECTION/KIND; a target has none."""

    home: str
    """The home folder."""
    name: str
    """The connection's file in it, without its ending."""

    def build_defs(self, context: dg.ComponentLoadContext | None = None) -> dg.Definitions:  # noqa: ARG002 (the home says it all)
        """The assets and checks of the connection."""
        home = load(Path(self.home))
        settings = home.taps.get(self.name)
        if settings is None:
            return dg.Definitions()
        streams = [_stream_asset(home.path, settings, stream) for stream in settings.mappings]
        checks = [_intake_check(home.path, settings, stream) for stream in settings.mappings]
        return dg.Definitions(assets=[*streams, _canonical_assets(home, settings)], asset_checks=checks)


class Route(dg.Component, dg.Model, dg.Resolvable):
    """What goes from where to where: the assets ROUTE/plan and ROUTE/deliver, both equations as checks, a job and its schedule."""

    home: str
    """The home folder."""
    name: str
    """The route's file in it, without its ending."""

    def build_defs(self, context: dg.ComponentLoadContext | None = None) -> dg.Definitions:  # noqa: ARG002 (the home says it all)
        """The assets, checks, job and schedule of the route."""
        home = load(Path(self.home))
        settings = home.routes[self.name]
        plan, deliver = _plan_asset(home, settings), _deliver_asset(home, settings)
        job = dg.define_asset_job(
            f"{self.name}_job",
            selection=dg.AssetSelection.assets(plan, deliver).upstream(),
            description=f"Everything the route {self.name} needs, from reading to receipts.",
        )
        schedules = [dg.ScheduleDefinition(job=job, cron_schedule=_CRON[settings.schedule])] if settings.schedule in _CRON else []
        checks = [_route_check(home.path, settings), _open_check(home.path, settings)]
        sensors = [_news_sensor(home.path, settings, job)]
        return dg.Definitions(assets=[plan, deliver], asset_checks=checks, jobs=[job], schedules=schedules, sensors=sensors)


class Reconciliation(dg.Component, dg.Model, dg.Resolvable):
    """The books of a company against its sources: the asset COMPANY/reconcile, by business day, with its checks and its morning."""

    home: str
    """The home folder."""
    name: str
    """The company, as counterfoil.yaml calls it."""

    def build_defs(self, context: dg.ComponentLoadContext | None = None) -> dg.Definitions:  # noqa: ARG002 (the home says it all)
        """The asset, its checks, a job and its schedule; nothing where no route leads to books, stock or hours of the company."""
        home = load(Path(self.home))
        compared = reconciling.sheets(home, self.name)
        if not compared:
            return dg.Definitions()
        first = min(route.start.business_date for sheet in compared for route, _posting in sheet.postings)
        zone = home.installation.companies[self.name].timezone
        days = dg.DailyPartitionsDefinition(start_date=first.isoformat(), timezone=zone)
        asset = _reconcile_asset(home, self.name, days)
        job = dg.define_asset_job(f"{self.name}_reconcile", selection=[asset])
        return dg.Definitions(assets=[asset], jobs=[job], schedules=[dg.build_schedule_from_partitioned_job(job, hour_of_day=_MORNING)])


def _reconcile_asset(home: Home, company: str, days: dg.DailyPartitionsDefinition) -> dg.AssetsDefinition:
    zone = home.installation.companies[company].timezone
    deliveries = [
        dg.AssetKey([route.name, "deliver"])
        for route in home.routes.values()
        if any(each.company in (None, company) for each in route.posting)
    ]
    key = dg.AssetKey([company, "reconcile"])

    @dg.asset(
        key=key,
        deps=deliveries,
        group_name=company,
        partitions_def=days,
        retry_policy=_RETRIES,
        check_specs=[
            dg.AssetCheckSpec("explained", asset=key, description="Each waterfall of the day ends at 0.00 unexplained."),
            dg.AssetCheckSpec("ties", asset=key, description="No break of the day is open. Amber, not red: each has a name and a way out."),
        ],
    )
    def reconcile() -> Iterator[dg.MaterializeResult[Any]]:
        """One business day from the sources to what the targets hold, every difference named."""
        day = date.fromisoformat(dg.AssetExecutionContext.get().partition_key)
        with opened(home.path) as (loaded, hub):
            found = reconciling.reconcile(loaded, hub, as_of=reconciling.end_of(day, zone), company=company, period=day.isoformat())
        classes = Counter(cause.kind.value for each in found.breaks for cause in each.causes)
        yield dg.MaterializeResult(
            metadata={"status": found.status.value, "run": found.run, "breaks": len(found.breaks), **classes},
            check_results=[
                dg.AssetCheckResult(check_name="explained", passed=found.status is not Status.INVALID),
                dg.AssetCheckResult(check_name="ties", passed=not found.breaks, severity=dg.AssetCheckSeverity.WARN),
            ],
        )

    return reconcile


def _news_sensor(home: Path, route: RouteSettings, job: Any) -> dg.SensorDefinition:
    @dg.sensor(
        name=f"{route.name}_news",
        job=job,
        minimum_interval_seconds=_LISTEN,
        description="A run as soon as a source says that it has news (`counterfoil hooks`); off until somebody switches it on.",
    )
    def listen(context: dg.SensorEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        newest = news.newest(load(home), route.sources)
        if newest <= int(context.cursor or 0):
            return dg.SkipReason("No source has said that it has news.")
        context.update_cursor(str(newest))
        return dg.RunRequest(run_key=str(newest))

    return listen


def components(home: Home) -> list[Connection | Route | Reconciliation]:
    """One component for each file of the home, and one for each company."""
    place = str(home.path)
    return [
        *(Connection(home=place, name=name) for name in (*home.taps, *home.targets)),
        *(Route(home=place, name=name) for name in home.routes),
        *(Reconciliation(home=place, name=name) for name in home.installation.companies),
    ]


def _stream_asset(home: Path, connection: TapConnection, stream: str) -> dg.AssetsDefinition:
    @dg.asset(
        key=[connection.name, stream],
        group_name=connection.name,
        kinds={connection.tap},
        pool=connection.name,
        retry_policy=_RETRIES,
        freshness_policy=_freshness(connection.schedule),
        description=f"Rows of {stream}, landed as they were read.",
    )
    def landed() -> dg.MaterializeResult[Any]:
        with opened(home) as (loaded, hub):
            count = running.read_stream(loaded, hub, loaded.taps[connection.name], stream)
        return dg.MaterializeResult(metadata={"dagster/row_count": count.worked, "landed": count.landed, "repeated": count.repeated})

    return landed


def _canonical_assets(home: Home, connection: TapConnection) -> dg.AssetsDefinition:
    kinds = sorted({kind for name in connection.mappings.values() for kind in home.mappings[name].document_types})
    specs = [
        dg.AssetSpec(
            ["canonical", connection.name, kind],
            deps=[dg.AssetKey([connection.name, stream]) for stream in connection.mappings],
            group_name=connection.name,
            description=f"Canonical documents of the kind {kind}, in revisions.",
        )
        for kind in kinds
    ]

    @dg.multi_asset(name=f"canonical_{connection.name}", specs=specs, retry_policy=_RETRIES)
    def canonical() -> Iterator[dg.MaterializeResult[Any]]:
        with opened(home.path) as (loaded, hub):
            made = problems = 0
            for stream in connection.mappings:
                count = running.translate_stream(loaded, hub, loaded.taps[connection.name], stream)
                made, problems = made + count.landed, problems + count.problems
        for spec in specs:
            yield dg.MaterializeResult(asset_key=spec.key, metadata={"new revisions of the connection": made, "problems": problems})

    return canonical


def _plan_asset(home: Home, route: RouteSettings) -> dg.AssetsDefinition:
    upstream = [
        dg.AssetKey(["canonical", source, kind])
        for source in route.sources
        for kind in sorted({kind for name in home.taps[source].mappings.values() for kind in home.mappings[name].document_types})
    ]

    @dg.asset(key=[route.name, "plan"], deps=upstream, group_name=route.name, retry_policy=_RETRIES)
    def plan() -> dg.MaterializeResult[Any]:
        """A fate for every revision on every posting, and an operation where something is to be done."""
        with opened(home.path) as (loaded, hub):
            running.resolve_all(hub)
            count = running.plan_route(hub, loaded.routes[route.name], same_account=loaded.same_account)
        return dg.MaterializeResult(metadata={"revisions": count.worked})

    return plan


def _deliver_asset(home: Home, route: RouteSettings) -> dg.AssetsDefinition:
    targets = sorted({posting.target for posting in route.posting})

    @dg.asset(
        key=[route.name, "deliver"],
        deps=[dg.AssetKey([route.name, "plan"])],
        group_name=route.name,
        pool=targets[0],
        retry_policy=_RETRIES,
        freshness_policy=_freshness(route.schedule),
    )
    def deliver() -> dg.MaterializeResult[Any]:
        """Receipts of everything that was ready."""
        with opened(home.path) as (loaded, hub):
            written = {name: running.deliver_target(loaded, hub, name, [loaded.routes[route.name]]).landed for name in targets}
        return dg.MaterializeResult(metadata={f"written to {name}": count for name, count in written.items()})

    return deliver


def _freshness(schedule: str) -> dg.FreshnessPolicy | None:
    return dg.FreshnessPolicy.time_window(fail_window=_FRESH[schedule]) if schedule in _FRESH else None


def _intake_check(home: Path, connection: TapConnection, stream: str) -> dg.AssetChecksDefinition:
    @dg.asset_check(
        asset=dg.AssetKey([connection.name, stream]),
        name="intake_equation",
        description="Every row that the reader handed out is accounted for.",
    )
    def intake() -> dg.AssetCheckResult:
        with opened(home) as (_loaded, hub), hub.read() as tx:
            found = [each for each in equations.intake(tx, [connection.name]) if each.stream == stream]
        return dg.AssetCheckResult(
            passed=all(each.balanced for each in found),
            severity=dg.AssetCheckSeverity.ERROR,
            metadata={each.stream: f"read {each.read}, accounted for {each.accounted}" for each in found},
        )

    return intake


def _route_check(home: Path, route: RouteSettings) -> dg.AssetChecksDefinition:
    @dg.asset_check(
        asset=dg.AssetKey([route.name, "deliver"]),
        name="route_equation",
        description="Per posting, unit and business date: what is in scope is what the fates add up to, from receipts.",
    )
    def balanced() -> dg.AssetCheckResult:
        found = _balances(home, route)
        red = [each for each in found if not each.balanced]
        return dg.AssetCheckResult(
            passed=not red,
            severity=dg.AssetCheckSeverity.ERROR,
            metadata={"unbalanced": _table(red)} if red else {"balances": len(found)},
        )

    return balanced


def _open_check(home: Path, route: RouteSettings) -> dg.AssetChecksDefinition:
    @dg.asset_check(
        asset=dg.AssetKey([route.name, "deliver"]),
        name="nothing_open",
        description="No document waits, is held, refused or in doubt. Amber, not red: it stands in plain sight.",
    )
    def nothing_open() -> dg.AssetCheckResult:
        totals = equations.fates(_balances(home, route))
        counts = {fate.value: sum(tally.count for tally in totals[fate].values()) for fate in _OPEN if fate in totals}
        return dg.AssetCheckResult(passed=not any(counts.values()), severity=dg.AssetCheckSeverity.WARN, metadata=dict(counts))

    return nothing_open


def _balances(home: Path, route: RouteSettings) -> list[equations.Balance]:
    with opened(home) as (_loaded, hub), hub.read() as tx:
        return equations.route(tx, route.name, route.sources, [(posting.name, posting.effect) for posting in route.posting])


def _table(balances: Sequence[equations.Balance]) -> dg.TableMetadataValue:
    return dg.MetadataValue.table(
        [
            dg.TableRecord({"posting": each.posting, "unit": each.unit, "day": str(each.day), "difference": str(each.difference)})
            for each in balances
        ]
    )
