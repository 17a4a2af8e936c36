"""Calls to QuickBooks Online: the edge of a company, queries in pages, and single objects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from taps._kit.edge import Edge, Reply
from taps._kit.errors import Misconfigured, Retryable
from taps._kit.oauth import OAuth, login
from taps._kit.surroundings import Surroundings
from taps.quickbooks.config import QuickBooksConfig
from taps.quickbooks.facts import FACTS, MINOR_VERSION, MOST_ROWS
from taps.quickbooks.marks import Mark, find

ALWAYS = {"minorversion": MINOR_VERSION}
_MISSING = ("610",)
_QUOTING = ("610", "2210", "2500", "6240", "6250")
"""Errors whose detail may name a customer, or repeat an address."""
_ASKED_AT_ONCE = 25
NOTE = {"Customer": "Notes", "Vendor": "Notes", "Item": "PurchaseDesc"}
"""Where our mark stands, if not in PrivateNote."""


def oauth(config: QuickBooksConfig) -> OAuth:
    """How a person connects the company. Production takes an https address to come back to, no loopback."""
    return OAuth(FACTS.title, "https://appcenter.intuit.com/connect/oauth2", config.token_url, "com.intuit.quickbooks.accounting")


def connect(config: QuickBooksConfig, around: Surroundings) -> Edge:
    """The edge of the service, logged in."""
    return Edge(
        FACTS,
        config.base_url,
        login(oauth(config), around, private_network=config.private_network),
        around,
        private_network=config.private_network,
    )


def quoted(text: str) -> str:
    """A text as the query language wants it."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def instant(moment: datetime) -> str:
    """A moment as QuickBooks writes it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S+00:00")


def moment(text: str) -> datetime:
    """An instant that QuickBooks wrote, with its offset."""
    return datetime.fromisoformat(text).astimezone(UTC)


def mark_of(entity: str, document: Mapping[str, Any]) -> Mark | None:
    """Our mark in a document; None where somebody else made it."""
    return find(document.get(NOTE.get(entity, "PrivateNote")))


def faults(body: Any) -> list[Mapping[str, Any]]:
    """The errors of an answer; a 200 may hold some too."""
    fault = body.get("Fault") if isinstance(body, dict) else None
    if fault is None:
        return []
    errors: list[Mapping[str, Any]] = fault.get("Error") or [{"Message": f"a fault of type {fault.get('type', '')}", "code": ""}]
    return errors


def sentence(errors: Sequence[Mapping[str, Any]], *, personal: bool = False) -> str:
    """What QuickBooks says, for people: its own words, the detail where it says more and quotes no name or address of a person."""
    said = []
    for error in errors:
        message, detail = str(error.get("Message") or code(error)), error.get("Detail")
        quotes = personal or code(error) in _QUOTING
        said.append(f"{message} ({error.get('element') or code(error)})" if quotes or not detail else str(detail))
    return "; ".join(dict.fromkeys(said))


def code(error: Mapping[str, Any]) -> str:
    """The number of an error."""
    return str(error.get("code", "")).lstrip("0")


class Company:
    """One company behind an edge: what can be read of it."""

    def __init__(self, edge: Edge, realm_id: str, page_size: int = MOST_ROWS) -> None:
        self.edge = edge
        self.page_size = page_size
        self.root = f"/v3/company/{realm_id}"

    def query(self, statement: str) -> dict[str, Any]:
        """The answer to one statement. Raises Misconfigured where QuickBooks does not understand it."""
        reply = self._read("/query", {"query": statement})
        return dict(reply.body.get("QueryResponse") or {})

    def page(self, entity: str, where: str = "", order: str = "", start: int = 1) -> list[dict[str, Any]]:
        """One page of an entity, from a position on that counts from 1."""
        words = ["SELECT * FROM", entity]
        words += ["WHERE", where] if where else []
        words += ["ORDERBY", order] if order else []
        words += ["STARTPOSITION", str(start), "MAXRESULTS", str(self.page_size)]
        found: list[dict[str, Any]] = self.query(" ".join(words)).get(entity, [])
        return found

    def rows(self, entity: str, where: str = "", order: str = "") -> Iterator[dict[str, Any]]:
        """Every object of an entity that fits, page by page."""
        start = 1
        while True:
            found = self.page(entity, where, order, start)
            yield from found
            if len(found) < self.page_size:
                return
            start += len(found)

    def among(self, entity: str, field: str, values: Sequence[str], also: str = "") -> Iterator[dict[str, Any]]:
        """Objects whose field has one of these values, asked for in as few statements as an address takes."""
        for start in range(0, len(values), _ASKED_AT_ONCE):
            listed = ", ".join(quoted(value) for value in values[start : start + _ASKED_AT_ONCE])
            yield from self.rows(entity, f"{field} IN ({listed}){also}")

    def one(self, entity: str, remote_id: str) -> dict[str, Any] | None:
        """One object as it stands now; None where it is gone."""
        path = f"{self.root}/{entity.lower()}/{remote_id}"
        reply = self.edge.read(path, ALWAYS)
        errors = faults(reply.body)
        if any(code(error) in _MISSING for error in errors):
            return None
        found: dict[str, Any] = self._sound(reply, path).body[entity]
        return None if found.get("status") == "Deleted" else found

    def changes(self, entities: Sequence[str], since: datetime) -> dict[str, list[dict[str, Any]]]:
        """What changed or was deleted since then, by entity; at most a thousand objects and thirty days back."""
        reply = self._read("/cdc", {"entities": ",".join(entities), "changedSince": instant(since)})
        found: dict[str, list[dict[str, Any]]] = {}
        for response in reply.body.get("CDCResponse", []):
            for answer in response.get("QueryResponse", []):
                for entity in entities:
                    found.setdefault(entity, []).extend(answer.get(entity, []))
        return found

    def _read(self, path: str, params: Mapping[str, str]) -> Reply:
        return self._sound(self.edge.read(f"{self.root}{path}", {**params, **ALWAYS}), path)

    def _sound(self, reply: Reply, path: str) -> Reply:
        errors = faults(reply.body)
        if errors:
            raise Misconfigured(f"QuickBooks does not answer {path}: {sentence(errors)}.")
        if not reply.good or not isinstance(reply.body, dict):
            raise Retryable(f"QuickBooks answers {path} with {reply.status}.")
        return reply
