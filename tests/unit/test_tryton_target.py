"""How documents for Tryton are built, found and finished, against a stand-in that keeps records; what Tryton accepts is tests/real's."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from taps._kit.edge import Blocked, Lost, Reply
from taps._kit.errors import Fatal, Misconfigured, Retryable
from taps._kit.surroundings import Pocket, Surroundings
from targets._kit.registry import target
from targets._kit.writer import Absent, Found, InDoubt, NotSent, Payload, Receipt, Refused, Related, Sent, Unpreparable, Verb
from targets.tryton import writer as module
from targets.tryton.steps import Tag, read_tag
from tests.real.tryton_cases import BANK, CASES, RECEIVABLE, SALES, TAX, intent, line, row, sale, two
from tests.unit._tryton import Stub

NUMBERS = itertools.count(1)
EACH = pytest.mark.parametrize("name", CASES)
CONFIG = {
    "base_url": "https://erp.example.com", "database": "erp", "location": "STO", "locations": {"back": "BACK"}, "sold_location": "SOLD",
    "work": "Store floor",
}  # fmt: skip


@pytest.fixture
def stub(monkeypatch: pytest.MonkeyPatch) -> Stub:
    made = Stub()
    monkeypatch.setattr(module, "connect", made.edge)
    return made


@pytest.fixture
def build(stub: Stub, tmp_path: Path) -> Iterator[Callable[..., Any]]:
    def made(**more: Any) -> Any:
        kind = target("tryton")
        writer = kind.build(kind.config.model_validate(CONFIG | more), tmp_path)
        writer.open(None, Surroundings(clock=stub.clock, safe=Pocket({"key": "k"}), sleep=lambda _seconds: None))
        return writer

    return made


@pytest.fixture
def related(stub: Stub) -> dict[str, Related]:
    party = stub.put("party.party", code="1", name="By hand", addresses=[["create", [{"street": "x"}]]], contact_mechanisms=[])
    accounts = {each["code"]: each["id"] for each in stub.records["account.account"].values()}
    line_of = {"type": "line", "account": accounts["4.1.1"], "quantity": 1, "unit_price": Decimal(100), "taxes": [], "description": "x"}
    invoice = stub.put(
        "account.invoice", party=party, account=accounts["1.2.1"], description="typed", lines=[["create", [line_of]]], taxes=[]
    )
    stub.records["account.invoice"][invoice]["state"] = "posted"
    employee = stub.put("company.employee", party=party, company=1)
    mug = next(each["id"] for each in stub.records["product.product"].values() if each["code"] == "MUG-01")
    return {
        "employee": Related("employee", f"company.employee,{employee}", "E-1"),
        "customer": Related("contact", f"party.party,{party}", "C-1"),
        "supplier": Related("supplier", f"party.party,{party}", "S-1"),
        "parent": Related("invoice", f"account.invoice,{invoice}", "H-1"),
        "item:MUG-01": Related("item", f"product.product,{mug}", "MUG-01"),
    }


def prepared(writer: Any, wanted: Any) -> Payload:
    payload = writer.prepare(wanted)
    assert isinstance(payload, Payload), payload
    return payload


def receipt(answer: object) -> Receipt:
    assert isinstance(answer, Receipt), answer
    return answer


def where(writer: Any, stub: Stub, payload: Payload) -> Any:
    made = payload.intent
    sent = Sent(made.subject, made.verb, made.look_up_key, made.idempotency_key, payload.digest, stub.now - timedelta(hours=1))
    return writer.find([sent])[0]


@EACH
def test_created_changed_and_removed(name, stub, build, related):
    writer, case, n = build(), CASES[name], next(NUMBERS)
    payload = prepared(writer, intent(case, n, related))
    made = receipt(writer.send([payload])[0])
    assert made.effect == payload.predicted == Decimal(case.effect)
    assert isinstance(where(writer, stub, payload), Found)
    assert [each.effect for each in writer.read_back() if each.remote_id == made.remote_id] == [made.effect]
    change = prepared(writer, intent(case, n, related, 2, case.change, made))
    assert isinstance(where(writer, stub, change), Absent)
    changed = receipt(writer.send([change])[0])
    assert changed.effect == change.predicted == Decimal(case.changed_effect)
    assert where(writer, stub, change) == Found(changed._replace(number=where(writer, stub, change).receipt.number))
    removal = prepared(writer, intent(case, n, related, 3, case.remove, changed, look_up_key=f"{n + 5000:040x}"))
    assert receipt(writer.send([removal])[0]).effect == removal.predicted


@EACH
def test_what_is_unfit_is_held(name, build, related):
    writer, case = build(), CASES[name]
    wanted = intent(case, next(NUMBERS), related, **case.unfit)
    held = writer.prepare(wanted)
    assert isinstance(held, Unpreparable)
    assert wanted.number in held.problem.say
    if case.late:
        late = writer.prepare(intent(case, next(NUMBERS), related, **case.late))
        assert isinstance(late, Unpreparable)
        assert late.problem.code == "POST-PERIOD"
    wrong = writer.prepare(intent(case, next(NUMBERS), related, verb=Verb.ADJUST if case.change is not Verb.ADJUST else Verb.UPDATE))
    assert isinstance(wrong, Unpreparable)


@EACH
def test_a_refusal_is_told_in_the_words_of_tryton_and_leaves_nothing(name, stub, build, related):
    writer, case, n = build(), CASES[name], next(NUMBERS)
    payload = prepared(writer, intent(case, n, related))
    stub.instead = [("", Reply(400, {"status": 400, "message": "No, not this one.", "description": ""}, {}), False)]
    (answer,) = writer.send([payload])
    assert isinstance(answer, Refused)
    assert "No, not this one" in answer.problem.say
    assert isinstance(where(writer, stub, payload), Absent)


@EACH
@pytest.mark.parametrize("done", [True, False])
def test_a_page_instead_of_a_sentence_is_looked_behind(name, done, stub, build, related):
    writer, case, n = build(), CASES[name], next(NUMBERS)
    stub.instead = [("", Reply(400, "<h1>Bad Request</h1>", {}), done)]
    (answer,) = writer.send([prepared(writer, intent(case, n, related))])
    whole = done and name != "employee"  # its party alone is no employee
    assert isinstance(answer, Receipt if whole else Refused), answer


@EACH
@pytest.mark.parametrize("done", [True, False])
def test_a_lost_call_is_in_doubt_and_then_made_good_once(name, done, stub, build, related):
    writer, case, n = build(), CASES[name], next(NUMBERS)
    payload = prepared(writer, intent(case, n, related))
    stub.instead = [("", Lost("it broke"), done)]
    assert isinstance(writer.send([payload])[0], InDoubt)
    before = {model: len(rows) for model, rows in stub.records.items()}
    again = receipt(build().send([prepared(build(), intent(case, n, related))])[0])
    assert again.effect == payload.predicted
    if done:
        grown = {model for model, rows in stub.records.items() if len(rows) > before.get(model, 0)}
        assert grown <= {"account.move", "account.move.line", "company.employee", "stock.shipment.internal", "stock.move"}


def test_a_system_that_is_too_busy_ends_the_round(stub, build, related):
    writer = build()
    batch = [prepared(writer, intent(CASES["journal"], next(NUMBERS), related)) for _ in range(3)]
    later = stub.now + timedelta(hours=1)
    stub.instead = [("account.move", Blocked(later, "too fast"), False)]
    answers = writer.send(batch)
    assert [(type(each), each.not_before) for each in answers] == [(NotSent, later)] * 3
    stub.instead = [("/post", Blocked(later, "too fast"), False)]
    assert [type(each) for each in writer.send(batch)] == [InDoubt, NotSent, NotSent]


def test_reads_that_are_not_answered_send_nothing(stub, build, related, monkeypatch):
    writer = build()
    payload = prepared(writer, intent(CASES["journal"], next(NUMBERS), related))

    def silent(*_args: Any, **_named: Any) -> None:
        raise Retryable("Tryton does not answer.")

    monkeypatch.setattr(stub, "search", silent)
    assert isinstance(writer.send([payload])[0], NotSent)
    assert stub.log == []


def test_calls_that_a_batch_will_make(build, related):
    writer = build()
    payloads = [prepared(writer, intent(CASES[name], next(NUMBERS), related)) for name in ("invoice", "payment", "contact", "time_entry")]
    assert [call.path for call in writer.calls(payloads)] == [
        "/rest/model/account.invoice", "/rest/model/account.invoice/post", "/rest/model/account.statement",
        "/rest/model/account.statement/validate_statement", "/rest/model/account.statement/post", "/rest/model/party.party",
        "/rest/model/timesheet.line",
    ]  # fmt: skip
    call = next(iter(writer.calls(payloads)))
    (answer,) = writer.judge(call, Reply(400, {"message": "No."}, {}))
    assert isinstance(answer, Refused)


def test_a_writer_that_is_not_open_says_so(tmp_path):
    kind = target("tryton")
    writer = kind.build(kind.config.model_validate(CONFIG), tmp_path)
    with pytest.raises(Fatal):
        writer.metadata()
    with pytest.raises(Fatal):
        _ = writer.edge


def test_an_unknown_company_is_told(stub, build):
    with pytest.raises(Misconfigured, match="company 9"):
        build(company=9)


# ── the body of an invoice ──


def body(writer: Any, **fields: Any) -> dict[str, Any]:
    wanted = intent(CASES["invoice"], next(NUMBERS), fields.pop("related", {}), **fields)
    return dict(prepared(writer, wanted).body.steps[0].values)


def lines_of(values: dict[str, Any], name: str = "lines") -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = values[name][0][1]
    return made


def test_quantity_and_price_give_the_amount_to_the_cent_or_it_is_one_piece(build):
    """333 at 0.3003 are 100.00; 100.00 / 300,000 has too few decimals in Tryton's price."""
    rows = (row(SALES, "100.00", quantity="333"), row(SALES, "100.00", quantity="300000"), row(SALES, "-5.00"))
    lines = (line(RECEIVABLE, "195.00", "receivable", control=True), line(SALES, "-195.00", "goods"))
    shown = lines_of(body(build(), rows=rows, lines=lines))
    assert [(each["quantity"], each["unit_price"], each["description"]) for each in shown] == [
        (333.0, Decimal("0.3003"), "Mug"), (1.0, Decimal("100.00"), "300000 × Mug"), (-1.0, Decimal("5.0000"), "Mug"),
    ]  # fmt: skip


