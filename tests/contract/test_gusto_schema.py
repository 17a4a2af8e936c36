"""Gusto's own OpenAPI judges every request of ours and every answer of the simulator; unknown properties are refused."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from taps._kit.errors import Misconfigured
from taps._kit.reader import Complete, Record
from taps._kit.simulator import serve
from taps._kit.surroundings import Pocket, Surroundings
from taps.gusto.config import GustoConfig
from taps.gusto.reader import GustoReader
from targets._kit.writer import Absent, Found, InDoubt, NotSent, Payload, Receipt, Refused, Sent, Unpreparable, Verb
from targets.gusto import CONNECTOR
from tests.contract.openapi import Judge, watch
from tests.contract.samples import target_gusto as sample
from tests.contract.test_remote_contract import attempt, until_known, wanted
from tests.contract.written import sent_fields

CASES = sample.sample().cases
PAID = [
    {
        "employee_uuid": sample.ANN,
        "excluded": False,
        "gross_pay": Decimal("1012.50"),
        "net_pay": Decimal("800.10"),
        "fixed_compensations": [{"name": "Paycheck Tips", "amount": "12.50"}],
        "hourly_compensations": [],
        "paid_time_off": [],
        "reimbursements": [],
        "deductions": [],
        "taxes": [
            {"name": "Social Security", "employer": False, "amount": Decimal("62.78")},
            {"name": "Federal Income Tax", "employer": False, "amount": Decimal("149.62")},
            {"name": "Social Security", "employer": True, "amount": Decimal("62.78")},
        ],
    }
]


@pytest.fixture(scope="module")
def judge(shared):
    return Judge(shared / "specs" / "gusto" / "gusto-python-new.openapi.yaml", "")


@pytest.fixture
def simulator():
    return sample.simulator()


@pytest.fixture
def around(simulator):
    return Surroundings(clock=simulator.clock, safe=Pocket(dict(sample.SECRETS)), sleep=simulator.clock.sleep)


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


@pytest.fixture
def reader(url, tmp_path):
    config = {name: value for name, value in sample.config(url).items() if name in GustoConfig.model_fields}
    return GustoReader(GustoConfig.model_validate(config), tmp_path)


def send(writer, intent):
    payload = writer.prepare(intent)
    assert isinstance(payload, Payload), payload
    (answer,) = writer.send([payload])
    return answer


def person(**fields):
    return {"document": sample.PERSON | {"work_email": "zoe@example.com"} | fields}


def test_every_request_and_answer_is_as_the_specification_says(judge, simulator, writer, reader, around):
    seen = watch(simulator)
    writer.hello()
    case = CASES["employee"]
    hired = send(writer, wanted("gusto", case, **person()))
    simulator.edit_employee(hired.remote_id, onboarded=True, onboarding_status="onboarding_completed")
    moved = send(writer, wanted("gusto", case, 1, 2, Verb.UPDATE, hired, **person(last_name="Moss", department="Bar")))
    send(writer, wanted("gusto", case, 1, 3, Verb.VOID, moved))
    other = send(writer, wanted("gusto", case, 2))
    send(writer, wanted("gusto", case, 2, 3, Verb.VOID, other))
    assert isinstance(send(writer, wanted("gusto", case, 3, **person(work_email="ann@example.com", last_name="\u200b"))), Refused)
    case = CASES["time_entry"]
    worked = send(writer, wanted("gusto", case))
    less = send(writer, wanted("gusto", case, 1, 2, Verb.ADJUST, worked))
    send(writer, wanted("gusto", case, 1, 3, Verb.REVERSE, less))
    send(writer, wanted("gusto", case, 2))
    assert isinstance(send(writer, wanted("gusto", case, 3, **case.refused)), Refused)
    simulator.process(next(uuid for uuid, each in simulator.payrolls.items() if not each["processed"]), PAID)
    writer.read_back()
    for stream in reader.streams():
        list(reader.read(stream.name, None, around))
    simulator.clock.forward(hours=3)
    writer.hello()  # the token ran out
    assert judge.judge(seen) == {
        "POST /oauth/token",
        "GET /v1/companies/{company_id}",
        "GET /v1/companies/{company_id}/employees",
        "POST /v1/companies/{company_id}/employees",
        "GET /v1/employees/{employee_id}",
        "PUT /v1/employees/{employee_id}",
        "DELETE /v1/employees/{employee_id}",
        "POST /v1/employees/{employee_id}/terminations",
        "GET /v1/companies/{company_uuid}/departments",
        "GET /v1/departments/{department_uuid}",
        "GET /v1/companies/{company_id}/locations",
        "PUT /v1/departments/{department_uuid}/add",
        "GET /v1/companies/{company_id}/pay_periods",
        "GET /v1/companies/{company_id}/payrolls",
        "GET /v1/companies/{company_id}/payrolls/{payroll_id}",
        "GET /v1/companies/{company_uuid}/time_tracking/time_sheets",
        "POST /v1/companies/{company_uuid}/time_tracking/time_sheets",
        "GET /v1/time_tracking/time_sheets/{time_sheet_uuid}",
        "PUT /v1/time_tracking/time_sheets/{time_sheet_uuid}",
        "DELETE /v1/time_tracking/time_sheets/{time_sheet_uuid}",
    }


def test_the_judge_refuses_what_the_specification_does_not_know(judge):
    sheets = "/v1/companies/{company_uuid}/time_tracking/time_sheets"
    sheet = {
        "entity_uuid": "e",
        "entity_type": "Employee",
        "time_zone": "America/New_York",
        "shift_started_at": "2026-11-02T09:00:00-05:00",
    }
    assert not judge.faults_of_request("POST", sheets, sheet)
    assert judge.faults_of_request("POST", sheets, sheet | {"note": "x"})
    assert judge.faults_of_request("POST", sheets, sheet | {"entries": [{"hours_worked": -1, "pay_classification": "Regular"}]})
    assert judge.faults_of_request("PUT", "/v1/employees/{employee_id}", {"first_name": "Ann"})
    assert judge.faults_of_answer("GET", "/v1/employees/{employee_id}", 200, {"uuid": "e", "first_name": "A", "last_name": "B", "x": 1})


def test_every_field_that_is_written_is_read_back(simulator, writer, reader, around):
    hired = send(writer, wanted("gusto", CASES["employee"], **person(department="Bar")))
    worked = send(writer, wanted("gusto", CASES["time_entry"]))
    records = {
        (stream, message.key): message.body
        for stream in ("employees", "time_sheets")
        for message in reader.read(stream, None, around)
        if isinstance(message, Record)
    }
    body = records["employees", hired.remote_id]
    written = ("first_name", "last_name", "preferred_first_name", "work_email", "department")
    assert [body[name] for name in written] == ["Zoë", "Quill", "Zo", "zoe@example.com", "Bar"]
    sheet = records["time_sheets", worked.remote_id]
    waiter = next(job["uuid"] for job in simulator.employees[sample.ANN]["jobs"] if job["title"] == "Waiter")
    assert {
        name: sheet[name] for name in ("entity_uuid", "entity_type", "job_uuid", "time_zone", "regular_hours", "overtime_hours", "ours")
    } == {
        "entity_uuid": sample.ANN,
        "entity_type": "Employee",
        "job_uuid": waiter,
        "time_zone": "America/New_York",
        "regular_hours": "8.000",
        "overtime_hours": "1.500",
        "ours": f"{1:040x}",
    }
    assert (sheet["shift_started_at"], sheet["shift_ended_at"]) == ("2026-11-02T09:00:00-05:00", "2026-11-02T18:30:00-05:00")
    assert simulator.sheets[worked.remote_id]["metadata"]["counterfoil_cash_tips"] == "12.50"
    marks = {"counterfoil_key": f"{1:040x}", "counterfoil_attempt": f"{1001:040x}", "counterfoil_number": "R-1", "counterfoil_was": "0"}
    metadata = simulator.sheets[worked.remote_id]["metadata"]
    assert metadata == marks | {"counterfoil_cash_tips": "12.50"}
    assert simulator.employees[hired.remote_id]["onboarded"] is False
    entries = [(entry["pay_classification"], entry["hours_worked"]) for entry in simulator.sheets[worked.remote_id]["entries"]]
    assert entries == [("Regular", "8.000"), ("Overtime", "1.500")]
    shift = {"shift_started_at", "shift_ended_at", "entity_uuid", "entity_type", "job_uuid", "time_zone"}
    assert sent_fields(simulator) == {
        "POST /v1/companies/*/employees": {*written, "self_onboarding"} - {"department"},
        "PUT /v1/departments/*/add": {"version", "uuid"},  # which department
        "POST /v1/companies/*/time_tracking/time_sheets": {*metadata, *shift, "pay_classification", "hours_worked"},
    }, "every field that is written is asserted above"


# ── employees ──


def test_whoever_has_the_work_email_already_is_taken_on_and_not_hired_twice(simulator, writer):
    taken = send(writer, wanted("gusto", CASES["employee"], **person(work_email="ANN@example.com ")))
    assert taken.remote_id == sample.ANN
    assert (simulator.employees[sample.ANN]["last_name"], len(simulator.employees)) == ("Quill", 1)


def test_a_namesake_without_an_address_is_a_matter_for_a_person(writer):
    held = writer.prepare(wanted("gusto", CASES["employee"], document={"first_name": "Ann", "last_name": "Berg"}))
    assert isinstance(held, Unpreparable)
    assert held.problem.code == "SEND-CHANGED"
    assert "Berg" not in held.problem.say
    other = send(writer, wanted("gusto", CASES["employee"], **person(first_name="Ann", last_name="Berg")))
    assert other.remote_id != sample.ANN


def test_a_hire_whose_department_was_lost_is_finished_by_the_next_attempt_and_made_once(simulator, writer):
    intent = wanted("gusto", CASES["employee"], **person(department="Bar"))
    payload = writer.prepare(intent)
    since = simulator.clock()
    simulator.faults.add("drop_before", method="PUT", path="departments")
    assert isinstance(writer.send([payload])[0], InDoubt)
    (where,) = until_known(writer, simulator, [attempt(payload, since)])
    assert isinstance(where, Absent)
    made = send(writer, intent)
    assert isinstance(made, Receipt)
    assert [each["department"] for each in simulator.employees.values()] == [None, "Bar"]
    (where,) = until_known(writer, simulator, [attempt(writer.prepare(intent), since)])
    assert isinstance(where, Found)


def test_a_leaver_is_terminated_once_on_the_last_day(simulator, writer):
    ann = person(first_name="Ann", last_name="Berg", work_email="ann@example.com")["document"]
    known = send(writer, wanted("gusto", CASES["employee"], document=ann))
    gone = ann | {"employment_status": "terminated", "termination_date": "2026-11-30"}
    for revision in (2, 3):
        known = send(writer, wanted("gusto", CASES["employee"], 1, revision, Verb.UPDATE, known, document=gone))
        assert isinstance(known, Receipt)
    (leaving,) = simulator.employees[sample.ANN]["terminations"]
    assert (leaving["effective_date"], leaving["run_termination_payroll"]) == ("2026-11-30", False)


def test_a_leaver_who_never_was_onboarded_is_a_matter_for_a_person(writer):
    gone = {"employment_status": "terminated", "termination_date": "2026-11-30"}
    hired = send(writer, wanted("gusto", CASES["employee"], **person()))
    never = wanted("gusto", CASES["employee"], 2, document={"first_name": "Bo", "last_name": "Moss"} | gone)
    for intent in (wanted("gusto", CASES["employee"], 1, 2, Verb.UPDATE, hired, **person(**gone)), never):
        held = writer.prepare(intent)
        assert isinstance(held, Unpreparable)
        assert "never was onboarded" in held.problem.say


def test_a_change_by_somebody_else_in_between_is_prepared_anew(simulator, writer):
    case = CASES["employee"]
    hired = send(writer, wanted("gusto", case))
    intent = wanted("gusto", case, 1, 2, Verb.UPDATE, hired)
    payload = writer.prepare(intent)
    simulator.edit_employee(hired.remote_id, phone="555")
    (answer,) = writer.send([payload])
    assert isinstance(answer, NotSent)
    assert answer.not_before > simulator.clock()
    assert isinstance(send(writer, intent), Receipt)
    assert simulator.employees[hired.remote_id]["last_name"] == "Quill-Moss"


# ── hours ──


def test_a_sheet_that_somebody_corrected_is_not_overwritten(simulator, writer):
    case = CASES["time_entry"]
    made = send(writer, wanted("gusto", case))
    simulator.edit_sheet(made.remote_id, "3")
    for revision, verb in ((2, Verb.ADJUST), (3, Verb.REVERSE)):
        held = writer.prepare(wanted("gusto", case, 1, revision, verb, made))
        assert isinstance(held, Unpreparable)
        assert held.problem.code == "SEND-CHANGED"


def test_after_payroll_more_hours_are_a_sheet_of_the_difference_and_fewer_are_held(simulator, writer):
    case = CASES["time_entry"]
    made = send(writer, wanted("gusto", case))
    simulator.clock.forward(days=14)
    simulator.process(next(uuid for uuid, each in simulator.payrolls.items() if not each["processed"]))
    more = send(writer, wanted("gusto", case, 1, 2, Verb.ADJUST, made, **sample.hours("9", "2")))
    assert more.effect == Decimal("1.5")
    first, second = sorted(simulator.sheets.values(), key=lambda sheet: sheet["created_at"])
    assert [(entry["pay_classification"], entry["hours_worked"]) for entry in second["entries"]] == [
        ("Regular", "1.000"),
        ("Overtime", "0.500"),
    ]
    assert (first["shift_started_at"][:10], second["shift_started_at"][:10]) == ("2026-11-02", "2026-11-16")
    held = writer.prepare(wanted("gusto", case, 1, 3, Verb.ADJUST, more, **sample.hours("7")))
    assert isinstance(held, Unpreparable)
    assert "1.000 regular and 1.500 overtime" in held.problem.say
    back = send(writer, wanted("gusto", case, 1, 4, Verb.ADJUST, more, **sample.hours("8", "1.5")))
    assert (back.effect, len(simulator.sheets)) == (Decimal("-1.5"), 1)
    assert isinstance(writer.prepare(wanted("gusto", case, 1, 5, Verb.REVERSE, back)), Unpreparable)


def test_hours_that_were_deleted_without_an_answer_are_gone_with_the_same_effect(simulator, writer):
    case = CASES["time_entry"]
    made = send(writer, wanted("gusto", case))
    removal = wanted("gusto", case, 1, 3, Verb.REVERSE, made)
    simulator.faults.add("drop_after", method="DELETE")
    assert isinstance(writer.send([writer.prepare(removal)])[0], InDoubt)
    assert simulator.sheets == {}
    assert send(writer, removal).effect == Decimal("-9.5")


def test_tips_are_not_put_into_time_sheets(writer):
    document = {"business_date": "2026-11-02", "employee_number": "7", "currency": "USD", "tips": "25.00"}
    held = writer.prepare(wanted("gusto", CASES["time_entry"], document=document, document_type="tip_payout"))
    assert isinstance(held, Unpreparable)
    assert "Paycheck Tips" in held.problem.fix


def test_the_clock_of_the_source_is_the_shift_where_it_is_known(simulator, writer):
    clocks = {"clock_in": "2026-11-02T13:00:00Z", "clock_out": "2026-11-02T22:30:00Z"}
    made = send(writer, wanted("gusto", CASES["time_entry"], document=sample.HOURS | clocks))
    sheet = simulator.sheets[made.remote_id]
    assert (sheet["shift_started_at"], sheet["shift_ended_at"]) == ("2026-11-02T08:00:00-05:00", "2026-11-02T17:30:00-05:00")


# ── reading ──


def test_payroll_results_are_gross_taxes_and_net_by_employee_and_department(simulator, reader, around):
    simulator.employees[sample.ANN]["department"] = "Bar"
    simulator.process(next(uuid for uuid, each in simulator.payrolls.items() if not each["processed"]), PAID)
    messages = list(reader.read("payroll_results", None, around))
    (body,) = [message.body for message in messages if isinstance(message, Record)]
    amounts = ("gross", "employee_taxes", "employer_taxes", "deductions", "paycheck_tips", "cash_tips", "net")
    assert [body[name] for name in amounts] == ["1012.50", "212.40", "62.78", "0.00", "12.50", "0.00", "800.10"]
    assert (body["department"], body["check_date"], body["period_end"]) == ("Bar", "2026-11-20", "2026-11-15")
    again = reader.read("payroll_results", messages[-1].value, around)
    assert [message for message in again if isinstance(message, Record)] == []


def test_sheets_entered_by_hand_are_seen_and_not_taken_for_ours(simulator, writer, reader, around):
    made = send(writer, wanted("gusto", CASES["time_entry"]))
    first = list(reader.read("time_sheets", None, around))
    simulator.clock.forward(hours=1)
    body = {"entity_uuid": sample.ANN, "entity_type": "Employee", "time_zone": "America/New_York", "metadata": {"note": "by hand"}}
    body |= {"shift_started_at": "2026-11-03T09:00:00-05:00", "shift_ended_at": "2026-11-03T10:00:00-05:00"}
    by_hand = simulator._filled(
        {**simulator.sheets[made.remote_id], "uuid": "by-hand"}, body | {"entries": [{"hours_worked": 1, "pay_classification": "Regular"}]}
    )
    news = [message.body for message in reader.read("time_sheets", first[-1].value, around) if isinstance(message, Record)]
    assert [(sheet["uuid"], sheet["ours"]) for sheet in news] == [(by_hand["uuid"], None), (made.remote_id, f"{1:040x}")]
    assert [each.remote_id for each in writer.read_back() if each.unit] == [made.remote_id]


def test_an_old_version_of_the_api_is_told_as_such(simulator, reader, around, monkeypatch):
    monkeypatch.setattr("taps.gusto.client.VERSION", {"X-Gusto-API-Version": "2020-01-01"})
    with pytest.raises(Misconfigured, match="no longer speaks"):
        list(reader.read("departments", None, around))


def test_a_refresh_token_is_good_once_and_the_new_one_is_kept(simulator, writer, around):
    simulator.clock.forward(hours=3)
    writer.hello()
    assert around.safe.secrets()["refresh_token"] == simulator.refresh_token != sample.SECRETS["refresh_token"]


def test_departments_and_places_of_work_are_offered(writer):
    assert writer.metadata().values == {"departments": ["Bar"], "locations": ["1 Main Street, Portland"]}


def test_no_personal_field_in_receipts_and_problems(writer):
    hired = send(writer, wanted("gusto", CASES["employee"], **person()))
    refused = send(writer, wanted("gusto", CASES["employee"], 2, **person(work_email="ann@example.com", first_name="\u200b")))
    worked = send(writer, wanted("gusto", CASES["time_entry"]))
    said = repr((hired.body, worked.body, refused.problem))
    for value in ("Zoë", "Quill", "ann@", "zoe@"):
        assert value not in said


def test_look_ups_go_back_no_further_than_they_must(simulator, writer):
    send(writer, wanted("gusto", CASES["time_entry"]))
    simulator.clock.forward(hours=1)
    before = len(simulator.log)
    since = simulator.clock() - timedelta(minutes=1)
    writer.find([Sent(wanted("gusto", CASES["time_entry"]).subject, Verb.ADJUST, f"{1:040x}", "nothing", "", since)])
    assert len(simulator.log) == before + 1


def test_a_create_of_an_earlier_revision_is_found_by_its_key(simulator, writer):
    intent = wanted("gusto", CASES["time_entry"])
    made = send(writer, intent)
    (where,) = writer.find([Sent(intent.subject, Verb.CREATE, intent.look_up_key, "another attempt", "", simulator.clock())])
    assert isinstance(where, Found)
    assert where.receipt.remote_id == made.remote_id


def test_who_is_deleted_while_we_page_hides_nobody(simulator, reader, around):
    people = [simulator.seed_employee("Bo", f"Berg {number}") for number in range(250)]

    def remove(request):
        if request.query.get("page") == "2":
            simulator.remove_employee(people.pop(0))

    simulator.interludes.append(remove)
    messages = list(reader.read("employees", None, around))
    assert set(people) <= {message.key for message in messages if isinstance(message, Record)}
    assert [message for message in messages if isinstance(message, Complete)] == [], "somebody may have been out of sight"
    simulator.interludes.clear()
    messages = list(reader.read("employees", messages[-1].value, around))
    assert [message.count for message in messages if isinstance(message, Complete)] == [len(people) + 1]
