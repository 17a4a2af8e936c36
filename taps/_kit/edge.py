"""The HTTP edge: every call to a system of somebody else goes through here.

Refused before a byte leaves: plain http, hosts that the connector's facts do not list, redirects, and addresses inside our own network,
judged by the peer that was really reached, so that a name which resolves anew cannot lead there. A connection to a server of one's own
says `private_network: true` and may be any of that on its one host.

A read is tried again (tenacity) and ends as a reply or an error. A write is tried once and ends as one of three:

    Reply     the system answered; what it says of the document is the connector's to judge
    Blocked   it certainly did nothing: never reached, or turned away before it looked (429, 401); not before an instant
    Lost      sent, and nobody knows: no answer, half an answer, a 5xx, a page of HTML

Where a system tells of such things in an answer of status 200 (GraphQL), a judge of its own says which of the three it is; what follows
from that, the waits, tries and limits, is the same.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.utils import parsedate_to_datetime
from ssl import SSLCertVerificationError
from typing import Any, NamedTuple, Protocol, TypeAlias
from urllib.parse import urlsplit

import msgspec
import requests
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential_jitter
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError, SSLError

from taps._kit.errors import Misconfigured, Retryable
from taps._kit.facts import Facts
from taps._kit.peers import guarded_session
from taps._kit.surroundings import Surroundings

_TRIES = 5
_LONGEST_WAIT = timedelta(seconds=60)
"""A run sleeps this long for a limit; a longer wait is given back to the hub as an instant."""
_PAUSE = timedelta(seconds=60)
_LONGEST_PAUSE = timedelta(days=7)
"""However long a system says that it wants to rest: nobody waits for ever because of one wrong header."""
_DIGITS = 9
_SILENCE = 120
"""Seconds without a byte after which a file is given up."""
_CHUNK = 1 << 16
_OK = 200
_UNAUTHORIZED, _FORBIDDEN, _TIMED_OUT, _SERVER_FAULT, _GOOD = 401, 403, 408, 500, 300
_encoder = msgspec.json.Encoder(decimal_format="number")


class Reply(NamedTuple):
    """The system answered. `body` is its JSON with Decimals, None for an empty one."""

    status: int
    body: Any
    headers: Mapping[str, str]

    @property
    def good(self) -> bool:
        """Whether it is a 2xx."""
        return self.status < _GOOD


class Lost(NamedTuple):
    """Sent, and nobody knows."""

    reason: str


class Blocked(NamedTuple):
    """It certainly did nothing."""

    not_before: datetime
    reason: str


Outcome: TypeAlias = Reply | Lost | Blocked
Judge: TypeAlias = Callable[[Reply], Outcome]
"""Of a reply with a good status: the reply where it is what it seems, else Lost or Blocked, with a reason that ends a sentence."""


class Throttled(Retryable):
    """A limit that takes longer than a run may sleep."""

    def __init__(self, say: str, not_before: datetime) -> None:
        super().__init__(say)
        self.not_before = not_before


class NotThere(Retryable):
    """A file that the system named cannot be had from there; `status` says why."""

    def __init__(self, say: str, status: int) -> None:
        super().__init__(say)
        self.status = status


class Login(Protocol):
    """How a call says who we are."""

    def headers(self) -> Mapping[str, str]:
        """For the next call. Raises Misconfigured where there is nothing to log in with."""
        ...

    def renew(self) -> bool:
        """After a 401: whether there is another token now that is worth a try."""
        ...


class _Again(Exception):
    """A read that may go better; says why."""


class Edge:
    """One system under one base URL, for one thread."""

    def __init__(
        self,
        facts: Facts,
        base_url: str,
        login: Login,
        around: Surroundings,
        *,
        private_network: bool = False,
        judge: Judge | None = None,
    ) -> None:
        parts = urlsplit(base_url)
        host = parts.hostname or ""
        if not private_network and parts.scheme != "https":
            raise Misconfigured(f"{facts.title} is spoken to over https; {parts.scheme or 'no'} address was given. Correct base_url.")
        if not private_network and facts.hosts and not any(host == known or host.endswith(f".{known}") for known in facts.hosts):
            raise Misconfigured(f"{host} is no host of {facts.title}: {', '.join(facts.hosts)}. Correct base_url.")
        if parts.username or parts.password:
            raise Misconfigured(f"The address of {facts.title} holds a password. Put it into its own setting.")
        self.facts = facts
        self.around = around
        self._base = base_url.rstrip("/")
        self._login = login
        self._private = private_network
        self._judged = judge
        self._session = guarded_session(private_network=private_network)
        self.calls = 0
        """Calls that left, for the bench and the contract of calls per document."""

    def close(self) -> None:
        """Let go of the connections."""
        self._session.close()

    # ── reading ──

    def read(
        self,
        path: str,
        params: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        method: str = "GET",
        body: Any = None,
    ) -> Reply:
        """The reply to a call that changes nothing; 4xx but 401, 403 and 429 are replies too.

        Raises Throttled for a limit beyond a minute, Retryable after five tries, Misconfigured where the log-in is refused.
        """
        policy = Retrying(
            retry=retry_if_exception_type(_Again),
            stop=stop_after_attempt(_TRIES),
            wait=wait_exponential_jitter(multiplier=0.5, max=30),
            sleep=self.around.sleep,
            reraise=True,
        )
        try:
            reply: Reply = policy(self._read_once, method, path, params, headers, body)
        except _Again as again:
            raise Retryable(f"{self.facts.title} does not answer: {again}.") from None
        return reply

    def _read_once(self, method: str, path: str, params: Any, headers: Any, body: Any) -> Reply:
        outcome = self._call(method, path, params, headers, body)
        if isinstance(outcome, Lost):
            raise _Again(outcome.reason)
        if isinstance(outcome, Blocked):
            self._wait(outcome)
            raise _Again(outcome.reason)
        if outcome.status == _FORBIDDEN:
            raise Misconfigured(f"{self.facts.title} does not allow us to read {path}. Give the log-in this right.")
        return outcome

    def _wait(self, blocked: Blocked) -> None:
        wait = blocked.not_before - self.around.clock()
        if wait > _LONGEST_WAIT:
            raise Throttled(
                f"{self.facts.title}: {blocked.reason}; not before {blocked.not_before:%Y-%m-%d %H:%M} UTC.", blocked.not_before
            )
        if wait > timedelta(0):
            self.around.sleep(wait.total_seconds())

    # ── files ──

    def lines(self, url: str, hosts: tuple[str, ...]) -> Iterator[bytes]:
        """The lines of a file that the system has laid down for us elsewhere, as they come, each with its line end; memory is one line.

        It is fetched without our log-in. Raises Misconfigured for a host that is not among `hosts` (in a private network: not the system's
        own), NotThere where it is not given out, Retryable where it breaks off.
        """
        self._require_known(url, hosts)
        self.calls += 1
        try:
            answer = self._session.get(
                url, headers={"Accept-Encoding": "identity"}, stream=True, timeout=(10, _SILENCE), allow_redirects=False
            )
            with answer:
                if answer.status_code != _OK:
                    raise NotThere(f"{self.facts.title} does not give out its file ({answer.status_code}).", answer.status_code)
                yield from _lines(answer.iter_content(_CHUNK))
        except requests.RequestException as error:
            raise Retryable(f"The file of {self.facts.title} broke off.", log=type(error).__name__) from None

    def _require_known(self, url: str, hosts: tuple[str, ...]) -> None:
        parts, own = urlsplit(url), urlsplit(self._base)
        host = parts.hostname or ""
        if self._private:
            known = (parts.scheme, parts.netloc) == (own.scheme, own.netloc)
        else:
            known = parts.scheme == "https" and not parts.username and any(host == each or host.endswith(f".{each}") for each in hosts)
        if not known:
            raise Misconfigured(f"{self.facts.title} names a file at {host or 'no host'}, which is none of its own. It was not fetched.")

    # ── writing ──

    def write(
        self, method: str, path: str, body: Any = None, params: Mapping[str, Any] | None = None, headers: Mapping[str, str] | None = None
    ) -> Outcome:
        """One try of a call that changes something."""
        return self._call(method, path, params, headers, body)

    # ── one call ──

    def _call(self, method: str, path: str, params: Any, headers: Any, body: Any) -> Outcome:
        outcome = self._once(method, path, params, headers, body)
        if not (isinstance(outcome, Reply) and outcome.status == _UNAUTHORIZED):
            return outcome
        if self._login.renew():  # a 401 is said before anything is done: the same call may go again
            outcome = self._once(method, path, params, headers, body)
        if isinstance(outcome, Reply) and outcome.status == _UNAUTHORIZED:
            raise Misconfigured(f"{self.facts.title} refuses our log-in. Connect it again, or correct its secret.")
        return outcome

    def _once(self, method: str, path: str, params: Any, headers: Any, body: Any) -> Outcome:
        blocked = self._admitted(path)
        if blocked is not None:
            return blocked
        sent = {"Accept": "application/json", **self._login.headers(), **(headers or {})}
        data = None
        if body is not None:
            data = body if isinstance(body, bytes) else _encoder.encode(body)
            sent.setdefault("Content-Type", "application/json")
        self.calls += 1
        try:
            answer = self._session.request(
                method,
                f"{self._base}{path}",
                params=params,
                data=data,
                headers=sent,
                timeout=(10, self.facts.request_timeout.total_seconds()),
                allow_redirects=False,
            )
        except requests.RequestException as error:
            return self._unanswered(error)
        outcome = self._judge(answer)
        if self._judged is not None and isinstance(outcome, Reply) and outcome.good:
            outcome = self._judged(outcome)
        if isinstance(outcome, Blocked):
            self.around.hold(outcome.not_before)
        return outcome

    def _admitted(self, path: str) -> Blocked | None:
        """Wait for the budget, up to a minute; a longer wait is given back."""
        while (not_before := self.around.budget(path)) is not None:
            wait = not_before - self.around.clock()
            if wait > _LONGEST_WAIT:
                return Blocked(not_before, "the call limit is used up")
            self.around.sleep(max(wait.total_seconds(), 0.0))
        return None

    def _unanswered(self, error: requests.RequestException) -> Lost | Blocked:
        """Whether the call can have arrived. What failed before the connection stood certainly did not."""
        cause: BaseException | None = error
        while cause is not None:
            reason = getattr(cause, "reason", None)
            if isinstance(reason, (NewConnectionError, ConnectTimeoutError)) or isinstance(cause, NewConnectionError):
                return Blocked(self.around.clock() + _PAUSE, "it cannot be reached")
            if isinstance(reason, SSLError) and any(isinstance(each, SSLCertVerificationError) for each in reason.args):
                # other TLS errors may come after the call was sent
                return Blocked(self.around.clock() + _PAUSE, "its certificate is not good")
            arguments = [each for each in cause.args if isinstance(each, BaseException)]
            cause = arguments[0] if arguments else cause.__cause__
        return Lost("the connection broke after the call was sent")

    def _judge(self, answer: requests.Response) -> Outcome:
        status = answer.status_code
        if status in self.facts.throttles:
            return Blocked(self._retry_after(answer), f"it says that we are too fast ({status})")
        if status >= _SERVER_FAULT or status == _TIMED_OUT:
            return Lost(f"it answered with {status}")
        if _GOOD <= status < 400:  # noqa: PLR2004 (redirects)
            raise Misconfigured(f"{self.facts.title} sends us elsewhere ({status}). Correct base_url.")
        text = answer.text
        if not text.strip():
            return Reply(status, None, answer.headers)
        try:
            return Reply(status, json.loads(text, parse_float=Decimal), answer.headers)
        except ValueError:
            if status < _GOOD:
                return Lost("its answer is no JSON")
            return Reply(status, text[:500], answer.headers)

    def _retry_after(self, answer: requests.Response) -> datetime:
        """When the system wants to hear of us again, from seconds or a date; a minute where it does not say."""
        now = self.around.clock()
        said = answer.headers.get("Retry-After", "").strip()
        if said.isascii() and said.isdecimal():
            return now + min(timedelta(seconds=int(said[:_DIGITS])), _LONGEST_PAUSE)
        try:
            date = parsedate_to_datetime(said)
        except ValueError:
            return now + _PAUSE
        return min(max(now, date.replace(tzinfo=date.tzinfo or UTC).astimezone(UTC)), now + _LONGEST_PAUSE)


def _lines(chunks: Iterator[bytes]) -> Iterator[bytes]:
    rest = b""
    for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n")
        for line in whole:
            yield line + b"\n"
    if rest:
        yield rest
