"""The fields of what a shop has besides orders: goods, buyers, places, stock, and the processor's account."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from taps.shopify.simulator import things as t
from taps.shopify.simulator.execute import Bare, Resolver, Type
from taps.shopify.simulator.search import stamp
from taps.shopify.simulator.views import SHOP_CURRENCY, Coin, Level, listed


def _coin(cents: int) -> Coin:
    return Coin(cents, SHOP_CURRENCY)


_PRODUCT: dict[str, Resolver] = {
    "id": lambda p, _: t.gid("Product", p.id),
    "legacyResourceId": lambda p, _: str(p.id),
    "createdAt": lambda p, _: stamp(p.created),
    "updatedAt": lambda p, _: stamp(p.updated),
    "title": lambda p, _: p.title,
    "description": lambda p, _: p.description,
    "vendor": lambda p, _: p.vendor,
    "productType": lambda p, _: p.kind,
    "status": lambda p, _: p.status,
    "isGiftCard": lambda p, _: p.gift_card,
    "tags": lambda p, _: [p.kind.lower()],
    "category": lambda p, _: None if p.gift_card else Bare("TaxonomyCategory", {"fullName": f"Home & Garden > {p.kind}"}),
    "variants": lambda p, _: listed(p.variants),
}
_VARIANT: dict[str, Resolver] = {
    "id": lambda v, _: t.gid("ProductVariant", v.id),
    "legacyResourceId": lambda v, _: str(v.id),
    "sku": lambda v, _: v.sku or None,
    "barcode": lambda v, _: f"40{v.id:011d}",
    "title": lambda v, _: v.option,
    "displayName": lambda v, _: f"{v.product.title} - {v.option}",
    "price": lambda v, _: f"{v.price // 100}.{v.price % 100:02d}",
    "position": lambda v, _: v.product.variants.index(v) + 1,
    "taxable": lambda v, _: not v.product.gift_card,
    "updatedAt": lambda v, _: stamp(v.updated),
    "selectedOptions": lambda v, _: [Bare("SelectedOption", {"name": "Size", "value": v.option})],
    "inventoryItem": lambda v, _: Item(v),
}


class Item:
    """InventoryItem: of a variant, with the same number."""

    __slots__ = ("of",)

    def __init__(self, of: t.Variant) -> None:
        self.of = of


class Account:
    """ShopifyPaymentsAccount."""

    __slots__ = ("disputes", "entries", "payouts")

    def __init__(self, payouts: Any, entries: Any, disputes: Any) -> None:
        self.payouts, self.entries, self.disputes = payouts, entries, disputes


def _levels(item: Item, places: Sequence[t.Place]) -> list[Level]:
    return [Level(item.of, place, item.of.stock[place.id]) for place in places if place.id in item.of.stock]


def _states(level: Level, names: Sequence[str]) -> list[Bare]:
    known = {"available": level.units, "on_hand": level.units, "committed": 0, "incoming": 0, "reserved": 0, "safety_stock": 0}
    return [Bare("InventoryQuantity", {"name": name, "quantity": known[name], "updatedAt": stamp(level.variant.updated)}) for name in names]


def _weight(item: Item) -> Bare | None:
    grams = Decimal(item.of.price % 900 + 100) / 1000
    weight = None if item.of.product.gift_card else Bare("Weight", {"value": grams, "unit": "KILOGRAMS"})
    return Bare("InventoryItemMeasurement", {"weight": weight})


_ITEM: dict[str, Resolver] = {
    "id": lambda i, _: t.gid("InventoryItem", i.of.id),
    "legacyResourceId": lambda i, _: str(i.of.id),
    "sku": lambda i, _: i.of.sku or None,
    "tracked": lambda i, _: i.of.tracked,
    "requiresShipping": lambda i, _: not i.of.product.gift_card,
    "updatedAt": lambda i, _: stamp(i.of.updated),
    "unitCost": lambda i, _: _coin(i.of.cost) if i.of.cost else None,
    "variants": lambda i, _: listed([i.of]),
    "measurement": lambda i, _: _weight(i),
}
_LEVEL: dict[str, Resolver] = {
    "id": lambda x, _: f"{t.gid('InventoryLevel', x.place.id)}?inventory_item_id={x.variant.id}",
    "isActive": lambda _x, _: True,
    "updatedAt": lambda x, _: stamp(x.variant.updated),
    "location": lambda x, _: x.place,
    "quantities": lambda x, given: _states(x, given["names"]),
}


def _place_address(place: t.Place) -> Bare:
    us = place.country == t.US
    return Bare(
        "LocationAddress",
        {
            "address1": "1 Market Square",
            "address2": None if place.online else "Shop 4",
            "city": "Albany" if us else "Bristol",
            "provinceCode": "NY" if us else "ENG",
            "zip": "12207",
            "countryCode": place.country,
        },
    )


_PLACE: dict[str, Resolver] = {
    "id": lambda p, _: t.gid("Location", p.id),
    "legacyResourceId": lambda p, _: str(p.id),
    "name": lambda p, _: p.name,
    "isActive": lambda p, _: p.active,
    "fulfillsOnlineOrders": lambda p, _: p.online,
    "isFulfillmentService": lambda _p, _: False,
    "createdAt": lambda p, _: stamp(p.created),
    "updatedAt": lambda p, _: stamp(p.updated),
    "address": lambda p, _: _place_address(p),
}


def _home(buyer: t.Buyer) -> Bare:
    us = buyer.country == t.US
    return Bare(
        "MailingAddress",
        {
            "company": buyer.company or None,
            "address1": f"{buyer.id % 90 + 1} Harbour Street",
            "address2": None if buyer.id % 3 else "Floor 2",
            "city": "Albany" if us else "Bristol",
            "province": "New York" if us else "England",
            "provinceCode": "NY" if us else "ENG",
            "zip": "12207" if us else "BS1 4DJ",
            "country": "United States" if us else "United Kingdom",
            "countryCodeV2": buyer.country,
        },
    )


_BUYER: dict[str, Resolver] = {
    "id": lambda b, _: t.gid("Customer", b.id),
    "legacyResourceId": lambda b, _: str(b.id),
    "createdAt": lambda b, _: stamp(b.created),
    "updatedAt": lambda b, _: stamp(b.updated),
    "displayName": lambda b, _: f"{b.first} {b.last}",
    "firstName": lambda b, _: b.first,
    "lastName": lambda b, _: b.last,
    "state": lambda _b, _: "ENABLED",
    "taxExempt": lambda b, _: bool(b.company),
    "tags": lambda b, _: ["trade"] if b.company else [],
    "defaultEmailAddress": lambda b, _: Bare(
        "CustomerEmailAddress", {"emailAddress": b.email, "marketingState": "SUBSCRIBED" if b.id % 3 else "NOT_SUBSCRIBED"}
    ),
    "defaultPhoneNumber": lambda b, _: Bare("CustomerPhoneNumber", {"phoneNumber": f"+1518555{b.id % 10_000:04d}"}),
    "defaultAddress": lambda b, _: _home(b),
}


def _sum(payout: t.Payout, *kinds: str) -> tuple[int, int]:
    """Gross and fees of some kinds of balance transactions."""
    mine = [entry for entry in payout.entries if entry.kind in kinds]
    return sum(entry.cents for entry in mine), sum(entry.fee for entry in mine)


def payout_net(payout: t.Payout) -> int:
    """What goes to the bank."""
    return sum(entry.cents - entry.fee for entry in payout.entries)


def _summary(payout: t.Payout) -> Bare:
    charges, charged = _sum(payout, "CHARGE")
    refunds, refunded = _sum(payout, "REFUND")
    adjusted, costs = _sum(payout, "DISPUTE_WITHDRAWAL", "DISPUTE_REVERSAL", "ADJUSTMENT")
    held, holding = _sum(payout, "RESERVE")
    values = {
        "adjustmentsFee": costs,
        "adjustmentsGross": adjusted,
        "advanceFees": 0,
        "advanceGross": 0,
        "chargesFee": charged,
        "chargesGross": charges,
        "refundsFee": refunded,
        "refundsFeeGross": refunds,
        "reservedFundsFee": holding,
        "reservedFundsGross": held,
        "retriedPayoutsFee": 0,
        "retriedPayoutsGross": 0,
        "usdcRebateCreditAmount": 0,
    }
    return Bare("ShopifyPaymentsPayoutSummary", {name: _coin(cents) for name, cents in values.items()})


_PAYOUT: dict[str, Resolver] = {
    "id": lambda p, _: t.gid("ShopifyPaymentsPayout", p.id),
    "legacyResourceId": lambda p, _: str(p.id),
    "issuedAt": lambda p, _: stamp(p.at),
    "status": lambda p, _: p.status,
    "transactionType": lambda p, _: "DEPOSIT" if payout_net(p) >= 0 else "WITHDRAWAL",
    "externalTraceId": lambda p, _: f"TRACE{p.id}" if p.status == "PAID" else None,
    "net": lambda p, _: _coin(payout_net(p)),
    "summary": lambda p, _: _summary(p),
}


def _of_payout(entry: t.Entry) -> Bare:
    payout = entry.payout
    known = {"id": t.gid("ShopifyPaymentsPayout", payout.id), "status": payout.status} if payout else {"id": None, "status": "PENDING"}
    return Bare("ShopifyPaymentsBalanceTransactionAssociatedPayout", known)


def _named(order: t.Order | None) -> Bare | None:
    if order is None:
        return None
    return Bare("ShopifyPaymentsAssociatedOrder", {"id": t.gid("Order", order.id), "name": f"#{order.number}"})


_ENTRY: dict[str, Resolver] = {
    "id": lambda e, _: t.gid("ShopifyPaymentsBalanceTransaction", e.id),
    "type": lambda e, _: e.kind,
    "sourceType": lambda e, _: e.source,
    "sourceId": lambda e, _: str(e.id + 500),
    "sourceOrderTransactionId": lambda e, _: str(e.movement) if e.movement else None,
    "transactionDate": lambda e, _: stamp(e.at),
    "test": lambda _e, _: False,
    "adjustmentReason": lambda _e, _: None,
    "amount": lambda e, _: _coin(e.cents),
    "fee": lambda e, _: _coin(e.fee),
    "net": lambda e, _: _coin(e.cents - e.fee),
    "associatedOrder": lambda e, _: _named(e.order),
    "associatedPayout": lambda e, _: _of_payout(e),
}
_QUARREL: dict[str, Resolver] = {
    "id": lambda q, _: t.gid("ShopifyPaymentsDispute", q.id),
    "legacyResourceId": lambda q, _: str(q.id),
    "type": lambda q, _: q.kind,
    "status": lambda q, _: q.status,
    "initiatedAt": lambda q, _: stamp(q.at),
    "evidenceDueBy": lambda q, _: stamp(q.due),
    "finalizedOn": lambda q, _: stamp(q.ended) if q.ended else None,
    "amount": lambda q, _: _coin(q.cents),
    "reasonDetails": lambda _q, _: Bare("ShopifyPaymentsDisputeReasonDetails", {"reason": "FRAUDULENT", "networkReasonCode": "4837"}),
    "order": lambda q, _: q.order,
}
_HAPPENING: dict[str, Resolver] = {
    "id": lambda h, _: t.gid("BasicEvent", h.id),
    "action": lambda h, _: h.action,
    "createdAt": lambda h, _: stamp(h.at),
    "subjectId": lambda h, _: h.subject,
    "subjectType": lambda h, _: h.subject_type,
}
SHOP_TYPES: dict[type, Type] = {
    t.Product: Type("Product", _PRODUCT),
    t.Variant: Type("ProductVariant", _VARIANT),
    Level: Type("InventoryLevel", _LEVEL),
    t.Place: Type("Location", _PLACE),
    t.Buyer: Type("Customer", _BUYER),
    t.Payout: Type("ShopifyPaymentsPayout", _PAYOUT),
    t.Entry: Type("ShopifyPaymentsBalanceTransaction", _ENTRY),
    t.Quarrel: Type("ShopifyPaymentsDispute", _QUARREL),
    t.Happening: Type("BasicEvent", _HAPPENING),
    Account: Type(
        "ShopifyPaymentsAccount",
        {
            "payouts": lambda a, given: a.payouts(given),
            "balanceTransactions": lambda a, given: a.entries(given),
            "disputes": lambda a, given: a.disputes(given),
        },
    ),
}


def item_type(places: Sequence[t.Place]) -> Type:
    """InventoryItem: its levels are those of the shop's places."""
    return Type(
        "InventoryItem",
        {
            **_ITEM,
            "inventoryLevels": lambda i, _: listed(_levels(i, places), lambda level: level.place.id),
            "inventoryLevel": lambda i, given: next(
                (level for level in _levels(i, places) if t.gid("Location", level.place.id) == given["locationId"]), None
            ),
        },
    )
