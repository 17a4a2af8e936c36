"""The rules of the simulated organisation, each asked by a call of its own."""

from __future__ import annotations

import base64
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from taps._kit.edge import Reply
from taps._kit.simulator import Request, Response, serve
from taps._kit.surroundings import Pocket, Surroundings
from taps.xero import CONNECTOR as TAP
from taps.xero.simulator import ROOT, TENANT
from taps.xero.simulator.where import BadFilter, parse
from targets._kit.remote import Call
from targets.xero.judging import elements_of
from tests.contract.samples import target_xero as sample
from tests.contract.samples import xero_company as company

LINE = {"Description": "Mug", "Quantity": Decimal(1), "UnitAmount": Decimal("10.00"), "AccountCode": "200", "TaxType": "OUTPUT20"}
CUSTOMER = {"ContactID": sample.CUSTOMER.remote_id}
INVOICE = {"Type": "ACCREC", "Contact": CUSTOMER, "Date": "2026-11-02", "Status": "AUTHORISED", "LineItems": [LINE]}
RECEIVED = {"Type": "RECEIVE", "Contact": CUSTOMER, "Date": "2026-11-02", "BankAccount": {"Code": "091"}, "LineItems": [LINE]}
TRANSFER = {"FromBankAccount": {"Code": "091"}, "ToBankAccount": {"Code": "092"}, "Amount": Decimal(5), "Date": "2026-11-02"}
DEBIT = {"LineAmount": Decimal(5), "AccountCode": "310"}
JOURNAL = {
    "Narration": "x",
    "Date": "2026-11-02",
    "Status": "POSTED",
    "JournalLines": [DEBIT, {"LineAmount": Decimal(-5), "AccountCode": "630"}],
}
PAYMENT = {"Invoice": {"InvoiceID": sample.PARENT.remote_id}, "Account": {"Code": "091"}, "Amount": Decimal(5), "Date": "2026-11-02"}


@pytest.fixture
def simulator():
    return company.simulator()


def call(simulator: Any, method: str, path: str, body: Any = None, query: dict[str, str] | None = None, **headers: str) -> Response:
    known = {"authorization": "Bearer access-1", "xero-tenant-id": TENANT}
    sent = known | {name.replace("_", "-"): value for name, value in headers.items()}
    response: Response = simulator.handle(Request(method, f"{ROOT}{path}", query or {}, sent, body))
    return response


def put(simulator: Any, resource: str, *elements: dict[str, Any], method: str = "PUT", apart: bool = True) -> list[str]:
    """What is wrong with the elements, in Xero's words."""
    query = {"summarizeErrors": "false", "unitdp": "4"} if apart else {"unitdp": "4"}
    response = call(simulator, method, f"/{resource}", {resource: list(elements)}, query)
    rows = response.body[resource] if response.status == 200 else response.body["Elements"]
    return [each["Message"] for row in rows for each in row.get("ValidationErrors", ())]


