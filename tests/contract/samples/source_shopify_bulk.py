"""Shopify once more, with every first read a bulk operation, however small the shop."""

from __future__ import annotations

from dataclasses import replace

from tests.contract.samples import source_shopify
from tests.contract.samples.remote_tap import RemoteTapSample


def sample() -> RemoteTapSample:
    paged = source_shopify.sample()
    return replace(paged, config=lambda url: paged.config(url) | {"bulk_from": 0})
