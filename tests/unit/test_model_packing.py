"""How a document is stored: what is personal stays out of the body, and equal documents have equal bytes."""

from __future__ import annotations

import json
from typing import Annotated

import pytest

from mappings.model import PII, REGISTRY, content_hash, join, pack, split
from mappings.model.base import Document, Text, Value
from mappings.model.describe import describe, json_schema

ADA = {
    "source_id": "17",
    "display_name": "Ada Lovelace",
    "emails": ["ada@example.com"],
    "addresses": [{"line1": "12 St James's Square", "country": "GB"}],
    "country": "GB",
    "custom_fields": {"b": "2", "a": "1"},
}
ORDER = {
    "source_id": "1001",
    "business_date": "2026-01-31",
    "currency": "GBP",
    "placed_at": "2026-01-31T00:30:00+01:00",
    "email": "ada@example.com",
    "lines": [{"line_number": 1, "sku": "MUG", "quantity": 2, "unit_price": "2.55", "net_amount": "5.10"}],
    "grand_total": "5.10",
}
REQUIRED = {
    "order": {"lines": [], "grand_total": 0},
    "refund": {"lines": [], "grand_total": 0},
    "adjustment": {"lines": [], "grand_total": 0},
    "payment": {"amount_paid": 1},
    "fee": {"fee_amount": 1},
    "dispute": {"disputed_amount": 1},
    "gift_card_entry": {"entry_type": "issue", "balance_change": 1},
    "payout": {"net_amount": 1},
    "balance_transaction": {"charged_amount": 1, "charged_currency": "USD", "booked_amount": 1, "settled_amount": 1},
    "bank_transaction": {"bank_account_id": "DE1", "posted_on": "2026-01-31", "booked_amount": 1},
    "product": {"sku": "MUG", "name": "Mug"},
    "fulfillment": {"lines": []},
    "stock_movement": {"movement_type": "count", "sku": "MUG", "quantity": 1},
    "customer": {},
    "supplier": {},
    "location": {"name": "Cork"},
    "employee": {"employee_number": "7"},
    "time_entry": {"employee_number": "7", "regular_hours": 8},
    "tip_payout": {"tips": 1},
    "gift_card": {"balance": 1},
    "cash_drawer_session": {"expected_cash": 1, "counted_cash": 1},
    "inventory_level": {"sku": "MUG", "on_hand": 1},
    "bill": {"lines": [], "grand_total": 0},
    "vendor_credit": {"lines": [], "grand_total": 0},
    "purchase_order": {"lines": []},
    "goods_receipt": {"lines": []},
    "bill_payment": {"amount_paid": 1},
    "invoice": {"order_number": "HS-1", "grand_total": 1, "balance": 1},
    "journal_entry": {"lines": []},
}


def make(kind, **fields):
    cls = REGISTRY[kind]
    known = {"source_id": "1", "business_date": "2026-01-31", "currency": "GBP", **REQUIRED[kind], **fields}
    return cls.model_validate({name: value for name, value in known.items() if name in cls.model_fields})


def test_a_customer_is_split_into_what_may_be_shown_and_what_may_not():
    body, private = split(REGISTRY["customer"].model_validate(ADA))
    assert body == b'{"country":"GB","custom_fields":{"a":"1","b":"2"},"source_id":"17"}'
    assert json.loads(private) == {
        "display_name": "Ada Lovelace",
        "emails": ["ada@example.com"],
        "addresses": [{"line1": "12 St James's Square", "country": "GB"}],
    }


def test_an_order_is_stored_in_text_that_can_be_read():
    packed = pack(REGISTRY["order"].model_validate(ORDER))
    assert packed.body.decode() == (
        '{"business_date":"2026-01-31","currency":"GBP","grand_total":"5.10",'
        '"lines":[{"line_number":1,"net_amount":"5.10","quantity":"2","sku":"MUG","unit_price":"2.55"}],'
        '"placed_at":"2026-01-30T23:30:00Z","source_id":"1001"}'
    )
    assert packed.private == b'{"email":"ada@example.com"}'
    # A hash that changes without a change of the order makes every booked order a new revision.
    assert packed.digest == "31ce8fd52537eda0e4a186189e6dd0553a0edb08bc35e55c5f8d697c7255df20"


