"""The records of the route bench: nested orders of about 1 KB, the same on every machine, and the home that takes them through."""

from __future__ import annotations

import json
import random
from pathlib import Path

import yaml

MAPPING = """
mapping: bench/orders
version: 1
documents:
  - type: order
    id: id
    fields:
      order_number: number
      business_date: day(created_at)
      placed_at: instant(created_at)
      currency: currency
      customer_number: customer.id
      lines:
        each: items
        fields:
          line_number: index + 1
          sku: sku
          description: title
          quantity: quantity
          unit_price: number(price)
          net_amount: quantity * number(price)
      grand_total: total(this.lines, 'net_amount')
"""


def write(path: Path, count: int, seed: int = 2026) -> None:
    """Write `count` orders as JSON Lines."""
    rng = random.Random(seed)
    with path.open("w", encoding="utf-8") as file:
        for number in range(count):
            file.write(json.dumps(_order(number, rng)) + "\n")


def _order(number: int, rng: random.Random) -> dict[str, object]:
    items = [
        {
            "sku": f"SKU-{rng.randrange(400):04}",
            "title": f"Article number {rng.randrange(400)} in colour {rng.randrange(12)}",
            "quantity": rng.randrange(1, 5),
            "price": f"{rng.randrange(100, 9900) / 100:.2f}",
        }
        for _ in range(rng.randrange(3, 8))
    ]
    return {
        "id": f"{number:08}",
        "number": f"#{number + 1000}",
        "created_at": f"2026-01-{number % 28 + 1:02}T{number % 24:02}:{number % 60:02}:00Z",
        "updated_at": "2026-02-01T00:00:00Z",
        "currency": "EUR",
        "customer": {"id": str(rng.randrange(5_000)), "tags": ["web", "newsletter"], "note": "x" * 120},
        "shipping_address": {"city": "Dublin", "country": "IE", "zip": f"D{number % 24:02}"},
        "items": items,
    }


def lay_out(home: Path, orders: Path) -> None:
    """A home that books these orders into a ledger and their stock into a database."""
    for folder in ("connections", "routes", "mappings/bench"):
        (home / folder).mkdir(parents=True)
    acme = {"legal_name": "Acme Ltd", "base_currency": "EUR", "timezone": "Europe/Dublin"}
    _yaml(home / "counterfoil.yaml", {"hub": "sqlite:///hub.db", "companies": {"acme": acme}})
    (home / "mappings/bench/orders.yaml").write_text(MAPPING, encoding="utf-8")
    stream = {"path": str(orders), "key": ["id"], "version": "updated_at"}
    tap = {
        "tap": "files",
        "company": "acme",
        "timezone": "Europe/Dublin",
        "config": {"streams": {"orders": stream}},
        "mappings": {"orders": "bench/orders"},
    }
    _component(home, "connections/shop", "Connection", tap)
    ledger = {"target": "ledger", "config": {"path": "books", "operating_currency": "EUR"}}
    _component(home, "connections/ledger", "Connection", ledger)
    _component(home, "connections/stock", "Connection", {"target": "database", "config": {"url": "sqlite:///stock.db"}})
    books = {"base_currency": "EUR", "accounts": {"Receivable": "Assets:Receivable", "Sales": "Income:Sales"}}
    postings = [
        {"name": "books", "target": "ledger", "books": books, "order": {"as": "invoice"}},
        {"name": "stock", "target": "stock", "order": {"as": "stock_removal"}},
    ]
    start = {"business_date": "2026-01-01"}
    _component(home, "routes/sales", "Route", {"sources": ["shop"], "start": start, "mode": "auto", "posting": postings})


def _component(home: Path, name: str, kind: str, attributes: dict[str, object]) -> None:
    _yaml(home / f"{name}.yaml", {"type": f"pipelines.components.{kind}", "attributes": attributes})


def _yaml(path: Path, content: object) -> None:
    path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
