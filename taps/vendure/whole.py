"""Streams that are read whole each time: their clocks stand still when an address, a price or the stock changes.

State   at, last   the place in the list and the row before it, inside a read
        count      rows of this read            read    rows of the whole life
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from taps._kit.errors import Retryable
from taps._kit.reader import Complete, Message, Record, Start, State
from taps.vendure import queries
from taps.vendure.client import Client
from taps.vendure.config import VendureConfig
from taps.vendure.pages import Listing, Moved, Row

_TRIES = 5
_ROWS = 1000
"""Records after which a State stands at the latest."""
Bodies = Callable[[Client, Row, Mapping[str, Any]], Iterator[tuple[str, dict[str, Any]]]]
"""The records of a row: key and body. Handed what every body carries too."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One stream that is read whole."""

    name: str
    field: str
    selection: str
    bodies: Bodies
    columns: Mapping[str, str]
    """The fields of a record, and what each is in JSON."""
    snapshot: bool = True
    """Whether what is not there any more was deleted."""


def read(client: Client, kind: Kind, config: VendureConfig, state: dict[str, Any], extra: Mapping[str, Any]) -> Iterator[Message]:
    """Everything there is; goes on inside the list where it was left."""
    listing = Listing(client, kind.field, kind.selection, config.page_size)
    state.setdefault("read", 0)
    if not state.get("at"):
        yield from _begin(kind, state)
    for _ in range(_TRIES):
        try:
            for page in listing.pages(state["at"], state["last"]):
                for row in page.rows:
                    yield from _records(client, kind, state, row, extra)
                state |= {"at": page.at, "last": str(page.rows[-1]["id"]) if page.rows else state["last"]}
                if page.more:
                    yield State(dict(state), state["read"])
        except Moved:
            yield from _begin(kind, state)
        else:
            if kind.snapshot:
                yield Complete(kind.name, state["count"])
            yield State({"read": state["read"]}, state["read"])
            return
    raise Retryable(f"The list of {kind.name} at Vendure changes faster than it can be read.")


def _begin(kind: Kind, state: dict[str, Any]) -> Iterator[Message]:
    state |= {"at": 0, "last": None, "count": 0}
    if kind.snapshot:
        yield Start(kind.name)


def _records(client: Client, kind: Kind, state: dict[str, Any], row: Row, extra: Mapping[str, Any]) -> Iterator[Message]:
    for number, (key, body) in enumerate(kind.bodies(client, row, extra), 1):
        state["read"] += 1
        state["count"] += 1
        yield Record(body, key, None, kind.name if kind.snapshot else "")
        if number % _ROWS == 0 and not kind.snapshot:  # inside a row; the next read begins before the row
            yield State(dict(state), state["read"])


# ── what a row becomes ──


def _itself(_client: Client, row: Row, _extra: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    yield str(row["id"]), dict(row)


def _with_money(_client: Client, row: Row, extra: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    yield str(row["id"]), {**row, **extra}


def _levels(_client: Client, row: Row, _extra: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for level in row["stockLevels"]:
        yield str(level["id"]), {**level, "variantId": row["id"], "sku": row["sku"]}


def _movements(client: Client, row: Row, _extra: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, kind in (("adjustments", "ADJUSTMENT"), ("returns", "RETURN")):
        found = {move["id"]: move for move in row[name]["items"]}
        while len(found) < row[name]["totalItems"]:
            options = {"type": kind, "skip": len(found), "take": queries.HISTORY["take"]}
            variant = client.ask(queries.MOVES, {"id": row["id"], "adjustments": options})["productVariant"]
            before = len(found)
            found |= {move["id"]: move for move in (variant["stockMovements"]["items"] if variant else [])}
            if len(found) == before:
                raise Retryable(f"Vendure has more {name} of {row['sku']} than it shows.")
        for move in sorted(found.values(), key=lambda each: (len(each["id"]), each["id"])):
            yield str(move["id"]), {**move, "variantId": row["id"], "sku": row["sku"]}


def _columns(text: str = "", **others: str) -> dict[str, str]:
    return dict.fromkeys(text.split(), "string") | others


_ALL = (
    Kind(
        "customers",
        "customers",
        queries.CUSTOMER,
        _itself,
        _columns("id createdAt updatedAt title firstName lastName phoneNumber emailAddress", groups="array", addresses="array"),
    ),
    Kind(
        "product_variants",
        "productVariants",
        queries.VARIANT,
        _with_money,
        _columns(
            "id createdAt updatedAt sku name trackInventory currencyCode moneyUnit",
            enabled="boolean",
            price="integer",
            priceWithTax="integer",
            outOfStockThreshold="integer",
            product="object",
            taxCategory="object",
            taxRateApplied="object",
            options="array",
            prices="array",
        ),
    ),
    Kind(
        "stock_levels",
        "productVariants",
        queries.LEVELS,
        _levels,
        _columns("id createdAt updatedAt variantId sku", stockOnHand="integer", stockAllocated="integer", stockLocation="object"),
    ),
    Kind(
        "stock_movements",
        "productVariants",
        queries.MOVEMENTS,
        _movements,
        _columns("id createdAt type variantId sku", quantity="integer"),
        snapshot=False,
    ),
    Kind("stock_locations", "stockLocations", queries.LOCATION, _itself, _columns("id createdAt updatedAt name description")),
)
KINDS = {kind.name: kind for kind in _ALL}
