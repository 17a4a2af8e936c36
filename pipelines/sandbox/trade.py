"""The truth of Meadow & Mill's trade as plain values: orders, payments, refunds, disputes, payouts, till receipts.

`exports` writes them as files and `expected` adds them up; neither reads a mapping.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import NamedTuple

from pipelines.sandbox.world import MONTH, RATE, Person, Product, cents

ZERO = Decimal(0)
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


def in_gbp(amount: Decimal, rate: Decimal | None) -> Decimal:
    """An amount in the currency of the books."""
    return cents(amount * rate) if rate else amount


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
    pays: str = ""
    """How it is paid where that is not left to chance: card, gift_card (and the rest by card), seashells, nothing."""

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
    """Money in for one order, by one means. The processors settle everything in GBP and keep their fee in GBP."""

    id: str
    order: str
    method: str
    gateway: str
    amount: Decimal
    currency: str
    at: datetime
    rate: Decimal | None
    """GBP for one USD as the sale was booked; None for GBP."""
    settled: Decimal
    """What the processor credited before its fee, in GBP."""
    fee: Decimal
    payout: str = ""


class Returned(NamedTuple):
    """Some pieces of one line of an order that come back, at the price of then."""

    line: int
    units: int
    gross: Decimal
    discount: Decimal
    tax: Decimal
    sku: str


@dataclass(slots=True)
class Refund:
    """Money back for some lines of a web order."""

    id: str
    order: str
    lines: list[Returned]
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
        return sum((line.tax for line in self.lines), ZERO)

    @property
    def total(self) -> Decimal:
        """What the customer gets."""
        goods = sum((line.gross - line.discount for line in self.lines), ZERO)
        return goods if self.inclusive else goods + self.tax

    @property
    def settled(self) -> Decimal:
        """What the processor took back, in GBP."""
        return in_gbp(self.total, self.rate)


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

    @property
    def settled(self) -> Decimal:
        """What the processor took back with its fee, in GBP."""
        return in_gbp(self.amount, self.rate) + in_gbp(self.fee, self.rate)


@dataclass(slots=True)
class Payout:
    """What a processor sends to the bank for a stretch of days, in GBP."""

    id: str
    gateway: str
    issued: datetime
    arrives: datetime
    gross: Decimal
    fees: Decimal
    refunds: Decimal
    disputes: Decimal

    @property
    def net(self) -> Decimal:
        """What arrives."""
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


@dataclass(slots=True)
class Receipt:
    """One till receipt, a sale or a return; prices include the tax."""

    number: str
    kind: str
    """SALE or RETURN; a return's lines are positive too."""
    store: str
    register: str
    cashier: str
    at: datetime
    lines: list[Line]
    tip: Decimal
    gift_cards: int
    """Gift cards sold on it, 25.00 each."""
    tender: str
    by_gift_card: Decimal
    rounding: Decimal
    """+ where the shop takes more than the goods cost."""
    customer: str = ""
    original: str = ""
    donation: Decimal = ZERO
    """For the hospice's box beside the till."""

    @property
    def tax(self) -> Decimal:
        """All tax of the receipt."""
        return sum((line.tax for line in self.lines), ZERO)

    @property
    def total(self) -> Decimal:
        """What the lines add up to, before cash rounding."""
        return sum((line.total for line in self.lines), ZERO) + self.tip + self.donation + 25 * self.gift_cards

    @property
    def paid(self) -> Decimal:
        """What the main tender took (or gave back)."""
        return self.total + self.rounding - self.by_gift_card


@dataclass(slots=True)
class Settlement:
    """A day's card takings of the tills, as the terminal's bank settles them."""

    id: str
    issued: datetime
    arrives: datetime
    gross: Decimal
    refunds: Decimal
    fees: Decimal

    @property
    def net(self) -> Decimal:
        """What arrives."""
        return self.gross - self.refunds - self.fees


@dataclass(slots=True)
class Till:
    """The month of the shops' tills."""

    receipts: list[Receipt] = field(default_factory=list)
    settlements: list[Settlement] = field(default_factory=list)
