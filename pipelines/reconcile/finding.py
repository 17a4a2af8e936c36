"""The breaks of a bench that is paired: which rows differ, why, and what each class takes of each measure."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import Any

from pipelines.reconcile.ageing import business_days
from pipelines.reconcile.bench import COMPONENTS, MEASURED, Bench
from pipelines.reconcile.causes import OF_BALANCE, Evidence, Window, causes, converted, shares
from pipelines.reconcile.corners import bank
from pipelines.reconcile.policy import Rules
from pipelines.reconcile.report import Break, Cause, Pair, Side, Suggestion
from pipelines.reconcile.rounding import arithmetic, over
from pipelines.reconcile.waterfalls import CLEARING, CLEARING_OF, Share, group_of, inside
from pipelines.reconcile.words import BreakClass, Corner
from taps._kit.facts import RoundingProfile

ZERO = Decimal(0)
_NUMBERED = re.compile(r"(.*?)(\d{1,15})")


def breaks(table: Bench, rules: Rules, window: Window, profiles: Mapping[str, RoundingProfile | None]) -> tuple[list[Break], list[Share]]:
    """The breaks, largest first, and what every class explains of every measure. `profiles`: how each sheet's target computes tax."""
    outcomes = table.rows("SELECT connection, ref, outcome FROM untranslated")
    known = Evidence({(row["connection"], row["ref"]): row["outcome"] for row in outcomes}, arithmetic(table, profiles, rules))
    found: list[Break] = []
    taken: list[Share] = []
    for row in table.rows("SELECT * FROM joined ORDER BY sheet, key, r_ref"):
        if not _concerns(row, window):
            continue
        why = causes(row, rules, window, known)
        taken += _taken(row, why, window, rules)
        if why:
            found += _broken(row, why, window)
    for each, kind in _surplus(table, window):
        found.append(each)
        taken += kind
    found += list(over(found, rules))
    found.sort(key=lambda each: (-abs(each.difference), each.key))
    return found, taken


def _concerns(row: Mapping[str, Any], window: Window) -> bool:
    return (row["has_left"] and not row["out_of_scope"] and window.holds(row["l_on_day"])) or (
        row["has_right"] and window.holds(row["r_on_day"])
    )


def _in_two_units(row: Mapping[str, Any], why: tuple[Cause, ...]) -> bool:
    """Whether no amount can be compared: each side is a break of its own unit. What is converted to base wrongly is one break there."""
    return why[0].kind is BreakClass.CURRENCY and row["l_unit"] != row["r_unit"]


def _taken(row: Mapping[str, Any], why: tuple[Cause, ...], window: Window, rules: Rules) -> Iterator[Share]:
    unit = row["r_unit"] or row["l_unit"]
    group = group_of(row["kind"], unit, row["sheet"])
    if len(why) == 1 and _in_two_units(row, why):
        expected, actual = shares(row, window)
        yield Share(
            row["sheet"], group_of(row["kind"], row["l_unit"], row["sheet"]), row["l_unit"], "amount", BreakClass.CURRENCY, -expected
        )
        yield Share(row["sheet"], group, unit, "amount", BreakClass.CURRENCY, actual)
    else:
        for cause in why:
            yield Share(row["sheet"], group, unit, "amount", cause.kind, cause.amount)
    inside_left = row["has_left"] and row["at_source"] and not row["out_of_scope"] and window.holds(row["l_on_day"])
    inside_right = row["has_right"] and window.holds(row["r_on_day"])
    for measure in MEASURED:
        mine = (row[f"l_{measure}"] or ZERO) if inside_left else ZERO
        theirs = (row[f"r_{measure}"] or ZERO) if inside_right else ZERO
        if row["l_unit"] and row["r_unit"] and row["l_unit"] != row["r_unit"]:
            if mine:
                yield Share(row["sheet"], "", row["l_unit"], measure, BreakClass.CURRENCY, -mine)
            if theirs:
                yield Share(row["sheet"], "", row["r_unit"], measure, BreakClass.CURRENCY, theirs)
        elif mine != theirs:
            yield Share(row["sheet"], "", unit, measure, _class_of(row, measure, why, theirs - mine, rules), theirs - mine)
        if measure == CLEARING and (mine or theirs):
            yield from _by_processor(row, why, mine, theirs, rules)


