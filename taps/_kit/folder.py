"""Files in folders: which ones a path names, whether one is still the file that was read, and what is said of one that cannot be read."""

from __future__ import annotations

import glob
import hashlib
import itertools
import os
import re
import stat as modes
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mappings.problem import Problem

_SETTLED_NS = 2_000_000_000
"""A file younger than this may be written again within one tick of its clock: only its content tells."""

RAW_LIMIT = 4_000
"""Characters of a damaged row that are kept."""

_UNSAFE = re.compile("[\x00\ud800-\udfff]")


class FileTrouble(Exception):
    """A file cannot be read, or not to its end."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.say)
        self.problem = problem


@dataclass(frozen=True, slots=True)
class Listing:
    """The files that a path names, in the order of their paths; `many` if it is a folder or a pattern."""

    paths: list[Path]
    many: bool
    trouble: Problem | None = None


def listing(path: str, home: Path, takes: Callable[[Path], bool]) -> Listing:
    """What there is at a file, a folder or a pattern; relative paths start at `home`. Of a folder, the files that `takes` likes."""
    wanted = home / path
    many = _is_pattern(path)
    try:
        many = many or wanted.is_dir()
        paths = sorted(_paths(path, wanted, home, takes), key=lambda path: path.as_posix())
    except PermissionError as error:
        return Listing([], many, denied(shown(Path(error.filename or wanted), home)))
    except (FileNotFoundError, NotADirectoryError):
        return Listing([], many, missing(path))
    except FileTrouble as trouble:
        return Listing([], many, trouble.problem)
    return Listing(paths, many, None if paths else _none(path))


def shown(path: Path, home: Path) -> str:
    """The path from the home folder, the same on every machine."""
    return path.relative_to(home).as_posix() if path.is_relative_to(home) else path.as_posix()


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


def corrupt(name: str, kind: str, error: object = "") -> FileTrouble:
    """The file is not, or not wholly, what its ending says."""
    detail = f" ({str(error).splitlines()[0][:200]})" if str(error) else ""
    return FileTrouble(
        Problem(
            "READ-DAMAGED",
            f"{name} cannot be read as {kind}: it is cut off, or something else under this name{detail}.",
            "Have the file exported or copied again; what was read of it before stays, and nothing counts as deleted.",
        )
    )


def safe_text(raw: str) -> str:
    """A text that every database takes: bytes that could not be decoded, and NUL, as escapes; cut to RAW_LIMIT."""
    return _UNSAFE.sub(lambda found: ascii(found.group())[1:-1], raw[:RAW_LIMIT])


def _none(path: str) -> Problem:
    what = "the pattern fits no file" if _is_pattern(path) else "the folder holds no file that could be read"
    return Problem(
        "READ-EMPTY",
        f"There is nothing at {path}: {what}.",
        "Wait for the next export, or correct `path` in the connection (a pattern such as drop/* takes any ending). "
        "What was read before stays as it is.",
    )


def _outside(stat: os.stat_result) -> dict[str, Any]:
    return {"size": stat.st_size, "mtime_ns": stat.st_mtime_ns, "ctime_ns": stat.st_ctime_ns}


def _is_pattern(path: str) -> bool:
    return glob.has_magic(path)


def _paths(path: str, wanted: Path, home: Path, takes: Callable[[Path], bool]) -> Iterator[Path]:
    if _is_pattern(path):
        _enter(path, home)
        pattern = path if Path(path).is_absolute() else str(Path(glob.escape(str(home))) / path)
        found = map(Path, glob.iglob(pattern, recursive=True))  # noqa: PTH207 (an absolute pattern is one Path.glob does not take)
        yield from (path for path in found if path.is_file() and not _passing(path))
        return
    mode = wanted.stat().st_mode
    if modes.S_ISDIR(mode):
        with os.scandir(wanted) as entries:
            inside = [Path(entry.path) for entry in entries if entry.is_file()]
        yield from (path for path in inside if not _passing(path) and takes(path))
    elif modes.S_ISREG(mode):
        yield wanted
    else:
        raise FileTrouble(Problem("READ-DAMAGED", f"{path} is no ordinary file.", "Name a file, a folder or a pattern."))


def _passing(path: Path) -> bool:
    """Hidden files, and those that office programs keep beside an open one."""
    return path.name.startswith((".", "~$"))


def _enter(pattern: str, home: Path) -> None:
    """Raise what glob would pass over: that the folder of a pattern is not there, or may not be listed."""
    plain = itertools.takewhile(lambda part: not glob.has_magic(part), Path(pattern).parts)
    with os.scandir(home.joinpath(*plain)):
        pass
