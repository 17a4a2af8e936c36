"""Why a pair differs: the classes that explain it, each with its exact share.

Asked in this order, since each takes its share before the next looks at what is left: is one side not there; is it another currency or
period; did a side change after it was booked; which component differs; does a rate, or the target's arithmetic, give just this. What is
left then is AMOUNT where both hold the same kind of thing, and UNKNOWN is never hidden in another class.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from mappings.model.money import rounded
from pipelines.reconcile import rates
from pipelines.reconcile.ageing import business_days
from pipelines.reconcile.bench import COMPONENTS, MEASURED, PASSED, TOTAL
from pipelines.reconcile.corners import bank
from pipelines.reconcile.policy import Rules
from pipelines.reconcile.report import Cause
from pipelines.reconcile.rounding import Arithmetic
from pipelines.reconcile.words import BreakClass

ZERO = Decimal(0)
_OPEN = {"ready", "waiting", "in_doubt"}
_ON_ONE_SIDE = {"refund": BreakClass.REFUND_MISSING, "dispute": BreakClass.CHARGEBACK, "fee": BreakClass.FEE}
"""What a kind of document is called that one side lacks, where it is not a sale."""
_OF_COMPONENT = {
    "discount": BreakClass.DISCOUNT,
    "shipping": BreakClass.SHIPPING,
    "tip": BreakClass.TIP,
    "gift_card": BreakClass.GIFT_CARD,
    "fee": BreakClass.FEE,
    "reserve": BreakClass.RESERVE,
}
OF_BALANCE = {"tax_owed": BreakClass.TAX, "cards_owed": BreakClass.GIFT_CARD}
"""The class that is about a balance."""
_TAX, _ROUNDING = "SalesTaxPayable", "Rounding"
"""Roles of the accounts that take rounding."""


def is_kept(sheet: str) -> bool:
    """Whether a sheet is about what open orders keep of the stock."""
    return sheet.endswith("/reserve")


_OF_UNIT = {"C62": BreakClass.QTY, "HUR": BreakClass.HOURS}


@dataclass(frozen=True, slots=True)
class Window:
    """The days that count, and the cut-off's day."""

    first: date | None
    last: date | None
    today: date

    def holds(self, day: date | None) -> bool:
        """Whether a day lies inside; everything does where no period was named."""
        return self.first is None or (day is not None and self.first <= day <= (self.last or day))


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known beside the pairs themselves."""

    untranslated: Mapping[tuple[str, str], str]
    """(connection, row of the source) → why there is no document of it."""
    arithmetic: Arithmetic


def shares(row: Mapping[str, Any], window: Window) -> tuple[Decimal, Decimal]:
    """What is expected and what is there of a pair inside the window."""
    expected = row["l_amount"] if row["has_left"] and not row["out_of_scope"] and window.holds(row["l_on_day"]) else ZERO
    actual = row["r_amount"] if row["has_right"] and window.holds(row["r_on_day"]) else ZERO
    return expected or ZERO, actual or ZERO


def causes(row: Mapping[str, Any], rules: Rules, window: Window, known: Evidence) -> tuple[Cause, ...]:
    """The causes of a pair that differs; Σ amounts = actual − expected inside the window."""
    expected, actual = shares(row, window)
    if not row["has_right"]:
        return (_not_there(row, expected, rules, window, known.untranslated),)
    if not row["has_left"] or not row["at_source"] or row["out_of_scope"]:
        return (_not_known(row, actual - expected),)
    found = list(_both(row, expected, actual, known.arithmetic))
    rest = actual - expected - sum((cause.amount for cause in found), ZERO)
    if rest:
        found.append(_rest(row, rest, known.arithmetic))
    if not any(cause.amount for cause in found):
        found += _accounts(row, rules, window)
    return tuple(found)


# ── one side only ──


def _not_there(
    row: Mapping[str, Any], expected: Decimal, rules: Rules, window: Window, untranslated: Mapping[tuple[str, str], str]
) -> Cause:
    share, what = -expected, _what(row)
    if bank.is_of_bank(row["sheet"]):
        return _not_arrived(row, share, rules, window)
    under_way = _by_total(row, share) or _under_way(row, share)
    if under_way is not None:
        return under_way
    outcome = untranslated.get((row["connection"], row["row"]))
    if row["fate"] is not None:
        gone = "and is not there any more: somebody removed it, or moved it where it is not ours"
        return Cause(_missing(row), share, f"{what} was booked at {_target(row)} {gone}.")
    if outcome is not None and outcome != PASSED:
        return Cause(BreakClass.MAPPING, share, f"{what} is at the source and could not be translated ({outcome}).")
    if outcome is None and (window.today - (row["l_on_day"] or date.min)).days <= rules.grace_days:
        return Cause(BreakClass.TIMING, share, f"{what} is at the source since {row['l_on_day']} and will be read by the next run.")
    never = "; the hub has never seen it" if outcome is None else " by its own list, and no read has brought it"
    return Cause(_missing(row), share, f"{what} is at the source{never}.")


def _by_total(row: Mapping[str, Any], share: Decimal) -> Cause | None:
    """What a day's sum at the source has beyond its documents; None for a document."""
    if not row["l_ref"].startswith(TOTAL):
        return None
    say = f"{row['connection']} states another sum for {row['l_on_day']} than its documents of kind {row['kind']} make up."
    return Cause(BreakClass.AMOUNT, share, say)


