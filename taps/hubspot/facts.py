"""What is known of HubSpot's CRM API, with the strength of the evidence. `docs/connectors/hubspot.md` says it for people."""

from __future__ import annotations

from datetime import timedelta

from taps._kit.facts import DeliveryClass, Evidence, Facts, Limit

BASE_URL = "https://api.hubapi.com"
TOKEN_PATH = "/oauth/2026-03/token"  # noqa: S105 (an address)
"""The endpoints of OAuth v1 end on 16 February 2027."""
AUTHORIZE_URL = "https://app.hubspot.com/oauth/authorize"
SCOPES = (
    "oauth crm.objects.companies.read crm.objects.contacts.read crm.objects.deals.read crm.objects.line_items.read crm.objects.owners.read "
    "crm.objects.products.read"
)
LIST_ROWS = 100
"""Rows of a page of a list."""
SEARCH_ROWS = 200
"""Rows of a page of a search."""
WINDOW = 10_000
"""Rows that one search gives in all. Unconfirmed."""
BATCH = 100
"""Records of one batch call. Unconfirmed."""
OWNERS_ROWS = 500
"""Rows of a page of owners. Unconfirmed."""
SEARCHES_PER_SECOND = 4
"""An old change log says four, newer sources five. Unconfirmed."""
CLOCKS_DIFFER = timedelta(minutes=50)
"""A pass starts so much earlier than the one before began, and the overlap on top: two clocks are never the same."""
QUIET_CALLS = {"contacts": 2, "companies": 2, "products": 2, "line_items": 2, "deals": 3, "owners": 2}
"""Calls of a read for which nothing changed in the hour before the last one, with up to 100 records in the recycle bin."""

FACTS = Facts(
    system="hubspot",
    title="HubSpot",
    batch=BATCH,
    delivery=DeliveryClass.LOOKED_UP,  # no header for idempotency; what we write stands in properties of ours
    visible_after=timedelta(seconds=30),  # records are read by their id, which is not known to lag; a guess on the safe side
    request_timeout=timedelta(seconds=60),
    cursor_overlap=timedelta(minutes=10),  # the search follows the records some seconds late; nobody promises how many
    verbs={"deal_invoice": ("create", "update", "void")},
    linked=True,  # the invoice of a deal names that deal
    hosts=("hubapi.com",),
    limits=(Limit(190, timedelta(seconds=10)), Limit(650_000, timedelta(days=1))),
    api_version="v3",
    approval=(
        "A super admin makes a private app (Settings, Integrations, Private Apps) and chooses its scopes: minutes, free. For consent in "
        "the browser an app is registered in a developer account; up to 25 installations need no review by HubSpot."
    ),
    evidence={
        "batch": Evidence.UNCONFIRMED,
        "delivery": Evidence.SPECIFIED,
        "visible_after": Evidence.UNCONFIRMED,
        "request_timeout": Evidence.UNCONFIRMED,
        "cursor_overlap": Evidence.UNCONFIRMED,
        "verbs": Evidence.SPECIFIED,
        "hosts": Evidence.DOCUMENTED,
        "limits": Evidence.DOCUMENTED,
        "throttles": Evidence.DOCUMENTED,
        "api_version": Evidence.SPECIFIED,
        "approval": Evidence.UNCONFIRMED,
    },
)
