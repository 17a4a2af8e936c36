"""The source as it is now: every row read anew, without a cursor, and asked by the control's SQL.

A row that the tap missed, a delete that nobody saw, an edit that moved no clock: here they show, because nothing of the last reads is
believed. Where the control asks for `heads` (a shop too large to be read each morning), the hub's current rows stand in, and the report
says so.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from pipelines.home.load import Home
from pipelines.home.settings import TapConnection
from pipelines.hub.around import surroundings
from pipelines.hub.store import Hub
from pipelines.reconcile.bench import Bench, Table
from pipelines.reconcile.controls import BANK, Control, ask
from pipelines.reconcile.corners import hub as hub_corner
from pipelines.reconcile.corners.totals import Asking
from taps._kit.reader import Damaged, Record, Tombstone
from taps._kit.registry import tap
from taps._kit.surroundings import Surroundings

_ROWS = {"seq": "BIGINT", "key": "VARCHAR", "version": "VARCHAR", "body": "JSON"}
_encode = msgspec.json.Encoder(decimal_format="string", enc_hook=str).encode


def load(
    bench: Bench,
    home: Home,
    hub: Hub,
    connection: TapConnection,
    control: Control,
    effect: str,
    sheet: str,
    asking: Asking | None = None,
) -> list[str]:
    """Put what the control finds into `item`, completed by what the source lists apart; sentences about what could not be read."""
    bench.calendar(connection.timezone, connection.day_cutoff)
    notes = _streams(bench, home, hub, connection, control)
    if asking is not None:
        asking.complete(bench, connection, control, effect)
    for kind in control.selects[effect]:
        into = {"corner": "bank" if effect == BANK else "source", "sheet": sheet, "connection": connection.name}
        unread = ask(bench, control, effect, kind, into)
        if unread:
            notes.append(
                f"{connection.name}: {unread} of kind {kind} state no amount that can be read, or no currency; they are not in its total."
            )
    if asking is not None:
        asking.compare(bench, connection, control, effect, sheet)
    return notes


def _streams(bench: Bench, home: Home, hub: Hub, connection: TapConnection, control: Control) -> list[str]:
    """Each stream as a table (key, body), the newest row of each key."""
    notes: list[str] = []
    kind = tap(connection.tap)
    for stream in connection.mappings:
        if control.asks == "heads":
            table = Table(stream, _ROWS)
            bench.make(table)
            bench.load(table, hub_corner.heads(hub, connection.name, stream))
            _newest(bench, stream)
        else:
            reader = kind.build(kind.config.model_validate(connection.config), home.path)
            notes += read_stream(bench, reader, stream, surroundings(hub, home.path, connection.name, kind.facts), connection.name)
    return notes


def read_stream(bench: Bench, reader: Any, stream: str, around: Surroundings, connection: str) -> list[str]:
    """A stream read anew as a table of its name, the newest row of each key; a sentence where rows could not be read."""
    table = Table(stream, _ROWS)
    bench.make(table)
    damaged: list[str] = []
    bench.load(table, _read(reader, stream, around, damaged))
    _newest(bench, stream)
    if not damaged:
        return []
    return [f"{connection}/{stream}: {len(damaged)} rows cannot be read, the first {damaged[0]}; what they say is unknown."]


def _read(reader: Any, stream: str, around: Surroundings, damaged: list[str]) -> Iterator[dict[str, Any]]:
    for seq, message in enumerate(reader.read(stream, None, around)):
        match message:
            case Record():
                key = f"#{seq}" if message.key is None else message.key
                yield {"seq": seq, "key": key, "version": message.version, "body": msgspec.Raw(_encode(message.body))}
            case Tombstone():
                yield {"seq": seq, "key": message.key, "version": message.version, "body": None}
            case Damaged():
                damaged.append(message.where)


def _newest(bench: Bench, stream: str) -> None:
    """Keep the newest row of each key, as the hub's heads do; keys that the source itself took back are gone."""
    bench.con.execute(
        f'DELETE FROM "{stream}" WHERE seq NOT IN (SELECT seq FROM "{stream}" '  # noqa: S608 (a stream of ours)
        "QUALIFY row_number() OVER (PARTITION BY key ORDER BY version DESC NULLS LAST, seq DESC) = 1)"
    )
    bench.con.execute(f'DELETE FROM "{stream}" WHERE body IS NULL')  # noqa: S608
