"""Several accounts at the banks: each has a sheet and a waterfall of its own that ends at 0.00, and one alone stays as it was."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from pipelines.reconcile import finding, pairing, waterfalls
from pipelines.reconcile.bench import ITEM, bench
from pipelines.reconcile.causes import Window
from pipelines.reconcile.corners import bank
from pipelines.reconcile.corners.hub import UNTRANSLATED
from pipelines.reconcile.exports.totals import ends
from pipelines.reconcile.policy import rules
from pipelines.reconcile.run import ASKED, RATE

BOOKS = "books/money"
ALL = Window(None, None, date(2026, 1, 12))
AIB, BOI = "IE29AIBK93115212345678", "IE64IRCE92050112349999"


@pytest.fixture
def table():
    with bench() as found:
        for each in (ASKED, RATE, UNTRANSLATED):
            found.make(each)
        found.load(ASKED, [{"sheet": BOOKS, "connection": name, "kind": "payout"} for name in ("stripe", "paypal")])
        yield found


def sent(table, number, amount, processor="stripe", day=5):
    row = {"corner": "source", "sheet": BOOKS, "connection": processor, "kind": "payout", "ref": number, "number": number, "part": "issue"}
    table.load(ITEM, [row | {"on_day": f"2026-01-{day:02}", "unit": "EUR", "amount": amount}])


def came(table, amount, text, account=AIB, connection="aib", day=7):
    row = {"corner": "bank", "sheet": bank.SHEET, "connection": connection, "kind": "bank_transaction", "ref": f"{text} {amount} {day}"}
    row |= {"number": text, "text": text, "account": account, "on_day": f"2026-01-{day:02}", "unit": "EUR", "amount": amount}
    table.load(ITEM, [row])


def looked(table):
    """Breaks by sheet as (key, class, difference), and what each sheet of the bank expects and holds."""
    chosen = rules(Path("/nowhere"))
    pairing.expect(table)
    pairing.take(table)
    pairing.match(table, chosen)
    bank.expect(table, [BOOKS])
    bank.pair(table, chosen)
    bank.apart(table)
    pairing.double(table)
    pairing.compare(table)
    breaks, shares = finding.breaks(table, chosen, ALL, {})
    falls = waterfalls.waterfalls(table, ALL, shares)
    assert {fall.unexplained for fall in falls} <= {0}
    sums = {}
    for fall in falls:  # what came twice has a waterfall beside the payouts'
        if bank.is_of_bank(fall.sheet):
            expected, there = sums.get(fall.sheet, (0, 0))
            sums[fall.sheet] = (expected + ends(fall)[0], there + ends(fall)[1])
    found = {}
    for each in breaks:
        if bank.is_of_bank(each.sheet):
            found.setdefault(each.sheet, []).append((each.key, str(each.causes[0].kind), each.difference))
    table.con.execute("DROP TABLE IF EXISTS double")
    return found, sums


def pay(table):
    sent(table, "po_11111", "10.00")
    came(table, "10.00", "STRIPE po_11111")
    sent(table, "po_22222", "20.00", "paypal")
    came(table, "20.00", "PAYPAL po_22222", BOI, "boi")


def test_each_account_has_its_own_sheet(table):
    pay(table)
    assert looked(table) == ({}, {"bank/payouts aib 5678": (10, 10), "bank/payouts boi 9999": (20, 20)})


def test_one_account_alone_is_the_sheet_of_all(table):
    sent(table, "po_11111", "10.00")
    came(table, "10.00", "STRIPE po_11111")
    assert looked(table) == ({}, {"bank/payouts": (10, 10)})


def test_a_payout_under_way_is_expected_where_the_others_of_its_processor_went_and_keeps_its_key(table):
    sent(table, "po_33333", "30.00", "paypal", day=9)
    sent(table, "po_11111", "10.00")
    came(table, "10.00", "STRIPE po_11111")
    came(table, "1.00", "rent", BOI, "boi")
    first, _ = looked(table)
    ((key, kind, difference),) = first["bank/payouts"]  # no account is known for it yet
    assert (kind, difference) == ("IN_TRANSIT", Decimal("-30.00"))
    sent(table, "po_22222", "20.00", "paypal")
    came(table, "20.00", "PAYPAL po_22222", BOI, "boi")
    found, sums = looked(table)
    assert found == {"bank/payouts boi 9999": [(key, "IN_TRANSIT", Decimal("-30.00"))]}
    assert sums == {"bank/payouts aib 5678": (10, 10), "bank/payouts boi 9999": (50, 20)}


def test_a_processor_that_pays_into_two_accounts_has_no_usual_one(table):
    pay(table)
    sent(table, "po_44444", "40.00")
    came(table, "40.00", "STRIPE po_44444", BOI, "boi")
    sent(table, "po_55555", "50.00", day=9)
    found, _ = looked(table)
    assert list(found) == ["bank/payouts"]


def test_a_payout_that_came_twice_stands_twice_also_on_two_accounts(table):
    pay(table)
    came(table, "10.00", "STRIPE po_11111 again", BOI, "boi", day=8)
    found, sums = looked(table)
    assert [(kind, difference) for _key, kind, difference in found["bank/payouts aib 5678"]] == [("DUPLICATE_TARGET", 10)]
    assert sums == {"bank/payouts aib 5678": (10, 20), "bank/payouts boi 9999": (20, 20)}


def test_two_accounts_that_end_alike_are_named_whole(table):
    pay(table)
    came(table, "1.00", "rent", "DE00000000005678")
    _, sums = looked(table)
    assert f"bank/payouts aib {AIB}" in sums
