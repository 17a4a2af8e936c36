"""What every registered target must do. A target without a sample fails here, so that none is added untested.

A sample says how to build the target in a folder, and which intents it is asked to write; everything else is the same for all.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from mappings.posting.entry import Line, Move
from taps._kit.errors import Misconfigured, Tampered
from taps._kit.facts import DeliveryClass
from taps._kit.points import arm, disarm
from targets._kit.registry import target, targets
from targets._kit.writer import Absent, Found, Intent, Payload, Receipt, Refused, Sent, Subject, Unpreparable, Verb, Writer
from tests.contract.samples.remote import REAL

NOW = datetime(2026, 1, 31, tzinfo=UTC)


@dataclass(frozen=True)
class Sample:
    """How one kind of thing is written at one target. `changed` is the desired state in a later revision."""

    target: str
    kind: str
    change: Verb
    remove: Verb
    config: dict[str, Any]
    first: dict[str, Any]
    changed: dict[str, Any]
    effect: Decimal
    changed_effect: Decimal
    unit: str
    bad: dict[str, Any]
    """Replaces fields of `first` with something that the target cannot take."""


def _lines(total: str) -> tuple[Line, ...]:
    net = Decimal(total) - Decimal("2.00")
    return (
        Line("Assets:Receivable", Decimal(total), "EUR", "receivable", control=True),
        Line("Income:Sales:Goods", -net, "EUR", "goods", control=False),
        Line("Liabilities:Tax", Decimal("-2.00"), "EUR", "tax", control=False),
    )


PERSON = {"first_name": "Ann", "last_name": "Ölsson", "emails": ["ann@example.com"], "display_name": 'Ann "A" Ölsson'}
LEDGER = {"operating_currency": "EUR"}
DATABASE = {"url": "sqlite:///target.db"}
SAMPLES = {
    "ledger-invoice": Sample(
        "ledger",
        "invoice",
        Verb.UPDATE,
        Verb.REVERSE,
        LEDGER,
        {"lines": _lines("12.00"), "amount": Decimal("12.00"), "unit": "EUR"},
        {"lines": _lines("15.50"), "amount": Decimal("15.50"), "unit": "EUR"},
        Decimal("12.00"),
        Decimal("3.50"),
        "EUR",
        {"lines": (Line("assets:bank", Decimal(1), "EUR", "x", control=True), Line("Income:X", Decimal(-1), "EUR", "x", control=False))},
    ),
    "database-stock": Sample(
        "database",
        "stock_removal",
        Verb.ADJUST,
        Verb.REVERSE,
        DATABASE,
        {
            "moves": (Move("85123A", "UK", Decimal(6)), Move("71053", "UK", Decimal("2.5"), Decimal("3.39"))),
            "amount": Decimal("8.5"),
            "unit": "C62",
        },
        {"moves": (Move("85123A", "UK", Decimal(4)), Move("22752", "UK", Decimal(1))), "amount": Decimal(5), "unit": "C62"},
        Decimal("8.5"),
        Decimal("-3.5"),
        "C62",
        {"moves": (Move("85123A", "UK", Decimal("0.0000001")),)},
    ),
    "database-hours": Sample(
        "database",
        "time_entry",
        Verb.ADJUST,
        Verb.REVERSE,
        DATABASE,
        {
            "document": {"employee_number": "7", "business_date": "2026-01-30", "regular_hours": "8", "overtime_hours": "1.5"},
            "amount": Decimal("9.5"),
            "unit": "HUR",
        },
        {"document": {"employee_number": "7", "business_date": "2026-01-31", "regular_hours": "8"}, "amount": Decimal(8), "unit": "HUR"},
        Decimal("9.5"),
        Decimal("-1.5"),
        "HUR",
        {"document": {"employee_number": "7", "business_date": "yesterday", "regular_hours": "9.5"}},
    ),
    "database-customer": Sample(
        "database",
        "contact",
        Verb.UPDATE,
        Verb.VOID,
        DATABASE,
        {"document": PERSON},
        {"document": PERSON | {"last_name": "Berg", "country": "SE"}},
        Decimal(0),
        Decimal(0),
        "",
        {"document": PERSON | {"first_name": "An\0n"}},
    ),
    "database-document": Sample(
        "database",
        "document",
        Verb.UPDATE,
        Verb.VOID,
        DATABASE,
        {"document": {"total": "12.00"}, "amount": Decimal("12.00"), "unit": "EUR"},
        {"document": {"total": "15.50"}, "amount": Decimal("15.50"), "unit": "EUR"},
        Decimal("12.00"),
        Decimal("3.50"),
        "EUR",
        {"document": {"total": "\ud800"}},
    ),
}


def test_every_registered_target_has_a_sample():
    remote = {path.stem.removeprefix("target_") for path in (Path(__file__).parent / "samples").glob("target_*.py")}
    assert {sample.target for sample in SAMPLES.values()} | remote | set(REAL) == set(targets())


def test_an_unknown_target_is_answered_with_those_there_are():
    with pytest.raises(Misconfigured, match=r"'nonsense'.*database.*ledger"):
        target("nonsense")


ON_POSTGRES = ("database-stock", "database-document")
"""One kind that adds up and one that is replaced; the unit tests of the target run on both databases throughout."""


@pytest.fixture(params=[*SAMPLES, *(pytest.param(f"{name}@postgres", marks=pytest.mark.postgres) for name in ON_POSTGRES)])
def sample(request: pytest.FixtureRequest) -> Sample:
    name, _, where = request.param.partition("@")
    return replace(SAMPLES[name], config={"url": request.getfixturevalue("postgres_url")}) if where else SAMPLES[name]


@pytest.fixture
def build(sample: Sample, tmp_path: Path) -> Iterator[Callable[..., Writer]]:
    """Makes writers of the sample's target over one home folder, open at a checkpoint; only the last one stays open."""
    opened: list[Writer] = []

    def made(checkpoint: dict[str, Any] | None = None) -> Writer:
        close()
        kind = target(sample.target)
        writer = kind.build(kind.config.model_validate(sample.config), tmp_path)
        writer.open(json.loads(json.dumps(checkpoint)))
        opened.append(writer)
        return writer

    def close() -> None:
        disarm()
        while opened:
            opened.pop().close()

    yield made
    close()


