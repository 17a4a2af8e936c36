"""One reconciliation: read the corners, pair them, name the differences, draw the waterfalls. Writes nothing anywhere.

Equal inputs and rules give an equal report: whatever depends on the moment (`as_of`) is an input.
"""

from __future__ import annotations

import calendar
import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from mappings.posting import EFFECTS, Books
from mappings.posting.books import OLDEST_RATE
from pipelines.home.load import Home
from pipelines.home.settings import Posting, Route, TapConnection
from pipelines.hub.progress import Progress, silent
from pipelines.hub.store import Hub
from pipelines.reconcile import corners, deposits, finding, numbers, pairing, receipts, waterfalls
from pipelines.reconcile.bench import LINE, PASSED, Bench, Table, bench
from pipelines.reconcile.causes import Window
from pipelines.reconcile.controls import BANK, Control, find
from pipelines.reconcile.controls import EFFECTS as MEASURED
from pipelines.reconcile.corners import bank as bank_corner
from pipelines.reconcile.corners import hub as hub_corner
from pipelines.reconcile.corners import source as source_corner
from pipelines.reconcile.corners import target as target_corner
from pipelines.reconcile.corners.totals import Asking
from pipelines.reconcile.decided import dismissed
from pipelines.reconcile.policy import Rules, rules
from pipelines.reconcile.report import CornerTotal, Matched, Pair, Rates, Report, Suggestion
from pipelines.reconcile.words import Corner, Status
from taps._kit.errors import Misconfigured
from taps._kit.facts import RoundingProfile
from targets._kit.registry import target

