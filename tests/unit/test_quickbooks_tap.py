"""What the QuickBooks tap hands out: documents of ours and of others, who changed them last, and what became of those that are gone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from taps._kit.reader import Notice, Reader, Record, State, Tombstone
from taps._kit.simulator import serve
from taps._kit.surroundings import Pocket, Surroundings
from taps.quickbooks.config import QuickBooksConfig
from taps.quickbooks.reader import QuickBooksReader
from taps.quickbooks.rows import STREAMS
from taps.quickbooks.simulator.seeding import BY_HAND
from targets._kit.writer import Verb
from tests.contract.samples.quickbooks_company import CODES, SECRETS, Company
from tests.contract.samples.target_quickbooks import CASES
from tests.unit._quickbooks import opened, receipts
from tests.unit.test_quickbooks_target import intent


@pytest.fixture
def company() -> Company:
    return Company()


@pytest.fixture
def reader(company: Company) -> Iterator[Reader]:
    with serve(company) as url:
        yield QuickBooksReader(
            QuickBooksConfig(base_url=url, token_url=f"{url}/oauth2/v1/tokens/bearer", private_network=True, realm_id=company.realm_id),
            Path(),
        )


def read(reader: Reader, company: Company, stream: str, state: dict[str, Any] | None = None) -> tuple[list[Any], dict[str, Any]]:
    around = Surroundings(clock=company.clock, safe=Pocket(dict(SECRETS)), sleep=company.clock.sleep)
    messages = list(reader.read(stream, state, around))
    last = messages[-1]
    assert isinstance(last, State)
    return messages, last.value


def rows(messages: list[Any]) -> list[dict[str, Any]]:
    return [dict(message.body) for message in messages if isinstance(message, Record)]


def test_a_document_typed_by_hand_is_seen_beside_ours(company, reader):
    with opened(company) as writer:
        (made,) = receipts(writer, intent(company, "invoice"))
    company.seeds.edit_by_hand("Invoice", made.remote_id, PrivateNote=company.books.objects["Invoice"][made.remote_id]["PrivateNote"])
    typed, ours = rows(read(reader, company, "invoices")[0])
    assert (typed["our_key"], typed["our_number"], typed["updated_by"], typed["total"]) == (None, None, BY_HAND, Decimal(60000))
    assert (ours["our_number"], ours["updated_by"], ours["number"] == ours["our_key"]) == ("R-1", BY_HAND, True)
    assert (ours["document_date"], ours["total"], ours["tax"], ours["currency"]) == (date(2026, 11, 2), Decimal(54), Decimal(4), "USD")
    assert (ours["status"], ours["balance"], ours["party_id"]) == ("posted", Decimal(54), company.buyer)
    assert ours["lines"][0]["item_id"] == company.mug


@pytest.mark.parametrize(
    ("kind", "stream"),
    [
        ("sales_receipt", "sales_receipts"),
        ("credit_note", "credit_memos"),
        ("refund_receipt", "refund_receipts"),
        ("payment", "payments"),
        ("spend", "purchases"),
        ("transfer", "transfers"),
        ("journal", "journal_entries"),
    ],
)
def test_each_kind_of_document_is_read_with_its_total(kind, stream, company, reader):
    with opened(company) as writer:
        (made,) = receipts(writer, intent(company, kind))
    (row,) = rows(read(reader, company, stream)[0])
    assert (row["id"], row["our_number"], row["total"]) == (made.remote_id, "R-1", abs(CASES[kind].effect))
    assert row["document_date"] == date(2026, 11, 2)
    if kind in ("spend", "transfer"):
        assert row["account_id"] == company.accounts["Clearing"]


def test_voided_and_deleted_documents_are_told(company, reader):
    with opened(company) as writer:
        invoice, note = receipts(writer, intent(company, "invoice", 1), intent(company, "credit_note", 2))
        _, invoices = read(reader, company, "invoices")
        _, notes = read(reader, company, "credit_memos")
        company.clock.forward(minutes=20)
        receipts(writer, intent(company, "invoice", 1, Verb.VOID, invoice), intent(company, "credit_note", 2, Verb.VOID, note))
    (voided,) = rows(read(reader, company, "invoices", invoices)[0])
    assert (voided["id"], voided["status"], voided["total"], voided["our_number"]) == (invoice.remote_id, "voided", 0, "R-1")
    messages, _ = read(reader, company, "credit_memos", notes)
    assert [message.key for message in messages if isinstance(message, Tombstone)] == [note.remote_id]


def test_after_more_changes_than_one_answer_tells_pages_are_read_and_it_is_said(company, reader, monkeypatch):
    monkeypatch.setattr("taps.quickbooks.reader.MOST_CHANGES", 2)
    _, state = read(reader, company, "invoices")
    company.clock.forward(hours=1)
    company.access["access-1"] = company.clock.now.replace(year=2027)
    for amount in (1, 2, 3):
        company.seeds.by_hand("Invoice", company.typed(Decimal(amount)))
    messages, _ = read(reader, company, "invoices", state)
    assert [row["total"] for row in rows(messages)] == [1, 2, 3]
    (notice,) = [message for message in messages if isinstance(message, Notice)]
    assert "more than 2 changed" in notice.problem.say


def test_after_more_than_thirty_days_nothing_is_lost_and_it_is_said(company, reader):
    _, state = read(reader, company, "invoices")
    company.clock.forward(days=31)
    company.seeds.by_hand("Invoice", company.typed(Decimal(5)))
    messages, _ = read(reader, company, "invoices", state)
    assert [row["total"] for row in rows(messages)] == [5]
    assert any(isinstance(message, Notice) and "30 days" in message.problem.say for message in messages)


def test_what_shows_late_is_not_lost(company, reader):
    """Typed before a read began and shown after it ended."""
    _, state = read(reader, company, "invoices")
    company.clock.forward(minutes=20)
    company.lag = timedelta(minutes=2)
    company.seeds.by_hand("Invoice", company.typed(Decimal(5)))
    company.clock.forward(minutes=1)
    messages, state = read(reader, company, "invoices", state)
    assert rows(messages) == []
    company.clock.forward(minutes=10)
    assert [row["total"] for row in rows(read(reader, company, "invoices", state)[0])] == [5]


def test_a_quiet_read_is_one_call(company, reader):
    _, state = read(reader, company, "invoices")
    company.log.clear()
    messages, _ = read(reader, company, "invoices", state)
    assert rows(messages) == []
    assert [exchange.request.path.rsplit("/", 1)[-1] for exchange in company.log] == ["cdc"]


def test_accounts_and_taxes_are_read_and_customers_without_their_names(company, reader):
    accounts = {row["number"] or row["name"]: row for row in rows(read(reader, company, "accounts")[0])}
    assert set(CODES.values()) <= set(accounts)
    assert accounts[CODES["Clearing"]]["kind"] == "Bank"
    rates = [row["percent"] for row in rows(read(reader, company, "tax_rates")[0])]
    assert sorted(rates) == [12, 20]
    messages, state = read(reader, company, "customers")
    assert "Berg" not in repr(rows(messages))
    company.clock.forward(minutes=10)
    company.seeds.edit_by_hand("Customer", company.buyer, Active=False)
    (gone,) = rows(read(reader, company, "customers", state)[0])
    assert gone["active"] is False


def test_the_streams_are_those_of_the_page():
    page = (Path(__file__).parents[2] / "docs/connectors/quickbooks.md").read_text()
    assert [stream for stream in STREAMS if f"`{stream}`" not in page] == []


def test_a_state_of_another_layout_is_refused(company, reader):
    from taps._kit.errors import Misconfigured

    _, state = read(reader, company, "invoices")
    with pytest.raises(Misconfigured):
        read(reader, company, "invoices", state | {"layout": 2})
