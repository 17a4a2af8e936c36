"""What a person writes under `config:` of a Shopify connection, for writing."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from taps.shopify.config import ShopifyLogin


class ShopifyTargetConfig(ShopifyLogin):
    """One shop, as a target of stock levels."""

    state: Literal["on_hand", "available"] = Field(
        "on_hand", description="Which quantity is set: what lies there, or what of it is not promised to anybody."
    )
    places: dict[str, str] = Field({}, description="Location of the shop by the source's name of it, where the names differ.")
    reason: str = Field("correction", description="The reason that Shopify's inventory history shows.")
