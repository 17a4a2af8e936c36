"""What a simulated shop is made of. Amounts are whole cents of the shop's currency; the buyer's is worked out where it is shown."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

US, UK = "US", "GB"


@dataclass(slots=True)
class Place:
    """A location."""

    id: int
    name: str
    country: str
    created: datetime
    updated: datetime
    online: bool = False
    active: bool = True


@dataclass(slots=True)
class Variant:
    """A variant with its inventory item; both have the same number here."""

    id: int
    product: Product
    sku: str
    option: str
    price: int
    cost: int
    updated: datetime
    tracked: bool = True
    stock: dict[int, int] = field(default_factory=dict)
    """Units by location."""


@dataclass(slots=True)
class Product:
    """A product with its variants."""

    id: int
    title: str
    vendor: str
    kind: str
    created: datetime
    updated: datetime
    gift_card: bool = False
    status: str = "ACTIVE"
    description: str = ""
    variants: list[Variant] = field(default_factory=list)


@dataclass(slots=True)
class Buyer:
    """A customer."""

    id: int
    first: str
    last: str
    email: str
    country: str
    created: datetime
    updated: datetime
    company: str = ""


@dataclass(slots=True)
class Line:
    """Goods of an order. `taxes` are (title, rate, cents) over all units; `removed` units were taken back or edited away."""

    id: int
    order: Order
    variant: Variant | None
    title: str
    sku: str
    quantity: int
    price: int
    discount: int = 0
    taxes: tuple[tuple[str, str, int], ...] = ()
    duty: int = 0
    gift_card: bool = False
    removed: int = 0

    @property
    def shipped(self) -> int:
        """Units that parcels took."""
        parcels = (parcel for parcel in self.order.parcels if parcel.status == "SUCCESS")
        return sum(units for parcel in parcels for _id, of, units in parcel.lines if of is self)

    @property
    def net(self) -> int:
        """After discount, all units."""
        return self.quantity * self.price - self.discount

    @property
    def tax(self) -> int:
        """All taxes, all units."""
        return sum(cents for _, _, cents in self.taxes)

    def share(self, units: int) -> tuple[int, int]:
        """Net and tax of the next `units` that go; what is left is always the rest, so that all units are the whole."""
        before, after = self.removed, self.removed + units
        net = part(self.net, after, self.quantity) - part(self.net, before, self.quantity)
        return net, part(self.tax, after, self.quantity) - part(self.tax, before, self.quantity)


@dataclass(slots=True)
class Carriage:
    """A shipping line."""

    id: int
    order: Order
    title: str
    price: int
    discount: int = 0
    taxes: tuple[tuple[str, str, int], ...] = ()

    @property
    def tax(self) -> int:
        """All taxes."""
        return sum(cents for _, _, cents in self.taxes)


@dataclass(slots=True)
class Movement:
    """A transaction: money that is asked for, taken or given back."""

    id: int
    order: Order
    kind: str
    gateway: str
    cents: int
    at: datetime
    status: str = "SUCCESS"
    parent: Movement | None = None
    fee: int = 0
    rounding: int = 0
    place: Place | None = None


@dataclass(slots=True)
class BackLine:
    """Goods of a refund."""

    id: int
    line: Line
    quantity: int
    restock: str
    net: int
    tax: int
    place: Place | None = None


@dataclass(slots=True)
class Back:
    """A refund."""

    id: int
    order: Order
    at: datetime
    lines: list[BackLine] = field(default_factory=list)
    shipping: list[tuple[int, Carriage, int, int]] = field(default_factory=list)
    """Id, shipping line, net, tax."""
    adjustments: list[tuple[int, int, str]] = field(default_factory=list)
    """Id, cents in the shop's favour, reason."""
    duties: int = 0
    note: str = ""
    paid: int = 0


@dataclass(slots=True)
class Parcel:
    """A fulfilment."""

    id: int
    order: Order
    at: datetime
    updated: datetime
    place: Place
    lines: list[tuple[int, Line, int]]
    tracking: str = ""
    status: str = "SUCCESS"


