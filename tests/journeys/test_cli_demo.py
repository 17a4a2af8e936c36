"""`counterfoil demo` as other programs and as people call it, with the network off."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from tests._kit.starter import Counterfoil

CONTRACT = {"landed", "documents", "fates", "balanced", "operations", "written", "ledger", "database", "seconds", "peak_mb"}


@pytest.fixture
def no_network(monkeypatch):
    """Nothing can be looked up or connected to."""

    def refuse(*_args, **_kwargs):
        raise AssertionError("the demo wants the network")

    for name in ("connect", "connect_ex"):
        monkeypatch.setattr(socket.socket, name, refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


@pytest.mark.usefixtures("no_network")
def test_the_sample_runs_without_network_and_tells_people_where_to_look(tmp_path, capsys):
    counterfoil = Counterfoil(tmp_path / "demo home", capsys)
    told = counterfoil("demo", "sample", "--json")
    assert told.code == 0
    assert set(told.json) >= CONTRACT
    assert told.json["balanced"] == {"intake": True, "route": True}
    assert set(told.json["fates"]["delivered"]) == {"count", "amount"}
    assert Path(told.json["ledger"]).is_file()
    again = counterfoil("demo")
    assert again.code == 0
    assert again.out.startswith("The example sample in ")
    assert "0 written in this run" in again.out
    assert told.json["ledger"] in again.out
    [suggestion] = [line for line in again.out.splitlines() if "counterfoil explain" in line]
    number = suggestion.split("counterfoil explain ")[1].split()[0]
    assert counterfoil("explain", number).code == 0
    for code in {problem["code"] for problem in counterfoil("problems", "--json").json["problems"]}:
        assert f" - {code}" in again.out


def test_a_demo_that_is_not_there_is_said(tmp_path, capsys):
    refused = Counterfoil(tmp_path / "home", capsys)("demo", "online-retail")
    assert refused.code == 2
    assert "--input" in refused.err
