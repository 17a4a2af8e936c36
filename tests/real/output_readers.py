"""Read what a run left behind, by format alone: a Beancount journal and a table of stock movements."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import sqlalchemy as sa
from beancount import loader
from beancount.core.data import Transaction

MILLIONTHS = 1_000_000


@dataclass(frozen=True)
class Ledger:
    """A journal: movements per (account, month, currency), the net of each transaction on each account, and what does not load."""

    balances: dict[tuple[str, str, str], Decimal]
    transactions: dict[tuple[str, str, str], list[Decimal]]  # (month, account, currency) -> one net amount per transaction
    errors: list[str]


def read_ledger(main: Path) -> Ledger:
    """Load the journal with everything it includes, as `bean-check` would; nothing is written beside it."""
    loader.initialize(use_cache=False)  # its cache would lay a file into the ledger's folder
    entries, errors, _ = loader.load_file(str(main))
    balances: dict[tuple[str, str, str], Decimal] = defaultdict(Decimal)
    transactions: dict[tuple[str, str, str], list[Decimal]] = defaultdict(list)
    for entry in entries:
        if not isinstance(entry, Transaction):
            continue
        month = entry.date.strftime("%Y-%m")
        nets: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
        for posting in entry.postings:
            if posting.units is not None and posting.units.number is not None:  # booked postings always have both
                nets[posting.account, posting.units.currency] += posting.units.number
        for (account, currency), net in nets.items():
            balances[account, month, currency] += net
            transactions[month, account, currency].append(net)
    return Ledger(dict(balances), dict(transactions), [error.message for error in errors])


def read_stock(database_url: str, per: str, *, scale: int | None = None) -> dict[str, Decimal]:
    """Return item (`per="item"`) or month of `moved_on` (`per="month"`) -> sum of units in the table `stock_movement`.

    `scale` is the number that stands for one unit. Without it the declared type of the column says: SQLite has no decimals, so a whole-
    number type there means millionths; any other type holds units as they are.
    """
    engine = sa.create_engine(database_url)
    try:
        with engine.connect() as con:
            columns = {column["name"]: column["type"] for column in sa.inspect(con).get_columns("stock_movement")}
            if scale is None:
                scale = MILLIONTHS if con.dialect.name == "sqlite" and isinstance(columns["units"], sa.Integer) else 1
            key = "item" if per == "item" else "substr(CAST(moved_on AS VARCHAR), 1, 7)"
            rows = con.execute(sa.text(f"SELECT {key}, CAST(sum(units) AS VARCHAR) FROM stock_movement GROUP BY 1")).all()
    finally:
        engine.dispose()
    return {str(name): Decimal(units) / scale for name, units in rows}
