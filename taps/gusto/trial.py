"""Gusto in the sandbox: a company with a department and a pay period that is open."""

from __future__ import annotations

from datetime import timedelta

from taps._kit.simulator import Clock
from taps._kit.trial import Trial
from taps.gusto.simulator import COMPANY, GustoSimulator


def _make(clock: Clock, _seed: int, _orders: int) -> GustoSimulator:
    made = GustoSimulator(clock=clock)
    made.seed_employee("Ann", "Berg", work_email="ann@example.com", jobs=("Cook", "Waiter"))
    made.seed_department("Bar")
    monday = clock().date() - timedelta(days=clock().weekday())
    made.seed_payroll(monday, monday + timedelta(days=13), monday + timedelta(days=18))
    return made


TRIAL = Trial(
    make=_make,
    config=lambda url: {"mode": "api", "company": COMPANY, "base_url": f"{url}/v1", "private_network": True},
    secrets={"client_id": "app", "client_secret": "app-secret", "refresh_token": "refresh-1", "access_token": "access-0"},
)
