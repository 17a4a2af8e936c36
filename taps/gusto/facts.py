"""What is known of Gusto: its OpenAPI 2025-06-15 (app set, from the MIT Python client, e5115cc of 2026-06-01), and its documentation."""

from __future__ import annotations

from datetime import timedelta

from taps._kit.facts import DeliveryClass, Evidence, Facts, Limit

FACTS = Facts(
    system="gusto",
    title="Gusto",
    delivery=DeliveryClass.LOOKED_UP,  # no idempotency key; a time sheet has metadata of ours
    visible_after=timedelta(0),  # unconfirmed: nothing is said of a delay between a write and its showing
    cursor_overlap=timedelta(minutes=10),  # unconfirmed: how far its clock and ours may be apart
    verbs={"employee": ("create", "update", "void"), "time_entry": ("create", "adjust", "reverse")},
    hosts=("gusto.com", "gusto-demo.com"),
    limits=(Limit(200, timedelta(minutes=1)),),  # 200 a minute, rolling, per grant (docs.gusto.com, rate limits)
    api_version="2025-06-15",
    linked=True,
    approval=(
        "Gusto gives a firm no access to its own account over the API: an app must be approved for production by Gusto first, which takes "
        "weeks and a security review. File mode needs nobody's approval."
    ),
    evidence={
        "delivery": Evidence.SPECIFIED,
        "visible_after": Evidence.UNCONFIRMED,
        "cursor_overlap": Evidence.UNCONFIRMED,
        "limits": Evidence.DOCUMENTED,
        "hosts": Evidence.SPECIFIED,
        "verbs": Evidence.SPECIFIED,
        "approval": Evidence.DOCUMENTED,
    },
)

KEY, ATTEMPT, WAS, NUMBER, CASH_TIPS = (
    "counterfoil_key",
    "counterfoil_attempt",
    "counterfoil_was",
    "counterfoil_number",
    "counterfoil_cash_tips",
)
"""Names in a time sheet's metadata (at most 40 characters; values at most 500)."""
BUCKETS = {"regular": "Regular", "overtime": "Overtime"}
"""Ours → pay_classification. Double overtime is not in our model."""
