"""Payouts that the bank booked in several lines, and several in one: a sum is told where it is the only one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest

from pipelines.reconcile.bench import Bench, bench
from pipelines.reconcile.causes import Window
from pipelines.reconcile.deposits import suggestions

ALWAYS = Window(None, None, date(2026, 2, 10))
COLUMNS = "connection VARCHAR, ref VARCHAR, number VARCHAR, on_day DATE, unit VARCHAR, amount DECIMAL(38, 6)"


@pytest.fixture
def table() -> Iterator[Bench]:
    with bench() as made:
        made.con.execute(
            f"CREATE TABLE elsewhere ({COLUMNS}); CREATE TABLE sent ({COLUMNS}); "
            "CREATE VIEW joined AS SELECT 'bank/payouts' AS sheet, true AS has_left, false AS has_right, connection, ref AS l_ref, "
            "number AS l_number, on_day AS l_on_day, unit AS l_unit, amount AS l_amount FROM sent"
        )
        yield made


def put(table: Bench, where: str, *rows: str) -> None:
    """REF AMOUNT DAY [CONNECTION], a day of January."""
    for row in rows:
        ref, amount, day, *connection = row.split()
        values = [connection[0] if connection else where, ref, ref, date(2026, 1, int(day)), "EUR", amount]
        table.con.execute(f"INSERT INTO {where} VALUES (?, ?, ?, ?, ?, ?)", values)


def told(table: Bench) -> list[tuple[str, list[str], list[str]]]:
    return [(each.rule, [side.number for side in each.left], [side.number for side in each.right]) for each in suggestions(table, ALWAYS)]


def test_one_payout_in_two_lines_and_two_deposits_in_one(table: Bench) -> None:
    put(table, "sent", "p1 100.00 5", "d1 250.10 6 till", "d2 30.05 6 till")
    put(table, "elsewhere", "b1 60.00 7", "b2 40.00 8", "b3 280.15 7", "b4 40.00 17")
    assert told(table) == [("payout_in_lines@1", ["p1"], ["b1", "b2"]), ("payouts_in_line@1", ["d2", "d1"], ["b3"])]


def test_a_sum_that_is_not_the_only_one_is_not_told(table: Bench) -> None:
    put(table, "sent", "p1 100.00 5")
    put(table, "elsewhere", "b1 60.00 7", "b2 40.00 8", "b3 40.00 9")
    assert told(table) == []


def test_deposits_of_two_senders_are_not_added_up_nor_lines_of_the_other_sign(table: Bench) -> None:
    put(table, "sent", "d1 250.10 6 till", "d2 30.05 6 shop", "p3 20.00 6")
    put(table, "elsewhere", "b3 280.15 7", "b4 -10.00 7", "b5 30.00 7")
    assert told(table) == []


def test_among_too_many_lines_a_sum_is_coincidence(table: Bench) -> None:
    put(table, "sent", "p1 3 5")
    put(table, "elsewhere", *(f"b{place} {2**place} 7" for place in range(12)))
    assert told(table) == [("payout_in_lines@1", ["p1"], ["b0", "b1"])]
    put(table, "elsewhere", "b12 4096 7")
    assert told(table) == []
