"""Stock levels: the desired quantity is set if the one that was just read still stands (compare and swap), under an idempotency key.

A level that stands as it is wanted is not written at all. A level that Shopify itself tells of is none of ours to write: what we wrote and
what comes back goes round no second time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from taps._kit.edge import Edge, Reply
from taps._kit.errors import Misconfigured
from taps._kit.surroundings import Surroundings
from taps.shopify import queries
from taps.shopify.client import Client
from taps.shopify.facts import FACTS, PATH
from taps.shopify.kinds import KINDS as KINDS_READ
from taps.shopify.pages import Pages
from targets._kit.remote import Call, RemoteWriter, digest, refused
from targets._kit.writer import (
    Answer,
    InDoubt,
    Intent,
    Metadata,
    NotSent,
    Payload,
    Receipt,
    Sent,
    Unpreparable,
    Verb,
    unoffered,
    unpreparable,
)
from targets.shopify.config import ShopifyTargetConfig

KINDS = ("stock_level",)
_RIGHT = "write_inventory"
_OWN = "gid://shopify/"
_MOVED = ("CHANGE_FROM_QUANTITY_STALE", "COMPARE_QUANTITY_STALE", "IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED")
"""Somebody was faster: the level is read again, and the key is another one then."""
_PASSING = ("IDEMPOTENCY_CONCURRENT_REQUEST",)
_PAGE, _PLACES, _MOST = 50, 5, 250
"""Items a page and places of each that come with it; what is more is paged."""
_AGAIN = timedelta(seconds=1)


class ShopifyWriter(RemoteWriter):
    """One shop."""

    facts = FACTS

    def __init__(self, config: ShopifyTargetConfig, home: Path) -> None:  # noqa: ARG002 (nothing of it lies in the home)
        super().__init__()
        self._config = config
        self._client: Client | None = None
        self._places: dict[str, str] = {}
        """Ids of locations by the shop's names."""

    def connect(self, around: Surroundings) -> Edge:
        """Over https, with the shop's token."""
        self._client = Client(self._config, around)
        return self._client.edge

    @property
    def client(self) -> Client:
        """The open client."""
        self.edge  # noqa: B018 (says that the writer is not open)
        assert self._client is not None
        return self._client

    def hello(self) -> None:
        """What the app may do, and the places. Raises Misconfigured where it may not write stock."""
        asked = self.client.ask(queries.WRITABLE)
        scopes = {str(each["handle"]) for each in asked["currentAppInstallation"]["accessScopes"]}
        if _RIGHT not in scopes:
            raise Misconfigured(f"The app may not write stock: it has no scope {_RIGHT}. Give it the scope and install it again.")
        self._places = {str(each["name"]): str(each["id"]) for each in asked["locations"]["nodes"]}

    def metadata(self) -> Metadata:
        """The places of the shop."""
        return Metadata({"locations": sorted(self._places)})

    # ── prepare ──

    def prepare(self, intent: Intent) -> Payload | Unpreparable:
        """Reads the level as it stands; what is set is compared with it by Shopify itself."""
        document = intent.document
        of = f"Stock level {intent.number} ({document.get('sku')} at {document.get('location') or 'no place'})"
        stopped = unoffered(FACTS, intent, of) or self._foreign(document, of)
        if stopped is not None:
            return stopped
        wanted = Decimal(0) if intent.verb is Verb.VOID else _quantity(document, self._config.state)
        if wanted is None or wanted != wanted.to_integral_value():
            say = f"{of} says {wanted} as {self._config.state}; Shopify counts whole pieces."
            return unpreparable("MAP-REQUIRED", say, "Correct it at the source, or set `state` of the connection.", self._config.state)
        place = self._places.get(self._place_of(document))
        if place is None:
            say = f"{of} is at no location of the shop: {', '.join(sorted(self._places))}."
            return unpreparable("MAP-LOOKUP", say, "Name it under `places` of the connection.", "location")
        found = self._standing(str(document["sku"]), place)
        if len(found) != 1:
            say = f"{of}: of the shop's tracked items that are stocked there, {len(found) or 'none'} has this SKU."
            return unpreparable("MAP-LOOKUP", say, "Give one variant this SKU in Shopify, and stock it at the place.", "sku")
        item, level, stands, at = found[0]
        body = {"item": item, "level": level, "place": place, "from": stands, "to": int(wanted), "at": at}
        return Payload(intent, body, self._print(item, place, int(wanted)), Decimal(0), {})

    def _foreign(self, document: Mapping[str, Any], of: str) -> Unpreparable | None:
        if not str(document.get("source_id", "")).startswith(_OWN):
            return None
        say = f"{of} is Shopify's own: writing it back would go round in a circle."
        return unpreparable("POST-RULE", say, "Exclude inventory_level in the route of the shop's own stock.")

    def _place_of(self, document: Mapping[str, Any]) -> str:
        named = str(document.get("location") or "")
        return self._config.places.get(named, named)

    def _standing(self, sku: str, place: str) -> list[tuple[str, str, int, str]]:
        """Item, level, quantity and when it changed, of each item with exactly this SKU that is stocked there."""
        escaped = sku.replace("\\", "\\\\").replace("'", "\\'")
        rows = self.client.ask(queries.LEVEL_OF, {"search": f"sku:'{escaped}'", "place": place, "names": [self._config.state]})
        found = []
        for row in rows["inventoryItems"]["nodes"]:
            level = row["inventoryLevel"]
            if row["sku"] == sku and row["tracked"] and level:
                [state] = level["quantities"]
                found.append((str(row["id"]), str(level["id"]), int(state["quantity"]), str(state["updatedAt"] or "")))
        return found

    def _print(self, item: str, place: str, quantity: int) -> str:
        return digest([item, place, self._config.state, quantity])

    # ── send ──

    def send(self, batch: Sequence[Payload]) -> list[Answer]:
        """What stands as it is wanted is there already; of the rest each is one call: a stale one must not stop its neighbours."""
        moving = [payload for payload in batch if payload.body["from"] != payload.body["to"]]
        answers = dict(zip(map(id, moving), super().send(moving), strict=True))
        return [answers.get(id(payload)) or self._receipt(payload, payload.body["to"]) for payload in batch]

    def calls(self, batch: Sequence[Payload]) -> Iterator[Call]:
        """One for each level."""
        for payload in batch:
            body = payload.body
            change = {
                "inventoryItemId": body["item"],
                "locationId": body["place"],
                "quantity": body["to"],
                "changeFromQuantity": body["from"],
            }
            given = {
                "name": self._config.state,
                "reason": self._config.reason,
                "referenceDocumentUri": f"gid://counterfoil/StockLevel/{payload.intent.look_up_key}",
                "quantities": [change],
            }
            # What is compared is part of the key: after a stale one the same document is another request.
            key = str(uuid5(NAMESPACE_URL, f"{payload.intent.idempotency_key}/{body['from']}/{body['at']}"))
            yield Call("POST", PATH, (payload,), {"query": queries.SET_LEVEL, "variables": {"input": given, "key": key}})

    def judge(self, call: Call, reply: Reply) -> list[Answer]:
        """The quantity after the change is in the answer itself."""
        (payload,) = call.payloads
        of = f"stock level {payload.intent.number} ({payload.intent.document.get('sku')})"
        body = reply.body if isinstance(reply.body, dict) else {}
        errors = body.get("errors") or []
        if not reply.good or errors or not body.get("data"):
            return [self._unanswered(of, reply, errors)]
        told = body["data"]["inventorySetQuantities"]
        if told["userErrors"]:
            return [self._refused(of, told["userErrors"])]
        changes = (told["inventoryAdjustmentGroup"] or {}).get("changes") or []
        after = [each["quantityAfterChange"] for each in changes if each["name"] == self._config.state]
        if after and after[0] is not None:
            return [self._receipt(payload, int(after[0]))]
        [(_, _, stands, _)] = self._standing(str(payload.intent.document["sku"]), payload.body["place"]) or [("", "", 0, "")]
        return [self._receipt(payload, stands)]

    def _unanswered(self, of: str, reply: Reply, errors: Any) -> Answer:
        """What the client's judge let through: an error at the top is said before anything is done; silence says nothing."""
        told: list[dict[str, Any]] = errors if isinstance(errors, list) else [{"message": str(errors)}]
        if reply.good and not told:
            return InDoubt(f"{FACTS.title}: something went wrong on its side")
        return refused(FACTS.title, of, "; ".join(str(each.get("message", "")) for each in told) or str(reply.status))

    def _refused(self, of: str, errors: Sequence[Mapping[str, Any]]) -> Answer:
        codes = {str(each["code"]) for each in errors}
        if codes & {*_MOVED, *_PASSING}:
            return NotSent(self._around.clock() + _AGAIN, f"{FACTS.title}: the level changed while it was written")
        return refused(FACTS.title, of, "; ".join(str(each["message"]) for each in errors))

    def _receipt(self, payload: Payload, stands: int) -> Receipt:
        return _receipt(payload.body["level"], payload.intent.number, self._config.state, stands)

    # ── look-up ──

    def look_up(self, sent: Sequence[Sent]) -> list[Receipt | None]:
        """Whether a level stands as an attempt wanted it; whoever finds none reads the level anew, and compares again."""
        standing = {self._print(item, place, units): (level, sku, units) for item, sku, place, level, units in self._levels()}
        found = [standing.get(each.digest) for each in sent]
        return [_receipt(each[0], each[1], self._config.state, each[2]) if each else None for each in found]

    def read_back(self, since: datetime | None = None) -> Sequence[Receipt]:  # noqa: ARG002 (an item's clock stands still when stock moves)
        """Every level of the shop: none of them is marked as ours."""
        return [_receipt(level, sku, self._config.state, units) for _, sku, _, level, units in self._levels()]

    def _levels(self) -> Iterator[tuple[str, str, str, str, int]]:
        """Item, SKU, place, level and quantity of everything that is stocked."""
        pages = Pages(self.client, KINDS_READ["inventory"], _PAGE, _PLACES, _MOST)
        after, more = None, True
        while more:
            page = pages.page(after, None)
            for row in page.rows:
                for level in row["inventoryLevels"]:
                    units = next(int(each["quantity"]) for each in level["quantities"] if each["name"] == self._config.state)
                    yield str(row["id"]), str(row["sku"] or ""), str(level["location"]["id"]), str(level["id"]), units
            after, more = page.end, page.more


def _quantity(document: Mapping[str, Any], state: str) -> Decimal | None:
    """What the document says of that state; a body leaves out what is zero."""
    value = document.get(state, 0 if state == "on_hand" else None)
    return None if value is None else Decimal(str(value))


def _receipt(level: str, number: str, state: str, units: int) -> Receipt:
    return Receipt(level, number, "", Decimal(0), {"level": level, state: units})
