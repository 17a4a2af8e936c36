"""The clearing account of each processor: whose it is is told by the account's name, by the source or by the hub, and each ends at 0.00."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from mappings.posting.books import Books
from pipelines.reconcile import finding, pairing, waterfalls
from pipelines.reconcile.bench import ITEM, STANDING, bench
from pipelines.reconcile.causes import Window
from pipelines.reconcile.corners.hub import UNTRANSLATED, gateway_of
from pipelines.reconcile.mail import DayFacts, compose
from pipelines.reconcile.policy import rules
from pipelines.reconcile.roles import Posting, Roles
from pipelines.reconcile.run import ASKED, RATE
from tests.unit._reconciliation import month

D = Decimal
SHEET = "books/money"
ALL = Window(None, None, date(2026, 2, 10))


@pytest.fixture
def table():
    with bench() as found:
        for each in (ASKED, RATE, UNTRANSLATED):
            found.make(each)
        found.load(ASKED, [{"sheet": SHEET, "connection": "shop", "kind": "payment"}])
        yield found


def paid(table, number, amount, mine="stripe", theirs="Stripe", *, hub=None, booked=True, day="2026-01-15"):
    """A payment at the source and on the clearing account that its posting chose; `hub` is what the hub's document names."""
    common = {"sheet": SHEET, "kind": "payment", "number": number, "on_day": day, "unit": "EUR", "amount": amount}
    table.load(ITEM, [common | {"corner": "source", "connection": "shop", "ref": number, "clearing": amount, "gateway": mine}])
    known = common | {"connection": "shop", "ref": number, "part": "", "subject": f"doc-{number}", "fate": "delivered", "booked": amount}
    table.load(STANDING, [known | {"booked_unit": "EUR", "card_bridge": "0", "rounding_bridge": "0", "gateway": hub}])
    if booked:
        there(table, number, amount, theirs, subject=f"doc-{number}", day=day)


def there(table, number, amount, gateway, *, subject=None, ref=None, day="2026-01-15"):
    row = {"corner": "target", "sheet": SHEET, "connection": "books", "kind": "payment", "ref": ref or f"b{number}", "number": number}
    row |= {"on_day": day, "unit": "EUR", "amount": amount, "clearing": amount, "gateway": gateway, "detailed": True, "subject": subject}
    table.load(ITEM, [row])


def looked(table, window=ALL):
    """Breaks, and each clearing account: its lines as (label, amount), with what is unexplained."""
    chosen = rules(Path("/nowhere"))
    pairing.expect(table)
    pairing.take(table)
    pairing.match(table, chosen)
    pairing.compare(table)
    breaks, shares = finding.breaks(table, chosen, window, {})
    falls = waterfalls.waterfalls(table, window, shares)
    assert {fall.unexplained for fall in falls} <= {0}
    whole = [fall for fall in falls if fall.name == "clearing"]
    mine = [fall for fall in falls if fall.name == "clearing_of"]
    if mine:
        for line in ("Expected at the target", "At the target"):
            assert sum(held(fall, line) for fall in mine) == sum(held(fall, line) for fall in whole)
    return breaks, {fall.title.removeprefix("Clearing account: "): fall for fall in mine}


def held(fall, label):
    return sum((line.amount for line in fall.lines if line.label == label), D(0))


def told(fall):
    return {line.label: line.amount for line in fall.lines}


def test_each_processor_has_its_own_and_together_they_are_the_sum(table):
    paid(table, "1", "10.00")
    paid(table, "2", "20.00", "shopify_payments", "ShopifyPayments")
    paid(table, "3", "40.00", "shopify_payments", "ShopifyPayments")
    breaks, falls = looked(table)
    assert breaks == []
    assert told(falls["shopify payments"]) == {
        "Source: payment": 60, "Expected at the target": 60, "At the target": 60, "Unexplained": 0,
    }  # fmt: skip
    assert held(falls["stripe"], "At the target") == 10


def test_one_processor_alone_is_the_sum_itself(table):
    paid(table, "1", "10.00")
    assert looked(table) == ([], {})


