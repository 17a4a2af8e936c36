"""Lines of the mail that reconciliations do not tell: from what lies in a home and its hub to the sentence, and none from nothing."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
import yaml

from pipelines.home.load import load
from pipelines.hub import keys
from pipelines.hub.audit import Audit
from pipelines.hub.store import Hub
from pipelines.hub.vault import Vault
from pipelines.reconcile.closing import Books
from pipelines.reconcile.mail import compose
from pipelines.reconcile.morning import gather
from pipelines.reconcile.report import Line as Step
from pipelines.reconcile.report import Waterfall
from pipelines.reconcile.store import store
from pipelines.reconcile.words import BreakClass
from tests._kit.bad_input import Office, sale
from tests.unit._bank import Line, Sheet, camt
from tests.unit._closing import MARY, TOM, report
from tests.unit._reconciliation import broken
from tests.unit._smtp import certificate

D = Decimal
NOW = datetime(2026, 1, 6, 6, 0, tzinfo=UTC)
"""The mail is about 5 January."""
DRAWERS = """
mapping: till/drawers
version: 1
documents:
  - type: cash_drawer_session
    id: record.id
    fields:
      business_date: day(date)
      location: place
      status: record.status
      currency: currency
      expected_cash: number(expected)
      counted_cash: number(counted) if counted else None
      over_short: number(counted) - number(expected) if counted else 0
