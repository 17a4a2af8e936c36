"""The contract of a target, kept by a Tryton that nobody on this project wrote: no simulator, the server itself is the judge."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from taps._kit.errors import Misconfigured
from taps._kit.facts import DeliveryClass
from taps._kit.reader import Record, State
from taps._kit.registry import tap
from taps._kit.surroundings import Pocket, Surroundings
from targets._kit.registry import target
from targets._kit.writer import (
    Absent,
    Found,
    InDoubt,
    NotSent,
    Receipt,
    Refused,
    Related,
    Sent,
    Unknown,
    Unpreparable,
    Verb,
)
from tests._kit.tryton import Books, Erp, amount, day
from tests.contract.test_remote_contract import attempt, prepared, receipt
from tests.real.tryton_cases import BANK, CASES, PAYABLE, RECEIVABLE, SALES, TAX, intent, line, row, two
from tests.real.tryton_lossy import Lossy, lossy

pytestmark = pytest.mark.tryton
NUMBERS = itertools.count(1)
EACH = pytest.mark.parametrize("name", CASES)


@pytest.fixture(scope="module")
def shop(tryton_erp: Erp) -> Iterator[Books]:
    """One copy for all points: each test writes documents of its own numbers."""
    with tryton_erp.copy() as copy:
        copy.ask("POST", "stock.location", {"name": "Sold", "code": "SOLD", "type": "lost_found"})
        yield copy


def settings(books: Books, url: str = "") -> dict[str, Any]:
    """The connection's configuration."""
    return {
        "base_url": url or books.erp.url,
        "database": books.database,
        "private_network": True,
        "location": "STO",
        "locations": {"back": "BACK"},
        "sold_location": "SOLD",
        "work": "Store floor",
    }


