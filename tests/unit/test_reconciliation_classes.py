"""Each class of break on a bench of a few documents: what is expected, what is there, and the classes that explain it to the cent."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from pipelines.reconcile import finding, pairing, waterfalls
from pipelines.reconcile.bench import ITEM, STANDING, Bench, bench
from pipelines.reconcile.causes import Window
from pipelines.reconcile.corners.hub import UNTRANSLATED
from pipelines.reconcile.policy import rules
from pipelines.reconcile.report import Break
from pipelines.reconcile.run import ASKED, RATE

TODAY = date(2026, 2, 10)
SHEET = "books/money"


@pytest.fixture
def table() -> Iterator[Bench]:
    with bench() as found:
        for each in (ASKED, RATE, UNTRANSLATED):
            found.make(each)
        found.load(ASKED, [{"sheet": SHEET, "connection": "shop", "kind": "order"}])
        yield found


def put(table: Bench, corner: str, number: str, amount: str, **more: Any) -> None:
    """A document as a corner holds it; at the target under the id `doc-NUMBER`."""
    row = {"corner": corner, "sheet": SHEET, "connection": "shop", "kind": "order", "number": number, "ref": number}
    row |= {"on_day": "2026-01-15", "unit": "EUR", "amount": amount}
    if corner == "target":
        row |= {"connection": "books", "kind": "invoice", "detailed": True, "subject": f"doc-{number}"}
    table.load(ITEM, [row | more])


def booked(table: Bench, number: str, amount: str, **more: Any) -> None:
    """What the hub says of it: delivered, with this amount."""
    row = {"sheet": SHEET, "connection": "shop", "kind": "order", "ref": number, "part": "", "subject": f"doc-{number}", "number": number}
    row |= {"on_day": "2026-01-15", "unit": "EUR", "amount": amount, "fate": "delivered", "booked": amount, "booked_unit": "EUR"}
    table.load(STANDING, [row | {"card_bridge": "0", "rounding_bridge": "0"} | more])


def look(table: Bench, window: Window | None = None) -> list[Break]:
    chosen, days = rules(Path("/nowhere")), window or Window(None, None, TODAY)
    pairing.expect(table)
    pairing.take(table)
    pairing.match(table, chosen)
    pairing.compare(table)
    breaks, shares = finding.breaks(table, chosen, days)
    assert {fall.unexplained for fall in waterfalls.waterfalls(table, days, shares)} <= {0}
    table.con.execute("DROP TABLE IF EXISTS double")
    return breaks


def classes(table: Bench, window: Window | None = None) -> list[tuple[str, dict[str, Decimal]]]:
    return sorted(
        ((each.number, {cause.kind.value: cause.amount for cause in each.causes}) for each in look(table, window)), key=lambda each: each[0]
    )


def of(**amounts: str) -> dict[str, Decimal]:
    return {name: Decimal(amount) for name, amount in amounts.items()}


@pytest.mark.parametrize(
    ("part", "mine", "theirs", "total", "expected"),
    [
        ("discount", "-5", None, "105", of(DISCOUNT="5")),
        ("shipping", "8", None, "92", of(SHIPPING="-8")),
        ("tip", "5", None, "95", of(TIP="-5")),
        ("gift_card", "25", None, "75", of(GIFT_CARD="-25")),
        ("reserve", "-20", None, "120", of(RESERVE="20")),
        ("fee", "-3", None, "103", of(FEE="3")),
        ("tax", "19", "20", "101", of(TAX="1")),
        ("rounding", "0", "0.02", "100.02", of(ROUNDING="0.02")),
        ("rounding", "0", "0.06", "100.06", of(AMOUNT="0.06")),  # beyond the cap nothing is rounding
        ("shipping", "8", "9", "101", of(AMOUNT="1")),  # on both sides: no mapping is missing, somebody changed it
        ("discount", "-5", "-5", "101", of(AMOUNT="1")),
    ],
)
def test_a_component_explains_its_own_difference(table, part, mine, theirs, total, expected):
    put(table, "source", "1001", "100", **{part: mine})
    booked(table, "1001", "100")
    put(table, "target", "1001", total, **({part: theirs} if theirs else {}))
    assert classes(table) == [("1001", expected)]


def test_two_components_are_two_causes(table):
    put(table, "source", "1001", "110.84", tax="7.84", tip="5", shipping="8", discount="-10")
    booked(table, "1001", "110.84")
    put(table, "target", "1001", "105.85", tax="7.85", shipping="8", discount="-10")
    assert classes(table) == [("1001", of(TAX="0.01", TIP="-5"))]


def test_tax_booked_as_sales_shows_although_the_total_agrees(table):
    put(table, "source", "1001", "119", tax="19")
    booked(table, "1001", "119")
    put(table, "target", "1001", "119", tax="0")
    assert classes(table) == [("1001", of(AMOUNT="19", TAX="-19"))]


def test_a_payment_on_another_account_shows_although_its_total_agrees(table):
    put(table, "source", "1001", "100", clearing="100")
    booked(table, "1001", "100")
    put(table, "target", "1001", "100", clearing="0")
    assert classes(table) == [("1001", of(AMOUNT="0"))]


def test_cents_of_a_conversion_line_by_line_are_no_break(table):
    put(table, "source", "1001", "119", unit="USD", rate="0.7777", tax="19")
    booked(table, "1001", "119", unit="USD", booked="92.55", booked_unit="EUR")
    put(table, "target", "1001", "92.55", tax="14.77", tax_owed="-14.77")  # 19 × 0.7777 = 14.7763
    assert classes(table) == []


@pytest.mark.parametrize(
    ("mine", "theirs", "expected"),
    [
        ({"status": "paid"}, {"status": "open"}, "STATUS"),
        ({"party": "C1"}, {"party": "C2"}, "PARTY"),
        ({"cost": "44"}, {"cost": "40"}, "COST"),
        ({"overtime": "0"}, {"overtime": "2"}, "RATE"),
        ({}, {"on_day": "2026-01-16"}, "DATE"),
        ({}, {"on_day": "2026-02-01"}, "PERIOD"),
    ],
)
def test_what_is_no_amount_is_a_break_of_nothing(table, mine, theirs, expected):
    put(table, "source", "1001", "100", **mine)
    booked(table, "1001", "100")
    put(table, "target", "1001", "100", **theirs)
    assert classes(table) == [("1001", {expected: Decimal(0)})]


@pytest.mark.parametrize(
    ("fate", "held_for", "expected"),
    [
        ("refused", "", "REJECTED"),
        ("held", "period", "LOCKED_PERIOD"),
        ("held", "", "MAPPING"),
        ("waiting", "", "TIMING"),
        ("in_doubt", "", "TIMING"),
        ("delivered", "", "MISSING_IN_TARGET"),
    ],
)
def test_what_is_not_there_is_told_by_its_fate(table, fate, held_for, expected):
    put(table, "source", "1001", "100")
    booked(table, "1001", "100", fate=fate, held_for=held_for, reason="why")
    assert classes(table) == [("1001", {expected: Decimal(-100)})]


def test_what_is_excluded_is_no_break_unless_it_stands_there(table):
    for number in ("1001", "1002"):
        put(table, "source", number, "100")
        booked(table, number, "100", fate="excluded", reason="test orders are not sales")
    put(table, "target", "1002", "100")
    assert classes(table) == [("1002", of(MISSING_IN_SOURCE="100"))]


def test_an_earlier_revision_that_stands_there_is_on_its_way(table):
    put(table, "source", "1001", "120")
    booked(table, "1001", "120", fate="ready", booked="100")
    put(table, "target", "1001", "100")
    assert classes(table) == [("1001", of(TIMING="-20"))]


def test_a_gift_card_inside_a_sale_is_expected_to_lack(table):
    """J2 at QuickBooks: 110.84, of which 25.00 by gift card; the receipt there is 85.84. One of 85.83 is a cent short."""
    for number, total in (("1001", "85.84"), ("1002", "85.83")):
        put(table, "source", number, "110.84", redeemed="25")
        booked(table, number, "110.84", card_bridge="-25")
        put(table, "target", number, total)
    assert classes(table) == [("1002", of(AMOUNT="-0.01"))]


def test_another_period_counts_in_each_for_itself(table):
    put(table, "source", "1001", "100", on_day="2026-01-31")
    booked(table, "1001", "100", on_day="2026-01-31")
    put(table, "target", "1001", "100", on_day="2026-02-01")
    january = Window(date(2026, 1, 1), date(2026, 1, 31), TODAY)
    february = Window(date(2026, 2, 1), date(2026, 2, 28), TODAY)
    assert classes(table, january) == [("1001", of(PERIOD="-100"))]
    assert classes(table, february) == [("1001", of(PERIOD="100"))]


def test_a_foreign_sale_at_another_rate(table):
    put(table, "source", "1001", "100", unit="USD", rate="0.80")
    booked(table, "1001", "100", unit="USD", booked="79", booked_unit="EUR")
    put(table, "target", "1001", "79")
    assert classes(table) == [("1001", of(FX="-1"))]


def test_a_foreign_sale_that_no_rate_is_known_of_stands_in_its_own_currency(table):
    put(table, "source", "1001", "119", unit="USD")
    booked(table, "1001", "119", unit="USD", base="EUR", booked=None, booked_unit=None, fate="held", reason="POST-RATE")
    found = look(table)
    assert [(each.unit, each.difference, each.causes[0].kind) for each in found] == [("USD", Decimal(-119), "MAPPING")]


def test_of_two_candidates_by_number_none_is_guessed(table):
    put(table, "source", "1001", "100")
    booked(table, "1001", "100")
    put(table, "target", "1001", "100.50", subject=None)
    put(table, "target", "1001", "100", subject=None, ref="other")
    kinds = [kind for _, causes in classes(table) for kind in causes]
    assert sorted(kinds) == ["MISSING_IN_SOURCE", "MISSING_IN_SOURCE", "MISSING_IN_TARGET"]


def test_a_number_without_our_id_is_that_document_whatever_its_amount(table):
    put(table, "source", "1001", "100")
    booked(table, "1001", "100")
    put(table, "target", "1001", "100.50", subject=None)
    assert classes(table) == [("1001", of(AMOUNT="0.50"))]


def test_one_cent_in_a_hundred_thousand(table):
    common = "i, i, DATE '2026-01-15', 'EUR'"
    many = "FROM (SELECT CAST(i AS VARCHAR) AS i FROM range(100000) r(i))"
    table.con.execute(
        "INSERT INTO item (corner, sheet, connection, kind, ref, number, on_day, unit, amount) "
        f"SELECT 'source', '{SHEET}', 'shop', 'order', {common}, 12.34 {many}"
    )
    table.con.execute(
        "INSERT INTO standing (sheet, connection, kind, part, subject, ref, number, on_day, unit, amount, fate, booked, booked_unit) "
        f"SELECT '{SHEET}', 'shop', 'order', '', 'doc-' || i, {common}, 12.34, 'delivered', 12.34, 'EUR' {many}"
    )
    table.con.execute(
        "INSERT INTO item (corner, sheet, connection, kind, subject, ref, number, on_day, unit, amount) "
        f"SELECT 'target', '{SHEET}', 'books', 'invoice', 'doc-' || i, {common}, CASE i WHEN '77777' THEN 12.35 ELSE 12.34 END {many}"
    )
    assert classes(table) == [("77777", of(AMOUNT="0.01"))]


def test_the_key_of_a_break_is_the_same_from_run_to_run(table):
    put(table, "source", "1001", "100")
    booked(table, "1001", "100")
    put(table, "target", "1001", "101")
    first, second = look(table), look(table)
    assert [each.key for each in first] == [each.key for each in second]
    assert first[0].difference == Decimal(1)
