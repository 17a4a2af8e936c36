"""The tests' PostgreSQL leaves nothing behind, however the tests end."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import time

import psutil
import pytest
import sqlalchemy as sa

from tests._kit import postgres
from tests._kit.tree import ROOT

STARTS_ONE = """
import time
from tests._kit.postgres import server
with server() as running:
    print(running.process.pid, running.folder, flush=True)
    time.sleep(300)
"""


@pytest.mark.postgres
def test_a_killed_test_run_leaves_no_server(postgres_server, tmp_path):
    runner = subprocess.Popen(
        [sys.executable, "-c", STARTS_ONE],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(tmp_path.parents[2])},
    )
    assert runner.stdout
    pid, folder = runner.stdout.readline().split()
    assert psutil.pid_exists(int(pid))
    runner.send_signal(signal.SIGKILL)
    runner.wait()
    runner.stdout.close()
    ends = time.monotonic() + 60
    while _runs(int(pid)) and time.monotonic() < ends:
        time.sleep(0.05)
    assert not _runs(int(pid)), f"the server of {folder} outlived its test run"


def _runs(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_what_a_killed_run_left_is_swept_and_what_lives_is_not(tmp_path):
    long_ago = time.time() - 3600
    for name in ("left", "lives", "young", "foreign"):
        folder = tmp_path / f"counterfoil-pg-{name}"
        folder.mkdir()
        if name != "foreign":
            (folder / "owner").touch()
        if name != "young":
            os.utime(folder, (long_ago, long_ago))
    with (tmp_path / "counterfoil-pg-lives" / "owner").open() as owner:
        fcntl.flock(owner, fcntl.LOCK_EX)
        postgres._sweep(tmp_path / "counterfoil-pg-ours")
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"counterfoil-pg-{name}" for name in ("foreign", "lives", "young")]


def test_two_tests_never_share_a_database(postgres_server):
    first, second = postgres_server.create(), postgres_server.create()
    with sa.create_engine(postgres_server.url(first)).begin() as tx:
        tx.execute(sa.text("CREATE TABLE mine (x int)"))
    assert sa.inspect(sa.create_engine(postgres_server.url(second))).get_table_names() == []
    for name in (first, second):
        postgres_server.drop(name)


def test_a_dropped_database_is_gone_though_somebody_is_connected(postgres_server):
    name = postgres_server.create()
    held = postgres_server.connect(name)
    postgres_server.drop(name)
    with postgres_server.connect() as connection:
        names = {row[0] for row in connection.execute("SELECT datname FROM pg_database")}
    held.close()
    assert name not in names


def test_a_hub_url_is_a_new_database(hub_url):
    engine = sa.create_engine(hub_url)
    with engine.begin() as tx:
        tx.execute(sa.text("CREATE TABLE mine (x int)"))
    assert sa.inspect(engine).get_table_names() == ["mine"]
    engine.dispose()
