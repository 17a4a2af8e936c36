"""`doctor`: each point that can be wrong is seen, with what to do."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from pipelines.cli import doctoring
from tests._kit.starter import Counterfoil, contents


@pytest.fixture
def counterfoil(tmp_path, capsys):
    return Counterfoil(tmp_path / "home", capsys).start()


def wrong(said) -> dict[str, str]:
    """The points that are not ok."""
    return {point["name"]: point["say"] for point in said.json["points"] if not point["ok"]}


def test_a_new_home_and_one_that_has_run_are_well(counterfoil):
    before = contents(counterfoil.home)
    assert wrong(counterfoil("doctor", "--json")) == {}
    assert contents(counterfoil.home) == before
    counterfoil("run")
    after = counterfoil("doctor", "--json")
    assert (after.code, wrong(after)) == (0, {})
    assert {point["name"] for point in after.json["points"]} == {"python", "packages", "disk", "home", "key", "hub", "place"}


def test_a_copied_home_is_seen(counterfoil, tmp_path, capsys):
    counterfoil("run")
    shutil.copytree(counterfoil.home, tmp_path / "copy")
    copy = Counterfoil(tmp_path / "copy", capsys)
    said = copy("doctor", "--json")
    assert said.code == 2
    assert "counterfoil adopt-hub" in wrong(said)["place"]
    assert copy("adopt-hub").code == 0
    assert wrong(copy("doctor", "--json")) == {}
    assert copy("audit", "verify").code == 0
    assert "nothing to adopt" in copy("adopt-hub").out


def test_a_key_that_others_can_read_is_seen(counterfoil):
    counterfoil("retry", "--all")  # the first thing that writes the audit log makes the key
    (counterfoil.home / ".counterfoil.key").chmod(0o644)
    assert "chmod 600" in wrong(counterfoil("doctor", "--json"))["key"]


def test_a_database_that_is_no_hub_is_seen(counterfoil):
    (counterfoil.home / "hub.db").write_text("not a database, but long enough to be taken for one" * 50)
    said = counterfoil("doctor", "--json")
    assert said.code == 2
    assert "cannot be reached" in wrong(said)["hub"]


def test_a_broken_home_is_seen_with_its_mistakes(counterfoil):
    counterfoil.edit("connections/shop.yaml", "  tap: files", "  tap: flies")
    assert "flies" in wrong(counterfoil("doctor", "--json"))["home"]


def test_another_distribution_with_one_of_our_names_is_seen():
    assert doctoring.foreign_owners({"taps": ["counterfoil", "Counterfoil"]}) == []
    assert doctoring.foreign_owners({"taps": ["water"], "mappings": ["counterfoil", "maps"]}) == ["mappings of maps", "taps of water"]


def test_little_space_is_seen():
    assert doctoring._space(Path(), lambda _at: (0, 0, 499_000_000)).ok is False
    assert doctoring._space(Path("not/there/yet"), lambda _at: (0, 0, 501_000_000)).ok is True


@pytest.mark.parametrize(("version", "ok"), [((3, 10), False), ((3, 11), True), ((3, 14), True), ((3, 15), False)])
def test_a_python_that_was_not_tried_is_seen(version, ok):
    assert doctoring._python(version).ok is ok
