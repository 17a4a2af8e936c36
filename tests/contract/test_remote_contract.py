"""What every target over HTTP must do, against its simulator. A registered target with hosts or an address of its own needs a sample.

The hub's part is played by the test: it asks `find` for what is in doubt, and sends again only what is Absent.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from taps._kit.errors import Misconfigured
from taps._kit.facts import DeliveryClass
from taps._kit.simulator import Simulator, serve
from taps._kit.surroundings import Pocket, Surroundings
from targets._kit.registry import target, targets
from targets._kit.writer import (
    Absent,
    Found,
    InDoubt,
    Intent,
    NotSent,
    Partly,
    Payload,
    Receipt,
    Refused,
    Sent,
    Subject,
    Unknown,
    Unpreparable,
    Verb,
    Writer,
)
from tests.contract.samples.remote import REAL, Case, RemoteSample

FOLDER = Path(__file__).parent / "samples"
SAMPLES: dict[str, RemoteSample] = {
    path.stem.removeprefix("target_"): import_module(f"tests.contract.samples.{path.stem}").sample() for path in FOLDER.glob("target_*.py")
}
CASES = [pytest.param(name, case, id=f"{name}-{case}") for name, sample in sorted(SAMPLES.items()) for case in sample.cases]
SYSTEMS = sorted(SAMPLES)


@pytest.fixture
def simulator(name: str) -> Simulator:
    return SAMPLES[name].simulator()


@pytest.fixture
def url(simulator: Simulator) -> Iterator[str]:
    with serve(simulator) as address:
        yield address


@pytest.fixture
def build(name: str, simulator: Simulator, url: str, tmp_path: Path) -> Iterator[Callable[..., Writer]]:
    """Makes open writers of the sample's target on the simulator's clock."""
    opened: list[Writer] = []

    def made(secrets: dict[str, str] | None = None) -> Writer:
        sample = SAMPLES[name]
        kind = target(sample.target)
        writer = kind.build(kind.config.model_validate(sample.config(url)), tmp_path)
        safe = Pocket(dict(sample.secrets if secrets is None else secrets))
        writer.open(None, Surroundings(clock=simulator.clock, safe=safe, sleep=simulator.clock.sleep))
        opened.append(writer)
        return writer

    yield made
    for writer in opened:
        writer.close()


def wanted(
    name: str, case: Case, n: int = 1, revision: int = 1, verb: Verb = Verb.CREATE, booked: Receipt | None = None, **other: Any
) -> Intent:
    """The n-th document of the case in a revision."""
    state = case.first if revision == 1 else case.changed
    fields: dict[str, Any] = {
        "subject": Subject("back_office", case.kind, f"00000000-0000-4000-8000-{n:012d}"),
        "verb": verb,
        "look_up_key": f"{n:040x}",
        "idempotency_key": f"{n * 1000 + revision:040x}",
        "document": {},
        "document_type": "order",
        "number": f"R-{n}",
        "date": date(2026, 11, 2),
        "unit": case.unit,
        "booked": json.loads(json.dumps(booked.body)) if booked else None,
        "remote_id": booked.remote_id if booked else None,
    }
    given = fields | SAMPLES[name].extra | state | other
    return Intent(**given | {"document": SAMPLES[name].numbered(given["document"], n)})


def prepared(writer: Writer, intent: Intent) -> Payload:
    payload = writer.prepare(intent)
    assert isinstance(payload, Payload), payload
    return payload


def receipt(answer: object) -> Receipt:
    assert isinstance(answer, Receipt), answer
    return answer


def attempt(payload: Payload, since: datetime) -> Sent:
    """The attempt as the hub has it after a crash."""
    intent = payload.intent
    return Sent(intent.subject, intent.verb, intent.look_up_key, intent.idempotency_key, payload.digest, since)


def until_known(writer: Writer, simulator: Simulator, sent: list[Sent]) -> list[Found | Absent]:
    """Ask as the hub does: again when the system says that it may know more."""
    for _ in range(10):
        answers = writer.find(sent)
        later = [answer.until for answer in answers if isinstance(answer, Unknown)]
        if not later:
            return answers  # type: ignore[return-value]
        simulator.clock.now = max(simulator.clock.now, *later) + timedelta(seconds=1)
    raise AssertionError("the system never says what became of it")


def gone_on(writer: Writer, name: str, case: Case, where: Partly, revision: int, payload: Payload) -> Receipt:
    """The rest of what a broken attempt began, as the hub sends it: the same wish, as a change of what stands."""
    rest = prepared(writer, wanted(name, case, 1, revision, case.change, where.receipt))
    assert rest.predicted == payload.predicted - where.receipt.effect
    return receipt(writer.send([rest])[0])


# ── what it is ──


def test_every_target_has_a_sample():
    from tests.contract.test_targets_contract import SAMPLES as EMBEDDED

    sampled = {sample.target for sample in EMBEDDED.values()} | {sample.target for sample in SAMPLES.values()}
    assert sampled | set(REAL) == set(targets())
    assert all((Path(__file__).parents[2] / suite).is_file() for suite in REAL.values())


@pytest.mark.parametrize("name", SYSTEMS)
def test_facts_of_a_system_that_is_not_ours(name):
    kind = target(SAMPLES[name].target)
    facts = kind.facts
    assert facts.delivery in (DeliveryClass.KEYED, DeliveryClass.LOOKED_UP, DeliveryClass.APPEND_ONLY)
    assert facts.linked
    assert facts.approval, "who must say yes before the first call"
    assert facts.api_version
    assert facts.hosts or "base_url" in kind.config.model_fields
    assert {case.kind for case in SAMPLES[name].cases.values()} <= set(kind.kinds)


@pytest.mark.parametrize("name", SYSTEMS)
def test_a_setting_that_nobody_knows_is_refused(name):
    sample = SAMPLES[name]
    settings = sample.config("http://127.0.0.1:1")
    target(sample.target).config.model_validate(settings)
    with pytest.raises(ValidationError, match="no_such_setting"):
        target(sample.target).config.model_validate(settings | {"no_such_setting": "x"})


# ── log-in ──


@pytest.mark.parametrize("name", SYSTEMS)
def test_a_wrong_log_in_is_told_before_anything_is_sent(name, simulator, build):
    with pytest.raises(Misconfigured) as told:
        build(SAMPLES[name].wrong_secrets)
    assert all(value not in str(told.value) for value in SAMPLES[name].wrong_secrets.values())
    assert not [
        each for each in simulator.log if each.status < 300 and SAMPLES[name].writes(each.request) and "token" not in each.request.path
    ]


@pytest.mark.parametrize("name", SYSTEMS)
def test_no_log_in_at_all_names_what_to_set(name, build):
    with pytest.raises(Misconfigured, match=r"counterfoil (secret set|connect)"):
        build({})


# ── create, change, remove ──


@pytest.mark.parametrize(("name", "case"), CASES)
def test_prepare_writes_nothing_and_is_the_same_every_time(name, case, simulator, build):
    writer = build()
    it = SAMPLES[name].cases[case]
    before = len(simulator.log)
    one, two = prepared(writer, wanted(name, it)), prepared(writer, wanted(name, it))
    assert (one.digest, one.predicted, one.bridge) == (two.digest, two.predicted, two.bridge)
    assert one.predicted == it.effect
    assert prepared(writer, wanted(name, it, n=2)).digest != one.digest
    assert not [each for each in simulator.log[before:] if SAMPLES[name].writes(each.request)]


@pytest.mark.parametrize(("name", "case"), CASES)
def test_created_is_what_stands_there(name, case, simulator, build):
    writer, it = build(), SAMPLES[name].cases[case]
    payload = prepared(writer, wanted(name, it))
    made = receipt(writer.send([payload])[0])
    assert (made.effect, made.unit) == (payload.predicted, it.unit)
    assert made.remote_id
    assert json.loads(json.dumps(made.body)) == made.body
    assert SAMPLES[name].standing(simulator, case) == 1
    simulator.clock.forward(hours=1)
    back = [each for each in writer.read_back() if each.remote_id == made.remote_id]
    assert [each.effect for each in back] == [it.effect]


@pytest.mark.parametrize(("name", "case"), CASES)
def test_changed_and_removed_leaves_nothing(name, case, simulator, build):
    writer, it = build(), SAMPLES[name].cases[case]
    made = receipt(writer.send([prepared(writer, wanted(name, it))])[0])
    change = prepared(writer, wanted(name, it, 1, 2, it.change, made))
    changed = receipt(writer.send([change])[0])
    assert changed.effect == change.predicted == it.changed_effect
    removal = prepared(writer, wanted(name, it, 1, 3, it.remove, changed))
    removed = receipt(writer.send([removal])[0])
    assert removed.effect == removal.predicted == -(it.effect + it.changed_effect)


@pytest.mark.parametrize(("name", "case"), CASES)
def test_what_cannot_be_sent_is_held_with_a_sentence(name, case, build):
    it = SAMPLES[name].cases[case]
    held = build().prepare(wanted(name, it, **it.unfit))
    assert isinstance(held, Unpreparable), held
    assert "R-1" in held.problem.say
    assert held.problem.fix


@pytest.mark.parametrize("name", SYSTEMS)
def test_without_what_it_names_it_is_held(name, build):
    """A parent, customer, employee or item that has not come through yet: nothing is sent that would hang in the air."""
    writer, sample = build(), SAMPLES[name]
    answers = {case: writer.prepare(wanted(name, it, related={}, walk_in="")) for case, it in sample.cases.items()}
    held = {case for case, answer in answers.items() if isinstance(answer, Unpreparable)}
    assert all("R-1" in answers[case].problem.say and answers[case].problem.fix for case in held)
    assert held == sample.names if sample.names is not None else held or "related" not in sample.extra


@pytest.mark.parametrize(("name", "case"), CASES)
def test_a_verb_that_the_facts_do_not_name_is_held(name, case, build):
    writer, it = build(), SAMPLES[name].cases[case]
    for verb in set(Verb) - set(writer.facts.verbs[it.kind]):
        assert isinstance(writer.prepare(wanted(name, it, verb=verb)), Unpreparable)


@pytest.mark.parametrize(("name", "case"), CASES)
def test_what_the_system_refuses_is_refused_alone_and_in_its_words(name, case, simulator, build):
    writer, it = build(), SAMPLES[name].cases[case]
    batch = [
        prepared(writer, wanted(name, it, 1)),
        prepared(writer, wanted(name, it, 2, **it.refused)),
        prepared(writer, wanted(name, it, 3)),
    ]
    first, bad, third = writer.send(batch)
    assert isinstance(bad, Refused), bad
    assert "R-2" in bad.problem.say
    assert bad.problem.fix
    assert [type(first), type(third)] == [Receipt, Receipt]
    assert SAMPLES[name].standing(simulator, case) == 2


@pytest.mark.parametrize(("name", "case"), CASES)
def test_a_closed_period_is_refused(name, case, build):
    writer, it = build(), SAMPLES[name].cases[case]
    if it.late is None:
        assert it.unit not in ("EUR", "USD", "GBP"), "books have periods"
        return
    payload = writer.prepare(wanted(name, it, **it.late))
    if isinstance(payload, Payload):
        (answer,) = writer.send([payload])
        assert isinstance(answer, Refused), answer
    assert [period for period in writer.periods() if period.status != "open"]


# ── once ──


@pytest.mark.parametrize(("name", "case"), CASES)
@pytest.mark.parametrize("fault", ["drop_after", "truncate", "status_after"])
def test_what_was_done_without_an_answer_is_found_and_not_done_again(name, case, fault, simulator, build):
    writer, it = build(), SAMPLES[name].cases[case]
    payload = prepared(writer, wanted(name, it))
    since = simulator.clock()
    simulator.faults.add(fault, method=_method(simulator, writer, payload))
    (answer,) = writer.send([payload])
    assert isinstance(answer, InDoubt), answer
    (where,) = until_known(writer, simulator, [attempt(payload, since)])
    if isinstance(where, Partly):  # made by several calls, of which one was lost: what stands is counted, and gone on with
        rest = gone_on(writer, name, it, where, 1, payload)
        assert where.receipt.effect + rest.effect == payload.predicted
        assert rest.remote_id == where.receipt.remote_id
    else:
        assert isinstance(where, Found), where
        assert where.receipt.effect == payload.predicted
    assert SAMPLES[name].standing(simulator, case) == 1


@pytest.mark.parametrize(("name", "case"), CASES)
@pytest.mark.parametrize("fault", ["drop_before", "html", "status_before"])
def test_what_was_never_done_is_absent_and_then_done_once(name, case, fault, simulator, build):
    writer, it = build(), SAMPLES[name].cases[case]
    payload = prepared(writer, wanted(name, it))
    since = simulator.clock()
    simulator.faults.add(fault, method=_method(simulator, writer, payload))
    (answer,) = writer.send([payload])
    assert isinstance(answer, InDoubt), answer
    (where,) = until_known(writer, simulator, [attempt(payload, since)])
    assert isinstance(where, Absent), where
    assert receipt(writer.send([payload])[0]).effect == payload.predicted
    assert SAMPLES[name].standing(simulator, case) == 1


@pytest.mark.parametrize(("name", "case"), CASES)
def test_a_burst_of_errors_of_the_server_ends_with_one(name, case, simulator, build):
    writer, it = build(), SAMPLES[name].cases[case]
    payload = prepared(writer, wanted(name, it))
    method = _method(simulator, writer, payload)
    for status, fault in ((500, "status_before"), (502, "status_before"), (503, "status_before"), (504, "status_after")):
        since = simulator.clock()
        simulator.faults.add(fault, method=method, status=status)
        (answer,) = writer.send([payload])
        assert isinstance(answer, InDoubt if status not in writer.facts.throttles else NotSent), answer
        (where,) = until_known(writer, simulator, [attempt(payload, since)])
        simulator.clock.forward(minutes=2)
        if status not in writer.facts.throttles:
            assert isinstance(where, (Found, Partly) if fault == "status_after" else Absent)
    assert SAMPLES[name].standing(simulator, case) == 1


@pytest.mark.parametrize(("name", "case"), CASES)
def test_a_change_without_an_answer_is_found_by_what_stands(name, case, simulator, build):
    writer, it = build(), SAMPLES[name].cases[case]
    made = receipt(writer.send([prepared(writer, wanted(name, it))])[0])
    change = prepared(writer, wanted(name, it, 1, 2, it.change, made))
    since = simulator.clock()
    assert isinstance(until_known(writer, simulator, [attempt(change, since)])[0], Absent)
    since = simulator.clock()
    simulator.faults.add("drop_after", method=_method(simulator, writer, change))
    assert isinstance(writer.send([change])[0], InDoubt)
    (where,) = until_known(writer, simulator, [attempt(change, since)])
    assert isinstance(where, Found | Partly), where
    assert where.receipt.remote_id == made.remote_id
    if isinstance(where, Partly):
        rest = gone_on(writer, name, it, where, 2, change)
        assert where.receipt.effect + rest.effect == change.predicted


@pytest.mark.parametrize(("name", "case"), CASES)
def test_a_removal_without_an_answer_is_found(name, case, simulator, build):
    writer, it = build(), SAMPLES[name].cases[case]
    made = receipt(writer.send([prepared(writer, wanted(name, it))])[0])
    removal = prepared(writer, wanted(name, it, 1, 3, it.remove, made))
    since = simulator.clock()
    simulator.faults.add("drop_after", method=_method(simulator, writer, removal))
    assert isinstance(writer.send([removal])[0], InDoubt)
    (where,) = until_known(writer, simulator, [attempt(removal, since)])
    if isinstance(where, Absent):  # its end does not show: it is sent again, and ends the same
        where = Found(receipt(writer.send([removal])[0]))
    assert where.receipt.effect == -it.effect


@pytest.mark.parametrize(("name", "case"), CASES)
@pytest.mark.parametrize(("said", "seconds"), [("40", 40), ("66975", 66_975), ("", 1)])
def test_too_fast_is_not_sent_and_waits_as_long_as_told(name, case, said, seconds, simulator, build):
    writer, it = build(), SAMPLES[name].cases[case]
    payload = prepared(writer, wanted(name, it))
    simulator.faults.add("throttle", method=_method(simulator, writer, payload), retry_after=said)
    (answer,) = writer.send([payload])
    assert isinstance(answer, NotSent), answer
    assert answer.not_before >= simulator.clock() + timedelta(seconds=seconds)
    assert SAMPLES[name].standing(simulator, case) == 0


@pytest.mark.parametrize(("name", "case"), CASES)
def test_answers_come_in_the_order_of_the_batch(name, case, simulator, build):
    writer, it = build(), SAMPLES[name].cases[case]
    payloads = [prepared(writer, wanted(name, it, n)) for n in (3, 1, 2)]
    answers = [receipt(answer) for answer in writer.send(payloads)]
    assert [each.number for each in answers] == ["R-3", "R-1", "R-2"]
    assert len({each.remote_id for each in answers}) == 3
    assert SAMPLES[name].standing(simulator, case) == 3
    assert writer.send([]) == []


@pytest.mark.parametrize("name", SYSTEMS)
def test_a_batch_is_as_few_calls_as_the_system_allows(name, simulator, build):
    writer = build()
    case, it = next(iter(SAMPLES[name].cases.items()))
    count = 2 * SAMPLES[name].batch + 1
    payloads = [prepared(writer, wanted(name, it, n)) for n in range(1, count + 1)]
    before = len([each for each in simulator.log if SAMPLES[name].writes(each.request)])
    writer.send(payloads)
    calls = len([each for each in simulator.log if SAMPLES[name].writes(each.request)]) - before
    assert calls == -(-count // SAMPLES[name].batch)
    assert SAMPLES[name].standing(simulator, case) == count


@pytest.mark.parametrize("name", SYSTEMS)
def test_a_token_that_ran_out_in_mid_run_is_renewed_or_told(name, simulator, build):
    writer = build()
    it = next(iter(SAMPLES[name].cases.values()))
    payload = prepared(writer, wanted(name, it))
    simulator.faults.add("unauthorized", method=_method(simulator, writer, payload))
    try:
        (answer,) = writer.send([payload])
    except Misconfigured:
        return  # a key that does not change: a person must look
    assert isinstance(answer, Receipt)


def _method(_simulator: Simulator, writer: Writer, payload: Payload) -> str:
    """The HTTP method by which the payload is written."""
    return next(iter(writer.calls([payload]))).method  # type: ignore[attr-defined]


@pytest.mark.parametrize(("name", "case"), CASES)
def test_a_case_counts_something_or_is_a_record(name, case):
    it = SAMPLES[name].cases[case]
    assert bool(it.effect) is bool(it.unit)
