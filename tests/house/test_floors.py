"""The floors hold, and the contracts that hold them would see each breach."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests._kit.tree import PACKAGES, ROOT, modules, parsed, relative

CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]

BREACHES = {
    "floors": ("pipelines/hub/breach.py", "import pipelines.steps"),
    "taps": ("taps/breach_a/__init__.py", "import taps.breach_b"),
    "targets": ("targets/breach_a/__init__.py", "import targets.breach_b"),
    "sql": ("targets/_kit/breach.py", "import sqlalchemy"),
    "dagster": ("pipelines/hub/breach_dagster.py", "import dagster"),
    "pure": ("mappings/breach.py", "import requests"),
    "http": ("pipelines/steps/breach.py", "import requests"),
    "mail": ("pipelines/reconcile/breach.py", "import smtplib"),
}
"""By contract: a module that breaks it."""


@pytest.fixture(scope="module")
def report(tmp_path_factory) -> str:
    """What lint-imports says of a copy of the packages in which every contract is broken once."""
    folder = tmp_path_factory.mktemp("house")
    shutil.copy(ROOT / "pyproject.toml", folder)
    for path in modules():
        place = folder / relative(path)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, place)
    for system in ("taps", "targets"):
        (folder / system / "breach_b").mkdir()
        (folder / system / "breach_b" / "__init__.py").touch()
    for name, line in BREACHES.values():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(f"{line}\n")
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=False, env={"PATH": "", "PYTHONPATH": str(folder), "COLUMNS": "400"}
    )
    assert done.returncode == 1, done.stdout + done.stderr
    return done.stdout


def test_each_contract_has_a_breach():
    assert {contract["id"] for contract in CONTRACTS} == set(BREACHES)


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda contract: contract["id"])
def test_each_contract_sees_its_breach(report, contract):
    assert re.search(rf"{re.escape(contract['name'])}\s*BROKEN", report)
    importer = BREACHES[contract["id"]][0].removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    assert importer in report


def test_every_part_of_pipelines_has_a_floor():
    layers = next(contract["layers"] for contract in CONTRACTS if contract["id"] == "floors")
    floors = set(re.findall(r"pipelines\.(\w+)", " ".join(layers)))
    parts = {path.relative_to(ROOT / "pipelines").parts[0].removesuffix(".py") for path in modules("pipelines")}
    assert parts - {"__init__"} - floors == set()


def test_a_target_imports_no_tap_but_its_own_systems():
    breaches = []
    for path in modules("targets"):
        system = path.relative_to(ROOT / "targets").parts[0]
        for node in ast.walk(parsed(path)):
            names = [node.module] if isinstance(node, ast.ImportFrom) and node.module else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            breaches += [
                f"{relative(path)}: {name}" for name in names if name.startswith("taps.") and name.split(".")[1] not in {system, "_kit"}
            ]
    assert breaches == []


def test_connectors_are_found_by_entry_points_that_exist():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    for group in ("counterfoil.taps", "counterfoil.targets"):
        folder = group.removeprefix("counterfoil.")
        there = {path.relative_to(ROOT / folder).parts[0] for path in modules(folder)} - {"__init__.py", "_kit"}
        assert set(project["entry-points"][group]) == there


def test_the_wheel_has_the_four_packages():
    wheel = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert set(wheel["packages"]) == set(PACKAGES)
