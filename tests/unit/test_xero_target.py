"""What the Xero target does where one call is not enough, where Xero says no, and where a person has the last word."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from taps._kit.simulator import serve
from taps._kit.surroundings import Pocket, Surroundings
from targets._kit.writer import Absent, Found, InDoubt, Intent, Payload, Receipt, Refused, Related, Unpreparable, Verb
from targets.xero import CONNECTOR
from targets.xero.writer import XeroWriter
from tests.contract.samples import target_xero as sample
from tests.contract.samples import xero_company as company
from tests.contract.test_remote_contract import attempt, until_known, wanted

CASES = sample.sample().cases
OF_INVOICE = {"customer": sample.CUSTOMER, "parent": sample.PARENT}
MOVED = {"date": date(2026, 11, 5)}


@pytest.fixture
def simulator():
    return company.simulator()


@pytest.fixture
def opened(simulator, tmp_path) -> Iterator[Callable[..., XeroWriter]]:
    with serve(simulator) as url:
        made: list[XeroWriter] = []
        pocket = Pocket(dict(company.SECRETS))

        def build(**more: Any) -> XeroWriter:
            config = company.config(url, **company.TAXES | more)
            writer = CONNECTOR.build(CONNECTOR.config.model_validate(config), tmp_path)
            writer.open(None, Surroundings(clock=simulator.clock, safe=pocket, sleep=simulator.clock.sleep))
            made.append(writer)
            return writer

        build.pocket = pocket  # type: ignore[attr-defined]
        yield build
        for writer in made:
            writer.close()


@pytest.fixture
def writer(opened) -> XeroWriter:
    return opened()


def intent(name: str, n: int = 1, revision: int = 1, verb: Verb = Verb.CREATE, booked: Receipt | None = None, **other: Any) -> Intent:
    return wanted("xero", CASES[name], n, revision, verb, booked, **other)


def prepared(writer: XeroWriter, *intents: Intent) -> list[Payload]:
    payloads = [writer.prepare(each) for each in intents]
    assert all(isinstance(each, Payload) for each in payloads), payloads
    return payloads  # type: ignore[return-value]


def send(writer: XeroWriter, each: Intent) -> Any:
    (answer,) = writer.send(prepared(writer, each))
    return answer


def receipt(writer: XeroWriter, each: Intent) -> Receipt:
    answer = send(writer, each)
    assert isinstance(answer, Receipt), answer
    return answer


def stands(simulator: Any, resource: str, remote_id: str) -> dict[str, Any]:
    found: dict[str, Any] = simulator.books.documents[resource][remote_id]
    return found


def standing(simulator: Any, resource: str) -> list[Decimal]:
    return [each["Amount"] for each in simulator.books.ours(resource) if each["Status"] != "DELETED"]


# ── a credit note and its invoice ──


def credit(n: int = 1, revision: int = 1, verb: Verb = Verb.CREATE, booked: Receipt | None = None, **other: Any) -> Intent:
    return intent("credit_note", n, revision, verb, booked, **{"related": OF_INVOICE, **other})


def test_a_credit_note_is_set_against_its_invoice_and_follows_its_changes(writer, simulator):
    made = receipt(writer, credit())
    assert stands(simulator, "Invoices", sample.PARENT.remote_id)["AmountCredited"] == Decimal("54.00")
    assert stands(simulator, "CreditNotes", made.remote_id)["Status"] == "PAID"
    changed = receipt(writer, credit(1, 2, Verb.UPDATE, made))
    assert stands(simulator, "Invoices", sample.PARENT.remote_id)["AmountCredited"] == Decimal("48.00")
    assert receipt(writer, credit(1, 3, Verb.VOID, changed)).effect == Decimal("48.00")
    assert stands(simulator, "Invoices", sample.PARENT.remote_id)["AmountCredited"] == 0


def test_a_credit_note_of_an_invoice_that_is_paid_stays_open(writer, simulator):
    parent = stands(simulator, "Invoices", sample.PARENT.remote_id)
    parent |= {"Status": "PAID", "AmountDue": Decimal("0.00"), "AmountPaid": parent["Total"]}
    made = receipt(writer, credit())
    assert made.effect == Decimal("-54.00")
    assert stands(simulator, "CreditNotes", made.remote_id)["RemainingCredit"] == Decimal("54.00")


def test_an_allocation_without_an_answer_is_made_good_at_the_next_send(writer, simulator):
    payload = prepared(writer, credit())[0]
    since = simulator.clock()
    simulator.faults.add("drop_before", path="Allocations")
    assert isinstance(writer.send([payload])[0], InDoubt)
    (where,) = until_known(writer, simulator, [attempt(payload, since)])
    assert isinstance(where, Found)
    assert where.receipt.effect == Decimal("-54.00")
    assert stands(simulator, "Invoices", sample.PARENT.remote_id)["AmountCredited"] == 0
    receipt(writer, intent("invoice", 2))
    assert stands(simulator, "Invoices", sample.PARENT.remote_id)["AmountCredited"] == Decimal("54.00")
    assert len(simulator.books.ours("CreditNotes")) == 1


# ── payments and transfers that change ──


def less(account: str = "091", amount: str = "80.00") -> dict[str, Any]:
    return {"lines": (sample.line(account, amount, "paid", control=True), sample.line("610", f"-{amount}"))}


@pytest.mark.parametrize("change", [less(), MOVED, less("090")], ids=["less", "another day", "another account"])
def test_a_payment_that_changes_is_deleted_and_made_anew(change, writer, simulator):
    made = receipt(writer, intent("payment"))
    fields = {**CASES["payment"].first, **change}
    changed = receipt(writer, intent("payment", 1, 2, Verb.ADJUST, made, **fields))
    wanted_amount = sum(line.amount for line in fields["lines"] if line.control)
    assert standing(simulator, "Payments") == [wanted_amount]
    assert changed.effect == wanted_amount - made.effect
    assert changed.remote_id != made.remote_id
    assert receipt(writer, intent("payment", 1, 3, Verb.VOID, changed)).effect == -wanted_amount
    assert standing(simulator, "Payments") == []


def test_a_payment_that_becomes_more_gets_a_second_one_and_both_are_taken_back(writer, simulator):
    made = receipt(writer, intent("payment"))
    more = receipt(writer, intent("payment", 1, 2, Verb.ADJUST, made))
    assert standing(simulator, "Payments") == [Decimal("85.84"), Decimal("4.16")]
    assert (more.remote_id, more.body["standing"]) == (made.remote_id, "90.00")
    assert [each.effect for each in writer.read_back() if each.body["resource"] == "Payments"] == [Decimal("90.00")]
    assert receipt(writer, intent("payment", 1, 3, Verb.VOID, more)).effect == Decimal("-90.00")
    assert stands(simulator, "Invoices", sample.PARENT.remote_id)["AmountDue"] == Decimal("10000.00")


def test_an_equal_payment_is_only_read(writer, simulator):
    made = receipt(writer, intent("payment"))
    again = receipt(writer, intent("payment", 1, 2, Verb.ADJUST, made, **CASES["payment"].first))
    assert again.effect == 0
    assert standing(simulator, "Payments") == [Decimal("85.84")]


def test_a_payment_whose_change_is_refused_stands_as_it_stood(writer, simulator):
    made = receipt(writer, intent("payment"))
    refused = send(writer, intent("payment", 1, 2, Verb.ADJUST, made, **less(amount="99999.00"), **MOVED))
    assert isinstance(refused, Refused)
    assert "entered again" in refused.problem.say
    assert standing(simulator, "Payments") == [Decimal("85.84")]
    later = receipt(writer, intent("payment", 1, 3, Verb.ADJUST, made, **less(), **MOVED))
    assert (later.effect, standing(simulator, "Payments")) == (Decimal("-5.84"), [Decimal("80.00")])


def test_a_payment_that_is_lost_between_its_two_steps_ends_right(writer, simulator):
    made = receipt(writer, intent("payment"))
    payload = prepared(writer, intent("payment", 1, 2, Verb.ADJUST, made, **less()))[0]
    since = simulator.clock()
    simulator.faults.add("drop_before", method="PUT", path="Payments")
    assert isinstance(writer.send([payload])[0], InDoubt)
    assert isinstance(until_known(writer, simulator, [attempt(payload, since)])[0], Absent)
    assert standing(simulator, "Payments") == []
    again = prepared(writer, intent("payment", 1, 2, Verb.ADJUST, made, **less()))[0]
    assert receipt(writer, again.intent).effect == again.predicted == Decimal("-5.84")
    assert standing(simulator, "Payments") == [Decimal("80.00")]


def test_an_answer_that_is_lost_at_the_second_step_is_found(writer, simulator):
    made = receipt(writer, intent("payment"))
    payload = prepared(writer, intent("payment", 1, 2, Verb.ADJUST, made, **less()))[0]
    since = simulator.clock()
    simulator.faults.add("drop_after", method="PUT", path="Payments")
    assert isinstance(writer.send([payload])[0], InDoubt)
    (where,) = until_known(writer, simulator, [attempt(payload, since)])
    assert isinstance(where, Found)
    assert where.receipt.effect == Decimal("-5.84")
    assert where.receipt.body["standing"] == "80.00"


def test_a_transfer_of_less_is_one_back(writer, simulator):
    made = receipt(writer, intent("transfer"))
    less_now = receipt(writer, intent("transfer", 1, 2, Verb.ADJUST, made))
    assert less_now.effect == Decimal("-2.14")
    assert standing(simulator, "BankTransfers") == [Decimal("72.14"), Decimal("2.14")]
    back = simulator.books.ours("BankTransfers")[1]
    assert (back["FromBankAccount"]["Code"], back["ToBankAccount"]["Code"]) == ("092", "091")
    assert receipt(writer, intent("transfer", 1, 3, Verb.VOID, less_now)).effect == Decimal("-70.00")
    assert standing(simulator, "BankTransfers") == []


# ── drafts ──


def test_a_draft_takes_no_payment_until_it_is_approved(opened, simulator):
    writer = opened(draft_first=True)
    made = receipt(writer, intent("invoice"))
    assert stands(simulator, "Invoices", made.remote_id)["Status"] == "DRAFT"
    parent = {"related": {"customer": sample.CUSTOMER, "parent": Related("invoice", made.remote_id, "R-1")}}
    held = writer.prepare(intent("payment", 2, **parent))
    assert isinstance(held, Unpreparable)
    assert "draft" in held.problem.say
    before = opened(draft_first=True).metadata().values
    simulator.books.touch(stands(simulator, "Invoices", made.remote_id), Status="AUTHORISED")
    later = opened(draft_first=True)
    assert later.metadata().values != before, "what was held is tried again"
    receipt(later, intent("payment", 2, **parent))


def test_a_draft_without_our_knowledge_is_refused_in_words(writer, simulator):
    stands(simulator, "Invoices", sample.PARENT.remote_id)["Status"] = "DRAFT"
    refused = send(writer, intent("payment"))
    assert isinstance(refused, Refused)
    assert "Approve the invoice" in refused.problem.fix


def test_a_draft_is_deleted_and_an_approved_one_is_voided(opened, simulator):
    writer = opened(draft_first=True)
    for n, approved, ended in ((1, False, "DELETED"), (2, True, "VOIDED")):
        made = receipt(writer, intent("invoice", n))
        if approved:
            simulator.books.touch(stands(simulator, "Invoices", made.remote_id), Status="AUTHORISED")
        receipt(writer, intent("invoice", n, 2, Verb.VOID, made))
        assert stands(simulator, "Invoices", made.remote_id)["Status"] == ended


def test_a_change_leaves_what_a_person_approved_approved(opened, simulator):
    writer = opened(draft_first=True)
    made = receipt(writer, intent("invoice"))
    simulator.books.touch(stands(simulator, "Invoices", made.remote_id), Status="AUTHORISED")
    receipt(writer, intent("invoice", 1, 2, Verb.UPDATE, made))
    assert stands(simulator, "Invoices", made.remote_id)["Status"] == "AUTHORISED"


# ── what a person did ──


def paid(writer: XeroWriter) -> Receipt:
    made = receipt(writer, intent("invoice"))
    parent = {"related": {"customer": sample.CUSTOMER, "parent": Related("invoice", made.remote_id, "R-1")}}
    receipt(writer, intent("payment", 2, **parent, **less(amount="110.04")))
    return made


@pytest.mark.parametrize("verb", [Verb.UPDATE, Verb.VOID])
def test_a_paid_invoice_is_neither_changed_nor_voided(verb, writer):
    made = paid(writer)
    refused = send(writer, intent("invoice", 1, 2, verb, made))
    assert isinstance(refused, Refused)
    assert "Remove the payments" in refused.problem.fix


@pytest.mark.parametrize("name", ["invoice", "sales_receipt", "journal", "payment", "transfer"])
def test_what_a_person_took_back_before_us_is_taken_back(name, writer, simulator):
    made = receipt(writer, intent(name))
    document = stands(simulator, str(made.body["resource"]), made.remote_id)
    simulator.books.touch(document, Status="VOIDED" if name in ("invoice", "journal") else "DELETED")
    back = receipt(writer, intent(name, 1, 3, Verb.VOID, made))
    assert back.effect == -made.effect


def test_two_payments_of_which_one_is_gone_are_taken_back_as_what_was_booked(writer, simulator):
    made = receipt(writer, intent("payment"))
    more = receipt(writer, intent("payment", 1, 2, Verb.ADJUST, made))
    payload = prepared(writer, intent("payment", 1, 3, Verb.VOID, more))[0]
    since = simulator.clock()
    simulator.faults.add("drop_before", method="POST", path="Payments", skip=1)
    assert isinstance(writer.send([payload])[0], InDoubt)
    assert isinstance(until_known(writer, simulator, [attempt(payload, since)])[0], Absent)
    assert len(standing(simulator, "Payments")) == 1
    assert receipt(writer, payload.intent).effect == Decimal("-90.00")
    assert standing(simulator, "Payments") == []


def test_a_paid_invoice_that_stays_the_same_is_only_read(writer):
    made = paid(writer)
    same = receipt(writer, intent("invoice", 1, 2, Verb.UPDATE, made, **CASES["invoice"].first))
    assert (same.effect, same.remote_id) == (0, made.remote_id)


def test_a_receipt_that_would_become_another_document_is_held(writer):
    made = receipt(writer, intent("sales_receipt"))
    cash = tuple(line._replace(account="093") if line.account == "091" else line for line in CASES["sales_receipt"].first["lines"])
    fields = {**CASES["sales_receipt"].first, "lines": cash}
    assert "SEND-CHANGED" in held(writer, intent("sales_receipt", 1, 2, Verb.UPDATE, made, **fields))


# ── names and numbers ──


def test_the_second_customer_of_a_name_gets_his_number_behind_it_and_keeps_it(writer, simulator):
    person = {"document": {"display_name": "Ada Lovelace"}}
    made = receipt(writer, intent("contact", **person))
    assert stands(simulator, "Contacts", made.remote_id)["Name"] == "Ada Lovelace (R-1)"
    changed = receipt(
        writer, intent("contact", 1, 2, Verb.UPDATE, made, document={"display_name": "Ada Lovelace", "emails": ["a@example.com"]})
    )
    assert stands(simulator, "Contacts", changed.remote_id)["Name"] == "Ada Lovelace (R-1)"
    assert stands(simulator, "Contacts", changed.remote_id)["EmailAddress"] == "a@example.com"


@pytest.mark.parametrize("name", ["invoice", "credit_note"])
def test_the_number_of_a_voided_document_is_not_given_again(name, writer, simulator):
    made = receipt(writer, intent(name))
    receipt(writer, intent(name, 1, 2, Verb.VOID, made))
    again = receipt(writer, intent(name, look_up_key="another incarnation"))
    assert again.number.startswith("R-1-")
    changed = receipt(writer, intent(name, 1, 2, Verb.UPDATE, again, look_up_key="another incarnation"))
    assert changed.number == again.number


def test_the_number_of_a_standing_document_is_refused(writer, simulator):
    simulator.books.add("Invoices", {"Type": "ACCREC", "InvoiceNumber": "R-1", "Status": "AUTHORISED"}, by_hand=True)
    refused = send(writer, intent("invoice"))
    assert isinstance(refused, Refused)
    assert "typed" in refused.problem.fix
    assert simulator.books.ours("Invoices") == []


def test_an_item_that_is_there_already_is_taken_over(writer, simulator):
    typed = simulator.books.add("Items", {"Code": "R-1", "Name": "Old", "IsSold": True}, by_hand=True)
    assert receipt(writer, intent("item")).remote_id == typed
    assert stands(simulator, "Items", typed)["Name"] == "Mug"


def test_a_buyer_without_a_name_is_the_walk_in_customer(writer, simulator):
    made = receipt(writer, intent("sales_receipt", related={}))
    other = receipt(writer, intent("sales_receipt", 2, related={}))
    names = {stands(simulator, "BankTransactions", each.remote_id)["Contact"]["Name"] for each in (made, other)}
    assert names == {"Walk-in customer"}
    assert [each["Name"] for each in simulator.books.documents["Contacts"].values()].count("Walk-in customer") == 1


# ── what is held ──


def held(writer: XeroWriter, each: Intent) -> str:
    found = writer.prepare(each)
    assert isinstance(found, Unpreparable), found
    return f"{found.problem.code} {found.problem.say}"


def test_what_xero_has_no_document_for_is_held(writer):
    goods = CASES["invoice"].first["rows"][0]
    assert "MAP-LOOKUP R-1 has a line with the tax 7%" in held(writer, intent("invoice", rows=(goods._replace(rate=Decimal("0.07")),)))
    assert "more than rounding" in held(writer, intent("invoice", rows=(goods._replace(tax=Decimal(17)),)))
    assert "no customer" in held(writer, intent("invoice", related={}, walk_in=""))
    assert "no invoice of its order stands" in held(writer, intent("payment", related={"customer": sample.CUSTOMER}))
    assert "takes no payments" in held(writer, intent("payment", **less("840")))
    assert "not BANK" in held(writer, intent("transfer", lines=(sample.line("620", "1", control=True), sample.line("091", "-1"))))
    assert "moves 1 bank accounts" in held(
        writer, intent("cost_journal", lines=(sample.line("310", "1", control=True), sample.line("091", "-1")))
    )
    euros = tuple(line._replace(currency="EUR") for line in CASES["invoice"].first["lines"])
    assert "POST-RATE R-1 is booked in EUR" in held(writer, intent("invoice", lines=euros))
    negative = (goods._replace(net=Decimal(-5), tax=Decimal(-1)),)
    assert "amounts to -6" in held(writer, intent("invoice", rows=negative))
    unlike = (*CASES["invoice"].first["lines"][:1], sample.line("200", "-1", control=True))
    assert "POST-UNBALANCED" in held(writer, intent("invoice", lines=unlike))
    nothing = {"lines": (), "rows": (goods, goods._replace(net=-goods.net, tax=-goods.tax))}
    assert "clearing_account" not in held(writer, intent("sales_receipt", **nothing))
    assert "POST-ACCOUNT Nothing was paid" in held(writer, intent("sales_receipt", **nothing))


def test_locations_become_options_of_a_tracking_category(opened, simulator):
    writer = opened(location_tracking="Region", tracking={"Region": "Cork"})
    goods = CASES["invoice"].first["rows"][0]
    made = receipt(writer, intent("invoice", rows=(goods._replace(location="Dublin"),)))
    (line,) = stands(simulator, "Invoices", made.remote_id)["LineItems"]
    assert [each["Option"] for each in line["Tracking"]] == ["Dublin"]
    assert "option Galway" in held(writer, intent("invoice", rows=(goods._replace(location="Galway"),)))


def test_check_names_settings_that_xero_does_not_have(opened):
    writer = opened(
        tax_types={"20%": "OUTPUT99"}, untaxed="NIL", tracking={"Region": "Mars"}, location_tracking="Planet", clearing_account="200"
    )
    assert [problem.field for problem in writer.check()] == [
        "tax_types.20%",
        "untaxed",
        "tracking",
        "location_tracking",
        "clearing_account",
    ]
    assert opened().check() == []


def test_lock_dates_are_periods(opened, simulator):
    simulator.books.year_lock = date(2025, 12, 31)
    assert [(each.end_on, each.status) for each in opened().periods()] == [(date(2025, 12, 31), "closed"), (date(2026, 9, 30), "locked")]


# ── calls ──


def test_a_call_that_is_refused_as_a_whole_is_taken_apart(opened, simulator):
    writer = opened(batch=60)  # more than Xero takes at once
    answers = writer.send(prepared(writer, *(intent("invoice", n) for n in range(1, 53))))
    assert all(isinstance(each, Receipt) for each in answers)
    assert len(simulator.books.ours("Invoices")) == 52


def test_a_thousand_invoices_are_twenty_calls(writer, simulator):
    before = writer.edge.calls
    answers = writer.send(prepared(writer, *(intent("invoice", n) for n in range(1, 1001))))
    assert all(isinstance(each, Receipt) for each in answers)
    assert writer.edge.calls - before == 20


def test_the_same_call_twice_is_done_once(writer, simulator):
    """Inside the window the key alone is enough; the hub asks by the mark first all the same."""
    payload = prepared(writer, intent("spend"))
    first, second = writer.send(payload)[0], writer.send(payload)[0]
    assert first == second
    assert len(simulator.books.ours("BankTransactions")) == 1


def test_the_sixty_first_call_of_a_minute_waits(writer, simulator):
    calls = [writer.edge.read("/Organisation") for _ in range(60)]
    assert all(each.good for each in calls)
    assert simulator.log[-1].at - simulator.log[0].at >= timedelta(seconds=60)
    refused = [each for each in simulator.log if each.status == 429]
    assert len(refused) == 1


def test_tokens_run_out_and_change(opened, simulator):
    writer = opened()
    for turn in (2, 3):
        simulator.clock.forward(minutes=31)
        receipt(writer, intent("spend", turn))
        assert opened.pocket.values["refresh_token"] == f"refresh-{turn}"
        assert opened.pocket.values["access_token"] == f"access-{turn}"
