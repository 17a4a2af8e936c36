"""The shipped mapping of the Online Retail file: by hand on a few rows, and on the whole file against its control totals."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from mappings.shipped import find
from tests.unit._online_retail import CONTEXT, added_up, read

ROW = {
    "InvoiceNo": "536365",
    "StockCode": "85123A",
    "Description": "WHITE HANGING HEART T-LIGHT HOLDER",
    "Quantity": 6,
    "InvoiceDate": "2010-12-01T08:26:00",
    "UnitPrice": Decimal("2.55"),
    "CustomerID": "17850",
    "Country": "United Kingdom",
}


@pytest.fixture(scope="module")
def mapping():
    return find("online_retail/lines")


def translated(mapping, *changes: dict[str, Any]):
    found = mapping.translate([ROW | change for change in changes], CONTEXT)
    assert found.problems == []
    return found.documents


def test_a_sale(mapping):
    """
    536365   85123A      6 × 2.55   1 Dec 2010 08:26 (winter: UTC)
    536365   POST        1 × 18.00  a minute later: the earlier time counts
    536365   21485       2 × 0.00   no money, but two pieces leave the shelf
    """
    [order] = translated(
        mapping,
        {},
        {"StockCode": "POST", "Quantity": 1, "UnitPrice": Decimal(18), "InvoiceDate": "2010-12-01T08:27:00"},
        {"StockCode": "21485", "Quantity": 2, "UnitPrice": Decimal("0.0"), "Description": None},
    )
    assert (order.type, order.source_id, order.number(), order.company) == ("order", "536365", "536365", "acme")
    assert (order.business_date, order.placed_at) == (date(2010, 12, 1), datetime(2010, 12, 1, 8, 26, tzinfo=UTC))
    assert (order.customer_id, order.customer_number, order.country) == (None, "17850", "United Kingdom")
    assert [(line.line_number, line.kind, line.sku, line.quantity, line.net_amount) for line in order.lines] == [
        (1, "item", "85123A", 6, Decimal("15.30")),
        (2, "shipping", "POST", 1, 18),
        (3, "item", "21485", 2, 0),
    ]
    assert order.amount() == (Decimal("33.30"), "GBP")
    assert [(move.item, move.units) for move in order.stock()] == [("85123A", 6), ("21485", 2)]


def test_what_comes_back_is_positive_and_counts_negative(mapping):
    [refund] = translated(mapping, {"InvoiceNo": "C536379", "Quantity": -1, "StockCode": "D", "UnitPrice": Decimal("27.5")})
    assert (refund.type, refund.number()) == ("refund", "C536379")
    assert [(line.kind, line.quantity, line.unit_price, line.net_amount) for line in refund.lines] == [
        ("discount", 1, Decimal("27.5"), Decimal("27.5"))
    ]
    assert refund.amount() == (Decimal("-27.50"), "GBP")


def test_an_adjustment_is_signed_as_in_the_file(mapping):
    change = {"InvoiceNo": "A563186", "StockCode": "B", "Quantity": 1, "UnitPrice": Decimal("-11062.06"), "CustomerID": None}
    [adjustment] = translated(mapping, change)
    assert (adjustment.type, adjustment.lines[0].kind, adjustment.customer_number) == ("adjustment", "bad_debt", None)
    assert adjustment.amount() == (Decimal("-11062.06"), "GBP")


def test_a_third_decimal_is_kept(mapping):
    [order] = translated(mapping, {"Quantity": 1, "UnitPrice": Decimal("0.001")})
    assert order.amount() == (Decimal("0.001"), "GBP")


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        *((code, "shipping") for code in ("POST", "DOT", "C2")),
        *((code, "gift_card") for code in ("gift_0001_10", "gift_0001_50")),
        *((code, "fee") for code in ("BANK CHARGES", "AMAZONFEE")),
        *((code, "manual") for code in ("M", "m")),
        ("S", "sample"),
        ("D", "discount"),
        ("CRUK", "donation"),
        ("B", "bad_debt"),
        *((code, "item") for code in ("DCGS0069", "DCGSSGIRL", "PADS", "85123a", "d", "post", "SP1002", "22139")),
    ],
)
def test_the_kind_of_a_line_is_told_by_its_code_as_it_is_written(mapping, code, kind):
    [order] = translated(mapping, {"StockCode": code})
    assert (order.lines[0].kind, order.lines[0].sku) == (kind, code)


def test_rows_that_disagree_about_the_buyer_hold_the_invoice(mapping):
    found = mapping.translate([ROW, ROW | {"Country": "France"}], CONTEXT)
    assert [(problem.code, problem.say) for problem in found.problems] == [
        ("MAP-HEAD", "Document 536365: Country differs between row 1 and row 2.")
    ]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"Quantity": "six"}, ("MAP-RULE", "lines.1.net_amount")),
        ({"Quantity": None}, ("MAP-RULE", "lines.1.net_amount")),
        ({"UnitPrice": Decimal("NaN")}, ("MAP-TYPE", "lines.1.unit_price")),
        ({"UnitPrice": Decimal("1e400")}, ("MAP-TYPE", "lines.1.net_amount")),
        ({"UnitPrice": Decimal("Infinity")}, ("MAP-TYPE", "lines.1.unit_price")),
        ({"Quantity": 10**400}, ("MAP-TYPE", "lines.1.net_amount")),
        ({"Quantity": [6]}, ("MAP-RULE", "lines.1.net_amount")),
        ({"StockCode": None}, ("MAP-RULE", "kind")),
        ({"StockCode": {"a": 1}}, ("MAP-TYPE", "code")),
        ({"Description": "x" * 10_000_000}, ("MAP-TYPE", "lines.1.description")),
        ({"Description": "\ud800"}, ("MAP-TYPE", "lines.1.description")),
        ({"Description": "a\x00b"}, ("MAP-TYPE", "lines.1.description")),
        ({"Description": 5}, ("MAP-TYPE", "lines.1.description")),
        ({"InvoiceDate": "2010-13-01T08:26:00"}, None),  # only the earlier one of the two counts
        ({"InvoiceDate": 20101201}, ("MAP-RULE", "InvoiceDate")),
    ],
)
def test_a_bad_value_holds_the_invoice_and_is_named(mapping, change, problem):
    found = mapping.translate([ROW, ROW | change], CONTEXT)
    if problem is None:
        assert found.problems == []
        return
    assert found.documents == []
    assert problem in [(each.code, each.field) for each in found.problems]
    assert {code for code, _ in {(each.code, each.field) for each in found.problems}} <= {"MAP-TYPE", "MAP-RULE", "MAP-REQUIRED"}
    assert max(len(each.say) for each in found.problems) < 300


def test_a_month_of_the_file_is_what_sql_says(mapping, shared):
    """December 2010: by the first letter of the invoice, and by code, in SQL that knows nothing of the mapping."""
    duckdb = pytest.importorskip("duckdb")
    path = shared / "data" / "online_retail" / "online_retail.parquet"
    month = "WHERE InvoiceDate < '2011-01-01'"
    amount = "sum(Quantity * CAST(CAST(UnitPrice AS VARCHAR) AS DECIMAL(18, 6)))"
    sql = duckdb.connect()
    types = sql.execute(f"SELECT left(InvoiceNo, 1), count(DISTINCT InvoiceNo), {amount} FROM '{path}' {month} GROUP BY 1").fetchall()
    by_code = sql.execute(f"SELECT StockCode, count(*), {amount} FROM '{path}' {month} GROUP BY 1").fetchall()
    found_types, found_kinds, _ = added_up(mapping, read(path, month))
    assert found_types == {{"5": "order", "C": "refund"}[letter]: (count, total) for letter, count, total in types}
    codes = {
        "shipping": {"POST", "DOT", "C2"},
        "manual": {"M", "m"},
        "sample": {"S"},
        "discount": {"D"},
        "fee": {"BANK CHARGES", "AMAZONFEE"},
    }
    for kind, of in codes.items():
        assert found_kinds[kind] == tuple(map(sum, zip(*(rest for code, *rest in by_code if code in of), strict=True))), kind
    assert sum(count for count, _ in found_kinds.values()) == sum(count for _, count, _ in by_code)
