"""What Square's records become: each test shows a record and the document it makes, as the hub stores it."""

from __future__ import annotations

import json
from datetime import time
from decimal import Decimal
from functools import cache
from typing import Any

import pytest

from mappings.engine import Context, Translation
from mappings.identity import document_id
from mappings.language import Mapping
from mappings.model import pack
from mappings.posting import Books, post
from mappings.shipped import find, names
from taps._kit.reader import Record
from taps._kit.registry import tap
from taps._kit.simulator import serve
from taps._kit.surroundings import Pocket, Surroundings
from taps.square.simulator import company
from taps.square.simulator.everything import one_of_each

CONTEXT = Context("till", timezone="America/New_York", day_cutoff=time(4), company="acme")
SECRETS = {
    "access_token": "square-access-1",
    "refresh_token": "square-refresh-1",
    "client_id": "square-app",
    "client_secret": "square-app-secret",
}
PLACE = {"name": "New York", "timezone": "America/New_York", "country": "US", "region": "NY", "currency": "USD"}


def usd(amount: int) -> dict[str, Any]:
    return {"amount": amount, "currency": "USD"}


def eur(amount: int) -> dict[str, Any]:
    return {"amount": amount, "currency": "EUR"}


def known(kind: str, source_id: str) -> str:
    """The id of a document of this connection."""
    return str(document_id("till", kind, source_id))


def translated(stream: str, record: dict[str, Any]) -> Translation:
    return mapping(stream).translate([record], CONTEXT)


@cache
def mapping(stream: str) -> Mapping:
    return find(f"square/{stream}")