ZERO = Decimal(0)
_DAY = len("2026-01-31")
_MICRO = Decimal("0.000001")
RATE = Table("rate", {"sheet": "VARCHAR", "unit": "VARCHAR", "from_day": "DATE", "to_day": "DATE", "rate": "DECIMAL(24, 12)"})
"""Base currency for one unit, on the days on which it counts."""
ASKED = Table("asked", {"sheet": "VARCHAR", "connection": "VARCHAR", "kind": "VARCHAR"})
"""Which kinds a source was asked for itself: what it does not name of them, it does not have."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """What is compared as one: a target and an effect, with the postings that lead there."""

    target: str
    effect: str
    postings: tuple[tuple[Route, Posting], ...]

    @property
    def name(self) -> str:
        """Target and effect: ledger/money."""
        return f"{self.target}/{self.effect}"

    @property
    def sources(self) -> list[str]:
        """Connections that are read for it."""
        return sorted({source for route, _posting in self.postings for source in route.sources})

    @property
    def books(self) -> list[Books]:
        """The books of its postings."""
        return [posting.books for _route, posting in self.postings if posting.books]


def sheets(home: Home, company: str) -> list[Sheet]:
    """The sheets of a company, in the order of their names."""
    found: dict[tuple[str, str], list[tuple[Route, Posting]]] = defaultdict(list)
    for route in home.routes.values():
        for posting in route.posting:
            if posting.company in (None, company):
                effects = {EFFECTS[policy.as_] for policy in posting.kinds.values() if policy.as_} & set(MEASURED)
                for effect in effects:
                    found[posting.target, effect].append((route, posting))
    return [Sheet(target, effect, tuple(found[target, effect])) for target, effect in sorted(found)]


def company_of(home: Home, named: str | None) -> str:
    """The company that is meant. Raises Misconfigured where there are several and none was named."""
    companies = list(home.installation.companies)
    if named is not None and named not in companies:
        raise Misconfigured(f"There is no company {named!r}; there are {', '.join(companies)}.")
    if named is None and len(companies) > 1:
        routed = sorted({posting.company for route in home.routes.values() for posting in route.posting if posting.company})
        if len(routed) != 1:
            raise Misconfigured(f"Say which company: {', '.join(companies)}.")
        return routed[0]
    return named or companies[0]


def window_of(period: str, as_of: datetime, zone: str) -> Window:
    """The days of a period, a month YYYY-MM or a day YYYY-MM-DD; without one, all. Raises Misconfigured for text that is none."""
    today = as_of.astimezone(ZoneInfo(zone)).date()
    if not period:
        return Window(None, None, today)
    try:
        first = date.fromisoformat(period if len(period) == _DAY else f"{period}-01")
    except ValueError:
        raise Misconfigured(f"{period!r} is no period; write a month as 2026-01, or a day as 2026-01-31.") from None
    last = first if len(period) == _DAY else first.replace(day=calendar.monthrange(first.year, first.month)[1])
    return Window(first, last, today)


def end_of(day: date, zone: str) -> datetime:
    """The instant at which a day of the company is over."""
    return datetime.combine(day + timedelta(days=1), time(0), ZoneInfo(zone)).astimezone(UTC)


def reconcile(
    home: Home,
    hub: Hub,
    *,
    as_of: datetime,
    company: str | None = None,
    period: str = "",
    progress: Progress = silent,
    then: Callable[[Report, Iterable[Pair]], Report] = lambda report, _pairs: report,
) -> Report:
    """Reconcile a company's sheets. `then` is handed the report and its pairs while the bench is open; what it gives is returned.

    Raises Misconfigured (controls, rules, names), and whatever a system that is asked raises.
    """
    legal = home.installation.companies[company_of(home, company)]
    name = company_of(home, company)
    asked, window = rules(home.path), window_of(period, as_of, legal.timezone)
    with bench() as table:
        asking = Asking(home, hub, as_of, window)
        others = dict(_others(home, name))
        notes, controls = _read(table, home, hub, sheets(home, name), others, progress, asking)
        ran = [*controls.items(), *others.items()]
        progress("comparing", "corners", 0)
        pairing.expect(table)
        pairing.take(table)
        pairing.match(table, asked)
        said, paid = _bank(table, home, hub, name, others, asked, window)
        notes += said
        pairing.compare(table)
        paid += deposits.suggestions(table, window) if _banks(home, name) else ()
        told, profiles = _told(asked, ran), _profiles(home, name)
        report = _report(table, name, period, as_of, legal.timezone, told, asked, window, controls, notes, paid, asking, profiles)
        return then(report, finding.Pairs(table, window))


def _read(
    table: Bench, home: Home, hub: Hub, chosen: Sequence[Sheet], others: Mapping[str, Control], progress: Progress, asking: Asking
) -> tuple[list[str], dict[str, Control]]:
    """Fill the bench from every corner, the targets by `others`; what could not be asked, and the controls of sources that were."""
    table.make(RATE)
    table.make(ASKED)
    notes: list[str] = []
    controls: dict[str, Control] = {}
    connections = sorted({source for sheet in chosen for source in sheet.sources})
    for name in connections:
        control = find(home.path, name, home.taps[name].tap)
        if control is None or not control.of_source:
            notes.append(f"{name}: no control says what it holds, so its documents are taken from the hub. Write controls/{name}.yaml.")
        else:
            controls[name] = control
    for sheet in chosen:
        progress("reading", sheet.name, 0)
        table.load(RATE, _rates(sheet))
        hub_corner.load(table, hub, sheet.name, sheet.effect, list(sheet.postings))
        for name in sheet.sources:
            if name in controls and controls[name].selects[sheet.effect]:
                notes += source_corner.load(table, home, hub, home.taps[name], controls[name], sheet.effect, sheet.name, asking)
                kinds = controls[name].selects[sheet.effect]
                table.load(ASKED, ({"sheet": sheet.name, "connection": name, "kind": kind} for kind in kinds))
        postings = [posting for _route, posting in sheet.postings]
        notes += target_corner.load(table, home, hub, sheet.name, sheet.target, sheet.effect, postings, others.get(sheet.target))
    hub_corner.untranslated(table, hub, connections)
    passed = ({"connection": name, "ref": key, "outcome": PASSED} for name, key in sorted(asking.passed))
    table.load(hub_corner.UNTRANSLATED, passed)
    return notes, controls


def _profiles(home: Home, company: str) -> dict[str, RoundingProfile | None]:
    """How the target of each sheet computes tax."""
    return {sheet.name: target(home.targets[sheet.target].target).facts.rounding for sheet in sheets(home, company)}


def _others(home: Home, company: str) -> Iterator[tuple[str, Control]]:
    """The controls by which targets are read back and banks are asked, each found once."""
    for target_name in sorted({sheet.target for sheet in sheets(home, company)}):
        control = target_corner.control(home, target_name)
        if control is not None:
            yield target_name, control
    for connection in _banks(home, company):
        control = find(home.path, connection.name, connection.tap)
        if control is not None:
            yield connection.name, control


def _told(asked: Rules, ran: Iterable[tuple[str, Control]]) -> str:
    """The rules, and every control that ran with the hash of its SQL: a signature over this text binds what was asked."""
    return ", ".join([asked.told, *sorted({f"{name} {control.name}@{control.version} {control.digest[:12]}" for name, control in ran})])


def _bank(
    table: Bench, home: Home, hub: Hub, company: str, others: Mapping[str, Control], asked: Rules, window: Window
) -> tuple[list[str], list[Suggestion]]:
    """The statements of the company's bank connections against payouts, and what is none against open invoices."""
    banks = _banks(home, company)
    if not banks:
        return [], []
    notes = []
    for connection in banks:
        control = others.get(connection.name)
        if control is not None:
            notes += source_corner.load(table, home, hub, connection, control, BANK, bank_corner.SHEET)
    money = [sheet.name for sheet in sheets(home, company) if sheet.effect == "money"]
    bank_corner.expect(table, money)
    bank_corner.pair(table, asked)
    bank_corner.apart(table)
    pairing.double(table)
    other = bank_corner.elsewhere(table).items()
    paid, untried = receipts.suggestions(table, hub, receipts.sources_of(home, company), asked, window, dismissed(home.path))
    return notes + untried + [f"Bank: {count} entries, {amount} {unit} together, are no payouts." for unit, (count, amount) in other], paid