class Clock:
    """Time of a test; a wait is taken as passed."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def build(shop: Books, clock: Clock, tmp_path: Path) -> Iterator[Callable[..., Any]]:
    """Makes open writers."""
    opened: list[Any] = []

    def made(books: Books = shop, url: str = "", key: str | None = None, **more: Any) -> Any:
        kind = target("tryton")
        writer = kind.build(kind.config.model_validate(settings(books, url) | more), tmp_path)
        secrets = {"key": books.erp.key} if key is None else {"key": key} if key else {}
        opened.append(writer)
        writer.open(None, Surroundings(clock=clock, safe=Pocket(secrets), sleep=clock.sleep))
        return writer

    yield made
    for writer in opened:
        writer.close()


@pytest.fixture(scope="module")
def related(shop: Books) -> dict[str, Related]:
    """What stands there of what documents name: an employee, and an invoice to pay, both made by hand."""
    party = shop.ask("POST", "party.party", {"name": "By hand", "addresses": [["create", [{}]]]}, fields=("addresses",))
    employee = shop.ask("POST", "company.employee", {"party": party["id"], "company": 1})
    invoice = shop.ask("POST", "account.invoice", typed_by_hand(shop, party))
    shop.ask("POST", f"account.invoice/{invoice['id']}/post", {})
    return {
        "employee": Related("employee", f"company.employee,{employee['id']}", "E-1"),
        "customer": Related("contact", f"party.party,{party['id']}", "C-1"),
        "supplier": Related("supplier", f"party.party,{party['id']}", "S-1"),
        "parent": Related("invoice", f"account.invoice,{invoice['id']}", "H-1"),
        "item:MUG-01": Related("item", f"product.product,{shop.ids['product']['MUG-01']}", "MUG-01"),
    }


def typed_by_hand(books: Books, party: dict[str, Any], **more: Any) -> dict[str, Any]:
    """An invoice of 100.00 as a person would type it."""
    ids = books.ids
    head = {"type": "out", "company": 1, "party": party["id"], "invoice_address": party["addresses"][0], "currency": ids["currency"]["EUR"]}
    head |= {
        "journal": ids["journal"]["REV"],
        "account": ids["account"]["receivable"],
        "invoice_date": day("2026-11-01"),
        "reference": "typed",
    }
    line = {
        "type": "line",
        "account": ids["account"]["revenue"],
        "quantity": 1,
        "unit_price": amount("100.00"),
        "currency": 1,
        "company": 1,
    }
    return (
        head
        | {"payment_term_date": day("2027-01-01"), "lines": [["create", [line | {"invoice_type": "out", "description": "By hand"}]]]}
        | more
    )


def until_known(writer: Any, clock: Clock, sent: Sent) -> Found | Absent:
    for _ in range(5):
        (answer,) = writer.find([sent])
        if not isinstance(answer, Unknown):
            return answer
        clock.now = max(clock.now, answer.until) + timedelta(seconds=1)
    raise AssertionError("it never says what became of it")


# ── what it is ──


def test_its_facts():
    facts = target("tryton").facts
    assert facts.delivery is DeliveryClass.LOOKED_UP
    assert facts.linked
    assert facts.approval
    assert set(facts.verbs) == set(target("tryton").kinds)
    assert {case.kind for case in CASES.values()} | {"part"} == set(target("tryton").kinds)


def test_a_wrong_key_is_told_without_it(build):
    with pytest.raises(Misconfigured) as told:
        build(key="no-such-key")
    assert "no-such-key" not in str(told.value)


def test_no_key_names_what_to_set(build):
    with pytest.raises(Misconfigured, match="counterfoil secret set"):
        build(key="")


@pytest.mark.parametrize("wrong", [{"database": "nothing_here"}, {"company": 99}])
def test_a_wrong_database_or_company_is_told(build, wrong):
    with pytest.raises(Misconfigured, match=r"(?i)database|company"):
        build(**wrong)


def test_periods_and_what_it_offers(build):
    writer = build()
    closed = [period for period in writer.periods() if period.status != "open"]
    assert [(str(period.start_on), str(period.end_on)) for period in closed] == [("2025-01-01", "2025-01-31")]
    offers = writer.metadata().values
    assert "4.1.1" in offers["accounts"]
    assert "VAT 20%: 0.20 on 6.3.6" in offers["taxes"]
    assert "SOLD" in offers["locations"]


# ── create, change, remove ──


@EACH
def test_created_changed_and_removed_is_what_stands_there(name, build, related, clock):
    writer, case = build(), CASES[name]
    n = next(NUMBERS)
    payload = prepared(writer, intent(case, n, related))
    assert payload.predicted == Decimal(case.effect)
    assert prepared(writer, intent(case, n, related)).digest == payload.digest
    assert prepared(writer, intent(case, n + 1000, related)).digest != payload.digest
    made = receipt(writer.send([payload])[0])
    assert (made.effect, made.unit, made.number) == (payload.predicted, case.unit, f"R-{n}")
    back = [each for each in writer.read_back() if each.remote_id == made.remote_id]
    assert [each.effect for each in back] == [made.effect]

    change = prepared(writer, intent(case, n, related, 2, case.change, made))
    assert isinstance(until_known(writer, clock, attempt(change, clock())), Absent)
    changed = receipt(writer.send([change])[0])
    assert changed.effect == change.predicted == Decimal(case.changed_effect)
    assert changed.remote_id == made.remote_id
    found = until_known(writer, clock, attempt(change, clock()))
    assert isinstance(found, Found)
    assert (found.receipt.effect, found.receipt.remote_id, found.receipt.body) == (changed.effect, changed.remote_id, changed.body)

    removal = prepared(writer, intent(case, n, related, 3, case.remove, changed, look_up_key=f"{n + 5000:040x}"))
    removed = receipt(writer.send([removal])[0])
    assert removed.effect == removal.predicted == -(Decimal(case.effect) + Decimal(case.changed_effect))


@EACH
def test_what_cannot_be_sent_is_held_with_a_sentence(name, build, related):
    writer, case = build(), CASES[name]
    wanted = intent(case, next(NUMBERS), related, **case.unfit)
    held = writer.prepare(wanted)
    assert isinstance(held, Unpreparable), held
    assert wanted.number in held.problem.say
    assert held.problem.fix
    for verb in set(Verb) - set(writer.facts.verbs[case.kind]):
        assert isinstance(writer.prepare(intent(case, next(NUMBERS), related, verb=verb)), Unpreparable)


@EACH
def test_what_the_server_refuses_is_refused_alone_in_its_words_and_leaves_nothing(name, shop, build, related):
    writer, case = build(), CASES[name]
    first, bad, third = (next(NUMBERS) for _ in range(3))
    batch = [intent(case, first, related), intent(case, bad, related, **case.refused), intent(case, third, related)]
    answers = writer.send([prepared(writer, each) for each in batch])
    assert [type(answer) for answer in answers] == [Receipt, Refused, Receipt], answers
    refused = answers[1]
    assert isinstance(refused, Refused)
    assert f"R-{bad}" in refused.problem.say
    assert len(refused.problem.say) > len(f"Tryton refuses {case.kind} R-{bad}: ."), "the server's own sentence"
    assert refused.problem.fix
    assert isinstance(writer.find([attempt(prepared(writer, batch[1]), datetime(2026, 1, 1, tzinfo=UTC))])[0], Absent)
    assert left_of(shop, bad) == []


def left_of(books: Books, n: int) -> list[str]:
    """Whatever in the database carries the key of a document, in any state."""
    marks = (("account_invoice", "description"), ("account_move", "description"), ("account_statement", "name"))
    marks += (("stock_shipment_internal", "reference"), ("timesheet_line", "uuid"), ("product_identifier", "code"))
    found = [table for table, column in marks if books.sql(f"SELECT 1 FROM {table} WHERE {column} LIKE '%cf:%{n:020x}%'")]
    people = f"SELECT 1 FROM company_employee e JOIN party_party p ON p.id = e.party WHERE p.code LIKE '%{n:020x}'"
    return found + (["company_employee"] if books.sql(people) else [])


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.late])
def test_a_closed_period_is_refused(name, shop, build, related):
    writer, case = build(), CASES[name]
    held = writer.prepare(intent(case, next(NUMBERS), related, **(case.late or {})))
    assert isinstance(held, Unpreparable), held
    assert held.problem.code == "POST-PERIOD"
    assert "2025-01" in held.problem.say


def test_a_period_that_closes_after_the_writer_opened_is_refused_by_the_server(shop, build, related):
    writer = build()
    (period,) = shop.search("account.period", [["name", "=", "2025-02"]], "state")
    shop.ask("POST", f"account.period/{period['id']}/close", {})
    try:
        for name in ("invoice", "journal", "payment"):
            n = next(NUMBERS)
            wanted = intent(CASES[name], n, related, date=datetime(2025, 2, 3, tzinfo=UTC).date())
            (answer,) = writer.send([prepared(writer, wanted)])
            assert isinstance(answer, Refused), answer
            assert "2025-02" in answer.problem.say
            assert left_of(shop, n) == []
    finally:
        shop.ask("POST", f"account.period/{period['id']}/reopen", {})


# ── once ──


@pytest.fixture(scope="module")
def proxy(shop: Books) -> Iterator[Lossy]:
    with lossy(shop.erp.url) as running:
        yield running


def writes_of(name: str) -> int:
    """How many calls make one document of the case."""
    calls = {"invoice": 2, "sales_receipt": 2, "payment": 3, "stock_removal": 8, "employee": 2}
    return calls.get(name, 1)


LOSSES = [
    (name, place)
    for name in ("contact", "item", "employee", "invoice", "sales_receipt", "payment", "stock_removal", "time_entry")
    for place in range(writes_of(name))
]


@pytest.mark.parametrize(("name", "place"), LOSSES)
@pytest.mark.parametrize("what", ["answer", "request"])
def test_whatever_is_lost_wherever_the_effect_is_there_once(name, place, what, shop, proxy, build, related, clock):
    """A call of the document is lost; the hub asks, sends again where it is told Absent, and nothing stands twice."""
    writer, case, n = build(url=proxy.url), CASES[name], next(NUMBERS)
    payload = prepared(writer, intent(case, n, related))
    proxy.lose(what, skip=place)
    (answer,) = writer.send([payload])
    assert isinstance(answer, InDoubt), answer
    other = build()
    where = until_known(other, clock, attempt(payload, clock()))
    if what == "answer" and place == writes_of(name) - 1:
        assert isinstance(where, Found), "the last call was heard there"
    done = where.receipt if isinstance(where, Found) else receipt(other.send([prepared(other, intent(case, n, related))])[0])
    assert (done.effect, done.number[-len(str(n)) :]) == (payload.predicted, str(n))
    again = receipt(other.send([prepared(other, intent(case, n, related))])[0])
    assert again.remote_id == done.remote_id
    assert len(standing(shop, name, n)) == {"stock_removal": 2}.get(name, 1)


def standing(books: Books, name: str, n: int) -> list[Any]:
    """Documents of a number, from the tables, whatever their state."""
    tables = {
        "contact": f"SELECT id FROM party_party WHERE code LIKE '%{n:020x}'",
        "item": f"SELECT id FROM product_template WHERE code = 'LAMP-{n}'",
        "employee": f"SELECT e.id FROM company_employee e JOIN party_party p ON p.id = e.party WHERE p.code LIKE '%{n:020x}'",
        "invoice": f"SELECT id FROM account_invoice WHERE description LIKE '%cf:{n:040x}:%'",
        "sales_receipt": f"SELECT id FROM account_move WHERE description LIKE '%cf:{n:040x}:%'",
        "payment": f"SELECT id FROM account_statement WHERE name LIKE '%cf:{n:040x}:%'",
        "stock_removal": f"SELECT id FROM stock_shipment_internal WHERE reference LIKE '%cf:{n:040x}:%'",
        "time_entry": f"SELECT id FROM timesheet_line WHERE uuid LIKE 'cf:{n:040x}:%'",
    }
    return books.sql(tables[name])


@pytest.mark.parametrize(
    ("name", "place"), [*(("invoice", place) for place in range(5)), *(("sales_receipt", place) for place in range(4))]
)
def test_a_change_that_is_lost_anywhere_leaves_one_new_document_and_one_that_takes_back(name, place, shop, proxy, build, related, clock):
    writer, case, n = build(url=proxy.url), CASES[name], next(NUMBERS)
    made = receipt(writer.send([prepared(writer, intent(case, n, related))])[0])
    change = prepared(writer, intent(case, n, related, 2, Verb.UPDATE, made))
    proxy.lose("answer", skip=place)
    assert isinstance(writer.send([change])[0], InDoubt)
    where = until_known(writer, clock, attempt(change, clock()))
    assert isinstance(where, Found) == (place >= 3)
    again = prepared(writer, intent(case, n, related, 2, Verb.UPDATE, made))
    assert again.digest == change.digest
    done = where.receipt if isinstance(where, Found) else receipt(writer.send([again])[0])
    assert done.effect == change.predicted
    assert len(standing(shop, name, n)) == 3


def test_a_newer_revision_removes_the_draft_of_an_older_one(shop, proxy, build, related, clock):
    writer, case, n = build(url=proxy.url), CASES["invoice"], next(NUMBERS)
    proxy.lose("request", "/post")
    old = prepared(writer, intent(case, n, related))
    assert isinstance(writer.send([old])[0], InDoubt)
    assert isinstance(until_known(writer, clock, attempt(old, clock())), Absent)
    newer = intent(case, n, related, 2, Verb.CREATE)
    assert receipt(writer.send([prepared(writer, newer)])[0]).effect == Decimal("48.02")
    assert len(standing(shop, "invoice", n)) == 1


def test_what_stands_by_another_attempt_is_not_booked_beside_it(shop, build, related):
    writer, case, n = build(), CASES["invoice"], next(NUMBERS)
    receipt(writer.send([prepared(writer, intent(case, n, related))])[0])
    (answer,) = writer.send([prepared(writer, intent(case, n, related, 2, Verb.CREATE))])
    assert isinstance(answer, Refused)
    assert answer.problem.code == "SEND-CHANGED"
    assert len(standing(shop, "invoice", n)) == 1


@pytest.mark.parametrize("name", ["invoice", "contact", "time_entry"])
def test_a_page_that_comes_after_the_work_was_done_is_no_refusal(name, shop, proxy, build, related):
    """Tryton answers faults with 400 and a page. Whether something was done is asked, not guessed."""
    for skip in range(writes_of(name)):
        writer, case, n = build(url=proxy.url), CASES[name], next(NUMBERS)
        proxy.lose("page", skip=skip, status=400)
        assert receipt(writer.send([prepared(writer, intent(case, n, related))])[0]).effect == Decimal(case.effect)
        assert len(standing(shop, name, n)) == 1


def test_one_that_is_lost_harms_no_other_and_an_unreachable_server_is_not_sent_to(shop, proxy, build, related, clock):
    writer, case = build(url=proxy.url), CASES["journal"]
    batch = [prepared(writer, intent(case, next(NUMBERS), related)) for _ in range(3)]
    proxy.lose("request", skip=2)
    assert [type(answer) for answer in writer.send(batch)] == [Receipt, InDoubt, Receipt]
    with lossy(shop.erp.url) as gone:
        cut = build(url=gone.url)
        more = [prepared(cut, intent(case, next(NUMBERS), related)) for _ in range(2)]
    assert [type(answer) for answer in cut.send(more)] == [NotSent, NotSent]


def test_answers_come_in_the_order_of_the_batch(build, related):
    writer = build()
    numbers = [next(NUMBERS) for _ in range(3)]
    answers = writer.send([prepared(writer, intent(CASES["journal"], n, related)) for n in reversed(numbers)])
    assert [receipt(answer).number for answer in answers] == [f"R-{n}" for n in reversed(numbers)]
    assert writer.send([]) == []


# ── as Tryton has it ──


def test_an_invoice_stands_as_it_was_sent(shop, build, related):
    """Each field that is written is read from the server by other means than the product's."""
    writer, n = build(), next(NUMBERS)
    wanted = intent(CASES["invoice"], n, related, links=("R-0",))
    made = receipt(writer.send([prepared(writer, wanted)])[0])
    (stands,) = shop.search(
        "account.invoice", [["id", "=", int(made.remote_id.partition(",")[2])]],
        "state", "reference", "description", "comment", "party", "invoice_date", "payment_term_date",
        "account.code", "journal.code", "currency.code",
        "total_amount", "tax_amount", "lines.account.code", "lines.quantity", "lines.unit_price", "lines.description", "lines.product.code",
        "taxes.amount", "taxes.base", "taxes.tax.name", "taxes.description", "taxes.account.code", "move.lines.debit", "move.lines.credit",
        "move.lines.account.code", "move.date", "move.state",
    )  # fmt: skip
    assert (stands["state"], stands["reference"], stands["comment"]) == ("posted", f"R-{n}", "Belongs to R-0")
    assert stands["description"].startswith(f"R-{n} cf:{n:040x}:")
    assert stands["party"] == int(related["customer"].remote_id.partition(",")[2])
    assert stands["invoice_date"] == stands["payment_term_date"] == stands["move"]["date"] == day("2026-11-02")
    assert (stands["account"]["code"], stands["journal"]["code"], stands["currency"]["code"]) == ("1.2.1", "REV", "EUR")
    assert (stands["total_amount"], stands["tax_amount"]) == (amount("65.00"), amount("15.00"))
    assert [(each["account"]["code"], each["quantity"], each["description"], each["product"]["code"]) for each in stands["lines"]] == [
        ("4.1.1", 3.0, "Mug", "MUG-01")
    ]
    assert {(each["description"], each["amount"]["decimal"], each["account"]["code"]) for each in stands["taxes"]} == {
        ("VAT 20%", "10.00", "6.3.6"),
        ("Tip", "5.00", "2.2.4"),
    }
    booked = {
        each["account"]["code"]: Decimal(each["debit"]["decimal"]) - Decimal(each["credit"]["decimal"]) for each in stands["move"]["lines"]
    }
    assert booked == {line.account: line.amount for line in wanted.lines}
    assert stands["move"]["state"] == "posted"


