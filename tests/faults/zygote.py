"""A process that has imported the product and opened no database: it forks a child for each run, so that a kill costs milliseconds.

`python zygote.py FOLDER` takes the product's packages from FOLDER (the checkout, or a copy with a planted bug). Commands come as lines of
JSON on stdin, answers leave as lines of JSON on stdout:

    {"do": "start", "home", "hub", "now", "stop", "batches", "gate"}  → {"pid"}
    {"do": "wait", "pid"}                                             → {"end", "signal", "fired", "passed", "during", "error", "cpu", …}
    {"do": "continue", "pid"}                                         → {"pid"}

`stop` arms a crash point: {"point", "passing", "target", "how"}. The child counts its passings, of a target's own delivery if `target` is
named, and at that passing reports that it fired and sends itself SIGKILL (how "kill") or SIGSTOP (how "stop"). What ended the child is
read from the kernel; what fired, from a report that outlives the child. `during` are the steps that were under way, last one last.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

FOLDER = Path(sys.argv[1]).resolve()
sys.path[0] = str(FOLDER)

import targets.database.writer as database_writer  # noqa: E402 - from FOLDER, which had to be put on the path first
import targets.ledger.writer as ledger_writer  # noqa: E402
from pipelines.home.load import Home, load  # noqa: E402
from pipelines.hub.store import Hub  # noqa: E402
from pipelines.steps import run as running  # noqa: E402
from taps._kit import points  # noqa: E402
from taps.files import csv_rows  # noqa: E402

Report = Callable[..., None]
_WRITERS = (ledger_writer.LedgerWriter, database_writer.DatabaseWriter)


class Clock:
    """The real clock, moved by a fixed span, so that leases end without anybody waiting."""

    def __init__(self, now: str) -> None:
        self._ahead = datetime.fromisoformat(now) - datetime.now(UTC)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self._ahead


_homes: dict[str, Home] = {}
_reports: dict[int, Any] = {}


def main() -> None:
    """Answer commands until stdin ends."""
    for module in (running, points, ledger_writer, database_writer, csv_rows):
        if FOLDER not in Path(module.__file__ or "").parents:
            sys.exit(f"{module.__name__} came from {module.__file__}, not from {FOLDER}")
    gc.freeze()
    _say({"ready": str(FOLDER)})
    for line in sys.stdin:
        given = json.loads(line)
        _say({"start": _start, "wait": _wait, "continue": _continue}[given.pop("do")](**given))


def _say(answer: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


def _start(home: str, **given: Any) -> dict[str, Any]:
    if home not in _homes:
        _homes[home] = load(Path(home))
    report = tempfile.TemporaryFile()  # noqa: SIM115 - `_wait` closes it
    pid = os.fork()
    if pid == 0:
        _child(_homes[home], report.fileno(), **given)
    _reports[pid] = report
    return {"pid": pid}


def _wait(pid: int) -> dict[str, Any]:
    """How the child ended, or that it stands still. What it wrote into its report is whole even after SIGKILL."""
    _pid, status, used = os.wait4(pid, os.WUNTRACED)
    report = _reports[pid]
    found: dict[str, Any] = {"fired": False, "passed": 0, "during": [], "error": None, "cpu": used.ru_utime + used.ru_stime}
    for line in os.pread(report.fileno(), os.fstat(report.fileno()).st_size, 0).splitlines():
        said = json.loads(line)
        found["during"].extend([said.pop("step")] if "step" in said else [])
        found.update(said)
    if os.WIFSTOPPED(status):
        return {**found, "end": "stopped", "signal": os.WSTOPSIG(status)}
    report.close()
    del _reports[pid]
    if os.WIFSIGNALED(status):
        return {**found, "end": "killed", "signal": os.WTERMSIG(status)}
    return {"end": "failed", **found, "signal": 0}


def _continue(pid: int) -> dict[str, Any]:
    os.kill(pid, signal.SIGCONT)
    return {"pid": pid}


# ── in the child ──


def _child(home: Home, report: int, **given: Any) -> None:
    os.dup2(os.open(os.devnull, os.O_RDWR), 0)
    os.dup2(0, 1)

    def tell(**said: Any) -> None:
        os.write(report, json.dumps(said).encode() + b"\n")

    try:
        _work(home, tell, **given)
    except BaseException as error:  # noqa: BLE001 - whatever it is, the test must see it
        tell(end="failed", error=f"{type(error).__name__}: {error}", trace=traceback.format_exc()[-4000:])
    finally:
        os._exit(0)


def _work(
    home: Home,
    tell: Report,
    *,
    hub: str,
    now: str | None = None,
    stop: dict[str, Any] | None = None,
    batches: dict[str, int] | None = None,
    gate: str | None = None,
) -> None:
    _make_small(batches or {})
    delivering = _watch_targets()
    if stop:
        points.arm(stop["point"], _stop(tell, delivering, **stop))
    opened = Hub(hub, Clock(now)) if now else Hub(hub)
    if gate:
        _meet(Path(gate))
    steps: list[str] = []

    def progress(step: str, of: str, _count: int) -> None:
        if not steps or steps[-1] != f"{step} {of}":
            steps.append(f"{step} {of}")
            tell(step=steps[-1])

    done = running.run(home, opened, list(home.routes.values()), progress)
    opened.close()
    tell(end="finished", landed=done.landed, written=done.written)


def _make_small(batches: dict[str, int]) -> None:
    """Small batches, so that a small company passes each point several times."""
    if "read" in batches:
        csv_rows.BATCH = batches["read"]
    if "step" in batches:
        for name in ("translate", "resolve", "plan"):
            setattr(running, name, partial(getattr(running, name), limit=batches["step"]))
    if "target" in batches:
        for writer in _WRITERS:
            writer.facts = replace(writer.facts, batch=batches["target"])


def _watch_targets() -> list[str]:
    """The list whose last element is the target that is being delivered to."""
    now: list[str] = [""]
    deliver = running.deliver_target

    def watched(home: Home, hub: Hub, name: str, *rest: Any) -> Any:
        now.append(name)
        try:
            return deliver(home, hub, name, *rest)
        finally:
            now.append("")

    running.deliver_target = watched
    return now


def _stop(tell: Report, delivering: list[str], *, point: str, passing: int, target: str | None, how: str) -> Callable[[], None]:
    passed = 0

    def at() -> None:
        nonlocal passed
        if target is not None and delivering[-1] != target:
            return
        passed += 1
        if passed == passing:
            tell(fired=True, passed=passed, point=point)
            os.kill(os.getpid(), signal.SIGSTOP if how == "stop" else signal.SIGKILL)

    return at


def _meet(gate: Path) -> None:
    """Wait until the test makes the gate's file, so that two processes start together."""
    while not gate.exists():
        time.sleep(0.001)


if __name__ == "__main__":
    main()
