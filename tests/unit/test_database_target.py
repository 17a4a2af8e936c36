"""The database target: exact numbers, one transaction, refusals one by one, and never another program's tables."""

from __future__ import annotations

import builtins
import threading
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
import sqlalchemy as sa

from mappings.posting.entry import Move
from taps._kit.errors import Misconfigured, Retryable
from taps._kit.points import arm, disarm
from targets._kit.writer import Absent, Found, Intent, Payload, Receipt, Refused, Sent, Subject, Unpreparable, Verb
from targets.database import engine as engines
from targets.database.config import DatabaseConfig
from targets.database.engine import refuse_same
from targets.database.tables import METADATA
from targets.database.writer import DatabaseWriter


def stock(n: int, *moves: Move, verb: Verb = Verb.CREATE, booked: Receipt | None = None, **other) -> Intent:
    fields = {
        "subject": Subject("stock", "stock_removal", f"doc-{n}"),
        "verb": verb,
        "look_up_key": f"key-{n}",
        "idempotency_key": f"key-{n}:{verb}",
        "document": {},
        "document_type": "order",
        "number": f"R-{n}",
        "date": date(2026, 1, n),
        "moves": moves,
        "unit": "C62",
        "booked": booked.body if booked else None,
    }
    return Intent(**(fields | other))


def record(kind: str, local_id: str = "1", verb: Verb = Verb.CREATE, **document) -> Intent:
    key = f"{kind}-{local_id}"
    subject = Subject("stock", kind, local_id)
    return stock(
        1, verb=verb, subject=subject, look_up_key=key, idempotency_key=f"{key}:{verb}", document=document, document_type=kind, unit=""
    )


def move(item: str, units: str, location: str = "UK", cost: str | None = None) -> Move:
    return Move(item, location, Decimal(units), Decimal(cost) if cost else None)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def url(request, tmp_path):
    return request.getfixturevalue("postgres_url") if request.param == "postgres" else f"sqlite:///{tmp_path}/target.db"


@pytest.fixture
def writer(url, tmp_path):
    made = DatabaseWriter(DatabaseConfig(url=url), tmp_path)
    made.open(None)
    yield made
    disarm()
    made.close()


def send(writer: DatabaseWriter, *intents: Intent) -> list:
    payloads = [writer.prepare(intent) for intent in intents]
    assert all(isinstance(payload, Payload) for payload in payloads), payloads
    return writer.send(payloads)


def rows(writer: DatabaseWriter, sql: str) -> list[tuple]:
    with writer.engine.connect() as tx:
        return [tuple(row) for row in tx.exec_driver_sql(sql)]


# ── what is stored ──


def test_stock_is_one_row_a_move_and_a_change_only_the_difference(writer):
    [made] = send(writer, stock(1, move("A|B", "6"), move("A|B", "1"), move("C", "-2.5", "", "3.39")))
    assert made.body == {"moves": [["A|B", "UK", "7"], ["C", "", "-2.5"]]}
    [changed] = send(writer, stock(1, move("A|B", "4"), move("D", "1"), verb=Verb.ADJUST, booked=made, idempotency_key="2"))
    assert (changed.effect, changed.body) == (Decimal("0.5"), {"moves": [["A|B", "UK", "4"], ["D", "UK", "1"]]})
    [gone] = send(writer, stock(1, verb=Verb.REVERSE, booked=changed, idempotency_key="3"))
    assert (gone.effect, gone.body) == (Decimal(-5), {"moves": []})
    table = METADATA.tables["stock_movement"].c
    with writer.engine.connect() as tx:
        found = tx.execute(
            sa.select(table.item, table.location, table.units, table.unit_cost).order_by(table.receipt_key, table.line)
        ).all()
    expected = [
        ("A|B", "UK", "-3", None),
        ("C", "", "2.5", None),
        ("D", "UK", "1", None),
        ("A|B", "UK", "-4", None),
        ("D", "UK", "-1", None),
        ("A|B", "UK", "6", None),
        ("A|B", "UK", "1", None),
        ("C", "", "-2.5", "3.39"),
    ]
    assert [(i, w, units, cost) for i, w, units, cost in found] == [(i, w, Decimal(u), c and Decimal(c)) for i, w, u, c in expected]


