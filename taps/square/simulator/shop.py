"""A seller at Square as the simulator knows it: what there is, and what happens there."""

from __future__ import annotations

import random
from datetime import date, datetime, timedelta
from typing import Any

from taps._kit.simulator import Clock
from taps.square.moments import instant, written
from taps.square.simulator.tables import Table
from taps.square.simulator.tickets import Item, Tax, Ticket, money, rung_up, taken_back

Body = dict[str, Any]

_LATE = timedelta(seconds=10)
"""vendors.md §5: payments and refunds are eventually consistent, by seconds."""
_LATE_PROFILES = timedelta(seconds=45)
"""SearchCustomers: under 30 seconds normally, at times a minute."""

COUNTRIES: dict[str, tuple[str, Tax | None, int, tuple[tuple[str, str, str], ...]]] = {
    "US": (
        "USD",
        Tax("Sales tax", "8.875", inclusive=False),
        0,
        (("L1NEWYORK", "America/New_York", "NY"), ("L2LOSANGELES", "America/Los_Angeles", "CA")),
    ),
    "IE": ("EUR", Tax("VAT", "23", inclusive=True), 5, (("L1DUBLIN", "Europe/Dublin", "D"), ("L2CORK", "Europe/Dublin", "CO"))),
    "JP": ("JPY", Tax("Consumption tax", "10", inclusive=True), 0, (("L1TOKYO", "Asia/Tokyo", "13"),)),
}
"""Currency, tax, smallest coin and locations (id, zone, region) of a seller in that country."""