@pytest.mark.parametrize("kind", list(REGISTRY))
def test_no_personal_field_of_any_document_gets_into_its_body(kind):
    cls = REGISTRY[kind]
    secret = "Ada-7f3a"
    filled = {}
    for name in cls.personal:
        shape = str(cls.model_fields[name].annotation)
        part = {"Address": "line1", "BankDetail": "description"}
        inside = [{field: secret} for held, field in part.items() if held in shape]
        filled[name] = inside or ([secret] if "tuple" in shape else secret)
    document = make(kind, **filled)
    body, private = split(document)
    assert secret.encode() not in body
    assert (private or b"").count(secret.encode()) == len(cls.personal)
    assert (private is None) == (not cls.personal)
    assert join(cls, body, private) == document


@pytest.mark.parametrize("kind", list(REGISTRY))
def test_a_document_without_its_personal_fields_is_still_one(kind):
    """After an erasure only the body is left."""
    cls = REGISTRY[kind]
    erased = join(cls, split(make(kind))[0], None)
    assert all(not getattr(erased, name) for name in cls.personal)


def test_the_same_numbers_written_otherwise_are_the_same_document():
    lines = [{"line_number": 1, "sku": "MUG", "quantity": "2.000", "unit_price": "2.5500", "net_amount": "5.1", "discount_amount": "0.00"}]
    other = {**ORDER, "lines": lines, "grand_total": "5.100000", "placed_at": "2026-01-30T23:30:00Z", "tax_inclusive": False}
    assert pack(REGISTRY["order"].model_validate(other)) == pack(REGISTRY["order"].model_validate(ORDER))


def test_a_touch_at_the_source_is_no_news_but_is_stored():
    once, again = (REGISTRY["order"].model_validate({**ORDER, "source_version": version}) for version in ("1", "2"))
    assert content_hash(once) == content_hash(again)
    assert b'"source_version":"2"' in split(again)[0]
    assert join(type(again), *split(again)) == again


@pytest.mark.parametrize(
    "change", [{"email": "ada@example.org"}, {"grand_total": "5.11", "rounding_total": "0.01"}, {"source_deleted": True}]
)
def test_whatever_else_changes_is_news(change):
    assert content_hash(REGISTRY["order"].model_validate({**ORDER, **change})) != content_hash(REGISTRY["order"].model_validate(ORDER))


def test_body_and_private_part_cannot_be_shifted_into_each_other():
    fields = {"source_id": "1", "currency": "GBP", "business_date": "2026-01-31", "lines": [], "grand_total": 0}
    note = REGISTRY["refund"].model_validate({**fields, "note": "x"})
    reason = REGISTRY["refund"].model_validate({**fields, "reason": "x"})
    assert content_hash(note) != content_hash(reason)


def test_a_personal_field_inside_a_part_is_refused_when_the_class_is_made():
    class Owner(Value):
        name: Annotated[Text, PII]

    with pytest.raises(TypeError, match=r"Car\.owners has personal fields inside: mark the whole field"):

        class Car(Document):
            type = "car"
            title = "Car"
            owners: tuple[Owner, ...]


# ── the model told to people and programs ──


def test_every_field_is_described():
    told = {entity.type: entity for entity in describe(REGISTRY)}
    assert list(REGISTRY) == [entity.type for entity in told.values() if not entity.part]
    for name, cls in REGISTRY.items():
        assert [field.name for field in told[name].fields] == list(cls.model_fields)
        assert {field.name for field in told[name].fields if field.pii} == cls.personal
    assert {"OrderLine", "RefundLine", "TaxLine", "Tender", "Address"} <= told.keys()


def test_a_field_is_told_in_words():
    payout = next(entity for entity in describe(REGISTRY) if entity.type == "payout")
    fields = {field.name: (field.kind, field.required, field.says) for field in payout.fields}
    assert payout.says == "Money on its way between processor and bank. Signed: + goes to our bank, − is taken from it."
    assert fields["business_date"] == ("day", True, "The day it was issued.")
    assert fields["net_amount"] == ("amount", True, "")
    assert fields["exchange_rate"] == ("rate", False, "")
    assert fields["source_updated_at"][0] == "instant"
    assert fields["status"][0] == "one of scheduled, in_transit, paid, failed, canceled"


def test_signed_entities_say_which_side_plus_is():
    told = {entity.type: entity.says for entity in describe(REGISTRY)}
    for kind in ("payout", "gift_card_entry", "stock_movement"):
        assert "Signed: +" in told[kind]


@pytest.mark.parametrize("kind", list(REGISTRY))
def test_every_document_has_a_json_schema(kind):
    schema = json_schema(REGISTRY[kind])
    assert schema["additionalProperties"] is False
    assert {name for name, made in schema["properties"].items() if made.get("x-pii")} == REGISTRY[kind].personal
    assert '"number"' not in json.dumps(schema)
    json.dumps(schema)
