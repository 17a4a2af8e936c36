"""Breaks are made in the vendors' own books, by hand: over HTTP each is found, in its class, to the cent, and none besides.

Where each class is planted before anything is read; what is not at a vendor stands in `test_planted_breaks.py`:

    MISSING_IN_TARGET   shop's files, ledger, Xero, QuickBooks, BambooHR, Gusto, InvenTree
    MISSING_IN_SOURCE   shop's files, ledger, bank, Xero, QuickBooks, BambooHR, Gusto, InvenTree
    TIMING              shop's files
    IN_TRANSIT          bank
    DUPLICATE_TARGET    ledger, bank, Xero, QuickBooks, Gusto
    DUPLICATE_SOURCE    terminal's file
    AMOUNT              ledger, bank; Xero, QuickBooks (what was edited there is STALE, what was recoded is AMOUNT)
    TAX DISCOUNT SHIPPING TIP GIFT_CARD FEE REFUND_MISSING     ledger, Xero, QuickBooks
    ROUNDING FX CURRENCY    ledger: a document that stands at Xero or QuickBooks keeps its currency, and any edit there is STALE
    DATE                ledger, Xero, QuickBooks, BambooHR, Gusto, InvenTree
    PERIOD              ledger, Xero, QuickBooks, BambooHR, Gusto
    PARTY               database, Xero, QuickBooks, BambooHR, Gusto
    STATUS              Xero, QuickBooks: the embedded ledger and the database have none
    CHARGEBACK          shop's files, Xero, QuickBooks (the month has one dispute: three over three seeds)
    QTY                 database, InvenTree
    COST HOURS          database: hours that a person changes at BambooHR or Gusto are STALE, and the history of InvenTree tells no cost
    RATE                database, BambooHR, Gusto
    MAPPING LOCKED_PERIOD REJECTED      hub
    STALE               shop's files, Xero, QuickBooks, BambooHR, Gusto
    RESERVE             InvenTree (`test_planted_reserves.py`)
    UNKNOWN             cannot be planted: it is what no class explains
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest

from pipelines.sandbox.demo import BUNDLED
from tests._kit.books_month import at_quickbooks, at_xero
from tests._kit.by_hand import judge, look
from tests._kit.by_hand_hours import BAMBOOHR, GUSTO, AtBambooHr, AtGusto, at_bamboohr, at_gusto
from tests._kit.by_hand_quickbooks import WITH_BUYERS as QUICKBOOKS
from tests._kit.by_hand_quickbooks import AtQuickBooks
from tests._kit.by_hand_shelves import INVENTREE, AtInvenTree, at_inventree
from tests._kit.by_hand_xero import WITH_BUYERS as XERO
from tests._kit.by_hand_xero import AtXero

SEEDS = range(50 if os.environ.get("COUNTERFOIL_SIZE") == "nightly" else 8)


@pytest.fixture(scope="module")
def xero(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """An organisation with the month in it, its home, its documents as they were written, and what is found of them."""
    with at_xero(tmp_path_factory.mktemp("xero") / "home") as (organisation, there):
        there.with_buyers()
        there.run()
        yield organisation, there, deepcopy(organisation.books.documents), look(there)


@pytest.fixture(scope="module")
def quickbooks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The same in a company of QuickBooks."""
    with at_quickbooks(tmp_path_factory.mktemp("quickbooks") / "home") as (company, there):
        there.with_buyers()
        there.run()
        yield company, there, deepcopy(company.books.objects), look(there)


@pytest.fixture(scope="module")
def bamboohr(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The month's hours at BambooHR."""
    with at_bamboohr(tmp_path_factory.mktemp("bamboohr") / "home") as (there, month):
        yield there, month, deepcopy(there.entries), look(month)


@pytest.fixture(scope="module")
def gusto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The same at Gusto."""
    with at_gusto(tmp_path_factory.mktemp("gusto") / "home") as (there, month):
        yield there, month, deepcopy(there.sheets), look(month)


@pytest.fixture(scope="module")
def inventree(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """What the month's web shop sold, taken from a warehouse of InvenTree."""
    with at_inventree(tmp_path_factory.mktemp("inventree") / "home", BUNDLED / "sample/files/web/products.jsonl") as (there, month):
        yield there, month, deepcopy((there.tables.tracking, there.tables.items)), look(month)


@pytest.mark.parametrize("seed", SEEDS)
def test_xero(seed: int, xero: Any) -> None:
    organisation, there, written, before = xero
    organisation.books.documents = deepcopy(written)
    organisation.clock.forward(minutes=10)
    hand = AtXero(there, seed, before, organisation.books)
    hand.all(XERO)
    judge(hand, look(there))


@pytest.mark.parametrize("seed", SEEDS)
def test_quickbooks(seed: int, quickbooks: Any) -> None:
    company, there, written, before = quickbooks
    company.books.objects = deepcopy(written)
    company.clock.forward(minutes=10)
    hand = AtQuickBooks(there, seed, before, company)
    hand.all(QUICKBOOKS)
    judge(hand, look(there))


@pytest.mark.parametrize("seed", SEEDS)
def test_bamboohr(seed: int, bamboohr: Any) -> None:
    there, month, written, before = bamboohr
    there.entries = deepcopy(written)
    there.clock.forward(minutes=10)
    hand = AtBambooHr(month, seed, before, there)
    hand.all(BAMBOOHR)
    judge(hand, look(month))


@pytest.mark.parametrize("seed", SEEDS)
def test_gusto(seed: int, gusto: Any) -> None:
    there, month, written, before = gusto
    there.sheets = deepcopy(written)
    there.clock.forward(minutes=10)
    hand = AtGusto(month, seed, before, there)
    hand.all(GUSTO)
    judge(hand, look(month))


@pytest.mark.parametrize("seed", SEEDS)
def test_inventree(seed: int, inventree: Any) -> None:
    there, month, written, before = inventree
    there.tables.tracking, there.tables.items = deepcopy(written)
    there.clock.forward(minutes=10)
    hand = AtInvenTree(month, seed, before, there)
    hand.all(INVENTREE)
    judge(hand, look(month))
