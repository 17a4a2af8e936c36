"""Bills and credits of suppliers at QuickBooks: only where the connection says so, under the supplier's number, never behind a payment."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from taps._kit.simulator import Request, Response
from taps.quickbooks.simulator.accounts import trial_balance
from targets._kit.writer import Absent, Found, InDoubt, Payload, Receipt, Refused, Related, Unpreparable, Verb
from targets.quickbooks import CONNECTOR
from targets.quickbooks.config import QuickBooksTargetConfig
from targets.quickbooks.writer import QuickBooksWriter
from tests.contract.samples.quickbooks_company import CODES, Company, config
from tests.contract.samples.target_quickbooks import CASES, row
from tests.unit._quickbooks import opened, receipts, sent
from tests.unit.test_quickbooks_target import in_doubt, intent

ROOT = "/v3/company/4620816365000000001"
GLOBAL = {"tax": "global", "tax_codes": {"8%": "Twelve", "12%": "Twelve"}, "untaxed": "None"}
ENTITY = {"bill": "Bill", "bill_credit": "VendorCredit"}


@pytest.fixture
def company() -> Company:
    return Company()


@pytest.fixture
def writer(company: Company) -> Iterator[QuickBooksWriter]:
    with opened(company) as made:
        yield made


def stands(company: Company, made: Receipt) -> dict[str, Any]:
    return company.books.objects[made.body["entity"]][made.remote_id]


def said(found: object) -> str:
    assert isinstance(found, Unpreparable | Refused), found
    assert found.problem.fix
    return f"{found.problem.code} {found.problem.say}"


def pay(company: Company, amount: str, *made: tuple[Receipt, str], **more: Any) -> Response:
    """Somebody pays bills from the bank, and sets credits against them."""
    lines = [{"Amount": Decimal(part), "LinkedTxn": [{"TxnId": each.remote_id, "TxnType": each.body["entity"]}]} for each, part in made]
    check = {"PayType": "Check", "CheckPayment": {"BankAccountRef": {"value": company.accounts["Bank"]}}}
    body = {"VendorRef": {"value": company.supplier}, "TotalAmt": Decimal(amount), "Line": lines} | check | more
    return company.handle(Request("POST", f"{ROOT}/billpayment", {}, {"authorization": "Bearer access-1"}, body))


def refusal(response: Response) -> str:
    assert response.status == 400
    error = response.body["Fault"]["Error"][0]
    return f"{error['code']} {error['Detail']}"


# ── only where the connection says so ──


@pytest.mark.parametrize("kind", ["bill", "bill_credit"])
def test_a_bill_is_owed_at_once_so_the_connection_must_say_it(kind, company):
    with opened(company, bills="refused") as writer:
        assert "POST-DECISION" in said(writer.prepare(intent(company, kind)))
    told = config("http://127.0.0.1", bills="refused")
    assert CONNECTOR.unwilling is not None
    assert "no draft of a bill" in CONNECTOR.unwilling(QuickBooksTargetConfig.model_validate(told), kind)
    assert CONNECTOR.unwilling(QuickBooksTargetConfig.model_validate(told | {"bills": "posted"}), kind) == ""
    assert CONNECTOR.unwilling(QuickBooksTargetConfig.model_validate(told), "invoice") == ""
    assert QuickBooksTargetConfig.model_fields["bills"].default == "refused"


# ── what it becomes ──


def test_a_bill_stands_on_the_payable_account_under_the_suppliers_number(company, writer):
    bill, credit = receipts(
        writer, replace(intent(company, "bill"), number="RE 2026/17"), replace(intent(company, "bill_credit", 2), number="C4")
    )
    found = stands(company, bill)
    assert (found["DocNumber"], found["DueDate"], found["TotalAmt"], found["Balance"]) == ("RE 2026/17", "2026-12-02", 54, 54)
    assert found["PrivateNote"].startswith("RE 2026/17 - Counterfoil CF-")
    assert (bill.number, bill.effect, credit.effect) == ("RE 2026/17", Decimal(-54), Decimal(54))
    assert (stands(company, credit)["DocNumber"], "DueDate" in stands(company, credit)) == ("C4", False)
    receipts(writer, replace(intent(company, "bill", 3), number="18"))
    assert {name: trial_balance(company.books)[name] for name in ("Accounts Payable", "GRNI", "InputTax")} == {
        "Accounts Payable": Decimal(-54),
        "GRNI": Decimal(50),
        "InputTax": Decimal(4),
    }


def test_in_the_us_tax_is_a_line_where_the_posting_books_it(company, writer):
    (made,) = receipts(writer, intent(company, "bill"))
    lines = [(line["AccountBasedExpenseLineDetail"]["AccountRef"]["value"], line["Amount"]) for line in stands(company, made)["Line"]]
    assert lines == [(company.accounts["GRNI"], 50), (company.accounts["InputTax"], 4)]


def test_elsewhere_tax_comes_from_the_purchase_rates_of_the_code():
    company = Company("CA")
    code = company.books.objects["TaxCode"][company.tax_codes["Twelve"]]
    code["SalesTaxRateList"] = {"TaxRateDetail": []}
    taxed = CASES["bill"].first["rows"][0]._replace(tax=Decimal("6.00"), rate=Decimal("0.12"))
    lines = tuple(line._replace(amount=Decimal(-56)) if line.control else line for line in CASES["bill"].first["lines"])
    with opened(company, **GLOBAL) as writer:
        (made,) = receipts(writer, intent(company, "bill", rows=(taxed,), lines=lines))
        found = stands(company, made)
        assert (found["TotalAmt"], found["TxnTaxDetail"]["TotalTax"], made.effect) == (56, 6, -56)
        odd = taxed._replace(tax=Decimal("6.01"))
        more = tuple(line._replace(amount=Decimal("-56.01")) if line.control else line for line in lines)
        assert "SEND-TOTAL" in said(writer.prepare(intent(company, "bill", 2, rows=(odd,), lines=more)))
    with opened(company, **GLOBAL, rounding_account=CODES["Rounding"]) as writer:
        (made,) = receipts(writer, intent(company, "bill", 2, rows=(odd,), lines=more))
        assert (made.effect, stands(company, made)["Line"][-1]["Amount"]) == (Decimal("-56.01"), Decimal("0.01"))


def test_a_bill_of_less_than_nothing_is_a_credit(company, writer):
    state = CASES["bill"].first
    turned = [line._replace(amount=-line.amount) for line in state["lines"]]
    rows = tuple(each._replace(net=-each.net, tax=-each.tax) for each in state["rows"])
    (made,) = receipts(writer, intent(company, "bill", lines=tuple(turned), rows=rows))
    assert (made.body["entity"], stands(company, made)["TotalAmt"], made.effect) == ("VendorCredit", 54, 54)


def test_a_location_is_a_class_and_a_department():
    company = Company()
    place = {name: {"Reno": company.seeds.place(entity, "Reno")} for name, entity in (("departments", "Department"), ("classes", "Class"))}
    located = tuple(each._replace(location="Reno") for each in CASES["bill"].first["rows"])
    with opened(company, **place) as writer:
        (made,) = receipts(writer, intent(company, "bill", rows=located, document={"location": "Reno"}))
    found = stands(company, made)
    assert found["DepartmentRef"]["value"] == place["departments"]["Reno"]
    assert found["Line"][0]["AccountBasedExpenseLineDetail"]["ClassRef"]["value"] == place["classes"]["Reno"]


@pytest.mark.parametrize(
    ("role", "at", "told"),
    [("Receivable", "lines", "is owed on"), ("Clearing", "lines", "is owed on"), ("Payable", "rows", "QuickBooks takes none there")],
)
def test_what_is_owed_is_owed_on_a_payable_account_and_no_line_is(role, at, told, company, writer):
    state = CASES["bill"].first
    elsewhere = {
        "lines": tuple(line._replace(account=CODES[role]) if line.control else line for line in state["lines"]),
        "rows": (row(role, "50.00", "4.00"),),
    }
    assert told in said(writer.prepare(intent(company, "bill", **{at: elsewhere[at]})))


# ── suppliers ──


def test_a_supplier_whom_nobody_sent_is_made_once_by_name(company, writer):
    named = {"related": {}, "document": {"supplier_name": "Paper Ltd"}}
    made = receipts(writer, *(replace(intent(company, "bill", n, **named), number=str(n)) for n in (1, 2)))
    made += receipts(writer, replace(intent(company, "bill_credit", 3, **named), number="3"))
    found = {stands(company, each)["VendorRef"]["value"] for each in made}
    assert [company.books.objects["Vendor"][each]["DisplayName"] for each in found] == ["Paper Ltd"]


def test_a_supplier_who_is_a_customer_too_gets_a_name_of_his_own_and_is_found_again(company, writer):
    named = {"related": {}, "document": {"supplier_name": "berg, ann"}}
    (made,) = receipts(writer, replace(intent(company, "bill", 1, **named), number="1"))
    with opened(company) as other:
        (again,) = receipts(other, replace(intent(company, "bill", 2, **named), number="2"))
    found = {stands(company, each)["VendorRef"]["value"] for each in (made, again)}
    assert [company.books.objects["Vendor"][each]["DisplayName"] for each in found] == ["berg, ann (supplier)"]


def test_a_bill_of_nobody_is_held(company, writer):
    assert "names no supplier" in said(writer.prepare(intent(company, "bill", related={}, document={})))


def test_a_journal_on_the_payable_account_names_the_supplier(company, writer):
    lines = tuple(line._replace(account=CODES["Payable"]) if line.control else line for line in CASES["journal"].first["lines"])
    (made,) = receipts(writer, intent(company, "journal", lines=lines))
    named = [line["JournalEntryLineDetail"].get("Entity") for line in stands(company, made)["Line"]]
    assert {"Type": "Vendor", "EntityRef": {"value": company.supplier}} in named
    customer_alone = {"customer": company.related["customer"]}
    assert "wants a supplier" in said(writer.prepare(intent(company, "journal", 2, lines=lines, related=customer_alone)))


# ── numbers ──


def test_a_bill_that_a_person_typed_already_is_not_booked_twice(company, writer):
    (ours,) = receipts(writer, replace(intent(company, "bill"), number="17"))
    typed = {name: stands(company, ours)[name] for name in ("VendorRef", "Line", "TxnDate")}
    company.books.delete("Bill", {"Id": ours.remote_id, "SyncToken": "0"})
    company.seeds.by_hand("Bill", typed | {"DocNumber": "17"})
    (answer,) = sent(writer, replace(intent(company, "bill", 2), number="17"))
    assert "a document of that number of the same supplier stands there already" in said(answer)
    assert company.made("Bill") == 1


def test_two_suppliers_may_both_have_a_bill_of_one_number(company, writer):
    other = company.related | {"supplier": Related("supplier", company.seeds.vendor("Paper Ltd"), "S-2")}
    first, second = receipts(
        writer, replace(intent(company, "bill"), number="17"), replace(intent(company, "bill", 2, related=other), number="17")
    )
    numbers = [stands(company, each)["DocNumber"] for each in (first, second)]
    assert numbers[0] == "17"
    assert numbers[1].startswith("17-")
    assert {first.number, second.number} == {"17"}
    (changed,) = receipts(writer, replace(intent(company, "bill", 2, Verb.UPDATE, second, related=other), number="17"))
    assert (stands(company, changed)["DocNumber"], changed.effect) == (numbers[1], Decimal("-10.80"))


def test_a_number_longer_than_there_is_room_for_stands_whole_in_the_note(company, writer):
    long = "2026-POTTER-0000000000017"
    (made,) = receipts(writer, replace(intent(company, "bill"), number=long))
    assert stands(company, made)["DocNumber"] == long[:21]
    assert stands(company, made)["PrivateNote"].startswith(f"{long} - ")
    assert made.number == long


# ── lost answers, changes, payments ──


@pytest.mark.parametrize("kind", ["bill", "bill_credit"])
@pytest.mark.parametrize("fault", ["drop_after", "drop_before"])
def test_a_bill_without_an_answer_is_found_by_its_note_before_it_is_sent_again(kind, fault, company, writer):
    payload = writer.prepare(intent(company, kind))
    attempt = in_doubt(payload, company)
    company.faults.add(fault, method="POST", path=ENTITY[kind].lower())
    assert isinstance(payload, Payload)
    (answer,) = writer.send([payload])
    assert isinstance(answer, InDoubt)
    company.clock.now = company.clock() + timedelta(minutes=5)
    (where,) = writer.find([attempt])
    assert isinstance(where, Absent if fault == "drop_before" else Found)
    assert company.made(ENTITY[kind]) == (fault == "drop_after")


def test_a_bill_of_which_a_part_is_paid_is_changed_but_not_below_that_and_not_taken_back(company, writer):
    (made,) = receipts(writer, intent(company, "bill"))
    assert pay(company, "30.00", (made, "30.00")).status == 200
    assert stands(company, made)["Balance"] == 24
    (changed,) = receipts(writer, intent(company, "bill", 1, Verb.UPDATE, made))
    assert (changed.effect, stands(company, made)["Balance"]) == (Decimal("-10.80"), Decimal("34.80"))
    state = CASES["bill"].first
    less = [line._replace(amount=line.amount / 2) for line in state["lines"]]
    rows = tuple(each._replace(net=each.net / 2, tax=each.tax / 2) for each in state["rows"])
    (answer,) = sent(writer, intent(company, "bill", 1, Verb.UPDATE, changed, lines=tuple(less), rows=rows))
    assert "may not be less than 30" in said(answer)
    held = said(writer.prepare(intent(company, "bill", 1, Verb.VOID, changed)))
    assert "30.00 of it is paid or applied" in held
    payment = next(iter(company.books.objects["BillPayment"].values()))
    company.books.void("BillPayment", {"Id": payment["Id"], "SyncToken": "0"})
    current = stands(company, made)
    assert current["Balance"] == current["TotalAmt"]
    (gone,) = receipts(writer, intent(company, "bill", 1, Verb.VOID, changed))
    assert (gone.effect, gone.body["gone"], company.made("Bill")) == (Decimal("64.80"), True, 0)


@pytest.mark.parametrize("verb", [Verb.UPDATE, Verb.VOID])
@pytest.mark.parametrize("edit", [{"DueDate": "2026-11-05"}, {"DocNumber": "17b"}])
def test_what_a_person_wrote_in_a_bill_is_left_alone(edit, verb, company, writer):
    (made,) = receipts(writer, intent(company, "bill"))
    company.seeds.edit_by_hand("Bill", made.remote_id, **edit)
    (answer,) = sent(writer, intent(company, "bill", 1, verb, made))
    if "DueDate" in edit:
        assert "SEND-CHANGED" in said(answer)
    else:
        assert isinstance(answer, Receipt), "a number is no amount: ours is written over it"


# ── the simulator's own rules ──


def test_a_payment_takes_off_bills_and_uses_up_credits(company, writer):
    bill, credit = receipts(writer, intent(company, "bill"), intent(company, "bill_credit", 2))
    assert refusal(pay(company, "54.00", (bill, "54.00"), (credit, "54.00"))).startswith("6000 The amount 54 is not what is applied: 0")
    assert refusal(pay(company, "60.00", (bill, "60.00"))).startswith("6000 You cannot apply more than the open balance 54")
    made = pay(company, "34.00", (bill, "54.00"), (credit, "20.00")).body["BillPayment"]
    assert (stands(company, bill)["Balance"], stands(company, credit)["Balance"]) == (0, 34)
    assert trial_balance(company.books)["Bank"] == -34
    assert trial_balance(company.books)["Accounts Payable"] == 34
    company.books.delete("BillPayment", {"Id": made["Id"], "SyncToken": "0"})
    assert (stands(company, bill)["Balance"], stands(company, credit)["Balance"]) == (54, 54)


def test_what_a_payment_of_a_bill_needs(company, writer):
    (bill,) = receipts(writer, intent(company, "bill"))
    one = (bill, "54.00")
    other = company.seeds.vendor("Paper Ltd")
    receivable = {"CheckPayment": {"BankAccountRef": {"value": company.accounts["Receivable"]}}}
    assert refusal(pay(company, "54.00", one, PayType="Cash")).startswith("2020")
    assert refusal(pay(company, "54.00", one, **receivable)).startswith("6430")
    assert refusal(pay(company, "54.00", one, VendorRef={"value": other})).startswith("6000 The payment and the bill")
    assert refusal(pay(company, "54.00", (replace_id(bill, "999"), "54.00"))).startswith("2500")
    company.books.closed_until = company.clock().date()
    assert refusal(pay(company, "54.00", one)).startswith("6200")


def replace_id(made: Receipt, remote_id: str) -> Receipt:
    return made._replace(remote_id=remote_id)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"VendorRef": None}, "2020"),
        ({"VendorRef": {"value": "999"}}, "2500"),
        ({"Line": []}, "2020"),
        ({"APAccountRef": "Bank"}, "6430"),
        ({"TxnTaxDetail": {"TotalTax": Decimal(1)}}, "6170"),
        ({"TxnDate": "2026-09-30"}, "6200"),
    ],
)
def test_what_a_bill_needs(change, told, company):
    detail = {"AccountRef": {"value": company.accounts["GRNI"]}}
    line = {"Amount": Decimal(5), "DetailType": "AccountBasedExpenseLineDetail", "AccountBasedExpenseLineDetail": detail}
    body: dict[str, Any] = {"VendorRef": {"value": company.supplier}, "TxnDate": "2026-11-02", "Line": [line]}

    def call(body: dict[str, Any]) -> Response:
        return company.handle(Request("POST", f"{ROOT}/bill", {"requestid": "x"}, {"authorization": "Bearer access-1"}, body))

    if "APAccountRef" in change:
        change = {"APAccountRef": {"value": company.accounts["Bank"]}}
    assert refusal(call(body | change)).startswith(told)
    first, second = call(body), call(body)
    assert first.body["Bill"]["Id"] == second.body["Bill"]["Id"], "a request id is answered once"
    stale = {"Id": first.body["Bill"]["Id"], "SyncToken": "7", "sparse": True, "DueDate": "2026-11-30"}
    company.handle(Request("POST", f"{ROOT}/bill", {}, {"authorization": "Bearer access-1"}, stale | {"SyncToken": "0"}))
    assert refusal(company.handle(Request("POST", f"{ROOT}/bill", {}, {"authorization": "Bearer access-1"}, stale))).startswith("5010")
    found = company.books.objects["Bill"][first.body["Bill"]["Id"]]
    assert (found["DueDate"], found["Line"][0]["Amount"]) == ("2026-11-30", 5)
