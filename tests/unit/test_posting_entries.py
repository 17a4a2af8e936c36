"""What makes an entry: rounding, accounts, rates and decisions; and the problems where one of them is missing."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from pydantic import ValidationError

from mappings.model import REGISTRY
from mappings.posting import EFFECTS, Books, Line, Move, measure, moves, post, suggested_accounts
from mappings.posting.table import parse, table

GBP = Books(base_currency="GBP", accounts={role: role for role in suggested_accounts()}, decisions={"gift_cards": "multi_purpose"})


def order(*lines, currency="GBP", kind="order", **more):
    """A document of these (kind, net) lines."""
    made = [{"line_number": number, "kind": name, "sku": "MUG", "net_amount": net} for number, (name, net) in enumerate(lines, 1)]
    total = sum(Decimal(net) for _, net in lines)
    return REGISTRY[kind].model_validate(
        {"source_id": "550193", "business_date": "2011-04-15", "currency": currency, "lines": made, "grand_total": total, **more}
    )


def entry_of(document, representation="invoice", books=GBP, **more):
    entry, problems = post(document, representation=representation, books=books, **more)
    assert problems == []
    return entry


def codes(document, representation="invoice", books=GBP, **more):
    entry, problems = post(document, representation=representation, books=books, **more)
    assert entry is None
    return [(problem.code, problem.field) for problem in problems]


# ── rounding ──


def test_a_third_decimal_is_rounded_once_per_role_and_its_rest_is_named():
    # Two roles of 2.005 make 2.01 each, the document 4.01: one line of Rounding holds the cent.
    entry = entry_of(order(("item", "2.005"), ("shipping", "2.005")))
    assert entry.lines == (
        Line("Sales", Decimal("-2.01"), "GBP", "goods", control=False),
        Line("ShippingIncome", Decimal("-2.01"), "GBP", "shipping", control=False),
        Line("Receivable", Decimal("4.01"), "GBP", "receivable", control=True),
        Line("Rounding", Decimal("0.01"), "GBP", "rounding", control=False),
    )
    assert entry.bridge == {}


def test_lines_of_one_role_are_summed_before_they_are_rounded():
    entry = entry_of(order(("item", "1.004"), ("item", "1.004")))
    assert [(line.account, line.amount) for line in entry.lines] == [("Sales", Decimal("-2.01")), ("Receivable", Decimal("2.01"))]
    assert entry.bridge == {"rounding": Decimal("0.002")}


def test_a_document_of_a_tenth_of_a_penny_is_booked_with_two_lines_of_nothing():
    entry = entry_of(order(("item", "0.001")))
    assert entry.lines == (
        Line("Sales", Decimal("0.00"), "GBP", "goods", control=False),
        Line("Receivable", Decimal("0.00"), "GBP", "receivable", control=True),
    )
    assert (entry.total, entry.bridge) == (0, {"rounding": Decimal("-0.001")})


def test_lines_of_nothing_are_dropped_where_another_line_says_something():
    entry = entry_of(order(("item", "5"), ("shipping", "0.001"), ("manual", "0")))
    assert [line.account for line in entry.lines] == ["Sales", "Receivable"]


def test_lines_that_cancel_out_are_booked_without_an_amount():
    entry = entry_of(order(("item", "5"), ("item", "-5")))
    assert [(line.account, line.amount) for line in entry.lines] == [("Sales", 0), ("Receivable", 0)]


def test_a_document_whose_lines_are_all_nothing_books_nothing():
    assert post(order(("item", "0"), ("gift_card", "0")), representation="invoice", books=GBP) == (None, [])


def test_yen_have_no_decimals():
    yen = GBP.model_copy(update={"base_currency": "JPY"})
    entry = entry_of(order(("item", "100.5"), currency="JPY"), books=yen)
    assert entry.total == 101
    assert str(entry.total) == "101"


# ── currencies ──


def test_what_single_conversion_leaves_goes_on_the_largest_line_and_is_recorded():
    # 0.33 + 0.33 + 0.34 at 1.5 are 0.50 + 0.50 + 0.51 = 1.51, the total 1.50.
    sold = order(("item", "0.34"), ("shipping", "0.33"), ("manual", "0.33"), currency="EUR", exchange_rate="1.5")
    entry = entry_of(sold)
    assert {line.account: line.amount for line in entry.lines} == {
        "Sales": Decimal("-0.50"),
        "ShippingIncome": Decimal("-0.50"),
        "ManualSales": Decimal("-0.50"),
        "Receivable": Decimal("1.50"),
    }
    assert entry.adjusted == {"Sales": Decimal("0.01")}
    assert entry.bridge == {"fx": Decimal("0.50")}


def test_the_rate_of_the_day_counts_where_the_document_has_none_and_a_week_at_most():
    rates = {"EUR": {"2011-04-08": "0.80", "2011-04-14": "0.90", "2011-04-16": "0.99"}}
    books = Books.model_validate({**GBP.model_dump(), "rates": rates})
    assert entry_of(order(("item", "10"), currency="EUR"), books=books).total == Decimal("9.00")
    old = Books.model_validate({**GBP.model_dump(), "rates": {"EUR": {"2011-04-07": "0.80"}}})
    assert codes(order(("item", "10"), currency="EUR"), books=old) == [("POST-RATE", "exchange_rate")]


def test_all_legs_of_a_payout_are_booked_at_one_rate():
    paid = {"source_id": "p1", "business_date": "2011-04-15", "arrival_on": "2011-04-18", "currency": "EUR", "net_amount": "10"}
    books = Books.model_validate({**GBP.model_dump(), "rates": {"EUR": {"2011-04-15": "0.90", "2011-04-18": "0.80"}}})
    payout = REGISTRY["payout"].model_validate(paid)
    legs = [entry_of(payout, "transfer", books, part=part.name) for part in payout.parts()]
    assert [(leg.date, leg.total) for leg in legs] == [(date(2011, 4, 15), Decimal("9.00")), (date(2011, 4, 18), Decimal("9.00"))]


# ── accounts and decisions ──


def test_every_missing_account_is_named_at_once():
    books = Books(base_currency="GBP", accounts={"Sales": "Income:Sales"})
    found = order(("item", "5"), ("shipping", "1"))
    assert codes(found, books=books) == [("POST-ACCOUNT", "ShippingIncome"), ("POST-ACCOUNT", "Receivable")]
    _, problems = post(found, representation="invoice", books=books)
    assert problems[0].say == "Order 550193 needs an account for ShippingIncome (carriage charged to buyers), and the posting names none."
    assert problems[0].fix == "Add `ShippingIncome: <account>` to the posting's accounts."


def test_an_account_that_the_document_does_not_need_may_be_missing():
    books = Books(base_currency="GBP", accounts={"Sales": "Income:Sales", "Receivable": "Assets:Receivable"})
    assert entry_of(order(("item", "5")), books=books).total == 5


def test_the_account_for_rounding_is_asked_for_only_when_there_is_something_to_round():
    accounts = {role: role for role in suggested_accounts() if role != "Rounding"}
    books = Books(base_currency="GBP", accounts=accounts)
    assert entry_of(order(("item", "5")), books=books).total == 5
    assert codes(order(("item", "2.005"), ("shipping", "2.005")), books=books) == [("POST-ACCOUNT", "Rounding")]


def test_a_posting_may_put_returns_on_the_account_of_sales():
    books = GBP.model_copy(update={"accounts": {**GBP.accounts, "SalesReturns": "Income:Sales", "Sales": "Income:Sales"}})
    assert entry_of(order(("item", "5"), kind="refund"), "credit_note", books).lines[0] == Line(
        "Income:Sales", Decimal(5), "GBP", "goods", control=False
    )


def test_a_posting_may_settle_a_journal_on_account():
    books = GBP.model_copy(update={"settlement": {"journal": "Receivable"}})
    assert entry_of(order(("item", "5")), "journal").lines[1].account == "Clearing"
    assert entry_of(order(("item", "5")), "journal", books).lines[1].account == "Receivable"


def test_placeholders_are_filled_from_the_document_as_one_word():
    accounts = {**GBP.accounts, "Clearing": "Assets:Clearing:{gateway}:{currency}", "Sales": "Income:{location}"}
    books = GBP.model_copy(update={"accounts": accounts})
    paid = order(
        ("item", "5"), location="store 1", tenders=[{"tender_type": "card", "gateway": "shopify_payments", "amount": "5"}]
    )  # fmt: skip
    assert [line.account for line in entry_of(paid, "sales_receipt", books).lines] == [
        "Income:Store1",
        "Assets:Clearing:ShopifyPayments:GBP",
    ]
    assert codes(order(("item", "5"), location="store 1"), "sales_receipt", books) == [("POST-ACCOUNT", "Clearing")]


def test_an_unknown_placeholder_is_refused_when_the_books_are_read():
    with pytest.raises(ValidationError, match="customer"):
        Books(base_currency="GBP", accounts={"Sales": "Income:{customer}"})


def test_an_open_decision_holds_the_document_and_says_the_question():
    books = GBP.model_copy(update={"decisions": {}})
    found = order(("gift_card", "25"))
    assert codes(found, books=books) == [("POST-DECISION", "gift_cards")]
    _, [problem] = post(found, representation="invoice", books=books)
    assert problem.say == "Order 550193 waits for a decision: What is a gift card that was sold?"
    assert problem.fix == "Record `gift_cards` under the posting's decisions as one of multi_purpose."


def test_a_decision_without_a_rule_for_it_is_no_licence_to_guess():
    books = GBP.model_copy(update={"decisions": {"gift_cards": "single_purpose"}})
    assert codes(order(("gift_card", "25")), books=books) == [("POST-RULE", "gift_card, gift_cards: single_purpose")]
    assert books.unknown_decisions() == ["'single_purpose' is no answer to gift_cards: multi_purpose"]


def test_a_gift_card_of_nothing_asks_for_no_decision():
    books = GBP.model_copy(update={"decisions": {}})
    assert entry_of(order(("gift_card", "0"), ("item", "5")), books=books).total == 5


def test_cost_is_booked_only_by_its_one_owner():
    shipped = REGISTRY["fulfillment"].model_validate(
        {"source_id": "f1", "business_date": "2011-04-15", "currency": "GBP", "lines": [{"sku": "MUG", "quantity": 1, "unit_cost": "2"}]}
    )
    assert codes(shipped, "cost_journal") == [("POST-DECISION", "cost_owner")]
    theirs = GBP.model_copy(update={"decisions": {"cost_owner": "target"}})
    assert post(shipped, representation="cost_journal", books=theirs) == (None, [])
    ours = GBP.model_copy(update={"decisions": {"cost_owner": "hub"}})
    assert entry_of(shipped, "cost_journal", ours).total == 2


def test_an_item_without_a_cost_holds_the_whole_cost_entry():
    ours = GBP.model_copy(update={"decisions": {"cost_owner": "hub"}})
    lines = [{"sku": "MUG", "quantity": 1, "unit_cost": "2"}, {"sku": "CUP", "quantity": 3}]
    shipped = REGISTRY["fulfillment"].model_validate({"source_id": "f1", "business_date": "2011-04-15", "currency": "GBP", "lines": lines})
    assert codes(shipped, "cost_journal", ours) == [("POST-COST", "unit_cost")]
    _, [problem] = post(shipped, representation="cost_journal", books=ours)
    assert problem.say == "Fulfilment f1 moves 3 of CUP, and nobody says what one costs."


def test_a_cost_in_the_books_currency_is_not_converted_at_the_rate_of_the_sale():
    ours = GBP.model_copy(update={"decisions": {"cost_owner": "hub"}})
    line = {"line_number": 1, "sku": "MUG", "quantity": 2, "net_amount": "10", "unit_cost": "3"}
    sold = {
        "source_id": "1",
        "business_date": "2011-04-15",
        "currency": "USD",
        "exchange_rate": "0.5",
        "lines": [line],
        "grand_total": "10",
    }
    assert entry_of(REGISTRY["order"].model_validate({**sold, "cost_currency": "GBP"}), "cost_journal", ours).total == 6
    assert entry_of(REGISTRY["order"].model_validate(sold), "cost_journal", ours).total == 3


def test_a_document_that_the_table_does_not_know_is_a_problem_only_if_it_has_an_amount():
    card = {"source_id": "g1", "business_date": "2011-04-15", "currency": "GBP", "entry_type": "issue", "balance_change": "25"}
    assert post(REGISTRY["gift_card_entry"].model_validate(card), representation="journal", books=GBP) == (None, [])
    received = {"source_id": "m1", "business_date": "2011-04-15", "currency": "GBP", "movement_type": "receipt", "sku": "MUG"}
    ours = GBP.model_copy(update={"decisions": {"cost_owner": "hub"}})
    movement = REGISTRY["stock_movement"].model_validate({**received, "quantity": 5, "unit_cost": "2"})
    assert [code for code, _ in codes(movement, "cost_journal", ours)] == ["POST-RULE", "POST-RULE"]


def test_goods_received_for_nothing_need_no_rule_and_a_transfer_no_cost():
    ours = GBP.model_copy(update={"decisions": {"cost_owner": "hub"}})
    moved = {"source_id": "m1", "business_date": "2011-04-15", "sku": "MUG", "location": "Cork", "from_location": "Dublin", "quantity": 5}
    gift = {**moved, "movement_type": "receipt", "unit_cost": "0", "currency": "GBP"}
    assert post(REGISTRY["stock_movement"].model_validate(gift), representation="cost_journal", books=ours) == (None, [])
    transfer = {**moved, "movement_type": "transfer"}
    assert post(REGISTRY["stock_movement"].model_validate(transfer), representation="cost_journal", books=ours) == (None, [])


# ── what moves nothing, and what a leg counts ──


def test_a_representation_that_books_no_money_gives_no_entry():
    assert post(order(("item", "5")), representation="stock_removal", books=GBP) == (None, [])


def test_a_gift_card_that_the_sale_books_is_not_booked_by_its_payment():
    paid = {"source_id": "1", "business_date": "2011-04-15", "currency": "GBP", "tender_type": "gift_card", "amount_paid": "5"}
    payment = REGISTRY["payment"].model_validate(paid)
    assert post(payment, representation="payment", books=GBP) == (None, [])
    assert entry_of(payment, "payment", GBP.model_copy(update={"gift_cards_taken": "with_payment"})).total == 5


def test_what_moves_no_money_yet_gives_no_entry():
    day = {"source_id": "1", "business_date": "2011-04-15", "currency": "GBP"}
    for kind, fields in {
        "payout": {"status": "scheduled", "net_amount": "5"},
        "dispute": {"dispute_type": "inquiry", "disputed_amount": "5"},
        "payment": {"payment_type": "authorization", "amount_paid": "5"},
    }.items():
        document = REGISTRY[kind].model_validate({**day, **fields})
        assert not document.moves_money()
        assert post(document, representation="journal", books=GBP) == (None, [])


def test_a_part_that_a_document_does_not_have_is_an_error_of_the_caller():
    with pytest.raises(ValueError, match="has no part 'arrival'"):
        post(order(("item", "5")), representation="invoice", books=GBP, part="arrival")


def test_a_later_leg_counts_nothing_more_of_the_amount():
    paid = {"source_id": "p1", "business_date": "2011-04-15", "arrival_on": "2011-04-18", "currency": "GBP", "net_amount": "-35.00"}
    payout = REGISTRY["payout"].model_validate(paid)
    assert [measure(payout, "money", part) for part in ("", "issue", "arrival")] == [(-35, "GBP"), (-35, "GBP"), (0, "GBP")]


def test_measures_have_their_units():
    sold = order(("item", "5"))
    worked = REGISTRY["time_entry"].model_validate(
        {"source_id": "1", "business_date": "2011-04-15", "employee_number": "7", "regular_hours": "7.5", "overtime_hours": "1"}
    )
    assert [measure(sold, effect) for effect in ("money", "stock", "hours", "record", "cost")] == [
        (5, "GBP"),
        (1, "C62"),
        (0, "HUR"),
        (0, ""),
        (0, ""),
    ]
    assert measure(worked, "hours") == (Decimal("8.5"), "HUR")


def test_every_representation_has_an_effect():
    assert set(EFFECTS.values()) == {"money", "cost", "stock", "reserve", "hours", "record"}


# ── stock ──


def stock(kind="order", **more):
    lines = [
        {"line_number": 1, "sku": "MUG", "quantity": 3, "net_amount": "6"},
        {"line_number": 2, "sku": "MUG", "quantity": 2, "net_amount": "0"},
        {"line_number": 3, "sku": "CUP", "quantity": 1, "net_amount": "1", "location": "Dublin", "unit_cost": "0.5"},
        {"line_number": 4, "kind": "sample", "sku": "JUG", "quantity": 1, "unit_price": "2", "net_amount": "2"},
        {"line_number": 5, "kind": "sample", "sku": "BOX", "quantity": 9, "net_amount": "0"},
        {"line_number": 6, "kind": "gift_card", "sku": "GIFT", "quantity": 9, "net_amount": "0"},
        {"line_number": 7, "kind": "shipping", "quantity": 9, "net_amount": "4"},
    ]
    return REGISTRY[kind].model_validate(
        {
            "source_id": "1",
            "business_date": "2011-04-15",
            "currency": "GBP",
            "location": "Cork",
            "lines": lines,
            "grand_total": "13",
            **more,
        }
    )


def test_goods_and_priced_samples_leave_the_stock_once_for_each_item_and_place():
    assert moves(stock()) == (
        Move("MUG", "Cork", Decimal(5)),
        Move("CUP", "Dublin", Decimal(1), Decimal("0.50")),
        Move("JUG", "Cork", Decimal(1)),
    )
    assert stock().units() == 7


def test_refunded_goods_come_back():
    assert moves(stock("refund")) == (
        Move("MUG", "Cork", Decimal(-5)),
        Move("CUP", "Dublin", Decimal(-1), Decimal("0.50")),
        Move("JUG", "Cork", Decimal(-1)),
    )


def test_what_was_refunded_without_restocking_stays_away():
    kept = [{"line_number": 1, "sku": "MUG", "net_amount": "6", "restocked": False}]
    assert moves(stock("refund", lines=kept, grand_total="6")) == ()


def test_units_that_cancel_out_are_no_move():
    lines = [{"line_number": number, "sku": "MUG", "quantity": quantity, "net_amount": "0"} for number, quantity in enumerate((4, -4), 1)]
    document = stock(lines=lines, grand_total="0")
    assert (moves(document), document.moves_stock()) == ((), False)


def test_a_transfer_takes_from_one_place_and_gives_to_the_other():
    moved = REGISTRY["stock_movement"].model_validate(
        {"source_id": "1", "business_date": "2011-04-15", "movement_type": "transfer", "sku": "MUG", "location": "Dublin",
         "from_location": "Cork", "quantity": 2}
    )  # fmt: skip
    assert moves(moved) == (Move("MUG", "Dublin", Decimal(-2)), Move("MUG", "Cork", Decimal(2)))
    assert (moved.units(), moved.moves_stock()) == (0, True)


# ── the table itself ──


@pytest.mark.parametrize(
    ("broken", "sentence"),
    [
        ("sale: {item: {credit: Nowhere, component: goods}}", "unknown role Nowhere"),
        ("sale: {item: {credit: Sales, debit: Sales, component: goods}}", "exactly one of debit and credit"),
        ("sale: {item: {credit: Sales, component: goods, contrl: true}}", "nothing unknown"),
        ("sale: {item: {credit: Sales}}", "a component"),
        ("sale: {item: {credit: {yes: Sales}, component: goods}}", "go together"),
        ("sale: {item: {credit: {perhaps: Sales}, decision: asked, component: goods}}", "an answer that the decision asked does not have"),
    ],
)
def test_a_table_that_is_wrong_is_refused(broken, sentence):
    text = (
        f"events: {{{broken}}}\nroles: {{Sales: {{means: goods, suggested: S}}}}\ndecisions: {{asked: {{question: q, answers: {{no: n}}}}}}"
    )
    with pytest.raises(ValueError, match=sentence):
        parse(text)


def test_every_role_and_decision_of_the_table_is_used():
    rules = [rule for event in table().events.values() for rule in event.values()]
    used = {role for rule in rules for role in (rule.role, *rule.answers.values())}
    assert table().roles.keys() - used == {"Rounding"}
    assert table().decisions.keys() - {rule.decision for rule in rules} == {"cost_owner"}
