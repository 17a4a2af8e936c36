"""Judge the books and the stock of the Online Retail run against SQL that was written from the issue's list alone.

Nothing of the project is imported and its mapping was not read: what stands here is the list of the issue ("Main job on real
input") as DuckDB SQL, and readers of the two outputs (`output_readers`). A difference is one sentence; no sentences mean equal.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from tests.real.output_readers import Ledger, read_ledger, read_stock

ZERO = Decimal(0)
CURRENCY = "GBP"

CLASSES: dict[str, int] = {
    "goods": -1,
    "shipping": -1,
    "gift_card": -1,
    "fees": -1,
    "manual": -1,
    "samples": -1,
    "discount": -1,
    "donation": -1,
    "bad_debt": -1,
    "rounding": -1,
    "receivable": 1,
}
"""Class -> sign of its balance in a Beancount ledger per unit of `Quantity x UnitPrice`.

The file is written from the shop's view: a sale is positive and credits its account (-1), a fee is negative and so debits it. The
receivable is the counter side (+1). `rounding` takes what is left between the rounded total of a document and the sum of its
rounded classes.
"""

LINES = """
CREATE OR REPLACE TEMP VIEW line AS
SELECT InvoiceNo AS invoice, StockCode AS code, Quantity AS units, InvoiceDate::TIMESTAMP AS moment,
       CustomerID::BIGINT AS customer, UnitPrice::VARCHAR::DECIMAL(18,6) AS price,
       Quantity::DECIMAL(18,0) * UnitPrice::VARCHAR::DECIMAL(18,6) AS amount,
       CASE WHEN StockCode IN ('POST', 'DOT', 'C2') THEN 'shipping'
            WHEN starts_with(StockCode, 'gift_0001_') THEN 'gift_card'
            WHEN StockCode IN ('BANK CHARGES', 'AMAZONFEE') THEN 'fees'
            WHEN StockCode IN ('M', 'm') THEN 'manual'
            WHEN StockCode = 'S' THEN 'samples'
            WHEN StockCode = 'D' THEN 'discount'
            WHEN StockCode = 'CRUK' THEN 'donation'
            WHEN StockCode = 'B' THEN 'bad_debt'
            ELSE 'goods' END AS class
FROM read_parquet('{parquet}');
CREATE OR REPLACE TEMP VIEW document AS
SELECT invoice, min(moment) AS moment, strftime(min(moment), '%Y-%m') AS month,
       CASE left(invoice, 1) WHEN 'C' THEN 'credit' WHEN 'A' THEN 'adjustment' ELSE 'sale' END AS kind,
       bool_and(amount = 0) AS moneyless, sum(amount) AS exact, round(sum(amount), 2) AS booked
FROM line GROUP BY invoice;
CREATE OR REPLACE TEMP VIEW part AS
SELECT invoice, class, sum(amount) AS exact, round(sum(amount), 2) AS booked FROM line GROUP BY invoice, class;
"""

BALANCES = """
WITH rest AS (SELECT invoice, sum(exact) AS exact, sum(booked) AS booked FROM part GROUP BY invoice),
every AS (
    SELECT class, invoice, exact, booked FROM part
    UNION ALL SELECT 'receivable', invoice, exact, booked FROM document
    UNION ALL SELECT 'rounding', invoice, d.exact - r.exact, d.booked - r.booked FROM document d JOIN rest r USING (invoice))
