"""The migrations lead to the tables of the code, on both databases; one process migrates, a newer or foreign database is refused."""

from __future__ import annotations

import multiprocessing
import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from pipelines.hub import ledger_tables, schema
from pipelines.hub.store import Hub, allocate
from taps._kit.errors import Fatal, Misconfigured

TABLES = ledger_tables.operation.metadata
FORK = multiprocessing.get_context("fork")


@pytest.fixture
def hub(hub_url: str) -> Iterator[Hub]:
    opened = Hub(hub_url)
    yield opened
    opened.close()


def catalogue(hub: Hub) -> dict[str, str]:
    """What the database itself says that it holds, in words of its own; without the version table and the triggers."""
    with hub.read() as tx:
        if hub.sqlite:
            rows = tx.exec_driver_sql(
                "SELECT type || ' ' || name, sql FROM sqlite_master WHERE type IN ('table', 'index') AND sql IS NOT NULL"
            )
            found = {name: re.sub(r"\s+", " ", sql).replace(" )", ")").replace("( ", "(") for name, sql in rows}
        else:
            found = dict(tx.exec_driver_sql(_POSTGRES).all())
    return {name: text for name, text in found.items() if schema.VERSION_TABLE not in name}


_POSTGRES = """
SELECT 'column ' || table_name || '.' || column_name,
       concat_ws(' ', ordinal_position, data_type, character_maximum_length, numeric_precision, numeric_scale, is_nullable, column_default)
FROM information_schema.columns WHERE table_schema = 'public'
UNION ALL SELECT 'index ' || indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'
UNION ALL SELECT 'constraint ' || conrelid::regclass || ' ' || conname, pg_get_constraintdef(oid)
          FROM pg_constraint WHERE connamespace = 'public'::regnamespace
UNION ALL SELECT 'comment ' || relname, obj_description(oid, 'pg_class')
          FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
"""


def test_the_migrations_lead_to_the_tables_of_the_code(hub: Hub) -> None:
    assert schema.migrate(hub) is True
    migrated = catalogue(hub)
    with hub.begin() as tx:
        TABLES.drop_all(tx)
        tx.exec_driver_sql(f"DROP TABLE {schema.VERSION_TABLE}")
        TABLES.create_all(tx)
    assert migrated == catalogue(hub)


def test_alembic_sees_no_difference_either(hub: Hub) -> None:
    from pipelines.hub.migrations.draft import difference

    schema.migrate(hub)
    assert difference(hub) == []


