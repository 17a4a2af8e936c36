"""A copied hub does not deliver: it is bound to where its database lives, until a person adopts it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from pipelines.hub import schema
from pipelines.hub.binding import _differences, bind, check_binding, require_bound
from pipelines.hub.store import Hub
from taps._kit.errors import Misconfigured
from tests._kit.postgres import Server


@pytest.fixture
def hub(hub_url: str) -> Iterator[Hub]:
    opened = Hub(hub_url)
    schema.migrate(opened)
    yield opened
    opened.close()


def test_a_new_hub_is_bound_where_it_was_made(hub: Hub, hub_url: str) -> None:
    assert check_binding(hub) is None
    assert check_binding(Hub(hub_url)) is None
    require_bound(hub)


def test_a_copied_folder_does_not_deliver_until_it_is_adopted(tmp_path: Path) -> None:
    original = Hub(f"sqlite:///{tmp_path / 'home' / 'hub.db'}")
    schema.migrate(original)
    original.close()
    shutil.copytree(tmp_path / "home", tmp_path / "copy")
    copy = Hub(f"sqlite:///{tmp_path / 'copy' / 'hub.db'}")
    with pytest.raises(Misconfigured, match=r"to another place \(different: file\).*adopt-hub"):
        require_bound(copy)
    require_bound(original)
    bind(copy, "cli:grace")
    require_bound(copy)


def test_a_moved_folder_on_the_same_disk_is_still_the_hub(tmp_path: Path) -> None:
    hub = Hub(f"sqlite:///{tmp_path / 'home' / 'hub.db'}")
    schema.migrate(hub)
    hub.close()
    (tmp_path / "home").rename(tmp_path / "elsewhere")
    require_bound(Hub(f"sqlite:///{tmp_path / 'elsewhere' / 'hub.db'}"))


def test_vacuum_leaves_the_binding_as_it_is(tmp_path: Path) -> None:
    hub = Hub(f"sqlite:///{tmp_path / 'hub.db'}")
    schema.migrate(hub)
    with hub.engine.connect() as session:
        session.connection.dbapi_connection.execute("VACUUM")
    require_bound(hub)


@pytest.mark.postgres
def test_a_copied_database_does_not_deliver_until_it_is_adopted(postgres_server: Server, postgres_url: str) -> None:
    original = Hub(postgres_url)
    schema.migrate(original)
    original.close()
    source = sa.make_url(postgres_url).database
    with postgres_server.connect() as session:
        session.execute(f"CREATE DATABASE {source}_copy TEMPLATE {source}".encode())
    copy = Hub(postgres_server.url(f"{source}_copy"))
    try:
        with pytest.raises(Misconfigured, match=r"\(different: database\)"):
            require_bound(copy)
        require_bound(original)
        bind(copy, "cli:grace")
        require_bound(copy)
    finally:
        copy.close()
        postgres_server.drop(f"{source}_copy")


def test_a_hub_without_a_binding_does_not_deliver(hub: Hub) -> None:
    with hub.begin() as tx:
        tx.exec_driver_sql("DELETE FROM binding")
    with pytest.raises(Misconfigured, match="bound to no place"):
        require_bound(hub)


HERE = {"machine": "m", "file": "7", "device": "64769", "file system": "12"}


@pytest.mark.parametrize(
    ("change", "differences"),
    [
        ({}, []),
        ({"device": "64770"}, []),  # numbered anew at a restart
        ({"file system": "0"}, []),
        ({"device": "64770", "file system": "13"}, ["device", "file system"]),  # the same inode on another disk
        ({"machine": "other"}, ["machine"]),
        ({"file": "8"}, ["file"]),
    ],
)
def test_what_makes_another_place(change: dict[str, str], differences: list[str]) -> None:
    assert _differences(HERE, HERE | change) == differences
