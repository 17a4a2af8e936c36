"""What is written onto a deal, and what is held instead."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from taps._kit.errors import Misconfigured
from taps._kit.simulator import serve
from taps._kit.surroundings import Pocket, Surroundings
from taps.hubspot.simulator import HubSpotSimulator
from targets._kit.writer import InDoubt, Intent, Payload, Receipt, Refused, Sent, Subject, Unpreparable, Verb, Writer
from targets.hubspot import CONNECTOR
from tests.contract.samples.target_hubspot import INVOICE, PAID, PREFIX, simulator


@pytest.fixture
def account() -> HubSpotSimulator:
    return simulator()


@pytest.fixture
def build(account: HubSpotSimulator, tmp_path: Path) -> Iterator[Callable[..., Writer]]:
    with serve(account) as url:

        def made(**settings: Any) -> Writer:
            given = {"base_url": url, "private_network": True, **settings}
            writer = CONNECTOR.build(CONNECTOR.config.model_validate(given), tmp_path)
            safe = Pocket({"access_token": "pat-na1-hubspot-1"})
            writer.open(None, Surroundings(clock=account.clock, safe=safe, sleep=account.clock.sleep))
            return writer

        yield made


def wanted(deal: int, verb: Verb = Verb.CREATE, local: int = 1, **document: Any) -> Intent:
    return Intent(
        Subject("told", "deal_invoice", f"00000000-0000-4000-8000-{local:012d}"),
        verb,
        f"{local:040x}",
        f"{local:040x}",
        {**INVOICE, "order_number": f"HS-{deal}", **document},
        "invoice",
        f"HS-{deal}",
        date(2026, 11, 2),
    )


def prepared(writer: Writer, intent: Intent) -> Payload:
    payload = writer.prepare(intent)
    assert isinstance(payload, Payload), payload
    return payload


def standing(account: HubSpotSimulator, deal: int) -> dict[str, str]:
    row = account.portal["deals"].get(deal)
    assert row is not None
    return {name.removeprefix(PREFIX): value for name, value in row.properties.items() if name.startswith(PREFIX)}


def test_five_properties_are_written_and_an_open_invoice_has_no_day_of_payment(account, build):
    writer = build()
    [made] = writer.send([prepared(writer, wanted(7))])
    assert isinstance(made, Receipt)
    assert (made.remote_id, made.number, made.effect, made.unit) == ("7", "HS-7", Decimal(0), "")
    told = {"invoice_number": "INV-1", "invoice_status": "open", "invoice_balance": "119.00", "invoice_due_on": "2026-12-02"}
    assert standing(account, 7) == told
    writer.send([prepared(writer, wanted(7, Verb.UPDATE, **paid()))])
    assert standing(account, 7) == told | {"invoice_status": "paid", "invoice_balance": "0.00", "invoice_paid_on": "2026-11-20"}
    writer.send([prepared(writer, wanted(7, Verb.VOID))])
    assert standing(account, 7) == {}


def paid() -> dict[str, Any]:
    return {name: value for name, value in PAID.items() if name != "order_number"}


def test_properties_that_are_not_there_are_named_and_made_only_when_that_is_said(account, build):
    for name in ("invoice_due_on", "invoice_paid_on"):
        del account.portal.properties["deals"][PREFIX + name]
    with pytest.raises(Misconfigured, match="counterfoil_invoice_due_on, counterfoil_invoice_paid_on"):
        build()
    build(create_properties=True)
    assert account.portal.properties["deals"]["counterfoil_invoice_due_on"]["type"] == "date"
    build()


@pytest.mark.parametrize("number", ["1001", "HS-", "HS-7a", "XHS-7", "HS-007"])
def test_what_is_no_deal_is_held(number, build):
    held = build().prepare(replace(wanted(7), number=number))
    assert isinstance(held, Unpreparable)
    assert (held.problem.code, held.problem.field) == ("MAP-RULE", "order_number")


def test_nothing_more_is_told_to_a_deal_that_is_gone_or_was_merged(account, build):
    writer = build()
    writer.send([prepared(writer, wanted(each, local=each)) for each in (7, 8, 9)])
    winner = account.portal.merge("deals", 7, 8).id
    account.portal.archive("deals", 9)
    for deal, said in ((8, f"merged into {winner}"), (9, "no longer in HubSpot")):
        for verb in (Verb.UPDATE, Verb.VOID):
            held = writer.prepare(wanted(deal, verb))
            assert isinstance(held, Unpreparable)
            assert said in held.problem.say


def test_a_deal_that_is_not_there_is_refused_alone(account, build):
    writer = build()
    answers = writer.send([prepared(writer, wanted(each, local=each)) for each in (7, 999_999, 8)])
    assert [type(answer) for answer in answers] == [Receipt, Refused, Receipt]
    assert "no such deal" in answers[1].problem.say


def test_two_invoices_of_one_deal_go_in_two_calls_and_the_last_one_stands(account, build):
    writer = build()
    before = len(account.log)
    batch = [
        prepared(writer, wanted(7, local=1)),
        prepared(writer, wanted(8, local=2)),
        prepared(writer, wanted(7, local=3, balance="1.00")),
    ]
    assert all(isinstance(answer, Receipt) for answer in writer.send(batch))
    assert len(account.log) - before == 2
    assert standing(account, 7)["invoice_balance"] == "1.00"


def test_what_a_person_typed_over_ours_is_not_taken_for_our_write(account, build):
    writer = build()
    payload = prepared(writer, wanted(7))
    account.faults.add("drop_after", method="POST")
    assert isinstance(writer.send([payload])[0], InDoubt)
    account.portal.update("deals", 7, {f"{PREFIX}invoice_balance": "5"})
    intent = payload.intent
    attempt = (intent.subject, intent.verb, intent.look_up_key, intent.idempotency_key, payload.digest, account.clock())
    assert writer.look_up([Sent(*attempt)]) == [None]  # type: ignore[attr-defined]
    account.portal.update("deals", 7, {f"{PREFIX}invoice_balance": "119"})  # the same number, written otherwise
    [found] = writer.look_up([Sent(*attempt)])  # type: ignore[attr-defined]
    assert found is not None


def test_only_deals_with_an_invoice_are_read_back(account, build):
    writer = build()
    writer.send([prepared(writer, wanted(each, local=each)) for each in (7, 8)])
    account.clock.forward(minutes=5)
    assert sorted(each.number for each in writer.read_back()) == ["HS-7", "HS-8"]
    assert writer.read_back(account.clock()) == []
