"""The close of a period: prepared by one, reviewed and certified by another, fallen only when its books changed."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
import sqlalchemy as sa

from pipelines.hub.ledger_tables import audit as audit_table
from pipelines.hub.ledger_tables import closing, period, sign_off
from pipelines.hub.periods import closed
from pipelines.reconcile import store
from pipelines.reconcile.canonical import bound_hash, digest
from pipelines.reconcile.closing import bounds, closings, live_closing
from pipelines.reconcile.exports.json import to_json
from pipelines.reconcile.rights import Refused
from pipelines.reconcile.statement import _OWN
from pipelines.reconcile.words import Resolution, Stage, WorkState
from taps._kit.errors import Misconfigured
from tests.unit._closing import ADA, ANN, LIMITS, MARY, MISSING, ROUNDING, TOM, TRANSIT, VIC, Office, report

JAN = "2026-01"
FORK = multiprocessing.get_context("fork")


@pytest.fixture
def office(hub_url: str) -> Iterator[Office]:
    made = Office(hub_url)
    yield made
    made.hub.close()


def certify(office: Office, found=None) -> None:
    """All three signatures under a report."""
    office.store(found or report())
    office.books.prepare(MARY, JAN)
    office.books.review(TOM, JAN)
    office.books.certify(TOM, JAN)


def stages(office: Office) -> list[Stage]:
    with office.hub.read() as tx:
        return [each.stage for each in closings(tx, "acme", JAN)]


def live(office: Office):
    with office.hub.read() as tx:
        return live_closing(tx, "acme", JAN)


def locked(office: Office) -> bool:
    with office.hub.read() as tx:
        return closed(tx).covers("acme", date(2026, 1, 31))


# ── the way to a certificate ──


def test_from_draft_to_certified(office: Office) -> None:
    found = report(ROUNDING, TRANSIT)
    office.store(found)
    office.desk.resolve(MARY, "bb22", Resolution.ACCEPTED, reason="the target rounds", comment="0.01", limits=LIMITS)

    assert office.books.prepare(MARY, JAN).stage is Stage.PREPARED
    assert office.books.review(TOM, JAN).stage is Stage.REVIEWED
    assert not locked(office)
    done = office.books.certify(TOM, JAN)

    assert (done.stage, done.preparer, done.signed_by) == (Stage.CERTIFIED, "mary", "mary, tom, tom")
    assert locked(office)
    bound = bound_hash(found.inputs_hash, found.rules, digest(to_json(found)))
    assert {each.bound_hash for each in done.signatures} == {bound}
    assert done.signatures[2].statement.splitlines() == [
        "Meadow & Mill Ltd (acme), 2026-01, reconciliation abcdefabcdef, cut-off 2026-02-01 05:00:00 UTC.",
        f"I certify this reconciliation, which mary prepared: {_OWN}.",
        "Unexplained: 0.00 EUR.",
        "1 accepted or written off: +0.01 EUR.",
        "1 carried over, under way: −72.14 EUR.",
        f"Signed as certified by tom over SHA-256 {bound}.",
    ]


def test_a_company_may_certify_in_its_own_words(hub_url: str) -> None:
    office = Office(hub_url, statement="We confirm that turnover is complete.")
    certify(office)
    assert "\nWe confirm that turnover is complete.\n" in live(office).signatures[2].statement
    office.hub.close()


def test_each_signature_is_proved_by_its_row_in_the_audit_log(office: Office) -> None:
    certify(office)
    done = live(office)
    last = done.signatures[2]
    with office.hub.read() as tx:
        row = tx.execute(sa.select(audit_table).where(audit_table.c.audit_id == last.audit)).one()
    run = report().run
    content = {"stage": "certified", "run": run, "bound": last.bound_hash, "statement": last.statement, "evidence": digest(last.evidence),
               "closing": done.number}  # fmt: skip
    assert (row.actor, row.action, row.subject, row.digest) == (
        "tom (cli:test)",
        "close certified",
        "acme 2026-01",
        office.audit.digest(content),
    )


# ── four eyes ──


def test_who_prepared_can_neither_review_nor_certify(office: Office) -> None:
    office.store(report())
    office.books.prepare(ANN, JAN)
    with pytest.raises(Refused, match="ann prepared 2026-01 and cannot sign it as reviewed: a second person must"):
        office.books.review(ANN, JAN)
    office.books.review(TOM, JAN)
    with pytest.raises(Refused, match="ann prepared 2026-01 and cannot sign it as certified"):
        office.books.certify(ANN, JAN)


@pytest.mark.parametrize(("preparer", "broken"), [("ann", "two_people|ck_sign_off"), ("mary", "FOREIGN KEY|fk_sign_off_closing")])
def test_the_database_keeps_them_apart_though_the_code_were_gone(office: Office, preparer: str, broken: str) -> None:
    """A forged row fails the check; one that lies about who prepared fails the foreign key."""
    office.store(report())
    number = office.books.prepare(ANN, JAN).number
    forged = {"sign_off_id": 99, "closing_id": number, "stage": "reviewed", "person": "ann", "preparer": preparer, "actor": "ann",
              "statement": "", "bound_hash": "", "evidence": "{}", "audit_id": 1, "signed_at": office.clock()}  # fmt: skip
    with pytest.raises(sa.exc.IntegrityError, match=broken), office.hub.begin() as tx:
        tx.execute(sa.insert(sign_off).values(forged))


@pytest.mark.parametrize("statement", ["UPDATE sign_off SET person = 'x'", "DELETE FROM sign_off"])
def test_a_signature_cannot_be_changed(office: Office, statement: str) -> None:
    certify(office)
    with pytest.raises(sa.exc.DBAPIError, match="sign_off is append-only"), office.hub.begin() as tx:
        tx.exec_driver_sql(statement)


def test_the_preparer_of_a_signed_closing_cannot_be_exchanged(office: Office) -> None:
    office.store(report())
    office.books.prepare(MARY, JAN)
    with pytest.raises(sa.exc.IntegrityError), office.hub.begin() as tx:
        tx.execute(sa.update(closing).values(preparer="tom"))


def test_a_period_has_one_closing_that_is_alive(office: Office) -> None:
    office.store(report())
    office.books.prepare(MARY, JAN)
    with pytest.raises(sa.exc.IntegrityError), office.hub.begin() as tx:
        tx.execute(
            sa.insert(closing).values(
                closing_id=9, company_id="acme", period=JAN, recon_run_id=1, preparer="tom", stage="prepared", opened_at=office.clock()
            )
        )


def test_two_reviewers_at_once_give_one_signature(office: Office, hub_url: str) -> None:
    office.store(report())
    office.books.prepare(MARY, JAN)
    start, answers = FORK.Barrier(2), FORK.Queue()

    def child(actor) -> None:
        own = Office(hub_url)
        start.wait()
        try:
            own.books.review(actor, JAN)
            answers.put("signed")
        except Refused as refused:
            answers.put(refused.say)

    children = [FORK.Process(target=child, args=(actor,)) for actor in (TOM, ANN)]
    for process in children:
        process.start()
    told = sorted(answers.get(timeout=60) for _ in children)
    for process in children:
        process.join()
    assert told[0].startswith("2026-01 of acme is reviewed already (by mary, ")
    assert told[1] == "signed"
    assert [each.stage for each in live(office).signatures] == [Stage.PREPARED, Stage.REVIEWED]


def test_roles_are_needed(office: Office) -> None:
    office.store(report())
    for act, actor, right in (
        (office.books.prepare, TOM, "prepare"), (office.books.review, MARY, "review"), (office.books.certify, ADA, "certify"),
        (office.books.prepare, VIC, "prepare"),
    ):  # fmt: skip
        with pytest.raises(Refused, match=f"{actor.name} may not {right}: that takes the role"):
            act(actor, JAN)
    with pytest.raises(Refused, match="mary may not unlock: that takes the role admin or reviewer"):
        office.books.unlock(MARY, JAN, "x")


# ── what forbids a signature ──


def test_unexplained_open_and_too_early_are_told_all_at_once(office: Office) -> None:
    office.store(report(MISSING, unexplained="0.02", as_of=datetime(2026, 1, 31, 23, 59, tzinfo=UTC)))
    with pytest.raises(Refused) as refused:
        office.books.prepare(MARY, JAN)
    assert refused.value.say.splitlines() == [
        "2026-01 of acme cannot be signed:",
        " - Unexplained is not 0.00 (0.02 EUR): that is a fault of the reconciliation itself. Report it; nobody can sign it.",
        " - The period runs until 2026-01-31, and the cut-off is 2026-01-31 23:59 UTC: reconcile again after it.",
    ]
    assert stages(office) == []


def test_an_open_break_forbids_it_unless_it_is_carried_or_accepted(office: Office) -> None:
    office.store(report(MISSING, TRANSIT))
    with pytest.raises(Refused, match=r"1 break is open \(−412.50 EUR\): aa11 order 1042: −412.50 EUR, MISSING_IN_TARGET, open."):
        office.books.prepare(MARY, JAN)
    office.desk.resolve(MARY, "aa11", Resolution.ACCEPTED, reason="r", comment="c", limits=LIMITS)
    with pytest.raises(Refused, match="pending approval"):
        office.books.prepare(MARY, JAN)
    office.desk.approve(TOM, "aa11", comment="c")
    assert office.books.prepare(MARY, JAN).stage is Stage.PREPARED


def test_a_claim_that_it_was_mended_is_no_acceptance(office: Office) -> None:
    office.store(report(MISSING))
    office.desk.resolve(MARY, "aa11", Resolution.REPOSTED, reason="r", comment="c", limits=LIMITS)
    with pytest.raises(Refused, match="MISSING_IN_TARGET, resolved"):
        office.books.prepare(MARY, JAN)


def test_a_company_may_list_open_breaks_instead(hub_url: str) -> None:
    office = Office(hub_url, open_breaks="list", carry=[])
    certify(office, report(MISSING, TRANSIT))
    assert "2 open and listed: −484.64 EUR." in live(office).signatures[2].statement
    office.hub.close()


def test_a_reopened_break_forbids_the_next_signature(office: Office) -> None:
    office.store(report(ROUNDING))
    office.desk.resolve(MARY, "bb22", Resolution.ACCEPTED, reason="r", comment="c", limits=LIMITS)
    office.books.prepare(MARY, JAN)
    office.desk.reopen(MARY, "bb22", comment="no, it is ours")
    with pytest.raises(Refused, match="1 break is open"):
        office.books.review(TOM, JAN)


def test_what_is_not_there_is_said(office: Office) -> None:
    with pytest.raises(Refused, match="2026-01 of acme has not been reconciled yet: counterfoil reconcile --period 2026-01"):
        office.books.prepare(MARY, JAN)
    office.store(report())
    with pytest.raises(Refused, match="is not prepared yet: counterfoil close prepare"):
        office.books.review(TOM, JAN)
    office.books.prepare(MARY, JAN)
    with pytest.raises(Refused, match="is not reviewed yet: counterfoil close review"):
        office.books.certify(TOM, JAN)
    with pytest.raises(Misconfigured, match="'January' is no period"):
        office.books.prepare(MARY, "January")
    assert bounds("2028-02") == (date(2028, 2, 1), date(2028, 2, 29))


def test_figures_that_changed_since_are_prepared_anew(office: Office) -> None:
    office.store(report())
    first = office.books.prepare(MARY, JAN)
    office.store(report(as_of=datetime(2026, 2, 3, 5, 0, tzinfo=UTC), inputs="asked later"))
    office.books.review(TOM, JAN)  # the same figures, asked later
    office.store(report(sold="1000.01"))
    with pytest.raises(Refused, match="The figures of 2026-01 are not those that mary prepared any more"):
        office.books.certify(TOM, JAN)
    office.books.prepare(MARY, JAN)
    with office.hub.read() as tx:
        old, new = closings(tx, "acme", JAN)
    assert (old.number, old.stage, old.reason, len(old.signatures)) == (first.number, Stage.WITHDRAWN, "prepared anew by mary", 2)
    assert (new.stage, len(new.signatures)) == (Stage.PREPARED, 1)


# ── what lets a certificate fall, and what does not ──


def test_a_late_refund_leaves_it_certified_and_is_listed(office: Office) -> None:
    certify(office, report(TRANSIT))
    refund = replace(MISSING, key="dd44", kind="refund", number="R1042")
    after = store.with_late(office.hub, report(TRANSIT, refund, sold="587.50"))
    assert [each.key for each in after.late] == ["dd44"]
    office.store(after)
    assert stages(office) == [Stage.CERTIFIED]
    assert locked(office)
    assert office.work("dd44").state is WorkState.OPEN
    with pytest.raises(Refused, match="2026-01 of acme is certified already"):
        office.books.prepare(MARY, JAN)


def test_the_books_of_the_period_changed_so_it_falls_and_says_why(office: Office) -> None:
    certify(office)
    before = live(office).signatures
    office.store(report(books="b1", booked="1119.00"))
    with office.hub.read() as tx:
        (fallen,) = closings(tx, "acme", JAN)
    assert fallen.stage is Stage.DECERTIFIED
    assert fallen.reason == "target xero_eu, invoice: 10 → 10 items, 1,000.00 → 1,119.00 EUR (+119.00)."
    assert fallen.signatures == before
    assert locked(office)

    office.books.prepare(MARY, JAN)
    office.books.review(TOM, JAN)
    office.books.certify(TOM, JAN)
    assert stages(office) == [Stage.DECERTIFIED, Stage.CERTIFIED]


def test_single_documents_are_named_where_the_totals_are_the_same(office: Office) -> None:
    certify(office, report(TRANSIT))
    office.store(report(TRANSIT, replace(ROUNDING, actual=ROUNDING.expected), books="b1", booked="927.86"))
    with office.hub.read() as tx:
        (fallen,) = closings(tx, "acme", JAN)
    assert fallen.reason == "target xero_eu, order 1003: is not what it was."


def test_late_is_nothing_where_nothing_is_certified_or_the_books_changed(office: Office) -> None:
    office.store(report())
    assert store.with_late(office.hub, report(MISSING)).late == ()
    certify(office)
    assert store.with_late(office.hub, report(MISSING, books="b1")).late == ()


def test_an_invalid_report_lets_no_certificate_fall(office: Office) -> None:
    certify(office)
    office.store(report(books="b1", unexplained="0.01"))
    assert stages(office) == [Stage.CERTIFIED]


def test_unlocking_takes_a_role_and_a_reason_and_lets_it_fall(office: Office) -> None:
    certify(office)
    with pytest.raises(Refused, match="Say why with --reason"):
        office.books.unlock(ADA, JAN, " ")
    fallen = office.books.unlock(ADA, JAN, "auditor's adjustment")
    assert (fallen.stage, fallen.reason) == (Stage.DECERTIFIED, "unlocked by ada: auditor's adjustment")
    assert not locked(office)
    with office.hub.read() as tx:
        assert tx.execute(sa.select(period.c.status, period.c.lock_source)).all() == [("open", "")]
    with pytest.raises(Refused, match="is neither certified nor locked"):
        office.books.unlock(ADA, JAN, "again")


def test_what_is_explained_in_a_certificate_stays_so(office: Office) -> None:
    office.store(report(ROUNDING))
    office.desk.resolve(MARY, "bb22", Resolution.ACCEPTED, reason="r", comment="c", limits=LIMITS)
    certify(office, report(ROUNDING))
    with pytest.raises(Refused, match=r"is explained in the certificate of 2026-01\. Unlock the period first"):
        office.desk.reopen(MARY, "bb22", comment="x")
    office.books.unlock(TOM, JAN, "wrong account")
    assert office.desk.reopen(MARY, "bb22", comment="x").state is WorkState.OPEN


def test_the_figures_of_a_signed_run_are_kept(office: Office) -> None:
    certify(office, report())
    office.store(report(sold="1.00"))
    office.store(report(sold="2.00"))
    with office.hub.read() as tx:
        assert store.report_of(tx, live(office).run_id) == report()
        assert store.newest(tx, "acme", JAN).figures_hash != store.run_of(tx, live(office).run_id).figures_hash
