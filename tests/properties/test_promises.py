"""What the product promises, each promise broken on purpose where it could break. All on both databases."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from pipelines.steps import deliver as delivering
from taps._kit import points
from targets.ledger.writer import LedgerWriter
from tests._kit.company import MAPPING, Company, order, refund, route


@pytest.fixture(autouse=True)
def unarmed():
    yield
    points.disarm()


class Killed(BaseException):
    """Stands for the end of the process: nothing catches it."""


def die() -> None:
    raise Killed


@pytest.fixture
def company(tmp_path: Path, hub_url: str) -> Any:
    made = Company(tmp_path / "home", hub_url)
    yield made
    made.hub.close()


def test_a_month_of_two_sales_arrives_once(company: Company) -> None:
    company.export(order("1001", "119.00"), order("1002", "25.50", units="3"))
    assert company.run().written == {"ledger": 2, "stock": 2}
    assert company.both_balance()
    assert company.run().written == {"ledger": 0, "stock": 0}
    assert len(company.entries()) == 2


def test_a_then_b_then_a_lands_three_times_and_ends_with_a(company: Company) -> None:
    for version, total in (("1", "10.00"), ("2", "20.00"), ("3", "10.00")):
        company.export(order("1001", total, version=version))
        company.run()
    assert company.ask("SELECT count(*) FROM landed") == [3]
    assert company.ask("SELECT revision FROM document WHERE current") == [3]
    assert company.both_balance()
    assert len(company.entries()) == 5, "one entry, then twice a reversal and a new one"


def note_the_version(company: Company) -> None:
    """From now on a new version changes a sale that books nothing else by it."""
    told = MAPPING.replace("      placed_at:", "      note: version\n      placed_at:", 1)
    (company.path / "mappings/tests/orders.yaml").write_text(told, encoding="utf-8")


def test_what_would_be_booked_the_same_is_not_booked_again(company: Company) -> None:
    note_the_version(company)
    for version, total in (("1", "10.00"), ("2", "10.00"), ("3", "12.00"), ("4", "12.00")):
        company.export(order("1001", total, version=version))
        company.run()
    assert len(company.entries()) == 3, "one entry, then once a reversal and a new one"
    assert sorted(company.ask("SELECT fate, reason, revision FROM disposition")) == [("delivered", "", 4)] * 2
    ended = company.ask("SELECT revision, state, reason FROM operation WHERE target = 'ledger' ORDER BY operation_id")
    assert ended == [
        (1, "delivered", ""),
        (2, "cancelled", "the target holds just this already"),
        (3, "delivered", ""),
        (4, "cancelled", "the target holds just this already"),
    ]
    assert company.both_balance()
    company.export(order("1001", "10.00", version="5"))
    company.run()
    assert len(company.entries()) == 5, "compared with what is booked, not with what was planned last"
    assert company.both_balance()


def test_a_note_on_a_sale_of_a_closed_period_holds_nothing(company: Company) -> None:
    note_the_version(company)
    company.export(order("1001", "10.00"))
    company.run()
    with company.hub.begin() as tx:
        tx.execute(
            sa.text("INSERT INTO period (company_id, start_on, end_on, status) VALUES ('acme', '2026-01-01', '2026-01-31', 'closed')")
        )
    company.export(order("1001", "10.00", version="2"))
    company.run()
    assert company.ask("SELECT DISTINCT fate FROM disposition") == ["delivered"]
    company.export(order("1001", "11.00", version="3"))
    company.run()
    assert company.ask("SELECT DISTINCT fate, reason FROM disposition WHERE target = 'ledger'") == [
        ("held", "the period of 2026-01-05 is closed")
    ]
    assert company.both_balance()
    with company.hub.begin() as tx:
        tx.execute(sa.text("UPDATE period SET status = 'open'"))
    company.run()
    assert company.ask("SELECT DISTINCT fate FROM disposition") == ["delivered"]
    assert company.both_balance()


def test_a_then_b_then_a_before_anything_was_sent_is_one_entry(company: Company) -> None:
    points.arm("O1", die)
    for version, total in (("1", "10.00"), ("2", "20.00"), ("3", "10.00")):
        company.export(order("1001", total, version=version))
        with pytest.raises(Killed):
            company.run()
        company.clock.pass_(minutes=5)
    points.disarm()
    assert company.run().written == {"ledger": 1, "stock": 1}
    assert len(company.entries()) == 1
    assert company.both_balance()


def test_two_shops_may_both_have_an_order_1001(tmp_path: Path, hub_url: str) -> None:
    company = Company(tmp_path / "home", hub_url, shops=("berlin", "dublin"))
    company.export(order("1001", "10.00"), shop="berlin")
    company.export(order("1001", "99.00"), shop="dublin")
    assert company.run().written["ledger"] == 2
    assert company.ask("SELECT count(DISTINCT document_id) FROM document") == [2]
    assert company.both_balance()


def test_a_second_revision_planned_while_the_first_is_in_doubt_gives_one_document(company: Company) -> None:
    company.export(order("1001", "10.00"))
    points.arm("H2", die)  # the ledger has it, the receipt is not committed
    with pytest.raises(Killed):
        company.run()
    assert company.ask("SELECT state FROM operation WHERE target = 'ledger'") == ["in_doubt"]
    points.arm("O1", die)  # the next run plans the second revision and dies before anything is looked up
    company.clock.pass_(minutes=5)
    company.export(order("1001", "12.00", version="2"))
    home = company.home
    from pipelines.steps import run as running

    running.read_stream(home, company.hub, home.taps["shop"], "orders")
    running.translate_stream(home, company.hub, home.taps["shop"], "orders")
    running.resolve_all(company.hub)
    running.plan_route(company.hub, home.routes["sales"])
    states = company.ask("SELECT state FROM operation WHERE target = 'ledger' ORDER BY operation_id")
    assert states == ["in_doubt", "ready"], "the first is not superseded: nobody knows what it did"
    points.disarm()
    company.run()
    assert company.ask("SELECT count(*) FROM crosswalk WHERE connection_id = 'ledger' AND valid_to IS NULL") == [1]
    assert len(company.entries()) == 3, "adopted, then reversed and booked anew"
    assert company.both_balance()


def test_two_routes_cannot_book_one_order_twice_on_one_target(tmp_path: Path, hub_url: str) -> None:
    routes = {"first": route(stock=False), "second": route(stock=False)}
    company = Company(tmp_path / "home", hub_url, routes=routes)
    company.export(order("1001", "10.00"))
    assert company.run().written == {"ledger": 1}
    assert company.ask("SELECT route, fate, reason FROM disposition ORDER BY route") == [
        ("first", "delivered", ""),
        ("second", "excluded", "already booked there by first/books"),
    ]
    assert company.both_balance()


def test_the_database_itself_refuses_a_second_fate_on_one_target(company: Company) -> None:
    company.export(order("1001", "10.00"))
    company.run()
    with pytest.raises(sa.exc.IntegrityError), company.hub.begin() as tx:
        tx.execute(
            sa.text(
                "INSERT INTO disposition (route, posting, document_id, part, target, effect, representation, revision, fate)"
                " SELECT 'other', posting, document_id, part, target, effect, representation, revision, fate"
                " FROM disposition WHERE target = 'ledger'"
            )
        )


@pytest.mark.parametrize(("read_back", "red"), [("85.84", False), ("85.83", True)])
def test_a_gift_card_on_the_invoice_balances_to_the_cent(
    company: Company, monkeypatch: pytest.MonkeyPatch, read_back: str, *, red: bool
) -> None:
    """An order of 110.84, of which a gift card paid 25.00 on the invoice: the target's total is 85.84, the bridge says why."""
    prepare, send = LedgerWriter.prepare, LedgerWriter.send

    def with_card(self: LedgerWriter, intent: Any) -> Any:
        return prepare(self, intent)._replace(predicted=Decimal("85.84"), bridge={"gift_card": Decimal("-25.00")})

    def with_total(self: LedgerWriter, batch: Any) -> Any:
        return [answer._replace(effect=Decimal(read_back)) for answer in send(self, batch)]

    monkeypatch.setattr(LedgerWriter, "prepare", with_card)
    monkeypatch.setattr(LedgerWriter, "send", with_total)
    company.export(order("1001", "110.84"))
    company.run()
    books = [balance for balance in company.balances() if balance.posting == "books"]
    assert [balance.balanced for balance in books] == [not red]
    assert [balance.difference for balance in books] == [Decimal(read_back) - Decimal("85.84")]
    assert company.ask("SELECT count(*) FROM problem WHERE code = 'SEND-TOTAL'") == [int(red)]


