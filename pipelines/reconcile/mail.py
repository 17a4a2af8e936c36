"""The mail of every morning: does it tie, and if not, what is to be done by whom. Composed here, sent by `pipelines.outbound.mail`.

One mail a company and day, also when all is well, and also when nothing ran: silence would look the same as a dead machine. It names
documents by their numbers and never a customer.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from email.message import EmailMessage
from html import escape
from typing import NamedTuple
from zoneinfo import ZoneInfo

from pipelines.reconcile.exports.extras import Work
from pipelines.reconcile.exports.totals import MONTHS, ends, gross, shown
from pipelines.reconcile.report import MONTH_OF_ROUNDING, ZERO, Break, Report
from pipelines.reconcile.words import MEANINGS, BreakClass, Status, WorkState

TOP = 5
WAITING = frozenset({BreakClass.TIMING, BreakClass.IN_TRANSIT, BreakClass.ROUNDING})
"""Classes that ask nothing of a person yet."""
LATE_DAYS = 3
"""Business days after which a payout that the bank has not booked is late."""
_KEY = 10
"""Digits of a key that a command is given."""
_NAMED = {"C62": "pieces", "HUR": "hours"}


@dataclass(frozen=True, slots=True)
class Flow:
    """What arrived, was posted, is held or in doubt, or was typed by hand at a place: count and value in one unit."""

    what: str
    unit: str
    count: int
    value: Decimal


class Balance(NamedTuple):
    """A clearing account beside its processor."""

    name: str
    unit: str
    books: Decimal
    processor: Decimal


class Drawer(NamedTuple):
    """A store's drawers: + is over, − is short."""

    store: str
    unit: str
    difference: Decimal | None
    """None: not one of them was counted."""
    uncounted: int = 0
    """Shifts whose cash nobody has counted yet."""


class Statement(NamedTuple):
    """The newest statement of an account at a bank."""

    account: str
    """Connection and the number's last signs."""
    unit: str
    on: date | None
    closing: Decimal | None
    why: str = ""
    """Why no balance is known."""


class Due(NamedTuple):
    """A period that is to be certified next, which locks it."""

    period: str
    on: date


class Ending(NamedTuple):
    """A token, consent, certificate or version that ends."""

    what: str
    on: date


@dataclass(frozen=True, slots=True)
class DayFacts:
    """What a morning's mail says beside the reports. What is None was not counted, and is left out."""

    company: str
    """As it stands in the register."""
    day: date
    """The business day that the mail is about."""
    flow: tuple[Flow, ...] = ()
    clearing: tuple[Balance, ...] | None = None
    """None: taken from the waterfalls called clearing."""
    closed: tuple[str, ...] = ()
    """Sentences: what changed in periods that are closed."""
    duplicates_prevented: int | None = None
    hand_typed: tuple[Flow, ...] | None = None
    """Since yesterday. None: what no source knows and is dated since yesterday."""
    drawers: tuple[Drawer, ...] = ()
    ending: tuple[Ending, ...] = ()
    statements: tuple[Statement, ...] = ()
    next_lock: Due | None = None
    last_run: str = ""
    """When there is no report: what is known of the last run."""
    work: Mapping[str, Work] = field(default_factory=dict)
    """Who works on a break, by its key."""
    link: str = "counterfoil breaks show {key}"
    """What shows a break, with {key} in it: a command, or an address."""


class Section(NamedTuple):
    """A title with rows of cells; the last cell of a row may be an address."""

    title: str
    rows: tuple[tuple[str, ...], ...]


def compose(reports: Sequence[Report], facts: DayFacts) -> EmailMessage:
    """The mail about the reports of one company, without sender and receivers."""
    message = EmailMessage()
    message["Subject"] = " ".join(subject(reports, facts).split())
    found = [section for section in sections(reports, facts) if section.rows]
    message.set_content(_as_text(message["Subject"], found))
    message.add_alternative(_as_html(message["Subject"], found), subtype="html")
    return message


def subject(reports: Sequence[Report], facts: DayFacts) -> str:
    """`EU Ltd, 14 Jan: ties, 0.00 unexplained`, or what is to be done: `EU Ltd, 14 Jan: ACTION 3 items, 412.50 EUR`."""
    about = f"{facts.company}, {_day(facts.day)}:"
    if not reports:
        return f"{about} NO RUN"
    unexplained = _by_unit((unit, amount) for report in reports for unit, amount in report.unexplained.items())
    if any(report.status is Status.INVALID for report in reports):
        return f"{about} INVALID, {_sums(unexplained) or '0.00'} unexplained"
    todo = _todo(_breaks(reports), facts)
    if not todo:
        return f"{about} ties, {_sums(unexplained) or '0.00'} unexplained"
    value = _by_unit((each.unit, abs(each.difference)) for each in todo)
    return f"{about} ACTION {len(todo)} item{'s' if len(todo) > 1 else ''}, {_sums(value) or '0.00'}"


