"""Xero's own OpenAPI judges every request of ours and every answer of the simulator; xero-python reads what was written."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from mappings.posting import Row
from taps._kit.reader import Record
from taps._kit.simulator import Response, serve
from taps._kit.surroundings import Pocket, Surroundings
from taps.xero import CONNECTOR as TAP
from taps.xero.client import day
from taps.xero.facts import FACTS
from taps.xero.simulator import ROOT, TENANT
from targets._kit.writer import Payload, Receipt, Refused, Related, Verb
from targets.xero import CONNECTOR
from targets.xero.receipts import ID_OF
from tests.contract.openapi import Judge, watch
from tests.contract.samples import target_xero as sample
from tests.contract.samples import xero_company as company
from tests.contract.test_remote_contract import wanted

CASES = sample.sample().cases
# Around each list stands an envelope that the specification shows in all its examples and in none of its schemas.
ENVELOPE = {"Id", "Status", "ProviderName", "DateTimeUTC"}
SETTINGS = {**company.TAXES, "tracking": {"Region": "Dublin"}, "draft_first": False}


@pytest.fixture(scope="module")
def judge(shared):
    return Judge(shared / "specs" / "xero" / "xero_accounting.yaml", ROOT)


@pytest.fixture
def simulator():
    return company.simulator()


@pytest.fixture
def around(simulator):
    return Surroundings(clock=simulator.clock, safe=Pocket(dict(company.SECRETS)), sleep=simulator.clock.sleep)


@pytest.fixture
def url(simulator):
    with serve(simulator) as address:
        yield address


@pytest.fixture
def writer(url, around, tmp_path):
    made = CONNECTOR.build(CONNECTOR.config.model_validate(company.config(url, **SETTINGS)), tmp_path)
    made.open(None, around)
    yield made
    made.close()


def send(writer, intent):
    payload = writer.prepare(intent)
    assert isinstance(payload, Payload), payload
    (answer,) = writer.send([payload])
    return answer


def intent(name, n=1, revision=1, verb=Verb.CREATE, booked=None, **other):
    return wanted("xero", CASES[name], n, revision, verb, booked, **other)


def a_life(writer, simulator):
    """Every kind made, changed, refused and taken back; a credit note with its invoice; a payment and a transfer made anew."""
    for name, case in CASES.items():
        simulator.clock.forward(minutes=1)  # sixty calls a minute
        made = send(writer, intent(name))
        changed = send(writer, intent(name, 1, 2, case.change, made))
        assert isinstance(changed, Receipt), changed
        assert isinstance(send(writer, intent(name, 2, 1, Verb.CREATE, None, **case.refused)), Refused)
        assert isinstance(send(writer, intent(name, 1, 3, Verb.VOID, changed)), Receipt)
    related = {"customer": sample.CUSTOMER, "parent": sample.PARENT}
    credit = send(writer, intent("credit_note", 5, related=related))
    changed = send(writer, intent("credit_note", 5, 2, Verb.UPDATE, credit, related=related))
    assert isinstance(send(writer, intent("credit_note", 5, 3, Verb.VOID, changed)), Receipt)
    for name in ("payment", "transfer"):
        made = send(writer, intent(name, 6))
        moved = send(writer, intent(name, 6, 2, Verb.ADJUST, made, date=date(2026, 11, 3)))
        assert isinstance(moved, Receipt), moved
    assert isinstance(send(writer, intent("invoice", 7, related={})), Receipt)


def bare(seen):
    """Accounting calls without the envelopes of their answers."""
    for request, response in seen:
        if request.path.startswith(ROOT):
            body = response.body
            if isinstance(body, dict) and response.status == 200:
                assert ENVELOPE - set(body) in (set(), ENVELOPE)
                body = {name: value for name, value in body.items() if name not in ENVELOPE}
            yield request, Response(response.status, body, response.headers)


def test_every_request_and_answer_is_as_the_specification_says(judge, writer, simulator, url, around, tmp_path):
    seen = watch(simulator)
    writer.hello()
    simulator.books.category("Store", "Dublin")
    a_life(writer, simulator)
    simulator.clock.forward(hours=2)
    writer.read_back()
    writer.read_back(simulator.clock() - timedelta(days=1))
    reader = TAP.build(TAP.config.model_validate(company.config(url)), tmp_path)
    for stream in reader.streams():
        list(reader.read(stream.name, None, around))
    judged = judge.judge(bare(seen))
    assert judged == {
        *(f"GET /{name}" for name in ("Organisation", "Accounts", "Currencies", "TaxRates", "TrackingCategories", *ID_OF)),
        *(f"PUT /{name}" for name in ID_OF if name != "Items"),
        *(f"POST /{name}" for name in ID_OF if name != "Payments"),
        "POST /Payments/{PaymentID}",
        "GET /CreditNotes/{CreditNoteID}",
        "GET /Invoices/{InvoiceID}",
        "PUT /CreditNotes/{CreditNoteID}/Allocations",
        "DELETE /CreditNotes/{CreditNoteID}/Allocations/{AllocationID}",
    }
    for request, _response in seen:
        if request.path.startswith(ROOT):
            assert request.headers["xero-tenant-id"] == TENANT
        if request.method in ("PUT", "POST") and request.path.startswith(ROOT):
            assert 0 < len(request.headers["idempotency-key"]) <= 128


def test_the_judge_refuses_what_the_specification_does_not_know(judge):
    assert judge.faults_of_request("PUT", "/Invoices", {"Invoices": [{"InvoiceNo": "1"}]})
    assert judge.faults_of_request("PUT", "/Invoices", {"Invoices": [{"Type": "SALES"}]})
    assert judge.faults_of_request("PUT", "/BankTransfers", {"BankTransfers": [{"Amount": 1}]})
    assert judge.faults_of_answer("GET", "/Invoices", 200, {"Invoices": [{"Total": "twenty"}]})


def plain(value: Any, name: str = "") -> Any:
    """A value of a request or of an answer, so that the two can be compared."""
    if name in ("Date", "DueDate"):
        found = day(value)
        return found.isoformat() if found else None
    return Decimal(str(value)) if isinstance(value, (int, Decimal)) and not isinstance(value, bool) else value


def lacking(sent: Any, found: Any, path: str = "") -> list[str]:
    """The fields of a request that an answer does not have, or has otherwise."""
    if isinstance(sent, dict):
        inside = found if isinstance(found, dict) else {}
        return [fault for name, value in sent.items() for fault in lacking(value, inside.get(name), f"{path}.{name}")]
    if isinstance(sent, list):
        rows = found if isinstance(found, list) else []
        if len(rows) != len(sent):
            return [f"{path}: {len(rows)} of {len(sent)}"]
        return [fault for place, value in enumerate(sent) for fault in lacking(value, rows[place], f"{path}[{place}]")]
    name = path.rsplit(".", 1)[-1]
    return [] if plain(sent, name) == plain(found, name) else [f"{path}: sent {sent}, found {found}"]


FIELDS = {
    "Invoices": "Type InvoiceNumber Reference Contact Date DueDate LineAmountTypes CurrencyCode Status LineItems",
    "CreditNotes": "Type CreditNoteNumber Reference Contact Date LineAmountTypes CurrencyCode Status LineItems",
    "BankTransactions": "Type Reference Contact BankAccount Date LineAmountTypes CurrencyCode Status LineItems",
    "Payments": "Invoice Account Date Amount Reference",
    "BankTransfers": "FromBankAccount ToBankAccount Amount Date Reference",
    "ManualJournals": "Narration Date LineAmountTypes Status JournalLines",
    "Contacts": "Name AccountNumber ContactNumber ContactStatus FirstName LastName EmailAddress TaxNumber Phones Addresses",
    "Items": "Code Name Description PurchaseDescription IsSold IsPurchased SalesDetails",
}
LINE = {"Description", "Quantity", "UnitAmount", "AccountCode", "TaxType", "TaxAmount", "ItemCode", "Tracking"}


def test_every_field_that_is_written_is_read_back(writer, simulator):
    seen = watch(simulator)
    goods = CASES["invoice"].first["rows"][0]
    simulator.books.add("Items", {"Code": "MUG", "Name": "Mug", "IsSold": True}, by_hand=True)
    rows: tuple[Row, ...] = (
        goods._replace(sku="MUG", tax=Decimal("18.35")),
        goods._replace(net=Decimal(0), tax=Decimal(0), description="Free"),
    )
    lines = tuple(
        line._replace(amount=line.amount + {"610": Decimal("0.01"), "820": Decimal("-0.01")}.get(line.account, 0))
        for line in CASES["invoice"].first["lines"]
    )
    full = {"related": {"customer": sample.CUSTOMER, "item:MUG": Related("item", "x", "MUG")}, "rows": rows, "lines": lines}
    person = {
        "first_name": "Zoë",
        "last_name": "Quill",
        "emails": ["zoe@example.com"],
        "tax_number": "IE1234567T",
        "phone_numbers": ["+353 1 555 0100"],
        "addresses": [
            {
                "type": "shipping",
                "line1": "1 Quay",
                "line2": "Flat 2",
                "city": "Cork",
                "region": "Munster",
                "postal_code": "T12",
                "country": "IE",
            }
        ],
    }
    more = {"invoice": full, "contact": {"document": person}}
    for name in CASES:
        made = send(writer, intent(name, **more.get(name, {})))
        assert isinstance(made, Receipt), made
    written: dict[str, set[str]] = {}
    in_lines: set[str] = set()
    for request, response in seen:
        if request.method not in ("PUT", "POST"):
            continue
        resource = request.path.rsplit("/", 1)[-1]
        answer = msgspec.json.decode(msgspec.json.Encoder(decimal_format="number").encode(response.body), type=dict)
        for sent, made in zip(request.body[resource], answer[resource], strict=True):
            found = writer._organisation.one(resource, made[ID_OF[resource]])
            assert lacking(sent, found, resource) == []
            written.setdefault(resource, set()).update(sent)
            in_lines |= {name for line in sent.get("LineItems", ()) for name in line}
    assert written == {resource: set(names.split()) for resource, names in FIELDS.items()}
    assert in_lines == LINE


def test_xero_python_reads_what_was_written(writer, simulator, url):
    from xero_python.accounting import AccountingApi
    from xero_python.api_client import ApiClient, Configuration
    from xero_python.api_client.oauth2 import OAuth2Token

    client = ApiClient(Configuration(oauth2_token=OAuth2Token(client_id="client", client_secret="client-secret")), pool_threads=1)
    token = {
        "access_token": "access-1",
        "refresh_token": "refresh-1",
        "expires_in": 1800,
        "expires_at": 4e9,
        "token_type": "Bearer",
        "scope": ["x"],
    }
    client.oauth2_token_getter(lambda: token)
    client.oauth2_token_saver(lambda _token: None)
    api = AccountingApi(client, base_url=f"{url}{ROOT}")
    made = {
        name: send(writer, intent(name))
        for name in ("invoice", "credit_note", "sales_receipt", "payment", "transfer", "journal", "contact", "supplier", "item")
    }
    billed, credited = (send(writer, intent(name, 2, number="RE 17")) for name in ("bill", "bill_credit"))
    (bill,) = api.get_invoices(TENANT, where='Type=="ACCPAY"').invoices
    assert (str(bill.invoice_id), bill.type, bill.status, bill.total, bill.total_tax, bill.due_date, bill.contact.name) == (
        *(billed.remote_id, "ACCPAY", "DRAFT", Decimal("110.04"), Decimal("18.34")),
        *(date(2026, 12, 2), "Potter & Co"),
    )
    assert bill.invoice_number.startswith("RE 17 cf-")
    assert [(line.account_code, line.tax_type, line.line_amount) for line in bill.line_items] == [("801", "INPUT20", Decimal("91.70"))]
    (credit,) = api.get_credit_notes(TENANT, where='Type=="ACCPAYCREDIT"').credit_notes
    assert (str(credit.credit_note_id), credit.status, credit.total) == (credited.remote_id, "DRAFT", Decimal("54.00"))
    (invoice,) = api.get_invoices(TENANT, where='InvoiceNumber=="R-1"').invoices
    assert (str(invoice.invoice_id), invoice.total, invoice.total_tax, invoice.date) == (
        made["invoice"].remote_id,
        Decimal("110.04"),
        Decimal("18.34"),
        date(2026, 11, 2),
    )
    assert [(line.account_code, line.quantity, line.unit_amount) for line in invoice.line_items] == [("200", 2, Decimal("45.85"))]
    (transaction,) = api.get_bank_transactions(TENANT).bank_transactions
    assert (transaction.type, transaction.total, transaction.bank_account.code) == ("RECEIVE", Decimal("85.04"), "091")
    assert api.get_credit_notes(TENANT, where='CreditNoteNumber=="R-1"').credit_notes[0].total == Decimal("54.00")
    assert api.get_payments(TENANT).payments[0].amount == Decimal("85.84")
    assert api.get_bank_transfers(TENANT).bank_transfers[0].amount == Decimal("72.14")
    journal = api.get_manual_journals(TENANT).manual_journals[0]
    assert [line.line_amount for line in journal.journal_lines] == [Decimal("5.00"), Decimal("-5.00")]
    names = {contact.name for contact in api.get_contacts(TENANT).contacts}
    assert "Grace Hopper" in names
    assert api.get_items(TENANT).items[0].code == "R-1"
    assert api.get_organisations(TENANT).organisations[0].base_currency.name == "USD"


def test_the_streams_show_what_was_typed_by_hand_too(writer, url, around, tmp_path):
    made = send(writer, intent("invoice"))
    reader = TAP.build(TAP.config.model_validate(company.config(url)), tmp_path)
    bodies = {message.key: message.body for message in reader.read("invoices", None, around) if isinstance(message, Record)}
    ours, typed = bodies[made.remote_id], bodies[sample.PARENT.remote_id]
    assert (ours["number"], ours["total"], ours["tax"], ours["status"]) == ("R-1", Decimal("110.04"), Decimal("18.34"), "AUTHORISED")
    assert ours["our_key"]
    assert (typed["number"], typed["our_key"]) == ("INV-0001", None)
    assert set(FACTS.verbs) == set(CASES)