def test_taxes_are_the_stated_ones_by_tax_and_sign(build):
    rows = (row(SALES, "10.00", "2.01", rate="0.20"), row(SALES, "5.00", "1.00", rate="0.2"), row(SALES, "-1.00", "-0.20", rate="0.2"))
    lines = (line(RECEIVABLE, "16.81", "receivable", control=True), line(SALES, "-14.00", "goods"), line(TAX, "-2.81", "tax"))
    taxes = lines_of(body(build(), rows=rows, lines=lines), "taxes")
    assert [(each["base"], each["amount"], each["manual"]) for each in taxes] == [
        (Decimal("15.00"), Decimal("3.01"), False), (Decimal("-1.00"), Decimal("-0.20"), False),
    ]  # fmt: skip


def test_tax_on_what_is_no_revenue_stands_by_hand(build):
    rows = (row("2.2.4", "10.00", "2.00", rate="0.2", text="Deposit"),)
    lines = (line(RECEIVABLE, "12.00", "receivable", control=True), line("2.2.4", "-10.00", "goods"), line(TAX, "-2.00", "tax"))
    values = body(build(), rows=rows, lines=lines)
    assert lines_of(values) == []
    assert [(each["description"], each["amount"], each["manual"]) for each in lines_of(values, "taxes")] == [
        ("Deposit", Decimal("10.00"), True), ("VAT 20%", Decimal("2.00"), True),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("config", "code", "rate", "tax", "name"),
    [
        ({}, "", "0.2", "2.00", "VAT 20%"),
        ({}, "", None, "0", None),
        ({}, "", "0", "0", None),
        ({"taxes": {"": "VAT 20%"}}, "", None, "2.00", "VAT 20%"),
        ({"taxes": {"": "VAT 20%"}}, "", None, "0", None),
        ({"taxes": {"standard": "VAT 20%"}}, "standard", None, "2.00", "VAT 20%"),
        ({"taxes": {"0.2": "VAT 20%"}}, "other", "0.200", "2.00", "VAT 20%"),
    ],
)
def test_which_tax_a_row_has(config, code, rate, tax, name, build):
    rows = (row(SALES, "10.00", tax, rate=rate)._replace(tax_code=code),)
    total = Decimal("10.00") + Decimal(tax)
    lines = (line(RECEIVABLE, str(total), "receivable", control=True), line(SALES, "-10.00", "goods"), line(TAX, f"-{tax}", "tax"))
    taxes = lines_of(body(build(**config), rows=rows, lines=lines), "taxes")
    assert [each["description"] for each in taxes] == ([name] if name else [])


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"rows": (row(SALES, "10.00", "1.00", rate="0.1"),), "lines": sale("10.00", "1.00")["lines"]}, "one tax for the code"),
        ({"rows": (row(SALES, "10.00", "1.00", rate="0.2"),), "lines": sale("10.00", "1.00")["lines"]}, "off by -1.00"),
        ({"rows": (row(SALES, "10.00", "2.00", rate="0.2"),), "lines": sale("11.00", "2.00")["lines"]}, "do not sum"),
        (sale("10.00", "2.00", owed=BANK), "one receivable account"),
        ({"rows": (), "lines": ()}, "no account"),
        (sale("10.00", "2.00") | {"date": date(2031, 1, 1)}, "no period"),
        (
            sale("10.00", "2.00")
            | {
                "lines": tuple(
                    each._replace(account="1.3.1") if each.component == "tax" else each for each in sale("10.00", "2.00")["lines"]
                )
            },
            "books VAT 20% on 6.3.6",
        ),
        ({"lines": tuple(each._replace(currency="USD") for each in sale("10.00", "2.00")["lines"])}, "USD"),
    ],
)
def test_an_invoice_that_would_not_be_right_is_held(wrong, said, build):
    held = build().prepare(intent(CASES["invoice"], next(NUMBERS), {}, **wrong))
    assert isinstance(held, Unpreparable)
    assert said in held.problem.say


