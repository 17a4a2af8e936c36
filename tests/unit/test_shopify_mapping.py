"""The shipped mappings of Shopify, by hand: a record as the reader hands it out, and the document that becomes of it."""

from __future__ import annotations

from copy import deepcopy
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import pytest

from mappings.engine import Context
from mappings.identity import document_id
from mappings.shipped import find

CONTEXT = Context("shop", "America/New_York", time(0), "acme", {"shopify_gateways": {"klarna": "wallet"}})


def usd(amount: str) -> dict[str, str]:
    return {"amount": amount, "currencyCode": "USD"}


def bag(amount: str, buyer: str | None = None, currency: str = "USD") -> dict[str, Any]:
    return {"shopMoney": usd(amount), "presentmentMoney": {"amount": buyer or amount, "currencyCode": currency}}


def tax(amount: str, rate: str, title: str, **more: Any) -> dict[str, Any]:
    return {"title": title, "rate": Decimal(rate), "channelLiable": False, "priceSet": bag(amount)} | more


def translated(name: str, record: dict[str, Any]):
    found = find(f"shopify/{name}").translate([record], CONTEXT)
    assert found.problems == []
    return found.documents


def ref(kind: str, source_id: str):
    return document_id("shop", kind, source_id)


MUG = {
    "id": "gid://shopify/LineItem/11",
    "title": "Mug",
    "variantTitle": "Large",
    "sku": "MUG-L",
    "quantity": 3,
    "currentQuantity": 2,
    "isGiftCard": False,
    "variant": {"id": "gid://shopify/ProductVariant/501"},
    "originalUnitPriceSet": bag("10.0"),
    "discountAllocations": [
        {
            "allocatedAmountSet": bag("3.0"),
            "discountApplication": {
                "targetSelection": "ALL",
                "code": "WELCOME10",
                "value": {"__typename": "PricingPercentageValue", "percentage": Decimal(10)},
            },
        }
    ],
    "taxLines": [tax("1.08", "0.04", "NY State Tax"), tax("1.08", "0.04", "Albany County Tax")],
    "duties": [],
}
CARD = MUG | {
    "id": "gid://shopify/LineItem/12",
    "title": "Gift Card",
    "variantTitle": None,
    "sku": "",
    "quantity": 1,
    "isGiftCard": True,
    "variant": {"id": "gid://shopify/ProductVariant/502"},
    "originalUnitPriceSet": bag("50.0"),
    "discountAllocations": [],
    "taxLines": [],
}
ORDER = {
    "id": "gid://shopify/Order/1001",
    "legacyResourceId": "1001",
    "name": "#7",
    "createdAt": "2026-11-02T02:30:00Z",
    "updatedAt": "2026-11-03T09:00:00Z",
    "processedAt": "2026-11-02T02:30:00Z",
    "cancelledAt": None,
    "closedAt": None,
    "test": False,
    "sourceName": "web",
    "note": "Ring twice",
    "email": "ada@example.com",
    "currencyCode": "USD",
    "presentmentCurrencyCode": "USD",
    "taxesIncluded": False,
    "dutiesIncluded": False,
    "displayFinancialStatus": "PARTIALLY_REFUNDED",
    "displayFulfillmentStatus": "IN_PROGRESS",
    "customer": {"id": "gid://shopify/Customer/77"},
    "retailLocation": None,
    "shippingAddress": {
        "name": "Ada Archer",
        "company": None,
        "address1": "5 Harbour Street",
        "zip": "12207",
        "city": "Albany",
        "provinceCode": "NY",
        "countryCodeV2": "US",
    },
    "billingAddress": {"countryCodeV2": "CA", "provinceCode": "ON"},
    "totalPriceSet": bag("94.71"),
    "totalTaxSet": bag("2.16"),
    "totalDiscountsSet": bag("3.0"),
    "totalTipReceivedSet": bag("2.0"),
    "totalCashRoundingAdjustment": {"paymentSet": bag("-0.01"), "refundSet": bag("0.0")},
    "additionalFees": [{"id": "gid://shopify/AdditionalFee/1", "name": "Recycling fee", "price": bag("4.5"), "taxLines": []}],
    "lineItems": [MUG, CARD],
    "shippingLines": [
        {
            "title": "Standard",
            "originalPriceSet": bag("5.95"),
            "discountedPriceSet": bag("5.95"),
            "discountAllocations": [],
            "taxLines": [],
        }
    ],
    "allDuties": [{"id": "gid://shopify/Duty/1", "price": bag("3.1"), "lineItem": "gid://shopify/LineItem/11"}],
    "allTaxLines": [tax("1.08", "0.04", "NY State Tax", lineNumber=1), tax("1.08", "0.04", "Albany County Tax", lineNumber=1)],
}


