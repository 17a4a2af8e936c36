"""Waterfalls: from what the source says to what the target holds, each step a line, ending at 0.00 unexplained.

Totals are summed by the database over all rows, breaks come from the pairs one by one: that both meet is the check, and no line is ever
computed as "what is missing".
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, NamedTuple

from pipelines.reconcile.bench import MEASURED, Bench
from pipelines.reconcile.causes import Window, is_kept
from pipelines.reconcile.report import Line, Waterfall
from pipelines.reconcile.words import MEANINGS, BreakClass

ZERO = Decimal(0)
SALES, PAYMENTS, PAYOUTS, CHARGES, PURCHASES = "sales", "payments", "payouts", "charges", "purchases"
STOCK, KEPT, HOURS, OTHER = "stock", "reserve", "hours", "other"
CLEARING, CLEARING_OF = "clearing", "clearing_of"
"""All clearing accounts together, and that of one processor."""
_UNTOLD = "no processor is named"
_GROUP = {
    **dict.fromkeys(("order", "adjustment", "refund", "invoice", "sales_receipt", "credit_note", "refund_receipt"), SALES),
    **dict.fromkeys(("bill", "vendor_credit", "bill_credit"), PURCHASES),
    **dict.fromkeys(("payment", "bill_payment"), PAYMENTS),
    **dict.fromkeys(("payout", "transfer"), PAYOUTS),
    **dict.fromkeys(("fee", "dispute", "balance_transaction", "spend"), CHARGES),
}
TITLES = {
    SALES: "Sales and refunds",
    PAYMENTS: "Payments",
    PAYOUTS: "Payouts, leg by leg",
    CHARGES: "Fees, disputes and settlements",
    PURCHASES: "Bills and credits of suppliers",
    STOCK: "Stock: units out",
    KEPT: "Stock: units kept for open orders",
    HOURS: "Hours worked",
    OTHER: "Other documents",
    CLEARING: "Clearing accounts against the processors",
    CLEARING_OF: "Clearing account",
    "in_transit": "Payouts in transit",
    "tax_owed": "Tax owed against tax collected",
    "cards_owed": "Gift cards: what is owed",
}


def group_of(kind: str, unit: str, sheet: str) -> str:
    """The waterfall in which a kind of document counts."""
    if is_kept(sheet):
        return KEPT
    return {"C62": STOCK, "HUR": HOURS}.get(unit) or _GROUP.get(kind, OTHER)


class Share(NamedTuple):
    """What one class explains of one measure."""

    sheet: str
    group: str
    unit: str
    measure: str
    kind: BreakClass
    amount: Decimal


def _place(row: Mapping[str, Any]) -> tuple[str, str, str]:
    """Sheet, waterfall and unit in which a row counts."""
    return row["sheet"], group_of(row["kind"], row["unit"], row["sheet"]), row["unit"]


@dataclass(slots=True)
class _Held:
    """What the target holds of one group: counted, and its amount and balances."""

    count: int = 0
    note: str = ""
    sums: dict[str, Decimal] = field(default_factory=lambda: defaultdict(lambda: ZERO))


def waterfalls(bench: Bench, window: Window, shares: Iterable[Share]) -> list[Waterfall]:
    """All of them: one for each sheet, group and unit, and one for each balance that both corners tell of."""
    broken: dict[tuple[str, str, str, str], dict[BreakClass, list[Decimal]]] = defaultdict(lambda: defaultdict(list))
    for share in shares:
        broken[share.sheet, share.measure, share.group, share.unit][share.kind].append(share.amount)
    held = _actual(bench, window)
    totals = [*_totals(bench, window, broken, held), *_balances(bench, window, broken, held), *_processors(bench, window, broken)]
    return sorted(totals, key=lambda each: (each.sheet, list(TITLES).index(each.name), each.unit or "", each.title))


def inside(window: Window, column: str) -> str:
    """SQL: whether a day lies in the window."""
    return "true" if window.first is None else f"{column} BETWEEN DATE '{window.first}' AND DATE '{window.last}'"


def _totals(bench: Bench, window: Window, broken: Mapping[Any, Any], actual: Mapping[tuple[str, str, str], _Held]) -> Iterable[Waterfall]:
    steps: dict[tuple[str, str, str], list[Line]] = defaultdict(list)
    for row in bench.rows(
        f"""
        SELECT sheet, kind, unit, own_unit, count(*) AS n, sum(base) AS base, sum(own_amount) AS own FROM (
            SELECT sheet, kind, unit, own_unit, base, own_amount FROM expected WHERE at_source AND {inside(window, "on_day")}
            UNION ALL SELECT sheet, kind, unit, own_unit, base, own_amount FROM restated WHERE {inside(window, "on_day")})
        GROUP BY sheet, kind, unit, own_unit HAVING sum(abs(base)) <> 0 ORDER BY ALL
        """  # noqa: S608 (our own names)
    ):
        note = "" if row["own_unit"] == row["unit"] else f"{row['own']:f} {row['own_unit']} at the rates of their days"
        label = f"Source: {row['kind'].replace('_', ' ')}{'' if not note else ' in ' + row['own_unit']}"
        steps[_place(row)].append(Line(label, row["base"] or ZERO, row["n"], "corner", note))
    for row in bench.rows(
        f"""
        SELECT sheet, kind, unit, fate, reason, count(*) AS n, sum(base) AS base FROM expected
        WHERE at_source AND fate IN ('excluded', 'merged') AND {inside(window, "on_day")} GROUP BY ALL ORDER BY ALL
        """  # noqa: S608
    ):
        line = Line(
            f"{row['fate'].capitalize()}: {row['reason']}", -(row["base"] or ZERO), row["n"], "step", f"{row['kind']}, in the total above"
        )
        steps[_place(row)].append(line)
    for column, label in (("card", "Gift cards redeemed inside sales"), ("coin", "Rounded to the smallest coin")):
        for row in bench.rows(
            f"""
            SELECT sheet, kind, unit, count(*) AS n, sum({column}) AS amount FROM expected
            WHERE at_source AND coalesce(fate NOT IN ('excluded', 'merged'), true) AND {column} <> 0 AND {inside(window, "on_day")}
            GROUP BY ALL ORDER BY ALL
            """  # noqa: S608
        ):
            line = Line(label, row["amount"], row["n"], "step", "the target's total does not hold it" if column == "card" else "")
            steps[_place(row)].append(line)
    for key in sorted({*steps, *actual}, key=str):
        sheet, group, unit = key
        there = actual.get(key, _Held())
        yield _waterfall(
            group, sheet, unit, steps[key], (there.count, there.sums["amount"]), broken.get((sheet, "amount", group, unit), {}), there.note
        )


def _actual(bench: Bench, window: Window) -> dict[tuple[str, str, str], _Held]:
    """What the target holds, by sheet, group and unit: how many, their amount and balances."""
    sums = ", ".join(f"sum({name}) AS {name}" for name in ("amount", *MEASURED))
    found: dict[tuple[str, str, str], _Held] = defaultdict(_Held)
    for row in bench.rows(
        f"""
        SELECT sheet, kind, unit, count(*) AS n, {sums} FROM (
            SELECT sheet, kind, unit, amount, {", ".join(MEASURED)} FROM met WHERE r_id IS NOT NULL AND {inside(window, "on_day")}
            UNION ALL SELECT sheet, kind, unit, amount, {", ".join(MEASURED)} FROM double WHERE {inside(window, "on_day")})
        GROUP BY ALL
        """  # noqa: S608
    ):
        held = found[_place(row)]
        held.count += row["n"]
        for name in ("amount", *MEASURED):
            held.sums[name] += row[name] or ZERO
    for row in bench.rows(
        f"""
        SELECT sheet, kind, unit, sum(realised) AS realised FROM (
            SELECT sheet, kind, unit, realised FROM actual WHERE {inside(window, "on_day")}
            UNION ALL SELECT sheet, kind, unit, realised FROM double WHERE {inside(window, "on_day")})
        GROUP BY ALL HAVING sum(realised) <> 0 ORDER BY ALL
        """  # noqa: S608
    ):
        what = "loss" if row["realised"] > 0 else "gain"
        say = f"besides, the target booked an exchange {what} of {abs(row['realised'])} by itself, on what was settled at another rate"
        found[_place(row)].note = say
    return found


def _balances(bench: Bench, window: Window, broken: Mapping[Any, Any], actual: Mapping[tuple[str, str, str], _Held]) -> Iterable[Waterfall]:
    for measure in MEASURED:
        steps: dict[tuple[str, str], list[Line]] = defaultdict(list)
        for row in bench.rows(
            f"""
            SELECT sheet, kind, part, unit, count(*) AS n, sum({measure}) AS amount FROM expected
            WHERE at_source AND {measure} IS NOT NULL AND coalesce(fate NOT IN ('excluded', 'merged'), true) AND {inside(window, "on_day")}
              AND sheet IN (SELECT sheet FROM actual WHERE {measure} IS NOT NULL)
            GROUP BY ALL HAVING sum(abs({measure})) <> 0 ORDER BY ALL
            """  # noqa: S608
        ):
            name = f"{row['kind'].replace('_', ' ')}{' (' + row['part'] + ')' if row['part'] else ''}"
            steps[row["sheet"], row["unit"]].append(Line(f"Source: {name}", row["amount"], row["n"], "corner", "+ debit, − credit"))
        held: dict[tuple[str, str], tuple[int, Decimal]] = defaultdict(lambda: (0, ZERO))
        for (sheet, _group, unit), there in actual.items():
            held[sheet, unit] = (held[sheet, unit][0] + there.count, held[sheet, unit][1] + there.sums[measure])
        for sheet, unit in sorted(steps):
            yield _waterfall(measure, sheet, unit, steps[sheet, unit], held[sheet, unit], broken.get((sheet, measure, "", unit), {}))


def _processors(bench: Bench, window: Window, broken: Mapping[Any, Any]) -> Iterable[Waterfall]:
    """The clearing account of each processor, where more than one is told apart; together they are the waterfall of all."""
    steps: dict[tuple[str, str, str], list[Line]] = defaultdict(list)
    names = _names(bench)
    if not names:
        return
    for row in bench.rows(
        f"""
        SELECT e.sheet, e.kind, e.part, e.unit, processor(coalesce(e.gateway, a.gateway)) AS gateway, count(*) AS n,
               sum(e.clearing) AS amount
        FROM expected e LEFT JOIN actual a ON a.sheet = e.sheet AND a.key = e.key
        WHERE at_source AND e.clearing <> 0 AND coalesce(fate NOT IN ('excluded', 'merged'), true) AND {inside(window, "e.on_day")}
          AND e.sheet IN (SELECT sheet FROM actual WHERE clearing IS NOT NULL)
        GROUP BY ALL ORDER BY ALL
        """  # noqa: S608 (our own names)
    ):
        name = f"{row['kind'].replace('_', ' ')}{' (' + row['part'] + ')' if row['part'] else ''}"
        steps[row["sheet"], row["gateway"], row["unit"]].append(
            Line(f"Source: {name}", row["amount"], row["n"], "corner", "+ debit, − credit")
        )
    held: dict[tuple[str, str, str], tuple[int, Decimal]] = defaultdict(lambda: (0, ZERO))
    for row in bench.rows(
        f"""
        SELECT sheet, processor(gateway) AS gateway, unit, count(*) AS n, sum(clearing) AS amount FROM (
            SELECT sheet, gateway, unit, clearing FROM met WHERE r_id IS NOT NULL AND clearing <> 0 AND {inside(window, "on_day")}
            UNION ALL SELECT d.sheet, coalesce(d.gateway, e.gateway), d.unit, d.clearing
            FROM double d LEFT JOIN expected e ON e.sheet = d.sheet AND e.key = d.key
            WHERE d.clearing <> 0 AND {inside(window, "d.on_day")})
        GROUP BY ALL
        """  # noqa: S608
    ):
        held[row["sheet"], row["gateway"], row["unit"]] = (row["n"], row["amount"])
    keys = {*steps, *held, *((sheet, group, unit) for sheet, measure, group, unit in broken if measure == CLEARING_OF)}
    for sheet, gateway, unit in sorted(keys, key=str):
        if len({key[1] for key in keys if key[0] == sheet}) > 1:
            fall = _waterfall(
                CLEARING_OF, sheet, unit, steps[sheet, gateway, unit], held[sheet, gateway, unit],
                broken.get((sheet, CLEARING_OF, gateway, unit), {}),
            )  # fmt: skip
            yield replace(fall, title=f"{fall.title}: {names.get(gateway, _UNTOLD)}")


def _names(bench: Bench) -> dict[str, str]:
    """How people call each processor: as a source names it, else as an account does."""
    rows = bench.rows(
        "SELECT processor(gateway) AS gateway, arg_min(gateway, rank) AS name FROM (SELECT DISTINCT gateway, 1 AS rank FROM expected "
        "UNION ALL SELECT DISTINCT gateway, 2 FROM actual) WHERE gateway IS NOT NULL GROUP BY 1"
    )
    return {row["gateway"]: row["name"].replace("_", " ") for row in rows}


def _waterfall(
    name: str,
    sheet: str,
    unit: str,
    steps: list[Line],
    actual: tuple[int, Decimal],
    broken: Mapping[BreakClass, list[Decimal]],
    note: str = "",
) -> Waterfall:
    expected = sum((line.amount for line in steps), ZERO)
    lines = [*steps, Line("Expected at the target", expected, 0, "total")]
    lines += [
        Line(MEANINGS[kind].title, sum(broken[kind], ZERO), len(broken[kind]), "break", kind.value) for kind in BreakClass if kind in broken
    ]
    lines.append(Line("At the target", actual[1], actual[0], "total", note))
    unexplained = actual[1] - expected - sum((sum(amounts, ZERO) for amounts in broken.values()), ZERO)
    lines.append(Line("Unexplained", unexplained, 0, "check"))
    return Waterfall(name, TITLES[name], sheet, unit, tuple(lines), unexplained)