def intent(sample: Sample, n: int = 1, revision: int = 1, verb: Verb = Verb.CREATE, booked: Receipt | None = None, **other: Any) -> Intent:
    """The n-th document of the sample in a revision."""
    wanted = sample.first if revision == 1 else sample.changed
    if verb is sample.remove:
        wanted = {"document": sample.first.get("document", {}), "unit": sample.unit}
    fields: dict[str, Any] = {
        "subject": Subject("back_office", sample.kind, f"6f1c-{n}"),
        "verb": verb,
        "look_up_key": f"look-up-{n}",
        "idempotency_key": f"look-up-{n}:{revision}:{verb}",
        "document": {},
        "document_type": "order",
        "number": f"R-{n}",
        "date": date(2026, 1, 30),
        "booked": json.loads(json.dumps(booked.body)) if booked else None,
        "remote_id": booked.remote_id if booked else None,
    }
    return Intent(**(fields | wanted | other))


def prepared(writer: Writer, wanted: Intent) -> Payload:
    payload = writer.prepare(wanted)
    assert isinstance(payload, Payload), payload
    return payload


def receipt(answer: object) -> Receipt:
    assert isinstance(answer, Receipt), answer
    return answer


def sent(payload: Payload) -> Sent:
    """The attempt as the hub has it after a crash."""
    wanted = payload.intent
    return Sent(wanted.subject, wanted.verb, wanted.look_up_key, wanted.idempotency_key, payload.digest, NOW)


# ── facts ──


@pytest.mark.parametrize("name", sorted(targets()))
def test_facts_are_complete(name):
    kind = target(name)
    facts = kind.facts
    assert (kind.name, facts.system) == (name, name)
    assert facts.title == kind.title
    assert facts.delivery is not None
    assert facts.batch >= 1
    assert set(facts.verbs) == set(kind.kinds)
    for verbs in facts.verbs.values():
        assert {"create"} < set(verbs) <= set(Verb), "a kind can be created, and changed and removed in one of the ways"
        assert {"update", "adjust"} & set(verbs)
        assert {"reverse", "void"} & set(verbs)
    if facts.delivery is DeliveryClass.KEYED:
        assert facts.idempotency is not None


@pytest.mark.parametrize("name", sorted({sample.target for sample in SAMPLES.values()}))
def test_a_setting_that_nobody_knows_is_refused(name):
    settings = next(sample.config for sample in SAMPLES.values() if sample.target == name)
    target(name).config.model_validate(settings)
    with pytest.raises(ValidationError, match="no_such_setting"):
        target(name).config.model_validate(settings | {"no_such_setting": "x"})


def test_every_kind_of_the_sample_is_offered(sample):
    assert sample.kind in target(sample.target).kinds


# ── preparing ──


def test_prepare_writes_nothing_and_gives_equal_payloads_for_equal_intents(sample, build, tmp_path):
    writer = build()
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    one, two = prepared(writer, intent(sample)), prepared(writer, intent(sample))
    assert one == two
    assert one.predicted == sample.effect
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_digest_changes_with_what_is_written(sample, build):
    writer = build()
    assert prepared(writer, intent(sample)).digest != prepared(writer, intent(sample, revision=2)).digest


