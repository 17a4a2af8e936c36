"""`--help`: quick, and sentences that a person in finance can read."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
import typer

from pipelines.cli.main import COMMANDS, app, run

NAMES = typer.main.get_command(app).commands
HEAVY = ("sqlalchemy", "rich", "singer_sdk", "dagster", "yaml", "alembic", "cryptography", "pipelines.hub", "mappings")


@pytest.mark.parametrize("name", NAMES)
def test_each_command_says_what_it_does(name, capsys):
    assert run([name, "--help"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    sentence = " ".join(out.split("Options:")[0].split("\n", 1)[1].split())
    assert re.match(r"^[A-Z].*\.", sentence), sentence


@pytest.mark.parametrize("name", COMMANDS)
def test_each_option_says_what_it_is_for(name):
    parameters = [parameter for parameter in NAMES[name].params if parameter.name != "help"]
    assert [parameter.name for parameter in parameters if not re.match(r"^[A-Z].*\.$", getattr(parameter, "help", None) or "")] == []


def test_help_imports_nothing_heavy():
    program = "import sys; from pipelines.cli.main import run; run(['--help']); print(*sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert [name for name in HEAVY if name in done.stderr.split()] == []
    assert "Do the work" in done.stdout


@pytest.mark.parametrize("words", [["nope"], ["run", "--nope"], ["explain"], ["problems", "--limit", "many"]])
def test_what_cannot_be_understood_is_invalid(words, capsys):
    assert run(words) == 4
    assert "Error:" in capsys.readouterr().err
