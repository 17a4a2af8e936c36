"""The shipped mappings of Vendure, by hand: what the server says of an order, and the documents that become of it."""

from __future__ import annotations

from copy import deepcopy
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import pytest

from mappings.engine import Context
from mappings.identity import document_id
from mappings.model.packing import content_hash
from mappings.shipped import find
from taps.vendure.bodies import whole_order

CONTEXT = Context("shop", "Europe/Vienna", time(0), "acme", {"vendure_payment_methods": {"card-payment": "card"}})
STANDARD, REDUCED = {"description": "Standard Tax", "taxRate": 20}, {"description": "Reduced Tax", "taxRate": 10}
ADDRESS = {"fullName": "Ann Buyer", "company": None, "streetLine1": "1 Ring", "streetLine2": None, "city": "Vienna", "province": None}
ADDRESS |= {"postalCode": "1010", "countryCode": "AT"}


def line(number: str, sku: str, units: int, price: tuple[int, int], sold: tuple[int, int], tax: dict[str, Any]) -> dict[str, Any]:
    """`price` of one unit and `sold` of all units after discounts, each without and with tax."""
    off = {"adjustmentSource": "PROMOTION:1", "type": "DISTRIBUTED_ORDER_PROMOTION", "description": "10% off"}
    return {
        "id": number,
        "quantity": units,
        "unitPrice": price[0],
        "unitPriceWithTax": price[1],
        "linePrice": price[0] * units,
        "linePriceWithTax": price[1] * units,
        "proratedUnitPriceWithTax": round(sold[1] / units) if units else 0,
        "proratedLinePrice": sold[0],
        "proratedLinePriceWithTax": sold[1],
        "taxRate": tax["taxRate"],
        "taxLines": [tax],
        "discounts": [off] if sold[0] != price[0] * units else [],
        "productVariant": {"id": f"9{number}", "sku": sku, "name": sku.title()},
    }


SHIPPING: dict[str, Any] = {"id": "1", "shippingMethod": {"code": "post", "name": "Post"}, "discounts": []}
SHIPPING |= {"price": 500, "priceWithTax": 500, "discountedPrice": 500, "discountedPriceWithTax": 500}
PAYMENT: dict[str, Any] = {
    "id": "7",
    "createdAt": "2026-11-10T09:00:01.000Z",
    "updatedAt": "2026-11-11T09:00:00.000Z",
    "method": "card-payment",
}
PAYMENT |= {"amount": 14459, "state": "Settled", "transactionId": "tx-7", "errorMessage": None, "refunds": []}
ORDER: dict[str, Any] = {
    "id": "312",
    "code": "F2QSXT7SC8HFHM9P",
    "type": "Regular",
    "state": "PaymentSettled",
    "createdAt": "2026-11-10T08:58:00.000Z",
    "updatedAt": "2026-11-10T09:00:00.000Z",
    "orderPlacedAt": "2026-11-10T09:00:01.500Z",
    "currencyCode": "EUR",
    "couponCodes": ["TEN"],
    "total": 12416,
    "totalWithTax": 14459,
    "customer": {"id": "41", "emailAddress": "ann@example.com"},
    "shippingAddress": ADDRESS,
    "billingAddress": ADDRESS,
    "taxSummary": [
        STANDARD | {"taxBase": 8518, "taxTotal": 1703},
        REDUCED | {"taxBase": 3398, "taxTotal": 340},
        {"description": "shipping tax", "taxRate": 0, "taxBase": 500, "taxTotal": 0},
    ],
    "lines": [
        line("615", "SHIRT-S", 3, (2500, 3000), (6732, 8078), STANDARD),
        line("616", "MUG", 3, (1250, 1375), (3398, 3738), REDUCED),
        line("617", "TOTE", 1, (1990, 2388), (1786, 2143), STANDARD),
    ],
    "surcharges": [],
    "shippingLines": [SHIPPING],
    "payments": [PAYMENT],
    "fulfillments": [],
    "history": {
        "items": [
            {
                "id": "1",
                "type": "ORDER_PAYMENT_TRANSITION",
                "createdAt": "2026-11-11T23:30:00.000Z",
                "data": {"paymentId": 7, "to": "Settled"},
            }
        ]
    },
}