def _banks(home: Home, company: str) -> list[TapConnection]:
    return [each for each in home.taps.values() if each.company == company and each.tap == "bank"]


def _rates(sheet: Sheet) -> Iterator[dict[str, Any]]:
    """Each rate of the books with the days on which it is the newest of the last seven."""
    seen: set[tuple[str, date]] = set()
    for books in sheet.books:
        for currency, known in books.rates.items():
            days = sorted(known)
            for place, day in enumerate(days):
                until = min(day + OLDEST_RATE, days[place + 1] - timedelta(days=1) if place + 1 < len(days) else date.max)
                if (currency, day) not in seen:
                    seen.add((currency, day))
                    yield {"sheet": sheet.name, "unit": currency, "from_day": str(day), "to_day": str(until), "rate": known[day]}


def _report(
    table: Bench,
    company: str,
    period: str,
    as_of: datetime,
    zone: str,
    told: str,
    asked: Rules,
    window: Window,
    controls: Mapping[str, Control],
    notes: Sequence[str],
    paid: Sequence[Suggestion],
    asking: Asking,
    profiles: Mapping[str, RoundingProfile | None],
) -> Report:
    breaks, shares = finding.breaks(table, asked, window, profiles)
    falls = waterfalls.waterfalls(table, window, shares)
    told_of = list(numbers.asked(table, asking, window, controls))
    breaks = sorted([*breaks, *(found for _gap, found in told_of if found)], key=lambda each: (-abs(each.difference), each.key))
    inputs = _hash(table, "true", lines=True)
    books = _hash(table, f"corner IN ('target', 'bank') AND {waterfalls.inside(window, 'on_day')}")
    run = hashlib.sha256("\x1f".join((company, period, as_of.astimezone(UTC).isoformat(), told, inputs)).encode()).hexdigest()[:12]
    invalid = any(fall.unexplained for fall in falls)
    proposed = (*finding.suggestions(table, asked, window), *paid)
    return Report(
        run=run,
        company=company,
        period=period,
        as_of=as_of.astimezone(UTC),
        timezone=zone,
        rules=told,
        inputs_hash=inputs,
        books_hash=books,
        status=Status.INVALID if invalid else Status.BREAKS if breaks else Status.TIES,
        corners=tuple(_corners(table, window, controls)),
        waterfalls=tuple(falls),
        breaks=tuple(breaks),
        matched=(*_matched(table, window), *_suggested(proposed)),
        suggestions=proposed,
        rates=tuple(_rate(table, window, breaks)),
        notes=tuple(dict.fromkeys(notes)),
        numbers=tuple(gap for gap, _found in told_of),
        completeness=tuple(each for each in asking.stated if each.on is None or window.holds(each.on)),
    )


def _hash(table: Bench, where: str, *, lines: bool = False) -> str:
    """A hash over the rows of all corners, whatever their order; with the lines that were read back, where there are any."""
    columns = "sheet, connection, kind, ref, part, article, subject, number, on_day, unit, amount, tax, party, gateway, status, version"
    texts = ", ".join(f"coalesce(CAST({name} AS VARCHAR), chr(30))" for name in columns.split(", "))
    also = f"UNION ALL SELECT concat_ws(chr(31), {', '.join(LINE.columns)}) FROM taxed" if lines else ""  # noqa: S608 (our own names)
    row = table.con.execute(
        f"""
        SELECT count(*), sum(md5_number_lower(t)), sum(md5_number_upper(t)) FROM (
            SELECT concat_ws(chr(31), corner, {texts}) AS t FROM item WHERE {where} {also})
        """  # noqa: S608 (our own names)
    ).fetchone()
    return hashlib.sha256(repr(row).encode()).hexdigest()


