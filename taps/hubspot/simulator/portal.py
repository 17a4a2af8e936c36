"""A simulated account of HubSpot: records, what hangs on what, owners, pipelines, and the rules that HubSpot keeps by itself.

Deals follow their line items: number of lines, and the amount unless a person typed one. Whether a deal counts as changed when a line
item's text or price changes is not known: here it does only where one of its own properties changes, which is the harder case.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from taps._kit.simulator import Clock
from taps.hubspot.simulator.properties import DEFINED, defined
from taps.hubspot.simulator.table import Properties, Row, Table
from taps.hubspot.sweep import written

TYPES = ("contacts", "companies", "products", "line_items", "deals")
_FIRST = {"contacts": 101, "companies": 9_000_000_001, "products": 7_001, "line_items": 3_000_000_001, "deals": 60_000_000_001}
_FRESH = 90_000_000_001
_LABELS = {("deals", "companies"): (5, "Primary"), ("contacts", "companies"): (1, "Primary")}
"""The label of the first company of a record."""
WON, LOST = "closedwon", "closedlost"
_CENT = Decimal("0.01")
STAGES: Mapping[str, tuple[str, str, bool]] = {
    "appointmentscheduled": ("Appointment scheduled", "0.2", False),
    "contractsent": ("Contract sent", "0.9", False),
    WON: ("Closed won", "1.0", True),
    LOST: ("Closed lost", "0.0", True),
}
"""Label, probability and whether it is closed: won is what is closed with a probability of one."""

Links = dict[str, dict[int, None]]
"""Ids by object type, in the order in which they were linked: the first company is the primary one."""


@dataclass(slots=True)
class Portal:
    """One account."""

    clock: Clock
    currency: str = "USD"
    timezone: str = "US/Eastern"
    lag: timedelta = timedelta(seconds=30)
    """How late the search is."""
    merging_keeps_the_first: bool = False
    """Whether the first of two merged records keeps its id; else both go, and a new one comes."""
    old_links: Callable[[str, int], dict[str, list[int]]] = lambda _kind, _id: {}
    """What a record of long ago hangs on."""
    tables: dict[str, Table] = field(init=False)
    owners: dict[str, dict[str, Any]] = field(default_factory=dict)
    properties: dict[str, dict[str, dict[str, Any]]] = field(init=False)
    merged_into: dict[tuple[str, int], int] = field(default_factory=dict)
    passed_over: set[int] = field(default_factory=set)
    """Ids that the list and a search by the last change leave out, as an index that lost them does; other searches have them."""
    _links: dict[tuple[str, int], Links] = field(default_factory=dict)
    _typed: set[int] = field(default_factory=set)
    """Deals whose amount a person typed."""
    _fresh: int = _FRESH

    def __post_init__(self) -> None:
        self.tables = {
            name: Table(name, "lastmodifieddate" if name == "contacts" else "hs_lastmodifieddate", self.clock, self.lag, _FIRST[name])
            for name in TYPES
        }
        self.properties = {name: {each: defined(each) for each in DEFINED[name]} for name in TYPES}

    def __getitem__(self, kind: str) -> Table:
        return self.tables[kind]

    # ── records ──

    def create(self, kind: str, given: Mapping[str, str], links: Mapping[str, Iterable[int]] | None = None) -> Row:
        """A new record with what it hangs on."""
        self._fresh += 1
        row = self[kind].add(self._fresh, {name: value for name, value in given.items() if value})
        for other, ids in (links or {}).items():
            for each in ids:
                self.link(kind, row.id, other, each, settle=False)
        if kind == "deals" and given.get("amount"):
            self._typed.add(row.id)
        self._settle(kind, row.id)
        for other, ids in (links or {}).items():
            for each in ids:
                self._settle(other, each)
        return row

    def update(self, kind: str, record_id: int, given: Mapping[str, str]) -> Row:
        """Change properties of a record."""
        if kind == "deals" and "amount" in given:
            (self._typed.add if given["amount"] else self._typed.discard)(record_id)
        row = self[kind].change(record_id, dict(given))
        self._settle(kind, record_id)
        return row

    def archive(self, kind: str, record_id: int) -> None:
        """Into the recycle bin; what hangs on it changes."""
        self[kind].archive(record_id)
        self._tell(kind, record_id)

    def restore(self, kind: str, record_id: int) -> None:
        """Out of the recycle bin."""
        self[kind].restore(record_id)
        self._tell(kind, record_id)

    def forget(self, kind: str, record_id: int) -> None:
        """Deleted for good: no list tells of it."""
        self[kind].drop(record_id)
        self._tell(kind, record_id)

    def merge(self, kind: str, first: int, second: int) -> Row:
        """Two records become one, which has what either had; the first one's values count."""
        one, two = self._there(kind, first), self._there(kind, second)
        gone = [second] if self.merging_keeps_the_first else [first, second]
        own = ("createdate", "hs_object_id", self[kind].modified)
        values = {name: value for name, value in {**two.properties, **one.properties}.items() if name not in own}
        before = [each for row in (one, two) for each in row.properties.get("hs_merged_object_ids", "").split(";") if each]
        values["hs_merged_object_ids"] = ";".join([*before, str(first), str(second)])
        links = [self.links(kind, each) for each in (first, second)]
        winner = self[kind].change(first, values) if self.merging_keeps_the_first else self.create(kind, values)
        for each in gone:
            self[kind].drop(each)
            self.merged_into[kind, each] = winner.id
        for held in links:
            for other, ids in held.items():
                for each in ids:
                    self._unlink(other, each, kind, gone)
                    self.link(kind, winner.id, other, each)
        self._settle(kind, winner.id)
        return winner

    def _there(self, kind: str, record_id: int) -> Row:
        row = self[kind].get(record_id)
        if row is None or not row.there:
            raise KeyError(record_id)
        return row

    # ── what hangs on what ──

    def links(self, kind: str, record_id: int) -> Links:
        """What a record hangs on, without what is archived or gone; of a merged one the one that took its place."""
        held = self._links.get((kind, record_id))
        if held is None:
            held = {other: dict.fromkeys(ids) for other, ids in self.old_links(kind, record_id).items()}
        found: Links = {}
        for other, ids in held.items():
            now = dict.fromkeys(self._now(other, each) for each in ids)
            found[other] = {each: None for each in now if (row := self[other].get(each)) is not None and row.there}
        return found

    def _now(self, kind: str, record_id: int) -> int:
        while (kind, record_id) in self.merged_into:
            record_id = self.merged_into[kind, record_id]
        return record_id

    def link(self, kind: str, record_id: int, other: str, other_id: int, *, settle: bool = True) -> None:
        """Hang two records on each other."""
        for one, one_id, two, two_id in ((kind, record_id, other, other_id), (other, other_id, kind, record_id)):
            self._own_links(one, one_id).setdefault(two, {})[two_id] = None
        if settle:
            self._settle(kind, record_id)
            self._settle(other, other_id)

    def unlink(self, kind: str, record_id: int, other: str, other_id: int) -> None:
        """Take two records apart."""
        self._unlink(kind, record_id, other, [other_id])
        self._unlink(other, other_id, kind, [record_id])
        self._settle(kind, record_id)
        self._settle(other, other_id)

    def _unlink(self, kind: str, record_id: int, other: str, ids: Iterable[int]) -> None:
        for each in ids:
            self._own_links(kind, record_id).setdefault(other, {}).pop(each, None)

    def _own_links(self, kind: str, record_id: int) -> Links:
        if (kind, record_id) not in self._links:
            self._links[kind, record_id] = {
                other: dict.fromkeys(self._now(other, each) for each in ids) for other, ids in self.old_links(kind, record_id).items()
            }
        return self._links[kind, record_id]

    def label(self, kind: str, other: str, place: int) -> tuple[int, str] | None:
        """Type id and name of the label that the association at this place carries."""
        return _LABELS.get((kind, other)) if place == 0 else None

    def _tell(self, kind: str, record_id: int) -> None:
        """What hangs on a record that came or went has other values now."""
        held = self._links.get((kind, record_id)) or {other: dict.fromkeys(ids) for other, ids in self.old_links(kind, record_id).items()}
        for other, ids in held.items():
            for each in ids:
                self._settle(other, each)

    # ── what HubSpot works out ──

    def _settle(self, kind: str, record_id: int) -> None:
        """Work out a record again; it counts as changed where a value differs."""
        row = self[kind].get(record_id)
        if row is None or not row.there:
            return
        worked = {"deals": self._deal, "contacts": self._contact, "companies": self._company, "line_items": self._line}.get(kind)
        if worked is None:
            return
        values = worked(row)
        if any(row.properties.get(name, "") != value for name, value in values.items()):
            self[kind].change(record_id, values)
        if kind == "line_items":
            for deal in self.links(kind, record_id).get("deals", {}):
                self._settle("deals", deal)

    def _deal(self, row: Row) -> Properties:
        held = self.links("deals", row.id)
        stage = STAGES.get(row.properties.get("dealstage", ""))
        values = {
            "hs_is_closed": "true" if stage and stage[2] else "false",
            "hs_is_closed_won": "true" if stage and stage[1:] == ("1.0", True) else "false",
            "hs_num_of_associated_line_items": str(len(held.get("line_items", {}))),
            "hs_primary_associated_company": str(next(iter(held.get("companies", {})), "")),
        }
        if row.id not in self._typed and held.get("line_items"):
            lines = [self["line_items"].get(line) for line in held["line_items"]]
            values["amount"] = str(sum((Decimal(line.properties["amount"]) for line in lines if line), Decimal(0)))
        return values

    def _contact(self, row: Row) -> Properties:
        held = self.links("contacts", row.id)
        own = {"associatedcompanyid": str(next(iter(held.get("companies", {})), ""))}
        return own | {"num_associated_deals": str(len(held.get("deals", {})))}

    def _company(self, row: Row) -> Properties:
        return {"num_associated_deals": str(len(self.links("companies", row.id).get("deals", {})))}

    def _line(self, row: Row) -> Properties:
        given = row.properties
        price = Decimal(given.get("price") or 0) * Decimal(given.get("quantity") or 1)
        off = Decimal(given.get("discount") or 0) * Decimal(given.get("quantity") or 1)
        off = price * Decimal(given["hs_discount_percentage"]) / 100 if given.get("hs_discount_percentage") else off
        return {"amount": str((price - off).quantize(_CENT, ROUND_HALF_UP))}

    # ── people ──

    def hire(self, first: str, last: str, email: str) -> str:
        """Somebody who may own records; the id."""
        key, now = str(501 + len(self.owners)), written(self.clock())
        self.owners[key] = {
            "id": key,
            "email": email,
            "type": "PERSON",
            "firstName": first,
            "lastName": last,
            "userId": 9_000 + len(self.owners),
            "userIdIncludingInactive": 9_000 + len(self.owners),
            "createdAt": now,
            "updatedAt": now,
            "archived": False,
        }
        return key

    def dismiss(self, key: str) -> None:
        """Somebody leaves."""
        self.owners[key] |= {"archived": True, "updatedAt": written(self.clock())}
        self.owners[key].pop("userId", None)