def test_sums_are_exact_in_sql(writer):
    send(writer, *(stock(n, move("A", "0.1")) for n in range(1, 11)))
    [(total,)] = rows(writer, "SELECT SUM(units) FROM stock_movement")
    assert total == (Decimal(1) if writer.engine.dialect.name == "postgresql" else 1_000_000)


def test_an_adjustment_that_changes_no_units_writes_a_receipt_and_no_row(writer):
    [made] = send(writer, stock(1, move("A", "6")))
    [same] = send(writer, stock(1, move("A", "6"), verb=Verb.ADJUST, booked=made, idempotency_key="2", date=date(2026, 2, 1)))
    assert (same.effect, same.body) == (Decimal(0), made.body)
    assert rows(writer, "SELECT count(*) FROM stock_movement") == [(1,)]
    assert rows(writer, "SELECT count(*) FROM counterfoil_receipt") == [(2,)]


def test_hours_move_with_their_day_and_employee(writer):
    def hours(verb: Verb, day: str, regular: str, overtime: str = "0", **other) -> Intent:
        document = {"employee_number": "7", "business_date": day, "regular_hours": regular, "overtime_hours": overtime}
        total = Decimal(regular) + Decimal(overtime)
        subject = Subject("hr", "time_entry", "t-1")
        return stock(1, verb=verb, subject=subject, document=document, amount=total, unit="HUR", idempotency_key=str(verb), **other)

    [made] = send(writer, hours(Verb.CREATE, "2026-01-30", "8", "1.5"))
    [moved] = send(writer, hours(Verb.ADJUST, "2026-01-31", "8", booked=made))
    assert (made.effect, moved.effect, moved.unit) == (Decimal("9.5"), Decimal("-1.5"), "HUR")
    sums = "SELECT worked_on, pay, SUM(hours) FROM time_entry GROUP BY 1, 2 HAVING SUM(hours) <> 0"
    assert [(str(day), pay) for day, pay, _total in rows(writer, sums)] == [("2026-01-31", "regular")]


def test_hours_that_do_not_add_up_to_what_the_document_counts_are_held(writer):
    document = {"employee_number": "7", "business_date": "2026-01-30", "regular_hours": "8"}
    held = writer.prepare(stock(1, subject=Subject("hr", "time_entry", "t"), document=document, amount=Decimal(9), unit="HUR"))
    assert isinstance(held, Unpreparable)
    assert "are 8 together, the document counts 9" in held.problem.say


def test_records_keep_their_fields_and_are_never_deleted(writer):
    person = {"first_name": "Ann", "emails": ["ann@example.com"], "status": "active", "unknown": "not stored"}
    [made] = send(writer, record("contact", **person))
    [item] = send(writer, record("item", sku="A", name="Mug", list_price="2.55", tracked=True))
    assert (made.effect, made.unit, made.remote_id, item.remote_id) == (Decimal(0), "", "1", "1")
    assert rows(writer, "SELECT first_name, last_name, emails, active FROM customer") == [("Ann", None, '["ann@example.com"]', True)]
    gone = replace(record("contact", verb=Verb.VOID, **person), booked=made.body, idempotency_key="2")
    assert isinstance(send(writer, gone)[0], Receipt)
    assert rows(writer, "SELECT first_name, active FROM customer") == [("Ann", False)]


def test_a_receipt_holds_no_personal_field(writer):
    [made] = send(
        writer, record("employee", employee_number="7", first_name="Zebedee", work_email="zeb@example.com", hire_date="2026-01-01")
    )
    assert "Zebedee" not in repr(made)
    assert "zeb" not in repr(rows(writer, "SELECT * FROM counterfoil_receipt")).lower()