def test_tax_is_to_the_cent_what_the_source_stated(shop, build, related):
    """Three lines of 1.03 at 20 % are taxed 0.21 each by the shop; Tryton would compute 0.62 for the document."""
    writer, n = build(), next(NUMBERS)
    rows = tuple(row(SALES, "1.03", "0.21", rate="0.2") for _ in range(3))
    lines = (line(RECEIVABLE, "3.72", "receivable", control=True), line(SALES, "-3.09", "goods"), line(TAX, "-0.63", "tax"))
    made = receipt(writer.send([prepared(writer, intent(CASES["invoice"], n, related, rows=rows, lines=lines))])[0])
    assert made.effect == Decimal("3.72")
    joined = "account_tax_line t JOIN account_move_line l ON l.id = t.move_line JOIN account_invoice i ON i.move = l.move"
    found = shop.sql(f"SELECT t.type, sum(t.amount) FROM {joined} WHERE i.reference = 'R-{n}' GROUP BY t.type ORDER BY t.type")
    assert found == [("base", Decimal("3.09")), ("tax", Decimal("0.63"))], "the VAT report says the same"


def test_a_tax_that_is_off_by_more_than_rounding_is_held(build, related):
    rows = (row(SALES, "100.00", "19.00", rate="0.2"),)
    lines = (line(RECEIVABLE, "119.00", "receivable", control=True), line(SALES, "-100.00", "goods"), line(TAX, "-19.00", "tax"))
    held = build().prepare(intent(CASES["invoice"], next(NUMBERS), related, rows=rows, lines=lines))
    assert isinstance(held, Unpreparable)
    assert held.problem.code == "SEND-TOTAL"


