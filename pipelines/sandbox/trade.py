"""The truth of Meadow & Mill's trade as plain values: orders, payments, refunds, disputes, payouts, till receipts.

`exports` writes them as files and `expected` adds them up; neither reads a mapping.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from pipelines.sandbox.world import CENT, DAYS, GIFT_CARD, MONTH, RATE, UK_STANDARD, US_STATE, Person, Product, World, cents, dice, moment

ZERO = Decimal(0)
DISPUTE_FEE = Decimal("15.00")
FIRST_MOMENT = datetime(MONTH.year, MONTH.month, MONTH.day, tzinfo=UTC)


@dataclass(slots=True)
class Line:
    """One line of an order or receipt. `discount` is in the same terms as the price (tax inside or not)."""

    sku: str
    title: str
    quantity: int
    price: Decimal
    discount: Decimal
    tax_code: str
    tax: Decimal
    inclusive: bool

    @property
    def gross(self) -> Decimal:
        """Price times quantity."""
        return self.price * self.quantity

    @property
    def total(self) -> Decimal:
        """What the customer pays for it, tax in."""
        return self.gross - self.discount + (ZERO if self.inclusive else self.tax)


def tax_of(amount: Decimal, code: str, *, inclusive: bool) -> Decimal:
    """Tax on an amount after discount, rounded half-up once."""
    rate = RATE[code]
    return cents(amount * rate / (1 + rate)) if inclusive else cents(amount * rate)


def line_of(product: Product, quantity: int, price: Decimal, discount: Decimal, *, inclusive: bool, tax_code: str | None = None) -> Line:
    """A line with its tax computed."""
    code = tax_code or product.tax
    tax = tax_of(price * quantity - discount, code, inclusive=inclusive)
    return Line(product.sku, product.title, quantity, price, discount, code, tax, inclusive)


@dataclass(slots=True)
class Order:
    """One web order as it stands at the end of the month."""

    id: str
    store: str
    placed: datetime
    customer: Person | None
    lines: list[Line]
    shipping: Decimal = ZERO
    shipping_tax: Decimal = ZERO
    tip: Decimal = ZERO
    code: str = ""
    rate: Decimal | None = None
    """GBP for one USD on the day; None for orders in GBP."""
    test: bool = False
    shipped: datetime | None = None
    earlier: list[Order] = field(default_factory=list)
    """Versions that the export shows before this one."""
    version: int = 1

    @property
    def currency(self) -> str:
        """Each of the two stores sells in one currency."""
        return "GBP" if self.store == "uk" else "USD"

    @property
    def inclusive(self) -> bool:
        """Whether tax is inside the prices."""
        return self.store == "uk"

    @property
    def tax(self) -> Decimal:
        """All tax of the order."""
        return sum((line.tax for line in self.lines), self.shipping_tax)

    @property
    def discount(self) -> Decimal:
        """All discounts of the order."""
        return sum((line.discount for line in self.lines), ZERO)

    @property
    def total(self) -> Decimal:
        """What the customer owes."""
        shipping = self.shipping + (ZERO if self.inclusive else self.shipping_tax)
        return sum((line.total for line in self.lines), ZERO) + shipping + self.tip


@dataclass(slots=True)
class Payment:
    """Money in for one order, by one means."""

    id: str
    order: str
    method: str
    gateway: str
    amount: Decimal
    currency: str
    fee: Decimal
    at: datetime
    rate: Decimal | None = None
    payout: str = ""


@dataclass(slots=True)
class Refund:
    """Money back; `lines` are (line index from 1, units, net of discount, tax)."""

    id: str
    order: str
    lines: list[tuple[int, int, Decimal, Decimal, Decimal]]
    """Line number, units, gross, discount share, tax share."""
    currency: str
    inclusive: bool
    method: str
    gateway: str
    at: datetime
    restock: bool
    rate: Decimal | None = None
    payout: str = ""

    @property
    def tax(self) -> Decimal:
        """Tax given back."""
        return sum((line[4] for line in self.lines), ZERO)

    @property
    def total(self) -> Decimal:
        """What the customer gets."""
        goods = sum((line[2] - line[3] for line in self.lines), ZERO)
        return goods if self.inclusive else goods + self.tax


@dataclass(slots=True)
class Dispute:
    """A chargeback in one of its states."""

    id: str
    payment: str
    order: str
    amount: Decimal
    fee: Decimal
    currency: str
    gateway: str
    opened: datetime
    lost: datetime
    rate: Decimal | None = None
    payout: str = ""


@dataclass(slots=True)
class Payout:
    """What a processor sends to the bank for a stretch of days; amounts in the processor's currency."""

    id: str
    gateway: str
    currency: str
    issued: datetime
    arrives: datetime
    gross: Decimal
    fees: Decimal
    refunds: Decimal
    disputes: Decimal
    rate: Decimal | None = None
    """GBP received for one USD; None where no currency is changed."""

    @property
    def net(self) -> Decimal:
        """What arrives, before currency."""
        return self.gross - self.fees - self.refunds - self.disputes


@dataclass(slots=True)
class Web:
    """The month of the web shop."""

    orders: list[Order] = field(default_factory=list)
    payments: list[Payment] = field(default_factory=list)
    refunds: list[Refund] = field(default_factory=list)
    disputes: list[Dispute] = field(default_factory=list)
    payouts: list[Payout] = field(default_factory=list)


def rate_on(day: datetime) -> Decimal:
    """GBP for one USD, four decimals, a gentle wave over the month."""
    return Decimal("0.7900") + Decimal((day.day * 7) % 11 - 5) / 1000