def test_a_record_changed_by_hand_is_not_overwritten(writer):
    [made] = send(writer, record("contact", first_name="Ann"))
    with writer.engine.begin() as tx:
        tx.exec_driver_sql("UPDATE customer SET first_name = 'Anna'")
    update = replace(record("contact", verb=Verb.UPDATE, first_name="Anne"), booked=made.body, idempotency_key="2")
    [answer] = send(writer, update)
    assert isinstance(answer, Refused)
    assert answer.problem.code == "SEND-CHANGED"
    assert rows(writer, "SELECT first_name FROM customer") == [("Anna",)]


def test_an_error_of_the_database_shows_no_value(tmp_path):
    writer = DatabaseWriter(DatabaseConfig(url="sqlite:///x.db"), tmp_path)
    writer.open(None)
    payload = writer.prepare(record("contact", first_name="Zebedee"))
    with writer.engine.begin() as tx:
        tx.exec_driver_sql("CREATE TRIGGER full BEFORE INSERT ON customer BEGIN SELECT * FROM nowhere; END")
    with pytest.raises(Retryable) as stopped:
        writer.send([payload])
    writer.close()
    assert "Zebedee" not in stopped.value.say + stopped.value.log


@pytest.mark.parametrize(
    ("intent", "field"),
    [
        (stock(1, move("A", "NaN")), "lines.0.units"),
        (stock(1, move("A", "1E400")), "lines.0.units"),
        (stock(1, move("A", "9000000000000")), "lines.0.units"),
        (stock(1, move("A", "1"), move("B", "0.0000001")), "lines.1.units"),
        (stock(1, move("A\0", "1")), "lines.0.item"),
        (stock(1, move("\ud800", "1")), "lines.0.item"),
        (record("item", sku="A", list_price=2.5), "list_price"),
        (record("item", sku="A", tracked="yes"), "tracked"),
        (record("employee", hire_date="soon"), "hire_date"),
        (record("document", text="\ud800"), "document"),
        (record("contact", "x" * 401), "id"),
    ],
)
def test_what_cannot_be_stored_is_held_and_names_the_field(tmp_path, intent, field):
    held = DatabaseWriter(DatabaseConfig(url="sqlite:///x.db"), tmp_path).prepare(intent)
    assert isinstance(held, Unpreparable)
    assert held.problem.field == field


# ── one bad document ──


def test_what_the_database_refuses_does_not_keep_the_others_back(writer):
    with writer.engine.begin() as tx:
        tx.exec_driver_sql("CREATE UNIQUE INDEX one_mail ON customer (emails)")
    batch = [record("contact", str(n), emails=[mail]) for n, mail in enumerate(["a@example.com", "a@example.com", "b@example.com"])]
    answers = send(writer, *(replace(each, idempotency_key=str(n), look_up_key=str(n)) for n, each in enumerate(batch)))
    assert [type(answer) for answer in answers] == [Receipt, Refused, Receipt]
    assert answers[1].problem.code == "SEND-REFUSED"
    assert "example.com" not in answers[1].problem.say
    assert rows(writer, "SELECT count(*) FROM counterfoil_receipt") == [(2,)]


def test_a_batch_with_one_thing_twice_is_written_in_order(writer):
    one, two = (replace(record("document", total=n), idempotency_key=n, look_up_key=n, amount=Decimal(n)) for n in ("1", "2"))
    first, second = send(writer, one, two)
    assert (first.effect, second.effect) == (Decimal(1), Decimal(1))
    assert rows(writer, "SELECT body FROM document") == [('{"total":"2"}',)]


# ── crashes and other writers ──


def sent(payload: Payload) -> Sent:
    wanted = payload.intent
    return Sent(wanted.subject, wanted.verb, wanted.look_up_key, wanted.idempotency_key, payload.digest, datetime(2026, 1, 1, tzinfo=UTC))


