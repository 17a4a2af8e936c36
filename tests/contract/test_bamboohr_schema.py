"""BambooHR's own OpenAPI judges every request of ours and every answer of the simulator; unknown properties are refused."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest

from taps._kit.reader import Complete, Record
from taps._kit.simulator import serve
from taps._kit.surroundings import Pocket, Surroundings
from taps.bamboohr.config import BambooConfig
from taps.bamboohr.reader import BambooReader
from targets._kit.writer import Found, Payload, Receipt, Refused, Related, Sent, Unpreparable, Verb
from targets.bamboohr import CONNECTOR
from tests.contract.openapi import Judge, watch
from tests.contract.samples import target_bamboohr as sample
from tests.contract.test_remote_contract import attempt, until_known, wanted
from tests.contract.written import sent_fields

CASES = sample.sample().cases
# The specification lists common fields of an employee only, and allows any other: the rest of ours is named here, and nothing else passes.
FURTHER = {"jobTitle", "employeeNumber", "preferredName", "status", "terminationDate", "location", "workPhone"}


@pytest.fixture(scope="module")
def judge(shared):
    return Judge(shared / "specs" / "bamboohr" / "public.yaml", "")


@pytest.fixture
def simulator():
    return sample.simulator()


@pytest.fixture
def around(simulator):
    return Surroundings(clock=simulator.clock, safe=Pocket({"key": "bamboo-key"}), sleep=simulator.clock.sleep)


@pytest.fixture
def url(simulator):
    with serve(simulator) as address:
        yield address


@pytest.fixture
def writer(url, around, tmp_path):
    made = CONNECTOR.build(CONNECTOR.config.model_validate(sample.config(url)), tmp_path)
    made.open(None, around)
    yield made
    made.close()


def send(writer, intent):
    payload = writer.prepare(intent)
    assert isinstance(payload, Payload), payload
    (answer,) = writer.send([payload])
    return answer


def a_life(writer, simulator):
    """Everything that the target does: hire, change, leave; hours, changed, corrected after approval, removed; two refusals."""
    case = CASES["employee"]
    hired = send(writer, wanted("bamboohr", case))
    moved = send(writer, wanted("bamboohr", case, 1, 2, Verb.UPDATE, hired))
    send(writer, wanted("bamboohr", case, 1, 3, Verb.VOID, moved))
    assert isinstance(send(writer, wanted("bamboohr", case, 2, **case.refused)), Refused)
    case = CASES["time_entry"]
    worked = send(writer, wanted("bamboohr", case))
    less = send(writer, wanted("bamboohr", case, 1, 2, Verb.ADJUST, worked))
    simulator.approve(date(2026, 11, 2))
    simulator.clock.forward(days=3)
    back = send(writer, wanted("bamboohr", case, 1, 1, Verb.ADJUST, less, idempotency_key=f"{77:040x}"))
    send(writer, wanted("bamboohr", case, 1, 3, Verb.REVERSE, back))
    send(writer, wanted("bamboohr", case, 3, 1, Verb.CREATE))
    assert isinstance(send(writer, wanted("bamboohr", case, 2, **case.refused)), Refused)
    return worked, less, back


def test_every_request_and_answer_is_as_the_specification_says(judge, writer, simulator, url, around, tmp_path):
    seen = watch(simulator)
    writer.hello()
    worked, less, _back = a_life(writer, simulator)
    gone = send(writer, wanted("bamboohr", CASES["time_entry"], 4))
    send(writer, wanted("bamboohr", CASES["time_entry"], 4, 2, Verb.REVERSE, gone))
    writer.read_back()
    writer.read_back(simulator.clock() - timedelta(days=1))
    reader = BambooReader(BambooConfig(base_url=f"{url}/api/v1", private_network=True), tmp_path)
    for stream in reader.streams():
        list(reader.read(stream.name, None, around))
    assert judge.judge(seen, FURTHER) == {
        "GET /api/v1/meta/lists",
        "POST /api/v1/reports/custom",
        "POST /api/v1/employees",
        "GET /api/v1/employees/{id}",
        "POST /api/v1/employees/{id}",
        "GET /api/v1/employees/changed",
        "GET /api/v1/time_tracking/timesheet_entries",
        "POST /api/v1/time_tracking/hour_entries/store",
        "POST /api/v1/time_tracking/hour_entries/delete",
    }
    assert (worked.effect, less.effect) == (Decimal("9.5"), Decimal("-2.25"))


def test_the_judge_refuses_what_the_specification_does_not_know(judge, simulator):
    assert judge.faults_of_request("POST", "/api/v1/time_tracking/hour_entries/store", {"hours": [{"employee": 1}]})
    assert judge.faults_of_request("POST", "/api/v1/employees", {"firstName": "Ann", "lastName": "Berg", "ssn": "123"}, FURTHER)
    assert judge.faults_of_answer("GET", "/api/v1/time_tracking/timesheet_entries", 200, [{"hours": "8"}])


def test_every_field_that_is_written_is_read_back(writer, simulator, url, around, tmp_path):
    leaver = {"document": sample.PERSON | sample.LEFT | {"work_email": "zoe@example.com"}}
    hired = send(writer, wanted("bamboohr", CASES["employee"], **leaver))
    worked = send(writer, wanted("bamboohr", CASES["time_entry"]))
    reader = BambooReader(BambooConfig(base_url=f"{url}/api/v1", private_network=True), tmp_path)
    records = {
        (stream, message.key): message.body
        for stream in ("employees", "time_entries")
        for message in reader.read(stream, None, around)
        if isinstance(message, Record)
    }
    person = records["employees", hired.remote_id]
    fields = {
        "employeeNumber": "R-1",
        "firstName": "Zoë",
        "lastName": "Quill",
        "preferredName": "Zo",
        "workEmail": "zoe@example.com",
        "workPhone": "+353 1 555 0100",
        "status": "Inactive",
        "hireDate": "2026-11-02",
        "terminationDate": "2026-11-30",
        "department": "Kitchen",
        "location": "Dublin",
        "jobTitle": "Cook",
    }
    assert {name: value for name, value in person.items() if name not in ("id", "lastChanged")} == fields
    hours = [body for (stream, _key), body in records.items() if stream == "time_entries"]
    assert [(row["hours"], row["projectInfo"]["project"]["id"], row["projectInfo"]["task"]["id"], row["ours"]) for row in hours] == [
        (8, 12, 3, f"{1:024x}"),
        (Decimal("1.5"), 12, 4, f"{1:024x}"),
    ]
    assert str(hours[0]["id"]) == worked.remote_id
    assert [row["note"].split(" · ")[0] for row in hours] == ["R-1 regular", "R-1 overtime"]
    assert {(row["employeeId"], row["date"]) for row in hours} == {(101, "2026-11-02")}
    assert sent_fields(simulator) == {
        "POST /api/v1/employees": set(fields),
        "POST /api/v1/reports/custom": {"title", "filterDuplicates"},  # a question, and no change
        "POST /api/v1/time_tracking/hour_entries/store": {"employeeId", "date", "hours", "note", "projectId", "taskId"},
    }, "every field that is written is asserted above"


# ── rules of its own ──


def test_an_employee_with_our_number_is_taken_on_and_not_hired_twice(writer, simulator):
    ann = send(writer, wanted("bamboohr", CASES["employee"], number="7"))
    assert (ann.remote_id, len(simulator.employees)) == ("101", 1)
    assert simulator.employees[101]["lastName"] == "Quill"


def test_two_employees_with_one_number_are_a_matter_for_a_person(simulator, url, around, tmp_path):
    simulator.seed_employee(employeeNumber="7", firstName="Bo", lastName="Berg")
    made = CONNECTOR.build(CONNECTOR.config.model_validate(sample.config(url)), tmp_path)
    made.open(None, around)
    held = made.prepare(wanted("bamboohr", CASES["employee"], number="7"))
    assert isinstance(held, Unpreparable)
    assert "2 employees" in held.problem.say


def test_a_leaver_is_inactive_with_a_date_and_nobody_is_deleted(writer, simulator):
    case = CASES["employee"]
    hired = send(writer, wanted("bamboohr", case))
    left = send(writer, wanted("bamboohr", case, 1, 2, Verb.UPDATE, hired))
    person = simulator.employees[int(hired.remote_id)]
    assert (person["status"], person["terminationDate"]) == ("Inactive", "2026-11-30")
    send(writer, wanted("bamboohr", case, 1, 3, Verb.VOID, left))
    assert int(hired.remote_id) in simulator.employees


@pytest.mark.parametrize("kind", ["employee", "time_entry"])
def test_what_a_person_changed_there_is_not_overwritten(kind, writer, simulator):
    case = CASES[kind]
    made = send(writer, wanted("bamboohr", case))
    if kind == "employee":
        simulator.edit_employee(int(made.remote_id), lastName="Other")
    else:
        simulator.entries[int(made.remote_id)]["hours"] = Decimal(3)
    held = writer.prepare(wanted("bamboohr", case, 1, 2, case.change, made))
    assert isinstance(held, Unpreparable)
    assert held.problem.code == "SEND-CHANGED"


def test_a_correction_after_approval_is_a_difference_on_the_day_of_the_correction(writer, simulator):
    case = CASES["time_entry"]
    made = send(writer, wanted("bamboohr", case))
    simulator.approve(date(2026, 11, 2))
    simulator.clock.forward(days=5)
    less = send(writer, wanted("bamboohr", case, 1, 2, Verb.ADJUST, made))
    assert less.effect == Decimal("-2.25")
    assert [(entry["date"], entry["hours"], entry["approved"]) for entry in simulator.entries.values()] == [
        ("2026-11-02", 8, True),
        ("2026-11-02", Decimal("1.5"), True),
        ("2026-11-07", Decimal("-0.75"), False),
        ("2026-11-07", Decimal("-1.5"), False),
    ]
    gone = send(writer, wanted("bamboohr", case, 1, 3, Verb.REVERSE, less))
    assert gone.effect == Decimal("-7.25")
    assert sum(entry["hours"] for entry in simulator.entries.values()) == 0


def test_hours_that_were_deleted_without_an_answer_are_deleted_again_to_the_same_effect(writer, simulator):
    case = CASES["time_entry"]
    made = send(writer, wanted("bamboohr", case))
    removal = writer.prepare(wanted("bamboohr", case, 1, 3, Verb.REVERSE, made))
    simulator.faults.add("drop_after", path="delete")
    writer.send([removal])
    assert simulator.entries == {}
    (again,) = writer.send([removal])
    assert isinstance(again, Receipt)
    assert again.effect == Decimal("-9.5")


def test_hours_move_with_their_day_and_employee(writer, simulator):
    case = CASES["time_entry"]
    bo = simulator.seed_employee(employeeNumber="8", firstName="Bo", lastName="Berg")
    made = send(writer, wanted("bamboohr", case))
    document = {**case.first["document"], "business_date": "2026-11-01", "overtime_hours": "0"}
    moved = send(
        writer,
        wanted("bamboohr", case, 1, 2, Verb.ADJUST, made, document=document, related={"employee": Related("employee", str(bo), "8")}),
    )
    assert moved.effect == Decimal("-1.5")
    assert [(entry["employeeId"], entry["date"], entry["hours"]) for entry in simulator.entries.values() if entry["hours"]] == [
        (bo, "2026-11-01", 8)
    ]


def test_no_personal_field_in_receipts_problems_or_the_notes(writer, simulator):
    case = CASES["employee"]
    hired = send(writer, wanted("bamboohr", case))
    refused = send(writer, wanted("bamboohr", case, 2, **case.refused))
    worked = send(writer, wanted("bamboohr", CASES["time_entry"]))
    said = repr((hired.body, worked.body, refused.problem, [entry["note"] for entry in simulator.entries.values()]))
    for value in ("Zoë", "Quill", "555", "ann@example.com"):
        assert value not in said


def test_the_lists_are_what_a_refusal_hangs_on(writer):
    assert writer.metadata().values == {
        "departments": ["Bar", "Kitchen"],
        "locations": ["Cork", "Dublin"],
        "job_titles": ["Cook", "Waiter"],
    }


def test_a_hire_whose_answer_was_lost_is_found_although_its_fields_are_written_otherwise_there(writer, simulator):
    intent = wanted("bamboohr", CASES["employee"], document=sample.PERSON | {"work_email": "Zoe@Example.com"})
    payload = writer.prepare(intent)
    since = simulator.clock()
    simulator.faults.add("drop_after", method="POST")
    writer.send([payload])
    hired = max(simulator.employees)
    simulator.edit_employee(hired, workPhone="+353 (1) 5550100", workEmail="zoe@example.com")
    (where,) = until_known(writer, simulator, [attempt(payload, since)])
    assert isinstance(where, Found)
    assert where.receipt.remote_id == str(hired)


def test_hours_of_an_earlier_revision_are_found_by_their_key(writer, simulator):
    intent = wanted("bamboohr", CASES["time_entry"])
    made = send(writer, intent)
    (where,) = writer.find([Sent(intent.subject, Verb.CREATE, intent.look_up_key, "f" * 40, "", simulator.clock())])
    assert isinstance(where, Found)
    assert (where.receipt.remote_id, where.receipt.effect) == (made.remote_id, Decimal("9.5"))


def test_hours_of_more_than_a_year_ago_are_held_before_they_are_sent(writer, simulator):
    case = CASES["time_entry"]
    held = writer.prepare(wanted("bamboohr", case, **case.late))
    assert isinstance(held, Unpreparable)
    assert held.problem.code == "POST-PERIOD"
    made = send(writer, wanted("bamboohr", case))
    simulator.clock.forward(days=366)
    held = writer.prepare(wanted("bamboohr", case, 1, 3, Verb.REVERSE, made))
    assert isinstance(held, Unpreparable)
    assert held.problem.code == "POST-PERIOD"


def test_a_change_that_shows_late_is_read_although_a_later_one_was_seen(simulator, url, around, tmp_path):
    reader = BambooReader(BambooConfig(base_url=f"{url}/api/v1", private_network=True), tmp_path)
    first = list(reader.read("employees", None, around))
    simulator.history[101] = ("Updated", simulator.clock() - timedelta(seconds=30))
    simulator.employees[101]["lastName"] = "Late"
    news = [message.body["lastName"] for message in reader.read("employees", first[-1].value, around) if isinstance(message, Record)]
    assert news == ["Late"]


def test_hours_that_a_person_deleted_or_typed_are_seen_day_by_day(writer, simulator, url, around, tmp_path):
    made = send(writer, wanted("bamboohr", CASES["time_entry"]))
    simulator.seed_hours(101, date(2026, 11, 1), "4", "by hand")
    del simulator.entries[int(made.remote_id)]
    reader = BambooReader(BambooConfig(base_url=f"{url}/api/v1", private_network=True, days=3), tmp_path)
    messages = list(reader.read("time_entries", None, around))
    assert [(message.scope, message.body["ours"]) for message in messages if isinstance(message, Record)] == [
        ("2026-11-01", None),
        ("2026-11-02", f"{1:024x}"),
    ]
    assert [(message.scope, message.count) for message in messages if isinstance(message, Complete)] == [
        ("2026-10-30", 0),
        ("2026-10-31", 0),
        ("2026-11-01", 1),
        ("2026-11-02", 1),
    ]
