"""The read-back tap of Tryton: pages by instant and id, what is written a second time, what comes late, and where the next read goes on."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from taps._kit.errors import Misconfigured
from taps._kit.reader import Record, State
from taps._kit.surroundings import Pocket, Surroundings
from taps.tryton import CONNECTOR
from taps.tryton import reader as module
from taps.tryton.client import connect
from taps.tryton.values import decode, encode, packed, seconds, text_of
from tests.unit._tryton import Stub

AROUND = Surroundings(safe=Pocket({"key": "k"}))


@pytest.fixture
def stub(monkeypatch: pytest.MonkeyPatch) -> Stub:
    made = Stub()
    monkeypatch.setattr(module, "connect", made.edge)
    return made


@pytest.fixture
def reader(stub: Stub, tmp_path: Path) -> Any:
    config = CONNECTOR.config.model_validate({"base_url": "https://erp.example.com", "database": "erp", "page_size": 2})
    return CONNECTOR.build(config, tmp_path)


def read(reader: Any, stream: str, state: Any = None) -> tuple[list[Record], State]:
    messages = list(reader.read(stream, state.value if state else None, AROUND))
    return [each for each in messages if isinstance(each, Record)], [each for each in messages if isinstance(each, State)][-1]


def invoice(stub: Stub, **more: Any) -> int:
    return stub.put("account.invoice", type="out", company=1, lines=[], taxes=[], **more)


def test_every_record_comes_once_whether_written_again_or_not(stub, reader):
    numbers = [invoice(stub, reference=f"R-{n}") for n in range(5)]
    for number in numbers[:3]:
        stub.write("PUT", "account.invoice", number, "", {"reference": "changed"})
    invoice(stub, reference="another company's") and stub.records["account.invoice"][max(stub.records["account.invoice"])].update(company=2)
    records, state = read(reader, "invoices")
    assert sorted(int(record.key or 0) for record in records) == numbers
    assert (state.read, state.value["read"]) == (5, 5)


def test_equal_instants_across_pages_lose_nothing(stub, reader):
    stub.clock = lambda: datetime(2026, 11, 2, 9, 0, tzinfo=UTC)  # type: ignore[method-assign]
    numbers = [invoice(stub) for _ in range(7)]
    assert [int(record.key or 0) for record in read(reader, "invoices")[0]] == numbers


def test_the_next_read_goes_on_with_an_overlap(stub, reader):
    first = invoice(stub, reference="old")
    stub.now += timedelta(hours=1)
    invoice(stub, reference="new")
    _, state = read(reader, "invoices")
    stub.now += timedelta(hours=1)
    stub.write("PUT", "account.invoice", first, "", {"reference": "typed by hand"})
    records, after = read(reader, "invoices", state)
    assert [record.body["reference"] for record in records] == ["new", "typed by hand"]
    assert after.read == state.read + 2


def test_versions_grow_with_each_change(stub, reader):
    number = invoice(stub)
    before = read(reader, "invoices")[0][0].version
    stub.write("PUT", "account.invoice", number, "", {"reference": "x"})
    assert read(reader, "invoices")[0][0].version > before


def test_a_document_shows_total_state_and_last_editor(stub, reader):
    line = {"quantity": 2, "unit_price": Decimal("5.00"), "type": "line"}
    author = stub.put("res.user", login="ann")
    stub.put(
        "account.invoice", type="out", company=1, lines=[["create", [line]]], taxes=[], invoice_date=date(2026, 11, 2), write_uid=author,
    )  # fmt: skip
    (record,), _state = read(reader, "invoices")
    assert (record.body["total"], record.body["status"], record.body["last_editor"], record.body["date"]) == (
        Decimal("10.00"), "draft", "ann", "2026-11-02",
    )  # fmt: skip
    assert set(record.body) <= set(next(each for each in reader.streams() if each.name == "invoices").schema["properties"])


def test_lists_of_lines_are_lists_of_values(stub, reader):
    account = next(each["id"] for each in stub.records["account.account"].values() if each["code"] == "4.1.1")
    line = {"account": account, "debit": Decimal(0), "credit": Decimal("3.00")}
    stub.put("account.move", company=1, lines=[["create", [line, line | {"credit": Decimal("4.00")}]]])
    (record,), _state = read(reader, "moves")
    assert (record.body["accounts"], record.body["credits"]) == (["4.1.1", "4.1.1"], [Decimal("3.00"), Decimal("4.00")])


def test_who_left_is_still_read(stub, reader):
    party = stub.put("party.party", name="Left", code="L", contact_mechanisms=[])
    stub.records["party.party"][party]["active"] = False
    assert [record.body["active"] for record in read(reader, "parties")[0]] == [False]


def test_a_stream_or_company_that_is_not_there_is_told(stub, reader, tmp_path):
    with pytest.raises(Misconfigured, match="nonsense"):
        list(reader.read("nonsense", None, AROUND))
    stub.records["company.company"].clear()
    with pytest.raises(Misconfigured, match="company 1"):
        reader.check(AROUND)


def test_a_good_connection_passes_the_check(reader):
    assert reader.check(AROUND) == reader.check() == []


def test_the_real_edge_carries_company_and_encoding():
    config = CONNECTOR.config.model_validate({"base_url": "https://erp.example.com/", "database": "erp", "company": 3})
    edge = connect(config, AROUND)
    assert edge.context() == {"X-Tryton-Context": packed({"company": 3, "_skip_warnings": True})}
    assert edge.context(inactive=True) == {"X-Tryton-Context": packed({"company": 3, "_skip_warnings": True, "active_test": False})}
    edge.close()


@pytest.mark.parametrize(
    "value", [Decimal("29.90"), date(2026, 1, 2), datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC), "x", None, [1, {"a": True}]]
)
def test_values_come_back_as_they_went(value):
    assert decode(encode(value)) == value


def test_spans_are_hours_to_the_microsecond():
    assert decode(seconds(Decimal("7.333333"))) / 3600 == Decimal("7.333333")
    assert encode({"duration": seconds(Decimal(1))}) == {"duration": {"__class__": "timedelta", "seconds": 3600.0}}


def test_instants_are_texts_that_sort():
    assert text_of(datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)) == "2026-01-02T03:04:05.000000+00:00"


def test_what_was_committed_late_is_not_missed(stub, reader):
    """Tryton stamps a record with the beginning of its transaction: four minutes before what was read last."""
    invoice(stub, reference="quick")
    _, state = read(reader, "invoices")
    late = invoice(stub, reference="slow")
    stub.records["account.invoice"][late]["create_date"] = stub.now - timedelta(minutes=4)
    assert "slow" in [record.body["reference"] for record in read(reader, "invoices", state)[0]]
