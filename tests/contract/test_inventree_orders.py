"""Sales orders in InvenTree: what they keep, how they end, and that a crash at any of their calls leaves one order that is gone on with."""

from __future__ import annotations

from decimal import Decimal

import pytest
from inventree.api import InvenTreeAPI
from inventree.company import Company
from inventree.sales_order import SalesOrder

from mappings.posting.entry import Move
from taps._kit.simulator import serve
from taps._kit.surroundings import Pocket, Surroundings
from taps.inventree.facts import CANCELLED, COMPLETE, IN_PROGRESS, ON_HOLD, SHIPPED
from targets._kit.writer import Absent, Found, InDoubt, Partly, Payload, Receipt, Refused, Related, Verb
from targets.inventree import CONNECTOR
from tests.contract.samples import target_inventree as sample
from tests.contract.test_remote_contract import attempt, until_known, wanted

CASE = sample.sample().cases["sales_order"]
MUG, TEA, STORE, WAREHOUSE, KIOSK = 3, 4, 5, 6, 7
HANDED_OVER = {"status": "open", "fulfillment_status": "fulfilled"}


@pytest.fixture
def simulator():
    return sample.simulator()


@pytest.fixture
def url(simulator):
    with serve(simulator) as address:
        yield address


@pytest.fixture
def build(url, simulator, tmp_path):
    opened = []

    def made(**config):
        writer = CONNECTOR.build(CONNECTOR.config.model_validate(sample.config(url) | config), tmp_path)
        writer.open(None, Surroundings(clock=simulator.clock, safe=Pocket({"token": "inventree-token"}), sleep=simulator.clock.sleep))
        opened.append(writer)
        return writer

    yield made
    for writer in opened:
        writer.close()


@pytest.fixture
def writer(build):
    return build()


def keep(*moves, n=1, revision=1, verb=Verb.CREATE, booked=None, other=None, **document):
    return wanted("inventree", CASE, n, revision, verb, booked, **sample.stock(*moves, **document), **other or {})


def send(writer, intent):
    payload = writer.prepare(intent)
    assert isinstance(payload, Payload), payload
    (answer,) = writer.send([payload])
    return answer


def mugs(units, place="Store"):
    return Move("MUG", place, Decimal(units))


def kept(simulator):
    """Units by part and location."""
    sums = {}
    for each in simulator.tables.allocations.values():
        item = simulator.tables.items[each["item"]]
        sums[item["part"], item["location"]] = sums.get((item["part"], item["location"]), Decimal(0)) + each["quantity"]
    return sums


def lying(simulator):
    return sum(item["quantity"] for item in simulator.tables.items.values())


def order(simulator):
    (row,) = (row for row in simulator.tables.sales_orders.values() if row["status"] != CANCELLED)
    return row


def test_an_order_keeps_its_goods_and_moves_none(writer, simulator):
    before = lying(simulator)
    made = send(writer, keep(mugs(3), Move("TEA", "Warehouse", Decimal("1.5"))))
    assert (made.effect, made.unit) == (Decimal("4.5"), "C62")
    assert kept(simulator) == {(MUG, STORE): 3, (TEA, WAREHOUSE): Decimal("1.5")}
    assert {each["shipment"] for each in simulator.tables.allocations.values()} == {None}
    assert (order(simulator)["status"], lying(simulator)) == (IN_PROGRESS, before)


def test_the_vendors_own_client_reads_what_was_written(writer, simulator, url, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "*")
    zoe = simulator.seed_company("Zoë Quill", is_customer=True)
    related = {"item:MUG": Related("part", str(MUG), "MUG"), "customer": Related("contact", str(zoe), "C-1")}
    made = send(writer, keep(mugs(2), other={"related": related}))
    client = InvenTreeAPI(url, token="inventree-token")
    read = SalesOrder(client, int(made.remote_id))
    assert (read.reference, read["customer_reference"], read.status, read["creation_date"]) == ("SO-0001", "R-1", IN_PROGRESS, "2026-11-02")
    assert Company(client, read.customer).name == "Zoë Quill"
    assert read.description.startswith("R-1 · keeps 2, kept 0 · cf:")
    (line,) = read.getLineItems(limit=50)
    assert (line.part, line.quantity, line.allocated, line.shipped, line["reference"]) == (MUG, 2, 2, 0, "Store")