def test_an_invoice_that_comes_late_is_numbered_now_and_booked_on_its_own_day(shop, build, related):
    writer, late = build(), next(NUMBERS)
    receipt(writer.send([prepared(writer, intent(CASES["invoice"], next(NUMBERS), related))])[0])
    receipt(writer.send([prepared(writer, intent(CASES["invoice"], late, related, date=datetime(2026, 10, 1, tzinfo=UTC).date()))])[0])
    (stands,) = shop.search("account.invoice", [["reference", "=", f"R-{late}"]], "invoice_date", "accounting_date", "move.date")
    assert (stands["invoice_date"], stands["accounting_date"]) == (day("2026-11-02"), day("2026-10-01"))
    assert stands["move"]["date"] == day("2026-10-01")


def test_a_payment_closes_its_invoice_and_what_is_too_much_stays_with_the_customer(shop, build, related):
    writer, n = build(), next(NUMBERS)
    invoice = receipt(writer.send([prepared(writer, intent(CASES["invoice"], n, related))])[0])
    pays = related | {"parent": Related("invoice", invoice.remote_id, f"R-{n}")}
    for paid, state in (("30.00", "posted"), ("40.00", "paid")):
        lines = two(BANK, RECEIVABLE, paid)
        assert receipt(writer.send([prepared(writer, intent(CASES["payment"], next(NUMBERS), pays, **lines))])[0]).effect == Decimal(paid)
        (stands,) = shop.search("account.invoice", [["reference", "=", f"R-{n}"]], "state")
        assert stands["state"] == state


