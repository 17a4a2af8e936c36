"""The life of a break: it opens, people work on it, it closes by itself, and comes back with its history."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
import sqlalchemy as sa

from pipelines.hub.ledger_tables import audit as audit_table
from pipelines.hub.ledger_tables import break_event, break_work, recon_item, recon_run
from pipelines.reconcile import store
from pipelines.reconcile.ageing import business_days
from pipelines.reconcile.report import Cause
from pipelines.reconcile.rights import RIGHTS, Actor, Refused, actor_of
from pipelines.reconcile.words import BreakClass, Resolution, WorkState
from pipelines.reconcile.work import carried, works
from taps._kit.errors import Misconfigured
from tests._kit.tree import ROOT
from tests.unit._closing import (
    ADA,
    ANN,
    AUD,
    LIMITS,
    MARY,
    MISSING,
    OTTO,
    PEOPLE,
    ROUNDING,
    TOM,
    TRANSIT,
    VIC,
    Office,
    report,
)

FEB = datetime(2026, 3, 1, 5, 0, tzinfo=UTC)


@pytest.fixture
def office(hub_url: str) -> Iterator[Office]:
    made = Office(hub_url)
    yield made
    made.hub.close()


def resolve(office, key, resolution, by=MARY, **more):
    words = {"reason": "agreed with the shop", "comment": "see mail of 2 Feb", "limits": LIMITS} | more
    return office.desk.resolve(by, key, resolution, **words)


def seen_by(found, amount):
    """The same break with another amount at the target."""
    cause = Cause(BreakClass.AMOUNT, Decimal(amount) - found.expected, "another amount")
    return replace(found, actual=Decimal(amount), causes=(cause,))


# ── its whole life ──


def test_from_the_first_run_to_its_return(office: Office) -> None:
    first = office.store(report(MISSING, ROUNDING))
    assert office.work().state is WorkState.OPEN
    assert (office.work().first_run, office.work().difference, office.work().period) == (first, Decimal("-412.50"), "2026-01")

    assert office.desk.assign(MARY, "aa", "otto").state is WorkState.ASSIGNED
    assert office.desk.comment(MARY, "1042", "the shop looks for it").state is WorkState.ASSIGNED
    assert office.desk.comment(OTTO, "aa11", "sent again").state is WorkState.IN_PROGRESS
    done = resolve(office, "aa11", Resolution.REPOSTED, OTTO)
    assert (done.state, done.resolution, done.proposer) == (WorkState.RESOLVED, "reposted", "otto")

    gone = office.store(report(ROUNDING))
    closed = office.work()
    assert (closed.state, closed.last_run, closed.resolution, closed.closed_at is None) == (WorkState.CLOSED, gone, "reposted", False)

    office.store(report(MISSING, ROUNDING, sold="1000.01"))
    back = office.work()
    assert (back.state, back.owner, back.reopened, back.resolution, back.closed_at) == (WorkState.ASSIGNED, "otto", 1, "", None)
    assert back.first_run == first
    assert office.told() == [
        ("opened", "counterfoil", "Order 1042 is not at xero_eu."),
        ("assigned", "mary", "to otto"),
        ("commented", "mary", "the shop looks for it"),
        ("commented", "otto", "sent again"),
        ("resolved", "otto", "reposted: agreed with the shop. see mail of 2 Feb"),
        ("closed", "counterfoil", "the difference is gone"),
        ("reopened", "counterfoil", "the difference has returned"),
    ]
    assert office.audit.verify(office.audit.anchor()) is None
    assert office.audit.anchor().count == 3 + 4


def test_the_same_report_twice_changes_nothing(office: Office) -> None:
    first = office.store(report(MISSING))
    assert office.store(report(MISSING)) == first
    assert office.audit.anchor().count == 1
    assert len(office.told()) == 1


def test_another_amount_is_told_and_stays_open(office: Office) -> None:
    office.store(report(MISSING))
    office.store(report(seen_by(MISSING, "400.00")))
    assert (office.work().state, office.work().difference, office.work().break_class) == (WorkState.OPEN, Decimal("-12.50"), "AMOUNT")
    assert office.told()[-1] == ("changed", "counterfoil", "was −412.50, MISSING_IN_TARGET")


@pytest.mark.parametrize("resolution", [Resolution.ACCEPTED, Resolution.WRITTEN_OFF])
def test_what_was_accepted_stays_an_explained_line_until_its_difference_changes(office: Office, resolution: Resolution) -> None:
    office.store(report(ROUNDING))
    assert resolve(office, "bb22", resolution).state is WorkState.RESOLVED
    office.store(report(ROUNDING, as_of=FEB))
    assert office.work("bb22").explained
    office.store(report(seen_by(ROUNDING, "76.32")))
    again = office.work("bb22")
    assert (again.state, again.settled, again.resolution, again.reopened) == (WorkState.OPEN, None, "", 1)
    assert office.told("bb22")[-1][2] == f"{resolution.replace('_', ' ')} was +0.01, now it differs by another amount"


def test_what_was_called_mended_and_still_differs_opens_again(office: Office) -> None:
    office.store(report(MISSING))
    resolve(office, "aa11", Resolution.FIXED_IN_SOURCE)
    office.store(report(MISSING))  # the report that was there
    assert office.work().state is WorkState.RESOLVED
    office.store(report(MISSING, as_of=FEB))
    assert office.work().state is WorkState.OPEN
    assert office.told()[-1] == ("reopened", "counterfoil", "fixed in source, they said, but it still differs")


def test_a_proposal_falls_when_its_difference_changes(office: Office) -> None:
    office.store(report(MISSING))
    resolve(office, "aa11", Resolution.WRITTEN_OFF)
    office.store(report(seen_by(MISSING, "400.00")))
    assert (office.work().state, office.work().proposer) == (WorkState.OPEN, "")


def test_an_invalid_report_is_kept_and_changes_no_work(office: Office) -> None:
    office.store(report(MISSING))
    office.store(report(ROUNDING, unexplained="0.01"))
    assert office.work().state is WorkState.OPEN
    with office.hub.read() as tx:
        assert set(works(tx, "acme")) == {"aa11"}


# ── four eyes ──


def test_up_to_the_limit_one_person_writes_off_above_it_a_second_one_approves(office: Office) -> None:
    office.store(report(MISSING, ROUNDING))
    assert resolve(office, "bb22", Resolution.WRITTEN_OFF).state is WorkState.RESOLVED
    assert resolve(office, "aa11", Resolution.WRITTEN_OFF, ANN).state is WorkState.PENDING_APPROVAL
    assert not office.work().explained
    with pytest.raises(Refused, match="ann proposed it and cannot approve it: a second person must"):
        office.desk.approve(ANN, "aa11", comment="fine")
    with pytest.raises(Refused, match="mary may not approve: that takes the role reviewer, and mary is preparer"):
        office.desk.approve(MARY, "aa11", comment="fine")
    done = office.desk.approve(TOM, "aa11", comment="fine")
    assert (done.state, done.proposer, done.approver, done.explained) == (WorkState.RESOLVED, "ann", "tom", True)


def test_the_limit_is_per_unit_and_nought_where_none_is_set(office: Office) -> None:
    usd = replace(ROUNDING, unit="USD")
    office.store(report(usd))
    assert resolve(office, "bb22", Resolution.ACCEPTED).state is WorkState.PENDING_APPROVAL


def test_a_declined_proposal_is_open_again(office: Office) -> None:
    office.store(report(MISSING))
    resolve(office, "aa11", Resolution.ACCEPTED)
    declined = office.desk.approve(TOM, "aa11", comment="ask the shop first", decline=True)
    assert (declined.state, declined.resolution, declined.proposer) == (WorkState.OPEN, "", "")
    assert office.told()[-1] == ("declined", "tom", "ask the shop first")


def test_the_database_itself_keeps_four_eyes(office: Office) -> None:
    office.store(report(MISSING))
    resolve(office, "aa11", Resolution.WRITTEN_OFF)
    with pytest.raises(sa.exc.IntegrityError, match="four_eyes"), office.hub.begin() as tx:
        tx.execute(sa.update(break_work).values(approver="mary", state=WorkState.RESOLVED))


@pytest.mark.parametrize("statement", ["UPDATE break_event SET say = 'x'", "DELETE FROM break_event"])
def test_what_was_said_cannot_be_unsaid(office: Office, statement: str) -> None:
    office.store(report(MISSING))
    with pytest.raises(sa.exc.DBAPIError, match="break_event is append-only"), office.hub.begin() as tx:
        tx.exec_driver_sql(statement)


# ── what does not go ──


@pytest.mark.parametrize("words", [{"reason": " "}, {"comment": ""}])
def test_reason_and_comment_are_needed(office: Office, words: dict[str, str]) -> None:
    office.store(report(MISSING))
    with pytest.raises(Refused, match="is needed: whoever reads this in a year"):
        resolve(office, "aa11", Resolution.ADJUSTED, **words)
    assert office.work().state is WorkState.OPEN


def test_a_reason_is_short(office: Office) -> None:
    office.store(report(MISSING))
    with pytest.raises(Refused, match="at most 200 characters"):
        resolve(office, "aa11", Resolution.ADJUSTED, reason="x" * 201)


def test_an_operator_settles_nothing(office: Office) -> None:
    office.store(report(ROUNDING))
    with pytest.raises(Refused, match="otto may not write off or accept: that takes the role preparer or reviewer, and otto is operator"):
        resolve(office, "bb22", Resolution.WRITTEN_OFF, OTTO)


def test_what_is_closed_or_settled_cannot_be_worked_on(office: Office) -> None:
    office.store(report(MISSING, ROUNDING))
    resolve(office, "bb22", Resolution.WRITTEN_OFF)
    with pytest.raises(Refused, match=r"order 1003 \(0.01 EUR\) is resolved as written off; there is nothing to do"):
        office.desk.assign(MARY, "bb22", "otto")
    with pytest.raises(Refused, match="waits for nobody's approval: it is open"):
        office.desk.approve(TOM, "aa11", comment="yes")
    office.store(report(ROUNDING))
    with pytest.raises(Refused, match="closed because the difference is gone"):
        office.desk.reopen(MARY, "aa11", comment="no")
    assert office.desk.reopen(MARY, "bb22", comment="wrong one").state is WorkState.OPEN
    with pytest.raises(Refused, match="is not resolved: it is open"):
        office.desk.reopen(MARY, "bb22", comment="again")


def test_a_key_must_name_one_break(office: Office) -> None:
    office.store(report(MISSING, replace(ROUNDING, key="aa12")))
    with pytest.raises(Refused, match="'aa' may be aa11, aa12; give more of the key"):
        office.desk.comment(MARY, "aa", "x")
    with pytest.raises(Refused, match="acme has no break '%'"):
        office.desk.comment(MARY, "%", "x")


def test_nothing_is_left_of_a_refusal(office: Office) -> None:
    office.store(report(MISSING))
    rows = office.audit.anchor().count
    with pytest.raises(Refused):
        office.desk.reopen(MARY, "aa11", comment="x")
    assert office.audit.anchor().count == rows


# ── people ──


def test_who_somebody_is() -> None:
    assert actor_of(PEOPLE, "tom", "cli:root").signature == "tom (cli:root)"
    with pytest.raises(Misconfigured, match="names no people"):
        actor_of({}, "tom", "cli:root")
    with pytest.raises(Misconfigured, match="Say who you are"):
        actor_of(PEOPLE, None, "cli:root")
    with pytest.raises(Misconfigured, match=r"knows no 'marry' under people; did you mean.*mary"):
        actor_of(PEOPLE, "marry", "cli:root")


def test_a_name_may_belong_to_one_account() -> None:
    people = {"tom": PEOPLE["tom"].model_copy(update={"account": "tkelly"})}
    assert actor_of(people, "tom", "cli:tkelly").name == "tom"
    with pytest.raises(Refused, match="tom acts from the account 'tkelly' only; this is 'root'"):
        actor_of(people, "tom", "cli:root")


@pytest.mark.parametrize("right", RIGHTS)
def test_each_right_is_for_its_roles_alone(right: str) -> None:
    for actor in (MARY, TOM, ADA, VIC, OTTO, AUD):
        if set(actor.roles) & set(RIGHTS[right]):
            actor.require(right)
        else:
            with pytest.raises(Refused, match=rf"{actor.name} may not {right}"):
                actor.require(right)
    with pytest.raises(Refused, match="nobody is nothing"):
        Actor("nobody", ()).require(right)


# ── periods, and what is kept ──


def test_a_report_of_one_period_says_nothing_of_another(office: Office) -> None:
    office.store(report(MISSING))
    office.store(report(period="2026-02", as_of=FEB))
    assert office.work().state is WorkState.OPEN
    office.store(report(period="", as_of=FEB))
    assert office.work().state is WorkState.CLOSED


def test_open_breaks_of_earlier_periods_are_carried(office: Office) -> None:
    office.store(report(TRANSIT, ROUNDING))
    resolve(office, "bb22", Resolution.ACCEPTED)
    office.store(report(MISSING, period="2026-02", as_of=FEB))
    with office.hub.read() as tx:
        known = works(tx, "acme")
    assert [each.key for each in carried(known, "2026-02")] == ["cc33"]
    assert [*carried(known, "2026-01")] == []
    assert [*carried(known, "")] == []


def test_older_reports_go_and_their_hashes_stay(office: Office) -> None:
    numbers = [office.store(report(MISSING, sold=f"{amount}.00")) for amount in (1, 2, 3)]
    with office.hub.read() as tx:
        kept = tx.execute(sa.select(recon_run.c.recon_run_id).where(recon_run.c.report.is_not(None))).scalars().all()
        hashes = tx.execute(sa.select(recon_run.c.result_hash)).scalars().all()
        items = tx.execute(sa.select(recon_item.c.recon_run_id)).scalars().all()
        assert store.report_of(tx, numbers[-1]) == report(MISSING, sold="3.00")
    assert (kept, len(set(hashes)), items) == ([numbers[-1]], 3, [numbers[-1]])


def test_every_event_has_its_row_in_the_audit_log(office: Office) -> None:
    office.store(report(MISSING, ROUNDING))
    office.desk.assign(MARY, "aa11", "otto")
    with office.hub.read() as tx:
        rows = tx.execute(
            sa.select(break_event.c.what, audit_table.c.action, audit_table.c.subject, audit_table.c.actor)
            .join(audit_table, audit_table.c.audit_id == break_event.c.audit_id)
            .order_by(break_event.c.break_event_id)
        ).all()
    assert rows == [
        ("opened", "reconciled", "acme 2026-01", "counterfoil"),
        ("opened", "reconciled", "acme 2026-01", "counterfoil"),
        ("assigned", "break assigned", "acme aa11", "mary (cli:test)"),
    ]


@pytest.mark.parametrize(
    ("start", "end", "days"),
    [("2026-01-30", "2026-02-01", 0), ("2026-01-30", "2026-02-02", 1), ("2026-01-05", "2026-01-12", 5), ("2026-01-03", "2026-01-04", 0),
     ("2026-02-01", "2026-01-01", 0), ("2026-01-01", "2026-12-31", 260)],
)  # fmt: skip
def test_age_is_counted_in_business_days(start: str, end: str, days: int) -> None:
    assert business_days(date.fromisoformat(start), date.fromisoformat(end)) == days
    assert business_days(None, date.fromisoformat(end)) == 0


def test_the_page_for_finance_lists_who_may_do_what() -> None:
    page = (ROOT / "docs" / "close.md").read_text()
    rows = dict(re.findall(r"^\| ([a-z ]+) \| ([a-z, ]+) \|$", page.split("## Roles")[1], re.MULTILINE))
    assert {right: set(rows[right].split(", ")) for right in RIGHTS} == {right: set(roles) for right, roles in RIGHTS.items()}
    assert set(rows) - {"may", "look"} == set(RIGHTS)
