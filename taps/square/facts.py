"""What is known of Square, with the strength of the evidence. `docs/connectors/square.md` says it for people."""

from __future__ import annotations

from datetime import timedelta

from taps._kit.facts import DeliveryClass, Evidence, Facts

API_VERSION = "2025-08-20"
"""The version of the official specification that our tests are judged by; sent with every call as Square-Version."""
LOCATIONS_PER_SEARCH = 10
"""SearchOrders takes no more."""
CATALOG_IDS_PER_CALL = 1000
"""BatchRetrieveCatalogObjects. Unconfirmed; a search page holds as many."""
STAFF_PER_CALL = 25
"""BulkCreateTeamMembers and BulkUpdateTeamMembers take no more."""
TOKEN_LIFETIME = timedelta(days=30)
"""Of an access token; a refresh token of the code flow never expires and stays the same."""
QUIET_CALLS = {
    "locations": (1, 0),
    "customers": (1, 0),
    "catalog": (2, 0),
    "inventory_counts": (2, 0),
    "inventory_changes": (3, 0),
    "orders": (3, 0),
    "payments": (1, 1),
    "refunds": (2, 0),
    "disputes": (2, 0),
    "payouts": (1, 1),
    "payout_entries": (1, 1),
    "gift_cards": (1, 0),
    "gift_card_activities": (2, 0),
    "team_members": (1, 0),
    "timecards": (3, 0),
    "cash_drawer_shifts": (1, 1),
}
"""Calls of a read that finds nothing new: so many, and so many for each location (up to ten locations, lists of one page). The newest rows
are met again each time, and cost the look at locations and articles."""
SCOPES = (
    "MERCHANT_PROFILE_READ ORDERS_READ PAYMENTS_READ PAYOUTS_READ DISPUTES_READ CUSTOMERS_READ ITEMS_READ INVENTORY_READ GIFTCARDS_READ "
    "EMPLOYEES_READ TIMECARDS_READ CASH_DRAWER_READ"
)
SCOPES_TO_WRITE = "MERCHANT_PROFILE_READ EMPLOYEES_READ EMPLOYEES_WRITE"

FACTS = Facts(
    system="square",
    title="Square",
    batch=STAFF_PER_CALL,
    delivery=DeliveryClass.LOOKED_UP,  # new members carry an idempotency key, changes none; how long a key is known is published nowhere
    visible_after=timedelta(seconds=30),  # unconfirmed: nothing is said of a delay for team members
    verbs={"employee": ("create", "update", "void")},
    linked=True,
    request_timeout=timedelta(seconds=60),
    # Payments and refunds appear "several seconds" late, customer profiles "well under 30 seconds", at times more than a minute.
    cursor_overlap=timedelta(minutes=5),
    hosts=("connect.squareup.com", "connect.squareupsandbox.com"),
    # No numbers are published: Square answers 429 with RATE_LIMITED, and the edge then waits.
    throttles=(429,),
    api_version=API_VERSION,
    approval=(
        "The seller (owner of the Square account) consents in the browser, or hands over a personal access token of an application of "
        "their own; both at once and free. Square reviews an application only when it is offered in its app marketplace."
    ),
    evidence={
        "hosts": Evidence.SPECIFIED,
        "api_version": Evidence.SPECIFIED,
        "throttles": Evidence.SPECIFIED,
        "cursor_overlap": Evidence.SPECIFIED,
        "request_timeout": Evidence.UNCONFIRMED,
        "batch": Evidence.SPECIFIED,
        "delivery": Evidence.SPECIFIED,
        "verbs": Evidence.SPECIFIED,
        "visible_after": Evidence.UNCONFIRMED,
        "limits": Evidence.UNCONFIRMED,
        "approval": Evidence.UNCONFIRMED,
    },
)