def test_an_order():
    """
    3 × Mug 10.00, 10 % off   27.00 + tax 2.16
    Gift card                 50.00
    Standard                   5.95
    duty 3.10, recycling 4.50, tip 2.00, cash rounding −0.01
                              94.70
    """
    [order] = translated("orders", ORDER)
    assert (order.type, order.source_id, order.number()) == ("order", "1001", "#7")
    assert order.business_date == date(2026, 11, 1)  # half past nine in the evening in New York
    assert order.placed_at == datetime(2026, 11, 2, 2, 30, tzinfo=UTC)
    assert order.source_version == "2026-11-03T09:00:00Z"
    assert (order.status, order.payment_status, order.fulfillment_status) == ("open", "paid", "unfulfilled")
    assert (order.customer_id, order.customer_number, order.country) == (ref("customer", "77"), "77", "US")
    assert (order.channel, order.note, order.email, order.is_test) == ("web", "Ring twice", "ada@example.com", False)
    assert order.shipping_address == "Ada Archer, 5 Harbour Street, 12207, Albany, NY, US"
    assert [(line.line_number, line.kind, line.sku, line.quantity, line.net_amount, line.tax_amount) for line in order.lines] == [
        (1, "item", "MUG-L", 3, 27, Decimal("2.16")),
        (2, "gift_card", "502", 1, 50, 0),
        (3, "shipping", None, 1, Decimal("5.95"), 0),
        (4, "fee", None, 1, Decimal("3.10"), 0),
        (5, "fee", None, 1, Decimal("4.50"), 0),
        (6, "tip", None, 1, 2, 0),
    ]
    assert (order.lines[0].gross_amount, order.lines[0].discount_amount, order.lines[0].unit_price) == (30, 3, 10)
    assert [(each.line_number, each.code, each.type, each.level, each.amount) for each in order.discounts] == [
        (1, "WELCOME10", "percentage", "order", 3)
    ]
    assert [(each.line_number, each.scheme, each.region, each.title, each.rate) for each in order.tax_lines] == [
        (1, "us_state", "NY", "NY State Tax", Decimal("0.04")),
        (1, "us_state", "NY", "Albany County Tax", Decimal("0.04")),
    ]
    assert (order.rounding_total, order.amount()) == (Decimal("-0.01"), (Decimal("94.70"), "USD"))
    assert [(move.item, move.units) for move in order.stock()] == [("MUG-L", 3)]


@pytest.mark.parametrize(
    ("shipped", "left", "status", "kept"),
    [
        ("UNFULFILLED", 3, None, [("MUG-L", 2)]),  # of three one was refunded
        ("PARTIALLY_FULFILLED", 1, None, [("MUG-L", 1)]),
        ("FULFILLED", 0, None, []),
        ("UNFULFILLED", 3, "cancelledAt", []),
    ],
)
def test_what_an_order_has_still_to_hand_over(shipped, left, status, kept):
    record = ORDER | {"displayFulfillmentStatus": shipped, "lineItems": [MUG | {"unfulfilledQuantity": left}, CARD], "closedAt": None}
    [order] = translated("orders", record | ({status: "2026-11-05T10:00:00Z"} if status else {}))
    assert [(each.item, each.units) for each in order.reserved()] == kept


