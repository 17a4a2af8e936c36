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
from pipelines.reconcile.bench import LINE as LINES
from pipelines.reconcile.causes import Window
from pipelines.reconcile.corners.hub import UNTRANSLATED
from pipelines.reconcile.mail import acts
from pipelines.reconcile.policy import rules
from pipelines.reconcile.report import MONTH_OF_ROUNDING, Break
from pipelines.reconcile.run import ASKED, RATE
from taps._kit.facts import RoundingProfile

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


def lines(table: Bench, number: str, *told: tuple[str, str], **more: str) -> None:
    """The target's lines of a document as they were read back: net, rate."""
    common = {"sheet": SHEET, "kind": "invoice", "ref": number}
    table.load(LINES, ({**common, "net": net, "rate": rate, **more} for net, rate in told))


def look(table: Bench, window: Window | None = None, profile: RoundingProfile | None = None) -> list[Break]:
    chosen, days = rules(Path("/nowhere")), window or Window(None, None, TODAY)
    pairing.expect(table)
    pairing.take(table)
    pairing.match(table, chosen)
    pairing.compare(table)
    breaks, shares = finding.breaks(table, chosen, days, {SHEET: profile})
    assert {fall.unexplained for fall in waterfalls.waterfalls(table, days, shares)} <= {0}
    table.con.execute("DROP TABLE IF EXISTS double")
    return breaks


def classes(table: Bench, window: Window | None = None, profile: RoundingProfile | None = None) -> list[tuple[str, dict[str, Decimal]]]:
    found = look(table, window, profile)
    return sorted(((each.number, {cause.kind.value: cause.amount for cause in each.causes}) for each in found), key=lambda each: each[0])


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
        ("rounding", "0", "0.02", "100.02", of(AMOUNT="0.02")),  # what a target calls rounding is none for that
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


LINE, DOCUMENT = RoundingProfile(tax="line"), RoundingProfile(tax="document")
ONCE = (("25.06", "0.15"), ("25.61", "0.15"), ("25.63", "0.15"))
"""11.44 by line, 11.445 in all."""
TWO_RATES = (("10.03", "0.15"), ("10.09", "0.05"), ("10.09", "0.05"))
"""1.50 + 0.50 + 0.50 by line; 1.5045 and 1.009 are 2.51 at each rate; 2.5135 is 2.51."""


def taxed(table: Bench, mine: str, theirs: str, net: str) -> None:
    """One document whose tax is `mine` at the source and `theirs` at the target."""
    put(table, "source", "1001", str(Decimal(net) + Decimal(mine)), tax=mine)
    booked(table, "1001", str(Decimal(net) + Decimal(mine)))
    put(table, "target", "1001", str(Decimal(net) + Decimal(theirs)), tax=theirs)


@pytest.mark.parametrize(
    ("profile", "told", "mine", "theirs", "kind"),
    [
        (LINE, ONCE, "11.45", "11.44", "ROUNDING"),
        (DOCUMENT, ONCE, "11.44", "11.45", "ROUNDING"),
        (LINE, ONCE, "11.44", "11.45", "TAX"),  # somebody's cent: by line the target makes 11.44 of it
        (DOCUMENT, ONCE, "11.45", "11.44", "TAX"),
        (LINE, ONCE, "11.43", "11.44", "TAX"),  # nobody's arithmetic gives 11.43
        (LINE, TWO_RATES, "2.51", "2.50", "ROUNDING"),
        (LINE, (("3.32", "0.2"),), "0.67", "0.66", "ROUNDING"),  # 3.99 that holds 20 %
        (LINE, (("3.32", "0.2"),), "0.66", "0.67", "TAX"),
        (LINE, (("1.00", "0.19"),), "0.20", "0.19", "TAX"),  # another rate, and one cent all the same
        (LINE, (("-3.32", "0.2"),), "-0.67", "-0.66", "ROUNDING"),  # taken back alike
        (LINE, (("100", "0.07"),), "19", "7", "TAX"),
        (LINE, (("34.12", "0.2"),) * 6, "40.98", "40.92", "TAX"),  # a cent a line is rounding; six are beyond the cap
        (LINE, (("34.12", "0.2"),) * 5, "34.15", "34.10", "ROUNDING"),
        (None, ONCE, "11.45", "11.44", "TAX"),
        (LINE, (), "11.45", "11.44", "TAX"),
    ],
)
def test_rounding_is_what_two_arithmetics_of_the_same_lines_give(table, profile, told, mine, theirs, kind):
    taxed(table, mine, theirs, net=str(sum((Decimal(net) for net, _rate in told), Decimal(0)) or 70))
    lines(table, "1001", *told)
    assert classes(table, profile=profile) == [("1001", {kind: Decimal(theirs) - Decimal(mine)})]


@pytest.mark.parametrize(
    ("profile", "told", "why"),
    [
        (None, ONCE, "books computes no tax of its own"),
        (LINE, (), "books did not tell the rates of its lines"),
        (LINE, ONCE[:2], "books's own arithmetic gives 7.60 of tax, and it states 11.44"),
        (LINE, (("57.20", "0.2"),), "at books's rates no arithmetic gives 11.45 of tax"),
    ],
)
def test_a_cent_of_tax_that_is_no_rounding_says_why(table, profile, told, why):
    taxed(table, "11.45", "11.44", net="76.30")
    lines(table, "1001", *told)
    (found,) = look(table, profile=profile)
    assert [(cause.kind.value, f"No rounding: {why}" in cause.say) for cause in found.causes] == [("TAX", True)]


