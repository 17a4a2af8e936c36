"""Rounding is what the target's own arithmetic gives, run again over its lines: at Xero's and QuickBooks' simulators, and on a bench."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipelines.home.load import load
from pipelines.reconcile.report import Break, Report
from pipelines.reconcile.run import reconcile
from tests.contract.samples import quickbooks_company
from tests.unit import _remote_route
from tests.unit._remote_route import RemoteRoute, opened
from tests.unit.test_steps_related import component, write

_LINE = {
    "line_number": "index + 1",
    "sku": "'MUG'",
    "description": "'A thing'",
    "quantity": "number(qty)",
    "net_amount": "number(net)",
    "tax_amount": "number(tax)",
}
_ORDER = {
    "type": "order",
    "id": "id",
    "fields": {
        "order_number": "id",
        "business_date": "day('2026-01-05')",
        "currency": "'EUR'",
        "lines": [{"each": "record.lines", "fields": _LINE}],
        "tax_lines": {
            "each": "record.lines",
            "fields": {"line_number": "index + 1", "rate": "number(rate)", "amount": "number(tax)"},
        },
        "tax_total": "sum([number(each.tax) for each in lines])",
        "grand_total": "sum([number(each.net) + number(each.tax) for each in lines])",
    },
}
_CONTROL = """
SELECT body->>'id' AS id, body->>'id' AS number, DATE '2026-01-05' AS on_day, 'EUR' AS unit,
       sum(money(line->>'net') + money(line->>'tax')) AS amount, sum(money(line->>'tax')) AS tax
