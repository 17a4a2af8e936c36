"""An auditor's sample: by value and seed, exactly as many as asked, the same each time, and without personal fields."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

import pypdf
import pytest
import sqlalchemy as sa

from pipelines.hub.tables import document, landed, lineage
from pipelines.reconcile import sample
from pipelines.reconcile.sample_evidence import evidence
from pipelines.reconcile.sample_paper import write
from tests.unit._closing import Office

D = Decimal
AT = datetime(2026, 1, 20, 12, 0, tzinfo=UTC)
JAN = "2026-01"


@pytest.fixture
def office(hub_url: str) -> Iterator[Office]:
    made = Office(hub_url)
    yield made
    made.hub.close()


def put(office: Office, *amounts: str, currency: str = "EUR", first: int = 1, **more) -> None:
    with office.hub.begin() as tx:
        for seq, amount in enumerate(amounts, first):
            row = {
                "seq": seq, "document_id": UUID(int=seq), "revision": 1, "current": True, "type": "order", "connection_id": "shop",
                "company_id": "acme", "stream": "orders", "group_key": str(seq), "source_id": str(seq), "number": f"10{seq:02}",
                "body": "{}", "content_hash": "", "mapping": "shop/order", "mapping_version": 3, "mapping_digest": "ab" * 32,
                "cause": "source", "business_date": date(2026, 1, 20), "currency": currency, "amount": D(amount), "moves_money": True,
                "units": D(0), "moves_stock": False, "hours": D(0), "cost": D(0), "translated_at": AT,
            }  # fmt: skip
            tx.execute(sa.insert(document).values(row | more))


def numbers(office: Office, **how) -> list[str]:
    with office.hub.read() as tx:
        return [each.number for each in sample.choose(tx, "acme", JAN, **({"count": 5, "seed": 1} | how))]


def test_exactly_as_many_as_asked_and_the_same_each_time(office: Office) -> None:
    put(office, *(f"{amount}.50" for amount in range(1, 60)))
    for count in (1, 7, 25, 58, 59, 100):
        found = numbers(office, count=count)
        assert len(found) == len(set(found)) == min(count, 59)
        assert numbers(office, count=count) == found
    assert len({tuple(numbers(office, seed=seed)) for seed in range(8)}) > 5


def test_what_is_large_is_taken_for_certain(office: Office) -> None:
    put(office, "1000.00", "-900.00", *["1.00"] * 30)
    with office.hub.read() as tx:
        found = sample.choose(tx, "acme", JAN, count=4, seed=3)
    assert [(each.number, each.certain) for each in found[:2]] == [("1001", True), ("1002", True)]
    assert [each.certain for each in found[2:]] == [False, False]


def test_each_unit_of_money_has_the_same_chance(office: Office) -> None:
    """One document holds a fifth of the money: over many seeds it is in a fifth of the samples of one."""
    put(office, "20.00", *["2.00"] * 40)
    hits = sum("1001" in numbers(office, count=1, seed=seed) for seed in range(200))
    assert 25 <= hits <= 56


def test_currencies_share_the_sample(office: Office) -> None:
    put(office, *["5.00"] * 30)
    put(office, *["7.00"] * 9, currency="GBP", first=50)
    put(office, "3.00", currency="USD", first=90)
    with office.hub.read() as tx:
        found = [each.currency for each in sample.choose(tx, "acme", JAN, count=8, seed=1)]
    assert (found.count("EUR"), found.count("GBP"), found.count("USD")) == (6, 1, 1)


@pytest.mark.parametrize(
    "more",
    [{"company_id": "other"}, {"business_date": date(2026, 2, 1)}, {"moves_money": False}, {"test": True}, {"deleted": True},
     {"current": False}, {"amount": D(0)}],
)  # fmt: skip
def test_what_does_not_belong_is_left_out(office: Office, more) -> None:
    put(office, "5.00")
    put(office, "500.00", first=2, **more)
    assert numbers(office) == ["1001"]


def test_a_kind_can_be_named_and_nothing_is_no_error(office: Office) -> None:
    put(office, "5.00")
    put(office, "5.00", first=2, type="refund")
    assert numbers(office, kind="refund") == ["1002"]
    assert numbers(office, kind="payout") == []


# ── the pages ──


def story(office: Office) -> None:
    """An order with a note and a name, its payment, the payout it is in, and the bank's line."""
    put(
        office,
        "119.00",
        body='{"grand_total": "119.00", "order_number": "1001", "business_date": "2026-01-20"}',
        private='{"email": "grace@example.org"}',
    )
    put(office, "119.00", first=2, type="payment", parent_id=UUID(int=1), number="pay_1", body=f'{{"payout_id": "{UUID(int=3)}"}}')
    put(office, "116.50", first=3, type="payout", number="po_1", body='{"arrival_on": "2026-01-22", "bank_reference": "TRACE77"}')
    put(office, "116.50", first=4, type="bank_transaction", number="L1", body='{"reference": "TRACE77"}', business_date=date(2026, 1, 22))
    put(office, "116.50", first=5, type="bank_transaction", number="L2", business_date=date(2026, 1, 25))
    put(office, "116.50", first=6, type="bank_transaction", number="L3", business_date=date(2026, 3, 1))
    put(office, "116.51", first=7, type="bank_transaction", number="L4", business_date=date(2026, 1, 22))
    row = '{"id": 1001, "total": "119.0", "email": "grace@example.org", "note": "for Grace", "at": "2026-01-20 12:00", '
    row += '"born": "1906-12-09"}'
    with office.hub.begin() as tx:
        tx.execute(
            sa.insert(landed).values(
                seq=1, connection_id="shop", stream="orders", key="1001", op="upsert", content_hash="ff", body=row, landed_at=AT
            )
        )
        tx.execute(sa.insert(lineage).values(document_seq=1, landed_seq=1))