def made(stream: str, record: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Type and stored fields of each document; the company is always the connection's."""
    found = translated(stream, record)
    assert found.problems == []
    documents = []
    for document in found.documents:
        packed = pack(document)
        fields = json.loads(packed.body) | json.loads(packed.private or b"{}")
        fields.pop("company", None)
        documents.append((document.type, fields))
    return documents


def only(stream: str, record: dict[str, Any]) -> dict[str, Any]:
    [(_type, fields)] = made(stream, record)
    return fields


# ── orders ──


def web_order() -> dict[str, Any]:
    """Two mugs with 10 % off, a gift card, an alteration, carriage and a tip; paid at half past one in the night, sent the day after."""
    return {
        "id": "O1",
        "location_id": "L1",
        "reference_id": "WEB-7",
        "customer_id": "C1",
        "source": {"name": "Square Online"},
        "state": "COMPLETED",
        "version": 3,
        "created_at": "2026-11-02T06:30:00Z",
        "updated_at": "2026-11-02T06:31:00Z",
        "closed_at": "2026-11-02T20:31:00Z",
        "created_local": "2026-11-02T01:30:00",
        "closed_local": "2026-11-02T15:31:00",
        "paid_local": "2026-11-02T01:30:30",
        "location": PLACE,
        "line_items": [
            {
                "uid": "a",
                "name": "Mug",
                "variation_name": "Blue",
                "quantity": "2",
                "item_type": "ITEM",
                "catalog_object_id": "V1",
                "sku": "MUG-1",
                "base_price_money": usd(1450),
                "total_discount_money": usd(290),
                "total_tax_money": usd(232),
                "total_money": usd(2842),
            },
            {"uid": "b", "name": "Gift card", "quantity": "1", "item_type": "GIFT_CARD", "total_money": usd(5000)},
            {"name": "Alteration", "quantity": "1", "item_type": "CUSTOM_AMOUNT", "total_tax_money": usd(107), "total_money": usd(1307)},
        ],
        "taxes": [{"catalog_object_id": "TAX1", "name": "NY", "percentage": "8.875", "type": "ADDITIVE", "applied_money": usd(383)}],
        "discounts": [{"name": "10 % off", "type": "FIXED_PERCENTAGE", "scope": "ORDER", "applied_money": usd(290)}],
        "service_charges": [
            {"name": "Shipping", "total_money": usd(544), "total_tax_money": usd(44), "treatment_type": "LINE_ITEM_TREATMENT"}
        ],
        "total_tip_money": usd(500),
        "total_tax_money": usd(383),
        "total_discount_money": usd(290),
        "total_money": usd(10193),
        "net_amount_due_money": usd(0),
        "tenders": [{"id": "P1"}],
        "fulfillments": [
            {
                "uid": "f",
                "state": "COMPLETED",
                "details": {
                    "tracking_number": "1Z",
                    "recipient": {"email_address": "ida@example.com", "address": {"address_line_1": "5 Elm", "locality": "Chicago"}},
                },
                "done_at": "2026-11-03T15:00:00Z",
                "done_local": "2026-11-03T10:00:00",
                "goods": [{"line_number": 1, "sku": "MUG-1", "quantity": "2"}],
            }
        ],
    }


def test_a_sale_has_every_cent_of_its_total_on_a_line():
    (kind, order), _fulfilment = made("orders", web_order())
    assert kind == "order"
    assert order == {
        "source_id": "O1",
        "source_number": "WEB-7",
        "source_version": "3",
        "source_created_at": "2026-11-02T06:30:00Z",
        "source_updated_at": "2026-11-02T06:31:00Z",
        "order_number": "O1",
        "placed_at": "2026-11-02T06:30:00Z",
        "business_date": "2026-11-01",  # before four in the morning it is still the day before, at the location's own clock
        "location_timezone": "America/New_York",
        "status": "closed",
        "payment_status": "paid",
        "fulfillment_status": "fulfilled",
        "channel": "Square Online",
        "location": "L1",
        "country": "US",
        "currency": "USD",
        "customer_id": known("customer", "C1"),
        "customer_number": "C1",
        "email": "ida@example.com",
        "shipping_address": "5 Elm, Chicago",
        "lines": [
            {
                "line_number": 1,
                "sku": "MUG-1",
                "item_id": known("product", "V1"),
                "description": "Mug, Blue",
                "quantity": "2",
                "unit_price": "14.50",
                "gross_amount": "29.00",
                "discount_amount": "2.90",
                "net_amount": "26.10",
                "tax_amount": "2.32",
                "total_amount": "28.42",
            },
            {
                "line_number": 2,
                "kind": "gift_card",
                "description": "Gift card",
                "gross_amount": "50.00",
                "net_amount": "50.00",
                "total_amount": "50.00",
            },
            {
                "line_number": 3,
                "kind": "manual",
                "description": "Alteration",
                "gross_amount": "12.00",
                "net_amount": "12.00",
                "tax_amount": "1.07",
                "total_amount": "13.07",
            },
            {
                "line_number": 1001,
                "kind": "shipping",
                "description": "Shipping",
                "net_amount": "5.00",
                "tax_amount": "0.44",
                "total_amount": "5.44",
            },
            {"line_number": 2001, "kind": "tip", "description": "Tip", "net_amount": "5.00", "total_amount": "5.00"},
        ],
        "tax_lines": [
            {
                "scheme": "us_state",
                "country": "US",
                "region": "NY",
                "tax_code": "TAX1",
                "title": "NY",
                "rate": "0.08875",
                "amount": "3.83",
            }
        ],
        "discounts": [{"code": "10 % off", "type": "percentage", "amount": "2.90"}],
        "discount_total": "2.90",
        "tax_total": "3.83",
        "grand_total": "101.93",
    }


def test_goods_that_were_sent_are_a_fulfilment_on_the_day_they_left():
    _order, (kind, fulfilment) = made("orders", web_order())
    assert kind == "fulfillment"
    assert fulfilment == {
        "source_id": "O1-f",
        "order_id": known("order", "O1"),
        "order_number": "O1",
        "location": "L1",
        "location_timezone": "America/New_York",
        "business_date": "2026-11-03",
        "shipped_at": "2026-11-03T15:00:00Z",
        "tracking_numbers": ["1Z"],
        "lines": [{"order_line": 1, "sku": "MUG-1", "quantity": "2"}],
    }


def till_order(**more: Any) -> dict[str, Any]:
    """A mug for 12.30 with 23 % VAT inside, paid in cash and rounded to five cents."""
    return {
        "id": "O2",
        "location_id": "L1",
        "state": "COMPLETED",
        "created_local": "2026-11-02T10:00:00",
        "location": {"country": "IE", "currency": "EUR", "timezone": "Europe/Dublin"},
        "line_items": [
            {
                "name": "Mug",
                "quantity": "1",
                "item_type": "ITEM",
                "catalog_object_id": "V1",
                "sku": "V1",
                "total_tax_money": eur(230),
                "total_money": eur(1232),
            }
        ],
        "taxes": [{"uid": "t", "name": "VAT", "percentage": "23", "type": "INCLUSIVE", "applied_money": eur(230)}],
        "rounding_adjustment": {"amount_money": eur(-2)},
        "total_tax_money": eur(230),
        "total_money": eur(1230),
        "tenders": [{"id": "P2"}],
        **more,
    }


def test_tax_inside_the_price_stays_in_the_net_amounts_and_cash_rounding_is_told_apart():
    order = only("orders", till_order())
    assert (order["tax_inclusive"], order["grand_total"], order["rounding_total"], order["tax_total"]) == (True, "12.30", "-0.02", "2.30")
    assert (order["lines"][0]["net_amount"], order["lines"][0]["tax_amount"]) == ("12.32", "2.30")
    assert order["tax_lines"] == [{"country": "IE", "tax_code": "t", "title": "VAT", "rate": "0.23", "amount": "2.30"}]


def test_yen_have_no_decimals():
    yen = till_order()
    for money in (yen["total_money"], yen["total_tax_money"], yen["rounding_adjustment"]["amount_money"], yen["taxes"][0]["applied_money"]):
        money["currency"] = "JPY"
    assert only("orders", yen)["grand_total"] == "1230.00"


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"state": "DRAFT"}, "a draft is no sale"),
        ({"state": "CANCELED"}, "a cancelled order was not paid"),
        ({"state": "OPEN", "tenders": []}, "an open ticket that nobody paid is no sale yet"),
    ],
)
def test_what_is_no_sale_gives_no_document(changed, reason):
    found = translated("orders", till_order(**changed))
    assert (found.documents, found.problems, found.excluded) == ([], [], reason)


