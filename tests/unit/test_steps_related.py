"""What a linked target is told: records go first, and an intent names its buyer, its items and what it pays by the target's own ids."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import yaml
from pydantic import BaseModel

from mappings.posting import EFFECTS
from pipelines.home import load as loading
from pipelines.hub.schema import migrate
from pipelines.hub.store import Hub
from pipelines.hub.tables import document, entity
from pipelines.steps import run as running
from taps._kit.errors import Misconfigured
from taps._kit.facts import DeliveryClass, Facts
from targets._kit.bridge import bridge_of
from targets._kit.registry import TargetType
from targets._kit.writer import Answer, Intent, Metadata, NotSent, Payload, Receipt

FACTS = Facts(
    "ledger",
    "A linked system",
    batch=10,
    delivery=DeliveryClass.LOOKED_UP,
    linked=True,
    verbs=dict.fromkeys(
        ("invoice", "payment", "credit_note", "contact", "item", "supplier", "bill", "bill_credit"), ("create", "update", "void")
    ),
)
ROWS = {
    "orders": [{"id": "1001", "buyer": "C7", "sku": "MUG", "total": "12.00"}, {"id": "1002", "buyer": None, "sku": "CUP", "total": "5.00"}],
    "payments": [{"id": "P1", "order": "1001", "total": "12.00"}],
    "refunds": [{"id": "R1", "order": "1001", "total": "3.00"}],
    "zcustomers": [{"id": "C7", "name": "Ann"}],
    "zproducts": [{"id": "MUG"}],
}
PURCHASES = {
    "bills": [{"id": "B1", "supplier": "C7", "sku": "MUG", "total": "6.00"}, {"id": "B2", "supplier": None, "sku": None, "total": "1.00"}],
    "credits": [{"id": "V1", "supplier": "C7", "sku": "MUG", "total": "2.00"}],
    "zsuppliers": [{"id": "C7", "name": "Potter & Co"}],
}
LINES = [
    {"fields": {"line_number": "1", "kind": "'item'", "sku": "sku", "net_amount": "number(total)", "description": "'A thing'"}},
]
BILL = {
    "supplier_number": "supplier",
    "business_date": "day('2026-01-07')",
    "currency": "'EUR'",
    "lines": [{"fields": {"line_number": "1", "kind": "'goods'", "sku": "sku", "net_amount": "number(total)"}}],
    "grand_total": "number(total)",
}
MAPPINGS = {
    "orders": {
        "type": "order",
        "fields": {
            "order_number": "id",
            "customer_number": "buyer",
            "business_date": "day('2026-01-05')",
            "currency": "'EUR'",
            "lines": LINES,
            "grand_total": "number(total)",
        },
    },
    "payments": {
        "type": "payment",
        "fields": {
            "order_id": "ref('order', order)",
            "business_date": "day('2026-01-05')",
            "currency": "'EUR'",
            "amount_paid": "number(total)",
        },
    },
    "refunds": {
        "type": "refund",
        "fields": {
            "order_id": "ref('order', order)",
            "business_date": "day('2026-01-06')",
            "currency": "'EUR'",
            "lines": [{"fields": {"line_number": "1", "kind": "'item'", "sku": "'MUG'", "net_amount": "number(total)"}}],
            "grand_total": "number(total)",
        },
    },
    "zcustomers": {"type": "customer", "fields": {"display_name": "name"}},
    "zproducts": {"type": "product", "fields": {"sku": "id", "name": "'Mug'"}},
    "bills": {"type": "bill", "fields": BILL},
    "credits": {"type": "vendor_credit", "fields": BILL},
    "zsuppliers": {"type": "supplier", "fields": {"display_name": "name"}},
}
ACCOUNTS = {
    "GRNI": "630",
    "Payable": "800",
    "Receivable": "120",
    "Clearing": "610",
    "Sales": "200",
    "SalesReturns": "201",
    "Rounding": "860",
}


class Remembering:
    """A target that takes everything and remembers what it was told."""

    facts = FACTS

    def __init__(self) -> None:
        self.told: list[Intent] = []
        self.batches: list[list[str]] = []
        self.blocked_until: datetime | None = None

    def open(self, checkpoint: Mapping[str, Any] | None, around: Any = None) -> None:
        """Nothing to take."""

    def close(self) -> None:
        """Nothing to let go."""

    def checkpoint(self) -> dict[str, Any]:
        return {}

    def prepare(self, intent: Intent) -> Payload:
        effect = sum((line.amount for line in intent.lines if line.control), Decimal(0))
        return Payload(intent, None, "digest", effect, bridge_of(intent))

    def send(self, batch: Sequence[Payload]) -> list[Answer]:
        self.batches.append([payload.intent.number for payload in batch])
        if self.blocked_until:
            return [NotSent(self.blocked_until, "too fast")] * len(batch)
        self.told.extend(payload.intent for payload in batch)
        return [Receipt(f"remote {p.intent.number}", p.intent.number, p.intent.unit, p.predicted, {}) for p in batch]

    def find(self, sent: Sequence[Any]) -> list[Any]:
        assert not sent
        return []

    def metadata(self) -> Metadata:
        return Metadata()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    for folder in ("connections", "routes", "mappings/t", "files"):
        (tmp_path / folder).mkdir(parents=True)
    for name, rows in (ROWS | PURCHASES).items():
        (tmp_path / f"files/{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        document = {**MAPPINGS[name], "id": "id"}
        write(tmp_path / f"mappings/t/{name}.yaml", {"mapping": f"t/{name}", "version": 1, "documents": [document]})
    write(
        tmp_path / "counterfoil.yaml",
        {"companies": {"acme": {"legal_name": "Acme", "base_currency": "EUR", "timezone": "Europe/Berlin"}}},
    )
    streams = {name: {"path": f"files/{name}.jsonl", "key": ["id"]} for name in ROWS | PURCHASES}
    shop = {
        "tap": "files",
        "company": "acme",
        "timezone": "Europe/Berlin",
        "config": {"streams": streams},
        "mappings": {name: f"t/{name}" for name in ROWS | PURCHASES},
    }
    component(tmp_path / "connections/shop.yaml", "Connection", shop)
    component(tmp_path / "connections/books.yaml", "Connection", {"target": "ledger", "config": {"operating_currency": "EUR"}})
    kinds = {"order": "invoice", "payment": "payment", "refund": "credit_note", "customer": "contact", "product": "item"}
    kinds |= {"bill": "bill", "vendor_credit": "bill_credit", "supplier": "supplier"}
    posting = {
        "name": "books",
        "target": "books",
        "company": "acme",
        "walk_in": "Somebody",
        "books": {"base_currency": "EUR", "accounts": ACCOUNTS},
        **{kind: {"as": made} for kind, made in kinds.items()},
    }
    route = {"sources": ["shop"], "start": {"business_date": "2026-01-01"}, "mode": "auto", "posting": [posting]}
    component(tmp_path / "routes/sales.yaml", "Route", route)
    return tmp_path


def write(path: Path, content: Any) -> None:
    path.write_text(yaml.safe_dump(content, sort_keys=False))


def component(path: Path, kind: str, attributes: dict[str, Any]) -> None:
    write(path, {"type": f"pipelines.components.{kind}", "attributes": attributes})


class _Config(BaseModel, extra="allow"):
    pass


@pytest.fixture
def go(home: Path, hub_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Remembering], Hub]]:
    hubs: list[Hub] = []
    now = datetime(2026, 2, 1, tzinfo=UTC)

    def run(writer: Remembering) -> Hub:
        kind = TargetType("ledger", FACTS.title, _Config, FACTS, tuple(FACTS.verbs), lambda _config, _home: writer)  # type: ignore[arg-type,return-value]
        for module in (running, loading):
            monkeypatch.setattr(module, "target", lambda _name: kind)
        loaded = loading.load(home)
        hub = hubs[0] if hubs else Hub(hub_url, lambda: now)
        if not hubs:
            migrate(hub)
            hubs.append(hub)
        running.run(loaded, hub, list(loaded.routes.values()))
        return hub

    yield run
    for hub in hubs:
        hub.close()


def test_records_go_before_the_documents_that_name_them(go):
    writer = Remembering()
    go(writer)
    kinds = [intent.subject.kind for intent in writer.told]
    assert sorted(kinds[:3]) == ["contact", "item", "supplier"]
    assert sorted(kinds[3:]) == ["bill", "bill", "bill_credit", "credit_note", "invoice", "invoice", "payment"]


def test_an_intent_names_buyer_items_and_parent_by_the_ids_of_the_target(go):
    writer = Remembering()
    go(writer)
    told = {intent.number: intent for intent in writer.told}
    assert {role: (each.kind, each.remote_id, each.number) for role, each in told["1001"].related.items()} == {
        "customer": ("contact", "remote C7", "C7"),
        "item:MUG": ("item", "remote MUG", "MUG"),
    }
    assert told["1002"].related == {}, "nobody is named, and CUP is no item there"
    assert told["1002"].walk_in == "Somebody"
    assert told["P1"].related["parent"].remote_id == "remote 1001"
    assert told["R1"].related["parent"].remote_id == "remote 1001"


def test_a_bill_names_its_supplier_and_shows_its_lines(go):
    """The buyer C7 is somebody else."""
    writer = Remembering()
    hub = go(writer)
    told = {intent.number: intent for intent in writer.told}
    for number, kind, net in (("B1", "bill", "6.00"), ("V1", "bill_credit", "2.00")):
        intent = told[number]
        assert (intent.subject.kind, sorted(intent.related)) == (kind, ["item:MUG", "supplier"])
        assert intent.related["supplier"][:2] == ("supplier", "remote C7")
        assert [(row.account, row.sku, row.net) for row in intent.rows] == [("630", "MUG", Decimal(net))]
    assert told["B2"].related == {}
    written = next(intent for intent in writer.told if intent.subject.kind == "supplier")
    with hub.read() as tx:
        parties = dict(tx.execute(sa.select(document.c.number, document.c.party).where(document.c.party.is_not(None))).all())
        golden = tx.execute(sa.select(entity.c.entity_id).where(entity.c.type == "supplier")).scalar_one()
    assert written.subject.local_id == str(golden)
    assert parties == {"1001": "C7", "B1": "C7", "V1": "C7"}


@pytest.mark.parametrize(
    ("kind", "representation", "fitting"),
    [
        ("bill", "bill", True),
        ("bill", "journal", True),
        ("bill", "bill_credit", False),
        ("bill", "invoice", False),
        ("vendor_credit", "payment", False),
        ("order", "bill", False),
        ("customer", "supplier", False),
        ("order", "invoice", True),
        ("supplier", "contact", True),
        ("bill_payment", "payment", False),
        ("bill_payment", "journal", True),
    ],
)
def test_a_bill_is_no_invoice_and_an_order_no_bill(home, monkeypatch, kind, representation, fitting):
    taking = TargetType("ledger", FACTS.title, _Config, FACTS, tuple(EFFECTS), lambda _config, _home: Remembering())  # type: ignore[arg-type,return-value]
    monkeypatch.setattr(loading, "target", lambda _name: taking)
    path = home / "routes/sales.yaml"
    told = yaml.safe_load(path.read_text())
    told["attributes"]["posting"][0][kind] = {"as": representation}
    write(path, told)
    if fitting:
        loading.load(home)
        return
    with pytest.raises(Misconfigured, match=f"`{kind}` is no {representation.replace('_', ' ')}, and is not written as one"):
        loading.load(home)


def test_rows_are_the_lines_of_the_document(go):
    writer = Remembering()
    go(writer)
    told = {intent.number: intent for intent in writer.told}
    (row,) = told["1001"].rows
    assert (row.account, row.sku, row.description, row.net, row.tax) == ("200", "MUG", "A thing", Decimal("12.00"), Decimal(0))
    assert told["P1"].rows == ()


def test_not_before_ends_the_round_and_the_rest_is_not_asked(go):
    writer = Remembering()
    writer.blocked_until = datetime(2026, 2, 1, tzinfo=UTC) + timedelta(hours=18)
    go(writer)
    assert len(writer.batches) == 1
