"""The right to write a folder: for targets that are files."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import time
from pathlib import Path

from taps._kit.errors import Retryable

_WAIT_SECONDS = 10.0
_POLL_SECONDS = 0.05


class Lock:
    """A kernel lock on a file of the folder: it dies with its process."""

    def __init__(self, path: Path, what: str) -> None:
        self._path = path
        self._what = what
        """Whose folder it is, as a person calls it: The ledger."""
        self._file: int | None = None

    def take(self) -> None:
        """Wait for the lock. Raises Retryable with the process that holds it, OSError where the folder cannot be written."""
        handle = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        give_up = time.monotonic() + _WAIT_SECONDS
        while not _taken(handle):
            if time.monotonic() >= give_up:
                holder = os.pread(handle, 20, 0).decode("ascii", "replace").strip() or "unknown"
                os.close(handle)
                raise Retryable(f"{self._what} in {self._path.parent} is being written by another process (pid {holder}). Try again later.")
            time.sleep(_POLL_SECONDS)
        with contextlib.suppress(OSError):  # for whoever waits: on a full disk they are told no name
            os.ftruncate(handle, 0)
            os.pwrite(handle, str(os.getpid()).encode(), 0)
        self._file = handle

    def free(self) -> None:
        """Let the next one in. Harmless if the lock is not held."""
        if self._file is not None:
            os.ftruncate(self._file, 0)
            os.close(self._file)
            self._file = None


def _taken(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as busy:
        if busy.errno in (errno.EAGAIN, errno.EACCES):
            return False
        os.close(handle)
        raise
    return True
