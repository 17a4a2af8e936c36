"""What the answers of a simulated HubSpot have in common: pages, errors, and the names of object types."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from taps._kit.simulator import Response
from taps.hubspot.simulator.portal import TYPES

NAMES = {
    **{name: name for name in TYPES},
    "contact": "contacts",
    "company": "companies",
    "product": "products",
    "line_item": "line_items",
    "deal": "deals",
    "0-1": "contacts",
    "0-2": "companies",
    "0-7": "products",
    "0-8": "line_items",
    "0-3": "deals",
}
"""Object types as addresses may call them."""
TYPE_IDS = {
    ("deals", "companies"): 341,
    ("deals", "contacts"): 3,
    ("deals", "line_items"): 19,
    ("line_items", "deals"): 20,
    ("contacts", "companies"): 279,
    ("companies", "contacts"): 280,
    ("companies", "deals"): 342,
    ("contacts", "deals"): 4,
}
BY_TYPE = {(kind, code): other for (kind, other), code in TYPE_IDS.items()} | {("deals", 5): "companies", ("contacts", 1): "companies"}


def paged(rows: list[Any], after: str | None) -> dict[str, Any]:
    """A page as HubSpot answers it."""
    return {"results": rows, **({"paging": {"next": {"after": after, "link": f"https://api.hubapi.com/?after={after}"}}} if after else {})}


def invalid(message: str) -> Response:
    """A question that is refused for what it says."""
    return Response(400, error("VALIDATION_ERROR", message))


def error(category: str, message: str, **more: Any) -> dict[str, Any]:
    """An error as HubSpot writes it."""
    return {
        "status": "error",
        "message": message,
        "correlationId": str(UUID(int=1)),
        "category": category,
        "context": {},
        "errors": [],
        "links": {},
        **more,
    }


def trace(given: Mapping[str, Any]) -> dict[str, Any]:
    """The item's own mark comes back with it."""
    return {"objectWriteTraceId": given["objectWriteTraceId"]} if given.get("objectWriteTraceId") else {}


def words(text: str | None) -> list[str]:
    """The names in a list with commas."""
    return [each.strip() for each in (text or "").split(",") if each.strip()]


def yes(text: str | None) -> bool:
    """A truth in an address; Python's clients write it with a capital."""
    return (text or "").lower() == "true"
