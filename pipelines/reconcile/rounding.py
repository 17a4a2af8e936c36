"""ROUNDING: the target's arithmetic run again over the lines as they were read back from it.

A difference of tax is rounding if two arithmetics of the same lines give just it: the target states what its own gives (the rounding
profile of its facts), and what was expected is what another one gives that front offices have. At one cent's difference a wrong rate, an
edit and a rounding look alike; here they do not.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal
from typing import Any, NamedTuple

from mappings.model.money import round_half_up
from pipelines.reconcile.bench import Bench
from pipelines.reconcile.policy import Rules
from pipelines.reconcile.report import MONTH_OF_ROUNDING, Break, Cause
from pipelines.reconcile.words import BreakClass
from taps._kit.facts import RoundingProfile
from targets._kit.rounding import taxes

ZERO = Decimal(0)
_BY_LINE, _BY_RATE = RoundingProfile(tax="line"), RoundingProfile(tax="document")
_TOLD = {"line": "the tax of each line", "document": "the tax of the document at each rate"}


class Line(NamedTuple):
    """One line at one rate, with its sign inside the document's total."""

    net: Decimal
    rate: Decimal
    quantity: Decimal | None = None
    gross: Decimal | None = None
    """Its amount where that holds the tax."""


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """What is needed to run it again: the profile of each sheet's target, and the lines of the documents that differ by little."""

    profiles: Mapping[str, RoundingProfile | None]
    lines: Mapping[tuple[str, str, str], Sequence[Line]]
    cap: Decimal

    def judge(self, row: Mapping[str, Any], apart: Decimal) -> Verdict:
        """Whether a pair's tax, or its total, is `apart` for no other reason; what is more than the cap is never asked."""
        if not ZERO < abs(apart) <= self.cap:
            return Verdict(is_it=False)
        profile, lines, stated = self.profiles.get(row["sheet"]), self.lines.get(_key(row), ()), row["r_own_tax"] or ZERO
        why = _why_not(row["target"], lines, stated, profile)
        if why or profile is None:
            return Verdict(is_it=False, say=why)
        wanted = stated - apart
        way = next((words for words, given in _ways(lines, wanted, profile) if given), "")
        if not way:
            return Verdict(is_it=False, say=f" No rounding: at {row['target']}'s rates no arithmetic gives {wanted} of tax.")
        say = f"{row['target']} rounds {_TOLD[profile.tax]}, which gives {stated}; rounded {way} it is {wanted}."
        return Verdict(is_it=True, say=say)


class Verdict(NamedTuple):
    """Whether it is rounding, and why or why not, for finance; nothing is said of what is far too much to be any."""

    is_it: bool
    say: str = ""


def arithmetic(bench: Bench, profiles: Mapping[str, RoundingProfile | None], rules: Rules) -> Arithmetic:
    """The lines of what differs by no more than rounding may explain; of nothing else."""
    found: dict[tuple[str, str, str], list[Line]] = defaultdict(list)
    for row in bench.rows(
        """
        SELECT sheet, kind, ref, net, rate, quantity, gross FROM taxed SEMI JOIN (
            SELECT sheet, representation AS kind, r_ref AS ref FROM joined
            WHERE has_left AND has_right AND
                ((r_amount <> l_amount AND abs(r_amount - l_amount) <= ?) OR (r_own_tax <> l_tax AND abs(r_own_tax - l_tax) <= ?))
        ) USING (sheet, kind, ref)
        """,
        [rules.rounding_cap, rules.rounding_cap],
    ):
        found[row["sheet"], row["kind"], row["ref"]].append(Line(row["net"], row["rate"], row["quantity"], row["gross"]))
    return Arithmetic(profiles, found, rules.rounding_cap)


def _key(row: Mapping[str, Any]) -> tuple[str, str, str]:
    return row["sheet"], row["representation"], row["r_ref"]


def _why_not(target: str, lines: Sequence[Line], stated: Decimal, profile: RoundingProfile | None) -> str:
    """Why what the target states is not what its arithmetic gives; '' where it is."""
    if profile is None:
        return f" No rounding: {target} computes no tax of its own."
    if not lines:
        return f" No rounding: {target} did not tell the rates of its lines, so its arithmetic cannot be run again."
    given = _target(lines, profile)
    return "" if given == stated else f" No rounding: {target}'s own arithmetic gives {given} of tax, and it states {stated}."


