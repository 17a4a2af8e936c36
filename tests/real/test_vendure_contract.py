"""The contract of taps over HTTP, asked of a real Vendure.

A proxy in front of it keeps the log, lets things happen between pages, and breaks what it is told to. The same tests run over the
simulator in the fast suites; that both pass is what keeps the simulator honest.
"""

from __future__ import annotations

import contextlib
import random
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from taps._kit.reader import Record
from taps._kit.simulator import Clock, Request, Response, Simulator, serve
from taps._kit.surroundings import Pocket, Surroundings
from taps.vendure import CONNECTOR
from taps.vendure.simulator import VendureSimulator
from tests._kit.vendure import Shops
from tests._kit.vendure_shop import PASSWORD, USER, Refused, Shop, said
from tests.contract import test_remote_taps_contract as contract
from tests.contract.samples.remote_tap import RemoteTapSample
from tests.contract.samples.source_vendure import sample as simulated
from tests.contract.samples.source_vendure import version_of
from tests.contract.test_remote_taps_contract import (  # noqa: F401 (fixtures and tests)
    around,
    heads,
    reader,
    settle,
    simulator,
    test_a_full_read_is_what_the_system_holds,
    test_a_good_log_in_passes_the_check,
    test_a_limit_of_eighteen_hours_ends_the_run_and_tells_when,
    test_a_quiet_read_changes_nothing_and_costs_few_calls,
    test_a_second_read_finds_what_was_added_changed_and_deleted,
    test_a_state_from_the_future_loses_nothing,
    test_a_stream_that_is_not_there_is_refused,
    test_a_wrong_log_in_is_told_without_its_secret,
    test_equal_instants_across_pages_and_runs_lose_nothing,
    test_it_discovers_its_streams_and_hands_out_what_they_say,
    test_killed_anywhere_it_goes_on_and_ends_right,
    test_no_personal_value_in_an_error,
    test_rows_that_move_between_pages_are_not_lost,
    until_done,
    url,
)

pytestmark = pytest.mark.vendure
ORDERS = 16
_HANDED_ON = ("authorization", "content-type", "vendure-token", "accept")
_DENIED = {"errors": [{"message": "You are not currently authorized to perform this action", "extensions": {"code": "FORBIDDEN"}}]}


class Passing(Simulator):
    """What stands before the server: hands each call on, as it came."""

    def __init__(self, shop: Shop) -> None:
        super().__init__(clock=Clock(datetime.now(UTC)))
        self.shop = shop

    def unauthorized(self, _request: Request) -> Response:
        """What Vendure says to a session that it does not know."""
        return Response(200, _DENIED)

    def handle(self, request: Request) -> Response:
        """The server's own answer."""
        kept = {
            name: value for name, value in request.headers.items() if name in ("authorization", "content-type", "vendure-token", "accept")
        }
        sent = urllib.request.Request(f"{self.shop.url}{request.path}", msgspec.json.encode(request.body), kept, method=request.method)
        try:
            with urllib.request.urlopen(sent, timeout=60) as answer:
                return self._answer(answer)
        except urllib.error.HTTPError as refused:
            return self._answer(refused)

    @staticmethod
    def _answer(answer: Any) -> Response:
        kept = {name: answer.headers[name] for name in ("content-type", "vendure-auth-token") if answer.headers[name]}
        return Response(answer.status, answer.read(), kept)


@pytest.fixture(scope="module")
def shop(vendure_shops: Shops) -> Iterator[Shop]:
    with vendure_shops.serve() as address:
        made = Shop(address)
        for sku in made.variants:
            made.count(sku, 5000)
        chance = random.Random(3)
        while len(made.orders()) < ORDERS:
            happen(made, chance)
        yield made


@pytest.fixture
def sample(shop: Shop) -> RemoteTapSample:
    return RemoteTapSample(
        tap="vendure",
        stream="orders",
        simulator=lambda: Passing(shop),
        config=simulated().config,
        secrets={"username": USER, "password": PASSWORD},
        wrong_secrets={"username": USER, "password": "of-somebody-else"},
        truth=lambda _simulator: {order["id"]: said(order) for order in shop.orders()},
        version_of=version_of,
        add=lambda _simulator: str(shop.place("ann1@example.com", [("TS-S", 2), ("MUG-1", 1)])["id"]),
        change=lambda _simulator, key: change(shop, key),
        delete=None,
        future=simulated().future,
        personal="ann1@example.com",
    )


def change(shop: Shop, key: str) -> None:
    """The next thing that can happen to the order and leaves its clock alone; at the very end, it is cancelled."""
    order = next(each for each in shop.orders() if each["id"] == key)
    refunds = order["payments"][0]["refunds"]
    if order["payments"][0]["state"] == "Authorized" and order["state"] == "PaymentAuthorized":
        shop.settle(order)
    elif order["payments"][0]["state"] == "Settled" and not refunds and order["state"] != "Cancelled":
        shop.refund(order, [], 100, reason="goodwill")
    elif refunds and refunds[0]["state"] == "Pending":
        shop.settle_refund(order, refunds[0])
    elif order["state"] != "Cancelled":
        shop.cancel(order)


EVENTS: dict[str, Callable[[Shop, Any, int], Any]] = {
    "settle": lambda shop, order, _: shop.settle(order),
    "settle too": lambda shop, order, _: shop.settle(order),
    "refund": lambda shop, order, place: shop.refund(order, [(place, 1)], reason="damaged"),
    "amount": lambda shop, order, _: shop.refund(order, [], 100, reason="goodwill"),
    "refunded": lambda shop, order, _: [shop.settle_refund(order, each) for each in order["payments"][0]["refunds"][:1]],
    "fulfil": lambda shop, order, place: shop.fulfil(order, [(place, 1)]),
    "ship": lambda shop, order, _: [shop.forward(order, each, "Shipped") for each in order["fulfillments"][-1:]],
    "deliver": lambda shop, order, _: [shop.forward(order, each, "Delivered") for each in order["fulfillments"][-1:]],
    "cancel": lambda shop, order, place: shop.cancel(order, [(place, 1)], shipping=False),
    "cancel all": lambda shop, order, _: shop.cancel(order),
    "note": lambda shop, order, _: shop.note(order),
}


