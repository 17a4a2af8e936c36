"""A seller's whole past comes in through the command line: few calls, little memory, and a second run asks for nothing but what is new.

Fifty thousand orders; nightly a million. The seller runs in this process, the product in one of its own, so that its memory is its own.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from pipelines.hub import equations
from pipelines.hub.store import Hub
from taps._kit.simulator import Clock, serve
from taps.square.facts import QUIET_CALLS
from taps.square.simulator import company
from tests._kit.front import Front

NIGHTLY = os.environ.get("COUNTERFOIL_SIZE") == "nightly"
pytestmark = [pytest.mark.long, pytest.mark.timeout(4 * 3600 if NIGHTLY else 1800)]
ORDERS = 1_000_000 if NIGHTLY else 50_000
MOST_MB = 300
PAGE = 1000
_CHILD = """
import sys
from pipelines.cli.main import run
from pipelines.sandbox.demo import peak_mb
code = run(sys.argv[1:])
print(peak_mb(), file=sys.stderr)
raise SystemExit(code)
"""


def run(home: Path) -> int:
    """One run of the route in a process of its own; its peak memory in MB."""
    started = [sys.executable, "-c", _CHILD, "run", "--home", str(home)]
    done = subprocess.run(
        started, capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return int(done.stderr.strip().splitlines()[-1])


def test_a_whole_past_in_few_calls_and_little_memory(tmp_path: Path) -> None:
    simulator = company(ORDERS, clock=Clock(datetime.now(UTC)))
    with serve(simulator) as url:
        source = {"tap": "square", "config": {"base_url": url, "private_network": True}, "mappings": {"orders": "square/orders"}}
        posting = [{"name": "books", "target": "ledger", "*": {"exclude": "only what comes in is looked at here"}}]
        front = Front(tmp_path, source, clock=simulator.clock, secrets={"access_token": "square-access-1"}, posting=posting)
        front.hub.close()
        began = time.monotonic()
        peak = run(tmp_path)
        searches = sum(each.request.path == "/v2/orders/search" for each in simulator.log)
        whole = len(simulator.log)
        print(f"{ORDERS} orders in {searches} searches, {whole} calls, {time.monotonic() - began:.0f} s, {peak} MB")
        assert ORDERS // PAGE <= whole <= ORDERS // PAGE * Decimal("1.1")
        assert peak < MOST_MB
        run(tmp_path)
        fixed, each = QUIET_CALLS["orders"]
        assert len(simulator.log) - whole == fixed + each * len(simulator.shop.locations)
    with Hub(f"sqlite:///{tmp_path / 'hub.db'}").read() as tx:
        (balance,) = equations.intake(tx)
    assert balance.balanced
    print(balance)