def test_a_tip_that_is_a_line_too_is_counted_once():
    tip = CARD | {"title": "Tip", "isGiftCard": False, "variant": None, "originalUnitPriceSet": bag("2.0")}
    [order] = translated("orders", ORDER | {"lineItems": [MUG, CARD, tip], "allTaxLines": ORDER["allTaxLines"]})
    assert [line.kind for line in order.lines] == ["item", "gift_card", "tip", "shipping", "fee", "fee"]
    assert order.amount() == (Decimal("94.70"), "USD")


def test_an_order_whose_prices_hold_the_tax_in_another_currency_than_the_buyer_paid():
    """Kettle 24.00 with 20 % inside (4.00), shipping 6.00 with 1.00 inside: 30.00 in the shop's dollars, whatever was paid in pounds."""
    kettle = MUG | {
        "quantity": 1,
        "originalUnitPriceSet": bag("24.0", "18.96", "GBP"),
        "discountAllocations": [],
        "taxLines": [tax("4.0", "0.2", "UK VAT")],
    }
    shipping = ORDER["shippingLines"][0] | {
        "originalPriceSet": bag("8.0", "6.32", "GBP"),
        "discountedPriceSet": bag("6.0", "4.74", "GBP"),
        "taxLines": [tax("1.0", "0.2", "UK VAT", channelLiable=True)],
    }
    record = ORDER | {
        "presentmentCurrencyCode": "GBP",
        "taxesIncluded": True,
        "lineItems": [kettle],
        "shippingLines": [shipping],
        "allDuties": [],
        "additionalFees": [],
        "allTaxLines": [kettle["taxLines"][0] | {"lineNumber": 1}, shipping["taxLines"][0] | {"lineNumber": 2}],
        "shippingAddress": ORDER["shippingAddress"] | {"countryCodeV2": "GB", "provinceCode": "ENG"},
        "totalPriceSet": bag("30.0", "23.7", "GBP"),
        "totalTaxSet": bag("5.0"),
        "totalDiscountsSet": bag("2.0"),
        "totalTipReceivedSet": bag("0.0"),
        "totalCashRoundingAdjustment": {"paymentSet": bag("0.0"), "refundSet": bag("0.0")},
        "cancelledAt": "2026-11-05T10:00:00Z",
        "test": True,
    }
    [order] = translated("orders", record)
    assert (order.amount(), order.tax_inclusive, order.tax_total) == ((30, "USD"), True, 5)
    assert [(each.line_number, each.level, each.code, each.amount) for each in order.discounts] == [(2, "shipping", None, 2)]
    assert [(each.scheme, each.country, each.tax_code) for each in order.tax_lines] == [
        ("domestic", "GB", None),
        ("domestic", "GB", "channel_liable"),
    ]
    assert (order.status, order.is_test) == ("cancelled", True)


def test_an_order_that_does_not_add_up_is_held():
    found = find("shopify/orders").translate([ORDER | {"totalPriceSet": bag("94.72")}], CONTEXT)
    assert [problem.code for problem in found.problems] == ["MAP-TOTAL"]
    assert found.documents == []


HEAD = {
    "id": "gid://shopify/Order/1001",
    "legacyResourceId": "1001",
    "name": "#7",
    "currencyCode": "USD",
    "taxesIncluded": False,
    "test": False,
}
REFUND = {
    "id": "gid://shopify/Refund/31",
    "legacyResourceId": "31",
    "createdAt": "2026-11-04T15:00:00Z",
    "processedAt": "2026-11-04T15:00:00Z",
    "updatedAt": "2026-11-04T15:00:00Z",
    "note": "broken",
    "totalRefundedSet": bag("14.67"),
    "duties": [{"amountSet": bag("1.0"), "originalDuty": None}],
    "refundLineItems": [
        {
            "quantity": 1,
            "restocked": False,
            "location": {"id": "gid://shopify/Location/2", "name": "Harbour Store"},
            "lineItem": {"sku": "MUG-L", "title": "Mug", "isGiftCard": False, "variant": None},
            "priceSet": bag("10.0"),
            "subtotalSet": bag("9.0"),
            "totalTaxSet": bag("0.72"),
        }
    ],
    "refundShippingLines": [{"shippingLine": {"title": "Standard"}, "subtotalAmountSet": bag("5.95"), "taxAmountSet": bag("0.0")}],
    "orderAdjustments": [{"reason": "RESTOCK", "amountSet": bag("2.0"), "taxAmountSet": bag("0.0")}],
    "order": HEAD,
}


