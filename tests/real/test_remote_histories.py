"""200 random histories of each system behind a tap (COUNTERFOIL_SIZE=nightly: 5,000), other ones than the quick suite's."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests._kit.histories import SAMPLES, live_through

NIGHTLY = os.environ.get("COUNTERFOIL_SIZE") == "nightly"
HISTORIES = 5_000 if NIGHTLY else 200
FIRST = 1_000
"""Of the seeds."""
PARTS = 4
"""Tests of each system, so that two workers share the work."""

pytestmark = [pytest.mark.long, pytest.mark.timeout(14_400 if NIGHTLY else 1_800)]


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_after_each_run_of_any_history_the_heads_are_what_the_system_holds(name: str, part: int, tmp_path: Path) -> None:
    share = HISTORIES // PARTS
    for seed in range(FIRST + part * share, FIRST + (part + 1) * share):
        try:
            live_through(SAMPLES[name], seed, tmp_path)
        except AssertionError as broken:
            broken.add_note(f"{name}, seed {seed}")
            raise