# ── arithmetics ──


def _target(lines: Sequence[Line], profile: RoundingProfile) -> Decimal:
    """The tax that the target makes of its lines; of a line whose amount holds its tax, what that amount gives."""
    outside = [line for line in lines if line.gross is None]
    inside = [_in(line.gross, line.rate) for line in lines if line.gross is not None]
    return taxes([line.net for line in outside], [line.rate for line in outside], profile) + sum(inside, ZERO)


def _in(gross: Decimal, rate: Decimal) -> Decimal:
    return round_half_up(gross * rate / (1 + rate), _BY_LINE.places)


def _ways(lines: Sequence[Line], wanted: Decimal, profile: RoundingProfile) -> Iterator[tuple[str, bool]]:
    """The arithmetics of front offices in words, other than the target's own, and whether each gives the tax wanted of these lines."""
    nets, rates = [line.net for line in lines], [line.rate for line in lines]
    by_rate: dict[Decimal, Decimal] = defaultdict(lambda: ZERO)
    for line in lines:
        by_rate[line.rate] += line.net
    of_nets = profile.tax != "line" or any(line.gross is not None for line in lines)
    yield "line by line", of_nets and taxes(nets, rates, _BY_LINE) == wanted
    yield "once at each rate", profile.tax != "document" and taxes(nets, rates, _BY_RATE) == wanted
    exact = sum((line.net * line.rate for line in lines), ZERO)
    yield "once for the document", round_half_up(exact, _BY_LINE.places) == wanted
    yield "piece by piece", sum(map(_by_piece, lines), ZERO) == wanted
    yield "out of each price that holds it", _within(((line.net, line.rate) for line in lines), wanted)
    yield "out of the sum that holds it", _within(((net, rate) for rate, net in by_rate.items()), wanted)


def _by_piece(line: Line) -> Decimal:
    pieces = abs(line.quantity or ZERO)
    if not pieces or pieces != pieces.to_integral_value():
        return round_half_up(line.net * line.rate, _BY_LINE.places)
    return pieces * round_half_up(line.net / pieces * line.rate, _BY_LINE.places)


def _within(parts: Iterable[tuple[Decimal, Decimal]], wanted: Decimal) -> bool:
    """Whether prices that hold their tax can have left these nets and, together, this tax.

    The price itself is not told: of a net there is one tax, at some nets there are two, that rounding their sum gives back.
    """
    least = most = ZERO
    for net, rate in parts:
        found = [tax for tax in _around(net * rate) if _in(net + tax, rate) == tax]
        if not found:
            return False
        least, most = least + min(found), most + max(found)
    return least <= wanted <= most


def _around(exact: Decimal) -> tuple[Decimal, ...]:
    step = Decimal(1).scaleb(-_BY_LINE.places)
    below = exact.quantize(step, ROUND_DOWN)
    return below - step, below, below + step


# ── the limit of a month ──


def over(found: Iterable[Break], rules: Rules) -> Iterator[Break]:
    """A break for each account whose rounding of one month is more than the rules allow, in each currency."""
    sums: dict[tuple[str, str, str, str], list[tuple[Break, Cause]]] = defaultdict(list)
    for each in found:
        for cause in each.causes:
            if cause.kind is BreakClass.ROUNDING and each.on:
                sums[each.sheet, cause.account, f"{each.on:%Y-%m}", each.unit].append((each, cause))
    for (sheet, account, month, unit), parts in sorted(sums.items()):
        total, net = sum((abs(cause.amount) for _, cause in parts), ZERO), sum((cause.amount for _, cause in parts), ZERO)
        if total <= rules.rounding_month_cap:
            continue
        times = int(total // rules.rounding_month_cap) if rules.rounding_month_cap else total
        first = min((each for each, _ in parts), key=lambda each: each.on or each.key)
        say = (
            f"Rounding on {account} in {month}: {total} {unit} in {len(parts)} documents, net {net}. The rules allow "
            f"{rules.rounding_month_cap} a month without a person."
        )
        key = hashlib.sha256("\x1f".join((sheet, "rounding", account, month, unit, str(times))).encode()).hexdigest()[:16]
        yield Break(
            key, sheet, MONTH_OF_ROUNDING, "", f"{account} {month}", unit, first.on, first.age, ZERO, ZERO,
            (Cause(BreakClass.ROUNDING, ZERO, say, account),), (),
        )  # fmt: skip
