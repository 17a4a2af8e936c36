"""The lock files install the same bytes on every machine and bind a clone to no index."""

from __future__ import annotations

import re
import tomllib

import pytest

from tests._kit.tree import ROOT

LOCKS = {name: (ROOT / "requirements" / name).read_text() for name in ("uv.txt", "base.txt", "dev.txt", "bench.txt", "all.txt")}
TESTED_EXTRAS = ("postgres", "parquet", "xlsx", "reconcile", "pdf")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PIN = re.compile(r"^([a-z0-9][a-z0-9-]*)==([^\s;]+)[^\n]*((?:\n {4}--hash=\S+[^\n]*)*)", re.MULTILINE)


def pins(text: str) -> dict[str, set[str]]:
    """Versions by name (a universal lock may pin one for each Python)."""
    found: dict[str, set[str]] = {}
    for name, version, _ in PIN.findall(text):
        found.setdefault(name, set()).add(version)
    return found


def breaches(text: str) -> list[str]:
    """Lines that are no pin with a hash: an address, an option, a folder, a pin alone."""
    rest = PIN.sub(lambda pin: "" if "--hash=sha256:" in pin.group(3) else f"without hash: {pin.group(1)}", text)
    return [line for line in rest.splitlines() if line.strip()]


@pytest.mark.parametrize("name", LOCKS)
def test_every_line_is_a_pin_with_hashes(name):
    assert breaches(LOCKS[name]) == []


def test_nothing_is_left_out():
    assert [name for name, text in LOCKS.items() if len(pins(text)) <= 50] == ["uv.txt"]


@pytest.mark.parametrize(
    "breach",
    [
        "--extra-index-url https://mirror.example/simple",
        "requests==2.32.5",
        "requests @ https://mirror.example/requests.whl \\\n    --hash=sha256:00",
        "-e .",
    ],
)
def test_a_breach_is_seen(breach):
    assert breaches(breach)


def test_no_address():
    assert [name for name, text in LOCKS.items() if "://" in text] == []


@pytest.mark.parametrize(("part", "whole"), [("base.txt", "dev.txt"), ("dev.txt", "bench.txt"), ("bench.txt", "all.txt")])
def test_one_version_in_all(part, whole):
    of_part, of_whole = pins(LOCKS[part]), pins(LOCKS[whole])
    assert {name: versions for name, versions in of_part.items() if versions != of_whole.get(name)} == {}


def test_what_the_project_asks_for_is_locked():
    project, groups = PROJECT["project"], PROJECT["dependency-groups"]
    extras = project["optional-dependencies"]
    asked = {
        "base.txt": [*project["dependencies"], *groups["build"]],
        "dev.txt": [*project["dependencies"], *groups["dev"], *(each for name in TESTED_EXTRAS for each in extras[name])],
        "bench.txt": groups["bench"],
        "uv.txt": groups["uv"],
        "all.txt": [requirement for extra in extras.values() for requirement in extra],
    }
    for name, requirements in asked.items():
        names = {re.split(r"[^A-Za-z0-9._-]", requirement)[0].lower() for requirement in requirements}
        assert names - set(pins(LOCKS[name])) == set()


def test_the_base_is_lean():
    heavy = {
        "typst",
        "xlsxwriter",
        "pytest",
        "uv",
        "ruff",
        "mypy",
        "pyarrow",
        "duckdb",
        "psycopg",
        "dagster-webserver",
        "celery",
        "kubernetes",
        "openpyxl",
    }
    assert heavy & set(pins(LOCKS["base.txt"])) == set()
