"""Opening the home folder and its hub, for commands that look and for commands that work."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from taps._kit.errors import Misconfigured

if TYPE_CHECKING:
    from pipelines.home.load import Home
    from pipelines.hub.store import Hub


def home_at(folder: Path) -> Home:
    """The home folder, read and checked. Raises Misconfigured with every mistake, one a line."""
    from pipelines.home.load import load

    return load(folder)


@contextmanager
def hub_as_it_is(home: Home) -> Iterator[Hub]:
    """The hub as it is: nothing is made and nothing is migrated. Raises Misconfigured where there is none, or an older one."""
    from pipelines.hub.queries import hub_file
    from pipelines.hub.schema import require_current
    from pipelines.hub.store import Hub

    file = hub_file(home.hub_url)
    if file is not None and not file.exists():
        raise Misconfigured(f"Nothing has been run in {home.path} yet. `counterfoil run` starts it.")
    hub = Hub(home.hub_url)
    try:
        require_current(hub)
        yield hub
    finally:
        hub.close()


@contextmanager
def hub_if_there(home: Home) -> Iterator[Hub | None]:
    """The hub as it is, or None where nothing was run yet."""
    from pipelines.hub.queries import hub_file

    file = hub_file(home.hub_url)
    if file is not None and not file.exists():
        yield None
        return
    with hub_as_it_is(home) as hub:
        yield hub


@contextmanager
def hub_for_work(home: Home) -> Iterator[Hub]:
    """The hub, made or brought to the newest schema where need be."""
    from pipelines.hub.schema import migrate
    from pipelines.hub.store import Hub

    hub = Hub(home.hub_url)
    try:
        migrate(hub)
        yield hub
    finally:
        hub.close()
