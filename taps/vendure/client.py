"""Calls to the Admin API: one query in, its data out, or the error that says what helps. Errors come with status 200.

A log-in with a password gives a session, which is kept among the connection's secrets and used until the server forgets it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from taps._kit import graphql
from taps._kit.edge import Edge, Lost, Outcome, Reply
from taps._kit.errors import Fatal, Misconfigured, Retryable
from taps._kit.login import needed
from taps._kit.surroundings import Safe, Surroundings
from taps.vendure import queries
from taps.vendure.config import VendureConfig
from taps.vendure.facts import CHANNEL_HEADER, FACTS, KEY_HEADER, SESSION_HEADER

_KEY, _SESSION = "api_key", "session"
_DENIED = "FORBIDDEN"
_TOO_MANY = re.compile(r"[Cc]annot take more than (\d+)")
_PASSING = ("INTERNAL_SERVER_ERROR", "")
"""What may go better: a fault inside the server. A database that is locked for a moment is told without a code."""


class TooMany(Exception):
    """The server gives fewer rows at once: at most `most`."""

    def __init__(self, most: int) -> None:
        super().__init__(f"at most {most} rows")
        self.most = most


@dataclass(frozen=True, slots=True)
class VendureLogin:
    """An API key, or the session of a log-in with a password."""

    safe: Safe
    channel: str | None
    _handed: dict[str, str] = field(default_factory=dict, repr=False, compare=False)

    @property
    def keyed(self) -> bool:
        """Whether there is a key, which nothing replaces."""
        return bool(self.safe.secrets().get(_KEY))

    @property
    def handed(self) -> str | None:
        """The session of the last call."""
        return self._handed.get(_SESSION)

    def headers(self) -> Mapping[str, str]:
        """Who we are, and which channel we read."""
        secrets = self.safe.secrets()
        said = {CHANNEL_HEADER: self.channel} if self.channel else {}
        if secrets.get(_KEY):
            return {KEY_HEADER: secrets[_KEY], **said}
        self._handed[_SESSION] = secrets.get(_SESSION, "")
        return {"Authorization": f"Bearer {secrets[_SESSION]}", **said} if secrets.get(_SESSION) else said

    def renew(self) -> bool:
        """Vendure answers with FORBIDDEN and not with 401: the client logs in again."""
        return False


class Client:
    """One server behind an edge."""

    def __init__(self, config: VendureConfig, around: Surroundings) -> None:
        self._login = VendureLogin(around.safe, config.channel)
        self.edge = Edge(FACTS, config.base_url, self._login, around, private_network=config.private_network, judge=passing)
        self.around = around
        self._path = config.admin_path

    def close(self) -> None:
        """Let go of the connection."""
        self.edge.close()

    def ask(self, query: str, variables: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The data of one query.

        Raises TooMany, Retryable where the server keeps failing, Misconfigured where the log-in is refused or may not see what is asked,
        Fatal where the server does not understand the query.
        """
        if not self._login.keyed and not self.around.safe.secrets().get(_SESSION):
            self._log_in("")
        given = {**queries.given(query), **(variables or {})}
        told = graphql.ask(self.edge, self._path, query, given)
        if _DENIED in told.codes and not self._login.keyed:
            self._log_in(self._login.handed or "")
            told = graphql.ask(self.edge, self._path, query, given)
        return self._sound(told)

    def _log_in(self, stale: str) -> None:
        """A new session, under the lock; who had to wait for it takes what the other one stored."""
        safe = self.around.safe
        with safe.lock():
            if safe.secrets().get(_SESSION, "") != stale:
                return
            who = {"username": needed(safe, "username"), "password": needed(safe, "password")}
            told = graphql.ask(self.edge, self._path, queries.LOGIN, who)
            if told.data is None:
                raise Retryable("Vendure does not answer a log-in as it should.")
            if told.data["login"]["__typename"] != "CurrentUser":
                raise Misconfigured("Vendure refuses our log-in. Correct the secrets username and password.")
            session = told.reply.headers.get(SESSION_HEADER)
            if not session:
                raise Misconfigured("Vendure gives its session as a cookie only. Add 'bearer' to its tokenMethod, or use an API key.")
            safe.store(_SESSION, session)

    @staticmethod
    def _sound(told: graphql.Told) -> dict[str, Any]:
        if told.data is not None:
            return told.data
        if not told.usable:
            raise Retryable(f"Vendure answers with {told.reply.status} and nothing that could be used. Is admin_path right?")
        most = _TOO_MANY.search(told.said)
        if most:
            raise TooMany(int(most[1]))
        if _DENIED in told.codes:
            raise Misconfigured("Vendure does not let this log-in read that. Give its role the permissions that the page on Vendure names.")
        raise Fatal(f"Vendure does not understand what we ask: {told.said}")


def passing(reply: Reply) -> Outcome:
    """The judge of answers: whether only something inside the server went wrong, which may go better."""
    told = graphql.told(reply)
    inside = bool(told.errors) and all(code in _PASSING for code in told.codes) and not _TOO_MANY.search(told.said)
    return Lost("it keeps saying that something went wrong on its side") if inside else reply