def test_a_column_more_in_the_code_is_seen(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    from pipelines.hub.migrations import draft

    schema.migrate(hub)
    more = sa.MetaData(naming_convention=TABLES.naming_convention)
    for table in TABLES.tables.values():
        table.to_metadata(more)
    more.tables["period"].append_column(sa.Column("note", sa.Text))
    monkeypatch.setattr(draft, "TABLES", more)
    assert draft.difference(hub) == ['at("G1")', "op.add_column('period', sa.Column('note', sa.Text(), nullable=True))"]


def test_each_counter_starts_at_one(hub: Hub) -> None:
    schema.migrate(hub)
    with hub.begin() as tx:
        assert [allocate(tx, name, 3) for name in ("landed", "document", "operation", "lease", "audit")] == [1] * 5
        assert allocate(tx, "landed", 1) == 4


def test_a_second_run_does_nothing_and_says_so(hub: Hub) -> None:
    said: list[str] = []
    assert schema.migrate(hub, progress=said.append) is True
    assert [sentence[:31] for sentence in said] == [f"The hub's schema goes to {number}: " for number in ("0001", "0002", "0003", "0004")]
    assert schema.migrate(hub, progress=said.append) is False
    assert len(said) == 4
    schema.require_current(hub)


def test_the_newest_revision_is_the_last_script() -> None:
    from alembic.script import ScriptDirectory

    script = ScriptDirectory(str(schema.FOLDER))
    assert script.get_heads() == [schema.NEWEST]


def test_a_current_hub_starts_without_alembic(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'hub.db'}"
    schema.migrate(Hub(url))
    program = f"""
import sys
from pipelines.hub import schema
from pipelines.hub.store import Hub
hub = Hub({url!r})
assert schema.migrate(hub) is False
schema.require_current(hub)
print("alembic" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=schema.FOLDER.parents[2])
    assert done.stdout.strip() == "False"


def test_an_empty_database_is_not_current(hub: Hub) -> None:
    with pytest.raises(Misconfigured, match="holds no hub yet"):
        schema.require_current(hub)


def test_a_newer_hub_is_refused_in_words(hub: Hub) -> None:
    schema.migrate(hub)
    with hub.begin() as tx:
        tx.exec_driver_sql(f"UPDATE {schema.VERSION_TABLE} SET version_num = '9000'")
    for entrance in (schema.migrate, schema.require_current):
        with pytest.raises(Misconfigured, match=r"written by a newer version of Counterfoil \(its schema is 9000"):
            entrance(hub)


def test_tables_of_another_program_are_left_alone(hub: Hub) -> None:
    with hub.begin() as tx:
        tx.exec_driver_sql("CREATE TABLE document (theirs INTEGER)")
    with pytest.raises(Misconfigured, match="Give the hub a database of its own"):
        schema.migrate(hub)
    assert [name for name in catalogue(hub) if name.startswith(("table", "column"))] in (["table document"], ["column document.theirs"])


def test_an_older_sqlite_hub_is_copied_before_it_is_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hub = Hub(f"sqlite:///{tmp_path / 'hub.db'}")
    with monkeypatch.context() as old:
        old.setattr(schema, "NEWEST", "0001")
        old.setattr(schema, "bind_within", lambda *_: None)  # its table came with 0002
        schema.migrate(hub)
    with hub.begin() as tx:
        tx.exec_driver_sql("INSERT INTO entity VALUES ('e1', 'party', '2026-01-01')")
    with pytest.raises(Misconfigured, match="schema is 0001, this version needs 0004"):
        schema.require_current(hub)

    assert schema.migrate(hub) is True

    copies = [path.name for path in tmp_path.iterdir() if "before" in path.name]
    assert copies == ["hub.db.before-0004"]
    with sqlite3.connect(tmp_path / copies[0]) as copy:
        assert copy.execute("SELECT entity_id FROM entity").fetchall() == [("e1",)]
        assert copy.execute(f"SELECT version_num FROM {schema.VERSION_TABLE}").fetchall() == [("0001",)]
        assert not copy.execute("SELECT 1 FROM sqlite_master WHERE name = 'operation'").fetchall()


def test_a_hub_that_cannot_be_copied_is_not_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hub = Hub(f"sqlite:///{tmp_path / 'hub.db'}")
    with monkeypatch.context() as old:
        old.setattr(schema, "NEWEST", "0001")
        old.setattr(schema, "bind_within", lambda *_: None)  # its table came with 0002
        schema.migrate(hub)
    (tmp_path / "hub.db.before-0004").mkdir()
    with pytest.raises(Fatal, match="no copy of it could be written"):
        schema.migrate(hub)
    assert schema.at_revision(hub) == "0001"
    assert not (tmp_path / "hub.db.before-0004.part").exists()


def test_of_processes_that_start_together_one_migrates(hub_url: str) -> None:
    start, answers = FORK.Barrier(4), FORK.Queue()

    def child() -> None:
        hub = Hub(hub_url)
        start.wait()
        answers.put(schema.migrate(hub))

    children = [FORK.Process(target=child) for _ in range(4)]
    for process in children:
        process.start()
    told = sorted(answers.get(timeout=60) for _ in children)
    for process in children:
        process.join()
    assert told == [False, False, False, True]
    schema.require_current(Hub(hub_url))
