"""Calls to Square: log-in, one page of a list, and what an error says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from taps._kit.edge import Edge, Reply
from taps._kit.errors import Misconfigured, Retryable
from taps._kit.oauth import OAuth, login
from taps._kit.surroundings import Surroundings
from taps.square.config import SquareConfig
from taps.square.facts import API_VERSION, CATALOG_IDS_PER_CALL, FACTS, SCOPES

Body = dict[str, Any]


class Page(NamedTuple):
    """One answer of a list: its rows, and the cursor of the next one where there is one."""

    rows: list[Body]
    cursor: str | None
    body: Body


def oauth(config: SquareConfig) -> OAuth:
    """How a seller consents: the code flow, whose refresh token stays good. A verifier would start Square's other flow."""
    return OAuth(
        FACTS.title,
        f"{config.base_url}/oauth2/authorize",
        f"{config.base_url}/oauth2/token",
        SCOPES,
        in_body=True,
        pkce=False,
    )


class Square:
    """One seller's account."""

    def __init__(self, config: SquareConfig, around: Surroundings) -> None:
        signed_in = login(oauth(config), around, private_network=config.private_network, extra={"Square-Version": API_VERSION})
        self.edge = Edge(FACTS, config.base_url, signed_in, around, private_network=config.private_network)
        self.config = config
        self._locations: dict[str, Body] | None = None

    def close(self) -> None:
        """Let go of the connections."""
        self.edge.close()

    @property
    def locations(self) -> dict[str, Body]:
        """Every location by its id, closed ones too: they have a history. Asked for once."""
        if self._locations is None:
            found = self.listed("/v2/locations", "locations", {}).rows
            self._locations = {place["id"]: place for place in sorted(found, key=lambda place: str(place["id"]))}
        return self._locations

    def listed(self, path: str, field: str, params: Mapping[str, Any], cursor: str | None = None) -> Page:
        """One page of a GET; parameters that are None are left out."""
        asked = {name: value for name, value in {**params, "cursor": cursor}.items() if value is not None}
        return _page(self.answer("GET", path, params=asked), field)

    def searched(self, path: str, field: str, asked: Mapping[str, Any], cursor: str | None = None) -> Page:
        """One page of a POST that searches; the question stays the same on every page, as Square wants it."""
        return _page(self.answer("POST", path, body={**asked, **({"cursor": cursor} if cursor else {})}), field)

    def all_of(self, path: str, field: str, params: Mapping[str, Any]) -> list[Body]:
        """Every row of a short list."""
        page = self.listed(path, field, params)
        rows = page.rows
        while page.cursor:
            page = self.listed(path, field, params, page.cursor)
            rows = [*rows, *page.rows]
        return rows

    def catalog_objects(self, ids: list[str], *, related: bool = False) -> Page:
        """Objects of the catalogue by id, deleted ones too, so that an old sale still finds its article."""
        rows: list[Body] = []
        also: list[Body] = []
        for start in range(0, len(ids), CATALOG_IDS_PER_CALL):
            asked = {"object_ids": ids[start : start + CATALOG_IDS_PER_CALL], "include_deleted_objects": True}
            body = self.answer(
                "POST", "/v2/catalog/batch-retrieve", body={**asked, **({"include_related_objects": True} if related else {})}
            )
            rows += body.get("objects") or []
            also += body.get("related_objects") or []
        return Page(rows, None, {"related_objects": also})

    def answer(self, method: str, path: str, params: Mapping[str, Any] | None = None, body: Any = None) -> Body:
        """The JSON of a call that changes nothing. Raises Misconfigured where Square refuses the question, naming its code."""
        reply = self.edge.read(path, params, method=method, body=body)
        if not reply.good:
            raise Misconfigured(f"Square does not answer {path}: {_codes(reply)}.")
        if not isinstance(reply.body, dict):
            raise Retryable(f"Square answers {path} with something that is no object.")
        return reply.body


def _page(body: Body, field: str) -> Page:
    return Page(body.get(field) or [], body.get("cursor") or None, body)


def _codes(reply: Reply) -> str:
    """What Square says is wrong: codes and names of fields, never its sentence, which may repeat what was sent."""
    errors = reply.body.get("errors") if isinstance(reply.body, dict) else None
    said = [" ".join(filter(None, (str(error.get("code", "")), str(error.get("field") or "")))) for error in errors or []]
    return "; ".join(said) or f"status {reply.status}"