SELECT class, month, sum(e.exact), sum(e.booked) FROM every e JOIN document USING (invoice)
GROUP BY class, month HAVING bool_or(e.exact <> 0) OR bool_or(e.booked <> 0)
"""


@dataclass(frozen=True)
class Sum:
    """An amount as the file has it, and as the books have it in whole pence per document."""

    exact: Decimal
    booked: Decimal


@dataclass(frozen=True)
class Controls:
    """The control totals of a file: rows and amounts per class, documents per kind, units that left the stock."""

    rows: int
    total: Decimal
    classes: dict[str, tuple[int, Decimal]]
    kinds: dict[str, int]
    moneyless: int
    goods_units: int
    sample_units: int


def opened(parquet: Path) -> duckdb.DuckDBPyConnection:
    """Return a connection with the views `line`, `document` and `part` (document x class) over the file."""
    con = duckdb.connect()
    con.execute(LINES.replace("{parquet}", str(parquet).replace("'", "''")))
    return con


def expected_balances(parquet: Path) -> dict[tuple[str, str], Sum]:
    """Return (class, month `YYYY-MM`) -> what moved in that month, sign as in the file."""
    with opened(parquet) as con:
        return {(name, month): Sum(exact, booked) for name, month, exact, booked in con.execute(BALANCES).fetchall()}


def rounded_documents(parquet: Path) -> dict[str, Sum]:
    """Return the documents whose amount in pence is not their exact amount, as a whole or in one class."""
    sql = """SELECT invoice, d.exact, d.booked FROM document d WHERE d.exact <> d.booked
             OR invoice IN (SELECT invoice FROM part WHERE exact <> booked) ORDER BY invoice"""
    with opened(parquet) as con:
        return {invoice: Sum(exact, booked) for invoice, exact, booked in con.execute(sql).fetchall()}


def controls(parquet: Path) -> Controls:
    """Return the control totals that the issue lists."""
    with opened(parquet) as con:
        per_class = con.execute("SELECT class, count(*), sum(amount), sum(units) FROM line GROUP BY class").fetchall()
        kinds = dict(con.execute("SELECT kind, count(*) FROM document GROUP BY kind").fetchall())
        moneyless = con.execute("SELECT count(*) FROM document WHERE moneyless").fetchall()[0][0]
    units = {name: int(units) for name, _, _, units in per_class}
    return Controls(
        rows=sum(rows for _, rows, _, _ in per_class),
        total=sum((amount for _, _, amount, _ in per_class), ZERO),
        classes={name: (rows, amount) for name, rows, amount, _ in per_class},
        kinds=kinds,
        moneyless=moneyless,
        goods_units=units.get("goods", 0),
        sample_units=units.get("samples", 0),
    )


STOCK = "class = 'goods' OR (class = 'samples' AND amount <> 0)"


def expected_stock(parquet: Path) -> dict[str, Decimal]:
    """Return stock code -> units that left (+) or came back (-): goods at any price, samples at a price, nothing else."""
    with opened(parquet) as con:
        return {
            code: Decimal(int(units))
            for code, units in con.execute(f"SELECT code, sum(units) FROM line WHERE {STOCK} GROUP BY code").fetchall()
        }


def expected_stock_months(parquet: Path) -> dict[str, Decimal]:
    """Return month -> units that left the stock in it, over all items."""
    sql = f"SELECT month, sum(units) FROM line JOIN document USING (invoice) WHERE {STOCK} GROUP BY month"
    with opened(parquet) as con:
        return {month: Decimal(int(units)) for month, units in con.execute(sql).fetchall()}


def judge(
    ledger_main: Path, database_url: str, accounts: Mapping[str, str | tuple[str, ...]], parquet: Path, *, scale: int | None = None
) -> list[str]:
    """Return how the ledger and the table `stock_movement` differ from the file; empty = equal.

    `accounts` names for each class of CLASSES its account (or several); sub-accounts count with it. `scale` is what one unit is in the
    column `units`; without it the column's declared type says (`output_readers.read_stock`).
    """
    return judge_books(read_ledger(ledger_main), accounts, parquet) + judge_stock(database_url, parquet, scale=scale)


def judge_books(ledger: Ledger, accounts: Mapping[str, str | tuple[str, ...]], parquet: Path) -> list[str]:
    """Compare the balance of every class and month; an account that belongs to no class must not move at all."""
    wrong, owner = _owners(accounts)
    wrong += [f"the ledger does not load: {error}" for error in ledger.errors]
    found: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for (account, month, currency), amount in ledger.balances.items():
        name = _class_of(account, owner)
        if currency != CURRENCY:
            wrong.append(f"{account} {month}: moves {amount} {currency}; the file knows {CURRENCY} only")
        elif name is None:
            wrong += [f"{account} {month}: moves {amount} and belongs to no class"] if amount else []
        else:
            found[name, month] += CLASSES[name] * amount
    expected = {key: both.booked for key, both in expected_balances(parquet).items()}
    return wrong + _differences(expected, found, "balance of")


def judge_documents(ledger: Ledger, receivable: str, parquet: Path) -> list[str]:
    """Compare the totals of single documents, month by month: each must be one transaction that moves the receivable by it.

    Sharper than balances (two wrongs cannot cancel), but true only of a ledger in which nothing was reversed.
    """
    booked: Counter[tuple[str, Decimal]] = Counter()
    for (month, account, currency), amounts in ledger.transactions.items():
        if currency == CURRENCY and _within(account, receivable):
            booked.update((month, amount) for amount in amounts if amount)
    with opened(parquet) as con:
        rows = con.execute("SELECT month, booked FROM document WHERE booked <> 0").fetchall()
    expected = Counter((month, amount) for month, amount in rows)
    keys = sorted(expected.keys() | booked.keys())
    return [
        f"documents of {amount} in {month}: expected {expected[month, amount]}, found {booked[month, amount]}"
        for month, amount in keys
        if expected[month, amount] != booked[month, amount]
    ]


def judge_stock(database_url: str, parquet: Path, *, scale: int | None = None) -> list[str]:
    """Compare the units per stock code."""
    return _differences(expected_stock(parquet), read_stock(database_url, "item", scale=scale), "units of")


def judge_stock_months(database_url: str, parquet: Path, *, scale: int | None = None) -> list[str]:
    """Compare the units per month of `moved_on`, which must be the day of the invoice."""
    return _differences(expected_stock_months(parquet), read_stock(database_url, "month", scale=scale), "units in")


def _owners(accounts: Mapping[str, str | tuple[str, ...]]) -> tuple[list[str], dict[str, str]]:
    """Return account -> class; one account for two classes could not be judged."""
    wrong = [f"{name} is no class; there are {', '.join(CLASSES)}" for name in accounts if name not in CLASSES]
    owner: dict[str, str] = {}
    for name in CLASSES.keys() & accounts.keys():
        given = accounts[name]
        for account in (given,) if isinstance(given, str) else given:
            if account in owner:
                wrong.append(f"{account} is named for {owner[account]} and for {name}")
            owner[account] = name
    return wrong, owner


def _within(account: str, parent: str) -> bool:
    return account == parent or account.startswith(parent + ":")


def _class_of(account: str, owner: Mapping[str, str]) -> str | None:
    """Return the class of the nearest named account at or above this one."""
    above = [parent for parent in owner if _within(account, parent)]
    return owner[max(above, key=len)] if above else None


def _differences(expected: Mapping[Any, Decimal], found: Mapping[Any, Decimal], what: str) -> list[str]:
    differing = [key for key in expected.keys() | found.keys() if expected.get(key, ZERO) != found.get(key, ZERO)]
    return [
        f"{what} {' '.join(key) if isinstance(key, tuple) else key}: expected {expected.get(key, ZERO):f}, found {found.get(key, ZERO):f}"
        for key in sorted(differing, key=str)
    ]