def acts(each: Break) -> bool:
    """Whether a person must act on it: it is not merely on its way, or it is late, or rounding has grown beyond its limit."""
    kinds = {cause.kind for cause in each.causes}
    return each.kind == MONTH_OF_ROUNDING or not kinds <= WAITING or (BreakClass.IN_TRANSIT in kinds and each.age > LATE_DAYS)


def _todo(breaks: Sequence[Break], facts: DayFacts) -> list[Break]:
    """Breaks that wait for a person, and that no person has settled."""
    settled = (WorkState.RESOLVED, WorkState.CLOSED)
    return [each for each in breaks if acts(each) and not (each.key in facts.work and facts.work[each.key].state in settled)]


def sections(reports: Sequence[Report], facts: DayFacts) -> Iterator[Section]:
    """Everything that the mail says, in its order; a section without rows is left out."""
    if not reports:
        said = facts.last_run or "No run is on record."
        yield Section("Nothing was reconciled", ((f"{said} Nothing is known of this day: look at the machine, then run again.",),))
    breaks = _breaks(reports)
    yield Section("What to do first", tuple(_first(breaks, facts)))
    yield Section("The day", tuple((each.what, f"{each.count:,}", _money(each.value, each.unit)) for each in facts.flow))
    yield Section("Clearing against the processor", tuple(_clearing(reports, facts)))
    yield Section("Payouts and the bank", (*_transit(breaks), *_arrived(reports), *_stated(facts.statements)))
    yield Section("Closed periods", tuple(_closed(reports, facts)))
    if facts.duplicates_prevented is not None:
        yield Section("Duplicates prevented", ((f"{facts.duplicates_prevented:,}",),))
    yield Section("Typed by hand since yesterday", tuple(_typed(breaks, facts)))
    yield Section("Drawers", tuple((each.store, _over_short(each)) for each in facts.drawers))
    yield Section("Ends soon", tuple((each.what, each.on.isoformat()) for each in sorted(facts.ending, key=lambda each: each.on)))
    if facts.next_lock:
        late = "overdue" if facts.next_lock.on < facts.day else ""
        yield Section("Next lock of the books", ((facts.next_lock.period, f"due {facts.next_lock.on}", late),))
    yield Section("Read with it", tuple((note,) for report in reports for note in report.notes))
    yield Section("Runs", tuple((report.run, report.period or "everything", _local(report)) for report in reports))


def _breaks(reports: Sequence[Report]) -> list[Break]:
    """Each break once, those that need a person first, then by |difference|."""
    found = {each.key: each for report in reports for each in report.breaks}
    return sorted(found.values(), key=lambda each: (not acts(each), -abs(each.difference), each.key))


def _first(breaks: Sequence[Break], facts: DayFacts) -> Iterator[tuple[str, ...]]:
    todo = _todo(breaks, facts)
    for each in todo[:TOP]:
        meaning = MEANINGS[each.causes[0].kind] if each.causes else MEANINGS[BreakClass.UNKNOWN]
        work = facts.work.get(each.key)
        owner = (work.owner if work else "") or meaning.owner
        days = f"{each.age} business day{'' if each.age == 1 else 's'}"
        link = facts.link.replace("{key}", each.key if facts.link.startswith("https://") else each.key[:_KEY])
        yield (f"{each.kind} {each.number}".strip(), meaning.title, _money(each.difference, each.unit), owner, days, link)
    if len(todo) > TOP:
        rest = todo[TOP:]
        yield (f"and {len(rest)} more, {_sums(_by_unit((each.unit, abs(each.difference)) for each in rest))}",)


def _clearing(reports: Sequence[Report], facts: DayFacts) -> Iterator[tuple[str, ...]]:
    if facts.clearing is not None:
        for each in facts.clearing:
            agrees = "agrees" if each.books == each.processor else f"differs by {_money(each.books - each.processor, each.unit)}"
            yield (each.name, f"books {_money(each.books, each.unit)}", f"processor {_money(each.processor, each.unit)}", agrees)
        return
    for fall in (fall for report in reports for fall in report.waterfalls if fall.name in ("clearing", "clearing_of")):
        broken = sum((line.amount for line in fall.lines if line.role == "break"), ZERO)
        agrees = "agrees" if not broken and not fall.unexplained else f"differs by {_money(broken + fall.unexplained, fall.unit)}"
        yield (fall.title, f"closing {_money(ends(fall)[1], fall.unit)}", agrees)


def _transit(breaks: Sequence[Break]) -> Iterator[tuple[str, ...]]:
    moving = [each for each in breaks if any(cause.kind is BreakClass.IN_TRANSIT for cause in each.causes)]
    for name, found in (
        ("in transit", [each for each in moving if each.age <= LATE_DAYS]),
        (f"late, more than {LATE_DAYS} business days", [each for each in moving if each.age > LATE_DAYS]),
    ):
        for unit in sorted({each.unit for each in found}):
            mine = [each for each in found if each.unit == unit]
            yield (name, f"{len(mine):,}", _money(gross(mine), unit))


