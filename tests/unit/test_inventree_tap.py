"""The streams of InvenTree beside stock items, which the contract of taps over HTTP reads."""

from __future__ import annotations

from decimal import Decimal

import pytest

from taps._kit.errors import Misconfigured, Retryable
from taps._kit.reader import Complete, Record, Start, State
from taps._kit.simulator import serve
from taps._kit.surroundings import Pocket, Surroundings
from taps.inventree.config import InvenTreeConfig
from taps.inventree.mark import ITEMS, Label, Mark, Spot
from taps.inventree.reader import InvenTreeReader
from taps.inventree.simulator import InvenTreeSimulator


@pytest.fixture
def simulator():
    made = InvenTreeSimulator()
    made.part, made.place = made.seed_part("MUG"), made.seed_location("Store")
    return made


@pytest.fixture
def around(simulator):
    return Surroundings(clock=simulator.clock, safe=Pocket({"token": "inventree-token"}), sleep=simulator.clock.sleep)


@pytest.fixture
def reader(simulator, tmp_path):
    with serve(simulator) as url:
        yield InvenTreeReader(InvenTreeConfig(base_url=f"{url}/api/", private_network=True, page_size=2), tmp_path)


def run(reader, stream, around, state=None):
    messages = list(reader.read(stream, state, around))
    return [message.body for message in messages if isinstance(message, Record)], messages[-1].value


# ── history ──


def test_the_history_is_read_on_from_the_day_before_its_newest(simulator, reader, around):
    item = simulator.seed_item(simulator.part, simulator.place, "9")
    for _ in range(4):
        simulator.clock.forward(days=1)
        simulator.stock.adjust("remove", {"items": [{"pk": item, "quantity": "1"}]}, 1)
    rows, state = run(reader, "stock_tracking", around)
    assert [row["removed"] for row in rows] == [None, 1, 1, 1, 1]
    assert state["since"] == "2026-11-06"
    before = len(simulator.log)
    rows, state = run(reader, "stock_tracking", around, state)
    assert [row["date"][:10] for row in rows] == ["2026-11-05", "2026-11-06"]
    assert simulator.log[before].request.query["min_date"] == "2026-11-05"
    assert state == {"since": "2026-11-06", "read": 7}


def test_a_state_of_another_clock_reads_the_history_anew(simulator, reader, around):
    simulator.seed_item(simulator.part, simulator.place)
    rows, state = run(reader, "stock_tracking", around, {"since": "2031-01-01", "read": 3})
    assert len(rows) == 1
    assert state == {"since": "2026-11-02", "read": 4}


def test_received_goods_name_their_order_place_and_price(simulator, reader, around):
    order = simulator.seed_order("PO-1", simulator.seed_company("Mugs Ltd", is_supplier=True), [(simulator.part, "100", "10.00")])
    (line,) = simulator.tables.purchase_lines
    item = simulator.receive(line, "98", simulator.place)
    (row,), _state = run(reader, "stock_tracking", around)
    assert (row["tracking_type"], row["purchase_order"], row["quantity"], row["location"]) == (70, order, 98, simulator.place)
    assert (row["item"], row["part"], row["user"], row["ours"]) == (item, simulator.part, "counterfoil", None)


# ── orders ──


def test_orders_come_with_their_lines_and_open_ones_come_again(simulator, reader, around):
    mugs = simulator.seed_company("Mugs Ltd", is_supplier=True)
    lines = [(simulator.part, str(n), "10.00") for n in (5, 6, 7)]
    order = simulator.seed_order("PO-1", mugs, lines)
    done = simulator.seed_order("PO-2", mugs, [])
    simulator.tables.purchase_orders[done]["status"] = 30
    rows, state = run(reader, "purchase_orders", around)
    assert [(row["reference"], row["supplier_name"], row["created_by"], len(row["lines"])) for row in rows] == [
        ("PO-1", "Mugs Ltd", "counterfoil", 3),
        ("PO-2", "Mugs Ltd", "counterfoil", 0),
    ]
    assert rows[0]["lines"][0] == {
        "pk": min(simulator.tables.purchase_lines),
        "ipn": "MUG",
        "sku": None,
        "internal_part": simulator.part,
        "quantity": 5,
        "received": 0,
        "purchase_price": "10.00",
        "purchase_price_currency": "EUR",
        "destination": None,
    }
    simulator.clock.forward(days=9)
    rows, state = run(reader, "purchase_orders", around, state)
    assert {row["reference"] for row in rows} == {"PO-1", "PO-2"}  # changed on the newest day that was seen
    simulator.tables.purchase_orders[order]["updated_at"] = "2026-11-11T09:00:00.000000Z"
    _rows, state = run(reader, "purchase_orders", around, state)
    simulator.receive(min(simulator.tables.purchase_lines), "5", simulator.place)
    (row,), state = run(reader, "purchase_orders", around, state)
    assert (row["reference"], row["lines"][0]["received"]) == ("PO-1", 5)
    assert state["since"] == "2026-11-11"


