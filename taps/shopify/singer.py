"""The Shopify tap as a Singer program."""

from __future__ import annotations

from taps._kit.singer import ReaderTap
from taps.shopify import CONNECTOR


class TapShopify(ReaderTap):
    """Singer tap for Shopify: orders, refunds, payments, products, customers, stock, payouts."""

    name = "tap-counterfoil-shopify"
    connector = CONNECTOR
