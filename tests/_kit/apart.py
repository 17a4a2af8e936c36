"""Work in a child of this process: it may give up rights or mount a disk of its own, and nothing of that stays behind.

A fork and no new program, because a command line that is loaded already starts at once.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import pickle
import traceback
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, TypeVar

T = TypeVar("T")

_NEW_MOUNTS, _NEW_USER = 0x00020000, 0x10000000
_PRIVATE = 0x4000 | 0x40000
"""What is mounted here is mounted for nobody else."""
_CAPABILITIES_3 = 0x20080522
_READ_AND_WRITE_ALL = 1 << 1 | 1 << 2
"""CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH."""


class NoDisk(OSError):
    """No disk can be mounted on this machine, not even in a user namespace."""


def apart(work: Callable[[], T]) -> T:
    """What `work` gives back, done in a child process. What it raises is raised here, as an AssertionError that shows where."""
    reader, writer = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Python 3.12 warns of forks beside threads; pytest-xdist's only wait for work
        child = os.fork()
    if not child:
        os.close(reader)
        _report(work, os.fdopen(writer, "wb"))
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        told = pipe.read()
    os.waitpid(child, 0)
    assert told, "the child process ended without a word"
    value, error = pickle.loads(told)
    if error:
        raise error
    return value  # type: ignore[no-any-return]


def _report(work: Callable[[], object], pipe: BinaryIO) -> None:
    try:
        try:
            outcome: object = (work(), None)
        except NoDisk as absent:
            outcome = (None, absent)
        except BaseException:  # noqa: BLE001 (the child must not go on as a second pytest)
            outcome = (None, AssertionError(traceback.format_exc()))
        with pipe:
            pipe.write(pickle.dumps(outcome))
    finally:
        os._exit(0)


def without_rights() -> None:
    """Take from this process what lets root read and write everything, for good: it is denied as any other account is."""
    words = (ctypes.c_uint32 * 6)()  # twice effective, permitted, inheritable
    header = (ctypes.c_uint32 * 2)(_CAPABILITIES_3, 0)
    _call("capget", header, words)
    for place in range(3):
        words[place] &= ~_READ_AND_WRITE_ALL
    _call("capset", header, words)


def mount_small_disk(at: Path, megabytes: int) -> None:
    """Mount a disk in memory that this process and its children alone see, and that goes with them. Raises NoDisk."""
    at.mkdir(parents=True)
    account, group = os.geteuid(), os.getegid()
    try:
        try:
            _call("unshare", _NEW_MOUNTS)
        except OSError:  # only root may; everybody may where he is the only account
            _call("unshare", _NEW_MOUNTS | _NEW_USER)
            Path("/proc/self/setgroups").write_text("deny")
            Path("/proc/self/uid_map").write_text(f"{account} {account} 1")
            Path("/proc/self/gid_map").write_text(f"{group} {group} 1")
        _call("mount", b"none", b"/", None, _PRIVATE, None)
        _call("mount", b"tmpfs", bytes(at), b"tmpfs", 0, f"size={megabytes}m".encode())
    except OSError as refused:
        raise NoDisk(*refused.args) from None


@contextlib.contextmanager
def filled(disk: Path, *, but: int) -> Iterator[None]:
    """The disk is full up to so many kilobytes; afterwards there is room again."""
    found = os.statvfs(disk)
    ballast = disk / "ballast"
    ballast.write_bytes(bytes(found.f_bavail * found.f_frsize - but * 1024))
    yield
    ballast.unlink()


def _call(name: str, *arguments: object) -> None:
    system = ctypes.CDLL(None, use_errno=True)
    if getattr(system, name)(*arguments):
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")
