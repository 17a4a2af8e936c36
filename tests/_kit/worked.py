"""The worked examples J1 to J7 as a shop and its processor export them, in a home folder with a route into one set of books.

J1   a gift card of 25.00 is sold                               fee 1.03
J2   order 1001: 110.84, of which 25.00 by gift card            fee 2.79
J3   48.60 of it is given back
J4   order 1002: 60.00                                          fee 2.04
J5   1002 is charged back, with a fee of 15.00; lost in February
J6   order 1003: GBP 25.59 at 1.2700 = 32.50; settled at 31.99, with a fee of 1.23
J7   payout of 72.14, issued on 31 January, at the bank on 2 February
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml

from pipelines.home.load import load
from pipelines.hub import keys
from pipelines.hub.schema import migrate
from pipelines.hub.store import Hub
from pipelines.hub.vault import Vault
from pipelines.reconcile.report import Report
from pipelines.reconcile.run import reconcile
from pipelines.steps.run import run
from tests.unit.test_posting_worked_examples import DECISIONS

_LINE = """
        each: record.lines
        fields:
          line_number: index + 1
          kind: row.kind
          sku: "'MUG' if row.kind == 'item' else None"
          quantity: number(coalesce(row.quantity, '1'))
          gross_amount: number(row.net) + number(coalesce(row.off, '0'))
          discount_amount: number(coalesce(row.off, '0'))
          net_amount: number(row.net)
          tax_amount: number(coalesce(row.tax, '0'))"""
_TAX = """
        each: record.lines
        when: row.tax
        fields:
          line_number: index + 1
          rate: number(record.tax_rate)
          amount: number(row.tax)"""
_TENDERS = """
        each: record.paid
        fields:
          tender_type: row.by
          amount: number(row.amount)"""
MAPPINGS = {
    "orders": f"""
mapping: examples/orders
version: 1
documents:
  - type: order
    id: record.id
    fields:
      order_number: record.id
      business_date: day(date)
      currency: currency
      exchange_rate: number(rate)
      tax_inclusive: inclusive
      lines:{_LINE}
      tax_lines:{_TAX}
      tenders:{_TENDERS}
      grand_total: number(record.total)
""",
    "refunds": f"""
mapping: examples/refunds
version: 1
documents:
  - type: refund
    id: record.id
    fields:
      order_number: record.of
      business_date: day(date)
      currency: currency
      lines:{_LINE}
          restocked: false
      tax_lines:{_TAX}
      tenders:{_TENDERS}
      grand_total: number(record.total)
""",
    "charges": """
mapping: examples/charges
version: 1
documents:
  - type: payment
    id: record.id
    fields:
      order_id: ref('order', record.of)
      order_number: record.of
      business_date: day(date)
      tender_type: record.by
      currency: currency
      exchange_rate: number(rate)
      amount_paid: number(record.amount)
  - type: fee
    also: true
    when: fee and not settled
    id: record.id
    fields:
      business_date: day(date)
      currency: "'USD'"
      fee_amount: number(record.fee)
  - type: balance_transaction
    also: true
    when: settled
    id: record.id
    fields:
      business_date: day(date)
      charged_amount: number(record.amount)
      charged_currency: currency
      booked_amount: number(booked)
      currency: "'USD'"
      settled_amount: number(settled)
      fee_amount: number(record.fee)
""",
    "disputes": """
mapping: examples/disputes
version: 1
documents:
  - type: dispute
    id: record.id
    fields:
      business_date: day(date)
      currency: "'USD'"
      disputed_amount: number(record.amount)
      fee_amount: number(record.fee)
      status: record.status
      resolved_on: day(lost)
""",
    "payouts": """
mapping: examples/payouts
version: 1
documents:
  - type: payout
    id: record.id
    fields:
      business_date: day(date)
      arrival_on: date(arrives)
      status: "'paid'"
      currency: "'USD'"
      net_amount: number(net)
