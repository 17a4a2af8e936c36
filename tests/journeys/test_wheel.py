"""A built wheel in an empty folder plus YAML is a complete installation, and its own files never change."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sysconfig
import venv
from pathlib import Path

import pytest
import yaml

from tests._kit.wheel import build


@pytest.fixture(scope="module")
def installation(tmp_path_factory) -> Path:
    """A fresh venv with nothing of its own but the wheel; what it depends on comes from where these tests run."""
    folder = tmp_path_factory.mktemp("wheel")
    wheel = build(folder)
    venv.create(folder / "venv", with_pip=True)
    python = folder / "venv" / "bin" / "python"
    pip = [str(python), "-m", "pip", "--isolated", "install", "--no-index", "--no-deps", str(wheel)]
    subprocess.run(pip, check=True, capture_output=True)
    # A path that a .pth adds is searched, but .pth files in it are not read: the editable install of the checkout stays out.
    (site(folder) / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return folder


def site(folder: Path) -> Path:
    """The venv's own site-packages."""
    (found,) = (folder / "venv" / "lib").glob("python*/site-packages")
    return found


def fingerprint(folder: Path) -> str:
    """A hash over the name and bytes of every file."""
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        digest.update(f"{path.relative_to(folder)}\x1f{path.stat().st_size}\x1f".encode() + path.read_bytes())
    return digest.hexdigest()


def test_two_routes_from_one_connection_run_from_a_wheel(installation, tmp_path):
    here = tmp_path / "empty"
    here.mkdir()
    surroundings = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"}

    def counterfoil(*words):
        command = [str(installation / "venv" / "bin" / "counterfoil"), *words]
        return subprocess.run(command, cwd=here, env=surroundings, capture_output=True, text=True, check=False)

    before = fingerprint(site(installation))
    where = subprocess.run(
        [str(installation / "venv" / "bin" / "python"), "-c", "import pipelines; print(pipelines.__file__)"],
        cwd=here, env=surroundings, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert Path(where.stdout.strip()).is_relative_to(site(installation))

    assert counterfoil("init").returncode == 0
    shop = here / "connections" / "shop.yaml"
    shop.write_text(shop.read_text().replace("path: files/sales.csv", "path: files/example_sales.csv"))
    one = yaml.safe_load((here / "routes" / "shop_to_office.yaml").read_text())
    (here / "routes" / "shop_to_office.yaml").unlink()
    for posting in one["attributes"]["posting"]:
        route = {"type": one["type"], "attributes": {**one["attributes"], "mode": "auto", "posting": [posting]}}
        (here / "routes" / f"shop_to_{posting['name']}.yaml").write_text(yaml.safe_dump(route))

    checked = counterfoil("check")
    assert checked.returncode == 0, checked.stdout + checked.stderr
    ran = counterfoil("run", "--json")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    told = json.loads(ran.stdout)
    assert told["written"] == {"ledger": 3, "stock": 3}
    assert told["balanced"] == {"intake": True, "route": True}
    assert set(told["postings"]) == {"shop_to_books/books", "shop_to_stock/stock"}
    assert (here / "books" / "main.beancount").is_file()
    doctor = counterfoil("doctor")
    assert doctor.returncode == 0, doctor.stdout
    assert fingerprint(site(installation)) == before