def refund(number: str, lines: list[tuple[str, int]], items: int, total: int, **more: Any) -> dict[str, Any]:
    made = {"id": number, "createdAt": f"2026-11-1{number}T10:00:00.000Z", "updatedAt": f"2026-11-1{number}T10:00:00.000Z", "items": items}
    made |= {
        "shipping": 0,
        "adjustment": 0,
        "total": total,
        "method": "card",
        "state": "Pending",
        "transactionId": None,
        "reason": "damaged",
    }
    return made | {"lines": [{"orderLineId": each, "quantity": units} for each, units in lines]} | more


def translated(name: str, record: dict[str, Any], unit: str = "0.01"):
    body = whole_order(record) if name == "orders" else record
    found = find(f"vendure/{name}").translate([{**body, "moneyUnit": unit}], CONTEXT)
    assert found.problems == []
    return found.documents


def order_with(**more: Any) -> dict[str, Any]:
    return {**deepcopy(ORDER), **more}


def of(documents: Any, kind: str) -> list[Any]:
    return [each for each in documents if each.type == kind]


def ref(kind: str, source_id: str):
    return document_id("shop", kind, source_id)


def test_an_order_with_a_coupon_two_tax_rates_and_shipping():
    """
    3 shirts  25.00 + 20 %   75.00 less 7.68   67.32   tax 13.46
    3 mugs    12.50 + 10 %   37.50 less 3.52   33.98   tax  3.40
    1 tote    19.90 + 20 %   19.90 less 2.04   17.86   tax  3.57
    post                      5.00              5.00   tax  0.00
    total                                     124.16 + 20.43 = 144.59
    """
    (order,) = of(translated("orders", ORDER), "order")
    assert (order.order_number, order.currency, order.country) == ("F2QSXT7SC8HFHM9P", "EUR", "AT")
    assert (order.business_date, order.placed_at) == (date(2026, 11, 10), datetime(2026, 11, 10, 9, 0, 1, 500000, tzinfo=UTC))
    assert [(each.kind, each.sku, each.quantity, each.net_amount, each.tax_amount) for each in order.lines] == [
        ("item", "SHIRT-S", 3, Decimal("67.32"), Decimal("13.46")),
        ("item", "MUG", 3, Decimal("33.98"), Decimal("3.40")),
        ("item", "TOTE", 1, Decimal("17.86"), Decimal("3.57")),
        ("shipping", None, 1, Decimal("5.00"), Decimal(0)),
    ]
    assert [(each.code, each.type, each.level, each.amount) for each in order.discounts] == [
        ("TEN", "percentage", "order", Decimal("7.68")),
        ("TEN", "percentage", "order", Decimal("3.52")),
        ("TEN", "percentage", "order", Decimal("2.04")),
    ]
    assert [(each.line_number, each.rate, each.amount, each.title) for each in order.tax_lines] == [
        (1, Decimal("0.2"), Decimal("13.46"), "Standard Tax"),
        (2, Decimal("0.1"), Decimal("3.40"), "Reduced Tax"),
        (3, Decimal("0.2"), Decimal("3.57"), "Standard Tax"),
    ]
    assert (order.discount_total, order.tax_total, order.grand_total) == (Decimal("13.24"), Decimal("20.43"), Decimal("144.59"))
    assert order.status == "open"
    assert (order.customer_id, order.customer_number, order.email) == (ref("customer", "41"), "41", "ann@example.com")
    assert order.shipping_address == "Ann Buyer, 1 Ring, 1010, Vienna, AT"


@pytest.mark.parametrize(
    ("state", "kind", "status", "counts"),
    [
        ("Created", "sale", "pending", "0"),
        ("Authorized", "authorization", "success", "0"),
        ("Settled", "sale", "success", "144.59"),
        ("Declined", "sale", "failed", "0"),
        ("Error", "sale", "failed", "0"),
        ("Cancelled", "void", "success", "0"),
    ],
)
def test_a_payment_is_money_once_it_is_settled_on_that_day(state, kind, status, counts):
    history = {"items": ORDER["history"]["items"] if state == "Settled" else []}
    (payment,) = of(translated("orders", order_with(payments=[PAYMENT | {"state": state}], history=history)), "payment")
    assert (payment.payment_type, payment.status, payment.amount()) == (kind, status, (Decimal(counts), "EUR"))
    assert (payment.order_id, payment.tender_type, payment.gateway_reference) == (ref("order", "312"), "card", "tx-7")
    # settled at half past midnight in Vienna
    assert payment.business_date == (date(2026, 11, 12) if state == "Settled" else date(2026, 11, 10))