""",
}
DAY = "2026-01-31T12:00:00Z"


def _sold(number: str, total: str, paid: Mapping[str, str], lines: list[dict[str, str]], at: str = "0.08", **more: Any) -> dict[str, Any]:
    tenders = [{"by": by, "amount": amount} for by, amount in paid.items()]
    common = {"id": number, "date": DAY, "currency": "USD", "rate": None, "inclusive": False, "tax_rate": at}
    return {**common, "lines": lines, "paid": tenders, "total": total, **more}


def _charge(number: str, of: str, amount: str, fee: str | None, by: str = "card", **more: Any) -> dict[str, Any]:
    common = {"id": number, "of": of, "date": DAY, "currency": "USD", "rate": None, "by": by, "amount": amount, "fee": fee}
    return {**common, "settled": None, "booked": None, **more}


ROWS: Mapping[str, list[dict[str, Any]]] = {
    "orders": [
        _sold("1000", "25.00", {"card": "25.00"}, [{"kind": "gift_card", "net": "25.00"}]),
        _sold(
            "1001",
            "110.84",
            {"gift_card": "25.00", "card": "85.84"},
            [
                {"kind": "item", "quantity": "2", "net": "90.00", "off": "10.00", "tax": "7.20"},
                {"kind": "shipping", "net": "8.00", "tax": "0.64"},
                {"kind": "tip", "net": "5.00"},
            ],
        ),
        _sold("1002", "60.00", {"card": "60.00"}, [{"kind": "item", "net": "55.56", "tax": "4.44"}]),
        _sold(
            "1003",
            "25.59",
            {"card": "25.59"},
            [{"kind": "item", "net": "21.60", "off": "2.40", "tax": "3.60"}, {"kind": "shipping", "net": "3.99", "tax": "0.67"}],
            "0.2",
            currency="GBP",
            rate="1.2700",
            inclusive=True,
        ),
    ],
    "refunds": [
        _sold("R1001", "48.60", {"card": "48.60"}, [{"kind": "item", "net": "45.00", "off": "5.00", "tax": "3.60"}], of="1001"),
    ],
    "charges": [
        _charge("ch0", "1000", "25.00", "1.03"),
        _charge("ch1", "1001", "85.84", "2.79"),
        _charge("gc1", "1001", "25.00", None, "gift_card"),
        _charge("ch2", "1002", "60.00", "2.04"),
        _charge("ch3", "1003", "25.59", "1.23", currency="GBP", rate="1.2700", settled="31.99", booked="32.50"),
    ],
    "disputes": [{"id": "dp2", "date": DAY, "amount": "60.00", "fee": "15.00", "status": "lost", "lost": "2026-02-20T12:00:00Z"}],
    "payouts": [{"id": "po1", "date": DAY, "net": "72.14", "arrives": "2026-02-02"}],
}
_CARD = "coalesce(list_sum([money(p->>'amount') FOR p IN CAST(body->'paid' AS JSON[]) IF p->>'by' = 'card']), 0)"
_GIFT = _CARD.replace("= 'card'", "= 'gift_card'")


def _of(kind: str, name: str, sign: str = "") -> str:
    return f"{sign}coalesce(list_sum([money(l->>'{name}') FOR l IN CAST(body->'lines' AS JSON[]) IF l->>'kind' {kind}]), 0)"


SALE = f"""
    SELECT body->>'id' AS id, day(body->>'date') AS on_day, body->>'currency' AS unit, money(body->>'rate') AS rate,
           money(body->>'total') AS amount, {_of("IS NOT NULL", "tax")} AS tax, {_of("= 'gift_card'", "net")} AS gift_card,
           {_of("= 'tip'", "net")} AS tip, {_of("IS NOT NULL", "off", "-")} AS discount, {_GIFT} AS redeemed
           {{clearing}}
    FROM orders"""
CONTROL: dict[str, str] = {
    "refund": f"""
        SELECT body->>'id' AS id, day(body->>'date') AS on_day, 'USD' AS unit, -money(body->>'total') AS amount,
               {_of("IS NOT NULL", "tax", "-")} AS tax, {_of("IS NOT NULL", "off")} AS discount, -{_CARD} AS clearing
        FROM refunds""",
    "fee": "SELECT body->>'id' AS id, day(body->>'date') AS on_day, 'USD' AS unit, -money(body->>'fee') AS amount, "
    "-money(body->>'fee') AS clearing FROM charges WHERE body->>'fee' IS NOT NULL AND body->>'settled' IS NULL",
    "balance_transaction": "SELECT *, amount AS clearing FROM (SELECT body->>'id' AS id, day(body->>'date') AS on_day, 'USD' AS unit, "
    "money(body->>'settled') - money(body->>'fee') - coin(money(body->>'amount') * money(body->>'rate'), 'USD') AS amount "
    "FROM charges WHERE body->>'settled' IS NOT NULL)",
    "dispute": """
        SELECT body->>'id' AS id, 'opened' AS part, day(body->>'date') AS on_day, 'USD' AS unit,
               -money(body->>'amount') - money(body->>'fee') AS amount, -money(body->>'amount') - money(body->>'fee') AS clearing
        FROM disputes
        UNION ALL SELECT body->>'id', 'lost', day(body->>'lost'), 'USD', -money(body->>'amount'), 0 FROM disputes
        WHERE body->>'status' = 'lost'""",
    "payout": """
        SELECT body->>'id' AS id, 'issue' AS part, day(body->>'date') AS on_day, 'USD' AS unit, money(body->>'net') AS amount,
               -money(body->>'net') AS clearing, money(body->>'net') AS in_transit, 0 AS bank FROM payouts
        UNION ALL SELECT body->>'id', 'arrival', CAST(body->>'arrives' AS DATE), 'USD', money(body->>'net'), 0, -money(body->>'net'),
                         money(body->>'net') FROM payouts""",
}
PAYMENT = """
    SELECT body->>'id' AS id, day(body->>'date') AS on_day, body->>'currency' AS unit, money(body->>'rate') AS rate,
           money(body->>'amount') AS amount, CASE WHEN body->>'by' = 'card' THEN money(body->>'amount') ELSE 0 END AS clearing,
           CASE WHEN body->>'by' = 'card' THEN 0 ELSE money(body->>'amount') END AS cards_owed
    FROM charges"""
ACME = {"legal_name": "Acme Ltd", "base_currency": "USD", "timezone": "UTC"}
RECEIPTS = {"order": {"as": "sales_receipt"}, "refund": {"as": "refund_receipt"}, "payment": {"exclude": "paid with its sale"}}
INVOICES = {"order": {"as": "invoice"}, "refund": {"as": "refund_receipt"}, "payment": {"as": "payment"}}
MONEY = {"fee": "spend", "balance_transaction": "spend", "dispute": "journal", "payout": "transfer"}


class Examples:
    """The home folder, its hub, and what a test does with them."""

    def __init__(
        self,
        path: Path,
        connection: Mapping[str, Any],
        accounts: Mapping[str, str],
        clock: Callable[[], datetime],
        *,
        invoices: bool = False,
    ) -> None:
        self.path = path
        for folder in ("connections", "routes", "mappings/examples", "files", "controls"):
            (path / folder).mkdir(parents=True)
        self._put("counterfoil.yaml", {"hub": f"sqlite:///{path / 'hub.db'}", "companies": {"acme": ACME}})
        for stream, text in MAPPINGS.items():
            (path / f"mappings/examples/{stream}.yaml").write_text(text, encoding="utf-8")
        streams = {stream: {"path": f"files/{stream}.jsonl", "key": ["id"]} for stream in ROWS}
        tap = {"tap": "files", "company": "acme", "timezone": "UTC", "config": {"streams": streams}}
        self._component("connections/shop", "Connection", tap | {"mappings": {stream: f"examples/{stream}" for stream in ROWS}})
        self._component("connections/books", "Connection", connection)
        taken = "with_payment" if invoices else "with_sale"
        books = {"base_currency": "USD", "accounts": dict(accounts), "decisions": DECISIONS, "gift_cards_taken": taken}
        kinds = (INVOICES if invoices else RECEIPTS) | {kind: {"as": representation} for kind, representation in MONEY.items()}
        posting = {"name": "books", "target": "books", "books": books, **kinds}
        route = {"sources": ["shop"], "start": {"business_date": "2026-01-01"}, "mode": "auto", "posting": [posting]}
        self._component("routes/books", "Route", route)
        clearing = "" if invoices else f", {_CARD} AS clearing"
        money = {"order": SALE.format(clearing=clearing), **CONTROL} | ({"payment": PAYMENT} if invoices else {})
        if invoices:
            money["order"] = money["order"].replace(f", {_GIFT} AS redeemed", ", 0 AS redeemed")
        self._put("controls/shop.yaml", {"version": 1, "money": money})
        self.rows = {stream: [dict(row) for row in rows] for stream, rows in ROWS.items()}
        self.export()
        self.hub = Hub(f"sqlite:///{path / 'hub.db'}", clock)
        migrate(self.hub)

    def _put(self, name: str, content: Any) -> None:
        (self.path / name).write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")

    def _component(self, name: str, kind: str, attributes: Mapping[str, Any]) -> None:
        self._put(f"{name}.yaml", {"type": f"pipelines.components.{kind}", "attributes": dict(attributes)})

    def export(self) -> None:
        """Write the source's files anew."""
        for stream, rows in self.rows.items():
            (self.path / f"files/{stream}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")

    def keep(self, secrets: Mapping[str, str]) -> None:
        """Seal what the books are opened with."""
        vault = Vault(self.hub, keys.load(self.path))
        for name, value in secrets.items():
            vault.store("books", name, value)

    def run(self) -> None:
        """Until nothing is left to do; a problem fails the test."""
        home = load(self.path)
        run(home, self.hub, list(home.routes.values()))
        with self.hub.read() as tx:
            assert list(tx.exec_driver_sql("SELECT code, say FROM problem WHERE closed_at IS NULL")) == []

    def reconcile(self, as_of: datetime, period: str = "") -> Report:
        """The report, as it is at that moment."""
        return reconcile(load(self.path), self.hub, as_of=as_of, period=period)

    def remote(self, number: str, kind: str) -> str:
        """The id at the target of a document that we wrote, by its number and representation."""
        sql = "SELECT x.remote_id FROM crosswalk x JOIN document d ON d.document_id = x.local_id WHERE d.number = ? AND x.kind = ?"
        with self.hub.read() as tx:
            return str(tx.exec_driver_sql(f"{sql} AND x.valid_to IS NULL", (number, kind)).scalar_one())


def told(report: Report) -> dict[str, list[tuple[str, str]]]:
    """Label and amount of each line, by waterfall."""
    return {fall.name: [(line.label, f"{line.amount:.2f}") for line in fall.lines] for fall in report.waterfalls}


def broken(report: Report) -> list[tuple[str, str, str, str]]:
    """Class, kind, number and amount of each cause."""
    return sorted((cause.kind.value, each.kind, each.number, f"{cause.amount:.2f}") for each in report.breaks for cause in each.causes)
