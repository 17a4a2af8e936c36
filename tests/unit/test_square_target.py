"""The Square target alone: whom it holds, what it waits for, and what it makes of Square's answers."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from taps._kit.simulator import Response, serve
from taps._kit.surroundings import Pocket, Surroundings
from taps.square.simulator import SquareSimulator, floor
from targets._kit.writer import InDoubt, Intent, NotSent, Payload, Receipt, Refused, Subject, Unpreparable, Verb
from targets.square import CONNECTOR
from targets.square.people import ends
from targets.square.writer import SquareWriter
from tests.contract.samples import target_square as sample


@pytest.fixture
def till() -> SquareSimulator:
    return sample.simulator()


@pytest.fixture
def writer(till: SquareSimulator, tmp_path: Path) -> Iterator[SquareWriter]:
    with serve(till) as url:
        made = CONNECTOR.build(CONNECTOR.config.model_validate(sample.config(url)), tmp_path)
        assert isinstance(made, SquareWriter)
        around = Surroundings(clock=till.clock, safe=Pocket(dict(sample.SECRETS)), sleep=till.clock.sleep)
        made.open(None, around)
        yield made
        made.close()


def wanted(verb: Verb = Verb.CREATE, booked: Receipt | None = None, number: str = "R-1", **document: Any) -> Intent:
    return Intent(
        subject=Subject("till", "employee", "00000000-0000-4000-8000-000000000001"),
        verb=verb,
        look_up_key="1" * 40,
        idempotency_key=f"{verb}{len(document)}".ljust(40, "0"),
        document={**sample.PERSON, **document},
        document_type="employee",
        number=number,
        date=date(2026, 11, 2),
        booked=dict(booked.body) if booked else None,
        remote_id=booked.remote_id if booked else None,
    )


def send(writer: SquareWriter, intent: Intent) -> Any:
    payload = writer.prepare(intent)
    assert isinstance(payload, Payload), payload
    (answer,) = writer.send([payload])
    return answer


def held(writer: SquareWriter, intent: Intent) -> str:
    answer = writer.prepare(intent)
    assert isinstance(answer, Unpreparable), answer
    return answer.problem.say


def member(till: SquareSimulator, receipt: Receipt) -> dict[str, Any]:
    found = till.shop.team.get(receipt.remote_id)
    assert found is not None
    return found


# ── whom it holds ──


def test_whoever_has_the_reference_becomes_that_one(writer, till):
    (rosa,) = (row for row in till.shop.team.truth() if row.get("reference_id") == "E-1")
    made = send(writer, wanted(number="E-1", first_name="Rosa", last_name="Parks"))
    assert made.remote_id == rosa["id"]
    assert len(till.shop.team.rows) == 2
    assert member(till, made)["email_address"] == "rosa@example.com"  # what the source does not state stays


def test_two_with_one_reference_are_held(writer, till):
    floor.hire(till.shop, "Rosa", "Twice", "E-1")
    writer.hello()
    assert "2 team members" in held(writer, wanted(number="E-1"))


def test_an_owner_stays(writer, till):
    till.shop.team.put({**floor.hire(till.shop, "Olga", "Owner", "O-1"), "is_owner": True})
    writer.hello()
    assert isinstance(send(writer, wanted(number="O-1", first_name="Olga", last_name="Owner")), Receipt)
    assert "owner stays" in held(writer, wanted(number="O-1", employment_status="terminated"))


def test_what_a_person_changed_at_square_is_not_overwritten(writer, till):
    made = send(writer, wanted())
    till.shop.team.put({**member(till, made), "family_name": "Quill-Moss"})
    assert "changed in Square" in held(writer, wanted(Verb.UPDATE, made, last_name="Quilt"))
    till.shop.team.put({**member(till, made), "family_name": "Quill", "note_of_theirs": "x"})
    assert isinstance(send(writer, wanted(Verb.UPDATE, made, last_name="Quilt")), Receipt)


@pytest.mark.parametrize(("phone", "taken"), [("+353 (1) 555-01.00", "+35315550100"), (None, None)])
def test_a_telephone_is_written_as_square_takes_it(phone, taken, writer, till):
    assert member(till, send(writer, wanted(phone=phone))).get("phone_number") == taken


@pytest.mark.parametrize("phone", ["01 555 0100", "+0 1", "call me"])
def test_a_telephone_without_its_country_is_held(phone, writer):
    said = held(writer, wanted(phone=phone))
    assert "telephone" in said
    assert phone not in said


@pytest.mark.parametrize("missing", ["first_name", "last_name"])
def test_a_name_that_is_missing_is_held(missing, writer):
    assert "first and last name" in held(writer, wanted(**{missing: " "}))


def test_who_has_no_location_may_work_at_all_of_them_and_keeps_what_somebody_changed_there(writer, till):
    made = send(writer, wanted(location=None))
    assert member(till, made)["assigned_locations"] == {"assignment_type": "ALL_CURRENT_AND_FUTURE_LOCATIONS"}
    changed = send(writer, wanted(Verb.UPDATE, made, location=None, last_name="Quilt"))
    assert member(till, changed)["assigned_locations"]["assignment_type"] == "ALL_CURRENT_AND_FUTURE_LOCATIONS"


def test_a_location_that_square_does_not_have_is_told_by_check(till, tmp_path):
    with serve(till) as url:
        config = {**sample.config(url), "locations": {"Harbour": ["Newyork", "Moon"]}}
        made = CONNECTOR.build(CONNECTOR.config.model_validate(config), tmp_path)
        made.open(None, Surroundings(clock=till.clock, safe=Pocket(dict(sample.SECRETS)), sleep=till.clock.sleep))
        assert [problem.say for problem in made.check()] == ["Square has no location 'Moon'."]
        made.close()


# ── the last day ──


def test_a_last_day_ends_at_midnight_of_the_seller():
    assert ends(date(2026, 11, 30), "America/New_York").isoformat() == "2026-12-01T05:00:00+00:00"
    assert ends(date(2026, 6, 30), "Europe/Dublin").isoformat() == "2026-06-30T23:00:00+00:00"


def test_a_leaver_waits_for_the_last_day_and_the_rest_is_said_at_once(writer, till):
    made = send(writer, wanted())
    leaving = {"termination_date": "2026-11-30", "last_name": "Quilt"}
    changed = send(writer, wanted(Verb.UPDATE, made, **leaving))
    assert (member(till, changed)["family_name"], member(till, changed)["status"]) == ("Quilt", "ACTIVE")
    intent = wanted(Verb.UPDATE, changed, employment_status="terminated", **leaving)
    waits = send(writer, intent)
    assert isinstance(waits, NotSent)
    assert waits.not_before == ends(date(2026, 11, 30), "America/New_York")
    till.clock.now = waits.not_before
    assert member(till, send(writer, intent))["status"] == "INACTIVE"


def test_who_left_long_ago_goes_at_once_and_who_is_removed_too(writer, till):
    made = send(writer, wanted(employment_status="terminated", termination_date="2026-10-31"))
    assert member(till, made)["status"] == "INACTIVE"
    other = send(writer, wanted(number="R-2"))
    assert member(till, send(writer, wanted(Verb.VOID, other, number="R-2", termination_date="2030-01-01")))["status"] == "INACTIVE"


# ── answers ──


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ({"errors": [{"category": "API_ERROR", "code": "INTERNAL_SERVER_ERROR"}]}, InDoubt),
        ({"errors": [{"category": "RATE_LIMIT_ERROR", "code": "RATE_LIMITED"}]}, InDoubt),
        ({}, InDoubt),
        (
            {
                "errors": [
                    {"category": "INVALID_REQUEST_ERROR", "code": "BAD_REQUEST", "field": "phone_number", "detail": "zoe@example.com"}
                ]
            },
            Refused,
        ),
    ],
)
def test_what_says_nothing_of_the_person_leaves_it_in_doubt(said, kind, writer, till, monkeypatch):
    payload = writer.prepare(wanted())
    answer = till.handle
    key = payload.intent.idempotency_key
    bulk = Response(200, {"team_members": {key: said}})
    monkeypatch.setattr(till, "handle", lambda request: bulk if request.path.endswith("bulk-create") else answer(request))
    (got,) = writer.send([payload])
    assert isinstance(got, kind)
    assert "zoe@example.com" not in repr(got)


def test_a_batch_that_is_refused_as_a_whole_is_refused_for_each(writer, till, monkeypatch):
    payloads = [writer.prepare(wanted(number=number, work_email=f"{number}@example.com")) for number in ("R-1", "R-2")]
    answer = till.handle
    no = Response(403, {"errors": [{"category": "AUTHENTICATION_ERROR", "code": "INSUFFICIENT_SCOPES"}]})
    monkeypatch.setattr(till, "handle", lambda request: no if "bulk" in request.path else answer(request))
    got = writer.send(payloads)
    assert [type(each) for each in got] == [Refused, Refused]
    assert "INSUFFICIENT_SCOPES" in got[0].problem.say


def test_the_same_person_sent_twice_is_made_once(writer, till):
    payload = writer.prepare(wanted())
    one, two = writer.send([payload])[0], writer.send([payload])[0]
    assert one.remote_id == two.remote_id
    assert len(till.shop.team.rows) == 3