def _not_arrived(row: Mapping[str, Any], share: Decimal, rules: Rules, window: Window) -> Cause:
    since = row["l_on_day"]
    days = business_days(since, window.today)
    late = f", {days} bank days late: ask the processor" if days > rules.in_transit_days else ""
    verb = "is due at the bank on" if row["part"] == "arrival" else "is on its way since"
    return Cause(BreakClass.IN_TRANSIT, share, f"{_what(row)} {verb} {since} and no entry of the bank is it{late}.")


def _under_way(row: Mapping[str, Any], share: Decimal) -> Cause | None:
    """What the hub says of a document that it has not delivered as it is now; None for one that it has."""
    what, fate = _what(row), row["fate"]
    if fate == "refused":
        return Cause(BreakClass.REJECTED, share, f"{what} was refused by {_target(row)}: {row['reason']}.")
    if fate == "held":
        kind = BreakClass.LOCKED_PERIOD if row["held_for"] == "period" else BreakClass.MAPPING
        return Cause(kind, share, f"{what} is held: {row['reason']}.")
    if fate in _OPEN:
        return Cause(BreakClass.TIMING, share, f"{what} is {str(fate).replace('_', ' ')}{_because(row['reason'])}.")
    return None


def _missing(row: Mapping[str, Any]) -> BreakClass:
    return _ON_ONE_SIDE.get(row["kind"], BreakClass.MISSING_IN_TARGET)


def _because(reason: str | None) -> str:
    return f": {reason}" if reason else ""


def _not_known(row: Mapping[str, Any], share: Decimal) -> Cause:
    if row["out_of_scope"]:
        return Cause(
            BreakClass.MISSING_IN_SOURCE, share, f"{_what(row)} is left out ({row['reason']}), and stands at {_target(row)} all the same."
        )
    if bank.is_of_bank(row["sheet"]):
        return Cause(
            BreakClass.MISSING_IN_SOURCE, share, f"The bank's entry {row['r_number']} looks like a payout that no processor knows."
        )
    if row["has_left"]:
        return Cause(BreakClass.MISSING_IN_SOURCE, share, f"{_what(row)} stands at {_target(row)}; the source does not have it any more.")
    by = (
        "with a mark of ours, and no source knows it"
        if row["r_subject"]
        else "without a mark of ours: typed by hand, or written by another program"
    )
    return Cause(
        BreakClass.MISSING_IN_SOURCE, share, f"{row['representation'] or row['kind']} {row['r_number']} stands at {_target(row)} {by}."
    )


# ── both sides ──


