"""What a person writes under `config:` of a Shopify connection."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from taps.shopify.facts import MOST_ROWS


class ShopifyLogin(BaseModel):
    """Which shop, and how to come in."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    base_url: str = Field(description="Address of the shop as Shopify knows it: https://NAME.myshopify.com.")
    private_network: bool = Field(default=False, description="Whether the shop is a simulator in our own network.")
    login: Literal["token", "expiring", "client_credentials"] = Field(
        "token",
        description=(
            "token: the secret access_token, which does not run out. expiring: tokens of an hour with a refresh token, after "
            "`counterfoil connect`. client_credentials: the secrets client_id and client_secret of an app of one's own organisation."
        ),
    )


class ShopifyConfig(ShopifyLogin):
    """One shop. Secret: access_token, the Admin API token of an app that is installed in the shop; or what `login` says."""

    history: Literal["all", "visible"] = Field(
        "all",
        description="all: every order, which needs the scope read_all_orders. visible: what the log-in sees without it, 60 days.",
    )
    read_from: date | None = Field(None, description="What was last changed before this day is not read.")
    page_size: int = Field(
        MOST_ROWS, ge=1, le=MOST_ROWS, description="Rows a page; fewer are taken where Shopify says a page costs too much."
    )
    bulk_from: int | None = Field(
        MOST_ROWS, ge=0, description="A first read of more rows than this is a bulk operation; null: always page by page."
    )
    nested_page_size: int = Field(5, ge=1, le=MOST_ROWS, description="Lines, refund lines, variants that come with a row; more are paged.")
