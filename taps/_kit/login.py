"""Log-ins: how a call says who we are, and how a token that ran out is replaced without ever losing the last good one.

A rotating refresh token is stored before it is used first, under a lock that the kernel frees when its holder dies. Who finds that
somebody else was faster takes what that one stored. Nothing is deleted on failure.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from taps._kit.errors import Misconfigured, Retryable
from taps._kit.points import at
from taps._kit.surroundings import Safe

ACCESS, REFRESH = "access_token", "refresh_token"
REFUSED = range(400, 500)


def needed(safe: Safe, secret: str) -> str:
    """A secret by its name. Raises Misconfigured, with the command that sets it, where there is none."""
    value = safe.secrets().get(secret)
    if not value:
        raise Misconfigured(f"The secret {secret} is not set. Set it: counterfoil secret set CONNECTION {secret}")
    return value


def basic(user: str, password: str) -> str:
    """The value of an Authorization header with user and password."""
    return f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"


def keep(safe: Safe, answer: Mapping[str, Any]) -> None:
    """Keep the tokens of an answer, the refresh token first: who dies in between can still get another access token."""
    for name in (REFRESH, ACCESS):
        if answer.get(name):
            safe.store(name, str(answer[name]))


@dataclass(frozen=True, slots=True)
class KeyLogin:
    """A key that does not change, in one header: `Authorization: Token …`."""

    safe: Safe
    secret: str
    """Name of the secret."""
    header: str = "Authorization"
    scheme: str = "Bearer"
    extra: Mapping[str, str] | None = None

    def headers(self) -> Mapping[str, str]:
        """The header with the key."""
        return {self.header: f"{self.scheme} {needed(self.safe, self.secret)}".strip(), **(self.extra or {})}

    def renew(self) -> bool:
        """There is no other key."""
        return False


@dataclass(frozen=True, slots=True)
class PasswordLogin:
    """Basic log-in: a user and a secret, or a secret with any word behind it."""

    safe: Safe
    secret: str
    user: str = ""
    """Empty: the secret is the user name, as BambooHR wants it."""

    def headers(self) -> Mapping[str, str]:
        """The header with user and password."""
        value = needed(self.safe, self.secret)
        return {"Authorization": basic(self.user, value) if self.user else basic(value, "x")}

    def renew(self) -> bool:
        """There is no other password."""
        return False


@dataclass(frozen=True, slots=True)
class OAuthLogin:
    """An access token with a refresh token behind it. `grant` asks the token endpoint: (status, JSON) for a refresh token."""

    title: str
    safe: Safe
    grant: Callable[[str], tuple[int, Mapping[str, Any]]]
    extra: Mapping[str, str] | None = None
    header: str = "Authorization"
    scheme: str = "Bearer"
    alone: bool = False
    """Whether client id and secret alone get a token, so that there is no refresh token."""
    _handed: dict[str, str] = field(default_factory=dict, repr=False, compare=False)
    """The token of the last call: that one ran out, not the one that somebody may have stored since."""

    def headers(self) -> Mapping[str, str]:
        """The header with the newest access token; asks for a first one where there is none yet."""
        if not self.safe.secrets().get(ACCESS):
            self.renew()
        self._handed[ACCESS] = self.safe.secrets()[ACCESS]
        return {self.header: f"{self.scheme} {self._handed[ACCESS]}".strip(), **(self.extra or {})}

    def renew(self) -> bool:
        """Refresh under the lock; whoever had to wait for it takes what the other one stored.

        Raises Misconfigured where the refresh token is refused, Retryable where the token endpoint does not answer.
        """
        stale = self._handed.get(ACCESS) or self.safe.secrets().get(ACCESS)
        with self.safe.lock():
            kept = self.safe.secrets()
            if kept.get(ACCESS) != stale:
                return True
            if not kept.get(REFRESH) and not self.alone:
                raise Misconfigured(f"{self.title} is not connected yet. Run: counterfoil connect CONNECTION")
            status, answer = self.grant(kept.get(REFRESH, ""))
            if status in REFUSED and self.alone:
                raise Misconfigured(f"{self.title} gives no token for our client_id and client_secret. Set both anew.")
            if status in REFUSED:
                raise Misconfigured(f"{self.title} no longer takes our refresh token. Connect it again: counterfoil connect CONNECTION")
            if ACCESS not in answer:
                raise Retryable(f"The log-in server of {self.title} does not answer as it should ({status}).")
            at("T1")
            keep(self.safe, answer)
            return True
