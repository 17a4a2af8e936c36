"""A small web shop's life, as Vendure keeps it: amounts are whole cents, prices are without tax.

What an order's clock does was seen on a real server: it moves when goods are cancelled and never when an order is paid, shipped, refunded
or noted. Refunds leave the order as it is; what is cancelled makes it smaller.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from itertools import count

from taps._kit.simulator import Clock


@dataclass(slots=True)
class Variant:
    """Something that is sold."""

    id: int
    sku: str
    name: str
    price: int
    rate: int
    at: datetime
    on_hand: int = 0
    allocated: int = 0
    moves: list[tuple[int, datetime, str, int]] = field(default_factory=list)
    """Id, instant, type, units."""
    gone: bool = False


@dataclass(slots=True)
class Buyer:
    """A customer, who may be a guest."""

    id: int
    email: str
    at: datetime
    phone: str = ""
    gone: bool = False


@dataclass(slots=True)
class Line:
    """A line of an order."""

    id: int
    variant: Variant
    quantity: int
    placed: int
    fulfilled: int = 0

    @property
    def net(self) -> int:
        """Of all units, without tax."""
        return self.quantity * self.variant.price

    @property
    def gross(self) -> int:
        """Of all units, with tax."""
        return self.quantity * self.unit_gross

    @property
    def unit_gross(self) -> int:
        """Of one unit, with tax."""
        return with_tax(self.variant.price, self.variant.rate)


@dataclass(slots=True)
class Refund:
    """Money that goes back."""

    id: int
    at: datetime
    items: int
    shipping: int
    total: int
    reason: str
    lines: list[tuple[int, int]]
    """Id of the line, units."""
    state: str = "Pending"
    transaction: str = ""


@dataclass(slots=True)
class Payment:
    """Money that was asked for."""

    id: int
    at: datetime
    moved: datetime
    amount: int
    state: str = "Authorized"
    refunds: list[Refund] = field(default_factory=list)


@dataclass(slots=True)
class Parcel:
    """A fulfilment."""

    id: int
    at: datetime
    moved: datetime
    lines: list[tuple[int, int]]
    state: str = "Pending"


@dataclass(slots=True)
class Order:
    """One order, or a cart that was not placed."""

    id: int
    code: str
    buyer: Buyer
    at: datetime
    moved: datetime
    lines: list[Line]
    shipping: int
    carried: bool = True
    """Whether the shipping is still to be paid; cancelled, it stays on the order with a discount of all of it."""
    placed: datetime | None = None
    state: str = "AddingItems"
    payments: list[Payment] = field(default_factory=list)
    parcels: list[Parcel] = field(default_factory=list)
    history: list[tuple[int, datetime, str, dict[str, object]]] = field(default_factory=list)

    @property
    def total(self) -> int:
        """With tax."""
        return sum(line.gross for line in self.lines) + self.shipping_due

    @property
    def shipping_due(self) -> int:
        """What the shipping still costs."""
        return self.shipping if self.carried else 0

    @property
    def units(self) -> int:
        """Of all lines."""
        return sum(line.quantity for line in self.lines)


def with_tax(net: int, rate: int) -> int:
    """Rounded half up, as Vendure rounds a price."""
    return int((net * Decimal(100 + rate) / 100).quantize(Decimal(1), ROUND_HALF_UP))


class World:
    """The shop. Every method happens at the clock's now."""

    SHIPPING = 500

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.variants: dict[str, Variant] = {}
        self.buyers: dict[str, Buyer] = {}
        self.orders: list[Order] = []
        self.sessions: set[str] = set()
        self._ids = {name: count(1) for name in ("variant", "buyer", "order", "line", "payment", "refund", "parcel", "move", "entry")}

    def _next(self, what: str) -> int:
        return next(self._ids[what])

    # ── goods and people ──

    def offer(self, sku: str, name: str, price: int, rate: int, on_hand: int) -> Variant:
        """A new article with its first stock."""
        made = self.variants[sku] = Variant(self._next("variant"), sku, name, price, rate, self.clock())
        self.count(sku, on_hand)
        return made

    def count(self, sku: str, on_hand: int) -> None:
        """Somebody says how much is there; the article's own clock stands still."""
        variant = self.variants[sku]
        if on_hand != variant.on_hand:
            variant.moves.append((self._next("move"), self.clock(), "ADJUSTMENT", on_hand - variant.on_hand))
            variant.on_hand = on_hand

    def buyer(self, email: str) -> Buyer:
        """The customer of that address, made where there is none."""
        if email not in self.buyers or self.buyers[email].gone:
            self.buyers[email] = Buyer(self._next("buyer"), email, self.clock())
        return self.buyers[email]

    # ── orders ──

    def cart(self, email: str, wanted: list[tuple[str, int]]) -> Order:
        """A cart with an address and a way to ship it."""
        lines = [Line(self._next("line"), self.variants[sku], units, units) for sku, units in wanted]
        number = self._next("order")
        order = Order(number, f"SIM{number:05d}", self.buyer(email), self.clock(), self.clock(), lines, self.SHIPPING)
        self.orders.append(order)
        self._say(order, "ORDER_STATE_TRANSITION", {"from": "Created", "to": "AddingItems"})
        return order

    def place(self, email: str, wanted: list[tuple[str, int]]) -> Order:
        """An order whose payment is authorized."""
        order = self.cart(email, wanted)
        self._enter(order, "ArrangingPayment")
        payment = Payment(self._next("payment"), self.clock(), self.clock(), order.total)
        order.payments.append(payment)
        self._say(order, "ORDER_PAYMENT_TRANSITION", {"paymentId": payment.id, "from": "Created", "to": "Authorized"})
        order.placed = self.clock()
        self._enter(order, "PaymentAuthorized")
        for line in order.lines:
            line.variant.allocated += line.quantity
            line.variant.moves.append((self._next("move"), self.clock(), "ALLOCATION", line.quantity))
        return order

    def settle(self, order: Order) -> None:
        """The money is taken."""
        payment = order.payments[0]
        if payment.state == "Authorized" and order.state == "PaymentAuthorized":
            payment.state, payment.moved = "Settled", self.clock()
            self._say(order, "ORDER_PAYMENT_TRANSITION", {"paymentId": payment.id, "from": "Authorized", "to": "Settled"})
            self._enter(order, "PaymentSettled")

    def refund(
        self, order: Order, lines: list[tuple[int, int]], amount: int | None = None, *, shipping: int = 0, reason: str = ""
    ) -> Refund | None:
        """Money that is to go back, for units of lines (by their place) or a bare amount; None where it was not taken, or not so much."""
        payment = order.payments[0]
        chosen = [(order.lines[place], units) for place, units in lines]
        items = sum(units * line.unit_gross for line, units in chosen)
        total = items + shipping if amount is None else amount
        left = payment.amount - sum(each.total for each in payment.refunds if each.state != "Failed")
        if payment.state != "Settled" or not 0 < total <= left:
            return None
        made = Refund(self._next("refund"), self.clock(), items, shipping, total, reason, [(line.id, units) for line, units in chosen])
        payment.refunds.append(made)
        return made

    def settle_refund(self, order: Order, refund: Refund) -> None:
        """The money went back."""
        if refund.state == "Pending":
            refund.state, refund.transaction = "Settled", f"bank-{refund.id}"
            self._say(order, "ORDER_REFUND_TRANSITION", {"refundId": refund.id, "from": "Pending", "to": "Settled"})

    def fulfil(self, order: Order, lines: list[tuple[int, int]]) -> Parcel | None:
        """Goods are taken off the shelf for an order that is paid."""
        chosen = [(order.lines[place], units) for place, units in lines]
        if order.state in ("PaymentAuthorized", "Cancelled") or any(line.quantity - line.fulfilled < units for line, units in chosen):
            return None
        made = Parcel(self._next("parcel"), self.clock(), self.clock(), [(line.id, units) for line, units in chosen])
        for line, units in chosen:
            line.fulfilled += units
            line.variant.on_hand -= units
            line.variant.allocated -= units
            line.variant.moves.append((self._next("move"), self.clock(), "SALE", -units))
        order.parcels.append(made)
        self._say(order, "ORDER_FULFILLMENT_TRANSITION", {"fulfillmentId": made.id, "from": "Created", "to": "Pending"})
        return made

    def forward(self, order: Order, parcel: Parcel, state: str) -> None:
        """Shipped, then delivered."""
        if (parcel.state, state) not in (("Pending", "Shipped"), ("Shipped", "Delivered")):
            return
        self._say(order, "ORDER_FULFILLMENT_TRANSITION", {"fulfillmentId": parcel.id, "from": parcel.state, "to": state})
        parcel.state, parcel.moved = state, self.clock()
        there = sum(units for each in order.parcels if each.state in ("Delivered", state) for _, units in each.lines)
        self._enter(order, state if there == order.units else f"Partially{state}")

    def cancel(self, order: Order, lines: list[tuple[int, int]] | None = None, *, shipping: bool = True) -> None:
        """Units of lines, or all of them: the order gets smaller, what was shipped of it comes back."""
        chosen = [(order.lines[place], units) for place, units in lines] if lines else [(line, line.quantity) for line in order.lines]
        if order.state == "Cancelled" or any(units > line.quantity for line, units in chosen):
            return
        for line, units in chosen:
            back = min(units, line.fulfilled)
            line.quantity -= units
            line.fulfilled -= back
            line.variant.on_hand += back
            line.variant.allocated -= units - back
            if back:
                line.variant.moves.append((self._next("move"), self.clock(), "CANCELLATION", back))
        if shipping:
            order.carried = False
        order.moved = self.clock()
        self._say(order, "ORDER_CANCELLATION", {"shippingCancelled": shipping})
        if not order.units:
            self._enter(order, "Cancelled")

    def note(self, order: Order) -> None:
        """A note, which only the history shows."""
        self._say(order, "ORDER_NOTE", {"note": "seen"})

    def _enter(self, order: Order, state: str) -> None:
        if state != order.state:
            self._say(order, "ORDER_STATE_TRANSITION", {"from": order.state, "to": state})
            order.state = state

    def _say(self, order: Order, what: str, data: dict[str, object]) -> None:
        order.history.append((self._next("entry"), self.clock(), what, data))
