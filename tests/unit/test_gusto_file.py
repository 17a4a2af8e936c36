"""Gusto in file mode, with real files: hours and tips out, payroll results in."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from taps._kit.errors import Misconfigured, Retryable, Tampered
from taps._kit.points import arm, disarm
from taps._kit.reader import Complete, Damaged, Record, State
from taps.gusto import CONNECTOR as TAP
from targets._kit import lock
from targets._kit.writer import Absent, Found, Intent, Payload, Receipt, Sent, Subject, Unpreparable, Verb
from targets.gusto import CONNECTOR
from targets.gusto.hours_file import period_of

CONFIG = {"pay_period": "biweekly", "pay_period_start": "2026-11-02", "gusto_ids": {"7": "5G9934"}}
NOVEMBER, LATER = "2026-11-02_2026-11-15", "2026-11-16_2026-11-29"
ANN = {"first_name": "Ann", "last_name": "Berg", "work_email": "ann@example.com", "employment_status": "active"}
SHIFT = {"business_date": "2026-11-03", "employee_number": "7", "role_code": "Waiter", "regular_hours": "8", "status": "approved"}
HEAD = "last_name,first_name,title,gusto_employee_id,regular_hours,overtime_hours,paycheck_tips,cash_tips\n"


@pytest.fixture
def home(tmp_path):
    return tmp_path


@pytest.fixture
def build(home):
    """Open writers of one home; Ann, number 7, is known."""
    opened = []

    def made(**config):
        writer = CONNECTOR.build(CONNECTOR.config.model_validate(CONFIG | config), home)
        writer.open(None)
        opened.append(writer)
        return writer

    yield made
    disarm()
    for writer in opened:
        writer.close()


@pytest.fixture
def writer(build):
    made = build()
    send(made, intent("7", ANN, kind="employee"))
    return made


def intent(number, document, verb=Verb.CREATE, booked=None, n=1, revision=1, kind="time_entry", document_type="time_entry"):
    return Intent(
        Subject("payroll", kind, f"00000000-0000-4000-8000-{n:012d}"),
        verb,
        f"{n:040x}",
        f"{n * 1000 + revision:040x}",
        document,
        document_type,
        number,
        date(2026, 11, 3),
        unit="HUR",
        booked=booked.body if booked else None,
        remote_id=booked.remote_id if booked else None,
    )


def send(writer, *intents):
    payloads = [writer.prepare(each) for each in intents]
    assert all(isinstance(each, Payload) for each in payloads), payloads
    answers = writer.send(payloads)
    assert all(isinstance(each, Receipt) for each in answers)
    assert [each.effect for each in answers] == [each.predicted for each in payloads]
    return answers[0] if len(answers) == 1 else answers


def imported(home, period=NOVEMBER):
    return (home / "gusto" / "hours" / f"{period}.csv").read_text().removeprefix(HEAD)


def export(home, period=NOVEMBER):
    (home / "gusto" / "hours" / f"{period}.exported").touch()


def whole(home):
    return {str(path.relative_to(home)): path.read_bytes() for path in sorted(home.rglob("*")) if path.is_file() and path.name != ".lock"}


def sent(wanted, payload=None):
    digest = payload.digest if payload else ""
    return Sent(wanted.subject, wanted.verb, wanted.look_up_key, wanted.idempotency_key, digest, datetime(2026, 11, 3, tzinfo=UTC))


# ── what is written ──


def test_hours_of_a_period_are_summed_by_employee_and_job(writer, home):
    send(
        writer,
        intent("T-1", SHIFT | {"overtime_hours": "1.5"}),
        intent("T-2", SHIFT | {"business_date": "2026-11-04"}, n=2),
        intent("T-3", SHIFT | {"role_code": "Cook", "regular_hours": "2.25"}, n=3),
        intent("T-4", SHIFT | {"business_date": "2026-11-16"}, n=4),
    )
    assert imported(home) == "Berg,Ann,Cook,5G9934,2.25,,,\nBerg,Ann,Waiter,5G9934,16,1.5,,\n"
    assert imported(home, LATER) == "Berg,Ann,Waiter,5G9934,8,,,\n"


def test_card_tips_are_paid_and_cash_tips_are_reported(writer, home):
    tips = {"business_date": "2026-11-03", "employee_number": "7", "currency": "USD", "tips": "25"}
    shift = SHIFT | {"declared_tips": "12.50", "currency": "USD"}
    card, _cash = send(writer, intent("P-1", tips, document_type="tip_payout"), intent("T-1", shift, n=2))
    assert imported(home) == "Berg,Ann,,5G9934,,,25.00,\nBerg,Ann,Waiter,5G9934,8,,,12.50\n"
    assert (card.effect, card.unit) == (Decimal(0), "HUR")
    send(writer, intent("P-1", tips | {"tips": "20"}, Verb.ADJUST, card, revision=2, document_type="tip_payout"))
    assert ",,20.00,\n" in imported(home)


def test_a_change_and_a_removal_are_differences(writer, home):
    made = send(writer, intent("T-1", SHIFT | {"overtime_hours": "1.5"}))
    less = send(writer, intent("T-1", SHIFT | {"regular_hours": "7.25"}, Verb.ADJUST, made, revision=2))
    assert (made.effect, less.effect) == (Decimal("9.5"), Decimal("-2.25"))
    assert imported(home) == "Berg,Ann,Waiter,5G9934,7.25,,,\n"
    gone = send(writer, intent("T-1", SHIFT, Verb.REVERSE, less, revision=3))
    assert (gone.effect, gone.body["rows"], imported(home)) == (Decimal("-7.25"), [], "")


def test_hours_that_move_to_another_day_move_to_its_period(writer, home):
    made = send(writer, intent("T-1", SHIFT))
    moved = send(writer, intent("T-1", SHIFT | {"business_date": "2026-11-20"}, Verb.ADJUST, made, revision=2))
    assert moved.effect == 0
    assert (imported(home), imported(home, LATER)) == ("", "Berg,Ann,Waiter,5G9934,8,,,\n")


def test_after_the_export_a_period_stands_still_and_corrections_go_into_the_next_open_one(writer, home):
    made = send(writer, intent("T-1", SHIFT))
    export(home)
    export(home, LATER)
    before = whole(home)
    less = send(writer, intent("T-1", SHIFT | {"regular_hours": "6"}, Verb.ADJUST, made, revision=2))
    assert less.effect == -2
    after = whole(home)
    assert {name: data for name, data in after.items() if name in before} == before
    assert imported(home, "2026-11-30_2026-12-13") == "Berg,Ann,Waiter,5G9934,-2,,,\n"
    assert [(str(period.start_on), period.status) for period in writer.periods()] == [
        ("2026-11-02", "locked"),
        ("2026-11-16", "locked"),
        ("2026-11-30", "open"),
    ]
    gone = send(writer, intent("T-1", SHIFT, Verb.REVERSE, less, revision=3))
    assert gone.effect == -6


def test_a_new_employee_and_a_leaver_stand_in_the_list(writer, home):
    leaver = ANN | {"employment_status": "terminated", "termination_date": "2026-11-30"}
    send(writer, intent("7", leaver, Verb.UPDATE, Receipt("7", "7", "", Decimal(0), {"attempt": "x"}), revision=2, kind="employee"))
    lines = (home / "gusto" / "employees.csv").read_text().splitlines()
    assert lines[1].startswith("7,Ann,Berg,,ann@example.com,,2026-11-30,,,,terminated,")
    assert len(lines) == 2


# ── what is held ──


@pytest.mark.parametrize(
    ("document", "code"),
    [
        (SHIFT | {"status": "open"}, "MAP-HELD"),
        (SHIFT | {"employee_number": "8"}, "MAP-LOOKUP"),
        ({"business_date": "2026-11-03", "tips": "25.00", "currency": "USD"}, "MAP-REQUIRED"),
        ({"business_date": "2026-11-03", "employee_number": "7", "tips": "25.00", "currency": "EUR"}, "POST-RULE"),
    ],
)
def test_what_cannot_go_to_payroll_is_held_with_its_number(document, code, writer):
    held = writer.prepare(intent("T-1", document))
    assert isinstance(held, Unpreparable)
    assert (held.problem.code, "T-1" in held.problem.say) == (code, True)


def test_a_new_document_of_an_exported_period_is_held_until_it_is_open_again(writer, home):
    export(home)
    fingerprint = writer.metadata()
    held = writer.prepare(intent("T-1", SHIFT))
    assert isinstance(held, Unpreparable)
    assert held.problem.code == "POST-PERIOD"
    (home / "gusto" / "hours" / f"{NOVEMBER}.exported").unlink()
    assert writer.metadata() != fingerprint
    assert send(writer, intent("T-1", SHIFT)).effect == 8


@pytest.mark.parametrize("kind", ["employee", "time_entry"])
def test_a_verb_that_the_facts_do_not_name_is_held(kind, writer):
    for verb in set(Verb) - {Verb(each) for each in writer.facts.verbs[kind]}:
        assert isinstance(writer.prepare(intent("T-1", SHIFT, verb, kind=kind)), Unpreparable)


def test_nobody_without_a_name(writer):
    held = writer.prepare(intent("8", {"first_name": "Bo"}, kind="employee", n=9))
    assert isinstance(held, Unpreparable)
    assert held.problem.code == "MAP-REQUIRED"


# ── once ──


def test_the_same_attempt_twice_has_one_effect(writer, home):
    payload = writer.prepare(intent("T-1", SHIFT))
    (first,) = writer.send([payload])
    before = whole(home)
    (second,) = writer.send([payload])
    assert second == first
    assert whole(home) == before


def test_prepare_is_the_same_every_time_and_writes_nothing(writer, home):
    before = whole(home)
    one, two = writer.prepare(intent("T-1", SHIFT)), writer.prepare(intent("T-1", SHIFT))
    assert (one.digest, one.predicted) == (two.digest, two.predicted)
    assert writer.prepare(intent("T-1", SHIFT, n=2)).digest != one.digest
    assert whole(home) == before


@pytest.mark.parametrize("point", ["H1", "B1"])
def test_who_is_killed_while_writing_finds_all_of_it_or_none(point, build, writer, home):
    made = send(writer, intent("T-1", SHIFT))
    wanted = intent("T-1", SHIFT | {"business_date": "2026-11-20", "regular_hours": "9"}, Verb.ADJUST, made, revision=2)
    payload = writer.prepare(wanted)
    torn = False

    def die():
        nonlocal torn
        torn = True
        raise KeyboardInterrupt

    arm(point, die)  # B1: one of the two periods is written, the other is not
    with pytest.raises(KeyboardInterrupt):
        writer.send([payload])
    disarm()
    assert torn
    writer.close()
    again = build()
    (where,) = again.find([sent(wanted, payload)])
    assert isinstance(where, Absent)
    assert imported(home) == "Berg,Ann,Waiter,5G9934,8,,,\n"
    (answer,) = again.send([payload])
    assert answer.effect == payload.predicted == 1
    assert isinstance(again.find([sent(wanted, payload)])[0], Found)
    assert (imported(home), imported(home, LATER)) == ("", "Berg,Ann,Waiter,5G9934,9,,,\n")


def test_an_import_that_was_not_made_any_more_is_made_when_the_folder_is_opened(build, writer, home):
    send(writer, intent("T-1", SHIFT))
    (home / "gusto" / "hours" / f"{NOVEMBER}.csv").unlink()
    writer.close()
    again = build()
    assert imported(home) == "Berg,Ann,Waiter,5G9934,8,,,\n"
    assert sorted(each.effect for each in again.read_back()) == [0, 8]


def test_a_full_disk_leaves_the_attempt_undone_and_is_told(writer, home, monkeypatch):
    payload = writer.prepare(intent("T-1", SHIFT))
    with monkeypatch.context() as full:
        full.setattr(os, "fsync", lambda _handle: (_ for _ in ()).throw(OSError(28, "No space left on device")))
        with pytest.raises(Retryable, match="no room"):
            writer.send([payload])
    assert [each.unit for each in writer.read_back()] == [""]
    assert writer.send([payload])[0].effect == 8
    assert imported(home) == "Berg,Ann,Waiter,5G9934,8,,,\n"
    assert isinstance(writer.find([sent(payload.intent)])[0], Found)


def test_a_send_after_one_that_failed_is_not_taken_for_done(writer, home, monkeypatch):
    payload = writer.prepare(intent("T-1", SHIFT))
    with monkeypatch.context() as full:
        full.setattr(os, "fsync", lambda _handle: (_ for _ in ()).throw(OSError(28, "No space left on device")))
        with pytest.raises(Retryable):
            writer.send([payload])
    assert writer.send([payload])[0].effect == 8
    assert imported(home) == "Berg,Ann,Waiter,5G9934,8,,,\n"


def test_a_new_name_changes_what_is_open_and_not_what_was_exported(writer, home):
    send(writer, intent("T-1", SHIFT), intent("T-2", SHIFT | {"business_date": "2026-11-16"}, n=2))
    export(home)
    known = next(each for each in writer.read_back() if not each.unit)
    send(writer, intent("7", ANN | {"last_name": "Moss"}, Verb.UPDATE, known, revision=2, kind="employee"))
    assert (imported(home)[:5], imported(home, LATER)[:5]) == ("Berg,", "Moss,")


def test_the_same_input_gives_the_same_bytes(build, writer, home, tmp_path_factory):
    documents = [intent(f"T-{n}", SHIFT | {"regular_hours": str(n)}, n=n) for n in range(1, 6)]
    send(writer, *documents)
    other = tmp_path_factory.mktemp("other")
    second = CONNECTOR.build(CONNECTOR.config.model_validate(CONFIG), other)
    second.open(None)
    for each in [intent("7", ANN, kind="employee"), *documents]:
        send(second, each)
    second.close()
    assert whole(other) == whole(home)


def test_two_writers_of_one_folder_do_not_write_at_the_same_time(build, writer, monkeypatch):
    monkeypatch.setattr(lock, "_WAIT_SECONDS", 0.05)
    with pytest.raises(Retryable, match="another process"):
        build()


def test_an_entries_file_that_somebody_edited_is_told_with_its_line(build, writer, home):
    send(writer, intent("T-1", SHIFT))
    path = home / "gusto" / "hours" / f"{NOVEMBER}.entries.csv"
    path.write_text(path.read_text().replace(",8,", ",eight,"))
    writer.close()
    with pytest.raises(Tampered, match="Line 2"):
        build()


def test_no_personal_field_in_receipts_and_in_the_entries(writer, home):
    made = send(writer, intent("T-1", SHIFT))
    (person,) = [each for each in writer.read_back() if not each.unit]
    said = repr((made.body, person.body)) + (home / "gusto" / "hours" / f"{NOVEMBER}.entries.csv").read_text()
    assert not [value for value in ("Ann", "Berg", "ann@") if value in said]


@pytest.mark.parametrize(
    ("kind", "day", "first", "last"),
    [
        ("weekly", "2026-11-08", "2026-11-02", "2026-11-08"),
        ("biweekly", "2026-11-01", "2026-10-19", "2026-11-01"),
        ("semimonthly", "2026-11-15", "2026-11-01", "2026-11-15"),
        ("semimonthly", "2028-02-29", "2028-02-16", "2028-02-29"),
        ("monthly", "2026-12-31", "2026-12-01", "2026-12-31"),
    ],
)
def test_pay_periods(kind, day, first, last):
    config = CONNECTOR.config.model_validate(CONFIG | {"pay_period": kind})
    assert period_of(date.fromisoformat(day), config) == (date.fromisoformat(first), date.fromisoformat(last))


# ── payroll results ──

EXPORT = """\
Employee,Department,Pay period start,Pay period end,Check date,Gross earnings,Employee taxes,Employer taxes,Employee deductions,Net pay
"Berg, Ann",Bar,11/02/2026,11/15/2026,11/20/2026,"$1,012.50",212.40,62.78,,800.10
"Quill, Zoë",Kitchen,11/02/2026,11/15/2026,11/20/2026,500.00,90.00,31.00,(10.00),420.00
Total,,,,,"1,512.50",302.40,93.78,(10.00),1220.10
"""


@pytest.fixture
def payroll(home):
    folder = home / "gusto" / "payroll"
    folder.mkdir(parents=True)
    (folder / "2026-11-20.csv").write_text(EXPORT)
    return folder


def reading(home, state=None, **config) -> list:
    return list(TAP.build(TAP.config.model_validate(config), home).read("payroll_results", state, None))


def test_payroll_results_by_employee_and_department(payroll, home):
    messages = reading(home)
    ann, zoe = [message.body for message in messages if isinstance(message, Record)]
    assert ann == {
        "payroll": "2026-11-20",
        "employee": "Berg, Ann",
        "department": "Bar",
        "period_start": "2026-11-02",
        "period_end": "2026-11-15",
        "check_date": "2026-11-20",
        "gross": "1012.50",
        "employee_taxes": "212.40",
        "employer_taxes": "62.78",
        "deductions": "0.00",
        "benefits": "0.00",
        "reimbursements": "0.00",
        "paycheck_tips": "0.00",
        "cash_tips": "0.00",
        "net": "800.10",
    }
    assert (zoe["deductions"], zoe["net"]) == ("-10.00", "420.00")
    assert [message for message in messages if isinstance(message, Complete)] == [Complete("2026-11-20.csv", 2)]
    columns = TAP.build(TAP.config.model_validate({}), home).streams()[0].schema["properties"]
    assert set(ann) == set(columns)


def test_a_file_is_read_once_and_anew_when_it_is_exported_again(payroll, home):
    first = reading(home)
    assert [type(message) for message in reading(home, first[-1].value)] == [State]
    (payroll / "2026-11-20.csv").write_text(EXPORT.replace("800.10", "790.10"))
    again = reading(home, first[-1].value)
    assert [message.body["net"] for message in again if isinstance(message, Record)] == ["790.10", "420.00"]
    assert again[-1].read == 4


def test_a_row_that_cannot_be_read_is_told_without_its_values(payroll, home):
    (payroll / "2026-11-20.csv").write_text(EXPORT.replace("90.00,31.00", "n/a,31.00"))
    (damaged,) = [message for message in reading(home) if isinstance(message, Damaged)]
    assert damaged.where == "2026-11-20.csv, line 3"
    assert "employee_taxes" in damaged.problem.say
    assert "Quill" not in repr(damaged)


def test_columns_of_another_report_are_named_or_configured(payroll, home):
    (payroll / "2026-11-20.csv").write_text(EXPORT.replace("Net pay", "Net"))
    (problem,) = TAP.build(TAP.config.model_validate({}), home).check()
    assert (problem.code, "Net pay" in problem.say) == ("READ-SCHEMA", True)
    (damaged,) = [message for message in reading(home) if isinstance(message, Damaged)]
    assert damaged.problem.code == "READ-SCHEMA"
    named = reading(home, columns={"net": "Net"})
    assert [message.body["net"] for message in named if isinstance(message, Record)] == ["800.10", "420.00"]


def test_a_missing_folder_is_told(home: Path):
    (problem,) = TAP.build(TAP.config.model_validate({}), home).check()
    assert problem.code == "READ-MISSING"


def test_file_mode_needs_no_log_in(home: Path):
    config = TAP.config.model_validate({})
    with pytest.raises(Misconfigured, match="needs no log-in"):
        TAP.oauth(config)
    with pytest.raises(Misconfigured, match="no stream"):
        list(TAP.build(config, home).read("employees", None, None))
