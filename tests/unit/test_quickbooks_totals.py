"""Totals are known before they are sent: the prediction against the simulator's own arithmetic, which shares no code with it."""

from __future__ import annotations

import random
from decimal import Decimal
from fractions import Fraction

import pytest

from mappings.posting.rows import Row
from taps.quickbooks.simulator import Refusal
from targets._kit.writer import Payload
from targets.quickbooks.chart import TaxCode
from targets.quickbooks.sales import computed
from tests.contract.samples.quickbooks_company import CODES, Company
from tests.unit._quickbooks import opened, receipts
from tests.unit.test_quickbooks_target import sale

MOST = 2_000
"""`make prove` does ten thousand (tests/real/test_totals.py)."""
TWELVE = TaxCode("1", (Decimal("0.12"),))
RATES = {"Twelve": ("12",), "Twenty": ("20",), "None": (), "Two": ("5", "9.975"), "Odd": ("7.0000001",)}


def cents(amount: int) -> Decimal:
    return Decimal(amount) / 100


def test_31_lines_of_1_59_give_9_71():
    """Two of them eleven times: 81.09 net, 9.71 by line, where the sum would give 9.73."""
    nets = [Decimal("1.59")] * 29 + [Decimal("17.49")] * 2
    assert sum(nets) == Decimal("81.09")
    assert computed(nets, [TWELVE.rates] * 31) == Decimal("9.71")


def test_half_a_cent_goes_up_and_down_alike():
    twenty = TaxCode("1", (Decimal("0.2"),))
    assert computed([Decimal("3.325")], [twenty.rates]) == Decimal("0.67")
    assert computed([Decimal("-3.325")], [twenty.rates]) == Decimal("-0.67")


@pytest.mark.parametrize("country", ["US", "CA"])
def test_random_documents_to_the_cent(country):
    """Lines of either sign, quantities, odd rates and codes of two rates: what we predict is what the company makes of it."""
    company = Company(country)
    if country != "US":
        company.tax_codes |= {name: company.seeds.tax_code(name, *percents) for name, percents in RATES.items() if name in ("Two", "Odd")}
    codes = {name: TaxCode(remote_id, tuple(Decimal(each) / 100 for each in RATES[name])) for name, remote_id in company.tax_codes.items()}
    chance = random.Random(20261122)
    books, seen = company.books, 0
    while seen < MOST:
        chosen = [(cents(chance.randint(-2_000, 20_000)), chance.choice(sorted(codes))) for _ in range(chance.randint(1, 8))]
        body = {"TxnDate": "2026-11-02", "CustomerRef": {"value": company.buyer}}
        nets, named = [net for net, _ in chosen], [codes[name] for _, name in chosen]
        if country == "US":
            tax = cents(chance.randint(0, 5_000))
            body["TxnTaxDetail"] = {"TotalTax": tax}
            marks = ["TAX" if name != "None" else "NON" for _, name in chosen]
        else:
            tax = computed(nets, [code.rates for code in named])
            marks = [code.remote_id for code in named]
        total = sum(nets) + tax
        body["Line"] = [_line(company.mug, net, mark) for net, mark in zip(nets, marks, strict=True)]
        if total < 0:
            with pytest.raises(Refusal):
                books.rules("Invoice", body, None)
            continue
        assert books.rules("Invoice", body, None)["TotalAmt"] == total, chosen
        seen += 1


def _line(item: str, net: Decimal, code: str) -> dict[str, object]:
    detail = {"ItemRef": {"value": item}, "TaxCodeRef": {"value": code}}
    return {"Amount": net, "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": detail}


def test_the_simulators_half_is_not_a_floats_half():
    """2.675 is 2.68 and not 2.67."""
    from taps.quickbooks.simulator.arithmetic import to_cent

    assert to_cent(Fraction(2675, 1000)) == 268
    assert to_cent(Fraction(-2675, 1000)) == -268


# ── through the writer ──

GLOBAL = {"tax": "global", "tax_codes": {"12%": "Twelve", "20%": "Twenty"}, "untaxed": "None"}


def mugs(count: int, net: str, tax: str, rate: str = "0.12") -> tuple[Row, ...]:
    return tuple(
        Row("goods", CODES["Sales"], "Mug", "MUG", Decimal(1), Decimal(net), Decimal(tax), Decimal(rate), "", "") for _ in range(count)
    )


def test_tax_that_the_source_rounds_otherwise_gets_a_line_of_its_own():
    """The source taxed the sum: 9.73. QuickBooks makes 9.71; a line of 0.02 without tax makes the buyer's total."""
    rows = (*mugs(29, "1.59", "0.19"), *mugs(2, "17.49", "2.11"))
    assert sum(row.tax for row in rows) == Decimal("9.73")
    company = Company("CA")
    with opened(company, **GLOBAL, rounding_account=CODES["Rounding"]) as writer:
        (made,) = receipts(writer, sale(company, rows))
    assert made.effect == Decimal("90.82")
    document = company.books.objects["SalesReceipt"][made.remote_id]
    assert document["TxnTaxDetail"]["TotalTax"] == Decimal("9.71")
    assert document["Line"][-2]["Amount"] == Decimal("0.02")


def test_without_an_account_for_rounding_it_is_held():
    company = Company("CA")
    with opened(company, **GLOBAL) as writer:
        held = writer.prepare(sale(company, mugs(1, "1.59", "0.20")))
    assert "0.01" in held.problem.say
    assert held.problem.code == "SEND-TOTAL"


def test_another_rate_is_no_rounding():
    company = Company("CA")
    with opened(company, **GLOBAL, rounding_account=CODES["Rounding"]) as writer:
        held = writer.prepare(sale(company, mugs(1, "100.00", "13.00")))
    assert "1.00" in held.problem.say
    assert "more than rounding" in held.problem.say


def test_a_rate_without_a_code_is_held():
    company = Company("CA")
    with opened(company, **GLOBAL) as writer:
        held = writer.prepare(sale(company, mugs(1, "100.00", "5.00", "0.05")))
    assert not isinstance(held, Payload)
    assert "5%" in held.problem.say
