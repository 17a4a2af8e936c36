"""The bench: one DuckDB on which all corners lie side by side, as tables of one shape.

    item      one row a document, leg or stocked article, as one corner holds it
    standing  what the hub says became of a document on a posting: fate, reason, what was booked
    taxed     the taxed lines of a target's documents, where it reads them back: one row for each rate of a line

Rows come in as lines of JSON through a file of the bench's own folder, since DuckDB reads these in bulk and exactly; nothing is a float.
Once loaded, the bench is shut off from the machine: a control's SQL reads its tables and nothing else.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import time
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from mappings.model.money import EXPONENTS
from taps._kit.errors import Misconfigured

if TYPE_CHECKING:
    import duckdb

AMOUNT = "DECIMAL(28, 6)"
COMPONENTS = ("goods", "discount", "shipping", "tax", "tip", "gift_card", "fee", "reserve", "rounding", "other")
"""What a total is made of, each with its sign inside the total (a discount is negative); Σ = amount where `detailed`."""
BALANCES = ("clearing", "in_transit", "bank", "tax_owed", "cards_owed")
"""What a document does to an account: + debit, − credit."""
MEASURED = ("clearing", "in_transit", "tax_owed", "cards_owed")
"""Balances that have a waterfall of their own."""
_ITEM = {
    "id": "BIGINT DEFAULT nextval('item_id')",
    "corner": "VARCHAR",
    "sheet": "VARCHAR",
    "connection": "VARCHAR",
    "kind": "VARCHAR",
    "ref": "VARCHAR",
    "part": "VARCHAR",
    "article": "VARCHAR",
    "row": "VARCHAR",
    "subject": "VARCHAR",
    "number": "VARCHAR",
    "on_day": "DATE",
    "unit": "VARCHAR",
    "amount": AMOUNT,
    **dict.fromkeys(COMPONENTS, AMOUNT),
    **dict.fromkeys(BALANCES, AMOUNT),
    "detailed": "BOOLEAN",
    "redeemed": AMOUNT,
    "cost": AMOUNT,
    "party": "VARCHAR",
    "gateway": "VARCHAR",
    "account": "VARCHAR",
    "status": "VARCHAR",
    "version": "VARCHAR",
    "linked": "BOOLEAN",
    "edited": "VARCHAR",
    "rate": "DECIMAL(24, 12)",
    "stated_unit": "VARCHAR",
    "stated_amount": AMOUNT,
    "realised": AMOUNT,
    "overtime": AMOUNT,
    "text": "VARCHAR",
}
"""Of a target, `stated_unit` and `stated_amount` are what a document in another currency says itself, `rate` at which it is booked, and
`realised` the exchange difference that the target booked by itself with it (+ a loss)."""
_STANDING = {
    "sheet": "VARCHAR",
    "base": "VARCHAR",
    "connection": "VARCHAR",
    "kind": "VARCHAR",
    "ref": "VARCHAR",
    "part": "VARCHAR",
    "subject": "VARCHAR",
    "number": "VARCHAR",
    "on_day": "DATE",
    "unit": "VARCHAR",
    "amount": AMOUNT,
    "rate": "DECIMAL(24, 12)",
    "gateway": "VARCHAR",
    "fate": "VARCHAR",
    "reason": "VARCHAR",
    "held_for": "VARCHAR",
    "booked": AMOUNT,
    "booked_unit": "VARCHAR",
    "card_bridge": AMOUNT,
    "fx_bridge": AMOUNT,
    "rounding_bridge": AMOUNT,
}
_LINE = {
    "sheet": "VARCHAR",
    "kind": "VARCHAR",
    "ref": "VARCHAR",
    "net": AMOUNT,
    "rate": "DECIMAL(24, 12)",
    "quantity": AMOUNT,
    "gross": AMOUNT,
}
TOTAL = "total:"
"""How the reference of an item begins that is the total of a day, and no document."""
PASSED = "passed over"
"""What became of a row that the source lists and no read has brought."""
_LONGEST_ROW = 64 << 20
_CENT = Decimal("0.01")
_encode = msgspec.json.Encoder(decimal_format="string").encode


class Table(NamedTuple):
    """A table of the bench: names of its columns with their types."""

    name: str
    columns: Mapping[str, str]


ITEM = Table("item", _ITEM)
LINE = Table("taxed", _LINE)
STANDING = Table("standing", _STANDING)
"""`subject` is the document's id, with its leg (`part`) after a slash; `ref` the id at the source."""


