"""Calls to HubSpot: log-in, pages of lists and searches, batches by id, and what an error says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from taps._kit.edge import Edge, Reply
from taps._kit.errors import Misconfigured, Retryable
from taps._kit.oauth import OAuth, login
from taps._kit.surroundings import Surroundings
from taps.hubspot.config import HubSpotConfig
from taps.hubspot.facts import AUTHORIZE_URL, FACTS, OWNERS_ROWS, SCOPES, TOKEN_PATH

Body = dict[str, Any]


class Page(NamedTuple):
    """One answer of a list or a search: its rows, and what the next one is asked for with."""

    rows: list[Body]
    after: str | None


def oauth(config: HubSpotConfig) -> OAuth:
    """How a super admin consents."""
    return OAuth(FACTS.title, AUTHORIZE_URL, f"{config.base_url}{TOKEN_PATH}", SCOPES, in_form=True, pkce=False)


def connect(config: HubSpotConfig, around: Surroundings) -> Edge:
    """The edge of an account, logged in."""
    signed_in = login(oauth(config), around, private_network=config.private_network)
    return Edge(FACTS, config.base_url, signed_in, around, private_network=config.private_network)


class Portal:
    """One account of HubSpot behind an edge: what can be read of it."""

    def __init__(self, edge: Edge, config: HubSpotConfig) -> None:
        self.edge = edge
        self.config = config
        self._searched: datetime | None = None
        self._account: Body | None = None

    def close(self) -> None:
        """Let go of the connections."""
        self.edge.close()

    @property
    def account(self) -> Body:
        """Currency and time zone of the account. Asked for once."""
        if self._account is None:
            self._account = self.answer("GET", "/account-info/v3/details")
        return self._account

    # ── lists and searches ──

    def listed(
        self, kind: str, properties: Sequence[str], after: str | None, *, associated: Sequence[str] = (), archived: bool = False
    ) -> Page:
        """One page of all records, in the order of their ids."""
        params: Body = {"limit": self.config.page_size, "properties": ",".join(properties), "archived": "true" if archived else "false"}
        params |= {"associations": ",".join(associated)} if associated else {}
        params |= {"after": after} if after else {}
        return _page(self.answer("GET", f"/crm/v3/objects/{kind}", params))

    def owners(self, after: str | None, *, archived: bool) -> Page:
        """One page of the owners."""
        params: Body = {"limit": OWNERS_ROWS, "archived": "true" if archived else "false"}
        return _page(self.answer("GET", "/crm/v3/owners/", params | ({"after": after} if after else {})))

    def searched(self, kind: str, filters: Sequence[Mapping[str, str]], sort: str) -> Page:
        """The first page of a search, lowest values of `sort` first. No later page is asked for: rows move while somebody pages."""
        return _page(self.found(kind, filters, sort, [sort]))

    def found(self, kind: str, filters: Sequence[Mapping[str, str]], sort: str, properties: Sequence[str]) -> Body:
        """The first page of a search as HubSpot answers it, with `total`: how many fit."""
        self._pace()
        asked = {
            "filterGroups": [{"filters": list(filters)}],
            "sorts": [{"propertyName": sort, "direction": "ASCENDING"}],
            "properties": list(properties),
            "limit": self.config.search_page_size,
        }
        return self.answer("POST", f"/crm/v3/objects/{kind}/search", body=asked)

    def _pace(self) -> None:
        """Searches have a limit of their own, by the second. The first one waits too: another stream may have searched just now."""
        clock, apart = self.edge.around.clock, timedelta(seconds=1) / self.config.searches_per_second
        early = apart if self._searched is None else self._searched + apart - clock()
        if early > timedelta(0):
            self.edge.around.sleep(min(early, apart).total_seconds())
        self._searched = clock()

    # ── batches ──

    def read(self, kind: str, ids: Sequence[str], properties: Sequence[str]) -> list[Body]:
        """Records by id as they stand now; what is archived or gone is left out."""
        found: list[Body] = []
        for some in _batches(ids, self.config.batch):
            asked = {"inputs": [{"id": each} for each in some], "properties": list(properties)}
            found += self.answer("POST", f"/crm/v3/objects/{kind}/batch/read", body=asked).get("results") or []
        return found

    def associated(self, kind: str, other: str, ids: Sequence[str]) -> dict[str, list[str]]:
        """By id, the ids of the other type that hang on it, in their order and once each."""
        found: dict[str, dict[str, None]] = {each: {} for each in ids}
        left: list[Body] = [{"id": each} for each in ids]
        while left:
            now, left = left[: self.config.batch], left[self.config.batch :]
            for row in self.answer("POST", f"/crm/v4/associations/{kind}/{other}/batch/read", body={"inputs": now}).get("results") or []:
                mine = str(row["from"]["id"])
                found[mine] |= dict.fromkeys(str(each["toObjectId"]) for each in row.get("to") or [])
                after = _after(row)
                left += [{"id": mine, "after": after}] if after else []
        return {each: sorted(others, key=int) for each, others in found.items()}

    # ── one call ──

    def answer(self, method: str, path: str, params: Mapping[str, Any] | None = None, body: Any = None) -> Body:
        """The JSON of a call that changes nothing. Raises Misconfigured where HubSpot refuses the question, naming its category."""
        reply = self.edge.read(path, params, method=method, body=body)
        if not reply.good:
            raise Misconfigured(f"HubSpot does not answer {path}: {category(reply)}.")
        if not isinstance(reply.body, dict):
            raise Retryable(f"HubSpot answers {path} with something that is no object.")
        return reply.body


def category(reply: Reply) -> str:
    """What HubSpot says is wrong: its categories, never its sentence, which may repeat what was sent."""
    said = reply.body if isinstance(reply.body, dict) else {}
    words = [str(each) for each in (said.get("category"), said.get("subCategory")) if each]
    return " ".join(words) or f"status {reply.status}"


def _page(body: Body) -> Page:
    return Page(body.get("results") or [], _after(body))


def _after(body: Mapping[str, Any]) -> str | None:
    following = (body.get("paging") or {}).get("next") or {}
    return str(following["after"]) if following.get("after") else None


def _batches(ids: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    for start in range(0, len(ids), size):
        yield ids[start : start + size]