def test_a_refund_of_goods_is_a_credit_and_money_that_goes_back_when_it_is_settled():
    """A tote and 1.00 of shipping: 21.43 + 1.00; the shelf gets nothing back."""
    back = refund("3", [("617", 1)], 2143, 2243, shipping=100)
    record = order_with(payments=[PAYMENT | {"refunds": [back]}])
    documents = translated("orders", record)
    (credit,) = of(documents, "refund")
    assert [(each.kind, each.sku, each.net_amount, each.tax_amount, each.order_line) for each in credit.lines] == [
        ("item", "TOTE", Decimal("17.86"), Decimal("3.57"), 3),
        ("shipping", None, Decimal("1.00"), Decimal(0), None),
    ]
    assert (credit.order_id, credit.amount(), credit.reason) == (ref("order", "312"), (Decimal("-22.43"), "EUR"), "damaged")
    assert list(credit.stock()) == []
    paid, pending = of(documents, "payment")
    assert (pending.source_id, pending.payment_type, pending.status, pending.amount()[0]) == ("refund-3", "refund", "pending", 0)
    record["payments"][0]["refunds"][0]["state"] = "Settled"
    record["history"]["items"].append(
        {"id": "2", "type": "ORDER_REFUND_TRANSITION", "createdAt": "2026-11-20T10:00:00.000Z", "data": {"refundId": 3, "to": "Settled"}}
    )
    documents = translated("orders", record)
    _, given = of(documents, "payment")
    assert (given.amount(), given.business_date) == ((Decimal("-22.43"), "EUR"), date(2026, 11, 20))
    assert of(documents, "refund")[0].business_date == date(2026, 11, 13)
    assert paid.amount()[0] == Decimal("144.59")


def test_a_bare_amount_is_taken_back_by_tax_rate_in_proportion_to_what_was_sold():
    """10.00 of 144.59: 102.21 at 20 %, 37.38 at 10 %, 5.00 at 0 %."""
    documents = translated("orders", order_with(payments=[PAYMENT | {"refunds": [refund("3", [], 0, 1000, reason="goodwill")]}]))
    (credit,) = of(documents, "refund")
    assert [(each.kind, each.net_amount, each.tax_amount) for each in credit.lines] == [
        ("manual", Decimal("5.89"), Decimal("1.18")),
        ("manual", Decimal("2.35"), Decimal("0.23")),
        ("manual", Decimal("0.35"), Decimal(0)),
    ]
    assert [(each.rate, each.amount) for each in credit.tax_lines] == [(Decimal("0.2"), Decimal("1.18")), (Decimal("0.1"), Decimal("0.23"))]
    assert credit.grand_total == Decimal("10.00")


def test_a_fee_that_the_shop_keeps_makes_the_credit_smaller():
    back = refund("3", [("617", 1)], 2143, 1943, adjustment=-200)
    (credit,) = of(translated("orders", order_with(payments=[PAYMENT | {"refunds": [back]}])), "refund")
    assert credit.lines[0].total_amount == Decimal("21.43")
    assert sum(each.total_amount for each in credit.lines[1:]) == Decimal("-2.00")
    assert credit.grand_total == Decimal("19.43")


def test_a_cancelled_order_is_nothing_any_more_and_its_refund_is_money_alone():
    lines = [line(each["id"], each["productVariant"]["sku"], 0, (2500, 3000), (0, 0), STANDARD) for each in ORDER["lines"]]
    off = {"adjustmentSource": "CANCEL_ORDER", "type": "OTHER", "amount": -500, "amountWithTax": -500}
    nothing = {"discountedPrice": 0, "discountedPriceWithTax": 0, "discounts": [off]}
    gone = {"id": "9", "type": "ORDER_STATE_TRANSITION", "createdAt": "2026-11-14T10:00:00.000Z", "data": {"to": "Cancelled"}}
    record = order_with(state="Cancelled", total=0, totalWithTax=0, lines=lines, shippingLines=[SHIPPING | nothing], taxSummary=[])
    record |= {"payments": [PAYMENT | {"refunds": [refund("3", [], 0, 14459, state="Settled")]}], "history": {"items": [gone]}}
    documents = translated("orders", record)
    (order,) = of(documents, "order")
    assert (order.status, order.lines, order.grand_total, order.moves_money()) == ("cancelled", (), Decimal(0), False)
    assert order.cancelled_at == datetime(2026, 11, 14, 10, 0, tzinfo=UTC)
    assert of(documents, "refund") == []
    assert sum(each.amount()[0] for each in of(documents, "payment")) == 0