def _by_processor(row: Mapping[str, Any], why: tuple[Cause, ...], mine: Decimal, theirs: Decimal, rules: Rules) -> Iterator[Share]:
    """The same of the processors' own clearing accounts: what stands on another's is missing on one and too much on the other."""
    sides = ((row["l_gateway"] or row["r_gateway"] or "", row["l_unit"] or row["r_unit"], -mine),
             (row["r_gateway"] or row["l_gateway"] or "", row["r_unit"] or row["l_unit"], theirs))  # fmt: skip
    apart: dict[tuple[str, str], Decimal] = {}
    for gateway, unit, amount in sides:
        apart[gateway, unit] = apart.get((gateway, unit), ZERO) + amount
    for (gateway, unit), amount in apart.items():
        if amount:
            other = row["l_unit"] and row["r_unit"] and row["l_unit"] != row["r_unit"]
            kind = BreakClass.CURRENCY if other else _class_of(row, CLEARING, why, amount, rules)
            yield Share(row["sheet"], gateway, unit, CLEARING_OF, kind, amount)


def _class_of(row: Mapping[str, Any], measure: str, why: tuple[Cause, ...], apart: Decimal, rules: Rules) -> BreakClass:
    """The class to which a balance's difference belongs: the one that is about it, else the first that explains an amount."""
    about, kinds = OF_BALANCE.get(measure), [cause.kind for cause in why]
    if about in kinds:
        return about
    if about is BreakClass.TAX and BreakClass.ROUNDING in kinds:
        return BreakClass.ROUNDING
    first = next((cause.kind for cause in why if cause.amount), kinds[0] if kinds else None)
    return first or (BreakClass.ROUNDING if converted(row, apart, rules) else BreakClass.UNKNOWN)


def _broken(row: Mapping[str, Any], why: tuple[Cause, ...], window: Window) -> Iterator[Break]:
    expected, actual = shares(row, window)
    sides = tuple(_sides(row))
    on = min((day for day in (row["l_on_day"], row["r_on_day"]) if day), default=None)
    common = (row["sheet"], row["kind"], row["subject"] or row["r_subject"] or "", row["l_number"] or row["r_number"] or "")
    if _in_two_units(row, why):
        for unit, mine, theirs in ((row["l_unit"], expected, ZERO), (row["r_unit"], ZERO, actual)):
            cause = Cause(BreakClass.CURRENCY, theirs - mine, why[0].say)
            yield Break(_key(row, unit), *common, unit, on, business_days(on, window.today), mine, theirs, (cause,), sides)
        return
    unit = row["r_unit"] or row["l_unit"]
    yield Break(_key(row, unit), *common, unit, on, business_days(on, window.today), expected, actual, why, sides, _suggested(why, row))


def _key(row: Mapping[str, Any], unit: str) -> str:
    whose = row["key"] or f"{row['r_ref']}\x1f{row['r_number']}"
    return hashlib.sha256("\x1f".join((_page(row), whose, unit or "")).encode()).hexdigest()[:16]


def _page(row: Mapping[str, Any]) -> str:
    """The sheet as a key holds it: a payout keeps its key when it becomes known to which account it goes."""
    return bank.SHEET if bank.is_of_bank(row["sheet"]) else str(row["sheet"])


def _sides(row: Mapping[str, Any]) -> Iterator[Side]:
    if row["has_left"]:
        components = tuple((name, row[f"l_{name}"]) for name in COMPONENTS if row[f"l_{name}"])
        corner = Corner.SOURCE if row["at_source"] else Corner.HUB
        yield Side(
            corner, row["connection"], row["l_ref"], row["l_number"], row["l_on_day"], row["l_unit"], row["l_amount"] or ZERO,
            components, row["l_party"] or "", row["l_status"] or "",
        )  # fmt: skip
    if row["has_right"]:
        components = tuple((name, row[f"r_{name}"]) for name in COMPONENTS if row[f"r_{name}"])
        yield Side(
            Corner.TARGET, row["target"], row["r_ref"], row["r_number"], row["r_on_day"], row["r_unit"], row["r_amount"],
            components, row["r_party"] or "", row["r_status"] or "",
        )  # fmt: skip


