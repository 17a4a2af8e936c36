"""What is known of BambooHR: its official OpenAPI (MIT, commit 3d4de06 of 2026-06-01), and its page of planned changes."""

from __future__ import annotations

from datetime import timedelta

from taps._kit.facts import DeliveryClass, Evidence, Facts

FACTS = Facts(
    system="bamboohr",
    title="BambooHR",
    # hour_entries/store takes many, but its 400 does not say which one it means: each document goes alone.
    batch=1,
    delivery=DeliveryClass.LOOKED_UP,  # no call takes an idempotency key
    visible_after=timedelta(0),  # unconfirmed: nothing is said of a delay between a write and its showing
    cursor_overlap=timedelta(minutes=2),  # unconfirmed: whether two changes of one second come in order
    verbs={"employee": ("create", "update", "void"), "time_entry": ("create", "adjust", "reverse")},
    hosts=("bamboohr.com",),
    # No numbers are published. Before 16 September 2026 "too fast" was said with 503; a 503 to a write is in doubt here, which is always
    # safe: it is looked up before it is sent again. (429 since then: planned changes.)
    throttles=(429,),
    api_version="v1",
    linked=True,
    approval=(
        "Nobody at BambooHR: an administrator of the account makes an API key for a user of its own, in a minute and at no cost. The key "
        "may do what that user may do. Hours need the add-on Time Tracking."
    ),
    evidence={
        "delivery": Evidence.SPECIFIED,
        "visible_after": Evidence.UNCONFIRMED,
        "cursor_overlap": Evidence.UNCONFIRMED,
        "throttles": Evidence.DOCUMENTED,
        "hosts": Evidence.SPECIFIED,
        "batch": Evidence.SPECIFIED,
        "verbs": Evidence.SPECIFIED,
    },
)

WINDOW = timedelta(days=364)
"""Hours older than this are neither shown nor taken (list-timesheet-entries: within the last 365 days)."""
