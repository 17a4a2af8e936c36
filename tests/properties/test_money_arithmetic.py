"""The four calculations, over numbers that nobody thought of."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from mappings.model.base import to_amount, to_quantity
from mappings.model.money import EXPONENTS, Money, allocate, exponent, round_half_up, rounded, tax_inside

cents = st.integers(-(10**12), 10**12).map(lambda units: Decimal(units).scaleb(-2))
anything = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**15), max_value=10**15, places=6)


@given(cents, st.lists(st.integers(0, 10**6).map(Decimal), min_size=1, max_size=12).filter(any))
def test_shares_add_up_and_none_is_a_cent_from_its_due(total, weights):
    shares = allocate(total, weights)
    assert sum(shares) == total
    for share, weight in zip(shares, weights, strict=True):
        due = Fraction(total) * Fraction(weight) / sum(Fraction(each) for each in weights)
        assert abs(Fraction(share) - due) < Fraction(1, 100)


@given(cents, st.integers(1, 40))
def test_equal_weights_differ_by_a_cent_at_most_and_the_first_get_it(total, number):
    shares = [abs(share) for share in allocate(total, [Decimal(1)] * number)]
    assert shares == sorted(shares, reverse=True)
    assert shares[0] - shares[-1] <= Decimal("0.01")


@given(anything, st.integers(0, 4))
def test_rounding_goes_to_the_nearest_and_a_half_goes_away_from_zero(value, places):
    found, step = round_half_up(value, places), Fraction(1, 10**places)
    off = abs(Fraction(found)) - abs(Fraction(value))
    assert -step / 2 < off <= step / 2
    assert round_half_up(-value, places) == -found
    assert not found.is_signed() or found


@given(cents, st.sampled_from(["0.05", "0.08", "0.20", "0.21", "0.255"]).map(Decimal))
def test_tax_inside_a_price_is_within_half_a_cent_of_the_exact_tax(gross, rate):
    exact = Fraction(gross) * Fraction(rate) / (1 + Fraction(rate))
    assert abs(Fraction(tax_inside(gross, rate)) - exact) <= Fraction(1, 200)


@given(anything)
def test_an_amount_keeps_its_value_and_has_one_way_to_be_written(value):
    kept = to_amount(value)
    assert kept == value
    assert str(kept) == str(to_amount(str(kept))) == str(to_amount(value * 1000 / 1000))
    assert "E" not in str(kept)
    assert str(to_quantity(value)) == str(to_quantity(format(value, "f") + ("000" if "." in format(value, "f") else "")))


@given(
    st.floats()
    | st.sampled_from(
        [
            Decimal("NaN"),
            Decimal("-Infinity"),
            "NaN",
            "Infinity",
            "1e400",
            "",
            "1_000",
            "٣",
            "0x10",
            "1" * 21,
            "0.0000001",
            None,
            True,
            "1e-7",
        ]
    )
)
def test_what_is_no_exact_number_is_refused(value):
    with pytest.raises(ValidationError):
        Money(amount=value, currency="GBP")


def test_the_worked_numbers_of_the_reference():
    assert [str(share) for share in allocate(Decimal("10.00"), [Decimal(1)] * 3)] == ["3.34", "3.33", "3.33"]
    assert tax_inside(Decimal("3.99"), Decimal("0.20")) == Decimal("0.67")  # 0.66 half-even
    assert round_half_up(Decimal("0.125")) == Decimal("0.13")
    assert round_half_up(Decimal("2.675")) == Decimal("2.68")
    assert (exponent("JPY"), exponent("KWD"), exponent("EUR")) == (0, 3, 2)
    assert rounded(Decimal("0.5"), "JPY") == 1
    assert str(rounded(Decimal("1.0005"), "KWD")) == "1.001"
    assert EXPONENTS["CLF"] == 4


def test_money_of_two_currencies_is_not_added():
    pounds = Money(amount="1.50", currency="GBP")
    assert str(pounds + Money(amount="2", currency="GBP")) == "3.50 GBP"
    assert str(pounds - Money(amount="2", currency="GBP")) == "-0.50 GBP"
    with pytest.raises(ValueError, match="GBP and EUR"):
        pounds + Money(amount="1", currency="EUR")


def test_money_is_rounded_and_split_by_its_own_currency():
    assert str(Money(amount="100.5", currency="JPY").rounded().amount) == "101.00"
    assert [str(share) for share in Money(amount="100", currency="JPY").allocate([Decimal(1)] * 3)] == [
        "34.00 JPY",
        "33.00 JPY",
        "33.00 JPY",
    ]


@pytest.mark.parametrize("weights", [[], [Decimal(0)], [Decimal(1), Decimal(-2)]])
def test_weights_that_cannot_share_are_an_error(weights):
    with pytest.raises(ValueError, match="weights"):
        allocate(Decimal(1), weights)


def test_a_total_with_more_decimals_than_its_shares_is_an_error():
    with pytest.raises(ValueError, match="more than 2 decimals"):
        allocate(Decimal("0.001"), [Decimal(1)])