def test_a_payment_finds_the_invoice_that_took_the_place_of_its_own(shop, build, related):
    writer, n = build(), next(NUMBERS)
    first = receipt(writer.send([prepared(writer, intent(CASES["invoice"], n, related))])[0])
    receipt(writer.send([prepared(writer, intent(CASES["invoice"], n, related, 2, Verb.UPDATE, first))])[0])
    pays = related | {"parent": Related("invoice", first.remote_id, f"R-{n}")}
    receipt(writer.send([prepared(writer, intent(CASES["payment"], next(NUMBERS), pays, **two(BANK, RECEIVABLE, "48.02")))])[0])
    stands = shop.search("account.invoice", [["reference", "=", f"R-{n}"]], "state", "total_amount")
    assert sorted((each["total_amount"]["decimal"], each["state"]) for each in stands) == [
        ("-65.00", "paid"), ("48.02", "paid"), ("65.00", "paid"),
    ]  # fmt: skip


def test_a_buyer_without_a_name_is_one_party_for_all(shop, build, related):
    nobody = {role: each for role, each in related.items() if role != "customer"}
    for writer in (build(), build()):
        receipt(writer.send([prepared(writer, intent(CASES["invoice"], next(NUMBERS), nobody))])[0])
    assert len(shop.search("party.party", [["name", "=", "Walk-in customer"]])) == 1