FROM (SELECT body, unnest(CAST(body->'lines' AS JSON[])) AS line FROM orders) GROUP BY ALL
"""


def line(net: str, tax: str, rate: str, qty: str = "1") -> dict[str, str]:
    return {"net": net, "tax": tax, "rate": rate, "qty": qty}


ONCE = [line("25.06", "3.76", "0.15"), line("25.61", "3.84", "0.15"), line("25.63", "3.85", "0.15")]
"""76.30 at 15 % is 11.445, once for the document 11.45; by line 11.44."""
THIRTY_ONE = [*[line("1.59", "0.19", "0.12")] * 29, *[line("17.49", "2.11", "0.12", "11")] * 2]
"""81.09 at 12 % is 9.7308, once for the document 9.73; by line 9.71."""
INSIDE = [line("3.32", "0.67", "0.2")]
"""3.99 that holds 20 %: 0.665, half-up 0.67. On 3.32, 20 % are 0.66."""


def _taught(made: RemoteRoute, path: Path, orders: dict[str, list[dict[str, str]]], config: dict[str, Any]) -> None:
    write(path / "mappings/t/orders.yaml", {"mapping": "t/orders", "version": 1, "documents": [_ORDER]})
    (path / "controls").mkdir()
    write(path / "controls/shop.yaml", {"version": 1, "money": {"order": _CONTROL}})
    books = yaml.safe_load((path / "connections/books.yaml").read_text())["attributes"]
    books["config"] |= config
    component(path / "connections/books.yaml", "Connection", books)
    made.put("orders", [{"id": number, "lines": lines} for number, lines in orders.items()])
    for name in ("payments", "refunds"):
        made.put(name, [])


ORDERS = {"S-1": ONCE, "S-2": THIRTY_ONE, "S-3": INSIDE, "S-4": [line("100.00", "20.00", "0.2")]}


@pytest.fixture
def xero(tmp_path: Path) -> Iterator[RemoteRoute]:
    with opened("xero", tmp_path) as made:
        books = made.simulator.books  # type: ignore[attr-defined]
        for percent in ("15", "12", "20"):
            books.tax_rate(f"OUT{percent}", percent)
        _taught(made, tmp_path, ORDERS, {"tax_types": {f"{each}%": f"OUT{each}" for each in ("15", "12", "20")}})
        yield made


@pytest.fixture
def quickbooks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RemoteRoute]:
    company = quickbooks_company.Company("CA", currency="EUR")
    company.books.closed_until = None
    codes = quickbooks_company.CODES
    monkeypatch.setitem(
        _remote_route.SYSTEMS, "quickbooks", lambda: (company, quickbooks_company.config, quickbooks_company.SECRETS, codes)
    )
    with opened("quickbooks", tmp_path) as made:
        company.seeds.tax_code("Fifteen", "15")
        names = {"12%": "Twelve", "15%": "Fifteen", "20%": "Twenty"}
        config = {"tax": "global", "tax_codes": names, "untaxed": "None", "rounding_account": codes["Rounding"]}
        _taught(made, tmp_path, ORDERS, config)
        yield made


def report(route: RemoteRoute) -> Report:
    route.run()
    assert {code for code, _say in route.problems()} <= {"READ-EMPTY"}
    return reconcile(load(route.path), route.hub, as_of=route.hub.clock())


def told(found: Report) -> dict[str, list[tuple[str, Decimal, str]]]:
    assert set(found.unexplained.values()) <= {Decimal(0)}
    ours = [each for each in found.breaks if each.number.startswith("S-")]  # the simulators' own first documents are nobody's
    return {each.number: [(cause.kind.value, cause.amount, cause.account) for cause in each.causes] for each in ours}


def of(found: Report, number: str) -> Break:
    return next(each for each in found.breaks if each.number == number)


def test_at_xero_the_tax_that_we_state_stands_and_nothing_differs(xero):
    assert told(report(xero)) == {}


def test_at_quickbooks_its_arithmetic_is_rounding_with_the_line_that_makes_up_for_it(quickbooks):
    found = report(quickbooks)
    both = [("SalesTaxPayable", -1), ("Rounding", 1)]
    assert told(found) == {
        number: [("ROUNDING", sign * Decimal(amount), account) for account, sign in both]
        for number, amount in (("S-1", "0.01"), ("S-2", "0.02"), ("S-3", "0.01"))
    }
    assert of(found, "S-1").difference == 0
    says = {number: of(found, number).causes[0].say for number in told(found)}
    assert "rounds the tax of each line, which gives 11.44; rounded once at each rate it is 11.45" in says["S-1"]
    assert "gives 9.71; rounded once at each rate it is 9.73" in says["S-2"]
    assert "gives 0.66; rounded out of each price that holds it it is 0.67" in says["S-3"]


def _retaxed(route: RemoteRoute, number: str, tax: str) -> None:
    """An invoice at Xero with another tax on its last line and in its total, and the date of its last change as it was."""
    (found,) = (each for each in route.simulator.books.documents["Invoices"].values() if each["InvoiceNumber"] == number)  # type: ignore[attr-defined]
    more = Decimal(tax) - found["TotalTax"]
    found["LineItems"][-1]["TaxAmount"] += more
    for name in ("TotalTax", "Total", "AmountDue"):
        found[name] += more


def test_at_xero_a_tax_that_it_computed_anew_is_rounding_and_a_cent_that_it_does_not_compute_is_another_tax(xero):
    xero.run()
    _retaxed(xero, "S-1", "11.44")
    _retaxed(xero, "S-2", "9.72")
    _retaxed(xero, "S-4", "20.01")
    found = reconcile(load(xero.path), xero.hub, as_of=xero.hub.clock())
    assert told(found) == {
        "S-1": [("ROUNDING", Decimal("-0.01"), "SalesTaxPayable")],
        "S-2": [("TAX", Decimal("-0.01"), "")],
        "S-4": [("TAX", Decimal("0.01"), "")],
    }
    assert "own arithmetic gives 9.71 of tax, and it states 9.72" in of(found, "S-2").causes[0].say
    assert "own arithmetic gives 20.00 of tax, and it states 20.01" in of(found, "S-4").causes[0].say


def test_at_quickbooks_a_line_that_calls_itself_rounding_is_none_where_no_tax_is_rounded(quickbooks):
    quickbooks.run()
    documents = quickbooks.simulator.books.objects["Invoice"].values()  # type: ignore[attr-defined]
    (sale,) = (each for each in documents if each["TotalAmt"] == 120)
    sale["TxnTaxDetail"]["TotalTax"] += Decimal("0.01")
    sale["Line"][0]["Amount"] -= Decimal("0.01")
    found = reconcile(load(quickbooks.path), quickbooks.hub, as_of=quickbooks.hub.clock())
    assert told(found)["S-4"] == [("AMOUNT", Decimal("-0.01"), ""), ("TAX", Decimal("0.01"), "")]
