"""The sandbox: which systems join, what is the same for a seed, what happens by itself, and what is refused."""

from __future__ import annotations

import json
import random
import socket
import sys
import urllib.request
from datetime import UTC, datetime, timedelta
from http.client import HTTPException
from importlib.util import find_spec
from typing import Any

import pytest

from pipelines.cli.main import run
from pipelines.sandbox import systems as sandbox
from pipelines.sandbox.systems import Life, Wishes, served
from taps._kit.errors import Misconfigured
from taps._kit.registry import installed, taps
from taps._kit.simulator import serve
from taps._kit.trial import Going, trials
from taps.square.simulator import company
from targets._kit.registry import targets

NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)


def test_every_connector_with_a_simulator_can_be_tried():
    """Where this fails for a new connector: write `trial.py` beside its simulator; docs/sandbox.md says what is in it."""
    simulated = {name for name, entry in installed("counterfoil.taps").items() if find_spec(f"{entry.module}.simulator")}
    assert set(trials()) == simulated
    assert {"bamboohr", "gusto", "inventree", "quickbooks", "shopify", "square", "xero"} <= simulated


@pytest.mark.parametrize("name", sorted(trials()))
def test_its_settings_are_those_of_the_connector_and_its_past_is_made_with_a_clock_that_goes(name):
    trial = trials()[name]
    taps()[name].config.model_validate(trial.config("http://127.0.0.1:1"))
    if name in targets():
        targets()[name].config.model_validate(trial.config("http://127.0.0.1:1") | dict(trial.writes))
    clock = Going()
    simulator = trial.make(clock, 3, 20)
    clock.as_ours()
    assert abs(simulator.clock() - datetime.now(UTC)) < timedelta(minutes=1)
    if trial.happen is not None:
        for number in range(10):
            trial.happen(simulator, random.Random(number))


@pytest.mark.parametrize("orders", [0, 1])
@pytest.mark.parametrize("name", sorted(trials()))
def test_a_system_may_begin_with_nothing(name, orders):
    trial = trials()[name]
    simulator = trial.make(Going(), 0, orders)
    if trial.happen is not None:
        trial.happen(simulator, random.Random(0))


def asked(url: str) -> dict[str, Any]:
    order = {"location_ids": ["L1NEWYORK"], "query": {"sort": {"sort_field": "UPDATED_AT", "sort_order": "ASC"}}}
    headers = {"authorization": "Bearer square-access-1", "content-type": "application/json"}
    request = urllib.request.Request(f"{url}/v2/orders/search", json.dumps(order).encode(), headers)
    with urllib.request.urlopen(request) as answer:
        found: dict[str, Any] = json.load(answer)
    return found


def totals(seed: int) -> list[int]:
    with served(Wishes(orders=20, seed=seed), {"square": trials()["square"]}) as (system,):
        return [order["total_money"]["amount"] for order in asked(system.url)["orders"]]


def test_the_past_is_the_same_for_the_same_seed_and_another_for_another():
    assert totals(1) == totals(1)
    assert totals(1) != totals(2)


def test_what_is_due_happens_when_somebody_looks():
    happened: list[int] = []
    life = Life(NOW, timedelta(seconds=10))
    for later, so_far in ((9, 0), (10, 1), (19, 1), (41, 4), (41, 4), (10**6, 54)):
        life.go_on(NOW + timedelta(seconds=later), lambda: happened.append(1))
        assert len(happened) == so_far, later


def test_with_live_a_till_goes_on_selling():
    with served(Wishes(orders=5, live=1), {"square": trials()["square"]}) as (system,):
        before = len(system.simulator.shop.orders.rows)  # type: ignore[attr-defined]
        for _ in range(20):
            system.simulator.clock.forward(seconds=1)
            asked(system.url)
        assert len(system.simulator.shop.orders.rows) > before  # type: ignore[attr-defined]


def test_faults_come_by_chance():
    with served(Wishes(orders=5, faults=0.9), {"square": trials()["square"]}) as (system,):
        wrong = 0
        for _ in range(20):
            try:
                asked(system.url)
            except (OSError, ValueError, HTTPException):
                wrong += 1
    assert 10 < wrong <= 20


def test_ports_follow_the_base():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        base = free.getsockname()[1]
    two = {name: trials()[name] for name in ("square", "xero")}
    with served(Wishes(orders=1, port_base=base), two) as made:
        assert [system.url for system in made] == [f"http://127.0.0.1:{base}", f"http://127.0.0.1:{base + 1}"]


def test_a_port_that_is_taken_is_told():
    with (
        serve(company(0)) as url,
        pytest.raises(Misconfigured, match=url.rpartition(":")[2]),
        serve(company(0), int(url.rpartition(":")[2])),
    ):
        pass


def test_a_home_that_is_there_is_left_alone(tmp_path, capsys):
    (tmp_path / "counterfoil.yaml").write_text("companies: {}")
    assert run(["sandbox", "--home", str(tmp_path)]) == 2
    assert "begins anew" in capsys.readouterr().err
    assert (tmp_path / "counterfoil.yaml").read_text() == "companies: {}"
    assert run(["sandbox", "--port-base", "80"]) == 2


def test_without_the_extra_it_says_what_to_install(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "taps._kit.serving", None)
    one = {"square": trials()["square"]}
    monkeypatch.setattr(sandbox, "trials", lambda: one)
    assert run(["sandbox"]) == 2
    assert "counterfoil[sandbox]" in capsys.readouterr().err