def test_what_is_owed_is_nothing_whatever_is_cancelled_and_refunded():
    """Sale − credits − money taken + money given back."""
    for cancelled, refunded in ((0, 2143), (2143, 2143), (2143, 3000), (2143, 1000)):
        lines = deepcopy(ORDER["lines"])
        if cancelled:
            lines[2] |= {"quantity": 0, "linePrice": 0, "proratedLinePrice": 0, "proratedLinePriceWithTax": 0, "discounts": []}
        left = {"total": 12416 - (1786 if cancelled else 0), "totalWithTax": 14459 - cancelled}
        back = refund("3", [], 0, refunded, state="Settled")
        documents = translated("orders", order_with(lines=lines, payments=[PAYMENT | {"refunds": [back]}], **left))
        owed = sum(each.amount()[0] for each in documents if each.type in ("order", "refund"))
        money = sum(each.amount()[0] for each in of(documents, "payment"))
        assert owed - money == -max(Decimal(cancelled - refunded) / 100, 0), (cancelled, refunded)


def test_a_surcharge_and_a_taxed_parcel_stand_on_lines_of_their_own():
    extra = {"id": "1", "description": "Gift wrap", "sku": None, "price": 300, "priceWithTax": 360, "taxRate": 20, "taxLines": [STANDARD]}
    post = SHIPPING | {"price": 500, "priceWithTax": 600, "discountedPrice": 250, "discountedPriceWithTax": 300}
    record = order_with(surcharges=[extra], shippingLines=[post], total=12416 + 300 - 250, totalWithTax=14459 + 360 - 200)
    (order,) = of(translated("orders", record), "order")
    assert [(each.kind, each.line_number, each.discount_amount, each.total_amount) for each in order.lines[3:]] == [
        ("shipping", 4, Decimal("2.50"), Decimal("3.00")),
        ("manual", 5, Decimal(0), Decimal("3.60")),
    ]
    assert [(each.line_number, each.rate, each.amount) for each in order.tax_lines[3:]] == [
        (4, Decimal("0.2"), Decimal("0.50")),
        (5, Decimal("0.2"), Decimal("0.60")),
    ]
    assert order.discounts[-1].level == "shipping"


@pytest.mark.parametrize(
    ("state", "status", "units"),
    [("Pending", "pending", 0), ("Shipped", "shipped", 2), ("Delivered", "shipped", 2), ("Cancelled", "cancelled", 0)],
)
def test_a_parcel_leaves_the_shelf_once_it_is_shipped(state, status, units):
    parcel = {"id": "5", "createdAt": "2026-11-12T10:00:00.000Z", "updatedAt": "2026-11-12T10:00:00.000Z", "state": state, "method": "DHL"}
    parcel |= {"trackingCode": "T1", "lines": [{"orderLineId": "616", "quantity": 2}]}
    (shipped,) = of(translated("orders", order_with(fulfillments=[parcel])), "fulfillment")
    assert (shipped.status, shipped.tracking_numbers, shipped.order_id) == (status, ("T1",), ref("order", "312"))
    assert [(each.sku, each.quantity, each.order_line) for each in shipped.lines] == [("MUG", 2, 2)]
    assert shipped.units() == units


@pytest.mark.parametrize("state", ["PaymentAuthorized", "PartiallyShipped", "Shipped", "PartiallyDelivered", "Delivered"])
def test_an_order_that_is_paid_shipped_or_delivered_is_no_other_sale(state):
    """A new revision would be booked anew."""
    (before,), (after,) = (of(translated("orders", record), "order") for record in (ORDER, order_with(state=state)))
    assert content_hash(after) == content_hash(before)


def test_one_sellers_part_of_an_order_is_left_out():
    found = find("vendure/orders").translate([{**whole_order(order_with(type="Seller")), "moneyUnit": "0.01"}], CONTEXT)
    assert found.documents == []
    assert found.problems == []


