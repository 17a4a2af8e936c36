"""Files that only grow, and what is committed of them.

`Grown` is one such file: its committed part is known by length and hash, what follows is not ours to trust until an attempt claims it.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from taps._kit.disk import is_full, no_room
from taps._kit.errors import CounterfoilError, Misconfigured, Retryable, Tampered

_CHUNK = 1 << 20


def sync_folder(folder: Path) -> None:
    """Make new names in a folder durable."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def make_folder(folder: Path) -> None:
    """The folder, durable, with its parents. Raises Misconfigured with the reason if it cannot be."""
    try:
        missing = []
        at = folder
        while not at.is_dir():
            missing.append(at)
            at = at.parent
        for path in reversed(missing):
            path.mkdir(exist_ok=True)
            sync_folder(path.parent)
    except OSError as error:
        raise trouble(folder, error) from error


def trouble(folder: Path, error: OSError) -> CounterfoilError:
    """Why the ledger cannot be written: no room, no right, or a disk or network that may be back later."""
    if is_full(error):
        return no_room(f"the ledger in {folder}")
    say = f"The ledger in {folder} cannot be written: {error.strerror}."
    if isinstance(error, PermissionError | FileNotFoundError | NotADirectoryError | FileExistsError):
        return Misconfigured(f"{say} Give the account that runs Counterfoil the right to write there, or set another path.")
    return Retryable(say)


class Grown:
    """One file that we only ever append to."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.length = 0
        self.lines = 0
        self._hash = hashlib.sha256()
        self._file = -1

    def open(self, mark: Mapping[str, Any] | None, line_of: Callable[[], tuple[int, str] | None]) -> None:
        """Open (or make) the file and compare its committed part with `mark`.

        `line_of` finds the line that was changed and says what is wrong with it; it is asked only where length or hash differ.
        Raises Tampered with file and line.
        """
        committed = int(mark["length"]) if mark else 0
        if mark and not self.path.exists():
            raise Tampered(f"{self.path} is missing; {committed} bytes of it were written. Bring the file back from a backup.")
        new = not self.path.exists()
        try:
            self._file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise trouble(self.path.parent, error) from error
        if new:
            sync_folder(self.path.parent)
        for chunk in self.chunks(0, committed):
            self.take(chunk)
        if self.length < committed:
            end = f"the file ends here, after {self.length} bytes; {committed} were written"
            raise self._tampered(line_of() or (self.lines + 1, end))
        if mark and self._hash.hexdigest() != mark["hash"]:
            raise self._tampered(line_of() or (1, "the file was written anew"))

    def _tampered(self, fault: tuple[int, str]) -> Tampered:
        line, why = fault
        return Tampered(f"{self.path}, line {line}: {why}. Nobody but Counterfoil may change this file; bring it back from a backup.")

    def close(self) -> None:
        """Let go of the file. Harmless if it is not open."""
        if self._file >= 0:
            os.close(self._file)
        self._file, self.length, self.lines, self._hash = -1, 0, 0, hashlib.sha256()

    def mark(self) -> dict[str, Any]:
        """What is committed: length in bytes and SHA-256 of them."""
        return {"length": self.length, "hash": self._hash.hexdigest()}

    def size(self) -> int:
        """The length of the file now, committed or not."""
        return os.fstat(self._file).st_size

    def take(self, data: bytes) -> None:
        """Count these bytes, which follow the committed ones in the file, as committed."""
        self._hash.update(data)
        self.length += len(data)
        self.lines += data.count(b"\n")

    def write(self, data: bytes, at: int) -> None:
        """Write at a place; short writes are continued. Not yet durable. Raises OSError (no space) with nothing committed."""
        view = memoryview(data)
        while view:
            done = os.pwrite(self._file, view, at)
            view, at = view[done:], at + done

    def read(self, start: int, end: int) -> bytes:
        """The bytes from `start` to `end`, as they are in the file."""
        return b"".join(self.chunks(start, end))

    def chunks(self, start: int, end: int) -> Iterator[bytes]:
        """The same, a megabyte at a time; stops where the file does."""
        while start < end:
            data = os.pread(self._file, min(_CHUNK, end - start), start)
            if not data:
                return
            yield data
            start += len(data)

    def sync(self) -> None:
        """Make what was written durable."""
        os.fsync(self._file)

    def cut(self, length: int) -> None:
        """Take away what follows, durably."""
        os.ftruncate(self._file, length)
        os.fsync(self._file)
