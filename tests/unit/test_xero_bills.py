"""Bills and credits of suppliers at Xero: always drafts, found by the mark behind the number, changed only while nobody approved them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from mappings.posting import Own
from taps._kit.reader import Record
from taps._kit.surroundings import Pocket, Surroundings
from taps.xero import CONNECTOR as TAP
from taps.xero.marks import Mark, mark_of
from targets._kit.writer import Found, Intent, Receipt, Refused, Related, Unpreparable, Verb
from targets.xero.writer import XeroWriter
from tests.contract.samples import target_xero as sample
from tests.contract.samples import xero_company as company
from tests.contract.test_remote_contract import attempt, until_known
from tests.unit.test_xero_target import CASES, intent, opened, prepared, receipt, send, simulator, stands, writer

__all__ = ["opened", "simulator", "writer"]
RESOURCE = {"bill": "Invoices", "bill_credit": "CreditNotes"}
NUMBER = {"bill": "InvoiceNumber", "bill_credit": "CreditNoteNumber"}


def approve(simulator: Any, name: str, made: Receipt) -> dict[str, Any]:
    """Somebody approves the draft in Xero."""
    found = stands(simulator, RESOURCE[name], made.remote_id)
    simulator.books.touch(found, Status="AUTHORISED")
    return found


def pay(writer: XeroWriter, made: Receipt, amount: str, of: str = "Invoice") -> dict[str, Any]:
    """Somebody pays it from the bank account."""
    element = {of: {f"{of}ID": made.remote_id}, "Account": {"Code": "090"}, "Amount": amount, "Date": "2026-11-20"}
    reply = writer.edge.write("PUT", "/Payments", body={"Payments": [element]})
    assert reply.good, reply
    return dict(reply.body["Payments"][0])


def held(writer: XeroWriter, each: Intent) -> str:
    found = writer.prepare(each)
    assert isinstance(found, Unpreparable), found
    assert found.problem.fix
    return f"{found.problem.code} {found.problem.say} {found.problem.fix}"


@pytest.mark.parametrize("draft_first", [False, True])
@pytest.mark.parametrize("name", ["bill", "bill_credit"])
def test_what_a_supplier_bills_is_a_draft_whatever_the_connection_says(name, draft_first, opened, simulator):
    made = receipt(opened(draft_first=draft_first), intent(name, number="RE 2026/17"))
    found = stands(simulator, RESOURCE[name], made.remote_id)
    assert (found["Status"], found["Type"]) == ("DRAFT", {"bill": "ACCPAY", "bill_credit": "ACCPAYCREDIT"}[name])
    assert found[NUMBER[name]].startswith("RE 2026/17 cf-")
    assert "Reference" not in found
    assert (made.number, made.effect) == ("RE 2026/17", CASES[name].effect)
    assert found["Contact"]["Name"] == "Potter & Co"
    assert [(line["AccountCode"], line["TaxType"]) for line in found["LineItems"]] == [("801", "INPUT20")]


def test_a_bill_is_due_when_the_supplier_says_and_says_nothing_where_he_does_not(writer, simulator):
    made, other = receipt(writer, intent("bill")), prepared(writer, intent("bill", 2, document={}))[0]
    assert stands(simulator, "Invoices", made.remote_id)["DueDate"] == date(2026, 12, 2)
    assert "DueDate" not in other.body.steps[0].element


def test_two_suppliers_may_both_have_a_bill_of_one_number(writer, simulator):
    made = [receipt(writer, intent("bill", n, number="17")) for n in (1, 2)]
    assert {each.number for each in made} == {"17"}
    assert len(simulator.books.ours("Invoices")) == 2
    simulator.clock.forward(hours=1)
    assert [each.effect for each in writer.read_back()] == [Decimal("-110.04")] * 2


def test_a_number_longer_than_xero_has_room_for_leaves_the_mark_whole(writer, simulator):
    payload = prepared(writer, intent("bill", number="9" * 300))[0]
    made = receipt(writer, payload.intent)
    assert len(stands(simulator, "Invoices", made.remote_id)["InvoiceNumber"]) <= 255
    (where,) = until_known(writer, simulator, [attempt(payload, simulator.clock())])
    assert isinstance(where, Found)


@pytest.mark.parametrize("name", ["bill", "bill_credit"])
def test_a_draft_is_changed_in_place_and_keeps_its_mark(name, writer, simulator):
    made = receipt(writer, intent(name))
    changed = receipt(writer, intent(name, 1, 2, Verb.UPDATE, made))
    assert (changed.remote_id, changed.effect) == (made.remote_id, CASES[name].changed_effect)
    found = stands(simulator, RESOURCE[name], made.remote_id)
    assert found["Status"] == "DRAFT"
    mark = mark_of(RESOURCE[name], found)
    assert mark is not None
    assert (mark.before, mark.number) == (CASES[name].effect, "R-1")


def test_another_number_of_the_supplier_alone_is_a_change(writer, simulator):
    made = receipt(writer, intent("bill"))
    same = receipt(writer, intent("bill", 1, 2, Verb.UPDATE, made, **CASES["bill"].first))
    assert (same.effect, simulator.log[-1].request.method) == (0, "GET")
    other = receipt(writer, intent("bill", 1, 3, Verb.UPDATE, same, **CASES["bill"].first, number="R-1a"))
    assert (other.effect, other.number) == (0, "R-1a")
    assert stands(simulator, "Invoices", made.remote_id)["InvoiceNumber"].startswith("R-1a cf-")


@pytest.mark.parametrize("name", ["bill", "bill_credit"])
def test_what_a_person_approved_is_not_changed_behind_his_back(name, writer, simulator):
    made = receipt(writer, intent(name))
    found = approve(simulator, name, made)
    assert "SEND-CHANGED R-1 changed at the source, and in Xero it is authorised with" in held(
        writer, intent(name, 1, 2, Verb.UPDATE, made)
    )
    assert found["Total"] == abs(CASES[name].effect)
    same = receipt(writer, intent(name, 1, 2, Verb.UPDATE, made, **CASES[name].first))
    assert same.effect == 0, "an equal one is only read"


def test_a_bill_that_is_approved_between_our_look_and_our_write_stays_as_it_was_approved(writer, simulator):
    made = receipt(writer, intent("bill"))
    payload = prepared(writer, intent("bill", 1, 2, Verb.UPDATE, made))[0]
    found = approve(simulator, "bill", made)
    (answer,) = writer.send([payload])
    assert isinstance(answer, Refused)
    assert (found["Status"], found["Total"]) == ("AUTHORISED", Decimal("110.04"))


@pytest.mark.parametrize("name", ["bill", "bill_credit"])
@pytest.mark.parametrize(("approved", "ended"), [(False, "DELETED"), (True, "VOIDED")])
def test_a_draft_is_deleted_and_an_approved_one_is_voided(name, approved, ended, writer, simulator):
    made = receipt(writer, intent(name))
    if approved:
        approve(simulator, name, made)
    back = receipt(writer, intent(name, 1, 2, Verb.VOID, made))
    assert (back.effect, stands(simulator, RESOURCE[name], made.remote_id)["Status"]) == (-CASES[name].effect, ended)


def test_a_paid_bill_is_not_voided(writer, simulator):
    made = receipt(writer, intent("bill"))
    approve(simulator, "bill", made)
    assert pay(writer, made, "60.00")["PaymentType"] == "ACCPAYPAYMENT"
    refused = send(writer, intent("bill", 1, 2, Verb.VOID, made))
    assert isinstance(refused, Refused)
    assert "Remove the payments" in refused.problem.fix


def test_a_credit_that_a_person_set_against_a_bill_is_left_to_him(writer, simulator):
    made, credited = receipt(writer, intent("bill")), receipt(writer, intent("bill_credit", 2))
    approve(simulator, "bill", made)
    credit = approve(simulator, "bill_credit", credited)
    element = {"Amount": "54.00", "Date": "2026-11-20", "Invoice": {"InvoiceID": made.remote_id}}
    reply = writer.edge.write("PUT", f"/CreditNotes/{credited.remote_id}/Allocations", body={"Allocations": [element]})
    assert reply.good
    assert isinstance(send(writer, intent("bill_credit", 2, 2, Verb.VOID, credited)), Refused)
    assert len(credit["Allocations"]) == 1


def test_bills_have_no_reference_and_need_no_number_of_their_own(writer, simulator):
    """A reference is for what we sell; the number is the supplier's, if he has one."""
    line = {"Description": "Rent", "UnitAmount": 5, "AccountCode": "320"}
    bare = {"Type": "ACCPAY", "Contact": {"Name": "Landlord"}, "LineItems": [line], "Reference": "cf-x"}
    for _ in range(2):
        reply = writer.edge.write("PUT", "/Invoices", body={"Invoices": [bare]})
        assert (reply.body["Invoices"][0]["InvoiceNumber"], "Reference" in reply.body["Invoices"][0]) == ("", False)
    reply = writer.edge.write("PUT", "/Invoices", body={"Invoices": [bare | {"InvoiceNumber": "9" * 256}]})
    assert not reply.good


