"""Judge which sale each credit line returns, and tell how many credit lines could be tied at best."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from heapq import heappop, heappush
from pathlib import Path

from tests.real.online_retail_judge import opened

FLOOR = 7_100
"""Credit lines that the issue wants tied, of the 9,288."""

Key = tuple[int, str, Decimal]  # customer, stock code, unit price
Tie = tuple[str, str, object, object, object, str]
"""(credit invoice, stock code, customer, unit price, quantity, tied sale invoice); customer and numbers as number or text."""


@dataclass(frozen=True)
class Verdict:
    """What is wrong with the ties, and how many credit lines they cover wholly."""

    wrong: list[str]
    lines_tied: int


@dataclass(frozen=True)
class Reach:
    """How many credit lines can be tied wholly: by taking sales first in, first out, and at the very best."""

    fifo: int
    best: int


@dataclass(frozen=True)
class _Lines:
    """Sold and credited quantities of lines with a customer, and the time of every document."""

    moment: dict[str, datetime]
    sold: dict[Key, dict[str, int]]  # -> sale invoice -> quantity, earliest first
    credited: dict[tuple[str, Key], list[int]]  # (credit invoice, key) -> quantity of each line, earliest credit first


def judge_ties(ties: Iterable[Tie], parquet: Path) -> Verdict:
    """Check each tie and the sums over them.

    The sale must be of the same customer, code and price, at the same time or earlier, and be a sale; over all ties neither the
    quantity sold on a sale nor the quantity of the credit is exceeded. A walk-in is nobody in particular and ties to nothing. Where
    a credit note has several lines of one code and price, the ties do not say which is meant; the longest lines are taken to be
    covered first, which counts low.
    """
    lines = _lines(parquet)
    wrong: list[str] = []
    taken: dict[tuple[str, Key], Decimal] = defaultdict(Decimal)
    covered: dict[tuple[str, Key], Decimal] = defaultdict(Decimal)
    for credit, code, customer, price, quantity, sale in ties:
        try:
            units = abs(Decimal(str(quantity)))
            key = (int(Decimal(str(customer))), code, Decimal(str(price)))
        except (ArithmeticError, ValueError):
            wrong.append(f"{credit} {code}: tied to {sale} without customer, price and quantity ({customer!r}, {price!r}, {quantity!r})")
            continue
        if sale not in lines.sold.get(key, {}):
            wrong.append(f"{credit} {code}: {sale} is no sale of it to {key[0]} at {key[2]}")
            continue
        if (credit, key) not in lines.credited:
            wrong.append(f"{credit} {code}: no such line is credited to {key[0]} at {key[2]}")
            continue
        if lines.moment[sale] > lines.moment[credit]:
            wrong.append(f"{credit} {code}: {sale} is later than the credit note")
        taken[sale, key] += units
        covered[credit, key] += units
    for (sale, key), units in taken.items():
        if units > lines.sold[key][sale]:
            wrong.append(f"{sale} {key[1]}: {units} tied, {lines.sold[key][sale]} sold")
    tied = 0
    for (credit, key), units in covered.items():
        if units > sum(lines.credited[credit, key]):
            wrong.append(f"{credit} {key[1]}: {units} tied, {sum(lines.credited[credit, key])} credited")
        tied += _whole_lines(lines.credited[credit, key], units)
    return Verdict(wrong, tied)


def reachable(parquet: Path) -> Reach:
    """Count the credit lines that can be tied wholly; a line may be split over several sales.

    `fifo` ties credits in order of time, each if enough is left of the earlier sales. `best` drops the largest line so far whenever the
    earlier sales do not suffice (Moore and Hodgson's rule, with the quantity sold until then as the due date), which no order can
    beat.
    """
    lines = _lines(parquet)
    demands: dict[Key, list[tuple[datetime, int]]] = defaultdict(list)
    for (credit, key), quantities in lines.credited.items():
        demands[key] += [(lines.moment[credit], quantity) for quantity in quantities]
    fifo = best = 0
    for key, wanted in demands.items():
        supply = [(lines.moment[sale], quantity) for sale, quantity in lines.sold.get(key, {}).items()]
        kept: list[int] = []
        total = used = 0
        for moment, quantity in wanted:
            sold = sum(units for at, units in supply if at <= moment)
            if used + quantity <= sold:
                used += quantity
                fifo += 1
            heappush(kept, -quantity)
            total += quantity
            if total > sold:
                total += heappop(kept)
        best += len(kept)
    return Reach(fifo, best)


def fifo_ties(parquet: Path) -> list[Tie]:
    """Return ties that take the earliest sales first: a right answer, to try the judge on."""
    lines = _lines(parquet)
    left = {key: dict(sales) for key, sales in lines.sold.items()}
    ties: list[Tie] = []
    for (credit, key), quantities in lines.credited.items():
        stock = {sale: units for sale, units in left.get(key, {}).items() if lines.moment[sale] <= lines.moment[credit]}
        for quantity in quantities:
            wanted = quantity if quantity <= sum(stock.values()) else 0
            for sale, units in stock.items():
                part = min(wanted, units)
                if part:
                    ties.append((credit, key[1], key[0], key[2], part, sale))
                    stock[sale] -= part
                    left[key][sale] -= part
                    wanted -= part
    return ties


def _lines(parquet: Path) -> _Lines:
    sql = """WITH credited AS (SELECT DISTINCT customer, code, price FROM line WHERE left(invoice, 1) = 'C')
             SELECT kind, line.invoice, customer, code, price, units, d.moment FROM line
             JOIN document d USING (invoice) JOIN credited USING (customer, code, price)
             WHERE customer IS NOT NULL AND kind IN ('sale', 'credit')
             ORDER BY d.moment, line.invoice, abs(units)"""
    moment: dict[str, datetime] = {}
    sold: dict[Key, dict[str, int]] = defaultdict(dict)
    credited: dict[tuple[str, Key], list[int]] = defaultdict(list)
    with opened(parquet) as con:
        for kind, invoice, customer, code, price, units, at in con.execute(sql).fetchall():
            key = (customer, code, price)
            moment[invoice] = at
            if kind == "sale":
                sold[key][invoice] = sold[key].get(invoice, 0) + units
            else:
                credited[invoice, key].append(-units)
    return _Lines(moment, dict(sold), dict(credited))


def _whole_lines(lines: list[int], units: Decimal) -> int:
    count = 0
    for quantity in sorted(lines, reverse=True):
        if quantity <= units:
            units -= quantity
            count += 1
    return count
