"""Tap for Shopify: orders and everything that hangs on them, products, customers, stock, and what Shopify Payments pays out."""

from __future__ import annotations

from taps._kit.registry import TapType
from taps.shopify.config import ShopifyConfig
from taps.shopify.facts import FACTS
from taps.shopify.login import oauth
from taps.shopify.reader import ShopifyReader
from taps.shopify.totals import ShopifyTotals

CONNECTOR = TapType(
    name="shopify", title=FACTS.title, config=ShopifyConfig, facts=FACTS, build=ShopifyReader, oauth=oauth, totals=ShopifyTotals
)
