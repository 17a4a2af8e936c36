"""Progress: nothing for short work, plain lines into a log for long work."""

from __future__ import annotations

import pytest

from pipelines.cli import telling


@pytest.fixture
def clock(monkeypatch):
    """Seconds as the test says them."""
    now = [0.0]
    monkeypatch.setattr(telling.time, "monotonic", lambda: now[0])
    return now


STEPS = [(1, "read", 500), (3, "read", 2_000), (4, "read", 4_000), (5, "planned", 10), (14, "planned", 20), (16, "planned", 30)]


def test_short_work_is_silent_and_long_work_is_told_step_by_step(clock, capsys):
    with telling.Telling() as told:
        for second, step, count in STEPS:
            clock[0] = second
            told(step, "shop/sales", count)
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == ["     3 s  read shop/sales: 2,000", "     5 s  planned shop/sales: 10", "    16 s  planned shop/sales: 30"]
