"""Tokens of a simulated shop: those that last for ever, those of an hour with a refresh token, and those of an app of one's own.

an hour           an expiring offline token lives 60 minutes                                    offline access tokens: expiry and refresh
one use           a refresh gives another refresh token; the old one stays good until its       more resilient refreshes (28 August 2026)
                  replacement is used
of one's own      client id and secret alone get a token of 24 hours, without a refresh token   client credentials grant
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from taps._kit.simulator import Request, Response

TOKEN_PATH = "/admin/oauth/access_token"  # noqa: S105 (an address)
CLIENT_ID, CLIENT_SECRET, CODE = "shopify-app", "shpss_simulated", "code-of-a-merchant"
HOUR, DAY = timedelta(hours=1), timedelta(hours=24)


class Tokens:
    """Who may come in."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._numbers = count(1)
        self.alive: dict[str, datetime] = {}
        """Access tokens, and until when."""
        self.refresh, self.before = "shprt_0", ""
        """The refresh token that is to be used, and the one before, as long as that one still helps."""

    def good(self, token: str) -> bool:
        """Whether an access token is still one."""
        return token in self.alive and self._clock() < self.alive[token]

    def answer(self, request: Request) -> Response:
        """The token endpoint."""
        asked: Mapping[str, Any] = request.body if isinstance(request.body, Mapping) else {}
        if (asked.get("client_id"), asked.get("client_secret")) != (CLIENT_ID, CLIENT_SECRET):
            return Response(400, {"error": "application_cannot_be_found"})
        kind = asked.get("grant_type")
        if kind == "client_credentials":
            return Response(200, {"access_token": self._token(DAY), "scope": "", "expires_in": 86_399})
        if kind == "refresh_token":
            return self._refreshed(str(asked.get("refresh_token")))
        if asked.get("code") == CODE and str(asked.get("expiring")) == "1":
            return self._pair()
        return Response(400, {"error": "invalid_request"})

    def _refreshed(self, given: str) -> Response:
        if given == self.refresh:  # its replacement is in use: what came before is over
            self.before = given
            return self._pair()
        if given and given == self.before:
            return self._pair()
        return Response(400, {"error": "invalid_grant", "error_description": "This refresh token is no longer good"})

    def _pair(self) -> Response:
        self.refresh = f"shprt_{next(self._numbers)}"
        body = {"access_token": self._token(HOUR), "expires_in": 3600, "refresh_token": self.refresh, "refresh_token_expires_in": 7_776_000}
        return Response(200, body)

    def _token(self, lives: timedelta) -> str:
        made = f"shpat_{next(self._numbers)}"
        self.alive[made] = self._clock() + lives
        return made
