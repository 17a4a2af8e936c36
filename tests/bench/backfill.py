"""What a first read of a whole Shopify shop takes: calls beside the fewest that Shopify's limits allow, and the reader's own memory.

`python -m tests.bench.backfill` prints a table and writes build/backfill.json; COUNTERFOIL_SIZE=nightly takes 1,000,000 orders instead of
50,000. The reader runs in a process of its own, so that its memory is not the simulated shop's; when it sleeps, the shop's clock moves.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from collections import Counter
from datetime import timedelta
from math import ceil
from pathlib import Path
from typing import Any

import requests

from taps._kit.graphql_text import parse
from taps._kit.reader import Notice, Record
from taps._kit.simulator import Clock, Request, Response, serve
from taps._kit.surroundings import Pocket, Surroundings
from taps.shopify.config import ShopifyConfig
from taps.shopify.facts import MOST_POINTS, MOST_ROWS
from taps.shopify.kinds import KINDS, Kind
from taps.shopify.reader import ShopifyReader
from taps.shopify.simulator import TOKEN, ShopifySimulator
from taps.shopify.simulator.execute import cost

ROOT = Path(__file__).parents[2]
ORDERS = 1_000_000 if os.environ.get("COUNTERFOIL_SIZE") == "nightly" else 50_000
MOST, MEMORY = 1.10, 300
STREAMS = tuple(KINDS)


class _Slept(ShopifySimulator):
    """A shop whose clock moves when its reader says that it slept."""

    def __init__(self, orders: int) -> None:
        super().__init__(orders, seed=7, days=700)
        self.clock.forward(minutes=10)
        self.route("POST", "/slept/{seconds}", self._slept)

    def before(self, request: Request) -> Response | None:
        return None if request.path.startswith("/slept/") else super().before(request)

    def _slept(self, _request: Request, seconds: str) -> Response:
        self.clock.forward(seconds=float(seconds))
        return Response(200, {})


def read(url: str, stream: str) -> None:
    """In a process of its own: read one stream, and print what came of it."""
    clock = Clock()
    clock.forward(minutes=10)

    def sleep(seconds: float) -> None:
        clock.forward(seconds=seconds)
        requests.post(f"{url}/slept/{seconds}", timeout=60)

    reader = ShopifyReader(ShopifyConfig(base_url=url, private_network=True), Path())
    around = Surroundings(clock=clock, safe=Pocket({"access_token": TOKEN}), sleep=sleep)
    found = Counter(type(message) for message in reader.read(stream, None, around))
    print(json.dumps({"records": found[Record], "notices": found[Notice], "memory": _most_memory()}))


def _most_memory() -> int:
    """The most that this program ever held, in MB. (What getrusage says of a child begins with its parent's.)"""
    status = Path("/proc/self/status")
    if status.exists():
        return int(status.read_text().partition("VmHWM:")[2].split()[0]) // 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def affordable(query: str, **variables: Any) -> int:
    """Rows that one call may bring, by the documented rule of points."""
    fields = parse(query)
    told = "ids" if "ids: $ids" in query else "first"

    def costs(rows: int) -> int:
        return cost(fields, {"nested": 5, **variables, told: [""] * rows if told == "ids" else rows})

    return max(rows for rows in range(1, MOST_ROWS + 1) if costs(rows) <= MOST_POINTS)


def fewest(kind: Kind, rows: int, owners: int) -> int:
    """Calls that nobody can do without. `rows` of the list, `owners` of them with a child."""
    deletions = 1 if kind.deleted_as else 0
    first = 1 if kind.orders else 0
    if kind.bulk and rows > MOST_ROWS:
        in_bulk = 4 + deletions  # how many, begin, how it stands, the file
        return in_bulk + (ceil(owners / affordable(kind.these)) if kind.bulk == "owners" else 0)
    return max(ceil(rows / affordable(kind.query)), 1) + deletions + first


def _sizes(shop: ShopifySimulator) -> tuple[dict[str, int], dict[str, int]]:
    """Rows of each list, and orders with a child of each kind: counted in the shop's own state."""
    world = shop.world
    rows = {
        "Order": shop.archive.size + len(world.orders),
        "Product": len(world.products),
        "Customer": len(world.buyers),
        "Location": len(world.places),
        "InventoryItem": sum(len(each.variants) for each in world.products.values()),
        "ShopifyPaymentsPayout": len(world.payouts),
        "ShopifyPaymentsBalanceTransaction": len(world.entries),
        "ShopifyPaymentsDispute": len(world.quarrels),
    }
    owners: Counter[str] = Counter()
    for order in (*(shop.archive.order(number) for number in range(shop.archive.size)), *world.orders.values()):
        owners.update({"refunds": bool(order.backs), "fulfillments": bool(order.parcels), "returns": bool(order.returns)})
    return rows, owners


def measure(orders: int, streams: tuple[str, ...] = STREAMS) -> list[dict[str, Any]]:
    """One row a stream."""
    shop = _Slept(orders)
    rows, owners = _sizes(shop)
    found = []
    with serve(shop) as url:
        for stream in streams:
            kind = KINDS[stream]
            shop.log.clear()
            shop.clock.now = Clock().now + timedelta(minutes=10)
            shop.refill()
            done = subprocess.run(
                [sys.executable, "-m", "tests.bench.backfill", url, stream], cwd=ROOT, capture_output=True, text=True, check=True
            )
            calls = sum(not each.request.path.startswith("/slept/") for each in shop.log)
            least = fewest(kind, rows[kind.owner], owners[kind.child])
            found.append({"stream": stream, **json.loads(done.stdout), "calls": calls, "fewest": least})
    return found


def told(found: list[dict[str, Any]]) -> float:
    """Print the table; all calls over all that nobody can do without."""
    for row in found:
        print(f"{row['stream']:22}{row['records']:>9} records {row['calls']:>7} calls   fewest {row['fewest']:>7}   {row['memory']:>4} MB")
    return float(sum(row["calls"] for row in found) / sum(row["fewest"] for row in found))


def main() -> int:
    """Measure, write, compare."""
    found = measure(ORDERS)
    ratio = told(found)
    (ROOT / "build").mkdir(exist_ok=True)
    (ROOT / "build/backfill.json").write_text(json.dumps({"orders": ORDERS, "ratio": ratio, "streams": found}, indent=1) + "\n", "utf-8")
    print(f"{ORDERS} orders: {ratio:.3f} × the fewest calls")
    return int(ratio > MOST or max(row["memory"] for row in found) > MEMORY)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        read(*sys.argv[1:])
    else:
        sys.exit(main())
