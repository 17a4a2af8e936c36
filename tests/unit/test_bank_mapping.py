"""Bank entries as canonical documents: source record in, document out, each readable here."""

from __future__ import annotations

from datetime import date, time
from decimal import Decimal
from typing import Any

from mappings.language import Context
from mappings.model import BankTransaction, pack
from mappings.shipped import find

ENTRIES = find("bank/entries")
HERE = Context(connection="bank", timezone="Europe/Berlin", day_cutoff=time(4), company="ltd", lookups={})

RECORD: dict[str, Any] = {
    "id": "DE02120300000000202051/2026-02-02-0a1b2c3d4e5f6071/1",
    "account": "DE02120300000000202051",
    "statement": "2026-22",
    "status": "booked",
    "booked_on": "2026-02-02",
    "value_on": "2026-02-01",
    "amount": Decimal("-35.00"),
    "currency": "EUR",
    "reversal": True,
    "reference": "B-4711",
    "customer_reference": "PO-1",
    "end_to_end_id": "PAYOUT-17",
    "counterparty_name": "Processor plc",
    "counterparty_account": "IE64IRCE92050112345678",
    "counterparty_bank": "IRCEIE2D",
    "code": "PMNT/RCDT/ESCT",
    "text": "payout 17 taken back",
    "remittance_reference": "RF18",
    "additional": "STORNO",
}
DOCUMENT: dict[str, Any] = {
    "source_id": "DE02120300000000202051/2026-02-02-0a1b2c3d4e5f6071/1",
    "source_number": "B-4711",
    "company": "ltd",
    "business_date": date(2026, 2, 2),
    "bank_account_id": "DE02120300000000202051",
    "posted_on": date(2026, 2, 2),
    "value_on": date(2026, 2, 1),
    "booked_amount": Decimal("-35.00"),
    "currency": "EUR",
    "reversal": True,
    "reference": "B-4711",
    "customer_reference": "PO-1",
    "end_to_end_id": "PAYOUT-17",
    "remittance_reference": "RF18",
    "transaction_code": "PMNT/RCDT/ESCT",
    "description": "payout 17 taken back",
    "counterparty_name": "Processor plc",
    "counterparty_account": "IE64IRCE92050112345678",
    "counterparty_bank": "IRCEIE2D",
}


def document(**record: Any) -> BankTransaction:
    translation = ENTRIES.translate([record], HERE)
    assert translation.problems == []
    [made] = translation.documents
    assert isinstance(made, BankTransaction)
    return made


def test_an_entry_with_everything() -> None:
    made = document(**RECORD)
    assert made == BankTransaction.model_validate(DOCUMENT)
    assert made.amount() == (Decimal("-35.00"), "EUR")


def test_an_entry_with_nothing_but_what_it_must_have() -> None:
    must = ("id", "account", "status", "booked_on", "amount", "currency")
    made = document(**{name: RECORD[name] for name in must})
    given = {name: value for name, value in made.model_dump(exclude_defaults=True).items() if value is not None}
    assert given == {name: DOCUMENT[name] for name in given}
    assert set(given) == {"source_id", "company", "business_date", "bank_account_id", "posted_on", "booked_amount", "currency"}


def test_what_it_was_for_is_the_best_there_is() -> None:
    assert document(**RECORD | {"text": None}).description == "RF18"
    assert document(**RECORD | {"text": None, "remittance_reference": None}).description == "STORNO"


def test_a_batch_keeps_its_transactions() -> None:
    inside = [
        {"amount": Decimal("4.00"), "currency": "EUR", "reference": "T1", "end_to_end_id": "A", "counterparty_name": "Ann"},
        {"counterparty_account": "DE1", "text": "two", "remittance_reference": "RF19"},
    ]
    first, second = document(**RECORD | {"details": inside}).details
    assert first.model_dump(exclude_none=True) == inside[0]
    assert second.model_dump(exclude_none=True) == {"counterparty_account": "DE1", "description": "two", "remittance_reference": "RF19"}


def test_names_accounts_and_texts_of_others_are_personal() -> None:
    packed = pack(document(**RECORD | {"details": [{"text": "for Ann"}]}))
    for personal in (b"Processor plc", b"IE64IRCE92050112345678", b"taken back", b"for Ann"):
        assert personal not in packed.body
        assert personal in (packed.private or b"")


def test_what_is_not_booked_yet_is_left_out_with_the_reason() -> None:
    for status in ("pending", "future", "information"):
        translation = ENTRIES.translate([RECORD | {"status": status}], HERE)
        assert (translation.documents, translation.excluded) == ([], "not booked by the bank yet")


def test_every_field_of_the_stream_is_read() -> None:
    from taps.bank.statement import DETAIL, FIELDS

    made = document(**RECORD | {"details": [{name: RECORD.get(name) for name in DETAIL}]})
    assert [name for name in BankTransaction.model_fields if name in DOCUMENT and getattr(made, name) is None] == []
    assert set(RECORD) | {"details"} == set(FIELDS)