def test_a_suppliers_credit_is_no_credit_of_an_invoice(writer, simulator):
    credited = receipt(writer, intent("bill_credit"))
    approve(simulator, "bill_credit", credited)
    element = {"Amount": "54.00", "Date": "2026-11-20", "Invoice": {"InvoiceID": sample.PARENT.remote_id}}
    assert not writer.edge.write("PUT", f"/CreditNotes/{credited.remote_id}/Allocations", body={"Allocations": [element]}).good


def test_drafts_of_bills_are_no_reason_to_try_refused_documents_again(opened, simulator):
    before = opened(draft_first=True).metadata().values
    writer = opened(draft_first=True)
    receipt(writer, intent("bill"))
    assert writer.metadata().values == before
    assert opened(draft_first=True).metadata().values == before


# ── the supplier ──


def test_a_supplier_who_does_not_stand_there_is_named_by_the_bill(writer, simulator):
    made = receipt(writer, intent("bill", related={}, document={"supplier_name": "Paper Ltd"}))
    assert stands(simulator, "Invoices", made.remote_id)["Contact"]["Name"] == "Paper Ltd"
    assert "POST-RULE R-1 names no supplier" in held(writer, intent("bill", related={"customer": sample.CUSTOMER}, document={}))


def test_a_supplier_is_a_contact_with_his_number(writer, simulator):
    made = receipt(writer, intent("supplier"))
    assert (stands(simulator, "Contacts", made.remote_id)["AccountNumber"], made.number) == ("R-1", "R-1")
    billed = receipt(writer, intent("bill", 2, related={"supplier": Related("supplier", made.remote_id, "R-1")}))
    assert stands(simulator, "Invoices", billed.remote_id)["Contact"]["Name"] == "Paper Ltd"
    assert "Supplier R-1 has neither a name" in held(writer, intent("supplier", document={}))


