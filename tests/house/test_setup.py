"""The set-up that every `make` target begins with, and the targets themselves."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import json
import os
import re
import subprocess
import sys

import pytest

from tests._kit.tree import ROOT

MAKEFILE = (ROOT / "Makefile").read_text()
INDEX = "index-url"
TARGETS = ("help", "demo", "test", "check", "prove", "bench")


def load(name):
    """A script of .ci as a module."""
    loader = importlib.machinery.SourceFileLoader(f"ci_{name}", str(ROOT / ".ci" / name))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    loader.exec_module(module)
    return module


@pytest.mark.parametrize("target", TARGETS)
def test_each_target_is_there_with_a_word_of_help(target):
    assert re.search(rf"^{target}:.*## \S", MAKEFILE, re.MULTILINE)


def test_make_help_lists_them():
    said = subprocess.run(["make", "-s", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert [target for target in TARGETS if f"make {target} " not in said] == []


@pytest.fixture
def setup(tmp_path, monkeypatch):
    """The set-up script over an empty checkout, with its commands recorded instead of run."""
    script = load("setup")
    commands = []
    (tmp_path / "requirements").mkdir()
    (tmp_path / "pyproject.toml").write_text("[project]\n")
    (tmp_path / "requirements" / "base.txt").write_text("a==1 \\\n    --hash=sha256:00\n")
    (tmp_path / "requirements" / "dev.txt").write_text("a==1 \\\n    --hash=sha256:00\nz==1\n")
    (tmp_path / "requirements" / "uv.txt").write_text("uv==9 \\\n    --hash=sha256:01\n")
    for name, value in {
        "ROOT": tmp_path,
        "VENV": tmp_path / ".venv",
        "PYTHON": tmp_path / ".venv/bin/python",
        "UV": tmp_path / ".venv/.uv/bin/uv",
    }.items():
        monkeypatch.setattr(script, name, str(value))
    monkeypatch.setattr(script, "CORNER", str(tmp_path / ".venv/.uv"))

    def run(command, env=None):
        commands.append(command)
        if command[1:3] == ["-m", "venv"]:
            place = tmp_path / ".venv" / (".uv" if command[-1].endswith(".uv") else "")
            (place / "bin").mkdir(parents=True, exist_ok=True)
            (place / "bin" / "python").symlink_to(sys.executable)
            (place / "bin" / "pip").symlink_to("/bin/true")
            (place / "bin" / "uv").symlink_to("/bin/true")

    monkeypatch.setattr(script, "run", run)
    script.commands = commands
    return script


def synced(setup):
    return [command[-1].rsplit("/", 1)[-1] for command in setup.commands if command[1:3] == ["pip", "sync"]]


def test_nothing_is_done_twice(setup):
    setup.main("base")
    setup.main("base")
    assert synced(setup) == ["base.txt"]


def test_tests_after_the_demo_install_more(setup):
    setup.main("base")
    setup.main("dev")
    assert synced(setup) == ["base.txt", "dev.txt"]


def test_the_demo_after_tests_takes_nothing_away(setup):
    setup.main("dev")
    setup.main("base")
    assert synced(setup) == ["dev.txt"]


@pytest.mark.parametrize("changed", ["requirements/base.txt", "pyproject.toml"])
def test_a_change_installs_again(setup, tmp_path, changed):
    setup.main("base")
    (tmp_path / changed).write_text("# other\n")
    setup.main("base")
    assert synced(setup) == ["base.txt", "base.txt"]


def test_an_interrupted_install_is_done_again(setup, monkeypatch):
    recorded = setup.run

    def interrupted(command, env=None):
        recorded(command, env)
        if command[1:3] == ["pip", "install"]:
            raise KeyboardInterrupt

    monkeypatch.setattr(setup, "run", interrupted)
    with pytest.raises(KeyboardInterrupt):
        setup.main("base")
    monkeypatch.setattr(setup, "run", recorded)
    setup.main("base")
    assert synced(setup) == ["base.txt", "base.txt"]


def test_uv_is_installed_by_pip_with_hashes_and_once(setup, tmp_path):
    setup.main("base")
    setup.main("dev")
    (command,) = [command for command in setup.commands if command[0].endswith("/pip")]
    assert "--require-hashes" in command
    assert command[-1] == str(tmp_path / "requirements" / "uv.txt")


def test_uv_is_told_of_pips_mirror(setup, monkeypatch):
    for name in [name for name in os.environ if name.startswith(("UV_", "SSL_CERT"))]:
        monkeypatch.delenv(name)
    said = f"global.{INDEX}='https://mirror.example/simple'\nglobal.extra-{INDEX}='https://a.example\\nhttps://b.example'\n:env:.cert='ca.pem'\n"
    monkeypatch.setattr(setup.subprocess, "run", lambda *_, **__: subprocess.CompletedProcess([], 0, stdout=said))
    told = {name: value for name, value in setup.uv_environment().items() if name.startswith(("UV_", "SSL_CERT_FILE"))}
    assert told == {
        "UV_PYTHON_DOWNLOADS": "never",
        "UV_INDEX_STRATEGY": "unsafe-best-match",
        "UV_DEFAULT_INDEX": "https://mirror.example/simple",
        "UV_INDEX": "https://a.example https://b.example",
        "SSL_CERT_FILE": "ca.pem",
    }


def test_what_is_set_for_uv_wins(setup, monkeypatch):
    monkeypatch.setenv("UV_DEFAULT_INDEX", "https://mine.example")
    said = f"global.{INDEX}='https://mirror.example/simple'\n"
    monkeypatch.setattr(setup.subprocess, "run", lambda *_, **__: subprocess.CompletedProcess([], 0, stdout=said))
    assert setup.uv_environment()["UV_DEFAULT_INDEX"] == "https://mine.example"


def summary(tmp_path, monkeypatch, capsys, groups):
    script = load("summary")
    monkeypatch.setattr(script, "ROOT", tmp_path)
    for name in ("unit", "faults"):
        (tmp_path / "tests" / name).mkdir(parents=True, exist_ok=True)
        (tmp_path / "tests" / name / "test_x.py").touch()
    (tmp_path / "build").mkdir(exist_ok=True)
    (tmp_path / "build" / "tests.json").write_text(json.dumps(groups))
    script.main()
    return capsys.readouterr().out


def group(passed, failed=0, skipped=()):
    return {"passed": passed, "failed": failed, "skipped": [{"test": f"tests/unit/{name}", "reason": "why"} for name in skipped]}


def test_the_summary_names_each_skip(tmp_path, monkeypatch, capsys):
    said = summary(tmp_path, monkeypatch, capsys, {"unit": group(3, skipped=["test_x.py::t"]), "faults": group(1)})
    assert "skipped test_x.py::t: why" in said


@pytest.mark.parametrize(
    "groups", [{"unit": group(3)}, {"unit": group(3), "faults": group(0, skipped=["t"])}, {"unit": group(3, 1), "faults": group(1)}]
)
def test_the_summary_fails_for_a_silent_or_red_suite(tmp_path, monkeypatch, capsys, groups):
    with pytest.raises(SystemExit):
        summary(tmp_path, monkeypatch, capsys, groups)