def test_a_tampered_count_of_the_reader_is_red(company: Company) -> None:
    company.export(order("1001", "10.00"), order("1002", "10.00"))
    company.run()
    assert all(each.balanced for each in company.intake())
    with company.hub.begin() as tx:
        tx.execute(sa.text("UPDATE cursor SET read_count = read_count + 1 WHERE stream = 'orders'"))
    assert [(each.read, each.accounted, each.balanced) for each in company.intake()] == [(3, 2, False)]


def test_a_lost_receipt_is_red(company: Company) -> None:
    company.export(order("1001", "10.00"))
    company.run()
    with company.hub.begin() as tx:
        tx.execute(sa.text("DELETE FROM receipt WHERE target = 'ledger'"))
    assert [balance.balanced for balance in company.balances() if balance.posting == "books"] == [False]


@pytest.mark.parametrize("what", ["empty", "half", "missing"])
def test_a_bad_export_after_a_good_run_does_nothing_and_says_one_sentence(tmp_path: Path, hub_url: str, what: str) -> None:
    company = Company(tmp_path / "home", hub_url, snapshot=True)
    rows = [order(f"{1000 + n}", "10.00") for n in range(40)]
    company.export(*rows)
    company.run()
    before = company.ask("SELECT count(*) FROM operation")
    path = company.path / "files/shop.csv"
    if what == "empty":
        path.write_text("", encoding="utf-8")
    elif what == "half":
        company.export(*rows[:20])
    else:
        path.unlink()
    assert set(company.run().written.values()) == {0}
    assert company.ask("SELECT count(*) FROM operation") == before
    said = company.ask("SELECT code, say FROM problem WHERE closed_at IS NULL")
    assert len(said) == 1
    assert said[0][0] == {"empty": "READ-EMPTY", "half": "READ-ABSENT", "missing": "READ-MISSING"}[what]
    assert company.both_balance()
    company.export(*rows)
    company.run()
    assert company.ask("SELECT count(*) FROM problem WHERE closed_at IS NULL") == [0]


