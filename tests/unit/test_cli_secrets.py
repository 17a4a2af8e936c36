"""No command prints a secret, neither when it works nor when it fails."""

from __future__ import annotations

import pytest

from tests._kit.starter import Counterfoil

SECRET = "hunter2"


@pytest.fixture
def counterfoil(tmp_path, capsys):
    """A home in shadow whose stock database has a password in its URL."""
    started = Counterfoil(tmp_path / "home", capsys).start(mode="shadow")
    started.edit("connections/stock.yaml", "url: sqlite:///stock.db", f"url: postgresql+psycopg://me:{SECRET}@localhost:1/stock")
    return started


def test_a_target_with_a_password_is_shown_without_it(counterfoil):
    for words in (["run", "--json"], ["status", "--json"], ["run"], ["status"], ["doctor"], ["preview", "shop", "sales"]):
        said = counterfoil(*words)
        assert said.code == 0, said.err
        assert SECRET not in said.out + said.err
    assert "postgresql+psycopg://me:***@localhost:1/stock" in counterfoil("status", "--json").out


def test_a_hub_that_cannot_be_reached_does_not_tell_its_password(counterfoil):
    counterfoil.edit("counterfoil.yaml", "hub: sqlite:///hub.db", f"hub: postgresql+psycopg://me:{SECRET}@localhost:1/hub")
    for words, code in ((["run"], 3), (["status"], 3), (["doctor"], 2)):
        said = counterfoil(*words)
        assert said.code == code
        assert SECRET not in said.out + said.err
        assert "port 1 failed" in said.out + said.err
