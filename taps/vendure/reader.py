"""What the hub reads of a shop: streams, check, and one read of a stream."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from mappings.problem import Problem
from taps._kit.errors import Misconfigured
from taps._kit.reader import Message, Stream
from taps._kit.surroundings import Surroundings
from taps.vendure import bodies, queries, whole
from taps.vendure.client import Client
from taps.vendure.config import VendureConfig
from taps.vendure.facts import FACTS, RIGHTS
from taps.vendure.orders import Sweep

ORDERS = "orders"
_ALL_RIGHTS = "SuperAdmin"


class VendureReader:
    """One server."""

    facts = FACTS

    def __init__(self, config: VendureConfig, home: Path) -> None:  # noqa: ARG002 (nothing of it lies in the home folder)
        self._config = config

    def streams(self) -> list[Stream]:
        """Every stream; the server is not asked."""
        others = [_stream(kind.name, kind.columns, snapshot=kind.snapshot) for kind in whole.KINDS.values()]
        return [_stream(ORDERS, bodies.COLUMNS, snapshot=False), *others]

    def read(self, stream: str, state: Mapping[str, Any] | None, around: Surroundings) -> Iterator[Message]:
        """Read on from `state`. Raises Misconfigured for a stream or a channel that is not there."""
        if stream not in RIGHTS:
            raise Misconfigured(f"There is no stream {stream!r} in Vendure; there are {', '.join(RIGHTS)}.")
        client = Client(self._config, around)
        try:
            extra = {"moneyUnit": unit(client, self._config)}
            if stream == ORDERS:
                yield from Sweep(client, self._config, dict(state or {}), extra).messages()
            else:
                yield from whole.read(client, whole.KINDS[stream], self._config, dict(state or {}), extra)
        finally:
            client.close()

    def check(self, around: Surroundings | None = None) -> list[Problem]:
        """Which streams the log-in may not read, and a channel that is not there."""
        if around is None:
            return []
        client = Client(self._config, around)
        try:
            unit(client, self._config)
            mine = client.ask(queries.RIGHTS)["me"]["channels"]
            may = {right for channel in mine if self._config.channel in (None, channel["token"]) for right in channel["permissions"]}
            return [_missing(stream, rights) for stream, rights in RIGHTS.items() if not may & {_ALL_RIGHTS, *rights}]
        finally:
            client.close()


def unit(client: Client, config: VendureConfig) -> str:
    """What one unit of the server's whole numbers of money is worth. Asks which channel answers, too: a wrong token is not refused."""
    about = client.ask(queries.ABOUT)
    if config.channel and about["activeChannel"]["token"] != config.channel:
        raise Misconfigured("No channel of Vendure has the token that `channel` says. Correct it, or leave it out.")
    return str(Decimal(1).scaleb(-about["globalSettings"]["serverConfig"]["moneyStrategyPrecision"]))


def _missing(stream: str, rights: tuple[str, ...]) -> Problem:
    return Problem(
        "CONNECT-DENIED",
        f"The log-in may not read {stream}: its role has no permission {' or '.join(rights)}.",
        "Give the role this permission, or leave the stream out.",
        stream,
    )


def _stream(name: str, columns: Mapping[str, str], *, snapshot: bool) -> Stream:
    properties = {column: {"type": [what, "null"]} for column, what in columns.items()}
    schema = {"type": "object", "properties": properties, "additionalProperties": True}
    return Stream(name, schema, ("id",), snapshot)