def test_terms_and_ties_are_written(build):
    values = body(build(payment_term="Net 30"), links=("R-0", "R-9"))
    assert values["comment"] == "Belongs to R-0, R-9"
    assert values["payment_term"]


@pytest.mark.parametrize("config", [{"sales_journal": "XX"}, {"payment_term": "None such"}])
def test_a_name_that_tryton_does_not_have_is_told_with_its_setting(config, build):
    held = build(**config).prepare(intent(CASES["invoice"], next(NUMBERS), {}))
    assert isinstance(held, Unpreparable)
    assert next(iter(config)) in held.problem.fix


# ── payments and late invoices ──


def test_what_is_paid_too_much_is_a_line_of_its_own(stub, build, related):
    writer = build()
    receipt(writer.send([prepared(writer, intent(CASES["payment"], next(NUMBERS), related, **two(BANK, RECEIVABLE, "120.00")))])[0])
    made = [(each["amount"], each.get("related_to")) for each in stub.records["account.statement.line"].values()]
    assert made == [(Decimal("100.00"), related["parent"].remote_id), (Decimal("20.00"), None)]


def test_money_that_is_paid_back_closes_no_invoice(stub, build, related):
    writer = build()
    lines = (line(BANK, "-5.00", "paid", control=True), line(RECEIVABLE, "5.00", "receivable"))
    assert receipt(writer.send([prepared(writer, intent(CASES["payment"], next(NUMBERS), related, lines=lines))])[0]).effect == Decimal(
        "-5.00"
    )
    assert [each.get("related_to") for each in stub.records["account.statement.line"].values()] == [None]