def test_a_payment_method_that_nobody_named_is_a_problem():
    found = find("vendure/orders").translate(
        [{**whole_order(order_with(payments=[PAYMENT | {"method": "new"}])), "moneyUnit": "0.01"}], CONTEXT
    )
    assert [each.code for each in found.problems] == ["MAP-LOOKUP"]


def test_a_server_that_keeps_thousandths_is_understood():
    (product,) = translated("product_variants", VARIANT, "0.001")
    assert product.list_price == Decimal("1.99")


def test_an_order_whose_lines_do_not_add_up_is_held():
    found = find("vendure/orders").translate([{**whole_order(order_with(totalWithTax=14460)), "moneyUnit": "0.01"}], CONTEXT)
    assert {each.code for each in found.problems} == {"MAP-TOTAL"}


VARIANT: dict[str, Any] = {
    "id": "3",
    "createdAt": "2026-11-01T10:00:00.000Z",
    "updatedAt": "2026-11-01T10:00:00.000Z",
    "enabled": True,
    "sku": "TS-M",
    "name": "T-Shirt M",
    "trackInventory": "INHERIT",
    "price": 1990,
    "currencyCode": "EUR",
    "product": {"name": "T-Shirt", "description": "A shirt", "enabled": True},
    "options": [{"id": "2", "code": "m", "name": "M"}],
    "taxCategory": {"id": "1", "name": "Standard Tax"},
}


def test_a_variant_is_a_product():
    (product,) = translated("product_variants", VARIANT)
    assert (product.sku, product.name, product.product_group, product.options) == ("TS-M", "T-Shirt M", "T-Shirt", ("M",))
    assert (product.list_price, product.currency, product.tax_category, product.tracked) == (Decimal("19.90"), "EUR", "Standard Tax", True)
    assert translated("product_variants", VARIANT | {"enabled": False, "trackInventory": "FALSE"})[0].status == "archived"


def test_a_customer_with_a_company_in_the_billing_address_is_an_organization():
    home = {"id": "1", "fullName": "Ann Buyer", "company": "", "streetLine1": "1 Ring", "streetLine2": "", "city": "Vienna", "province": ""}
    home |= {
        "postalCode": "1010",
        "country": {"code": "AT"},
        "phoneNumber": "",
        "defaultShippingAddress": True,
        "defaultBillingAddress": False,
    }
    work = home | {
        "id": "2",
        "company": "Buyer & Co",
        "country": {"code": "DE"},
        "defaultShippingAddress": False,
        "defaultBillingAddress": True,
    }
    record = {
        "id": "41",
        "createdAt": "2026-11-01T10:00:00.000Z",
        "updatedAt": "2026-11-01T10:00:00.000Z",
        "firstName": "Ann",
        "lastName": "Buyer",
    }
    record |= {"phoneNumber": "+43 1", "emailAddress": "ann@example.com", "addresses": [home]}
    (person,) = translated("customers", record)
    assert (person.customer_type, person.display_name, person.country) == ("person", "Ann Buyer", "AT")
    assert (person.emails, person.phone_numbers, person.addresses[0].type) == (("ann@example.com",), ("+43 1",), "shipping")
    (firm,) = translated("customers", record | {"addresses": [home, work]})
    assert (firm.customer_type, firm.display_name, firm.country) == ("organization", "Buyer & Co", "DE")
    assert [each.type for each in firm.addresses] == ["shipping", "billing"]
    (bare,) = translated("customers", record | {"addresses": [], "firstName": "", "lastName": ""})
    assert bare.display_name == "ann@example.com"


def test_what_somebody_counted_is_a_movement_at_no_place():
    move = {"id": "8", "createdAt": "2026-11-01T23:30:00.000Z", "type": "ADJUSTMENT", "quantity": -4, "sku": "TS-M"}
    (moved,) = translated("stock_movements", move)
    assert (moved.movement_type, moved.quantity, moved.location, moved.business_date) == ("adjustment", -4, None, date(2026, 11, 2))
    assert moved.units() == 4
    assert translated("stock_movements", move | {"type": "RETURN"})[0].movement_type == "return"


def test_a_location_is_a_warehouse():
    (place,) = translated("stock_locations", {"id": "1", "createdAt": "2026-11-01T10:00:00.000Z", "updatedAt": None, "name": "Main"})
    assert (place.name, place.location_type) == ("Main", "warehouse")
