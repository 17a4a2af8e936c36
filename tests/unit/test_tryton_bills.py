"""Bills of suppliers for Tryton, against a stand-in that keeps records: what is held, and what is left to a person."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from targets._kit.writer import Receipt, Refused, Unpreparable, Verb
from tests.real.tryton_cases import CASES, PAYABLE, RECEIVABLE, billed, intent
from tests.unit._tryton import Stub
from tests.unit.test_tryton_target import NUMBERS, build, prepared, receipt, related, stub

__all__ = ["build", "related", "stub"]


def said(found: object) -> str:
    assert isinstance(found, Unpreparable | Refused), found
    assert found.problem.fix
    return f"{found.problem.code} {found.problem.say}"


def stands(stub: Stub, made: Receipt) -> dict[str, Any]:
    return stub.records["account.invoice"][int(made.remote_id.partition(",")[2])]


@pytest.mark.parametrize(
    ("state", "told"),
    [
        (billed("10.00", "2.00", owed=RECEIVABLE), "wants one payable account"),
        (billed("10.00", "2.00", costs=PAYABLE), "has a line on 2.1.1"),
        (billed("10.00", "2.00", costs=RECEIVABLE), "has a line on 1.2.1"),
        (billed("10.00", "2.50"), "is off by 0.50"),
        ({"rows": ()}, "do not sum"),
        ({"document": {}}, "names no supplier"),
    ],
)
def test_what_a_bill_cannot_say_is_held(state, told, build, related):
    alone = {name: each for name, each in related.items() if name != "supplier"}
    assert told in said(build().prepare(intent(CASES["bill"], next(NUMBERS), alone, **state)))


def test_a_bill_in_another_currency_is_held(build, related):
    lines = tuple(each._replace(currency="USD") for each in CASES["bill"].first["lines"])
    assert "is booked in USD" in said(build().prepare(intent(CASES["bill"], next(NUMBERS), related, lines=lines)))


def test_expenses_are_lines_and_what_is_no_expense_stands_among_the_taxes(stub, build, related):
    writer = build()
    made = receipt(writer.send([prepared(writer, intent(CASES["bill"], next(NUMBERS), related))])[0])
    found = stands(stub, made)
    codes = {number: each["code"] for number, each in stub.records["account.account"].items()}
    lines = [stub.records["account.invoice.line"][each] for each in found["lines"]]
    taxes = [stub.records["account.invoice.tax"][each] for each in found["taxes"]]
    assert [codes[each["account"]] for each in lines] == ["5.1.1"]
    assert [(codes[each["account"]], each["amount"], each["manual"]) for each in taxes] == [("6.3.6", 10, False), ("2.2.4", 5, True)]
    assert (found["type"], found["state"], str(found["payment_term_date"]), codes[found["account"]]) == (
        "in",
        "draft",
        "2026-12-02",
        "2.1.1",
    )
    assert (made.body["status"], made.body["amount"]) == ("draft", "-65.00")


def test_a_bill_of_purchases_takes_the_taxes_of_purchases(stub, build, related):
    (tax,) = stub.records["account.tax"].values()
    tax["group"] = stub.put("account.tax.group", kind="sale")
    writer = build()
    assert "needs one tax for" in said(writer.prepare(intent(CASES["bill"], next(NUMBERS), related)))
    assert prepared(writer, intent(CASES["invoice"], next(NUMBERS), related))
    other = {name: tax[name] for name in ("type", "rate", "company", "invoice_account", "credit_note_account")}
    for name in ("Input 20%", "Input 20% services"):
        stub.put("account.tax", name=name, group=stub.put("account.tax.group", kind="purchase"), **other)
    assert "needs one tax for" in said(build().prepare(intent(CASES["bill"], next(NUMBERS), related)))
    assert prepared(build(purchase_taxes={"0.2": "Input 20%"}), intent(CASES["bill"], next(NUMBERS), related))


@pytest.mark.parametrize(("state", "paid", "held"), [("posted", "0", False), ("posted", "20.00", True), ("paid", "65.00", True)])
def test_a_posted_bill_is_cancelled_only_while_nothing_of_it_is_paid(state, paid, held, stub, build, related):
    writer, n = build(), next(NUMBERS)
    made = receipt(writer.send([prepared(writer, intent(CASES["bill"], n, related))])[0])
    stands(stub, made).update(state=state, paid=Decimal(paid))
    (answer,) = writer.send([prepared(writer, intent(CASES["bill"], n, related, 2, Verb.VOID, made, look_up_key=f"{n + 5000:040x}"))])
    if held:
        assert "is paid in Tryton, at least in part" in said(answer)
        assert stands(stub, made)["state"] == state
    else:
        assert receipt(answer).effect == Decimal("65.00")
        assert stands(stub, made)["state"] == "cancelled"


@pytest.mark.parametrize("verb", [Verb.UPDATE, Verb.VOID])
def test_a_draft_that_somebody_took_away_is_gone_and_not_made_again(verb, stub, build, related):
    writer, n = build(), next(NUMBERS)
    made = receipt(writer.send([prepared(writer, intent(CASES["bill"], n, related))])[0])
    del stub.records["account.invoice"][int(made.remote_id.partition(",")[2])]
    (answer,) = writer.send([prepared(writer, intent(CASES["bill"], n, related, 2, verb, made))])
    if verb is Verb.UPDATE:
        assert "was deleted or cancelled in Tryton" in said(answer)
    else:
        assert receipt(answer).effect == Decimal("65.00")


def test_posted_bills_are_read_back_once_and_with_their_own_sign(stub, build, related):
    writer = build()
    wanted = [intent(CASES[name], next(NUMBERS), related) for name in ("bill", "bill_credit", "invoice")]
    made = [receipt(each) for each in writer.send([prepared(writer, each) for each in wanted])]
    for each in made[:2]:  # a person posted them
        stands(stub, each)["state"] = "posted"
    back = sorted((each.remote_id, each.effect) for each in writer.read_back())
    assert back == sorted((each.remote_id, each.effect) for each in made), "each once, by its own way of counting"
    assert {stands(stub, each)["account"] for each in made[:2]} != {stands(stub, made[2])["account"]}
