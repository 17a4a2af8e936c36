"""The program prepares a month that nothing waits for, where the company has chosen so; and never goes further."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
import yaml

from pipelines.home.load import load
from pipelines.hub import keys
from pipelines.hub.audit import Audit
from pipelines.hub.ledger_tables import period as period_table
from pipelines.hub.ledger_tables import sign_off
from pipelines.hub.store import Hub
from pipelines.reconcile.automatic import prepare_due
from pipelines.reconcile.closing import Books, live_closing
from pipelines.reconcile.rights import Actor, Refused
from pipelines.reconcile.store import SYSTEM, store
from pipelines.reconcile.words import Stage
from taps._kit.errors import Misconfigured
from tests._kit.bad_input import Office, sale
from tests.unit._closing import MARY, MISSING, TOM, TRANSIT, report

JAN, FEB = "2026-01", "2026-02"
NOW = datetime(2026, 3, 4, 9, tzinfo=UTC)
MARCH = datetime(2026, 3, 1, 5, tzinfo=UTC)


@pytest.fixture
def office(tmp_path):
    found = Office(tmp_path / "home", "csv")
    found.write([sale("1001")])
    found.run()
    choose(found, auto="prepare")
    return found


def choose(office, **close):
    settings = yaml.safe_load((office.path / "counterfoil.yaml").read_text())
    settings["people"] = {"mary": {"roles": ["preparer"]}, "tom": {"roles": ["reviewer"]}}
    settings["companies"]["acme"]["close"] = close
    office.put("counterfoil.yaml", settings)


@pytest.fixture
def hub(office):
    made = Hub(load(office.path).hub_url, clock=lambda: NOW)
    yield made
    made.close()


def audit(office, hub):
    return Audit(hub, keys.load(office.path))


def keep(office, hub, *breaks, **changes):
    store(hub, audit(office, hub), report(*breaks, **changes))


def books(office, hub):
    home = load(office.path)
    return Books(hub, audit(office, hub), "acme", home.installation.companies["acme"], home.installation.people)


def go(office, hub):
    return {each.period: each.say for each in prepare_due(hub, audit(office, hub), load(office.path), "acme", "cli:cron")}


def signed(hub):
    with hub.read() as tx:
        return [tuple(row) for row in tx.execute(sa.select(sign_off.c.stage, sign_off.c.person).order_by(sign_off.c.sign_off_id))]


def test_it_prepares_what_nothing_waits_for_and_never_goes_further(office, hub):
    keep(office, hub, TRANSIT)  # a payout under way is carried over
    assert go(office, hub) == {
        JAN: "2026-01 is prepared. A reviewer must look at it: counterfoil close review --period 2026-01",
        FEB: "2026-02 is not prepared: it has not been reconciled yet: counterfoil reconcile --period 2026-02.",
    }
    for _ in range(3):
        assert go(office, hub)[JAN] == "2026-01 is not prepared: it is prepared already, and waits for a reviewer."
    assert signed(hub) == [(Stage.PREPARED, SYSTEM)]
    with hub.read() as tx:
        assert tx.execute(sa.select(sa.func.count()).select_from(period_table)).scalar_one() == 0  # nothing is locked
        said = live_closing(tx, "acme", JAN).signatures[0].statement
    assert "Nobody has looked yet." in said
    for act in (books(office, hub).review, books(office, hub).certify):
        with pytest.raises(Refused, match="may not"):
            act(Actor(SYSTEM, (), "cli:cron"), JAN)


def test_people_go_on_where_it_stopped(office, hub):
    keep(office, hub)
    go(office, hub)
    books(office, hub).review(TOM, JAN)
    assert "it is reviewed already (by counterfoil, tom)" in go(office, hub)[JAN]
    books(office, hub).certify(TOM, JAN)
    assert JAN not in go(office, hub)
    assert [stage for stage, _person in signed(hub)] == [Stage.PREPARED, Stage.REVIEWED, Stage.CERTIFIED]


def test_what_a_person_prepared_is_left_to_people(office, hub):
    keep(office, hub)
    books(office, hub).prepare(MARY, JAN)
    keep(office, hub, sold="1001.00")
    assert "it is prepared already (by mary)" in go(office, hub)[JAN]
    assert signed(hub) == [(Stage.PREPARED, "mary")]


def test_other_figures_are_prepared_anew(office, hub):
    keep(office, hub)
    go(office, hub)
    keep(office, hub, sold="1001.00")
    assert go(office, hub)[JAN].startswith("2026-01 is prepared.")
    assert signed(hub) == [(Stage.PREPARED, SYSTEM)] * 2


@pytest.mark.parametrize("open_breaks", ["refuse", "list"])
def test_an_open_break_waits_for_a_person_also_where_it_could_be_listed(office, hub, open_breaks):
    choose(office, auto="prepare", open_breaks=open_breaks)
    keep(office, hub, MISSING)
    assert "2026-01 is not prepared: 1 " in go(office, hub)[JAN]
    assert signed(hub) == []


def test_the_month_before_must_be_certified(office, hub):
    keep(office, hub, MISSING)
    keep(office, hub, period=FEB, as_of=MARCH)
    assert go(office, hub)[FEB] == "2026-02 is not prepared: 2026-01 is not certified yet."
    assert signed(hub) == []


def test_a_cut_off_inside_the_month_and_a_month_that_is_not_over_are_none(office, hub):
    keep(office, hub, as_of=datetime(2026, 1, 20, tzinfo=UTC))
    keep(office, hub, period="2026-03", as_of=NOW)
    said = go(office, hub)
    assert "reconcile again after it" in said[JAN]
    assert "2026-03" not in said
    assert signed(hub) == []


def test_nothing_is_prepared_unless_the_company_chose_it(office, hub):
    choose(office)
    keep(office, hub)
    with pytest.raises(Misconfigured, match="auto: prepare"):
        go(office, hub)
    assert office("close", "auto").code == 2
    assert signed(hub) == []


def test_the_command_says_what_became_of_each_month(office, hub):
    keep(office, hub)
    said = office("close", "auto")
    assert (said.code, "2026-01 is prepared. A reviewer must look at it" in said.out) == (0, True)
    assert [each["prepared"] for each in office("close", "auto", "--json").json["months"]][:1] == [False]


def test_nobody_else_may_bear_the_programs_name(office):
    settings = yaml.safe_load((office.path / "counterfoil.yaml").read_text())
    office.put("counterfoil.yaml", settings | {"people": {"counterfoil": {"roles": ["reviewer"]}}})
    with pytest.raises(Misconfigured, match="how the program itself signs"):
        load(office.path)
