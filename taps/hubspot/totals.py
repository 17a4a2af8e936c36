"""What an account says of itself apart from the cursor: how many deals were won in a period, by the search's own `total`.

The reader goes through the list by id, and follows what was changed; this is a search by `closedate` and in the order of ids, which never
change, so that neither a page nor the window of a search loses one. A deal's own amount may be another than that of its line items, which
make the sale: so deals are counted, and no sum is stated.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType

from taps._kit.reader import Record
from taps._kit.surroundings import Surroundings
from taps._kit.totals import Asked, Found, Listed, Statement
from taps.hubspot.client import Body, Portal, connect
from taps.hubspot.config import HubSpotConfig
from taps.hubspot.kinds import DEALS, NUMBER
from taps.hubspot.records import Records

_PROPERTIES = (NUMBER, "closedate", "deal_currency_code", DEALS.modified)
_EPOCH, _STEP = datetime(1970, 1, 1, tzinfo=UTC), timedelta(milliseconds=1)


class HubSpotTotals:
    """One account, counted."""

    states: Mapping[str, str] = MappingProxyType({DEALS.name: "order"})
    silent: Mapping[str, str] = MappingProxyType({})

    def __init__(self, config: HubSpotConfig, home: Path) -> None:  # noqa: ARG002 (nothing of it lies in the home folder)
        self._config = config

    def ask(self, stream: str, asked: Asked, around: Surroundings) -> Statement:
        """Count and list of the deals that were won."""
        portal = Portal(connect(self._config, around), self._config)
        try:
            filters = list(_filters(asked))
            total, rows = None, list[Body]()
            above: str | None = "0"
            while above is not None:
                beyond = {"propertyName": NUMBER, "operator": "GT", "value": above}
                found = portal.found(stream, [*filters, beyond], NUMBER, _PROPERTIES)
                total = int(found["total"]) if total is None else total
                page = found.get("results") or []
                rows += page
                above = str(page[-1]["id"]) if page and len(rows) < total else None
            own = all(row["properties"].get("deal_currency_code") for row in rows)
            currency = "" if own else portal.account["companyCurrency"]
        finally:
            portal.close()
        told = "; ".join(f"{each['propertyName']} {each['operator']} {each['value']}" for each in filters)
        return Statement(f"total of a search for {stream} and their ids: {told}", total, [_listed(row, currency) for row in rows])

    def fetch(self, stream: str, keys: Sequence[str], streams: Sequence[str], around: Surroundings) -> Iterator[tuple[str, Record]]:
        """Deals by their ids, with their line items."""
        del streams
        portal = Portal(connect(self._config, around), self._config)
        try:
            for record in Records(portal, DEALS).of(list(keys)):
                yield stream, Record(record, str(record["id"]), None, stream)
        finally:
            portal.close()

    def numbers(self, stream: str, numbers: Sequence[str], around: Surroundings) -> Iterator[Found]:
        """Deals have no numbers that people would miss."""
        del stream, numbers, around
        return iter(())


def _filters(asked: Asked) -> Iterator[dict[str, str]]:
    yield {"propertyName": "hs_is_closed_won", "operator": "EQ", "value": "true"}
    if asked.begin:
        yield {"propertyName": "closedate", "operator": "GTE", "value": _milliseconds(asked.begin)}
    if asked.end:
        yield {"propertyName": "closedate", "operator": "LT", "value": _milliseconds(asked.end)}
    yield {"propertyName": "createdate", "operator": "LTE", "value": _milliseconds(asked.until)}


def _milliseconds(moment: datetime) -> str:
    return str((moment - _EPOCH) // _STEP)


def _listed(row: Body, currency: str) -> Listed:
    given = row["properties"]
    unit = given.get("deal_currency_code") or currency
    return Listed(str(row["id"]), f"HS-{row['id']}", given["closedate"], unit, changed=given.get(DEALS.modified) or "")
