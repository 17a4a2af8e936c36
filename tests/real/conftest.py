"""The real Tryton and the real Vendure, once for each test process that needs them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests._kit.postgres import NoPostgres
from tests._kit.tryton import Books, Erp, NoTryton, erp
from tests._kit.vendure import NoVendure, Shops, shops

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def tryton_erp(shared: Path) -> Iterator[Erp]:
    """A seeded Tryton with its server."""
    try:
        with erp(shared, ROOT / "build") as running:
            yield running
    except (NoTryton, NoPostgres) as absent:
        pytest.skip(f"no Tryton: {absent}")


@pytest.fixture
def books(tryton_erp: Erp) -> Iterator[Books]:
    """A copy of its own for a test."""
    with tryton_erp.copy() as database:
        yield database


@pytest.fixture(scope="session")
def vendure_shops(shared: Path) -> Iterator[Shops]:
    """An installed and seeded Vendure."""
    try:
        with shops(shared, ROOT / "build") as installed:
            yield installed
    except (NoVendure, NoPostgres) as absent:
        pytest.skip(f"no Vendure: {absent}")
