"""Erasure: nothing of the person is left in the database's files, everything else is as it was, and it does not come back."""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from mappings.model import REGISTRY, split
from mappings.model.base import parts_of
from pipelines.hub import ledger_tables, schema
from pipelines.hub.erase import Subject, erase, erase_again, suppressed
from pipelines.hub.ledger_tables import suppression
from pipelines.hub.store import Hub
from pipelines.hub.tables import document, entity, landed, lineage, member, problem
from taps._kit import points
from taps._kit.errors import Retryable
from tests._kit.company import Company, order
from tests._kit.postgres import Server

NOW = datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
PERSON = "Grace Brewster Murray Hopper"
OTHER = "Ada King"
CUSTOMER, ORDER, GOLDEN = (uuid.UUID(int=number) for number in (1, 2, 3))
OTHERS = uuid.UUID(int=4)


@pytest.fixture
def hub(hub_url: str) -> Iterator[Hub]:
    """Two customers; the first in three versions, a golden record and an order, with a problem that names nobody."""
    opened = Hub(hub_url, lambda: NOW)
    schema.migrate(opened)
    with opened.begin() as tx:
        for seq, key, name in ((1, "c17", PERSON), (2, "c17", f"{PERSON}, Rear Admiral"), (3, "c18", OTHER), (4, "c17", PERSON)):
            _land(tx, seq, "customers", key, key, {"id": key, "name": name}, "replaced" if seq < 3 else "translated")
        _land(tx, 5, "orders", "#line1.1", "1001", {"order": "1001", "ship_to": PERSON}, "translated")
        _land(tx, 6, "orders", "#line2.1", "1001", {"order": "1001", "note": f"for {PERSON}"}, None)
        _revise(tx, 1, CUSTOMER, 1, {"name": PERSON}, [1])
        _revise(tx, 2, CUSTOMER, 2, {"name": PERSON}, [4])
        _revise(tx, 3, OTHERS, 1, {"name": OTHER}, [3])
        _revise(tx, 4, ORDER, 1, {"shipping_address": PERSON}, [5])
        _revise(tx, 5, GOLDEN, 1, {"name": PERSON}, [])
        tx.execute(sa.insert(entity).values(entity_id=GOLDEN, type="party", created_at=NOW))
        tx.execute(sa.insert(member).values(entity_id=GOLDEN, document_id=CUSTOMER, rule="same", score=1, valid_from=NOW))
        for number, subject in enumerate(("c17", "c18", "1001"), start=1):
            _complain(tx, number, subject, "customers" if subject[0] == "c" else "orders")
    yield opened
    opened.close()


def _land(tx, seq, stream, key, group, body, outcome):
    row = {"seq": seq, "connection_id": "shop", "stream": stream, "key": key, "group_key": group, "op": "upsert", "landed_at": NOW}
    tx.execute(sa.insert(landed).values(**row, content_hash=f"h{seq}", body=json.dumps(body), outcome=outcome))


def _revise(tx, seq, identity, revision, private, sources):
    values = {column.name: _filler(column) for column in document.c if not column.nullable and column.server_default is None}
    values |= {"seq": seq, "document_id": identity, "revision": revision, "current": identity != CUSTOMER or revision == 2}
    values |= {"body": '{"number":"kept"}', "private": json.dumps(private)}
    tx.execute(sa.insert(document).values(values))
    for source in sources:
        tx.execute(sa.insert(lineage).values(document_seq=seq, landed_seq=source))


def _filler(column):
    python = column.type.python_type if not isinstance(column.type, sa.types.TypeDecorator) else column.type.impl.python_type
    return {str: "x", int: 0, bool: False, datetime: NOW, uuid.UUID: OTHERS}.get(python, 0)


def _complain(tx, number, subject, stream):
    row = {"problem_id": number, "connection_id": "shop", "stream": stream, "subject": subject, "code": "MAP-TYPE", "field": "name"}
    tx.execute(sa.insert(problem).values(**row, say=f"wrong name in {subject}", fix="mend it", opened_at=NOW))


SUBJECTS = [Subject("shop", "customers", "c17"), Subject("shop", "orders", "1001")]


def rows(hub: Hub, statement: sa.Select) -> list[tuple]:
    with hub.read() as tx:
        return [tuple(row) for row in tx.execute(statement)]


