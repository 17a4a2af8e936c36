"""Whatever hangs on what, in whatever order it was planned: a document is taken back after what hangs on it, and all of it is."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.hub import delivery
from pipelines.hub.ledger_tables import operation
from pipelines.hub.schema import migrate
from pipelines.hub.store import Hub
from pipelines.hub.tables import document
from pipelines.hub.words import Cause, OperationState, Want

NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)


class Tree:
    """Operations of one target, each of a document of its own; `parents[n]` is what document n hangs on, if anything."""

    def __init__(self, hub: Hub, parents: list[int | None], wants: list[Want]) -> None:
        self.hub, self.parents, self.wants = hub, parents, wants
        with hub.begin() as tx:
            tx.execute(sa.delete(operation))
            tx.execute(sa.delete(document))
            for n, (parent, want) in enumerate(zip(parents, wants, strict=True)):
                tx.execute(sa.insert(document), [self._document(n, parent)])
                tx.execute(sa.insert(operation), [self._operation(n, parent, want)])

    def _document(self, n: int, parent: int | None) -> dict[str, Any]:
        texts = dict.fromkeys(
            ("company_id", "stream", "group_key", "source_id", "number", "content_hash", "mapping", "mapping_digest"), "x"
        )
        numbers = dict.fromkeys(("amount", "units", "hours", "cost"), Decimal(0))
        flags = {"moves_money": True, "moves_stock": False, "current": True, "cause": Cause.SOURCE, "mapping_version": 1}
        names = {"seq": n + 1, "document_id": UUID(int=n + 1), "revision": 1, "type": "order", "connection_id": "shop", "body": "{}"}
        hangs = {"parent_id": None if parent is None else UUID(int=parent + 1), "business_date": date(2026, 11, 2), "translated_at": NOW}
        return texts | numbers | flags | names | hangs

    def _operation(self, n: int, parent: int | None, want: Want) -> dict[str, Any]:
        texts = {"route": "sales", "posting": "books", "target": "books", "company_id": "x", "kind": "invoice", "effect": "money"}
        names = {"operation_id": n + 1, "local_id": UUID(int=n + 1), "document_id": UUID(int=n + 1), "document_seq": n + 1, "revision": 1}
        hangs = {"parent_id": UUID(int=parent + 1) if parent is not None and want is Want.ABSENT else None}
        return texts | names | hangs | {"want": want, "state": OperationState.READY, "planned_at": NOW, "changed_at": NOW}

    def deliver(self, limit: int) -> Iterator[list[int]]:
        """Batch after batch until nothing is due."""
        while True:
            with self.hub.begin() as tx:
                rows = delivery.due(tx, NOW, "books", ["sales"], limit, 1 << 20)
                done = [row.operation_id for row in rows]
                tx.execute(sa.update(operation).where(operation.c.operation_id.in_(done)).values(state=OperationState.DELIVERED))
            if not done:
                return
            yield [number - 1 for number in done]


@pytest.fixture(scope="module")
def hub() -> Iterator[Hub]:
    with tempfile.TemporaryDirectory() as folder:
        made = Hub(f"sqlite:///{Path(folder) / 'hub.sqlite'}")
        migrate(made)
        yield made
        made.close()


@st.composite
def trees(draw: st.DrawFn) -> tuple[list[int | None], list[Want]]:
    """Up to a dozen documents; a parent may have been planned before its child or after it, and no chain is a ring."""
    size = draw(st.integers(1, 12))
    order = draw(st.permutations(range(size)))
    parents: list[int | None] = [None] * size
    for place, n in enumerate(order):
        older = draw(st.none() | st.integers(0, place - 1)) if place else None
        parents[n] = None if older is None else order[older]
    return parents, draw(st.lists(st.sampled_from([Want.ABSENT, Want.ABSENT, Want.PRESENT]), min_size=size, max_size=size))


@settings(max_examples=40)
@given(trees(), st.integers(1, 5))
def test_children_go_before_their_parents_and_nothing_is_left(hub: Hub, tree: tuple[list[int | None], list[Want]], limit: int) -> None:
    parents, wants = tree
    batches = list(Tree(hub, parents, wants).deliver(limit))
    batch_of = {n: place for place, batch in enumerate(batches) for n in batch}
    assert sorted(batch_of) == list(range(len(parents)))
    for child, parent in enumerate(parents):
        if parent is not None and wants[child] is wants[parent] is Want.ABSENT:
            assert batch_of[child] < batch_of[parent], "not in one batch: the target would see the parent first"
    if Want.ABSENT not in wants:
        assert [n for batch in batches for n in batch] == list(range(len(parents))), "oldest first"