def test_an_order_that_was_paid_and_waits_for_its_buyer_is_a_sale():
    assert (only("orders", till_order())["status"], only("orders", till_order(state="OPEN")).get("status", "open")) == ("closed", "open")


def test_a_total_that_the_lines_do_not_explain_is_held():
    found = translated("orders", till_order(total_money=eur(1231)))
    assert [problem.code for problem in found.problems] == ["MAP-TOTAL"]
    assert found.documents == []


def return_order() -> dict[str, Any]:
    """One of the two mugs comes back, and the tip with it."""
    return {
        "id": "O3",
        "location_id": "L1",
        "state": "COMPLETED",
        "created_at": "2026-11-04T15:00:00Z",
        "created_local": "2026-11-04T10:00:00",
        "location": PLACE,
        "refunds": [{"id": "R1", "reason": "Broken"}],
        "returns": [
            {
                "uid": "r",
                "source_order_id": "O1",
                "return_line_items": [
                    {
                        "name": "Mug",
                        "quantity": "1",
                        "item_type": "ITEM",
                        "catalog_object_id": "V1",
                        "sku": "MUG-1",
                        "base_price_money": usd(1450),
                        "total_discount_money": usd(145),
                        "total_tax_money": usd(116),
                        "total_money": usd(1421),
                    }
                ],
                "return_tips": [{"applied_money": usd(500)}],
                "return_taxes": [
                    {"catalog_object_id": "TAX1", "name": "NY", "percentage": "8.875", "type": "ADDITIVE", "applied_money": usd(116)}
                ],
                "return_amounts": {"total_money": usd(1921), "tax_money": usd(116)},
            }
        ],
    }


def test_goods_that_come_back_are_a_refund_of_the_sale_and_no_sale():
    [(kind, refund)] = made("orders", return_order())
    assert kind == "refund"
    assert refund == {
        "source_id": "O3-r",
        "source_created_at": "2026-11-04T15:00:00Z",
        "order_id": known("order", "O1"),
        "order_number": "O1",
        "business_date": "2026-11-04",
        "processed_at": "2026-11-04T15:00:00Z",
        "reason": "Broken",
        "location": "L1",
        "location_timezone": "America/New_York",
        "country": "US",
        "currency": "USD",
        "lines": [
            {
                "line_number": 1,
                "sku": "MUG-1",
                "item_id": known("product", "V1"),
                "description": "Mug",
                "unit_price": "14.50",
                "gross_amount": "14.50",
                "discount_amount": "1.45",
                "net_amount": "13.05",
                "tax_amount": "1.16",
                "total_amount": "14.21",
                "order_id": known("order", "O1"),
                "order_number": "O1",
            },
            {"line_number": 2001, "kind": "tip", "description": "Tip", "net_amount": "5.00", "total_amount": "5.00"},
        ],
        "tax_lines": [
            {"scheme": "us_state", "country": "US", "region": "NY", "tax_code": "TAX1", "title": "NY", "rate": "0.08875", "amount": "1.16"}
        ],
        "tax_total": "1.16",
        "grand_total": "19.21",
    }


def test_an_exchange_is_a_refund_and_a_sale():
    exchange = {**web_order(), "fulfillments": [], "returns": return_order()["returns"]}
    assert [(kind, fields["grand_total"]) for kind, fields in made("orders", exchange)] == [("order", "101.93"), ("refund", "19.21")]


# ── money ──


