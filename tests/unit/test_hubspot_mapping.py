"""What HubSpot's records become: each test shows a record and the document it makes, as the hub stores it."""

from __future__ import annotations

import json
from datetime import time
from functools import cache
from typing import Any

import pytest

from mappings.engine import Context, Translation
from mappings.identity import document_id
from mappings.language import Mapping
from mappings.model import pack
from mappings.shipped import find, names
from taps._kit.reader import Record
from taps._kit.registry import tap
from taps._kit.simulator import serve
from taps._kit.surroundings import Pocket, Surroundings
from taps.hubspot.simulator import company
from taps.hubspot.simulator.everything import one_of_each

CONTEXT = Context("crm", timezone="America/New_York", day_cutoff=time(0), company="acme")
STAMPS = {"createdAt": "2026-11-01T08:00:00Z", "updatedAt": "2026-11-02T09:00:00Z", "archived": False}
STAMPED = {
    "source_version": "2026-11-02T09:00:00Z",
    "source_created_at": "2026-11-01T08:00:00Z",
    "source_updated_at": "2026-11-02T09:00:00Z",
}


def known(kind: str, source_id: str) -> str:
    """The id of a document of this connection."""
    return str(document_id("crm", kind, source_id))


@cache
def mapping(stream: str) -> Mapping:
    return find(f"hubspot/{stream}")


def translated(stream: str, record: dict[str, Any]) -> Translation:
    return mapping(stream).translate([record], CONTEXT)


def only(stream: str, record: dict[str, Any]) -> dict[str, Any]:
    """The stored fields of the one document; the company is always the connection's."""
    found = translated(stream, record)
    assert found.problems == []
    [document] = found.documents
    packed = pack(document)
    fields: dict[str, Any] = json.loads(packed.body) | json.loads(packed.private or b"{}")
    fields.pop("company", None)
    return fields


# ── deals ──


def line(**given: str) -> dict[str, Any]:
    return {"id": "L1", "properties": given}


def deal(*lines: dict[str, Any], **given: str | None) -> dict[str, Any]:
    """Won at nine in the evening in New York."""
    common = {"dealname": "Soap for a year", "hs_is_closed_won": "true", "closedate": "2026-11-03T02:00:00Z", "pipeline": "default"}
    record = {"id": "77", **STAMPS, "companies": ["42"], "contacts": ["7"], "currency": "USD", "line_items": list(lines)}
    return {**record, "properties": {**common, **given}}


def test_a_won_deal_is_a_sale_on_account_of_its_line_items():
    soap = line(name="Soap", description="Lavender", hs_sku="SOAP-1", hs_product_id="5", quantity="100", price="2.50", amount="225.00")
    taxed = {**soap, "properties": {**soap["properties"], "hs_tax_amount": "22.50", "hs_tax_label": "Illinois", "hs_tax_rate": "10"}}
    talk = line(name="A talk", quantity="1", price="99", amount="99.00", recurringbillingfrequency="monthly")
    record = deal(taxed, talk, amount="250", hubspot_owner_id="501", dealtype="newbusiness", description="At the back")
    assert only("deals", record) == {
        "source_id": "77",
        "source_number": "HS-77",
        **STAMPED,
        "order_number": "HS-77",
        "external_refs": [{"system": "hubspot", "type": "deal", "id": "77"}],
        "placed_at": "2026-11-03T02:00:00Z",
        "business_date": "2026-11-02",
        "payment_status": "unpaid",
        "channel": "default",
        "currency": "USD",
        "customer_id": known("customer", "company-42"),
        "customer_number": "company-42",
        "employee_number": "501",
        "note": "At the back",
        "custom_fields": {
            "deal_name": "Soap for a year",
            "deal_type": "newbusiness",
            "amount_from": "line items",
            "deal_amount": "250",
            "repeats": "monthly",
        },
        "lines": [
            {
                "line_number": 1,
                "sku": "SOAP-1",
                "item_id": known("product", "5"),
                "description": "Soap, Lavender",
                "quantity": "100",
                "unit_price": "2.50",
                "gross_amount": "250.00",
                "discount_amount": "25.00",
                "net_amount": "225.00",
                "tax_amount": "22.50",
                "total_amount": "247.50",
            },
            {
                "line_number": 2,
                "kind": "manual",
                "description": "A talk",
                "unit_price": "99.00",
                "gross_amount": "99.00",
                "net_amount": "99.00",
                "total_amount": "99.00",
            },
        ],
        "tax_lines": [{"line_number": 1, "title": "Illinois", "rate": "0.1", "amount": "22.50"}],
        "tax_total": "22.50",
        "grand_total": "346.50",
    }


