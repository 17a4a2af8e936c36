"""What a person does at a vendor over a finished month, and what the reconciliation must say of it: classes and amounts by number.

Each plant is written from the words of the classes and from what the vendor lets a person do, not from the engine.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import ClassVar, TypeVar

from pipelines.home.load import load
from pipelines.reconcile.report import Report
from pipelines.reconcile.run import reconcile
from tests._kit.books_month import CURRENCY, Month

AS_OF = datetime(2026, 2, 10, 23, tzinfo=UTC)
ZERO = Decimal(0)
TWIN = "TWIN-"
Told = Counter[tuple[str, str, frozenset[tuple[str, Decimal]]]]
_T = TypeVar("_T")


@dataclass
class ByHand:
    """The hand of one person: what it touched already, and what must be found."""

    sheet: ClassVar[str] = "ledger/money"

    month: Month
    seed: int
    before: Report
    """What is told already: that is left alone."""
    used: set[str] = field(default_factory=set)
    """Ids at the vendor."""
    expected: Told = field(default_factory=Counter)
    twins: set[str] = field(default_factory=set)
    """Numbers of what has amount and day of another."""
    planted: Counter[str] = field(default_factory=Counter)
    """By class."""

    def __post_init__(self) -> None:
        self.dice = random.Random(self.seed)
        abroad = {each.number for each in self.before.breaks}
        for name, key in (("orders", "number"), ("refunds", "id")):
            for line in (self.month.path / f"files/web/{name}.jsonl").read_text(errors="replace").splitlines():
                with suppress(ValueError):
                    row = json.loads(line)
                    if row["currency"] != CURRENCY:
                        abroad.add(row[key])
        self.left = frozenset(abroad)
        """Numbers of what is left alone: told before, or converted, so that its amounts are not told by component."""

    def must(self, number: str, **causes: Decimal | int | str) -> None:
        self.expected[self.sheet, number, frozenset((name, Decimal(str(amount))) for name, amount in causes.items())] += 1
        self.planted.update(causes.keys())

    def one(self, among: Iterable[_T], identity: Callable[[_T], str]) -> _T:
        """Something that nothing was planted in yet."""
        found = self.dice.choice([each for each in among if identity(each) not in self.used])
        self.used.add(identity(found))
        return found

    def cents(self) -> Decimal:
        return Decimal(self.dice.randint(1, 999)) / 100

    def moved(self, day: date) -> date:
        """Another day of the same month."""
        return self.dice.choice([day.replace(day=each) for each in range(2, 29) if each != day.day])

    def all(self, plants: Mapping[str, int]) -> None:
        """Plant so many of each, in any order."""
        plan = [name for name, count in plants.items() for _ in range(count)]
        self.dice.shuffle(plan)
        for name in plan:
            getattr(self, name)()


class AtBooks(ByHand):
    """Over books with invoices: what may be taken off one."""

    def without(self, role: str, cause: str) -> None:
        """Take the lines of a role's account off an invoice that has others too; the tax stays as it was entered."""

    def tip_removed(self) -> None:
        self.without("TipsPayable", "TIP")

    def gift_card_removed(self) -> None:
        self.without("GiftCardLiability", "GIFT_CARD")

    def discount_removed(self) -> None:
        self.without("Discounts", "DISCOUNT")

    def shipping_removed(self) -> None:
        self.without("ShippingIncome", "SHIPPING")


def look(month: Month) -> Report:
    return reconcile(load(month.path), month.hub, as_of=AS_OF)


def told(report: Report) -> Told:
    """Sheet, number, classes with amounts."""
    return Counter(
        (each.sheet, each.number, frozenset((cause.kind.value, cause.amount) for cause in each.causes)) for each in report.breaks
    )


def judge(hand: ByHand, after: Report) -> None:
    """All that was planted is found, and nothing else; nothing is unexplained.

    A fifth has two causes, a tenth the amount and day of another.
    """
    found = told(after) - told(hand.before)
    assert found - hand.expected == Counter(), "found what was not planted"
    assert hand.expected - found == Counter(), "planted and not found"
    assert told(hand.before) - told(after) == Counter(), "hidden by what was planted"
    assert set(after.unexplained.values()) == {ZERO}
    planted = [(number, causes) for (_sheet, number, causes), count in hand.expected.items() for _ in range(count)]
    assert 5 * sum(len(causes) > 1 for _number, causes in planted) >= len(planted)
    assert 10 * sum(number.startswith(TWIN) or number in hand.twins for number, _causes in planted) >= len(planted)