def test_contents_go_and_the_rest_stays(hub: Hub) -> None:
    before = rows(hub, sa.select(document.c.seq, document.c.body, document.c.amount, document.c.revision).order_by(document.c.seq))
    done = erase(hub, SUBJECTS)
    assert (done.landed, done.documents, done.problems, done.copies) == (5, 4, 2, ())
    assert rows(hub, sa.select(landed.c.seq, landed.c.body.is_(None), landed.c.outcome).order_by(landed.c.seq)) == [
        (1, True, "replaced"),
        (2, True, "replaced"),
        (3, False, "translated"),
        (4, True, "translated"),
        (5, True, "translated"),
        (6, True, "excluded"),
    ]
    assert rows(hub, sa.select(document.c.seq).where(document.c.private.is_not(None))) == [(3,)]
    assert rows(hub, sa.select(document.c.seq, document.c.body, document.c.amount, document.c.revision).order_by(document.c.seq)) == before
    assert rows(hub, sa.select(problem.c.subject, problem.c.say, problem.c.closed_at).order_by(problem.c.problem_id)) == [
        ("c17", "This record was erased at its person's request.", NOW),
        ("c18", "wrong name in c18", None),
        ("1001", "This record was erased at its person's request.", NOW),
    ]


def hits(files: list[Path], name: str) -> int:
    return sum(path.read_bytes().count(name.encode()) for path in files)


@pytest.mark.parametrize("hub_url", ["sqlite"], indirect=True)
def test_sqlite_files_hold_nothing_of_the_person(tmp_path: Path, hub: Hub) -> None:
    files = [tmp_path / "hub.sqlite", tmp_path / "hub.sqlite-wal"]
    assert hits(files, PERSON) > 5
    erase(hub, SUBJECTS)
    left = [path for path in tmp_path.iterdir() if path.is_file()]  # the log of an open database too
    assert hits(left, PERSON) == 0
    assert hits(left, "Hopper") == 0
    assert hits(left, OTHER) >= 2


@pytest.mark.postgres
@pytest.mark.parametrize("hub_url", ["postgres"], indirect=True)
def test_postgresql_tables_hold_nothing_of_the_person(postgres_server: Server, hub: Hub) -> None:
    with hub.read() as tx:
        number = tx.exec_driver_sql("SELECT oid FROM pg_database WHERE datname = current_database()").scalar()

    def files() -> list[Path]:
        with hub.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as session:
            session.exec_driver_sql("CHECKPOINT")
        return [path for path in (postgres_server.folder / "data" / "base" / str(number)).iterdir() if path.is_file()]

    assert hits(files(), PERSON) > 5
    erase(hub, SUBJECTS)
    assert hits(files(), PERSON) == 0
    assert hits(files(), OTHER) >= 2


def test_what_was_erased_may_not_land_again(hub: Hub) -> None:
    erase(hub, SUBJECTS)
    with hub.begin() as tx:
        assert suppressed(tx, "shop", "customers", ["c17", "c18"]) == {"c17"}
        assert suppressed(tx, "shop", "orders", ["c17", "1001", "1002"]) == {"1001"}
        assert suppressed(tx, "till", "customers", ["c17"]) == set()
        assert suppressed(tx, "shop", "customers", []) == set()
    assert "c17" not in repr(rows(hub, sa.select(suppression)))


def test_erasing_twice_does_no_harm(hub: Hub) -> None:
    erase(hub, SUBJECTS)
    again = erase(hub, [*SUBJECTS, Subject("shop", "customers", "never heard of")])
    assert (again.landed, again.documents) == (0, 0)
    assert len(rows(hub, sa.select(suppression))) == 3


def test_a_restored_backup_is_erased_again(hub: Hub) -> None:
    erase(hub, SUBJECTS)
    with hub.begin() as tx:  # as an older backup would have it, into which the suppressions were brought
        tx.execute(sa.update(landed).where(landed.c.seq.in_([2, 6])).values(body=PERSON))
        tx.execute(sa.update(document).where(document.c.seq == 5).values(private=PERSON))
    done = erase_again(hub)
    assert (done.landed, done.documents) == (2, 1)
    assert rows(hub, sa.select(landed.c.seq).where(landed.c.body.is_not(None))) == [(3,)]


def test_no_erasure_comes_between_the_reading_and_the_writing_of_a_step(hub: Hub) -> None:
    """What a step has read before an erasure would otherwise be written after it."""
    with hub.begin() as tx:
        suppressed(tx, "shop", "customers", ["c17"])
        eraser = threading.Thread(target=lambda: erase(hub, SUBJECTS))
        eraser.start()
        eraser.join(timeout=0.3)
        _land(tx, 7, "customers", "c17", "c17", {"name": PERSON}, "translated")
    eraser.join(timeout=60)
    assert rows(hub, sa.select(landed.c.seq).where(landed.c.body.is_not(None))) == [(3,)]