def _suggested(why: tuple[Cause, ...], row: Mapping[str, Any]) -> str:
    """What would mend it, where a command can."""
    kinds = {cause.kind for cause in why}
    if kinds & {BreakClass.MAPPING, BreakClass.REJECTED, BreakClass.LOCKED_PERIOD} and row["l_number"]:
        return f"counterfoil explain {row['l_number']}"
    if kinds & {BreakClass.STALE, BreakClass.TIMING}:
        return "counterfoil run"
    return ""


def _surplus(table: Bench, window: Window) -> Iterator[tuple[Break, list[Share]]]:
    """What stands more than once: at the target one item too many, at the source one that the target has only once."""
    for row in table.rows(
        f"SELECT d.*, processor(coalesce(d.gateway, e.gateway)) AS processor FROM double d "  # noqa: S608 (our own names)
        f"LEFT JOIN expected e ON e.sheet = d.sheet AND e.key = d.key WHERE {inside(window, 'd.on_day')} ORDER BY d.sheet, d.key, d.ref"
    ):
        say = f"{row['kind'].replace('_', ' ').capitalize()} {row['number']} stands once more at {row['connection']} ({row['ref']})."
        yield _once_more(row, Corner.TARGET, BreakClass.DUPLICATE_TARGET, row["amount"], say, window)
    for row in table.rows(f"SELECT * FROM restated WHERE {inside(window, 'on_day')} ORDER BY sheet, connection, kind, ref"):  # noqa: S608
        say = f"{row['kind'].replace('_', ' ').capitalize()} {row['number']} is stated once more at {row['connection']}."
        yield _once_more(
            {**row, "amount": row["base"], "subject": row["of_subject"]},
            Corner.SOURCE,
            BreakClass.DUPLICATE_SOURCE,
            -row["base"],
            say,
            window,
        )


def _once_more(
    row: Mapping[str, Any], corner: Corner, kind: BreakClass, share: Decimal, say: str, window: Window
) -> tuple[Break, list[Share]]:
    unit, measures = row["unit"], {name: row.get(name) for name in MEASURED}
    sign = 1 if corner is Corner.TARGET else -1
    day = row["on_day"]
    side = Side(corner, row["connection"], row["ref"], row["number"], day, unit, row["amount"])
    key = hashlib.sha256("\x1f".join((_page(row), "twice", row["connection"], row["ref"], row["number"] or "")).encode()).hexdigest()[:16]
    expected, actual = (ZERO, share) if corner is Corner.TARGET else (-share, ZERO)
    found = Break(
        key, row["sheet"], row["kind"], row["subject"] or "", row["number"] or "", unit, day, business_days(day, window.today),
        expected, actual, (Cause(kind, share, say),), (side,),
    )  # fmt: skip
    taken = [Share(row["sheet"], group_of(row["kind"], unit, row["sheet"]), unit, "amount", kind, share)]
    taken += [
        Share(row["sheet"], "", unit, name, kind, sign * value) for name, value in measures.items() if value and corner is Corner.TARGET
    ]
    if corner is Corner.TARGET and row[CLEARING]:
        taken.append(Share(row["sheet"], row["processor"], unit, CLEARING_OF, kind, row[CLEARING]))
    return found, taken


@dataclass(frozen=True, slots=True)
class Pairs:
    """The pairs that agree, in the order of sheet and number; asked anew each time that they are gone through."""

    table: Bench
    window: Window

    def __iter__(self) -> Iterator[Pair]:
        inside_of = inside(self.window, "m.on_day")
        for row in self.table.each(
            f"""
            SELECT m.sheet, m.rule, m.kind, l.number, m.on_day, m.unit, m.amount FROM met m JOIN expected l ON l.id = m.l_id
            WHERE NOT differs AND r_id IS NOT NULL AND {inside_of} ORDER BY m.sheet, l.number, l.key
            """  # noqa: S608 (our own names)
        ):
            agreed = row["amount"]
            yield Pair(row["sheet"], f"{row['rule']}@1", row["kind"], row["number"], row["on_day"], row["unit"], agreed, agreed)