def test_a_refund_of_which_the_shop_keeps_a_part():
    """Mug 9.00 + 0.72, shipping 5.95, duty 1.00, 2.00 kept: 14.67 go back; the mug is broken and stays off the shelf."""
    [refund] = translated("refunds", REFUND)
    assert (refund.type, refund.source_id, refund.order_id) == ("refund", "31", ref("order", "1001"))
    assert [(line.line_number, line.kind, line.sku, line.net_amount, line.tax_amount) for line in refund.lines] == [
        (1, "item", "MUG-L", 9, Decimal("0.72")),
        (2, "shipping", None, Decimal("5.95"), 0),
        (3, "fee", None, 1, 0),
        (4, "manual", None, -2, 0),
    ]
    assert (refund.amount(), list(refund.stock()), refund.note) == ((Decimal("-14.67"), "USD"), [], "broken")
    assert refund.lines[0].location == "Harbour Store"


def test_a_refund_of_prices_that_hold_the_tax():
    """54.00 with 4.00 inside is 54.00, and the goods are on the shelf again."""
    line = REFUND["refundLineItems"][0] | {"restocked": True, "subtotalSet": bag("54.0"), "totalTaxSet": bag("4.0")}
    record = REFUND | {"refundLineItems": [line], "refundShippingLines": [], "orderAdjustments": [], "duties": None}
    [refund] = translated("refunds", record | {"order": HEAD | {"taxesIncluded": True}})
    assert (refund.amount(), refund.tax_total) == ((-54, "USD"), 4)
    assert [(move.item, move.units) for move in refund.stock()] == [("MUG-L", -1)]


TRANSACTION = {
    "id": "gid://shopify/OrderTransaction/901",
    "kind": "SALE",
    "status": "SUCCESS",
    "gateway": "shopify_payments",
    "paymentId": "#7.1",
    "createdAt": "2026-11-02T02:31:00Z",
    "processedAt": "2026-11-02T02:31:00Z",
    "test": False,
    "location": None,
    "amountSet": bag("94.7", "74.81", "GBP"),
    "amountRoundingSet": None,
    "order": HEAD,
}


@pytest.mark.parametrize(
    ("change", "kind", "tender", "counts"),
    [
        ({}, "sale", "card", "94.70"),
        ({"kind": "AUTHORIZATION"}, "authorization", "card", "0"),
        ({"kind": "CAPTURE", "status": "FAILURE"}, "capture", "card", "0"),
        ({"kind": "REFUND", "gateway": "gift_card"}, "refund", "gift_card", "-94.70"),
        ({"kind": "CHANGE", "gateway": "cash", "amountSet": bag("5.3")}, "refund", "cash", "-5.30"),
        ({"gateway": "cash", "amountSet": bag("94.73"), "amountRoundingSet": bag("-0.03")}, "sale", "cash", "94.70"),
        ({"gateway": "klarna"}, "sale", "wallet", "94.70"),
    ],
)
def test_a_payment(change, kind, tender, counts):
    [payment] = translated("transactions", TRANSACTION | change)
    assert (payment.type, payment.source_id, payment.order_id) == ("payment", "901", ref("order", "1001"))
    assert (payment.payment_type, payment.tender_type, payment.amount()) == (kind, tender, (Decimal(counts), "USD"))
    assert (payment.business_date, payment.gateway_reference) == (date(2026, 11, 1), "#7.1")


def test_a_gateway_that_nobody_named_is_held_and_a_test_is_left_out():
    mapping = find("shopify/transactions")
    held = mapping.translate([TRANSACTION | {"gateway": "Barter"}], CONTEXT)
    assert [problem.code for problem in held.problems] == ["MAP-LOOKUP"]
    assert "Barter" in held.problems[0].say
    assert mapping.translate([TRANSACTION | {"test": True}], CONTEXT).excluded


