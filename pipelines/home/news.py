"""Which streams are said to have news: one small file each under HOME/news, so that a receiver needs no hub, and a run finds them.

A mark says that it is worth to look, nothing else: one too many costs a quiet read, one that is lost waits for the schedule.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from pipelines.home.load import Home

ANY = "any"
"""Of a call that does not say which stream."""


def _folder(home: Path) -> Path:
    return home / "news"


def put(home: Path, connection: str, streams: Iterable[str]) -> None:
    """Mark streams of a connection; none named: any of them."""
    folder = _folder(home) / connection
    folder.mkdir(parents=True, exist_ok=True)
    for stream in tuple(streams) or (ANY,):
        (folder / stream).touch()


def told(home: Home) -> dict[str, tuple[str, ...]]:
    """The marked streams by connection, in the order of names; of connections that the home has."""
    found: dict[str, tuple[str, ...]] = {}
    for name in sorted(home.taps):
        folder = _folder(home.path) / name
        marks = {mark.name for mark in folder.iterdir()} if folder.is_dir() else set()
        known = home.taps[name].mappings
        streams = tuple(stream for stream in known if ANY in marks or stream in marks)
        if streams:
            found[name] = streams
    return found


def take(home: Home) -> dict[str, tuple[str, ...]]:
    """As `told`, and the marks are gone: before the read begins, so that news of meanwhile is news again."""
    found = told(home)
    for name in home.taps:
        folder = _folder(home.path) / name
        for mark in folder.iterdir() if folder.is_dir() else ():
            mark.unlink(missing_ok=True)
    return found


def newest(home: Home, connections: Iterable[str]) -> int:
    """When the newest mark of these connections was made, in nanoseconds since 1970; 0 where there is none."""
    folders = [_folder(home.path) / name for name in connections]
    return max((mark.stat().st_mtime_ns for folder in folders if folder.is_dir() for mark in folder.iterdir()), default=0)
