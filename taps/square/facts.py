"""What is known of Square, with the strength of the evidence. `docs/connectors/square.md` says it for people."""

from __future__ import annotations

from datetime import timedelta

from taps._kit.facts import Evidence, Facts

API_VERSION = "2025-08-20"
"""The version of the official specification that our tests are judged by; sent with every call as Square-Version."""
LOCATIONS_PER_SEARCH = 10
"""SearchOrders takes no more."""
CATALOG_IDS_PER_CALL = 1000
"""BatchRetrieveCatalogObjects. Unconfirmed; a search page holds as many."""
TOKEN_LIFETIME = timedelta(days=30)
"""Of an access token; a refresh token of the code flow never expires and stays the same."""
SCOPES = (
    "MERCHANT_PROFILE_READ ORDERS_READ PAYMENTS_READ PAYOUTS_READ DISPUTES_READ CUSTOMERS_READ ITEMS_READ INVENTORY_READ GIFTCARDS_READ "
    "EMPLOYEES_READ TIMECARDS_READ CASH_DRAWER_READ"
)

FACTS = Facts(
    system="square",
    title="Square",
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
        "limits": Evidence.UNCONFIRMED,
        "approval": Evidence.UNCONFIRMED,
    },
)