def test_a_buyer_whom_nobody_names_is_the_walk_in_customer_once(writer, simulator):
    for n in (1, 2):
        send(writer, keep(mugs(1), n=n, other={"walk_in": "Walk-in customer"}))
    (company,) = simulator.tables.companies.values()
    assert (company["name"], company["is_customer"]) == ("Walk-in customer", True)
    assert {row["customer"] for row in simulator.tables.sales_orders.values()} == {company["pk"]}


def test_a_buyer_who_is_known_later_takes_the_place_of_the_walk_in_customer(writer, simulator):
    made = send(writer, keep(mugs(1), other={"walk_in": "Walk-in customer"}))
    zoe = simulator.seed_company("Zoë Quill", is_customer=True)
    related = {"item:MUG": Related("part", str(MUG), "MUG"), "customer": Related("contact", str(zoe), "C-1")}
    send(writer, keep(mugs(1), revision=2, verb=Verb.UPDATE, booked=made, other={"related": related}))
    assert order(simulator)["customer"] == zoe


def test_a_change_keeps_what_is_right_and_frees_the_rest(writer, simulator):
    made = send(writer, keep(mugs(2), mugs(1, "Kiosk")))
    stays = next(pk for pk, each in simulator.tables.allocations.items() if each["quantity"] == 2)
    changed = send(writer, keep(mugs(2), Move("TEA", "Store", Decimal(4)), revision=2, verb=Verb.UPDATE, booked=made))
    assert changed.effect == 3
    assert kept(simulator) == {(MUG, STORE): 2, (TEA, STORE): 4}
    assert stays in simulator.tables.allocations


@pytest.mark.parametrize(("ship_complete", "end"), [(False, SHIPPED), (True, COMPLETE)])
@pytest.mark.parametrize("default_shipment", [False, True])
def test_what_is_handed_over_is_freed_and_the_order_completed(ship_complete, end, default_shipment, writer, simulator):
    simulator.sales.ship_complete, simulator.sales.default_shipment = ship_complete, default_shipment
    before = lying(simulator)
    made = send(writer, keep(mugs(3)))
    over = keep(revision=2, verb=Verb.UPDATE, booked=made, **HANDED_OVER)
    ended = send(writer, over)
    assert (ended.effect, order(simulator)["status"]) == (-3, end)
    assert (kept(simulator), lying(simulator)) == ({}, before)
    assert "handed over, kept 3" in order(simulator)["description"]
    assert (send(writer, over).effect, len(simulator.tables.sales_orders)) == (-3, 1), "the mark was written before it was locked"


def test_a_shipment_that_people_prepared_is_left_and_told(writer, simulator):
    made = send(writer, keep(mugs(3)))
    pk = simulator.tables.put(simulator.tables.shipments, {"order": int(made.remote_id), "reference": "9", "shipment_date": None})["pk"]
    for each in simulator.tables.allocations.values():
        each["shipment"] = pk
    refused = send(writer, keep(revision=2, verb=Verb.UPDATE, booked=made, **HANDED_OVER))
    assert isinstance(refused, Refused)
    assert "incomplete shipments" in refused.problem.say
    assert kept(simulator) == {(MUG, STORE): 3}


@pytest.mark.parametrize("hold", [False, True])
def test_what_is_called_off_is_cancelled(hold, writer, simulator):
    made = send(writer, keep(mugs(3)))
    if hold:
        simulator.sales.hold(order(simulator))
        assert order(simulator)["status"] == ON_HOLD
    cancelled = {"status": "cancelled", "fulfillment_status": "unfulfilled"}
    ended = send(writer, keep(revision=2, verb=Verb.UPDATE, booked=made, **cancelled))
    assert (ended.effect, ended.body["status"], kept(simulator)) == (-3, CANCELLED, {})


def test_what_was_taken_out_of_the_route_is_cancelled_and_a_new_order_takes_its_place(writer, simulator):
    made = send(writer, keep(mugs(3)))
    assert send(writer, keep(revision=3, verb=Verb.VOID, booked=made)).effect == -3
    again = send(writer, keep(mugs(3), revision=4))
    assert again.remote_id != made.remote_id
    assert (kept(simulator), order(simulator)["reference"]) == ({(MUG, STORE): 3}, "SO-0002")


# ── what is not there ──


