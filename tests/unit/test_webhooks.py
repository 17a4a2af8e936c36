"""Webhooks are hints: signed, of now, once; what they say is never data. The vendors' own helpers judge the signatures."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hubspot.utils.signature import Signature
from square.utils.webhooks_helper import verify_signature

from taps._kit.registry import taps
from taps._kit.webhooks import HOOKS, LARGEST, WINDOW, Call, Mailbox, Receiver

NOW = datetime(2026, 11, 2, 9, tzinfo=UTC)
SECRET = "hook-secret"
ADDRESS = "https://hooks.acme.example/counterfoil/front"
BODIES: dict[str, Any] = {
    "shopify": {"id": 820982911946154508, "note": "x"},
    "square": {"event_id": "e-1", "type": "payment.updated", "data": {}},
    "hubspot": [{"eventId": 1, "subscriptionType": "contact.propertyChange", "objectId": 7}],
    "xero": {"events": [{"resourceId": "r", "eventCategory": "INVOICE", "eventType": "UPDATE"}], "firstEventSequence": 1},
    "quickbooks": {"eventNotifications": [{"realmId": "1", "dataChangeEvent": {"entities": [{"name": "Invoice", "id": "1"}]}}]},
}
STREAMS = {
    "shopify": ("orders", "refunds", "transactions", "fulfillments", "returns"),
    "square": ("payments",),
    "hubspot": ("contacts",),
    "xero": ("invoices",),
    "quickbooks": ("invoices",),
}


def call(system: str, body: Any = None, *, at: datetime = NOW, secret: str = SECRET, **headers: str) -> Call:
    """A call as the system makes it, signed by this test's own arithmetic."""
    text = json.dumps(BODIES[system] if body is None else body, ensure_ascii=False).encode()
    stamp = str(int(at.timestamp() * 1000))
    signed = {"square": ADDRESS.encode() + text, "hubspot": f"POST{ADDRESS}".encode() + text + stamp.encode()}.get(system, text)
    signature = base64.b64encode(hmac.new(secret.encode(), signed, hashlib.sha256).digest()).decode()
    given = {HOOKS[system].header: signature}
    if system == "hubspot":
        given["x-hubspot-request-timestamp"] = stamp
    if system == "shopify":
        given |= {"x-shopify-topic": "orders/updated", "x-shopify-event-id": "e-1"}
    return Call("POST", ADDRESS, given | headers, text)


