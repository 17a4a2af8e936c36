"""What is known of a ledger file; everything here is our own doing, so everything is tried."""

from __future__ import annotations

from taps._kit.facts import DeliveryClass, Facts

KINDS = (
    "invoice",
    "sales_receipt",
    "credit_note",
    "refund_receipt",
    "payment",
    "spend",
    "transfer",
    "journal",
    "cost_journal",
)
"""Representations that end in lines of a journal."""

FACTS = Facts(
    system="ledger",
    title="Beancount journal in a folder",
    batch=500,
    # No key is sent to anybody: an attempt is found by its own reference in the file. The look-up and the next append happen under
    # one lock, so that nothing can come between them.
    delivery=DeliveryClass.LOOKED_UP,
    verbs=dict.fromkeys(KINDS, ("create", "update", "reverse", "void")),
)