def _both(row: Mapping[str, Any], expected: Decimal, actual: Decimal, arithmetic: Arithmetic) -> Iterator[Cause]:
    other = rates.other_currency(row)
    if other:
        yield Cause(BreakClass.CURRENCY, actual - expected, f"{_what(row)} {other}.")
        return
    yield from _days(row, expected, actual)
    if expected != (row["l_amount"] or ZERO) or actual != row["r_amount"]:
        return  # the rest of it belongs to the period in which the other side lies
    under_way = _under_way(row, actual - expected)
    if under_way is not None and actual != expected:  # an earlier revision stands there, the newest is on its way
        yield under_way
        return
    if not rates.agree(row):
        edits = tuple(_edited_at_source(row))
        yield from edits
        if not edits and row["edited"] and row["booked"] is not None:
            edits = tuple(_edited_at_target(row, arithmetic))
            yield from edits
        yield from _components(row, edits, arithmetic)
    elif actual != expected:
        yield rates.of_rate(row, _what(row), _target(row), actual - expected, arithmetic.cap)
    yield from _labels(row)


def _days(row: Mapping[str, Any], expected: Decimal, actual: Decimal) -> Iterator[Cause]:
    mine, theirs = row["l_on_day"], row["r_on_day"]
    if mine is None or theirs is None or mine == theirs:
        return
    say = f"{_what(row)} counts to {mine} and stands on {theirs}."
    if (mine.year, mine.month) == (theirs.year, theirs.month):
        yield Cause(BreakClass.DATE, ZERO, say)
    else:
        whole = expected == row["l_amount"] and actual == row["r_amount"]
        yield Cause(BreakClass.PERIOD, ZERO if whole else actual - expected, say)


def _edited_at_source(row: Mapping[str, Any]) -> Iterator[Cause]:
    """The hub holds another amount of it than the source states now."""
    seen, stated = row["hub_amount"], row["own_amount"]
    whole = not row["article"]  # the hub knows a document's units, not those of each article
    rate = Decimal(1) if row["l_unit"] == row["own_unit"] else row["rate"]
    if whole and row["in_hub"] and seen is not None and seen != stated and rate:
        share = seen - stated if rate == 1 else rounded(seen * rate, row["l_unit"]) - rounded(stated * rate, row["l_unit"])
        yield Cause(BreakClass.STALE, share, f"{_what(row)} was edited at the source: {stated} now, {seen} when it was last read.")


def _edited_at_target(row: Mapping[str, Any], arithmetic: Arithmetic) -> Iterator[Cause]:
    """Somebody changed there what had been booked right: a tax, a tip that is gone are told as such, what is left was edited."""
    say = f"{_what(row)} was edited at {_target(row)} ({row['edited']}) since it was booked."
    if not _in_detail(row) or row["booked"] != row["l_amount"]:
        yield Cause(BreakClass.STALE, row["r_amount"] - row["booked"], say)
        return
    parts = list(_by_component(row, arithmetic))
    yield from (
        replace(part, say=f"{part.say} It was edited there ({row['edited']}).") for part in parts if part.kind is not BreakClass.AMOUNT
    )
    others = [part.amount for part in parts if part.kind is BreakClass.AMOUNT]
    if others:
        yield Cause(BreakClass.STALE, sum(others, ZERO), say)


def _components(row: Mapping[str, Any], edits: Sequence[Cause], arithmetic: Arithmetic) -> Iterator[Cause]:
    """What of the difference is left after the edits, told by components where both sides have them."""
    left = row["r_amount"] - row["l_amount"] - sum((cause.amount for cause in edits), ZERO)
    if _in_detail(row) and not edits:
        yield from _by_component(row, arithmetic)
    elif row["own_unit"] != row["l_unit"] and row["rate"]:
        yield from _foreign(row, left, edits, arithmetic)
    elif left:
        cause = _alone(row, left, arithmetic)
        if cause is not None:
            yield cause


def _in_detail(row: Mapping[str, Any]) -> bool:
    """Whether both tell what their totals are made of, in one currency."""
    return bool(row["l_detailed"] and row["r_detailed"] and row["own_unit"] == row["l_unit"])


