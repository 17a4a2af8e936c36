"""The record of what ran: `build/tests.json`, {group: {passed, failed, skipped: [{test, reason}]}}, group = folder under tests/.

Several runs fill it (`make test`, then `make prove`), so each run lays its outcomes over `build/tests-by-id.json` and the summary is
counted from there; `.ci/run` starts with neither file.
"""

from __future__ import annotations

import fcntl
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

PASSED, FAILED, SKIPPED = "passed", "failed", "skipped"


def group_of(nodeid: str) -> str:
    """`tests/unit/test_x.py::test_y` is of group `unit`; a test beside the folders is of group `tests`."""
    parts = nodeid.split("::", 1)[0].split("/")
    return parts[1] if parts[0] == "tests" and len(parts) > 2 else "tests"


def summary(outcomes: Mapping[str, tuple[str, str]]) -> dict[str, dict[str, Any]]:
    """Counted by group: how many passed and failed, and each skip with its reason."""
    groups: dict[str, dict[str, Any]] = {}
    for nodeid, (outcome, reason) in sorted(outcomes.items()):
        group = groups.setdefault(group_of(nodeid), {PASSED: 0, FAILED: 0, SKIPPED: []})
        if outcome == SKIPPED:
            group[SKIPPED].append({"test": nodeid, "reason": reason})
        else:
            group[outcome] += 1
    return groups


def write(folder: Path, outcomes: Mapping[str, tuple[str, str]], root: Path) -> None:
    """Lay these outcomes over the ones on record, forget tests whose file is gone, and count again. Safe beside another run."""
    if not outcomes:
        return
    folder.mkdir(exist_ok=True)
    with (folder / ".tests.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        by_id = folder / "tests-by-id.json"
        known: dict[str, tuple[str, str]] = json.loads(by_id.read_text()) if by_id.exists() else {}
        known.update(outcomes)
        known = {nodeid: outcome for nodeid, outcome in known.items() if (root / nodeid.split("::", 1)[0]).exists()}
        _replace(by_id, known)
        _replace(folder / "tests.json", summary(known))


def _replace(path: Path, value: object) -> None:
    new = path.with_suffix(".new")
    new.write_text(json.dumps(value, indent=1) + "\n")
    new.replace(path)