def _arrived(reports: Sequence[Report]) -> Iterator[tuple[str, ...]]:
    """What the payouts should have brought to the bank beside what it booked; what is on its way is no difference."""
    for fall in (fall for report in reports for fall in report.waterfalls if fall.sheet.startswith("bank/")):
        expected, booked = ends(fall)
        broken = [line for line in fall.lines if line.role == "break" and line.note not in WAITING]
        differs = sum((line.amount for line in broken), ZERO) + fall.unexplained
        said = f"differs by {_money(differs, fall.unit)}" if broken or fall.unexplained else "agrees"
        yield (fall.sheet, f"payouts {_money(expected, fall.unit)}", f"bank {_money(booked, fall.unit)}", said)


def _stated(statements: Iterable[Statement]) -> Iterator[tuple[str, ...]]:
    for each in statements:
        if each.closing is None:
            yield (each.account, f"balance not known: {each.why}")
        else:
            yield (each.account, f"balance {_money(each.closing, each.unit)}", f"of {each.on}")


def _closed(reports: Sequence[Report], facts: DayFacts) -> Iterator[tuple[str, ...]]:
    yield from ((sentence,) for sentence in facts.closed)
    for report in reports:
        if report.late:
            value = _sums(_by_unit((each.unit, abs(each.difference)) for each in report.late))
            yield (f"{report.period or 'earlier'}: {len(report.late):,} events came after it was certified, {value}",)


def _typed(breaks: Sequence[Break], facts: DayFacts) -> Iterator[tuple[str, ...]]:
    if facts.hand_typed is not None:
        yield from ((each.what, f"{each.count:,}", _money(each.value, each.unit)) for each in facts.hand_typed)
        return
    unknown = [each for each in breaks if any(cause.kind is BreakClass.MISSING_IN_SOURCE for cause in each.causes)]
    mine = [each for each in unknown if each.on and (facts.day - each.on).days <= 1]
    for unit in sorted({each.unit for each in mine}):
        found = [each for each in mine if each.unit == unit]
        yield ("not known at any source", f"{len(found):,}", _money(gross(found), unit))


def _over_short(drawer: Drawer) -> str:
    waiting = f"{drawer.uncounted} not counted yet" if drawer.uncounted else ""
    if drawer.difference is None:
        return waiting
    side = "over" if drawer.difference > 0 else "short"
    found = f"{side} {_money(abs(drawer.difference), drawer.unit)}" if drawer.difference else "to the cent"
    return ", ".join(filter(None, (found, waiting)))


def _by_unit(parts: Iterable[tuple[str, Decimal]]) -> dict[str, Decimal]:
    found: dict[str, Decimal] = {}
    for unit, amount in parts:
        found[unit] = found.get(unit, ZERO) + amount
    return found


def _sums(found: Mapping[str, Decimal]) -> str:
    return ", ".join(_money(amount, unit) for unit, amount in sorted(found.items()) if amount)


def _money(amount: Decimal, unit: str) -> str:
    return f"{shown(amount, unit)} {_NAMED.get(unit, unit)}"


def _day(day: date) -> str:
    return f"{day.day} {MONTHS[day.month - 1][:3]}"


def _local(report: Report) -> str:
    return f"cut-off {report.as_of.astimezone(ZoneInfo(report.timezone)):%Y-%m-%d %H:%M} {report.timezone}"


# ── two ways to write it ──


def _as_text(title: str, found: Sequence[Section]) -> str:
    parts = [title]
    for section in found:
        parts += ["", section.title]
        parts += ["  " + "   ".join(cell for cell in row if cell) for row in section.rows]
    return "\n".join(parts) + "\n"


def _as_html(title: str, found: Sequence[Section]) -> str:
    parts = [f'<h1 style="font-size:18px;color:#1B3A4B">{escape(title)}</h1>']
    for section in found:
        rows = "".join(f"<tr>{''.join(_cell(cell) for cell in row if cell)}</tr>" for row in section.rows)
        parts.append(f'<h2 style="font-size:14px;color:#1B3A4B;margin:18px 0 4px">{escape(section.title)}</h2>')
        parts.append(f'<table style="border-collapse:collapse;font-size:13px">{rows}</table>')
    body = "".join(parts)
    return f'<!doctype html><html lang="en"><body style="font-family:sans-serif;color:#1F2A30">{body}</body></html>\n'


def _cell(cell: str) -> str:
    shown_as = f'<a href="{escape(cell)}">open</a>' if cell.startswith("https://") else escape(cell)
    return f'<td style="padding:3px 14px 3px 0;border-bottom:1px solid #D5DCE1;vertical-align:top">{shown_as}</td>'