def test_what_cannot_be_written_is_held_with_a_sentence(sample, build):
    held = build().prepare(intent(sample, **sample.bad))
    assert isinstance(held, Unpreparable)
    assert held.problem.field
    assert "R-1" in held.problem.say
    assert held.problem.fix


def test_a_verb_that_the_facts_do_not_name_is_held(sample, build):
    writer = build()
    for verb in set(Verb) - set(writer.facts.verbs[sample.kind]):
        assert isinstance(writer.prepare(intent(sample, verb=verb)), Unpreparable)


def test_bridge_is_that_of_the_change(sample, build):
    writer = build()
    made = receipt(writer.send([prepared(writer, intent(sample, bridge={"gift_card": Decimal(-25), "rounding": Decimal(0)}))])[0])
    assert prepared(writer, intent(sample, bridge={"gift_card": Decimal(-25), "rounding": Decimal(0)})).bridge == {
        "gift_card": Decimal(-25)
    }
    booked = {"gift_card": Decimal(-25)}
    later = intent(sample, 1, 2, sample.change, made, bridge={"gift_card": Decimal(-20), "tip": Decimal(1)}, booked_bridge=booked)
    assert prepared(writer, later).bridge == {"gift_card": Decimal(5), "tip": Decimal(1)}
    gone = intent(sample, 1, 2, sample.remove, made, booked_bridge=booked)
    assert prepared(writer, gone).bridge == {"gift_card": Decimal(25)}


# ── writing and reading back ──


def test_create_is_read_back_as_it_was_sent(sample, build):
    writer = build()
    payload = prepared(writer, intent(sample))
    made = receipt(writer.send([payload])[0])
    assert (made.effect, made.unit, made.number) == (payload.predicted, sample.unit, "R-1")
    assert made.remote_id
    assert json.loads(json.dumps(made.body)) == made.body
    assert [each.effect for each in writer.read_back()] == [sample.effect]


def test_change_and_removal_leave_nothing(sample, build):
    writer = build()
    made = receipt(writer.send([prepared(writer, intent(sample))])[0])
    change = prepared(writer, intent(sample, 1, 2, sample.change, made))
    changed = receipt(writer.send([change])[0])
    assert changed.effect == change.predicted == sample.changed_effect
    assert changed.remote_id == made.remote_id
    removal = prepared(writer, intent(sample, 1, 3, sample.remove, changed))
    removed = receipt(writer.send([removal])[0])
    assert removed.effect == removal.predicted == -(sample.effect + sample.changed_effect)
    assert sum(each.effect for each in writer.read_back()) == 0


def test_a_document_that_came_back_is_written_anew(sample, build):
    writer = build()
    made = receipt(writer.send([prepared(writer, intent(sample))])[0])
    receipt(writer.send([prepared(writer, intent(sample, 1, 2, sample.remove, made))])[0])
    again = intent(sample, look_up_key="second incarnation", idempotency_key="second incarnation:3")
    assert receipt(writer.send([prepared(writer, again)])[0]).effect == sample.effect


def test_the_same_attempt_twice_has_one_effect(sample, build):
    writer = build()
    payload = prepared(writer, intent(sample))
    first, second = writer.send([payload, payload])
    assert first == second == writer.send([payload])[0]
    assert len(writer.read_back()) == 1


def test_answers_come_in_the_order_of_the_batch(sample, build):
    writer = build()
    answers = writer.send([prepared(writer, intent(sample, n)) for n in (3, 1, 2)])
    assert [receipt(answer).number for answer in answers] == ["R-3", "R-1", "R-2"]
    assert writer.send([]) == []


def test_one_bad_document_does_not_keep_the_others_back(sample, build):
    writer = build()
    wanted = [intent(sample, 1), intent(sample, 2, **sample.bad), intent(sample, 3)]
    good = [payload for each in wanted if isinstance(payload := writer.prepare(each), Payload)]
    assert [receipt(answer).number for answer in writer.send(good)] == ["R-1", "R-3"]


# ── after a crash ──


def test_find_before_and_after(sample, build):
    writer = build()
    here, never = prepared(writer, intent(sample, 1)), prepared(writer, intent(sample, 2))
    assert writer.find([sent(here), sent(never)]) == [Absent(), Absent()]
    made = receipt(writer.send([here])[0])
    assert writer.find([sent(here), sent(never)]) == [Found(made), Absent()]


def test_reopened_at_its_checkpoint_it_goes_on(sample, build):
    writer = build()
    made = receipt(writer.send([prepared(writer, intent(sample))])[0])
    writer = build(writer.checkpoint())
    changed = receipt(writer.send([prepared(writer, intent(sample, 1, 2, sample.change, made))])[0])
    assert changed.effect == sample.changed_effect
    writer = build(writer.checkpoint())
    assert [each.effect for each in writer.read_back()] == [sample.effect, sample.changed_effect]


