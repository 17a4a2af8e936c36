"""Which files a stream has, by scope."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mappings.problem import Problem
from taps._kit.folder import listing, shown
from taps.files.config import ENDINGS, FileFormat, FileStream


@dataclass(frozen=True, slots=True)
class File:
    """One file of a stream; `name` is its path from the home folder, the same on every machine."""

    name: str
    path: Path
    scope: str


@dataclass(frozen=True, slots=True)
class Found:
    """The files of a stream by scope, each in the order of names; `many` if the path is a folder or a pattern."""

    scopes: Mapping[str, list[File]]
    many: bool
    trouble: Problem | None = None


def find(stream_name: str, stream: FileStream, home: Path) -> Found:
    """Look for the files of a stream."""
    there = listing(stream.path, home, lambda path: path.suffix.lower() in ENDINGS and _fits(path, stream))
    scopes: dict[str, list[File]] = {}
    for path in there.paths:
        file = File(shown(path, home), path, scope_of(stream_name, stream, path.name))
        scopes.setdefault(file.scope, []).append(file)
    return Found(scopes, there.many, there.trouble)


def scope_of(stream_name: str, stream: FileStream, file_name: str) -> str:
    """The scope that rows of this file belong to."""
    scope = stream.scope or stream_name
    if stream.scope_from is None:
        return scope
    group = re.search(stream.scope_from, file_name)
    return f"{scope}:{group.group(1)}" if group and group.group(1) else scope


def format_of(file: Path, stream: FileStream) -> FileFormat | None:
    """The configured format, or what the ending says; None where neither is known."""
    return stream.format or ENDINGS.get(file.suffix.lower())


def _fits(path: Path, stream: FileStream) -> bool:
    return stream.format is None or ENDINGS[path.suffix.lower()] == stream.format