def test_tax_by_the_piece_and_inside_the_price(table):
    """Three of 1.67 at 20 %: 0.33 each is 0.99, and 5.01 × 20 % is 1.00. A price of 3.99 holds 0.67, whatever 3.32 × 20 % is."""
    taxed(table, "0.99", "1.00", net="5.01")
    lines(table, "1001", ("5.01", "0.2"), quantity="3")
    (found,) = look(table, profile=LINE)
    assert [cause.kind.value for cause in found.causes] == ["ROUNDING"]
    assert "rounded piece by piece it is 0.99" in found.causes[0].say


def test_at_a_target_whose_prices_hold_the_tax_it_is_what_these_give(table):
    taxed(table, "0.66", "0.67", net="3.32")
    lines(table, "1001", ("3.32", "0.2"), gross="3.99")
    assert classes(table, profile=LINE) == [("1001", of(ROUNDING="0.01"))]


def test_a_source_that_tells_its_total_only(table):
    put(table, "source", "1001", "87.75")
    booked(table, "1001", "87.75")
    put(table, "target", "1001", "87.74", tax="11.44")
    lines(table, "1001", *ONCE)
    assert classes(table, profile=LINE) == [("1001", of(ROUNDING="-0.01"))]
    assert classes(table) == [("1001", of(AMOUNT="-0.01"))]
    (found,) = look(table)
    assert "No rounding: books computes no tax of its own" in found.causes[0].say


def test_rounding_of_a_month_beyond_its_limit_is_a_break_that_finance_must_act_on(table):
    """101 documents of five cents are 5.05; each for itself asks nothing of anybody."""
    for number in range(101):
        put(table, "source", f"R{number}", "204.87", tax="34.15")
        booked(table, f"R{number}", "204.87")
        put(table, "target", f"R{number}", "204.82" if number else "204.87", tax="34.10" if number else "34.15")
        lines(table, f"R{number}", *(("34.12", "0.2"),) * 5)
    assert {each.kind for each in look(table, profile=LINE)} == {"order"}  # a hundred: 5.00 is not more than 5.00
    put(table, "source", "R200", "3.99", tax="0.67")
    booked(table, "R200", "3.99")
    put(table, "target", "R200", "3.98", tax="0.66")
    lines(table, "R200", ("3.32", "0.2"))
    found = look(table, profile=LINE)
    (limit,) = (each for each in found if each.kind == MONTH_OF_ROUNDING)
    assert (limit.number, limit.difference, limit.causes[0].kind) == ("SalesTaxPayable 2026-01", 0, "ROUNDING")
    assert "5.01 EUR in 101 documents, net -5.01" in limit.causes[0].say
    assert [each.kind for each in found if acts(each)] == [MONTH_OF_ROUNDING]


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


def in_pounds(table: Bench, base: str, stated: str, rate: str, unit: str = "GBP", **more: Any) -> list[tuple[str, dict[str, Decimal]]]:
    """A sale of 100.00 pounds at 1.27, booked as 127.00; and how it stands at a target that states it in pounds itself."""
    put(table, "source", "1001", "100", unit="GBP", rate="1.27")
    booked(table, "1001", "100", unit="GBP", booked="127", booked_unit="EUR", rate="1.27")
    put(table, "target", "1001", base, stated_unit=unit, stated_amount=stated, rate=rate, **more)
    return classes(table)


@pytest.mark.parametrize(
    ("base", "stated", "rate", "expected"),
    [
        ("127", "100", "1.27", {}),
        ("125", "100", "1.25", {"FX": "-2"}),
        ("126.98", "100", "1.2699995", {"ROUNDING": "-0.02"}),  # as precisely as a rate is written there
        ("126.98", "100", "1.2698", {"FX": "-0.02"}),
        ("126.90", "100", "1.2699995", {"FX": "-0.10"}),  # more than the cap
        ("137.50", "110", "1.25", {"AMOUNT": "12.70", "FX": "-2.20"}),
        ("127", "127", "1", {"AMOUNT": "34.29", "FX": "-34.29"}),  # equal in base, and neither amount nor rate is right
    ],
)
def test_a_document_in_pounds_is_told_by_its_pounds_and_its_rate(table, base, stated, rate, expected):
    assert in_pounds(table, base, stated, rate) == ([("1001", of(**expected))] if expected else [])


@pytest.mark.parametrize(
    ("base", "stated", "unit", "share"),
    [("92", "100", "USD", "-35"), ("127", "127", "USD", "0"), ("100", None, None, "-27")],
)
def test_another_currency_than_its_own_or_the_books(table, base, stated, unit, share):
    assert in_pounds(table, base, stated, "0.92", unit) == [("1001", of(CURRENCY=share))]


def test_another_rate_is_told_as_such_even_where_somebody_entered_it(table):
    assert in_pounds(table, "125", "100", "1.25", edited="2026-01-16 by Ann") == [("1001", of(FX="-2"))]


def test_a_sale_in_pounds_that_was_edited_at_the_source_is_stale_by_what_that_makes_in_base(table):
    put(table, "source", "1001", "110", unit="GBP", rate="1.27")
    booked(table, "1001", "100", unit="GBP", booked="127", booked_unit="EUR", rate="1.27")
    put(table, "target", "1001", "127", stated_unit="GBP", stated_amount="100", rate="1.27")
    assert classes(table) == [("1001", of(STALE="-12.70"))]


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
