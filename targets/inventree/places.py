"""Which part an item of ours is, and which stock location a place of ours is."""

from __future__ import annotations

from mappings.problem import Problem
from taps._kit.edge import Edge, Outcome, Reply
from taps._kit.points import at
from taps.inventree import client
from taps.inventree.facts import FACTS
from targets._kit.writer import Intent, Payload
from targets.inventree.config import InvenTreeTargetConfig
from targets.inventree.moves import Names

_MOST = 100
_LONGEST = 100


class Missing(Exception):
    """A document cannot be prepared."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.say)
        self.problem = problem


class Places:
    """Parts and locations of one connection, remembered while it is open."""

    def __init__(self, config: InvenTreeTargetConfig) -> None:
        self._config = config
        self._by_name: dict[str, set[int]] = {}
        self._locations: dict[int, str] = {}
        self._structural: set[int] = set()
        self._parts: dict[str, int] = {}
        self._skus: dict[int, str] = {}

    def open(self, edge: Edge) -> None:
        """Read the locations."""
        self._by_name, self._locations, self._structural, self._parts = {}, {}, set(), {}
        for row in client.rows(edge, "/api/stock/location/", {}, self._config.page_size):
            self._learn(row["pk"], row["name"], row.get("pathstring") or row["name"])
            if row.get("structural"):
                self._structural.add(row["pk"])

    def _learn(self, pk: int, name: str, path: str) -> None:
        self._locations[pk] = path
        for each in {name, path}:
            self._by_name.setdefault(each, set()).add(pk)

    def names(self) -> Names:
        """For sentences; grows with what is learned."""
        return Names(self._skus, self._locations)

    def known(self) -> list[str]:
        """Paths of all locations."""
        return sorted(self._locations.values())

    # ── parts ──

    def part(self, edge: Edge, intent: Intent, sku: str) -> int:
        """The part of an item: the one we made, else the one part with this IPN. Raises Missing."""
        related = intent.related.get(f"item:{sku}")
        if related is not None and related.kind == "part":
            self._skus[int(related.remote_id)] = sku
            return int(related.remote_id)
        if sku not in self._parts:
            found = [row["pk"] for row in client.rows(edge, "/api/part/", {"IPN": sku}, _MOST) if row["IPN"] == sku]
            if len(found) != 1:
                how = "no part" if not found else f"{len(found)} parts"
                say = f"{intent.number} moves {sku}, and {FACTS.title} has {how} with this IPN."
                raise Missing(Problem("MAP-LOOKUP", say, "Post products as parts on this route, or correct the IPN in InvenTree.", "sku"))
            self._parts[sku] = found[0]
            self._skus[found[0]] = sku
        return self._parts[sku]

    # ── locations ──

    def location(self, intent: Intent, ours: str) -> int | str:
        """The location of a place; its name where it shall be made. Raises Missing."""
        name = self._config.locations.get(ours, ours) if ours else self._config.location
        if not name:
            say = f"{intent.number} moves stock, and neither it nor the connection names a place."
            raise Missing(Problem("MAP-LOOKUP", say, "Set `location` in the connection's configuration.", "location"))
        found = self._by_name.get(name, set())
        if not found and self._config.create_locations and len(name) <= _LONGEST:
            return name
        what = self._wrong(name, found)
        if what:
            fix = "Make it there, name another under `locations`, or set `create_locations: true`."
            raise Missing(Problem("MAP-LOOKUP", f"{intent.number} moves stock at {name}: {what}.", fix, "location"))
        return next(iter(found))

    def _wrong(self, name: str, found: set[int]) -> str:
        if not found:
            return f"{FACTS.title} has no stock location {name}"
        if len(found) > 1:
            return f"{FACTS.title} has {len(found)} stock locations {name}; name one by its path"
        return f"the stock location {name} is structural and holds no stock" if found <= self._structural else ""

    def settle(self, edge: Edge, payload: Payload) -> Payload | Outcome:
        """The payload with every location there, made where that is allowed."""
        wanted = []
        for part, location, units in payload.body["wanted"]:
            if isinstance(location, str) and location not in self._by_name:
                outcome = edge.write("POST", "/api/stock/location/", {"name": location})
                at("H1")
                if not (isinstance(outcome, Reply) and outcome.good):
                    return outcome
                self._learn(outcome.body["pk"], location, location)
            wanted.append([part, next(iter(self._by_name[location])) if isinstance(location, str) else location, units])
        return payload._replace(body={**payload.body, "wanted": wanted})

    def check(self) -> list[Problem]:
        """Locations that the configuration names and that cannot be used."""
        if self._config.create_locations:
            return []
        names = dict.fromkeys([*([self._config.location] if self._config.location else []), *self._config.locations.values()])
        wrong = {name: self._wrong(name, self._by_name.get(name, set())) for name in names}
        return [
            Problem("MAP-LOOKUP", f"{what[0].upper()}{what[1:]}.", "Correct `location` or `locations`.", "location")
            for what in wrong.values()
            if what
        ]
