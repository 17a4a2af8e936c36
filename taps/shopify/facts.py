"""What is known of Shopify's Admin API, with the strength of the evidence. `docs/connectors/shopify.md` says it for people."""

from __future__ import annotations

from datetime import date, timedelta

from taps._kit.facts import DeliveryClass, Evidence, Facts, Idempotency

VERSION = "2026-10"
PATH = f"/admin/api/{VERSION}/graphql.json"
VERSION_HEADER = "X-Shopify-API-Version"
"""Names the version that answered; a version that is no longer served is answered by the oldest that is. Unconfirmed."""
MOST_ROWS = 250
"""Rows of one page. Unconfirmed."""
MOST_POINTS = 1000
"""What one query may cost. Unconfirmed; what Shopify says in its refusal counts."""
ALL_ORDERS = "read_all_orders"
HORIZON = timedelta(days=60)
"""How far back orders are seen without the scope read_all_orders."""
EVENTS_KEPT = timedelta(days=365)
"""Events, from which deletions are known, are kept for a year (description of QueryRoot.events)."""

SCOPES = (
    *("read_orders", ALL_ORDERS, "read_returns", "read_products", "read_customers", "read_locations", "read_inventory"),
    *("read_shopify_payments_payouts", "read_shopify_payments_disputes"),
)
"""What reading every stream needs."""
BULK_HOSTS = ("storage.googleapis.com",)
"""Where files of bulk operations are fetched. Unconfirmed: not documented; another host is told, and the read goes page by page."""
BULK_A_SECOND = 1_000
"""Objects that a bulk operation is expected to get through: only for how long to wait before the first question. Unconfirmed."""

FACTS = Facts(
    system="shopify",
    title="Shopify",
    delivery=DeliveryClass.KEYED,
    # Required of inventorySetQuantities since 2026-04; how long a key is remembered is not said.
    idempotency=Idempotency("directive @idempotent(key:)", timedelta(hours=24), "shop and app"),
    verbs={"stock_level": ("create", "update", "void")},
    linked=True,
    # The search behind updated_at follows the shop within seconds; nobody promises how many.
    visible_after=timedelta(minutes=1),
    request_timeout=timedelta(seconds=60),
    cursor_overlap=timedelta(minutes=5),
    hosts=("myshopify.com",),
    # No limit of calls: Shopify counts points, and each answer says how many are left (throttleStatus). The client waits for them.
    limits=(),
    # A GraphQL query that is too fast is answered with 200 and the error THROTTLED; 429 and 430 come from the edge in front of it.
    throttles=(429, 430),
    api_version=VERSION,
    served_until=date(2027, 10, 1),  # a stable version is served for at least twelve months
    refresh_life=timedelta(days=90),
    approval=(
        "The shop's owner makes a custom app (Settings, Apps, Develop apps) and installs it: minutes, free. Orders older than 60 days "
        "need the scope read_all_orders, customers need access to protected customer data; an app for several shops asks Shopify for "
        "both, days to weeks."
    ),
    evidence={
        "idempotency": Evidence.SPECIFIED,
        "visible_after": Evidence.UNCONFIRMED,
        "request_timeout": Evidence.UNCONFIRMED,
        "cursor_overlap": Evidence.UNCONFIRMED,
        "hosts": Evidence.DOCUMENTED,
        "limits": Evidence.DOCUMENTED,
        "throttles": Evidence.UNCONFIRMED,
        "api_version": Evidence.SPECIFIED,
        "served_until": Evidence.DOCUMENTED,
        "refresh_life": Evidence.DOCUMENTED,
        "approval": Evidence.UNCONFIRMED,
    },
)
