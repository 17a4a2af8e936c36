"""What is known of the statements of an account: which follow which, where one is missing, and how equal entries are told apart.

Two entries with the same reference, or without one the same day, amount and text, are told apart by their number: the first, the second.
Statements of the same days may overlap (two downloads), then they show the same entries and count them alike. Or one begins where the
other ended (pages, several statements a day), then they show different entries, and the later one counts on. Balances tell which: a
statement follows another whose closing balance is its opening one.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from mappings.problem import Problem
from taps.bank.statement import BOOKED, Bad, Entry, Item, Statement

_KEPT = 400
"""Newest statements of an account that are remembered."""
_EDGES = 5_000
"""Entries at the borders of an account's statements that are remembered."""
_NEAR = timedelta(days=7)
_SHOWN = 20


def mark_of(body: Mapping[str, Any]) -> str:
    """What an entry is recognised by in any file, but for its number among equal ones: day, then a digest."""
    reference = body.get("reference")
    text = " ".join((body.get("text") or body.get("remittance_reference") or "").split())
    told = (
        body["account"], body["currency"], body["booked_on"].isoformat(), f"{body['amount'].normalize():f}",
        "" if body["status"] == BOOKED else body["status"], reference or "", "" if reference else text,
    )  # fmt: skip
    return f"{told[2]}-{hashlib.sha256(chr(31).join(told).encode()).hexdigest()[:16]}"


@dataclass(slots=True)
class Known:
    """A statement that was read."""

    file: str
    account: str
    currency: str
    number: str
    opened_on: date | None
    opening: Decimal | None
    closed_on: date | None
    closing: Decimal | None
    digest: str = ""
    """Of its entries."""
    edge: dict[str, int] = field(default_factory=dict)
    """How often each mark stands on its first and its last day."""
    before: dict[str, int] = field(default_factory=dict)
    """How many equal entries were counted in statements that it does not overlap, by mark."""

    def same(self, other: Known) -> bool:
        """Whether both are one statement, whatever the files are called."""
        return self.digest == other.digest and all(
            getattr(self, name) == getattr(other, name) for name in ("account", "currency", "opened_on", "opening", "closed_on", "closing")
        )

    def follows(self, other: Known) -> bool:
        """Whether this one begins where the other ended."""
        if None in (self.opening, other.closing) or self.opened_on is None or other.closed_on is None or self.same(other):
            return False
        if (self.account, self.currency, self.opening) != (other.account, other.currency, other.closing):
            return False
        if (self.opening, self.opened_on) == (other.opening, other.opened_on) or (self.closing, self.closed_on) == (
            other.closing,
            other.closed_on,
        ):
            return False  # entries that cancel each other out: both begin, or end, at the same place, so one is a part of the other
        return self.opened_on >= other.closed_on or (self.opened_on, self.closed_on) == (other.opened_on, other.closed_on)

    def value(self) -> dict[str, Any]:
        """As it stands in the state."""
        plain = {name: getattr(self, name) for name in self.__slots__}
        return {name: str(held) if isinstance(held, Decimal | date) else held for name, held in plain.items() if held not in (None, {}, "")}

    @classmethod
    def of(cls, value: Mapping[str, Any]) -> Known:
        """From the state. KeyError, TypeError or ValueError for what is none."""
        made = {name: Decimal(value[name]) if name in value else None for name in ("opening", "closing")}
        days = {name: date.fromisoformat(value[name]) if name in value else None for name in ("opened_on", "closed_on")}
        texts = {name: str(value.get(name, "")) for name in ("file", "account", "currency", "number", "digest")}
        counts = {name: {str(mark): int(count) for mark, count in value.get(name, {}).items()} for name in ("edge", "before")}
        fields: dict[str, Any] = {**texts, **days, **made, **counts}
        return cls(**fields)


@dataclass(slots=True)
class Examined:
    """One statement of a file, with the sums over its entries."""

    statement: Statement
    marks: Counter[str] = field(default_factory=Counter)
    total: Decimal = Decimal(0)
    entries: int = 0
    damaged: int = 0
    foreign: int = 0
    """Entries in another currency than the balance."""

    def take(self, item: Entry | Bad) -> None:
        """Count one entry."""
        if isinstance(item, Bad):
            self.damaged += 1
            return
        self.marks[mark_of(item.body)] += 1
        if item.body["status"] == BOOKED:
            self.entries += 1
            self.total += item.body["amount"]
            self.foreign += item.body["currency"] != self.statement.currency

    def problems(self, name: str) -> Iterator[Problem]:
        """Opening + entries = closing, or the sentence that says what they differ by."""
        now = self.statement
        yield from now.notes
        if now.opening is None or now.closing is None:
            return
        which = f"statement {now.number} of account {now.account} in {name}"
        fix = "Have the bank send the statement again. Its entries are read as they stand."
        if now.closing_currency != now.currency:
            say = f"In {which} the opening balance is in {now.currency} and the closing balance in {now.closing_currency}: they cannot tie."
            yield Problem("READ-BALANCE", say, fix)
            return
        found = now.opening + self.total
        if found == now.closing:
            return
        more = f" {self.damaged} more cannot be read." if self.damaged else ""
        more += f" {self.foreign} of them are in another currency." if self.foreign else ""
        say = (
            f"In {which} the opening balance {now.opening} and {self.entries} entries of together {self.total} give {found}, but the "
            f"closing balance is {now.closing} {now.currency}: a difference of {now.closing - found}.{more}"
        )
        yield Problem("READ-BALANCE", say, fix)

    def known(self, file: str) -> Known:
        """What is remembered of it."""
        now = self.statement
        days = sorted({mark[:10] for mark in self.marks})
        edges = {days[0], days[-1]} if days else set()
        digest = hashlib.sha256(repr(sorted(self.marks.items())).encode()).hexdigest()[:16]
        edge = {mark: count for mark, count in self.marks.items() if mark[:10] in edges}
        return Known(
            file, now.account, now.currency, now.number, now.opened_on, now.opening, now.closed_on, now.closing, digest, edge
        )  # fmt: skip