def test_what_is_not_free_is_waited_for_with_a_reason_and_kept_once_it_is_there(writer, simulator):
    part = send(writer, keep(mugs(3, "Kiosk")))
    assert isinstance(part, Partly)
    assert (part.receipt.effect, part.reason) == (1, "InvenTree: it keeps 1 of 3 MUG at Kiosk, where no more is free")
    assert part.not_before > simulator.clock()
    simulator.seed_item(MUG, KIOSK, "1")
    more = send(writer, keep(mugs(3, "Kiosk"), verb=Verb.UPDATE, booked=part.receipt))
    assert isinstance(more, Partly)
    assert more.receipt.effect == 1
    simulator.seed_item(MUG, KIOSK, "5")
    whole = send(writer, keep(mugs(3, "Kiosk"), verb=Verb.UPDATE, booked=more.receipt))
    assert (whole.effect, kept(simulator)[MUG, KIOSK], len(simulator.tables.sales_orders)) == (1, 3, 1)


def test_what_another_order_keeps_is_not_kept_again(writer, simulator):
    simulator.seed_item(MUG, KIOSK, "4")
    assert isinstance(send(writer, keep(mugs(3, "Kiosk"), n=1)), Receipt)
    second = send(writer, keep(mugs(3, "Kiosk"), n=2))
    assert (second.receipt.effect, kept(simulator)[MUG, KIOSK]) == (2, 5)


def test_what_somebody_keeps_between_the_look_and_the_call_is_looked_at_anew(writer, simulator):
    simulator.seed_item(TEA, KIOSK, "3")
    taken = []

    def somebody(request):
        if request.path.endswith("/allocate/") and not taken:
            item = next(pk for pk, row in simulator.tables.items.items() if (row["part"], row["location"]) == (TEA, KIOSK))
            row = {"order": 0, "line": 0, "item": item, "quantity": Decimal(2), "shipment": None}
            taken.append(simulator.tables.put(simulator.tables.allocations, row))

    simulator.interludes.append(somebody)
    made = send(writer, keep(Move("TEA", "Kiosk", Decimal(3))))
    assert isinstance(made, Partly)
    assert made.receipt.effect == 1


# ── what people do there ──


@pytest.mark.parametrize(("status", "word"), [(SHIPPED, "completed"), (CANCELLED, "closed")])
def test_an_order_that_people_closed_is_not_opened_again(status, word, writer, simulator):
    made = send(writer, keep(mugs(2)))
    simulator.tables.sales_orders[int(made.remote_id)]["status"] = status
    held = send(writer, keep(mugs(5), revision=2, verb=Verb.UPDATE, booked=made))
    assert isinstance(held, Refused)
    assert (held.problem.code, word in held.problem.say) == ("SEND-CHANGED", True)
    del simulator.tables.sales_orders[int(made.remote_id)]
    gone = send(writer, keep(mugs(5), revision=2, verb=Verb.UPDATE, booked=made))
    assert "deleted" in gone.problem.say


def test_what_is_refused_leaves_nothing_behind(writer, simulator):
    refused = send(writer, keep(mugs(2), Move("SCREW", "Store", Decimal(1))))
    assert isinstance(refused, Refused)
    assert "salable" in refused.problem.say
    assert kept(simulator) == {}
    assert {row["status"] for row in simulator.tables.sales_orders.values()} == {CANCELLED}


def test_a_reference_follows_the_servers_own_row_and_pattern(build, simulator):
    simulator.sales.reference_pattern = "W{ref:03d}-S"
    writer = build(order_reference="W{ref:03d}-S")
    first = send(writer, keep(mugs(1), n=1))
    by_hand = next(iter(simulator.tables.sales_orders.values()))
    simulator.tables.put(simulator.tables.sales_orders, by_hand | {"reference": "W009-S", "description": "by hand"})
    send(writer, keep(mugs(1), n=2))
    assert {row["reference"] for row in simulator.tables.sales_orders.values()} == {"W001-S", "W009-S", "W010-S"}
    wrong = send(build(), keep(mugs(1), n=3))
    assert isinstance(first, Receipt)
    assert isinstance(wrong, Refused)
    assert "must match required pattern" in wrong.problem.say


# ── a crash at each call ──

