"""One of everything that a seller's account can hold, for a first look and for those who check our fields against Square's."""

from __future__ import annotations

import random

from taps.square.simulator import floor
from taps.square.simulator.shop import Shop
from taps.square.simulator.tickets import Item, Ticket


def one_of_each(shop: Shop) -> None:
    """Let each kind of thing happen once: in the order of a day, the clock moving on between."""
    chance = random.Random(7)  # noqa: S311 (a day that can be repeated)
    place = next(iter(shop.locations))
    members = list(shop.team.truth()) or [floor.hire(shop, "Rosa", "Parks", "E-1")]
    buyer = shop.buyer("Ida", "Wells", phone_number="+15550100", address={"address_line_1": "5 Elm Street", "country": shop.country})
    sale = shop.sell(shop.ticket(chance, tip=500, discount_percentage="10", service_charge_percentage="5"), place, customer_id=buyer["id"])
    shop.clock.forward(minutes=5)
    shop.sell(shop.ticket(chance, cash_rounding=shop.coin), place, source="CASH", reference_id="WEB-7")
    shipped = _shipped(shop, place)
    shop.sell(Ticket([Item("Gift card", 5000, kind="GIFT_CARD"), Item("Alteration", 1200, kind="CUSTOM_AMOUNT")], shop.currency), place)
    floor.activity(shop, "ACTIVATE", place, 5000, 5000, order_id=shipped)
    shop.clock.forward(minutes=5)
    floor.activity(shop, "REDEEM", place, 1500, 3500, payment_id=sale["tenders"][0]["id"])
    shop.take_back(sale["id"], [0], tip=100)
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
        "address": {"address_line_1": "5 Elm Street", "locality": "Chicago", "postal_code": "60601", "country": shop.country},
    }
    details = {"recipient": recipient, "carrier": "UPS", "tracking_number": "1Z999", "placed_at": shop.now(), "shipped_at": shop.now()}
    fulfilment = {"uid": "ful1", "type": "SHIPMENT", "state": "COMPLETED", "line_item_application": "ALL", "shipment_details": details}
    order = shop.sell(
        Ticket([Item("Size 1", 1450, 2, shop.variations()[0]["id"])], shop.currency, shop.tax), place, fulfillments=[fulfilment]
    )
    return str(order["id"])
