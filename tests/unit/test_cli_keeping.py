"""`counterfoil secret`: a value goes in by a pipe, comes out nowhere, and survives a new master key."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from pipelines.cli.main import run
from pipelines.hub import keys
from pipelines.hub.store import Hub
from pipelines.hub.vault import Vault
from pipelines.sandbox.demo import lay_out

VALUE = "s3cret-Väl=ue/42"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    lay_out("sample", tmp_path)
    return tmp_path


class Said(NamedTuple):
    """What one command ended with and printed."""

    returncode: int
    stdout: str
    stderr: str


Command = Callable[..., Said]


@pytest.fixture
def counterfoil(home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Command:
    """Calls the command line in this process, with `given` for what a pipe brings."""

    def call(*words: str, given: str = "") -> Said:
        monkeypatch.setattr(sys, "stdin", io.StringIO(given))
        capsys.readouterr()
        return Said(run([*words, "--home", str(home)]), *capsys.readouterr())

    return call


def value(home: Path, connection: str, name: str) -> str:
    hub = Hub(f"sqlite:///{home / 'hub.db'}")
    try:
        return Vault(hub, keys.load(home)).secrets(connection)[name].reveal()
    finally:
        hub.close()


def test_a_secret_is_sealed_listed_by_name_and_shown_to_nobody(home, counterfoil):
    done = counterfoil("secret", "set", "ledger", "key", given=VALUE + "\n")
    assert (done.returncode, done.stderr) == (0, "")
    listed = counterfoil("secret", "list", "--json")
    (row,) = json.loads(listed.stdout)
    assert (row["connection"], row["name"], row["version"]) == ("ledger", "key", 1)
    assert value(home, "ledger", "key") == VALUE
    seen = done.stdout + listed.stdout + counterfoil("secret", "list").stdout
    assert VALUE not in seen
    assert all(VALUE.encode() not in path.read_bytes() for path in home.rglob("*") if path.is_file())
    assert counterfoil("audit", "verify").returncode == 0


def test_a_new_value_is_a_new_version_and_a_new_key_keeps_both_readable(home, counterfoil):
    for each in ("first", VALUE):
        assert counterfoil("secret", "set", "ledger", "key", given=each).returncode == 0
    before = (home / keys.FILE).read_bytes()
    done = counterfoil("secret", "rotate")
    assert done.returncode == 0
    assert "2 sealed values" in " ".join(done.stdout.split())
    assert (home / keys.FILE).read_bytes() != before
    assert value(home, "ledger", "key") == VALUE
    assert counterfoil("audit", "verify").returncode == 0


@pytest.mark.parametrize(
    ("words", "given", "said"),
    [(("set", "legder", "key"), "x", "did you mean ledger?"), (("set", "ledger", "key"), " \n", "Nothing was given"), (("list",), "", "")],
)
def test_what_cannot_be_is_told(counterfoil, words, given, said):
    done = counterfoil("secret", *words, given=given)
    assert done.returncode != 0
    assert said in done.stderr


def test_a_value_comes_by_a_real_pipe(home):
    program = Path(sys.executable).with_name("counterfoil")
    words = [program, "secret", "set", "ledger", "key", "--home", home]
    done = subprocess.run(words, input=VALUE + "\n", capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert value(home, "ledger", "key") == VALUE
    assert VALUE not in done.stdout
