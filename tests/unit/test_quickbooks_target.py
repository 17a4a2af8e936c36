"""The QuickBooks target where the contract does not look: versions, names, keys, buyers whom nobody named, removals without an answer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from mappings.posting.entry import Line
from mappings.posting.rows import Row
from taps.quickbooks import marks
from targets._kit.writer import (
    Absent,
    Found,
    InDoubt,
    Intent,
    NotSent,
    Payload,
    Receipt,
    Refused,
    Related,
    Sent,
    Subject,
    Unpreparable,
    Verb,
)
from targets.quickbooks.writer import QuickBooksWriter
from tests.contract.samples.quickbooks_company import CODES, Company
from tests.contract.samples.target_quickbooks import CASES
from tests.unit._quickbooks import opened, receipts, sent


@pytest.fixture
def company() -> Company:
    return Company()


@pytest.fixture
def writer(company: Company) -> Iterator[QuickBooksWriter]:
    with opened(company) as made:
        yield made


def intent(company: Company, kind: str, n: int = 1, verb: Verb = Verb.CREATE, booked: Receipt | None = None, **other: Any) -> Intent:
    state = CASES[kind].first if verb is Verb.CREATE else CASES[kind].changed
    fields: dict[str, Any] = {"document": {}, "document_type": "order", "related": company.related} | state | other
    return Intent(
        subject=Subject("books", kind, f"local-{n}"),
        verb=verb,
        look_up_key=f"key {n}{' reverse' if verb is Verb.VOID else ''}",
        idempotency_key=f"key {n} {verb} {booked.body['token'] if booked else ''}",
        number=f"R-{n}",
        date=date(2026, 11, 2),
        booked=booked.body if booked else None,
        remote_id=booked.remote_id if booked else None,
        **fields,
    )


def sale(company: Company, rows: Sequence[Row], kind: str = "sales_receipt") -> Intent:
    """A sale of these rows, paid into clearing."""
    total = sum((row.net + row.tax for row in rows), Decimal(0))
    lines = (
        Line(CODES["Clearing"], total, "USD", "paid", control=True),
        Line(CODES["Sales"], -sum((row.net for row in rows), Decimal(0)), "USD", "goods", control=False),
    )
    return replace(intent(company, kind), rows=tuple(rows), lines=lines)


def in_doubt(payload: Payload, company: Company) -> Sent:
    each = payload.intent
    return Sent(each.subject, each.verb, each.look_up_key, each.idempotency_key, payload.digest, company.clock())


def test_the_key_fits_and_is_searched_for(company, writer):
    (made,) = receipts(writer, intent(company, "invoice"))
    number = company.books.objects["Invoice"][made.remote_id]["DocNumber"]
    assert number == marks.key_of("key 1")
    assert len(number) == 19
    company.log.clear()
    assert writer.look_up([in_doubt(writer.prepare(intent(company, "invoice")), company)])[0].remote_id == made.remote_id
    asked = [exchange.request.query.get("query", "") for exchange in company.log]
    assert any(f"DocNumber IN ('{number}')" in each for each in asked)


# ── versions ──


def test_a_payment_moves_the_version_and_the_change_still_goes(company, writer):
    """The invoice that was paid is a new version; what we wrote is as we left it."""
    (invoice,) = receipts(writer, intent(company, "invoice"))
    related = company.related | {"parent": Related("invoice", invoice.remote_id, "R-1")}
    receipts(writer, intent(company, "payment", 2, related=related))
    assert company.books.objects["Invoice"][invoice.remote_id]["SyncToken"] == "1"
    company.seeds.edit_by_hand("Invoice", invoice.remote_id, PrivateNote=_note(company, "Invoice", invoice) + " and a word of ours")
    (changed,) = receipts(writer, intent(company, "invoice", 1, Verb.UPDATE, invoice))
    assert changed.effect == CASES["invoice"].changed_effect
    stands = company.books.objects["Invoice"][invoice.remote_id]
    assert stands["Balance"] == Decimal("64.80") - Decimal("48.60")
    assert "and a word of ours" in stands["PrivateNote"]


def _note(company: Company, entity: str, made: Receipt) -> str:
    return str(company.books.objects[entity][made.remote_id]["PrivateNote"])


@pytest.mark.parametrize("verb", [Verb.UPDATE, Verb.VOID])
def test_what_somebody_else_changed_is_left_alone(verb, company, writer):
    (invoice,) = receipts(writer, intent(company, "invoice"))
    company.seeds.edit_by_hand("Invoice", invoice.remote_id, Line=company.typed(Decimal(99))["Line"])
    (answer,) = sent(writer, intent(company, "invoice", 1, verb, invoice))
    assert isinstance(answer, Refused)
    assert answer.problem.code == "SEND-CHANGED"
    assert "Order R-1 was changed in QuickBooks by somebody else" in answer.problem.say
    assert company.books.objects["Invoice"][invoice.remote_id]["TotalAmt"] == Decimal("103.00")


def test_what_somebody_else_deleted_cannot_be_changed_but_is_gone(company, writer):
    credit, other = receipts(writer, intent(company, "credit_note"), intent(company, "credit_note", 2))
    for each in (credit, other):
        company.books.delete("CreditMemo", {"Id": each.remote_id, "SyncToken": "0"})
    changed, gone = sent(
        writer, intent(company, "credit_note", 1, Verb.UPDATE, credit), intent(company, "credit_note", 2, Verb.VOID, other)
    )
    assert isinstance(changed, Refused)
    assert "was deleted in QuickBooks" in changed.problem.say
    assert isinstance(gone, Receipt)
    assert gone.effect == -CASES["credit_note"].effect


def test_a_change_of_direction_is_held(company, writer):
    (made,) = receipts(writer, intent(company, "spend"))
    back = tuple(line._replace(amount=-line.amount) for line in CASES["spend"].first["lines"])
    held = writer.prepare(intent(company, "spend", 1, Verb.UPDATE, made, lines=back))
    assert isinstance(held, Unpreparable)
    assert "stands in QuickBooks as a Purchase, and would be a JournalEntry" in held.problem.say


# ── removals ──


@pytest.mark.parametrize("kind", sorted(CASES))
@pytest.mark.parametrize("fault", ["drop_after", "drop_before"])
def test_a_removal_without_an_answer_ends_removed_and_counted_once(kind, fault, company, writer):
    (made,) = receipts(writer, intent(company, kind))
    payload = writer.prepare(intent(company, kind, 1, Verb.VOID, made))
    attempt = in_doubt(payload, company)
    company.faults.add(fault, method="POST")
    (answer,) = writer.send([payload])
    assert isinstance(answer, InDoubt)
    company.clock.now = company.clock() + timedelta(minutes=5)
    (where,) = writer.find([attempt])
    if isinstance(where, Absent):  # deleted or never done: asked again, it is gone
        (again,) = writer.send([payload])
        assert isinstance(again, Receipt), again
        removed = again
    else:
        assert isinstance(where, Found)
        removed = where.receipt
    assert removed.effect == -CASES[kind].effect
    assert removed.body["gone"] is True
    assert isinstance(where, Absent) == (
        fault == "drop_before" or made.body["entity"] not in ("Invoice", "SalesReceipt", "Payment", "Customer", "Vendor", "Item")
    )


def test_a_void_keeps_the_number_and_leaves_zero(company, writer):
    (made,) = receipts(writer, intent(company, "invoice"))
    receipts(writer, intent(company, "invoice", 1, Verb.VOID, made))
    stands = company.books.objects["Invoice"][made.remote_id]
    assert (stands["TotalAmt"], stands["Balance"], stands["DocNumber"]) == (0, 0, marks.key_of("key 1"))
    assert marks.find(stands["PrivateNote"]).number == "R-1"


# ── names ──


def test_a_taken_name_gets_its_number(company, writer):
    company.seeds.by_hand("Vendor", {"DisplayName": "ann berg"})
    made, second = receipts(writer, intent(company, "contact", 1), intent(company, "contact", 2))
    names = [company.books.objects["Customer"][each.remote_id]["DisplayName"] for each in (made, second)]
    assert names == ["Ann Berg (R-1)", "Ann Berg (R-2)"]


def test_an_item_of_the_same_sku_that_was_typed_by_hand_is_taken_over(company, writer):
    typed = company.seeds.item("Cup", company.accounts["Sales"], Sku="CUP")
    other = company.seeds.item("Plate", company.accounts["Sales"], Sku="PLATE-OLD")
    plate = CASES["item"].first["document"] | {"sku": "PLATE", "name": "Plate"}
    cup, made = receipts(writer, intent(company, "item", 1), intent(company, "item", 2, document=plate))
    assert cup.remote_id == typed
    assert made.remote_id != other
    assert company.books.objects["Item"][made.remote_id]["Name"] == "Plate (R-2)"


def test_notes_of_people_stay(company, writer):
    (made,) = receipts(writer, intent(company, "contact"))
    note = company.books.objects["Customer"][made.remote_id]["Notes"]
    company.seeds.edit_by_hand("Customer", made.remote_id, Notes=f"Likes tea.\n{note}")
    receipts(writer, intent(company, "contact", 1, Verb.UPDATE, made))
    notes = company.books.objects["Customer"][made.remote_id]["Notes"]
    assert notes.startswith("Likes tea.\nR-1 - Counterfoil CF-")
    assert notes.count("Counterfoil") == 1


def test_no_refusal_quotes_a_person(company, writer):
    company.seeds.edit_by_hand("Customer", company.buyer, Active=False)
    nonsense = CASES["contact"].first["document"] | {"emails": ["ann at nowhere"]}
    refused = sent(writer, intent(company, "invoice", 1), intent(company, "contact", 2, document=nonsense))
    said = " ".join(answer.problem.say for answer in refused if isinstance(answer, Refused))
    assert "R-1" in said
    assert "Invalid Email Address format (PrimaryEmailAddr)" in said
    assert "Berg" not in said
    assert "nowhere" not in said


# ── buyers ──


def test_a_buyer_whom_nobody_named_is_made_once(company, writer):
    nobody = {"related": {"item:MUG": company.related["item:MUG"]}, "walk_in": "Walk-in"}
    company.log.clear()
    made = receipts(writer, *(intent(company, "invoice", n, **nobody) for n in (1, 2)))
    made += receipts(writer, intent(company, "invoice", 3, **nobody))
    buyers = {company.books.objects["Invoice"][each.remote_id]["CustomerRef"]["value"] for each in made}
    assert [company.books.objects["Customer"][each]["DisplayName"] for each in buyers] == ["Walk-in"]
    posts = [exchange.request.path.rsplit("/", 1)[-1] for exchange in company.log if exchange.request.method == "POST"]
    assert posts == ["customer", "batch", "invoice"]


def test_without_the_buyer_the_invoice_waits(company, writer):
    nobody = {"related": {"item:MUG": company.related["item:MUG"]}, "walk_in": "Walk-in"}
    payload = writer.prepare(intent(company, "invoice", 1, **nobody))
    company.faults.add("drop_before", method="POST", path="customer")
    (answer,) = writer.send([payload])
    assert isinstance(answer, NotSent)
    assert company.made("Invoice", "Customer") == 0
    assert isinstance(writer.send([payload])[0], Receipt)


def test_an_invoice_for_nobody_is_held(company, writer):
    held = writer.prepare(intent(company, "invoice", 1, related={}))
    assert isinstance(held, Unpreparable)
    assert "names no buyer" in held.problem.say


# ── what cannot be said in QuickBooks ──


def test_a_receipt_into_two_accounts_is_held(company, writer):
    lines = CASES["sales_receipt"].first["lines"]
    split = (lines[0]._replace(amount=Decimal(50)), lines[0]._replace(account=CODES["Cash"], amount=Decimal(4)), *lines[1:])
    held = writer.prepare(intent(company, "sales_receipt", 1, lines=split))
    assert isinstance(held, Unpreparable)
    assert "1010 and 1020" in held.problem.say


def test_another_currency_than_the_companys_is_held(company, writer):
    lines = tuple(line._replace(currency="EUR") for line in CASES["journal"].first["lines"])
    held = writer.prepare(intent(company, "journal", 1, lines=lines))
    assert isinstance(held, Unpreparable)
    assert "in EUR" in held.problem.say


def test_cost_is_not_booked_twice(company):
    stock = {"inventory_account": CODES["Inventory"], "cogs_account": CODES["COGS"], "inventory_start_on": "2026-01-01"}
    with opened(company, item_type="Inventory", **stock) as writer:
        held = writer.prepare(intent(company, "cost_journal"))
        (cup,) = receipts(writer, intent(company, "item"))
    assert isinstance(held, Unpreparable)
    assert held.problem.code == "POST-DECISION"
    assert company.books.objects["Item"][cup.remote_id]["Type"] == "Inventory"


def test_an_item_that_is_booked_elsewhere_is_told_by_check(company):
    wrong = {CODES["Sales"]: "Discounts line", CODES["Discounts"]: "nowhere", "9999": "Mug"}
    with opened(company, items=wrong) as writer:
        said = [problem.say for problem in writer.check()]
    assert len(said) == 3
    assert "is booked to another account" in said[0]
    assert "has no item 'nowhere'" in said[1]
    assert "no such account" in said[2]


# ── one bad item harms no other ──


def test_a_batch_that_is_refused_as_a_whole_goes_one_by_one(company, writer, monkeypatch):
    """Intuit reads a batch as a whole: a property that it does not know refuses all of it."""
    from taps._kit.simulator import Response

    whole = company._batch
    refused = {"Fault": {"Error": [{"Message": "Request has invalid or unsupported property", "code": "2010"}], "type": "ValidationFault"}}
    company._routes.insert(0, ("POST", company._routes[5][1], lambda request, **_: Response(400, refused)))
    assert company._routes[6][2] == whole
    bad = {"related": company.related | {"customer": Related("contact", "999", "C")}}
    answers = sent(writer, intent(company, "invoice", 1), intent(company, "invoice", 2, **bad), intent(company, "invoice", 3))
    assert [type(each) for each in answers] == [Receipt, Refused, Receipt]


def test_a_fault_in_a_200_is_a_refusal(company, writer, monkeypatch):
    from taps._kit.simulator import Response

    fault = {"Fault": {"Error": [{"Message": "no", "Detail": "Some business rule", "code": "6000"}], "type": "ValidationFault"}}
    monkeypatch.setattr(company, "handle", lambda request: Response(200, fault))
    payload = writer.prepare(intent(company, "journal"))
    (answer,) = writer.send([payload])
    assert isinstance(answer, Refused)
    assert "Some business rule" in answer.problem.say


def test_our_key_that_stands_already_is_ours(company, writer):
    """The number is refused (6140) although nobody was in doubt: the document is found and taken, not made twice."""
    company.replays = False
    (first,) = receipts(writer, intent(company, "invoice"))
    (again,) = receipts(writer, intent(company, "invoice"))
    assert again == first
    assert company.made("Invoice") == 1


def test_the_same_request_has_the_same_id_and_another_another(company, writer):
    one, two = writer.prepare(intent(company, "invoice", 1)), writer.prepare(intent(company, "invoice", 2))
    ids = [next(iter(writer.calls(batch))).params["requestid"] for batch in ([one], [one], [two], [one, two])]
    assert ids[0] == ids[1]
    assert len(set(ids)) == 3
    assert {len(each) for each in ids} == {36}


# ── found again, and nothing else ──


def test_what_was_made_is_told_from_what_was_not(company, writer):
    """Transfers have no key that can be searched: of two attempts only the one that arrived is found."""
    one, two = writer.prepare(intent(company, "transfer", 1)), writer.prepare(intent(company, "transfer", 2))
    (made,) = writer.send([two])
    company.clock.forward(minutes=5)
    assert isinstance(made, Receipt)
    first, second = writer.look_up([in_doubt(one, company), in_doubt(two, company)])
    assert first is None
    assert second == made


@pytest.mark.parametrize("kind", ["invoice", "credit_note", "contact"])
def test_a_removal_that_is_sent_twice_is_counted_once(kind, company, writer):
    """Without asking first: what is gone already is gone, and says what stood before."""
    (made,) = receipts(writer, intent(company, kind))
    payload = writer.prepare(intent(company, kind, 1, Verb.VOID, made))
    company.replays = False
    one, two = writer.send([payload])[0], writer.send([payload])[0]
    assert isinstance(one, Receipt)
    assert isinstance(two, Receipt)
    assert one.effect == two.effect == -CASES[kind].effect


def test_an_item_of_ours_with_the_same_sku_is_another(company):
    """Two products of ours may share a SKU: the second is not taken for the first."""
    with opened(company) as writer:
        (first,) = receipts(writer, intent(company, "item", 1))
    with opened(company) as writer:
        (second,) = receipts(writer, intent(company, "item", 2))
    assert first.remote_id != second.remote_id


# ── what a booking must mean there ──


def test_an_invoice_that_is_owed_elsewhere_is_held(company, writer):
    lines = CASES["invoice"].first["lines"]
    elsewhere = (lines[0]._replace(account=CODES["DisputesReceivable"]), *lines[1:])
    held = writer.prepare(intent(company, "invoice", 1, lines=elsewhere))
    assert isinstance(held, Unpreparable)
    assert "receivable account" in held.problem.say


def test_lines_that_are_not_the_total_are_held(company, writer):
    held = writer.prepare(intent(company, "invoice", 1, rows=()))
    assert isinstance(held, Unpreparable)
    assert held.problem.code == "POST-UNBALANCED"


def test_a_price_that_does_not_divide_is_left_out(company, writer):
    """Ten for 1.00 over three pieces: quantity × price must be the amount to the cent, or QuickBooks refuses it."""
    row = CASES["sales_receipt"].first["rows"][0]
    odd = row._replace(quantity=Decimal(3_000_000), net=Decimal("1.00"), tax=Decimal(0))
    even = row._replace(quantity=Decimal(3), net=Decimal("10.00"), tax=Decimal(0))
    (made,) = receipts(writer, sale(company, (odd, even)))
    first, second = (line["SalesItemLineDetail"] for line in company.books.objects["SalesReceipt"][made.remote_id]["Line"][:2])
    assert "UnitPrice" not in first
    assert (second["Qty"], second["UnitPrice"]) == (3, Decimal("3.3333333"))


def test_a_sale_below_nothing_is_the_opposite_document(company, writer):
    row = CASES["sales_receipt"].first["rows"][0]._replace(net=Decimal(-20), tax=Decimal(0))
    (made,) = receipts(writer, sale(company, (row,)))
    assert (made.body["entity"], made.effect) == ("RefundReceipt", Decimal(-20))
    assert company.books.objects["RefundReceipt"][made.remote_id]["TotalAmt"] == 20


def test_a_payment_of_a_receipt_is_held(company, writer):
    paid = company.related | {"parent": Related("sales_receipt", "1", "R-0")}
    held = writer.prepare(intent(company, "payment", 1, related=paid))
    assert isinstance(held, Unpreparable)
    assert "stands in QuickBooks as a sales receipt" in held.problem.say


def test_a_payment_without_its_invoice_stands_on_the_buyer(company, writer):
    alone = {key: value for key, value in company.related.items() if key != "parent"}
    (made,) = receipts(writer, intent(company, "payment", 1, related=alone))
    stands = company.books.objects["Payment"][made.remote_id]
    assert (stands["UnappliedAmt"], stands["CustomerRef"]["value"]) == (Decimal("48.60"), company.buyer)


def test_an_expense_from_what_is_no_bank_account_is_a_journal_entry(company, writer):
    lines = CASES["spend"].first["lines"]
    elsewhere = tuple(line._replace(account=CODES["PayoutsInTransit"]) if line.control else line for line in lines)
    (made,) = receipts(writer, intent(company, "spend", 1, lines=elsewhere))
    assert (made.body["entity"], made.effect) == ("JournalEntry", CASES["spend"].effect)


def test_a_name_says_no_colon(company, writer):
    (made,) = receipts(writer, intent(company, "contact", 1, document={"display_name": "Berg: Ann\n& Co"}))
    assert company.books.objects["Customer"][made.remote_id]["DisplayName"] == "Berg Ann & Co"


def test_a_name_with_a_quote_is_found(company, writer):
    company.seeds.by_hand("Vendor", {"DisplayName": "x"})
    existing = company.seeds.customer("O'Hara \\ Sons")
    nobody = {"related": {"item:MUG": company.related["item:MUG"]}, "walk_in": "O'Hara \\ Sons"}
    (made,) = receipts(writer, intent(company, "invoice", 1, **nobody))
    assert company.books.objects["Invoice"][made.remote_id]["CustomerRef"]["value"] == existing


@pytest.mark.parametrize(("kind", "field"), [("contact", "DisplayName"), ("item", "Name")])
def test_a_record_that_somebody_renamed_is_left_alone(kind, field, company, writer):
    (made,) = receipts(writer, intent(company, kind))
    company.seeds.edit_by_hand(made.body["entity"], made.remote_id, **{field: "Renamed"})
    held = writer.prepare(intent(company, kind, 1, Verb.UPDATE, made))
    assert isinstance(held, Unpreparable)
    assert held.problem.code == "SEND-CHANGED"


def test_places_become_departments_and_classes(company):
    reno, floor = company.seeds.place("Department", "Reno"), company.seeds.place("Class", "Floor")
    with opened(company, departments={"Reno": reno}, classes={"Reno": floor}) as writer:
        rows = tuple(row._replace(location="Reno") for row in CASES["sales_receipt"].first["rows"])
        (made,) = receipts(writer, intent(company, "sales_receipt", 1, rows=rows, document={"location": "Reno"}))
    stands = company.books.objects["SalesReceipt"][made.remote_id]
    assert stands["DepartmentRef"]["value"] == reno
    assert stands["Line"][0]["SalesItemLineDetail"]["ClassRef"]["value"] == floor