"""
PLACES = """
mapping: till/places
version: 1
documents: [{type: location, id: record.id, fields: {name: record.name}}]
"""


@pytest.fixture
def office(tmp_path):
    """A home with a shop, a till whose drawers are read, and a bank; nothing has happened at the last two."""
    found = Office(tmp_path / "home", "csv")
    found.write([sale("1001")])
    for folder in ("mappings/till", "bank"):
        (found.path / folder).mkdir()
    (found.path / "mappings/till/drawers.yaml").write_text(DRAWERS)
    (found.path / "mappings/till/places.yaml").write_text(PLACES)
    files = {name: {"path": f"files/{name}.jsonl", "key": ["id"]} for name in ("drawers", "places")}
    own = {"company": "acme", "timezone": "Europe/Dublin"}
    till = {"tap": "files", "config": {"streams": files}, "mappings": {"drawers": "till/drawers", "places": "till/places"}}
    found.component("connections/till", "Connection", own | till)
    bank = {"tap": "bank", "config": {"files": [{"path": "bank/"}]}, "mappings": {"entries": "bank/entries"}}
    found.component("connections/bank", "Connection", own | bank)
    file = found.path / "routes/sales.yaml"
    route = yaml.safe_load(file.read_text())
    route["attributes"]["sources"] = ["shop", "till", "bank"]
    for posting in route["attributes"]["posting"]:
        posting["*"] = {"exclude": "not booked here"}
    found.put("routes/sales.yaml", route)
    puts(found, "drawers", [])
    puts(found, "places", [{"id": "L1", "name": "Dublin"}])
    return found


def puts(office, name, rows):
    (office.path / f"files/{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


def shift(number, counted="200.00", **given):
    row = {"id": number, "date": "2026-01-05", "place": "L1", "status": "closed", "currency": "EUR", "expected": "200.00"}
    return row | {"counted": counted} | given


def mail(office, *reports, now=NOW, before=lambda _hub: None):
    hub = Hub(load(office.path).hub_url, clock=lambda: now)
    try:
        before(hub)
        for each in reports:
            store(hub, Audit(hub, keys.load(office.path)), each)
        return compose(*gather(load(office.path), hub, "acme")).get_body(("plain",)).get_content()
    finally:
        hub.close()


# ── drawers ──


def test_drawers_are_summed_by_the_name_of_their_store(office):
    shifts = [shift("d1", "197.25"), shift("d2"), shift("d3", place="L2"), shift("d4", "201.00", place="L3")]
    puts(office, "drawers", [*shifts, shift("d5", "0.00", date="2026-01-04")])
    office("run")
    assert "Drawers\n  Dublin   short 2.75 EUR\n  L2   to the cent\n  L3   over 1.00 EUR\n" in mail(office)


def test_a_drawer_that_nobody_counted_says_so(office):
    puts(office, "drawers", [shift("d1", "197.25"), shift("d2", None, status="ended"), shift("d3", None, status="open", place="L2")])
    office("run")
    assert "Drawers\n  Dublin   short 2.75 EUR, 1 not counted yet\n  L2   1 not counted yet\n" in mail(office)


def test_no_drawer_no_line(office):
    office("run")
    assert "Drawers" not in mail(office)


# ── the bank ──


def test_the_balance_of_an_account_is_that_of_its_newest_statement(office):
    for number, day, amount in (("1", 2, "5.00"), ("2", 5, "-7.50")):
        opening = D("100.00") if number == "1" else D("105.00")
        sheet = Sheet((Line(date(2026, 1, day), D(amount)),), opening, date(2026, 1, day), date(2026, 1, day), number=number)
        (office.path / f"bank/{number}").write_bytes(camt(sheet))
    office("run")
    assert "Payouts and the bank\n  bank …2051   balance 97.50 EUR   of 2026-01-05\n" in mail(office)


def test_a_bank_without_a_statement_says_why_its_balance_is_not_known(office):
    office("run")
    assert "  bank   balance not known: no statement was read yet\n" in mail(office)


def test_payouts_stand_beside_what_the_bank_has_booked(office):
    def bank(*lines, unexplained="0"):
        first, last = Step("Source: payout", D("500"), 2, "corner"), Step("At the target", D("427.86"), 1, "total")
        return report(
            waterfalls=(Waterfall("payouts", "Payouts, leg by leg", "bank/payouts", "EUR", (first, *lines, last), D(unexplained)),)
        )

    office("run")
    way = Step("In transit", D("-72.14"), 1, "break", "IN_TRANSIT")
    said = "bank/payouts   payouts 500.00 EUR   bank 427.86 EUR   "
    assert said + "agrees" in mail(office, bank(way))
    assert said + "differs by (2.14) EUR" in mail(
        office, bank(replace(way, amount=D("-70")), replace(way, amount=D("-2.14"), note="AMOUNT"))
    )


# ── typed by hand ──


def test_what_was_typed_by_hand_is_what_a_run_saw_first_since_yesterday(office):
    old = broken(BreakClass.MISSING_IN_SOURCE, "0", "30", key="t1", sheet="ledger/money", age=2)
    new = broken(BreakClass.MISSING_IN_SOURCE, "0", "44", key="t2", sheet="ledger/money", age=90)
    office("run")
    assert "Typed by hand" not in mail(office, report(broken(BreakClass.AMOUNT, "1", "3", key="a")))
    mail(office, report(old), now=NOW - timedelta(days=3))
    assert "Typed by hand" not in mail(office, report(old))
    said = mail(office, report(old, new))
    assert "Typed by hand since yesterday\n  not known at any source, ledger/money   1   44.00 EUR\n" in said


# ── what ends ──


def remote(office):
    """Books at Xero beside the ledger."""
    config = {"tenant_id": "11111111-1111-1111-1111-111111111111"}
    office.component("connections/xero_eu", "Connection", {"target": "xero", "config": config})
    route = yaml.safe_load((office.path / "routes/sales.yaml").read_text())
    postings = route["attributes"]["posting"]
    postings.append({**postings[0], "name": "second", "target": "xero_eu"})
    office.put("routes/sales.yaml", route)


def kept_on(office, day):
    def keep(hub):
        Vault(Hub(load(office.path).hub_url, clock=lambda: day), keys.load(office.path)).store("xero_eu", "refresh_token", "t")

    return keep


def test_a_log_in_that_nobody_uses_ends_and_one_that_is_used_does_not(office):
    office("run")
    remote(office)
    assert "Ends soon" not in mail(office)
    said = mail(office, before=kept_on(office, NOW - timedelta(days=45)))
    assert "Ends soon\n  log-in of xero_eu at Xero, unless a run uses it before   2026-01-21\n" in said
    assert "Ends soon" not in mail(office, before=kept_on(office, NOW - timedelta(days=1)))


def test_a_certificate_of_the_mail_server_ends(office, tmp_path):
    office("run")
    file = tmp_path / "ca.pem"
    file.write_bytes(certificate(datetime(2026, 1, 20, tzinfo=UTC))[0])
    settings = yaml.safe_load((office.path / "counterfoil.yaml").read_text())
    mailer = {"host": "127.0.0.1", "from": "robot@acme.example", "to": {"acme": ["cfo@acme.example"]}, "ca_file": str(file)}
    office.put("counterfoil.yaml", settings | {"mail": mailer})
    assert "Ends soon\n  certificate for the mail server (mail: ca_file)   2026-01-20\n" in mail(office)
    file.write_bytes(b"no certificate")
    assert "Ends soon" not in mail(office)


def test_the_doctor_tells_what_ends_and_is_not_content_in_its_last_week(office):
    office("run")
    remote(office)
    for days, code in ((30, 0), (58, 2)):
        kept_on(office, datetime.now(UTC) - timedelta(days=days))(None)
        said = office("doctor")
        assert "ends: log-in of xero_eu at Xero, unless a run uses it before" in said.out
        assert said.code == code


# ── the next lock ──


def people(office, **close):
    settings = yaml.safe_load((office.path / "counterfoil.yaml").read_text())
    settings["people"] = {"mary": {"roles": ["preparer"]}, "tom": {"roles": ["reviewer"]}}
    settings["companies"]["acme"]["close"] = close
    office.put("counterfoil.yaml", settings)


def test_the_next_lock_is_that_of_the_first_month_that_is_not_certified(office):
    office("run")
    assert "Next lock" not in mail(office)
    people(office)
    assert "Next lock of the books\n  2026-01   due 2026-02-06\n" in mail(office)
    people(office, due=2)
    assert "Next lock of the books\n  2026-01   due 2026-02-03   overdue\n" in mail(office, now=datetime(2026, 2, 5, 6, tzinfo=UTC))

    def certify(hub):
        home = load(office.path)
        audit = Audit(hub, keys.load(office.path))
        store(hub, audit, report())
        books = Books(hub, audit, "acme", home.installation.companies["acme"], home.installation.people)
        books.prepare(MARY, "2026-01")
        books.review(TOM, "2026-01")
        books.certify(TOM, "2026-01")

    assert "Next lock of the books\n  2026-02   due 2026-03-03\n" in mail(office, now=datetime(2026, 2, 5, 6, tzinfo=UTC), before=certify)


# ── the way to a break ──


def test_each_item_names_the_command_that_shows_it(office):
    office("run")
    said = mail(office, report(broken(BreakClass.AMOUNT, "1", "3", key="0123456789abcdef")))
    assert "counterfoil breaks show 0123456789\n" in said
