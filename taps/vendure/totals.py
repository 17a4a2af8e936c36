"""What a shop says of itself apart from the sweep: how many orders were placed in a period, and a list of them by the day of creation.

The sweep goes through all orders in the order in which they were placed and reads those that show a sign of change; this list asks for
ids, codes and totals only, in the order of `createdAt`, and Vendure's `totalItems` says how many there must be. Refunds and payments hang
on their order and have no list.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType
from typing import Any

from taps._kit.reader import Record
from taps._kit.surroundings import Surroundings
from taps._kit.totals import Asked, Found, Listed, Statement
from taps.vendure import queries
from taps.vendure.bodies import whole_order
from taps.vendure.client import Client
from taps.vendure.config import VendureConfig
from taps.vendure.pages import Listing
from taps.vendure.reader import unit

_ORDERS = "orders"
_HEADS = "id code orderPlacedAt updatedAt currencyCode totalWithTax"
_STEP = timedelta(milliseconds=1)
_HANG = "Vendure has neither a count nor a list of them: they hang on their order."


class VendureTotals:
    """One server, counted."""

    states: Mapping[str, str] = MappingProxyType({_ORDERS: "order"})
    silent: Mapping[str, str] = MappingProxyType(
        {
            "refund": _HANG,
            "payment": _HANG,
            "stock_movement": "Vendure lists movements by article only, and each read of them is a whole one.",
        }
    )

    def __init__(self, config: VendureConfig, home: Path) -> None:  # noqa: ARG002 (nothing of it lies in the home folder)
        self._config = config

    def ask(self, stream: str, asked: Asked, around: Surroundings) -> Statement:  # noqa: ARG002 (there is one)
        """Count and list of the orders that were placed in a period. Raises Moved where they change while they are listed."""
        client = Client(self._config, around)
        try:
            worth = Decimal(unit(client, self._config))
            options = {"sort": {"createdAt": "ASC", "id": "ASC"}, "filter": self._placed(asked)}
            count = client.ask(_COUNT, {"options": {"take": 1, "filter": options["filter"]}})[_ORDERS]["totalItems"]
            listing = Listing(client, _ORDERS, _HEADS, self._config.sweep_size, options)
            rows = [_listed(row, worth) for page in listing.pages() for row in page.rows]
        finally:
            client.close()
        bounds = " and ".join(f"{name} {text}" for condition in _conditions(options["filter"]) for name, text in condition.items() if text)
        return Statement(f"totalItems of orders and orders by createdAt, placed {bounds}", int(count), rows)

    def fetch(self, stream: str, keys: Sequence[str], streams: Sequence[str], around: Surroundings) -> Iterator[tuple[str, Record]]:
        """Whole orders by their ids."""
        del streams
        client = Client(self._config, around)
        try:
            extra = {"moneyUnit": unit(client, self._config)}
            listing = Listing(client, _ORDERS, queries.ORDER, self._config.page_size, {"filter": {"id": {"in": list(keys)}}})
            for page in listing.pages():
                for order in page.rows:
                    yield stream, Record({**whole_order(order), **extra}, str(order["id"]))
        finally:
            client.close()

    def numbers(self, stream: str, numbers: Sequence[str], around: Surroundings) -> Iterator[Found]:
        """Codes of orders are no run of numbers."""
        del stream, numbers, around
        return iter(())

    def _placed(self, asked: Asked) -> dict[str, Any]:
        floor = self._config.read_from
        begin = max(filter(None, (asked.begin, datetime(floor.year, floor.month, floor.day, tzinfo=UTC) if floor else None)), default=None)
        conditions = [{"after": (begin - _STEP).astimezone(UTC).isoformat()}] if begin else []  # it leaves out its own instant
        conditions += [{"before": asked.end.astimezone(UTC).isoformat()}] if asked.end else []
        conditions += [{"before": (asked.until + _STEP).astimezone(UTC).isoformat()}]
        return {"_and": [{"orderPlacedAt": {"isNull": False}}, *({"orderPlacedAt": condition} for condition in conditions)]}


_COUNT = "query Placed($options: OrderListOptions) { orders(options: $options) { totalItems } }"


def _conditions(wanted: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [condition for each in wanted["_and"] for condition in each.values()]


def _listed(row: Mapping[str, Any], worth: Decimal) -> Listed:
    amount = row["totalWithTax"] * worth
    return Listed(str(row["id"]), row["code"], row["orderPlacedAt"], row["currencyCode"], amount, changed=row["updatedAt"])