def test_the_chain_from_source_row_to_bank_line(office: Office) -> None:
    story(office)
    with office.hub.read() as tx:
        told = evidence(tx, UUID(int=1))
    assert told["title"] == "Order 1001"
    assert told["payments"] == [["pay_1", "2026-01-20", "119.00 EUR", "shop"]]
    assert told["payouts"] == [["po_1", "2026-01-20", "116.50 EUR", "shop"]]
    assert told["bank"] == [
        ["L1", "2026-01-22", "116.50 EUR", "shop", "by reference"],
        ["L2", "2026-01-25", "116.50 EUR", "shop", "by amount and day"],
    ]
    assert told["mapping"][0] == ["Mapping", "shop/order v3"]
    assert told["rows"][0]["fields"] == [
        ["id", "1001"], ["total", "119.0"], ["email", "(not shown)"], ["note", "(not shown)"], ["at", "2026-01-20 12:00"],
        ["born", "(not shown)"],
    ]  # fmt: skip


def test_personal_fields_are_shown_when_they_are_asked_for(office: Office) -> None:
    story(office)
    with office.hub.read() as tx:
        hidden, shown = evidence(tx, UUID(int=1)), evidence(tx, UUID(int=1), personal=True)
    assert "race" not in repr(hidden)
    assert ["email", "grace@example.org"] in shown["rows"][0]["fields"]
    assert ["note", "for Grace"] in shown["rows"][0]["fields"]


def test_one_page_a_document_the_same_bytes_each_time(office: Office, tmp_path) -> None:
    story(office)
    with office.hub.begin() as tx:
        tx.execute(sa.update(document).where(document.c.seq == 1).values(number="#panic() [*x*] 商"))
        chosen = sample.choose(tx, "acme", JAN, count=2, seed=1)
        pages = [(each, evidence(tx, each.document_id)) for each in chosen]
    first, again = (write(tmp_path / name, "acme, 2026-01", pages) for name in ("a", "b"))
    assert [file.read_bytes() for file in first] == [file.read_bytes() for file in again]
    assert [file.suffix for file in first] == [".pdf", ".pdf", ".csv"]
    text = "".join(page.extract_text() for file in first[:2] for page in pypdf.PdfReader(file).pages)
    for words in ("1 Source row", "2 Mapping", "3 Posting", "5 Payouts", "6 Bank lines"):
        assert words in text
    assert "race@" not in text
    assert len((tmp_path / "a" / "list.csv").read_text().splitlines()) == 3
