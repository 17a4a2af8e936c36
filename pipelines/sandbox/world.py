# ruff: noqa: PLR2004 - the dice of an invented company need no names
"""Who and what Meadow & Mill is: products, customers, staff. Invented, seeded, the same on every machine.

Each part of the company has a random generator of its own, seeded by the part's name: a change in one part moves nothing in another.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

MONTH = date(2026, 1, 1)
"""The company goes live on this day; the exports cover this month, and a little of the one before."""
DAYS = 31
CENT = Decimal("0.01")
UK_STANDARD, UK_ZERO, US_STATE = "UK-STD", "UK-ZERO", "US-NY"
RATE = {UK_STANDARD: Decimal("0.20"), UK_ZERO: Decimal(0), US_STATE: Decimal("0.08"), "NONE": Decimal(0)}


def dice(part: str) -> random.Random:
    """A generator for one part of the company; text seeds give the same numbers on every version of Python that we support."""
    return random.Random(f"meadow-and-mill/{part}")  # noqa: S311 - a sample company needs no secret


def cents(value: Decimal) -> Decimal:
    """Half-up to two decimals, as accounting does it."""
    return value.quantize(CENT, ROUND_HALF_UP)


def moment(rng: random.Random, day: int, first_hour: int = 7, last_hour: int = 22) -> datetime:
    """A second within the given day of the month (0 is the first); London is on UTC in January."""
    start = datetime(MONTH.year, MONTH.month, MONTH.day, tzinfo=UTC) + timedelta(days=day)
    return start + timedelta(seconds=rng.randrange(first_hour * 3600, last_hour * 3600))


@dataclass(frozen=True, slots=True)
class Product:
    """One thing on the shelf. `gbp` includes UK tax, `usd` excludes sales tax, `cost` is in GBP."""

    sku: str
    title: str
    category: str
    tax: str
    gbp: Decimal
    usd: Decimal
    cost: Decimal


@dataclass(frozen=True, slots=True)
class Person:
    """A customer or an employee. Every name is invented; every address ends in a domain that nobody can own."""

    number: str
    first: str
    last: str
    email: str
    phone: str
    street: str
    city: str
    postcode: str
    country: str
    company: str = ""


@dataclass(frozen=True, slots=True)
class Shift:
    """One entry of the staff's time clock; times are London's."""

    number: str
    employee: str
    store: str
    start: datetime
    end: datetime
    unpaid_minutes: int

    @property
    def hours(self) -> Decimal:
        """Paid hours, to two decimals."""
        seconds = Decimal(int((self.end - self.start).total_seconds())) - self.unpaid_minutes * 60
        return cents(seconds / 3600)


@dataclass(slots=True)
class World:
    """Everything that stands before the first sale."""

    products: list[Product] = field(default_factory=list)
    customers: list[Person] = field(default_factory=list)
    staff: list[Person] = field(default_factory=list)
    shifts: list[Shift] = field(default_factory=list)


_KITCHEN = """Oak board|Bread knife|Enamel jug|Copper pan|Stoneware bowl|Pie dish|Salt pig|Rolling pin|Tea caddy|Milk pan|Egg basket
Linen apron|Butter dish|Pepper mill|Cake stand"""
_GARDEN = """Hand trowel|Seed drawer|Watering can|Terracotta pot|Twine reel|Pruning saw|Kneeling mat|Bird table|Cold frame|Bulb planter
Garden fork|Plant labels|Cloche|Potting bench|Rain gauge"""
_TEXTILES = """Wool throw|Linen sheet|Tea towel|Patchwork quilt|Cushion cover|Door curtain|Bath towel|Table runner|Oven glove|Napkin set
Lambswool scarf|Picnic rug|Draught excluder|Peg bag|Blanket"""
_PANTRY = """Heather honey|Rolled oats|Stoneground flour|Damson jam|Apple butter|Oatcakes|Cider vinegar|Spelt pasta|Pearl barley|Café blend
Quince paste|Nettle tea|Rye flakes|Mixed seeds"""
_SHELVES = {
    "KIT": ("Kitchen", UK_STANDARD, _KITCHEN),
    "GAR": ("Garden", UK_STANDARD, _GARDEN),
    "TEX": ("Textiles", UK_STANDARD, _TEXTILES),
    "PAN": ("Pantry", UK_ZERO, _PANTRY),
}
_FIRST = """Ada Bram Cora Dilys Edwin Flora Gwen Hector Iris Jonah Kitty Leopold Maud Ned Olive Piers Quilla Rufus Sybil Tobias"""
_LAST = """Ashdown Birtwhistle Cobbold Dunmore Elderfield Fenwick Gorsley Hathersage Inskip Jellicoe Kettlewell Larkrise"""
_STREETS = ("Mill Lane", "Orchard Row", "Weaver's Yard", "Long Meadow", "Kiln Street", "Tannery Road")
_CITIES = {"GB": (("Bath", "BA1 1ZZ"), ("York", "YO1 9ZZ"), ("Ludlow", "SY8 1ZZ"), ("Hebden Bridge", "HX7 8ZZ")),
           "US": (("Ithaca", "14850"), ("Saratoga Springs", "12866"))}  # fmt: skip
GIFT_CARD = "GIFT-25"


def _products() -> list[Product]:
    rng, made = dice("products"), []
    for code, (category, tax, titles) in _SHELVES.items():
        for n, title in enumerate(titles.replace("\n", "|").split("|"), 1):
            pounds = rng.randrange(3, 12) if code == "PAN" else rng.randrange(8, 90)
            gbp = Decimal(pounds) + Decimal(rng.choice(("0.00", "0.50", "0.95", "0.99")))
            made.append(Product(f"{code}-{n:03}", title, category, tax, gbp, cents(gbp * Decimal("1.15")), cents(gbp * Decimal("0.38"))))
    made.append(Product(GIFT_CARD, "Gift card", "Gift cards", "NONE", Decimal(25), Decimal(25), Decimal(0)))
    return made


def _person(rng: random.Random, number: str, used: set[str], country: str, domain: str) -> Person:
    first, last = rng.choice(_FIRST.split()), rng.choice(_LAST.split())
    while f"{first}.{last}" in used:
        first, last = rng.choice(_FIRST.split()), rng.choice(_LAST.split())
    used.add(f"{first}.{last}")
    city, postcode = rng.choice(_CITIES[country])
    phone = f"+44 1632 960{rng.randrange(1000):03}" if country == "GB" else f"+1 607 555 01{rng.randrange(100):02}"
    street = f"{rng.randrange(1, 99)} {rng.choice(_STREETS)}"
    return Person(number, first, last, f"{first}.{last}@{domain}".lower(), phone, street, city, postcode, country)


def _customers() -> list[Person]:
    rng, used = dice("customers"), set[str]()
    people = [_person(rng, f"C{1000 + n}", used, "US" if n % 4 == 3 else "GB", "example.org") for n in range(120)]
    firms = {6: "Ludlow Tea Rooms", 37: "Fenwick & Daughters", 71: "Ithaca Farm Supply", 98: "The Cheese Café"}
    return [p if n not in firms else _with_company(p, firms[n]) for n, p in enumerate(people)]


def _with_company(person: Person, company: str) -> Person:
    values = {name: getattr(person, name) for name in Person.__dataclass_fields__}
    return Person(**(values | {"company": company}))


def _staff() -> list[Person]:
    rng, used = dice("staff"), set[str]()
    return [_person(rng, f"E{n:02}", used, "GB", "meadowandmill.example") for n in range(1, 16)]


def _shifts(staff: list[Person]) -> list[Shift]:
    """Twenty a head, at most one a day; the last one runs over midnight (the stock-take)."""
    rng, made = dice("shifts"), []
    for n, person in enumerate(staff):
        for day in sorted(rng.sample(range(DAYS), 20)):
            start = moment(rng, day, 8, 11).replace(second=0)
            minutes = rng.randrange(4 * 60, 9 * 60, 5)
            unpaid = 30 if minutes >= 6 * 60 else 0
            made.append((start, person.number, f"S0{1 + n % 2}", start + timedelta(minutes=minutes), unpaid))
    made.sort()
    shifts = [Shift(f"T{n:04}", employee, store, start, end, unpaid) for n, (start, employee, store, end, unpaid) in enumerate(made, 1)]
    last = shifts[-1]
    night = last.start.replace(hour=20, minute=0)
    shifts[-1] = Shift(last.number, last.employee, last.store, night, night + timedelta(hours=7, minutes=30), 30)
    return shifts


def the_company() -> World:
    """Everything that stands before the first sale, made anew."""
    staff = _staff()
    return World(_products(), _customers(), staff, _shifts(staff))