class Bench:
    """An open bench. Tables are made empty; `load` fills them."""

    def __init__(self, con: duckdb.DuckDBPyConnection, folder: Path) -> None:
        self.con = con
        self._folder = folder
        self.con.execute("CREATE SEQUENCE item_id")
        for table in (ITEM, STANDING, LINE):
            self.make(table)

    def make(self, table: Table) -> None:
        """An empty table."""
        columns = ", ".join(f'"{name}" {kind}' for name, kind in table.columns.items())
        self.con.execute(f'CREATE OR REPLACE TABLE "{table.name}" ({columns})')

    def load(self, table: Table, rows: Iterable[Mapping[str, Any]]) -> int:
        """Append rows; keys that a row does not have are NULL. The number of rows."""
        path = self._folder / "rows.jsonl"
        count = 0
        with path.open("wb") as out:
            for row in rows:
                out.write(_encode(row))
                out.write(b"\n")
                count += 1
        if count:
            kinds = ", ".join(f"'{name}': '{kind}'" for name, kind in table.columns.items() if name != "id")
            names = ", ".join(f'"{name}"' for name in table.columns if name != "id")
            self.con.execute(
                f"INSERT INTO \"{table.name}\" ({names}) SELECT {names} FROM read_json(?, format = 'newline_delimited', "  # noqa: S608 (our own names)
                f"columns = {{{kinds}}}, maximum_object_size = {_LONGEST_ROW})",
                [str(path)],
            )
        path.unlink()
        return count

    def type_of(self, column: str) -> str:
        """The type of a column of `item`."""
        return _ITEM[column]

    def columns(self, table: str) -> list[str]:
        """The names of a table's columns."""
        return [row[0] for row in self.con.execute(f"DESCRIBE {table}").fetchall()]

    def rows(self, sql: str, parameters: list[Any] | dict[str, Any] | None = None) -> list[dict[str, Any]]:
        """The rows of a query, by name of column."""
        cursor = self.con.execute(sql, parameters or [])
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, map(_plain, row), strict=True)) for row in cursor.fetchall()]

    def each(self, sql: str, parameters: list[Any] | None = None, size: int = 10_000) -> Iterator[dict[str, Any]]:
        """The same, not all at once. Nothing else may be asked of the bench before the last row."""
        cursor = self.con.execute(sql, parameters or [])
        names = [column[0] for column in cursor.description]
        while found := cursor.fetchmany(size):
            for row in found:
                yield dict(zip(names, map(_plain, row), strict=True))

    def calendar(self, zone: str, cutoff: time) -> None:
        """Let `day(text)` give the business date of an instant's text in a zone: what comes before the cut-off counts to the day before.

        `local_day(text)` gives that of a wall clock's text, which states no zone.
        """
        late = cutoff.hour * 3600 + cutoff.minute * 60 + cutoff.second
        quoted = zone.replace("'", "''")
        self.con.execute(
            f"CREATE OR REPLACE MACRO day(instant) AS "
            f"CAST(timezone('{quoted}', TRY_CAST(instant AS TIMESTAMPTZ)) - to_seconds({late}) AS DATE)"
        )
        self.con.execute(f"CREATE OR REPLACE MACRO local_day(wall) AS CAST(TRY_CAST(wall AS TIMESTAMP) - to_seconds({late}) AS DATE)")


def _plain(value: Any) -> Any:
    """A decimal without padding, but with two places at least: 12.500000 is 12.50, 0.001000 is 0.001."""
    if not isinstance(value, Decimal):
        return value
    short = value.normalize()
    return short.quantize(_CENT) if short.as_tuple().exponent > -2 else short  # type: ignore[operator]  # noqa: PLR2004 (finite; two places)


@contextmanager
def bench(memory_mb: int = 512) -> Iterator[Bench]:
    """A bench in a folder of its own, gone afterwards. Raises Misconfigured without DuckDB."""
    try:
        import duckdb  # noqa: PLC0415 (the extra `reconcile`)
    except ImportError:
        raise Misconfigured("Reconciliation needs the extra `reconcile`: pip install 'counterfoil[reconcile]'.") from None
    with tempfile.TemporaryDirectory(prefix="counterfoil-bench-") as folder:
        settings: dict[str, str | bool | int | float | list[str]] = {
            "memory_limit": f"{memory_mb}MB",
            "threads": 2,
            "temp_directory": folder,
            "autoinstall_known_extensions": False,
        }
        con = duckdb.connect(str(Path(folder) / "bench.duckdb"), config=settings)
        con.execute("SET TimeZone = 'UTC'")
        con.execute(f"SET allowed_directories = ['{folder}']")
        con.execute("SET enable_external_access = false")
        for macro in _MACROS:
            con.execute(f"CREATE MACRO {macro}")
        try:
            yield Bench(con, Path(folder))
        finally:
            con.close()


_NO_DECIMALS, _THREE_DECIMALS = (
    ", ".join(f"'{code}'" for code, decimals in sorted(EXPONENTS.items()) if decimals == wanted) for wanted in (0, 3)
)
_MACROS = (
    # a processor by its letters and digits: `shopify_payments` in a shop is `ShopifyPayments` in an account's name
    "processor(t) AS coalesce(lower(regexp_replace(t, '[^\\pL\\pN]+', '', 'g')), '')",
    f"money(t) AS TRY_CAST(t AS {AMOUNT})",
    f"money_comma(t) AS TRY_CAST(replace(replace(t, '.', ''), ',', '.') AS {AMOUNT})",
    # to the smallest coin, half away from zero; the precision of DuckDB's round must be a constant
    (
        f"coin(x, unit) AS CASE WHEN unit IN ({_NO_DECIMALS}) THEN CAST(round(x, 0) AS {AMOUNT}) "
        f"WHEN unit IN ({_THREE_DECIMALS}) THEN CAST(round(x, 3) AS {AMOUNT}) ELSE CAST(round(x, 2) AS {AMOUNT}) END"
    ),
    # multiplied, since a division of decimals is a binary float in DuckDB
    f"minor(t, digits) AS CAST(TRY_CAST(t AS DECIMAL(22, 0)) * CASE digits WHEN 0 THEN 1.000 WHEN 2 THEN 0.010 ELSE 0.001 END AS {AMOUNT})",
)