def examine(items: Iterable[Item]) -> list[Examined]:
    """The statements of a file, in its order."""
    found: dict[int, Examined] = {}
    for item in items:
        if isinstance(item, Statement):
            found[id(item)] = Examined(item)
        else:
            found[id(item.statement)].take(item)
    return list(found.values())


def counted_before(new: Known, others: list[Known]) -> dict[str, int]:
    """By mark, how many equal entries stand in statements that lie before or behind this one without overlapping it."""
    same = next((other for other in others if other.same(new)), None)
    if same is not None:
        return same.before
    near = [other for other in others if other.account == new.account and _near(other, new)]
    before: dict[str, int] = {}
    for other in (*_linked(new, near, backwards=True), *_linked(new, near, backwards=False)):
        for mark, count in other.edge.items():
            if mark in new.edge:
                before[mark] = max(before.get(mark, 0), other.before.get(mark, 0) + count)
    return before


def _near(one: Known, other: Known) -> bool:
    if one.opened_on is None or one.closed_on is None or other.opened_on is None or other.closed_on is None:
        return False
    return one.closed_on + _NEAR >= other.opened_on and other.closed_on + _NEAR >= one.opened_on


def _linked(new: Known, near: list[Known], *, backwards: bool) -> list[Known]:
    """The chain of statements that ends where this one begins, or begins where it ends."""
    found: list[Known] = []
    ends = [new]
    while ends:
        end = ends.pop()
        for other in near:
            if (end.follows(other) if backwards else other.follows(end)) and not any(other is one for one in found):
                found.append(other)
                ends.append(other)
    return found


def kept(statements: list[Known]) -> list[Known]:
    """What is worth remembering: the newest statements of each account, and the borders of as many of them as fit."""
    counts: Counter[tuple[str, str]] = Counter()
    edges: Counter[tuple[str, str]] = Counter()
    found: list[Known] = []
    for one in reversed(sorted(statements, key=lambda one: one.closed_on or date.min)):  # noqa: C413 (reverse=True would turn equals round)
        account = (one.account, one.currency)
        counts[account] += 1
        edges[account] += len(one.edge)
        if counts[account] <= _KEPT:
            if edges[account] > _EDGES:
                one.edge = {}
            found.append(one)
    return found[::-1]


def gaps(statements: list[Known], present: set[str]) -> list[Problem]:
    """Where a statement of a file that is there begins with another balance than the one before it ended with."""
    found: list[Problem] = []
    accounts: dict[tuple[str, str], list[Known]] = {}
    for one in statements:
        accounts.setdefault((one.account, one.currency), []).append(one)
    for (account, currency), held in sorted(accounts.items()):
        for one in held:
            before = _gap_before(one, held) if one.file in present else None
            if before is not None and before.closing is not None and one.opening is not None:
                say = (
                    f"Account {account}: statement {before.number} in {before.file} closes on {before.closed_on} with {before.closing} "
                    f"{currency}, and the next one that is there, {one.number} in {one.file}, opens on {one.opened_on} with {one.opening}: "
                    f"entries of together {one.opening - before.closing} are missing between them."
                )
                found.append(Problem("READ-GAP", say, "Have the bank send the statements between these two, and put them with the others."))
    if len(found) > _SHOWN:
        say = f"There are {len(found) - _SHOWN} more gaps between statements."
        found = [*found[:_SHOWN], Problem("READ-GAP", say, "Begin with those that are named.")]
    return found


def _gap_before(one: Known, held: list[Known]) -> Known | None:
    """The statement that lies before the gap; None where there is none, or where this one is the first that is known."""
    if one.opened_on is None or one.opening is None:
        return None
    begin_alike = [other for other in held if (other.opened_on, other.opening) == (one.opened_on, one.opening)]
    later = [*begin_alike, *(follower for other in begin_alike for follower in _linked(other, held, backwards=False))]
    earlier = [other for other in held if not any(other is each for each in later)]
    ended: list[tuple[date, Known]] = []
    for other in earlier:
        if other.closing is None or other.opened_on is None or other.closed_on is None:
            continue
        if one.follows(other) or other.opened_on <= one.opened_on < other.closed_on:
            return None
        if other.closed_on <= one.opened_on:
            ended.append((other.closed_on, other))
    return max(ended, key=lambda pair: pair[0])[1] if ended else None
