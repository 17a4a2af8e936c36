"""Fixtures of every suite, the record of what ran, and the rule that a required group may not skip.

`COUNTERFOIL_REQUIRE=shared,postgres` names markers or folders under tests/: a test of theirs that skips has failed.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from tests._kit import record
from tests._kit.postgres import NoPostgres, Server, server

ROOT = Path(__file__).parent.parent
_INSTALLED = {"tryton_erp": "tryton", "vendure_shops": "vendure"}
_BY_FIXTURE = {"shared": "shared", "postgres_server": "postgres", "postgres_url": "postgres"}

settings.register_profile("quick", deadline=None, max_examples=60, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("nightly", deadline=None, max_examples=2000, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("nightly" if os.environ.get("COUNTERFOIL_SIZE") == "nightly" else "quick")

for _name in ("COUNTERFOIL_HOME", "DAGSTER_HOME"):  # a developer's own installation is none of the tests' business
    os.environ.pop(_name, None)


def required() -> frozenset[str]:
    """The groups that may not skip."""
    return frozenset(name.strip() for name in os.environ.get("COUNTERFOIL_REQUIRE", "").split(",") if name.strip())


# ── fixtures ──


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of shared reference data: $COUNTERFOIL_SHARED, or ../shared beside the checkout."""
    named = os.environ.get("COUNTERFOIL_SHARED")
    folder = Path(named) if named else ROOT.parent / "shared"
    if not (folder / "data").is_dir():
        pytest.skip(f"the shared data folder is absent: {'COUNTERFOIL_SHARED' if named else '../shared'} has no data/")
    return folder.resolve()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Server]:
    """One PostgreSQL server for this test process (each xdist worker has its own)."""
    try:
        with server() as running:
            yield running
    except NoPostgres as absent:
        pytest.skip(f"no PostgreSQL: {absent}")


@pytest.fixture
def postgres_url(postgres_server: Server) -> Iterator[str]:
    """A new, empty PostgreSQL database, dropped after the test: `postgresql+psycopg://…`."""
    name = postgres_server.create()
    yield postgres_server.url(name)
    postgres_server.drop(name)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def hub_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a new, empty database: each test with it runs on SQLite and on PostgreSQL."""
    if request.param == "postgres":
        url: str = request.getfixturevalue("postgres_url")
        return url
    return f"sqlite:///{tmp_path / 'hub.sqlite'}"


# ── a required group may not skip ──


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark each test that uses the shared data or PostgreSQL, so that `-m` and COUNTERFOIL_REQUIRE know it."""
    for item in items:
        installed = [_INSTALLED[fixture] for fixture in getattr(item, "fixturenames", ()) if fixture in _INSTALLED]
        for group in installed:
            item.add_marker(group)  # a group of its own: its server is installed from an index, which not every machine has
        if installed:
            continue
        for fixture in getattr(item, "fixturenames", ()):
            if fixture in _BY_FIXTURE:
                item.add_marker(_BY_FIXTURE[fixture])


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Any:
    """Turn the skip of a required test into a failure."""
    report = yield
    groups = required() & {record.group_of(item.nodeid), *(mark.name for mark in item.iter_markers())}
    if report.skipped and groups and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"{', '.join(sorted(groups))} is required (COUNTERFOIL_REQUIRE), but the test skipped: {_reason(report)}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector: pytest.Collector) -> Any:
    """Turn the skip of a whole required module into a failure."""
    report = yield
    if report.outcome == "skipped" and record.group_of(collector.nodeid) in required():
        report.outcome = "failed"
        report.longrepr = (
            f"{record.group_of(collector.nodeid)} is required (COUNTERFOIL_REQUIRE), but the module skipped: {_reason(report)}"
        )
    return report


def _reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    if isinstance(report.longrepr, tuple):
        return str(report.longrepr[2]).removeprefix("Skipped: ")
    return str(getattr(report, "wasxfail", "") or report.longrepr)


# ── the record ──


def pytest_configure(config: pytest.Config) -> None:
    """Start the record; with xdist, in the process that hears of every test."""
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(_Recorder(collect_only=config.option.collectonly), "counterfoil-recorder")


class _Recorder:
    def __init__(self, *, collect_only: bool) -> None:
        self.collect_only = collect_only
        self.outcomes: dict[str, tuple[str, str]] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.outcomes[report.nodeid] = (record.FAILED, "")
        elif report.skipped:
            self.outcomes[report.nodeid] = (record.SKIPPED, _reason(report))
        elif report.when == "call":
            self.outcomes[report.nodeid] = (record.PASSED, "")

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.outcome == "skipped":
            self.outcomes[report.nodeid] = (record.SKIPPED, _reason(report))
        elif report.failed:
            self.outcomes[report.nodeid] = (record.FAILED, "")

    def pytest_sessionfinish(self) -> None:
        if not self.collect_only:
            record.write(ROOT / "build", self.outcomes, ROOT)
