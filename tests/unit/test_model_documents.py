"""What a document takes, what it refuses, and what it counts."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from uuid import UUID

import pytest
from pydantic import ValidationError

import mappings.model
from mappings.model import REGISTRY
from mappings.model.order import MOVES_STOCK, Order

SALE = {"source_id": "1001", "business_date": "2026-01-31", "currency": "GBP"}
PARENT = UUID("12345678-1234-5678-1234-567812345678")


def order(*lines, total=None, **more):
    made = [{"line_number": number, "sku": "MUG", **line} for number, line in enumerate(lines, 1)]
    total = total if total is not None else sum(Decimal(line["net_amount"]) + Decimal(line.get("tax_amount", 0)) for line in made)
    return Order.model_validate({**SALE, "lines": made, "grand_total": total, **more})


def refused(make):
    """(type, place) of each error of one attempt."""
    with pytest.raises(ValidationError) as caught:
        make()
    return [(error["type"], ".".join(map(str, error["loc"]))) for error in caught.value.errors()]


# ── fields ──


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (1.5, "decimal_float"),
        (2.0, "decimal_float"),
        (float("nan"), "decimal_float"),
        (Decimal("NaN"), "decimal_bounds"),
        (Decimal("sNaN"), "decimal_bounds"),
        ("Infinity", "decimal_text"),
        (Decimal("-Infinity"), "decimal_bounds"),
        ("1e400", "decimal_bounds"),
        (10**20, "decimal_bounds"),
        (Decimal("1E+999999"), "decimal_bounds"),
        (Decimal("1E-999999"), "decimal_places"),
        ("0.0000001", "decimal_places"),
        ("twelve", "decimal_text"),
        ("", "decimal_text"),
        ("9" * 100, "decimal_text"),
        (True, "decimal_type"),
        ([], "decimal_type"),
    ],
)
def test_an_amount_that_is_no_exact_number_is_refused(value, kind):
    assert refused(lambda: order({"net_amount": "1"}, total=value)) == [(kind, "grand_total")]


def test_amounts_reach_to_twenty_digits_and_six_decimals():
    big = "99999999999999999999.999999"
    assert str(order({"net_amount": big}).grand_total) == big
    assert str(order({"net_amount": 5}).grand_total) == "5.00"
    assert str(order({"net_amount": Decimal("-0.00")}).grand_total) == "0"
    assert str(order({"net_amount": "1.230000"}).grand_total) == "1.23"
    assert str(order({"net_amount": "1.2345"}).grand_total) == "1.2345"
    assert str(order({"net_amount": "1E+3"}).grand_total) == "1000.00"


def test_counts_are_written_without_needless_zeros():
    assert str(order({"net_amount": "1", "quantity": "6.0"}).lines[0].quantity) == "6"
    assert str(order({"net_amount": "1", "quantity": "0.250"}).lines[0].quantity) == "0.25"
    assert str(order({"net_amount": "1", "quantity": Decimal("1E+2")}).lines[0].quantity) == "100"
    assert str(order({"net_amount": "1"}, exchange_rate="1.2700").exchange_rate) == "1.27"
    assert order({"net_amount": "1"}, exchange_rate="0.000000012345").exchange_rate == Decimal("0.000000012345")


@pytest.mark.parametrize(
    ("field", "value", "kind"),
    [
        ("business_date", 1769817600, "day_type"),
        ("business_date", datetime(2026, 1, 31, tzinfo=UTC), "day_type"),
        ("business_date", "31.01.2026", "day_text"),
        ("placed_at", datetime(2026, 1, 31), "instant_zone"),  # noqa: DTZ001 - that it has no zone is the point
        ("placed_at", "2026-01-31T12:00:00", "instant_zone"),
        ("placed_at", "noon", "instant_text"),
        ("placed_at", 1769817600, "instant_type"),
        ("is_test", 1, "yes_no"),
        ("is_test", "yes", "yes_no"),
        ("currency", "gbp", "string_pattern_mismatch"),
        ("currency", "GBPX", "string_pattern_mismatch"),
        ("channel", "x" * 10_001, "string_too_long"),
        ("channel", "nul\x00", "string_pattern_mismatch"),
        ("channel", "lone \ud800 surrogate", "string_unicode"),
        ("channel", 5, "string_type"),
        ("colour", "red", "extra_forbidden"),
        ("source_id", "", "string_too_short"),
        ("status", "perhaps", "literal_error"),
    ],
)
def test_a_field_of_the_wrong_shape_is_refused_by_name(field, value, kind):
    assert refused(lambda: order({"net_amount": "1"}, **{field: value})) == [(kind, field)]


@pytest.mark.parametrize("value", [1.0, "1.5", True, None, Decimal("NaN")])
def test_a_line_number_is_a_whole_number(value):
    assert refused(lambda: order({"net_amount": "1", "line_number": value}))[0][1] == "lines.0.line_number"
    assert order({"net_amount": "1", "line_number": Decimal("3.0")}).lines[0].line_number == 3


def test_all_that_is_wrong_is_told_at_once():
    found = refused(lambda: Order.model_validate({"source_id": "1", "currency": "GBP", "lines": [{"line_number": 1, "net_amount": 0.5}]}))
    assert found == [("missing", "business_date"), ("decimal_float", "lines.0.net_amount"), ("missing", "grand_total")]


def test_instants_are_kept_in_utc():
    paris = timezone(timedelta(hours=1))
    assert order({"net_amount": "1"}, placed_at=datetime(2026, 1, 31, 0, 30, tzinfo=paris)).placed_at == datetime(
        2026, 1, 30, 23, 30, tzinfo=UTC
    )
    assert order({"net_amount": "1"}, placed_at="2026-01-31T00:30:00+01:00").placed_at.tzinfo is UTC


def test_an_error_does_not_quote_what_was_wrong():
    with pytest.raises(ValidationError) as caught:
        order({"net_amount": "1"}, email="ada\x00@example.com")
    assert "ada" not in str(caught.value)


def test_a_document_cannot_be_changed():
    with pytest.raises(ValidationError):
        order({"net_amount": "1"}).grand_total = Decimal(5)


# ── totals ──


@pytest.mark.parametrize(
    ("lines", "more", "what"),
    [
        ([{"net_amount": "10.00"}], {"grand_total": "10.01"}, "grand total"),
        ([{"net_amount": "10.00", "tax_amount": "2"}], {"grand_total": "10"}, "grand total"),
        ([{"net_amount": "10.00", "tax_amount": "2"}], {"grand_total": "12", "tax_inclusive": True}, "grand total"),
        ([{"net_amount": "10.00"}], {"grand_total": "10", "rounding_total": "-0.02"}, "grand total"),
        ([{"net_amount": "9", "gross_amount": "10"}], {"grand_total": "9"}, "line 1, gross less discount"),
        ([{"net_amount": "9", "tax_amount": "1", "total_amount": "9"}], {"grand_total": "10"}, "line 1, total"),
        ([{"net_amount": "9", "tax_amount": "1", "total_amount": "10"}], {"grand_total": "9", "tax_inclusive": True}, "line 1, total"),
        ([{"net_amount": "9", "tax_amount": "1"}], {"grand_total": "10", "tax_total": "2"}, "tax total"),
        ([{"net_amount": "9", "tax_amount": "1"}], {"grand_total": "10", "tax_lines": [{"amount": "2"}]}, "tax lines"),
        ([{"net_amount": "9", "discount_amount": "1"}], {"grand_total": "9", "discount_total": "2"}, "discount total"),
        ([{"net_amount": "9", "discount_amount": "1"}], {"grand_total": "9", "discounts": [{"amount": "2"}]}, "discounts"),
    ],
)
def test_what_does_not_add_up_is_refused_with_both_numbers(lines, more, what):
    with pytest.raises(ValidationError) as caught:
        order(*lines, **more)
    [error] = caught.value.errors()
    assert (error["type"], error["ctx"]["what"]) == ("total_mismatch", what)
    assert error["ctx"]["stated"] != error["ctx"]["found"]


def test_what_adds_up_is_taken():
    line = {"net_amount": "9", "gross_amount": "10", "discount_amount": "1", "tax_amount": "1.80", "total_amount": "10.80"}
    more = {"tax_total": "1.80", "tax_lines": [{"amount": "1.80"}], "discount_total": "1", "discounts": [{"amount": "1"}]}
    assert order(line, total="10.78", rounding_total="-0.02", **more).amount() == (Decimal("10.78"), "GBP")
    inside = {"net_amount": "10.80", "tax_amount": "1.80", "total_amount": "10.80"}
    assert order(inside, total="10.80", tax_inclusive=True).amount() == (Decimal("10.80"), "GBP")


def test_a_payout_that_names_its_gross_adds_up():
    made = {**SALE, "gross_amount": "100", "refund_amount": "20", "fee_amount": "5", "adjustment_amount": "-1", "reserve_amount": "4"}
    assert REGISTRY["payout"].model_validate({**made, "net_amount": "70"}).amount()[0] == 70
    assert refused(lambda: REGISTRY["payout"].model_validate({**made, "net_amount": "70.01"})) == [("total_mismatch", "")]


def test_a_journal_entry_balances():
    lines = [{"role": "Bank", "debit": "5"}, {"role": "Fees", "credit": "5"}]
    assert REGISTRY["journal_entry"].model_validate({**SALE, "lines": lines}).amount() == (5, "GBP")
    assert refused(lambda: REGISTRY["journal_entry"].model_validate({**SALE, "lines": lines[:1]})) == [("total_mismatch", "")]


@pytest.mark.parametrize("kind", sorted(MOVES_STOCK))
def test_a_line_that_moves_stock_names_its_item(kind):
    assert refused(lambda: order({"net_amount": "1", "kind": kind, "sku": None})) == [("item_missing", "")]


def test_a_cost_names_its_currency():
    day = {"source_id": "1", "business_date": "2026-01-31"}
    shipped = {**day, "lines": [{"sku": "MUG", "quantity": 1, "unit_cost": "2"}]}
    assert refused(lambda: REGISTRY["fulfillment"].model_validate(shipped)) == [("currency_missing", "")]
    moved = {**day, "movement_type": "count", "sku": "MUG", "quantity": 1, "unit_cost": "2"}
    assert refused(lambda: REGISTRY["stock_movement"].model_validate(moved)) == [("currency_missing", "")]


# ── signs: what each document counts ──

LINE = {"line_number": 1, "sku": "MUG", "quantity": 2, "net_amount": "35.00"}
TRADE = {"lines": [LINE], "grand_total": "35.00"}
SIGNS = {
    ("order", "a sale of 35.00"): (TRADE, "35.00"),
    ("refund", "35.00 given back"): (TRADE, "-35.00"),
    ("adjustment", "the buyer owes 35.00 less"): ({"lines": [LINE | {"net_amount": "-35.00"}], "grand_total": "-35.00"}, "-35.00"),
    ("payment", "35.00 received"): ({"amount_paid": "35.00"}, "35.00"),
    ("payment", "35.00 paid back"): ({"amount_paid": "35.00", "payment_type": "refund"}, "-35.00"),
    ("payment", "35.00 only authorized"): ({"amount_paid": "35.00", "payment_type": "authorization"}, "0"),
    ("payment", "35.00 that failed"): ({"amount_paid": "35.00", "status": "failed"}, "0"),
    ("fee", "35.00 kept by the processor"): ({"fee_amount": "35.00"}, "-35.00"),
    ("dispute", "30.00 taken back, and 5.00 for it"): ({"disputed_amount": "30.00", "fee_amount": "5.00"}, "-35.00"),
    ("dispute", "only asked"): ({"disputed_amount": "30.00", "dispute_type": "inquiry"}, "0"),
    ("gift_card_entry", "a card of 35.00 issued"): ({"entry_type": "issue", "balance_change": "35.00"}, "35.00"),
    ("gift_card_entry", "35.00 redeemed"): ({"entry_type": "redeem", "balance_change": "-35.00"}, "-35.00"),
    ("payout", "35.00 to our bank"): ({"net_amount": "35.00"}, "35.00"),
    ("payout", "35.00 taken from our bank"): ({"net_amount": "-35.00"}, "-35.00"),
    ("balance_transaction", "35.00 less than booked"): (
        {"charged_amount": "80", "charged_currency": "USD", "booked_amount": "70", "settled_amount": "40", "fee_amount": "5"},
        "-35.00",
    ),
    ("bank_transaction", "35.00 into our account"): (
        {"bank_account_id": "DE1", "posted_on": "2026-02-02", "booked_amount": "35.00"},
        "35.00",
    ),
    ("bank_transaction", "35.00 out of our account"): (
        {"bank_account_id": "DE1", "posted_on": "2026-02-02", "booked_amount": "-35.00"},
        "-35.00",
    ),
    ("gift_card", "a card is worth 35.00"): ({"balance": "35.00"}, None),
    ("cash_drawer_session", "35.00 are missing"): (
        {"expected_cash": "100", "counted_cash": "65", "over_short": "-35"},
        "-35.00",
    ),
    ("cash_drawer_session", "40.00 paid in, 5.00 paid out"): (
        {"expected_cash": "135", "counted_cash": "135", "paid_in": "40", "paid_out": "5", "cash_sales": "100"},
        "35.00",
    ),
    ("cash_drawer_session", "not counted yet"): ({"expected_cash": "100", "paid_in": "40", "status": "ended"}, "0"),
    ("tip_payout", "35.00 to payroll"): ({"tips": "35.00"}, "-35.00"),
}


@pytest.mark.parametrize("case", SIGNS, ids=lambda case: f"{case[0]}: {case[1]}")
def test_signs(case):
    fields, counted = SIGNS[case]
    document = REGISTRY[case[0]].model_validate({**SALE, **fields})
    assert document.amount() == (counted and (Decimal(counted), "GBP"))
    assert document.moves_money() == (counted not in ("0", None))


def test_a_drawer_is_counted_when_it_is_closed_and_the_difference_is_what_it_is():
    session = REGISTRY["cash_drawer_session"]
    assert refused(lambda: session.model_validate({**SALE, "expected_cash": "100"})) == [("count_missing", "")]
    wrong = {"expected_cash": "100", "counted_cash": "97.25", "over_short": "2.75"}
    assert refused(lambda: session.model_validate({**SALE, **wrong})) == [("total_mismatch", "")]


def test_units_leave_with_a_sale_and_come_back_with_a_refund():
    day = {"source_id": "1", "business_date": "2026-01-31", "sku": "MUG"}
    assert REGISTRY["order"].model_validate({**SALE, **TRADE}).units() == 2
    assert REGISTRY["refund"].model_validate({**SALE, **TRADE}).units() == -2
    assert REGISTRY["stock_movement"].model_validate({**day, "movement_type": "receipt", "quantity": 2}).units() == -2
    assert REGISTRY["fulfillment"].model_validate({**SALE, "lines": [{"sku": "MUG", "quantity": 2}]}).units() == 2
    assert REGISTRY["fulfillment"].model_validate({**SALE, "status": "pending", "lines": [{"sku": "MUG", "quantity": 2}]}).units() == 0


def test_money_moves_where_lines_cancel_out_and_not_where_all_are_nothing():
    assert order({"net_amount": "5"}, {"net_amount": "-5"}).moves_money()
    assert order({"net_amount": "0.001"}).moves_money()
    assert not order({"net_amount": "0"}, {"net_amount": "0", "kind": "shipping"}).moves_money()
    assert order({"net_amount": "0", "quantity": 3}).moves_stock()


def test_what_a_document_hangs_on():
    other = UUID(int=7)
    line = {"line_number": 1, "sku": "MUG", "net_amount": "1"}
    refund = {**SALE, "order_id": PARENT, "lines": [line, line | {"order_id": other}, line | {"order_id": str(PARENT)}], "grand_total": "3"}
    assert REGISTRY["refund"].model_validate(refund).parents() == (PARENT, other)
    assert REGISTRY["payment"].model_validate({**SALE, "amount_paid": "1", "order_id": PARENT}).parents() == (PARENT,)
    assert order({"net_amount": "1"}).parents() == ()


def test_the_number_is_what_people_call_it():
    assert order({"net_amount": "1"}).number() == "1001"
    assert order({"net_amount": "1"}, source_number="#1001").number() == "#1001"
    assert order({"net_amount": "1"}, source_number="#1001", order_number="W-1001").number() == "W-1001"


def test_legs_have_their_own_days():
    def legs(kind, **fields):
        return [tuple(part) for part in REGISTRY[kind].model_validate({**SALE, **fields}).parts()]

    sold, arrived, failed = date(2026, 1, 31), date(2026, 2, 2), date(2026, 2, 3)
    money = {"net_amount": "5"}
    assert legs("order", **TRADE) == [("", sold)]
    assert legs("payout", **money, status="scheduled") == []
    assert legs("payout", **money, status="in_transit", arrival_on="2026-02-02") == [("issue", sold)]
    assert legs("payout", **money, arrival_on="2026-02-02") == [("issue", sold), ("arrival", arrived)]
    assert legs("payout", **money, status="failed", failed_on="2026-02-03") == [("issue", sold), ("failed", failed)]
    assert legs("bank_transaction", bank_account_id="DE1", posted_on="2026-02-02", booked_amount="5") == [("", arrived)]
    assert legs("dispute", disputed_amount="5") == [("opened", sold)]
    assert legs("dispute", disputed_amount="5", status="lost", resolved_on="2026-02-03") == [("opened", sold), ("lost", failed)]


# ── the registry ──


def test_every_document_is_listed_and_told_of():
    for name, cls in REGISTRY.items():
        assert cls.type == name
        assert f" {name} " in mappings.model.__doc__
        assert cls.title[0].isupper()
        assert (cls.__doc__ or "").split("\n")[0].endswith(".")


@pytest.mark.parametrize(
    ("fields", "lines", "kept"),
    [
        ({"fulfillment_status": "unfulfilled"}, [{"quantity": 3}, {"quantity": 2, "open_quantity": 1}], 4),
        ({"fulfillment_status": "partly_fulfilled"}, [{"quantity": 3, "open_quantity": 0}], 0),
        (
            {"fulfillment_status": "unfulfilled"},
            [{"quantity": -1, "kind": "exchange"}, {"quantity": 1, "kind": "gift_card", "sku": None}],
            0,
        ),
        ({"fulfillment_status": "fulfilled"}, [{"quantity": 3}], 0),
        ({}, [{"quantity": 3}], 0),  # a till: it does not say, for it hands over at once
        ({"fulfillment_status": "unfulfilled", "status": "cancelled"}, [{"quantity": 3}], 0),
        ({"fulfillment_status": "unfulfilled", "status": "closed"}, [{"quantity": 3}], 0),
    ],
)
def test_what_an_order_keeps_of_the_stock_until_it_is_handed_over(fields, lines, kept):
    made = REGISTRY["order"].model_validate(
        {
            "source_id": "1",
            "business_date": "2026-01-31",
            "currency": "EUR",
            "grand_total": "0",
            "lines": [{"line_number": n, "sku": "MUG", "net_amount": "0"} | line for n, line in enumerate(lines, 1)],
            **fields,
        }
    )
    assert made.units_reserved() == kept
    assert {(each.item, each.units > 0) for each in made.reserved()} <= {("MUG", True)}
