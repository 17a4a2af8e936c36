"""Whether an error means that a disk is full, whoever raises it: the system, SQLite or PostgreSQL."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from taps._kit.errors import Retryable

_LEAST = 1 << 20
"""Bytes: with less room than that, SQLite's vague "disk I/O error" means that there is none."""
_DISK_FULL = "53100"
"""PostgreSQL's code."""


def is_full(error: BaseException, folder: Path | None = None) -> bool:
    """Whether a write failed for lack of room; `folder` is where a SQLite file lives."""
    cause = getattr(error, "orig", None) or error
    if isinstance(cause, OSError):
        return cause.errno in (errno.ENOSPC, errno.EDQUOT)
    name = str(getattr(cause, "sqlite_errorname", ""))
    if name == "SQLITE_FULL" or getattr(cause, "sqlstate", None) == _DISK_FULL:
        return True
    return name.startswith("SQLITE_IOERR") and folder is not None and _room(folder) < _LEAST


def no_room(what: str) -> Retryable:
    """What a person is told; `what` says what has no room, and where."""
    return Retryable(f"There is no room left on the disk for {what}. Make room and start again: nothing is lost, nothing is sent twice.")


def _room(folder: Path) -> int:
    try:
        disk = os.statvfs(folder)
    except OSError:
        return _LEAST
    return disk.f_bavail * disk.f_frsize
