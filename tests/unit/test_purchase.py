"""Bills of suppliers: the three-way match of the reference to the cent, credits, limits, and a purchasing tool's export through the hub."""

from __future__ import annotations

from decimal import Decimal

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from mappings.model import REGISTRY
from mappings.posting import Books, post, suggested_accounts
from mappings.posting.amounts import matched
from mappings.shipped import find
from tests._kit.company import Company
from tests.unit._mapping import CONTEXT

EUR = Books(base_currency="EUR", accounts={role: role for role in suggested_accounts()})
GOODS = {"line_number": 1, "kind": "goods", "sku": "MUG", "quantity": "100", "unit_price": "10.20", "net_amount": "1020.00"}
MATCHED = {**GOODS, "ordered_price": "10.00", "received_quantity": "98"}
FREIGHT = {"line_number": 2, "kind": "freight", "net_amount": "30.00"}
CENTS = st.decimals(min_value=0, max_value=100_000, places=2)


def made(kind="bill", *lines, **fields):
    total = sum(Decimal(line["net_amount"]) + Decimal(line.get("tax_amount", 0)) for line in lines)
    return REGISTRY[kind].model_validate(
        {"source_id": "S1/17", "bill_number": "17", "business_date": "2026-01-31", "currency": "EUR", "lines": lines, "grand_total": total}
        | fields
    )


def sides(document, books=EUR):
    entry, problems = post(document, representation="journal", books=books)
    assert problems == []
    assert sum(line.amount for line in entry.lines if line.control) == document.amount()[0]
    return {line.account: line.amount for line in entry.lines}


def test_the_three_way_match_of_the_reference():
    """Ordered 100 at 10.00, received 98, billed 100 at 10.20, freight 30.00."""
    assert sides(made("bill", MATCHED, FREIGHT)) == {
        "GRNI": Decimal("980.00"),
        "PurchaseVariance": Decimal("19.60"),
        "SupplierClaims": Decimal("20.40"),
        "Freight": Decimal("30.00"),
        "Payable": Decimal("-1050.00"),
    }


def test_a_credit_is_the_bill_turned_round():
    billed, credited = (sides(made(kind, MATCHED, FREIGHT)) for kind in ("bill", "vendor_credit"))
    assert credited == {account: -amount for account, amount in billed.items()}


def test_goods_of_which_nobody_knows_order_or_receipt_clear_what_is_billed():
    taxed = {**GOODS, "tax_amount": "204.00"}
    assert sides(made("bill", taxed)) == {"GRNI": Decimal(1020), "InputTax": Decimal(204), "Payable": Decimal(-1224)}


def test_what_arrived_and_is_not_billed_yet_stays():
    assert sides(made("bill", {**MATCHED, "received_quantity": "120", "ordered_price": "10.20"})) == {
        "GRNI": Decimal(1020),
        "Payable": Decimal(-1020),
    }


@pytest.mark.parametrize(("limit", "held"), [(None, False), ("40.00", False), ("39.99", True)])
def test_a_bill_over_the_limit_is_held(limit, held):
    books = EUR.model_copy(update={"bill_difference_limit": Decimal(limit) if limit else None})
    entry, problems = post(made("bill", MATCHED, FREIGHT), representation="journal", books=books)
    assert [each.code for each in problems] == ["POST-MATCH"] * held
    assert (entry is None) == held
    if held:
        assert "19.60 in price and 20.40 of goods that did not come" in problems[0].say


def test_differences_of_both_signs_do_not_hide_each_other():
    cheaper = {**MATCHED, "line_number": 2, "unit_price": "9.80", "net_amount": "980.00", "received_quantity": "100"}
    books = EUR.model_copy(update={"bill_difference_limit": Decimal("39.00")})
    dearer = {**MATCHED, "received_quantity": "100"}
    _entry, problems = post(made("bill", dearer, cheaper), representation="journal", books=books)
    assert [each.code for each in problems] == ["POST-MATCH"], "20.00 too dear and 20.00 too cheap"


@given(net=CENTS, quantity=st.integers(0, 1000), received=st.integers(0, 1000), ordered=CENTS)
def test_the_parts_of_a_line_sum_to_it(net, quantity, received, ordered):
    line = {**GOODS, "quantity": quantity, "net_amount": net, "received_quantity": received, "ordered_price": ordered}
    bill = made("bill", line)
    assert sum(amount for _what, amount in matched(bill.lines[0], "EUR")) == net


@pytest.mark.parametrize("change", [{"grand_total": "1050.01"}, {"tax_total": "1.00"}, {"lines": [{**FREIGHT, "total_amount": "30.01"}]}])
def test_a_bill_that_does_not_add_up_is_refused(change):
    with pytest.raises(ValidationError, match="total_mismatch"):
        made("bill", MATCHED, FREIGHT, **change)


