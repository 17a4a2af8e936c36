"""Reading the Online Retail file as its tap does, and adding up what its mapping makes of it."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal

import pytest

from mappings.engine import Context

CONTEXT = Context("shop", "Europe/London", company="acme")


def read(path, wanted=""):
    """Rows of the file as the tap hands them over, by invoice; `wanted` is a condition in SQL."""
    duckdb = pytest.importorskip("duckdb")
    columns = (
        "InvoiceNo, StockCode, Description, Quantity, strftime(InvoiceDate, '%Y-%m-%dT%H:%M:%S') AS InvoiceDate,"
        " UnitPrice, CAST(CAST(CustomerID AS BIGINT) AS VARCHAR) AS CustomerID, Country"
    )
    found = duckdb.connect().execute(f"SELECT {columns} FROM '{path}' {wanted}")
    names, groups = [column[0] for column in found.description], {}
    while chunk := found.fetchmany(10_000):
        for values in chunk:
            row = dict(zip(names, values, strict=True))
            row["UnitPrice"] = Decimal(repr(row["UnitPrice"]))
            groups.setdefault(row["InvoiceNo"], []).append(row)
    return groups


def added_up(mapping, groups):
    """Documents and amount by type, lines and amount by kind, and units that left the shelf."""
    types, kinds, units = {}, {}, Counter()
    for rows in groups.values():
        found = mapping.translate(rows, CONTEXT)
        assert found.problems == []
        [document] = found.documents
        count, amount = types.get(document.type, (0, 0))
        types[document.type] = (count + 1, amount + document.amount()[0])
        for line in document.lines:
            count, amount = kinds.get(line.kind, (0, 0))
            kinds[line.kind] = (count + 1, amount + document.sign * line.net_amount)
        for move in document.stock():
            units["samples" if move.item == "S" else "goods"] += move.units
    return types, kinds, units
