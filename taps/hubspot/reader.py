"""The reader of a HubSpot account: which stream is read how, and whether the account lets us in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from mappings.problem import Problem
from taps._kit.errors import CounterfoilError, Misconfigured
from taps._kit.reader import Message, Stream
from taps._kit.surroundings import Surroundings
from taps.hubspot.client import Portal, connect
from taps.hubspot.config import HubSpotConfig
from taps.hubspot.facts import FACTS
from taps.hubspot.kinds import KINDS, OWNERS, streams
from taps.hubspot.passing import Pass, owners


class HubSpotReader:
    """One account of HubSpot."""

    facts = FACTS

    def __init__(self, config: HubSpotConfig, home: Path) -> None:  # noqa: ARG002 (nothing of it lies in the home folder)
        self._config = config

    def streams(self) -> list[Stream]:
        """Every stream; HubSpot is not asked."""
        return streams(dict(self._config.more_properties))

    def read(self, stream: str, state: Mapping[str, Any] | None, around: Surroundings) -> Iterator[Message]:
        """Read on from `state`. Raises Misconfigured for a stream that is not there or a log-in that is refused."""
        if stream != OWNERS and stream not in KINDS:
            raise Misconfigured(f"There is no stream {stream!r} in HubSpot; there are {OWNERS}, {', '.join(KINDS)}.")
        portal = Portal(connect(self._config, around), self._config)
        try:
            if stream == OWNERS:
                yield from owners(portal, state or {})
            else:
                yield from Pass(portal, KINDS[stream], state or {}).messages()
        finally:
            portal.close()

    def check(self, around: Surroundings | None = None) -> list[Problem]:
        """Whether the log-in is taken, and which streams it may not read."""
        if around is None:
            return []
        portal = Portal(connect(self._config, around), self._config)
        try:
            portal.account  # noqa: B018 (asks)
            return [problem for kind in KINDS if (problem := _closed(portal, kind))]
        except CounterfoilError as refused:
            return [Problem("CONNECT-DENIED", refused.say, "Set the access token anew, or connect the account again.", "access_token")]
        finally:
            portal.close()


def _closed(portal: Portal, kind: str) -> Problem | None:
    """Why this stream cannot be read; None where it can."""
    try:
        portal.listed(kind, [], None)
    except Misconfigured as refused:
        scope = f"crm.objects.{kind}.read"
        return Problem("CONNECT-DENIED", refused.say, f"Give the app the scope {scope}, or leave the stream out.", scope)
    return None
