"""One snapshot of each thing that somebody outside may rely on."""

from __future__ import annotations

import enum
import hashlib
import inspect
import json
import zipfile

import pytest
import typer
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.schema import CreateIndex, CreateTable

from mappings.model import REGISTRY
from mappings.problem import CODES
from pipelines.cli.main import app
from pipelines.definitions import defs
from pipelines.hub import ledger_tables, words
from pipelines.reconcile.exports.json import schema
from tests._kit import snapshot
from tests._kit.tree import PACKAGES, ROOT, files, relative
from tests._kit.wheel import build

DIALECTS = {"sqlite": sqlite.dialect(), "postgresql": postgresql.dialect()}


def test_a_change_is_seen(tmp_path, monkeypatch):
    monkeypatch.delenv("COUNTERFOIL_SNAPSHOT_UPDATE", raising=False)
    menu = tmp_path / "menu.txt"
    menu.write_text("tea\ncoffee\n")
    snapshot.check(menu, "tea\ncoffee")
    with pytest.raises(AssertionError, match=r"\+cocoa"):
        snapshot.check(menu, "tea\ncoffee\ncocoa")
    monkeypatch.setenv("COUNTERFOIL_SNAPSHOT_UPDATE", "1")
    snapshot.check(menu, "tea\ncoffee\ncocoa")
    assert menu.read_text() == "tea\ncoffee\ncocoa\n"


def test_problem_codes():
    lines = [f"{code}: {meaning}" for code, meaning in CODES.items()]
    snapshot.check(snapshot.SURFACE / "problem-codes.txt", "\n".join(lines))


def test_words():
    found = [
        value for _, value in inspect.getmembers(words, inspect.isclass) if issubclass(value, enum.StrEnum) and value is not enum.StrEnum
    ]
    snapshot.check(
        snapshot.SURFACE / "words.txt", "\n".join(f"{one.__name__}: {' '.join(member.value for member in one)}" for one in found)
    )


def test_canonical_model():
    """Fields in a line each, so that a difference can be read; the digest holds what the line leaves out."""
    lines = []
    for name, model in sorted(REGISTRY.items()):
        schema = json.dumps(model.model_json_schema(), sort_keys=True)
        lines.append(f"{name} {hashlib.sha256(schema.encode()).hexdigest()[:16]}: {' '.join(sorted(model.model_fields))}")
    snapshot.check(snapshot.SURFACE / "canonical-model.txt", "\n".join(lines))


def test_reconciliation_as_json():
    """The data file of a reconciliation: what its readers may rely on."""
    snapshot.check(snapshot.SURFACE / "reconciliation-json.txt", json.dumps(schema(), indent=1, sort_keys=True))


@pytest.mark.parametrize("dialect", DIALECTS)
def test_tables_of_the_hub(dialect):
    statements = []
    for table in ledger_tables.metadata.sorted_tables:
        statements.append(str(CreateTable(table).compile(dialect=DIALECTS[dialect])).strip())
        indexes = sorted(table.indexes, key=lambda index: str(index.name))
        statements += [str(CreateIndex(index).compile(dialect=DIALECTS[dialect])).strip() for index in indexes]
    snapshot.check(
        snapshot.SURFACE / f"hub-{dialect}.txt", "\n\n".join("\n".join(line.rstrip() for line in one.splitlines()) for one in statements)
    )


def helps(command, name):
    """The help of a command and of those below it, as it is printed on a terminal of 100 columns."""
    yield name, command.get_help(typer.Context(command, info_name=name, terminal_width=100))
    for below, subcommand in getattr(command, "commands", {}).items():
        yield from helps(subcommand, f"{name} {below}")


def test_commands():
    found = helps(typer.main.get_command(app), "counterfoil")
    snapshot.check(snapshot.SURFACE / "commands.txt", "\n\n".join(text.rstrip() for _, text in found))


def test_assets_of_the_sample(monkeypatch):
    monkeypatch.setenv("COUNTERFOIL_HOME", str(ROOT / "pipelines" / "sandbox" / "sample"))
    found = defs()
    graph = found.resolve_asset_graph()
    lines = []
    for key in sorted(graph.get_all_asset_keys()):
        parents = " ".join(sorted(parent.to_user_string() for parent in graph.get(key).parent_keys))
        lines.append(f"asset {key.to_user_string()} <- {parents}".removesuffix(" <- "))
    lines += [f"check {check.asset_key.to_user_string()} {check.name}" for check in sorted(graph.asset_check_keys)]
    schedules = found.get_repository_def().schedule_defs
    lines += [f"schedule {schedule.name} {schedule.cron_schedule}" for schedule in sorted(schedules, key=lambda each: each.name)]
    snapshot.check(snapshot.SURFACE / "assets.txt", "\n".join(lines))


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> list[str]:
    """Names in the wheel."""
    return sorted(zipfile.ZipFile(build(tmp_path_factory.mktemp("wheel"))).namelist())


def test_wheel_contents(wheel):
    snapshot.check(snapshot.SURFACE / "wheel.txt", "\n".join(name for name in wheel if ".dist-info/" not in name))


def test_the_wheel_has_the_data_that_the_code_reads(wheel):
    tracked = {relative(path) for path in files(tracked_only=True)}
    data = {name for name in tracked if name.split("/", 1)[0] in PACKAGES}
    assert data - set(wheel) == set()


def test_the_wheel_has_nothing_else(wheel):
    others = {name.split("/", 1)[0] for name in wheel} - set(PACKAGES)
    assert [other for other in others if not other.endswith(".dist-info")] == []