def test_a_deal_without_line_items_is_one_line_and_says_so():
    order = only("deals", deal(amount="1200.5"))
    assert order["lines"] == [
        {"line_number": 1, "kind": "manual", "description": "Soap for a year", "net_amount": "1200.50", "total_amount": "1200.50"}
    ]
    assert (order["grand_total"], order["custom_fields"]["amount_from"]) == ("1200.50", "the deal, which has no line items")


def test_an_amount_that_the_line_items_give_is_not_told_twice():
    order = only("deals", deal(line(name="A talk", amount="99.00"), amount="99"))
    assert order["custom_fields"] == {"deal_name": "Soap for a year", "amount_from": "line items"}


@pytest.mark.parametrize(
    ("given", "companies", "contacts", "buyer"),
    [
        ({"hs_primary_associated_company": "43"}, ["42", "43"], ["7"], "company-43"),
        ({}, ["42"], ["7"], "company-42"),
        ({}, [], ["7", "8"], "contact-7"),
        ({}, [], [], None),
    ],
)
def test_the_buyer_is_the_primary_company_else_a_contact(given, companies, contacts, buyer):
    order = only("deals", deal(amount="10", **given) | {"companies": companies, "contacts": contacts})
    assert order.get("customer_number") == buyer
    assert order.get("customer_id") == (known("customer", buyer) if buyer else None)


@pytest.mark.parametrize("won", ["false", None])
def test_a_deal_that_is_not_won_is_no_sale(won):
    found = translated("deals", deal(amount="10", hs_is_closed_won=won))
    assert (found.documents, found.excluded) == ([], "a deal that is not won is no sale")


@pytest.mark.parametrize(
    ("record", "field"),
    [(deal(), "net_amount"), (deal(amount="10", closedate=None), "business_date"), (deal(line(name="Soap")), "net_amount")],
)
def test_a_won_deal_without_amount_or_day_is_held(record, field):
    found = translated("deals", record)
    assert found.documents == []
    assert any(field in problem.field for problem in found.problems)


def test_a_touch_alone_makes_no_new_revision_of_a_deal():
    """What we write back into HubSpot moves the instant of the deal's last change, and nothing that a mapping reads."""
    first, second = deal(amount="10"), deal(amount="10") | {"updatedAt": "2026-12-24T00:00:00Z"}
    [one], [two] = translated("deals", first).documents, translated("deals", second).documents
    assert pack(one).digest == pack(two).digest


# ── parties, products, people ──


def test_a_company_is_an_organization_with_tax_number_and_terms():
    given = {"name": "Grand Hotel", "phone": "+1555", "address": "1 Main Street", "city": "Chicago", "country": "United States"}
    own = {"num_associated_deals": "2", "hs_parent_company_id": "41", "hs_merged_object_ids": "40;42"}
    record = {"id": "42", **STAMPS, "properties": given | own, "tax_number": "US12", "payment_terms": "30 days"}
    assert only("companies", record) == {
        "source_id": "company-42",
        **STAMPED,
        "external_refs": [
            {"system": "hubspot", "type": "parent company", "id": "41"},
            {"system": "hubspot", "type": "merged company", "id": "40"},
        ],
        "customer_type": "organization",
        "display_name": "Grand Hotel",
        "company_name": "Grand Hotel",
        "tax_number": "US12",
        "payment_terms": "30 days",
        "phone_numbers": ["+1555"],
        "addresses": [{"line1": "1 Main Street", "city": "Chicago", "country": "United States"}],
        "country": "United States",
    }


