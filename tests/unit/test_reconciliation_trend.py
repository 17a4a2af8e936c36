"""Key figures from a hub, and the command that shows them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
import yaml

from pipelines.home.load import load
from pipelines.hub import keys
from pipelines.hub.audit import Audit
from pipelines.hub.ledger_tables import crosswalk, operation
from pipelines.hub.store import Hub
from pipelines.reconcile.acting import Desk
from pipelines.reconcile.closing import Books
from pipelines.reconcile.store import store
from pipelines.reconcile.trend import trend
from pipelines.reconcile.words import BreakClass, Resolution
from tests._kit.bad_input import Office, sale
from tests.unit._closing import LIMITS, MARY, TOM, report
from tests.unit._reconciliation import broken

D = Decimal
FEB = datetime(2026, 2, 1, 5, 0, tzinfo=UTC)
FIRST = broken(BreakClass.AMOUNT, "10", "13", key="k1", age=9)
SECOND = broken(BreakClass.MISSING_IN_SOURCE, "0", "2", key="k2", age=4)


class Clock:
    def __init__(self):
        self.now = FEB

    def __call__(self):
        return self.now


@pytest.fixture
def office(tmp_path):
    """A home that has booked two sales, into books and stock."""
    found = Office(tmp_path / "home", "csv")
    found.write([sale("1001"), sale("1002", "1.00")])
    found.run()
    settings = yaml.safe_load((found.path / "counterfoil.yaml").read_text())
    settings["people"] = {"mary": {"roles": ["preparer"]}, "tom": {"roles": ["reviewer"]}}
    settings["companies"]["acme"]["minutes_by_hand"] = 6
    found.put("counterfoil.yaml", settings)
    return found


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def hub(office, clock):
    made = Hub(load(office.path).hub_url, clock=clock)
    yield made
    made.close()


def keep(office, hub, *breaks, **changes):
    store(hub, Audit(hub, keys.load(office.path)), report(*breaks, **{"as_of": hub.clock(), **changes}))


def test_times_are_those_of_the_work_on_breaks(office, hub, clock):
    audit = Audit(hub, keys.load(office.path))
    keep(office, hub, FIRST, SECOND)
    assert trend(hub, load(office.path), "acme").days_to_resolve is None
    clock.now += timedelta(days=1)
    Desk(hub, audit, "acme").resolve(MARY, "k1", Resolution.ACCEPTED, reason="known", comment="3.00", limits=LIMITS)
    clock.now += timedelta(days=2)
    keep(office, hub, FIRST)  # the second is gone; the first stays as it was accepted
    found = trend(hub, load(office.path), "acme")
    assert (found.days_to_resolve, found.oldest, found.hand_entries, found.freshness_hours) == (D("2.0"), 9, 0, 0)
    clock.now += timedelta(days=1)
    keep(office, hub, FIRST, SECOND)  # and it comes back
    assert trend(hub, load(office.path), "acme").days_to_resolve == D("1.0")
    assert [point.breaks for point in trend(hub, load(office.path), "acme").history] == [2, 1, 2]
    clock.now += timedelta(days=1)
    keep(office, hub, FIRST)  # its end is the last one, five days after it was seen first
    assert trend(hub, load(office.path), "acme").days_to_resolve == D("3.0")


def test_documents_that_nobody_typed_are_counted_at_each_target(office, hub):
    found = trend(hub, load(office.path), "acme")
    assert (found.hours_saved, found.duplicates_prevented) == (D("0.4"), 0)  # two sales, in books and in stock, six minutes each
    with hub.begin() as tx:
        tx.execute(crosswalk.update().where(crosswalk.c.connection_id == "ledger").values(origin="adopted"))
        tx.execute(operation.update().where(operation.c.target == "stock").values(effect="record"))
    found = trend(hub, load(office.path), "acme")
    assert (found.hours_saved, found.duplicates_prevented) == (D("0.2"), 2)  # nobody types a record for its own sake


def test_a_month_is_on_time_up_to_its_due_day(office, hub, clock):
    home, audit = load(office.path), Audit(hub, keys.load(office.path))
    books = Books(hub, audit, "acme", home.installation.companies["acme"], home.installation.people)
    keep(office, hub)
    assert trend(hub, home, "acme").certified_on_time is None
    clock.now = datetime(2026, 2, 9, 9, tzinfo=UTC)  # the fifth working day was the 6th
    assert trend(hub, home, "acme").certified_on_time == 0
    clock.now = datetime(2026, 2, 6, 9, tzinfo=UTC)
    books.prepare(MARY, "2026-01")
    books.review(TOM, "2026-01")
    books.certify(TOM, "2026-01")
    assert trend(hub, home, "acme").certified_on_time == 1


def test_at_a_cut_off_later_runs_do_not_count(office, hub, clock):
    keep(office, hub, FIRST)
    before = trend(hub, load(office.path), "acme", at=FEB)
    clock.now += timedelta(days=3)
    keep(office, hub, SECOND, period="2026-02")
    assert trend(hub, load(office.path), "acme", at=FEB) == before


def test_the_command_shows_figures_and_history(office, hub, clock):
    said = office("kpis").out
    assert "not known: nothing was reconciled yet" in said
    assert "History" not in said
    keep(office, hub, FIRST, SECOND)
    clock.now += timedelta(days=1)
    keep(office, hub, FIRST)
    said = office("kpis")
    assert said.code == 0
    assert "Hours saved" in said.out
    assert said.out.count("2026-01") == 1
    assert office("kpis", "--every").out.count("2026-01") == 2
    told = office("kpis", "--every", "--json").json
    assert (told["company"], told["hours_saved"], told["duplicates_prevented"]) == ("acme", "0.4", 0)
    assert [(point["unit"], point["breaks"], point["gross"]) for point in told["history"]] == [("EUR", 2, "5.00"), ("EUR", 1, "3.00")]
    assert len(office("kpis", "--every", "--limit", "1", "--json").json["history"]) == 1
    assert office("kpis", "--company", "amce").code == 2
