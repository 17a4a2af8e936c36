"""Streams that Square lists by when something began and not by when it changed: payouts, timecards, cash drawer shifts.

What is younger than `look_back_days`, or not settled yet, is listed at each read. What was handed over and shows no sign of change is
not asked for in detail again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

from taps._kit.reader import Complete, Message, Start
from taps.square import bodies
from taps.square.client import Body, Page
from taps.square.moments import instant, written
from taps.square.reading import Reading
from taps.square.rosters import team
from taps.square.sweep import Ask, sweep

_DISBELIEF = timedelta(days=1)
_ROWS = 1000
Load = Callable[[Body], tuple[list[tuple[str, Body]], str]]
"""From a listed row: the records to hand over, and its sign; '' where it is to be read again next time."""


def _since(reading: Reading, part: str) -> datetime:
    """From where a part is listed: the look-back behind its newest row, or its oldest row that is not settled."""
    kept = reading.parts.get(part) or {}
    newest = instant(kept["newest"]) if kept.get("newest") else None
    if newest is None or newest > reading.now() + _DISBELIEF:
        reading.parts[part] = {}
        return reading.earliest
    oldest = min([newest - timedelta(days=reading.square.config.look_back_days), *map(instant, kept.get("open", []))])
    return max(reading.earliest, oldest)


def _again(
    reading: Reading, part: str, ask: Ask, moment: str, sign: Callable[[Body], str], load: Load, settled: Callable[[Body], bool]
) -> Iterator[Message]:
    """List one location from its look-back on; hand over what is new or shows another sign."""
    since = _since(reading, part)
    kept = reading.parts.get(part) or {}
    signs: dict[str, list[str]] = {key: value for key, value in kept.get("signs", {}).items() if instant(value[1]) >= since}
    newest, unsettled = kept.get("newest"), []
    for step in sweep(ask, lambda row: instant(row[moment]), since):
        for row in step.rows:
            at = written(instant(row[moment]))
            newest = max(filter(None, (newest, at)))
            if not settled(row):
                unsettled.append(at)
            if signs.get(row["id"], ["", ""])[0] == sign(row):
                continue
            records, now = load(row)
            for number, (key, body) in enumerate(records, 1):
                yield reading.record(key, body, "updated_at", "effective_at")
                if number % _ROWS == 0:  # a payout may have thousands of entries
                    yield reading.state()
            signs.pop(row["id"], None)
            if now:
                signs[row["id"]] = [now, at]
            # the signs of this page count as soon as its records do; the newest row only once the listing came to its end
            reading.parts[part] = {**kept, "signs": signs}
            yield reading.state()
    window = instant(newest) - timedelta(days=reading.square.config.look_back_days) if newest else None
    open_rows = sorted(set(unsettled))[:1]
    young = {key: value for key, value in signs.items() if window is None or instant(value[1]) >= min([window, *map(instant, open_rows)])}
    reading.parts[part] = {"newest": newest, "open": open_rows, "signs": young} if newest else {}
    yield reading.state()


# ── payouts ──


def payouts(reading: Reading) -> Iterator[Message]:
    """Payouts with the totals of their entries by kind."""
    for name in reading.square.locations:
        yield from _payouts(reading, name, lambda row, entries: [(row["id"], bodies.payout(reading.square, row, entries))])


def payout_entries(reading: Reading) -> Iterator[Message]:
    """Every entry of every payout: charges, refunds, fees, disputes, reserves."""
    for name in reading.square.locations:
        yield from _payouts(
            reading, name, lambda row, entries: [(entry["id"], bodies.entry(reading.square, row, entry)) for entry in entries]
        )


def _payouts(reading: Reading, location: str, records: Callable[[Body, list[Body]], list[tuple[str, Body]]]) -> Iterator[Message]:
    limit = reading.square.config.rows_per_page

    def ask(start: datetime, cursor: str | None) -> Page:
        asked = {"location_id": location, "begin_time": written(start), "sort_order": "ASC", "limit": limit}
        return reading.square.listed("/v2/payouts", "payouts", asked, cursor)

    def sign(row: Body) -> str:
        return f"{row.get('version')} {row.get('status')} {row.get('updated_at')}"

    def load(row: Body) -> tuple[list[tuple[str, Body]], str]:
        entries = reading.square.all_of(f"/v2/payouts/{row['id']}/payout-entries", "payout_entries", {"sort_order": "ASC", "limit": limit})
        whole = row.get("type") != "BATCH" or sum(bodies.units(entry.get("net_amount_money")) for entry in entries) == bodies.units(
            row.get("amount_money")
        )
        return records(row, entries), sign(row) if whole else ""

    yield from _again(reading, location, ask, "created_at", sign, load, lambda row: row.get("status") != "SENT")


# ── drawers ──


def cash_drawer_shifts(reading: Reading) -> Iterator[Message]:
    """Shifts of the cash drawers with what was counted, and each event of them."""
    for name in reading.square.locations:
        yield from _drawers(reading, name)


def _drawers(reading: Reading, location: str) -> Iterator[Message]:
    def ask(start: datetime, cursor: str | None) -> Page:
        asked = {"location_id": location, "begin_time": written(start), "sort_order": "ASC", "limit": reading.square.config.goods_per_page}
        return reading.square.listed("/v2/cash-drawers/shifts", "cash_drawer_shifts", asked, cursor)

    def sign(row: Body) -> str:
        return f"{row.get('state')} {row.get('updated_at')}"

    def load(row: Body) -> tuple[list[tuple[str, Body]], str]:
        path, where = f"/v2/cash-drawers/shifts/{row['id']}", {"location_id": location}
        whole = reading.square.answer("GET", path, params=where)["cash_drawer_shift"]
        events = reading.square.all_of(
            f"{path}/events", "cash_drawer_shift_events", {**where, "limit": reading.square.config.goods_per_page}
        )
        body = bodies.timed(
            reading.square, {**whole, "location_id": location, "events": events}, opened_local="opened_at", closed_local="closed_at"
        )
        return [(row["id"], body)], sign(row)

    yield from _again(reading, location, ask, "opened_at", sign, load, lambda row: row.get("state") == "CLOSED")


# ── timecards ──


def timecards(reading: Reading) -> Iterator[Message]:
    """Timecards by the month in which they start; the months of the look-back whole, so that a deleted one is noticed."""
    kept = reading.extra
    going = kept.get("at") and instant(kept["at"]) <= reading.now() + _DISBELIEF
    if not going:
        kept["months"] = {}
        since = _month_of_look_back(reading)
        yield Start("timecards")
    else:
        since = instant(kept["at"])
    numbers = {row["id"]: row.get("reference_id") or row["id"] for rows in team(reading) for row in rows}
    for step in sweep(_search_timecards(reading), lambda row: instant(row["start_at"]), since):
        for row in step.rows:
            month = written(instant(row["start_at"]))[:7]
            kept["months"][month] = kept["months"].get(month, 0) + 1
            kept["newest"] = max(filter(None, (kept.get("newest"), written(instant(row["start_at"])))))
            added = {"employee_number": numbers.get(row["team_member_id"], row["team_member_id"])}
            yield reading.record(row["id"], bodies.timed(reading.square, {**row, **added}, start_local="start_at"), scope=month)
        if step.next is not None:
            kept["at"] = written(step.next)
            yield reading.state()
    for month, count in sorted(kept["months"].items()):
        yield Complete(month, count)
    reading.extra = {"newest": kept.get("newest")}
    yield reading.state()


def _month_of_look_back(reading: Reading) -> datetime:
    newest = instant(reading.extra["newest"]) if reading.extra.get("newest") else None
    if newest is None or newest > reading.now() + _DISBELIEF:
        reading.extra.pop("newest", None)
        return reading.earliest
    back = newest - timedelta(days=reading.square.config.look_back_days)
    return max(reading.earliest, back.replace(day=1, hour=0, minute=0, second=0, microsecond=0))


def _search_timecards(reading: Reading) -> Ask:
    def ask(start: datetime, cursor: str | None) -> Page:
        asked: dict[str, Any] = {
            "limit": reading.square.config.staff_per_page,
            "query": {"filter": {"start": {"start_at": written(start)}}, "sort": {"field": "START_AT", "order": "ASC"}},
        }
        return reading.square.searched("/v2/labor/timecards/search", "timecards", asked, cursor)

    return ask
