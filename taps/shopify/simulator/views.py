"""The fields of each type, as Shopify's schema names them. A field that is not here does not exist in the simulator."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from taps.shopify.simulator import things as t
from taps.shopify.simulator.execute import Bare, Resolver, Rows, Type
from taps.shopify.simulator.search import stamp


@dataclass(frozen=True, slots=True)
class Coin:
    """MoneyV2."""

    cents: int
    currency: str


@dataclass(frozen=True, slots=True)
class Bag:
    """MoneyBag: the shop's money and the buyer's."""

    shop: Coin
    buyer: Coin


@dataclass(frozen=True, slots=True)
class Percentage:
    """PricingPercentageValue."""

    value: str


@dataclass(frozen=True, slots=True)
class CodeUse:
    """DiscountCodeApplication."""

    order: t.Order


@dataclass(frozen=True, slots=True)
class AutomaticUse:
    """AutomaticDiscountApplication: so much off, without a code."""

    order: t.Order
    cents: int


@dataclass(frozen=True, slots=True)
class BackShipping:
    """RefundShippingLine."""

    order: t.Order
    id: int
    line: t.Carriage
    net: int
    tax: int


@dataclass(frozen=True, slots=True)
class Level:
    """InventoryLevel."""

    variant: t.Variant
    place: t.Place
    units: int


@dataclass(frozen=True, slots=True)
class ParcelLine:
    """FulfillmentLineItem."""

    id: int
    line: t.Line
    units: int


@dataclass(frozen=True, slots=True)
class HomeLine:
    """ReturnLineItem."""

    id: int
    parcel_line: ParcelLine
    units: int


def decimal(cents: int) -> str:
    """An amount as Shopify writes it: at least one decimal, no needless zero. Unconfirmed."""
    whole, rest = divmod(abs(cents), 100)
    text = f"{whole}.{rest:02d}"
    return f"{'-' if cents < 0 else ''}{text.removesuffix('0')}"


def bag(order: t.Order, cents: int) -> Bag:
    """An amount of an order, in both currencies."""
    buyer = int((Decimal(cents) * order.rate).quantize(Decimal(1), ROUND_HALF_UP))
    return Bag(Coin(cents, SHOP_CURRENCY), Coin(buyer, order.currency))


SHOP_CURRENCY = "USD"


def listed(rows: Sequence[Any], number: Any = lambda row: row.id) -> Rows:
    """A list that hangs on an object, in the order of its ids."""
    by = {number(row): row for row in rows}
    return Rows([(key,) for key in sorted(by)], lambda key: by[key[0]])


def _when(moment: datetime | None) -> str | None:
    return stamp(moment) if moment else None


def _taxes(order: t.Order, taxes: Sequence[tuple[str, str, int]]) -> list[Bare]:
    return [
        Bare("TaxLine", {"title": title, "rate": Decimal(rate), "channelLiable": False, "priceSet": bag(order, cents)})
        for title, rate, cents in taxes
    ]


def _discounts(order: t.Order, cents: int) -> list[Bare]:
    if not cents:
        return []
    cause = CodeUse(order) if order.code else AutomaticUse(order, cents)
    return [Bare("DiscountAllocation", {"allocatedAmountSet": bag(order, cents), "discountApplication": cause})]


def _address(buyer: t.Buyer | None) -> Bare | None:
    if buyer is None:
        return None
    us = buyer.country == t.US
    return Bare(
        "MailingAddress",
        {
            "name": f"{buyer.first} {buyer.last}",
            "company": buyer.company or None,
            "address1": f"{buyer.id % 90 + 1} Harbour Street",
            "address2": None if buyer.id % 3 else "Floor 2",
            "city": "Albany" if us else "Bristol",
            "province": "New York" if us else "England",
            "provinceCode": "NY" if us else "ENG",
            "zip": "12207" if us else "BS1 4DJ",
            "country": "United States" if us else "United Kingdom",
            "countryCodeV2": buyer.country,
            "phone": None if buyer.id % 3 else f"+1518555{buyer.id % 10_000:04d}",
        },
    )


def _financial(order: t.Order) -> str:
    back = sum(each.cents for each in order.movements if each.kind == "REFUND")
    if not order.received:
        return "VOIDED" if order.cancelled else "PENDING"
    if back:
        return "REFUNDED" if back >= order.received else "PARTIALLY_REFUNDED"
    return "PAID" if order.received >= order.total - order.returned else "PARTIALLY_PAID"


def _shipped(order: t.Order) -> str:
    sent = sum(units for parcel in order.parcels if parcel.status == "SUCCESS" for _, _, units in parcel.lines)
    wanted = sum(line.quantity for line in order.lines)
    return "UNFULFILLED" if not sent else "FULFILLED" if sent >= wanted else "PARTIALLY_FULFILLED"


def _gateways(order: t.Order) -> list[str]:
    return list(dict.fromkeys(each.gateway for each in order.movements))


_ORDER: dict[str, Resolver] = {
    "id": lambda o, _: t.gid("Order", o.id),
    "legacyResourceId": lambda o, _: str(o.id),
    "name": lambda o, _: f"#{o.number}",
    "createdAt": lambda o, _: stamp(o.at),
    "updatedAt": lambda o, _: stamp(o.updated),
    "processedAt": lambda o, _: stamp(o.at),
    "cancelledAt": lambda o, _: _when(o.cancelled),
    "cancelReason": lambda o, _: "CUSTOMER" if o.cancelled else None,
    "closedAt": lambda o, _: _when(o.cancelled),
    "test": lambda o, _: o.test,
    "edited": lambda o, _: o.edited,
    "sourceName": lambda o, _: o.source,
    "note": lambda o, _: o.note or None,
    "email": lambda o, _: o.buyer.email if o.buyer else None,
    "poNumber": lambda o, _: f"PO-{o.number}" if o.buyer and o.buyer.company else None,
    "tags": lambda o, _: ["counter"] if o.place else [],
    "currencyCode": lambda _o, _: SHOP_CURRENCY,
    "presentmentCurrencyCode": lambda o, _: o.currency,
    "taxesIncluded": lambda o, _: o.inclusive,
    "dutiesIncluded": lambda _o, _: False,
    "displayFinancialStatus": lambda o, _: _financial(o),
    "displayFulfillmentStatus": lambda o, _: _shipped(o),
    "returnStatus": lambda o, _: "RETURNED" if o.returns else "NO_RETURN",
    "paymentGatewayNames": lambda o, _: _gateways(o),
    "customer": lambda o, _: o.buyer,
    "retailLocation": lambda o, _: o.place,
    "shippingAddress": lambda o, _: None if o.place else _address(o.buyer),
    "billingAddress": lambda o, _: _address(o.buyer),
    "totalPriceSet": lambda o, _: bag(o, o.total),
    "currentTotalPriceSet": lambda o, _: bag(o, o.total - o.returned),
    "totalTaxSet": lambda o, _: bag(o, o.tax),
    "totalDiscountsSet": lambda o, _: bag(o, sum(line.discount for line in o.lines) + sum(each.discount for each in o.shipping)),
    "totalTipReceivedSet": lambda o, _: bag(o, o.tip),
    "totalCashRoundingAdjustment": lambda o, _: Bare("CashRoundingAdjustment", {"paymentSet": bag(o, o.rounding), "refundSet": bag(o, 0)}),
    "additionalFees": lambda o, _: [
        Bare(
            "AdditionalFee",
            {"id": t.gid("AdditionalFee", fee.id), "name": fee.title, "price": bag(o, fee.price), "taxLines": _taxes(o, fee.taxes)},
        )
        for fee in o.fees
    ],
    "lineItems": lambda o, _: listed(o.lines),
    "shippingLines": lambda o, _: listed(o.shipping),
    "refunds": lambda o, _: list(o.backs),
    "transactions": lambda o, _: list(o.movements),
    "fulfillments": lambda o, _: list(o.parcels),
    "returns": lambda o, _: listed(o.returns),
}
_LINE: dict[str, Resolver] = {
    "id": lambda x, _: t.gid("LineItem", x.id),
    "title": lambda x, _: x.title,
    "variantTitle": lambda x, _: x.variant.option if x.variant else None,
    "sku": lambda x, _: x.sku or None,
    "vendor": lambda x, _: x.variant.product.vendor if x.variant else None,
    "quantity": lambda x, _: x.quantity,
    "currentQuantity": lambda x, _: x.quantity - x.removed,
    "unfulfilledQuantity": lambda x, _: x.quantity - x.shipped,
    "isGiftCard": lambda x, _: x.gift_card,
    "requiresShipping": lambda x, _: x.variant is not None and not x.gift_card,
    "taxable": lambda x, _: bool(x.taxes),
    "product": lambda x, _: x.variant.product if x.variant else None,
    "variant": lambda x, _: x.variant,
    "originalUnitPriceSet": lambda x, _: bag(x.order, x.price),
    "discountAllocations": lambda x, _: _discounts(x.order, x.discount),
    "taxLines": lambda x, _: _taxes(x.order, x.taxes),
    "duties": lambda x, _: [
        Bare("Duty", {"id": t.gid("Duty", x.id), "price": bag(x.order, x.duty), "taxLines": []}) for _ in range(1) if x.duty
    ],
}
_CARRIAGE: dict[str, Resolver] = {
    "id": lambda x, _: t.gid("ShippingLine", x.id),
    "title": lambda x, _: x.title,
    "code": lambda x, _: x.title.lower(),
    "source": lambda _x, _: "shopify",
    "originalPriceSet": lambda x, _: bag(x.order, x.price),
    "discountedPriceSet": lambda x, _: bag(x.order, x.price - x.discount),
    "discountAllocations": lambda x, _: _discounts(x.order, x.discount),
    "taxLines": lambda x, _: _taxes(x.order, x.taxes),
}
_REFUND: dict[str, Resolver] = {
    "id": lambda b, _: t.gid("Refund", b.id),
    "legacyResourceId": lambda b, _: str(b.id),
    "createdAt": lambda b, _: stamp(b.at),
    "processedAt": lambda b, _: stamp(b.at),
    "updatedAt": lambda b, _: stamp(b.at),
    "note": lambda b, _: b.note or None,
    "totalRefundedSet": lambda b, _: bag(b.order, b.paid),
    "duties": lambda b, _: [
        Bare("RefundDuty", {"amountSet": bag(b.order, b.duties), "originalDuty": Bare("Duty", {"id": t.gid("Duty", b.id)})})
        for _ in range(1)
        if b.duties
    ],
    "refundLineItems": lambda b, _: listed(b.lines),
    "refundShippingLines": lambda b, _: listed([BackShipping(b.order, *each) for each in b.shipping]),
    "orderAdjustments": lambda b, _: listed(
        [
            Bare(
                "OrderAdjustment",
                {
                    "id": t.gid("OrderAdjustment", number),
                    "reason": why,
                    "amountSet": bag(b.order, cents),
                    "taxAmountSet": bag(b.order, 0),
                },
            )
            for number, cents, why in b.adjustments
        ],
        lambda row: row.values["id"],
    ),
}
_BACK_LINE: dict[str, Resolver] = {
    "id": lambda x, _: t.gid("RefundLineItem", x.id),
    "quantity": lambda x, _: x.quantity,
    "restockType": lambda x, _: x.restock,
    "restocked": lambda x, _: x.restock != "NO_RESTOCK",
    "location": lambda x, _: x.place,
    "lineItem": lambda x, _: x.line,
    "priceSet": lambda x, _: bag(x.line.order, x.line.price),
    "subtotalSet": lambda x, _: bag(x.line.order, x.net),
    "totalTaxSet": lambda x, _: bag(x.line.order, x.tax),
}
_BACK_SHIPPING: dict[str, Resolver] = {
    "id": lambda x, _: t.gid("RefundShippingLine", x.id),
    "shippingLine": lambda x, _: x.line,
    "subtotalAmountSet": lambda x, _: bag(x.order, x.net),
    "taxAmountSet": lambda x, _: bag(x.order, x.tax),
}
_MOVEMENT: dict[str, Resolver] = {
    "id": lambda m, _: t.gid("OrderTransaction", m.id),
    "kind": lambda m, _: m.kind,
    "status": lambda m, _: m.status,
    "gateway": lambda m, _: m.gateway,
    "paymentId": lambda m, _: f"#{m.order.number}.{m.id % 10}",
    "createdAt": lambda m, _: stamp(m.at),
    "processedAt": lambda m, _: stamp(m.at),
    "test": lambda m, _: m.order.test,
    "parentTransaction": lambda m, _: m.parent,
    "location": lambda m, _: m.place,
    "amountSet": lambda m, _: bag(m.order, m.cents),
    "amountRoundingSet": lambda m, _: bag(m.order, m.rounding) if m.rounding else None,
    "settlementCurrency": lambda m, _: SHOP_CURRENCY if m.fee else None,
    "settlementCurrencyRate": lambda m, _: str(1 / m.order.rate)[:12] if m.fee and m.order.rate != 1 else None,
    "fees": lambda m, _: [
        Bare("TransactionFee", {"type": "processing_fee", "amount": Coin(m.fee, SHOP_CURRENCY), "taxAmount": Coin(0, SHOP_CURRENCY)})
        for _ in range(1)
        if m.fee
    ],
}
_PARCEL: dict[str, Resolver] = {
    "id": lambda p, _: t.gid("Fulfillment", p.id),
    "legacyResourceId": lambda p, _: str(p.id),
    "name": lambda p, _: f"#{p.order.number}-F{p.order.parcels.index(p) + 1}",
    "status": lambda p, _: p.status,
    "createdAt": lambda p, _: stamp(p.at),
    "updatedAt": lambda p, _: stamp(p.updated),
    "location": lambda p, _: p.place,
    "trackingInfo": lambda p, _: [Bare("FulfillmentTrackingInfo", {"number": p.tracking, "company": "UPS"})],
    "fulfillmentLineItems": lambda p, _: listed([ParcelLine(*each) for each in p.lines]),
}
_PARCEL_LINE: dict[str, Resolver] = {
    "id": lambda x, _: t.gid("FulfillmentLineItem", x.id),
    "quantity": lambda x, _: x.units,
    "lineItem": lambda x, _: x.line,
}
_HOMECOMING: dict[str, Resolver] = {
    "id": lambda r, _: t.gid("Return", r.id),
    "name": lambda r, _: f"#{r.order.number}-R{r.order.returns.index(r) + 1}",
    "status": lambda r, _: r.status,
    "createdAt": lambda r, _: stamp(r.at),
    "closedAt": lambda r, _: _when(r.closed),
    "totalQuantity": lambda r, _: sum(units for _, _, _, units in r.lines),
    "returnLineItems": lambda r, _: listed(
        [HomeLine(number, ParcelLine(*parcel.lines[index]), units) for number, parcel, index, units in r.lines]
    ),
    "exchangeLineItems": lambda r, _: listed(
        [
            Bare(
                "ExchangeLineItem",
                {
                    "id": t.gid("ExchangeLineItem", number),
                    "quantity": units,
                    "title": line.title,
                    "variantId": t.gid("ProductVariant", line.variant.id) if line.variant else None,
                    "variantSku": line.sku,
                    "lineItems": [line],
                },
            )
            for number, line, units in r.exchange
        ],
        lambda row: row.values["id"],
    ),
}
_HOME_LINE: dict[str, Resolver] = {
    "id": lambda x, _: t.gid("ReturnLineItem", x.id),
    "quantity": lambda x, _: x.units,
    "refundedQuantity": lambda x, _: x.units,
    "returnReasonNote": lambda _x, _: "too small",
    "fulfillmentLineItem": lambda x, _: x.parcel_line,
}
_CODE_USE: dict[str, Resolver] = {
    "targetSelection": lambda _x, _: "ALL",
    "code": lambda x, _: x.order.code,
    "value": lambda x, _: Percentage(x.order.percent),
}
_AUTOMATIC_USE: dict[str, Resolver] = {
    "targetSelection": lambda _x, _: "ENTITLED",
    "title": lambda _x, _: "Loyal buyers",
    "value": lambda x, _: Coin(x.cents, SHOP_CURRENCY),
}
TYPES: dict[type, Type] = {
    Coin: Type("MoneyV2", {"amount": lambda x, _: decimal(x.cents), "currencyCode": lambda x, _: x.currency}),
    Bag: Type("MoneyBag", {"shopMoney": lambda x, _: x.shop, "presentmentMoney": lambda x, _: x.buyer}),
    Percentage: Type("PricingPercentageValue", {"percentage": lambda x, _: Decimal(x.value)}),
    CodeUse: Type("DiscountCodeApplication", _CODE_USE),
    AutomaticUse: Type("AutomaticDiscountApplication", _AUTOMATIC_USE),
    t.Order: Type("Order", _ORDER),
    t.Line: Type("LineItem", _LINE),
    t.Carriage: Type("ShippingLine", _CARRIAGE),
    t.Back: Type("Refund", _REFUND),
    t.BackLine: Type("RefundLineItem", _BACK_LINE),
    BackShipping: Type("RefundShippingLine", _BACK_SHIPPING),
    t.Movement: Type("OrderTransaction", _MOVEMENT),
    t.Parcel: Type("Fulfillment", _PARCEL),
    ParcelLine: Type("FulfillmentLineItem", _PARCEL_LINE),
    t.Homecoming: Type("Return", _HOMECOMING),
    HomeLine: Type("ReturnLineItem", _HOME_LINE),
}