def happen(shop: Shop, chance: random.Random) -> None:
    """One event of a shop's life; what the shop refuses does not happen."""
    orders = shop.orders()
    if len(orders) < 3 or chance.random() < 0.4:
        wanted = [(sku, chance.randint(1, 2)) for sku in chance.sample(("TOTE-1", "TS-S", "MUG-1"), chance.randint(1, 2))]
        shop.place(f"ann{chance.randint(1, 4)}@example.com", wanted)
        return
    order = chance.choice(orders)
    with contextlib.suppress(Refused):
        EVENTS[chance.choice(sorted(EVENTS))](shop, order, chance.randrange(len(order["lines"])))


@pytest.mark.parametrize(
    ("fault", "how"),
    [
        *(("drop_before", {}), ("drop_after", {}), ("truncate", {}), ("html", {}), ("status_before", {"status": 503, "times": 2})),
        *(("throttle", {"retry_after": "7"}), ("throttle", {"retry_after": ""}), ("unauthorized", {})),
    ],
)
def test_a_fault_while_paging_is_got_over(fault, how, sample, simulator, reader, around, heads):  # noqa: F811
    contract.test_a_fault_while_paging_is_got_over(fault, how, 2, sample, simulator, reader, around, heads)


@pytest.mark.parametrize("seed", range(2))
def test_after_each_run_of_a_history_the_heads_are_what_the_server_holds(seed, sample, shop, simulator, reader, around, heads):  # noqa: F811
    chance = random.Random(seed)
    if seed:
        simulator.faults.chance, simulator.faults.random = 0.15, random.Random(seed)
    for _ in range(5):
        for _ in range(chance.randrange(1, 7)):
            happen(shop, chance)
        settle(simulator)
        until_done(heads, reader, around)
        assert heads.versions == sample.truth(simulator)


# ── the simulator is held against the server ──


def drive(shop: Any) -> dict[str, Any]:
    """One story, told to the server and to the simulator alike: two orders, money, refunds, parcels, cancellations."""
    first = shop.place("story@example.com", [("TS-S", 3), ("MUG-1", 2)])
    shop.settle(first)
    damaged = shop.refund(first, [(0, 1)], shipping=500, reason="damaged")
    shop.settle_refund(first, damaged)
    shop.refund(first, [], 777, reason="goodwill")
    parcel = shop.fulfil(first, [(0, 3)])
    shop.forward(first, parcel, "Shipped")
    shop.forward(first, parcel, "Delivered")
    shop.cancel(first, [(1, 1)], shipping=False)
    second = shop.place("story@example.com", [("TOTE-1", 1)])
    shop.settle(second)
    shop.note(second)
    shop.cancel(second)
    shop.refund(second, [], 2888, reason="cancelled")
    third = shop.place("story@example.com", [("MUG-1", 1)])
    return {"first": first, "second": second, "third": third}


def number(order: Any) -> str:
    return str(order["id"] if isinstance(order, dict) else order.id)


_OWN = ("id", "code", "orderLineId", "paymentId", "transactionId", "stockLocation", "channels")
"""Numbers of the database, and names that are drawn by lot."""
_CLOCKS = ("createdAt", "updatedAt", "orderPlacedAt", "settledAt", "shippedAt", "cancelledAt")


def plain(value: Any) -> Any:
    """Without numbers of the database; of instants only whether there is one."""
    if isinstance(value, dict):
        return {name: (each is not None) if name in _CLOCKS else plain(each) for name, each in value.items() if name not in _OWN}
    if isinstance(value, list):
        return [plain(each) for each in value]
    return value if not isinstance(value, str) else value.replace("Ann Buyer", "").strip()


def read(address: str, secrets: dict[str, str], stream: str = "orders") -> dict[str, dict[str, Any]]:
    made = CONNECTOR.build(CONNECTOR.config.model_validate({"base_url": address, "private_network": True}), None)  # type: ignore[arg-type]
    messages = made.read(stream, None, Surroundings(safe=Pocket(dict(secrets))))
    return {message.key or "": dict(message.body) for message in messages if isinstance(message, Record)}


def test_the_simulator_tells_of_the_same_story_what_the_server_tells(vendure_shops):
    simulated_shop = VendureSimulator(0)
    told = {name: number(order) for name, order in drive(simulated_shop.world).items()}
    with serve(simulated_shop) as address:
        secrets = {"username": "superadmin", "password": "simulated"}
        ours = {stream: read(address, secrets, stream) for stream in ("orders", "product_variants", "customers", "stock_levels")}
    with vendure_shops.serve() as address:
        real = {name: number(order) for name, order in drive(Shop(address)).items()}
        theirs = {stream: read(address, {"username": USER, "password": PASSWORD}, stream) for stream in ours}
    for name, order in real.items():
        assert plain(ours["orders"][told[name]]) == plain(theirs["orders"][order])
    for stream in ("product_variants", "customers", "stock_levels"):
        (first, *_), (other, *_) = ours[stream].values(), theirs[stream].values()
        assert shape(first) == shape(other)


def shape(value: Any) -> Any:
    """The names of the fields, and what kind of thing each holds."""
    if isinstance(value, dict):
        return {name: shape(each) for name, each in value.items()}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return None if value is None else type(value).__name__