def payment(**more: Any) -> dict[str, Any]:
    return {
        "id": "P1",
        "order_id": "O1",
        "location_id": "L1",
        "location": PLACE,
        "created_at": "2026-11-02T06:30:30Z",
        "updated_at": "2026-11-03T06:30:30Z",
        "created_local": "2026-11-02T01:30:30",
        "status": "COMPLETED",
        "source_type": "CARD",
        "card_details": {"card": {"card_brand": "VISA"}},
        "version_token": "v9",
        "total_money": usd(10193),
        "tip_money": usd(500),
        "processing_fee": [
            {"type": "INITIAL", "effective_local": "2026-11-02T03:30:30", "amount_money": usd(275)},
            {"type": "ADJUSTMENT", "effective_local": "2026-12-05T12:00:00", "amount_money": usd(-15)},
        ],
        **more,
    }


def test_a_payment_holds_its_tip_and_each_fee_is_booked_on_the_day_square_takes_it():
    (_, paid), first, second = made("payments", payment())
    assert paid == {
        "source_id": "P1",
        "source_version": "v9",
        "source_created_at": "2026-11-02T06:30:30Z",
        "source_updated_at": "2026-11-03T06:30:30Z",
        "order_id": known("order", "O1"),
        "order_number": "O1",
        "business_date": "2026-11-01",
        "location_timezone": "America/New_York",
        "gateway": "square",
        "gateway_reference": "P1",
        "location": "L1",
        "currency": "USD",
        "amount_paid": "101.93",
        "tip_amount": "5.00",
        "processed_at": "2026-11-02T06:30:30Z",
    }
    common = {"location_timezone": "America/New_York", "gateway": "square", "payment_id": known("payment", "P1"), "currency": "USD"}
    assert first == ("fee", {"source_id": "P1-0", "business_date": "2026-11-01", "fee_amount": "2.75", **common})
    assert second == ("fee", {"source_id": "P1-1", "business_date": "2026-12-05", "fee_amount": "-0.15", **common})


@pytest.mark.parametrize(
    ("how", "tender", "gateway"),
    [
        ({"source_type": "CASH"}, "cash", None),
        ({"source_type": "WALLET"}, "wallet", "square"),
        ({"source_type": "CARD", "card_details": {"card": {"card_brand": "SQUARE_GIFT_CARD"}}}, "gift_card", None),
        ({"source_type": "EXTERNAL", "external_details": {"type": "CHECK", "source": "Ulster Bank"}}, "bank_transfer", "Ulster Bank"),
        ({"source_type": "BUY_NOW_PAY_LATER"}, "wallet", "square"),
    ],
)
def test_only_what_reaches_square_s_balance_names_square(how, tender, gateway):
    paid = made("payments", payment(**{"card_details": None, **how}))[0][1]
    assert (paid.get("tender_type", "card"), paid.get("gateway")) == (tender, gateway)


@pytest.mark.parametrize(
    ("status", "kind", "state"),
    [
        ("APPROVED", "authorization", "success"),
        ("PENDING", "sale", "pending"),
        ("CANCELED", "void", "success"),
        ("FAILED", "sale", "failed"),
    ],
)
def test_money_that_did_not_move_counts_nothing(status, kind, state):
    [document] = translated("payments", payment(status=status, processing_fee=[])).documents
    assert (document.payment_type, document.status, document.amount()[0]) == (kind, state, 0)  # type: ignore[attr-defined, index]


def test_a_way_of_paying_that_is_not_known_is_held():
    [problem] = translated("payments", payment(source_type="SHELLS")).problems
    assert problem.code == "MAP-LOOKUP"


def test_money_that_goes_back_is_a_payment_of_its_own_with_the_fee_that_square_gives_back():
    record = {
        "id": "P1_R1",
        "payment_id": "P1",
        "order_id": "O3",
        "location_id": "L1",
        "location": PLACE,
        "status": "COMPLETED",
        "destination_type": "CARD",
        "amount_money": usd(1921),
        "created_at": "2026-11-04T15:00:00Z",
        "created_local": "2026-11-04T10:00:00",
        "processing_fee": [{"type": "INITIAL", "effective_local": "2026-11-04T10:00:00", "amount_money": usd(-49)}],
    }
    (_, paid), (_, fee) = made("refunds", record)
    assert (paid["payment_type"], paid["amount_paid"], paid["order_number"], paid["gateway"]) == ("refund", "19.21", "O3", "square")
    assert (fee["fee_amount"], fee["payment_id"]) == ("-0.49", known("payment", "P1"))


