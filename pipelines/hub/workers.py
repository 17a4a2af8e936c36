"""Which worker this is, and whether another one of the same machine is certainly dead: then nobody waits for its lease to end."""

from __future__ import annotations

import os
import socket
from pathlib import Path

_BOOT = Path("/proc/sys/kernel/random/boot_id")


def me() -> str:
    """Unmistakable name of this process: host, boot, pid and the instant of its start. Without /proc, host and pid."""
    return "/".join((socket.gethostname(), _boot(), _namespace(), str(os.getpid()), _started(os.getpid()) or ""))


def is_gone(holder: str) -> bool:
    """Whether that worker was of this machine and runs no more. False wherever that cannot be known."""
    parts = holder.split("/")
    if len(parts) != len(me().split("/")) or parts[0] != socket.gethostname() or not _boot():
        return False
    _host, boot, namespace, pid, started = parts
    if boot != _boot():
        return True
    return namespace == _namespace() and _started(int(pid)) != started


def _namespace() -> str:
    """Containers of one host may share its name and boot; a pid means something within its namespace only."""
    try:
        return str(Path("/proc/self/ns/pid").stat().st_ino)
    except OSError:
        return ""


def _boot() -> str:
    return _BOOT.read_text(encoding="ascii").strip() if _BOOT.exists() else ""


def _started(pid: int) -> str | None:
    """Clock ticks since boot at the start of a process; None where there is no such process, or only its zombie."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    fields = text.rpartition(")")[2].split()  # the command's name may hold spaces and parentheses
    return None if fields[0] == "Z" else fields[19]