def test_a_contact_is_a_person_who_may_belong_to_a_company():
    given = {"firstname": "Ida", "lastname": "Wells", "email": "ida@example.com", "hs_additional_emails": "i@example.com;w@example.com"}
    own = {"lifecyclestage": "customer", "associatedcompanyid": "42", "mobilephone": "+1556", "hs_email_optout": "true"}
    assert only("contacts", {"id": "42", **STAMPS, "properties": given | own, "companies": ["42"]}) == {
        "source_id": "contact-42",
        **STAMPED,
        "external_refs": [{"system": "hubspot", "type": "company", "id": "42"}],
        "display_name": "Ida Wells",
        "first_name": "Ida",
        "last_name": "Wells",
        "emails": ["ida@example.com", "i@example.com", "w@example.com"],
        "phone_numbers": ["+1556"],
        "marketing_consent": False,
    }


@pytest.mark.parametrize("stream", ["contacts", "companies"])
def test_a_lead_is_no_customer(stream):
    found = translated(stream, {"id": "1", **STAMPS, "properties": {"lifecyclestage": "lead", "num_associated_deals": "0"}})
    assert (found.documents, found.excluded) == ([], "a lead is no customer yet")


@pytest.mark.parametrize(
    ("kind", "made", "tracked"),
    [("inventory", None, None), ("non_inventory", None, False), ("service", "service", False), (None, None, None)],
)
def test_a_product_says_whether_stock_is_kept(kind, made, tracked):
    given = {"name": "Soap", "hs_sku": "SOAP-1", "price": "2.5", "hs_cost_of_goods_sold": "0.8", "hs_product_type": kind}
    product = only("products", {"id": "5", **STAMPS, "properties": given, "currency": "USD"})
    assert (product["sku"], product["list_price"], product["unit_cost"], product["currency"]) == ("SOAP-1", "2.50", "0.80", "USD")
    assert (product.get("product_type"), product.get("tracked")) == (made, tracked)


def test_an_owner_who_left_is_inactive_and_a_queue_is_nobody():
    gone = {"id": "501", "type": "PERSON", "email": "a@example.com", "firstName": "Alan", **STAMPS, "archived": True}
    assert (only("owners", gone)["employment_status"], only("owners", gone)["employee_number"]) == ("inactive", "501")
    assert translated("owners", {**gone, "type": "QUEUE"}).excluded == "a queue is nobody"


# ── the whole account ──

SHIPPED = sorted(name.partition("/")[2] for name in names() if name.startswith("hubspot/"))


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[dict[str, Any]]]:
    """Every record of every stream."""
    simulator, kind = company(30), tap("hubspot")
    one_of_each(simulator.portal)
    with serve(simulator) as url:
        reader = kind.build(kind.config.model_validate({"base_url": url, "private_network": True}), tmp_path_factory.mktemp("home"))
        around = Surroundings(clock=simulator.clock, safe=Pocket({"access_token": "pat-na1-hubspot-1"}), sleep=simulator.clock.sleep)
        read = {stream.name: list(reader.read(stream.name, None, around)) for stream in reader.streams()}
    return {
        stream: [json.loads(json.dumps(message.body, default=str)) for message in messages if isinstance(message, Record)]
        for stream, messages in read.items()
    }


def test_every_stream_has_a_mapping_but_the_line_items_which_deals_bring(account):
    assert set(account) - set(SHIPPED) == {"line_items"}


@pytest.mark.parametrize("stream", SHIPPED)
def test_every_record_of_a_simulated_account_is_understood(stream, account):
    found = [translated(stream, body) for body in account[stream]]
    assert [problem.say for each in found for problem in each.problems] == []
    assert any(each.documents for each in found)


@pytest.mark.parametrize("stream", SHIPPED)
def test_every_field_that_a_mapping_reads_has_a_value_somewhere(stream, account):
    """A field that the reader does not ask for, or calls otherwise, would be empty everywhere."""
    paths = mapping(stream).reads()
    assert [path for path in paths if not any(holds(body, path.split(".")) for body in account[stream])] == []


def holds(value: Any, path: list[str]) -> bool:
    """Whether there is a value at a path such as `line_items[].properties.amount`."""
    if not path or value is None:
        return value is not None
    if isinstance(value, list):
        return any(holds(each, path) for each in value)
    head, *rest = path
    return isinstance(value, dict) and holds(value.get(head.removesuffix("[]")), rest)
