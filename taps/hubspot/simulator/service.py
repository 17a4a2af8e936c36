"""The calls of a simulated HubSpot account, in both generations of addresses: /crm/v3/objects/… and /crm/objects/2026-03/….

Rules, each from the vendor's facts: a list has pages of up to 100 rows with `paging.next.after`; archived records only with
`archived=true`; a search follows some seconds late [K] and gives at most 10,000 rows [K]; a batch takes up to 100 records [K] and answers
207 where some of them failed, with `numErrors` and `errors`; upsert goes by a unique property and says `new`; every property is a text;
190 calls in ten seconds, searches by the second, so many a day, and 429 beyond; access tokens of OAuth live 30 minutes, the refresh token
stays the same [K], private apps have a token that does not change.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from datetime import datetime, timedelta

from taps._kit.simulator import Clock, Request, Response, Simulator
from taps.hubspot.simulator.answers import NAMES, error, invalid, paged, yes
from taps.hubspot.simulator.objects import Objects
from taps.hubspot.simulator.portal import STAGES, Portal
from taps.hubspot.simulator.properties import defined
from taps.hubspot.sweep import written

_MOST_OWNERS = 500
_LIVES = timedelta(minutes=30)


class HubSpotSimulator(Simulator):
    """One account over HTTP."""

    def __init__(
        self,
        portal: Portal | None = None,
        *,
        clock: Clock | None = None,
        window: int = 10_000,
        per_ten_seconds: int = 190,
        searches_per_second: int = 5,
        per_day: int = 650_000,
        most_links: int = 100,
        latency: timedelta = timedelta(milliseconds=60),
    ) -> None:
        super().__init__(clock=portal.clock if portal else clock)
        self.portal = portal or Portal(self.clock)
        self.window = window
        self.latency = latency
        """What a call takes."""
        self.private_tokens = {"pat-na1-hubspot-1"}
        self.tokens: dict[str, datetime] = {}
        """Access tokens of OAuth, and until when they live."""
        self.refresh_tokens = {"hubspot-refresh-1": ("hubspot-app", "hubspot-app-secret")}
        self._limits = {"TEN_SECONDLY_ROLLING": (per_ten_seconds, timedelta(seconds=10)), "DAILY": (per_day, timedelta(days=1))}
        self._search_limit = searches_per_second
        self._calls: dict[str, deque[datetime]] = {name: deque() for name in (*self._limits, "SEARCH")}
        self._register(most_links)

    def _register(self, most_links: int) -> None:
        for path in ("/oauth/2026-03/token", "/oauth/v3/token", "/oauth/v1/token"):
            self.route("POST", path, self._token)
        Objects(self.portal, self.window, most_links).register(self)
        for root in ("/crm/v3/owners", "/crm/owners/2026-03"):
            self.route("GET", root, self._owners)
            self.route("GET", root + "/{key}", self._owner)
        for root in ("/crm/v3/pipelines/{kind}", "/crm/pipelines/2026-03/{kind}"):
            self.route("GET", root, self._pipelines)
        for root in ("/crm/v3/properties/{kind}", "/crm/properties/2026-03/{kind}"):
            self.route("GET", root, self._properties)
            self.route("POST", root, self._define)
            self.route("GET", f"{root}/{{name}}", self._property)
        for path in ("/account-info/v3/details", "/account-info/2026-03/details"):
            self.route("GET", path, self._details)

    # ── before every call ──

    def handle(self, request: Request) -> Response:
        """The answer, with what is left of the limit in its headers."""
        response = super().handle(request)
        most, _window = self._limits["TEN_SECONDLY_ROLLING"]
        left = most - len(self._calls["TEN_SECONDLY_ROLLING"])
        told = {"x-hubspot-ratelimit-max": str(most), "x-hubspot-ratelimit-remaining": str(max(left, 0))}
        response.headers = {**told, "x-hubspot-ratelimit-interval-milliseconds": "10000", **response.headers}
        return response

    def before(self, request: Request) -> Response | None:
        """Limits, then the token."""
        self.clock.now += self.latency
        if request.path.startswith("/oauth/"):
            return None
        for name, (most, window) in self._limits.items():
            if self._full(name, most, window):
                return self._throttled(name)
        if request.path.endswith("/search") and self._full("SEARCH", self._search_limit, timedelta(seconds=1)):
            return self._throttled("SECONDLY")
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        if token in self.private_tokens or self.tokens.get(token, self.clock()) > self.clock():
            return None
        return self.unauthorized(request)

    def _full(self, name: str, most: int, window: timedelta) -> bool:
        calls = self._calls[name]
        while calls and calls[0] <= self.clock() - window:
            calls.popleft()
        if len(calls) >= most:
            return True
        calls.append(self.clock())
        return False

    def _throttled(self, policy: str) -> Response:
        return Response(
            429, error("RATE_LIMITS", f"You have reached your {policy.lower()} limit.", policyName=policy, errorType="RATE_LIMIT")
        )

    def unauthorized(self, _request: Request) -> Response:
        """A token that is not good or ran out."""
        return Response(401, error("INVALID_AUTHENTICATION", "Authentication credentials not found or expired."))

    def missing(self, _request: Request) -> Response:
        """An address that is not there."""
        return Response(404, error("OBJECT_NOT_FOUND", "resource not found"))

    def _token(self, request: Request) -> Response:
        asked = request.body if isinstance(request.body, Mapping) else {}
        app = (asked.get("client_id"), asked.get("client_secret"))
        refresh = str(asked.get("refresh_token") or "hubspot-refresh-1")
        if self.refresh_tokens.get(refresh) != app or asked.get("grant_type") not in ("refresh_token", "authorization_code"):
            return Response(400, {"status": "BAD_REFRESH_TOKEN", "message": "missing or invalid refresh token"})
        access = f"hubspot-access-{len(self.tokens) + 2}"
        self.tokens[access] = self.clock() + _LIVES
        lives = int(_LIVES.total_seconds())
        return Response(200, {"access_token": access, "refresh_token": refresh, "expires_in": lives, "token_type": "bearer"})

    # ── the rest ──

    def _owners(self, request: Request) -> Response:
        archived, limit = yes(request.query.get("archived")), int(request.query.get("limit") or 100)
        if not 1 <= limit <= _MOST_OWNERS:
            return invalid(f"limit {limit} is not between 1 and {_MOST_OWNERS}")
        above = int(request.query.get("after") or 0)
        known = [each for key, each in self.portal.owners.items() if each["archived"] == archived and int(key) > above]
        page = known[:limit]
        return Response(200, paged(page, page[-1]["id"] if len(known) > limit else None))

    def _owner(self, request: Request, key: str) -> Response:
        found = self.portal.owners.get(key)
        return Response(200, found) if found else self.missing(request)

    def _pipelines(self, _request: Request, kind: str) -> Response:
        now = written(self.portal.clock())
        stages = [
            {
                "id": key,
                "label": label,
                "displayOrder": place,
                "metadata": {"probability": probability, "isClosed": "true" if closed else "false"},
                "createdAt": now,
                "updatedAt": now,
                "archived": False,
                "writePermissions": "CRM_PERMISSIONS_ENFORCEMENT",
            }
            for place, (key, (label, probability, closed)) in enumerate(STAGES.items())
        ]
        default = {"id": "default", "label": "Sales pipeline", "displayOrder": 0, "stages": stages, "createdAt": now, "updatedAt": now}
        return Response(200, {"results": [{**default, "archived": False}] if NAMES.get(kind) == "deals" else []})

    def _properties(self, request: Request, kind: str) -> Response:
        name = NAMES.get(kind)
        return Response(200, {"results": list(self.portal.properties[name].values())}) if name else self.missing(request)

    def _property(self, request: Request, kind: str, name: str) -> Response:
        found = self.portal.properties.get(NAMES.get(kind, ""), {}).get(name)
        return Response(200, found) if found else self.missing(request)

    def _define(self, request: Request, kind: str) -> Response:
        name, given = NAMES.get(kind), request.body
        if name is None:
            return self.missing(request)
        if given["name"] in self.portal.properties[name]:
            return Response(409, error("CONFLICT", f"A property named {given['name']} already exists."))
        made = defined(given["name"]) | dict(given) | {"hubspotDefined": False}
        self.portal.properties[name][given["name"]] = made
        return Response(201, made)

    def _details(self, _request: Request) -> Response:
        told = {"portalId": 4_000_001, "accountType": "STANDARD", "timeZone": self.portal.timezone, "companyCurrency": self.portal.currency}
        more = {"additionalCurrencies": [], "utcOffset": "-05:00", "utcOffsetMilliseconds": -18_000_000}
        return Response(200, {**told, **more, "uiDomain": "app.hubspot.com", "dataHostingLocation": "na1"})