# ── an export of a purchasing tool ──

HEAD = "supplier,supplier_name,bill,line,credit,date,due,currency,kind,sku,description,quantity,unit_price,net,tax"
HEAD += ",order,ordered_price,received"
ROWS = (
    "S1,Potter & Co,17,1,,2026-01-30,2026-02-28,EUR,goods,MUG,Mugs,100,10.20,1020.00,204.00,PO-9,10.00,98",
    "S1,Potter & Co,17,2,,2026-01-30,2026-02-28,EUR,freight,,Carriage,,,30.00,6.00,PO-9,,",
    "S2,Paper Ltd,17,1,,2026-01-31,,EUR,expense,,Paper,,,50.00,,,,",
    "S1,Potter & Co,C4,1,yes,2026-01-31,,EUR,goods,MUG,Mugs that did not come,2,10.20,20.40,4.08,PO-9,,0",
)


def test_an_export_becomes_bills_and_credits():
    rows = [dict(zip(HEAD.split(","), row.split(","), strict=True)) for row in ROWS]
    groups = {}
    for row in rows:
        groups.setdefault((row["supplier"], row["bill"]), []).append(row)
    found = [find("purchasing/bills").translate(group, CONTEXT) for group in groups.values()]
    assert [each.problems for each in found] == [[], [], []]
    bill, other, credit = (each.documents[0] for each in found)
    assert [(each.type, each.source_id, each.grand_total) for each in (bill, other, credit)] == [
        ("bill", "S1/17", Decimal("1260.00")),
        ("bill", "S2/17", Decimal("50.00")),
        ("vendor_credit", "S1/C4", Decimal("24.48")),
    ]
    assert (bill.supplier_name, bill.lines[1].received_quantity, str(bill.due_date)) == ("Potter & Co", None, "2026-02-28")
    assert sides(credit)["SupplierClaims"] == Decimal("-20.40"), "the claim of the bill is settled"


def test_tax_codes_and_rates_of_an_export_stay_with_their_lines():
    row = dict(zip(HEAD.split(","), ROWS[0].split(","), strict=True))
    rows = [row | {"tax_code": "V20", "tax_rate": ""}, row | {"line": "2", "tax_rate": "0.2"}, row | {"line": "3", "tax": ""}]
    (made,) = find("purchasing/bills").translate(rows, CONTEXT).documents
    assert [(tax.line_number, tax.tax_code, tax.rate, tax.amount) for tax in made.tax_lines] == [
        (1, "V20", None, Decimal(204)),
        (2, None, Decimal("0.2"), Decimal(204)),
    ]


def test_suppliers_of_an_export_are_those_that_bills_name():
    row = {"supplier": "S1", "name": "Potter & Co", "tax_number": "IE1", "email": "a@b.example", "phone": "", "line1": "1 Quay"}
    (made,) = find("purchasing/suppliers").translate([row | {"city": "Cork", "country": "IE", "currency": "EUR"}], CONTEXT).documents
    assert (made.type, made.number(), made.display_name, made.addresses[0].city) == ("supplier", "S1", "Potter & Co", "Cork")
    (bare,) = find("purchasing/suppliers").translate([{"supplier": "S2", "name": "Paper Ltd"}], CONTEXT).documents
    assert (bare.addresses, bare.emails) == ((), ())


def test_bills_reach_the_books_and_a_change_replaces_them(tmp_path, hub_url):
    accounts = {role: "Liabilities:GRNI" if role == "GRNI" else account for role, account in suggested_accounts().items()}
    books = {"base_currency": "EUR", "accounts": accounts}
    policies = {"bill": {"as": "journal"}, "vendor_credit": {"as": "journal"}, "*": {"exclude": "no bill"}}
    posting = [{"name": "books", "target": "ledger", "books": books, **policies}]
    company = Company(
        tmp_path / "home",
        hub_url,
        routes={"bills": {"sources": ["shop"], "start": {"business_date": "2026-01-01"}, "mode": "auto", "posting": posting}},
    )
    connection = company.path / "connections/shop.yaml"
    told = yaml.safe_load(connection.read_text())
    stream = next(iter(told["attributes"]["config"]["streams"]))
    told["attributes"]["config"]["streams"][stream] = {"path": "files/shop.csv", "key": ["supplier", "bill", "line"]}
    told["attributes"]["mappings"] = {stream: "purchasing/bills"}
    connection.write_text(yaml.safe_dump(told))
    export = company.path / "files/shop.csv"
    export.write_text("\n".join((HEAD, *ROWS)) + "\n")
    assert company.run().written["ledger"] == 3
    assert company.both_balance()
    export.write_text("\n".join((HEAD, ROWS[0].replace(",98", ",100"), *ROWS[1:])) + "\n")
    assert company.run().written["ledger"] == 1
    assert company.both_balance()
    company.hub.close()
