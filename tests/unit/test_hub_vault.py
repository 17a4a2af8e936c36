"""Secrets: sealed in the database, masked in memory, refreshed by one process, never lost; and the master key beside them."""

from __future__ import annotations

import base64
import json
import multiprocessing
import os
import signal
import traceback
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
import sqlalchemy as sa

from pipelines.hub import keys, schema
from pipelines.hub.keys import Keys
from pipelines.hub.secret import MASK, Secret, redact
from pipelines.hub.store import Hub, outside_transactions
from pipelines.hub.tables import credential
from pipelines.hub.vault import Vault, credential_lock
from taps._kit.errors import Misconfigured, Retryable, Tampered

FORK = multiprocessing.get_context("fork")
KEYS = Keys((b"1" * 32,))
PLANTED = [f"planted-{number:02}-sk_live/ä+&={number * 7919}" for number in range(20)]


@pytest.fixture
def hub(hub_url: str) -> Iterator[Hub]:
    opened = Hub(hub_url)
    schema.migrate(opened)
    yield opened
    opened.close()


@pytest.fixture(autouse=True)
def _no_key_of_the_developer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(keys.VARIABLE, raising=False)


# ── the vault ──


def test_the_newest_version_of_each_secret_comes_back(hub: Hub) -> None:
    vault = Vault(hub, KEYS)
    assert [vault.store("shopify_eu", "refresh_token", value) for value in ("old", "new")] == [1, 2]
    vault.store("shopify_eu", "client_secret", "s3cret")
    vault.store("square", "refresh_token", "another")
    assert vault.secrets("shopify_eu") == {"refresh_token": "new", "client_secret": "s3cret"}
    assert vault.secrets("nobody") == {}


def test_earlier_versions_stay_five_deep(hub: Hub) -> None:
    vault = Vault(hub, KEYS)
    for number in range(1, 9):
        vault.store("shopify_eu", "refresh_token", f"token {number}")
    with hub.read() as tx:
        assert sorted(tx.execute(sa.select(credential.c.version)).scalars()) == [4, 5, 6, 7, 8]


def test_a_stored_secret_is_committed_whatever_happens_next(hub: Hub, hub_url: str) -> None:
    child = os.fork()
    if child == 0:
        Vault(Hub(hub_url), KEYS).store("shopify_eu", "refresh_token", "rotated")
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)
    assert Vault(hub, KEYS).secrets("shopify_eu") == {"refresh_token": "rotated"}


def test_processes_that_store_at_once_lose_nothing(hub: Hub, hub_url: str) -> None:
    start = FORK.Barrier(4)

    def child() -> None:
        vault = Vault(Hub(hub_url), KEYS)
        start.wait()
        vault.store("shopify_eu", "refresh_token", "x")

    children = [FORK.Process(target=child) for _ in range(4)]
    for process in children:
        process.start()
    for process in children:
        process.join()
    with hub.read() as tx:
        assert sorted(tx.execute(sa.select(credential.c.version)).scalars()) == [1, 2, 3, 4]


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE credential SET connection_id = 'square'",
        "UPDATE credential SET name = 'client_secret'",
        "UPDATE credential SET version = 9",
        "UPDATE credential SET sealed = (SELECT sealed FROM credential WHERE version = 1)",
    ],
)
def test_a_sealed_row_cannot_be_moved(hub: Hub, change: str) -> None:
    vault = Vault(hub, KEYS)
    vault.store("shopify_eu", "refresh_token", "old")
    vault.store("shopify_eu", "refresh_token", "new")
    with hub.begin() as tx:
        tx.exec_driver_sql("DELETE FROM credential WHERE version = 1" if "SET sealed" not in change else "SELECT 1")
        tx.exec_driver_sql(change)
    with pytest.raises(Tampered, match="its row in the table credential was changed"):
        vault.secrets("square" if "square" in change else "shopify_eu")


def test_without_its_key_a_secret_is_refused_in_words(hub: Hub) -> None:
    Vault(hub, KEYS).store("shopify_eu", "refresh_token", "x")
    with pytest.raises(
        Misconfigured, match=rf"'refresh_token' of connection 'shopify_eu' is sealed under the key {keys.key_id(b'1' * 32)}"
    ):
        Vault(hub, Keys((b"2" * 32,))).secrets("shopify_eu")