def _by_component(row: Mapping[str, Any], arithmetic: Arithmetic) -> Iterator[Cause]:
    """Both tell what their totals are made of: the difference of each component is a share of its own."""
    sides = {name: (row[f"l_{name}"] or ZERO, row[f"r_{name}"] or ZERO) for name in COMPONENTS}
    verdict = arithmetic.judge(row, sides["tax"][1] - sides["tax"][0])
    if verdict.is_it:
        yield from _rounded(row, sides, verdict.say)
    for name, (mine, theirs) in sides.items():
        if mine != theirs:
            why = verdict.say if name == "tax" else _no_rounding(row, name)
            say = f"{_what(row)}: {name.replace('_', ' ')} {mine}, at {_target(row)} {theirs}.{why}"
            yield Cause(_class_of(name, mine, theirs), theirs - mine, say)


def _rounded(row: Mapping[str, Any], sides: dict[str, tuple[Decimal, Decimal]], say: str) -> Iterator[Cause]:
    """The tax that is rounding, taken out of `sides`, and with it the line by which the target makes up for it, where it has one."""
    mine, theirs = sides.pop("tax")
    yield Cause(BreakClass.ROUNDING, theirs - mine, f"{_what(row)}: {say}", _TAX)
    place = "goods" if row["l_rounding"] is None else "rounding"  # a source that tells no rounding: it is in the goods of both
    line = mine - theirs
    if row["r_own_rounding"] and sides[place][1] - sides[place][0] == line:
        del sides[place]
        yield Cause(BreakClass.ROUNDING, line, f"{_what(row)}: a line of {line} at {_target(row)} makes up for it.", _ROUNDING)


def _no_rounding(row: Mapping[str, Any], name: str) -> str:
    return f" No rounding: nothing that {_target(row)} computes gives it." if name == "rounding" else ""


def _class_of(name: str, mine: Decimal, theirs: Decimal) -> BreakClass:
    if name == "tax":
        return BreakClass.TAX
    if name in _OF_COMPONENT and not (mine and theirs):
        return _OF_COMPONENT[name]
    return BreakClass.AMOUNT


def _foreign(row: Mapping[str, Any], left: Decimal, edits: Sequence[Cause], arithmetic: Arithmetic) -> Iterator[Cause]:
    """What of it another amount in the document's currency is, at our rate, and what the rate; all is the rate where none is stated."""
    own, stated = rates.own_total(row), row["r_stated_amount"]
    if row["r_stated_unit"] == row["own_unit"] and own is not None and not edits:
        share = rounded(stated * row["rate"], row["l_unit"]) - rounded(own * row["rate"], row["l_unit"])
        say = f"{_what(row)} is {own} {row['own_unit']}, and {stated} at {_target(row)}."
        if share:
            yield Cause(BreakClass.AMOUNT, share, say)
        if left != share:
            yield rates.of_rate(row, _what(row), _target(row), left - share, arithmetic.cap)
    elif left:
        implied = row["r_amount"] / row["own_amount"] if row["own_amount"] else ZERO
        yield rates.of_rate({**row, "r_rate": implied}, _what(row), _target(row), left, arithmetic.cap)


def _alone(row: Mapping[str, Any], left: Decimal, arithmetic: Arithmetic) -> Cause | None:
    """One side tells only its total: a component that the other side lacks, or rounding, may be all of the difference."""
    for name, kind in (("tax", BreakClass.TAX), *_OF_COMPONENT.items()):
        mine, theirs = row[f"l_{name}"] or ZERO, row[f"r_{name}"] or ZERO
        if left == theirs - mine and bool(mine) != bool(theirs):
            return Cause(kind, left, f"{_what(row)}: {name.replace('_', ' ')} {mine} stands on one side only.")
    verdict = arithmetic.judge(row, left) if row["r_detailed"] and row["l_tax"] is None else None
    if verdict is not None and verdict.is_it:
        return Cause(BreakClass.ROUNDING, left, f"{_what(row)}: {verdict.say}", _TAX)
    return None