def suggestions(table: Bench, rules: Rules, window: Window) -> Iterator[Suggestion]:
    """Candidates for what is missing here and unknown there: equal amount, days apart at most as the rule says, one on either side."""
    for each in rules.passes:
        if each.rule == "amount_and_day":
            yield from _by_amount(table, each.days, window)


def _by_amount(table: Bench, days: int, window: Window) -> Iterator[Suggestion]:
    for row in table.rows(
        f"""
        WITH l AS (SELECT * FROM joined WHERE has_left AND NOT has_right),
             r AS (SELECT * FROM joined WHERE has_right AND NOT has_left),
             c AS (SELECT l.sheet, l.key AS l_key, l.l_ref, l.l_number, l.l_on_day, l.l_unit, l.l_amount, l.connection, l.l_party,
                          r.r_ref, r.r_number, r.r_on_day, r.r_amount, r.target,
                          count(*) OVER (PARTITION BY l.sheet, l.key) AS of_l,
                          count(*) OVER (PARTITION BY r.sheet, r.r_ref, r.r_number) AS of_r
                   FROM l JOIN r ON l.sheet = r.sheet AND l.l_unit = r.r_unit AND l.l_amount = r.r_amount
                    AND abs(date_diff('day', l.l_on_day, r.r_on_day)) <= {days})
        SELECT * FROM c WHERE of_l = 1 AND of_r = 1 AND {inside(window, "r_on_day")} ORDER BY sheet, l_key
        """  # noqa: S608
    ):
        apart = abs((row["l_on_day"] - row["r_on_day"]).days)
        reasons = ("equal amount", f"{apart} days apart", "one candidate on either side")
        left = Side(Corner.SOURCE, row["connection"], row["l_ref"], row["l_number"], row["l_on_day"], row["l_unit"], row["l_amount"])
        right = Side(Corner.TARGET, row["target"], row["r_ref"], row["r_number"], row["r_on_day"], row["l_unit"], row["r_amount"])
        yield Suggestion(row["sheet"], "amount_and_day@1", Decimal("0.9") - Decimal("0.1") * apart, reasons, (left,), (right,))


@dataclass(frozen=True, slots=True)
class Run:
    """Numbers that are missing between two others."""

    prefix: str
    width: int
    first: int
    last: int
    on: date | None
    """Business date of the number before."""
    unit: str
    """Of the number before."""

    def __len__(self) -> int:
        return self.last - self.first + 1

    @property
    def numbers(self) -> Iterator[str]:
        """Each of them."""
        return (self._named(number) for number in range(self.first, self.last + 1))

    @property
    def name(self) -> str:
        """As people write them: `1002`, or `1007 to 1009`."""
        return self._named(self.first) if len(self) == 1 else f"{self._named(self.first)} to {self._named(self.last)}"

    def _named(self, number: int) -> str:
        return f"{self.prefix}{number:0{self.width}d}"


def gaps(table: Bench, sheet: str, connection: str, kinds: Sequence[str]) -> Iterator[Run]:
    """Numbers that are missing in the one run of numbers that these kinds share at the source."""
    rows = table.rows(
        "SELECT number, min(on_day) AS on_day, min(unit) AS unit FROM item WHERE corner = 'source' AND sheet = ? AND connection = ? "
        "AND list_contains(?, kind) GROUP BY number ORDER BY number",
        [sheet, connection, list(kinds)],
    )
    runs: dict[str, dict[int, tuple[int, date | None, str]]] = {}
    for row in rows:
        match = _NUMBERED.fullmatch(row["number"] or "")
        if match:
            runs.setdefault(match[1], {})[int(match[2])] = (len(match[2]), row["on_day"], row["unit"] or "")
    for prefix, numbers in sorted(runs.items()):
        for before, after in pairwise(sorted(numbers)):
            if after - before > 1:
                width, day, unit = numbers[before]
                yield Run(prefix, width, before + 1, after - 1, day, unit)
