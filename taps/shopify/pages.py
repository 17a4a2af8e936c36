"""Pages of a list, whole rows: what did not come with a row is paged out, and a page that costs too much is asked for in smaller ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from taps._kit.errors import Fatal
from taps.shopify import queries
from taps.shopify.client import Client, TooCostly
from taps.shopify.kinds import CHILD_OWNERS, Kind


class Page(NamedTuple):
    """Rows in the order of Shopify, where the page ended, and whether more follow."""

    rows: list[dict[str, Any]]
    end: str | None
    more: bool


class Pages:
    """The pages of one stream. `size` is what was found to be affordable."""

    def __init__(self, client: Client, kind: Kind, size: int, nested: int, most: int) -> None:
        self.size = size
        self._most = most
        self._client = client
        self._kind = kind
        self._nested = nested
        self._rest_sizes: dict[tuple[str, str], int] = {}

    def page(self, after: str | None, search: str | None) -> Page:
        """One page of whole rows. An account that the shop does not have is an empty page."""
        given: dict[str, Any] = {"filter": search, "nested": self._nested, "names": queries.NAMES}
        variables = {"after": after} | {name: value for name, value in given.items() if f"${name}" in self._kind.query}
        while True:
            try:
                found: Any = self._client.ask(self._kind.query, {"first": self.size, **variables})
            except TooCostly as told:
                if self.size == 1 and self._nested > 1:
                    variables["nested"] = self._nested = self._nested // 2
                else:
                    self.size = _affordable(self.size, told)
                continue
            for name in self._kind.path:
                found = found[name] if found else None
            if found is None:
                return Page([], None, more=False)
            rows = [self._whole(self._kind.owner, row) for row in found["nodes"]]
            return Page(rows, found["pageInfo"]["endCursor"], more=found["pageInfo"]["hasNextPage"])

    def these(self, ids: Sequence[str]) -> list[dict[str, Any]]:
        """Whole rows by their ids, at most `size` of them; one that was deleted since is left out."""
        while True:
            variables: dict[str, Any] = {"ids": list(ids[: self.size])} | ({"nested": self._nested} if self._kind.nested else {})
            try:
                found = self._client.ask(self._kind.these, variables)["nodes"]
            except TooCostly as told:
                if self.size == 1 and self._nested > 1:
                    self._nested //= 2
                else:
                    self.size = _affordable(min(self.size, len(ids)), told)
                continue
            return [self._whole(self._kind.owner, row) for row in found if row]

    def _whole(self, owner: str, row: Mapping[str, Any]) -> dict[str, Any]:
        """The row with its lists in full, as plain lists."""
        whole: dict[str, Any] = {}
        for name, value in row.items():
            if isinstance(value, dict) and "pageInfo" in value:
                nodes = value["nodes"] + self._rest(owner, str(row["id"]), name, value["pageInfo"])
                whole[name] = [self._whole(CHILD_OWNERS.get(name, ""), node) for node in nodes]
            elif isinstance(value, list) and name in CHILD_OWNERS:
                whole[name] = [self._whole(CHILD_OWNERS[name], each) for each in value]
            else:
                whole[name] = value
        return whole

    def _rest(self, owner: str, row_id: str, field: str, info: Mapping[str, Any]) -> list[Any]:
        if not info["hasNextPage"]:
            return []
        if (owner, field) not in queries.PAGED:
            raise Fatal(f"{owner} {row_id} has more {field} than Shopify gives at once, and nothing pages them.")
        return list(self._following(owner, row_id, field, info["endCursor"]))

    def _following(self, owner: str, row_id: str, field: str, after: str) -> Iterator[Any]:
        query = queries.rest_of(owner, field)
        more = True
        while more:
            size = self._rest_sizes.get((owner, field), self._most)
            variables: dict[str, Any] = {"id": row_id, "first": size, "after": after}
            if "$names" in query:
                variables["names"] = queries.NAMES
            try:
                node = self._client.ask(query, variables)["node"]
            except TooCostly as told:
                self._rest_sizes[owner, field] = _affordable(size, told)
                continue
            if node is None:  # deleted just now: the next read hears of it
                return
            yield from node[field]["nodes"]
            after, more = node[field]["pageInfo"]["endCursor"], node[field]["pageInfo"]["hasNextPage"]


def _affordable(size: int, told: TooCostly) -> int:
    """Rows a page that cost no more than is allowed; at least one less than before."""
    if size == 1:
        raise Fatal(f"A single row costs {told.cost} points, and Shopify allows {told.most}. Lower nested_page_size.")
    return max(min(size * told.most // max(told.cost, 1), size - 1), 1)