def test_a_payout_is_explained_by_its_entries():
    record = {
        "id": "po_1",
        "type": "BATCH",
        "status": "PAID",
        "location_id": "L1",
        "location": PLACE,
        "version": 2,
        "created_local": "2026-11-03T18:00:00",
        "arrival_date": "2026-11-05",
        "end_to_end_id": "L21",
        "amount_money": usd(7652),
        "totals": [
            {"type": "CHARGE", "count": 1, "gross": 10193, "fee": 275, "net": 9918},
            {"type": "DEPOSIT_FEE", "count": 1, "gross": -75, "fee": 0, "net": -75},
            {"type": "REFUND", "count": 1, "gross": -1921, "fee": -49, "net": -1872},
            {"type": "RESERVE_HOLD", "count": 1, "gross": -300, "fee": 0, "net": -300},
            {"type": "OTHER", "count": 1, "gross": -19, "fee": 0, "net": -19},
        ],
    }
    assert only("payouts", record) == {
        "source_id": "po_1",
        "source_version": "2",
        "business_date": "2026-11-03",
        "location_timezone": "America/New_York",
        "gateway": "square",
        "gateway_account": "L1",
        "arrival_on": "2026-11-05",
        "bank_reference": "L21",
        "currency": "USD",
        "gross_amount": "101.93",
        "refund_amount": "19.21",
        "fee_amount": "3.01",
        "reserve_amount": "3.00",
        "adjustment_amount": "-0.19",
        "net_amount": "76.52",
    }
    [problem] = translated("payouts", {**record, "amount_money": usd(7653)}).problems
    assert problem.code == "MAP-TOTAL"


def test_a_payout_that_the_bank_sent_back_never_arrived():
    record = {
        "id": "po_2",
        "type": "SIMPLE",
        "status": "FAILED",
        "location": PLACE,
        "created_local": "2026-11-03T18:00:00",
        "updated_local": "2026-11-06T09:00:00",
        "arrival_date": "2026-11-05",
        "amount_money": usd(-3500),
    }
    [document] = translated("payouts", record).documents
    assert [(part.name, str(part.business_date)) for part in document.parts()] == [("issue", "2026-11-03"), ("failed", "2026-11-06")]
    assert document.amount() is not None
    assert str(document.amount()[0]) == "-35.00"  # type: ignore[index]


def entry(kind: str, net: int) -> dict[str, Any]:
    return {"id": "poe_1", "payout_id": "po_1", "type": kind, "effective_local": "2026-11-03T18:00:00", "net_amount_money": usd(net)}


def test_an_entry_of_a_payout_is_a_document_only_where_it_is_a_fee_of_its_own():
    assert only("payout_entries", entry("DEPOSIT_FEE", -75)) == {
        "source_id": "poe_1",
        "business_date": "2026-11-03",
        "gateway": "square",
        "payout_id": known("payout", "po_1"),
        "currency": "USD",
        "fee_amount": "0.75",
    }
    assert translated("payout_entries", entry("CHARGE", 9918)).excluded
    assert [problem.code for problem in translated("payout_entries", entry("SQUARE_CAPITAL_PAYMENT", -100)).problems] == ["MAP-LOOKUP"]


@pytest.mark.parametrize(
    ("state", "kind", "status", "resolved"),
    [
        ("INQUIRY_PROCESSING", "inquiry", "open", None),
        ("EVIDENCE_REQUIRED", "chargeback", "open", None),
        ("WON", "chargeback", "won", "2026-11-20"),
        ("ACCEPTED", "chargeback", "lost", "2026-11-20"),
    ],
)
def test_a_dispute_is_open_until_the_bank_decided(state, kind, status, resolved):
    record = {
        "id": "D1",
        "state": state,
        "reason": "NOT_RECEIVED",
        "amount_money": usd(10193),
        "disputed_payment": {"payment_id": "P1"},
        "opened_local": "2026-11-10T10:00:00",
        "updated_local": "2026-11-20T10:00:00",
        "due_local": "2026-11-17T10:00:00",
    }
    found = only("disputes", record)
    assert (found.get("dispute_type", "chargeback"), found.get("status", "open"), found.get("resolved_on")) == (kind, status, resolved)
    assert (found["business_date"], found["due_on"], found["disputed_amount"]) == ("2026-11-10", "2026-11-17", "101.93")
    assert found["payment_id"] == known("payment", "P1")


@pytest.mark.parametrize(
    ("record", "kind", "change"),
    [
        ({"type": "ACTIVATE", "activate_activity_details": {"amount_money": usd(5000), "order_id": "O1"}}, "issue", "50.00"),
        ({"type": "REDEEM", "redeem_activity_details": {"amount_money": usd(1500)}}, "redeem", "-15.00"),
        ({"type": "REFUND", "refund_activity_details": {"amount_money": usd(1500)}}, "refund", "15.00"),
        ({"type": "ADJUST_DECREMENT", "adjust_decrement_activity_details": {"amount_money": usd(100)}}, "adjust", "-1.00"),
    ],
)
def test_a_gift_card_is_worth_more_or_less(record, kind, change):
    common = {"id": "G1", "created_local": "2026-11-02T10:00:00", "gift_card_gan": "7783320001001635", "gift_card_balance_money": usd(1)}
    found = only("gift_card_activities", {**common, **record})
    assert (found["entry_type"], found["balance_change"], found["card"]) == (kind, change, "…1635")
    assert found.get("order_id") == (known("order", "O1") if kind == "issue" else None)


