"""The audit log: nobody changes a row unseen, and no content is in it (faults.md, row 34)."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
import sqlalchemy as sa

from pipelines.hub import schema
from pipelines.hub.audit import Anchor, Audit, _link
from pipelines.hub.keys import Keys, key_id
from pipelines.hub.ledger_tables import audit as table
from pipelines.hub.store import Hub

FORK = multiprocessing.get_context("fork")
KEYS = Keys((b"1" * 32,))


@pytest.fixture
def hub(hub_url: str) -> Iterator[Hub]:
    opened = Hub(hub_url, lambda: datetime(2026, 3, 29, 1, 30, tzinfo=UTC))
    schema.migrate(opened)
    yield opened
    opened.close()


@pytest.fixture
def log(hub: Hub) -> Audit:
    """Five decisions of two people."""
    audit = Audit(hub, KEYS)
    for number in range(1, 6):
        with hub.begin() as tx:
            assert audit.record(tx, f"person {number % 2}", "mapping changed", f"shopify/order v{number}", {"fields": number}) == number
    return audit


def attack(hub: Hub, *statements: str) -> None:
    """Play the one who may change the schema: remove the triggers, then do as one likes."""
    with hub.begin() as tx:
        if hub.sqlite:
            tx.exec_driver_sql("DROP TRIGGER audit_no_update")
            tx.exec_driver_sql("DROP TRIGGER audit_no_delete")
        else:
            tx.exec_driver_sql("ALTER TABLE audit DISABLE TRIGGER USER")
        for statement in statements:
            tx.exec_driver_sql(statement)


def test_an_untouched_log_verifies(log: Audit) -> None:
    assert log.verify() is None
    assert log.verify(log.anchor()) is None
    assert log.anchor().count == 5


def test_an_empty_log_verifies(hub: Hub) -> None:
    audit = Audit(hub, KEYS)
    assert audit.anchor() == Anchor(0, "")
    assert audit.verify(audit.anchor()) is None


@pytest.mark.parametrize("statement", ["UPDATE audit SET actor = 'nobody' WHERE audit_id = 3", "DELETE FROM audit WHERE audit_id = 5"])
def test_the_database_itself_refuses_a_change(hub: Hub, log: Audit, statement: str) -> None:
    with pytest.raises(sa.exc.DBAPIError, match="audit is append-only"), hub.begin() as tx:
        tx.exec_driver_sql(statement)
    assert log.verify(log.anchor()) is None


@pytest.mark.postgres
def test_postgresql_refuses_to_empty_the_log_too(postgres_url: str) -> None:
    hub = Hub(postgres_url)
    schema.migrate(hub)
    with pytest.raises(sa.exc.DBAPIError, match="audit is append-only"), hub.begin() as tx:
        tx.exec_driver_sql("TRUNCATE audit")
    hub.close()


@pytest.mark.parametrize("column", ["actor", "action", "subject", "digest", "chain"])
def test_an_edit_is_found(hub: Hub, log: Audit, column: str) -> None:
    attack(hub, f"UPDATE audit SET {column} = 'x' WHERE audit_id = 3")
    assert log.verify() == 3


def test_a_changed_time_is_found(hub: Hub, log: Audit) -> None:
    attack(hub, "UPDATE audit SET at = '2026-03-29T01:30:00.000001+00:00' WHERE audit_id = 2")
    assert log.verify() == 2


def test_a_deleted_row_is_found_even_if_the_others_move_up(hub: Hub, log: Audit) -> None:
    attack(hub, "DELETE FROM audit WHERE audit_id = 3")
    assert log.verify() == 3
    with hub.begin() as tx:
        for number in (4, 5):
            tx.exec_driver_sql(f"UPDATE audit SET audit_id = {number - 1} WHERE audit_id = {number}")
    assert log.verify() == 3


def test_rows_that_changed_places_are_found(hub: Hub, log: Audit) -> None:
    attack(hub, "UPDATE audit SET audit_id = 99 WHERE audit_id = 2", "UPDATE audit SET audit_id = 2 WHERE audit_id = 3")
    assert log.verify() == 2


def test_a_cut_tail_is_found_by_the_anchor_alone(hub: Hub, log: Audit) -> None:
    anchor = log.anchor()
    attack(hub, "DELETE FROM audit WHERE audit_id > 3", "UPDATE counter SET next = 4 WHERE name = 'audit'")
    assert log.verify() is None
    assert log.verify(anchor) == 4
    with hub.begin() as tx:  # written on, as if nothing had been
        log.record(tx, "person 0", "x", "y", None)
        log.record(tx, "person 0", "x", "y", None)
    assert log.verify() is None
    assert log.verify(anchor) == 5


def test_an_anchor_stays_good_while_the_log_grows(hub: Hub, log: Audit) -> None:
    anchor = log.anchor()
    with hub.begin() as tx:
        log.record(tx, "person 0", "x", "y", None)
    assert log.verify(anchor) is None


def test_without_the_key_nobody_writes_a_row_that_verifies(hub: Hub, log: Audit) -> None:
    forger = Audit(hub, Keys((b"2" * 32,)))
    with hub.begin() as tx:
        forger.record(tx, "person 0", "approved", "close 2026-03", None)
    assert log.verify() == 6


def test_after_a_rotation_old_and_new_rows_verify_and_the_old_key_signs_no_more(hub: Hub, log: Audit) -> None:
    rotated = Audit(hub, Keys((b"2" * 32, b"1" * 32)))
    with hub.begin() as tx:
        rotated.record(tx, "person 0", "key rotated", "hub", None)
    assert rotated.verify() is None
    with hub.begin() as tx:
        log.record(tx, "person 0", "x", "signed with the old key", None)
    assert rotated.verify() == 7


def test_a_transaction_that_fails_leaves_no_row_and_no_gap(hub: Hub, log: Audit) -> None:
    def fail() -> None:
        with hub.begin() as tx:
            log.record(tx, "person 0", "x", "never happened", None)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with hub.begin() as tx:
        assert log.record(tx, "person 0", "x", "happened", None) == 6
    assert log.verify(log.anchor()) is None


def test_content_is_a_digest_that_does_not_depend_on_the_order_of_its_fields(hub: Hub, log: Audit) -> None:
    content = {"name": "Grace Hopper", "amount": Decimal("12.50"), "on": date(2026, 3, 29)}
    assert log.digest(content) == log.digest(dict(reversed(content.items())))
    assert log.digest(content) != log.digest(content | {"amount": Decimal("12.51")})
    with hub.begin() as tx:
        number = log.record(tx, "person 0", "x", "party 17", content)
        row = tx.execute(sa.select(table).where(table.c.audit_id == number)).one()
    assert row.digest == log.digest(content)
    assert "Grace" not in repr(row)


def test_processes_that_write_at_once_make_one_chain(hub: Hub, hub_url: str) -> None:
    start = FORK.Barrier(3)

    def child() -> None:
        own = Hub(hub_url)
        audit = Audit(own, KEYS)
        start.wait()
        for _ in range(10):
            with own.begin() as tx:
                audit.record(tx, "process", "x", "y", None)

    children = [FORK.Process(target=child) for _ in range(3)]
    for process in children:
        process.start()
    for process in children:
        process.join()
    audit = Audit(hub, KEYS)
    assert audit.anchor().count == 30
    assert audit.verify(audit.anchor()) is None


def test_ten_thousand_rows_verify_and_one_change_among_them_is_found(hub: Hub) -> None:
    audit, rows, chain, at = Audit(hub, KEYS), [], "", hub.clock()
    digest = audit.digest(None)
    for number in range(1, 10_001):
        chain = _link(KEYS.derived("counterfoil audit")[key_id(KEYS.masters[0])], number, at, "person", "x", "y", digest, chain)
        rows.append({"audit_id": number, "at": at, "actor": "person", "action": "x", "subject": "y", "digest": digest, "chain": chain})
    with hub.begin() as tx:
        tx.execute(sa.insert(table), rows)
    assert audit.verify(audit.anchor()) is None
    attack(hub, "UPDATE audit SET subject = 'z' WHERE audit_id = 9999")
    assert audit.verify() == 9999