def test_a_shipment():
    [parcel] = translated(
        "fulfillments",
        {
            "id": "gid://shopify/Fulfillment/61",
            "legacyResourceId": "61",
            "name": "#7-F1",
            "status": "SUCCESS",
            "createdAt": "2026-11-03T12:00:00Z",
            "updatedAt": "2026-11-03T12:00:00Z",
            "location": {"id": "gid://shopify/Location/1", "name": "Warehouse"},
            "trackingInfo": [{"number": "1Z7", "company": "UPS"}, {"number": None, "company": None}],
            "fulfillmentLineItems": [
                {"quantity": 3, "lineItem": {"sku": "MUG-L", "variant": None}},
                {"quantity": 1, "lineItem": {"sku": None, "variant": {"id": "gid://shopify/ProductVariant/502"}}},
                {"quantity": 1, "lineItem": {"sku": None, "variant": None}},
            ],
            "order": HEAD,
        },
    )
    assert (parcel.type, parcel.source_id, parcel.order_id, parcel.status) == ("fulfillment", "61", ref("order", "1001"), "shipped")
    assert (parcel.location, parcel.tracking_numbers) == ("Warehouse", ("1Z7",))
    assert [(move.item, move.location, move.units) for move in parcel.stock()] == [("MUG-L", "Warehouse", 3), ("502", "Warehouse", 1)]


def test_each_variant_is_a_product():
    variant = {
        "legacyResourceId": "501",
        "sku": "MUG-L",
        "barcode": "4006381333931",
        "title": "Large",
        "price": "10.00",
        "taxable": True,
        "selectedOptions": [{"name": "Size", "value": "Large"}],
        "inventoryItem": {
            "tracked": True,
            "requiresShipping": True,
            "unitCost": usd("4.2"),
            "measurement": {"weight": {"value": Decimal(8), "unit": "OUNCES"}},
        },
    }
    bare = variant | {
        "legacyResourceId": "502",
        "sku": None,
        "barcode": "",
        "title": "Default Title",
        "selectedOptions": [{"name": "Title", "value": "Default Title"}],
        "inventoryItem": {"tracked": False, "requiresShipping": False, "unitCost": None, "measurement": {"weight": None}},
    }
    record = {
        "id": "gid://shopify/Product/5",
        "title": "Mug",
        "description": "A mug.",
        "vendor": "Harbour",
        "productType": "Mug",
        "status": "DRAFT",
        "isGiftCard": False,
        "createdAt": "2026-10-01T08:00:00Z",
        "updatedAt": "2026-10-02T08:00:00Z",
        "category": {"fullName": "Home > Mugs"},
        "variants": [variant, bare],
    }
    large, plain = translated("products", record)
    assert (large.source_id, large.sku, large.name, large.gtin, large.options) == (
        "501",
        "MUG-L",
        "Mug - Large",
        "4006381333931",
        ("Large",),
    )
    assert (large.list_price, large.unit_cost, large.currency, large.weight_kg) == (10, Decimal("4.20"), "USD", Decimal("0.226796"))
    assert (large.product_group, large.brand, large.category_path, large.product_type, large.status) == (
        "Mug",
        "Harbour",
        "Home > Mugs",
        "goods",
        "archived",
    )
    assert (plain.sku, plain.name, plain.options, plain.product_type, plain.tracked) == ("502", "Mug", (), "service", False)


def test_a_customer_with_a_firm():
    record = {
        "legacyResourceId": "77",
        "createdAt": "2026-10-01T08:00:00Z",
        "updatedAt": "2026-10-02T08:00:00Z",
        "displayName": "Ada Archer",
        "firstName": "Ada",
        "lastName": "Archer",
        "taxExempt": True,
        "defaultEmailAddress": {"emailAddress": "ada@example.com", "marketingState": "SUBSCRIBED"},
        "defaultPhoneNumber": None,
        "defaultAddress": {
            "company": "Archer Ltd",
            "address1": "5 Harbour Street",
            "address2": "",
            "city": "Bristol",
            "provinceCode": "ENG",
            "zip": "BS1 4DJ",
            "countryCodeV2": "GB",
        },
    }
    [customer] = translated("customers", record)
    assert (customer.customer_type, customer.display_name, customer.company_name) == ("organization", "Archer Ltd", "Archer Ltd")
    assert (customer.emails, customer.phone_numbers, customer.marketing_consent) == (("ada@example.com",), (), True)
    assert [(each.line1, each.line2, each.region, each.country) for each in customer.addresses] == [("5 Harbour Street", None, "ENG", "GB")]
    [person] = translated("customers", record | {"defaultAddress": None, "defaultEmailAddress": None})
    assert (person.customer_type, person.display_name, person.addresses, person.marketing_consent) == ("person", "Ada Archer", (), None)


