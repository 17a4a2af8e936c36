"""The ids of what changed since an instant, so that nothing is lost while records move.

A search gives its rows page by page, and a record that changes meanwhile moves to the end: the ones behind it slip over the page border.
So each page is a search of its own, from the last instant of the page before; the window of 10,000 rows is never reached. Only where a
whole page is of one instant it is gone through by id, which never changes. What the search shows late is read by the next pass.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from taps._kit.errors import Fatal
from taps.hubspot.client import Body, Portal
from taps.hubspot.kinds import NUMBER

Filter = Mapping[str, str]
_STEP = timedelta(milliseconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Step(NamedTuple):
    """Ids, and the instant to go on from; None at the end."""

    ids: list[str]
    next: datetime | None


def changed(portal: Portal, kind: str, modified: str, since: datetime, also: Sequence[Filter] = ()) -> Iterator[Step]:
    """Ids of records whose `modified` is at or after `since`, page by page; an id comes again when it changes meanwhile.

    `also`: further filters that must fit.
    """
    start, met = since, set[str]()
    while True:
        page = portal.searched(kind, [_filter(modified, "GTE", start), *also], modified)
        fresh = [str(row["id"]) for row in page.rows if str(row["id"]) not in met]
        if page.after is None:
            yield Step(fresh, None)
            return
        moments = [_moment(row, modified) for row in page.rows]
        if moments != sorted(moments):
            raise Fatal(f"HubSpot does not sort {kind} by {modified}: what changed cannot be followed.")
        last = moments[-1]
        if last > start:
            met = {str(row["id"]) for row, at in zip(page.rows, moments, strict=True) if at == last}
            start = last
            yield Step(fresh, start)
            continue
        for ids in _crowd(portal, kind, [_filter(modified, "EQ", start), *also]):
            yield Step(ids, start)
        start, met = start + _STEP, set()


def _crowd(portal: Portal, kind: str, filters: Sequence[Filter]) -> Iterator[list[str]]:
    """All records of one instant, by their ids."""
    above: str | None = "0"
    while above is not None:
        page = portal.searched(kind, [*filters, {"propertyName": NUMBER, "operator": "GT", "value": above}], NUMBER)
        yield [str(row["id"]) for row in page.rows]
        above = str(page.rows[-1]["id"]) if page.after else None


def _filter(name: str, operator: str, at: datetime) -> dict[str, str]:
    """Search wants instants in milliseconds since 1970."""
    return {"propertyName": name, "operator": operator, "value": str((at - _EPOCH) // _STEP)}


def _moment(row: Body, modified: str) -> datetime:
    return instant(row["properties"][modified])


def instant(text: str) -> datetime:
    """ISO 8601 as HubSpot writes it, in UTC, whole milliseconds."""
    moment = datetime.fromisoformat(text).astimezone(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def written(moment: datetime) -> str:
    """As HubSpot writes it."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
