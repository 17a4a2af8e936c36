"""The five-minute trial: the sandbox in a process of its own, the product on the home that it wrote, and its end by pid."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pipelines.cli.main import run

ROOT = Path(__file__).parents[2]
_START = "import sys; from pipelines.cli.main import run; raise SystemExit(run(sys.argv[1:]))"


@contextmanager
def sandbox(*options: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    """A sandbox, and what it said of itself as JSON; it is ended by its pid."""
    started = [sys.executable, "-c", _START, "sandbox", "--json", *options]
    process = subprocess.Popen(started, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        lines: list[str] = []
        for line in process.stdout:
            lines.append(line)
            if line == "}\n":
                break
        assert lines, process.stderr.read() if process.stderr else ""
        yield process, json.loads("".join(lines))
    finally:
        process.kill()
        process.communicate()


def told(capsys: Any, *words: str) -> dict[str, Any]:
    """A command's JSON; it must have gone well."""
    capsys.readouterr()
    assert run(list(words)) == 0, capsys.readouterr().err
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_till_and_shop_come_into_the_books_once_and_the_sandbox_ends_when_told(tmp_path, capsys):
    home = tmp_path / "trial home"
    with sandbox("--home", str(home), "--orders", "6", "--seed", "5") as (process, facts):
        names = {system["name"] for system in facts["systems"]}
        assert {"square", "shopify", "xero", "quickbooks", "bamboohr", "gusto", "inventree"} <= names
        assert facts["home"] == str(home)
        assert all(system["url"].startswith("http://127.0.0.1:") for system in facts["systems"])
        square = next(system for system in facts["systems"] if system["name"] == "square")
        assert square["secrets"]["access_token"]
        assert facts["connections"]["square"]["config"] == square["reads"]["config"]
        assert facts["connections"]["xero"]["target"] == "xero"
        first = told(capsys, "run", "--json", "--home", str(home))
        assert first["balanced"] == {"intake": True, "route": True}
        assert first["written"]["xero"] > 6
        assert first["written"]["quickbooks"] > 6
        assert first["written"]["square_writes"] == 6  # everybody at BambooHR
        assert set(first["fates"]) <= {"delivered", "excluded"}
        second = told(capsys, "run", "--json", "--home", str(home))
        assert set(second["written"].values()) == {0}
        assert second["fates"]["delivered"] == first["fates"]["delivered"]
        assert second["fates"].keys() == first["fates"].keys()  # who was written onto the till is read there, and left out
        process.send_signal(signal.SIGINT)
        _out, said = process.communicate(timeout=20)
        assert (process.returncode, "has ended" in said) == (3, True)