def test_an_item_that_a_person_made_is_taken_as_it_is(shop, build, related):
    writer, n = build(), next(NUMBERS)
    template = {"name": "Typed", "code": f"LAMP-{n}", "default_uom": shop.ids["unit"], "type": "goods"}
    typed = shop.ask("POST", "product.template", template | {"products": [["create", [{}]]]}, fields=("products",))
    made = receipt(writer.send([prepared(writer, intent(CASES["item"], n, related))])[0])
    assert made.remote_id == f"product.product,{typed['products'][0]}"
    assert shop.search("product.template", [["code", "=", f"LAMP-{n}"]], "name") == [
        {"__name__": "product.template", "id": typed["id"], "name": "Typed"}
    ]


@pytest.mark.parametrize("name", ["contact", "time_entry"])
def test_what_a_person_changed_is_not_overwritten(name, shop, build, related):
    writer, case, n = build(), CASES[name], next(NUMBERS)
    made = receipt(writer.send([prepared(writer, intent(case, n, related))])[0])
    model, _comma, number = made.remote_id.partition(",")
    edit = {"name": "By hand"} if name == "contact" else {"duration": {"__class__": "timedelta", "seconds": 60.0}}
    shop.ask("PUT", f"{model}/{number}", edit)
    (answer,) = writer.send([prepared(writer, intent(case, n, related, 2, Verb.UPDATE, made))])
    assert isinstance(answer, Refused)
    assert answer.problem.code == "SEND-CHANGED"