@pytest.mark.parametrize(
    "lines",
    [
        (line("1.1.1", "5.00", "paid", control=True), line(RECEIVABLE, "-5.00", "receivable")),
        (line(BANK, "5.00", "paid", control=True), line(RECEIVABLE, "-3.00", "receivable"), line(SALES, "-2.00", "other")),
    ],
)
def test_a_payment_without_a_till_or_on_two_accounts_is_held(lines, build, related):
    assert isinstance(build().prepare(intent(CASES["payment"], next(NUMBERS), related, lines=lines)), Unpreparable)


def test_a_payment_of_an_invoice_that_is_gone_is_held(stub, build, related):
    stub.records["account.invoice"].clear()
    assert isinstance(build().prepare(intent(CASES["payment"], next(NUMBERS), related)), Unpreparable)


def test_a_payment_of_what_is_no_invoice_is_an_entry(build, related):
    alone = {role: each for role, each in related.items() if role != "parent"}
    writer = build()
    assert receipt(writer.send([prepared(writer, intent(CASES["payment"], next(NUMBERS), alone))])[0]).remote_id.startswith("account.move,")


def test_a_late_invoice_takes_the_date_of_the_last_one(stub, build, related):
    year = stub.put("account.fiscalyear", start_date=date(2026, 1, 1), end_date=date(2026, 12, 31))
    move = stub.put("account.move", period=stub.put("account.period", fiscalyear=year, type="none"))
    last = stub.put(
        "account.invoice", type="out", sequence_type_cache="invoice", invoice_date=date(2026, 11, 20), move=move, lines=[], taxes=[]
    )
    stub.records["account.invoice"][last]["state"] = "posted"
    writer, n = build(), next(NUMBERS)
    stub.instead = [("/post", Reply(400, {"message": "You must set an invoice date after."}, {}), False)]
    receipt(writer.send([prepared(writer, intent(CASES["invoice"], n, related))])[0])
    (made,) = (each for each in stub.records["account.invoice"].values() if each.get("reference") == f"R-{n}")
    assert (made["invoice_date"], made["accounting_date"]) == (date(2026, 11, 20), date(2026, 11, 2))