def test_a_gift_card_that_was_cleared_without_an_amount_is_held():
    record = {"id": "G2", "type": "CLEAR_BALANCE", "created_local": "2026-11-02T10:00:00", "gift_card_balance_money": usd(0)}
    assert [problem.code for problem in translated("gift_card_activities", record).problems] == ["MAP-REQUIRED"]


# ── parties, goods, people ──


def test_a_buyer():
    record = {
        "id": "C1",
        "given_name": "Ida",
        "family_name": "Wells",
        "email_address": "ida@example.com",
        "phone_number": "+15550100",
        "address": {"address_line_1": "5 Elm", "locality": "Chicago", "postal_code": "60601", "country": "US"},
        "preferences": {"email_unsubscribed": True},
        "tax_ids": {"eu_vat": "IE3426675K"},
        "updated_at": "2026-11-02T10:00:00Z",
    }
    assert only("customers", record) == {
        "source_id": "C1",
        "source_updated_at": "2026-11-02T10:00:00Z",
        "display_name": "Ida Wells",
        "first_name": "Ida",
        "last_name": "Wells",
        "emails": ["ida@example.com"],
        "phone_numbers": ["+15550100"],
        "addresses": [{"line1": "5 Elm", "city": "Chicago", "postal_code": "60601", "country": "US"}],
        "tax_number": "IE3426675K",
        "country": "US",
        "marketing_consent": False,
    }


def test_a_business_without_a_person():
    found = only("customers", {"id": "C2", "company_name": "Moss Ltd"})
    assert (found["customer_type"], found["display_name"], found["company_name"]) == ("organization", "Moss Ltd", "Moss Ltd")


def test_a_variation_is_a_product():
    record = {
        "id": "V1",
        "version": 7,
        "updated_at": "2026-11-02T10:00:00Z",
        "item_variation_data": {"name": "Blue", "sku": "MUG-1", "upc": "4006381333931", "price_money": usd(1450), "track_inventory": True},
        "item": {
            "id": "I1",
            "name": "Mug",
            "description": "Hand made",
            "product_type": "REGULAR",
            "is_archived": True,
            "category": "House",
        },
    }
    assert only("catalog", record) == {
        "source_id": "V1",
        "source_number": "MUG-1",
        "source_version": "7",
        "source_updated_at": "2026-11-02T10:00:00Z",
        "sku": "MUG-1",
        "name": "Mug, Blue",
        "description": "Hand made",
        "gtin": "4006381333931",
        "product_group": "I1",
        "options": ["Blue"],
        "category_path": "House",
        "list_price": "14.50",
        "currency": "USD",
        "status": "archived",
    }
    service = only("catalog", {**record, "item_variation_data": {}, "item": {"name": "Repair", "product_type": "APPOINTMENTS_SERVICE"}})
    assert (service["sku"], service["product_type"], service["tracked"]) == ("V1", "service", False)


def test_a_location():
    record = {"id": "L1", "name": "New York", "timezone": "America/New_York", "country": "US", "currency": "USD", "status": "INACTIVE"}
    assert only("locations", record) == {
        "source_id": "L1",
        "source_number": "New York",
        "name": "New York",
        "location_timezone": "America/New_York",
        "country": "US",
        "currency": "USD",
        "status": "archived",
    }


