"""One of everything that a seller's account can hold, for a first look and for those who check our fields against Square's."""

from __future__ import annotations

import random

from taps.square.simulator import floor
from taps.square.simulator.shop import Shop
from taps.square.simulator.tickets import Item, Ticket

_ADDRESS = {
    "address_line_1": "5 Elm Street",
    "address_line_2": "Flat 2",
    "address_line_3": "Back house",
    "locality": "Chicago",
    "administrative_district_level_1": "IL",
    "postal_code": "60601",
}
_CARD_EVENTS: dict[str, dict[str, str]] = {
    "LOAD": {"order_id": "ORD1"},
    "REFUND": {"redeem_activity_id": "GCA1"},
    "UNLINKED_ACTIVITY_REFUND": {},
    "ADJUST_INCREMENT": {"reason": "COMPLIMENTARY"},
    "ADJUST_DECREMENT": {"reason": "SUSPICIOUS_ACTIVITY"},
    "IMPORT": {},
    "IMPORT_REVERSAL": {},
    "TRANSFER_BALANCE_TO": {"transfer_from_gift_card_id": "GC2"},
    "TRANSFER_BALANCE_FROM": {"transfer_to_gift_card_id": "GC2"},
}


def one_of_each(shop: Shop) -> None:
    """Let each kind of thing happen once: in the order of a day, the clock moving on between."""
    chance = random.Random(7)  # noqa: S311 (a day that can be repeated)
    place = next(iter(shop.locations))
    members = list(shop.team.truth()) or [floor.hire(shop, "Rosa", "Parks", "E-1")]
    buyer = shop.buyer(
        "Ida",
        "Wells",
        phone_number="+15550100",
        nickname="Idy",
        company_name="Wells & Daughters",
        reference_id="CRM-7",
        tax_ids={"eu_vat": "IE3426675K"},
        address=_ADDRESS | {"country": shop.country},
    )
    sale = shop.sell(shop.ticket(chance, tip=500, discount_percentage="10", service_charge_percentage="5"), place, customer_id=buyer["id"])
    shop.clock.forward(minutes=5)
    for cash in range(4):  # one of them is rounded where there are coins to round to
        shop.sell(shop.ticket(chance, cash_rounding=shop.coin), place, source="CASH", reference_id=f"WEB-{cash}")
    _elsewhere(shop, place)
    shipped = _shipped(shop, place)
    shop.sell(Ticket([Item("Gift card", 5000, kind="GIFT_CARD"), Item("Alteration", 1200, kind="CUSTOM_AMOUNT")], shop.currency), place)
    floor.activity(shop, "ACTIVATE", place, 5000, 5000, order_id=shipped)
    shop.clock.forward(minutes=5)
    floor.activity(shop, "REDEEM", place, 1500, 3500, payment_id=sale["tenders"][0]["id"])
    for kind, more in _CARD_EVENTS.items():
        floor.activity(shop, kind, place, 100, 3500, **more)
    shop.take_back(sale["id"], [0], tip=100)
    _odd_return(shop, sale["id"])
    payment = shop.payments.rows[sale["tenders"][0]["id"]].body()
    refunds = list(shop.refunds.truth())
    payout = shop.settle([payment], place, refunds, deposit_fee=75)
    shop.clock.forward(hours=20)
    shop.payout_becomes(payout["id"], "PAID")
    dispute = floor.dispute(shop, payment)
    floor.dispute_becomes(shop, dispute["id"], "WON")
    floor.work(shop, members[0], place, 8, tips=1500)
    floor.drawer(shop, place, opened=20000, sales=84530, paid_out=1250, counted=103005)
    variation = shop.variations()[0]["id"]
    floor.adjust(shop, variation, place, "12", "NONE", "IN_STOCK")
    floor.adjust(shop, variation, place, "1", "IN_STOCK", "WASTE")
    shop.clock.forward(minutes=5)


def _shipped(shop: Shop, place: str) -> str:
    """A sale of the web shop that was sent."""
    recipient = {
        "display_name": "Ida Wells",
        "email_address": "ida.wells@example.com",
        "phone_number": "+15550100",
        "address": _ADDRESS | {"country": shop.country},
    }
    details = {"recipient": recipient, "carrier": "UPS", "tracking_number": "1Z999", "placed_at": shop.now(), "shipped_at": shop.now()}
    fulfilment = {"uid": "ful1", "type": "SHIPMENT", "state": "COMPLETED", "line_item_application": "ALL", "shipment_details": details}
    order = shop.sell(
        Ticket([Item("Size 1", 1450, 2, shop.variations()[0]["id"])], shop.currency, shop.tax), place, fulfillments=[fulfilment]
    )
    return str(order["id"])


def _elsewhere(shop: Shop, place: str) -> None:
    """A sale with an extra on its line, paid with a cheque, of which a developer takes a share."""
    extra = {"uid": "mod1", "name": "Gift wrap", "base_price_money": shop.money(0), "total_price_money": shop.money(0)}
    order = shop.sell(Ticket([Item("Size 1", 1450, 1, shop.variations()[0]["id"])], shop.currency, shop.tax), place)
    shop.orders.put({**order, "line_items": [{**order["line_items"][0], "modifiers": [extra]}]})
    payment = shop.payments.rows[order["tenders"][0]["id"]].body()
    cheque = {name: value for name, value in payment.items() if name not in ("card_details", "processing_fee")}
    details = {"type": "CHECK", "source": "First Bank", "source_fee_money": shop.money(0)}
    shop.payments.put({**cheque, "source_type": "EXTERNAL", "external_details": details, "app_fee_money": shop.money(15)})


def _odd_return(shop: Shop, order_id: str) -> None:
    """A return of a service charge and an extra, rounded to the coins there are; without money, in an exchange of like for like."""
    nothing = shop.money(0)
    line = {
        "uid": "back1",
        "name": "Gift wrap",
        "quantity": "1",
        "item_type": "CUSTOM_AMOUNT",
        "total_money": nothing,
        "return_modifiers": [{"uid": "mod1", "name": "Gift wrap", "base_price_money": nothing, "total_price_money": nothing}],
    }
    charge = {"uid": "charge1", "name": "Service charge", "total_money": shop.money(105), "total_tax_money": nothing}
    back = {
        "uid": "return1",
        "source_order_id": order_id,
        "return_line_items": [line],
        "return_service_charges": [{**charge, "treatment_type": "LINE_ITEM_TREATMENT"}],
        "rounding_adjustment": {"uid": "rounding", "amount_money": shop.money(-5)},
        "return_amounts": {"total_money": shop.money(100), "tax_money": nothing},
    }
    place = next(iter(shop.locations))
    order = {"id": shop.new("ORD"), "location_id": place, "returns": [back], "return_amounts": back["return_amounts"], "state": "COMPLETED"}
    shop.orders.put({**order, "created_at": shop.now(), "updated_at": shop.now(), "closed_at": shop.now(), "version": 1})