@pytest.mark.parametrize("state", ["cancelled", "deleted"])
@pytest.mark.parametrize("name", ["invoice", "journal"])
def test_what_a_person_cancelled_is_not_changed(name, state, stub, build, related):
    writer, case, n = build(), CASES[name], next(NUMBERS)
    made = receipt(writer.send([prepared(writer, intent(case, n, related))])[0])
    model, _comma, number = made.remote_id.partition(",")
    if state == "deleted":
        del stub.records[model][int(number)]
    else:
        stub.records[model][int(number)]["state"] = state
    held = writer.prepare(intent(case, n, related, 2, Verb.UPDATE, made))
    assert isinstance(held, Unpreparable)
    assert held.problem.code == "SEND-CHANGED"
    assert state in held.problem.say


# ── goods, people, hours ──


def test_a_transfer_is_one_shipment_and_nothing_to_move_is_none(stub, build, related):
    writer, case = build(), CASES["stock_movement"]
    made = receipt(writer.send([prepared(writer, intent(case, next(NUMBERS), related))])[0])
    assert len(stub.records["stock.shipment.internal"]) == 1
    again = receipt(writer.send([prepared(writer, intent(case, next(NUMBERS), related, verb=Verb.ADJUST, booked=made))])[0])
    assert (again.effect, again.remote_id) == (Decimal(0), made.remote_id)
    assert len(stub.records["stock.shipment.internal"]) == 1


@pytest.mark.parametrize(
    ("config", "said"),
    [({"sold_location": None}, "sold"), ({"sold_location": "STO"}, "of type storage"), ({"sold_location": "X"}, "location X")],
)
def test_a_place_that_will_not_do_is_told(config, said, build, related):
    held = build(**config).prepare(intent(CASES["stock_removal"], next(NUMBERS), related))
    assert isinstance(held, Unpreparable)
    assert said in held.problem.say


def test_overtime_can_have_a_work_of_its_own(stub, build, related):
    stub.put("timesheet.work", name="Overtime", company=1)
    writer = build(overtime_work="Overtime")
    receipt(writer.send([prepared(writer, intent(CASES["time_entry"], next(NUMBERS), related))])[0])
    assert sorted(each["duration"] for each in stub.records["timesheet.line"].values()) == [Decimal("1199.9988"), Decimal("27000.0")]


def test_a_buyer_without_a_name_is_made_once_even_by_two(stub, build, related):
    nobody = {role: each for role, each in related.items() if role != "customer"}
    for _ in range(2):
        writer = build()
        receipt(writer.send([prepared(writer, intent(CASES["invoice"], next(NUMBERS), nobody))])[0])
    assert len([each for each in stub.records["party.party"].values() if each["name"] == "Walk-in customer"]) == 1