@dataclass(slots=True)
class Homecoming:
    """A return; with lines that go out in exchange."""

    id: int
    order: Order
    at: datetime
    lines: list[tuple[int, Parcel, int, int]]
    """Id, parcel, index of its line, units."""
    exchange: list[tuple[int, Line, int]] = field(default_factory=list)
    status: str = "OPEN"
    closed: datetime | None = None


@dataclass(slots=True)
class Order:
    """An order."""

    id: int
    number: int
    at: datetime
    updated: datetime
    buyer: Buyer | None
    place: Place | None
    """Where it was sold over the counter."""
    currency: str
    rate: Decimal
    """Units of the buyer's currency for one of the shop's."""
    inclusive: bool
    source: str = "web"
    lines: list[Line] = field(default_factory=list)
    shipping: list[Carriage] = field(default_factory=list)
    code: str = ""
    percent: str = ""
    tip: int = 0
    fees: list[Carriage] = field(default_factory=list)
    """Additional fees: they are made as shipping lines are."""
    rounding: int = 0
    movements: list[Movement] = field(default_factory=list)
    backs: list[Back] = field(default_factory=list)
    parcels: list[Parcel] = field(default_factory=list)
    returns: list[Homecoming] = field(default_factory=list)
    cancelled: datetime | None = None
    edited: bool = False
    test: bool = False
    note: str = ""

    @property
    def total(self) -> int:
        """What was ordered, whatever came back."""
        goods = sum(line.net + line.duty + (0 if self.inclusive else line.tax) for line in self.lines)
        carried = sum(each.price - each.discount + (0 if self.inclusive else each.tax) for each in (*self.shipping, *self.fees))
        return goods + carried + self.tip

    @property
    def tax(self) -> int:
        """All taxes."""
        return sum(line.tax for line in self.lines) + sum(each.tax for each in (*self.shipping, *self.fees))

    @property
    def returned(self) -> int:
        """What came back of it."""
        return sum(back_total(back) for back in self.backs)

    @property
    def received(self) -> int:
        """Money that was taken."""
        return sum(each.cents for each in self.movements if each.kind in ("SALE", "CAPTURE") and each.status == "SUCCESS")


@dataclass(slots=True)
class Payout:
    """What Shopify Payments sends to the bank."""

    id: int
    at: datetime
    status: str
    entries: list[Entry] = field(default_factory=list)


@dataclass(slots=True)
class Entry:
    """A balance transaction."""

    id: int
    at: datetime
    kind: str
    source: str
    cents: int
    fee: int
    order: Order | None = None
    movement: int | None = None
    payout: Payout | None = None


@dataclass(slots=True)
class Quarrel:
    """A dispute."""

    id: int
    order: Order
    cents: int
    at: datetime
    due: datetime
    kind: str = "CHARGEBACK"
    status: str = "NEEDS_RESPONSE"
    ended: datetime | None = None


@dataclass(slots=True)
class Happening:
    """An event of the shop's chronicle."""

    id: int
    action: str
    subject_type: str
    subject: str
    at: datetime


def back_total(back: Back) -> int:
    """What a refund takes off the order."""
    inclusive = back.order.inclusive
    goods = sum(each.net + (0 if inclusive else each.tax) for each in back.lines)
    carried = sum(net + (0 if inclusive else tax) for _, _, net, tax in back.shipping)
    return goods + carried + back.duties - sum(cents for _, cents, _ in back.adjustments)


def part(whole: int, units: int, of: int) -> int:
    """The share of so many units, in whole cents, half-up."""
    return int((Decimal(whole) * units / of).quantize(Decimal(1), ROUND_HALF_UP)) if of else 0


def gid(kind: str, number: Any) -> str:
    """An id as Shopify writes it."""
    return f"gid://shopify/{kind}/{number}"