@pytest.mark.parametrize(
    ("resource", "element", "said"),
    [
        ("Invoices", {"LineItems": [{**LINE, "UnitAmount": Decimal(-10)}]}, "must not be negative"),
        ("Invoices", {"LineItems": [{**LINE, "LineAmount": Decimal(11)}]}, "does not match the expected line total"),
        ("Invoices", {"LineItems": [{**LINE, "AccountCode": "091"}]}, "Account code '091'"),
        ("Invoices", {"LineItems": [{**LINE, "AccountCode": "610"}]}, "Account code '610'"),
        ("Invoices", {"LineItems": [{**LINE, "TaxType": "NONSENSE"}]}, "TaxType code 'NONSENSE'"),
        ("Invoices", {"LineItems": [{**LINE, "Description": ""}]}, "at least 1 char"),
        ("Invoices", {"LineItems": [{**LINE, "ItemCode": "NOPE"}]}, "Item code 'NOPE'"),
        ("Invoices", {"LineItems": [{**LINE, "Tracking": [{"Name": "Region", "Option": "Mars"}]}]}, "tracking category Region"),
        ("Invoices", {"LineItems": []}, "One or more line items"),
        ("Invoices", {"Contact": {"ContactID": sample.ARCHIVED.remote_id}}, "archived"),
        ("Invoices", {"Contact": {}}, "at least 1 of the following elements"),
        ("Invoices", {"Date": "2026-09-30"}, "lock date"),
        ("Invoices", {"Date": "soon"}, "not a valid date"),
        ("Invoices", {"CurrencyCode": "EUR"}, "currency EUR"),
        ("Invoices", {"InvoiceNumber": "INV-0001"}, "must be unique"),
        ("Invoices", {"Type": "SALES"}, "Type is mandatory"),
        ("Invoices", {"Reference": "x" * 256}, "255"),
        ("BankTransactions", {"BankAccount": {"Code": "200"}}, "type BANK"),
        ("BankTransfers", {"ToBankAccount": {"Code": "200"}}, "type BANK"),
        ("BankTransfers", {"ToBankAccount": {"Code": "091"}}, "must differ"),
        ("BankTransfers", {"Amount": Decimal(0)}, "greater than zero"),
        ("BankTransfers", {"Date": "2026-09-30"}, "lock date"),
        ("ManualJournals", {"JournalLines": [DEBIT, {"LineAmount": Decimal(-4), "AccountCode": "630"}]}, "(5.00)"),
        ("ManualJournals", {"JournalLines": [DEBIT]}, "at least two lines"),
        ("ManualJournals", {"JournalLines": [DEBIT, {"LineAmount": Decimal(-5), "AccountCode": "091"}]}, "bank or system"),
        ("ManualJournals", {"JournalLines": [DEBIT, {"LineAmount": Decimal(-5), "AccountCode": "610"}]}, "bank or system"),
        ("ManualJournals", {"Narration": ""}, "Narration"),
        ("Payments", {"Amount": Decimal(10001)}, "exceeds the amount outstanding"),
        ("Payments", {"Amount": Decimal(0)}, "greater than zero"),
        ("Payments", {"Account": {"Code": "840"}}, "payments enabled"),
        ("Payments", {"Invoice": {"InvoiceID": "nobody"}}, "must name an invoice"),
        ("Payments", {"Date": "2026-09-30"}, "lock date"),
        ("Contacts", {"Name": "taken"}, "already assigned"),
        ("Contacts", {"Name": ""}, "must be specified"),
        ("Contacts", {"Name": "x" * 256}, "255"),
        ("Items", {"Code": "x" * 31}, "30"),
        ("Items", {"SalesDetails": {"AccountCode": "999"}}, "SalesDetails"),
    ],
)  # fmt: skip
def test_what_is_refused(resource, element, said, simulator):
    fine: dict[str, dict[str, Any]] = {
        "Invoices": INVOICE,
        "BankTransactions": RECEIVED,
        "BankTransfers": TRANSFER,
        "ManualJournals": JOURNAL,
        "Payments": PAYMENT,
        "Contacts": {"Name": "Somebody"},
        "Items": {"Code": "MUG"},
    }
    told = put(simulator, resource, {**fine[resource], **element})
    assert any(said in each for each in told), told
    assert put(simulator, resource, fine[resource]) == []


def test_elements_are_taken_apart_or_refused_together(simulator):
    bad = {**INVOICE, "Date": "2026-09-30"}
    assert len(put(simulator, "Invoices", INVOICE, bad)) == 1
    assert len(simulator.books.ours("Invoices")) == 1
    assert len(put(simulator, "Invoices", INVOICE, bad, apart=False)) == 1
    assert len(simulator.books.ours("Invoices")) == 1
    assert len(put(simulator, "BankTransfers", TRANSFER, {**TRANSFER, "Amount": Decimal(0)})) == 1
    assert simulator.books.ours("BankTransfers") == []
    assert call(simulator, "PUT", "/Invoices", {"Invoices": [INVOICE] * 51}).status == 400
    assert call(simulator, "PUT", "/Invoices", [1, 2]).status == 400


def test_a_key_answers_once_and_for_one_request_only(simulator):
    body = {"Invoices": [INVOICE]}
    first = call(simulator, "PUT", "/Invoices", body, idempotency_key="k")
    assert call(simulator, "PUT", "/Invoices", body, idempotency_key="k") is first
    assert call(simulator, "PUT", "/Invoices", {"Invoices": [{**INVOICE, "Reference": "x"}]}, idempotency_key="k").status == 400
    assert len(simulator.books.ours("Invoices")) == 1
    simulator.clock.forward(minutes=7)
    assert call(simulator, "PUT", "/Invoices", body, idempotency_key="k").status == 200
    assert len(simulator.books.ours("Invoices")) == 2
    assert call(simulator, "PUT", "/Invoices", body, idempotency_key="k" * 129).status == 400


def test_tenant_and_token(simulator):
    assert call(simulator, "GET", "/Accounts", xero_tenant_id="another").status == 403
    assert call(simulator, "GET", "/Accounts", authorization="Bearer nonsense").status == 401
    simulator.clock.forward(minutes=30)
    assert call(simulator, "GET", "/Accounts").status == 401