def test_a_party_without_an_address_is_refused_with_a_sentence(stub, build, related):
    party = stub.put("party.party", code="2", name="Nowhere", addresses=[])
    writer = build()
    (answer,) = writer.send(
        [prepared(writer, intent(CASES["invoice"], next(NUMBERS), {"customer": Related("contact", f"party.party,{party}", "C")}))]
    )
    assert isinstance(answer, Refused)
    assert "no address" in answer.problem.say


def test_what_a_person_wrote_at_a_contact_is_kept(stub, build, related):
    writer, case, n = build(), CASES["contact"], next(NUMBERS)
    made = receipt(writer.send([prepared(writer, intent(case, n, related))])[0])
    stub.records["party.party"][int(made.remote_id.partition(",")[2])]["name"] = "By hand"
    (answer,) = writer.send([prepared(writer, intent(case, n, related, 2, Verb.UPDATE, made))])
    assert isinstance(answer, Refused)
    assert answer.problem.code == "SEND-CHANGED"


@pytest.mark.parametrize("text", ["1001 cf:ab:cd:1of2", "a b cf:x cf:ab:cd:2of2"])
def test_a_tag_is_read_as_it_is_written(text):
    found = read_tag(text)
    assert isinstance(found, Tag)
    assert found.text() == text


@pytest.mark.parametrize("text", [None, "", "typed by hand", "cf:ab:cd:1of2"])
def test_what_is_not_ours_has_no_tag(text):
    assert read_tag(text) is None


def test_what_stands_by_another_attempt_is_not_booked_beside_it(stub, build, related):
    writer, case, n = build(), CASES["invoice"], next(NUMBERS)
    receipt(writer.send([prepared(writer, intent(case, n, related))])[0])
    (answer,) = writer.send([prepared(writer, intent(case, n, related, 2, Verb.CREATE))])
    assert isinstance(answer, Refused)
    assert answer.problem.code == "SEND-CHANGED"


def test_the_draft_of_an_older_attempt_is_removed(stub, build, related):
    writer, case, n = build(), CASES["invoice"], next(NUMBERS)
    stub.instead = [("/post", Lost("it broke"), False)]
    assert isinstance(writer.send([prepared(writer, intent(case, n, related))])[0], InDoubt)
    receipt(writer.send([prepared(writer, intent(case, n, related, 2, Verb.CREATE))])[0])
    ours = [each for each in stub.records["account.invoice"].values() if f"cf:{n:040x}:" in (each.get("description") or "")]
    assert [each["state"] for each in ours] == ["posted"]


def test_a_document_in_a_state_that_leads_nowhere_is_refused(stub, build, related):
    writer, case, n = build(), CASES["stock_removal"], next(NUMBERS)
    payload = prepared(writer, intent(case, n, related))
    stub.instead = [("/wait", Lost("it broke"), False)]
    assert isinstance(writer.send([payload])[0], InDoubt)
    for shipment in stub.records["stock.shipment.internal"].values():
        shipment["state"] = "shipped"
    (answer,) = writer.send([payload])
    assert isinstance(answer, Refused)
    assert "is shipped" in answer.problem.say


@pytest.mark.parametrize("said", [None, Reply(400, {"message": "No."}, {})])
def test_an_invoice_and_what_takes_it_back_close_each_other(said, stub, build, related):
    writer, case, n = build(), CASES["invoice"], next(NUMBERS)
    made = receipt(writer.send([prepared(writer, intent(case, n, related))])[0])
    removal = prepared(writer, intent(case, n, related, 3, Verb.REVERSE, made, look_up_key=f"{n + 5000:040x}"))
    stub.instead = [("reconciliation", said, False)] if said else []
    assert receipt(writer.send([removal])[0]).effect == Decimal("-65.00")
    assert len(stub.records.get("account.move.reconciliation", {})) == (0 if said else 1)


