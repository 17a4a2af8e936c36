"""What is known of QuickBooks Online, with the strength of the evidence. `docs/connectors/quickbooks.md` says it for people."""

from __future__ import annotations

from datetime import timedelta

from taps._kit.facts import DeliveryClass, Evidence, Facts, Idempotency, Limit, RoundingProfile

MINOR_VERSION = "75"
"""Intuit answers older ones as 75 since August 2025 (blogs.intuit.com, 2025-01-21)."""
MOST_ROWS = 1000
"""Rows of one query. Unconfirmed; a smaller page is noticed by its own `maxResults`."""
LONGEST_NUMBER = 21
"""Characters of DocNumber and PaymentRefNum."""
CDC_REACHES_BACK = timedelta(days=30)
MOST_CHANGES = 1000
"""Objects in one answer of change data capture, over all entities; there are no pages."""

_VOIDED = ("create", "update", "void")
ROUNDING = RoundingProfile(tax="line")
"""Outside the US, per line (community 306952). In the US QuickBooks takes the tax that it is told."""

FACTS = Facts(
    system="quickbooks",
    title="QuickBooks Online",
    batch=30,
    delivery=DeliveryClass.LOOKED_UP,
    # The key is sent, and a first answer may be replayed; it is not trusted, for a failure was reported (intuit .NET SDK, issue 352).
    idempotency=Idempotency("query parameter requestid: 50 characters, 36 for a batch", timedelta(0), "company; not relied on"),
    visible_after=timedelta(seconds=10),
    request_timeout=timedelta(seconds=120),
    cursor_overlap=timedelta(minutes=5),
    verbs={
        "contact": _VOIDED,
        "supplier": _VOIDED,
        "item": _VOIDED,
        "invoice": _VOIDED,
        "sales_receipt": _VOIDED,
        "credit_note": _VOIDED,
        "refund_receipt": _VOIDED,
        "bill": _VOIDED,
        "bill_credit": _VOIDED,
        "payment": _VOIDED,
        "spend": _VOIDED,
        "transfer": _VOIDED,
        "journal": _VOIDED,
        "cost_journal": _VOIDED,
    },
    own_currency=("invoice", "credit_note", "sales_receipt", "refund_receipt", "payment"),
    minor_digits=2,
    rounding=ROUNDING,
    hosts=("quickbooks.api.intuit.com", "sandbox-quickbooks.api.intuit.com"),
    limits=(Limit(500, timedelta(minutes=1)), Limit(10, timedelta(seconds=1)), Limit(40, timedelta(minutes=1), of="/batch")),
    api_version="v3, minorversion 75",
    refresh_life=timedelta(days=100),
    linked=True,
    approval=(
        "An administrator of the QuickBooks company consents in the browser. The app itself needs production keys from Intuit: a "
        "questionnaire that is answered within days. The Builder tier is free up to 500,000 calls a month. QuickBooks Online Essentials "
        "or higher for invoices in more than one place; inventory items need Plus."
    ),
    evidence={
        "hosts": Evidence.SPECIFIED,
        "refresh_life": Evidence.DOCUMENTED,
        "batch": Evidence.DOCUMENTED,
        "limits": Evidence.DOCUMENTED,
        "throttles": Evidence.DOCUMENTED,
        "request_timeout": Evidence.DOCUMENTED,
        "idempotency": Evidence.DOCUMENTED,
        "visible_after": Evidence.UNCONFIRMED,  # a query shows what was written at once as far as is known; nobody promises it
        "cursor_overlap": Evidence.UNCONFIRMED,
        "verbs": Evidence.SPECIFIED,
        "rounding": Evidence.DOCUMENTED,
        "minor_digits": Evidence.UNCONFIRMED,  # two digits in every currency of our customers; amounts carry up to seven in unit prices
        "approval": Evidence.UNCONFIRMED,
    },
)
