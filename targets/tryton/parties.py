"""Parties that a document names only in passing: the address of its customer, and who stands for a buyer without a name."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256

from taps.tryton.client import TrytonEdge, search
from targets.tryton.records import PARTY
from targets.tryton.sending import Rejected, Sender


class Parties:
    """Asked while a document is sent; remembers what it found as long as the writer is open."""

    def __init__(self, edge: TrytonEdge) -> None:
        self._edge = edge
        self._addresses: dict[int, int] = {}
        self._walk_ins: dict[str, int] = {}

    def learn(self, parties: Iterable[int]) -> None:
        """Read the first address of each party that is not known yet, in one call."""
        missing = sorted(set(parties) - self._addresses.keys())
        if missing:
            read = search(self._edge, "party.address", [["party", "in", missing]], ("party",))
            self._addresses |= {each["party"]: each["id"] for each in reversed(read)}

    def address(self, party: int) -> int:
        """The first address of a party. Raises Rejected where it has none."""
        self.learn([party])
        if party not in self._addresses:
            raise Rejected(f"the party {party} has no address there", fault=False)
        return self._addresses[party]

    def walk_in(self, sender: Sender, name: str) -> int:
        """The party of that name for all buyers without one: found by its code, made when it is first needed."""
        if name not in self._walk_ins:
            self._walk_ins[name] = self._find(name) or self._make(sender, name)
        return self._walk_ins[name]

    def _find(self, name: str) -> int | None:
        found = search(self._edge, PARTY, [["code", "=", _code(name)]], ("code",))
        return int(found[0]["id"]) if found else None

    def _make(self, sender: Sender, name: str) -> int:
        values = {"name": name, "code": _code(name), "addresses": [["create", [{}]]]}
        try:
            return int(sender.create(PARTY, values, ("id",))["id"])
        except Rejected:  # somebody was faster: a code is given once
            found = self._find(name)
            if found is None:
                raise
            return found


def _code(name: str) -> str:
    return f"cf:walk-in:{sha256(name.encode()).hexdigest()[:12]}"
