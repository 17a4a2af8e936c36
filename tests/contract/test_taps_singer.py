"""Every registered tap as a Singer program: singer-sdk's own tests, the command line, state and exact numbers."""

from __future__ import annotations

import atexit
import importlib
import json
import os
import subprocess
import sys
import tempfile
from decimal import Decimal
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest
from singer_sdk import Tap
from singer_sdk.testing import SuiteConfig, get_tap_test_class

from taps._kit.registry import taps
from tests.contract.samples.tap_sample import TapSample

TAPS = sorted(name for name, kind in taps().items() if "private_network" not in kind.config.model_fields)
"""Those that read what lies here; what is spoken to over HTTP has its tests in test_remote_taps_singer.py."""


def wrapper(name: str) -> type[Tap]:
    """The class behind the program `tap-counterfoil-NAME`."""
    (script,) = entry_points(group="console_scripts", name=f"tap-counterfoil-{name}")
    module, _colon, attribute = script.value.partition(":")
    found: type[Tap] = getattr(importlib.import_module(module), attribute.split(".")[0])
    return found


def sample(name: str, home: Path) -> TapSample:
    made: TapSample = importlib.import_module(f"tests.contract.samples.tap_{name}").sample(home)
    return made


def singer_tests(name: str) -> type:
    """singer-sdk looks at the streams while tests are collected, so the source must be there by then, and the configuration absolute."""
    folder = tempfile.TemporaryDirectory(prefix="singer-")
    atexit.register(folder.cleanup)
    made = sample(name, Path(folder.name))
    here = Path.cwd()
    os.chdir(made.home)
    try:
        tests = get_tap_test_class(wrapper(name), config=made.config, suite_config=SuiteConfig(max_records_limit=None))
    finally:
        os.chdir(here)

    def at_home(cls: type) -> Any:
        os.chdir(made.home)
        yield
        os.chdir(here)

    tests.at_home = pytest.fixture(autouse=True, scope="class")(classmethod(at_home))  # type: ignore[attr-defined]
    return tests


for _name in TAPS:
    globals()[f"TestSinger{_name.title()}"] = singer_tests(_name)


@pytest.fixture(params=TAPS)
def name(request: pytest.FixtureRequest) -> str:
    """Each registered tap."""
    return str(request.param)


def run(name: str, home: Path, *arguments: str) -> tuple[Any, str]:
    """Run the program in its home folder; what it wrote as JSON (a list of messages, or one document), and its log."""
    program = Path(sys.executable).parent / f"tap-counterfoil-{name}"
    done = subprocess.run([program, *arguments], cwd=home, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    if arguments[-1] in ("--discover", "--format=json"):
        return json.loads(done.stdout), done.stderr
    return [json.loads(line, parse_float=Decimal) for line in done.stdout.splitlines()], done.stderr


def settled(value: Any) -> Any:
    """A state without the inodes in it: one is 0 while its file is too young to be known by it, and the second run comes later."""
    if isinstance(value, dict):
        return {name: settled(part) for name, part in value.items() if name != "inode"}
    return [settled(part) for part in value] if isinstance(value, list) else value


def test_the_wrapper_is_small(name: str) -> None:
    module = sys.modules[wrapper(name).__module__]
    assert module.__file__ is not None
    assert len(Path(module.__file__).read_text().splitlines()) <= 40


def test_the_program_reads_everything_and_goes_on_from_a_state_on_the_way(name: str, tmp_path: Path) -> None:
    source = sample(name, tmp_path)
    (tmp_path / "config.json").write_text(json.dumps(source.config))
    found, _log = run(name, tmp_path, "--config", "config.json", "--discover")
    assert source.stream in [stream["tap_stream_id"] for stream in found["streams"]]
    messages, log = run(name, tmp_path, "--config", "config.json")
    records = [message["record"] for message in messages if message["type"] == "RECORD"]
    assert len(records) == source.rows - source.damaged
    assert f"{source.damaged} damaged rows of {source.stream} were left out." in log
    assert messages[0]["type"] == "SCHEMA"
    assert messages[-1]["type"] == "STATE"
    middle = next(place for place, message in enumerate(messages) if message["type"] == "STATE")
    before = [message["record"] for message in messages[:middle] if message["type"] == "RECORD"]
    (tmp_path / "state.json").write_text(json.dumps(messages[middle]["value"]))
    (tmp_path / "catalog.json").write_text(json.dumps(found))
    rest, _log = run(name, tmp_path, "--config", "config.json", "--catalog", "catalog.json", "--state", "state.json")
    after = [message["record"] for message in rest if message["type"] == "RECORD"]
    assert before + after == records
    assert after
    assert settled(rest[-1]["value"]) == settled(messages[-1]["value"])


def test_the_program_tells_of_itself(name: str, tmp_path: Path) -> None:
    about, _log = run(name, tmp_path, "--about", "--format=json")
    assert {"catalog", "state", "discover"} <= set(about["capabilities"])
    assert "batch" not in about["capabilities"]


def test_a_misspelt_setting_stops_the_program(name: str, tmp_path: Path) -> None:
    source = sample(name, tmp_path)
    (tmp_path / "config.json").write_text(json.dumps(source.refused[-1]))
    program = Path(sys.executable).parent / f"tap-counterfoil-{name}"
    done = subprocess.run([program, "--config", "config.json"], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode != 0
    assert "RECORD" not in done.stdout