def test_a_reader_in_the_way_is_told_and_the_next_call_wipes(tmp_path: Path) -> None:
    hub = Hub(f"sqlite:///{tmp_path / 'hub.sqlite'}")
    schema.migrate(hub)
    sa.event.listen(hub.engine, "checkout", lambda raw, *_: raw.execute("PRAGMA busy_timeout=50"))
    with hub.begin() as tx:
        _land(tx, 1, "customers", "c17", "c17", {"name": PERSON}, None)
    with hub.read() as reader:
        reader.execute(sa.select(landed)).all()
        with pytest.raises(Retryable, match="run the erasure again"):
            erase(hub, SUBJECTS)
    erase(hub, SUBJECTS)
    hub.close()
    assert hits([tmp_path / "hub.sqlite"], PERSON) == 0


def test_copies_from_before_a_migration_are_named(tmp_path: Path) -> None:
    hub = Hub(f"sqlite:///{tmp_path / 'hub.sqlite'}")
    schema.migrate(hub)
    copy = tmp_path / "hub.sqlite.before-0002"
    copy.touch()
    assert erase(hub, SUBJECTS).copies == (copy,)


# ── through a whole route ──


@pytest.fixture
def company(tmp_path: Path, hub_url: str) -> Iterator[Company]:
    """A shop whose orders carry a note with the buyer's name."""
    made = Company(tmp_path / "home", hub_url)
    mapping = made.path / "mappings/tests/orders.yaml"
    mapping.write_text(mapping.read_text().replace("order_number: id", "order_number: id\n      note: order", 1))
    made.export(order("1001", "10.00") + PERSON, order("1002", "20.00") + OTHER)
    yield made
    made.hub.close()


def test_the_next_read_brings_nothing_back_and_both_equations_hold(company: Company) -> None:
    company.run()
    assert PERSON in str(company.ask("SELECT private FROM document WHERE number = '1001'"))
    entries = company.entries()
    erase(company.hub, [Subject("shop", "orders", "1001")])
    company.export(order("1001", "11.00", version="2") + PERSON, order("1002", "20.00") + OTHER, order("1003", "5.00"))
    company.run()
    assert PERSON not in str(company.ask("SELECT body FROM landed") + company.ask("SELECT private FROM document"))
    assert OTHER in str(company.ask("SELECT private FROM document"))
    assert company.entries()[: len(entries)] == entries
    assert len(company.entries()) == len(entries) + 1
    assert company.both_balance()


def test_what_was_erased_before_it_was_translated_never_becomes_a_document(company: Company) -> None:
    points.arm("M1", _die)
    with pytest.raises(_Died):
        company.run()
    points.disarm()
    erase(company.hub, [Subject("shop", "orders", "1001")])
    company.clock.pass_(minutes=5)
    company.run()
    assert company.ask("SELECT number FROM document") == ["1002"]
    assert company.both_balance()


def test_a_mapping_that_changed_does_not_stumble_over_an_erased_row(company: Company) -> None:
    company.export(order("1001", "ten") + PERSON)
    company.run()
    erase(company.hub, [Subject("shop", "orders", "1001")])
    mapping = company.path / "mappings/tests/orders.yaml"
    mapping.write_text(mapping.read_text().replace("version: 1", "version: 2"))
    company.run()
    assert company.ask("SELECT count(*) FROM document") == [0]
    assert company.both_balance()


GROUPED = """
mapping: tests/orders
version: 1
group: {by: id, complete_when: end_of_read}
documents:
  - type: order
    id: id
    fields:
      business_date: day(date)
      placed_at: instant(date + 'T12:00:00Z')
      currency: currency
      lines: {each: rows, fields: {line_number: index + 1, kind: "'item'", sku: sku, quantity: number(units), net_amount: number(total)}}
      grand_total: total(this.lines, 'net_amount')
"""


def test_a_new_row_of_a_document_with_an_erased_row_leaves_the_document_as_it_is(company: Company) -> None:
    (company.path / "mappings/tests/orders.yaml").write_text(GROUPED)
    connection = company.path / "connections/shop.yaml"
    connection.write_text(connection.read_text().replace("- id\n", "- id\n        - sku\n"))
    company.export(order("1001", "10.00"), order("1001", "5.00").replace("mug", "cup"))
    company.run()
    key = company.ask("SELECT key FROM landed WHERE body LIKE '%cup%'")[0]
    erase(company.hub, [Subject("shop", "orders", key)])
    company.export(order("1001", "10.00"), order("1001", "5.00").replace("mug", "cup"), order("1001", "7.00").replace("mug", "pot"))
    company.run()
    assert company.ask("SELECT revision FROM document") == [1]
    assert company.ask("SELECT outcome FROM landed ORDER BY seq") == ["translated", "translated", "excluded"]
    assert company.both_balance()


