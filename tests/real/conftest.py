"""The real Tryton, once for each test process that needs it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests._kit.postgres import NoPostgres
from tests._kit.tryton import Books, Erp, NoTryton, erp

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