_LIVES = {
    "made": lambda _made: keep(mugs(2), Move("TEA", "Store", Decimal(1)), other={"walk_in": "Walk-in customer"}),
    "changed": lambda made: keep(mugs(5), mugs(1, "Kiosk"), revision=2, verb=Verb.UPDATE, booked=made),
    "handed over": lambda made: keep(revision=2, verb=Verb.UPDATE, booked=made, **HANDED_OVER),
    "called off": lambda made: keep(revision=3, verb=Verb.VOID, booked=made),
}
_ENDS = {
    "made": ({(MUG, STORE): 2, (TEA, STORE): 1}, IN_PROGRESS),
    "changed": ({(MUG, STORE): 5, (MUG, KIOSK): 1}, IN_PROGRESS),
    "handed over": ({}, SHIPPED),
    "called off": ({}, CANCELLED),
}


class Broken:
    """The nth writing call from now on has a fault."""

    def __init__(self, simulator, fault, nth):
        self.simulator, self.fault, self.left, self.happened = simulator, fault, nth, False
        simulator.interludes.append(self)

    def __call__(self, request):
        if request.method != "GET" and not self.happened:
            if self.left == 0:
                self.happened = True
                self.simulator.faults.add(self.fault, method=request.method)
            self.left -= 1


def _gone_on(writer, simulator, intent, payload, since, life):
    """As the hub does: in doubt, looked up, then sent again as what it is by then. The sum of the receipts, and the last one."""
    (where,) = until_known(writer, simulator, [attempt(payload, since)])
    assert isinstance(where, Found | Partly | Absent)
    if isinstance(where, Found):
        return where.receipt.effect, where.receipt
    if isinstance(where, Absent):
        last = send(writer, intent)
        return last.effect, last
    revision = {"made": 1, "changed": 2}[life]  # an end is never partly
    rest = wanted("inventree", CASE, 1, revision, Verb.UPDATE, where.receipt, **_WISH[life])
    last = send(writer, rest)
    return where.receipt.effect + last.effect, last


_WISH = {
    "made": {**sample.stock(mugs(2), Move("TEA", "Store", Decimal(1))), "walk_in": "Walk-in customer"},
    "changed": {**sample.stock(mugs(5), mugs(1, "Kiosk")), "walk_in": "Walk-in customer"},
    "handed over": sample.stock(**HANDED_OVER),
    "called off": sample.stock(),
}
_LIVES = {"made": Verb.CREATE, "changed": Verb.UPDATE, "handed over": Verb.UPDATE, "called off": Verb.VOID}
_ENDS = {
    "made": ({(MUG, STORE): 2, (TEA, STORE): 1}, IN_PROGRESS),
    "changed": ({(MUG, STORE): 5, (MUG, KIOSK): 1}, IN_PROGRESS),
    "handed over": ({}, SHIPPED),
    "called off": ({}, CANCELLED),
}


@pytest.mark.parametrize("fault", ["drop_before", "drop_after"])
@pytest.mark.parametrize("life", list(_LIVES))
def test_a_crash_at_each_call_leaves_one_order_that_is_gone_on_with(life, fault, tmp_path):
    calls = 0
    while True:
        simulator = sample.simulator()
        simulator.sales.default_shipment = True
        with serve(simulator) as address:
            writer = CONNECTOR.build(CONNECTOR.config.model_validate(sample.config(address)), tmp_path)
            writer.open(None, Surroundings(clock=simulator.clock, safe=Pocket({"token": "inventree-token"}), sleep=simulator.clock.sleep))
            first = None if life == "made" else send(writer, wanted("inventree", CASE, **_WISH["made"]))
            broken = Broken(simulator, fault, calls)
            intent = wanted("inventree", CASE, 1, 2 if first else 1, _LIVES[life], first, **_WISH[life])
            payload, since = writer.prepare(intent), simulator.clock()
            (answer,) = writer.send([payload])
            if not broken.happened:
                writer.close()
                break
            assert isinstance(answer, InDoubt), (calls, answer)
            total, last = _gone_on(writer, simulator, intent, payload, since, life)
            assert isinstance(last, Receipt), (calls, last)
            assert (total, kept(simulator)) == (payload.predicted, _ENDS[life][0]), calls
            assert [row["status"] for row in simulator.tables.sales_orders.values()] == [_ENDS[life][1]], calls
            assert len(simulator.tables.companies) == 1, calls
            writer.close()
        calls += 1
    assert calls >= {"made": 6, "changed": 4, "handed over": 4, "called off": 2}[life], "as many as the calls that write"
