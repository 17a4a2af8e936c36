"""InvenTree's own OpenAPI judges every request of ours and every answer of the simulator; its own Python client reads what we wrote."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from inventree.api import InvenTreeAPI
from inventree.company import Company
from inventree.part import Part
from inventree.stock import StockItem, StockItemTracking, StockLocation

from mappings.posting.entry import Move
from taps._kit.reader import Record
from taps._kit.simulator import serve
from taps._kit.surroundings import Pocket, Surroundings
from taps.inventree.config import InvenTreeConfig
from taps.inventree.facts import SHIPPED
from taps.inventree.mark import Mark
from taps.inventree.reader import InvenTreeReader
from targets._kit.writer import Absent, InDoubt, Payload, Receipt, Refused, Verb
from targets.inventree import CONNECTOR
from tests.contract.openapi import Judge, watch
from tests.contract.samples import target_inventree as sample
from tests.contract.test_remote_contract import attempt, until_known, wanted
from tests.contract.written import sent_fields

CASES = sample.sample().cases
MUG, TEA, STORE, WAREHOUSE, KIOSK = 3, 4, 5, 6, 7
ERROR = 400


@pytest.fixture(scope="module")
def judge(shared):
    return Judge(shared / "specs" / "inventree" / "api-534.yaml", "")


@pytest.fixture
def simulator():
    return sample.simulator()


@pytest.fixture
def around(simulator):
    return Surroundings(clock=simulator.clock, safe=Pocket({"token": "inventree-token"}), sleep=simulator.clock.sleep)


@pytest.fixture
def url(simulator):
    with serve(simulator) as address:
        yield address


@pytest.fixture
def open_writer(url, around, tmp_path):
    opened = []

    def made(**config):
        writer = CONNECTOR.build(CONNECTOR.config.model_validate(sample.config(url) | config), tmp_path)
        writer.open(None, around)
        opened.append(writer)
        return writer

    yield made
    for writer in opened:
        writer.close()


@pytest.fixture
def writer(open_writer):
    return open_writer()


@pytest.fixture
def client(url, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "*")
    return InvenTreeAPI(url, token="inventree-token")


def send(writer, intent):
    payload = writer.prepare(intent)
    assert isinstance(payload, Payload), payload
    (answer,) = writer.send([payload])
    return answer


def stock(kind, *moves, n=1, revision=1, verb=Verb.CREATE, booked=None, **document):
    case = CASES[kind]
    return wanted("inventree", case, n, revision, verb, booked, **sample.stock(*moves, **document))


def lying(simulator):
    """Units by part and location."""
    sums = {}
    for item in simulator.tables.items.values():
        place = item["part"], item["location"]
        sums[place] = sums.get(place, Decimal(0)) + item["quantity"]
    return {place: units for place, units in sums.items() if units}


def a_life(writer, simulator):
    """Everything that the target does."""
    for case in CASES.values():
        made = send(writer, wanted("inventree", case))
        assert isinstance(made, Receipt), made
        changed = send(writer, wanted("inventree", case, 1, 2, case.change, made))
        assert isinstance(changed, Receipt), changed
        assert isinstance(send(writer, wanted("inventree", case, 1, 3, case.remove, changed)), Receipt)
        assert isinstance(send(writer, wanted("inventree", case, 2, **case.refused)), Refused)
    exchange = stock("stock_movement", Move("TEA", "Store", Decimal(1)), Move("MUG", "Cellar", Decimal(-1)), n=5)
    assert send(writer, exchange).effect == 0
    transfer = (Move("MUG", "Store", Decimal("1.5")), Move("MUG", "Warehouse", Decimal("-1.5")))
    assert send(writer, stock("stock_movement", *transfer, n=6, movement_type="transfer")).effect == 0
    simulator.tables.items[simulator.seed_item(TEA, KIOSK, "2", delete_on_deplete=True)]
    assert send(writer, stock("stock_removal", Move("TEA", "Kiosk", Decimal(2)), n=7)).effect == 2
    simulator.sales.default_shipment = True
    made = send(writer, stock("sales_order", Move("MUG", "Store", Decimal(2)), n=8))
    fewer = send(writer, stock("sales_order", Move("MUG", "Store", Decimal("1.5")), n=8, revision=2, verb=Verb.UPDATE, booked=made))
    shipped = {"status": "open", "fulfillment_status": "fulfilled"}
    assert send(writer, stock("sales_order", n=8, revision=3, verb=Verb.UPDATE, booked=fewer, **shipped)).body["status"] == SHIPPED
    writer.read_back()
    writer.read_back(simulator.clock() - timedelta(days=1))


def test_every_request_and_answer_is_as_the_specification_says(judge, open_writer, simulator, url, around, tmp_path):
    seen = watch(simulator)
    writer = open_writer(create_locations=True)
    a_life(writer, simulator)
    mugs = simulator.seed_company("Mugs Ltd", is_supplier=True)
    order = simulator.seed_order("PO-1", mugs, [(MUG, "100", "10.00")])
    simulator.seed_sale("SO-1", mugs, [(MUG, "2", "19.00")])
    line = next(pk for pk, row in simulator.tables.purchase_lines.items() if row["order"] == order)
    simulator.receive(line, "98", STORE)
    reader = InvenTreeReader(InvenTreeConfig(base_url=url, private_network=True), tmp_path)
    for stream in reader.streams():
        state = list(reader.read(stream.name, None, around))[-1].value
        list(reader.read(stream.name, state, around))
    api = InvenTreeAPI(url, username="counterfoil", password="inventree-password")
    assert api.token == "inventree-token"
    good = [(_plain(request), response) for request, response in seen if response.status < ERROR]
    assert judge.judge(good) == {
        "GET /api/",
        "GET /api/user/me/",
        "GET /api/user/me/token/",
        "GET /api/part/",
        "POST /api/part/",
        "GET /api/part/{id}/",
        "PATCH /api/part/{id}/",
        "GET /api/company/",
        "POST /api/company/",
        "GET /api/company/{id}/",
        "PATCH /api/company/{id}/",
        "GET /api/stock/location/",
        "POST /api/stock/location/",
        "GET /api/stock/",
        "POST /api/stock/",
        "GET /api/stock/{id}/",
        "PATCH /api/stock/{id}/",
        "POST /api/stock/add/",
        "POST /api/stock/remove/",
        "POST /api/stock/count/",
        "POST /api/stock/transfer/",
        "GET /api/stock/track/",
        "GET /api/order/po/",
        "GET /api/order/po/{id}/",
        "GET /api/stock/location/{id}/",
        "GET /api/order/po-line/",
        "GET /api/order/so/",
        "POST /api/order/so/",
        "GET /api/order/so/{id}/",
        "PATCH /api/order/so/{id}/",
        "POST /api/order/so/{id}/issue/",
        "POST /api/order/so/{id}/allocate/",
        "POST /api/order/so/{id}/cancel/",
        "POST /api/order/so/{id}/complete/",
        "GET /api/order/so/shipment/",
        "DELETE /api/order/so/shipment/{id}/",
        "GET /api/order/so-line/",
        "POST /api/order/so-line/",
        "PATCH /api/order/so-line/{id}/",
        "DELETE /api/order/so-line/{id}/",
        "GET /api/order/so-allocation/",
        "DELETE /api/order/so-allocation/",
    }
    # What is refused has no form in the specification, but what asked for it has one.
    refused = [request for request, response in seen if response.status >= ERROR]
    assert refused
    assert [fault for request in refused for fault in judge.faults_of_request(request.method, request.path, request.body)] == []


def _plain(request):
    """Their client sends an empty body with what it only reads; no specification lists that."""
    return request._replace(body=request.body or None) if request.method == "GET" else request


def test_the_judge_refuses_what_the_specification_does_not_know(judge):
    assert judge.faults_of_request("POST", "/api/part/", {"name": "Mug", "sku": "MUG"})
    assert judge.faults_of_request("POST", "/api/part/", {"name": "Mug", "pk": 3})
    assert judge.faults_of_request("POST", "/api/stock/add/", {"items": [{"pk": 1, "quantity": 2}]})
    assert judge.faults_of_request("POST", "/api/stock/add/", {"items": [{"pk": 1, "quantity": "0.1234567"}]})
    assert judge.faults_of_answer("GET", "/api/user/me/", 200, {"username": "ann"})


def test_every_field_that_is_written_is_read_by_the_vendors_own_client(writer, simulator, client):
    made = {name: send(writer, wanted("inventree", CASES[name], n)) for n, name in enumerate(("part", "contact", "stock_removal"), 1)}
    part = Part(client, int(made["part"].remote_id))
    part_fields = {
        "IPN": "R-1",
        "name": "Water jug",
        "description": "A jug of one litre.",
        "active": True,
        "salable": True,
        "virtual": False,
        "keywords": f"cf:{1:024x}:{1001:016x}",
    }
    assert {name: part[name] for name in part_fields} == part_fields
    company = Company(client, int(made["contact"].remote_id))
    company_fields = {
        "name": "Zoë Quill",
        "email": "zoe@example.com",
        "phone": "+353 1 555 0100",
        "tax_id": "IE1234567T",
        "currency": "EUR",
        "is_customer": True,
        "active": True,
        "description": f"Customer R-2 cf:{2:024x}:{2001:016x}",
    }
    assert {name: company[name] for name in company_fields} == company_fields
    entries = {entry.pk: entry for entry in StockItemTracking.list(client, search=f"{3:024x}", limit=50)}
    assert {(entry["part"], entry.deltas["removed"], entry.label) for entry in entries.values()} == {
        (MUG, 2, "Stock manually removed"),
        (TEA, 1, "Stock manually removed"),
    }
    assert int(made["stock_removal"].remote_id) == min(entries)
    (mark,) = {entry["notes"] for entry in entries.values()}
    assert mark.startswith("R-3 of 2026-11-02 · cf ")
    store = next(place for place in StockLocation.list(client, limit=50) if place.name == "Store")
    left = {item["part"]: item.quantity for item in StockItem.list(client, location=store.pk, limit=50)}
    assert left == {MUG: 99998, TEA: 99999}
    assert sent_fields(simulator) == {
        "POST /api/part/": set(part_fields),
        "POST /api/company/": set(company_fields),
        "POST /api/stock/remove/": {"pk", "quantity", "notes"},
    }, "every field that is written is asserted above"


def test_the_taps_rows_tell_what_was_written_and_by_whom(writer, simulator, url, around, tmp_path):
    send(writer, wanted("inventree", CASES["part"], 1))
    send(writer, wanted("inventree", CASES["contact"], 2))
    made = send(writer, wanted("inventree", CASES["stock_removal"], 3))
    ann = simulator.tokens["ann-token"]
    by_hand = next(iter(simulator.tables.items.values()))
    simulator.stock.adjust("remove", {"items": [{"pk": by_hand["pk"], "quantity": "1"}], "notes": "broken"}, ann)
    reader = InvenTreeReader(InvenTreeConfig(base_url=url, private_network=True), tmp_path)

    def rows(stream):
        return {message.body["pk"]: message.body for message in reader.read(stream, None, around) if isinstance(message, Record)}

    assert {row["IPN"]: row["ours"] for row in rows("parts").values()} == {"MUG": None, "TEA": None, "SCREW": None, "R-1": f"{1:024x}"}
    assert [(row["name"], row["ours"]) for row in rows("companies").values()] == [("Zoë Quill", f"{2:024x}")]
    history = rows("stock_tracking")
    assert (history[int(made.remote_id)]["ours"], history[int(made.remote_id)]["user"]) == (f"{3:024x}", "counterfoil")
    assert [(row["user"], row["removed"], row["notes"]) for row in history.values() if row["user"] == "ann"] == [("ann", 1, "broken")]
    stock_rows = rows("stock_items")
    assert {(row["sku"], row["location_name"], row["quantity"]) for row in stock_rows.values()} >= {
        ("MUG", "Store", 99997),
        ("TEA", "Store", 99999),
        ("MUG", "Kiosk", 1),
    }


# ── rules of its own ──


def test_a_part_that_a_person_typed_is_taken_over_and_keeps_their_keywords(writer, simulator):
    typed = simulator.seed_part("R-1", "jug", keywords="kitchen glass")
    made = send(writer, wanted("inventree", CASES["part"]))
    assert made.remote_id == str(typed)
    assert simulator.tables.parts[typed]["keywords"] == f"kitchen glass cf:{1:024x}:{1001:016x}"
    assert simulator.tables.parts[typed]["name"] == "Water jug"


def test_two_parts_with_one_ipn_and_one_ipn_for_two_products_are_matters_for_a_person(writer, simulator):
    simulator.seed_part("R-1", "jug")
    simulator.seed_part("R-1", "other jug")
    twice = send(writer, wanted("inventree", CASES["part"]))
    assert isinstance(twice, Refused)
    assert "2 parts have this IPN" in twice.problem.say
    send(writer, wanted("inventree", CASES["part"], 2))
    other = send(writer, wanted("inventree", CASES["part"], 3, number="R-2"))
    assert isinstance(other, Refused)
    assert "another product" in other.problem.say


def test_a_part_that_was_put_away_is_taken_up_again(writer, simulator):
    made = send(writer, wanted("inventree", CASES["part"]))
    send(writer, wanted("inventree", CASES["part"], 1, 3, Verb.VOID, made))
    assert simulator.tables.parts[int(made.remote_id)]["active"] is False
    again = send(writer, wanted("inventree", CASES["part"], look_up_key=f"{99:040x}"))
    assert again.remote_id == made.remote_id
    assert simulator.tables.parts[int(made.remote_id)]["active"] is True


def test_namesakes_get_their_number_and_the_same_person_typed_before_is_taken_over(writer, simulator):
    typed = simulator.seed_company("Zoë Quill", email="zoe@example.com", description="Comes on Fridays.")
    first = send(writer, wanted("inventree", CASES["contact"], 1))
    second = send(writer, wanted("inventree", CASES["contact"], 2))
    assert first.remote_id == str(typed) != second.remote_id
    assert simulator.tables.companies[typed]["description"] == f"Comes on Fridays. cf:{1:024x}:{1001:016x}"
    assert simulator.tables.companies[int(second.remote_id)]["name"] == "Zoë Quill (R-2)"


@pytest.mark.parametrize("kind", ["part", "contact"])
def test_what_a_person_changed_there_is_not_overwritten(kind, writer, simulator):
    case = CASES[kind]
    made = send(writer, wanted("inventree", case))
    table = simulator.tables.parts if kind == "part" else simulator.tables.companies
    table[int(made.remote_id)]["name"] = "typed by hand"
    held = send(writer, wanted("inventree", case, 1, 2, case.change, made))
    assert isinstance(held, Refused)
    assert held.problem.code == "SEND-CHANGED"
    del table[int(made.remote_id)]
    held = send(writer, wanted("inventree", case, 1, 2, case.change, made))
    assert isinstance(held, Refused)
    assert "deleted" in held.problem.say


def test_a_transfer_is_one_call_that_moves_and_does_not_add(writer, simulator):
    moves = Move("MUG", "Warehouse", Decimal(4)), Move("MUG", "Kiosk", Decimal(-4))
    made = send(writer, stock("stock_movement", *moves, movement_type="transfer"))
    assert (made.effect, [each.request.path for each in simulator.log if each.request.method == "POST"]) == (0, ["/api/stock/transfer/"])
    assert lying(simulator)[MUG, WAREHOUSE] == 99996
    assert lying(simulator)[MUG, KIOSK] == 5
    assert made.body["places"] == [[MUG, WAREHOUSE, "4"], [MUG, KIOSK, "-4"]]
    back = send(writer, stock("stock_movement", revision=3, verb=Verb.REVERSE, booked=made))
    assert (back.effect, back.body["places"]) == (0, [])
    assert (lying(simulator)[MUG, WAREHOUSE], lying(simulator)[MUG, KIOSK]) == (100000, 1)


def test_a_whole_item_that_is_transferred_is_told_by_the_mark(writer, simulator):
    moves = Move("MUG", "Kiosk", Decimal(1)), Move("MUG", "Store", Decimal(-1))
    made = send(writer, stock("stock_movement", *moves, movement_type="transfer"))
    assert made.body["places"] == [[MUG, STORE, "-1"], [MUG, KIOSK, "1"]]
    assert lying(simulator)[MUG, STORE] == 100001
    assert (MUG, KIOSK) not in lying(simulator)


def test_a_count_starts_from_what_lies_there_at_that_moment(writer, simulator):
    payload = writer.prepare(stock("stock_movement", Move("TEA", "Store", Decimal(3)), movement_type="count"))
    send(writer, stock("stock_removal", Move("TEA", "Store", Decimal(1)), n=2))
    item = next(row for row in simulator.tables.items.values() if (row["part"], row["location"]) == (TEA, STORE))
    simulator.stock.adjust("remove", {"items": [{"pk": item["pk"], "quantity": "10"}]}, 1)
    (made,) = writer.send([payload])
    assert made.effect == 3
    assert item["quantity"] == 100000 - 1 - 10 - 3
    assert max(simulator.tables.tracking.values(), key=lambda entry: entry["pk"])["tracking_type"] == 10


def test_what_others_took_meanwhile_is_seen_before_a_removal(writer, simulator):
    simulator.seed_item(TEA, KIOSK, "5")
    send(writer, stock("stock_removal", Move("TEA", "Kiosk", Decimal(1))))
    simulator.clock.forward(seconds=1)
    item = next(row for row in simulator.tables.items.values() if (row["part"], row["location"]) == (TEA, KIOSK))
    simulator.stock.adjust("remove", {"items": [{"pk": item["pk"], "quantity": "3"}]}, 1)
    short = send(writer, stock("stock_removal", Move("TEA", "Kiosk", Decimal(2)), n=2))
    assert isinstance(short, Refused)
    assert "takes 2 of TEA at Kiosk, where 1 are" in short.problem.say
    assert item["quantity"] == 1


def test_units_come_from_one_item_if_it_has_them_and_from_many_if_not(writer, simulator):
    few, many = simulator.seed_item(TEA, KIOSK, "2"), simulator.seed_item(TEA, KIOSK, "3")
    simulator.seed_item(TEA, KIOSK, "9", status=65)  # rejected
    simulator.seed_item(TEA, KIOSK, "1", serial="77")
    send(writer, stock("stock_removal", Move("TEA", "Kiosk", Decimal(3))))
    assert (simulator.tables.items[few]["quantity"], simulator.tables.items[many]["quantity"]) == (2, 0)
    simulator.stock.adjust("add", {"items": [{"pk": many, "quantity": "1"}]}, 1)
    simulator.clock.forward(seconds=1)
    made = send(writer, stock("stock_removal", Move("TEA", "Kiosk", Decimal("2.5")), n=2))
    assert (made.effect, made.body["places"]) == (Decimal("2.5"), [[TEA, KIOSK, "2.5"]])
    short = send(writer, stock("stock_removal", Move("TEA", "Kiosk", Decimal(1)), n=3))
    assert isinstance(short, Refused)


def test_an_item_that_would_go_when_used_up_is_told_to_stay(writer, simulator):
    going = simulator.seed_item(TEA, KIOSK, "2", delete_on_deplete=True)
    made = send(writer, stock("stock_removal", Move("TEA", "Kiosk", Decimal(2))))
    assert made.effect == 2
    assert simulator.tables.items[going]["quantity"] == 0


def test_an_exchange_that_broke_between_its_calls_is_finished_and_not_begun_again(writer, simulator):
    exchange = stock("stock_movement", Move("TEA", "Store", Decimal(2)), Move("MUG", "Store", Decimal(-1)))
    payload = writer.prepare(exchange)
    simulator.faults.add("drop_before", path="stock/add")
    since = simulator.clock()
    (answer,) = writer.send([payload])
    assert isinstance(answer, InDoubt)
    assert (lying(simulator)[TEA, STORE], lying(simulator)[MUG, STORE]) == (99998, 100000)
    assert isinstance(until_known(writer, simulator, [attempt(payload, since)])[0], Absent)  # not the whole of it
    (made,) = writer.send([payload])
    assert (made.effect, lying(simulator)[TEA, STORE], lying(simulator)[MUG, STORE]) == (1, 99998, 100001)
    assert [entry["deltas"].get("removed") for entry in simulator.tables.tracking.values() if entry["notes"]] == [2, None]
    assert until_known(writer, simulator, [attempt(payload, since)])[0].receipt == made


def test_an_exchange_that_broke_and_was_changed_meanwhile_is_mended(writer, simulator):
    simulator.faults.add("drop_before", path="stock/add")
    exchange = Move("TEA", "Store", Decimal(2)), Move("MUG", "Store", Decimal(-1))
    writer.send([writer.prepare(stock("stock_movement", *exchange))])
    made = send(writer, stock("stock_movement", Move("MUG", "Store", Decimal(-1)), revision=2))
    assert (made.effect, made.body["places"]) == (-1, [[MUG, STORE, "-1"]])
    assert (lying(simulator)[TEA, STORE], lying(simulator)[MUG, STORE]) == (100000, 100001)


def test_an_exchange_whose_second_call_is_refused_leaves_nothing(writer, simulator):
    home = next(row for row in simulator.tables.items.values() if (row["part"], row["location"]) == (MUG, STORE))
    payload = writer.prepare(stock("stock_movement", Move("TEA", "Store", Decimal(2)), Move("MUG", "Store", Decimal(-1))))
    send(writer, stock("stock_removal", Move("MUG", "Store", Decimal(1)), n=2))
    simulator.clock.forward(seconds=1)
    send(writer, stock("stock_removal", Move("TEA", "Warehouse", Decimal(1)), n=3))
    send(writer, stock("stock_removal", Move("TEA", "Warehouse", Decimal(1)), n=4))
    home["customer"] = 1  # after our look at what changed
    (answer,) = writer.send([payload])
    assert isinstance(answer, Refused)
    assert "not in stock" in answer.problem.say
    assert lying(simulator)[TEA, STORE] == 100000
    assert [Mark.of(entry["notes"]).leg for entry in simulator.tables.tracking.values() if entry["notes"].startswith("R-1 ")] == [1, 0]


def test_a_place_is_named_mapped_made_or_held(open_writer, simulator):
    simulator.seed_location("Shelf", structural=True)
    writer = open_writer()
    for place, said in (("Nowhere", "no stock location Nowhere"), ("Shelf", "structural")):
        held = writer.prepare(stock("stock_return", Move("MUG", place, Decimal(-1))))
        assert said in held.problem.say
    writer = open_writer(location="", create_locations=True)
    assert "names a place" in writer.prepare(stock("stock_return", Move("MUG", "", Decimal(-1)))).problem.say
    made = send(writer, stock("stock_return", Move("MUG", "Cellar", Decimal(-1))))
    cellar = next(pk for pk, row in simulator.tables.locations.items() if row["name"] == "Cellar")
    assert made.body["places"] == [[MUG, cellar, "-1"]]
    assert "Cellar" in writer.metadata().values["locations"]


def test_the_check_names_locations_that_are_not_there(open_writer):
    assert open_writer().check() == []
    assert ["Nowhere" in problem.say for problem in open_writer(locations={"x": "Nowhere"}).check()] == [True]


def test_a_server_without_stock_tracking_is_refused_and_so_is_what_is_no_inventree(simulator, open_writer):
    simulator.api_version = 566
    with pytest.raises(Exception, match="API version 566"):
        open_writer()


def test_no_personal_field_in_receipts_problems_or_the_history(writer, simulator):
    made = send(writer, wanted("inventree", CASES["contact"]))
    refused = send(writer, wanted("inventree", CASES["contact"], 2, **CASES["contact"].refused))
    said = repr((made.body, refused.problem, [entry["notes"] for entry in simulator.tables.tracking.values()]))
    for value in ("Zoë", "Quill", "555", "zoe@example.com"):
        assert value not in said