def test_a_source_that_does_not_say_is_told_by_the_hub_or_by_the_account(table):
    paid(table, "1", "10.00", None, None, hub="stripe")
    paid(table, "2", "20.00", None, "PayPal")
    paid(table, "3", "40.00", None, None)
    breaks, falls = looked(table)
    assert breaks == []
    assert {name: held(fall, "At the target") for name, fall in falls.items()} == {"stripe": 10, "PayPal": 20, "no processor is named": 40}


def test_what_stands_on_another_processors_account_is_a_break_on_both(table):
    paid(table, "1", "10.00", "stripe", "PayPal")
    paid(table, "2", "20.00", "paypal", "PayPal")
    ((broken,), falls) = looked(table)
    assert [(cause.kind, cause.amount) for cause in broken.causes] == [("AMOUNT", 0)]
    assert "goes through stripe, and stands at books on the clearing account of paypal" in broken.causes[0].say
    assert (held(falls["stripe"], "Another amount"), held(falls["paypal"], "Another amount")) == (-10, 10)
    assert (held(falls["stripe"], "At the target"), held(falls["paypal"], "At the target")) == (0, 30)


def test_missing_typed_and_doubled_entries_stand_under_their_processor(table):
    paid(table, "1", "10.00", booked=False)
    paid(table, "2", "20.00", "paypal", "PayPal")
    there(table, "2", "20.00", None, subject="doc-2", ref="b2-again")
    there(table, "9", "5.00", "Klarna")
    _, falls = looked(table)
    assert held(falls["stripe"], "Missing at the target") == -10
    assert held(falls["paypal"], "Twice at the target") == 20
    assert held(falls["Klarna"], "Not known at the source") == 5


def test_only_the_days_of_the_window_count(table):
    paid(table, "1", "10.00")
    paid(table, "2", "20.00", "paypal", "PayPal", day="2026-02-03")
    paid(table, "3", "30.00", "paypal", "PayPal")
    _, falls = looked(table, Window(date(2026, 1, 1), date(2026, 1, 31), ALL.today))
    assert held(falls["paypal"], "Expected at the target") == 30


# ── whose account it is ──


def entry(*lines):
    return [Posting(account, D(amount), "EUR", control=False) for account, amount in lines]


def test_the_name_of_an_account_says_whose_it_is():
    accounts = {"Clearing": "Assets:Clearing:{gateway}:{currency}", "Receivable": "Assets:Due:{gateway}", "Fees": "Expenses:Fees"}
    roles = Roles([Books(base_currency="EUR", accounts=accounts)])
    stripe, paypal, due = ("Assets:Clearing:Stripe:EUR", "5"), ("Assets:Clearing:PayPal:EUR", "5"), ("Assets:Due:Shop", "-5")
    assert roles.measured(entry(stripe, due), ours=True)["gateway"] == "Stripe"
    assert roles.measured(entry(stripe, paypal), ours=True)["gateway"] == "several processors"
    assert roles.measured(entry(due, ("Expenses:Fees", "5")), ours=True)["gateway"] is None
    flat = Roles([Books(base_currency="EUR", accounts={"Clearing": "091"})])
    assert flat.measured(entry(("091", "5")), ours=True)["gateway"] is None


@pytest.mark.parametrize(
    ("body", "gateway"),
    [
        ('{"gateway":"stripe"}', "stripe"),
        ('{"tenders":[{"tender_type":"card","gateway":"stripe"},{"tender_type":"gift_card","gateway":"gift_card"}]}', "stripe"),
        ('{"tenders":[{"tender_type":"card","gateway":"stripe"},{"tender_type":"wallet","gateway":"paypal"}]}', "several processors"),
        ('{"note":"a"}', None),
    ],
)
def test_a_document_of_the_hub_names_its_processor(body, gateway):
    assert gateway_of(body) == gateway


def test_the_mail_has_a_line_for_each():
    (fall,) = (fall for fall in month().waterfalls if fall.name == "clearing")
    own = replace(fall, name="clearing_of", title="Clearing account: stripe")
    said = compose([month(waterfalls=(fall, own))], DayFacts("EU Ltd", date(2026, 1, 14))).get_body(("plain",)).get_content()
    assert f"{fall.title}   closing 72.14 EUR   agrees\n  Clearing account: stripe   closing 72.14 EUR   agrees\n" in said
