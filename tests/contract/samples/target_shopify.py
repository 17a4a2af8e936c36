"""Shopify with an article for each document: R-1, R-2, … with a hundred pieces in the warehouse."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from taps._kit.simulator import Request, Simulator
from taps.shopify.facts import SCOPES
from taps.shopify.simulator import TOKEN, ShopifySimulator
from taps.shopify.simulator.things import Product, Variant
from targets._kit.writer import Verb
from tests.contract.samples.remote import Case, RemoteSample

ARTICLES = 1_010


def simulator() -> ShopifySimulator:
    made = ShopifySimulator(3, seed=1, bucket=10**9, scopes=(*SCOPES, "write_inventory"))
    now, world = made.clock(), made.world
    product = world.add_product(Product(world.number(), "Article", "Harbour", "Article", now, now))
    for number in range(1, ARTICLES + 1):
        article = Variant(world.number(), product, f"R-{number}", "", 1000, 500, now)
        article.stock = {place.id: 100 for place in world.places}
        product.variants.append(article)
    made.clock.forward(minutes=5)
    return made


def _standing(simulator: Simulator, _case: str) -> int:
    assert isinstance(simulator, ShopifySimulator)
    return len(simulator.stock.set)


def _numbered(document: dict[str, Any], n: int) -> dict[str, Any]:
    return {**document, "sku": f"R-{n}"} if document["sku"] == "R" else document


def writes(request: Request) -> bool:
    return request.method == "POST" and str((request.body or {}).get("query", "")).startswith("mutation")


def _level(units: str, **other: str) -> dict[str, Any]:
    return {
        "document": {"source_id": "7/3", "sku": "R", "location": "Warehouse", "on_hand": units, **other},
        "document_type": "inventory_level",
    }


def sample() -> RemoteSample:
    return RemoteSample(
        target="shopify",
        simulator=simulator,
        config=lambda url: {"base_url": url, "private_network": True},
        secrets={"access_token": TOKEN},
        wrong_secrets={"access_token": "shpat_of_somebody_else"},
        cases={
            "stock_level": Case(
                kind="stock_level",
                change=Verb.UPDATE,
                remove=Verb.VOID,
                first=_level("42"),
                changed=_level("57"),
                effect=Decimal(0),
                changed_effect=Decimal(0),
                unit="",
                unfit=_level("42", sku="NO-SUCH"),
                refused=_level("2000000000"),
            )
        },
        standing=_standing,
        writes=writes,
        numbered=_numbered,
    )