# ── taxes and currencies ──


def test_lines_of_bills_have_tax_types_of_their_own(opened, writer):
    (goods,) = CASES["bill"].first["rows"]
    said = held(writer, intent("bill", rows=(goods._replace(rate=Decimal("0.15")),)))
    assert "MAP-LOOKUP R-1 has a line with the tax 15%" in said
    assert "`purchase_tax_types`" in said
    assert "more than rounding. Give the tax its own code in `purchase_tax_types`" in held(
        writer, intent("bill", rows=(goods._replace(tax=Decimal(17)),))
    )
    assert [each.field for each in opened(purchase_tax_types={"20%": "INPUT99"}).check()] == ["purchase_tax_types.20%"]


def test_a_bill_of_another_currency_stands_in_it_and_counts_in_base(writer, simulator):
    simulator.books.currencies = {"EUR"}
    writer.hello()
    billed = sample._billed("80.00", "16.00", -1)
    own = Own("EUR", Decimal("1.25"), tuple(line._replace(currency="EUR") for line in billed["lines"]), billed["rows"])
    booked = sample._billed("100.00", "20.00", -1)
    wanted = intent("bill", **booked, own=own)
    (payload,), made = prepared(writer, wanted), receipt(writer, wanted)
    found = stands(simulator, "Invoices", made.remote_id)
    assert (found["CurrencyCode"], found["CurrencyRate"], found["Total"]) == ("EUR", Decimal("0.8"), Decimal("96.00"))
    assert (made.effect, made.unit, payload.predicted) == (Decimal("-120.00"), "USD", Decimal("-120.00"))


# ── reading ──


def test_the_tap_tells_bills_by_the_suppliers_number_and_what_is_left_to_pay(writer, simulator, tmp_path):
    made, credited = receipt(writer, intent("bill", number="17")), receipt(writer, intent("bill_credit", 2, number="C 4"))
    approve(simulator, "bill", made)
    approve(simulator, "bill_credit", credited)
    pay(writer, made, "60.04")
    assert pay(writer, credited, "54.00", "CreditNote")["PaymentType"] == "APCREDITPAYMENT"
    config = {key: value for key, value in writer._config.model_dump().items() if key in TAP.config.model_fields}
    reader = TAP.build(TAP.config.model_validate(config), tmp_path)
    around = Surroundings(clock=simulator.clock, safe=Pocket(dict(company.SECRETS)), sleep=simulator.clock.sleep)
    rows = {
        message.key: message.body
        for stream in ("invoices", "credit_notes", "payments")
        for message in reader.read(stream, None, around)
        if isinstance(message, Record)
    }
    bill, credit = rows[made.remote_id], rows[credited.remote_id]
    assert (bill["type"], bill["number"], bill["our_number"], bill["status"]) == ("ACCPAY", "17", "17", "AUTHORISED")
    assert (bill["open_amount"], credit["number"], credit["status"]) == (Decimal("50.00"), "C 4", "PAID")
    assert bill["our_key"]
    paid = [row for row in rows.values() if row["type"] in ("ACCPAYPAYMENT", "APCREDITPAYMENT")]
    assert [(row["pays_id"], row["pays_number"], row["total"]) for row in paid] == [
        (made.remote_id, "17", Decimal("60.04")),
        (credited.remote_id, "C 4", Decimal("54.00")),
    ]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("17 cf-4a1f09c2d1e87b3360aa51cd-9b1d20c4e7:-110.04:", "17"),
        ("cf-4a1f09c2d1e87b3360aa51cd-9b1d20c4e7:0:", ""),
        ("cf-17 cf-4a1f09c2d1e87b3360aa51cd-9b1d20c4e7:0:", "cf-17"),
        ("17 cf-4a1f09c2d1e87b3360aa51cd-9b1d20c4e7:0: and more", None),
        ("17", None),
    ],
)
def test_the_mark_stands_behind_the_suppliers_number(text, number):
    found = mark_of("Invoices", {"Type": "ACCPAY", "InvoiceNumber": text, "Reference": "cf-4a1f09c2d1e87b3360aa51cd-9b1d20c4e7:0:"})
    assert (found.number if found else None) == number
    if found and number is not None:
        assert Mark(found.key, found.attempt, found.before, (), number).last() == text
    assert mark_of("Invoices", {"Type": "ACCREC", "InvoiceNumber": text}) is None
