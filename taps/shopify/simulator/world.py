"""A shop and what happens in it. Every happening moves `updated`, and the search follows by its lag."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

from taps.shopify.simulator.search import Search
from taps.shopify.simulator.things import (
    Back,
    BackLine,
    Buyer,
    Entry,
    Happening,
    Homecoming,
    Line,
    Movement,
    Order,
    Parcel,
    Payout,
    Place,
    Product,
    Quarrel,
    Variant,
    gid,
)

LAG = timedelta(seconds=8)
"""How far the search is behind the shop. Unconfirmed: nobody promises how far."""
PAYMENTS = "shopify_payments"
_RATE, _FLAT = Decimal("0.029"), 30


class Orders(dict[int, Order]):
    """Orders by id. `old` makes one that lies in an archive; it is kept only from `adopt` on."""

    old: Callable[[int], Order | None] = staticmethod(lambda _id: None)
    taken: Callable[[int], None] = staticmethod(lambda _id: None)

    def __missing__(self, order_id: int) -> Order:
        found = self.old(order_id)
        if found is None:
            raise KeyError(order_id)
        return found

    def get(self, order_id: int, default: Any = None) -> Any:
        """Out of the archive too: that of a dict does not ask `__missing__`."""
        try:
            return self[order_id]
        except KeyError:
            return default

    def adopt(self, order: Order) -> None:
        """From now on it is among the living."""
        if order.id not in self:
            self.taken(order.id)
            self[order.id] = order


class World:
    """One shop."""

    def __init__(self, clock: Callable[[], datetime], currency: str = "USD") -> None:
        self.clock = clock
        self.currency = currency
        self.places: list[Place] = []
        self.products: dict[int, Product] = {}
        self.buyers: dict[int, Buyer] = {}
        self.orders = Orders()
        self.payouts: list[Payout] = []
        self.entries: list[Entry] = []
        self.quarrels: list[Quarrel] = []
        self.events: list[Happening] = []
        self.found = {kind: Search(LAG) for kind in ("Order", "Product", "Customer")}
        self._numbers = count(1_000_001)
        self._order_numbers = count(1001)

    def number(self) -> int:
        """A new id."""
        return next(self._numbers)

    # ── what is there ──

    def add_product(self, product: Product) -> Product:
        """Put a product into the shop."""
        self.products[product.id] = product
        self.found["Product"].tell(product.id, product.updated, self.clock())
        return product

    def add_buyer(self, buyer: Buyer) -> Buyer:
        """A customer signs up."""
        self.buyers[buyer.id] = buyer
        self.found["Customer"].tell(buyer.id, buyer.updated, self.clock())
        return buyer

    def touch(self, thing: Order | Product | Buyer) -> None:
        """It has changed now."""
        thing.updated = self.clock()
        if isinstance(thing, Order):
            self.orders.adopt(thing)
        kind = {Order: "Order", Product: "Product", Buyer: "Customer"}[type(thing)]
        self.found[kind].tell(thing.id, thing.updated, self.clock())

    def delete(self, thing: Order | Product | Buyer) -> None:
        """It is gone; an event says so (that orders have such an event is unconfirmed)."""
        kind, held = {Order: ("Order", self.orders), Product: ("Product", self.products), Buyer: ("Customer", self.buyers)}[type(thing)]
        if isinstance(thing, Order):
            self.orders.adopt(thing)
        del held[thing.id]  # type: ignore[attr-defined]  # each of the three is a dict by id
        self.found[kind].drop(thing.id)
        self.events.append(Happening(self.number(), "destroy", kind.upper(), gid(kind, thing.id), self.clock()))

    # ── a sale ──

    def place_order(self, order: Order) -> Order:
        """A new order; its lines are made."""
        order.id, order.number = self.number(), next(self._order_numbers)
        for line in order.lines:
            self._stock(line.variant, order.place, -line.quantity)
        self.orders[order.id] = order
        self.found["Order"].tell(order.id, order.updated, self.clock())
        return order

    def pay(self, order: Order, gateway: str, cents: int | None = None, *, authorize: bool = False) -> Movement:
        """Money is taken: at once, or authorized and captured."""
        amount = order.total - order.received if cents is None else cents
        parent = None
        if authorize:
            parent = self._move(order, "AUTHORIZATION", gateway, amount)
        taken = self._move(order, "CAPTURE" if authorize else "SALE", gateway, amount, parent)
        self.touch(order)
        return taken

    def _move(self, order: Order, kind: str, gateway: str, cents: int, parent: Movement | None = None) -> Movement:
        made = Movement(self.number(), order, kind, gateway, cents, self.clock(), parent=parent, place=order.place)
        if gateway == "cash" and kind == "SALE":  # the amount is the sale's; what lies in the drawer is that and the rounding (unconfirmed)
            made.rounding = order.rounding
        order.movements.append(made)
        if gateway == PAYMENTS and kind in ("SALE", "CAPTURE", "REFUND") and not order.test:
            back = kind == "REFUND"
            made.fee = 0 if back else int(cents * _RATE) + _FLAT
            signed = -cents if back else cents
            source = "REFUND" if back else "CHARGE"
            self.entries.append(Entry(self.number(), self.clock(), source, source, signed, made.fee, order, made.id))
        return made

    def fulfil(self, order: Order, place: Place) -> Parcel | None:
        """What is not shipped yet goes out."""
        sent = {line.id: 0 for line in order.lines}
        for parcel in order.parcels:
            if parcel.status == "SUCCESS":
                for _, line, units in parcel.lines:
                    sent[line.id] += units
        rest = [(self.number(), line, left) for line in order.lines if (left := line.quantity - line.removed - sent[line.id]) > 0]
        if not rest:
            return None
        now = self.clock()
        parcel = Parcel(self.number(), order, now, now, place, rest, f"1Z{order.number:08d}")
        order.parcels.append(parcel)
        self.touch(order)
        return parcel

    def recall(self, parcel: Parcel) -> None:
        """A fulfilment is cancelled."""
        parcel.status, parcel.updated = "CANCELLED", self.clock()
        self.touch(parcel.order)

    # ── and back ──

    def refund(
        self,
        order: Order,
        units: Sequence[tuple[Line, int]],
        *,
        restock: str = "RETURN",
        shipping: bool = False,
        keep: int = 0,
    ) -> Back:
        """Goods, shipping and money go back; `keep` cents stay with the shop."""
        back = Back(self.number(), order, self.clock())
        for line, wanted in units:
            taken = min(wanted, line.quantity - line.removed)
            if taken > 0:
                net, tax = line.share(taken)
                back.lines.append(BackLine(self.number(), line, taken, restock, net, tax, self.places[0] if restock == "RETURN" else None))
                line.removed += taken
                if restock != "NO_RESTOCK":
                    self._stock(line.variant, order.place, taken)
        if shipping:
            back.shipping = [
                (self.number(), each, each.price - each.discount, sum(tax[2] for tax in each.taxes)) for each in order.shipping
            ]
        if keep:
            back.adjustments.append((self.number(), keep, "REFUND_DISCREPANCY"))
        order.backs.append(back)
        self._give_back(order, back)
        self.touch(order)
        return back

    def _give_back(self, order: Order, back: Back) -> None:
        paid_back = sum(each.cents for each in order.movements if each.kind == "REFUND")
        due = max(min(order.received - paid_back, order.received - paid_back - (order.total - order.returned)), 0)
        taken = next((each for each in order.movements if each.kind in ("SALE", "CAPTURE")), None)
        if due and taken is not None:
            back.paid = due
            self._move(order, "REFUND", taken.gateway, due, taken)

    def edit(self, order: Order, add: Line | None = None, remove: Line | None = None) -> None:
        """A person edits the order: a line more, or one unit less. What goes is a refund without money, as far as nothing was paid."""
        order.edited = True
        if add is not None:
            order.lines.append(add)
            self._stock(add.variant, order.place, -add.quantity)
        if remove is not None and remove.quantity > remove.removed:
            self.refund(order, [(remove, 1)], restock="CANCEL")
        self.touch(order)

    def cancel(self, order: Order) -> None:
        """Everything that has not gone out goes back, with the money."""
        order.cancelled = self.clock()
        self.refund(order, [(line, line.quantity) for line in order.lines], restock="CANCEL", shipping=not order.backs)

    def come_home(self, order: Order, exchange: Line | None = None) -> Homecoming | None:
        """One unit of what was shipped comes back; something else may go out for it."""
        parcel = next((each for each in order.parcels if each.status == "SUCCESS"), None)
        if parcel is None:
            return None
        back = Homecoming(self.number(), order, self.clock(), [(self.number(), parcel, 0, 1)])
        if exchange is not None:
            self.edit(order, add=exchange)
            back.exchange.append((self.number(), exchange, exchange.quantity))
        order.returns.append(back)
        self.refund(order, [(parcel.lines[0][1], 1)])
        back.status, back.closed = "CLOSED", self.clock()
        return back

    # ── the processor ──

    def pay_out(self) -> Payout | None:
        """What is on the balance goes to the bank; earlier payouts go on."""
        for payout in self.payouts:
            payout.status = {"SCHEDULED": "IN_TRANSIT", "IN_TRANSIT": "PAID"}.get(payout.status, payout.status)
        waiting = [entry for entry in self.entries if entry.payout is None]
        if not waiting:
            return None
        made = Payout(self.number(), self.clock(), "SCHEDULED", waiting)
        for entry in waiting:
            entry.payout = made
        self.payouts.append(made)
        return made

    def quarrel(self, order: Order) -> Quarrel:
        """The buyer's bank takes the money back for now; the processor charges 15.00."""
        now = self.clock()
        made = Quarrel(self.number(), order, order.received, now, now + timedelta(days=10))
        self.quarrels.append(made)
        self.entries.append(Entry(self.number(), now, "DISPUTE_WITHDRAWAL", "DISPUTE", -made.cents, 1500, order))
        self.touch(order)
        return made

    def settle(self, quarrel: Quarrel, *, won: bool) -> None:
        """The dispute ends."""
        quarrel.status, quarrel.ended = ("WON" if won else "LOST"), self.clock()
        if won:
            self.entries.append(Entry(self.number(), self.clock(), "DISPUTE_REVERSAL", "DISPUTE", quarrel.cents, -1500, quarrel.order))
        self.touch(quarrel.order)

    def _stock(self, variant: Variant | None, place: Place | None, units: int) -> None:
        if variant is not None and variant.tracked:
            at = (place or self.places[0]).id
            variant.stock[at] = variant.stock.get(at, 0) + units
