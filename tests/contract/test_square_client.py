"""Square's own client library reads the simulator: what it does not know, or would not take, is a fault of the simulator.

The library builds its objects without asking what it was given, so each of them is asked again here: no field that it does not know, and
every value of the type that it names.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError
from square import Square
from square.core.api_error import ApiError

from taps._kit.simulator import serve
from taps.square.facts import API_VERSION
from taps.square.simulator import SquareSimulator, company
from taps.square.simulator.everything import one_of_each

pytestmark = pytest.mark.filterwarnings("ignore")  # the library's own, about the pydantic of today

EVER = "2009-01-01T00:00:00Z"
GONE_SINCE = {"changes.adjustment.location_id"}
"""What the version that we ask for has and the library's newer one has not: there an adjustment names where from and where to."""


@pytest.fixture(scope="module", params=["US", "IE", "JP"])
def seller(request: pytest.FixtureRequest) -> Iterator[tuple[SquareSimulator, Square]]:
    """A seller who has one of everything, and the library's client on it."""
    simulator = company(40, country=request.param)
    one_of_each(simulator.shop)
    simulator.clock.forward(minutes=10)
    with serve(simulator) as url:
        yield simulator, Square(token="square-access-1", base_url=url, version=API_VERSION, timeout=10)


def faults(read: Any, where: str = "", *, asked: bool = False) -> Iterator[str]:
    """What the library did not know or would not take, as `path: sentence`."""
    if isinstance(read, BaseModel):
        yield from (
            f"{where}.{name}: the library does not know it" for name in set(read.model_extra or {}) if f"{where}.{name}" not in GONE_SINCE
        )
        try:
            asked or type(read).model_validate(json.loads(read.model_dump_json(exclude_unset=True, by_alias=True, warnings=False)))
        except ValidationError as refused:
            yield from (f"{where}.{'.'.join(map(str, error['loc']))}: {error['msg']}" for error in refused.errors())
        for name, field in type(read).model_fields.items():
            value = getattr(read, name)
            if isinstance(value, dict) and "Dict" not in str(field.annotation):
                yield f"{where}.{name}: it was not taken for what it is"
            yield from faults(value, f"{where}.{name}", asked=True)
    elif isinstance(read, (list, tuple)):
        for each in read:
            yield from faults(each, where, asked=asked)
    elif isinstance(read, dict):
        for each in read.values():
            yield from faults(each, where, asked=asked)


def searched(call: Callable[..., Any], field: str, **asked: Any) -> list[Any]:
    """Every page of a search."""
    found: list[Any] = []
    cursor = None
    while True:
        page = call(**asked, **({"cursor": cursor} if cursor else {}))
        found += getattr(page, field) or []
        cursor = page.cursor
        if not cursor:
            return found


def places(simulator: SquareSimulator) -> list[str]:
    return list(simulator.shop.locations)


def by_place(simulator: SquareSimulator, call: Callable[..., Iterable[Any]], **asked: Any) -> list[Any]:
    return [row for place in places(simulator) for row in call(location_id=place, **asked)]


def drawers(simulator: SquareSimulator, square: Square) -> list[Any]:
    shifts = square.cash_drawers.shifts
    found = by_place(simulator, shifts.list, begin_time=EVER)
    return [shifts.get(row.id, location_id=row.location_id).cash_drawer_shift for row in found]


READ: dict[str, Callable[[SquareSimulator, Square], list[Any]]] = {
    "locations": lambda _simulator, square: square.locations.list().locations or [],
    "customers": lambda _simulator, square: list(square.customers.list(limit=2)),
    "customers found": lambda _simulator, square: searched(square.customers.search, "customers", limit=2),
    "catalog": lambda _simulator, square: list(square.catalog.list(types="ITEM,CATEGORY")),
    "catalog found": lambda _simulator, square: searched(
        square.catalog.search, "objects", object_types=["ITEM", "CATEGORY"], include_deleted_objects=True, limit=3
    ),
    "orders": lambda simulator, square: searched(
        square.orders.search,
        "orders",
        location_ids=places(simulator),
        query={"sort": {"sort_field": "UPDATED_AT", "sort_order": "ASC"}},
        limit=15,
    ),
    "payments": lambda simulator, square: by_place(simulator, square.payments.list, begin_time=EVER, limit=15),
    "refunds": lambda _simulator, square: list(square.refunds.list(begin_time=EVER)),
    "disputes": lambda _simulator, square: list(square.disputes.list()),
    "payouts": lambda simulator, square: by_place(simulator, square.payouts.list, begin_time=EVER),
    "gift_cards": lambda _simulator, square: list(square.gift_cards.list()),
    "activities": lambda _simulator, square: list(square.gift_cards.activities.list(begin_time=EVER, limit=3)),
    "counts": lambda _simulator, square: list(square.inventory.batch_get_counts(updated_after=EVER)),
    "changes": lambda _simulator, square: list(square.inventory.batch_get_changes(updated_after=EVER, limit=1)),
    "team": lambda _simulator, square: searched(square.team_members.search, "team_members", limit=1),
    "timecards": lambda _simulator, square: searched(square.labor.search_timecards, "timecards", limit=1),
    "drawers": drawers,
}
STANDING: dict[str, Callable[[Any], Iterable[str]]] = {
    "locations": lambda shop: shop.locations,
    "customers": lambda shop: shop.customers.rows,
    "customers found": lambda shop: shop.customers.rows,
    "catalog": lambda shop: shop.catalog.rows,
    "catalog found": lambda shop: shop.catalog.rows,
    "orders": lambda shop: shop.orders.rows,
    "payments": lambda shop: shop.payments.rows,
    "refunds": lambda shop: shop.refunds.rows,
    "disputes": lambda shop: shop.disputes.rows,
    "payouts": lambda shop: shop.payouts.rows,
    "gift_cards": lambda shop: shop.gift_cards.rows,
    "activities": lambda shop: shop.activities.rows,
    "counts": lambda shop: shop.counts.rows,
    "changes": lambda shop: shop.changes.rows,
    "team": lambda shop: shop.team.rows,
    "timecards": lambda shop: shop.timecards.rows,
    "drawers": lambda shop: shop.drawers.rows,
}
"""The ids that the seller has, from the simulator's own state."""