def test_an_invoice_that_is_paid_already_is_left_to_a_person(stub, build, related):
    writer, case, n = build(), CASES["invoice"], next(NUMBERS)
    made = receipt(writer.send([prepared(writer, intent(case, n, related))])[0])
    invoice = stub.records["account.invoice"][int(made.remote_id.partition(",")[2])]
    stub.records["account.move.line"][invoice["lines_to_pay"][0]]["reconciliation"] = 1
    removal = prepared(writer, intent(case, n, related, 3, Verb.REVERSE, made, look_up_key=f"{n + 5000:040x}"))
    receipt(writer.send([removal])[0])
    assert "account.move.reconciliation" not in stub.records


@pytest.mark.parametrize(("name", "action"), [("invoice", "/post"), ("payment", "/validate_statement"), ("stock_removal", "/assign_force")])
def test_a_draft_that_is_refused_does_not_stay(name, action, stub, build, related):
    writer, case, n = build(), CASES[name], next(NUMBERS)
    stub.instead = [(action, Reply(400, {"message": "No."}, {}), False)]
    assert isinstance(writer.send([prepared(writer, intent(case, n, related))])[0], Refused)
    models = ("account.invoice", "account.statement", "stock.shipment.internal")
    texts = [
        each.get("description") or each.get("name") or each.get("reference")
        for model in models
        for each in stub.records.get(model, {}).values()
    ]
    assert not [text for text in texts if f"cf:{n:040x}:" in (text or "")]


@pytest.mark.parametrize("lost", [1, 2, 3, 4])
def test_a_change_is_there_when_both_its_documents_are(lost, stub, build, related):
    """Two drafts, then two buttons: before the last of them the change is not there, whatever is already posted."""
    writer, case, n = build(), CASES["journal"], next(NUMBERS)
    made = receipt(writer.send([prepared(writer, intent(case, n, related))])[0])
    change = prepared(writer, intent(case, n, related, 2, Verb.UPDATE, made))
    stub.lose = lost
    assert isinstance(writer.send([change])[0], InDoubt)
    assert isinstance(where(writer, stub, change), Found if lost == 4 else Absent)
    again = receipt(writer.send([change])[0])
    assert again.effect == change.predicted
    assert len([each for each in stub.records["account.move"].values() if f"cf:{n:040x}:" in each["description"]]) == 3


def test_a_payment_goes_to_what_took_the_place_of_its_invoice(stub, build, related):
    writer, n = build(), next(NUMBERS)
    first = receipt(writer.send([prepared(writer, intent(CASES["invoice"], n, related))])[0])
    second = receipt(writer.send([prepared(writer, intent(CASES["invoice"], n, related, 2, Verb.UPDATE, first))])[0])
    pays = related | {"parent": Related("invoice", first.remote_id, f"R-{n}")}
    receipt(writer.send([prepared(writer, intent(CASES["payment"], next(NUMBERS), pays, **two(BANK, RECEIVABLE, "48.02")))])[0])
    assert [each["related_to"] for each in stub.records["account.statement.line"].values()] == second.body["documents"]


def test_hours_that_a_person_changed_are_kept(stub, build, related):
    writer, case, n = build(), CASES["time_entry"], next(NUMBERS)
    made = receipt(writer.send([prepared(writer, intent(case, n, related))])[0])
    next(iter(stub.records["timesheet.line"].values()))["duration"] = Decimal(60)
    (answer,) = writer.send([prepared(writer, intent(case, n, related, 2, Verb.UPDATE, made))])
    assert isinstance(answer, Refused)
    assert answer.problem.code == "SEND-CHANGED"


def test_a_party_alone_is_no_employee(stub, build, related):
    writer, case, n = build(), CASES["employee"], next(NUMBERS)
    bare = {"document": {"first_name": "Grace"}}
    stub.instead = [("company.employee", Lost("it broke"), False)]
    payload = prepared(writer, intent(case, n, related, **bare))
    assert isinstance(writer.send([payload])[0], InDoubt)
    assert isinstance(where(writer, stub, payload), Absent)
    assert receipt(writer.send([payload])[0]).remote_id.startswith("company.employee,")


def test_an_item_without_a_category_is_not_named_on_an_invoice(stub, build, related):
    assert "product" in lines_of(body(build(), related=related))[0]
    for template in stub.records["product.template"].values():
        template["account_category"] = None
    assert "product" not in lines_of(body(build(), related=related))[0]
