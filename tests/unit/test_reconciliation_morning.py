"""The mail of the morning from a hub: which reconciliations count, what the hub knows of the day, and the command that sends it."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from pipelines.home.load import load
from pipelines.hub import keys
from pipelines.hub.audit import Audit
from pipelines.hub.ledger_tables import recon_run
from pipelines.hub.store import Hub
from pipelines.reconcile.kpis import StoredRun, kpis
from pipelines.reconcile.mail import Flow, compose
from pipelines.reconcile.morning import gather
from pipelines.reconcile.store import store
from tests._kit.bad_input import Office, sale
from tests.unit._reconciliation import month
from tests.unit._smtp import Sink, served

TODAY = datetime(2026, 1, 6, 6, 0, tzinfo=UTC)
"""The sales of `sale` are of 5 January."""


@pytest.fixture
def office(tmp_path):
    """A home whose two orders of 5 January are booked, and whose third is held."""
    found = Office(tmp_path / "home", "csv")
    found.write([sale("1001"), sale("1002", "1.00"), sale("1003", currency="USD")])
    found("run")
    return found


@contextmanager
def hub_of(office, now=TODAY):
    hub = Hub(load(office.path).hub_url, clock=lambda: now)
    try:
        yield hub
    finally:
        hub.close()


def keep(office, *reports, now=TODAY):
    with hub_of(office, now) as hub:
        for report in reports:
            store(hub, Audit(hub, keys.load(office.path)), replace(report, company="acme", as_of=now))


def gathered(office, now=TODAY):
    with hub_of(office, now) as hub:
        return gather(load(office.path), hub, "acme")


def test_the_day_is_yesterday_and_its_documents_are_counted(office):
    _, facts = gathered(office)
    assert (facts.company, facts.day.isoformat()) == ("Acme", "2026-01-05")
    assert Flow("posted", "EUR", 2, Decimal("120.00")) in facts.flow
    assert Flow("arrived", "EUR", 2, Decimal("120.00")) in facts.flow
    assert Flow("held or refused", "USD", 1, Decimal("119.00")) in facts.flow
    assert Flow("in doubt", "EUR", 0, Decimal(0)) in facts.flow
    assert facts.duplicates_prevented == 0
    assert gathered(office, TODAY + timedelta(days=1))[1].flow == ()


def test_only_the_newest_fresh_reconciliation_of_each_period_counts(office):
    keep(office, month(period="2025-12", run="1" * 12), now=TODAY - timedelta(days=3))
    keep(office, month(run="2" * 12), now=TODAY - timedelta(hours=30))
    keep(office, month(run="3" * 12), month(period="", run="4" * 12), now=TODAY - timedelta(hours=1))
    assert [report.run for report in gathered(office)[0]] == ["3" * 12]


def test_a_day_without_a_run_says_when_the_last_was(office):
    keep(office, month(), now=TODAY - timedelta(days=3))
    message = compose(*gathered(office))
    assert message["Subject"] == "Acme, 5 Jan: NO RUN"
    assert "The last reconciliation was stored on 2026-01-03 06:00 UTC." in message.get_body(("plain",)).get_content()


def test_figures_over_time_come_from_what_is_stored(office):
    keep(office, month(), now=TODAY)
    with hub_of(office) as hub, hub.read() as tx:
        stored = [StoredRun(row.period, row.as_of, row.summary) for row in tx.execute(recon_run.select())]
    found = kpis(stored, now=TODAY + timedelta(hours=2))
    assert (found.oldest, found.freshness_hours) == (70, 2)
    assert [(point.unit, point.gross) for point in found.history] == [("C62", 3), ("EUR", Decimal("616.15"))]


def mail_settings(office, port):
    file = office.path / "counterfoil.yaml"
    lines = f"mail:\n  host: 127.0.0.1\n  port: {port}\n  security: none\n  from: robot@acme.example\n  to: {{acme: [cfo@acme.example]}}\n"
    file.write_text(file.read_text() + lines)


def test_the_command_sends_the_mail(office):
    sink = Sink()
    with served(sink) as port:
        mail_settings(office, port)
        keep(office, month(), now=datetime.now(UTC).replace(microsecond=0))
        said = office("mail")
    assert said.code == 0
    assert "ACTION 4 items, 3 pieces, 544.00 EUR" in said.out
    assert [mail["To"] for mail in sink.mails] == ["cfo@acme.example"]
    assert sink.mails[0]["Subject"].startswith("Acme, ")


def test_it_prints_without_a_mail_server(office):
    assert office("mail").code == 2
    said = office("mail", "--print")
    assert said.code == 0
    assert "NO RUN" in said.out
    assert office("mail", "--print", "--json").json[0]["sent_to"] == []
    assert office("mail", "--print", "--company", "amce").code == 4


def test_a_server_that_is_away_is_an_end_that_can_be_tried_again(office):
    with served(Sink()) as port:
        mail_settings(office, port)
    said = office("mail")
    assert said.code == 3
    assert "can be sent again" in said.err
