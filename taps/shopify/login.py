"""How a connection logs in: with a token that lasts, with tokens of an hour, or with the app's own id and secret."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from taps._kit import oauth as tokens
from taps._kit.edge import Login
from taps._kit.login import KeyLogin, OAuthLogin
from taps._kit.oauth import OAuth
from taps._kit.surroundings import Surroundings
from taps.shopify.config import ShopifyLogin
from taps.shopify.facts import FACTS, SCOPES

HEADER = "X-Shopify-Access-Token"


def oauth(config: ShopifyLogin) -> OAuth | None:
    """The code flow for tokens of an hour; None where nobody has to consent."""
    return _endpoint(config) if config.login == "expiring" else None


def _endpoint(config: ShopifyLogin) -> OAuth:
    base = f"{config.base_url.rstrip('/')}/admin/oauth"
    return OAuth(
        FACTS.title, f"{base}/authorize", f"{base}/access_token", ",".join(SCOPES), in_body=True, pkce=False, with_code={"expiring": "1"}
    )


def login(config: ShopifyLogin, around: Surroundings) -> Login:
    """The log-in of a connection."""
    if config.login == "token":
        return KeyLogin(around.safe, "access_token", header=HEADER, scheme="")
    own = config.login == "client_credentials"

    def grant(refresh_token: str) -> tuple[int, Mapping[str, Any]]:
        form = {"grant_type": "client_credentials"} if own else {"grant_type": "refresh_token", "refresh_token": refresh_token}
        return tokens.ask(_endpoint(config), around, form, private_network=config.private_network)

    return OAuthLogin(FACTS.title, around.safe, grant, header=HEADER, scheme="", alone=own)
