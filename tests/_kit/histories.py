"""Random histories of a system behind a tap: after each run the heads are what the system holds, whatever happened in between.

The hub's part is played by `Heads`: it keeps the newest record of each key, forgets what is told to be gone, and hands the last State back.
A history goes through the tap's own edge, with calls that are answered in this process: thousands of them take minutes.
"""

from __future__ import annotations

import io
import json
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import Any
from unittest.mock import patch
from urllib.parse import unquote, urlsplit

import msgspec
import requests
from requests.adapters import BaseAdapter
from urllib3 import HTTPResponse

from taps._kit import simulator as simulating
from taps._kit.edge import Throttled
from taps._kit.errors import Retryable
from taps._kit.reader import Complete, Damaged, Reader, Record, State, Tombstone
from taps._kit.registry import tap
from taps._kit.simulator import Request, Simulator
from taps._kit.surroundings import Pocket, Surroundings
from tests.contract.samples.remote_tap import RemoteTapSample

FOLDER = Path(__file__).parents[1] / "contract" / "samples"
SAMPLES: dict[str, RemoteTapSample] = {
    path.stem.removeprefix("source_"): import_module(f"tests.contract.samples.{path.stem}").sample() for path in FOLDER.glob("source_*.py")
}
EVENTS = 30
"""A history has at least so many."""
ADDRESS = "http://simulator.invalid"
_encode = msgspec.json.Encoder(decimal_format="number").encode


class Heads:
    """What the hub holds of one stream."""

    def __init__(self, sample: RemoteTapSample) -> None:
        self._sample = sample
        self.bodies: dict[str, dict[str, Any]] = {}
        self.state: dict[str, Any] | None = None
        self.read = 0
        self._seen: set[str] = set()

    def take(self, reader: Reader, around: Surroundings, most: int | None = None) -> int:
        """Read on; stop after `most` messages as a killed process does: what came after the last State is forgotten."""
        kept, seen, count = dict(self.bodies), set(self._seen), 0
        for message in reader.read(self._sample.stream, json.loads(json.dumps(self.state)), around):
            if most is not None and count >= most:
                return count
            count += 1
            match message:
                case Record():
                    kept[message.key or ""] = json.loads(json.dumps(message.body, default=str))
                    seen.add(message.key or "")
                case Tombstone():
                    kept.pop(message.key, None)
                case Complete():
                    kept = {key: body for key, body in kept.items() if key in seen}
                    seen = set()
                case Damaged():
                    raise AssertionError(message.problem.say)
                case State():
                    assert message.read >= self.read, "a reader counts over its whole life"
                    self.bodies, self.state, self.read, self._seen = dict(kept), message.value, message.read, set(seen)
        return count

    @property
    def versions(self) -> dict[str, str]:
        return {key: self._sample.version_of(body) for key, body in self.bodies.items()}


def surroundings(simulator: Simulator, secrets: dict[str, str]) -> Surroundings:
    return Surroundings(clock=simulator.clock, safe=Pocket(dict(secrets)), sleep=simulator.clock.sleep)


def settle(simulator: Simulator) -> None:
    """Let what the system shows late become visible."""
    simulator.clock.forward(minutes=10)


def until_done(heads: Heads, reader: Reader, around: Surroundings) -> None:
    """Run as a scheduler does: again, when it failed in a way that may go better."""
    for _ in range(20):
        try:
            heads.take(reader, around)
        except Throttled as told:
            around.clock.now = max(around.clock(), told.not_before) + timedelta(seconds=1)  # type: ignore[attr-defined]
        except Retryable:
            around.clock.forward(minutes=1)  # type: ignore[attr-defined]
        else:
            return
    raise AssertionError("it never gets through")


class Straight(BaseAdapter):
    """Calls go straight to a simulator, faults included: what a broken connection is to a client, it is here."""

    def __init__(self, simulator: Simulator) -> None:
        super().__init__()
        self._simulator = simulator

    def send(self, request: requests.PreparedRequest, **_how: Any) -> requests.Response:
        """The simulator's answer to a call."""
        parts = urlsplit(str(request.url))
        headers = {name.lower(): str(value) for name, value in request.headers.items()} | {"host": parts.netloc}
        data = request.body or b""
        body = simulating.body_of(headers.get("content-type", ""), data.encode() if isinstance(data, str) else data)
        call = Request(str(request.method), unquote(parts.path), simulating.query_of(parts.query), headers, body)
        answer, fault = self._simulator.answer(call)
        if answer is None or fault == "truncate":
            raise requests.exceptions.ChunkedEncodingError("the connection broke")
        made = requests.Response()
        made.status_code = answer.status
        made.headers.update(answer.headers)
        made.headers.setdefault("content-type", "application/json")
        made.request, made.url = request, str(request.url)
        made.raw = HTTPResponse(io.BytesIO(_bytes(answer.body)), preload_content=False)
        return made

    def close(self) -> None:
        """Nothing is open."""


def _bytes(body: Any) -> bytes:
    if isinstance(body, Path):
        return body.read_bytes()
    return body if isinstance(body, bytes) else b"" if body is None else _encode(body)


@contextmanager
def straight(simulator: Simulator) -> Iterator[str]:
    """An address under which taps and targets of this process reach the simulator without a socket."""

    def session(**_how: Any) -> requests.Session:
        made = requests.Session()
        made.trust_env = False
        made.mount(ADDRESS, Straight(simulator))
        return made

    with patch("taps._kit.edge.guarded_session", session):
        yield ADDRESS


def live_through(sample: RemoteTapSample, seed: int, home: Path) -> None:
    """One history: events, and every few of them a run, after which the heads are the truth.

    Every fourth seed has faults while paging, another fourth is killed in the middle of a run.
    """
    chance = random.Random(seed)
    simulator = sample.simulator()
    happen = sample.happen or _events(sample)
    heads, around, happened = Heads(sample), surroundings(simulator, sample.secrets), 0
    if seed % 4 == 0:
        simulator.faults.chance, simulator.faults.random = 0.15, random.Random(seed)
    with straight(simulator) as url:
        kind = tap(sample.tap)
        reader = kind.build(kind.config.model_validate(sample.config(url)), home)
        while happened < EVENTS:
            for _ in range(chance.randrange(1, EVENTS // 3)):
                happen(simulator, chance)
                happened += 1
                simulator.clock.forward(seconds=chance.choice((0, 0, 1, 30)))
            if seed % 4 == 1:
                heads.take(reader, around, chance.randrange(1, 20))
            settle(simulator)
            until_done(heads, reader, around)
            assert heads.versions == sample.truth(simulator)


def _events(sample: RemoteTapSample) -> Callable[[Simulator, random.Random], None]:
    def happen(simulator: Simulator, chance: random.Random) -> None:
        keys = sorted(sample.truth(simulator))
        what = chance.choice(("add", "change", "change", "delete"))
        if what == "add" or len(keys) < 3:
            sample.add(simulator)
        elif what == "delete" and sample.delete:
            sample.delete(simulator, chance.choice(keys))
        else:
            sample.change(simulator, chance.choice(keys))

    return happen