class Shop:
    """State of one seller, and its events. Every event happens at the clock's time."""

    def __init__(self, clock: Clock, country: str = "US") -> None:
        self.clock = clock
        self.country = country
        self.currency, self.tax, self.coin, places = COUNTRIES[country]
        self.count = 0
        self.orders = Table(clock, "updated_at")
        self.payments = Table(clock, "updated_at", _LATE)
        self.refunds = Table(clock, "updated_at", _LATE)
        self.customers = Table(clock, "created_at", _LATE_PROFILES)
        self.catalog = Table(clock, "updated_at")
        self.changes = Table(clock, "occurred_at")
        self.counts = Table(clock, "calculated_at")
        self.disputes = Table(clock, "created_at")
        self.payouts = Table(clock, "created_at")
        self.entries: dict[str, list[Body]] = {}
        self.gift_cards = Table(clock, "created_at")
        self.activities = Table(clock, "created_at")
        self.team = Table(clock, "created_at")
        self.jobs: list[Body] = [{"id": "JOB1", "title": "Cashier", "is_tip_eligible": True, "version": 1}]
        self.timecards = Table(clock, "start_at")
        self.drawers = Table(clock, "opened_at")
        self.drawer_events: dict[str, list[Body]] = {}
        self.locations: dict[str, Body] = {}
        for name, zone, region in places:
            self.open_location(name, zone, region)

    def now(self) -> str:
        """The clock, as Square writes it."""
        return written(self.clock())

    def new(self, prefix: str) -> str:
        """An id that was never used."""
        self.count += 1
        return f"{prefix}{self.count:08d}"

    def money(self, amount: int) -> Body:
        """An amount in the seller's currency."""
        return money(amount, self.currency)

    # ── places, people, goods ──

    def open_location(self, name: str, zone: str, region: str) -> Body:
        """A new location."""
        self.locations[name] = {
            "id": name,
            "name": name[2:].title(),
            "address": {"address_line_1": "1 Main Street", "administrative_district_level_1": region, "country": self.country},
            "timezone": zone,
            "capabilities": ["CREDIT_CARD_PROCESSING"],
            "status": "ACTIVE",
            "created_at": "2020-01-01T00:00:00Z",
            "merchant_id": "MERCHANT1",
            "country": self.country,
            "language_code": "en-US",
            "currency": self.currency,
            "business_name": "Marble & Moss",
            "type": "PHYSICAL",
        }
        return self.locations[name]

    def buyer(self, given: str, family: str, **more: Any) -> Body:
        """A new customer profile."""
        profile = {
            "id": self.new("CUS"),
            "created_at": self.now(),
            "updated_at": self.now(),
            "given_name": given,
            "family_name": family,
            "email_address": f"{given}.{family}@example.com".lower(),
            "creation_source": "DIRECTORY",
            "preferences": {"email_unsubscribed": False},
            "version": 1,
            **more,
        }
        return self.customers.put(profile)

    def article(self, name: str, price: int, sku: str | None, variations: int = 1, *, product_type: str = "REGULAR") -> Body:
        """A new item with its variations."""
        item_id = self.new("ITM")
        made = [self._variation(item_id, place, price, sku) for place in range(variations)]
        category = self.catalog.get("CAT1") or self.catalog.put(self._object("CATEGORY", "CAT1", category_data={"name": "House"}))
        data: Body = {"name": name, "description": f"{name}, hand made", "description_plaintext": f"{name}, hand made"}
        data |= {"product_type": product_type, "is_archived": False, "variations": made, "categories": [{"id": category["id"]}]}
        return self.catalog.put(self._object("ITEM", item_id, item_data=data))

    def _variation(self, item_id: str, place: int, price: int, sku: str | None) -> Body:
        data: Body = {"item_id": item_id, "name": f"Size {place + 1}", "ordinal": place, "pricing_type": "FIXED_PRICING"}
        data |= {"price_money": self.money(price + place), "track_inventory": True, "sellable": True, "stockable": True}
        if sku:
            data |= {"sku": f"{sku}-{place + 1}" if place else sku, "upc": "4006381333931"}
        return self._object("ITEM_VARIATION", self.new("VAR"), item_variation_data=data)

    def _object(self, kind: str, key: str, **data: Any) -> Body:
        return {
            "type": kind,
            "id": key,
            "updated_at": self.now(),
            "version": int(self.clock().timestamp() * 1000),
            "is_deleted": False,
            "present_at_all_locations": True,
            **data,
        }

    def reprice(self, item_id: str, price: int) -> None:
        """A new price for the first variation; only the variation says that it changed."""
        item = self.catalog.rows[item_id].body()
        first, *rest = item["item_data"]["variations"]
        changed = self._object(
            "ITEM_VARIATION", first["id"], item_variation_data={**first["item_variation_data"], "price_money": self.money(price)}
        )
        self.catalog.put({**item, "item_data": {**item["item_data"], "variations": [changed, *rest]}})

    def delist(self, item_id: str) -> None:
        """Delete an item with its variations; what is left says so."""
        item = self.catalog.rows[item_id].body()
        self.catalog.put({**item, "is_deleted": True, "updated_at": self.now(), "version": item["version"] + 1})

    def variations(self) -> list[Body]:
        """Every variation that can be sold."""
        items = [row for row in self.catalog.truth() if row["type"] == "ITEM" and not row["is_deleted"]]
        return [variation for item in items for variation in item["item_data"]["variations"]]

    # ── sales ──

    def ticket(self, chance: random.Random, **more: Any) -> Ticket:
        """Something to sell."""
        chosen = chance.choices(self.variations(), k=chance.randrange(1, 4))
        items = [
            Item(
                name=str(each["item_variation_data"]["name"]),
                price=each["item_variation_data"]["price_money"]["amount"],
                quantity=chance.randrange(1, 3),
                variation=each["id"],
            )
            for each in chosen
        ]
        return Ticket(items, self.currency, self.tax, **more)

    def sell(self, ticket: Ticket, location: str | None = None, *, source: str = "CARD", **more: Any) -> Body:
        """A sale that is paid at once: an order and its payment."""
        place = location or next(iter(self.locations))
        order: Body = {"id": self.new("ORD"), "location_id": place, "source": {"name": "Square Point of Sale"}, **rung_up(ticket), **more}
        payment = self.pay(order, source)
        tender = self.tender(order, payment)
        order |= {"tenders": [tender], "created_at": self.now(), "updated_at": self.now(), "closed_at": self.now()}
        order |= {"state": "COMPLETED", "version": 1, "net_amount_due_money": self.money(0)}
        self.orders.put(order)
        return order

    def tender(self, order: Body, payment: Body) -> Body:
        """A payment as its order shows it."""
        kind = payment["source_type"]
        tender = {"id": payment["id"], "payment_id": payment["id"], "location_id": order["location_id"], "transaction_id": order["id"]}
        tender |= {"created_at": payment["created_at"], "type": "CASH" if kind == "CASH" else "CARD"}
        tender |= {"amount_money": payment["total_money"], "tip_money": order["total_tip_money"]}
        if kind == "CASH":
            return {**tender, "cash_details": {"buyer_tendered_money": payment["total_money"], "change_back_money": self.money(0)}}
        return {**tender, "card_details": {"status": "CAPTURED", "entry_method": "EMV", "card": payment["card_details"]["card"]}}

    def pay(self, order: Body, source: str) -> Body:
        """An order is paid now."""
        return self.payments.put(self.paid(order, source, self.new("PAY"), self.now()))

    def paid(self, order: Body, source: str, payment_id: str, at: str) -> Body:
        """The payment of an order. The fee is Square's: 2.6 % and 10 units here, taken for granted by nobody."""
        total, tip = order["total_money"]["amount"], order["total_tip_money"]["amount"]
        payment: Body = {
            "id": payment_id,
            "created_at": at,
            "updated_at": at,
            "amount_money": self.money(total - tip),
            "tip_money": self.money(tip),
            "total_money": self.money(total),
            "approved_money": self.money(total),
            "status": "COMPLETED",
            "source_type": source,
            "location_id": order["location_id"],
            "order_id": order["id"],
            "receipt_number": "abcd",
            "version_token": "v1",
        }
        if order.get("customer_id"):
            payment["customer_id"] = order["customer_id"]
        if source == "CASH":
            payment["cash_details"] = {"buyer_supplied_money": self.money(total), "change_back_money": self.money(0)}
        else:
            payment["card_details"] = {
                "status": "CAPTURED",
                "entry_method": "EMV",
                "card": {"card_brand": "VISA", "last_4": "1111"},
            }
            fee = {"effective_at": at, "type": "INITIAL", "amount_money": self.money(total * 26 // 1000 + 10)}
            payment["processing_fee"] = [fee]
        return payment

    def touch(self, order_id: str) -> Body:
        """Change an order: a new version, moved to the end of every list by change."""
        order = self.orders.rows[order_id].body()
        return self.orders.put(
            {**order, "version": order["version"] + 1, "updated_at": self.now(), "ticket_name": f"v{order['version'] + 1}"}
        )

    def take_back(self, order_id: str, places: list[int], *, tip: int = 0, exchange: Ticket | None = None) -> Body:
        """Goods come back: a return order of its own (Square never changes the sale), and the money as a refund of the payment."""
        order = self.orders.rows[order_id].body()
        back = taken_back(order, places, tip=tip)
        payment = self.payments.rows[order["tenders"][0]["payment_id"]].body()
        amounts = back["return_amounts"]
        sold = rung_up(exchange) if exchange else {}
        owed = amounts["total_money"]["amount"] - (sold["total_money"]["amount"] if sold else 0)
        made: Body = {"id": self.new("ORD"), "location_id": order["location_id"], "source": {"name": "Square Point of Sale"}, **sold}
        made |= {"returns": [back], "return_amounts": amounts, "created_at": self.now(), "updated_at": self.now(), "closed_at": self.now()}
        made |= {"state": "COMPLETED", "version": 1}
        if owed > 0:
            refund = self._refund(payment, made["id"], owed)
            said = {"id": refund["id"], "location_id": order["location_id"], "transaction_id": order_id, "tender_id": payment["id"]}
            said |= {"created_at": self.now(), "reason": "Returned goods", "amount_money": self.money(owed), "status": "APPROVED"}
            made["refunds"] = [said]
        elif owed < 0:
            tendered = self.pay({**made, "total_money": self.money(-owed), "total_tip_money": self.money(0)}, "CARD")
            made["tenders"] = [self.tender(made, tendered)]
        return self.orders.put(made)

    def _refund(self, payment: Body, order_id: str, amount: int) -> Body:
        refund: Body = {
            "id": f"{payment['id']}_{self.new('REF')}",
            "status": "COMPLETED",
            "location_id": payment["location_id"],
            "unlinked": False,
            "destination_type": payment["source_type"],
            "amount_money": self.money(amount),
            "payment_id": payment["id"],
            "order_id": order_id,
            "reason": "Returned goods",
            "created_at": self.now(),
            "updated_at": self.now(),
        }
        if payment.get("processing_fee"):
            given_back = {"effective_at": self.now(), "type": "INITIAL", "amount_money": self.money(-(amount * 26 // 1000))}
            refund["processing_fee"] = [given_back]
        refunded = payment.get("refunded_money", {}).get("amount", 0) + amount
        self.payments.put(
            {
                **payment,
                "updated_at": self.now(),
                "refunded_money": self.money(refunded),
                "refund_ids": [*payment.get("refund_ids", []), refund["id"]],
            }
        )
        return self.refunds.put(refund)

    # ── settlement ──

    def settle(self, payments: list[Body], location: str, refunds: list[Body] | None = None, *, deposit_fee: int = 0) -> Body:
        """A payout of card payments, less fees and refunds; its entries add up to it (PayoutEntry: for a batch payout)."""
        payout_id = self.new("po_")
        entries = [self._entry(payout_id, "CHARGE", each, each["total_money"]["amount"], {"payment_id": each["id"]}) for each in payments]
        entries += [
            self._entry(
                payout_id, "REFUND", each, -each["amount_money"]["amount"], {"payment_id": each["payment_id"], "refund_id": each["id"]}
            )
            for each in refunds or []
        ]
        if deposit_fee:
            entries.append(self._entry(payout_id, "DEPOSIT_FEE", {}, -deposit_fee, {"payout_id": payout_id}))
        self.entries[payout_id] = entries
        net = sum(entry["net_amount_money"]["amount"] for entry in entries)
        payout: Body = {
            "id": payout_id,
            "status": "SENT",
            "location_id": location,
            "created_at": self.now(),
            "updated_at": self.now(),
            "amount_money": self.money(net),
            "destination": {"type": "BANK_ACCOUNT", "id": "bank1"},
            "version": 1,
            "type": "BATCH",
            "arrival_date": str(_day_after(self.clock())),
            "end_to_end_id": f"L2100000{self.count:08d}",
        }
        return self.payouts.put(payout)

    def _entry(self, payout_id: str, kind: str, source: Body, gross: int, details: Body) -> Body:
        fee = sum(each["amount_money"]["amount"] for each in source.get("processing_fee") or [])
        entry: Body = {"id": self.new("poe_"), "payout_id": payout_id, "effective_at": self.now(), "type": kind}
        entry |= {"gross_amount_money": self.money(gross), "fee_amount_money": self.money(fee), "net_amount_money": self.money(gross - fee)}
        return {**entry, f"type_{kind.lower()}_details": details}

    def payout_becomes(self, payout_id: str, status: str) -> Body:
        """A payout arrives, or the bank sends it back."""
        payout = self.payouts.rows[payout_id].body()
        return self.payouts.put({**payout, "status": status, "updated_at": self.now(), "version": payout["version"] + 1})


def _day_after(moment: datetime) -> date:
    return (instant(written(moment)) + timedelta(days=1)).date()
