"""RESERVE is planted in InvenTree before anything is read: people free, add to, cancel, close, delete and date orders that keep goods.

Each break is found in its class with its pieces, and none besides; a fifth has two causes, a tenth the pieces and the day of another order.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Iterator
from copy import deepcopy
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from pipelines.home.load import load
from pipelines.reconcile.run import reconcile
from taps._kit.simulator import serve
from taps.inventree.facts import SHIPPED
from taps.inventree.simulator import InvenTreeSimulator
from tests._kit.storehouse import Storehouse, order

SEEDS = range(50 if os.environ.get("COUNTERFOIL_SIZE") == "nightly" else 8)
ORDERS = 60
FIRST = date(2026, 1, 5)
PLANTS = dict.fromkeys(("freed", "kept_more", "called_off", "closed", "deleted"), 3) | {"dated_and_freed": 5, "freed_beside_a_twin": 3}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Storehouse]:
    """An InvenTree that keeps the goods of sixty orders."""
    simulator = InvenTreeSimulator()
    simulator.seed_item(simulator.seed_part("MUG", "Mug"), simulator.seed_location("Shelf"), "1000")
    with serve(simulator) as url:
        made = Storehouse(tmp_path_factory.mktemp("reserve"), simulator, url)
        days = [str(FIRST + timedelta(days=place % 3)) for place in range(ORDERS)]
        made.export("orders", *(order(str(1000 + place), 2 + place % 5) | {"day": day} for place, day in enumerate(days)))
        made.run()
        assert _found(made) == Counter()
        yield made
        made.hub.close()


class Hand:
    """One person at the orders: what was touched, and what must be found of it."""

    def __init__(self, house: Storehouse, seed: int) -> None:
        self.tables, self.sales = house.simulator.tables, house.simulator.sales
        self.dice = random.Random(seed)
        self.untouched = sorted(self.tables.sales_orders)
        self.expected: Counter[tuple[str, frozenset[tuple[str, int]]]] = Counter()

    def pick(self, *, twin: bool = False) -> tuple[dict[str, Any], int, int]:
        """An order, its allocation, and the pieces that it keeps; `twin`: one that has another like it, which is left alone."""
        pk, other = self.dice.choice(self._twins()) if twin else (self.dice.choice(self.untouched), None)
        if other is not None:
            self.untouched.remove(other)
        self.untouched.remove(pk)
        mine = next(key for key, row in self.tables.allocations.items() if row["order"] == pk)
        return self.tables.sales_orders[pk], mine, int(self.tables.allocations[mine]["quantity"])

    def must(self, row: dict[str, Any], **causes: int) -> None:
        self.expected[row["customer_reference"], frozenset(causes.items())] += 1

    def _twins(self) -> list[tuple[int, int]]:
        return [(pk, other) for pk in self.untouched for other in self.untouched if pk != other and self._like(pk) == self._like(other)]

    def _like(self, pk: int) -> tuple[str, int]:
        pieces = next(row["quantity"] for row in self.tables.allocations.values() if row["order"] == pk)
        return self.tables.sales_orders[pk]["creation_date"], int(pieces)

    def freed(self, *, twin: bool = False) -> None:
        row, mine, pieces = self.pick(twin=twin)
        del self.tables.allocations[mine]
        self.must(row, RESERVE=-pieces)

    def freed_beside_a_twin(self) -> None:
        """Another order of the same day keeps as many pieces: it is not taken for this one."""
        self.freed(twin=True)

    def kept_more(self) -> None:
        row, mine, _pieces = self.pick()
        more = self.dice.randint(1, 9)
        self.tables.allocations[mine]["quantity"] += more
        self.must(row, RESERVE=more)

    def called_off(self) -> None:
        row, _mine, pieces = self.pick()
        self.sales.cancel(row)
        self.must(row, RESERVE=-pieces)

    def closed(self) -> None:
        """By a shipment of theirs, whose allocations stay on the lines."""
        row, _mine, pieces = self.pick()
        row["status"] = SHIPPED
        self.must(row, RESERVE=-pieces)

    def deleted(self) -> None:
        row, _mine, pieces = self.pick()
        del self.tables.sales_orders[row["pk"]]
        self.must(row, MISSING_IN_TARGET=-pieces)

    def dated_and_freed(self) -> None:
        row, mine, pieces = self.pick()
        del self.tables.allocations[mine]
        row["creation_date"] = "2026-01-20"
        self.must(row, DATE=0, RESERVE=-pieces)


def _found(house: Storehouse) -> Counter[tuple[str, frozenset[tuple[str, int]]]]:
    report = reconcile(load(house.home), house.hub, as_of=datetime(2026, 12, 1, tzinfo=UTC))
    assert set(report.unexplained.values()) <= {0}
    assert {fall.unexplained for fall in report.waterfalls if fall.sheet == "stock/reserve"} == {0}
    return Counter((each.number, frozenset((cause.kind.value, int(cause.amount)) for cause in each.causes)) for each in report.breaks)


@pytest.mark.parametrize("seed", SEEDS)
def test_reserves(seed: int, house: Storehouse) -> None:
    tables = house.simulator.tables
    before = deepcopy((tables.sales_orders, tables.allocations))
    house.simulator.clock.forward(minutes=10)
    try:
        hand = Hand(house, seed)
        plan = [name for name, count in PLANTS.items() for _ in range(count)]
        hand.dice.shuffle(plan)
        for name in plan:
            getattr(hand, name)()
        assert _found(house) == hand.expected
    finally:
        tables.sales_orders, tables.allocations = before
    assert 5 * PLANTS["dated_and_freed"] >= len(plan)
    assert 10 * PLANTS["freed_beside_a_twin"] >= len(plan)