class _Died(BaseException):
    """Stands for the end of the process."""


def _die() -> None:
    raise _Died


# ── where personal data may be ──

PERSONAL = {("landed", "body"), ("document", "private")}
FREE_TEXT = {
    ("company", "decisions"): "decisions about the company, no person",
    ("cursor", "state"): "a reader's place: offsets, file names, instants",
    ("landed", "key"): "the source's own id",
    ("landed", "group_key"): "the source's own id of a document",
    ("landed", "scope"): "a stable name of a set of files",
    ("landed", "source_version"): "a version or an instant",
    ("landed", "location"): "file, row and column",
    ("source_head", "key"): "as in landed",
    ("source_head", "source_version"): "as in landed",
    ("source_head", "scope"): "as in landed",
    ("document", "group_key"): "as in landed",
    ("document", "source_id"): "the source's own id",
    ("document", "number"): "an invoice's or order's number",
    ("document", "body"): "mappings.model.split takes every marked field out of it (tested below)",
    ("document", "party"): "a customer's number",
    ("document", "parts"): "names of legs and their dates",
    ("problem", "subject"): "a key of landed",
    ("problem", "field"): "the name of a field",
    ("problem", "say"): "never quotes a marked field; overwritten by erase all the same",
    ("problem", "fix"): "as say",
    ("problem", "location"): "file, row and column",
    ("crosswalk", "remote_id"): "the target's id",
    ("operation", "reason"): "a class and a sentence about the document",
    ("disposition", "reason"): "as in operation",
    ("attempt", "bridge"): "amounts by component",
    ("receipt", "remote_id"): "the target's id",
    ("receipt", "number"): "the target's number",
    ("receipt", "bridge"): "amounts by component",
    ("receipt", "body"): "what the target holds, without its free text",
    ("summary", "key"): "company, currency, location, day",
    ("recon_run", "summary"): "counts and amounts",
    ("recon_run", "rules"): "names and versions of rules and controls",
    ("break_work", "suggested"): "a command line of ours",
    ("recon_run", "report"): "what was compared: numbers, dates, amounts, references (tested with the reconciliation)",
    ("configuration", "files"): "files of the home folder, secrets masked",
    ("break_work", "number"): "a number of a document",
    ("break_event", "say"): "what a member of staff said of a difference; the docs ask for numbers instead of names",
    ("closing", "reason"): "why a member of staff ended it",
    ("sign_off", "statement"): "what a member of staff certified, kept by law",
    ("sign_off", "evidence"): "the work on breaks as it was at the signature",
    ("audit", "subject"): "an id",
    ("binding", "place"): "numbers of a machine and a file",
}


def test_no_column_but_the_allowed_ones_can_take_free_text() -> None:
    """A new column of unlimited text needs a reason here, or it is a place that erasure does not reach."""
    found = {
        (table.name, column.name)
        for table in ledger_tables.operation.metadata.tables.values()
        for column in table.c
        if isinstance(getattr(column.type, "impl", column.type), sa.Text)
    }
    assert found - PERSONAL == FREE_TEXT.keys()


def test_no_column_bears_the_name_of_a_personal_field() -> None:
    marked = {name for model in REGISTRY.values() for name in model.personal}
    assert {"email", "first_name", "addresses"} <= marked
    columns = {column.name for table in ledger_tables.operation.metadata.tables.values() for column in table.c}
    assert marked & columns == set()


@pytest.mark.parametrize("name", sorted(name for name, model in REGISTRY.items() if model.personal))
def test_every_marked_field_goes_to_the_private_part(name: str) -> None:
    model = REGISTRY[name]
    values = {field: _planted(model.model_fields[field].annotation, field) for field in model.personal}
    body, private = split(model.model_construct(source_id="1", **values))
    assert b"planted" not in body
    assert private is not None
    assert sorted(json.loads(private)) == sorted(model.personal)
    assert all(f"planted {field}" in private.decode() for field in model.personal)


def _planted(annotation: object, field: str) -> object:
    parts = list(parts_of(annotation))
    if parts:
        first = next(iter(parts[0].model_fields))
        return (parts[0].model_construct(**{first: f"planted {field}"}),)
    return (f"planted {field}",) if "tuple" in str(annotation) else f"planted {field}"
