"""A Vendure as the front office of a home: its connection, the posting of its shelf, and what its payment methods are called."""

from __future__ import annotations

from typing import Any

STREAMS = ("stock_locations", "customers", "product_variants", "orders", "stock_movements")
SHELF = {
    "name": "shelf",
    "target": "stock",
    "order": {"as": "stock_removal"},
    "stock_movement": {"as": "stock_movement"},
    "*": {"exclude": "moves no stock"},
}
METHODS = {"vendure_payment_methods": {"standard-payment": "card"}}


def source(url: str) -> dict[str, Any]:
    """The connection to the server under that URL."""
    mappings = {stream: f"vendure/{stream}" for stream in STREAMS}
    return {"tap": "vendure", "mappings": mappings, "config": {"base_url": url, "private_network": True}}
