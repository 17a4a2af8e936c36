"""`counterfoil secret`: a value goes in by a pipe, comes out nowhere, and survives a new master key."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.hub import keys
from pipelines.hub.store import Hub
from pipelines.hub.vault import Vault

VALUE = "s3cret-Väl=ue/42"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    subprocess.run([_program(), "init", "--home", str(tmp_path), "--sample", "sample"], check=True, capture_output=True)
    return tmp_path


def _program() -> str:
    return str(Path(sys.executable).with_name("counterfoil"))


def counterfoil(home: Path, *words: str, given: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run([_program(), *words, "--home", str(home)], input=given, capture_output=True, text=True, check=False)


def value(home: Path, connection: str, name: str) -> str:
    hub = Hub(f"sqlite:///{home / 'hub.db'}")
    try:
        return Vault(hub, keys.load(home)).secrets(connection)[name].reveal()
    finally:
        hub.close()


def test_a_secret_is_sealed_listed_by_name_and_shown_to_nobody(home):
    done = counterfoil(home, "secret", "set", "ledger", "key", given=VALUE + "\n")
    assert (done.returncode, done.stderr) == (0, "")
    listed = counterfoil(home, "secret", "list", "--json")
    (row,) = json.loads(listed.stdout)
    assert (row["connection"], row["name"], row["version"]) == ("ledger", "key", 1)
    assert value(home, "ledger", "key") == VALUE
    seen = done.stdout + listed.stdout + counterfoil(home, "secret", "list").stdout
    assert VALUE not in seen
    assert all(VALUE.encode() not in path.read_bytes() for path in home.rglob("*") if path.is_file())
    assert counterfoil(home, "audit", "verify").returncode == 0


def test_a_new_value_is_a_new_version_and_a_new_key_keeps_both_readable(home):
    for each in ("first", VALUE):
        assert counterfoil(home, "secret", "set", "ledger", "key", given=each).returncode == 0
    before = (home / keys.FILE).read_bytes()
    done = counterfoil(home, "secret", "rotate")
    assert done.returncode == 0
    assert "2 sealed values" in " ".join(done.stdout.split())
    assert (home / keys.FILE).read_bytes() != before
    assert value(home, "ledger", "key") == VALUE
    assert counterfoil(home, "audit", "verify").returncode == 0


@pytest.mark.parametrize(
    ("words", "given", "said"),
    [(("set", "legder", "key"), "x", "did you mean ledger?"), (("set", "ledger", "key"), " \n", "Nothing was given"), (("list",), "", "")],
)
def test_what_cannot_be_is_told(home, words, given, said):
    done = counterfoil(home, "secret", *words, given=given)
    assert done.returncode != 0
    assert said in done.stderr
