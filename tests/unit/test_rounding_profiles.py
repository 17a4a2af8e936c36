"""What is rounding, and what is another tax: by line, by document, and told by amounts alone."""

from __future__ import annotations

from decimal import Decimal

import pytest

from mappings.posting import Row
from taps._kit.facts import RoundingProfile
from targets._kit.rounding import difference, is_rounding, rate_of, taxes

LINE, DOCUMENT = RoundingProfile(tax="line"), RoundingProfile(tax="document")
KNOWN = [Decimal("0.05"), Decimal("0.08"), Decimal("0.2")]


def row(net, tax, rate="0.2"):
    return Row("goods", "200", "A thing", "MUG", Decimal(1), Decimal(net), Decimal(tax), Decimal(rate), "", "")


def judged(*rows, profile=LINE):
    return is_rounding(rows, difference(rows, profile), profile)


def test_the_worked_example_by_line_and_by_document():
    """25.06, 25.61 and 25.63 at 15 %: 3.76 + 3.84 + 3.84 = 11.44 by line, 11.45 for the document."""
    nets, rates = [Decimal("25.06"), Decimal("25.61"), Decimal("25.63")], [Decimal("0.15")] * 3
    assert (taxes(nets, rates, LINE), taxes(nets, rates, DOCUMENT)) == (Decimal("11.44"), Decimal("11.45"))


def test_thirty_one_lines_of_one_fifty_nine():
    """81.09 at 12 %: 9.71 by line, 9.73 for the document."""
    quantities = [Decimal(1)] * 29 + [Decimal(11)] * 2
    nets = [quantity * Decimal("1.59") for quantity in quantities]
    assert sum(nets) == Decimal("81.09")
    assert (taxes(nets, [Decimal("0.12")] * 31, LINE), taxes(nets, [Decimal("0.12")] * 31, DOCUMENT)) == (Decimal("9.71"), Decimal("9.73"))


@pytest.mark.parametrize(
    ("rows", "is_it"),
    [
        ([row("34.12", "6.83")], True),  # 40.95 with 20 % inside: 6.825 is 6.83, and 34.12 × 20 % is 6.82
        ([row("34.12", "6.85")], False),
        ([row("34.12", "6.83")] * 5, True),
        ([row("34.12", "6.83")] * 6, False),  # six cents are never rounding, however many lines there are
        ([row("100.00", "19.99"), row("100.00", "20.00")], True),  # one cent of a document, put on its first line
        ([row("100.00", "19.98")], False),
        ([row("100.00", "7.00")], False),
        ([row("0.00", "0.00")], True),
    ],
)
def test_what_is_rounding(rows, is_it):
    assert judged(*rows) is is_it


@pytest.mark.parametrize(
    ("net", "tax", "rate"),
    [("34.12", "6.83", "0.2"), ("83.33", "6.67", "0.08"), ("-34.12", "-6.83", "0.2"), ("100.00", "7.00", None), ("0.10", "0.01", None)],
)
def test_the_rate_that_amounts_tell(net, tax, rate):
    found = rate_of(Decimal(net), Decimal(tax), KNOWN, LINE)
    assert found == (None if rate is None else Decimal(rate))