def test_a_team_member_and_the_hours_share_a_number():
    member = {
        "id": "TM1",
        "reference_id": "E-1",
        "status": "ACTIVE",
        "given_name": "Rosa",
        "family_name": "Parks",
        "email_address": "rosa@example.com",
        "wage_setting": {"job_assignments": [{"job_title": "Cashier"}]},
    }
    assert only("team_members", member) == {
        "source_id": "TM1",
        "source_number": "E-1",
        "employee_number": "E-1",
        "first_name": "Rosa",
        "last_name": "Parks",
        "work_email": "rosa@example.com",
        "job_title": "Cashier",
    }
    card = {
        "id": "TC1",
        "team_member_id": "TM1",
        "employee_number": "E-1",
        "location_id": "L1",
        "timezone": "America/New_York",
        "status": "CLOSED",
        "start_at": "2026-11-02T17:00:00-05:00",
        "start_local": "2026-11-02T17:00:00",
        "end_at": "2026-11-03T01:30:00-05:00",
        "wage": {"title": "Cashier"},
        "breaks": [
            {"start_at": "2026-11-02T20:00:00-05:00", "end_at": "2026-11-02T20:30:00-05:00", "is_paid": False},
            {"start_at": "2026-11-02T22:00:00-05:00", "end_at": "2026-11-02T22:10:00-05:00", "is_paid": True},
        ],
        "declared_cash_tip_money": usd(1500),
    }
    assert only("timecards", card) == {
        "source_id": "TC1",
        "employee_number": "E-1",
        "employee_id": known("employee", "TM1"),
        "location": "L1",
        "location_timezone": "America/New_York",
        "role_code": "Cashier",
        "business_date": "2026-11-02",
        "clock_in": "2026-11-02T22:00:00Z",
        "clock_out": "2026-11-03T06:30:00Z",
        "unpaid_break_hours": "0.5",
        "regular_hours": "8",
        "declared_tips": "15.00",
        "currency": "USD",
    }
    assert translated("timecards", {**card, "status": "OPEN", "end_at": None}).excluded == "still at work"


@pytest.mark.parametrize(
    ("before", "after", "kind", "quantity"),
    [("NONE", "IN_STOCK", "receipt", "12"), ("IN_STOCK", "WASTE", "adjustment", "-12"), ("UNLINKED_RETURN", "IN_STOCK", "return", "12")],
)
def test_stock_moves_without_a_sale(before, after, kind, quantity):
    found = only("inventory_changes", moved(before, after))
    assert (found["movement_type"], found["quantity"], found["sku"], found["location"]) == (kind, quantity, "MUG-1", "L1")
    assert (found["business_date"], found["reason"]) == ("2026-11-02", f"{before} to {after}")


def test_stock_of_a_sale_moves_with_its_order_only():
    assert translated("inventory_changes", moved("IN_STOCK", "SOLD")).excluded == "its order or return moves this stock"
    assert translated("inventory_changes", {"id": "X", "type": "PHYSICAL_COUNT"}).excluded


def moved(before: str, after: str) -> dict[str, Any]:
    inner = {"from_state": before, "to_state": after, "quantity": "12", "location_id": "L1", "occurred_at": "2026-11-02T15:00:00Z"}
    return {"id": "A1", "type": "ADJUSTMENT", "sku": "MUG-1", "occurred_local": "2026-11-02T10:00:00", "adjustment": inner}


def test_the_states_of_an_article_at_a_place_are_one_level_of_stock():
    row = {"catalog_object_id": "V1", "sku": "MUG-1", "location_id": "L1", "calculated_at": "2026-11-02T15:00:00Z"}
    states = {"IN_STOCK": "7", "RESERVED_FOR_SALE": "2.5", "IN_TRANSIT": "4", "ORDERED_FROM_VENDOR": "1", "WASTE": "9", "SOLD": "30"}
    rows = [{**row, "state": state, "quantity": quantity} for state, quantity in states.items()]
    rows[1]["calculated_at"] = "2026-11-02T16:00:00Z"
    found = mapping("inventory_counts").translate(rows, CONTEXT)
    assert found.problems == []
    (document,) = found.documents
    stored = json.loads(pack(document).body)
    assert (document.type, stored) == (
        "inventory_level",
        {
            "source_id": "V1/L1",
            "company": "acme",
            "sku": "MUG-1",
            "location": "L1",
            "on_hand": "9.5",
            "available": "7",
            "committed": "2.5",
            "incoming": "5",
            "as_of": "2026-11-02T16:00:00Z",
        },
    )
    assert list(document.stock()) == []


# ── drawers and gift cards ──


def shift() -> dict[str, Any]:
    """Float 200.00, 845.30 sold, 12.50 for milk: 1,032.80 should be there, and 1,030.05 is. Opened at half past one in the night."""
    return {
        "id": "DRW1",
        "state": "CLOSED",
        "location_id": "L1",
        "description": "Evening",
        "device": {"id": "DEV1", "name": "Till 1"},
        "opening_team_member_id": "TM1",
        "closing_team_member_id": "TM2",
        "opened_at": "2026-11-02T06:30:00Z",
        "opened_local": "2026-11-02T01:30:00",
        "closed_at": "2026-11-02T14:30:00Z",
        "closed_local": "2026-11-02T09:30:00",
        "opened_cash_money": usd(20000),
        "cash_payment_money": usd(84530),
        "cash_refunds_money": usd(0),
        "cash_paid_in_money": usd(0),
        "cash_paid_out_money": usd(1250),
        "expected_cash_money": usd(103280),
        "closed_cash_money": usd(103005),
    }


