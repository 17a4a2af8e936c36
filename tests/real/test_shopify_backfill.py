"""A first read of a shop with 50,000 orders (COUNTERFOIL_SIZE=nightly: 1,000,000): its calls and its memory."""

from __future__ import annotations

import pytest

from tests.bench.backfill import MEMORY, MOST, ORDERS, measure, told

pytestmark = [pytest.mark.long, pytest.mark.timeout(14_400 if ORDERS > 50_000 else 1800)]


def test_a_big_shop_is_read_in_few_calls_and_little_memory():
    found = measure(ORDERS)
    assert told(found) <= MOST
    assert max(row["memory"] for row in found) <= MEMORY
    assert {row["stream"]: row["records"] for row in found}["orders"] == ORDERS
    assert not any(row["notices"] for row in found)
