"""The subjects of the route bench, each run in a process of its own: `python -m tests.bench.subjects NAME ORDERS FOLDER`.

`floor` decodes each line and stores it, and does nothing else: what no route can undercut. `counterfoil` is the whole route, from the
file to receipts of a ledger and a database, with both equations.
"""

from __future__ import annotations

import json
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from pipelines.sandbox.demo import peak_mb
from tests.bench import orders

BATCH = 2_000
Timed = dict[str, dict[str, float]]


def floor(source: Path, folder: Path) -> Timed:
    """Decode with exact numbers, store in SQLite with the hub's own durability, in batches."""
    decoder = msgspec.json.Decoder(float_hook=Decimal)
    store = sqlite3.connect(folder / "floor.db", isolation_level=None)
    store.execute("PRAGMA journal_mode=WAL")
    store.execute("PRAGMA synchronous=FULL")
    store.execute("CREATE TABLE landed (seq INTEGER PRIMARY KEY, key TEXT, body TEXT)")
    timed: Timed = {}
    with clock(timed, "route"), source.open("rb") as file:
        batch: list[tuple[str, str]] = []
        for line in file:
            batch.append((decoder.decode(line)["id"], line.decode()))
            if len(batch) == BATCH:
                _store(store, batch)
                batch = []
        _store(store, batch)
    return timed


def _store(store: sqlite3.Connection, batch: list[tuple[str, str]]) -> None:
    store.execute("BEGIN IMMEDIATE")
    store.executemany("INSERT INTO landed (key, body) VALUES (?, ?)", batch)
    store.execute("COMMIT")


def counterfoil(source: Path, folder: Path) -> Timed:
    """Every step of the route, each timed, and the equations at the end."""
    from pipelines.home.load import load
    from pipelines.hub import equations
    from pipelines.hub.schema import migrate
    from pipelines.hub.store import Hub
    from pipelines.steps import run as running

    home = folder / "home"
    orders.lay_out(home, source)
    loaded = load(home)
    hub = Hub(loaded.hub_url)
    migrate(hub)
    route, tap = loaded.routes["sales"], loaded.taps["shop"]
    timed: Timed = {}
    steps: dict[str, Callable[[], Any]] = {
        "ingest": lambda: running.read_stream(loaded, hub, tap, "orders"),
        "translate": lambda: running.translate_stream(loaded, hub, tap, "orders"),
        "resolve": lambda: running.resolve_all(hub),
        "plan": lambda: running.plan_route(hub, route),
        "deliver ledger": lambda: running.deliver_target(loaded, hub, "ledger", [route]),
        "deliver database": lambda: running.deliver_target(loaded, hub, "stock", [route]),
    }
    with clock(timed, "route"):
        for name, step in steps.items():
            with clock(timed, name):
                step()
        with clock(timed, "equations"), hub.read() as tx:
            intake = equations.intake(tx)
            balances = equations.route(tx, "sales", route.sources, [(posting.name, posting.effect) for posting in route.posting])
    assert all(each.balanced for each in intake)
    assert all(each.balanced for each in balances)
    hub.close()
    return timed


@contextmanager
def clock(timed: Timed, name: str) -> Iterator[None]:
    """CPU and wall seconds of what is done inside."""
    wall, cpu = time.perf_counter(), time.process_time()
    yield
    timed[name] = {"seconds": time.perf_counter() - wall, "cpu_seconds": time.process_time() - cpu}


def main() -> None:
    """Run one subject and print what it took."""
    name, source, folder = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    timed = {"floor": floor, "counterfoil": counterfoil}[name](source, folder)
    print(json.dumps({"timed": timed, "peak_mb": peak_mb()}))


if __name__ == "__main__":
    main()