def refreshed(simulator: Any, token: str) -> int:
    pair = base64.b64encode(b"client:client-secret").decode()
    body = {"grant_type": "refresh_token", "refresh_token": token}
    status: int = simulator.handle(Request("POST", "/connect/token", {}, {"authorization": f"Basic {pair}"}, body)).status
    return status


def test_a_refresh_token_changes_with_each_use_and_the_old_one_has_a_grace(simulator):
    assert refreshed(simulator, "refresh-1") == 200
    assert refreshed(simulator, "refresh-1") == 200
    assert refreshed(simulator, "refresh-2") == 200
    simulator.clock.forward(minutes=31)
    assert refreshed(simulator, "refresh-1") == 400
    assert refreshed(simulator, "refresh-3") == 200


def test_five_thousand_calls_a_day(simulator):
    simulator._calls = [simulator.clock()] * 5000
    simulator.clock.forward(minutes=2)
    refused = call(simulator, "GET", "/Accounts")
    assert (refused.status, refused.headers["x-rate-limit-problem"]) == (429, "day")
    assert int(refused.headers["retry-after"]) == 86_400 - 120


def test_what_is_reconciled_or_locked_later_is_not_changed(simulator):
    put(simulator, "BankTransactions", RECEIVED)
    (made,) = simulator.books.ours("BankTransactions")
    change = {**RECEIVED, "BankTransactionID": made["BankTransactionID"]}
    assert put(simulator, "BankTransactions", change, method="POST") == []
    assert "cannot be changed" in put(simulator, "BankTransactions", {**change, "Type": "SPEND"}, method="POST")[0]
    made["IsReconciled"] = True
    assert "reconciled" in put(simulator, "BankTransactions", change, method="POST")[0]
    made["IsReconciled"] = False
    simulator.books.period_lock = made["Date"]
    assert "lock date" in put(simulator, "BankTransactions", change, method="POST")[0]


@pytest.mark.parametrize("text", ['Name=="x" AND', "(Name==1", "Name ~ 1", 'Name=="x") '])
def test_a_filter_that_cannot_be_read(text, simulator):
    with pytest.raises(BadFilter):
        parse(text)
    assert call(simulator, "GET", "/Contacts", query={"where": text}).status == 400


def test_a_filter_fails_on_what_is_not_set_unless_it_is_asked_for():
    row = {"Name": "Ann", "Total": Decimal(5), "Contact": {"ContactID": "c"}}
    with pytest.raises(BadFilter):
        parse('Reference.StartsWith("cf-")')(row)
    assert not parse('Reference!=null AND Reference.StartsWith("cf-")')(row)
    assert parse('Name.Contains("n") && (Total>=5 || Total<1) AND Contact.ContactID==Guid("c") AND Name.EndsWith("n")')(row)


# ── what our side makes of odd answers ──


def test_an_answer_about_other_documents_is_no_answer():
    sent = [{"Reference": f"cf-{n:024x}-{n:010x}:0: R-{n}"} for n in (1, 2)]
    asked = Call("PUT", "/Invoices", (object(), object()), {"Invoices": sent})  # type: ignore[arg-type]
    assert elements_of(asked, Reply(200, {"Invoices": sent}, {})) == sent
    assert elements_of(asked, Reply(200, {"Invoices": sent[::-1]}, {})) is None
    assert elements_of(asked, Reply(200, {"Invoices": sent[:1]}, {})) is None
    assert elements_of(asked, Reply(200, {}, {})) is None


def test_the_next_read_begins_a_little_before_this_one(simulator, tmp_path):
    """A change that took its instant before our page and was committed after it is seen all the same."""
    around = Surroundings(clock=simulator.clock, safe=Pocket(dict(company.SECRETS)), sleep=simulator.clock.sleep)
    with serve(simulator) as url:
        reader = TAP.build(TAP.config.model_validate(company.config(url)), tmp_path)
        simulator.clock.forward(minutes=1)
        *_messages, state = reader.read("invoices", None, around)
        late = simulator.books.add("Invoices", {"Type": "ACCREC", "InvoiceNumber": "LATE", "Total": Decimal(1)}, by_hand=True)
        simulator.books.documents["Invoices"][late]["_updated"] -= timedelta(seconds=3)
        keys = [getattr(message, "key", None) for message in reader.read("invoices", state.value, around)]
    assert late in keys
