"""Which files a stream has, and whether one is still the file that was read."""

from __future__ import annotations

import glob
import hashlib
import itertools
import os
import re
import stat as modes
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mappings.problem import Problem
from taps.files.config import ENDINGS, FileFormat, FileStream
from taps.files.rows import FileTrouble

_SETTLED_NS = 2_000_000_000
"""A file younger than this may be written again within one tick of its clock: only its content tells."""


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
    wanted = home / stream.path
    many = _is_pattern(stream.path)
    try:
        many = many or wanted.is_dir()
        paths = sorted(_paths(stream, wanted, home), key=lambda path: path.as_posix())
    except PermissionError as error:
        return Found({}, many, denied(_shown(Path(error.filename or wanted), home)))
    except (FileNotFoundError, NotADirectoryError):
        return Found({}, many, missing(stream.path))
    except FileTrouble as trouble:
        return Found({}, many, trouble.problem)
    scopes: dict[str, list[File]] = {}
    for path in paths:
        file = File(_shown(path, home), path, scope_of(stream_name, stream, path.name))
        scopes.setdefault(file.scope, []).append(file)
    return Found(scopes, many, None if paths else _none(stream))


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


def fingerprint(path: Path) -> dict[str, Any]:
    """Size, times, inode and content hash of a file, as the state keeps them."""
    before = path.stat()
    digest = hashlib.sha256()
    with path.open("rb") as content:
        while block := content.read(1 << 20):
            digest.update(block)
    young = time.time_ns() - max(before.st_mtime_ns, before.st_ctime_ns) < _SETTLED_NS
    return {**_outside(before), "inode": 0 if young else before.st_ino, "sha256": digest.hexdigest()}


def unchanged(path: Path, known: Mapping[str, Any]) -> dict[str, Any] | None:
    """The file's fingerprint if it is still the one that is known; None if it is another. Reads it only where times do not tell."""
    try:
        return _unchanged(path, known)
    except OSError:
        return None  # whoever reads it next will say why


def _unchanged(path: Path, known: Mapping[str, Any]) -> dict[str, Any] | None:
    now = path.stat()
    if known["inode"] == now.st_ino and all(known[field] == value for field, value in _outside(now).items()):
        return {field: known[field] for field in ("size", "mtime_ns", "ctime_ns", "inode", "sha256")}
    if known["size"] != now.st_size:
        return None
    current = fingerprint(path)
    return current if current["sha256"] == known["sha256"] else None


def untouched(path: Path, known: Mapping[str, Any]) -> bool:
    """Whether nobody wrote to the file, or put another in its place, since its fingerprint was taken."""
    try:
        return all(known[field] == value for field, value in _outside(path.stat()).items() if field != "ctime_ns")
    except OSError:
        return False


def missing(shown: str) -> Problem:
    """Nothing is there."""
    return Problem(
        "READ-MISSING",
        f"{shown} is not there.",
        "Put it back, or correct `path` in the connection. What was read from it before stays as it is.",
    )


def denied(shown: str) -> Problem:
    """It is there and may not be read."""
    return Problem(
        "READ-DENIED",
        f"{shown} may not be read by the account that Counterfoil runs under.",
        "Give that account the right to read it. What was read from it before stays as it is.",
    )


def unreadable(shown: str, error: OSError) -> Problem:
    """It is not there, may not be read, or the disk or the network fails."""
    if isinstance(error, PermissionError):
        return denied(shown)
    if isinstance(error, FileNotFoundError):
        return missing(shown)
    say = f"{shown} cannot be read: {error.strerror or error}."
    return Problem("READ-DENIED", say, "Look at the disk or the network folder. What was read from it before stays as it is.")


def empty(shown: str, *, header: bool = False) -> Problem:
    """It is there and holds no row."""
    say = f"{shown} has a header and no rows." if header else f"{shown} is empty."
    return Problem("READ-EMPTY", say, "Look whether the export went wrong. What was read before stays as it is.")


def _none(stream: FileStream) -> Problem:
    what = "the pattern fits no file" if _is_pattern(stream.path) else "the folder holds no file that could be read"
    return Problem(
        "READ-EMPTY",
        f"There is nothing at {stream.path}: {what}.",
        "Wait for the next export, or correct `path` in the connection (a pattern such as drop/* takes any ending). "
        "What was read before stays as it is.",
    )


def _outside(stat: os.stat_result) -> dict[str, Any]:
    return {"size": stat.st_size, "mtime_ns": stat.st_mtime_ns, "ctime_ns": stat.st_ctime_ns}


def _is_pattern(path: str) -> bool:
    return glob.has_magic(path)


def _paths(stream: FileStream, wanted: Path, home: Path) -> Iterator[Path]:
    if _is_pattern(stream.path):
        _enter(stream.path, home)
        pattern = stream.path if Path(stream.path).is_absolute() else str(Path(glob.escape(str(home))) / stream.path)
        found = map(Path, glob.iglob(pattern, recursive=True))  # noqa: PTH207 (an absolute pattern is one Path.glob does not take)
        yield from (path for path in found if path.is_file() and not _passing(path))
        return
    mode = wanted.stat().st_mode
    if modes.S_ISDIR(mode):
        with os.scandir(wanted) as entries:
            inside = [Path(entry.path) for entry in entries if entry.is_file()]
        yield from (path for path in inside if not _passing(path) and path.suffix.lower() in ENDINGS and _fits(path, stream))
    elif modes.S_ISREG(mode):
        yield wanted
    else:
        raise FileTrouble(Problem("READ-DAMAGED", f"{stream.path} is no ordinary file.", "Name a file, a folder or a pattern."))


def _fits(path: Path, stream: FileStream) -> bool:
    return stream.format is None or ENDINGS[path.suffix.lower()] == stream.format


def _passing(path: Path) -> bool:
    """Hidden files, and those that office programs keep beside an open one."""
    return path.name.startswith((".", "~$"))


def _enter(pattern: str, home: Path) -> None:
    """Raise what glob would pass over: that the folder of a pattern is not there, or may not be listed."""
    plain = itertools.takewhile(lambda part: not glob.has_magic(part), Path(pattern).parts)
    with os.scandir(home.joinpath(*plain)):
        pass


def _shown(path: Path, home: Path) -> str:
    return path.relative_to(home).as_posix() if path.is_relative_to(home) else path.as_posix()
