"""The demo: a bundled home folder is laid out, its routes are run, and what came of it is told as one JSON-able object."""

from __future__ import annotations

import resource
import shutil
import time
from collections.abc import Iterable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from pipelines.home.load import Home, load
from pipelines.hub import equations
from pipelines.hub.equations import Balance, Tally
from pipelines.hub.progress import Progress, silent
from pipelines.hub.schema import migrate
from pipelines.hub.store import Hub, resolve_sqlite
from pipelines.hub.types import plain
from pipelines.steps.run import Report, run
from taps._kit.errors import Misconfigured

BUNDLED = Path(__file__).parent
DEMOS = ("sample", "online-retail")


def demo(name: str, home: Path, given: Path | None = None, progress: Progress = silent) -> dict[str, Any]:
    """Lay out the demo's home where there is none yet, run all of its routes once, and report. `given` is the input of online-retail."""
    started = time.monotonic()
    lay_out(name, home, given)
    loaded = load(home)
    hub = Hub(loaded.hub_url)
    try:
        migrate(hub)
        done = run(loaded, hub, list(loaded.routes.values()), progress)
        return report(loaded, hub, done) | {"seconds": round(time.monotonic() - started, 3), "peak_mb": peak_mb()}
    finally:
        hub.close()


def lay_out(name: str, home: Path, given: Path | None = None) -> None:
    """Copy the bundled home to `home`, unless one is there; a home is never overwritten. The input file is linked, not copied."""
    if name not in DEMOS:
        raise Misconfigured(f"There is no demo {name!r}; there are {', '.join(DEMOS)}.")
    bundled = BUNDLED / name.replace("-", "_")
    if not (home / "counterfoil.yaml").exists():
        shutil.copytree(bundled, home, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__", "*.py", "expected.yaml"))
    if name == "online-retail":
        _link(given, home / "files" / "online_retail.parquet")


def _link(given: Path | None, place: Path) -> None:
    """Make `place` show the input file; a later run may name another one."""
    if given is None:
        if not place.exists():
            raise Misconfigured("The demo online-retail needs --input: the file online_retail.parquet of the UCI data set 352.")
        return
    if not given.is_file():
        raise Misconfigured(f"There is no file {given}.")
    place.parent.mkdir(parents=True, exist_ok=True)
    new = place.with_name(f".{place.name}.new")
    new.unlink(missing_ok=True)
    new.symlink_to(given.resolve())
    new.replace(place)


def report(home: Home, hub: Hub, done: Report) -> dict[str, Any]:
    """What stands in the hub after a run, in the words of the contract: amounts are decimal texts."""
    with hub.read() as tx:
        intake = equations.intake(tx, home.taps)
        balances = [
            balance
            for route in home.routes.values()
            for balance in equations.route(tx, route.name, route.sources, [(posting.name, posting.effect) for posting in route.posting])
        ]
        operations = equations.operations(tx, home.routes)
        counts = equations.counts(tx)
    return {
        "landed": done.landed,
        "documents": counts.documents,
        "problems": counts.problems,
        "fates": _fates(balances),
        "postings": {name: _fates(group) for name, group in _by_posting(balances).items()},
        "balanced": {"intake": all(each.balanced for each in intake), "route": all(each.balanced for each in balances)},
        "intake": [_intake(each) for each in intake],
        "operations": operations,
        "written": dict.fromkeys(home.targets, 0) | done.written,
        "ledger": _place(home, "ledger"),
        "database": _place(home, "database"),
    }


def _fates(balances: Iterable[Balance]) -> dict[str, Any]:
    return {
        fate: {
            "count": sum(tally.count for tally in units.values()),
            "amount": {unit: _text(tally) for unit, tally in sorted(units.items()) if unit},
        }
        for fate, units in sorted(equations.fates(balances).items())
    }


def _text(tally: Tally) -> str:
    return f"{plain(tally.amount) if tally.amount else Decimal(0):f}"


def _by_posting(balances: Iterable[Balance]) -> Mapping[str, list[Balance]]:
    found: dict[str, list[Balance]] = {}
    for balance in balances:
        found.setdefault(f"{balance.route}/{balance.posting}", []).append(balance)
    return found


def _intake(each: equations.Intake) -> dict[str, Any]:
    return {
        "stream": f"{each.connection}/{each.stream}",
        "read": each.read,
        "repeated": each.repeated,
        **each.upserts,
        "deletes": each.deletes,
        "balanced": each.balanced,
    }


def _place(home: Home, system: str) -> str | None:
    """Where the embedded target of that kind keeps its data: path of main.beancount, URL of the database."""
    for connection in home.targets.values():
        if connection.target == system == "ledger":
            return str(home.path / connection.config["path"] / "main.beancount")
        if connection.target == system == "database":
            return resolve_sqlite(connection.config["url"], home.path)
    return None


def peak_mb() -> int:
    """Peak resident memory of this program in MB.

    Linux tells it of the program itself in /proc; `getrusage` starts from what its caller had used, which is not ours.
    """
    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text(encoding="ascii", errors="replace").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) // 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
