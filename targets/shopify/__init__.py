"""Writes stock levels into a Shopify shop."""

from taps.shopify.facts import FACTS
from taps.shopify.login import oauth
from targets._kit.registry import TargetType
from targets.shopify.config import ShopifyTargetConfig
from targets.shopify.writer import KINDS, ShopifyWriter

CONNECTOR = TargetType(
    name="shopify", title=FACTS.title, config=ShopifyTargetConfig, facts=FACTS, kinds=KINDS, build=ShopifyWriter, oauth=oauth
)