def test_after_a_rotation_the_new_key_alone_opens_everything(hub: Hub) -> None:
    old = Vault(hub, KEYS)
    old.store("shopify_eu", "refresh_token", "one")
    old.store("shopify_eu", "refresh_token", "two")
    old.store("square", "token", "three")
    both = Vault(hub, Keys((b"2" * 32, b"1" * 32)))
    assert both.secrets("shopify_eu") == {"refresh_token": "two"}
    assert both.reseal() == 3
    assert both.reseal() == 0
    new = Vault(hub, Keys((b"2" * 32,)))
    assert (new.secrets("shopify_eu"), new.secrets("square")) == ({"refresh_token": "two"}, {"token": "three"})
    with pytest.raises(Misconfigured):
        old.secrets("square")


# ── planted secrets ──


def forms(value: str) -> set[bytes]:
    return {value.encode(), quote(value).encode(), base64.b64encode(value.encode()), value.encode("utf-16-le")}


def test_planted_secrets_are_not_in_the_files_of_the_database(tmp_path: Path) -> None:
    hub = Hub(f"sqlite:///{tmp_path / 'hub.db'}")
    schema.migrate(hub)
    vault = Vault(hub, keys.load(tmp_path / "home"))
    for number, value in enumerate(PLANTED):
        vault.store("shopify_eu", f"secret {number}", value)
    assert vault.secrets("shopify_eu")["secret 19"] == PLANTED[19]
    dump = b"".join(path.read_bytes() for path in tmp_path.iterdir() if path.is_file())
    hub.close()
    assert b"secret 19" in dump
    assert [value for value in PLANTED for form in forms(value) if form in dump] == []


def test_planted_secrets_are_not_in_what_postgresql_hands_out(postgres_url: str) -> None:
    hub = Hub(postgres_url)
    schema.migrate(hub)
    vault = Vault(hub, KEYS)
    for number, value in enumerate(PLANTED):
        vault.store("shopify_eu", f"secret {number}", value)
    with hub.read() as tx:
        dump = b"\n".join(bytes(sealed) + name.encode() for name, sealed in tx.execute(sa.select(credential.c.name, credential.c.sealed)))
    hub.close()
    assert b"secret 19" in dump
    assert [value for value in PLANTED for form in forms(value) if form in dump] == []


def test_planted_secrets_are_not_in_texts_about_them(hub: Hub) -> None:
    vault = Vault(hub, KEYS)
    for number, value in enumerate(PLANTED):
        vault.store("shopify_eu", f"secret {number}", value)
    found = vault.secrets("shopify_eu")
    secret = found["secret 3"]
    texts = [repr(found), str(secret), f"{secret}", f"{secret!r:>30}", f"{secret:>99}", "%s" % secret, repr(vault), repr(KEYS)]  # noqa: UP031
    texts.append("".join(traceback.format_exception(RuntimeError("refused", secret))))
    with hub.begin() as tx:
        tx.exec_driver_sql("UPDATE credential SET version = version + 1")
    with pytest.raises(Tampered) as refused:
        vault.secrets("shopify_eu")
    texts.append("".join(traceback.format_exception(refused.value)))
    assert MASK in texts[0]
    assert [value for value in PLANTED if any(value in text for text in texts)] == []


def test_a_secret_is_still_the_string_that_connectors_need() -> None:
    secret = Secret("tök en")
    assert "Bearer " + secret == "Bearer tök en"
    assert secret.encode() == "tök en".encode()
    assert secret == "tök en"
    assert type(secret.reveal()) is str
    assert f"{secret.reveal()}" == "tök en"


def test_redaction_takes_the_longest_first_and_every_usual_form() -> None:
    short, long = "sk_live", "sk_live/ä+&= 42"
    text = f"{long} | {short} | {quote(long, safe='')} | {json.dumps(long)} | {base64.b64encode(long.encode()).decode()}"
    assert redact(text, [short, long, ""]) == f'{MASK} | {MASK} | {MASK} | "{MASK}" | {MASK}'
    assert redact("nothing here", [Secret(short)]) == "nothing here"
    assert redact("sk_live!", [Secret(short)]) == f"{MASK}!"


# ── the lock ──


