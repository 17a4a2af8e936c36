"""Make other files out of the Online Retail file: the same rows otherwise, a few rows edited, fewer, more, or broken.

Each maker writes one Parquet file with the schema of its source into a folder and leaves the source alone. Makers chain: edit the
first 50,000 rows by handing `first_rows(...)` to `edited(...)`.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

BATCH = 10_000
EDITS = ("changed", "added", "removed", "emptied")


@dataclass(frozen=True)
class Edit:
    """One edited row and what it must cause: `entries` on the books (reversal, new entry) and one stock delta of `units` for `code`."""

    what: str
    invoice: str
    code: str
    month: str
    units: int  # how many more leave the stock than before
    amount: Decimal  # by how much the goods of the invoice grow, GBP
    total_before: Decimal
    total_after: Decimal

    @property
    def entries(self) -> int:
        """A reversal and a new entry, or the reversal alone if nothing is left."""
        return 1 if self.what == "emptied" else 2


def shuffled(source: Path, folder: Path, *, seed: int = 2026) -> Path:
    """Write the same rows in another order, with other compression and row groups."""
    table = pq.read_table(source)
    order = list(range(table.num_rows))
    random.Random(seed).shuffle(order)
    target = folder / "shuffled.parquet"
    pq.write_table(table.take(pa.array(order)), target, compression="zstd", row_group_size=65_536)
    return target


def edited(source: Path, folder: Path, *which: str) -> tuple[Path, list[Edit]]:
    """Write the rows with the edits of EDITS that are named (all without names), each on an invoice of its own; say what was done.

    `changed`: one row has one unit more; `added`: one row is added at the end of the file, an item new to its invoice; `removed`: one
    row of an invoice is taken out; `emptied`: the only row of an invoice is taken out. All touch goods of a sale to a customer who
    has no credit note, so nothing hangs on them but the invoice and the stock.
    """
    chosen = which or EDITS
    unknown = set(chosen) - set(EDITS)
    if unknown:
        raise ValueError(f"no such edit: {', '.join(sorted(unknown))}; there are {', '.join(EDITS)}")
    table = pq.read_table(source)
    long, short = _candidates(source)
    row_of = dict(zip(EDITS, [*long, *short], strict=True))
    edits, out, added = [], [], []
    replaced: dict[int, int] = {}
    for what in chosen:
        row, total = row_of[what]
        record = table.slice(row, 1).to_pylist()[0]
        price = Decimal(str(record["UnitPrice"]))
        if what == "changed":
            units = 1
            replaced[row] = record["Quantity"] + units
        elif what == "added":
            units, price = 3, Decimal("12.75")
            record |= {"StockCode": "22423", "Description": "REGENCY CAKESTAND 3 TIER", "Quantity": units, "UnitPrice": float(price)}
            added.append(record)
        else:
            units = -record["Quantity"]
            out.append(row)
        month, amount = f"{record['InvoiceDate']:%Y-%m}", price * units
        edits.append(Edit(what, record["InvoiceNo"], record["StockCode"], month, units, amount, total, total + amount))
    target = folder / f"edited-{'-'.join(chosen)}.parquet"
    pq.write_table(_rewritten(table, replaced, out, added), target)
    return target, edits


def first_rows(source: Path, folder: Path, rows: int) -> Path:
    """Write the first rows of the file."""
    target = folder / f"first-{rows}.parquet"
    _write_copies(source, target, rows, copies=1, group=100_000)
    return target


def copies(source: Path, folder: Path, rows: int, count: int, *, group: int = 100_000) -> Path:
    """Write the first rows `count` times as documents of their own, in row groups of at most `group` rows.

    The first copy keeps its invoice numbers, the next ones append x1, x2, …, so C and A in front keep their meaning. All else is equal.
    No more than one row group is held in memory.
    """
    target = folder / f"{count}-copies-of-{rows}.parquet"
    _write_copies(source, target, rows, copies=count, group=group)
    return target


def half(source: Path, folder: Path) -> Path:
    """Write a whole file that holds the first half of the rows."""
    target = folder / "half.parquet"
    _write_copies(source, target, pq.read_metadata(source).num_rows // 2, copies=1, group=100_000)
    return target


def empty(source: Path, folder: Path) -> Path:
    """Write a whole file of the same columns without a row."""
    target = folder / "empty.parquet"
    pq.write_table(pq.read_schema(source).empty_table(), target)
    return target


def truncated(source: Path, folder: Path) -> Path:
    """Write the first half of the bytes: no Parquet reader can open it."""
    target = folder / "truncated.parquet"
    content = source.read_bytes()
    target.write_bytes(content[: len(content) // 2])
    return target


def _write_copies(source: Path, target: Path, rows: int, *, copies: int, group: int) -> None:
    file = pq.ParquetFile(source)
    schema = file.schema_arrow
    name = schema.get_field_index("InvoiceNo")
    with pq.ParquetWriter(target, schema, compression="snappy") as writer:
        held: list[pa.RecordBatch] = []
        for copy in range(copies):
            left = rows
            for whole in file.iter_batches(batch_size=min(BATCH, group)):
                batch = whole.slice(0, left)
                left -= batch.num_rows
                if copy:
                    numbers = pa.array([f"{number}x{copy}" for number in batch.column(name).to_pylist()], schema.field(name).type)
                    batch = batch.set_column(name, schema.field(name), numbers)
                held.append(batch)
                if sum(one.num_rows for one in held) + BATCH > group:
                    writer.write_table(pa.Table.from_batches(held, schema), row_group_size=group)
                    held = []
                if not left:
                    break
        if held:
            writer.write_table(pa.Table.from_batches(held, schema), row_group_size=group)


def _candidates(source: Path) -> tuple[list[tuple[int, Decimal]], list[tuple[int, Decimal]]]:
    """Return (row, total of its invoice): three rows of long invoices, and the row of a single-line invoice; four items."""
    sql = """
    WITH line AS (SELECT file_row_number AS row, InvoiceNo AS invoice, StockCode AS code, Quantity AS units, CustomerID AS customer,
                         UnitPrice::VARCHAR::DECIMAL(18,6) AS price, InvoiceDate AS moment
                  FROM read_parquet(?, file_row_number = true)),
    sale AS (SELECT invoice, count(*) AS lines, sum(price * units)::DECIMAL(18,6) AS total FROM line
             WHERE left(invoice, 1) NOT IN ('C', 'A')
             GROUP BY invoice
             HAVING min(units) > 0 AND min(price) > 0 AND count(DISTINCT moment) = 1 AND count(DISTINCT code) = count(*)
                AND bool_and(regexp_matches(code, '^[0-9]{5}')) AND NOT bool_or(code = '22423')
                AND any_value(customer) NOT IN (SELECT customer FROM line WHERE left(invoice, 1) = 'C' AND customer IS NOT NULL))
    SELECT min(line.row), any_value(sale.total), any_value(sale.lines), arg_min(line.code, line.row) FROM line JOIN sale USING (invoice)
    WHERE sale.lines >= 3 OR sale.lines = 1 GROUP BY invoice ORDER BY 1"""
    rows = duckdb.execute(sql, [str(source)]).fetchall()
    long: list[tuple[int, Decimal]] = []
    short: list[tuple[int, Decimal]] = []
    codes: set[str] = set()
    for row, total, lines, code in rows:
        few, wanted = (short, 1) if lines == 1 else (long, 3)
        if len(few) < wanted and code not in codes:
            few.append((row, total))
            codes.add(code)
    return long, short


def _rewritten(table: pa.Table, replaced: dict[int, int], out: Sequence[int], added: Sequence[dict[str, object]]) -> pa.Table:
    column = table.schema.get_field_index("Quantity")
    quantities = table.column(column).to_pylist()
    for row, quantity in replaced.items():
        quantities[row] = quantity
    table = table.set_column(column, table.schema.field(column), pa.array(quantities, table.schema.field(column).type))
    gone = set(out)
    table = table.filter(pa.array([row not in gone for row in range(table.num_rows)]))
    return pa.concat_tables([table, pa.Table.from_pylist(list(added), table.schema)])