def test_rows_and_receipts_are_one_transaction(writer):
    payloads = [writer.prepare(stock(n, move("A", "1"))) for n in (1, 2)]
    for point in ("B1", "H1"):
        arm(point, lambda: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            writer.send(payloads)
        disarm()
        assert rows(writer, "SELECT count(*) FROM stock_movement") == rows(writer, "SELECT count(*) FROM counterfoil_receipt") == [(0,)]
        assert writer.find([sent(payload) for payload in payloads]) == [Absent(), Absent()]


def test_a_lost_connection_leaves_the_batch_in_doubt(writer, monkeypatch):
    """The commit goes through, its answer is lost: what was written is found."""
    payload = writer.prepare(stock(1, move("A", "1")))
    real = engines.Engine.begin

    class Lost:
        def __init__(self, inner):
            self.inner = inner

        def __enter__(self):
            return self.inner.__enter__()

        def __exit__(self, *raised):
            self.inner.__exit__(*raised)
            raise sa.exc.OperationalError("COMMIT", {}, Exception("server closed the connection"))

    monkeypatch.setattr(engines.Engine, "begin", lambda engine: Lost(real(engine)))
    with pytest.raises(Retryable, match="does not answer"):
        writer.send([payload])
    monkeypatch.undo()
    [found] = writer.find([sent(payload)])
    assert isinstance(found, Found)
    assert found.receipt.effect == 1
    assert writer.send([payload]) == [found.receipt]
    assert rows(writer, "SELECT count(*) FROM stock_movement") == [(1,)]


def test_a_look_up_waits_for_a_writer_that_is_still_at_it(url, tmp_path, monkeypatch):
    """Absent must stay true: while another transaction may still commit, there is no answer."""
    monkeypatch.setattr(engines, "_BUSY_SECONDS", 1)
    slow, asking = (DatabaseWriter(DatabaseConfig(url=url), tmp_path) for _ in range(2))
    slow.open(None)
    asking.open(None)
    payload = slow.prepare(stock(1, move("A", "1")))
    reached, go = threading.Event(), threading.Event()

    def wait() -> None:
        reached.set()
        go.wait(30)

    arm("H1", wait)
    thread = threading.Thread(target=slow.send, args=([payload],))
    thread.start()
    try:
        assert reached.wait(30)
        with pytest.raises(Retryable):
            asking.find([sent(payload)])
    finally:
        go.set()
        thread.join()
        disarm()
    assert isinstance(asking.find([sent(payload)])[0], Found)
    slow.close()
    asking.close()


@pytest.mark.parametrize("kind", ["stock_removal", "document"])
def test_a_worker_that_wakes_late_doubles_nothing(writer, kind):
    """Its attempt was looked up, absent, and a newer revision was written by another worker; then it sends after all."""
    subject = Subject("stock", kind, "doc-1")
    late = stock(1, move("A", "6"), subject=subject, document={"n": 1}, idempotency_key="key-1:1")
    newer = stock(1, move("A", "4"), subject=subject, document={"n": 2}, idempotency_key="key-1:2")
    assert isinstance(send(writer, newer)[0], Receipt)
    [answer] = send(writer, late)
    assert isinstance(answer, Refused)
    assert answer.problem.code == "SEND-CHANGED"
    assert len(writer.read_back()) == 1


# ── configuration ──


@pytest.mark.parametrize(
    ("ours", "hub", "same"),
    [
        ("sqlite:////home/a/hub.db", "sqlite:////home/a/../a/hub.db", True),
        ("sqlite:////home/a/stock.db", "sqlite:////home/a/hub.db", False),
        ("sqlite:////home/a/hub.db", "postgresql+psycopg://h/hub", False),
        ("postgresql+psycopg://u@db/hub", "postgresql://other@db:5432/hub", True),
        ("postgresql+psycopg://localhost/hub", "postgresql+psycopg://127.0.0.1/hub", True),
        ("postgresql+psycopg://db/stock", "postgresql+psycopg://db/hub", False),
        ("postgresql+psycopg:///hub?host=/run/a", "postgresql+psycopg:///hub?host=/run/a", True),
        ("postgresql+psycopg:///hub?host=/run/a", "postgresql+psycopg:///hub?host=/run/b", False),
    ],
)
def test_the_hubs_own_database_is_refused(ours, hub, same):
    if same:
        with pytest.raises(Misconfigured, match="hub's own"):
            refuse_same(ours, hub)
    else:
        refuse_same(ours, hub)


def test_a_database_that_looks_like_a_hub_is_refused(url, tmp_path):
    engine = sa.create_engine(url)
    with engine.begin() as tx:
        for name in ("landed", "operation", "attempt", "crosswalk"):
            tx.exec_driver_sql(f"CREATE TABLE {name} (id INTEGER)")
    engine.dispose()
    writer = DatabaseWriter(DatabaseConfig(url=url), tmp_path)
    with pytest.raises(Misconfigured, match="hub's own"):
        writer.open(None)
    assert [problem.code for problem in writer.check()] == ["READ-DENIED"]
    writer.close()


def test_a_table_of_another_program_is_left_alone(url, tmp_path):
    engine = sa.create_engine(url)
    with engine.begin() as tx:
        tx.exec_driver_sql("CREATE TABLE customer (id INTEGER)")
    writer = DatabaseWriter(DatabaseConfig(url=url), tmp_path)
    with pytest.raises(Misconfigured, match="table 'customer' of another program's"):
        writer.open(None)
    writer.close()
    assert sa.inspect(engine).get_table_names() == ["customer"]
    engine.dispose()


@pytest.mark.postgres
def test_tables_go_into_the_schema_that_is_asked_for(postgres_url, tmp_path):
    writer = DatabaseWriter(DatabaseConfig(url=postgres_url, schema="back office"), tmp_path)
    writer.open(None)
    send(writer, stock(1, move("A", "1")))
    assert rows(writer, 'SELECT count(*) FROM "back office".stock_movement') == [(1,)]
    assert sa.inspect(writer.engine).get_table_names() == []
    writer.close()
    writer.open(None)
    writer.close()


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"url": "stock"}, "not an address"),
        ({"url": "sqlite://"}, "must be a file"),
        ({"url": "sqlite:///:memory:"}, "must be a file"),
        ({"url": "sqlite:///x.db", "schema": "x"}, "no schemas"),
        ({"url": "nonsense://x/y"}, "no kind of database"),
    ],
)
def test_what_is_no_database_is_a_matter_of_configuration(config, said, tmp_path):
    with pytest.raises(Misconfigured, match=said):
        DatabaseWriter(DatabaseConfig(**config), tmp_path).open(None)