def test_of_two_processes_with_a_stale_token_one_calls_the_vendor(hub: Hub, hub_url: str, tmp_path: Path) -> None:
    """Rotating refresh tokens (faults.md, row 12): the loser reads again inside the lock and finds the winner's token."""
    Vault(hub, KEYS).store("qbo", "refresh_token", "stale")
    start, calls = FORK.Barrier(3), tmp_path / "calls"

    def child() -> None:
        own = Hub(hub_url)
        vault = Vault(own, KEYS)
        seen = vault.secrets("qbo")["refresh_token"]
        start.wait()
        with credential_lock(own, "qbo"):
            outside_transactions()
            if vault.secrets("qbo")["refresh_token"] == seen:
                with calls.open("a") as vendor:
                    vendor.write(seen.reveal() + "\n")
                vault.store("qbo", "refresh_token", "fresh")

    children = [FORK.Process(target=child) for _ in range(3)]
    for process in children:
        process.start()
    for process in children:
        process.join()
    assert calls.read_text() == "stale\n"
    assert Vault(hub, KEYS).secrets("qbo") == {"refresh_token": "fresh"}


def test_the_lock_of_another_connection_is_another_lock(hub: Hub) -> None:
    with credential_lock(hub, "qbo"), credential_lock(hub, "xero", wait=0), pytest.raises(Retryable, match="credential of 'qbo'"):
        credential_lock(hub, "qbo", wait=0).__enter__()
    with credential_lock(hub, "qbo", wait=0):
        pass


def test_a_killed_holder_frees_the_lock(hub: Hub, hub_url: str) -> None:
    held_r, held_w = os.pipe()
    child = os.fork()
    if child == 0:
        with credential_lock(Hub(hub_url), "qbo"):
            os.write(held_w, b"1")
            signal.pause()
    os.read(held_r, 1)
    try:
        with pytest.raises(Retryable), credential_lock(hub, "qbo", wait=0):
            pass
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    with credential_lock(hub, "qbo", wait=30):
        pass


# ── the master key ──


def test_the_key_file_is_made_once_and_for_its_owner_only(tmp_path: Path) -> None:
    first = keys.load(tmp_path / "home")
    file = tmp_path / "home" / keys.FILE
    assert file.stat().st_mode & 0o777 == 0o600
    assert len(first.masters[0]) == 32
    assert keys.load(tmp_path / "home") == first
    assert [path.name for path in file.parent.iterdir()] == [keys.FILE]
    assert keys.load(tmp_path / "other") != first


def test_of_processes_that_start_together_all_get_one_key(tmp_path: Path) -> None:
    start, answers = FORK.Barrier(4), FORK.Queue()

    def child() -> None:
        start.wait()
        answers.put(keys.load(tmp_path / "home").masters)

    children = [FORK.Process(target=child) for _ in range(4)]
    for process in children:
        process.start()
    assert len({answers.get(timeout=60) for _ in children}) == 1
    for process in children:
        process.join()


def test_a_key_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    keys.load(tmp_path)
    (tmp_path / keys.FILE).chmod(0o640)
    with pytest.raises(Misconfigured, match="chmod 600"):
        keys.load(tmp_path)


def test_the_environment_goes_before_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    new, old = (base64.b64encode(byte * 32).decode() for byte in (b"2", b"1"))
    monkeypatch.setenv(keys.VARIABLE, f"{new},{old}")
    assert keys.load(tmp_path) == Keys((b"2" * 32, b"1" * 32))
    assert not (tmp_path / keys.FILE).exists()
    with pytest.raises(Misconfigured, match="put a new one before it"):
        keys.add(tmp_path)


@pytest.mark.parametrize("wrong", ["", "not base64!", base64.b64encode(b"1" * 31).decode()])
def test_a_key_that_is_none_is_refused_and_not_repeated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wrong: str) -> None:
    monkeypatch.setenv(keys.VARIABLE, wrong)
    with pytest.raises(Misconfigured, match="must hold keys of 32 bytes") as refused:
        keys.load(tmp_path)
    assert not wrong or wrong not in str(refused.value)


def test_a_new_key_goes_first_and_the_old_one_stays(tmp_path: Path) -> None:
    old = keys.load(tmp_path)
    new = keys.add(tmp_path)
    assert new.masters[1:] == old.masters
    assert keys.load(tmp_path) == new
    assert (tmp_path / keys.FILE).stat().st_mode & 0o777 == 0o600


def test_keys_for_different_purposes_differ() -> None:
    assert KEYS.derived("a").keys() == KEYS.derived("b").keys()
    assert set(KEYS.derived("a").values()).isdisjoint(KEYS.derived("b").values())
