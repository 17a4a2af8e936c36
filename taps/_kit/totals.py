"""What a source says of itself apart from the cursor: how many rows a period has, and which, in another order and by another query.

A tap that follows a clock never sees a row that its clock, its filter or a lost page passed over. So a system may have, beside its reader,
a function that asks for a period anew: the vendor's own count where there is one, and a list of ids with day and amount. It shares the
client and its budget with the reader, and none of its queries, sort orders or cursors.

    statement = totals.ask("orders", Asked(begin, end, until), around)
    for stream, record in totals.fetch("orders", ["gid://shopify/Order/7"], ("orders", "refunds"), around): ...
    for found in totals.numbers("orders", ["#1017"], around): ...
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol

from taps._kit.reader import Record
from taps._kit.surroundings import Surroundings

ANY = "*"
"""The kind of streams whose rows only a control tells apart."""


class Asked(NamedTuple):
    """A period: business instants from `begin` to before `end` (None: no bound); what came into being after `until` is left out."""

    begin: datetime | None
    end: datetime | None
    until: datetime
    state: Mapping[str, Any] = MappingProxyType({})
    """Where the hub's own read of the stream stands: for sources that are no clock, as files."""


class Listed(NamedTuple):
    """One row that the source says it has."""

    key: str
    """As the reader's Record names it."""
    number: str
    at: str
    """The instant that decides its business date (RFC 3339); a wall clock's text where `local`."""
    unit: str = ""
    amount: Decimal | None = None
    """Signed as the control signs it; None where the list states none."""
    local: bool = False
    changed: str = ""
    """When it was last changed (RFC 3339), where the source says."""


class Statement(NamedTuple):
    """What a source states of one stream in a period."""

    asked: str
    """The query, for people: it stands in the auditor's pack."""
    items: int | None
    """The vendor's own count; None where it has none, and only its list speaks."""
    rows: Sequence[Listed]
    again: Iterable[Record] | None = None
    """Instead of `rows`: every row whole, by another reader than the tap's. The control's own SQL says what they are."""
    why: str = ""
    """Why nothing is stated after all, a sentence; the other fields then say nothing."""


class Found(NamedTuple):
    """What a source says of one number that is missing in a run of numbers."""

    number: str
    say: str
    """A part of a sentence: "a test order", "cancelled on 2026-01-14"."""
    key: str = ""
    """Of the row, where there is one: then it should have been read."""
    at: str = ""
    """When it came into being (RFC 3339)."""
    explains: bool = False
    """Whether that is why nobody misses it."""


class Totals(Protocol):
    """One configured source, asked apart from the cursor. Raises what its client raises."""

    states: Mapping[str, str]
    """Stream → kind of document of which a row of it is one; ANY where the control alone knows."""
    silent: Mapping[str, str]
    """Kind → why the system states nothing of it, a sentence."""

    def ask(self, stream: str, asked: Asked, around: Surroundings) -> Statement:
        """What the source states of a stream."""
        ...

    def fetch(self, stream: str, keys: Sequence[str], streams: Sequence[str], around: Surroundings) -> Iterator[tuple[str, Record]]:
        """Rows of `stream` by their keys, with all that hangs on them in other `streams` that are read."""
        ...

    def numbers(self, stream: str, numbers: Sequence[str], around: Surroundings) -> Iterator[Found]:
        """What the source says of numbers; nothing of those that it does not know."""
        ...
