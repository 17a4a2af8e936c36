"""What is shown beside a report: work, what is carried over, roll-forward, signatures and log, as the exports take them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from pipelines.reconcile import store
from pipelines.reconcile.stand import extras, last_report, stand
from pipelines.reconcile.words import Resolution, Stage, WorkState
from tests.unit._closing import LIMITS, MARY, MISSING, ROUNDING, TOM, TRANSIT, Office, report

FEB = datetime(2026, 3, 2, 5, 0, tzinfo=UTC)


@pytest.fixture
def office(hub_url: str) -> Iterator[Office]:
    made = Office(hub_url)
    yield made
    made.hub.close()


def test_a_draft_has_its_work_and_nothing_else(office: Office) -> None:
    found = report(MISSING)
    office.store(found)
    standing = stand(office.hub, found)
    assert (standing.stage, standing.closing, standing.carried, [each.key for each in standing.work]) == (Stage.DRAFT, None, (), ["aa11"])
    assert standing.run is not None
    with office.hub.read() as tx:
        assert last_report(tx, "acme", "2026-01") == found
        assert last_report(tx, "acme", "2026-02") is None


def test_the_roll_forward_adds_up_from_period_to_period(office: Office) -> None:
    """January leaves a payout under way; in February it arrives, one difference is new, one is accepted."""
    office.store(report(TRANSIT))
    february = report(MISSING, ROUNDING, period="2026-02", as_of=FEB)
    office.store(february)
    office.desk.resolve(MARY, "bb22", Resolution.ACCEPTED, reason="rounds", comment="0.01", limits=LIMITS)
    before = {each.label: (each.count, each.net) for each in stand(office.hub, february).roll_forward}
    assert before == {
        "Open from earlier periods": (1, Decimal("-72.14")),
        "New in the period": (2, Decimal("-412.49")),
        "Closed, the difference is gone": (0, 0),
        "Accepted or written off": (-1, Decimal("-0.01")),
        "Open at the end": (2, Decimal("-484.64")),
    }
    office.store(report())
    after = {each.label: (each.count, each.net) for each in stand(office.hub, february).roll_forward}
    assert after["Closed, the difference is gone"] == (-1, Decimal("72.14"))
    for lines in (before, after):
        parts = [value for label, value in lines.items() if label != "Open at the end"]
        assert (sum(count for count, _ in parts), sum(net for _, net in parts)) == lines["Open at the end"]


def test_the_exports_are_handed_signatures_log_and_what_is_carried(office: Office) -> None:
    office.store(report(TRANSIT))
    for sign, actor in ((office.books.prepare, MARY), (office.books.review, TOM), (office.books.certify, TOM)):
        sign(actor, "2026-01")
    office.desk.assign(MARY, "cc33", "tom")
    office.store(report(TRANSIT, books="b1", booked="900.00"))
    told = extras(stand(office.hub, report(TRANSIT, books="b1", booked="900.00")), "Meadow & Mill Ltd")
    assert [(each.role, each.person) for each in told.sign_offs] == [("preparer", "mary"), ("reviewer", "tom"), ("reviewer", "tom")]
    assert all(each.frozen.startswith("decertified: target xero_eu") for each in told.sign_offs)
    assert [each.action for each in told.audit or ()] == [
        "reconciled", "close prepared", "close reviewed", "close certified", "reconciled", "decertified",
    ]  # fmt: skip
    assert (told.work[0].state, told.work[0].owner, told.legal_name) == (WorkState.ASSIGNED, "tom", "Meadow & Mill Ltd")
    february = report(period="2026-02", as_of=FEB)
    office.store(february)
    standing = stand(office.hub, february)
    (carried,) = extras(standing).carried or ()
    assert (carried.found.key, carried.owner, carried.found.age) == ("cc33", "tom", standing.age(standing.carried[0]))
    assert carried.found.age > 20


def test_what_came_late_is_told_beside_the_certificate(office: Office) -> None:
    office.store(report())
    for sign, actor in ((office.books.prepare, MARY), (office.books.review, TOM), (office.books.certify, TOM)):
        sign(actor, "2026-01")
    after = store.with_late(office.hub, report(MISSING))
    office.store(after)
    standing = stand(office.hub, after)
    assert (standing.stage, [each.key for each in standing.late]) == (Stage.CERTIFIED, ["aa11"])