def key(row: Any) -> str:
    if hasattr(row, "calculated_at"):
        return f"{row.catalog_object_id}/{row.location_id}"
    inner = getattr(row, "adjustment", None)
    return str(inner.id if inner else row.id)


@pytest.mark.parametrize("what", READ)
def test_the_library_reads_everything_there_is(what, seller):
    simulator, square = seller
    found = READ[what](simulator, square)
    assert sorted(map(key, found)) == sorted(STANDING[what](simulator.shop))
    assert sorted({fault for row in found for fault in faults(row, what)}) == []


def test_the_library_reads_the_entries_of_a_payout_and_they_add_up_to_it(seller):
    simulator, square = seller
    for payout in by_place(simulator, square.payouts.list, begin_time=EVER):
        entries = list(square.payouts.list_entries(payout.id, limit=2))
        assert len(entries) > 2
        assert sum(entry.net_amount_money.amount for entry in entries) == payout.amount_money.amount
        assert sorted({fault for entry in entries for fault in faults(entry, "entry")}) == []


def test_the_library_reads_the_events_of_a_drawer(seller):
    simulator, square = seller
    for shift in drawers(simulator, square):
        events = list(square.cash_drawers.shifts.list_events(shift.id, location_id=shift.location_id))
        assert sum(event.event_money.amount for event in events if event.event_type == "PAID_OUT") == shift.cash_paid_out_money.amount
        assert sorted({fault for event in events for fault in faults(event, "event")}) == []


def test_the_library_makes_changes_and_finds_people(seller):
    simulator, square = seller
    person = {"given_name": "Mae", "family_name": "Jemison", "reference_id": "E-9", "phone_number": "+15550199"}
    made = square.team_members.create(idempotency_key="key-1", team_member=person).team_member
    again = square.team_members.create(idempotency_key="key-1", team_member=person).team_member
    assert made.id == again.id
    changed = square.team_members.update(made.id, team_member={"status": "INACTIVE"}).team_member
    assert (changed.status, changed.given_name) == ("INACTIVE", "Mae")
    assert square.team_members.get(made.id).team_member == changed
    many = square.team_members.batch_create(team_members={"key-2": {"team_member": {"given_name": "No", "family_name": ""}}})
    assert many.team_members["key-2"].errors[0].field == "family_name"
    assert sorted({fault for read in (made, changed, many) for fault in faults(read, "team")}) == []
    simulator.shop.team.drop(made.id)


def test_the_library_takes_our_errors_for_what_they_are(seller):
    simulator, square = seller
    square.team_members.create(idempotency_key="key-3", team_member={"given_name": "A", "family_name": "B"})
    with pytest.raises(ApiError) as told:
        square.team_members.create(idempotency_key="key-3", team_member={"given_name": "A", "family_name": "C"})
    assert [error.code for error in told.value.errors] == ["IDEMPOTENCY_KEY_REUSED"]
    simulator.tokens = {token: simulator.clock() - timedelta(days=1) for token in simulator.tokens}
    with pytest.raises(ApiError) as told:
        square.locations.list()
    assert (told.value.status_code, told.value.errors[0].code) == (401, "ACCESS_TOKEN_EXPIRED")


def test_the_judge_sees_what_the_library_does_not_know(seller):
    simulator, square = seller
    simulator.tokens = {"square-access-1": simulator.clock() + timedelta(days=1)}
    place = next(iter(simulator.shop.locations))
    before = simulator.shop.locations[place]
    simulator.shop.locations[place] = {**before, "colour": "red", "capabilities": 7}
    found = {fault for row in square.locations.list().locations for fault in faults(row, "location")}
    simulator.shop.locations[place] = before
    assert any("colour" in fault for fault in found)
    assert any("capabilities" in fault for fault in found)
