"""The world as the Admin API shows it: trees of values; a list with arguments is a function of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from taps.vendure.simulator.world import Buyer, Line, Order, Parcel, Payment, Refund, Variant, World

Tree = dict[str, Any]
_TAXES = {0: "shipping tax", 10: "Reduced Tax Europe", 20: "Standard Tax Europe"}
_ADDRESS = {
    "fullName": "Ann Buyer",
    "company": None,
    "streetLine1": "1 Ring",
    "streetLine2": None,
    "city": "Vienna",
    "province": None,
    "postalCode": "1010",
}
_LOCATION: Tree = {"id": "1", "name": "Default Stock Location", "description": "The default stock location"}


def exact(at: datetime) -> str:
    """To the millisecond, as orderPlacedAt is kept."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"


def stamp(at: datetime) -> str:
    """To the second, as SQLite keeps the clocks of rows."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def order_view(order: Order) -> Tree:
    """An order."""
    net = sum(line.net for line in order.lines)
    gross = sum(line.gross for line in order.lines)
    return {
        "id": str(order.id),
        "code": order.code,
        "type": "Regular",
        "state": order.state,
        "active": order.placed is None,
        "createdAt": stamp(order.at),
        "updatedAt": stamp(order.moved),
        "orderPlacedAt": exact(order.placed) if order.placed else None,
        "currencyCode": "USD",
        "couponCodes": [],
        "totalQuantity": order.units,
        "subTotal": net,
        "subTotalWithTax": gross,
        "shipping": order.shipping_due,
        "shippingWithTax": order.shipping_due,
        "total": net + order.shipping_due,
        "totalWithTax": order.total,
        "channels": [{"id": "1", "code": "__default_channel__"}],
        "customer": {"id": str(order.buyer.id), "emailAddress": order.buyer.email},
        "shippingAddress": {**_ADDRESS, "countryCode": "AT"},
        "billingAddress": {**_ADDRESS, "countryCode": "AT"},
        "taxSummary": _summary(order),
        "discounts": _uncarried(order),
        "lines": [_line(line) for line in order.lines],
        "surcharges": [],
        "shippingLines": [_shipping(order)],
        "payments": [_payment(payment) for payment in order.payments],
        "fulfillments": [_parcel(parcel) for parcel in order.parcels],
        "modifications": [],
        "history": _history(order),
    }


def _summary(order: Order) -> list[Tree]:
    found: dict[int, tuple[int, int]] = {}
    for rate, net, gross in [
        *((line.variant.rate, line.net, line.gross) for line in order.lines),
        (0, order.shipping_due, order.shipping_due),
    ]:
        base, tax = found.get(rate, (0, 0))
        found[rate] = (base + net, tax + gross - net)
    return [{"description": _TAXES[rate], "taxRate": rate, "taxBase": base, "taxTotal": tax} for rate, (base, tax) in found.items()]


def _line(line: Line) -> Tree:
    price, gross = line.variant.price, line.unit_gross
    priced = {
        "unitPrice": price,
        "unitPriceWithTax": gross,
        "proratedUnitPrice": price,
        "proratedUnitPriceWithTax": gross,
        "linePrice": line.net,
        "linePriceWithTax": line.gross,
        "proratedLinePrice": line.net,
        "proratedLinePriceWithTax": line.gross,
    }
    return {
        "id": str(line.id),
        "quantity": line.quantity,
        "orderPlacedQuantity": line.placed,
        **priced,
        "taxRate": line.variant.rate,
        "taxLines": [{"description": _TAXES[line.variant.rate], "taxRate": line.variant.rate}],
        "discounts": [],
        "productVariant": {"id": str(line.variant.id), "sku": line.variant.sku, "name": line.variant.name},
    }


def _shipping(order: Order) -> Tree:
    method = {"id": "1", "code": "standard-shipping", "name": "Standard Shipping"}
    prices = dict.fromkeys(("price", "priceWithTax"), order.shipping)
    due = dict.fromkeys(("discountedPrice", "discountedPriceWithTax"), order.shipping_due)
    return {"id": str(order.id), "shippingMethod": method, **prices, **due, "discounts": _uncarried(order)}


def _uncarried(order: Order) -> list[Tree]:
    if order.carried:
        return []
    off = {"adjustmentSource": "CANCEL_ORDER", "type": "OTHER", "description": "shipping cancellation"}
    return [{**off, "amount": -order.shipping, "amountWithTax": -order.shipping}]


def _payment(payment: Payment) -> Tree:
    return {
        "id": str(payment.id),
        "createdAt": stamp(payment.at),
        "updatedAt": stamp(payment.moved),
        "method": "standard-payment",
        "amount": payment.amount,
        "state": payment.state,
        "transactionId": f"card-{payment.id}",
        "errorMessage": None,
        "refunds": [_refund(refund) for refund in payment.refunds],
    }


def _refund(refund: Refund) -> Tree:
    return {
        "id": str(refund.id),
        "createdAt": stamp(refund.at),
        "updatedAt": stamp(refund.at),
        "items": refund.items,
        "shipping": refund.shipping,
        "adjustment": 0,
        "total": refund.total,
        "method": "standard-payment",
        "state": refund.state,
        "transactionId": refund.transaction or None,
        "reason": refund.reason,
        "lines": _parts(refund.lines),
    }


def _parcel(parcel: Parcel) -> Tree:
    return {
        "id": str(parcel.id),
        "createdAt": stamp(parcel.at),
        "updatedAt": stamp(parcel.moved),
        "state": parcel.state,
        "method": "DHL",
        "trackingCode": "T1",
        "lines": _parts(parcel.lines),
    }


def _parts(lines: Iterable[tuple[int, int]]) -> list[Tree]:
    return [{"orderLineId": str(number), "quantity": units} for number, units in lines]


def _history(order: Order) -> Callable[[Mapping[str, Any]], Tree]:
    def listed(given: Mapping[str, Any]) -> Tree:
        options = given.get("options") or {}
        wanted = ((options.get("filter") or {}).get("type") or {}).get("in")
        entries = [entry for entry in order.history if wanted is None or entry[2] in wanted]
        rows = [{"id": str(number), "type": what, "createdAt": stamp(at), "data": data} for number, at, what, data in entries]
        return {"totalItems": len(rows), "items": rows[: options.get("take")]}

    return listed


def buyer_view(buyer: Buyer) -> Tree:
    """A customer."""
    blank = dict.fromkeys(("company", "streetLine2", "province"), "")
    address = {**_ADDRESS, **blank, "id": str(buyer.id), "country": {"code": "AT"}, "phoneNumber": buyer.phone}
    return {
        "id": str(buyer.id),
        "createdAt": stamp(buyer.at),
        "updatedAt": stamp(buyer.at),
        "title": None,
        "firstName": "Ann",
        "lastName": "Buyer",
        "phoneNumber": buyer.phone or None,
        "emailAddress": buyer.email,
        "groups": [],
        "addresses": [{**address, "defaultShippingAddress": True, "defaultBillingAddress": True}],
    }


def variant_view(variant: Variant) -> Tree:
    """An article with its stock."""
    at = stamp(variant.at)
    product = {"id": str(variant.id), "createdAt": at, "updatedAt": at, "name": variant.name, "slug": variant.sku.lower()}
    level = {"id": str(variant.id), "createdAt": at, "updatedAt": at, "stockOnHand": variant.on_hand, "stockAllocated": variant.allocated}
    return {
        "id": str(variant.id),
        "createdAt": at,
        "updatedAt": at,
        "enabled": True,
        "sku": variant.sku,
        "name": variant.name,
        "trackInventory": "TRUE",
        "price": variant.price,
        "priceWithTax": variant.price * (100 + variant.rate) // 100,
        "currencyCode": "USD",
        "outOfStockThreshold": 0,
        "product": {**product, "description": "", "enabled": True},
        "options": [],
        "taxCategory": {"id": "1", "name": "Standard Tax"},
        "taxRateApplied": {"id": "1", "name": _TAXES[variant.rate], "value": variant.rate},
        "prices": [{"price": variant.price, "currencyCode": "USD"}],
        "stockLevels": [{**level, "stockLocation": {"id": "1", "name": _LOCATION["name"]}}],
        "stockMovements": _movements(variant),
    }


_KINDS = {"ADJUSTMENT": "StockAdjustment", "RETURN": "Return", "SALE": "Sale", "ALLOCATION": "Allocation", "CANCELLATION": "Cancellation"}


def _movements(variant: Variant) -> Callable[[Mapping[str, Any]], Tree]:
    def listed(given: Mapping[str, Any]) -> Tree:
        options = given.get("options") or {}
        found = [move for move in variant.moves if options.get("type") in (None, move[2])]
        rows = [
            {"__typename": _KINDS[what], "id": str(number), "createdAt": stamp(at), "type": what, "quantity": units}
            for number, at, what, units in found
        ]
        skip = options.get("skip") or 0
        return {"totalItems": len(rows), "items": rows[skip:][: options.get("take")]}

    return listed


def location_view(world: World) -> Tree:
    """The only place."""
    at = stamp(min((variant.at for variant in world.variants.values()), default=world.clock()))
    return {**_LOCATION, "createdAt": at, "updatedAt": at}
