"""Ten thousand random documents to the cent at each system that computes tax itself: the unit tests do two thousand of the same."""

from __future__ import annotations

import pytest

from tests.unit import test_quickbooks_totals as quickbooks
from tests.unit import test_xero_totals as xero
from tests.unit.test_xero_totals import books

__all__ = ["books"]
MANY = 10_000


def test_ten_thousand_documents_at_xero(books, monkeypatch):
    monkeypatch.setattr(xero, "DOCUMENTS", MANY)
    xero.test_random_documents_to_the_cent(books)


@pytest.mark.parametrize("country", ["US", "CA"])
def test_ten_thousand_documents_at_quickbooks(country, monkeypatch):
    monkeypatch.setattr(quickbooks, "MOST", MANY)
    quickbooks.test_random_documents_to_the_cent(country)
