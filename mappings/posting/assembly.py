"""From amounts and rules to the lines of one balanced entry: accounts looked up, converted, rounded, and what is left over named.

Rounding: what a document puts on one role is summed exactly and rounded once, half-up, to the currency's smallest coin; what the
rounded lines then lack goes to the role Rounding. In a document of a foreign currency each sum is converted and rounded by itself, and
what is lacking goes on the largest line that is no control line, and into `Entry.adjusted`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from mappings.model.base import ZERO, Document
from mappings.model.money import rounded
from mappings.posting.books import Books, Setting
from mappings.posting.entry import Entry, Line
from mappings.posting.table import ROUNDING, Role, table
from mappings.problem import Problem


class Share(NamedTuple):
    """One amount with its role; signed: debit +, credit −, exact and in the document's currency."""

    role: str
    amount: Decimal
    component: str
    control: bool = False
    bridge: str = ""
    gateway: str = ""


@dataclass(slots=True)
class Occasion:
    """What one entry is about."""

    document: Document
    books: Books
    day: date
    amount: Decimal
    """What this leg counts of the document's amount, exact, in `currency`."""
    currency: str
    rest: str = ""
    """Name of the bridge for what the leg does not count; '' for a first leg."""
    problems: list[Problem] = field(default_factory=list)

    def setting(self, gateway: str) -> Setting:
        """What fills the placeholders of account names."""
        made = self.document
        return Setting(self.currency, gateway or getattr(made, "gateway", None) or "", getattr(made, "location", None) or "")

    def name(self) -> str:
        """How people call the document: `Order 1001`."""
        return f"{self.document.title} {self.document.number()}"

    def account(self, role: str, gateway: str) -> str:
        """The account for a role; a problem, and '', where there is none."""
        found = self.books.account(role, self.setting(gateway))
        if found is None:
            self.problems.append(_no_account(self.name(), role, self.books.accounts.get(role)))
        return found or ""


def _no_account(name: str, role: str, template: str | None) -> Problem:
    means = table().roles.get(role, Role("an account role of its own", "")).means
    if template is not None:
        return Problem(
            "POST-ACCOUNT",
            f"{name} goes to the account {template} ({role}: {means}), and the document does not say what fills it.",
            "Map the missing field, or give the role an account without a placeholder.",
            role,
        )
    return Problem(
        "POST-ACCOUNT",
        f"{name} needs an account for {role} ({means}), and the posting names none.",
        f"Add `{role}: <account>` to the posting's accounts.",
        role,
    )


def assemble(occasion: Occasion, shares: Sequence[Share]) -> Entry | None:
    """The entry; None where a problem was found (it is added to the occasion) or where nothing moves."""
    rate = _rate(occasion)
    if rate is None:
        return None
    lines, exact, bridge = _lines(occasion, shares, rate)
    if occasion.problems or not lines:
        return None
    foreign = occasion.currency != occasion.books.base_currency
    adjusted: dict[str, Decimal] = {}
    lacking = -sum((line.amount for line in lines), ZERO)
    if lacking and foreign:
        adjusted = _on_largest(lines, lacking)
    elif lacking:
        lines.append(Line(occasion.account(ROUNDING, ""), lacking, occasion.books.base_currency, "rounding", control=False))
        if occasion.problems:
            return None
    kept = [line for line in lines if line.amount] or _empty_pair(lines, exact)
    total = sum((line.amount for line in kept if line.control), ZERO)
    rest = total - occasion.amount - sum(bridge.values(), ZERO)
    if rest:
        bridge[occasion.rest or ("fx" if foreign else "rounding")] = rest
    return Entry(occasion.day, tuple(kept), bridge, adjusted)


def _rate(occasion: Occasion) -> Decimal | None:
    """Base currency for one unit; a problem, and None, where nobody knows it. All legs of a document are booked at one rate."""
    made, books = occasion.document, occasion.books
    stated = getattr(made, "exchange_rate", None) if getattr(made, "currency", None) == occasion.currency else None
    day = made.business_date or occasion.day
    rate = books.rate(occasion.currency, day, stated)
    if rate is None:
        say = f"{occasion.name()} of {day} is in {occasion.currency}, and no exchange rate to {books.base_currency} is known."
        fix = "Map the source's own rate to exchange_rate, or add the day's rate to the posting's rates."
        occasion.problems.append(Problem("POST-RATE", say, fix, "exchange_rate"))
    return rate


def _lines(occasion: Occasion, shares: Sequence[Share], rate: Decimal) -> tuple[list[Line], list[Decimal], dict[str, Decimal]]:
    """One line for each role, component and gateway in the order of their first share; their exact sums; the bridges that shares name."""
    sums: dict[tuple[str, str, bool, str, str], Decimal] = {}
    for role, amount, component, control, bridge, gateway in shares:
        key = (role, component, control, bridge, gateway)
        sums[key] = sums.get(key, ZERO) + amount
    base = occasion.books.base_currency
    lines, bridges = [], dict[str, Decimal]()
    for (role, component, control, bridge, gateway), amount in sums.items():
        booked = rounded(amount * rate, base)
        lines.append(Line(occasion.account(role, gateway), booked, base, component, control))
        if bridge and booked:
            bridges[bridge] = bridges.get(bridge, ZERO) - booked
    return lines, list(sums.values()), bridges


def _on_largest(lines: list[Line], lacking: Decimal) -> dict[str, Decimal]:
    """Put what is lacking on the largest line, rather on one that is no control line; the account and what it was given."""
    place = max(range(len(lines)), key=lambda index: (not lines[index].control, abs(lines[index].amount), -index))
    line = lines[place]
    lines[place] = line._replace(amount=line.amount + lacking)
    return {line.account: lacking}


def _empty_pair(lines: list[Line], exact: list[Decimal]) -> list[Line]:
    """Two lines of nothing, the control line and the largest other: a document of 0.001 is booked, not dropped."""
    by_size = sorted(range(len(lines)), key=lambda index: (not lines[index].control, -abs(exact[index]), index))
    control, *others = by_size
    largest = min(others, key=lambda index: (-abs(exact[index]), index), default=control)
    return [lines[index] for index in sorted({control, largest})]