def test_a_missing_driver_names_the_extra(tmp_path, monkeypatch):
    real = builtins.__import__

    def without_psycopg(name, *args, **kwargs):
        if name.startswith("psycopg"):
            raise ModuleNotFoundError("No module named 'psycopg'", name="psycopg")
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without_psycopg)
    with pytest.raises(Misconfigured, match=r"counterfoil\[postgres\]"):
        DatabaseWriter(DatabaseConfig(url="postgresql://nowhere/x"), tmp_path).open(None)


def test_a_server_that_is_not_there_can_be_tried_again(tmp_path):
    writer = DatabaseWriter(DatabaseConfig(url=f"postgresql+psycopg://u:geheim@/x?host={tmp_path}"), tmp_path)
    with pytest.raises(Retryable) as gone:
        writer.open(None)
    assert "geheim" not in gone.value.say + gone.value.log


def test_a_password_apart_from_the_url_is_used_and_not_shown(tmp_path):
    config = DatabaseConfig(url="postgresql://u@h/x", password="geheim")
    writer = DatabaseWriter(config, tmp_path)
    assert writer.url.password == "geheim"
    assert "geheim" not in f"{config!r} {writer.url}"


def test_a_relative_file_starts_at_home(tmp_path):
    writer = DatabaseWriter(DatabaseConfig(url="sqlite:///data/stock.db"), tmp_path)
    writer.open(None)
    writer.close()
    assert (tmp_path / "data/stock.db").exists()