def test_a_few_rows_gone_from_a_snapshot_are_reversed(tmp_path: Path, hub_url: str) -> None:
    company = Company(tmp_path / "home", hub_url, snapshot=True)
    company.export(order("1001", "10.00"), order("1002", "20.00"))
    company.run()
    company.export(order("1002", "20.00"))
    assert company.run().written == {"ledger": 1, "stock": 1}
    assert len(company.entries()) == 3, "the reversal alone"
    assert company.ask(
        "SELECT fate, reason FROM disposition d JOIN document o ON o.document_id = d.document_id AND o.current WHERE o.deleted"
    ) == [
        ("excluded", "deleted at the source"),
        ("excluded", "deleted at the source"),
    ]
    assert company.both_balance()
    company.export(order("1001", "10.00"), order("1002", "20.00"))
    assert company.run().written == {"ledger": 1, "stock": 1}
    assert company.both_balance()


def test_a_refund_waits_for_its_sale_and_then_goes(company: Company) -> None:
    company.export(refund("R1", "1001", "10.00"))
    company.run()
    assert company.ask("SELECT DISTINCT fate, reason FROM disposition") == [("waiting", "its sale is not booked yet")]
    assert company.both_balance()
    company.export(refund("R1", "1001", "10.00"), order("1001", "10.00"))
    assert company.run().written == {"ledger": 2, "stock": 2}
    assert company.both_balance()


