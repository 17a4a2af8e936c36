"""A disk that is full, wherever it is: one sentence, nothing corrupt, and once there is room the next run finishes everything, once.

The disk is a small one in memory, mounted for the test alone and filled up to what a case leaves. Root may mount it, and so may any
account where the system lets it have a user namespace.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, TypeVar

import pytest

from tests._kit.apart import NoDisk, apart, filled, mount_small_disk
from tests._kit.bad_input import Office, booked, on_page, sale, stocked

T = TypeVar("T")

ORDERS = [str(number) for number in range(1000, 1100)]


class Place(NamedTuple):
    """What lives on the small disk, and what the sentence calls it."""

    name: str
    file: str
    setting: str
    called: str


HUB = Place("hub", "counterfoil.yaml", "sqlite:///hub.db", "the hub's database DISK/hub.db")
LEDGER = Place("ledger", "connections/ledger.yaml", "path: books", "the ledger in DISK/books")
STOCK = Place("stock", "connections/stock.yaml", "sqlite:///stock.db", "the target's database DISK/stock.db")


def states(hub: Path) -> dict[str, int]:
    """Operations by state, from a hub that is sound."""
    with contextlib.closing(sqlite3.connect(hub)) as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert database.execute("PRAGMA foreign_key_check").fetchall() == []
        if not database.execute("SELECT 1 FROM sqlite_master WHERE name = 'operation'").fetchall():
            return {}
        return dict(database.execute("SELECT state, count(*) FROM operation GROUP BY state").fetchall())


def on_a_small_disk(tmp_path: Path, work: Callable[[Path], T]) -> T:
    """What `work` gives back, which gets the folder of a disk of 24 MB."""
    disk = tmp_path / "disk"

    def mounted() -> T:
        mount_small_disk(disk, 24)
        return work(disk)

    try:
        return apart(mounted)
    except NoDisk as refused:
        told = f"this account may mount no disk, and have no user namespace to mount one in ({refused})"
        if "tmpfs" in os.environ.get("COUNTERFOIL_REQUIRE", ""):
            pytest.fail(told)
        pytest.skip(told)


def interrupted(disk: Path, place: Place, kilobytes: int, *, first: bool = False) -> dict[str, int] | None:
    """A run of 100 orders on a disk with so much room, judged, and the run after it; the operations' states in between.

    None if the room was enough.
    """
    office = Office(disk.parent / f"{place.name}-{kilobytes}-{first}", "csv")
    where = disk / office.path.name
    where.mkdir()
    on_disk = place.setting.replace("sqlite:///", f"sqlite:///{where}/").replace("path: ", f"path: {where}/")
    office.edit(place.file, place.setting, on_disk)
    if not first:
        office.write([sale("first")])
        office.run(code=0)
    office.write([sale("first"), *map(sale, ORDERS)])
    with filled(disk, but=kilobytes):
        said = apart(lambda: office("run", "--json"))
    if said.code == 0:
        shutil.rmtree(where)
        return None
    assert (said.code, said.out) == (3, ""), said.err
    told = f"There is no room left on the disk for {place.called}. Make room and start again: nothing is lost, nothing is sent twice."
    lines = [line for line in said.err.splitlines() if line and not line.lstrip()[:1].isdigit()]
    assert lines == [told.replace("DISK", str(where))], "one sentence, beside the progress"
    assert on_page(told)

    hub = (where if place is HUB else office.path) / "hub.db"
    between = states(hub)
    after = office.run(code=0)
    assert after["operations"] == {"delivered": 2 * len(ORDERS) + 2}
    assert after["rows"]["read"] == after["rows"]["translated"] + after["rows"]["repeated"]
    assert office.told() == set()
    expected = sorted(["first", *ORDERS])
    assert booked((where if place is LEDGER else office.path) / "books/main.beancount") == expected
    assert stocked((where if place is STOCK else office.path) / "stock.db") == expected
    assert office.run(code=0)["written"] == {"ledger": 0, "stock": 0}
    assert states(hub) == {"delivered": 2 * len(ORDERS) + 2}
    shutil.rmtree(where)
    return between


def test_the_hub_may_run_full_at_any_point(tmp_path):
    """From no room at all, 200 KB more each time, until it is enough."""

    def all_points(disk: Path) -> list[dict[str, int]]:
        points = (interrupted(disk, HUB, kilobytes) for kilobytes in range(0, 6000, 200))
        return list(itertools.takewhile(lambda between: between is not None, points))

    met = on_a_small_disk(tmp_path, all_points)
    assert len(met) < 40, "some room is enough"
    assert met[0] == {"delivered": 2}
    assert any(states.get("ready") for states in met), "planned, and not all sent"
    assert any(states.get("in_doubt") for states in met), "sent, and the receipts found no room"


def test_a_hub_that_cannot_even_be_made(tmp_path):
    assert on_a_small_disk(tmp_path, lambda disk: interrupted(disk, HUB, 64, first=True)) == {}


@pytest.mark.parametrize(("kilobytes", "first"), [(0, False), (24, False), (0, True), (8, True)])
def test_a_ledger_that_runs_full_leaves_its_batch_in_doubt_and_no_half_entry(tmp_path, kilobytes, first):
    between = on_a_small_disk(tmp_path, lambda disk: interrupted(disk, LEDGER, kilobytes, first=first))
    assert between.get("in_doubt", 0) == (0 if first and not kilobytes else len(ORDERS) + first)


@pytest.mark.parametrize(("kilobytes", "first"), [(64, False), (0, True)])
def test_a_stock_database_that_runs_full_is_rolled_back(tmp_path, kilobytes, first):
    between = on_a_small_disk(tmp_path, lambda disk: interrupted(disk, STOCK, kilobytes, first=first))
    assert between["delivered"] == len(ORDERS) + 1 + (not first)
