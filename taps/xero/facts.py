"""What is known of Xero. Sources: Xero's own OpenAPI file (v16.1.0), developer.xero.com, and our register of facts."""

from __future__ import annotations

from datetime import timedelta

from taps._kit.facts import DeliveryClass, Evidence, Facts, Idempotency, Limit, RoundingProfile

BASE_URL = "https://api.xero.com/api.xro/2.0"
TOKEN_URL = "https://identity.xero.com/connect/token"  # noqa: S105 (an address)
AUTHORIZE_URL = "https://login.xero.com/identity/connect/authorize"
SCOPES = "openid offline_access accounting.transactions accounting.contacts accounting.settings"
_CHANGED_IN_PLACE = ("create", "update", "void")
_APPENDED = ("create", "adjust", "void")
ROUNDING = RoundingProfile(tax="line")
"""Tax per line on the rounded line amount, half-up, two places (developer.xero.com, Rounding in Xero)."""

FACTS = Facts(
    system="xero",
    title="Xero",
    batch=50,  # documented nowhere that we found: the setting `batch` lowers it
    delivery=DeliveryClass.LOOKED_UP,
    # The header is in the OpenAPI file (128 characters); how long it is remembered is not.
    idempotency=Idempotency(where="Idempotency-Key header", window=timedelta(minutes=6), scope="tenant"),
    visible_after=timedelta(seconds=30),  # lists are not known to lag; a guess on the safe side
    request_timeout=timedelta(seconds=100),
    cursor_overlap=timedelta(seconds=5),
    verbs={
        "contact": _CHANGED_IN_PLACE,
        "supplier": _CHANGED_IN_PLACE,
        "item": _CHANGED_IN_PLACE,
        "invoice": _CHANGED_IN_PLACE,
        "credit_note": _CHANGED_IN_PLACE,
        "bill": _CHANGED_IN_PLACE,
        "bill_credit": _CHANGED_IN_PLACE,
        "sales_receipt": _CHANGED_IN_PLACE,
        "refund_receipt": _CHANGED_IN_PLACE,
        "spend": _CHANGED_IN_PLACE,
        "journal": _CHANGED_IN_PLACE,
        "cost_journal": _CHANGED_IN_PLACE,
        "payment": _APPENDED,  # Xero changes no payment and no transfer: they are only made and deleted
        "transfer": _APPENDED,
    },
    own_currency=("invoice", "credit_note", "bill", "bill_credit", "payment"),
    minor_digits=2,
    rounding=ROUNDING,
    hosts=("api.xero.com",),
    limits=(Limit(60, timedelta(minutes=1)), Limit(5_000, timedelta(days=1))),
    api_version="2.0 (OpenAPI 16.1.0)",
    refresh_life=timedelta(days=60),
    linked=True,
    approval=(
        "A user of the organisation with the role Adviser or Standard gives consent in the browser. The app is registered at "
        "developer.xero.com; an app that is connected to few organisations needs no certification. Since March 2026 Xero charges apps "
        "by the number of connected organisations and the data they read."
    ),
    evidence={
        "batch": Evidence.UNCONFIRMED,
        "idempotency": Evidence.UNCONFIRMED,
        "visible_after": Evidence.UNCONFIRMED,
        "request_timeout": Evidence.UNCONFIRMED,
        "cursor_overlap": Evidence.UNCONFIRMED,
        "verbs": Evidence.SPECIFIED,
        "rounding": Evidence.DOCUMENTED,
        "minor_digits": Evidence.DOCUMENTED,
        "hosts": Evidence.SPECIFIED,
        "limits": Evidence.DOCUMENTED,
        "throttles": Evidence.DOCUMENTED,
        "api_version": Evidence.SPECIFIED,
        "refresh_life": Evidence.DOCUMENTED,
        "approval": Evidence.UNCONFIRMED,
    },
)