def test_a_refund_of_a_sale_from_before_the_start_stands_alone(company: Company) -> None:
    company.export(order("1001", "10.00", date="2025-12-30"), refund("R1", "1001", "10.00"))
    company.run()
    assert sorted(company.ask("SELECT fate, reason FROM disposition WHERE target = 'ledger'")) == [
        ("delivered", ""),
        ("excluded", "before start"),
    ]
    assert company.both_balance()


def test_an_older_version_never_becomes_the_head(company: Company) -> None:
    company.export(order("1001", "20.00", version="2"))
    company.run()
    company.export(order("1001", "10.00", version="1"))
    assert set(company.run().written.values()) == {0}
    assert company.ask("SELECT amount FROM document WHERE current") is not None
    assert company.ask("SELECT count(*) FROM landed WHERE outcome = 'replaced'") == [1]
    assert company.both_balance()


def test_a_closed_period_holds_and_opening_it_lets_go(company: Company) -> None:
    close = "INSERT INTO period (company_id, start_on, end_on, status) VALUES ('acme', '2026-01-01', '2026-01-31', 'closed')"
    with company.hub.begin() as tx:
        tx.execute(sa.text(close))
    company.export(order("1001", "10.00"))
    company.run()
    assert company.ask("SELECT DISTINCT fate, reason FROM disposition") == [("held", "the period of 2026-01-05 is closed")]
    assert company.both_balance()
    with company.hub.begin() as tx:
        tx.execute(sa.text("UPDATE period SET status = 'open'"))
    assert company.run().written == {"ledger": 1, "stock": 1}
    assert company.both_balance()


def test_nothing_is_sent_inside_a_transaction(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    from pipelines.hub.store import outside_transactions
    from taps._kit.errors import Fatal

    send = LedgerWriter.send
    seen: list[bool] = []

    def watched(self: LedgerWriter, batch: Any) -> Any:
        outside_transactions()
        seen.append(True)
        return send(self, batch)

    monkeypatch.setattr(LedgerWriter, "send", watched)
    company.export(order("1001", "10.00"))
    company.run()
    assert seen
    with company.hub.begin(), pytest.raises(Fatal):
        outside_transactions()


def test_a_dry_writer_is_asked_before_anything_is_sent_again(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    find = LedgerWriter.find

    def counted(self: LedgerWriter, sent: Any) -> Any:
        asked.append(len(sent))
        return find(self, sent)

    monkeypatch.setattr(LedgerWriter, "find", counted)
    company.export(order("1001", "10.00"))
    points.arm("O2", die)
    with pytest.raises(Killed):
        company.run()
    points.disarm()
    company.clock.pass_(minutes=5)
    company.run()
    assert 1 in asked
    assert company.ask("SELECT n, state FROM attempt WHERE target = 'ledger' ORDER BY n") == [(1, "absent"), (2, "delivered")]
    assert len(company.entries()) == 1
    assert delivering is not None


def test_equal_rows_of_two_scopes_are_two_rows(hub_url: str) -> None:
    from datetime import timedelta

    from pipelines.hub import heads, leases
    from pipelines.hub.schema import migrate
    from pipelines.hub.store import Hub

    hub = Hub(hub_url)
    migrate(hub)
    assert leases.take(hub, "test", "test", timedelta(minutes=1))
    rows = [heads.Row(None, "a" * 32, None, scope, scope, "{}", None, None, None) for scope in ("january", "february", "february")]
    with hub.begin() as tx:
        assert heads.land(tx, hub.clock(), "shop", "lines", 1, rows).rows == 3
    with hub.begin() as tx:
        assert heads.land(tx, hub.clock(), "shop", "lines", 2, rows).rows == 0
    hub.close()
