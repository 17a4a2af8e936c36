"""The record of what ran, and the rule that a required group may not skip: run on a small suite of their own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys

import pytest

from tests._kit import record
from tests._kit.tree import ROOT

SUITE = """
import pytest

def test_passes(): pass
def test_fails(): assert 1 == 2
def test_skips(): pytest.skip("no such luck")
@pytest.mark.postgres
def test_marked(): pytest.skip("no server")
@pytest.mark.xfail(reason="known")
def test_expected(): assert 1 == 2
def test_uses_shared(shared): pass
"""


@pytest.fixture
def suite(tmp_path):
    """A checkout with the real conftest and one suite; `run` gives the record and the names of what failed."""
    shutil.copytree(ROOT / "tests" / "_kit", tmp_path / "tests" / "_kit")
    shutil.copy(ROOT / "tests" / "conftest.py", tmp_path / "tests")
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    (tmp_path / "tests" / "small").mkdir()
    (tmp_path / "tests" / "small" / "test_small.py").write_text(SUITE)

    def run(*options, require=""):
        env = {**os.environ, "COUNTERFOIL_REQUIRE": require, "COUNTERFOIL_SHARED": str(tmp_path / "nowhere")}
        command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "tests", *options]
        done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
        found = json.loads((tmp_path / "build" / "tests.json").read_text())
        by_id = json.loads((tmp_path / "build" / "tests-by-id.json").read_text())
        failed = {nodeid.split("::")[1] for nodeid, (outcome, _) in by_id.items() if outcome == "failed"}
        return found["small"], failed, done.stdout

    return run


def test_counts_and_reasons_with_a_worker(suite):
    found, failed, _ = suite("-n", "1")
    assert (found["passed"], found["failed"], failed) == (1, 1, {"test_fails"})
    assert {(skip["test"].split("::")[1], skip["reason"]) for skip in found["skipped"]} == {
        ("test_skips", "no such luck"),
        ("test_marked", "no server"),
        ("test_expected", "known"),
        ("test_uses_shared", "the shared data folder is absent: COUNTERFOIL_SHARED has no data/"),
    }


def test_a_required_marker_or_fixture_may_not_skip(suite):
    _, failed, said = suite(require="postgres,shared,browser")
    assert failed == {"test_fails", "test_marked", "test_uses_shared"}
    assert "postgres is required (COUNTERFOIL_REQUIRE), but the test skipped: no server" in said


def test_a_required_folder_may_not_skip(suite):
    assert suite(require="small")[1] == {"test_fails", "test_skips", "test_marked", "test_uses_shared"}


def test_a_later_run_lays_its_outcomes_over_the_earlier(suite, tmp_path):
    suite()
    (tmp_path / "tests" / "small" / "test_small.py").write_text(SUITE.replace("1 == 2", "1 == 1"))
    found, failed, _ = suite("-k", "fails")
    assert (found["passed"], found["failed"], failed) == (2, 0, set())
    assert len(found["skipped"]) == 4


def test_tests_whose_file_is_gone_are_forgotten(tmp_path):
    record.write(tmp_path, {"tests/gone/test_a.py::test_x": ("passed", "")}, ROOT)
    assert json.loads((tmp_path / "tests.json").read_text()) == {}


@pytest.mark.parametrize(
    ("nodeid", "group"),
    [("tests/unit/test_x.py::test_y[a/b]", "unit"), ("tests/unit/deep/test_x.py::t", "unit"), ("tests/test_x.py::t", "tests")],
)
def test_group(nodeid, group):
    assert record.group_of(nodeid) == group
