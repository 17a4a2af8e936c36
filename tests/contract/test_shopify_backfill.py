"""A first read of a small shop, measured as `tests/bench/backfill.py` measures a big one; 50,000 orders are in tests/real."""

from __future__ import annotations

from taps.shopify.kinds import KINDS
from tests.bench.backfill import MEMORY, MOST, affordable, fewest, measure, told

STREAMS = ("orders", "refunds")


def test_a_first_read_takes_hardly_more_calls_than_the_limits_allow():
    found = measure(1_000, STREAMS)
    assert told(found) <= MOST
    assert max(row["memory"] for row in found) <= MEMORY
    assert {row["stream"]: row["records"] for row in found}["orders"] == 1_000
    assert not any(row["notices"] for row in found)


def test_the_fewest_calls_are_worked_out_from_the_limits():
    """By hand: an order with five lines costs about 150 points, so that six of them are too many for one call."""
    assert 5 <= affordable(KINDS["orders"].query) <= 6
    assert fewest(KINDS["orders"], 100, 0) == 1 + -(-100 // affordable(KINDS["orders"].query)) + 1
    assert fewest(KINDS["orders"], 50_000, 0) == 5
    assert fewest(KINDS["refunds"], 50_000, 900) == 4 + -(-900 // affordable(KINDS["refunds"].these))