def test_an_employee_can_book_hours(shop, build, related):
    writer, n = build(), next(NUMBERS)
    made = receipt(writer.send([prepared(writer, intent(CASES["employee"], n, related))])[0])
    worked = related | {"employee": Related("employee", made.remote_id, f"R-{n}")}
    receipt(writer.send([prepared(writer, intent(CASES["time_entry"], next(NUMBERS), worked))])[0])
    (stands,) = shop.search("timesheet.line", [["employee", "=", int(made.remote_id.partition(",")[2])]], "duration", "date", "work.name")
    assert stands["duration"] == {"__class__": "timedelta", "seconds": 28199.9988}
    assert (stands["date"], stands["work"]["name"]) == (day("2026-11-02"), "Store floor")


# ── read back ──


def test_every_stream_is_read_and_what_was_typed_by_hand_is_seen(shop, build, related, tmp_path):
    """With a page of three, so that equal instants lie across pages; then only what changed comes again, within the overlap."""
    writer = build()
    for name in ("invoice", "payment", "time_entry", "stock_removal"):
        receipt(writer.send([prepared(writer, intent(CASES[name], next(NUMBERS), related))])[0])
    kind = tap("tryton")
    config = {"base_url": shop.erp.url, "database": shop.database, "private_network": True, "page_size": 3}
    reader = kind.build(kind.config.model_validate(config), tmp_path)
    around = Surroundings(safe=Pocket({"key": shop.erp.key}))
    assert reader.check(around) == []
    tables = {"invoices": "account_invoice", "moves": "account_move", "statements": "account_statement", "stock_moves": "stock_move"}
    tables |= {"parties": "party_party", "employees": "company_employee", "timesheet_lines": "timesheet_line"}
    tables |= {"shipments": "stock_shipment_internal"}
    assert {stream.name for stream in reader.streams()} == set(tables)
    states = {}
    for stream, table in tables.items():
        messages = list(reader.read(stream, None, around))
        found = [message for message in messages if isinstance(message, Record)]
        assert sorted(int(record.key) for record in found) == sorted(number for (number,) in shop.sql(f"SELECT id FROM {table}"))
        states[stream] = [message for message in messages if isinstance(message, State)][-1]
    typed = next(record.body for record in messages_of(reader, "invoices", None, around) if record.body["reference"] == "typed")
    assert (typed["total"], typed["status"], typed["author"]) == (Decimal("100.00"), "posted", "middleware")
    invoice = int(related["parent"].remote_id.partition(",")[2])
    before = {record.key: record.version for record in messages_of(reader, "invoices", None, around)}
    shop.ask("PUT", f"account.invoice/{invoice}", {"comment": "A person was here"})
    after = {record.key: record.version for record in messages_of(reader, "invoices", states["invoices"].value, around)}
    assert after[str(invoice)] > before[str(invoice)]


def messages_of(reader: Any, stream: str, state: Any, around: Surroundings) -> list[Record]:
    return [message for message in reader.read(stream, state, around) if isinstance(message, Record)]


# ── bills of suppliers ──


def state(books: Books, made: Receipt) -> tuple[str, Decimal]:
    """A bill's state and total, from the tables."""
    number = int(made.remote_id.partition(",")[2])
    ((found, total),) = books.sql(f"SELECT state, total_amount_cache FROM account_invoice WHERE id = {number}")
    if total is None:
        (asked,) = books.search("account.invoice", [["id", "=", number]], "total_amount")
        total = Decimal(asked["total_amount"]["decimal"])
    return found, Decimal(total)


def pressed(books: Books, made: Receipt, *buttons: str) -> None:
    """What a person does with a bill."""
    for button in buttons:
        books.ask("POST", f"account.invoice/{made.remote_id.partition(',')[2]}/{button}", {})


def moved(books: Books, made: Receipt) -> dict[str, Decimal]:
    """What the entries of a bill move, by account, from the tables: what was posted, and what cancelled it."""
    number = int(made.remote_id.partition(",")[2])
    rows = books.sql(
        "SELECT a.code, sum(l.debit - l.credit) FROM account_move_line l JOIN account_move m ON m.id = l.move "
        "JOIN account_account a ON a.id = l.account JOIN account_invoice i ON m.id IN (i.move, i.cancel_move) "
        f"WHERE i.id = {number} AND m.state = 'posted' GROUP BY a.code"
    )
    return {code: Decimal(total) for code, total in rows if total}


