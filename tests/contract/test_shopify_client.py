"""Shopify's own client library for Python reads the simulator: another mind than ours asks, pages, and runs a bulk operation."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import requests
import shopify
from shopify.api_version import ApiVersion, Release

from taps._kit.simulator import serve
from taps.shopify.facts import VERSION
from taps.shopify.simulator import TOKEN, ShopifySimulator
from taps.shopify.simulator.things import gid
from taps.shopify.simulator.views import decimal

PAGE = """query Orders($first: Int!, $after: String) {
  orders(first: $first, after: $after, sortKey: UPDATED_AT) {
    edges { cursor node {
      id name currentTotalPriceSet { shopMoney { amount currencyCode } }
      lineItems(first: 50) { edges { node { id sku } } }
    } }
    pageInfo { hasNextPage endCursor }
  }
}"""
BULK = """mutation { bulkOperationRunQuery(query: "{ products { edges { node { id title variants { edges { node { id sku } } } } } } }") {
  bulkOperation { id status } userErrors { field message }
} }"""


@pytest.fixture
def simulator() -> ShopifySimulator:
    made = ShopifySimulator(12, seed=5, bucket=10**6)
    made.clock.forward(minutes=5)
    return made


@pytest.fixture
def client(simulator: ShopifySimulator) -> Iterator[Any]:
    ApiVersion.define_version(Release(VERSION))
    protocol = shopify.Session.protocol
    with serve(simulator) as url:
        shopify.Session.protocol = "http"
        session = shopify.Session("harbour.myshopify.com", VERSION, TOKEN)
        session.url = url.removeprefix("http://")
        shopify.ShopifyResource.activate_session(session)
        yield shopify.GraphQL()
        shopify.ShopifyResource.clear_session()
        shopify.Session.protocol = protocol


def _ask(client: Any, query: str, **variables: Any) -> Any:
    answer = json.loads(client.execute(query, variables))
    assert "errors" not in answer
    return answer["data"]


def test_shopifys_library_pages_through_the_orders(simulator, client):
    found: dict[str, Any] = {}
    after, more = None, True
    while more:
        page = _ask(client, PAGE, first=5, after=after)["orders"]
        found |= {edge["node"]["id"]: edge["node"] for edge in page["edges"]}
        after, more = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]
        assert after == page["edges"][-1]["cursor"]
    orders = simulator.world.orders.values()
    assert {key: node["currentTotalPriceSet"]["shopMoney"]["amount"] for key, node in found.items()} == {
        gid("Order", order.id): decimal(order.total - order.returned) for order in orders
    }
    assert all(len(found[gid("Order", order.id)]["lineItems"]["edges"]) == len(order.lines) for order in orders)


def test_shopifys_library_runs_a_bulk_operation(simulator, client):
    begun = _ask(client, BULK)["bulkOperationRunQuery"]
    assert (begun["bulkOperation"]["status"], begun["userErrors"]) == ("RUNNING", [])
    stands = "query ($id: ID!) { bulkOperation(id: $id) { status url objectCount rootObjectCount fileSize } }"
    simulator.clock.forward(minutes=1)
    done = _ask(client, stands, id=begun["bulkOperation"]["id"])["bulkOperation"]
    assert done["status"] == "COMPLETED"
    lines = [json.loads(line) for line in requests.get(done["url"], timeout=10).text.splitlines()]
    assert (len(lines), sum("__parentId" not in line for line in lines)) == (int(done["objectCount"]), int(done["rootObjectCount"]))
    products = simulator.world.products.values()
    assert {line["id"] for line in lines} == {
        *(gid("Product", each.id) for each in products),
        *(gid("ProductVariant", variant.id) for each in products for variant in each.variants),
    }


def test_another_token_is_refused(client):
    client.headers["X-Shopify-Access-Token"] = "another"
    with pytest.raises(Exception, match="401"):
        client.execute("{ shop { name } }")