def test_sales_orders_tell_what_is_allocated_and_shipped(simulator, reader, around):
    simulator.seed_sale("SO-1", simulator.seed_company("Bo", is_customer=True), [(simulator.part, "2", "19.00")])
    (row,), _state = run(reader, "sales_orders", around)
    assert [(line["part"], line["quantity"], line["allocated"], line["shipped"]) for line in row["lines"]] == [(simulator.part, 2, 0, 0)]


# ── whole streams ──


def test_a_row_deleted_while_we_page_begins_the_stream_anew(simulator, reader, around):
    items = [simulator.seed_item(simulator.part, simulator.place) for _ in range(5)]

    def delete(request):
        if request.query.get("offset") == "2":
            simulator.tables.items.pop(items[0], None)

    simulator.interludes.append(delete)
    messages = list(reader.read("stock_items", None, around))
    assert [type(message) for message in messages if isinstance(message, (Start, Complete))] == [Start, Start, Complete]
    last = messages[len(messages) - [type(message) for message in messages][::-1].index(Start) :]
    assert [message.key for message in last if isinstance(message, Record)] == [str(pk) for pk in items[1:]]
    assert isinstance(messages[-1], State)


def test_a_stream_that_never_stands_still_says_nothing_of_absences(simulator, reader, around):
    items = [simulator.seed_item(simulator.part, simulator.place) for _ in range(9)]

    def delete(request):
        if request.query.get("offset") == "2":
            del simulator.tables.items[items.pop(0)]

    simulator.interludes.append(delete)
    with pytest.raises(Retryable, match="change faster"):
        list(reader.read("stock_items", None, around))


def test_every_record_has_what_its_stream_promises_and_nothing_else(simulator, reader, around):
    simulator.seed_item(simulator.part, simulator.place)
    bo = simulator.seed_company("Bo")
    order = simulator.seed_order("PO-1", bo, [(simulator.part, "5", "1.00")])
    simulator.seed_sale("SO-1", bo, [(simulator.part, "5", "2.00")])
    simulator.receive(next(pk for pk, row in simulator.tables.purchase_lines.items() if row["order"] == order), "2", simulator.place)
    for stream in reader.streams():
        rows, _state = run(reader, stream.name, around)
        assert all(set(row) == set(stream.schema["properties"]) for row in rows)
        assert rows, stream.name


def test_another_server_is_no_inventree(simulator, reader, around):
    simulator.route("GET", "/api/", simulator.missing)
    simulator._routes.insert(0, simulator._routes.pop())
    with pytest.raises(Misconfigured):
        reader.check(around)


@pytest.mark.parametrize("version", [205, 566])
def test_a_version_that_cannot_be_spoken_to_is_named(version, simulator, reader, around):
    simulator.api_version = version
    with pytest.raises(Misconfigured, match=f"API version {version}"):
        reader.check(around)


# ── marks ──


def test_a_mark_is_read_as_it_was_written():
    at = {12: Spot(3), 15: Spot(3, Decimal("10.5"))}
    mark = Mark("R-1", "a" * 24, "b" * 16, "c" * 24, Decimal("-2.5"), 1, 2, at, 7)
    assert Mark.of(mark.notes("2026-11-02")) == mark
    assert not mark.last
    assert Mark.of("counted by Ann") is None
    assert Mark.of(None) is None


def test_the_longest_mark_fits_into_the_notes():
    at = {10**9 + n: Spot(10**6, Decimal("123456.12345")) for n in range(ITEMS)}
    mark = Mark("R" * 99, "a" * 24, "b" * 16, "c" * 24, Decimal("-12345678.12345"), 10, 10, at, 10**6)
    assert len(mark.notes("2026-11-02")) <= 512


def test_a_label_leaves_what_people_wrote():
    label = Label("a" * 24, "b" * 16)
    word = f"cf:{'a' * 24}:{'b' * 16}"
    assert label.onto("kitchen, glass", 250) == f"kitchen, glass {word}"
    assert label.onto(f"kitchen cf:{'c' * 24}:{'d' * 16} glass", 250) == f"kitchen glass {word}"
    assert label.onto(None, 250) == word
    assert len(label.onto("x" * 300, 250)) == 250
    assert Label.of(label.onto("x" * 300, 250)) == label
