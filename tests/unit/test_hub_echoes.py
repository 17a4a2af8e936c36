"""What comes back through a tap because we wrote it is known by its id, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa

from pipelines.hub.echoes import echoes
from pipelines.hub.ledger_tables import crosswalk
from pipelines.hub.schema import migrate
from pipelines.hub.store import Hub

NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
SAME = {"till": ("till_staff", "till_other"), "hr": ()}


class Read(NamedTuple):
    """What plan knows of a document, as far as it counts here."""

    document_id: UUID
    connection_id: str
    type: str
    source_id: str


def read(source_id: str, connection: str = "till", type_: str = "employee") -> Any:
    return Read(uuid4(), connection, type_, source_id)


@pytest.fixture
def hub(hub_url: str) -> Iterator[Hub]:
    made = Hub(hub_url, lambda: NOW)
    migrate(made)
    rows = [
        ("till_staff", "employee", "TM1", None),
        ("till_staff", "employee", "TM2", NOW),  # it stands there no longer
        ("till_staff", "contact", "TM3", None),  # another kind under the same id
        ("books", "employee", "TM4", None),  # another account
        ("till_other", "contact", "C1", None),
    ]
    with made.begin() as tx:
        for number, (connection, kind, remote_id, valid_to) in enumerate(rows, 1):
            values = {"crosswalk_id": number, "connection_id": connection, "kind": kind, "local_id": uuid4(), "remote_id": remote_id}
            tx.execute(sa.insert(crosswalk).values(**values, origin="ours", valid_from=NOW, valid_to=valid_to))
    yield made
    made.close()


def test_what_we_wrote_goes_nowhere_and_nothing_goes_back_to_where_it_was_read(hub):
    written, gone, other_kind, elsewhere, buyer = read("TM1"), read("TM2"), read("TM3"), read("TM4"), read("C1", type_="customer")
    rows = [written, gone, other_kind, elsewhere, buyer]
    with hub.read() as tx:
        onward = echoes(tx, "hr_staff", rows, SAME)
        back = echoes(tx, "till_staff", rows, SAME)
    assert onward == {written.document_id: "we wrote it into till", buyer.document_id: "we wrote it into till"}
    assert back == dict.fromkeys((row.document_id for row in rows), "it was read from there")


def test_other_accounts_and_other_documents_are_left_alone(hub):
    rows = [read("TM1", "shop"), read("TM1", "hr"), read("TM1", type_="order")]
    with hub.read() as tx:
        assert echoes(tx, "till_staff", rows, SAME) == {}
        assert echoes(tx, "hr_staff", [], SAME) == {}