def _labels(row: Mapping[str, Any]) -> Iterator[Cause]:
    """Equal in amount, other in what is not an amount."""
    if row["l_party"] and row["r_party"] and row["l_party"] != row["r_party"]:
        yield Cause(BreakClass.PARTY, ZERO, f"{_what(row)} is of {row['l_party']}, and stands for {row['r_party']}.")
    paid = row["l_amount"] == row["r_amount"]  # with another amount, whether it is paid follows from that
    if paid and row["l_status"] and row["r_status"] and row["l_status"] != row["r_status"]:
        yield Cause(BreakClass.STATUS, ZERO, f"{_what(row)} is {row['l_status']}, and {row['r_status']} at {_target(row)}.")
    if row["l_cost"] is not None and row["r_cost"] is not None and row["l_cost"] != row["r_cost"] and row["l_amount"] == row["r_amount"]:
        yield Cause(BreakClass.COST, ZERO, f"{_what(row)}: the units agree, their cost is {row['l_cost']} and {row['r_cost']}.")
    if row["l_overtime"] is not None and row["r_overtime"] is not None and row["l_overtime"] != row["r_overtime"]:
        say = f"{_what(row)}: {row['l_overtime']} of the hours are overtime, at {_target(row)} {row['r_overtime']}."
        yield Cause(BreakClass.RATE, ZERO, say)


def _accounts(row: Mapping[str, Any], rules: Rules, window: Window) -> Iterator[Cause]:
    """The total agrees, and an account gets something else: it was booked elsewhere. Cents of a conversion, line by line, are none."""
    if row["l_unit"] != row["r_unit"] or not window.holds(row["l_on_day"]) or not window.holds(row["r_on_day"]):
        return
    if row["l_gateway"] and row["r_gateway"] and row["l_gateway"] != row["r_gateway"] and row["r_clearing"]:
        say = f"{_what(row)} goes through {row['l_gateway']}, and stands at {_target(row)} on the clearing account of {row['r_gateway']}."
        yield Cause(BreakClass.AMOUNT, ZERO, say)
    for name in MEASURED:
        mine, theirs = row[f"l_{name}"], row[f"r_{name}"]
        if mine is not None and theirs is not None and mine != theirs and not converted(row, theirs - mine, rules):
            account = name.replace("_", " ")
            say = f"{_what(row)}: {account} should get {mine} and gets {theirs} at {_target(row)}; it stands on another account."
            yield Cause(OF_BALANCE.get(name, BreakClass.AMOUNT), ZERO, say)


def converted(row: Mapping[str, Any], apart: Decimal, rules: Rules) -> bool:
    """Whether a balance's difference is what converting line by line may leave."""
    return row["own_unit"] != row["l_unit"] and abs(apart) <= rules.rounding_cap


def _rest(row: Mapping[str, Any], rest: Decimal, arithmetic: Arithmetic) -> Cause:
    if is_kept(row["sheet"]):
        say = f"{_what(row)} has {row['l_amount']:f} pieces to hand over, and {_target(row)} keeps {row['r_amount']:f} for it."
        return Cause(BreakClass.RESERVE, rest, say)
    kind = _OF_UNIT.get(row["l_unit"], BreakClass.FEE if row["kind"] == "fee" else BreakClass.AMOUNT)
    verdict = arithmetic.judge(row, rest)
    why = verdict.say if kind is BreakClass.AMOUNT and not verdict.is_it else ""
    return Cause(kind, rest, f"{_what(row)} is {row['l_amount']} {row['l_unit']}, and {row['r_amount']} at {_target(row)}.{why}")


def _what(row: Mapping[str, Any]) -> str:
    """The document as a sentence begins with it: Order 1001, Payout TS-1 (arrival)."""
    kind = str(row["kind"]).replace("_", " ")
    part = f" ({row['part']})" if row.get("part") else ""
    article = f", {row['article']}" if row.get("article") else ""
    return f"{kind[:1].upper()}{kind[1:]} {row['l_number'] or row['r_number']}{part}{article}"


def _target(row: Mapping[str, Any]) -> str:
    return str(row["target"] or str(row["sheet"]).split("/", maxsplit=1)[0])
