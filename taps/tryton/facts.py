"""What is known of Tryton. It was tried against a real server of series 8.0 on PostgreSQL; nothing here was taken from memory."""

from __future__ import annotations

from datetime import timedelta

from taps._kit.facts import DeliveryClass, Evidence, Facts, RoundingProfile

BOOKED = ("invoice", "credit_note", "sales_receipt", "refund_receipt", "payment", "spend", "transfer", "journal", "cost_journal")
"""Kinds that are posted: never edited, only taken back by a document of their own."""
MOVING = ("stock_removal", "stock_return", "stock_movement")
DRAFTED = ("bill", "bill_credit")
"""Kinds that are drafts for a person to post: changed in place, and removed, while they are."""
RECORDS = ("contact", "supplier", "item", "part", "employee")
KINDS = (*BOOKED, *DRAFTED, *MOVING, *RECORDS, "time_entry")

FACTS = Facts(
    system="tryton",
    title="Tryton",
    # Documents for which one look-up asks. REST creates one record a call; JSON-RPC would create many, but wants a password.
    batch=20,
    # No idempotency key and no field for a foreign id: our key stands in a text of each document and is searched before each creation.
    # Unique for real are only party.code, product.code and timesheet.line.uuid; account.invoice.reference is not.
    delivery=DeliveryClass.LOOKED_UP,
    # A transaction is committed before its answer is sent, and every later search sees it.
    visible_after=timedelta(0),
    # Posting an invoice renders its report within the request: 0.5 to 6 seconds.
    request_timeout=timedelta(seconds=60),
    # write_date is the beginning of a transaction, which may be committed after a later one.
    cursor_overlap=timedelta(minutes=5),
    verbs={
        **dict.fromkeys(BOOKED, ("create", "update", "reverse", "void")),
        **dict.fromkeys(MOVING, ("create", "adjust", "reverse")),
        **dict.fromkeys(DRAFTED, ("create", "update", "void")),
        **dict.fromkeys(RECORDS, ("create", "update", "void")),
        "time_entry": ("create", "update", "void"),
    },
    # A setting of each server (tax rounding by document or by line, by document unless changed); a tax that is stated is kept.
    rounding=RoundingProfile(tax="document"),
    linked=True,
    approval=(
        "Nobody outside your firm: an administrator of your Tryton validates the key of a user application of type REST. "
        "It takes minutes and costs nothing."
    ),
    api_version="8.0",
    evidence={"rounding": Evidence.UNCONFIRMED},
)