class Desk:
    """A receiver, and what it told."""

    def __init__(self, system: str) -> None:
        self.box = Mailbox("front", HOOKS[system], ADDRESS, SECRET)
        self.told: list[tuple[str, tuple[str, ...]]] = []
        self.now = NOW
        self.receiver = Receiver([self.box], lambda connection, streams: self.told.append((connection, streams)), lambda: self.now)

    def take(self, given: Call) -> int:
        return self.receiver.take(self.box, given)

    def post(self, given: Call, path: str = "/front", method: str = "POST", pieces: int = 1) -> int:
        """Over ASGI; the status."""
        size = -(-len(given.body) // pieces) or 1
        parts = [given.body[start : start + size] for start in range(0, len(given.body), size)] or [b""]
        sent: list[Any] = []

        async def receive() -> Any:
            return {"type": "http.request", "body": parts.pop(0), "more_body": bool(parts)}

        async def send(message: Any) -> None:
            sent.append(message)

        headers = [(name.encode(), value.encode()) for name, value in given.headers.items()]
        asyncio.run(self.receiver({"type": "http", "method": method, "path": path, "headers": headers}, receive, send))
        return int(sent[0]["status"])


SYSTEMS = sorted(HOOKS)


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_good_call_tells_which_streams_have_news(system):
    desk = Desk(system)
    assert desk.post(call(system)) == 200
    assert desk.told == [("front", STREAMS[system])]


@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize("how", ["another secret", "another body", "no signature", "an empty signature", "another address"])
def test_a_call_that_is_not_the_systems_is_refused(system, how):
    desk, good = Desk(system), call(system)
    header = HOOKS[system].header
    other = {
        "another secret": call(system, secret="guessed"),
        "another body": good._replace(body=good.body + b" "),
        "no signature": good._replace(headers={name: value for name, value in good.headers.items() if name != header}),
        "an empty signature": good._replace(headers={**good.headers, header: ""}),
        "another address": good._replace(address="https://elsewhere.example/"),
    }[how]
    signs_address = system in ("square", "hubspot")
    assert desk.take(other) == (200 if how == "another address" and not signs_address else 401)
    assert bool(desk.told) is (how == "another address" and not signs_address)


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_call_that_came_before_is_thanked_for_and_leads_to_nothing(system):
    desk = Desk(system)
    assert [desk.take(call(system)) for _ in range(3)] == [200, 200, 200]
    assert len(desk.told) == 1


def test_a_signed_time_that_is_not_of_now_is_refused():
    desk = Desk("hubspot")
    for off in (WINDOW + timedelta(seconds=1), -WINDOW - timedelta(seconds=1)):
        assert desk.take(call("hubspot", at=NOW + off)) == 401
    without = call("hubspot")
    assert desk.take(without._replace(headers={HOOKS["hubspot"].header: without.headers[HOOKS["hubspot"].header]})) == 401
    assert desk.told == []
    assert desk.take(call("hubspot", at=NOW - WINDOW)) == 200


def test_squares_own_helper_finds_the_same_signature():
    given = call("square")
    key = HOOKS["square"].header
    assert verify_signature(
        request_body=given.body.decode(), signature_header=given.headers[key], signature_key=SECRET, notification_url=ADDRESS
    )
    assert HOOKS["square"].good(given, SECRET)


def test_hubspots_own_helper_finds_the_same_signature():
    given = call("hubspot")
    stamp = given.headers["x-hubspot-request-timestamp"]
    theirs = Signature.get_signature(SECRET, given.body.decode(), "v3", ADDRESS, "POST", stamp)
    assert given.headers["x-hubspot-signature-v3"] == theirs
    assert HOOKS["hubspot"].good(given, SECRET)


def test_xeros_question_whether_we_check_is_answered_and_is_no_news():
    desk = Desk("xero")
    empty = {"events": [], "firstEventSequence": 0, "lastEventSequence": 0, "entropy": "S0m3r4Nd0m"}
    assert desk.take(call("xero", empty)) == 200
    assert desk.take(call("xero", empty, secret="guessed")) == 401
    assert desk.told == []


def test_quickbooks_newer_form_is_understood_too():
    desk = Desk("quickbooks")
    cloud = [{"specversion": "1.0", "id": "c-1", "type": "qbo.customer.updated.v1", "intuitentityid": "5"}]
    assert desk.take(call("quickbooks", cloud)) == 200
    assert desk.told == [("front", ("customers",))]


def test_an_event_of_a_kind_that_is_not_known_is_news_of_any_stream():
    desk = Desk("square")
    assert desk.take(call("square", {"event_id": "9", "type": "loyalty.account.created"})) == 200
    assert desk.told == [("front", ())]


@pytest.mark.parametrize("body", ["", b"{", b"\xff\xfe", b"null", b"7", b'"text"'])
def test_nonsense_that_is_signed_does_no_harm(body):
    for system in SYSTEMS:
        desk, raw = Desk(system), body if isinstance(body, bytes) else body.encode()
        stamp = str(int(NOW.timestamp() * 1000))
        signed = {"square": ADDRESS.encode() + raw, "hubspot": f"POST{ADDRESS}".encode() + raw + stamp.encode()}.get(system, raw)
        signature = base64.b64encode(hmac.new(SECRET.encode(), signed, hashlib.sha256).digest()).decode()
        headers = {HOOKS[system].header: signature, "x-hubspot-request-timestamp": stamp}
        assert desk.take(Call("POST", ADDRESS, headers, raw)) == 200


def test_a_call_that_is_too_long_is_refused_before_it_is_read():
    desk = Desk("shopify")
    long = call("shopify", {"note": "x" * LARGEST})
    assert desk.post(long, pieces=9) == 413
    assert desk.told == []


def test_other_paths_and_methods_are_not_there():
    desk = Desk("shopify")
    assert desk.post(call("shopify"), path="/other") == 404
    assert desk.post(call("shopify"), method="GET") == 405
    assert desk.post(call("shopify"), path="/behind/a/proxy/front", pieces=3) == 200


def test_every_stream_that_is_named_is_one_of_the_tap():
    """Where the tap is installed and says its streams without being asked."""
    missing = {}
    for system, hooks in HOOKS.items():
        kind = taps().get(system)
        if kind is None:
            continue
        needed = {"base_url": "https://a.example", "realm_id": "1", "tenant_id": "t", "company": "c"}
        config = kind.config.model_construct(**{name: value for name, value in needed.items() if name in kind.config.model_fields})
        streams = {stream.name for stream in kind.build(config, Path()).streams()}
        named = {name for some in hooks.streams.values() for name in some}
        if named - streams:
            missing[system] = named - streams
    assert missing == {}
