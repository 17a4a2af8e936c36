"""What is known of InvenTree: its official OpenAPI (MIT, API 534) and the public source of its server.

Marks: [S] the specification, [C] the server's source or the official Python client, [K] not confirmed.
"""

from __future__ import annotations

from datetime import timedelta

from taps._kit.facts import DeliveryClass, Evidence, Facts

_STOCK = ("create", "adjust", "reverse")
_RECORD = ("create", "update", "void")

FACTS = Facts(
    system="inventree",
    title="InvenTree",
    # Notes belong to a call and not to its items [S], and our key stands in the notes: each document is a call of its own. Fifty
    # documents share one look at what others changed on the shelves meanwhile.
    batch=50,
    delivery=DeliveryClass.LOOKED_UP,  # no idempotency key and no concurrency token [S]; tracking entries are searched by their notes [S]
    visible_after=timedelta(0),  # one database, written before it answers [K]
    cursor_overlap=timedelta(days=1),  # its filters take dates without a time [S], in the server's own zone [K]
    verbs={
        "part": _RECORD,
        "contact": _RECORD,
        "stock_removal": _STOCK,
        "stock_return": _STOCK,
        "stock_movement": _STOCK,
        "sales_order": _RECORD,
    },
    hosts=(),  # a server of one's own
    limits=(),  # none of its own [K]; a proxy before it may have some and says 429
    api_version="534",
    linked=True,
    approval=(
        "Nobody outside: an administrator of the server makes a user for Counterfoil with the roles stock, stock location, part and sales "
        "order (purchase order to read), and a token for it under the user's settings. Minutes, no cost."
    ),
    evidence={
        "delivery": Evidence.SPECIFIED,
        "visible_after": Evidence.UNCONFIRMED,
        "cursor_overlap": Evidence.SPECIFIED,
        "verbs": Evidence.SPECIFIED,
        "batch": Evidence.SPECIFIED,
        "limits": Evidence.UNCONFIRMED,
    },
)

OLDEST, NEWEST = 206, 565
"""API versions that are spoken to: below, the official client does not either; from 566 on there is no /stock/track/ any more [C]."""

RECEIVED = 70
"""Tracking type of goods that were received against a purchase order [C]."""

PENDING, IN_PROGRESS, SHIPPED, ON_HOLD, COMPLETE, CANCELLED = 10, 15, 20, 25, 30, 40
"""Status of a sales order [C]; 20 is "placed" of a purchase order."""
SALE_OPEN, PURCHASE_OPEN = (PENDING, IN_PROGRESS, ON_HOLD), (10, 20, 25)
"""Status of orders that are outstanding [C]."""

AVAILABLE = (10, 85, 50, 55)
"""Status of stock that counts as there, in the order in which we take of it: OK, returned, attention needed, damaged [C]."""
