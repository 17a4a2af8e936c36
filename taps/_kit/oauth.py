"""The code flow of OAuth 2: the address that a person opens, the code that comes back, and the tokens that are refreshed afterwards.

`client_id` and `client_secret` are secrets of the connection, so are the tokens. The token endpoint is spoken to like any other system:
https, a known host, no redirects.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from taps._kit.edge import Blocked, Edge, Lost
from taps._kit.errors import Misconfigured, Retryable
from taps._kit.facts import Facts
from taps._kit.login import ACCESS, REFUSED, OAuthLogin, basic, keep, needed
from taps._kit.peers import Forbidden
from taps._kit.surroundings import Surroundings


@dataclass(frozen=True, slots=True)
class OAuth:
    """How one system logs in. Addresses are the vendor's; a simulator is given its own."""

    title: str
    authorize_url: str
    token_url: str
    scopes: str = ""
    """Separated by blanks."""
    in_body: bool = False
    """The token endpoint takes everything as JSON, client_id and client_secret too, instead of a form under Basic (Square)."""
    in_form: bool = False
    """The token endpoint takes client_id and client_secret as fields of the form, not under Basic (HubSpot)."""
    with_code: Mapping[str, str] | None = None
    """What else the token endpoint is told with the code (Shopify: that the token shall run out)."""
    pkce: bool = True
    """Whether the code is bound to a verifier. Off where that starts another flow, with refresh tokens for one use only (Square)."""


@dataclass(frozen=True, slots=True)
class Consent:
    """What a person is sent away with: the address to open, and what must come back with the code."""

    url: str
    state: str
    verifier: str


class _Nobody:
    """The token endpoint is asked without a token."""

    def headers(self) -> Mapping[str, str]:
        return {}

    def renew(self) -> bool:
        return False


def login(oauth: OAuth, around: Surroundings, *, private_network: bool = False, extra: Mapping[str, str] | None = None) -> OAuthLogin:
    """The log-in of a connection: its tokens, refreshed when they run out."""

    def grant(refresh_token: str) -> tuple[int, Mapping[str, Any]]:
        return ask(oauth, around, {"grant_type": "refresh_token", "refresh_token": refresh_token}, private_network=private_network)

    return OAuthLogin(oauth.title, around.safe, grant, extra)


def ask(oauth: OAuth, around: Surroundings, form: Mapping[str, str], *, private_network: bool = False) -> tuple[int, Mapping[str, Any]]:
    """Status and answer of the token endpoint. Raises Retryable where it does not answer, Misconfigured without client_id."""
    client_id, client_secret = needed(around.safe, "client_id"), needed(around.safe, "client_secret")
    parts = urlsplit(oauth.token_url)
    facts = Facts(parts.hostname or "", f"{oauth.title} (log-in)", request_timeout=timedelta(seconds=30))
    # Not under the call limits of the system: a refresh is no call of theirs, and the run must not wait for one with the lock in its hand.
    edge = Edge(
        facts, f"{parts.scheme}://{parts.netloc}", _Nobody(), Surroundings(around.clock, around.safe), private_network=private_network
    )
    try:
        headers, body = _asked(oauth, client_id, client_secret, form)
        outcome = edge.write("POST", parts.path, body, headers=headers)
    except Forbidden:
        raise
    except Misconfigured:
        return 401, {}
    finally:
        edge.close()
    if isinstance(outcome, (Lost, Blocked)):
        raise Retryable(f"The log-in server of {oauth.title} does not answer: {outcome.reason}.")
    return outcome.status, outcome.body if isinstance(outcome.body, dict) else {}


def _asked(oauth: OAuth, client_id: str, client_secret: str, form: Mapping[str, str]) -> tuple[dict[str, str], Any]:
    """Headers and body as this token endpoint wants them."""
    if oauth.in_body:
        return {}, {"client_id": client_id, "client_secret": client_secret, **form}
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    if oauth.in_form:
        return headers, urlencode({"client_id": client_id, "client_secret": client_secret, **form}).encode()
    return headers | {"Authorization": basic(client_id, client_secret)}, urlencode(form).encode()


def consent(oauth: OAuth, client_id: str, redirect_uri: str) -> Consent:
    """A fresh address for a person to open."""
    state, verifier = secrets.token_urlsafe(24), secrets.token_urlsafe(48)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    asked = {
        "response_type": "code",
        "client_id": client_id,
        "redirect_uri": redirect_uri,
        "scope": oauth.scopes,
        "state": state,
    }
    if oauth.pkce:
        asked |= {"code_challenge": challenge, "code_challenge_method": "S256"}
    return Consent(f"{oauth.authorize_url}?{urlencode(asked)}", state, verifier)


def code_of(came_back: str, expected: Consent) -> str:
    """The code in the address that the browser was sent to. Raises Misconfigured where it is not the answer to this question."""
    answer = {name: values[0] for name, values in parse_qs(urlsplit(came_back.strip()).query).items()}
    if "error" in answer:
        raise Misconfigured(f"The consent was not given: {answer.get('error_description') or answer['error']}.")
    if not secrets.compare_digest(answer.get("state", ""), expected.state) or not answer.get("code"):
        raise Misconfigured(
            "This is not the address that the log-in ended at. Paste it whole, from https:// to its end, and from this log-in."
        )
    return answer["code"]


def redeem(oauth: OAuth, around: Surroundings, code: str, expected: Consent, redirect_uri: str, *, private_network: bool = False) -> None:
    """Turn the code into tokens and keep them; the refresh token first. Raises Misconfigured where the code is refused."""
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri, **(oauth.with_code or {})}
    if oauth.pkce:
        form["code_verifier"] = expected.verifier
    with around.safe.lock():
        status, answer = ask(oauth, around, form, private_network=private_network)
        if status in REFUSED or ACCESS not in answer:
            raise Misconfigured(f"{oauth.title} does not take the code. It lives for a few minutes only: start the log-in again.")
        keep(around.safe, answer)
