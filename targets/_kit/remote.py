"""A target that is spoken to over HTTP: how calls are made of payloads, and answers of replies. What is said is the connector's business.

`send` goes through the calls in order. A call that certainly did nothing (Blocked) ends the round: what comes after it was not sent
either. A call that is lost leaves its own payloads in doubt, and the round goes on: each call is about other subjects.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

import msgspec

from mappings.problem import Problem
from taps._kit.edge import Blocked, Edge, Lost, Reply
from taps._kit.errors import Fatal
from taps._kit.facts import Facts
from taps._kit.points import at
from taps._kit.surroundings import Surroundings
from targets._kit.writer import (
    Absent,
    Answer,
    Found,
    InDoubt,
    Metadata,
    NotSent,
    Partly,
    Payload,
    Period,
    Receipt,
    Refused,
    Sent,
    Unknown,
    Whereabouts,
)

_LONGEST_SENTENCE = 300


@dataclass(frozen=True, slots=True)
class Call:
    """One write call and the payloads it carries, in the order in which its reply speaks of them."""

    method: str
    path: str
    payloads: tuple[Payload, ...]
    body: Any = None
    params: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)


class RemoteWriter(ABC):
    """Base of the writers over HTTP. `open` makes the edge; a subclass says how payloads become calls and replies become answers."""

    facts: Facts

    def __init__(self) -> None:
        self._opened: Edge | None = None
        self._around = Surroundings()

    # ── what a connector says ──

    @abstractmethod
    def connect(self, around: Surroundings) -> Edge:
        """The edge of this connection."""

    @abstractmethod
    def calls(self, batch: Sequence[Payload]) -> Iterator[Call]:
        """The calls for these payloads: as few as the system's batch sizes allow. Pure, for a rehearsal counts them too."""

    @abstractmethod
    def judge(self, call: Call, reply: Reply) -> list[Answer]:
        """One answer per payload of the call, from a reply that is no 5xx, no 429 and no 401."""

    @abstractmethod
    def look_up(self, sent: Sequence[Sent]) -> Sequence[Receipt | Partly | None]:
        """What the system holds of these attempts, by our reference; reads only. None: it shows nothing (yet).

        Partly: the attempt was broken off, and what it left is a beginning that the next one goes on with.
        """

    @abstractmethod
    def read_back(self, since: datetime | None = None) -> Sequence[Receipt]:
        """What the system holds of ours."""

    def periods(self) -> Sequence[Period]:
        """Closed periods of the books; none where the system has no books."""
        return []

    def metadata(self) -> Metadata:
        """What decides whether a refused document may be tried again."""
        return Metadata()

    def check(self) -> list[Problem]:
        """What would stop a write, found without writing."""
        return []

    # ── what they share ──

    @property
    def edge(self) -> Edge:
        """The open edge."""
        if self._opened is None:
            raise Fatal(f"The writer of {self.facts.title} is not open.")
        return self._opened

    def open(self, checkpoint: Mapping[str, Any] | None, around: Surroundings | None = None) -> None:  # noqa: ARG002 (nothing to resume)
        """Make the edge and say hello, so that a wrong log-in is told before anything is in doubt."""
        self._around = around or Surroundings()
        self._opened = self.connect(self._around)
        self.hello()

    def hello(self) -> None:  # noqa: B027 (not every system has something to say hello to)
        """A first read. Raises Misconfigured for a wrong log-in or a company that is not there."""

    def close(self) -> None:
        """Let go of the connections."""
        if self._opened is not None:
            self._opened.close()
            self._opened = None

    def checkpoint(self) -> dict[str, Any]:
        """Nothing: what stands is asked of the system itself."""
        return {}

    def send(self, batch: Sequence[Payload]) -> list[Answer]:
        """One answer per payload, in order."""
        answers: dict[int, Answer] = {}
        places = {id(payload): place for place, payload in enumerate(batch)}
        rest = NotSent(self._around.clock(), "left for the next round")
        for call in self.calls(batch):
            outcome = self.edge.write(call.method, call.path, call.body, call.params, call.headers)
            at("H1")
            if isinstance(outcome, Blocked):
                rest = NotSent(outcome.not_before, f"{self.facts.title}: {outcome.reason}")
                break
            if isinstance(outcome, Lost):
                said: Sequence[Answer] = [InDoubt(f"{self.facts.title}: {outcome.reason}")] * len(call.payloads)
            else:
                said = self.judge(call, outcome)
            answers.update({places[id(payload)]: answer for payload, answer in zip(call.payloads, said, strict=True)})
            at("B1")
        return [answers.get(place, rest) for place in range(len(batch))]

    def find(self, sent: Sequence[Sent]) -> list[Whereabouts]:
        """Found, Unknown until the system is sure to show what it took (`visible_after`), or Absent after that.

        What a system takes may show up to `visible_after` after the attempt's request can have ended.
        """
        if not sent:
            return []
        found = self.look_up(sent)
        now = self._around.clock()
        answers: list[Whereabouts] = []
        for attempt, receipt in zip(sent, found, strict=True):
            sure = attempt.since + self.facts.request_timeout + self.facts.visible_after
            if isinstance(receipt, Receipt):
                answers.append(Found(receipt))
            elif now < sure:
                answers.append(Unknown(sure, f"{self.facts.title} may still show it"))
            else:
                answers.append(Absent() if receipt is None else receipt)
        return answers


def digest(body: Any) -> str:
    """Hash of what will be written: equal bodies, equal hashes."""
    return sha256(msgspec.json.encode(body, order="deterministic")).hexdigest()[:40]


def refused(system: str, of: str, said: str, fix: str = "", field_name: str = "") -> Refused:
    """A refusal in words that finance can act on; `said` is the system's own sentence, cut where it is long."""
    sentence = " ".join(str(said).split())[:_LONGEST_SENTENCE].rstrip(".")
    return Refused(
        Problem(
            "SEND-REFUSED",
            f"{system} refuses {of}: {sentence}.",
            fix or "Correct it at the source or in the posting; it is sent again when either changes, or with `counterfoil retry`.",
            field_name,
        )
    )


def soon(around: Surroundings, seconds: float = 60) -> datetime:
    """A moment from now, for what should be asked again shortly."""
    return around.clock() + timedelta(seconds=seconds)
