"""The lines of an invoice agree with its entry, whatever the document: account by account, tax by tax, and in total."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mappings.model import REGISTRY
from mappings.posting import post, rows
from tests.unit.test_posting_worked_examples import EUR, PAID_1001, USD, line, make, order_1001, order_gbp, refund_1001

CENT = Decimal("0.01")


def agree(document, representation, books=USD):
    """Assert that rows and entry say the same; the rows."""
    entry, problems = post(document, representation=representation, books=books)
    assert problems == []
    assert entry is not None
    made = rows(document, representation=representation, books=books, entry=entry)
    sense = -document.sign
    nets: dict[str, Decimal] = defaultdict(Decimal)
    for row in made:
        assert row.net == row.net.quantize(CENT)
        assert row.tax == row.tax.quantize(CENT)
        nets[row.account] += row.net
    booked: dict[str, Decimal] = defaultdict(Decimal)
    for each in entry.lines:
        if not each.control and each.component != "tax":
            booked[each.account] += sense * each.amount
    assert {account: net for account, net in nets.items() if net} == {account: net for account, net in booked.items() if net}
    assert sum(row.tax for row in made) == sense * sum(each.amount for each in entry.lines if each.component == "tax")
    assert sum(row.net + row.tax for row in made) == document.sign * entry.total
    return made


def told(made):
    """Rows as text: what, account, net, tax."""
    return [(row.description, row.account, str(row.net), str(row.tax)) for row in made]


def test_j2_as_an_invoice_shows_goods_discount_shipping_and_tip():
    made = agree(order_1001(), "invoice", USD.model_copy(update={"gift_cards_taken": "with_payment"}))
    assert [(row.account, row.net, row.tax) for row in made] == [
        ("Sales", Decimal("100.00"), Decimal("8.00")),
        ("Discounts", Decimal("-10.00"), Decimal("-0.80")),
        ("ShippingIncome", Decimal("8.00"), Decimal("0.64")),
        ("TipsPayable", Decimal("5.00"), Decimal(0)),
    ]


def test_j2_as_a_receipt_takes_the_gift_card_off_as_a_row_on_its_liability():
    made = agree(order_1001(tenders=PAID_1001), "sales_receipt")
    assert ("GiftCardLiability", Decimal("-25.00")) in [(row.account, row.net) for row in made]
    assert sum(row.net + row.tax for row in made) == Decimal("85.84")


def test_j3_a_refund_is_positive_in_its_own_sense():
    made = agree(refund_1001(), "credit_note")
    assert sum(row.net + row.tax for row in made) == Decimal("48.60")


def test_j6_tax_in_the_price_and_another_currency():
    """24.00 − 2.40 = 21.60 with VAT 3.60, shipping 3.99 with VAT 0.67, booked at 1.27."""
    made = agree(order_gbp(), "sales_receipt")
    assert sum(row.net for row in made if row.account == "Sales") == Decimal("25.40")
    assert sum(row.tax for row in made) == Decimal("5.42")


def test_j9_cash_rounding_is_a_row_without_tax():
    order = make(
        "order",
        lines=[line("item", "9.54", tax="0.48")],
        rounding_total="-0.02",
        grand_total="10.00",
        tenders=[{"tender_type": "cash", "amount": "10.00"}],
    )
    assert told(agree(order, "sales_receipt"))[-1] == ("Cash rounding", "CashRounding", "-0.02", "0.00")


def test_rate_and_code_of_a_line_are_its_own_taxes_or_the_documents_only_one():
    tax = {"rate": "0.19", "tax_code": "DE19", "amount": "1.90"}
    order = make("order", lines=[line("item", "10.00", tax="1.90")], grand_total="11.90", tax_lines=[tax])
    (row,) = agree(order, "invoice")
    assert (row.rate, row.tax_code) == (Decimal("0.19"), "DE19")


money = st.decimals(min_value=0, max_value=10_000, places=3, allow_nan=False, allow_infinity=False)
kinds = st.sampled_from(["item", "shipping", "tip", "manual", "fee", "discount", "deposit"])


@st.composite
def trades(draw):
    """Any order or refund whose lines add up."""
    inclusive = draw(st.booleans())
    made, total = [], Decimal(0)
    for number in range(1, draw(st.integers(1, 6)) + 1):
        net, rate = draw(money), draw(st.sampled_from([Decimal(0), Decimal("0.07"), Decimal("0.2")]))
        tax = (net * rate / (1 + rate) if inclusive else net * rate).quantize(CENT)
        discount = draw(st.sampled_from([Decimal(0), Decimal("0.01"), Decimal("3.33"), net]))
        made.append(line(draw(kinds), net, tax=tax, discount=discount) | {"line_number": number})
        total += net if inclusive else net + tax
    kind = draw(st.sampled_from(["order", "refund"]))
    rate = draw(st.sampled_from([None, Decimal("1.1873")]))
    return REGISTRY[kind].model_validate(
        {
            "source_id": "1",
            "business_date": "2026-01-31",
            "currency": "EUR" if rate is None else "CHF",
            "exchange_rate": rate,
            "tax_inclusive": inclusive,
            "lines": made,
            "grand_total": total,
        }
    )


@pytest.mark.parametrize("representation", ["invoice", "sales_receipt"])
@given(document=trades())
@settings(max_examples=150, deadline=None)
def test_rows_and_entry_agree_for_any_document(representation, document):
    if document.moves_money():
        agree(document, representation, EUR.model_copy(update={"accounts": EUR.accounts | {"Rounding": "Rounding"}}))


# ── bills ──


def bill(*lines, kind="bill", **fields):
    total = sum(Decimal(each["net_amount"]) + Decimal(each.get("tax_amount", 0)) for each in lines)
    return REGISTRY[kind].model_validate(
        {"source_id": "S1/17", "business_date": "2026-01-31", "currency": "EUR", "lines": lines, "grand_total": total} | fields
    )


MUGS = {
    "line_number": 1,
    "kind": "goods",
    "sku": "MUG",
    "description": "Mugs",
    "quantity": "100",
    "net_amount": "1020.00",
    "tax_amount": "204.00",
    "ordered_price": "10.00",
    "received_quantity": "98",
}
CARRIAGE = {"line_number": 2, "kind": "freight", "net_amount": "30.00", "tax_amount": "6.00"}


@pytest.mark.parametrize(("kind", "representation"), [("bill", "bill"), ("vendor_credit", "bill_credit")])
def test_a_bill_shows_each_part_of_the_match_on_its_account_with_its_share_of_the_tax(kind, representation):
    taxes = [{"line_number": 1, "rate": "0.2", "amount": "204.00"}, {"line_number": 2, "rate": "0.2", "tax_code": "V", "amount": "6.00"}]
    made = agree(bill(MUGS, CARRIAGE, kind=kind, tax_lines=taxes), representation, EUR)
    assert [(row.account, row.sku, str(row.quantity), str(row.net), str(row.tax)) for row in made] == [
        ("GRNI", "MUG", "98", "980.00", "196.00"),
        ("PurchaseVariance", "", "1", "19.60", "3.92"),
        ("SupplierClaims", "", "2", "20.40", "4.08"),
        ("Freight", "", "1", "30.00", "6.00"),
    ]
    assert [row.description for row in made] == ["Mugs", "Price variance: Mugs", "Short delivery: Mugs", "Freight"]
    assert {(row.rate, row.tax_code) for row in made[:3]} == {(Decimal("0.2"), "")}
    assert (made[3].rate, made[3].tax_code) == (Decimal("0.2"), "V")


def test_a_bill_of_tax_alone_is_a_row_of_tax():
    (row,) = agree(bill({"line_number": 1, "net_amount": "0.00", "tax_amount": "12.40"}), "bill", EUR)
    assert (row.account, row.net, row.tax) == ("PurchaseExpense", Decimal(0), Decimal("12.40"))


@st.composite
def bills(draw):
    """Any bill or credit of a supplier that adds up."""
    lines = []
    for number in range(1, draw(st.integers(1, 5)) + 1):
        net, tax = draw(money), draw(money)
        each = {"line_number": number, "kind": draw(st.sampled_from(["goods", "freight", "expense"])), "net_amount": net, "tax_amount": tax}
        if each["kind"] == "goods":
            each |= {"quantity": draw(st.integers(0, 9)), "received_quantity": draw(st.sampled_from([None, 0, 1, 5, 9]))}
            each |= {"ordered_price": draw(st.sampled_from([None, Decimal("1.37"), Decimal(100)]))}
        lines.append(each)
    rate = draw(st.sampled_from([None, Decimal("1.1873")]))
    kind = draw(st.sampled_from(["bill", "vendor_credit"]))
    return bill(*lines, kind=kind, exchange_rate=rate, currency="EUR" if rate is None else "CHF")


@given(document=bills())
@settings(max_examples=150, deadline=None)
def test_rows_and_entry_agree_for_any_bill(document):
    if document.moves_money():
        representation = "bill" if document.type == "bill" else "bill_credit"
        agree(document, representation, EUR.model_copy(update={"accounts": EUR.accounts | {"Rounding": "Rounding"}}))