def test_a_place():
    record = {
        "legacyResourceId": "2",
        "name": "Harbour Store",
        "isActive": False,
        "fulfillsOnlineOrders": False,
        "isFulfillmentService": False,
        "createdAt": "2026-10-01T08:00:00Z",
        "updatedAt": "2026-10-01T08:00:00Z",
        "address": {"countryCode": "US"},
    }
    [place] = translated("locations", record)
    assert (place.name, place.location_type, place.country, place.status) == ("Harbour Store", "store", "US", "archived")


PARTS = [
    *("adjustmentsFee", "adjustmentsGross", "advanceFees", "advanceGross", "chargesFee", "chargesGross", "refundsFee", "refundsFeeGross"),
    *("reservedFundsFee", "reservedFundsGross", "retriedPayoutsFee", "retriedPayoutsGross", "usdcRebateCreditAmount"),
]
PAYOUT = {
    "legacyResourceId": "801",
    "issuedAt": "2026-11-04T05:00:00Z",
    "status": "PAID",
    "externalTraceId": "TR-9",
    "net": usd("186.5"),
    "summary": {name: usd("0.0") for name in PARTS}
    | {"chargesGross": usd("250.0"), "chargesFee": usd("8.5"), "refundsFeeGross": usd("-35.0"), "reservedFundsGross": usd("-20.0")},
}


def test_a_payout():
    """250.00 charged − 35.00 refunded − 8.50 fees − 20.00 held back = 186.50."""
    [payout] = translated("payouts", PAYOUT)
    assert (payout.amount(), payout.status, payout.bank_reference) == ((Decimal("186.50"), "USD"), "paid", "TR-9")
    assert (payout.gross_amount, payout.refund_amount, payout.fee_amount, payout.reserve_amount) == (250, 35, Decimal("8.50"), 20)
    assert [part.name for part in payout.parts()] == ["issue"]


def test_a_payout_that_takes_35_from_the_bank():
    record = deepcopy(PAYOUT)
    record["net"] = usd("-35.0")
    record["summary"] |= {name: usd("0.0") for name in ("chargesGross", "chargesFee", "reservedFundsGross")}
    [payout] = translated("payouts", record)
    assert payout.amount() == (-35, "USD")


def test_a_payout_whose_parts_are_signed_otherwise_is_held():
    record = PAYOUT | {"summary": PAYOUT["summary"] | {"refundsFeeGross": usd("35.0")}}
    assert [problem.code for problem in find("shopify/payouts").translate([record], CONTEXT).problems] == ["MAP-TOTAL"]


ENTRY = {
    "id": "gid://shopify/ShopifyPaymentsBalanceTransaction/51",
    "type": "CHARGE",
    "sourceType": "CHARGE",
    "sourceOrderTransactionId": 901,
    "transactionDate": "2026-11-02T02:31:00Z",
    "test": False,
    "amount": usd("94.7"),
    "fee": usd("3.05"),
    "net": usd("91.65"),
    "associatedOrder": {"id": "gid://shopify/Order/1001", "name": "#7"},
    "associatedPayout": {"id": "gid://shopify/ShopifyPaymentsPayout/801", "status": "PAID"},
}


def test_the_fee_of_a_charge():
    [fee] = translated("balance_transactions", ENTRY)
    assert (fee.type, fee.source_id, fee.fee_type, fee.amount()) == ("fee", "51", "processing", (Decimal("-3.05"), "USD"))
    assert (fee.parents(), fee.payout_id) == ((), ref("payout", "801"))  # it waits for nothing
    assert [(each.type, each.id) for each in fee.external_refs] == [("OrderTransaction", "901"), ("Order", "1001")]


