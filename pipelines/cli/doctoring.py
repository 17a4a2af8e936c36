"""`counterfoil doctor`: whether this installation can work, each point with what to do where it cannot."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from pipelines.cli.ending import Ending
from pipelines.cli.options import HERE, Home, Json

if TYPE_CHECKING:
    from pipelines.home.load import Home as LoadedHome
    from pipelines.hub.store import Hub

PACKAGES = ("mappings", "pipelines", "taps", "targets")
_OLDEST = (3, 11)
_NEWER_THAN_TRIED = (3, 15)
_LITTLE_SPACE_MB = 500
_MENTIONED, _PRESSING = 90, 7
"""Days before the end of a log-in, version or certificate from which it is told, and from which it is not well any more."""


class Point(NamedTuple):
    """One thing that was looked at."""

    name: str
    ok: bool
    say: str


def doctor(home: Home = HERE, as_json: Json = False) -> int:
    """Look at this installation: Python, packages, hub, key and disk; each line is ok or says what to do."""
    from pipelines.cli.page import Page, put_json

    points = list(examine(home))
    if as_json:
        put_json({"ok": all(point.ok for point in points), "points": [point._asdict() for point in points]})
    else:
        page = Page()
        for point in points:
            page.lamp("ok" if point.ok else "no", f"{point.name}: {point.say}")
    return Ending.DONE if all(point.ok for point in points) else Ending.MISCONFIGURED


def examine(folder: Path) -> Iterator[Point]:
    """Every point, in order; one that cannot be looked at does not stop the others."""
    from pipelines.cli.opening import home_at
    from taps._kit.errors import CounterfoilError

    yield _python(sys.version_info[:2])
    yield _owner()
    yield _space(folder)
    try:
        home = home_at(folder)
    except CounterfoilError as wrong:
        yield Point("home", ok=False, say=wrong.say)
        return
    yield Point("home", ok=True, say=f"{home.path} can be used")
    yield _key(home.path)
    yield from _hub(home)


def _python(version: tuple[int, ...]) -> Point:
    said = f"Python {'.'.join(map(str, version))}"
    fits = _OLDEST <= version < _NEWER_THAN_TRIED
    return Point("python", ok=fits, say=said if fits else f"{said} was not tried; use one from 3.11 up to 3.14")


def _owner() -> Point:
    from importlib.metadata import packages_distributions

    others = foreign_owners(packages_distributions())
    if others:
        return Point(
            "packages", ok=False, say=f"{', '.join(others)}: these names are ours; uninstall that distribution, or use a venv of our own"
        )
    return Point("packages", ok=True, say=f"{', '.join(PACKAGES)} belong to no other distribution")


def foreign_owners(owners: Mapping[str, Sequence[str]]) -> list[str]:
    """`name of DISTRIBUTION` for each of our four packages that another distribution has too."""
    return [
        f"{name} of {distribution}"
        for name in PACKAGES
        for distribution in sorted(set(owners.get(name, ())))
        if distribution.lower() != "counterfoil"
    ]


def _space(folder: Path, usage: Callable[[Path], tuple[int, int, int]] = shutil.disk_usage) -> Point:
    at = folder.resolve()
    while not at.exists():
        at = at.parent
    free = usage(at)[2] // 1_000_000
    said = f"{free:,} MB are free at {at}"
    return Point(
        "disk", ok=free >= _LITTLE_SPACE_MB, say=said if free >= _LITTLE_SPACE_MB else f"only {said}; make room before the next run"
    )


def _key(home: Path) -> Point:
    import os

    from pipelines.hub.keys import FILE, VARIABLE, load
    from taps._kit.errors import CounterfoilError

    if VARIABLE not in os.environ and not (home / FILE).exists():
        return Point("key", ok=True, say="there is none yet; it is made when the first secret is stored")
    try:
        load(home)
    except CounterfoilError as wrong:
        return Point("key", ok=False, say=wrong.say)
    return Point("key", ok=True, say=f"from {VARIABLE}" if VARIABLE in os.environ else f"{home / FILE}, readable by its owner only")


def _ends(home: LoadedHome, hub: Hub) -> Iterator[Point]:
    """What ends by itself within three months; in the last week it is time to act."""
    from pipelines.reconcile.lapses import lapses

    with hub.read() as tx:
        found = lapses(tx, home)
    for each in found:
        left = (each.on - hub.clock().date()).days
        if left <= _MENTIONED:
            yield Point("ends", ok=left > _PRESSING, say=f"{each.what}: {each.on}, {f'in {left} days' if left >= 0 else 'over'}")


def _hub(home: LoadedHome) -> Iterator[Point]:
    from pipelines.cli.opening import hub_as_it_is
    from pipelines.hub.binding import check_binding
    from pipelines.hub.queries import hub_file, spoken_url
    from taps._kit.errors import CounterfoilError

    file = hub_file(home.hub_url)
    if file is not None and not file.exists():
        yield Point("hub", ok=True, say=f"{file} is not there yet; the first `counterfoil run` makes it")
        return
    try:
        with hub_as_it_is(home) as hub:
            yield Point("hub", ok=True, say=f"{spoken_url(home.hub_url)} is reachable and current")
            moved = check_binding(hub)
            yield Point("place", ok=moved is None, say=moved or "the hub is where it was bound")
            yield from _ends(home, hub)
    except CounterfoilError as wrong:
        yield Point("hub", ok=False, say=wrong.say)
    except Exception as trouble:  # noqa: BLE001 (each driver has errors of its own; a doctor reports, it does not fall ill)
        yield Point(
            "hub",
            ok=False,
            say=f"{spoken_url(home.hub_url)} cannot be reached ({getattr(trouble, 'orig', None) or type(trouble).__name__})",
        )
