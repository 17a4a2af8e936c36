"""Which invoices a receipt pays: numbers in the text, discounts to the cent, sums; and that nothing is ever chosen by chance."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.reconcile.policy import Rules, Terms, rules
from pipelines.reconcile.proposals import MOST_CANDIDATES, OpenInvoice, Proposal, Received, proposals, untried
from pipelines.reconcile.remittance import is_creditor_reference, numbers, stands

D = Decimal
RULES = rules(Path("/nowhere")).model_copy(
    update={"terms": (Terms(percent=D(2), days=14),), "bank_charge_cap": {"EUR": D("15.00")}},
)


def invoice(number: str, total: str, *, left: str | None = None, tax: str = "0", party: str = "brook", reference: str = "") -> OpenInvoice:
    whole = D(total)
    rates = ((whole, D(tax)),)
    return OpenInvoice("shop", reference or number, number, date(2026, 1, 5), "EUR", whole, D(left or total), rates, party)


def receipt(amount: str, text: str = "", *, party: str = "brook", reference: str = "B1", day: int = 15) -> Received:
    return Received("bank", reference, date(2026, 1, day), "EUR", D(amount), (text,), party)


def lines(found: Proposal) -> list[tuple[str, str, Decimal]]:
    return [(line.what, line.number, line.amount) for line in found.solutions[0].lines]


def only(received: list[Received], invoices: list[OpenInvoice], asked: Rules = RULES) -> Proposal:
    (found,) = proposals(received, invoices, asked)
    return found


def test_a_payer_takes_two_per_cent_and_the_tax_in_it_is_told_apart() -> None:
    """1,210.00 less 2 % is 1,185.80: discount 20.00, VAT 4.20."""
    found = only([receipt("1185.80", "Invoice R-2026-0017")], [invoice("R-2026-0017", "1210.00", tax="210.00")])
    assert lines(found) == [
        ("invoice", "R-2026-0017", D("1210.00")), ("discount", "R-2026-0017", D("-20.00")), ("discount_tax", "R-2026-0017", D("-4.20")),
    ]  # fmt: skip
    assert "discount 20.00, tax on it 4.20" in found.reasons[-1]


def test_a_discount_of_two_rates_is_split_at_each() -> None:
    """100.00 at 20 % and 50.00 at 10 %: 175.00, less 2 % is 3.50: 2.40 with 0.40 of tax, 1.10 with 0.10."""
    two = replace(invoice("R-1001", "175.00"), taxes=((D("120.00"), D("20.00")), (D("55.00"), D("5.00"))))
    assert lines(only([receipt("171.50", "R1001")], [two]))[1:] == [
        ("discount", "R-1001", D("-3.00")),
        ("discount_tax", "R-1001", D("-0.50")),
    ]


@pytest.mark.parametrize("day", [20, 4])
def test_after_the_days_or_before_the_invoice_a_discount_explains_nothing(day: int) -> None:
    found = only([receipt("1185.80", "R-2026-0017", day=day)], [invoice("R-2026-0017", "1210.00")])
    assert lines(found) == [("invoice", "R-2026-0017", D("1185.80"))]
    assert "24.20 stay open" in found.reasons[-1]


@pytest.mark.parametrize(
    ("amount", "expected"),
    [
        ("300.00", [("invoice", "R-1001", D("100.00")), ("invoice", "R-1002", D("200.00"))]),
        ("310.00", [("invoice", "R-1001", D("100.00")), ("invoice", "R-1002", D("200.00")), ("customer_credit", "", D("10.00"))]),
        ("288.00", [("invoice", "R-1001", D("100.00")), ("invoice", "R-1002", D("200.00")), ("bank_charge", "", D("-12.00"))]),
    ],
)
def test_one_receipt_pays_several_invoices_too_much_or_short_by_a_charge(amount: str, expected: list[tuple[str, str, Decimal]]) -> None:
    found = only([receipt(amount, "R 1001 und R 1002")], [invoice("R-1001", "100.00"), invoice("R-1002", "200.00")])
    assert (found.rule, lines(found)) == ("number", expected)


def test_short_of_several_by_more_than_a_charge_is_left_to_people() -> None:
    assert proposals([receipt("150.00", "R1001 R1002")], [invoice("R-1001", "100.00"), invoice("R-1002", "200.00")], RULES) == []


def test_instalments_that_name_their_invoice_and_those_that_add_up() -> None:
    whole = [invoice("R-1001", "1210.00")]
    named = proposals([receipt("500.00", "R1001"), receipt("710.00", "R1001", reference="B2", day=20)], whole, RULES)
    assert [(each.rule, each.unique, each.score) for each in named] == [("number", True, D("0.98"))] * 2
    summed = only([receipt("500.00"), receipt("710.00", reference="B2", day=20)], whole)
    assert (summed.rule, len(summed.received), lines(summed)) == (
        "instalments", 2, [("invoice", "R-1001", D("500.00")), ("invoice", "R-1001", D("710.00"))],
    )  # fmt: skip


def test_an_invoice_paid_twice_is_nobodys_guess() -> None:
    found = proposals([receipt("100.00", "R1001"), receipt("100.00", "R1001", reference="B2")], [invoice("R-1001", "100.00")], RULES)
    assert [each.score for each in found] == [D("0.3")] * 2
    assert all("another receipt claims the same invoice" in each.reasons[1] for each in found)


def test_instalments_that_fit_in_several_ways_are_all_shown_and_none_is_preferred() -> None:
    parts = [receipt(amount, reference=f"B{place}") for place, amount in enumerate(("60.00", "40.00", "40.00"))]
    found = proposals(parts, [invoice("R-1001", "100.00")], RULES)
    assert [[line.reference for line in each.received] for each in found] == [["B1", "B0"], ["B2", "B0"]]
    assert {(each.rule, each.score, each.sure) for each in found} == {("instalments", D("0.3"), False)}
    assert found[0].reasons == (
        "payments of this customer add up to the invoice", "1 other set fits as well: a person must choose",
        "2 payments together pay R-1001 in full",
    )  # fmt: skip
    twins = [invoice("R-1001", "100.00"), invoice("R-1002", "100.00")]
    assert [(each.solutions[0].invoices[0].number, each.sure) for each in proposals(parts[:2], twins, RULES)] == [
        ("R-1001", False), ("R-1002", False),
    ]  # fmt: skip


def test_of_very_many_ways_twelve_are_shown_and_it_is_said() -> None:
    equal = [receipt("10.00", reference=f"B{place:02}") for place in range(8)]
    found = proposals(equal, [invoice("R-1001", "40.00")], RULES)  # 70 sets of four
    assert len(found) == MOST_CANDIDATES
    assert found[0].reasons[1] == "69 other sets fit as well: a person must choose; of each invoice 12 are shown at most"


def test_a_bound_that_was_reached_is_said() -> None:
    many = [invoice(f"R-{place + 1000}", str(2**place)) for place in range(MOST_CANDIDATES + 1)]
    line = receipt("3", reference="B7")
    (said,) = untried([line, receipt("1.00", party="heath")], many, [])
    assert said == "Receipt B7 of 2026-01-15, 3.00 EUR: Its payer has 13 open invoices, and sums are tried of 12 at most."
    assert list(untried([line], many[:-1], [])) == []
    explained = proposals([receipt("4096")], many, RULES)
    assert list(untried([receipt("4096")], many, explained)) == []
    lines = [receipt(str(place), reference=f"B{place:02}") for place in range(1, MOST_CANDIDATES + 2)]
    (said,) = untried(lines, [invoice("R-1", "5000")], [])
    assert said == "13 receipts of one payer from B01 on, in EUR: whether some of them pay an invoice together is tried among 12 at most."
    assert "brook" not in said
    assert list(untried(lines, [invoice("R-1", "5000", party="heath")], [])) == []


def test_planted_twins_are_shown_as_two_ways() -> None:
    twins = [invoice("R-1001", "100.00"), invoice("R-1002", "100.00")]
    by_amount = only([receipt("100.00")], twins)
    assert (by_amount.unique, by_amount.score, len(by_amount.solutions)) == (False, D("0.3"), 2)
    same_number = [invoice("R-1001", "100.00", reference="a"), invoice("R-1001", "100.00", reference="b")]
    assert len(only([receipt("100.00", "R1001", party="")], same_number).solutions) == 2
    sums = [invoice(f"R-100{place}", total) for place, total in enumerate(("10.00", "40.00", "20.00", "30.00"))]
    assert [each.say for each in only([receipt("50.00")], sums).solutions] == ["pays R-1000, R-1001 in full", "pays R-1002, R-1003 in full"]


def test_another_payer_or_currency_pays_nothing_by_amount() -> None:
    assert proposals([receipt("100.00", party="heath"), receipt("100.00", party="")], [invoice("R-1001", "100.00")], RULES) == []
    assert proposals([replace(receipt("100.00", "R1001"), unit="USD")], [invoice("R-1001", "100.00")], RULES) == []


@pytest.mark.parametrize(
    ("text", "number", "there"),
    [
        ("Inv. 2026/0017 thanks", "2026-0017", True),
        ("RG-NR 0001001", "1001", True),
        ("R 10 01", "R-1001", True),
        ("R-1OO1", "R-1001", True),
        ("order 21001", "1001", False),
        ("1001A", "1001", False),
        ("RF18 5390 0754 7034", "539007547034", True),
        ("RF18539007547034", "539007547034", True),
        ("RF19539007547034", "539007547034", False),
        ("in 12 days", "12", False),
    ],
)
def test_a_number_is_found_whole_or_not_at_all(text: str, number: str, there: bool) -> None:  # noqa: FBT001 (a table's column)
    assert stands(number, numbers([text])) is there


def test_check_digits_of_a_creditor_reference() -> None:
    assert is_creditor_reference("RF18 5390 0754 7034")
    assert not is_creditor_reference("RF81539007547034")
    assert not is_creditor_reference("R-2026-0017")


cents = st.integers(1, 60).map(lambda whole: D(whole) / 4)


@given(st.lists(cents, min_size=1, max_size=7), st.lists(cents, min_size=1, max_size=5), st.randoms())
def test_lines_add_up_the_order_does_not_matter_and_only_what_is_alone_is_sure(totals, amounts, chance) -> None:
    invoices = [invoice(f"R-{place + 1000}", str(total), tax="0.01") for place, total in enumerate(totals)]
    received = [receipt(str(amount), reference=f"B{place}") for place, amount in enumerate(amounts)]
    found = proposals(received, invoices, RULES)
    for each in found:
        for solution in each.solutions:
            assert sum(line.amount for line in solution.lines) == sum(line.amount for line in each.received)
    for each in found:
        if each.rule == "sum":
            ways = [
                chosen for size in range(2, len(invoices) + 1) for chosen in combinations(invoices, size)
                if sum(one.left for one in chosen) == each.received[0].amount
            ]  # fmt: skip
            assert len(each.solutions) >= len(ways)
            assert each.unique is (len(each.solutions) == 1)
    chance.shuffle(invoices)
    chance.shuffle(received)
    assert proposals(received, invoices, RULES) == found


def test_more_invoices_than_candidates_are_not_added_up() -> None:
    many = [invoice(f"R-{place + 1000}", str(2**place)) for place in range(MOST_CANDIDATES)]
    assert only([receipt("3")], many).rule == "sum"
    assert proposals([receipt("3")], [*many, invoice("R-2000", "8192")], RULES) == []
