"""The figures of the fault suite: `build/faults.json`, {cells, kills, duplicates, lost, planted_bugs, planted_bugs_found}.

Each test lays what it counted over `build/faults-by-id.json`, and the sums are made from there, so that xdist's processes and several
runs fill one record. What a test counted is forgotten when its file changes or goes.
"""

from __future__ import annotations

import fcntl
import json
from collections import Counter
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


@dataclass
class Tally:
    """What one test counted."""

    cells: Counter[str] = field(default_factory=Counter)
    """`point/target/hub` → kills that fired there with an operation in flight."""
    kills: int = 0
    """Every kill, also those that hit nothing in flight."""
    duplicates: int = 0
    lost: int = 0
    planted: dict[str, str] = field(default_factory=dict)
    """Planted bug → who found it, or '' while nobody has."""


def put(nodeid: str, counted: Tally, folder: Path = ROOT / "build") -> None:
    """Lay this over the record and sum it up again. Safe beside another process."""
    folder.mkdir(exist_ok=True)
    with (folder / ".faults.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        by_id = folder / "faults-by-id.json"
        known: dict[str, Any] = json.loads(by_id.read_text()) if by_id.exists() else {}
        known[nodeid] = {"file": _digest(nodeid), **vars(counted)}
        known = {name: each for name, each in known.items() if each["file"] == _digest(name)}
        by_id.write_text(json.dumps(known, indent=1) + "\n")
        (folder / "faults.json").write_text(json.dumps(_sum(known.values()), indent=1) + "\n")


def _digest(nodeid: str) -> str:
    path = ROOT / nodeid.split("::", 1)[0]
    return blake2b(path.read_bytes(), digest_size=8).hexdigest() if path.exists() else "gone"


def _sum(all_of: Any) -> dict[str, int]:
    each = list(all_of)
    planted = {name: found for one in each for name, found in one["planted"].items()}
    return {
        "cells": len({cell for one in each for cell, kills in one["cells"].items() if kills}),
        "kills": sum(one["kills"] for one in each),
        "duplicates": sum(one["duplicates"] for one in each),
        "lost": sum(one["lost"] for one in each),
        "planted_bugs": len(planted),
        "planted_bugs_found": sum(bool(found) for found in planted.values()),
    }