def test_a_drawer_tells_what_its_count_misses():
    assert only("cash_drawer_shifts", shift()) == {
        "source_id": "DRW1",
        "source_number": "Evening",
        "business_date": "2026-11-01",
        "register_number": "Till 1",
        "location": "L1",
        "opened_by": "TM1",
        "closed_by": "TM2",
        "opened_at": "2026-11-02T06:30:00Z",
        "closed_at": "2026-11-02T14:30:00Z",
        "currency": "USD",
        "opening_float": "200.00",
        "cash_sales": "845.30",
        "paid_out": "12.50",
        "expected_cash": "1032.80",
        "counted_cash": "1030.05",
        "over_short": "-2.75",
    }


def test_a_drawer_that_is_not_counted_counts_nothing_yet():
    [document] = translated("cash_drawer_shifts", {**shift(), "state": "ENDED", "closed_at": None, "closed_cash_money": None}).documents
    assert (document.status, document.amount()) == ("ended", (0, "USD"))  # type: ignore[attr-defined]


def test_a_drawer_is_booked_as_what_sales_do_not_explain():
    [document] = translated("cash_drawer_shifts", shift()).documents
    accounts = {"Cash": "Cash", "CashOverShort": "OverShort", "CashPaidOut": "Milk"}
    entry, problems = post(document, representation="journal", books=Books(base_currency="USD", accounts=accounts))
    assert problems == []
    assert {line.account: line.amount for line in entry.lines} == {
        "Cash": -Decimal("15.25"),
        "OverShort": Decimal("2.75"),
        "Milk": Decimal("12.50"),
    }
    del accounts["CashPaidOut"]
    _, problems = post(document, representation="journal", books=Books(base_currency="USD", accounts=accounts))
    assert [problem.code for problem in problems] == ["POST-ACCOUNT"]  # what cash was taken for is for a person to say


def test_a_gift_card_shows_its_balance_and_not_its_number():
    record = {
        "id": "GC1",
        "type": "DIGITAL",
        "state": "BLOCKED",
        "gan": "7783320001001635",
        "balance_money": usd(3500),
        "created_at": "2026-11-02T15:00:00Z",
        "customer_ids": ["C1"],
    }
    assert only("gift_cards", record) == {
        "source_id": "GC1",
        "source_created_at": "2026-11-02T15:00:00Z",
        "card": "…1635",
        "status": "blocked",
        "currency": "USD",
        "balance": "35.00",
        "customer_id": known("customer", "C1"),
    }


# ── the whole seller ──

SHIPPED = sorted(name.partition("/")[2] for name in names() if name.startswith("square/"))


@pytest.fixture(scope="module")
def sellers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[dict[str, Any]]]:
    """Every record of every stream, of a seller in each country."""
    found: dict[str, list[dict[str, Any]]] = {}
    kind = tap("square")
    for country in ("US", "IE", "JP"):
        simulator = company(60, country=country)
        one_of_each(simulator.shop)
        with serve(simulator) as url:
            reader = kind.build(kind.config.model_validate({"base_url": url, "private_network": True}), tmp_path_factory.mktemp("home"))
            around = Surroundings(clock=simulator.clock, safe=Pocket(dict(SECRETS)), sleep=simulator.clock.sleep)
            for stream in reader.streams():
                bodies = [dict(message.body) for message in reader.read(stream.name, None, around) if isinstance(message, Record)]
                found.setdefault(stream.name, []).extend(json.loads(json.dumps(bodies, default=str)))
    return found


def test_every_stream_has_a_mapping(sellers):
    assert set(sellers) == set(SHIPPED)


@pytest.mark.parametrize("stream", SHIPPED)
def test_every_record_of_a_simulated_seller_is_understood(stream, sellers):
    found = [translated(stream, body) for body in sellers[stream]]
    assert [problem.say for each in found for problem in each.problems] == []
    assert any(each.documents for each in found)


@pytest.mark.parametrize("stream", SHIPPED)
def test_every_field_that_a_mapping_reads_has_a_value_somewhere(stream, sellers):
    """A field that Square calls otherwise would be empty everywhere; the specification judges the simulator's names."""
    paths = mapping(stream).reads()
    assert [path for path in paths if not any(holds(body, path.split(".")) for body in sellers[stream])] == []


def holds(value: Any, path: list[str]) -> bool:
    """Whether there is a value at a path such as `line_items.quantity` or `returns[].uid`."""
    if not path or value is None:
        return value is not None
    if isinstance(value, list):
        return any(holds(each, path) for each in value)
    head, *rest = path
    return isinstance(value, dict) and holds(value.get(head.removesuffix("[]")), rest)