@pytest.mark.parametrize(("name", "sign"), [("bill", 1), ("bill_credit", -1)])
def test_a_bill_is_a_draft_until_a_person_posts_it_and_then_moves_what_was_meant(name, sign, shop, build, related):
    writer, n = build(), next(NUMBERS)
    wanted = intent(CASES[name], n, related)
    made = receipt(writer.send([prepared(writer, wanted)])[0])
    assert state(shop, made) == ("draft", -made.effect)
    assert moved(shop, made) == {}, "nobody owes a draft"
    pressed(shop, made, "validate_invoice", "post")
    assert state(shop, made) == ("posted", -made.effect)
    meant: dict[str, Decimal] = {}
    for each in wanted.lines:
        meant[each.account] = meant.get(each.account, Decimal(0)) + each.amount
    assert moved(shop, made) == meant
    (back,) = [each for each in writer.read_back() if each.remote_id == made.remote_id]
    assert (back.effect, back.body["status"]) == (made.effect, "posted")
    assert meant[PAYABLE] == -sign * abs(made.effect)


def test_what_a_person_posted_is_not_changed_and_cancelled_only_while_nobody_paid_it(shop, build, related):
    writer, n = build(), next(NUMBERS)
    made = receipt(writer.send([prepared(writer, intent(CASES["bill"], n, related))])[0])
    pressed(shop, made, "post")
    (answer,) = writer.send([prepared(writer, intent(CASES["bill"], n, related, 2, Verb.UPDATE, made))])
    assert isinstance(answer, Refused)
    assert "is posted in Tryton with 65.00: it is no draft any more" in answer.problem.say
    removal = prepared(writer, intent(CASES["bill"], n, related, 3, Verb.VOID, made, look_up_key=f"{n + 5000:040x}"))
    gone = receipt(writer.send([removal])[0])
    assert (gone.effect, state(shop, made)[0], moved(shop, made)) == (Decimal("65.00"), "cancelled", {})
    assert receipt(writer.send([removal])[0]).effect == gone.effect, "asked again, it is gone"


def test_what_a_person_changed_in_a_draft_is_left_alone(shop, build, related):
    writer, n = build(), next(NUMBERS)
    made = receipt(writer.send([prepared(writer, intent(CASES["bill"], n, related))])[0])
    shop.ask("PUT", f"account.invoice/{made.remote_id.partition(',')[2]}", {"reference": "typed over"})
    for verb in (Verb.UPDATE, Verb.VOID):
        (answer,) = writer.send([prepared(writer, intent(CASES["bill"], n, related, 2, verb, made))])
        assert isinstance(answer, Refused)
        assert "stands otherwise in Tryton than Counterfoil left it" in answer.problem.say
    assert state(shop, made) == ("draft", Decimal("65.00"))


def test_a_supplier_whom_nobody_sent_is_one_party_by_the_name_that_his_bills_say(shop, build, related):
    writer, alone = build(), {name: each for name, each in related.items() if name != "supplier"}
    made = [receipt(writer.send([prepared(writer, intent(CASES[name], next(NUMBERS), alone))])[0]) for name in ("bill", "bill_credit")]
    numbers = ", ".join(each.remote_id.partition(",")[2] for each in made)
    rows = shop.sql(f"SELECT DISTINCT p.name FROM account_invoice i JOIN party_party p ON p.id = i.party WHERE i.id IN ({numbers})")
    assert rows == [("Potter & Co",)]


@pytest.mark.parametrize("what", ["answer", "request"])
@pytest.mark.parametrize("verb", [Verb.CREATE, Verb.UPDATE, Verb.VOID])
def test_a_lost_call_of_a_bill_has_its_effect_once(verb, what, shop, proxy, build, related, clock):
    writer, case, n = build(url=proxy.url), CASES["bill"], next(NUMBERS)
    booked = None if verb is Verb.CREATE else receipt(writer.send([prepared(writer, intent(case, n, related))])[0])
    more = {"look_up_key": f"{n + 5000:040x}"} if verb is Verb.VOID else {}
    wanted = intent(case, n, related, 1 if booked is None else 2, verb, booked, **more)
    payload = prepared(writer, wanted)
    proxy.lose(what, skip=0)
    (answer,) = writer.send([payload])
    assert isinstance(answer, InDoubt), answer
    where = until_known(build(), clock, attempt(payload, clock()))
    assert isinstance(where, Found if what == "answer" and verb is not Verb.VOID else Absent)
    other = build()
    done = where.receipt if isinstance(where, Found) else receipt(other.send([prepared(other, wanted)])[0])
    assert done.effect == payload.predicted
    rows = shop.sql(f"SELECT id FROM account_invoice WHERE description LIKE '%cf:{n:040x}:%' AND state <> 'cancelled'")
    assert len(rows) == (verb is not Verb.VOID)
