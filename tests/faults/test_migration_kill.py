"""`kill -9` inside a migration, at G1 between two tables: nothing is left, and the next start makes the whole schema (faults.md, row 24).

Each case is one real kill of a forked process. With alembic's usual settings on SQLite the second start fails ("table already exists").
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator

import pytest
import sqlalchemy as sa

from pipelines.hub import ledger_tables, schema
from pipelines.hub.store import Hub, allocate
from taps._kit import points
from tests.faults.tally import Tally

TABLES = ledger_tables.operation.metadata.tables
POINTS = [1, 2, 3, 5, 8, 12, 16, 18, 19, 22, 25, 28, len(TABLES), len(TABLES) + 2]
"""Which passing of G1 kills: before the first table, at the borders of the revisions, before the last table, before the triggers."""


def killed_at(passing: int, work: Callable[[], object], tally: Tally, hub_url: str) -> None:
    """Run `work` in a forked process that is killed at the given passing of G1; count the kill."""
    child = os.fork()
    if child == 0:
        left = [passing]

        def count() -> None:
            left[0] -= 1
            if left[0] == 0:
                os.kill(os.getpid(), signal.SIGKILL)

        points.arm("G1", count)
        try:
            work()
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status), "the point was not reached"
    assert os.WTERMSIG(status) == signal.SIGKILL
    tally.kills += 1
    tally.cells[f"G1/hub/{hub_url.split(':', 1)[0].split('+', 1)[0]}"] += 1


@pytest.fixture
def hub(hub_url: str) -> Iterator[Hub]:
    opened = Hub(hub_url)
    yield opened
    opened.close()


def tables(hub: Hub) -> set[str]:
    with hub.read() as tx:
        return set(sa.inspect(tx).get_table_names())


def whole(hub: Hub) -> None:
    assert tables(hub) == {*TABLES, schema.VERSION_TABLE}
    schema.require_current(hub)
    with hub.begin() as tx:
        assert allocate(tx, "audit", 1) == 1


@pytest.mark.parametrize("passing", POINTS)
def test_a_killed_first_migration_leaves_nothing_and_the_next_start_makes_all(hub: Hub, hub_url: str, passing: int, tally: Tally) -> None:
    killed_at(passing, lambda: schema.migrate(Hub(hub_url)), tally, hub_url)
    assert tables(hub) == set()
    assert schema.migrate(hub) is True
    whole(hub)


@pytest.mark.parametrize("passing", [1, 7])
def test_a_killed_upgrade_leaves_the_older_hub_and_its_rows(
    hub: Hub, hub_url: str, passing: int, tally: Tally, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as old:
        old.setattr(schema, "NEWEST", "0001")
        old.setattr(schema, "bind_within", lambda *_: None)  # its table came with 0002
        schema.migrate(hub)
    with hub.begin() as tx:
        tx.exec_driver_sql("UPDATE counter SET next = 42 WHERE name = 'landed'")
    before = tables(hub)

    killed_at(passing, lambda: schema.migrate(Hub(hub_url)), tally, hub_url)

    assert (tables(hub), schema.at_revision(hub)) == (before, "0001")
    assert schema.migrate(hub) is True
    whole(hub)
    with hub.begin() as tx:
        assert allocate(tx, "landed", 1) == 42


def test_killed_twice_at_different_tables(hub: Hub, hub_url: str, tally: Tally) -> None:
    for passing in (20, 4):
        killed_at(passing, lambda: schema.migrate(Hub(hub_url)), tally, hub_url)
    assert schema.migrate(hub) is True
    whole(hub)
