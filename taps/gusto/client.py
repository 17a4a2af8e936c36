"""The calls of Gusto that reader and writer share; each gives plain JSON, and nothing is remembered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from taps._kit import oauth as code_flow
from taps._kit.edge import Edge, Reply
from taps._kit.errors import Misconfigured
from taps._kit.oauth import OAuth
from taps._kit.surroundings import Surroundings
from taps.gusto.config import GustoConfig
from taps.gusto.facts import FACTS

_GONE, _TOO_OLD = 404, 406
_SCOPES = (
    "companies:read departments:read departments:write employees:read employees:manage employees:write employments:write payrolls:read"
)
VERSION = {"X-Gusto-API-Version": FACTS.api_version}


def oauth(config: GustoConfig) -> OAuth:
    """How consent is given: at the host of the API, with client id and secret in the body. Raises Misconfigured in file mode."""
    if config.mode == "file":
        raise Misconfigured("Gusto in file mode needs no log-in. Say mode: api if your app was approved.")
    parts = urlsplit(config.base_url)
    host = f"{parts.scheme}://{parts.netloc}"
    return OAuth(FACTS.title, f"{host}/oauth/authorize", f"{host}/oauth/token", _SCOPES, in_body=True)


def connect(config: GustoConfig, around: Surroundings) -> Edge:
    """The edge of a connection; every call names the version of the API."""
    login = code_flow.login(oauth(config), around, private_network=config.private_network, extra=VERSION)
    return Edge(FACTS, config.base_url, login, around, private_network=config.private_network)


def answered(reply: Reply, what: str) -> Any:
    """The JSON of a good reply. Raises Misconfigured with the system's own words for another one."""
    if reply.good:
        return reply.body
    if reply.status == _TOO_OLD:
        raise Misconfigured(f"{FACTS.title} no longer speaks version {FACTS.api_version} of its API. Install a newer Counterfoil.")
    raise Misconfigured(f"{FACTS.title} does not give us {what}: {reason(reply)}.")


def reason(reply: Reply) -> str:
    """The sentences of its errors, the nested ones too, each with the field that it is about."""
    body = reply.body if isinstance(reply.body, Mapping) else {}
    found = [f"{key}: {said}" if key and key not in said else said for key, said in errors(body.get("errors"))]
    return "; ".join(dict.fromkeys(found)) or str(body.get("message") or f"it answers {reply.status} without a word")


def errors(nested: Any) -> Iterator[tuple[str, str]]:
    """(error_key, message) of each error that has a message of its own; `nested_errors` hold further ones."""
    for each in nested if isinstance(nested, list) else ():
        if each.get("errors"):
            yield from errors(each["errors"])
        else:
            yield str(each.get("error_key") or ""), str(each.get("message") or each.get("category") or "refused")


def stale(reply: Reply) -> bool:
    """Whether it says that somebody else changed the object meanwhile: 409, or a 422 about `version`."""
    body = reply.body if isinstance(reply.body, Mapping) else {}
    return reply.status == 409 or any(key == "version" for key, _said in errors(body.get("errors")))  # noqa: PLR2004


class Page(NamedTuple):
    """Some rows, and how many there were of them all when it was made."""

    rows: list[dict[str, Any]]
    total: str


def pages(edge: Edge, path: str, size: int, params: Mapping[str, Any] | None = None) -> Iterator[Page]:
    """Page by page, as X-Total-Pages says."""
    page, last = 1, 1
    while page <= last:
        reply = edge.read(path, {**(params or {}), "page": page, "per": size})
        rows: list[dict[str, Any]] = answered(reply, path.rsplit("/", 1)[-1].replace("_", " "))
        last = int(reply.headers.get("X-Total-Pages") or 1)
        yield Page(rows, reply.headers.get("X-Total-Count", ""))
        page += 1


def one(edge: Edge, path: str) -> dict[str, Any] | None:
    """One object; None where it is gone."""
    reply = edge.read(path)
    if reply.status == _GONE:
        return None
    found: dict[str, Any] = answered(reply, "an object")
    return found


def employees(edge: Edge, config: GustoConfig) -> Iterator[Page]:
    """Every employee, in the order in which they came: the order does not change while somebody pages."""
    return pages(edge, f"/companies/{config.company}/employees", config.page_size, {"sort_by": "created_at:asc"})


def sheets(edge: Edge, config: GustoConfig, since: datetime | None = None) -> Iterator[dict[str, Any]]:
    """Time sheets, those that were changed last first; only those that were changed since then, if said."""
    newest = {"sort_by": "updated_at", "sort_order": "desc"}
    for page in pages(edge, f"/companies/{config.company}/time_tracking/time_sheets", config.page_size, newest):
        for sheet in page.rows:
            if since is not None and datetime.fromisoformat(sheet["updated_at"]) < since:
                return
            yield sheet


def hours(sheet: Mapping[str, Any]) -> dict[str, Decimal]:
    """Hours by pay classification; they come as text."""
    found: dict[str, Decimal] = {}
    for entry in sheet.get("entries") or ():
        kind = entry["pay_classification"]
        found[kind] = found.get(kind, Decimal(0)) + Decimal(str(entry["hours_worked"]))
    return found