@pytest.mark.parametrize("first", [True, False], ids=["first batch", "later batch"])
def test_what_was_written_before_the_hub_could_store_it_is_found(sample, build, first):
    writer = build()
    mark, made = None, None
    if not first:
        made = receipt(writer.send([prepared(writer, intent(sample))])[0])
        mark = writer.checkpoint()
    wanted = [intent(sample, 2), intent(sample, 3)] + ([intent(sample, 1, 2, sample.change, made)] if made else [])
    payloads = [prepared(writer, each) for each in wanted]
    answers = writer.send(payloads)

    writer = build(mark)  # the hub died before it stored receipts and checkpoint
    assert writer.find([sent(payload) for payload in payloads]) == [Found(receipt(answer)) for answer in answers]
    writer = build(writer.checkpoint())
    assert writer.find([]) == []
    assert len(writer.read_back()) == len(answers) + (made is not None)


class Killed(BaseException):
    """Stands for a kill: passes every `except Exception`."""


@pytest.mark.parametrize("point", ["B1", "H1"])
def test_a_writer_stopped_inside_a_batch_leaves_whole_documents_or_nothing(sample, build, point):
    writer = build()
    made = [receipt(answer) for answer in writer.send([prepared(writer, intent(sample, n)) for n in (1, 2, 3)])]
    mark = writer.checkpoint()
    payloads = [prepared(writer, intent(sample, n, 2, sample.change, made[n - 1])) for n in (1, 2, 3)]

    def stop() -> None:
        raise Killed

    arm(point, stop)
    with pytest.raises(Killed):
        writer.send(payloads)

    writer = build(mark)
    found = writer.find([sent(payload) for payload in payloads])
    missing = [payload for payload, where in zip(payloads, found, strict=True) if isinstance(where, Absent)]
    for answer in writer.send(missing):
        assert receipt(answer).effect == sample.changed_effect
    assert sum(each.effect for each in writer.read_back()) == 3 * (sample.effect + sample.changed_effect)
    assert len(writer.read_back()) == 6
    build(writer.checkpoint())


def test_the_writer_that_failed_can_be_asked_itself(sample, build):
    """The hub may look up with the writer whose send has just failed."""
    writer = build()
    payloads = [prepared(writer, intent(sample, n)) for n in (1, 2, 3, 4)]

    def stop() -> None:
        raise OSError(28, "No space left on device")

    arm("B1", stop)
    with pytest.raises(Exception, match=r"(?i)no (space|room)"):
        writer.send(payloads)
    disarm()
    found = writer.find([sent(payload) for payload in payloads])
    rest = [payload for payload, where in zip(payloads, found, strict=True) if isinstance(where, Absent)]
    assert [type(answer) for answer in writer.send(rest)] == [Receipt] * len(rest)
    assert [each.number for each in writer.read_back()] == ["R-1", "R-2", "R-3", "R-4"]


# ── what others do ──


def test_check_finds_nothing_wrong_with_a_good_configuration_and_makes_nothing(sample, tmp_path):
    kind = target(sample.target)
    assert kind.build(kind.config.model_validate(sample.config), tmp_path / "home").check() == []
    assert not list(tmp_path.rglob("*"))


def test_periods_and_metadata_answer(sample, build):
    writer = build()
    assert writer.periods() == []
    assert writer.metadata().values == {}


def test_a_store_changed_by_somebody_else_is_not_overwritten(sample, build, tmp_path):
    """The ledger stops; the database refuses the one document. Neither writes."""
    writer = build()
    made = receipt(writer.send([prepared(writer, intent(sample))])[0])
    mark = writer.checkpoint()
    writer.close()
    if sample.target == "ledger":
        path = tmp_path / "ledger/entries.beancount"
        path.write_text(path.read_text().replace("12.00", "13.00"))
        with pytest.raises(Tampered, match=r"entries\.beancount, line 1:"):
            build(mark)
        return
    writer = build(mark)
    other = replace(made_by_another(sample, made), idempotency_key="another hub", look_up_key="another hub")
    receipt(writer.send([prepared(writer, other)])[0])
    answer = writer.send([prepared(writer, intent(sample, 1, 2, sample.change, made))])[0]
    assert isinstance(answer, Refused)
    assert answer.problem.code == "SEND-CHANGED"


def made_by_another(sample: Sample, made: Receipt) -> Intent:
    """The same document, changed by somebody who is not this hub."""
    changed = {"document": {**sample.first["document"], "display_name": "Other", "total": "99"}} if sample.unit in ("", "EUR") else {}
    return intent(sample, 1, 2, sample.change, made, **changed)
