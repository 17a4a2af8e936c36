"""A call of the shop starts a pull: the mark, and the run that looks for it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime

import pytest

from pipelines.cli.hooking import SECRET, mailboxes
from pipelines.cli.main import run as counterfoil
from pipelines.home import news
from pipelines.home.load import load
from pipelines.hub import keys
from pipelines.hub.vault import Vault
from taps._kit.simulator import serve
from taps._kit.webhooks import Call, Receiver
from taps.shopify.simulator import TOKEN, ShopifySimulator
from tests._kit.front import Front

POSTING = {"name": "shelf", "target": "stock", "product": {"as": "item"}, "*": {"exclude": "not asked for"}}


@pytest.fixture
def shop(tmp_path):
    simulator = ShopifySimulator(6, seed=3, bucket=10**9)
    simulator.clock.forward(minutes=5)
    with serve(simulator) as url:
        config = {"base_url": url, "private_network": True}
        source = {"tap": "shopify", "config": config, "mappings": {"products": "shopify/products", "locations": "shopify/locations"}}
        front = Front(tmp_path, source, clock=simulator.clock, secrets={"access_token": TOKEN}, posting=[POSTING])
        Vault(front.hub, keys.load(tmp_path)).store("front", SECRET, "hook-secret")
        front.simulator = simulator
        yield front
        front.hub.close()


def _called(shop, body):
    home = load(shop.home)
    [box] = mailboxes(home, "https://hooks.example/cf/")
    assert box.address == "https://hooks.example/cf/front"
    receiver = Receiver([box], lambda connection, streams: news.put(home.path, connection, streams), lambda: datetime.now(UTC))
    raw = json.dumps(body).encode()
    signature = base64.b64encode(hmac.new(b"hook-secret", raw, hashlib.sha256).digest()).decode()
    headers = {"x-shopify-hmac-sha256": signature, "x-shopify-topic": "products/update", "x-shopify-event-id": "e"}
    return receiver.take(box, Call("POST", box.address, headers, raw))


def test_a_hint_starts_a_pull_and_is_never_data(shop, capsys):
    home = str(shop.home)
    assert counterfoil(["run", "--news", "--home", home]) == 0
    assert shop.simulator.log == []
    assert _called(shop, {"id": 1, "title": "A title that is nowhere in the shop"}) == 200
    assert news.told(load(shop.home)) == {"front": ("products",)}
    counterfoil(["run", "--news", "--home", home])
    assert shop.simulator.log
    with shop.hub.read() as tx:
        bodies = str(tx.exec_driver_sql("SELECT body FROM landed").fetchall())
    assert "Kettle" in bodies
    assert "nowhere in the shop" not in bodies
    seen = len(shop.simulator.log)
    counterfoil(["run", "--news", "--home", home])
    assert len(shop.simulator.log) == seen
    capsys.readouterr()


def test_a_hint_of_unknown_kind_marks_every_stream(shop):
    news.put(shop.home, "front", ())
    assert news.told(load(shop.home)) == {"front": ("products", "locations")}
    assert news.newest(load(shop.home), ["front"]) > 0
    news.take(load(shop.home))
    assert news.newest(load(shop.home), ["front"]) == 0
