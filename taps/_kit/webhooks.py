"""Webhooks as hints: a system says that something happened, and we look for ourselves. What a call says of the matter is never data.

A call is believed that it happened if its signature is good, it is not older than the replay window, and it did not come before. An
accepted one becomes a Hint: the connection, and the streams that have news. Signatures are compared in constant time.

    Shopify      X-Shopify-Hmac-SHA256         base64 HMAC-SHA256 of the body                              unconfirmed
    Square       x-square-hmacsha256-signature base64 HMAC-SHA256 of address + body                        its library's helper
    HubSpot      X-HubSpot-Signature-v3        base64 HMAC-SHA256 of method + address + body + timestamp   its library's helper; 5 minutes
    Xero         x-xero-signature              base64 HMAC-SHA256 of the body; first asks whether we check it; answer within 5 seconds
    QuickBooks   intuit-signature              base64 HMAC-SHA256 of the body                              its library's verifier
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

LARGEST = 1_000_000
"""Bytes of a call; longer ones are refused before they are read to their end."""
WINDOW = timedelta(minutes=5)
"""How old a call may be where it is signed with its time (HubSpot's own rule)."""
_REMEMBERED = 10_000
_DIGITS = 14
_OK, _UNAUTHORIZED, _NOT_FOUND, _NOT_ALLOWED, _TOO_LARGE = 200, 401, 404, 405, 413


class Call(NamedTuple):
    """A call as it came in. `address` is the public one, that the system was given; header names are in small letters."""

    method: str
    address: str
    headers: Mapping[str, str]
    body: bytes


class Event(NamedTuple):
    """What a call says happened: its id where the system gives one, and its kind (orders/updated, invoice.created, CONTACT)."""

    id: str
    topic: str


@dataclass(frozen=True, slots=True)
class Hooks:
    """How one system signs its calls, and which streams a kind of event speaks of."""

    header: str
    """The header with the signature, in small letters."""
    signed: Callable[[Call], bytes]
    """What is signed."""
    events: Callable[[Call, Any], list[Event]]
    """From the call and its JSON."""
    streams: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By the beginning of an event's kind, in small letters; of a kind that is not here every stream may have news."""
    time: Callable[[Call], datetime | None] = lambda _call: None
    """When it was signed."""
    timed: bool = False
    """Whether the time is signed too; a call without it is refused then."""

    def good(self, call: Call, secret: str) -> bool:
        """Whether the signature is that of the secret."""
        made = base64.b64encode(hmac.new(secret.encode(), self.signed(call), hashlib.sha256).digest())
        return hmac.compare_digest(made, call.headers.get(self.header, "").encode())

    def fresh(self, call: Call, now: datetime) -> bool:
        """Whether it is of now; of a system that does not sign the time, every call is."""
        at = self.time(call)
        return not self.timed or (at is not None and abs(now - at) <= WINDOW)

    def of(self, topic: str) -> tuple[str, ...]:
        """The streams of a kind of event; () for: any."""
        return next((streams for start, streams in self.streams.items() if topic.lower().startswith(start)), ())


# ── the systems ──


def _body(call: Call) -> bytes:
    return call.body


def _shopify_events(call: Call, _said: Any) -> list[Event]:
    named = call.headers.get("x-shopify-event-id") or call.headers.get("x-shopify-webhook-id", "")
    return [Event(named, call.headers.get("x-shopify-topic", ""))]


def _square_events(_call: Call, said: Any) -> list[Event]:
    return [Event(str(said.get("event_id", "")), str(said.get("type", "")))] if isinstance(said, dict) else []


def _listed(said: Any) -> list[Mapping[str, Any]]:
    return [each for each in said if isinstance(each, dict)] if isinstance(said, list) else []


def _hubspot_events(_call: Call, said: Any) -> list[Event]:
    return [Event(str(each.get("eventId", "")), str(each.get("subscriptionType", ""))) for each in _listed(said)]


def _hubspot_time(call: Call) -> datetime | None:
    text = call.headers.get("x-hubspot-request-timestamp", "")
    if not (text.isascii() and text.isdecimal() and len(text) <= _DIGITS):
        return None
    return datetime.fromtimestamp(int(text) / 1000, UTC)


def _xero_events(_call: Call, said: Any) -> list[Event]:
    """None where Xero only asks whether we check the signature (intent to receive)."""
    return [Event("", str(each.get("eventCategory", ""))) for each in _listed(said.get("events") if isinstance(said, dict) else None)]


def _quickbooks_events(_call: Call, said: Any) -> list[Event]:
    """Of both forms: CloudEvents, and the older one by company."""
    if isinstance(said, dict) and "eventNotifications" in said:
        changes = [each.get("dataChangeEvent") or {} for each in _listed(said["eventNotifications"])]
        return [Event("", str(entity.get("name", ""))) for change in changes for entity in _listed(change.get("entities"))]
    return [
        Event(str(each.get("id", "")), _entity(str(each.get("type", "")))) for each in _listed(said if isinstance(said, list) else [said])
    ]


def _entity(kind: str) -> str:
    """The thing in the type of a CloudEvent: `qbo.invoice.created.v1` is of an invoice."""
    parts = kind.split(".")
    return parts[1] if len(parts) > 1 else kind


_OF_ORDERS = ("orders", "refunds", "transactions", "fulfillments", "returns")
HOOKS: Mapping[str, Hooks] = {
    "shopify": Hooks(
        "x-shopify-hmac-sha256",
        _body,
        _shopify_events,
        {
            "orders/": _OF_ORDERS,
            "refunds/": _OF_ORDERS,
            "returns/": _OF_ORDERS,
            "fulfillments/": _OF_ORDERS,
            "order_transactions/": _OF_ORDERS,
            "products/": ("products",),
            "customers/": ("customers",),
            "locations/": ("locations",),
            "inventory_": ("inventory",),
            "disputes/": ("disputes",),
        },
    ),
    "square": Hooks(
        "x-square-hmacsha256-signature",
        lambda call: call.address.encode() + call.body,
        _square_events,
        {
            "order.": ("orders",),
            "payment.": ("payments",),
            "refund.": ("refunds",),
            "customer.": ("customers",),
            "catalog.": ("catalog",),
            "inventory.": ("inventory_counts", "inventory_changes"),
            "payout.": ("payouts", "payout_entries"),
            "dispute.": ("disputes",),
            "location.": ("locations",),
        },
    ),
    "hubspot": Hooks(
        "x-hubspot-signature-v3",
        lambda call: f"{call.method}{call.address}".encode() + call.body + call.headers.get("x-hubspot-request-timestamp", "").encode(),
        _hubspot_events,
        {"contact.": ("contacts",), "company.": ("companies",), "deal.": ("deals",), "product.": ("products",)},
        _hubspot_time,
        timed=True,
    ),
    "xero": Hooks("x-xero-signature", _body, _xero_events, {"invoice": ("invoices",), "contact": ("contacts",)}),
    "quickbooks": Hooks(
        "intuit-signature", _body, _quickbooks_events, {"invoice": ("invoices",), "customer": ("customers",), "payment": ("payments",)}
    ),
}
"""By the name of the tap."""


# ── the receiver ──


class Mailbox(NamedTuple):
    """One connection that is called: its system, the address it was given, and its secret."""

    connection: str
    hooks: Hooks
    address: str
    secret: str


Told = Callable[[str, tuple[str, ...]], None]
"""Told (connection, streams) of each accepted call; no streams: any of them."""


class Receiver:
    """An ASGI application: POST /CONNECTION. It answers at once; the work is somebody else's."""

    def __init__(self, boxes: Sequence[Mailbox], told: Told, clock: Callable[[], datetime]) -> None:
        self._boxes = {box.connection: box for box in boxes}
        self._told = told
        self._clock = clock
        self._seen: OrderedDict[str, None] = OrderedDict()

    def take(self, box: Mailbox, call: Call) -> int:
        """The status for a call. What came before is thanked for, and leads to nothing."""
        if not box.hooks.good(call, box.secret) or not box.hooks.fresh(call, self._clock()):
            return _UNAUTHORIZED
        try:
            said = json.loads(call.body or b"null")
        except ValueError:
            said = None
        events = box.hooks.events(call, said)
        new = [each for each in events if self._is_new(f"{box.connection}/{each.id or hashlib.sha256(call.body).hexdigest()}/{each.topic}")]
        if new:
            streams = [box.hooks.of(each.topic) for each in new]
            self._told(box.connection, () if () in streams else tuple(dict.fromkeys(name for some in streams for name in some)))
        return _OK

    def _is_new(self, key: str) -> bool:
        if key in self._seen:
            return False
        self._seen[key] = None
        while len(self._seen) > _REMEMBERED:
            self._seen.popitem(last=False)
        return True

    async def __call__(self, scope: Mapping[str, Any], receive: Any, send: Any) -> None:
        """One call."""
        if scope["type"] != "http":
            return
        status = await self._status(scope, receive)
        await send({"type": "http.response.start", "status": status, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body", "body": b""})

    async def _status(self, scope: Mapping[str, Any], receive: Any) -> int:
        box = self._boxes.get(str(scope["path"]).strip("/").rpartition("/")[2])
        if box is None:
            return _NOT_FOUND
        if scope["method"] != "POST":
            return _NOT_ALLOWED
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), bool(message.get("more_body"))
            if len(body) > LARGEST:
                return _TOO_LARGE
        return self.take(box, Call("POST", box.address, headers, body))