def _corners(table: Bench, window: Window, controls: Mapping[str, Control]) -> Iterator[CornerTotal]:
    for row in table.rows(
        f"""
        SELECT sheet, corner, connection, kind, unit, count(*) AS n, sum(amount) AS amount FROM (
            SELECT sheet, corner, connection, kind, unit, amount, on_day FROM item
            UNION ALL SELECT sheet, 'hub', connection, kind, unit, amount, on_day FROM standing)
        WHERE {waterfalls.inside(window, "on_day")} GROUP BY ALL ORDER BY ALL
        """  # noqa: S608
    ):
        corner = Corner(row["corner"])
        asked = corners.ASKED[corner].format(connection=row["connection"])
        # in the sheets of other effects a document that moves nothing is absent, and no number is missing
        runs = controls[row["connection"]].numbered if corner is Corner.SOURCE and row["sheet"].endswith("/money") else ()
        run = next((kinds for kinds in runs if kinds[0] == row["kind"]), ())
        gaps = tuple(gap.name for gap in finding.gaps(table, row["sheet"], row["connection"], run)) if run else ()
        yield CornerTotal(
            row["sheet"], corner, row["connection"], row["kind"], row["unit"] or "", row["n"], row["amount"] or ZERO, asked, gaps
        )


def _matched(table: Bench, window: Window) -> Iterator[Matched]:
    for row in table.rows(
        f"""
        SELECT sheet, rule, unit, count(*) AS n, sum(amount) AS amount FROM met
        WHERE NOT differs AND l_id IS NOT NULL AND r_id IS NOT NULL AND {waterfalls.inside(window, "on_day")} GROUP BY ALL ORDER BY ALL
        """  # noqa: S608
    ):
        yield Matched(row["sheet"], f"{row['rule']}@1", "exact", row["unit"], row["n"], row["amount"])


def _suggested(proposed: Iterable[Suggestion]) -> Iterator[Matched]:
    """How many suggestions a rule has made, and the value that a person would confirm with them: counted apart from what is matched."""
    sums: dict[tuple[str, str, str], list[Decimal]] = defaultdict(list)
    for each in proposed:
        sums[each.sheet, each.rule, each.right[0].unit].append(sum((side.amount for side in each.right), ZERO))
    for (sheet, rule, unit), amounts in sorted(sums.items()):
        yield Matched(sheet, rule, "suggested", unit, len(amounts), sum(amounts, ZERO))


def _rate(table: Bench, window: Window, breaks: Sequence[Any]) -> Iterator[Rates]:
    open_gross: dict[str, Decimal] = defaultdict(lambda: ZERO)
    open_net: dict[str, Decimal] = defaultdict(lambda: ZERO)
    unnamed: dict[str, Decimal] = defaultdict(lambda: ZERO)
    for each in breaks:
        open_gross[each.unit] += abs(each.difference)
        open_net[each.unit] += each.difference
        unnamed[each.unit] += sum((abs(cause.amount) for cause in each.causes if cause.kind == "UNKNOWN"), ZERO)
    for row in table.rows(
        f"""
        SELECT unit, sum(n) FILTER (ok) AS good, sum(n) AS n, sum(v) FILTER (ok) AS good_value, sum(v) AS value FROM (
            SELECT unit, true AS ok, 2 AS n, 2 * abs(amount) AS v FROM met
            WHERE NOT differs AND l_id IS NOT NULL AND r_id IS NOT NULL AND {waterfalls.inside(window, "on_day")}
            UNION ALL SELECT coalesce(r_unit, l_unit), false, CAST(has_left AS INTEGER) + CAST(has_right AS INTEGER),
                   abs(coalesce(l_amount, 0)) + abs(coalesce(r_amount, 0))
            FROM joined WHERE NOT out_of_scope AND {waterfalls.inside(window, "coalesce(r_on_day, l_on_day)")}
            UNION ALL SELECT unit, false, 1, abs(amount) FROM double WHERE {waterfalls.inside(window, "on_day")})
        GROUP BY unit ORDER BY unit
        """  # noqa: S608
    ):
        unit = row["unit"] or ""
        gross = open_gross[unit]
        classified = _fraction(gross - unnamed[unit], gross)
        matched, value = _fraction(row["good"], row["n"]), _fraction(row["good_value"], row["value"])
        yield Rates(unit, matched, value, classified, gross, open_net[unit])


def _fraction(part: Any, whole: Any) -> Decimal:
    return (Decimal(part or 0) / Decimal(whole)).quantize(_MICRO) if whole else Decimal(1)
