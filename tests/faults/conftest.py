"""Fixtures of the fault suite: one zygote a test process, the places of a company on each hub, and the record of the kills."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests._kit.postgres import Server
from tests.faults import tally as tallies
from tests.faults.trial import Life, Zygote

Born = Callable[..., Life]


@pytest.fixture(scope="session")
def zygote() -> Iterator[Zygote]:
    """The product as it stands in this checkout, imported once."""
    with Zygote() as made:
        yield made


@pytest.fixture
def tally(request: pytest.FixtureRequest) -> Iterator[tallies.Tally]:
    """What the test counts for build/faults.json; written whatever becomes of the test."""
    counted = tallies.Tally()
    yield counted
    tallies.put(request.node.nodeid, counted)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def hub_kind(request: pytest.FixtureRequest) -> str:
    """Where the hub is, and the stock with it: a file, or a database of a server."""
    return str(request.param)


@pytest.fixture
def born(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Born]:
    """Makes companies on either kind of hub; all of it is gone after the test."""
    lives: list[Life] = []
    databases: list[str] = []

    def on_server() -> str:
        server: Server = request.getfixturevalue("postgres_server")
        databases.append(server.create())
        return server.url(databases[-1])

    def make(zygote: Zygote, seed: int, kind: str = "sqlite") -> Life:
        folder = tmp_path / f"life-{len(lives)}"
        if kind == "postgres":
            lives.append(Life(folder, on_server(), on_server(), zygote, seed))
        else:
            lives.append(Life(folder, f"sqlite:///{tmp_path / f'hub-{len(lives)}.sqlite'}", None, zygote, seed))
        return lives[-1]

    yield make
    for life in lives:
        life.close()
    for name in databases:
        request.getfixturevalue("postgres_server").drop(name)
