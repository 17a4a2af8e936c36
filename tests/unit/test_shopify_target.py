"""Stock levels at Shopify: compared before they are swapped, under a key, and what only Shopify's own rules can say."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from taps._kit.errors import Misconfigured
from taps._kit.simulator import Response
from taps._kit.surroundings import Pocket, Surroundings
from taps.shopify import queries
from taps.shopify.facts import SCOPES
from taps.shopify.simulator import TOKEN, ShopifySimulator
from targets._kit.writer import InDoubt, NotSent, Payload, Receipt, Refused, Unpreparable
from targets.shopify.config import ShopifyTargetConfig
from targets.shopify.writer import ShopifyWriter
from tests._kit.histories import straight
from tests.contract.samples.target_shopify import simulator as shop_of_articles
from tests.contract.test_remote_contract import SAMPLES, wanted

CASE = SAMPLES["shopify"].cases["stock_level"]


@pytest.fixture
def shop() -> ShopifySimulator:
    return shop_of_articles()


@pytest.fixture
def url(shop: ShopifySimulator) -> Iterator[str]:
    with straight(shop) as address:
        yield address


def opened(shop: ShopifySimulator, url: str, **config: Any) -> ShopifyWriter:
    writer = ShopifyWriter(ShopifyTargetConfig(base_url=url, private_network=True, **config), Path())
    writer.open(None, Surroundings(clock=shop.clock, safe=Pocket({"access_token": TOKEN}), sleep=shop.clock.sleep))
    return writer


def prepared(writer: ShopifyWriter, **other: Any) -> Payload:
    payload = writer.prepare(wanted("shopify", CASE, **other))
    assert isinstance(payload, Payload), payload
    return payload


def shelf(shop: ShopifySimulator, sku: str) -> dict[int, int]:
    found = (each for product in shop.world.products.values() for each in product.variants)
    return next(each.stock for each in found if each.sku == sku)


def test_what_moved_since_it_was_read_is_not_overwritten(shop, url):
    writer, place = opened(shop, url), shop.world.places[0].id
    payload = prepared(writer)
    shelf(shop, "R-1")[place] = 99  # somebody bought one
    (answer,) = writer.send([payload])
    assert isinstance(answer, NotSent), answer
    assert shelf(shop, "R-1")[place] == 99
    (answer,) = writer.send([prepared(writer)])
    assert isinstance(answer, Receipt), answer
    assert shelf(shop, "R-1")[place] == 42


def test_what_moved_there_and_back_is_another_request(shop, url):
    """A key that failed once is refused for ever; the same quantity at another time has another key."""
    writer, place = opened(shop, url), shop.world.places[0].id
    payload = prepared(writer)
    shelf(shop, "R-1")[place] = 99
    assert isinstance(writer.send([payload])[0], NotSent)
    shelf(shop, "R-1")[place] = 100
    assert isinstance(writer.send([payload])[0], NotSent)
    shop.clock.forward(seconds=5)
    next(each for product in shop.world.products.values() for each in product.variants if each.sku == "R-1").updated = shop.clock()
    assert isinstance(writer.send([prepared(writer)])[0], Receipt)


def test_the_same_call_twice_sets_once(shop, url):
    writer = opened(shop, url)
    payload = prepared(writer)
    assert [type(writer.send([payload])[0]) for _ in range(2)] == [Receipt, Receipt]
    assert shop.stock.writes == 1


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"@": None}, "required"),
        ({"quantity": 7}, "IDEMPOTENCY_KEY_PARAMETER_MISMATCH"),
        ({"quantity": 42}, ""),
    ],
)
def test_shopify_asks_for_a_key_and_holds_us_to_it(shop, url, changed, says):
    writer = opened(shop, url)
    payload = prepared(writer)
    [call] = writer.calls([payload])
    writer.send([payload])
    query, variables = call.body["query"], call.body["variables"]
    if "@" in changed:
        query = query.replace("@idempotent(key: $key)", "")
    else:
        variables["input"]["quantities"][0] |= changed
    reply = writer.edge.write("POST", call.path, {"query": query, "variables": variables})
    assert says in str(reply.body)  # type: ignore[union-attr]  # it answered
    assert shop.stock.writes == 1


def test_a_place_of_another_name_and_another_quantity_can_be_chosen(shop, url):
    writer = opened(shop, url, places={"Shelf 1": "Harbour Store"}, state="available")
    document = {"source_id": "1", "sku": "R-5", "location": "Shelf 1", "on_hand": "9", "available": "6"}
    writer.send([prepared(writer, document=document)])
    assert shelf(shop, "R-5") == {shop.world.places[0].id: 100, shop.world.places[1].id: 6, shop.world.places[2].id: 100}


@pytest.mark.parametrize(
    ("document", "code", "says"),
    [
        ({"sku": "R-1", "location": "Nowhere", "on_hand": "1"}, "MAP-LOOKUP", "no location"),
        ({"sku": "R", "location": "Warehouse", "on_hand": "1.5"}, "MAP-REQUIRED", "whole"),
        ({"sku": "R-", "location": "Warehouse", "on_hand": "1"}, "MAP-LOOKUP", "none has"),
        (
            {"sku": "R-1", "location": "Warehouse", "on_hand": "1", "source_id": "gid://shopify/InventoryLevel/1?inventory_item_id=2"},
            "POST-RULE",
            "circle",
        ),
    ],
)
def test_what_cannot_be_set_is_held(shop, url, document, code, says):
    held = opened(shop, url).prepare(wanted("shopify", CASE, document={"source_id": "1", **document}))
    assert isinstance(held, Unpreparable), held
    assert (held.problem.code, says in held.problem.say) == (code, True)


def test_a_level_that_the_source_leaves_out_of_its_body_is_none(shop, url):
    writer = opened(shop, url)
    writer.send([prepared(writer, document={"source_id": "1", "sku": "R-3", "location": "Warehouse"})])
    assert shelf(shop, "R-3")[shop.world.places[0].id] == 0


def test_an_app_that_may_not_write_stock_is_told_before_anything_is_sent(shop, url):
    shop.scopes = SCOPES
    with pytest.raises(Misconfigured, match="write_inventory"):
        opened(shop, url)
    assert [each.request.body["query"] for each in shop.log] == [queries.WRITABLE]


@pytest.mark.parametrize(
    ("code", "answer"), [("THROTTLED", NotSent), ("INTERNAL_SERVER_ERROR", InDoubt), ("TIMEOUT", InDoubt), ("BAD_USER_INPUT", Refused)]
)
def test_what_an_answer_of_status_200_hides_decides_what_is_known_of_a_write(shop, url, code, answer):
    writer = opened(shop, url)
    payload, asked = prepared(writer), len(shop.log)
    shop.handle = lambda _request: Response(200, {"errors": [{"message": "No.", "extensions": {"code": code}}]})
    (said,) = writer.send([payload])
    assert isinstance(said, answer), said
    assert len(shop.log) == asked + 1
    assert not isinstance(said, NotSent) or said.not_before > shop.clock()
