"""From a bank's statement to proposals: sales on account stand in Xero's simulated books, and CAMT.053 and MT940 say who paid."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
import yaml

from pipelines.home.load import load
from pipelines.reconcile.report import Report, Suggestion
from pipelines.reconcile.run import reconcile
from tests.unit._bank import Line, Sheet, camt, mt940
from tests.unit._remote_route import RemoteRoute, opened
from tests.unit.test_steps_related import component, write

D = Decimal
DAY = date(2026, 1, 20)
CUSTOMER = {"id": "c-7", "name": "Brook & Daughters"}
ITEM = {"sku": "TEA", "title": "Green tea"}


def sale(number: str, net: str, tax: str) -> dict[str, object]:
    return {"id": f"o{number}", "number": number, "net": net, "tax": tax}


SALES = [
    sale("R-3001", "1000.00", "210.00"),
    sale("R-3002", "100.00", "21.00"),
    sale("R-3003", "100.00", "21.00"),
    sale("R-3004", "50.00", "10.50"),
]
ORDERS = {
    "type": "order",
    "fields": {
        "order_number": "number",
        "business_date": "'2026-01-12'",
        "currency": "'EUR'",
        "customer_number": "'c-7'",
        "lines": ["{line}"],
        "grand_total": "number(net) + number(tax)",
        "tax_total": "number(tax)",
    },
}


@pytest.fixture
def route(tmp_path: Path) -> Iterator[RemoteRoute]:
    with opened("xero", tmp_path) as made:
        line = {
            "line_number": 1, "sku": "'TEA'", "quantity": 1, "unit_price": "number(net)", "net_amount": "number(net)",
            "tax_amount": "number(tax)",
        }  # fmt: skip
        fields = ORDERS["fields"] | {
            "lines": [{"fields": line}], "tax_lines": [{"fields": {"line_number": 1, "rate": "0.21", "amount": "number(tax)"}}],
        }  # fmt: skip
        files = {name: {"path": f"files/{name}.jsonl", "key": ["id"]} for name in ("sales", "buyers")}
        buyers = {"type": "customer", "id": "id", "fields": {"source_number": "id", "company_name": "name", "display_name": "name"}}
        write(
            tmp_path / "mappings/t/sales.yaml",
            {"mapping": "t/sales", "version": 1, "documents": [{**ORDERS, "id": "id", "fields": fields}]},
        )
        write(tmp_path / "mappings/t/buyers.yaml", {"mapping": "t/buyers", "version": 1, "documents": [buyers]})
        made.put("sales", SALES)
        made.put("buyers", [CUSTOMER])
        own = {"tap": "files", "company": "acme", "timezone": "Europe/Berlin", "config": {"streams": files}}
        component(tmp_path / "connections/office.yaml", "Connection", own | {"mappings": {name: f"t/{name}" for name in files}})
        bank = {"tap": "bank", "company": "acme", "timezone": "Europe/Berlin", "config": {"files": [{"path": "bank/"}]}}
        component(tmp_path / "connections/bank.yaml", "Connection", bank | {"mappings": {"entries": "bank/entries"}})
        (tmp_path / "bank").mkdir()
        made.simulator.books.tax_rate("OUTPUT21", "21")
        books = yaml.safe_load((tmp_path / "connections/books.yaml").read_text())["attributes"]
        books["config"]["tax_types"] = books["config"].get("tax_types", {}) | {"21%": "OUTPUT21"}
        component(tmp_path / "connections/books.yaml", "Connection", books)
        given = load(tmp_path).routes["sales"]
        posting = {
            "name": "books", "target": "books", "company": "acme", "walk_in": "Somebody",
            "books": given.posting[0].books.model_dump(mode="json", exclude_defaults=True) if given.posting[0].books else {},
            "order": {"as": "invoice"}, "customer": {"as": "contact"}, "bank_transaction": {"exclude": "reconciled, not booked"},
        }  # fmt: skip
        asked = {"sources": ["office", "bank"], "start": {"business_date": "2026-01-01"}, "mode": "auto", "posting": [posting]}
        component(tmp_path / "routes/sales.yaml", "Route", asked)
        write(tmp_path / "reconcile.yaml", {"terms": [{"percent": "2", "days": 14}], "bank_charge_cap": {"EUR": "5.00"}})
        yield made


def report(route: RemoteRoute) -> Report:
    route.run()
    return reconcile(load(route.path), route.hub, as_of=route.hub.clock())


def receipts(found: Report) -> dict[str, Suggestion]:
    """By the amount at the bank."""
    return {f"{each.right[0].amount:.2f}": each for each in found.suggestions if each.sheet == "bank/receipts"}


NAMED = Sheet(
    (
        Line(DAY, D("1185.80"), "Invoice R 3001 less 2 %", "B1", name="Brook & Daughters"),
        Line(DAY, D("62.00"), "thanks", "B2", end_to_end_id="R-3004"),
        Line(DAY, D("-9.99"), "R-3002 card fee", "B3"),
    ),
    number="1",
)
TWINS = replace(NAMED, lines=(Line(DAY, D("121.00"), "with thanks", "B4", name="BROOK AND DAUGHTERS"),))


@pytest.mark.parametrize("write_as", [camt, mt940])
def test_receipts_of_a_statement_are_proposed_to_open_invoices(route: RemoteRoute, write_as) -> None:
    (route.path / "bank/january").write_bytes(write_as(NAMED))
    found = report(route)
    short, over = receipts(found)["1185.80"], receipts(found)["62.00"]
    assert (len(receipts(found)), short.rule, short.left[0].number, short.left[0].amount) == (2, "receipt_number@1", "R-3001", D("1210.00"))
    assert short.reasons[-3:] == (
        "would book invoice R-3001 1210.00", "would book discount R-3001 -20.00", "would book discount tax R-3001 -4.20",
    )  # fmt: skip
    assert over.reasons[-2:] == ("would book invoice R-3004 60.50", "would book customer credit 1.50")
    (counted,) = [each for each in found.matched if each.sheet == "bank/receipts"]
    assert (counted.state, counted.rule, counted.pairs, counted.amount) == ("suggested", "receipt_number@1", 2, D("1247.80"))
    assert report(route).suggestions == found.suggestions


def test_a_planted_twin_is_shown_both_ways_and_names_nobody(route: RemoteRoute) -> None:
    (route.path / "bank/january.xml").write_bytes(camt(replace(TWINS, lines=(replace(TWINS.lines[0], name="Brook  &  DAUGHTERS"),))))
    (twin,) = receipts(report(route)).values()
    assert (twin.rule, twin.score, [each.number for each in twin.left]) == ("receipt_amount@1", D("0.3"), ["R-3002", "R-3003"])
    assert "2 ways to explain it" in twin.reasons[1]
    assert not any("brook" in reason.lower() for reason in twin.reasons)