def test_a_dispute_its_fee_and_its_end():
    disputed = ENTRY | {"type": "DISPUTE_WITHDRAWAL", "sourceType": "DISPUTE", "sourceOrderTransactionId": None, "fee": usd("15.0")}
    [fee] = translated("balance_transactions", disputed)
    assert (fee.fee_type, fee.amount()) == ("dispute", (-15, "USD"))
    assert [each.type for each in fee.external_refs] == ["Order"]
    record = {
        "legacyResourceId": "71",
        "type": "CHARGEBACK",
        "status": "LOST",
        "initiatedAt": "2026-11-10T12:00:00Z",
        "evidenceDueBy": "2026-11-20T12:00:00Z",
        "finalizedOn": "2026-11-25T12:00:00Z",
        "amount": usd("94.7"),
        "reasonDetails": {"reason": "FRAUDULENT", "networkReasonCode": "4837"},
        "order": {"id": "gid://shopify/Order/1001", "name": "#7"},
    }
    [dispute] = translated("disputes", record)
    assert (dispute.amount(), dispute.reason, dispute.parents()) == ((Decimal("-94.70"), "USD"), "FRAUDULENT", ())
    assert [(part.name, part.business_date) for part in dispute.parts()] == [("opened", date(2026, 11, 10)), ("lost", date(2026, 11, 25))]
    [asked] = translated("disputes", record | {"type": "INQUIRY", "finalizedOn": None, "status": "NEEDS_RESPONSE"})
    assert (asked.amount(), asked.status, asked.due_on) == ((0, "USD"), "open", date(2026, 11, 20))


def test_what_the_processor_counts_without_a_fee_is_left_out():
    mapping = find("shopify/balance_transactions")
    assert mapping.translate([ENTRY | {"type": "TRANSFER", "fee": usd("0.0")}], CONTEXT).excluded
    assert mapping.translate([ENTRY | {"type": "REFUND", "fee": usd("0.0")}], CONTEXT).excluded
    assert mapping.translate([ENTRY | {"test": True}], CONTEXT).excluded


# ── stock ──

ITEM = {
    "id": "gid://shopify/InventoryItem/601",
    "legacyResourceId": "601",
    "sku": "MUG-L",
    "tracked": True,
    "updatedAt": "2026-11-01T00:00:00Z",
    "variants": [{"id": "gid://shopify/ProductVariant/501", "legacyResourceId": "501"}],
    "inventoryLevels": [
        {
            "id": f"gid://shopify/InventoryLevel/{number}?inventory_item_id=601",
            "isActive": True,
            "updatedAt": "2026-11-02T08:00:00Z",
            "location": {"id": f"gid://shopify/Location/{number}", "name": name},
            "quantities": [{"name": state, "quantity": units, "updatedAt": None} for state, units in states.items()],
        }
        for number, name, states in (
            (1, "Warehouse", {"available": 5, "committed": 3, "incoming": 2, "on_hand": 9, "reserved": 1, "safety_stock": 0}),
            (2, "Store", {"available": -1, "committed": 1, "incoming": 0, "on_hand": 0, "reserved": 0, "safety_stock": 0}),
        )
    ],
}


def test_a_stock_level_is_told_for_each_place():
    one, other = translated("inventory", ITEM)
    assert (one.sku, one.location, one.on_hand, one.available, one.committed, one.incoming) == ("MUG-L", "Warehouse", 9, 5, 3, 2)
    assert one.as_of == datetime(2026, 11, 2, 8, tzinfo=UTC)
    assert (other.location, other.on_hand, other.available) == ("Store", 0, -1)
    assert one.source_id != other.source_id


def test_an_item_without_sku_has_its_variants_number_as_its_product_has():
    [level, _] = translated("inventory", ITEM | {"sku": ""})
    assert level.sku == "501"


def test_an_item_of_which_no_stock_is_kept_has_no_level():
    assert translated("inventory", ITEM | {"tracked": False}) == []
