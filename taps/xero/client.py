"""Calls to Xero: the edge of an organisation, lists in pages, and the shapes of its instants."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from taps._kit.edge import Edge, Reply
from taps._kit.errors import Misconfigured
from taps._kit.oauth import OAuth, login
from taps._kit.surroundings import Surroundings
from taps.xero.config import XeroConfig
from taps.xero.facts import AUTHORIZE_URL, FACTS, SCOPES
from taps.xero.marks import searches

PAGED = frozenset({"Invoices", "CreditNotes", "BankTransactions", "Payments", "ManualJournals", "Contacts"})
"""Lists with pages; BankTransfers, Items, Accounts and TaxRates come whole."""
UNIT_PLACES = 4
_WITH_UNIT_PLACES = frozenset({"Invoices", "CreditNotes", "BankTransactions", "Items"})
_ASKED_AT_ONCE = 10
"""Keys of one search: longer filters are slow there."""
_TICKS = re.compile(r"/Date\((-?\d+)(?:[+-]\d{4})?\)/")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def oauth(config: XeroConfig) -> OAuth:
    """How a person connects the organisation."""
    return OAuth(FACTS.title, AUTHORIZE_URL, config.token_url, SCOPES)


def connect(config: XeroConfig, around: Surroundings) -> Edge:
    """The edge of the organisation, logged in."""
    tenant = {"xero-tenant-id": config.tenant_id}
    return Edge(
        FACTS,
        config.base_url,
        login(oauth(config), around, private_network=config.private_network, extra=tenant),
        around,
        private_network=config.private_network,
    )


def instant(text: str) -> datetime:
    """`/Date(1552326816230+0000)/`: milliseconds since 1970; the offset is for people."""
    found = _TICKS.fullmatch(text)
    if found:
        return _EPOCH + timedelta(milliseconds=int(found[1]))
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def day(text: str | None) -> date | None:
    """The date of a document; its midnight is written as UTC, whatever the organisation's time zone."""
    return instant(text).date() if text else None


def params(resource: str) -> dict[str, Any]:
    """What every call of the resource says: four decimals of a price where it has prices."""
    return {"unitdp": UNIT_PLACES} if resource in _WITH_UNIT_PLACES else {}


def sentences(element: Mapping[str, Any]) -> list[str]:
    """What Xero finds wrong with one element, in its words."""
    return [str(each.get("Message", "")) for each in element.get("ValidationErrors") or () if isinstance(each, dict)]


def said(reply: Reply) -> list[str]:
    """What a refusal says as a whole, elements first."""
    body = reply.body if isinstance(reply.body, dict) else {}
    found = [text for element in body.get("Elements") or () for text in sentences(element)]
    return found or [str(body.get("Message") or body.get("Detail") or body.get("Title") or f"status {reply.status}")]


class Organisation:
    """One organisation behind an edge: what can be read of it."""

    def __init__(self, edge: Edge, page_size: int = 100) -> None:
        self.edge = edge
        self.page_size = page_size
        self.told: datetime | None = None
        """Xero's own clock at the last list."""

    def whole(self, resource: str, since: datetime | None = None, **more: Any) -> list[dict[str, Any]]:
        """A list without pages, or one page of it."""
        headers = {"If-Modified-Since": since.strftime("%Y-%m-%dT%H:%M:%S")} if since else {}
        reply = self.edge.read(f"/{resource}", {**params(resource), **more}, headers)
        if not reply.good or not isinstance(reply.body, dict):
            raise Misconfigured(f"Xero does not let us read {resource}: {' '.join(said(reply)).rstrip('.')}.")
        if reply.body.get("DateTimeUTC"):
            self.told = instant(reply.body["DateTimeUTC"])
        found: list[dict[str, Any]] = reply.body.get(resource) or []
        return found

    def itself(self) -> dict[str, Any]:
        """The organisation's own data. Raises Misconfigured where the log-in sees none."""
        reply = self.edge.read("/Organisation")
        found = reply.body.get("Organisations") if reply.good and isinstance(reply.body, dict) else None
        if not found:
            raise Misconfigured("Xero shows no organisation to this log-in. Connect it again, or correct tenant_id.")
        return dict(found[0])

    def page(self, resource: str, number: int, since: datetime | None = None, **more: Any) -> list[dict[str, Any]]:
        """One page, from 1 on."""
        return self.whole(resource, since, page=number, pageSize=self.page_size, **more)

    def rows(self, resource: str, where: str = "", since: datetime | None = None, **more: Any) -> Iterator[dict[str, Any]]:
        """Every document that fits."""
        asked = {"where": where, **more} if where else more
        if resource == "BankTransfers":
            asked = {"includeDeleted": "true", **asked}
        if resource == "Contacts":
            asked = {"includeArchived": "true", **asked}
        if resource not in PAGED:
            yield from self.whole(resource, since, **asked)
            return
        number = 1
        while True:
            found = self.page(resource, number, since, order="UpdatedDateUTC ASC", **asked)
            yield from found
            if len(found) < self.page_size:
                return
            number += 1

    def marked(self, resource: str, starts: Sequence[str], since: datetime | None = None) -> Iterator[dict[str, Any]]:
        """Documents whose mark begins with one of these texts. An absent field is asked for first: Xero fails on it otherwise."""
        for field, call, among in searches(resource):
            for place in range(0, len(starts), _ASKED_AT_ONCE):
                texts = " OR ".join(f'{field}.{call}("{start}")' for start in starts[place : place + _ASKED_AT_ONCE])
                yield from self.rows(resource, f"{among + ' AND ' if among else ''}{field}!=null AND ({texts})", since)

    def one(self, resource: str, remote_id: str) -> dict[str, Any] | None:
        """One document as it stands now; None where it is not there."""
        reply = self.edge.read(f"/{resource}/{remote_id}", params(resource))
        found = reply.body.get(resource) if reply.good and isinstance(reply.body, dict) else None
        return found[0] if found else None
